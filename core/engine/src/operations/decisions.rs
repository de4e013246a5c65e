//! People's decisions about credit, courses and identity: finds the teachers concerned, writes the decision, and
//! recomputes their hours.

use std::collections::BTreeSet;

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::act::Act;
use super::error::{NotFound, OperationError};
use super::page::{Page, Span};
use crate::active_rules::RuleSnapshot;
use crate::conflicts::Retries;
use crate::database::OpenDatabase;
use crate::deliver::DeliveryContext;
use crate::recount::{self, Change, Snapshot};
use crate::runtime::Runtime;
use huiliu_store::Tx;
use huiliu_store::identity::claims;
use huiliu_store::identity::rulings::{self, Refused, Rules, Ruling};
use huiliu_store::ledger::decisions::{self, CourseDecision, Decision, DecisionKind, Verdict};
use huiliu_store::ledger::groups::{self, Group};
use huiliu_store::ledger::{courses, facts, fence, marks};
use huiliu_store::roster::report;
use huiliu_values::{Gains, Grade};

/// Teachers compared at once.
const BLOCK: usize = 1_000;
/// Changed teachers that a result lists.
const LISTED: usize = 10_000;
/// Why a decision is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum DecisionRefused {
    /// The record's certificate was already revoked.
    #[serde(rename = "decision.revoked_already")]
    RevokedAlready {
        /// The record's number.
        record: i64,
        /// The decision that revoked it.
        decision: i64,
        /// When it was revoked, RFC 3339.
        at: String,
        /// The person who revoked it.
        by: String,
    },
    /// The decision was already undone.
    #[serde(rename = "decision.undone_already")]
    UndoneAlready {
        /// The decision to undo.
        decision: i64,
        /// The decision that undid it.
        undone_by: i64,
        /// When it was undone, RFC 3339.
        at: String,
        /// The person who undid it.
        by: String,
    },
    /// A teacher would be merged into itself.
    #[serde(rename = "decision.merged_into_itself")]
    MergedIntoItself,
    /// The same decision has been made already.
    #[serde(rename = "decision.already")]
    Already {
        /// The earlier decision.
        decision: i64,
    },
    /// The teacher is on the roster, so the roster decides who it is.
    #[serde(rename = "decision.on_roster")]
    OnRoster {
        /// The teacher's number.
        teacher: i64,
    },
    /// A later decision has moved the same ID numbers. It must be undone first.
    #[serde(rename = "decision.moved_since")]
    MovedSince {
        /// The later decision.
        decision: i64,
    },
}

said_in_english!(DecisionRefused);

impl DecisionRefused {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::RevokedAlready { .. } => "decision.revoked_already",
            Self::UndoneAlready { .. } => "decision.undone_already",
            Self::MergedIntoItself => "decision.merged_into_itself",
            Self::Already { .. } => "decision.already",
            Self::OnRoster { .. } => "decision.on_roster",
            Self::MovedSince { .. } => "decision.moved_since",
        }
    }

    /// Returns whether the user must change the request; always true.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        true
    }
}

fn to_operation_error(refused: Refused) -> OperationError {
    match refused {
        Refused::NoClaim(claim) => NotFound::Claim { claim }.into(),
        Refused::NoTeacher(teacher) => NotFound::Teacher { teacher }.into(),
        Refused::Itself => DecisionRefused::MergedIntoItself.into(),
        Refused::Already(decision) => DecisionRefused::Already { decision }.into(),
        Refused::OnRoster(teacher) => DecisionRefused::OnRoster { teacher }.into(),
        Refused::Later(decision) => DecisionRefused::MovedSince { decision }.into(),
    }
}

/// Whether a decision is made or only planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only returns what would change.
    Plan,
    /// Makes the decision.
    Apply,
}

/// A decision that a person proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposal {
    /// Revokes a record's certificate, for example because someone else took the training.
    Revoke {
        /// The record's number.
        record: i64,
    },
    /// Gives a record a grade: a school's after an appeal, or an institution's.
    Grade {
        /// The record's number.
        record: i64,
        /// The grade to give.
        grade: Grade,
    },
    /// Keeps this record as the one that counts, among several of one course.
    Keep {
        /// The record's number.
        record: i64,
    },
    /// Maps a connector's course code to a canonical course, or to none.
    Equate(CourseDecision),
    /// Decides that a claim belongs or does not belong to a teacher, or merges a provisional teacher into another.
    Identity(Ruling),
    /// Undoes a decision.
    Undo {
        /// The decision's number.
        decision: i64,
    },
}

/// A decision, made or planned, and the teachers whose hours it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DecisionResult {
    /// The decision that was written or undone; null for a plan.
    pub decision: Option<i64>,
    /// Whether this is only a plan, with nothing changed.
    pub planned: bool,
    /// Sums of the changes in hours.
    pub gains: Gains,
    /// Number of teachers whose hours or entries change.
    pub teachers_changed: usize,
    /// The first 10,000 of these teachers, by number.
    pub teachers: Vec<Change>,
}

/// Lists decisions, oldest first. With a teacher, only those about the teacher's records and claims.
///
/// # Errors
/// [`NotFound::Teacher`] if the teacher does not exist.
pub async fn list(opened: &OpenDatabase, teacher: Option<i64>, span: Span) -> Result<Page<Decision>, OperationError> {
    if let Some(teacher) = teacher
        && report::load_teacher(&opened.db, &opened.keys, teacher).await?.is_none()
    {
        return Err(NotFound::Teacher { teacher }.into());
    }
    let rows = decisions::list_decisions(&opened.db, teacher, span.after, span.limit_plus_one()).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.decision.to_string());
    Ok(page.counted(decisions::count_decisions(&opened.db, teacher)).await?)
}

/// Makes a decision and settles the teachers concerned, or only returns what would change. Both write the decision and
/// its audit entry in one transaction; a plan rolls it back, so a plan shows exactly what applying would do.
///
/// # Errors
/// [`NotFound`], [`DecisionRefused`].
pub async fn decide(
    runtime: &Runtime,
    act: Act<'_>,
    mode: Mode,
    proposal: &Proposal,
) -> Result<DecisionResult, OperationError> {
    let mut retries = Retries::default();
    loop {
        match try_deciding(runtime, act, mode, proposal).await {
            Err(OperationError::Store(fault)) if retries.try_again(&fault) => {}
            // Other rules were activated in the meantime.
            Ok(None) => {}
            Ok(Some(decided)) => return Ok(decided),
            Err(error) => return Err(error),
        }
    }
}

/// Does the same as [`decide`] once. Returns `None`, and writes nothing, if other rules are in force by the end.
async fn try_deciding(
    runtime: &Runtime,
    act: Act<'_>,
    mode: Mode,
    proposal: &Proposal,
) -> Result<Option<DecisionResult>, OperationError> {
    let DeliveryContext { db, keys, known, rules, .. } = &runtime.delivery;
    let in_force = rules.refresh_or_fail(db, keys).await?;
    let mut tx = db.begin().await?;
    if !matches!(proposal, Proposal::Identity(_) | Proposal::Equate(_)) {
        // Until the commit, the record stays with its teacher. Whoever decides on claims takes them alone instead.
        claims::lock_claims_shared(&mut tx, &known.claims).await?;
    }
    let written = write_decision(&mut tx, &runtime.delivery, &in_force, act, proposal).await?;
    let Compared { gains, teachers_changed, teachers } =
        compare_in_blocks(runtime, &mut tx, &in_force, &written.teachers).await?;
    let planned = mode == Mode::Plan;
    let decision = (!planned).then_some(written.decision);
    let result = DecisionResult { decision, planned, gains, teachers_changed, teachers };
    if planned {
        tx.roll_back().await?;
        return Ok(Some(result));
    }
    let state = match written.course {
        Some(CourseDecision { connector, code, .. }) => {
            // Who has a record of the course is found after the commit, so that no record slips in between.
            groups::mark_groups(&mut tx, &BTreeSet::from([Group::Course { connector, code }])).await?;
            fence::raise_number(&mut tx, None).await?;
            fence::read_state_in(&mut tx).await?
        }
        None => {
            marks::add_marks(&mut tx, written.teachers.into_iter()).await?;
            fence::hold_state(&mut tx).await?
        }
    };
    if state.activation != in_force.activation {
        tx.roll_back().await?;
        return Ok(None);
    }
    tx.commit().await?;
    runtime.settle_pending().await?;
    Ok(Some(result))
}

/// How an act changes the hours of teachers.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub gains: Gains,
    pub teachers_changed: usize,
    /// The first of them.
    pub teachers: Vec<Change>,
}

/// Compares teachers as they are with what an open transaction has made of them, in blocks. A course can concern all teachers of
/// a province, so only the first changes are kept.
pub(super) async fn compare_in_blocks(
    runtime: &Runtime,
    tx: &mut Tx,
    in_force: &RuleSnapshot,
    teachers: &[i64],
) -> Result<Compared, OperationError> {
    let mut compared = Compared::default();
    for block in teachers.chunks(BLOCK) {
        let mut now = runtime.delivery.db.begin_read_only().await?;
        let before = Snapshot::load(&mut now, &in_force.policy, block).await?;
        let after = Snapshot::load(tx, &in_force.policy, block).await?;
        let changes = recount::compare_snapshots(&before, &after);
        changes.iter().for_each(|change| compared.gains.add_change(change.counted, change.provisional));
        compared.teachers_changed += changes.len();
        let room = LISTED - compared.teachers.len();
        compared.teachers.extend(changes.into_iter().take(room));
    }
    for block in compared.teachers.chunks_mut(BLOCK) {
        recount::add_names(tx, &runtime.delivery.keys, block).await?;
    }
    Ok(compared)
}

/// A decision written in an open transaction.
struct WrittenDecision {
    decision: i64,
    /// The teachers it can concern.
    teachers: Vec<i64>,
    /// The decision about a course, if it is or undoes one.
    course: Option<CourseDecision>,
}

/// Writes a decision with its audit entry, and its consequences for claims.
async fn write_decision(
    tx: &mut Tx,
    context: &DeliveryContext,
    in_force: &RuleSnapshot,
    act: Act<'_>,
    proposal: &Proposal,
) -> Result<WrittenDecision, OperationError> {
    let verdict = match proposal {
        Proposal::Revoke { record } => {
            check_not_revoked(tx, *record).await?;
            verdict_about_record(tx, DecisionKind::CreditRevoke, *record, json!({})).await?
        }
        Proposal::Keep { record } => verdict_about_record(tx, DecisionKind::CreditKeep, *record, json!({})).await?,
        Proposal::Grade { record, grade } => {
            verdict_about_record(tx, DecisionKind::CreditGrade, *record, json!({ "grade": grade.as_str() })).await?
        }
        Proposal::Equate(equation) => verdict_about_course(in_force, equation)?,
        Proposal::Identity(ruling) => {
            let ruled = rulings::apply_ruling(tx, rules_for_rulings(context, in_force), *ruling, act.to_author())
                .await?
                .map_err(to_operation_error)?;
            return Ok(WrittenDecision { decision: ruled.decision, teachers: ruled.teachers, course: None });
        }
        Proposal::Undo { decision } => return undo_decision(tx, context, in_force, act, *decision).await,
    };
    let teachers = find_concerned_teachers(tx, &verdict).await?;
    let decision = decisions::insert_decision(tx, &context.keys, &verdict, act.to_author()).await?;
    Ok(WrittenDecision { decision, teachers, course: find_course(&verdict) })
}

async fn undo_decision(
    tx: &mut Tx,
    context: &DeliveryContext,
    in_force: &RuleSnapshot,
    act: Act<'_>,
    number: i64,
) -> Result<WrittenDecision, OperationError> {
    let held = match decisions::find_decision(tx, number).await? {
        Some(Decision { reversed_by: Some(undone_by), .. }) => {
            return Err(undone_already_error(tx, number, undone_by).await?);
        }
        found => found.filter(|decision| decision.reverses.is_none()).ok_or(NotFound::Decision { decision: number })?,
    };
    if held.kind.is_identity() {
        let undone = rulings::undo_ruling(tx, rules_for_rulings(context, in_force), &held, act.to_author())
            .await?
            .map_err(to_operation_error)?;
        return Ok(WrittenDecision { decision: undone.decision, teachers: undone.teachers, course: None });
    }
    let teachers = find_concerned_teachers(tx, &held.verdict()).await?;
    if decisions::reverse_decision(tx, &context.keys, number, act.to_author()).await?.is_none() {
        return Err(NotFound::Decision { decision: number }.into());
    }
    Ok(WrittenDecision { decision: number, teachers, course: find_course(&held.verdict()) })
}

async fn undone_already_error(tx: &mut Tx, decision: i64, undone_by: i64) -> Result<OperationError, OperationError> {
    let by = decisions::find_decision(tx, undone_by).await?.ok_or(NotFound::Decision { decision: undone_by })?;
    Ok(DecisionRefused::UndoneAlready { decision, undone_by, at: by.at, by: by.actor }.into())
}

/// Refuses to revoke a record that was already revoked.
async fn check_not_revoked(tx: &mut Tx, record: i64) -> Result<(), OperationError> {
    let held = decisions::list_on_records(tx, &[record]).await?;
    match held.into_iter().find(|decision| decision.kind == DecisionKind::CreditRevoke) {
        None => Ok(()),
        Some(Decision { decision, at, actor, .. }) => {
            Err(DecisionRefused::RevokedAlready { record, decision, at, by: actor }.into())
        }
    }
}

/// Returns the keys and weights by which claims are resolved again.
fn rules_for_rulings<'c>(context: &'c DeliveryContext, in_force: &'c RuleSnapshot) -> Rules<'c> {
    Rules { keys: &context.keys, weights: &in_force.policy.weights }
}

/// Makes a verdict about a record and the person whose record it is now.
async fn verdict_about_record(
    tx: &mut Tx,
    kind: DecisionKind,
    record: i64,
    detail: Value,
) -> Result<Verdict, OperationError> {
    let claim = facts::load_claim(tx, record).await?.ok_or(NotFound::RecordOfTeacher { record })?;
    Ok(Verdict { kind, teacher: None, claim: Some(claim), record: Some(record), detail })
}

fn verdict_about_course(in_force: &RuleSnapshot, equation: &CourseDecision) -> Result<Verdict, NotFound> {
    let unknown = |id: &&str| in_force.policy.crosswalk.find_course(id).is_none();
    if let Some(id) = equation.course.as_deref().filter(unknown) {
        return Err(NotFound::Course { course: id.to_owned() });
    }
    let kind = DecisionKind::CourseEquate;
    Ok(Verdict { kind, teacher: None, claim: None, record: None, detail: equation.detail() })
}

/// Finds the teachers whom a decision about a record or a course concerns.
async fn find_concerned_teachers(tx: &mut Tx, verdict: &Verdict) -> Result<Vec<i64>, OperationError> {
    if let Some(record) = verdict.record {
        facts::lock_record(tx, record).await?;
        let owner = facts::load_owners(tx, &[record]).await?.get(&record).copied();
        return Ok(vec![owner.ok_or(NotFound::RecordOfTeacher { record })?]);
    }
    match find_course(verdict) {
        Some(equation) => Ok(courses::list_teachers(tx, &equation.connector, &equation.code).await?),
        None => Ok(vec![]),
    }
}

/// Returns what a decision says about a course, if it is about one.
fn find_course(verdict: &Verdict) -> Option<CourseDecision> {
    CourseDecision::from_detail(&verdict.detail).filter(|_| verdict.kind == DecisionKind::CourseEquate)
}
