//! A connector as it lies in a folder: `manifest.toml`, `samples/` and `expected/`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use huiliu_messages::said_in_english;
use serde::Serialize;

use huiliu_manifest::{MAX_SAMPLES, Manifest, ManifestError, Sample, Stream, named_like};

/// No manifest is as large as this, in bytes.
const MAX_MANIFEST: u64 = 1 << 20;

/// Why a connector's folder cannot be read.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum PackageError {
    /// A file or folder cannot be read.
    #[serde(rename = "package.unreadable")]
    Unreadable {
        /// Which.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// What the system says.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// A pipe or a device would never end.
    #[serde(rename = "package.not_a_file")]
    NotAFile {
        /// Which.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
    },
    /// The manifest is too large to be one.
    #[serde(rename = "package.too_large")]
    TooLarge {
        /// Which.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// So many bytes may be there.
        most: u64,
    },
    /// The samples are too large together.
    #[serde(rename = "package.samples_too_large")]
    SamplesTooLarge {
        /// The one with which they were.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// So many bytes may be there.
        most: usize,
    },
    /// A sample belongs to no stream, or to several.
    #[serde(rename = "package.no_stream")]
    NoStream {
        /// Which.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// The streams.
        streams: Vec<String>,
    },
    /// The manifest.
    #[serde(untagged)]
    Manifest(ManifestError),
}

said_in_english!(PackageError);

impl From<ManifestError> for PackageError {
    fn from(fault: ManifestError) -> Self {
        Self::Manifest(fault)
    }
}

/// A connector as it lies in a folder: `manifest.toml`, `samples/` and `expected/`.
#[derive(Debug)]
pub struct Package {
    /// The manifest.
    pub manifest: Manifest,
    /// The manifest's text.
    pub text: String,
    /// Its samples.
    pub samples: Vec<Sample>,
}

/// Reads a connector from its folder, or from the manifest in it.
///
/// # Errors
/// [`PackageError`] naming the file and what is expected.
pub fn read(path: &Path) -> Result<Package, PackageError> {
    read_with(path, Expected::Read)
}

/// Whether the expected results are read, or are still to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Read.
    Read,
    /// Still to be made.
    ToBeMade,
}

/// Reads a connector whose results are not written yet, or as [`read`] does.
///
/// # Errors
/// [`PackageError`].
pub fn read_with(path: &Path, results: Expected) -> Result<Package, PackageError> {
    let file = if path.is_dir() { path.join("manifest.toml") } else { path.to_owned() };
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    if size_of(&file)? > MAX_MANIFEST {
        return Err(PackageError::TooLarge { path: file, most: MAX_MANIFEST });
    }
    let text = std::fs::read_to_string(&file).map_err(|e| unreadable(&file, e))?;
    let manifest = Manifest::parse(&file.display().to_string(), &text)?;
    let samples = samples(&folder, &manifest, results)?;
    Ok(Package { manifest, text, samples })
}

/// The bytes of a file.
///
/// # Errors
/// [`PackageError`], also for what is no file: a pipe or a device would never end.
pub fn size_of(path: &Path) -> Result<u64, PackageError> {
    let told = std::fs::metadata(path).map_err(|e| unreadable(path, e))?;
    if told.is_file() {
        return Ok(told.len());
    }
    Err(PackageError::NotAFile { path: path.to_owned() })
}

fn unreadable(path: &Path, source: std::io::Error) -> PackageError {
    PackageError::Unreadable { path: path.to_owned(), source }
}

/// Every file in `samples/` with its expected results. A file in a folder named after a stream belongs to that stream.
fn samples(folder: &Path, manifest: &Manifest, results: Expected) -> Result<Vec<Sample>, PackageError> {
    let (given, expected) = (folder.join("samples"), folder.join("expected"));
    let mut all = Vec::new();
    let mut bytes = 0;
    for path in files(&given)? {
        if path.is_dir() {
            let Some(stream) = path.file_name().and_then(OsStr::to_str).and_then(|name| manifest.stream(name)) else {
                return Err(no_stream(&path, manifest));
            };
            let beside = expected.join(&stream.name);
            for file in files(&path)? {
                all.push(sample(&file, &stream.name, &beside, results, &mut bytes)?);
            }
        } else {
            let stream = stream_of(&path, manifest).ok_or_else(|| no_stream(&path, manifest))?;
            all.push(sample(&path, &stream.name, &expected, results, &mut bytes)?);
        }
    }
    Ok(all)
}

/// What stands in a folder, by name; a folder that is not there is empty.
fn files(folder: &Path) -> Result<Vec<PathBuf>, PackageError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(unreadable(folder, e)),
    };
    let paths = entries.map(|entry| entry.map(|e| e.path()).map_err(|e| unreadable(folder, e)));
    let mut paths = paths.collect::<Result<Vec<_>, _>>()?;
    paths.retain(|p| p.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")));
    paths.sort();
    Ok(paths)
}

/// The only stream, or the one after which a file is named, or the only one whose `files` take its name.
fn stream_of<'m>(path: &Path, manifest: &'m Manifest) -> Option<&'m Stream> {
    let stem = path.file_stem().and_then(OsStr::to_str)?;
    match &manifest.stream[..] {
        [only] => Some(only),
        many => many.iter().find(|s| s.name == stem).or_else(|| {
            let name = path.file_name().and_then(OsStr::to_str)?;
            let takes = |s: &&Stream| s.files.iter().flatten().any(|pattern| named_like(pattern, name));
            let mut taking = many.iter().filter(takes);
            taking.next().filter(|_| taking.next().is_none())
        }),
    }
}

fn no_stream(path: &Path, manifest: &Manifest) -> PackageError {
    let streams = manifest.stream.iter().map(|s| s.name.clone()).collect();
    PackageError::NoStream { path: path.to_owned(), streams }
}

/// The sample at a path, with its results in the folder `expected`. Its bytes are added to `total`.
fn sample(
    path: &Path,
    stream: &str,
    expected: &Path,
    results: Expected,
    total: &mut usize,
) -> Result<Sample, PackageError> {
    // Looked at before it is read: what does not fit is not taken into memory.
    let size = size_of(path)?;
    *total = total.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
    if *total > MAX_SAMPLES {
        return Err(PackageError::SamplesTooLarge { path: path.to_owned(), most: MAX_SAMPLES });
    }
    let bytes = std::fs::read(path).map_err(|e| unreadable(path, e))?;
    let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    let file = expected.join(format!("{stem}.json"));
    let text = match results {
        Expected::Read => {
            size_of(&file)?;
            std::fs::read_to_string(&file).map_err(|e| unreadable(&file, e))?
        }
        Expected::ToBeMade => "[]".to_owned(),
    };
    let address = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Sample { stream: stream.to_owned(), address, bytes, expected: text })
}
