//! `worker`: delivers, settles, sweeps, and syncs sources by their schedules.

use std::sync::Arc;
use std::time::{Duration, Instant};

use huiliu_engine::database::MayCreate;
use huiliu_engine::ingest::PassStart;
use huiliu_engine::operations::landed_sheets;
use huiliu_engine::registry::RegistrySnapshot;
use huiliu_engine::runtime::Runtime;
use huiliu_engine::schedule::SourceLease;
use huiliu_engine::sources::{ReadResult, ReadySource, SourceError};
use huiliu_engine::verify::Verifier;
use huiliu_manifest::Transport;
use huiliu_messages::in_log;
use huiliu_store::StoreError;
use huiliu_store::intake::source_lease::SourceUseEnd;
use huiliu_values::calendar::format_instant;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::settings::Settings;
use crate::stop::watch_stop_signals;
use crate::words::{join_error_text, label, note, sentence};
use crate::worker::{PATIENCE, Worker};
use crate::{CliError, health, open};

pub async fn run(settings: Settings, until_done: bool) -> Result<(), CliError> {
    let told = watch_stop_signals()?;
    let runtime = open::start_runtime(&settings, MayCreate::Files).await?;
    let worker = Worker::new(runtime.clone(), settings.config.clone());
    let sources = SourceSet::open(&runtime).await?;
    let (stop, stopped) = watch::channel(false);
    let stopping = stopped.clone();
    if let Some(address) = settings.health {
        tokio::spawn(health::serve_health(health::bind_listener(address)?, worker.clone(), stopped.clone()));
    }
    let mut work = tokio::spawn({
        let stopped = stopped.clone();
        async move { worker.run_until_stopped(stopped).await }
    });
    let mut reading = tokio::spawn(run_schedules(runtime.clone(), sources, stopped.clone()));
    if !until_done {
        tokio::spawn(verify_by_and_by(runtime.clone(), stopped.clone()));
        tokio::spawn(notify_by_and_by(runtime.clone(), stopped));
    }
    note(label("cli-worker-worker-started-stop-ctrl-c"));
    let result = tokio::select! {
        ended = &mut work => match ended {
            Ok(worked) => worked.map_err(CliError::from_operation),
            Err(e) => Err(CliError::failed(join_error_text(&e))),
        },
        done = settle_when_idle(&runtime, until_done) => {
            if done.is_ok() {
                take_sheets(&runtime, &stopping).await;
                runtime.notify().await;
                tracing::info!("{}", sentence!("cli-log-all-done"));
            }
            done
        }
        () = wait_for_stop(told) => {
            tracing::info!("{}", sentence!("cli-log-stopping"));
            Ok(())
        }
    };
    let _ = stop.send(true);
    let until = tokio::time::Instant::now() + PATIENCE;
    let _ = tokio::time::timeout_at(until, &mut reading).await;
    if !work.is_finished() {
        let _ = tokio::time::timeout_at(until, &mut work).await;
    }
    match tokio::time::timeout(Duration::from_secs(3), runtime.release_batches()).await {
        Ok(Ok(0)) => {}
        Ok(Ok(n)) => tracing::info!(batches = n, "{}", sentence!("cli-log-batches-returned")),
        Ok(Err(e)) => tracing::warn!("{}", sentence!("cli-log-claims-kept", e = in_log(&e))),
        Err(_) => tracing::warn!("{}", sentence!("cli-log-claims-kept-late")),
    }
    let _ = tokio::time::timeout(Duration::from_secs(2), runtime.close()).await;
    result
}

async fn wait_for_stop(mut told: watch::Receiver<bool>) {
    let _ = told.wait_for(|told| *told).await;
}

/// Pause while no teachers are to be verified.
const VERIFY_PAUSE: Duration = Duration::from_secs(2);
/// Pause before it is looked whether there is something to settle, while batches are delivered, and while nothing happens.
const SETTLE_PAUSE: Duration = Duration::from_millis(200);
const QUIET_PAUSE: Duration = Duration::from_secs(1);
/// The least pause between two settlements while batches wait.
const BUSY_PAUSE: Duration = Duration::from_secs(30);
/// Pause before a source that could not be opened is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(60);

/// The sources that this worker syncs. They follow the registry.
struct SourceSet {
    all: Vec<Arc<ReadySource>>,
    /// The number of the registry state that the sources were taken from.
    number: i64,
    /// When a source last could not be opened; `None` if all could.
    failed: Option<Instant>,
}

/// A source that could not be opened, and why.
struct FailedSource {
    source: String,
    error: SourceError,
}

impl SourceSet {
    /// Opens every source and writes it into the database with its schedule. Fails if a source of the settings cannot
    /// be opened, unless its connector is known to be unusable.
    async fn open(runtime: &Runtime) -> Result<Self, CliError> {
        let mut sources = Self { all: vec![], number: -1, failed: None };
        let known = runtime.registry_snapshot();
        for FailedSource { source, error } in sources.refresh_sources(runtime, &known).await {
            let ours = runtime.settings.has_source(&source);
            if ours && known.find_unusable(connector_of(&known, &source)).is_none() {
                return Err(CliError::from_operation(error));
            }
            tracing::warn!(source, "{}", sentence!("cli-log-source-unread", e = in_log(&error)));
        }
        Ok(sources)
    }

    /// Updates the sources if the registry has changed, or if a failed source is due to be tried again.
    async fn refresh_if_changed(&mut self, runtime: &Runtime) {
        let known = runtime.registry_snapshot();
        if known.number == self.number && self.failed.is_none_or(|at| at.elapsed() < RETRY_PAUSE) {
            return;
        }
        for FailedSource { source, error } in self.refresh_sources(runtime, &known).await {
            tracing::warn!(source, "{}", sentence!("cli-log-source-unread-again", e = in_log(&error)));
        }
    }

    /// Opens each source whose connector is enabled and pulls; unchanged sources are kept. Returns those that could not
    /// be opened.
    async fn refresh_sources(&mut self, runtime: &Runtime, known: &RegistrySnapshot) -> Vec<FailedSource> {
        let (mut all, mut failed) = (Vec::new(), Vec::new());
        for source in &known.sources {
            if known.may_read(&source.connector).is_err() {
                tracing::info!(
                    source = source.name,
                    connector = source.connector,
                    "{}",
                    sentence!("cli-log-connector-disabled")
                );
                continue;
            }
            let made = runtime.build_recipe(source).ok();
            if made.as_ref().is_some_and(|(_, manifest)| matches!(manifest.transport, Transport::Push {})) {
                continue;
            }
            let recipe = made.map(|(recipe, _)| recipe);
            match self.all.iter().find(|ready| recipe.as_ref() == Some(&ready.recipe)) {
                Some(same) => all.push(same.clone()),
                None => match ReadySource::open(runtime, source).await {
                    Ok(ready) => all.push(Arc::new(ready)),
                    Err(error) => failed.push(FailedSource { source: source.name.clone(), error }),
                },
            }
        }
        self.failed = (!failed.is_empty()).then(Instant::now);
        (self.all, self.number) = (all, known.number);
        failed
    }
}

fn connector_of<'k>(known: &'k RegistrySnapshot, source: &str) -> &'k str {
    known.sources.iter().find(|s| s.name == source).map_or("", |s| &s.connector)
}

/// Syncs the sources that are due, at most as many at a time as there are workers.
async fn run_schedules(runtime: Runtime, mut sources: SourceSet, mut stop: watch::Receiver<bool>) {
    let mut reading = JoinSet::new();
    while tokio::time::timeout(Duration::from_secs(1), stop.wait_for(|stop| *stop)).await.is_err() {
        while reading.try_join_next().is_some() {}
        if runtime.room.check().is_err() {
            continue;
        }
        let due = runtime.due_sources().await.unwrap_or_else(|e| {
            tracing::warn!("{}", sentence!("cli-log-schedules-unread", e = in_log(&e)));
            vec![]
        });
        // The registry is refreshed first, so that no source is read with outdated settings.
        if !due.is_empty()
            && let Err(e) = runtime.refresh_registry().await
        {
            tracing::warn!("{}", sentence!("cli-log-registry-unread", e = in_log(&e)));
            continue;
        }
        sources.refresh_if_changed(&runtime).await;
        let room = runtime.settings.workers.saturating_sub(reading.len());
        for ready in due.iter().filter_map(|name| sources.all.iter().find(|s| s.source.name == *name)).take(room) {
            match ready.try_lease(&runtime, true).await {
                Ok(Some(lease)) => {
                    reading.spawn(sync_source(runtime.clone(), ready.clone(), lease, stop.clone()));
                }
                Ok(None) => {}
                Err(e) => {
                    tracing::warn!(source = ready.source.name, "{}", sentence!("cli-log-no-lease", e = in_log(&e)))
                }
            }
        }
    }
    while reading.join_next().await.is_some() {}
}

async fn sync_source(runtime: Runtime, ready: Arc<ReadySource>, lease: SourceLease, stop: watch::Receiver<bool>) {
    let failures = lease.claim.failures;
    let span = tracing::error_span!("sync", source = ready.source.name);
    async {
        tracing::debug!("the sync begins, as its schedule says");
        match ready.read_all_streams(&runtime, lease, PassStart::Cursor, &stop, &|_| {}).await {
            Ok(ReadResult { report, next }) => {
                let (run, next) = (report.run, next.map(format_instant).unwrap_or_default());
                match (report.ended, report.failure, report.unread) {
                    (SourceUseEnd::Failed, Some(f), _) => {
                        tracing::warn!(
                            run,
                            next,
                            failures = failures + 1,
                            "{}",
                            sentence!("cli-log-sync-failed", e = in_log(&f))
                        );
                    }
                    (_, None, Some(why)) => {
                        let why = in_log(&why);
                        tracing::warn!(run, next, "{}", sentence!("cli-log-sync-failed", e = why));
                    }
                    (ended, ..) => tracing::info!(run, next, ?ended, "{}", sentence!("cli-log-sync-ended")),
                }
            }
            Err(e) => tracing::warn!("{}", sentence!("cli-log-sync-broke-off", e = in_log(&e))),
        }
    }
    .instrument(span)
    .await;
}

/// Verifies a block of teachers whenever one is due, with pauses as long as the work.
async fn verify_by_and_by(runtime: Runtime, mut stop: watch::Receiver<bool>) {
    let days = i64::from(runtime.settings.verify_days);
    let mut pause = Duration::from_secs(1);
    while days > 0 && tokio::time::timeout(pause, stop.wait_for(|stop| *stop)).await.is_err() {
        if runtime.room.check().is_err() {
            pause = VERIFY_PAUSE;
            continue;
        }
        let started = Instant::now();
        pause = match Verifier::from(&runtime.delivery).verify_due_block(days).await {
            Ok(Some(_)) => started.elapsed().max(Duration::from_millis(200)),
            Ok(None) => VERIFY_PAUSE,
            Err(e) => {
                tracing::warn!("{}", sentence!("cli-log-not-verified", e = in_log(&e)));
                RETRY_PAUSE
            }
        };
    }
}

/// Tells people of causes that began or are over, by and by.
async fn notify_by_and_by(runtime: Runtime, mut stop: watch::Receiver<bool>) {
    let pause = huiliu_engine::notifications::pause();
    while tokio::time::timeout(pause, stop.wait_for(|stop| *stop)).await.is_err() {
        take_sheets(&runtime, &stop).await;
        runtime.notify().await;
    }
}

/// Takes correction sheets that have landed.
async fn take_sheets(runtime: &Runtime, stop: &watch::Receiver<bool>) {
    if let Err(e) = landed_sheets::take_landed(runtime, stop).await {
        tracing::warn!("{}", sentence!("cli-log-sheets-not-taken", e = in_log(&e)));
    }
}

/// Settles when no batch is waiting, and while batches wait so often that it takes a tenth of the time, but not more often than
/// every 30 seconds: each time, whoever has a new record is computed from all of their records. Ends when all is done, if `until_done` is set, and
/// with an error when the key has been rotated.
async fn settle_when_idle(runtime: &Runtime, until_done: bool) -> Result<(), CliError> {
    let (mut settled, mut looked, mut worked) = (Instant::now(), Instant::now(), true);
    let mut patience = BUSY_PAUSE;
    loop {
        tokio::time::sleep(if worked || until_done { SETTLE_PAUSE } else { QUIET_PAUSE }).await;
        let waiting = match runtime.has_waiting_batch().await {
            Ok(waiting) => waiting,
            Err(e) => {
                tracing::warn!("{}", sentence!("cli-log-database-silent", e = in_log(&e)));
                continue;
            }
        };
        if looked.elapsed() > Duration::from_secs(5) {
            looked = Instant::now();
            match runtime.check_key().await {
                Ok(()) => {}
                Err(fault @ (StoreError::KeyRetired | StoreError::KeyGeneration { .. } | StoreError::WrongKey)) => {
                    return Err(fault.into());
                }
                Err(e) => tracing::warn!("{}", sentence!("cli-log-database-silent", e = in_log(&e))),
            }
        }
        worked |= waiting;
        let pause = if waiting { patience } else { BUSY_PAUSE };
        if (waiting || !worked) && settled.elapsed() < pause || runtime.room.check().is_err() {
            continue;
        }
        if let Err(e) = runtime.judge_ended_passes().await {
            tracing::warn!("{}", sentence!("cli-log-passes-not-judged", e = in_log(&e)));
        }
        let started = Instant::now();
        match runtime.settle_pending().await {
            // Settling skips blocks that another process holds, even a killed one, so the rest is counted too.
            Ok(_) if !waiting && until_done && runtime.count_due_settlements().await.is_ok_and(|left| left == 0) => {
                return Ok(());
            }
            Ok(_) => {
                (settled, worked) = (Instant::now(), waiting || until_done);
                patience = BUSY_PAUSE.max(started.elapsed() * 9);
            }
            Err(e) if e.is_disk_full() => {}
            Err(e) => tracing::warn!("{}", sentence!("cli-log-not-settled", e = in_log(&e))),
        }
    }
}
