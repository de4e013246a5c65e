//! Batches: claims, release, quarantine and notification.

use std::collections::{BTreeMap, HashMap};

use crate::delivery::batch::ClaimedBatch;
use crate::intake::runs::RunRange;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::lease::{CLAIM_SQL, Leased, micros};
use crate::sql::rows::{Row, Rows};
use huiliu_messages::Message;

/// The columns of a claimed batch that [`parse_claimed_batch`] reads.
const CLAIMED: &str =
    "id, epoch, attempts, lost_claims, payload_id, first_record, record_count, run_id, contract, awaits_replay";

/// What it reads of the payload `p` and its source `s`.
const PAYLOAD: &str = "p.same_as AS same_as, p.source_id AS source_id, p.institution_id AS institution_id, p.stream AS stream, \
    p.address AS address, p.each_values AS each_values, p.digest AS digest, s.connector AS connector, \
    (SELECT max(b.first_record + b.record_count) FROM batch b WHERE b.payload_id = p.id) AS landed";

/// Claims a batch that is due, or whose lease has expired. Counts the attempt before the work starts.
///
/// # Errors
/// [`StoreError`].
pub async fn claim_batch(db: &Db, batch: i64, lease_ms: u64, holder: &str) -> Result<Option<ClaimedBatch>, StoreError> {
    let mut tx = db.begin().await?;
    let Some(held) = claim_one(&mut tx, batch, lease_ms, holder).await? else { return Ok(None) };
    tx.commit().await?;
    Ok(Some(held))
}

/// How much is claimed together with a batch.
#[derive(Debug, Clone, Copy)]
pub struct GroupLimits {
    /// Raw records in all.
    pub records: u32,
    /// Bytes of the payloads in all.
    pub bytes: i64,
    /// Batches that landed later are looked for among this many.
    pub reach: i64,
}

/// Claims a batch as [`claim_batch`] does and, if it is a small payload, those that landed after it in the same stream and
/// have not been tried, until the limits are reached. Returns them in the order in which they landed.
///
/// # Errors
/// [`StoreError`].
pub async fn claim_group(
    db: &Db,
    batch: i64,
    lease_ms: u64,
    holder: &str,
    limits: GroupLimits,
) -> Result<Vec<ClaimedBatch>, StoreError> {
    let mut tx = db.begin().await?;
    let Some(first) = claim_one(&mut tx, batch, lease_ms, holder).await? else { return Ok(vec![]) };
    let is_small = first.count == first.landed && first.count < limits.records && !first.awaits_replay;
    let mut group = vec![first];
    if is_small && group[0].attempts == 1 {
        claim_later(&mut tx, &mut group, lease_ms, holder, limits).await?;
    }
    tx.commit().await?;
    Ok(group)
}

async fn claim_one(tx: &mut Tx, batch: i64, lease_ms: u64, holder: &str) -> Result<Option<ClaimedBatch>, StoreError> {
    let (lost, expired) = (Leased::Batch.lost_sql(), Leased::Batch.expired_sql());
    let sql = format!(
        "UPDATE batch SET lost_claims = lost_claims + {lost}, state = 'claimed', attempts = attempts + 1, {CLAIM_SQL}
         WHERE id = $1 AND ((state = 'due' AND due_at <= {{now}}) OR {expired}) RETURNING {CLAIMED}"
    );
    let claimed = tx.fetch_rows(&sql, vec![batch.into(), holder.into(), micros(lease_ms).into()]).await?;
    let Some(row) = claimed.first() else { return Ok(None) };
    let payload = tx
        .fetch_rows(
            &format!("SELECT {PAYLOAD} FROM payload p JOIN source s ON s.id = p.source_id WHERE p.id = $1"),
            vec![row.int("payload_id")?.into()],
        )
        .await?;
    let payload = payload.first().ok_or_else(|| StoreError::Column { column: "payload".into() })?;
    parse_claimed_batch(row, payload).map(Some)
}

/// Claims what [`claim_group`] adds to the batch that it was asked for.
async fn claim_later(
    tx: &mut Tx,
    group: &mut Vec<ClaimedBatch>,
    lease_ms: u64,
    holder: &str,
    limits: GroupLimits,
) -> Result<(), StoreError> {
    let first = &group[0];
    let later = tx
        .fetch_rows(
            "SELECT id, record_count, (SELECT p.byte_count FROM payload p WHERE p.id = batch.payload_id) AS bytes FROM batch
             WHERE id > $1 AND id <= $1 + $4 AND state = 'due' AND due_at <= {now} AND attempts = 0 AND contract = 0 AND awaits_replay = 0
               AND (SELECT p.source_id FROM payload p WHERE p.id = batch.payload_id AND p.stream = $3) = $2
               AND NOT EXISTS (SELECT 1 FROM batch o WHERE o.payload_id = batch.payload_id AND o.id <> batch.id)
             ORDER BY id {lock_free}",
            vec![
                first.id.into(),
                first.source_id.into(),
                first.stream.as_str().into(),
                limits.reach.into(),
            ],
        )
        .await?;
    let (mut records, mut bytes) = (i64::from(first.count), 0);
    let mut ids = vec![];
    for row in &later {
        (records, bytes) = (records + row.int("record_count")?, bytes + row.int("bytes")?);
        if records > i64::from(limits.records) || bytes > limits.bytes {
            break;
        }
        ids.push(row.int("id")?);
    }
    if ids.is_empty() {
        return Ok(());
    }
    let claim = format!(
        "UPDATE batch SET state = 'claimed', attempts = attempts + 1, {CLAIM_SQL}
         WHERE id > $1 AND id IN (SELECT id FROM {{rows}}) RETURNING {CLAIMED}"
    );
    let args = vec![first.id.into(), holder.into(), micros(lease_ms).into()];
    let mut claimed = tx.fetch_rows_with(&claim, args, Rows::new().int("id", ids.iter().copied().map(Some))).await?;
    let payloads: Vec<Option<i64>> = claimed.iter().map(|row| row.opt_int("payload_id")).collect::<Result<_, _>>()?;
    let sql = format!(
        "SELECT p.id AS id, {PAYLOAD} FROM {{rows}} {{join payload p ON p.id = incoming.id}} JOIN source s ON s.id = p.source_id"
    );
    let payloads = tx.fetch_rows_with(&sql, vec![], Rows::new().int("id", payloads)).await?;
    let payloads: HashMap<i64, &Row> =
        payloads.iter().map(|row| Ok((row.int("id")?, row))).collect::<Result<_, StoreError>>()?;
    claimed.sort_by_key(|row| row.int("id").unwrap_or(0));
    for row in &claimed {
        let payload = payloads.get(&row.int("payload_id")?);
        group.push(parse_claimed_batch(row, payload.ok_or_else(|| StoreError::Column { column: "payload".into() })?)?);
    }
    Ok(())
}

pub(crate) fn parse_claimed_batch(row: &Row, payload: &Row) -> Result<ClaimedBatch, StoreError> {
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
        awaits_replay: row.int("awaits_replay")? == 1,
        source_id: payload.int("source_id")?,
        institution_id: payload.int("institution_id")?,
        connector: payload.text("connector")?,
        stream: payload.text("stream")?,
        address: payload.text("address")?,
        each: parse_fan_out_values(payload)?,
        digest: payload.bytes("digest")?,
    })
}

fn parse_fan_out_values(payload: &Row) -> Result<BTreeMap<String, String>, StoreError> {
    let Some(text) = payload.opt_text("each_values")? else { return Ok(BTreeMap::new()) };
    serde_json::from_str(&text).map_err(|_| StoreError::Column { column: "payload.each_values".into() })
}

/// Returns how often a claim on a batch was lost, including one that has expired just now; `None` if the batch cannot be
/// claimed.
///
/// # Errors
/// [`StoreError`].
pub async fn count_lost_claims(db: &Db, batch: i64) -> Result<Option<i64>, StoreError> {
    let (lost, expired) = (Leased::Batch.lost_sql(), Leased::Batch.expired_sql());
    let sql = format!("SELECT lost_claims + {lost} AS lost FROM batch WHERE id = $1 AND (state = 'due' OR {expired})");
    let rows = db.fetch_rows(&sql, vec![batch.into()]).await?;
    rows.first().map(|row| row.int("lost")).transpose()
}

/// Returns true if a batch in a range of runs is still undelivered and worth waiting for. A batch that has failed five
/// times is retried at growing intervals and not waited for.
///
/// # Errors
/// [`StoreError`].
pub async fn has_undelivered(db: &Db, runs: RunRange) -> Result<bool, StoreError> {
    // This is one statement on purpose: between two, a batch could change from due to claimed and be missed by both.
    // The plus signs keep the index by run from being used, which has every batch of the runs that was ever delivered.
    let waiting = db
        .fetch_rows(
            "SELECT 1 AS one WHERE
               EXISTS (SELECT 1 FROM batch WHERE state = 'claimed' AND +run_id BETWEEN $1 AND $2)
               OR EXISTS (SELECT 1 FROM batch WHERE state = 'due' AND (last_error IS NULL OR attempts - lost_claims < 5)
                            AND +run_id BETWEEN $1 AND $2)",
            vec![runs.first.into(), runs.last.into()],
        )
        .await?;
    Ok(!waiting.is_empty())
}

/// Releases a claimed batch, due again after `wait_ms`, and stores the error that caused the release.
///
/// # Errors
/// [`StoreError`].
pub async fn release_batch(db: &Db, held: &ClaimedBatch, wait_ms: u64, error: &Message) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE batch SET state = 'due', holder = NULL, due_at = {{now}} + $3, last_error = $4, generation = generation + 1
         WHERE {}",
        Leased::Batch.owned_sql()
    );
    db.execute(&sql, vec![held.id.into(), held.epoch.into(), micros(wait_ms).into(), error.to_stored().into()]).await?;
    Ok(())
}

/// Releases all batches that a holder has claimed. They are due at once and no claim counts as lost, so a process that
/// shuts down cleanly leaves nothing behind. If it still commits afterwards, the commit is refused.
///
/// # Errors
/// [`StoreError`].
pub async fn release_all(db: &Db, holder: &str) -> Result<u64, StoreError> {
    db.execute(
        "UPDATE batch SET state = 'due', holder = NULL, due_at = {now}, notified_at = 0, generation = generation + 1
         WHERE holder = $1 AND state = 'claimed'",
        vec![holder.into()],
    )
    .await
}

/// Quarantines a batch that killed its own process while the parent process lived. Returns false if it is neither due
/// nor claimed.
///
/// # Errors
/// [`StoreError`].
pub async fn quarantine_batch(db: &Db, batch: i64, why: &Message) -> Result<bool, StoreError> {
    let n = db
        .execute(
            "UPDATE batch SET state = 'quarantined', holder = NULL, last_error = $2, epoch = epoch + 1 WHERE id = $1 AND state IN ('due', 'claimed')",
            vec![batch.into(), why.to_stored().into()],
        )
        .await?;
    Ok(n == 1)
}

/// Quarantines a claimed batch that breaks its stream's contract. Returns false if the claim was lost.
///
/// # Errors
/// [`StoreError`].
pub async fn quarantine_claimed(db: &Db, held: &ClaimedBatch, why: &Message) -> Result<bool, StoreError> {
    let sql = format!(
        "UPDATE batch SET state = 'quarantined', holder = NULL, lease_until = NULL, last_error = $3, contract = 1 WHERE {}",
        Leased::Batch.owned_sql()
    );
    Ok(db.execute(&sql, vec![held.id.into(), held.epoch.into(), why.to_stored().into()]).await? == 1)
}

/// Postpones a batch that no process holds, for example because its own process could not start.
///
/// # Errors
/// [`StoreError`].
pub async fn postpone_batch(db: &Db, batch: i64, wait_ms: u64) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE batch SET due_at = {{now}} + $2, lease_until = {{now}} + $2 WHERE id = $1 AND (state = 'due' OR {})",
        Leased::Batch.expired_sql()
    );
    db.execute(&sql, vec![batch.into(), micros(wait_ms).into()]).await?;
    Ok(())
}

/// Makes a quarantined batch due again, as if it had never been tried, so that syncs wait for it again. Returns false
/// if it is not quarantined.
///
/// # Errors
/// [`StoreError`].
pub async fn release_quarantined(tx: &mut Tx, batch: i64) -> Result<bool, StoreError> {
    let n = tx
        .execute(
            "UPDATE batch SET state = 'due', attempts = 0, lost_claims = 0, last_error = NULL, due_at = {now}, notified_at = 0,
                    generation = generation + 1, contract = CASE WHEN contract = 1 THEN 2 ELSE contract END
             WHERE id = $1 AND state = 'quarantined'",
            vec![batch.into()],
        )
        .await?;
    Ok(n == 1)
}

/// Lists some batches whose lease has expired, the longest expired first.
///
/// # Errors
/// [`StoreError`].
pub async fn list_expired(db: &Db, limit: u32) -> Result<Vec<i64>, StoreError> {
    let expired = Leased::Batch.expired_sql();
    let sql = format!("SELECT id FROM batch WHERE {expired} ORDER BY lease_until, id LIMIT $1");
    let rows = db.fetch_rows(&sql, vec![i64::from(limit).into()]).await?;
    rows.iter().map(|r| r.int("id")).collect()
}

/// Lists some batches that are due, the longest without notification first. For processes without a queue.
///
/// # Errors
/// [`StoreError`].
pub async fn list_due(db: &Db, limit: u32) -> Result<Vec<i64>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT id FROM batch WHERE state = 'due' AND due_at <= {now} ORDER BY notified_at, id LIMIT $1",
            vec![i64::from(limit).into()],
        )
        .await?;
    rows.iter().map(|r| r.int("id")).collect()
}

/// A due batch, as the queue is notified of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueBatch {
    /// Row id.
    pub id: i64,
    /// Starts at 1 and grows each time the batch becomes due again.
    pub generation: i64,
}

/// Selects due batches for which the queue was not notified within `quiet_ms`, those never notified first, and marks
/// them as notified. Returns them sorted by id.
///
/// # Errors
/// [`StoreError`].
pub async fn take_unnotified(db: &Db, quiet_ms: u64, limit: usize) -> Result<Vec<DueBatch>, StoreError> {
    let quiet = micros(quiet_ms);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let silent = "state = 'due' AND due_at <= {now} AND notified_at < {now} - $1";
    let any = format!("SELECT id FROM batch WHERE {silent} LIMIT 1");
    if limit == 0 || db.fetch_rows(&any, vec![quiet.into()]).await?.is_empty() {
        return Ok(vec![]);
    }
    let mut tx = db.begin().await?;
    let rows = tx
        .fetch_rows(
            &format!(
                "UPDATE batch SET notified_at = {{now}} WHERE id IN (
                   SELECT id FROM batch WHERE {silent} ORDER BY notified_at, id LIMIT $2 {{lock_free}})
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

/// Takes back the notification mark of batches that the queue had no room for, or did not accept.
///
/// # Errors
/// [`StoreError`].
pub async fn unmark_notified(db: &Db, batches: &[i64]) -> Result<(), StoreError> {
    if batches.is_empty() {
        return Ok(());
    }
    let rows = Rows::new().int("id", batches.iter().copied().map(Some));
    let mut tx = db.begin().await?;
    tx.execute_with(
        "UPDATE batch SET notified_at = 0 WHERE id IN (SELECT id FROM {rows}) AND state = 'due'",
        vec![],
        rows,
    )
    .await?;
    tx.commit().await
}
