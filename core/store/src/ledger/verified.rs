//! How far workers are with verifying the ledger, and what differed. Teachers are verified by blocks of 1,024, the one
//! that was verified longest ago first.

use std::collections::BTreeSet;

use crate::ledger::compare::EntryDifference;
use crate::ledger::marks::BLOCK;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};

const DAY: i64 = 86_400_000_000;
/// How long a worker may take for a block before another may take it.
const CLAIM: i64 = 600_000_000;
/// Blocks begin after nine tenths of their time, so that all are done within it.
const TENTHS: i64 = 9;

/// A block of teachers whose turn it is to be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueBlock {
    /// Number of the block: teacher id / 1,024, rounded down.
    pub block: i64,
    /// Whether it waits longer than the setting allows.
    pub overdue: bool,
}

impl DueBlock {
    /// Returns the number before the first teacher of the block, and the last one.
    #[must_use]
    pub fn teacher_range(self) -> (i64, i64) {
        (self.block * BLOCK - 1, self.block * BLOCK + BLOCK - 1)
    }
}

/// Returns the block whose turn it is, if one is due: all blocks are spread evenly over `days`. Changes nothing.
///
/// # Errors
/// [`StoreError`].
pub async fn find_due_block(db: &Db, days: i64) -> Result<Option<DueBlock>, StoreError> {
    find_due(&mut db.begin_read_only().await?, days).await
}

async fn find_due(tx: &mut Tx, days: i64) -> Result<Option<DueBlock>, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT {now} AS now, count(*) AS blocks, coalesce(max(verified_at), 0) AS last, coalesce(max(block), -1) AS known,
                    coalesce((SELECT max(id) / 1024 FROM teacher), -1) AS top FROM verify_block",
            vec![],
        )
        .await?;
    let row = rows.first().ok_or_else(|| StoreError::Column { column: "verify_block".into() })?;
    let (now, last, known, top) = (row.int("now")?, row.int("last")?, row.int("known")?, row.int("top")?);
    let span = days * DAY;
    // A block that nobody has written down yet was never verified.
    if top > known {
        let blocks = row.int("blocks")? + top - known;
        let due = now - last >= span * TENTHS / 10 / blocks.max(1);
        return Ok(due.then_some(DueBlock { block: known + 1, overdue: false }));
    }
    let oldest = tx
        .fetch_rows(
            "SELECT block, coalesce(verified_at, 0) AS verified_at, known_at FROM verify_block WHERE claimed_until < {now}
             ORDER BY coalesce(verified_at, 0), block LIMIT 1",
            vec![],
        )
        .await?;
    let Some(oldest) = oldest.first() else { return Ok(None) };
    let (block, verified_at) = (oldest.int("block")?, oldest.int("verified_at")?);
    let waits_since = if verified_at > 0 { verified_at } else { oldest.int("known_at")? };
    let overdue = now - waits_since >= span;
    let its_turn = now - last >= span * TENTHS / 10 / row.int("blocks")?.max(1);
    Ok((overdue || its_turn).then_some(DueBlock { block, overdue }))
}

/// Claims a block for this process. Returns false if another process has it, or if it is no longer due.
///
/// # Errors
/// [`StoreError`].
pub async fn claim_block(db: &Db, due: DueBlock, days: i64) -> Result<bool, StoreError> {
    let mut tx = db.begin().await?;
    if !tx.try_advisory_lock("verify_block", 0).await? || find_due(&mut tx, days).await? != Some(due) {
        tx.roll_back().await?;
        return Ok(false);
    }
    let sql = "INSERT INTO verify_block (block, known_at, claimed_until) VALUES ($1, {now}, {now} + $2)
               ON CONFLICT (block) DO UPDATE SET claimed_until = excluded.claimed_until";
    tx.execute(sql, vec![due.block.into(), CLAIM.into()]).await?;
    tx.execute("UPDATE verify_round SET started_at = {now} WHERE started_at IS NULL", vec![]).await?;
    tx.commit().await?;
    Ok(true)
}

/// Stores that a block was verified, with the differences in place of those found before. Returns how many of them are
/// new.
///
/// # Errors
/// [`StoreError`].
pub async fn record_block(
    db: &Db,
    due: DueBlock,
    teachers: u64,
    differences: &[EntryDifference],
) -> Result<usize, StoreError> {
    let (after, last) = due.teacher_range();
    let mut tx = db.begin().await?;
    let of_block = || vec![after.into(), last.into()];
    let sql = "SELECT teacher_id, record_id, field FROM verify_difference WHERE teacher_id > $1 AND teacher_id <= $2";
    let known = tx.fetch_rows(sql, of_block()).await?;
    let key = |row: &Row| Ok((row.int("teacher_id")?, row.int("record_id")?, row.text("field")?));
    let known: BTreeSet<(i64, i64, String)> = known.iter().map(key).collect::<Result<_, StoreError>>()?;
    tx.execute("DELETE FROM verify_difference WHERE teacher_id > $1 AND teacher_id <= $2", of_block()).await?;
    let now = tx.fetch_rows("SELECT {now} AS now", vec![]).await?.first().map_or(Ok(0), |row| row.int("now"))?;
    let rows = Rows::new()
        .int("teacher_id", differences.iter().map(|of| Some(of.teacher)))
        .int("record_id", differences.iter().map(|of| Some(of.record)))
        .text("field", differences.iter().map(|of| Some(of.field)))
        .text("stored", differences.iter().map(|of| of.stored.as_deref()))
        .text("derived", differences.iter().map(|of| of.derived.as_deref()))
        .int("found_at", differences.iter().map(|_| Some(now)));
    tx.insert_rows("verify_difference", rows).await?;
    tx.execute(
        "UPDATE verify_block SET verified_at = $2, claimed_until = 0 WHERE block = $1",
        vec![due.block.into(), now.into()],
    )
    .await?;
    let teachers = i64::try_from(teachers).unwrap_or(i64::MAX);
    tx.execute("UPDATE verify_round SET teachers = teachers + $1", vec![teachers.into()]).await?;
    // The next round begins after this moment, so that this block is not taken for one of it.
    tx.execute(
        "UPDATE verify_round SET ended_at = $1, started_at = $1 + 1 WHERE NOT EXISTS (
           SELECT 1 FROM verify_block b WHERE b.verified_at IS NULL OR b.verified_at < verify_round.started_at)
         AND coalesce((SELECT max(block) FROM verify_block), -1) >= coalesce((SELECT max(id) / 1024 FROM teacher), -1)",
        vec![now.into()],
    )
    .await?;
    tx.commit().await?;
    let is_new = |of: &&EntryDifference| !known.contains(&(of.teacher, of.record, of.field.to_owned()));
    Ok(differences.iter().filter(is_new).count())
}

/// Counts the teachers.
///
/// # Errors
/// [`StoreError`].
pub async fn count_teachers(db: &Db) -> Result<i64, StoreError> {
    let rows = db.fetch_rows("SELECT count(*) AS n FROM teacher", vec![]).await?;
    rows.first().map_or(Ok(0), |row| row.int("n"))
}

/// Returns a teacher's number after which a sample of so many teachers in a row can be taken. It differs from second to
/// second, and is 0 if there are no more teachers than that.
///
/// # Errors
/// [`StoreError`].
pub async fn pick_place(db: &Db, teachers: i64) -> Result<i64, StoreError> {
    let rows = db.fetch_rows("SELECT {now} AS now, coalesce(max(id), 0) AS top FROM teacher", vec![]).await?;
    let row = rows.first().ok_or_else(|| StoreError::Column { column: "teacher.id".into() })?;
    let places = (row.int("top")? - teachers).max(0) + 1;
    // A prime, so that two samples soon after one another do not overlap in a large ledger.
    Ok((row.int("now")? / 1_000_000).wrapping_mul(7_919).rem_euclid(places))
}

/// How far workers are with verifying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyState {
    /// When the last full round ended, microseconds UTC; `None` if none has.
    pub round_ended_at: Option<i64>,
    /// The number of differences that workers found when they looked last.
    pub differences: i64,
    /// The first of them: teacher, record, field, stored and derived value.
    pub first: Vec<StoredDifference>,
}

/// A difference that a worker found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDifference {
    /// Number of the teacher.
    pub teacher: i64,
    /// Number of the record.
    pub record: i64,
    /// The field of the entry.
    pub field: String,
    /// The stored value.
    pub stored: Option<String>,
    /// The value derived then.
    pub derived: Option<String>,
}

/// Reads how far workers are, with at most `limit` differences.
///
/// # Errors
/// [`StoreError`].
pub async fn read_verify_state(db: &Db, limit: i64) -> Result<VerifyState, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let round = tx
        .fetch_rows(
            "SELECT ended_at, (SELECT count(*) FROM verify_difference) AS differences FROM verify_round WHERE id = 1",
            vec![],
        )
        .await?;
    let round = round.first().ok_or_else(|| StoreError::Column { column: "verify_round".into() })?;
    let sql = "SELECT teacher_id, record_id, field, stored, derived FROM verify_difference
               ORDER BY teacher_id, record_id, field LIMIT $1";
    let rows = tx.fetch_rows(sql, vec![limit.into()]).await?;
    let difference = |row: &Row| {
        Ok(StoredDifference {
            teacher: row.int("teacher_id")?,
            record: row.int("record_id")?,
            field: row.text("field")?,
            stored: row.opt_text("stored")?,
            derived: row.opt_text("derived")?,
        })
    };
    Ok(VerifyState {
        round_ended_at: round.opt_int("ended_at")?,
        differences: round.int("differences")?,
        first: rows.iter().map(difference).collect::<Result<_, StoreError>>()?,
    })
}
