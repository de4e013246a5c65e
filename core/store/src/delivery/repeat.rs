//! Repeated payloads: computes a batch's outcomes from the counters of an earlier batch with the same bytes, without
//! reading a record again.
//!
//! This applies only where the result is exact. If a batch wrote all of its newest records itself (`elsewhere` is 0),
//! the database knows how many of them are still current (`held`, minus the records in `batch_loss`). When the same
//! bytes arrive under the same activation, those records are unchanged, the records overwritten since are superseded,
//! and the parked ones are parked again.
//!
//! If the stream's records are versioned by landing, the repeated bytes are newer than everything that landed in
//! between. So nothing may have landed in between; otherwise the batch is read again and overwrites it.

use crate::delivery::batch::{ClaimedBatch, Commit, Outcomes};
use crate::delivery::classify::Versioned as _;
use crate::delivery::dead_letters::{self, CopiedSightings};
use crate::delivery::finish::{BatchResult, finish_batch};
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use huiliu_decode::{RosterRow, TrainingRecord};
use huiliu_manifest::{Stream, VersionFrom};

/// Commits a claimed batch as a repetition of an earlier one. Returns `None` if the outcomes cannot be computed
/// exactly.
///
/// # Errors
/// [`StoreError`].
pub async fn commit_repeat(
    db: &Db,
    held: &ClaimedBatch,
    stream: &Stream,
    activation: i64,
) -> Result<Option<Commit>, StoreError> {
    let Some(original) = held.same_as else { return Ok(None) };
    let last_counts = matches!(stream.version, VersionFrom::Landing {});
    let table = if stream.kind.is_roster() { RosterRow::TABLE } else { TrainingRecord::TABLE };
    // If several batches wrote all of their records, the first one holds them, unless another has overwritten them
    // since.
    let which = if last_counts { "AND b.held > 0 ORDER BY b.id DESC" } else { "ORDER BY b.id" };
    let mut tx = db.begin().await?;
    let earlier = tx
        .fetch_rows(
            &format!(
                "SELECT b.id AS id, b.manifest_version AS manifest_version, b.skipped AS skipped,
                    b.superseded AS superseded, b.held AS written, CAST(b.held -
                    (SELECT coalesce(sum(l.records), 0) FROM batch_loss l WHERE l.batch_id = b.id) AS bigint) AS held
             FROM payload p JOIN batch b ON b.payload_id = p.id
             WHERE (p.id = $1 OR p.same_as = $1) AND p.address = $2 AND b.id < $3 AND b.first_record = $4
               AND b.record_count = $5 AND b.state = 'done' AND b.activation = $6 AND b.elsewhere = 0 {which} LIMIT 1"
            ),
            vec![
                original.into(),
                held.address.as_str().into(),
                held.id.into(),
                i64::from(held.first).into(),
                i64::from(held.count).into(),
                activation.into(),
            ],
        )
        .await?;
    let Some(row) = earlier.first() else { return Ok(None) };
    let (earlier, manifest_version, unchanged) = (row.int("id")?, row.int("manifest_version")?, row.int("held")?);
    let was_superseded = row.int("superseded")? > 0 || row.int("written")? > unchanged;
    if last_counts && (was_superseded || may_be_overwritten(&mut tx, held, earlier, table).await?) {
        return Ok(None);
    }
    let sightings = dead_letters::copy_sightings(&mut tx, held.id, earlier).await?;
    let CopiedSightings { parked, superseded: was_superseded, discarded } = sightings;
    let again = vec![held.id.into(), earlier.into()];
    let copied = "INSERT INTO batch_skip (batch_id, because, records)
                  SELECT $1, because, sum(records) FROM batch_skip WHERE batch_id = $2 GROUP BY because";
    let skipped = row.int("skipped")?;
    if skipped > 0 {
        tx.execute(copied, again).await?;
    }
    let superseded = i64::from(held.count) - unchanged - parked - discarded - skipped;
    debug_assert!(superseded >= was_superseded, "the books of batch {earlier} hold more than it received");
    let outcomes = Outcomes { unchanged, superseded, skipped, parked, discarded, ..Outcomes::default() };
    let done = BatchResult { manifest_version, activation, outcomes, held: 0, elsewhere: unchanged };
    finish_batch(tx, held, &done).await.map(Some)
}

/// Returns true if something that landed between two batches of a stream may still overwrite records of the earlier
/// one: a batch that is not done, or an open dead letter of one of its records.
async fn may_be_overwritten(tx: &mut Tx, held: &ClaimedBatch, earlier: i64, table: &str) -> Result<bool, StoreError> {
    let between = || vec![earlier.into(), held.id.into(), held.source_id.into(), held.stream.as_str().into()];
    let open = tx
        .fetch_rows(
            "SELECT b.id AS id FROM batch b JOIN payload p ON p.id = b.payload_id
             WHERE b.id > $1 AND b.id < $2 AND b.state <> 'done' AND p.source_id = $3 AND p.stream = $4 LIMIT 1",
            between(),
        )
        .await?;
    let parked = tx
        .fetch_rows(
            &format!(
                "SELECT s.dead_letter_id AS id FROM dead_letter_sighting s JOIN dead_letter d ON d.id = s.dead_letter_id
             JOIN {table} t ON t.source_id = d.source_id AND t.stream = d.stream AND t.record_key = d.dead_letter_key
             WHERE s.batch_id > $1 AND s.batch_id < $2 AND d.state = 'open' AND d.source_id = $3 AND d.stream = $4
               AND t.batch_id = $1 LIMIT 1"
            ),
            between(),
        )
        .await?;
    Ok(!open.is_empty() || !parked.is_empty())
}
