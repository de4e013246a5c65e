//! What a teacher's entries add up to: by cycle, against what is asked for, and by what the hours rest on.

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};

use crate::ledger::Entry;
use crate::policy::Policy;
use crate::policy::pack::Requirement;
use huiliu_values::{Basis, EntryOutcome, ExactHours};

/// What a sum needs to know of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What became of the record.
    pub outcome: EntryOutcome,
    /// Class-hour units counted.
    pub units: i64,
    /// The cycle.
    pub cycle: Option<String>,
    /// The last day of the training.
    pub day: NaiveDate,
    /// The weakest basis of all rules that it rests on.
    pub basis: Basis,
}

impl Line {
    /// Of an entry, and the last day of its training.
    #[must_use]
    pub fn of(policy: &Policy, entry: &Entry, day: NaiveDate) -> Self {
        let cuts = entry.cuts.iter().chain(&entry.carried).map(|cut| cut.rule);
        let rules = [entry.rule, entry.conversion].into_iter().chain(cuts);
        let basis = rules.filter_map(|rule| policy.rules.get(rule)).map(|rule| rule.basis).max();
        Self {
            outcome: entry.outcome,
            units: entry.units,
            cycle: entry.cycle.as_deref().map(str::to_owned),
            day,
            basis: basis.unwrap_or(Basis::Assumed),
        }
    }
}

/// Class hours by what they rest on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct ByBasis {
    /// Every rule is quoted from a document.
    pub stated: ExactHours,
    /// The weakest rule is another jurisdiction's.
    pub adopted: ExactHours,
    /// Some rule nobody has stated.
    pub assumed: ExactHours,
}

impl ByBasis {
    /// Adds what rests on a basis.
    fn add(&mut self, basis: Basis, units: i64) {
        let hours = match basis {
            Basis::Stated => &mut self.stated,
            Basis::Adopted => &mut self.adopted,
            Basis::Assumed => &mut self.assumed,
        };
        hours.0 += units;
    }

    /// Adds other hours.
    pub fn add_all(&mut self, other: &Self) {
        self.stated.0 += other.stated.0;
        self.adopted.0 += other.adopted.0;
        self.assumed.0 += other.assumed.0;
    }
}

/// The hours of a cycle, or of the years up to a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Sum {
    /// The cycle; empty where the records are in none.
    pub cycle: String,
    /// The pack, with its version.
    pub pack: String,
    /// Class hours counted for good.
    pub counted: ExactHours,
    /// Class hours counted until the province decides.
    pub provisional: ExactHours,
    /// Of both, by what they rest on.
    pub by_basis: ByBasis,
    /// Class hours that the pack asks for.
    pub required: Option<ExactHours>,
    /// Whether what counts for good is enough; nothing where nothing is asked for.
    pub met: Option<bool>,
    /// `counted` as an export rounds it.
    pub rounded: ExactHours,
    /// What rounding leaves over; below zero where it was rounded up.
    pub residue: ExactHours,
}

impl Sum {
    fn add(&mut self, line: &Line) {
        match line.outcome {
            EntryOutcome::Counted => self.counted.0 += line.units,
            EntryOutcome::Provisional => self.provisional.0 += line.units,
            _ => return,
        }
        self.by_basis.add(line.basis, line.units);
    }
}

/// Sums by cycle; where a pack asks for hours in any so many years, a sum of the years up to `today` stands beside them.
#[must_use]
pub fn sums(policy: &Policy, lines: &[Line], today: NaiveDate) -> Vec<Sum> {
    let mut by_cycle: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        by_cycle.entry(line.cycle.as_deref().unwrap_or_default()).or_default().push(line);
    }
    let mut sums: Vec<Sum> = by_cycle.into_iter().map(|(cycle, lines)| of_cycle(policy, cycle, &lines)).collect();
    let rolling = policy.nearest(today).and_then(|p| p.requirement).filter(|r| r.rolling);
    if let Some(asked) = rolling
        && let Some(after) = today.checked_sub_months(Months::new(asked.years * 12))
    {
        let window: Vec<&Line> = lines.iter().filter(|l| after < l.day && l.day <= today).collect();
        let mut sum = Sum { cycle: format!("{after} < … ≤ {today}"), ..Sum::default() };
        window.iter().for_each(|line| sum.add(line));
        sums.push(judged(policy, sum, today, Some(asked), &window));
    }
    sums
}

fn of_cycle(policy: &Policy, cycle: &str, lines: &[&Line]) -> Sum {
    let mut sum = Sum { cycle: cycle.to_owned(), ..Sum::default() };
    lines.iter().for_each(|line| sum.add(line));
    let Some(day) = lines.first().map(|l| l.day) else { return sum };
    let asked = policy.pack(day).and_then(|p| p.requirement).filter(|r| !r.rolling);
    judged(policy, sum, day, asked, lines)
}

fn judged(policy: &Policy, sum: Sum, day: NaiveDate, asked: Option<Requirement>, lines: &[&Line]) -> Sum {
    let pack = policy.pack(day);
    let legacy = lines.iter().any(|l| l.outcome == EntryOutcome::Provisional);
    let met = asked.map(|r| sum.counted.0 >= r.units || r.whole_by_legacy && legacy);
    let (rounded, residue) = pack.map_or((sum.counted.0, 0), |p| p.rounding.round(sum.counted.0));
    Sum {
        pack: pack.map(|p| format!("{}@{}", p.name, p.version)).unwrap_or_default(),
        required: asked.map(|r| ExactHours(r.units)),
        met,
        rounded: ExactHours(rounded),
        residue: ExactHours(residue),
        ..sum
    }
}
