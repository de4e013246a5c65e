//! The only room that knows apalis. A message is a doorbell, `{v, batch_id, generation}`; the truth is in the store, and
//! every message may be lost or come twice.

mod listener;
mod lite;
mod redis;

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
use lite::LiteBell;
use redis::RedisBell;

/// What can go wrong with the queue. The sentences are in the catalogues of `huiliu-messages`, under `queue-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum QueueFault {
    /// The queue's file or server, named without a password, cannot be used.
    #[serde(rename = "queue.unreachable")]
    Unreachable { queue: String, why: QueueError },
    /// A message was not taken.
    #[serde(rename = "queue.refused")]
    Refused { why: QueueError },
}

/// Why a queue cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum QueueError {
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

said_in_english!(QueueFault, QueueError);

/// A message of the queue. Its shape never changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Doorbell {
    v: u16,
    /// The batch that is due.
    pub batch_id: i64,
    /// The batch's generation when the message was made: 1, and one more each time it became due again.
    pub generation: i64,
}

impl Doorbell {
    /// The message of this version for a batch that is due.
    #[must_use]
    pub fn new(batch_id: i64, generation: i64) -> Self {
        Self { v: 1, batch_id, generation }
    }
}

/// The queue: an embedded file, or a Redis that many workers share.
#[derive(Debug, Clone)]
pub enum Bell {
    /// `sqlite:PATH`.
    Lite(LiteBell),
    /// `redis://…` or `rediss://…`.
    Redis(RedisBell),
}

impl Bell {
    /// Opens `sqlite:PATH`, `redis://[USER:PASSWORD@]HOST:PORT/DB` or `rediss://…` (TLS). On a Redis that is shared, only
    /// who has the same `namespace` hears the same bells.
    ///
    /// # Errors
    /// [`QueueFault::Unreachable`].
    pub async fn open(url: &str, namespace: &str) -> Result<Self, QueueFault> {
        match url.split_once(':') {
            Some(("sqlite", path)) => LiteBell::open(path).await.map(Self::Lite),
            Some(("redis" | "rediss", _)) => RedisBell::open(url, namespace).await.map(Self::Redis),
            _ => Err(QueueFault::Unreachable {
                queue: url.split_once("://").map_or(url, |(scheme, _)| scheme).to_owned(),
                why: QueueError::Scheme,
            }),
        }
    }

    /// Where it is, for people: without a password.
    #[must_use]
    pub fn place(&self) -> &str {
        match self {
            Self::Lite(bell) => bell.place(),
            Self::Redis(bell) => bell.place(),
        }
    }

    /// Sends messages, in order, and tells how many the queue took; Redis never holds more than
    /// [`Bell::MOST`] messages. What it did not take, the sweep rings again.
    ///
    /// # Errors
    /// [`QueueFault::Refused`]; none was taken then, as far as is known.
    pub async fn ring(&self, bells: &[Doorbell]) -> Result<usize, QueueFault> {
        if bells.is_empty() {
            return Ok(0);
        }
        match self {
            Self::Lite(bell) => bell.ring(bells).await,
            Self::Redis(bell) => bell.ring(bells).await,
        }
    }

    /// Messages that Redis holds at most.
    pub const MOST: usize = 500;

    /// Messages waiting to be heard.
    ///
    /// # Errors
    /// [`QueueFault::Refused`].
    pub async fn depth(&self) -> Result<usize, QueueFault> {
        match self {
            Self::Lite(bell) => bell.depth().await,
            Self::Redis(bell) => bell.depth().await,
        }
    }

    /// Sets a place in Redis aside that strangers have filled. The store remembers what our messages were about.
    ///
    /// # Errors
    /// [`QueueFault::Refused`].
    pub async fn tidy(&self) -> Result<(), QueueFault> {
        match self {
            Self::Lite(_) => Ok(()),
            Self::Redis(bell) => bell.tidy().await,
        }
    }

    /// The next message, however long it takes.
    async fn listen(self) -> Doorbell {
        match self {
            Self::Lite(bell) => bell.listen().await,
            Self::Redis(bell) => bell.listen().await,
        }
    }

    /// Closes the queue's connections.
    pub async fn close(&self) {
        if let Self::Lite(bell) = self {
            bell.close().await;
        }
    }
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
/// What is done with a batch whose bell has rung; it keeps its own account of what happened.
pub type Handler = Arc<dyn Fn(i64) -> Work + Send + Sync>;

/// Works until `stop` turns true; at most `concurrency` batches at a time.
///
/// # Errors
/// [`QueueFault::Refused`] when the monitor ends by itself.
pub async fn work(
    bell: &Bell,
    concurrency: usize,
    handler: Handler,
    mut stop: watch::Receiver<bool>,
) -> Result<(), QueueFault> {
    monitor(bell.clone(), concurrency, handler)
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
        .map_err(|e| QueueFault::Refused { why: QueueError::Ended { why: e.to_string() } })
}

/// A monitor whose worker gets a new name at each start, for a name must never be used twice.
fn monitor(bell: Bell, concurrency: usize, handler: Handler) -> Monitor {
    let started = chrono::Utc::now().timestamp_micros();
    Monitor::new().register(move |restart| {
        let handler = handler.clone();
        let name = format!("huiliu-{}-{started}-{restart}", std::process::id());
        WorkerBuilder::new(name).backend(Listener::new(bell.clone())).catch_panic().concurrency(concurrency).build(
            move |bell: Doorbell| {
                let work = handler(bell.batch_id);
                async move {
                    work.await;
                    Ok::<(), BoxDynError>(())
                }
            },
        )
    })
}
