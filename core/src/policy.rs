//! The policy file: conversions, weights, bands, what legacy records count for, and which courses are the same.
//!
//! Every rule names its basis: `stated` (quoted from a document), `adopted` (from another named jurisdiction) or
//! `assumed`. The founding document states no hour conversion at all.

use std::collections::HashMap;

use serde::Deserialize;
use thiserror::Error;

use crate::values::{Bands, Hours, Weights};

/// What is wrong with a policy or course file.
#[derive(Debug, Error)]
pub enum PolicyFault {
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

/// On what a rule rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Quoted from the document named in `source`.
    Stated,
    /// Taken over from another named jurisdiction.
    Adopted,
    /// Nobody has stated it.
    Assumed,
}

impl Basis {
    /// The word used in files and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Adopted => "adopted",
            Self::Assumed => "assumed",
        }
    }
}

/// How one unit of a source becomes class hours.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversion {
    /// The unit as manifests name it: `minute`, `class_hour`, `hour`, `day`.
    pub unit: String,
    /// Units of 1/108,000 class hour per one of the unit; an integer by construction.
    pub units_per_one: i64,
    /// On what it rests.
    pub basis: Basis,
    /// Where it is written, or why it is assumed.
    pub source: String,
}

/// Whether a kind of record counts, and how firmly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Counts for good.
    Final,
    /// Counts until the province decides.
    Provisional,
    /// Does not count.
    None,
}

/// A rule of the ledger that has no number of its own, only a basis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Principle {
    /// On what it rests.
    pub basis: Basis,
    /// Where it is written, or why it is assumed.
    pub source: String,
}

/// The rule about records that were never assessed (the four older programmes).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotAssessed {
    /// What they count for.
    pub standing: Standing,
    /// On what it rests.
    pub basis: Basis,
    /// Where it is written, or why it is assumed.
    pub source: String,
}

/// Weights of the three components, with their basis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightRule {
    learning: u32,
    activity: u32,
    artefact: u32,
    basis: Basis,
    source: String,
}

/// The two band edges in hundredths, with their basis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct BandRule {
    excellent_from: u16,
    pass_from: u16,
    upper_inclusive: bool,
    basis: Basis,
    source: String,
}

/// A cycle within which the same course counts once; dates are inclusive.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cycle {
    /// Name shown in explanations.
    pub name: String,
    /// First day.
    pub from: chrono::NaiveDate,
    /// Last day.
    pub to: chrono::NaiveDate,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    name: String,
    version: u32,
    conversion: Vec<Conversion>,
    weights: WeightRule,
    bands: BandRule,
    pass_gate: Principle,
    not_assessed: NotAssessed,
    duplicate: Principle,
    identity: Principle,
    cycle: Vec<Cycle>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CourseFile {
    course: Vec<Course>,
}

/// One canonical course and the codes by which connectors know it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// Canonical id.
    pub id: String,
    /// Title as it is to be shown.
    pub title: String,
    /// Connector id → codes there.
    pub codes: HashMap<String, Vec<String>>,
}

/// A rule as entries refer to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule {
    /// `conversion.minute`, `pass_gate`, `not_assessed`, `duplicate`, `identity`, `weights`, `bands`.
    pub name: String,
    /// The unit, of a conversion.
    pub unit: Option<String>,
    /// Units of 1/108,000 class hour per one of the unit, of a conversion.
    pub units_per_one: Option<i64>,
    /// On what it rests.
    pub basis: Basis,
    /// Where it is written, or why it is assumed.
    pub source: String,
}

/// Policy and crosswalk, checked, ready for use.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Name of the rule pack.
    pub name: String,
    /// Version of the rule pack.
    pub version: u32,
    /// Component weights.
    pub weights: Weights,
    /// Grade bands.
    pub bands: Bands,
    /// Rule for records never assessed.
    pub not_assessed: NotAssessed,
    /// Cycles, in order of date.
    pub cycles: Vec<Cycle>,
    /// Every rule, for the books.
    pub rules: Vec<Rule>,
    conversions: HashMap<String, Conversion>,
    /// Connector → code there → canonical course.
    crosswalk: HashMap<String, HashMap<String, String>>,
}

impl Policy {
    /// Reads a policy file and a course file.
    ///
    /// # Errors
    /// [`PolicyFault`] naming file, rule and what is expected.
    pub fn parse(policy: (&str, &str), courses: (&str, &str)) -> Result<Self, PolicyFault> {
        let form = |file: &str| {
            let file = file.to_owned();
            move |e: toml::de::Error| PolicyFault::Form { file, source: Box::new(e) }
        };
        let file: PolicyFile = toml::from_str(policy.1).map_err(form(policy.0))?;
        let course_file: CourseFile = toml::from_str(courses.1).map_err(form(courses.0))?;
        let rule = |rule: &str, why: &str| PolicyFault::Rule {
            file: policy.0.to_owned(),
            rule: rule.to_owned(),
            why: why.to_owned(),
        };
        let rules = rules(&file);
        let mut conversions = HashMap::new();
        for c in file.conversion {
            if c.units_per_one <= 0 {
                return Err(rule(&c.unit, "units_per_one must be a positive integer"));
            }
            if conversions.insert(c.unit.clone(), c.clone()).is_some() {
                return Err(rule(&c.unit, "is declared twice"));
            }
        }
        let mut crosswalk: HashMap<String, HashMap<String, String>> = HashMap::new();
        for course in course_file.course {
            for (connector, codes) in &course.codes {
                for code in codes {
                    let codes = crosswalk.entry(connector.clone()).or_default();
                    if codes.insert(code.clone(), course.id.clone()).is_some() {
                        return Err(PolicyFault::Rule {
                            file: courses.0.to_owned(),
                            rule: course.id.clone(),
                            why: format!("{connector}/{code} belongs to another course already"),
                        });
                    }
                }
            }
        }
        let weights = Weights::new(file.weights.learning, file.weights.activity, file.weights.artefact)
            .ok_or_else(|| rule("weights", "at least one weight must be above 0"))?;
        let BandRule { excellent_from, pass_from, upper_inclusive, .. } = file.bands;
        if pass_from > excellent_from || excellent_from > 10_000 {
            return Err(rule("bands", "pass_from must not be above excellent_from, nor that above 10000"));
        }
        check_cycles(&file.cycle).map_err(|why| rule("cycle", &why))?;
        Ok(Self {
            name: file.name,
            version: file.version,
            weights,
            bands: Bands { excellent_from, pass_from, upper_inclusive },
            rules,
            not_assessed: file.not_assessed,
            cycles: file.cycle,
            conversions,
            crosswalk,
        })
    }

    /// The conversion rule of a unit, if the pack has one.
    #[must_use]
    pub fn conversion(&self, unit: &str) -> Option<&Conversion> {
        self.conversions.get(unit)
    }

    /// The canonical course of a connector's code; an unmapped course equals no other.
    #[must_use]
    pub fn canonical_course(&self, connector: &str, code: &str) -> Option<&str> {
        self.crosswalk.get(connector)?.get(code).map(String::as_str)
    }

    /// The cycle a day (YYYY-MM-DD) falls in.
    #[must_use]
    pub fn cycle(&self, day: &str) -> Option<&Cycle> {
        let day: chrono::NaiveDate = day.parse().ok()?;
        self.cycles.iter().find(|c| c.from <= day && day <= c.to)
    }
}

/// Cycles that overlap would count a course twice or leave open where it counts.
fn check_cycles(cycles: &[Cycle]) -> Result<(), String> {
    for (i, cycle) in cycles.iter().enumerate() {
        if cycle.from > cycle.to {
            return Err(format!("{} ends before it begins", cycle.name));
        }
        if let Some(other) = cycles[..i].iter().find(|o| o.from <= cycle.to && cycle.from <= o.to) {
            return Err(format!("{} overlaps {}", cycle.name, other.name));
        }
    }
    Ok(())
}

fn rules(file: &PolicyFile) -> Vec<Rule> {
    let plain = |name: &str, basis: Basis, source: &str| Rule {
        name: name.to_owned(),
        unit: None,
        units_per_one: None,
        basis,
        source: source.to_owned(),
    };
    let conversions = file.conversion.iter().map(|c| Rule {
        unit: Some(c.unit.clone()),
        units_per_one: Some(c.units_per_one),
        ..plain(&format!("conversion.{}", c.unit), c.basis, &c.source)
    });
    let principles = [
        plain("weights", file.weights.basis, &file.weights.source),
        plain("bands", file.bands.basis, &file.bands.source),
        plain("pass_gate", file.pass_gate.basis, &file.pass_gate.source),
        plain("not_assessed", file.not_assessed.basis, &file.not_assessed.source),
        plain("duplicate", file.duplicate.basis, &file.duplicate.source),
        plain("identity", file.identity.basis, &file.identity.source),
    ];
    conversions.chain(principles).collect()
}

/// The arithmetic of an entry, written out: amount × units = class hours.
#[must_use]
pub fn arithmetic(amount: &str, unit: &str, units_per_one: i64) -> String {
    let hours = Hours::from_amount(amount, units_per_one).map_or_else(|e| e.to_string(), |h| h.to_string());
    format!("{amount} {unit} × {units_per_one} / {} = {hours}", Hours::UNITS_PER_CLASS_HOUR)
}
