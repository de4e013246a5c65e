//! Candidates with their scores → what a claim is: definite, potential, or about nobody who is known.

use schemars::JsonSchema;
use serde::Serialize;

use crate::evidence::{Field, Level};
use crate::score::Scored;
use crate::weights::Weights;

/// What a claim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// One person, by a named rule.
    Definite,
    /// Somebody may be meant; a person decides.
    Potential,
    /// Nobody who is known.
    None,
}

impl Verdict {
    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Definite => "definite",
            Self::Potential => "potential",
            Self::None => "none",
        }
    }
}

/// Why a claim that satisfies a rule is not definite, or one without candidates is not `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Two candidates are too near each other, or both satisfy a rule.
    Rivals,
    /// Another candidate has the claim's very name, and this one has not.
    BetterName,
    /// More people than can be looked through share what is known.
    Crowded,
}

impl Doubt {
    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rivals => "rivals",
            Self::BetterName => "better_name",
            Self::Crowded => "crowded",
        }
    }
}

/// Somebody who may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who; whatever numbers the caller gives.
    pub row: u32,
    /// How likely, and why.
    pub scored: Scored,
}

/// What was decided of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What it is.
    pub verdict: Verdict,
    /// The rule by which it is definite.
    pub rule: Option<String>,
    /// What kept it from being definite, or from being none.
    pub doubt: Option<Doubt>,
    /// The likeliest first; of equal ones the lower row.
    pub candidates: Vec<Candidate>,
}

/// The rule of pairs of tables that have no ID numbers.
pub const BY_SCORE: &str = "score";

/// Decides. `crowded` says that others could not be looked at; `by_score` allows the rule of the score.
#[must_use]
pub fn decide(weights: &Weights, mut candidates: Vec<Candidate>, crowded: bool, by_score: bool) -> Decision {
    let bounds = &weights.thresholds;
    let rule_of = |c: &Candidate| match weights.rule(&c.scored.evidence) {
        Some(rule) => Some(rule.name.as_str()),
        None if by_score && c.scored.score >= bounds.definite_score => Some(BY_SCORE),
        None => None,
    };
    candidates.retain(|c| c.scored.score >= bounds.potential || rule_of(c).is_some());
    candidates.sort_by(|a, b| b.scored.score.cmp(&a.scored.score).then(a.row.cmp(&b.row)));
    let doubt = doubt(weights, &candidates, &rule_of);
    let rule = candidates.first().and_then(rule_of).filter(|_| doubt.is_none()).map(str::to_owned);
    candidates.truncate(bounds.candidates);
    let verdict = match (&rule, candidates.is_empty()) {
        (Some(_), _) => Verdict::Definite,
        (None, false) => Verdict::Potential,
        (None, true) if crowded => Verdict::Potential,
        (None, true) => Verdict::None,
    };
    let doubt = doubt.or((crowded && candidates.is_empty()).then_some(Doubt::Crowded));
    Decision { verdict, rule, doubt, candidates }
}

fn doubt<'w>(
    weights: &Weights,
    candidates: &[Candidate],
    rule_of: &dyn Fn(&Candidate) -> Option<&'w str>,
) -> Option<Doubt> {
    let by_rule = candidates.iter().filter(|c| rule_of(c).is_some()).count();
    let (first, others) = candidates.split_first()?;
    if by_rule == 0 {
        return None;
    }
    let near = others.first().is_some_and(|c| first.scored.score - c.scored.score < weights.thresholds.margin);
    // A rule that the likeliest does not satisfy and another does is a contradiction, too.
    if near || rule_of(first).is_none() || by_rule > 1 && rule_of(first) != Some(BY_SCORE) {
        return Some(Doubt::Rivals);
    }
    let same_name = |c: &Candidate| matches!(c.scored.level(Field::Name), Some(Level::Equal | Level::Variant));
    let named = first.scored.level(Field::Name).is_some();
    if named && !same_name(first) && others.iter().any(same_name) { Some(Doubt::BetterName) } else { None }
}
