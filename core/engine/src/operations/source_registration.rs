//! Sources that come and go at run time.

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
use super::sources::{SourceShown, of_database};
use crate::database::OpenDatabase;
use crate::rate_limit::SharedRateLimit;
use crate::registry::RegistryError;
use crate::schedule::{ScheduleError, TEN_DAYS};
use crate::settings::{self, Settings, SourceSettings, UnreadableSource};
use huiliu_manifest::{Manifest, Transport};
use huiliu_platform::{Endpoint, shipped};
use huiliu_store::Tx;
use huiliu_store::admin::registry;
use huiliu_store::admin::sources::{self as store, SourceRow};

/// The longest name of a source, in characters.
const MAX_NAME: usize = 100;

/// Why a source is not registered, changed or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum SourceRegistrationError {
    /// There is one of that name.
    #[serde(rename = "source.registered_already")]
    RegisteredAlready {
        /// The source.
        name: String,
    },
    /// It stands in the settings file alone.
    #[serde(rename = "source.in_settings_file")]
    InSettingsFile {
        /// The source.
        name: String,
    },
    /// It stands nowhere.
    #[serde(rename = "source.not_registered")]
    NotRegistered {
        /// As it was asked for.
        name: String,
    },
    /// A secret among the settings, which are shown.
    #[serde(rename = "source.secret_setting")]
    SecretSetting {
        /// The source.
        name: String,
        /// The setting.
        key: String,
    },
    /// Something was received under that name from elsewhere.
    #[serde(rename = "source.booked_otherwise")]
    BookedOtherwise {
        /// The source.
        name: String,
        /// The connector under which it was received.
        connector: String,
        /// The code of the institution.
        institution: String,
    },
    /// The name is none.
    #[serde(rename = "source.name")]
    Name,
    /// No institution answers for its data.
    #[serde(rename = "source.institution_code")]
    NoInstitutionCode,
    /// Its schedule is none.
    #[serde(rename = "source.schedule")]
    Schedule {
        /// As it was given.
        schedule: String,
        /// What is wrong with it.
        fault: ScheduleError,
    },
    /// A user or password in the address, which is shown.
    #[serde(rename = "source.password_in_address")]
    PasswordInAddress {
        /// The source.
        name: String,
    },
    /// What is registered cannot be read.
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
    /// A stable code, for programs.
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

    /// Whether whoever asked has to ask otherwise; always.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        true
    }
}

/// What a source is for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSource {
    /// Its name.
    pub name: String,
    /// Its connector.
    pub connector: String,
    /// Code of the institution that answers for its data.
    pub institution_code: String,
}

/// Where and when a source is read; what is not given stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceChange {
    /// Name of the institution.
    pub institution_name: Option<String>,
    /// Base URL.
    pub base_url: Option<String>,
    /// User, client id or application id.
    pub user: Option<String>,
    /// Folder of dropped files.
    pub folder: Option<PathBuf>,
    /// Cron expression in Asia/Shanghai; empty: never by itself.
    pub schedule: Option<String>,
    /// Keys and values for the manifest; an empty value takes the key away.
    pub settings: Vec<(String, String)>,
}

/// Registers a source; it is read without a restart.
///
/// # Errors
/// [`SourceRegistrationError`], [`NotFound::Connector`], [`OperationError::Registry`] when it could not be read.
pub async fn add(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    new: NewSource,
    change: SourceChange,
) -> Result<SourceShown, OperationError> {
    let mut tx = registry::begin(&access.opened.db).await?;
    let NewSource { name, connector, institution_code } = new;
    if store::registered_source(&mut tx, &name).await?.is_some() {
        return Err(SourceRegistrationError::RegisteredAlready { name }.into());
    }
    let empty = SourceRow { schedule: TEN_DAYS.to_owned(), settings: "{}".to_owned(), ..SourceRow::default() };
    let row = changed(SourceRow { name, connector, institution_code, ..empty }, change)?;
    let row = SourceRow { set_by: act.actor.to_owned(), ..row };
    if let Some((connector, institution)) = store::booked(&mut tx, &row.name).await?
        && (connector != row.connector || institution != row.institution_code)
    {
        return Err(SourceRegistrationError::BookedOtherwise { name: row.name, connector, institution }.into());
    }
    let shown = put(access, &mut tx, &row).await?;
    act.commit(tx, access.opened, audit_entry("source.add", &row)).await?;
    Ok(shown)
}

/// Changes what is given of a registered source, and leaves the rest.
///
/// # Errors
/// As of [`add`].
pub async fn set(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    name: &str,
    change: SourceChange,
) -> Result<SourceShown, OperationError> {
    let mut tx = registry::begin(&access.opened.db).await?;
    let Some(held) = store::registered_source(&mut tx, name).await? else {
        return Err(not_registered(access.settings, name).into());
    };
    let row = SourceRow { set_by: act.actor.to_owned(), ..changed(held, change)? };
    let shown = put(access, &mut tx, &row).await?;
    act.commit(tx, access.opened, audit_entry("source.set", &row)).await?;
    Ok(shown)
}

fn audit_entry<'a>(action: &'a str, row: &SourceRow) -> AuditEntry<'a> {
    let settings: Value = serde_json::from_str(&row.settings).unwrap_or_default();
    let detail = json!({ "connector": row.connector, "institution_code": row.institution_code,
        "base_url": row.base_url, "user": row.user, "folder": row.folder, "schedule": row.schedule,
        "settings": settings });
    AuditEntry { action, object: format!("source {}", row.name), detail }
}

fn not_registered(settings: &Settings, name: &str) -> SourceRegistrationError {
    let name = name.to_owned();
    if settings.has_source(&name) {
        SourceRegistrationError::InSettingsFile { name }
    } else {
        SourceRegistrationError::NotRegistered { name }
    }
}

/// The row with what is given.
fn changed(mut row: SourceRow, change: SourceChange) -> Result<SourceRow, SourceRegistrationError> {
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

/// Writes a source that could be read.
async fn put(access: RegistryAccess<'_>, tx: &mut Tx, row: &SourceRow) -> Result<SourceShown, OperationError> {
    well_formed(row)?;
    let registered = registry::read(&access.opened.db).await?;
    let mut in_use = access.in_use(&registered)?;
    let Some(found) = in_use.found.remove(&row.connector) else {
        return Err(NotFound::Connector { connector: row.connector.clone() }.into());
    };
    connectable(access, row, found.manifest)?;
    store::put_source(tx, row).await?;
    Ok(of_database(row, access.settings, &registered))
}

/// Whether name, institution, schedule and address can stand as they are.
fn well_formed(row: &SourceRow) -> Result<(), SourceRegistrationError> {
    let name = &row.name;
    if name.trim().is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(SourceRegistrationError::Name);
    }
    if row.institution_code.trim().is_empty() {
        return Err(SourceRegistrationError::NoInstitutionCode);
    }
    settings::schedule(&row.schedule)
        .map_err(|fault| SourceRegistrationError::Schedule { schedule: row.schedule.clone(), fault })?;
    let authority =
        row.base_url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
    if authority.contains('@') {
        return Err(SourceRegistrationError::PasswordInAddress { name: row.name.clone() });
    }
    Ok(())
}

/// Whether a connector can be made for the source; what is pushed needs none.
fn connectable(access: RegistryAccess<'_>, row: &SourceRow, manifest: Manifest) -> Result<(), OperationError> {
    if matches!(manifest.transport, Transport::Push {}) {
        return Ok(());
    }
    let source = SourceSettings::registered(row).map_err(SourceRegistrationError::Unreadable)?;
    let endpoint = Endpoint {
        base_url: source.base_url,
        user: source.user,
        password: String::new(),
        institution: source.institution_code,
        settings: source.settings,
        // A certificate is only looked at when it is used.
        secrets: BTreeMap::new(),
        folder: source.folder,
        networks: access.settings.networks.clone(),
        pace: Arc::new(SharedRateLimit(access.opened.db.clone())),
        timeout: Duration::from_millis(access.settings.timeout_ms),
        unpacker: Arc::clone(&access.program.unpacker),
    };
    shipped::connect(access.program.shipped, manifest, endpoint).map(drop).map_err(RegistryError::Connector)?;
    Ok(())
}

/// A source that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceRemoved {
    /// The source.
    pub source: String,
    /// `removed`.
    pub state: &'static str,
}

/// Removes a registered source: it is read no longer, its secrets go, what was received stays.
///
/// # Errors
/// [`SourceRegistrationError`].
pub async fn remove(
    opened: &OpenDatabase,
    settings: &Settings,
    act: Act<'_>,
    name: &str,
) -> Result<SourceRemoved, OperationError> {
    let mut tx = registry::begin(&opened.db).await?;
    if !store::remove_source(&mut tx, name, settings.has_source(name)).await? {
        return Err(not_registered(settings, name).into());
    }
    act.commit(tx, opened, AuditEntry::new("source.remove", format!("source {name}"))).await?;
    Ok(SourceRemoved { source: name.to_owned(), state: "removed" })
}
