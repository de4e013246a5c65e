//! Batches: who holds one, how a claim ends, and what is rung next.

use std::collections::BTreeMap;

use crate::delivery::batch::ClaimedBatch;
use crate::intake::runs::RunRange;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::lease::{Leased, micros};
use crate::sql::rows::{Row, Rows};
use huiliu_messages::Message;

/// Claims a batch that is due, or whose holder's lease has run out. The attempt is counted before the work.
///
/// # Errors
/// [`StoreError`].
pub async fn claim(db: &Db, batch: i64, lease_ms: u64, holder: &str) -> Result<Option<ClaimedBatch>, StoreError> {
    let (lost, taken, expired) = (Leased::Batch.lost(), Leased::Batch.taken(), Leased::Batch.expired());
    let sql = format!(
        "UPDATE batch SET lost_claims = lost_claims + {lost}, state = 'claimed', attempts = attempts + 1, {taken}
         WHERE id = $1 AND ((state = 'due' AND due_at <= {{now}}) OR {expired})
         RETURNING id, epoch, attempts, lost_claims, payload_id, first_record, record_count, run_id, contract"
    );
    let mut tx = db.begin().await?;
    let claimed = tx.rows(&sql, vec![batch.into(), holder.into(), micros(lease_ms).into()]).await?;
    let Some(row) = claimed.first() else { return Ok(None) };
    let payload = tx
        .rows(
            "SELECT p.same_as, p.source_id, p.institution_id, p.stream, p.address, p.each_values, p.digest, s.connector,
                    (SELECT max(b.first_record + b.record_count) FROM batch b WHERE b.payload_id = p.id) AS landed
             FROM payload p JOIN source s ON s.id = p.source_id WHERE p.id = $1",
            vec![row.int("payload_id")?.into()],
        )
        .await?;
    tx.commit().await?;
    let payload = payload.first().ok_or_else(|| StoreError::Column { column: "payload".into() })?;
    held(row, payload).map(Some)
}

pub(crate) fn held(row: &Row, payload: &Row) -> Result<ClaimedBatch, StoreError> {
    let small = |name: &str| -> Result<u32, StoreError> {
        u32::try_from(row.int(name)?).map_err(|_| StoreError::Column { column: name.to_owned() })
    };
    Ok(ClaimedBatch {
        id: row.int("id")?,
        epoch: row.int("epoch")?,
        attempts: row.int("attempts")?,
        lost_claims: row.int("lost_claims")?,
        payload_id: row.int("payload_id")?,
        same_as: payload.opt_int("same_as")?,
        landed: u32::try_from(payload.int("landed")?).map_err(|_| StoreError::Column { column: "landed".into() })?,
        first: small("first_record")?,
        count: small("record_count")?,
        run_id: row.int("run_id")?,
        waived: row.int("contract")? == 2,
        source_id: payload.int("source_id")?,
        institution_id: payload.int("institution_id")?,
        connector: payload.text("connector")?,
        stream: payload.text("stream")?,
        address: payload.text("address")?,
        each: each(payload)?,
        digest: payload.bytes("digest")?,
    })
}

fn each(payload: &Row) -> Result<BTreeMap<String, String>, StoreError> {
    let Some(text) = payload.opt_text("each_values")? else { return Ok(BTreeMap::new()) };
    serde_json::from_str(&text).map_err(|_| StoreError::Column { column: "payload.each_values".into() })
}

/// How often a claim on a batch has been lost, with the one that is being lost now; 0 when it is not to be had.
///
/// # Errors
/// [`StoreError`].
pub async fn lost_claims(db: &Db, batch: i64) -> Result<i64, StoreError> {
    let (lost, expired) = (Leased::Batch.lost(), Leased::Batch.expired());
    let sql = format!("SELECT lost_claims + {lost} AS lost FROM batch WHERE id = $1 AND (state = 'due' OR {expired})");
    let rows = db.rows(&sql, vec![batch.into()]).await?;
    rows.first().map_or(Ok(0), |r| r.int("lost"))
}

/// Whether a batch of a range of runs is still to be delivered, and worth waiting for: one that has
/// failed five times is tried again, but later and later.
///
/// # Errors
/// [`StoreError`].
pub async fn any_waiting(db: &Db, runs: RunRange) -> Result<bool, StoreError> {
    // One statement: between two, a batch that is due could become one that is claimed and be seen by neither.
    let waiting = db
        .rows(
            "SELECT 1 AS one WHERE
               EXISTS (SELECT 1 FROM batch WHERE state = 'claimed' AND run_id BETWEEN $1 AND $2)
               OR EXISTS (SELECT 1 FROM batch WHERE state = 'due' AND (last_error IS NULL OR attempts - lost_claims < 5)
                            AND run_id BETWEEN $1 AND $2)",
            vec![runs.first.into(), runs.last.into()],
        )
        .await?;
    Ok(!waiting.is_empty())
}

/// Puts a held batch back, due again after `wait_ms`, with the error that caused it.
///
/// # Errors
/// [`StoreError`].
pub async fn release(db: &Db, held: &ClaimedBatch, wait_ms: u64, error: &Message) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE batch SET state = 'due', holder = NULL, due_at = {{now}} + $3, last_error = $4, generation = generation + 1
         WHERE {}",
        Leased::Batch.ours()
    );
    db.run(&sql, vec![held.id.into(), held.epoch.into(), micros(wait_ms).into(), error.stored().into()]).await?;
    Ok(())
}

/// Puts back every batch that a holder has claimed, due at once and without a lost claim: a process that ends in peace
/// leaves nothing behind. What it still commits afterwards is refused.
///
/// # Errors
/// [`StoreError`].
pub async fn release_all(db: &Db, holder: &str) -> Result<u64, StoreError> {
    db.run(
        "UPDATE batch SET state = 'due', holder = NULL, due_at = {now}, rung_at = 0, generation = generation + 1
         WHERE holder = $1 AND state = 'claimed'",
        vec![holder.into()],
    )
    .await
}

/// Sets a batch aside that ended its own process in front of a living parent.
///
/// # Errors
/// [`StoreError`].
pub async fn quarantine(db: &Db, batch: i64, why: &Message) -> Result<bool, StoreError> {
    let n = db
        .run(
            "UPDATE batch SET state = 'quarantined', holder = NULL, last_error = $2, epoch = epoch + 1 WHERE id = $1 AND state IN ('due', 'claimed')",
            vec![batch.into(), why.stored().into()],
        )
        .await?;
    Ok(n == 1)
}

/// Sets a held batch aside that breaks its stream's contract; false when it is no longer ours.
///
/// # Errors
/// [`StoreError`].
pub async fn quarantine_claimed(db: &Db, held: &ClaimedBatch, why: &Message) -> Result<bool, StoreError> {
    let sql = format!(
        "UPDATE batch SET state = 'quarantined', holder = NULL, lease_until = NULL, last_error = $3, contract = 1 WHERE {}",
        Leased::Batch.ours()
    );
    Ok(db.run(&sql, vec![held.id.into(), held.epoch.into(), why.stored().into()]).await? == 1)
}

/// Puts off a batch that nobody holds, as when its own process could not even begin.
///
/// # Errors
/// [`StoreError`].
pub async fn postpone(db: &Db, batch: i64, wait_ms: u64) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE batch SET due_at = {{now}} + $2, lease_until = {{now}} + $2 WHERE id = $1 AND (state = 'due' OR {})",
        Leased::Batch.expired()
    );
    db.run(&sql, vec![batch.into(), micros(wait_ms).into()]).await?;
    Ok(())
}

/// Makes a quarantined batch due again, as if it had never been tried: it is waited for like any other. False when it is not quarantined.
///
/// # Errors
/// [`StoreError`].
pub async fn unquarantine(tx: &mut Tx, batch: i64) -> Result<bool, StoreError> {
    let n = tx
        .run(
            "UPDATE batch SET state = 'due', attempts = 0, lost_claims = 0, last_error = NULL, due_at = {now}, rung_at = 0,
                    generation = generation + 1, contract = CASE WHEN contract = 1 THEN 2 ELSE contract END
             WHERE id = $1 AND state = 'quarantined'",
            vec![batch.into()],
        )
        .await?;
    Ok(n == 1)
}

/// Some batches whose holder's lease has run out, the longest lost first.
///
/// # Errors
/// [`StoreError`].
pub async fn abandoned(db: &Db, limit: u32) -> Result<Vec<i64>, StoreError> {
    let expired = Leased::Batch.expired();
    let sql = format!("SELECT id FROM batch WHERE {expired} ORDER BY lease_until, id LIMIT $1");
    let rows = db.rows(&sql, vec![i64::from(limit).into()]).await?;
    rows.iter().map(|r| r.int("id")).collect()
}

/// Some batches that are due, the longest silent first, for whoever has no queue.
///
/// # Errors
/// [`StoreError`].
pub async fn unnotified(db: &Db, limit: u32) -> Result<Vec<i64>, StoreError> {
    let rows = db
        .rows(
            "SELECT id FROM batch WHERE state = 'due' AND due_at <= {now} ORDER BY rung_at, id LIMIT $1",
            vec![i64::from(limit).into()],
        )
        .await?;
    rows.iter().map(|r| r.int("id")).collect()
}

/// A batch that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueBatch {
    /// Row id.
    pub id: i64,
    /// 1, and one more each time it became due again.
    pub generation: i64,
}

/// Batches that are due and were not rung within `quiet_ms`, those never rung first; marks them rung.
///
/// # Errors
/// [`StoreError`].
pub async fn to_ring(db: &Db, quiet_ms: u64, limit: usize) -> Result<Vec<DueBatch>, StoreError> {
    let quiet = micros(quiet_ms);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let silent = "state = 'due' AND due_at <= {now} AND rung_at < {now} - $1";
    let any = format!("SELECT id FROM batch WHERE {silent} LIMIT 1");
    if limit == 0 || db.rows(&any, vec![quiet.into()]).await?.is_empty() {
        return Ok(vec![]);
    }
    let mut tx = db.begin().await?;
    let rows = tx
        .rows(
            &format!(
                "UPDATE batch SET rung_at = {{now}} WHERE id IN (
                   SELECT id FROM batch WHERE {silent} ORDER BY rung_at, id LIMIT $2 {{lock_free}})
                 RETURNING id, generation"
            ),
            vec![quiet.into(), limit.into()],
        )
        .await?;
    tx.commit().await?;
    let mut due: Vec<DueBatch> = rows
        .iter()
        .map(|r| Ok(DueBatch { id: r.int("id")?, generation: r.int("generation")? }))
        .collect::<Result<_, StoreError>>()?;
    due.sort_unstable();
    Ok(due)
}

/// Takes back that these batches were rung: the queue had no room for them, or did not answer.
///
/// # Errors
/// [`StoreError`].
pub async fn not_rung(db: &Db, batches: &[i64]) -> Result<(), StoreError> {
    if batches.is_empty() {
        return Ok(());
    }
    let rows = Rows::new().int("id", batches.iter().copied().map(Some));
    let mut tx = db.begin().await?;
    tx.run_with("UPDATE batch SET rung_at = 0 WHERE id IN (SELECT id FROM {rows}) AND state = 'due'", vec![], rows)
        .await?;
    tx.commit().await
}
