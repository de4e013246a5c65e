//! Enqueues landed batches that nobody claims, and batches whose queue message was lost.

use huiliu_queue::{Notice, Queue};
use huiliu_store::delivery::batches;
use huiliu_store::{Db, StoreError};

/// What a sweep found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepOutcome {
    /// All due batches are enqueued.
    AllEnqueued,
    /// The queue is full; more batches will be enqueued as it empties.
    Full,
    /// The queue does not answer.
    QueueUnreachable,
}

/// Enqueues due batches that have not been enqueued for `quiet_ms` milliseconds, as many as the queue has room for.
/// Batches that were never enqueued come first.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn sweep_batches(db: &Db, queue: &Queue, quiet_ms: u64) -> Result<SweepOutcome, StoreError> {
    let Ok(mut depth) = queue.depth().await else { return Ok(SweepOutcome::QueueUnreachable) };
    if depth > Queue::MAX && queue.set_aside_foreign_data().await.is_ok() {
        depth = queue.depth().await.unwrap_or(depth);
    }
    let room = Queue::MAX.saturating_sub(depth);
    let due = batches::take_unnotified(db, quiet_ms, room).await?;
    let notices: Vec<Notice> = due.iter().map(|batch| Notice::new(batch.id, batch.generation)).collect();
    let rung = notify_queue(db, queue, &notices).await?;
    Ok(match rung {
        None => SweepOutcome::QueueUnreachable,
        Some(n) if n == room => SweepOutcome::Full,
        Some(_) => SweepOutcome::AllEnqueued,
    })
}

/// Enqueues notices. Records those the queue did not take, so that the next sweep enqueues them. Returns how many the
/// queue took, `None` if it does not answer.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn notify_queue(db: &Db, queue: &Queue, notices: &[Notice]) -> Result<Option<usize>, StoreError> {
    let rung = match queue.notify(notices).await {
        Ok(n) => Some(n),
        Err(e) => {
            tracing::debug!(error = %e, "the queue did not take a message; the sweep will ring it again");
            None
        }
    };
    let left: Vec<i64> = notices.iter().skip(rung.unwrap_or(0)).map(|queue| queue.batch_id).collect();
    batches::unmark_notified(db, &left).await?;
    Ok(rung)
}
