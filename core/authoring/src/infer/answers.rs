//! The answers to a question, each as the lines of the manifest that say it.

mod hours;
mod results;

use schemars::JsonSchema;
use serde::Serialize;

use crate::infer::content::{self, period_marks};
use crate::infer::doubts;
use crate::infer::groups::Group;
use crate::infer::guess::{Evidence, FieldGuess, Key, Question, UnmappedColumn};
use crate::infer::names;
use crate::infer::table::{Column, Table};
use crate::infer::version;
use crate::infer::write::quote_string;
use huiliu_manifest::{Field, Unit};

/// Words in names of columns that hold the kind of a thing, or a thing that is no course.
const NO_COURSES: &str = "type kind category verb status state org unit institution provider school 类型 类别 种类 性质 状态 单位 机构 学校 部门";
/// Meanings of columns that hold no course.
const NO_COURSE_MEANINGS: [&str; 14] = [
    "PlannedHours",
    "Credit",
    "OtherCount",
    "OtherScore",
    "OtherTime",
    "SchoolName",
    "Institution",
    "Region",
    "Sex",
    "Age",
    "Phone",
    "Email",
    "State",
    "Price",
];
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
            Question::Legend { path, note } => self.result_by_legend(path, note).into_iter().collect(),
            Question::Rival { field: "result", path, other } => self.result_of_several(path, other),
            Question::Rival { field: "score_total", path, other } if doubts::names_a_resit(other) => {
                self.score_of_several(path, other)
            }
            Question::Rival { field, path, other } => {
                [path, other].iter().flat_map(|path| self.column_for(field, path)).collect()
            }
            Question::Unit { path } | Question::Units { path, .. } => self.units_of(path),
            Question::UnitNote { path, note } => self.units_by_note(path, note),
            Question::OtherHours { paths } => {
                paths.iter().flat_map(|path| self.units_of(path).into_iter().take(3)).collect()
            }
            Question::Withdrawn { path, words } => states_that_do_not_count(path, words),
            Question::SharedKey { paths, others } => others.iter().map(|other| with_key(paths, other)).collect(),
            Question::Odd { field, path, steps, .. } => {
                steps.iter().flat_map(|step| self.with_step(field, path, step)).collect()
            }
            Question::CalendarDays { path } => self.days_of_training(path).into_iter().collect(),
            Question::Period { path } => self.period_answers(path),
            Question::BadIds { .. } => self.known_by_any().into_iter().collect(),
            Question::FullMark { path, full, .. } => self.marks_of(path, *full),
            Question::Pass { maybe } => maybe.iter().filter_map(|path| self.result_of(path)).collect(),
            Question::SharedCode { title, .. } => self.column_for(Field::CourseCode.as_str(), title),
            Question::MonthsOnly { .. }
            | Question::Durations { .. }
            | Question::Twin { .. }
            | Question::Layers { .. }
            | Question::Groups { .. }
            | Question::NoYear { .. }
            | Question::PassMark { .. }
            | Question::Scales { .. }
            | Question::Adjusted { .. }
            | Question::Blank { .. }
            | Question::Product { .. }
            | Question::Sum { .. }
            | Question::Lists { .. }
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

    /// Returns whether a column that is not read may hold a field, as far as its name and its texts tell.
    fn can_be(&self, field: &str, other: &UnmappedColumn) -> bool {
        let Some(column) = self.find_column(&other.path) else { return false };
        let facts = content::count_facts(&column.values);
        let meaning = other.meaning.as_deref();
        let leaf = column.words.last().map(|word| word.to_lowercase()).unwrap_or_default();
        match Field::ALL.iter().find(|known| known.as_str() == field) {
            Some(Field::CourseCode | Field::CourseTitle) => {
                if version::is_running(&column.values) || doubts::names_a_sum(&leaf) {
                    return false;
                }
                let is_other = NO_COURSES.split_whitespace().any(|word| leaf.contains(word));
                let is_amount = names::read_name(&column.words).unit.is_some();
                let is_elsewhere = meaning.is_some_and(|meaning| NO_COURSE_MEANINGS.contains(&meaning));
                !is_other && !is_amount && !is_elsewhere && facts.dates < 80
            }
            Some(Field::Hours) => {
                let is_amount = facts.numbers >= 50 || facts.durations >= 50;
                is_amount && !version::is_running(&column.values) && !doubts::names_a_deduction(&leaf)
            }
            Some(Field::PeriodEnd) if doubts::names_a_validity(&leaf) => false,
            Some(Field::PeriodEnd) => facts.dates.max(facts.months).max(facts.periods) >= 50,
            _ => true,
        }
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
        let free = free.filter(|other| self.can_be(field, other));
        let columns = free.take(MAX_COLUMNS).flat_map(|other| self.column_for(field, &other.path));
        let any = if field == Field::IdNumber.as_str() { self.known_by_any() } else { None };
        any.into_iter().chain(columns).collect()
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
}

/// Takes a further column into the record key.
fn with_key(paths: &[String], other: &str) -> Answer {
    let key: Vec<String> = paths.iter().map(String::as_str).chain([other]).map(quote_string).collect();
    one_line(other, stream_line("record_key", &format!("[{}]", key.join(", "))))
}

/// Takes the rows with these words as withdrawn, or with each of them if they are numbers, whose meaning is not known.
fn states_that_do_not_count(path: &str, words: &[String]) -> Vec<Answer> {
    let is_number = |word: &String| word.bytes().all(|b| b.is_ascii_digit());
    if words.len() > 1 && words.iter().all(is_number) {
        return words.iter().map(|word| withdraw_rows(path, std::slice::from_ref(word))).collect();
    }
    vec![withdraw_rows(path, words)]
}

/// Takes rows with these words as withdrawn: their records do not count.
fn withdraw_rows(path: &str, words: &[String]) -> Answer {
    let list: Vec<String> = words.iter().map(|word| quote_string(word)).collect();
    let because = quote_string(&format!("withdrawn 已撤销: {path}"));
    let rule = format!(
        "[{{ when = [{{ path = {}, is = [{}] }}], act = \"withdraw\", because = {because} }}]",
        quote_string(path),
        list.join(", ")
    );
    Answer { value: format!("{path}: {}", words.join(" | ")), lines: vec![stream_line("rows", &rule)] }
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
            // Each column of states has a rule of its own.
            (Some(at), false) if new.key == "rows" && !lines[at].starts_with('#') => {
                let rule = new.line.strip_prefix("rows = [").unwrap_or_default();
                lines[at] = lines[at].strip_suffix(']').map(|rules| format!("{rules}, {rule}")).unwrap_or_default();
            }
            (Some(at), false) => lines[at].clone_from(&new.line),
            (None, true) => {}
            (None, false) => lines.insert(begins, new.line.clone()),
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::{apply_answer, withdraw_rows};

    #[test]
    fn rules_of_two_columns_stand_beside_each_other() {
        let manifest = "[[stream]]\nname = \"records\"\n# ? one\n# ? two\n[stream.map]\nname = \"a\"\n";
        let one = apply_answer(manifest, "# ? one", &withdraw_rows("状态", &["退学".to_owned()]));
        let both = apply_answer(&one, "# ? two", &withdraw_rows("del", &["1".to_owned()]));
        let rules = both.lines().find(|line| line.starts_with("rows = ")).unwrap_or_default();
        assert!(rules.contains("\"退学\"") && rules.contains("\"1\"") && rules.ends_with("}]"), "{both}");
        assert!(!both.contains("# ?") && toml::from_str::<toml::Table>(&both).is_ok(), "{both}");
    }
}
