//! Expectations about passes, and the raw fields that streams have had.

use crate::sql::db::Db;
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;
use huiliu_messages::Message;

/// A finished pass that has not been checked against its expectations.
#[derive(Debug, Clone)]
pub struct FinishedPass {
    /// The run that made the pass.
    pub run: i64,
    /// Row id of its source.
    pub source_id: i64,
    /// The source's name.
    pub source: String,
    /// The source's connector.
    pub connector: String,
}

/// Record counts of one stream in one pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PassCounts {
    /// Number of raw records.
    pub records: i64,
    /// How many of these are parked.
    pub parked: i64,
}

/// Lists up to 100 finished passes that are fully delivered and not checked yet, oldest first. A pass that failed only because
/// payloads cannot be decoded was read to its end too.
///
/// # Errors
/// [`StoreError`].
pub async fn list_unchecked_passes(db: &Db) -> Result<Vec<FinishedPass>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT r.id AS run, r.source_id AS source_id, s.name AS source, s.connector AS connector
             FROM sync_run r JOIN source s ON s.id = r.source_id
             WHERE r.unmet IS NULL AND (r.state = 'done' OR r.state = 'failed' AND r.failure LIKE '%\"run.unread\"%')
               AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.run_id = r.id AND b.state IN ('due', 'claimed'))
             ORDER BY r.id LIMIT 100",
            vec![],
        )
        .await?;
    let ended = |r: &crate::sql::rows::Row| {
        Ok(FinishedPass {
            run: r.int("run")?,
            source_id: r.int("source_id")?,
            source: r.text("source")?,
            connector: r.text("connector")?,
        })
    };
    rows.iter().map(ended).collect()
}

/// Counts the records of a stream in a pass.
///
/// # Errors
/// [`StoreError`].
pub async fn count_stream_records(db: &Db, run: i64, stream: &str) -> Result<PassCounts, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT CAST(coalesce(sum(b.record_count), 0) AS bigint) AS records, CAST(coalesce(sum(b.parked), 0) AS bigint) AS parked
             FROM batch b JOIN payload p ON p.id = b.payload_id WHERE b.run_id = $1 AND p.stream = $2",
            vec![run.into(), stream.into()],
        )
        .await?;
    rows.first()
        .map_or(Ok(PassCounts::default()), |r| Ok(PassCounts { records: r.int("records")?, parked: r.int("parked")? }))
}

/// Where a run began to read a stream, and where it stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassCursors {
    /// The cursor at its start; `None` if there was none.
    pub at_start: Option<String>,
    /// The cursor at its end; `None` if the run moved no cursor of the stream.
    pub at_end: Option<String>,
}

/// Returns the cursors between which a run read a stream.
///
/// # Errors
/// [`StoreError`].
pub async fn find_pass_cursors(db: &Db, run: i64, stream: &str) -> Result<PassCursors, StoreError> {
    let sql = "SELECT at_start, at_end FROM sync_run_cursor WHERE run_id = $1 AND stream = $2";
    let rows = db.fetch_rows(sql, vec![run.into(), stream.into()]).await?;
    rows.first().map_or(Ok(PassCursors::default()), |r| {
        Ok(PassCursors { at_start: r.opt_text("at_start")?, at_end: r.opt_text("at_end")? })
    })
}

/// Returns the latest last day among a stream's records.
///
/// # Errors
/// [`StoreError`].
pub async fn find_latest_period_end(db: &Db, source_id: i64, stream: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT max(period_end) AS newest FROM training_record
               WHERE source_id = $1 AND stream = $2 AND merged_into IS NULL";
    let rows = db.fetch_rows(sql, vec![source_id.into(), stream.into()]).await?;
    rows.first().map_or(Ok(None), |r| r.opt_text("newest"))
}

/// Saves the expectations that a pass did not meet, unless another process has done so. An empty list means that it met all of
/// them.
///
/// # Errors
/// [`StoreError`].
pub async fn save_unmet(db: &Db, run: i64, unmet: &[Message]) -> Result<(), StoreError> {
    let unmet = if unmet.is_empty() { String::new() } else { Message::to_stored_list(unmet) };
    db.execute("UPDATE sync_run SET unmet = $2 WHERE id = $1 AND unmet IS NULL", vec![run.into(), unmet.into()])
        .await?;
    Ok(())
}

/// Saves the raw fields of a stream. Returns those that are new, or none if no fields were known before.
///
/// # Errors
/// [`StoreError`].
pub async fn save_fields(
    db: &Db,
    source_id: i64,
    run: i64,
    stream: &str,
    names: &[String],
) -> Result<Vec<String>, StoreError> {
    let mut tx = db.begin().await?;
    let of_stream = || vec![source_id.into(), stream.into()];
    let known =
        tx.fetch_rows("SELECT field FROM stream_field WHERE source_id = $1 AND stream = $2", of_stream()).await?;
    let known: Vec<String> = known.iter().map(|r| r.text("field")).collect::<Result<_, _>>()?;
    let new: Vec<&String> = names.iter().filter(|name| !known.contains(name)).collect();
    if new.is_empty() {
        return Ok(vec![]);
    }
    let rows = Rows::new()
        .text("field", new.iter().map(|name| Some(name.as_str())))
        .int("is_new", new.iter().map(|_| Some(i64::from(!known.is_empty()))));
    tx.execute_with(
        "INSERT INTO stream_field (source_id, stream, field, run_id, is_new)
         SELECT $1, $2, incoming.field, $3, incoming.is_new FROM {rows} WHERE true ON CONFLICT DO NOTHING",
        vec![source_id.into(), stream.into(), run.into()],
        rows,
    )
    .await?;
    tx.commit().await?;
    Ok(if known.is_empty() { vec![] } else { new.into_iter().cloned().collect() })
}

/// A field that was new in a run.
#[derive(Debug)]
pub struct NewField {
    /// Name of its stream.
    pub stream: String,
    /// Name of the field at the source.
    pub field: String,
}

/// Lists the fields that were new in a run, at most 1,000.
///
/// # Errors
/// [`StoreError`].
pub async fn list_new_fields(db: &Db, run: i64) -> Result<Vec<NewField>, StoreError> {
    let sql =
        "SELECT stream, field FROM stream_field WHERE run_id = $1 AND is_new = 1 ORDER BY stream, field LIMIT 1000";
    let rows = db.fetch_rows(sql, vec![run.into()]).await?;
    rows.iter().map(|r| Ok(NewField { stream: r.text("stream")?, field: r.text("field")? })).collect()
}
