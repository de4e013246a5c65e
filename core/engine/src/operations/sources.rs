//! Sources: those of the settings file, and registered ones.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{Act, AuditEntry};
use super::error::OperationError;
use super::page::Page;
use crate::database::OpenDatabase;
use crate::schedule::Schedule;
use crate::settings::{Settings, SourceSettings};
use huiliu_store::admin::registry::{self, Registered};
use huiliu_store::admin::sources::SourceRow;
use huiliu_store::intake::source_lease::{self, EndedLease};

/// Where a source is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceOrigin {
    /// In the settings file.
    SettingsFile,
    /// In the database.
    Registered,
}

/// A source as shown, without passwords.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceShown {
    /// The source's unique name.
    pub source: String,
    /// The id of its connector.
    pub connector: String,
    /// The code of the institution responsible for its data.
    pub institution_code: String,
    /// The name of that institution.
    pub institution_name: String,
    /// Base URL (HTTP).
    pub base_url: String,
    /// User, client id or application id (HTTP).
    pub user: String,
    /// The folder where files are dropped.
    pub folder: String,
    /// Cron expression in Asia/Shanghai. Empty: not read automatically.
    pub schedule: String,
    /// Further settings that its manifest requires.
    pub settings: BTreeMap<String, String>,
    /// Where the source is defined.
    pub origin: SourceOrigin,
    /// Whether a source of the settings file with the same name is read instead of this one.
    pub shadowed: bool,
    /// The names of its sealed secrets.
    pub secrets: Vec<String>,
}

/// Lists the sources: those of the settings file, then the registered ones by name.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub async fn list(opened: &OpenDatabase, settings: &Settings) -> Result<Page<SourceShown>, OperationError> {
    let registered = registry::read_registry(&opened.db).await?;
    let mut rows: Vec<SourceShown> =
        settings.sources.iter().map(|source| show_configured(source, &registered)).collect();
    rows.extend(registered.sources.iter().map(|row| show_registered(row, settings, &registered)));
    Ok(Page::from_all(rows))
}

/// A source that was released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceReleased {
    /// The source's name.
    pub source: String,
    /// The process that held it; null if only batches were held.
    pub holder: Option<String>,
    /// The number of its batches that are due again.
    pub batches: u64,
}

/// Releases a source, and its batches, that are held for longer than any process asks for, because the database's clock
/// was ahead. A process that still has the old lease can land and write nothing under it.
///
/// # Errors
/// [`OperationError::NotHeldTooLong`] if none of them is. Such a lease ends by itself when its process is gone.
pub async fn release(
    opened: &OpenDatabase,
    settings: &Settings,
    act: Act<'_>,
    name: &str,
) -> Result<SourceReleased, OperationError> {
    let mut tx = opened.db.begin().await?;
    let ended = source_lease::end_long_leases(&mut tx, name, settings.longest_lease_ms()).await?;
    let EndedLease { holder, batches } =
        ended.ok_or_else(|| OperationError::NotHeldTooLong { name: name.to_owned() })?;
    let detail = json!({ "holder": holder, "batches": batches });
    let entry = AuditEntry { action: "source.release", object: format!("source {name}"), detail };
    act.commit_with_audit(tx, opened, entry).await?;
    Ok(SourceReleased { source: name.to_owned(), holder, batches })
}

fn secrets_of(registered: &Registered, source: &str) -> Vec<String> {
    let of_source = registered.secrets.iter().filter(|secret| secret.source == source);
    of_source.map(|secret| secret.name.clone()).collect()
}

fn show_configured(source: &SourceSettings, registered: &Registered) -> SourceShown {
    SourceShown {
        source: source.name.clone(),
        connector: source.connector.clone(),
        institution_code: source.institution_code.clone(),
        institution_name: source.institution_name.clone(),
        base_url: source.base_url.clone(),
        user: source.user.clone(),
        folder: source.folder.display().to_string(),
        schedule: source.schedule.as_ref().map_or("", Schedule::text).to_owned(),
        settings: source.settings.clone(),
        origin: SourceOrigin::SettingsFile,
        shadowed: false,
        secrets: secrets_of(registered, &source.name),
    }
}

/// Converts a registered source for listings.
pub(super) fn show_registered(row: &SourceRow, settings: &Settings, registered: &Registered) -> SourceShown {
    SourceShown {
        source: row.name.clone(),
        connector: row.connector.clone(),
        institution_code: row.institution_code.clone(),
        institution_name: row.institution_name.clone(),
        base_url: row.base_url.clone(),
        user: row.user.clone(),
        folder: row.folder.clone(),
        schedule: row.schedule.clone(),
        settings: serde_json::from_str(&row.settings).unwrap_or_default(),
        origin: SourceOrigin::Registered,
        shadowed: settings.has_source(&row.name),
        secrets: secrets_of(registered, &row.name),
    }
}
