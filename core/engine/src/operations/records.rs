//! Training records as they are held.

use super::error::{NotFound, OperationError};
use super::page::{Page, Span};
use crate::database::OpenDatabase;
use huiliu_store::admin::reports::{self, LedgerRow, RecordRow};

/// Training records, in the order of their numbers.
///
/// # Errors
/// [`OperationError::Store`].
pub async fn list(opened: &OpenDatabase, span: Span) -> Result<Page<RecordRow>, OperationError> {
    let rows = reports::records(&opened.db, None, span.after, span.one_more()).await?;
    Ok(Page::part(rows, span.limit, |row| row.record.to_string()))
}

/// One training record.
///
/// # Errors
/// [`OperationError::NotFound`].
pub async fn show(opened: &OpenDatabase, record: i64) -> Result<RecordRow, OperationError> {
    let rows = reports::records(&opened.db, Some(record), 0, 1).await?;
    rows.into_iter().next().ok_or_else(|| NotFound::Record(record).into())
}

/// Teachers' hours with the ID number opened, after a teacher: for comparing with a truth file, never for a listing.
///
/// # Errors
/// [`OperationError::Store`].
pub async fn ledger_after(opened: &OpenDatabase, teacher: i64) -> Result<Vec<LedgerRow>, OperationError> {
    Ok(reports::ledger(&opened.db, &opened.keys, teacher, 10_000).await?)
}
