//! The key file: reads it, creates it once, and replaces it as a whole.

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
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum KeyFileError {
    /// The file cannot be read.
    #[serde(rename = "key_file.read")]
    Read { file: String, why: SystemError },
    /// The file does not contain keys.
    #[serde(rename = "key_file.form")]
    Form { file: String, why: KeyError },
    /// The file, or a file in its folder, cannot be written.
    #[serde(rename = "key_file.write")]
    Write { file: String, why: SystemError },
    /// Another process is rotating the key file.
    #[serde(rename = "key_file.being_rotated")]
    BeingRotated { file: String },
    /// The operating system provided no random bytes for a new key.
    #[serde(rename = "key_file.random")]
    Random { why: String },
}

said_in_english!(KeyFileError);

fn write_error(path: &Path) -> impl Fn(std::io::Error) -> KeyFileError + '_ {
    move |e| KeyFileError::Write { file: path.display().to_string(), why: e.into() }
}

/// Returns the file's mode if anyone but its owner has permissions on it.
#[must_use]
pub fn readable_by_others(path: &Path) -> Option<u32> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Reads the keys of a key file.
///
/// # Errors
/// Returns [`KeyFileError::Read`] or [`KeyFileError::Form`].
pub fn read_keyring(path: &Path) -> Result<Keyring, KeyFileError> {
    let file = || path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| KeyFileError::Read { file: file(), why: e.into() })?;
    Keyring::parse(&text).map_err(|why| KeyFileError::Form { file: file(), why })
}

/// Creates a key file with a new root key. Returns false if another process created it first: of several processes that
/// start at once, one creates it and the others use it. The folder must exist.
///
/// # Errors
/// Returns [`KeyFileError::Write`] or [`KeyFileError::Random`].
pub fn create_key_file(path: &Path) -> Result<bool, KeyFileError> {
    let hex = keys::generate_root_key().map_err(|e| KeyFileError::Random { why: e.to_string() })?;
    let whole = write_beside(path, &hex).map_err(write_error(path))?;
    let made = std::fs::hard_link(&whole, path);
    let _ = std::fs::remove_file(&whole);
    match made {
        Ok(()) => sync_folder(path).map(|()| true).map_err(write_error(path)),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(write_error(path)(e)),
    }
}

/// Replaces the contents of a key file, completely or not at all.
///
/// # Errors
/// Returns [`KeyFileError::Write`].
pub fn replace_keys(path: &Path, ring: &Keyring) -> Result<(), KeyFileError> {
    let whole = write_beside(path, ring.to_text().trim_end()).map_err(write_error(path))?;
    std::fs::rename(&whole, path).and_then(|()| sync_folder(path)).map_err(write_error(path))
}

/// Locks out every other rotation of this key file until the returned file is dropped.
///
/// # Errors
/// Returns [`KeyFileError::BeingRotated`] or [`KeyFileError::Write`].
pub fn lock_for_rotation(path: &Path) -> Result<std::fs::File, KeyFileError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let file = std::fs::File::create(path.with_file_name(format!(".{name}.rotating"))).map_err(write_error(path))?;
    file.try_lock().map_err(|_| KeyFileError::BeingRotated { file: path.display().to_string() })?;
    Ok(file)
}

/// Links the key file to a second name in the same folder, durably, before the original is replaced. An existing file
/// of that name is kept.
///
/// # Errors
/// Returns [`KeyFileError::Write`].
pub fn link_backup(path: &Path, copy: &Path) -> Result<(), KeyFileError> {
    match std::fs::hard_link(path, copy).and_then(|()| sync_folder(path)) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(write_error(copy)(e)),
        _ => Ok(()),
    }
}

/// Returns the path of the backup of the key file from before a generation.
#[must_use]
pub fn backup_path(path: &Path, generation: u8) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.before-{generation}"))
}

/// Writes a new file next to another one, readable only by its owner.
fn write_beside(path: &Path, text: &str) -> std::io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let whole = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let _ = std::fs::remove_file(&whole);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&whole)?;
    let written = writeln!(file, "{text}").and_then(|()| file.sync_all());
    // Part of a key must not be left behind.
    written.inspect_err(|_| drop(std::fs::remove_file(&whole)))?;
    Ok(whole)
}

/// Makes a new file name durable by syncing the folder of `path`.
///
/// # Errors
/// Returns the error of the operating system.
pub fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}
