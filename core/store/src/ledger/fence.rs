//! The fence of settlement: a number that goes up whenever entries may depend on something that their teachers' marks do
//! not tell: other rules, or a decision about a course. Whoever wrote by an older number does not commit.

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Row;

/// The number of the last change, and the rules in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerState {
    /// Goes up with every activation of rules and every decision about a course.
    pub number: i64,
    /// The activation number of the rules in force; 0 if no rules were activated yet.
    pub activation: i64,
}

const READ: &str = "SELECT number, activation FROM ledger_change WHERE id = 1";
/// Settlements share it for their commit; whoever raises the number takes it alone.
const LOCK: (&str, i64) = ("ledger", 0);

fn parse_state(rows: &[Row]) -> Result<LedgerState, StoreError> {
    let row = rows.first().ok_or_else(|| StoreError::Column { column: "ledger_change.number".into() })?;
    Ok(LedgerState { number: row.int("number")?, activation: row.int("activation")? })
}

/// Reads the state outside a transaction. Cheap enough for every batch of work.
///
/// # Errors
/// [`StoreError`].
pub async fn read_state(db: &Db) -> Result<LedgerState, StoreError> {
    parse_state(&db.fetch_rows(READ, vec![]).await?)
}

/// Reads the state as a transaction sees it.
///
/// # Errors
/// [`StoreError`].
pub async fn read_state_in(tx: &mut Tx) -> Result<LedgerState, StoreError> {
    parse_state(&tx.fetch_rows(READ, vec![]).await?)
}

/// Raises the number, and makes an activation of rules the one in force if one is given. It takes effect with the commit,
/// for which settlements wait from now on, so this comes late in a transaction, after its audit entry.
///
/// # Errors
/// [`StoreError`].
pub async fn raise_number(tx: &mut Tx, activation: Option<i64>) -> Result<(), StoreError> {
    tx.take_advisory_lock(LOCK.0, LOCK.1).await?;
    let sql = "UPDATE ledger_change SET number = number + 1, activation = CASE WHEN $1 > 0 THEN $1 ELSE activation END
               WHERE id = 1";
    tx.execute(sql, vec![activation.unwrap_or(0).into()]).await?;
    Ok(())
}

/// Keeps the number as it is until the transaction ends, and returns the state.
///
/// # Errors
/// [`StoreError`].
pub async fn hold_state(tx: &mut Tx) -> Result<LedgerState, StoreError> {
    if !tx.is_rehearsed() {
        tx.share_advisory_lock(LOCK.0, LOCK.1).await?;
    }
    read_state_in(tx).await
}

/// Returns whether what this transaction wrote by the state `by` still holds, and keeps it so until the commit. Otherwise
/// the transaction must be rolled back.
///
/// # Errors
/// [`StoreError`].
pub async fn still_holds(tx: &mut Tx, by: LedgerState) -> Result<bool, StoreError> {
    Ok(crate::faults::skip_fence() || hold_state(tx).await? == by)
}

/// Does the same as [`still_holds`] for what depends on the rules alone and on no decision about a course.
///
/// # Errors
/// [`StoreError`].
pub async fn rules_still_hold(tx: &mut Tx, activation: i64) -> Result<bool, StoreError> {
    Ok(crate::faults::skip_fence() || hold_state(tx).await?.activation == activation)
}
