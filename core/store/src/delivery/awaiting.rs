//! Sound records that a person has parked until a replay. Their sightings say so, and do not make the stored versions of the records
//! disputed.

use std::collections::BTreeSet;

use crate::admin::filter::fetch_count;
use crate::delivery::batch::ClaimedBatch;
use crate::delivery::dead_letters::{self, StillParked, WrittenLetters};
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;
use huiliu_decode::Parked;

/// Counts the raw records of a payload that await a replay.
///
/// # Errors
/// [`StoreError`].
pub async fn count(db: &Db, payload: i64) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) AS n FROM batch b JOIN dead_letter_sighting s ON s.batch_id = b.id
               WHERE b.payload_id = $1 AND s.awaits_replay = 1 AND s.outcome = 'parked'";
    fetch_count(db, sql, vec![payload.into()]).await
}

/// Opens the letters of sound records that are parked until a replay.
pub(crate) async fn open_letters(
    tx: &mut Tx,
    letters: &mut WrittenLetters,
    all: &[Parked<'_>],
) -> Result<(), StoreError> {
    let mut opened = vec![];
    for parked in all.iter().filter(|parked| parked.awaits_replay()) {
        if let Some((id, discarded)) = letters.get_mut(&parked.dead_letter_key)
            && std::mem::take(discarded)
        {
            opened.push(*id);
        }
    }
    let sql = "UPDATE dead_letter SET state = 'open' WHERE id IN (SELECT id FROM {rows})";
    tx.execute_with(sql, vec![], Rows::new().int("id", opened.into_iter().map(Some))).await?;
    Ok(())
}

/// Notes that raw records are parked for faults of their own, and no longer until a replay. Their letters speak of stored records
/// from now on.
pub(crate) async fn end(tx: &mut Tx, held: &ClaimedBatch, still: &[StillParked<'_>]) -> Result<(), StoreError> {
    let of = || still.iter().filter(|of| !of.parked.awaits_replay());
    let ended = tx
        .fetch_rows_with(
            "UPDATE dead_letter_sighting SET awaits_replay = 0 WHERE batch_id = $1 AND awaits_replay = 1
               AND record_index IN (SELECT record_index FROM {rows}) RETURNING dead_letter_id",
            vec![held.id.into()],
            Rows::new().int("record_index", of().map(|of| Some(of.parked.index.into()))),
        )
        .await?;
    let ended: Vec<i64> = ended.iter().map(|row| row.int("dead_letter_id")).collect::<Result<_, _>>()?;
    dead_letters::mark_letters(tx, ended.into_iter()).await
}

/// Lets raw records await a replay again that this replay had found to be faulty, also those that ended as older since: an undo
/// parks them again.
pub(crate) async fn restore(tx: &mut Tx, replay: i64) -> Result<(), StoreError> {
    let sql = "UPDATE dead_letter_sighting SET awaits_replay = 1
         WHERE awaits_replay = 0 AND (SELECT 1 FROM replay_item i
           JOIN replay_step p ON p.replay_id = i.replay_id AND i.batch_id >= p.first_batch AND i.batch_id <= p.last_batch
           WHERE i.replay_id = $1 AND i.awaits_replay = 1 AND i.outcome = 'parked' AND p.applied_at IS NOT NULL
             AND i.batch_id = dead_letter_sighting.batch_id AND i.record_index = dead_letter_sighting.record_index) IS NOT NULL
         AND batch_id IN (SELECT i.batch_id FROM replay_item i
           WHERE i.replay_id = $1 AND i.awaits_replay = 1 AND i.outcome = 'parked')
         RETURNING dead_letter_id";
    let letters = tx.fetch_rows(sql, vec![replay.into()]).await?;
    let letters: BTreeSet<i64> = letters.iter().map(|row| row.int("dead_letter_id")).collect::<Result<_, _>>()?;
    dead_letters::mark_letters(tx, letters.into_iter()).await
}
