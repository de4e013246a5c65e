//! The backlog of settlement.

use crate::identity;
use crate::ledger::{groups, marks};
use crate::sql::db::Db;
use crate::sql::error::StoreError;

/// Counts the teachers, groups of teachers and claims that wait to be settled. Zero means that nothing waits.
///
/// # Errors
/// [`StoreError`].
pub async fn count_due(db: &Db) -> Result<i64, StoreError> {
    // In the order in which settlement turns one into the next, so that nothing slips past the count.
    let claims = identity::count_new_claims(db).await?;
    let groups = groups::count_groups(db).await?;
    Ok(claims + groups + marks::count_marked(db).await?)
}
