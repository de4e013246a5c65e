//! The connector trait: what a platform is to the rest of Huiliu, and the ways to be one by manifest alone.

mod answers;
mod auth;
pub mod bucket;
mod client;
mod cursor;
mod discreet;
pub mod door;
pub mod download;
mod each;
mod export;
pub mod files;
pub mod guard;
pub mod handed;
pub mod http;
mod paging;
mod platform;
mod request;
mod sign;
mod since;
mod web;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::NaiveDate;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::manifest::{Manifest, Stream, Transport};
use crate::payload::Payload;
use crate::stages::decode::{self, DecodeFault};
use crate::stages::unpack::UnpackFault;
use crate::stages::{Body, draft, text_window};
use crate::unpacker::{Ask, Unpacker};

pub use client::Client;
pub use cursor::Short;
pub use web::sample;

/// One page or file as received.
#[derive(Debug, Clone)]
pub struct Page {
    /// Page or file name, for people.
    pub address: String,
    /// Bytes as received.
    pub payload: Payload,
    /// Raw records in it, or why it cannot be read.
    pub records: Result<u32, String>,
    /// What it was asked for with: the values of the stream's fan-out, a JSON object of texts.
    pub each: Option<String>,
    /// The cursor once this page is landed; after the last page, where the next pass begins.
    pub cursor: String,
    /// Whether this pass ends here.
    pub last: bool,
    /// Whether nothing came yet and only the cursor is to be kept, as while an export is made.
    pub waiting: bool,
}

/// Why a pull did not give a page.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text}")]
pub struct Failure {
    /// Stable code.
    pub code: &'static str,
    /// What happened, where, and what to do.
    pub text: String,
    /// Whether it is worth trying again, and not before when.
    pub retry: Option<Duration>,
}

impl Failure {
    /// A failure that trying again cannot mend.
    #[must_use]
    pub fn fatal(code: &'static str, text: String) -> Self {
        Self { code, text, retry: None }
    }

    /// A failure that may pass.
    #[must_use]
    pub fn passing(code: &'static str, text: String) -> Self {
        Self { code, text, retry: Some(Duration::ZERO) }
    }
}

/// One kind of platform, for one source.
#[async_trait]
pub trait Connector: Send + Sync {
    /// What is declared about it.
    fn manifest(&self) -> &Manifest;

    /// Gives the page after `cursor` (the first one for `None`), or `None` when there is none.
    ///
    /// # Errors
    /// [`Failure`]; the cursor then stays where it was.
    async fn pull(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure>;

    /// The cursor from which everything that has changed on these days is read; `None` where that cannot be asked for.
    fn since(&self, stream: &Stream, days: Days) -> Option<String>;
}

/// Days of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub first: NaiveDate,
    /// The last, where it is not today.
    pub last: Option<NaiveDate>,
}

/// Shares out the requests that a platform allows, among everybody who asks it.
#[async_trait]
pub trait Pace: std::fmt::Debug + Send + Sync {
    /// Takes the next free slot of a host, whose slots are `every` apart, and gives how long it is until then.
    ///
    /// # Errors
    /// Why there is none, in words.
    async fn next_slot(&self, host: &str, every: Duration) -> Result<Duration, String>;
}

/// The settings of one source.
#[derive(Clone)]
pub struct Endpoint {
    /// Base URL (HTTP).
    pub base_url: String,
    /// User name, client id or application id (HTTP).
    pub user: String,
    /// Password, client secret or signing key (HTTP).
    pub password: String,
    /// Code of the institution that answers for its data.
    pub institution: String,
    /// What else its manifest asks for.
    pub settings: BTreeMap<String, String>,
    /// Secrets by name; the password is not among them.
    pub secrets: BTreeMap<String, String>,
    /// Folder of dropped files.
    pub folder: PathBuf,
    /// Networks that may be connected to though they are not public.
    pub networks: guard::Networks,
    /// Who shares out the requests of a platform.
    pub pace: Arc<dyn Pace>,
    /// Longest time for one answer.
    pub timeout: Duration,
    /// Reads what is more than text.
    pub unpacker: Arc<Unpacker>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { base_url, user, folder, timeout, .. } = self;
        f.debug_struct("Endpoint")
            .field("base_url", base_url)
            .field("user", user)
            .field("folder", folder)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// The value of that name, where it is the same for every request.
    fn value(&self, name: &str) -> Option<String> {
        match (name, name.split_once('.')) {
            ("user", _) => Some(self.user.clone()),
            ("password", _) => Some(self.password.clone()),
            ("institution", _) => Some(self.institution.clone()),
            (_, Some(("settings", of))) => self.settings.get(of).cloned(),
            (_, Some(("secret", "password"))) => Some(self.password.clone()),
            (_, Some(("secret", of))) => self.secrets.get(of).cloned(),
            _ => None,
        }
    }

    /// Whether its files are not in a folder.
    fn is_remote(&self) -> bool {
        self.folder.as_os_str().is_empty() && !self.base_url.is_empty()
    }

    /// What came for a stream, ready to be counted. Where the stream's next pass begins is read off all of its records.
    ///
    /// # Errors
    /// [`Failure`] for a cut or foreign body; it is worth asking again.
    async fn read<'p>(&self, stream: &Stream, payload: &'p Payload, address: &str) -> Result<Body<'p>, Failure> {
        let ask = if stream.since.is_some() { Ask::Whole } else { Ask::Count };
        self.unpacker.read(stream, payload, ask).await.map_err(|e| http::foreign(address, e))
    }
}

/// Builds the connector that a manifest describes.
///
/// # Errors
/// [`Failure`] when the HTTP client cannot be made or the base URL is not one.
pub fn from_manifest(manifest: Manifest, endpoint: Endpoint) -> Result<Arc<dyn Connector>, Failure> {
    match &manifest.transport {
        Transport::Http { .. } => Ok(Arc::new(http::HttpConnector::new(manifest, endpoint)?)),
        Transport::Files { download: Some(_), .. } if endpoint.is_remote() => {
            Ok(Arc::new(download::DownloadConnector::new(manifest, endpoint)?))
        }
        Transport::Files { bucket: Some(_), .. } if endpoint.is_remote() => {
            Ok(Arc::new(bucket::BucketConnector::new(manifest, endpoint)?))
        }
        Transport::Push {} => Err(Failure::fatal(
            "push",
            format!("connector {} is not read: its payloads are handed in with `huiliu upload`", manifest.id),
        )),
        Transport::Files { .. } => Ok(Arc::new(files::FileConnector::new(manifest, endpoint))),
    }
}

/// A file that came as a whole.
fn kept(stream: &Stream, name: &str, bytes: Vec<u8>) -> Result<Payload, Failure> {
    text_window::kept(stream, bytes).map_err(|e| Failure::passing("packing", format!("{name} cannot be packed: {e}")))
}

/// A file as a page: counted, or with the reason why it cannot be read.
async fn file_page(
    unpacker: &Unpacker,
    stream: &Stream,
    (name, payload): (&str, Payload),
    (cursor, last): (String, bool),
) -> Result<Page, Failure> {
    let read = match unpacker.read(stream, &payload, Ask::Count).await {
        Ok(body) => decode::outline(stream, &body, None),
        Err(fault) => Err(fault),
    };
    let records = match read {
        // The file is not to blame.
        Err(DecodeFault::Unpack(UnpackFault::Start { why })) => {
            return Err(Failure::passing("process", format!("{name}: no process to read it in: {why}")));
        }
        read => read.map(|outline| outline.records).map_err(|e| draft::masked(&e.to_string(), 1_000)),
    };
    Ok(Page { address: name.to_owned(), payload, records, each: None, cursor, last, waiting: false })
}

/// A connector's own cursor, from the text it was stored as; its beginning for `None`.
///
/// # Errors
/// [`Failure`] for a text that is no such cursor.
pub fn read_cursor<C: DeserializeOwned + Default>(text: Option<&str>) -> Result<C, Failure> {
    let Some(text) = text else { return Ok(C::default()) };
    serde_json::from_str(text).map_err(|e| {
        Failure::fatal("cursor", format!("the stored cursor {text:?} cannot be read: {e}; read again with --full"))
    })
}

/// The text that a cursor is stored as.
pub fn write_cursor<C: Serialize>(cursor: &C) -> String {
    serde_json::to_string(cursor).unwrap_or_default()
}

/// What a pass has missed that ended at this cursor, by the platform's own count.
#[must_use]
pub fn missed(cursor: &str) -> Option<Short> {
    serde_json::from_str::<cursor::Cursor>(cursor).ok()?.short
}

/// A cursor of a stream given by a person, as the connector would write it.
///
/// # Errors
/// Why it is no cursor of this connector and stream, in words.
pub fn check_cursor(manifest: &Manifest, stream: &Stream, text: &str) -> Result<String, String> {
    fn checked<C: DeserializeOwned + Serialize>(text: &str) -> Result<String, String> {
        serde_json::from_str::<C>(text).map(|cursor| write_cursor(&cursor)).map_err(|e| e.to_string())
    }
    match &manifest.transport {
        Transport::Http { .. } => {
            let given: cursor::Cursor = serde_json::from_str(text).map_err(|e| e.to_string())?;
            given.check(stream)?;
            Ok(write_cursor(&given))
        }
        // Which of the two it is says the source.
        Transport::Files { bucket: Some(_), .. } => {
            checked::<files::Cursor>(text).or_else(|_| checked::<bucket::Cursor>(text))
        }
        _ => checked::<files::Cursor>(text),
    }
}
