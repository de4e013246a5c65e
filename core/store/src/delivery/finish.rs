//! The end of a load's transaction: what was left out, the counters, and the fence.

use std::collections::BTreeMap;

use crate::delivery::batch::{ClaimedBatch, Commit, Load, Outcomes};
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::lease::Leased;
use crate::sql::rows::{Rows, Value};

/// Notes what is left out, and why; gives how many.
pub(crate) async fn skip(tx: &mut Tx, held: &ClaimedBatch, load: &Load<'_>) -> Result<i64, StoreError> {
    let mut reasons: BTreeMap<&str, i64> = BTreeMap::new();
    for (_, because) in &load.skipped {
        *reasons.entry(because).or_default() += 1;
    }
    let rows = Rows::new()
        .int("batch_id", reasons.keys().map(|_| Some(held.id)))
        .text("because", reasons.keys().map(|because| Some(*because)))
        .int("records", reasons.values().copied().map(Some));
    tx.copy("batch_skip", rows).await?;
    Ok(reasons.values().sum())
}

/// How many raw records of a batch that is done are parked no longer, and what became of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replayed {
    /// All of them.
    pub records: usize,
    /// The outcomes of the clean ones.
    pub outcomes: Outcomes,
    /// Rows of the tables that the batch put there.
    pub held: i64,
    /// Unchanged ones for which another batch's row stands.
    pub elsewhere: i64,
    /// Left out on purpose.
    pub skipped: i64,
}

/// Moves raw records of a batch that is done from `parked` to what became of them.
pub(crate) async fn move_counters(tx: &mut Tx, batch: i64, replayed: &Replayed) -> Result<(), StoreError> {
    let moved = i64::try_from(replayed.records).unwrap_or(0);
    let Replayed { outcomes: o, held, elsewhere, skipped, .. } = replayed;
    tx.run(
        "UPDATE batch SET parked = parked - $2, inserted = inserted + $3, updated = updated + $4, unchanged = unchanged + $5,
           superseded = superseded + $6, held = held + $7, elsewhere = elsewhere + $8, skipped = skipped + $9 WHERE id = $1",
        [batch, moved, o.inserted, o.updated, o.unchanged, o.superseded, *held, *elsewhere, *skipped].map(Value::from).into(),
    )
    .await?;
    Ok(())
}

/// What is written of a batch when it is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    pub manifest_version: i64,
    pub activation: i64,
    pub outcomes: Outcomes,
    pub held: i64,
    pub elsewhere: i64,
}

/// The fence: the batch is done, and all of the transaction with it, only if the claim's epoch is still the current one.
pub(crate) async fn finish(mut tx: Tx, held: &ClaimedBatch, done: &Done) -> Result<Commit, StoreError> {
    let fence = if crate::faults::skip_epoch() { "id = $1 AND $2 = $2".to_owned() } else { Leased::Batch.ours() };
    let sql = format!(
        "UPDATE batch SET state = 'done', holder = NULL, lease_until = NULL, last_error = NULL, inserted = $3, updated = $4,
           unchanged = $5, superseded = $6, parked = $7, discarded = $8, manifest_version = $9, activation = $10,
           held = $11, elsewhere = $12, skipped = $13
         WHERE {fence}"
    );
    let o = &done.outcomes;
    let args: Vec<Value> = [
        held.id,
        held.epoch,
        o.inserted,
        o.updated,
        o.unchanged,
        o.superseded,
        o.parked,
        o.discarded,
        done.manifest_version,
        done.activation,
        done.held,
        done.elsewhere,
        o.skipped,
    ]
    .into_iter()
    .map(Value::from)
    .collect();
    if tx.run(&sql, args).await? != 1 {
        return Ok(Commit::Fenced);
    }
    tx.commit().await?;
    Ok(Commit::Done(done.outcomes))
}
