//! The queue that many workers share: one Redis list.
//!
//! A queue is popped when it is heard and forgotten by Redis with it. Since every queue may be lost (the sweep rings again),
//! nothing has to be acknowledged, no worker is registered, no heartbeat and no clock is compared: a restarted, flushed or
//! absent Redis, or a worker whose clock is wrong, cannot end a worker or hold a queue back.

use std::error::Error as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, IntoConnectionInfo as _, RedisError, Script};

use crate::{Notice, Queue, QueueCause, QueueError};

/// How long an empty list is left alone.
const IDLE: Duration = Duration::from_millis(50);
/// How long a Redis that does not answer is left alone.
const DEAF: Duration = Duration::from_secs(1);

/// Takes as many notices as there is room for: ARGV[1] messages at most, then the notices.
const RING: &str = "
local room = tonumber(ARGV[1]) - redis.call('LLEN', KEYS[1])
local taken = 0
for i = 2, #ARGV do
  if taken >= room then break end
  redis.call('RPUSH', KEYS[1], ARGV[i])
  taken = taken + 1
end
return taken";

/// Sets the place aside when it holds more than we ever put there, or no list at all; gives what it held, or 0.
/// KEYS[2] is where it goes, for a week.
const SET_ASIDE: &str = "
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind == 'none' then return 0 end
local held = kind == 'list' and redis.call('LLEN', KEYS[1]) or -1
if kind == 'list' and held <= tonumber(ARGV[1]) then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('EXPIRE', KEYS[2], 604800)
return held";

/// A list in a Redis.
#[derive(Clone)]
pub struct RedisQueue {
    place: Arc<str>,
    connection: ConnectionManager,
    /// The list.
    key: Arc<str>,
    /// When a call last went wrong, so that it is told once.
    deaf: Arc<Mutex<Option<Instant>>>,
}

impl std::fmt::Debug for RedisQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedisQueue({})", self.key)
    }
}

impl RedisQueue {
    pub(super) async fn open(url: &str, namespace: &str) -> Result<Self, QueueError> {
        let info = url.into_connection_info().map_err(|e| QueueError::Unreachable {
            queue: "redis".into(),
            why: QueueCause::Address { why: words(&e) },
        })?;
        let place: Arc<str> = format!("redis://{}/{}", info.addr(), info.redis_settings().db()).into();
        let unreachable = |e: RedisError| QueueError::Unreachable { queue: place.to_string(), why: plain(&e) };
        let patience = Duration::from_secs(5);
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(patience))
            .set_response_timeout(Some(patience));
        let client = Client::open(info).map_err(unreachable)?;
        let mut connection = ConnectionManager::new_with_config(client, config).await.map_err(unreachable)?;
        redis::cmd("PING").query_async::<String>(&mut connection).await.map_err(unreachable)?;
        Ok(Self {
            place: place.clone(),
            connection,
            key: format!("huiliu:{namespace}:bells").into(),
            deaf: Arc::default(),
        })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) async fn notify(&self, notices: &[Notice]) -> Result<usize, QueueError> {
        let script = Script::new(RING);
        let mut call = script.key(&*self.key);
        call.arg(Queue::MAX);
        for queue in notices.iter().take(Queue::MAX) {
            call.arg(serde_json::to_string(queue).unwrap_or_default());
        }
        self.heard(call.invoke_async(&mut self.connection.clone()).await)
    }

    pub(super) async fn depth(&self) -> Result<usize, QueueError> {
        self.heard(redis::cmd("LLEN").arg(&*self.key).query_async(&mut self.connection.clone()).await)
    }

    pub(super) async fn tidy(&self) -> Result<(), QueueError> {
        let aside = format!("{}:aside:{}", self.key, chrono::Utc::now().timestamp_micros());
        let script = Script::new(SET_ASIDE);
        let mut call = script.key(&*self.key);
        call.key(&aside).arg(Queue::MAX);
        let held: i64 = self.heard(call.invoke_async(&mut self.connection.clone()).await)?;
        if held != 0 {
            tracing::error!(
                key = %self.key, held,
                "somebody else writes into our place in Redis; it is set aside as {aside} for a week, and a fresh one is in use"
            );
        }
        Ok(())
    }

    /// The next queue, however long it takes.
    pub(super) async fn listen(self) -> Notice {
        loop {
            let popped: Result<Option<Vec<u8>>, _> =
                redis::cmd("LPOP").arg(&*self.key).query_async(&mut self.connection.clone()).await;
            match self.heard(popped) {
                Ok(Some(bytes)) => match serde_json::from_slice(&bytes) {
                    Ok(queue) => return queue,
                    Err(_) => tracing::debug!(key = %self.key, "a message that is none of ours is left out"),
                },
                Ok(None) => tokio::time::sleep(IDLE).await,
                Err(_) => tokio::time::sleep(DEAF).await,
            }
        }
    }

    /// Says once that Redis is away, and once that it is back. What was under way when it went can still be answered.
    fn heard<T>(&self, answer: Result<T, RedisError>) -> Result<T, QueueError> {
        let mut deaf = self.deaf.lock().unwrap_or_else(PoisonError::into_inner);
        match (&answer, *deaf) {
            (Err(e), since) => {
                if since.is_none() {
                    tracing::warn!(error = %plain(e), "Redis does not answer; work goes on without it, slower");
                }
                *deaf = Some(Instant::now());
            }
            (Ok(_), Some(since)) if since.elapsed() > DEAF => {
                tracing::info!("Redis answers again");
                *deaf = None;
            }
            (Ok(_), _) => {}
        }
        answer.map_err(|e| QueueError::Refused { why: plain(&e) })
    }
}

/// What went wrong, without an address that may hold a password.
fn plain(e: &RedisError) -> QueueCause {
    if e.kind() == redis::ErrorKind::AuthenticationFailed {
        return QueueCause::Password;
    }
    match e.source().and_then(|source| source.downcast_ref::<std::io::Error>()) {
        Some(io) => QueueCause::System(io.into()),
        None => QueueCause::Redis { why: words(e) },
    }
}

fn words(e: &RedisError) -> String {
    match e.detail() {
        Some(detail) => format!("{}: {detail}", e.category()),
        None if e.is_io_error() => e.to_string(),
        None => e.category().to_owned(),
    }
}
