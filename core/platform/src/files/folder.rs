//! Reads files dropped into a folder.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::NaiveDate;
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
use huiliu_files::{Entry, Folder, OpenError};
use huiliu_manifest::{Manifest, Stream};
use huiliu_values::date::parse_date;

/// Maximum size of a file, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;
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
    /// The folder as it was listed. What is read is what is in it, even if its path leads elsewhere in the meantime.
    listed: Mutex<Option<Arc<Folder>>>,
    unpacker: Arc<Unpacker>,
}

impl FileConnector {
    /// Creates the connector for the endpoint's folder.
    #[must_use]
    pub fn new(manifest: Manifest, endpoint: Endpoint) -> Self {
        Self { manifest, folder: endpoint.folder, listed: Mutex::default(), unpacker: endpoint.unpacker }
    }

    fn unreadable(&self, e: std::io::Error) -> Failure {
        Failure::fatal(Cause::Folder { folder: self.folder.display().to_string(), why: e.into() })
    }

    /// Opens the folder anew, and keeps it open.
    fn open_folder(&self) -> Result<Arc<Folder>, Failure> {
        let folder = Arc::new(Folder::open(&self.folder).map_err(|e| self.unreadable(e.into()))?);
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&folder));
        Ok(folder)
    }

    /// Returns the folder that was listed.
    fn listed_folder(&self) -> Result<Arc<Folder>, Failure> {
        let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        listed.map_or_else(|| self.open_folder(), Ok)
    }

    /// Looks at every entry of the folder.
    fn list_entries(&self, stream: &Stream) -> Result<FileListing, Failure> {
        let mut found = FileListing::default();
        let folder = self.open_folder()?;
        for (name, kind) in folder.list().map_err(|e| self.unreadable(e))? {
            let name = match name.into_string() {
                Ok(name) => name,
                Err(name) => {
                    let name = name.to_string_lossy().into_owned();
                    found.left_out.push(LeftOutFile { name, why: LeftOut::NameNotText });
                    continue;
                }
            };
            match (judge_name(&self.manifest, stream, &name), LeftOut::for_kind(kind)) {
                (NameVerdict::LeftOut(LeftOut::Name { .. }), Some(LeftOut::Directory)) => {
                    found.left_out.push(LeftOutFile { name, why: LeftOut::Folder });
                }
                (NameVerdict::LeftOut(why), _) | (_, Some(why)) => found.left_out.push(LeftOutFile { name, why }),
                (NameVerdict::Wanted, None) => match look_at(&folder, name) {
                    Some(Look::File(file)) => found.files.push(file),
                    Some(Look::LeftOut(file)) => found.left_out.push(file),
                    // A file that went in the meantime is not there.
                    None => {}
                },
                (NameVerdict::OfOtherStream, None) => {}
            }
        }
        warn_skipped(&self.folder, &found.left_out);
        Ok(found)
    }

    /// Opens and reads a file of the folder.
    async fn read_name(&self, folder: &Folder, name: &str, stream: &Stream) -> Result<Payload, Failure> {
        let file = self.folder.join(name).display().to_string();
        match folder.open_file(name.as_ref()) {
            Ok((opened, entry)) => read_opened(opened, entry, &file, stream).await,
            Err(why) => Err(refuse_file(file, why)),
        }
    }
}

/// Returns why a file is not read.
fn refuse_file(file: String, why: OpenError) -> Failure {
    let why = match why {
        OpenError::NotAFile(kind) => LeftOut::for_kind(kind),
        OpenError::OtherName => Some(LeftOut::OtherName),
        OpenError::System(why) => return Failure::fatal(Cause::File { file, why: why.into() }),
    };
    Failure::fatal(Cause::FileUnfit { file, why: why.unwrap_or(LeftOut::Device) })
}

/// What a look at a file found.
#[derive(PartialEq, Eq)]
enum Look {
    File(ListedFile),
    LeftOut(LeftOutFile),
}

/// Returns what the folder shows of a file now; `None` if it is not there. Of a file that may not be looked at, only the name
/// is known, and reading it says why.
fn look_at(folder: &Folder, name: String) -> Option<Look> {
    let seen = match folder.look_at(name.as_ref()) {
        Ok(seen) => Some(seen?),
        Err(_) => None,
    };
    let why = seen.and_then(|seen| match LeftOut::for_kind(seen.kind) {
        None => folder.is_of_others(&seen).then_some(LeftOut::OtherName),
        why => why,
    });
    if let Some(why) = why {
        return Some(Look::LeftOut(LeftOutFile { name, why }));
    }
    let (size, modified_at) = (seen.map(|seen| seen.size), seen.map(|seen| seen.modified_at));
    let (address, place) = (name.clone(), name.clone());
    Some(Look::File(ListedFile { address, place, name, size, modified_at, tag: String::new() }))
}

/// Whether the folder shows a file as it was listed.
fn is_as_listed(folder: &Folder, file: &ListedFile) -> bool {
    let now = look_at(folder, file.place.clone());
    matches!(now, Some(Look::File(now)) if (now.size, now.modified_at) == (file.size, file.modified_at))
}

/// Logs the files that are not read although their names may be wanted.
fn warn_skipped(folder: &Path, left_out: &[LeftOutFile]) {
    let is_logged = |file: &&LeftOutFile| file.why.is_unfit();
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

/// Reads a file that a person has named.
pub(crate) async fn read_given_file(path: &Path, stream: &Stream) -> Result<Payload, Failure> {
    let file = path.display().to_string();
    match huiliu_files::open_given(path) {
        Ok((opened, entry)) => read_opened(opened, entry, &file, stream).await,
        Err(why) => Err(refuse_file(file, why)),
    }
}

/// Reads an open file of a stream. Fails if the file changes while it is read, because it is still being written.
async fn read_opened(opened: std::fs::File, before: Entry, file: &str, stream: &Stream) -> Result<Payload, Failure> {
    let unreadable = |e: std::io::Error| Failure::fatal(Cause::File { file: file.to_owned(), why: e.into() });
    let too_large = |size| Failure::fatal(Cause::FileTooLarge { file: file.to_owned(), size, max: MAX_BYTES });
    if before.size > MAX_BYTES {
        return Err(too_large(before.size));
    }
    let mut packer = text_window::build_packer(stream, usize::try_from(before.size).unwrap_or(0));
    let mut opened = tokio::fs::File::from_std(opened).take(MAX_BYTES + 1);
    let mut bytes = vec![0; STEP];
    loop {
        match opened.read(&mut bytes).await.map_err(unreadable)? {
            0 => break,
            read => packer.push(bytes.get(..read).unwrap_or_default()).map_err(unreadable)?,
        }
    }
    let after = Entry::of_open_file(&opened.into_inner().into_std().await).map_err(unreadable)?;
    if after.size > MAX_BYTES {
        return Err(too_large(after.size));
    }
    let still = |entry: &Entry| (entry.size, entry.modified_at);
    if still(&before) != still(&after) || packer.len() as u64 != after.size {
        return Err(Failure::retryable(Cause::FileWriting { file: file.to_owned() }));
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
        let payload = self.read_name(&*self.listed_folder()?, name, stream).await?;
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
        let folder = self.listed_folder().ok();
        let is_changed = |file: &&ListedFile| !folder.as_ref().is_some_and(|folder| is_as_listed(folder, file));
        files.iter().filter(is_changed).map(|file| file.name.clone()).collect()
    }

    async fn read_file(&self, stream: &Stream, file: &ListedFile) -> Result<Page, Failure> {
        let folder = self.listed_folder()?;
        let payload = self.read_name(&folder, &file.place, stream).await?;
        // What was listed is what was read.
        if !is_as_listed(&folder, file) {
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
