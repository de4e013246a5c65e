//! Sync runs, and the balance of what they received.

use schemars::JsonSchema;
use serde::Serialize;

use super::error::{NotFound, OperationError};
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::database::OpenDatabase;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::reports::{self, Balance, RunRow, UnreadRow};
use huiliu_store::intake::expectations;
use huiliu_store::intake::runs::RunRange;

/// A run, with what of it cannot be read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunShown {
    /// The run.
    #[serde(flatten)]
    pub run: RunRow,
    /// Its payloads that cannot be read, at most 1,000.
    pub unread_payloads: Vec<UnreadRow>,
    /// Fields that streams with a contract had never had before, as `stream/field`.
    pub new_fields: Vec<String>,
}

/// Runs, newest first; those after a run are the older ones.
///
/// # Errors
/// [`OperationError::Filter`].
pub async fn list(access: RegistryAccess<'_>, of: &RowFilter, span: Span) -> Result<Page<RunRow>, OperationError> {
    filters::check(access, of).await?;
    let rows = reports::runs(&access.opened.db, None, of, span.after, span.one_more()).await?;
    Ok(Page::part(rows, span.limit, |row| row.run.to_string()))
}

/// One run.
///
/// # Errors
/// [`OperationError::NotFound`].
pub async fn show(opened: &OpenDatabase, run: i64) -> Result<RunShown, OperationError> {
    let rows = reports::runs(&opened.db, Some(run), &RowFilter::default(), 0, 1).await?;
    let row = rows.into_iter().next().ok_or(NotFound::Run { run })?;
    let new_fields = expectations::new_fields(&opened.db, run).await?;
    Ok(RunShown {
        run: row,
        unread_payloads: reports::unread(&opened.db, run).await?,
        new_fields: new_fields.iter().map(|(stream, field)| format!("{stream}/{field}")).collect(),
    })
}

/// The balance of all runs, or of one: does every raw record received have one outcome?
///
/// # Errors
/// [`OperationError::NotFound`].
pub async fn balance(opened: &OpenDatabase, run: Option<i64>) -> Result<Balance, OperationError> {
    if let Some(run) = run
        && reports::runs(&opened.db, Some(run), &RowFilter::default(), 0, 1).await?.is_empty()
    {
        return Err(NotFound::Run { run }.into());
    }
    Ok(reports::balance(&opened.db, run.map_or(RunRange::ALL, RunRange::one)).await?)
}
