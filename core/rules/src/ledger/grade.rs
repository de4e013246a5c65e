//! From scores to a total, from a total to a grade, from the institution's and the school's grade to a result.

use std::collections::HashMap;

use crate::ledger::{Assessed, Fact, FactKind};
use crate::policy::pack::{MissingComponent, Pack};
use crate::policy::{Policy, RuleNo};
use huiliu_values::score::WeightedTotal;
use huiliu_values::{Grade, PassState, Weights};

/// What came of the assessment of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Result {
    pub state: PassState,
    pub grade: Option<Grade>,
    /// The rule that says so.
    pub rule: RuleNo,
    /// The decision of a person, if one says so.
    pub decision: Option<i64>,
}

/// A school's grades: of a project, or, where no project is named, of a cycle.
#[derive(Debug, Default)]
pub(super) struct SchoolGrades<'a> {
    of_project: HashMap<&'a str, &'a Fact>,
    of_cycle: HashMap<String, &'a Fact>,
}

impl<'a> SchoolGrades<'a> {
    /// The newest of each.
    pub(super) fn of(policy: &Policy, facts: &'a [Fact]) -> Self {
        let mut grades = Self::default();
        for fact in facts.iter().filter(|f| f.kind == FactKind::Assessment) {
            if !fact.assessed.is_some_and(|a| a.by_school) {
                continue;
            }
            let newer = |held: &&Fact| (held.period_end, &held.record_key) < (fact.period_end, &fact.record_key);
            match (&fact.project, policy.pack(fact.period_end).and_then(|p| p.cycle(fact.period_end))) {
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

    fn find(&self, pack: &Pack, fact: &Fact) -> Option<(Grade, Option<i64>)> {
        if self.of_project.is_empty() && self.of_cycle.is_empty() {
            return None;
        }
        let of_project = fact.project.as_deref().and_then(|p| self.of_project.get(p));
        let of_cycle = || pack.cycle(fact.period_end).and_then(|c| self.of_cycle.get(&*c.name));
        let found = of_project.or_else(of_cycle)?;
        match found.rulings.graded {
            Some((grade, decision)) => Some((grade, Some(decision))),
            None => Some((grade_of(pack, &found.assessed?), None)),
        }
    }
}

/// What came of a record's assessment under a pack.
pub(super) fn result(pack: &Pack, schools: &SchoolGrades<'_>, fact: &Fact) -> Result {
    let alone = |state, grade, decision| Result { state, grade, rule: pack.pass_gate, decision };
    let by_grade = |grade: Grade| if grade == Grade::Fail { PassState::Failed } else { PassState::Passed };
    if let Some((grade, decision)) = fact.rulings.graded {
        return alone(by_grade(grade), Some(grade), Some(decision));
    }
    let institution = match (&fact.assessed, fact.pass_state) {
        (Some(assessed), _) => grade_of(pack, assessed),
        (None, PassState::Passed) => return with_school(pack, schools, fact, alone(PassState::Passed, None, None)),
        (None, PassState::Failed) => return alone(PassState::Failed, None, None),
        (None, PassState::NotAssessed) => return alone(PassState::NotAssessed, None, None),
        (None, PassState::Pending) => return alone(PassState::Pending, None, None),
    };
    with_school(pack, schools, fact, alone(by_grade(institution), Some(institution), None))
}

/// The institution's result together with the school's grade.
fn with_school(pack: &Pack, schools: &SchoolGrades<'_>, fact: &Fact, institution: Result) -> Result {
    let Some(both) = &pack.comprehensive else { return institution };
    let Some((school, decision)) = schools.find(pack, fact) else {
        let waits = both.pending_without_school && institution.state == PassState::Passed;
        return if waits { Result { state: PassState::Pending, rule: both.rule, ..institution } } else { institution };
    };
    // A platform that only says 'passed' says no more than that.
    let given = institution.grade.unwrap_or(Grade::Pass);
    let grade = both.table[given as usize][school as usize];
    let state = if grade == Grade::Fail { PassState::Failed } else { PassState::Passed };
    // Where the school changes nothing, the institution's own rule is the reason.
    let rule = if state == institution.state && decision.is_none() { institution.rule } else { both.rule };
    Result { state, grade: Some(grade), rule, decision }
}

/// The grade of what was said, by the weights and bands of a pack.
#[must_use]
pub fn grade_of(pack: &Pack, assessed: &Assessed) -> Grade {
    let total = match (assessed.components, assessed.total) {
        ([None, None, None], None) => return assessed.grade,
        ([None, None, None], Some((n, d))) => WeightedTotal::new(n.unsigned_abs(), d.unsigned_abs()),
        (components, _) => match weighted(pack, components) {
            Some(total) => total,
            None => return Grade::Fail,
        },
    };
    let total = if pack.round_first { total.to_point_half_up() } else { total };
    pack.bands.grade(total)
}

/// The exact total; nothing where a missing component is a fail.
fn weighted(pack: &Pack, components: [Option<u16>; 3]) -> Option<WeightedTotal> {
    if components.iter().any(Option::is_none) && pack.missing_component != MissingComponent::Renormalise {
        return None;
    }
    let Weights { learning, activity, artefact } = pack.weights;
    let told = components.iter().zip([learning, activity, artefact]).filter_map(|(c, w)| c.map(|c| (c, w)));
    let (n, d) = told.fold((0, 0), |(n, d), (c, w)| (n + u64::from(c) * u64::from(w), d + u64::from(w)));
    (d > 0).then(|| WeightedTotal::new(n, d))
}
