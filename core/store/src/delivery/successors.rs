//! Finds the corrected versions of parked records that have another key than the faulty ones, as where the key holds a
//! damaged ID number, and closes the dead letters by them.
//!
//! A load compares its records with the open dead letters of earlier payloads of the stream by their sound fields, and
//! notes each match. A match alone closes nothing: [`choose_successors`] finds the letters with exactly one probable
//! successor, and a person or the manifest accepts it. From then on the record supersedes the letter's sightings as a
//! newer version under the same key does.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::json;

use crate::admin::audit::{self, NewEntry};
use crate::delivery::batch::{ClaimedBatch, Load};
use crate::delivery::classify::Classified;
use crate::delivery::dead_letters::{self, StoredRank};
use crate::delivery::versioned::Versioned;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_decode::Parked;
use huiliu_decode::sound_fields::BLOCKING_FIELDS;
use huiliu_values::DeadLetterState;
use huiliu_vault::keys::Keys;

/// The most matches of a batch that are looked at. More come only of rows that have nearly nothing in them.
const MAX_MATCHES: i64 = 50_000;
/// Letters per query.
const PAGE: i64 = 1_000;

/// A good record that may be the corrected version of a dead letter's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The dead letter.
    pub letter: i64,
    /// The payload in which the letter's record was received last.
    pub letter_payload: i64,
    /// Key of the record.
    pub record_key: Vec<u8>,
    /// Its number, if it is a training record.
    pub record: Option<i64>,
    /// The batch that received it.
    pub batch: i64,
    /// Where it stood there.
    pub address: String,
    /// Its rank among versions.
    pub rank: StoredRank,
    /// Whether that batch stored it, rather than received it again.
    pub is_new: bool,
    /// Whether it stood where the faulty row stood.
    pub same_place: bool,
    /// Whether a person has said that it is another record.
    pub is_rejected: bool,
}

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

/// Loads the candidates of open dead letters, and of the other open letters that share a candidate with them. A candidate is
/// newer than what is parked of its letter.
///
/// # Errors
/// [`StoreError`].
pub async fn load_candidates(tx: &mut Tx, letters: &[i64]) -> Result<Vec<Candidate>, StoreError> {
    if letters.is_empty() {
        return Ok(vec![]);
    }
    let rows = tx
        .fetch_rows_with(
            "SELECT DISTINCT o.dead_letter_id AS letter, lb.payload_id AS letter_payload, o.record_key AS record_key,
                    o.batch_id AS batch_id, o.address AS address, o.source_version AS source_version,
                    o.row_index AS row_index, o.is_new AS is_new, o.same_place AS same_place, o.state AS state,
                    t.id AS record_id
             FROM {rows} {join letter_successor c ON c.dead_letter_id = incoming.id}
             {join dead_letter mine ON mine.id = c.dead_letter_id}
             {join letter_successor o ON o.record_key = c.record_key}
             {join dead_letter d ON d.id = o.dead_letter_id AND d.source_id = mine.source_id AND d.stream = mine.stream}
             {join batch b ON b.id = o.batch_id}
             {left join training_record t ON t.record_key = o.record_key AND t.source_id = d.source_id AND t.stream = d.stream}
             {join batch lb ON lb.id = (SELECT max(g.batch_id) FROM dead_letter_sighting g
               WHERE g.dead_letter_id = d.id AND g.outcome = 'parked')}
             WHERE d.state = 'open' AND o.state <> 'beside' AND lb.payload_id < b.payload_id",
            vec![],
            Rows::new().int("id", letters.iter().copied().map(Some)),
        )
        .await?;
    rows.iter().map(parse_candidate).collect()
}

fn parse_candidate(row: &Row) -> Result<Candidate, StoreError> {
    let (version, batch, index) = (row.int("source_version")?, row.int("batch_id")?, row.int("row_index")?);
    Ok(Candidate {
        letter: row.int("letter")?,
        letter_payload: row.int("letter_payload")?,
        record_key: row.bytes("record_key")?,
        record: row.opt_int("record_id")?,
        batch,
        address: row.text("address")?,
        rank: (version, batch, index),
        is_new: row.int("is_new")? == 1,
        same_place: row.int("same_place")? == 1,
        is_rejected: row.text("state")? == "rejected",
    })
}

/// How a dead letter was closed by its successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedSuccessor {
    /// The dead letter.
    pub letter: i64,
    /// Number of the record, if it is a training record.
    pub record: Option<i64>,
    /// The batch that received it.
    pub batch: i64,
    /// Where the record stood there.
    pub address: String,
    /// Who accepted it: a person, or a manifest such as `county@3`.
    pub by: String,
    /// Why, if a person did.
    pub because: Option<String>,
}

/// Loads the accepted successors of dead letters.
///
/// # Errors
/// [`StoreError`].
pub async fn load_accepted(tx: &mut Tx, letters: &[i64]) -> Result<Vec<AcceptedSuccessor>, StoreError> {
    if letters.is_empty() {
        return Ok(vec![]);
    }
    let rows = tx
        .fetch_rows_with(
            "SELECT c.dead_letter_id AS letter, c.batch_id AS batch_id, c.address AS address, c.decided_by AS decided_by,
                    c.because AS because, t.id AS record_id
             FROM {rows} {join letter_successor c ON c.dead_letter_id = incoming.id AND c.state = 'accepted'}
             {join dead_letter d ON d.id = c.dead_letter_id}
             {left join training_record t ON t.record_key = c.record_key AND t.source_id = d.source_id AND t.stream = d.stream}",
            vec![],
            Rows::new().int("id", letters.iter().copied().map(Some)),
        )
        .await?;
    let accepted = |row: &Row| {
        Ok(AcceptedSuccessor {
            letter: row.int("letter")?,
            record: row.opt_int("record_id")?,
            batch: row.int("batch_id")?,
            address: row.text("address")?,
            by: row.text("decided_by")?,
            because: row.opt_text("because")?,
        })
    };
    rows.iter().map(accepted).collect()
}

/// Loads the states of dead letters, by number. Numbers that do not exist are left out.
///
/// # Errors
/// [`StoreError`].
pub async fn load_states(tx: &mut Tx, letters: &[i64]) -> Result<BTreeMap<i64, DeadLetterState>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT d.id AS id, d.state AS state FROM {rows} {join dead_letter d ON d.id = incoming.id}",
            vec![],
            Rows::new().int("id", letters.iter().copied().map(Some)),
        )
        .await?;
    rows.iter().map(|row| Ok((row.int("id")?, row.parse_text("state")?))).collect()
}

/// Lists open dead letters of a source that have candidates, after a number: at most a thousand.
///
/// # Errors
/// [`StoreError`].
pub async fn list_letters_with_candidates(db: &Db, source: &str, after: i64) -> Result<Vec<i64>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT d.id AS id FROM dead_letter d JOIN source s ON s.id = d.source_id
             WHERE d.state = 'open' AND s.name = $1 AND d.id > $2
               AND EXISTS (SELECT 1 FROM letter_successor c WHERE c.dead_letter_id = d.id AND c.state = 'noticed')
             ORDER BY d.id LIMIT $3",
            vec![source.into(), after.into(), PAGE.into()],
        )
        .await?;
    rows.iter().map(|row| row.int("id")).collect()
}

/// Chooses the probable successor of each letter, if there is exactly one.
///
/// A record that was stored since the letter is preferred to one that was there before and came again; among several, the
/// one in the letter's own place. A record that was there before counts only in that place, and if it was not beside the
/// letter in its payload. Of two letters of one payload
/// with the same record, only the one in whose place it stands has it.
#[must_use]
pub fn choose_successors(candidates: &[Candidate]) -> BTreeMap<i64, &Candidate> {
    let mut of_letter: BTreeMap<i64, Vec<&Candidate>> = BTreeMap::new();
    let mut of_record: BTreeMap<&[u8], Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates.iter().filter(|candidate| !candidate.is_rejected) {
        of_letter.entry(candidate.letter).or_default().push(candidate);
        of_record.entry(&candidate.record_key).or_default().push(candidate);
    }
    let is_shared = |chosen: &Candidate| {
        let rivals = of_record.get(chosen.record_key.as_slice()).into_iter().flatten();
        rivals.into_iter().any(|rival| {
            let is_rival = rival.letter != chosen.letter && rival.letter_payload == chosen.letter_payload;
            is_rival && (rival.same_place || !chosen.same_place)
        })
    };
    let choose = |of: &[&'_ Candidate]| -> Option<usize> {
        let places = |wanted: &dyn Fn(&Candidate) -> bool| -> Vec<usize> {
            (0..of.len()).filter(|nth| wanted(of[*nth])).collect()
        };
        let new = places(&|candidate| candidate.is_new);
        let in_place = match new.len() {
            0 => places(&|candidate| candidate.same_place),
            1 => new,
            _ => places(&|candidate| candidate.is_new && candidate.same_place),
        };
        if let [only] = in_place.as_slice() { Some(*only) } else { None }
    };
    of_letter
        .into_iter()
        .filter_map(|(letter, of)| Some((letter, of[choose(&of)?])))
        .filter(|(_, chosen)| !is_shared(chosen))
        .collect()
}

/// Accepts records as the corrected versions of dead letters and closes those letters, as far as nothing newer of them is
/// parked. Returns the number of raw records that are superseded.
///
/// # Errors
/// [`StoreError`].
pub async fn accept_successors(
    tx: &mut Tx,
    chosen: &BTreeMap<i64, &Candidate>,
    by: &str,
    because: &str,
) -> Result<usize, StoreError> {
    tx.execute_with(
        "UPDATE letter_successor SET state = 'accepted', decided_at = {now}, decided_by = $1, because = nullif($2, '')
         FROM {rows} WHERE letter_successor.dead_letter_id = incoming.dead_letter_id
           AND letter_successor.record_key = incoming.record_key",
        vec![by.into(), because.into()],
        Rows::new()
            .int("dead_letter_id", chosen.keys().copied().map(Some))
            .bytes("record_key", chosen.values().map(|candidate| candidate.record_key.as_slice())),
    )
    .await?;
    let newest = chosen.iter().map(|(letter, candidate)| (*letter, candidate.rank)).collect();
    let superseded = dead_letters::supersede_sightings(tx, &newest).await?;
    dead_letters::mark_letters(tx, chosen.keys().copied()).await?;
    Ok(superseded)
}

/// A stream whose manifest accepts successors.
struct ClosingStream {
    source_id: i64,
    source: String,
    stream: String,
    /// Connector and version of the manifest, as `county@3`.
    manifest: String,
}

/// Closes dead letters by the successors that their streams' manifests accept. A stream is judged when no batch of it is being
/// delivered, because another candidate may come with it. Returns the number of raw records that are superseded.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn close_by_manifest(db: &Db, keys: &Keys) -> Result<usize, StoreError> {
    let mut total = 0;
    for stream in list_closing_streams(db).await? {
        let mut after = 0;
        loop {
            let letters = list_closing_letters(db, &stream, after).await?;
            let Some(last) = letters.last() else { break };
            after = *last;
            total += close_letters_of(db, keys, &stream, &letters).await?;
        }
    }
    Ok(total)
}

async fn list_closing_streams(db: &Db) -> Result<Vec<ClosingStream>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT d.source_id AS source_id, d.stream AS stream, s.name AS source, s.connector AS connector,
                    max(c.closes_by) AS closes_by
             FROM letter_successor c JOIN dead_letter d ON d.id = c.dead_letter_id JOIN source s ON s.id = d.source_id
             WHERE c.closes_by > 0 AND c.state = 'noticed' AND d.state = 'open'
               AND NOT EXISTS (SELECT 1 FROM batch b JOIN payload p ON p.id = b.payload_id
                 WHERE b.state IN ('due', 'claimed') AND p.source_id = d.source_id AND p.stream = d.stream)
             GROUP BY d.source_id, d.stream, s.name, s.connector",
            vec![],
        )
        .await?;
    let stream = |row: &Row| {
        Ok(ClosingStream {
            source_id: row.int("source_id")?,
            source: row.text("source")?,
            stream: row.text("stream")?,
            manifest: format!("{}@{}", row.text("connector")?, row.int("closes_by")?),
        })
    };
    rows.iter().map(stream).collect()
}

async fn list_closing_letters(db: &Db, of: &ClosingStream, after: i64) -> Result<Vec<i64>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT DISTINCT c.dead_letter_id AS id FROM letter_successor c JOIN dead_letter d ON d.id = c.dead_letter_id
             WHERE c.closes_by > 0 AND c.state = 'noticed' AND d.state = 'open' AND d.source_id = $1 AND d.stream = $2
               AND c.dead_letter_id > $3 ORDER BY c.dead_letter_id LIMIT $4",
            vec![of.source_id.into(), of.stream.as_str().into(), after.into(), PAGE.into()],
        )
        .await?;
    rows.iter().map(|row| row.int("id")).collect()
}

async fn close_letters_of(db: &Db, keys: &Keys, of: &ClosingStream, letters: &[i64]) -> Result<usize, StoreError> {
    let mut tx = db.begin().await?;
    dead_letters::lock_dead_letters(&mut tx, letters).await?;
    let candidates = load_candidates(&mut tx, letters).await?;
    let mut chosen = choose_successors(&candidates);
    chosen.retain(|letter, _| letters.binary_search(letter).is_ok());
    if chosen.is_empty() {
        return Ok(0);
    }
    let total = accept_successors(&mut tx, &chosen, &of.manifest, "").await?;
    let numbers: Vec<i64> = chosen.into_keys().collect();
    let detail =
        json!({ "because": "corrected = \"close\"", "stream": of.stream, "dead_letters": numbers }).to_string();
    let object = format!("source {}", of.source);
    let entry = NewEntry { actor: &of.manifest, action: "dead_letter.close", object: &object, detail: &detail };
    audit::append_entry(&mut tx, keys, entry).await?;
    tx.commit().await?;
    Ok(total)
}

/// Opens a dead letter again that was closed by a successor, and rejects that successor. Returns false if none closed it.
///
/// # Errors
/// [`StoreError`].
pub async fn reject_successor(tx: &mut Tx, letter: i64, by: &str, because: &str) -> Result<bool, StoreError> {
    dead_letters::lock_dead_letters(tx, &[letter]).await?;
    let rejected = tx
        .execute(
            "UPDATE letter_successor SET state = 'rejected', decided_at = {now}, decided_by = $2, because = $3
             WHERE dead_letter_id = $1 AND state = 'accepted'",
            vec![letter.into(), by.into(), because.into()],
        )
        .await?;
    if rejected == 0 {
        return Ok(false);
    }
    dead_letters::restore_sightings(tx, letter).await?;
    dead_letters::mark_letters(tx, std::iter::once(letter)).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(letter: i64, record: u8, is_new: bool, same_place: bool) -> Candidate {
        Candidate {
            letter,
            letter_payload: 1,
            record_key: vec![record],
            record: None,
            batch: 9,
            address: String::new(),
            rank: (0, 9, 0),
            is_new,
            same_place,
            is_rejected: false,
        }
    }

    fn chosen(candidates: &[Candidate]) -> Vec<(i64, u8)> {
        choose_successors(candidates).iter().map(|(letter, of)| (*letter, of.record_key[0])).collect()
    }

    #[test]
    fn one_new_record_is_the_successor() {
        assert_eq!(chosen(&[candidate(1, 1, true, false), candidate(1, 2, false, true)]), [(1, 1)]);
    }

    #[test]
    fn among_several_the_place_decides() {
        assert_eq!(chosen(&[candidate(1, 1, true, false), candidate(1, 2, true, true)]), [(1, 2)]);
        assert_eq!(chosen(&[candidate(1, 1, true, false), candidate(1, 2, true, false)]), []);
    }

    #[test]
    fn a_record_that_was_there_before_counts_in_its_place_only() {
        assert_eq!(chosen(&[candidate(1, 1, false, false)]), []);
        assert_eq!(chosen(&[candidate(1, 1, false, true)]), [(1, 1)]);
    }

    #[test]
    fn one_record_is_not_two_rows_of_one_payload() {
        assert_eq!(chosen(&[candidate(1, 1, true, false), candidate(2, 1, true, false)]), []);
        assert_eq!(chosen(&[candidate(1, 1, true, true), candidate(2, 1, true, false)]), [(1, 1)]);
        let later = Candidate { letter_payload: 2, ..candidate(2, 1, true, false) };
        assert_eq!(chosen(&[candidate(1, 1, true, false), later]), [(1, 1), (2, 1)]);
    }

    #[test]
    fn a_rejected_record_is_none() {
        assert_eq!(chosen(&[Candidate { is_rejected: true, ..candidate(1, 1, true, true) }]), []);
    }
}
