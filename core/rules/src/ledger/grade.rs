//! Computes totals from scores, grades from totals, and results from the grades of institution and school.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

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
    /// Whether a person decided that the record or the school's part of it failed.
    pub failed_by_person: bool,
}

/// The school's grades, by project, or by cycle if they name no project.
///
/// Two institutions may use one project code. So a project's grade belongs to the institution whose source sent it. A
/// source of the school's own names no training institution: its institution has no training of the project. Its grade
/// belongs to the project if only one institution trained the teacher in it; otherwise it is unclear whose project it
/// is, and it belongs to none.
#[derive(Debug, Default)]
pub(super) struct SchoolGrades<'a> {
    of_project: HashMap<ProjectKey<'a>, &'a Fact>,
    of_cycle: HashMap<String, &'a Fact>,
    /// The institution that trained the teacher in a project; `None` if there are several.
    trained_by: HashMap<&'a str, Option<i64>>,
    /// The newest grade of a project from sources of the school's own.
    from_school: HashMap<&'a str, &'a Fact>,
}

/// A project of an institution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct ProjectKey<'a> {
    institution: i64,
    project: &'a str,
}

impl<'a> SchoolGrades<'a> {
    /// Collects the newest grade of each project and cycle.
    pub(super) fn from_facts(policy: &Policy, facts: &[&'a Fact]) -> Self {
        let mut grades = Self::default();
        let by_school = |f: &&'a Fact| f.kind == FactKind::Assessment && f.assessed.is_some_and(|a| a.by_school);
        let given: Vec<&Fact> = facts.iter().copied().filter(by_school).collect();
        if given.is_empty() {
            return grades;
        }
        let mut trained: HashSet<ProjectKey<'a>> = HashSet::new();
        for fact in facts.iter().copied().filter(|f| f.kind == FactKind::Training) {
            let (institution, Some(project)) = (fact.institution, fact.project.as_deref()) else { continue };
            trained.insert(ProjectKey { institution, project });
            let only = grades.trained_by.entry(project).or_insert(Some(institution));
            *only = only.filter(|other| *other == institution);
        }
        for fact in given {
            match (&fact.project, policy.pack_for_day(fact.period_end).and_then(|p| p.find_cycle(fact.period_end))) {
                (Some(project), _) => {
                    let key = ProjectKey { institution: fact.institution, project };
                    if trained.contains(&key) {
                        keep_newest(&mut grades.of_project, key, fact);
                    } else {
                        keep_newest(&mut grades.from_school, project.as_str(), fact);
                    }
                }
                (None, Some(cycle)) => keep_newest(&mut grades.of_cycle, cycle.name.to_string(), fact),
                (None, None) => {}
            }
        }
        grades
    }

    fn find_grade(&self, pack: &Pack, fact: &Fact) -> Option<SchoolGrade> {
        let of_cycle = || pack.find_cycle(fact.period_end).and_then(|c| self.of_cycle.get(&*c.name)).copied();
        let found =
            fact.project.as_deref().and_then(|p| self.find_of_project(fact.institution, p)).or_else(of_cycle)?;
        match found.rulings.graded {
            Some(RuledGrade { grade, decision }) => Some(SchoolGrade { grade, decision: Some(decision) }),
            None => Some(SchoolGrade { grade: grade_of(pack, &found.assessed?)?, decision: None }),
        }
    }

    fn find_of_project(&self, institution: i64, project: &str) -> Option<&'a Fact> {
        let sent = self.of_project.get(&ProjectKey { institution, project });
        let only = self.trained_by.get(project) == Some(&Some(institution));
        let own = self.from_school.get(project).filter(|_| only);
        sent.into_iter().chain(own).copied().max_by(|a, b| compare_age(a, b))
    }
}

/// The school's grade, and the decision of a person that set it.
struct SchoolGrade {
    grade: Grade,
    decision: Option<i64>,
}

fn compare_age(a: &Fact, b: &Fact) -> Ordering {
    (a.period_end, &a.record_key).cmp(&(b.period_end, &b.record_key))
}

fn keep_newest<'a, K: Eq + Hash>(grades: &mut HashMap<K, &'a Fact>, key: K, fact: &'a Fact) {
    let held = grades.entry(key).or_insert(fact);
    if compare_age(held, fact) == Ordering::Less {
        *held = fact;
    }
}

/// Determines the result of a record's assessment under a pack.
pub(super) fn assess_record(pack: &Pack, schools: &SchoolGrades<'_>, fact: &Fact) -> Result {
    let alone =
        |state, grade, decision| Result { state, grade, rule: pack.pass_gate, decision, failed_by_person: false };
    let by_grade = |grade: Grade| if grade == Grade::Fail { PassState::Failed } else { PassState::Passed };
    if let Some(RuledGrade { grade, decision }) = fact.rulings.graded {
        let failed_by_person = grade == Grade::Fail;
        return Result { failed_by_person, ..alone(by_grade(grade), Some(grade), Some(decision)) };
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
    let Some(SchoolGrade { grade: school, decision }) = schools.find_grade(pack, fact) else {
        let waits = both.pending_without_school && institution.state == PassState::Passed;
        return if waits { Result { state: PassState::Pending, rule: both.rule, ..institution } } else { institution };
    };
    // A platform that only reports a pass gives no better grade than that.
    let given = institution.grade.unwrap_or(Grade::Pass);
    let grade = both.table[given as usize][school as usize];
    let state = if grade == Grade::Fail { PassState::Failed } else { PassState::Passed };
    // If the school's grade does not change the outcome, the institution's own rule stays the reason.
    let rule = if state == institution.state && decision.is_none() { institution.rule } else { both.rule };
    let failed_by_person = decision.is_some() && school == Grade::Fail && state == PassState::Failed;
    Result { state, grade: Some(grade), rule, decision, failed_by_person }
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
