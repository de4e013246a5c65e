//! Who acts and why, and how an act is written to the audit log.

use serde_json::{Value, json};

use crate::database::OpenDatabase;
use huiliu_store::admin::audit::{self, Author, NewEntry};
use huiliu_store::{StoreError, Tx};
use huiliu_vault::keys::Keys;

/// Who acts, and why.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// The user and host, or a name that an administrator gave.
    pub actor: &'a str,
    /// The reason. Empty if none was given and none is required.
    pub because: &'a str,
}

/// The audit log entry of an act.
pub(crate) struct AuditEntry<'a> {
    /// What was done, for example `dead_letter.discard`.
    pub action: &'a str,
    /// What it was done to, for example `dead letter 7`.
    pub object: String,
    /// Details as a JSON object. The reason is added on commit.
    pub detail: Value,
}

impl<'a> AuditEntry<'a> {
    pub fn new(action: &'a str, object: String) -> Self {
        Self { action, object, detail: json!({}) }
    }
}

impl<'a> Act<'a> {
    /// Converts to the store's type.
    pub(crate) fn to_author(self) -> Author<'a> {
        Author { actor: self.actor, because: self.because }
    }

    /// Writes the audit entry and commits, so that an act and its entry are stored together or not at all.
    pub(crate) async fn commit_with_audit(
        &self,
        mut tx: Tx,
        opened: &OpenDatabase,
        entry: AuditEntry<'_>,
    ) -> Result<(), StoreError> {
        self.append_audit(&mut tx, &opened.keys, entry).await?;
        tx.commit().await
    }

    /// Writes the audit entry in the act's transaction, which the caller commits.
    pub(crate) async fn append_audit(
        &self,
        tx: &mut Tx,
        keys: &Keys,
        mut entry: AuditEntry<'_>,
    ) -> Result<(), StoreError> {
        entry.detail["because"] = Value::from(self.because);
        let detail = entry.detail.to_string();
        let AuditEntry { action, object, .. } = &entry;
        audit::append_entry(tx, keys, NewEntry { actor: self.actor, action, object, detail: &detail }).await
    }
}
