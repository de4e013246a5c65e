//! The books, batch by batch: each counter of a batch is compared with the rows of the other tables, so that two errors
//! in different batches do not cancel out in a sum.

use schemars::JsonSchema;
use serde::Serialize;

use crate::intake::runs::RunRange;
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use crate::sql::rows::Row;

/// A law that holds for each batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BookLaw {
    /// The outcomes add up to the records received, or to 0 before the batch is delivered.
    Outcomes,
    /// The rows that it wrote are its inserted, updated and re-ranked records.
    Written,
    /// The rows that it wrote, less those that later batches took over, are stored under its number.
    Held,
    /// Each parked record has a sighting of an open dead letter.
    Parked,
    /// Each discarded record has a sighting of a discarded dead letter.
    Discarded,
    /// Sightings that are superseded count as superseded.
    Superseded,
    /// Each record left out has a reason.
    Skipped,
    /// The withdrawals that are stored under its number are among its own.
    Withdrawn,
}

/// A law, the value that the batch's counters give, and the value that the other tables give.
struct Comparison {
    law: BookLaw,
    expected: &'static str,
    found: &'static str,
}

const fn compare(law: BookLaw, expected: &'static str, found: &'static str) -> Comparison {
    Comparison { law, expected, found }
}

/// `b` is the batch, `f` what is found of it in the other tables: its stored rows (`held`), its losses, its sightings by outcome,
/// its reasons for records left out (`skipped`), and its withdrawals that are the newest of a record.
const COMPARISONS: [Comparison; 8] = [
    compare(
        BookLaw::Outcomes,
        "CASE WHEN b.state = 'done' THEN b.record_count ELSE 0 END",
        "b.inserted + b.updated + b.unchanged + b.superseded + b.skipped + b.withdrawn + b.parked + b.discarded",
    ),
    compare(BookLaw::Written, "b.inserted + b.updated + b.unchanged - b.elsewhere", "b.held"),
    compare(BookLaw::Held, "b.held - coalesce(f.lost, 0)", "coalesce(f.held, 0)"),
    compare(BookLaw::Parked, "b.parked", "coalesce(f.parked, 0)"),
    compare(BookLaw::Discarded, "b.discarded", "coalesce(f.discarded, 0)"),
    // Others count as superseded without ever having been parked.
    compare(
        BookLaw::Superseded,
        "CASE WHEN coalesce(f.superseded, 0) > b.superseded THEN b.superseded ELSE coalesce(f.superseded, 0) END",
        "coalesce(f.superseded, 0)",
    ),
    compare(BookLaw::Skipped, "b.skipped", "coalesce(f.skipped, 0)"),
    // Others are older than another withdrawal of the same record.
    compare(
        BookLaw::Withdrawn,
        "CASE WHEN coalesce(f.withdrawn, 0) > b.withdrawn THEN b.withdrawn ELSE coalesce(f.withdrawn, 0) END",
        "coalesce(f.withdrawn, 0)",
    ),
];

/// The columns of what is found of batches.
const FOUND: [&str; 7] = ["held", "lost", "parked", "discarded", "superseded", "skipped", "withdrawn"];

/// Where each is found: a column, its sum for a batch, and the rows. A record that turned out to be another one counts as lost.
const PLACES: [(&str, &str, &str); 8] = [
    ("held", "count(*)", "training_record WHERE merged_into IS NULL"),
    ("held", "count(*)", "roster_row"),
    ("lost", "sum(records)", "batch_loss"),
    ("parked", "count(*)", "dead_letter_sighting WHERE outcome = 'parked'"),
    ("discarded", "count(*)", "dead_letter_sighting WHERE outcome = 'discarded'"),
    ("superseded", "count(*)", "dead_letter_sighting WHERE outcome = 'superseded'"),
    ("skipped", "sum(records)", "batch_skip"),
    ("withdrawn", "count(*)", "record_notice WHERE kind = 'withdrawn'"),
];

/// Returns a query for what is found of all batches. It does not look at the runs first: a database without statistics takes
/// a range of runs for one batch, and would read all records for each.
fn found_sql() -> String {
    let place = |(column, sum, rows): &(&str, &str, &str)| {
        let columns = FOUND.map(|of| format!("{} AS {of}", if of == *column { *sum } else { "0" })).join(", ");
        format!("SELECT batch_id, {columns} FROM {rows} GROUP BY batch_id")
    };
    let places = PLACES.iter().map(place).collect::<Vec<_>>().join(" UNION ALL ");
    let sums = FOUND.map(|of| format!("sum({of}) AS {of}")).join(", ");
    format!("SELECT batch_id, {sums} FROM ({places}) AS places GROUP BY batch_id")
}

/// A batch that breaks a law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BatchDifference {
    /// Number of the run.
    pub run: i64,
    /// Name of the source.
    pub source: String,
    /// Name of the stream.
    pub stream: String,
    /// Page or file name of the payload.
    pub payload: String,
    /// Number of the batch.
    pub batch: i64,
    /// The law.
    pub law: BookLaw,
    /// The number that the batch's own counters give; for `outcomes`, the records that it received.
    pub expected: i64,
    /// The number that is found.
    pub found: i64,
}

/// The batches that break a law.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BookDifferences {
    /// Number of batches that break a law.
    pub differing_batches: i64,
    /// The first differences, by batch.
    pub differences: Vec<BatchDifference>,
}

/// Compares the counters of every batch of some runs with the other tables, at one moment. Returns the differences of at
/// most `limit` batches. Reads every record.
///
/// # Errors
/// [`StoreError`].
pub async fn compare_batches(db: &Db, runs: RunRange, limit: i64) -> Result<BookDifferences, StoreError> {
    let columns: Vec<String> = COMPARISONS
        .iter()
        .enumerate()
        .map(|(n, of)| {
            format!("CAST({} AS bigint) AS expected_{n}, CAST({} AS bigint) AS found_{n}", of.expected, of.found)
        })
        .collect();
    let differ: Vec<String> = (0..COMPARISONS.len()).map(|n| format!("expected_{n} <> found_{n}")).collect();
    let sql = format!(
        "WITH f AS MATERIALIZED ({})
         SELECT differing.*, CAST(count(*) OVER () AS bigint) AS total FROM (
           SELECT b.id AS id, b.run_id AS run_id, s.name AS source, p.stream AS stream, p.address AS address, {}
           FROM batch b JOIN payload p ON p.id = b.payload_id JOIN source s ON s.id = p.source_id
           LEFT JOIN f ON f.batch_id = b.id
           WHERE b.run_id + 0 BETWEEN $1 AND $2) AS differing
         WHERE {} ORDER BY id LIMIT $3",
        found_sql(),
        columns.join(", "),
        differ.join(" OR "),
    );
    let rows = db.fetch_rows(&sql, vec![runs.first.into(), runs.last.into(), limit.into()]).await?;
    let mut found = BookDifferences::default();
    for row in &rows {
        found.differing_batches = row.int("total")?;
        for (n, Comparison { law, .. }) in COMPARISONS.iter().enumerate() {
            found.differences.extend(read_difference(row, *law, n)?);
        }
    }
    Ok(found)
}

fn read_difference(row: &Row, law: BookLaw, n: usize) -> Result<Option<BatchDifference>, StoreError> {
    let (expected, found) = (row.int(&format!("expected_{n}"))?, row.int(&format!("found_{n}"))?);
    if expected == found {
        return Ok(None);
    }
    Ok(Some(BatchDifference {
        run: row.int("run_id")?,
        source: row.text("source")?,
        stream: row.text("stream")?,
        payload: row.text("address")?,
        batch: row.int("id")?,
        law,
        expected,
        found,
    }))
}

/// Rows that break a law of single rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BrokenRows {
    /// The number of rows.
    pub count: i64,
    /// The first of them.
    pub first: Vec<i64>,
}

async fn list_broken(db: &Db, sql: &str) -> Result<BrokenRows, StoreError> {
    let rows = db.fetch_rows(&format!("{sql} ORDER BY id LIMIT 10"), vec![]).await?;
    Ok(BrokenRows {
        count: rows.first().map_or(Ok(0), |row| row.int("total"))?,
        first: rows.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?,
    })
}

/// Finds dead letters whose state is not what their sightings say: a letter is open as long as a raw record counts as
/// parked for it.
///
/// # Errors
/// [`StoreError`].
pub async fn find_untrue_letters(db: &Db) -> Result<BrokenRows, StoreError> {
    let sql = "SELECT d.id AS id, count(*) OVER () AS total FROM dead_letter d WHERE (d.state = 'open') <>
       EXISTS (SELECT 1 FROM dead_letter_sighting s WHERE s.dead_letter_id = d.id AND s.outcome = 'parked')";
    list_broken(db, sql).await
}

/// Finds current entries of a teacher for a record that has another current entry of that teacher. The database refuses
/// them; an index that is damaged or was dropped does not.
///
/// # Errors
/// [`StoreError`].
pub async fn find_double_entries(db: &Db) -> Result<BrokenRows, StoreError> {
    // The ids are aggregated, so that no index of a single teacher and record answers this.
    let sql =
        "SELECT id, count(*) OVER () AS total FROM (SELECT max(id) AS id FROM credit_entry WHERE superseded_at IS NULL
       GROUP BY teacher_id, record_id HAVING count(*) > 1) AS doubled";
    list_broken(db, sql).await
}
