//! The rules: dated packs of conversions, gates, caps, grades and duplicates, and the crosswalk of equal courses.
//!
//! Every rule names its basis: `stated` (quoted from a document), `adopted` (from another named jurisdiction) or
//! `assumed`. The founding document states no hour conversion at all. A pack is checked when it is read, and every
//! fault is reported with its line.

mod check;
pub mod courses;
mod fault;
pub mod pack;
mod problem;
pub mod settings;
pub mod shape;
pub mod similar;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use courses::Crosswalk;
pub use fault::{PolicyError, RuleError, RuleFile};
pub use pack::Pack;
pub use problem::PolicyProblem;

use fault::Reading;
use huiliu_matching::Weights;
use huiliu_messages::Wording;
use huiliu_values::{Basis, Hours};

/// Whether records of a kind count, and how firmly.
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

/// Index of a rule in [`Policy::rules`].
pub type RuleNo = usize;

/// A rule, with the data that entries refer to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Name of its pack.
    pub pack: String,
    /// Version of its pack.
    pub version: u32,
    /// Its name, such as `conversion.minute`, `pass_gate`, `cap.year` or `setting.band_edge`.
    pub name: String,
    /// For a conversion: the unit it converts.
    pub unit: Option<String>,
    /// For a conversion: how many units of 1/108,000 class hour one of its units is.
    pub units_per_one: Option<i64>,
    /// What the rule is based on.
    pub basis: Basis,
    /// Where it is written, or why it is assumed.
    pub source: Wording,
}

/// Names that no pack may have: those of the other files of rules.
const RESERVED_NAMES: [&str; 4] = ["courses", "matching", "regions", "current"];

/// The rule of a record that no pack applies to.
pub const NO_PACK: RuleNo = 0;

/// Packs, crosswalk and matching weights, checked and ready for use.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The packs, in order of date.
    pub packs: Vec<Pack>,
    /// All rules of all packs, as they are stored with the entries.
    pub rules: Vec<Rule>,
    /// Which courses are the same.
    pub crosswalk: Crosswalk,
    /// When two sides are considered one person.
    pub weights: Weights,
}

impl Policy {
    /// Parses and checks rule packs and a course file.
    ///
    /// # Errors
    /// [`PolicyError`] with every fault of every file and its line.
    pub fn parse(packs: &[RuleFile<'_>], courses: RuleFile<'_>) -> Result<Self, PolicyError> {
        let mut faults = vec![];
        let mut rules = vec![Rule {
            pack: "huiliu".into(),
            version: 1,
            name: "no_pack".into(),
            unit: None,
            units_per_one: None,
            basis: Basis::Assumed,
            source: Wording::both(
                "No rule pack is for the day on which the training ended, or none converts its unit.",
                "没有适用于培训结束日期的规则包，或规则包未换算其单位。",
            ),
        }];
        let mut made: Vec<Pack> = vec![];
        for file in packs {
            let mut reading = Reading::new(*file);
            if let Some(pack) = check::check_pack(&mut reading, &mut rules) {
                if let Some(other) = made.iter().find(|o| o.from <= pack.to && pack.from <= o.to) {
                    reading.add_fault(
                        0,
                        "from",
                        PolicyProblem::DaysOverlap { pack: format!("{}@{}", other.name, other.version) },
                    );
                }
                if made.iter().any(|other| other.name == pack.name) {
                    reading.add_fault(0, "name", PolicyProblem::Twice);
                }
                if RESERVED_NAMES.contains(&pack.name.as_str()) {
                    reading.add_fault(0, "name", PolicyProblem::NameReserved { name: pack.name.clone() });
                }
                made.push(pack);
            }
            faults.append(&mut reading.faults);
        }
        if packs.is_empty() {
            let mut reading = Reading::new(RuleFile { name: "policy_files", text: "" });
            reading.add_fault(0, "", PolicyProblem::NoPack);
            faults.append(&mut reading.faults);
        }
        let mut reading = Reading::new(courses);
        let crosswalk = courses::build_crosswalk(&mut reading);
        faults.append(&mut reading.faults);
        made.sort_by_key(|p| p.from);
        let weights = Weights::built_in();
        if let Err(fault) = &weights {
            let mut reading = Reading::new(RuleFile { name: "matching", text: "" });
            reading.add_fault(0, "", PolicyProblem::Matching(fault.clone()));
            faults.append(&mut reading.faults);
        }
        match crosswalk.zip(weights.ok()) {
            Some((crosswalk, weights)) if faults.is_empty() => Ok(Self { packs: made, rules, crosswalk, weights }),
            _ => Err(PolicyError(faults)),
        }
    }

    /// Whether two names of people with the same ID number can belong to one person: they are equal, or the matching
    /// rules consider them equal enough given equal numbers.
    #[must_use]
    pub fn is_name_of(&self, name: &str, other: &str) -> bool {
        name == other || self.weights.names_match_with_id(name, other)
    }

    /// Returns the pack for records that end on a day.
    #[must_use]
    pub fn pack_for_day(&self, day: NaiveDate) -> Option<&Pack> {
        self.packs.iter().find(|p| p.from <= day && day <= p.to)
    }

    /// Returns the pack for a day. If there is none, returns the nearest earlier one, or else the first.
    #[must_use]
    pub fn nearest_pack(&self, day: NaiveDate) -> Option<&Pack> {
        self.packs.iter().rev().find(|p| p.from <= day).or_else(|| self.packs.first())
    }

    /// Whether any pack converts a unit.
    #[must_use]
    pub fn knows_unit(&self, unit: &str) -> bool {
        self.packs.iter().any(|p| p.has_unit(unit))
    }

    /// Returns the canonical course of a connector's code.
    #[must_use]
    pub fn canonical_course(&self, connector: &str, code: &str) -> Option<&str> {
        self.crosswalk.canonical_id(connector, code).map(|id| &**id)
    }

    /// Returns a rule's label for listings: pack, version and name.
    #[must_use]
    pub fn rule_label(&self, rule: RuleNo) -> String {
        self.rules.get(rule).map_or_else(String::new, |r| format!("{}@{} {}", r.pack, r.version, r.name))
    }
}

/// How an amount as the platform gave it became class hours: amount × units per one / units in a class hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Arithmetic {
    /// The amount as given.
    pub amount: String,
    /// Its unit, where a conversion was in force.
    pub unit: Option<String>,
    /// Units of 1/108,000 class hour per one of the unit.
    pub units_per_one: Option<i64>,
    /// Class hours, exactly, as a decimal number or with a fraction; nothing where the amount has none.
    pub class_hours: Option<String>,
}

impl Arithmetic {
    /// Formats the arithmetic of an entry: amount × units = class hours.
    #[must_use]
    pub fn new(amount: String, unit: Option<String>, units_per_one: Option<i64>) -> Self {
        let hours = unit.as_ref().and(units_per_one).and_then(|one| Hours::from_amount(&amount, one).ok());
        Self { amount, unit, units_per_one, class_hours: hours.map(|hours| hours.to_string()) }
    }
}
