//! What a rule pack or a course file has wrong, as data.

use chrono::NaiveDate;
use huiliu_matching::WeightsError;
use huiliu_messages::{TomlError, said_in_english};
use serde::Serialize;

/// What is expected of a rule. The sentences are in the catalogues of `huiliu-messages`, under `policy-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum PolicyProblem {
    /// The file does not parse.
    #[serde(rename = "policy.syntax")]
    Syntax { why: TomlError },
    /// Units of a conversion that are not above zero.
    #[serde(rename = "policy.units_per_one")]
    UnitsPerOne,
    /// Two credits for the same records.
    #[serde(rename = "policy.twice_for_records")]
    TwiceForRecords,
    /// Something that is there twice.
    #[serde(rename = "policy.twice")]
    Twice,
    /// Weights that weigh nothing.
    #[serde(rename = "policy.weights")]
    Weights,
    /// Bands in the wrong order.
    #[serde(rename = "policy.bands")]
    Bands,
    /// No pack at all.
    #[serde(rename = "policy.no_pack")]
    NoPack,
    /// A pack that ends before it begins.
    #[serde(rename = "policy.days_reversed")]
    DaysReversed,
    /// Days that another pack has.
    #[serde(rename = "policy.days_overlap")]
    DaysOverlap { pack: String },
    /// A setting that there is not.
    #[serde(rename = "policy.no_setting")]
    NoSetting { known: Vec<String> },
    /// A choice that there is not.
    #[serde(rename = "policy.value")]
    Value { value: String, choices: Vec<String> },
    /// A unit that there is not.
    #[serde(rename = "policy.no_unit")]
    NoUnit { unit: String, known: Vec<String> },
    /// A last day before the first.
    #[serde(rename = "policy.reversed")]
    Reversed,
    /// A conversion over days of another one.
    #[serde(rename = "policy.overlap")]
    Overlap { next: NaiveDate },
    /// Days without a conversion, before another one.
    #[serde(rename = "policy.gap")]
    Gap { from: NaiveDate, next: NaiveDate },
    /// Days without a conversion, at the end.
    #[serde(rename = "policy.gap_at_end")]
    GapAtEnd { from: NaiveDate, to: NaiveDate },
    /// Days without a cycle, before another one.
    #[serde(rename = "policy.cycle_gap")]
    CycleGap { from: NaiveDate, next: NaiveDate },
    /// Days without a cycle, at the end.
    #[serde(rename = "policy.cycle_gap_at_end")]
    CycleGapAtEnd { from: NaiveDate, to: NaiveDate },
    /// A cycle that ends before it begins.
    #[serde(rename = "policy.cycle_reversed")]
    CycleReversed { cycle: String },
    /// A cycle over days of another one.
    #[serde(rename = "policy.cycle_overlap")]
    CycleOverlap { cycle: String },
    /// Hours to a credit beyond all bounds.
    #[serde(rename = "policy.hours_to_credit")]
    HoursToCredit { hours: i64 },
    /// Credits that have no common part.
    #[serde(rename = "policy.no_common_multiple")]
    NoCommonMultiple,
    /// A cap that is counted by nothing.
    #[serde(rename = "policy.no_dimension")]
    NoDimension,
    /// A cap per day and something else.
    #[serde(rename = "policy.day_alone")]
    DayAlone,
    /// A cap in credits that the pack has not.
    #[serde(rename = "policy.no_credits")]
    NoCredits,
    /// A cap in both, or neither.
    #[serde(rename = "policy.hours_or_credits")]
    HoursOrCredits,
    /// A cap that is no amount.
    #[serde(rename = "policy.cap_amount")]
    CapAmount,
    /// A cap whose rest cannot be carried over.
    #[serde(rename = "policy.cap_not_by_year")]
    CapNotByYear { cap: String },
    /// A cap that there is not.
    #[serde(rename = "policy.no_cap")]
    NoCap { cap: String },
    /// A share that is none.
    #[serde(rename = "policy.percent")]
    Percent { percent: String },
    /// A row of other words.
    #[serde(rename = "policy.three_grades")]
    ThreeGrades { row: Vec<String> },
    /// A pair of grades that is there twice.
    #[serde(rename = "policy.pair_twice")]
    PairTwice { institution: String, school: String },
    /// Pairs of grades that are not there.
    #[serde(rename = "policy.pairs_missing")]
    PairsMissing { missing: usize },
    /// A preference that there is not.
    #[serde(rename = "policy.prefer")]
    Prefer { word: String },
    /// A requirement of nothing.
    #[serde(rename = "policy.requirement")]
    Requirement,
    /// A rounding to nothing.
    #[serde(rename = "policy.rounding_to")]
    RoundingTo,
    /// A word that is there twice.
    #[serde(rename = "policy.word_twice")]
    WordTwice { word: String },
    /// A word that is no grade.
    #[serde(rename = "policy.not_a_grade")]
    NotAGrade { word: String },
    /// A theme that there is not.
    #[serde(rename = "policy.no_theme")]
    NoTheme { theme: String },
    /// A course of no hours.
    #[serde(rename = "policy.course_hours")]
    CourseHours,
    /// Courses that are the same as each other.
    #[serde(rename = "policy.same_as_round")]
    SameAsRound { way: String },
    /// A course that there is not.
    #[serde(rename = "policy.no_course")]
    NoCourse { course: String },
    /// A code of two courses.
    #[serde(rename = "policy.code_taken")]
    CodeTaken { taken: String },
    /// The built-in weights of matching are not usable.
    #[serde(untagged)]
    Matching(WeightsError),
}

said_in_english!(PolicyProblem);
