//! Pure: a teacher's records and the rules give the teacher's credit entries, each explaining itself.

use std::collections::{BTreeMap, HashMap};

use crate::policy::{Policy, Standing};

/// What the ledger needs to know of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The record.
    pub record_id: i64,
    /// Its key: settles ties so that arrival order cannot.
    pub record_key: Vec<u8>,
    /// The connector of its source.
    pub connector: String,
    /// `progress`, `course_completion`, `certificate`.
    pub kind: String,
    /// Canonical course, if mapped.
    pub canonical_course: Option<String>,
    /// `passed`, `failed`, `not_assessed`, `pending`.
    pub pass_state: String,
    /// Hours in class-hour units.
    pub units: i64,
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
    /// The rule: pack, version and name.
    pub rule: String,
    /// On what the hours rest.
    pub basis: &'static str,
    /// The arithmetic, written out.
    pub arithmetic: String,
    /// The record it duplicates.
    pub duplicate_of: Option<i64>,
}

/// The entries of one teacher. The order of `facts` does not matter.
#[must_use]
pub fn entries(policy: &Policy, facts: &[Fact]) -> Vec<Entry> {
    let name = accepted_name(facts);
    let mut entries = Vec::with_capacity(facts.len());
    let mut groups: BTreeMap<(String, String), Vec<(&Fact, Entry)>> = BTreeMap::new();
    for fact in facts.iter().filter(|f| f.kind != "progress") {
        let entry = single(policy, fact, name);
        match (&entry.canonical_course, entry.units > 0) {
            (Some(course), true) => {
                let key = (course.clone(), entry.cycle.clone().unwrap_or_default());
                groups.entry(key).or_default().push((fact, entry));
            }
            _ => entries.push(entry),
        }
    }
    for (_, mut group) in groups {
        group.sort_by(|(a, x), (b, y)| {
            (x.outcome != "counted", -x.units, &a.period_end, &a.connector, &a.record_key).cmp(&(
                y.outcome != "counted",
                -y.units,
                &b.period_end,
                &b.connector,
                &b.record_key,
            ))
        });
        let first = group.first().map(|(f, _)| f.record_id);
        for (i, (_, mut entry)) in group.into_iter().enumerate() {
            if i > 0 {
                entry.outcome = "duplicate";
                entry.units = 0;
                entry.duplicate_of = first;
                entry.rule =
                    format!("{}@{} same canonical course in one cycle counts once", policy.name, policy.version);
            }
            entries.push(entry);
        }
    }
    entries.sort_by_key(|e| e.record_id);
    entries
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

fn single(policy: &Policy, fact: &Fact, name: Option<&str>) -> Entry {
    let conversion = policy.conversion(&fact.hours_unit);
    let pack = format!("{}@{}", policy.name, policy.version);
    let mut entry = Entry {
        record_id: fact.record_id,
        outcome: "counted",
        units: fact.units,
        canonical_course: fact.canonical_course.clone(),
        cycle: policy.cycle(&fact.period_end).map(|c| c.name.clone()),
        rule: format!("{pack} conversion {}", fact.hours_unit),
        basis: conversion.map_or("assumed", |c| c.basis.as_str()),
        arithmetic: policy.arithmetic(&fact.raw_hours, &fact.hours_unit, fact.units),
        duplicate_of: None,
    };
    let refused = |entry: &mut Entry, outcome: &'static str, rule: &str| {
        entry.outcome = outcome;
        entry.units = 0;
        entry.rule = format!("{pack} {rule}");
    };
    if name != Some(fact.name.as_str()) {
        refused(&mut entry, "name_contradicts", "an ID number with a contradicting name credits nobody");
        return entry;
    }
    match (fact.pass_state.as_str(), policy.not_assessed.standing) {
        ("passed", _) | ("not_assessed", Standing::Final) => {}
        ("not_assessed", Standing::Provisional) => entry.outcome = "provisional",
        ("not_assessed", Standing::None) => refused(&mut entry, "not_counted", "not_assessed records do not count"),
        _ => refused(&mut entry, "not_passed", "hours count only after a pass (document, 五(一))"),
    }
    entry
}
