//! Computes totals from scores, grades from totals, and results from the grades of institution and school.

use std::collections::HashMap;

use crate::ledger::{Assessed, Fact, FactKind, RuledGrade};
use crate::policy::pack::{MissingComponent, Pack};
use crate::policy::{Policy, RuleNo};
use huiliu_values::score::WeightedTotal;
use huiliu_values::{Grade, PassState, Weights};

/// The result of a record's assessment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Result {
    pub state: PassState,
    pub grade: Option<Grade>,
    /// The rule that decided it.
    pub rule: RuleNo,
    /// The decision of a person, if one decided it.
    pub decision: Option<i64>,
}

/// The school's grades, by project, or by cycle if they name no project.
#[derive(Debug, Default)]
pub(super) struct SchoolGrades<'a> {
    of_project: HashMap<&'a str, &'a Fact>,
    of_cycle: HashMap<String, &'a Fact>,
}

impl<'a> SchoolGrades<'a> {
    /// Collects the newest grade of each project and cycle.
    pub(super) fn from_facts(policy: &Policy, facts: &'a [Fact]) -> Self {
        let mut grades = Self::default();
        for fact in facts.iter().filter(|f| f.kind == FactKind::Assessment) {
            if !fact.assessed.is_some_and(|a| a.by_school) {
                continue;
            }
            let newer = |held: &&Fact| (held.period_end, &held.record_key) < (fact.period_end, &fact.record_key);
            match (&fact.project, policy.pack_for_day(fact.period_end).and_then(|p| p.find_cycle(fact.period_end))) {
                (Some(project), _) => {
                    let held = grades.of_project.entry(project).or_insert(fact);
                    if newer(held) {
                        *held = fact;
                    }
                }
                (None, Some(cycle)) => {
                    let held = grades.of_cycle.entry(cycle.name.to_string()).or_insert(fact);
                    if newer(held) {
                        *held = fact;
                    }
                }
                (None, None) => {}
            }
        }
        grades
    }

    fn find_grade(&self, pack: &Pack, fact: &Fact) -> Option<(Grade, Option<i64>)> {
        if self.of_project.is_empty() && self.of_cycle.is_empty() {
            return None;
        }
        let of_project = fact.project.as_deref().and_then(|p| self.of_project.get(p));
        let of_cycle = || pack.find_cycle(fact.period_end).and_then(|c| self.of_cycle.get(&*c.name));
        let found = of_project.or_else(of_cycle)?;
        match found.rulings.graded {
            Some(RuledGrade { grade, decision }) => Some((grade, Some(decision))),
            None => Some((grade_of(pack, &found.assessed?)?, None)),
        }
    }
}

/// Determines the result of a record's assessment under a pack.
pub(super) fn assess_record(pack: &Pack, schools: &SchoolGrades<'_>, fact: &Fact) -> Result {
    let alone = |state, grade, decision| Result { state, grade, rule: pack.pass_gate, decision };
    let by_grade = |grade: Grade| if grade == Grade::Fail { PassState::Failed } else { PassState::Passed };
    if let Some(RuledGrade { grade, decision }) = fact.rulings.graded {
        return alone(by_grade(grade), Some(grade), Some(decision));
    }
    let institution = match (&fact.assessed, fact.pass_state) {
        (Some(assessed), _) => match grade_of(pack, assessed) {
            Some(grade) => grade,
            None => return alone(PassState::NotAssessed, None, None),
        },
        (None, PassState::Passed) => {
            return combine_with_school(pack, schools, fact, alone(PassState::Passed, None, None));
        }
        (None, PassState::Failed) => return alone(PassState::Failed, None, None),
        (None, PassState::NotAssessed) => return alone(PassState::NotAssessed, None, None),
        (None, PassState::Pending) => return alone(PassState::Pending, None, None),
    };
    combine_with_school(pack, schools, fact, alone(by_grade(institution), Some(institution), None))
}

/// Combines the institution's result with the school's grade.
fn combine_with_school(pack: &Pack, schools: &SchoolGrades<'_>, fact: &Fact, institution: Result) -> Result {
    let Some(both) = &pack.comprehensive else { return institution };
    let Some((school, decision)) = schools.find_grade(pack, fact) else {
        let waits = both.pending_without_school && institution.state == PassState::Passed;
        return if waits { Result { state: PassState::Pending, rule: both.rule, ..institution } } else { institution };
    };
    // A platform that only reports a pass gives no better grade than that.
    let given = institution.grade.unwrap_or(Grade::Pass);
    let grade = both.table[given as usize][school as usize];
    let state = if grade == Grade::Fail { PassState::Failed } else { PassState::Passed };
    // If the school's grade does not change the outcome, the institution's own rule stays the reason.
    let rule = if state == institution.state && decision.is_none() { institution.rule } else { both.rule };
    Result { state, grade: Some(grade), rule, decision }
}

/// Returns the grade of an assessment by the weights and bands of a pack. Returns `None`, which is no assessment, if the
/// pack leaves out missing scores and no score with a weight is left.
#[must_use]
pub fn grade_of(pack: &Pack, assessed: &Assessed) -> Option<Grade> {
    let total = match (assessed.components, assessed.total) {
        ([None, None, None], None) => return Some(assessed.grade),
        ([None, None, None], Some(of)) => {
            WeightedTotal::new(of.numerator.unsigned_abs(), of.denominator.unsigned_abs())
        }
        (components, _) => match weighted_total(pack, components) {
            Some(total) => total,
            None if pack.missing_component == MissingComponent::Renormalise => return None,
            None => return Some(Grade::Fail),
        },
    };
    let total = if pack.round_first { total.to_point_half_up() } else { total };
    Some(pack.bands.grade_total(total))
}

/// Returns the exact weighted total; `None` if a missing score makes the result a fail, or no weight is left.
fn weighted_total(pack: &Pack, components: [Option<u16>; 3]) -> Option<WeightedTotal> {
    if components.iter().any(Option::is_none) && pack.missing_component != MissingComponent::Renormalise {
        return None;
    }
    let Weights { learning, activity, artefact } = pack.weights;
    let told = components.iter().zip([learning, activity, artefact]).filter_map(|(c, w)| c.map(|c| (c, w)));
    let (n, d) = told.fold((0, 0), |(n, d), (c, w)| (n + u64::from(c) * u64::from(w), d + u64::from(w)));
    (d > 0).then(|| WeightedTotal::new(n, d))
}
