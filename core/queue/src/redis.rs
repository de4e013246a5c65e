//! The queue that many workers share: one Redis list.
//!
//! A message is removed when it is received. Messages may be lost, because the sweep sends them again. So nothing is
//! acknowledged, no worker is registered, and no heartbeat or clock is compared. A Redis that was restarted, flushed
//! or is absent, or a worker with a wrong clock, cannot end a worker or hold a message back.

use std::error::Error as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, IntoConnectionInfo as _, RedisError, Script};

use crate::log_event::LogEvent;
use crate::pause::Pause;
use crate::{Notice, Queue, QueueCause, QueueError};
use huiliu_messages::Message;

/// Pause before a Redis that does not answer is tried again.
const DEAF: Duration = Duration::from_secs(1);

/// Accepts as many messages as there is room for. ARGV[1] is the maximum length of the list; the messages follow.
const PUSH_SCRIPT: &str = "
local room = tonumber(ARGV[1]) - redis.call('LLEN', KEYS[1])
local taken = 0
for i = 2, #ARGV do
  if taken >= room then break end
  redis.call('RPUSH', KEYS[1], ARGV[i])
  taken = taken + 1
end
return taken";

/// Renames the key if it is not a list or holds more messages than we ever put there. Returns the number of messages
/// found (-1 if it is not a list), or 0 if nothing was renamed. KEYS[2] is the new name; it expires after a week.
const SET_ASIDE_SCRIPT: &str = "
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind == 'none' then return 0 end
local held = kind == 'list' and redis.call('LLEN', KEYS[1]) or -1
if kind == 'list' and held <= tonumber(ARGV[1]) then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('EXPIRE', KEYS[2], 604800)
return held";

/// A queue in a Redis list.
#[derive(Clone)]
pub struct RedisQueue {
    place: Arc<str>,
    connection: ConnectionManager,
    /// Key of the list.
    key: Arc<str>,
    /// Time of the last failed call, so that an outage is logged only once.
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
            why: QueueCause::Address { why: error_text(&e) },
        })?;
        let place: Arc<str> = format!("redis://{}/{}", info.addr(), info.redis_settings().db()).into();
        let unreachable = |e: RedisError| QueueError::Unreachable { queue: place.to_string(), why: to_cause(&e) };
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
            key: format!("huiliu:{namespace}:notices").into(),
            deaf: Arc::default(),
        })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) async fn notify(&self, notices: &[Notice]) -> Result<usize, QueueError> {
        let script = Script::new(PUSH_SCRIPT);
        let mut call = script.key(&*self.key);
        call.arg(Queue::MAX);
        for queue in notices.iter().take(Queue::MAX) {
            call.arg(serde_json::to_string(queue).unwrap_or_default());
        }
        self.track_outage(call.invoke_async(&mut self.connection.clone()).await)
    }

    pub(super) async fn depth(&self) -> Result<usize, QueueError> {
        self.track_outage(redis::cmd("LLEN").arg(&*self.key).query_async(&mut self.connection.clone()).await)
    }

    pub(super) async fn set_aside_foreign_data(&self) -> Result<(), QueueError> {
        let aside = format!("{}:aside:{}", self.key, chrono::Utc::now().timestamp_micros());
        let script = Script::new(SET_ASIDE_SCRIPT);
        let mut call = script.key(&*self.key);
        call.key(&aside).arg(Queue::MAX);
        let held: i64 = self.track_outage(call.invoke_async(&mut self.connection.clone()).await)?;
        if held != 0 {
            tracing::error!(key = %self.key, held, "{}", LogEvent::ForeignData { aside });
        }
        Ok(())
    }

    /// Waits for the next message, without a time limit.
    pub(super) async fn next_notice(self) -> Notice {
        let mut pause = Pause::new();
        loop {
            let popped: Result<Option<Vec<u8>>, _> =
                redis::cmd("LPOP").arg(&*self.key).query_async(&mut self.connection.clone()).await;
            match self.track_outage(popped) {
                Ok(Some(bytes)) => match serde_json::from_slice(&bytes) {
                    Ok(notice) => return notice,
                    Err(_) => tracing::debug!(key = %self.key, "a message of another program is skipped"),
                },
                Ok(None) => pause.wait().await,
                Err(_) => tokio::time::sleep(DEAF).await,
            }
        }
    }

    /// Logs once that Redis is unavailable and once that it is back. Answers to calls that were under way at the
    /// outage do not count as recovery.
    fn track_outage<T>(&self, answer: Result<T, RedisError>) -> Result<T, QueueError> {
        let mut deaf = self.deaf.lock().unwrap_or_else(PoisonError::into_inner);
        match (&answer, *deaf) {
            (Err(e), since) => {
                if since.is_none() {
                    tracing::warn!("{}", LogEvent::RedisUnreachable { why: Message::new(&to_cause(e)) });
                }
                *deaf = Some(Instant::now());
            }
            (Ok(_), Some(since)) if since.elapsed() > DEAF => {
                tracing::info!("{}", LogEvent::RedisBack);
                *deaf = None;
            }
            (Ok(_), _) => {}
        }
        answer.map_err(|e| QueueError::Refused { why: to_cause(&e) })
    }
}

/// Returns the cause of an error without an address, which may contain a password.
fn to_cause(e: &RedisError) -> QueueCause {
    if e.kind() == redis::ErrorKind::AuthenticationFailed {
        return QueueCause::Password;
    }
    match e.source().and_then(|source| source.downcast_ref::<std::io::Error>()) {
        Some(io) => QueueCause::System(io.into()),
        None => QueueCause::Redis { why: error_text(e) },
    }
}

fn error_text(e: &RedisError) -> String {
    match e.detail() {
        Some(detail) => format!("{}: {detail}", e.category()),
        None if e.is_io_error() => e.to_string(),
        None => e.category().to_owned(),
    }
}
