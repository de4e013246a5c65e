//! The only room that knows apalis. A message is a doorbell, `{v, batch_id, generation}`; the truth is in the store.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis::layers::WorkerBuilderExt as _;
use apalis::prelude::{BoxDynError, Monitor, WorkerBuilder};
use apalis_core::backend::TaskSink as _;
use apalis_core::backend::ext::BackendExt as _;
use apalis_core::backend::ext::poll_strategy::{PollSnapshot, PollStrategy};
use apalis_sqlite::{Config, SqliteStorage};
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior};

/// What can go wrong with the queue.
#[derive(Debug, Error)]
pub enum QueueFault {
    /// The queue's file or server cannot be used.
    #[error("cannot open the queue {place}: {why}; check the path or address (--queue)")]
    Unreachable {
        /// Where it is.
        place: String,
        /// Why not.
        why: String,
    },
    /// A message was not taken.
    #[error("the queue did not take a message: {0}")]
    Refused(String),
}

/// A message of the queue. Its shape never changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Doorbell {
    v: u16,
    batch_id: i64,
    generation: i64,
}

/// The queue, for whoever rings.
#[derive(Debug, Clone)]
pub struct Bell {
    pool: SqlitePool,
}

const QUEUE: &str = "huiliu-deliver-1";

impl Bell {
    /// Opens `sqlite:PATH`.
    ///
    /// # Errors
    /// [`QueueFault::Unreachable`].
    pub async fn open(url: &str) -> Result<Self, QueueFault> {
        let unreachable = |why: String| QueueFault::Unreachable { place: url.to_owned(), why };
        let Some(path) = url.strip_prefix("sqlite:") else {
            return Err(unreachable("this version knows sqlite:PATH".into()));
        };
        let options = SqliteConnectOptions::new()
            .filename(Path::new(path))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(30));
        let pool = SqlitePoolOptions::new()
            .max_connections(2)
            .connect_with(options)
            .await
            .map_err(|e| unreachable(e.to_string()))?;
        SqliteStorage::<()>::migrations().run(&pool).await.map_err(|e| unreachable(e.to_string()))?;
        Ok(Self { pool })
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

    /// Rings for each (batch, generation).
    ///
    /// # Errors
    /// [`QueueFault::Refused`]; the sweep rings again.
    pub async fn ring(&self, batches: &[(i64, i64)]) -> Result<(), QueueFault> {
        let mut storage = self.storage();
        for &(batch_id, generation) in batches {
            storage
                .push(Doorbell { v: 1, batch_id, generation })
                .await
                .map_err(|e| QueueFault::Refused(e.to_string()))?;
        }
        Ok(())
    }

    /// Removes finished messages; the store remembers what they were about.
    ///
    /// # Errors
    /// [`QueueFault::Refused`].
    pub async fn clean(&self) -> Result<(), QueueFault> {
        sqlx::query("DELETE FROM Jobs WHERE status IN ('Done', 'Killed')")
            .execute(&self.pool)
            .await
            .map_err(|e| QueueFault::Refused(e.to_string()))?;
        Ok(())
    }

    /// Closes the queue's connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
/// What is done with a batch whose bell has rung; it keeps its own account of what happened.
pub type Handler = Arc<dyn Fn(i64) -> Work + Send + Sync>;

/// Works until `stop` turns true. Each start has a name of its own, for a name must never be used twice.
///
/// # Errors
/// [`QueueFault::Refused`] when the monitor ends by itself.
pub async fn work(
    bell: &Bell,
    concurrency: usize,
    handler: Handler,
    mut stop: watch::Receiver<bool>,
) -> Result<(), QueueFault> {
    let bell = bell.clone();
    let started = chrono::Utc::now().timestamp_micros();
    let monitor = Monitor::new().register(move |restart| {
        let handler = handler.clone();
        let name = format!("huiliu-{}-{started}-{restart}", std::process::id());
        WorkerBuilder::new(name)
            .backend(bell.storage().poll_with_strategy(SteadyPoll::new(Duration::from_millis(20))))
            .catch_panic()
            .concurrency(concurrency)
            .build(move |bell: Doorbell| {
                let work = handler(bell.batch_id);
                async move {
                    work.await;
                    Ok::<(), BoxDynError>(())
                }
            })
    });
    monitor
        .shutdown_timeout(Duration::from_secs(20))
        .should_restart(|_, _| true)
        .run_with_signal(async move {
            while !*stop.borrow() {
                if stop.changed().await.is_err() {
                    break;
                }
            }
            Ok(())
        })
        .await
        .map_err(|e| QueueFault::Refused(e.to_string()))
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
