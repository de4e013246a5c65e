//! Rings what is landed without a live claim and what a lost message left behind.

use huiliu_queue::{Notice, Queue};
use huiliu_store::delivery::batches;
use huiliu_store::{Db, StoreError};

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
/// [`StoreError`].
pub async fn sweep(db: &Db, queue: &Queue, quiet_ms: u64) -> Result<Swept, StoreError> {
    let Ok(mut depth) = queue.depth().await else { return Ok(Swept::Deaf) };
    if depth > Queue::MAX && queue.tidy().await.is_ok() {
        depth = queue.depth().await.unwrap_or(depth);
    }
    let room = Queue::MAX.saturating_sub(depth);
    let due = batches::to_ring(db, quiet_ms, room).await?;
    let notices: Vec<Notice> = due.iter().map(|batch| Notice::new(batch.id, batch.generation)).collect();
    let rung = notify(db, queue, &notices).await?;
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
/// [`StoreError`].
pub async fn notify(db: &Db, queue: &Queue, notices: &[Notice]) -> Result<Option<usize>, StoreError> {
    let rung = match queue.notify(notices).await {
        Ok(n) => Some(n),
        Err(e) => {
            tracing::debug!(error = %e, "the queue did not take a message; the sweep will ring it again");
            None
        }
    };
    let left: Vec<i64> = notices.iter().skip(rung.unwrap_or(0)).map(|queue| queue.batch_id).collect();
    batches::not_rung(db, &left).await?;
    Ok(rung)
}
