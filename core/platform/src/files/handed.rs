//! Reads what is handed in: files of `huiliu upload`, and payloads that a platform pushes. Each is read once, in the
//! given order.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::connector::{Connector, Days, Page};
use crate::failure::{Cause, Failure};
use crate::files::folder::read_given_file;
use crate::files::names::is_wanted;
use huiliu_decode::payload::Payload;
use huiliu_decode::unpacker::Unpacker;
use huiliu_manifest::{Manifest, Stream, Transport};

/// One file or payload that was handed in.
#[derive(Debug)]
enum UploadedFile {
    File(PathBuf),
    /// A pushed payload.
    Sent {
        /// The name with which it was pushed.
        name: String,
        payload: Payload,
    },
}

/// A connector over what was handed in for one stream.
#[derive(Debug)]
pub struct UploadConnector {
    manifest: Manifest,
    stream: String,
    files: Mutex<VecDeque<UploadedFile>>,
    unpacker: Arc<Unpacker>,
}

impl UploadConnector {
    /// Creates a connector over these files.
    ///
    /// # Errors
    /// [`Failure`] if the connector accepts no files, has no such stream, or a file name matches none of its
    /// patterns.
    pub fn new(
        manifest: Manifest,
        stream: &str,
        files: Vec<PathBuf>,
        unpacker: Arc<Unpacker>,
    ) -> Result<Self, Failure> {
        if matches!(manifest.transport, Transport::Http { .. }) {
            return Err(Failure::fatal(Cause::NoUpload { connector: manifest.id }));
        }
        let Some(of) = manifest.find_stream(stream) else {
            let streams = manifest.stream.iter().map(|s| s.name.clone()).collect();
            let stream = stream.to_owned();
            return Err(Failure::fatal(Cause::NoStream { connector: manifest.id, stream, streams }));
        };
        for file in &files {
            let file = file_name(file);
            if let Transport::Files { names, .. } = &manifest.transport
                && !is_wanted(&manifest, of, &file)
            {
                let names = of.files.as_ref().unwrap_or(names).clone();
                return Err(Failure::fatal(Cause::UploadName { file, connector: manifest.id, names: names.into() }));
            }
        }
        let files = files.into_iter().map(UploadedFile::File).collect();
        Ok(Self { manifest, stream: stream.to_owned(), files: Mutex::new(files), unpacker })
    }

    /// Creates a connector over one pushed payload with this name.
    ///
    /// # Errors
    /// [`Failure`] if the connector accepts no pushed payloads or has no such stream.
    pub fn from_payload(
        manifest: Manifest,
        stream: &str,
        name: &str,
        payload: Payload,
        unpacker: Arc<Unpacker>,
    ) -> Result<Self, Failure> {
        if !matches!(manifest.transport, Transport::Push {}) {
            return Err(Failure::fatal(Cause::NotPush { connector: manifest.id }));
        }
        let made = Self::new(manifest, stream, vec![], unpacker)?;
        Ok(Self { files: Mutex::new([UploadedFile::Sent { name: name.to_owned(), payload }].into()), ..made })
    }
}

fn file_name(file: &std::path::Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[async_trait]
impl Connector for UploadConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn pull(&self, stream: &Stream, _: Option<&str>) -> Result<Option<Page>, Failure> {
        if stream.name != self.stream {
            return Ok(None);
        }
        let mut files = self.files.lock().await;
        // The file stays in the queue until it could be read, so that a retry finds it.
        let (name, payload) = match files.front() {
            None => return Ok(None),
            Some(UploadedFile::File(file)) => (file_name(file), read_given_file(file, stream).await?),
            Some(UploadedFile::Sent { name, payload }) => (name.clone(), payload.clone()),
        };
        // This cursor is never stored; it only distinguishes one file from the next.
        let (cursor, last) = (files.len().to_string(), files.len() == 1);
        let page = crate::files::page::file_page(&self.unpacker, stream, &name, payload, cursor, last).await?;
        files.pop_front();
        Ok(Some(page))
    }

    fn cursor_for_days(&self, _: &Stream, _: Days) -> Option<String> {
        None
    }
}
