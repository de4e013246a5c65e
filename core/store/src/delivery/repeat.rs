//! Repeated payloads: computes a batch's outcomes from the counters of an earlier batch with the same bytes, without
//! reading a record again.
//!
//! This applies only where the result is exact. Of the records that a batch wrote itself, the database knows how many are
//! still current (`held`, minus the records in `batch_loss`). Of those it received as copies of rows that others hold, it
//! keeps the keys ([`crate::delivery::copies`]), and compares these few with the tables. When the same bytes arrive under the
//! same activation, those records are unchanged, and the parked ones are parked again. Records that were overwritten by a
//! higher version are superseded. If any was overwritten only because something landed later (`tied`), or a copy is none
//! any more, the bytes are read again: now they are what landed last.

use std::collections::BTreeMap;

use crate::delivery::batch::{ClaimedBatch, Commit, Outcomes};
use crate::delivery::classify::OutcomeCounts;
use crate::delivery::confirm;
use crate::delivery::copies::{self, Copies};
use crate::delivery::dead_letters::{self, CopiedSightings};
use crate::delivery::finish::{BatchResult, finish_batch, finish_batches};
use crate::delivery::notices::{self, Repetition};
use crate::delivery::seen_keys;
use crate::delivery::successors;
use crate::delivery::versioned::Versioned as _;
use crate::intake::payloads::same_bytes;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_decode::{RosterRow, TrainingRecord};
use huiliu_manifest::{Stream, VersionFrom};

/// The most open dead letters of a stream that are looked through for those of a group's records.
const MANY_LETTERS: i64 = 5_000;

/// An earlier batch, in numbers of the books.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Earlier {
    pub id: i64,
    manifest_version: i64,
    superseded: i64,
    skipped: i64,
    withdrawn: i64,
    held: i64,
    pub elsewhere: i64,
    tied: i64,
    /// How many of the records that it wrote were overwritten, and how many of these only by a later landing.
    lost: i64,
    lost_tied: i64,
    /// Whether a dead letter was seen in it.
    has_sightings: bool,
}

impl Earlier {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.int("id")?,
            manifest_version: row.int("manifest_version")?,
            superseded: row.int("superseded")?,
            skipped: row.int("skipped")?,
            withdrawn: row.int("withdrawn")?,
            held: row.int("held")?,
            elsewhere: row.int("elsewhere")?,
            tied: row.int("tied")?,
            lost: row.int("lost")?,
            lost_tied: row.int("lost_tied")?,
            has_sightings: row.int("sightings")? == 1,
        })
    }

    /// Whether what came since leaves its counters exact.
    fn is_exact(&self) -> bool {
        self.tied + self.lost_tied + self.withdrawn == 0
    }

    /// Counts its valid records as they would be read now.
    pub fn count_again(&self) -> OutcomeCounts {
        let unchanged = self.held - self.lost + self.elsewhere;
        let outcomes = Outcomes { unchanged, superseded: self.superseded + self.lost, ..Outcomes::default() };
        OutcomeCounts { outcomes, held: 0, elsewhere: unchanged, tied: 0 }
    }
}

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
    let Some(found) = find_earlier(&mut tx, &[held], activation).await?.remove(&held.id) else { return Ok(None) };
    confirm::take_turn(&mut tx, held).await?;
    // Letters before the counter, as a load locks them. From then on no other batch of the stream overwrites a record
    // because it landed later, and the books are read once more.
    dead_letters::lock_letters_of(&mut tx, found.id).await?;
    confirm::lock_changes(&mut tx, held).await?;
    let has_earlier = confirm::read_stream_state(&mut tx, std::slice::from_ref(held)).await?.has_earlier;
    let Some(earlier) = find_earlier(&mut tx, &[held], activation).await?.remove(&held.id) else { return Ok(None) };
    if earlier.id != found.id || !earlier.is_exact() {
        return Ok(None);
    }
    // What it says of a record is older than a later batch that confirmed the record, and may be delivered already.
    if (earlier.has_sightings || earlier.skipped > 0) && confirm::has_confirmed_since(&mut tx, held).await? {
        return Ok(None);
    }
    let repetition = Repetition { original, earlier: earlier.id, activation, skipped: earlier.skipped, has_earlier };
    if has_letters_in_question(&mut tx, held, earlier.id, has_earlier, table).await?
        || notices::are_in_question(&mut tx, held, repetition).await?
    {
        return Ok(None);
    }
    let mut unchanged_copies = find_unchanged_copies(&mut tx, held, stream, [&earlier].into_iter()).await?;
    let Some(copied) = unchanged_copies.remove(&earlier.id) else { return Ok(None) };
    let CopiedSightings { parked, superseded: seen, discarded } =
        dead_letters::copy_sightings(&mut tx, held.id, earlier.id).await?;
    if parked + seen + discarded > 0 {
        successors::queue_later_batches(&mut tx, &[held]).await?;
    }
    if parked > 0 {
        // These sightings are newer than what was received since the earlier batch.
        dead_letters::mark_letters_of(&mut tx, held.id).await?;
    }
    if earlier.skipped > 0 {
        let sql = "INSERT INTO batch_skip (batch_id, because, records)
                   SELECT $1, because, sum(records) FROM batch_skip WHERE batch_id = $2 GROUP BY because";
        tx.execute(sql, vec![held.id.into(), earlier.id.into()]).await?;
    }
    let mut counts = earlier.count_again();
    counts.outcomes = Outcomes { skipped: earlier.skipped, parked, discarded, ..counts.outcomes };
    // A book that does not add up is not carried on: the bytes are read again.
    if seen > 0 || counts.outcomes.total() != i64::from(held.count) {
        return Ok(None);
    }
    if stream.complete && !seen_keys::copy_keys(&mut tx, held, original, activation).await? {
        return Ok(None);
    }
    if has_earlier && counts.elsewhere > 0 {
        confirm::keep_confirmed(&mut tx, held, Some(earlier.id), copies::to_confirmed(&copied)).await?;
    }
    let manifest_version = earlier.manifest_version;
    finish_batch(tx, &BatchResult { batch: held, manifest_version, activation, counts }).await.map(Some)
}

/// Commits those of some claimed batches of a stream of records that repeat earlier ones of which every record was valid,
/// in one transaction. Returns their outcomes. The others are left as they are.
///
/// # Errors
/// [`StoreError`]. Nothing was written then, unless the commit itself failed.
pub async fn commit_repeats(
    db: &Db,
    held: &[ClaimedBatch],
    stream: &Stream,
    activation: i64,
) -> Result<BTreeMap<i64, Outcomes>, StoreError> {
    let nothing = BTreeMap::new();
    let again: Vec<&ClaimedBatch> = held.iter().filter(|held| held.same_as.is_some()).collect();
    let Some(first) = again.first().copied().filter(|_| !stream.complete && !stream.kind.is_roster()) else {
        return Ok(nothing);
    };
    let mut tx = db.begin().await?;
    // Most of what cannot be counted is known without a lock.
    if !find_earlier(&mut tx, &again, activation).await?.values().any(is_plain) {
        return Ok(nothing);
    }
    confirm::take_turn(&mut tx, first).await?;
    confirm::lock_changes(&mut tx, first).await?;
    let state = confirm::read_stream_state(&mut tx, held).await?;
    if state.has_notices {
        return Ok(nothing);
    }
    let mut found = find_earlier(&mut tx, &again, activation).await?;
    found.retain(|_, earlier| is_plain(earlier));
    if state.has_open_letters {
        retain_without_letters(&mut tx, first, &mut found).await?;
    }
    let copied = find_unchanged_copies(&mut tx, first, stream, found.values()).await?;
    let counts_again = |held: &ClaimedBatch| {
        let earlier = found.get(&held.id)?;
        let counts = earlier.count_again();
        (copied.contains_key(&earlier.id) && counts.outcomes.total() == i64::from(held.count))
            .then_some((earlier, counts))
    };
    let mut done = vec![];
    let mut has_earlier = state.has_earlier;
    for one in held {
        let Some((earlier, counts)) = counts_again(one) else {
            has_earlier = true;
            continue;
        };
        if has_earlier && counts.elsewhere > 0 {
            let keys = copied.get(&earlier.id).map(|copied| copies::to_confirmed(copied)).unwrap_or_default();
            confirm::keep_confirmed(&mut tx, one, Some(earlier.id), keys).await?;
        }
        done.push(BatchResult { batch: one, manifest_version: earlier.manifest_version, activation, counts });
    }
    if done.is_empty() {
        return Ok(nothing);
    }
    let outcomes = done.iter().map(|done| (done.batch.id, done.counts.outcomes)).collect();
    Ok(if finish_batches(tx, &done).await? { outcomes } else { nothing })
}

/// Whether all of its raw records were valid, and nothing came since that leaves its counters inexact.
pub(crate) fn is_plain(earlier: &Earlier) -> bool {
    earlier.is_exact() && earlier.skipped == 0 && !earlier.has_sightings
}

/// Finds for each batch the newest earlier one with the same bytes, range and activation that was read, or that represents
/// all of its records itself.
async fn find_earlier(
    tx: &mut Tx,
    held: &[&ClaimedBatch],
    activation: i64,
) -> Result<BTreeMap<i64, Earlier>, StoreError> {
    let rows = Rows::new()
        .int("id", held.iter().map(|held| Some(held.id)))
        .int("same_as", held.iter().map(|held| held.same_as))
        .text("address", held.iter().map(|held| Some(held.address.as_str())))
        .int("first_record", held.iter().map(|held| Some(i64::from(held.first))))
        .int("record_count", held.iter().map(|held| Some(i64::from(held.count))));
    let found = tx
        .fetch_rows_with(
            &format!("WITH again AS (SELECT incoming.id AS id,
               (SELECT max(b.id) FROM {} JOIN batch b ON b.payload_id = same.id
                WHERE b.id < incoming.id AND b.first_record = incoming.first_record AND b.record_count = incoming.record_count
                  AND b.state = 'done' AND b.activation = $1 AND b.awaits_replay = 0
                  AND (b.elsewhere = 0 OR EXISTS (SELECT 1 FROM batch_copy c WHERE c.batch_id = b.id))) AS earlier
               FROM {{rows}})
             SELECT again.id AS again, again.earlier AS earlier FROM again WHERE again.earlier IS NOT NULL",
                same_bytes("incoming.same_as", "incoming.address")),
            vec![activation.into()],
            rows,
        )
        .await?;
    let pairs =
        found.iter().map(|row| Ok((row.int("again")?, row.int("earlier")?))).collect::<Result<_, StoreError>>()?;
    load_earlier(tx, &pairs).await
}

/// Loads earlier batches: batch → its earlier one.
pub(crate) async fn load_earlier(
    tx: &mut Tx,
    pairs: &BTreeMap<i64, i64>,
) -> Result<BTreeMap<i64, Earlier>, StoreError> {
    let rows =
        Rows::new().int("again", pairs.keys().copied().map(Some)).int("earlier", pairs.values().copied().map(Some));
    let found = tx
        .fetch_rows_with(
            "SELECT incoming.again AS again, b.id AS id, b.manifest_version AS manifest_version, b.superseded AS superseded,
               b.skipped AS skipped, b.withdrawn AS withdrawn, b.held AS held, b.elsewhere AS elsewhere, b.tied AS tied,
               CAST((SELECT coalesce(sum(l.records), 0) FROM batch_loss l WHERE l.batch_id = b.id) AS bigint) AS lost,
               CAST((SELECT coalesce(sum(l.tied), 0) FROM batch_loss l WHERE l.batch_id = b.id) AS bigint) AS lost_tied,
               coalesce((SELECT 1 FROM dead_letter_sighting s WHERE s.batch_id = b.id LIMIT 1), 0) AS sightings
             FROM {rows} {join batch b ON b.id = incoming.earlier}",
            vec![],
            rows,
        )
        .await?;
    found.iter().map(|row| Ok((row.int("again")?, Earlier::from_row(row)?))).collect()
}

/// Returns the copies of those earlier batches whose copies are all copies still.
pub(crate) async fn find_unchanged_copies(
    tx: &mut Tx,
    held: &ClaimedBatch,
    stream: &Stream,
    earlier: impl Iterator<Item = &Earlier> + Clone,
) -> Result<Copies, StoreError> {
    let by_landing = matches!(stream.version, VersionFrom::Landing {});
    let (with, without): (Vec<&Earlier>, Vec<&Earlier>) = earlier.partition(|earlier| earlier.elsewhere > 0);
    let mut unchanged: Copies = without.into_iter().map(|earlier| (earlier.id, vec![])).collect();
    if with.is_empty() {
        return Ok(unchanged);
    }
    let mut copied = copies::load_copies(tx, with.iter().map(|earlier| earlier.id)).await?;
    // A replay may have added others since.
    let number: BTreeMap<i64, i64> = with.iter().map(|earlier| (earlier.id, earlier.elsewhere)).collect();
    copied.retain(|batch, copied| number.get(batch) == Some(&copies::count_records(copied)));
    let counted = copies::count_unchanged(tx, held, by_landing, &copied).await?;
    copied.retain(|batch, copied| counted.get(batch) == Some(&copied.len()));
    unchanged.append(&mut copied);
    Ok(unchanged)
}

/// Leaves out earlier batches if a dead letter of one of their records is open, or may be corrected by one. Where a stream has
/// many open letters, none is kept.
pub(crate) async fn retain_without_letters(
    tx: &mut Tx,
    held: &ClaimedBatch,
    found: &mut BTreeMap<i64, Earlier>,
) -> Result<(), StoreError> {
    let of = || vec![held.source_id.into(), held.stream.as_str().into()];
    let open = "SELECT d.id FROM dead_letter d WHERE d.source_id + 0 = $1 AND d.stream = $2 AND d.state = 'open'";
    let sql = format!("SELECT count(*) AS n FROM ({open} LIMIT {MANY_LETTERS}) AS some");
    if tx.fetch_rows(&sql, of()).await?.first().map_or(Ok(0), |row| row.int("n"))? >= MANY_LETTERS {
        found.clear();
        return Ok(());
    }
    let sql = "SELECT max(d.batch_id) AS newest FROM dead_letter d
               WHERE d.source_id + 0 = $1 AND d.stream = $2 AND d.state = 'open' AND d.blocking_key IS NOT NULL";
    let newest = tx.fetch_rows(sql, of()).await?.first().map_or(Ok(None), |row| row.opt_int("newest"))?;
    found.retain(|_, earlier| newest.is_none_or(|newest| earlier.id >= newest));
    let lettered = tx
        .fetch_rows(
            "SELECT DISTINCT t.batch_id AS batch_id FROM dead_letter d
             {join training_record t ON t.source_id = d.source_id AND t.stream = d.stream AND t.record_key = d.dead_letter_key}
             WHERE d.source_id + 0 = $1 AND d.stream = $2 AND d.state = 'open'",
            of(),
        )
        .await?;
    let lettered = lettered.iter().map(|row| row.int("batch_id")).collect::<Result<Vec<_>, _>>()?;
    found.retain(|_, earlier| !lettered.contains(&earlier.id));
    Ok(())
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
            "SELECT d.id AS id FROM dead_letter d WHERE d.source_id + 0 = $1 AND d.stream = $2 AND d.state = 'open'
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
