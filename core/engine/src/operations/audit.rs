//! The audit log: who decided what.

use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use super::page::{Page, Span};
use crate::database::OpenDatabase;
use huiliu_store::admin::audit::{self, Entry};

/// A part of the audit log, and whether all of it is as it was written.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AuditLog {
    /// The part that was asked for, the oldest first.
    #[serde(flatten)]
    pub page: Page<Entry>,
    /// The first entry of the whole log that was changed, or before which something is gone.
    pub first_broken: Option<i64>,
}

/// Decisions, the oldest first.
///
/// # Errors
/// [`OperationError::Store`].
pub async fn list(opened: &OpenDatabase, span: Span) -> Result<AuditLog, OperationError> {
    let rows = audit::list(&opened.db, span.after, span.one_more()).await?;
    let first_broken = audit::first_broken(&opened.db, &opened.keys).await?;
    Ok(AuditLog { page: Page::part(rows, span.limit, |entry| entry.entry.to_string()), first_broken })
}
