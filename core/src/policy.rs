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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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
pub struct WeightRule {
    learning: u32,
    activity: u32,
    artefact: u32,
    /// On what it rests.
    pub basis: Basis,
    /// Where it is written.
    pub source: String,
}

/// The two band edges in hundredths, with their basis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BandRule {
    excellent_from: u16,
    pass_from: u16,
    upper_inclusive: bool,
    /// On what it rests.
    pub basis: Basis,
    /// Where it is written.
    pub source: String,
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
    not_assessed: NotAssessed,
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
    conversions: HashMap<String, Conversion>,
    crosswalk: HashMap<(String, String), String>,
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
        let mut conversions = HashMap::new();
        for c in file.conversion {
            if c.units_per_one <= 0 {
                return Err(rule(&c.unit, "units_per_one must be a positive integer"));
            }
            if conversions.insert(c.unit.clone(), c.clone()).is_some() {
                return Err(rule(&c.unit, "is declared twice"));
            }
        }
        let mut crosswalk = HashMap::new();
        for course in course_file.course {
            for (connector, codes) in &course.codes {
                for code in codes {
                    let key = (connector.clone(), code.clone());
                    if crosswalk.insert(key, course.id.clone()).is_some() {
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
        Ok(Self {
            name: file.name,
            version: file.version,
            weights,
            bands: Bands {
                excellent_from: file.bands.excellent_from,
                pass_from: file.bands.pass_from,
                upper_inclusive: file.bands.upper_inclusive,
            },
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
        self.crosswalk.get(&(connector.to_owned(), code.to_owned())).map(String::as_str)
    }

    /// The cycle a day falls in.
    #[must_use]
    pub fn cycle(&self, day: &str) -> Option<&Cycle> {
        let day: chrono::NaiveDate = day.parse().ok()?;
        self.cycles.iter().find(|c| c.from <= day && day <= c.to)
    }

    /// What the explanation of an entry says about the arithmetic: amount × units = class hours.
    #[must_use]
    pub fn arithmetic(&self, amount: &str, unit: &str, units: i64) -> String {
        let per = self.conversion(unit).map_or(0, |c| c.units_per_one);
        let hours = Hours::from_units(units).map_or_else(|| units.to_string(), |h| h.to_string());
        format!("{amount} {unit} × {per} / {} = {hours}", Hours::UNITS_PER_CLASS_HOUR)
    }
}
