//! Sums up a teacher's entries by cycle and by basis, and compares them with the requirement.

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};

use crate::ledger::Entry;
use crate::policy::Policy;
use crate::policy::pack::{Requirement, RoundedUnits};
use huiliu_values::{Basis, EntryOutcome, ExactHours};

/// The part of an entry that a sum needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whether and how the record counts.
    pub outcome: EntryOutcome,
    /// Hours counted, in units of 1/108,000 class hour.
    pub units: i64,
    /// Name of the cycle.
    pub cycle: Option<String>,
    /// The last day of the training.
    pub day: NaiveDate,
    /// The weakest basis among all rules of the entry.
    pub basis: Basis,
}

impl Line {
    /// Takes it from an entry; `day` is the last day of its training.
    #[must_use]
    pub fn from_entry(policy: &Policy, entry: &Entry, day: NaiveDate) -> Self {
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

/// Class hours by the weakest basis among their rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct ByBasis {
    /// Every rule is quoted from a document.
    pub stated: ExactHours,
    /// The weakest rule is adopted from another jurisdiction.
    pub adopted: ExactHours,
    /// The weakest rule is assumed: no document states it.
    pub assumed: ExactHours,
}

impl ByBasis {
    /// Adds hours to those of a basis.
    fn add_units(&mut self, basis: Basis, units: i64) {
        let hours = match basis {
            Basis::Stated => &mut self.stated,
            Basis::Adopted => &mut self.adopted,
            Basis::Assumed => &mut self.assumed,
        };
        hours.0 += units;
    }

    /// Adds the hours of another sum.
    pub fn add_all(&mut self, other: &Self) {
        self.stated.0 += other.stated.0;
        self.adopted.0 += other.adopted.0;
        self.assumed.0 += other.assumed.0;
    }
}

/// The hours of one cycle, or of the required number of years up to a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Sum {
    /// Name of the cycle; empty if the records are in none.
    pub cycle: String,
    /// Name and version of the pack.
    pub pack: String,
    /// Class hours that count for good.
    pub counted: ExactHours,
    /// Class hours that count until the province decides.
    pub provisional: ExactHours,
    /// Both together, by basis.
    pub by_basis: ByBasis,
    /// Class hours that the pack requires.
    pub required: Option<ExactHours>,
    /// Whether the hours that count for good are enough; `None` if nothing is required.
    pub met: Option<bool>,
    /// `counted`, rounded as in exports.
    pub rounded: ExactHours,
    /// The remainder of rounding; negative if hours were rounded up.
    pub residue: ExactHours,
}

impl Sum {
    fn add_line(&mut self, line: &Line) {
        match line.outcome {
            EntryOutcome::Counted => self.counted.0 += line.units,
            EntryOutcome::Provisional => self.provisional.0 += line.units,
            _ => return,
        }
        self.by_basis.add_units(line.basis, line.units);
    }
}

/// Sums up hours by cycle. If the pack requires hours in a rolling period of years, the sum of the period up to
/// `today` is added.
#[must_use]
pub fn sum_by_cycle(policy: &Policy, lines: &[Line], today: NaiveDate) -> Vec<Sum> {
    let mut by_cycle: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        by_cycle.entry(line.cycle.as_deref().unwrap_or_default()).or_default().push(line);
    }
    let mut sums: Vec<Sum> = by_cycle.into_iter().map(|(cycle, lines)| sum_cycle(policy, cycle, &lines)).collect();
    let rolling = policy.nearest_pack(today).and_then(|p| p.requirement).filter(|r| r.rolling);
    if let Some(asked) = rolling
        && let Some(after) = today.checked_sub_months(Months::new(asked.years * 12))
    {
        let window: Vec<&Line> = lines.iter().filter(|l| after < l.day && l.day <= today).collect();
        let mut sum = Sum { cycle: format!("{after} < … ≤ {today}"), ..Sum::default() };
        window.iter().for_each(|line| sum.add_line(line));
        sums.push(compare_with_requirement(policy, sum, today, Some(asked), &window));
    }
    sums
}

fn sum_cycle(policy: &Policy, cycle: &str, lines: &[&Line]) -> Sum {
    let mut sum = Sum { cycle: cycle.to_owned(), ..Sum::default() };
    lines.iter().for_each(|line| sum.add_line(line));
    let Some(day) = lines.first().map(|l| l.day) else { return sum };
    let asked = policy.pack_for_day(day).and_then(|p| p.requirement).filter(|r| !r.rolling);
    compare_with_requirement(policy, sum, day, asked, lines)
}

fn compare_with_requirement(
    policy: &Policy,
    sum: Sum,
    day: NaiveDate,
    asked: Option<Requirement>,
    lines: &[&Line],
) -> Sum {
    let pack = policy.pack_for_day(day);
    let legacy = lines.iter().any(|l| l.outcome == EntryOutcome::Provisional);
    let met = asked.map(|r| sum.counted.0 >= r.units || r.legacy_meets_requirement && legacy);
    let unrounded = RoundedUnits { rounded: sum.counted.0, residue: 0 };
    let RoundedUnits { rounded, residue } = pack.map_or(unrounded, |p| p.rounding.round_units(sum.counted.0));
    Sum {
        pack: pack.map(|p| format!("{}@{}", p.name, p.version)).unwrap_or_default(),
        required: asked.map(|r| ExactHours(r.units)),
        met,
        rounded: ExactHours(rounded),
        residue: ExactHours(residue),
        ..sum
    }
}
