//! What people decide about credit, courses and identity: whose hours change, then the decision, then the hours.

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::act::Act;
use super::error::{NotFound, OperationError};
use super::page::{Page, Span};
use crate::database::OpenDatabase;
use crate::deliver::DeliveryContext;
use crate::recount::{self, Change, Snapshot};
use crate::runtime::Runtime;
use huiliu_store::Tx;
use huiliu_store::identity::rulings::{self, Refused, Rules, Ruling};
use huiliu_store::ledger::decisions::{self, CourseDecision, Decision, DecisionKind, Verdict};
use huiliu_store::ledger::{courses, facts, marks};
use huiliu_store::roster::report;
use huiliu_values::Grade;

/// Why a decision is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum DecisionRefused {
    /// The record's certificate is revoked already.
    #[serde(rename = "decision.revoked_already")]
    RevokedAlready {
        /// The record.
        record: i64,
        /// By this decision.
        decision: i64,
        /// When, RFC 3339.
        at: String,
        /// By whom.
        by: String,
    },
    /// The decision is taken back already.
    #[serde(rename = "decision.undone_already")]
    UndoneAlready {
        /// The decision.
        decision: i64,
        /// By this one.
        undone_by: i64,
        /// When, RFC 3339.
        at: String,
        /// By whom.
        by: String,
    },
    /// A teacher would be merged into the same.
    #[serde(rename = "decision.merged_into_itself")]
    MergedIntoItself,
    /// It has been decided so already.
    #[serde(rename = "decision.already")]
    Already {
        /// By this decision.
        decision: i64,
    },
    /// A teacher of the roster is whom the roster says.
    #[serde(rename = "decision.on_roster")]
    OnRoster {
        /// The teacher.
        teacher: i64,
    },
    /// A later decision has moved the same numbers on.
    #[serde(rename = "decision.moved_since")]
    MovedSince {
        /// The later decision.
        decision: i64,
    },
}

said_in_english!(DecisionRefused);

impl DecisionRefused {
    /// A stable code, for programs.
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

    /// Whether whoever asked has to ask otherwise.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        true
    }
}

fn refused(refused: Refused) -> OperationError {
    match refused {
        Refused::NoClaim(claim) => NotFound::Claim { claim }.into(),
        Refused::NoTeacher(teacher) => NotFound::Teacher { teacher }.into(),
        Refused::Itself => DecisionRefused::MergedIntoItself.into(),
        Refused::Already(decision) => DecisionRefused::Already { decision }.into(),
        Refused::OnRoster(teacher) => DecisionRefused::OnRoster { teacher }.into(),
        Refused::Later(decision) => DecisionRefused::MovedSince { decision }.into(),
    }
}

/// Whether something is done, or only told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only what would change is told.
    Plan,
    /// It is decided.
    Apply,
}

/// What somebody decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposal {
    /// A record's certificate is taken back, as for training by proxy.
    Revoke {
        /// The record.
        record: i64,
    },
    /// A record has this grade, a school's after an appeal or an institution's.
    Grade {
        /// The record.
        record: i64,
        /// The grade.
        grade: Grade,
    },
    /// Of several records of one course, this one counts.
    Keep {
        /// The record.
        record: i64,
    },
    /// A code of a connector is a canonical course, or none.
    Equate(CourseDecision),
    /// A claim is a teacher's, or is not, or a provisional teacher is another one.
    Identity(Ruling),
    /// A decision is taken back.
    Undo {
        /// The decision.
        decision: i64,
    },
}

/// What was decided, or would be, and whose hours it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Decided {
    /// The decision that was written, or taken back; nothing of a plan.
    pub decision: Option<i64>,
    /// Whether it was only a plan: nothing was changed.
    pub planned: bool,
    /// Teachers for whom something changes.
    pub teachers: Vec<Change>,
}

/// Decisions, the oldest first; of one teacher's records and claims where a teacher is given.
///
/// # Errors
/// [`NotFound::Teacher`].
pub async fn list(opened: &OpenDatabase, teacher: Option<i64>, span: Span) -> Result<Page<Decision>, OperationError> {
    if let Some(teacher) = teacher
        && report::teacher(&opened.db, &opened.keys, teacher).await?.is_none()
    {
        return Err(NotFound::Teacher { teacher }.into());
    }
    let rows = decisions::list(&opened.db, teacher, span.after, span.one_more()).await?;
    Ok(Page::part(rows, span.limit, |row| row.decision.to_string()))
}

/// Decides, and settles whom it concerns; or only tells what would change. The decision and its audit entry are written in
/// either case, in one transaction, from which nothing remains of a plan: so a plan tells what would be done.
///
/// # Errors
/// [`NotFound`], [`DecisionRefused`].
pub async fn decide(
    runtime: &Runtime,
    act: Act<'_>,
    mode: Mode,
    proposal: &Proposal,
) -> Result<Decided, OperationError> {
    let DeliveryContext { db, policy, .. } = &runtime.delivery;
    let mut tx = db.begin().await?;
    let Written { decision, teachers } = write(&mut tx, &runtime.delivery, act, proposal).await?;
    let before = Snapshot::of(&mut db.look().await?, policy, &teachers).await?;
    let after = Snapshot::of(&mut tx, policy, &teachers).await?;
    let changes = recount::between(&before, &after);
    match mode {
        Mode::Plan => drop(tx),
        Mode::Apply => {
            marks::add(&mut tx, changes.iter().map(|change| change.teacher)).await?;
            tx.commit().await?;
            runtime.settle().await?;
        }
    }
    let planned = mode == Mode::Plan;
    Ok(Decided { decision: (!planned).then_some(decision), planned, teachers: changes })
}

/// A decision that stands once the transaction is committed.
struct Written {
    decision: i64,
    /// Whom it can concern.
    teachers: Vec<i64>,
}

/// Writes the decision, with its audit entry, and what follows from it for claims.
async fn write(
    tx: &mut Tx,
    context: &DeliveryContext,
    act: Act<'_>,
    proposal: &Proposal,
) -> Result<Written, OperationError> {
    let verdict = match proposal {
        Proposal::Revoke { record } => {
            check_not_revoked(tx, *record).await?;
            about_record(DecisionKind::CreditRevoke, *record, json!({}))
        }
        Proposal::Keep { record } => about_record(DecisionKind::CreditKeep, *record, json!({})),
        Proposal::Grade { record, grade } => {
            about_record(DecisionKind::CreditGrade, *record, json!({ "grade": grade.as_str() }))
        }
        Proposal::Equate(equation) => about_course(context, equation)?,
        Proposal::Identity(ruling) => {
            let ruled = rulings::rule(tx, rules(context), *ruling, act.author()).await?.map_err(refused)?;
            return Ok(Written { decision: ruled.decision, teachers: ruled.teachers });
        }
        Proposal::Undo { decision } => return undo(tx, context, act, *decision).await,
    };
    let teachers = concerned(tx, &verdict).await?;
    let decision = decisions::decide(tx, &context.keys, &verdict, act.author()).await?;
    Ok(Written { decision, teachers })
}

async fn undo(tx: &mut Tx, context: &DeliveryContext, act: Act<'_>, number: i64) -> Result<Written, OperationError> {
    let held = match decisions::find(tx, number).await? {
        Some(Decision { reversed_by: Some(undone_by), .. }) => return Err(undone_already(tx, number, undone_by).await?),
        found => found.filter(|decision| decision.reverses.is_none()).ok_or(NotFound::Decision { decision: number })?,
    };
    if held.kind.is_identity() {
        let undone = rulings::undo(tx, rules(context), &held, act.author()).await?.map_err(refused)?;
        return Ok(Written { decision: undone.decision, teachers: undone.teachers });
    }
    let teachers = concerned(tx, &held.verdict()).await?;
    decisions::reverse(tx, &context.keys, number, act.author()).await?;
    Ok(Written { decision: number, teachers })
}

async fn undone_already(tx: &mut Tx, decision: i64, undone_by: i64) -> Result<OperationError, OperationError> {
    let by = decisions::find(tx, undone_by).await?.ok_or(NotFound::Decision { decision: undone_by })?;
    Ok(DecisionRefused::UndoneAlready { decision, undone_by, at: by.at, by: by.actor }.into())
}

/// Refuses to revoke a record that is revoked already.
async fn check_not_revoked(tx: &mut Tx, record: i64) -> Result<(), OperationError> {
    let held = decisions::on_records(tx, &[record]).await?;
    match held.into_iter().find(|decision| decision.kind == DecisionKind::CreditRevoke) {
        None => Ok(()),
        Some(Decision { decision, at, actor, .. }) => {
            Err(DecisionRefused::RevokedAlready { record, decision, at, by: actor }.into())
        }
    }
}

/// By what claims are derived anew.
fn rules(context: &DeliveryContext) -> Rules<'_> {
    Rules { keys: &context.keys, weights: &context.policy.weights }
}

fn about_record(kind: DecisionKind, record: i64, detail: Value) -> Verdict {
    Verdict { kind, teacher: None, claim: None, record: Some(record), detail }
}

fn about_course(context: &DeliveryContext, equation: &CourseDecision) -> Result<Verdict, NotFound> {
    let unknown = |id: &&str| context.policy.crosswalk.course(id).is_none();
    if let Some(id) = equation.course.as_deref().filter(unknown) {
        return Err(NotFound::Course { course: id.to_owned() });
    }
    let kind = DecisionKind::CourseEquate;
    Ok(Verdict { kind, teacher: None, claim: None, record: None, detail: equation.detail() })
}

/// Whom a decision about a record, or about a course, concerns.
async fn concerned(tx: &mut Tx, verdict: &Verdict) -> Result<Vec<i64>, OperationError> {
    if let Some(record) = verdict.record {
        let owner = facts::owners(tx, &[record]).await?.get(&record).copied();
        return Ok(vec![owner.ok_or(NotFound::RecordOfTeacher { record })?]);
    }
    match CourseDecision::read(&verdict.detail) {
        Some(equation) => Ok(courses::teachers(tx, &equation.connector, &equation.code).await?),
        None => Ok(vec![]),
    }
}
