//! What is wrong with a manifest: every fault at its place, all of them at once.

use huiliu_messages::{Both, Message, TomlError, said_in_english};
use serde::{Serialize, Serializer};

use crate::rule::RuleProblem;

/// One thing that is wrong. The sentences are in the catalogues of `huiliu-messages`, in `manifest.ftl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum Problem {
    /// It is no TOML.
    #[serde(rename = "problem.syntax")]
    Syntax { why: TomlError },
    /// A key that the language does not have here.
    #[serde(rename = "problem.unknown_key")]
    UnknownKey { key: String, meant: Option<Meant>, allowed: Vec<String> },
    /// A word that is none of those allowed.
    #[serde(rename = "problem.unknown_word")]
    UnknownWord { word: String, meant: Option<Meant>, allowed: Vec<String> },
    /// A value to be filled in that there is not.
    #[serde(rename = "problem.unknown_value")]
    UnknownValue { name: String, meant: Option<MeantValue>, allowed: Vec<String> },
    /// A value to be filled in that has no end.
    #[serde(rename = "problem.open_value")]
    OpenValue { text: String },
    /// A key that must be there, and what it means.
    #[serde(rename = "problem.missing")]
    Missing { key: String, what: Both },
    /// A key that must be there, and what may stand at it.
    #[serde(rename = "problem.missing_choice")]
    MissingChoice { key: String, words: Vec<String> },
    /// A value of another type.
    #[serde(rename = "problem.type")]
    Type { expected: Expected, found: Found },
    /// A number out of its bounds.
    #[serde(rename = "problem.bounds")]
    Bounds { found: String, least: u64, most: u64 },
    /// More than are told.
    #[serde(rename = "problem.more")]
    More { more: usize },
    /// It is well-formed and cannot work.
    #[serde(untagged)]
    Rule(RuleProblem),
    /// What another kind of file has wrong that is read as a manifest is.
    #[serde(untagged)]
    Other(Message),
}

/// What was written most like a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum Meant {
    /// A word of the language.
    #[serde(rename = "meant.word")]
    Word { word: String },
}

/// What was written most like the name of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum MeantValue {
    /// A value.
    #[serde(rename = "meant.value")]
    Value { name: String },
}

/// What type a value must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum Expected {
    /// A text.
    #[serde(rename = "expected.text")]
    Text,
    /// true or false.
    #[serde(rename = "expected.flag")]
    Flag,
    /// A day.
    #[serde(rename = "expected.day")]
    Day,
    /// A whole number.
    #[serde(rename = "expected.number")]
    Number,
    /// A list.
    #[serde(rename = "expected.list")]
    List,
    /// A table.
    #[serde(rename = "expected.table")]
    Table,
    /// A word, or a table of one key.
    #[serde(rename = "expected.step")]
    Step,
}

/// What type a value has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum Found {
    /// A text.
    #[serde(rename = "found.text")]
    Text { text: String },
    /// A whole number.
    #[serde(rename = "found.integer")]
    Integer,
    /// A number with decimals.
    #[serde(rename = "found.float")]
    Float,
    /// true or false.
    #[serde(rename = "found.flag")]
    Flag,
    /// A day, or a day and a time.
    #[serde(rename = "found.day")]
    Day,
    /// A list.
    #[serde(rename = "found.list")]
    List,
    /// A table.
    #[serde(rename = "found.table")]
    Table,
}

said_in_english!(Problem, Meant, MeantValue, Expected, Found, ManifestError);

impl Meant {
    /// The word of a list that is written most like another.
    pub(crate) fn among<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<Self> {
        nearest(word, words).map(|word| Self::Word { word: word.to_owned() })
    }
}

impl From<RuleProblem> for Problem {
    fn from(problem: RuleProblem) -> Self {
        Self::Rule(problem)
    }
}

/// One fault at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Dotted place, as `stream.1.map.hours`.
    pub place: String,
    /// What is wrong.
    pub problem: Problem,
}

/// Everything that is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// The manifest's file name.
    pub file: String,
    /// In the order of the text; never empty.
    pub faults: Vec<Fault>,
}

/// A manifest's faults as a message.
#[derive(Serialize)]
#[serde(tag = "code")]
enum Told<'f> {
    /// All of them.
    #[serde(rename = "manifest.faults")]
    All { lines: Vec<Told<'f>> },
    /// One of the whole manifest.
    #[serde(rename = "manifest.fault")]
    Whole { file: &'f str, line: usize, column: usize, why: &'f Problem },
    /// One at a place of the language.
    #[serde(rename = "manifest.fault_at")]
    At { file: &'f str, line: usize, column: usize, at: &'f str, why: &'f Problem },
}

impl Serialize for ManifestError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Told::All { lines: self.faults.iter().map(|fault| fault.told(&self.file)).collect() }.serialize(serializer)
    }
}

impl Fault {
    fn told<'f>(&'f self, file: &'f str) -> Told<'f> {
        let Self { line, column, place, problem: why } = self;
        match place.as_str() {
            "" => Told::Whole { file, line: *line, column: *column, why },
            at => Told::At { file, line: *line, column: *column, at, why },
        }
    }
}

/// The word of a list that is written most like another, if it is like it at all.
#[must_use]
pub fn nearest<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let alike = |known: &&str| {
        let distance = strsim::osa_distance(&word.to_lowercase(), &known.to_lowercase());
        (distance <= 1 + known.chars().count() / 4).then_some(distance)
    };
    words.into_iter().filter_map(|known| Some((alike(&known)?, known))).min().map(|(_, known)| known)
}
