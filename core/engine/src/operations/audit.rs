//! The audit log: who did what, and why.

use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use super::filters::FilterError;
use super::page::{Page, Span};
use crate::audit_heads::{self, KeptHeads};
use crate::database::OpenDatabase;
use crate::settings::Settings;
use huiliu_messages::{Message, SystemError};
use huiliu_store::StoreError;
use huiliu_store::admin::audit::{self, Entry, EntryFilter};
use huiliu_store::sql::attached::AuditHead;
use huiliu_values::calendar::format_instant;
use huiliu_vault::keys::hex_encode;

/// A page of the audit log, and whether the whole log is intact.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AuditLog {
    /// The requested page, oldest first.
    #[serde(flatten)]
    pub page: Page<Entry>,
    /// The first entry of the whole log that was altered, or before which an entry is missing. Null if the chain of the
    /// log is intact.
    pub first_broken: Option<i64>,
    /// Everything that is known about the whole log.
    pub check: AuditCheck,
}

/// The end of the log, as it was at some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KnownHead {
    /// The number of the last entry.
    pub entry: i64,
    /// When that entry was made, RFC 3339.
    pub at: String,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
}

impl KnownHead {
    fn new(head: &AuditHead) -> Self {
        Self { entry: head.entry, at: format_instant(head.at), hash: hex_encode(&head.hash) }
    }
}

/// Whether the audit log is what it was: its chain, its numbers, and its end as it is known outside the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AuditCheck {
    /// Whether nothing was altered, added or taken away, as far as is known.
    pub intact: bool,
    /// The number of entries.
    pub entries: i64,
    /// The first entry that was altered, or before which one is missing; null if there is none.
    pub first_broken: Option<i64>,
    /// Numbers that no entry can have; the first of them.
    pub odd_entries: Vec<i64>,
    /// The file of known ends.
    pub heads_file: String,
    /// Whether there is such a file. It is begun by the next act.
    pub heads_file_exists: bool,
    /// Why it cannot be read; null if it can.
    pub heads_unreadable: Option<Message>,
    /// The number of ends in it.
    pub heads: usize,
    /// The last end in it that the log must have; null if there is none.
    pub last_head: Option<KnownHead>,
    /// The first end in it that the log does not have, or has with another hash; null if it has all.
    pub lost_head: Option<KnownHead>,
    /// The number of ends that it does not have.
    pub lost_heads: usize,
    /// The first line of the file that is no end; null if there is none.
    pub unreadable_line: Option<usize>,
    /// How often the database was replaced by a backup, after which earlier ends are not expected any more.
    pub restores: usize,
}

/// Checks the whole log.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn verify(settings: &Settings, opened: &OpenDatabase) -> Result<AuditCheck, StoreError> {
    // The file first: what it has then is committed, so the log has it too.
    let (kept, heads_unreadable) = match audit_heads::read_heads(settings, &opened.keys) {
        Ok(kept) => (kept, None),
        Err(why) => (KeptHeads::default(), Some(Message::new(&SystemError::from(why)))),
    };
    let chain = audit::check_chain(&opened.db, &opened.keys, &kept.heads).await?;
    let lost = chain.lost_heads.first();
    let (broken, odd) = (chain.first_broken.is_some(), !chain.odd.is_empty());
    Ok(AuditCheck {
        intact: !broken && !odd && lost.is_none() && kept.unreadable_line.is_none() && heads_unreadable.is_none(),
        entries: chain.entries,
        first_broken: chain.first_broken,
        odd_entries: chain.odd,
        heads_file: settings.audit_heads.display().to_string(),
        heads_file_exists: kept.is_there || heads_unreadable.is_some(),
        heads_unreadable,
        heads: kept.lines,
        last_head: kept.heads.iter().max_by_key(|head| head.entry).map(KnownHead::new),
        lost_head: lost.map(KnownHead::new),
        lost_heads: chain.lost_heads.len(),
        unreadable_line: kept.unreadable_line,
        restores: kept.restores,
    })
}

/// Lists entries of the audit log, oldest first.
///
/// # Errors
/// [`OperationError::Filter`].
pub async fn list(
    settings: &Settings,
    opened: &OpenDatabase,
    of: &EntryFilter,
    span: Span,
) -> Result<AuditLog, OperationError> {
    let rows = audit::list(&opened.db, of, span.after, span.limit_plus_one()).await?;
    if rows.is_empty() {
        check(opened, of).await?;
    }
    let page = Page::from_rows(rows, span.limit, |entry| entry.entry.to_string());
    let page = page.counted(audit::count_entries(&opened.db, of)).await?;
    let check = verify(settings, opened).await?;
    Ok(AuditLog { page, first_broken: check.first_broken, check })
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
