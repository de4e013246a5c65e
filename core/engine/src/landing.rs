//! Lands what ingest reads. Pages that come one soon after another land together, so that a small page costs no
//! transaction of its own; each is still a payload of its own, and the cursor moves only in the transaction that lands
//! its page.

use std::time::Duration;

use tokio::time::Instant;

use crate::discreet;
use crate::ingest::{Ingest, TRIES, backoff_delay};
use crate::log_event::LogEvent;
use crate::run_note::RunNote;
use crate::sweep;
use huiliu_decode::payload::Payload;
use huiliu_manifest::{Encoding, Format, Stream};
use huiliu_platform::{Counted, Page};
use huiliu_queue::Notice;
use huiliu_store::intake::landing::{self, NewPayload, StreamPass};
use huiliu_store::{Db, StoreError};

/// The most pages that land together.
const MAX_TOGETHER: usize = 50;
/// Pages of so many bytes wait for no others.
const ENOUGH_BYTES: usize = 2 << 20;
/// The longest that a page waits for others.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// A page that has landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LandedPage {
    /// Its raw records.
    pub records: u32,
    /// How far its listing is then, where the platform counts.
    pub counted: Option<Counted>,
}

/// Collects the pages of one pass over a stream, and lands them.
pub(crate) struct Lander<'a> {
    cx: Ingest<'a>,
    pass: StreamPass<'a>,
    stream: &'a Stream,
    /// Whether the pass moves the source's cursor.
    moves: bool,
    pages: Vec<Page>,
    bytes: usize,
    /// When the first of the pages has to land at the latest.
    due: Option<Instant>,
    /// Whether the run says that a page has another encoding than the manifest.
    is_noted: bool,
}

impl<'a> Lander<'a> {
    pub(crate) fn new(cx: Ingest<'a>, pass: StreamPass<'a>, stream: &'a Stream, moves: bool) -> Self {
        Self { cx, pass, stream, moves, pages: vec![], bytes: 0, due: None, is_noted: false }
    }

    /// Waits until the pages have waited long enough for others. Never returns if there are none.
    pub(crate) async fn wait_until_due(&self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// Takes a page, and lands it with those before it if they are enough.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn take(&mut self, page: Page) -> Result<(), StoreError> {
        self.bytes += page.payload.len();
        self.pages.push(page);
        self.due.get_or_insert_with(|| Instant::now() + LONGEST_WAIT);
        if self.pages.len() >= MAX_TOGETHER || self.bytes >= ENOUGH_BYTES { self.land().await } else { Ok(()) }
    }

    /// Drops the pages that were taken. The cursor is before them.
    pub(crate) fn leave_pages(&mut self) {
        (self.bytes, self.due) = (0, None);
        self.pages.clear();
    }

    /// Lands the pages that were taken.
    ///
    /// # Errors
    /// [`StoreError`]. The cursor is then still before the first of them.
    pub(crate) async fn land(&mut self) -> Result<(), StoreError> {
        (self.bytes, self.due) = (0, None);
        let pages = std::mem::take(&mut self.pages);
        let payload = |page| NewPayload { cursor: self.cursor_after(page), ..describe(page) };
        let payloads: Vec<NewPayload<'_>> = pages.iter().map(payload).collect();
        land_and_notify(self.cx, self.stream, self.pass, &payloads).await?;
        for page in &pages {
            if let Ok(records) = page.records {
                (self.cx.progress)(LandedPage { records, counted: huiliu_platform::counted(&page.cursor) });
            }
            // Once for each stream and run is enough.
            let landed = (page.address.as_str(), &page.payload);
            self.is_noted = self.is_noted || note_encoding(self.cx.db, self.pass.run, self.stream, landed).await?;
        }
        Ok(())
    }

    /// Stores the place of a page that brings nothing but a place, after the pages before it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn save_place(&mut self, page: &Page) -> Result<(), StoreError> {
        self.land().await?;
        match self.cursor_after(page) {
            Some(cursor) => landing::save_cursor(self.cx.db, self.pass, cursor).await,
            None => Ok(()),
        }
    }

    /// Returns the cursor to store after a page. Without one the next pass begins where this one did.
    fn cursor_after<'p>(&self, page: &'p Page) -> Option<&'p str> {
        Some(page.cursor.as_str()).filter(|cursor| self.moves && discreet::is_storable(self.cx.keys, cursor))
    }
}

fn describe(page: &Page) -> NewPayload<'_> {
    NewPayload {
        each: page.each.as_deref(),
        layout: Some(&page.layout),
        ..NewPayload::new(&page.address, &page.payload, page.records.clone())
    }
}

/// Lands payloads and notifies the queue of their batches.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn land_and_notify(
    cx: Ingest<'_>,
    stream: &Stream,
    pass: StreamPass<'_>,
    payloads: &[NewPayload<'_>],
) -> Result<(), StoreError> {
    if payloads.is_empty() {
        return Ok(());
    }
    let batches = land_with_retries(cx, pass, payloads).await?;
    let is_table = matches!(stream.format, Format::Csv { .. } | Format::Workbook { .. });
    for empty in payloads.iter().filter(|of| is_table && of.records == Ok(0)) {
        tracing::warn!("{}", LogEvent::OnlyHeader { payload: empty.address.to_owned() });
    }
    // If the queue fails, the batches wait for the sweep.
    let Some(queue) = cx.queue else { return Ok(()) };
    let notices: Vec<Notice> = batches.iter().map(|batch| Notice::new(*batch, 1)).collect();
    sweep::notify_queue(cx.db, queue, &notices).await?;
    Ok(())
}

async fn land_with_retries(
    cx: Ingest<'_>,
    pass: StreamPass<'_>,
    payloads: &[NewPayload<'_>],
) -> Result<Vec<i64>, StoreError> {
    let mut tries = 0;
    loop {
        let landed = landing::land_payloads(cx.db, cx.keys, pass, payloads, cx.batch_records).await;
        match landed {
            Ok(batches) => {
                cx.room.inspect(|room| room.note_written());
                return Ok(batches);
            }
            Err(e) if e.is_disk_full() && cx.room.is_some() => {
                cx.room.inspect(|room| room.note_full());
                if cx.wait_for_room().await.is_err() {
                    return Err(e);
                }
            }
            // The transaction failed or its outcome is unknown. Landing the same pages again is harmless, because their
            // records have the same keys and versions.
            Err(e) if e.is_transient() && tries < TRIES => {
                tries += 1;
                tokio::time::sleep(backoff_delay(tries)).await;
            }
            Err(e) => return Err(e),
        }
    }
}

/// Says in the log and in the run that a payload is UTF-8 although its manifest declares GB18030. Returns whether it is.
pub(crate) async fn note_encoding(
    db: &Db,
    run: i64,
    stream: &Stream,
    (address, payload): (&str, &Payload),
) -> Result<bool, StoreError> {
    let declared = stream.format.encoding();
    let is_text = !matches!(stream.format, Format::Workbook { .. });
    if declared != Encoding::Gb18030 || !is_text || !payload.has_wide_utf8().unwrap_or(false) {
        return Ok(false);
    }
    let (stream, payload) = (stream.name.clone(), address.to_owned());
    tracing::warn!("{}", LogEvent::OtherEncoding { stream: stream.clone(), payload: payload.clone() });
    RunNote::OtherEncoding { stream, payload }.add_to(db, run).await?;
    Ok(true)
}
