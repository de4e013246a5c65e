//! Reads a sample of a platform that nobody has described yet, and guesses what its manifest would say.
//!
//! Pure: bytes in, a [`Guess`] out. A guess is a confidence and its reasons, never a claim: what a column is called and
//! what stands in it must agree before anything is said above ninety per cent, and below fifty it is a question.

mod candidates;
mod columns;
mod content;
mod dictionary;
mod fit;
mod grid;
mod guess;
mod json;
mod layout;
mod leftover;
mod marks;
mod names;
mod relate;
mod settle;
mod sniff;
mod table;
mod terms;
mod unit;
mod version;
pub mod write;
mod xml;

use thiserror::Error;

pub use guess::{
    Evidence, FieldGuess, Guess, Key, Pass, Piece, Question, REQUIRED, Seen, UNSURE, UnitGuess, Version, guess,
};
pub use layout::{Header, Layout, Paging};
pub use sniff::{MAX_SAMPLE, task};
pub use terms::Meaning;

/// Why nothing can be guessed from a sample. Each text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "the words of each variant say what it means")]
pub enum InferFault {
    #[error("the sample is empty; give one with a header and a few records")]
    Empty,
    #[error("the sample has {found} bytes, at most {most} are read; give its first few hundred records")]
    TooLarge { found: usize, most: usize },
    #[error("the sample is no text, no workbook and no known format; save it as .xlsx, .csv, .json or .xml")]
    Binary,
    #[error("the sample is no whole {format}: {why}; get it again, complete")]
    Broken { format: &'static str, why: String },
    #[error("no list of records was found in the {format}; give a sample with a header and at least one record")]
    NoTable { format: &'static str },
}
