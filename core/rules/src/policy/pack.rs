//! One rule pack, checked and ready for use.

use chrono::{Datelike as _, NaiveDate};

use crate::policy::shape::{Dimension, Direction, DuplicateDistance, Survivor};
use crate::policy::{Rule, RuleNo, Standing};
use crate::roster::exemption::Limits;
use huiliu_values::{Bands, Grade, Weights};

/// Restricts a rule to some records; a field that is `None` restricts nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// The mode, in the pack's word.
    pub mode: Option<String>,
    /// The programme, which is a connector's id.
    pub programme: Option<String>,
    /// The category of the national sheet.
    pub category: Option<String>,
    /// Whether the training is required (`true`) or elective.
    pub required: Option<bool>,
}

/// The values of a record that a selector compares.
#[derive(Debug, Clone, Copy)]
pub struct RecordAttributes<'a> {
    /// The mode, in the pack's word.
    pub mode: Option<&'a str>,
    /// The programme, which is the connector's id.
    pub programme: &'a str,
    /// The category of the national sheet.
    pub category: Option<&'a str>,
    /// Whether the training is required or elective, if the record says so.
    pub required: Option<bool>,
}

impl Selector {
    /// Whether the rule applies to a record.
    #[must_use]
    pub fn matches_record(&self, seen: &RecordAttributes<'_>) -> bool {
        let same = |want: &Option<String>, is: Option<&str>| want.as_deref().is_none_or(|want| is == Some(want));
        same(&self.mode, seen.mode)
            && same(&self.programme, Some(seen.programme))
            && same(&self.category, seen.category)
            && self.required.is_none_or(|want| seen.required == Some(want))
    }

    /// Returns the number of conditions; more conditions make a selector more specific.
    #[must_use]
    pub fn count_conditions(&self) -> usize {
        usize::from(self.mode.is_some())
            + usize::from(self.programme.is_some())
            + usize::from(self.category.is_some())
            + usize::from(self.required.is_some())
    }
}

/// How one unit of a source is converted to class hours.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// The unit as manifests name it: `minute`, `class_hour`, `hour`, `day`.
    pub unit: String,
    /// How many units of 1/108,000 class hour one of this unit is.
    pub units_per_one: i64,
    /// Which records it applies to.
    pub of: Selector,
    /// First day on which it applies.
    pub from: NaiveDate,
    /// Last day on which it applies.
    pub to: NaiveDate,
    /// The rule that entries refer to.
    pub rule: RuleNo,
}

/// How many class hours make one credit.
#[derive(Debug, Clone)]
pub struct Credit {
    /// Class hours per credit.
    pub hours: i64,
    /// Which records it applies to.
    pub of: Selector,
    /// The rule that entries refer to.
    pub rule: RuleNo,
}

/// The amount of a cap, in its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Units of 1/108,000 class hour.
    Units(i64),
    /// Parts of a credit; [`Pack::credit_parts`] of them are 1/108,000 credit.
    CreditParts(i64),
}

/// A maximum that may count.
#[derive(Debug, Clone)]
pub struct Cap {
    /// Its name in the pack.
    pub name: String,
    /// The dimensions by which amounts are added up.
    pub per: Vec<Dimension>,
    /// The maximum.
    pub limit: Limit,
    /// Which records it applies to.
    pub of: Selector,
    /// The rule that lets hours cut in one year count in the next, if there is one.
    pub carries: Option<RuleNo>,
    /// The rule that entries refer to.
    pub rule: RuleNo,
}

/// A cycle within which the same course counts only once.
#[derive(Debug, Clone)]
pub struct Cycle {
    /// Its name, shown in explanations.
    pub name: std::sync::Arc<str>,
    /// First day, inclusive.
    pub from: NaiveDate,
    /// Last day, inclusive.
    pub to: NaiveDate,
}

/// A criterion for choosing among records of one course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preference {
    /// Records that count for good before provisional ones.
    Final,
    /// More hours before fewer.
    MoreHours,
    /// The record that ended earlier.
    Earlier,
    /// The record that ended later.
    Later,
    /// Records of this programme first.
    Programme(String),
}

/// Which of several records of a course counts, and which record its fields are taken from.
#[derive(Debug, Clone)]
pub struct Duplicates {
    /// How near two records must be to be the same training.
    pub within: DuplicateDistance,
    /// The criteria, the most important first.
    pub prefer: Vec<Preference>,
    /// Which record's hours are used.
    pub hours: Survivor,
    /// Which record's grade is used.
    pub grade: Survivor,
    /// Roles in which a teacher leads the course for others; such a record is no duplicate of having learnt it.
    pub lead_roles: Vec<String>,
    /// The rule that entries refer to.
    pub rule: RuleNo,
}

/// A standing, and the rule that gives it.
#[derive(Debug, Clone, Copy)]
pub struct RuledStanding {
    /// Whether such records count.
    pub standing: Standing,
    /// The rule that entries refer to.
    pub rule: RuleNo,
}

/// The age from which a teacher is outside the assessment.
#[derive(Debug, Clone, Copy)]
pub struct Exempt {
    /// The age limits, in full years.
    pub limits: Limits,
    /// The day on which the age is computed.
    pub as_of: AsOf,
    /// Whether records of exempt teachers count.
    pub stands: RuledStanding,
}

/// The day on which a teacher's age is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// The last day of the training.
    PeriodEnd,
    /// The first day of the training, or the last day if no first day is given.
    PeriodStart,
    /// 31 December of the year in which it ended.
    YearEnd,
    /// The first day of the cycle.
    CycleStart,
}

/// Combines the institution's and the school's grade into a result.
#[derive(Debug, Clone)]
pub struct Comprehensive {
    /// Rows: the institution's grade excellent, pass, fail; columns: the school's grade in the same order.
    pub table: [[Grade; 3]; 3],
    /// Whether the result is pending while there is no grade of the school.
    pub pending_without_school: bool,
    /// The rule that entries refer to.
    pub rule: RuleNo,
}

/// How many hours are required within how many years.
#[derive(Debug, Clone, Copy)]
pub struct Requirement {
    /// Required hours, in units of 1/108,000 class hour.
    pub units: i64,
    /// Length of the period, in years.
    pub years: u32,
    /// Whether the period is any such number of years, not a fixed cycle.
    pub rolling: bool,
    /// Whether one certificate of an older programme meets the whole requirement.
    pub legacy_meets_requirement: bool,
    /// The rule that entries refer to.
    pub rule: RuleNo,
}

/// How exports round hours.
#[derive(Debug, Clone, Copy)]
pub struct Rounding {
    /// Multiple to round to, in units of 1/108,000 class hour.
    pub to: i64,
    /// The direction of rounding.
    pub direction: Direction,
    /// The rule that entries refer to.
    pub rule: RuleNo,
}

impl Rounding {
    /// Rounds units.
    #[must_use]
    pub fn round_units(&self, units: i64) -> RoundedUnits {
        let half = match self.direction {
            Direction::Down => 0,
            Direction::HalfUp => self.to / 2 + self.to % 2,
        };
        let rounded = (units + half) / self.to * self.to;
        RoundedUnits { rounded, residue: units - rounded }
    }
}

/// Units after rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundedUnits {
    /// The exported units.
    pub rounded: i64,
    /// The remainder; negative if the units were rounded up.
    pub residue: i64,
}

/// The attendance that a record needs to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinimumAttendance {
    /// In hundredths of a per cent.
    pub least: i64,
    /// Whether the attendance must be above the minimum.
    pub above: bool,
    /// The rule that entries refer to.
    pub rule: RuleNo,
}

/// The class hours that one record needs to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinimumHours {
    /// In units of 1/108,000 class hour.
    pub units: i64,
    /// The rule that entries refer to.
    pub rule: RuleNo,
}

/// How hours above a course's recognised maximum are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AboveCourse {
    /// The hours above are cut.
    Cut,
    /// The whole record does not count.
    Refuse,
    /// All hours count.
    Keep,
}

/// How hours above a course's recognised maximum are treated, and the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuledAboveCourse {
    /// How the hours are treated.
    pub choice: AboveCourse,
    /// The rule that entries refer to.
    pub rule: RuleNo,
}

/// How a record without one of its three scores is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingComponent {
    /// It becomes a dead letter and waits.
    Wait,
    /// The result is a fail.
    Fail,
    /// The weights of the other components are scaled up to 100 %.
    Renormalise,
}

/// A rule pack, checked and ready for use.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Its name, such as `jilin-2014`.
    pub name: String,
    /// Its version, such as 2.
    pub version: u32,
    /// Its title, for people.
    pub title: String,
    /// GB/T 2260 code of the jurisdiction whose rules these are.
    pub jurisdiction: String,
    /// First day on which records may end to fall under this pack.
    pub from: NaiveDate,
    /// Last day on which records may end to fall under this pack.
    pub to: NaiveDate,
    /// Conversions, the most specific first.
    pub conversions: Vec<Conversion>,
    /// Credits, the most specific first.
    pub credits: Vec<Credit>,
    /// Number of parts into which 1/108,000 credit is divided, so that the credits of every rule are whole parts.
    pub credit_parts: i64,
    /// Caps, in the order in which they are applied. A cap that carries hours comes before all others by year or cycle,
    /// which then see in which year and cycle the hours count.
    pub caps: Vec<Cap>,
    /// Weights of the three score components.
    pub weights: Weights,
    /// Score bands of the grades.
    pub bands: Bands,
    /// Whether totals are rounded before they are graded.
    pub round_first: bool,
    /// How a record without one of its scores is treated.
    pub missing_component: MissingComponent,
    /// The rule that hours count only after a pass.
    pub pass_gate: RuleNo,
    /// Whether hours of a failed course count provisionally.
    pub failed_counts: Option<RuleNo>,
    /// The class hours that one record needs to count.
    pub minimum: Option<MinimumHours>,
    /// The attendance that a record needs to count.
    pub attendance: Option<MinimumAttendance>,
    /// Whether records that were never assessed count.
    pub not_assessed: RuledStanding,
    /// Which teachers are exempt from the assessment, and how their records count.
    pub exempt: Option<Exempt>,
    /// How the institution's and the school's grade are combined.
    pub comprehensive: Option<Comprehensive>,
    /// The rule for revoked certificates.
    pub revocation: RuleNo,
    /// The rule for records that their source has withdrawn.
    pub withdrawal: RuleNo,
    /// The rule by which disputed records do not count, if they do not.
    pub disputed_refused: Option<RuleNo>,
    /// The rule for several records of one course.
    pub duplicates: Duplicates,
    /// Whether the records of different institutions for one course all count.
    pub each_institution: bool,
    /// How hours above a course's recognised maximum are treated, and the rule.
    pub above_course: RuledAboveCourse,
    /// The rule for a record whose name contradicts the teacher's.
    pub identity: RuleNo,
    /// How many hours are required.
    pub requirement: Option<Requirement>,
    /// How exports round hours.
    pub rounding: Rounding,
    /// Cycles, in order of date.
    pub cycles: Vec<Cycle>,
    /// The choices for questions that the documents leave open, by setting name.
    pub chosen: std::collections::BTreeMap<&'static str, &'static str>,
    /// Mode as platforms write it → the pack's word.
    pub modes: std::collections::HashMap<String, String>,
    /// An institution's word for a grade → the grade.
    pub institution_words: std::collections::HashMap<String, Grade>,
    /// A school's word for a grade → the grade.
    pub school_words: std::collections::HashMap<String, Grade>,
}

impl Pack {
    /// Returns the pack's word for a mode, or the mode as written if the pack has no word for it.
    #[must_use]
    pub fn canonical_mode<'a>(&'a self, written: &'a str) -> &'a str {
        self.modes.get(written).map_or(written, String::as_str)
    }

    /// Returns the most specific conversion of a record that is in force on a day.
    #[must_use]
    pub fn find_conversion(&self, unit: &str, seen: &RecordAttributes<'_>, day: NaiveDate) -> Option<&Conversion> {
        self.conversions.iter().find(|c| c.unit == unit && c.from <= day && day <= c.to && c.of.matches_record(seen))
    }

    /// Returns how many class hours make one credit for a record.
    #[must_use]
    pub fn find_credit(&self, seen: &RecordAttributes<'_>) -> Option<&Credit> {
        self.credits.iter().find(|c| c.of.matches_record(seen))
    }

    /// Returns the cycle that contains a day.
    #[must_use]
    pub fn find_cycle(&self, day: NaiveDate) -> Option<&Cycle> {
        self.cycles.iter().find(|c| c.from <= day && day <= c.to)
    }

    /// Returns 1 January of the year after a day, if the pack still applies then. Hours carried into the next year
    /// count in the cycle that contains it.
    #[must_use]
    pub fn first_day_of_next_year(&self, day: NaiveDate) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(day.year() + 1, 1, 1).filter(|first| *first <= self.to)
    }

    /// Whether the pack has a conversion for a unit, for any record.
    #[must_use]
    pub fn has_unit(&self, unit: &str) -> bool {
        self.conversions.iter().any(|c| c.unit == unit)
    }
}

/// Collects the rules of a pack while it is checked.
#[derive(Debug)]
pub(super) struct Book<'a> {
    pub rules: &'a mut Vec<Rule>,
    pub pack: String,
    pub version: u32,
}
