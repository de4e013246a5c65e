//! A platform hands a payload in by itself: proven, then landed in the source's lease, unless it is here already.

use std::sync::Arc;
use std::time::Duration;

use huiliu_messages::{Message, said_in_english};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use crate::ingest::From;
use crate::registry::{Recipe, RegistryError};
use crate::runtime::Runtime;
use crate::schedule::SourceLease;
use crate::sources::{ReadySource, SourceError};
use huiliu_decode::payload::Payload;
use huiliu_manifest::{Manifest, Stream, Transport};
use huiliu_platform::files::handed::HandedConnector;
use huiliu_platform::push_auth::{self, Handed, Proof, PushAuthError};
use huiliu_platform::{Cause, Failure};
use huiliu_store::StoreError;
use huiliu_store::intake::pushed::{self, Pushed};
use huiliu_store::intake::source_lease::Ended;

/// How long a payload waits for its source's lease: a source lands one payload at a time.
const LEASE_WAIT: Duration = Duration::from_secs(20);
/// The secret of a source that senders know.
const SECRET: &str = "push";

/// Why a payload is not taken.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum PushError {
    /// The source's connector is disabled.
    #[serde(rename = "push.disabled")]
    Disabled,
    /// The source's connector has no such stream, or several and none was named.
    #[serde(rename = "push.stream")]
    Stream {
        /// Those there are.
        known: Vec<String>,
    },
    /// Another payload was handed in with this idempotency key.
    #[serde(rename = "push.key_taken")]
    KeyTaken {
        /// The run of that payload.
        run: i64,
    },
    /// It is kept, and cannot be read.
    #[serde(rename = "push.unreadable")]
    Unreadable {
        /// The run.
        run: i64,
        /// Why.
        fault: Message,
    },
    /// Another process keeps the source's lease.
    #[serde(rename = "push.busy")]
    Busy,
    /// It landed, and is not found again.
    #[serde(rename = "push.lost")]
    Lost,
    /// The sender does not prove that it may send for this source, or there is no such source: that is not told apart.
    #[serde(untagged)]
    Door(PushAuthError),
    /// The source's connector cannot take it.
    #[serde(untagged)]
    Platform(Failure),
    /// Something here, which may pass.
    #[serde(untagged)]
    Source(SourceError),
    /// The database.
    #[serde(untagged)]
    Store(StoreError),
}

said_in_english!(PushError);

impl std::convert::From<PushAuthError> for PushError {
    fn from(fault: PushAuthError) -> Self {
        Self::Door(fault)
    }
}

impl std::convert::From<Failure> for PushError {
    fn from(failure: Failure) -> Self {
        Self::Platform(failure)
    }
}

impl std::convert::From<SourceError> for PushError {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl std::convert::From<StoreError> for PushError {
    fn from(fault: StoreError) -> Self {
        Self::Store(fault)
    }
}

/// A payload that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Taken {
    /// The run in which it landed.
    pub run: i64,
    /// Its raw records.
    pub records: i64,
}

/// A source that payloads can be handed in for.
#[derive(Debug, Clone)]
pub struct PushTarget {
    recipe: Recipe,
    manifest: Manifest,
}

/// What a sender says of itself and of what it sends.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// What proves that it may.
    pub proof: Proof<'a>,
    /// Path and query that it was sent to.
    pub path: &'a str,
    /// Its idempotency key.
    pub key: &'a str,
}

/// The source of that name, if payloads are handed in for it. Whoever does not know its secret is not told whether there is
/// one.
///
/// # Errors
/// [`PushAuthError::Secret`].
pub fn target(runtime: &Runtime, source: &str) -> Result<PushTarget, PushAuthError> {
    let known = runtime.known();
    let found = known.sources.iter().find(|of| of.name == source).ok_or(PushAuthError::Secret)?;
    let (recipe, manifest) = runtime.recipe(found).map_err(|_: RegistryError| PushAuthError::Secret)?;
    if matches!(manifest.transport, Transport::Push {}) {
        Ok(PushTarget { recipe, manifest })
    } else {
        Err(PushAuthError::Secret)
    }
}

impl PushTarget {
    /// The stream of that name, or the only one.
    ///
    /// # Errors
    /// [`PushError::Stream`].
    pub fn stream(&self, name: Option<&str>) -> Result<&Stream, PushError> {
        let streams = &self.manifest.stream;
        let chosen = match (name, &streams[..]) {
            (Some(name), _) => self.manifest.stream(name),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        let known = || streams.iter().map(|stream| stream.name.clone()).collect();
        chosen.ok_or_else(|| PushError::Stream { known: known() })
    }

    /// Whether the sender knows the source's secret, and the connector is enabled.
    ///
    /// # Errors
    /// [`PushError::Door`], [`PushError::Disabled`].
    pub fn admit(&self, runtime: &Runtime, sender: Sender<'_>, payload: &Payload) -> Result<(), PushError> {
        let secret = self.recipe.secrets().remove(SECRET).unwrap_or_default();
        let handed = Handed { path: sender.path, key: sender.key, body: payload };
        push_auth::check(&secret, sender.proof, handed, chrono::Utc::now().timestamp())?;
        runtime.known().may_read(&self.recipe.source.connector).map_err(|_| PushError::Disabled)
    }

    /// Lands a payload in the source's lease, if its key is new. What is answered is read from the database, the first time
    /// as any other.
    ///
    /// # Errors
    /// [`PushError`].
    pub async fn land(
        self,
        runtime: &Runtime,
        stream: &str,
        key: &str,
        payload: Payload,
        stop: &watch::Receiver<bool>,
    ) -> Result<Taken, PushError> {
        let (db, keys) = (&runtime.delivery.db, &runtime.delivery.keys);
        let digest =
            pushed::digest(keys, stream, &payload).map_err(|e| Failure::passing(Cause::Packing { why: e.into() }))?;
        let unpacker = Arc::clone(&runtime.program.unpacker);
        let connector = HandedConnector::sent(self.manifest, stream, key, payload, unpacker)?;
        let ready = ReadySource::over(runtime, self.recipe, Arc::new(connector)).await?;
        let lease = wait_for_lease(runtime, &ready).await?;
        let find = || pushed::find(db, ready.source.id, stream, key, &digest);
        if let Some(before) = find().await? {
            lease.end(Ended::Stopped, None).await?;
            return answer(before);
        }
        let ended = ready.read(runtime, lease, From::Handed, stop, &|_| {}).await?;
        if let Some(failure) = ended.report.failure {
            return Err(failure.into());
        }
        answer(find().await?.ok_or(PushError::Lost)?)
    }
}

async fn wait_for_lease(runtime: &Runtime, ready: &ReadySource) -> Result<SourceLease, PushError> {
    let until = tokio::time::Instant::now() + LEASE_WAIT;
    loop {
        if let Some(lease) = ready.lease(runtime, false).await? {
            return Ok(lease);
        }
        if tokio::time::Instant::now() > until {
            return Err(PushError::Busy);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What the sender is told of what stands in the database.
fn answer(pushed: Pushed) -> Result<Taken, PushError> {
    let Pushed { run, records, is_same, fault } = pushed;
    match fault {
        _ if !is_same => Err(PushError::KeyTaken { run }),
        Some(fault) => Err(PushError::Unreadable { run, fault: Message::read(&fault) }),
        None => Ok(Taken { run, records }),
    }
}
