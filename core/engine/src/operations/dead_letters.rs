//! Dead letters: records that could not be used, with all reasons.

use schemars::JsonSchema;
use serde::Serialize;

use super::act::{Act, AuditEntry};
use super::corrected::{self, LetterShown};
use super::error::{NotFound, OperationError};
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::database::OpenDatabase;
use huiliu_store::admin::counts;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::reports;
use huiliu_store::delivery::dead_letters;
use huiliu_values::DeadLetterState;

/// Lists the open dead letters.
///
/// # Errors
/// [`OperationError::Filter`] if the filter names something that does not exist.
pub async fn list(access: RegistryAccess<'_>, of: &RowFilter, span: Span) -> Result<Page<LetterShown>, OperationError> {
    filters::check_filter(access, of).await?;
    let (db, open) = (&access.opened.db, Some(DeadLetterState::Open));
    let rows = reports::list_dead_letters(db, open, of, span.after, span.limit_plus_one()).await?;
    let rows = corrected::add_corrections(access.opened, rows).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.letter.dead_letter.to_string());
    Ok(page.counted(counts::dead_letters(db, open, of)).await?)
}

/// Shows one dead letter in any state.
///
/// # Errors
/// [`OperationError::NotFound`] if it does not exist.
pub async fn show(opened: &OpenDatabase, dead_letter: i64) -> Result<LetterShown, OperationError> {
    let rows = reports::list_dead_letters(&opened.db, None, &RowFilter::default(), dead_letter - 1, 1).await?;
    let rows = rows.into_iter().filter(|row| row.dead_letter == dead_letter).collect();
    let found = corrected::add_corrections(opened, rows).await?.pop();
    found.ok_or_else(|| NotFound::DeadLetter { dead_letter }.into())
}

/// A dead letter that was discarded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Discarded {
    /// The letter's number.
    pub dead_letter: i64,
    /// Always `discarded`.
    pub state: DeadLetterState,
}

/// A dead letter whose record may belong to another person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Accepted {
    /// The letter's number.
    pub dead_letter: i64,
    /// Always `open`: a replay loads the record.
    pub state: DeadLetterState,
}

/// Accepts that the record of an open dead letter belongs from now on to the person whom the letter names. A replay, or
/// the same raw record when it is received again, then replaces the record. Decisions about the earlier person's record
/// do not follow.
///
/// # Errors
/// [`OperationError::NoOtherPerson`] if the letter is not open, or is not about a record of another person.
pub async fn accept(opened: &OpenDatabase, act: Act<'_>, dead_letter: i64) -> Result<Accepted, OperationError> {
    let mut tx = opened.db.begin().await?;
    if !dead_letters::accept_other_person(&mut tx, dead_letter).await? {
        return Err(OperationError::NoOtherPerson { dead_letter });
    }
    act.commit_with_audit(tx, opened, AuditEntry::new("dead_letter.accept", format!("dead letter {dead_letter}")))
        .await?;
    Ok(Accepted { dead_letter, state: DeadLetterState::Open })
}

/// Discards an open dead letter for good. Its raw records count as discarded.
///
/// # Errors
/// [`OperationError::DeadLetterNotOpen`] if it is closed or does not exist.
pub async fn discard(opened: &OpenDatabase, act: Act<'_>, dead_letter: i64) -> Result<Discarded, OperationError> {
    let mut tx = opened.db.begin().await?;
    if !dead_letters::discard_letter(&mut tx, dead_letter).await? {
        return Err(OperationError::DeadLetterNotOpen { dead_letter });
    }
    act.commit_with_audit(tx, opened, AuditEntry::new("dead_letter.discard", format!("dead letter {dead_letter}")))
        .await?;
    Ok(Discarded { dead_letter, state: DeadLetterState::Discarded })
}
