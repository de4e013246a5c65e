//! Rows of rosters that wait for a school, or for a person: taken up by themselves when it has come, out of the payload as it
//! was received, under today's manifest.

use crate::deliver::{DeliveryContext, Reading};
use crate::replay::perform::staged_records;
use huiliu_decode::RosterRow;
use huiliu_store::StoreError;
use huiliu_store::delivery::classify::Classified;
use huiliu_store::delivery::dead_letters::{self, Resolution, Resolved, StillParked};
use huiliu_store::delivery::replays::{self, Wanted};
use huiliu_store::roster::{self, wait};

/// Letters taken up at once.
const LETTERS: i64 = 1_000;

/// Takes up whatever is ready; gives how many raw records went in.
///
/// # Errors
/// [`StoreError`] when the database does not answer; what was taken up before stays, the rest is still ready.
pub async fn take_up(context: &DeliveryContext) -> Result<usize, StoreError> {
    let mut total = 0;
    loop {
        let (letters, batches) = wait::begin(&context.db, LETTERS).await?;
        if letters.is_empty() {
            return Ok(total);
        }
        for (batch, wanted) in &batches {
            match one(context, *batch, wanted).await {
                Ok(taken) => total += taken,
                // A payload that today's manifest reads otherwise stays parked, for people.
                Err(StoreError::Unreadable(why)) => tracing::warn!(batch, "not taken up: {why}"),
                Err(fault) => return Err(fault),
            }
        }
        wait::end(&context.db, &letters).await?;
    }
}

/// The wanted raw records of one batch, in one transaction.
async fn one(context: &DeliveryContext, batch: i64, wanted: &Wanted) -> Result<usize, StoreError> {
    let held = replays::batch(&mut context.db.look().await?, batch).await?;
    let manifests = context.manifests.now();
    let reading = Reading::of(&manifests, &held)?;
    let mut bytes = std::sync::Arc::default();
    let body = context.body(&held, reading.stream, &mut bytes).await?;
    let load = staged_records(context, &held, reading, &body, wanted)?;
    let mut tx = context.db.begin().await?;
    roster::alone(&mut tx).await?;
    let sifted = roster::sift(&mut tx, &context.keys, &held, &load).await?;
    let mut classified = Classified::of(&mut tx, &held, load.activation, sifted.kept()).await?;
    let resolved = |row: &RosterRow<'_>| {
        let letter = wanted.get(&row.index)?.letter;
        Some(Resolved { index: row.index, letter, record_key: Some(row.record_key) })
    };
    let resolved: Vec<Resolved> = sifted.kept().filter_map(resolved).collect();
    let resolution = Resolution { replay: 0, records: &resolved };
    let taken = roster::replay(&mut tx, &context.keys, &held, &load, &sifted, &mut classified, resolution).await?;
    if taken != resolved.len() {
        // Somebody has closed a letter, or taken it up, in the meantime.
        return Ok(0);
    }
    let parked = load.parked.iter().cloned().chain(sifted.parked());
    let still: Vec<_> =
        parked.filter_map(|parked| Some(StillParked { letter: wanted.get(&parked.index)?.letter, parked })).collect();
    dead_letters::tell_again(&mut tx, &still).await?;
    wait::add(&mut tx, &held, &sifted.waits).await?;
    tx.commit().await?;
    Ok(taken)
}
