//! Weights, thresholds and rules of matching: data, checked when read.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::evidence::{Evidence, Field, Level};
use crate::names::{self, NameForm};
use huiliu_values::Basis;

/// What is wrong with a file of weights.
#[derive(Debug, thiserror::Error)]
pub enum WeightsFault {
    /// The TOML does not parse or has an unknown key.
    #[error("{file}: {source}")]
    Form {
        /// The file as named to the loader.
        file: String,
        /// The parser's words, with line and column.
        source: Box<toml::de::Error>,
    },
    /// A rule is not usable.
    #[error("{file}: {rule}: {why}")]
    Rule {
        /// The file as named to the loader.
        file: String,
        /// Which rule.
        rule: String,
        /// What is expected of it.
        why: String,
    },
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
    /// [`WeightsFault`], which a test excludes.
    pub fn built_in() -> Result<Self, WeightsFault> {
        Self::read("config/matching.toml", include_str!("../../../config/matching.toml"))
    }

    /// Reads and checks a file's text.
    ///
    /// # Errors
    /// [`WeightsFault`] with the first thing that is wrong.
    pub fn read(file: &str, text: &str) -> Result<Self, WeightsFault> {
        let read: WeightsFile = toml::from_str(text)
            .map_err(|source| WeightsFault::Form { file: file.to_owned(), source: Box::new(source) })?;
        let refuse = |rule: String, why: &str| WeightsFault::Rule { file: file.to_owned(), rule, why: why.to_owned() };
        let mut levels = HashMap::with_capacity(read.level.len());
        for rule in &read.level {
            let place = format!("{}.{}", rule.field.as_str(), rule.level.as_str());
            check_level(rule).map_err(|why| refuse(place.clone(), why))?;
            let weight = Weight { weight: rule.weight, rarity: rule.rarity };
            if levels.insert((rule.field, rule.level), weight).is_some() {
                return Err(refuse(place, "the level must be there once"));
            }
        }
        for field in Field::ALL {
            if let Some(level) = field.levels().iter().find(|level| !levels.contains_key(&(field, **level))) {
                return Err(refuse(format!("{}.{}", field.as_str(), level.as_str()), "the level has no weight"));
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

fn check_level(rule: &LevelRule) -> Result<(), &'static str> {
    if !rule.field.levels().contains(&rule.level) {
        return Err("no comparison of this field gives this level");
    }
    if rule.weight.abs() > HEAVIEST {
        return Err("the weight must lie between -60000 and 60000 thousandths of a bit");
    }
    if rule.rarity > 200 {
        return Err("the rarity must be 0 to 200 per cent");
    }
    if rule.level == Level::Differs && (rule.weight > 0 || rule.rarity > 0) {
        return Err("what differs must not speak for one person");
    }
    if rule.reason.trim().is_empty() { Err("the reason is missing") } else { Ok(()) }
}

/// # Errors
/// What is expected of the thresholds.
pub(super) fn check_thresholds(bounds: &Thresholds) -> Result<(), &'static str> {
    if bounds.margin <= 0 {
        return Err("the margin must be positive, or two candidates that are the same would be definite");
    }
    if bounds.definite_score <= bounds.potential {
        return Err("definite_score must lie above potential");
    }
    if !(1..=100).contains(&bounds.candidates) {
        return Err("candidates must be 1 to 100");
    }
    if !(2..=100_000).contains(&bounds.block) {
        return Err("block must be 2 to 100000");
    }
    Ok(())
}

fn check_definite(rule: &DefiniteRule) -> Result<(), &'static str> {
    if rule.needs.len() < 2 {
        return Err("a rule must need two fields at least: one that agrees can be another's");
    }
    for (field, levels) in rule.needs.iter().chain(&rule.never) {
        if levels.is_empty() || !levels.iter().all(|level| field.levels().contains(level)) {
            return Err("a field of the rule has no level, or one that no comparison gives");
        }
    }
    if rule.needs.values().flatten().any(|level| *level == Level::Differs) {
        return Err("what differs must not make definite");
    }
    if rule.reason.trim().is_empty() { Err("the reason is missing") } else { Ok(()) }
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
