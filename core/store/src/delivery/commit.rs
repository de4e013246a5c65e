//! Commits a processed batch: records, or rows of a roster.

use std::sync::Mutex;

use crate::delivery::batch::{Load, Outcomes};
use crate::delivery::load;
use crate::identity::claims;
use crate::roster;
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use huiliu_vault::keys::Keys;

/// Classifies and commits batches of one stream together. Returns the outcomes of each; `None` if a claim was lost, and then
/// nothing was written. Of a roster, it must be one batch.
///
/// # Errors
/// [`StoreError`]. Nothing was written unless the commit itself failed; then the next claims read the outcomes.
pub async fn commit_batches(
    db: &Db,
    keys: &Keys,
    known: &Mutex<claims::ClaimCache>,
    load: &Load<'_>,
) -> Result<Option<Vec<Outcomes>>, StoreError> {
    match (load.roster.is_empty(), load.held) {
        (false, [held]) => roster::commit_rows(db, keys, held, load).await.map(|done| done.map(|done| vec![done])),
        _ => load::commit_records(db, keys, known, load).await,
    }
}
