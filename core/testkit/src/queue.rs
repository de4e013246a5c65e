//! Conformance of queues.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use huiliu_authoring::gate::law::{Broken, check_law, to_broken};
use huiliu_queue::{Handler, Notice, Queue};

const PATIENCE: Duration = Duration::from_secs(20);
const MAX_CONCURRENT: usize = 3;

/// Records the batches that a worker received.
#[derive(Default)]
struct BatchRecorder {
    heard: Mutex<Vec<i64>>,
    busy: AtomicUsize,
    busiest: AtomicUsize,
}

impl BatchRecorder {
    fn make_handler(self: &Arc<Self>) -> Handler {
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

    fn distinct_batches(&self) -> BTreeSet<i64> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    async fn wait_for_batches(&self, wanted: &BTreeSet<i64>) -> Result<(), Broken> {
        let started = Instant::now();
        while !wanted.is_subset(&self.distinct_batches()) {
            check_law(
                started.elapsed() < PATIENCE,
                format!(
                    "{} of {} notices heard in {PATIENCE:?}",
                    self.distinct_batches().intersection(wanted).count(),
                    wanted.len()
                ),
            )?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

const POISON: i64 = 13;

/// Notifies and listens. Checks that every notice is received, that no more handlers run at a time than allowed, that a
/// panic ends no worker, that a stop lets running work finish, that a restarted worker receives again, and that the
/// queue stays within its bounds and empties.
///
/// # Errors
/// The law that is broken.
pub async fn exercise_queue(queue: &Queue) -> Result<(), Broken> {
    let ears = Arc::new(BatchRecorder::default());
    let first: BTreeSet<i64> = (1..=40).collect();
    notify_all(queue, &first).await?;
    let (stop, worker) = start_worker(queue, &ears);
    ears.wait_for_batches(&first).await?;
    let more: BTreeSet<i64> = (100..160).collect();
    notify_all(queue, &more).await?;
    ears.wait_for_batches(&more).await?;
    stop_worker(stop, worker).await?;
    let busiest = ears.busiest.load(Ordering::SeqCst);
    check_law(busiest <= MAX_CONCURRENT, format!("{busiest} at a time, {MAX_CONCURRENT} allowed"))?;
    check_law(ears.busy.load(Ordering::SeqCst) == 0, "a stop cut work that was in hand")?;
    flood_queue(queue).await
}

/// Sends more notices than the queue has room for. The worker that starts afterwards must receive exactly those that
/// the queue says it took.
async fn flood_queue(queue: &Queue) -> Result<(), Broken> {
    let flood: Vec<Notice> = (1_000..1_700).map(|batch| Notice::new(batch, 1)).collect();
    let taken = queue.notify(&flood).await.map_err(to_broken)?;
    let depth = queue.depth().await.map_err(to_broken)?;
    check_law(depth <= taken.max(Queue::MAX), format!("{depth} messages after {taken} were taken"))?;
    if matches!(queue, Queue::Redis(_)) {
        check_law(
            taken <= Queue::MAX && queue.notify(&flood).await.map_err(to_broken)? == 0,
            "a full queue took more",
        )?;
    }
    let ears = Arc::new(BatchRecorder::default());
    let (stop, worker) = start_worker(queue, &ears);
    ears.wait_for_batches(&flood.iter().take(taken).map(|queue| queue.batch_id).collect()).await?;
    stop_worker(stop, worker).await?;
    queue.set_aside_foreign_data().await.map_err(to_broken)?;
    check_law(queue.depth().await.map_err(to_broken)? == 0, "messages are left that were heard")
}

async fn notify_all(queue: &Queue, batches: &BTreeSet<i64>) -> Result<(), Broken> {
    let notices: Vec<Notice> = batches.iter().map(|batch| Notice::new(*batch, 1)).collect();
    let taken = queue.notify(&notices).await.map_err(to_broken)?;
    check_law(taken == notices.len(), format!("{taken} of {} notices taken by an empty queue", notices.len()))
}

type Worker = tokio::task::JoinHandle<Result<(), huiliu_queue::QueueError>>;

fn start_worker(queue: &Queue, ears: &Arc<BatchRecorder>) -> (watch::Sender<bool>, Worker) {
    let (stop, stopped) = watch::channel(false);
    let (queue, handler) = (queue.clone(), ears.make_handler());
    let worker = tokio::spawn(async move { huiliu_queue::run_worker(&queue, MAX_CONCURRENT, handler, stopped).await });
    (stop, worker)
}

async fn stop_worker(stop: watch::Sender<bool>, worker: Worker) -> Result<(), Broken> {
    stop.send(true).map_err(to_broken)?;
    match tokio::time::timeout(PATIENCE, worker).await {
        Ok(Ok(ended)) => ended.map_err(to_broken),
        Ok(Err(e)) => Err(to_broken(e)),
        Err(_) => Err(format!("not stopped within {PATIENCE:?}")),
    }
}
