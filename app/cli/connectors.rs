//! `connectors …`: from a description of a platform to a connector in use.

use std::path::PathBuf;

use clap::Subcommand;

use super::{ReasonArgs, parse_reason};

/// The template of a new connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Template {
    HttpJson,
    HttpXml,
    Csv,
    Xlsx,
    Push,
}

#[derive(Debug, Subcommand)]
pub enum Connectors {
    /// List the connectors, their versions and where each comes from.
    List,
    /// Show a connector's manifest.
    Show { id: String },
    /// Check one manifest alone, or every manifest in use with its samples.
    Check { path: Option<PathBuf> },
    /// Write a new connector that passes its own test, as a starting point.
    New {
        name: String,
        /// What its platform gives.
        #[arg(long, default_value = "http-json")]
        from: Template,
        /// Folder that the connector is written to.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Compare samples with their expected results, then every variant of them.
    Test {
        /// A folder with manifest.toml, samples/ and expected/.
        path: PathBuf,
        /// Write the results of the samples as the expected results.
        #[arg(long)]
        accept: bool,
    },
    /// Show raw record, mapped record and problems, side by side.
    Preview {
        /// A folder with manifest.toml and samples/, or the manifest.
        path: PathBuf,
        #[arg(long)]
        stream: Option<String>,
        /// Use this sample instead of the first.
        #[arg(long, conflicts_with = "source")]
        sample: Option<PathBuf>,
        /// Use the first page of this source; nothing is stored.
        #[arg(long)]
        source: Option<String>,
        /// Show every record.
        #[arg(long, conflicts_with = "limit")]
        all: bool,
        /// Show at most this many records.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: Option<u32>,
    },
    /// What is allowed at a place in a manifest, such as `stream.page`; without a place, the whole language.
    Explain {
        #[arg(default_value = "")]
        place: String,
        /// Print the JSON Schema for editors.
        #[arg(long, conflicts_with = "place")]
        schema: bool,
    },
    /// Guess a manifest from a sample: JSON, XML, CSV, workbook or HTML table.
    Infer {
        /// A file, or a URL.
        sample: String,
        /// Fetch it from this source's platform, with the credentials of the source.
        #[arg(long)]
        source: Option<String>,
        /// Write manifest.toml into this folder.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// The connector's id; by default it is made from the sample's name.
        #[arg(long, value_name = "NAME")]
        id: Option<String>,
        /// Keep the sample beside the manifest, with everybody in it replaced by a generated person.
        #[arg(long, requires = "out")]
        with_sample: bool,
    },
    /// Keep a source's first page, or a file, as a sample in which everybody is replaced by a generated person.
    Record {
        /// Name of the source.
        #[arg(required_unless_present = "sample", conflicts_with = "sample")]
        source: Option<String>,
        #[arg(long)]
        stream: Option<String>,
        /// Read this file instead of a source.
        #[arg(long, value_name = "FILE")]
        sample: Option<PathBuf>,
        /// The connector's folder; the sample goes into its samples/.
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
    },
    /// Check a connector, register it and put it into use, without a restart.
    Register {
        /// A folder with manifest.toml, samples/ and expected/, or the manifest in it.
        path: PathBuf,
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// List the versions of a connector, and which one is in use.
    Versions { id: String },
    /// Go back to another version of a connector.
    Rollback {
        id: String,
        /// A version, or `built-in` for the one that comes with the program.
        #[arg(long, value_name = "VERSION")]
        to: String,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
    /// Enable a connector again: its sources are read again.
    Enable {
        id: String,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
    /// Disable a connector: its sources are no longer read; what was received is still delivered.
    Disable {
        id: String,
        /// Why, for the audit log.
        #[arg(long, value_parser = parse_reason)]
        because: String,
    },
}
