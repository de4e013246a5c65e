//! Dead letters: one per key, with a sighting for each bad raw record; how they are written, resolved, discarded and
//! closed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::admin::sealing;
use crate::delivery::awaiting;
use crate::delivery::batch::{ClaimedBatch, Load};
use crate::delivery::causes;
use crate::delivery::classify::OutcomeCounts;
use crate::delivery::due_letters;
use crate::delivery::successors::{self, ClosingStream};
use crate::identity::identifiers::{self, Index};
use crate::ledger::groups::{self, Group};
use crate::ledger::marks;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;
use huiliu_decode::{Parked, Problem};
use huiliu_values::{DeadLetterState, RecordOutcome};
use huiliu_vault::keys::Keys;

/// The columns of a dead letter that come from the newest bad version of its record.
const CONTENT: [&str; 16] = [
    "source_version",
    "batch_id",
    "record_index",
    "activation",
    "raw_digest",
    "address",
    "record_name",
    "reasons",
    "raw_sealed",
    "manifest_version",
    "faulty_fields",
    "blocking_fields",
    "blocking_key",
    "sound_digest",
    "cause_set_id",
    "blind_index",
];

/// Writes dead letters and sightings, and counts them for their batches. A letter that a person discarded stays discarded, unless
/// a sound record is parked until a replay: it would be loaded otherwise.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn park_records(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &Load<'_>,
    all: &[Parked<'_>],
    counts: &mut BTreeMap<i64, OutcomeCounts>,
) -> Result<(), StoreError> {
    if all.is_empty() {
        return Ok(());
    }
    sealing::require_current(tx, keys).await?;
    awaiting::end_discarded(tx, held, all).await?;
    let letters = write_dead_letters(tx, keys, held, load, all).await?;
    // A good newer version may be stored already.
    due_letters::add_keys(tx, held, letters.keys().copied()).await?;
    let mut outcome_of = Vec::with_capacity(all.len());
    for parked in all {
        let (id, discarded) = letters
            .get(&parked.dead_letter_key)
            .copied()
            .ok_or_else(|| StoreError::Column { column: "dead_letter.id".into() })?;
        let outcomes = &mut counts.entry(parked.batch).or_default().outcomes;
        *(if discarded { &mut outcomes.discarded } else { &mut outcomes.parked }) += 1;
        outcome_of.push((id, if discarded { RecordOutcome::Discarded } else { RecordOutcome::Parked }));
    }
    let rows = Rows::new()
        .int("batch_id", all.iter().map(|p| Some(p.batch)))
        .int("record_index", all.iter().map(|p| Some(p.index.into())))
        .int("dead_letter_id", outcome_of.iter().map(|(id, _)| Some(*id)))
        .text("address", all.iter().map(|p| Some(p.address.as_str())))
        .int("source_version", all.iter().map(|p| p.source_version))
        .int("activation", all.iter().map(|_| Some(load.activation)))
        .text("outcome", outcome_of.iter().map(|(_, outcome)| Some(outcome.as_str())))
        .short("awaits_replay", all.iter().map(|p| Some(i64::from(p.awaits_replay()))));
    tx.insert_rows("dead_letter_sighting", rows).await?;
    let sound: BTreeSet<i64> = all.iter().filter(|p| p.sound_fields.is_some()).map(|p| p.batch).collect();
    let sound: Vec<&ClaimedBatch> = load.held.iter().filter(|held| sound.contains(&held.id)).collect();
    successors::queue_later_batches(tx, &sound).await
}

/// What parked records are grouped and found by: the set of their causes, and the blind index of the ID number.
struct Grouping {
    sets: Vec<i64>,
    indexes: Vec<Option<Index>>,
}

impl Grouping {
    async fn find_or_make<'l>(
        tx: &mut Tx,
        keys: &Keys,
        held: &ClaimedBatch,
        parked: impl Iterator<Item = &'l Parked<'l>> + Clone,
    ) -> Result<Self, StoreError> {
        let index = |parked: &Parked<'_>| Some(identifiers::compute_index(keys, parked.id_number.as_ref()?.reveal()));
        let problems = parked.clone().map(|parked| parked.problems.as_slice());
        let sets = causes::find_or_make_sets(tx, keys, held.source_id, &held.stream, problems).await?;
        Ok(Self { sets, indexes: parked.map(index).collect() })
    }

    fn add_to<'l>(&'l self, rows: Rows<'l>) -> Rows<'l> {
        rows.int("cause_set_id", self.sets.iter().copied().map(Some))
            .opt_bytes("blind_index", self.indexes.iter().map(|index| index.as_ref().map(Index::as_slice)))
    }
}

/// Adds what the corrected versions of parked records are found by.
fn add_sound_fields<'l>(rows: Rows<'l>, parked: impl Iterator<Item = &'l Parked<'l>> + Clone) -> Rows<'l> {
    let of = || parked.clone().map(|parked| parked.sound_fields.as_ref());
    rows.text("faulty_fields", of().map(|sound| sound.map(|sound| sound.faulty_fields.as_str())))
        .text("blocking_fields", of().map(|sound| sound.map(|sound| sound.blocking_fields)))
        .opt_bytes("blocking_key", of().map(|sound| sound.map(|sound| sound.blocking_key.as_slice())))
        .opt_bytes("sound_digest", of().map(|sound| sound.map(|sound| sound.digest.as_slice())))
}

/// Writes the dead letters. Returns letter key → id of the letter, and whether a person has discarded it.
async fn write_dead_letters(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &Load<'_>,
    all: &[Parked<'_>],
) -> Result<HashMap<[u8; 16], (i64, bool)>, StoreError> {
    let order = |p: &Parked| (p.source_version, p.batch, p.index);
    let mut newest: BTreeMap<[u8; 16], &Parked> = BTreeMap::new();
    for parked in all {
        let held = newest.entry(parked.dead_letter_key).or_insert(parked);
        if order(parked) > order(held) {
            *held = parked;
        }
    }
    let letters: Vec<&Parked> = newest.into_values().collect();
    let seal = |p: &&Parked| keys.seal(&[b"dead_letter", b"raw_sealed", &p.dead_letter_key], p.raw.as_bytes());
    let sealed: Vec<Vec<u8>> = letters.iter().map(seal).collect::<Result<_, _>>()?;
    let reasons: Vec<String> = letters.iter().map(|p| Problem::to_stored(&p.problems)).collect();
    let grouping = Grouping::find_or_make(tx, keys, held, letters.iter().copied()).await?;
    let rows = Rows::new()
        .bytes("dead_letter_key", letters.iter().map(|p| p.dead_letter_key.as_slice()))
        .int("source_version", letters.iter().map(|p| p.source_version))
        .int("batch_id", letters.iter().map(|p| Some(p.batch)))
        .int("record_index", letters.iter().map(|p| Some(p.index.into())))
        .bytes("raw_digest", letters.iter().map(|p| p.raw_digest.as_slice()))
        .text("address", letters.iter().map(|p| Some(p.address.as_str())))
        .text("record_name", letters.iter().map(|p| p.record_name.as_deref()))
        .text("reasons", reasons.iter().map(|r| Some(r.as_str())))
        .bytes("raw_sealed", sealed.iter().map(Vec::as_slice));
    let rows = add_sound_fields(rows, letters.iter().copied());
    let rows = grouping.add_to(rows);
    // A record without a readable version is older than any other.
    let order = |row: &str| {
        format!(
            "(coalesce({row}.source_version, -9223372036854775808), {row}.batch_id, {row}.record_index, {row}.activation)"
        )
    };
    // A letter whose content somebody has accepted is about the record that opens it again.
    let settled = "dead_letter.state = 'closed' AND dead_letter.accepted_digest IS NOT NULL";
    let newer = format!("({settled} OR {} >= {})", order("excluded"), order("dead_letter"));
    let content = CONTENT.map(|c| format!("{c} = CASE WHEN {newer} THEN excluded.{c} ELSE dead_letter.{c} END"));
    let sql = format!(
        "INSERT INTO dead_letter (institution_id, source_id, stream, dead_letter_key, state, source_version, batch_id,
           record_index, activation, raw_digest, address, record_name, reasons, raw_sealed, faulty_fields, blocking_fields,
           blocking_key, sound_digest, cause_set_id, blind_index, manifest_version, first_seen_at, last_seen_at)
         SELECT $1, $2, $3, dead_letter_key, 'open', source_version, batch_id, record_index, $5, raw_digest, address, record_name, reasons, raw_sealed,
           faulty_fields, blocking_fields, blocking_key, sound_digest, cause_set_id, blind_index, $4, {{now}}, {{now}}
         FROM {{rows}} WHERE true
         ON CONFLICT (dead_letter_key, source_id, stream) DO UPDATE SET
           state = CASE WHEN dead_letter.state = 'discarded' THEN 'discarded' ELSE 'open' END,
           last_seen_at = excluded.last_seen_at, {}
         RETURNING id, dead_letter_key, state",
        content.join(", ")
    );
    let args = vec![
        held.institution_id.into(),
        held.source_id.into(),
        held.stream.as_str().into(),
        load.manifest_version.into(),
        load.activation.into(),
    ];
    let written = tx.fetch_rows_with(&sql, args, rows).await?;
    let mut ids = HashMap::with_capacity(written.len());
    for row in &written {
        if let Ok(key) = <[u8; 16]>::try_from(row.bytes("dead_letter_key")?) {
            ids.insert(
                key,
                (row.int("id")?, row.parse_text::<DeadLetterState>("state")? == DeadLetterState::Discarded),
            );
        }
    }
    Ok(ids)
}

/// Updates the reasons of dead letters whose raw records were processed again and stay parked. A letter whose reasons
/// come from another raw record keeps them.
///
/// # Errors
/// [`StoreError`].
pub async fn update_reasons(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    still: &[StillParked<'_>],
) -> Result<(), StoreError> {
    if still.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> = still.iter().map(|of| Problem::to_stored(&of.parked.problems)).collect();
    let parked = || still.iter().map(|of| &of.parked);
    let grouping = Grouping::find_or_make(tx, keys, held, parked()).await?;
    let rows = Rows::new()
        .int("dead_letter_id", still.iter().map(|of| Some(of.letter)))
        .bytes("raw_digest", parked().map(|parked| parked.raw_digest.as_slice()))
        .text("reasons", reasons.iter().map(|reasons| Some(reasons.as_str())));
    tx.execute_with(
        "UPDATE dead_letter SET reasons = incoming.reasons, faulty_fields = incoming.faulty_fields,
           blocking_fields = incoming.blocking_fields, blocking_key = incoming.blocking_key, sound_digest = incoming.sound_digest,
           cause_set_id = incoming.cause_set_id, blind_index = incoming.blind_index
         FROM {rows}
         WHERE dead_letter.id = incoming.dead_letter_id AND dead_letter.raw_digest = incoming.raw_digest
           AND dead_letter.state = 'open'",
        vec![],
        grouping.add_to(add_sound_fields(rows, parked())),
    )
    .await?;
    due_letters::add_letters(tx, still.iter().map(|of| of.letter)).await?;
    awaiting::end_waiting(tx, held, still).await?;
    // Under another manifest, other records may be the corrected ones.
    if still.iter().any(|of| of.parked.sound_fields.is_some()) {
        successors::queue_later_batches(tx, &[held]).await?;
    }
    Ok(())
}

/// The numbers of copied sightings, by outcome.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CopiedSightings {
    /// Their dead letter is open.
    pub parked: i64,
    /// A newer version of the record was stored.
    pub superseded: i64,
    /// Their dead letter was discarded by a person.
    pub discarded: i64,
}

/// Locks the dead letters that an earlier batch has seen.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn lock_letters_of(tx: &mut Tx, batch: i64) -> Result<(), StoreError> {
    let sql = "SELECT DISTINCT dead_letter_id FROM dead_letter_sighting WHERE batch_id = $1";
    let letters = tx.fetch_rows(sql, vec![batch.into()]).await?;
    if letters.is_empty() {
        return Ok(());
    }
    lock_dead_letters(tx, &letters.iter().map(|r| r.int("dead_letter_id")).collect::<Result<Vec<_>, _>>()?).await
}

/// Copies the sightings of an earlier batch to one that received the same bytes again.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn copy_sightings(tx: &mut Tx, batch: i64, earlier: i64) -> Result<CopiedSightings, StoreError> {
    let letters = tx
        .fetch_rows(
            "SELECT DISTINCT dead_letter_id FROM dead_letter_sighting WHERE batch_id = $1",
            vec![earlier.into()],
        )
        .await?;
    if letters.is_empty() {
        return Ok(CopiedSightings::default());
    }
    lock_dead_letters(tx, &letters.iter().map(|r| r.int("dead_letter_id")).collect::<Result<Vec<_>, _>>()?).await?;
    let seen = tx
        .fetch_rows(
            "INSERT INTO dead_letter_sighting (batch_id, record_index, dead_letter_id, address, source_version, activation, outcome)
             SELECT $1, s.record_index, s.dead_letter_id, s.address, s.source_version, s.activation,
                    CASE WHEN d.state = 'discarded' THEN 'discarded' ELSE s.outcome END
             FROM dead_letter_sighting s JOIN dead_letter d ON d.id = s.dead_letter_id WHERE s.batch_id = $2
             RETURNING outcome",
            vec![batch.into(), earlier.into()],
        )
        .await?;
    tx.execute(
        "UPDATE dead_letter SET last_seen_at = {now} WHERE id IN (SELECT dead_letter_id FROM dead_letter_sighting WHERE batch_id = $1)",
        vec![batch.into()],
    )
    .await?;
    let mut copied = CopiedSightings::default();
    for row in &seen {
        match row.parse_text("outcome")? {
            RecordOutcome::Parked => copied.parked += 1,
            RecordOutcome::Superseded => copied.superseded += 1,
            _ => copied.discarded += 1,
        }
    }
    Ok(copied)
}

/// Locks dead letters, so that none is closed while a batch adds a sighting, and none gets a sighting while it is being
/// closed. A letter's sightings are read only after this. Letters are locked in the order of their keys, as a load
/// writes them.
pub(crate) async fn lock_dead_letters(tx: &mut Tx, ids: &[i64]) -> Result<(), StoreError> {
    tx.fetch_rows_with(
        "SELECT t.id AS id FROM dead_letter t WHERE t.id IN (SELECT id FROM {rows}) ORDER BY t.dead_letter_key {lock}",
        vec![],
        Rows::new().int("id", ids.iter().copied().map(Some)),
    )
    .await?;
    Ok(())
}

/// A raw record that is no longer parked.
#[derive(Debug, Clone, Copy)]
pub struct Resolved {
    /// Its position in the payload, from 0.
    pub index: u32,
    /// Its dead letter.
    pub letter: i64,
    /// The key of the record that it became, if any.
    pub record_key: Option<[u8; 16]>,
}

/// The raw records of one batch that are no longer parked.
#[derive(Debug, Clone, Copy)]
pub struct Resolution<'r> {
    /// Number of the replay that processed them; 0 if none was planned.
    pub replay: i64,
    /// The raw records that were resolved.
    pub records: &'r [Resolved],
}

/// A raw record that was processed again and stays parked.
#[derive(Debug)]
pub struct StillParked<'p> {
    /// Its dead letter.
    pub letter: i64,
    /// The record with its new reasons.
    pub parked: Parked<'p>,
}

/// Deletes the sightings of replayed raw records, and closes the dead letters that have no parked sighting left. The
/// letters store the replay and the record that they became. Returns how many of the raw records were still parked: a
/// person may have discarded a letter in the meantime.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn resolve_letters(
    tx: &mut Tx,
    held: &ClaimedBatch,
    resolution: Resolution<'_>,
) -> Result<usize, StoreError> {
    let Resolution { replay, records } = resolution;
    let letters: Vec<i64> = records.iter().map(|record| record.letter).collect();
    lock_dead_letters(tx, &letters).await?;
    let taken = tx
        .execute_with(
            "DELETE FROM dead_letter_sighting
             WHERE batch_id = $1 AND outcome = 'parked' AND record_index IN (SELECT record_index FROM {rows})",
            vec![held.id.into()],
            Rows::new().int("record_index", records.iter().map(|record| Some(record.index.into()))),
        )
        .await?;
    let rows = Rows::new()
        .int("dead_letter_id", letters.iter().copied().map(Some))
        .bytes("record_key", records.iter().map(|r| r.record_key.as_ref().map_or([].as_slice(), <[u8; 16]>::as_slice)));
    tx.execute_with(
        "UPDATE dead_letter SET replay_id = nullif($3, 0), record_id =
           (SELECT max(t.id) FROM training_record t WHERE t.source_id = $1 AND t.stream = $2 AND t.record_key = incoming.record_key),
           state = coalesce((SELECT 'open' FROM dead_letter_sighting s
                                     WHERE s.dead_letter_id = dead_letter.id AND s.outcome = 'parked' LIMIT 1), 'closed')
         FROM {rows} WHERE dead_letter.id = incoming.dead_letter_id AND dead_letter.state = 'open'",
        vec![held.source_id.into(), held.stream.as_str().into(), replay.into()],
        rows,
    )
    .await?;
    Ok(usize::try_from(taken).unwrap_or(usize::MAX))
}

/// Notes a person's decision that the record of an open dead letter belongs to another person from now on. It holds for
/// the letter's present content only. Returns false if the letter is not open or has another reason.
///
/// # Errors
/// [`StoreError`].
pub async fn accept_other_person(tx: &mut Tx, letter: i64) -> Result<bool, StoreError> {
    let sql = "UPDATE dead_letter SET accepted_digest = raw_digest
               WHERE id = $1 AND state = 'open' AND reasons LIKE '%\"record_key.other_person\"%'";
    Ok(tx.execute(sql, vec![letter.into()]).await? == 1)
}

/// Discards open dead letters by a person's decision. Their raw records count as discarded from now on, as do later sightings.
/// Returns how many were open.
///
/// # Errors
/// [`StoreError`].
pub async fn discard_letters(tx: &mut Tx, letters: &[i64]) -> Result<usize, StoreError> {
    lock_dead_letters(tx, letters).await?;
    let sql = "UPDATE dead_letter SET state = 'discarded' WHERE id IN (SELECT id FROM {rows}) AND state = 'open' RETURNING id";
    let open = tx.fetch_rows_with(sql, vec![], Rows::new().int("id", letters.iter().copied().map(Some))).await?;
    let open: Vec<i64> = open.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?;
    discard_sightings(tx, &open).await?;
    mark_letters(tx, open.iter().copied()).await?;
    Ok(open.len())
}

/// Marks the teachers of the records that dead letters are about: a dispute may end or begin with this transaction. The
/// groups find records that are being loaded at the same time.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn mark_letters(tx: &mut Tx, letters: impl Iterator<Item = i64>) -> Result<(), StoreError> {
    let letters: BTreeSet<i64> = letters.collect();
    if letters.is_empty() {
        return Ok(());
    }
    let owners = tx
        .fetch_rows_with(
            "SELECT DISTINCT c.teacher_id AS teacher_id FROM {rows} {join dead_letter d ON d.id = incoming.id}
             {join training_record t
               ON t.record_key = d.dead_letter_key AND t.source_id = d.source_id AND t.stream = d.stream}
             {join identity_claim c ON c.id = t.claim_id} WHERE c.teacher_id IS NOT NULL",
            vec![],
            Rows::new().int("id", letters.iter().copied().map(Some)),
        )
        .await?;
    marks::add_marks_of_rows(tx, &owners).await?;
    due_letters::add_letters(tx, letters.iter().copied()).await?;
    groups::mark_groups(tx, &letters.into_iter().map(Group::Letter).collect()).await
}

/// Marks the teachers of the records that the dead letters seen by a batch are about.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn mark_letters_of(tx: &mut Tx, batch: i64) -> Result<(), StoreError> {
    let sql = "SELECT DISTINCT dead_letter_id FROM dead_letter_sighting WHERE batch_id = $1";
    let letters = tx.fetch_rows(sql, vec![batch.into()]).await?;
    let letters: Vec<i64> = letters.iter().map(|row| row.int("dead_letter_id")).collect::<Result<_, _>>()?;
    mark_letters(tx, letters.into_iter()).await
}

/// Counts the parked raw records of discarded letters as discarded.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn discard_sightings(tx: &mut Tx, letters: &[i64]) -> Result<(), StoreError> {
    if letters.is_empty() {
        return Ok(());
    }
    let of_letters = || Rows::new().int("id", letters.iter().copied().map(Some));
    tx.execute_with(
        "UPDATE batch SET parked = parked - s.n, discarded = discarded + s.n
         FROM (SELECT batch_id, count(*) AS n FROM dead_letter_sighting
               WHERE dead_letter_id IN (SELECT id FROM {rows}) AND outcome = 'parked' GROUP BY batch_id) s
         WHERE batch.id = s.batch_id",
        vec![],
        of_letters(),
    )
    .await?;
    let sql = "UPDATE dead_letter_sighting SET outcome = 'discarded'
               WHERE dead_letter_id IN (SELECT id FROM {rows}) AND outcome = 'parked'";
    tx.execute_with(sql, vec![], of_letters()).await?;
    Ok(())
}

/// Closes dead letters that a good newer version has superseded, and in the streams of `closing` those whose record was probably
/// corrected. Their sightings change from parked to superseded in the batches that received them. Returns the number of
/// these raw records.
///
/// # Errors
/// [`StoreError`].
pub async fn close_superseded(db: &Db, keys: &Keys, closing: &[ClosingStream]) -> Result<usize, StoreError> {
    crate::delivery::confirm::remove_settled(db).await?;
    let mut total = successors::close_by_manifests(db, keys, closing).await?;
    while due_letters::has_any(db).await? {
        let mut tx = db.begin().await?;
        let Some(letters) = due_letters::take(&mut tx).await? else { break };
        for table in ["training_record", "roster_row", "letter_successor"] {
            let newest = newest_versions(&mut tx, table, &letters).await?;
            total += supersede_sightings(&mut tx, &newest).await?;
        }
        tx.commit().await?;
    }
    Ok(total)
}

/// Counts the sightings that are older than a good version of their record as superseded, and closes the dead letters that have
/// no parked sighting left. `newest` is the good version's rank by letter. Returns the number of these raw records.
pub(crate) async fn supersede_sightings(tx: &mut Tx, newest: &BTreeMap<i64, StoredRank>) -> Result<usize, StoreError> {
    if newest.is_empty() {
        return Ok(0);
    }
    let ids: Vec<i64> = newest.keys().copied().collect();
    lock_dead_letters(tx, &ids).await?;
    let rows = Rows::new()
        .int("dead_letter_id", ids.iter().copied().map(Some))
        .int("source_version", newest.values().map(|rank| Some(rank.0)))
        .int("batch_id", newest.values().map(|rank| Some(rank.1)))
        .int("row_index", newest.values().map(|rank| Some(rank.2)));
    let closed = tx
        .fetch_rows_with(
            "UPDATE dead_letter_sighting SET outcome = 'superseded' FROM {rows}
             WHERE dead_letter_sighting.dead_letter_id = incoming.dead_letter_id AND dead_letter_sighting.outcome = 'parked'
               AND (dead_letter_sighting.source_version, dead_letter_sighting.batch_id, dead_letter_sighting.record_index)
                 < (incoming.source_version, incoming.batch_id, incoming.row_index)
             RETURNING dead_letter_sighting.batch_id AS batch_id",
            vec![],
            rows,
        )
        .await?;
    if closed.is_empty() {
        return Ok(0);
    }
    let mut batches: BTreeMap<i64, i64> = BTreeMap::new();
    for row in &closed {
        *batches.entry(row.int("batch_id")?).or_default() += 1;
    }
    tx.execute_with(
        "UPDATE batch SET parked = parked - incoming.n, superseded = superseded + incoming.n
         FROM {rows} WHERE batch.id = incoming.id",
        vec![],
        Rows::new().int("id", batches.keys().copied().map(Some)).int("n", batches.values().copied().map(Some)),
    )
    .await?;
    tx.execute_with(
        "UPDATE dead_letter SET state = 'closed' WHERE id IN (SELECT id FROM {rows}) AND state = 'open'
           AND (SELECT 1 FROM dead_letter_sighting s
             WHERE s.dead_letter_id = dead_letter.id AND s.outcome = 'parked' LIMIT 1) IS NULL",
        vec![],
        Rows::new().int("id", ids.into_iter().map(Some)),
    )
    .await?;
    Ok(closed.len())
}

/// Source version, batch and row of a stored record.
pub(crate) type StoredRank = (i64, i64, i64);

/// Loads the rank of the newest row of `table` under each letter's key, by letter. A record of somebody else under the
/// same key says nothing about the letter's record.
async fn newest_versions(tx: &mut Tx, table: &str, letters: &[i64]) -> Result<BTreeMap<i64, StoredRank>, StoreError> {
    if letters.is_empty() {
        return Ok(BTreeMap::new());
    }
    let newest = "coalesce(t.confirmed_batch, t.batch_id)";
    // Rows of one roster file with the same record key are several rows of one person, and none replaces another.
    let (batch, row) = if table == "roster_row" {
        let first = format!(
            "(SELECT min(o.id) FROM batch b JOIN batch o ON o.payload_id = b.payload_id WHERE b.id = {newest})"
        );
        (first, "-1")
    } else {
        (newest.to_owned(), "coalesce(t.confirmed_row, t.row_index)")
    };
    let of_key = format!(
        "SELECT d.id AS id, t.source_version AS source_version, {batch} AS batch_id, {row} AS row_index
         FROM {{rows}} {{join dead_letter d ON d.id = incoming.id}} {{join {table} t
           ON t.source_id = d.source_id AND t.stream = d.stream AND t.record_key = d.dead_letter_key}}
         WHERE '{table}' <> 'training_record' OR d.reasons NOT LIKE '%\"record_key.other_person\"%'"
    );
    let accepted = "SELECT t.dead_letter_id AS id, t.source_version AS source_version, t.batch_id AS batch_id, t.row_index AS row_index
         FROM {rows} {join letter_successor t ON t.dead_letter_id = incoming.id AND t.state = 'accepted'}";
    let sql = if table == "letter_successor" { accepted.to_owned() } else { of_key };
    let rows = tx.fetch_rows_with(&sql, vec![], Rows::new().int("id", letters.iter().copied().map(Some))).await?;
    let mut newest: BTreeMap<i64, StoredRank> = BTreeMap::new();
    for row in &rows {
        let rank = (row.int("source_version")?, row.int("batch_id")?, row.int("row_index")?);
        let held = newest.entry(row.int("id")?).or_insert(rank);
        *held = rank.max(*held);
    }
    Ok(newest)
}
