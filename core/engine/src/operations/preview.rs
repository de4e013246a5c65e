//! Shows raw record, mapped record and problems side by side, for authors of manifests.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::authoring_error::AuthoringError;
use super::error::{NotFound, OperationError};
use crate::active_rules;
use crate::program::Program;
use crate::rule_files;
use crate::runtime::Runtime;
use crate::settings::Settings;
use huiliu_authoring::gate::package::{self, Expected, Package, PackageError};
use huiliu_authoring::gate::trial::{self, GateError};
use huiliu_decode::accounting::PayloadLayout;
use huiliu_decode::decode;
use huiliu_decode::preview::{self, Preview, Summary};
use huiliu_decode::{Context, NO_EACH};
use huiliu_manifest::{Manifest, Stream};
use huiliu_platform::Page;
use huiliu_platform::files::MAX_FILE_BYTES;

/// The page to preview.
#[derive(Debug, Clone, Copy)]
pub enum PageOf<'a> {
    /// The first sample of the stream in the connector's folder.
    FirstSample,
    /// A file on disk.
    File(&'a Path),
    /// The first page of a source. Nothing of it is stored.
    Source {
        /// The runtime that reads it.
        runtime: &'a Runtime,
        /// The source's name.
        name: &'a str,
    },
}

/// A page as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawPage {
    /// The page's address or the file's name.
    pub address: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// What to preview.
#[derive(Debug, Clone, Copy)]
pub struct PreviewRequest<'a> {
    /// The connector's folder, or its manifest file.
    pub path: &'a Path,
    /// The stream's name. `None` means the first stream.
    pub stream: Option<&'a str>,
    /// The page to preview.
    pub page: PageOf<'a>,
    /// The most records to show.
    pub limit: u32,
}

/// The records that a manifest finds in a page.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PagePreview {
    /// The stream's name.
    pub stream: String,
    /// The page's address or the file's name.
    pub address: String,
    /// The size of the page in bytes.
    pub bytes: usize,
    /// What the rows of its tables are taken for.
    pub layout: PayloadLayout,
    /// What becomes of all its records.
    pub summary: Summary,
    /// The first records, with ID numbers masked.
    pub records: Vec<Preview>,
}

/// Previews the records that a manifest finds in a sample, or in a platform's first page.
///
/// # Errors
/// [`OperationError::Package`], [`OperationError::Gate`], [`AuthoringError`], [`OperationError::Platform`],
/// [`NotFound::Source`].
pub async fn preview(
    settings: &Settings,
    program: &Program,
    request: PreviewRequest<'_>,
) -> Result<PagePreview, OperationError> {
    let package = package::read_package_with(request.path, Expected::ToBeMade)?;
    let settings = &active_rules::find_active(settings).await?;
    let policy = rule_files::load_policy(settings)?;
    let manifest = &package.manifest;
    trial::check_units(manifest, &policy, &settings.pack_names())?;
    let stream = find_stream(manifest, request.stream)?;
    let RawPage { address, bytes } = load_page(&package, stream, request.page).await?;
    let keys = trial::throwaway_keys().map_err(GateError::from)?;
    let cx = Context {
        manifest,
        stream,
        policy: &policy,
        keys: &keys,
        source_id: 1,
        address: &address,
        each: &NO_EACH,
        landing: 1,
        batch: 0,
    };
    let unreadable = |fault| AuthoringError::SampleUnreadable { address: address.clone(), fault };
    let body = program.unpacker.prepare_body(stream, &bytes).await.map_err(unreadable)?;
    let (records, summary) = preview::preview_records(cx, &body, request.limit).map_err(unreadable)?;
    let layout = decode::outline_payload(stream, &body, None).map_err(unreadable)?.layout;
    let (stream, bytes) = (stream.name.clone(), bytes.len());
    Ok(PagePreview { stream, bytes, layout, summary, records, address: address.clone() })
}

/// Returns the stream of that name, or the first one if no name is given.
pub(super) fn find_stream<'m>(manifest: &'m Manifest, name: Option<&str>) -> Result<&'m Stream, AuthoringError> {
    let found = match name {
        None => manifest.stream.first(),
        Some(name) => manifest.find_stream(name),
    };
    found.ok_or_else(|| AuthoringError::NoStream {
        stream: name.unwrap_or_default().to_owned(),
        known: manifest.stream.iter().map(|stream| stream.name.clone()).collect(),
    })
}

/// Loads the requested page.
pub(super) async fn load_page(package: &Package, stream: &Stream, of: PageOf<'_>) -> Result<RawPage, OperationError> {
    match of {
        PageOf::FirstSample => Ok(find_first_sample(package, stream)?),
        PageOf::File(file) => Ok(read_file_page(file)?),
        PageOf::Source { runtime, name } => pull_first_page(runtime, &package.manifest, stream, name).await,
    }
}

fn find_first_sample(package: &Package, stream: &Stream) -> Result<RawPage, AuthoringError> {
    let found = package.samples.iter().find(|sample| sample.stream == stream.name);
    let page = found.map(|sample| RawPage { address: sample.address.clone(), bytes: sample.bytes.clone() });
    page.ok_or_else(|| AuthoringError::NoSample { stream: stream.name.clone() })
}

fn read_file_page(file: &Path) -> Result<RawPage, PackageError> {
    let bytes = package::read_named_file(file, MAX_FILE_BYTES)?;
    Ok(RawPage { address: file.file_name().unwrap_or_default().to_string_lossy().into_owned(), bytes })
}

/// Pulls the first page of a source with this manifest. Nothing is landed.
async fn pull_first_page(
    runtime: &Runtime,
    manifest: &Manifest,
    stream: &Stream,
    name: &str,
) -> Result<RawPage, OperationError> {
    let known = runtime.registry_snapshot();
    let Some(source) = known.sources.iter().find(|source| source.name == name) else {
        return Err(NotFound::Source { name: name.to_owned() }.into());
    };
    let connector = runtime.build_connector(&runtime.build_recipe_without_manifest(source)?, manifest.clone())?;
    let mut page = connector.pull(stream, None).await?;
    // Wait until an export is ready.
    while let Some(Page { waiting: true, last: false, cursor, .. }) = &page {
        page = connector.pull(stream, Some(cursor)).await?;
    }
    let Some(Page { address, payload, .. }) = page else {
        return Err(AuthoringError::NothingToRead { name: name.to_owned() }.into());
    };
    let bytes = payload.read_all().map_err(AuthoringError::Lost)?.into_owned();
    Ok(RawPage { address, bytes })
}
