//! The answers to a question, each as the lines of the manifest that say it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::infer::content::{self, period_marks};
use crate::infer::groups::Group;
use crate::infer::guess::{Evidence, FieldGuess, Key, Question, UNSURE, UnmappedColumn};
use crate::infer::names;
use crate::infer::settle::masked_examples;
use crate::infer::table::{Column, Table};
use crate::infer::unit::{self, StatedUnit};
use crate::infer::write::{levels_step, quote_string};
use huiliu_manifest::{Field, Unit};

/// The units that an answer can name, the most frequent first.
const UNITS: [Unit; 7] =
    [Unit::ClassHour, Unit::Hour, Unit::Minute, Unit::Day, Unit::HalfDay, Unit::Second, Unit::Credit];
/// From this confidence on, a unit is stated, and no other is offered.
const MIN_STATED: u32 = 80;
/// Length of the longest text that may be an amount, in bytes.
const MAX_AMOUNT: usize = 100;
/// Number of columns that are offered for a field that none was found for.
const MAX_COLUMNS: usize = 6;
/// Number of answers that one key each can give.
pub const MAX_ANSWERS: usize = 9;
/// Columns that identify people where there are no ID numbers, by their meaning.
const KNOWN_BY: [(&str, &str); 6] = [
    ("teacher_number", "PersonCode"),
    ("phone", "Phone"),
    ("school_name", "SchoolName"),
    ("birth_date", "BirthDate"),
    ("sex", "Sex"),
    ("school_code", "school_code"),
];

/// Returns the field by which a column with this meaning can identify people.
pub(super) fn identifying_field(meaning: &str) -> Option<&'static str> {
    KNOWN_BY.iter().find(|(_, known)| *known == meaning).map(|(field, _)| *field)
}

/// The part of a manifest that a line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ManifestTable {
    /// `[[stream]]`.
    Stream,
    /// `[stream.map]`.
    Map,
}

/// A line of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AnswerLine {
    /// The part of the manifest that it belongs to.
    pub table: ManifestTable,
    /// Its key. A line with this key is replaced.
    pub key: String,
    /// The line. Empty if the key is removed.
    pub line: String,
}

/// One answer to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// What it says: a column, a unit or a setting.
    pub value: String,
    /// What the manifest then says.
    pub lines: Vec<AnswerLine>,
}

/// A question with its answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OpenQuestion {
    /// The question.
    #[serde(flatten)]
    pub question: Question,
    /// The answers that one line or two can say; none if the platform must be asked.
    pub answers: Vec<Answer>,
}

/// What the answers are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnswerContext<'a> {
    pub table: &'a Table,
    pub fields: &'a [FieldGuess],
    pub others: &'a [UnmappedColumn],
    pub groups: &'a [Group],
    pub record_key: &'a Key,
}

/// Adds to each question its answers.
pub(super) fn with_answers(questions: Vec<Question>, cx: AnswerContext<'_>) -> Vec<OpenQuestion> {
    let answered = |question: Question| {
        let mut answers: Vec<Answer> = vec![];
        for answer in cx.list_answers(&question) {
            // The same lines are the same answer, whatever they are called.
            if !answers.iter().any(|known| known.lines == answer.lines) {
                answers.push(answer);
            }
        }
        OpenQuestion { question, answers }
    };
    questions.into_iter().map(answered).collect()
}

fn map_line(key: &str, value: &str) -> AnswerLine {
    AnswerLine { table: ManifestTable::Map, key: key.to_owned(), line: format!("{key} = {value}") }
}

fn stream_line(key: &str, value: &str) -> AnswerLine {
    AnswerLine { table: ManifestTable::Stream, key: key.to_owned(), line: format!("{key} = {value}") }
}

fn removed_line(key: &str) -> AnswerLine {
    AnswerLine { table: ManifestTable::Map, key: key.to_owned(), line: String::new() }
}

fn one_line(value: &str, line: AnswerLine) -> Answer {
    Answer { value: value.to_owned(), lines: vec![line] }
}

impl AnswerContext<'_> {
    fn list_answers(&self, question: &Question) -> Vec<Answer> {
        match question {
            Question::Missing { field } => self.columns_for(field),
            Question::Unsure { field, path, .. } => self.column_for(field, path),
            Question::Rival { field, path, other } => {
                [path, other].iter().flat_map(|path| self.column_for(field, path)).collect()
            }
            Question::Unit { path } | Question::Units { path, .. } => self.units_of(path),
            Question::Odd { field, path, steps, .. } => {
                steps.iter().flat_map(|step| self.with_step(field, path, step)).collect()
            }
            Question::CalendarDays { path } => self.days_of_training(path).into_iter().collect(),
            Question::Period { path } => self.period_answers(path),
            Question::BadIds { .. } => self.known_by_any().into_iter().collect(),
            Question::FullMark { path, full, .. } => {
                let scaled = format!("{{ path = {}, then = [{{ scale = \"100/{full}\" }}] }}", quote_string(path));
                let total = |value: &str, line: &str| Answer {
                    value: value.to_owned(),
                    lines: vec![map_line("score_total", line), stream_line("pass", "\"total\"")],
                };
                vec![total(&full.to_string(), &scaled), total("100", &quote_string(path))]
            }
            Question::Pass { maybe } => maybe.iter().filter_map(|path| self.result_of(path)).collect(),
            Question::MonthsOnly { .. }
            | Question::Durations { .. }
            | Question::Twin { .. }
            | Question::Layers { .. }
            | Question::Groups { .. }
            | Question::NoYear { .. }
            | Question::Sheets { .. } => vec![],
        }
    }

    fn find_column(&self, path: &str) -> Option<&Column> {
        self.table.columns.iter().find(|column| column.path == path)
    }

    /// Takes a column for a field; for hours, in the unit that it states, or in each of three units.
    fn column_for(&self, field: &str, path: &str) -> Vec<Answer> {
        // A path of two columns says neither of them.
        if self.find_column(path).is_some_and(|column| column.twin) {
            return vec![];
        }
        if field == Field::Hours.as_str() {
            return self.units_of(path).into_iter().take(3).collect();
        }
        let mut lines = vec![map_line(field, &quote_string(path))];
        let is_code = |guess: &&FieldGuess| guess.field == Field::CourseCode.as_str();
        let code = self.fields.iter().find(is_code);
        let serves_as_code = code.is_none_or(|code| code.evidence.contains(&Evidence::TitleAsCode));
        let mut key_field = field;
        if field == Field::CourseTitle.as_str() && serves_as_code {
            key_field = Field::CourseCode.as_str();
            lines.push(map_line(key_field, &quote_string(path)));
        }
        lines.extend(self.key_line(key_field, path));
        vec![Answer { value: path.to_owned(), lines }]
    }

    /// Returns the record key once a field is read from another column, if the key then has other columns.
    fn key_line(&self, field: &str, path: &str) -> Option<AnswerLine> {
        let mapped = |of: Field| {
            let of = of.as_str();
            let guess = self.fields.iter().find(|guess| guess.field == of).map(|guess| guess.path.as_str());
            if of == field { Some(path) } else { guess }
        };
        let is_own = |of: Field| mapped(of).is_some_and(|path| self.record_key.paths == [path]);
        let in_key = [Field::IdNumber, Field::Name, Field::CourseCode, Field::PeriodEnd];
        if !in_key.iter().any(|of| of.as_str() == field)
            || [Field::RecordName, Field::CertificateNumber].into_iter().any(is_own)
        {
            return None;
        }
        let number = self.others.iter().find(|other| other.could_be == Some(Field::TeacherNumber.as_str()));
        let number = number.map(|other| other.path.as_str());
        let person = mapped(Field::IdNumber).or(number).or_else(|| mapped(Field::Name));
        let mut key: Vec<&str> =
            person.into_iter().chain([Field::CourseCode, Field::PeriodEnd].into_iter().filter_map(mapped)).collect();
        key.dedup();
        if self.record_key.paths == key {
            return None;
        }
        let key: Vec<String> = key.into_iter().map(quote_string).collect();
        Some(stream_line("record_key", &format!("[{}]", key.join(", "))))
    }

    /// Offers the columns that nothing is read from.
    fn columns_for(&self, field: &str) -> Vec<Answer> {
        let is_grouped = |path: &str| {
            let columns = self.groups.iter().flat_map(|group| &group.columns);
            columns.into_iter().any(|at| self.table.columns.get(*at).is_some_and(|column| column.path == path))
        };
        let free = self.others.iter().filter(|other| {
            self.find_column(&other.path).is_some_and(|column| !column.twin) && !is_grouped(&other.path)
        });
        let columns = free.take(MAX_COLUMNS).flat_map(|other| self.column_for(field, &other.path));
        let any = if field == Field::IdNumber.as_str() { self.known_by_any() } else { None };
        any.into_iter().chain(columns).collect()
    }

    /// Returns the units that the numbers of a column can have: the one that its name or its texts state, if they agree;
    /// otherwise each, the likeliest first.
    fn units_of(&self, path: &str) -> Vec<Answer> {
        // A long text is no amount, whatever its unit.
        let is_short = |column: &&Column| column.values.iter().flatten().all(|text| text.len() <= MAX_AMOUNT);
        let column = self.find_column(path).filter(|column| !column.twin).filter(is_short);
        let Some(column) = column else { return vec![] };
        let (facts, named) = (content::count_facts(&column.values), names::read_name(&column.words).unit);
        let in_text = facts.with_unit > 0;
        let likely = unit::guess_unit(named, &facts);
        let is_stated = |guess: &StatedUnit| guess.confidence >= MIN_STATED && !facts.has_mixed_units;
        let units: Vec<Unit> = match likely {
            // Texts with a unit are read in it, so what is asked is the unit of the others.
            _ if in_text && facts.with_unit < facts.filled => {
                let first = named.map(|named| named.unit).into_iter().chain(facts.only_unit);
                let is_named = named.is_some_and(|named| named.confidence >= MIN_STATED);
                let others = UNITS.iter().copied().filter(|_| !is_named);
                let mut units: Vec<Unit> = vec![];
                for unit in first.chain(others) {
                    if !units.contains(&unit) {
                        units.push(unit);
                    }
                }
                units
            }
            Some(guess) if is_stated(&guess) => vec![guess.unit],
            // Under the unit of its name, the numbers are no usual amounts.
            Some(guess) if guess.confidence < UNSURE && !in_text => {
                let others = UNITS.iter().copied().filter(|unit| *unit != guess.unit);
                others.chain([guess.unit]).collect()
            }
            Some(guess) => {
                let others = UNITS.iter().copied().filter(|unit| *unit != guess.unit);
                std::iter::once(guess.unit).chain(others).collect()
            }
            None => UNITS.to_vec(),
        };
        let path_text = quote_string(path);
        let stated = if in_text { ", unit_in_text = true" } else { "" };
        let of = |unit: Unit| {
            let word = unit.as_str();
            let line = |rest: &str| map_line("hours", &format!("{{ path = {path_text}, {rest} }}"));
            let plain = line(&format!("unit = \"{word}\"{stated}"));
            // Rules that do not convert the unit convert the longer one.
            let longer = match unit {
                Unit::Second => Some(("minute", "1/60")),
                Unit::HalfDay => Some(("day", "1/2")),
                _ => None,
            };
            let scaled = longer
                .filter(|_| !in_text)
                .map(|(longer, ratio)| line(&format!("unit = \"{longer}\", then = [{{ scale = \"{ratio}\" }}]")));
            let value = format!("{path}: {word}");
            std::iter::once(plain).chain(scaled).map(move |line| one_line(&value, line)).collect::<Vec<_>>()
        };
        units.into_iter().flat_map(of).collect()
    }

    /// Takes steps that make a column readable; for hours, in the units that it can have.
    fn with_step(&self, field: &str, path: &str, step: &str) -> Vec<Answer> {
        let path_text = quote_string(path);
        if field != Field::Hours.as_str() {
            let line = map_line(field, &format!("{{ path = {path_text}, {step} }}"));
            let lines = std::iter::once(line).chain(self.key_line(field, path)).collect();
            return vec![Answer { value: step.to_owned(), lines }];
        }
        let named = self.find_column(path).and_then(|column| names::read_name(&column.words).unit);
        let unit = named.map_or(Unit::ClassHour, |named| named.unit).as_str();
        let line = map_line(field, &format!("{{ path = {path_text}, unit = \"{unit}\", {step} }}"));
        vec![one_line(&format!("{unit}, {step}"), line)]
    }

    /// Takes calendar days as days of training, if every duration has nothing else.
    fn days_of_training(&self, path: &str) -> Option<Answer> {
        let column = self.find_column(path)?;
        let is_days = |text: &String| {
            let days = text.trim().strip_prefix('P').and_then(|rest| rest.strip_suffix('D'));
            days.is_some_and(|days| !days.is_empty() && days.bytes().all(|b| b.is_ascii_digit()))
        };
        let value =
            format!("{{ path = {}, unit = \"day\", then = [{{ capture = \"^P([0-9]+)D$\" }}] }}", quote_string(path));
        let all_days = column.values.iter().flatten().all(is_days);
        all_days.then(|| one_line(&format!("{path}: day"), map_line("hours", &value)))
    }

    /// Identifies teachers by whatever else the sample has.
    fn known_by_any(&self) -> Option<Answer> {
        let known = |field: &str| self.others.iter().find(|other| other.could_be == Some(field));
        let mapped: Vec<AnswerLine> = KNOWN_BY
            .iter()
            .filter_map(|(field, _)| Some(map_line(field, &quote_string(&known(field)?.path))))
            .collect();
        if mapped.is_empty() {
            return None;
        }
        let person = mapped.iter().filter_map(|line| line.line.split_once(" = ").map(|(_, path)| path));
        let fields = [Field::Name, Field::CourseCode, Field::PeriodEnd];
        let of = |field: &Field| self.fields.iter().find(|guess| guess.field == field.as_str());
        let mut key: Vec<String> = person.take(1).map(str::to_owned).collect();
        key.extend(fields.iter().filter_map(of).map(|guess| quote_string(&guess.path)));
        let lines = [
            stream_line("known_by", "\"any\""),
            stream_line("record_key", &format!("[{}]", key.join(", "))),
            removed_line(Field::IdNumber.as_str()),
        ];
        Some(Answer { value: "known_by = \"any\"".into(), lines: lines.into_iter().chain(mapped).collect() })
    }

    fn period_answers(&self, path: &str) -> Vec<Answer> {
        let Some(column) = self.find_column(path) else { return vec![] };
        let cut = |mark: &&'static str| {
            let piece = |take: u32| {
                let (path, mark) = (quote_string(path), quote_string(mark));
                format!("{{ path = {path}, then = [{{ split = {{ at = {mark}, take = {take} }} }}, \"trim\"] }}")
            };
            Answer {
                value: (*mark).to_owned(),
                lines: [map_line("period_start", &piece(1)), map_line("period_end", &piece(2))]
                    .into_iter()
                    .chain(self.key_line(Field::PeriodEnd.as_str(), path))
                    .collect(),
            }
        };
        period_marks(&column.values).iter().map(cut).collect()
    }

    /// Takes a column as what decides that the teacher passed.
    fn result_of(&self, path: &str) -> Option<Answer> {
        let column = self.find_column(path)?;
        let mut words: Vec<String> = column.values.iter().flatten().map(|text| text.trim().to_owned()).collect();
        words.sort();
        words.dedup();
        let number = |word: &String| word.parse::<f64>().is_ok_and(|number| (0.0..=100.0).contains(&number));
        if words.iter().all(number) {
            let lines = vec![map_line("score_total", &quote_string(path)), stream_line("pass", "\"total\"")];
            return Some(Answer { value: path.to_owned(), lines });
        }
        let step = levels_step(&words).unwrap_or_else(|| {
            let shown = masked_examples(Field::Result, column);
            let pairs: Vec<String> = words
                .iter()
                .filter(|word| word.chars().count() <= 8 && !number(word) && (words.len() <= 8 || shown.contains(word)))
                .map(|word| format!("{} = \"{}\"", quote_string(word), verdict_of(word)))
                .collect();
            format!("{{ values = {{ values = {{ {} }} }} }}", pairs.join(", "))
        });
        let value = format!("{{ path = {}, then = [{step}] }}", quote_string(path));
        Some(Answer {
            value: path.to_owned(),
            lines: vec![map_line("result", &value), stream_line("pass", "\"result\"")],
        })
    }
}

/// Guesses what a word says about the result; a person reads the line before it is used.
fn verdict_of(word: &str) -> &'static str {
    let failed = ["不", "未", "缺", "缓", "×", "✗", "x", "X", "F", "f", "N", "n"];
    match word {
        "优秀" | "优" => "excellent",
        word if failed.iter().any(|mark| word.starts_with(mark)) => "fail",
        _ => "pass",
    }
}

/// Returns a manifest in which a question is answered: lines with the answer's keys are replaced, and the question's
/// comment goes.
#[must_use]
pub fn apply_answer(manifest: &str, comment: &str, answer: &Answer) -> String {
    let mut lines: Vec<String> = manifest.lines().filter(|line| *line != comment).map(str::to_owned).collect();
    for new in &answer.lines {
        let own = |line: &str| {
            let line = line.strip_prefix("# ? ").unwrap_or(line);
            line.split_once(" = ").is_some_and(|(key, _)| key == new.key)
        };
        let title = if new.table == ManifestTable::Stream { "[[stream]]" } else { "[stream.map]" };
        let Some(begins) = lines.iter().position(|line| line == title).map(|at| at + 1) else { continue };
        let ends =
            lines.iter().skip(begins).position(|line| line.starts_with('[')).map_or(lines.len(), |at| begins + at);
        let at = lines[begins..ends].iter().position(|line| own(line)).map(|at| begins + at);
        match (at, new.line.is_empty()) {
            (Some(at), true) => drop(lines.remove(at)),
            (Some(at), false) => lines[at].clone_from(&new.line),
            (None, true) => {}
            (None, false) => lines.insert(begins, new.line.clone()),
        }
    }
    lines.join("\n") + "\n"
}
