//! The connectors that ship with Huiliu: a plain sorted list. One folder each: manifest, samples, expected results.

use huiliu_core::manifest::{Manifest, ManifestFault};

/// A connector as it ships.
#[derive(Debug, Clone, Copy)]
pub struct Connector {
    /// Its id, and the name of its folder.
    pub id: &'static str,
    /// The text of its manifest.
    pub manifest: &'static str,
    /// What its platform may send.
    pub samples: &'static [Sample],
}

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

/// Every connector, sorted by id.
pub const CONNECTORS: &[Connector] = &[
    Connector {
        id: "cmcc",
        manifest: include_str!("cmcc/manifest.toml"),
        samples: &[Sample {
            stream: "completions",
            address: "CMCC_20141011_001.csv",
            bytes: include_bytes!("cmcc/samples/CMCC_20141011_001.csv"),
            expected: include_str!("cmcc/expected/CMCC_20141011_001.json"),
        }],
    },
    Connector {
        id: "institution",
        manifest: include_str!("institution/manifest.toml"),
        samples: &[
            Sample {
                stream: "completions",
                address: "completions.json",
                bytes: include_bytes!("institution/samples/completions.json"),
                expected: include_str!("institution/expected/completions.json"),
            },
            Sample {
                stream: "progress",
                address: "progress.json",
                bytes: include_bytes!("institution/samples/progress.json"),
                expected: include_str!("institution/expected/progress.json"),
            },
        ],
    },
    Connector {
        id: "intel",
        manifest: include_str!("intel/manifest.toml"),
        samples: &[Sample {
            stream: "certificates",
            address: "records.xml",
            bytes: include_bytes!("intel/samples/records.xml"),
            expected: include_str!("intel/expected/records.json"),
        }],
    },
    Connector {
        id: "lego",
        manifest: include_str!("lego/manifest.toml"),
        samples: &[
            Sample {
                stream: "certificates",
                address: "LEGO_20140930_openpyxl.xlsx",
                bytes: include_bytes!("lego/samples/LEGO_20140930_openpyxl.xlsx"),
                expected: include_str!("lego/expected/LEGO_20140930_openpyxl.json"),
            },
            Sample {
                stream: "certificates",
                address: "LEGO_20150331_libreoffice.xlsx",
                bytes: include_bytes!("lego/samples/LEGO_20150331_libreoffice.xlsx"),
                expected: include_str!("lego/expected/LEGO_20150331_libreoffice.json"),
            },
        ],
    },
    Connector {
        id: "microsoft",
        manifest: include_str!("microsoft/manifest.toml"),
        samples: &[Sample {
            stream: "certificates",
            address: "TrainingRecords.json",
            bytes: include_bytes!("microsoft/samples/TrainingRecords.json"),
            expected: include_str!("microsoft/expected/TrainingRecords.json"),
        }],
    },
];

/// Every registered manifest, checked, in the order of [`CONNECTORS`].
///
/// # Errors
/// [`ManifestFault`] naming the file, the place and what is expected.
pub fn all() -> Result<Vec<Manifest>, ManifestFault> {
    CONNECTORS.iter().map(|c| Manifest::parse(&format!("connectors/{}/manifest.toml", c.id), c.manifest)).collect()
}
