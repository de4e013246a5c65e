//! Compares records with dead letters, and notes the matches.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::delivery::batch::{ClaimedBatch, Load};
use crate::delivery::classify::Classified;
use crate::delivery::versioned::Versioned;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;
use huiliu_decode::Parked;
use huiliu_decode::sound_fields::BLOCKING_FIELDS;
use huiliu_vault::keys::Keys;

/// The most matches of a batch that are looked at. More come only of rows that have nearly nothing in them.
const MAX_MATCHES: i64 = 50_000;

/// Compares records of a batch with the open dead letters of earlier payloads, and notes the matches.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn note_successors<'l, R: Versioned + 'l>(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &Load<'_>,
    classified: &Classified<'_, R>,
    records: impl Iterator<Item = &'l R>,
) -> Result<(), StoreError> {
    let parks = load.parked.iter().any(|parked| parked.sound_fields.is_some());
    if !parks && !classified.stream_state().has_open_letters {
        return Ok(());
    }
    let (records, stored): (Vec<&R>, _) = (records.collect(), classified.list_stored());
    let sets = list_blocking_fields(tx, held).await?;
    let mut asked: Vec<(i64, &str, [u8; 16])> = vec![];
    for (ord, record) in (0i64..).zip(&records) {
        for set in &sets {
            asked.extend(record.values().compute_blocking_key(keys, set).map(|key| (ord, *set, key)));
        }
    }
    if asked.is_empty() {
        return Ok(());
    }
    let matches = tx
        .fetch_rows_with(
            &format!(
                "SELECT incoming.ord AS ord, d.id AS id, d.faulty_fields AS faulty_fields, d.sound_digest AS sound_digest,
                        d.address AS address, p.address AS file,
                        CASE WHEN b.payload_id = $3 THEN 1 ELSE 0 END AS is_beside
                 FROM {{rows}} {{join dead_letter d ON d.source_id = $1 AND d.stream = $2 AND d.state = 'open'
                   AND d.blocking_fields = incoming.blocking_fields AND d.blocking_key = incoming.blocking_key}}
                 {{join batch b ON b.id = d.batch_id}} {{join payload p ON p.id = b.payload_id}}
                 WHERE b.payload_id <= $3 AND d.dead_letter_key <> incoming.letter_key LIMIT {MAX_MATCHES}"
            ),
            vec![held.source_id.into(), held.stream.as_str().into(), held.payload_id.into()],
            Rows::new()
                .int("ord", asked.iter().map(|(ord, ..)| Some(*ord)))
                .bytes("letter_key", asked.iter().map(|(ord, ..)| key_of(&records, *ord)))
                .text("blocking_fields", asked.iter().map(|(_, set, _)| Some(*set)))
                .bytes("blocking_key", asked.iter().map(|(.., key)| key.as_slice())),
        )
        .await?;
    let mut found: Vec<Match<'_, R>> = vec![];
    for row in &matches {
        let record = usize::try_from(row.int("ord")?).ok().and_then(|ord| records.get(ord));
        let Some(record) = record.copied() else { continue };
        let is_new = stored.contains(&record.index());
        let digest = record.values().compute_digest(keys, &row.text("faulty_fields")?);
        if row.bytes("sound_digest")? == digest {
            let (address, file) = (row.text("address")?, row.text("file")?);
            let same_place = place_in_file(&address, &file) == place_in_file(record.address(), &held.address);
            let (letter, is_beside) = (row.int("id")?, row.int("is_beside")? == 1);
            found.push(Match { letter, record, is_new, same_place, is_beside });
        }
    }
    insert_matches(tx, held, load, &found).await
}

/// Returns the part of an address that tells the place in a page or file.
fn place_in_file<'t>(address: &'t str, file: &str) -> &'t str {
    address.strip_prefix(file).unwrap_or(address)
}

fn key_of<'l, R: Versioned>(records: &[&'l R], ord: i64) -> &'l [u8] {
    let record = usize::try_from(ord).ok().and_then(|ord| records.get(ord));
    record.map_or(&[], |record| record.letter_key().as_slice())
}

/// Lists the sets of blocking fields of the stream's open dead letters.
async fn list_blocking_fields(tx: &mut Tx, held: &ClaimedBatch) -> Result<Vec<&'static str>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT blocking_fields FROM {rows} WHERE EXISTS (SELECT 1 FROM dead_letter d
               WHERE d.source_id = $1 AND d.stream = $2 AND d.blocking_fields = incoming.blocking_fields
                 AND d.state = 'open' AND d.blocking_key IS NOT NULL)",
            vec![held.source_id.into(), held.stream.as_str().into()],
            Rows::new().text("blocking_fields", BLOCKING_FIELDS.map(Some)),
        )
        .await?;
    let used: BTreeSet<String> = rows.iter().map(|row| row.text("blocking_fields")).collect::<Result<_, _>>()?;
    Ok(BLOCKING_FIELDS.iter().copied().filter(|set| used.contains(*set)).collect())
}

/// A record whose sound fields are those of a dead letter.
struct Match<'l, R> {
    letter: i64,
    record: &'l R,
    is_new: bool,
    same_place: bool,
    /// Whether both are of one payload, so that they are two rows.
    is_beside: bool,
}

async fn insert_matches<R: Versioned>(
    tx: &mut Tx,
    held: &ClaimedBatch,
    load: &Load<'_>,
    found: &[Match<'_, R>],
) -> Result<(), StoreError> {
    // A statement may write a row once: of several versions of a record, the last.
    let found: BTreeMap<(i64, &[u8; 16]), &Match<'_, R>> =
        found.iter().map(|of| ((of.letter, of.record.letter_key()), of)).collect();
    let found: Vec<&Match<'_, R>> = found.into_values().collect();
    if found.is_empty() {
        return Ok(());
    }
    let closes_by = if load.corrected_close { load.manifest_version } else { 0 };
    tx.execute_with(
        "INSERT INTO letter_successor (dead_letter_id, record_key, source_version, batch_id, row_index, address, is_new,
           same_place, closes_by, state, noticed_at)
         SELECT dead_letter_id, record_key, source_version, $1, row_index, address, is_new, same_place, $2, state, {now}
         FROM {rows} WHERE true
         ON CONFLICT (dead_letter_id, record_key) DO UPDATE SET
           is_new = CASE WHEN letter_successor.is_new = 1 THEN 1 ELSE excluded.is_new END,
           same_place = CASE WHEN letter_successor.same_place = 1 THEN 1 ELSE excluded.same_place END,
           closes_by = excluded.closes_by,
           source_version = CASE WHEN excluded.batch_id > letter_successor.batch_id THEN excluded.source_version ELSE letter_successor.source_version END,
           row_index = CASE WHEN excluded.batch_id > letter_successor.batch_id THEN excluded.row_index ELSE letter_successor.row_index END,
           address = CASE WHEN excluded.batch_id > letter_successor.batch_id THEN excluded.address ELSE letter_successor.address END,
           batch_id = CASE WHEN excluded.batch_id > letter_successor.batch_id THEN excluded.batch_id ELSE letter_successor.batch_id END",
        vec![held.id.into(), closes_by.into()],
        Rows::new()
            .int("dead_letter_id", found.iter().map(|of| Some(of.letter)))
            .bytes("record_key", found.iter().map(|of| of.record.letter_key().as_slice()))
            .int("source_version", found.iter().map(|of| Some(of.record.source_version())))
            .int("row_index", found.iter().map(|of| Some(of.record.index().into())))
            .text("address", found.iter().map(|of| Some(of.record.address())))
            .int("is_new", found.iter().map(|of| Some(i64::from(of.is_new))))
            .int("same_place", found.iter().map(|of| Some(i64::from(of.same_place))))
            .text("state", found.iter().map(|of| Some(if of.is_beside { "beside" } else { "noticed" }))),
    )
    .await?;
    Ok(())
}

/// Has the records of later batches of the stream compared with a batch's dead letters, if they were loaded before them or
/// are being loaded.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn queue_later_batches(
    tx: &mut Tx,
    held: &ClaimedBatch,
    parked: &[Parked<'_>],
) -> Result<(), StoreError> {
    if parked.iter().all(|parked| parked.sound_fields.is_none()) {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO successor_search (batch_id)
         SELECT b.id FROM batch b JOIN payload p ON p.id = b.payload_id
         WHERE b.id > $1 AND p.id > $4 AND p.source_id = $2 AND p.stream = $3 AND b.state IN ('claimed', 'done')
         ON CONFLICT (batch_id) DO NOTHING",
        vec![held.id.into(), held.source_id.into(), held.stream.as_str().into(), held.payload_id.into()],
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
    let rows = db
        .fetch_rows(
            "SELECT w.batch_id AS batch_id FROM successor_search w JOIN batch b ON b.id = w.batch_id
             JOIN payload p ON p.id = b.payload_id
             WHERE b.state = 'done' AND NOT EXISTS (SELECT 1 FROM batch o JOIN payload q ON q.id = o.payload_id
               WHERE o.state IN ('due', 'claimed') AND o.id < b.id AND q.source_id = p.source_id AND q.stream = p.stream)
             ORDER BY w.batch_id",
            vec![],
        )
        .await?;
    rows.iter().map(|row| row.int("batch_id")).collect()
}

/// Compares the records of a delivered batch with the open dead letters of earlier payloads, and ends its search.
///
/// # Errors
/// [`StoreError`].
pub async fn search_batch<'l, R: Versioned + 'l>(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &Load<'_>,
    clean: &[&'l R],
) -> Result<(), StoreError> {
    let sql = "SELECT record_index FROM dead_letter_sighting WHERE batch_id = $1";
    let seen = tx.fetch_rows(sql, vec![held.id.into()]).await?;
    let parked: HashSet<i64> = seen.iter().map(|row| row.int("record_index")).collect::<Result<_, _>>()?;
    let loaded = clean.iter().copied().filter(|record| !parked.contains(&record.index().into()));
    let mut classified = Classified::classify_versions(tx, held, load, clean.iter().copied()).await?;
    classified.mark_stored_by(tx, held).await?;
    note_successors(tx, keys, held, load, &classified, loaded).await?;
    end_search(tx, held.id).await
}

/// Ends the search for a batch's records among dead letters.
///
/// # Errors
/// [`StoreError`].
pub async fn end_search(tx: &mut Tx, batch: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM successor_search WHERE batch_id = $1", vec![batch.into()]).await?;
    Ok(())
}
