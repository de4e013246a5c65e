//! Decides from the scored candidates whether a claim is definite, potential, or matches nobody known.

use schemars::JsonSchema;
use serde::Serialize;

use crate::evidence::{Field, Level};
use crate::score::ScoredMatch;
use crate::weights::Weights;

/// The outcome of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Exactly one person, by a named rule.
    Definite,
    /// There are candidates; a person must decide.
    Potential,
    /// No known person matches.
    None,
}

impl Verdict {
    /// Returns the word that tables use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Definite => "definite",
            Self::Potential => "potential",
            Self::None => "none",
        }
    }
}

/// Why a claim that satisfies a rule is not definite, or why one without candidates is not `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Two candidates score too close to each other, or both satisfy a rule.
    Rivals,
    /// Another candidate has exactly the claim's name, and the best one does not.
    BetterName,
    /// Too many people share the claim's known values to be searched.
    Crowded,
}

impl Doubt {
    /// Returns the word that tables use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rivals => "rivals",
            Self::BetterName => "better_name",
            Self::Crowded => "crowded",
        }
    }
}

/// A person whom a claim may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Row number, in the caller's numbering.
    pub row: u32,
    /// Score and the evidence for it.
    pub scored: ScoredMatch,
}

/// The decision about one claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The outcome.
    pub verdict: Verdict,
    /// The rule that made it definite.
    pub rule: Option<String>,
    /// The reason why it is not definite, or not `none`.
    pub doubt: Option<Doubt>,
    /// Best score first; equal scores by row number.
    pub candidates: Vec<Candidate>,
}

/// Name of the rule that decides by score, for tables without ID numbers.
pub const BY_SCORE: &str = "score";

/// Decides a claim from its candidates. `crowded` means that further people could not be searched; `by_score` permits
/// the rule that decides by score.
#[must_use]
pub fn decide_claim(weights: &Weights, mut candidates: Vec<Candidate>, crowded: bool, by_score: bool) -> Decision {
    let bounds = &weights.thresholds;
    let rule_of = |c: &Candidate| match weights.satisfied_rule(&c.scored.evidence) {
        Some(rule) => Some(rule.name.as_str()),
        None if by_score && c.scored.score >= bounds.definite_score => Some(BY_SCORE),
        None => None,
    };
    candidates.retain(|c| c.scored.score >= bounds.potential || rule_of(c).is_some());
    candidates.sort_by(|a, b| b.scored.score.cmp(&a.scored.score).then(a.row.cmp(&b.row)));
    let doubt = find_doubt(weights, &candidates, &rule_of);
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

fn find_doubt<'w>(
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
    // If another candidate satisfies a rule and the best one does not, that is a contradiction, too.
    if near || rule_of(first).is_none() || by_rule > 1 && rule_of(first) != Some(BY_SCORE) {
        return Some(Doubt::Rivals);
    }
    let same_name = |c: &Candidate| matches!(c.scored.level_of(Field::Name), Some(Level::Equal | Level::Variant));
    let named = first.scored.level_of(Field::Name).is_some();
    if named && !same_name(first) && others.iter().any(same_name) { Some(Doubt::BetterName) } else { None }
}
