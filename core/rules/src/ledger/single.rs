//! Judges one record alone: whose it is, which pack applies, how many hours it has, and whether it passes the gates.

use crate::ledger::grade::{self, SchoolGrades};
use crate::ledger::{Cut, Draft, Entry, Fact, Person, SourceStatus, selector_values_of};
use crate::policy::pack::{AsOf, Exempt, MinimumAttendance, Pack, RuledStanding};
use crate::policy::{NO_PACK, Policy, RuleNo, Standing};
use crate::roster::exemption::check_exemption;
use chrono::{Datelike as _, NaiveDate};
use huiliu_values::{EntryOutcome, Hours, PassState};

/// The outcome of a record before duplicates and caps, with its rule and decision.
struct Gate {
    outcome: EntryOutcome,
    rule: RuleNo,
    decision: Option<i64>,
}

pub(super) fn draft_entry<'a>(
    policy: &'a Policy,
    person: &Person,
    names: &[&str],
    schools: &SchoolGrades<'_>,
    fact: &'a Fact,
) -> Draft<'a> {
    let pack = policy.pack_for_day(fact.period_end);
    let conversion =
        pack.and_then(|p| p.find_conversion(&fact.hours_unit, &selector_values_of(fact, pack), fact.period_end));
    // The amount was readable when the record was loaded. If the pack no longer converts the unit, nothing counts.
    let hours = conversion.and_then(|c| Hours::from_amount(&fact.raw_hours, c.units_per_one).ok());
    let gross = hours.unwrap_or(Hours::ZERO).units();
    let entry = Entry {
        record_id: fact.record_id,
        outcome: EntryOutcome::NotCounted,
        units: gross,
        gross,
        cuts: vec![],
        carried: None,
        canonical_course: policy.crosswalk.canonical_id(&fact.connector, &fact.course_code).cloned(),
        cycle: pack.and_then(|p| p.find_cycle(fact.period_end)).map(|c| c.name.clone()),
        grade: None,
        rule: NO_PACK,
        conversion: conversion.map_or(NO_PACK, |c| c.rule),
        raw_hours: fact.raw_hours.clone(),
        hours_of: None,
        duplicate_of: None,
        decision: None,
    };
    let mut draft = Draft { fact, pack, entry };
    let Some(pack) = pack.filter(|_| hours.is_some()) else {
        draft.set_refused(EntryOutcome::NotCounted, NO_PACK);
        return draft;
    };
    let result = grade::assess_record(pack, schools, fact);
    draft.entry.grade = result.grade;
    let named = fact.claimed || names.iter().any(|name| policy.is_name_of(name, &fact.name));
    let Gate { outcome, rule, decision } = if let Some(gate) = gate_for_status(pack, fact.status) {
        gate
    } else if named {
        apply_gates(pack, person, &result, fact)
    } else {
        Gate { outcome: EntryOutcome::NameContradicts, rule: pack.identity, decision: None }
    };
    draft.entry.decision = decision;
    if outcome.counts_hours() {
        (draft.entry.outcome, draft.entry.rule) = (outcome, rule);
        cut_below_minimum(pack, &mut draft);
    } else {
        draft.set_refused(outcome, rule);
    }
    draft
}

/// Cuts all hours of a record that has fewer than the pack's minimum.
fn cut_below_minimum(pack: &Pack, draft: &mut Draft<'_>) {
    let units = draft.entry.units;
    if let Some(minimum) = pack.minimum.filter(|minimum| 0 < units && units < minimum.units) {
        draft.entry.cuts.push(Cut { rule: minimum.rule, units });
        draft.set_refused(EntryOutcome::NotCounted, minimum.rule);
    }
}

fn apply_gates(pack: &Pack, person: &Person, result: &grade::Result, fact: &Fact) -> Gate {
    let gate = |outcome, rule, decision| Gate { outcome, rule, decision };
    if let Some(decision) = fact.rulings.revoked {
        return gate(EntryOutcome::Revoked, pack.revocation, Some(decision));
    }
    if let (Some(MinimumAttendance { least, above, rule }), Some(present)) = (pack.attendance, fact.attendance)
        && (present < least || above && present == least)
    {
        return gate(EntryOutcome::Absent, rule, None);
    }
    // A fail that a person decided also holds for a teacher who is outside the assessment.
    if result.state != PassState::Passed
        && !result.failed_by_person
        && let Some(exempt) = pack.exempt.filter(|e| is_exempt(e, pack, person, fact))
    {
        return gate_for_standing(exempt.stands, None);
    }
    match result.state {
        PassState::Passed => gate(EntryOutcome::Counted, result.rule, result.decision),
        PassState::NotAssessed => gate_for_standing(pack.not_assessed, result.decision),
        PassState::Failed => match pack.failed_counts {
            Some(rule) if result.decision.is_none() => gate(EntryOutcome::Provisional, rule, None),
            _ => gate(EntryOutcome::NotPassed, result.rule, result.decision),
        },
        PassState::Pending => gate(EntryOutcome::NotPassed, result.rule, result.decision),
    }
}

/// Refuses a record that its source has withdrawn, or that is disputed if the pack says so.
fn gate_for_status(pack: &Pack, status: SourceStatus) -> Option<Gate> {
    let (outcome, rule) = match status {
        SourceStatus::Valid => return None,
        SourceStatus::Withdrawn => (EntryOutcome::Withdrawn, pack.withdrawal),
        SourceStatus::Disputed => (EntryOutcome::Disputed, pack.disputed_refused?),
    };
    Some(Gate { outcome, rule, decision: None })
}

fn gate_for_standing(stands: RuledStanding, decision: Option<i64>) -> Gate {
    let outcome = match stands.standing {
        Standing::Final => EntryOutcome::Counted,
        Standing::Provisional => EntryOutcome::Provisional,
        Standing::None => EntryOutcome::NotCounted,
    };
    Gate { outcome, rule: stands.rule, decision }
}

/// Whether the teacher is outside the assessment because of age. A teacher whose sex or date of birth is unknown is
/// not exempt.
fn is_exempt(exempt: &Exempt, pack: &Pack, person: &Person, fact: &Fact) -> bool {
    let (Some(sex), Some(born)) = (person.sex, person.born) else { return false };
    let day = age_reference_day(exempt.as_of, pack, fact);
    check_exemption(sex, born, exempt.limits, day).exempt
}

/// Returns the day on which the age is computed.
fn age_reference_day(rule: AsOf, pack: &Pack, fact: &Fact) -> NaiveDate {
    let end = fact.period_end;
    match rule {
        AsOf::PeriodEnd => end,
        AsOf::PeriodStart => fact.period_start.unwrap_or(end),
        AsOf::YearEnd => NaiveDate::from_ymd_opt(end.year(), 12, 31).unwrap_or(end),
        AsOf::CycleStart => pack.find_cycle(end).map_or(end, |c| c.from),
    }
}
