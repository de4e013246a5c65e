//! Teachers' hours: totals of all teachers by cycle, and the ledger of one teacher explained down to the raw records.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::{NotFound, OperationError};
use super::page::Page;
use super::roster::is_in_force;
use crate::database::OpenDatabase;
use crate::recount::{self, CycleTotals};
use crate::runtime::Runtime;
use crate::settings::Settings;
use crate::{active_rules, evidence, rule_files};
use huiliu_rules::ledger::standing::{self, Line, Sum};
use huiliu_rules::policy::Policy;
use huiliu_store::admin::reports;
use huiliu_store::ledger::trace::{self, EntryRow};
use huiliu_store::roster::report::{self, MembershipRow};
use huiliu_values::{EntryOutcome, ExactHours, IdNumber};

/// How a teacher is identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeacherSelector {
    /// By the teacher's number in the database.
    Number(i64),
    /// By ID number.
    IdNumber(IdNumber),
}

/// Finds the teacher's number.
pub(super) async fn find_teacher(opened: &OpenDatabase, which: &TeacherSelector) -> Result<i64, OperationError> {
    let teacher = match which {
        TeacherSelector::Number(number) => *number,
        TeacherSelector::IdNumber(number) => {
            let found = reports::teacher_by_id_number(&opened.db, &opened.keys, number).await?;
            found.ok_or(NotFound::TeacherOfIdNumber)?
        }
    };
    if !reports::is_teacher(&opened.db, teacher).await? {
        return Err(NotFound::Teacher { teacher }.into());
    }
    Ok(teacher)
}

/// Sums the hours of all teachers by cycle, and also over the years up to `on` if a rule pack requires hours within a
/// number of years.
///
/// # Errors
/// [`OperationError::Rules`] if the rules cannot be used.
pub async fn totals(
    settings: &Settings,
    opened: &OpenDatabase,
    on: NaiveDate,
) -> Result<Page<CycleTotals>, OperationError> {
    let settings = active_rules::apply_active(settings, &opened.db).await?;
    let policy = recount::policy_in_force(&opened.db, rule_files::load_policy(&settings)?).await?;
    Ok(Page::from_all(recount::sum_cycle_totals(&opened.db, &policy, on).await?))
}

/// A teacher's ledger: every hour that counts or does not, and the rule that says so.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TeacherExplained {
    /// The teacher's number.
    pub teacher: i64,
    /// Class hours that count definitively.
    pub counted: ExactHours,
    /// Class hours that count provisionally.
    pub provisional: ExactHours,
    /// The sums by cycle, compared with the requirement.
    pub sums: Vec<Sum>,
    /// The current entries, by record.
    pub entries: Vec<EntryRow>,
    /// For each entry, the region it counts for, if known.
    pub regions: Vec<Option<String>>,
    /// For each entry, the raw record as received, with what could be an ID or phone number masked; null if today's
    /// manifest no longer finds it. Empty if raw records were not requested.
    pub raw: Vec<Option<String>>,
}

/// Explains a teacher's ledger. Spans of years end on the day `on`.
///
/// # Errors
/// [`OperationError::NotFound`] if it does not exist; [`OperationError::Rules`] if the rules cannot be used.
pub async fn explain(
    settings: &Settings,
    opened: &OpenDatabase,
    which: &TeacherSelector,
    on: NaiveDate,
) -> Result<TeacherExplained, OperationError> {
    let settings = active_rules::apply_active(settings, &opened.db).await?;
    explain_ledger(&rule_files::load_policy(&settings)?, opened, which, on).await
}

/// Explains a teacher's ledger, and adds the raw record of each entry from the payload as received.
///
/// # Errors
/// [`OperationError::NotFound`] if it does not exist.
pub async fn explain_with_raw(
    runtime: &Runtime,
    which: &TeacherSelector,
    on: NaiveDate,
) -> Result<TeacherExplained, OperationError> {
    let context = &runtime.delivery;
    let mut explained = explain_ledger(&context.rules.current().policy, &runtime.database_handle(), which, on).await?;
    for entry in &explained.entries {
        explained.raw.push(evidence::load_raw_record(context, entry.batch, &entry.address).await?);
    }
    Ok(explained)
}

async fn explain_ledger(
    policy: &Policy,
    opened: &OpenDatabase,
    which: &TeacherSelector,
    on: NaiveDate,
) -> Result<TeacherExplained, OperationError> {
    let teacher = find_teacher(opened, which).await?;
    let entries = trace::list_entries(&opened.db, teacher).await?;
    let row = report::load_teacher(&opened.db, &opened.keys, teacher).await?;
    let memberships = row.map(|row| row.memberships).unwrap_or_default();
    let lines: Vec<Line> = entries.iter().map(EntryRow::to_line).collect();
    let sum = |outcome: EntryOutcome| entries.iter().filter(|e| e.outcome == outcome).map(|e| e.hours.0).sum::<i64>();
    Ok(TeacherExplained {
        teacher,
        counted: ExactHours(sum(EntryOutcome::Counted)),
        provisional: ExactHours(sum(EntryOutcome::Provisional)),
        sums: standing::sum_by_cycle(policy, &lines, on),
        regions: entries.iter().map(|entry| region_of_entry(policy, &memberships, entry)).collect(),
        raw: vec![],
        entries,
    })
}

/// Returns the region that an entry counts for: the teacher's region on the day that the pack's rules choose.
fn region_of_entry(policy: &Policy, memberships: &[MembershipRow], entry: &EntryRow) -> Option<String> {
    let end: NaiveDate = entry.period_end.parse().ok()?;
    let pack = policy.pack_for_day(end)?;
    let day = match pack.chosen.get("moved_teacher") {
        Some(&"at_cycle_end") => pack.find_cycle(end)?.to,
        _ => end,
    };
    memberships.iter().rev().find(|membership| is_in_force(membership, day))?.region.clone()
}
