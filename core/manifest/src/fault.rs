//! Faults of a manifest, all collected, each with its place.

use huiliu_messages::{Both, Message, TomlError, said_in_english};
use serde::{Serialize, Serializer};

use crate::rule::RuleProblem;

/// One kind of fault. The sentences are in the catalogues of `huiliu-messages`, in `manifest.ftl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum Problem {
    /// The text is not valid TOML.
    #[serde(rename = "problem.syntax")]
    Syntax { why: TomlError },
    /// A key that the language does not have at this place.
    #[serde(rename = "problem.unknown_key")]
    UnknownKey { key: String, meant: Option<Suggestion>, allowed: Vec<String> },
    /// A word that is not among those allowed.
    #[serde(rename = "problem.unknown_word")]
    UnknownWord { word: String, meant: Option<Suggestion>, allowed: Vec<String> },
    /// A template names a value that does not exist.
    #[serde(rename = "problem.unknown_value")]
    UnknownValue { name: String, meant: Option<ValueSuggestion>, allowed: Vec<String> },
    /// A template value without a closing brace.
    #[serde(rename = "problem.open_value")]
    OpenValue { text: String },
    /// A required key is missing; `what` is its meaning.
    #[serde(rename = "problem.missing")]
    Missing { key: String, what: Both },
    /// A required key is missing; `words` are the possible values.
    #[serde(rename = "problem.missing_choice")]
    MissingChoice { key: String, words: Vec<String> },
    /// A value of the wrong type.
    #[serde(rename = "problem.type")]
    Type { expected: Expected, found: FoundValue },
    /// A number out of bounds.
    #[serde(rename = "problem.bounds")]
    Bounds { found: String, least: u64, most: u64 },
    /// Further faults that are not listed.
    #[serde(rename = "problem.more")]
    More { more: usize },
    /// The manifest parses, but this cannot work.
    #[serde(untagged)]
    Rule(RuleProblem),
    /// A fault of another kind of file that is read in the same way as a manifest.
    #[serde(untagged)]
    Other(Message),
}

/// The word that was probably meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum Suggestion {
    /// A word of the language.
    #[serde(rename = "meant.word")]
    Word { word: String },
}

/// The name of the value that was probably meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum ValueSuggestion {
    /// A value of a template.
    #[serde(rename = "meant.value")]
    Value { name: String },
}

/// The type that a value must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum Expected {
    /// A string.
    #[serde(rename = "expected.text")]
    Text,
    /// true or false.
    #[serde(rename = "expected.flag")]
    Flag,
    /// A date, such as 2014-09-01.
    #[serde(rename = "expected.day")]
    Day,
    /// A whole number.
    #[serde(rename = "expected.number")]
    Number,
    /// A list in brackets: `[ … ]`.
    #[serde(rename = "expected.list")]
    List,
    /// A table in braces, `{ … }`, or under a header.
    #[serde(rename = "expected.table")]
    Table,
    /// A word, or a table with one key.
    #[serde(rename = "expected.step")]
    Step,
}

/// The type that a value has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum FoundValue {
    /// A string; `text` holds its first 40 characters.
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
    #[serde(rename = "found.list")]
    List,
    #[serde(rename = "found.table")]
    Table,
}

said_in_english!(Problem, Suggestion, ValueSuggestion, Expected, FoundValue, ManifestError);

impl Suggestion {
    /// Returns the word of a list that is most similar to the given one.
    pub(crate) fn find_similar<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<Self> {
        find_nearest(word, words).map(|word| Self::Word { word: word.to_owned() })
    }
}

impl From<RuleProblem> for Problem {
    fn from(problem: RuleProblem) -> Self {
        Self::Rule(problem)
    }
}

/// One fault and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedProblem {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Dotted place, such as `stream.1.map.hours`.
    pub place: String,
    /// The kind of fault.
    pub problem: Problem,
}

/// All faults of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// File name of the manifest.
    pub file: String,
    /// The faults in order of the text; never empty.
    pub faults: Vec<LocatedProblem>,
}

/// A manifest's faults in serialisable form.
#[derive(Serialize)]
#[serde(tag = "code")]
enum FaultMessage<'f> {
    /// All faults.
    #[serde(rename = "manifest.faults")]
    All { lines: Vec<FaultMessage<'f>> },
    /// A fault of the whole manifest.
    #[serde(rename = "manifest.fault")]
    Whole { file: &'f str, line: usize, column: usize, why: &'f Problem },
    /// A fault at a place of the language.
    #[serde(rename = "manifest.fault_at")]
    At { file: &'f str, line: usize, column: usize, at: &'f str, why: &'f Problem },
}

impl Serialize for ManifestError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FaultMessage::All { lines: self.faults.iter().map(|fault| fault.to_message(&self.file)).collect() }
            .serialize(serializer)
    }
}

impl LocatedProblem {
    fn to_message<'f>(&'f self, file: &'f str) -> FaultMessage<'f> {
        let Self { line, column, place, problem: why } = self;
        match place.as_str() {
            "" => FaultMessage::Whole { file, line: *line, column: *column, why },
            at => FaultMessage::At { file, line: *line, column: *column, at, why },
        }
    }
}

/// Returns the word of a list that is most similar to the given one, if any is similar enough.
#[must_use]
pub fn find_nearest<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let alike = |known: &&str| {
        let distance = strsim::osa_distance(&word.to_lowercase(), &known.to_lowercase());
        (distance <= 1 + known.chars().count() / 4).then_some(distance)
    };
    words.into_iter().filter_map(|known| Some((alike(&known)?, known))).min().map(|(_, known)| known)
}
