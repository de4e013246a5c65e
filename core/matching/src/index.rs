//! Finds people who share a key: one sorted list of keys and rows, with bounded blocks.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher as _};

use rustc_hash::FxHasher;

use crate::keys::{KeyUse, Kind, emit_keys, emit_narrowing_values};
use crate::profile::Profile;

/// One key of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Posting {
    /// Hash of the key.
    key: u64,
    /// The person's position in the list.
    row: u32,
}

/// Rows by their keys.
#[derive(Debug, Default)]
pub struct Index {
    /// Every key of every row, sorted.
    rows: Vec<Posting>,
    /// For blocks above the bound: hashes of the key combined with a narrowing value; sorted.
    narrowed: Vec<Posting>,
    block: usize,
    crowded: BTreeMap<Kind, CrowdedBlocks>,
}

/// The blocks above the bound that lookups hit, for one kind of key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrowdedBlocks {
    /// How often a lookup hit one.
    pub met: u64,
    /// Number of rows in the largest.
    pub most_rows: u64,
}

/// Rows that share a key, and the size of blocks too large to search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CandidateRows {
    /// Rows, sorted, each once.
    pub rows: Vec<u32>,
    /// Size of the largest block that stayed above the bound even after narrowing.
    pub crowded: usize,
}

fn key_hash(kind: Kind, text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    (kind, text).hash(&mut hasher);
    hasher.finish()
}

fn narrow_hash(key: u64, what: &str, value: &str) -> u64 {
    let mut hasher = FxHasher::default();
    (key, what, value).hash(&mut hasher);
    hasher.finish()
}

/// Returns a key's rows in a sorted list.
fn block_of(list: &[Posting], key: u64) -> &[Posting] {
    let start = list.partition_point(|posting| posting.key < key);
    let rest = list.get(start..).unwrap_or_default();
    let length = rest.partition_point(|posting| posting.key == key);
    rest.get(..length).unwrap_or_default()
}

impl Index {
    /// Builds the index of these people; a block of more than `block` rows is narrowed.
    #[must_use]
    pub fn new(people: &[Profile], block: usize) -> Self {
        let mut rows = Vec::with_capacity(people.len() * 8);
        for (row, person) in (0u32..).zip(people) {
            emit_keys(person, KeyUse::Find, &mut |kind, text| {
                let key = key_hash(kind, text);
                rows.push(Posting { key, row });
            });
        }
        rows.sort_unstable();
        rows.dedup();
        let mut index = Self { rows, narrowed: vec![], block, crowded: BTreeMap::new() };
        index.narrow_large_blocks(people);
        index
    }

    /// Adds narrowed keys for the rows of every block above the bound.
    fn narrow_large_blocks(&mut self, people: &[Profile]) {
        let mut narrowed = vec![];
        for block in self.rows.chunk_by(|a, b| a.key == b.key).filter(|block| block.len() > self.block) {
            for Posting { key, row } in block {
                if let Some(person) = people.get(*row as usize) {
                    emit_narrowing_values(person, &mut |what, value| {
                        narrowed.push(Posting { key: narrow_hash(*key, what, value), row: *row });
                    });
                }
            }
        }
        narrowed.sort_unstable();
        narrowed.dedup();
        self.narrowed = narrowed;
    }

    /// Returns the blocks above the bound that lookups hit, by kind of key.
    #[must_use]
    pub fn crowded(&self) -> &BTreeMap<Kind, CrowdedBlocks> {
        &self.crowded
    }

    /// Finds the rows that share a key with this person; if `strong`, only by keys that identify one person, otherwise
    /// only by the other keys.
    pub fn find_rows(&mut self, person: &Profile, strong: bool) -> CandidateRows {
        let mut found = CandidateRows::default();
        let mut seconds: Option<Vec<(String, String)>> = None;
        let (mut looked, mut weak) = (0, Vec::new());
        let Self { rows, narrowed, block, crowded } = self;
        emit_keys(person, KeyUse::Look, &mut |kind, text| {
            if kind.is_strong() != strong {
                return;
            }
            looked += 1;
            let into = if kind.is_weak() { &mut weak } else { &mut found.rows };
            let key = key_hash(kind, text);
            let all = block_of(rows, key);
            if all.len() <= *block {
                into.extend(all.iter().map(|posting| posting.row));
                return;
            }
            let blocks = crowded.entry(kind).or_default();
            blocks.met += 1;
            blocks.most_rows = blocks.most_rows.max(all.len() as u64);
            let seconds = seconds.get_or_insert_with(|| {
                let mut list = vec![];
                emit_narrowing_values(person, &mut |what, value| list.push((what.to_owned(), value.to_owned())));
                list
            });
            let narrow = seconds.iter().map(|(what, value)| block_of(narrowed, narrow_hash(key, what, value)));
            let mut narrow: Vec<&[Posting]> = narrow.filter(|n| !n.is_empty() && n.len() <= *block).collect();
            narrow.sort_by_key(|n| n.len());
            // Keep only the rarest narrowed keys; the others find the same people and many more.
            narrow.truncate(if kind == Kind::Word { 1 } else { 3 });
            if narrow.is_empty() {
                found.crowded = found.crowded.max(all.len());
            }
            into.extend(narrow.into_iter().flatten().map(|posting| posting.row));
        });
        weak.sort_unstable();
        let twice = weak.chunk_by(|a, b| a == b).filter(|same| same.len() > 1 || looked < 3);
        found.rows.extend(twice.filter_map(|same| same.first()));
        found.rows.sort_unstable();
        found.rows.dedup();
        found
    }
}
