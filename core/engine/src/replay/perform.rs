//! The replay itself, in a transaction that can still be dropped: what became of each raw record, and whose hours it changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::deliver::{self, DeliveryContext, Reading};
use crate::recount::{self, Change, Snapshot};
use crate::replay::items;
use huiliu_decode::Body;
use huiliu_messages::Message;
use huiliu_store::delivery::batch::{ClaimedBatch, Load};
use huiliu_store::delivery::classify::Classified;
use huiliu_store::delivery::dead_letters::{Resolution, Resolved};
use huiliu_store::delivery::load;
use huiliu_store::delivery::replays::{self, Effect, Item, Wanted};
use huiliu_store::identity::identifiers;
use huiliu_store::ledger::{facts, marks};
use huiliu_store::roster::{self, wait};
use huiliu_store::{StoreError, Tx};

/// Teachers compared at once.
const TEACHERS: usize = 1_000;

/// What a replay came to.
pub(super) struct Performed {
    /// Each raw record, batch by batch, in the order of the payload.
    pub items: Vec<Item>,
    /// Each person for whom something changed.
    pub effects: Vec<Effect>,
}

/// Replays raw records in a transaction from which nothing remains.
pub(super) async fn perform(
    context: &DeliveryContext,
    replay: i64,
    batches: &BTreeMap<i64, Wanted>,
) -> Result<Performed, StoreError> {
    let staged = context.rehearse().await?;
    perform_on(context, &staged, replay, batches).await
}

/// The same on a stage; whoever holds it commits or drops it.
pub(super) async fn perform_on(
    now: &DeliveryContext,
    staged: &DeliveryContext,
    replay: i64,
    batches: &BTreeMap<i64, Wanted>,
) -> Result<Performed, StoreError> {
    let before = marks::last(&mut staged.db.look().await?).await?;
    let mut items = Vec::new();
    for (batch, wanted) in batches {
        items.extend(replay_batch(now, staged, replay, *batch, wanted).await?);
    }
    let marked = marks::added_since(&mut staged.db.look().await?, before).await?;
    let mut effects = Vec::new();
    for teachers in marked.chunks(TEACHERS) {
        effects.extend(effects_on(now, staged, teachers).await?);
    }
    Ok(Performed { items, effects })
}

/// Replays the wanted raw records of one batch. What today's manifest does not find stays parked, and says why.
async fn replay_batch(
    now: &DeliveryContext,
    staged: &DeliveryContext,
    replay: i64,
    batch: i64,
    wanted: &Wanted,
) -> Result<Vec<Item>, StoreError> {
    let held = replays::batch(&mut now.db.look().await?, batch).await?;
    match replay_held(now, staged, replay, &held, wanted).await {
        Err(StoreError::Unreadable(why)) => Ok(items::unreadable(&held, wanted, &Message::new(&why))),
        replayed => replayed,
    }
}

/// The payload is opened beside the stage, on which one thing is done at a time.
async fn replay_held(
    now: &DeliveryContext,
    staged: &DeliveryContext,
    replay: i64,
    held: &ClaimedBatch,
    wanted: &Wanted,
) -> Result<Vec<Item>, StoreError> {
    let manifests = now.manifests.now();
    let reading = Reading::of(&manifests, held)?;
    let mut bytes = Arc::default();
    let body = now.body(held, reading.stream, &mut bytes).await?;
    let load = staged_records(now, held, reading, &body, wanted)?;
    let mut tx = staged.db.begin().await?;
    let items = match load.roster.is_empty() {
        true => replay_records(&mut tx, now, replay, held, &load, wanted).await?,
        false => replay_roster(&mut tx, now, replay, held, &load, wanted).await?,
    };
    tx.commit().await?;
    Ok(items)
}

async fn replay_records(
    tx: &mut Tx,
    context: &DeliveryContext,
    replay: i64,
    held: &ClaimedBatch,
    load: &Load<'_>,
    wanted: &Wanted,
) -> Result<Vec<Item>, StoreError> {
    let mut classified = Classified::ask(tx, held, load).await?;
    let resolved: Vec<_> = load
        .clean
        .iter()
        .map(|r| (r.index, Some(r.record_key)))
        .chain(load.skipped.iter().map(|(index, _)| (*index, None)))
        .filter_map(|(index, record_key)| Some(Resolved { index, letter: wanted.get(&index)?.letter, record_key }))
        .collect();
    let resolution = Resolution { replay, records: &resolved };
    let taken = load::replay(tx, &context.keys, held, load, &mut classified, resolution).await?;
    let items = items::of_records(held, load, &classified, wanted);
    Ok(if taken == resolved.len() { items } else { items::gone(items) })
}

async fn replay_roster(
    tx: &mut Tx,
    context: &DeliveryContext,
    replay: i64,
    held: &ClaimedBatch,
    load: &Load<'_>,
    wanted: &Wanted,
) -> Result<Vec<Item>, StoreError> {
    roster::alone(tx).await?;
    let sifted = roster::sift(tx, &context.keys, held, load).await?;
    let mut classified = Classified::of(tx, held, load.activation, sifted.kept()).await?;
    let kept = sifted.kept().map(|row| (row.index, Some(row.record_key)));
    let resolved: Vec<_> = kept
        .chain(load.skipped.iter().map(|(index, _)| (*index, None)))
        .filter_map(|(index, record_key)| Some(Resolved { index, letter: wanted.get(&index)?.letter, record_key }))
        .collect();
    let resolution = Resolution { replay, records: &resolved };
    let items = items::of_rows(held, load, &sifted, &classified, wanted);
    let taken = roster::replay(tx, &context.keys, held, load, &sifted, &mut classified, resolution).await?;
    wait::add(tx, held, &sifted.waits).await?;
    Ok(if taken == resolved.len() { items } else { items::gone(items) })
}

/// The wanted raw records after the stages; only if each still stands where it was seen.
pub(crate) fn staged_records<'a>(
    context: &'a DeliveryContext,
    held: &'a ClaimedBatch,
    reading: Reading<'a>,
    body: &'a Body<'_>,
    wanted: &Wanted,
) -> Result<Load<'a>, StoreError> {
    let load = context.stage(held, reading, body, |index| wanted.contains_key(&index))?;
    let seen = |index: u32, address: &str| wanted.get(&index).is_some_and(|record| record.address == address);
    let in_place = load.clean.iter().all(|r| seen(r.index, &r.address))
        && load.roster.iter().all(|r| seen(r.index, &r.address))
        && load.parked.iter().all(|p| seen(p.index, &p.address))
        && load.clean.len() + load.roster.len() + load.parked.len() + load.skipped.len() == wanted.len();
    if in_place { Ok(load) } else { Err(deliver::other_layout(held)) }
}

/// What changed for some teachers. Who is no teacher yet is told by the blind index of the ID number.
async fn effects_on(
    now: &DeliveryContext,
    staged: &DeliveryContext,
    teachers: &[i64],
) -> Result<Vec<Effect>, StoreError> {
    let mut tx = now.db.look().await?;
    let before = Snapshot::of(&mut tx, &now.policy, teachers).await?;
    let known = facts::existing_teachers(&mut tx, teachers).await?;
    drop(tx);
    let mut tx = staged.db.look().await?;
    let after = Snapshot::of(&mut tx, &staged.policy, teachers).await?;
    let new: Vec<i64> = teachers.iter().copied().filter(|teacher| !known.contains(teacher)).collect();
    let indexes = identifiers::blind_indexes(&mut tx, &new).await?;
    let effect = |change: Change| {
        let teacher = known.contains(&change.teacher).then_some(change.teacher);
        let index = indexes.get(&change.teacher).copied().unwrap_or_default();
        Effect {
            person: replays::person(teacher, &index),
            teacher,
            counted: change.counted,
            provisional: change.provisional,
            entries_changed: i64::try_from(change.entries_changed).unwrap_or(i64::MAX),
        }
    };
    Ok(recount::between(&before, &after).into_iter().map(effect).collect())
}
