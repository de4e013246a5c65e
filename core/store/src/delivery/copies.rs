//! What batches received as copies: raw records that wrote no row, because a row has their content already. When the same
//! bytes come again, these few are compared with the tables, and the others are known by the batch's counters.

use std::collections::{BTreeMap, HashMap};

use crate::delivery::batch::{ClaimedBatch, Load};
use crate::delivery::classify::Classified;
use crate::delivery::confirm;
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;

/// A content that a batch received without writing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Copied {
    pub key: [u8; 16],
    pub content: [u8; 16],
    pub version: i64,
    /// Its place in the payload.
    pub row: u32,
    /// How many raw records of the batch wrote nothing because of it.
    pub records: u32,
}

/// Bytes of an entry of `batch_copy.copies`.
const ENTRY: usize = 48;

impl Copied {
    fn to_bytes(self) -> [u8; ENTRY] {
        let mut entry = [0; ENTRY];
        entry[..16].copy_from_slice(&self.key);
        entry[16..32].copy_from_slice(&self.content);
        entry[32..40].copy_from_slice(&self.version.to_be_bytes());
        entry[40..44].copy_from_slice(&self.row.to_be_bytes());
        entry[44..].copy_from_slice(&self.records.to_be_bytes());
        entry
    }

    fn from_bytes(entry: &[u8; ENTRY]) -> Option<Self> {
        let (key, rest) = entry.split_first_chunk::<16>()?;
        let (content, rest) = rest.split_first_chunk::<16>()?;
        let (version, rest) = rest.split_first_chunk::<8>()?;
        let (row, records) = rest.split_first_chunk::<4>()?;
        Some(Self {
            key: *key,
            content: *content,
            version: i64::from_be_bytes(*version),
            row: u32::from_be_bytes(*row),
            records: u32::from_be_bytes(records.try_into().ok()?),
        })
    }
}

/// Batch → its copies.
pub(crate) type Copies = BTreeMap<i64, Vec<Copied>>;

/// Adds the copies among compared records.
pub(crate) fn collect(copies: &mut Copies, classified: &Classified<'_>) {
    for (record, records) in classified.list_copies() {
        copies.entry(record.batch).or_default().push(Copied {
            key: record.record_key,
            content: record.content_digest,
            version: record.source_version,
            row: record.index,
            records: u32::try_from(records).unwrap_or(u32::MAX),
        });
    }
}

/// Keeps the copies of the batches that are loaded. Forgets those of earlier batches with the same bytes, unless a batch
/// that landed between is still to be delivered.
pub(crate) async fn keep_copies(
    tx: &mut Tx,
    load: &Load<'_>,
    has_earlier: bool,
    copies: &Copies,
) -> Result<(), StoreError> {
    if copies.is_empty() {
        return Ok(());
    }
    let again: Vec<&ClaimedBatch> =
        load.held.iter().filter(|held| held.same_as.is_some() && copies.contains_key(&held.id)).collect();
    if !again.is_empty() && !has_earlier {
        tx.execute_with(
            "DELETE FROM batch_copy WHERE batch_id IN (
               SELECT b.id FROM (
                 SELECT incoming.id AS again, incoming.first_record AS first_record, incoming.record_count AS record_count, p.id AS same
                 FROM {rows} {join payload p ON p.id = incoming.same_as AND p.address = incoming.address}
                 UNION ALL
                 SELECT incoming.id, incoming.first_record, incoming.record_count, p.id
                 FROM {rows} {join payload p ON p.same_as = incoming.same_as AND p.address = incoming.address}) AS like_it
               {join batch b ON b.payload_id = like_it.same AND b.first_record = like_it.first_record
                 AND b.record_count = like_it.record_count AND b.id < like_it.again})",
            vec![],
            Rows::new()
                .int("id", again.iter().map(|held| Some(held.id)))
                .int("same_as", again.iter().map(|held| held.same_as))
                .text("address", again.iter().map(|held| Some(held.address.as_str())))
                .int("first_record", again.iter().map(|held| Some(i64::from(held.first))))
                .int("record_count", again.iter().map(|held| Some(i64::from(held.count)))),
        )
        .await?;
    }
    let packed: Vec<Vec<u8>> =
        copies.values().map(|of| of.iter().flat_map(|copied| copied.to_bytes()).collect()).collect();
    let rows = Rows::new()
        .int("batch_id", copies.keys().map(|batch| Some(*batch)))
        .bytes("copies", packed.iter().map(Vec::as_slice));
    tx.insert_rows("batch_copy", rows).await
}

/// Loads the copies of some batches.
pub(crate) async fn load_copies(tx: &mut Tx, batches: impl Iterator<Item = i64>) -> Result<Copies, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT c.batch_id AS batch_id, c.copies AS copies FROM batch_copy c WHERE c.batch_id IN (SELECT id FROM {rows})",
            vec![],
            Rows::new().int("id", batches.map(Some)),
        )
        .await?;
    let mut copies = Copies::new();
    for row in &rows {
        let packed = row.bytes("copies")?;
        let of = packed.as_chunks::<ENTRY>().0.iter().filter_map(Copied::from_bytes).collect();
        copies.insert(row.int("batch_id")?, of);
    }
    Ok(copies)
}

/// Counts for each batch how many of its copies would be copies again, with nothing else said of their records: no dead
/// letter of them is open, and no notice stands against them.
pub(crate) async fn count_unchanged(
    tx: &mut Tx,
    held: &ClaimedBatch,
    by_landing: bool,
    copies: &Copies,
) -> Result<HashMap<i64, usize>, StoreError> {
    let all = || copies.iter().flat_map(|(batch, of)| of.iter().map(move |copied| (*batch, copied)));
    if all().next().is_none() {
        return Ok(HashMap::new());
    }
    let rows = Rows::new()
        .int("batch_id", all().map(|(batch, _)| Some(batch)))
        .bytes("record_key", all().map(|(_, copied)| copied.key.as_slice()))
        .bytes("content_digest", all().map(|(_, copied)| copied.content.as_slice()))
        .int("source_version", all().map(|(_, copied)| Some(copied.version)));
    let counted = tx
        .fetch_rows_with(
            "SELECT incoming.batch_id AS batch_id, count(*) AS n FROM {rows}
             {join training_record t ON t.source_id = $1 AND t.stream = $2 AND t.record_key = incoming.record_key}
             WHERE t.content_digest = incoming.content_digest AND ($3 = 1 OR t.source_version = incoming.source_version)
               AND (SELECT 1 FROM dead_letter d WHERE d.dead_letter_key = t.record_key
                 AND d.source_id = $1 AND d.stream = $2 AND d.state || '' = 'open' LIMIT 1) IS NULL
               AND (SELECT 1 FROM record_notice n WHERE n.record_key = t.record_key
                 AND n.source_id = $1 AND n.stream = $2 LIMIT 1) IS NULL
               AND (SELECT 1 FROM missing_record m WHERE m.record_id = t.id LIMIT 1) IS NULL
             GROUP BY incoming.batch_id",
            vec![held.source_id.into(), held.stream.as_str().into(), i64::from(by_landing).into()],
            rows,
        )
        .await?;
    counted.iter().map(|row| Ok((row.int("batch_id")?, usize::try_from(row.int("n")?).unwrap_or(0)))).collect()
}

/// Returns how many raw records the copies stand for.
pub(crate) fn count_records(copies: &[Copied]) -> i64 {
    copies.iter().map(|copied| i64::from(copied.records)).sum()
}

/// Returns the copies as entries of `confirmation.keys`, which lack the number of records.
pub(crate) fn to_confirmed(copies: &[Copied]) -> Vec<u8> {
    let entry = |copied: &Copied| copied.to_bytes().into_iter().take(confirm::ENTRY);
    copies.iter().flat_map(entry).collect()
}
