//! Compares records with dead letters, and notes the matches.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::receipt::Receipt;
use crate::delivery::batch::{ClaimedBatch, Load};
use crate::delivery::classify::Classified;
use crate::delivery::due_letters;
use crate::delivery::versioned::Versioned;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_decode::sound_fields::BLOCKING_FIELDS;
use huiliu_vault::keys::Keys;

/// The most pairs of a batch's records and dead letters that are compared. More come only of rows that have nearly nothing in
/// them; then nothing is noted, because a part of them would look like a choice.
const MAX_PAIRS: usize = 50_000;

/// Keys of records that the lists of dead letters have too, and which are thus no corrected versions of other rows there.
pub type KnownRecords = HashSet<[u8; 16]>;

/// A record whose sound fields are those of a dead letter.
struct Match<'l, R> {
    letter: i64,
    /// The batch in which the letter's record was received last.
    letter_batch: i64,
    record: &'l R,
    is_new: bool,
    same_place: bool,
}

/// Compares records of some batches of a stream with the open dead letters of earlier lists, and notes the matches.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn note_successors<'l, R: Versioned + 'l>(
    tx: &mut Tx,
    keys: &Keys,
    held: &[ClaimedBatch],
    classified: &Classified<'_, R>,
    records: impl Iterator<Item = &'l R>,
    known: &KnownRecords,
) -> Result<(), StoreError> {
    let Some(any) = held.first() else { return Ok(()) };
    if !classified.stream_state().has_open_letters {
        return Ok(());
    }
    let (records, new): (Vec<&R>, _) = (records.collect(), classified.list_new());
    let pairs = fetch_pairs(tx, keys, any, &records).await?;
    let receipts: HashMap<i64, Receipt> = held.iter().map(|held| (held.id, Receipt::of_batch(held))).collect();
    let mut found: BTreeMap<(i64, &[u8; 16]), Match<'_, R>> = BTreeMap::new();
    for row in &pairs {
        let record = usize::try_from(row.int("ord")?).ok().and_then(|ord| records.get(ord));
        let Some(record) = record.copied() else { continue };
        let Some(mine) = receipts.get(&record.batch()) else { continue };
        let theirs = Receipt { payload: row.int("payload_id")?, run: row.int("run_id")?, file: row.text("file")? };
        let digest = record.values().compute_digest(keys, &row.text("faulty_fields")?);
        if theirs.payload > mine.payload || theirs.is_one_list_with(mine) || row.bytes("sound_digest")? != digest {
            continue;
        }
        let (letter, letter_batch) = (row.int("id")?, row.int("letter_batch")?);
        let is_new = new.contains(&(record.batch(), record.index())) && !known.contains(record.letter_key());
        let same_place = theirs.is_same_place(&row.text("address")?, mine, record.address());
        // A statement may write a row once: of several versions of a record, the last.
        found.insert((letter, record.letter_key()), Match { letter, letter_batch, record, is_new, same_place });
    }
    let found: Vec<Match<'_, R>> = found.into_values().collect();
    insert_matches(tx, &found).await
}

/// Fetches the pairs of records and open dead letters with equal blocking keys.
async fn fetch_pairs<R: Versioned>(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    records: &[&R],
) -> Result<Vec<Row>, StoreError> {
    let sets = list_blocking_fields(tx, held).await?;
    let mut asked: Vec<(i64, &R, &str, [u8; 16])> = vec![];
    for (ord, record) in (0i64..).zip(records) {
        for set in &sets {
            asked.extend(record.values().compute_blocking_key(keys, set).map(|key| (ord, *record, *set, key)));
        }
    }
    if asked.is_empty() {
        return Ok(vec![]);
    }
    let pairs = tx
        .fetch_rows_with(
            &format!(
                "SELECT incoming.ord AS ord, d.id AS id, d.faulty_fields AS faulty_fields, d.sound_digest AS sound_digest,
                        d.address AS address, b.id AS letter_batch, p.id AS payload_id, p.run_id AS run_id, p.address AS file
                 FROM {{rows}} {{join dead_letter d ON d.source_id = $1 AND d.stream = $2 AND d.state || '' = 'open'
                   AND d.blocking_fields = incoming.blocking_fields AND d.blocking_key = incoming.blocking_key}}
                 {{join batch b ON b.id = (SELECT max(g.batch_id) FROM dead_letter_sighting g WHERE g.dead_letter_id = d.id)}}
                 {{join payload p ON p.id = b.payload_id}}
                 WHERE d.dead_letter_key <> incoming.letter_key LIMIT {}",
                MAX_PAIRS + 1
            ),
            vec![held.source_id.into(), held.stream.as_str().into()],
            Rows::new()
                .int("ord", asked.iter().map(|(ord, ..)| Some(*ord)))
                .bytes("letter_key", asked.iter().map(|(_, record, ..)| record.letter_key().as_slice()))
                .text("blocking_fields", asked.iter().map(|(_, _, set, _)| Some(*set)))
                .bytes("blocking_key", asked.iter().map(|(.., key)| key.as_slice())),
        )
        .await?;
    Ok(if pairs.len() > MAX_PAIRS { vec![] } else { pairs })
}

/// Lists the sets of blocking fields of the stream's open dead letters. The database probes the index once for each set; it
/// would read all letters for an `EXISTS`, and, for a set that no letter has, without the order.
async fn list_blocking_fields(tx: &mut Tx, held: &ClaimedBatch) -> Result<Vec<&'static str>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT blocking_fields FROM {rows} WHERE (SELECT d.id FROM dead_letter d
               WHERE d.source_id = $1 AND d.stream = $2 AND d.blocking_fields = incoming.blocking_fields
                 AND d.state = 'open' AND d.blocking_key IS NOT NULL ORDER BY d.blocking_key LIMIT 1) IS NOT NULL",
            vec![held.source_id.into(), held.stream.as_str().into()],
            Rows::new().text("blocking_fields", BLOCKING_FIELDS.map(Some)),
        )
        .await?;
    let used: BTreeSet<String> = rows.iter().map(|row| row.text("blocking_fields")).collect::<Result<_, _>>()?;
    Ok(BLOCKING_FIELDS.iter().copied().filter(|set| used.contains(*set)).collect())
}

/// Writes matches. A record is new as long as the letter's record is not received again.
async fn insert_matches<R: Versioned>(tx: &mut Tx, found: &[Match<'_, R>]) -> Result<(), StoreError> {
    if found.is_empty() {
        return Ok(());
    }
    let again = "excluded.letter_batch_id = letter_successor.letter_batch_id";
    let newest = |column: &str| {
        format!(
            "{column} = CASE WHEN excluded.batch_id > letter_successor.batch_id OR NOT {again}
               THEN excluded.{column} ELSE letter_successor.{column} END"
        )
    };
    let ever = |column: &str| {
        format!("{column} = CASE WHEN letter_successor.{column} = 1 AND {again} THEN 1 ELSE excluded.{column} END")
    };
    let set: Vec<String> = ["source_version", "row_index", "address", "batch_id"].map(newest).into();
    let set = set.into_iter().chain(["is_new", "same_place"].map(ever)).collect::<Vec<_>>().join(", ");
    tx.execute_with(
        &format!(
            "INSERT INTO letter_successor (dead_letter_id, record_key, source_version, batch_id, row_index, address,
               letter_batch_id, is_new, same_place, state, noticed_at)
             SELECT dead_letter_id, record_key, source_version, batch_id, row_index, address, letter_batch_id, is_new, same_place,
               'noticed', {{now}} FROM {{rows}} WHERE true
             ON CONFLICT (dead_letter_id, record_key) DO UPDATE SET {set}, letter_batch_id = excluded.letter_batch_id"
        ),
        vec![],
        Rows::new()
            .int("dead_letter_id", found.iter().map(|of| Some(of.letter)))
            .bytes("record_key", found.iter().map(|of| of.record.letter_key().as_slice()))
            .int("source_version", found.iter().map(|of| Some(of.record.source_version())))
            .int("batch_id", found.iter().map(|of| Some(of.record.batch())))
            .int("row_index", found.iter().map(|of| Some(of.record.index().into())))
            .text("address", found.iter().map(|of| Some(of.record.address())))
            .int("letter_batch_id", found.iter().map(|of| Some(of.letter_batch)))
            .int("is_new", found.iter().map(|of| Some(i64::from(of.is_new))))
            .int("same_place", found.iter().map(|of| Some(i64::from(of.same_place)))),
    )
    .await?;
    // One of the records may have been accepted before.
    due_letters::add_letters(tx, found.iter().map(|of| of.letter)).await
}

/// Has the records of later payloads of the stream compared with the dead letters of some batches, in case they are loaded
/// before them or at the same time. Pages and undated files of a batch's own run are one list with it.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn queue_later_batches(tx: &mut Tx, batches: &[&ClaimedBatch]) -> Result<(), StoreError> {
    let Some(held) = batches.iter().min_by_key(|held| held.payload_id) else { return Ok(()) };
    let receipts: Vec<Receipt> = batches.iter().map(|held| Receipt::of_batch(held)).collect();
    let is_of_run = |mine: &Receipt| mine.run == held.run_id && mine.is_whole_run();
    let whole_run = if receipts.iter().all(is_of_run) { held.run_id } else { 0 };
    let later = tx
        .fetch_rows(
            "SELECT b.id AS id, p.id AS payload_id, p.run_id AS run_id, p.address AS file
             FROM payload p JOIN batch b ON b.payload_id = p.id
             WHERE p.source_id = $1 AND p.stream = $2 AND p.id > $3 AND p.run_id <> $4
               AND NOT EXISTS (SELECT 1 FROM successor_search w WHERE w.batch_id = b.id) ORDER BY b.id",
            vec![held.source_id.into(), held.stream.as_str().into(), held.payload_id.into(), whole_run.into()],
        )
        .await?;
    let mut queued = vec![];
    for row in &later {
        let theirs = Receipt { payload: row.int("payload_id")?, run: row.int("run_id")?, file: row.text("file")? };
        if receipts.iter().any(|mine| mine.payload < theirs.payload && !mine.is_one_list_with(&theirs)) {
            queued.push(row.int("id")?);
        }
    }
    if queued.is_empty() {
        return Ok(());
    }
    tx.execute_with(
        "INSERT INTO successor_search (batch_id) SELECT id FROM {rows} WHERE true ORDER BY id ON CONFLICT (batch_id) DO NOTHING",
        vec![],
        Rows::new().int("id", queued.into_iter().map(Some)),
    )
    .await?;
    Ok(())
}

/// Lists batches whose records are to be compared with earlier dead letters once more. A batch waits until every earlier batch
/// of its stream is delivered, so that it is compared once.
///
/// # Errors
/// [`StoreError`].
pub async fn list_searches(db: &Db) -> Result<Vec<i64>, StoreError> {
    if db.fetch_rows("SELECT 1 AS one FROM successor_search LIMIT 1", vec![]).await?.is_empty() {
        return Ok(vec![]);
    }
    let rows = db
        .fetch_rows(
            "WITH waiting AS MATERIALIZED (SELECT q.source_id AS source_id, q.stream AS stream, min(o.id) AS first
               FROM batch o JOIN payload q ON q.id = o.payload_id WHERE o.state IN ('due', 'claimed') GROUP BY q.source_id, q.stream)
             SELECT w.batch_id AS batch_id FROM successor_search w JOIN batch b ON b.id = w.batch_id
             JOIN payload p ON p.id = b.payload_id
             LEFT JOIN waiting ON waiting.source_id = p.source_id AND waiting.stream = p.stream
             WHERE b.state = 'done' AND (waiting.first IS NULL OR waiting.first > b.id) ORDER BY w.batch_id",
            vec![],
        )
        .await?;
    rows.iter().map(|row| row.int("batch_id")).collect()
}

/// Lists the batches of the payloads with dead letters that records of a batch may correct, except its own.
///
/// # Errors
/// [`StoreError`].
pub async fn list_letter_batches<R: Versioned>(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    clean: &[&R],
) -> Result<Vec<i64>, StoreError> {
    let pairs = fetch_pairs(tx, keys, held, clean).await?;
    let payloads: BTreeSet<i64> = pairs.iter().map(|row| row.int("payload_id")).collect::<Result<_, _>>()?;
    let rows = tx
        .fetch_rows_with(
            "SELECT b.id AS id FROM {rows} {join batch b ON b.payload_id = incoming.payload_id}
             WHERE b.payload_id <> $1 ORDER BY b.id",
            vec![held.payload_id.into()],
            Rows::new().int("payload_id", payloads.into_iter().map(Some)),
        )
        .await?;
    rows.iter().map(|row| row.int("id")).collect()
}

/// Compares the records of a delivered batch with the open dead letters of earlier lists, and ends its search. `known` has the
/// records that those lists have too: they may have been loaded after this batch.
///
/// # Errors
/// [`StoreError`].
pub async fn search_batch<'l, R: Versioned + 'l>(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &Load<'_>,
    clean: &[&'l R],
    known: &KnownRecords,
) -> Result<(), StoreError> {
    // First, so that a load that queues the batch again waits for this transaction.
    end_search(tx, held.id).await?;
    let sql = "SELECT record_index FROM dead_letter_sighting WHERE batch_id = $1";
    let seen = tx.fetch_rows(sql, vec![held.id.into()]).await?;
    let parked: HashSet<i64> = seen.iter().map(|row| row.int("record_index")).collect::<Result<_, _>>()?;
    let loaded = clean.iter().copied().filter(|record| !parked.contains(&record.index().into()));
    let mut classified = Classified::classify_versions(tx, held, load, clean.iter().copied()).await?;
    classified.mark_inserted_by(tx, held).await?;
    note_successors(tx, keys, load.held, &classified, loaded, known).await
}

/// Ends the search for a batch's records among dead letters.
///
/// # Errors
/// [`StoreError`].
pub async fn end_search(tx: &mut Tx, batch: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM successor_search WHERE batch_id = $1", vec![batch.into()]).await?;
    Ok(())
}
