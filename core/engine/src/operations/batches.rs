//! Batches that are not done.

use schemars::JsonSchema;
use serde::Serialize;

use super::act::{Act, AuditEntry};
use super::error::OperationError;
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::database::OpenDatabase;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::reports::{self, BatchRow};
use huiliu_store::delivery::batches;
use huiliu_values::BatchState;

/// Batches that are not done: all of them, or only those set aside.
///
/// # Errors
/// [`OperationError::Filter`].
pub async fn list(
    access: RegistryAccess<'_>,
    quarantined: bool,
    of: &RowFilter,
    span: Span,
) -> Result<Page<BatchRow>, OperationError> {
    filters::check(access, of).await?;
    let state = quarantined.then_some(BatchState::Quarantined);
    let rows = reports::batches(&access.opened.db, state, of, span.after, span.one_more()).await?;
    Ok(Page::part(rows, span.limit, |row| row.batch.to_string()))
}

/// A batch that was released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Released {
    /// The batch.
    pub batch: i64,
    /// `due`.
    pub state: BatchState,
}

/// Makes a quarantined batch due again, as if it had never been tried.
///
/// # Errors
/// [`OperationError::BatchNotQuarantined`].
pub async fn release(opened: &OpenDatabase, act: Act<'_>, batch: i64) -> Result<Released, OperationError> {
    let mut tx = opened.db.begin().await?;
    if !batches::unquarantine(&mut tx, batch).await? {
        return Err(OperationError::BatchNotQuarantined { batch });
    }
    act.commit(tx, opened, AuditEntry::new("batch.release", format!("batch {batch}"))).await?;
    Ok(Released { batch, state: BatchState::Due })
}
