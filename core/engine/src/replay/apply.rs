//! Applies plans, step by step, as long as what they do is what was planned.

use std::collections::BTreeMap;
use std::time::Duration;

use super::perform::{EarlierSteps, Stage, StepResults};
use super::plan::check_undoable;
use super::{Applied, EffectHours, MAX_DURATION, PlanDifference, ReplayError, Watch, audit_object};
use crate::conflicts::Retries;
use crate::deliver::DeliveryContext;
use huiliu_store::admin::audit::{self, NewEntry};
use huiliu_store::delivery::replays::{self, Effect, Item, LockedReplay, ResolvedItem, Step};
use huiliu_store::delivery::undo::{self, KeptItems, Undo};
use huiliu_store::delivery::{corrections, mapped_values};
use huiliu_store::ledger::marks;
use huiliu_store::{StoreError, Tx};
use huiliu_values::{RecordOutcome, ReplayState};

/// The most differences that are told of an undo: one batch that came since may concern all of it.
const MAX_TOLD: usize = 100;

/// How far one attempt came.
enum Attempt {
    /// A step was applied; `None`: it was the last one.
    Stepped(Option<usize>),
    /// Nothing was applied, because of these differences from the plan.
    Stale(Vec<PlanDifference>),
}

/// Approves a plan for somebody else, so that it can be applied.
///
/// # Errors
/// [`ReplayError`].
pub async fn approve_plan(
    context: &DeliveryContext,
    replay: i64,
    actor: &str,
    because: &str,
) -> Result<(), ReplayError> {
    let mut tx = context.db.begin().await?;
    let locked = lock_planned(&mut tx, replay).await?;
    if locked.approval.is_none() {
        return Err(ReplayError::NoApprovalNeeded { replay });
    }
    if let Some(approved_by) = locked.approved_by {
        return Err(ReplayError::ApprovedAlready { replay, approved_by });
    }
    if locked.planned_by == actor {
        return Err(ReplayError::OwnApproval { replay, planned_by: locked.planned_by });
    }
    replays::approve(&mut tx, replay, actor, because).await?;
    let detail = serde_json::json!({ "because": because }).to_string();
    let entry = NewEntry { actor, action: "replay.approve", object: &audit_object(replay), detail: &detail };
    audit::append_entry(&mut tx, &context.keys, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// Closes a plan that is not to be applied. Steps that were applied stay so, and can be undone.
///
/// # Errors
/// [`ReplayError`].
pub async fn close_plan(context: &DeliveryContext, replay: i64, actor: &str, because: &str) -> Result<(), ReplayError> {
    let mut tx = context.db.begin().await?;
    lock_planned(&mut tx, replay).await?;
    let closed = PlanDifference::Closed { by: actor.to_owned(), because: because.to_owned() };
    replays::mark_stale(&mut tx, replay, &serde_json::to_string(&[closed]).unwrap_or_default()).await?;
    let detail = serde_json::json!({ "because": because }).to_string();
    let entry = NewEntry { actor, action: "replay.close", object: &audit_object(replay), detail: &detail };
    audit::append_entry(&mut tx, &context.keys, entry).await?;
    tx.commit().await?;
    Ok(())
}

async fn lock_planned(tx: &mut Tx, replay: i64) -> Result<LockedReplay, ReplayError> {
    match replays::lock_replay(tx, replay).await? {
        None => Err(ReplayError::Unknown { replay }),
        Some(LockedReplay { state, .. }) if state != ReplayState::Planned => {
            Err(ReplayError::NotPlanned { replay, state })
        }
        Some(locked) => Ok(locked),
    }
}

/// Applies a plan step by step, each in one transaction, if everything is still as planned. One that was interrupted goes
/// on with the next step.
///
/// # Errors
/// [`ReplayError`]; the steps that were applied before stay applied.
pub async fn apply_plan(
    context: &DeliveryContext,
    replay: i64,
    actor: &str,
    watch: Watch<'_>,
) -> Result<Applied, ReplayError> {
    note_batches(context, replay).await?;
    let mut retries = Retries::default();
    let longest = find_longest(context, replay).await?;
    loop {
        let attempt = tokio::time::timeout(longest, try_step(context, replay, actor, watch)).await;
        match attempt.map_err(|_| ReplayError::TooLong)? {
            Err(ReplayError::Store(fault)) if retries.try_again(&fault) => {}
            Err(fault @ ReplayError::UndoneAlready { .. }) => {
                // It can never be applied.
                let mut tx = context.db.begin().await?;
                replays::mark_stale(&mut tx, replay, "[]").await?;
                tx.commit().await?;
                return Err(fault);
            }
            Err(fault) => return Err(fault),
            Ok(Attempt::Stepped(None)) => return Ok(Applied::Done),
            Ok(Attempt::Stepped(Some(_))) => retries = Retries::default(),
            Ok(Attempt::Stale(moved)) => return refuse_stale_plan(context, replay, actor, moved).await,
        }
    }
}

/// Notes which batches are delivered before the first step, in a transaction of its own: it keeps others from landing and
/// delivering, and a step would hold that for long.
async fn note_batches(context: &DeliveryContext, replay: i64) -> Result<(), ReplayError> {
    let mut tx = context.db.begin().await?;
    if lock_planned(&mut tx, replay).await?.undoes.is_none() {
        replays::note_batches(&mut tx, replay).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Returns how long a step may take. An undo is one step, and may take as long as its plan.
async fn find_longest(context: &DeliveryContext, replay: i64) -> Result<Duration, StoreError> {
    let found = replays::list_replays(&context.db, Some(replay), 0, 1).await?;
    if found.first().is_none_or(|of| of.undoes.is_none()) {
        return Ok(MAX_DURATION);
    }
    let records = replays::count_items(&mut context.db.begin_read_only().await?, replay).await?;
    Ok(MAX_DURATION + Duration::from_millis(records.unsigned_abs()))
}

/// Applies the next step.
async fn try_step(
    context: &DeliveryContext,
    replay: i64,
    actor: &str,
    watch: Watch<'_>,
) -> Result<Attempt, ReplayError> {
    let staged = context.for_rehearsal().await?;
    let mut tx = staged.db.begin().await?;
    // One at a time: an undo must see what other replays make of its records.
    tx.take_advisory_lock("replay", 0).await?;
    let locked = lock_planned(&mut tx, replay).await?;
    if let (Some(approval), None) = (locked.approval, &locked.approved_by) {
        return Err(ReplayError::NotApproved { replay, planned_by: locked.planned_by, approval });
    }
    let steps = replays::list_steps(&mut tx, replay).await?;
    let applied = steps.iter().filter(|step| step.is_applied).count();
    let next = steps.iter().find(|step| !step.is_applied).copied();
    let Some(step) = next else { return Err(ReplayError::NotPlanned { replay, state: ReplayState::Applied }) };
    if watch.is_stopped() {
        let count = |steps: usize| i64::try_from(steps).unwrap_or(i64::MAX);
        return Err(ReplayError::Paused { replay, applied: count(applied), total: count(steps.len()) });
    }
    watch.tell(applied, steps.len());
    // Whom an earlier step has made is as new as the plan says; whom somebody else has made is not.
    let teachers_known = if step.number == 1 { marks::last_teacher(&mut tx).await? } else { locked.teachers_known };
    let stage = Stage { now: context, staged: &staged, teachers_known };
    let moved = match locked.undoes {
        Some(of) => {
            check_undoable(&mut tx, of).await?;
            let planned = PlannedUndo::load(&mut tx, replay).await?;
            tx.commit().await?;
            let (kept, effects) =
                Stage { teachers_known: i64::MAX, ..stage }.take_back(Undo { undo: replay, of }).await?;
            planned.find_differences(&kept, &effects)
        }
        None => {
            let early = find_early_differences(&mut tx, context, replay, step).await?;
            replays::note_awaiting(&mut tx, replay, step).await?;
            let planned = PlannedStep::load(&mut tx, replay, step).await?;
            let batches = replays::load_planned(&mut tx, replay, step).await?;
            tx.commit().await?;
            if early.is_empty() {
                let performed = stage.replay_step(replay, &batches, &mut EarlierSteps::default()).await?;
                planned.find_differences(&performed, step.number == 1)
            } else {
                early
            }
        }
    };
    if !moved.is_empty() {
        return Ok(Attempt::Stale(moved));
    }
    let mut tx = staged.db.begin().await?;
    replays::mark_step_applied(&mut tx, replay, step.number).await?;
    let is_last = applied + 1 == steps.len();
    if is_last {
        replays::mark_applied(&mut tx, replay, actor).await?;
    }
    let (action, detail) = match locked.undoes {
        Some(of) => ("replay.undo", serde_json::json!({ "undoes": of })),
        None if steps.len() == 1 => ("replay.apply", serde_json::json!({})),
        None => ("replay.apply", serde_json::json!({ "step": step.number, "steps": steps.len() })),
    };
    let (object, detail) = (audit_object(replay), detail.to_string());
    let entry = NewEntry { actor, action, object: &object, detail: &detail };
    audit::append_entry(&mut tx, &context.keys, entry).await?;
    tx.commit().await?;
    staged.db.commit_rehearsal().await?;
    watch.tell(applied + 1, steps.len());
    Ok(Attempt::Stepped((!is_last).then_some(applied + 1)))
}

async fn refuse_stale_plan(
    context: &DeliveryContext,
    replay: i64,
    actor: &str,
    moved: Vec<PlanDifference>,
) -> Result<Applied, ReplayError> {
    let told = serde_json::to_string(&moved).unwrap_or_default();
    let mut tx = context.db.begin().await?;
    replays::mark_stale(&mut tx, replay, &told).await?;
    let entry = NewEntry { actor, action: "replay.refused", object: &audit_object(replay), detail: &told };
    audit::append_entry(&mut tx, &context.keys, entry).await?;
    tx.commit().await?;
    Ok(Applied::Stale(moved))
}

/// Finds differences that need no replay: dead letters of this step and the later ones that are gone, and manifests or rules
/// that have changed.
async fn find_early_differences(
    tx: &mut Tx,
    context: &DeliveryContext,
    replay: i64,
    step: Step,
) -> Result<Vec<PlanDifference>, StoreError> {
    let gone = replays::list_resolved_items(tx, replay, step.first_batch).await?.into_iter();
    let mut moved: Vec<PlanDifference> = gone
        .map(|ResolvedItem { dead_letter, address, planned }| PlanDifference::Letter {
            dead_letter: Some(dead_letter),
            record: None,
            address,
            planned,
            now: RecordOutcome::Gone,
        })
        .collect();
    let corrected = corrections::list_corrected_since(tx, replay, step.first_batch).await?;
    moved.extend(corrected.into_iter().map(|dead_letter| PlanDifference::Correction { dead_letter }));
    let mapped = mapped_values::list_changed_since(tx, replay, step.first_batch).await?;
    moved.extend(mapped.into_iter().map(|mapped_value| PlanDifference::MappedValue { mapped_value }));
    let manifests = context.manifests.current();
    let planned = replays::list_replays(&context.db, Some(replay), 0, 1).await?;
    for (connector, activation) in planned.first().map(|of| &of.activations).into_iter().flatten() {
        if manifests.get(connector).is_none_or(|active| active.activation != *activation) {
            moved.push(PlanDifference::Activation { connector: connector.clone() });
        }
    }
    Ok(moved)
}

/// What is planned for a step.
struct PlannedStep {
    items: Vec<Item>,
    effects: Vec<Effect>,
}

impl PlannedStep {
    async fn load(tx: &mut Tx, replay: i64, step: Step) -> Result<Self, StoreError> {
        Ok(Self {
            items: replays::list_items_of_step(tx, replay, step).await?,
            effects: replays::list_effects_of_step(tx, replay, step).await?,
        })
    }

    /// Compares what was performed with the plan. Of teachers whom an earlier step has changed, the plan knows the hours only.
    fn find_differences(&self, performed: &StepResults, is_first: bool) -> Vec<PlanDifference> {
        let items = self.items.iter().zip(&performed.items);
        let moved = items.filter_map(|(planned, now)| compare_items(planned, now));
        moved.chain(compare_effects(&self.effects, &performed.effects, is_first)).collect()
    }
}

/// What an undo is planned to do.
struct PlannedUndo {
    kept: KeptItems,
    effects: Vec<Effect>,
}

impl PlannedUndo {
    async fn load(tx: &mut Tx, replay: i64) -> Result<Self, StoreError> {
        let kept = undo::load_kept(tx, replay).await?;
        Ok(Self { kept, effects: replays::list_effects(tx, replay, i64::MAX).await? })
    }

    fn find_differences(&self, kept: &KeptItems, effects: &[Effect]) -> Vec<PlanDifference> {
        let places = self.kept.keys().chain(kept.keys().filter(|place| !self.kept.contains_key(place)));
        let moved = places.filter_map(|place| {
            let (planned, now) = (self.kept.get(place).copied(), kept.get(place).copied());
            let (batch, index) = *place;
            (planned != now).then_some(PlanDifference::Kept { batch, index, planned, now })
        });
        moved.chain(compare_effects(&self.effects, effects, true)).take(MAX_TOLD).collect()
    }
}

/// Compares effects; with `entries`, also how many entries change.
fn compare_effects(planned: &[Effect], performed: &[Effect], entries: bool) -> Vec<PlanDifference> {
    let hours = |e: &Effect| EffectHours { counted: e.counted, provisional: e.provisional };
    let mut now: BTreeMap<&str, &Effect> = performed.iter().map(|e| (e.person.as_str(), e)).collect();
    let mut moved = vec![];
    for planned in planned {
        let met = now.remove(planned.person.as_str());
        if met.is_none_or(|met| other_effect(planned, met, entries)) && (entries || changes_hours(planned)) {
            let (person, planned) = (planned.person.clone(), Some(hours(planned)));
            moved.push(PlanDifference::Teacher { person, planned, now: met.map(hours) });
        }
    }
    let unplanned = now.into_iter().filter(|(_, effect)| entries || changes_hours(effect));
    moved.extend(unplanned.map(|(person, effect)| PlanDifference::Teacher {
        person: person.to_owned(),
        planned: None,
        now: Some(hours(effect)),
    }));
    moved
}

fn changes_hours(effect: &Effect) -> bool {
    effect.counted.before != effect.counted.after || effect.provisional.before != effect.provisional.after
}

fn other_effect(planned: &Effect, now: &Effect, entries: bool) -> bool {
    let hours = |e: &Effect| (e.teacher, e.counted, e.provisional, if entries { e.entries_changed } else { 0 });
    hours(planned) != hours(now)
}

fn compare_items(planned: &Item, now: &Item) -> Option<PlanDifference> {
    // Of a stored record, the plan says the content, too, before and after.
    let same_content = planned.record.is_none() || planned.detail == now.detail;
    let is_same = (planned.outcome, planned.record_key) == (now.outcome, now.record_key) && same_content;
    (!is_same).then(|| PlanDifference::Letter {
        dead_letter: planned.dead_letter,
        record: planned.record,
        address: planned.address.clone(),
        planned: planned.outcome,
        now: now.outcome,
    })
}
