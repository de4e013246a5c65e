//! Reads a connector's folder: `manifest.toml`, `samples/` and `expected/`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};

use huiliu_messages::said_in_english;
use serde::Serialize;

use huiliu_files::{Entry, EntryKind, Folder, FolderError, OpenError};
use huiliu_manifest::{MAX_SAMPLES, Manifest, ManifestError, Sample, Stream, matches_name_pattern};

/// The manifest's name in its folder.
pub const MANIFEST_FILE: &str = "manifest.toml";
/// Size limit of a manifest, in bytes.
pub const MAX_MANIFEST: u64 = 1 << 20;

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
    /// A file of a platform exceeds the size limit of such files.
    #[serde(rename = "package.page_too_large")]
    PageTooLarge {
        /// The file.
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
    let file = if path.is_dir() { path.join(MANIFEST_FILE) } else { path.to_owned() };
    let place = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    let folder = open_folder(Folder::open(&place), &place)?;
    // A manifest that is named itself may be a link. What is found in the folder may have come from somebody else.
    let opened = if file == path { huiliu_files::open_given(&file) } else { folder.open_file(MANIFEST_FILE.as_ref()) };
    let text = match read_opened(opened, &file, MAX_MANIFEST)? {
        Some(bytes) => read_utf8(bytes, &file)?,
        None => return Err(PackageError::TooLarge { path: file, most: MAX_MANIFEST }),
    };
    let manifest = Manifest::parse(&file.display().to_string(), &text)?;
    let samples = read_samples(&OpenFolder { folder, path: place }, &manifest, results)?;
    Ok(Package { manifest, text, samples })
}

/// Reads a file that a person has named.
///
/// # Errors
/// [`PackageError`], also if the path is not a regular file: reading a pipe or a device might never end.
pub fn read_named_file(path: &Path, most: u64) -> Result<Vec<u8>, PackageError> {
    let bytes = read_opened(huiliu_files::open_given(path), path, most)?;
    bytes.ok_or_else(|| PackageError::PageTooLarge { path: path.to_owned(), most })
}

/// A folder that is open, and its path for messages.
struct OpenFolder {
    folder: Folder,
    path: PathBuf,
}

impl OpenFolder {
    /// Opens a folder in it; `None` if there is none.
    fn open_folder(&self, name: &OsStr) -> Result<Option<Self>, PackageError> {
        let path = self.path.join(name);
        match self.folder.open_folder(name) {
            Err(FolderError::System(e)) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            opened => Ok(Some(Self { folder: open_folder(opened, &path)?, path })),
        }
    }

    /// Lists the entries by name, hidden ones excluded.
    fn list_files(&self) -> Result<Vec<(OsString, EntryKind)>, PackageError> {
        let mut found = self.folder.list().map_err(|e| unreadable_error(&self.path, e))?;
        found.retain(|(name, _)| !name.as_encoded_bytes().starts_with(b"."));
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found)
    }

    /// Reads a file; `None` if it is larger.
    fn read_file(&self, name: &OsStr, most: u64) -> Result<Option<Vec<u8>>, PackageError> {
        read_opened(self.folder.open_file(name), &self.path.join(name), most)
    }
}

fn open_folder(opened: Result<Folder, FolderError>, path: &Path) -> Result<Folder, PackageError> {
    opened.map_err(|e| unreadable_error(path, e.into()))
}

/// Reads an open file; `None` if it is larger.
fn read_opened(
    opened: Result<(File, Entry), OpenError>,
    path: &Path,
    most: u64,
) -> Result<Option<Vec<u8>>, PackageError> {
    let (file, entry) = opened.map_err(|why| match why {
        OpenError::NotAFile(_) | OpenError::OtherName => PackageError::NotAFile { path: path.to_owned() },
        OpenError::System(e) => unreadable_error(path, e),
    })?;
    huiliu_files::read_within(file, entry, most).map_err(|e| unreadable_error(path, e))
}

fn read_utf8(bytes: Vec<u8>, path: &Path) -> Result<String, PackageError> {
    let invalid = |_| std::io::Error::new(std::io::ErrorKind::InvalidData, "no valid UTF-8");
    String::from_utf8(bytes).map_err(|e| unreadable_error(path, invalid(e)))
}

fn unreadable_error(path: &Path, source: std::io::Error) -> PackageError {
    PackageError::Unreadable { path: path.to_owned(), source }
}

/// Reads every file in `samples/` with its expected results. Files in a folder named after a stream belong to that
/// stream.
fn read_samples(folder: &OpenFolder, manifest: &Manifest, results: Expected) -> Result<Vec<Sample>, PackageError> {
    let mut reader = SampleReader { folder, results, bytes: 0, found: vec![] };
    let Some(given) = folder.open_folder("samples".as_ref())? else { return Ok(vec![]) };
    for (name, kind) in given.list_files()? {
        let path = given.path.join(&name);
        if kind == EntryKind::Directory {
            let Some(stream) = name.to_str().and_then(|name| manifest.find_stream(name)) else {
                return Err(no_stream(&path, manifest));
            };
            let Some(of_stream) = given.open_folder(&name)? else { continue };
            for (name, _) in of_stream.list_files()? {
                reader.read(&of_stream, &name, stream, Some(&stream.name))?;
            }
        } else {
            let stream = stream_of(&path, manifest).ok_or_else(|| no_stream(&path, manifest))?;
            reader.read(&given, &name, stream, None)?;
        }
    }
    Ok(reader.found)
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

/// Reads samples one by one.
struct SampleReader<'a> {
    /// The connector's folder.
    folder: &'a OpenFolder,
    results: Expected,
    /// Size of all samples so far.
    bytes: usize,
    found: Vec<Sample>,
}

impl SampleReader<'_> {
    /// Reads a sample of `given`, with its results from `expected/`, or from a folder `beside` in it.
    fn read(
        &mut self,
        given: &OpenFolder,
        name: &OsStr,
        stream: &Stream,
        beside: Option<&str>,
    ) -> Result<(), PackageError> {
        let path = given.path.join(name);
        // An oversized file is never loaded.
        let room = MAX_SAMPLES.saturating_sub(self.bytes);
        let read = given.read_file(name, u64::try_from(room).unwrap_or(u64::MAX))?;
        let Some(bytes) = read else {
            return Err(PackageError::SamplesTooLarge { path, most: MAX_SAMPLES });
        };
        self.bytes = self.bytes.saturating_add(bytes.len());
        let expected = match self.results {
            Expected::Read => self.read_expected(&path, beside)?,
            Expected::ToBeMade => "[]".to_owned(),
        };
        let address = name.to_string_lossy().into_owned();
        self.found.push(Sample { stream: stream.name.clone(), address, bytes, expected });
        Ok(())
    }

    fn read_expected(&self, sample: &Path, beside: Option<&str>) -> Result<String, PackageError> {
        let stem = sample.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        let name = format!("{stem}.json");
        let below = self.folder.path.join("expected");
        let file = beside.map_or(below.clone(), |beside| below.join(beside)).join(&name);
        let missing = || unreadable_error(&file, std::io::ErrorKind::NotFound.into());
        let mut folder = self.folder.open_folder("expected".as_ref())?.ok_or_else(missing)?;
        if let Some(beside) = beside {
            folder = folder.open_folder(beside.as_ref())?.ok_or_else(missing)?;
        }
        let most = u64::try_from(MAX_SAMPLES).unwrap_or(u64::MAX);
        match folder.read_file(name.as_ref(), most)? {
            Some(bytes) => read_utf8(bytes, &file),
            None => Err(PackageError::SamplesTooLarge { path: file, most: MAX_SAMPLES }),
        }
    }
}
