//! Rows of rosters: what they conflict with, the rows themselves, and everything that is derived from them.
//!
//! The rows are held like training records, newest version each. Teachers, memberships and schools are derived from the rows
//! that are held, so that the order of arrival decides nothing. One roster is loaded at a time.

mod derive;
pub mod known;
pub mod report;
mod sift;
mod told;
pub mod wait;
mod write;

pub use sift::{Sifted, sift};
pub(crate) use told::told;

use crate::delivery::batch::{ClaimedBatch, Commit, Load};
use crate::delivery::classify::Classified;
use crate::delivery::dead_letters::{self, Resolution};
use crate::delivery::finish::{Done, Replayed, finish, move_counters, skip};
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use huiliu_decode::RosterRow;
use huiliu_vault::keys::Keys;

/// Keeps other loads of rosters out until the end of the transaction: whoever looks for a school, or for somebody with the
/// same ID number, sees all that came before.
///
/// # Errors
/// [`StoreError`].
pub async fn alone(tx: &mut Tx) -> Result<(), StoreError> {
    tx.lock_table("roster_wait").await
}

/// Classifies and commits a batch of a roster.
///
/// # Errors
/// [`StoreError`]; nothing was written unless the fault came from the commit itself.
pub(crate) async fn commit(db: &Db, keys: &Keys, held: &ClaimedBatch, load: &Load<'_>) -> Result<Commit, StoreError> {
    let mut tx = db.begin().await?;
    alone(&mut tx).await?;
    let sifted = sift(&mut tx, keys, held, load).await?;
    let mut classified = Classified::of(&mut tx, held, load.activation, sifted.kept()).await?;
    let written = write::write(&mut tx, keys, held, load, &sifted, &mut classified).await?;
    let (mut outcomes, elsewhere) = classified.outcomes();
    let parked: Vec<_> = load.parked.iter().cloned().chain(sifted.parked()).collect();
    dead_letters::park(&mut tx, keys, held, load, &parked, &mut outcomes).await?;
    wait::add(&mut tx, held, &sifted.waits).await?;
    outcomes.skipped = skip(&mut tx, held, load).await?;
    let done = Done {
        manifest_version: load.manifest_version,
        activation: load.activation,
        outcomes,
        held: written,
        elsewhere,
    };
    finish(tx, held, &done).await
}

/// Commits rows of a batch that is done and whose letters are taken up again, as [`crate::delivery::load::replay`] does for
/// records. Gives how many were still parked.
///
/// # Errors
/// [`StoreError`].
pub async fn replay(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &Load<'_>,
    sifted: &Sifted<'_>,
    classified: &mut Classified<'_, RosterRow<'_>>,
    resolution: Resolution<'_>,
) -> Result<usize, StoreError> {
    let written = write::write(tx, keys, held, load, sifted, classified).await?;
    let taken = dead_letters::resolve(tx, held, resolution).await?;
    let (outcomes, elsewhere) = classified.outcomes();
    let skipped = skip(tx, held, load).await?;
    let replayed = Replayed { records: resolution.records.len(), outcomes, held: written, elsewhere, skipped };
    move_counters(tx, held.id, &replayed).await?;
    Ok(taken)
}
