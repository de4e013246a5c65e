//! The connectors that ship with Huiliu: a plain sorted list. One folder each: manifest, samples, expected results, and
//! for the few whose platform no manifest can describe, a connector in Rust (`docs/rust-connector.md`).

use std::sync::Arc;

use huiliu_manifest::{Manifest, ManifestFault, Stream};
use huiliu_platform::{Endpoint, Failure, connector};

/// A connector as it ships.
#[derive(Debug, Clone, Copy)]
pub struct Connector {
    /// Its id, and the name of its folder.
    pub id: &'static str,
    /// The text of its manifest.
    pub manifest: &'static str,
    /// What its platform may send.
    pub samples: &'static [Sample],
    /// Makes it, where it is written in Rust; else the manifest says all.
    pub make: Option<Make>,
}

/// Makes a connector of a manifest, its own or a newer one that was registered, and of a source's settings.
pub type Make = fn(Manifest, Endpoint) -> Result<Arc<dyn connector::Connector>, Failure>;

/// A payload that a platform may send, and what must come of it.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// The stream it belongs to.
    pub stream: &'static str,
    /// Page or file name, as the platform gives it.
    pub address: &'static str,
    /// Bytes as received.
    pub bytes: &'static [u8],
    /// The outcome of each raw record, in order, as JSON.
    pub expected: &'static str,
}

/// One line of the list: the folder's name, then stream, stem and ending of each sample; `by PATH` names the maker of one
/// that is written in Rust.
macro_rules! connector {
    ($id:literal $(by $make:path)?: $($stream:ident $stem:literal $ending:ident),+) => {
        Connector {
            id: $id,
            manifest: include_str!(concat!($id, "/manifest.toml")),
            samples: &[$(Sample {
                stream: stringify!($stream),
                address: concat!($stem, ".", stringify!($ending)),
                bytes: include_bytes!(concat!($id, "/samples/", $stem, ".", stringify!($ending))),
                expected: include_str!(concat!($id, "/expected/", $stem, ".json")),
            }),+],
            make: [$(Some($make as Make),)? None][0],
        }
    };
}

/// Every connector, sorted by id.
#[rustfmt::skip]
pub const CONNECTORS: &[Connector] = &[
    connector!("cmcc": completions "CMCC_20141011_001" csv),
    connector!("institution": completions "completions" json, progress "progress" json),
    connector!("intel": certificates "records" xml),
    connector!("lego": certificates "LEGO_20140930_openpyxl" xlsx, certificates "LEGO_20150331_libreoffice" xlsx),
    connector!("microsoft": certificates "TrainingRecords" json),
    connector!("oneroster-v11": orgs "orgs" csv, users "users" csv),
    connector!("oneroster-v12": orgs "orgs" csv, users "users" csv, roles "roles" csv),
    connector!("roster-csv": schools "schools_20140901" csv, teachers "teachers_20140901" csv),
    connector!("roster-xlsx": schools "schools_20140901" xlsx, teachers "teachers_20140901" xlsx),
];

/// Every registered manifest, checked, in the order of [`CONNECTORS`].
///
/// # Errors
/// [`ManifestFault`] naming the file, the place and what is expected.
pub fn all() -> Result<Vec<Manifest>, ManifestFault> {
    CONNECTORS.iter().map(|c| Manifest::parse(&format!("connectors/{}/manifest.toml", c.id), c.manifest)).collect()
}

/// The connector of a manifest: made in Rust where a line of the list with its id says so, else by the manifest alone.
///
/// # Errors
/// [`Failure`] when there is no such connector for these settings.
pub fn connect(
    list: &[Connector],
    manifest: Manifest,
    endpoint: Endpoint,
) -> Result<Arc<dyn connector::Connector>, Failure> {
    maker(list, &manifest).unwrap_or(huiliu_platform::from_manifest::from_manifest)(manifest, endpoint)
}

fn maker(list: &[Connector], manifest: &Manifest) -> Option<Make> {
    list.iter().find(|c| c.id == manifest.id).and_then(|c| c.make)
}

/// A cursor given by a person, as the connector of a manifest would write it. That of a connector in Rust is its own: it
/// stays as it is given, and the next pass tells what is wrong with it.
///
/// # Errors
/// Why it is no cursor of this connector, in words.
pub fn check_cursor(list: &[Connector], manifest: &Manifest, stream: &Stream, text: &str) -> Result<String, String> {
    if maker(list, manifest).is_some() {
        Ok(text.to_owned())
    } else {
        huiliu_platform::check_cursor(manifest, stream, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_name_a_maker() {
        let in_rust = connector!("intel" by huiliu_platform::from_manifest::from_manifest: certificates "records" xml);
        assert!(in_rust.make.is_some() && in_rust.samples[0].address == "records.xml");
        assert!(CONNECTORS.iter().all(|c| c.make.is_none() && c.manifest.contains(c.id)));
    }
}
