//! Infers a manifest from a sample of a platform that has no connector yet.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use super::authoring_error::AuthoringError;
use super::error::OperationError;
use crate::program::Program;
use crate::settings::Settings;
use huiliu_authoring::infer::write::{self, RequestPath, Titles, Wording};
use huiliu_authoring::infer::{self, Guess, InferError, MAX_SAMPLE};

/// The longest wait for the download of a sample.
const WAIT: Duration = Duration::from_secs(30);
/// The longest id of a connector, in characters.
const MAX_ID: usize = 60;

/// What to infer from, and what to write.
#[derive(Debug, Clone, Copy)]
pub struct InferRequest<'a> {
    /// A file path, or an http(s) URL.
    pub sample: &'a str,
    /// The connector's id. `None` derives it from the sample's name.
    pub id: Option<&'a str>,
    /// The folder that the manifest is written into. `None` writes nothing.
    pub out: Option<&'a Path>,
    /// Whether to store the sample beside the manifest. It is not anonymized.
    pub with_sample: bool,
}

/// The manifest inferred from a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InferredManifest {
    /// What was inferred.
    #[serde(flatten)]
    pub guess: Guess,
    /// The sample's name.
    pub sample: String,
    /// The manifest's text, TOML. Open questions are comments in it.
    pub manifest: String,
    /// The path of the manifest file, if one was written.
    pub written: Option<PathBuf>,
}

/// Returns the wording of the manifest's comments for a sample name, in the user's language.
pub type WordsFor<'a> = &'a dyn Fn(&str, &Guess) -> Wording<'static>;

/// Infers a manifest from a sample.
///
/// # Errors
/// [`AuthoringError`]; [`OperationError::Platform`] if a URL gives no sample.
pub async fn infer(
    settings: &Settings,
    program: &Program,
    request: InferRequest<'_>,
    words_for: WordsFor<'_>,
) -> Result<InferredManifest, OperationError> {
    let sample = read_sample(settings, request.sample).await?;
    let unpacked = match infer::unpack_task(&sample.bytes) {
        Some(task) => {
            let unpacked = program.unpacker.unpack(&task, &sample.bytes).await;
            Some(unpacked.map_err(|fault| AuthoringError::Unpack { sample: sample.name.clone(), fault })?)
        }
        None => None,
    };
    // Only the name of a file may contain a date.
    let dated = if request.sample.contains("://") { "" } else { sample.name.as_str() };
    let guess = infer::guess_manifest(dated, &sample.bytes, unpacked.as_deref())
        .map_err(|fault| AuthoringError::Guess { sample: sample.name.clone(), fault })?;
    let words = words_for(&sample.name, &guess);
    let manifest = render_manifest(request, &sample.name, &guess, &words)?;
    let written = match request.out {
        Some(folder) => Some(write_files(folder, &manifest, request.with_sample.then_some(&sample))?),
        None => None,
    };
    Ok(InferredManifest { guess, sample: sample.name, manifest, written })
}

/// A sample to infer from.
struct NamedSample {
    name: String,
    bytes: Vec<u8>,
}

/// Renders the manifest's text.
fn render_manifest(
    request: InferRequest<'_>,
    sample: &str,
    guess: &Guess,
    words: &Wording<'_>,
) -> Result<String, AuthoringError> {
    let id = request.id.map_or_else(|| derive_id(sample), str::to_owned);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if id.is_empty() || id.len() > MAX_ID || !id.chars().all(plain) {
        return Err(AuthoringError::ConnectorId { id });
    }
    let url = request.sample.contains("://").then(|| Url::parse(request.sample).ok()).flatten();
    let asked = url.map(|url| RequestPath {
        path: url.path().to_owned(),
        query: url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
    });
    Ok(write::write_manifest(guess, &Titles { id: &id, sample, request: asked.as_ref() }, words))
}

/// Derives a connector's id from a sample's name.
fn derive_id(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let letters: String = stem.chars().map(plain).take(MAX_ID).collect();
    let id = letters.trim_matches('_');
    if id.is_empty() { "platform".to_owned() } else { id.to_owned() }
}

/// Writes the manifest, and the sample if requested. Never overwrites a file.
fn write_files(folder: &Path, manifest: &str, sample: Option<&NamedSample>) -> Result<PathBuf, AuthoringError> {
    let place = folder.join("manifest.toml");
    make_folder(folder)?;
    create_file(&place, manifest.as_bytes())?;
    if let Some(sample) = sample {
        let samples = folder.join("samples");
        make_folder(&samples)?;
        create_file(&samples.join(&sample.name), &sample.bytes)?;
    }
    Ok(place)
}

fn make_folder(folder: &Path) -> Result<(), AuthoringError> {
    std::fs::create_dir_all(folder)
        .map_err(|source| AuthoringError::GuessUnwritable { path: folder.to_owned(), source })
}

fn create_file(file: &Path, content: &[u8]) -> Result<(), AuthoringError> {
    let new = std::fs::OpenOptions::new().write(true).create_new(true).open(file);
    new.and_then(|mut new| new.write_all(content))
        .map_err(|source| AuthoringError::GuessUnwritable { path: file.to_owned(), source })
}

/// Reads or downloads the sample.
async fn read_sample(settings: &Settings, place: &str) -> Result<NamedSample, OperationError> {
    if place.starts_with("http://") || place.starts_with("https://") {
        let bytes = huiliu_platform::fetch_sample(place, WAIT, &settings.networks).await?;
        let path = place.split(['?', '#']).next().unwrap_or(place);
        return Ok(NamedSample { name: path.rsplit('/').next().unwrap_or(path).to_owned(), bytes });
    }
    Ok(read_sample_file(place)?)
}

fn read_sample_file(place: &str) -> Result<NamedSample, AuthoringError> {
    let unreadable = |source| AuthoringError::NoSuchSample { sample: place.to_owned(), source };
    // Check the size first, so that an oversized file is not read into memory.
    let told = std::fs::metadata(place).map_err(unreadable)?;
    let found = usize::try_from(told.len()).unwrap_or(usize::MAX);
    if found > MAX_SAMPLE {
        let fault = InferError::TooLarge { found, most: MAX_SAMPLE };
        return Err(AuthoringError::Guess { sample: place.to_owned(), fault });
    }
    let bytes = std::fs::read(place).map_err(unreadable)?;
    let name = Path::new(place).file_name().map_or_else(|| place.to_owned(), |n| n.to_string_lossy().into_owned());
    Ok(NamedSample { name, bytes })
}
