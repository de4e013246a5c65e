//! What a database carries along to each of its transactions.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use sqlx::SqlitePool;

use crate::sql::text_guard::TextGuard;

/// The newest entry of the audit log, by which its end is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// When the entry was made, in microseconds UTC.
    pub at: i64,
    /// Its number.
    pub entry: i64,
    /// Its hash, which binds all entries before it.
    pub hash: Vec<u8>,
}

/// Who is told of each new end of the audit log, so that it is known outside the database too.
pub trait HeadKeeper: fmt::Debug + Send + Sync {
    /// Keeps the head. Called after the commit; what goes wrong here takes nothing back.
    fn keep(&self, head: &AuditHead);

    /// Returns when what was begun has ended, or has taken too long.
    fn finish(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// What a database carries along to each of its transactions. Clones share the keys and the keeper.
#[derive(Debug, Clone, Default)]
pub struct Attached {
    /// What cleans the texts of statements.
    pub(crate) texts: TextGuard,
    keeper: Arc<OnceLock<Box<dyn HeadKeeper>>>,
    /// The pool to sync by before a head is kept, if the transaction's own commit does not sync.
    unsynced: Option<SqlitePool>,
    /// The head that is kept once the transaction is committed.
    head: Option<AuditHead>,
}

impl Attached {
    /// Sets who keeps the heads.
    pub(crate) fn set_keeper(&self, keeper: Box<dyn HeadKeeper>) {
        let _ = self.keeper.set(keeper);
    }

    /// Returns what a transaction has whose commit does not wait for the disk.
    pub(crate) fn with_unsynced(&self, pool: &SqlitePool) -> Self {
        Self { unsynced: Some(pool.clone()), ..self.clone() }
    }

    /// Notes the newest head of the transaction.
    pub(crate) fn note_head(&mut self, head: AuditHead) {
        self.head = Some(head);
    }

    /// Returns the pool to sync by before the head is kept, if there is a head.
    pub(crate) fn pool_to_sync(&self) -> Option<&SqlitePool> {
        self.unsynced.as_ref().filter(|_| self.head.is_some())
    }

    /// Has the head kept, after the commit.
    pub(crate) fn keep_head(&self) {
        if let (Some(head), Some(keeper)) = (&self.head, self.keeper.get()) {
            keeper.keep(head);
        }
    }

    /// Waits for the keeper.
    pub(crate) async fn finish(&self) {
        if let Some(keeper) = self.keeper.get() {
            keeper.finish().await;
        }
    }
}
