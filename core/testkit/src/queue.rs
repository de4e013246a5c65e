//! What every queue must do.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use huiliu_authoring::gate::law::{Broken, broken, law};
use huiliu_queue::{Handler, Notice, Queue};

const PATIENCE: Duration = Duration::from_secs(20);
const SIDE_BY_SIDE: usize = 3;

/// What a worker heard.
#[derive(Default)]
struct Ears {
    heard: Mutex<Vec<i64>>,
    busy: AtomicUsize,
    busiest: AtomicUsize,
}

impl Ears {
    fn handler(self: &Arc<Self>) -> Handler {
        let ears = self.clone();
        Arc::new(move |batch| {
            let ears = ears.clone();
            Box::pin(async move {
                let busy = ears.busy.fetch_add(1, Ordering::SeqCst) + 1;
                ears.busiest.fetch_max(busy, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
                ears.busy.fetch_sub(1, Ordering::SeqCst);
                ears.heard.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
                assert!(batch != POISON, "a handler that panics ends no worker");
            })
        })
    }

    fn distinct(&self) -> BTreeSet<i64> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    async fn hears(&self, wanted: &BTreeSet<i64>) -> Result<(), Broken> {
        let started = Instant::now();
        while !wanted.is_subset(&self.distinct()) {
            law(
                started.elapsed() < PATIENCE,
                format!(
                    "{} of {} notices heard in {PATIENCE:?}",
                    self.distinct().intersection(wanted).count(),
                    wanted.len()
                ),
            )?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

const POISON: i64 = 13;

/// Rings and listens: every queue is heard, no more at a time than allowed, a panic ends no worker, a stop lets work in
/// hand finish, whoever starts again hears again, and the place stays within its bounds and empties.
///
/// # Errors
/// The law that does not hold.
pub async fn exercise_queue(queue: &Queue) -> Result<(), Broken> {
    let ears = Arc::new(Ears::default());
    let first: BTreeSet<i64> = (1..=40).collect();
    ring_all(queue, &first).await?;
    let (stop, worker) = start(queue, &ears);
    ears.hears(&first).await?;
    let more: BTreeSet<i64> = (100..160).collect();
    ring_all(queue, &more).await?;
    ears.hears(&more).await?;
    finish(stop, worker).await?;
    let busiest = ears.busiest.load(Ordering::SeqCst);
    law(busiest <= SIDE_BY_SIDE, format!("{busiest} at a time, {SIDE_BY_SIDE} allowed"))?;
    law(ears.busy.load(Ordering::SeqCst) == 0, "a stop cut work that was in hand")?;
    flood(queue).await
}

/// More notices than a queue has room for: what it says it took is what is heard, by whoever starts afterwards.
async fn flood(queue: &Queue) -> Result<(), Broken> {
    let flood: Vec<Notice> = (1_000..1_700).map(|batch| Notice::new(batch, 1)).collect();
    let taken = queue.notify(&flood).await.map_err(broken)?;
    let depth = queue.depth().await.map_err(broken)?;
    law(depth <= taken.max(Queue::MAX), format!("{depth} messages after {taken} were taken"))?;
    if matches!(queue, Queue::Redis(_)) {
        law(taken <= Queue::MAX && queue.notify(&flood).await.map_err(broken)? == 0, "a full queue took more")?;
    }
    let ears = Arc::new(Ears::default());
    let (stop, worker) = start(queue, &ears);
    ears.hears(&flood.iter().take(taken).map(|queue| queue.batch_id).collect()).await?;
    finish(stop, worker).await?;
    queue.tidy().await.map_err(broken)?;
    law(queue.depth().await.map_err(broken)? == 0, "messages are left that were heard")
}

async fn ring_all(queue: &Queue, batches: &BTreeSet<i64>) -> Result<(), Broken> {
    let notices: Vec<Notice> = batches.iter().map(|batch| Notice::new(*batch, 1)).collect();
    let taken = queue.notify(&notices).await.map_err(broken)?;
    law(taken == notices.len(), format!("{taken} of {} notices taken by an empty queue", notices.len()))
}

type Worker = tokio::task::JoinHandle<Result<(), huiliu_queue::QueueError>>;

fn start(queue: &Queue, ears: &Arc<Ears>) -> (watch::Sender<bool>, Worker) {
    let (stop, stopped) = watch::channel(false);
    let (queue, handler) = (queue.clone(), ears.handler());
    let worker = tokio::spawn(async move { huiliu_queue::work(&queue, SIDE_BY_SIDE, handler, stopped).await });
    (stop, worker)
}

async fn finish(stop: watch::Sender<bool>, worker: Worker) -> Result<(), Broken> {
    stop.send(true).map_err(broken)?;
    match tokio::time::timeout(PATIENCE, worker).await {
        Ok(Ok(ended)) => ended.map_err(broken),
        Ok(Err(e)) => Err(broken(e)),
        Err(_) => Err(format!("not stopped within {PATIENCE:?}")),
    }
}
