//! Applies people's corrections to raw records that cannot be used as received.

use std::collections::HashMap;

use crate::deliver::{self, DeliveryContext, Reading};
use huiliu_decode::{Body, Parked, RecordRange, StageResult};
use huiliu_store::StoreError;
use huiliu_store::delivery::batch::{ClaimedBatch, Load};
use huiliu_store::delivery::corrections;

/// Runs the parked records of a load through the stages again, with the corrections of their raw records. One that is parked
/// again keeps its dead letter, since the letter belongs to what was received.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn apply<'a>(
    context: &'a DeliveryContext,
    held: &'a ClaimedBatch,
    reading: Reading<'a>,
    body: &'a Body<'_>,
    load: &mut Load<'a>,
) -> Result<(), StoreError> {
    if load.parked.is_empty() {
        return Ok(());
    }
    let digests = load.parked.iter().map(|parked| &parked.raw_digest);
    let DeliveryContext { db, keys, .. } = context;
    let found = corrections::load_for_raw(db, keys, held.source_id, &held.stream, digests).await?;
    if found.is_empty() {
        return Ok(());
    }
    let (corrected, parked): (Vec<Parked<'_>>, Vec<Parked<'_>>) =
        std::mem::take(&mut load.parked).into_iter().partition(|parked| found.contains_key(&parked.raw_digest));
    load.parked = parked;
    let values = corrected.iter().filter_map(|parked| Some((parked.index, found.get(&parked.raw_digest)?.as_slice())));
    let values: HashMap<u32, &[(String, String)]> = values.collect();
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
