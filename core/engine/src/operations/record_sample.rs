//! Records a page of a real platform as an anonymized sample.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::authoring::connector_folder;
use super::error::OperationError;
use super::preview::{PageOf, RawPage, find_stream, load_page};
use super::sample_writing::{self, PageToWrite, WrittenSample};
use crate::active_rules;
use crate::program::Program;
use crate::rule_files;
use crate::settings::Settings;
use huiliu_authoring::anonymize::Counts;
use huiliu_authoring::gate::package::{self, Expected};
use huiliu_authoring::gate::trial::{self, GateError};
use huiliu_decode::{Context, NO_EACH};
use huiliu_manifest::{Archive, Format, Manifest, Stream};

/// Which page to record, and where.
#[derive(Debug, Clone, Copy)]
pub struct RecordRequest<'a> {
    /// The page to record.
    pub page: PageOf<'a>,
    /// The stream's name. `None` means the first stream.
    pub stream: Option<&'a str>,
    /// The connector's folder. The sample goes into its `samples/`.
    pub into: &'a Path,
}

/// A sample file that was written, and how much was replaced in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecordedSample {
    /// The stream's name.
    pub stream: String,
    /// The path of the sample file.
    pub written: PathBuf,
    /// Number of distinct names that were replaced.
    pub names: usize,
    /// Number of distinct ID numbers that were replaced.
    pub id_numbers: usize,
    /// Number of places where another number or an e-mail address was replaced.
    pub others: usize,
    /// Whether the sample is .xlsx because the workbook's own format cannot be written.
    pub rewritten: bool,
}

/// Records a page as a sample, with every person in it replaced by a generated one.
///
/// # Errors
/// [`OperationError::Package`], [`AuthoringError`], [`OperationError::Platform`], [`super::NotFound::Source`].
pub async fn record(
    settings: &Settings,
    program: &Program,
    request: RecordRequest<'_>,
) -> Result<RecordedSample, OperationError> {
    let package = package::read_package_with(request.into, Expected::ToBeMade)?;
    let settings = &active_rules::find_active(settings).await?;
    let policy = rule_files::load_policy(settings)?;
    let manifest = &package.manifest;
    let stream = find_stream(manifest, request.stream)?;
    let raw = load_page(&package, stream, request.page).await?;
    let keys = trial::throwaway_keys().map_err(GateError::from)?;
    let cx = Context {
        manifest,
        stream,
        policy: &policy,
        keys: &keys,
        source_id: 1,
        address: &raw.address,
        each: &NO_EACH,
        landing: 1,
        batch: 0,
    };
    let page = PageToWrite {
        cx,
        unpacker: &program.unpacker,
        bytes: &raw.bytes,
        file_name: &sample_file_name(stream, &raw),
        folder: &sample_folder(manifest, stream, request.into),
    };
    let WrittenSample { path: written, counts, rewritten } = sample_writing::write_sample(page).await?;
    let Counts { names, id_numbers, others } = counts;
    Ok(RecordedSample { stream: stream.name.clone(), written, names, id_numbers, others, rewritten })
}

/// Returns the folder of the sample: `samples/`, or the stream's folder there if the manifest has several streams.
fn sample_folder(manifest: &Manifest, stream: &Stream, into: &Path) -> PathBuf {
    let samples = connector_folder(into).join("samples");
    if manifest.stream.len() > 1 { samples.join(&stream.name) } else { samples }
}

/// Returns the name of the sample file. A file keeps its name, because the name may contain the version; a page is
/// named after its stream.
fn sample_file_name(stream: &Stream, RawPage { address, bytes }: &RawPage) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if address.contains('.') && !address.starts_with('.') && address.chars().all(plain) {
        return address.clone();
    }
    let ending = match &stream.format {
        _ if bytes.starts_with(b"PK\x03\x04") && matches!(stream.archive, Some(Archive::Zip { .. })) => "zip",
        Format::Json { .. } => "json",
        Format::JsonLines { .. } => "jsonl",
        Format::Xml { .. } => "xml",
        Format::Csv { .. } => "csv",
        Format::Workbook { .. } if bytes.starts_with(b"PK") => "xlsx",
        Format::Workbook { .. } => "xls",
    };
    let packed = if bytes.starts_with(b"\x1f\x8b") { ".gz" } else { "" };
    format!("{}.{ending}{packed}", stream.name)
}
