//! The position of a pass over a listing, as one text: page, step, partition, and where the next pass begins.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::failure::CursorFormatError;
use crate::pull::page_history::PageHistory;
use crate::pull::since::{self, Window};
use huiliu_manifest::{Paging, Since, Stream};

/// The position of a pass over a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor {
    /// Place of the page to request; `None` for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<String>,
    /// Place of the page before it; blank for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<String>,
    /// Whether `page` and `previous` are exchanged, to check whether the page that was read last has still the same records.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) checks: bool,
    /// Only records that changed since this day, or have a higher number than this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<String>,
    /// Only records that changed on or before this day, if the platform can be asked so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<NaiveDate>,
    /// First day of the time step being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<NaiveDate>,
    /// The day on which this pass began; the next pass requests what changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) began: Option<NaiveDate>,
    /// The highest number seen in this pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) highest: Option<String>,
    /// Values of the partition being read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) partition: Vec<String>,
    /// Partition key → where its next pass begins.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) partitions: BTreeMap<String, String>,
    /// Number of records received in this listing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) received: u64,
    /// Number of records of the largest page received in this listing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) largest: u64,
    /// Number of records in this listing, as the platform counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    /// That number, as the platform counted when the listing began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_total: Option<u64>,
    /// Number of records in this listing that were received a second time, because rows moved between two pages.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) repeated: u64,
    /// Whether the page to request may not exist: it is beyond the last one by that count, or follows a page that was
    /// shorter than others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) beyond: bool,
    /// Number of consecutive pages without a record.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) empty: u64,
    /// Sums over listings of this pass that ended before the platform's count was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) short: Option<Shortfall>,
    /// Digests of the pages received in this listing.
    #[serde(default, skip_serializing_if = "PageHistory::is_empty")]
    pub(crate) trail: PageHistory,
    /// Id of the export that was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) export: Option<String>,
    /// Whether the export was fetched and must now be deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) fetched: bool,
}

/// Sums over listings that ended before the platform's count was reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shortfall {
    /// Number of records received.
    pub received: u64,
    /// Number of records by the platform's count.
    pub total: u64,
    /// Whether the partition being read has such a listing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    here: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// Returns a partition's name in the cursor and for people: `class=12, term=2014`.
pub(crate) fn partition_key(names: &[&str], values: &[String]) -> String {
    names.iter().zip(values).map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

/// What remains to be read once a listing has ended.
pub(crate) struct RemainingListings<'a> {
    pub(crate) since: Option<&'a Since>,
    /// The time step that was read.
    pub(crate) window: Window,
    /// Key of the partition that was read.
    pub(crate) key: &'a str,
    /// Values of the partition after it.
    pub(crate) next_partition: Option<Vec<String>>,
    /// Keys of all partitions.
    pub(crate) keys: Vec<String>,
}

/// The cursor after the end of a listing.
#[derive(Debug)]
pub(crate) struct NextCursor {
    pub(crate) cursor: Cursor,
    /// Whether the pass has ended.
    pub(crate) last: bool,
}

impl Cursor {
    /// Checks that a stream can be read from here.
    ///
    /// # Errors
    /// [`CursorFormatError`] if a day, number or page is invalid.
    pub(crate) fn check_for_stream(&self, stream: &Stream) -> Result<(), CursorFormatError> {
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

    /// Returns the cursor of the request that checks this place, if the place of the page before it is known.
    pub(crate) fn at_check(self) -> Option<Self> {
        let previous = self.previous.clone().filter(|_| self.page.is_some() && !self.checks)?;
        Some(Self {
            previous: self.page.clone(),
            page: Some(previous).filter(|place| !place.is_empty()),
            checks: true,
            ..self
        })
    }

    /// Returns the cursor that was checked.
    pub(crate) fn after_check(&self) -> Self {
        let previous = Some(self.page.clone().unwrap_or_default());
        Self { page: self.previous.clone(), previous, checks: false, ..self.clone() }
    }

    /// Returns the cursor at the first page of the same listing.
    pub(crate) fn at_listing_start(self) -> Self {
        let Self { since, until, step, began, highest, partition, partitions, short, .. } = self;
        Self { since, until, step, began, highest, partition, partitions, short, ..Self::default() }
    }

    /// Returns where the listing of a partition begins in this pass.
    pub(crate) fn since_of(&self, key: &str) -> Option<&str> {
        self.since.as_deref().or_else(|| self.partitions.get(key).map(String::as_str))
    }

    /// Whether as many records were received in this listing as the platform counts.
    pub(crate) fn reaches_total(&self) -> bool {
        self.total.is_some_and(|total| self.received.saturating_sub(self.repeated) >= total)
    }

    /// Returns the shortfall so far, including the listing that has just ended. What counts is the total at its
    /// beginning: if a row is deleted while the listing is read, the rows after it move up, and one of them is on none of
    /// the pages, although the total at the end is reached. Rows that are added meanwhile are left to the next pass.
    fn total_shortfall(&self) -> Option<Shortfall> {
        let here = self.received.saturating_sub(self.repeated);
        let total = self.total.and(self.first_total.or(self.total));
        let Some(total) = total.filter(|total| here < *total) else { return self.short };
        let before = self.short.unwrap_or_default();
        let (received, total) = (before.received.saturating_add(here), before.total.saturating_add(total));
        Some(Shortfall { received, total, here: true })
    }

    /// Returns the cursor at the end of a pass: the next pass starts anew, and partitions that no longer exist are
    /// dropped.
    pub(crate) fn after_last_partition(&self, keys: &[String]) -> Self {
        let mut partitions = self.partitions.clone();
        partitions.retain(|key, _| keys.contains(key));
        Self { partitions, short: self.short, ..Self::default() }
    }

    /// Returns the cursor after the end of the listing.
    pub(crate) fn after_listing(&self, ahead: RemainingListings<'_>) -> NextCursor {
        let short = self.total_shortfall();
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
            return NextCursor { cursor: Self { step: Some(step), ..rest }, last: false };
        }
        // After a shortfall, the next pass starts at the same place again.
        let next = if short.is_some_and(|short| short.here) {
            self.since_of(ahead.key).map(str::to_owned)
        } else {
            since::next_pass_start(ahead.since, self, ahead.key)
        };
        let short = short.map(|short| Shortfall { here: false, ..short });
        let mut partitions = rest.partitions;
        if ahead.key.is_empty() {
            return NextCursor { cursor: Self { since: next, short, ..Self::default() }, last: true };
        }
        match next {
            Some(next) => partitions.insert(ahead.key.to_owned(), next),
            None => partitions.remove(ahead.key),
        };
        match ahead.next_partition {
            Some(partition) => NextCursor {
                cursor: Self {
                    since: rest.since,
                    until: rest.until,
                    began: rest.began,
                    partition,
                    partitions,
                    short,
                    ..Self::default()
                },
                last: false,
            },
            None => {
                let cursor = Self { partitions, short, ..Self::default() }.after_last_partition(&ahead.keys);
                NextCursor { cursor, last: true }
            }
        }
    }
}
