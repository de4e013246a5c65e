//! Reads a sample of a platform that has no manifest yet, and guesses what its manifest would say.
//!
//! Pure: takes bytes, returns a [`Guess`]. A guess has a confidence and reasons; it is never certain. A confidence
//! above ninety per cent requires that a column's name and content agree; below fifty per cent the guess is only a
//! question.

pub mod answers;
mod candidates;
mod columns;
mod content;
mod dictionary;
mod doubts;
mod fit;
mod grid;
mod groups;
mod guess;
mod json;
mod layout;
mod legend;
mod marks;
mod names;
mod notes;
mod quantities;
mod relate;
mod remaining_columns;
mod settle;
mod sniff;
mod states;
mod table;
mod terms;
pub mod trial;
mod unit;
mod version;
pub mod write;
mod xml;

use huiliu_decode::decode::DecodeError;
use huiliu_decode::unpack::LooksLike;
use huiliu_messages::said_in_english;
use serde::Serialize;

pub use answers::{Answer, AnswerLine, ManifestTable, OpenQuestion};
pub use guess::{
    Evidence, FieldGuess, Guess, Key, Pass, Piece, Question, REQUIRED, UNSURE, UnitGuess, UnmappedColumn, Version,
    guess_manifest,
};
pub use layout::{Header, Layout, Paging, SuccessMark};
pub use sniff::{MAX_SAMPLE, unpack_task};
pub use terms::Meaning;

/// Why nothing can be guessed from a sample. Each text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum InferError {
    /// The sample is empty.
    #[serde(rename = "infer.empty")]
    Empty,
    /// The sample is too large; sizes in bytes.
    #[serde(rename = "infer.too_large")]
    TooLarge { found: usize, most: usize },
    /// The format is not known.
    #[serde(rename = "infer.binary")]
    Binary,
    /// The sample is a file of a kind that nothing is read from.
    #[serde(rename = "infer.other_kind")]
    OtherKind { what: LooksLike },
    /// The sample begins in a known format but breaks off or is malformed.
    #[serde(rename = "infer.broken")]
    Broken { format: SampleForm, why: BrokenSample },
    /// The sample contains no list of records.
    #[serde(rename = "infer.no_table")]
    NoTable { format: SampleForm },
}

/// The probable format of a sample.
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

/// Why a sample is malformed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum BrokenSample {
    /// Elements are nested too deeply, or a start tag exceeds the limit on their number.
    #[serde(rename = "broken_sample.too_deep")]
    TooDeep { depth: usize, most: usize },
    /// An empty element exceeds the limit on the number of elements.
    #[serde(rename = "broken_sample.too_many")]
    TooMany { most: usize },
    /// An end tag has no start tag.
    #[serde(rename = "broken_sample.end_alone")]
    EndAlone,
    /// The document has a document type, which could refer to external data.
    #[serde(rename = "broken_sample.doctype")]
    Doctype,
    /// An element is not closed.
    #[serde(rename = "broken_sample.cut")]
    Cut,
    /// Any other error, in the parser's words.
    #[serde(rename = "broken_sample.other")]
    Other { text: String },
    /// The unpacked workbook cannot be read.
    #[serde(untagged)]
    Unpacked(DecodeError),
}

said_in_english!(InferError, SampleForm, BrokenSample);

impl BrokenSample {
    /// Wraps a parser's error.
    fn from_parser_error(error: &dyn std::fmt::Display) -> Self {
        Self::Other { text: error.to_string() }
    }
}
