//! What a manifest for a sample would say, with a confidence and reasons for each line.

use schemars::JsonSchema;
use serde::Serialize;

use crate::infer::layout::Layout;
use crate::infer::settle::{self, Settled};
use crate::infer::table::Table;
use crate::infer::{InferError, SampleForm, columns, version};
use huiliu_manifest::{Field, Unit};

/// Below this a guess is a question, per cent.
pub const UNSURE: u32 = 50;
/// What every record needs.
pub const REQUIRED: [Field; 5] = [Field::Name, Field::IdNumber, Field::CourseCode, Field::Hours, Field::PeriodEnd];

/// Why a column is taken for a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is a short reason; the words are the app's")]
pub enum Evidence {
    /// Its name is this word of the dictionary.
    Named {
        word: String,
    },
    /// Its name has this word in it.
    NamedLike {
        word: String,
    },
    /// Its name is the pinyin initials of this word.
    Initials {
        word: String,
    },
    CheckDigits {
        percent: usize,
    },
    Dates,
    MonthsOnly,
    Range {
        low: String,
        high: String,
    },
    People,
    OnePerPerson,
    Unique,
    /// The only column of its kind.
    OnlyOne,
    Codes,
    Titles,
    Words,
    ResultWords,
    Paired,
    SchoolCodes,
    Phones,
    Births,
    Running,
    Numbers,
    Periods,
    Durations,
    InOrder,
    Reversed,
    UnitInValues,
    /// The title of the course stands for its code.
    TitleAsCode,
    /// A score out of so many points.
    OutOf {
        full: u32,
    },
    /// The given name stands in this column.
    WithGivenName {
        path: String,
    },
    /// Another column could be meant too.
    Rival {
        path: String,
    },
    /// So few records prove little.
    FewRecords {
        records: usize,
    },
    /// Often empty.
    Gaps {
        percent: usize,
    },
}

/// A field and the column it seems to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldGuess {
    /// The field's name in a manifest.
    pub field: &'static str,
    /// The column, as a manifest names it.
    pub path: String,
    /// Per cent.
    pub confidence: u32,
    /// The reasons, the name's first.
    pub evidence: Vec<Evidence>,
    /// Three of its texts, masked.
    pub examples: Vec<String>,
    /// The piece of the text that it is, where one cell holds two.
    pub piece: Option<Piece>,
    /// The full mark of a score, where it is another than a hundred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_mark: Option<u32>,
    /// The column that stands behind it, as the given name behind the family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<String>,
}

/// One piece of a text that is cut at a separator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Piece {
    /// The separator.
    pub at: String,
    /// Which piece, from 1.
    pub take: u32,
}

/// The unit of the hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnitGuess {
    /// The unit.
    #[serde(serialize_with = "word")]
    #[schemars(with = "String")]
    pub unit: Unit,
    /// Per cent.
    pub confidence: u32,
    /// What stands behind every number and must be taken off.
    pub suffix: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn word<S: serde::Serializer>(unit: &Unit, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(unit.as_str())
}

/// What only a person can answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is a short question; the words are the app's")]
pub enum Question {
    /// No column is surely this required field.
    Missing { field: &'static str },
    /// This column may be the field.
    Unsure { field: &'static str, path: String, confidence: u32 },
    /// Both columns could be the field; the first was taken.
    Rival { field: &'static str, path: String, other: String },
    /// In which unit are the numbers of this column?
    Unit { path: String },
    /// First and last day stand in one cell.
    Period { path: String },
    /// The ID numbers are masked, rounded or wrong.
    BadIds { path: String },
    /// Days without a day of the month.
    MonthsOnly { path: String },
    /// Times as hours, minutes and seconds.
    Durations { path: String },
    /// Two columns have this name, so no manifest can name it.
    Twin { path: String },
    /// Out of how many points is this score? `exact`: whether each of the sample's becomes a plain number of a hundred.
    FullMark { path: String, full: u32, exact: bool },
    /// Nothing in the sample surely says whether the teacher passed; these columns may.
    Pass { maybe: Vec<String> },
}

/// What makes a record the same record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Key {
    /// The columns.
    pub paths: Vec<String>,
    /// Whether no two records of the sample have the same.
    pub unique: bool,
}

/// Where the version of a record comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Version {
    /// This column.
    Field {
        /// Its path.
        path: String,
    },
    /// The eight digits of a day in the file's name.
    FileDate,
    /// Nothing: what landed last counts.
    Landing,
}

/// What says that the teacher passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Pass {
    /// The three component scores.
    Scores,
    /// A total score.
    Total {
        /// Its path.
        path: String,
    },
    /// Words of a result.
    Words {
        /// Its path.
        path: String,
        /// The words met.
        words: Vec<String>,
    },
    /// Nothing in the sample.
    Nothing,
}

/// A column that no field is mapped from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Seen {
    /// As a manifest would name it.
    pub path: String,
    /// What it seems to be, in a word; nothing when it is not known.
    pub meaning: Option<String>,
}

/// What a manifest for a sample would say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Guess {
    /// Where the records stand.
    pub layout: Layout,
    /// Records looked at.
    pub records: usize,
    /// The fields, the required ones first.
    pub fields: Vec<FieldGuess>,
    /// The unit of the hours, if it is known.
    pub unit: Option<UnitGuess>,
    /// What makes a record the same record.
    pub record_key: Key,
    /// Where its version comes from.
    pub version: Version,
    /// What says that the teacher passed.
    pub pass: Pass,
    /// What only a person can answer.
    pub questions: Vec<Question>,
    /// The other columns.
    pub others: Vec<Seen>,
}

impl Guess {
    /// The guess for a field, if there is one.
    #[must_use]
    pub fn field(&self, field: Field) -> Option<&FieldGuess> {
        self.fields.iter().find(|guess| guess.field == field.as_str())
    }

    /// Whether every required field and the unit of the hours are there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        REQUIRED.iter().all(|field| self.field(*field).is_some()) && self.unit.is_some()
    }
}

/// Guesses from a sample of this file name; `unpacked` is what the task of [`crate::infer::task`] gave, where there was one.
///
/// # Errors
/// [`InferError`].
pub fn guess(file: &str, bytes: &[u8], unpacked: Option<&str>) -> Result<Guess, InferError> {
    let tables = columns::tables(bytes, unpacked)?;
    let settled = tables.into_iter().map(|table| {
        let settled = settle::settle(&table);
        (settled.weight(), settled, table)
    });
    let best = settled.max_by_key(|(weight, _, table)| (*weight, table.rows));
    let (_, settled, table) = best.ok_or(InferError::NoTable { format: SampleForm::Any })?;
    Ok(written(file, settled, table))
}

fn written(file: &str, settled: Settled, table: Table) -> Guess {
    let version = version::of(file, &settled, &table);
    let record_key = version::key(&settled, &table);
    let pass = settled.pass(&table);
    let mut questions = settled.questions;
    if pass == Pass::Nothing {
        questions.push(Question::Pass { maybe: settled.verdicts });
    }
    Guess {
        layout: table.layout,
        records: table.rows,
        fields: settled.fields,
        unit: settled.unit,
        record_key,
        version,
        pass,
        questions,
        others: settled.others,
    }
}
