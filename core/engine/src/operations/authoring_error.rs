//! Why a connector's folder is not written, or a sample not read.

use std::path::PathBuf;

use huiliu_messages::said_in_english;
use serde::Serialize;

use huiliu_authoring::anonymize::AnonymizeError;
use huiliu_authoring::infer::InferError;
use huiliu_decode::decode::DecodeError;
use huiliu_decode::unpack::UnpackError;

/// Why a connector's folder is not written, or a sample not read.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum AuthoringError {
    /// The manifest does not read the sample.
    #[serde(rename = "sample.unreadable")]
    SampleUnreadable {
        /// Page or file name.
        address: String,
        /// Why.
        fault: DecodeError,
    },
    /// A link could lead out of the connector's folder.
    #[serde(rename = "connector.symbolic_link")]
    SymbolicLink {
        /// The link.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
    },
    /// A file of the folder cannot be written.
    #[serde(rename = "connector.unwritable")]
    Unwritable {
        /// Which.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// What the system says.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// The manifest has no such stream.
    #[serde(rename = "stream.not_found")]
    NoStream {
        /// As it was asked for.
        stream: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// The folder has no sample of the stream.
    #[serde(rename = "sample.none")]
    NoSample {
        /// The stream.
        stream: String,
    },
    /// A new connector would overwrite what is there.
    #[serde(rename = "connector.folder_there")]
    FolderThere {
        /// The folder.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        folder: PathBuf,
    },
    /// A recorded sample would overwrite what is there.
    #[serde(rename = "sample.there")]
    SampleThere {
        /// The file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
    },
    /// The source gives no page.
    #[serde(rename = "source.empty")]
    NothingToRead {
        /// The source.
        name: String,
    },
    /// The people in a sample cannot be replaced.
    #[serde(rename = "sample.disguise")]
    Anonymizer {
        /// Page or file name.
        address: String,
        /// Why.
        fault: AnonymizeError,
    },
    /// The sample that something is guessed from does not unpack.
    #[serde(rename = "sample.unpack")]
    Unpack {
        /// The sample's name.
        sample: String,
        /// Why.
        fault: UnpackError,
    },
    /// Nothing can be guessed.
    #[serde(rename = "sample.guess")]
    Guess {
        /// The sample's name.
        sample: String,
        /// Why.
        fault: InferError,
    },
    /// The sample that something is guessed from cannot be had.
    #[serde(rename = "sample.not_found")]
    NoSuchSample {
        /// As it was given.
        sample: String,
        /// What the system says.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// The id is none.
    #[serde(rename = "connector.id")]
    ConnectorId {
        /// As it was given, or made from the sample's name.
        id: String,
    },
    /// The guess cannot be written where it was wanted.
    #[serde(rename = "connector.guess_unwritable")]
    GuessUnwritable {
        /// The file or folder.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// What the system says.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// There is no seed for generated people.
    #[serde(untagged)]
    Seed(AnonymizeError),
    /// A page, or the draft of a sample, is lost on the way.
    #[serde(untagged)]
    Lost(#[serde(serialize_with = "huiliu_messages::as_system_error")] std::io::Error),
}

said_in_english!(AuthoringError);

impl AuthoringError {
    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::SampleUnreadable { .. } => "sample.unreadable",
            Self::SymbolicLink { .. } => "connector.symbolic_link",
            Self::Unwritable { .. } | Self::GuessUnwritable { .. } => "connector.unwritable",
            Self::NoStream { .. } => "stream.not_found",
            Self::NoSample { .. } | Self::NoSuchSample { .. } => "sample.not_found",
            Self::FolderThere { .. } => "connector.folder_there",
            Self::SampleThere { .. } => "sample.there",
            Self::NothingToRead { .. } => "source.empty",
            Self::Anonymizer { .. } => "sample.disguise",
            Self::Seed(_) => "random",
            Self::Lost(_) => "sample.lost",
            Self::Unpack { .. } => "sample.unpack",
            Self::Guess { .. } => "sample.guess",
            Self::ConnectorId { .. } => "connector.id",
        }
    }

    /// Whether whoever asked has to ask otherwise; else something went wrong on the way, or the sample is not good.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::SymbolicLink { .. }
            | Self::Unwritable { .. }
            | Self::NoStream { .. }
            | Self::NoSample { .. }
            | Self::FolderThere { .. }
            | Self::SampleThere { .. }
            | Self::NoSuchSample { .. }
            | Self::ConnectorId { .. } => true,
            Self::SampleUnreadable { .. }
            | Self::NothingToRead { .. }
            | Self::Anonymizer { .. }
            | Self::Seed(_)
            | Self::Lost(_)
            | Self::Unpack { .. }
            | Self::Guess { .. }
            | Self::GuessUnwritable { .. } => false,
        }
    }
}
