//! Applies people's corrections to raw records that cannot be used as received.

use std::collections::HashMap;

use crate::deliver::{self, DeliveryContext, Reading};
use huiliu_decode::{Body, Parked, RecordRange, StageResult};
use huiliu_store::StoreError;
use huiliu_store::delivery::batch::{ClaimedBatch, Load};
use huiliu_store::delivery::corrections::{self, RawOfLetter};

/// Runs records of a load through the stages again, with the corrections of their raw records: those that are parked, and those
/// that may be parked for what is stored, which are the rows of rosters and the records of a replay. `letter_of` returns the number
/// of a raw record's dead letter, in a replay. A record that is parked again keeps its dead letter, since the letter belongs to what
/// was received.
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
    if found.is_empty() {
        return Ok(());
    }
    let (corrected, parked): (Vec<Parked<'_>>, Vec<Parked<'_>>) =
        std::mem::take(&mut load.parked).into_iter().partition(|parked| found.contains_key(&parked.index));
    load.parked = parked;
    load.clean.retain(|record| !found.contains_key(&record.index));
    load.roster.retain(|row| !found.contains_key(&row.index));
    let values: HashMap<u32, &[(String, String)]> =
        found.iter().map(|(index, values)| (*index, values.as_slice())).collect();
    let range = RecordRange::new(held.first, held.count);
    let staged = huiliu_decode::run_corrected(context.stages(held, reading), body, range, &values)
        .map_err(|e| deliver::unreadable_error(held, e))?;
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
