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

use huiliu_decode::decode::DecodeError;
use huiliu_messages::said_in_english;
use serde::Serialize;

pub use guess::{
    Evidence, FieldGuess, Guess, Key, Pass, Piece, Question, REQUIRED, Seen, UNSURE, UnitGuess, Version, guess,
};
pub use layout::{Header, Layout, Paging};
pub use sniff::{MAX_SAMPLE, task};
pub use terms::Meaning;

/// Why nothing can be guessed from a sample. Each text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum InferError {
    /// There is nothing in it.
    #[serde(rename = "infer.empty")]
    Empty,
    /// There is too much in it, in bytes.
    #[serde(rename = "infer.too_large")]
    TooLarge { found: usize, most: usize },
    /// No format that is known.
    #[serde(rename = "infer.binary")]
    Binary,
    /// It begins as a format and does not go on so.
    #[serde(rename = "infer.broken")]
    Broken { format: SampleForm, why: BrokenSample },
    /// It holds no list of records.
    #[serde(rename = "infer.no_table")]
    NoTable { format: SampleForm },
}

/// What a sample seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the names are those of the formats")]
pub enum SampleForm {
    #[serde(rename = "sample_form.json")]
    Json,
    #[serde(rename = "sample_form.json_lines")]
    JsonLines,
    #[serde(rename = "sample_form.xml")]
    Xml,
    #[serde(rename = "sample_form.html")]
    Html,
    #[serde(rename = "sample_form.csv")]
    Csv,
    #[serde(rename = "sample_form.text")]
    Text,
    #[serde(rename = "sample_form.workbook")]
    Workbook,
    #[serde(rename = "sample_form.any")]
    Any,
}

/// Why a sample is not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum BrokenSample {
    /// Elements in elements, or elements at all.
    #[serde(rename = "broken_sample.too_deep")]
    TooDeep { depth: usize, most: usize },
    /// Elements at all.
    #[serde(rename = "broken_sample.too_many")]
    TooMany { most: usize },
    /// An end without a beginning.
    #[serde(rename = "broken_sample.end_alone")]
    EndAlone,
    /// A document type could name what is read from elsewhere.
    #[serde(rename = "broken_sample.doctype")]
    Doctype,
    /// A beginning without an end.
    #[serde(rename = "broken_sample.cut")]
    Cut,
    /// Anything else, in the parser's own words.
    #[serde(rename = "broken_sample.other")]
    Other { text: String },
    /// What was unpacked.
    #[serde(untagged)]
    Unpacked(DecodeError),
}

said_in_english!(InferError, SampleForm, BrokenSample);

impl BrokenSample {
    /// What a parser says.
    fn of(error: &dyn std::fmt::Display) -> Self {
        Self::Other { text: error.to_string() }
    }
}
