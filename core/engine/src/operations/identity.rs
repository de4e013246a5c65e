//! Identity claims: lists those that wait for a person, and shows everything known about one. Decisions about them are
//! made by [`super::decisions::decide`].

use super::error::{NotFound, OperationError};
use super::page::{Page, Span};
use crate::database::OpenDatabase;
use huiliu_store::identity::queue::{self, ClaimDetails, ClaimRow, ClaimSelection, Counts};

/// Counts the claims by state.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub async fn status(opened: &OpenDatabase) -> Result<Counts, OperationError> {
    Ok(queue::count_claims(&opened.db).await?)
}

/// Lists the waiting claims, with the teachers they may belong to.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub async fn list(opened: &OpenDatabase, which: ClaimSelection, span: Span) -> Result<Page<ClaimRow>, OperationError> {
    let rows = queue::list_claims(&opened.db, which, span.after, span.limit_plus_one()).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.claim.to_string());
    Ok(page.counted(queue::count_selected_claims(&opened.db, which)).await?)
}

/// Shows everything known about a claim, with numbers masked.
///
/// # Errors
/// [`OperationError::NotFound`] if it does not exist.
pub async fn show(opened: &OpenDatabase, claim: i64) -> Result<ClaimDetails, OperationError> {
    let shown = queue::load_claim_details(&opened.db, &opened.keys, claim).await?;
    shown.ok_or_else(|| NotFound::Claim { claim }.into())
}
