//! Where a pass over a listing stands, as one text: page, step, partition, and from where the next pass begins.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::paging::Trail;
use super::since::{self, Window};
use crate::manifest::Since;

/// Where a pass over a listing stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    /// Where the page to ask for is; without it the listing's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<String>,
    /// Only what has changed since this day, or has a higher number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<String>,
    /// Nothing that has changed after this day, where the platform can be asked so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<NaiveDate>,
    /// First day of the step that is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) step: Option<NaiveDate>,
    /// The day on which this pass began; the next one asks for what has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) began: Option<NaiveDate>,
    /// The highest number seen in this pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) highest: Option<String>,
    /// The partition that is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) partition: Vec<String>,
    /// Partition → from where it is read next.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) partitions: BTreeMap<String, String>,
    /// Records received in this listing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) received: u64,
    /// Pages received in this listing.
    #[serde(default, skip_serializing_if = "Trail::is_empty")]
    pub(super) trail: Trail,
    /// The export that was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) export: Option<String>,
    /// Whether it was fetched, and is to be deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) fetched: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// A partition's name in the cursor and for people: `class=12, term=2014`.
pub(super) fn key(names: &[&str], values: &[String]) -> String {
    names.iter().zip(values).map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

/// What is left to be read once a listing has ended.
pub(super) struct Ahead<'a> {
    pub(super) since: Option<&'a Since>,
    /// The step that was read.
    pub(super) window: Window,
    /// The partition that was read, by its key.
    pub(super) key: &'a str,
    /// The one after it.
    pub(super) next_partition: Option<Vec<String>>,
    /// Keys of all of them.
    pub(super) keys: Vec<String>,
}

impl Cursor {
    /// From where the listing of a partition is read in this pass.
    pub(super) fn since_of(&self, key: &str) -> Option<&str> {
        self.since.as_deref().or_else(|| self.partitions.get(key).map(String::as_str))
    }

    /// The cursor once the listing has ended, and whether the pass has.
    pub(super) fn after_listing(&self, ahead: Ahead<'_>) -> (Self, bool) {
        let rest = Self {
            since: self.since.clone(),
            until: self.until,
            began: self.began,
            partitions: self.partitions.clone(),
            partition: self.partition.clone(),
            highest: self.highest.clone(),
            ..Self::default()
        };
        if let Some(step) = ahead.window.next {
            return (Self { step: Some(step), ..rest }, false);
        }
        let next = since::next_pass(ahead.since, self, ahead.key);
        let mut partitions = rest.partitions;
        if ahead.key.is_empty() {
            return (Self { since: next, ..Self::default() }, true);
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
                    ..Self::default()
                },
                false,
            ),
            None => {
                partitions.retain(|key, _| ahead.keys.contains(key));
                (Self { partitions, ..Self::default() }, true)
            }
        }
    }
}
