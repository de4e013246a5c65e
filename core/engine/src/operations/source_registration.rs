//! Registers, changes and removes sources at run time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::act::{Act, AuditEntry};
use super::error::{NotFound, OperationError};
use super::registry_access::RegistryAccess;
use super::sources::{SourceShown, show_registered};
use crate::database::OpenDatabase;
use crate::rate_limit::SharedRateLimit;
use crate::registry::RegistryError;
use crate::schedule::{ScheduleError, TEN_DAYS};
use crate::settings::{self, Settings, SourceSettings, UnreadableSource};
use crate::source_check;
use huiliu_manifest::{Manifest, Transport};
use huiliu_platform::{Endpoint, shipped};
use huiliu_store::Tx;
use huiliu_store::admin::registry;
use huiliu_store::admin::sources::{self as store, KnownSource, SourceRow};

/// The longest name of a source, in characters.
const MAX_NAME: usize = 100;

/// Why a source cannot be registered, changed or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum SourceRegistrationError {
    /// A source of that name is registered already.
    #[serde(rename = "source.registered_already")]
    RegisteredAlready {
        /// The source's name.
        name: String,
    },
    /// The source is only in the settings file.
    #[serde(rename = "source.in_settings_file")]
    InSettingsFile {
        /// The source's name.
        name: String,
    },
    /// No source of that name is registered.
    #[serde(rename = "source.not_registered")]
    NotRegistered {
        /// The name that was requested.
        name: String,
    },
    /// A setting looks like a secret. Settings are shown, so secrets may not be among them.
    #[serde(rename = "source.secret_setting")]
    SecretSetting {
        /// The source's name.
        name: String,
        /// The setting's key.
        key: String,
    },
    /// Records were received under that name from another connector or institution.
    #[serde(rename = "source.booked_otherwise")]
    BookedOtherwise {
        /// The source's name.
        name: String,
        /// The connector under which they were received.
        connector: String,
        /// The code of that institution.
        institution: String,
    },
    /// The name is empty, too long, or has control characters.
    #[serde(rename = "source.name")]
    Name,
    /// The code of the institution responsible for its data is missing.
    #[serde(rename = "source.institution_code")]
    NoInstitutionCode,
    /// The schedule is invalid.
    #[serde(rename = "source.schedule")]
    Schedule {
        /// The schedule that was given.
        schedule: String,
        /// What is wrong with it.
        fault: ScheduleError,
    },
    /// The address contains a user or password. Addresses are shown.
    #[serde(rename = "source.password_in_address")]
    PasswordInAddress {
        /// The source's name.
        name: String,
    },
    /// The registered source cannot be read.
    #[serde(untagged)]
    Unreadable(UnreadableSource),
}

said_in_english!(SourceRegistrationError);

impl From<UnreadableSource> for SourceRegistrationError {
    fn from(why: UnreadableSource) -> Self {
        Self::Unreadable(why)
    }
}

impl SourceRegistrationError {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::RegisteredAlready { .. } => "source.registered_already",
            Self::InSettingsFile { .. } => "source.in_settings_file",
            Self::NotRegistered { .. } => "source.not_found",
            Self::SecretSetting { .. } => "source.secret_setting",
            Self::BookedOtherwise { .. } => "source.booked_otherwise",
            Self::Name => "source.name",
            Self::NoInstitutionCode => "source.institution_code",
            Self::Schedule { .. } => "source.schedule",
            Self::PasswordInAddress { .. } => "source.password_in_address",
            Self::Unreadable(_) => "source.unreadable",
        }
    }

    /// Returns whether the user must change the request; always true.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        true
    }
}

/// The properties of a source that never change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSource {
    /// The source's unique name.
    pub name: String,
    /// The id of its connector.
    pub connector: String,
    /// The code of the institution responsible for its data.
    pub institution_code: String,
}

/// Where and when a source is read. A field that is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceChange {
    /// Name of the institution responsible for its data.
    pub institution_name: Option<String>,
    /// Base URL of the platform.
    pub base_url: Option<String>,
    /// User, client id or application id.
    pub user: Option<String>,
    /// The folder where files are dropped.
    pub folder: Option<PathBuf>,
    /// Cron expression in Asia/Shanghai. Empty: not read automatically.
    pub schedule: Option<String>,
    /// Settings for the manifest. An empty value removes the key.
    pub settings: Vec<(String, String)>,
}

/// Registers a source. It is read without a restart.
///
/// # Errors
/// [`SourceRegistrationError`], [`NotFound::Connector`], or [`OperationError::Registry`] if the source could not be
/// read.
pub async fn add(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    new: NewSource,
    change: SourceChange,
) -> Result<SourceShown, OperationError> {
    let mut tx = registry::begin_change(&access.opened.db).await?;
    let NewSource { name, connector, institution_code } = new;
    if store::find_registered_source(&mut tx, &name).await?.is_some() {
        return Err(SourceRegistrationError::RegisteredAlready { name }.into());
    }
    let empty = SourceRow { schedule: TEN_DAYS.to_owned(), settings: "{}".to_owned(), ..SourceRow::default() };
    let row = apply_change(SourceRow { name, connector, institution_code, ..empty }, change)?;
    let row = SourceRow { set_by: act.actor.to_owned(), ..row };
    if let Some(KnownSource { connector, institution }) = store::find_known_source(&mut tx, &row.name).await?
        && (connector != row.connector || institution != row.institution_code)
    {
        return Err(SourceRegistrationError::BookedOtherwise { name: row.name, connector, institution }.into());
    }
    let shown = check_and_write(access, &mut tx, &row).await?;
    act.commit_with_audit(tx, access.opened, audit_entry("source.add", &row)).await?;
    Ok(shown)
}

/// Changes the given properties of a registered source, and leaves the rest.
///
/// # Errors
/// The same as for [`add`].
pub async fn set(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    name: &str,
    change: SourceChange,
) -> Result<SourceShown, OperationError> {
    let mut tx = registry::begin_change(&access.opened.db).await?;
    let Some(held) = store::find_registered_source(&mut tx, name).await? else {
        return Err(not_registered_error(access.settings, name).into());
    };
    let row = SourceRow { set_by: act.actor.to_owned(), ..apply_change(held, change)? };
    let shown = check_and_write(access, &mut tx, &row).await?;
    act.commit_with_audit(tx, access.opened, audit_entry("source.set", &row)).await?;
    Ok(shown)
}

fn audit_entry<'a>(action: &'a str, row: &SourceRow) -> AuditEntry<'a> {
    let settings: Value = serde_json::from_str(&row.settings).unwrap_or_default();
    let detail = json!({ "connector": row.connector, "institution_code": row.institution_code,
        "base_url": row.base_url, "user": row.user, "folder": row.folder, "schedule": row.schedule,
        "settings": settings });
    AuditEntry { action, object: format!("source {}", row.name), detail }
}

fn not_registered_error(settings: &Settings, name: &str) -> SourceRegistrationError {
    let name = name.to_owned();
    if settings.has_source(&name) {
        SourceRegistrationError::InSettingsFile { name }
    } else {
        SourceRegistrationError::NotRegistered { name }
    }
}

/// Applies a change to a row.
fn apply_change(mut row: SourceRow, change: SourceChange) -> Result<SourceRow, SourceRegistrationError> {
    let SourceChange { institution_name, base_url, user, folder, schedule, settings } = change;
    row.institution_name = institution_name.unwrap_or(row.institution_name);
    row.base_url = base_url.unwrap_or(row.base_url);
    row.user = user.unwrap_or(row.user);
    row.folder = folder.map_or(row.folder, |folder| folder.display().to_string());
    row.schedule = schedule.map_or(row.schedule, |schedule| schedule.trim().to_owned());
    let mut all: BTreeMap<String, String> = serde_json::from_str(&row.settings).unwrap_or_default();
    for (key, value) in settings {
        if value.is_empty() {
            all.remove(&key);
        } else if looks_secret(&key) {
            return Err(SourceRegistrationError::SecretSetting { name: row.name, key });
        } else {
            all.insert(key, value);
        }
    }
    row.settings = json!(all).to_string();
    Ok(row)
}

fn looks_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    ["password", "passwd", "secret", "private_key"].iter().any(|word| key.contains(word))
}

/// Checks that a source can be read, and writes it.
async fn check_and_write(
    access: RegistryAccess<'_>,
    tx: &mut Tx,
    row: &SourceRow,
) -> Result<SourceShown, OperationError> {
    check_form(row)?;
    let registered = registry::read_registry(&access.opened.db).await?;
    let mut in_use = access.resolve_in_use(&registered).await?;
    let Some(found) = in_use.found.remove(&row.connector) else {
        return Err(NotFound::Connector { connector: row.connector.clone() }.into());
    };
    check_connectable(access, row, found.manifest)?;
    store::put_source(tx, row).await?;
    Ok(show_registered(row, access.settings, &registered))
}

/// Checks the form of name, institution, schedule and address.
fn check_form(row: &SourceRow) -> Result<(), SourceRegistrationError> {
    let name = &row.name;
    if name.trim().is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(SourceRegistrationError::Name);
    }
    if row.institution_code.trim().is_empty() {
        return Err(SourceRegistrationError::NoInstitutionCode);
    }
    settings::parse_schedule(&row.schedule)
        .map_err(|fault| SourceRegistrationError::Schedule { schedule: row.schedule.clone(), fault })?;
    if source_check::has_login(&row.base_url) {
        return Err(SourceRegistrationError::PasswordInAddress { name: row.name.clone() });
    }
    Ok(())
}

/// Checks that a connector can be built for the source. A push source needs none.
fn check_connectable(access: RegistryAccess<'_>, row: &SourceRow, manifest: Manifest) -> Result<(), OperationError> {
    if matches!(manifest.transport, Transport::Push {}) {
        return Ok(());
    }
    let source = SourceSettings::from_row(row).map_err(SourceRegistrationError::Unreadable)?;
    let endpoint = Endpoint {
        base_url: source.base_url,
        user: source.user,
        password: String::new(),
        institution: source.institution_code,
        settings: source.settings,
        // Certificates are read only when they are used.
        secrets: BTreeMap::new(),
        folder: source.folder,
        networks: access.settings.networks.clone(),
        rate_limiter: Arc::new(SharedRateLimit(access.opened.db.clone())),
        timeout: Duration::from_millis(access.settings.timeout_ms),
        unpacker: Arc::clone(&access.program.unpacker),
    };
    shipped::build_connector(access.program.shipped, manifest, endpoint).map(drop).map_err(RegistryError::Connector)?;
    Ok(())
}

/// Result of removing a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceRemoved {
    /// The source's name.
    pub source: String,
    /// Always `removed`.
    pub state: &'static str,
}

/// Removes a registered source and its secrets. It is no longer read; received records stay.
///
/// # Errors
/// [`SourceRegistrationError`].
pub async fn remove(
    opened: &OpenDatabase,
    settings: &Settings,
    act: Act<'_>,
    name: &str,
) -> Result<SourceRemoved, OperationError> {
    let mut tx = registry::begin_change(&opened.db).await?;
    if !store::remove_source(&mut tx, name, settings.has_source(name)).await? {
        return Err(not_registered_error(settings, name).into());
    }
    act.commit_with_audit(tx, opened, AuditEntry::new("source.remove", format!("source {name}"))).await?;
    Ok(SourceRemoved { source: name.to_owned(), state: "removed" })
}
