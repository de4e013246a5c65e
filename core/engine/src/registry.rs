//! Finds the manifests that run (built in, in a folder, or registered) and the sources (of the settings and of the
//! store). A running process follows changes in the store.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use huiliu_messages::{Message, SystemError, said_in_english};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::database::{self, MayCreate, OpenError};
use crate::log_event::LogEvent;
use crate::manifest_digests::digest_manifest;
use crate::manifests::{Active, ActiveManifest};
use crate::program::Program;
use crate::runtime::Runtime;
use crate::settings::{Settings, SourceSettings};
use crate::source_secrets::{read_other_secrets, read_password};
use huiliu_authoring::gate::package::{MANIFEST_FILE, MAX_MANIFEST};
use huiliu_authoring::gate::trial::{self, GateError};
use huiliu_files::Folder;
use huiliu_manifest::{Manifest, ManifestError};
use huiliu_platform::Failure;
use huiliu_rules::policy::Policy;
use huiliu_store::StoreError;
use huiliu_store::admin::registry::{self, ConnectorUse, Registered, Version};
use huiliu_store::admin::sources;
use huiliu_store::intake::runs::NewActivation;
use huiliu_store::sql::schema;
use huiliu_values::ActivationKind;

/// Why a source or a connector cannot be used.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum RegistryError {
    /// A folder of manifests, or a manifest in it, cannot be read.
    #[serde(rename = "manifests_dir.unreadable")]
    Unreadable {
        /// The folder or file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// The operating system's error.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// The connector is disabled.
    #[serde(rename = "connector.disabled")]
    Disabled {
        /// The connector's id.
        connector: String,
        /// The person who disabled it.
        by: String,
        /// The reason given for disabling it.
        because: String,
    },
    /// This program cannot use the registered version, for example because it is too new.
    #[serde(rename = "source.unusable_connector")]
    UnusableVersion {
        /// The source's name.
        name: String,
        /// The connector's id.
        connector: String,
        /// The registered version.
        version: i64,
        /// What is wrong with it.
        why: Message,
    },
    /// The connector does not exist.
    #[serde(rename = "source.unknown_connector")]
    UnknownConnector {
        /// The source's name.
        name: String,
        /// The connector id that the source names.
        connector: String,
        /// The ids of the connectors that exist.
        known: Vec<String>,
    },
    /// A sealed password or secret cannot be opened.
    #[serde(rename = "secret.sealed")]
    SealedSecret {
        /// The source's name.
        name: String,
        /// The secret's name.
        secret: String,
    },
    /// An environment variable that holds a password or secret is not set.
    #[serde(rename = "secret.unset")]
    UnsetVariable {
        /// The source's name.
        name: String,
        /// The name of the variable.
        variable: String,
    },
    /// A password file does not contain a password.
    #[serde(rename = "secret.file")]
    PasswordFile {
        /// The source's name.
        name: String,
        /// The password file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// What is wrong with the file.
        why: PasswordFileError,
    },
    /// A manifest is invalid.
    #[serde(untagged)]
    Manifest(ManifestError),
    /// The rules do not convert the connector's hours.
    #[serde(untagged)]
    Gate(GateError),
    /// The connector cannot be built from these settings.
    #[serde(untagged)]
    Connector(Failure),
}

/// Why a password file gives no password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum PasswordFileError {
    /// The file is empty, or its first line is.
    #[serde(rename = "password_file.empty")]
    Empty,
    /// The operating system cannot read it.
    #[serde(untagged)]
    Unreadable(SystemError),
}

said_in_english!(RegistryError, PasswordFileError);

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
    /// Returns a stable code for programs.
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

/// Where a manifest comes from. A later variant replaces an earlier one with the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It ships with the program.
    BuiltIn,
    /// It is in the settings' `manifests_dir`.
    #[serde(rename = "manifests_dir")]
    Folder,
    /// It was registered at run time, in the database.
    Registered,
}

/// A manifest with its text and where it comes from.
#[derive(Debug, Clone)]
pub struct FoundManifest {
    /// The parsed manifest.
    pub manifest: Manifest,
    /// Its TOML text.
    pub text: String,
    /// Where it was found.
    pub origin: Origin,
}

/// Loads the built-in manifests and those of the settings' folder, by id. A manifest of the folder replaces a built-in
/// one.
///
/// # Errors
/// [`RegistryError`] when one cannot be read.
pub fn load_base_manifests(
    settings: &Settings,
    program: &Program,
) -> Result<BTreeMap<String, FoundManifest>, RegistryError> {
    let mut all = BTreeMap::new();
    for shipped in program.shipped {
        let (manifest, text) = (shipped.parse_manifest()?, shipped.manifest.to_owned());
        all.insert(manifest.id.clone(), FoundManifest { manifest, text, origin: Origin::BuiltIn });
    }
    let Some(dir) = &settings.manifests_dir else { return Ok(all) };
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| RegistryError::Unreadable { path, source }
    };
    let mut names = std::fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(unreadable(dir))?;
    names.sort_by_key(std::fs::DirEntry::file_name);
    for entry in names {
        let path = entry.path().join(MANIFEST_FILE);
        if let Some(text) = read_manifest(&entry.path()).map_err(unreadable(&path))? {
            let manifest = Manifest::parse(&path.display().to_string(), &text)?;
            all.insert(manifest.id.clone(), FoundManifest { manifest, text, origin: Origin::Folder });
        }
    }
    Ok(all)
}

/// Reads the manifest in a folder of the folder of manifests, if there is one. Links are followed as far as
/// [`Folder::open`] trusts them.
fn read_manifest(folder: &Path) -> std::io::Result<Option<String>> {
    let opened = match Folder::open(folder).map_err(std::io::Error::from) {
        Ok(opened) => opened,
        // A file beside the folders.
        Err(e) if matches!(e.kind(), ErrorKind::NotADirectory | ErrorKind::NotFound) => return Ok(None),
        Err(e) => return Err(e),
    };
    match opened.read_text(MANIFEST_FILE.as_ref(), MAX_MANIFEST) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// The rules that a manifest must be usable under, and the names of their files, for messages.
#[derive(Debug, Clone, Copy)]
pub struct RulesInUse<'a> {
    /// The rules themselves.
    pub policy: &'a Policy,
    /// The names of their files.
    pub files: &'a str,
}

/// Parses a registered manifest, and checks that this program and these rules can use it.
///
/// # Errors
/// [`RegistryError`] if they cannot.
pub fn parse_registered(version: &Version, rules: RulesInUse<'_>) -> Result<FoundManifest, RegistryError> {
    let place = format!("{} version {}", version.connector, version.version);
    let manifest = Manifest::parse(&place, &version.manifest)?;
    trial::check_units(&manifest, rules.policy, rules.files)?;
    Ok(FoundManifest { manifest, text: version.manifest.clone(), origin: Origin::Registered })
}

/// A registered version that this program cannot use, or a manifest of the folder with open questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The version's number.
    pub version: i64,
    /// Why this program cannot use it.
    pub why: Message,
}

/// The manifests that run, and why some registered manifests do not.
#[derive(Debug, Default)]
pub struct InUse {
    /// Manifests, by connector id.
    pub found: BTreeMap<String, FoundManifest>,
    /// Connector id → the version in use that this program cannot use.
    pub unreadable: BTreeMap<String, Unusable>,
}

/// Replaces base manifests by the registered versions in use.
fn merge_registered(base: &BTreeMap<String, FoundManifest>, registered: &Registered, rules: RulesInUse<'_>) -> InUse {
    let mut in_use = InUse { found: base.clone(), unreadable: BTreeMap::new() };
    // What is registered has passed the gate. A folder has none, so that guesses could be used as if they were known.
    for (id, found) in base.iter().filter(|(_, found)| found.origin == Origin::Folder) {
        if let Err(why) = trial::check_questions(&found.manifest, &found.text) {
            in_use.found.remove(id);
            let (version, why) = (found.manifest.version_number(), Message::new(&why));
            in_use.unreadable.insert(id.clone(), Unusable { version, why });
        }
    }
    for version in &registered.in_use {
        let id = version.connector.clone();
        match parse_registered(version, rules) {
            Ok(found) => {
                in_use.unreadable.remove(&id);
                in_use.found.insert(id, found);
            }
            // Do not fall back to the older manifest: it would misread current payloads.
            Err(why) => {
                in_use.found.remove(&id);
                in_use.unreadable.insert(id, Unusable { version: version.version, why: Message::new(&why) });
            }
        }
    }
    in_use
}

/// Returns what runs, from the settings and the registry.
///
/// # Errors
/// [`RegistryError`] when a manifest of the settings cannot be read.
pub fn resolve_in_use(
    settings: &Settings,
    program: &Program,
    policy: &Policy,
    registered: &Registered,
) -> Result<InUse, RegistryError> {
    let files = settings.pack_names();
    Ok(merge_registered(&load_base_manifests(settings, program)?, registered, RulesInUse { policy, files: &files }))
}

/// Reads the registry for read-only commands. Returns an empty registry if there is no database; never creates one.
///
/// # Errors
/// [`OpenError`] if there is a database and it does not answer.
pub async fn read_registered(settings: &Settings) -> Result<Registered, OpenError> {
    if !database::database_exists(settings) {
        return Ok(Registered::default());
    }
    let db = database::open_without_keys(settings, MayCreate::Nothing).await?;
    let registered = match schema::require_current(&db).await {
        Ok(()) => registry::read_registry(&db).await,
        Err(e) => Err(e),
    };
    db.close().await;
    Ok(registered?)
}

/// An opened password or key. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A snapshot of the store's registry.
#[derive(Debug, Default)]
pub struct RegistrySnapshot {
    /// The number of the last change that it includes; −1 before the first look.
    pub number: i64,
    /// The sources of the settings, then those of the store.
    pub sources: Vec<SourceSettings>,
    disabled: BTreeMap<String, ConnectorUse>,
    unreadable: BTreeMap<String, Unusable>,
    /// By source and secret name; `None` if the secret does not open.
    pub(crate) secrets: HashMap<(String, String), Option<Secret>>,
}

impl RegistrySnapshot {
    /// Checks that a connector's sources may be read.
    ///
    /// # Errors
    /// [`RegistryError::Disabled`] if they may not.
    pub fn may_read(&self, connector: &str) -> Result<(), RegistryError> {
        match self.disabled.get(connector) {
            None => Ok(()),
            Some(ConnectorUse { connector, by, because, .. }) => {
                Err(RegistryError::Disabled { connector: connector.clone(), by: by.clone(), because: because.clone() })
            }
        }
    }

    /// Returns why this program cannot use a registered connector, if it cannot.
    pub fn find_unusable(&self, connector: &str) -> Option<&Unusable> {
        self.unreadable.get(connector)
    }
}

/// Everything that a source's connector is built from. Equal recipes build equal connectors, so a connector can be
/// reused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The source's settings.
    pub source: SourceSettings,
    /// The activation number of its manifest.
    pub activation: i64,
    /// The password, opened.
    pub password: Secret,
    /// The other secrets, by name.
    secrets: BTreeMap<String, Secret>,
}

impl Recipe {
    /// Returns the password in the clear.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password.0
    }

    /// Returns the other secrets in the clear, by name.
    #[must_use]
    pub fn secrets(&self) -> BTreeMap<String, String> {
        self.secrets.iter().map(|(name, secret)| (name.clone(), secret.0.clone())).collect()
    }
}

/// Follows the store's registry: holds the latest snapshot of it.
#[derive(Debug, Clone)]
pub struct RegistryFollower(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    base: BTreeMap<String, FoundManifest>,
    known: RwLock<Arc<RegistrySnapshot>>,
    /// Problems that were logged already. Locked during a refresh.
    told: Mutex<HashSet<String>>,
}

impl RegistryFollower {
    /// Creates a follower that has not read the store yet.
    #[must_use]
    pub fn new(base: BTreeMap<String, FoundManifest>) -> Self {
        let known = RwLock::new(Arc::new(RegistrySnapshot { number: -1, ..RegistrySnapshot::default() }));
        Self(Arc::new(Inner { base, known, told: Mutex::default() }))
    }

    fn current_snapshot(&self) -> Arc<RegistrySnapshot> {
        Arc::clone(&self.0.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Runtime {
    /// Returns the latest snapshot of the registry.
    pub fn registry_snapshot(&self) -> Arc<RegistrySnapshot> {
        self.registry.current_snapshot()
    }

    /// Applies what was registered, and which rules were activated, since the last look.
    pub async fn refresh_registry(&self) -> Result<(), StoreError> {
        self.delivery.rules.refresh(&self.delivery.db, &self.delivery.keys).await?;
        let mut told = self.registry.0.told.lock().await;
        while registry::read_number(&self.delivery.db).await? != self.registry_snapshot().number {
            let registered = registry::read_registry(&self.delivery.db).await?;
            self.apply_registered(registered, &mut told).await?;
        }
        Ok(())
    }

    /// Applies one state of the registry. Changes nothing if something else was registered meanwhile.
    async fn apply_registered(&self, registered: Registered, told: &mut HashSet<String>) -> Result<(), StoreError> {
        let in_force = self.delivery.rules.current();
        let rules = RulesInUse { policy: &in_force.policy, files: &in_force.files };
        let InUse { found, unreadable } = merge_registered(&self.registry.0.base, &registered, rules);
        let Some(mut active) = activate_found(self, registered.number, &found).await? else { return Ok(()) };
        let before = self.delivery.manifests.current();
        for (connector, Unusable { version, why }) in &unreadable {
            if told.insert(format!("{connector} {version}")) {
                tracing::error!(connector, version, "{}", LogEvent::ManifestUnusable { why: why.clone() });
            }
            if let Some(as_it_was) = before.get(connector) {
                active.insert(connector.clone(), as_it_was.clone());
            }
        }
        let known = RegistrySnapshot {
            number: registered.number,
            sources: self.merge_sources(&registered, told),
            disabled: registered
                .decided
                .iter()
                .filter(|d| !d.enabled)
                .map(|d| (d.connector.clone(), d.clone()))
                .collect(),
            unreadable,
            secrets: self.open_secrets(&registered),
        };
        self.delivery.manifests.replace(active);
        *self.registry.0.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        tracing::info!(number = registered.number, "{}", LogEvent::RegistryRead);
        Ok(())
    }

    /// Returns the settings' sources, and those of the store whose names the settings do not use.
    fn merge_sources(&self, registered: &Registered, told: &mut HashSet<String>) -> Vec<SourceSettings> {
        let mut all = self.settings.sources.clone();
        for row in &registered.sources {
            if self.settings.sources.iter().any(|s| s.name == row.name) {
                continue;
            }
            match SourceSettings::from_row(row) {
                Ok(source) => all.push(source),
                Err(why) => {
                    if told.insert(format!("source {} {}", row.name, row.set_at)) {
                        let event = LogEvent::SourceUnusable { why: Message::new(&why) };
                        tracing::error!(source = row.name, "{event}");
                    }
                }
            }
        }
        all
    }

    fn open_secrets(&self, registered: &Registered) -> HashMap<(String, String), Option<Secret>> {
        let open = |row: &sources::SecretRow| sources::open_secret(&self.delivery.keys, row).ok().map(Secret);
        registered.secrets.iter().map(|row| ((row.source.clone(), row.name.clone()), open(row))).collect()
    }

    /// Builds the recipe of a source's connector from its current manifest. Returns the manifest too.
    ///
    /// # Errors
    /// [`RegistryError`] if there is no such connector, or a secret is missing.
    pub fn build_recipe(&self, source: &SourceSettings) -> Result<(Recipe, Manifest), RegistryError> {
        let (known, manifests) = (self.registry_snapshot(), self.delivery.manifests.current());
        let Some(ActiveManifest { manifest, activation }) = manifests.get(&source.connector) else {
            return Err(unknown_connector_error(source, &known, &manifests));
        };
        let password = Secret(read_password(source, &known)?);
        let secrets = read_other_secrets(source, &known)?;
        Ok((Recipe { source: source.clone(), activation: *activation, password, secrets }, manifest.clone()))
    }

    /// Builds the recipe of a source's connector without a manifest; its activation is 0.
    ///
    /// # Errors
    /// [`RegistryError`] if a secret is missing.
    pub fn build_recipe_without_manifest(&self, source: &SourceSettings) -> Result<Recipe, RegistryError> {
        let password = Secret(read_password(source, &self.registry_snapshot())?);
        let secrets = read_other_secrets(source, &self.registry_snapshot())?;
        Ok(Recipe { source: source.clone(), activation: 0, password, secrets })
    }
}

/// Activates these manifests. Returns `None` if something was registered meanwhile.
async fn activate_found(
    runtime: &Runtime,
    number: i64,
    found: &BTreeMap<String, FoundManifest>,
) -> Result<Option<Active>, StoreError> {
    let digests: Vec<_> = found.values().map(|found| digest_manifest(&runtime.delivery.keys, found)).collect();
    let currents: Vec<NewActivation<'_>> = found
        .values()
        .map(|f| &f.manifest)
        .zip(&digests)
        .map(|(m, digest)| NewActivation {
            kind: ActivationKind::Manifest,
            name: &m.id,
            version: m.version_number(),
            digest,
        })
        .collect();
    let activations = registry::activate_manifests(&runtime.delivery.db, number, &currents).await?;
    let active = |activations: Vec<i64>| {
        let entry = |(f, activation): (&FoundManifest, i64)| {
            (f.manifest.id.clone(), ActiveManifest { manifest: f.manifest.clone(), activation })
        };
        found.values().zip(activations).map(entry).collect()
    };
    Ok(activations.map(active))
}

fn unknown_connector_error(source: &SourceSettings, known: &RegistrySnapshot, manifests: &Active) -> RegistryError {
    let (name, connector) = (source.name.clone(), source.connector.clone());
    if let Some(Unusable { version, why }) = known.find_unusable(&connector) {
        return RegistryError::UnusableVersion { name, connector, version: *version, why: why.clone() };
    }
    let mut known: Vec<String> = manifests.keys().cloned().collect();
    known.sort_unstable();
    RegistryError::UnknownConnector { name, connector, known }
}
