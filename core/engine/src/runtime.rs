//! Everything that a process holds while it works: settings, what is registered, rules, database and queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use huiliu_messages::{Message, said_in_english};
use serde::Serialize;

use crate::database::{Make, OpenDatabase, OpenError};
use crate::deliver::{self, BatchFailure, Delivered, DeliveryContext};
use crate::expect::{self, UnmetPass};
use crate::manifests::Manifests;
use crate::program::Program;
use crate::rate_limit::SharedRateLimit;
use crate::registry::{self, Follower, Recipe, RegistryError};
use crate::rule_files::{self, RuleFileError};
use crate::settings::Settings;
use crate::sweep::{self, Swept};
use crate::{database, resume, settle};
use huiliu_authoring::gate::trial::{self, GateError};
use huiliu_manifest::Manifest;
use huiliu_platform::{Connector, Endpoint, shipped};
use huiliu_queue::{Queue, QueueError};
use huiliu_store::StoreError;
use huiliu_store::delivery::batches;
use huiliu_store::intake::runs::{self, Current, RunRange};
use huiliu_store::intake::source_lease;
use huiliu_store::ledger::entries;
use huiliu_store::settlement;
use huiliu_store::sql::schema;
use huiliu_values::ActivationKind;
use huiliu_vault::keys::Keys;

/// Why a process cannot start.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum StartError {
    /// The rules.
    Rules(RuleFileError),
    /// The manifests, or a source.
    Registry(RegistryError),
    /// The rules do not convert the hours of a connector.
    Gate(GateError),
    /// Database or keys.
    Open(OpenError),
    /// The database.
    Store(StoreError),
    /// The queue.
    Queue(QueueError),
}

said_in_english!(StartError);

impl From<RuleFileError> for StartError {
    fn from(error: RuleFileError) -> Self {
        Self::Rules(error)
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

/// What a process holds while it works; cheap to clone.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// The settings.
    pub settings: Arc<Settings>,
    /// What the program brings.
    pub program: Program,
    /// Database, keys, rules and manifests.
    pub delivery: DeliveryContext,
    /// The queue.
    pub queue: Queue,
    /// What is registered in the store.
    pub registry: Follower,
}

impl Runtime {
    /// Opens database and queue. What is current from now on, manifests and rules, is written into the database.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        settings: Arc<Settings>,
        program: Program,
        make: Make,
        holder: &str,
    ) -> Result<(Self, OpenDatabase), StartError> {
        let policy = rule_files::policy(&settings)?;
        let base = registry::base(&settings, &program)?;
        for found in base.values() {
            trial::convertible(&found.manifest, &policy, &settings.pack_names())?;
        }
        let opened = OpenDatabase::open(&settings, make).await?;
        let OpenDatabase { db, keys, .. } = opened.clone();
        let queue = open_queue(&settings, &keys).await?;
        let rules = entries::register_rules(&db, &keys, &policy).await?;
        let digest = keys.digest(&[b"activation", settings.rules_text().as_bytes()]);
        let version = policy.packs.iter().map(|pack| i64::from(pack.version)).sum();
        runs::activate(&db, Current { kind: ActivationKind::Rules, name: "rules", version, digest: &digest }).await?;
        let delivery = DeliveryContext {
            db,
            keys,
            policy: Arc::new(policy),
            rules: Arc::new(rules),
            known: Arc::default(),
            manifests: Manifests::default(),
            unpacker: Arc::clone(&program.unpacker),
            lease_ms: settings.lease_ms,
            holder: holder.into(),
        };
        let runtime = Self { settings, program, delivery, queue, registry: Follower::new(base) };
        runtime.refresh().await?;
        Ok((runtime, opened))
    }

    /// The same runtime over a rehearsal: nothing of what is done on it remains.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rehearse(&self) -> Result<Self, StoreError> {
        Ok(Self { delivery: self.delivery.rehearse().await?, ..self.clone() })
    }

    /// Its database and keys, for whoever asks or acts.
    #[must_use]
    pub fn opened(&self) -> OpenDatabase {
        OpenDatabase { db: self.delivery.db.clone(), keys: self.delivery.keys.clone(), made_key: None }
    }

    /// The connector of a source, as [`Runtime::recipe`] gives it.
    ///
    /// # Errors
    /// [`RegistryError::Connector`].
    pub fn connector(&self, recipe: &Recipe, manifest: Manifest) -> Result<Arc<dyn Connector>, RegistryError> {
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
            pace: Arc::new(SharedRateLimit(self.delivery.db.clone())),
            timeout: Duration::from_millis(self.settings.timeout_ms),
            unpacker: Arc::clone(&self.program.unpacker),
        };
        Ok(shipped::connect(self.program.shipped, manifest, endpoint)?)
    }

    /// Whether a batch of these runs is still to be delivered.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn any_waiting(&self, runs: &[i64]) -> Result<bool, StoreError> {
        for run in runs {
            if batches::any_waiting(&self.delivery.db, RunRange::one(*run)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Settles what nobody else settles just now; gives the number of teachers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settle(&self) -> Result<usize, StoreError> {
        let DeliveryContext { db, keys, policy, rules, .. } = &self.delivery;
        resume::take_up(&self.delivery).await?;
        settle::settle_all(db, keys, policy, rules, &|_| {}).await
    }

    /// Settles; what another process is settling just now is waited for, but not for ever.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settle_patiently(&self) -> Result<(), StoreError> {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            self.settle().await?;
            if Instant::now() > patience || settlement::due(&self.delivery.db).await? == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Judges the passes that are over; gives those that were not as their manifests expect.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn judge(&self) -> Result<Vec<UnmetPass>, StoreError> {
        let passes = expect::judge(&self.delivery.db, &self.delivery.manifests.now()).await?;
        for UnmetPass { pass, unmet } in &passes {
            for what in unmet {
                tracing::warn!(run = pass.run, source = pass.source, "not as expected: {what}");
            }
        }
        Ok(passes)
    }

    /// Claims a batch and delivers it; one that was lost too often is only told.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer; the sweep rings the batch again.
    pub async fn deliver(&self, batch: i64) -> Result<Delivered, StoreError> {
        deliver::deliver(&self.delivery, batch, false).await
    }

    /// Rings batches that are due and were not rung for `quiet_ms`, as many as the queue has room for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sweep(&self, quiet_ms: u64) -> Result<Swept, StoreError> {
        sweep::sweep(&self.delivery.db, &self.queue, quiet_ms).await
    }

    /// Some batches that are due, the longest silent first, for whoever has no queue.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn silent_batches(&self, limit: u32) -> Result<Vec<i64>, StoreError> {
        batches::unnotified(&self.delivery.db, limit).await
    }

    /// Some batches whose holder's lease has run out, the longest lost first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn abandoned_batches(&self, limit: u32) -> Result<Vec<i64>, StoreError> {
        batches::abandoned(&self.delivery.db, limit).await
    }

    /// Sets a batch aside that ended its own process in front of a living parent; false when it is done already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn quarantine(&self, batch: i64, why: BatchFailure) -> Result<bool, StoreError> {
        batches::quarantine(&self.delivery.db, batch, &Message::new(&why)).await
    }

    /// Puts off a batch that nobody holds, by the length of a lease: the others are not to wait behind it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn postpone(&self, batch: i64) -> Result<(), StoreError> {
        batches::postpone(&self.delivery.db, batch, self.settings.lease_ms).await
    }

    /// Names of the sources whose moment has come and that nobody reads, the longest due first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn due_sources(&self) -> Result<Vec<String>, StoreError> {
        source_lease::due(&self.delivery.db).await
    }

    /// Whether any batch is still to be delivered and worth waiting for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn any_batch_waiting(&self) -> Result<bool, StoreError> {
        batches::any_waiting(&self.delivery.db, RunRange::ALL).await
    }

    /// How many teachers and claims wait to be settled.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settlements_due(&self) -> Result<i64, StoreError> {
        settlement::due(&self.delivery.db).await
    }

    /// Puts back what this process has claimed and not finished; gives the number of batches.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn release_batches(&self) -> Result<u64, StoreError> {
        batches::release_all(&self.delivery.db, &self.delivery.holder).await
    }

    /// Whether the key that this process seals with is still the database's.
    ///
    /// # Errors
    /// [`StoreError::KeyRetired`] and its like when it is not.
    pub async fn check_key(&self) -> Result<(), StoreError> {
        let keys = schema::check_key(&self.delivery.db, &self.delivery.keys).await?;
        if keys.current() == self.delivery.keys.current() { Ok(()) } else { Err(StoreError::KeyRetired) }
    }

    /// Closes queue and database.
    pub async fn close(&self) {
        self.queue.close().await;
        self.delivery.db.close().await;
    }
}

async fn open_queue(settings: &Settings, keys: &Keys) -> Result<Queue, StartError> {
    let _lock = if settings.queue.starts_with("sqlite:") { Some(database::lock(&settings.data_dir)?) } else { None };
    Ok(Queue::open(&settings.queue, &keys.namespace()).await?)
}
