//! The teacher-training platforms of a province as they behave, on loopback, with generated
//! people only, and the truth about what a correct importer ends up with.
//!
//! Every record is a pure function of the seed and its index; nothing is kept in memory, so
//! three million records cost no more than ten. This crate shares no code with the importer:
//! it is an independent oracle.

mod amounts;
mod chance;
mod cmcc;
mod dates;
mod download;
mod facts;
mod fault;
mod institution;
mod intel;
mod lego;
mod microsoft;
mod people;
pub mod population;
mod server;
mod text;
mod trouble;
mod truth;

use std::path::PathBuf;

use chance::Permutation;
use facts::Stream;
use people::People;
pub use server::Sandbox;
pub use truth::TruthSummary;

/// The OAuth 2.0 client, Basic user and application of every platform.
pub const CLIENT: &str = "huiliu";
/// The secret that goes with [`CLIENT`].
pub const SECRET: &str = "sandbox-secret";

/// What world to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Everything depends on it and on nothing else.
    pub seed: u64,
    /// Raw records on all platforms together; rounded to a multiple of ten, at least twenty.
    pub records: u64,
    /// Whether about one HTTP request in twenty fails on its first attempt.
    pub faults: bool,
    /// So many percent of the good HTTP records (the newest version of each) have one version
    /// more, other minutes or days, and an `updatedAt` in 2018, after that of every item not
    /// changed. CMCC and Lego rows have no versions and stay as they are.
    pub changed_percent: u8,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, records: 1_000, faults: false, changed_percent: 0 }
    }
}

/// Raw records of each stream, good and bad, every version counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Institution, completions.
    pub completions: u64,
    /// Institution, progress.
    pub progress: u64,
    /// Intel.
    pub intel: u64,
    /// CMCC, rows in all files.
    pub cmcc: u64,
    /// Lego, rows in all sheets of all files.
    pub lego: u64,
    /// Microsoft.
    pub microsoft: u64,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.completions + self.progress + self.intel + self.cmcc + self.lego + self.microsoft
    }
}

/// Why the sandbox could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A file or directory could not be written.
    #[error("cannot write {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The server could not be bound to the loopback address.
    #[error("cannot listen on the loopback address")]
    Listen(#[source] std::io::Error),
    /// A truth line could not be put into JSON.
    #[error("cannot put a truth line into JSON")]
    Json(#[from] serde_json::Error),
    /// A workbook could not be put together.
    #[error("cannot put a workbook together")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The task that writes the files did not end well.
    #[error("the task that writes the files did not end")]
    Task(#[from] tokio::task::JoinError),
}

/// The generated world: who there is and what every platform says.
#[derive(Debug, Clone)]
pub struct World {
    options: Options,
    people: People,
    listings: [Permutation; 6],
}

impl World {
    /// The world of these options; costs nothing.
    pub fn new(options: Options) -> Self {
        let persons = persons(options.records);
        Self {
            options,
            people: People::new(options.seed),
            listings: Stream::ALL
                .map(|stream| Permutation::new(options.seed, stream.purpose(10), stream.size(persons))),
        }
    }

    /// How many people there are; each has ten raw records.
    pub fn persons(&self) -> u64 {
        persons(self.options.records)
    }

    /// The raw records of each stream.
    pub fn counts(&self) -> Counts {
        let size = |stream: Stream| self.listing(stream).size();
        Counts {
            completions: size(Stream::Completions),
            progress: size(Stream::Progress),
            intel: size(Stream::Intel),
            cmcc: size(Stream::Cmcc),
            lego: size(Stream::Lego),
            microsoft: size(Stream::Microsoft),
        }
    }

    /// The order in which a stream lists its items: position to index.
    pub(crate) fn listing(&self, stream: Stream) -> &Permutation {
        &self.listings[stream as usize]
    }
}

fn persons(records: u64) -> u64 {
    (records.saturating_add(5) / 10).clamp(2, 100_000_000)
}
