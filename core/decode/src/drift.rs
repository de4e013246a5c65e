//! Detects a batch whose values differ from those of a stream's accepted records as if the platform had changed a unit, a
//! code or a field; and one whose ID numbers were damaged by a spreadsheet.

use std::collections::BTreeMap;

use crate::contract::SharedProblem;
use crate::value_statistics::{NumberCounts, ValueStatistics, course_digest, enumeration_word};
use crate::{Parked, RosterRow, TrainingRecord};
use huiliu_manifest::quality::Contract;
use huiliu_manifest::{Field, KnownBy, Stream};
use huiliu_values::{Hours, IdNumber, IdNumberError};
use huiliu_vault::keys::Keys;

/// Hours of a course this many times above its highest, or below its lowest, are of another unit.
const COURSE_FACTOR: i64 = 5;
/// A median this many times above or below the earlier one is of another unit, if the values overlap nowhere.
const MEDIAN_FACTOR: i64 = 8;
/// Minimum number of accepted records and of courses to compare the hours of different courses.
const MIN_RECORDS: u64 = 100;
const MIN_COURSES: usize = 5;
/// Minimum number of damaged ID numbers.
const MIN_DAMAGED: usize = 3;
/// Number of examples that are told.
const EXAMPLES: usize = 3;

/// The outcome of a batch's records, to be judged.
#[derive(Debug, Clone, Copy)]
pub struct BatchRecords<'b, 'a> {
    /// Valid training records.
    pub clean: &'b [Box<TrainingRecord<'a>>],
    /// Valid roster rows.
    pub roster: &'b [Box<RosterRow<'a>>],
    /// Invalid records.
    pub parked: &'b [Parked<'a>],
}

/// Returns the problem of a batch of which most ID numbers were damaged by a spreadsheet: some of them are valid by chance,
/// and belong to strangers.
#[must_use]
pub fn find_damage(stream: &Stream, batch: BatchRecords<'_, '_>) -> Option<SharedProblem> {
    let damaged: Vec<&Parked<'_>> =
        batch.parked.iter().filter(|parked| has_code(parked, "id_number.damaged")).collect();
    let any = stream.known_by == KnownBy::Any;
    let texts = || batch.clean.iter().filter_map(|record| record.texts.id_number.as_deref());
    let is_damaged = |text: &&str| IdNumber::parse(text) == Err(IdNumberError::Damaged);
    let among_clean = if any { texts().filter(is_damaged).count() } else { 0 };
    let is_blank = |parked: &&Parked<'_>| {
        ["id_number.missing", "id_number.placeholder", "id_number.ditto"].iter().any(|code| has_code(parked, code))
    };
    let given = if any { texts().count() } else { batch.clean.len() + batch.roster.len() };
    let given = given + batch.parked.iter().filter(|parked| !is_blank(parked)).count();
    let records = damaged.len() + among_clean;
    (records >= MIN_DAMAGED && records * 2 > given).then(|| {
        let examples = damaged.iter().take(EXAMPLES).map(|parked| example(parked, "id_number.damaged")).collect();
        let field = stream.raw_field(Field::IdNumber).to_owned();
        SharedProblem::DamagedIds { field, records, of: given, examples }
    })
}

fn has_code(parked: &Parked<'_>, code: &str) -> bool {
    parked.problems.iter().any(|problem| problem.code == code)
}

/// Returns the place and the value of a problem: `a.xlsx › 第一期!B2: 22***************0`.
fn example(parked: &Parked<'_>, code: &str) -> String {
    let problem = parked.problems.iter().find(|problem| problem.code == code);
    let place = problem.and_then(|problem| problem.cell.clone()).unwrap_or_else(|| parked.address.clone());
    format!("{place}: {}", problem.map_or("", |problem| problem.seen.as_str()))
}

/// What a batch is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'b> {
    /// The stream that the batch belongs to.
    pub stream: &'b Stream,
    /// Bounds of the comparison.
    pub contract: &'b Contract,
    /// Keys that digest the courses.
    pub keys: &'b Keys,
    /// Statistics of the accepted records.
    pub before: &'b ValueStatistics,
    /// Statistics of the batch's valid records.
    pub now: &'b ValueStatistics,
}

/// Returns how the values of a batch differ from those of the accepted records.
#[must_use]
pub fn find_drift(of: Comparison<'_>, batch: BatchRecords<'_, '_>) -> Vec<SharedProblem> {
    let least = of.contract.hold_from_records.0;
    let records = (batch.clean.len() + batch.parked.len()) as u64;
    if of.before.records < least || records < least {
        return vec![];
    }
    let courses = CourseComparison::new(of, batch.clean);
    let hours = courses.find_problem(of).or_else(|| find_other_hours(of));
    let mut problems: Vec<SharedProblem> = hours.into_iter().collect();
    problems.extend(find_other_numbers(of));
    if courses.known * 2 >= batch.clean.len() {
        problems.extend(find_new_words(of, batch.clean));
    }
    problems.extend(find_blanks(of, batch.parked));
    problems
}

impl Comparison<'_> {
    /// Returns whether so many of `all` records are more than the contract allows.
    fn is_most(&self, records: u64, all: u64) -> bool {
        all >= self.contract.hold_from_records.0 && records * 100 > all * self.contract.hold_above_percent.0
    }
}

/// The hours of a batch's records, compared with those of the same courses.
struct CourseComparison {
    /// Records whose course is known.
    known: usize,
    /// Records whose hours are far from those of their course.
    far: usize,
    /// Place of the first such record, its hours, and those of its course.
    example: Option<(String, i64, i64)>,
}

impl CourseComparison {
    fn new(of: Comparison<'_>, clean: &[Box<TrainingRecord<'_>>]) -> Self {
        let mut told = Self { known: 0, far: 0, example: None };
        for record in clean {
            let Some(hours) = of.before.courses.get(&course_digest(of.keys, record)) else { continue };
            told.known += 1;
            let units = record.hours.units();
            let usual = if units > 0 && units.saturating_mul(COURSE_FACTOR) <= hours.least {
                hours.least
            } else if units >= hours.most.saturating_mul(COURSE_FACTOR) && hours.most > 0 {
                hours.most
            } else {
                continue;
            };
            told.far += 1;
            told.example.get_or_insert_with(|| (record.address.clone(), units, usual));
        }
        told
    }

    fn find_problem(&self, of: Comparison<'_>) -> Option<SharedProblem> {
        let (address, now, before) = self.example.as_ref()?;
        of.is_most(self.far as u64, self.known as u64).then(|| SharedProblem::OtherHours {
            field: of.stream.raw_field(Field::Hours).to_owned(),
            records: self.far,
            of: self.known,
            address: address.clone(),
            now: show_hours(*now),
            before: show_hours(*before),
        })
    }
}

fn show_hours(units: i64) -> String {
    Hours::from_units(units).map_or_else(|| units.to_string(), |hours| hours.to_string())
}

/// Compares the hours of all courses, if there are enough courses that the platform did not only begin another one.
fn find_other_hours(of: Comparison<'_>) -> Option<SharedProblem> {
    let has_many = of.before.records >= MIN_RECORDS && of.before.courses.len() >= MIN_COURSES;
    if !has_many || of.now.courses.len() < MIN_COURSES {
        return None;
    }
    find_other_median(of, Field::Hours, show_hours)
}

/// Compares scores and attendance, which have the same range in all courses.
fn find_other_numbers(of: Comparison<'_>) -> impl Iterator<Item = SharedProblem> {
    let show = |hundredths: i64| format!("{}.{:02}", hundredths / 100, hundredths % 100);
    [Field::ScoreTotal, Field::Attendance].into_iter().filter_map(move |field| find_other_median(of, field, show))
}

fn find_other_median(of: Comparison<'_>, field: Field, show: impl Fn(i64) -> String) -> Option<SharedProblem> {
    let (before, now) = (of.before.numbers.get(field.as_str())?, of.now.numbers.get(field.as_str())?);
    let least = of.contract.hold_from_records.0;
    if before.records() < least || now.records() < least {
        return None;
    }
    let quantile = |numbers: &NumberCounts, percent| numbers.quantile(percent).unwrap_or_default();
    let (old, new) = (quantile(before, 50), quantile(now, 50));
    // Nothing is no value of another unit: not attended yet, or not graded yet.
    let is_higher = old > 0 && new >= old.saturating_mul(MEDIAN_FACTOR) && quantile(now, 10) > quantile(before, 95);
    let is_lower = new > 0 && old >= new.saturating_mul(MEDIAN_FACTOR) && quantile(now, 90) < quantile(before, 5);
    (old != new && (is_higher || is_lower)).then(|| SharedProblem::OtherMedian {
        field: of.stream.raw_field(field).to_owned(),
        now: show(new),
        before: show(old),
        records: before.records(),
    })
}

/// Looks for words that no accepted record has.
fn find_new_words(of: Comparison<'_>, clean: &[Box<TrainingRecord<'_>>]) -> Vec<SharedProblem> {
    let mut problems = Vec::new();
    for (name, before) in of.before.words.iter().filter(|(_, before)| !before.is_open) {
        let Some(field) = Field::ALL.iter().copied().find(|field| field.as_str() == name) else { continue };
        let mut new: BTreeMap<&str, u64> = BTreeMap::new();
        let mut given = 0;
        for word in clean.iter().filter_map(|record| enumeration_word(&record.texts, field)) {
            given += 1;
            if !before.counts.contains_key(word) {
                *new.entry(word).or_default() += 1;
            }
        }
        let records: u64 = new.values().sum();
        if before.given() >= of.contract.hold_from_records.0 && of.is_most(records, given) {
            let values = new.keys().take(EXAMPLES).map(|word| (*word).to_owned()).collect();
            let known = before.counts.keys().take(10).cloned().collect();
            let field = of.stream.raw_field(field).to_owned();
            problems.push(SharedProblem::NewWords { field, records, of: given, values, known });
        }
    }
    problems
}

/// Looks for fields that are blank in this batch and were blank in no accepted record.
fn find_blanks(of: Comparison<'_>, parked: &[Parked<'_>]) -> Vec<SharedProblem> {
    let never = of.before.presence.iter().filter(|(_, before)| before.blank == 0);
    never
        .filter_map(|(name, before)| {
            let field = Field::ALL.iter().copied().find(|field| field.as_str() == name)?;
            let is_blank = |parked: &&Parked<'_>| {
                ["missing", "placeholder"].iter().any(|end| has_code(parked, &format!("{}.{end}", field.code())))
            };
            let now = of.now.presence.get(name).copied().unwrap_or_default();
            let records = now.blank + parked.iter().filter(is_blank).count() as u64;
            let all = now.blank + now.given + parked.len() as u64;
            let holds = before.given >= of.contract.hold_from_records.0 && of.is_most(records, all);
            let raw = of.stream.raw_field(field).to_owned();
            holds.then_some(SharedProblem::NewBlanks { field: raw, records, of: all, before: before.given })
        })
        .collect()
}
