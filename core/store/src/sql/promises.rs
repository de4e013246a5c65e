//! Looks for rows that break what migration 25 makes the database promise, so that a database with such rows is refused
//! with the rows by name instead of an error of SQL.

use serde::Serialize;

use crate::sql::db::Db;
use crate::sql::error::{SchemaError, StoreError};

/// The migration that makes the database keep the promises.
const MIGRATION: i64 = 25;
/// Rows named per promise.
const NAMED: i64 = 10;

/// A row that breaks a promise. `place` is a page or a file name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum BrokenRow {
    /// A counter of a batch is below 0.
    #[serde(rename = "broken_row.negative")]
    Negative { batch: i64, run: i64, place: String, lowest: i64 },
    /// The counters of a finished batch do not add up to its records.
    #[serde(rename = "broken_row.sum")]
    Sum { batch: i64, run: i64, place: String, received: i64, counted: i64 },
    /// Several batches are for the same records of a payload.
    #[serde(rename = "broken_row.batch_twice")]
    BatchTwice { batches: String, run: i64, place: String },
    /// Several entries are current for one record of a teacher.
    #[serde(rename = "broken_row.entry_twice")]
    EntryTwice { entries: String, teacher: i64, record: i64 },
}

/// Refuses a database whose rows break a promise that the migrations to come would make.
///
/// # Errors
/// [`SchemaError::BrokenRows`] with the first of these rows; [`StoreError::Statement`].
pub(super) async fn require_kept(db: &Db, applied: impl Iterator<Item = i64>) -> Result<(), StoreError> {
    let (mut any, mut done) = (false, false);
    for version in applied {
        (any, done) = (true, done || version == MIGRATION);
    }
    if !any || done {
        return Ok(());
    }
    let mut rows = find_broken_batches(db).await?;
    rows.extend(find_double_batches(db).await?);
    rows.extend(find_double_entries(db).await?);
    if rows.is_empty() { Ok(()) } else { Err(StoreError::Schema(SchemaError::BrokenRows { rows })) }
}

async fn find_broken_batches(db: &Db) -> Result<Vec<BrokenRow>, StoreError> {
    let least = if db.kind() == "sqlite" { "min" } else { "least" };
    let sql = format!(
        "SELECT * FROM (
           SELECT b.id AS id, b.run_id AS run_id, p.address AS address, b.state AS state, b.record_count AS record_count,
                  {least}(b.inserted, b.updated, b.unchanged, b.superseded, b.skipped, b.parked, b.discarded, b.held,
                          b.elsewhere) AS lowest,
                  b.inserted + b.updated + b.unchanged + b.superseded + b.skipped + b.parked + b.discarded AS counted
           FROM batch b JOIN payload p ON p.id = b.payload_id) AS counters
         WHERE lowest < 0 OR (state = 'done' AND counted <> record_count) ORDER BY id LIMIT {NAMED}"
    );
    let rows = db.fetch_rows(&sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            let (batch, run, place) = (row.int("id")?, row.int("run_id")?, row.text("address")?);
            let lowest = row.int("lowest")?;
            Ok(if lowest < 0 {
                BrokenRow::Negative { batch, run, place, lowest }
            } else {
                BrokenRow::Sum { batch, run, place, received: row.int("record_count")?, counted: row.int("counted")? }
            })
        })
        .collect()
}

async fn find_double_batches(db: &Db) -> Result<Vec<BrokenRow>, StoreError> {
    let sql = format!(
        "SELECT min(b.run_id) AS run_id, min(p.address) AS address, string_agg(CAST(b.id AS text), ', ') AS ids
         FROM batch b JOIN payload p ON p.id = b.payload_id
         GROUP BY b.payload_id, b.first_record HAVING count(*) > 1 ORDER BY b.payload_id, b.first_record LIMIT {NAMED}"
    );
    let rows = db.fetch_rows(&sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(BrokenRow::BatchTwice {
                batches: row.text("ids")?,
                run: row.int("run_id")?,
                place: row.text("address")?,
            })
        })
        .collect()
}

async fn find_double_entries(db: &Db) -> Result<Vec<BrokenRow>, StoreError> {
    let sql = format!(
        "SELECT teacher_id, record_id, string_agg(CAST(id AS text), ', ') AS ids FROM credit_entry
         WHERE superseded_at IS NULL GROUP BY teacher_id, record_id HAVING count(*) > 1
         ORDER BY teacher_id, record_id LIMIT {NAMED}"
    );
    let rows = db.fetch_rows(&sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(BrokenRow::EntryTwice {
                entries: row.text("ids")?,
                teacher: row.int("teacher_id")?,
                record: row.int("record_id")?,
            })
        })
        .collect()
}
