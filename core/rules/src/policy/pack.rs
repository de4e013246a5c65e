//! One rule pack, checked and ready for use.

use chrono::NaiveDate;

use crate::policy::shape::{Dimension, Direction, Survivor, Within};
use crate::policy::{Rule, RuleNo, Standing};
use crate::roster::exemption::Limits;
use huiliu_values::{Bands, Grade, Weights};

/// What narrows a rule to some records; what is not given narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// The mode, in the pack's own word.
    pub mode: Option<String>,
    /// The programme, which is a connector.
    pub programme: Option<String>,
    /// The category of the national sheet.
    pub category: Option<String>,
    /// Required or elective.
    pub required: Option<bool>,
}

/// What a selector looks at.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The mode, in the pack's own word.
    pub mode: Option<&'a str>,
    /// The connector.
    pub programme: &'a str,
    /// The category of the national sheet.
    pub category: Option<&'a str>,
    /// Required or elective, where it is told.
    pub required: Option<bool>,
}

impl Selector {
    /// Whether it takes a record.
    #[must_use]
    pub fn takes(&self, seen: &Seen<'_>) -> bool {
        let same = |want: &Option<String>, is: Option<&str>| want.as_deref().is_none_or(|want| is == Some(want));
        same(&self.mode, seen.mode)
            && same(&self.programme, Some(seen.programme))
            && same(&self.category, seen.category)
            && self.required.is_none_or(|want| seen.required == Some(want))
    }

    /// The more it asks for, the more particular it is.
    #[must_use]
    pub fn weight(&self) -> usize {
        usize::from(self.mode.is_some())
            + usize::from(self.programme.is_some())
            + usize::from(self.category.is_some())
            + usize::from(self.required.is_some())
    }
}

/// How one unit of a source becomes class hours.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// The unit as manifests name it: `minute`, `class_hour`, `hour`, `day`.
    pub unit: String,
    /// Units of 1/108,000 class hour per one of the unit.
    pub units_per_one: i64,
    /// Which records it is for.
    pub of: Selector,
    /// First day of it.
    pub from: NaiveDate,
    /// Last day of it.
    pub to: NaiveDate,
    /// The rule in the books.
    pub rule: RuleNo,
}

/// How many class hours are one credit.
#[derive(Debug, Clone)]
pub struct Credit {
    /// Class hours to one credit.
    pub hours: i64,
    /// Which records it is for.
    pub of: Selector,
    /// The rule in the books.
    pub rule: RuleNo,
}

/// What a cap is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// 1/108,000 class hour.
    Units(i64),
    /// Parts of a credit: [`Pack::credit_parts`] of them are 1/108,000 credit.
    CreditParts(i64),
}

/// What may count at most.
#[derive(Debug, Clone)]
pub struct Cap {
    /// Its name in the pack.
    pub name: String,
    /// By what it is counted.
    pub per: Vec<Dimension>,
    /// How much.
    pub limit: Limit,
    /// Which records it is for.
    pub of: Selector,
    /// Whether what it cuts of a year may count in the next; by that rule.
    pub carries: Option<RuleNo>,
    /// The rule in the books.
    pub rule: RuleNo,
}

/// A cycle within which the same course counts once; both days are in it.
#[derive(Debug, Clone)]
pub struct Cycle {
    /// Name shown in explanations.
    pub name: std::sync::Arc<str>,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
}

/// What is preferred among records of one course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preference {
    /// What counts for good before what is provisional.
    Final,
    /// More hours before fewer.
    MoreHours,
    /// The one that ended earlier.
    Earlier,
    /// The one that ended later.
    Later,
    /// One of this programme.
    Programme(String),
}

/// Which of several records of a course counts, and whose values its fields take.
#[derive(Debug, Clone)]
pub struct Duplicates {
    /// How near they must be to be the same training.
    pub within: Within,
    /// What is preferred, the first first.
    pub prefer: Vec<Preference>,
    /// Whose hours.
    pub hours: Survivor,
    /// Whose grade.
    pub grade: Survivor,
    /// Roles in which a teacher leads the course for others: no duplicate of having learnt it.
    pub lead_roles: Vec<String>,
    /// The rule in the books.
    pub rule: RuleNo,
}

/// A rule that gives a standing.
#[derive(Debug, Clone, Copy)]
pub struct Stands {
    /// What it is.
    pub standing: Standing,
    /// The rule in the books.
    pub rule: RuleNo,
}

/// From which age on a teacher is outside the assessment.
#[derive(Debug, Clone, Copy)]
pub struct Exempt {
    /// The ages, in full years.
    pub limits: Limits,
    /// On which day.
    pub as_of: AsOf,
    /// What the records count for.
    pub stands: Stands,
}

/// The day of an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// The last day of the training.
    PeriodEnd,
    /// Its first day, or the last where none is told.
    PeriodStart,
    /// 31 December of the year in which it ended.
    YearEnd,
    /// The first day of the cycle.
    CycleStart,
}

/// Institution's and school's grade → result.
#[derive(Debug, Clone)]
pub struct Comprehensive {
    /// Rows: institution excellent, pass, fail; columns the school's.
    pub table: [[Grade; 3]; 3],
    /// Whether, without a school's grade, nothing is decided yet.
    pub pending_without_school: bool,
    /// The rule in the books.
    pub rule: RuleNo,
}

/// How many hours in how many years are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Requirement {
    /// Units.
    pub units: i64,
    /// Years.
    pub years: u32,
    /// Any so many years, not fixed cycles.
    pub rolling: bool,
    /// One certificate of an older programme is enough.
    pub whole_by_legacy: bool,
    /// The rule in the books.
    pub rule: RuleNo,
}

/// To what hours are rounded in an export.
#[derive(Debug, Clone, Copy)]
pub struct Rounding {
    /// Units.
    pub to: i64,
    /// How.
    pub direction: Direction,
    /// The rule in the books.
    pub rule: RuleNo,
}

impl Rounding {
    /// What is exported of so many units, and what is left over (below zero where it was rounded up).
    #[must_use]
    pub fn round(&self, units: i64) -> (i64, i64) {
        let half = match self.direction {
            Direction::Down => 0,
            Direction::HalfUp => self.to / 2 + self.to % 2,
        };
        let rounded = (units + half) / self.to * self.to;
        (rounded, units - rounded)
    }
}

/// Hours above what a course is recognised with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AboveCourse {
    /// What is above is cut.
    Cut,
    /// Nothing of it counts.
    Refuse,
    /// All of it counts.
    Keep,
}

/// A record without one of its three scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingComponent {
    /// It waits as a dead letter.
    Wait,
    /// The component counts as nothing, and the result is a fail.
    Fail,
    /// The weights of the others are the whole.
    Renormalise,
}

/// A rule pack.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Its title, for people.
    pub title: String,
    /// GB/T 2260 code of whose rules these are.
    pub jurisdiction: String,
    /// Records that end on this day or later.
    pub from: NaiveDate,
    /// Records that end on this day or earlier.
    pub to: NaiveDate,
    /// Conversions, the most particular first.
    pub conversions: Vec<Conversion>,
    /// Credits, the most particular first.
    pub credits: Vec<Credit>,
    /// So many parts are 1/108,000 credit, so that every rule's credits are whole parts.
    pub credit_parts: i64,
    /// Caps, in the order in which they cut.
    pub caps: Vec<Cap>,
    /// Component weights.
    pub weights: Weights,
    /// Grade bands.
    pub bands: Bands,
    /// Whether totals are rounded before they are banded.
    pub round_first: bool,
    /// What becomes of a record without one of its scores.
    pub missing_component: MissingComponent,
    /// Hours count only after a pass.
    pub pass_gate: RuleNo,
    /// Whether hours of a failed course count provisionally.
    pub failed_counts: Option<RuleNo>,
    /// Hundredths of a per cent of presence, whether it must be above that, the rule.
    pub attendance: Option<(i64, bool, RuleNo)>,
    /// Records that were never assessed.
    pub not_assessed: Stands,
    /// Teachers outside the assessment.
    pub exempt: Option<Exempt>,
    /// Both grades together.
    pub comprehensive: Option<Comprehensive>,
    /// A certificate that was taken back.
    pub revocation: RuleNo,
    /// Several records of one course.
    pub duplicates: Duplicates,
    /// Whether each institution's record of a course counts.
    pub each_institution: bool,
    /// Hours above what a course is recognised with, and that rule.
    pub above_course: (AboveCourse, RuleNo),
    /// A name that contradicts.
    pub identity: RuleNo,
    /// How much is asked for.
    pub requirement: Option<Requirement>,
    /// How an export rounds.
    pub rounding: Rounding,
    /// Cycles, in order of date.
    pub cycles: Vec<Cycle>,
    /// What was chosen of the open questions, by name.
    pub chosen: std::collections::BTreeMap<&'static str, &'static str>,
    /// Modes as they are written → the pack's word.
    pub modes: std::collections::HashMap<String, String>,
    /// An institution's words of grades.
    pub institution_words: std::collections::HashMap<String, Grade>,
    /// A school's words of grades.
    pub school_words: std::collections::HashMap<String, Grade>,
}

impl Pack {
    /// The pack's word for a mode as it is written; as it is written, where it has none.
    #[must_use]
    pub fn mode<'a>(&'a self, written: &'a str) -> &'a str {
        self.modes.get(written).map_or(written, String::as_str)
    }

    /// The conversion of a record, the most particular that is in force.
    #[must_use]
    pub fn conversion(&self, unit: &str, seen: &Seen<'_>, day: NaiveDate) -> Option<&Conversion> {
        self.conversions.iter().find(|c| c.unit == unit && c.from <= day && day <= c.to && c.of.takes(seen))
    }

    /// How many class hours are one credit for a record.
    #[must_use]
    pub fn credit(&self, seen: &Seen<'_>) -> Option<&Credit> {
        self.credits.iter().find(|c| c.of.takes(seen))
    }

    /// The cycle a day is in.
    #[must_use]
    pub fn cycle(&self, day: NaiveDate) -> Option<&Cycle> {
        self.cycles.iter().find(|c| c.from <= day && day <= c.to)
    }

    /// Whether the pack has a conversion for a unit, whatever the record.
    #[must_use]
    pub fn knows(&self, unit: &str) -> bool {
        self.conversions.iter().any(|c| c.unit == unit)
    }
}

/// The rules that a pack adds to the books while it is checked.
#[derive(Debug)]
pub(super) struct Book<'a> {
    pub rules: &'a mut Vec<Rule>,
    pub pack: String,
    pub version: u32,
}
