//! The backlog of settlement.

use crate::identity;
use crate::ledger::marks;
use crate::sql::db::Db;
use crate::sql::error::StoreError;

/// Counts the teachers and claims that wait to be settled.
///
/// # Errors
/// [`StoreError`].
pub async fn count_due(db: &Db) -> Result<i64, StoreError> {
    Ok(marks::count_marked(db).await? + identity::count_new_claims(db).await?)
}
