//! One batch through the stages, classified and committed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use tracing::Instrument as _;

use crate::lease::Renewal;
use crate::manifests::{Active, ActiveManifest, Manifests};
use huiliu_decode::payload::Payload;
use huiliu_decode::unpack::Task;
use huiliu_decode::unpacker::{Ask, Unpacker};
use huiliu_decode::{Body, Context, RecordRange, Staged, decode, text_window};
use huiliu_manifest::quality::NewField;
use huiliu_manifest::{Manifest, Stream};
use huiliu_messages::{Message, said_in_english};
use huiliu_rules::policy::Policy;
use huiliu_store::delivery::batch::{ClaimedBatch, Commit, Load, Outcomes};
use huiliu_store::delivery::{batches, repeat};
use huiliu_store::identity::claims::Known;
use huiliu_store::intake::{expectations, payloads};
use huiliu_store::ledger::entries::RuleIds;
use huiliu_store::{Db, StoreError, Unreadable};
use huiliu_vault::keys::Keys;

/// A claim that was lost this often makes the batch run alone in a child process.
pub const SUSPECT_AFTER: i64 = 3;
/// How often a batch whose rows another load wrote first is classified again before it is put back.
const TRIES: u32 = 5;

/// What delivery works with; cheap to clone.
#[derive(Debug, Clone)]
pub struct DeliveryContext {
    /// The store.
    pub db: Db,
    /// Keys.
    pub keys: Keys,
    /// Rules.
    pub policy: Arc<Policy>,
    /// Row ids of the rules.
    pub rules: Arc<RuleIds>,
    /// Claims met before.
    pub known: Arc<Mutex<Known>>,
    /// The manifests in use.
    pub manifests: Manifests,
    /// Reads what is more than text.
    pub unpacker: Arc<Unpacker>,
    /// How long a claim holds without being renewed, in milliseconds.
    pub lease_ms: u64,
    /// Who claims, for whoever looks: host and process.
    pub holder: Arc<str>,
}

/// How one delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// Committed.
    Done(Outcomes),
    /// Nothing to do: done already, not due, or in other hands.
    NotOurs,
    /// Taken away while we worked: nothing was written.
    Fenced,
    /// Put back, due again later.
    Released,
    /// Its claim was lost too often: to be run alone.
    Suspect,
    /// It breaks its stream's contract and waits for a person.
    Quarantined,
}

/// Claims a batch and delivers it. A suspect is only claimed when `alone`.
///
/// # Errors
/// [`StoreError`] when the database does not answer; the sweep rings the batch again.
pub async fn deliver(context: &DeliveryContext, batch: i64, alone: bool) -> Result<Delivered, StoreError> {
    if !alone && batches::lost_claims(&context.db, batch).await? >= SUSPECT_AFTER {
        return Ok(Delivered::Suspect);
    }
    let Some(held) = batches::claim(&context.db, batch, context.lease_ms, &context.holder).await? else {
        return Ok(Delivered::NotOurs);
    };
    let span = tracing::error_span!("deliver", run = held.run_id, batch = held.id);
    if held.lost_claims > 0 {
        span.in_scope(|| tracing::warn!(lost_claims = held.lost_claims, "taken up again: whoever held it was lost"));
    }
    let _renewal = span.in_scope(|| Renewal::of(&context.db, held.lease(), context.lease_ms));
    finish(context, &held).instrument(span).await
}

/// The work on a held batch, and its end: committed, or put back with what went wrong.
async fn finish(context: &DeliveryContext, held: &ClaimedBatch) -> Result<Delivered, StoreError> {
    match process(context, held).await {
        Ok(Commit::Broken(why)) => {
            tracing::warn!("{why}");
            batches::quarantine_claimed(&context.db, held, &Message::new(&why)).await?;
            Ok(Delivered::Quarantined)
        }
        Ok(Commit::Done(outcomes)) => {
            tracing::debug!(?outcomes, "delivered");
            Ok(Delivered::Done(outcomes))
        }
        Ok(Commit::Fenced) => {
            tracing::warn!("taken away while we worked; nothing was written");
            Ok(Delivered::Fenced)
        }
        Err(fault) => {
            let wait = 500u64.saturating_mul(1 << (held.attempts - 1).clamp(0, 7));
            tracing::warn!(error = %fault, again_in_ms = wait, "not delivered; put back");
            batches::release(&context.db, held, wait, &Message::new(&fault)).await?;
            Ok(Delivered::Released)
        }
    }
}

/// Why a batch is set aside although nothing is wrong with its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum BatchFailure {
    /// It ended the process in which it ran alone.
    #[serde(rename = "batch.crashed")]
    Crashed {
        /// The signal that ended the process.
        signal: i32,
    },
}

said_in_english!(BatchFailure);

/// How a batch is read today: its stream, under the manifest that is current.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'d> {
    manifest: &'d Manifest,
    pub stream: &'d Stream,
    pub activation: i64,
}

impl<'d> Reading<'d> {
    /// Of a batch, under the manifests of one moment.
    pub fn of(manifests: &'d Active, held: &ClaimedBatch) -> Result<Self, StoreError> {
        let ActiveManifest { manifest, activation } = manifests
            .get(&held.connector)
            .ok_or_else(|| StoreError::Unreadable(Unreadable::Connector { connector: held.connector.clone() }))?;
        let stream = manifest.stream(&held.stream).ok_or_else(|| {
            StoreError::Unreadable(Unreadable::Stream {
                connector: held.connector.clone(),
                stream: held.stream.clone(),
            })
        })?;
        Ok(Self { manifest, stream, activation: *activation })
    }
}

/// The records of a batch. Behind the last of the payload nothing may stand, nor may any be missing.
fn asked(held: &ClaimedBatch) -> RecordRange {
    let last = held.first + held.count == held.landed;
    RecordRange::new(held.first, held.count + u32::from(last))
}

impl DeliveryContext {
    /// The same context over a rehearsal: nothing of what is done on it remains. A lease must not be renewed while something else
    /// is being done, so it is long.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rehearse(&self) -> Result<Self, StoreError> {
        Ok(Self { db: self.db.rehearse().await?, known: Arc::default(), lease_ms: 86_400_000, ..self.clone() })
    }

    /// The payload of a batch, at least as much of it as the batch needs; `payload` holds what it is read from. What was
    /// unpacked for another batch is not fetched again.
    pub(crate) async fn body<'b>(
        &self,
        held: &ClaimedBatch,
        stream: &Stream,
        payload: &'b mut Arc<Payload>,
    ) -> Result<Body<'b>, StoreError> {
        let ask = Ask::Range(asked(held));
        if let Some(known) = self.unpacker.recall(stream, &held.digest, ask) {
            return Ok(known);
        }
        let open = payloads::open(&self.db, &self.keys, held, text_window::has_windows(stream));
        // A payload of one batch is nobody else's, and waits for nobody.
        let is_alone = held.count == held.landed;
        let opened = if is_alone { Arc::new(open.await?) } else { self.unpacker.opened(&held.digest, open).await? };
        // So that a batch does not pass over those before it.
        let in_windows = opened.plain().is_none() || !is_alone && text_window::has_windows(stream);
        if in_windows {
            let window = self.unpacker.window(stream, &opened, ask, Some(&held.digest)).await;
            return window.map_err(|e| unreadable(held, e));
        }
        let bytes = opened.plain().unwrap_or_default();
        if Task::of(stream, bytes).is_none() {
            *payload = opened;
            let bytes = payload.plain().unwrap_or_default();
            return decode::text(&stream.format, bytes).map(Body::Text).map_err(|e| unreadable(held, e));
        }
        // What was unpacked stands by itself; the payload is not held any longer.
        let unpacked = self.unpacker.part(stream, bytes, ask, Some(&held.digest)).await;
        match unpacked.map_err(|e| unreadable(held, e))? {
            Body::Parts(parts) => Ok(Body::Parts(parts)),
            Body::Text(text) => Ok(Body::Text(text.into_owned().into())),
        }
    }

    /// Takes the raw records of a batch that are `wanted` through the stages.
    pub(crate) fn stage<'a>(
        &'a self,
        held: &'a ClaimedBatch,
        reading: Reading<'a>,
        body: &'a Body<'_>,
        wanted: impl Fn(u32) -> bool,
    ) -> Result<Load<'a>, StoreError> {
        let Reading { manifest, stream, activation } = reading;
        let (policy, keys, source_id, address) = (&*self.policy, &self.keys, held.source_id, &*held.address);
        let (each, landing) = (&held.each, held.payload_id);
        let cx = Context { manifest, stream, policy, keys, source_id, address, each, landing };
        let mut load = Load {
            clean: Vec::with_capacity(if stream.kind.is_roster() { 0 } else { held.count as usize }),
            roster: vec![],
            parked: vec![],
            skipped: vec![],
            hours_unit: stream.hours_unit(),
            manifest_version: manifest.version(),
            activation,
        };
        let staged = huiliu_decode::run(cx, body, asked(held)).map_err(|e| unreadable(held, e))?;
        if staged.len() != held.count as usize {
            return Err(other_layout(held));
        }
        for staged in staged {
            match staged {
                Staged::Clean(record) if wanted(record.index) => load.clean.push(record),
                Staged::Roster(row) if wanted(row.index) => load.roster.push(row),
                Staged::Parked(parked) if wanted(parked.index) => load.parked.push(parked),
                Staged::Skipped(index, because) if wanted(index) => load.skipped.push((index, because)),
                _ => {}
            }
        }
        Ok(load)
    }
}

/// The manifest finds other records in the payload than it had when it landed: by their places they would be mistaken for
/// each other. Landed again, the same bytes are counted anew.
pub(crate) fn other_layout(held: &ClaimedBatch) -> StoreError {
    StoreError::Unreadable(Unreadable::OtherLayout { place: held.address.clone() })
}

pub(crate) fn unreadable(held: &ClaimedBatch, e: decode::DecodeError) -> StoreError {
    StoreError::Unreadable(Unreadable::Payload { place: held.address.clone(), why: e })
}

async fn process(context: &DeliveryContext, held: &ClaimedBatch) -> Result<Commit, StoreError> {
    let manifests = context.manifests.now();
    let reading = Reading::of(&manifests, held)?;
    if let Some(done) = repeat::commit(&context.db, held, reading.stream, reading.activation).await? {
        return Ok(done);
    }
    let mut payload = Arc::default();
    let body = context.body(held, reading.stream, &mut payload).await?;
    let load = context.stage(held, reading, &body, |_| true)?;
    if let Some(contract) = reading.stream.contract.as_ref().filter(|_| !held.waived)
        && let Some(why) = huiliu_decode::contract::find_broken(contract, held.count as usize, &load.parked)
    {
        return Ok(Commit::Broken(why));
    }
    if reading.stream.contract.as_ref().is_some_and(|c| c.new_field == NewField::Report) && held.first == 0 {
        let names = huiliu_decode::names::names(&reading.stream.format, &body);
        let new = expectations::fields(&context.db, held.source_id, held.run_id, &held.stream, &names).await?;
        if !new.is_empty() {
            tracing::warn!(stream = held.stream, "new fields, kept in the raw records: {}", new.join(", "));
        }
    }
    let slow = huiliu_store::faults::slow_commit_ms();
    if slow > 0 {
        tokio::time::sleep(Duration::from_millis(slow)).await;
    }
    let mut tries = 0;
    loop {
        match huiliu_store::delivery::commit::commit(&context.db, &context.keys, &context.known, held, &load).await {
            Err(fault) if fault.is_write_conflict() && tries < TRIES => tries += 1,
            ended => return ended,
        }
    }
}
