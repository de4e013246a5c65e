//! Rows of correction sheets that have all rows of the payloads concerned: their batches, and what tells the rows apart.

use crate::delivery::awaiting::HAS_FAULT;
use crate::delivery::corrections::{SHEET_LETTER, SheetLetter, parse_sheet_letter};
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_vault::keys::{Keys, hex_encode};

/// A batch whose rows stand in a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetBatch {
    /// Its number.
    pub batch: i64,
    /// Id of its source.
    pub source_id: i64,
    /// Name of its source.
    pub source: String,
    /// Name of its stream.
    pub stream: String,
    /// Number of its rows.
    pub records: i64,
}

impl SheetBatch {
    /// Returns what tells one of its rows in a sheet, which has no dead letter, from every other row. `index` is the row's position
    /// in the payload, from 0.
    #[must_use]
    pub fn row_token(&self, keys: &Keys, index: u32, raw_digest: &[u8; 16]) -> String {
        let (batch, source) = (self.batch.to_be_bytes(), self.source_id.to_be_bytes());
        let digest = keys.short_digest(&[b"sheet row", &batch, &source, &index.to_be_bytes(), raw_digest]);
        format!("{ROW}-{}-{index}-{}", self.batch, hex_encode(&digest[..8]))
    }
}

const ROW: &str = "row";

/// Returns the batch and the position of the row that a token of [`SheetBatch::row_token`] names.
#[must_use]
pub fn parse_row_token(token: &str) -> Option<(i64, u32)> {
    let (batch, rest) = token.strip_prefix(ROW)?.strip_prefix('-')?.split_once('-')?;
    Some((batch.parse().ok()?, rest.split_once('-')?.0.parse().ok()?))
}

const SHEET_BATCH: &str = "SELECT DISTINCT o.id AS id, p.source_id AS source_id, s.name AS source, p.stream AS stream,
       o.record_count AS records";

fn parse_sheet_batch(row: &Row) -> Result<SheetBatch, StoreError> {
    Ok(SheetBatch {
        batch: row.int("id")?,
        source_id: row.int("source_id")?,
        source: row.text("source")?,
        stream: row.text("stream")?,
        records: row.int("records")?,
    })
}

/// Lists all batches of the payloads that some batches belong to, by number.
///
/// # Errors
/// [`StoreError`].
pub async fn list_batches_of_payloads(db: &Db, batches: &[i64]) -> Result<Vec<SheetBatch>, StoreError> {
    list(db, "{join batch b ON b.id = incoming.id} {join batch o ON o.payload_id = b.payload_id}", batches).await
}

/// Finds batches by their numbers.
///
/// # Errors
/// [`StoreError`].
pub async fn find_batches(db: &Db, batches: &[i64]) -> Result<Vec<SheetBatch>, StoreError> {
    list(db, "{join batch o ON o.id = incoming.id}", batches).await
}

async fn list(db: &Db, joins: &str, batches: &[i64]) -> Result<Vec<SheetBatch>, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let sql = format!(
        "{SHEET_BATCH} FROM {{rows}} {joins} {{join payload p ON p.id = o.payload_id}} {{join source s ON s.id = p.source_id}} ORDER BY o.id"
    );
    let rows = Rows::new().int("id", batches.iter().copied().map(Some));
    tx.fetch_rows_with(&sql, vec![], rows).await?.iter().map(parse_sheet_batch).collect()
}

/// Lists the open letters of one stream that these batches received last.
///
/// # Errors
/// [`StoreError`].
pub async fn list_letters_in(db: &Db, batches: &[SheetBatch]) -> Result<Vec<SheetLetter>, StoreError> {
    let Some(any) = batches.first() else { return Ok(vec![]) };
    let mut tx = db.begin_read_only().await?;
    let sql = format!(
        "{SHEET_LETTER} FROM {{rows}} {{join dead_letter d
           ON d.source_id + 0 = $1 AND d.stream = $2 AND d.batch_id = incoming.id AND d.state = 'open' AND {HAS_FAULT}}}
         {{join source s ON s.id = d.source_id}}"
    );
    let of = vec![any.source_id.into(), any.stream.as_str().into()];
    let rows = Rows::new().int("id", batches.iter().map(|of| Some(of.batch)));
    tx.fetch_rows_with(&sql, of, rows).await?.iter().map(parse_sheet_letter).collect()
}
