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

/// What a batch that keeps its contract adds to the statistics of its stream.
#[derive(Debug, Default)]
pub(crate) struct NewStatistics(Option<ValueStatistics>);

/// Returns why a batch must be quarantined, or what it adds to the statistics if it need not. A batch that a person has
/// released is not compared.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn judge_batch(
    db: &Db,
    keys: &Keys,
    held: &ClaimedBatch,
    reading: Reading<'_>,
    load: &Load<'_>,
) -> Result<Result<NewStatistics, BrokenContract>, StoreError> {
    let stream = reading.stream;
    let batch = BatchRecords { clean: &load.clean, roster: &load.roster, parked: &load.parked };
    let usual = &Contract::USUAL;
    let contract = stream.contract.as_ref().unwrap_or(usual);
    let mut problems = Vec::new();
    if !held.waived {
        let declared = stream.contract.as_ref();
        problems.extend(declared.into_iter().flat_map(|c| contract::list_shared(c, held.count as usize, &load.parked)));
        problems.extend(drift::find_damage(stream, batch));
    }
    let mut statistics = None;
    if contract.values == OtherValues::Hold && !stream.kind.is_roster() {
        let before = stream_values::load_statistics(db, held, load.manifest_version).await?;
        let now = ValueStatistics::of_records(&stream.map, keys, &load.clean);
        if !held.waived {
            let comparison = Comparison { stream, contract, keys, before: &before, now: &now };
            problems.extend(drift::find_drift(comparison, batch));
        }
        statistics = merge_statistics(before, &now);
    }
    if problems.is_empty() {
        return Ok(Ok(NewStatistics(statistics)));
    }
    Ok(Err(BrokenContract::SharedProblems { problems }))
}

/// Returns the statistics with those of a batch, if they are to be written.
fn merge_statistics(before: ValueStatistics, now: &ValueStatistics) -> Option<ValueStatistics> {
    if now.records == 0 {
        return None;
    }
    let mut merged = before.clone();
    merged.merge(now);
    let is_new = merged.courses != before.courses
        || merged.words.len() != before.words.len()
        || merged
            .words
            .iter()
            .any(|(field, words)| before.words.get(field).is_none_or(|known| known.counts.len() != words.counts.len()))
        || merged.presence.iter().any(|(field, now)| {
            before.presence.get(field).is_none_or(|before| (before.blank == 0) != (now.blank == 0))
        });
    (is_new || before.records < ENOUGH_RECORDS).then_some(merged)
}

impl NewStatistics {
    /// Saves the statistics after the batch was committed. They are an aid, so a failure is only logged.
    pub(crate) async fn save(self, db: &Db, held: &ClaimedBatch, version: i64) {
        let Some(statistics) = self.0 else { return };
        if let Err(fault) = stream_values::save_statistics(db, held, version, &statistics).await {
            tracing::warn!("{}", in_log(&fault));
        }
    }
}
