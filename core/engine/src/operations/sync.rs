//! A sync pass over several sources: reads, delivers, settles and judges.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::error::OperationError;
use super::landed_sheets;
use crate::ingest::{PassStart, RunReport};
use crate::landing::LandedPage;
use crate::registry::{RegistryError, RegistrySnapshot};
use crate::runtime::Runtime;
use crate::schedule::SourceLease;
use crate::settings::SourceSettings;
use crate::sources::{ReadySource, SourceError};
use huiliu_manifest::Transport;
use huiliu_messages::{Message, said_in_english};
use huiliu_queue::QueueError;
use huiliu_store::admin::reports::{self, Balance};
use huiliu_store::delivery::batches;
use huiliu_store::intake::runs::{self, RunRange, Source};
use huiliu_store::intake::source_lease::SourceUseEnd;
use huiliu_store::intake::unread::{self, UnreadFilter, UnreadRow};
use huiliu_values::RunState;

/// How long a stopped process may take to finish what it has begun.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the number of undelivered raw records is reported.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// Why a sync cannot run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum SyncError {
    /// There are no sources.
    #[serde(rename = "source.none")]
    NoSources,
    /// There is no source of that name.
    #[serde(rename = "sync.source")]
    UnknownSource {
        /// The name that was requested.
        name: String,
        /// The names of the sources that exist.
        known: Vec<String>,
    },
    /// The delivery in this process ended before its work was done.
    #[serde(rename = "worker.ended")]
    WorkerEnded,
}

said_in_english!(SyncError);

impl SyncError {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSources => "source.none",
            Self::UnknownSource { .. } => "source.not_found",
            Self::WorkerEnded => "worker.ended",
        }
    }

    /// Returns whether the user must change the request.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::WorkerEnded)
    }
}

/// Which sources to sync.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The sources with these names.
    pub names: Vec<String>,
    /// All sources.
    pub all: bool,
}

/// The sources of a selection, and those left out because their connector is disabled.
#[derive(Debug)]
pub struct Selected {
    /// Sources to read: those of the settings, then those of the store.
    pub sources: Vec<SourceSettings>,
    /// Sources whose connector is disabled.
    pub left_out: Vec<SkippedSource>,
}

/// A source that is left out.
#[derive(Debug)]
pub struct SkippedSource {
    /// The source's name.
    pub name: String,
    /// Why it is left out.
    pub because: RegistryError,
}

/// Returns those of a list of sources that are selected.
///
/// # Errors
/// [`SyncError`] if the list is empty or a name is unknown.
pub fn choose_sources(sources: &[SourceSettings], selection: &Selection) -> Result<Vec<SourceSettings>, SyncError> {
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

/// Returns the sources of a selection. If all are selected, leaves out push sources and sources of disabled
/// connectors.
///
/// # Errors
/// [`SyncError`]; [`RegistryError::Disabled`] if only sources of disabled connectors are left.
pub fn select(runtime: &Runtime, selection: &Selection) -> Result<Selected, OperationError> {
    let known = runtime.registry_snapshot();
    let mut sources = choose_sources(&known.sources, selection)?;
    let mut left_out = Vec::new();
    if selection.all {
        leave_out_disabled(&known, &mut sources, &mut left_out);
        if sources.is_empty()
            && let Some(skipped) = left_out.pop()
        {
            return Err(skipped.because.into());
        }
        let manifests = runtime.delivery.manifests.current();
        let is_push = |s: &SourceSettings| {
            manifests.get(&s.connector).is_some_and(|active| matches!(active.manifest.transport, Transport::Push {}))
        };
        sources.retain(|source| !is_push(source));
    }
    Ok(Selected { sources, left_out })
}

fn leave_out_disabled(known: &RegistrySnapshot, sources: &mut Vec<SourceSettings>, left_out: &mut Vec<SkippedSource>) {
    sources.retain(|source| match known.may_read(&source.connector) {
        Ok(()) => true,
        Err(because) => {
            left_out.push(SkippedSource { name: source.name.clone(), because });
            false
        }
    });
}

/// The current stage of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading the sources.
    Reading,
    /// Waiting until the received records are delivered.
    Delivering,
    /// Settling the teachers concerned.
    Settling,
}

/// Receives the progress of a pass.
pub trait Progress: Send + Sync {
    /// A page has landed.
    fn show_page(&self, page: LandedPage);
    /// Called when raw records are not delivered yet, with their number.
    fn show_pending(&self, records: i64);
    /// Called when the pass enters a stage.
    fn show_stage(&self, stage: Stage);
}

/// Starts the delivery in this process. The delivery ends when the receiver becomes true.
pub type StartDelivery<'a> = &'a (dyn Fn(watch::Receiver<bool>) -> JoinHandle<Result<(), QueueError>> + Sync);

/// Where a pass begins, who delivers, and what stops and follows it.
#[derive(Clone, Copy)]
pub struct PassOptions<'a> {
    /// Where each source begins.
    pub from: PassStart,
    /// Delivers during the pass. Without it, worker processes deliver what lands.
    pub deliver: Option<StartDelivery<'a>>,
    /// Becomes true when the pass should stop.
    pub stop: &'a watch::Receiver<bool>,
    /// Receives the progress.
    pub progress: &'a dyn Progress,
}

/// The result of one source in a pass.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SourceReport {
    /// The source's name.
    pub source: String,
    /// The id of its connector.
    pub connector: String,
    /// The run's number.
    pub run: i64,
    /// `done`, `stopped` or `failed`.
    pub state: RunState,
    /// Why it was not read to its end, if it was not.
    pub failure: Option<Message>,
    /// The run's counters.
    #[serde(flatten)]
    pub balance: Balance,
    /// Payloads of this run that cannot be decoded.
    pub unread_payloads: Vec<UnreadRow>,
    /// Number of payloads of the source, of this run and of earlier ones, that cannot be decoded and with which nobody has
    /// dealt.
    pub open_payloads: i64,
    /// What else happened in the run, such as that files have names that fit no pattern.
    pub notes: Vec<Message>,
}

/// The result of a pass over several sources.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Pass {
    /// The counters of all sources together.
    pub balance: Balance,
    /// One report per source.
    pub sources: Vec<SourceReport>,
    /// The duration of the pass.
    pub seconds: f64,
    /// The manifests' expectations that were not met.
    pub unmet: Vec<Message>,
    /// Whether the pass was stopped before everything was received and delivered.
    pub stopped: bool,
    /// Whether records that should have been delivered are still pending, though the pass was not stopped.
    #[serde(skip)]
    pub stuck: bool,
}

/// Whether a pass succeeded, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'p> {
    /// The pass succeeded.
    Well,
    /// The outcomes do not add up to the number received.
    NotBalanced,
    /// The user stopped it. Holds the number of raw records that are not delivered.
    Stopped(i64),
    /// A source could not be read to its end.
    Failed(&'p SourceReport),
    /// Payloads of earlier runs cannot be decoded, and nobody has dealt with them. Holds their number.
    Unread(i64),
    /// An expectation of a manifest was not met.
    Unmet(&'p [Message]),
    /// Some raw records could not be delivered. Holds their number.
    Stuck(i64),
}

impl PartialEq for SourceReport {
    fn eq(&self, other: &Self) -> bool {
        self.run == other.run
    }
}

impl Eq for SourceReport {}

impl Pass {
    /// Judges whether the pass succeeded. Reports the first problem in this order: balance, failure, stop,
    /// expectations, unread payloads of earlier runs, undelivered records.
    #[must_use]
    pub fn judge_outcome(&self) -> Verdict<'_> {
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
        let open = self.sources.iter().map(|source| source.open_payloads).sum();
        if open > 0 {
            return Verdict::Unread(open);
        }
        if self.stuck { Verdict::Stuck(self.balance.pending) } else { Verdict::Well }
    }
}

/// Reads the sources one after the other while this process delivers. Then settles and judges the runs.
///
/// # Errors
/// [`OperationError`]; failures of a platform are in the report.
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

/// Does the same as [`sync`] for sources that are ready already.
///
/// # Errors
/// See [`sync`].
pub async fn sync_ready(
    runtime: &Runtime,
    sources: Vec<ReadySource>,
    options: PassOptions<'_>,
) -> Result<Pass, OperationError> {
    let started = Instant::now();
    let leased = lease_sources(runtime, sources).await?;
    let (stop_delivery, stopped) = watch::channel(false);
    let delivery = options.deliver.map(|start| start(stopped));
    let landed = |page: LandedPage| options.progress.show_page(page);
    options.progress.show_stage(Stage::Reading);
    let mut runs = Vec::new();
    for (ready, lease) in leased {
        let ended = ready.read_all_streams(runtime, lease, options.from, options.stop, &landed).await?;
        runs.push(EndedRun { source: ready.source, report: ended.report });
    }
    let ids: Vec<i64> = runs.iter().map(|run| run.report.run).collect();
    if options.deliver.is_some() {
        landed_sheets::take_landed(runtime, options.stop).await?;
    }
    let unmet = match delivery {
        Some(delivery) => finish_delivery(runtime, &ids, delivery, stop_delivery, options).await?,
        None => vec![],
    };
    let stopped = *options.stop.borrow();
    let end = EndOfPass { unmet, delivers: options.deliver.is_some(), stopped, started };
    build_report(runtime, runs, end).await
}

/// Waits until the received records are delivered, then settles and judges. If stopped, releases the remaining
/// batches.
async fn finish_delivery(
    runtime: &Runtime,
    runs: &[i64],
    mut delivery: JoinHandle<Result<(), QueueError>>,
    stop_delivery: watch::Sender<bool>,
    options: PassOptions<'_>,
) -> Result<Vec<Message>, OperationError> {
    options.progress.show_stage(Stage::Delivering);
    let (mut asked, mut pause) = (None::<Instant>, TELL_EVERY);
    while !*options.stop.borrow() && runtime.has_waiting_batch_of_runs(runs).await? {
        if delivery.is_finished() {
            return Err(match delivery.await {
                Ok(Err(fault)) => fault.into(),
                _ => SyncError::WorkerEnded.into(),
            });
        }
        if asked.is_none_or(|asked| asked.elapsed() > pause) {
            let began = Instant::now();
            options.progress.show_pending(count_pending(runtime, runs).await?);
            // What is counted grows with the run, and counting must not become the work.
            pause = TELL_EVERY.max(began.elapsed() * 20);
            asked = Some(Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let _ = stop_delivery.send(true);
    options.progress.show_stage(Stage::Settling);
    if *options.stop.borrow() {
        let _ = tokio::time::timeout(PATIENCE, &mut delivery).await;
        batches::release_all(&runtime.delivery.db, &runtime.delivery.holder).await?;
        return Ok(vec![]);
    }
    runtime.settle_and_wait().await?;
    let judged = runtime.judge_ended_passes().await?;
    // Records that were missing from a whole, or are again, may count otherwise now.
    runtime.settle_and_wait().await?;
    delivery.abort();
    Ok(judged.into_iter().filter(|of| runs.contains(&of.pass.run)).flat_map(|of| of.unmet).collect())
}

/// Returns the number of raw records of some runs that are not delivered.
async fn count_pending(runtime: &Runtime, runs: &[i64]) -> Result<i64, OperationError> {
    let mut records = 0;
    for run in runs {
        records += reports::read_balance(&runtime.delivery.db, RunRange::single(*run)).await?.pending;
    }
    Ok(records)
}

/// A run of this pass that has ended.
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

async fn build_report(runtime: &Runtime, ended_runs: Vec<EndedRun>, end: EndOfPass) -> Result<Pass, OperationError> {
    let EndOfPass { unmet, delivers, stopped, started } = end;
    let db = &runtime.delivery.db;
    let mut sources = Vec::new();
    for EndedRun { source, report } in ended_runs {
        let of_source = UnreadFilter { source: Some(source.name.clone()), ..UnreadFilter::open() };
        sources.push(SourceReport {
            source: source.name,
            connector: source.connector,
            run: report.run,
            state: match (report.ended, &report.failure, &report.unread) {
                (SourceUseEnd::Stopped, ..) => RunState::Stopped,
                (_, None, None) => RunState::Done,
                _ => RunState::Failed,
            },
            failure: report.failure.map(|failure| failure.message()).or(report.unread),
            open_payloads: unread::count_unread_payloads(db, &of_source).await?,
            notes: runs::list_notes(db, report.run).await?,
            balance: reports::read_balance(db, RunRange::single(report.run)).await?,
            unread_payloads: unread::list_unread(db, report.run).await?,
        });
    }
    let balance = Balance::add_up(sources.iter().map(|source: &SourceReport| &source.balance));
    let undelivered = delivers && balance.pending > 0;
    // A stop that came after everything was done does not count.
    let stopped = stopped && (undelivered || sources.iter().any(|source| source.state == RunState::Stopped));
    let stuck = undelivered && !stopped;
    Ok(Pass { balance, sources, seconds: started.elapsed().as_secs_f64(), unmet, stopped, stuck })
}

/// Takes the leases of all sources. If one is busy, releases the others and fails.
async fn lease_sources(
    runtime: &Runtime,
    sources: Vec<ReadySource>,
) -> Result<Vec<(ReadySource, SourceLease)>, SourceError> {
    let mut leased: Vec<(ReadySource, SourceLease)> = Vec::new();
    for ready in sources {
        if let Some(lease) = ready.try_lease(runtime, false).await? {
            leased.push((ready, lease));
            continue;
        }
        for (_, lease) in leased {
            lease.end_lease(SourceUseEnd::Stopped, None).await?;
        }
        return Err(SourceError::Busy { name: ready.source.name });
    }
    Ok(leased)
}
