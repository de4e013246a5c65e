//! Sync runs, and the balance of their counters.

use schemars::JsonSchema;
use serde::Serialize;

use super::error::{NotFound, OperationError};
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::database::OpenDatabase;
use huiliu_store::admin::books::{self, BookDifferences};
use huiliu_store::admin::counts;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::reports::{self, Balance, RunRow};
use huiliu_store::intake::expectations;
use huiliu_store::intake::layouts::{self, LandedTable};
use huiliu_store::intake::runs::RunRange;
use huiliu_store::intake::unread::{self, UnreadRow};

/// A run with the payloads that cannot be decoded.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunShown {
    /// The run's row.
    #[serde(flatten)]
    pub run: RunRow,
    /// Its payloads that cannot be decoded, at most 1,000.
    pub unread_payloads: Vec<UnreadRow>,
    /// What the rows of the tables of its payloads were taken for, at most 1,000 tables.
    pub layout: Vec<LandedTable>,
    /// Fields that a stream with a contract had never sent before, as `stream/field`.
    pub new_fields: Vec<String>,
}

/// Lists runs, newest first. The page after a run has the runs older than it.
///
/// # Errors
/// [`OperationError::Filter`] if the filter names something that does not exist.
pub async fn list(access: RegistryAccess<'_>, of: &RowFilter, span: Span) -> Result<Page<RunRow>, OperationError> {
    filters::check_filter(access, of).await?;
    let rows = reports::list_runs(&access.opened.db, None, of, span.after, span.limit_plus_one()).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.run.to_string());
    Ok(page.counted(counts::runs(&access.opened.db, of)).await?)
}

/// Shows one run.
///
/// # Errors
/// [`OperationError::NotFound`] if it does not exist.
pub async fn show(opened: &OpenDatabase, run: i64) -> Result<RunShown, OperationError> {
    let rows = reports::list_runs(&opened.db, Some(run), &RowFilter::default(), 0, 1).await?;
    let row = rows.into_iter().next().ok_or(NotFound::Run { run })?;
    let new_fields = expectations::list_new_fields(&opened.db, run).await?;
    Ok(RunShown {
        run: row,
        unread_payloads: unread::list_unread(&opened.db, run).await?,
        layout: layouts::list_tables(&opened.db, run, false, LISTED).await?,
        new_fields: new_fields.iter().map(|new| format!("{}/{}", new.stream, new.field)).collect(),
    })
}

/// The balance of some runs, and the batches whose counters are not what the other tables say.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Books {
    /// The sums. `balanced` says that they add up and that no batch differs.
    #[serde(flatten)]
    pub balance: Balance,
    /// The batches that differ.
    #[serde(flatten)]
    pub batches: BookDifferences,
}

/// Batches that a balance lists, and tables that a run lists; all are counted.
const LISTED: i64 = 1_000;

/// Balances all runs or one: checks that every raw record received has exactly one outcome, in the sums and batch by batch.
///
/// # Errors
/// [`OperationError::NotFound`] if it does not exist.
pub async fn balance(opened: &OpenDatabase, run: Option<i64>) -> Result<Books, OperationError> {
    if let Some(run) = run
        && reports::list_runs(&opened.db, Some(run), &RowFilter::default(), 0, 1).await?.is_empty()
    {
        return Err(NotFound::Run { run }.into());
    }
    let range = run.map_or(RunRange::ALL, RunRange::single);
    let batches = books::compare_batches(&opened.db, range, LISTED).await?;
    let sums = reports::read_balance(&opened.db, range).await?;
    let balance = Balance { balanced: sums.balanced && batches.differing_batches == 0, ..sums };
    Ok(Books { balance, batches })
}
