//! Files dropped in a folder, taken in the order of their names.

use std::path::PathBuf;

use async_trait::async_trait;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Connector, Failure, Page};
use crate::manifest::{Manifest, Stream, Transport};
use crate::stages::decode;
use crate::values::date::parse_date;

/// The largest file that is taken.
const MAX_BYTES: u64 = 64 << 20;

/// Where a pass over a folder stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursor {
    /// The last file taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// Files with an earlier export date in their name are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<NaiveDate>,
}

impl Cursor {
    fn takes(&self, name: &str) -> bool {
        let dated = || name.split(|c: char| !c.is_ascii_digit()).find(|run| run.len() == 8).map(parse_date);
        self.after.as_ref().is_none_or(|after| name > after.as_str())
            && self.since.is_none_or(|since| !matches!(dated(), Some(Ok(day)) if day < since))
    }
}

/// A connector over a folder.
#[derive(Debug)]
pub struct FileConnector {
    manifest: Manifest,
    folder: PathBuf,
}

impl FileConnector {
    /// Over this folder.
    #[must_use]
    pub fn new(manifest: Manifest, folder: PathBuf) -> Self {
        Self { manifest, folder }
    }

    fn names(&self) -> Result<Vec<String>, Failure> {
        let pattern = match &self.manifest.transport {
            Transport::Files { pattern } => pattern.as_str(),
            Transport::Http { .. } => "*",
        };
        let (head, tail) = pattern.split_once('*').unwrap_or((pattern, ""));
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
                && name.len() >= head.len() + tail.len()
                && name.starts_with(head)
                && name.ends_with(tail)
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

#[async_trait]
impl Connector for FileConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn pull(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        let names = self.names()?;
        let stands: Cursor = super::read_cursor(cursor)?;
        let mut later = names.iter().filter(|n| stands.takes(n));
        let Some(name) = later.next() else { return Ok(None) };
        let path = self.folder.join(name);
        let unreadable = |e: std::io::Error| Failure::fatal("file", format!("cannot read {}: {e}", path.display()));
        let size = tokio::fs::metadata(&path).await.map_err(unreadable)?.len();
        if size > MAX_BYTES {
            return Err(Failure::fatal(
                "size",
                format!("{} has {size} bytes, at most {MAX_BYTES} are taken; split the file", path.display()),
            ));
        }
        let bytes = tokio::fs::read(&path).await.map_err(unreadable)?;
        let records = decode::outline(&stream.format, &bytes, None).map(|o| o.records).map_err(|e| e.to_string());
        let last = later.next().is_none();
        let next = Cursor { after: Some(name.clone()), since: if last { None } else { stands.since } };
        Ok(Some(Page { address: name.clone(), bytes, records, cursor: super::write_cursor(&next), last }))
    }

    fn since(&self, _: &Stream, day: NaiveDate) -> Option<String> {
        Some(super::write_cursor(&Cursor { since: Some(day), after: None }))
    }
}
