//! Plans replays and undos: performs them in a transaction that is rolled back, and stores what they would do.

use std::time::Duration;

use serde_json::json;

use super::perform::{EarlierSteps, Stage, StepResults};
use super::spill::{Spill, Spilled};
use super::{MAX_DURATION, PlanDifference, ReplayError, Watch, audit_object};
use crate::deliver::DeliveryContext;
use huiliu_store::admin::audit::{self, NewEntry};
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::delivery::replays::{self, Effect, Finished, Item, LockedReplay, NewPlan};
use huiliu_store::delivery::undo::{self, KeptItems, Undo};
use huiliu_store::{StoreError, Tx};
use huiliu_values::{ApprovalReason, RecordOutcome, ReplayReads, ReplayState};

/// Results written per statement.
const WRITTEN: usize = 5_000;

/// What a replay is planned from.
#[derive(Debug, Clone, Copy)]
pub struct NewReplay<'n> {
    /// What it reads again.
    pub reads: ReplayReads,
    /// The dead letters or stored records that it selects.
    pub filter: &'n LetterFilter,
    /// Who plans it.
    pub actor: &'n str,
    /// With more raw records than this, or if it touches a certificate, a second person must approve it; 0: never.
    pub approve_above: u64,
}

/// Plans a replay of the dead letters or stored records that match the filter, and stores the plan. Returns its number. A plan that is
/// stopped or fails is closed.
///
/// # Errors
/// [`ReplayError`].
pub async fn plan_replay(context: &DeliveryContext, new: NewReplay<'_>, watch: Watch<'_>) -> Result<i64, ReplayError> {
    let activations = context.manifests.current().iter().map(|(id, of)| (id.clone(), of.activation)).collect();
    replays::close_abandoned(&context.db, &unfinished()).await?;
    let plan = NewPlan { reads: new.reads, filter: new.filter, activations: &activations, actor: new.actor };
    let none = match new.reads {
        ReplayReads::DeadLetters => ReplayError::Nothing,
        ReplayReads::Records => ReplayError::NoRecords,
    };
    let replay = replays::start_plan(&context.db, plan).await?.ok_or(none)?;
    close_if_failed(context, replay, watch, write_plan(context, new, replay, watch)).await
}

/// Plans to take an applied replay back, and stores the plan. Returns the number of the undo.
///
/// # Errors
/// [`ReplayError`].
pub async fn plan_undo(
    context: &DeliveryContext,
    of: i64,
    actor: &str,
    approve_above: u64,
    watch: Watch<'_>,
) -> Result<i64, ReplayError> {
    let mut tx = context.db.begin().await?;
    let certificates = check_undoable(&mut tx, of).await?.certificates;
    tx.commit().await?;
    replays::close_abandoned(&context.db, &unfinished()).await?;
    let found = replays::list_replays(&context.db, Some(of), 0, 1).await?;
    let replay = found.first().ok_or(ReplayError::Unknown { replay: of })?;
    let plan = NewPlan { reads: replay.reads, filter: &replay.filter, activations: &replay.activations, actor };
    let undo = replays::start_undo(&context.db, plan, of).await?;
    let undo = undo.ok_or(ReplayError::NotApplied { replay: of, state: replay.state })?;
    let writing = write_undo(context, Undo { undo, of }, actor, (approve_above, certificates));
    close_if_failed(context, undo, watch, writing).await
}

/// Fails unless the replay can be undone.
pub(super) async fn check_undoable(tx: &mut Tx, replay: i64) -> Result<LockedReplay, ReplayError> {
    let locked = replays::lock_replay(tx, replay).await?.ok_or(ReplayError::Unknown { replay })?;
    let steps = replays::list_steps(tx, replay).await?;
    if let Some(undoes) = locked.undoes {
        return Err(ReplayError::UndoOfUndo { replay, undoes });
    }
    if let Some(undone_by) = locked.undone_by {
        return Err(ReplayError::UndoneAlready { replay, undone_by });
    }
    // One that is half-way must end first, one way or the other.
    let has_ended = matches!(locked.state, ReplayState::Applied | ReplayState::Stale);
    if !has_ended || steps.iter().all(|step| !step.is_applied) {
        return Err(ReplayError::NotApplied { replay, state: locked.state });
    }
    Ok(locked)
}

fn unfinished() -> String {
    serde_json::to_string(&[PlanDifference::Unfinished]).unwrap_or_default()
}

/// Runs the planning until it is complete, fails or is stopped.
async fn close_if_failed(
    context: &DeliveryContext,
    replay: i64,
    watch: Watch<'_>,
    planning: impl Future<Output = Result<(), ReplayError>>,
) -> Result<i64, ReplayError> {
    let written = tokio::select! {
        biased;
        () = watch.wait_for_stop() => Err(ReplayError::Stopped),
        written = planning => written,
    };
    if let Err(fault) = written {
        let mut tx = context.db.begin().await?;
        replays::mark_stale(&mut tx, replay, &unfinished()).await?;
        tx.commit().await?;
        return Err(fault);
    }
    Ok(replay)
}

/// Runs the replay in a rehearsal, and stores what it would do.
async fn write_plan(
    context: &DeliveryContext,
    new: NewReplay<'_>,
    replay: i64,
    watch: Watch<'_>,
) -> Result<(), ReplayError> {
    let mut tx = context.db.begin_read_only().await?;
    let steps = replays::list_steps(&mut tx, replay).await?;
    let records = replays::count_items(&mut tx, replay).await?;
    drop(tx);
    let mut spill = Spill::create()?;
    let longest = MAX_DURATION + Duration::from_millis(records.unsigned_abs());
    let rehearsal = async {
        let mut tx = context.db.begin().await?;
        let known = replays::lock_replay(&mut tx, replay).await?.map_or(0, |locked| locked.teachers_known);
        drop(tx);
        let staged = context.for_rehearsal().await?;
        let stage = Stage { now: context, staged: &staged, teachers_known: known };
        let mut earlier = EarlierSteps::default();
        for (done, step) in steps.iter().enumerate() {
            watch.tell(done, steps.len());
            let batches = replays::load_planned(&mut context.db.begin_read_only().await?, replay, *step).await?;
            let StepResults { items, effects } = stage.replay_step(replay, &batches, &mut earlier).await?;
            spill.add_step(items, effects)?;
        }
        Ok::<(), ReplayError>(())
    };
    // The rehearsal is rolled back here; only its results are kept.
    tokio::time::timeout(longest, rehearsal).await.map_err(|_| ReplayError::TooLong)??;
    let mut tx = context.db.begin().await?;
    let totals = write_results(&mut tx, replay, spill).await?;
    if new.reads == ReplayReads::Records {
        replays::remove_unchanged(&mut tx, replay).await?;
    }
    let records = replays::count_items(&mut tx, replay).await?;
    let approval = find_approval(records, totals.certificates, new.approve_above);
    replays::complete_plan(&mut tx, replay, Finished { certificates: totals.certificates, approval }).await?;
    let detail = json!({
        "reads": new.reads, "filter": new.filter, "raw_records": records, "teachers": totals.effects
    })
    .to_string();
    let entry = NewEntry { actor: new.actor, action: "replay.plan", object: &audit_object(replay), detail: &detail };
    audit::append_entry(&mut tx, &context.keys, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// Returns why a second person must approve a plan.
fn find_approval(records: i64, certificates: i64, above: u64) -> Option<ApprovalReason> {
    if above == 0 {
        return None;
    }
    let by_size = (records.unsigned_abs() > above).then_some(ApprovalReason::Records);
    by_size.or((certificates > 0).then_some(ApprovalReason::Certificate))
}

#[derive(Default)]
struct Totals {
    certificates: i64,
    effects: usize,
}

/// Writes the results of a rehearsal.
async fn write_results(tx: &mut Tx, replay: i64, spill: Spill) -> Result<Totals, ReplayError> {
    let mut totals = Totals::default();
    let (mut items, mut effects): (Vec<Item>, Vec<Effect>) = (vec![], vec![]);
    let mut step = 1;
    for result in spill.read()? {
        match result? {
            Spilled::Item(item) => {
                if item.outcome == RecordOutcome::Unchanged && item.record.is_some() && item.detail.is_null() {
                    continue;
                }
                let is_written = matches!(item.outcome, RecordOutcome::Inserted | RecordOutcome::Updated);
                let has_one = |of: &serde_json::Value| of.get("certificate").is_some_and(|has| *has == true);
                let had_one = item.detail.get("before").is_some_and(has_one);
                totals.certificates += i64::from(is_written && has_one(&item.detail) || had_one);
                items.push(item);
            }
            Spilled::Effect(effect) => effects.push(effect),
            Spilled::StepEnd => {
                totals.effects += effects.len();
                replays::write_effects(tx, replay, step, &effects).await?;
                effects.clear();
                step += 1;
            }
        }
        if items.len() == WRITTEN {
            replays::write_items(tx, replay, &items).await?;
            items.clear();
        }
    }
    replays::write_items(tx, replay, &items).await?;
    Ok(totals)
}

/// Takes the replay back in a rehearsal, and stores what that would do.
async fn write_undo(
    context: &DeliveryContext,
    undo: Undo,
    actor: &str,
    (approve_above, certificates): (u64, i64),
) -> Result<(), ReplayError> {
    let records = replays::count_items(&mut context.db.begin_read_only().await?, undo.undo).await?;
    let longest = MAX_DURATION + Duration::from_millis(records.unsigned_abs());
    let (kept, effects) =
        tokio::time::timeout(longest, rehearse_undo(context, undo)).await.map_err(|_| ReplayError::TooLong)??;
    let mut tx = context.db.begin().await?;
    undo::write_kept(&mut tx, undo.undo, &kept).await?;
    replays::write_effects(&mut tx, undo.undo, 1, &effects).await?;
    let approval = find_approval(records, certificates, approve_above);
    replays::complete_plan(&mut tx, undo.undo, Finished { certificates, approval }).await?;
    let detail = json!({ "undoes": undo.of, "raw_records": records, "kept": kept.len(), "teachers": effects.len() });
    let (object, detail) = (audit_object(undo.undo), detail.to_string());
    let entry = NewEntry { actor, action: "replay.plan", object: &object, detail: &detail };
    audit::append_entry(&mut tx, &context.keys, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes the replay back in a transaction that is rolled back.
async fn rehearse_undo(context: &DeliveryContext, undo: Undo) -> Result<(KeptItems, Vec<Effect>), StoreError> {
    let staged = context.for_rehearsal().await?;
    Stage { now: context, staged: &staged, teachers_known: i64::MAX }.take_back(undo).await
}
