//! Resumes roster rows that waited for a school or a person. Once it exists, the row is loaded from the payload as
//! received, under today's manifest.

use crate::deliver::{DeliveryContext, Reading};
use crate::log_event::LogEvent;
use crate::replay::perform::stage_wanted_records;
use huiliu_decode::RosterRow;
use huiliu_messages::Message;
use huiliu_store::StoreError;
use huiliu_store::delivery::classify::Classified;
use huiliu_store::delivery::dead_letters::{self, Resolution, Resolved, StillParked};
use huiliu_store::delivery::replays::{self, Wanted};
use huiliu_store::roster;
use huiliu_store::roster::wait::{self, ReadyLetters};

/// Dead letters resumed per round.
const LETTERS: i64 = 1_000;

/// Resumes every row that is ready. Returns the number of raw records loaded.
///
/// # Errors
/// [`StoreError`] when the database does not answer. Rows resumed before stay loaded; the rest stays ready.
pub async fn resume_ready_rows(context: &DeliveryContext) -> Result<usize, StoreError> {
    let mut total = 0;
    loop {
        let ReadyLetters { letters, batches } = wait::take_ready(&context.db, LETTERS).await?;
        if letters.is_empty() {
            return Ok(total);
        }
        for (batch, wanted) in &batches {
            match resume_batch(context, *batch, wanted).await {
                Ok(taken) => total += taken,
                // A payload that today's manifest decodes differently stays parked for a person.
                Err(StoreError::Unreadable(why)) => {
                    tracing::warn!(batch, "{}", LogEvent::RowsNotLoaded { why: Message::new(&why) });
                }
                Err(fault) => return Err(fault),
            }
        }
        wait::delete_taken(&context.db, &letters).await?;
    }
}

/// Loads the wanted raw records of one batch in one transaction.
async fn resume_batch(context: &DeliveryContext, batch: i64, wanted: &Wanted) -> Result<usize, StoreError> {
    let held = replays::load_batch(&mut context.db.begin_read_only().await?, batch).await?;
    let manifests = context.manifests.current();
    let rules = context.rules.current();
    let reading = Reading::for_batch(&manifests, &rules, &held)?;
    let mut bytes = std::sync::Arc::default();
    let body = context.load_body(&held, reading.stream, &mut bytes).await?;
    let load = stage_wanted_records(context, &held, reading, &body, wanted).await?;
    let mut tx = context.db.begin().await?;
    roster::lock_roster(&mut tx).await?;
    let sifted = roster::sift_rows(&mut tx, &context.keys, &held, &load).await?;
    let mut classified = Classified::classify_versions(&mut tx, &held, &load, sifted.loadable_rows()).await?;
    let resolved = |row: &RosterRow<'_>| {
        let letter = wanted.get(&row.index)?.letter;
        Some(Resolved { index: row.index, letter, record_key: Some(row.record_key) })
    };
    let resolved: Vec<Resolved> = sifted.loadable_rows().filter_map(resolved).collect();
    let resolution = Resolution { replay: 0, records: &resolved };
    let taken =
        roster::commit_replayed(&mut tx, &context.keys, &held, &load, &sifted, &mut classified, resolution).await?;
    if taken != resolved.len() {
        // Another process has closed or resumed a letter in the meantime.
        return Ok(0);
    }
    let parked = load.parked.iter().cloned().chain(sifted.parked_rows());
    let still: Vec<_> =
        parked.filter_map(|parked| Some(StillParked { letter: wanted.get(&parked.index)?.letter, parked })).collect();
    dead_letters::update_reasons(&mut tx, &context.keys, &held, &still).await?;
    wait::add_waits(&mut tx, &held, &sifted.waits).await?;
    tx.commit().await?;
    Ok(taken)
}
