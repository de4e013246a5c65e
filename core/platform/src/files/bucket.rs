//! Files in a bucket of an object store that speaks S3, taken in the order in which they were changed. Requests are signed
//! here, anew at every attempt, and sent by the one client that all platforms are reached through.

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
use crate::files::folder::{MAX_BYTES, is_wanted};
use crate::http::answers;
use crate::http::platform::{Platform, good};
use crate::http::request::Filled;
use crate::http::web::Answer;
use huiliu_decode::payload::{Packer, Payload};
use huiliu_decode::{RecordRange, decode, text_window, xml};
use huiliu_manifest::template::Template;
use huiliu_manifest::transport::BucketStyle;
use huiliu_manifest::{Auth, Bucket, Encoding, Manifest, Stream, Transport};
use huiliu_values::calendar::midnight;
use huiliu_vault::keys::hex_encode;

/// How long a signature holds.
const SIGNED_FOR: Duration = Duration::from_secs(900);
/// Bytes that a large object is asked for at once.
const PART: usize = 8 << 20;
/// Pages of one listing, of mostly 1,000 objects each.
const MAX_PAGES: usize = 10_000;
/// Objects that are kept of a listing; those after them are listed again.
const HELD: usize = 1_000;
/// An object can come into sight some time after the moment it is said to have been changed at, as when it is sent in
/// parts. Among those of the last day, the last so many of which are remembered, such a one is found.
const OVERLAP: TimeDelta = TimeDelta::days(1);
const REMEMBERED: usize = 500;

/// An object's place among the others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    changed: DateTime<Utc>,
    key: String,
}

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Object {
    place: Place,
    etag: String,
    size: u64,
}

impl Object {
    fn digest(&self) -> String {
        let Place { changed, key } = &self.place;
        let whole = Sha256::digest(format!("{key}\0{}\0{}", changed.to_rfc3339(), self.etag));
        hex_encode(&whole[..8])
    }
}

/// Where a pass over a bucket stands.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Cursor {
    /// The furthest place of those taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Place>,
    /// What was taken of the objects changed at `known_from` or later: digest → changed at.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    recent: BTreeMap<String, DateTime<Utc>>,
    /// From when on `recent` is complete; always, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    known_from: Option<DateTime<Utc>>,
    /// Objects changed at this moment or later are left out of this pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
}

impl Cursor {
    fn takes(&self, object: &Object) -> bool {
        let Object { place, .. } = object;
        let is_further = self.after.as_ref().is_none_or(|after| place > after);
        let is_late =
            || self.known_from.is_none_or(|from| place.changed >= from) && !self.recent.contains_key(&object.digest());
        self.until.is_none_or(|until| place.changed < until) && (is_further || is_late())
    }

    /// The cursor once an object is taken.
    fn past(&self, object: &Object, last: bool) -> Self {
        let mut next = self.clone();
        if last {
            next.until = None;
        }
        let after = next.after.take().map_or(object.place.clone(), |after| after.max(object.place.clone()));
        next.recent.insert(object.digest(), object.place.changed);
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

/// What is still to be taken in a pass.
#[derive(Debug, Default)]
struct Ahead {
    /// The cursor it was looked up for.
    stands: String,
    objects: BTreeSet<Object>,
    /// Whether there are more behind them.
    more: bool,
}

/// Names and values, which are signed.
type Query<'q> = &'q [(&'static str, &'q str)];

/// A request of an object, or of the listing of the bucket.
struct ObjectRequest<'r> {
    /// The key of an object; empty for the bucket itself.
    key: &'r str,
    query: Query<'r>,
    /// They need not be signed.
    headers: Vec<(String, String)>,
    /// What people call it.
    place: &'r str,
    /// The stream whose table a web page may be.
    stream: Option<&'r Stream>,
    /// What takes the bytes in.
    packer: Packer,
}

impl<'r> ObjectRequest<'r> {
    /// An object of a stream.
    fn object(key: &'r str, stream: &'r Stream, packer: Packer) -> Self {
        Self { key, query: &[], headers: vec![], place: key, stream: Some(stream), packer }
    }
}

/// A connector over a bucket.
#[derive(Debug)]
pub struct BucketConnector {
    manifest: Manifest,
    platform: Platform,
    bucket: rusty_s3::Bucket,
    credentials: Option<Credentials>,
    prefix: String,
    /// By stream.
    ahead: Mutex<HashMap<String, Ahead>>,
}

impl BucketConnector {
    /// For this endpoint.
    ///
    /// # Errors
    /// [`Failure`] when the manifest declares no bucket, a value of it is missing, or no address can be made of it.
    pub fn new(manifest: Manifest, endpoint: Endpoint) -> Result<Self, Failure> {
        let Transport::Files { bucket: Some(declared), .. } = &manifest.transport else {
            return Err(Failure::fatal(Cause::NoBucket { connector: manifest.id }));
        };
        let Bucket { name, prefix, region, style } = &**declared;
        let filled = |template: &Template| {
            template
                .fill(|value| endpoint.value(value), str::to_owned)
                .map_err(|name| Failure::fatal(Cause::ValueMissing { name }))
        };
        let (name, prefix, region) = (filled(name)?, filled(prefix)?, filled(region)?);
        let credentials = credentials(&endpoint);
        let platform = Platform::new(&manifest.id, endpoint, Auth::None {}, vec![], None)?;
        let style = match style {
            BucketStyle::Host => UrlStyle::VirtualHost,
            BucketStyle::Path => UrlStyle::Path,
        };
        let bucket = rusty_s3::Bucket::new(platform.web.url("")?, style, name.clone(), region).map_err(|e| {
            let host = platform.endpoint.base_url.clone();
            Failure::fatal(Cause::BucketAddress { bucket: name, host, why: e.to_string() })
        })?;
        Ok(Self { manifest, platform, bucket, credentials, prefix, ahead: Mutex::default() })
    }

    /// The body of a good answer.
    async fn get(&self, request: ObjectRequest<'_>) -> Result<Payload, Failure> {
        let ObjectRequest { key, query, headers, place, stream, packer } = request;
        let mut action = GetObject::new(&self.bucket, self.credentials.as_ref(), key);
        for (name, value) in query {
            action.query_mut().insert(*name, *value);
        }
        let url = action.sign(SIGNED_FOR);
        let filled = Filled { headers, ..Filled::get(url.path()) };
        let answer = self.platform.exchange(filled, url, place, packer).await?;
        let table = stream.and_then(|stream| stream.format.page_of());
        good(answers::judge(&[], &answer, place, table)).map_err(|f| with_code(f, &answer))?;
        Ok(answer.payload)
    }

    /// The objects of a stream that a pass is still to take: the first of them, and whether there are more.
    async fn list(&self, stream: &Stream, stands: &Cursor) -> Result<Ahead, Failure> {
        let place = format!("{}/{}", self.bucket.name(), self.prefix);
        let mut ahead = Ahead::default();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut query = vec![("list-type", "2"), ("encoding-type", "url"), ("prefix", self.prefix.as_str())];
            query.extend(token.as_deref().map(|token| ("continuation-token", token)));
            let (key, headers, packer) = ("", vec![], Packer::default());
            let listing = ObjectRequest { key, query: &query, headers, place: &place, stream: None, packer };
            let answer = self.get(listing).await?;
            let page = listed(answer.plain().unwrap_or_default())
                .map_err(|why| Failure::passing(Cause::BucketListing { why }).at(place.as_str()))?;
            for object in page.objects {
                if self.is_of(stream, &object.place.key) && stands.takes(&object) {
                    ahead.objects.insert(object);
                }
                if ahead.objects.len() > HELD {
                    ahead.objects.pop_last();
                    ahead.more = true;
                }
            }
            match page.next {
                None => return Ok(ahead),
                next if next == token => {
                    return Err(Failure::fatal(Cause::BucketListingLoop).at(place));
                }
                next => token = next,
            }
        }
        Err(Failure::fatal(Cause::BucketListingPages { max: MAX_PAGES }).at(place))
    }

    /// Whether an object is one of the stream's, by its name.
    fn is_of(&self, stream: &Stream, key: &str) -> bool {
        let name = key.rsplit('/').next().unwrap_or_default();
        !name.is_empty() && !key.contains(char::is_control) && is_wanted(&self.manifest, stream, name)
    }

    /// What people call an object: its key without the folder that the prefix names.
    fn address<'k>(&self, key: &'k str) -> &'k str {
        let folder = self.prefix.rfind('/').map_or(0, |end| end + 1);
        key.get(folder..).unwrap_or(key)
    }

    async fn fetch(&self, stream: &Stream, object: &Object) -> Result<Payload, Failure> {
        let (key, size) = (&object.place.key, object.size);
        if size > MAX_BYTES {
            return Err(Failure::fatal(Cause::FileTooLarge { file: key.clone(), size, max: MAX_BYTES }));
        }
        // An address would lead elsewhere.
        if key.split('/').any(|step| matches!(step, "." | "..")) {
            return Err(Failure::fatal(Cause::ObjectKey { key: key.clone() }));
        }
        let in_parts = match usize::try_from(size) {
            Ok(size) if text_window::packer(stream, size).packs(size) => {
                self.parts(stream, object, size).await.map(Some)
            }
            _ => Ok(None),
        };
        let fetched = match in_parts {
            Ok(Some(payload)) => Ok(payload),
            // A part of what the store itself keeps packed is nothing by itself.
            Err(f) if !matches!(f.cause, Cause::AnswerNotGzip { .. }) => Err(f),
            Ok(None) | Err(_) => self.get(ObjectRequest::object(key, stream, text_window::packer(stream, 0))).await,
        };
        fetched.map_err(|f| {
            let answered = match &f.cause {
                Cause::StatusOfStore { why, .. } => why,
                cause => cause,
            };
            // It was there a moment ago: listed again, it is or is not.
            let is_gone = matches!(answered, Cause::Status { .. });
            if is_gone { Failure { retry: Some(Duration::ZERO), ..f } } else { f }
        })
    }

    /// A large object, which is packed part by part so that it is never whole.
    async fn parts(&self, stream: &Stream, object: &Object, size: usize) -> Result<Payload, Failure> {
        let key = &object.place.key;
        let broken = |e: std::io::Error| Failure::passing(Cause::ObjectNotPacked { why: e.into() }).at(key.as_str());
        let mut packer = text_window::packer(stream, size);
        while packer.len() < size {
            let (from, to) = (packer.len(), size.min(packer.len() + PART));
            let mut headers = vec![("range".to_owned(), format!("bytes={from}-{}", to - 1))];
            if !object.etag.is_empty() {
                headers.push(("if-match".to_owned(), object.etag.clone()));
            }
            let part =
                self.get(ObjectRequest { headers, ..ObjectRequest::object(key, stream, Packer::default()) }).await?;
            let bytes = part.plain().unwrap_or_default();
            if bytes.len() != to - from {
                return Err(Failure::passing(Cause::ObjectPart { received: bytes.len(), from, to }).at(key.as_str()));
            }
            packer.push(bytes).map_err(broken)?;
        }
        packer.finish().map_err(broken)
    }
}

/// Nothing for a bucket that is open to all.
fn credentials(endpoint: &Endpoint) -> Option<Credentials> {
    let Endpoint { user, password, secrets, .. } = endpoint;
    (!user.is_empty()).then(|| match secrets.get("session_token") {
        Some(token) => Credentials::new_with_token(user, password, token),
        None => Credentials::new(user, password),
    })
}

/// One page of a listing.
struct Listed {
    objects: Vec<Object>,
    next: Option<String>,
}

/// Reads a page of a listing.
fn listed(bytes: &[u8]) -> Result<Listed, BucketListingError> {
    const ROOT: &str = "ListBucketResult";
    let unreadable = |why| BucketListingError::Decode { why: Box::new(why) };
    let text = decode::in_encoding(Encoding::Utf8, bytes).map_err(unreadable)?;
    let paths = ["Key", "LastModified", "ETag", "Size"];
    let contents = xml::decode(&text, "Contents", ROOT, &paths, RecordRange::ALL).map_err(unreadable)?;
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
        let found = xml::decode(&text, name, ROOT, &[""], RecordRange::ALL).map_err(unreadable)?;
        Ok(found.records.first().and_then(|record| record.texts.first()?.as_deref().map(str::to_owned)))
    };
    let is_cut = one("IsTruncated")?.is_some_and(|text| text.trim() == "true");
    let next = one("NextContinuationToken")?.filter(|_| is_cut);
    if is_cut && next.is_none() {
        return Err(BucketListingError::Cut);
    }
    Ok(Listed { objects, next })
}

/// With the word that the store itself has for a refusal, as `SignatureDoesNotMatch`.
fn with_code(failure: Failure, answer: &Answer) -> Failure {
    let said = std::str::from_utf8(&answer.bytes()).ok().and_then(|body| {
        let code = xml::decode(body, "Code", "Error", &[""], RecordRange::ALL).ok()?;
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
        self.platform.secrets.told(self.next(stream, cursor).await)
    }

    fn since(&self, _: &Stream, days: Days) -> Option<String> {
        let begins = |day: chrono::NaiveDate| midnight(day).map(|moment| moment.to_utc());
        let first = begins(days.first)?;
        let after = Some(Place { changed: first, key: String::new() });
        let until = days.last.and_then(|day| begins(day.succ_opt()?));
        Some(crate::cursor_text::write_cursor(&Cursor { after, known_from: Some(first), until, ..Cursor::default() }))
    }
}

impl BucketConnector {
    async fn next(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        let stands: Cursor = crate::cursor_text::read_cursor(cursor)?;
        let held = self.ahead.lock().await.remove(&stream.name);
        let mut ahead = match held.filter(|held| Some(held.stands.as_str()) == cursor && !held.objects.is_empty()) {
            Some(held) => held,
            None => self.list(stream, &stands).await?,
        };
        let Some(object) = ahead.objects.pop_first() else { return Ok(None) };
        let payload = self.fetch(stream, &object).await?;
        let last = ahead.objects.is_empty() && !ahead.more;
        ahead.stands = crate::cursor_text::write_cursor(&stands.past(&object, last));
        let cursor = ahead.stands.clone();
        if !last {
            self.ahead.lock().await.insert(stream.name.clone(), ahead);
        }
        let address = self.address(&object.place.key);
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
    fn a_cursor_is_bounded_and_takes_what_comes_late_or_changes() {
        let mut cursor = Cursor::default();
        let late = object(0, "late", "1");
        for n in 0..3_000 {
            let object = object(n / 10, &format!("k{n:04}"), "1");
            assert!(cursor.takes(&object), "{n}");
            cursor = cursor.past(&object, false);
            assert!(!cursor.takes(&object), "{n}");
            assert!(n > 400 || cursor.takes(&late), "{n}");
        }
        assert!(cursor.recent.len() <= REMEMBERED && !cursor.takes(&late));
        assert!(cursor.takes(&object(299, "k2990", "2")) && cursor.takes(&object(280, "new", "1")));
        cursor = cursor.past(&object(90_000, "z", "1"), true);
        assert!(cursor.recent.len() == 1 && !cursor.takes(&object(299, "k2990", "2")));
        let read: Cursor = crate::cursor_text::read_cursor(Some(&crate::cursor_text::write_cursor(&cursor))).unwrap();
        assert_eq!((read.after, read.recent), (cursor.after, cursor.recent));
    }

    #[test]
    fn a_listing_is_read_or_refused() {
        let page = |more: &str| {
            format!(
                "<?xml version='1.0'?><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Contents>\
                 <Key>a%2B+%E7%8F%AD.csv</Key><LastModified>2014-09-11T02:00:00.5Z</LastModified><ETag>&quot;e&quot;</ETag>\
                 <Size>7</Size></Contents>{more}</ListBucketResult>"
            )
        };
        let read = listed(page("").as_bytes()).unwrap();
        assert_eq!((read.objects[0].place.key.as_str(), read.objects[0].size, read.next), ("a+ 班.csv", 7, None));
        let more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t=</NextContinuationToken>";
        assert_eq!(listed(page(more).as_bytes()).unwrap().next.as_deref(), Some("t="));
        for bad in [
            page("<IsTruncated>true</IsTruncated>"),
            page("<Contents><Key>x</Key></Contents>"),
            page("<Contents><Key>%FF</Key><LastModified>2014-09-11T02:00:00Z</LastModified></Contents>"),
            page("<Contents><LastModified>2014-09-11T02:00:00Z</LastModified></Contents>"),
            format!("<!DOCTYPE x [<!ENTITY a 'b'>]>{}", page("")),
            "<html/>".to_owned(),
            page("").replace("</ListBucketResult>", ""),
        ] {
            assert!(listed(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
