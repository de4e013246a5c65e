//! The connectors that ship with Huiliu, as a plain sorted list. Each has a folder with manifest, samples and expected
//! results, and, for the few whose platform no manifest can describe, a connector in Rust (`docs/rust-connector.md`).

use huiliu_manifest::{Manifest, ManifestError};
use huiliu_platform::shipped::{ShippedConnector, ShippedSample};

/// One line of the list: the folder's name, then stream, file stem and extension of each sample. `by PATH` names the
/// function that makes a connector written in Rust.
macro_rules! connector {
    ($id:literal $(by $make:path)?: $($stream:ident $stem:literal $ending:ident),+) => {
        ShippedConnector {
            id: $id,
            manifest: include_str!(concat!($id, "/manifest.toml")),
            samples: &[$(ShippedSample {
                stream: stringify!($stream),
                address: concat!($stem, ".", stringify!($ending)),
                bytes: include_bytes!(concat!($id, "/samples/", $stem, ".", stringify!($ending))),
                expected: include_str!(concat!($id, "/expected/", $stem, ".json")),
            }),+],
            make: [$(Some($make as huiliu_platform::shipped::Make),)? None][0],
        }
    };
}

/// Every connector, sorted by id.
#[rustfmt::skip]
pub const CONNECTORS: &[ShippedConnector] = &[
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

/// Parses and checks every shipped manifest, in the order of [`CONNECTORS`].
///
/// # Errors
/// Returns a [`ManifestError`] that names the file, the place in it, and what is expected there.
pub fn parse_all() -> Result<Vec<Manifest>, ManifestError> {
    CONNECTORS.iter().map(ShippedConnector::parse_manifest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_name_a_maker() {
        let in_rust = connector!("intel" by huiliu_platform::from_manifest: certificates "records" xml);
        assert!(in_rust.make.is_some() && in_rust.samples[0].address == "records.xml");
        assert!(CONNECTORS.iter().all(|c| c.make.is_none() && c.manifest.contains(c.id)));
    }
}
