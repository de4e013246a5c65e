//! Whose records are whose: the claims that wait for somebody, and all that is known of one. What is decided about them is
//! [`super::decisions::decide`]'s.

use super::error::{NotFound, OperationError};
use super::page::{Page, Span};
use crate::database::OpenDatabase;
use huiliu_store::identity::queue::{self, Counts, Shown, Waiting, Which};

/// How many claims there are of each state.
///
/// # Errors
/// [`OperationError::Store`].
pub async fn status(opened: &OpenDatabase) -> Result<Counts, OperationError> {
    Ok(queue::counts(&opened.db).await?)
}

/// The claims that wait, with who may be meant.
///
/// # Errors
/// [`OperationError::Store`].
pub async fn list(opened: &OpenDatabase, which: Which, span: Span) -> Result<Page<Waiting>, OperationError> {
    let rows = queue::list(&opened.db, which, span.after, span.one_more()).await?;
    Ok(Page::part(rows, span.limit, |row| row.claim.to_string()))
}

/// All that is known of a claim, numbers masked.
///
/// # Errors
/// [`OperationError::NotFound`].
pub async fn show(opened: &OpenDatabase, claim: i64) -> Result<Shown, OperationError> {
    let shown = queue::show(&opened.db, &opened.keys, claim).await?;
    shown.ok_or_else(|| NotFound::Claim { claim }.into())
}
