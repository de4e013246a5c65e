//! Records a page of a real platform as an anonymized sample.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::authoring::{connector_folder, write_file};
use super::authoring_error::AuthoringError;
use super::error::OperationError;
use super::preview::{PageOf, RawPage, find_stream, load_page};
use crate::active_rules;
use crate::program::Program;
use crate::rule_files;
use crate::settings::Settings;
use huiliu_authoring::anonymize::{self, Anonymizer, Counts};
use huiliu_authoring::gate::package::{self, Expected};
use huiliu_authoring::gate::trial::{self, GateError};
use huiliu_decode::unpacker::Unpacker;
use huiliu_decode::{Body, Context, NO_EACH};
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
    };
    let (written, counts) = write_verified(cx, &program.unpacker, &raw, request.into).await?;
    let Counts { names, id_numbers, others } = counts;
    Ok(RecordedSample { stream: stream.name.clone(), written, names, id_numbers, others })
}

/// Writes the anonymized page under a hidden name, verifies it by reading it again, and only then renames it.
async fn write_verified(
    cx: Context<'_>,
    unpacker: &Unpacker,
    raw: &RawPage,
    into: &Path,
) -> Result<(PathBuf, Counts), AuthoringError> {
    let unreadable = |fault| AuthoringError::SampleUnreadable { address: raw.address.clone(), fault };
    let refused = |fault| AuthoringError::Anonymizer { address: raw.address.clone(), fault };
    let before = unpacker.prepare_body(cx.stream, &raw.bytes).await.map_err(unreadable)?;
    let seed = anonymize::random_seed().map_err(AuthoringError::Seed)?;
    let anonymizer = Anonymizer::new(cx, &before, &seed).map_err(refused)?;
    let made = anonymizer.anonymize_page(cx.stream, &raw.bytes).map_err(refused)?;
    let place =
        sample_path(cx.manifest, cx.stream, into, &anonymizer.anonymize_file_name(&sample_file_name(cx.stream, raw)));
    if place.exists() {
        return Err(AuthoringError::SampleThere { file: place });
    }
    let draft = place.with_file_name(format!(".{}.part", place.file_name().unwrap_or_default().to_string_lossy()));
    write_file(&draft, &made)?;
    let verified = verify_draft(cx, unpacker, Draft { anonymizer: &anonymizer, before: &before, file: &draft }).await;
    if let Err(error) = verified.and_then(|()| std::fs::rename(&draft, &place).map_err(AuthoringError::Lost)) {
        // The draft may still contain real people, so do not leave it behind.
        let _ = std::fs::remove_file(&draft);
        return Err(error);
    }
    Ok((place, anonymizer.counts()))
}

/// An anonymized page that is not verified yet.
struct Draft<'a> {
    anonymizer: &'a Anonymizer<'a>,
    /// The page as received.
    before: &'a Body<'a>,
    /// The file of the anonymized page.
    file: &'a Path,
}

/// Verifies that the file contains nobody real any more, and decodes to the same meaning as the original page.
async fn verify_draft(cx: Context<'_>, unpacker: &Unpacker, draft: Draft<'_>) -> Result<(), AuthoringError> {
    let address = || cx.address.to_owned();
    let seen = std::fs::read(draft.file).map_err(AuthoringError::Lost)?;
    let after = unpacker.prepare_body(cx.stream, &seen).await;
    let after = after.map_err(|fault| AuthoringError::SampleUnreadable { address: address(), fault })?;
    let verified = draft.anonymizer.verify(cx, draft.before, &after, &seen);
    verified.map_err(|fault| AuthoringError::Anonymizer { address: address(), fault })
}

/// Returns the path of the sample: in `samples/`, or in the stream's folder there if the manifest has several streams.
fn sample_path(manifest: &Manifest, stream: &Stream, into: &Path, name: &str) -> PathBuf {
    let samples = connector_folder(into).join("samples");
    if manifest.stream.len() > 1 { samples.join(&stream.name).join(name) } else { samples.join(name) }
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
        Format::Workbook { .. } => "xlsx",
    };
    let packed = if bytes.starts_with(b"\x1f\x8b") { ".gz" } else { "" };
    format!("{}.{ending}{packed}", stream.name)
}
