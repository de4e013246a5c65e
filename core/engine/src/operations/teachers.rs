//! Teachers' hours: those of all by cycle, and a teacher's ledger explained, down to the bytes that say so.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::{NotFound, OperationError};
use super::page::Page;
use super::roster::holds;
use crate::database::OpenDatabase;
use crate::recount::{self, CycleTotals};
use crate::runtime::Runtime;
use crate::settings::Settings;
use crate::{evidence, rule_files};
use huiliu_rules::ledger::standing::{self, Line, Sum};
use huiliu_rules::policy::Policy;
use huiliu_store::admin::reports;
use huiliu_store::ledger::trace::{self, EntryRow};
use huiliu_store::roster::report::{self, MembershipRow};
use huiliu_values::{EntryOutcome, ExactHours, IdNumber};

/// Which teacher is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichTeacher {
    /// The one of this number.
    Number(i64),
    /// The one with this ID number.
    IdNumber(IdNumber),
}

/// The teacher who is meant.
pub(super) async fn find(opened: &OpenDatabase, which: &WhichTeacher) -> Result<i64, OperationError> {
    let teacher = match which {
        WhichTeacher::Number(number) => *number,
        WhichTeacher::IdNumber(number) => {
            let found = reports::teacher_by_id_number(&opened.db, &opened.keys, number).await?;
            found.ok_or(NotFound::TeacherOfIdNumber)?
        }
    };
    if !reports::is_teacher(&opened.db, teacher).await? {
        return Err(NotFound::Teacher { teacher }.into());
    }
    Ok(teacher)
}

/// The hours of all teachers by cycle; where a rule pack asks for hours in any so many years, those up to the day beside
/// them.
///
/// # Errors
/// [`OperationError::Rules`].
pub async fn totals(
    settings: &Settings,
    opened: &OpenDatabase,
    on: NaiveDate,
) -> Result<Page<CycleTotals>, OperationError> {
    let policy = recount::in_force(&opened.db, rule_files::policy(settings)?).await?;
    Ok(Page::whole(recount::totals(&opened.db, &policy, on).await?))
}

/// A teacher's ledger: every hour counted or refused, by which rule.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TeacherExplained {
    /// The teacher.
    pub teacher: i64,
    /// Class hours counted for good.
    pub counted: ExactHours,
    /// Class hours counted provisionally.
    pub provisional: ExactHours,
    /// By cycle, against what is asked for.
    pub sums: Vec<Sum>,
    /// The current entries, by record.
    pub entries: Vec<EntryRow>,
    /// Of each entry, the region that it counts for, if one is known.
    pub regions: Vec<Option<String>>,
    /// Of each entry, the raw record as it was received, what could be an ID or phone number masked; nothing where today's
    /// manifest does not find it any more. Empty where it was not asked for.
    pub raw: Vec<Option<String>>,
}

/// Explains a teacher's ledger; years are counted up to the day.
///
/// # Errors
/// [`OperationError::NotFound`], [`OperationError::Rules`].
pub async fn explain(
    settings: &Settings,
    opened: &OpenDatabase,
    which: &WhichTeacher,
    on: NaiveDate,
) -> Result<TeacherExplained, OperationError> {
    explained(&rule_files::policy(settings)?, opened, which, on).await
}

/// Explains a teacher's ledger, and gives the raw record of each entry, out of the payload as it was received.
///
/// # Errors
/// [`OperationError::NotFound`].
pub async fn explain_with_raw(
    runtime: &Runtime,
    which: &WhichTeacher,
    on: NaiveDate,
) -> Result<TeacherExplained, OperationError> {
    let context = &runtime.delivery;
    let mut explained = explained(&context.policy, &runtime.opened(), which, on).await?;
    for entry in &explained.entries {
        explained.raw.push(evidence::raw(context, entry.batch, &entry.address).await?);
    }
    Ok(explained)
}

async fn explained(
    policy: &Policy,
    opened: &OpenDatabase,
    which: &WhichTeacher,
    on: NaiveDate,
) -> Result<TeacherExplained, OperationError> {
    let teacher = find(opened, which).await?;
    let entries = trace::entries(&opened.db, teacher).await?;
    let row = report::teacher(&opened.db, &opened.keys, teacher).await?;
    let memberships = row.map(|row| row.memberships).unwrap_or_default();
    let lines: Vec<Line> = entries.iter().map(EntryRow::line).collect();
    let sum = |outcome: EntryOutcome| entries.iter().filter(|e| e.outcome == outcome).map(|e| e.hours.0).sum::<i64>();
    Ok(TeacherExplained {
        teacher,
        counted: ExactHours(sum(EntryOutcome::Counted)),
        provisional: ExactHours(sum(EntryOutcome::Provisional)),
        sums: standing::sums(policy, &lines, on),
        regions: entries.iter().map(|entry| region(policy, &memberships, entry)).collect(),
        raw: vec![],
        entries,
    })
}

/// The region that an entry counts for: where the teacher was on the day that the pack names.
fn region(policy: &Policy, memberships: &[MembershipRow], entry: &EntryRow) -> Option<String> {
    let end: NaiveDate = entry.period_end.parse().ok()?;
    let pack = policy.pack(end)?;
    let day = match pack.chosen.get("moved_teacher") {
        Some(&"at_cycle_end") => pack.cycle(end)?.to,
        _ => end,
    };
    memberships.iter().rev().find(|membership| holds(membership, day))?.region.clone()
}
