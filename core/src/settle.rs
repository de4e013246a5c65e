//! The entries of the teachers marked, recomputed by pure rules, in sets, written as differences.

use crate::policy::Policy;
use crate::store::{Db, StoreFault, entries};

/// Teachers settled in one transaction.
const AT_ONCE: u32 = 1_000;

/// Settles until no mark is left; gives the number of teachers settled.
///
/// # Errors
/// [`StoreFault`]; what was settled before stays.
pub async fn settle_all(db: &Db, policy: &Policy, progress: &(dyn Fn(usize) + Sync)) -> Result<usize, StoreFault> {
    let mut total = 0;
    loop {
        let n = entries::settle_some(db, policy, AT_ONCE).await?;
        if n == 0 {
            return Ok(total);
        }
        total += n;
        progress(n);
    }
}
