//! The embedded queue: apalis on an SQLite file of its own.

use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis::prelude::Monitor;
use apalis_core::backend::TaskSink as _;
use apalis_core::backend::ext::BackendExt as _;
use apalis_core::backend::ext::poll_strategy::{PollSnapshot, PollStrategy};
use apalis_sqlite::{Config, SqliteStorage};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::time::{Interval, MissedTickBehavior};

use crate::{Attended, Doorbell, Handler, QueueFault};

const QUEUE: &str = "huiliu-deliver-1";

/// A queue in a file.
#[derive(Debug, Clone)]
pub struct LiteBell {
    place: Arc<str>,
    pool: SqlitePool,
}

fn refused(e: impl std::fmt::Display) -> QueueFault {
    QueueFault::Refused(e.to_string())
}

impl LiteBell {
    pub(super) async fn open(path: &str) -> Result<Self, QueueFault> {
        let unreachable =
            |e: sqlx::Error| QueueFault::Unreachable { place: format!("sqlite:{path}"), why: e.to_string() };
        let options = SqliteConnectOptions::new()
            .filename(Path::new(path))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(30));
        let pool = SqlitePoolOptions::new().max_connections(2).connect_with(options).await.map_err(unreachable)?;
        SqliteStorage::<()>::migrations().run(&pool).await.map_err(|e| unreachable(e.into()))?;
        Ok(Self { place: format!("sqlite:{path}").into(), pool })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    fn storage(&self) -> SqliteStorage<Doorbell> {
        SqliteStorage::new(&self.pool).with_config(
            Config::default()
                .queue(QUEUE)
                .batch_size(1)
                .heartbeat_interval(Duration::from_secs(5))
                .missed_heartbeats(4),
        )
    }

    pub(super) async fn ring(&self, bells: &[(i64, i64)]) -> Result<usize, QueueFault> {
        let mut storage = self.storage();
        for bell in bells {
            storage.push(Doorbell::of(bell)).await.map_err(refused)?;
        }
        Ok(bells.len())
    }

    pub(super) async fn depth(&self) -> Result<usize, QueueFault> {
        let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM Jobs WHERE status IN ('Pending', 'Queued')")
            .fetch_one(&self.pool)
            .await
            .map_err(refused)?;
        Ok(usize::try_from(waiting).unwrap_or(0))
    }

    pub(super) async fn tidy(&self) -> Result<(), QueueFault> {
        sqlx::query("DELETE FROM Jobs WHERE status IN ('Done', 'Killed')")
            .execute(&self.pool)
            .await
            .map_err(refused)?;
        Ok(())
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

impl Attended for LiteBell {
    fn monitor(self, concurrency: usize, handler: Handler) -> Monitor {
        crate::monitor!(
            self.storage().poll_with_strategy(SteadyPoll::new(Duration::from_millis(20))),
            concurrency,
            handler
        )
    }
}

/// Polls at a steady pace and always leaves a waker behind.
struct SteadyPoll(Interval);

impl SteadyPoll {
    fn new(every: Duration) -> Self {
        let mut interval = tokio::time::interval(every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(interval)
    }
}

impl PollStrategy for SteadyPoll {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let mut hit = false;
        while self.0.poll_tick(cx).is_ready() {
            hit = true;
        }
        if hit { Poll::Ready(Some(())) } else { Poll::Pending }
    }
}
