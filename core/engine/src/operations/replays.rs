//! Replays of dead letters with the current manifests and rules: planned first, approved where it must be, applied, undone.

use schemars::JsonSchema;
use serde::Serialize;

use super::act::Act;
use super::error::{NotFound, OperationError};
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::database::OpenDatabase;
use crate::replay::{self, Applied, NewReplay, PlanDifference, ReplayError, Watch};
use crate::runtime::Runtime;
use huiliu_store::Db;
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::delivery::replays::{self, Effect, Item, Replay, Sums};
use huiliu_store::roster::known;
use huiliu_values::ReplayReads;
use huiliu_vault::keys::Keys;

/// A replay with some of its raw records and teachers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReplayShown {
    /// The replay itself.
    #[serde(flatten)]
    pub replay: Replay,
    /// Its summary.
    #[serde(flatten)]
    pub sums: Sums,
    /// Its raw records, in order, up to a limit.
    pub items: Vec<Item>,
    /// The teachers whose hours change, up to a limit.
    pub effects: Vec<Effect>,
    /// Whether a record's outcome or a teacher's hours would change. If not, there is nothing to apply.
    pub changes: bool,
}

/// A replay after an attempt to apply it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReplayApplied {
    /// The state of the replay now.
    #[serde(flatten)]
    pub shown: ReplayShown,
    /// Why it was refused: what differs from the plan. It is stored with the replay, too.
    #[serde(skip)]
    pub refused: Option<Vec<PlanDifference>>,
}

/// Lists replays by number.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub async fn list(opened: &OpenDatabase, span: Span) -> Result<Page<Replay>, OperationError> {
    let rows = replays::list_replays(&opened.db, None, span.after, span.limit_plus_one()).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.replay.to_string());
    Ok(page.counted(replays::count_replays(&opened.db)).await?)
}

/// Shows one replay, with at most `limit` raw records and teachers.
///
/// # Errors
/// [`OperationError::NotFound`] if it does not exist.
pub async fn show(opened: &OpenDatabase, replay: i64, limit: i64) -> Result<ReplayShown, OperationError> {
    load_replay(&opened.db, &opened.keys, replay, limit).await
}

async fn load_replay(db: &Db, keys: &Keys, replay: i64, limit: i64) -> Result<ReplayShown, OperationError> {
    let found = replays::list_replays(db, Some(replay), 0, 1).await?;
    let found = found.into_iter().next().ok_or(NotFound::Replay { replay })?;
    let mut tx = db.begin_read_only().await?;
    let items = replays::list_items(&mut tx, replay, limit).await?;
    let mut effects = replays::list_effects(&mut tx, replay, limit).await?;
    let sums = replays::sums(&mut tx, replay).await?;
    let teachers: Vec<i64> = effects.iter().filter_map(|effect| effect.teacher).collect();
    let mut numbers = known::load_id_numbers(&mut tx, keys, &teachers).await?;
    for effect in &mut effects {
        effect.id_number = effect.teacher.and_then(|teacher| numbers.remove(&teacher));
    }
    Ok(ReplayShown { changes: found.changes_something(), replay: found, sums, items, effects })
}

/// Plans a replay of the dead letters, or of the stored records, that match the filter. Changes nothing else. Closes the plan
/// if it is stopped. Returns the plan with at most `limit` raw records and teachers.
///
/// # Errors
/// [`OperationError::Replay`], [`OperationError::Filter`].
pub async fn plan(
    runtime: &Runtime,
    act: Act<'_>,
    (reads, filter): (ReplayReads, &LetterFilter),
    limit: i64,
    watch: Watch<'_>,
) -> Result<ReplayShown, OperationError> {
    if reads == ReplayReads::Records && filter.needs_letters() {
        return Err(ReplayError::OfLettersOnly.into());
    }
    let opened = runtime.database_handle();
    let access = RegistryAccess { opened: &opened, settings: &runtime.settings, program: &runtime.program };
    filters::check_letter_filter(access, filter).await?;
    let new = NewReplay { reads, filter, actor: act.actor, approve_above: runtime.settings.approve_replays_above };
    let replay = replay::plan_replay(&runtime.delivery, new, watch).await?;
    load_replay(&runtime.delivery.db, &runtime.delivery.keys, replay, limit).await
}

/// Plans to take an applied replay back: its records become what they were, unless something newer came, and its raw
/// records are parked again. Changes nothing else; the plan is applied like any other.
///
/// # Errors
/// [`OperationError::Replay`].
pub async fn plan_undo(
    runtime: &Runtime,
    act: Act<'_>,
    replay: i64,
    limit: i64,
    watch: Watch<'_>,
) -> Result<ReplayShown, OperationError> {
    let above = runtime.settings.approve_replays_above;
    let undo = replay::plan_undo(&runtime.delivery, replay, act.actor, above, watch).await?;
    load_replay(&runtime.delivery.db, &runtime.delivery.keys, undo, limit).await
}

/// Approves a plan of somebody else, so that it can be applied.
///
/// # Errors
/// [`OperationError::Replay`].
pub async fn approve(runtime: &Runtime, act: Act<'_>, replay: i64) -> Result<ReplayShown, OperationError> {
    replay::approve_plan(&runtime.delivery, replay, act.actor, act.because).await?;
    load_replay(&runtime.delivery.db, &runtime.delivery.keys, replay, 0).await
}

/// Closes a plan that is not to be applied, so that nobody waits for it.
///
/// # Errors
/// [`OperationError::Replay`].
pub async fn close(runtime: &Runtime, act: Act<'_>, replay: i64) -> Result<ReplayShown, OperationError> {
    replay::close_plan(&runtime.delivery, replay, act.actor, act.because).await?;
    load_replay(&runtime.delivery.db, &runtime.delivery.keys, replay, 0).await
}

/// Applies a plan step by step, as long as it holds, and settles the teachers concerned. A step that no longer holds
/// changes nothing; the result says what differs.
///
/// # Errors
/// [`OperationError::Replay`].
pub async fn apply(
    runtime: &Runtime,
    act: Act<'_>,
    replay: i64,
    limit: i64,
    watch: Watch<'_>,
) -> Result<ReplayApplied, OperationError> {
    let refused = match replay::apply_plan(&runtime.delivery, replay, act.actor, watch).await? {
        Applied::Done => None,
        Applied::Stale(moved) => Some(moved),
    };
    let shown = load_replay(&runtime.delivery.db, &runtime.delivery.keys, replay, limit).await?;
    if shown.replay.steps.applied > 0 {
        runtime.settle_and_wait().await?;
    }
    Ok(ReplayApplied { shown, refused })
}
