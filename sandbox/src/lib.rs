//! Simulates the teacher-training platforms of a province on loopback, with generated people only, and writes the
//! truth: the result of a correct import.
//!
//! Every record is a pure function of the seed and its index. Nothing is kept in memory, so three million records need
//! no more of it than ten. This crate shares no code with the importer, so that it is an independent oracle.

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

/// The OAuth 2.0 client, Basic user and application name on every platform.
pub const CLIENT: &str = "huiliu";
/// The secret that belongs to [`CLIENT`].
pub const SECRET: &str = "sandbox-secret";

/// Options of the generated world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The seed; with equal options, equal seeds give equal worlds.
    pub seed: u64,
    /// Raw records of all platforms together, rounded to a multiple of ten; at least twenty.
    pub records: u64,
    /// Whether about one HTTP request in twenty fails on its first attempt.
    pub faults: bool,
    /// Percentage of the good HTTP records (the newest version of each) that get one more version, other minutes or
    /// days, and an `updatedAt` in 2018, later than that of every unchanged item. CMCC and Lego rows have no versions
    /// and do not change.
    pub changed_percent: u8,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, records: 1_000, faults: false, changed_percent: 0 }
    }
}

/// Raw records of each stream: good and bad ones, and every version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Completions of the institutions.
    pub completions: u64,
    /// Progress of the institutions.
    pub progress: u64,
    /// Records of the Intel programme.
    pub intel: u64,
    /// CMCC rows in all files.
    pub cmcc: u64,
    /// Lego rows in all sheets of all files.
    pub lego: u64,
    /// Records of the Microsoft programme.
    pub microsoft: u64,
}

impl Counts {
    /// Returns the sum over all streams.
    pub fn total(&self) -> u64 {
        self.completions + self.progress + self.intel + self.cmcc + self.lego + self.microsoft
    }
}

/// A failure of the sandbox itself.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A file or directory could not be written.
    #[error("cannot write {path}")]
    Write {
        /// Path of the file or directory.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// The server could not be bound to the loopback address.
    #[error("cannot listen on the loopback address")]
    Listen(#[source] std::io::Error),
    /// A line of the truth file could not be serialised.
    #[error("cannot put a truth line into JSON")]
    Json(#[from] serde_json::Error),
    /// A workbook could not be built.
    #[error("cannot put a workbook together")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The task that writes the files panicked or was cancelled.
    #[error("the task that writes the files did not end")]
    Task(#[from] tokio::task::JoinError),
}

/// The generated world: its people, and the items of every platform.
#[derive(Debug, Clone)]
pub struct World {
    options: Options,
    people: People,
    listings: [Permutation; 6],
}

impl World {
    /// Creates the world of these options. Records are generated only when they are read.
    pub fn new(options: Options) -> Self {
        let persons = count_persons(options.records);
        Self {
            options,
            people: People::new(options.seed),
            listings: Stream::ALL
                .map(|stream| Permutation::new(options.seed, stream.stream_purpose(10), stream.item_count(persons))),
        }
    }

    /// Returns the number of people; each has ten raw records.
    pub fn persons(&self) -> u64 {
        count_persons(self.options.records)
    }

    /// Returns the raw records of each stream.
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

    /// Returns the order in which a stream lists its items: position to index.
    pub(crate) fn listing(&self, stream: Stream) -> &Permutation {
        &self.listings[stream as usize]
    }
}

fn count_persons(records: u64) -> u64 {
    (records.saturating_add(5) / 10).clamp(2, 100_000_000)
}
