//! The embedded queue: one table in an SQLite file of its own.
//!
//! A message is deleted when it is received, as in Redis. Messages may be lost, because the sweep sends them again,
//! so nothing is acknowledged.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use huiliu_messages::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Row as _, SqliteConnection, SqlitePool};

use crate::log_event::LogEvent;
use crate::pause::Pause;
use crate::{Notice, QueueCause, QueueError};
use huiliu_messages::Message;

/// Pause before a file that cannot be read is tried again.
const DEAF: Duration = Duration::from_secs(1);

const TABLE: &str = "CREATE TABLE IF NOT EXISTS notice (
  id INTEGER PRIMARY KEY,
  batch_id INTEGER NOT NULL,
  generation INTEGER NOT NULL
) STRICT";

/// A queue in an SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteQueue {
    place: Arc<str>,
    pool: SqlitePool,
}

fn refused_error(e: sqlx::Error) -> QueueError {
    QueueError::Refused { why: to_cause(&e) }
}

fn to_cause(error: &sqlx::Error) -> QueueCause {
    QueueCause::Database(match error {
        sqlx::Error::Database(d) => DatabaseError::from_code(&d.code().unwrap_or_default(), d.message()),
        sqlx::Error::Io(e) => DatabaseError::System(e.into()),
        sqlx::Error::PoolTimedOut => DatabaseError::NoFreeConnection,
        other => DatabaseError::Other { text: other.to_string() },
    })
}

impl SqliteQueue {
    pub(super) async fn open(path: &str) -> Result<Self, QueueError> {
        let unreachable =
            |e: sqlx::Error| QueueError::Unreachable { queue: format!("sqlite:{path}"), why: to_cause(&e) };
        let options = SqliteConnectOptions::new()
            .filename(Path::new(path))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(30));
        // In sqlx 0.9.0, a pool that closes old connections can loop forever.
        let pool = SqlitePoolOptions::new().max_connections(2).idle_timeout(None).max_lifetime(None);
        let pool = pool.connect_with(options).await.map_err(unreachable)?;
        sqlx::query(TABLE).execute(&pool).await.map_err(unreachable)?;
        Ok(Self { place: format!("sqlite:{path}").into(), pool })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) async fn notify(&self, notices: &[Notice]) -> Result<usize, QueueError> {
        self.on_connection(async |connection| insert_notices(connection, notices).await)
            .await
            .map_err(refused_error)?;
        Ok(notices.len())
    }

    pub(super) async fn depth(&self) -> Result<usize, QueueError> {
        let count = "SELECT count(*) FROM notice";
        let counted =
            self.on_connection(async |connection| sqlx::query_scalar(count).fetch_one(connection).await).await;
        let waiting: i64 = counted.map_err(refused_error)?;
        Ok(usize::try_from(waiting).unwrap_or(0))
    }

    /// Waits for the next message, without a time limit.
    pub(super) async fn next_notice(self) -> Notice {
        let (mut deaf, mut pause) = (false, Pause::new());
        loop {
            match self.take_oldest().await {
                Ok(Some(notice)) => return notice,
                Ok(None) => pause.wait().await,
                Err(e) => {
                    if !std::mem::replace(&mut deaf, true) {
                        tracing::warn!("{}", LogEvent::QueueUnreadable { why: Message::new(&to_cause(&e)) });
                    }
                    tokio::time::sleep(DEAF).await;
                }
            }
        }
    }

    /// Removes and returns the oldest message. It reads first, because deleting blocks other writers.
    async fn take_oldest(&self) -> Result<Option<Notice>, sqlx::Error> {
        self.on_connection(async |connection| {
            if sqlx::query("SELECT 1 FROM notice LIMIT 1").fetch_optional(&mut *connection).await?.is_none() {
                return Ok(None);
            }
            let oldest = "DELETE FROM notice WHERE id = (SELECT min(id) FROM notice) RETURNING batch_id, generation";
            let Some(row) = sqlx::query(oldest).fetch_optional(connection).await? else { return Ok(None) };
            Ok(Some(Notice::new(row.try_get("batch_id")?, row.try_get("generation")?)))
        })
        .await
    }

    /// Works with a connection, and closes it if that fails. After a full or failed disk its state is unknown.
    async fn on_connection<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        let result = work(&mut connection).await;
        if result.is_err() {
            connection.close_on_drop();
        }
        result
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

async fn insert_notices(connection: &mut SqliteConnection, notices: &[Notice]) -> Result<(), sqlx::Error> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    for Notice { batch_id, generation, .. } in notices {
        let insert = sqlx::query("INSERT INTO notice (batch_id, generation) VALUES ($1, $2)");
        insert.bind(batch_id).bind(generation).execute(&mut *tx).await?;
    }
    tx.commit().await
}
