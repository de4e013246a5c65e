//! Sound records that a person has parked until a replay. Their sightings say so, and do not make the stored versions of the records
//! disputed.

use std::collections::{BTreeMap, BTreeSet};

use crate::delivery::batch::ClaimedBatch;
use crate::delivery::dead_letters::{self, StillParked};
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_decode::{Parked, Problem};

/// Letters per statement.
const LETTERS: usize = 10_000;

/// SQL condition: the letter `d` does not only await a replay, which its sender can do nothing about.
pub(super) const HAS_FAULT: &str = "d.reasons NOT LIKE '%\"record.awaits_replay\"%'";

/// Returns those of some letters whose newest raw record awaits a replay, in ascending order.
///
/// # Errors
/// [`StoreError`].
pub async fn find_letters(tx: &mut Tx, letters: &[i64]) -> Result<Vec<i64>, StoreError> {
    let sql = format!(
        "SELECT d.id AS id FROM {{rows}} {{join dead_letter d ON d.id = incoming.id}} WHERE NOT ({HAS_FAULT}) ORDER BY d.id"
    );
    let rows = tx.fetch_rows_with(&sql, vec![], Rows::new().int("id", letters.iter().copied().map(Some))).await?;
    rows.iter().map(|row| row.int("id")).collect()
}

/// Ends the discarded letters under the keys of sound records that are parked, so that these open them again, with their own content:
/// a delivery would load such a record in spite of its letter.
pub(crate) async fn end_discarded(tx: &mut Tx, held: &ClaimedBatch, all: &[Parked<'_>]) -> Result<(), StoreError> {
    let keys: Vec<&[u8]> =
        all.iter().filter(|parked| parked.awaits_replay()).map(|parked| parked.dead_letter_key.as_slice()).collect();
    if keys.is_empty() {
        return Ok(());
    }
    // Any content is newer than none.
    tx.execute_with(
        "UPDATE dead_letter SET state = 'closed', source_version = NULL, batch_id = 0, record_index = 0 FROM {rows}
         WHERE dead_letter.dead_letter_key = incoming.dead_letter_key AND dead_letter.source_id = $1 AND dead_letter.stream = $2
           AND dead_letter.state = 'discarded'",
        vec![held.source_id.into(), held.stream.as_str().into()],
        Rows::new().bytes("dead_letter_key", keys),
    )
    .await?;
    Ok(())
}

/// Notes that raw records are parked for faults of their own, and no longer until a replay. Their letters speak of stored records
/// from now on.
pub(crate) async fn end_waiting(tx: &mut Tx, held: &ClaimedBatch, still: &[StillParked<'_>]) -> Result<(), StoreError> {
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
/// parks them again. Returns their number.
pub(crate) async fn restore_waiting(tx: &mut Tx, replay: i64) -> Result<usize, StoreError> {
    let sql = "UPDATE dead_letter_sighting SET awaits_replay = 1
         WHERE awaits_replay = 0 AND (SELECT 1 FROM replay_item i
           JOIN replay_step p ON p.replay_id = i.replay_id AND i.batch_id >= p.first_batch AND i.batch_id <= p.last_batch
           WHERE i.replay_id = $1 AND i.awaits_replay = 1 AND i.outcome = 'parked' AND p.applied_at IS NOT NULL
             AND i.batch_id = dead_letter_sighting.batch_id AND i.record_index = dead_letter_sighting.record_index) IS NOT NULL
         AND batch_id IN (SELECT i.batch_id FROM replay_item i
           WHERE i.replay_id = $1 AND i.awaits_replay = 1 AND i.outcome = 'parked')
         RETURNING dead_letter_id, batch_id, record_index";
    let restored = tx.fetch_rows(sql, vec![replay.into()]).await?;
    let letters: BTreeSet<i64> = restored.iter().map(|row| row.int("dead_letter_id")).collect::<Result<_, _>>()?;
    restore_reasons(tx, &restored).await?;
    dead_letters::mark_letters(tx, letters.into_iter()).await?;
    Ok(restored.len())
}

/// Says of raw records again that they await a replay, where their letters are about them. Their causes are found anew when
/// somebody asks for causes.
async fn restore_reasons(tx: &mut Tx, restored: &[Row]) -> Result<(), StoreError> {
    let batches: BTreeSet<i64> = restored.iter().map(|row| row.int("batch_id")).collect::<Result<_, _>>()?;
    let sql = "SELECT b.id AS id, b.payload_id AS payload_id FROM {rows} {join batch b ON b.id = incoming.id}";
    let wanted = Rows::new().int("id", batches.into_iter().map(Some));
    let payloads: BTreeMap<i64, i64> = tx
        .fetch_rows_with(sql, vec![], wanted)
        .await?
        .iter()
        .map(|row| Ok((row.int("id")?, row.int("payload_id")?)))
        .collect::<Result<_, StoreError>>()?;
    for some in restored.chunks(LETTERS) {
        let mut reasons = Vec::with_capacity(some.len());
        for row in some {
            let payload = payloads.get(&row.int("batch_id")?).copied().unwrap_or_default();
            reasons.push(Problem::to_stored(&[Problem::awaits_replay(payload)]));
        }
        let number = |name: &'static str| some.iter().map(|row| row.int(name).ok()).collect::<Vec<_>>();
        let rows = Rows::new()
            .int("id", number("dead_letter_id"))
            .int("batch_id", number("batch_id"))
            .int("record_index", number("record_index"))
            .text("reasons", reasons.iter().map(|reasons| Some(reasons.as_str())));
        tx.execute_with(
            "UPDATE dead_letter SET reasons = incoming.reasons, cause_set_id = NULL, faulty_fields = NULL, blocking_fields = NULL,
               blocking_key = NULL, sound_digest = NULL
             FROM {rows} WHERE dead_letter.id = incoming.id AND dead_letter.batch_id = incoming.batch_id
               AND dead_letter.record_index = incoming.record_index",
            vec![],
            rows,
        )
        .await?;
    }
    Ok(())
}
