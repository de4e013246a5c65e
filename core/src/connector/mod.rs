//! The connector trait: what a platform is to the rest of Huiliu, and the ways to be one by manifest alone.

pub mod download;
pub mod files;
pub mod http;
mod request;
mod web;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::NaiveDate;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::manifest::{Manifest, Stream, Transport};
use crate::stages::decode::{self, DecodeFault};
use crate::stages::unpack::UnpackFault;
use crate::unpacker::Unpacker;

pub use web::sample;

/// One page or file as received.
#[derive(Debug, Clone)]
pub struct Page {
    /// Page or file name, for people.
    pub address: String,
    /// Bytes as received.
    pub bytes: Vec<u8>,
    /// Raw records in it, or why it cannot be read.
    pub records: Result<u32, String>,
    /// The cursor once this page is landed; after the last page, where the next pass begins.
    pub cursor: String,
    /// Whether this pass ends here.
    pub last: bool,
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

    /// The cursor from which everything that has changed since a day is read; `None` where that cannot be asked for.
    fn since(&self, stream: &Stream, day: NaiveDate) -> Option<String>;
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
    /// Folder of dropped files.
    pub folder: PathBuf,
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

/// Builds the connector that a manifest describes.
///
/// # Errors
/// [`Failure`] when the HTTP client cannot be made or the base URL is not one.
pub fn from_manifest(manifest: Manifest, endpoint: Endpoint) -> Result<Arc<dyn Connector>, Failure> {
    match &manifest.transport {
        Transport::Http { .. } => Ok(Arc::new(http::HttpConnector::new(manifest, endpoint)?)),
        Transport::Files { download: Some(_), .. }
            if endpoint.folder.as_os_str().is_empty() && !endpoint.base_url.is_empty() =>
        {
            Ok(Arc::new(download::DownloadConnector::new(manifest, endpoint)?))
        }
        Transport::Push {} => Err(Failure::fatal(
            "push",
            format!("connector {} is not read: its payloads are handed in with `huiliu upload`", manifest.id),
        )),
        Transport::Files { .. } => Ok(Arc::new(files::FileConnector::new(manifest, endpoint))),
    }
}

/// A file as a page: counted, or with the reason why it cannot be read.
async fn file_page(
    unpacker: &Unpacker,
    stream: &Stream,
    (name, bytes): (&str, Vec<u8>),
    (cursor, last): (String, bool),
) -> Result<Page, Failure> {
    let read = match unpacker.body(stream, &bytes).await {
        Ok(body) => decode::outline(stream, &body, None),
        Err(fault) => Err(fault),
    };
    let records = match read {
        // The file is not to blame.
        Err(DecodeFault::Unpack(UnpackFault::Start { why })) => {
            return Err(Failure::passing("process", format!("{name}: no process to read it in: {why}")));
        }
        read => read.map(|outline| outline.records).map_err(|e| e.to_string()),
    };
    Ok(Page { address: name.to_owned(), bytes, records, cursor, last })
}

fn read_cursor<C: DeserializeOwned + Default>(text: Option<&str>) -> Result<C, Failure> {
    let Some(text) = text else { return Ok(C::default()) };
    serde_json::from_str(text).map_err(|e| {
        Failure::fatal("cursor", format!("the stored cursor {text:?} cannot be read: {e}; read again with --full"))
    })
}

fn write_cursor<C: Serialize>(cursor: &C) -> String {
    serde_json::to_string(cursor).unwrap_or_default()
}
