//! Closes dead letters by the corrected versions of their records, and opens them again.

use std::collections::BTreeMap;

use serde_json::json;

use super::PAGE;
use super::candidates::{Candidate, choose_successors, load_candidates};
use crate::admin::audit::{self, NewEntry};
use crate::delivery::dead_letters;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_vault::keys::Keys;

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
