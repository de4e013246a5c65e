//! Where a pass over a listing stands, as one text: page, step, partition, and from where the next pass begins.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::failure::CursorFormatError;
use crate::pull::paging::Trail;
use crate::pull::since::{self, Window};
use huiliu_manifest::{Paging, Since, Stream};

/// Where a pass over a listing stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor {
    /// Where the page to ask for is; without it the listing's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<String>,
    /// Only what has changed since this day, or has a higher number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<String>,
    /// Nothing that has changed after this day, where the platform can be asked so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<NaiveDate>,
    /// First day of the step that is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<NaiveDate>,
    /// The day on which this pass began; the next one asks for what has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) began: Option<NaiveDate>,
    /// The highest number seen in this pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) highest: Option<String>,
    /// The partition that is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) partition: Vec<String>,
    /// Partition → from where it is read next.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) partitions: BTreeMap<String, String>,
    /// Records received in this listing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) received: u64,
    /// All records of this listing, as the platform counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    /// Whether the page to ask for is behind the last one by that count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) beyond: bool,
    /// Pages without a record that came one after the other.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) empty: u64,
    /// Listings of this pass that ended before the platform's count was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) short: Option<Short>,
    /// Pages received in this listing.
    #[serde(default, skip_serializing_if = "Trail::is_empty")]
    pub(crate) trail: Trail,
    /// The export that was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) export: Option<String>,
    /// Whether it was fetched, and is to be deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) fetched: bool,
}

/// What came of listings that ended before the platform's count was reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Short {
    /// Records that came.
    pub received: u64,
    /// Records there are, as the platform counts them.
    pub total: u64,
    /// Whether the partition that is read has such a listing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    here: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// A partition's name in the cursor and for people: `class=12, term=2014`.
pub(crate) fn key(names: &[&str], values: &[String]) -> String {
    names.iter().zip(values).map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

/// What is left to be read once a listing has ended.
pub(crate) struct Ahead<'a> {
    pub(crate) since: Option<&'a Since>,
    /// The step that was read.
    pub(crate) window: Window,
    /// The partition that was read, by its key.
    pub(crate) key: &'a str,
    /// The one after it.
    pub(crate) next_partition: Option<Vec<String>>,
    /// Keys of all of them.
    pub(crate) keys: Vec<String>,
}

impl Cursor {
    /// Whether a stream can be read from here.
    ///
    /// # Errors
    /// [`CursorFormatError`].
    pub(crate) fn check(&self, stream: &Stream) -> Result<(), CursorFormatError> {
        for since in self.since.iter().chain(self.partitions.values()) {
            let is_number = !since.is_empty() && since.bytes().all(|b| b.is_ascii_digit());
            match stream.since {
                Some(Since::Moment { .. } | Since::NewestFirst { .. }) if since.parse::<NaiveDate>().is_err() => {
                    return Err(CursorFormatError::Day { since: since.clone() });
                }
                Some(Since::Counter { .. }) if !is_number => {
                    return Err(CursorFormatError::Number { since: since.clone() });
                }
                _ => {}
            }
        }
        match (&stream.page, &self.page) {
            (Paging::Number { .. } | Paging::Offset { .. }, Some(page)) if page.parse::<u64>().is_err() => {
                Err(CursorFormatError::Page { page: page.clone() })
            }
            _ => Ok(()),
        }
    }

    /// From where the listing of a partition is read in this pass.
    pub(crate) fn since_of(&self, key: &str) -> Option<&str> {
        self.since.as_deref().or_else(|| self.partitions.get(key).map(String::as_str))
    }

    /// What was short so far, once the listing has ended.
    fn short(&self) -> Option<Short> {
        let Some(total) = self.total.filter(|total| self.received < *total) else { return self.short };
        let before = self.short.unwrap_or_default();
        let (received, total) = (before.received.saturating_add(self.received), before.total.saturating_add(total));
        Some(Short { received, total, here: true })
    }

    /// The cursor once the partition that is read is gone, and none comes after it: the next pass begins anew.
    pub(crate) fn after_all(&self, keys: &[String]) -> Self {
        let mut partitions = self.partitions.clone();
        partitions.retain(|key, _| keys.contains(key));
        Self { partitions, short: self.short, ..Self::default() }
    }

    /// The cursor once the listing has ended, and whether the pass has.
    pub(crate) fn after_listing(&self, ahead: Ahead<'_>) -> (Self, bool) {
        let short = self.short();
        let rest = Self {
            since: self.since.clone(),
            until: self.until,
            began: self.began,
            partitions: self.partitions.clone(),
            partition: self.partition.clone(),
            highest: self.highest.clone(),
            short,
            ..Self::default()
        };
        if let Some(step) = ahead.window.next {
            return (Self { step: Some(step), ..rest }, false);
        }
        // What did not come is asked for once more.
        let next = if short.is_some_and(|short| short.here) {
            self.since_of(ahead.key).map(str::to_owned)
        } else {
            since::next_pass(ahead.since, self, ahead.key)
        };
        let short = short.map(|short| Short { here: false, ..short });
        let mut partitions = rest.partitions;
        if ahead.key.is_empty() {
            return (Self { since: next, short, ..Self::default() }, true);
        }
        match next {
            Some(next) => partitions.insert(ahead.key.to_owned(), next),
            None => partitions.remove(ahead.key),
        };
        match ahead.next_partition {
            Some(partition) => (
                Self {
                    since: rest.since,
                    until: rest.until,
                    began: rest.began,
                    partition,
                    partitions,
                    short,
                    ..Self::default()
                },
                false,
            ),
            None => (Self { partitions, short, ..Self::default() }.after_all(&ahead.keys), true),
        }
    }
}
