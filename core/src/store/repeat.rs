//! The same bytes once more: what a batch's outcomes are can be told from the books, without reading a record again.
//!
//! It holds only where it can be exact. A batch that put every one of its newest records into the tables itself
//! (`elsewhere` is 0) knows how many of them are still held (`held`, less what `batch_loss` says); received again under the same activation, those are
//! unchanged, what has been outdone since is superseded, and what was parked is parked again.

use super::batches::Held;
use super::db::{Db, StoreFault};
use super::letters;
use super::load::{Commit, Done, Outcomes, finish};

/// Commits a held batch as a repetition of an earlier one; `None` when that cannot be told exactly.
///
/// # Errors
/// [`StoreFault`].
pub async fn commit(db: &Db, held: &Held, activation: i64) -> Result<Option<Commit>, StoreFault> {
    let Some(original) = held.same_as else { return Ok(None) };
    let mut tx = db.begin().await?;
    let earlier = tx
        .rows(
            "SELECT b.id AS id, b.manifest_version AS manifest_version, b.skipped AS skipped, CAST(b.held -
                    (SELECT coalesce(sum(l.records), 0) FROM batch_loss l WHERE l.batch_id = b.id) AS bigint) AS held
             FROM payload p JOIN batch b ON b.payload_id = p.id
             WHERE (p.id = $1 OR p.same_as = $1) AND p.address = $2 AND b.id < $3 AND b.first_record = $4
               AND b.record_count = $5 AND b.state = 'done' AND b.activation = $6 AND b.elsewhere = 0
             ORDER BY b.id LIMIT 1",
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
    let (parked, outdone, discarded) = letters::see_again(&mut tx, held.id, earlier).await?;
    let again = vec![held.id.into(), earlier.into()];
    let copied = "INSERT INTO batch_skip (batch_id, because, records)
                  SELECT $1, because, sum(records) FROM batch_skip WHERE batch_id = $2 GROUP BY because";
    let skipped = row.int("skipped")?;
    if skipped > 0 {
        tx.run(copied, again).await?;
    }
    let superseded = i64::from(held.count) - unchanged - parked - discarded - skipped;
    debug_assert!(superseded >= outdone, "the books of batch {earlier} hold more than it received");
    let outcomes = Outcomes { unchanged, superseded, skipped, parked, discarded, ..Outcomes::default() };
    let done = Done { manifest_version, activation, outcomes, held: 0, elsewhere: unchanged };
    finish(tx, held, &done).await.map(Some)
}
