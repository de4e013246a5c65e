//! Connectors that come with a program: a plain list of them, each a manifest with its samples, and a maker for the few
//! whose platform no manifest can describe.

use std::sync::Arc;

use crate::connector::Connector;
use crate::endpoint::Endpoint;
use crate::failure::{CursorFormatError, Failure};
use crate::{cursors, from_manifest};
use huiliu_manifest::{Manifest, ManifestError, Sample, Stream};

/// A connector as it ships.
#[derive(Debug, Clone, Copy)]
pub struct ShippedConnector {
    /// Its id, and the name of its folder.
    pub id: &'static str,
    /// The text of its manifest.
    pub manifest: &'static str,
    /// What its platform may send.
    pub samples: &'static [ShippedSample],
    /// Makes it, where it is written in Rust; else the manifest says all.
    pub make: Option<Make>,
}

/// Makes a connector of a manifest, its own or a newer one that was registered, and of a source's settings.
pub type Make = fn(Manifest, Endpoint) -> Result<Arc<dyn Connector>, Failure>;

/// A payload that a platform may send, and what must come of it.
#[derive(Debug, Clone, Copy)]
pub struct ShippedSample {
    /// The stream it belongs to.
    pub stream: &'static str,
    /// Page or file name, as the platform gives it.
    pub address: &'static str,
    /// Bytes as received.
    pub bytes: &'static [u8],
    /// The outcome of each raw record, in order, as JSON.
    pub expected: &'static str,
}

impl ShippedConnector {
    /// Its manifest, checked.
    ///
    /// # Errors
    /// [`ManifestError`] naming the file, the place and what is expected.
    pub fn manifest(&self) -> Result<Manifest, ManifestError> {
        Manifest::parse(&format!("connectors/{}/manifest.toml", self.id), self.manifest)
    }

    /// Its samples, as those of a registered version are held.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let sample = |s: &ShippedSample| Sample {
            stream: s.stream.to_owned(),
            address: s.address.to_owned(),
            bytes: s.bytes.to_vec(),
            expected: s.expected.to_owned(),
        };
        self.samples.iter().map(sample).collect()
    }
}

/// The connector of a manifest: made in Rust where a line of the list with its id says so, else by the manifest alone.
///
/// # Errors
/// [`Failure`] when there is no such connector for these settings.
pub fn connect(
    list: &[ShippedConnector],
    manifest: Manifest,
    endpoint: Endpoint,
) -> Result<Arc<dyn Connector>, Failure> {
    maker(list, &manifest).unwrap_or(from_manifest::from_manifest)(manifest, endpoint)
}

fn maker(list: &[ShippedConnector], manifest: &Manifest) -> Option<Make> {
    list.iter().find(|c| c.id == manifest.id).and_then(|c| c.make)
}

/// A cursor given by a person, as the connector of a manifest would write it. That of a connector in Rust is its own: it
/// stays as it is given, and the next pass tells what is wrong with it.
///
/// # Errors
/// [`CursorFormatError`].
pub fn check_cursor(
    list: &[ShippedConnector],
    manifest: &Manifest,
    stream: &Stream,
    text: &str,
) -> Result<String, CursorFormatError> {
    if maker(list, manifest).is_some() { Ok(text.to_owned()) } else { cursors::check_cursor(manifest, stream, text) }
}
