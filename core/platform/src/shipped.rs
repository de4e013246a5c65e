//! Connectors that ship with the program: a list of manifests with their samples, and a constructor for the few
//! connectors whose platform no manifest can describe.

use std::sync::Arc;

use crate::connector::Connector;
use crate::endpoint::Endpoint;
use crate::failure::{CursorFormatError, Failure};
use crate::{cursors, from_manifest};
use huiliu_manifest::{Manifest, ManifestError, Sample, Stream};

/// A connector that ships with the program.
#[derive(Debug, Clone, Copy)]
pub struct ShippedConnector {
    /// Its id, which is also the name of its folder.
    pub id: &'static str,
    /// Text of its manifest (TOML).
    pub manifest: &'static str,
    /// Samples of what its platform may send.
    pub samples: &'static [ShippedSample],
    /// Constructor of a connector written in Rust; `None` if the manifest describes everything.
    pub make: Option<Make>,
}

/// Builds a connector from a manifest (the shipped one or a newer registered one) and a source's settings.
pub type Make = fn(Manifest, Endpoint) -> Result<Arc<dyn Connector>, Failure>;

/// A payload that a platform may send, and the outcome it must have.
#[derive(Debug, Clone, Copy)]
pub struct ShippedSample {
    /// Name of the stream it belongs to.
    pub stream: &'static str,
    /// Page or file name, as the platform gives it.
    pub address: &'static str,
    /// The bytes as received.
    pub bytes: &'static [u8],
    /// The expected outcome of each raw record, in order, as JSON.
    pub expected: &'static str,
}

impl ShippedConnector {
    /// Parses and checks its manifest.
    ///
    /// # Errors
    /// [`ManifestError`] naming the file, the place and what is expected.
    pub fn parse_manifest(&self) -> Result<Manifest, ManifestError> {
        Manifest::parse(&format!("connectors/{}/manifest.toml", self.id), self.manifest)
    }

    /// Returns its samples in the form in which those of a registered version are stored.
    #[must_use]
    pub fn list_samples(&self) -> Vec<Sample> {
        let sample = |s: &ShippedSample| Sample {
            stream: s.stream.to_owned(),
            address: s.address.to_owned(),
            bytes: s.bytes.to_vec(),
            expected: s.expected.to_owned(),
        };
        self.samples.iter().map(sample).collect()
    }
}

/// Builds the connector of a manifest: in Rust if the list has a constructor for its id, otherwise from the manifest
/// alone.
///
/// # Errors
/// [`Failure`] if the connector cannot be built with these settings.
pub fn build_connector(
    list: &[ShippedConnector],
    manifest: Manifest,
    endpoint: Endpoint,
) -> Result<Arc<dyn Connector>, Failure> {
    find_constructor(list, &manifest).unwrap_or(from_manifest::from_manifest)(manifest, endpoint)
}

fn find_constructor(list: &[ShippedConnector], manifest: &Manifest) -> Option<Make> {
    list.iter().find(|c| c.id == manifest.id).and_then(|c| c.make)
}

/// Checks a cursor that a person gave, and returns it as the connector would write it. The cursor of a connector in
/// Rust has a private form: it is returned unchanged, and the next pass reports if it is wrong.
///
/// # Errors
/// [`CursorFormatError`] if the text is not a cursor of this stream.
/// [`CursorFormatError`].
pub fn check_cursor(
    list: &[ShippedConnector],
    manifest: &Manifest,
    stream: &Stream,
    text: &str,
) -> Result<String, CursorFormatError> {
    if find_constructor(list, manifest).is_some() {
        Ok(text.to_owned())
    } else {
        cursors::check_cursor(manifest, stream, text)
    }
}
