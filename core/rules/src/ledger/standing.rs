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
    /// The part of `units` that a cap carries into the next year.
    pub carried: i64,
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
            carried: entry.carried.map_or(0, |carried| carried.units),
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
    fn add_part(&mut self, part: &Part<'_>) {
        match part.line.outcome {
            EntryOutcome::Counted => self.counted.0 += part.units,
            EntryOutcome::Provisional => self.provisional.0 += part.units,
            _ => return,
        }
        self.by_basis.add_units(part.line.basis, part.units);
    }
}

/// The part of a line that counts in one year and cycle: the year of the training, or the next.
#[derive(Debug)]
struct Part<'a> {
    line: &'a Line,
    units: i64,
    cycle: &'a str,
    /// The last day of the training, or the first day of the next year for carried hours.
    day: NaiveDate,
    is_carried: bool,
}

/// Splits a line into what counts in its own year and what is carried into the next, so that each hour counts once, in
/// one cycle.
fn split_line<'a>(policy: &'a Policy, line: &'a Line) -> impl Iterator<Item = Part<'a>> {
    let carried = (line.carried > 0).then(|| carried_part(policy, line)).flatten();
    let units = line.units - carried.as_ref().map_or(0, |part| part.units);
    let cycle = line.cycle.as_deref().unwrap_or_default();
    std::iter::once(Part { line, units, cycle, day: line.day, is_carried: false }).chain(carried)
}

fn carried_part<'a>(policy: &'a Policy, line: &'a Line) -> Option<Part<'a>> {
    let pack = policy.pack_for_day(line.day)?;
    let day = pack.first_day_of_next_year(line.day)?;
    let cycle = &*pack.find_cycle(day)?.name;
    Some(Part { line, units: line.carried, cycle, day, is_carried: true })
}

/// Sums up hours by cycle. Hours carried into the next year are part of the cycle of that year. If the pack requires hours in a rolling period of years, the sum of the period up to
/// `today` is added.
#[must_use]
pub fn sum_by_cycle(policy: &Policy, lines: &[Line], today: NaiveDate) -> Vec<Sum> {
    let parts: Vec<Part<'_>> = lines.iter().flat_map(|line| split_line(policy, line)).collect();
    let mut by_cycle: BTreeMap<&str, Vec<&Part<'_>>> = BTreeMap::new();
    for part in &parts {
        by_cycle.entry(part.cycle).or_default().push(part);
    }
    let mut sums: Vec<Sum> = by_cycle.into_iter().map(|(cycle, parts)| sum_cycle(policy, cycle, &parts)).collect();
    let rolling = policy.nearest_pack(today).and_then(|p| p.requirement).filter(|r| r.rolling);
    if let Some(asked) = rolling
        && let Some(after) = today.checked_sub_months(Months::new(asked.years * 12))
    {
        let window: Vec<&Part<'_>> = parts.iter().filter(|p| after < p.day && p.day <= today).collect();
        let mut sum = Sum { cycle: format!("{after} < … ≤ {today}"), ..Sum::default() };
        window.iter().for_each(|part| sum.add_part(part));
        sums.push(compare_with_requirement(policy, sum, today, Some(asked), &window));
    }
    sums
}

fn sum_cycle(policy: &Policy, cycle: &str, parts: &[&Part<'_>]) -> Sum {
    let mut sum = Sum { cycle: cycle.to_owned(), ..Sum::default() };
    parts.iter().for_each(|part| sum.add_part(part));
    let Some(day) = parts.first().map(|p| p.day) else { return sum };
    let asked = policy.pack_for_day(day).and_then(|p| p.requirement).filter(|r| !r.rolling);
    compare_with_requirement(policy, sum, day, asked, parts)
}

fn compare_with_requirement(
    policy: &Policy,
    sum: Sum,
    day: NaiveDate,
    asked: Option<Requirement>,
    parts: &[&Part<'_>],
) -> Sum {
    let pack = policy.pack_for_day(day);
    let legacy = parts.iter().any(|p| !p.is_carried && p.line.outcome == EntryOutcome::Provisional);
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
