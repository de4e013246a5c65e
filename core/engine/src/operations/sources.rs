//! Sources: those of the settings file, and those that were registered.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use super::page::Page;
use crate::database::OpenDatabase;
use crate::schedule::Schedule;
use crate::settings::{Settings, SourceSettings};
use huiliu_store::admin::registry::{self, Registered};
use huiliu_store::admin::sources::SourceRow;

/// Where a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceOrigin {
    /// In the settings file.
    SettingsFile,
    /// In the database.
    Registered,
}

/// A source; no password is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceShown {
    /// Its name.
    pub source: String,
    /// Its connector.
    pub connector: String,
    /// Code of the institution that answers for its data.
    pub institution_code: String,
    /// That institution's name.
    pub institution_name: String,
    /// Base URL (HTTP).
    pub base_url: String,
    /// User, client id or application id (HTTP).
    pub user: String,
    /// Folder of dropped files.
    pub folder: String,
    /// Cron expression in Asia/Shanghai; empty: never by itself.
    pub schedule: String,
    /// What else its manifest asks for.
    pub settings: BTreeMap<String, String>,
    /// Where it stands.
    pub origin: SourceOrigin,
    /// Whether one of the settings file is read in its place.
    pub shadowed: bool,
    /// Names of its sealed secrets.
    pub secrets: Vec<String>,
}

/// Sources: those of the settings file, then the registered ones by name.
///
/// # Errors
/// [`OperationError::Store`].
pub async fn list(opened: &OpenDatabase, settings: &Settings) -> Result<Page<SourceShown>, OperationError> {
    let registered = registry::read(&opened.db).await?;
    let mut rows: Vec<SourceShown> = settings.sources.iter().map(|source| of_settings(source, &registered)).collect();
    rows.extend(registered.sources.iter().map(|row| of_database(row, settings, &registered)));
    Ok(Page::whole(rows))
}

fn secrets_of(registered: &Registered, source: &str) -> Vec<String> {
    let of_source = registered.secrets.iter().filter(|secret| secret.source == source);
    of_source.map(|secret| secret.name.clone()).collect()
}

fn of_settings(source: &SourceSettings, registered: &Registered) -> SourceShown {
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

/// A registered source as it is shown.
pub(super) fn of_database(row: &SourceRow, settings: &Settings, registered: &Registered) -> SourceShown {
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
