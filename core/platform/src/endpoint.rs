//! The settings of one source, as a connector is given them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::connector::RateLimiter;
use crate::failure::Failure;
use crate::http::guard;
use huiliu_decode::Body;
use huiliu_decode::payload::Payload;
use huiliu_decode::unpacker::{Ask, Unpacker};
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
    /// What else its manifest asks for.
    pub settings: BTreeMap<String, String>,
    /// Secrets by name; the password is not among them.
    pub secrets: BTreeMap<String, String>,
    /// Folder of dropped files.
    pub folder: PathBuf,
    /// Networks that may be connected to though they are not public.
    pub networks: guard::Networks,
    /// Who shares out the requests of a platform.
    pub pace: Arc<dyn RateLimiter>,
    /// Longest time for one answer.
    pub timeout: Duration,
    /// Reads what is more than text.
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
    /// The value of that name, where it is the same for every request.
    pub fn value(&self, name: &str) -> Option<String> {
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

    /// Whether its files are not in a folder.
    pub fn is_remote(&self) -> bool {
        self.folder.as_os_str().is_empty() && !self.base_url.is_empty()
    }

    /// What came for a stream, ready to be counted. Where the stream's next pass begins is read off all of its records.
    ///
    /// # Errors
    /// [`Failure`] for a cut or foreign body; it is worth asking again.
    pub async fn read<'p>(&self, stream: &Stream, payload: &'p Payload, address: &str) -> Result<Body<'p>, Failure> {
        let ask = if stream.since.is_some() { Ask::Whole } else { Ask::Count };
        self.unpacker.read(stream, payload, ask).await.map_err(|e| Failure::undecodable(address, e))
    }
}
