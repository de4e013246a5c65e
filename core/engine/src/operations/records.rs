//! Training records as they are held.

use super::error::{NotFound, OperationError};
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::database::OpenDatabase;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::reports::{self, LedgerRow, RecordRow};

/// Training records, in the order of their numbers.
///
/// # Errors
/// [`OperationError::Filter`].
pub async fn list(access: RegistryAccess<'_>, of: &RowFilter, span: Span) -> Result<Page<RecordRow>, OperationError> {
    filters::check(access, of).await?;
    let rows = reports::records(&access.opened.db, None, of, span.after, span.one_more()).await?;
    Ok(Page::part(rows, span.limit, |row| row.record.to_string()))
}

/// One training record.
///
/// # Errors
/// [`OperationError::NotFound`].
pub async fn show(opened: &OpenDatabase, record: i64) -> Result<RecordRow, OperationError> {
    let rows = reports::records(&opened.db, Some(record), &RowFilter::default(), 0, 1).await?;
    rows.into_iter().next().ok_or_else(|| NotFound::Record { record }.into())
}

/// Teachers' hours with the ID number opened, after a teacher: for comparing with a truth file, never for a listing.
///
/// # Errors
/// [`OperationError::Store`].
pub async fn ledger_after(opened: &OpenDatabase, teacher: i64) -> Result<Vec<LedgerRow>, OperationError> {
    Ok(reports::ledger(&opened.db, &opened.keys, teacher, 10_000).await?)
}
