//! Reads the streams of a source, page by page or file by file, and hands what it reads to [`crate::landing`].

use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::watch;
use tracing::Instrument as _;

use crate::discreet;
use crate::disk_room::DiskRoom;
use crate::ingest_files::{self, FilePass};
use crate::landing::{LandedPage, Lander};
use crate::log_event::LogEvent;
use crate::run_note::{RunFailure, RunNote};
use huiliu_decode::correction_mark::NoRecords;
use huiliu_manifest::Stream;
use huiliu_messages::Message;
use huiliu_platform::{Cause, Connector, Days, Failure, Page, Shortfall};
use huiliu_queue::Queue;
use huiliu_store::intake::landing::StreamPass;
use huiliu_store::intake::runs::{self, Source};
use huiliu_store::intake::source_lease::{SourceClaim, SourceUseEnd};
use huiliu_store::intake::unread::{self, UnreadFilter};
use huiliu_store::{Db, StoreError};
use huiliu_vault::keys::Keys;

/// How often one page is requested, and how often its landing is retried, before the run fails.
pub(crate) const TRIES: u32 = 7;
/// The most pages of one stream in one pass.
const MAX_PAGES: usize = 1_000_000;

/// What ingest works with.
#[derive(Clone, Copy)]
pub struct Ingest<'a> {
    /// The database.
    pub db: &'a Db,
    /// Keys for sealing payloads.
    pub keys: &'a Keys,
    /// The queue. Without one the caller delivers the batches.
    pub queue: Option<&'a Queue>,
    /// Raw records per batch, at most 5,000.
    pub batch_records: u32,
    /// Called with each number of page that has landed.
    pub progress: &'a (dyn Fn(LandedPage) + Sync),
    /// Becomes true when the pass should stop between two pages.
    pub stop: &'a watch::Receiver<bool>,
    /// The room on disk that the pass waits for. Without it, a full disk ends the pass.
    pub room: Option<&'a DiskRoom>,
}

/// Where a pass begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassStart {
    /// Where the last pass stopped.
    Cursor,
    /// At the beginning of the stream.
    Start,
    /// At what changed on certain days; a platform that cannot filter by day is read completely. A span with a last
    /// day is a second reading and does not move the source's cursor. Neither does one that begins after the cursor,
    /// because the days between them are not read.
    Days(Days),
    /// At what was uploaded. The source's cursor is neither read nor moved.
    Handed,
}

/// The result of one pass over one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunReport {
    /// The run's number.
    pub run: i64,
    /// How the run ended.
    pub ended: SourceUseEnd,
    /// Why it failed or stopped, if it did.
    pub failure: Option<Failure>,
    /// Which of its payloads cannot be decoded, if there are any. The run has failed then too, though it was read to its end.
    pub unread: Option<Message>,
}

/// Reads every stream of a source to its end, under the source lease of `claim`. A failure or a stop ends the run;
/// what has landed is kept, and the cursor stays there.
///
/// # Errors
/// [`StoreError`] only; failures of the platform are in the report.
pub async fn sync_source(
    cx: Ingest<'_>,
    source: &Source,
    claim: SourceClaim,
    connector: &dyn Connector,
    from: PassStart,
) -> Result<RunReport, StoreError> {
    runs::end_abandoned_runs(cx.db, source).await?;
    let run = runs::start_run(cx.db, source, from == PassStart::Start).await?;
    let span = tracing::error_span!("run", run, source = source.name);
    read_streams(cx, source, claim, connector, run, from).instrument(span).await
}

async fn read_streams(
    cx: Ingest<'_>,
    source: &Source,
    claim: SourceClaim,
    connector: &dyn Connector,
    run: i64,
    from: PassStart,
) -> Result<RunReport, StoreError> {
    let mut failure = None;
    let mut is_first = true;
    for stream in &connector.manifest().stream {
        let (tells_left_out, store) = (std::mem::take(&mut is_first), connector.files());
        let store = store.filter(|_| from != PassStart::Handed);
        let read = match store {
            Some(store) => {
                let pass = FilePass { cx, source, claim, run, stream, store, from, tells_left_out };
                ingest_files::read_files(pass).await
            }
            None => read_stream(cx, source, claim, connector, stream, run, from).await,
        };
        let read = match read {
            Err(StoreError::LeaseLost) => Err(Failure::fatal(Cause::LeaseLost)),
            read => read?,
        };
        if let Err(f) = read {
            let bars_others = store.is_none() || !f.concerns_one_file();
            failure.get_or_insert(f);
            if bars_others {
                break;
            }
        }
    }
    end_run(cx.db, run, failure).await
}

/// Ends a run: as failed if it was not read to its end, or if payloads of it cannot be decoded.
async fn end_run(db: &Db, run: i64, failure: Option<Failure>) -> Result<RunReport, StoreError> {
    let unread = find_unread(db, run).await?;
    let why = failure.as_ref().map(Failure::message).or_else(|| unread.clone());
    runs::end_run(db, run, why.as_ref()).await?;
    let ended = match &failure {
        None => SourceUseEnd::Done,
        Some(f) if f.cause == Cause::Stopped => SourceUseEnd::Stopped,
        Some(_) => SourceUseEnd::Failed,
    };
    tracing::info!(?ended, "{}", LogEvent::RunEnded);
    Ok(RunReport { run, ended, failure, unread })
}

/// Says which payloads of a run cannot be decoded.
async fn find_unread(db: &Db, run: i64) -> Result<Option<Message>, StoreError> {
    // Correction sheets are taken by themselves.
    let code = Some((NoRecords::CODE, false));
    let of_run = UnreadFilter { run: Some(run), code, ..UnreadFilter::open() };
    let Some(first) = unread::list_unread_payloads(db, &of_run, 0, 1).await?.pop() else { return Ok(None) };
    let payloads = unread::count_unread_payloads(db, &of_run).await?;
    let (payload, why) = (first.address, first.reason.unwrap_or_else(|| Message::parse_stored("")));
    Ok(Some(Message::new(&RunFailure::Unread { payloads, payload, why })))
}

async fn read_stream(
    cx: Ingest<'_>,
    source: &Source,
    claim: SourceClaim,
    connector: &dyn Connector,
    stream: &Stream,
    run: i64,
    from: PassStart,
) -> Result<Result<(), Failure>, StoreError> {
    let start = match from {
        PassStart::Start | PassStart::Handed => None,
        PassStart::Cursor => runs::find_cursor(cx.db, source, &stream.name).await?,
        PassStart::Days(days) => connector.cursor_for_days(stream, days),
    };
    // Rows may have moved since an earlier run stored this place.
    let check = start.as_deref().filter(|_| from == PassStart::Cursor);
    let cursor = check.and_then(|place| connector.check_place(stream, place)).or_else(|| start.clone());
    let moves = match from {
        PassStart::Start | PassStart::Cursor => true,
        PassStart::Handed | PassStart::Days(Days { last: Some(_), .. }) => false,
        // A platform that cannot be asked by day is read completely. Otherwise the cursor moves over nothing that was
        // not read.
        PassStart::Days(days) => {
            let stored = runs::find_cursor(cx.db, source, &stream.name).await?;
            start.is_none() || connector.days_reach_cursor(stream, stored.as_deref(), days)
        }
    };
    let stream_pass = StreamPass { source, claim, run, stream: &stream.name, cursor_at_start: start.as_deref() };
    let mut lander = Lander::new(cx, stream_pass, stream, moves);
    let reading = Reading { connector, stream, run, is_earlier_place: from == PassStart::Cursor, moves };
    let read = reading.read_pages(cx, &mut lander, cursor).await?;
    // Whatever ended the reading, what came before has come.
    lander.land().await?;
    Ok(read)
}

/// The reading of a stream, page by page.
struct Reading<'a> {
    connector: &'a dyn Connector,
    stream: &'a Stream,
    run: i64,
    /// Whether the place is one that an earlier run stored, and may be none any more. The listing is then read from its
    /// beginning, once.
    is_earlier_place: bool,
    /// Whether the pass moves the source's cursor.
    moves: bool,
}

impl Reading<'_> {
    async fn read_pages(
        mut self,
        cx: Ingest<'_>,
        lander: &mut Lander<'_>,
        mut cursor: Option<String>,
    ) -> Result<Result<(), Failure>, StoreError> {
        // A cursor that repeats would make the loop endless.
        let mut asked = HashSet::new();
        loop {
            if let Err(stopped) = cx.wait_for_room().await {
                // There is no room for what came before either. The next run reads it again.
                lander.leave_pages();
                return Ok(Err(stopped));
            }
            let page = match self.pull(cx, lander, cursor.as_deref()).await? {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(Ok(())),
                Err(f) => {
                    let again = cursor.as_deref().filter(|_| self.is_earlier_place && f.may_refuse_place());
                    let Some(again) = again.and_then(|place| self.connector.restart_listing(self.stream, place)) else {
                        return Ok(Err(f));
                    };
                    note_restart(cx.db, self.run, self.stream, &f).await?;
                    (cursor, self.is_earlier_place) = (Some(again), false);
                    continue;
                }
            };
            self.is_earlier_place &= page.waiting;
            if !page.last && !asked.insert(cx.keys.short_digest(&[b"cursor", page.cursor.as_bytes()])) {
                return Ok(Err(Failure::fatal(Cause::PagesRepeat).with_place(page.address)));
            }
            if asked.len() > MAX_PAGES {
                return Ok(Err(Failure::fatal(Cause::PagesTooMany { max: MAX_PAGES }).with_place(page.address)));
            }
            let (place, is_last) = (page.cursor.clone(), page.last);
            if page.waiting {
                lander.save_place(&page).await?;
            } else {
                lander.take(page).await?;
            }
            if is_last {
                // If the cursor moves, it carries this fact to `expect`, which judges the pass.
                let missed = huiliu_platform::missed_records(&place).filter(|_| !self.moves);
                return Ok(missed.map_or(Ok(()), |Shortfall { received, total, .. }| {
                    Err(Failure::fatal(Cause::Short { stream: self.stream.name.clone(), received, total }))
                }));
            }
            cursor = Some(place);
        }
    }

    /// Pulls the next page. Meanwhile the pages before it land when they are due.
    async fn pull(
        &self,
        cx: Ingest<'_>,
        lander: &mut Lander<'_>,
        cursor: Option<&str>,
    ) -> Result<Result<Option<Page>, Failure>, StoreError> {
        let pulled = pull_with_retries(cx.keys, self.connector, self.stream, cursor);
        let mut pulled = std::pin::pin!(pulled);
        loop {
            tokio::select! {
                biased;
                () = wait_for_stop(cx.stop) => return Ok(Err(Failure::fatal(Cause::Stopped))),
                page = &mut pulled => return Ok(page),
                () = lander.wait_until_due() => {}
            }
            // The request goes on meanwhile: it may hold what landing waits for, such as the database for its budget.
            let mut landing = std::pin::pin!(lander.land());
            let mut page = None;
            let landed = loop {
                tokio::select! {
                    landed = &mut landing => break landed,
                    pulled = &mut pulled, if page.is_none() => page = Some(pulled),
                }
            };
            landed?;
            if let Some(page) = page {
                return Ok(page);
            }
        }
    }
}

/// Says in the log and in the run that a listing is read from its beginning again.
async fn note_restart(db: &Db, run: i64, stream: &Stream, why: &Failure) -> Result<(), StoreError> {
    let (stream, why) = (stream.name.clone(), why.message());
    tracing::warn!("{}", LogEvent::ListingRestarted { stream: stream.clone(), why: why.clone() });
    RunNote::ListingRestarted { stream, why }.add_to(db, run).await
}

/// Returns when `stop` becomes true. Never returns if the sender is gone.
pub(crate) async fn wait_for_stop(stop: &watch::Receiver<bool>) {
    if stop.clone().wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}

impl Ingest<'_> {
    /// Waits until there is room on disk, or fails if the pass is to stop first.
    pub(crate) async fn wait_for_room(&self) -> Result<(), Failure> {
        match self.room {
            Some(room) => room.wait_for_room(self.stop).await,
            None => Ok(()),
        }
    }
}

async fn pull_with_retries(
    keys: &Keys,
    connector: &dyn Connector,
    stream: &Stream,
    cursor: Option<&str>,
) -> Result<Option<Page>, Failure> {
    let mut attempts = Attempts::default();
    loop {
        match connector.pull(stream, cursor).await {
            Err(failure) => attempts.wait_after(discreet::mask_failure(keys, failure)).await?,
            Ok(page) => return Ok(page.map(|page| discreet::mask_page(keys, page))),
        }
    }
}

/// Attempts to get something from a platform.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    failed: u32,
}

impl Attempts {
    /// Waits until the next attempt after a failure.
    ///
    /// # Errors
    /// The failure, if another attempt cannot help or there were enough.
    pub(crate) async fn wait_after(&mut self, failure: Failure) -> Result<(), Failure> {
        self.failed += 1;
        let Some(wait) = failure.retry.filter(|_| self.failed < TRIES) else {
            return Err(Failure { attempts: Some(self.failed), ..failure });
        };
        let why = failure.message();
        tracing::info!(code = why.code(), attempt = self.failed, "{}", LogEvent::Retry { why: why.clone() });
        tokio::time::sleep(wait.max(backoff_delay(self.failed))).await;
        Ok(())
    }
}

/// Returns the delay before a retry: at most 0.2 s after the first failure, doubling up to 5 s. At least half of it is
/// waited; the rest is jitter from the clock's last digits.
pub(crate) fn backoff_delay(tried: u32) -> Duration {
    let base = 100u64.saturating_mul(1 << tried.min(6)).min(5_000);
    let jitter = u64::from(chrono::Utc::now().timestamp_subsec_micros()) % (base / 2 + 1);
    Duration::from_millis(base / 2 + jitter)
}
