//! The same bytes once more: what a batch's outcomes are can be told from the books, without reading a record again.
//!
//! It holds only where it can be exact. A batch that put every one of its newest records into the tables itself
//! (`elsewhere` is 0) knows how many of them are still held (`held`, less what `batch_loss` says); received again under the same activation, those are
//! unchanged, what has been superseded since is superseded, and what was parked is parked again.
//!
//! Where what landed last counts, the same bytes are newer than all that landed since, so nothing must have: else they are
//! read again, and outdo it.

use crate::delivery::batch::{ClaimedBatch, Commit, Outcomes};
use crate::delivery::classify::Versioned as _;
use crate::delivery::dead_letters;
use crate::delivery::finish::{Done, finish};
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use huiliu_decode::{RosterRow, TrainingRecord};
use huiliu_manifest::{Stream, VersionFrom};

/// Commits a held batch as a repetition of an earlier one; `None` when that cannot be told exactly.
///
/// # Errors
/// [`StoreError`].
pub async fn commit(
    db: &Db,
    held: &ClaimedBatch,
    stream: &Stream,
    activation: i64,
) -> Result<Option<Commit>, StoreError> {
    let Some(original) = held.same_as else { return Ok(None) };
    let last_counts = matches!(stream.version, VersionFrom::Landing {});
    let table = if stream.kind.is_roster() { RosterRow::TABLE } else { TrainingRecord::TABLE };
    // Of several that wrote all of it the first holds it, unless another has taken it over since.
    let which = if last_counts { "AND b.held > 0 ORDER BY b.id DESC" } else { "ORDER BY b.id" };
    let mut tx = db.begin().await?;
    let earlier = tx
        .rows(
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
    if last_counts && (was_superseded || landed_since(&mut tx, held, earlier, table).await?) {
        return Ok(None);
    }
    let (parked, was_superseded, discarded) = dead_letters::see_again(&mut tx, held.id, earlier).await?;
    let again = vec![held.id.into(), earlier.into()];
    let copied = "INSERT INTO batch_skip (batch_id, because, records)
                  SELECT $1, because, sum(records) FROM batch_skip WHERE batch_id = $2 GROUP BY because";
    let skipped = row.int("skipped")?;
    if skipped > 0 {
        tx.run(copied, again).await?;
    }
    let superseded = i64::from(held.count) - unchanged - parked - discarded - skipped;
    debug_assert!(superseded >= was_superseded, "the books of batch {earlier} hold more than it received");
    let outcomes = Outcomes { unchanged, superseded, skipped, parked, discarded, ..Outcomes::default() };
    let done = Done { manifest_version, activation, outcomes, held: 0, elsewhere: unchanged };
    finish(tx, held, &done).await.map(Some)
}

/// Whether something that landed between two batches of a stream may yet be written over what the earlier one holds: a batch
/// that is not done, or an open letter of one of its records.
async fn landed_since(tx: &mut Tx, held: &ClaimedBatch, earlier: i64, table: &str) -> Result<bool, StoreError> {
    let between = || vec![earlier.into(), held.id.into(), held.source_id.into(), held.stream.as_str().into()];
    let open = tx
        .rows(
            "SELECT b.id AS id FROM batch b JOIN payload p ON p.id = b.payload_id
             WHERE b.id > $1 AND b.id < $2 AND b.state <> 'done' AND p.source_id = $3 AND p.stream = $4 LIMIT 1",
            between(),
        )
        .await?;
    let parked = tx
        .rows(
            &format!(
                "SELECT s.letter_id AS id FROM dead_letter_sighting s JOIN dead_letter d ON d.id = s.letter_id
             JOIN {table} t ON t.source_id = d.source_id AND t.stream = d.stream AND t.record_key = d.letter_key
             WHERE s.batch_id > $1 AND s.batch_id < $2 AND d.state = 'open' AND d.source_id = $3 AND d.stream = $4
               AND t.batch_id = $1 LIMIT 1"
            ),
            between(),
        )
        .await?;
    Ok(!open.is_empty() || !parked.is_empty())
}
