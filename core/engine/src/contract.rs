//! Compares a batch with the contract of its stream and with the values of the stream's accepted records.

use crate::deliver::Reading;
use huiliu_decode::contract::{self, BrokenContract};
use huiliu_decode::drift::{self, BatchRecords, Comparison};
use huiliu_decode::value_statistics::ValueStatistics;
use huiliu_manifest::quality::{Contract, OtherValues};
use huiliu_messages::in_log;
use huiliu_store::delivery::batch::{ClaimedBatch, Load};
use huiliu_store::intake::stream_values;
use huiliu_store::{Db, StoreError};
use huiliu_vault::keys::Keys;

/// Accepted records after which the statistics are not written for every batch.
const ENOUGH_RECORDS: u64 = 20_000;

/// What batches that keep their contract add to the statistics of their stream.
#[derive(Debug, Default)]
pub(crate) struct NewStatistics(Option<ValueStatistics>);

/// Returns for each of some batches of a stream why it must be quarantined, if it must, and what the others add to the
/// statistics. Each is compared with those before it too. A batch that a person has released is not compared.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn judge_batches(
    db: &Db,
    keys: &Keys,
    reading: Reading<'_>,
    loads: &[Load<'_>],
) -> Result<(Vec<Result<(), BrokenContract>>, NewStatistics), StoreError> {
    let (stream, usual) = (reading.stream, &Contract::USUAL);
    let contract = stream.contract.as_ref().unwrap_or(usual);
    let compares = contract.values == OtherValues::Hold && !stream.kind.is_roster();
    let known = match loads.first().and_then(|load| Some((load.held.first()?, load.manifest_version))) {
        Some((held, version)) if compares => stream_values::load_statistics(db, held, version).await?,
        _ => ValueStatistics::default(),
    };
    let mut so_far = known.clone();
    let mut judged = vec![];
    for load in loads {
        let batch = BatchRecords { clean: &load.clean, roster: &load.roster, parked: &load.parked };
        let (count, is_waived) = load.held.first().map_or((0, false), |held| (held.count as usize, held.waived));
        let mut problems = Vec::new();
        if !is_waived {
            let declared = stream.contract.as_ref();
            problems.extend(declared.into_iter().flat_map(|c| contract::list_shared(c, count, &load.parked)));
            problems.extend(drift::find_damage(stream, batch));
        }
        if compares {
            let now = ValueStatistics::of_records(&stream.map, keys, &load.clean);
            if !is_waived {
                // Of a page that has changed in part, however few records are new are compared: they are a larger share of
                // themselves than of the page, and what seems to break the contract is judged once more with the page.
                let of_few = contract.for_few();
                let contract = if load.kept.is_empty() { contract } else { &of_few };
                let comparison = Comparison { stream, contract, keys, before: &so_far, now: &now };
                problems.extend(drift::find_drift(comparison, batch));
            }
            if problems.is_empty() {
                so_far.merge(&now);
            }
        }
        judged.push(if problems.is_empty() { Ok(()) } else { Err(BrokenContract::SharedProblems { problems }) });
    }
    Ok((judged, NewStatistics(is_worth_saving(&known, &so_far).then_some(so_far))))
}

/// Returns whether statistics with those of more batches are to be written.
fn is_worth_saving(before: &ValueStatistics, merged: &ValueStatistics) -> bool {
    let is_new = || {
        merged.courses != before.courses
            || merged.words.len() != before.words.len()
            || merged.words.iter().any(|(field, words)| {
                before.words.get(field).is_none_or(|known| known.counts.len() != words.counts.len())
            })
            || merged.presence.iter().any(|(field, now)| {
                before.presence.get(field).is_none_or(|before| (before.blank == 0) != (now.blank == 0))
            })
    };
    merged.records > before.records && (before.records < ENOUGH_RECORDS || is_new())
}

impl NewStatistics {
    /// Saves the statistics after the batches were committed. They are an aid, so a failure is only logged.
    pub(crate) async fn save(self, db: &Db, held: &ClaimedBatch, version: i64) {
        let Some(statistics) = self.0 else { return };
        if let Err(fault) = stream_values::save_statistics(db, held, version, &statistics).await {
            tracing::warn!("{}", in_log(&fault));
        }
    }
}
