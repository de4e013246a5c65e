//! Matching people: who is meant by what a row or a claim says?
//!
//! A [`Profile`] is one side, ready to be compared. [`index`] finds who shares a key with it, [`score`] says how much
//! agrees and why, [`mod@decide`] what follows. Everything here is pure: the same tables give the same answer on every machine,
//! in whatever order their rows stand. Weights and rules are data ([`Weights`]).

pub mod bits;
pub mod characters;
pub mod cluster;
pub mod decide;
pub mod evidence;
pub mod index;
pub mod keys;
pub mod names;
pub mod numbers;
pub mod profile;
pub mod score;
pub mod table;
pub mod told;
pub mod weights;

pub use decide::{Candidate, Decision, Doubt, Verdict};
pub use evidence::{Evidence, Field, Level};
pub use profile::{DateOrder, Profile, Role};
pub use score::{Frequencies, Scored};
pub use told::Told;
pub use weights::{Weights, WeightsError, WeightsProblem};

use index::Index;

/// People who can be meant, ready to be looked for.
pub struct Matcher<'w> {
    weights: &'w Weights,
    people: Vec<Profile>,
    frequencies: Frequencies,
    index: Index,
    by_score: bool,
    compared: u64,
}

impl<'w> Matcher<'w> {
    /// A matcher over these people; rows are their places in the list. With `by_score` a pair can be definite by its
    /// score alone, which is not for teachers.
    #[must_use]
    pub fn new(weights: &'w Weights, people: Vec<Profile>, by_score: bool) -> Self {
        let mut frequencies = Frequencies::new();
        for person in &people {
            frequencies.count(person);
        }
        let index = Index::new(&people, weights.thresholds.block);
        Self { weights, people, frequencies, index, by_score, compared: 0 }
    }

    /// The people.
    #[must_use]
    pub fn people(&self) -> &[Profile] {
        &self.people
    }

    /// How many pairs were found and compared.
    #[must_use]
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// Keys that too many shared.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Who is meant. Keys that name one person are tried first; where they decide, nobody else is looked at.
    pub fn decide(&mut self, claim: &Profile) -> Decision {
        let strong = self.index.find(claim, true);
        if !strong.rows.is_empty() {
            let decision = self.weigh(claim, &strong.rows, false);
            let name = decision.candidates.first().and_then(|c| c.scored.level(Field::Name));
            if decision.verdict == Verdict::Definite && matches!(name, Some(Level::Equal | Level::Variant)) {
                return decision;
            }
        }
        let found = self.index.find(claim, false);
        let mut rows = strong.rows;
        rows.extend(found.rows);
        rows.sort_unstable();
        rows.dedup();
        self.weigh(claim, &rows, found.crowded > 0)
    }

    fn weigh(&mut self, claim: &Profile, rows: &[u32], crowded: bool) -> Decision {
        self.compared += rows.len() as u64;
        let candidates = rows.iter().filter_map(|row| {
            let person = self.people.get(*row as usize)?;
            Some(Candidate { row: *row, scored: score::compare(self.weights, &self.frequencies, claim, person) })
        });
        decide::decide(self.weights, candidates.collect(), crowded, self.by_score)
    }

    /// How two of the people agree.
    #[must_use]
    pub fn compare(&self, a: &Profile, b: &Profile) -> Scored {
        score::compare(self.weights, &self.frequencies, a, b)
    }

    /// The verdict on one pair by itself: no other row has a say.
    #[must_use]
    pub fn judge(&self, a: &Profile, b: &Profile) -> Decision {
        let candidate = Candidate { row: 0, scored: self.compare(a, b) };
        decide::decide(self.weights, vec![candidate], false, self.by_score)
    }

    /// Every pair of rows that share a key, the lower row first, each once, sorted.
    #[must_use]
    pub fn pairs(&mut self) -> Vec<(u32, u32)> {
        let mut pairs = vec![];
        for (row, person) in (0u32..).zip(&self.people) {
            for strong in [true, false] {
                let found = self.index.find(person, strong);
                let others = found.rows.into_iter().filter(|other| *other != row);
                pairs.extend(others.map(|other| (row.min(other), row.max(other))));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        self.compared += pairs.len() as u64;
        pairs
    }

    /// Groups that the definite pairs make, of these people and of `more`, whose rows are numbered after theirs.
    #[must_use]
    pub fn clusters(&self, links: &[cluster::Link], more: &[&Profile]) -> (Vec<Vec<u32>>, Vec<cluster::Link>) {
        let row = |row: u32| {
            let row = row as usize;
            self.people.get(row).or_else(|| more.get(row.checked_sub(self.people.len())?).copied())
        };
        cluster::clusters(self.people.len() + more.len(), links, &mut |a, b| {
            let sides = row(a).zip(row(b));
            sides.is_some_and(|(a, b)| self.compare(a, b).score >= self.weights.thresholds.potential)
        })
    }
}
