//! Where the streams of sources are read from next, for people to look at and to set.

use schemars::JsonSchema;
use serde::Serialize;

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;

/// The cursor of one stream.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CursorRow {
    /// Source name.
    pub source: String,
    /// Its connector.
    pub connector: String,
    /// Stream.
    pub stream: String,
    /// The cursor, as its connector wrote it.
    pub cursor: String,
}

/// Cursors, of one source or of all (""), by source and stream.
///
/// # Errors
/// [`StoreError`].
pub async fn list(db: &Db, source: &str) -> Result<Vec<CursorRow>, StoreError> {
    let rows = db
        .rows(
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

/// What came of setting a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Done; so many cursors are other ones now.
    Done(u64),
    /// The source is not in the books: it was never read.
    Unknown,
    /// The source is being read just now.
    Busy,
}

/// Sets a stream's cursor; with none it is taken away, of all streams if the stream is "": they are read from the beginning.
/// Nobody may be reading the source, until the transaction ends.
///
/// # Errors
/// [`StoreError`].
pub async fn put(tx: &mut Tx, source: &str, stream: &str, cursor: Option<&str>) -> Result<Put, StoreError> {
    let found = tx.rows("SELECT id FROM source WHERE name = $1", vec![source.into()]).await?;
    let Some(source_id) = found.first().map(|r| r.int("id")).transpose()? else { return Ok(Put::Unknown) };
    let sql = "SELECT CASE WHEN holder IS NULL OR lease_until < {now} THEN 0 ELSE 1 END AS busy
               FROM schedule WHERE source_id = $1 {lock}";
    let turn = tx.rows(sql, vec![source_id.into()]).await?;
    if turn.first().map_or(Ok(0), |r| r.int("busy"))? == 1 {
        return Ok(Put::Busy);
    }
    let done = match cursor {
        Some(cursor) => {
            tx.run(
                "INSERT INTO stream_cursor (source_id, stream, value) VALUES ($1, $2, $3)
                 ON CONFLICT (source_id, stream) DO UPDATE SET value = excluded.value",
                vec![source_id.into(), stream.into(), cursor.into()],
            )
            .await?
        }
        None => {
            tx.run(
                "DELETE FROM stream_cursor WHERE source_id = $1 AND ($2 = '' OR stream = $2)",
                vec![source_id.into(), stream.into()],
            )
            .await?
        }
    };
    Ok(Put::Done(done))
}
