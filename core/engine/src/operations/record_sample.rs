//! A page of a real platform becomes a sample without anybody real in it.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::authoring::{folder_of, write};
use super::authoring_error::AuthoringError;
use super::error::OperationError;
use super::preview::{PageOf, RawPage, page, stream_of};
use crate::program::Program;
use crate::rule_files;
use crate::settings::Settings;
use huiliu_authoring::anonymize::{self, Anonymizer, Counts};
use huiliu_authoring::gate::package::{self, Expected};
use huiliu_authoring::gate::trial::{self, GateError};
use huiliu_decode::unpacker::Unpacker;
use huiliu_decode::{Body, Context, NO_EACH};
use huiliu_manifest::{Archive, Format, Manifest, Stream};

/// What is kept as a sample, and where.
#[derive(Debug, Clone, Copy)]
pub struct RecordRequest<'a> {
    /// The page.
    pub page: PageOf<'a>,
    /// The stream; none: the first.
    pub stream: Option<&'a str>,
    /// The connector's folder; the sample goes into its `samples/`.
    pub into: &'a Path,
}

/// A sample that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecordedSample {
    /// The stream.
    pub stream: String,
    /// The file.
    pub written: PathBuf,
    /// Names that were replaced, each counted once.
    pub names: usize,
    /// ID numbers that were replaced, each counted once.
    pub id_numbers: usize,
    /// Places where another number or an e-mail address was replaced.
    pub others: usize,
}

/// Keeps a page as a sample, with a generated person in the place of everybody in it.
///
/// # Errors
/// [`OperationError::Package`], [`AuthoringError`], [`OperationError::Platform`], [`super::NotFound::Source`].
pub async fn record(
    settings: &Settings,
    program: &Program,
    request: RecordRequest<'_>,
) -> Result<RecordedSample, OperationError> {
    let package = package::read_with(request.into, Expected::ToBeMade)?;
    let policy = rule_files::policy(settings)?;
    let manifest = &package.manifest;
    let stream = stream_of(manifest, request.stream)?;
    let raw = page(&package, stream, request.page).await?;
    let keys = trial::no_keys().map_err(GateError::from)?;
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
    let (written, counts) = keep(cx, &program.unpacker, &raw, request.into).await?;
    let Counts { names, id_numbers, others } = counts;
    Ok(RecordedSample { stream: stream.name.clone(), written, names, id_numbers, others })
}

/// Writes the disguised page under a hidden name, reads it again, and only then gives it its own.
async fn keep(
    cx: Context<'_>,
    unpacker: &Unpacker,
    raw: &RawPage,
    into: &Path,
) -> Result<(PathBuf, Counts), AuthoringError> {
    let unreadable = |fault| AuthoringError::SampleUnreadable { address: raw.address.clone(), fault };
    let refused = |fault| AuthoringError::Anonymizer { address: raw.address.clone(), fault };
    let before = unpacker.body(cx.stream, &raw.bytes).await.map_err(unreadable)?;
    let seed = anonymize::seed().map_err(AuthoringError::Seed)?;
    let disguise = Anonymizer::new(cx, &before, &seed).map_err(refused)?;
    let made = disguise.page(cx.stream, &raw.bytes).map_err(refused)?;
    let place = place(cx.manifest, cx.stream, into, &disguise.file_name(&file_name(cx.stream, raw)));
    if place.exists() {
        return Err(AuthoringError::SampleThere { file: place });
    }
    let draft = place.with_file_name(format!(".{}.part", place.file_name().unwrap_or_default().to_string_lossy()));
    write(&draft, &made)?;
    let verified = verify(cx, unpacker, Draft { disguise: &disguise, before: &before, file: &draft }).await;
    if let Err(error) = verified.and_then(|()| std::fs::rename(&draft, &place).map_err(AuthoringError::Lost)) {
        // What may hold somebody is not left lying about.
        let _ = std::fs::remove_file(&draft);
        return Err(error);
    }
    Ok((place, disguise.counts()))
}

/// A disguised page that nobody has looked at yet.
struct Draft<'a> {
    disguise: &'a Anonymizer<'a>,
    /// The page as it came.
    before: &'a Body<'a>,
    /// Where the disguised one stands.
    file: &'a Path,
}

/// Whether the file holds nobody any more, and means what the page as it came means.
async fn verify(cx: Context<'_>, unpacker: &Unpacker, draft: Draft<'_>) -> Result<(), AuthoringError> {
    let address = || cx.address.to_owned();
    let seen = std::fs::read(draft.file).map_err(AuthoringError::Lost)?;
    let after = unpacker.body(cx.stream, &seen).await;
    let after = after.map_err(|fault| AuthoringError::SampleUnreadable { address: address(), fault })?;
    let verified = draft.disguise.verify(cx, draft.before, &after, &seen);
    verified.map_err(|fault| AuthoringError::Anonymizer { address: address(), fault })
}

/// In `samples/`, or in the stream's folder there if the manifest has several streams.
fn place(manifest: &Manifest, stream: &Stream, into: &Path, name: &str) -> PathBuf {
    let samples = folder_of(into).join("samples");
    if manifest.stream.len() > 1 { samples.join(&stream.name).join(name) } else { samples.join(name) }
}

/// A file keeps its name, for it can tell the version; a page is named after its stream.
fn file_name(stream: &Stream, RawPage { address, bytes }: &RawPage) -> String {
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
