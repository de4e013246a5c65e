//! The only room that knows apalis. A message is a doorbell, `{v, batch_id, generation}`; the truth is in the store, and
//! every message may be lost or come twice.

mod listener;
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

/// What can go wrong with the queue. The sentences are in the catalogues of `huiliu-messages`, under `queue-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum QueueError {
    /// The queue's file or server, named without a password, cannot be used.
    #[serde(rename = "queue.unreachable")]
    Unreachable { queue: String, why: QueueCause },
    /// A message was not taken.
    #[serde(rename = "queue.refused")]
    Refused { why: QueueCause },
}

/// Why a queue cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum QueueCause {
    /// Another scheme than those that this version knows.
    #[serde(rename = "queue.scheme")]
    Scheme,
    /// No address of a Redis.
    #[serde(rename = "queue.address")]
    Address { why: String },
    /// Redis does not let us in.
    #[serde(rename = "queue.password")]
    Password,
    /// Redis, or its driver, says why.
    #[serde(rename = "queue.redis")]
    Redis { why: String },
    /// What hears the messages ended by itself.
    #[serde(rename = "queue.ended")]
    Ended { why: String },
    /// What the embedded queue's file says.
    #[serde(untagged)]
    Database(DatabaseError),
    /// What the operating system says.
    #[serde(untagged)]
    System(SystemError),
}

said_in_english!(QueueError, QueueCause);

/// A message of the queue. Its shape never changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notice {
    v: u16,
    /// The batch that is due.
    pub batch_id: i64,
    /// The batch's generation when the message was made: 1, and one more each time it became due again.
    pub generation: i64,
}

impl Notice {
    /// The message of this version for a batch that is due.
    #[must_use]
    pub fn new(batch_id: i64, generation: i64) -> Self {
        Self { v: 1, batch_id, generation }
    }
}

/// The queue: an embedded file, or a Redis that many workers share.
#[derive(Debug, Clone)]
pub enum Queue {
    /// `sqlite:PATH`.
    Sqlite(SqliteQueue),
    /// `redis://…` or `rediss://…`.
    Redis(RedisQueue),
}

impl Queue {
    /// Opens `sqlite:PATH`, `redis://[USER:PASSWORD@]HOST:PORT/DB` or `rediss://…` (TLS). On a Redis that is shared, only
    /// who has the same `namespace` hears the same notices.
    ///
    /// # Errors
    /// [`QueueError::Unreachable`].
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

    /// Where it is, for people: without a password.
    #[must_use]
    pub fn place(&self) -> &str {
        match self {
            Self::Sqlite(queue) => queue.place(),
            Self::Redis(queue) => queue.place(),
        }
    }

    /// Sends messages, in order, and tells how many the queue took; Redis never holds more than
    /// [`Queue::MAX`] messages. What it did not take, the sweep rings again.
    ///
    /// # Errors
    /// [`QueueError::Refused`]; none was taken then, as far as is known.
    pub async fn notify(&self, notices: &[Notice]) -> Result<usize, QueueError> {
        if notices.is_empty() {
            return Ok(0);
        }
        match self {
            Self::Sqlite(queue) => queue.notify(notices).await,
            Self::Redis(queue) => queue.notify(notices).await,
        }
    }

    /// Messages that Redis holds at most.
    pub const MAX: usize = 500;

    /// Messages waiting to be heard.
    ///
    /// # Errors
    /// [`QueueError::Refused`].
    pub async fn depth(&self) -> Result<usize, QueueError> {
        match self {
            Self::Sqlite(queue) => queue.depth().await,
            Self::Redis(queue) => queue.depth().await,
        }
    }

    /// Sets a place in Redis aside that strangers have filled. The store remembers what our messages were about.
    ///
    /// # Errors
    /// [`QueueError::Refused`].
    pub async fn tidy(&self) -> Result<(), QueueError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Redis(queue) => queue.tidy().await,
        }
    }

    /// The next message, however long it takes.
    async fn listen(self) -> Notice {
        match self {
            Self::Sqlite(queue) => queue.listen().await,
            Self::Redis(queue) => queue.listen().await,
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
/// What is done with a batch whose queue has rung; it keeps its own account of what happened.
pub type Handler = Arc<dyn Fn(i64) -> Work + Send + Sync>;

/// Works until `stop` turns true; at most `concurrency` batches at a time.
///
/// # Errors
/// [`QueueError::Refused`] when the monitor ends by itself.
pub async fn work(
    queue: &Queue,
    concurrency: usize,
    handler: Handler,
    mut stop: watch::Receiver<bool>,
) -> Result<(), QueueError> {
    monitor(queue.clone(), concurrency, handler)
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

/// A monitor whose worker gets a new name at each start, for a name must never be used twice.
fn monitor(queue: Queue, concurrency: usize, handler: Handler) -> Monitor {
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
