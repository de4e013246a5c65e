//! Push: a platform sends a payload. It is authenticated and landed under the source's lease, unless it was received
//! before.

use std::sync::Arc;
use std::time::Duration;

use huiliu_messages::{Message, said_in_english};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use super::landed_sheets;
use crate::disk_room::NoRoom;
use crate::ingest::PassStart;
use crate::registry::Recipe;
use crate::runtime::Runtime;
use crate::schedule::SourceLease;
use crate::sources::{ReadySource, SourceError};
use huiliu_decode::heavy::run_heavy;
use huiliu_decode::payload::Payload;
use huiliu_manifest::{Manifest, Stream, Transport};
use huiliu_platform::files::handed::UploadConnector;
use huiliu_platform::push_auth::{self, BodySignature, Proof, ProofState, PushAuthError, SignedHead};
use huiliu_platform::{Cause, Failure};
use huiliu_store::StoreError;
use huiliu_store::intake::pushed::{self, Pushed};
use huiliu_store::intake::source_lease::SourceUseEnd;

/// How long a payload waits for its source's lease. A source lands one payload at a time.
const LEASE_WAIT: Duration = Duration::from_secs(20);
/// The name of the secret that the senders of a source know.
const SECRET: &str = "push";

/// Why a payload is refused.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum PushError {
    /// The source's connector is disabled.
    #[serde(rename = "push.disabled")]
    Disabled,
    /// The connector has no such stream, or has several and none was named.
    #[serde(rename = "push.stream")]
    Stream {
        /// The names of its streams.
        known: Vec<String>,
    },
    /// Another payload was sent with this idempotency key.
    #[serde(rename = "push.key_taken")]
    KeyTaken {
        /// The run of that payload.
        run: i64,
    },
    /// The payload is stored, but cannot be decoded.
    #[serde(rename = "push.unreadable")]
    Unreadable {
        /// The run in which it landed.
        run: i64,
        /// What is wrong with it.
        fault: Message,
    },
    /// The payload is a correction sheet, which is stored and cannot be taken now.
    #[serde(rename = "push.sheet")]
    Sheet {
        /// Why not.
        why: Message,
    },
    /// Another process holds the source's lease.
    #[serde(rename = "push.busy")]
    Busy,
    /// The payload landed, but is not found afterwards.
    #[serde(rename = "push.lost")]
    Lost,
    /// The sender is not authenticated for this source, or there is no such source. The answer does not distinguish
    /// the two.
    #[serde(untagged)]
    Door(PushAuthError),
    /// There is no room on disk.
    #[serde(untagged)]
    NoRoom(NoRoom),
    /// The source's connector cannot accept the payload.
    #[serde(untagged)]
    Platform(Failure),
    /// The source cannot be read now; this may pass.
    #[serde(untagged)]
    Source(SourceError),
    /// The database failed.
    #[serde(untagged)]
    Store(StoreError),
}

said_in_english!(PushError);

impl std::convert::From<PushAuthError> for PushError {
    fn from(fault: PushAuthError) -> Self {
        Self::Door(fault)
    }
}

impl std::convert::From<NoRoom> for PushError {
    fn from(why: NoRoom) -> Self {
        Self::NoRoom(why)
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

/// A payload that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AcceptedPayload {
    /// The run in which it landed.
    pub run: i64,
    /// The number of its raw records.
    pub records: i64,
}

/// A source that accepts pushed payloads.
#[derive(Debug, Clone)]
pub struct PushTarget {
    recipe: Recipe,
    manifest: Manifest,
}

/// What a sender states about itself and the request, without the body.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// The sender's proof that it may send.
    pub proof: Proof<'a>,
    /// The path and query of the request.
    pub path: &'a str,
    /// The idempotency key.
    pub key: &'a str,
}

/// A sender of whom as much was checked as can be before its body is read.
#[derive(Debug)]
pub enum CheckedSender {
    /// It knows the source's secret.
    Proven(Box<PushTarget>),
    /// It has signed its body, and may be anybody until the body was read.
    Claimed(Box<ClaimedSender>),
}

/// A sender that has signed its body.
#[derive(Debug)]
pub struct ClaimedSender {
    target: Option<PushTarget>,
    signature: BodySignature,
}

impl ClaimedSender {
    /// Takes the next bytes of the body.
    pub fn update(&mut self, bytes: &[u8]) {
        self.signature.update(bytes);
    }

    /// Checks the signature of the whole body.
    ///
    /// # Errors
    /// [`PushAuthError::Secret`] if it does not match, or if there is no such source.
    pub fn prove(self) -> Result<PushTarget, PushAuthError> {
        self.signature.verify()?;
        self.target.ok_or(PushAuthError::Secret)
    }
}

/// Checks a sender before its body is read. One without the source's secret cannot learn whether the source exists: the
/// same work is done for one that does not.
///
/// # Errors
/// [`PushAuthError`] if its proof does not hold, or if there is no such source that can be pushed to.
pub fn check_sender(runtime: &Runtime, source: &str, sender: Sender<'_>) -> Result<CheckedSender, PushAuthError> {
    let target = find_target(runtime, source);
    let secret = target.as_ref().and_then(|target| target.recipe.secrets().remove(SECRET));
    let head = SignedHead { path: sender.path, key: sender.key };
    let now = chrono::Utc::now().timestamp();
    Ok(match push_auth::check_proof(secret.as_deref(), sender.proof, head, now)? {
        ProofState::Proven => CheckedSender::Proven(Box::new(target.ok_or(PushAuthError::Secret)?)),
        ProofState::Pending(signature) => {
            CheckedSender::Claimed(Box::new(ClaimedSender { target, signature: *signature }))
        }
    })
}

/// Finds a source that accepts pushed payloads; `None` also if it cannot be used.
fn find_target(runtime: &Runtime, source: &str) -> Option<PushTarget> {
    let known = runtime.registry_snapshot();
    let found = known.sources.iter().find(|of| of.name == source)?;
    let (recipe, manifest) = runtime.build_recipe(found).ok()?;
    matches!(manifest.transport, Transport::Push {}).then_some(PushTarget { recipe, manifest })
}

impl PushError {
    fn is_disk_full(&self) -> bool {
        match self {
            Self::Store(fault) | Self::Source(SourceError::Store(fault)) => fault.is_disk_full(),
            _ => false,
        }
    }
}

impl PushTarget {
    /// Returns the stream of that name, or the only stream if no name is given.
    ///
    /// # Errors
    /// [`PushError::Stream`] if there is none, or several and no name is given.
    pub fn choose_stream(&self, name: Option<&str>) -> Result<&Stream, PushError> {
        let streams = &self.manifest.stream;
        let chosen = match (name, &streams[..]) {
            (Some(name), _) => self.manifest.find_stream(name),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        let known = || streams.iter().map(|stream| stream.name.clone()).collect();
        chosen.ok_or_else(|| PushError::Stream { known: known() })
    }

    /// Checks that the source's connector is enabled.
    ///
    /// # Errors
    /// [`PushError::Disabled`].
    pub fn check_enabled(&self, runtime: &Runtime) -> Result<(), PushError> {
        runtime.registry_snapshot().may_read(&self.recipe.source.connector).map_err(|_| PushError::Disabled)
    }

    /// Lands a payload under the source's lease if its key is new. The answer is always read from the database, so a
    /// repeated request gets the same answer as the first. What the answer says is on disk then.
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
    ) -> Result<AcceptedPayload, PushError> {
        let landed = self.land_and_sync(runtime, stream, key, payload, stop).await;
        match landed {
            Err(error) if error.is_disk_full() => {
                runtime.room.note_full();
                Err(NoRoom::Full.into())
            }
            landed => {
                if landed.is_ok() {
                    runtime.room.note_written();
                }
                landed
            }
        }
    }

    async fn land_and_sync(
        self,
        runtime: &Runtime,
        stream: &str,
        key: &str,
        payload: Payload,
        stop: &watch::Receiver<bool>,
    ) -> Result<AcceptedPayload, PushError> {
        // One sync before the answer makes all of this last, and others who wait share it.
        let runtime = &runtime.redoable();
        let (db, keys) = (&runtime.delivery.db, &runtime.delivery.keys);
        let digest = run_heavy(payload.len(), || pushed::compute_digest(keys, stream, &payload))
            .map_err(|e| Failure::retryable(Cause::Packing { why: e.into() }))?;
        let unpacker = Arc::clone(&runtime.program.unpacker);
        let connector = UploadConnector::from_payload(self.manifest, stream, key, payload, unpacker)?;
        let ready = ReadySource::with_connector(runtime, self.recipe, Arc::new(connector)).await?;
        let lease = wait_for_lease(runtime, &ready).await?;
        let find = || pushed::find_pushed(db, ready.source.id, stream, key, &digest);
        if let Some(before) = find().await? {
            lease.end_lease(SourceUseEnd::Stopped, None).await?;
            db.sync().await?;
            return to_answer(before);
        }
        let ended = ready.read_all_streams(runtime, lease, PassStart::Handed, stop, &|_| {}).await?;
        if let Some(failure) = ended.report.failure {
            return Err(failure.into());
        }
        // A correction sheet is taken before the answer.
        landed_sheets::take_landed(runtime, stop).await.map_err(|why| PushError::Sheet { why: Message::new(&why) })?;
        let landed = find().await?.ok_or(PushError::Lost)?;
        db.sync().await?;
        to_answer(landed)
    }
}

async fn wait_for_lease(runtime: &Runtime, ready: &ReadySource) -> Result<SourceLease, PushError> {
    let until = tokio::time::Instant::now() + LEASE_WAIT;
    loop {
        if let Some(lease) = ready.try_lease(runtime, false).await? {
            return Ok(lease);
        }
        if tokio::time::Instant::now() > until {
            return Err(PushError::Busy);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Converts what the database holds about a payload to the sender's answer.
fn to_answer(pushed: Pushed) -> Result<AcceptedPayload, PushError> {
    let Pushed { run, records, is_same, error } = pushed;
    match error {
        _ if !is_same => Err(PushError::KeyTaken { run }),
        Some(error) => Err(PushError::Unreadable { run, fault: Message::parse_stored(&error) }),
        None => Ok(AcceptedPayload { run, records }),
    }
}
