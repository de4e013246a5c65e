//! From settings to a house that can work: database, key, rules, connectors, queue.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use huiliu_decode::unpacker::Unpacker;
use huiliu_engine::deliver::{self, Delivered, Desk};
use huiliu_engine::manifests::Manifests;
use huiliu_engine::rate_limit::SharedRateLimit;
use huiliu_engine::sweep::{self, Swept};
use huiliu_engine::{expect, resume, settle};
use huiliu_manifest::Manifest;
use huiliu_platform::{Connector, Endpoint};
use huiliu_queue::Bell;
use huiliu_rules::policy::Policy;
use huiliu_store::delivery::batches;
use huiliu_store::intake::runs::{self, Current};
use huiliu_store::ledger::entries;
use huiliu_store::sql::schema;
use huiliu_store::{Db, StoreFault};
use huiliu_vault::keys::Keys;
use tokio::sync::watch;

use crate::apart::{Processes, this_program};
use crate::health::Pulse;
use crate::registry::{self, Follower, Recipe};
use crate::settings::Settings;
use crate::words::{both, spoken};
use crate::{Stop, gate, keyfile};

/// How long a process that is told to stop may take to finish what it has begun.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Everything a command works with.
#[derive(Debug, Clone)]
pub struct House {
    pub settings: Arc<Settings>,
    pub desk: Desk,
    pub bell: Bell,
    /// When the last sweep went through.
    pub pulse: Pulse,
    /// What is registered in the store.
    pub follower: Follower,
}

/// What a command may make where there is nothing yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Make {
    /// Nothing: it only reads, and a mistyped address must not look like empty books.
    Nothing,
    /// The embedded files, and the key.
    Files,
    /// Those, and the schema in an empty database of a server.
    Schema,
}

/// Whether there is a database to look into; a server may have one.
pub fn is_there(settings: &Settings) -> bool {
    settings.database.strip_prefix("sqlite:").is_none_or(|path| Path::new(path).is_file())
}

fn nothing_there(settings: &Settings) -> Stop {
    Stop::usage(both!(
        "there are no books in {place}, and none were made; check --data-dir and --database, or begin with `huiliu migrate`",
        "{place} 中没有账目，也未新建；请检查 --data-dir 和 --database，或先运行 `huiliu migrate`",
        place = settings.database.trim_start_matches("sqlite:")
    ))
}

/// Opens the database alone.
pub async fn open_database(settings: &Settings, make: Make) -> Result<Db, Stop> {
    if make == Make::Nothing && !is_there(settings) {
        return Err(nothing_there(settings));
    }
    if make != Make::Nothing && settings.database.starts_with("sqlite:") {
        make_folder(&settings.data_dir)?;
    }
    let connections = u32::try_from(settings.workers).unwrap_or(2) * 2 + 4;
    Ok(Db::open(&settings.database, connections).await?)
}

pub fn make_folder(dir: &Path) -> Result<(), Stop> {
    let unwritable = |e: std::io::Error| {
        Stop::usage(both!(
            "cannot write in the data directory {dir}: {e}; give a writable one with --data-dir",
            "无法写入数据目录 {dir}：{e}；请用 --data-dir 指定可写的目录",
            dir = dir.display(),
            e = spoken(&e)
        ))
    };
    std::fs::create_dir_all(dir).map_err(unwritable)?;
    let probe = dir.join(format!(".probe-{}", std::process::id()));
    std::fs::write(&probe, b"").map_err(unwritable)?;
    std::fs::remove_file(&probe).map_err(unwritable)
}

/// Opens the queue.
async fn open_queue(settings: &Settings, keys: &Keys) -> Result<Bell, Stop> {
    let _alone = if settings.queue.starts_with("sqlite:") { Some(alone(&settings.data_dir)?) } else { None };
    Ok(Bell::open(&settings.queue, &keys.namespace()).await?)
}

/// Until it is dropped no other process opens the embedded files: two that make one schema at once are in each other's way.
fn alone(dir: &Path) -> Result<std::fs::File, Stop> {
    make_folder(dir)?;
    let file = dir.join(".opening");
    let locked = std::fs::File::create(&file).and_then(|f| f.lock().map(|()| f));
    locked.map_err(|e| {
        Stop::usage(both!(
            "cannot lock {file}: {e}; the data directory must be on a local disk",
            "无法锁定 {file}：{e}；数据目录应在本地磁盘上",
            file = file.display(),
            e = spoken(&e)
        ))
    })
}

/// Migrates: the embedded database after a backup of its file.
pub async fn migrate(settings: &Settings, db: &Db) -> Result<schema::SchemaState, Stop> {
    let state = schema::state(db).await?;
    if let (schema::SchemaState::Behind { applied, .. }, Some(path)) =
        (state, settings.database.strip_prefix("sqlite:"))
    {
        let copy = format!("{path}.before-{}", applied + 1);
        if !Path::new(&copy).exists() {
            huiliu_store::sql::schema::backup(db, &copy).await?;
        }
    }
    Ok(schema::migrate(db).await?)
}

/// The books alone, for whoever reads them: database and keys. The embedded database is migrated; any other must be
/// current already, unless it is empty and this is a demo.
#[derive(Debug, Clone)]
pub struct Books {
    pub settings: Arc<Settings>,
    pub db: Db,
    pub keys: Keys,
}

impl Books {
    pub async fn open(settings: Settings, make: Make) -> Result<Self, Stop> {
        let db = open_database(&settings, make).await?;
        let embedded = matches!(db, Db::Lite { .. });
        // Where the folder is missing there is nothing to be alone with.
        let locking = embedded && (make != Make::Nothing || settings.data_dir.is_dir());
        let _alone = if locking { Some(alone(&settings.data_dir)?) } else { None };
        let empty = schema::state(&db).await? == schema::SchemaState::Empty;
        if embedded && empty && make == Make::Nothing {
            return Err(nothing_there(&settings));
        }
        let may_migrate = embedded || make == Make::Schema && empty;
        if !may_migrate {
            schema::require_current(&db).await?;
        }
        let ring = keyfile::open(&settings, &db, (empty, make)).await?;
        if may_migrate {
            migrate(&settings, &db).await?;
        }
        let keys = ring.keys().map_err(|e| Stop::usage(spoken(&e)))?;
        let keys = schema::check_key(&db, &keys).await?;
        Ok(Self { settings: Arc::new(settings), db, keys })
    }

    pub async fn close(&self) {
        self.db.close().await;
    }
}

/// Opens all of it. What is current from now on, manifests and rules, is written into the books.
pub async fn open(settings: Settings, make: Make) -> Result<House, Stop> {
    let policy = gate::policy(&settings)?;
    let base = registry::base(&settings)?;
    for found in base.values() {
        convertible(&found.manifest, &policy, &settings.pack_names())?;
    }
    let Books { settings, db, keys } = Books::open(settings, make).await?;
    let bell = open_queue(&settings, &keys).await?;
    let rules = entries::register_rules(&db, &keys, &policy).await?;
    let digest = keys.digest(&[b"activation", settings.rules_text().as_bytes()]);
    let version = policy.packs.iter().map(|pack| i64::from(pack.version)).sum();
    runs::activate(&db, Current { kind: "rules", name: "rules", version, digest: &digest }).await?;
    let desk = Desk {
        db,
        keys,
        policy: Arc::new(policy),
        rules: Arc::new(rules),
        known: Arc::default(),
        manifests: Manifests::default(),
        unpacker: Arc::new(Unpacker::new(Box::new(Processes))),
        lease_ms: settings.lease_ms,
        holder: holder().into(),
    };
    let house = House { settings, desk, bell, pulse: Pulse::default(), follower: Follower::new(base) };
    house.refresh().await?;
    Ok(house)
}

/// Host and process, so that operations find whoever holds a batch.
fn holder() -> String {
    format!("{}:{}", host(), std::process::id())
}

/// This machine's name.
pub fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

/// Whether the rule pack converts the hours of every stream of a manifest.
pub fn convertible(manifest: &Manifest, policy: &Policy, file: &str) -> Result<(), Stop> {
    match manifest.stream.iter().find(|s| !policy.knows_unit(s.hours_unit())) {
        None => Ok(()),
        Some(stream) => Err(Stop::usage(both!(
            "{file}: no [[conversion]] for the unit {unit:?}, which connector {connector}, stream {stream} uses; add one",
            "{file}：没有单位 {unit:?} 的 [[conversion]]，而连接器 {connector} 的数据流 {stream} 使用它；请补上",
            unit = stream.hours_unit(),
            connector = manifest.id,
            stream = stream.name
        ))),
    }
}

/// Signals of a process that crashes, or is killed for its memory: SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGSEGV.
const CRASHES: [i32; 6] = [4, 6, 7, 8, 9, 11];

impl House {
    /// The connector of a source, as [`House::recipe`] gives it.
    pub fn connector(&self, recipe: &Recipe, manifest: Manifest) -> Result<Arc<dyn Connector>, Stop> {
        let Recipe { source, .. } = recipe;
        let endpoint = Endpoint {
            base_url: source.base_url.clone(),
            user: source.user.clone(),
            password: recipe.password().to_owned(),
            institution: source.institution_code.clone(),
            settings: source.settings.clone(),
            secrets: recipe.secrets(),
            folder: source.folder.clone(),
            networks: self.settings.networks.clone(),
            pace: Arc::new(SharedRateLimit(self.desk.db.clone())),
            timeout: Duration::from_millis(self.settings.timeout_ms),
            unpacker: Arc::clone(&self.desk.unpacker),
        };
        huiliu_platform::shipped::connect(huiliu_connectors::CONNECTORS, manifest, endpoint)
            .map_err(|e| Stop::usage(spoken(&e)))
    }

    /// Delivers and sweeps until `stop`; what a worker process does, and every command that syncs.
    pub async fn work(&self, stop: watch::Receiver<bool>) -> Result<(), Stop> {
        let house = self.clone();
        let handler: huiliu_queue::Handler = Arc::new(move |batch| {
            let house = house.clone();
            Box::pin(async move {
                house.deliver_one(batch).await;
            })
        });
        let mut helpers = tokio::task::JoinSet::new();
        helpers.spawn(self.clone().sweep_often(stop.clone()));
        helpers.spawn(self.clone().take_up_abandoned(stop.clone()));
        helpers.spawn(self.clone().follow_registry(stop.clone()));
        let ended = huiliu_queue::work(&self.bell, self.settings.workers, handler, stop).await;
        helpers.shutdown().await;
        Ok(ended?)
    }

    /// Whether it came to an end here.
    async fn deliver_one(&self, batch: i64) -> bool {
        match deliver::deliver(&self.desk, batch, false).await {
            Ok(Delivered::Suspect) => {
                self.deliver_alone(batch).await;
                return false;
            }
            Ok(_) => {}
            Err(e) => {
                tracing::warn!(batch, error = %e, "not delivered; the sweep will ring it again");
                return false;
            }
        }
        true
    }

    /// A suspect runs in a child process; only a child that crashes by itself while we live condemns the batch. It is a
    /// process group of its own, so that whoever stops us does not stop it.
    async fn deliver_alone(&self, batch: i64) {
        let Ok(program) = this_program() else { return };
        let started = tokio::process::Command::new(program)
            .process_group(0)
            .args(["deliver-alone", &batch.to_string()])
            .envs(self.settings.config.iter().map(|file| ("HUILIU_CONFIG", file)))
            .env("HUILIU_DATA_DIR", &self.settings.data_dir)
            .env("HUILIU_DATABASE", &self.settings.database)
            .env("HUILIU_QUEUE", &self.settings.queue)
            .env("HUILIU_KEY_FILE", &self.settings.key_file)
            .env("HUILIU_LEASE_MS", self.settings.lease_ms.to_string())
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .await;
        use std::os::unix::process::ExitStatusExt as _;
        match started {
            Ok(status) if status.signal().is_some_and(|signal| CRASHES.contains(&signal)) => {
                let why = format!(
                    "its own process died of signal {} while nothing else ran in it",
                    status.signal().unwrap_or(0)
                );
                match batches::quarantine(&self.desk.db, batch, &why).await {
                    Ok(_) => tracing::error!(batch, "quarantined: {why}"),
                    Err(e) => tracing::warn!(batch, error = %e, "not quarantined yet"),
                }
            }
            Ok(status) if status.success() => return,
            Ok(status) => {
                tracing::warn!(batch, "the process of a suspect batch ended with {status}; trying again later")
            }
            Err(e) => tracing::warn!(batch, error = %e, "no child process for a suspect batch"),
        }
        // The others are not to wait behind it.
        if let Err(e) = batches::postpone(&self.desk.db, batch, self.settings.lease_ms).await {
            tracing::warn!(batch, error = %e, "not put off");
        }
    }

    /// How long a batch that was rung is left alone, in milliseconds.
    fn quiet_ms(&self) -> u64 {
        (self.settings.lease_ms / 2).clamp(500, 20_000)
    }

    /// The pause between two sweeps while little is due.
    pub fn sweep_every(&self) -> Duration {
        Duration::from_millis((self.quiet_ms() / 4).min(2_000))
    }

    /// Keeps the queue fed, and fast while there is more than it holds.
    async fn sweep_often(self, stop: watch::Receiver<bool>) {
        let calm = self.sweep_every();
        let (mut pause, mut tidied) = (calm, Instant::now());
        while !*stop.borrow() {
            tokio::time::sleep(pause).await;
            pause = calm;
            let swept = sweep::sweep(&self.desk.db, &self.bell, self.quiet_ms()).await;
            if swept.is_ok() {
                self.pulse.beat();
            }
            match swept {
                Ok(Swept::AllRung) => {}
                Ok(Swept::Full) => pause = calm.min(Duration::from_millis(100)),
                Ok(Swept::Deaf) => {
                    if self.take_up(batches::unrung(&self.desk.db, self.at_once()).await).await {
                        pause = Duration::ZERO;
                    }
                }
                Err(e) => tracing::warn!(error = %e, "the sweep did not go through; trying again"),
            }
            if tidied.elapsed() > Duration::from_secs(10) {
                tidied = Instant::now();
                let _ = self.bell.tidy().await;
            }
        }
    }

    /// A dead worker's batches do not wait behind everything that is queued: whoever notices takes them up.
    async fn take_up_abandoned(self, stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if !self.take_up(batches::abandoned(&self.desk.db, self.at_once()).await).await {
                tokio::time::sleep(Duration::from_millis((self.settings.lease_ms / 8).min(2_000))).await;
            }
        }
    }

    /// What is registered takes effect here without a restart.
    async fn follow_registry(self, stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if let Err(e) = self.refresh().await {
                tracing::warn!(error = %e, "what is registered cannot be looked at; trying again");
            }
        }
    }

    fn at_once(&self) -> u32 {
        u32::try_from(self.settings.workers).unwrap_or(1)
    }

    /// Delivers batches that no bell has brought here, side by side; whether any came to an end.
    async fn take_up(&self, batches: Result<Vec<i64>, StoreFault>) -> bool {
        let batches = batches.unwrap_or_else(|e| {
            tracing::warn!(error = %e, "batches without a bell not looked for; trying again");
            vec![]
        });
        let mut at_work = tokio::task::JoinSet::new();
        for batch in batches {
            let house = self.clone();
            at_work.spawn(async move { house.deliver_one(batch).await });
        }
        let mut any = false;
        while let Some(ended) = at_work.join_next().await {
            match ended {
                Ok(done) => any |= done,
                Err(e) => {
                    tracing::error!(error = %e, "a delivery broke off; its lease runs out, and it is taken up again")
                }
            }
        }
        any
    }

    /// Whether a batch of these runs is still to be delivered.
    pub async fn any_waiting(&self, runs: &[i64]) -> Result<bool, Stop> {
        for run in runs {
            if batches::any_waiting(&self.desk.db, (*run, *run)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Settles what nobody else settles just now.
    pub async fn settle(&self) -> Result<usize, Stop> {
        resume::take_up(&self.desk).await?;
        Ok(settle::settle_all(&self.desk.db, &self.desk.keys, &self.desk.policy, &self.desk.rules, &|_| {}).await?)
    }

    /// Judges the passes that are over; gives run and words for those that were not as their manifests expect.
    pub async fn judge(&self) -> Result<Vec<(i64, String)>, Stop> {
        let unmet = expect::judge(&self.desk.db, &self.desk.manifests.now()).await?;
        for (ended, what) in &unmet {
            tracing::warn!(run = ended.run, source = ended.source, "not as expected: {what}");
        }
        Ok(unmet.into_iter().map(|(ended, what)| (ended.run, what)).collect())
    }

    /// Settles; what another process is settling just now is waited for, but not for ever.
    pub async fn settle_patiently(&self) -> Result<(), Stop> {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            self.settle().await?;
            if Instant::now() > patience || huiliu_store::settlement::due(&self.desk.db).await? == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn close(&self) {
        self.bell.close().await;
        self.desk.db.close().await;
    }
}
