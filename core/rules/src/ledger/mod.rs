//! Computes a teacher's credit entries from the records, the decisions about them and the rules. Each entry carries
//! its explanation. First each record is judged alone, then duplicates are resolved, then caps are applied. Pure.

mod caps;
mod duplicates;
mod grade;
mod single;
pub mod standing;

#[cfg(test)]
mod laws;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;

pub use grade::grade_of;

use crate::policy::pack::{Pack, RecordAttributes};
use crate::policy::{Policy, RuleNo};
use huiliu_values::text::fold_course;
use huiliu_values::{EntryOutcome, Grade, PassState, Sex};

/// What the ledger knows about a teacher besides the records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The teacher's folded names, from the roster. Without any, the name that most records carry is accepted.
    pub names: Vec<String>,
    /// Sex, if known.
    pub sex: Option<Sex>,
    /// Date of birth, if known.
    pub born: Option<NaiveDate>,
}

/// The kind of record that a fact describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    /// A completion or a certificate, which can carry credit.
    Training,
    /// An assessment, which states a grade.
    Assessment,
}

/// A number that need not be whole, kept exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    /// The part above the line.
    pub numerator: i64,
    /// The part below the line; above zero.
    pub denominator: i64,
}

/// The assessment of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assessed {
    /// Whether the school assessed, not the institution.
    pub by_school: bool,
    /// The scores of 课程学习, 研修活动 and 应用成果, in hundredths.
    pub components: [Option<u16>; 3],
    /// The total in hundredths, if only the total is given.
    pub total: Option<Fraction>,
    /// The grade: as given, if only the grade is given; otherwise as computed when the record was loaded.
    pub grade: Grade,
}

/// People's decisions about a record, by number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rulings {
    /// The decision that revoked the certificate (由他人代培).
    pub revoked: Option<i64>,
    /// The grade that a person set, for example after an appeal (申诉).
    pub graded: Option<RuledGrade>,
    /// The decision that, of several records of a course, this one counts.
    pub kept: Option<i64>,
}

/// A grade that a person set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuledGrade {
    /// The grade that replaces the record's own.
    pub grade: Grade,
    /// The decision, by number.
    pub decision: i64,
}

/// What the source has said about a record since the version that is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SourceStatus {
    /// Nothing.
    #[default]
    Valid,
    /// That it no longer holds.
    Withdrawn,
    /// Something that cannot be used: a newer version of it was parked or left out.
    Disputed,
}

/// Everything that the ledger needs to know about one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Number of the record.
    pub record_id: i64,
    /// The record's key; it breaks ties, so that the order of arrival cannot.
    pub record_key: Vec<u8>,
    /// Whether it is a training or an assessment.
    pub kind: FactKind,
    /// Number of the institution that is responsible for it.
    pub institution: i64,
    /// The connector of its source, which is its programme.
    pub connector: Arc<str>,
    /// The source's code of the course.
    pub course_code: String,
    /// The source's title of the course.
    pub course_title: Option<String>,
    /// Code of the project.
    pub project: Option<String>,
    /// Whether it was passed, as computed when the record was loaded.
    pub pass_state: PassState,
    /// The scores or grade that this was computed from.
    pub assessed: Option<Assessed>,
    /// Amount of training, as given.
    pub raw_hours: String,
    /// Unit of that amount.
    pub hours_unit: String,
    /// First day of the training.
    pub period_start: Option<NaiveDate>,
    /// Last day of the training.
    pub period_end: NaiveDate,
    /// The teacher's role in the training.
    pub role: Option<String>,
    /// Mode of the training, as given.
    pub mode: Option<String>,
    /// Category of the national sheet.
    pub category: Option<String>,
    /// Whether the training is required (`true`) or elective.
    pub required: Option<bool>,
    /// Attendance in hundredths of a per cent.
    pub attendance: Option<i64>,
    /// The folded name in the record's identity claim.
    pub name: String,
    /// Whether the claim was assigned to this teacher by a person, or by a rule that also compares names.
    pub claimed: bool,
    /// What the source has said about it since.
    pub status: SourceStatus,
    /// People's decisions about it.
    pub rulings: Rulings,
}

/// Hours that do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The rule that cut them.
    pub rule: RuleNo,
    /// Amount, in units of 1/108,000 class hour.
    pub units: i64,
}

/// The hours of one record that count for a teacher or do not, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Number of the record.
    pub record_id: i64,
    /// Whether and how it counts.
    pub outcome: EntryOutcome,
    /// Hours counted, in units of 1/108,000 class hour: `gross` minus all cuts, or zero.
    pub units: i64,
    /// Hours before caps, in the same units.
    pub gross: i64,
    /// What caps cut, in the order in which they were applied.
    pub cuts: Vec<Cut>,
    /// The part of `units` that counts in the next year, with the rule for that.
    pub carried: Option<Cut>,
    /// Id of the canonical course.
    pub canonical_course: Option<Arc<str>>,
    /// Name of the cycle that the record falls in.
    pub cycle: Option<Arc<str>>,
    /// The grade, if there is one.
    pub grade: Option<Grade>,
    /// The rule that decided the outcome.
    pub rule: RuleNo,
    /// The rule that converted the hours.
    pub conversion: RuleNo,
    /// The amount that it converted.
    pub raw_hours: String,
    /// The record that the hours were taken from, if not this one.
    pub hours_of: Option<i64>,
    /// The record that it duplicates.
    pub duplicate_of: Option<i64>,
    /// The decision of a person that the outcome is based on.
    pub decision: Option<i64>,
}

/// Codes that say that there is none.
const NO_CODE: [&str; 5] = ["", "-", "—", "/", "无"];

/// The course of a record for comparison.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum CourseKey {
    /// The crosswalk knows it by this id.
    Canonical(Arc<str>),
    /// The crosswalk does not know it: the connector and its code, folded.
    Code { connector: Arc<str>, code: String },
    /// It has no code: the connector and its title, folded.
    Title { connector: Arc<str>, title: String },
}

/// An entry under construction.
#[derive(Debug)]
struct Draft<'a> {
    fact: &'a Fact,
    pack: Option<&'a Pack>,
    entry: Entry,
}

impl Draft<'_> {
    /// Whether it counts so far.
    fn is_counted(&self) -> bool {
        self.entry.outcome.counts_hours()
    }

    /// Returns the course for comparison; `None` if the record names none.
    fn course(&self) -> Option<CourseKey> {
        if let Some(id) = &self.entry.canonical_course {
            return Some(CourseKey::Canonical(Arc::clone(id)));
        }
        let (connector, code) = (Arc::clone(&self.fact.connector), fold_course(&self.fact.course_code));
        if !NO_CODE.contains(&&*code) {
            return Some(CourseKey::Code { connector, code: code.into_owned() });
        }
        let title = self.folded_title().filter(|title| !title.is_empty())?.into_owned();
        Some(CourseKey::Title { connector, title })
    }

    fn folded_title(&self) -> Option<Cow<'_, str>> {
        self.fact.course_title.as_deref().map(fold_course)
    }

    /// Returns the values that selectors compare.
    fn selector_values(&self) -> RecordAttributes<'_> {
        selector_values_of(self.fact, self.pack)
    }

    /// Marks it as not counting, with outcome and rule.
    fn set_refused(&mut self, outcome: EntryOutcome, rule: RuleNo) {
        self.entry.outcome = outcome;
        self.entry.rule = rule;
        self.entry.units = 0;
    }
}

fn selector_values_of<'a>(fact: &'a Fact, pack: Option<&'a Pack>) -> RecordAttributes<'a> {
    let mode = fact.mode.as_deref().map(str::trim);
    RecordAttributes {
        mode: mode.map(|mode| pack.map_or(mode, |p| p.canonical_mode(mode))),
        programme: &fact.connector,
        category: fact.category.as_deref(),
        required: fact.required,
    }
}

/// Computes the entries of one teacher, sorted by record number. The order of `facts` does not matter.
#[must_use]
pub fn compute_entries(policy: &Policy, person: &Person, facts: &[Fact]) -> Vec<Entry> {
    let valid: Vec<&Fact> = facts.iter().filter(|f| f.status != SourceStatus::Withdrawn).collect();
    let names = accepted_names(person, &valid);
    let schools = grade::SchoolGrades::from_facts(policy, &valid);
    let training = facts.iter().filter(|f| f.kind == FactKind::Training);
    let mut drafts: Vec<Draft<'_>> =
        training.map(|fact| single::draft_entry(policy, person, &names, &schools, fact)).collect();
    duplicates::resolve_duplicates(&mut drafts);
    caps::apply_caps(policy, &mut drafts);
    let mut entries: Vec<Entry> = drafts.into_iter().map(|d| d.entry).collect();
    entries.sort_by_key(|e| e.record_id);
    entries
}

/// Returns the names accepted as the teacher's: the roster's, or else the most frequent name in the records. If two
/// names are equally frequent, none is accepted, because it is unclear whose records these are.
fn accepted_names<'a>(person: &'a Person, facts: &[&'a Fact]) -> Vec<&'a str> {
    if !person.names.is_empty() {
        return person.names.iter().map(String::as_str).collect();
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for fact in facts {
        *counts.entry(fact.name.as_str()).or_default() += 1;
    }
    let Some(top) = counts.values().copied().max() else { return vec![] };
    let mut names = counts.into_iter().filter(|(_, n)| *n == top);
    match (names.next(), names.next()) {
        (Some((name, _)), None) => vec![name],
        _ => vec![],
    }
}
