//! Files that a platform lists and gives out over HTTP, each request signed anew at every attempt.

use std::fmt::Write as _;

use async_trait::async_trait;
use chrono::{NaiveDate, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::files::{Cursor, Next, is_wanted};
use super::request::{self, Filled};
use super::web::{self, Web};
use super::{Connector, Endpoint, Failure, Page};
use crate::manifest::{Auth, Download, Manifest, Request, Sign, Stream, Transport};

/// A connector over a listing of files.
#[derive(Debug)]
pub struct DownloadConnector {
    manifest: Manifest,
    download: Download,
    endpoint: Endpoint,
    web: Web,
}

impl DownloadConnector {
    /// For this endpoint.
    ///
    /// # Errors
    /// [`Failure`] when the manifest declares no download, or the base URL is not one.
    pub fn new(manifest: Manifest, endpoint: Endpoint) -> Result<Self, Failure> {
        let Transport::Files { download: Some(download), .. } = &manifest.transport else {
            return Err(Failure::fatal("manifest", format!("connector {} declares no download", manifest.id)));
        };
        Ok(Self { web: Web::new(&manifest.id, &endpoint)?, download: (**download).clone(), manifest, endpoint })
    }

    async fn get(&self, request: &Request, file: Option<&str>) -> Result<Vec<u8>, Failure> {
        let here = |name: &str| file.filter(|_| name == "file").map(str::to_owned);
        let Filled { path, mut query } = request::fill(request, &self.endpoint, &here)?;
        if let Auth::Sign { rule } = &self.download.auth {
            sign(rule, &self.endpoint, &mut query)?;
        }
        let request = self.web.client.get(self.web.url(&path)?).query(&query);
        let answer = request.send().await.map_err(|e| web::unreachable(&e))?;
        web::records(answer, file.unwrap_or(&path)).await
    }

    /// The names of the listing that are this connector's, sorted.
    async fn names(&self) -> Result<Vec<String>, Failure> {
        let Download { list, items, name, .. } = &self.download;
        let foreign = |why: String| {
            let path = request::fill(list, &self.endpoint, &|_| None).map(|filled| filled.path).unwrap_or_default();
            Failure::passing("undecodable", format!("{path}: the listing of files cannot be read: {why}"))
        };
        let bytes = self.get(list, None).await?;
        let listing: Value = serde_json::from_slice(&bytes).map_err(|e| foreign(e.to_string()))?;
        let listed = at(&listing, items)
            .and_then(Value::as_array)
            .ok_or_else(|| foreign(format!("no list of files at {items}")))?;
        let mut names = Vec::with_capacity(listed.len());
        for item in listed {
            let name =
                at(item, name).and_then(Value::as_str).ok_or_else(|| foreign(format!("a file without {name}")))?;
            if is_wanted(&self.manifest, name) && !name.contains(char::is_control) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }
}

fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, step| value.get(step))
}

/// Adds application id, time, nonce and signature to a request's parameters.
fn sign(rule: &Sign, endpoint: &Endpoint, query: &mut Vec<(String, String)>) -> Result<(), Failure> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|e| Failure::passing("nonce", format!("no random number: {e}")))?;
    query.extend([
        (rule.app_id.clone(), endpoint.user.clone()),
        (rule.timestamp.clone(), Utc::now().timestamp().to_string()),
        (rule.nonce.clone(), hex(&nonce)),
    ]);
    let value = |name: &String| query.iter().find(|(of, _)| of == name).map(|(_, value)| format!("{name}={value}"));
    let signed = rule.order.iter().filter_map(value).collect::<Vec<_>>().join("&");
    let mut mac = Hmac::<Sha256>::new_from_slice(endpoint.password.as_bytes())
        .map_err(|e| Failure::fatal("key", format!("the signing key cannot be used: {e}")))?;
    mac.update(signed.as_bytes());
    query.push((rule.signature.clone(), hex(&mac.finalize().into_bytes())));
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[async_trait]
impl Connector for DownloadConnector {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn pull(&self, stream: &Stream, cursor: Option<&str>) -> Result<Option<Page>, Failure> {
        let names = self.names().await?;
        let Some(Next { name, cursor, last }) = super::read_cursor::<Cursor>(cursor)?.next(&names) else {
            return Ok(None);
        };
        let bytes = self.get(&self.download.file, Some(name)).await?;
        super::file_page(&self.endpoint.unpacker, stream, (name, bytes), (cursor, last)).await.map(Some)
    }

    fn since(&self, _: &Stream, day: NaiveDate) -> Option<String> {
        Some(super::write_cursor(&Cursor { since: Some(day), after: None }))
    }
}
