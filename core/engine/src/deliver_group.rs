//! Delivers small batches of one stream together, so that what a transaction costs does not depend on the size of a page.
//!
//! Each batch keeps its own claim, counters and outcome. One that breaks its contract is set aside alone. If the others
//! cannot be committed together, each is delivered by itself, and the one at fault says why.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::Instrument as _;

use crate::contract;
use crate::deliver::{self, Delivered, DeliveryContext, Reading, SUSPECT_AFTER};
use crate::kept_parts;
use crate::lease::Renewal;
use crate::log_event::LogEvent;
use huiliu_decode::Body;
use huiliu_decode::payload::Payload;
use huiliu_messages::{Message, in_log};
use huiliu_store::StoreError;
use huiliu_store::delivery::batch::{ClaimedBatch, Commit, Committed, Load};
use huiliu_store::delivery::batches::{self, GroupLimits};
use huiliu_store::delivery::kept_parts::EarlierPage;
use huiliu_store::delivery::repeat;

/// A transaction of this size costs little more for each record than a larger one.
pub const LIMITS: GroupLimits = GroupLimits { records: 5_000, bytes: 4 * 1024 * 1024, reach: 400 };
/// A smaller batch with dead letters that repeats an earlier one is cheaper to read in a group than to count from the books.
const COUNTED_FROM: u32 = 500;

/// How a group of batches ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupDelivery {
    /// How the batch that was asked for ended.
    pub asked: Delivered,
    /// How many batches were claimed.
    pub claimed: usize,
    /// How many of them were committed together.
    pub together: usize,
}

impl From<Delivered> for GroupDelivery {
    fn from(asked: Delivered) -> Self {
        Self { asked, claimed: 0, together: 0 }
    }
}

/// Claims a batch, and with it small ones of its stream that landed after it, within limits, and delivers them.
///
/// # Errors
/// [`StoreError`] when the database does not answer; the sweep enqueues the batches again.
pub async fn deliver_group(
    context: &DeliveryContext,
    batch: i64,
    limits: GroupLimits,
) -> Result<GroupDelivery, StoreError> {
    // Most notices of small batches come after another batch has taken these along.
    let Some(lost) = batches::count_lost_claims(&context.db, batch).await? else {
        return Ok(Delivered::NotClaimed.into());
    };
    if lost >= SUSPECT_AFTER {
        return Ok(Delivered::Suspect.into());
    }
    context.rules.refresh(&context.db, &context.keys).await?;
    let held = batches::claim_group(&context.db, batch, context.lease_ms, &context.holder, limits).await?;
    let Some(first) = held.first() else { return Ok(Delivered::NotClaimed.into()) };
    let span = tracing::error_span!("deliver", run = first.run_id, batch = first.id);
    if first.lost_claims > 0 {
        span.in_scope(|| tracing::warn!(lost_claims = first.lost_claims, "{}", LogEvent::BatchTakenOver));
    }
    let leases = held.iter().map(ClaimedBatch::lease).collect();
    let _renewal = span.in_scope(|| Renewal::start(&context.db, leases, context.lease_ms));
    finish_group(context, batch, &held).instrument(span).await
}

async fn finish_group(
    context: &DeliveryContext,
    asked: i64,
    held: &[ClaimedBatch],
) -> Result<GroupDelivery, StoreError> {
    let mut ended = BTreeMap::new();
    if held.len() > 1
        && let Err(fault) = deliver_together(context, held, &mut ended).await
    {
        tracing::info!("{}", in_log(&fault));
    }
    let together = ended.values().filter(|ended| matches!(ended, Delivered::Done(_))).count();
    for (nth, one) in held.iter().enumerate() {
        if ended.contains_key(&one.id) {
            continue;
        }
        match deliver::finish_batch(context, one).await {
            Ok(delivered) => {
                ended.insert(one.id, delivered);
            }
            Err(fault) => {
                release(context, &held[nth + 1..], &fault).await;
                return Err(fault);
            }
        }
    }
    let asked = ended.remove(&asked).unwrap_or(Delivered::NotClaimed);
    Ok(GroupDelivery { asked, claimed: held.len(), together })
}

/// Gives batches back that were not begun.
async fn release(context: &DeliveryContext, held: &[ClaimedBatch], why: &StoreError) {
    for one in held {
        // What cannot be given back now comes back when its lease expires.
        let _ = batches::release_batch(&context.db, one, 500, &Message::new(why)).await;
    }
}

/// Loads as many of the batches as possible in one transaction, and notes in `ended` how these ended.
async fn deliver_together(
    context: &DeliveryContext,
    held: &[ClaimedBatch],
    ended: &mut BTreeMap<i64, Delivered>,
) -> Result<(), StoreError> {
    let (manifests, rules) = (context.manifests.current(), context.rules.current());
    // Without a manifest each batch says so by itself.
    let Ok(reading) = Reading::for_batch(&manifests, &rules, &held[0]) else { return Ok(()) };
    if reading.stream.kind.is_roster() {
        return Ok(());
    }
    // What cannot be counted from the books now is read.
    let counted = repeat::commit_repeats(&context.db, held, reading.stream, reading.activation).await;
    ended.extend(counted.unwrap_or_default().into_iter().map(|(one, outcomes)| (one, Delivered::Done(outcomes))));
    for one in held.iter().filter(|one| one.count >= COUNTED_FROM && !ended.contains_key(&one.id)).collect::<Vec<_>>() {
        let counted = repeat::commit_repeat(&context.db, one, reading.stream, reading.activation).await;
        if let Ok(Some(Commit::Done(outcomes))) = counted {
            ended.insert(one.id, Delivered::Done(outcomes));
        }
    }
    let held: Vec<&ClaimedBatch> = held.iter().filter(|one| !ended.contains_key(&one.id)).collect();
    let mut payloads: Vec<Arc<Payload>> = vec![Arc::default(); held.len()];
    let mut bodies = vec![];
    for (one, payload) in held.into_iter().zip(&mut payloads) {
        // What cannot be read is delivered by itself, and says why.
        if let Ok(body) = context.load_body(one, reading.stream, payload).await {
            bodies.push((one, body));
        }
    }
    let all: Vec<&ClaimedBatch> = bodies.iter().map(|(one, _)| *one).collect();
    let earlier = kept_parts::find_earlier_pages(context, reading, &all).await;
    for (one, body) in &bodies {
        deliver::note_new_fields(context, one, reading, body).await?;
    }
    if !load_together(context, reading, &bodies, &earlier, ended).await? {
        load_together(context, reading, &bodies, &BTreeMap::new(), ended).await?;
    }
    Ok(())
}

/// Loads batches in one transaction; of those with an earlier page only what differs from it. Returns false if they must be
/// read as a whole: nothing was written then.
async fn load_together(
    context: &DeliveryContext,
    reading: Reading<'_>,
    bodies: &[(&ClaimedBatch, Body<'_>)],
    earlier: &BTreeMap<i64, EarlierPage>,
    ended: &mut BTreeMap<i64, Delivered>,
) -> Result<bool, StoreError> {
    let mut loads: Vec<Load<'_>> = vec![];
    for (one, body) in bodies.iter().filter(|(one, _)| !ended.contains_key(&one.id)) {
        // What cannot be staged is delivered by itself, and says why.
        if let Ok(load) = kept_parts::stage_batch(context, reading, one, body, earlier.get(&one.id)).await {
            loads.push(load);
        }
        tokio::task::yield_now().await;
    }
    let (judged, statistics) = contract::judge_batches(&context.db, &context.keys, reading, &loads).await?;
    // What differs from an earlier page is a small sample; only the whole page can break a contract.
    if loads.iter().zip(&judged).any(|(load, judged)| judged.is_err() && !load.kept.is_empty()) {
        return Ok(false);
    }
    let mut kept: Vec<ClaimedBatch> = vec![];
    let mut sound = vec![];
    for (load, judged) in loads.into_iter().zip(judged) {
        let one = &load.held[0];
        match judged {
            Ok(()) => {
                kept.push(one.clone());
                sound.push(load);
            }
            Err(why) => {
                ended.insert(one.id, deliver::quarantine(context, one, &why).await?);
            }
        }
    }
    let Some(load) = Load::join(&kept, sound) else { return Ok(true) };
    match deliver::commit(context, &load).await? {
        Committed::Done(outcomes) => {
            statistics.save(&context.db, &kept[0], load.manifest_version).await;
            tracing::debug!(batches = kept.len(), "delivered");
            ended.extend(kept.iter().map(|one| one.id).zip(outcomes.into_iter().map(Delivered::Done)));
        }
        // One of them has lost its claim.
        Committed::Fenced => {}
        Committed::Uncounted => return Ok(false),
    }
    Ok(true)
}
