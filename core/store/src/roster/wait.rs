//! Dead letters of rosters that wait for a school or person. When it arrives they become ready, and are replayed
//! automatically.

use std::collections::{BTreeMap, BTreeSet};

use crate::delivery::batch::ClaimedBatch;
use crate::delivery::replays::{Wanted, group_by_batch};
use crate::roster::sift::Wait;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;

/// Saves what dead letters wait for.
///
/// # Errors
/// [`StoreError`].
pub async fn add_waits(tx: &mut Tx, held: &ClaimedBatch, waits: &BTreeSet<Wait>) -> Result<(), StoreError> {
    if waits.is_empty() {
        return Ok(());
    }
    tx.execute_with(
        "INSERT INTO roster_wait (dead_letter_id, need, source_id, value)
         SELECT d.id, incoming.need, $1, incoming.value FROM {rows} {join dead_letter d
           ON d.dead_letter_key = incoming.dead_letter_key AND d.source_id = $1 AND d.stream = $2 AND d.state || '' = 'open'}
         WHERE true ON CONFLICT (dead_letter_id, need, value) DO UPDATE SET ready = 0",
        vec![held.source_id.into(), held.stream.as_str().into()],
        Rows::new()
            .bytes("dead_letter_key", waits.iter().map(|wait| wait.dead_letter_key.as_slice()))
            .text("need", waits.iter().map(|wait| Some(wait.need.what)))
            .text("value", waits.iter().map(|wait| Some(wait.need.value.as_str()))),
    )
    .await?;
    Ok(())
}

/// Marks the dead letters as ready that wait for what has arrived: school codes, and the source's own ids of schools
/// (with their codes) and of persons.
pub(super) async fn mark_ready(
    tx: &mut Tx,
    held: &ClaimedBatch,
    codes: &BTreeSet<String>,
    refs: &BTreeMap<String, String>,
    persons: &BTreeSet<&str>,
) -> Result<(), StoreError> {
    let come = codes.iter().map(|code| ("school_code", code.as_str()));
    let come = come.chain(refs.keys().map(|own| ("school_ref", own.as_str())));
    let come: Vec<(&str, &str)> = come.chain(persons.iter().map(|own| ("teacher_ref", *own))).collect();
    if come.is_empty() {
        return Ok(());
    }
    tx.execute_with(
        "UPDATE roster_wait SET ready = 1 FROM {rows}
         WHERE roster_wait.value = incoming.value AND roster_wait.need = incoming.need
           AND (incoming.need = 'school_code' OR roster_wait.source_id = $1)",
        vec![held.source_id.into()],
        Rows::new()
            .text("need", come.iter().map(|(need, _)| Some(*need)))
            .text("value", come.iter().map(|(_, value)| Some(*value))),
    )
    .await?;
    Ok(())
}

/// Dead letters that are ready, and their raw records. Both are empty if none is ready.
#[derive(Debug, Default)]
pub struct ReadyLetters {
    /// Numbers of the dead letters.
    pub letters: BTreeSet<i64>,
    /// Their raw records, by batch.
    pub batches: BTreeMap<i64, Wanted>,
}

/// Takes the raw records of at most `most` ready dead letters, grouped by batch.
///
/// # Errors
/// [`StoreError`].
pub async fn take_ready(db: &Db, most: i64) -> Result<ReadyLetters, StoreError> {
    let none = "SELECT w.dead_letter_id AS dead_letter_id FROM roster_wait w WHERE w.ready > 0 LIMIT 1";
    if db.fetch_rows(none, vec![]).await?.is_empty() {
        return Ok(ReadyLetters::default());
    }
    let mut tx = db.begin().await?;
    let sql = "UPDATE roster_wait SET ready = 2 WHERE ready > 0 AND dead_letter_id IN (
                 SELECT w.dead_letter_id FROM roster_wait w WHERE w.ready > 0 ORDER BY w.dead_letter_id LIMIT $1)
               RETURNING dead_letter_id";
    let begun = tx.fetch_rows(sql, vec![most.into()]).await?;
    let letters: BTreeSet<i64> = begun.iter().map(|row| row.int("dead_letter_id")).collect::<Result<_, _>>()?;
    let rows = tx
        .fetch_rows_with(
            "SELECT s.batch_id, s.record_index, s.dead_letter_id, CAST(NULL AS bigint) AS record_id, s.address FROM {rows}
             {join dead_letter d ON d.id = incoming.dead_letter_id AND d.state = 'open'}
             {join dead_letter_sighting s ON s.dead_letter_id = d.id AND s.outcome = 'parked' AND s.awaits_replay = 0}
             ORDER BY s.batch_id, s.record_index",
            vec![],
            Rows::new().int("dead_letter_id", letters.iter().copied().map(Some)),
        )
        .await?;
    tx.commit().await?;
    Ok(ReadyLetters { letters, batches: group_by_batch(&rows)? })
}

/// Deletes the waits of replayed letters that [`take_ready`] took. Waits that became ready since, or are still not
/// ready, stay.
///
/// # Errors
/// [`StoreError`].
pub async fn delete_taken(db: &Db, letters: &BTreeSet<i64>) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    tx.execute_with(
        "DELETE FROM roster_wait WHERE ready = 2 AND dead_letter_id IN (SELECT dead_letter_id FROM {rows})",
        vec![],
        Rows::new().int("dead_letter_id", letters.iter().copied().map(Some)),
    )
    .await?;
    tx.commit().await
}
