//! Matches people: which person does a row or a claim mean?
//!
//! A [`Profile`] is one side, prepared for comparison. [`index`] finds people who share a key with it, [`score`] says
//! how much agrees and why, [`mod@decide`] draws the conclusion. Everything here is pure: the same tables give the same
//! answer on every machine, whatever the order of their rows. Weights and rules are data ([`Weights`]).

pub mod bits;
pub mod characters;
pub mod cluster;
pub mod decide;
pub mod evidence;
pub mod index;
pub mod keys;
pub mod names;
pub mod numbers;
pub mod person_details;
pub mod profile;
pub mod score;
pub mod table;
pub mod weights;

pub use decide::{Candidate, Decision, Doubt, Verdict};
pub use evidence::{Evidence, Field, Level};
pub use person_details::PersonDetails;
pub use profile::{DateOrder, Profile, Role};
pub use score::{Frequencies, ScoredMatch};
pub use weights::{Weights, WeightsError, WeightsProblem};

use index::Index;

/// Searches a fixed list of people for the one that a claim means.
pub struct Matcher<'w> {
    weights: &'w Weights,
    people: Vec<Profile>,
    frequencies: Frequencies,
    index: Index,
    by_score: bool,
    compared: u64,
}

impl<'w> Matcher<'w> {
    /// Creates a matcher over these people; a row is a person's position in the list. With `by_score`, a pair can be
    /// definite by its score alone; teachers must not be matched that way.
    #[must_use]
    pub fn new(weights: &'w Weights, people: Vec<Profile>, by_score: bool) -> Self {
        let mut frequencies = Frequencies::new();
        for person in &people {
            frequencies.count_person(person);
        }
        let index = Index::new(&people, weights.thresholds.block);
        Self { weights, people, frequencies, index, by_score, compared: 0 }
    }

    /// The people that claims are matched against.
    #[must_use]
    pub fn people(&self) -> &[Profile] {
        &self.people
    }

    /// How many pairs were compared so far.
    #[must_use]
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// The index, with the keys that too many people shared.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Decides whom a claim means. Keys that identify one person are tried first; if they give a definite person with
    /// the same name, nobody else is compared.
    pub fn decide_claim(&mut self, claim: &Profile) -> Decision {
        let strong = self.index.find_rows(claim, true);
        if !strong.rows.is_empty() {
            let decision = self.score_rows(claim, &strong.rows, false);
            let name = decision.candidates.first().and_then(|c| c.scored.level_of(Field::Name));
            if decision.verdict == Verdict::Definite && matches!(name, Some(Level::Equal | Level::Variant)) {
                return decision;
            }
        }
        let found = self.index.find_rows(claim, false);
        let mut rows = strong.rows;
        rows.extend(found.rows);
        rows.sort_unstable();
        rows.dedup();
        self.score_rows(claim, &rows, found.crowded > 0)
    }

    fn score_rows(&mut self, claim: &Profile, rows: &[u32], crowded: bool) -> Decision {
        self.compared += rows.len() as u64;
        let candidates = rows.iter().filter_map(|row| {
            let person = self.people.get(*row as usize)?;
            Some(Candidate {
                row: *row,
                scored: score::compare_profiles(self.weights, &self.frequencies, claim, person),
            })
        });
        decide::decide_claim(self.weights, candidates.collect(), crowded, self.by_score)
    }

    /// Compares two profiles by these people's frequencies.
    #[must_use]
    pub fn compare_profiles(&self, a: &Profile, b: &Profile) -> ScoredMatch {
        score::compare_profiles(self.weights, &self.frequencies, a, b)
    }

    /// Returns the verdict on one pair alone, without rivals.
    #[must_use]
    pub fn decide_pair(&self, a: &Profile, b: &Profile) -> Decision {
        let candidate = Candidate { row: 0, scored: self.compare_profiles(a, b) };
        decide::decide_claim(self.weights, vec![candidate], false, self.by_score)
    }

    /// Returns every pair of rows that share a key: lower row first, each pair once, sorted.
    #[must_use]
    pub fn list_pairs(&mut self) -> Vec<(u32, u32)> {
        let mut pairs = vec![];
        for (row, person) in (0u32..).zip(&self.people) {
            for strong in [true, false] {
                let found = self.index.find_rows(person, strong);
                let others = found.rows.into_iter().filter(|other| *other != row);
                pairs.extend(others.map(|other| (row.min(other), row.max(other))));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        self.compared += pairs.len() as u64;
        pairs
    }

    /// Builds groups from the definite links. Rows of `more` are numbered after those of the matcher's own people.
    #[must_use]
    pub fn build_clusters(&self, links: &[cluster::Link], more: &[&Profile]) -> cluster::Clusters {
        let row = |row: u32| {
            let row = row as usize;
            self.people.get(row).or_else(|| more.get(row.checked_sub(self.people.len())?).copied())
        };
        cluster::build_clusters(self.people.len() + more.len(), links, &mut |a, b| {
            let sides = row(a).zip(row(b));
            sides.is_some_and(|(a, b)| self.compare_profiles(a, b).score >= self.weights.thresholds.potential)
        })
    }
}
