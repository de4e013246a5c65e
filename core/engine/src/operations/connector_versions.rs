//! Registers connector versions, rolls back to another version, and enables or disables connectors, all at run time.

use std::path::Path;

use huiliu_messages::{Message, said_in_english};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{Act, AuditEntry};
use super::authoring;
use super::error::{NotFound, OperationError};
use super::page::Page;
use super::registry_access::RegistryAccess;
use crate::active_rules;
use crate::database::OpenDatabase;
use crate::program::Program;
use crate::registry::{self, FoundManifest, Origin, RulesInUse};
use crate::rule_files;
use crate::settings::Settings;
use huiliu_authoring::gate::package::{self, Package};
use huiliu_authoring::gate::trial::{self, Checked};
use huiliu_store::admin::registry::{self as store, NewVersion, Version};
use huiliu_store::admin::samples::content_digest;
use huiliu_values::calendar::format_instant;

/// The name, in place of a version number, of the manifest that is built in or comes from `manifests_dir`.
const BUILT_IN: &str = "built-in";
/// How many differences are reported for a version that does not pass.
const DIFFERENCES: usize = 5;

/// Why a connector cannot be shown, or its version cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum ConnectorError {
    /// The same manifest exists already without being registered.
    #[serde(rename = "connector.nothing_to_register")]
    NothingToRegister {
        /// The id of the connector.
        connector: String,
        /// The version of the manifest.
        version: i64,
        /// Where the existing manifest comes from.
        origin: Origin,
    },
    /// The version number is used by another manifest, or is not above those that exist.
    #[serde(rename = "connector.version_taken")]
    VersionTaken {
        /// The id of the connector.
        connector: String,
        /// The version that should be registered.
        version: i64,
        /// The highest existing version; 0 if there is none.
        highest: i64,
    },
    /// The connector has no such version.
    #[serde(rename = "connector.no_version")]
    NoVersion {
        /// The id of the connector.
        connector: String,
        /// The version that was requested.
        version: String,
    },
    /// A version that passed the gate once does not pass it any more.
    #[serde(rename = "connector.samples")]
    FailsItsSamples {
        /// The version that was tried.
        version: i64,
        /// The first differences, as text.
        differences: Vec<Message>,
    },
    /// This program cannot use the version in use.
    #[serde(rename = "connector.unusable")]
    Unusable {
        /// The id of the connector.
        connector: String,
        /// The version in use.
        version: i64,
        /// What is wrong with it.
        why: Message,
    },
}

said_in_english!(ConnectorError);

impl ConnectorError {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NothingToRegister { .. } => "connector.nothing_to_register",
            Self::VersionTaken { .. } => "connector.version_taken",
            Self::NoVersion { .. } => "connector.no_version",
            Self::FailsItsSamples { .. } => "connector.samples",
            Self::Unusable { .. } => "connector.unusable",
        }
    }

    /// Returns whether the user must change the request.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::FailsItsSamples { .. })
    }
}

/// The result of registering a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// It is registered, and in use.
    Registered,
    /// It was registered before with the same content, and is in use.
    Unchanged,
    /// It was registered before with the same content, and another version is in use.
    NotInUse,
    /// A sample does not give the expected results; nothing was registered.
    Refused,
}

/// A version that was offered for registration.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Registration {
    /// The id of the connector.
    pub connector: String,
    /// The version in the manifest.
    pub version: i64,
    /// The result.
    pub state: RegistrationState,
    /// The gate's result for every sample and every variant of it.
    pub samples: Vec<Checked>,
    /// Lines of the manifest with an unanswered question, counted from 1.
    pub open_questions: Vec<usize>,
}

/// A connector and its results at the gate.
#[derive(Debug)]
pub struct ExaminedConnector {
    package: Package,
    samples: Vec<Checked>,
}

impl ExaminedConnector {
    /// Returns whether every sample and every variant of it gives the expected results.
    #[must_use]
    pub fn passes_gate(&self) -> bool {
        self.samples.iter().all(|row| row.ok)
    }

    /// Converts to the operation's result.
    #[must_use]
    pub fn into_registration(self, state: RegistrationState) -> Registration {
        let Self { package, samples } = self;
        Registration {
            connector: package.manifest.id.clone(),
            version: package.manifest.version_number(),
            state,
            samples,
            open_questions: authoring::open_questions(&package.text),
        }
    }
}

/// Runs a connector through the gate. Needs no database.
///
/// # Errors
/// [`ConnectorError`], [`OperationError::Package`], [`OperationError::Gate`]. A sample with unexpected results is not
/// an error; see [`ExaminedConnector::passes_gate`].
pub async fn examine(settings: &Settings, program: &Program, path: &Path) -> Result<ExaminedConnector, OperationError> {
    let package = package::read_package(path)?;
    trial::check_questions(&package.manifest, &package.text)?;
    let settings = &active_rules::find_active(settings).await?;
    let base = registry::load_base_manifests(settings, program)?;
    check_above_base(&package, base.get(&package.manifest.id))?;
    let samples = authoring::run_gate(settings, program, &package.manifest, &package.samples).await?;
    Ok(ExaminedConnector { package, samples })
}

/// Registers a connector that passes the gate and puts it into use without a restart. One that does not pass is
/// refused; that is a result, not an error.
///
/// # Errors
/// [`ConnectorError::VersionTaken`] if the version number is not above the registered ones.
pub async fn register(
    opened: &OpenDatabase,
    act: Act<'_>,
    examined: ExaminedConnector,
) -> Result<Registration, OperationError> {
    let state = if examined.passes_gate() {
        store_version(opened, act, &examined.package).await?
    } else {
        RegistrationState::Refused
    };
    Ok(examined.into_registration(state))
}

/// Checks that a version is above the built-in one: a version number may mean only one manifest.
fn check_above_base(package: &Package, base: Option<&FoundManifest>) -> Result<(), ConnectorError> {
    let (connector, version) = (package.manifest.id.clone(), package.manifest.version_number());
    match base {
        Some(found) if found.text == package.text => {
            Err(ConnectorError::NothingToRegister { connector, version, origin: found.origin })
        }
        Some(found) if version <= found.manifest.version_number() => {
            Err(ConnectorError::VersionTaken { connector, version, highest: found.manifest.version_number() })
        }
        _ if version < 1 => Err(ConnectorError::VersionTaken { connector, version, highest: 0 }),
        _ => Ok(()),
    }
}

/// Stores a version that has passed the gate, and puts it into use.
async fn store_version(
    opened: &OpenDatabase,
    act: Act<'_>,
    package: &Package,
) -> Result<RegistrationState, OperationError> {
    let (id, version) = (package.manifest.id.as_str(), package.manifest.version_number());
    let digest = content_digest(&opened.keys, &package.text, &package.samples);
    let mut tx = store::begin_change(&opened.db).await?;
    let stored = store::find_stored_version(&mut tx, id, version).await?;
    if stored.digest.as_deref() == Some(&digest[..]) {
        let used = store::find_use(&mut tx, id).await?.and_then(|decided| decided.version);
        let in_use = used == Some(version);
        return Ok(if in_use { RegistrationState::Unchanged } else { RegistrationState::NotInUse });
    }
    if let Some(highest) = stored.highest.filter(|highest| version <= *highest) {
        return Err(ConnectorError::VersionTaken { connector: id.to_owned(), version, highest }.into());
    }
    let new =
        NewVersion { connector: id, version, digest: &digest, manifest: &package.text, samples: &package.samples };
    store::add_version(&mut tx, &opened.keys, new, act.to_author()).await?;
    store::change_use(&mut tx, id, store::Change::Version(Some(version)), act.to_author()).await?;
    let object = format!("connector {id} version {version}");
    act.commit_with_audit(tx, opened, AuditEntry::new("connector.register", object)).await?;
    Ok(RegistrationState::Registered)
}

/// A version of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VersionShown {
    /// The version number.
    pub version: i64,
    /// Where its manifest comes from.
    pub origin: Origin,
    /// Whether it is in use.
    pub in_use: bool,
    /// When it was registered, RFC 3339. Null for one that was not registered.
    pub registered_at: Option<String>,
    /// The person who registered it.
    pub registered_by: Option<String>,
    /// The reason given.
    pub because: Option<String>,
}

/// The decision that a connector's sources are not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DisabledConnector {
    /// The person who decided.
    pub by: String,
    /// The reason given.
    pub because: String,
}

/// All versions of a connector, and why it is disabled if it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConnectorVersions {
    /// All versions: the registered ones, newest first, then the built-in one.
    #[serde(flatten)]
    pub page: Page<VersionShown>,
    /// Why its sources are not read; null if they are read.
    pub disabled: Option<DisabledConnector>,
}

/// Lists every version of a connector, and which one is in use.
///
/// # Errors
/// [`NotFound::Connector`] if there is no such connector.
pub async fn versions(access: RegistryAccess<'_>, connector: &str) -> Result<ConnectorVersions, OperationError> {
    let base = registry::load_base_manifests(access.settings, access.program)?;
    let stored = store::list_versions(&access.opened.db, connector).await?;
    let registered = store::read_registry(&access.opened.db).await?;
    let decided = registered.decided.iter().find(|decided| decided.connector == connector);
    let used = decided.and_then(|decided| decided.version);
    let mut rows: Vec<VersionShown> = stored.iter().map(|version| show_registered_version(version, used)).collect();
    rows.extend(base.get(connector).map(|found| show_base_version(found, used)));
    if rows.is_empty() {
        return Err(NotFound::Connector { connector: connector.to_owned() }.into());
    }
    let disabled = decided.filter(|decided| !decided.enabled);
    let disabled = disabled.map(|d| DisabledConnector { by: d.by.clone(), because: d.because.clone() });
    Ok(ConnectorVersions { page: Page::from_all(rows), disabled })
}

fn show_registered_version(version: &Version, used: Option<i64>) -> VersionShown {
    VersionShown {
        version: version.version,
        origin: Origin::Registered,
        in_use: used == Some(version.version),
        registered_at: Some(format_instant(version.registered_at)),
        registered_by: Some(version.registered_by.clone()),
        because: Some(version.because.clone()),
    }
}

fn show_base_version(found: &FoundManifest, used: Option<i64>) -> VersionShown {
    let (version, origin) = (found.manifest.version_number(), found.origin);
    VersionShown { version, origin, in_use: used.is_none(), registered_at: None, registered_by: None, because: None }
}

/// The version in use after a rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RolledBack {
    /// The id of the connector.
    pub connector: String,
    /// The version in use; null for the built-in one.
    pub version: Option<i64>,
    /// Whether another version was in use before.
    pub changed: bool,
}

/// Puts another version of a connector into use: a version number, or `built-in` for the manifest that is not
/// registered.
///
/// # Errors
/// [`NotFound::Connector`], [`ConnectorError`].
pub async fn rollback(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    connector: &str,
    to: &str,
) -> Result<RolledBack, OperationError> {
    let opened = access.opened;
    let version = find_wanted_version(access, connector, to).await?;
    let mut tx = store::begin_change(&opened.db).await?;
    let before = store::find_use(&mut tx, connector).await?.and_then(|decided| decided.version);
    let changed = before != version;
    if changed {
        store::change_use(&mut tx, connector, store::Change::Version(version), act.to_author()).await?;
        let (object, detail) = (format!("connector {connector}"), json!({ "from": before, "to": version }));
        act.commit_with_audit(tx, opened, AuditEntry { action: "connector.rollback", object, detail }).await?;
    }
    Ok(RolledBack { connector: connector.to_owned(), version, changed })
}

/// Finds the requested version and checks that it passes its samples. Returns `None` for the built-in one.
async fn find_wanted_version(
    access: RegistryAccess<'_>,
    connector: &str,
    to: &str,
) -> Result<Option<i64>, OperationError> {
    let base = registry::load_base_manifests(access.settings, access.program)?;
    let stored = store::list_versions(&access.opened.db, connector).await?;
    if stored.is_empty() && !base.contains_key(connector) {
        return Err(NotFound::Connector { connector: connector.to_owned() }.into());
    }
    let wanted = to.parse::<i64>().ok();
    match (stored.iter().find(|version| Some(version.version) == wanted), base.get(connector)) {
        (Some(version), _) => {
            check_still_passes(access, version).await?;
            Ok(Some(version.version))
        }
        (None, Some(found)) if to == BUILT_IN || wanted == Some(found.manifest.version_number()) => Ok(None),
        _ => Err(ConnectorError::NoVersion { connector: connector.to_owned(), version: to.to_owned() }.into()),
    }
}

/// Checks that a version passes the gate under today's program and rules.
async fn check_still_passes(access: RegistryAccess<'_>, version: &Version) -> Result<(), OperationError> {
    let RegistryAccess { opened, settings, program } = access;
    let settings = &active_rules::apply_active(settings, &opened.db).await?;
    let policy = rule_files::load_policy(settings)?;
    let found = registry::parse_registered(version, RulesInUse { policy: &policy, files: &settings.pack_names() })?;
    let samples = store::load_samples(&opened.db, &opened.keys, &version.connector, version.version).await?;
    let rows = authoring::run_gate(settings, program, &found.manifest, &samples.unwrap_or_default()).await?;
    if rows.iter().all(|row| row.ok) {
        return Ok(());
    }
    let differences = rows.into_iter().flat_map(|row| row.differences).take(DIFFERENCES).collect();
    Err(ConnectorError::FailsItsSamples { version: version.version, differences }.into())
}

/// Whether a connector's sources are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConnectorEnabled {
    /// The id of the connector.
    pub connector: String,
    /// Whether its sources are read.
    pub enabled: bool,
    /// Whether this is a change.
    pub changed: bool,
}

/// Enables or disables a connector. The sources of a disabled connector are not read; records already received are
/// still delivered.
///
/// # Errors
/// [`NotFound::Connector`] if there is no such connector.
pub async fn set_enabled(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    connector: &str,
    enabled: bool,
) -> Result<ConnectorEnabled, OperationError> {
    let base = registry::load_base_manifests(access.settings, access.program)?;
    let mut tx = store::begin_change(&access.opened.db).await?;
    let before = store::find_use(&mut tx, connector).await?;
    if before.is_none() && !base.contains_key(connector) {
        return Err(NotFound::Connector { connector: connector.to_owned() }.into());
    }
    let changed = before.is_none_or(|decided| decided.enabled) != enabled;
    if changed {
        store::change_use(&mut tx, connector, store::Change::Enabled(enabled), act.to_author()).await?;
        let action = if enabled { "connector.enable" } else { "connector.disable" };
        act.commit_with_audit(tx, access.opened, AuditEntry::new(action, format!("connector {connector}"))).await?;
    }
    Ok(ConnectorEnabled { connector: connector.to_owned(), enabled, changed })
}
