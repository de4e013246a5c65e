//! A source that is ready to be read: registered in the database with its schedule, and with its connector built.

use std::borrow::Cow;
use std::sync::Arc;

use huiliu_messages::said_in_english;
use serde::Serialize;
use tokio::sync::watch;

use crate::ingest::{self, Ingest, PassStart, RunReport};
use crate::landing::LandedPage;
use crate::registry::{Recipe, RegistryError};
use crate::runtime::Runtime;
use crate::schedule::{self, Schedule, SourceLease};
use crate::settings::SourceSettings;
use huiliu_platform::Connector;
use huiliu_store::StoreError;
use huiliu_store::intake::runs::{self, Institution, Source};
use huiliu_store::intake::source_lease::{self, SourceUseEnd};

/// Why a source cannot be read.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum SourceError {
    /// It is registered under another connector.
    #[serde(rename = "source.other_connector")]
    OtherConnector {
        /// The source's name.
        name: String,
        /// The connector under which it was registered first.
        booked: String,
        /// The connector that the settings name.
        now: String,
    },
    /// Another process is reading it.
    #[serde(rename = "source.busy")]
    Busy {
        /// The source's name.
        name: String,
    },
    /// Its connector or one of its secrets cannot be used.
    #[serde(untagged)]
    Registry(RegistryError),
    /// The database failed.
    #[serde(untagged)]
    Store(StoreError),
}

said_in_english!(SourceError);

impl std::convert::From<RegistryError> for SourceError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl std::convert::From<StoreError> for SourceError {
    fn from(fault: StoreError) -> Self {
        Self::Store(fault)
    }
}

impl SourceError {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::OtherConnector { .. } => "source.other_connector",
            Self::Busy { .. } => "source.busy",
            Self::Registry(error) => return error.code(),
            Self::Store(fault) => fault.code(),
        })
    }
}

/// A source that is ready to be read.
#[derive(Clone)]
pub struct ReadySource {
    /// The source's row in the database.
    pub source: Source,
    /// What its connector was built from.
    pub recipe: Recipe,
    connector: Arc<dyn Connector>,
}

/// How a read ended, and when the source is read next.
#[derive(Debug)]
pub struct ReadResult {
    /// The report of the run.
    pub report: RunReport,
    /// When it is read next, in microseconds UTC. `None` if it has no schedule.
    pub next: Option<i64>,
}

impl ReadySource {
    /// Builds a source's connector, and registers the source and its schedule in the database.
    ///
    /// # Errors
    /// [`SourceError`], also when its connector is disabled.
    pub async fn open(runtime: &Runtime, settings: &SourceSettings) -> Result<Self, SourceError> {
        runtime.registry_snapshot().may_read(&settings.connector)?;
        let (recipe, manifest) = runtime.build_recipe(settings)?;
        let connector = runtime.build_connector(&recipe, manifest)?;
        Self::with_connector(runtime, recipe, connector).await
    }

    /// Does the same with a connector that is already built.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn with_connector(
        runtime: &Runtime,
        recipe: Recipe,
        connector: Arc<dyn Connector>,
    ) -> Result<Self, SourceError> {
        let settings = &recipe.source;
        let db = &runtime.delivery.db;
        let institution = Institution { code: &settings.institution_code, name: &settings.institution_name };
        let source = runs::register_source(db, &settings.name, &settings.connector, institution).await?;
        if source.connector != settings.connector {
            let (booked, now) = (source.connector, settings.connector.clone());
            return Err(SourceError::OtherConnector { name: source.name, booked, now });
        }
        let schedule = settings.schedule.as_ref();
        let now = source_lease::fetch_now(db).await?;
        let next = schedule.and_then(|s| s.next_after(now));
        source_lease::save_schedule(db, source.id, schedule.map_or("", Schedule::text), next).await?;
        Ok(Self { source, recipe, connector })
    }

    /// Takes the source's lease. Returns `None` if another process has it, or if `only_due` is set and the source is
    /// not due.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn try_lease(&self, runtime: &Runtime, only_due: bool) -> Result<Option<SourceLease>, StoreError> {
        let delivery = &runtime.delivery;
        schedule::take_source_lease(&delivery.db, self.source.id, delivery.lease_ms, &delivery.holder, only_due).await
    }

    /// Takes the source's lease, due or not.
    ///
    /// # Errors
    /// [`SourceError::Busy`] when another process has it.
    pub async fn lease_now(&self, runtime: &Runtime) -> Result<SourceLease, SourceError> {
        let leased = self.try_lease(runtime, false).await?;
        leased.ok_or_else(|| SourceError::Busy { name: self.source.name.clone() })
    }

    /// Returns the connector that the source is read through.
    #[must_use]
    pub fn connector(&self) -> &dyn Connector {
        self.connector.as_ref()
    }

    /// Reads the source to its end, or until `stop` becomes true, and releases the lease.
    ///
    /// # Errors
    /// [`StoreError`]; failures of the platform are in the report.
    pub async fn read_all_streams(
        &self,
        runtime: &Runtime,
        lease: SourceLease,
        from: PassStart,
        stop: &watch::Receiver<bool>,
        landed: &(dyn Fn(LandedPage) + Sync),
    ) -> Result<ReadResult, StoreError> {
        let cx = Ingest {
            db: &runtime.delivery.db,
            keys: &runtime.delivery.keys,
            queue: Some(&runtime.queue),
            batch_records: runtime.settings.batch_records,
            progress: landed,
            stop,
            // Who hands something over is told at once that there is no room.
            room: (from != PassStart::Handed).then_some(&*runtime.room),
        };
        let read = ingest::sync_source(cx, &self.source, lease.claim, self.connector.as_ref(), from).await;
        let ended = read.as_ref().map_or(SourceUseEnd::Failed, |report| report.ended);
        // An upload does not change when the source is read next.
        let ended = if from == PassStart::Handed { SourceUseEnd::Stopped } else { ended };
        let next = lease.end_lease(ended, self.recipe.source.schedule.as_ref()).await?;
        Ok(ReadResult { report: read?, next })
    }
}
