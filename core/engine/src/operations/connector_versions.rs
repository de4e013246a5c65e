//! Connectors that come and go at run time: a version is registered, another is used again, sources are no longer read.

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
use crate::database::OpenDatabase;
use crate::program::Program;
use crate::registry::{self, Found, Origin, RulesInUse};
use crate::rule_files;
use crate::settings::Settings;
use huiliu_authoring::gate::package::{self, Package};
use huiliu_authoring::gate::trial::Checked;
use huiliu_store::admin::registry::{self as store, NewVersion, Version};
use huiliu_store::admin::samples::content_digest;
use huiliu_values::calendar::instant;

/// What names the manifest that comes with the program, or stands in `manifests_dir`, where a version is asked for.
const BUILT_IN: &str = "built-in";
/// So many differences say enough of why a version does not pass.
const DIFFERENCES: usize = 5;

/// Why a connector is not shown, or its version is not changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum ConnectorError {
    /// The manifest is there without being registered.
    #[serde(rename = "connector.nothing_to_register")]
    NothingToRegister {
        /// The connector.
        connector: String,
        /// The version.
        version: i64,
        /// Where the same manifest comes from.
        origin: Origin,
    },
    /// A version number means one manifest.
    #[serde(rename = "connector.version_taken")]
    VersionTaken {
        /// The connector.
        connector: String,
        /// The version that was to be registered.
        version: i64,
        /// The highest version there is.
        highest: i64,
    },
    /// There is no such version.
    #[serde(rename = "connector.no_version")]
    NoVersion {
        /// The connector.
        connector: String,
        /// As it was asked for.
        version: String,
    },
    /// A version that passed once does not pass any more.
    #[serde(rename = "connector.samples")]
    FailsItsSamples {
        /// The version.
        version: i64,
        /// The first differences.
        differences: Vec<String>,
    },
    /// The version in use is not for this program.
    #[serde(rename = "connector.unusable")]
    Unusable {
        /// The connector.
        connector: String,
        /// The version.
        version: i64,
        /// What is wrong with it.
        why: Message,
    },
}

said_in_english!(ConnectorError);

impl ConnectorError {
    /// A stable code, for programs.
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

    /// Whether whoever asked has to ask otherwise.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::FailsItsSamples { .. })
    }
}

/// What became of a version that was to be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// It is registered, and in use.
    Registered,
    /// It was registered with the same content, and is in use.
    Unchanged,
    /// It was registered with the same content, and another version is in use.
    NotInUse,
    /// A sample does not give what is expected: nothing was registered.
    Refused,
}

/// A version that was to be registered.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Registration {
    /// The connector.
    pub connector: String,
    /// The version.
    pub version: i64,
    /// What became of it.
    pub state: RegistrationState,
    /// Every sample, and every variant of it, at the gate.
    pub samples: Vec<Checked>,
    /// Lines of the manifest with a question that nobody has answered yet, from 1.
    pub open_questions: Vec<usize>,
}

/// A connector after its gate.
#[derive(Debug)]
pub struct Examined {
    package: Package,
    samples: Vec<Checked>,
}

impl Examined {
    /// Whether every sample, and every variant of it, gives what is expected.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.samples.iter().all(|row| row.ok)
    }

    /// What is told of it.
    #[must_use]
    pub fn registration(self, state: RegistrationState) -> Registration {
        let Self { package, samples } = self;
        Registration {
            connector: package.manifest.id.clone(),
            version: package.manifest.version(),
            state,
            samples,
            open_questions: authoring::open_questions(&package.text),
        }
    }
}

/// Takes a connector through its gate; needs no database.
///
/// # Errors
/// [`ConnectorError`], [`OperationError::Package`], [`OperationError::Gate`]. A sample that does not give what is expected
/// is no error: [`Examined::passes`] tells.
pub async fn examine(settings: &Settings, program: &Program, path: &Path) -> Result<Examined, OperationError> {
    let package = package::read(path)?;
    let base = registry::base(settings, program)?;
    above_base(&package, base.get(&package.manifest.id))?;
    let samples = authoring::gate(settings, program, &package.manifest, &package.samples).await?;
    Ok(Examined { package, samples })
}

/// Takes a connector that passes its gate into use, without a restart; one that does not is refused, as data.
///
/// # Errors
/// [`ConnectorError::VersionTaken`].
pub async fn register(opened: &OpenDatabase, act: Act<'_>, examined: Examined) -> Result<Registration, OperationError> {
    let state = if examined.passes() {
        store_version(opened, act, &examined.package).await?
    } else {
        RegistrationState::Refused
    };
    Ok(examined.registration(state))
}

/// A version number means one manifest: that of the program is taken.
fn above_base(package: &Package, base: Option<&Found>) -> Result<(), ConnectorError> {
    let (connector, version) = (package.manifest.id.clone(), package.manifest.version());
    match base {
        Some(found) if found.text == package.text => {
            Err(ConnectorError::NothingToRegister { connector, version, origin: found.origin })
        }
        Some(found) if version <= found.manifest.version() => {
            Err(ConnectorError::VersionTaken { connector, version, highest: found.manifest.version() })
        }
        _ if version < 1 => Err(ConnectorError::VersionTaken { connector, version, highest: 0 }),
        _ => Ok(()),
    }
}

/// Stores a version that has passed the gate, and takes it into use.
async fn store_version(
    opened: &OpenDatabase,
    act: Act<'_>,
    package: &Package,
) -> Result<RegistrationState, OperationError> {
    let (id, version) = (package.manifest.id.as_str(), package.manifest.version());
    let digest = content_digest(&opened.keys, &package.text, &package.samples);
    let mut tx = store::begin(&opened.db).await?;
    let (held, highest) = store::stored(&mut tx, id, version).await?;
    if held.as_deref() == Some(&digest[..]) {
        let used = store::decided(&mut tx, id).await?.and_then(|decided| decided.version);
        let in_use = used == Some(version);
        return Ok(if in_use { RegistrationState::Unchanged } else { RegistrationState::NotInUse });
    }
    if let Some(highest) = highest.filter(|highest| version <= *highest) {
        return Err(ConnectorError::VersionTaken { connector: id.to_owned(), version, highest }.into());
    }
    let new =
        NewVersion { connector: id, version, digest: &digest, manifest: &package.text, samples: &package.samples };
    store::add_version(&mut tx, &opened.keys, new, act.author()).await?;
    store::decide(&mut tx, id, store::Change::Version(Some(version)), act.author()).await?;
    let object = format!("connector {id} version {version}");
    act.commit(tx, opened, AuditEntry::new("connector.register", object)).await?;
    Ok(RegistrationState::Registered)
}

/// One version of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VersionShown {
    /// The version.
    pub version: i64,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether it is the one in use.
    pub in_use: bool,
    /// When it was registered, RFC 3339; none where it was not.
    pub registered_at: Option<String>,
    /// By whom.
    pub registered_by: Option<String>,
    /// Why.
    pub because: Option<String>,
}

/// Who decided that a connector's sources are not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DisabledConnector {
    /// By whom.
    pub by: String,
    /// Why.
    pub because: String,
}

/// The versions of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConnectorVersions {
    /// All of them: the registered ones, the newest first, then the one that comes with the program.
    #[serde(flatten)]
    pub page: Page<VersionShown>,
    /// Why its sources are not read; none: they are.
    pub disabled: Option<DisabledConnector>,
}

/// Every version of a connector, and which one is in use.
///
/// # Errors
/// [`NotFound::Connector`].
pub async fn versions(access: RegistryAccess<'_>, connector: &str) -> Result<ConnectorVersions, OperationError> {
    let base = registry::base(access.settings, access.program)?;
    let stored = store::versions(&access.opened.db, connector).await?;
    let registered = store::read(&access.opened.db).await?;
    let decided = registered.decided.iter().find(|decided| decided.connector == connector);
    let used = decided.and_then(|decided| decided.version);
    let mut rows: Vec<VersionShown> = stored.iter().map(|version| registered_version(version, used)).collect();
    rows.extend(base.get(connector).map(|found| base_version(found, used)));
    if rows.is_empty() {
        return Err(NotFound::Connector { connector: connector.to_owned() }.into());
    }
    let disabled = decided.filter(|decided| !decided.enabled);
    let disabled = disabled.map(|d| DisabledConnector { by: d.by.clone(), because: d.because.clone() });
    Ok(ConnectorVersions { page: Page::whole(rows), disabled })
}

fn registered_version(version: &Version, used: Option<i64>) -> VersionShown {
    VersionShown {
        version: version.version,
        origin: Origin::Registered,
        in_use: used == Some(version.version),
        registered_at: Some(instant(version.registered_at)),
        registered_by: Some(version.registered_by.clone()),
        because: Some(version.because.clone()),
    }
}

fn base_version(found: &Found, used: Option<i64>) -> VersionShown {
    let (version, origin) = (found.manifest.version(), found.origin);
    VersionShown { version, origin, in_use: used.is_none(), registered_at: None, registered_by: None, because: None }
}

/// Which version of a connector is in use after a rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RolledBack {
    /// The connector.
    pub connector: String,
    /// The version in use; none: the one that comes with the program.
    pub version: Option<i64>,
    /// Whether another one was in use before.
    pub changed: bool,
}

/// Uses another version of a connector again: a number, or `built-in` for the one that comes with the program.
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
    let version = wanted_version(access, connector, to).await?;
    let mut tx = store::begin(&opened.db).await?;
    let before = store::decided(&mut tx, connector).await?.and_then(|decided| decided.version);
    let changed = before != version;
    if changed {
        store::decide(&mut tx, connector, store::Change::Version(version), act.author()).await?;
        let (object, detail) = (format!("connector {connector}"), json!({ "from": before, "to": version }));
        act.commit(tx, opened, AuditEntry { action: "connector.rollback", object, detail }).await?;
    }
    Ok(RolledBack { connector: connector.to_owned(), version, changed })
}

/// The version that is asked for, which passes its samples; none: the one that comes with the program.
async fn wanted_version(access: RegistryAccess<'_>, connector: &str, to: &str) -> Result<Option<i64>, OperationError> {
    let base = registry::base(access.settings, access.program)?;
    let stored = store::versions(&access.opened.db, connector).await?;
    if stored.is_empty() && !base.contains_key(connector) {
        return Err(NotFound::Connector { connector: connector.to_owned() }.into());
    }
    let wanted = to.parse::<i64>().ok();
    match (stored.iter().find(|version| Some(version.version) == wanted), base.get(connector)) {
        (Some(version), _) => {
            still_passes(access, version).await?;
            Ok(Some(version.version))
        }
        (None, Some(found)) if to == BUILT_IN || wanted == Some(found.manifest.version()) => Ok(None),
        _ => Err(ConnectorError::NoVersion { connector: connector.to_owned(), version: to.to_owned() }.into()),
    }
}

/// A version is used again only if it passes under today's program and rules.
async fn still_passes(access: RegistryAccess<'_>, version: &Version) -> Result<(), OperationError> {
    let RegistryAccess { opened, settings, program } = access;
    let policy = rule_files::policy(settings)?;
    let found = registry::parse(version, RulesInUse { policy: &policy, files: &settings.pack_names() })?;
    let samples = store::samples(&opened.db, &opened.keys, &version.connector, version.version).await?;
    let rows = authoring::gate(settings, program, &found.manifest, &samples.unwrap_or_default()).await?;
    if rows.iter().all(|row| row.ok) {
        return Ok(());
    }
    let differences = rows.into_iter().flat_map(|row| row.differences).take(DIFFERENCES).collect();
    Err(ConnectorError::FailsItsSamples { version: version.version, differences }.into())
}

/// Whether a connector's sources are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConnectorEnabled {
    /// The connector.
    pub connector: String,
    /// Whether its sources are read.
    pub enabled: bool,
    /// Whether it was otherwise before.
    pub changed: bool,
}

/// Lets a connector's sources be read, or no longer; what was received is still delivered.
///
/// # Errors
/// [`NotFound::Connector`].
pub async fn set_enabled(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    connector: &str,
    enabled: bool,
) -> Result<ConnectorEnabled, OperationError> {
    let base = registry::base(access.settings, access.program)?;
    let mut tx = store::begin(&access.opened.db).await?;
    let before = store::decided(&mut tx, connector).await?;
    if before.is_none() && !base.contains_key(connector) {
        return Err(NotFound::Connector { connector: connector.to_owned() }.into());
    }
    let changed = before.is_none_or(|decided| decided.enabled) != enabled;
    if changed {
        store::decide(&mut tx, connector, store::Change::Enabled(enabled), act.author()).await?;
        let action = if enabled { "connector.enable" } else { "connector.disable" };
        act.commit(tx, access.opened, AuditEntry::new(action, format!("connector {connector}"))).await?;
    }
    Ok(ConnectorEnabled { connector: connector.to_owned(), enabled, changed })
}
