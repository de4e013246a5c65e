//! Whose the claims are that wait to be looked at; then the entries of the teachers marked, recomputed by pure rules, in
//! sets, written as differences; and the dead letters that good newer versions have outdone, closed.

use crate::keys::Keys;
use crate::policy::Policy;
use crate::recount;
use crate::store::entries::{self, RuleIds};
use crate::store::{Db, StoreFault, identity, letters, marks};

/// How many teachers and claims wait to be settled.
///
/// # Errors
/// [`StoreFault`].
pub async fn due(db: &Db) -> Result<i64, StoreFault> {
    Ok(marks::count(db).await? + identity::due(db).await?)
}

/// Settles every block of teachers that nobody else settles; gives the number of teachers settled.
///
/// # Errors
/// [`StoreFault`]; what was settled before stays.
pub async fn settle_all(
    db: &Db,
    keys: &Keys,
    policy: &Policy,
    rules: &RuleIds,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<usize, StoreFault> {
    letters::close_outdone(db).await?;
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
