//! The key file: read, made once, rewritten whole.

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use huiliu_messages::{SystemError, said_in_english};
use serde::Serialize;

use crate::keyring::Keyring;
use crate::keys::{self, KeyError};

/// Why a key file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum KeyFileError {
    /// It cannot be read.
    #[serde(rename = "key_file.read")]
    Read { file: String, why: SystemError },
    /// It holds something else.
    #[serde(rename = "key_file.form")]
    Form { file: String, why: KeyError },
    /// It, or the folder it is in, cannot be written.
    #[serde(rename = "key_file.write")]
    Write { file: String, why: SystemError },
    /// Another process rotates it.
    #[serde(rename = "key_file.being_rotated")]
    BeingRotated { file: String },
    /// The system gave no random bytes for a new one.
    #[serde(rename = "key_file.random")]
    Random { why: String },
}

said_in_english!(KeyFileError);

fn unwritable(path: &Path) -> impl Fn(std::io::Error) -> KeyFileError + '_ {
    move |e| KeyFileError::Write { file: path.display().to_string(), why: e.into() }
}

/// Who but the owner may read the key file: its mode, if anybody.
#[must_use]
pub fn readable_by_others(path: &Path) -> Option<u32> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// The keys of a key file.
///
/// # Errors
/// [`KeyFileError::Read`], [`KeyFileError::Form`].
pub fn read(path: &Path) -> Result<Keyring, KeyFileError> {
    let file = || path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| KeyFileError::Read { file: file(), why: e.into() })?;
    Keyring::parse(&text).map_err(|why| KeyFileError::Form { file: file(), why })
}

/// Makes a root key; false when another process made one first. Of several that begin at once one makes it, and the others
/// use it. The folder must be there.
///
/// # Errors
/// [`KeyFileError::Write`], [`KeyFileError::Random`].
pub fn make(path: &Path) -> Result<bool, KeyFileError> {
    let hex = keys::new_root().map_err(|e| KeyFileError::Random { why: e.to_string() })?;
    let whole = write_beside(path, &hex).map_err(unwritable(path))?;
    let made = std::fs::hard_link(&whole, path);
    let _ = std::fs::remove_file(&whole);
    match made {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(unwritable(path)(e)),
    }
}

/// Puts other keys in the place of a key file, whole or not at all.
///
/// # Errors
/// [`KeyFileError::Write`].
pub fn replace(path: &Path, ring: &Keyring) -> Result<(), KeyFileError> {
    let whole = write_beside(path, ring.text().trim_end()).map_err(unwritable(path))?;
    std::fs::rename(&whole, path).and_then(|()| sync_folder(path)).map_err(unwritable(path))
}

/// Keeps every other rotation of this key file out until it is dropped.
///
/// # Errors
/// [`KeyFileError::BeingRotated`], [`KeyFileError::Write`].
pub fn lock(path: &Path) -> Result<std::fs::File, KeyFileError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let file = std::fs::File::create(path.with_file_name(format!(".{name}.rotating"))).map_err(unwritable(path))?;
    file.try_lock().map_err(|_| KeyFileError::BeingRotated { file: path.display().to_string() })?;
    Ok(file)
}

/// A name for the same file in the same folder, durable, before anything takes its place.
///
/// # Errors
/// [`KeyFileError::Write`].
pub fn keep(path: &Path, copy: &Path) -> Result<(), KeyFileError> {
    match std::fs::hard_link(path, copy).and_then(|()| sync_folder(path)) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(unwritable(copy)(e)),
        _ => Ok(()),
    }
}

/// Where the key file of before a generation is kept.
#[must_use]
pub fn before_generation(path: &Path, generation: u8) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.before-{generation}"))
}

/// Writes a file of our own beside another one, readable by us alone.
fn write_beside(path: &Path, text: &str) -> std::io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let whole = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let _ = std::fs::remove_file(&whole);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&whole)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    Ok(whole)
}

/// Makes a new name in a file's folder durable.
///
/// # Errors
/// What the system says.
pub fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}
