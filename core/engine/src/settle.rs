//! Whose the claims are that wait to be looked at; then the entries of the teachers marked, recomputed by pure rules, in
//! sets, written as differences; and the dead letters that good newer versions have superseded, closed.

use crate::recount;
use huiliu_rules::policy::Policy;
use huiliu_store::delivery::dead_letters;
use huiliu_store::ledger::entries::{self, RuleIds};
use huiliu_store::{Db, StoreError, identity};
use huiliu_vault::keys::Keys;

/// Settles every block of teachers that nobody else settles; gives the number of teachers settled.
///
/// # Errors
/// [`StoreError`]; what was settled before stays.
pub async fn settle_all(
    db: &Db,
    keys: &Keys,
    policy: &Policy,
    rules: &RuleIds,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<usize, StoreError> {
    dead_letters::close_superseded(db).await?;
    identity::examine(db, keys, &policy.weights).await?;
    let decided = recount::with_decisions(db, policy).await?;
    let policy = decided.as_ref().unwrap_or(policy);
    let (mut total, mut after) = (0, -1);
    while let Some((block, teachers)) = entries::settle_block(db, policy, rules, after).await? {
        total += teachers;
        after = block;
        progress(teachers);
    }
    Ok(total)
}
