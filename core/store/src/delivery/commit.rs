//! Commits a processed batch: records, or rows of a roster.

use crate::delivery::batch::{Committed, Load};
use crate::delivery::known::KnownRows;
use crate::delivery::load;
use crate::roster;
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use huiliu_vault::keys::Keys;

/// Classifies and commits batches of one stream together. Of a roster, it must be one
/// batch.
///
/// # Errors
/// [`StoreError`]. Nothing was written unless the commit itself failed; then the next claims read the outcomes.
pub async fn commit_batches(db: &Db, keys: &Keys, known: &KnownRows, load: &Load<'_>) -> Result<Committed, StoreError> {
    match (load.roster.is_empty(), load.held) {
        (false, [held]) => {
            let done = roster::commit_rows(db, keys, held, load).await?;
            Ok(done.map_or(Committed::Fenced, |done| Committed::Done(vec![done])))
        }
        _ => load::commit_records(db, keys, known, load).await,
    }
}
