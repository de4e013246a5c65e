//! Leases. A process holds a row for as long as it renews the lease in time. When the lease expires, another process
//! takes the row under a higher fencing number, and writes under a lower number are refused.

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;

/// What a lease can be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leased {
    /// A batch, for delivery.
    Batch,
    /// A source, for reading.
    Source,
}

/// SQL assignments for claiming a row. `$2` is the holder, `$3` the duration of the lease in microseconds.
pub(crate) const CLAIM_SQL: &str = "holder = $2, epoch = epoch + 1, lease_until = {now} + $3";

impl Leased {
    fn table(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Source => "schedule",
        }
    }

    fn key_column(self) -> &'static str {
        match self {
            Self::Batch => "id",
            Self::Source => "source_id",
        }
    }

    /// SQL condition: a process holds the row.
    fn held_sql(self) -> &'static str {
        match self {
            Self::Batch => "state = 'claimed'",
            Self::Source => "holder IS NOT NULL",
        }
    }

    /// SQL condition: the row's holder has not renewed its lease in time.
    pub(crate) fn expired_sql(self) -> String {
        format!("({} AND lease_until < {{now}})", self.held_sql())
    }

    /// SQL expression: 1 if claiming the row takes it from a holder whose lease has expired, else 0.
    pub(crate) fn lost_sql(self) -> String {
        format!("CASE WHEN {} THEN 1 ELSE 0 END", self.held_sql())
    }

    /// SQL condition: the row with key `$1` still has the number `$2`, whether it is held or was released.
    pub(crate) fn current_sql(self) -> String {
        format!("{} = $1 AND epoch = $2", self.key_column())
    }

    /// SQL condition: the row with key `$1` is held under the number `$2`.
    pub(crate) fn owned_sql(self) -> String {
        format!("{} AND {}", self.current_sql(), self.held_sql())
    }
}

/// A lease on a claimed row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The kind of row.
    pub of: Leased,
    /// The row's key.
    pub key: i64,
    /// The fencing number. Each claim has a higher one.
    pub number: i64,
}

impl Lease {
    /// Renews the lease from now. Returns false if another process has taken the row.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn renew(self, db: &Db, lease_ms: u64) -> Result<bool, StoreError> {
        let sql = format!("UPDATE {} SET lease_until = {{now}} + $3 WHERE {}", self.of.table(), self.of.owned_sql());
        Ok(db.execute(&sql, vec![self.key.into(), self.number.into(), micros(lease_ms).into()]).await? == 1)
    }

    /// Returns true if no other process has taken the row since. Locks the row, so that none does until the transaction
    /// ends.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn is_current(self, tx: &mut Tx) -> Result<bool, StoreError> {
        let table = self.of.table();
        let sql = format!("SELECT epoch FROM {table} WHERE {} {{lock}}", self.of.current_sql());
        Ok(!tx.fetch_rows(&sql, vec![self.key.into(), self.number.into()]).await?.is_empty())
    }
}

/// Converts milliseconds to microseconds, the database's unit of time.
pub(crate) fn micros(ms: u64) -> i64 {
    i64::try_from(ms.saturating_mul(1000)).unwrap_or(i64::MAX)
}
