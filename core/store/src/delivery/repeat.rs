//! Repeated payloads: computes a batch's outcomes from the counters of an earlier batch with the same bytes, without
//! reading a record again.
//!
//! This applies only where the result is exact. If a batch wrote all of its newest records itself (`elsewhere` is 0),
//! the database knows how many of them are still current (`held`, minus the records in `batch_loss`). When the same
//! bytes arrive under the same activation, those records are unchanged, and the parked ones are parked again. Records
//! that were overwritten by a higher version are superseded. If any was overwritten only because something landed
//! later (`tied`), the bytes are read again: now they are what landed last.

use crate::delivery::batch::{ClaimedBatch, Commit, Outcomes};
use crate::delivery::classify::OutcomeCounts;
use crate::delivery::confirm;
use crate::delivery::dead_letters::{self, CopiedSightings};
use crate::delivery::finish::{BatchResult, finish_batch};
use crate::delivery::notices::{self, Repetition};
use crate::delivery::seen_keys;
use crate::delivery::successors;
use crate::delivery::versioned::Versioned as _;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Row;
use huiliu_decode::{RosterRow, TrainingRecord};
use huiliu_manifest::Stream;

/// Commits a claimed batch as a repetition of an earlier one. Returns `None` if the outcomes cannot be computed
/// exactly.
///
/// # Errors
/// [`StoreError`].
pub async fn commit_repeat(
    db: &Db,
    held: &ClaimedBatch,
    stream: &Stream,
    activation: i64,
) -> Result<Option<Commit>, StoreError> {
    let Some(original) = held.same_as else { return Ok(None) };
    let table = if stream.kind.is_roster() { RosterRow::TABLE } else { TrainingRecord::TABLE };
    let mut tx = db.begin().await?;
    let Some(found) = find_earlier(&mut tx, held, original, activation).await? else { return Ok(None) };
    // Letters before the counter, as a load locks them. From then on no other batch of the stream overwrites a record
    // because it landed later, and the books are read once more.
    dead_letters::lock_letters_of(&mut tx, found.int("id")?).await?;
    confirm::lock_changes(&mut tx, held).await?;
    let has_earlier = confirm::read_stream_state(&mut tx, std::slice::from_ref(held)).await?.has_earlier;
    let Some(row) = find_earlier(&mut tx, held, original, activation).await? else { return Ok(None) };
    if row.int("id")? != found.int("id")? {
        return Ok(None);
    }
    let (earlier, manifest_version) = (row.int("id")?, row.int("manifest_version")?);
    let repetition = Repetition { original, earlier, activation, skipped: row.int("skipped")?, has_earlier };
    if row.int("tied")? + row.int("lost_tied")? > 0
        || row.int("withdrawn")? > 0
        || has_letters_in_question(&mut tx, held, earlier, has_earlier, table).await?
        || notices::are_in_question(&mut tx, held, repetition).await?
    {
        return Ok(None);
    }
    let CopiedSightings { parked, superseded: seen, discarded } =
        dead_letters::copy_sightings(&mut tx, held.id, earlier).await?;
    if parked + seen + discarded > 0 {
        successors::queue_later_batches(&mut tx, &[held]).await?;
    }
    if parked > 0 {
        // These sightings are newer than what was received since the earlier batch.
        dead_letters::mark_letters_of(&mut tx, held.id).await?;
    }
    let again = vec![held.id.into(), earlier.into()];
    let copied = "INSERT INTO batch_skip (batch_id, because, records)
                  SELECT $1, because, sum(records) FROM batch_skip WHERE batch_id = $2 GROUP BY because";
    let skipped = row.int("skipped")?;
    if skipped > 0 {
        tx.execute(copied, again).await?;
    }
    let (unchanged, superseded) = (row.int("held")? - row.int("lost")?, row.int("superseded")? + row.int("lost")?);
    let outcomes = Outcomes { unchanged, superseded, skipped, parked, discarded, ..Outcomes::default() };
    // A book that does not add up is not carried on: the bytes are read again.
    if seen > 0 || unchanged + superseded + skipped + parked + discarded != i64::from(held.count) {
        return Ok(None);
    }
    if stream.complete && !seen_keys::copy_keys(&mut tx, held, original, activation).await? {
        return Ok(None);
    }
    if has_earlier && unchanged > 0 {
        confirm::keep_confirmed(&mut tx, held, Some(earlier), vec![]).await?;
    }
    let counts = OutcomeCounts { outcomes, held: 0, elsewhere: unchanged, tied: 0 };
    finish_batch(tx, &BatchResult { batch: held, manifest_version, activation, counts }).await.map(Some)
}

/// Finds the newest earlier batch with the same bytes, range and activation that represents all of its records itself.
async fn find_earlier(
    tx: &mut Tx,
    held: &ClaimedBatch,
    original: i64,
    activation: i64,
) -> Result<Option<Row>, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT b.id AS id, b.manifest_version AS manifest_version, b.skipped AS skipped, b.withdrawn AS withdrawn, b.superseded AS superseded,
                    b.held AS held, b.tied AS tied,
                    CAST((SELECT coalesce(sum(l.records), 0) FROM batch_loss l WHERE l.batch_id = b.id) AS bigint) AS lost,
                    CAST((SELECT coalesce(sum(l.tied), 0) FROM batch_loss l WHERE l.batch_id = b.id) AS bigint) AS lost_tied
             FROM payload p JOIN batch b ON b.payload_id = p.id
             WHERE (p.id = $1 OR p.same_as = $1) AND p.address = $2 AND b.id < $3 AND b.first_record = $4
               AND b.record_count = $5 AND b.state = 'done' AND b.activation = $6 AND b.elsewhere = 0 ORDER BY b.id DESC LIMIT 1",
            vec![
                original.into(),
                held.address.as_str().into(),
                held.id.into(),
                i64::from(held.first).into(),
                i64::from(held.count).into(),
                activation.into(),
            ],
        )
        .await?;
    Ok(rows.into_iter().next())
}

/// Returns true if reading the bytes again could decide a dead letter otherwise than copying it does: a raw record of
/// the earlier batch was superseded, a dead letter shows the content of another batch or may get it from one that waits, or a
/// dead letter of a record that the batch stores was seen since and is open, or one that a record of the batch may correct.
async fn has_letters_in_question(
    tx: &mut Tx,
    held: &ClaimedBatch,
    earlier: i64,
    has_earlier: bool,
    table: &str,
) -> Result<bool, StoreError> {
    let superseded = tx
        .fetch_rows(
            "SELECT s.batch_id AS batch_id FROM dead_letter_sighting s JOIN dead_letter d ON d.id = s.dead_letter_id
             WHERE s.batch_id = $1 AND ($2 = 1 OR s.outcome = 'superseded' OR d.batch_id <> s.batch_id) LIMIT 1",
            vec![earlier.into(), i64::from(has_earlier).into()],
        )
        .await?;
    if !superseded.is_empty() {
        return Ok(true);
    }
    // A record of the batch may be the corrected version of a row that came since.
    let since = tx
        .fetch_rows(
            "SELECT d.id AS id FROM dead_letter d WHERE d.source_id = $1 AND d.stream = $2 AND d.state = 'open'
               AND d.blocking_key IS NOT NULL AND d.batch_id > $3 LIMIT 1",
            vec![held.source_id.into(), held.stream.as_str().into(), earlier.into()],
        )
        .await?;
    if !since.is_empty() {
        return Ok(true);
    }
    let open = tx
        .fetch_rows(
            &format!(
                "SELECT s.dead_letter_id AS id FROM dead_letter_sighting s JOIN dead_letter d ON d.id = s.dead_letter_id
                 JOIN {table} t ON t.source_id = d.source_id AND t.stream = d.stream AND t.record_key = d.dead_letter_key
                 WHERE s.batch_id >= $1 AND s.batch_id < $2 AND d.state = 'open' AND d.source_id = $3 AND d.stream = $4
                   AND t.batch_id = $1 LIMIT 1"
            ),
            vec![earlier.into(), held.id.into(), held.source_id.into(), held.stream.as_str().into()],
        )
        .await?;
    Ok(!open.is_empty())
}
