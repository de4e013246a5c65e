//! A source that is ready to be read: in the database, with its schedule, and with its connector.

use std::borrow::Cow;
use std::sync::Arc;

use huiliu_messages::said_in_english;
use serde::Serialize;
use tokio::sync::watch;

use crate::ingest::{self, From, Ingest, RunReport};
use crate::registry::{Recipe, RegistryError};
use crate::runtime::Runtime;
use crate::schedule::{self, Schedule, SourceLease};
use crate::settings::SourceSettings;
use huiliu_platform::Connector;
use huiliu_store::StoreError;
use huiliu_store::intake::runs::{self, Institution, Source};
use huiliu_store::intake::source_lease::{self, Ended};

/// Why a source is not read.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum SourceError {
    /// It is registered under another connector.
    #[serde(rename = "source.other_connector")]
    OtherConnector {
        /// The source.
        name: String,
        /// The connector under which it was registered first.
        booked: String,
        /// The connector that the settings name.
        now: String,
    },
    /// Another process reads it.
    #[serde(rename = "source.busy")]
    Busy {
        /// The source.
        name: String,
    },
    /// Its connector or a secret of it.
    #[serde(untagged)]
    Registry(RegistryError),
    /// The database.
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
    /// A stable code, for programs.
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
    /// As the database has it.
    pub source: Source,
    /// What its connector was made of.
    pub recipe: Recipe,
    connector: Arc<dyn Connector>,
}

/// How a read ended, and when the source is read next, in microseconds UTC.
#[derive(Debug)]
pub struct ReadEnded {
    /// The run.
    pub report: RunReport,
    /// The next read; none: never by itself.
    pub next: Option<i64>,
}

impl ReadySource {
    /// Writes the source and its schedule into the database.
    ///
    /// # Errors
    /// [`SourceError`], also when its connector is disabled.
    pub async fn open(runtime: &Runtime, settings: &SourceSettings) -> Result<Self, SourceError> {
        runtime.known().may_read(&settings.connector)?;
        let (recipe, manifest) = runtime.recipe(settings)?;
        let connector = runtime.connector(&recipe, manifest)?;
        Self::over(runtime, recipe, connector).await
    }

    /// The same for a source that is read through this connector.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn over(runtime: &Runtime, recipe: Recipe, connector: Arc<dyn Connector>) -> Result<Self, SourceError> {
        let settings = &recipe.source;
        let db = &runtime.delivery.db;
        let institution = Institution { code: &settings.institution_code, name: &settings.institution_name };
        let source = runs::register_source(db, &settings.name, &settings.connector, institution).await?;
        if source.connector != settings.connector {
            let (booked, now) = (source.connector, settings.connector.clone());
            return Err(SourceError::OtherConnector { name: source.name, booked, now });
        }
        let schedule = settings.schedule.as_ref();
        let now = source_lease::now(db).await?;
        let next = schedule.and_then(|s| s.next_after(now));
        source_lease::plan(db, source.id, schedule.map_or("", Schedule::text), next).await?;
        Ok(Self { source, recipe, connector })
    }

    /// Takes its lease, if nobody else has it; with `only_due` not before its time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lease(&self, runtime: &Runtime, only_due: bool) -> Result<Option<SourceLease>, StoreError> {
        let delivery = &runtime.delivery;
        schedule::take(&delivery.db, self.source.id, delivery.lease_ms, &delivery.holder, only_due).await
    }

    /// Takes its lease.
    ///
    /// # Errors
    /// [`SourceError::Busy`] when another process has it.
    pub async fn lease_now(&self, runtime: &Runtime) -> Result<SourceLease, SourceError> {
        let leased = self.lease(runtime, false).await?;
        leased.ok_or_else(|| SourceError::Busy { name: self.source.name.clone() })
    }

    /// The connector that it is read through.
    #[must_use]
    pub fn connector(&self) -> &dyn Connector {
        self.connector.as_ref()
    }

    /// Reads it to its end, or until told to stop, and gives the lease back.
    ///
    /// # Errors
    /// [`StoreError`]; what the platform does wrong is in the report.
    pub async fn read(
        &self,
        runtime: &Runtime,
        lease: SourceLease,
        from: From,
        stop: &watch::Receiver<bool>,
        landed: &(dyn Fn(u32) + Sync),
    ) -> Result<ReadEnded, StoreError> {
        let cx = Ingest {
            db: &runtime.delivery.db,
            keys: &runtime.delivery.keys,
            queue: Some(&runtime.queue),
            batch_records: runtime.settings.batch_records,
            progress: landed,
            stop,
        };
        let read = ingest::sync(cx, &self.source, lease.claim, self.connector.as_ref(), from).await;
        let ended = read.as_ref().map_or(Ended::Failed, |report| report.ended);
        // What was handed in says nothing about when the source is to be read.
        let ended = if from == From::Handed { Ended::Stopped } else { ended };
        let next = lease.end(ended, self.recipe.source.schedule.as_ref()).await?;
        Ok(ReadEnded { report: read?, next })
    }
}
