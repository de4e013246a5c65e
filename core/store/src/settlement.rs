//! Who waits to be settled.

use crate::identity;
use crate::ledger::marks;
use crate::sql::db::Db;
use crate::sql::error::StoreFault;

/// How many teachers and claims wait to be settled.
///
/// # Errors
/// [`StoreFault`].
pub async fn due(db: &Db) -> Result<i64, StoreFault> {
    Ok(marks::count(db).await? + identity::due(db).await?)
}
