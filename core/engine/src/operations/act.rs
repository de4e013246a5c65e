//! Who acts, and why: what an act leaves in the audit log.

use serde_json::{Value, json};

use crate::database::OpenDatabase;
use huiliu_store::admin::audit::{self, Author, NewEntry};
use huiliu_store::{StoreError, Tx};

/// Who acts, and why.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// User and host, or what an administrator gave as a name.
    pub actor: &'a str,
    /// The reason; empty where none was given and none is asked for.
    pub because: &'a str,
}

/// What is written into the audit log of an act.
pub(crate) struct AuditEntry<'a> {
    /// What was done, as `dead_letter.discard`.
    pub action: &'a str,
    /// What it was done to, as `dead letter 7`.
    pub object: String,
    /// More about it, a JSON object; the reason is added.
    pub detail: Value,
}

impl<'a> AuditEntry<'a> {
    pub fn new(action: &'a str, object: String) -> Self {
        Self { action, object, detail: json!({}) }
    }
}

impl<'a> Act<'a> {
    /// As the store is told of it.
    pub(crate) fn author(self) -> Author<'a> {
        Author { actor: self.actor, because: self.because }
    }

    /// Writes the audit entry and commits: an act and its entry stand together, or not at all.
    pub(crate) async fn commit(
        &self,
        mut tx: Tx,
        opened: &OpenDatabase,
        mut entry: AuditEntry<'_>,
    ) -> Result<(), StoreError> {
        entry.detail["because"] = Value::from(self.because);
        let detail = entry.detail.to_string();
        let AuditEntry { action, object, .. } = &entry;
        audit::append(&mut tx, &opened.keys, NewEntry { actor: self.actor, action, object, detail: &detail }).await?;
        tx.commit().await
    }
}
