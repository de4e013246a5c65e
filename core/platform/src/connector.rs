//! The connector trait: everything that the rest of Huiliu knows about a platform.

use std::time::Duration;

use async_trait::async_trait;
use chrono::NaiveDate;

use crate::failure::Failure;
use crate::file_store::FileStore;
use huiliu_decode::accounting::PayloadLayout;
use huiliu_decode::payload::Payload;
use huiliu_manifest::{Manifest, Stream};
use huiliu_messages::Message;

/// One page or file, as received.
#[derive(Debug, Clone)]
pub struct Page {
    /// Page or file name, shown to people.
    pub address: String,
    /// The bytes as received.
    pub payload: Payload,
    /// The number of raw records in it, or why it cannot be read.
    pub records: Result<u32, Message>,
    /// What the rows of its tables were taken for.
    pub layout: PayloadLayout,
    /// The fan-out values that this page was requested with: a JSON object of strings.
    pub each: Option<String>,
    /// The cursor to store once this page has landed. After the last page it says where the next pass begins.
    pub cursor: String,
    /// Whether this page ends the pass.
    pub last: bool,
    /// Whether no data came and only the cursor must be stored, for example while the platform prepares an export.
    pub waiting: bool,
}

/// Reads one kind of platform on behalf of one source.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Returns the connector's manifest.
    fn manifest(&self) -> &Manifest;

    /// Returns the page after `cursor` (the first page for `None`), or `None` if there are no more pages.
    ///
    /// # Errors
    /// [`Failure`]; the stored cursor then stays unchanged.
    async fn pull(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure>;

    /// Returns a cursor from which a pass reads everything that changed on these days, or `None` if the platform
    /// cannot be asked by day.
    fn cursor_for_days(&self, stream: &Stream, days: Days) -> Option<String>;

    /// Whether a pass over these days reads everything that a pass from `cursor` would read, so that it may move the
    /// cursor.
    fn days_reach_cursor(&self, _stream: &Stream, _cursor: Option<&str>, _days: Days) -> bool {
        false
    }

    /// Returns the cursor of a request that a later run makes before it continues from `cursor`: it checks that no rows
    /// have moved over that place, and leads back to `cursor`. `None` if places of the listing do not depend on rows before
    /// them.
    fn check_place(&self, _stream: &Stream, _cursor: &str) -> Option<String> {
        None
    }

    /// Returns the files that the connector reads, if that is what it does. They are then read one by one, each known by
    /// itself, and not by [`Connector::pull`].
    fn files(&self) -> Option<&dyn FileStore> {
        None
    }

    /// Returns the cursor from which the listing that `cursor` points into is read from its beginning again, if
    /// `cursor` points to a page that the platform may no longer know.
    fn restart_listing(&self, _stream: &Stream, _cursor: &str) -> Option<String> {
        None
    }
}

/// A range of days on which records changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// First day, inclusive.
    pub first: NaiveDate,
    /// Last day, inclusive; `None` means up to today.
    pub last: Option<NaiveDate>,
}

/// Shares a platform's request budget among all workers.
#[async_trait]
pub trait RateLimiter: std::fmt::Debug + Send + Sync {
    /// Reserves the next free slot of a host and returns the time until then. Slots are `every` apart.
    ///
    /// # Errors
    /// The reason, in words, if no slot could be reserved.
    async fn next_slot(&self, host: &str, every: Duration) -> Result<Duration, String>;
}
