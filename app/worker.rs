//! A worker's loops: deliver what the queue brings, sweep, take up what dead workers left, follow the registry.

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

use crate::health::Pulse;
use crate::subprocess::this_program;
use crate::words::{logged, spoken_join};

/// How long a process that is told to stop may take to finish what it has begun.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Signals of a process that crashes, or is killed for its memory: SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGSEGV.
const CRASHES: [i32; 6] = [4, 6, 7, 8, 9, 11];

/// A runtime that works.
#[derive(Debug, Clone)]
pub struct Worker {
    /// What it works with.
    pub runtime: Runtime,
    /// The settings file, for child processes.
    pub config: Option<PathBuf>,
    /// When the last sweep went through.
    pub pulse: Pulse,
}

impl Worker {
    /// A worker of a runtime that was started from this settings file.
    pub fn new(runtime: Runtime, config: Option<PathBuf>) -> Self {
        Self { runtime, config, pulse: Pulse::default() }
    }

    /// Delivers and sweeps until `stop`; what a worker process does, and every command that syncs.
    pub async fn work(&self, stop: watch::Receiver<bool>) -> Result<(), QueueError> {
        let worker = self.clone();
        let handler: huiliu_queue::Handler = Arc::new(move |batch| {
            let worker = worker.clone();
            Box::pin(async move {
                worker.deliver_one(batch).await;
            })
        });
        let mut helpers = tokio::task::JoinSet::new();
        helpers.spawn(self.clone().sweep_often(stop.clone()));
        helpers.spawn(self.clone().take_up_abandoned(stop.clone()));
        helpers.spawn(self.clone().follow_registry(stop.clone()));
        let ended = huiliu_queue::run_worker(&self.runtime.queue, self.runtime.settings.workers, handler, stop).await;
        helpers.shutdown().await;
        ended
    }

    /// Whether it came to an end here.
    async fn deliver_one(&self, batch: i64) -> bool {
        match self.runtime.deliver_batch(batch).await {
            Ok(Delivered::Suspect) => {
                self.deliver_alone(batch).await;
                return false;
            }
            Ok(_) => {}
            Err(e) => {
                tracing::warn!(batch, "{}", logged!("cli-log-not-delivered", e = in_log(&e)));
                return false;
            }
        }
        true
    }

    /// A suspect runs in a child process; only a child that crashes by itself while we live condemns the batch. It is a
    /// process group of its own, so that whoever stops us does not stop it.
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
                    Ok(_) => tracing::error!(batch, "{}", logged!("cli-log-quarantined", why = in_log(&why))),
                    Err(e) => tracing::warn!(batch, "{}", logged!("cli-log-not-quarantined", e = in_log(&e))),
                }
            }
            Ok(status) if status.success() => return,
            Ok(status) => {
                tracing::warn!(batch, "{}", logged!("cli-log-suspect-ended", status))
            }
            Err(e) => {
                tracing::warn!(batch, "{}", logged!("cli-log-suspect-not-started", e = in_log(&SystemError::from(&e))))
            }
        }
        // The others are not to wait behind it.
        if let Err(e) = self.runtime.postpone_batch(batch).await {
            tracing::warn!(batch, "{}", logged!("cli-log-not-postponed", e = in_log(&e)));
        }
    }

    /// How long a batch that was rung is left alone, in milliseconds.
    fn quiet_ms(&self) -> u64 {
        (self.runtime.settings.lease_ms / 2).clamp(500, 20_000)
    }

    /// The pause between two sweeps while little is due.
    pub fn sweep_every(&self) -> Duration {
        Duration::from_millis((self.quiet_ms() / 4).min(2_000))
    }

    /// Keeps the queue fed, and fast while there is more than it holds.
    async fn sweep_often(self, stop: watch::Receiver<bool>) {
        let calm = self.sweep_every();
        let (mut pause, mut tidied) = (calm, Instant::now());
        while !*stop.borrow() {
            tokio::time::sleep(pause).await;
            pause = calm;
            let swept = self.runtime.sweep_batches(self.quiet_ms()).await;
            if swept.is_ok() {
                self.pulse.beat();
            }
            match swept {
                Ok(SweepOutcome::AllEnqueued) => {}
                Ok(SweepOutcome::Full) => pause = calm.min(Duration::from_millis(100)),
                Ok(SweepOutcome::QueueUnreachable) => {
                    if self.take_up(self.runtime.unnotified_batches(self.at_once()).await).await {
                        pause = Duration::ZERO;
                    }
                }
                Err(e) => tracing::warn!("{}", logged!("cli-log-sweep-failed", e = in_log(&e))),
            }
            if tidied.elapsed() > Duration::from_secs(10) {
                tidied = Instant::now();
                let _ = self.runtime.queue.set_aside_foreign_data().await;
            }
        }
    }

    /// A dead worker's batches do not wait behind everything that is queued: whoever notices takes them up.
    async fn take_up_abandoned(self, stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if !self.take_up(self.runtime.abandoned_batches(self.at_once()).await).await {
                tokio::time::sleep(Duration::from_millis((self.runtime.settings.lease_ms / 8).min(2_000))).await;
            }
        }
    }

    /// What is registered takes effect here without a restart.
    async fn follow_registry(self, stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if let Err(e) = self.runtime.refresh_registry().await {
                tracing::warn!("{}", logged!("cli-log-registry-unread", e = in_log(&e)));
            }
        }
    }

    fn at_once(&self) -> u32 {
        u32::try_from(self.runtime.settings.workers).unwrap_or(1)
    }

    /// Delivers batches that no queue has brought here, side by side; whether any came to an end.
    async fn take_up(&self, batches: Result<Vec<i64>, StoreError>) -> bool {
        let batches = batches.unwrap_or_else(|e| {
            tracing::warn!("{}", logged!("cli-log-batches-unread", e = in_log(&e)));
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
                    tracing::error!("{}", logged!("cli-log-delivery-crashed", e = spoken_join(&e)))
                }
            }
        }
        any
    }
}
