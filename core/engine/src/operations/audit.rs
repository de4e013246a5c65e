//! The audit log: who did what, and why.

use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use super::page::{Page, Span};
use crate::database::OpenDatabase;
use huiliu_store::admin::audit::{self, Entry};

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

/// Lists audit entries, oldest first, and verifies the whole log.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub async fn list(opened: &OpenDatabase, span: Span) -> Result<AuditLog, OperationError> {
    let rows = audit::list_entries(&opened.db, span.after, span.limit_plus_one()).await?;
    let first_broken = audit::find_first_broken(&opened.db, &opened.keys).await?;
    Ok(AuditLog { page: Page::from_rows(rows, span.limit, |entry| entry.entry.to_string()), first_broken })
}
