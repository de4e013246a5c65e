//! Files that a command or a setting names itself.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::entry::{Entry, EntryKind, OpenError};

/// Opens a file that a person has named. Links are followed, because they are named on purpose; a pipe or a device is not
/// waited for.
///
/// # Errors
/// [`OpenError`].
pub fn open_given(path: &Path) -> Result<(File, Entry), OpenError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        // A socket cannot be opened at all.
        Err(rustix::io::Errno::NXIO) => return Err(OpenError::NotAFile(EntryKind::Socket)),
        Err(error) => return Err(error.into()),
    };
    let entry = Entry::of_open_file(&file)?;
    match entry.kind {
        EntryKind::File => Ok((file, entry)),
        kind => Err(OpenError::NotAFile(kind)),
    }
}

/// Reads a file that a person has named, up to `max` bytes. `None`: it is larger.
///
/// # Errors
/// [`OpenError`].
pub fn read_given(path: &Path, max: u64) -> Result<Option<Vec<u8>>, OpenError> {
    let (file, entry) = open_given(path)?;
    Ok(read_within(file, entry, max)?)
}

/// Reads an open file up to `max` bytes. `None`: it is larger, or grew while it was read.
///
/// # Errors
/// The error of the system.
pub fn read_within(file: File, entry: Entry, max: u64) -> io::Result<Option<Vec<u8>>> {
    if entry.size > max {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(entry.size).unwrap_or(0));
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX) <= max))
}

/// Reads a text that a person or a setting has named, of at most `max` bytes.
///
/// # Errors
/// The error of the system; [`io::ErrorKind::FileTooLarge`].
pub fn read_given_text(path: &Path, max: u64) -> io::Result<String> {
    text_of(read_given(path, max)?)
}

pub(crate) fn text_of(bytes: Option<Vec<u8>>) -> io::Result<String> {
    let bytes = bytes.ok_or(io::ErrorKind::FileTooLarge)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no valid UTF-8"))
}
