//! Files that are handed in, as with `huiliu upload`: taken once, in the order they were given.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::files::{is_wanted, read};
use super::{Connector, Days, Failure, Page};
use crate::manifest::{Manifest, Stream, Transport};
use crate::unpacker::Unpacker;

/// A connector over files that were handed in for one stream.
#[derive(Debug)]
pub struct HandedConnector {
    manifest: Manifest,
    stream: String,
    files: Mutex<VecDeque<PathBuf>>,
    unpacker: Arc<Unpacker>,
}

impl HandedConnector {
    /// Of these files.
    ///
    /// # Errors
    /// [`Failure`] for a connector that takes no files, a stream it has not, and a file that is none of its.
    pub fn new(
        manifest: Manifest,
        (stream, files): (&str, Vec<PathBuf>),
        unpacker: Arc<Unpacker>,
    ) -> Result<Self, Failure> {
        if matches!(manifest.transport, Transport::Http { .. }) {
            return Err(Failure::fatal(
                "push",
                format!("connector {} reads its platform itself; it takes no files", manifest.id),
            ));
        }
        let Some(of) = manifest.stream(stream) else {
            let all: Vec<&str> = manifest.stream.iter().map(|s| s.name.as_str()).collect();
            let all = all.join(", ");
            return Err(Failure::fatal(
                "push",
                format!("connector {} has no stream {stream:?}; there are {all}", manifest.id),
            ));
        };
        for file in &files {
            let name = name(file);
            if let Transport::Files { names, .. } = &manifest.transport
                && !is_wanted(&manifest, of, &name)
            {
                let names = of.files.as_ref().unwrap_or(names).join(", ");
                return Err(Failure::fatal(
                    "push",
                    format!("{name} is no file of connector {}; their names are {names}", manifest.id),
                ));
            }
        }
        Ok(Self { manifest, stream: stream.to_owned(), files: Mutex::new(files.into()), unpacker })
    }
}

fn name(file: &std::path::Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[async_trait]
impl Connector for HandedConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn pull(&self, stream: &Stream, _: Option<&str>) -> Result<Option<Page>, Failure> {
        if stream.name != self.stream {
            return Ok(None);
        }
        let mut files = self.files.lock().await;
        let Some(file) = files.front() else { return Ok(None) };
        let bytes = read(file).await?;
        // The cursor is not kept: it only tells one file from the next.
        let (cursor, last) = (files.len().to_string(), files.len() == 1);
        let page = super::file_page(&self.unpacker, stream, (&name(file), bytes), (cursor, last)).await?;
        files.pop_front();
        Ok(Some(page))
    }

    fn since(&self, _: &Stream, _: Days) -> Option<String> {
        None
    }
}
