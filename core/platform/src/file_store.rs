//! Places with files: what they show, and how one file is fetched.

use std::cmp::Ordering;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::connector::{Days, Page};
use crate::failure::Failure;
use huiliu_files::EntryKind;
use huiliu_manifest::Stream;
use huiliu_messages::said_in_english;

/// A file that belongs to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// Its name, which identifies it: the path in the folder, the object's key, or the name in the list.
    pub name: String,
    /// Its name for people.
    pub address: String,
    /// What its place calls it, by which it is fetched. It is never stored: it may hold an ID number, which the name does
    /// not.
    pub place: String,
    /// Size in bytes, if the place tells it.
    pub size: Option<u64>,
    /// Time of the last change in microseconds UTC by the place's clock, if the place tells it.
    pub modified_at: Option<i64>,
    /// What else tells that the file has changed, such as an object's `ETag`; may be empty.
    pub tag: String,
}

impl ListedFile {
    /// Orders files as they are read: by the time of their last change, then by name.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        self.modified_at.cmp(&other.modified_at).then_with(|| compare_names(&self.name, &other.name))
    }
}

/// Why a file is not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum LeftOut {
    /// Its name matches none of the connector's patterns.
    #[serde(rename = "file.name")]
    Name {
        /// The patterns.
        patterns: Vec<String>,
    },
    /// Its name is that of a file which another program needs while it works.
    #[serde(rename = "file.temporary")]
    Temporary,
    /// It is a symbolic link, which could lead out of the folder.
    #[serde(rename = "file.link")]
    Link,
    /// It is a folder in the folder.
    #[serde(rename = "file.folder")]
    Folder,
    /// It is a folder with the name of a file that is to be read.
    #[serde(rename = "file.directory")]
    Directory,
    /// It is a named pipe, which would be waited for.
    #[serde(rename = "file.pipe")]
    Pipe,
    /// It is a socket.
    #[serde(rename = "file.socket")]
    Socket,
    /// It is a device, which may have no end.
    #[serde(rename = "file.device")]
    Device,
    /// It has another name elsewhere and does not belong to the owner of the folder.
    #[serde(rename = "file.other_name")]
    OtherName,
    /// Its name is not text.
    #[serde(rename = "file.name_not_text")]
    NameNotText,
}

impl LeftOut {
    /// Returns why an entry with the name of a file that is to be read is not read; `None` for a regular file.
    pub(crate) fn for_kind(kind: EntryKind) -> Option<Self> {
        match kind {
            EntryKind::File => None,
            EntryKind::Directory => Some(Self::Directory),
            EntryKind::Link => Some(Self::Link),
            EntryKind::Pipe => Some(Self::Pipe),
            EntryKind::Socket => Some(Self::Socket),
            EntryKind::Device => Some(Self::Device),
        }
    }

    /// Whether somebody may miss it because of what it is, not because of its name.
    #[must_use]
    pub fn is_unfit(&self) -> bool {
        !matches!(self, Self::Name { .. } | Self::Temporary | Self::Folder)
    }
}

said_in_english!(LeftOut);

/// A file that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOutFile {
    /// Its name.
    pub name: String,
    /// Why it is not read.
    pub why: LeftOut,
}

/// What a place shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileListing {
    /// The files of the stream, in any order.
    pub files: Vec<ListedFile>,
    /// The files that belong to no stream.
    pub left_out: Vec<LeftOutFile>,
}

/// A place with files: it shows what is there, and gives one file at a time. What was read before is known to the caller.
#[async_trait]
pub trait FileStore: Send + Sync {
    /// Looks at all files once.
    ///
    /// # Errors
    /// [`Failure`] if the place cannot be read, or not to its end.
    async fn list_files(&self, stream: &Stream) -> Result<FileListing, Failure>;

    /// Whether a file can be seen here before all of it is written.
    fn shows_unfinished_files(&self) -> bool {
        false
    }

    /// Looks at some files again, and returns the names of those that have changed since, or are gone.
    async fn find_changed(&self, _files: &[ListedFile]) -> Vec<String> {
        vec![]
    }

    /// Fetches a file and counts its records. The page's cursor is empty.
    ///
    /// # Errors
    /// [`Failure`]; see [`Failure::concerns_one_file`].
    async fn read_file(&self, stream: &Stream, file: &ListedFile) -> Result<Page, Failure>;

    /// Whether a pass that continues at a stored cursor leaves this file out.
    ///
    /// # Errors
    /// [`Failure`] if it is no cursor of this connector.
    fn is_past(&self, cursor: &str, file: &ListedFile) -> Result<bool, Failure>;

    /// Whether a pass over these days reads this file.
    fn is_of_days(&self, days: Days, file: &ListedFile) -> bool;

    /// Returns the cursor that says how far the files were read, once this one was read too.
    ///
    /// # Errors
    /// [`Failure`] if the stored text is no cursor of this connector.
    fn move_cursor(&self, cursor: Option<&str>, file: &ListedFile) -> Result<String, Failure>;
}

/// Orders names as people number them: `list2` before `list10`. A run of ASCII digits compares as a number,
/// everything else byte by byte.
pub(crate) fn compare_names(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.as_bytes(), other.as_bytes());
    while let (Some(a), Some(b)) = (left.first(), right.first()) {
        let order = if a.is_ascii_digit() && b.is_ascii_digit() {
            let (a, b) = (take_number(&mut left), take_number(&mut right));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        } else {
            (left, right) = (&left[1..], &right[1..]);
            a.cmp(b)
        };
        if order.is_ne() {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| one.cmp(other))
}

/// Removes the leading digits from a name and returns them without leading zeros.
fn take_number<'n>(name: &mut &'n [u8]) -> &'n [u8] {
    let (digits, rest) = name.split_at(name.iter().position(|b| !b.is_ascii_digit()).unwrap_or(name.len()));
    *name = rest;
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_by_their_numbers() {
        let order = [
            "a",
            "a.csv",
            "a0.csv",
            "a01.csv",
            "a1.csv",
            "a2.csv",
            "a2_9.csv",
            "a2_10.csv",
            "a10.csv",
            "aa.csv",
            "记录.csv",
            "记录2.csv",
            "记录9.csv",
            "记录10.csv",
            "记录20141001.csv",
            "记录99999999999999999999999.csv",
            "记录（2）.csv",
        ];
        for (one, a) in order.iter().enumerate() {
            for (other, b) in order.iter().enumerate() {
                assert_eq!(compare_names(a, b), one.cmp(&other), "{a} {b}");
            }
        }
    }
}
