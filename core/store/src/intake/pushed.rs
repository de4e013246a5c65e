//! Payloads that a platform has pushed, found by the key that it gave them.

use crate::sql::db::Db;
use crate::sql::error::StoreError;
use huiliu_decode::payload::Payload;
use huiliu_vault::keys::Keys;

/// A payload that was stored before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The run that received it.
    pub run: i64,
    /// Number of raw records in it.
    pub records: i64,
    /// Why it cannot be read; `None` if it can.
    pub error: Option<String>,
    /// Whether it has the same bytes as the one that is being pushed.
    pub is_same: bool,
}

/// Computes the digest by which the database identifies a stream's payload.
///
/// # Errors
/// Errors of reading the payload.
pub fn compute_digest(keys: &Keys, stream: &str, payload: &Payload) -> std::io::Result<[u8; 32]> {
    keys.digest_read(&[b"payload", stream.as_bytes()], payload.len(), &mut payload.open_reader()?)
}

/// Finds the first payload of a source's stream with this key, and compares its digest. The key is stored as the
/// address.
///
/// # Errors
/// [`StoreError`].
pub async fn find_pushed(
    db: &Db,
    source: i64,
    stream: &str,
    key: &str,
    digest: &[u8],
) -> Result<Option<Pushed>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT p.run_id, p.digest, p.error,
                    (SELECT CAST(coalesce(sum(b.record_count), 0) AS BIGINT) FROM batch b WHERE b.payload_id = p.id) AS records
             FROM payload p WHERE p.source_id = $1 AND p.stream = $2 AND p.address = $3 ORDER BY p.id LIMIT 1",
            vec![source.into(), stream.into(), key.into()],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Pushed {
        run: row.int("run_id")?,
        records: row.int("records")?,
        error: row.opt_text("error")?,
        is_same: row.bytes("digest")? == digest,
    }))
}
