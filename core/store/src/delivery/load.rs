//! Loads classified batches of records of one stream into the tables, in one transaction that checks the claims' epochs.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::delivery::addresses;
use crate::delivery::batch::{ClaimedBatch, Committed, Load};
use crate::delivery::before_images::Keeper;
use crate::delivery::classify::{
    Classified, LostRow, NewerRecord, OutcomeCounts, Overwritten, SelectedWrites, sum_losses,
};
use crate::delivery::confirm::{self, Objection, OrderedWork, StoredBy};
use crate::delivery::copies::{self, Copies};
use crate::delivery::dead_letters::{self, Resolution};
use crate::delivery::due_letters;
use crate::delivery::finish::{BatchResult, Replayed, finish_batches, move_counters, write_skips};
use crate::delivery::kept_parts;
use crate::delivery::known::KnownRows;
use crate::delivery::notices;
use crate::delivery::offerings;
use crate::delivery::persons;
use crate::delivery::seen_keys;
use crate::delivery::successors;
use crate::delivery::ties;
use crate::identity::claims;
use crate::ledger::marks;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;
use huiliu_decode::record::Assessment;
use huiliu_decode::{Parked, TrainingRecord};
use huiliu_vault::keys::Keys;

/// Classifies and commits batches of records. If another batch of the stream gets in between, they are classified again.
///
/// # Errors
/// [`StoreError`]. Nothing was written unless the commit itself failed; then the next claims read the outcomes.
pub(crate) async fn commit_records(
    db: &Db,
    keys: &Keys,
    known: &KnownRows,
    load: &Load<'_>,
) -> Result<Committed, StoreError> {
    loop {
        match try_commit_records(db, keys, known, load).await? {
            Ok(committed) => return Ok(committed),
            Err(Objection::StreamChanged) => {}
            Err(Objection::ConfirmedSince(confirmed)) => {
                confirm::store_confirmed::<TrainingRecord<'_>>(db, &load.held[0], load.by_landing, &confirmed).await?;
            }
        }
    }
}

async fn try_commit_records(
    db: &Db,
    keys: &Keys,
    known: &KnownRows,
    load: &Load<'_>,
) -> Result<Result<Committed, Objection>, StoreError> {
    let Some(held) = load.held.first() else { return Ok(Ok(Committed::Done(vec![]))) };
    let mut tx = db.begin().await?;
    confirm::take_turn(&mut tx, held).await?;
    let stream = confirm::read_stream_state(&mut tx, load.held).await?;
    let Some(kept) = kept_parts::count_parts(&mut tx, load, stream).await? else { return Ok(Ok(Committed::Uncounted)) };
    let mut counts: BTreeMap<i64, OutcomeCounts> = BTreeMap::new();
    let mut late = HashMap::new();
    let mut rounds = vec![];
    let mut copied = Copies::new();
    let mut parked: Vec<Parked<'_>> = load.parked.to_vec();
    // What the first round writes must not be remembered before it is committed.
    let uncommitted = KnownRows::default();
    for (round, records) in split_into_rounds(load).into_iter().enumerate() {
        let known = if round == 0 { known } else { &uncommitted };
        let sifted = persons::sift_in_state(&mut tx, keys, held, load, records.clone(), stream).await?;
        let mut classified = sifted.classified;
        let written = write_records(&mut tx, keys, known, held, load, &mut classified, None).await?;
        if written.outdated {
            return Ok(Err(Objection::StreamChanged));
        }
        if !kept.still_hold(&written.overwritten) {
            return Ok(Ok(Committed::Uncounted));
        }
        if stream.has_open_letters {
            due_letters::add_keys_of_open(&mut tx, held, classified.list_written_keys()).await?;
        }
        copies::collect(&mut copied, &classified);
        for (batch, of_round) in classified.count_outcomes() {
            counts.entry(batch).or_default().add(&of_round);
        }
        for (key, by) in written.late {
            late.entry(key).or_insert(by);
        }
        parked.extend(sifted.parked);
        rounds.push((records, classified));
    }
    kept.add_to(&mut counts);
    // Without the copies among the kept records, those of the others are of no use.
    for batch in kept.list_batches() {
        copied.remove(&batch);
    }
    dead_letters::park_records(&mut tx, keys, held, load, &parked, &mut counts).await?;
    let is_parked: HashSet<(i64, u32)> = parked.iter().map(|parked| (parked.batch, parked.index)).collect();
    for (records, classified) in &rounds {
        let loaded = records.iter().copied().filter(|record| !is_parked.contains(&(record.batch, record.index)));
        let known = successors::KnownRecords::new();
        successors::note_successors(&mut tx, keys, load.held, classified, loaded, &known).await?;
    }
    for (batch, skipped) in write_skips(&mut tx, load).await? {
        counts.entry(batch).or_default().outcomes.skipped = skipped;
    }
    for withdrawn in &load.withdrawn {
        counts.entry(withdrawn.batch).or_default().outcomes.withdrawn += 1;
    }
    notices::write_notices(&mut tx, held, load, stream).await?;
    seen_keys::write_keys(&mut tx, held, load).await?;
    copies::keep_copies(&mut tx, load, stream.has_earlier, &copied).await?;
    let said_of: Vec<[u8; 16]> =
        parked.iter().map(|parked| parked.dead_letter_key).chain(notices::list_keys(load)).collect();
    let saying = parked.iter().map(|parked| parked.batch).chain(notices::list_batches(load));
    notices::mark_owners(&mut tx, held, saying, said_of.iter().copied()).await?;
    let confirmed = rounds.iter().flat_map(|(_, classified)| classified.list_confirmed()).collect();
    let work = OrderedWork { stream, overwritten: late, said_of, confirmed };
    if let Some(objection) = confirm::check_order(&mut tx, load, work).await? {
        return Ok(Err(objection));
    }
    let (manifest_version, activation) = (load.manifest_version, load.activation);
    let result = |held: &'_ ClaimedBatch| counts.get(&held.id).copied().unwrap_or_default();
    let done: Vec<BatchResult<'_>> = load
        .held
        .iter()
        .map(|batch| BatchResult { batch, manifest_version, activation, counts: result(batch) })
        .collect();
    let outcomes = done.iter().map(|done| done.counts.outcomes).collect();
    Ok(Ok(if finish_batches(tx, &done).await? { Committed::Done(outcomes) } else { Committed::Fenced }))
}

/// Splits the valid records so that no key stands in two batches of a round. Each round is compared with what the rounds
/// before it have written, so that the batches are loaded as if one after the other.
fn split_into_rounds<'l>(load: &'l Load<'_>) -> Vec<Vec<&'l TrainingRecord<'l>>> {
    let all = load.clean.iter().map(|record| &**record);
    if load.held.len() < 2 {
        return vec![all.collect()];
    }
    let mut last: HashMap<[u8; 16], (i64, usize)> = HashMap::with_capacity(load.clean.len());
    let mut rounds: Vec<Vec<&'l TrainingRecord<'l>>> = vec![vec![]];
    for record in all {
        let (batch, round) = last.entry(record.record_key).or_insert((record.batch, 0));
        if *batch != record.batch {
            (*batch, *round) = (record.batch, *round + 1);
        }
        if *round == rounds.len() {
            rounds.push(vec![]);
        }
        rounds[*round].push(record);
    }
    rounds
}

/// Iterates over the valid records that a replay loads.
fn resolved_records<'l>(
    load: &'l Load<'_>,
    resolution: Resolution<'_>,
) -> impl Iterator<Item = &'l TrainingRecord<'l>> {
    let resolved: HashSet<u32> = resolution.records.iter().map(|resolved| resolved.index).collect();
    load.clean.iter().map(|record| &**record).filter(move |record| resolved.contains(&record.index))
}

/// What some batches wrote.
pub(crate) struct Written {
    /// What was stored of the records that were overwritten only because these batches landed later, by key.
    pub late: HashMap<[u8; 16], StoredBy>,
    /// Whether a row has got another person since it was compared. The transaction must not be committed then.
    pub outdated: bool,
    /// The rows that were overwritten, as they were.
    pub overwritten: Vec<LostRow>,
}

/// Writes new and newer records and everything that depends on them: claims, teachers, offerings and marks. `keeper` keeps
/// what they change.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn write_records(
    tx: &mut Tx,
    keys: &Keys,
    known: &KnownRows,
    held: &ClaimedBatch,
    load: &Load<'_>,
    classified: &mut Classified<'_>,
    keeper: Option<Keeper>,
) -> Result<Written, StoreError> {
    claims::lock_claims_shared(tx, &known.claims).await?;
    let Overwritten { rows: mut lost, teachers: former, ties, late, outdated } =
        classified.lock_overwritten(tx).await?;
    let SelectedWrites { new, newer, moved } = classified.select_writes();
    let records: Vec<&TrainingRecord> = new.iter().copied().chain(newer.iter().map(|newer| newer.record)).collect();
    let claims = claims::find_or_make_claims(tx, keys, &known.claims, &records).await?;
    let offerings = offerings::find_or_make_offerings(tx, keys, &known.offerings, held.source_id, &records).await?;
    let (of_new, of_newer) = Belongings { claims: &claims, offerings: &offerings }.split_at(new.len());
    let claim_of: HashMap<i64, i64> =
        newer.iter().zip(of_newer.claims).map(|(newer, claim)| (newer.row, claim.id)).collect();
    for lost in &mut lost {
        lost.is_tied |= claim_of.get(&lost.row) != Some(&lost.person);
    }
    if let Some(keeper) = keeper {
        keeper.keep_rows(tx, newer.iter().chain(&moved).map(|newer| newer.row)).await?;
        keeper.keep_losses(tx, &lost).await?;
    }
    ties::write_losses(tx, &sum_losses(&lost)).await?;
    let mut ids = tx.reserve_ids("training_record", new.len()).await?;
    if let Some(keeper) = keeper {
        keeper.keep_new_rows(tx, held, &ids, new.iter().map(|record| &record.record_key)).await?;
    }
    insert_records(tx, held, load, &ids, of_new, &new).await?;
    update_records(tx, load, of_newer, &newer).await?;
    let overwritten: Vec<i64> = newer.iter().map(|newer| newer.row).collect();
    ties::move_rows(tx, &moved).await?;
    ids.extend(overwritten);
    let rows = records.iter().map(|record| record.record_key).zip(ids.iter().copied()).collect();
    let ties = ties.into_iter().chain(classified.list_ties(&rows)).collect::<Vec<_>>();
    if let Some(keeper) = keeper {
        keeper.keep_rows(tx, ties.iter().map(|tie| tie.row)).await?;
        keeper.keep_ties(tx, &ties).await?;
    }
    ties::write_ties::<TrainingRecord<'_>>(tx, &ties).await?;
    marks::add_marks(tx, claims.iter().filter_map(|c| c.teacher).chain(former)).await?;
    Ok(Written { late, outdated, overwritten: lost })
}

/// What records belong to, in their order.
#[derive(Clone, Copy)]
pub(crate) struct Belongings<'b> {
    pub claims: &'b [claims::IdentityClaim],
    pub offerings: &'b [i64],
}

impl Belongings<'_> {
    fn split_at(&self, nth: usize) -> (Self, Self) {
        let (claims, offerings) = (self.claims.split_at(nth), self.offerings.split_at(nth));
        (Self { claims: claims.0, offerings: offerings.0 }, Self { claims: claims.1, offerings: offerings.1 })
    }
}

async fn insert_records(
    tx: &mut Tx,
    held: &ClaimedBatch,
    load: &Load<'_>,
    ids: &[i64],
    belongs: Belongings<'_>,
    new: &[&TrainingRecord<'_>],
) -> Result<(), StoreError> {
    let (n, always) = (new.len(), |v: i64| std::iter::repeat_n(Some(v), new.len()));
    let rows = Rows::new()
        .int("id", ids.iter().copied().map(Some))
        .short("institution_id", always(held.institution_id))
        .short("source_id", always(held.source_id))
        .text("stream", std::iter::repeat_n(Some(held.stream.as_str()), n))
        .bytes("record_key", new.iter().map(|r| r.record_key.as_slice()));
    tx.insert_rows("training_record", add_content_columns(rows, load, &belongs, new)).await
}

async fn update_records(
    tx: &mut Tx,
    load: &Load<'_>,
    belongs: Belongings<'_>,
    newer: &[NewerRecord<'_, TrainingRecord<'_>>],
) -> Result<(), StoreError> {
    if newer.is_empty() {
        return Ok(());
    }
    let records: Vec<&TrainingRecord> = newer.iter().map(|newer| newer.record).collect();
    let rows =
        add_content_columns(Rows::new().int("id", newer.iter().map(|newer| Some(newer.row))), load, &belongs, &records);
    let set: Vec<String> = rows.column_names().skip(1).map(|name| format!("{name} = incoming.{name}")).collect();
    let sql = format!(
        "UPDATE training_record SET flagged = CASE WHEN training_record.source_version = incoming.source_version THEN training_record.flagged ELSE 0 END,
               confirmed_batch = NULL, confirmed_row = NULL, {}
         FROM {{rows}} WHERE training_record.id = incoming.id",
        set.join(", ")
    );
    tx.execute_with(&sql, vec![], rows).await?;
    Ok(())
}

/// Commits replayed raw records of a finished batch: writes what they are now, deletes their sightings, and moves the
/// batch's counters from `parked` to the new outcomes. Returns how many were still parked. If that is not all of them,
/// the transaction must not be committed.
///
/// # Errors
/// [`StoreError`].
pub async fn commit_replayed(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &Load<'_>,
    classified: &mut Classified<'_>,
    resolution: Resolution<'_>,
) -> Result<usize, StoreError> {
    // What this transaction creates must not be remembered before it commits.
    let keeper = Keeper::of_replay(resolution.replay);
    let written = write_records(tx, keys, &KnownRows::default(), held, load, classified, keeper).await?;
    let taken = dead_letters::resolve_letters(tx, held, resolution).await?;
    if written.outdated {
        return Ok(0);
    }
    if taken < resolution.records.len() {
        return Ok(taken);
    }
    // A load may be parking a record under one of these keys at the same time.
    due_letters::add_keys(tx, held, classified.list_written_keys()).await?;
    let counts = classified.count_outcomes().remove(&held.id).unwrap_or_default();
    let skipped = write_skips(tx, load).await?.remove(&held.id).unwrap_or(0);
    seen_keys::add_replayed(tx, held, load).await?;
    if let Some(keeper) = keeper {
        keeper.keep_notices(tx, held, load).await?;
    }
    notices::write_notices(tx, held, load, classified.stream_state()).await?;
    notices::mark_owners(tx, held, [held.id].into_iter(), notices::list_keys(load)).await?;
    dead_letters::mark_letters(tx, resolution.records.iter().map(|resolved| resolved.letter)).await?;
    successors::note_successors(
        tx,
        keys,
        load.held,
        classified,
        resolved_records(load, resolution),
        &successors::KnownRecords::new(),
    )
    .await?;
    let withdrawn = i64::try_from(load.withdrawn.len()).unwrap_or(i64::MAX);
    let replayed = Replayed { records: resolution.records.len(), counts, skipped, withdrawn };
    move_counters(tx, held.id, &replayed).await?;
    Ok(taken)
}

/// Adds the columns that a newer version overwrites.
pub(crate) fn add_content_columns<'l>(
    rows: Rows<'l>,
    load: &'l Load<'_>,
    belongs: &Belongings<'_>,
    records: &[&'l TrainingRecord<'_>],
) -> Rows<'l> {
    let all = || records.iter().copied();
    let always = |v: i64| std::iter::repeat_n(Some(v), records.len());
    let text = |of: fn(&'l huiliu_decode::Draft<'_>) -> Option<&'l str>| {
        records.iter().map(move |r| of(&r.texts).map(str::trim)).collect::<Vec<_>>()
    };
    let results: Vec<Option<Assessment>> = all().map(TrainingRecord::stated_result).collect();
    let of_result = |of: fn(&Assessment) -> Option<i64>| results.iter().map(move |result| of(result.as_ref()?));
    rows.int("claim_id", belongs.claims.iter().map(|c| Some(c.id)))
        .short("offering_id", belongs.offerings.iter().copied().map(Some))
        .int("source_version", all().map(|r| Some(r.source_version)))
        .short("activation", always(load.activation))
        .short("row_index", all().map(|r| Some(r.index.into())))
        .bytes("content_digest", all().map(|r| r.content_digest.as_slice()))
        .text("school_code", text(|d| d.school_code.as_deref()))
        .text("period_start", all().map(|r| r.period_start.as_deref()))
        .text("period_end", all().map(|r| Some(r.period_end.as_str())))
        .text("raw_hours", text(|d| d.hours.as_deref()))
        .int("hours_units", all().map(|r| Some(r.hours.units())))
        .short("attendance", all().map(|r| r.attendance))
        .text("certificate_number", text(|d| d.certificate_number.as_deref()))
        .text("pass_state", all().map(|r| Some(r.pass_state.as_str())))
        .text("grade", results.iter().map(|result| Some(result.as_ref()?.grade.as_str())))
        .int("total_numerator", of_result(|result| Some(result.total_numerator)))
        .int("total_denominator", of_result(|result| Some(result.total_denominator)))
        .short("score_learning", of_result(|result| Some(result.components[0]?.hundredths().into())))
        .short("score_activity", of_result(|result| Some(result.components[1]?.hundredths().into())))
        .short("score_artefact", of_result(|result| Some(result.components[2]?.hundredths().into())))
        .short("manifest_version", always(load.manifest_version))
        .int("batch_id", all().map(|r| Some(r.batch)))
        .text("address", addresses::shorten(load.held, records))
}
