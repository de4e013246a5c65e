//! A lease: a row that one process holds for a while. It stays held as long as it is renewed in time; when it is not, the
//! next process takes it, under a higher number. What is written under a lower number than the row's is refused.

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;

/// What can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leased {
    /// A batch, to deliver it.
    Batch,
    /// A source, to read it.
    Source,
}

impl Leased {
    fn table(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Source => "schedule",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Batch => "id",
            Self::Source => "source_id",
        }
    }

    fn number(self) -> &'static str {
        match self {
            Self::Batch => "epoch",
            Self::Source => "turn",
        }
    }

    /// SQL: somebody holds the row.
    fn held(self) -> &'static str {
        match self {
            Self::Batch => "state = 'claimed'",
            Self::Source => "holder IS NOT NULL",
        }
    }

    /// SQL: the row's holder has not renewed in time.
    pub(crate) fn expired(self) -> String {
        format!("({} AND lease_until < {{now}})", self.held())
    }

    /// SQL: 1 when taking the row takes it from a holder who has lost it, else 0.
    pub(crate) fn lost(self) -> String {
        format!("CASE WHEN {} THEN 1 ELSE 0 END", self.held())
    }

    /// SQL: what taking a row sets. Its holder is `$2`; the lease, in microseconds, is `$3`.
    pub(crate) fn taken(self) -> String {
        format!("holder = $2, {number} = {number} + 1, lease_until = {{now}} + $3", number = self.number())
    }

    /// SQL: the row of key `$1` is still at the number `$2`, whether it was given back or not.
    pub(crate) fn current(self) -> String {
        format!("{} = $1 AND {} = $2", self.key(), self.number())
    }

    /// SQL: the row of key `$1` is held under the number `$2`.
    pub(crate) fn ours(self) -> String {
        format!("{} AND {}", self.current(), self.held())
    }
}

/// A row that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// What it is.
    pub of: Leased,
    /// Its key.
    pub key: i64,
    /// The fencing number: every taking has a higher one.
    pub number: i64,
}

impl Lease {
    /// Makes it last from now; false when it is no longer ours.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn renew(self, db: &Db, lease_ms: u64) -> Result<bool, StoreError> {
        let sql = format!("UPDATE {} SET lease_until = {{now}} + $3 WHERE {}", self.of.table(), self.of.ours());
        Ok(db.run(&sql, vec![self.key.into(), self.number.into(), micros(lease_ms).into()]).await? == 1)
    }

    /// Whether nobody has taken it after us; nobody does until the transaction ends.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn is_current(self, tx: &mut Tx) -> Result<bool, StoreError> {
        let (number, table) = (self.of.number(), self.of.table());
        let sql = format!("SELECT {number} FROM {table} WHERE {} {{lock}}", self.of.current());
        Ok(!tx.rows(&sql, vec![self.key.into(), self.number.into()]).await?.is_empty())
    }
}

/// Milliseconds as the database counts time.
pub(crate) fn micros(ms: u64) -> i64 {
    i64::try_from(ms.saturating_mul(1000)).unwrap_or(i64::MAX)
}
