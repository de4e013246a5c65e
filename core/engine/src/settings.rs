//! The settings that the engine runs by, resolved: defaults, file, environment and flags are already one.

use huiliu_messages::said_in_english;
use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::schedule::{Schedule, ScheduleError};
use huiliu_platform::http::guard::Networks;
use huiliu_store::admin::sources::SourceRow;

/// A file of rules or weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedText {
    /// The file's name, for messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What can run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the embedded files are.
    pub data_dir: PathBuf,
    /// `sqlite:PATH` or `postgres://…`.
    pub database: String,
    /// `sqlite:PATH` or `redis://…`.
    pub queue: String,
    /// The root key.
    pub key_file: PathBuf,
    /// Batches delivered at a time.
    pub workers: usize,
    /// How long a lease holds without being renewed, in milliseconds.
    pub lease_ms: u64,
    /// Longest time for one answer of a platform, in milliseconds.
    pub timeout_ms: u64,
    /// Raw records per batch, at most 5,000.
    pub batch_records: u32,
    /// The rule packs.
    pub packs: Vec<NamedText>,
    /// Weights and rules of matching.
    pub matching: NamedText,
    /// The crosswalk of courses.
    pub courses: NamedText,
    /// The reporting tree.
    pub regions: NamedText,
    /// Folders with a `manifest.toml` that replace built-in connectors or stand beside them.
    pub manifests_dir: Option<PathBuf>,
    /// Networks that platforms may be in though they are not public.
    pub networks: Networks,
    /// The sources of the settings file.
    pub sources: Vec<SourceSettings>,
}

impl Settings {
    /// The files of the rule packs, for messages.
    #[must_use]
    pub fn pack_names(&self) -> String {
        self.packs.iter().map(|pack| pack.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// All text of the rules: another text is another activation.
    #[must_use]
    pub fn rules_text(&self) -> String {
        let texts = self.packs.iter().chain([&self.courses, &self.matching]).map(|file| file.text.as_str());
        texts.collect::<Vec<_>>().join("\0")
    }

    /// Whether the settings file has a source of that name.
    #[must_use]
    pub fn has_source(&self, name: &str) -> bool {
        self.sources.iter().any(|source| source.name == name)
    }
}

/// One source: which connector reads it, where, as whom and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSettings {
    /// Its name.
    pub name: String,
    /// Connector id.
    pub connector: String,
    /// Code of the institution that answers for its data.
    pub institution_code: String,
    /// That institution's name.
    #[serde(default)]
    pub institution_name: String,
    /// Base URL (HTTP).
    #[serde(default)]
    pub base_url: String,
    /// User, client id or application id (HTTP).
    #[serde(default)]
    pub user: String,
    /// A file whose first line is the password.
    #[serde(default)]
    pub password_file: PathBuf,
    /// The environment variable that holds the password.
    #[serde(default)]
    pub password_env: String,
    /// Folder of dropped files.
    #[serde(default)]
    pub folder: PathBuf,
    /// What else its manifest asks for.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Name of a secret → the environment variable that holds it.
    #[serde(default)]
    pub secrets_env: BTreeMap<String, String>,
    /// The schedule as it was typed; whoever reads the settings takes it.
    #[serde(default, rename = "schedule")]
    pub typed_schedule: Option<String>,
    /// When it is read by itself; the ten-day cycle unless the settings say otherwise.
    #[serde(skip)]
    pub schedule: Option<Schedule>,
    /// Only set by `demo`, whose password is public.
    #[serde(skip)]
    pub password: Option<String>,
}

impl SourceSettings {
    /// A source that is registered in the store.
    ///
    /// # Errors
    /// [`UnreadableSource`], when a newer program has written what this one cannot read.
    pub fn registered(row: &SourceRow) -> Result<Self, UnreadableSource> {
        let settings =
            serde_json::from_str(&row.settings).map_err(|e| UnreadableSource::Settings { why: e.to_string() })?;
        let schedule = schedule(&row.schedule)
            .map_err(|fault| UnreadableSource::Schedule { schedule: row.schedule.clone(), fault })?;
        Ok(Self {
            name: row.name.clone(),
            connector: row.connector.clone(),
            institution_code: row.institution_code.clone(),
            institution_name: row.institution_name.clone(),
            base_url: row.base_url.clone(),
            user: row.user.clone(),
            folder: PathBuf::from(&row.folder),
            settings,
            schedule,
            ..Self::default()
        })
    }
}

/// Why a registered source cannot be read by this program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum UnreadableSource {
    /// Its settings are no JSON object of texts.
    #[serde(rename = "registered_source.settings")]
    Settings { why: String },
    /// Its schedule is none.
    #[serde(rename = "registered_source.schedule")]
    Schedule {
        /// As it is registered.
        schedule: String,
        /// What is wrong with it.
        fault: ScheduleError,
    },
}

said_in_english!(UnreadableSource);

/// A schedule; none for a text that is empty.
///
/// # Errors
/// [`ScheduleError`] for a text that is no schedule.
pub fn schedule(text: &str) -> Result<Option<Schedule>, ScheduleError> {
    if text.trim().is_empty() { Ok(None) } else { Schedule::parse(text).map(Some) }
}
