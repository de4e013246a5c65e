//! Training records as stored.

use super::error::{NotFound, OperationError};
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::database::OpenDatabase;
use huiliu_store::admin::counts;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::reports::{self, LedgerRow, RecordRow};

/// Lists training records by number.
///
/// # Errors
/// [`OperationError::Filter`] if the filter names something that does not exist.
pub async fn list(access: RegistryAccess<'_>, of: &RowFilter, span: Span) -> Result<Page<RecordRow>, OperationError> {
    filters::check_filter(access, of).await?;
    let rows = reports::list_records(&access.opened.db, None, of, span.after, span.limit_plus_one()).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.record.to_string());
    Ok(page.counted(counts::records(&access.opened.db, of)).await?)
}

/// Shows one training record.
///
/// # Errors
/// [`OperationError::NotFound`] if it does not exist.
pub async fn show(opened: &OpenDatabase, record: i64) -> Result<RecordRow, OperationError> {
    let rows = reports::list_records(&opened.db, Some(record), &RowFilter::default(), 0, 1).await?;
    rows.into_iter().next().ok_or_else(|| NotFound::Record { record }.into())
}

/// Returns the hours of the teachers after a given number, with ID numbers unmasked. Only for comparison with a truth
/// file, never for listings.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub async fn ledger_after(opened: &OpenDatabase, teacher: i64) -> Result<Vec<LedgerRow>, OperationError> {
    Ok(reports::list_hours(&opened.db, &opened.keys, teacher, 10_000).await?)
}
