//! The content of a manifest for a sample, with a confidence and reasons for each line.

use schemars::JsonSchema;
use serde::Serialize;

use crate::infer::answers::{self, AnswerContext, OpenQuestion};
use crate::infer::layout::Layout;
use crate::infer::settle::{self, Settled};
use crate::infer::table::Table;
use crate::infer::{InferError, SampleForm, columns, version, write};
use huiliu_manifest::{Field, Unit};

/// Confidence, in per cent, below which a guess is only a question.
pub const UNSURE: u32 = 50;
/// The fields that every record needs.
pub const REQUIRED: [Field; 5] = [Field::Name, Field::IdNumber, Field::CourseCode, Field::Hours, Field::PeriodEnd];

/// Why a column is taken for a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is a short reason; the words are the app's")]
pub enum Evidence {
    /// The column's name is this word of the dictionary.
    Named {
        word: String,
    },
    /// The column's name contains this word.
    NamedLike {
        word: String,
    },
    /// The column's name is the pinyin initials of this word.
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
    /// The course title is used as its code.
    TitleAsCode,
    /// The score is out of this many points.
    OutOf {
        full: u32,
    },
    /// The given name is in this column.
    WithGivenName {
        path: String,
    },
    /// This other column could be meant as well.
    Rival {
        path: String,
    },
    /// The sample has too few records to prove much.
    FewRecords {
        records: usize,
    },
    /// The column is often empty; the share of empty cells, in per cent.
    Gaps {
        percent: usize,
    },
}

/// A field and the column that it is probably mapped from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldGuess {
    /// The field's name in a manifest.
    pub field: &'static str,
    /// The column, as a manifest names it.
    pub path: String,
    /// Confidence in per cent.
    pub confidence: u32,
    /// The reasons, beginning with the column's name.
    pub evidence: Vec<Evidence>,
    /// Three of the column's texts, masked.
    pub examples: Vec<String>,
    /// The piece of the text that holds the field, if one cell holds two.
    pub piece: Option<Piece>,
    /// The full mark of a score, if it is not one hundred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_mark: Option<u32>,
    /// A second column that is appended, as a given name to a family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<String>,
}

/// One piece of a text that is split at a separator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Piece {
    /// The separator.
    pub at: String,
    /// Number of the piece, from 1.
    pub take: u32,
}

/// The guessed unit of the hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnitGuess {
    /// The unit, by its name in a manifest.
    #[serde(serialize_with = "word")]
    #[schemars(with = "String")]
    pub unit: Unit,
    /// Confidence in per cent.
    pub confidence: u32,
    /// Text after every number that must be removed.
    pub suffix: Option<String>,
    /// Whether each text states its own unit, which then counts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub in_text: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn word<S: serde::Serializer>(unit: &Unit, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(unit.as_str())
}

/// A question that only a person can answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is a short question; the words are the app's")]
pub enum Question {
    /// No column can be identified as this required field.
    Missing { field: &'static str },
    /// This column may be the field.
    Unsure { field: &'static str, path: String, confidence: u32 },
    /// Both columns could be the field; the first was chosen.
    Rival { field: &'static str, path: String, other: String },
    /// Which unit do the numbers of this column have?
    Unit { path: String },
    /// A title, a header or a remark says something about the unit of this column.
    UnitNote { path: String, note: String },
    /// Only hours of another kind are there: per week, required, planned, left, or added up.
    OtherHours { paths: Vec<String> },
    /// The hours are the product of these columns: an amount per day, week or time, and a number of them.
    Product { paths: Vec<String> },
    /// The hours are the sum of these columns.
    Sum { paths: Vec<String> },
    /// Rows with these words in this column may not count.
    Withdrawn { path: String, words: Vec<String> },
    /// The sample states a pass mark that is not that of the rules.
    PassMark { note: String },
    /// Scores up to ten, and scores above fifty with none between: one column, two scales.
    Scales { path: String, low: String, high: String },
    /// Another column may change the hours: it has hours that are taken off, a factor, or remarks; `seen` has a few.
    Adjusted { path: String, other: String, seen: Vec<String> },
    /// A name or a remark says what the codes of this column mean.
    Legend { path: String, note: String },
    /// The field is read from `path`, but `other`, which is named so, has no values.
    Blank { field: &'static str, path: String, other: String },
    /// One code stands for several titles, so it may be that of a project.
    SharedCode { path: String, title: String },
    /// Records of the sample share their record key; these columns tell them apart.
    SharedKey { paths: Vec<String>, others: Vec<String> },
    /// Records stand in several lists; the first is read.
    Lists { lists: Vec<String> },
    /// The texts of this column state several units, and some state none or cannot be read; `odd` has a few of these.
    Units { path: String, odd: Vec<String> },
    /// Several trainings are in one row; each group of columns is one of them. `named_alike`: whether columns of two
    /// groups have one name, so that a manifest cannot refer to them.
    Groups { groups: Vec<String>, named_alike: bool },
    /// These durations are calendar days, which are no training time.
    CalendarDays { path: String },
    /// These days have no year.
    NoYear { path: String, odd: Vec<String> },
    /// First and last day are in one cell.
    Period { path: String },
    /// The ID numbers are masked, rounded or wrong.
    BadIds { path: String },
    /// The dates lack a day of the month.
    MonthsOnly { path: String },
    /// The hours are durations in hours, minutes and seconds.
    Durations { path: String },
    /// Two columns have this name, so a manifest cannot refer to either.
    Twin { path: String },
    /// How many points is this score out of? `exact`: whether every score in the sample converts to a plain number out
    /// of one hundred.
    FullMark { path: String, full: u32, exact: bool },
    /// Nothing in the sample says reliably whether the teacher passed; these columns may.
    Pass { maybe: Vec<String> },
    /// The column is named as the field, but some of its texts do not fit; `odd` has a few, masked, and `steps` what may
    /// help.
    Odd { field: &'static str, path: String, odd: Vec<String>, steps: Vec<String> },
    /// The header has a third row, so that several columns may be meant by this name.
    Layers { path: String },
    /// These sheets have tables too, and the pattern of the sheets does not match them.
    Sheets { names: Vec<String> },
}

/// The columns that identify a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Key {
    /// The columns, as a manifest names them.
    pub paths: Vec<String>,
    /// Whether no two records of the sample have the same values.
    pub unique: bool,
}

/// Where a record's version comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Version {
    /// This column.
    Field {
        /// The column's path.
        path: String,
    },
    /// The date of eight digits in the file's name.
    FileDate,
    /// No source: the latest landing counts.
    Landing,
}

/// What decides that the teacher passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Pass {
    /// The three component scores.
    Scores,
    /// A total score.
    Total {
        /// The column's path.
        path: String,
    },
    /// Words of a result.
    Words {
        /// The column's path.
        path: String,
        /// The words found in the sample.
        words: Vec<String>,
    },
    /// Nothing in the sample.
    Nothing,
}

/// A column that no field is mapped from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnmappedColumn {
    /// The column, as a manifest would name it.
    pub path: String,
    /// Its probable meaning in one word, if known.
    pub meaning: Option<String>,
    /// The field that it can be mapped to in a stream with `known_by = "any"`.
    pub could_be: Option<&'static str>,
}

/// The content of a manifest for a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Guess {
    /// Where the records are in the sample.
    pub layout: Layout,
    /// Number of records examined.
    pub records: usize,
    /// The fields, required ones first.
    pub fields: Vec<FieldGuess>,
    /// The unit of the hours, if known.
    pub unit: Option<UnitGuess>,
    /// The columns that identify a record.
    pub record_key: Key,
    /// Where a record's version comes from.
    pub version: Version,
    /// What decides that the teacher passed.
    pub pass: Pass,
    /// Questions that only a person can answer, with the answers that a line of the manifest can give.
    pub questions: Vec<OpenQuestion>,
    /// The columns that no field is mapped from.
    pub others: Vec<UnmappedColumn>,
}

impl Guess {
    /// Returns the guess for a field, if there is one.
    #[must_use]
    pub fn find_field(&self, field: Field) -> Option<&FieldGuess> {
        self.fields.iter().find(|guess| guess.field == field.as_str())
    }

    /// Returns whether every required field and the unit of the hours are known.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        REQUIRED.iter().all(|field| self.find_field(*field).is_some()) && self.unit.is_some()
    }
}

/// Guesses a manifest from a sample. `file` is its name; `unpacked` is the result of the task that
/// [`crate::infer::unpack_task`] returns, if it returns one.
///
/// # Errors
/// [`InferError`], if the sample cannot be read or has no records.
pub fn guess_manifest(file: &str, bytes: &[u8], unpacked: Option<&str>) -> Result<Guess, InferError> {
    let tables = columns::read_tables(bytes, unpacked)?;
    let mut all: Vec<(Settled, Table)> =
        tables.into_iter().map(|table| (settle::settle_table(&table), table)).collect();
    let weight = |(settled, table): &(Settled, Table)| (settled.total_weight(), table.rows);
    let best = (0..all.len()).max_by_key(|at| weight(&all[*at]));
    let best = best.ok_or(InferError::NoTable { format: SampleForm::Any })?;
    let (mut settled, table) = all.swap_remove(best);
    let lists = list_others(&table, &all);
    if let Some(own) = table.layout.item_path().filter(|_| !lists.is_empty()) {
        settled.questions.push(Question::Lists { lists: std::iter::once(own.to_owned()).chain(lists).collect() });
    }
    Ok(build_guess(file, settled, table))
}

/// Returns the paths of other lists that have records of persons too, and are no part of this one.
fn list_others(of: &Table, all: &[(Settled, Table)]) -> Vec<String> {
    let Some(own) = of.layout.item_path() else { return vec![] };
    let is_inside = |inner: &str, outer: &str| inner == outer || inner.starts_with(&format!("{outer}."));
    let maps = |settled: &Settled, fields: &[Field]| fields.iter().any(|field| settled.mapped_path(*field).is_some());
    let others = all.iter().filter(|(settled, _)| {
        maps(settled, &[Field::IdNumber, Field::Name])
            && maps(settled, &[Field::Hours, Field::PeriodEnd, Field::CourseCode])
    });
    let paths = others.filter_map(|(_, table)| table.layout.item_path());
    paths.filter(|path| !is_inside(path, own) && !is_inside(own, path)).map(str::to_owned).collect()
}

fn build_guess(file: &str, settled: Settled, table: Table) -> Guess {
    let version = version::guess_version(file, &settled, &table);
    let record_key = version::guess_key(&settled, &table);
    let pass = settled.find_pass(&table);
    let mut questions = settled.questions.clone();
    match &pass {
        Pass::Nothing => {
            let doubted = [Field::Result, Field::ScoreTotal].iter().filter_map(|field| settled.mapped_path(*field));
            let maybe: Vec<String> = doubted.chain(settled.verdicts.clone()).collect();
            // Whoever answers how many points a score is out of says what decides.
            let is_asked = questions
                .iter()
                .any(|question| matches!(question, Question::FullMark { .. } | Question::Legend { .. }));
            if !is_asked || !maybe.is_empty() {
                questions.push(Question::Pass { maybe });
            }
        }
        // What some of the words mean is not known, so a score beside them may not be what decides.
        Pass::Words { path, words }
            if write::levels_step(words).is_none()
                && !questions.iter().any(|question| matches!(question, Question::Legend { .. })) =>
        {
            let score = settled.mapped_path(Field::ScoreTotal);
            questions.push(Question::Pass { maybe: std::iter::once(path.clone()).chain(score).collect() });
        }
        _ => {}
    }
    questions.extend(version::question_about_key(&settled, &table, &record_key));
    if !table.left_out.is_empty() {
        questions.push(Question::Sheets { names: table.left_out.clone() });
    }
    let cx = AnswerContext {
        table: &table,
        fields: &settled.fields,
        others: &settled.others,
        groups: &settled.groups,
        record_key: &record_key,
    };
    let questions = answers::with_answers(questions, cx);
    Guess {
        layout: table.layout,
        records: table.rows + table.rows_elsewhere,
        fields: settled.fields,
        unit: settled.unit,
        record_key,
        version,
        pass,
        questions,
        others: settled.others,
    }
}
