//! A model of the tables in memory: what deliveries that read every batch must produce, in the order of delivery.

use std::collections::BTreeMap;

use huiliu_store::delivery::batch::Outcomes;

pub type Key = [u8; 16];

/// A raw record after decoding, mapping and validation.
#[derive(Debug, Clone)]
pub enum Item {
    Good { key: Key, version: i64, digest: Key },
    Bad { key: Key, version: Option<i64>, digest: Key, reasons: String },
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
    /// Version, activation and digest. An unreadable version is older than any other.
    order: (Option<i64>, i64, Key),
    reasons: String,
    is_superseded: bool,
}

#[derive(Debug, Default)]
pub struct Model {
    /// Key → version, activation, content.
    rows: BTreeMap<Key, (i64, i64, Key)>,
    sightings: Vec<Sighting>,
    discarded: Vec<Key>,
    /// Batch → outcomes of its good records, and how many of its unchanged ones are represented by another batch's row
    /// or by another copy.
    good: BTreeMap<i64, (Outcomes, i64)>,
}

impl Model {
    pub fn deliver_batch(&mut self, batch: i64, activation: i64, items: &[Item]) {
        let mut newest: BTreeMap<Key, ((i64, Key), i64)> = BTreeMap::new();
        let mut good = 0;
        for item in items {
            match item {
                Item::Good { key, version, digest } => {
                    good += 1;
                    let held = newest.entry(*key).or_insert(((*version, *digest), 0));
                    match (*version, *digest).cmp(&held.0) {
                        std::cmp::Ordering::Greater => *held = ((*version, *digest), 1),
                        std::cmp::Ordering::Equal => held.1 += 1,
                        std::cmp::Ordering::Less => {}
                    }
                }
                Item::Bad { key, version, digest, reasons } => self.sightings.push(Sighting {
                    batch,
                    key: *key,
                    order: (*version, activation, *digest),
                    reasons: reasons.clone(),
                    is_superseded: false,
                }),
            }
        }
        let (mut o, mut elsewhere) = (Outcomes::default(), 0);
        for (key, ((version, digest), copies)) in newest {
            let incoming = (version, activation, digest);
            let held = self.rows.get(&key).copied();
            let same = held.is_some_and(|h| (h.0, h.2) == (version, digest));
            let wins = held.is_none_or(|h| incoming > h);
            match (held.is_some(), wins, same) {
                (false, ..) => o.inserted += 1,
                (true, true, false) => o.updated += 1,
                (true, _, true) => o.unchanged += 1,
                (true, false, false) => continue,
            }
            o.unchanged += copies - 1;
            elsewhere += if wins { copies - 1 } else { copies };
            if wins {
                self.rows.insert(key, incoming);
            }
        }
        o.superseded = good - o.inserted - o.updated - o.unchanged;
        self.good.insert(batch, (o, elsewhere));
    }

    /// Returns whether the batch's own rows represent all of its unchanged records, so that a repeat of its bytes can
    /// be counted without reading it.
    pub fn can_count_repeats(&self, batch: i64) -> bool {
        self.good.get(&batch).is_some_and(|(_, elsewhere)| *elsewhere == 0)
    }

    pub fn unchanged_elsewhere(&self, batch: i64) -> i64 {
        self.good[&batch].1
    }

    /// Marks the sightings that a good newer version supersedes, unless a person has discarded their letter.
    pub fn settle_all(&mut self) {
        for sighting in &mut self.sightings {
            let held = self.rows.get(&sighting.key).map(|h| (h.0, h.1));
            let seen = sighting.order.0.map(|version| (version, sighting.order.1));
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
        let (mut o, _) = self.good[&batch];
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
        self.rows.iter().map(|(key, (version, _, digest))| (*key, (*version, *digest))).collect()
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
