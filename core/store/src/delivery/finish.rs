//! The end of a load's transaction: records left out, counters, and the fencing check.

use std::collections::BTreeMap;

use crate::delivery::batch::{ClaimedBatch, Commit, Load};
use crate::delivery::classify::OutcomeCounts;
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::{Rows, Value};

/// Writes how many raw records of each batch were left out, by reason. Returns the total of each.
pub(crate) async fn write_skips(tx: &mut Tx, load: &Load<'_>) -> Result<BTreeMap<i64, i64>, StoreError> {
    let mut reasons: BTreeMap<(i64, &str), i64> = BTreeMap::new();
    let mut totals: BTreeMap<i64, i64> = BTreeMap::new();
    for skipped in &load.skipped {
        *reasons.entry((skipped.batch, skipped.because)).or_default() += 1;
        *totals.entry(skipped.batch).or_default() += 1;
    }
    let rows = Rows::new()
        .int("batch_id", reasons.keys().map(|(batch, _)| Some(*batch)))
        .text("because", reasons.keys().map(|(_, because)| Some(*because)))
        .int("records", reasons.values().copied().map(Some));
    tx.insert_rows("batch_skip", rows).await?;
    Ok(totals)
}

/// Raw records of a finished batch that are no longer parked, and their new outcomes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replayed {
    /// Number of all of them.
    pub records: usize,
    /// Outcomes of the valid ones.
    pub counts: OutcomeCounts,
    /// Left out by the manifest's row conditions.
    pub skipped: i64,
    /// Those that take a record back.
    pub withdrawn: i64,
}

/// Moves raw records of a finished batch from `parked` to their new outcomes.
pub(crate) async fn move_counters(tx: &mut Tx, batch: i64, replayed: &Replayed) -> Result<(), StoreError> {
    let Replayed { records, mut counts, skipped, withdrawn } = *replayed;
    counts.outcomes.parked -= i64::try_from(records).unwrap_or(0);
    counts.outcomes.skipped += skipped;
    counts.outcomes.withdrawn += withdrawn;
    add_to_counters(tx, batch, &counts).await
}

/// Adds to the counters of a finished batch. Some may be negative.
pub(crate) async fn add_to_counters(tx: &mut Tx, batch: i64, more: &OutcomeCounts) -> Result<(), StoreError> {
    let OutcomeCounts { outcomes: o, held, elsewhere, tied } = more;
    tx.execute(
        "UPDATE batch SET inserted = inserted + $2, updated = updated + $3, unchanged = unchanged + $4, superseded = superseded + $5,
           skipped = skipped + $6, withdrawn = withdrawn + $7, parked = parked + $8, discarded = discarded + $9,
           held = held + $10, elsewhere = elsewhere + $11, tied = tied + $12
         WHERE id = $1",
        [
            batch, o.inserted, o.updated, o.unchanged, o.superseded, o.skipped, o.withdrawn, o.parked, o.discarded,
            *held, *elsewhere, *tied,
        ]
        .map(Value::from)
        .into(),
    )
    .await?;
    Ok(())
}

/// The values that are stored for a batch when it is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchResult<'b> {
    pub batch: &'b ClaimedBatch,
    pub manifest_version: i64,
    pub activation: i64,
    pub counts: OutcomeCounts,
}

/// Marks batches as done and commits, but only if the epoch of each claim is still current. Otherwise nothing is written, and
/// it returns false.
pub(crate) async fn finish_batches(mut tx: Tx, done: &[BatchResult<'_>]) -> Result<bool, StoreError> {
    let owned =
        if crate::faults::skip_epoch() { "" } else { "AND batch.epoch = incoming.epoch AND batch.state = 'claimed'" };
    let count = |of: fn(&OutcomeCounts) -> i64| done.iter().map(move |done| Some(of(&done.counts)));
    let counters = Rows::new()
        .int("manifest_version", done.iter().map(|done| Some(done.manifest_version)))
        .int("activation", done.iter().map(|done| Some(done.activation)))
        .int("inserted", count(|of| of.outcomes.inserted))
        .int("updated", count(|of| of.outcomes.updated))
        .int("unchanged", count(|of| of.outcomes.unchanged))
        .int("superseded", count(|of| of.outcomes.superseded))
        .int("skipped", count(|of| of.outcomes.skipped))
        .int("withdrawn", count(|of| of.outcomes.withdrawn))
        .int("parked", count(|of| of.outcomes.parked))
        .int("discarded", count(|of| of.outcomes.discarded))
        .int("held", count(|of| of.held))
        .int("elsewhere", count(|of| of.elsewhere))
        .int("tied", count(|of| of.tied));
    let set: Vec<String> = counters.column_names().map(|name| format!("{name} = incoming.{name}")).collect();
    let sql = format!(
        "UPDATE batch SET state = 'done', holder = NULL, lease_until = NULL, last_error = NULL, {}
         FROM {{rows}} WHERE batch.id = incoming.id {owned}",
        set.join(", ")
    );
    let rows = counters
        .int("id", done.iter().map(|done| Some(done.batch.id)))
        .int("epoch", done.iter().map(|done| Some(done.batch.epoch)));
    if usize::try_from(tx.execute_with(&sql, vec![], rows).await?) != Ok(done.len()) {
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}

/// Does the same for one batch.
pub(crate) async fn finish_batch(tx: Tx, done: &BatchResult<'_>) -> Result<Commit, StoreError> {
    let is_current = finish_batches(tx, std::slice::from_ref(done)).await?;
    Ok(if is_current { Commit::Done(done.counts.outcomes) } else { Commit::Fenced })
}
