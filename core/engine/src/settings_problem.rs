//! What can be wrong with the settings as they were typed: in the file, in the environment, on the command line.

use std::path::PathBuf;

use thiserror::Error;

use crate::schedule::{ScheduleFault, TEN_DAYS};

/// What is wrong with a setting.
#[derive(Debug, Error)]
pub enum SettingsProblem {
    /// The settings file cannot be read.
    #[error("cannot read the settings file {}: {why}; check --config", file.display())]
    FileUnreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// The settings file, or an entry of it, is not as it should be.
    #[error("{}: {}", file.display(), why.to_string().trim_end())]
    File {
        /// The file.
        file: PathBuf,
        /// What its reader says, with the line.
        why: Box<toml::de::Error>,
    },
    /// A file that the settings name cannot be read.
    #[error("cannot read {}: {why}", file.display())]
    NamedFile {
        /// The file.
        file: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// An environment variable that must be a number is none.
    #[error("{variable} is {value:?}; give a whole number")]
    NotANumber {
        /// The variable.
        variable: String,
        /// Its value.
        value: String,
    },
    /// No variable that Huiliu reads, though its name begins like one.
    #[error("Huiliu does not read the environment variable {variable}{}; correct its name or unset it", meant(nearest.as_deref()))]
    UnknownVariable {
        /// The variable.
        variable: String,
        /// The known one whose name is nearest.
        nearest: Option<String>,
    },
    /// `workers` is out of range.
    #[error("workers is {0}; give a number from 1 to 64")]
    Workers(u64),
    /// `lease_ms` is too small.
    #[error("lease_ms is {0}; give at least 200")]
    Lease(u64),
    /// `batch_records` is out of range.
    #[error("batch_records is {0}; give a number from 1 to 5,000, or 0 for as many as suit the database")]
    BatchRecords(u64),
    /// `health` is no address.
    #[error("health is {0:?}; give an address and a port, as 127.0.0.1:9464, or nothing")]
    Health(String),
    /// `allow_networks` has something else than networks.
    #[error("allow_networks has {0:?}; give networks as 10.1.0.0/16, or single addresses")]
    Networks(String),
    /// `log_format` is neither of the two.
    #[error("log_format is {0:?}; give \"text\" or \"json\"")]
    LogFormat(String),
    /// A source's schedule is none.
    #[error(
        "{}: source {source_name}: schedule {schedule:?}: {why}; give minute, hour, day of the month, month and day of the \
         week, as {TEN_DAYS:?}, or \"\" for never by itself",
        file.display()
    )]
    Schedule {
        /// The settings file.
        file: PathBuf,
        /// The source.
        source_name: String,
        /// As it was typed.
        schedule: String,
        /// What is wrong with it.
        why: ScheduleFault,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |known| format!("; did you mean {known}?"))
}

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
            Self::Workers(_) => "settings.workers",
            Self::Lease(_) => "settings.lease_ms",
            Self::BatchRecords(_) => "settings.batch_records",
            Self::Health(_) => "settings.health",
            Self::Networks(_) => "settings.allow_networks",
            Self::LogFormat(_) => "settings.log_format",
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
