//! Rings what is landed without a live claim and what a lost message left behind.

use huiliu_queue::{Bell, Doorbell};
use huiliu_store::delivery::batches;
use huiliu_store::{Db, StoreFault};

/// What a sweep came upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swept {
    /// All that is due has rung.
    AllRung,
    /// The queue is full: more is to be rung as it empties.
    Full,
    /// The queue does not answer.
    Deaf,
}

/// Rings batches that are due and that were not rung for `quiet_ms`, as many as the queue has room for, those never rung
/// first.
///
/// # Errors
/// [`StoreFault`].
pub async fn sweep(db: &Db, bell: &Bell, quiet_ms: u64) -> Result<Swept, StoreFault> {
    let Ok(mut depth) = bell.depth().await else { return Ok(Swept::Deaf) };
    if depth > Bell::MOST && bell.tidy().await.is_ok() {
        depth = bell.depth().await.unwrap_or(depth);
    }
    let room = Bell::MOST.saturating_sub(depth);
    let due = batches::to_ring(db, quiet_ms, room).await?;
    let bells: Vec<Doorbell> = due.iter().map(|batch| Doorbell::new(batch.id, batch.generation)).collect();
    let rung = ring(db, bell, &bells).await?;
    Ok(match rung {
        None => Swept::Deaf,
        Some(n) if n == room => Swept::Full,
        Some(_) => Swept::AllRung,
    })
}

/// Rings, and notes what was not rung so that the next sweep does; gives how many the queue took, `None` when it does not
/// answer.
///
/// # Errors
/// [`StoreFault`].
pub async fn ring(db: &Db, bell: &Bell, bells: &[Doorbell]) -> Result<Option<usize>, StoreFault> {
    let rung = match bell.ring(bells).await {
        Ok(n) => Some(n),
        Err(e) => {
            tracing::debug!(error = %e, "the queue did not take a message; the sweep will ring it again");
            None
        }
    };
    let left: Vec<i64> = bells.iter().skip(rung.unwrap_or(0)).map(|bell| bell.batch_id).collect();
    batches::not_rung(db, &left).await?;
    Ok(rung)
}
