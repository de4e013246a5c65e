//! The end of a load's transaction: records left out, counters, and the fencing check.

use std::collections::BTreeMap;

use crate::delivery::batch::{ClaimedBatch, Commit, Load, Outcomes};
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::lease::Leased;
use crate::sql::rows::{Rows, Value};

/// Writes how many raw records were left out, by reason. Returns the total.
pub(crate) async fn write_skips(tx: &mut Tx, held: &ClaimedBatch, load: &Load<'_>) -> Result<i64, StoreError> {
    let mut reasons: BTreeMap<&str, i64> = BTreeMap::new();
    for skipped in &load.skipped {
        *reasons.entry(skipped.because).or_default() += 1;
    }
    let rows = Rows::new()
        .int("batch_id", reasons.keys().map(|_| Some(held.id)))
        .text("because", reasons.keys().map(|because| Some(*because)))
        .int("records", reasons.values().copied().map(Some));
    tx.insert_rows("batch_skip", rows).await?;
    Ok(reasons.values().sum())
}

/// Raw records of a finished batch that are no longer parked, and their new outcomes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replayed {
    /// Number of all of them.
    pub records: usize,
    /// Outcomes of the valid ones.
    pub outcomes: Outcomes,
    /// Rows that this batch wrote for them.
    pub held: i64,
    /// Unchanged ones that another batch's row represents.
    pub elsewhere: i64,
    /// Superseded ones that lost only because another batch landed later.
    pub tied: i64,
    /// Left out by the manifest's row conditions.
    pub skipped: i64,
    /// Those that take a record back.
    pub withdrawn: i64,
}

/// Moves raw records of a finished batch from `parked` to their new outcomes.
pub(crate) async fn move_counters(tx: &mut Tx, batch: i64, replayed: &Replayed) -> Result<(), StoreError> {
    let moved = i64::try_from(replayed.records).unwrap_or(0);
    let Replayed { outcomes: o, held, elsewhere, tied, skipped, withdrawn, .. } = replayed;
    tx.execute(
        "UPDATE batch SET parked = parked - $2, inserted = inserted + $3, updated = updated + $4, unchanged = unchanged + $5,
           superseded = superseded + $6, held = held + $7, elsewhere = elsewhere + $8, skipped = skipped + $9, tied = tied + $10,
           withdrawn = withdrawn + $11
         WHERE id = $1",
        [batch, moved, o.inserted, o.updated, o.unchanged, o.superseded, *held, *elsewhere, *skipped, *tied, *withdrawn].map(Value::from).into(),
    )
    .await?;
    Ok(())
}

/// The values that are stored for a batch when it is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchResult {
    pub manifest_version: i64,
    pub activation: i64,
    pub outcomes: Outcomes,
    pub held: i64,
    pub elsewhere: i64,
    pub tied: i64,
}

/// Marks the batch as done and commits, but only if the claim's epoch is still current. Otherwise nothing is written.
pub(crate) async fn finish_batch(mut tx: Tx, held: &ClaimedBatch, done: &BatchResult) -> Result<Commit, StoreError> {
    let fence = if crate::faults::skip_epoch() { "id = $1 AND $2 = $2".to_owned() } else { Leased::Batch.owned_sql() };
    let sql = format!(
        "UPDATE batch SET state = 'done', holder = NULL, lease_until = NULL, last_error = NULL, inserted = $3, updated = $4,
           unchanged = $5, superseded = $6, parked = $7, discarded = $8, manifest_version = $9, activation = $10,
           held = $11, elsewhere = $12, skipped = $13, tied = $14, withdrawn = $15
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
        done.tied,
        o.withdrawn,
    ]
    .into_iter()
    .map(Value::from)
    .collect();
    if tx.execute(&sql, args).await? != 1 {
        return Ok(Commit::Fenced);
    }
    tx.commit().await?;
    Ok(Commit::Done(done.outcomes))
}
