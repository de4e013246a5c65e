//! Verifies the ledger: derives every teacher's entries again and compares them with those that are stored.

use schemars::JsonSchema;
use serde::Serialize;

use crate::deliver::DeliveryContext;
use crate::recount;
use huiliu_store::ledger::compare::{self, EntryDifference};
use huiliu_store::ledger::fence;
use huiliu_store::ledger::marks;
use huiliu_store::{StoreError, settlement};

/// Teachers compared per transaction.
const TEACHERS: i64 = 1_000;

/// A field of a current entry that is not what rules, decisions and records give now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LedgerDifference {
    /// The teacher's number.
    pub teacher: i64,
    /// The record's number.
    pub record: i64,
    /// The field; `entry` if only one of both has an entry for the record.
    pub field: &'static str,
    /// The stored value; null if there is none.
    pub stored: Option<String>,
    /// The value derived now; null if there is none.
    pub derived: Option<String>,
}

impl From<EntryDifference> for LedgerDifference {
    fn from(EntryDifference { teacher, record, field, stored, derived }: EntryDifference) -> Self {
        Self { teacher, record, field, stored, derived }
    }
}

/// The result of verifying the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LedgerVerified {
    /// Teachers compared.
    pub teachers: u64,
    /// Teachers, groups and claims that waited to be settled when it began. Only if this is 0 is every difference a fault.
    pub waiting: i64,
    /// Number of fields that differ.
    pub differing: u64,
    /// The first differences, up to a limit.
    pub differences: Vec<LedgerDifference>,
}

/// Compares all current entries with those that the rules in force, the decisions and the records give now. Works in
/// blocks of teachers, each at one moment, and keeps at most `limit` differences.
///
/// # Errors
/// [`StoreError`] if the database fails, or if this program cannot read the rules in force.
pub async fn verify_ledger(context: &DeliveryContext, limit: usize) -> Result<LedgerVerified, StoreError> {
    let waiting = settlement::count_due(&context.db).await?;
    let mut verified = LedgerVerified { waiting, ..LedgerVerified::default() };
    let mut last = 0;
    loop {
        let snapshot = context.rules.refresh_or_fail(&context.db, &context.keys).await?;
        let mut tx = context.db.begin_read_only().await?;
        let state = fence::read_state_in(&mut tx).await?;
        if snapshot.activation != 0 && state.activation != snapshot.activation {
            continue;
        }
        let ids = marks::teachers_after(&mut tx, last, TEACHERS).await?;
        let Some(end) = ids.last() else { return Ok(verified) };
        last = *end;
        let policy = recount::load_policy_with_decisions(&mut tx, &snapshot.policy).await?;
        for teachers in ids.chunks(256) {
            let found = compare::compare_teachers(&mut tx, &policy, &snapshot.rules, teachers).await?;
            verified.differing += found.len() as u64;
            let room = limit.saturating_sub(verified.differences.len());
            verified.differences.extend(found.into_iter().take(room).map(LedgerDifference::from));
        }
        verified.teachers += ids.len() as u64;
    }
}
