//! Verifies the ledger: compares every stored entry with the one that rules, decisions and records give now.

use std::sync::Arc;

use super::error::{NotFound, OperationError};
use crate::active_rules::{RuleFollower, RuleSnapshot};
use crate::database::OpenDatabase;
use crate::settings::Settings;
use crate::verify::{LedgerVerified, TeacherRange, Verifier};
use huiliu_store::admin::reports;
use huiliu_store::ledger::verified;

/// Differences that are listed; all are counted.
const LISTED: usize = 1_000;

/// Verifies the entries of all teachers, or of one. Changes no entry. In a database without rules, all teachers wait.
/// `progress` is told the number of teachers of each block.
///
/// # Errors
/// [`OperationError::NotFound`] if there is no such teacher, [`OperationError::ActiveRules`] if this program cannot read the
/// rules in force.
pub async fn ledger(
    settings: &Settings,
    opened: &OpenDatabase,
    teacher: Option<i64>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<LedgerVerified, OperationError> {
    let OpenDatabase { db, keys, .. } = opened;
    if let Some(teacher) = teacher
        && !reports::is_teacher(db, teacher).await?
    {
        return Err(NotFound::Teacher { teacher }.into());
    }
    let Some(snapshot) = RuleSnapshot::load(db, keys, settings).await? else {
        let waiting = if teacher.is_some() { 1 } else { verified::count_teachers(db).await? };
        return Ok(LedgerVerified { waiting: u64::try_from(waiting).unwrap_or(0), ..LedgerVerified::default() });
    };
    let rules = RuleFollower::new(snapshot, Arc::new(settings.clone()));
    let range = teacher.map_or(TeacherRange::ALL, TeacherRange::single);
    Ok(Verifier { db, keys, rules: &rules }.verify_teachers(range, LISTED, progress).await?)
}
