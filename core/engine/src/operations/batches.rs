//! Batches that are not done.

use schemars::JsonSchema;
use serde::Serialize;

use super::act::{Act, AuditEntry};
use super::error::OperationError;
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::database::OpenDatabase;
use huiliu_store::admin::counts;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::reports::{self, BatchRow};
use huiliu_store::delivery::batches;
use huiliu_values::BatchState;

/// Lists batches that are not done: all of them, or only the quarantined ones.
///
/// # Errors
/// [`OperationError::Filter`] if the filter names something that does not exist.
pub async fn list(
    access: RegistryAccess<'_>,
    quarantined: bool,
    of: &RowFilter,
    span: Span,
) -> Result<Page<BatchRow>, OperationError> {
    filters::check_filter(access, of).await?;
    let state = quarantined.then_some(BatchState::Quarantined);
    let rows = reports::list_batches(&access.opened.db, state, of, span.after, span.limit_plus_one()).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.batch.to_string());
    Ok(page.counted(counts::batches(&access.opened.db, state, of)).await?)
}

/// A batch that was released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Released {
    /// The batch's number.
    pub batch: i64,
    /// Always `due`.
    pub state: BatchState,
}

/// Releases a quarantined batch: it becomes due again, as if it had never been tried.
///
/// # Errors
/// [`OperationError::BatchNotQuarantined`] if it is not quarantined.
pub async fn release(opened: &OpenDatabase, act: Act<'_>, batch: i64) -> Result<Released, OperationError> {
    let mut tx = opened.db.begin().await?;
    if !batches::release_quarantined(&mut tx, batch).await? {
        return Err(OperationError::BatchNotQuarantined { batch });
    }
    act.commit_with_audit(tx, opened, AuditEntry::new("batch.release", format!("batch {batch}"))).await?;
    Ok(Released { batch, state: BatchState::Due })
}
