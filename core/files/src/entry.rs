//! What stands under a name.

use std::fs::File;
use std::io;

use rustix::fs::{FileType, Stat};

/// The text of the error for what is no regular file.
const NOT_A_FILE: &str = "not a regular file";

/// What stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A named pipe, which would be waited for.
    Pipe,
    /// A socket.
    Socket,
    /// A device, which may have no end.
    Device,
}

impl EntryKind {
    pub(crate) fn new(of: FileType) -> Self {
        match of {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Link,
            FileType::Fifo => Self::Pipe,
            FileType::Socket => Self::Socket,
            // What no kernel of today tells is not read either.
            FileType::BlockDevice | FileType::CharacterDevice | FileType::Unknown => Self::Device,
        }
    }
}

/// What the file system tells about an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Its size in bytes.
    pub size: u64,
    /// Time of its last change, in microseconds since 1970 UTC.
    pub modified_at: i64,
    /// The user that it belongs to.
    pub owner: u32,
    /// The number of its names.
    pub names: u64,
}

impl Entry {
    #[allow(clippy::useless_conversion, reason = "the types of the fields differ between processors")]
    pub(crate) fn new(of: &Stat) -> Self {
        let seconds = i64::try_from(of.st_mtime).unwrap_or(i64::MAX);
        let nanos = i64::try_from(of.st_mtime_nsec).unwrap_or(0);
        Self {
            kind: EntryKind::new(FileType::from_raw_mode(of.st_mode)),
            size: u64::try_from(of.st_size).unwrap_or(0),
            modified_at: seconds.saturating_mul(1_000_000).saturating_add(nanos / 1_000),
            owner: of.st_uid,
            names: u64::from(of.st_nlink),
        }
    }

    /// Asks an open file.
    ///
    /// # Errors
    /// The error of the system.
    pub fn of_open_file(file: &File) -> io::Result<Self> {
        Ok(Self::new(&rustix::fs::fstat(file)?))
    }
}

/// Why a file is not opened.
#[derive(Debug)]
pub enum OpenError {
    /// It is not a regular file.
    NotAFile(EntryKind),
    /// It has another name elsewhere, and does not belong to the owner of the folder. Whoever may write in the folder may
    /// have put a name there for a file that is not theirs.
    OtherName,
    /// The system refused.
    System(io::Error),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<rustix::io::Errno> for OpenError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::System(error.into())
    }
}

impl From<OpenError> for io::Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::System(error) => error,
            OpenError::NotAFile(EntryKind::Directory) => rustix::io::Errno::ISDIR.into(),
            OpenError::NotAFile(EntryKind::Link) => rustix::io::Errno::LOOP.into(),
            OpenError::NotAFile(_) => Self::new(io::ErrorKind::InvalidInput, NOT_A_FILE),
            OpenError::OtherName => rustix::io::Errno::PERM.into(),
        }
    }
}
