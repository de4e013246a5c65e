//! The queue, and the only crate that uses apalis. A message `{v, batch_id, generation}` only says that a batch is
//! due. All state is in the store, so a message may be lost or delivered twice.

mod listener;
mod log_event;
mod pause;
mod redis;
mod sqlite;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use apalis::layers::WorkerBuilderExt as _;
use apalis::prelude::{BoxDynError, Monitor, WorkerBuilder};
use huiliu_messages::{DatabaseError, SystemError, said_in_english};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use listener::Listener;
use redis::RedisQueue;
use sqlite::SqliteQueue;

/// Errors of the queue. The sentences are in the catalogues of `huiliu-messages`, under `queue-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum QueueError {
    /// The queue's file or server cannot be used. `queue` names it without a password.
    #[serde(rename = "queue.unreachable")]
    Unreachable { queue: String, why: QueueCause },
    /// The queue rejected a call.
    #[serde(rename = "queue.refused")]
    Refused { why: QueueCause },
}

/// Why a queue cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum QueueCause {
    /// A URL scheme that this version does not support.
    #[serde(rename = "queue.scheme")]
    Scheme,
    /// The URL is not a valid Redis address.
    #[serde(rename = "queue.address")]
    Address { why: String },
    /// Redis refuses the password.
    #[serde(rename = "queue.password")]
    Password,
    /// The reason as Redis or its driver gives it.
    #[serde(rename = "queue.redis")]
    Redis { why: String },
    /// The worker that listens to the queue ended unexpectedly.
    #[serde(rename = "queue.ended")]
    Ended { why: String },
    /// An error of the embedded queue's file.
    #[serde(untagged)]
    Database(DatabaseError),
    /// An error of the operating system.
    #[serde(untagged)]
    System(SystemError),
}

said_in_english!(QueueError, QueueCause);

/// A message of the queue. Its format never changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notice {
    v: u16,
    /// The batch that is due.
    pub batch_id: i64,
    /// The batch's generation when the message was created: 1, and one more each time the batch became due again.
    pub generation: i64,
}

impl Notice {
    /// Creates the message for a batch that is due.
    #[must_use]
    pub fn new(batch_id: i64, generation: i64) -> Self {
        Self { v: 1, batch_id, generation }
    }
}

/// The queue: an embedded file, or a Redis list that many workers share.
#[derive(Debug, Clone)]
pub enum Queue {
    /// `sqlite:PATH`.
    Sqlite(SqliteQueue),
    /// `redis://…` or `rediss://…`.
    Redis(RedisQueue),
}

impl Queue {
    /// Opens `sqlite:PATH`, `redis://[USER:PASSWORD@]HOST:PORT/DB` or `rediss://…` (TLS). On a shared Redis, only
    /// processes with the same `namespace` see the same messages.
    ///
    /// # Errors
    /// [`QueueError::Unreachable`] if the URL is invalid or the queue cannot be opened.
    pub async fn open(url: &str, namespace: &str) -> Result<Self, QueueError> {
        match url.split_once(':') {
            Some(("sqlite", path)) => SqliteQueue::open(path).await.map(Self::Sqlite),
            Some(("redis" | "rediss", _)) => RedisQueue::open(url, namespace).await.map(Self::Redis),
            _ => Err(QueueError::Unreachable {
                queue: url.split_once("://").map_or(url, |(scheme, _)| scheme).to_owned(),
                why: QueueCause::Scheme,
            }),
        }
    }

    /// Returns the queue's location without a password, for people.
    #[must_use]
    pub fn place(&self) -> &str {
        match self {
            Self::Sqlite(queue) => queue.place(),
            Self::Redis(queue) => queue.place(),
        }
    }

    /// Sends messages in order and returns how many the queue accepted. Redis never holds more than [`Queue::MAX`]
    /// messages; the sweep sends the rest again later.
    ///
    /// # Errors
    /// [`QueueError::Refused`]; as far as is known, no message was accepted then.
    pub async fn notify(&self, notices: &[Notice]) -> Result<usize, QueueError> {
        if notices.is_empty() {
            return Ok(0);
        }
        match self {
            Self::Sqlite(queue) => queue.notify(notices).await,
            Self::Redis(queue) => queue.notify(notices).await,
        }
    }

    /// Maximum number of messages in Redis.
    pub const MAX: usize = 500;

    /// Returns the number of waiting messages.
    ///
    /// # Errors
    /// [`QueueError::Refused`] if the queue cannot be read.
    pub async fn depth(&self) -> Result<usize, QueueError> {
        match self {
            Self::Sqlite(queue) => queue.depth().await,
            Self::Redis(queue) => queue.depth().await,
        }
    }

    /// Moves the Redis key out of the way if another program has filled it. No message is lost for good, because the
    /// store knows which batches are due.
    ///
    /// # Errors
    /// [`QueueError::Refused`] if Redis does not answer.
    pub async fn set_aside_foreign_data(&self) -> Result<(), QueueError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Redis(queue) => queue.set_aside_foreign_data().await,
        }
    }

    /// Waits for the next message, without a time limit.
    async fn next_notice(self) -> Notice {
        match self {
            Self::Sqlite(queue) => queue.next_notice().await,
            Self::Redis(queue) => queue.next_notice().await,
        }
    }

    /// Closes the queue's connections.
    pub async fn close(&self) {
        if let Self::Sqlite(queue) = self {
            queue.close().await;
        }
    }
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
/// Processes a batch whose message has arrived. It records the outcome itself.
pub type Handler = Arc<dyn Fn(i64) -> Work + Send + Sync>;

/// Processes messages until `stop` becomes true, at most `concurrency` batches at a time.
///
/// # Errors
/// [`QueueError::Refused`] if the monitor ends unexpectedly.
pub async fn run_worker(
    queue: &Queue,
    concurrency: usize,
    handler: Handler,
    mut stop: watch::Receiver<bool>,
) -> Result<(), QueueError> {
    build_monitor(queue.clone(), concurrency, handler)
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
        .map_err(|e| QueueError::Refused { why: QueueCause::Ended { why: e.to_string() } })
}

/// Builds a monitor whose worker gets a new name at every start, because apalis must never see a name twice.
fn build_monitor(queue: Queue, concurrency: usize, handler: Handler) -> Monitor {
    let started = chrono::Utc::now().timestamp_micros();
    Monitor::new().register(move |restart| {
        let handler = handler.clone();
        let name = format!("huiliu-{}-{started}-{restart}", std::process::id());
        WorkerBuilder::new(name).backend(Listener::new(queue.clone())).catch_panic().concurrency(concurrency).build(
            move |queue: Notice| {
                let work = handler(queue.batch_id);
                async move {
                    work.await;
                    Ok::<(), BoxDynError>(())
                }
            },
        )
    })
}
