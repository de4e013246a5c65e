//! Dead letters through today's manifests and rules: the plan first.

use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use super::act::Act;
use super::error::{NotFound, OperationError};
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::database::OpenDatabase;
use crate::replay::{self, Applied, Moved};
use crate::runtime::Runtime;
use huiliu_store::Db;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::delivery::replays::{self, Effect, Filter, Item, Replay};

/// A replay with some of its raw records and teachers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReplayShown {
    /// The replay.
    #[serde(flatten)]
    pub replay: Replay,
    /// Its raw records, in order.
    pub items: Vec<Item>,
    /// The teachers whose hours change.
    pub effects: Vec<Effect>,
    /// Whether something would become of a record, or of a teacher's hours; else there is nothing to apply.
    pub changes: bool,
}

/// A replay after an attempt to apply it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReplayApplied {
    /// The replay as it stands now.
    #[serde(flatten)]
    pub shown: ReplayShown,
    /// Why it was refused: what moved since it was planned. It stands in the replay, too.
    #[serde(skip)]
    pub refused: Option<Vec<Moved>>,
}

/// Replays, in the order of their numbers.
///
/// # Errors
/// [`OperationError::Store`].
pub async fn list(opened: &OpenDatabase, span: Span) -> Result<Page<Replay>, OperationError> {
    let rows = replays::list(&opened.db, None, span.after, span.one_more()).await?;
    Ok(Page::part(rows, span.limit, |row| row.replay.to_string()))
}

/// One replay, with at most `limit` raw records and teachers.
///
/// # Errors
/// [`OperationError::NotFound`].
pub async fn show(opened: &OpenDatabase, replay: i64, limit: i64) -> Result<ReplayShown, OperationError> {
    shown(&opened.db, replay, limit).await
}

async fn shown(db: &Db, replay: i64, limit: i64) -> Result<ReplayShown, OperationError> {
    let found = replays::list(db, Some(replay), 0, 1).await?;
    let found = found.into_iter().next().ok_or(NotFound::Replay { replay })?;
    let mut tx = db.look().await?;
    let items = replays::items(&mut tx, replay, limit).await?;
    let effects = replays::effects(&mut tx, replay, limit).await?;
    Ok(ReplayShown { changes: found.changes_something(), replay: found, items, effects })
}

/// Plans a replay of the dead letters that the filter takes; changes nothing else. When `stop` turns true it is closed. Gives the plan with at most `limit` raw
/// records and teachers.
///
/// # Errors
/// [`OperationError::Replay`], [`OperationError::Filter`].
pub async fn plan(
    runtime: &Runtime,
    act: Act<'_>,
    filter: &Filter,
    limit: i64,
    stop: &watch::Receiver<bool>,
) -> Result<ReplayShown, OperationError> {
    let of = RowFilter {
        source: filter.source.clone(),
        connector: filter.connector.clone(),
        run: filter.run,
        code: filter.code.clone(),
    };
    let opened = runtime.opened();
    let access = RegistryAccess { opened: &opened, settings: &runtime.settings, program: &runtime.program };
    filters::check(access, &of).await?;
    let replay = replay::plan(&runtime.delivery, filter, act.actor, stop).await?;
    shown(&runtime.delivery.db, replay, limit).await
}

/// Applies a plan in one transaction, if all of it still holds, and settles the teachers concerned. A plan that no longer
/// holds changes nothing: what moved is told.
///
/// # Errors
/// [`OperationError::Replay`].
pub async fn apply(runtime: &Runtime, act: Act<'_>, replay: i64, limit: i64) -> Result<ReplayApplied, OperationError> {
    let refused = match replay::apply(&runtime.delivery, replay, act.actor).await? {
        Applied::Done => {
            runtime.settle_patiently().await?;
            None
        }
        Applied::Stale(moved) => Some(moved),
    };
    Ok(ReplayApplied { shown: shown(&runtime.delivery.db, replay, limit).await?, refused })
}
