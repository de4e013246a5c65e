//! What the queue writes to the log, for the people who operate it.

use huiliu_messages::{Message, said_in_log};
use serde::Serialize;

/// One line of the log, as data. Its `Display` is the sentence in the language of the log.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub(crate) enum LogEvent {
    /// The queue's file cannot be read.
    #[serde(rename = "log.queue_unreadable")]
    QueueUnreadable { why: Message },
    /// The list in Redis holds data of another program.
    #[serde(rename = "log.foreign_data")]
    ForeignData { aside: String },
    /// Redis does not answer.
    #[serde(rename = "log.redis_unreachable")]
    RedisUnreachable { why: Message },
    /// Redis answers again.
    #[serde(rename = "log.redis_back")]
    RedisBack,
}

said_in_log!(LogEvent);
