//! Commits a processed batch: records, or rows of a roster.

use std::sync::Mutex;

use crate::delivery::batch::{Committed, Load};
use crate::delivery::load;
use crate::identity::claims;
use crate::roster;
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use huiliu_vault::keys::Keys;

/// Classifies and commits batches of one stream together. Of a roster, it must be one
/// batch.
///
/// # Errors
/// [`StoreError`]. Nothing was written unless the commit itself failed; then the next claims read the outcomes.
pub async fn commit_batches(
    db: &Db,
    keys: &Keys,
    known: &Mutex<claims::ClaimCache>,
    load: &Load<'_>,
) -> Result<Committed, StoreError> {
    match (load.roster.is_empty(), load.held) {
        (false, [held]) => {
            let done = roster::commit_rows(db, keys, held, load).await?;
            Ok(done.map_or(Committed::Fenced, |done| Committed::Done(vec![done])))
        }
        _ => load::commit_records(db, keys, known, load).await,
    }
}
