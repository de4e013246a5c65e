//! The tables in memory: what the slow path must make of batches, in the order in which they are delivered.

use std::collections::BTreeMap;

use huiliu_store::delivery::batch::Outcomes;

pub type Key = [u8; 16];

/// A raw record after the stages.
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
    /// Version, activation and digest; a version that cannot be told is older than any other.
    order: (Option<i64>, i64, Key),
    reasons: String,
    outdone: bool,
}

#[derive(Debug, Default)]
pub struct Model {
    /// Key → version, activation, content.
    rows: BTreeMap<Key, (i64, i64, Key)>,
    sightings: Vec<Sighting>,
    discarded: Vec<Key>,
    /// Batch → its good records' outcomes, and its unchanged ones that another batch's row, or another copy, stands for.
    good: BTreeMap<i64, (Outcomes, i64)>,
}

impl Model {
    pub fn deliver(&mut self, batch: i64, activation: i64, items: &[Item]) {
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
                    outdone: false,
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

    /// Whether the batch's own rows stand for all of its unchanged records, so that the same bytes can be told from it.
    pub fn tells(&self, batch: i64) -> bool {
        self.good.get(&batch).is_some_and(|(_, elsewhere)| *elsewhere == 0)
    }

    pub fn elsewhere(&self, batch: i64) -> i64 {
        self.good[&batch].1
    }

    /// Sightings that a good newer version has outdone, of letters that no person has closed.
    pub fn settle(&mut self) {
        for sighting in &mut self.sightings {
            let held = self.rows.get(&sighting.key).map(|h| (h.0, h.1));
            let seen = sighting.order.0.map(|version| (version, sighting.order.1));
            sighting.outdone |=
                !self.discarded.contains(&sighting.key) && held.zip(seen).is_some_and(|(held, seen)| seen < held);
        }
    }

    pub fn discard(&mut self, key: Key) {
        self.discarded.push(key);
    }

    /// A batch's outcomes: exact once everything is settled, before that but for what waits to be closed.
    pub fn outcomes(&self, batch: i64) -> Outcomes {
        let (mut o, _) = self.good[&batch];
        for s in self.sightings.iter().filter(|s| s.batch == batch) {
            *match (s.outdone, self.discarded.contains(&s.key)) {
                (true, _) => &mut o.superseded,
                (false, true) => &mut o.discarded,
                (false, false) => &mut o.parked,
            } += 1;
        }
        o
    }

    pub fn held(&self) -> BTreeMap<Key, (i64, Key)> {
        self.rows.iter().map(|(key, (version, _, digest))| (*key, (*version, *digest))).collect()
    }

    pub fn letters(&self) -> BTreeMap<Key, Letter> {
        let mut newest: BTreeMap<Key, (&Sighting, bool)> = BTreeMap::new();
        for s in &self.sightings {
            let (held, open) = newest.entry(s.key).or_insert((s, false));
            if s.order > held.order {
                *held = s;
            }
            *open |= !s.outdone;
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
