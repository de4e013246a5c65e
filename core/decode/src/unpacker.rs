//! The door to unpacking: payloads that are more than text are read in a process of their own, once.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::decode::{self, DecodeError};
use crate::excerpt::Excerpt;
use crate::parts::Cover;
use crate::payload::Payload;
use crate::unpack::{Task, UnpackError};
use crate::window::{self, Window};
use crate::{Body, RecordRange, text_window};
use huiliu_manifest::{Format, Stream};

/// What was unpacked last is remembered: so many texts, and but for the last not more than so many bytes of them.
const REMEMBERED: usize = 4;
const MAX_REMEMBERED: usize = 2 * window::ROOM;

/// Whoever runs [`crate::unpack::unpack`] in a process of its own, with bounds on memory and time.
#[async_trait]
pub trait Apart: Debug + Send + Sync {
    /// What `unpack` gives in that process.
    ///
    /// # Errors
    /// [`UnpackError`], also for a process that died or was ended.
    async fn unpack(&self, task: &Task, bytes: &[u8]) -> Result<String, UnpackError>;
}

/// Makes payloads ready for the stages.
#[derive(Debug)]
pub struct Unpacker {
    apart: Box<dyn Apart>,
    last: Mutex<VecDeque<Known>>,
    opened: tokio::sync::Mutex<Opened>,
    /// Held by who reads a window, so that nobody reads the same one beside it.
    reading: tokio::sync::Mutex<()>,
}

/// The payload that was opened last, by name, while somebody holds it.
#[derive(Debug, Default)]
struct Opened {
    name: Vec<u8>,
    payload: Weak<Payload>,
}

/// What was unpacked.
#[derive(Debug)]
struct Known {
    /// Of which bytes, and how.
    digest: [u8; 32],
    /// What whoever asked calls them.
    name: Option<[u8; 32]>,
    what: What,
    cover: Cover,
}

/// What it is.
#[derive(Debug, Clone)]
enum What {
    /// The parts of what was unpacked.
    Parts(Arc<String>),
    /// A part of a text.
    Excerpt(Arc<Excerpt>),
}

impl What {
    fn len(&self) -> usize {
        match self {
            Self::Parts(text) => text.len(),
            Self::Excerpt(excerpt) => excerpt.text.len(),
        }
    }

    /// What is asked for, and as little of the rest as can be.
    fn body(&self, ask: Ask) -> Body<'static> {
        Body::Parts(match self {
            Self::Parts(text) => Arc::clone(text),
            Self::Excerpt(excerpt) => {
                let narrow = match ask {
                    Ask::Range(range) => excerpt.narrow(range),
                    Ask::Count | Ask::Whole => None,
                };
                Arc::new(narrow.unwrap_or_else(|| excerpt.text.clone()))
            }
        })
    }
}

/// The records that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// All of them, and every other row.
    Whole,
    /// How many there are, and the first of them.
    Count,
    /// Those of a range.
    Range(RecordRange),
}

impl Unpacker {
    /// With this process runner.
    #[must_use]
    pub fn new(apart: Box<dyn Apart>) -> Self {
        Self {
            apart,
            last: Mutex::default(),
            opened: tokio::sync::Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// What a task gives, in a process of its own; nothing of it is remembered.
    ///
    /// # Errors
    /// [`UnpackError`].
    pub async fn unpack(&self, task: &Task, bytes: &[u8]) -> Result<String, UnpackError> {
        self.apart.unpack(task, bytes).await
    }

    /// A payload of a stream, ready for the stages. Text costs nothing but its decoding; a payload unpacked a moment
    /// ago, as each of its batches asks for it, is not unpacked again.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub async fn body<'a>(&self, stream: &Stream, bytes: &'a [u8]) -> Result<Body<'a>, DecodeError> {
        self.part(stream, bytes, Ask::Whole, None).await
    }

    /// As [`Unpacker::body`], but of a payload that has more than can be held at once only what is asked for. `name` is
    /// that of the payload for [`Unpacker::recall`].
    ///
    /// # Errors
    /// [`DecodeError`].
    pub async fn part<'a>(
        &self,
        stream: &Stream,
        bytes: &'a [u8],
        ask: Ask,
        name: Option<&[u8]>,
    ) -> Result<Body<'a>, DecodeError> {
        let Some(mut task) = Task::of(stream, bytes) else {
            return decode::text(&stream.format, bytes).map(Body::Text);
        };
        let digest = Sha256::new().chain_update(format!("{task:?}")).chain_update(bytes).finalize().into();
        let name = name.map(|name| named(stream, name));
        if let Some(what) = self.find(ask, name, |known| known.digest == digest) {
            return Ok(what.body(ask));
        }
        task.window = match (&stream.format, ask) {
            (Format::Workbook { layout, .. }, Ask::Count) => {
                Some(Window { layout: layout.clone(), first: 0, least: 0, count: true })
            }
            (Format::Workbook { layout, .. }, Ask::Range(range)) => {
                Some(Window { layout: layout.clone(), first: range.first, least: range.count, count: false })
            }
            _ => None,
        };
        let text = Arc::new(self.apart.unpack(&task, bytes).await?);
        self.remember(Known { digest, name, cover: Cover::of(&text)?, what: What::Parts(Arc::clone(&text)) });
        Ok(Body::Parts(text))
    }

    /// As [`Unpacker::part`], of a payload as it was received.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub async fn read<'a>(&self, stream: &Stream, payload: &'a Payload, ask: Ask) -> Result<Body<'a>, DecodeError> {
        match payload.plain() {
            Some(bytes) => self.part(stream, bytes, ask, None).await,
            None => self.window(stream, payload, ask, None).await,
        }
    }

    /// What is asked for of a packed payload, `name` being its name for [`Unpacker::recall`].
    ///
    /// # Errors
    /// [`DecodeError`].
    pub async fn window(
        &self,
        stream: &Stream,
        payload: &Payload,
        ask: Ask,
        name: Option<&[u8]>,
    ) -> Result<Body<'static>, DecodeError> {
        let name = name.map(|name| named(stream, name));
        let _one = self.reading.lock().await;
        if let Some(what) = name.and_then(|name| self.find(ask, None, |known| known.name == Some(name))) {
            return Ok(what.body(ask));
        }
        // Batches go in order: the window before is wanted by nobody but those who hold it.
        self.remembered().retain(|known| name.is_none() || known.name != name);
        let excerpt = text_window::window(stream, payload, ask)?;
        let Some(name) = name else { return Ok(Body::Parts(excerpt.text.into())) };
        let (cover, what) = (Cover::of(&excerpt.text)?, What::Excerpt(Arc::new(excerpt)));
        self.remember(Known { digest: name, name: Some(name), what: what.clone(), cover });
        Ok(what.body(ask))
    }

    /// The payload of that name, opened by whoever asks first: those who deliver its batches side by side hold it
    /// once.
    ///
    /// # Errors
    /// Those of `open`.
    pub async fn opened<E>(
        &self,
        name: &[u8],
        open: impl Future<Output = Result<Payload, E>>,
    ) -> Result<Arc<Payload>, E> {
        let mut opened = self.opened.lock().await;
        if let Some(payload) = opened.payload.upgrade().filter(|_| opened.name == name) {
            return Ok(payload);
        }
        let payload = Arc::new(open.await?);
        *opened = Opened { name: name.to_owned(), payload: Arc::downgrade(&payload) };
        Ok(payload)
    }

    /// What is remembered of a payload of that name, if it is what is asked for: its bytes need not be fetched then.
    #[must_use]
    pub fn recall(&self, stream: &Stream, name: &[u8], ask: Ask) -> Option<Body<'static>> {
        let name = named(stream, name);
        self.find(ask, None, |known| known.name == Some(name)).map(|what| what.body(ask))
    }

    fn remembered(&self) -> MutexGuard<'_, VecDeque<Known>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, ask: Ask, name: Option<[u8; 32]>, is: impl Fn(&Known) -> bool) -> Option<What> {
        let mut last = self.remembered();
        let known = last.iter_mut().find(|known| {
            is(known)
                && match ask {
                    Ask::Whole => known.cover.is_whole,
                    Ask::Count => known.cover.is_counted,
                    Ask::Range(range) => known.cover.has(range),
                }
        })?;
        known.name = known.name.or(name);
        Some(known.what.clone())
    }

    fn remember(&self, known: Known) {
        let mut last = self.remembered();
        last.push_back(known);
        let bytes = |last: &VecDeque<Known>| last.iter().map(|known| known.what.len()).sum::<usize>();
        while last.len() > REMEMBERED || last.len() > 1 && bytes(&last) > MAX_REMEMBERED {
            last.pop_front();
        }
    }
}

/// The name of a payload as it is read today.
fn named(stream: &Stream, name: &[u8]) -> [u8; 32] {
    let reading = format!("{:?} {:?}", stream.archive, stream.format);
    Sha256::new().chain_update(name).chain_update(reading).finalize().into()
}
