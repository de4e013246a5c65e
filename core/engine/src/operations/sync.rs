//! A pass over several sources: read, delivered, settled and judged.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::error::OperationError;
use crate::ingest::{From, RunReport};
use crate::registry::{Known, RegistryError};
use crate::runtime::Runtime;
use crate::schedule::SourceLease;
use crate::settings::SourceSettings;
use crate::sources::{ReadySource, SourceError};
use huiliu_manifest::Transport;
use huiliu_messages::{Message, said_in_english};
use huiliu_queue::QueueError;
use huiliu_store::admin::reports::{self, Balance, UnreadRow};
use huiliu_store::delivery::batches;
use huiliu_store::intake::runs::{RunRange, Source};
use huiliu_store::intake::source_lease::Ended;
use huiliu_values::RunState;

/// How long a process that is told to stop may take to finish what it has begun.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why nothing is synced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum SyncError {
    /// There is no source at all.
    #[serde(rename = "source.none")]
    NoSources,
    /// There is no source of that name.
    #[serde(rename = "sync.source")]
    UnknownSource {
        /// As it was asked for.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// The delivery stopped before its work was done.
    #[serde(rename = "worker.ended")]
    WorkerEnded,
}

said_in_english!(SyncError);

impl SyncError {
    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSources => "source.none",
            Self::UnknownSource { .. } => "source.not_found",
            Self::WorkerEnded => "worker.ended",
        }
    }

    /// Whether whoever asked has to ask otherwise.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::WorkerEnded)
    }
}

/// Which sources are synced.
#[derive(Debug, Clone)]
pub struct Selection {
    /// These, by name.
    pub names: Vec<String>,
    /// All of them.
    pub all: bool,
}

/// The sources of a selection, and those that are left out because their connector is disabled.
#[derive(Debug)]
pub struct Selected {
    /// In the order of the settings, then of the store.
    pub sources: Vec<SourceSettings>,
    /// Left out.
    pub left_out: Vec<SkippedSource>,
}

/// A source that is left out.
#[derive(Debug)]
pub struct SkippedSource {
    /// Its name.
    pub name: String,
    /// Why.
    pub because: RegistryError,
}

/// The sources of a list that a selection names.
///
/// # Errors
/// [`SyncError`].
pub fn choose(sources: &[SourceSettings], selection: &Selection) -> Result<Vec<SourceSettings>, SyncError> {
    if sources.is_empty() {
        return Err(SyncError::NoSources);
    }
    let unknown = selection.names.iter().find(|name| !sources.iter().any(|s| s.name == **name));
    if let Some(name) = unknown {
        let known = sources.iter().map(|s| s.name.clone()).collect();
        return Err(SyncError::UnknownSource { name: name.clone(), known });
    }
    Ok(sources.iter().filter(|s| selection.all || selection.names.contains(&s.name)).cloned().collect())
}

/// The sources of a selection. Of all sources those of disabled connectors are left out, and those whose payloads are
/// handed in; nothing left because of disabled connectors is a failure.
///
/// # Errors
/// [`SyncError`], [`RegistryError::Disabled`].
pub fn select(runtime: &Runtime, selection: &Selection) -> Result<Selected, OperationError> {
    let known = runtime.known();
    let mut sources = choose(&known.sources, selection)?;
    let mut left_out = Vec::new();
    if selection.all {
        leave_out_disabled(&known, &mut sources, &mut left_out);
        if sources.is_empty()
            && let Some(skipped) = left_out.pop()
        {
            return Err(skipped.because.into());
        }
        let manifests = runtime.delivery.manifests.now();
        let is_push = |s: &SourceSettings| {
            manifests.get(&s.connector).is_some_and(|active| matches!(active.manifest.transport, Transport::Push {}))
        };
        sources.retain(|source| !is_push(source));
    }
    Ok(Selected { sources, left_out })
}

fn leave_out_disabled(known: &Known, sources: &mut Vec<SourceSettings>, left_out: &mut Vec<SkippedSource>) {
    sources.retain(|source| match known.may_read(&source.connector) {
        Ok(()) => true,
        Err(because) => {
            left_out.push(SkippedSource { name: source.name.clone(), because });
            false
        }
    });
}

/// What a pass is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading the sources.
    Reading,
    /// Waiting until what was received is delivered.
    Delivering,
    /// Settling the teachers concerned.
    Settling,
}

/// Is told how far a pass is.
pub trait Progress: Send + Sync {
    /// So many raw records have landed.
    fn landed(&self, records: u32);
    /// The pass goes on to this.
    fn stage(&self, stage: Stage);
}

/// Starts the delivery in this process; it ends when the receiver turns true.
pub type StartDelivery<'a> = &'a (dyn Fn(watch::Receiver<bool>) -> JoinHandle<Result<(), QueueError>> + Sync);

/// How a pass is made.
#[derive(Clone, Copy)]
pub struct PassOptions<'a> {
    /// Where each source begins.
    pub from: From,
    /// Delivers while the pass lasts; none: what lands is delivered by worker processes.
    pub deliver: Option<StartDelivery<'a>>,
    /// Turns true when the pass is to stop.
    pub stop: &'a watch::Receiver<bool>,
    /// Is told how far it is.
    pub progress: &'a dyn Progress,
}

/// One source's share of a pass.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SourceReport {
    /// The source.
    pub source: String,
    /// Its connector.
    pub connector: String,
    /// The run.
    pub run: i64,
    /// `done`, `stopped` or `failed`.
    pub state: RunState,
    /// Why it was not read to its end, if it was not.
    pub failure: Option<Message>,
    /// Its books.
    #[serde(flatten)]
    pub balance: Balance,
    /// Payloads that cannot be read.
    pub unread_payloads: Vec<UnreadRow>,
}

/// A pass over several sources.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Pass {
    /// The books of all sources together.
    pub balance: Balance,
    /// Each source.
    pub sources: Vec<SourceReport>,
    /// How long it took.
    pub seconds: f64,
    /// What was not as the manifests expect.
    pub unmet: Vec<Message>,
    /// Whether it was stopped before all was received and delivered.
    pub stopped: bool,
    /// Whether something that should have been delivered was given up for now.
    #[serde(skip)]
    pub stuck: bool,
}

/// Whether a pass went well; else why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'p> {
    /// It did.
    Well,
    /// The outcomes do not sum to what was received.
    NotBalanced,
    /// It was stopped by whoever asked for it; so many raw records are not delivered.
    Stopped(i64),
    /// A source could not be read to its end.
    Failed(&'p SourceReport),
    /// Something was not as the manifests expect.
    Unmet(&'p [Message]),
    /// So many raw records are not delivered.
    Stuck(i64),
}

impl PartialEq for SourceReport {
    fn eq(&self, other: &Self) -> bool {
        self.run == other.run
    }
}

impl Eq for SourceReport {}

impl Pass {
    /// Whether it went well.
    #[must_use]
    pub fn verdict(&self) -> Verdict<'_> {
        if !self.balance.balanced {
            return Verdict::NotBalanced;
        }
        if let Some(failed) = self.sources.iter().find(|source| source.state == RunState::Failed) {
            return Verdict::Failed(failed);
        }
        if self.stopped {
            return Verdict::Stopped(self.balance.pending);
        }
        if !self.unmet.is_empty() {
            return Verdict::Unmet(&self.unmet);
        }
        if self.stuck { Verdict::Stuck(self.balance.pending) } else { Verdict::Well }
    }
}

/// Reads the sources one after the other while this process delivers; then settles, and judges the runs.
///
/// # Errors
/// [`OperationError`]; what a platform does wrong is in the report.
pub async fn sync(
    runtime: &Runtime,
    sources: &[SourceSettings],
    options: PassOptions<'_>,
) -> Result<Pass, OperationError> {
    let mut ready = Vec::new();
    for settings in sources {
        ready.push(ReadySource::open(runtime, settings).await?);
    }
    sync_ready(runtime, ready, options).await
}

/// [`sync`] over sources that are ready already.
///
/// # Errors
/// See [`sync`].
pub async fn sync_ready(
    runtime: &Runtime,
    sources: Vec<ReadySource>,
    options: PassOptions<'_>,
) -> Result<Pass, OperationError> {
    let started = Instant::now();
    let leased = lease_all(runtime, sources).await?;
    let (stop_delivery, stopped) = watch::channel(false);
    let delivery = options.deliver.map(|start| start(stopped));
    let landed = |records: u32| options.progress.landed(records);
    options.progress.stage(Stage::Reading);
    let mut runs = Vec::new();
    for (ready, lease) in leased {
        let ended = ready.read(runtime, lease, options.from, options.stop, &landed).await?;
        runs.push(EndedRun { source: ready.source, report: ended.report });
    }
    let ids: Vec<i64> = runs.iter().map(|run| run.report.run).collect();
    let unmet = match delivery {
        Some(delivery) => finish_delivery(runtime, &ids, delivery, stop_delivery, options).await?,
        None => vec![],
    };
    let stopped = *options.stop.borrow();
    let end = EndOfPass { unmet, delivers: options.deliver.is_some(), stopped, started };
    report(runtime, runs, end).await
}

/// Waits until what was received is delivered, settles and judges; when told to stop, gives the rest back.
async fn finish_delivery(
    runtime: &Runtime,
    runs: &[i64],
    mut delivery: JoinHandle<Result<(), QueueError>>,
    stop_delivery: watch::Sender<bool>,
    options: PassOptions<'_>,
) -> Result<Vec<Message>, OperationError> {
    options.progress.stage(Stage::Delivering);
    while !*options.stop.borrow() && runtime.any_waiting(runs).await? {
        if delivery.is_finished() {
            return Err(match delivery.await {
                Ok(Err(fault)) => fault.into(),
                _ => SyncError::WorkerEnded.into(),
            });
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let _ = stop_delivery.send(true);
    options.progress.stage(Stage::Settling);
    if *options.stop.borrow() {
        let _ = tokio::time::timeout(PATIENCE, &mut delivery).await;
        batches::release_all(&runtime.delivery.db, &runtime.delivery.holder).await?;
        return Ok(vec![]);
    }
    runtime.settle_patiently().await?;
    let judged = runtime.judge().await?;
    delivery.abort();
    Ok(judged.into_iter().filter(|of| runs.contains(&of.pass.run)).flat_map(|of| of.unmet).collect())
}

/// A run of a pass that has ended.
struct EndedRun {
    source: Source,
    report: RunReport,
}

/// How a pass ended.
struct EndOfPass {
    unmet: Vec<Message>,
    delivers: bool,
    stopped: bool,
    started: Instant,
}

async fn report(runtime: &Runtime, runs: Vec<EndedRun>, end: EndOfPass) -> Result<Pass, OperationError> {
    let EndOfPass { unmet, delivers, stopped, started } = end;
    let db = &runtime.delivery.db;
    let mut sources = Vec::new();
    for EndedRun { source, report } in runs {
        sources.push(SourceReport {
            source: source.name,
            connector: source.connector,
            run: report.run,
            state: match (report.ended, &report.failure) {
                (Ended::Stopped, _) => RunState::Stopped,
                (_, Some(_)) => RunState::Failed,
                (_, None) => RunState::Done,
            },
            failure: report.failure.map(|failure| failure.message()),
            balance: reports::balance(db, RunRange::one(report.run)).await?,
            unread_payloads: reports::unread(db, report.run).await?,
        });
    }
    let balance = Balance::total(sources.iter().map(|source: &SourceReport| &source.balance));
    let undelivered = delivers && balance.pending > 0;
    // Told to stop after the last of it, it was not stopped.
    let stopped = stopped && (undelivered || sources.iter().any(|source| source.state == RunState::Stopped));
    let stuck = undelivered && !stopped;
    Ok(Pass { balance, sources, seconds: started.elapsed().as_secs_f64(), unmet, stopped, stuck })
}

/// Takes the lease of every source, or of none.
async fn lease_all(
    runtime: &Runtime,
    sources: Vec<ReadySource>,
) -> Result<Vec<(ReadySource, SourceLease)>, SourceError> {
    let mut leased: Vec<(ReadySource, SourceLease)> = Vec::new();
    for ready in sources {
        if let Some(lease) = ready.lease(runtime, false).await? {
            leased.push((ready, lease));
            continue;
        }
        for (_, lease) in leased {
            lease.end(Ended::Stopped, None).await?;
        }
        return Err(SourceError::Busy { name: ready.source.name });
    }
    Ok(leased)
}
