//! Templates for new connectors. Each passes its own test.

use crate::cli::Template;

type File = (&'static str, &'static [u8]);

macro_rules! files {
    ($folder:literal, $sample:literal, $expected:literal) => {
        &[
            ("manifest.toml", include_bytes!(concat!("templates/", $folder, "/manifest.toml"))),
            ($sample, include_bytes!(concat!("templates/", $folder, "/", $sample))),
            ($expected, include_bytes!(concat!("templates/", $folder, "/", $expected))),
        ]
    };
}

impl Template {
    /// Returns the files of the template's folder: name and content.
    pub fn files(self) -> &'static [File] {
        match self {
            Self::HttpJson => files!("http-json", "samples/completions.json", "expected/completions.json"),
            Self::HttpXml => files!("http-xml", "samples/records.xml", "expected/records.json"),
            Self::Csv => files!("csv", "samples/completions.csv", "expected/completions.json"),
            Self::Xlsx => files!("xlsx", "samples/completions.xlsx", "expected/completions.json"),
            Self::Push => files!("push", "samples/completions.jsonl", "expected/completions.json"),
        }
    }
}
