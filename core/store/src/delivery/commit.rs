//! One staged batch into the tables: records or rows of a roster.

use std::sync::Mutex;

use crate::delivery::batch::{ClaimedBatch, Commit, Load};
use crate::delivery::load;
use crate::identity::claims;
use crate::roster;
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use huiliu_vault::keys::Keys;

/// Classifies and commits.
///
/// # Errors
/// [`StoreError`]; nothing was written unless the fault came from the commit itself, whose outcome the next claim reads.
pub async fn commit(
    db: &Db,
    keys: &Keys,
    known: &Mutex<claims::Known>,
    held: &ClaimedBatch,
    load: &Load<'_>,
) -> Result<Commit, StoreError> {
    match load.roster.is_empty() {
        true => load::commit(db, keys, known, held, load).await,
        false => roster::commit(db, keys, held, load).await,
    }
}
