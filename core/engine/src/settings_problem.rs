//! What can be wrong with the settings: in the file, in the environment or on the command line.

use std::path::PathBuf;

use huiliu_messages::{TomlError, said_in_english};
use serde::Serialize;

use crate::schedule::ScheduleError;

/// What is wrong with a setting.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum SettingsProblem {
    /// The settings file cannot be read.
    #[serde(rename = "settings.file_unreadable")]
    FileUnreadable {
        /// The settings file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// The operating system's error.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        why: std::io::Error,
    },
    /// The settings file, or an entry of it, is invalid.
    #[serde(rename = "settings.file")]
    File {
        /// The settings file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// The TOML parser's message.
        why: TomlError,
    },
    /// A file that the settings name cannot be read.
    #[serde(rename = "settings.named_file")]
    NamedFile {
        /// The named file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// The operating system's error.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        why: std::io::Error,
    },
    /// An environment variable must be a number and is not.
    #[serde(rename = "settings.number")]
    NotANumber {
        /// The name of the variable.
        variable: String,
        value: String,
    },
    /// An environment variable begins like one of Huiliu's, but Huiliu does not read it.
    #[serde(rename = "settings.unknown_variable")]
    UnknownVariable {
        /// The name of the variable.
        variable: String,
        /// The known variable with the most similar name.
        nearest: Option<NearestKey>,
    },
    /// `workers` is out of range.
    #[serde(rename = "settings.workers")]
    Workers { given: u64 },
    /// `lease_ms` is too small.
    #[serde(rename = "settings.lease_ms")]
    Lease { given: u64 },
    /// `batch_records` is out of range.
    #[serde(rename = "settings.batch_records")]
    BatchRecords { given: u64 },
    /// `verify_days` is out of range.
    #[serde(rename = "settings.verify_days")]
    VerifyDays { given: u64 },
    /// `health` is not an address.
    #[serde(rename = "settings.health")]
    Health { given: String },
    /// `allow_networks` contains something that is not a network.
    #[serde(rename = "settings.allow_networks")]
    Networks { given: String },
    /// `log_format` is neither of the two formats.
    #[serde(rename = "settings.log_format")]
    LogFormat { given: String },
    /// Two webhooks have one name.
    #[serde(rename = "settings.webhook_name")]
    WebhookName {
        /// The name.
        name: String,
    },
    /// A source's schedule is invalid.
    #[serde(rename = "settings.schedule")]
    Schedule {
        /// The settings file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// The source's name.
        source_name: String,
        /// The schedule as typed.
        schedule: String,
        /// What is wrong with it.
        why: ScheduleError,
    },
}

/// The known name that is most similar to an unknown one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum NearestKey {
    /// The name of an environment variable.
    #[serde(rename = "nearest.variable")]
    Variable { name: String },
    /// The id of a connector.
    #[serde(rename = "nearest.connector")]
    Connector { id: String },
}

said_in_english!(SettingsProblem, NearestKey);

impl SettingsProblem {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::FileUnreadable { .. } => "settings.file_unreadable",
            Self::File { .. } => "settings.file",
            Self::NamedFile { .. } => "settings.named_file",
            Self::NotANumber { .. } => "settings.number",
            Self::UnknownVariable { .. } => "settings.unknown_variable",
            Self::Workers { .. } => "settings.workers",
            Self::Lease { .. } => "settings.lease_ms",
            Self::BatchRecords { .. } => "settings.batch_records",
            Self::VerifyDays { .. } => "settings.verify_days",
            Self::Health { .. } => "settings.health",
            Self::Networks { .. } => "settings.allow_networks",
            Self::LogFormat { .. } => "settings.log_format",
            Self::WebhookName { .. } => "settings.webhook_name",
            Self::Schedule { .. } => "settings.schedule",
        }
    }

    /// Returns whether the settings are unusable. A variable that nothing reads is only a warning.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        !matches!(self, Self::UnknownVariable { .. })
    }
}

/// What reading the settings found: the file, and everything that is wrong.
#[derive(Debug, Default)]
pub struct SettingsRead {
    /// The settings file, if one was named.
    pub file: Option<PathBuf>,
    /// Whether the settings file cannot be used at all. The address of the database may be in it, and is then unknown.
    pub file_unusable: bool,
    /// Everything that is wrong, in the order in which it was found.
    pub problems: Vec<SettingsProblem>,
}
