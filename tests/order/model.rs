//! A model of the tables in memory: what deliveries that read every batch must produce, in the order of delivery.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_store::delivery::batch::Outcomes;

pub type Key = [u8; 16];

/// A raw record after decoding, mapping and validation.
#[derive(Debug, Clone)]
pub enum Item {
    Good {
        key: Key,
        version: i64,
        digest: Key,
    },
    Bad {
        key: Key,
        version: Option<i64>,
        reasons: String,
    },
    /// It withdraws a record, or is left out; the model does not follow this.
    Said,
}

/// A dead letter: its state, and what its newest bad version says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub state: String,
    pub version: Option<i64>,
    pub reasons: String,
}

#[derive(Debug)]
struct Sighting {
    batch: i64,
    key: Key,
    /// Version, batch and row. An unreadable version is older than any other.
    order: (Option<i64>, i64, usize),
    reasons: String,
    is_superseded: bool,
}

/// What a stored record is.
#[derive(Debug, Clone, Copy)]
struct Stored {
    /// Version, batch and row of the newest landing that gave this content.
    rank: (i64, i64, usize),
    content: Key,
    /// The batch that wrote it.
    owner: i64,
}

/// What is known of the good records of a batch.
#[derive(Debug, Default)]
struct OfBatch {
    outcomes: Outcomes,
    /// Unchanged ones that are represented by another batch's row or by another copy.
    elsewhere: i64,
    /// The contents of these: key, version, content.
    copied: Vec<(Key, i64, Key)>,
    /// Those that lost to another batch's record only because it landed later: then, and since.
    tied: i64,
}

#[derive(Debug, Default)]
pub struct Model {
    rows: BTreeMap<Key, Stored>,
    sightings: Vec<Sighting>,
    discarded: Vec<Key>,
    good: BTreeMap<i64, OfBatch>,
}

impl Model {
    pub fn deliver_batch(&mut self, batch: i64, items: &[Item]) {
        // Key → (version, row), content, copies.
        let mut newest: BTreeMap<Key, ((i64, usize), Key, i64)> = BTreeMap::new();
        let mut good = 0;
        for (row, item) in items.iter().enumerate() {
            match item {
                Item::Good { key, version, digest } => {
                    good += 1;
                    let held = newest.entry(*key).or_insert(((*version, row), *digest, 0));
                    if (held.0.0, held.1) == (*version, *digest) {
                        *held = ((*version, row), *digest, held.2 + 1);
                    } else if (*version, row) > held.0 {
                        *held = ((*version, row), *digest, 1);
                    }
                }
                Item::Said => {}
                Item::Bad { key, version, reasons } => self.sightings.push(Sighting {
                    batch,
                    key: *key,
                    order: (*version, batch, row),
                    reasons: reasons.clone(),
                    is_superseded: false,
                }),
            }
        }
        let mut of_batch = OfBatch::default();
        for (key, ((version, row), content, copies)) in newest {
            let rank = (version, batch, row);
            let o = &mut of_batch.outcomes;
            let Some(held) = self.rows.get_mut(&key) else {
                o.inserted += 1;
                (o.unchanged, of_batch.elsewhere) = (o.unchanged + copies - 1, of_batch.elsewhere + copies - 1);
                of_batch.copied.extend((copies > 1).then_some((key, version, content)));
                self.rows.insert(key, Stored { rank, content, owner: batch });
                continue;
            };
            let tied = held.rank.0 == version;
            if tied && held.content == content {
                (o.unchanged, of_batch.elsewhere) = (o.unchanged + copies, of_batch.elsewhere + copies);
                of_batch.copied.push((key, version, content));
                held.rank = held.rank.max(rank);
            } else if rank > held.rank {
                o.updated += 1;
                (o.unchanged, of_batch.elsewhere) = (o.unchanged + copies - 1, of_batch.elsewhere + copies - 1);
                of_batch.copied.extend((copies > 1).then_some((key, version, content)));
                if let Some(loser) = self.good.get_mut(&held.owner).filter(|_| tied) {
                    loser.tied += 1;
                }
                *held = Stored { rank, content, owner: batch };
            } else if tied {
                of_batch.tied += copies;
            }
        }
        let o = &mut of_batch.outcomes;
        o.superseded = good - o.inserted - o.updated - o.unchanged;
        self.good.insert(batch, of_batch);
    }

    /// Returns whether a repeat of a batch's bytes can be counted without reading them: what it received as copies would be
    /// copies again, none of its records has lost to a later landing alone, and its dead letters leave nothing open.
    /// `is_between` says that earlier batches of the stream wait, or that later ones have confirmed records.
    pub fn can_count_repeats(&self, batch: i64, repeat: i64, is_between: bool, told: &BTreeSet<i64>) -> bool {
        let Some(of_batch) = self.good.get(&batch) else { return false };
        let superseded = self.sightings.iter().any(|s| s.batch == batch && s.is_superseded);
        let lettered =
            self.rows.iter().any(|(key, row)| row.owner == batch && self.is_letter_open(*key, batch..repeat));
        let read = |key: Key| self.sightings.iter().filter(move |s| s.key == key && !told.contains(&s.batch));
        // A letter shows the newest content that was read.
        let shown = |key: Key| read(key).max_by_key(|s| s.order).map(|s| s.batch);
        let mut own = self.sightings.iter().filter(|s| s.batch == batch);
        let unclear = own.any(|s| is_between || shown(s.key) != Some(batch));
        // A record of the batch may be the corrected version of a row that came since.
        let came_since = |s: &Sighting| {
            !s.is_superseded && !self.discarded.contains(&s.key) && shown(s.key).is_some_and(|newest| newest > batch)
        };
        let corrects = self.sightings.iter().any(came_since);
        let is_copy = |(key, version, content): &(Key, i64, Key)| {
            let row = self.rows.get(key);
            row.is_some_and(|row| (row.rank.0, row.content) == (*version, *content)) && !self.has_open_letter(*key)
        };
        let copied = of_batch.copied.iter().all(is_copy);
        copied && of_batch.tied == 0 && !superseded && !lettered && !unclear && !corrects
    }

    fn has_open_letter(&self, key: Key) -> bool {
        !self.discarded.contains(&key) && self.sightings.iter().any(|s| s.key == key && !s.is_superseded)
    }

    /// Whether a dead letter is open that was seen in one of these batches.
    fn is_letter_open(&self, key: Key, seen_in: std::ops::Range<i64>) -> bool {
        let of_key = || self.sightings.iter().filter(|s| s.key == key);
        !self.discarded.contains(&key)
            && of_key().any(|s| !s.is_superseded)
            && of_key().any(|s| seen_in.contains(&s.batch))
    }

    pub fn unchanged_elsewhere(&self, batch: i64) -> i64 {
        self.good[&batch].elsewhere
    }

    /// Marks the sightings that a good newer version supersedes, unless a person has discarded their letter.
    pub fn settle_all(&mut self) {
        for sighting in &mut self.sightings {
            let held = self.rows.get(&sighting.key).map(|held| held.rank);
            let seen = sighting.order.0.map(|version| (version, sighting.order.1, sighting.order.2));
            sighting.is_superseded |=
                !self.discarded.contains(&sighting.key) && held.zip(seen).is_some_and(|(held, seen)| seen < held);
        }
    }

    pub fn discard_letter(&mut self, key: Key) {
        self.discarded.push(key);
    }

    /// Returns a batch's outcomes. They are exact once everything is settled; before that, records of letters that wait
    /// to be closed still count as parked.
    pub fn outcomes_of_batch(&self, batch: i64) -> Outcomes {
        let mut o = self.good[&batch].outcomes;
        for s in self.sightings.iter().filter(|s| s.batch == batch) {
            *match (s.is_superseded, self.discarded.contains(&s.key)) {
                (true, _) => &mut o.superseded,
                (false, true) => &mut o.discarded,
                (false, false) => &mut o.parked,
            } += 1;
        }
        o
    }

    pub fn stored_records(&self) -> BTreeMap<Key, (i64, Key)> {
        self.rows.iter().map(|(key, held)| (*key, (held.rank.0, held.content))).collect()
    }

    pub fn dead_letters(&self) -> BTreeMap<Key, Letter> {
        let mut newest: BTreeMap<Key, (&Sighting, bool)> = BTreeMap::new();
        for s in &self.sightings {
            let (held, open) = newest.entry(s.key).or_insert((s, false));
            if s.order > held.order {
                *held = s;
            }
            *open |= !s.is_superseded;
        }
        let state = |key: &Key, open: bool| match (self.discarded.contains(key), open) {
            (true, _) => "discarded",
            (false, true) => "open",
            (false, false) => "closed",
        };
        newest
            .into_iter()
            .map(|(key, (s, open))| {
                let state = state(&key, open).to_owned();
                (key, Letter { state, version: s.order.0, reasons: s.reasons.clone() })
            })
            .collect()
    }
}
