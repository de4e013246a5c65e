//! The audit log: who did what, and why.

use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use super::filters::FilterError;
use super::page::{Page, Span};
use crate::database::OpenDatabase;
use huiliu_store::admin::audit::{self, Entry, EntryFilter};

/// A page of the audit log, and whether the whole log is intact.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AuditLog {
    /// The requested page, oldest first.
    #[serde(flatten)]
    pub page: Page<Entry>,
    /// The first entry of the whole log that was altered, or before which an entry is missing. Null if the log is
    /// intact.
    pub first_broken: Option<i64>,
}

/// Lists entries of the audit log, oldest first.
///
/// # Errors
/// [`OperationError::Filter`].
pub async fn list(opened: &OpenDatabase, of: &EntryFilter, span: Span) -> Result<AuditLog, OperationError> {
    let rows = audit::list(&opened.db, of, span.after, span.limit_plus_one()).await?;
    if rows.is_empty() {
        check(opened, of).await?;
    }
    let page = Page::from_rows(rows, span.limit, |entry| entry.entry.to_string());
    let page = page.counted(audit::count_entries(&opened.db, of)).await?;
    let first_broken = audit::find_first_broken(&opened.db, &opened.keys).await?;
    Ok(AuditLog { page, first_broken })
}

/// Refuses a filter with an actor, action or subject that the log does not have.
async fn check(opened: &OpenDatabase, of: &EntryFilter) -> Result<(), OperationError> {
    let db = &opened.db;
    if let Some(actor) = &of.actor {
        let known = audit::actors(db).await?;
        if !known.contains(actor) {
            return Err(FilterError::Actor { actor: actor.clone(), known }.into());
        }
    }
    if let Some(action) = &of.action {
        let one = EntryFilter { action: Some(action.clone()), ..EntryFilter::default() };
        if audit::count_entries(db, &one).await? == 0 {
            return Err(FilterError::Action { action: action.clone(), known: audit::actions(db).await? }.into());
        }
    }
    if let Some(object) = &of.object {
        let one = EntryFilter { object: Some(object.clone()), ..EntryFilter::default() };
        if audit::count_entries(db, &one).await? == 0 {
            return Err(FilterError::Subject { subject: object.clone() }.into());
        }
    }
    Ok(())
}
