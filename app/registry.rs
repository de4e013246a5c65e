//! What runs: manifests that are built in, stand in a folder or are registered, and the sources of the settings and of the
//! store. A running process keeps up with the store.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use huiliu_engine::manifests::Active;
use huiliu_manifest::Manifest;
use huiliu_rules::policy::Policy;
use huiliu_store::StoreFault;
use huiliu_store::admin::registry::{self, Decided, Registered, Version};
use huiliu_store::admin::sources;
use huiliu_store::intake::runs::Current;
use huiliu_store::sql::schema;
use tokio::sync::Mutex;

use crate::Stop;
use crate::settings::{Settings, SourceSettings};
use crate::wire::{self, House, Make};
use crate::words::{both, note, spoken, tr};

/// Where a manifest comes from; a later one takes an earlier one's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It came with the program.
    BuiltIn,
    /// It stands in `manifests_dir`.
    Folder,
    /// It was registered at run time.
    Registered,
}

impl Origin {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BuiltIn => "built_in",
            Self::Folder => "manifests_dir",
            Self::Registered => "registered",
        }
    }

    /// The word for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::BuiltIn => tr("built in", "内置"),
            Self::Folder => "manifests_dir",
            Self::Registered => tr("registered", "已注册"),
        }
    }
}

/// A manifest with its text and where it comes from.
#[derive(Debug, Clone)]
pub struct Found {
    pub manifest: Manifest,
    pub text: String,
    pub origin: Origin,
}

/// The built-in manifests, and those of the settings' folder in their place or beside them, by id.
pub fn base(settings: &Settings) -> Result<BTreeMap<String, Found>, Stop> {
    let built_in = huiliu_connectors::all().map_err(|e| Stop::usage(spoken(&e)))?;
    let texts = huiliu_connectors::CONNECTORS.iter().map(|c| c.manifest.to_owned());
    let mut all: BTreeMap<String, Found> = built_in
        .into_iter()
        .zip(texts)
        .map(|(manifest, text)| (manifest.id.clone(), Found { manifest, text, origin: Origin::BuiltIn }))
        .collect();
    let Some(dir) = &settings.manifests_dir else { return Ok(all) };
    let unreadable = |path: &Path, e: &std::io::Error| {
        Stop::usage(both!("cannot read {path}: {e}", "无法读取 {path}：{e}", path = path.display(), e = spoken(e)))
    };
    for entry in std::fs::read_dir(dir).map_err(|e| unreadable(dir, &e))? {
        let path = entry.map_err(|e| unreadable(dir, &e))?.path().join("manifest.toml");
        if path.is_file() {
            let text = std::fs::read_to_string(&path).map_err(|e| unreadable(&path, &e))?;
            let manifest = Manifest::parse(&path.display().to_string(), &text).map_err(|e| Stop::usage(spoken(&e)))?;
            all.insert(manifest.id.clone(), Found { manifest, text, origin: Origin::Folder });
        }
    }
    Ok(all)
}

/// A registered manifest, if this program and these rules can use it; else why not.
pub fn parse(version: &Version, (policy, file): (&Policy, &str)) -> Result<Found, String> {
    let place = format!("{} version {}", version.connector, version.version);
    let manifest = Manifest::parse(&place, &version.manifest).map_err(|e| spoken(&e))?;
    wire::convertible(&manifest, policy, file).map_err(|stop| stop.message)?;
    Ok(Found { manifest, text: version.manifest.clone(), origin: Origin::Registered })
}

/// What runs, and why a registered manifest does not.
#[derive(Debug, Default)]
pub struct InUse {
    pub found: BTreeMap<String, Found>,
    /// Connector id → the version in use that cannot be read here, and why.
    pub unreadable: BTreeMap<String, (i64, String)>,
}

/// Registered versions in the place of those that are there already.
fn merged(base: &BTreeMap<String, Found>, registered: &Registered, rules: (&Policy, &str)) -> InUse {
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
                in_use.unreadable.insert(id, (version.version, why));
            }
        }
    }
    in_use
}

/// What runs according to settings and store, for whoever only looks: without a store, or with one that does not answer,
/// what the settings give. Makes nothing.
pub async fn look(settings: &Settings, policy: &Policy) -> Result<(InUse, Registered), Stop> {
    let registered = if wire::is_there(settings) { asked(settings).await } else { Registered::default() };
    Ok((in_use(settings, policy, &registered)?, registered))
}

/// What runs according to settings and what is registered.
pub fn in_use(settings: &Settings, policy: &Policy, registered: &Registered) -> Result<InUse, Stop> {
    Ok(merged(&base(settings)?, registered, (policy, &settings.pack_names())))
}

async fn asked(settings: &Settings) -> Registered {
    let read = async {
        let db = wire::open_database(settings, Make::Nothing).await?;
        let registered = match schema::require_current(&db).await {
            Ok(()) => registry::read(&db).await,
            Err(e) => Err(e),
        };
        db.close().await;
        registered.map_err(Stop::from)
    };
    read.await.unwrap_or_else(|stop: Stop| {
        note(&both!(
            "what is registered in the database is not told: {why}",
            "未能查看数据库中注册的内容：{why}",
            why = stop.message
        ));
        Registered::default()
    })
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
    unreadable: BTreeMap<String, (i64, String)>,
    /// By source and name; none: it does not open.
    secrets: HashMap<(String, String), Option<Secret>>,
}

impl Known {
    /// Whether a connector's sources may be read; else what to do.
    pub fn may_read(&self, connector: &str) -> Result<(), Stop> {
        match self.disabled.get(connector) {
            None => Ok(()),
            Some(Decided { by, because, .. }) => Err(Stop::failed(both!(
                "connector {connector} is disabled ({by}: {because}); `huiliu connectors enable {connector}` lets its \
                 sources be read again",
                "连接器 {connector} 已停用（{by}：{because}）；`huiliu connectors enable {connector}` 可恢复读取其来源"
            ))),
        }
    }

    /// Why this program cannot use a connector that is registered.
    pub fn unreadable(&self, connector: &str) -> Option<&(i64, String)> {
        self.unreadable.get(connector)
    }
}

/// Everything that a source's connector is made of: the same again needs no other connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    pub source: SourceSettings,
    pub activation: i64,
    pub password: Secret,
    /// The other secrets, by name.
    secrets: BTreeMap<String, Secret>,
}

impl Recipe {
    pub fn password(&self) -> &str {
        &self.password.0
    }

    /// The other secrets, opened.
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
    pub fn new(base: BTreeMap<String, Found>) -> Self {
        let known = RwLock::new(Arc::new(Known { number: -1, ..Known::default() }));
        Self(Arc::new(Inner { base, known, told: Mutex::default() }))
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.0.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl House {
    /// What is known now.
    pub fn known(&self) -> Arc<Known> {
        self.follower.known()
    }

    /// Looks whether anything was registered since the last look, and takes it up.
    pub async fn refresh(&self) -> Result<(), StoreFault> {
        let mut told = self.follower.0.told.lock().await;
        while registry::number(&self.desk.db).await? != self.known().number {
            let registered = registry::read(&self.desk.db).await?;
            self.take_up_registered(registered, &mut told).await?;
        }
        Ok(())
    }

    /// Changes nothing when something was registered meanwhile.
    async fn take_up_registered(&self, registered: Registered, told: &mut HashSet<String>) -> Result<(), StoreFault> {
        let names = self.settings.pack_names();
        let rules = (&*self.desk.policy, &*names);
        let InUse { found, unreadable } = merged(&self.follower.0.base, &registered, rules);
        let Some(mut active) = activated(self, registered.number, &found).await? else { return Ok(()) };
        let before = self.desk.manifests.now();
        for (connector, (version, why)) in &unreadable {
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
        self.desk.manifests.replace(active);
        *self.follower.0.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
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
        let open = |row: &sources::SecretRow| sources::open_secret(&self.desk.keys, row).ok().map(Secret);
        registered.secrets.iter().map(|row| ((row.source.clone(), row.name.clone()), open(row))).collect()
    }

    /// What a source's connector is made of now, and its manifest.
    pub fn recipe(&self, source: &SourceSettings) -> Result<(Recipe, Manifest), Stop> {
        let (known, manifests) = (self.known(), self.desk.manifests.now());
        let Some((manifest, activation)) = manifests.get(&source.connector) else {
            return Err(unknown_connector(source, &known, &manifests));
        };
        let password = Secret(password(source, &known)?);
        let secrets = other_secrets(source, &known)?;
        Ok((Recipe { source: source.clone(), activation: *activation, password, secrets }, manifest.clone()))
    }

    /// What the connector of a source would be made of, whatever manifest it is read by.
    pub fn recipe_for_any(&self, source: &SourceSettings) -> Result<Recipe, Stop> {
        let password = Secret(password(source, &self.known())?);
        let secrets = other_secrets(source, &self.known())?;
        Ok(Recipe { source: source.clone(), activation: 0, password, secrets })
    }
}

/// Activates what was found; none when something was registered meanwhile.
async fn activated(house: &House, number: i64, found: &BTreeMap<String, Found>) -> Result<Option<Active>, StoreFault> {
    let rules = house.settings.rules_text();
    let digest = |f: &Found| house.desk.keys.digest(&[b"activation", f.text.as_bytes(), rules.as_bytes()]);
    let digests: Vec<_> = found.values().map(digest).collect();
    let currents: Vec<Current<'_>> = found
        .values()
        .map(|f| &f.manifest)
        .zip(&digests)
        .map(|(m, digest)| Current { kind: "manifest", name: &m.id, version: m.version(), digest })
        .collect();
    let activations = registry::activate(&house.desk.db, number, &currents).await?;
    let active = |activations: Vec<i64>| {
        let entry = |(f, activation): (&Found, i64)| (f.manifest.id.clone(), (f.manifest.clone(), activation));
        found.values().zip(activations).map(entry).collect()
    };
    Ok(activations.map(active))
}

fn unknown_connector(source: &SourceSettings, known: &Known, manifests: &Active) -> Stop {
    if let Some((version, why)) = known.unreadable(&source.connector) {
        return Stop::usage(both!(
            "source {}: version {version} of connector {:?} is registered and cannot be used by this program: {why}",
            "来源 {}：已注册第 {version} 版连接器 {:?}，但本程序无法使用：{why}",
            source.name,
            source.connector
        ));
    }
    let mut ids: Vec<&str> = manifests.keys().map(String::as_str).collect();
    ids.sort_unstable();
    Stop::usage(both!(
        "source {}: no connector {:?}; there are {}",
        "来源 {}：没有连接器 {:?}；现有 {}",
        source.name,
        source.connector,
        ids.join(", ")
    ))
}

/// The password of a source: sealed in the store, else in a file, else in the environment.
fn password(source: &SourceSettings, known: &Known) -> Result<String, Stop> {
    if let Some(password) = &source.password {
        return Ok(password.clone());
    }
    if let Some(sealed) = known.secrets.get(&(source.name.clone(), "password".to_owned())) {
        return sealed.as_ref().map(|secret| secret.0.clone()).ok_or_else(|| {
            Stop::usage(both!(
                "source {name}: its sealed password does not open; set it again with `huiliu secrets set {name} password`",
                "来源 {name}：密封的密码无法解开；请用 `huiliu secrets set {name} password` 重新设置",
                name = source.name
            ))
        });
    }
    if !source.password_file.as_os_str().is_empty() {
        return first_line(source);
    }
    if source.password_env.is_empty() {
        return Ok(String::new());
    }
    std::env::var(&source.password_env).map_err(|_| {
        Stop::usage(both!(
            "source {}: the environment variable {} is not set",
            "来源 {}：没有设置环境变量 {}",
            source.name,
            source.password_env
        ))
    })
}

/// The secrets of a source besides its password: sealed in the store, else in the environment.
fn other_secrets(source: &SourceSettings, known: &Known) -> Result<BTreeMap<String, Secret>, Stop> {
    let mut all = BTreeMap::new();
    for (name, variable) in &source.secrets_env {
        let value = std::env::var(variable).map_err(|_| {
            Stop::usage(both!(
                "source {}: the environment variable {variable} is not set",
                "来源 {}：没有设置环境变量 {variable}",
                source.name
            ))
        })?;
        all.insert(name.clone(), Secret(value));
    }
    for ((of, name), sealed) in known.secrets.iter().filter(|((of, name), _)| *of == source.name && name != "password")
    {
        let secret = sealed.clone().ok_or_else(|| {
            Stop::usage(both!(
                "source {of}: its sealed secret {name} does not open; set it again with `huiliu secrets set {of} {name}`",
                "来源 {of}：密封的密钥 {name} 无法解开；请用 `huiliu secrets set {of} {name}` 重新设置"
            ))
        })?;
        all.insert(name.clone(), secret);
    }
    Ok(all)
}

fn first_line(source: &SourceSettings) -> Result<String, Stop> {
    let file = source.password_file.display();
    let refused = |why: &str| {
        Stop::usage(both!(
            "source {name}: cannot take the password from {file}: {why}; its first line must be the password",
            "来源 {name}：无法从 {file} 取得密码：{why}；其首行应为密码",
            name = source.name
        ))
    };
    let text = std::fs::read_to_string(&source.password_file).map_err(|e| refused(&spoken(&e)))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(refused(tr("it is empty", "文件为空"))),
    }
}
