//! Who waits to be settled.

use crate::identity;
use crate::ledger::marks;
use crate::sql::db::Db;
use crate::sql::error::StoreError;

/// How many teachers and claims wait to be settled.
///
/// # Errors
/// [`StoreError`].
pub async fn due(db: &Db) -> Result<i64, StoreError> {
    Ok(marks::count(db).await? + identity::due(db).await?)
}
