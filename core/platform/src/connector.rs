//! The connector trait: what a platform is to the rest of Huiliu.

use std::time::Duration;

use async_trait::async_trait;
use chrono::NaiveDate;

use crate::failure::Failure;
use huiliu_decode::payload::Payload;
use huiliu_manifest::{Manifest, Stream};
use huiliu_messages::Message;

/// One page or file as received.
#[derive(Debug, Clone)]
pub struct Page {
    /// Page or file name, for people.
    pub address: String,
    /// Bytes as received.
    pub payload: Payload,
    /// Raw records in it, or why it cannot be read.
    pub records: Result<u32, Message>,
    /// What it was asked for with: the values of the stream's fan-out, a JSON object of texts.
    pub each: Option<String>,
    /// The cursor once this page is landed; after the last page, where the next pass begins.
    pub cursor: String,
    /// Whether this pass ends here.
    pub last: bool,
    /// Whether nothing came yet and only the cursor is to be kept, as while an export is made.
    pub waiting: bool,
}

/// One kind of platform, for one source.
#[async_trait]
pub trait Connector: Send + Sync {
    /// What is declared about it.
    fn manifest(&self) -> &Manifest;

    /// Gives the page after `cursor` (the first one for `None`), or `None` when there is none.
    ///
    /// # Errors
    /// [`Failure`]; the cursor then stays where it was.
    async fn pull(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure>;

    /// The cursor from which everything that has changed on these days is read; `None` where that cannot be asked for.
    fn since(&self, stream: &Stream, days: Days) -> Option<String>;
}

/// Days of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub first: NaiveDate,
    /// The last, where it is not today.
    pub last: Option<NaiveDate>,
}

/// Shares out the requests that a platform allows, among everybody who asks it.
#[async_trait]
pub trait RateLimiter: std::fmt::Debug + Send + Sync {
    /// Takes the next free slot of a host, whose slots are `every` apart, and gives how long it is until then.
    ///
    /// # Errors
    /// Why there is none, in words.
    async fn next_slot(&self, host: &str, every: Duration) -> Result<Duration, String>;
}
