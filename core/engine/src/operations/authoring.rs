//! From a description of a platform to a connector that can be registered: a new folder, its check and its test.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::authoring_error::AuthoringError;
use super::error::OperationError;
use crate::program::Program;
use crate::rule_files;
use crate::settings::Settings;
use huiliu_authoring::gate::outcomes;
use huiliu_authoring::gate::package::{self, Expected, Package};
use huiliu_authoring::gate::trial::{self, Checked, GateError, Trial};
use huiliu_manifest::{Manifest, Sample};

/// A manifest that is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ManifestCheck {
    /// The connector.
    pub connector: String,
    /// Its streams, in the order they are read.
    pub streams: Vec<String>,
    /// True: what is wrong with a manifest is an error.
    pub ok: bool,
    /// Lines with a question that nobody has answered yet, from 1.
    pub open_questions: Vec<usize>,
}

/// Whether a manifest alone is whole, and the rules convert its hours.
///
/// # Errors
/// [`OperationError::Package`] with every fault of the manifest, [`OperationError::Gate`].
pub fn check(settings: &Settings, path: &Path) -> Result<ManifestCheck, OperationError> {
    let package = package::read_with(path, Expected::ToBeMade)?;
    trial::convertible(&package.manifest, &rule_files::policy(settings)?, &settings.pack_names())?;
    Ok(ManifestCheck {
        connector: package.manifest.id.clone(),
        streams: package.manifest.stream.iter().map(|stream| stream.name.clone()).collect(),
        ok: true,
        open_questions: open_questions(&package.text),
    })
}

/// The lines of a manifest with an open question, from 1. What a guess has left to a person stands there as `# ?`: as long
/// as it does, whoever uses the manifest is told.
pub(super) fn open_questions(manifest: &str) -> Vec<usize> {
    let asks = |line: &str| line.starts_with("# ?") || line.contains("  # ?");
    let lines = manifest.lines().zip(1..);
    lines.filter(|(line, _)| asks(line)).map(|(_, number)| number).collect()
}

/// Takes a manifest through the gate with its samples.
pub(super) async fn gate(
    settings: &Settings,
    program: &Program,
    manifest: &Manifest,
    samples: &[Sample],
) -> Result<Vec<Checked>, OperationError> {
    let (policy, files) = (rule_files::policy(settings)?, settings.pack_names());
    let trial = Trial { manifest, policy: &policy, rule_files: &files, unpacker: &program.unpacker };
    Ok(trial::pass(trial, samples).await?)
}

/// What is done about the expected results before a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedResults {
    /// They are as a person has written them.
    Keep,
    /// What comes of the samples is written as what is expected.
    Accept,
}

/// Expected results that were written: for a person to read before they are relied on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AcceptedResults {
    /// The file.
    pub file: PathBuf,
    /// Records of the sample.
    pub records: usize,
    /// Of these, dead letters.
    pub parked: usize,
}

/// What came of a connector's samples.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConnectorTest {
    /// The connector.
    pub connector: String,
    /// Whether every sample and every variant gives what it must.
    pub ok: bool,
    /// The expected results that were written.
    pub accepted: Vec<AcceptedResults>,
    /// Every sample, and every variant of it.
    pub samples: Vec<Checked>,
    /// Lines of the manifest with a question that nobody has answered yet, from 1.
    pub open_questions: Vec<usize>,
}

/// Samples against their expected results, then every variant of them.
///
/// # Errors
/// [`OperationError::Package`], [`OperationError::Gate`]; [`AuthoringError`] when results cannot be written.
pub async fn test(
    settings: &Settings,
    program: &Program,
    path: &Path,
    results: ExpectedResults,
) -> Result<ConnectorTest, OperationError> {
    let accepted = match results {
        ExpectedResults::Keep => vec![],
        ExpectedResults::Accept => accept(settings, program, path).await?,
    };
    let package = package::read(path)?;
    let samples = gate(settings, program, &package.manifest, &package.samples).await?;
    Ok(ConnectorTest {
        connector: package.manifest.id.clone(),
        ok: samples.iter().all(|row| row.ok),
        accepted,
        samples,
        open_questions: open_questions(&package.text),
    })
}

/// Writes what comes of each sample into `expected/`.
async fn accept(settings: &Settings, program: &Program, path: &Path) -> Result<Vec<AcceptedResults>, OperationError> {
    let package = package::read_with(path, Expected::ToBeMade)?;
    let (policy, keys) = (rule_files::policy(settings)?, trial::no_keys().map_err(GateError::from)?);
    let mut accepted = Vec::new();
    for sample in &package.samples {
        let Some(stream) = package.manifest.stream(&sample.stream) else { continue };
        let read = async {
            let body = program.unpacker.body(stream, &sample.bytes).await?;
            outcomes::outcomes(&package.manifest, stream, &policy, &keys, &sample.address, &body)
        };
        let unreadable = |fault| AuthoringError::SampleUnreadable { address: sample.address.clone(), fault };
        let outcomes = read.await.map_err(unreadable)?;
        let file = results_file(path, &package, sample);
        stays_within(folder_of(path), &file)?;
        write(&file, lines(&outcomes).as_bytes())?;
        let parked = outcomes.iter().filter(|outcome| outcome.get("parked").is_some()).count();
        accepted.push(AcceptedResults { file, records: outcomes.len(), parked });
    }
    Ok(accepted)
}

/// The connector's folder, which may have been given by its manifest.
pub(super) fn folder_of(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) }
}

/// Refuses to write through a symbolic link, which could lead out of the connector's folder.
fn stays_within(folder: &Path, file: &Path) -> Result<(), AuthoringError> {
    let is_link = |place: &&Path| std::fs::symlink_metadata(place).is_ok_and(|told| told.is_symlink());
    match file.ancestors().take_while(|place| *place != folder).find(is_link) {
        Some(link) => Err(AuthoringError::SymbolicLink { path: link.to_owned() }),
        None => Ok(()),
    }
}

/// A line for each outcome, so that differences show in a review.
fn lines(outcomes: &[Value]) -> String {
    let rows: Vec<String> = outcomes.iter().map(|outcome| format!("  {outcome}")).collect();
    if rows.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", rows.join(",\n")) }
}

/// Where the expected results of a sample stand.
fn results_file(path: &Path, package: &Package, sample: &Sample) -> PathBuf {
    let folder = folder_of(path);
    let stem = Path::new(&sample.address).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let own = folder.join("samples").join(&sample.stream).join(&sample.address).exists();
    let beside = if own && package.manifest.stream.len() > 1 {
        folder.join("expected").join(&sample.stream)
    } else {
        folder.join("expected")
    };
    beside.join(format!("{stem}.json"))
}

/// Writes a file, and the folders above it.
pub(super) fn write(file: &Path, bytes: &[u8]) -> Result<(), AuthoringError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(file, bytes));
    written.map_err(|source| AuthoringError::Unwritable { path: file.to_owned(), source })
}

/// A file that a new connector begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateFile<'a> {
    /// Its path in the connector's folder.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A connector that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NewConnector {
    /// Its id.
    pub connector: String,
    /// Its folder.
    pub folder: PathBuf,
}

/// Writes a connector that passes its own test, to be made one's own. Nothing is written if any of it cannot stand.
///
/// # Errors
/// [`AuthoringError`], [`OperationError::Package`] for a name that is no connector id.
pub fn begin(name: &str, folder: &Path, template: &[TemplateFile<'_>]) -> Result<NewConnector, OperationError> {
    if folder.exists() {
        return Err(AuthoringError::FolderThere { folder: folder.to_owned() }.into());
    }
    let own = template.iter().map(|file| renamed(file, name)).collect::<Result<Vec<_>, OperationError>>()?;
    for (file, bytes) in template.iter().zip(own) {
        write(&folder.join(file.name), &bytes)?;
    }
    Ok(NewConnector { connector: name.to_owned(), folder: folder.to_owned() })
}

/// The bytes of a file of a template, in which a manifest has the connector's own id.
fn renamed(file: &TemplateFile<'_>, id: &str) -> Result<Vec<u8>, OperationError> {
    match std::str::from_utf8(file.bytes) {
        Ok(text) if file.name == "manifest.toml" => {
            let text = text.replace("id = \"template\"", &format!("id = \"{id}\""));
            Manifest::parse(file.name, &text)?;
            Ok(text.into_bytes())
        }
        _ => Ok(file.bytes.to_vec()),
    }
}
