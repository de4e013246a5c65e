//! Settlement: resolves pending identity claims, recomputes marked teachers' entries by pure rules, in blocks, and
//! writes the differences. Also closes dead letters that good newer versions have superseded.

use crate::recount;
use huiliu_rules::policy::Policy;
use huiliu_store::delivery::dead_letters;
use huiliu_store::ledger::entries::{self, RuleIds};
use huiliu_store::{Db, StoreError, identity};
use huiliu_vault::keys::Keys;

/// Settles every block of teachers that no other process is settling. Returns the number of teachers settled.
///
/// # Errors
/// [`StoreError`]; blocks that were settled before it stay settled.
pub async fn settle_all(
    db: &Db,
    keys: &Keys,
    policy: &Policy,
    rules: &RuleIds,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<usize, StoreError> {
    dead_letters::close_superseded(db).await?;
    identity::decide_new_claims(db, keys, &policy.weights).await?;
    let decided = recount::policy_with_decisions(db, policy).await?;
    let policy = decided.as_ref().unwrap_or(policy);
    let (mut total, mut after) = (0, -1);
    while let Some(settled) = entries::settle_block(db, policy, rules, after).await? {
        total += settled.teachers;
        after = settled.block;
        progress(settled.teachers);
    }
    Ok(total)
}
