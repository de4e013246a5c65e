//! Faults of a rule pack or course file, as data.

use chrono::NaiveDate;
use huiliu_matching::WeightsError;
use huiliu_messages::{TomlError, said_in_english};
use serde::Serialize;

/// What is wrong with a rule. The sentences are in the catalogues of `huiliu-messages`, under `policy-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum PolicyProblem {
    /// The file does not parse.
    #[serde(rename = "policy.syntax")]
    Syntax { why: TomlError },
    /// A conversion with units that are not above zero.
    #[serde(rename = "policy.units_per_one")]
    UnitsPerOne,
    /// Two credit rules for the same records.
    #[serde(rename = "policy.twice_for_records")]
    TwiceForRecords,
    /// The same name occurs twice.
    #[serde(rename = "policy.twice")]
    Twice,
    /// The pack has the name of another file of rules.
    #[serde(rename = "policy.name_reserved")]
    NameReserved { name: String },
    /// All weights are zero.
    #[serde(rename = "policy.weights")]
    Weights,
    /// The grade bands are in the wrong order.
    #[serde(rename = "policy.bands")]
    Bands,
    /// There is no pack.
    #[serde(rename = "policy.no_pack")]
    NoPack,
    /// The pack ends before it begins.
    #[serde(rename = "policy.days_reversed")]
    DaysReversed,
    /// Another pack covers the same days.
    #[serde(rename = "policy.days_overlap")]
    DaysOverlap { pack: String },
    /// There is no such setting.
    #[serde(rename = "policy.no_setting")]
    NoSetting { known: Vec<String> },
    /// There is no such choice for the setting.
    #[serde(rename = "policy.value")]
    Value { value: String, choices: Vec<String> },
    /// There is no such unit.
    #[serde(rename = "policy.no_unit")]
    NoUnit { unit: String, known: Vec<String> },
    /// The last day is before the first.
    #[serde(rename = "policy.reversed")]
    Reversed,
    /// A conversion overlaps with another one.
    #[serde(rename = "policy.overlap")]
    Overlap { next: NaiveDate },
    /// Days without a conversion, before the next one.
    #[serde(rename = "policy.gap")]
    Gap { from: NaiveDate, next: NaiveDate },
    /// Days without a conversion, at the end of the pack.
    #[serde(rename = "policy.gap_at_end")]
    GapAtEnd { from: NaiveDate, to: NaiveDate },
    /// Days without a cycle, before the next one.
    #[serde(rename = "policy.cycle_gap")]
    CycleGap { from: NaiveDate, next: NaiveDate },
    /// Days without a cycle, at the end of the pack.
    #[serde(rename = "policy.cycle_gap_at_end")]
    CycleGapAtEnd { from: NaiveDate, to: NaiveDate },
    /// The cycle ends before it begins.
    #[serde(rename = "policy.cycle_reversed")]
    CycleReversed { cycle: String },
    /// The cycle overlaps with another one.
    #[serde(rename = "policy.cycle_overlap")]
    CycleOverlap { cycle: String },
    /// Hours per credit outside the allowed range.
    #[serde(rename = "policy.hours_to_credit")]
    HoursToCredit { hours: i64 },
    /// The credit rules have no usable common multiple.
    #[serde(rename = "policy.no_common_multiple")]
    NoCommonMultiple,
    /// The cap has no dimension.
    #[serde(rename = "policy.no_dimension")]
    NoDimension,
    /// The cap is per day and per something else.
    #[serde(rename = "policy.day_alone")]
    DayAlone,
    /// The cap is in credits, but the pack has no credit rule.
    #[serde(rename = "policy.no_credits")]
    NoCredits,
    /// The cap has both hours and credits, or neither.
    #[serde(rename = "policy.hours_or_credits")]
    HoursOrCredits,
    /// The amount of the cap is not a positive number.
    #[serde(rename = "policy.cap_amount")]
    CapAmount,
    /// Only what a yearly cap cuts can be carried over.
    #[serde(rename = "policy.cap_not_by_year")]
    CapNotByYear { cap: String },
    /// There is no such cap.
    #[serde(rename = "policy.no_cap")]
    NoCap { cap: String },
    /// The percentage is invalid.
    #[serde(rename = "policy.percent")]
    Percent { percent: String },
    /// The least class hours of a record are not a positive number.
    #[serde(rename = "policy.minimum")]
    Minimum { hours: String },
    /// A row that is not three grades.
    #[serde(rename = "policy.three_grades")]
    ThreeGrades { row: Vec<String> },
    /// A pair of grades occurs twice.
    #[serde(rename = "policy.pair_twice")]
    PairTwice { institution: String, school: String },
    /// Pairs of grades are missing.
    #[serde(rename = "policy.pairs_missing")]
    PairsMissing { missing: usize },
    /// There is no such preference.
    #[serde(rename = "policy.prefer")]
    Prefer { word: String },
    /// The required hours or years are not positive.
    #[serde(rename = "policy.requirement")]
    Requirement,
    /// The amount to round to is not positive.
    #[serde(rename = "policy.rounding_to")]
    RoundingTo,
    /// A word occurs twice.
    #[serde(rename = "policy.word_twice")]
    WordTwice { word: String },
    /// A word that is not a grade.
    #[serde(rename = "policy.not_a_grade")]
    NotAGrade { word: String },
    /// There is no such theme.
    #[serde(rename = "policy.no_theme")]
    NoTheme { theme: String },
    /// A course whose hours are not a positive number.
    #[serde(rename = "policy.course_hours")]
    CourseHours,
    /// A chain of `same_as` that leads back to itself.
    #[serde(rename = "policy.same_as_round")]
    SameAsRound { way: String },
    /// There is no such course.
    #[serde(rename = "policy.no_course")]
    NoCourse { course: String },
    /// A code that already belongs to another course.
    #[serde(rename = "policy.code_taken")]
    CodeTaken { taken: String },
    /// The built-in matching weights are invalid.
    #[serde(untagged)]
    Matching(WeightsError),
}

said_in_english!(PolicyProblem);
