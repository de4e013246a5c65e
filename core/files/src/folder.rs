//! Folders in which somebody else can write.

use std::collections::VecDeque;
use std::ffi::{CStr, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::entry::{Entry, EntryKind, OpenError};
use crate::given::{read_within, text_of};

/// Number of links that a path may have, as on Linux.
const MAX_LINKS: usize = 40;

/// Why a folder is not opened.
#[derive(Debug)]
pub enum FolderError {
    /// A link on the way belongs neither to root nor to the user of this process, so somebody else says where it leads.
    ForeignLink {
        /// The link.
        link: PathBuf,
    },
    /// The system refused.
    System(io::Error),
}

impl From<Errno> for FolderError {
    fn from(error: Errno) -> Self {
        Self::System(error.into())
    }
}

impl From<FolderError> for io::Error {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::System(error) => error,
            FolderError::ForeignLink { .. } => Errno::LOOP.into(),
        }
    }
}

/// An open folder. Whatever happens to its path, what is opened through it is in this folder.
#[derive(Debug)]
pub struct Folder {
    descriptor: OwnedFd,
    owner: u32,
}

impl Folder {
    /// Opens a folder, step by step. Links of root and of this process's user are followed, others are not.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let step = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let root = || rustix::fs::openat(CWD, "/", step, Mode::empty());
        let me = rustix::process::geteuid().as_raw();
        let mut at = if path.is_absolute() { root()? } else { rustix::fs::openat(CWD, ".", step, Mode::empty())? };
        let mut way = split(path);
        let (mut links, mut walked) = (0, PathBuf::new());
        while let Some(name) = way.pop_front() {
            walked.push(&name);
            let next = rustix::fs::openat(&at, &name, step, Mode::empty())?;
            let entry = Entry::new(&rustix::fs::fstat(&next)?);
            match entry.kind {
                EntryKind::Directory => at = next,
                EntryKind::Link if entry.owner != 0 && entry.owner != me => {
                    return Err(FolderError::ForeignLink { link: walked });
                }
                EntryKind::Link => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Errno::LOOP.into());
                    }
                    let target = rustix::fs::readlinkat(&next, c"", Vec::new())?;
                    let target = PathBuf::from(OsStr::from_bytes(target.as_bytes()));
                    walked.pop();
                    if target.is_absolute() {
                        (at, walked) = (root()?, PathBuf::new());
                    }
                    way = split(&target).into_iter().chain(way).collect();
                }
                _ => return Err(Errno::NOTDIR.into()),
            }
        }
        Self::from_descriptor(rustix::fs::openat(&at, ".", reading() | OFlags::DIRECTORY, Mode::empty())?)
    }

    fn from_descriptor(descriptor: OwnedFd) -> Result<Self, FolderError> {
        let owner = Entry::new(&rustix::fs::fstat(&descriptor)?).owner;
        Ok(Self { descriptor, owner })
    }

    /// Lists the names in the folder, and what each of them is.
    ///
    /// # Errors
    /// The error of the system.
    pub fn list(&self) -> io::Result<Vec<(OsString, EntryKind)>> {
        let mut found = vec![];
        for entry in Dir::read_from(&self.descriptor)? {
            let entry = entry?;
            let name: &CStr = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let name = OsString::from_vec(name.to_bytes().to_vec());
            match entry.file_type() {
                // Some file systems tell the kind only when it is asked for.
                FileType::Unknown => {
                    let seen = self.look_at(&name)?;
                    found.extend(seen.map(|seen| (name, seen.kind)));
                }
                kind => found.push((name, EntryKind::new(kind))),
            }
        }
        Ok(found)
    }

    /// Looks at an entry without following a link. `None`: it is not there.
    ///
    /// # Errors
    /// The error of the system.
    pub fn look_at(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        match rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(seen) => Ok(Some(Entry::new(&seen))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a regular file of the folder. No link is followed and nothing is waited for.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_file(&self, name: &OsStr) -> Result<(File, Entry), OpenError> {
        let flags = reading() | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = match rustix::fs::openat(&self.descriptor, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::LOOP) => return Err(OpenError::NotAFile(EntryKind::Link)),
            Err(Errno::NXIO) => return Err(OpenError::NotAFile(EntryKind::Socket)),
            Err(error) => return Err(error.into()),
        };
        let entry = Entry::of_open_file(&file)?;
        match entry.kind {
            EntryKind::File if self.is_of_others(&entry) => Err(OpenError::OtherName),
            EntryKind::File => Ok((file, entry)),
            kind => Err(OpenError::NotAFile(kind)),
        }
    }

    /// Reads a text of the folder, of at most `max` bytes. No link is followed and nothing is waited for.
    ///
    /// # Errors
    /// The error of the system; [`io::ErrorKind::FileTooLarge`].
    pub fn read_text(&self, name: &OsStr, max: u64) -> io::Result<String> {
        let (file, entry) = self.open_file(name).map_err(io::Error::from)?;
        text_of(read_within(file, entry, max)?)
    }

    /// Opens a folder in this folder. No link is followed.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn open_folder(&self, name: &OsStr) -> Result<Self, FolderError> {
        let flags = reading() | OFlags::NOFOLLOW | OFlags::DIRECTORY;
        Self::from_descriptor(rustix::fs::openat(&self.descriptor, name, flags, Mode::empty())?)
    }

    /// Whether a file has another name elsewhere and does not belong to the folder's owner. Files of several people are
    /// usual in one folder; names for files that are not theirs are not.
    #[must_use]
    pub fn is_of_others(&self, entry: &Entry) -> bool {
        entry.kind == EntryKind::File && entry.names > 1 && entry.owner != self.owner
    }
}

fn reading() -> OFlags {
    OFlags::RDONLY | OFlags::CLOEXEC
}

/// Returns the names on the way of a path.
fn split(path: &Path) -> VecDeque<OsString> {
    let name = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    };
    path.components().filter_map(name).collect()
}
