//! The content of a rule pack's file, before it is checked.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use toml::Spanned;

use crate::policy::Standing;
use huiliu_messages::Wording;
use huiliu_values::Basis;

/// A rule pack, as written in its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackFile {
    pub name: String,
    pub version: u32,
    pub title: String,
    pub jurisdiction: String,
    pub from: Spanned<NaiveDate>,
    pub to: NaiveDate,
    pub conversion: Vec<Spanned<ConversionRule>>,
    #[serde(default)]
    pub credit: Vec<Spanned<CreditRule>>,
    #[serde(default)]
    pub cap: Vec<Spanned<CapRule>>,
    pub carry_over: Option<Spanned<CarryRule>>,
    pub weights: Spanned<WeightRule>,
    pub bands: Spanned<BandRule>,
    pub pass_gate: Principle,
    pub minimum: Option<Spanned<MinimumRule>>,
    pub attendance: Option<Spanned<AttendanceRule>>,
    pub not_assessed: StandingRule,
    pub exempt: Option<Spanned<ExemptRule>>,
    pub comprehensive: Option<Spanned<ComprehensiveRule>>,
    pub revocation: Principle,
    pub duplicate: Spanned<DuplicateRule>,
    pub identity: Principle,
    pub requirement: Option<Spanned<RequirementRule>>,
    pub rounding: Spanned<RoundingRule>,
    #[serde(default)]
    pub vocabulary: Vocabulary,
    pub cycle: Vec<Spanned<CycleRule>>,
    #[serde(default)]
    pub setting: BTreeMap<String, Spanned<SettingRule>>,
}

/// A rule without a number of its own, only with a basis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Principle {
    pub basis: Basis,
    pub source: Wording,
}

/// How one unit of a source is converted to class hours; `mode`, `programme`, `from` and `to` restrict it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConversionRule {
    pub unit: String,
    pub units_per_one: i64,
    pub mode: Option<String>,
    pub programme: Option<String>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub basis: Basis,
    pub source: Wording,
}

/// How many class hours make one credit (学分).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreditRule {
    pub hours: i64,
    pub mode: Option<String>,
    pub category: Option<String>,
    pub basis: Basis,
    pub source: Wording,
}

/// A maximum that may count.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CapRule {
    pub name: String,
    pub per: Vec<Dimension>,
    pub hours: Option<String>,
    pub credits: Option<String>,
    pub mode: Option<String>,
    pub programme: Option<String>,
    pub category: Option<String>,
    pub required: Option<bool>,
    pub basis: Basis,
    pub source: Wording,
}

/// What a cap adds up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Each record by itself.
    Record,
    /// Each day of the period.
    Day,
    /// Each canonical course; an unmapped course counts as its own.
    Course,
    /// Each project.
    Project,
    /// Each category of the national sheet.
    Category,
    /// Each mode.
    Mode,
    /// Each programme, which is a connector's id.
    Programme,
    /// The calendar year of the training's last day.
    Year,
    /// Each cycle.
    Cycle,
}

/// Hours that a yearly cap cuts may count in the next year.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CarryRule {
    pub cap: String,
    pub basis: Basis,
    pub source: Wording,
}

/// Weights of the three score components.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WeightRule {
    pub learning: u32,
    pub activity: u32,
    pub artefact: u32,
    pub basis: Basis,
    pub source: Wording,
}

/// The lower edges of the bands excellent and pass, in hundredths of a point.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BandRule {
    pub excellent_from: u16,
    pub pass_from: u16,
    pub basis: Basis,
    pub source: Wording,
}

/// The least class hours of one record; a record with fewer does not count.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MinimumRule {
    pub hours: String,
    pub basis: Basis,
    pub source: Wording,
}

/// Minimum attendance, in per cent; records below it do not count. If `above` is true, attendance must exceed it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttendanceRule {
    pub percent: String,
    pub above: bool,
    pub basis: Basis,
    pub source: Wording,
}

/// Whether records that were never assessed count.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StandingRule {
    pub standing: Standing,
    pub basis: Basis,
    pub source: Wording,
}

/// The age from which a teacher is outside the assessment, and whether the teacher's records then count.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExemptRule {
    pub men: u8,
    pub women: u8,
    pub standing: Standing,
    pub basis: Basis,
    pub source: Wording,
}

/// Institution's grade, school's grade and the result; one row for each pair.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ComprehensiveRule {
    pub table: Vec<[String; 3]>,
    pub basis: Basis,
    pub source: Wording,
}

/// Which of several records of one course counts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DuplicateRule {
    pub within: DuplicateDistance,
    pub prefer: Vec<String>,
    pub hours: Survivor,
    pub grade: Survivor,
    #[serde(default)]
    pub lead_roles: Vec<String>,
    pub basis: Basis,
    pub source: Wording,
}

/// How near two records of a course must be to be the same training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateDistance {
    /// In the same cycle.
    Cycle,
    /// In periods that overlap.
    Overlap,
}

/// Which record a field of the counting record is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Survivor {
    /// The record that counts.
    Winner,
    /// The record with the highest value.
    Highest,
    /// The record that ended last.
    Latest,
}

/// How many hours are required within how many years.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequirementRule {
    pub hours: String,
    pub years: u32,
    pub basis: Basis,
    pub source: Wording,
}

/// How exports round hours.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoundingRule {
    pub to: String,
    pub direction: Direction,
    pub basis: Basis,
    pub source: Wording,
}

/// The direction of rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Down to the next step.
    Down,
    /// To the nearest; halves are rounded up.
    HalfUp,
}

/// The words that platforms use for grades and modes, by the name that rules use.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Vocabulary {
    pub institution: BTreeMap<String, Spanned<Vec<String>>>,
    pub school: BTreeMap<String, Spanned<Vec<String>>>,
    pub mode: BTreeMap<String, Spanned<Vec<String>>>,
}

/// A cycle; `from` and `to` are inclusive.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CycleRule {
    pub name: String,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// The choice for a question that the documents leave open.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingRule {
    pub value: String,
    pub basis: Basis,
    pub source: Wording,
}
