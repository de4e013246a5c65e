//! Performs a replay in a transaction that can still be rolled back: the outcome of each raw record, and the effects
//! on teachers' hours.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::corrections;
use crate::deliver::{self, DeliveryContext, Reading};
use crate::recount::{self, Change, Snapshot};
use crate::replay::{items, reread};
use huiliu_decode::Body;
use huiliu_messages::Message;
use huiliu_store::delivery::batch::{ClaimedBatch, Load};
use huiliu_store::delivery::classify::Classified;
use huiliu_store::delivery::dead_letters::{self, Resolution, Resolved, StillParked};
use huiliu_store::delivery::load;
use huiliu_store::delivery::persons::{self, SiftedRecords};
use huiliu_store::delivery::replays::{self, Effect, Item, Wanted};
use huiliu_store::delivery::undo::{KeptItems, Undo};
use huiliu_store::identity::identifiers;
use huiliu_store::ledger::marks;
use huiliu_store::roster::{self, known, wait};
use huiliu_store::{StoreError, Tx};
use huiliu_values::{BeforeAfter, ExactHours};

/// Teachers compared per block.
const TEACHERS: usize = 1_000;

/// What a step of a replay does.
pub(super) struct StepResults {
    /// Every raw record, by batch, in the order of the payload.
    pub items: Vec<Item>,
    /// Every person for whom something changed.
    pub effects: Vec<Effect>,
}

/// The hours of teachers whom earlier steps of the same plan have changed, by their number. The database that others see does
/// not have these steps yet.
#[derive(Default)]
pub(super) struct EarlierSteps(HashMap<i64, EarlierHours>);

struct EarlierHours {
    person: String,
    name: Option<String>,
    /// Before the first step.
    first: (ExactHours, ExactHours),
    /// After the last one.
    last: (ExactHours, ExactHours),
}

impl EarlierSteps {
    /// Makes the effects of all steps so far those of the last one. `now` has them with the teachers' numbers, `marked` all
    /// teachers of the step.
    fn subtract(&mut self, now: Vec<(i64, Effect)>, marked: &[i64]) -> Vec<Effect> {
        let mut effects = Vec::with_capacity(now.len());
        let mut met = HashSet::with_capacity(now.len());
        for (teacher, mut effect) in now {
            met.insert(teacher);
            let after = (effect.counted.after, effect.provisional.after);
            match self.0.entry(teacher) {
                Entry::Vacant(place) => {
                    let first = (effect.counted.before, effect.provisional.before);
                    let (person, name) = (effect.person.clone(), effect.name.clone());
                    place.insert(EarlierHours { person, name, first, last: after });
                    effects.push(effect);
                }
                Entry::Occupied(mut earlier) => {
                    let earlier = earlier.get_mut();
                    (effect.counted.before, effect.provisional.before) = earlier.last;
                    let changed = earlier.last != after;
                    earlier.last = after;
                    effects.extend(changed.then_some(effect));
                }
            }
        }
        // Those whom this step gave their first hours back.
        for teacher in marked.iter().filter(|teacher| !met.contains(teacher)) {
            let Some(earlier) = self.0.get_mut(teacher).filter(|of| of.last != of.first) else { continue };
            let (counted, provisional) = (earlier.last.0, earlier.last.1);
            earlier.last = earlier.first;
            effects.push(Effect {
                person: earlier.person.clone(),
                teacher: (!earlier.person.starts_with("new:")).then_some(*teacher),
                name: earlier.name.clone(),
                id_number: None,
                counted: BeforeAfter::new(counted, earlier.first.0),
                provisional: BeforeAfter::new(provisional, earlier.first.1),
                entries_changed: 0,
            });
        }
        effects
    }
}

/// Where a replay is performed.
#[derive(Clone, Copy)]
pub(super) struct Stage<'c> {
    /// The database as others see it.
    pub now: &'c DeliveryContext,
    /// The rehearsal, which the caller commits or drops.
    pub staged: &'c DeliveryContext,
    /// Teachers with a higher number did not exist when the replay was planned.
    pub teachers_known: i64,
}

impl Stage<'_> {
    /// Replays the raw records of a step.
    pub async fn replay_step(
        self,
        replay: i64,
        batches: &BTreeMap<i64, Wanted>,
        earlier: &mut EarlierSteps,
    ) -> Result<StepResults, StoreError> {
        let before = marks::last_mark(&mut self.staged.db.begin_read_only().await?).await?;
        let mut items = Vec::new();
        for (batch, wanted) in batches {
            items.extend(replay_batch(self.now, self.staged, replay, *batch, wanted).await?);
        }
        Ok(StepResults { items, effects: self.compute_effects(before, earlier).await? })
    }

    /// Takes a replay back. Returns what stays, and the effects on teachers.
    pub async fn take_back(self, undo: Undo) -> Result<(KeptItems, Vec<Effect>), StoreError> {
        let before = marks::last_mark(&mut self.staged.db.begin_read_only().await?).await?;
        let mut tx = self.staged.db.begin().await?;
        let kept = undo.take_back(&mut tx).await?;
        tx.commit().await?;
        Ok((kept, self.compute_effects(before, &mut EarlierSteps::default()).await?))
    }

    /// Computes what changed for the teachers that were marked since.
    async fn compute_effects(self, before: i64, earlier: &mut EarlierSteps) -> Result<Vec<Effect>, StoreError> {
        let marked = marks::added_since(&mut self.staged.db.begin_read_only().await?, before).await?;
        let mut effects = Vec::new();
        for teachers in marked.chunks(TEACHERS) {
            effects.extend(earlier.subtract(self.compare_teachers(teachers).await?, teachers));
        }
        Ok(effects)
    }

    /// Computes what changed for these teachers. A teacher who is new is identified by the blind index of the ID number.
    async fn compare_teachers(self, teachers: &[i64]) -> Result<Vec<(i64, Effect)>, StoreError> {
        let rules = self.now.rules.current();
        let mut tx = self.now.db.begin_read_only().await?;
        let before = Snapshot::load(&mut tx, &rules.policy, teachers).await?;
        drop(tx);
        let mut tx = self.staged.db.begin_read_only().await?;
        let after = Snapshot::load(&mut tx, &rules.policy, teachers).await?;
        let is_new = |teacher: i64| teacher > self.teachers_known;
        let new: Vec<i64> = teachers.iter().copied().filter(|teacher| is_new(*teacher)).collect();
        let indexes = identifiers::load_blind_indexes(&mut tx, &new).await?;
        let changes = recount::compare_snapshots(&before, &after);
        let ids: Vec<i64> = changes.iter().map(|change| change.teacher).collect();
        let mut names = known::names(&mut tx, &ids).await?;
        let effect = |change: Change| {
            let teacher = (!is_new(change.teacher)).then_some(change.teacher);
            let index = indexes.get(&change.teacher).copied().unwrap_or_default();
            let effect = Effect {
                person: replays::person_label(teacher, &index),
                teacher,
                name: names.remove(&change.teacher),
                id_number: None,
                counted: change.counted,
                provisional: change.provisional,
                entries_changed: i64::try_from(change.entries_changed).unwrap_or(i64::MAX),
            };
            (change.teacher, effect)
        };
        Ok(changes.into_iter().map(effect).collect())
    }
}

/// Replays the wanted raw records of one batch. If today's manifest cannot read the batch, its records stay parked
/// with the reason.
async fn replay_batch(
    now: &DeliveryContext,
    staged: &DeliveryContext,
    replay: i64,
    batch: i64,
    wanted: &Wanted,
) -> Result<Vec<Item>, StoreError> {
    let held = replays::load_batch(&mut now.db.begin_read_only().await?, batch).await?;
    match replay_opened_batch(now, staged, replay, &held, wanted).await {
        Err(StoreError::Unreadable(why)) => Ok(items::items_of_unreadable_batch(&held, wanted, &Message::new(&why))),
        replayed => replayed,
    }
}

/// Opens the payload outside the rehearsal, whose single connection handles one operation at a time.
async fn replay_opened_batch(
    now: &DeliveryContext,
    staged: &DeliveryContext,
    replay: i64,
    held: &ClaimedBatch,
    wanted: &Wanted,
) -> Result<Vec<Item>, StoreError> {
    let manifests = now.manifests.current();
    let rules = now.rules.current();
    let reading = Reading::for_batch(&manifests, &rules, held)?;
    let mut bytes = Arc::default();
    let body = now.load_body(held, reading.stream, &mut bytes).await?;
    let load = stage_wanted_records(now, held, reading, &body, wanted).await?;
    let mut tx = staged.db.begin().await?;
    let items = if wanted.values().any(|of| of.record.is_some()) {
        reread::reread_records(&mut tx, now, replay, held, load, wanted).await?
    } else if load.roster.is_empty() {
        replay_records(&mut tx, now, replay, held, &load, wanted).await?
    } else {
        replay_roster(&mut tx, now, replay, held, &load, wanted).await?
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
    let SiftedRecords { mut classified, parked } = persons::sift_records(tx, &context.keys, held, load).await?;
    let still: HashSet<u32> = parked.iter().map(|parked| parked.index).collect();
    let resolved: Vec<_> = load
        .clean
        .iter()
        .filter(|r| !still.contains(&r.index))
        .map(|r| (r.index, Some(r.record_key)))
        .chain(load.skipped.iter().map(|skipped| (skipped.index, None)))
        .chain(load.withdrawn.iter().map(|withdrawn| (withdrawn.index, None)))
        .filter_map(|(index, record_key)| Some(Resolved { index, letter: wanted.get(&index)?.letter, record_key }))
        .collect();
    let resolution = Resolution { replay, records: &resolved };
    let taken = load::commit_replayed(tx, &context.keys, held, load, &mut classified, resolution).await?;
    let still: Vec<StillParked<'_>> = load
        .parked
        .iter()
        .chain(&parked)
        .filter_map(|of| Some(StillParked { letter: wanted.get(&of.index)?.letter, parked: of.clone() }))
        .collect();
    dead_letters::update_reasons(tx, &context.keys, held, &still).await?;
    let items = items::items_of_records(held, load, &classified, &parked, wanted);
    Ok(if taken == resolved.len() { items } else { items::mark_gone(items) })
}

async fn replay_roster(
    tx: &mut Tx,
    context: &DeliveryContext,
    replay: i64,
    held: &ClaimedBatch,
    load: &Load<'_>,
    wanted: &Wanted,
) -> Result<Vec<Item>, StoreError> {
    roster::lock_roster(tx).await?;
    let sifted = roster::sift_rows(tx, &context.keys, held, load).await?;
    let mut classified = Classified::classify_versions(tx, held, load, sifted.loadable_rows()).await?;
    let kept = sifted.loadable_rows().map(|row| (row.index, Some(row.record_key)));
    let resolved: Vec<_> = kept
        .chain(load.skipped.iter().map(|skipped| (skipped.index, None)))
        .filter_map(|(index, record_key)| Some(Resolved { index, letter: wanted.get(&index)?.letter, record_key }))
        .collect();
    let resolution = Resolution { replay, records: &resolved };
    let items = items::items_of_roster_rows(held, load, &sifted, &classified, wanted);
    let still: Vec<StillParked<'_>> = load
        .parked
        .iter()
        .cloned()
        .chain(sifted.parked_rows())
        .filter_map(|parked| Some(StillParked { letter: wanted.get(&parked.index)?.letter, parked }))
        .collect();
    dead_letters::update_reasons(tx, &context.keys, held, &still).await?;
    let taken = roster::commit_replayed(tx, &context.keys, held, load, &sifted, &mut classified, resolution).await?;
    wait::add_waits(tx, held, &sifted.waits).await?;
    Ok(if taken == resolved.len() { items } else { items::mark_gone(items) })
}

/// Decodes the wanted raw records. Fails unless each one is still at the address where it was seen.
pub(crate) async fn stage_wanted_records<'a>(
    context: &'a DeliveryContext,
    held: &'a ClaimedBatch,
    reading: Reading<'a>,
    body: &'a Body<'_>,
    wanted: &Wanted,
) -> Result<Load<'a>, StoreError> {
    let mut load = context.stage_received(held, reading, body, |index| wanted.contains_key(&index))?;
    let letter_of = |index: u32| wanted.get(&index).map_or(0, |record| record.letter);
    corrections::apply(context, held, reading, body, &mut load, Some(&letter_of)).await?;
    let seen = |index: u32, address: &str| wanted.get(&index).is_some_and(|record| record.address == address);
    let in_place = load.clean.iter().all(|r| seen(r.index, &r.address))
        && load.roster.iter().all(|r| seen(r.index, &r.address))
        && load.parked.iter().all(|p| seen(p.index, &p.address))
        && load.withdrawn.iter().all(|w| seen(w.index, &w.address))
        && load.clean.len() + load.roster.len() + load.parked.len() + load.skipped.len() + load.withdrawn.len()
            == wanted.len();
    if in_place { Ok(load) } else { Err(deliver::other_layout_error(held)) }
}
