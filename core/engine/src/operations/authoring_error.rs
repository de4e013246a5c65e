//! Why a connector's folder is not written, or a sample not read.

use std::path::PathBuf;

use thiserror::Error;

use huiliu_authoring::anonymize::DisguiseFault;
use huiliu_authoring::infer::InferFault;
use huiliu_decode::decode::DecodeFault;
use huiliu_decode::unpack::UnpackFault;

/// Why a connector's folder is not written, or a sample not read.
#[derive(Debug, Error)]
pub enum AuthoringError {
    /// The manifest does not read the sample.
    #[error("{address} cannot be read: {fault}")]
    SampleUnreadable {
        /// Page or file name.
        address: String,
        /// Why.
        fault: DecodeFault,
    },
    /// A link could lead out of the connector's folder.
    #[error("{} is a symbolic link, and nothing is written through one; put a folder or file in its place", path.display())]
    SymbolicLink {
        /// The link.
        path: PathBuf,
    },
    /// A file of the folder cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The manifest has no such stream.
    #[error("there is no stream {stream:?}; there are {}", known.join(", "))]
    NoStream {
        /// As it was asked for.
        stream: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// The folder has no sample of the stream.
    #[error("stream {stream} has no sample; give one with --sample FILE, or a source with --source NAME")]
    NoSample {
        /// The stream.
        stream: String,
    },
    /// A new connector would overwrite what is there.
    #[error("{} is there already; give another place with --out", folder.display())]
    FolderThere {
        /// The folder.
        folder: PathBuf,
    },
    /// A recorded sample would overwrite what is there.
    #[error("{} is there already; move it away first", file.display())]
    SampleThere {
        /// The file.
        file: PathBuf,
    },
    /// The source gives no page.
    #[error("source {name} has nothing to read")]
    NothingToRead {
        /// The source.
        name: String,
    },
    /// The people in a sample cannot be replaced.
    #[error("{address}: {fault}")]
    Disguise {
        /// Page or file name.
        address: String,
        /// Why.
        fault: DisguiseFault,
    },
    /// There is no seed for generated people.
    #[error(transparent)]
    Seed(DisguiseFault),
    /// A page, or the draft of a sample, is lost on the way.
    #[error(transparent)]
    Lost(std::io::Error),
    /// The sample that something is guessed from does not unpack.
    #[error("{sample}: {fault}")]
    Unpack {
        /// The sample's name.
        sample: String,
        /// Why.
        fault: UnpackFault,
    },
    /// Nothing can be guessed.
    #[error("{sample}: {fault}")]
    Guess {
        /// The sample's name.
        sample: String,
        /// Why.
        fault: InferFault,
    },
    /// The sample that something is guessed from cannot be had.
    #[error("cannot read {place}: {source}; give a file, or a URL that begins with http:// or https://")]
    NoSuchSample {
        /// As it was given.
        place: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The id is none.
    #[error("{id:?} is no connector id; give 1 to 60 small letters, digits, - and _")]
    ConnectorId {
        /// As it was given, or made from the sample's name.
        id: String,
    },
    /// The guess cannot be written where it was wanted.
    #[error("cannot write {}: {source}; give another folder with --out", path.display())]
    GuessUnwritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

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
            Self::Disguise { .. } => "sample.disguise",
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
            | Self::Disguise { .. }
            | Self::Seed(_)
            | Self::Lost(_)
            | Self::Unpack { .. }
            | Self::Guess { .. }
            | Self::GuessUnwritable { .. } => false,
        }
    }
}
