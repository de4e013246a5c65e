//! Authoring of connectors: creates a new folder, checks its manifest, and tests its samples.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::authoring_error::AuthoringError;
use super::error::OperationError;
use crate::program::Program;
use crate::rule_files;
use crate::settings::Settings;
use huiliu_authoring::gate::package::{self, Expected, Package};
use huiliu_authoring::gate::trial::{self, Checked, GateError, Trial};
use huiliu_authoring::gate::{outcomes, questions};
use huiliu_manifest::{Manifest, Sample};

/// The result of checking a valid manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ManifestCheck {
    /// The id of the connector.
    pub connector: String,
    /// Its streams, in the order in which they are read.
    pub streams: Vec<String>,
    /// Always true: an invalid manifest is an error.
    pub ok: bool,
    /// Lines with an unanswered question, counted from 1.
    pub open_questions: Vec<usize>,
}

/// Checks that a manifest by itself is valid and that the rules convert its hours.
///
/// # Errors
/// [`OperationError::Package`] with every fault of the manifest; [`OperationError::Gate`].
pub fn check(settings: &Settings, path: &Path) -> Result<ManifestCheck, OperationError> {
    let package = package::read_package_with(path, Expected::ToBeMade)?;
    trial::check_units(&package.manifest, &rule_files::load_policy(settings)?, &settings.pack_names())?;
    Ok(ManifestCheck {
        connector: package.manifest.id.clone(),
        streams: package.manifest.stream.iter().map(|stream| stream.name.clone()).collect(),
        ok: true,
        open_questions: open_questions(&package.text),
    })
}

/// Returns the lines of a manifest with an open question, counted from 1. Users of the manifest are warned until the mark
/// is removed; the gate refuses the manifest if the question is about a field that every record needs.
pub(super) fn open_questions(manifest: &str) -> Vec<usize> {
    questions::list_questions(manifest).into_iter().map(|question| question.line).collect()
}

/// Runs a manifest through the gate with its samples.
pub(super) async fn run_gate(
    settings: &Settings,
    program: &Program,
    manifest: &Manifest,
    samples: &[Sample],
) -> Result<Vec<Checked>, OperationError> {
    let (policy, files) = (rule_files::load_policy(settings)?, settings.pack_names());
    let trial = Trial { manifest, policy: &policy, rule_files: &files, unpacker: &program.unpacker };
    Ok(trial::run_gate(trial, samples).await?)
}

/// How a test treats the expected results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedResults {
    /// Compares with the existing expected results.
    Keep,
    /// Overwrites the expected results with the current ones first.
    Accept,
}

/// Expected results that were written. A person must review them before relying on them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AcceptedResults {
    /// The path of the file.
    pub file: PathBuf,
    /// Number of records in the sample.
    pub records: usize,
    /// Number of these records that are parked.
    pub parked: usize,
}

/// The results of a connector's samples.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConnectorTest {
    /// The id of the connector.
    pub connector: String,
    /// Whether every sample and every variant gives the expected results.
    pub ok: bool,
    /// The expected results that were written.
    pub accepted: Vec<AcceptedResults>,
    /// The result of every sample and every variant of it.
    pub samples: Vec<Checked>,
    /// Lines of the manifest with an unanswered question, counted from 1.
    pub open_questions: Vec<usize>,
}

/// Compares the samples with their expected results, then tries every variant of them.
///
/// # Errors
/// [`OperationError::Package`], [`OperationError::Gate`]; [`AuthoringError`] if results cannot be written.
pub async fn test(
    settings: &Settings,
    program: &Program,
    path: &Path,
    results: ExpectedResults,
) -> Result<ConnectorTest, OperationError> {
    let given = package::read_package_with(path, Expected::ToBeMade)?;
    trial::check_questions(&given.manifest, &given.text)?;
    let accepted = match results {
        ExpectedResults::Keep => vec![],
        ExpectedResults::Accept => accept_results(settings, program, path).await?,
    };
    let package = package::read_package(path)?;
    let samples = run_gate(settings, program, &package.manifest, &package.samples).await?;
    Ok(ConnectorTest {
        connector: package.manifest.id.clone(),
        ok: samples.iter().all(|row| row.ok),
        accepted,
        samples,
        open_questions: open_questions(&package.text),
    })
}

/// Writes the current results of each sample into `expected/`.
async fn accept_results(
    settings: &Settings,
    program: &Program,
    path: &Path,
) -> Result<Vec<AcceptedResults>, OperationError> {
    let package = package::read_package_with(path, Expected::ToBeMade)?;
    let (policy, keys) = (rule_files::load_policy(settings)?, trial::throwaway_keys().map_err(GateError::from)?);
    let mut accepted = Vec::new();
    for sample in &package.samples {
        let Some(stream) = package.manifest.find_stream(&sample.stream) else { continue };
        let read = async {
            let body = program.unpacker.prepare_body(stream, &sample.bytes).await?;
            outcomes::sample_outcomes(&package.manifest, stream, &policy, &keys, &sample.address, &body)
        };
        let unreadable = |fault| AuthoringError::SampleUnreadable { address: sample.address.clone(), fault };
        let outcomes = read.await.map_err(unreadable)?;
        let file = results_file(path, &package, sample);
        check_stays_within(connector_folder(path), &file)?;
        write_file(&file, render_outcomes(&outcomes).as_bytes())?;
        let parked = outcomes.iter().filter(|outcome| outcome.get("parked").is_some()).count();
        accepted.push(AcceptedResults { file, records: outcomes.len(), parked });
    }
    Ok(accepted)
}

/// Returns the connector's folder, given the folder or the manifest in it.
pub(super) fn connector_folder(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) }
}

/// Refuses to write through a symbolic link, which could lead out of the connector's folder.
fn check_stays_within(folder: &Path, file: &Path) -> Result<(), AuthoringError> {
    let is_link = |place: &&Path| std::fs::symlink_metadata(place).is_ok_and(|told| told.is_symlink());
    match file.ancestors().take_while(|place| *place != folder).find(is_link) {
        Some(link) => Err(AuthoringError::SymbolicLink { path: link.to_owned() }),
        None => Ok(()),
    }
}

/// Renders one line per outcome, so that reviews show differences by line.
fn render_outcomes(outcomes: &[Value]) -> String {
    let rows: Vec<String> = outcomes.iter().map(|outcome| format!("  {outcome}")).collect();
    if rows.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", rows.join(",\n")) }
}

/// Returns the path of a sample's expected results.
fn results_file(path: &Path, package: &Package, sample: &Sample) -> PathBuf {
    let folder = connector_folder(path);
    let stem = Path::new(&sample.address).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let own = folder.join("samples").join(&sample.stream).join(&sample.address).exists();
    let beside = if own && package.manifest.stream.len() > 1 {
        folder.join("expected").join(&sample.stream)
    } else {
        folder.join("expected")
    };
    beside.join(format!("{stem}.json"))
}

/// Writes a file, and creates its parent folders. What stood there before stays if the disk is full.
pub(super) fn write_file(file: &Path, bytes: &[u8]) -> Result<(), AuthoringError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let draft = file.with_file_name(format!(".{}.new", file.file_name().unwrap_or_default().to_string_lossy()));
    let write = || {
        std::fs::create_dir_all(folder)?;
        let mut whole = std::fs::File::create(&draft)?;
        whole.write_all(bytes)?;
        whole.sync_all()?;
        std::fs::rename(&draft, file)
    };
    let written = write().inspect_err(|_| drop(std::fs::remove_file(&draft)));
    written.map_err(|source| AuthoringError::Unwritable { path: file.to_owned(), source })
}

/// A file of the template for new connectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateFile<'a> {
    /// Its path in the connector's folder.
    pub name: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
}

/// A connector folder created from a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NewConnector {
    /// The id of the connector.
    pub connector: String,
    /// The path of its folder.
    pub folder: PathBuf,
}

/// Creates a connector folder from a template. The new connector passes its own test. Writes nothing if the id is
/// invalid or the folder exists.
///
/// # Errors
/// [`AuthoringError`]; [`OperationError::Package`] if the name is not a valid connector id.
pub fn begin(name: &str, folder: &Path, template: &[TemplateFile<'_>]) -> Result<NewConnector, OperationError> {
    if folder.exists() {
        return Err(AuthoringError::FolderThere { folder: folder.to_owned() }.into());
    }
    let own = template.iter().map(|file| fill_template(file, name)).collect::<Result<Vec<_>, OperationError>>()?;
    for (file, bytes) in template.iter().zip(own) {
        write_file(&folder.join(file.name), &bytes)?;
    }
    Ok(NewConnector { connector: name.to_owned(), folder: folder.to_owned() })
}

/// Returns the content of a template file. In the manifest, the template's id is replaced by the connector's.
fn fill_template(file: &TemplateFile<'_>, id: &str) -> Result<Vec<u8>, OperationError> {
    match std::str::from_utf8(file.bytes) {
        Ok(text) if file.name == "manifest.toml" => {
            let text = text.replace("id = \"template\"", &format!("id = \"{id}\""));
            Manifest::parse(file.name, &text)?;
            Ok(text.into_bytes())
        }
        _ => Ok(file.bytes.to_vec()),
    }
}
