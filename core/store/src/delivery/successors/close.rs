//! Closes dead letters by the corrected versions of their records, and opens them again.

use std::collections::BTreeMap;

use serde_json::json;

use super::PAGE;
use super::candidates::{Candidate, choose_successors, load_candidates};
use crate::admin::audit::{self, NewEntry};
use crate::delivery::{dead_letters, reopen};
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_vault::keys::Keys;

/// Accepts records as the corrected versions of open dead letters and closes those letters. Returns the number of raw records that
/// are superseded.
///
/// # Errors
/// [`StoreError`].
pub async fn accept_successors(
    tx: &mut Tx,
    chosen: &BTreeMap<i64, &Candidate>,
    by: &str,
    because: &str,
) -> Result<usize, StoreError> {
    dead_letters::lock_dead_letters(tx, &chosen.keys().copied().collect::<Vec<_>>()).await?;
    tx.execute_with(
        "UPDATE letter_successor SET state = 'noticed', decided_at = NULL, decided_by = NULL, because = NULL
         FROM {rows} WHERE letter_successor.dead_letter_id = incoming.dead_letter_id AND letter_successor.state = 'accepted'",
        vec![],
        Rows::new().int("dead_letter_id", chosen.keys().copied().map(Some)),
    )
    .await?;
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

/// A stream whose manifest accepts probable successors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosingStream {
    /// Id of the connector.
    pub connector: String,
    /// Name of the stream.
    pub stream: String,
    /// Version of the manifest.
    pub version: i64,
}

/// A source's stream with letters that may be closed.
struct SourceStream {
    source_id: i64,
    source: String,
    stream: String,
    /// Connector and version of the manifest, as `county@3`.
    manifest: String,
}

/// Closes dead letters by their probable successors, in streams whose manifests say so. A stream is judged when nothing of it is
/// being received or waits for delivery, because another candidate may come with it. Returns the number of raw records that are
/// superseded.
///
/// # Errors
/// [`StoreError`].
pub async fn close_by_manifests(db: &Db, keys: &Keys, closing: &[ClosingStream]) -> Result<usize, StoreError> {
    let mut total = 0;
    for of_manifest in closing {
        for stream in list_source_streams(db, of_manifest).await? {
            let mut after = 0;
            loop {
                let letters = list_noticed_letters(db, &stream, after).await?;
                let Some(last) = letters.last() else { break };
                after = *last;
                total += close_letters_of(db, keys, &stream, &letters).await?;
            }
        }
    }
    Ok(total)
}

async fn list_source_streams(db: &Db, of: &ClosingStream) -> Result<Vec<SourceStream>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT s.id AS source_id, s.name AS source FROM source s
             WHERE s.connector = $1
               AND NOT EXISTS (SELECT 1 FROM sync_run r WHERE r.source_id = s.id AND r.state = 'running')
               AND NOT EXISTS (SELECT 1 FROM batch b JOIN payload p ON p.id = b.payload_id
                 WHERE b.state <> 'done' AND p.source_id = s.id AND p.stream = $2)",
            vec![of.connector.as_str().into(), of.stream.as_str().into()],
        )
        .await?;
    let stream = |row: &Row| {
        Ok(SourceStream {
            source_id: row.int("source_id")?,
            source: row.text("source")?,
            stream: of.stream.clone(),
            manifest: format!("{}@{}", of.connector, of.version),
        })
    };
    rows.iter().map(stream).collect()
}

async fn list_noticed_letters(db: &Db, of: &SourceStream, after: i64) -> Result<Vec<i64>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT d.id AS id FROM dead_letter d
             WHERE d.source_id = $1 AND d.stream = $2 AND d.state = 'open' AND d.blocking_key IS NOT NULL AND d.id > $3
               AND EXISTS (SELECT 1 FROM letter_successor c WHERE c.dead_letter_id = d.id AND c.state = 'noticed' AND c.is_new = 1)
             ORDER BY d.id LIMIT $4",
            vec![of.source_id.into(), of.stream.as_str().into(), after.into(), PAGE.into()],
        )
        .await?;
    rows.iter().map(|row| row.int("id")).collect()
}

async fn close_letters_of(db: &Db, keys: &Keys, of: &SourceStream, letters: &[i64]) -> Result<usize, StoreError> {
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

/// Opens a closed dead letter again that a successor closed, and rejects that successor. Returns false if it is not closed, or not
/// by a successor.
///
/// # Errors
/// [`StoreError`].
pub async fn reject_successor(tx: &mut Tx, letter: i64, by: &str, because: &str) -> Result<bool, StoreError> {
    dead_letters::lock_dead_letters(tx, &[letter]).await?;
    let rejected = tx
        .execute(
            "UPDATE letter_successor SET state = 'rejected', decided_at = {now}, decided_by = $2, because = $3
             WHERE dead_letter_id = $1 AND state = 'accepted'
               AND EXISTS (SELECT 1 FROM dead_letter d WHERE d.id = $1 AND d.state = 'closed')",
            vec![letter.into(), by.into(), because.into()],
        )
        .await?;
    if rejected == 0 {
        return Ok(false);
    }
    reopen::reopen_letters(tx, &[letter]).await?;
    Ok(true)
}
