//! Decides columns that neither name nor content identified: the only one of its kind, codes that go with titles, the
//! unit beside the hours.

use std::collections::{BTreeMap, BTreeSet};

use crate::infer::candidates::{Columns, MIN_TELLING_SCORE};
use crate::infer::content;
use crate::infer::doubts;
use crate::infer::guess::{Evidence, FieldGuess, Piece, Question, UNSURE, UnitGuess};
use crate::infer::relate::{self, Order};
use crate::infer::settle::{Settled, masked_examples};
use crate::infer::table::Column;
use crate::infer::terms::Meaning;
use crate::infer::unit::{self, StatedUnit};
use huiliu_decode::draft::redact_text;
use huiliu_manifest::amount::parse_amount;
use huiliu_manifest::{Field, Unit};

/// Confidence in dates that are split from one cell.
const CUT: u32 = 86;
/// Confidence in codes identified only because they go with the course titles.
const PAIRED_CODE: u32 = 66;
/// Number of digits in a Unix time in seconds.
const SECONDS: usize = 10;
/// From this score on, a name means nothing else.
const MIN_CERTAIN_SCORE: u32 = 85;
/// Confidence in the only column of its kind.
const ONLY_ONE: u32 = 55;
/// Confidence in units that each text states itself.
const EACH_STATED: u32 = 90;
/// Names of a column that holds units.
const UNIT_NAMES: &str = "dw jldw xsdw danwei uom unit hourunit hoursunit durationunit timeunit hour_unit duration_unit time_unit units 单位 计量单位 \
    时长单位 学时单位 时间单位";
/// Words in the name of such a column.
const UNIT_WORDS: [&str; 4] = ["单位", "计量", "计时", "unit"];
/// Confidence in a unit that a separate column states.
const IN_COLUMN: u32 = 92;

impl Columns<'_> {
    /// Takes the only column of dates as the last day and the only column of titles as the course title, if no other
    /// column is either.
    pub fn take_only_columns(&self, settled: &mut Settled) {
        let free = |at: &usize| {
            matches!(settled.meanings[*at], None | Some(Meaning::Version)) && !self.table.columns[*at].twin
        };
        let all = || 0..self.facts.len();
        // The time a record was changed is not a training date, unless the name could mean that too.
        let days: Vec<usize> = all()
            .filter(|at| self.names[*at].score_for(Meaning::Version) < MIN_CERTAIN_SCORE)
            .filter(|at| self.facts[*at].dates >= 90 && self.facts[*at].length >= 8 && !self.beside[*at].births)
            // Ten digits are as often a code as a Unix time.
            .filter(|at| self.facts[*at].written_dates >= 50 || self.facts[*at].length != SECONDS)
            .collect();
        let title = |at: &usize| {
            let facts = &self.facts[*at];
            facts.han >= 80
                && facts.length >= 5
                && facts.distinct < facts.filled
                && facts.distinct > 1
                && facts.schools < 30
                && facts.people < 30
        };
        // 科目 means the school subject as often as the course.
        let open = |at: &usize| free(at) || settled.meanings[*at] == Some(Meaning::Subject);
        let titles: Vec<usize> = all().filter(|at| title(at) && open(at)).collect();
        let mut found = Vec::new();
        if let ([day], None) = (days.as_slice(), settled.mapped_path(Field::PeriodEnd))
            && free(day)
        {
            found.push((Field::PeriodEnd, *day, Evidence::Dates));
        }
        // If there are two columns of dates in order, the earlier is the first day.
        if let ([one, other], None) = (days.as_slice(), settled.mapped_path(Field::PeriodEnd)) {
            let values = |at: usize| self.table.columns[at].values.as_slice();
            let (start, end) = match relate::compare_order(values(*one), values(*other)) {
                Order::Before => (Some(*one), Some(*other)),
                Order::After => (Some(*other), Some(*one)),
                Order::Mixed => (None, None),
            };
            let start = start.filter(|_| settled.mapped_path(Field::PeriodStart).is_none());
            found.extend(start.filter(free).map(|at| (Field::PeriodStart, at, Evidence::InOrder)));
            found.extend(end.filter(free).map(|at| (Field::PeriodEnd, at, Evidence::InOrder)));
        }
        let course = settled
            .mapped_path(Field::CourseTitle)
            .or(settled.mapped_path(Field::CourseCode))
            .or(settled.mapped_path(Field::ProjectTitle));
        if let ([title], None) = (titles.as_slice(), course) {
            found.push((Field::CourseTitle, *title, Evidence::Titles));
        }
        for (field, at, seen) in found {
            let column = &self.table.columns[at];
            let (path, evidence) = (column.path.clone(), vec![seen, Evidence::OnlyOne]);
            settled.questions.push(Question::Unsure {
                field: field.as_str(),
                path: path.clone(),
                confidence: ONLY_ONE,
            });
            let examples = masked_examples(field, column);
            settled.fields.push(FieldGuess {
                field: field.as_str(),
                path,
                confidence: ONLY_ONE,
                evidence,
                examples,
                piece: None,
                full_mark: None,
                joined: None,
            });
        }
    }

    /// Splits first and last day in one cell, if every cell has the same separator.
    pub fn split_period_column(&self, settled: &mut Settled) {
        if settled.mapped_path(Field::PeriodEnd).is_some() {
            return;
        }
        let periods = (0..self.facts.len()).filter(|at| settled.meanings[*at] == Some(Meaning::Period));
        let cut =
            periods.filter_map(|at| Some((at, content::period_separator(&self.table.columns[at].values)?))).next();
        let Some((at, mark)) = cut else { return };
        let column = &self.table.columns[at];
        for (field, take) in [(Field::PeriodStart, 1), (Field::PeriodEnd, 2)] {
            if settled.mapped_path(field).is_none() && !column.twin {
                settled.fields.push(FieldGuess {
                    field: field.as_str(),
                    path: column.path.clone(),
                    confidence: CUT,
                    evidence: vec![Evidence::Periods],
                    examples: masked_examples(field, column),
                    piece: Some(Piece { at: mark.to_owned(), take }),
                    full_mark: None,
                    joined: None,
                });
            }
        }
    }

    /// Takes a column of codes that correspond one to one to the course titles as the course code, whatever it is
    /// called.
    pub fn take_paired_code(&self, settled: &mut Settled) {
        let title = settled
            .mapped_path(Field::CourseTitle)
            .and_then(|path| self.table.columns.iter().position(|c| c.path == path));
        let (Some(title), None) = (title, settled.mapped_path(Field::CourseCode)) else { return };
        let pairs = |at: &usize| {
            let (facts, column) = (&self.facts[*at], &self.table.columns[*at]);
            let repeats = facts.distinct > 1 && facts.distinct < facts.filled && facts.codes >= 90 && facts.dates < 50;
            let leaf = column.words.last().map(String::as_str).unwrap_or_default();
            repeats
                && !column.twin
                && !self.is_amount(*at)
                && !doubts::names_no_course(leaf)
                && settled.meanings[*at].is_none()
                && relate::are_paired(&column.values, &self.table.columns[title].values)
        };
        let codes: Vec<usize> = (0..self.facts.len()).filter(pairs).collect();
        if let [at] = codes.as_slice() {
            let column = &self.table.columns[*at];
            settled.meanings[*at] = Some(Meaning::Field(Field::CourseCode));
            settled.fields.push(FieldGuess {
                field: Field::CourseCode.as_str(),
                path: column.path.clone(),
                confidence: PAIRED_CODE,
                evidence: vec![Evidence::Codes, Evidence::Paired],
                examples: masked_examples(Field::CourseCode, column),
                piece: None,
                full_mark: None,
                joined: None,
            });
        }
    }

    /// Asks about codes each of which stands for several titles: they may be those of projects or classes.
    pub fn ask_shared_code(&self, settled: &mut Settled) {
        let mapped = |field| settled.mapped_path(field);
        let (Some(path), Some(title)) = (mapped(Field::CourseCode), mapped(Field::CourseTitle)) else { return };
        let texts = |path: &str| self.table.columns.iter().find(|column| column.path == path).map(|c| &c.values);
        let (Some(codes), Some(titles)) = (texts(&path), texts(&title)) else { return };
        let mut titles_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (code, title) in codes.iter().zip(titles).filter_map(|(code, title)| code.as_deref().zip(title.as_deref()))
        {
            titles_of.entry(code.trim()).or_default().insert(title.trim());
        }
        let shared = titles_of.values().filter(|titles| titles.len() > 1).count();
        if shared > 0 && shared * 2 >= titles_of.len() {
            settled.questions.push(Question::SharedCode { path, title });
        }
    }

    /// Uses the course title as its code if there is no code.
    pub fn use_title_as_code(&self, settled: &mut Settled) {
        if settled.mapped_path(Field::CourseCode).is_some() {
            return;
        }
        let titled = |field: Field, most: u32| {
            settled.fields.iter().find(|g| g.field == field.as_str()).cloned().map(|g| (g, most))
        };
        // A programme without courses counts as a course.
        if let Some((mut code, most)) = titled(Field::CourseTitle, 90).or_else(|| titled(Field::ProjectTitle, 64)) {
            code.field = Field::CourseCode.as_str();
            code.confidence = code.confidence.saturating_sub(5).min(most);
            code.evidence.push(Evidence::TitleAsCode);
            if let Some(other) = self.find_paired_code(settled, &code.path) {
                let path = code.path.clone();
                settled.questions.push(Question::Rival { field: Field::CourseCode.as_str(), path, other });
            }
            settled.fields.push(code);
        }
    }

    /// Returns a column of codes, each of which goes with one title of the column `title` and vice versa: a code of the
    /// project, or one with a name that nobody knows, may be meant as that of the course.
    fn find_paired_code(&self, settled: &Settled, title: &str) -> Option<String> {
        let titles = &self.table.columns.iter().find(|column| column.path == title)?.values;
        let is_code = |at: &usize| {
            let facts = &self.facts[*at];
            let free = matches!(settled.meanings[*at], None | Some(Meaning::Field(Field::ProjectCode)));
            let leaf = self.table.columns[*at].words.last().map(String::as_str).unwrap_or_default();
            free && !doubts::names_no_course(leaf)
                && !self.is_amount(*at)
                && facts.codes >= 90
                && facts.distinct > 1
                && facts.distinct < facts.filled
                && facts.dates < 50
        };
        let mut codes = (0..self.facts.len()).filter(is_code).map(|at| &self.table.columns[at]);
        codes.find(|column| column.path != title && relate::are_paired(&column.values, titles)).map(|c| c.path.clone())
    }

    /// Returns whether a column is named as one of amounts.
    fn is_amount(&self, at: usize) -> bool {
        let named = |meaning| self.names[at].score_for(meaning) >= MIN_TELLING_SCORE;
        self.names[at].unit.is_some()
            || [Meaning::Field(Field::Hours), Meaning::PlannedHours, Meaning::Credit].into_iter().any(named)
    }

    /// Decides the unit of the hours.
    pub fn settle_unit(&self, settled: &mut Settled) {
        let Some(path) = settled.mapped_path(Field::Hours) else { return };
        let Some(at) = self.table.columns.iter().position(|c| c.path == path) else { return };
        let facts = &self.facts[at];
        let beside = self.find_unit_column(&path);
        let in_column = beside.and_then(|column| unit::common_unit(&column.values));
        let in_column = in_column.map(|unit| StatedUnit { unit, confidence: IN_COLUMN });
        let named = self.names[at].unit.or(in_column);
        if doubts::names_two_units(self.table.columns[at].words.last().map(String::as_str).unwrap_or_default()) {
            settled.questions.push(Question::Unit { path });
            return;
        }
        if let Some(note) = self.find_unit_note(settled, at) {
            settled.questions.push(Question::UnitNote { path, note: note.text });
            return;
        }
        // A unit beside each amount counts, whatever the header says.
        let differs = in_column.is_none_or(|stated| named.is_some_and(|named| named.unit != stated.unit));
        if let Some(beside) = beside.filter(|_| differs) {
            self.join_units(settled, at, beside);
            return;
        }
        let is_other = facts.only_unit.is_some_and(|only| named.is_none_or(|named| named.unit != only));
        if facts.with_unit < facts.filled && (facts.has_mixed_units || is_other) {
            settled.questions.push(Question::Units { path, odd: self.texts_without_unit(at) });
            return;
        }
        // The rules convert no seconds, and 81分28秒 has no other exact number.
        let seconds = self.texts_in_seconds(at);
        if !seconds.is_empty() {
            settled.questions.push(Question::Units { path, odd: seconds });
            return;
        }
        // A text that states its unit leaves nothing open.
        if facts.has_mixed_units {
            let unit = named.map_or(Unit::ClassHour, |named| named.unit);
            settled.unit = Some(UnitGuess { unit, confidence: EACH_STATED, suffix: None, in_text: true });
            return;
        }
        match unit::guess_unit(named, facts) {
            Some(StatedUnit { unit, confidence }) if confidence >= UNSURE => {
                let suffix = facts.unit.as_ref().and_then(|written| written.word.clone());
                let in_text = facts.unit.as_ref().is_some_and(|written| written.word.is_none());
                if confidence < 70 {
                    settled.questions.push(Question::Unit { path });
                }
                settled.unit = Some(UnitGuess { unit, confidence, suffix, in_text });
            }
            _ => settled.questions.push(Question::Unit { path }),
        }
    }

    /// Returns a few texts of a column whose amount is only in seconds a plain number, masked.
    fn texts_in_seconds(&self, at: usize) -> Vec<String> {
        let texts = self.table.columns[at].values.iter().flatten().map(|text| text.trim());
        let is_in_seconds = |text: &&str| parse_amount(text).is_some_and(|amount| amount.unit == Some(Unit::Second));
        texts.filter(is_in_seconds).take(3).map(redact_text).collect()
    }

    /// Returns a few texts of a column that state no unit, masked.
    fn texts_without_unit(&self, at: usize) -> Vec<String> {
        let texts = self.table.columns[at].values.iter().flatten();
        let mut odd: Vec<&str> = texts.map(|text| text.trim()).filter(|text| !content::states_unit(text)).collect();
        odd.sort_unstable();
        odd.dedup();
        odd.into_iter().take(3).map(redact_text).collect()
    }

    /// Joins the column that has the unit of each amount to the amounts; asks if some have none.
    fn join_units(&self, settled: &mut Settled, at: usize, beside: &Column) {
        let column = &self.table.columns[at];
        let is_whole =
            column.values.iter().zip(&beside.values).all(|(amount, unit)| amount.is_some() == unit.is_some());
        let hours = settled.fields.iter_mut().find(|guess| guess.field == Field::Hours.as_str());
        match hours.filter(|_| is_whole && !beside.twin && self.facts[at].with_unit == 0) {
            Some(hours) => {
                hours.joined = Some(beside.path.clone());
                hours.evidence.push(Evidence::UnitInValues);
                settled.unit =
                    Some(UnitGuess { unit: Unit::ClassHour, confidence: EACH_STATED, suffix: None, in_text: true });
            }
            None => {
                settled.questions.push(Question::Units { path: column.path.clone(), odd: self.texts_without_unit(at) })
            }
        }
    }

    /// Returns a separate column that holds the units of the amounts at a path, such as `duration.@unit`.
    fn find_unit_column(&self, path: &str) -> Option<&Column> {
        let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
        self.table.columns.iter().find(|column| {
            let (above, leaf) = column.path.rsplit_once('.').unwrap_or(("", &column.path));
            let leaf = leaf.trim_start_matches('@').to_lowercase();
            let is_unit = |text: &String| unit::unit_of_word(text).is_some();
            (above == path || above == parent)
                && (UNIT_NAMES.split_whitespace().any(|name| name == leaf)
                    || UNIT_WORDS.iter().any(|word| leaf.contains(word)))
                && column.values.iter().flatten().count() > 0
                && column.values.iter().flatten().all(is_unit)
        })
    }
}
