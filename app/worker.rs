//! The loops of a worker: deliver batches from the queue, sweep, deliver batches that dead workers left, follow the
//! registry.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use huiliu_engine::deliver::{BatchFailure, Delivered};
use huiliu_engine::runtime::Runtime;
use huiliu_engine::sweep::SweepOutcome;
use huiliu_messages::{SystemError, in_log};
use huiliu_queue::QueueError;
use huiliu_store::StoreError;
use tokio::sync::watch;

use crate::health::LastSweep;
use crate::subprocess::this_program;
use crate::words::{join_error_text, sentence};

/// How long a process that has been asked to stop may take to finish work that it has begun.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Signals that end a process that crashes or is killed for its memory: SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGKILL,
/// SIGSEGV.
const CRASHES: [i32; 6] = [4, 6, 7, 8, 9, 11];

/// A runtime with the loops that deliver its batches.
#[derive(Debug, Clone)]
pub struct Worker {
    /// Database, queue and settings.
    pub runtime: Runtime,
    /// The settings file, for child processes.
    pub config: Option<PathBuf>,
    /// When the last sweep succeeded, for the readiness check.
    pub pulse: LastSweep,
}

impl Worker {
    /// Creates a worker. `config` is the settings file that the runtime was started from.
    pub fn new(runtime: Runtime, config: Option<PathBuf>) -> Self {
        Self { runtime, config, pulse: LastSweep::default() }
    }

    /// Delivers and sweeps until `stop` turns true. Worker processes and all commands that sync run this.
    pub async fn run_until_stopped(&self, stop: watch::Receiver<bool>) -> Result<(), QueueError> {
        let worker = self.clone();
        let handler: huiliu_queue::Handler = Arc::new(move |batch| {
            let worker = worker.clone();
            Box::pin(async move {
                worker.deliver_one(batch).await;
            })
        });
        let mut helpers = tokio::task::JoinSet::new();
        helpers.spawn(self.clone().run_sweeps(stop.clone()));
        helpers.spawn(self.clone().deliver_abandoned(stop.clone()));
        helpers.spawn(self.clone().follow_registry(stop.clone()));
        let ended = huiliu_queue::run_worker(&self.runtime.queue, self.runtime.settings.workers, handler, stop).await;
        helpers.shutdown().await;
        ended
    }

    /// Delivers one batch. Returns false if it failed, or was a suspect and ran in a child process.
    async fn deliver_one(&self, batch: i64) -> bool {
        if self.runtime.room.check().is_err() {
            return false;
        }
        match self.runtime.deliver_batch(batch).await {
            Ok(Delivered::Suspect) => {
                self.deliver_alone(batch).await;
                return false;
            }
            Ok(_) => {}
            // The log says once that the disk is full.
            Err(e) if e.is_disk_full() => return false,
            Err(e) => {
                tracing::warn!(batch, "{}", sentence!("cli-log-not-delivered", e = in_log(&e)));
                return false;
            }
        }
        true
    }

    /// Delivers a suspect batch in a child process. The batch is quarantined only if the child crashes by itself while
    /// this process lives. The child has its own process group, so that a signal that stops us does not stop it.
    async fn deliver_alone(&self, batch: i64) {
        let Ok(program) = this_program() else { return };
        let started = tokio::process::Command::new(program)
            .process_group(0)
            .args(["deliver-alone", &batch.to_string()])
            .envs(self.config.iter().map(|file| ("HUILIU_CONFIG", file)))
            .env("HUILIU_DATA_DIR", &self.runtime.settings.data_dir)
            .env("HUILIU_DATABASE", &self.runtime.settings.database)
            .env("HUILIU_QUEUE", &self.runtime.settings.queue)
            .env("HUILIU_KEY_FILE", &self.runtime.settings.key_file)
            .env("HUILIU_LEASE_MS", self.runtime.settings.lease_ms.to_string())
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .await;
        use std::os::unix::process::ExitStatusExt as _;
        match started {
            Ok(status) if status.signal().is_some_and(|signal| CRASHES.contains(&signal)) => {
                let why = BatchFailure::Crashed { signal: status.signal().unwrap_or(0) };
                match self.runtime.quarantine_batch(batch, why).await {
                    Ok(_) => tracing::error!(batch, "{}", sentence!("cli-log-quarantined", why = in_log(&why))),
                    Err(e) => tracing::warn!(batch, "{}", sentence!("cli-log-not-quarantined", e = in_log(&e))),
                }
            }
            Ok(status) if status.success() => return,
            Ok(status) => {
                tracing::warn!(batch, "{}", sentence!("cli-log-suspect-ended", status))
            }
            Err(e) => {
                tracing::warn!(
                    batch,
                    "{}",
                    sentence!("cli-log-suspect-not-started", e = in_log(&SystemError::from(&e)))
                )
            }
        }
        // The batch is postponed so that others do not wait behind it.
        if let Err(e) = self.runtime.postpone_batch(batch).await {
            tracing::warn!(batch, "{}", sentence!("cli-log-not-postponed", e = in_log(&e)));
        }
    }

    /// Returns how many milliseconds after it was enqueued a batch may be enqueued again.
    fn requeue_after_ms(&self) -> u64 {
        (self.runtime.settings.lease_ms / 2).clamp(500, 20_000)
    }

    /// Returns the pause between two sweeps while few batches are due.
    pub fn sweep_interval(&self) -> Duration {
        Duration::from_millis((self.requeue_after_ms() / 4).min(2_000))
    }

    /// Enqueues due batches regularly, and more often while more are due than the queue holds. Delivers them directly
    /// while the queue is unreachable.
    async fn run_sweeps(self, stop: watch::Receiver<bool>) {
        let calm = self.sweep_interval();
        let (mut pause, mut tidied) = (calm, Instant::now());
        while !*stop.borrow() {
            tokio::time::sleep(pause).await;
            pause = calm;
            if self.runtime.room.check().is_err() {
                continue;
            }
            let swept = self.runtime.sweep_batches(self.requeue_after_ms()).await;
            if swept.is_ok() {
                self.pulse.record_sweep();
            }
            match swept {
                Ok(SweepOutcome::AllEnqueued) => {}
                Ok(SweepOutcome::Full) => pause = calm.min(Duration::from_millis(100)),
                Ok(SweepOutcome::QueueUnreachable) => {
                    if self.deliver_all(self.runtime.unnotified_batches(self.batch_limit()).await).await {
                        pause = Duration::ZERO;
                    }
                }
                Err(e) => {
                    self.runtime.room.note_error(&e);
                    if !e.is_disk_full() {
                        tracing::warn!("{}", sentence!("cli-log-sweep-failed", e = in_log(&e)));
                    }
                }
            }
            if tidied.elapsed() > Duration::from_secs(10) {
                tidied = Instant::now();
                let _ = self.runtime.queue.set_aside_foreign_data().await;
            }
        }
    }

    /// Delivers batches of dead workers directly, so that they do not wait behind everything that is queued.
    async fn deliver_abandoned(self, stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if !self.deliver_all(self.runtime.abandoned_batches(self.batch_limit()).await).await {
                tokio::time::sleep(Duration::from_millis((self.runtime.settings.lease_ms / 8).min(2_000))).await;
            }
        }
    }

    /// Refreshes the registry every second, so that registrations take effect without a restart.
    async fn follow_registry(self, stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if let Err(e) = self.runtime.refresh_registry().await {
                tracing::warn!("{}", sentence!("cli-log-registry-unread", e = in_log(&e)));
            }
        }
    }

    fn batch_limit(&self) -> u32 {
        u32::try_from(self.runtime.settings.workers).unwrap_or(1)
    }

    /// Delivers batches that did not come from the queue, concurrently. Returns true if any was finished.
    async fn deliver_all(&self, batches: Result<Vec<i64>, StoreError>) -> bool {
        let batches = batches.unwrap_or_else(|e| {
            tracing::warn!("{}", sentence!("cli-log-batches-unread", e = in_log(&e)));
            vec![]
        });
        let mut at_work = tokio::task::JoinSet::new();
        for batch in batches {
            let worker = self.clone();
            at_work.spawn(async move { worker.deliver_one(batch).await });
        }
        let mut any = false;
        while let Some(ended) = at_work.join_next().await {
            match ended {
                Ok(done) => any |= done,
                Err(e) => {
                    tracing::error!("{}", sentence!("cli-log-delivery-crashed", e = join_error_text(&e)))
                }
            }
        }
        any
    }
}
