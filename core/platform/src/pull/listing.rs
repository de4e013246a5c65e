//! Reads a platform over HTTP as its manifest describes it: partition by partition, step by step, page by page.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use tokio::sync::Mutex;

use crate::connector::{Connector, Days, Page};
use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::http::platform::{Platform, Question, RequestTarget};
use crate::http::web::Answer;
use crate::http::words::find_words;
use crate::pull::cursor::{Cursor, NextCursor, RemainingListings, partition_key};
use crate::pull::fan_out::{self, Partition};
use crate::pull::page_history::PageFingerprint;
use crate::pull::paging::{self, NextPage, PageParams, PagedFormat, Received};
use crate::pull::since::{self, Window};
use crate::pull::unpaged;
use huiliu_decode::accounting::PayloadLayout;
use huiliu_decode::decode;
use huiliu_decode::parts::Body;
use huiliu_decode::payload::Payload;
use huiliu_manifest::{Auth, Manifest, Paging, Since, Stream, Transport};
use huiliu_messages::Message;

/// A connector that reads listings over HTTP.
#[derive(Debug)]
pub struct HttpConnector {
    manifest: Manifest,
    pub(crate) platform: Platform,
    /// Stream → its partitions in the current pass.
    partitions: Mutex<HashMap<String, Arc<Vec<Partition>>>>,
    /// Ids of the exports that this connector ordered.
    pub(crate) ordered: Mutex<Vec<String>>,
}

/// The answer to the request for a page.
struct PageAnswer {
    /// `None` if the platform says, in its own way, that there are no records.
    answer: Option<Answer>,
    /// Name of the page for people.
    address: String,
    /// Path of the request.
    path: String,
}

/// The listing that a cursor points into.
pub(crate) struct Listing<'l> {
    pub(crate) stream: &'l Stream,
    pub(crate) stands: &'l Cursor,
    pub(crate) window: Window,
    pub(crate) partition: &'l Partition,
    /// Key of the partition; empty without a fan-out.
    pub(crate) key: String,
    all: &'l [Partition],
    nth: usize,
}

impl HttpConnector {
    /// Creates the connector for an endpoint.
    ///
    /// # Errors
    /// [`Failure`] if the base URL is invalid.
    pub fn new(manifest: Manifest, endpoint: Endpoint) -> Result<Self, Failure> {
        let (auth, answers, budget) = match &manifest.transport {
            Transport::Http { auth, answers, budget } => (auth.clone(), answers.clone(), budget.clone()),
            _ => (Auth::None {}, vec![], None),
        };
        let platform = Platform::new(&manifest.id, endpoint, auth, answers, budget)?;
        Ok(Self { manifest, platform, partitions: Mutex::default(), ordered: Mutex::default() })
    }

    /// Returns the partitions of this pass. They are looked up again when a pass begins.
    async fn load_partitions(
        &self,
        stream: &Stream,
        begins: bool,
        window: &Window,
    ) -> Result<Arc<Vec<Partition>>, Failure> {
        let mut held = self.partitions.lock().await;
        if let Some(known) = held.get(&stream.name).filter(|_| !begins) {
            return Ok(Arc::clone(known));
        }
        let first = paging::page_parameters(&stream.page, None);
        let values = |name: &str| window_value(name, window, &first);
        let found = Arc::new(fan_out::list_partitions(&self.platform, stream, &values).await?);
        held.insert(stream.name.clone(), Arc::clone(&found));
        Ok(found)
    }

    async fn fetch_page(&self, listing: &Listing<'_>) -> Result<Page, Failure> {
        let Listing { stands, .. } = listing;
        let place = stands.page.as_deref();
        if stands.checks {
            let address = self.confirm_records(listing, place).await?;
            let page = listing.make_page(address, Payload::default(), Ok(0), &stands.after_check(), false);
            return Ok(Page { waiting: true, ..page });
        }
        let asked = match self.request_page(listing, place).await {
            Err(f) if stands.beyond && paging::means_no_page(&f) => {
                self.confirm_last_page(listing).await?;
                let again = if stands.reaches_total() { Err(f) } else { self.request_page(listing, place).await };
                match again {
                    Err(f) if paging::means_no_page(&f) => {
                        let name = || paging::page_name(&listing.stream.page, place).into_owned();
                        let address = f.place.map_or_else(name, String::from);
                        return Ok(listing.make_empty_last_page(address));
                    }
                    asked => asked?,
                }
            }
            asked => asked?,
        };
        let PageAnswer { answer: Some(answer), address, path } = asked else {
            return Ok(listing.make_empty_last_page(asked.address));
        };
        self.build_page(listing, address, &path, answer).await
    }

    /// Requests the page at a place; `None` is the first one.
    async fn request_page(&self, listing: &Listing<'_>, place: Option<&str>) -> Result<PageAnswer, Failure> {
        let Listing { stream, window, .. } = listing;
        let Some(request) = &stream.request else {
            return Err(Failure::fatal(Cause::NoRequest { stream: stream.name.clone() }));
        };
        let asked = paging::page_parameters(&stream.page, place);
        let values = |name: &str| listing.lookup_value(name, &asked);
        let path = crate::http::request::fill_request(request, &self.platform.endpoint, &|name| {
            values(name).or(Some("…".into()))
        })?
        .path;
        let address = || {
            let page = self.platform.secrets.hide_secrets(&paging::page_name(&stream.page, place));
            self.platform.secrets.hide_secrets(&listing.page_address(&path, paging::shorten_name(&page)))
        };
        let asked_at = address();
        let query: Vec<_> = window.query.iter().chain(&asked.query).cloned().collect();
        let leads = match (&stream.page, place) {
            (Paging::Link { .. }, Some(link)) => RequestTarget::SameHost(link),
            _ => RequestTarget::Path,
        };
        let question = Question {
            request,
            values: &values,
            query: &query,
            leads,
            place: &asked_at,
            table: stream.format.web_page_layout(),
            records_of: Some(*stream).filter(|stream| stream.since.is_none() && !paging::needs_body(&stream.page)),
        };
        let answer = self.platform.request_answer(&question).await?;
        // Computed again: a token that the address repeats may have been fetched only during the request.
        Ok(PageAnswer { answer, address: address(), path })
    }

    /// Checks, before a refused or repeated page is taken for the end of the listing, that the page before it is still
    /// given, with the same records. Otherwise the refusal is about something else, or rows have moved. A total that is
    /// reached needs no check.
    async fn confirm_last_page(&self, listing: &Listing<'_>) -> Result<(), Failure> {
        let stands = listing.stands;
        let Some(previous) = stands.previous.as_ref().filter(|_| !stands.reaches_total()) else { return Ok(()) };
        let place = Some(previous.as_str()).filter(|place| !place.is_empty());
        self.confirm_records(listing, place).await.map(|_| ())
    }

    /// Checks that the page at a place still has the records of the page that was read last, and returns its name. Records
    /// with a value of the request itself, such as its time, differ at every request, which proves nothing.
    async fn confirm_records(&self, listing: &Listing<'_>, place: Option<&str>) -> Result<String, Failure> {
        let (address, known) = self.fingerprint_at(listing, place).await?;
        if listing.stands.trail.ends_with(&known) || self.fingerprint_at(listing, place).await?.1 != known {
            return Ok(address);
        }
        Err(Failure::fatal(Cause::RowsMoved).with_place(address))
    }

    /// Requests the page at a place, and returns its name and the digests of its records.
    async fn fingerprint_at(
        &self,
        listing: &Listing<'_>,
        place: Option<&str>,
    ) -> Result<(String, PageFingerprint), Failure> {
        let PageAnswer { answer, address, .. } = self.request_page(listing, place).await?;
        let Some(answer) = answer else { return Ok((address, PageFingerprint::default())) };
        let stream = listing.stream;
        let body = self.platform.endpoint.read_body(stream, &answer.payload, &address).await?;
        let outline = decode::outline_payload(stream, &body, None);
        let records = outline.map_err(|e| Failure::from_decode_error(&address, e))?.records;
        let known = fingerprint_page(stream, &body, &answer, records).map_err(|f| f.with_place(address.as_str()))?;
        drop(body);
        Ok((address, known))
    }

    /// Makes a page of an answer: counts its records and determines the next page.
    async fn build_page(
        &self,
        listing: &Listing<'_>,
        address: String,
        path: &str,
        answer: Answer,
    ) -> Result<Page, Failure> {
        let Listing { stream, stands, .. } = listing;
        let place = stands.page.as_deref();
        let body = self.platform.endpoint.read_body(stream, &answer.payload, &address).await?;
        let outline = match decode::outline_payload(stream, &body, paging::next_path(&stream.page)) {
            Err(e) if stands.beyond && paging::is_past_end(&stream.format, &body, &e) => {
                self.confirm_last_page(listing).await?;
                return Ok(listing.make_empty_last_page(address));
            }
            outline => outline.map_err(|e| Failure::from_decode_error(&address, e).with_words(find_words(&answer)))?,
        };
        let records = outline.records;
        let is_paged = !matches!(stream.page, Paging::None {});
        let known = fingerprint_page(stream, &body, &answer, if is_paged { records } else { 0 });
        let known = known.map_err(|f| f.with_place(address.as_str()))?;
        if stands.trail.knows_records(&known) {
            if stands.beyond {
                self.confirm_last_page(listing).await?;
                return Ok(listing.make_empty_last_page(address));
            }
            let is_same = stands.trail.repeats_last(&known);
            let cause = if is_same { Cause::PageSameRecords } else { Cause::PagesRepeat };
            return Err(Failure::fatal(cause).with_place(address));
        }
        if !is_paged && let Some(sign) = unpaged::find_sign_of_more(&answer, &body, &stream.format, records.into()) {
            let listing = stream.name.clone();
            return Err(Failure::fatal(Cause::MorePages { listing, sign }).with_place(address));
        }
        let of = PagedFormat { paging: &stream.page, format: &stream.format };
        let page = Received {
            answer: &answer,
            body: &body,
            records,
            before: stands.received,
            largest: stands.largest,
            total: stands.total,
            next: outline.next,
            place,
        };
        let NextPage { place: next, beyond, total, .. } =
            paging::find_next_page(of, &page).map_err(|f| f.with_place(address.as_str()))?;
        let next = next.map(|next| cursor_place(&self.platform, of.paging, path, place, next)).transpose()?;
        let empty = if records == 0 { stands.empty + 1 } else { 0 };
        let trail = stands.trail.with_page(place, &known);
        if let Some(next) = &next {
            paging::check_next_place(next, empty, &trail)
                .map_err(|c| Failure::fatal(c).with_place(address.as_str()))?;
        }
        let told = since::scan_records(stream, &body, stands.since_of(&listing.key))
            .map_err(|why| Failure::from_decode_error(&address, why))?;
        let highest = since::highest_number([stands.highest.as_deref(), told.highest.as_deref()]);
        let began = Some(stands.began.unwrap_or_else(huiliu_values::calendar::today_in_shanghai));
        let received = stands.received + u64::from(records);
        let largest = stands.largest.max(records.into());
        let repeated = stands.repeated + stands.trail.count_repeated(&known);
        // A pass that stops early because all records are older has missed nothing, so the total is dropped.
        let total = total.filter(|_| !told.all_older);
        let first_total = stands.first_total.or(total);
        let trail = if total.is_some() { trail.with_last_records(&known) } else { trail };
        let here = Cursor { began, highest, received, largest, total, first_total, repeated, ..Cursor::clone(stands) };
        drop(body);
        let made = match next.filter(|_| !told.all_older) {
            None => listing.make_last_page(address, answer.payload, Ok(records), &here),
            next => {
                let previous = Some(place.unwrap_or_default().to_owned());
                let cursor = Cursor { page: next, previous, trail, beyond, empty, ..here };
                listing.make_page(address, answer.payload, Ok(records), &cursor, false)
            }
        };
        Ok(Page { layout: outline.layout, ..made })
    }
}

/// Returns the place of the next page in the form that the cursor stores. A link is stored without its host: the next
/// pull uses the host of `base_url`. A link to another host is stored unchanged, so that the next pull refuses it.
pub(crate) fn cursor_place(
    platform: &Platform,
    paging: &Paging,
    path: &str,
    place: Option<&str>,
    next: String,
) -> Result<String, Failure> {
    if !matches!(paging, Paging::Link { .. }) {
        return Ok(next);
    }
    let first = platform.web.resolve_path(path)?;
    let asked = place.map_or(Ok(first.clone()), |place| platform.web.resolve_link(&first, place))?;
    let keys = crate::http::auth::secret_query_params(&platform.auth);
    Ok(platform.web.resolve_link(&asked, &next).map_or(next, |url| paging::without_host(&url, &keys)))
}

/// Computes the digests of a page with so many records.
fn fingerprint_page(
    stream: &Stream,
    body: &Body<'_>,
    answer: &Answer,
    records: u32,
) -> Result<PageFingerprint, Failure> {
    if records == 0 {
        return Ok(PageFingerprint::default());
    }
    PageFingerprint::from_page(&stream.format, body, &answer.payload)
        .map_err(|e| Failure::retryable(Cause::Packing { why: e.into() }))
}

fn window_value(name: &str, window: &Window, asked: &PageParams) -> Option<String> {
    Some(match name {
        "since" => window.since_value(),
        "until" => window.until.clone().unwrap_or_default(),
        _ => return asked.lookup_value(name),
    })
}

impl Listing<'_> {
    /// Returns the value of a template name in this listing's requests.
    pub(crate) fn lookup_value(&self, name: &str, asked: &PageParams) -> Option<String> {
        match name.strip_prefix("each.") {
            Some(of) => self.partition.named.get(of).cloned(),
            None => window_value(name, &self.window, asked),
        }
    }

    /// Returns the name of a page for people: `/classes page 3 (class=12)`.
    pub(crate) fn page_address(&self, path: &str, page: &str) -> String {
        let more: Vec<&str> = [self.window.name.as_deref(), Some(self.key.as_str())].into_iter().flatten().collect();
        let more = more.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
        let more = if more.is_empty() { more } else { format!(" ({more})") };
        format!("{path} page {page}{more}")
    }

    /// Makes a page with the cursor after it; `last` ends the pass.
    pub(crate) fn make_page(
        &self,
        address: String,
        payload: Payload,
        records: Result<u32, Message>,
        cursor: &Cursor,
        last: bool,
    ) -> Page {
        let each = fan_out::values_json(&self.partition.named);
        Page {
            address,
            payload,
            records,
            layout: PayloadLayout::default(),
            each,
            cursor: crate::cursor_text::write_cursor(cursor),
            last,
            waiting: false,
        }
    }

    /// Makes the last page of a listing that has ended without another record.
    fn make_empty_last_page(&self, address: String) -> Page {
        self.make_last_page(address, Payload::default(), Ok(0), self.stands)
    }

    /// Makes the last page of the listing; `here` is the position at it.
    pub(crate) fn make_last_page(
        &self,
        address: String,
        payload: Payload,
        records: Result<u32, Message>,
        here: &Cursor,
    ) -> Page {
        let names = fan_out::fan_out_names(self.stream);
        let here = Cursor {
            began: Some(here.began.unwrap_or_else(huiliu_values::calendar::today_in_shanghai)),
            ..here.clone()
        };
        let ahead = RemainingListings {
            since: self.stream.since.as_ref(),
            window: self.window.clone(),
            key: &self.key,
            next_partition: self.all.get(self.nth + 1).map(|partition| partition.values.clone()),
            keys: self.all.iter().map(|partition| partition_key(&names, &partition.values)).collect(),
        };
        let NextCursor { cursor, last } = here.after_listing(ahead);
        self.make_page(address, payload, records, &cursor, last)
    }
}

#[async_trait]
impl Connector for HttpConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn pull(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        self.platform.secrets.redact_pull(self.pull_next(stream, cursor).await)
    }

    fn cursor_for_days(&self, stream: &Stream, days: Days) -> Option<String> {
        match &stream.since {
            Some(Since::Moment { .. } | Since::NewestFirst { .. }) => Some(crate::cursor_text::write_cursor(&Cursor {
                since: Some(days.first.to_string()),
                until: days.last,
                ..Cursor::default()
            })),
            // Numbers cannot be derived from days.
            Some(Since::Counter { .. }) | None => None,
        }
    }

    fn days_reach_cursor(&self, stream: &Stream, cursor: Option<&str>, days: Days) -> bool {
        let Ok(stands) = crate::cursor_text::read_cursor::<Cursor>(cursor) else { return false };
        let since: Option<NaiveDate> = stands.since.and_then(|day| day.parse().ok());
        // Each partition of a fan-out has a day of its own, or none yet.
        stream.each.is_empty() && since.is_some_and(|since| days.first <= since)
    }

    fn check_place(&self, stream: &Stream, cursor: &str) -> Option<String> {
        if !matches!(stream.page, Paging::Number { .. } | Paging::Offset { .. }) {
            return None;
        }
        let stands: Cursor = crate::cursor_text::read_cursor(Some(cursor)).ok()?;
        stands.at_check().map(|cursor| crate::cursor_text::write_cursor(&cursor))
    }

    fn restart_listing(&self, _: &Stream, cursor: &str) -> Option<String> {
        let stands: Cursor = crate::cursor_text::read_cursor(Some(cursor)).ok()?;
        if stands.page.is_none() && !stands.checks {
            return None;
        }
        Some(crate::cursor_text::write_cursor(&stands.at_listing_start()))
    }
}

impl HttpConnector {
    async fn pull_next(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        let mut stands: Cursor = crate::cursor_text::read_cursor(cursor)?;
        if stands.began.is_none() {
            // The shortfall of the last pass has been reported already.
            stands.short = None;
        }
        let rule = stream.since.as_ref();
        let window = Window::from_cursor(rule, &stands, stands.since.as_deref());
        let all = self.load_partitions(stream, stands.began.is_none(), &window).await?;
        let names = fan_out::fan_out_names(stream);
        let Some(nth) = fan_out::find_partition(stream, &all, &stands.partition) else {
            let keys: Vec<String> = all.iter().map(|partition| partition_key(&names, &partition.values)).collect();
            return Ok((!stands.partition.is_empty()).then(|| end_of_pass(stream, &stands.after_last_partition(&keys))));
        };
        let partition = &all[nth];
        if !stands.partition.is_empty() && stands.partition != partition.values {
            // The partition no longer exists, so the next one is started.
            let Cursor { since, until, began, partitions, short, .. } = stands;
            stands = Cursor { since, until, began, partitions, short, ..Cursor::default() };
        }
        stands.partition.clone_from(&partition.values);
        let key = partition_key(&names, &partition.values);
        let window = Window::from_cursor(rule, &stands, stands.since_of(&key));
        let listing = Listing { stream, stands: &stands, window, partition, key, all: &all, nth };
        match &stream.export {
            Some(export) => self.export_step(&listing, export).await.map(Some),
            None => self.fetch_page(&listing).await.map(Some),
        }
    }
}

/// Ends a pass if the cursor's partition and all that would follow it no longer exist. Only the cursor is stored.
fn end_of_pass(stream: &Stream, cursor: &Cursor) -> Page {
    let (address, cursor) = (stream.name.clone(), crate::cursor_text::write_cursor(cursor));
    Page {
        address,
        payload: Payload::default(),
        records: Ok(0),
        layout: PayloadLayout::default(),
        each: None,
        cursor,
        last: true,
        waiting: true,
    }
}
