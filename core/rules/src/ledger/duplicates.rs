//! Finds records of the same training: one person, one canonical course, and one cycle or overlapping days. If the
//! crosswalk does not know the course, only records of one connector with the same course and the same days are the same
//! training: a platform that sends a record again under another number. The best record counts; the others are kept and
//! linked to it.

use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

use chrono::NaiveDate;

use crate::ledger::{CourseKey, Draft};
use crate::policy::RuleNo;
use crate::policy::pack::{Duplicates, Preference};
use crate::policy::shape::{DuplicateDistance, Survivor};
use huiliu_values::EntryOutcome;

/// Key of the records that could be one training.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    /// The rule of the pack.
    rule: RuleNo,
    course: CourseKey,
    within: Distance,
    /// Whether the teacher led it.
    leads: bool,
    /// The institution, if each institution's record counts.
    institution: i64,
}

/// What the records of a group have in common in time.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Distance {
    /// The cycle.
    Cycle(Option<Arc<str>>),
    /// Nothing: their days are compared, also over the turn of a cycle.
    Days,
    /// The last day.
    LastDay(NaiveDate),
}

pub(super) fn resolve_duplicates(drafts: &mut [Draft<'_>]) {
    let mut groups: Vec<(Group, usize)> = (0..drafts.len()).filter_map(|i| Some((group_key(&drafts[i])?, i))).collect();
    if groups.len() < 2 {
        return;
    }
    groups.sort_by(|a, b| a.0.cmp(&b.0));
    for group in groups.chunk_by(|a, b| a.0 == b.0) {
        if group.len() > 1 {
            resolve_group(drafts, group.iter().map(|(_, i)| *i).collect());
        }
    }
}

fn group_key(draft: &Draft<'_>) -> Option<Group> {
    let pack = draft.pack.filter(|_| draft.is_counted() && draft.entry.units > 0)?;
    let course = draft.course()?;
    let within = match (&course, pack.duplicates.within) {
        (CourseKey::Canonical(_), DuplicateDistance::Cycle) => Distance::Cycle(draft.entry.cycle.clone()),
        (CourseKey::Canonical(_), DuplicateDistance::Overlap) => Distance::Days,
        (CourseKey::Code { .. } | CourseKey::Title { .. }, _) => Distance::LastDay(draft.fact.period_end),
    };
    let leads =
        draft.fact.role.as_deref().is_some_and(|role| pack.duplicates.lead_roles.iter().any(|r| r == role.trim()));
    let institution = if pack.each_institution { draft.fact.institution } else { 0 };
    Some(Group { rule: pack.duplicates.rule, course, within, leads, institution })
}

/// Resolves one group, the best record first. Each record is a duplicate of the first counting record that is near
/// enough. So removing a duplicate changes nothing for the others.
fn resolve_group(drafts: &mut [Draft<'_>], mut members: Vec<usize>) {
    let Some(rule) = members.first().and_then(|i| drafts[*i].pack).map(|p| &p.duplicates) else { return };
    members.sort_by(|a, b| compare_preference(rule, &drafts[*a], &drafts[*b]));
    let mut winners: Vec<usize> = vec![];
    for i in members {
        match winners.iter().copied().find(|w| is_same_training(rule, &drafts[*w], &drafts[i])) {
            None => winners.push(i),
            Some(w) => {
                take_over_values(rule, drafts, w, i);
                let (of, decision) = (drafts[w].fact.record_id, drafts[w].fact.rulings.kept);
                let loser = &mut drafts[i];
                loser.set_refused(EntryOutcome::Duplicate, rule.rule);
                loser.entry.duplicate_of = Some(of);
                loser.entry.decision = decision;
            }
        }
    }
}

fn is_same_training(rule: &Duplicates, a: &Draft<'_>, b: &Draft<'_>) -> bool {
    if a.entry.canonical_course.is_none() {
        // One code on one day can still be several parts of a training, which differ in what both records give.
        let starts = a.fact.period_start.zip(b.fact.period_start);
        let titles = a.folded_title().zip(b.folded_title());
        return starts.is_none_or(|(a, b)| a == b) && titles.is_none_or(|(a, b)| a == b);
    }
    let from = |d: &Draft<'_>| d.fact.period_start.unwrap_or(d.fact.period_end);
    match rule.within {
        DuplicateDistance::Cycle => true,
        DuplicateDistance::Overlap => from(a) <= b.fact.period_end && from(b) <= a.fact.period_end,
    }
}

/// Orders records by preference, the best first: a person's decision, then the rule's criteria, then an order that
/// does not depend on arrival.
fn compare_preference(rule: &Duplicates, a: &Draft<'_>, b: &Draft<'_>) -> Ordering {
    let kept = b.fact.rulings.kept.cmp(&a.fact.rulings.kept);
    let mut order = kept;
    for preference in &rule.prefer {
        order = order.then_with(|| match preference {
            Preference::Final => {
                (a.entry.outcome != EntryOutcome::Counted).cmp(&(b.entry.outcome != EntryOutcome::Counted))
            }
            Preference::MoreHours => Reverse(a.entry.gross).cmp(&Reverse(b.entry.gross)),
            Preference::Earlier => a.fact.period_end.cmp(&b.fact.period_end),
            Preference::Later => b.fact.period_end.cmp(&a.fact.period_end),
            Preference::Programme(id) => (*a.fact.connector != **id).cmp(&(*b.fact.connector != **id)),
        });
    }
    order.then_with(|| (&a.fact.connector, &a.fact.record_key).cmp(&(&b.fact.connector, &b.fact.record_key)))
}

/// Copies hours and grade from the duplicate to the counting record where the rule says so.
fn take_over_values(rule: &Duplicates, drafts: &mut [Draft<'_>], winner: usize, loser: usize) {
    let ended = |i: usize| (drafts[i].fact.period_end, &drafts[i].fact.record_key);
    let later = ended(loser) > ended(winner);
    let (theirs, grade) = (drafts[loser].entry.gross, drafts[loser].entry.grade);
    let from = drafts[loser].fact.record_id;
    let (raw, conversion) = (drafts[loser].entry.raw_hours.clone(), drafts[loser].entry.conversion);
    let entry = &mut drafts[winner].entry;
    let takes = match rule.hours {
        Survivor::Winner => false,
        Survivor::Highest => theirs > entry.gross,
        Survivor::Latest => later,
    };
    if takes {
        (entry.gross, entry.units, entry.hours_of) = (theirs, theirs, Some(from));
        (entry.raw_hours, entry.conversion) = (raw, conversion);
    }
    let better = |held: Option<huiliu_values::Grade>| grade.is_some_and(|g| held.is_none_or(|h| g < h));
    match rule.grade {
        Survivor::Highest if better(entry.grade) => entry.grade = grade,
        Survivor::Latest if later && grade.is_some() => entry.grade = grade,
        _ => {}
    }
}
