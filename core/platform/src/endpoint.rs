//! The settings of one source, as a connector receives them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::connector::RateLimiter;
use crate::failure::Failure;
use crate::http::guard;
use huiliu_decode::Body;
use huiliu_decode::payload::Payload;
use huiliu_decode::unpacker::{RequestedRecords, Unpacker};
use huiliu_manifest::Stream;

/// The settings of one source.
#[derive(Clone)]
pub struct Endpoint {
    /// Base URL (HTTP).
    pub base_url: String,
    /// User name, client id or application id (HTTP).
    pub user: String,
    /// Password, client secret or signing key (HTTP).
    pub password: String,
    /// Code of the institution that answers for its data.
    pub institution: String,
    /// Other settings that the manifest requires, by name.
    pub settings: BTreeMap<String, String>,
    /// Secrets by name, without the password.
    pub secrets: BTreeMap<String, String>,
    /// Folder in which files are dropped.
    pub folder: PathBuf,
    /// Networks that may be connected to although they are not public.
    pub networks: guard::Networks,
    /// Shares the platform's request budget among workers.
    pub rate_limiter: Arc<dyn RateLimiter>,
    /// Timeout for one answer.
    pub timeout: Duration,
    /// Unpacks payloads that are not plain text.
    pub unpacker: Arc<Unpacker>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { base_url, user, folder, timeout, .. } = self;
        f.debug_struct("Endpoint")
            .field("base_url", base_url)
            .field("user", user)
            .field("folder", folder)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Returns the value of a template name such as `user` or `settings.x`, if it is the same for every request.
    pub fn lookup_value(&self, name: &str) -> Option<String> {
        match (name, name.split_once('.')) {
            ("user", _) => Some(self.user.clone()),
            ("password", _) => Some(self.password.clone()),
            ("institution", _) => Some(self.institution.clone()),
            (_, Some(("settings", of))) => self.settings.get(of).cloned(),
            (_, Some(("secret", "password"))) => Some(self.password.clone()),
            (_, Some(("secret", of))) => self.secrets.get(of).cloned(),
            _ => None,
        }
    }

    /// Whether the source's files come over the network instead of from a folder.
    pub fn is_remote(&self) -> bool {
        self.folder.as_os_str().is_empty() && !self.base_url.is_empty()
    }

    /// Opens a payload of a stream so that its records can be counted. A stream with `since` is opened whole, because
    /// the start of its next pass is computed from all of its records.
    ///
    /// # Errors
    /// [`Failure`] if the body is truncated or not in the stream's format; it can be retried.
    pub async fn read_body<'p>(
        &self,
        stream: &Stream,
        payload: &'p Payload,
        address: &str,
    ) -> Result<Body<'p>, Failure> {
        let ask = if stream.since.is_some() { RequestedRecords::Whole } else { RequestedRecords::Count };
        self.unpacker.prepare_payload(stream, payload, ask).await.map_err(|e| Failure::from_decode_error(address, e))
    }
}
