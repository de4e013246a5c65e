//! Weights, thresholds and rules of matching: data, checked when read.

use std::collections::{BTreeMap, HashMap};

use huiliu_messages::{TomlError, said_in_english};
use serde::{Deserialize, Serialize};

use crate::evidence::{Evidence, Field, Level};
use crate::names::{self, NameForm};
use huiliu_values::Basis;

/// What is wrong with a file of weights. The sentences are in the catalogues of `huiliu-messages`, in `matching.ftl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum WeightsError {
    /// The TOML does not parse or has an unknown key.
    #[serde(rename = "weights.form")]
    Form { file: String, line: usize, column: usize, why: TomlError },
    /// A rule is not usable.
    #[serde(rename = "weights.rule")]
    Rule { file: String, rule: String, why: WeightsProblem },
}

/// What is expected of weights, thresholds and rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum WeightsProblem {
    /// A level that is there twice.
    #[serde(rename = "weights.level_twice")]
    LevelTwice,
    /// A level without a weight.
    #[serde(rename = "weights.level_missing")]
    LevelMissing,
    /// A level that the field never has.
    #[serde(rename = "weights.no_such_level")]
    NoSuchLevel,
    /// A weight beyond all bounds, in thousandths of a bit.
    #[serde(rename = "weights.too_heavy")]
    TooHeavy { max: i64 },
    /// A share of the rarity beyond all bounds.
    #[serde(rename = "weights.rarity")]
    Rarity,
    /// What differs, and speaks for one person.
    #[serde(rename = "weights.differs")]
    Differs,
    /// No reason.
    #[serde(rename = "weights.no_reason")]
    NoReason,
    /// A margin that keeps nothing apart.
    #[serde(rename = "weights.margin")]
    Margin,
    /// Two bounds in the wrong order.
    #[serde(rename = "weights.definite_score")]
    DefiniteScore,
    /// A list of candidates of another size.
    #[serde(rename = "weights.candidates")]
    Candidates,
    /// A block of another size.
    #[serde(rename = "weights.block")]
    Block,
    /// A rule about one field.
    #[serde(rename = "weights.one_field")]
    OneField,
    /// A rule with a field whose level never comes.
    #[serde(rename = "weights.rule_level")]
    RuleLevel,
    /// A rule by which what differs makes definite.
    #[serde(rename = "weights.rule_differs")]
    RuleDiffers,
}

said_in_english!(WeightsError, WeightsProblem);

/// Line and column, in characters, from 1, of where a parser met something.
pub(crate) fn position(text: &str, error: &toml::de::Error) -> (usize, usize) {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// Bounds of scores, in thousandths of a bit, and of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// A candidate below it is none.
    pub potential: i64,
    /// Of two candidates nearer each other than this, neither is definite.
    pub margin: i64,
    /// A pair of tables without ID numbers is definite from here; never used for teachers.
    pub definite_score: i64,
    /// How many candidates are kept.
    pub candidates: usize,
    /// How many rows may share a key before it is narrowed by a second one.
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
    /// On what it rests; shown by nobody, wanted by whoever changes the file.
    #[serde(rename = "basis")]
    _basis: Basis,
    reason: String,
}

/// A rule by which a claim is definite.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefiniteRule {
    /// Its name, shown with what it decides.
    pub name: String,
    /// Each of these fields must agree in one of its levels.
    pub needs: BTreeMap<Field, Vec<Level>>,
    /// None of these fields may be at one of its levels.
    #[serde(default)]
    pub never: BTreeMap<Field, Vec<Level>>,
    /// On what it rests.
    pub basis: Basis,
    /// Where it is written, or why it is assumed.
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

/// How much one level of one field weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    /// Thousandths of a bit.
    pub weight: i64,
    /// So many per cent of the value's rarity come to it.
    pub rarity: u16,
}

/// Weights, thresholds and rules, checked, ready for use.
#[derive(Debug, Clone)]
pub struct Weights {
    /// Name of the file's content.
    pub name: String,
    /// Version of the file's content.
    pub version: u32,
    /// Bounds.
    pub thresholds: Thresholds,
    /// Rules by which a claim is definite.
    pub definite: Vec<DefiniteRule>,
    levels: HashMap<(Field, Level), Weight>,
}

/// No single level may decide alone, and none may be so heavy that no sum holds it.
const HEAVIEST: i64 = 60_000;

impl Weights {
    /// The weights that come with the program.
    ///
    /// # Errors
    /// [`WeightsError`], which a test excludes.
    pub fn built_in() -> Result<Self, WeightsError> {
        Self::read("config/matching.toml", include_str!("../../../config/matching.toml"))
    }

    /// Reads and checks a file's text.
    ///
    /// # Errors
    /// [`WeightsError`] with the first thing that is wrong.
    pub fn read(file: &str, text: &str) -> Result<Self, WeightsError> {
        let read: WeightsFile = toml::from_str(text).map_err(|e| {
            let (line, column) = position(text, &e);
            WeightsError::Form { file: file.to_owned(), line, column, why: TomlError::of(e.message()) }
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
            if let Some(level) = field.levels().iter().find(|level| !levels.contains_key(&(field, **level))) {
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

    /// What a level of a field weighs.
    #[must_use]
    pub fn of(&self, field: Field, level: Level) -> Weight {
        self.levels.get(&(field, level)).copied().unwrap_or(Weight { weight: 0, rarity: 0 })
    }

    /// Whether some rule takes two names, folded, for one person's beside an equal ID number.
    #[must_use]
    pub fn fits_number(&self, name: &str, other: &str) -> bool {
        let (Some(a), Some(b)) = (NameForm::read(name), NameForm::read(other)) else { return false };
        let names = Evidence { field: Field::Name, level: Some(names::compare(&a, &b)), weight: 0 };
        let number = Evidence { field: Field::IdNumber, level: Some(Level::Equal), weight: 0 };
        self.rule(&[names, number]).is_some()
    }

    /// The first rule that the evidence satisfies.
    #[must_use]
    pub fn rule(&self, evidence: &[Evidence]) -> Option<&DefiniteRule> {
        let level = |field: Field| evidence.iter().find(|e| e.field == field).and_then(|e| e.level);
        let among = |(field, levels): (&Field, &Vec<Level>)| level(*field).is_some_and(|l| levels.contains(&l));
        self.definite.iter().find(|rule| rule.needs.iter().all(among) && !rule.never.iter().any(among))
    }
}

fn check_level(rule: &LevelRule) -> Result<(), WeightsProblem> {
    if !rule.field.levels().contains(&rule.level) {
        return Err(WeightsProblem::NoSuchLevel);
    }
    if rule.weight.abs() > HEAVIEST {
        return Err(WeightsProblem::TooHeavy { max: HEAVIEST });
    }
    if rule.rarity > 200 {
        return Err(WeightsProblem::Rarity);
    }
    if rule.level == Level::Differs && (rule.weight > 0 || rule.rarity > 0) {
        return Err(WeightsProblem::Differs);
    }
    if rule.reason.trim().is_empty() { Err(WeightsProblem::NoReason) } else { Ok(()) }
}

/// # Errors
/// What is expected of the thresholds.
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
        if levels.is_empty() || !levels.iter().all(|level| field.levels().contains(level)) {
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
        assert!(weights.of(Field::IdNumber, Level::Equal).weight > weights.of(Field::Name, Level::Equal).weight);
    }

    #[test]
    fn files_that_would_decide_wrongly_are_refused() {
        let text = include_str!("../../../config/matching.toml");
        let refused = |from: &str, to: &str, place: &str| {
            assert!(text.contains(from), "{from}");
            let fault = Weights::read("x.toml", &text.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(fault.contains(place), "{fault}");
        };
        refused("margin = ", "margin = -", "thresholds");
        refused("level = \"equal\"", "level = \"year\"", "name.year");
        refused("level = \"variant\"", "level = \"equal\"", "name.equal");
        refused("version = 1", "version = 1\nunknown = 2", "line");
        refused("id_number = [\"equal\"]\n", "", "id_number_and_name");
    }
}
