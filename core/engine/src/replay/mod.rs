//! Replay: processes dead letters under today's manifests and rules. A plan lists every effect first; it is applied
//! only if all of them are still the same.
//!
//! Planning runs the replay in a transaction that is rolled back. Applying runs it again, and commits if the result
//! equals the plan. Both block other writers of the same rows (on SQLite, all writers), so both are limited to
//! [`MAX_DURATION`].

mod items;
pub(crate) mod perform;

use std::collections::BTreeMap;
use std::time::Duration;

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;

use crate::conflicts::Retries;
use crate::deliver::DeliveryContext;
use crate::ingest::wait_for_stop;
use huiliu_store::admin::audit::{self, NewEntry};
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::delivery::corrections;
use huiliu_store::delivery::replays::{self, Effect, Item, ResolvedItem, Wanted};
use huiliu_store::{StoreError, Tx};
use huiliu_values::{BeforeAfter, ExactHours, RecordOutcome, ReplayState};
use perform::ReplayResults;

/// The most raw records that one plan may contain.
pub const MAX: i64 = 100_000;
/// The longest that planning or applying may block other writers.
pub const MAX_DURATION: Duration = Duration::from_secs(300);
/// Why a replay cannot be planned or applied.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum ReplayError {
    /// No open dead letter matches the filter.
    #[serde(rename = "replay.nothing")]
    Nothing,
    /// More raw records match than one plan may contain.
    #[serde(rename = "replay.too_many")]
    TooMany,
    /// The user has stopped the planning.
    #[serde(rename = "replay.stopped")]
    Stopped,
    /// It would block other writers for too long.
    #[serde(rename = "replay.too_long")]
    TooLong,
    /// The replay does not exist.
    #[serde(rename = "replay.unknown")]
    Unknown { replay: i64 },
    /// The replay is not in the planned state.
    #[serde(rename = "replay.not_planned")]
    NotPlanned { replay: i64, state: ReplayState },
    /// The database failed.
    #[serde(untagged)]
    Store(StoreError),
}

said_in_english!(ReplayError);

impl From<StoreError> for ReplayError {
    fn from(fault: StoreError) -> Self {
        Self::Store(fault)
    }
}

impl ReplayError {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(fault) => fault.code(),
            Self::Nothing => "replay.nothing",
            Self::TooMany => "replay.too_many",
            Self::Stopped => "replay.stopped",
            Self::TooLong => "replay.too_long",
            Self::Unknown { .. } => "replay.not_found",
            Self::NotPlanned { .. } => "replay.not_planned",
        }
    }
}

/// A difference between a plan and what applying it would do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum PlanDifference {
    /// Another manifest or rule pack is current.
    Activation {
        /// The connector's id.
        connector: String,
    },
    /// A raw record would have another outcome.
    Letter {
        /// The number of its dead letter.
        dead_letter: i64,
        /// The address of the raw record in its payload.
        address: String,
        /// The planned outcome.
        planned: RecordOutcome,
        /// The outcome now; `gone` if the record is no longer parked.
        now: RecordOutcome,
    },
    /// A raw record was corrected, or a correction of it withdrawn.
    Correction {
        /// The number of its dead letter.
        dead_letter: i64,
    },
    /// The plan was never completed: it was stopped, it failed, or its process is gone.
    Unfinished,
    /// The effect on a teacher would differ.
    Teacher {
        /// The teacher's number, or `new:…`.
        person: String,
        /// The planned effect; null if none was planned.
        planned: Option<EffectHours>,
        /// The effect now; null if there is none.
        now: Option<EffectHours>,
    },
}

/// The effect of a replay on a teacher's hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EffectHours {
    /// Class hours that count definitively.
    pub counted: BeforeAfter<ExactHours>,
    /// Class hours that count provisionally.
    pub provisional: BeforeAfter<ExactHours>,
}

/// How applying a plan ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// Committed; the teachers concerned are marked.
    Done,
    /// Nothing was changed, because of these differences from the plan.
    Stale(Vec<PlanDifference>),
}

/// Plans a replay of the dead letters that match the filter, and stores the plan. Returns its number. A plan that is
/// stopped or fails is closed.
///
/// # Errors
/// [`ReplayError`].
pub async fn plan_replay(
    context: &DeliveryContext,
    filter: &LetterFilter,
    actor: &str,
    stop: &watch::Receiver<bool>,
) -> Result<i64, ReplayError> {
    let batches = replays::select_parked(&mut context.db.begin_read_only().await?, filter, MAX + 1).await?;
    let records: usize = batches.values().map(Wanted::len).sum();
    if records == 0 {
        return Err(ReplayError::Nothing);
    }
    if i64::try_from(records).unwrap_or(i64::MAX) > MAX {
        return Err(ReplayError::TooMany);
    }
    let manifests = context.manifests.current();
    let activations = manifests.iter().map(|(id, active)| (id.clone(), active.activation)).collect();
    let unfinished = serde_json::to_string(&[PlanDifference::Unfinished]).unwrap_or_default();
    replays::close_abandoned(&context.db, &unfinished).await?;
    let replay = replays::start_plan(&context.db, filter, &activations, actor).await?;
    let written = tokio::select! {
        biased;
        () = wait_for_stop(stop) => Err(ReplayError::Stopped),
        written = write_plan(context, filter, actor, replay, &batches) => written,
    };
    if let Err(fault) = written {
        let mut tx = context.db.begin().await?;
        replays::mark_stale(&mut tx, replay, &unfinished).await?;
        tx.commit().await?;
        return Err(fault);
    }
    Ok(replay)
}

/// Runs the replay in a rehearsal, and stores what it would do.
async fn write_plan(
    context: &DeliveryContext,
    filter: &LetterFilter,
    actor: &str,
    replay: i64,
    batches: &BTreeMap<i64, Wanted>,
) -> Result<(), ReplayError> {
    let records: usize = batches.values().map(Wanted::len).sum();
    let foretold = tokio::time::timeout(MAX_DURATION, perform::perform_in_rehearsal(context, replay, batches)).await;
    // The rehearsal is rolled back here; only its results are kept.
    let ReplayResults { items, effects, .. } = foretold.map_err(|_| ReplayError::TooLong)??;
    replays::write_items(&context.db, replay, &items).await?;
    let mut tx = context.db.begin().await?;
    replays::complete_plan(&mut tx, replay, &effects).await?;
    let detail = json!({ "filter": filter, "raw_records": records, "teachers": effects.len() });
    let (object, detail) = (audit_object(replay), detail.to_string());
    let entry = NewEntry { actor, action: "replay.plan", object: &object, detail: &detail };
    audit::append_entry(&mut tx, &context.keys, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// Returns the name of a replay in the audit log.
fn audit_object(replay: i64) -> String {
    format!("replay {replay}")
}

/// Applies a plan in one transaction, if everything is still as planned.
///
/// # Errors
/// [`ReplayError`]; nothing was changed.
pub async fn apply_plan(context: &DeliveryContext, replay: i64, actor: &str) -> Result<Applied, ReplayError> {
    let mut retries = Retries::default();
    loop {
        let applied = tokio::time::timeout(MAX_DURATION, try_apply(context, replay, actor)).await;
        match applied.map_err(|_| ReplayError::TooLong)? {
            Err(ReplayError::Store(fault)) if retries.try_again(&fault) => {}
            ended => return ended,
        }
    }
}

async fn try_apply(context: &DeliveryContext, replay: i64, actor: &str) -> Result<Applied, ReplayError> {
    let staged = context.for_rehearsal().await?;
    let mut tx = staged.db.begin().await?;
    match replays::lock_replay(&mut tx, replay).await? {
        None => return Err(ReplayError::Unknown { replay }),
        Some(ReplayState::Planned) => {}
        Some(state) => return Err(ReplayError::NotPlanned { replay, state }),
    }
    let mut moved = find_early_differences(&mut tx, context, replay).await?;
    let planned = Planned::load(&mut tx, replay).await?;
    tx.commit().await?;
    if moved.is_empty() {
        let performed = perform::perform_on(context, &staged, replay, &planned.batches).await?;
        moved = planned.find_differences(&performed);
    }
    if !moved.is_empty() {
        drop(staged);
        return refuse_stale_plan(context, replay, actor, moved).await;
    }
    let mut tx = staged.db.begin().await?;
    replays::mark_applied(&mut tx, replay, actor).await?;
    let entry = NewEntry { actor, action: "replay.apply", object: &audit_object(replay), detail: "{}" };
    audit::append_entry(&mut tx, &context.keys, entry).await?;
    tx.commit().await?;
    staged.db.commit_rehearsal().await?;
    Ok(Applied::Done)
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

/// Finds differences that need no replay: dead letters that are gone, and manifests or rules that have changed.
async fn find_early_differences(
    tx: &mut Tx,
    context: &DeliveryContext,
    replay: i64,
) -> Result<Vec<PlanDifference>, StoreError> {
    let gone = replays::list_resolved_items(tx, replay).await?.into_iter();
    let mut moved: Vec<PlanDifference> = gone
        .map(|ResolvedItem { dead_letter, address, planned }| PlanDifference::Letter {
            dead_letter,
            address,
            planned,
            now: RecordOutcome::Gone,
        })
        .collect();
    let corrected = corrections::list_corrected_since(tx, replay).await?;
    moved.extend(corrected.into_iter().map(|dead_letter| PlanDifference::Correction { dead_letter }));
    let manifests = context.manifests.current();
    let planned = replays::list_replays(&context.db, Some(replay), 0, 1).await?;
    for (connector, activation) in planned.first().map(|of| &of.activations).into_iter().flatten() {
        if manifests.get(connector).is_none_or(|active| active.activation != *activation) {
            moved.push(PlanDifference::Activation { connector: connector.clone() });
        }
    }
    Ok(moved)
}

/// A stored plan.
struct Planned {
    batches: BTreeMap<i64, Wanted>,
    items: Vec<Item>,
    effects: Vec<Effect>,
}

impl Planned {
    async fn load(tx: &mut Tx, replay: i64) -> Result<Self, StoreError> {
        Ok(Self {
            batches: replays::load_planned(tx, replay).await?,
            items: replays::list_items(tx, replay, i64::MAX).await?,
            effects: replays::list_effects(tx, replay, i64::MAX).await?,
        })
    }

    /// Compares what was performed with the plan.
    fn find_differences(&self, performed: &ReplayResults) -> Vec<PlanDifference> {
        let mut moved: Vec<PlanDifference> =
            self.items.iter().zip(&performed.items).filter_map(|(planned, now)| compare_items(planned, now)).collect();
        let mut now: BTreeMap<&str, &Effect> = performed.effects.iter().map(|e| (e.person.as_str(), e)).collect();
        let hours = |e: &Effect| EffectHours { counted: e.counted, provisional: e.provisional };
        for planned in &self.effects {
            let met = now.remove(planned.person.as_str());
            if met.is_none_or(|met| other_effect(planned, met)) {
                let (person, planned) = (planned.person.clone(), Some(hours(planned)));
                moved.push(PlanDifference::Teacher { person, planned, now: met.map(hours) });
            }
        }
        moved.extend(now.into_iter().map(|(person, effect)| PlanDifference::Teacher {
            person: person.to_owned(),
            planned: None,
            now: Some(hours(effect)),
        }));
        moved
    }
}

fn other_effect(planned: &Effect, now: &Effect) -> bool {
    let hours = |e: &Effect| (e.teacher, e.counted, e.provisional, e.entries_changed);
    hours(planned) != hours(now)
}

fn compare_items(planned: &Item, now: &Item) -> Option<PlanDifference> {
    ((&planned.outcome, planned.record_key) != (&now.outcome, now.record_key)).then(|| PlanDifference::Letter {
        dead_letter: planned.dead_letter,
        address: planned.address.clone(),
        planned: planned.outcome,
        now: now.outcome,
    })
}
