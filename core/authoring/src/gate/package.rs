//! Reads a connector's folder: `manifest.toml`, `samples/` and `expected/`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use huiliu_messages::said_in_english;
use serde::Serialize;

use huiliu_manifest::{MAX_SAMPLES, Manifest, ManifestError, Sample, Stream, matches_name_pattern};

/// Size limit of a manifest, in bytes.
const MAX_MANIFEST: u64 = 1 << 20;

/// Why a connector's folder cannot be read.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum PackageError {
    /// A file or folder cannot be read.
    #[serde(rename = "package.unreadable")]
    Unreadable {
        /// The file or folder.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// The system's error.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// The path is not a regular file; reading a pipe or a device might never end.
    #[serde(rename = "package.not_a_file")]
    NotAFile {
        /// Path of what is there instead of a file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
    },
    /// The manifest exceeds its size limit.
    #[serde(rename = "package.too_large")]
    TooLarge {
        /// The manifest's file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// The limit in bytes.
        most: u64,
    },
    /// The samples together exceed their size limit.
    #[serde(rename = "package.samples_too_large")]
    SamplesTooLarge {
        /// The sample that exceeded the limit.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// The limit in bytes.
        most: usize,
    },
    /// A sample belongs to no stream, or to several.
    #[serde(rename = "package.no_stream")]
    NoStream {
        /// The sample's path.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// Names of the connector's streams.
        streams: Vec<String>,
    },
    /// The manifest is invalid.
    #[serde(untagged)]
    Manifest(ManifestError),
}

said_in_english!(PackageError);

impl From<ManifestError> for PackageError {
    fn from(fault: ManifestError) -> Self {
        Self::Manifest(fault)
    }
}

/// A connector's folder in memory.
#[derive(Debug)]
pub struct Package {
    /// The manifest, parsed.
    pub manifest: Manifest,
    /// The manifest's text.
    pub text: String,
    /// The samples, with their expected results.
    pub samples: Vec<Sample>,
}

/// Reads a connector from its folder, or from the path of its manifest.
///
/// # Errors
/// [`PackageError`] with the file and what is expected of it.
pub fn read_package(path: &Path) -> Result<Package, PackageError> {
    read_package_with(path, Expected::Read)
}

/// Whether the expected results are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Read them from `expected/`.
    Read,
    /// Do not read them; they are not written yet.
    ToBeMade,
}

/// Reads a connector as [`read_package`] does; its expected results may be missing.
///
/// # Errors
/// [`PackageError`].
pub fn read_package_with(path: &Path, results: Expected) -> Result<Package, PackageError> {
    let file = if path.is_dir() { path.join("manifest.toml") } else { path.to_owned() };
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    if file_size(&file)? > MAX_MANIFEST {
        return Err(PackageError::TooLarge { path: file, most: MAX_MANIFEST });
    }
    let text = std::fs::read_to_string(&file).map_err(|e| unreadable_error(&file, e))?;
    let manifest = Manifest::parse(&file.display().to_string(), &text)?;
    let samples = read_samples(&folder, &manifest, results)?;
    Ok(Package { manifest, text, samples })
}

/// Returns the size of a file in bytes.
///
/// # Errors
/// [`PackageError`], also if the path is not a regular file: reading a pipe or a device might never end.
pub fn file_size(path: &Path) -> Result<u64, PackageError> {
    let told = std::fs::metadata(path).map_err(|e| unreadable_error(path, e))?;
    if told.is_file() {
        return Ok(told.len());
    }
    Err(PackageError::NotAFile { path: path.to_owned() })
}

fn unreadable_error(path: &Path, source: std::io::Error) -> PackageError {
    PackageError::Unreadable { path: path.to_owned(), source }
}

/// Reads every file in `samples/` with its expected results. Files in a folder named after a stream belong to that
/// stream.
fn read_samples(folder: &Path, manifest: &Manifest, results: Expected) -> Result<Vec<Sample>, PackageError> {
    let (given, expected) = (folder.join("samples"), folder.join("expected"));
    let mut all = Vec::new();
    let mut bytes = 0;
    for path in list_files(&given)? {
        if path.is_dir() {
            let Some(stream) = path.file_name().and_then(OsStr::to_str).and_then(|name| manifest.find_stream(name))
            else {
                return Err(no_stream(&path, manifest));
            };
            let beside = expected.join(&stream.name);
            for file in list_files(&path)? {
                all.push(read_sample(&file, &stream.name, &beside, results, &mut bytes)?);
            }
        } else {
            let stream = stream_of(&path, manifest).ok_or_else(|| no_stream(&path, manifest))?;
            all.push(read_sample(&path, &stream.name, &expected, results, &mut bytes)?);
        }
    }
    Ok(all)
}

/// Lists the entries of a folder by name, hidden ones excluded; a missing folder counts as empty.
fn list_files(folder: &Path) -> Result<Vec<PathBuf>, PackageError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(unreadable_error(folder, e)),
    };
    let paths = entries.map(|entry| entry.map(|e| e.path()).map_err(|e| unreadable_error(folder, e)));
    let mut paths = paths.collect::<Result<Vec<_>, _>>()?;
    paths.retain(|p| p.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")));
    paths.sort();
    Ok(paths)
}

/// Returns the only stream, or else the one that the file is named after, or else the only one whose `files` match its
/// name.
fn stream_of<'m>(path: &Path, manifest: &'m Manifest) -> Option<&'m Stream> {
    let stem = path.file_stem().and_then(OsStr::to_str)?;
    match &manifest.stream[..] {
        [only] => Some(only),
        many => many.iter().find(|s| s.name == stem).or_else(|| {
            let name = path.file_name().and_then(OsStr::to_str)?;
            let takes = |s: &&Stream| s.files.iter().flatten().any(|pattern| matches_name_pattern(pattern, name));
            let mut taking = many.iter().filter(takes);
            taking.next().filter(|_| taking.next().is_none())
        }),
    }
}

fn no_stream(path: &Path, manifest: &Manifest) -> PackageError {
    let streams = manifest.stream.iter().map(|s| s.name.clone()).collect();
    PackageError::NoStream { path: path.to_owned(), streams }
}

/// Reads the sample at a path, with its results from the folder `expected`. Adds its size to `total`.
fn read_sample(
    path: &Path,
    stream: &str,
    expected: &Path,
    results: Expected,
    total: &mut usize,
) -> Result<Sample, PackageError> {
    // Check the size before reading, so that an oversized file is never loaded.
    let size = file_size(path)?;
    *total = total.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
    if *total > MAX_SAMPLES {
        return Err(PackageError::SamplesTooLarge { path: path.to_owned(), most: MAX_SAMPLES });
    }
    let bytes = std::fs::read(path).map_err(|e| unreadable_error(path, e))?;
    let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    let file = expected.join(format!("{stem}.json"));
    let text = match results {
        Expected::Read => {
            file_size(&file)?;
            std::fs::read_to_string(&file).map_err(|e| unreadable_error(&file, e))?
        }
        Expected::ToBeMade => "[]".to_owned(),
    };
    let address = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Sample { stream: stream.to_owned(), address, bytes, expected: text })
}
