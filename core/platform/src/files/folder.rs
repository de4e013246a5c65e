//! Reads files dropped into a folder, ordered by name, with numbers in names compared by value.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;

use crate::connector::{Connector, Days, Page};
use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::log_event::LogEvent;
use huiliu_decode::payload::Payload;
use huiliu_decode::text_window;
use huiliu_decode::unpacker::Unpacker;
use huiliu_manifest::{Manifest, Stream, Transport, matches_name_pattern};
use huiliu_values::date::parse_date;

/// Maximum size of a file, in bytes.
pub(crate) const MAX_BYTES: u64 = 64 << 20;
/// Number of bytes read at once.
const STEP: usize = 256 << 10;
/// Maximum number of skipped file names in a log line.
const MAX_LOGGED_NAMES: usize = 10;

/// The position of a pass over a folder.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor {
    /// Name of the last file read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// Files with an earlier export date in their name are skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<NaiveDate>,
    /// Files with a later export date in their name are skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<NaiveDate>,
}

/// Orders names as people number them: `list2` before `list10`. A run of ASCII digits compares as a number,
/// everything else byte by byte.
fn compare_names(one: &str, other: &str) -> Ordering {
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

impl Cursor {
    fn includes_file(&self, name: &str) -> bool {
        let dated = || name.split(|c: char| !c.is_ascii_digit()).find(|run| run.len() == 8).map(parse_date);
        self.after.as_ref().is_none_or(|after| compare_names(name, after).is_gt())
            && self.since.is_none_or(|since| !matches!(dated(), Some(Ok(day)) if day < since))
            && self.until.is_none_or(|until| !matches!(dated(), Some(Ok(day)) if day > until))
    }
}

/// The next file of a pass.
pub(crate) struct Next<'a> {
    pub(crate) name: &'a str,
    /// The cursor to store once it has landed.
    pub(crate) cursor: String,
    /// Whether it is the last file of the pass.
    pub(crate) last: bool,
}

impl Cursor {
    /// Returns the next file; the names may be in any order.
    pub(crate) fn next_file<'n>(&self, names: &'n [String]) -> Option<Next<'n>> {
        let later = || names.iter().filter(|name| self.includes_file(name));
        let name = later().min_by(|one, other| compare_names(one, other))?;
        let last = later().nth(1).is_none();
        let (since, until) = if last { (None, None) } else { (self.since, self.until) };
        let next = Self { after: Some(name.clone()), since, until };
        Some(Next { name, cursor: crate::cursor_text::write_cursor(&next), last })
    }
}

/// Whether a file name matches the patterns of the connector and of the stream.
pub(crate) fn is_wanted(manifest: &Manifest, stream: &Stream, name: &str) -> bool {
    let of_stream =
        stream.files.as_ref().is_none_or(|names| names.iter().any(|pattern| matches_name_pattern(pattern, name)));
    of_stream
        && match &manifest.transport {
            Transport::Files { names, .. } => names.iter().any(|pattern| matches_name_pattern(pattern, name)),
            Transport::Http { .. } | Transport::Push {} => false,
        }
}

/// Names of entries of a folder.
struct ListedFiles {
    /// The files of a stream.
    names: Vec<String>,
    /// Entries that look like one but are not read.
    left: Vec<String>,
}

/// A connector over a folder of files.
#[derive(Debug)]
pub struct FileConnector {
    manifest: Manifest,
    folder: PathBuf,
    unpacker: Arc<Unpacker>,
}

impl FileConnector {
    /// Creates the connector for the endpoint's folder.
    #[must_use]
    pub fn new(manifest: Manifest, endpoint: Endpoint) -> Self {
        Self { manifest, folder: endpoint.folder, unpacker: endpoint.unpacker }
    }

    /// Lists the names of the stream's files.
    fn list_files(&self, stream: &Stream) -> Result<ListedFiles, Failure> {
        let unreadable = |e: std::io::Error| {
            Failure::fatal(Cause::Folder { folder: self.folder.display().to_string(), why: e.into() })
        };
        let (mut names, mut left) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(&self.folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let Ok(kind) = entry.file_type() else { continue };
            match entry.file_name().into_string() {
                Ok(name) if kind.is_file() && is_wanted(&self.manifest, stream, &name) => names.push(name),
                // Symbolic links are not followed, because they could lead out of the folder.
                Ok(name) if kind.is_symlink() && is_wanted(&self.manifest, stream, &name) => left.push(name),
                Err(name) if !kind.is_dir() => left.push(name.to_string_lossy().into_owned()),
                _ => {}
            }
        }
        Ok(ListedFiles { names, left })
    }
}

/// Logs the files that are not read, once at the end of a pass.
fn warn_skipped(folder: &Path, mut left: Vec<String>) {
    if left.is_empty() {
        return;
    }
    left.sort();
    let more = left.len().saturating_sub(MAX_LOGGED_NAMES);
    left.truncate(MAX_LOGGED_NAMES);
    if more > 0 {
        left.push("…".to_owned());
    }
    let (folder, files) = (folder.display().to_string(), left.join(", "));
    tracing::warn!("{}", LogEvent::FilesSkipped { folder, files });
}

/// Reads a file of a stream. Fails if the file changes while it is read, because it is still being written.
pub(crate) async fn read_file(path: &Path, stream: &Stream) -> Result<Payload, Failure> {
    let file = || path.display().to_string();
    let unreadable = |e: std::io::Error| Failure::fatal(Cause::File { file: file(), why: e.into() });
    let before = tokio::fs::metadata(path).await.map_err(unreadable)?;
    let size = before.len();
    if size > MAX_BYTES {
        return Err(Failure::fatal(Cause::FileTooLarge { file: file(), size, max: MAX_BYTES }));
    }
    let size = usize::try_from(size).unwrap_or(0);
    let mut packer = text_window::build_packer(stream, size);
    let mut opened = tokio::fs::File::open(path).await.map_err(unreadable)?.take(MAX_BYTES + 1);
    let mut bytes = vec![0; STEP];
    loop {
        match opened.read(&mut bytes).await.map_err(unreadable)? {
            0 => break,
            read => packer.push(bytes.get(..read).unwrap_or_default()).map_err(unreadable)?,
        }
    }
    let after = tokio::fs::metadata(path).await.map_err(unreadable)?;
    let still = |m: &std::fs::Metadata| (m.len(), m.modified().ok());
    if still(&before) != still(&after) || packer.len() as u64 != after.len() {
        return Err(Failure::retryable(Cause::FileWriting { file: file() }));
    }
    packer.into_payload().map_err(unreadable)
}

#[async_trait]
impl Connector for FileConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn pull(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        let ListedFiles { names, left } = self.list_files(stream)?;
        let next = crate::cursor_text::read_cursor::<Cursor>(cursor)?.next_file(&names);
        if next.as_ref().is_none_or(|next| next.last) {
            warn_skipped(&self.folder, left);
        }
        let Some(Next { name, cursor, last }) = next else { return Ok(None) };
        let payload = read_file(&self.folder.join(name), stream).await?;
        crate::files::page::file_page(&self.unpacker, stream, name, payload, cursor, last).await.map(Some)
    }

    fn cursor_for_days(&self, _: &Stream, days: Days) -> Option<String> {
        Some(crate::cursor_text::write_cursor(&Cursor { since: Some(days.first), until: days.last, after: None }))
    }
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
