//! Applies maximums by day, course, category, year and cycle, and carries a year's surplus into the next year.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{Datelike as _, Days, NaiveDate};

use crate::ledger::{CourseKey, Cut, Draft};
use crate::policy::pack::{AboveCourse, Cap, Limit, Pack, RuledAboveCourse};
use crate::policy::shape::Dimension;
use crate::policy::{Policy, RuleNo};
use huiliu_values::EntryOutcome;

/// Maximum length of a training whose days are filled one by one, in days.
const MAX_DAYS: u64 = 3_660;

/// The value of a record in one dimension of a cap.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    Number(i64),
    Text(String),
    Course(CourseKey),
}

/// Amounts already used of each cap.
#[derive(Debug, Default)]
struct CapUsage {
    by_key: HashMap<(RuleNo, Vec<Part>), i64>,
    by_day: HashMap<(RuleNo, NaiveDate), i64>,
}

/// Units that count under one cap, and how many of them are carried into the next year.
#[derive(Debug, Clone, Copy)]
struct CapShare {
    units: i64,
    carried: i64,
}

pub(super) fn apply_caps(policy: &Policy, drafts: &mut [Draft<'_>]) {
    let capped = |d: &Draft<'_>| d.pack.is_some_and(|p| !p.caps.is_empty()) || course_maximum(policy, d).is_some();
    let mut order: Vec<usize> = (0..drafts.len())
        .filter(|i| drafts[*i].is_counted() && drafts[*i].entry.units > 0 && capped(&drafts[*i]))
        .collect();
    if order.is_empty() {
        return;
    }
    // Records that count for good take their share first, then in chronological order.
    let place =
        |d: &Draft<'_>| (d.entry.outcome != EntryOutcome::Counted, d.fact.period_end, d.fact.record_key.clone());
    order.sort_by_cached_key(|i| place(&drafts[*i]));
    let mut used = CapUsage::default();
    for i in order {
        let draft = &mut drafts[i];
        let Some(pack) = draft.pack else { continue };
        cap_course(policy, pack, draft, &mut used);
        for cap in &pack.caps {
            if draft.entry.units > 0 && cap.of.matches_record(&draft.selector_values()) {
                let taken = used.take_units(pack, cap, draft);
                record_cut(draft, cap, taken);
            }
        }
        if draft.entry.units == 0
            && let Some(last) = draft.entry.cuts.last().map(|c| c.rule)
        {
            draft.set_refused(EntryOutcome::Capped, last);
        }
    }
}

fn record_cut(draft: &mut Draft<'_>, cap: &Cap, taken: CapShare) {
    let lost = draft.entry.units - taken.units;
    if lost > 0 {
        draft.entry.cuts.push(Cut { rule: cap.rule, units: lost });
    }
    let carries = cap.carries.or(draft.entry.carried.map(|carried| carried.rule));
    draft.entry.carried = carries.filter(|_| taken.carried > 0).map(|rule| Cut { rule, units: taken.carried });
    draft.entry.units = taken.units;
}

/// Returns the maximum units with which the crosswalk recognises the record's course.
fn course_maximum(policy: &Policy, draft: &Draft<'_>) -> Option<i64> {
    policy.crosswalk.find_course(draft.entry.canonical_course.as_deref()?)?.most
}

fn cap_course(policy: &Policy, pack: &Pack, draft: &mut Draft<'_>, used: &mut CapUsage) {
    let RuledAboveCourse { choice, rule } = pack.above_course;
    let Some(most) = course_maximum(policy, draft).filter(|_| choice != AboveCourse::Keep) else { return };
    let key = (rule, vec![text_part(draft.entry.canonical_course.as_deref()), text_part(draft.entry.cycle.as_deref())]);
    let used = used.by_key.entry(key).or_default();
    let left = (most - *used).max(0);
    let lost = (draft.entry.units - left).max(0);
    if lost > 0 && choice == AboveCourse::Refuse {
        draft.set_refused(EntryOutcome::NotCounted, rule);
        return;
    }
    *used += draft.entry.units - lost;
    if lost > 0 {
        draft.entry.cuts.push(Cut { rule, units: lost });
        draft.entry.units -= lost;
    }
}

/// The year and the cycle in which hours use up a cap.
#[derive(Debug, Clone)]
struct Span {
    year: i32,
    cycle: Option<Arc<str>>,
}

impl Span {
    fn of_record(draft: &Draft<'_>) -> Self {
        Self { year: draft.fact.period_end.year(), cycle: draft.entry.cycle.clone() }
    }

    /// Returns the span of hours that are carried from a record into the next year.
    fn of_next_year(pack: &Pack, draft: &Draft<'_>) -> Option<Self> {
        let first = pack.first_day_of_next_year(draft.fact.period_end)?;
        Some(Self { year: first.year(), cycle: pack.find_cycle(first).map(|c| Arc::clone(&c.name)) })
    }
}

/// How an amount of class hours uses up a limit: in units, or in parts of a credit.
#[derive(Debug, Clone, Copy)]
struct Measure {
    most: i64,
    /// Class hours per credit and the pack's parts of a credit; `None` if the limit is in class hours.
    credit: Option<CreditRate>,
}

#[derive(Debug, Clone, Copy)]
struct CreditRate {
    hours: i64,
    parts: i64,
}

impl Measure {
    fn of_cap(pack: &Pack, cap: &Cap, draft: &Draft<'_>) -> Self {
        match cap.limit {
            Limit::Units(most) => Self { most, credit: None },
            Limit::CreditParts(most) => {
                let hours = pack.find_credit(&draft.selector_values()).map_or(1, |c| c.hours).max(1);
                Self { most, credit: Some(CreditRate { hours, parts: pack.credit_parts.max(1) }) }
            }
        }
    }

    /// Uses up what is left, at most `units`, and returns how many units that was. What is used is added up in the
    /// limit's own measure, because the hours per credit depend on the record. The parts are chosen so that the
    /// conversion gives whole numbers both ways.
    fn take(self, used: &mut i64, units: i64) -> i64 {
        let left = (self.most - *used).max(0);
        match self.credit {
            None => {
                let taken = units.min(left);
                *used += taken;
                taken
            }
            Some(CreditRate { hours, parts }) => {
                let taken = units.min(left.saturating_mul(hours) / parts);
                *used += taken.saturating_mul(parts / hours);
                taken
            }
        }
    }
}

impl CapUsage {
    fn take_units(&mut self, pack: &Pack, cap: &Cap, draft: &Draft<'_>) -> CapShare {
        let (units, before) = (draft.entry.units, draft.entry.carried.map_or(0, |carried| carried.units));
        let measure = Measure::of_cap(pack, cap, draft);
        if cap.per.as_slice() == [Dimension::Day] {
            let taken = self.take_days(cap, measure, draft);
            return CapShare { units: taken, carried: (taken - (units - before)).max(0) };
        }
        let stays = units - before;
        let here = self.take_in_span(cap, measure, draft, &Span::of_record(draft), stays);
        let moved = if cap.carries.is_some() { stays - here } else { 0 };
        let next = Span::of_next_year(pack, draft).filter(|_| before + moved > 0);
        let carried = next.map_or(0, |next| self.take_in_span(cap, measure, draft, &next, before + moved));
        CapShare { units: here + carried, carried }
    }

    fn take_in_span(&mut self, cap: &Cap, measure: Measure, draft: &Draft<'_>, span: &Span, units: i64) -> i64 {
        let key = (cap.rule, cap.per.iter().map(|d| dimension_part(*d, draft, span)).collect());
        measure.take(self.by_key.entry(key).or_default(), units)
    }

    /// Fills the days of the training in order.
    fn take_days(&mut self, cap: &Cap, measure: Measure, draft: &Draft<'_>) -> i64 {
        let end = draft.fact.period_end;
        let start = draft.fact.period_start.unwrap_or(end).min(end);
        let mut left = draft.entry.units;
        for n in 0..MAX_DAYS {
            let Some(day) = start.checked_add_days(Days::new(n)).filter(|day| *day <= end && left > 0) else { break };
            left -= measure.take(self.by_day.entry((cap.rule, day)).or_default(), left);
        }
        draft.entry.units - left
    }
}

fn text_part(of: Option<&str>) -> Part {
    Part::Text(of.unwrap_or_default().to_owned())
}

fn dimension_part(by: Dimension, draft: &Draft<'_>, span: &Span) -> Part {
    let fact = draft.fact;
    match by {
        Dimension::Record | Dimension::Day => Part::Number(fact.record_id),
        // A record that names no course is a course by itself.
        Dimension::Course => draft.course().map_or(Part::Number(fact.record_id), Part::Course),
        Dimension::Project => text_part(fact.project.as_deref()),
        Dimension::Category => text_part(fact.category.as_deref()),
        Dimension::Mode => text_part(draft.selector_values().mode),
        Dimension::Programme => text_part(Some(&fact.connector)),
        Dimension::Year => Part::Number(span.year.into()),
        Dimension::Cycle => text_part(span.cycle.as_deref()),
    }
}
