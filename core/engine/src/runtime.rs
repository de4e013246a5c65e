//! Everything that a process holds while it works: settings, registry, rules, database and queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use huiliu_messages::{Message, said_in_english};
use serde::Serialize;

use crate::active_rules::{ActiveRulesError, RuleFollower};
use crate::database::{MayCreate, OpenDatabase, OpenError};
use crate::deliver::{BatchFailure, Delivered, DeliveryContext};
use crate::deliver_group::{self, deliver_group};
use crate::disk_room::DiskRoom;
use crate::expect::{self, UnmetPass};
use crate::log_event::LogEvent;
use crate::manifests::Manifests;
use crate::notifications::{self, Channels};
use crate::program::Program;
use crate::rate_limit::SharedRateLimit;
use crate::registry::{self, Recipe, RegistryError, RegistryFollower};
use crate::rule_files::{self, RuleFileError};
use crate::settings::Settings;
use crate::sweep::{self, SweepOutcome};
use crate::{active_rules, database, manifest_digests, rekey, resume, rule_seed, settle};
use huiliu_authoring::gate::trial::{self, GateError};
use huiliu_manifest::Manifest;
use huiliu_platform::{Client, Connector, Endpoint, Failure, shipped};
use huiliu_queue::{Queue, QueueError};
use huiliu_store::StoreError;
use huiliu_store::delivery::batches;
use huiliu_store::intake::runs::RunRange;
use huiliu_store::intake::source_lease;
use huiliu_store::settlement;
use huiliu_store::sql::schema;
use huiliu_vault::keys::Keys;

/// Why a process cannot start.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum StartError {
    /// The rule files cannot be read.
    Rules(RuleFileError),
    /// The rules in force cannot be used.
    ActiveRules(ActiveRulesError),
    /// A manifest or a source cannot be used.
    Registry(RegistryError),
    /// The rules do not convert a connector's hours.
    Gate(GateError),
    /// The database or its keys cannot be opened.
    Open(OpenError),
    /// The database failed.
    Store(StoreError),
    /// The queue failed.
    Queue(QueueError),
}

said_in_english!(StartError);

impl From<RuleFileError> for StartError {
    fn from(error: RuleFileError) -> Self {
        Self::Rules(error)
    }
}

impl From<ActiveRulesError> for StartError {
    fn from(error: ActiveRulesError) -> Self {
        match error {
            // There are none in force yet: the files of the settings are meant.
            ActiveRulesError::Unreadable { activation: 0, why } => Self::Rules(why),
            ActiveRulesError::Store(fault) => Self::Store(fault),
            other => Self::ActiveRules(other),
        }
    }
}

impl From<RegistryError> for StartError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl From<GateError> for StartError {
    fn from(error: GateError) -> Self {
        Self::Gate(error)
    }
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<StoreError> for StartError {
    fn from(fault: StoreError) -> Self {
        Self::Store(fault)
    }
}

impl From<QueueError> for StartError {
    fn from(fault: QueueError) -> Self {
        Self::Queue(fault)
    }
}

/// How a process is called.
#[derive(Debug, Clone, Copy)]
pub struct ProcessNames<'a> {
    /// Host and process, shown with the batches that it holds.
    pub holder: &'a str,
    /// Who acts where the process itself does, for the audit log.
    pub actor: &'a str,
}

/// What a process holds while it works. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// The settings this process was started with.
    pub settings: Arc<Settings>,
    /// Built-in connectors and the unpacker.
    pub program: Program,
    /// Database, keys, rules and manifests.
    pub delivery: DeliveryContext,
    /// The queue of batches to deliver.
    pub queue: Queue,
    /// What the store's registry held at the last look.
    pub registry: RegistryFollower,
    /// Whether there is room on disk.
    pub room: Arc<DiskRoom>,
}

impl Runtime {
    /// Opens the database and the queue, reads the rules in force, and records the manifests of this process as current in
    /// the database. A database without rules gets those of the settings.
    ///
    /// # Errors
    /// [`StartError`] for the first part that cannot be opened or used.
    pub async fn start(
        settings: Arc<Settings>,
        program: Program,
        make: MayCreate,
        process: ProcessNames<'_>,
    ) -> Result<(Self, OpenDatabase), StartError> {
        if !database::database_exists(&settings) {
            // Faulty rules must not leave a new database behind.
            rule_files::load_policy(&settings)?;
        }
        let base = registry::load_base_manifests(&settings, &program)?;
        let opened = OpenDatabase::open(&settings, make).await?;
        let OpenDatabase { db, keys, .. } = opened.clone();
        let queue = open_queue(&settings, &keys).await?;
        let rules = rule_seed::load_or_seed(&db, &keys, &settings, process.actor).await?;
        for found in base.values() {
            trial::check_units(&found.manifest, &rules.policy, &rules.files)?;
        }
        let differing = active_rules::find_differing(&settings, &rules.objects);
        if !differing.is_empty() {
            tracing::warn!("{}", LogEvent::RulesDiffer { names: differing });
        }
        manifest_digests::restate_manifest_digests(&db, &keys, &settings, &base).await?;
        let delivery = DeliveryContext {
            db,
            keys,
            rules: RuleFollower::new(rules, Arc::clone(&settings)),
            known: Arc::default(),
            manifests: Manifests::default(),
            unpacker: Arc::clone(&program.unpacker),
            lease_ms: settings.lease_ms,
            holder: process.holder.into(),
        };
        let room = Arc::new(DiskRoom::new(&settings));
        let runtime = Self { settings, program, delivery, queue, registry: RegistryFollower::new(base), room };
        runtime.refresh_registry().await?;
        rekey::rekey_due_streams(&runtime.delivery).await?;
        Ok((runtime, opened))
    }

    /// Returns this runtime over a rehearsal of the database: nothing written through it persists.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn for_rehearsal(&self) -> Result<Self, StoreError> {
        Ok(Self { delivery: self.delivery.for_rehearsal().await?, ..self.clone() })
    }

    /// Returns this runtime for work that is done again if a power cut takes it back; see [`huiliu_store::Db::redoable`].
    #[must_use]
    pub fn redoable(&self) -> Self {
        Self { delivery: self.delivery.redoable(), ..self.clone() }
    }

    /// Returns handles to the database and its keys, as operations take them.
    #[must_use]
    pub fn database_handle(&self) -> OpenDatabase {
        OpenDatabase { db: self.delivery.db.clone(), keys: self.delivery.keys.clone(), made_key: None }
    }

    /// Builds a source's connector from a recipe of [`Runtime::build_recipe`].
    ///
    /// # Errors
    /// [`RegistryError::Connector`] if the connector cannot be built from the source's settings.
    pub fn build_connector(&self, recipe: &Recipe, manifest: Manifest) -> Result<Arc<dyn Connector>, RegistryError> {
        Ok(shipped::build_connector(self.program.shipped, manifest, self.endpoint_of(recipe))?)
    }

    /// Returns a client that sends requests to a source's platform with its credentials, as the manifest says.
    ///
    /// # Errors
    /// [`Failure`] if the source's address is not valid.
    pub fn build_client(&self, recipe: &Recipe, manifest: &Manifest) -> Result<Client, Failure> {
        Client::new(manifest, &self.endpoint_of(recipe))
    }

    /// Returns where a source's platform is, and its credentials.
    fn endpoint_of(&self, recipe: &Recipe) -> Endpoint {
        let Recipe { source, .. } = recipe;
        Endpoint {
            base_url: source.base_url.clone(),
            user: source.user.clone(),
            password: recipe.password().to_owned(),
            institution: source.institution_code.clone(),
            settings: source.settings.clone(),
            secrets: recipe.secrets(),
            folder: source.folder.clone(),
            networks: self.settings.networks.clone(),
            rate_limiter: Arc::new(SharedRateLimit(self.delivery.db.clone())),
            timeout: Duration::from_millis(self.settings.timeout_ms),
            unpacker: Arc::clone(&self.program.unpacker),
        }
    }

    /// Returns whether any batch of these runs is still to be delivered. Batches that have failed five times are not
    /// waited for.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn has_waiting_batch_of_runs(&self, runs: &[i64]) -> Result<bool, StoreError> {
        for run in runs {
            if batches::has_undelivered(&self.delivery.db, RunRange::single(*run)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells people of causes that began or are over. What fails is in the log, and is tried again.
    pub async fn notify(&self) {
        let channels = Channels::from_settings(&self.settings);
        match notifications::notify(&self.delivery.db, channels).await {
            Ok(0) => {}
            Ok(failed) => tracing::warn!(failed, "{}", LogEvent::NotNotified),
            Err(why) => tracing::warn!("{}", LogEvent::NotificationsUnread { why: Message::new(&why) }),
        }
    }

    /// Resumes waiting roster rows, then settles what no other process is settling now. Returns the number of teachers
    /// settled.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn settle_pending(&self) -> Result<usize, StoreError> {
        let delivery = self.delivery.redoable();
        delivery.rules.refresh(&delivery.db, &delivery.keys).await?;
        resume::resume_ready_rows(&delivery).await?;
        let settled = settle::settle_all(&delivery, &|_| {}).await;
        settled.inspect_err(|fault| self.room.note_error(fault))
    }

    /// Settles, and waits up to 60 seconds for what another process is settling.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn settle_and_wait(&self) -> Result<(), StoreError> {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            self.settle_pending().await?;
            if Instant::now() > patience || settlement::count_due(&self.delivery.db).await? == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Judges the passes that have ended. Returns those that did not meet their manifests' expectations.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn judge_ended_passes(&self) -> Result<Vec<UnmetPass>, StoreError> {
        let passes = expect::judge_ended_passes(&self.delivery).await?;
        for UnmetPass { pass, unmet } in &passes {
            for what in unmet {
                let event = LogEvent::NotAsExpected { what: Message::new(what) };
                tracing::warn!(run = pass.run, source = pass.source, "{event}");
            }
        }
        Ok(passes)
    }

    /// Claims a batch and delivers it, with small ones of its stream that landed after it. Returns [`Delivered::Suspect`]
    /// without claiming if its claim was lost too often.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer; the sweep enqueues the batch again.
    pub async fn deliver_batch(&self, batch: i64) -> Result<Delivered, StoreError> {
        let delivered = deliver_group(&self.delivery.redoable(), batch, deliver_group::LIMITS).await;
        let delivered = delivered.map(|group| group.asked);
        match &delivered {
            Ok(Delivered::Done(_)) => self.room.note_written(),
            Ok(_) => {}
            Err(fault) => self.room.note_error(fault),
        }
        delivered
    }

    /// Enqueues due batches that have not been enqueued for `quiet_ms` milliseconds, as many as the queue has room
    /// for.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn sweep_batches(&self, quiet_ms: u64) -> Result<SweepOutcome, StoreError> {
        sweep::sweep_batches(&self.delivery.db.redoable(), &self.queue, quiet_ms).await
    }

    /// Returns at most `limit` due batches, those not enqueued for longest first. For workers that cannot reach the
    /// queue.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn unnotified_batches(&self, limit: u32) -> Result<Vec<i64>, StoreError> {
        batches::list_due(&self.delivery.db, limit).await
    }

    /// Returns at most `limit` batches whose lease has expired, the longest expired first.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn abandoned_batches(&self, limit: u32) -> Result<Vec<i64>, StoreError> {
        batches::list_expired(&self.delivery.db, limit).await
    }

    /// Quarantines a batch that killed its own process while the parent process lived on. Returns false if the batch
    /// is done already.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn quarantine_batch(&self, batch: i64, why: BatchFailure) -> Result<bool, StoreError> {
        batches::quarantine_batch(&self.delivery.db, batch, &Message::new(&why)).await
    }

    /// Postpones a batch that nobody holds by the length of a lease, so that other batches do not wait behind it.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn postpone_batch(&self, batch: i64) -> Result<(), StoreError> {
        batches::postpone_batch(&self.delivery.db, batch, self.settings.lease_ms).await
    }

    /// Returns the names of the sources that are due and that no process reads, the longest due first.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn due_sources(&self) -> Result<Vec<String>, StoreError> {
        source_lease::list_due_sources(&self.delivery.db).await
    }

    /// Returns whether any batch is still to be delivered. Batches that have failed five times are not waited for.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn has_waiting_batch(&self) -> Result<bool, StoreError> {
        batches::has_undelivered(&self.delivery.db, RunRange::ALL).await
    }

    /// Counts the teachers and claims that wait to be settled.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn count_due_settlements(&self) -> Result<i64, StoreError> {
        settlement::count_due(&self.delivery.db).await
    }

    /// Releases the batches that this process has claimed and not finished. Returns their number.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn release_batches(&self) -> Result<u64, StoreError> {
        batches::release_all(&self.delivery.db, &self.delivery.holder).await
    }

    /// Checks that the key this process seals with is still the database's current key.
    ///
    /// # Errors
    /// [`StoreError::KeyRetired`] or another key error if it is not.
    pub async fn check_key(&self) -> Result<(), StoreError> {
        let keys = schema::check_key(&self.delivery.db, &self.delivery.keys).await?;
        if keys.current_generation() == self.delivery.keys.current_generation() {
            Ok(())
        } else {
            Err(StoreError::KeyRetired)
        }
    }

    /// Closes the queue and the database.
    pub async fn close(&self) {
        self.queue.close().await;
        self.delivery.db.close().await;
    }
}

async fn open_queue(settings: &Settings, keys: &Keys) -> Result<Queue, StartError> {
    let _lock =
        if settings.queue.starts_with("sqlite:") { Some(database::lock_data_dir(&settings.data_dir)?) } else { None };
    Ok(Queue::open(&settings.queue, &keys.namespace()).await?)
}
