//! Keeps the order of landing exact without a write for every resend.
//!
//! A record that comes again with the content of its stored row needs no write: everything that landed before it has
//! been compared with the row, and what lands later wins anyway. Only a batch that landed earlier and is delivered
//! later could overwrite the row although its content was confirmed since. So while an earlier batch of the stream
//! waits, a batch keeps the keys that it confirmed ([`keep_confirmed`]). A batch that overwrites rows by a later
//! landing alone, parks records, withdraws some or leaves some out, looks into what later batches have kept ([`find_confirmed_since`]); if one of its
//! records is there, the row is first brought up to date ([`store_confirmed`]), and the batch is compared again.
//!
//! Two batches that do this at the same time meet in the stream's row of `stream_change`, which both lock just before
//! they commit.

use std::collections::{BTreeMap, HashMap};

use crate::delivery::batch::{ClaimedBatch, Load};
use crate::delivery::due_letters;
use crate::delivery::notices;
use crate::delivery::versioned::Versioned;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;

/// How a stream was when a batch was compared with the tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamState {
    /// The stream's count of late changes.
    changes: i64,
    /// Whether an earlier batch is not delivered yet, besides those that are compared.
    pub has_earlier: bool,
    /// Whether a dead letter is open. A rehearsal assumes it: it would read past all letters that it has closed itself.
    pub has_open_letters: bool,
    /// Whether anything was said of records besides their versions: some were withdrawn, left out or missing.
    pub has_notices: bool,
}

/// Reads how the stream of some batches is. Called before their records are compared.
pub(crate) async fn read_stream_state(tx: &mut Tx, held: &[ClaimedBatch]) -> Result<StreamState, StoreError> {
    let any = held.first().ok_or_else(|| StoreError::Column { column: "batch".into() })?;
    // The payload of an earlier batch is found by its number. In a join, SQLite would read all payloads of the stream, for
    // each batch again.
    let is_rehearsed = tx.is_rehearsed();
    let rows = tx
        .fetch_rows_with(
            "SELECT coalesce((SELECT changes FROM stream_change WHERE source_id = $1 AND stream = $2), 0) AS changes,
                    CASE WHEN EXISTS (SELECT 1 FROM batch b WHERE b.state <> 'done' AND b.id < $3
                      AND b.id NOT IN (SELECT id FROM {rows})
                      AND (SELECT p.source_id FROM payload p WHERE p.id = b.payload_id AND p.stream = $2) = $1)
                      THEN 1 ELSE 0 END AS earlier,
                    CASE WHEN $4 = 0 AND EXISTS (SELECT 1 FROM dead_letter d
                      WHERE d.source_id + 0 = $1 AND d.stream = $2 AND d.state = 'open') THEN 1 ELSE 0 END AS letters,
                    CASE WHEN EXISTS (SELECT 1 FROM record_notice n WHERE n.source_id + 0 = $1 AND n.stream = $2)
                      OR EXISTS (SELECT 1 FROM missing_record m WHERE m.source_id = $1 AND m.stream = $2)
                      THEN 1 ELSE 0 END AS notices",
            vec![
                any.source_id.into(),
                any.stream.as_str().into(),
                held.iter().map(|held| held.id).max().unwrap_or(0).into(),
                i64::from(is_rehearsed).into(),
            ],
            Rows::new().int("id", held.iter().map(|held| Some(held.id))),
        )
        .await?;
    let row = rows.first().ok_or_else(|| StoreError::Column { column: "stream_change".into() })?;
    Ok(StreamState {
        changes: row.int("changes")?,
        has_earlier: row.int("earlier")? == 1,
        has_open_letters: is_rehearsed || row.int("letters")? == 1,
        has_notices: row.int("notices")? == 1,
    })
}

/// A confirmed record: its key, the batch that confirmed it, and what that batch found in the row.
pub(crate) struct Confirmed {
    key: [u8; 16],
    batch: i64,
    /// The row of the batch's payload; `None` for that of the batch that wrote the record.
    row: Option<u32>,
    content: [u8; 16],
}

/// What stands against committing a batch.
pub(crate) enum Objection {
    /// Late batches have changed the stream since the batch was compared with it.
    StreamChanged,
    /// Later batches have confirmed these records.
    ConfirmedSince(Vec<Confirmed>),
}

/// What is stored of a record before a batch touches it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredBy {
    /// The batch that wrote it.
    pub owner: i64,
    /// The newest batch that is stored as giving its content.
    pub newest: i64,
    /// Its source version.
    pub version: i64,
    /// The digest of its content.
    pub content: [u8; 16],
}

/// What batches do that depends on the order in which they landed.
pub(crate) struct OrderedWork<'l, R> {
    /// How the stream was when they were compared.
    pub stream: StreamState,
    /// What was stored of the records that they overwrote only because they landed later, by key.
    pub overwritten: HashMap<[u8; 16], StoredBy>,
    /// The keys of their dead letters and notices.
    pub said_of: Vec<[u8; 16]>,
    /// The records that they confirmed.
    pub confirmed: Vec<&'l R>,
}

/// The last step before a commit: keeps what the batches confirmed, and looks whether later ones have confirmed what they
/// overwrite or say something of. With an objection the transaction must not be committed.
pub(crate) async fn check_order<R: Versioned>(
    tx: &mut Tx,
    load: &Load<'_>,
    work: OrderedWork<'_, R>,
) -> Result<Option<Objection>, StoreError> {
    let OrderedWork { stream: state, overwritten, said_of, confirmed } = work;
    let Some(held) = load.held.iter().min_by_key(|held| held.id) else { return Ok(None) };
    let is_late = !overwritten.is_empty() || !said_of.is_empty();
    if is_late {
        let (source, stream) = (held.source_id, held.stream.as_str());
        tx.execute(
            "INSERT INTO stream_change (source_id, stream, changes) VALUES ($1, $2, 1)
             ON CONFLICT (source_id, stream) DO UPDATE SET changes = stream_change.changes + 1",
            vec![source.into(), stream.into()],
        )
        .await?;
        // Read only now: whoever confirms one of these records has committed, or waits for this transaction.
        let mut late = overwritten;
        if !said_of.is_empty() {
            let of_letters = load_stored::<R>(tx, held, said_of.iter()).await?;
            // What this transaction has overwritten is known as it was before.
            for (key, by) in of_letters {
                late.entry(key).or_insert(by);
            }
        }
        // Of several batches, what landed after the first counts: storing that a record was confirmed is always right.
        let found = find_confirmed_since(tx, held, load.by_landing, &late).await?;
        if !found.is_empty() {
            return Ok(Some(Objection::ConfirmedSince(found)));
        }
    }
    if !state.has_earlier || confirmed.is_empty() {
        return Ok(None);
    }
    // The late changes of these batches are counted too.
    let expected = state.changes + i64::from(is_late);
    if lock_changes(tx, held).await? != expected {
        return Ok(Some(Objection::StreamChanged));
    }
    for held in load.held {
        let mut keys = vec![];
        for record in confirmed.iter().filter(|record| record.batch() == held.id) {
            keys.extend_from_slice(record.key());
            keys.extend_from_slice(record.content());
            keys.extend_from_slice(&record.source_version().to_be_bytes());
            keys.extend_from_slice(&record.index().to_be_bytes());
        }
        if !keys.is_empty() {
            keep_confirmed(tx, held, None, keys).await?;
        }
    }
    Ok(None)
}

/// Waits until no other load of the stream is at work. Two often meet in a teacher or record who is new to both, or in a dead
/// letter, and one of them would be done again. A rehearsal lasts for minutes, and all loads would wait for it.
pub(crate) async fn take_turn(tx: &mut Tx, held: &ClaimedBatch) -> Result<(), StoreError> {
    if tx.is_rehearsed() {
        return Ok(());
    }
    tx.take_advisory_lock(&format!("load {}", held.stream), held.source_id).await
}

/// Locks the stream's count of late changes until the transaction ends, and returns it.
pub(crate) async fn lock_changes(tx: &mut Tx, held: &ClaimedBatch) -> Result<i64, StoreError> {
    let of = || vec![held.source_id.into(), held.stream.as_str().into()];
    let sql = "INSERT INTO stream_change (source_id, stream, changes) VALUES ($1, $2, 0) ON CONFLICT (source_id, stream) DO NOTHING";
    tx.execute(sql, of()).await?;
    let sql = "SELECT changes FROM stream_change WHERE source_id = $1 AND stream = $2 {lock}";
    tx.fetch_rows(sql, of()).await?.first().map_or(Ok(0), |row| row.int("changes"))
}

/// Keeps that a batch confirmed records: those of `keys`, and all that are stored of an earlier batch with the same
/// bytes.
pub(crate) async fn keep_confirmed(
    tx: &mut Tx,
    held: &ClaimedBatch,
    same_as: Option<i64>,
    keys: Vec<u8>,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO confirmation (batch_id, source_id, stream, same_as, keys) VALUES ($1, $2, $3, nullif($4, 0), $5)
         ON CONFLICT (batch_id) DO NOTHING",
        vec![
            held.id.into(),
            held.source_id.into(),
            held.stream.as_str().into(),
            same_as.unwrap_or(0).into(),
            keys.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Bytes of an entry of `confirmation.keys`: key, digest of the content, version, row.
pub(crate) const ENTRY: usize = 44;

/// Parses an entry of `confirmation.keys`. Returns key, content, version and row.
fn parse_entry(entry: &[u8]) -> Option<([u8; 16], [u8; 16], i64, u32)> {
    let (key, rest) = entry.split_first_chunk::<16>()?;
    let (content, rest) = rest.split_first_chunk::<16>()?;
    let (version, rest) = rest.split_first_chunk::<8>()?;
    let row = rest.first_chunk::<4>()?;
    Some((*key, *content, i64::from_be_bytes(*version), u32::from_be_bytes(*row)))
}

/// Finds which of these records later batches have confirmed as they are stored, without storing it; of each the last.
async fn find_confirmed_since(
    tx: &mut Tx,
    held: &ClaimedBatch,
    by_landing: bool,
    late: &HashMap<[u8; 16], StoredBy>,
) -> Result<Vec<Confirmed>, StoreError> {
    let kept = tx
        .fetch_rows(
            "SELECT batch_id, same_as, keys FROM confirmation
             WHERE source_id = $1 AND stream = $2 AND batch_id > $3 ORDER BY batch_id",
            vec![held.source_id.into(), held.stream.as_str().into(), held.id.into()],
        )
        .await?;
    let mut found: BTreeMap<[u8; 16], Confirmed> = BTreeMap::new();
    for kept in &kept {
        let batch = kept.int("batch_id")?;
        if let Some(same_as) = kept.opt_int("same_as")? {
            let of_batch = late.iter().filter(|(_, by)| by.owner == same_as && by.newest < batch);
            found.extend(
                of_batch.map(|(key, by)| (*key, Confirmed { key: *key, batch, row: None, content: by.content })),
            );
        }
        for (key, content, version, row) in kept.bytes("keys")?.chunks_exact(ENTRY).filter_map(parse_entry) {
            let as_stored =
                |by: &StoredBy| by.newest < batch && by.content == content && (by.version == version || by_landing);
            if late.get(&key).is_some_and(as_stored) {
                found.insert(key, Confirmed { key, batch, row: Some(row), content });
            }
        }
    }
    Ok(found.into_values().collect())
}

/// Returns true if a later batch of the stream has kept which records it confirmed.
pub(crate) async fn has_confirmed_since(tx: &mut Tx, held: &ClaimedBatch) -> Result<bool, StoreError> {
    let sql = "SELECT batch_id FROM confirmation WHERE source_id = $1 AND stream = $2 AND batch_id > $3 LIMIT 1";
    let of = vec![held.source_id.into(), held.stream.as_str().into(), held.id.into()];
    Ok(!tx.fetch_rows(sql, of).await?.is_empty())
}

/// Loads what is stored of the records with these keys of dead letters.
async fn load_stored<R: Versioned>(
    tx: &mut Tx,
    held: &ClaimedBatch,
    letters: impl Iterator<Item = &[u8; 16]>,
) -> Result<HashMap<[u8; 16], StoredBy>, StoreError> {
    let (table, key) = (R::TABLE, R::KEY);
    let rows = tx
        .fetch_rows_with(
            &format!(
                "SELECT t.{key} AS record_key, t.batch_id AS batch_id, coalesce(t.confirmed_batch, t.batch_id) AS newest_batch,
                        t.source_version AS source_version, t.content_digest AS content_digest
                 FROM {{rows}} {{join {table} t
                   ON t.source_id = $1 AND t.stream = $2 AND t.record_key = incoming.record_key}}"
            ),
            vec![held.source_id.into(), held.stream.as_str().into()],
            Rows::new().bytes("record_key", letters.map(<[u8; 16]>::as_slice)),
        )
        .await?;
    let mut stored = HashMap::new();
    for row in &rows {
        let by = StoredBy {
            owner: row.int("batch_id")?,
            newest: row.int("newest_batch")?,
            version: row.int("source_version")?,
            content: row.bytes("content_digest")?.try_into().unwrap_or_default(),
        };
        if let Ok(key) = <[u8; 16]>::try_from(row.bytes("record_key")?) {
            stored.insert(key, by);
        }
    }
    Ok(stored)
}

/// Stores in the rows of confirmed records that a later batch confirmed them. Rows that were overwritten meanwhile stay.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn store_confirmed<R: Versioned>(
    db: &Db,
    held: &ClaimedBatch,
    by_landing: bool,
    confirmed: &[Confirmed],
) -> Result<(), StoreError> {
    let (table, key) = (R::TABLE, R::KEY);
    let mut tx = db.begin().await?;
    let rows = Rows::new()
        .bytes("record_key", confirmed.iter().map(|c| c.key.as_slice()))
        .bytes("content_digest", confirmed.iter().map(|c| c.content.as_slice()))
        .int("batch_id", confirmed.iter().map(|c| Some(c.batch)))
        .int("row_index", confirmed.iter().map(|c| c.row.map(i64::from)));
    // Where the landing is the version, the newest landing is that of the batch that confirmed the record.
    let version =
        if by_landing { "(SELECT b.payload_id FROM batch b WHERE b.id = incoming.batch_id)" } else { "source_version" };
    tx.execute_with(
        &format!(
            "UPDATE {table} SET confirmed_batch = incoming.batch_id,
               confirmed_row = coalesce(incoming.row_index, {table}.row_index), source_version = {version}
             FROM {{rows}} WHERE {table}.source_id = $1 AND {table}.stream = $2 AND {table}.{key} = incoming.record_key
               AND {table}.content_digest = incoming.content_digest
               AND coalesce({table}.confirmed_batch, {table}.batch_id) < incoming.batch_id"
        ),
        vec![held.source_id.into(), held.stream.as_str().into()],
        rows,
    )
    .await?;
    let keys = || confirmed.iter().map(|c| c.key);
    due_letters::add_keys_of_rows(&mut tx, held, table, key, keys()).await?;
    // A dispute about such a record, or its absence, may end with this.
    notices::mark_owners(&mut tx, held, [held.id].into_iter(), keys()).await?;
    tx.commit().await
}

/// Removes what was kept for earlier batches that are delivered by now.
///
/// # Errors
/// [`StoreError`].
pub async fn remove_settled(db: &Db) -> Result<(), StoreError> {
    notices::remove_waiting(db).await?;
    let kept = db.fetch_rows("SELECT 1 AS one FROM confirmation LIMIT 1", vec![]).await?;
    if kept.is_empty() {
        return Ok(());
    }
    db.execute(
        "DELETE FROM confirmation WHERE NOT EXISTS (SELECT 1 FROM batch b
           WHERE b.state <> 'done' AND b.id < confirmation.batch_id
             AND (SELECT p.source_id FROM payload p WHERE p.id = b.payload_id AND p.stream = confirmation.stream)
                 = confirmation.source_id)",
        vec![],
    )
    .await?;
    Ok(())
}
