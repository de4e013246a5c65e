//! Files dropped in a folder, taken in the order of their names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;

use super::{Connector, Days, Endpoint, Failure, Page};
use crate::manifest::{Manifest, Stream, Transport, named_like};
use crate::payload::Payload;
use crate::stages::text_window;
use crate::unpacker::Unpacker;
use crate::values::date::parse_date;

/// The largest file that is taken.
pub(super) const MAX_BYTES: u64 = 64 << 20;
/// Bytes that are read at once.
const STEP: usize = 256 << 10;

/// Where a pass over a folder stands.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    /// The last file taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<String>,
    /// Files with an earlier export date in their name are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<NaiveDate>,
    /// Files with a later one, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<NaiveDate>,
}

impl Cursor {
    fn takes(&self, name: &str) -> bool {
        let dated = || name.split(|c: char| !c.is_ascii_digit()).find(|run| run.len() == 8).map(parse_date);
        self.after.as_ref().is_none_or(|after| name > after.as_str())
            && self.since.is_none_or(|since| !matches!(dated(), Some(Ok(day)) if day < since))
            && self.until.is_none_or(|until| !matches!(dated(), Some(Ok(day)) if day > until))
    }
}

/// The file a pass takes next.
pub(super) struct Next<'a> {
    pub(super) name: &'a str,
    /// The cursor once it is landed.
    pub(super) cursor: String,
    /// Whether it is the pass's last.
    pub(super) last: bool,
}

impl Cursor {
    /// The next of the sorted names.
    pub(super) fn next<'n>(&self, names: &'n [String]) -> Option<Next<'n>> {
        let mut later = names.iter().filter(|name| self.takes(name));
        let name = later.next()?;
        let last = later.next().is_none();
        let (since, until) = if last { (None, None) } else { (self.since, self.until) };
        let next = Self { after: Some(name.clone()), since, until };
        Some(Next { name, cursor: super::write_cursor(&next), last })
    }
}

/// Whether a file is one of the connector's, and of the stream's.
pub(super) fn is_wanted(manifest: &Manifest, stream: &Stream, name: &str) -> bool {
    let of_stream = stream.files.as_ref().is_none_or(|names| names.iter().any(|pattern| named_like(pattern, name)));
    of_stream
        && match &manifest.transport {
            Transport::Files { names, .. } => names.iter().any(|pattern| named_like(pattern, name)),
            Transport::Http { .. } | Transport::Push {} => false,
        }
}

/// A connector over a folder.
#[derive(Debug)]
pub struct FileConnector {
    manifest: Manifest,
    folder: PathBuf,
    unpacker: Arc<Unpacker>,
}

impl FileConnector {
    /// Over the endpoint's folder.
    #[must_use]
    pub fn new(manifest: Manifest, endpoint: Endpoint) -> Self {
        Self { manifest, folder: endpoint.folder, unpacker: endpoint.unpacker }
    }

    fn names(&self, stream: &Stream) -> Result<Vec<String>, Failure> {
        let unreadable = |e: std::io::Error| {
            Failure::fatal(
                "folder",
                format!("cannot read the folder {}: {e}; check source.folder", self.folder.display()),
            )
        };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            // A symbolic link is not followed: it could lead out of the folder.
            let regular = entry.file_type().is_ok_and(|t| t.is_file());
            if let (true, Ok(name)) = (regular, entry.file_name().into_string())
                && is_wanted(&self.manifest, stream, &name)
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

/// A stream's file that nobody is writing any more.
pub(super) async fn read(path: &Path, stream: &Stream) -> Result<Payload, Failure> {
    let unreadable = |e: std::io::Error| Failure::fatal("file", format!("cannot read {}: {e}", path.display()));
    let before = tokio::fs::metadata(path).await.map_err(unreadable)?;
    let size = before.len();
    if size > MAX_BYTES {
        return Err(Failure::fatal(
            "size",
            format!("{} has {size} bytes, at most {MAX_BYTES} are taken; split the file", path.display()),
        ));
    }
    let size = usize::try_from(size).unwrap_or(0);
    let mut packer = text_window::packer(stream, size);
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut file = file.take(MAX_BYTES + 1);
    let mut bytes = vec![0; STEP];
    loop {
        match file.read(&mut bytes).await.map_err(unreadable)? {
            0 => break,
            read => packer.push(bytes.get(..read).unwrap_or_default()).map_err(unreadable)?,
        }
    }
    let after = tokio::fs::metadata(path).await.map_err(unreadable)?;
    let still = |m: &std::fs::Metadata| (m.len(), m.modified().ok());
    if still(&before) != still(&after) || packer.len() as u64 != after.len() {
        return Err(Failure::passing(
            "writing",
            format!("{} is still being written; it is read again", path.display()),
        ));
    }
    packer.finish().map_err(unreadable)
}

#[async_trait]
impl Connector for FileConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn pull(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        let names = self.names(stream)?;
        let Some(Next { name, cursor, last }) = super::read_cursor::<Cursor>(cursor)?.next(&names) else {
            return Ok(None);
        };
        let payload = read(&self.folder.join(name), stream).await?;
        super::file_page(&self.unpacker, stream, (name, payload), (cursor, last)).await.map(Some)
    }

    fn since(&self, _: &Stream, days: Days) -> Option<String> {
        Some(super::write_cursor(&Cursor { since: Some(days.first), until: days.last, after: None }))
    }
}
