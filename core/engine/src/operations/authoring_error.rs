//! Why a connector's folder cannot be written, or a sample cannot be read.

use std::path::PathBuf;

use huiliu_messages::said_in_english;
use serde::Serialize;

use huiliu_authoring::anonymize::AnonymizeError;
use huiliu_authoring::infer::InferError;
use huiliu_decode::decode::DecodeError;
use huiliu_decode::unpack::UnpackError;

/// Why a connector's folder cannot be written, or a sample cannot be read.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum AuthoringError {
    /// The manifest cannot decode the sample.
    #[serde(rename = "sample.unreadable")]
    SampleUnreadable {
        /// The page's address or the file's name.
        address: String,
        /// The decoder's error.
        fault: DecodeError,
    },
    /// A symbolic link could lead out of the connector's folder.
    #[serde(rename = "connector.symbolic_link")]
    SymbolicLink {
        /// The path of the link.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
    },
    /// A file of the folder cannot be written.
    #[serde(rename = "connector.unwritable")]
    Unwritable {
        /// The path of the file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// The operating system's error.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// The manifest has no such stream.
    #[serde(rename = "stream.not_found")]
    NoStream {
        /// The stream that was requested.
        stream: String,
        /// The names of the streams that exist.
        known: Vec<String>,
    },
    /// The folder has no sample of the stream.
    #[serde(rename = "sample.none")]
    NoSample {
        /// The stream's name.
        stream: String,
    },
    /// A new connector would overwrite an existing folder.
    #[serde(rename = "connector.folder_there")]
    FolderThere {
        /// The path of the folder.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        folder: PathBuf,
    },
    /// A recorded sample would overwrite an existing file.
    #[serde(rename = "sample.there")]
    SampleThere {
        /// The path of the file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
    },
    /// The source returns no page.
    #[serde(rename = "source.empty")]
    NothingToRead {
        /// The source's name.
        name: String,
    },
    /// The people in a sample cannot be replaced.
    #[serde(rename = "sample.anonymize")]
    Anonymizer {
        /// The page's address or the file's name.
        address: String,
        /// What prevents it.
        fault: AnonymizeError,
    },
    /// The sample for inference cannot be unpacked.
    #[serde(rename = "sample.unpack")]
    Unpack {
        /// The sample's name.
        sample: String,
        /// The unpacker's error.
        fault: UnpackError,
    },
    /// Nothing can be inferred from the sample.
    #[serde(rename = "sample.guess")]
    Guess {
        /// The sample's name.
        sample: String,
        /// What prevents it.
        fault: InferError,
    },
    /// The sample for inference cannot be read.
    #[serde(rename = "sample.not_found")]
    NoSuchSample {
        /// The path that was given.
        sample: String,
        /// The operating system's error.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// The sample's address is not on the platform of the source whose credentials would be sent.
    #[serde(rename = "sample.elsewhere")]
    SampleElsewhere {
        /// The source's name.
        name: String,
    },
    /// The connector id is invalid.
    #[serde(rename = "connector.id")]
    ConnectorId {
        /// The id, as given or as derived from the sample's name.
        id: String,
    },
    /// The inferred manifest or its sample cannot be written.
    #[serde(rename = "connector.guess_unwritable")]
    GuessUnwritable {
        /// The file or folder.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        path: PathBuf,
        /// The operating system's error.
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        source: std::io::Error,
    },
    /// No random seed for generated people is available.
    #[serde(untagged)]
    Seed(AnonymizeError),
    /// A page or the draft of a sample could not be read or written on the way.
    #[serde(untagged)]
    Lost(#[serde(serialize_with = "huiliu_messages::as_system_error")] std::io::Error),
}

said_in_english!(AuthoringError);

impl AuthoringError {
    /// Returns a stable code for programs.
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
            Self::Anonymizer { .. } => "sample.anonymize",
            Self::Seed(_) => "random",
            Self::Lost(_) => "sample.lost",
            Self::Unpack { .. } => "sample.unpack",
            Self::Guess { .. } => "sample.guess",
            Self::SampleElsewhere { .. } => "sample.elsewhere",
            Self::ConnectorId { .. } => "connector.id",
        }
    }

    /// Returns whether the user must change the request. Otherwise something failed on the way, or the sample is
    /// unusable.
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
            | Self::SampleElsewhere { .. }
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
