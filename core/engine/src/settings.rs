//! The engine's settings after defaults, file, environment and flags have been merged.

use huiliu_messages::said_in_english;
use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::schedule::{Schedule, ScheduleError};
use huiliu_platform::http::guard::Networks;
use huiliu_store::admin::sources::SourceRow;
use huiliu_store::intake::source_lease::TOO_LONG_MS;

/// The text of a rule file: a pack, the crosswalk, matching weights or regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedText {
    /// The file's name, for messages.
    pub name: String,
    /// The file's text.
    pub text: String,
    /// Whether it comes with the program; otherwise somebody has named it.
    pub built_in: bool,
}

/// Everything the engine needs to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The directory of the embedded files.
    pub data_dir: PathBuf,
    /// `sqlite:PATH` or `postgres://…`.
    pub database: String,
    /// `sqlite:PATH` or `redis://…`.
    pub queue: String,
    /// The file of the root key.
    pub key_file: PathBuf,
    /// The file to which the end of the audit log is appended after each act.
    pub audit_heads: PathBuf,
    /// The URL to which it is posted; empty: none.
    pub audit_head_url: String,
    /// How many batches are delivered at the same time.
    pub workers: usize,
    /// How long a lease lasts without renewal, in milliseconds.
    pub lease_ms: u64,
    /// The longest time to wait for one response of a platform, in milliseconds.
    pub timeout_ms: u64,
    /// Raw records per batch, at most 5,000.
    pub batch_records: u32,
    /// Within how many days workers verify every teacher's entries once; 0: never.
    pub verify_days: u32,
    /// A replay of more raw records than this, or one that touches a certificate, must be approved by a second person; 0:
    /// never.
    pub approve_replays_above: u64,
    /// Below so much free space on the disks of the embedded files, in MiB, nothing lands; 0: always.
    pub min_free_mib: u64,
    /// The texts of the rule packs.
    pub packs: Vec<NamedText>,
    /// Weights and rules of matching.
    pub matching: NamedText,
    /// The course crosswalk.
    pub courses: NamedText,
    /// The reporting tree of regions.
    pub regions: NamedText,
    /// A folder of connector folders, each with a `manifest.toml`. They replace built-in connectors of the same id, or
    /// add new ones.
    pub manifests_dir: Option<PathBuf>,
    /// Networks in which platforms are allowed although they are not public.
    pub networks: Networks,
    /// The webhooks that are told of causes.
    pub webhooks: Vec<WebhookSettings>,
    /// The mail server by which people are told of them.
    pub mail: Option<MailSettings>,
    /// The sources that the settings file names.
    pub sources: Vec<SourceSettings>,
}

impl Settings {
    /// Returns the file names of the rule packs, for messages.
    #[must_use]
    pub fn pack_names(&self) -> String {
        self.packs.iter().map(|pack| pack.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Returns the text of all rules as earlier releases digested it for their activations.
    #[must_use]
    pub fn rules_text(&self) -> String {
        let texts = self.packs.iter().chain([&self.courses, &self.matching]).map(|file| file.text.as_str());
        texts.collect::<Vec<_>>().join("\0")
    }

    /// Returns the length that no lease can have, unless it was taken while the database's clock was ahead.
    #[must_use]
    pub fn longest_lease_ms(&self) -> u64 {
        TOO_LONG_MS.max(self.lease_ms.saturating_mul(2))
    }

    /// Returns whether the settings file has a source of this name.
    #[must_use]
    pub fn has_source(&self, name: &str) -> bool {
        self.sources.iter().any(|source| source.name == name)
    }
}

/// A webhook that is told of causes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Its unique name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// A file whose first line is the secret that both sides know.
    #[serde(default)]
    pub secret_file: PathBuf,
    /// The environment variable that holds it.
    #[serde(default)]
    pub secret_env: String,
}

/// The mail server, and who is written to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// `smtps://HOST:465`, `smtp://HOST:587?tls=required`, or `smtp://HOST:25` without encryption.
    pub server: String,
    /// The user of the server.
    #[serde(default)]
    pub user: String,
    /// A file whose first line is the password.
    #[serde(default)]
    pub password_file: PathBuf,
    /// The environment variable that holds it.
    #[serde(default)]
    pub password_env: String,
    /// The sender's address.
    pub from: String,
    /// The addresses to write to.
    pub to: Vec<String>,
}

/// One source: its connector, address, credentials and schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSettings {
    /// The source's unique name.
    pub name: String,
    /// The id of the connector that reads it.
    pub connector: String,
    /// The code of the institution responsible for its data.
    pub institution_code: String,
    /// The name of that institution.
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
    /// The folder where files are dropped.
    #[serde(default)]
    pub folder: PathBuf,
    /// Further settings that its manifest requires.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Secret name → the environment variable that holds it.
    #[serde(default)]
    pub secrets_env: BTreeMap<String, String>,
    /// The schedule as typed; the reader of the settings parses it and takes it out.
    #[serde(default, rename = "schedule")]
    pub typed_schedule: Option<String>,
    /// When it is read automatically. The ten-day cycle unless the settings say otherwise.
    #[serde(skip)]
    pub schedule: Option<Schedule>,
    /// Set only by `demo`, whose password is public.
    #[serde(skip)]
    pub password: Option<String>,
}

impl SourceSettings {
    /// Builds the settings of a source that is registered in the store.
    ///
    /// # Errors
    /// [`UnreadableSource`] if a newer version of the program wrote what this one cannot read.
    pub fn from_row(row: &SourceRow) -> Result<Self, UnreadableSource> {
        let settings =
            serde_json::from_str(&row.settings).map_err(|e| UnreadableSource::Settings { why: e.to_string() })?;
        let schedule = parse_schedule(&row.schedule)
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
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum UnreadableSource {
    /// Its settings are not a JSON object with text values.
    #[serde(rename = "registered_source.settings")]
    Settings { why: String },
    /// Its schedule is invalid.
    #[serde(rename = "registered_source.schedule")]
    Schedule {
        /// The schedule as registered.
        schedule: String,
        /// What is wrong with it.
        fault: ScheduleError,
    },
}

said_in_english!(UnreadableSource);

/// Parses a schedule. Returns `None` if the text is empty.
///
/// # Errors
/// [`ScheduleError`] if the text is not a schedule.
pub fn parse_schedule(text: &str) -> Result<Option<Schedule>, ScheduleError> {
    if text.trim().is_empty() { Ok(None) } else { Schedule::parse(text).map(Some) }
}
