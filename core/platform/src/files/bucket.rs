//! Reads files in a bucket of an S3-compatible object store, ordered by the time of their last change. Requests are
//! signed here, anew for every attempt, and sent by the HTTP client that all platforms share.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use percent_encoding::percent_decode_str;
use rusty_s3::actions::GetObject;
use rusty_s3::{Credentials, S3Action as _, UrlStyle};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use crate::connector::{Connector, Days, Page};
use crate::endpoint::Endpoint;
use crate::failure::{BucketListingError, Cause, Failure};
use crate::file_store::{FileListing, FileStore, LeftOut, LeftOutFile, ListedFile};
use crate::files::folder::MAX_BYTES;
use crate::files::names::{NameVerdict, judge_name};
use crate::http::answers;
use crate::http::platform::{Platform, check_verdict};
use crate::http::request::FilledRequest;
use crate::http::web::Answer;
use huiliu_decode::payload::{Packer, Payload};
use huiliu_decode::{RecordRange, decode, text_window, xml};
use huiliu_manifest::template::Template;
use huiliu_manifest::transport::BucketStyle;
use huiliu_manifest::{Auth, Bucket, Encoding, Manifest, Stream, Transport};
use huiliu_values::calendar::shanghai_midnight;
use huiliu_vault::keys::hex_encode;

/// How long a signature is valid.
const SIGNED_FOR: Duration = Duration::from_secs(900);
/// Number of bytes per request when a large object is fetched in parts.
const PART: usize = 8 << 20;
/// Maximum number of pages in one listing; a page usually has 1,000 objects.
const MAX_PAGES: usize = 10_000;
/// Number of objects kept of a listing; the rest is listed again later.
const MAX_HELD_OBJECTS: usize = 1_000;
/// An object can become visible some time after its recorded time of change, for example when it is uploaded in
/// parts. It is still found if that time is at most a day before the furthest place and, if more than 500 objects
/// were taken in that day, not before the oldest of the last 500.
const OVERLAP: TimeDelta = TimeDelta::days(1);
const REMEMBERED: usize = 500;

/// An object's position in the reading order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    changed: DateTime<Utc>,
    key: String,
}

/// An object, as listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Object {
    place: Place,
    etag: String,
    size: u64,
}

impl Object {
    fn version_digest(&self) -> String {
        let Place { changed, key } = &self.place;
        let whole = Sha256::digest(format!("{key}\0{}\0{}", changed.to_rfc3339(), self.etag));
        hex_encode(&whole[..8])
    }
}

/// The position of a pass over a bucket.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Cursor {
    /// The furthest place of the objects taken so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Place>,
    /// Digests of the objects taken that changed at `known_from` or later, with the time of change.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    recent: BTreeMap<String, DateTime<Utc>>,
    /// The time from which on `recent` is complete; `None` if it is complete without limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    known_from: Option<DateTime<Utc>>,
    /// Objects changed at this time or later are left out of this pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
}

impl Cursor {
    fn includes_object(&self, object: &Object) -> bool {
        let Object { place, .. } = object;
        let is_further = self.after.as_ref().is_none_or(|after| place > after);
        let is_late = || {
            self.known_from.is_none_or(|from| place.changed >= from)
                && !self.recent.contains_key(&object.version_digest())
        };
        self.until.is_none_or(|until| place.changed < until) && (is_further || is_late())
    }

    /// Returns the cursor after an object is taken.
    fn after_object(&self, object: &Object, last: bool) -> Self {
        let mut next = self.clone();
        if last {
            next.until = None;
        }
        let after = next.after.take().map_or(object.place.clone(), |after| after.max(object.place.clone()));
        next.recent.insert(object.version_digest(), object.place.changed);
        let mut known_from = after.changed - OVERLAP;
        if next.recent.len() > REMEMBERED
            && let Some(earliest) = next.recent.values().min()
        {
            known_from = known_from.max(*earliest + TimeDelta::milliseconds(1));
        }
        if next.known_from.is_none_or(|from| from < known_from) && next.recent.values().any(|at| *at < known_from) {
            next.known_from = Some(known_from);
            next.recent.retain(|_, at| *at >= known_from);
        }
        next.after = Some(after);
        next
    }
}

/// The objects that a pass has yet to take.
#[derive(Debug, Default)]
struct PendingObjects {
    /// The cursor for which they were listed.
    stands: String,
    objects: BTreeSet<Object>,
    /// Whether there are more objects after these.
    more: bool,
}

/// Names and values of query parameters; they are signed.
type Query<'q> = &'q [(&'static str, &'q str)];

/// A request for an object, or for the listing of the bucket.
struct ObjectRequest<'r> {
    /// The key of an object; empty for the listing.
    key: &'r str,
    query: Query<'r>,
    /// Headers; S3 does not require them to be signed.
    headers: Vec<(String, String)>,
    /// Name for messages.
    place: &'r str,
    /// The stream whose table a web page may contain.
    stream: Option<&'r Stream>,
    /// Receives the bytes of the answer.
    packer: Packer,
}

impl<'r> ObjectRequest<'r> {
    /// Creates a request for an object of a stream.
    fn for_object(key: &'r str, stream: &'r Stream, packer: Packer) -> Self {
        Self { key, query: &[], headers: vec![], place: key, stream: Some(stream), packer }
    }
}

/// A connector over a bucket of an object store.
#[derive(Debug)]
pub struct BucketConnector {
    manifest: Manifest,
    platform: Platform,
    bucket: rusty_s3::Bucket,
    credentials: Option<Credentials>,
    prefix: String,
    /// Objects yet to be taken, by stream.
    ahead: Mutex<HashMap<String, PendingObjects>>,
}

impl BucketConnector {
    /// Creates the connector for an endpoint.
    ///
    /// # Errors
    /// [`Failure`] if the manifest declares no bucket, one of its values is missing, or no URL can be built from it.
    pub fn new(manifest: Manifest, endpoint: Endpoint) -> Result<Self, Failure> {
        let Transport::Files { bucket: Some(declared), .. } = &manifest.transport else {
            return Err(Failure::fatal(Cause::NoBucket { connector: manifest.id }));
        };
        let Bucket { name, prefix, region, style } = &**declared;
        let filled = |template: &Template| {
            template
                .fill_values(|value| endpoint.lookup_value(value), str::to_owned)
                .map_err(|name| Failure::fatal(Cause::ValueMissing { name }))
        };
        let (name, prefix, region) = (filled(name)?, filled(prefix)?, filled(region)?);
        let credentials = build_credentials(&endpoint);
        let platform = Platform::new(&manifest.id, endpoint, Auth::None {}, vec![], None)?;
        let style = match style {
            BucketStyle::Host => UrlStyle::VirtualHost,
            BucketStyle::Path => UrlStyle::Path,
        };
        let bucket =
            rusty_s3::Bucket::new(platform.web.resolve_path("")?, style, name.clone(), region).map_err(|e| {
                let host = platform.endpoint.base_url.clone();
                Failure::fatal(Cause::BucketAddress { bucket: name, host, why: e.to_string().into() })
            })?;
        Ok(Self { manifest, platform, bucket, credentials, prefix, ahead: Mutex::default() })
    }

    /// Sends a request and returns the body of a successful answer.
    async fn fetch_payload(&self, request: ObjectRequest<'_>) -> Result<Payload, Failure> {
        let ObjectRequest { key, query, headers, place, stream, packer } = request;
        let mut action = GetObject::new(&self.bucket, self.credentials.as_ref(), key);
        for (name, value) in query {
            action.query_mut().insert(*name, *value);
        }
        let url = action.sign(SIGNED_FOR);
        let filled = FilledRequest { headers, ..FilledRequest::plain_get(url.path()) };
        let answer = self.platform.send_without_auth(filled, url, place, packer).await?;
        let table = stream.and_then(|stream| stream.format.web_page_layout());
        check_verdict(answers::judge_answer(&[], &answer, place, table)).map_err(|f| with_store_code(f, &answer))?;
        Ok(answer.payload)
    }

    /// Lists the objects of a stream that a pass has yet to take: the first of them, and whether there are more.
    async fn list_objects(&self, stream: &Stream, stands: &Cursor) -> Result<PendingObjects, Failure> {
        let mut ahead = PendingObjects::default();
        let take = |object: Object| {
            if self.judge_key(stream, &object.place.key) == Some(NameVerdict::Wanted) && stands.includes_object(&object)
            {
                ahead.objects.insert(object);
            }
            if ahead.objects.len() > MAX_HELD_OBJECTS {
                ahead.objects.pop_last();
                ahead.more = true;
            }
        };
        self.visit_objects(take).await?;
        Ok(ahead)
    }

    /// Calls `take` with every object below the prefix.
    async fn visit_objects(&self, mut take: impl FnMut(Object) + Send) -> Result<(), Failure> {
        let place = format!("{}/{}", self.bucket.name(), self.prefix);
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut query = vec![("list-type", "2"), ("encoding-type", "url"), ("prefix", self.prefix.as_str())];
            query.extend(token.as_deref().map(|token| ("continuation-token", token)));
            let (key, headers, packer) = ("", vec![], Packer::default());
            let listing = ObjectRequest { key, query: &query, headers, place: &place, stream: None, packer };
            let answer = self.fetch_payload(listing).await?;
            let page = parse_listing(answer.as_plain().unwrap_or_default())
                .map_err(|why| Failure::retryable(Cause::BucketListing { why }).with_place(place.as_str()))?;
            page.objects.into_iter().for_each(&mut take);
            match page.next {
                None => return Ok(()),
                next if next == token => {
                    return Err(Failure::fatal(Cause::BucketListingLoop).with_place(place));
                }
                next => token = next,
            }
        }
        Err(Failure::fatal(Cause::BucketListingPages { max: MAX_PAGES }).with_place(place))
    }

    /// Judges an object by its name. Returns `None` for what stands for a folder.
    fn judge_key(&self, stream: &Stream, key: &str) -> Option<NameVerdict> {
        let name = key.rsplit('/').next().unwrap_or_default();
        match (name.is_empty(), key.contains(char::is_control)) {
            (true, _) => None,
            (_, true) => Some(NameVerdict::LeftOut(LeftOut::NameNotText)),
            _ => Some(judge_name(&self.manifest, stream, name)),
        }
    }

    /// Returns the name of an object for people: its key without the folder of the prefix.
    fn short_key<'k>(&self, key: &'k str) -> &'k str {
        let folder = self.prefix.rfind('/').map_or(0, |end| end + 1);
        key.get(folder..).unwrap_or(key)
    }

    async fn fetch_object(&self, stream: &Stream, object: &Object) -> Result<Payload, Failure> {
        let (key, size) = (&object.place.key, object.size);
        if size > MAX_BYTES {
            return Err(Failure::fatal(Cause::FileTooLarge { file: key.clone(), size, max: MAX_BYTES }));
        }
        // A URL with `.` or `..` would lead to another object.
        if key.split('/').any(|step| matches!(step, "." | "..")) {
            return Err(Failure::fatal(Cause::ObjectKey { key: key.clone() }));
        }
        let in_parts = match usize::try_from(size) {
            Ok(size) if text_window::build_packer(stream, size).must_pack(size) => {
                self.fetch_parts(stream, object, size).await.map(Some)
            }
            _ => Ok(None),
        };
        let fetched = match in_parts {
            Ok(Some(payload)) => Ok(payload),
            // A part of an object that the store itself keeps compressed cannot be decompressed alone, so the whole
            // object is fetched.
            Err(f) if !matches!(f.cause, Cause::AnswerNotGzip { .. }) => Err(f),
            Ok(None) | Err(_) => {
                self.fetch_payload(ObjectRequest::for_object(key, stream, text_window::build_packer(stream, 0))).await
            }
        };
        fetched.map_err(|f| {
            let answered = match &f.cause {
                Cause::StatusOfStore { why, .. } => why,
                cause => cause,
            };
            // The object was listed a moment ago. A retry lists the bucket again and shows whether it still exists.
            let is_gone = matches!(answered, Cause::Status { .. });
            if is_gone { Failure { retry: Some(Duration::ZERO), ..f } } else { f }
        })
    }

    /// Fetches a large object part by part and compresses each, so that it is never whole in memory.
    async fn fetch_parts(&self, stream: &Stream, object: &Object, size: usize) -> Result<Payload, Failure> {
        let key = &object.place.key;
        let broken =
            |e: std::io::Error| Failure::retryable(Cause::ObjectNotPacked { why: e.into() }).with_place(key.as_str());
        let mut packer = text_window::build_packer(stream, size);
        while packer.len() < size {
            let (from, to) = (packer.len(), size.min(packer.len() + PART));
            let mut headers = vec![("range".to_owned(), format!("bytes={from}-{}", to - 1))];
            if !object.etag.is_empty() {
                headers.push(("if-match".to_owned(), object.etag.clone()));
            }
            let part = self
                .fetch_payload(ObjectRequest { headers, ..ObjectRequest::for_object(key, stream, Packer::default()) })
                .await?;
            let bytes = part.as_plain().unwrap_or_default();
            if bytes.len() != to - from {
                return Err(
                    Failure::retryable(Cause::ObjectPart { received: bytes.len(), from, to }).with_place(key.as_str())
                );
            }
            packer.push(bytes).map_err(broken)?;
        }
        packer.into_payload().map_err(broken)
    }
}

/// Returns the credentials of a source; `None` for a public bucket.
fn build_credentials(endpoint: &Endpoint) -> Option<Credentials> {
    let Endpoint { user, password, secrets, .. } = endpoint;
    (!user.is_empty()).then(|| match secrets.get("session_token") {
        Some(token) => Credentials::new_with_token(user, password, token),
        None => Credentials::new(user, password),
    })
}

/// One page of a listing, and the token of the next one.
struct ListingPage {
    objects: Vec<Object>,
    next: Option<String>,
}

/// Parses one page of a listing.
fn parse_listing(bytes: &[u8]) -> Result<ListingPage, BucketListingError> {
    const ROOT: &str = "ListBucketResult";
    let unreadable = |why| BucketListingError::Decode { why: Box::new(why) };
    let text = decode::decode_in_encoding(Encoding::Utf8, bytes).map_err(unreadable)?;
    let paths = ["Key", "LastModified", "ETag", "Size"];
    let contents = xml::decode_elements(&text, "Contents", ROOT, &paths, RecordRange::ALL).map_err(unreadable)?;
    let objects = contents.records.iter().map(|record| {
        let told = |nth: usize| record.texts.get(nth).and_then(Option::as_deref);
        let key = told(0).unwrap_or_default().replace('+', " ");
        let wrong = |element: &str| BucketListingError::Element { element: element.to_owned(), object: key.clone() };
        let decoded = percent_decode_str(&key).decode_utf8().ok().filter(|_| told(0).is_some());
        let decoded = decoded.ok_or_else(|| wrong("Key"))?.into_owned();
        let changed = told(1).and_then(|text| DateTime::parse_from_rfc3339(text.trim()).ok());
        let changed = changed.ok_or_else(|| wrong("LastModified"))?.to_utc();
        let etag = told(2).unwrap_or_default().to_owned();
        let size = told(3).unwrap_or("0").trim().parse().map_err(|_| wrong("Size"))?;
        Ok(Object { place: Place { changed, key: decoded }, etag, size })
    });
    let objects = objects.collect::<Result<_, BucketListingError>>()?;
    let one = |name: &str| -> Result<Option<String>, BucketListingError> {
        let found = xml::decode_elements(&text, name, ROOT, &[""], RecordRange::ALL).map_err(unreadable)?;
        Ok(found.records.first().and_then(|record| record.texts.first()?.as_deref().map(str::to_owned)))
    };
    let is_cut = one("IsTruncated")?.is_some_and(|text| text.trim() == "true");
    let next = one("NextContinuationToken")?.filter(|_| is_cut);
    if is_cut && next.is_none() {
        return Err(BucketListingError::Cut);
    }
    Ok(ListingPage { objects, next })
}

/// Adds the store's own error code to a failure, such as `SignatureDoesNotMatch`.
fn with_store_code(failure: Failure, answer: &Answer) -> Failure {
    let said = std::str::from_utf8(&answer.bytes()).ok().and_then(|body| {
        let code = xml::decode_elements(body, "Code", "Error", &[""], RecordRange::ALL).ok()?;
        let code = code.records.first()?.texts.first()?.as_deref()?.to_owned();
        (code.len() <= 100 && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')).then_some(code)
    });
    let Some(store_code) = said else { return failure };
    Failure { cause: Cause::StatusOfStore { why: Box::new(failure.cause), store_code }, ..failure }
}

#[async_trait]
impl Connector for BucketConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn pull(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        self.platform.secrets.redact_pull(self.pull_next(stream, cursor).await)
    }

    fn files(&self) -> Option<&dyn FileStore> {
        Some(self)
    }

    fn cursor_for_days(&self, _: &Stream, days: Days) -> Option<String> {
        let (first, until) = moments_of_days(days)?;
        let after = Some(Place { changed: first, key: String::new() });
        Some(crate::cursor_text::write_cursor(&Cursor { after, known_from: Some(first), until, ..Cursor::default() }))
    }
}

/// Returns the first moment of some days, and the first one after them.
fn moments_of_days(days: Days) -> Option<(DateTime<Utc>, Option<DateTime<Utc>>)> {
    let begins = |day: chrono::NaiveDate| shanghai_midnight(day).map(|moment| moment.to_utc());
    Some((begins(days.first)?, days.last.and_then(|day| begins(day.succ_opt()?))))
}

impl Object {
    /// Returns the object as a file.
    fn to_file(&self, address: &str) -> ListedFile {
        let Self { place: Place { changed, key }, etag, size } = self;
        let (modified_at, tag) = (Some(changed.timestamp_micros()), etag.clone());
        let (name, place, address) = (key.clone(), key.clone(), address.to_owned());
        ListedFile { name, address, place, size: Some(*size), modified_at, tag }
    }

    fn from_file(file: &ListedFile) -> Self {
        let changed = file.modified_at.and_then(DateTime::from_timestamp_micros).unwrap_or_default();
        let place = Place { changed, key: file.name.clone() };
        Self { place, etag: file.tag.clone(), size: file.size.unwrap_or(0) }
    }
}

#[async_trait]
impl FileStore for BucketConnector {
    async fn list_files(&self, stream: &Stream) -> Result<FileListing, Failure> {
        let secrets = &self.platform.secrets;
        let mut found = FileListing::default();
        let take = |object: Object| match self.judge_key(stream, &object.place.key) {
            Some(NameVerdict::Wanted) => found.files.push(object.to_file(self.short_key(&object.place.key))),
            Some(NameVerdict::LeftOut(why)) => {
                let name = secrets.hide_secrets(self.short_key(&object.place.key)).escape_debug().to_string();
                found.left_out.push(LeftOutFile { name, why });
            }
            Some(NameVerdict::OfOtherStream) | None => {}
        };
        self.visit_objects(take).await.map_err(|failure| secrets.redact_failure(failure))?;
        Ok(found)
    }

    async fn read_file(&self, stream: &Stream, file: &ListedFile) -> Result<Page, Failure> {
        let read = async {
            let mut object = Object::from_file(file);
            object.place.key.clone_from(&file.place);
            let payload = self.fetch_object(stream, &object).await?;
            let unpacker = &self.platform.endpoint.unpacker;
            crate::files::page::file_page(unpacker, stream, &file.address, payload, String::new(), false).await
        };
        self.platform.secrets.redact_page(read.await)
    }

    fn is_past(&self, cursor: &str, file: &ListedFile) -> Result<bool, Failure> {
        Ok(!crate::cursor_text::read_cursor::<Cursor>(Some(cursor))?.includes_object(&Object::from_file(file)))
    }

    fn is_of_days(&self, days: Days, file: &ListedFile) -> bool {
        let changed = Object::from_file(file).place.changed;
        moments_of_days(days)
            .is_some_and(|(first, until)| changed >= first && until.is_none_or(|until| changed < until))
    }

    fn move_cursor(&self, cursor: Option<&str>, file: &ListedFile) -> Result<String, Failure> {
        let place = Object::from_file(file).place;
        let after =
            crate::cursor_text::read_cursor::<Cursor>(cursor)?.after.map_or(place.clone(), |after| after.max(place));
        // Every object up to there counts as taken.
        let known_from = Some(after.changed + TimeDelta::microseconds(1));
        Ok(crate::cursor_text::write_cursor(&Cursor { after: Some(after), known_from, ..Cursor::default() }))
    }
}

impl BucketConnector {
    async fn pull_next(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        let stands: Cursor = crate::cursor_text::read_cursor(cursor)?;
        let held = self.ahead.lock().await.remove(&stream.name);
        let mut ahead = match held.filter(|held| Some(held.stands.as_str()) == cursor && !held.objects.is_empty()) {
            Some(held) => held,
            None => self.list_objects(stream, &stands).await?,
        };
        let Some(object) = ahead.objects.pop_first() else { return Ok(None) };
        let payload = self.fetch_object(stream, &object).await?;
        let last = ahead.objects.is_empty() && !ahead.more;
        ahead.stands = crate::cursor_text::write_cursor(&stands.after_object(&object, last));
        let cursor = ahead.stands.clone();
        if !last {
            self.ahead.lock().await.insert(stream.name.clone(), ahead);
        }
        let address = self.short_key(&object.place.key);
        crate::files::page::file_page(&self.platform.endpoint.unpacker, stream, address, payload, cursor, last)
            .await
            .map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(second: i64, key: &str, etag: &str) -> Object {
        let changed = DateTime::from_timestamp(1_400_000_000 + second, 0).unwrap();
        Object { place: Place { changed, key: key.to_owned() }, etag: etag.to_owned(), size: 1 }
    }

    #[test]
    fn cursor_stays_bounded_and_includes_late_and_changed_objects() {
        let mut cursor = Cursor::default();
        let late = object(0, "late", "1");
        for n in 0..3_000 {
            let object = object(n / 10, &format!("k{n:04}"), "1");
            assert!(cursor.includes_object(&object), "{n}");
            cursor = cursor.after_object(&object, false);
            assert!(!cursor.includes_object(&object), "{n}");
            assert!(n > 400 || cursor.includes_object(&late), "{n}");
        }
        assert!(cursor.recent.len() <= REMEMBERED && !cursor.includes_object(&late));
        assert!(cursor.includes_object(&object(299, "k2990", "2")) && cursor.includes_object(&object(280, "new", "1")));
        cursor = cursor.after_object(&object(90_000, "z", "1"), true);
        assert!(cursor.recent.len() == 1 && !cursor.includes_object(&object(299, "k2990", "2")));
        let read: Cursor = crate::cursor_text::read_cursor(Some(&crate::cursor_text::write_cursor(&cursor))).unwrap();
        assert_eq!((read.after, read.recent), (cursor.after, cursor.recent));
    }

    #[test]
    fn parses_or_refuses_listings() {
        let page = |more: &str| {
            format!(
                "<?xml version='1.0'?><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Contents>\
                 <Key>a%2B+%E7%8F%AD.csv</Key><LastModified>2014-09-11T02:00:00.5Z</LastModified><ETag>&quot;e&quot;</ETag>\
                 <Size>7</Size></Contents>{more}</ListBucketResult>"
            )
        };
        let read = parse_listing(page("").as_bytes()).unwrap();
        assert_eq!((read.objects[0].place.key.as_str(), read.objects[0].size, read.next), ("a+ 班.csv", 7, None));
        let more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t=</NextContinuationToken>";
        assert_eq!(parse_listing(page(more).as_bytes()).unwrap().next.as_deref(), Some("t="));
        for bad in [
            page("<IsTruncated>true</IsTruncated>"),
            page("<Contents><Key>x</Key></Contents>"),
            page("<Contents><Key>%FF</Key><LastModified>2014-09-11T02:00:00Z</LastModified></Contents>"),
            page("<Contents><LastModified>2014-09-11T02:00:00Z</LastModified></Contents>"),
            format!("<!DOCTYPE x [<!ENTITY a 'b'>]>{}", page("")),
            "<html/>".to_owned(),
            page("").replace("</ListBucketResult>", ""),
        ] {
            assert!(parse_listing(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
