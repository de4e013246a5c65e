//! Pure: a teacher's records, the decisions about them and the rules give the teacher's credit entries, each explaining
//! itself. One record by itself, then duplicates, then caps.

mod caps;
mod duplicates;
mod grade;
mod single;
pub mod standing;

#[cfg(test)]
mod laws;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;

pub use grade::grade_of;

use crate::policy::pack::{Pack, Seen};
use crate::policy::{Policy, RuleNo};
use huiliu_values::{EntryOutcome, Grade, PassState, Sex};

/// What the ledger knows of a teacher apart from the records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Folded names that are the teacher's, from the roster; where there are none, the records must agree.
    pub names: Vec<String>,
    /// Sex, if it is known.
    pub sex: Option<Sex>,
    /// Day of birth, if it is known.
    pub born: Option<NaiveDate>,
}

/// What kind of record a fact is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    /// A completion or a certificate: it can carry credit.
    Training,
    /// An assessment: it tells a grade.
    Assessment,
}

/// What was said about a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assessed {
    /// By the school, not the institution.
    pub by_school: bool,
    /// 课程学习, 研修活动, 应用成果, in hundredths.
    pub components: [Option<u16>; 3],
    /// The total as a fraction of hundredths, where only that is told.
    pub total: Option<(i64, i64)>,
    /// The grade, where only that is told, or as it was found when the record came.
    pub grade: Grade,
}

/// What people decided about a record: the numbers of the decisions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rulings {
    /// The certificate was taken back (由他人代培).
    pub revoked: Option<i64>,
    /// The grade was set, as after an appeal (申诉).
    pub graded: Option<(Grade, i64)>,
    /// Of several records of a course this one counts.
    pub kept: Option<i64>,
}

/// What the ledger needs to know of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The record.
    pub record_id: i64,
    /// Its key: settles ties so that arrival order cannot.
    pub record_key: Vec<u8>,
    /// Training or assessment.
    pub kind: FactKind,
    /// Who answers for it.
    pub institution: i64,
    /// The connector of its source, which is its programme.
    pub connector: Arc<str>,
    /// The source's code of the course.
    pub course_code: String,
    /// Code of the project.
    pub project: Option<String>,
    /// Whether it was passed, as it was found when the record came.
    pub pass_state: PassState,
    /// What it was found from.
    pub assessed: Option<Assessed>,
    /// Hours as given.
    pub raw_hours: String,
    /// Their unit.
    pub hours_unit: String,
    /// First day.
    pub period_start: Option<NaiveDate>,
    /// Last day.
    pub period_end: NaiveDate,
    /// In what role.
    pub role: Option<String>,
    /// Mode as given.
    pub mode: Option<String>,
    /// Category of the national sheet.
    pub category: Option<String>,
    /// Required or elective.
    pub required: Option<bool>,
    /// Presence in hundredths of a per cent.
    pub attendance: Option<i64>,
    /// The claim's folded name.
    pub name: String,
    /// Whether a person has decided that the claim is this teacher's, or a rule has that looked at the name, too.
    pub claimed: bool,
    /// What people decided about it.
    pub rulings: Rulings,
}

/// A part of the hours that does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The rule that cut.
    pub rule: RuleNo,
    /// How much, in class-hour units.
    pub units: i64,
}

/// Hours counted for a teacher, or not counted, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The record it is about.
    pub record_id: i64,
    /// What became of it.
    pub outcome: EntryOutcome,
    /// Hours counted, in class-hour units: `gross` less all cuts, or nothing.
    pub units: i64,
    /// Hours before caps.
    pub gross: i64,
    /// What caps cut, in the order in which they did.
    pub cuts: Vec<Cut>,
    /// Of `units`, what counts in the year after, and by which rule.
    pub carried: Option<Cut>,
    /// Canonical course.
    pub canonical_course: Option<Arc<str>>,
    /// The cycle the record falls in.
    pub cycle: Option<Arc<str>>,
    /// The result, where there is one.
    pub grade: Option<Grade>,
    /// The rule that decided.
    pub rule: RuleNo,
    /// The rule that converted the hours.
    pub conversion: RuleNo,
    /// What it converted.
    pub raw_hours: String,
    /// The record whose hours these are, if another's.
    pub hours_of: Option<i64>,
    /// The record it duplicates.
    pub duplicate_of: Option<i64>,
    /// The decision of a person that it rests on.
    pub decision: Option<i64>,
}

/// An entry while it is made.
#[derive(Debug)]
struct Draft<'a> {
    fact: &'a Fact,
    pack: Option<&'a Pack>,
    entry: Entry,
}

impl Draft<'_> {
    /// Whether it counts, so far.
    fn counts(&self) -> bool {
        self.entry.outcome.counts()
    }

    /// What selectors look at.
    fn seen(&self) -> Seen<'_> {
        seen(self.fact, self.pack)
    }

    /// It does not count, for this reason.
    fn refuse(&mut self, outcome: EntryOutcome, rule: RuleNo) {
        self.entry.outcome = outcome;
        self.entry.rule = rule;
        self.entry.units = 0;
    }
}

fn seen<'a>(fact: &'a Fact, pack: Option<&'a Pack>) -> Seen<'a> {
    let mode = fact.mode.as_deref().map(str::trim);
    Seen {
        mode: mode.map(|mode| pack.map_or(mode, |p| p.mode(mode))),
        programme: &fact.connector,
        category: fact.category.as_deref(),
        required: fact.required,
    }
}

/// The entries of one teacher, by record. The order of `facts` does not matter.
#[must_use]
pub fn entries(policy: &Policy, person: &Person, facts: &[Fact]) -> Vec<Entry> {
    let names = accepted_names(person, facts);
    let schools = grade::SchoolGrades::of(policy, facts);
    let training = facts.iter().filter(|f| f.kind == FactKind::Training);
    let mut drafts: Vec<Draft<'_>> =
        training.map(|fact| single::draft(policy, person, &names, &schools, fact)).collect();
    duplicates::settle(&mut drafts);
    caps::apply(policy, &mut drafts);
    let mut entries: Vec<Entry> = drafts.into_iter().map(|d| d.entry).collect();
    entries.sort_by_key(|e| e.record_id);
    entries
}

/// The roster's names; without a roster the name most of the records carry, and none when two are equally frequent, for
/// then nobody can say who it is.
fn accepted_names<'a>(person: &'a Person, facts: &'a [Fact]) -> Vec<&'a str> {
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
