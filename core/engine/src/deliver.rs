//! Delivers one batch: decodes, maps, validates, classifies and commits it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tracing::Instrument as _;

use crate::active_rules::{RuleFollower, RuleSnapshot};
use crate::conflicts::Retries;
use crate::contract;
use crate::corrections;
use crate::kept_parts;
use crate::lease::Renewal;
use crate::log_event::LogEvent;
use crate::manifests::{Active, ActiveManifest, Manifests};
use crate::missing;
use huiliu_decode::contract::BrokenContract;
use huiliu_decode::payload::Payload;
use huiliu_decode::unpack::Task;
use huiliu_decode::unpacker::{RequestedRecords, Unpacker};
use huiliu_decode::{Body, Context, RecordRange, StageResult, decode, text_window};
use huiliu_manifest::quality::NewField;
use huiliu_manifest::{Manifest, Stream, VersionFrom};
use huiliu_messages::{Message, in_log, said_in_english};
use huiliu_store::delivery::batch::{ClaimedBatch, Commit, Committed, Load, Outcomes};
use huiliu_store::delivery::commit::commit_batches;
use huiliu_store::delivery::known::KnownRows;
use huiliu_store::delivery::{batches, repeat};
use huiliu_store::intake::{expectations, payloads};
use huiliu_store::{Db, StoreError, Unreadable};
use huiliu_vault::keys::Keys;

/// After this many lost claims, a batch runs alone in a child process.
pub const SUSPECT_AFTER: i64 = 3;
/// What delivery works with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct DeliveryContext {
    /// The database.
    pub db: Db,
    /// Keys for sealing and indexing.
    pub keys: Keys,
    /// The rules in force.
    pub rules: RuleFollower,
    /// What is remembered of rows that loads refer to.
    pub known: Arc<KnownRows>,
    /// The manifests in use.
    pub manifests: Manifests,
    /// Reads workbooks and archives.
    pub unpacker: Arc<Unpacker>,
    /// How long a claim lasts without renewal, in milliseconds.
    pub lease_ms: u64,
    /// The claiming host and process, shown to operators.
    pub holder: Arc<str>,
}

/// How one delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// Committed, with the number of records per outcome.
    Done(Outcomes),
    /// Not claimed: done already, not due, or claimed by another process.
    NotClaimed,
    /// The claim was lost during the work; nothing was written.
    Fenced,
    /// Released after an error; due again later.
    Released,
    /// Its claim was lost too often; it must run alone.
    Suspect,
    /// It breaks its stream's contract and waits for a person.
    Quarantined,
}

/// Claims a batch and delivers it. Claims a suspect batch only if `alone` is true.
///
/// # Errors
/// [`StoreError`] when the database does not answer; the sweep enqueues the batch again.
pub async fn deliver_batch(context: &DeliveryContext, batch: i64, alone: bool) -> Result<Delivered, StoreError> {
    if !alone && batches::count_lost_claims(&context.db, batch).await?.unwrap_or(0) >= SUSPECT_AFTER {
        return Ok(Delivered::Suspect);
    }
    let Some(held) = batches::claim_batch(&context.db, batch, context.lease_ms, &context.holder).await? else {
        return Ok(Delivered::NotClaimed);
    };
    let span = tracing::error_span!("deliver", run = held.run_id, batch = held.id);
    if held.lost_claims > 0 {
        span.in_scope(|| tracing::warn!(lost_claims = held.lost_claims, "{}", LogEvent::BatchTakenOver));
    }
    let _renewal = span.in_scope(|| Renewal::start(&context.db, vec![held.lease()], context.lease_ms));
    finish_batch(context, &held).instrument(span).await
}

/// Delivers as workers do: a batch that was released, for example after a write conflict, is tried again, three times
/// in all.
pub(crate) async fn deliver_with_retries(context: &DeliveryContext, batch: i64) -> Result<(), StoreError> {
    for wait_ms in [600, 1_200, 0] {
        if deliver_batch(context, batch, true).await? != Delivered::Released {
            break;
        }
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
    Ok(())
}

/// Processes a claimed batch and ends it: committed, quarantined, or released with the error.
pub(crate) async fn finish_batch(context: &DeliveryContext, held: &ClaimedBatch) -> Result<Delivered, StoreError> {
    match process_batch(context, held).await {
        Ok(Commit::Broken(why)) => quarantine(context, held, &why).await,
        Ok(Commit::Done(outcomes)) => {
            tracing::debug!(?outcomes, "delivered");
            Ok(Delivered::Done(outcomes))
        }
        Ok(Commit::Fenced) => {
            tracing::warn!("{}", LogEvent::BatchLost);
            Ok(Delivered::Fenced)
        }
        Err(fault) => {
            let wait = 500u64.saturating_mul(1 << (held.attempts - 1).clamp(0, 7));
            let why = Message::new(&fault);
            tracing::warn!(again_in_ms = wait, "{}", LogEvent::BatchReturned { why: why.clone() });
            let released = batches::release_batch(&context.db, held, wait, &why).await;
            if fault.is_disk_full() {
                // Nothing is wrong with the batch, and its release may have failed for the same reason.
                return Err(fault);
            }
            released?;
            Ok(Delivered::Released)
        }
    }
}

/// Sets a claimed batch aside that breaks its stream's contract.
pub(crate) async fn quarantine(
    context: &DeliveryContext,
    held: &ClaimedBatch,
    why: &BrokenContract,
) -> Result<Delivered, StoreError> {
    tracing::warn!("{}", in_log(why));
    batches::quarantine_claimed(&context.db, held, &Message::new(why)).await?;
    Ok(Delivered::Quarantined)
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

/// How a batch is read today: its stream, under the manifest and the rules that are current.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'d> {
    pub manifest: &'d Manifest,
    pub stream: &'d Stream,
    pub activation: i64,
    rules: &'d RuleSnapshot,
}

impl<'d> Reading<'d> {
    /// Finds the manifest and stream of a batch.
    pub fn for_batch(manifests: &'d Active, rules: &'d RuleSnapshot, held: &ClaimedBatch) -> Result<Self, StoreError> {
        let ActiveManifest { manifest, activation } = manifests
            .get(&held.connector)
            .ok_or_else(|| StoreError::Unreadable(Unreadable::Connector { connector: held.connector.clone() }))?;
        let stream = manifest.find_stream(&held.stream).ok_or_else(|| {
            StoreError::Unreadable(Unreadable::Stream {
                connector: held.connector.clone(),
                stream: held.stream.clone(),
            })
        })?;
        Ok(Self { manifest, stream, activation: *activation, rules })
    }
}

/// Returns the range of a batch's records. The last batch of a payload asks for one record more, so that surplus
/// records are noticed as well as missing ones.
pub(crate) fn record_range(held: &ClaimedBatch) -> RecordRange {
    let last = held.first + held.count == held.landed;
    RecordRange::new(held.first, held.count + u32::from(last))
}

impl DeliveryContext {
    /// Returns this context for work that is done again if a power cut takes it back.
    #[must_use]
    pub fn redoable(&self) -> Self {
        Self { db: self.db.redoable(), ..self.clone() }
    }

    /// Returns this context over a rehearsal of the database: nothing written through it persists. Its lease is a day
    /// long, because a lease must not be renewed in the middle of other work.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn for_rehearsal(&self) -> Result<Self, StoreError> {
        Ok(Self { db: self.db.begin_rehearsal().await?, known: Arc::default(), lease_ms: 86_400_000, ..self.clone() })
    }

    /// Returns the decoded payload of a batch, or at least the part that the batch needs. `payload` owns the bytes
    /// that the body borrows. A part that was unpacked for another batch is not fetched again.
    pub(crate) async fn load_body<'b>(
        &self,
        held: &ClaimedBatch,
        stream: &Stream,
        payload: &'b mut Arc<Payload>,
    ) -> Result<Body<'b>, StoreError> {
        let ask = RequestedRecords::Range(record_range(held));
        if let Some(known) = self.unpacker.recall_body(stream, &held.digest, ask) {
            return Ok(known);
        }
        let open = payloads::open_payload(&self.db, &self.keys, held, text_window::has_windows(stream));
        // No other batch shares this payload, so there is nothing to share or wait for.
        let is_alone = held.count == held.landed;
        let opened =
            if is_alone { Arc::new(open.await?) } else { self.unpacker.open_shared(&held.digest, open).await? };
        // Windows spare this batch from decoding the records before it.
        let in_windows = opened.as_plain().is_none() || !is_alone && text_window::has_windows(stream);
        if in_windows {
            let window = self.unpacker.prepare_window(stream, &opened, ask, Some(&held.digest)).await;
            return window.map_err(|e| unreadable_error(held, e));
        }
        let bytes = opened.as_plain().unwrap_or_default();
        if Task::for_payload(stream, bytes).is_none() {
            *payload = opened;
            let bytes = payload.as_plain().unwrap_or_default();
            return decode::decode_text(&stream.format, bytes).map(Body::Text).map_err(|e| unreadable_error(held, e));
        }
        // The unpacked parts own their data, so the payload can be dropped here.
        let unpacked = self.unpacker.prepare_part(stream, bytes, ask, Some(&held.digest)).await;
        match unpacked.map_err(|e| unreadable_error(held, e))? {
            Body::Parts(parts) => Ok(Body::Parts(parts)),
            Body::Text(text) => Ok(Body::Text(text.into_owned().into())),
        }
    }

    /// Returns what the stages need to know of a batch besides its payload.
    pub(crate) fn stages<'a>(&'a self, held: &'a ClaimedBatch, reading: Reading<'a>) -> Context<'a> {
        let Reading { manifest, stream, rules, .. } = reading;
        let (policy, keys, source_id, address) = (&rules.policy, &self.keys, held.source_id, &*held.address);
        let (each, landing, batch) = (&held.each, held.payload_id, held.id);
        Context { manifest, stream, policy, keys, source_id, address, each, landing, batch }
    }

    /// Returns the load of a batch before any of its records is in it.
    pub(crate) fn empty_load<'a>(&self, held: &'a ClaimedBatch, reading: Reading<'_>) -> Load<'a> {
        let Reading { manifest, stream, activation, .. } = reading;
        Load {
            held: std::slice::from_ref(held),
            clean: vec![],
            roster: vec![],
            parked: vec![],
            skipped: vec![],
            withdrawn: vec![],
            manifest_version: manifest.version_number(),
            activation,
            by_landing: matches!(stream.version, VersionFrom::Landing {}),
            key_changes_hands: stream.key_changes_hands == Some(true),
            whole_by: missing::whole_by(stream),
            kept: vec![],
        }
    }

    /// Runs the `wanted` raw records of a batch through decode, map and validate, with people's corrections of those that
    /// cannot be used.
    pub(crate) async fn stage_records<'a>(
        &'a self,
        held: &'a ClaimedBatch,
        reading: Reading<'a>,
        body: &'a Body<'_>,
        wanted: impl Fn(u32) -> bool,
    ) -> Result<Load<'a>, StoreError> {
        let mut load = self.stage_received(held, reading, body, wanted)?;
        corrections::apply(self, held, reading, body, &mut load, None).await?;
        Ok(load)
    }

    /// Runs the `wanted` raw records of a batch through decode, map and validate, as received.
    pub(crate) fn stage_received<'a>(
        &'a self,
        held: &'a ClaimedBatch,
        reading: Reading<'a>,
        body: &'a Body<'_>,
        wanted: impl Fn(u32) -> bool,
    ) -> Result<Load<'a>, StoreError> {
        let mut load = self.empty_load(held, reading);
        load.clean.reserve(if reading.stream.kind.is_roster() { 0 } else { held.count as usize });
        let staged = huiliu_decode::run_stages(self.stages(held, reading), body, record_range(held));
        let staged = staged.map_err(|e| unreadable_error(held, e))?;
        if staged.len() != held.count as usize {
            return Err(other_layout_error(held));
        }
        for staged in staged {
            match staged {
                StageResult::Clean(record) if wanted(record.index) => load.clean.push(record),
                StageResult::Roster(row) if wanted(row.index) => load.roster.push(row),
                StageResult::Parked(parked) if wanted(parked.index) => load.parked.push(parked),
                StageResult::Skipped(skipped) if wanted(skipped.index) => load.skipped.push(skipped),
                StageResult::Withdrawn(withdrawn) if wanted(withdrawn.index) => load.withdrawn.push(withdrawn),
                _ => {}
            }
        }
        Ok(load)
    }
}

/// Returns the error for a payload in which the manifest finds other records than when it landed. Records are
/// addressed by position, so they would be mistaken for one another. Landing the same bytes again counts them anew.
pub(crate) fn other_layout_error(held: &ClaimedBatch) -> StoreError {
    StoreError::Unreadable(Unreadable::OtherLayout { place: held.address.clone() })
}

pub(crate) fn unreadable_error(held: &ClaimedBatch, e: decode::DecodeError) -> StoreError {
    StoreError::Unreadable(Unreadable::Payload { place: held.address.clone(), why: e })
}

async fn process_batch(context: &DeliveryContext, held: &ClaimedBatch) -> Result<Commit, StoreError> {
    let manifests = context.manifests.current();
    let rules = context.rules.current();
    let reading = Reading::for_batch(&manifests, &rules, held)?;
    if held.awaits_replay {
        return park_batch(context, held, reading).await;
    }
    let mut retries = Retries::default();
    let repeated = loop {
        match repeat::commit_repeat(&context.db, held, reading.stream, reading.activation).await {
            Err(fault) if retries.try_again(&fault) => {}
            ended => break ended?,
        }
    };
    if let Some(done) = repeated {
        return Ok(done);
    }
    let mut payload = Arc::default();
    let body = context.load_body(held, reading.stream, &mut payload).await?;
    note_new_fields(context, held, reading, &body).await?;
    let earlier = kept_parts::find_earlier_pages(context, reading, &[held]).await.remove(&held.id);
    let load = kept_parts::stage_batch(context, reading, held, &body, earlier.as_ref()).await?;
    if !load.kept.is_empty()
        && let Some(commit) = judge_and_commit(context, held, reading, &load).await?
        && !matches!(commit, Commit::Broken(_))
    {
        return Ok(commit);
    }
    let load = if load.kept.is_empty() { load } else { context.stage_records(held, reading, &body, |_| true).await? };
    Ok(judge_and_commit(context, held, reading, &load).await?.unwrap_or(Commit::Fenced))
}

/// Parks all raw records of a batch: the sound ones until a replay. A batch that breaks its stream's contract waits for a person, as
/// any other.
async fn park_batch(
    context: &DeliveryContext,
    held: &ClaimedBatch,
    reading: Reading<'_>,
) -> Result<Commit, StoreError> {
    let mut payload = Arc::default();
    let body = context.load_body(held, reading.stream, &mut payload).await?;
    let as_read = context.stage_records(held, reading, &body, |_| true).await?;
    let (mut judged, _) =
        contract::judge_batches(&context.db, &context.keys, reading, std::slice::from_ref(&as_read)).await?;
    if let Some(Err(why)) = judged.pop() {
        return Ok(Commit::Broken(why));
    }
    let load = park_sound_records(context, held, reading, &body, as_read)?;
    Ok(match commit(context, &load).await? {
        Committed::Done(mut outcomes) => outcomes.pop().map_or(Commit::Fenced, Commit::Done),
        Committed::Fenced | Committed::Uncounted => Commit::Fenced,
    })
}

/// Parks the records of a load that can be used, also those that corrections and mapped values make sound. Rows of a roster that a
/// rule skips change nothing, and stay skipped.
fn park_sound_records<'a>(
    context: &'a DeliveryContext,
    held: &'a ClaimedBatch,
    reading: Reading<'a>,
    body: &'a Body<'_>,
    mut load: Load<'a>,
) -> Result<Load<'a>, StoreError> {
    let skipped = if reading.stream.kind.is_roster() { vec![] } else { std::mem::take(&mut load.skipped) };
    let clean = load.clean.drain(..).map(|record| record.index);
    let roster = load.roster.drain(..).map(|row| row.index);
    let withdrawn = load.withdrawn.drain(..).map(|row| row.index);
    let sound: HashSet<u32> =
        clean.chain(roster).chain(withdrawn).chain(skipped.into_iter().map(|row| row.index)).collect();
    let parked = huiliu_decode::park_sound(context.stages(held, reading), body, record_range(held), |index| {
        sound.contains(&index)
    });
    load.parked.extend(parked.map_err(|e| unreadable_error(held, e))?);
    load.parked.sort_by_key(|parked| parked.index);
    Ok(load)
}

/// Compares a batch with its stream's contract and commits it. Returns `None` if what it has in common with an earlier page
/// cannot be counted from the books.
async fn judge_and_commit(
    context: &DeliveryContext,
    held: &ClaimedBatch,
    reading: Reading<'_>,
    load: &Load<'_>,
) -> Result<Option<Commit>, StoreError> {
    let (mut judged, statistics) =
        contract::judge_batches(&context.db, &context.keys, reading, std::slice::from_ref(load)).await?;
    if let Some(Err(why)) = judged.pop() {
        return Ok(Some(Commit::Broken(why)));
    }
    match commit(context, load).await? {
        Committed::Done(mut outcomes) => {
            statistics.save(&context.db, held, load.manifest_version).await;
            Ok(Some(outcomes.pop().map_or(Commit::Fenced, Commit::Done)))
        }
        Committed::Fenced => Ok(Some(Commit::Fenced)),
        Committed::Uncounted => Ok(None),
    }
}

/// Says which raw fields a payload is the first to have, if its stream's contract asks for that.
pub(crate) async fn note_new_fields(
    context: &DeliveryContext,
    held: &ClaimedBatch,
    reading: Reading<'_>,
    body: &Body<'_>,
) -> Result<(), StoreError> {
    let stream = reading.stream;
    if held.first > 0 || stream.contract.as_ref().is_none_or(|c| c.new_field != NewField::Report) {
        return Ok(());
    }
    let names = huiliu_decode::names::list_field_names(&stream.format, body);
    let new = expectations::save_fields(&context.db, held.source_id, held.run_id, &held.stream, &names).await?;
    if !new.is_empty() {
        tracing::warn!(stream = held.stream, "{}", LogEvent::NewFields { fields: new });
    }
    Ok(())
}

/// Commits batches together. After a write conflict they are compared again.
pub(crate) async fn commit(context: &DeliveryContext, load: &Load<'_>) -> Result<Committed, StoreError> {
    let slow = huiliu_store::faults::slow_commit_ms();
    if slow > 0 {
        tokio::time::sleep(Duration::from_millis(slow)).await;
    }
    let mut retries = Retries::default();
    loop {
        match commit_batches(&context.db, &context.keys, &context.known, load).await {
            Err(fault) if retries.try_again(&fault) => {}
            ended => return ended,
        }
    }
}
