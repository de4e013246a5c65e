//! Applies people's corrections and mapped values to raw records that cannot be used as received.

use std::collections::{HashMap, HashSet};

use crate::deliver::{self, DeliveryContext, Reading};
use huiliu_decode::{Body, Parked, Plan, RawRecord, RecordRange, StageResult};
use huiliu_store::StoreError;
use huiliu_store::delivery::batch::{ClaimedBatch, Load};
use huiliu_store::delivery::corrections::{self, CorrectedValues, RawOfLetter};
use huiliu_store::delivery::mapped_values::{self, MappedValues};

/// Runs records of a load through the stages again, with the corrections of their raw records: those that are parked, and those
/// that may be parked for what is stored, which are the rows of rosters and the records of a replay. Mapped values are read where the
/// record as received is parked because of their field, and no correction says otherwise. `letter_of` returns the number of a raw
/// record's dead letter, in a replay. A record that is parked again keeps its dead letter, since the letter belongs to what was
/// received.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn apply<'a>(
    context: &'a DeliveryContext,
    held: &'a ClaimedBatch,
    reading: Reading<'a>,
    body: &'a Body<'_>,
    load: &mut Load<'a>,
    letter_of: Option<&(dyn Fn(u32) -> i64 + Sync)>,
) -> Result<(), StoreError> {
    let DeliveryContext { db, keys, .. } = context;
    let letter = |index: u32| letter_of.map_or(0, |of| of(index));
    let clean: Vec<(u32, [u8; 16], [u8; 16])> = match letter_of {
        Some(_) => load.clean.iter().map(|of| (of.index, of.digest_raw(keys), of.record_key)).collect(),
        None => vec![],
    };
    let parked = load.parked.iter().map(|of| (of.index, &of.raw_digest, &of.dead_letter_key));
    let roster = load.roster.iter().map(|of| (of.index, &of.raw_digest, &of.record_key));
    let clean = clean.iter().map(|(index, digest, key)| (*index, digest, key));
    let records: Vec<RawOfLetter<'_>> = parked
        .chain(roster)
        .chain(clean)
        .map(|(index, raw_digest, dead_letter_key)| RawOfLetter {
            index,
            raw_digest,
            dead_letter_key,
            dead_letter: letter(index),
        })
        .collect();
    if records.is_empty() {
        return Ok(());
    }
    let found = corrections::load_for_raw(db, keys, held.source_id, &held.stream, &records).await?;
    let mapped = match load.parked.as_slice() {
        [] => MappedValues::new(),
        _ => mapped_values::load_held(db, keys, held.source_id, &held.stream).await?,
    };
    let replacements = Replacements::new(&found, &mapped, &load.parked);
    if replacements.is_empty() {
        return Ok(());
    }
    let range = RecordRange::new(held.first, held.count);
    let staged = huiliu_decode::run_corrected(context.stages(held, reading), body, range, |record, plan| {
        replacements.of_record(record, plan)
    })
    .map_err(|e| deliver::unreadable_error(held, e))?;
    let read: HashSet<u32> = staged.iter().map(StageResult::index).collect();
    let (corrected, parked): (Vec<Parked<'_>>, Vec<Parked<'_>>) =
        std::mem::take(&mut load.parked).into_iter().partition(|parked| read.contains(&parked.index));
    load.parked = parked;
    load.clean.retain(|record| !read.contains(&record.index));
    load.roster.retain(|row| !read.contains(&row.index));
    let mut received: HashMap<u32, Parked<'_>> = corrected.into_iter().map(|parked| (parked.index, parked)).collect();
    for staged in staged {
        match staged {
            StageResult::Clean(record) => load.clean.push(record),
            StageResult::Roster(row) => load.roster.push(row),
            StageResult::Skipped(skipped) => load.skipped.push(skipped),
            StageResult::Withdrawn(withdrawn) => load.withdrawn.push(withdrawn),
            StageResult::Parked(parked) => {
                let before = received.remove(&parked.index);
                let letter = |before: &Parked<'_>| (before.dead_letter_key, before.source_version);
                let (dead_letter_key, source_version) =
                    before.as_ref().map_or((parked.dead_letter_key, parked.source_version), letter);
                load.parked.push(Parked { dead_letter_key, source_version, ..parked });
            }
        }
    }
    load.parked.sort_by_key(|parked| parked.index);
    load.clean.sort_by_key(|record| record.index);
    load.roster.sort_by_key(|row| row.index);
    Ok(())
}

/// A raw field and its mapped values.
type MappedField<'r> = (&'r str, &'r HashMap<String, String>);

/// The values that are read in the place of those received.
struct Replacements<'r> {
    /// Corrections, by position in the payload.
    corrected: &'r HashMap<u32, CorrectedValues>,
    /// The fields because of which a record is parked, and their mapped values.
    blamed: HashMap<u32, Vec<MappedField<'r>>>,
}

impl<'r> Replacements<'r> {
    fn new(corrected: &'r HashMap<u32, CorrectedValues>, mapped: &'r MappedValues, parked: &[Parked<'_>]) -> Self {
        let mut blamed: HashMap<u32, Vec<_>> = HashMap::new();
        for of in parked.iter().filter(|_| !mapped.is_empty()) {
            for (field, values) in of.problems.iter().filter_map(|why| mapped.get_key_value(&why.source_field)) {
                let fields = blamed.entry(of.index).or_default();
                if fields.iter().all(|(other, _)| *other != field) {
                    fields.push((field.as_str(), values));
                }
            }
        }
        Self { corrected, blamed }
    }

    fn is_empty(&self) -> bool {
        self.corrected.is_empty() && self.blamed.is_empty()
    }

    /// Returns raw fields and values of a record. A correction is for this record, so it wins over a mapped value.
    fn of_record(&self, record: &RawRecord<'_>, plan: &Plan<'_>) -> Vec<(&'r str, &'r str)> {
        let corrected = self.corrected.get(&record.index).into_iter().flatten();
        let mut values: Vec<(&str, &str)> = corrected.map(|(field, value)| (field.as_str(), value.as_str())).collect();
        for (field, mapped) in self.blamed.get(&record.index).into_iter().flatten() {
            let received = plan.find_slot(field).and_then(|slot| record.texts.get(slot)?.as_deref());
            if let Some(value) = received.and_then(|text| mapped.get(text.trim()))
                && values.iter().all(|(other, _)| other != field)
            {
                values.push((field, value));
            }
        }
        values
    }
}
