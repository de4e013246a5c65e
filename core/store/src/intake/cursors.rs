//! Cursors of streams, for operators to list and set. A cursor says where the next pass starts.

use schemars::JsonSchema;
use serde::Serialize;

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;

/// The cursor of one stream.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CursorRow {
    /// The source's name.
    pub source: String,
    /// The source's connector.
    pub connector: String,
    /// The stream's name.
    pub stream: String,
    /// The cursor in its connector's own format.
    pub cursor: String,
}

/// Lists the cursors of one source, or of all if `source` is empty, sorted by source and stream.
///
/// # Errors
/// [`StoreError`].
pub async fn list_cursors(db: &Db, source: &str) -> Result<Vec<CursorRow>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT s.name, s.connector, c.stream, c.value FROM stream_cursor c JOIN source s ON s.id = c.source_id
             WHERE $1 = '' OR s.name = $1 ORDER BY s.name, c.stream",
            vec![source.into()],
        )
        .await?;
    rows.iter()
        .map(|r| {
            Ok(CursorRow {
                source: r.text("name")?,
                connector: r.text("connector")?,
                stream: r.text("stream")?,
                cursor: r.text("value")?,
            })
        })
        .collect()
}

/// The result of setting a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetCursorResult {
    /// The cursors were set; the number counts those that were written or deleted.
    Done(u64),
    /// The database has no such source: it was never read.
    Unknown,
    /// The source is being read now.
    Busy,
}

/// Sets a stream's cursor, or deletes it if `cursor` is `None`, so that the stream is read from the beginning. If
/// `stream` is also empty, deletes the cursors of all streams. Returns [`SetCursorResult::Busy`] if the source is being read.
/// Otherwise nobody can start reading it until the transaction ends, and a reader whose lease has expired lands nothing
/// any more.
///
/// # Errors
/// [`StoreError`].
pub async fn set_cursor(
    tx: &mut Tx,
    source: &str,
    stream: &str,
    cursor: Option<&str>,
) -> Result<SetCursorResult, StoreError> {
    let found = tx.fetch_rows("SELECT id FROM source WHERE name = $1", vec![source.into()]).await?;
    let Some(source_id) = found.first().map(|r| r.int("id")).transpose()? else { return Ok(SetCursorResult::Unknown) };
    let sql = "SELECT CASE WHEN holder IS NULL OR lease_until < {now} THEN 0 ELSE 1 END AS busy
               FROM schedule WHERE source_id = $1 {lock}";
    let turn = tx.fetch_rows(sql, vec![source_id.into()]).await?;
    if turn.first().map_or(Ok(0), |r| r.int("busy"))? == 1 {
        return Ok(SetCursorResult::Busy);
    }
    // A reader whose lease has expired may be asleep, not gone. It must not land a page over this cursor.
    tx.execute("UPDATE schedule SET epoch = epoch + 1 WHERE source_id = $1", vec![source_id.into()]).await?;
    let mut forgotten = 0;
    // From now on the cursor says which files were read, until a pass has listed them.
    for table in ["source_file", "listed_stream"] {
        let sql = format!("DELETE FROM {table} WHERE source_id = $1 AND ($2 = '' OR stream = $2)");
        forgotten += tx.execute(&sql, vec![source_id.into(), stream.into()]).await?;
    }
    let done = match cursor {
        Some(cursor) => {
            tx.execute(
                "INSERT INTO stream_cursor (source_id, stream, value, set_at) VALUES ($1, $2, $3, {now})
                 ON CONFLICT (source_id, stream) DO UPDATE SET value = excluded.value, set_at = excluded.set_at",
                vec![source_id.into(), stream.into(), cursor.into()],
            )
            .await?
        }
        None => {
            tx.execute(
                "DELETE FROM stream_cursor WHERE source_id = $1 AND ($2 = '' OR stream = $2)",
                vec![source_id.into(), stream.into()],
            )
            .await?
        }
    };
    Ok(SetCursorResult::Done(done + forgotten))
}
