//! What runs: manifests that are built in, stand in a folder or are registered, and the sources of the settings and of the
//! store. A running process keeps up with the store.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use huiliu_messages::{Message, SystemError, said_in_english};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::database::{self, Make, OpenError};
use crate::manifests::{Active, ActiveManifest};
use crate::program::Program;
use crate::runtime::Runtime;
use crate::settings::{Settings, SourceSettings};
use huiliu_authoring::gate::trial::{self, GateError};
use huiliu_manifest::{Manifest, ManifestError};
use huiliu_platform::Failure;
use huiliu_rules::policy::Policy;
use huiliu_store::StoreError;
use huiliu_store::admin::registry::{self, Decided, Registered, Version};
use huiliu_store::admin::sources;
use huiliu_store::intake::runs::Current;
use huiliu_store::sql::schema;
use huiliu_values::ActivationKind;

/// Why a source or a connector cannot be used.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum RegistryError {
    /// A folder of manifests, or a manifest in it, cannot be read.
    #[serde(rename = "manifests_dir.unreadable")]
    Unreadable {
        /// Which.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// What the system says.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// The connector is disabled.
    #[serde(rename = "connector.disabled")]
    Disabled {
        /// The connector.
        connector: String,
        /// Who disabled it.
        by: String,
        /// Why.
        because: String,
    },
    /// The registered version is too new for this program.
    #[serde(rename = "source.unusable_connector")]
    UnusableVersion {
        /// The source.
        name: String,
        /// The connector.
        connector: String,
        /// The version.
        version: i64,
        /// What is wrong with it.
        why: Message,
    },
    /// There is no such connector.
    #[serde(rename = "source.unknown_connector")]
    UnknownConnector {
        /// The source.
        name: String,
        /// As the source names it.
        connector: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// A sealed password or secret does not open.
    #[serde(rename = "secret.sealed")]
    SealedSecret {
        /// The source.
        name: String,
        /// The secret's name.
        secret: String,
    },
    /// An environment variable that holds a password or secret is not set.
    #[serde(rename = "secret.unset")]
    UnsetVariable {
        /// The source.
        name: String,
        /// The variable.
        variable: String,
    },
    /// The file of a password does not give one.
    #[serde(rename = "secret.file")]
    PasswordFile {
        /// The source.
        name: String,
        /// The file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// Why.
        why: PasswordFileFault,
    },
    /// A manifest is wrong.
    #[serde(untagged)]
    Manifest(ManifestError),
    /// The rules do not convert its hours.
    #[serde(untagged)]
    Gate(GateError),
    /// The connector cannot be made for these settings.
    #[serde(untagged)]
    Connector(Failure),
}

/// Why the file of a password does not give one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum PasswordFileFault {
    /// Its first line is empty, or there is none.
    #[serde(rename = "password_file.empty")]
    Empty,
    /// The system does not give it.
    #[serde(untagged)]
    Unreadable(SystemError),
}

said_in_english!(RegistryError, PasswordFileFault);

impl From<ManifestError> for RegistryError {
    fn from(fault: ManifestError) -> Self {
        Self::Manifest(fault)
    }
}

impl From<GateError> for RegistryError {
    fn from(error: GateError) -> Self {
        Self::Gate(error)
    }
}

impl From<Failure> for RegistryError {
    fn from(failure: Failure) -> Self {
        Self::Connector(failure)
    }
}

impl RegistryError {
    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Unreadable { .. } => "manifests_dir",
            Self::Manifest(_) => "manifest",
            Self::Gate(_) => "connector.gate",
            Self::Disabled { .. } => "connector.disabled",
            Self::UnusableVersion { .. } => "connector.unusable",
            Self::UnknownConnector { .. } => "connector.not_found",
            Self::SealedSecret { .. } => "secret.sealed",
            Self::UnsetVariable { .. } => "secret.unset",
            Self::PasswordFile { .. } => "secret.file",
            Self::Connector(failure) => return failure.message().code().to_owned().into(),
        })
    }
}

/// Where a manifest comes from; a later one takes an earlier one's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It came with the program.
    BuiltIn,
    /// It stands in `manifests_dir`.
    #[serde(rename = "manifests_dir")]
    Folder,
    /// It was registered at run time.
    Registered,
}

/// A manifest with its text and where it comes from.
#[derive(Debug, Clone)]
pub struct Found {
    /// The manifest.
    pub manifest: Manifest,
    /// Its text.
    pub text: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// The shipped manifests, and those of the settings' folder in their place or beside them, by id.
///
/// # Errors
/// [`RegistryError`] when one cannot be read.
pub fn base(settings: &Settings, program: &Program) -> Result<BTreeMap<String, Found>, RegistryError> {
    let mut all = BTreeMap::new();
    for shipped in program.shipped {
        let (manifest, text) = (shipped.manifest()?, shipped.manifest.to_owned());
        all.insert(manifest.id.clone(), Found { manifest, text, origin: Origin::BuiltIn });
    }
    let Some(dir) = &settings.manifests_dir else { return Ok(all) };
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| RegistryError::Unreadable { path, source }
    };
    for entry in std::fs::read_dir(dir).map_err(unreadable(dir))? {
        let path = entry.map_err(unreadable(dir))?.path().join("manifest.toml");
        if path.is_file() {
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            let manifest = Manifest::parse(&path.display().to_string(), &text)?;
            all.insert(manifest.id.clone(), Found { manifest, text, origin: Origin::Folder });
        }
    }
    Ok(all)
}

/// The rules that a manifest must be usable under, and the files they stand in, for messages.
#[derive(Debug, Clone, Copy)]
pub struct RulesInUse<'a> {
    /// The rules.
    pub policy: &'a Policy,
    /// Their files.
    pub files: &'a str,
}

/// A registered manifest, if this program and these rules can use it.
///
/// # Errors
/// [`RegistryError`] saying why not.
pub fn parse(version: &Version, rules: RulesInUse<'_>) -> Result<Found, RegistryError> {
    let place = format!("{} version {}", version.connector, version.version);
    let manifest = Manifest::parse(&place, &version.manifest)?;
    trial::convertible(&manifest, rules.policy, rules.files)?;
    Ok(Found { manifest, text: version.manifest.clone(), origin: Origin::Registered })
}

/// A registered version that this program cannot use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The version.
    pub version: i64,
    /// Why.
    pub why: Message,
}

/// What runs, and why a registered manifest does not.
#[derive(Debug, Default)]
pub struct InUse {
    /// Manifests, by connector id.
    pub found: BTreeMap<String, Found>,
    /// Connector id → the version in use that cannot be read here.
    pub unreadable: BTreeMap<String, Unusable>,
}

/// Registered versions in the place of those that are there already.
fn merged(base: &BTreeMap<String, Found>, registered: &Registered, rules: RulesInUse<'_>) -> InUse {
    let mut in_use = InUse { found: base.clone(), unreadable: BTreeMap::new() };
    for version in &registered.in_use {
        let id = version.connector.clone();
        match parse(version, rules) {
            Ok(found) => {
                in_use.found.insert(id, found);
            }
            // The one behind it is older: it would read what comes now in the wrong way.
            Err(why) => {
                in_use.found.remove(&id);
                in_use.unreadable.insert(id, Unusable { version: version.version, why: Message::new(&why) });
            }
        }
    }
    in_use
}

/// What runs according to settings and what is registered.
///
/// # Errors
/// [`RegistryError`] when a manifest of the settings cannot be read.
pub fn in_use(
    settings: &Settings,
    program: &Program,
    policy: &Policy,
    registered: &Registered,
) -> Result<InUse, RegistryError> {
    let files = settings.pack_names();
    Ok(merged(&base(settings, program)?, registered, RulesInUse { policy, files: &files }))
}

/// What is registered, for whoever only looks: nothing where there is no database. Makes nothing.
///
/// # Errors
/// [`OpenError`] when there is one and it does not answer.
pub async fn look(settings: &Settings) -> Result<Registered, OpenError> {
    if !database::is_there(settings) {
        return Ok(Registered::default());
    }
    let db = database::open_alone(settings, Make::Nothing).await?;
    let registered = match schema::require_current(&db).await {
        Ok(()) => registry::read(&db).await,
        Err(e) => Err(e),
    };
    db.close().await;
    Ok(registered?)
}

/// A password or key, opened. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is known of one moment.
#[derive(Debug, Default)]
pub struct Known {
    /// The number of the last change in it; before the first look −1.
    pub number: i64,
    /// Those of the settings, then those of the store.
    pub sources: Vec<SourceSettings>,
    disabled: BTreeMap<String, Decided>,
    unreadable: BTreeMap<String, Unusable>,
    /// By source and name; none: it does not open.
    secrets: HashMap<(String, String), Option<Secret>>,
}

impl Known {
    /// Whether a connector's sources may be read.
    ///
    /// # Errors
    /// [`RegistryError::Disabled`].
    pub fn may_read(&self, connector: &str) -> Result<(), RegistryError> {
        match self.disabled.get(connector) {
            None => Ok(()),
            Some(Decided { connector, by, because, .. }) => {
                Err(RegistryError::Disabled { connector: connector.clone(), by: by.clone(), because: because.clone() })
            }
        }
    }

    /// Why this program cannot use a connector that is registered.
    pub fn unreadable(&self, connector: &str) -> Option<&Unusable> {
        self.unreadable.get(connector)
    }
}

/// Everything that a source's connector is made of: the same again needs no other connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The source.
    pub source: SourceSettings,
    /// The activation of its manifest.
    pub activation: i64,
    /// Its password.
    pub password: Secret,
    /// The other secrets, by name.
    secrets: BTreeMap<String, Secret>,
}

impl Recipe {
    /// The password, opened.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password.0
    }

    /// The other secrets, opened.
    #[must_use]
    pub fn secrets(&self) -> BTreeMap<String, String> {
        self.secrets.iter().map(|(name, secret)| (name.clone(), secret.0.clone())).collect()
    }
}

/// What a running process knows of the store's registry.
#[derive(Debug, Clone)]
pub struct Follower(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    base: BTreeMap<String, Found>,
    known: RwLock<Arc<Known>>,
    /// What was told already; whoever looks holds it.
    told: Mutex<HashSet<String>>,
}

impl Follower {
    /// Knows nothing of the store yet.
    #[must_use]
    pub fn new(base: BTreeMap<String, Found>) -> Self {
        let known = RwLock::new(Arc::new(Known { number: -1, ..Known::default() }));
        Self(Arc::new(Inner { base, known, told: Mutex::default() }))
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.0.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Runtime {
    /// What is known now.
    pub fn known(&self) -> Arc<Known> {
        self.registry.known()
    }

    /// Looks whether anything was registered since the last look, and takes it up.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let mut told = self.registry.0.told.lock().await;
        while registry::number(&self.delivery.db).await? != self.known().number {
            let registered = registry::read(&self.delivery.db).await?;
            self.take_up_registered(registered, &mut told).await?;
        }
        Ok(())
    }

    /// Changes nothing when something was registered meanwhile.
    async fn take_up_registered(&self, registered: Registered, told: &mut HashSet<String>) -> Result<(), StoreError> {
        let files = self.settings.pack_names();
        let rules = RulesInUse { policy: &self.delivery.policy, files: &files };
        let InUse { found, unreadable } = merged(&self.registry.0.base, &registered, rules);
        let Some(mut active) = activated(self, registered.number, &found).await? else { return Ok(()) };
        let before = self.delivery.manifests.now();
        for (connector, Unusable { version, why }) in &unreadable {
            if told.insert(format!("{connector} {version}")) {
                tracing::error!(
                    connector,
                    version,
                    "a registered manifest cannot be used, the connector stays as it was: {why}"
                );
            }
            if let Some(as_it_was) = before.get(connector) {
                active.insert(connector.clone(), as_it_was.clone());
            }
        }
        let known = Known {
            number: registered.number,
            sources: self.sources(&registered, told),
            disabled: registered
                .decided
                .iter()
                .filter(|d| !d.enabled)
                .map(|d| (d.connector.clone(), d.clone()))
                .collect(),
            unreadable,
            secrets: self.secrets(&registered),
        };
        self.delivery.manifests.replace(active);
        *self.registry.0.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        tracing::info!(number = registered.number, "took up what is registered");
        Ok(())
    }

    /// Those of the settings, and those of the store whose name is not among them.
    fn sources(&self, registered: &Registered, told: &mut HashSet<String>) -> Vec<SourceSettings> {
        let mut all = self.settings.sources.clone();
        for row in &registered.sources {
            if self.settings.sources.iter().any(|s| s.name == row.name) {
                continue;
            }
            match SourceSettings::registered(row) {
                Ok(source) => all.push(source),
                Err(why) => {
                    if told.insert(format!("source {} {}", row.name, row.set_at)) {
                        tracing::error!(source = row.name, "a registered source cannot be used: {why}");
                    }
                }
            }
        }
        all
    }

    fn secrets(&self, registered: &Registered) -> HashMap<(String, String), Option<Secret>> {
        let open = |row: &sources::SecretRow| sources::open_secret(&self.delivery.keys, row).ok().map(Secret);
        registered.secrets.iter().map(|row| ((row.source.clone(), row.name.clone()), open(row))).collect()
    }

    /// What a source's connector is made of now, and its manifest.
    ///
    /// # Errors
    /// [`RegistryError`] when there is no such connector, or a secret cannot be had.
    pub fn recipe(&self, source: &SourceSettings) -> Result<(Recipe, Manifest), RegistryError> {
        let (known, manifests) = (self.known(), self.delivery.manifests.now());
        let Some(ActiveManifest { manifest, activation }) = manifests.get(&source.connector) else {
            return Err(unknown_connector(source, &known, &manifests));
        };
        let password = Secret(password(source, &known)?);
        let secrets = other_secrets(source, &known)?;
        Ok((Recipe { source: source.clone(), activation: *activation, password, secrets }, manifest.clone()))
    }

    /// What the connector of a source would be made of, whatever manifest it is read by.
    ///
    /// # Errors
    /// [`RegistryError`] when a secret cannot be had.
    pub fn recipe_for_any(&self, source: &SourceSettings) -> Result<Recipe, RegistryError> {
        let password = Secret(password(source, &self.known())?);
        let secrets = other_secrets(source, &self.known())?;
        Ok(Recipe { source: source.clone(), activation: 0, password, secrets })
    }
}

/// Activates what was found; none when something was registered meanwhile.
async fn activated(
    runtime: &Runtime,
    number: i64,
    found: &BTreeMap<String, Found>,
) -> Result<Option<Active>, StoreError> {
    let rules = runtime.settings.rules_text();
    let digest = |f: &Found| runtime.delivery.keys.digest(&[b"activation", f.text.as_bytes(), rules.as_bytes()]);
    let digests: Vec<_> = found.values().map(digest).collect();
    let currents: Vec<Current<'_>> = found
        .values()
        .map(|f| &f.manifest)
        .zip(&digests)
        .map(|(m, digest)| Current { kind: ActivationKind::Manifest, name: &m.id, version: m.version(), digest })
        .collect();
    let activations = registry::activate(&runtime.delivery.db, number, &currents).await?;
    let active = |activations: Vec<i64>| {
        let entry = |(f, activation): (&Found, i64)| {
            (f.manifest.id.clone(), ActiveManifest { manifest: f.manifest.clone(), activation })
        };
        found.values().zip(activations).map(entry).collect()
    };
    Ok(activations.map(active))
}

fn unknown_connector(source: &SourceSettings, known: &Known, manifests: &Active) -> RegistryError {
    let (name, connector) = (source.name.clone(), source.connector.clone());
    if let Some(Unusable { version, why }) = known.unreadable(&connector) {
        return RegistryError::UnusableVersion { name, connector, version: *version, why: why.clone() };
    }
    let mut known: Vec<String> = manifests.keys().cloned().collect();
    known.sort_unstable();
    RegistryError::UnknownConnector { name, connector, known }
}

/// The password of a source: sealed in the store, else in a file, else in the environment.
fn password(source: &SourceSettings, known: &Known) -> Result<String, RegistryError> {
    if let Some(password) = &source.password {
        return Ok(password.clone());
    }
    if let Some(sealed) = known.secrets.get(&(source.name.clone(), "password".to_owned())) {
        let opened = sealed.as_ref().map(|secret| secret.0.clone());
        return opened.ok_or_else(|| sealed_secret(&source.name, "password"));
    }
    if !source.password_file.as_os_str().is_empty() {
        return first_line(source);
    }
    if source.password_env.is_empty() {
        return Ok(String::new());
    }
    of_environment(source, &source.password_env)
}

fn sealed_secret(name: &str, secret: &str) -> RegistryError {
    RegistryError::SealedSecret { name: name.to_owned(), secret: secret.to_owned() }
}

fn of_environment(source: &SourceSettings, variable: &str) -> Result<String, RegistryError> {
    std::env::var(variable)
        .map_err(|_| RegistryError::UnsetVariable { name: source.name.clone(), variable: variable.to_owned() })
}

/// The secrets of a source besides its password: sealed in the store, else in the environment.
fn other_secrets(source: &SourceSettings, known: &Known) -> Result<BTreeMap<String, Secret>, RegistryError> {
    let mut all = BTreeMap::new();
    for (name, variable) in &source.secrets_env {
        all.insert(name.clone(), Secret(of_environment(source, variable)?));
    }
    for ((of, name), sealed) in known.secrets.iter().filter(|((of, name), _)| *of == source.name && name != "password")
    {
        all.insert(name.clone(), sealed.clone().ok_or_else(|| sealed_secret(of, name))?);
    }
    Ok(all)
}

fn first_line(source: &SourceSettings) -> Result<String, RegistryError> {
    let refused =
        |why| RegistryError::PasswordFile { name: source.name.clone(), file: source.password_file.clone(), why };
    let text =
        std::fs::read_to_string(&source.password_file).map_err(|e| refused(PasswordFileFault::Unreadable(e.into())))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(refused(PasswordFileFault::Empty)),
    }
}
