//! When what SQLite has committed is on disk.
//!
//! A commit to the write-ahead log syncs the log, so that everything before it is on disk too. It takes most of the time
//! of a small commit. Work that is done again after a power cut, such as a delivery, commits without it: what is lost
//! then is the end of the log, never something in its midst. Several senders who wait share one sync.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Executor as _, Row as _, Sqlite, SqlitePool};
use tokio::sync::Mutex;

use crate::sql::pooled::{PooledTransaction, check_statement};

/// What a process knows about the log of its database.
#[derive(Debug, Default)]
pub struct Durability {
    /// The kind of commits that the writing connection is set to.
    set: AtomicU8,
    /// How many have asked for a sync.
    asked: AtomicU64,
    /// How many of them have got it.
    synced: Mutex<u64>,
    /// Whether a sync has failed. What it was for may be lost, although it can still be read.
    is_torn: AtomicBool,
}

/// A kind of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum CommitKind {
    /// On disk when it returns. A new connection is set to this.
    Synced = 0,
    /// On disk some time later, in the order of the commits.
    Redoable = 1,
}

impl CommitKind {
    fn pragma(self) -> &'static str {
        match self {
            Self::Synced => "PRAGMA synchronous = FULL",
            Self::Redoable => "PRAGMA synchronous = NORMAL",
        }
    }
}

impl Durability {
    /// Notes that the writing connection is new.
    pub(crate) fn note_new_connection(&self) {
        self.set.store(CommitKind::Synced as u8, Ordering::Release);
    }

    /// Begins a transaction on the only writing connection.
    pub(crate) async fn begin(
        &self,
        write: &SqlitePool,
        kind: CommitKind,
    ) -> Result<PooledTransaction<Sqlite>, sqlx::Error> {
        let mut connection = write.acquire().await?;
        let prepared = self.prepare(&mut connection, kind).await;
        check_statement(&mut connection, prepared)?;
        PooledTransaction::begin(connection, "BEGIN IMMEDIATE").await
    }

    async fn prepare(&self, connection: &mut PoolConnection<Sqlite>, kind: CommitKind) -> Result<(), sqlx::Error> {
        if self.is_torn.load(Ordering::Acquire) {
            // The system may take pages for written whose sync has failed. A new log begins without them.
            let row = connection.fetch_one("PRAGMA wal_checkpoint(TRUNCATE)").await?;
            if row.try_get::<i64, _>(0)? != 0 {
                return Err(sqlx::Error::Protocol("the log is in use and cannot be begun anew".to_owned()));
            }
            self.is_torn.store(false, Ordering::Release);
        }
        if self.set.load(Ordering::Acquire) != kind as u8 {
            connection.execute(kind.pragma()).await?;
            self.set.store(kind as u8, Ordering::Release);
        }
        Ok(())
    }

    /// Looks at the result of a commit.
    pub(crate) fn check_commit(&self, result: Result<(), sqlx::Error>) -> Result<(), sqlx::Error> {
        const SYNC_FAILED: [&str; 2] = ["1034", "1290"];
        if let Err(sqlx::Error::Database(told)) = &result
            && told.code().is_some_and(|code| SYNC_FAILED.contains(&&*code))
        {
            self.is_torn.store(true, Ordering::Release);
        }
        result
    }

    /// Returns when everything that was committed before is on disk. Those who wait at the same time share one sync.
    pub(crate) async fn sync(&self, write: &SqlitePool) -> Result<(), sqlx::Error> {
        let mine = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut synced = self.synced.lock().await;
        if *synced >= mine {
            return Ok(());
        }
        let all = self.asked.load(Ordering::Acquire);
        let mut tx = self.begin(write, CommitKind::Synced).await?;
        // A commit that changes nothing syncs nothing. SQLite keeps this number for its users, and nothing else uses it.
        let statement = format!("PRAGMA user_version = {}", all % (1 << 31));
        tx.execute(sqlx::query(AssertSqlSafe(statement))).await?;
        self.check_commit(tx.commit().await)?;
        *synced = all;
        Ok(())
    }
}
