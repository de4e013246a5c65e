//! Prepares payloads for the stages. Payloads that are not plain text are unpacked in a separate process, once.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::decode::{self, DecodeError};
use crate::excerpt::Excerpt;
use crate::parts::RecordCoverage;
use crate::payload::Payload;
use crate::unpack::{Task, UnpackError};
use crate::window::{self, OtherSheets, Window};
use crate::{Body, RecordRange, text_window};
use huiliu_manifest::{Format, Stream};

/// Number of unpacking results that are cached. If there is more than one, they take at most `MAX_REMEMBERED` bytes.
const REMEMBERED: usize = 4;
const MAX_REMEMBERED: usize = 2 * window::ROOM;

/// Runs [`crate::unpack::unpack`] in a separate process, with limits on memory and time.
#[async_trait]
pub trait UnpackProcess: Debug + Send + Sync {
    /// Returns the result of `unpack` in that process.
    ///
    /// # Errors
    /// Returns [`UnpackError`], also if the process crashed or was stopped.
    async fn unpack(&self, task: &Task, bytes: &[u8]) -> Result<String, UnpackError>;
}

/// Prepares payloads for the stages and caches the latest results.
#[derive(Debug)]
pub struct Unpacker {
    apart: Box<dyn UnpackProcess>,
    last: Mutex<VecDeque<CachedResult>>,
    opened: tokio::sync::Mutex<OpenedPayload>,
    /// Locked while a window is read, so that no other task reads the same window at the same time.
    reading: tokio::sync::Mutex<()>,
}

/// The payload that was opened last, with its name, as long as some task still holds it.
#[derive(Debug, Default)]
struct OpenedPayload {
    name: Vec<u8>,
    payload: Weak<Payload>,
}

#[derive(Debug)]
struct CachedResult {
    /// Digest of the payload's bytes and the task.
    digest: [u8; 32],
    /// Hash of the caller's name for the payload.
    name: Option<[u8; 32]>,
    what: CachedContent,
    cover: RecordCoverage,
}

/// The content of a cached result.
#[derive(Debug, Clone)]
enum CachedContent {
    /// The parts of an unpacked payload.
    Parts(Arc<String>),
    /// A part of a text.
    Excerpt(Arc<Excerpt>),
}

impl CachedContent {
    fn len(&self) -> usize {
        match self {
            Self::Parts(text) => text.len(),
            Self::Excerpt(excerpt) => excerpt.text.len(),
        }
    }

    /// Returns the requested records, with as few other records as possible.
    fn to_body(&self, ask: RequestedRecords) -> Body<'static> {
        Body::Parts(match self {
            Self::Parts(text) => Arc::clone(text),
            Self::Excerpt(excerpt) => {
                let narrow = match ask {
                    RequestedRecords::Range(range) => excerpt.cut_out(range),
                    RequestedRecords::Count | RequestedRecords::Whole => None,
                };
                Arc::new(narrow.unwrap_or_else(|| excerpt.text.clone()))
            }
        })
    }
}

/// The records that a caller requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedRecords {
    /// All records and all other rows.
    Whole,
    /// The number of records, and the first of them.
    Count,
    /// The records of a range.
    Range(RecordRange),
}

impl Unpacker {
    /// Makes an unpacker that uses this process runner.
    #[must_use]
    pub fn new(apart: Box<dyn UnpackProcess>) -> Self {
        Self {
            apart,
            last: Mutex::default(),
            opened: tokio::sync::Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// Unpacks a payload in a separate process. The result is not cached.
    ///
    /// # Errors
    /// Returns [`UnpackError`] if the payload cannot be unpacked.
    pub async fn unpack(&self, task: &Task, bytes: &[u8]) -> Result<String, UnpackError> {
        self.apart.unpack(task, bytes).await
    }

    /// Prepares a payload of a stream for the stages. Text only needs decoding. A payload that was unpacked recently is
    /// not unpacked again, since each of its batches requests it.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the payload cannot be unpacked or decoded.
    pub async fn prepare_body<'a>(&self, stream: &Stream, bytes: &'a [u8]) -> Result<Body<'a>, DecodeError> {
        self.prepare_part(stream, bytes, RequestedRecords::Whole, None).await
    }

    /// Works like [`Unpacker::prepare_body`], but if a payload has more than can be held at once, prepares only the
    /// requested records. `name` is the payload's name for [`Unpacker::recall_body`].
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the payload cannot be unpacked or decoded.
    pub async fn prepare_part<'a>(
        &self,
        stream: &Stream,
        bytes: &'a [u8],
        ask: RequestedRecords,
        name: Option<&[u8]>,
    ) -> Result<Body<'a>, DecodeError> {
        let Some(mut task) = Task::for_payload(stream, bytes) else {
            return decode::decode_text(&stream.format, bytes).map(Body::Text);
        };
        let digest = Sha256::new().chain_update(format!("{task:?}")).chain_update(bytes).finalize().into();
        let name = name.map(|name| hash_name(stream, name));
        if let Some(what) = self.find_cached(ask, name, |known| known.digest == digest) {
            return Ok(what.to_body(ask));
        }
        task.window = match (&stream.format, ask) {
            (Format::Workbook { layout, .. }, RequestedRecords::Count) => {
                Some(Window { layout: layout.clone(), first: 0, least: 0, count: true })
            }
            (Format::Workbook { layout, .. }, RequestedRecords::Range(range)) => {
                Some(Window { layout: layout.clone(), first: range.first, least: range.count, count: false })
            }
            _ => None,
        };
        task.others = match (&stream.format, ask) {
            (Format::Workbook { layout, ignored_sheets, .. }, RequestedRecords::Count | RequestedRecords::Whole) => {
                Some(OtherSheets { layout: layout.clone(), ignored: ignored_sheets.clone(), only_named: false })
            }
            _ => None,
        };
        let text = Arc::new(self.unpack_or_only_name_others(&mut task, bytes).await?);
        self.add_to_cache(CachedResult {
            digest,
            name,
            cover: RecordCoverage::from_unpacked(&text)?,
            what: CachedContent::Parts(Arc::clone(&text)),
        });
        Ok(Body::Parts(text))
    }

    /// Unpacks a payload. If that takes too much memory or time, sheets that are not read anyway are only named.
    async fn unpack_or_only_name_others(&self, task: &mut Task, bytes: &[u8]) -> Result<String, UnpackError> {
        let unpacked = self.apart.unpack(task, bytes).await;
        let took_too_much =
            matches!(unpacked, Err(UnpackError::Memory { .. } | UnpackError::Time { .. } | UnpackError::Crash { .. }));
        match &mut task.others {
            Some(others) if took_too_much => others.only_named = true,
            _ => return unpacked,
        }
        self.apart.unpack(task, bytes).await
    }

    /// Works like [`Unpacker::prepare_part`], on a payload as it was received.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the payload cannot be unpacked or decoded.
    pub async fn prepare_payload<'a>(
        &self,
        stream: &Stream,
        payload: &'a Payload,
        ask: RequestedRecords,
    ) -> Result<Body<'a>, DecodeError> {
        match payload.as_plain() {
            Some(bytes) => self.prepare_part(stream, bytes, ask, None).await,
            None => self.prepare_window(stream, payload, ask, None).await,
        }
    }

    /// Prepares the requested records of a compressed payload; `name` is its name for [`Unpacker::recall_body`].
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the payload cannot be decoded.
    pub async fn prepare_window(
        &self,
        stream: &Stream,
        payload: &Payload,
        ask: RequestedRecords,
        name: Option<&[u8]>,
    ) -> Result<Body<'static>, DecodeError> {
        let name = name.map(|name| hash_name(stream, name));
        let _one = self.reading.lock().await;
        if let Some(what) = name.and_then(|name| self.find_cached(ask, None, |known| known.name == Some(name))) {
            return Ok(what.to_body(ask));
        }
        // Batches are processed in order, so only the tasks that already hold the previous window still need it.
        self.lock_cache().retain(|known| name.is_none() || known.name != name);
        let excerpt = text_window::read_window(stream, payload, ask)?;
        let Some(name) = name else { return Ok(Body::Parts(excerpt.text.into())) };
        let (cover, what) = (RecordCoverage::from_unpacked(&excerpt.text)?, CachedContent::Excerpt(Arc::new(excerpt)));
        self.add_to_cache(CachedResult { digest: name, name: Some(name), what: what.clone(), cover });
        Ok(what.to_body(ask))
    }

    /// Returns the payload with this name; the first caller opens it. Tasks that deliver its batches in parallel share
    /// one copy.
    ///
    /// # Errors
    /// Returns the errors of `open`.
    pub async fn open_shared<E>(
        &self,
        name: &[u8],
        open: impl Future<Output = Result<Payload, E>>,
    ) -> Result<Arc<Payload>, E> {
        let mut opened = self.opened.lock().await;
        if let Some(payload) = opened.payload.upgrade().filter(|_| opened.name == name) {
            return Ok(payload);
        }
        let payload = Arc::new(open.await?);
        *opened = OpenedPayload { name: name.to_owned(), payload: Arc::downgrade(&payload) };
        Ok(payload)
    }

    /// Returns the cached records of the payload with this name if they include the requested ones. The payload's bytes
    /// need not be fetched then.
    #[must_use]
    pub fn recall_body(&self, stream: &Stream, name: &[u8], ask: RequestedRecords) -> Option<Body<'static>> {
        let name = hash_name(stream, name);
        self.find_cached(ask, None, |known| known.name == Some(name)).map(|what| what.to_body(ask))
    }

    fn lock_cache(&self) -> MutexGuard<'_, VecDeque<CachedResult>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find_cached(
        &self,
        ask: RequestedRecords,
        name: Option<[u8; 32]>,
        is: impl Fn(&CachedResult) -> bool,
    ) -> Option<CachedContent> {
        let mut last = self.lock_cache();
        let known = last.iter_mut().find(|known| {
            is(known)
                && match ask {
                    RequestedRecords::Whole => known.cover.is_whole,
                    RequestedRecords::Count => known.cover.is_counted,
                    RequestedRecords::Range(range) => known.cover.has_range(range),
                }
        })?;
        known.name = known.name.or(name);
        Some(known.what.clone())
    }

    fn add_to_cache(&self, known: CachedResult) {
        let mut last = self.lock_cache();
        last.push_back(known);
        let bytes = |last: &VecDeque<CachedResult>| last.iter().map(|known| known.what.len()).sum::<usize>();
        while last.len() > REMEMBERED || last.len() > 1 && bytes(&last) > MAX_REMEMBERED {
            last.pop_front();
        }
    }
}

/// Hashes a payload's name together with the stream's archive and format settings, so that changed settings miss the
/// cache.
fn hash_name(stream: &Stream, name: &[u8]) -> [u8; 32] {
    let reading = format!("{:?} {:?}", stream.archive, stream.format);
    Sha256::new().chain_update(name).chain_update(reading).finalize().into()
}
