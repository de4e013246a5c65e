//! Raw record, mapped record and problems, side by side: for whoever writes a manifest.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::authoring_error::AuthoringError;
use super::error::{NotFound, OperationError};
use crate::program::Program;
use crate::rule_files;
use crate::runtime::Runtime;
use crate::settings::Settings;
use huiliu_authoring::gate::package::{self, Expected, Package, PackageError};
use huiliu_authoring::gate::trial::{self, GateError};
use huiliu_decode::preview::{self, Preview};
use huiliu_decode::{Context, NO_EACH};
use huiliu_manifest::{Manifest, Stream};
use huiliu_platform::Page;

/// Which page is looked at.
#[derive(Debug, Clone, Copy)]
pub enum PageOf<'a> {
    /// The first sample of the stream in the connector's folder.
    FirstSample,
    /// A file.
    File(&'a Path),
    /// The first page of a source; nothing of it is stored.
    Source {
        /// What reads it.
        runtime: &'a Runtime,
        /// Its name.
        name: &'a str,
    },
}

/// A page as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawPage {
    /// Page or file name.
    pub address: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a preview looks at.
#[derive(Debug, Clone, Copy)]
pub struct PreviewRequest<'a> {
    /// The connector's folder, or its manifest.
    pub path: &'a Path,
    /// The stream; none: the first.
    pub stream: Option<&'a str>,
    /// The page.
    pub page: PageOf<'a>,
    /// At most so many records.
    pub limit: u32,
}

/// What a manifest makes of a page.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PagePreview {
    /// The stream.
    pub stream: String,
    /// Page or file name.
    pub address: String,
    /// Bytes of the page.
    pub bytes: usize,
    /// Its first records; ID numbers are masked.
    pub records: Vec<Preview>,
}

/// What a manifest makes of a sample, or of a platform's first page.
///
/// # Errors
/// [`OperationError::Package`], [`OperationError::Gate`], [`AuthoringError`], [`OperationError::Platform`],
/// [`NotFound::Source`].
pub async fn preview(
    settings: &Settings,
    program: &Program,
    request: PreviewRequest<'_>,
) -> Result<PagePreview, OperationError> {
    let package = package::read_with(request.path, Expected::ToBeMade)?;
    let policy = rule_files::policy(settings)?;
    let manifest = &package.manifest;
    trial::convertible(manifest, &policy, &settings.pack_names())?;
    let stream = stream_of(manifest, request.stream)?;
    let RawPage { address, bytes } = page(&package, stream, request.page).await?;
    let keys = trial::no_keys().map_err(GateError::from)?;
    let cx = Context {
        manifest,
        stream,
        policy: &policy,
        keys: &keys,
        source_id: 1,
        address: &address,
        each: &NO_EACH,
        landing: 1,
    };
    let unreadable = |fault| AuthoringError::SampleUnreadable { address: address.clone(), fault };
    let body = program.unpacker.body(stream, &bytes).await.map_err(unreadable)?;
    let records = preview::preview(cx, &body, request.limit).map_err(unreadable)?;
    Ok(PagePreview { stream: stream.name.clone(), bytes: bytes.len(), records, address: address.clone() })
}

/// The stream of that name; the first where none is asked for.
pub(super) fn stream_of<'m>(manifest: &'m Manifest, name: Option<&str>) -> Result<&'m Stream, AuthoringError> {
    let found = match name {
        None => manifest.stream.first(),
        Some(name) => manifest.stream(name),
    };
    found.ok_or_else(|| AuthoringError::NoStream {
        stream: name.unwrap_or_default().to_owned(),
        known: manifest.stream.iter().map(|stream| stream.name.clone()).collect(),
    })
}

/// The page that is asked for.
pub(super) async fn page(package: &Package, stream: &Stream, of: PageOf<'_>) -> Result<RawPage, OperationError> {
    match of {
        PageOf::FirstSample => Ok(first_sample(package, stream)?),
        PageOf::File(file) => Ok(file_page(file)?),
        PageOf::Source { runtime, name } => first_page(runtime, &package.manifest, stream, name).await,
    }
}

fn first_sample(package: &Package, stream: &Stream) -> Result<RawPage, AuthoringError> {
    let found = package.samples.iter().find(|sample| sample.stream == stream.name);
    let page = found.map(|sample| RawPage { address: sample.address.clone(), bytes: sample.bytes.clone() });
    page.ok_or_else(|| AuthoringError::NoSample { stream: stream.name.clone() })
}

fn file_page(file: &Path) -> Result<RawPage, PackageError> {
    // A pipe or a device would never end.
    package::size_of(file)?;
    let bytes = std::fs::read(file).map_err(|source| PackageError::Unreadable { path: file.to_owned(), source })?;
    Ok(RawPage { address: file.file_name().unwrap_or_default().to_string_lossy().into_owned(), bytes })
}

/// The first page of a source, read by this manifest. Nothing is landed.
async fn first_page(
    runtime: &Runtime,
    manifest: &Manifest,
    stream: &Stream,
    name: &str,
) -> Result<RawPage, OperationError> {
    let known = runtime.known();
    let Some(source) = known.sources.iter().find(|source| source.name == name) else {
        return Err(NotFound::Source { name: name.to_owned() }.into());
    };
    let connector = runtime.connector(&runtime.recipe_for_any(source)?, manifest.clone())?;
    let mut page = connector.pull(stream, None).await?;
    // An export is waited for.
    while let Some(Page { waiting: true, last: false, cursor, .. }) = &page {
        page = connector.pull(stream, Some(cursor)).await?;
    }
    let Some(Page { address, payload, .. }) = page else {
        return Err(AuthoringError::NothingToRead { name: name.to_owned() }.into());
    };
    let bytes = payload.whole().map_err(AuthoringError::Lost)?.into_owned();
    Ok(RawPage { address, bytes })
}
