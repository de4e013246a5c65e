//! Commits a processed batch: records, or rows of a roster.

use std::sync::Mutex;

use crate::delivery::batch::{ClaimedBatch, Commit, Load};
use crate::delivery::load;
use crate::identity::claims;
use crate::roster;
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use huiliu_vault::keys::Keys;

/// Classifies and commits a batch.
///
/// # Errors
/// [`StoreError`]. Nothing was written unless the commit itself failed; then the next claim reads its outcome.
pub async fn commit_batch(
    db: &Db,
    keys: &Keys,
    known: &Mutex<claims::ClaimCache>,
    held: &ClaimedBatch,
    load: &Load<'_>,
) -> Result<Commit, StoreError> {
    match load.roster.is_empty() {
        true => load::commit_records(db, keys, known, held, load).await,
        false => roster::commit_rows(db, keys, held, load).await,
    }
}
