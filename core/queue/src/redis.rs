//! The queue that many workers share: one Redis list.
//!
//! A bell is popped when it is heard and forgotten by Redis with it. Since every bell may be lost (the sweep rings again),
//! nothing has to be acknowledged, no worker is registered, no heartbeat and no clock is compared: a restarted, flushed or
//! absent Redis, or a worker whose clock is wrong, cannot end a worker or hold a bell back.

use std::error::Error as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, IntoConnectionInfo as _, RedisError, Script};

use crate::{Bell, Doorbell, QueueError, QueueFault};

/// How long an empty list is left alone.
const IDLE: Duration = Duration::from_millis(50);
/// How long a Redis that does not answer is left alone.
const DEAF: Duration = Duration::from_secs(1);

/// Takes as many bells as there is room for: ARGV[1] messages at most, then the bells.
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
pub struct RedisBell {
    place: Arc<str>,
    connection: ConnectionManager,
    /// The list.
    key: Arc<str>,
    /// When a call last went wrong, so that it is told once.
    deaf: Arc<Mutex<Option<Instant>>>,
}

impl std::fmt::Debug for RedisBell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedisBell({})", self.key)
    }
}

impl RedisBell {
    pub(super) async fn open(url: &str, namespace: &str) -> Result<Self, QueueFault> {
        let info = url.into_connection_info().map_err(|e| QueueFault::Unreachable {
            queue: "redis".into(),
            why: QueueError::Address { why: words(&e) },
        })?;
        let place: Arc<str> = format!("redis://{}/{}", info.addr(), info.redis_settings().db()).into();
        let unreachable = |e: RedisError| QueueFault::Unreachable { queue: place.to_string(), why: plain(&e) };
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

    pub(super) async fn ring(&self, bells: &[Doorbell]) -> Result<usize, QueueFault> {
        let script = Script::new(RING);
        let mut call = script.key(&*self.key);
        call.arg(Bell::MOST);
        for bell in bells.iter().take(Bell::MOST) {
            call.arg(serde_json::to_string(bell).unwrap_or_default());
        }
        self.heard(call.invoke_async(&mut self.connection.clone()).await)
    }

    pub(super) async fn depth(&self) -> Result<usize, QueueFault> {
        self.heard(redis::cmd("LLEN").arg(&*self.key).query_async(&mut self.connection.clone()).await)
    }

    pub(super) async fn tidy(&self) -> Result<(), QueueFault> {
        let aside = format!("{}:aside:{}", self.key, chrono::Utc::now().timestamp_micros());
        let script = Script::new(SET_ASIDE);
        let mut call = script.key(&*self.key);
        call.key(&aside).arg(Bell::MOST);
        let held: i64 = self.heard(call.invoke_async(&mut self.connection.clone()).await)?;
        if held != 0 {
            tracing::error!(
                key = %self.key, held,
                "somebody else writes into our place in Redis; it is set aside as {aside} for a week, and a fresh one is in use"
            );
        }
        Ok(())
    }

    /// The next bell, however long it takes.
    pub(super) async fn listen(self) -> Doorbell {
        loop {
            let popped: Result<Option<Vec<u8>>, _> =
                redis::cmd("LPOP").arg(&*self.key).query_async(&mut self.connection.clone()).await;
            match self.heard(popped) {
                Ok(Some(bytes)) => match serde_json::from_slice(&bytes) {
                    Ok(bell) => return bell,
                    Err(_) => tracing::debug!(key = %self.key, "a message that is none of ours is left out"),
                },
                Ok(None) => tokio::time::sleep(IDLE).await,
                Err(_) => tokio::time::sleep(DEAF).await,
            }
        }
    }

    /// Says once that Redis is away, and once that it is back. What was under way when it went can still be answered.
    fn heard<T>(&self, answer: Result<T, RedisError>) -> Result<T, QueueFault> {
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
        answer.map_err(|e| QueueFault::Refused { why: plain(&e) })
    }
}

/// What went wrong, without an address that may hold a password.
fn plain(e: &RedisError) -> QueueError {
    if e.kind() == redis::ErrorKind::AuthenticationFailed {
        return QueueError::Password;
    }
    match e.source().and_then(|source| source.downcast_ref::<std::io::Error>()) {
        Some(io) => QueueError::System(io.into()),
        None => QueueError::Redis { why: words(e) },
    }
}

fn words(e: &RedisError) -> String {
    match e.detail() {
        Some(detail) => format!("{}: {detail}", e.category()),
        None if e.is_io_error() => e.to_string(),
        None => e.category().to_owned(),
    }
}
