//! Pages in, payload landed, notices rung. The cursor moves only in the landing transaction.

use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::watch;
use tracing::Instrument as _;

use crate::sweep;
use huiliu_decode::payload::Payload;
use huiliu_manifest::Stream;
use huiliu_platform::{Cause, Connector, Days, Failure, Page, Short};
use huiliu_queue::{Notice, Queue};
use huiliu_store::intake::runs::{self, Landing, Source};
use huiliu_store::intake::source_lease::{Ended, SourceClaim};
use huiliu_store::{Db, StoreError};
use huiliu_vault::keys::Keys;

/// Code of a run that ends because it was told to.
/// How often one page is asked for.
const TRIES: u32 = 7;
/// Pages of one stream in one pass.
const MAX_PAGES: usize = 1_000_000;

/// What ingest works with.
#[derive(Clone, Copy)]
pub struct Ingest<'a> {
    /// The store.
    pub db: &'a Db,
    /// Keys for sealing.
    pub keys: &'a Keys,
    /// The queue; without one whoever calls delivers by itself.
    pub queue: Option<&'a Queue>,
    /// Raw records per batch, at most 5,000.
    pub batch_records: u32,
    /// Called with the raw records of each landed page.
    pub progress: &'a (dyn Fn(u32) + Sync),
    /// Turns true when the pass is to stop between two pages.
    pub stop: &'a watch::Receiver<bool>,
}

/// Where a pass begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Where the last pass stopped.
    Cursor,
    /// At the beginning.
    Start,
    /// At what has changed on some days; a platform that cannot tell is read whole. Days with an end are read once more: the
    /// source's cursor is not moved.
    Days(Days),
    /// At what was handed in: the source's cursor is neither read nor moved.
    Handed,
}

/// One pass over one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunReport {
    /// The run.
    pub run: i64,
    /// How it ended.
    pub ended: Ended,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

/// Reads every stream of a source to its end, as whose turn it is. A failure or a stop ends the run, keeps what is landed
/// and leaves the cursor at it.
///
/// # Errors
/// [`StoreError`] only; what the platform does wrong is in the report.
pub async fn sync(
    cx: Ingest<'_>,
    source: &Source,
    claim: SourceClaim,
    connector: &dyn Connector,
    from: From,
) -> Result<RunReport, StoreError> {
    runs::end_abandoned_runs(cx.db, source).await?;
    let run = runs::start_run(cx.db, source, from == From::Start).await?;
    let span = tracing::error_span!("run", run, source = source.name);
    read(cx, source, claim, connector, run, from).instrument(span).await
}

async fn read(
    cx: Ingest<'_>,
    source: &Source,
    claim: SourceClaim,
    connector: &dyn Connector,
    run: i64,
    from: From,
) -> Result<RunReport, StoreError> {
    let mut failure = None;
    for stream in &connector.manifest().stream {
        let read = match read_stream(cx, source, claim, connector, stream, run, from).await {
            Err(StoreError::LeaseLost) => Err(Failure::fatal(Cause::LeaseLost)),
            read => read?,
        };
        if let Err(f) = read {
            failure = Some(f);
            break;
        }
    }
    runs::end_run(cx.db, run, failure.as_ref().map(Failure::message).as_ref()).await?;
    let ended = match &failure {
        None => Ended::Done,
        Some(f) if f.cause == Cause::Stopped => Ended::Stopped,
        Some(_) => Ended::Failed,
    };
    tracing::info!(?ended, "the run ended");
    Ok(RunReport { run, ended, failure })
}

async fn read_stream(
    cx: Ingest<'_>,
    source: &Source,
    claim: SourceClaim,
    connector: &dyn Connector,
    stream: &Stream,
    run: i64,
    from: From,
) -> Result<Result<(), Failure>, StoreError> {
    let start = match from {
        From::Start | From::Handed => None,
        From::Cursor => runs::cursor(cx.db, source, &stream.name).await?,
        From::Days(days) => connector.since(stream, days),
    };
    let mut cursor = start.clone();
    let moves = !matches!(from, From::Handed | From::Days(Days { last: Some(_), .. }));
    // What leads in a circle would never end.
    let mut asked = HashSet::new();
    loop {
        let pulled = tokio::select! {
            biased;
            () = told_to(cx.stop) => {
                Err(Failure::fatal(Cause::Stopped))
            }
            page = pull_patiently(connector, stream, cursor.as_deref()) => page,
        };
        let mut page = match pulled {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(Ok(())),
            Err(f) => return Ok(Err(f)),
        };
        if !page.last && !asked.insert(cx.keys.short_digest(&[b"cursor", page.cursor.as_bytes()])) {
            return Ok(Err(Failure::fatal(Cause::PagesRepeat).at(page.address)));
        }
        if asked.len() > MAX_PAGES {
            return Ok(Err(Failure::fatal(Cause::PagesTooMany { max: MAX_PAGES }).at(page.address)));
        }
        let landing = Landing {
            source,
            claim,
            run,
            stream: &stream.name,
            address: &page.address,
            payload: &page.payload,
            each: page.each.as_deref(),
            records: page.records.clone(),
            batch_size: cx.batch_records,
            cursor_at_start: start.as_deref(),
            cursor: moves.then_some(&page.cursor),
        };
        if page.waiting {
            runs::keep_cursor(cx.db, &landing).await?;
        } else {
            let batches = land(cx, &landing).await?;
            // Whoever delivers opens it again; both of it at once may be more than there is room for.
            page.payload = Payload::default();
            // A queue that does not ring delays the batch until the sweep.
            if let Some(queue) = cx.queue {
                sweep::notify(cx.db, queue, &batches.iter().map(|batch| Notice::new(*batch, 1)).collect::<Vec<_>>())
                    .await?;
            }
        }
        if page.last {
            // Where the cursor moves, it says so to whoever judges the pass.
            let missed = huiliu_platform::missed(&page.cursor).filter(|_| !moves);
            return Ok(missed.map_or(Ok(()), |Short { received, total, .. }| {
                Err(Failure::fatal(Cause::Short { stream: stream.name.clone(), received, total }))
            }));
        }
        cursor = Some(page.cursor);
    }
}

/// Returns when told to stop. A sender that is gone tells nothing.
pub(crate) async fn told_to(stop: &watch::Receiver<bool>) {
    if stop.clone().wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}

async fn land(cx: Ingest<'_>, landing: &Landing<'_>) -> Result<Vec<i64>, StoreError> {
    let mut tries = 0;
    let batches = loop {
        match runs::land(cx.db, cx.keys, landing).await {
            Ok(batches) => break batches,
            // The transaction did not go through, or its outcome is unknown: landing the same page again is harmless,
            // because its records have the same keys and versions.
            Err(e) if e.transient() && tries < TRIES => {
                tries += 1;
                tokio::time::sleep(backoff(tries)).await;
            }
            Err(e) => return Err(e),
        }
    };
    if let Ok(records) = landing.records {
        (cx.progress)(records);
    }
    Ok(batches)
}

async fn pull_patiently(
    connector: &dyn Connector,
    stream: &Stream,
    cursor: Option<&str>,
) -> Result<Option<Page>, Failure> {
    let mut tried = 0;
    loop {
        match connector.pull(stream, cursor).await {
            Err(failure @ Failure { retry: Some(wait), .. }) if tried + 1 < TRIES => {
                tried += 1;
                tracing::info!(code = failure.message().code(), attempt = tried, "{failure}; trying again");
                tokio::time::sleep(wait.max(backoff(tried))).await;
            }
            Err(failure) => return Err(Failure { attempts: Some(tried + 1), ..failure }),
            page => return page,
        }
    }
}

/// 0.1 s doubling to at most 5 s, with jitter from the clock's last digits.
fn backoff(tried: u32) -> Duration {
    let base = 100u64.saturating_mul(1 << tried.min(6)).min(5_000);
    let jitter = u64::from(chrono::Utc::now().timestamp_subsec_micros()) % (base / 2 + 1);
    Duration::from_millis(base / 2 + jitter)
}
