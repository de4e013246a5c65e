//! The connectors in use: a list, their manifests, and whether their samples still give the expected results.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::connector_versions::ConnectorError;
use super::error::{NotFound, OperationError};
use super::page::Page;
use crate::active_rules;
use crate::database::{MayCreate, OpenDatabase, OpenError};
use crate::program::Program;
use crate::registry::{self, FoundManifest, InUse, Origin};
use crate::rule_files;
use crate::settings::Settings;
use huiliu_authoring::gate::trial::{self, Checked, Trial};
use huiliu_manifest::Sample;
use huiliu_messages::Message;
use huiliu_rules::policy::Policy;
use huiliu_store::admin::registry::{self as store, Registered};

/// A registered version in use that this program cannot use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnusableConnector {
    /// The id of the connector.
    pub connector: String,
    /// The registered version.
    pub version: i64,
    /// Why it cannot be used, in English.
    pub why: Message,
}

/// Why the registry in the database could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegistryNotRead {
    /// A stable code for programs.
    pub code: &'static str,
    /// The reason in English.
    pub message: String,
}

/// What a result about connectors leaves out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LeftOut {
    /// Connectors whose version in use this program cannot use.
    pub unusable: Vec<UnusableConnector>,
    /// Why the registry could not be read; null if it was read or if there is no database.
    #[serde(serialize_with = "not_asked")]
    #[schemars(with = "Option<RegistryNotRead>")]
    pub not_asked: Option<Arc<OpenError>>,
}

#[allow(clippy::ref_option, reason = "the signature is serde's")]
fn not_asked<S: Serializer>(error: &Option<Arc<OpenError>>, to: S) -> Result<S::Ok, S::Error> {
    let told = |error: &Arc<OpenError>| RegistryNotRead { code: error.code(), message: error.to_string() };
    error.as_ref().map(told).serialize(to)
}

/// A connector in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConnectorRow {
    /// The connector's id.
    pub connector: String,
    /// The version in use.
    pub version: i64,
    /// The title in Chinese.
    pub title_zh: String,
    /// The title in English.
    pub title_en: String,
    /// What the manifest is based on.
    pub profile: String,
    /// Its streams, in the order in which they are read.
    pub streams: Vec<String>,
    /// Where its manifest comes from.
    pub origin: Origin,
    /// Whether its sources are read.
    pub enabled: bool,
}

/// The connectors in use.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConnectorList {
    /// All connectors, by id.
    #[serde(flatten)]
    pub page: Page<ConnectorRow>,
    /// What the list leaves out.
    #[serde(flatten)]
    pub left_out: LeftOut,
}

/// A connector with its manifest.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConnectorShown {
    /// The connector's id.
    pub connector: String,
    /// The version in use.
    pub version: i64,
    /// Where its manifest comes from.
    pub origin: Origin,
    /// Whether its sources are read.
    pub enabled: bool,
    /// The text of the manifest, TOML.
    pub manifest: String,
    /// What could not be read.
    #[serde(flatten)]
    pub left_out: LeftOut,
}

/// The results of the samples of all connectors in use.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConnectorCheck {
    /// Whether every sample gives the expected results.
    pub ok: bool,
    /// One result per sample.
    pub samples: Vec<Checked>,
    /// Connectors that were not checked.
    #[serde(flatten)]
    pub left_out: LeftOut,
}

/// What runs, according to settings and database.
struct ConnectorsInUse {
    policy: Policy,
    in_use: InUse,
    registered: Registered,
    not_asked: Option<OpenError>,
}

/// Reads what runs. If the database does not answer, only registered connectors are missing; those of the settings
/// remain.
async fn read_connectors(settings: &Settings, program: &Program) -> Result<ConnectorsInUse, OperationError> {
    // If the database does not answer, the second reading tells it.
    let settings = &active_rules::find_active(settings).await.unwrap_or_else(|_| settings.clone());
    let policy = rule_files::load_policy(settings)?;
    let (registered, not_asked) = match registry::read_registered(settings).await {
        Ok(registered) => (registered, None),
        Err(error) => (Registered::default(), Some(error)),
    };
    let in_use = registry::resolve_in_use(settings, program, &policy, &registered)?;
    Ok(ConnectorsInUse { policy, in_use, registered, not_asked })
}

impl ConnectorsInUse {
    fn is_enabled(&self, connector: &str) -> bool {
        self.registered.decided.iter().all(|decided| decided.connector != connector || decided.enabled)
    }

    fn to_row(&self, found: &FoundManifest) -> ConnectorRow {
        let manifest = &found.manifest;
        ConnectorRow {
            connector: manifest.id.clone(),
            version: manifest.version_number(),
            title_zh: manifest.title_zh.clone(),
            title_en: manifest.title_en.clone(),
            profile: manifest.profile.clone(),
            streams: manifest.stream.iter().map(|stream| stream.name.clone()).collect(),
            origin: found.origin,
            enabled: self.is_enabled(&manifest.id),
        }
    }

    fn into_left_out(self) -> LeftOut {
        let unusable = self.in_use.unreadable.into_iter().map(|(connector, unusable)| UnusableConnector {
            connector,
            version: unusable.version,
            why: unusable.why,
        });
        LeftOut { unusable: unusable.collect(), not_asked: self.not_asked.map(Arc::new) }
    }

    /// Explains why a connector is not in use.
    fn into_absence_error(mut self, connector: &str) -> OperationError {
        if let Some(unusable) = self.in_use.unreadable.remove(connector) {
            let (connector, version) = (connector.to_owned(), unusable.version);
            return ConnectorError::Unusable { connector, version, why: unusable.why }.into();
        }
        // It may be registered in the database that could not be read.
        match self.not_asked {
            Some(error) => error.into(),
            None => NotFound::Connector { connector: connector.to_owned() }.into(),
        }
    }
}

/// Lists the connectors in use.
///
/// # Errors
/// [`OperationError::Rules`]; [`OperationError::Registry`] if a manifest of the settings cannot be read.
pub async fn list(settings: &Settings, program: &Program) -> Result<ConnectorList, OperationError> {
    let looked = read_connectors(settings, program).await?;
    let rows = looked.in_use.found.values().map(|found| looked.to_row(found)).collect();
    Ok(ConnectorList { page: Page::from_all(rows), left_out: looked.into_left_out() })
}

/// Shows one connector with its manifest.
///
/// # Errors
/// [`NotFound::Connector`], [`ConnectorError::Unusable`], and the errors of [`list`].
pub async fn show(settings: &Settings, program: &Program, connector: &str) -> Result<ConnectorShown, OperationError> {
    let mut looked = read_connectors(settings, program).await?;
    let enabled = looked.is_enabled(connector);
    let Some(found) = looked.in_use.found.remove(connector) else { return Err(looked.into_absence_error(connector)) };
    Ok(ConnectorShown {
        connector: connector.to_owned(),
        version: found.manifest.version_number(),
        origin: found.origin,
        enabled,
        manifest: found.text,
        left_out: looked.into_left_out(),
    })
}

/// Runs the samples of every connector through its manifest in use, and compares the results with the expected ones.
/// Uses the samples a connector was registered with, or the built-in ones.
///
/// # Errors
/// [`OperationError::Gate`] for a unit that the rules do not convert, and the errors of [`list`].
pub async fn check(settings: &Settings, program: &Program) -> Result<ConnectorCheck, OperationError> {
    let looked = read_connectors(settings, program).await?;
    let any_registered = looked.in_use.found.values().any(|found| found.origin == Origin::Registered);
    let opened = if any_registered { Some(OpenDatabase::open(settings, MayCreate::Nothing).await?) } else { None };
    let samples = check_samples(settings, program, &looked, opened.as_ref()).await;
    if let Some(opened) = &opened {
        opened.close().await;
    }
    let samples = samples?;
    Ok(ConnectorCheck { ok: samples.iter().all(|row| row.ok), samples, left_out: looked.into_left_out() })
}

async fn check_samples(
    settings: &Settings,
    program: &Program,
    looked: &ConnectorsInUse,
    opened: Option<&OpenDatabase>,
) -> Result<Vec<Checked>, OperationError> {
    let files = settings.pack_names();
    let mut rows = Vec::new();
    for (id, found) in &looked.in_use.found {
        let manifest = &found.manifest;
        trial::check_units(manifest, &looked.policy, &files)?;
        let samples = match (found.origin, opened) {
            (Origin::Registered, Some(opened)) => {
                store::load_samples(&opened.db, &opened.keys, id, manifest.version_number()).await?.unwrap_or_default()
            }
            _ => shipped_samples(program, id),
        };
        let trial = Trial { manifest, policy: &looked.policy, rule_files: &files, unpacker: &program.unpacker };
        rows.extend(trial::try_samples(trial, &samples).await?);
    }
    Ok(rows)
}

/// Returns the built-in samples of a connector.
fn shipped_samples(program: &Program, connector: &str) -> Vec<Sample> {
    let shipped = program.shipped.iter().find(|shipped| shipped.id == connector);
    shipped.map(|shipped| shipped.list_samples()).unwrap_or_default()
}
