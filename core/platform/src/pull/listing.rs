//! A platform over HTTP, as its manifest describes it: partition by partition, step by step, page by page.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::connector::{Connector, Days, Page};
use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::http::platform::{Leads, Platform, Question};
use crate::http::web::Answer;
use crate::pull::cursor::{Ahead, Cursor, key};
use crate::pull::fan_out::{self, Partition};
use crate::pull::paging::{self, Asked, Known, Onward, Received};
use crate::pull::since::{self, Window};
use huiliu_decode::decode;
use huiliu_decode::payload::Payload;
use huiliu_manifest::{Auth, Manifest, Paging, Since, Stream, Transport};
use huiliu_messages::Message;

/// No token or link that leads on is longer, in bytes: it stands in the cursor.
const MAX_TOKEN: usize = 16 << 10;
/// No more pages without a record follow each other.
const MAX_EMPTY: u64 = 100;

/// A connector over HTTP.
#[derive(Debug)]
pub struct HttpConnector {
    manifest: Manifest,
    pub(crate) platform: Platform,
    /// Stream → its partitions in the pass that is being made.
    partitions: Mutex<HashMap<String, Arc<Vec<Partition>>>>,
    /// Exports that were ordered by this connector.
    pub(crate) ordered: Mutex<Vec<String>>,
}

/// The listing that a cursor stands in.
pub(crate) struct Listing<'l> {
    pub(crate) stream: &'l Stream,
    pub(crate) stands: &'l Cursor,
    pub(crate) window: Window,
    pub(crate) partition: &'l Partition,
    /// The partition's key; empty without a fan-out.
    pub(crate) key: String,
    all: &'l [Partition],
    nth: usize,
}

impl HttpConnector {
    /// For this endpoint.
    ///
    /// # Errors
    /// [`Failure`] when the base URL is not one.
    pub fn new(manifest: Manifest, endpoint: Endpoint) -> Result<Self, Failure> {
        let (auth, answers, budget) = match &manifest.transport {
            Transport::Http { auth, answers, budget } => (auth.clone(), answers.clone(), budget.clone()),
            _ => (Auth::None {}, vec![], None),
        };
        let platform = Platform::new(&manifest.id, endpoint, auth, answers, budget)?;
        Ok(Self { manifest, platform, partitions: Mutex::default(), ordered: Mutex::default() })
    }

    /// The partitions of this pass. Those of a pass that begins are looked up anew.
    async fn partitions(&self, stream: &Stream, begins: bool, window: &Window) -> Result<Arc<Vec<Partition>>, Failure> {
        let mut held = self.partitions.lock().await;
        if let Some(known) = held.get(&stream.name).filter(|_| !begins) {
            return Ok(Arc::clone(known));
        }
        let first = paging::asked(&stream.page, None);
        let values = |name: &str| value(name, window, &first);
        let found = Arc::new(fan_out::partitions(&self.platform, stream, &values).await?);
        held.insert(stream.name.clone(), Arc::clone(&found));
        Ok(found)
    }

    async fn page(&self, listing: &Listing<'_>) -> Result<Page, Failure> {
        let Listing { stream, stands, window, .. } = listing;
        let Some(request) = &stream.request else {
            return Err(Failure::fatal(Cause::NoRequest { stream: stream.name.clone() }));
        };
        let place = stands.page.as_deref();
        let asked = paging::asked(&stream.page, place);
        let values = |name: &str| listing.value(name, &asked);
        let path =
            crate::http::request::fill(request, &self.platform.endpoint, &|name| values(name).or(Some("…".into())))?
                .path;
        let address = || {
            let page = self.platform.secrets.hide(paging::name(&stream.page, place));
            self.platform.secrets.hide(&listing.address(&path, paging::short(&page)))
        };
        let asked_at = address();
        let query: Vec<_> = window.query.iter().chain(&asked.query).cloned().collect();
        let leads = match (&stream.page, place) {
            (Paging::Link { .. }, Some(link)) => Leads::Here(link),
            _ => Leads::Path,
        };
        let question = Question {
            request,
            values: &values,
            query: &query,
            leads,
            place: &asked_at,
            table: stream.format.page_of(),
            records_of: Some(*stream).filter(|stream| stream.since.is_none() && !paging::asks_more(&stream.page)),
        };
        let answer = match self.platform.ask(&question).await {
            // Behind the last page there need be nothing.
            Err(f)
                if stands.beyond
                    && f.retry.is_none()
                    && matches!(f.cause, Cause::Status { .. } | Cause::RuleFail { .. }) =>
            {
                None
            }
            answer => answer?,
        };
        // A token that it repeats may have been fetched only now.
        let address = address();
        let Some(answer) = answer else {
            return Ok(listing.ended(address, Payload::default(), Ok(0), &Cursor::clone(stands)));
        };
        self.received(listing, address, &path, answer).await
    }

    /// A page that came: counted, and with where it leads.
    async fn received(
        &self,
        listing: &Listing<'_>,
        address: String,
        path: &str,
        answer: Answer,
    ) -> Result<Page, Failure> {
        let Listing { stream, stands, .. } = listing;
        let place = stands.page.as_deref();
        let body = self.platform.endpoint.read(stream, &answer.payload, &address).await?;
        let nothing = |address| Ok(listing.ended(address, Payload::default(), Ok(0), &Cursor::clone(stands)));
        let outline = match decode::outline(stream, &body, paging::next_path(&stream.page)) {
            Err(e) if stands.beyond && paging::is_nothing(stream, &body, &e) => return nothing(address),
            outline => outline.map_err(|e| Failure::undecodable(&address, e))?,
        };
        let records = outline.records;
        let is_paged = !matches!(stream.page, Paging::None {});
        let known =
            if is_paged && records > 0 { Known::of(stream, &body, &answer.payload) } else { Ok(Known::default()) };
        let known = known.map_err(|e| Failure::passing(Cause::Packing { why: e.into() }).at(address.as_str()))?;
        if stands.trail.knows(&known) {
            let is_same = stands.trail.repeats(&known);
            let cause = if is_same { Cause::PageSameRecords } else { Cause::PagesRepeat };
            return if stands.beyond { nothing(address) } else { Err(Failure::fatal(cause).at(address)) };
        }
        let page = Received {
            answer: &answer,
            body: &body,
            records,
            before: stands.received,
            total: stands.total,
            next: outline.next,
            place,
        };
        let Onward { place: next, beyond, total } = paging::next(stream, &page).map_err(|f| f.at(address.as_str()))?;
        let next = next.map(|next| self.stored(stream, path, place, next)).transpose()?;
        let empty = if records == 0 { stands.empty + 1 } else { 0 };
        if next.is_some() && empty > MAX_EMPTY {
            return Err(Failure::fatal(Cause::PagesWithoutRecords { max: MAX_EMPTY }).at(address));
        }
        let trail = stands.trail.with(place, &known);
        if next.is_some() && trail.knows_place(next.as_deref()) {
            return Err(Failure::fatal(Cause::PageLeadsBack).at(address));
        }
        if next.as_ref().is_some_and(|token| token.len() > MAX_TOKEN) {
            return Err(Failure::fatal(Cause::PageTokenLong { max: MAX_TOKEN }).at(address));
        }
        if next.as_ref().is_some_and(|token| token.contains(char::is_control)) {
            return Err(Failure::fatal(Cause::PageTokenNotPrintable).at(address));
        }
        let told = since::told(stream, &body, stands.since_of(&listing.key))
            .map_err(|why| Failure::undecodable(&address, why))?;
        let highest = since::highest([stands.highest.as_deref(), told.highest.as_deref()]);
        let began = Some(stands.began.unwrap_or_else(huiliu_values::calendar::today));
        let received = stands.received + u64::from(records);
        // Whoever stops by itself has not missed anything.
        let total = total.filter(|_| !told.all_older);
        let here = Cursor { began, highest, received, total, ..Cursor::clone(stands) };
        drop(body);
        Ok(match next.filter(|_| !told.all_older) {
            None => listing.ended(address, answer.payload, Ok(records), &here),
            next => {
                let cursor = Cursor { page: next, trail, beyond, empty, ..here };
                listing.made(address, answer.payload, Ok(records), &cursor, false)
            }
        })
    }

    /// Where the next page is, as the cursor keeps it. A link is kept without the host: it is the host of base_url, or the
    /// next pull is refused.
    fn stored(&self, stream: &Stream, path: &str, place: Option<&str>, next: String) -> Result<String, Failure> {
        if !matches!(stream.page, Paging::Link { .. }) {
            return Ok(next);
        }
        let first = self.platform.web.url(path)?;
        let asked = place.map_or(Ok(first.clone()), |place| self.platform.web.link(&first, place))?;
        let keys = crate::http::auth::in_query(&self.platform.auth);
        Ok(self.platform.web.link(&asked, &next).map_or(next, |url| paging::without_host(&url, &keys)))
    }
}

fn value(name: &str, window: &Window, asked: &Asked) -> Option<String> {
    Some(match name {
        "since" => window.beginning(),
        "until" => window.until.clone().unwrap_or_default(),
        "page" => asked.page.clone(),
        "offset" => asked.offset.clone(),
        "size" => asked.size.clone(),
        "token" => asked.token.clone(),
        _ => return None,
    })
}

impl Listing<'_> {
    /// The value of that name in this listing's requests.
    pub(crate) fn value(&self, name: &str, asked: &Asked) -> Option<String> {
        match name.strip_prefix("each.") {
            Some(of) => self.partition.named.get(of).cloned(),
            None => value(name, &self.window, asked),
        }
    }

    /// What people call a page of it: `/classes page 3 (class=12)`.
    pub(crate) fn address(&self, path: &str, page: &str) -> String {
        let more: Vec<&str> = [self.window.name.as_deref(), Some(self.key.as_str())].into_iter().flatten().collect();
        let more = more.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
        let more = if more.is_empty() { more } else { format!(" ({more})") };
        format!("{path} page {page}{more}")
    }

    /// A page with the cursor behind it; `last` ends the pass.
    pub(crate) fn made(
        &self,
        address: String,
        payload: Payload,
        records: Result<u32, Message>,
        cursor: &Cursor,
        last: bool,
    ) -> Page {
        let each = fan_out::kept(&self.partition.named);
        Page { address, payload, records, each, cursor: crate::cursor_text::write_cursor(cursor), last, waiting: false }
    }

    /// The listing's last page; `here` stands at it.
    pub(crate) fn ended(
        &self,
        address: String,
        payload: Payload,
        records: Result<u32, Message>,
        here: &Cursor,
    ) -> Page {
        let names = fan_out::names(self.stream);
        let here = Cursor { began: Some(here.began.unwrap_or_else(huiliu_values::calendar::today)), ..here.clone() };
        let ahead = Ahead {
            since: self.stream.since.as_ref(),
            window: self.window.clone(),
            key: &self.key,
            next_partition: self.all.get(self.nth + 1).map(|partition| partition.values.clone()),
            keys: self.all.iter().map(|partition| key(&names, &partition.values)).collect(),
        };
        let (cursor, last) = here.after_listing(ahead);
        self.made(address, payload, records, &cursor, last)
    }
}

#[async_trait]
impl Connector for HttpConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn pull(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        self.platform.secrets.told(self.next(stream, cursor).await)
    }

    fn since(&self, stream: &Stream, days: Days) -> Option<String> {
        match &stream.since {
            Some(Since::Moment { .. } | Since::NewestFirst { .. }) => Some(crate::cursor_text::write_cursor(&Cursor {
                since: Some(days.first.to_string()),
                until: days.last,
                ..Cursor::default()
            })),
            // Numbers know no days.
            Some(Since::Counter { .. }) | None => None,
        }
    }
}

impl HttpConnector {
    async fn next(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        let mut stands: Cursor = crate::cursor_text::read_cursor(cursor)?;
        if stands.began.is_none() {
            // What was missed in the last pass was told then.
            stands.short = None;
        }
        let rule = stream.since.as_ref();
        let window = Window::of(rule, &stands, stands.since.as_deref());
        let all = self.partitions(stream, stands.began.is_none(), &window).await?;
        let names = fan_out::names(stream);
        let Some(nth) = fan_out::find(stream, &all, &stands.partition) else {
            let keys: Vec<String> = all.iter().map(|partition| key(&names, &partition.values)).collect();
            return Ok((!stands.partition.is_empty()).then(|| none_left(stream, &stands.after_all(&keys))));
        };
        let partition = &all[nth];
        if !stands.partition.is_empty() && stands.partition != partition.values {
            // Its partition is gone: the next one is begun.
            let Cursor { since, until, began, partitions, short, .. } = stands;
            stands = Cursor { since, until, began, partitions, short, ..Cursor::default() };
        }
        stands.partition.clone_from(&partition.values);
        let key = key(&names, &partition.values);
        let window = Window::of(rule, &stands, stands.since_of(&key));
        let listing = Listing { stream, stands: &stands, window, partition, key, all: &all, nth };
        match &stream.export {
            Some(export) => self.export(&listing, export).await.map(Some),
            None => self.page(&listing).await.map(Some),
        }
    }
}

/// The end of a pass whose partition is gone, and with it all that would come after it. Nothing lands but the cursor.
fn none_left(stream: &Stream, cursor: &Cursor) -> Page {
    let (address, cursor) = (stream.name.clone(), crate::cursor_text::write_cursor(cursor));
    Page { address, payload: Payload::default(), records: Ok(0), each: None, cursor, last: true, waiting: true }
}
