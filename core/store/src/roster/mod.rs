//! Rosters: conflicts between rows, the rows themselves, and everything derived from them.
//!
//! Rows are stored like training records, the newest version of each. Teachers, memberships and schools are derived
//! from the stored rows, so that the order of arrival does not matter. Only one roster batch is loaded at a time.

mod derive;
pub mod known;
mod person_details;
pub mod report;
mod sift;
pub mod wait;
mod write;

pub(crate) use person_details::load_person_details;
pub use sift::{SiftedRows, sift_rows};

use crate::delivery::batch::{ClaimedBatch, Load, Outcomes};
use crate::delivery::classify::Classified;
use crate::delivery::confirm::{self, Objection, OrderedWork};
use crate::delivery::dead_letters::{self, Resolution};
use crate::delivery::due_letters;
use crate::delivery::finish::{BatchResult, Replayed, finish_batches, move_counters, write_skips};
use crate::delivery::successors;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use huiliu_decode::RosterRow;
use huiliu_vault::keys::Keys;

/// Keeps other roster loads out until the transaction ends, so that looking for a school, or for a person with the same
/// ID number, finds everything that was loaded before.
///
/// # Errors
/// [`StoreError`].
pub async fn lock_roster(tx: &mut Tx) -> Result<(), StoreError> {
    tx.lock_table("roster_wait").await
}

/// Classifies and commits a batch of a roster.
///
/// # Errors
/// [`StoreError`]. Nothing was written unless the commit itself failed.
pub(crate) async fn commit_rows(
    db: &Db,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &Load<'_>,
) -> Result<Option<Outcomes>, StoreError> {
    loop {
        match try_commit_rows(db, keys, held, load).await? {
            Ok(outcomes) => return Ok(outcomes),
            Err(Objection::StreamChanged) => {}
            Err(Objection::ConfirmedSince(confirmed)) => {
                confirm::store_confirmed::<RosterRow<'_>>(db, held, load.by_landing, &confirmed).await?;
            }
        }
    }
}

async fn try_commit_rows(
    db: &Db,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &Load<'_>,
) -> Result<Result<Option<Outcomes>, Objection>, StoreError> {
    let mut tx = db.begin().await?;
    lock_roster(&mut tx).await?;
    let sifted = sift_rows(&mut tx, keys, held, load).await?;
    let mut classified = Classified::classify_versions(&mut tx, held, load, sifted.loadable_rows()).await?;
    let written = write::write_rows(&mut tx, keys, held, load, &sifted, &mut classified).await?;
    due_letters::add_keys_of_open(&mut tx, held, classified.list_written_keys()).await?;
    let mut counts = classified.count_outcomes();
    let parked: Vec<_> = load.parked.iter().cloned().chain(sifted.parked_rows()).collect();
    dead_letters::park_records(&mut tx, keys, held, load, &parked, &mut counts).await?;
    successors::note_successors(
        &mut tx,
        keys,
        load.held,
        &classified,
        sifted.loadable_rows(),
        &successors::KnownRecords::new(),
    )
    .await?;
    wait::add_waits(&mut tx, held, &sifted.waits).await?;
    let mut counts = counts.remove(&held.id).unwrap_or_default();
    counts.outcomes.skipped = write_skips(&mut tx, load).await?.remove(&held.id).unwrap_or(0);
    let said_of = parked.iter().map(|parked| parked.dead_letter_key).collect();
    let confirmed = classified.list_confirmed().collect();
    let work = OrderedWork { stream: classified.stream_state(), overwritten: written.late, said_of, confirmed };
    if let Some(objection) = confirm::check_order(&mut tx, load, work).await? {
        return Ok(Err(objection));
    }
    let (manifest_version, activation) = (load.manifest_version, load.activation);
    let done = BatchResult { batch: held, manifest_version, activation, counts };
    Ok(Ok(finish_batches(tx, &[done]).await?.then_some(counts.outcomes)))
}

/// Commits replayed rows of a finished batch, as [`crate::delivery::load::commit_replayed`] does for records. Returns
/// how many were still parked.
///
/// # Errors
/// [`StoreError`].
pub async fn commit_replayed(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &Load<'_>,
    sifted: &SiftedRows<'_>,
    classified: &mut Classified<'_, RosterRow<'_>>,
    resolution: Resolution<'_>,
) -> Result<usize, StoreError> {
    write::write_rows(tx, keys, held, load, sifted, classified).await?;
    let taken = dead_letters::resolve_letters(tx, held, resolution).await?;
    if taken < resolution.records.len() {
        return Ok(taken);
    }
    successors::note_successors(
        tx,
        keys,
        load.held,
        classified,
        sifted.loadable_rows(),
        &successors::KnownRecords::new(),
    )
    .await?;
    due_letters::add_keys(tx, held, classified.list_written_keys()).await?;
    let counts = classified.count_outcomes().remove(&held.id).unwrap_or_default();
    let skipped = write_skips(tx, load).await?.remove(&held.id).unwrap_or(0);
    let replayed = Replayed { records: resolution.records.len(), counts, skipped, withdrawn: 0 };
    move_counters(tx, held.id, &replayed).await?;
    Ok(taken)
}
