//! Rings what is landed without a live claim and what a lost message or a dead worker left behind.

use crate::queue::Bell;
use crate::store::{Db, StoreFault, books};

/// Messages rung at once.
const AT_ONCE: u32 = 500;

/// Rings every batch that is due, or whose claim's lease has run out, and that was not rung for `quiet_ms`.
///
/// # Errors
/// [`StoreFault`].
pub async fn sweep(db: &Db, bell: &Bell, quiet_ms: u64) -> Result<usize, StoreFault> {
    let due = books::to_ring(db, quiet_ms, AT_ONCE).await?;
    if let Err(e) = bell.ring(&due).await {
        tracing::warn!(error = %e, "the queue did not take the sweep's messages; trying again later");
    }
    Ok(due.len())
}
