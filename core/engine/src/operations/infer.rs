//! Infers a manifest from a sample of a platform that has no connector yet.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use super::answer_trial::{self, TriedSample};
use super::authoring_error::AuthoringError;
use super::error::{NotFound, OperationError};
use super::preview::find_stream;
use super::sample_writing::{self, PageToWrite};
use crate::active_rules;
use crate::program::Program;
use crate::rule_files;
use crate::runtime::Runtime;
use crate::settings::Settings;
use huiliu_authoring::gate::trial::{self, GateError};
use huiliu_authoring::infer::write::{self, RequestPath, Titles, Wording};
use huiliu_authoring::infer::{self, Guess, InferError, MAX_SAMPLE, OpenQuestion, answers};
use huiliu_decode::{Context, NO_EACH};
use huiliu_manifest::Manifest;
use huiliu_messages::Message;

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
    /// Whether to store the sample beside the manifest, with everybody in it replaced.
    pub with_sample: bool,
    /// The source with whose address and credentials the sample is fetched. The sample is then a path below its address.
    pub source: Option<SourceOf<'a>>,
}

/// A source and the runtime that opens its secrets.
#[derive(Debug, Clone, Copy)]
pub struct SourceOf<'a> {
    /// The runtime.
    pub runtime: &'a Runtime,
    /// The source's name.
    pub name: &'a str,
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
    /// The path of the anonymized sample, if one was written.
    pub sample_written: Option<PathBuf>,
    /// Why the sample was not kept: the people in it could not be replaced.
    pub sample_refused: Option<Message>,
}

/// Asks a person a question. Returns the number of the answer that was chosen, from 0; `None` leaves it open.
pub type Ask<'a> = &'a dyn Fn(&OpenQuestion) -> Option<usize>;

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
    ask: Ask<'_>,
) -> Result<InferredManifest, OperationError> {
    let sample = match request.source {
        Some(source) => fetch_from_source(source, request.sample).await?,
        None => read_sample(settings, request.sample).await?,
    };
    let unpacked = match infer::unpack_task(&sample.bytes) {
        Some(task) => {
            let unpacked = program.unpacker.unpack(&task, &sample.bytes).await;
            Some(unpacked.map_err(|fault| AuthoringError::Unpack { sample: sample.name.clone(), fault })?)
        }
        None => None,
    };
    // Only the name of a file may contain a date.
    let dated = if request.source.is_some() || request.sample.contains("://") { "" } else { sample.name.as_str() };
    let mut guess = infer::guess_manifest(dated, &sample.bytes, unpacked.as_deref())
        .map_err(|fault| AuthoringError::Guess { sample: sample.name.clone(), fault })?;
    let tried = TriedSample { name: &sample.name, bytes: &sample.bytes };
    answer_trial::remove_useless_answers(settings, program, tried, &mut guess).await?;
    let words = words_for(&sample.name, &guess);
    let manifest = render_manifest(request, &sample.name, &guess, &words)?;
    let manifest = ask_questions(manifest, &mut guess, &words, ask);
    let written = match request.out {
        Some(folder) => Some(write_manifest_file(folder, &manifest)?),
        None => None,
    };
    let kept = match request.out.filter(|_| request.with_sample) {
        Some(folder) => Some(
            keep_sample(settings, program, KeptSample { folder, sample: &sample, manifest: &manifest, guess: &guess })
                .await,
        ),
        None => None,
    };
    let (sample_written, sample_refused) = match kept {
        None => (None, None),
        Some(Ok(path)) => (Some(path), None),
        Some(Err(error)) => (None, Some(Message::new(&error))),
    };
    Ok(InferredManifest { guess, sample: sample.name, manifest, written, sample_written, sample_refused })
}

/// Asks every question, and writes the answers into the manifest. Questions without an answer stay.
fn ask_questions(mut manifest: String, guess: &mut Guess, words: &Wording<'_>, ask: Ask<'_>) -> String {
    let mut open = vec![];
    for question in std::mem::take(&mut guess.questions) {
        let answer = if question.answers.is_empty() { None } else { ask(&question) };
        match answer.and_then(|nth| question.answers.get(nth)) {
            Some(answer) => {
                manifest = answers::apply_answer(&manifest, &write::render_question(&question, words), answer);
            }
            None => open.push(question),
        }
    }
    guess.questions = open;
    manifest
}

/// A sample to keep beside the manifest that was inferred from it.
struct KeptSample<'a> {
    folder: &'a Path,
    sample: &'a NamedSample,
    manifest: &'a str,
    guess: &'a Guess,
}

/// Keeps the sample with everybody in it replaced. Where the manifest is not complete yet, constants stand in for the
/// fields that are missing: what is not mapped is masked.
async fn keep_sample(settings: &Settings, program: &Program, kept: KeptSample<'_>) -> Result<PathBuf, OperationError> {
    let KeptSample { folder, sample, manifest, guess } = kept;
    let parsed = Manifest::parse("manifest.toml", manifest)
        .or_else(|_| Manifest::parse("manifest.toml", &write::complete_manifest(manifest, guess)))?;
    let stream = find_stream(&parsed, None)?;
    let settings = &active_rules::find_active(settings).await?;
    let policy = rule_files::load_policy(settings)?;
    let keys = trial::throwaway_keys().map_err(GateError::from)?;
    let cx = Context {
        manifest: &parsed,
        stream,
        policy: &policy,
        keys: &keys,
        source_id: 1,
        address: &sample.name,
        each: &NO_EACH,
        landing: 1,
        batch: 0,
    };
    let page = PageToWrite {
        cx,
        unpacker: &program.unpacker,
        bytes: &sample.bytes,
        file_name: &sample.name,
        folder: &folder.join("samples"),
    };
    Ok(sample_writing::write_sample(page).await?.path)
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
    let url = match request.source {
        // The place of a path is below the source's address, which the manifest does not say.
        Some(_) => {
            Url::parse(request.sample).or_else(|_| Url::parse("http://source.invalid/")?.join(request.sample)).ok()
        }
        None => request.sample.contains("://").then(|| Url::parse(request.sample).ok()).flatten(),
    };
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

/// Writes the manifest. Never overwrites a file.
fn write_manifest_file(folder: &Path, manifest: &str) -> Result<PathBuf, AuthoringError> {
    let place = folder.join("manifest.toml");
    make_folder(folder)?;
    create_file(&place, manifest.as_bytes())?;
    Ok(place)
}

fn make_folder(folder: &Path) -> Result<(), AuthoringError> {
    std::fs::create_dir_all(folder)
        .map_err(|source| AuthoringError::GuessUnwritable { path: folder.to_owned(), source })
}

fn create_file(file: &Path, content: &[u8]) -> Result<(), AuthoringError> {
    let new = std::fs::OpenOptions::new().write(true).create_new(true).open(file);
    // Half a manifest would stand in the way of the whole one.
    new.and_then(|mut new| new.write_all(content).inspect_err(|_| drop(std::fs::remove_file(file))))
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

/// Fetches a sample from a source's platform with its credentials. The address must be below that of the source.
async fn fetch_from_source(source: SourceOf<'_>, place: &str) -> Result<NamedSample, OperationError> {
    let SourceOf { runtime, name } = source;
    let known = runtime.registry_snapshot();
    let Some(settings) = known.sources.iter().find(|source| source.name == name) else {
        return Err(NotFound::Source { name: name.to_owned() }.into());
    };
    let (recipe, manifest) = runtime.build_recipe(settings)?;
    let base = Url::parse(&settings.base_url).ok();
    let url = match (Url::parse(place), &base) {
        (Ok(url), Some(base)) if url.origin() == base.origin() => Some(url),
        (Err(_), Some(base)) => base.join(place).ok().filter(|url| url.origin() == base.origin()),
        _ => None,
    };
    let Some(url) = url else {
        return Err(AuthoringError::SampleElsewhere { name: name.to_owned() }.into());
    };
    let query: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let bytes = runtime.build_client(&recipe, &manifest)?.get(url.path(), &query).await?;
    let path = url.path();
    Ok(NamedSample { name: path.rsplit('/').next().unwrap_or(path).to_owned(), bytes })
}

fn read_sample_file(place: &str) -> Result<NamedSample, AuthoringError> {
    let unreadable = |source| AuthoringError::NoSuchSample { sample: place.to_owned(), source };
    let (file, entry) = huiliu_files::open_given(Path::new(place)).map_err(|e| unreadable(e.into()))?;
    // An oversized file is not read into memory.
    let most = u64::try_from(MAX_SAMPLE).unwrap_or(u64::MAX);
    let Some(bytes) = huiliu_files::read_within(file, entry, most).map_err(unreadable)? else {
        let found = usize::try_from(entry.size).unwrap_or(usize::MAX);
        let fault = InferError::TooLarge { found, most: MAX_SAMPLE };
        return Err(AuthoringError::Guess { sample: place.to_owned(), fault });
    };
    let name = Path::new(place).file_name().map_or_else(|| place.to_owned(), |n| n.to_string_lossy().into_owned());
    Ok(NamedSample { name, bytes })
}
