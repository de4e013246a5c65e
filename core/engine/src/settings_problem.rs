//! What can be wrong with the settings as they were typed: in the file, in the environment, on the command line.

use std::path::PathBuf;

use huiliu_messages::{TomlError, said_in_english};
use serde::Serialize;

use crate::schedule::ScheduleError;

/// What is wrong with a setting.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum SettingsProblem {
    /// The settings file cannot be read.
    #[serde(rename = "settings.file_unreadable")]
    FileUnreadable {
        /// The file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// What the system says.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        why: std::io::Error,
    },
    /// The settings file, or an entry of it, is not as it should be.
    #[serde(rename = "settings.file")]
    File {
        /// The file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// Where, from 1.
        line: usize,
        /// And there, in characters, from 1.
        column: usize,
        /// What its reader says.
        why: TomlError,
    },
    /// A file that the settings name cannot be read.
    #[serde(rename = "settings.named_file")]
    NamedFile {
        /// The file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// What the system says.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        why: std::io::Error,
    },
    /// An environment variable that must be a number is none.
    #[serde(rename = "settings.number")]
    NotANumber {
        /// The variable.
        variable: String,
        /// Its value.
        value: String,
    },
    /// No variable that Huiliu reads, though its name begins like one.
    #[serde(rename = "settings.unknown_variable")]
    UnknownVariable {
        /// The variable.
        variable: String,
        /// The known one whose name is nearest.
        nearest: Option<Nearest>,
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
    /// `health` is no address.
    #[serde(rename = "settings.health")]
    Health { given: String },
    /// `allow_networks` has something else than networks.
    #[serde(rename = "settings.allow_networks")]
    Networks { given: String },
    /// `log_format` is neither of the two.
    #[serde(rename = "settings.log_format")]
    LogFormat { given: String },
    /// A source's schedule is none.
    #[serde(rename = "settings.schedule")]
    Schedule {
        /// The settings file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// The source.
        source_name: String,
        /// As it was typed.
        schedule: String,
        /// What is wrong with it.
        why: ScheduleError,
    },
}

/// What was written most like it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum Nearest {
    /// An environment variable.
    #[serde(rename = "nearest.variable")]
    Variable { name: String },
    /// A connector.
    #[serde(rename = "nearest.connector")]
    Connector { id: String },
}

said_in_english!(SettingsProblem, Nearest);

impl SettingsProblem {
    /// A stable code, for programs.
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
            Self::Health { .. } => "settings.health",
            Self::Networks { .. } => "settings.allow_networks",
            Self::LogFormat { .. } => "settings.log_format",
            Self::Schedule { .. } => "settings.schedule",
        }
    }

    /// Whether nothing can be done with these settings. A variable that nobody reads holds nothing up.
    #[must_use]
    pub fn stops(&self) -> bool {
        !matches!(self, Self::UnknownVariable { .. })
    }
}

/// The settings as they were read: all that is wrong with them, and where they stand.
#[derive(Debug, Default)]
pub struct SettingsRead {
    /// The settings file, if one was named.
    pub file: Option<PathBuf>,
    /// Whether the settings file could be read at all: it may say where the database is.
    pub file_unusable: bool,
    /// Everything that is wrong, in the order in which it was read.
    pub problems: Vec<SettingsProblem>,
}
