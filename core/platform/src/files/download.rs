//! Reads files that a platform lists and serves over HTTP. Each request is signed anew for every attempt.

use std::collections::HashSet;

use async_trait::async_trait;
use serde_json::Value;

use crate::connector::{Connector, Days, Page};
use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::file_store::{FileListing, FileStore, LeftOut, LeftOutFile, ListedFile};
use crate::files::folder::{Cursor, Next, move_behind};
use crate::files::names::{NameVerdict, judge_name};
use crate::http::platform::{Platform, Question, RequestTarget};
use crate::http::request;
use huiliu_decode::payload::Payload;
use huiliu_manifest::{Download, Manifest, Request, Stream, Transport};

/// A connector over a list of files to download.
#[derive(Debug)]
pub struct DownloadConnector {
    manifest: Manifest,
    download: Download,
    platform: Platform,
}

/// A file of the list that is requested.
#[derive(Clone, Copy)]
struct RequestedFile<'f> {
    name: &'f str,
    /// The stream that it belongs to.
    stream: &'f Stream,
}

impl DownloadConnector {
    /// Creates the connector for an endpoint.
    ///
    /// # Errors
    /// [`Failure`] if the manifest declares no download or the base URL is invalid.
    pub fn new(manifest: Manifest, endpoint: Endpoint) -> Result<Self, Failure> {
        let Transport::Files { download: Some(download), .. } = &manifest.transport else {
            return Err(Failure::fatal(Cause::NoDownload { connector: manifest.id }));
        };
        let download = (**download).clone();
        let platform = Platform::new(&manifest.id, endpoint, download.auth.clone(), vec![], None)?;
        Ok(Self { manifest, download, platform })
    }

    async fn fetch_payload(&self, request: &Request, file: Option<RequestedFile<'_>>) -> Result<Payload, Failure> {
        let (file, stream) = (file.map(|file| file.name), file.map(|file| file.stream));
        let values = |name: &str| file.filter(|_| name == "file").map(str::to_owned);
        let path = request::fill_request(request, &self.platform.endpoint, &values)?.path;
        let place = file.unwrap_or(&path);
        let table = stream.and_then(|stream| stream.format.web_page_layout());
        let (leads, records_of) = (RequestTarget::Path, stream);
        let question = Question { request, values: &values, query: &[], leads, place, table, records_of };
        Ok(self.platform.request_answer(&question).await?.map(|answer| answer.payload).unwrap_or_default())
    }

    /// Returns what is in the listing.
    async fn list_items(&self, stream: &Stream) -> Result<FileListing, Failure> {
        let Download { list, items, name, version, .. } = &self.download;
        let foreign = |cause: Cause| {
            let path = request::fill_request(list, &self.platform.endpoint, &|_| None)
                .map(|filled| filled.path)
                .unwrap_or_default();
            Failure::retryable(cause).with_place(path)
        };
        let unreadable = |e: &dyn std::fmt::Display| foreign(Cause::FilesListing { why: e.to_string() });
        let payload = self.fetch_payload(list, None).await?;
        let bytes = payload.read_all().map_err(|e| unreadable(&e))?;
        let listing: Value = serde_json::from_slice(&bytes).map_err(|e| unreadable(&e))?;
        let listed = value_at(&listing, items)
            .and_then(Value::as_array)
            .ok_or_else(|| foreign(Cause::FilesListingMissing { path: items.clone() }))?;
        let mut found = FileListing::default();
        let mut seen = HashSet::new();
        for item in listed {
            let name = value_at(item, name)
                .and_then(Value::as_str)
                .ok_or_else(|| foreign(Cause::FilesListingName { path: name.clone() }))?
                .to_owned();
            if !seen.insert(name.clone()) {
                continue;
            }
            if name.contains(char::is_control) {
                found.left_out.push(LeftOutFile { name: name.escape_debug().to_string(), why: LeftOut::NameNotText });
                continue;
            }
            let tag = version.as_ref().and_then(|path| value_at(item, path)).map(Value::to_string).unwrap_or_default();
            match judge_name(&self.manifest, stream, &name) {
                NameVerdict::LeftOut(why) => found.left_out.push(LeftOutFile { name, why }),
                NameVerdict::OfOtherStream => {}
                NameVerdict::Wanted => {
                    let (address, place) = (name.clone(), name.clone());
                    found.files.push(ListedFile { address, place, name, size: None, modified_at: None, tag });
                }
            }
        }
        Ok(found)
    }
}

fn value_at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, step| value.get(step))
}

#[async_trait]
impl Connector for DownloadConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn pull(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        self.platform.secrets.redact_pull(self.pull_next(stream, cursor).await)
    }

    fn files(&self) -> Option<&dyn FileStore> {
        Some(self)
    }

    fn cursor_for_days(&self, _: &Stream, days: Days) -> Option<String> {
        Some(crate::cursor_text::write_cursor(&Cursor { since: Some(days.first), until: days.last, after: None }))
    }
}

impl DownloadConnector {
    async fn pull_next(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        let mut names: Vec<String> = self.list_items(stream).await?.files.into_iter().map(|file| file.name).collect();
        names.sort();
        let Some(Next { name, cursor, last }) = crate::cursor_text::read_cursor::<Cursor>(cursor)?.next_file(&names)
        else {
            return Ok(None);
        };
        let payload = self.fetch_payload(&self.download.file, Some(RequestedFile { name, stream })).await?;
        crate::files::page::file_page(&self.platform.endpoint.unpacker, stream, name, payload, cursor, last)
            .await
            .map(Some)
    }
}

#[async_trait]
impl FileStore for DownloadConnector {
    async fn list_files(&self, stream: &Stream) -> Result<FileListing, Failure> {
        let secrets = &self.platform.secrets;
        let hide = |file: LeftOutFile| LeftOutFile { name: secrets.hide_secrets(&file.name), ..file };
        let listed = self.list_items(stream).await.map_err(|failure| secrets.redact_failure(failure))?;
        Ok(FileListing { left_out: listed.left_out.into_iter().map(hide).collect(), ..listed })
    }

    async fn read_file(&self, stream: &Stream, file: &ListedFile) -> Result<Page, Failure> {
        self.platform.secrets.redact_page(self.fetch_file(stream, &file.place).await)
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

impl DownloadConnector {
    async fn fetch_file(&self, stream: &Stream, name: &str) -> Result<Page, Failure> {
        let payload = self.fetch_payload(&self.download.file, Some(RequestedFile { name, stream })).await?;
        let unpacker = &self.platform.endpoint.unpacker;
        crate::files::page::file_page(unpacker, stream, name, payload, String::new(), false).await
    }
}
