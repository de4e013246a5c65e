//! Dead letters: what could not be used, with every reason.

use schemars::JsonSchema;
use serde::Serialize;

use super::act::{Act, AuditEntry};
use super::error::{NotFound, OperationError};
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::database::OpenDatabase;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::reports::{self, LetterRow};
use huiliu_store::delivery::dead_letters;
use huiliu_values::DeadLetterState;

/// The open dead letters.
///
/// # Errors
/// [`OperationError::Filter`].
pub async fn list(access: RegistryAccess<'_>, of: &RowFilter, span: Span) -> Result<Page<LetterRow>, OperationError> {
    filters::check(access, of).await?;
    let (db, open) = (&access.opened.db, Some(DeadLetterState::Open));
    let rows = reports::dead_letters(db, open, of, span.after, span.one_more()).await?;
    Ok(Page::part(rows, span.limit, |row| row.dead_letter.to_string()))
}

/// One dead letter, in whatever state.
///
/// # Errors
/// [`OperationError::NotFound`].
pub async fn show(opened: &OpenDatabase, dead_letter: i64) -> Result<LetterRow, OperationError> {
    let rows = reports::dead_letters(&opened.db, None, &RowFilter::default(), dead_letter - 1, 1).await?;
    let found = rows.into_iter().find(|row| row.dead_letter == dead_letter);
    found.ok_or_else(|| NotFound::DeadLetter { dead_letter }.into())
}

/// A dead letter that was discarded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Discarded {
    /// The letter.
    pub dead_letter: i64,
    /// `discarded`.
    pub state: DeadLetterState,
}

/// Closes an open dead letter for good: its raw records count as discarded.
///
/// # Errors
/// [`OperationError::DeadLetterNotOpen`].
pub async fn discard(opened: &OpenDatabase, act: Act<'_>, dead_letter: i64) -> Result<Discarded, OperationError> {
    let mut tx = opened.db.begin().await?;
    if !dead_letters::discard(&mut tx, dead_letter).await? {
        return Err(OperationError::DeadLetterNotOpen { dead_letter });
    }
    act.commit(tx, opened, AuditEntry::new("dead_letter.discard", format!("dead letter {dead_letter}"))).await?;
    Ok(Discarded { dead_letter, state: DeadLetterState::Discarded })
}
