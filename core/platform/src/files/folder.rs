//! Reads files dropped into a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;

use crate::connector::{Connector, Days, Page};
use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::file_store::{FileListing, FileStore, LeftOut, LeftOutFile, ListedFile, compare_names};
use crate::files::names::{NameVerdict, judge_name};
use crate::log_event::LogEvent;
use huiliu_decode::heavy::run_heavy;
use huiliu_decode::payload::Payload;
use huiliu_decode::text_window;
use huiliu_decode::unpacker::Unpacker;
use huiliu_manifest::{Manifest, Stream};
use huiliu_values::date::parse_date;

/// Maximum size of a file, in bytes.
pub(crate) const MAX_BYTES: u64 = 64 << 20;
/// Number of bytes read at once.
const STEP: usize = 256 << 10;
/// Maximum number of skipped file names in a log line.
const MAX_LOGGED_NAMES: usize = 10;

/// How far the files of a folder were read, by name. Once a pass has listed the folder, each file is known by itself.
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

impl Cursor {
    pub(crate) fn includes_file(&self, name: &str) -> bool {
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

    fn unreadable(&self, e: std::io::Error) -> Failure {
        Failure::fatal(Cause::Folder { folder: self.folder.display().to_string(), why: e.into() })
    }

    /// Looks at every entry of the folder. Directories are no files.
    fn list_entries(&self, stream: &Stream) -> Result<FileListing, Failure> {
        let mut found = FileListing::default();
        for entry in std::fs::read_dir(&self.folder).map_err(|e| self.unreadable(e))? {
            let entry = entry.map_err(|e| self.unreadable(e))?;
            let kind = entry.file_type().map_err(|e| self.unreadable(e))?;
            if kind.is_dir() {
                continue;
            }
            let name = match entry.file_name().into_string() {
                Ok(name) => name,
                Err(name) => {
                    let name = name.to_string_lossy().into_owned();
                    found.left_out.push(LeftOutFile { name, why: LeftOut::NameNotText });
                    continue;
                }
            };
            match judge_name(&self.manifest, stream, &name) {
                NameVerdict::LeftOut(why) => found.left_out.push(LeftOutFile { name, why }),
                // Symbolic links are not followed, because they could lead out of the folder.
                _ if kind.is_symlink() => found.left_out.push(LeftOutFile { name, why: LeftOut::Link }),
                // A file that went in the meantime is not there.
                NameVerdict::Wanted if kind.is_file() => found.files.extend(look_at(&self.folder, name)),
                NameVerdict::Wanted | NameVerdict::OfOtherStream => {}
            }
        }
        warn_skipped(&self.folder, &found.left_out);
        Ok(found)
    }
}

/// Returns what the folder shows of a file now; `None` if it is not there. Of a file that may not be looked at, only the name
/// is known, and reading it says why.
fn look_at(folder: &Path, name: String) -> Option<ListedFile> {
    let seen = match std::fs::symlink_metadata(folder.join(&name)) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return None,
        seen => seen.ok(),
    };
    let modified = seen.as_ref().and_then(|seen| seen.modified().ok());
    let modified_at = modified.map(|at| DateTime::<Utc>::from(at).timestamp_micros());
    let size = seen.map(|seen| seen.len());
    Some(ListedFile { address: name.clone(), name, size, modified_at, tag: String::new() })
}

/// Logs the files that are not read although their names may be wanted.
fn warn_skipped(folder: &Path, left_out: &[LeftOutFile]) {
    let is_logged = |file: &&LeftOutFile| matches!(file.why, LeftOut::Link | LeftOut::NameNotText);
    let mut left: Vec<&str> = left_out.iter().filter(is_logged).map(|file| file.name.as_str()).collect();
    if left.is_empty() {
        return;
    }
    left.sort_unstable();
    let more = left.len().saturating_sub(MAX_LOGGED_NAMES);
    left.truncate(MAX_LOGGED_NAMES);
    if more > 0 {
        left.push("…");
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
        let names: Vec<String> = self.list_entries(stream)?.files.into_iter().map(|file| file.name).collect();
        let next = crate::cursor_text::read_cursor::<Cursor>(cursor)?.next_file(&names);
        let Some(Next { name, cursor, last }) = next else { return Ok(None) };
        let payload = read_file(&self.folder.join(name), stream).await?;
        crate::files::page::file_page(&self.unpacker, stream, name, payload, cursor, last).await.map(Some)
    }

    fn files(&self) -> Option<&dyn FileStore> {
        Some(self)
    }

    fn cursor_for_days(&self, _: &Stream, days: Days) -> Option<String> {
        Some(crate::cursor_text::write_cursor(&Cursor { since: Some(days.first), until: days.last, after: None }))
    }
}

#[async_trait]
impl FileStore for FileConnector {
    async fn list_files(&self, stream: &Stream) -> Result<FileListing, Failure> {
        // Looking at each of many entries takes the disk a while.
        run_heavy(usize::MAX, || self.list_entries(stream))
    }

    fn shows_unfinished_files(&self) -> bool {
        true
    }

    async fn find_changed(&self, files: &[ListedFile]) -> Vec<String> {
        let is_changed = |file: &&ListedFile| look_at(&self.folder, file.name.clone()).as_ref() != Some(*file);
        files.iter().filter(is_changed).map(|file| file.name.clone()).collect()
    }

    async fn read_file(&self, stream: &Stream, file: &ListedFile) -> Result<Page, Failure> {
        let payload = read_file(&self.folder.join(&file.name), stream).await?;
        // What was listed is what was read.
        if look_at(&self.folder, file.name.clone()).as_ref() != Some(file) {
            return Err(Failure::retryable(Cause::FileWriting { file: file.name.clone() }));
        }
        crate::files::page::file_page(&self.unpacker, stream, &file.name, payload, String::new(), false).await
    }

    fn is_past(&self, cursor: &str, file: &ListedFile) -> Result<bool, Failure> {
        Ok(!crate::cursor_text::read_cursor::<Cursor>(Some(cursor))?.includes_file(&file.name))
    }

    fn is_of_days(&self, days: Days, file: &ListedFile) -> bool {
        Cursor { since: Some(days.first), until: days.last, after: None }.includes_file(&file.name)
    }

    fn move_cursor(&self, cursor: Option<&str>, file: &ListedFile) -> Result<String, Failure> {
        move_behind(cursor, &file.name)
    }
}

/// Returns the cursor behind a name, or behind the name that it holds if that one is later.
pub(crate) fn move_behind(cursor: Option<&str>, name: &str) -> Result<String, Failure> {
    let stands = crate::cursor_text::read_cursor::<Cursor>(cursor)?.after;
    let after = stands.filter(|after| compare_names(after, name).is_gt()).unwrap_or_else(|| name.to_owned());
    Ok(crate::cursor_text::write_cursor(&Cursor { after: Some(after), ..Cursor::default() }))
}
