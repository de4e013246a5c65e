//! What is remembered of the pages of a listing, so that a cycle is noticed, and rows that move between two pages.

use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use huiliu_decode::RecordRange;
use huiliu_decode::decode;
use huiliu_decode::parts::Body;
use huiliu_decode::payload::Payload;
use huiliu_manifest::Format;

/// Digests of the pages received in a listing: the most recent ones, and one mark that is moved ever more rarely
/// (after 1, 2, 4, 8 … pages). A cycle of any length is noticed after three rounds at the latest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageHistory {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recent: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
    #[serde(default)]
    count: u64,
    /// Digest of all bytes of the last page.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    last: String,
    /// Digests of the last records of the last page, if the platform counts its records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    last_records: Vec<String>,
}

/// Number of recent pages whose digests are kept.
const RECENT: usize = 32;
/// Number of records at the end of a page whose digests are kept.
const LAST_RECORDS: usize = 32;

impl PageHistory {
    /// Whether no page was received yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether a page at this place was received.
    pub(crate) fn knows_place(&self, place: Option<&str>) -> bool {
        let digest = short_digest(place.unwrap_or_default().as_bytes());
        self.all_pages().any(|page| page.starts_with(&digest))
    }

    /// Whether a page with these records was received.
    pub(crate) fn knows_records(&self, PageFingerprint { records, .. }: &PageFingerprint) -> bool {
        !records.is_empty() && self.all_pages().any(|page| page.get(16..) == Some(records))
    }

    /// Whether these are the records of the last page.
    pub(crate) fn ends_with(&self, PageFingerprint { records, .. }: &PageFingerprint) -> bool {
        self.recent.last().and_then(|page| page.get(16..)) == Some(records)
    }

    /// Whether the last page had the same records, but different bytes around them.
    pub(crate) fn repeats_last(&self, PageFingerprint { records, bytes, .. }: &PageFingerprint) -> bool {
        self.recent.last().is_some_and(|page| page.get(16..) == Some(records)) && self.last != *bytes
    }

    /// Returns how many records at the beginning of a page are those at the end of the last page, because rows moved
    /// between the two requests.
    pub(crate) fn count_repeated(&self, PageFingerprint { each, .. }: &PageFingerprint) -> u64 {
        let last = self.last_records.as_slice();
        let repeats = |count: &usize| {
            let kept = last.len().min(*count);
            kept > 0 && each.get(count - kept..*count) == last.get(last.len() - kept..)
        };
        (1..=each.len()).rev().find(repeats).unwrap_or(0) as u64
    }

    /// Returns the trail with the last records of the page that was added last.
    pub(crate) fn with_last_records(self, PageFingerprint { each, .. }: &PageFingerprint) -> Self {
        if each.is_empty() {
            return self;
        }
        let last_records = each.get(each.len().saturating_sub(LAST_RECORDS)..).unwrap_or_default().to_vec();
        Self { last_records, ..self }
    }

    fn all_pages(&self) -> impl Iterator<Item = &String> {
        self.recent.iter().chain(&self.mark)
    }

    /// Returns the trail with one more page. A page without records is added with its place alone.
    pub(crate) fn with_page(
        &self,
        place: Option<&str>,
        PageFingerprint { records, bytes, .. }: &PageFingerprint,
    ) -> Self {
        let page = short_digest(place.unwrap_or_default().as_bytes()) + records;
        let mut trail = self.clone();
        trail.last.clone_from(bytes);
        trail.count += 1;
        if trail.count.is_power_of_two() {
            trail.mark = Some(page.clone());
        }
        trail.recent.push(page);
        if trail.recent.len() > RECENT {
            trail.recent.remove(0);
        }
        trail
    }
}

/// Returns a digest of 16 hexadecimal digits.
fn short_digest(bytes: &[u8]) -> String {
    huiliu_vault::keys::hex_encode(&Sha256::digest(bytes)[..8])
}

/// Identifies a page by two digests: of its records, and of all its bytes. The bytes may differ for the same records,
/// for example if they contain a number of the request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PageFingerprint {
    records: String,
    bytes: String,
    /// Digest of each record, in order; none if not all records have been unpacked.
    each: Vec<String>,
}

impl PageFingerprint {
    /// Computes the digests of a page with records.
    ///
    /// # Errors
    /// Errors of reading the payload.
    pub(crate) fn from_page(format: &Format, body: &Body<'_>, payload: &Payload) -> io::Result<Self> {
        let mut whole = Sha256::new();
        payload.for_each_chunk(|bytes| whole.update(bytes))?;
        let bytes = huiliu_vault::keys::hex_encode(&whole.finalize()[..8]);
        // For formats that are not plain text, not all records may have been unpacked.
        let records = match body {
            Body::Text(_) => decode::decode_records(format, body, &[], RecordRange::ALL).ok(),
            Body::Parts(_) => None,
        };
        let each = records.iter().flatten().map(|record| short_digest(record.raw.as_bytes())).collect();
        let records = records.map(|records| {
            let mut all = Sha256::new();
            for record in &records {
                all.update(record.raw.len().to_be_bytes());
                all.update(record.raw.as_bytes());
            }
            huiliu_vault::keys::hex_encode(&all.finalize()[..8])
        });
        Ok(Self { records: records.unwrap_or_else(|| bytes.clone()), bytes, each })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_a_cycle_of_any_length() {
        for length in [1u32, 2, 3, 31, 32, 33, 100, 1_000] {
            let mut trail = PageHistory::default();
            let noticed = (0..10 * length).find(|n| {
                let place = (n % length).to_string();
                let was_there = trail.knows_place(Some(&place));
                let known = PageFingerprint { records: short_digest(place.as_bytes()), ..PageFingerprint::default() };
                trail = trail.with_page(Some(&place), &known);
                was_there
            });
            let noticed = noticed.unwrap_or_else(|| panic!("a circle of {length}"));
            assert!(noticed <= 3 * length && trail.recent.len() <= RECENT, "{length}: {noticed}");
        }
    }

    #[test]
    fn counts_what_the_last_page_ended_with() {
        let page = |numbers: &mut dyn Iterator<Item = u32>| PageFingerprint {
            each: numbers.map(|n| short_digest(&n.to_be_bytes())).collect(),
            ..PageFingerprint::default()
        };
        let trail = PageHistory::default().with_last_records(&page(&mut (0..100)));
        for (first, repeated) in [(100, 0), (101, 0), (99, 1), (90, 10), (68, 32), (60, 40), (1, 99), (0, 100)] {
            assert_eq!(trail.count_repeated(&page(&mut (first..first + 100))), repeated, "{first}");
        }
        assert_eq!(trail.count_repeated(&page(&mut [0, 98, 99].into_iter())), 0);
        assert_eq!(PageHistory::default().count_repeated(&page(&mut (0..3))), 0);
    }
}
