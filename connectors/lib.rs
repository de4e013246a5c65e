//! The connectors that ship with Huiliu: a plain sorted list. One folder each: manifest, samples, expected results.

use huiliu_core::manifest::{Manifest, ManifestFault};

/// Connector id and the text of its manifest, sorted by id.
pub const MANIFESTS: &[(&str, &str)] = &[
    ("cmcc", include_str!("cmcc/manifest.toml")),
    ("institution", include_str!("institution/manifest.toml")),
    ("intel", include_str!("intel/manifest.toml")),
];

/// Every registered manifest, checked.
///
/// # Errors
/// [`ManifestFault`] naming the file, the place and what is expected.
pub fn all() -> Result<Vec<Manifest>, ManifestFault> {
    MANIFESTS.iter().map(|(id, text)| Manifest::parse(&format!("connectors/{id}/manifest.toml"), text)).collect()
}
