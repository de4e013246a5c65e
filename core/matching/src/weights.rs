//! Weights, thresholds and rules of matching: data, checked on reading.

use std::collections::{BTreeMap, HashMap};

use huiliu_messages::{TomlError, said_in_english};
use serde::{Deserialize, Serialize};

use crate::evidence::{Evidence, Field, Level};
use crate::names::{self, NameForm};
use huiliu_values::Basis;

/// What is wrong with a file of weights. The sentences are in the catalogues of `huiliu-messages`, in `matching.ftl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum WeightsError {
    /// The TOML does not parse or has an unknown key.
    #[serde(rename = "weights.form")]
    Form { file: String, line: usize, column: usize, why: TomlError },
    /// A rule is not usable.
    #[serde(rename = "weights.rule")]
    Rule { file: String, rule: String, why: WeightsProblem },
}

/// A requirement on weights, thresholds and rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum WeightsProblem {
    /// A level is listed twice.
    #[serde(rename = "weights.level_twice")]
    LevelTwice,
    /// A level has no weight.
    #[serde(rename = "weights.level_missing")]
    LevelMissing,
    /// The field never has this level.
    #[serde(rename = "weights.no_such_level")]
    NoSuchLevel,
    /// A weight is out of range; in thousandths of a bit.
    #[serde(rename = "weights.too_heavy")]
    TooHeavy { max: i64 },
    /// A rarity percentage is out of range.
    #[serde(rename = "weights.rarity")]
    Rarity,
    /// A level of difference speaks for one person.
    #[serde(rename = "weights.differs")]
    Differs,
    /// The reason is missing.
    #[serde(rename = "weights.no_reason")]
    NoReason,
    /// The margin is not positive, so it separates nothing.
    #[serde(rename = "weights.margin")]
    Margin,
    /// The definite score is not above the potential one.
    #[serde(rename = "weights.definite_score")]
    DefiniteScore,
    /// The length of the candidate list is out of range.
    #[serde(rename = "weights.candidates")]
    Candidates,
    /// The block size is out of range.
    #[serde(rename = "weights.block")]
    Block,
    /// A rule needs only one field.
    #[serde(rename = "weights.one_field")]
    OneField,
    /// A rule names a level that the field never has, or no level.
    #[serde(rename = "weights.rule_level")]
    RuleLevel,
    /// A rule would be satisfied by a field that differs.
    #[serde(rename = "weights.rule_differs")]
    RuleDiffers,
}

said_in_english!(WeightsError, WeightsProblem);

/// Returns line and column of a TOML error, both from 1; the column in characters.
pub(crate) fn line_and_column(text: &str, error: &toml::de::Error) -> (usize, usize) {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// Bounds of scores, in thousandths of a bit, and of list lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Candidates with a lower score are dropped.
    pub potential: i64,
    /// If two candidates score closer than this, neither is definite.
    pub margin: i64,
    /// From this score, a pair of tables without ID numbers is definite; never used for teachers.
    pub definite_score: i64,
    /// How many candidates are kept.
    pub candidates: usize,
    /// How many rows may share a key before a second value narrows it.
    pub block: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelRule {
    field: Field,
    level: Level,
    weight: i64,
    #[serde(default)]
    rarity: u16,
    /// What the weight rests on. Required in the file, for whoever edits it; not shown.
    #[serde(rename = "basis")]
    _basis: Basis,
    reason: String,
}

/// A rule that makes a claim definite.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefiniteRule {
    /// Name, shown with each decision by this rule.
    pub name: String,
    /// Each of these fields must agree at one of the listed levels.
    pub needs: BTreeMap<Field, Vec<Level>>,
    /// None of these fields may be at a listed level.
    #[serde(default)]
    pub never: BTreeMap<Field, Vec<Level>>,
    /// What the rule rests on.
    pub basis: Basis,
    /// Where the rule is written, or why it is assumed.
    pub reason: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightsFile {
    name: String,
    version: u32,
    thresholds: Thresholds,
    level: Vec<LevelRule>,
    definite: Vec<DefiniteRule>,
}

/// Weight of one level of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    /// Thousandths of a bit.
    pub weight: i64,
    /// Per cent of the value's rarity that is added.
    pub rarity: u16,
}

/// Weights, thresholds and rules, checked and ready for use.
#[derive(Debug, Clone)]
pub struct Weights {
    /// Name that the file gives itself.
    pub name: String,
    /// Version that the file gives itself.
    pub version: u32,
    /// Bounds of scores and lists.
    pub thresholds: Thresholds,
    /// Rules that make a claim definite.
    pub definite: Vec<DefiniteRule>,
    levels: HashMap<(Field, Level), Weight>,
}

/// Largest absolute weight, in thousandths of a bit: no single level may decide alone, and sums must not overflow.
const MAX_LEVEL_WEIGHT: i64 = 60_000;

impl Weights {
    /// Returns the weights that are built into the program.
    ///
    /// # Errors
    /// [`WeightsError`]; a test rules it out.
    pub fn built_in() -> Result<Self, WeightsError> {
        Self::from_toml("config/matching.toml", include_str!("../../../config/matching.toml"))
    }

    /// Parses and checks a file's text.
    ///
    /// # Errors
    /// [`WeightsError`] with the first problem.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, WeightsError> {
        let read: WeightsFile = toml::from_str(text).map_err(|e| {
            let (line, column) = line_and_column(text, &e);
            WeightsError::Form { file: file.to_owned(), line, column, why: TomlError::from_parser_message(e.message()) }
        })?;
        let refuse = |rule: String, why| WeightsError::Rule { file: file.to_owned(), rule, why };
        let mut levels = HashMap::with_capacity(read.level.len());
        for rule in &read.level {
            let place = format!("{}.{}", rule.field.as_str(), rule.level.as_str());
            check_level(rule).map_err(|why| refuse(place.clone(), why))?;
            let weight = Weight { weight: rule.weight, rarity: rule.rarity };
            if levels.insert((rule.field, rule.level), weight).is_some() {
                return Err(refuse(place, WeightsProblem::LevelTwice));
            }
        }
        for field in Field::ALL {
            if let Some(level) = field.possible_levels().iter().find(|level| !levels.contains_key(&(field, **level))) {
                return Err(refuse(format!("{}.{}", field.as_str(), level.as_str()), WeightsProblem::LevelMissing));
            }
        }
        check_thresholds(&read.thresholds).map_err(|why| refuse("thresholds".to_owned(), why))?;
        for rule in &read.definite {
            check_definite(rule).map_err(|why| refuse(rule.name.clone(), why))?;
        }
        Ok(Self {
            name: read.name,
            version: read.version,
            thresholds: read.thresholds,
            definite: read.definite,
            levels,
        })
    }

    /// Returns the weight of a field's level.
    #[must_use]
    pub fn weight_of(&self, field: Field, level: Level) -> Weight {
        self.levels.get(&(field, level)).copied().unwrap_or(Weight { weight: 0, rarity: 0 })
    }

    /// Returns whether some rule accepts two folded names as one person's if their ID numbers are equal.
    #[must_use]
    pub fn names_match_with_id(&self, name: &str, other: &str) -> bool {
        let (Some(a), Some(b)) = (NameForm::from_text(name), NameForm::from_text(other)) else { return false };
        let names = Evidence { field: Field::Name, level: Some(names::compare_names(&a, &b)), weight: 0 };
        let number = Evidence { field: Field::IdNumber, level: Some(Level::Equal), weight: 0 };
        self.satisfied_rule(&[names, number]).is_some()
    }

    /// Returns the first rule that the evidence satisfies.
    #[must_use]
    pub fn satisfied_rule(&self, evidence: &[Evidence]) -> Option<&DefiniteRule> {
        let level = |field: Field| evidence.iter().find(|e| e.field == field).and_then(|e| e.level);
        let among = |(field, levels): (&Field, &Vec<Level>)| level(*field).is_some_and(|l| levels.contains(&l));
        self.definite.iter().find(|rule| rule.needs.iter().all(among) && !rule.never.iter().any(among))
    }
}

fn check_level(rule: &LevelRule) -> Result<(), WeightsProblem> {
    if !rule.field.possible_levels().contains(&rule.level) {
        return Err(WeightsProblem::NoSuchLevel);
    }
    if !(-MAX_LEVEL_WEIGHT..=MAX_LEVEL_WEIGHT).contains(&rule.weight) {
        return Err(WeightsProblem::TooHeavy { max: MAX_LEVEL_WEIGHT });
    }
    if rule.rarity > 200 {
        return Err(WeightsProblem::Rarity);
    }
    if rule.level == Level::Differs && (rule.weight > 0 || rule.rarity > 0) {
        return Err(WeightsProblem::Differs);
    }
    if rule.reason.trim().is_empty() { Err(WeightsProblem::NoReason) } else { Ok(()) }
}

/// Checks the bounds.
///
/// # Errors
/// The requirement that they break.
pub(super) fn check_thresholds(bounds: &Thresholds) -> Result<(), WeightsProblem> {
    if bounds.margin <= 0 {
        return Err(WeightsProblem::Margin);
    }
    if bounds.definite_score <= bounds.potential {
        return Err(WeightsProblem::DefiniteScore);
    }
    if !(1..=100).contains(&bounds.candidates) {
        return Err(WeightsProblem::Candidates);
    }
    if !(2..=100_000).contains(&bounds.block) {
        return Err(WeightsProblem::Block);
    }
    Ok(())
}

fn check_definite(rule: &DefiniteRule) -> Result<(), WeightsProblem> {
    if rule.needs.len() < 2 {
        return Err(WeightsProblem::OneField);
    }
    for (field, levels) in rule.needs.iter().chain(&rule.never) {
        if levels.is_empty() || !levels.iter().all(|level| field.possible_levels().contains(level)) {
            return Err(WeightsProblem::RuleLevel);
        }
    }
    if rule.needs.values().flatten().any(|level| *level == Level::Differs) {
        return Err(WeightsProblem::RuleDiffers);
    }
    if rule.reason.trim().is_empty() { Err(WeightsProblem::NoReason) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_weights_are_whole() {
        let weights = Weights::built_in().unwrap();
        assert!(weights.definite.len() >= 2);
        assert!(
            weights.weight_of(Field::IdNumber, Level::Equal).weight
                > weights.weight_of(Field::Name, Level::Equal).weight
        );
    }

    #[test]
    fn files_that_would_decide_wrongly_are_refused() {
        let text = include_str!("../../../config/matching.toml");
        let refused = |from: &str, to: &str, place: &str| {
            assert!(text.contains(from), "{from}");
            let fault = Weights::from_toml("x.toml", &text.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(fault.contains(place), "{fault}");
        };
        refused("margin = ", "margin = -", "thresholds");
        refused("level = \"equal\"", "level = \"year\"", "name.year");
        refused("level = \"variant\"", "level = \"equal\"", "name.equal");
        refused("version = 1", "version = 1\nunknown = 2", "line");
        refused("id_number = [\"equal\"]\n", "", "id_number_and_name");
    }
}
