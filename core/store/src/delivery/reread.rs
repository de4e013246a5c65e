//! Reads stored records again, from the raw records that they came from. Under a corrected manifest or other rules, the same
//! bytes may say something else: the record gets that content and stays what it is, because nothing newer was received. Where
//! they say something of another record, or of none, the record counts no more, and its raw record is loaded anew.

use std::collections::{BTreeMap, HashSet};

use crate::delivery::addresses;
use crate::delivery::batch::{ClaimedBatch, Load};
use crate::delivery::before_images::Keeper;
use crate::delivery::classify::OutcomeCounts;
use crate::delivery::dead_letters;
use crate::delivery::due_letters;
use crate::delivery::finish::{self, write_skips};
use crate::delivery::known::KnownRows;
use crate::delivery::load::{self, Belongings};
use crate::delivery::notices;
use crate::delivery::offerings;
use crate::delivery::persons::SiftedRecords;
use crate::delivery::rekey::filler_key;
use crate::delivery::seen_keys;
use crate::delivery::successors;
use crate::identity::claims;
use crate::ledger::marks;
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows, Value};
use huiliu_decode::TrainingRecord;
use huiliu_values::Hours;
use huiliu_vault::keys::Keys;

/// A stored record that is read again.
#[derive(Debug, Clone)]
pub struct StoredRecord {
    /// Its row id.
    pub row: i64,
    /// Its record key.
    pub key: [u8; 16],
    /// Its source version.
    pub source_version: i64,
    /// Keyed digest of its content.
    pub content: [u8; 16],
    /// Course code.
    pub course: String,
    /// Hours in class-hour units.
    pub hours: Hours,
    /// Last day, YYYY-MM-DD.
    pub period_end: String,
    /// Whether the teacher passed.
    pub pass_state: String,
    /// Whether it is a certificate, or names one.
    pub has_certificate: bool,
}

impl StoredRecord {
    /// Whether a record has the key of this one.
    #[must_use]
    pub fn is_of(&self, record: &TrainingRecord<'_>) -> bool {
        self.key == record.record_key
    }

    /// Whether it is stored as it is read now.
    #[must_use]
    pub fn is_same_as(&self, record: &TrainingRecord<'_>) -> bool {
        (self.content, self.source_version) == (record.content_digest, record.source_version)
    }
}

/// Locks rows and loads them, by the position of their raw record in the payload. One that a batch has taken over since, or that
/// counts no more, is left out.
///
/// # Errors
/// [`StoreError`].
pub async fn lock_records(
    tx: &mut Tx,
    batch: i64,
    rows: impl Iterator<Item = i64>,
) -> Result<BTreeMap<u32, StoredRecord>, StoreError> {
    // Claims before rows, as loads lock them.
    claims::lock_claims_shared(tx, &KnownRows::default().claims).await?;
    let mut ids: Vec<i64> = rows.collect();
    ids.sort_unstable();
    let of = || Rows::new().int("id", ids.iter().copied().map(Some));
    let lock = "SELECT t.id AS id FROM training_record t WHERE t.id IN (SELECT id FROM {rows}) ORDER BY t.id {lock}";
    tx.fetch_rows_with(lock, vec![], of()).await?;
    // A second statement, because the first one may have waited.
    let found = tx
        .fetch_rows_with(
            "SELECT t.id AS id, t.row_index AS row_index, t.record_key AS record_key, t.source_version AS source_version,
                    t.content_digest AS content_digest, o.course_code AS course, t.hours_units AS hours_units, t.period_end AS period_end,
                    t.pass_state AS pass_state,
                    CASE WHEN t.certificate_number IS NOT NULL OR o.kind = 'certificate' THEN 1 ELSE 0 END AS has_certificate
             FROM {rows} {join training_record t ON t.id = incoming.id} {join offering o ON o.id = t.offering_id}
             WHERE t.batch_id = $1 AND t.merged_into IS NULL",
            vec![batch.into()],
            of(),
        )
        .await?;
    let stored = |row: &Row| {
        let record = StoredRecord {
            row: row.int("id")?,
            key: row.bytes("record_key")?.try_into().unwrap_or_default(),
            source_version: row.int("source_version")?,
            content: row.bytes("content_digest")?.try_into().unwrap_or_default(),
            course: row.text("course")?,
            hours: Hours::from_units(row.int("hours_units")?).unwrap_or_default(),
            period_end: row.text("period_end")?,
            pass_state: row.text("pass_state")?,
            has_certificate: row.int("has_certificate")? == 1,
        };
        Ok((u32::try_from(row.int("row_index")?).unwrap_or(u32::MAX), record))
    };
    found.iter().map(stored).collect()
}

/// Gives rows the content that their raw records have now. They keep their batch and place, so that no counter changes.
///
/// # Errors
/// [`StoreError`].
pub async fn rewrite_records(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &Load<'_>,
    changed: &[(i64, &TrainingRecord<'_>)],
    replay: i64,
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let rows = || changed.iter().map(|(row, _)| *row);
    let records: Vec<&TrainingRecord<'_>> = changed.iter().map(|(_, record)| *record).collect();
    // What this transaction creates must not be remembered before it commits.
    let known = KnownRows::default();
    claims::lock_claims_shared(tx, &known.claims).await?;
    let claims = claims::find_or_make_claims(tx, keys, &known.claims, &records).await?;
    let offerings = offerings::find_or_make_offerings(tx, keys, &known.offerings, held.source_id, &records).await?;
    if let Some(keeper) = Keeper::of_replay(replay) {
        keeper.keep_rows(tx, rows()).await?;
    }
    mark_owners(tx, rows()).await?;
    let belongs = Belongings { claims: &claims, offerings: &offerings };
    let columns = load::add_content_columns(Rows::new().int("id", rows().map(Some)), load, &belongs, &records);
    let set: Vec<String> = columns.column_names().skip(1).map(|name| format!("{name} = incoming.{name}")).collect();
    let sql =
        format!("UPDATE training_record SET {} FROM {{rows}} WHERE training_record.id = incoming.id", set.join(", "));
    tx.execute_with(&sql, vec![], columns).await?;
    marks::add_marks(tx, claims.iter().filter_map(|claim| claim.teacher)).await?;
    // By another version, a record may be newer or older than its dead letter.
    due_letters::add_keys(tx, held, records.iter().map(|record| record.record_key)).await
}

/// Lets rows count no more: their raw records say something of other records, or of none. They keep their number, because
/// superseded entries name it, and lose their key. Returns the outcomes as which their raw records had counted.
///
/// # Errors
/// [`StoreError`].
pub async fn end_records(
    tx: &mut Tx,
    held: &ClaimedBatch,
    ended: &[&StoredRecord],
    replay: i64,
) -> Result<Ended, StoreError> {
    let count = i64::try_from(ended.len()).unwrap_or(i64::MAX);
    let rows = || ended.iter().map(|stored| stored.row);
    if ended.is_empty() {
        return Ok(Ended::default());
    }
    mark_owners(tx, rows()).await?;
    let sql = "SELECT inserted, updated FROM batch WHERE id = $1 {lock}";
    let counters = tx.fetch_rows(sql, vec![held.id.into()]).await?;
    let counters = counters.first().ok_or_else(|| StoreError::Column { column: "batch".into() })?;
    // Which of its rows a batch had inserted and which it had updated is not kept. Those of neither kind were stored again by an
    // earlier release.
    let inserted = count.min(counters.int("inserted")?);
    let updated = (count - inserted).min(counters.int("updated")?);
    let former = Ended { inserted, updated, unchanged: count - inserted - updated };
    if let Some(keeper) = Keeper::of_replay(replay) {
        keeper.keep_rows(tx, rows()).await?;
        let of = |nth: i64| match nth {
            nth if nth < inserted => "inserted",
            nth if nth < inserted + updated => "updated",
            _ => "unchanged",
        };
        keeper.keep_ended(tx, rows().zip((0..).map(of))).await?;
    }
    free_keys(tx, &rows().collect::<Vec<_>>()).await?;
    Ok(former)
}

/// Gives rows a key that no record can have, and lets them count for nobody.
pub(crate) async fn free_keys(tx: &mut Tx, ids: &[i64]) -> Result<(), StoreError> {
    let fillers: Vec<[u8; 16]> = ids.iter().map(|id| filler_key(*id)).collect();
    let rows = Rows::new()
        .int("id", ids.iter().copied().map(Some))
        .bytes("record_key", fillers.iter().map(<[u8; 16]>::as_slice));
    tx.execute_with(
        "UPDATE training_record SET merged_into = incoming.id, record_key = incoming.record_key FROM {rows}
         WHERE training_record.id = incoming.id",
        vec![],
        rows,
    )
    .await?;
    Ok(())
}

/// The outcomes as which the raw records of ended rows had counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ended {
    inserted: i64,
    updated: i64,
    unchanged: i64,
}

/// Loads the raw records of ended rows anew, and moves the batch's counters. `load` has these records only. Returns false if
/// somebody has changed a record meanwhile: the transaction must not be committed then.
///
/// # Errors
/// [`StoreError`].
pub async fn load_anew(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &Load<'_>,
    sifted: &mut SiftedRecords<'_>,
    (former, replay): (Ended, i64),
) -> Result<bool, StoreError> {
    let SiftedRecords { classified, parked } = sifted;
    let keeper = Keeper::of_replay(replay);
    let known = KnownRows::default();
    if load::write_records(tx, keys, &known, held, load, classified, keeper).await?.outdated {
        return Ok(false);
    }
    due_letters::add_keys(tx, held, classified.list_written_keys()).await?;
    let mut counts = classified.count_outcomes();
    let all: Vec<_> = load.parked.iter().chain(parked.iter()).cloned().collect();
    dead_letters::park_records(tx, keys, held, load, &all, &mut counts).await?;
    let is_parked: HashSet<u32> = parked.iter().map(|parked| parked.index).collect();
    let loaded = load.clean.iter().map(|record| &**record).filter(|record| !is_parked.contains(&record.index));
    let found = successors::KnownRecords::new();
    successors::note_successors(tx, keys, load.held, classified, loaded, &found).await?;
    let skipped = write_skips(tx, load).await?.remove(&held.id).unwrap_or(0);
    seen_keys::add_replayed(tx, held, load).await?;
    if let Some(keeper) = keeper {
        keeper.keep_notices(tx, held, load).await?;
    }
    notices::write_notices(tx, held, load, classified.stream_state()).await?;
    let said_of: Vec<[u8; 16]> =
        all.iter().map(|parked| parked.dead_letter_key).chain(notices::list_keys(load)).collect();
    notices::mark_owners(tx, held, [held.id].into_iter(), said_of.into_iter()).await?;
    let mut counts = counts.remove(&held.id).unwrap_or_default();
    counts.outcomes.skipped = skipped;
    counts.outcomes.withdrawn = i64::try_from(load.withdrawn.len()).unwrap_or(i64::MAX);
    let Ended { inserted, updated, unchanged } = former;
    let OutcomeCounts { outcomes, held: rows, .. } = &mut counts;
    outcomes.inserted -= inserted;
    outcomes.updated -= updated;
    outcomes.unchanged -= unchanged;
    *rows -= inserted + updated + unchanged;
    finish::add_to_counters(tx, held.id, &counts).await?;
    Ok(true)
}

/// Marks the teachers of rows.
async fn mark_owners(tx: &mut Tx, rows: impl Iterator<Item = i64>) -> Result<(), StoreError> {
    let owners = tx
        .fetch_rows_with(
            "SELECT DISTINCT c.teacher_id AS teacher_id FROM {rows} {join training_record t ON t.id = incoming.id}
             {join identity_claim c ON c.id = t.claim_id} WHERE c.teacher_id IS NOT NULL",
            vec![],
            Rows::new().int("id", rows.map(Some)),
        )
        .await?;
    marks::add_marks_of_rows(tx, &owners).await
}

/// Builds the statement that selects stored records for a replay, and its arguments. `replay` is the plan.
pub(crate) fn select_records(replay: i64, filter: &crate::admin::letters::LetterFilter) -> (String, Vec<Value>) {
    let more = filter.to_record_conditions(vec![replay.into()]);
    let address = addresses::whole_address("t", "t.batch_id");
    let sql = format!(
        "INSERT INTO replay_item (replay_id, batch_id, record_index, dead_letter_id, address, outcome, detail, record_id)
         SELECT $1, t.batch_id, t.row_index, 0, {address}, 'unchanged', 'null', t.id
         FROM training_record t WHERE t.merged_into IS NULL{}",
        more.sql
    );
    (sql, more.args)
}
