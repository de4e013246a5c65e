//! The connectors in use: which there are, their manifests, and whether their samples still give what is expected.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::connector_versions::ConnectorError;
use super::error::{NotFound, OperationError};
use super::page::Page;
use crate::database::{Make, OpenDatabase, OpenError};
use crate::program::Program;
use crate::registry::{self, Found, InUse, Origin};
use crate::rule_files;
use crate::settings::Settings;
use huiliu_authoring::gate::trial::{self, Checked, Trial};
use huiliu_manifest::Sample;
use huiliu_rules::policy::Policy;
use huiliu_store::admin::registry::{self as store, Registered};

/// A registered version that is in use and that this program cannot use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnusableConnector {
    /// The connector.
    pub connector: String,
    /// The version.
    pub version: i64,
    /// What is wrong with it.
    pub why: String,
}

/// Why the database was not asked what is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotAsked {
    /// A stable code, for programs.
    pub code: &'static str,
    /// The reason in English.
    pub message: String,
}

/// What an answer about connectors leaves out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LeftOut {
    /// Connectors whose version in use this program cannot use.
    pub unusable: Vec<UnusableConnector>,
    /// Why nothing of what is registered is told; none: it was looked at, or there is no database.
    #[serde(serialize_with = "not_asked")]
    #[schemars(with = "Option<NotAsked>")]
    pub not_asked: Option<Arc<OpenError>>,
}

#[allow(clippy::ref_option, reason = "the signature is serde's")]
fn not_asked<S: Serializer>(error: &Option<Arc<OpenError>>, to: S) -> Result<S::Ok, S::Error> {
    let told = |error: &Arc<OpenError>| NotAsked { code: error.code(), message: error.to_string() };
    error.as_ref().map(told).serialize(to)
}

/// A connector in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConnectorRow {
    /// Its id.
    pub connector: String,
    /// The version in use.
    pub version: i64,
    /// Its title in Chinese.
    pub title_zh: String,
    /// Its title in English.
    pub title_en: String,
    /// On what its manifest rests.
    pub profile: String,
    /// Its streams, in the order they are read.
    pub streams: Vec<String>,
    /// Where its manifest comes from.
    pub origin: Origin,
    /// Whether its sources are read.
    pub enabled: bool,
}

/// The connectors in use.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConnectorList {
    /// All of them, by id.
    #[serde(flatten)]
    pub page: Page<ConnectorRow>,
    /// What is not among them.
    #[serde(flatten)]
    pub left_out: LeftOut,
}

/// A connector with its manifest.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConnectorShown {
    /// Its id.
    pub connector: String,
    /// The version in use.
    pub version: i64,
    /// Where its manifest comes from.
    pub origin: Origin,
    /// Whether its sources are read.
    pub enabled: bool,
    /// The manifest's text, TOML.
    pub manifest: String,
    /// What could not be looked at.
    #[serde(flatten)]
    pub left_out: LeftOut,
}

/// What the samples of all connectors in use give.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConnectorCheck {
    /// Whether every sample gives what is expected.
    pub ok: bool,
    /// Each sample.
    pub samples: Vec<Checked>,
    /// Connectors that were not checked.
    #[serde(flatten)]
    pub left_out: LeftOut,
}

/// What runs according to settings and database.
struct Looked {
    policy: Policy,
    in_use: InUse,
    registered: Registered,
    not_asked: Option<OpenError>,
}

/// Looks at what runs. A database that does not answer hides what is registered, not what the settings give.
async fn look(settings: &Settings, program: &Program) -> Result<Looked, OperationError> {
    let policy = rule_files::policy(settings)?;
    let (registered, not_asked) = match registry::look(settings).await {
        Ok(registered) => (registered, None),
        Err(error) => (Registered::default(), Some(error)),
    };
    let in_use = registry::in_use(settings, program, &policy, &registered)?;
    Ok(Looked { policy, in_use, registered, not_asked })
}

impl Looked {
    fn is_enabled(&self, connector: &str) -> bool {
        self.registered.decided.iter().all(|decided| decided.connector != connector || decided.enabled)
    }

    fn row(&self, found: &Found) -> ConnectorRow {
        let manifest = &found.manifest;
        ConnectorRow {
            connector: manifest.id.clone(),
            version: manifest.version(),
            title_zh: manifest.title_zh.clone(),
            title_en: manifest.title_en.clone(),
            profile: manifest.profile.clone(),
            streams: manifest.stream.iter().map(|stream| stream.name.clone()).collect(),
            origin: found.origin,
            enabled: self.is_enabled(&manifest.id),
        }
    }

    fn left_out(self) -> LeftOut {
        let unusable = self.in_use.unreadable.into_iter().map(|(connector, unusable)| UnusableConnector {
            connector,
            version: unusable.version,
            why: unusable.why.to_string(),
        });
        LeftOut { unusable: unusable.collect(), not_asked: self.not_asked.map(Arc::new) }
    }

    /// Why a connector is not among those in use.
    fn absence(mut self, connector: &str) -> OperationError {
        if let Some(unusable) = self.in_use.unreadable.remove(connector) {
            let (connector, version) = (connector.to_owned(), unusable.version);
            return ConnectorError::Unusable { connector, version, why: unusable.why }.into();
        }
        // It may be registered in the database that does not answer.
        match self.not_asked {
            Some(error) => error.into(),
            None => NotFound::Connector { connector: connector.to_owned() }.into(),
        }
    }
}

/// The connectors in use.
///
/// # Errors
/// [`OperationError::Rules`], or [`OperationError::Registry`] for a manifest of the settings that cannot be read.
pub async fn list(settings: &Settings, program: &Program) -> Result<ConnectorList, OperationError> {
    let looked = look(settings, program).await?;
    let rows = looked.in_use.found.values().map(|found| looked.row(found)).collect();
    Ok(ConnectorList { page: Page::whole(rows), left_out: looked.left_out() })
}

/// One connector with its manifest.
///
/// # Errors
/// [`NotFound::Connector`], [`ConnectorError::Unusable`], and what [`list`] refuses.
pub async fn show(settings: &Settings, program: &Program, connector: &str) -> Result<ConnectorShown, OperationError> {
    let mut looked = look(settings, program).await?;
    let enabled = looked.is_enabled(connector);
    let Some(found) = looked.in_use.found.remove(connector) else { return Err(looked.absence(connector)) };
    Ok(ConnectorShown {
        connector: connector.to_owned(),
        version: found.manifest.version(),
        origin: found.origin,
        enabled,
        manifest: found.text,
        left_out: looked.left_out(),
    })
}

/// The samples of every connector through the stages of the manifest in use, against what is expected: those it was
/// registered with, or those that come with the program.
///
/// # Errors
/// [`OperationError::Gate`] for a unit that the rules do not convert, and what [`list`] refuses.
pub async fn check(settings: &Settings, program: &Program) -> Result<ConnectorCheck, OperationError> {
    let looked = look(settings, program).await?;
    let any_registered = looked.in_use.found.values().any(|found| found.origin == Origin::Registered);
    let opened = if any_registered { Some(OpenDatabase::open(settings, Make::Nothing).await?) } else { None };
    let samples = check_samples(settings, program, &looked, opened.as_ref()).await;
    if let Some(opened) = &opened {
        opened.close().await;
    }
    let samples = samples?;
    Ok(ConnectorCheck { ok: samples.iter().all(|row| row.ok), samples, left_out: looked.left_out() })
}

async fn check_samples(
    settings: &Settings,
    program: &Program,
    looked: &Looked,
    opened: Option<&OpenDatabase>,
) -> Result<Vec<Checked>, OperationError> {
    let files = settings.pack_names();
    let mut rows = Vec::new();
    for (id, found) in &looked.in_use.found {
        let manifest = &found.manifest;
        trial::convertible(manifest, &looked.policy, &files)?;
        let samples = match (found.origin, opened) {
            (Origin::Registered, Some(opened)) => {
                store::samples(&opened.db, &opened.keys, id, manifest.version()).await?.unwrap_or_default()
            }
            _ => shipped_samples(program, id),
        };
        let trial = Trial { manifest, policy: &looked.policy, rule_files: &files, unpacker: &program.unpacker };
        rows.extend(trial::try_samples(trial, &samples).await?);
    }
    Ok(rows)
}

/// The samples that come with the program.
fn shipped_samples(program: &Program, connector: &str) -> Vec<Sample> {
    let shipped = program.shipped.iter().find(|shipped| shipped.id == connector);
    shipped.map(|shipped| shipped.samples()).unwrap_or_default()
}
