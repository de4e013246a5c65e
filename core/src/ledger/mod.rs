//! Pure: a teacher's records and the rules give the teacher's credit entries, each explaining itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::policy::{Policy, Standing};
use crate::values::Hours;

/// What the ledger needs to know of one record that can carry credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The record.
    pub record_id: i64,
    /// Its key: settles ties so that arrival order cannot.
    pub record_key: Vec<u8>,
    /// The connector of its source.
    pub connector: Arc<str>,
    /// Canonical course, if mapped.
    pub canonical_course: Option<String>,
    /// `passed`, `failed`, `not_assessed`, `pending`.
    pub pass_state: String,
    /// Hours as given.
    pub raw_hours: String,
    /// Their unit.
    pub hours_unit: String,
    /// Last day, YYYY-MM-DD.
    pub period_end: String,
    /// The claim's folded name.
    pub name: String,
}

/// Hours counted for a teacher, or not counted, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The record it is about.
    pub record_id: i64,
    /// `counted`, `provisional`, `duplicate`, `not_passed`, `not_counted`, `name_contradicts`.
    pub outcome: &'static str,
    /// Hours counted, in class-hour units.
    pub units: i64,
    /// Canonical course.
    pub canonical_course: Option<String>,
    /// The cycle the record falls in.
    pub cycle: Option<String>,
    /// The rule that decided: a name in the rule pack.
    pub rule: String,
    /// The rule that converted the hours.
    pub conversion: String,
    /// What it converted.
    pub raw_hours: String,
    /// The record it duplicates.
    pub duplicate_of: Option<i64>,
}

/// Records of one canonical course within one cycle, with their entries.
type Group<'a> = Vec<(&'a Fact, Entry)>;

/// The entries of one teacher. The order of `facts` does not matter.
#[must_use]
pub fn entries(policy: &Policy, facts: &[Fact]) -> Vec<Entry> {
    let name = accepted_name(facts);
    let mut entries = Vec::with_capacity(facts.len());
    let mut groups: BTreeMap<(&str, Option<String>), Group> = BTreeMap::new();
    for fact in facts {
        let entry = single(policy, fact, name);
        match (&fact.canonical_course, entry.units > 0) {
            (Some(course), true) => {
                groups.entry((course, entry.cycle.clone())).or_default().push((fact, entry));
            }
            _ => entries.push(entry),
        }
    }
    for (_, mut group) in groups {
        group.sort_by(|(a, x), (b, y)| rank(a, x).cmp(&rank(b, y)));
        let first = group.first().map(|(f, _)| f.record_id);
        entries.extend(group.into_iter().enumerate().map(|(i, (_, entry))| match i {
            0 => entry,
            _ => refused(entry, "duplicate", "duplicate", first),
        }));
    }
    entries.sort_by_key(|e| e.record_id);
    entries
}

/// The least one counts: final before provisional, more hours before fewer, the earlier first.
fn rank<'a>(fact: &'a Fact, entry: &Entry) -> (bool, i64, &'a str, &'a str, &'a [u8]) {
    (entry.outcome != "counted", -entry.units, &fact.period_end, &fact.connector, &fact.record_key)
}

/// The name most of the records carry; none when two names are equally frequent, for then nobody can say who it is.
fn accepted_name(facts: &[Fact]) -> Option<&str> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for fact in facts {
        *counts.entry(fact.name.as_str()).or_default() += 1;
    }
    let top = counts.values().copied().max()?;
    let mut names = counts.into_iter().filter(|(_, n)| *n == top);
    match (names.next(), names.next()) {
        (Some((name, _)), None) => Some(name),
        _ => None,
    }
}

/// The entry of a record by itself, before duplicates are looked for.
fn single(policy: &Policy, fact: &Fact, name: Option<&str>) -> Entry {
    let conversion = format!("conversion.{}", fact.hours_unit);
    // A record's hours were read when it was loaded; a rule pack without the unit any more counts nothing.
    let hours = policy
        .conversion(&fact.hours_unit)
        .and_then(|c| Hours::from_amount(&fact.raw_hours, c.units_per_one).ok())
        .unwrap_or(Hours::ZERO);
    let entry = Entry {
        record_id: fact.record_id,
        outcome: "counted",
        units: hours.units(),
        canonical_course: fact.canonical_course.clone(),
        cycle: policy.cycle(&fact.period_end).map(|c| c.name.clone()),
        rule: "pass_gate".into(),
        conversion,
        raw_hours: fact.raw_hours.clone(),
        duplicate_of: None,
    };
    if name != Some(fact.name.as_str()) {
        return refused(entry, "name_contradicts", "identity", None);
    }
    match (fact.pass_state.as_str(), policy.not_assessed.standing) {
        ("passed", _) => entry,
        ("not_assessed", Standing::Final) => Entry { rule: "not_assessed".into(), ..entry },
        ("not_assessed", Standing::Provisional) => {
            Entry { outcome: "provisional", rule: "not_assessed".into(), ..entry }
        }
        ("not_assessed", Standing::None) => refused(entry, "not_counted", "not_assessed", None),
        _ => refused(entry, "not_passed", "pass_gate", None),
    }
}

fn refused(entry: Entry, outcome: &'static str, rule: &str, duplicate_of: Option<i64>) -> Entry {
    Entry { outcome, units: 0, rule: rule.into(), duplicate_of, ..entry }
}
