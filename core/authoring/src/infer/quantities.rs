//! Asks about columns that are named as hours, days or scores but may hold another quantity.

use crate::infer::candidates::{Columns, MIN_TELLING_SCORE};
use crate::infer::doubts::{self, OtherHours};
use crate::infer::guess::{Question, UNSURE};
use crate::infer::notes::{self, FoundNote, UnitNote};
use crate::infer::relate::{self, Order};
use crate::infer::settle::{Settled, masked_examples};
use crate::infer::terms::Meaning;
use huiliu_decode::draft::redact_text;
use huiliu_manifest::{Field, Unit};

/// Confidence in a last day that may be a deadline.
const DEADLINE: u32 = 55;
/// Most different texts of a column that is searched for statements about units.
const MAX_REMARKS: usize = 12;
/// From this many scores on, one number for all is no score.
const MIN_SAME: usize = 4;
impl Columns<'_> {
    /// Leaves out hours that are a factor, a part or a sum of other columns, and asks.
    pub fn doubt_hours(&self, settled: &mut Settled) {
        let Some(path) = settled.mapped_path(Field::Hours) else { return };
        let Some(at) = self.table.columns.iter().position(|column| column.path == path) else { return };
        let others = self.list_other_hours();
        let rate = others.iter().find(|other| self.names[**other].other_hours == Some(OtherHours::Rate));
        let is_days = self.names[at].unit.is_some_and(|stated| matches!(stated.unit, Unit::Day | Unit::HalfDay));
        let named = |at: usize| self.table.columns[at].path.clone();
        let question = if let Some(rate) = rate.filter(|_| is_days || doubts::is_count(&path)) {
            Question::Product { paths: vec![named(*rate), path.clone()] }
        } else if doubts::is_added_up(&path)
            && others.iter().any(|other| self.names[*other].other_hours != Some(OtherHours::Stock))
        {
            Question::OtherHours { paths: others.into_iter().map(named).chain([path.clone()]).collect() }
        } else if let Some(part) = self.find_part(at) {
            Question::Sum { paths: vec![path.clone(), named(part)] }
        } else {
            return;
        };
        settled.fields.retain(|guess| guess.field != Field::Hours.as_str());
        settled.questions.retain(|known| !matches!(known, Question::Rival { field: "hours", .. }));
        settled.questions.push(question);
    }

    /// Asks about a column that may change the hours: hours that are taken off, a factor, or remarks about hours.
    pub fn ask_adjusted(&self, settled: &mut Settled) {
        let Some(path) = settled.mapped_path(Field::Hours) else { return };
        for (at, column) in self.table.columns.iter().enumerate() {
            let is_read = settled.fields.iter().any(|guess| guess.path == column.path);
            if is_read || column.twin || Self::is_grouped(settled, at) {
                continue;
            }
            let leaf = column.words.last().map(String::as_str).unwrap_or_default();
            let changes = |text: &&str| match (doubts::names_a_deduction(leaf), doubts::names_a_factor(leaf)) {
                (true, _) => text.parse::<f64>().is_ok_and(|number| number != 0.0),
                (_, true) => !matches!(*text, "1" | "1.0" | "1.00" | "1:1" | "1：1" | "100%" | "100"),
                _ => doubts::remarks_on_hours(text),
            };
            let mut seen: Vec<String> =
                column.values.iter().flatten().map(|text| text.trim()).filter(changes).map(redact_text).collect();
            seen.sort();
            seen.dedup();
            seen.truncate(3);
            if !seen.is_empty() {
                settled.questions.push(Question::Adjusted { path: path.clone(), other: column.path.clone(), seen });
            }
        }
    }

    /// Asks about a result beside that of a second try.
    pub fn doubt_result(&self, settled: &mut Settled) {
        let Some(path) = settled.mapped_path(Field::Result) else { return };
        let is_resit = |at: &usize| {
            let column = &self.table.columns[*at];
            let leaf = column.words.last().map(String::as_str).unwrap_or_default();
            column.path != path
                && !column.twin
                && doubts::names_a_resit(leaf)
                && self.facts[*at].filled > 0
                && self.facts[*at].numbers < 60
                && self.facts[*at].dates < 60
        };
        if let Some(at) = (0..self.facts.len()).find(is_resit) {
            let other = self.table.columns[at].path.clone();
            settled.questions.push(Question::Rival { field: Field::Result.as_str(), path, other });
        }
    }

    /// Asks about a field whose best named column has no values, as one of formulas that were never calculated.
    pub fn doubt_blank(&self, settled: &mut Settled) {
        for field in [Field::Hours, Field::PeriodEnd, Field::CourseCode, Field::Result, Field::ScoreTotal] {
            let Some(path) = settled.mapped_path(field) else { continue };
            let score = |at: usize| self.names[at].score_for(Meaning::Field(field));
            let own = self.table.columns.iter().position(|column| column.path == path);
            let least = own.map_or(0, score).max(MIN_TELLING_SCORE);
            let is_blank = |at: &usize| {
                self.facts[*at].filled == 0 && !self.table.columns[*at].twin && Some(*at) != own && score(*at) >= least
            };
            if let Some(at) = (0..self.facts.len()).find(is_blank) {
                let other = self.table.columns[at].path.clone();
                settled.questions.push(Question::Blank { field: field.as_str(), path, other });
            }
        }
    }

    /// Returns the column that holds the other part of the hours in a column.
    fn find_part(&self, at: usize) -> Option<usize> {
        let path = &self.table.columns[at].path;
        let is_part = |other: &usize| {
            let is_amount = self.names[*other].score_for(Meaning::Field(Field::Hours)) >= MIN_TELLING_SCORE
                || self.names[*other].unit.is_some();
            *other != at && is_amount && doubts::are_parts(path, &self.table.columns[*other].path)
        };
        (0..self.facts.len()).find(is_part)
    }

    /// Returns the columns of hours that are not those of the training: per week, required, planned, left.
    fn list_other_hours(&self) -> Vec<usize> {
        let is_other = |at: &usize| {
            self.names[*at].score_for(Meaning::PlannedHours) >= MIN_TELLING_SCORE
                && self.facts[*at].filled > 0
                && !self.table.columns[*at].twin
        };
        (0..self.facts.len()).filter(is_other).collect()
    }

    /// Asks which column has the hours, if there are only such as have another amount.
    pub fn question_about_hours(&self, settled: &Settled) -> Option<Question> {
        let others: Vec<usize> =
            self.list_other_hours().into_iter().filter(|at| !Self::is_grouped(settled, *at)).collect();
        let named = |at: usize| self.table.columns[at].path.clone();
        let rate = others.iter().find(|at| self.names[**at].other_hours == Some(OtherHours::Rate));
        let is_amount = |at: &usize| {
            self.names[*at].unit.is_some() && self.facts[*at].numbers >= 90 && !Self::is_grouped(settled, *at)
        };
        let parts = (0..self.facts.len()).filter(is_amount).find_map(|at| Some((at, self.find_part(at)?)));
        if let Some((one, other)) = parts {
            return Some(Question::Sum { paths: vec![named(one), named(other)] });
        }
        let count = (0..self.facts.len()).find(|at| {
            self.facts[*at].numbers >= 90 && doubts::is_count(&self.names[*at].base) && !others.contains(at)
        });
        match (rate, count) {
            _ if others.is_empty() => None,
            (Some(rate), Some(count)) => Some(Question::Product { paths: vec![named(*rate), named(count)] }),
            _ => Some(Question::OtherHours { paths: others.into_iter().map(named).collect() }),
        }
    }

    /// Asks about a last day that may be the one until which something can be done: with a first day beside it, it is the
    /// end of the training.
    pub fn doubt_deadline(&self, settled: &mut Settled) {
        let has_start = settled.mapped_path(Field::PeriodStart).is_some();
        let Some(guess) = settled.fields.iter_mut().find(|guess| guess.field == Field::PeriodEnd.as_str()) else {
            return;
        };
        if has_start || guess.piece.is_some() || !doubts::is_deadline(&guess.path) || guess.confidence <= DEADLINE {
            return;
        }
        guess.confidence = DEADLINE;
        let (path, field) = (guess.path.clone(), Field::PeriodEnd.as_str());
        settled.questions.push(Question::Unsure { field, path, confidence: DEADLINE });
    }

    /// Asks about a last day whose name does not say so, if later days stand in another column.
    pub fn doubt_end(&self, settled: &mut Settled) {
        let Some(path) = settled.mapped_path(Field::PeriodEnd) else { return };
        let Some(at) = self.table.columns.iter().position(|column| column.path == path) else { return };
        let is_asked = settled.questions.iter().any(|question| {
            matches!(
                question,
                Question::Rival { field: "period_end", .. } | Question::Unsure { field: "period_end", .. }
            )
        });
        if is_asked || doubts::names_an_end(&path) {
            return;
        }
        let is_later = |values: &[Option<String>]| {
            matches!(relate::compare_order(&self.table.columns[at].values, values), Order::Before)
        };
        let may_end = |other: &usize| {
            let column = &self.table.columns[*other];
            let is_other = self.names[*other].score_for(Meaning::OtherTime) >= MIN_TELLING_SCORE
                || self.names[*other].score_for(Meaning::IssueDate) >= MIN_TELLING_SCORE
                || settled.meanings[*other] == Some(Meaning::Version);
            *other != at && self.facts[*other].dates >= 80 && !is_other && !column.twin && is_later(&column.values)
        };
        let rival = (0..self.facts.len()).find(may_end).map(|other| self.table.columns[other].path.clone());
        let has_unnamed = self.table.unnamed.iter().any(|values| is_later(values));
        let field = Field::PeriodEnd.as_str();
        let question = match rival {
            Some(other) => Question::Rival { field, path, other },
            None if has_unnamed => Question::Unsure { field, path, confidence: DEADLINE },
            None => return,
        };
        if let Some(guess) = settled.fields.iter_mut().find(|guess| guess.field == field) {
            guess.confidence = guess.confidence.min(DEADLINE);
        }
        settled.questions.push(question);
    }

    /// Asks about a total score beside which other scores of the same training stand: other parts, or a resit.
    pub fn doubt_total(&self, settled: &mut Settled) {
        let field = Field::ScoreTotal.as_str();
        let Some(path) = self.leave_full_mark(settled).or_else(|| settled.mapped_path(Field::ScoreTotal)) else {
            return;
        };
        let is_asked =
            settled.questions.iter().any(|question| matches!(question, Question::Rival { field: "score_total", .. }));
        if is_asked || doubts::names_a_total(&path) {
            return;
        }
        let is_rival = |other: &usize| {
            let column = &self.table.columns[*other];
            let is_read = settled.fields.iter().any(|guess| guess.path == column.path);
            let name = column.words.last().map(String::as_str).unwrap_or_default();
            let is_part = doubts::names_a_resit(name) || doubts::names_a_part(&path) && doubts::names_a_part(name);
            !is_read && !column.twin && self.facts[*other].numbers >= 60 && self.facts[*other].filled > 0 && is_part
        };
        let Some(other) = (0..self.facts.len()).find(is_rival).map(|at| self.table.columns[at].path.clone()) else {
            return;
        };
        if let Some(guess) = settled.fields.iter_mut().find(|guess| guess.field == field) {
            guess.confidence = guess.confidence.min(DEADLINE);
        }
        settled.questions.push(Question::Rival { field, path, other });
    }

    /// Reads the score from another column if the one that is named best has one number for all, which is the full mark.
    fn leave_full_mark(&self, settled: &mut Settled) -> Option<String> {
        let field = Field::ScoreTotal;
        let path = settled.mapped_path(field)?;
        let own = self.table.columns.iter().position(|column| column.path == path)?;
        let is_score = |at: &usize| {
            let facts = &self.facts[*at];
            let named = self.names[*at].score_for(Meaning::Field(field)) >= MIN_TELLING_SCORE;
            named && facts.distinct > 1 && facts.numbers >= 90 && !self.table.columns[*at].twin
        };
        let facts = &self.facts[own];
        if facts.distinct != 1 || facts.filled < MIN_SAME || facts.numbers < 90 {
            return None;
        }
        let other = (0..self.facts.len()).find(is_score)?;
        let column = &self.table.columns[other];
        let guess = settled.fields.iter_mut().find(|guess| guess.field == field.as_str())?;
        guess.path.clone_from(&column.path);
        guess.examples = masked_examples(field, column);
        settled.meanings.swap(own, other);
        settled.questions.retain(|question| !matches!(question, Question::Rival { field: "score_total", .. }));
        Some(column.path.clone())
    }

    /// Returns a statement about units that may contradict how the amounts of a column are read.
    pub fn find_unit_note(&self, settled: &Settled, at: usize) -> Option<FoundNote> {
        let name = &self.names[at];
        let column = &self.table.columns[at];
        let leaf = column.words.last().map(String::as_str).unwrap_or_default();
        let is_free = |other: &usize| {
            matches!(settled.meanings[*other], None | Some(Meaning::Remark))
                && self.facts[*other].distinct <= MAX_REMARKS
        };
        let remarks = (0..self.facts.len()).filter(is_free).flat_map(|other| {
            let texts = self.table.columns[other].values.iter().flatten();
            texts.take(MAX_REMARKS * 4).map(String::as_str)
        });
        let notes = self.table.notes.iter().map(String::as_str);
        // A column that has the minutes of a class hour: 每课时分钟数.
        let lengths: Vec<String> = (0..self.facts.len()).filter_map(|at| self.find_length_column(at)).collect();
        // The title of a block of rows stands in a column of the table: 线下（单位：天）.
        let cells = self.table.columns.iter().flat_map(|column| column.values.iter().flatten());
        let titles = cells.map(String::as_str).filter(|text| text.contains("单位"));
        let notes = notes.chain(lengths.iter().map(String::as_str)).chain(titles);
        let found = notes::find_length(&name.base, &name.inner);
        let agrees = |note: &FoundNote| {
            matches!(&note.says, UnitNote::Unit(unit)
                if name.unit.is_some_and(|named| named.unit == *unit && named.confidence > UNSURE))
        };
        let mut stated = std::iter::once(leaf).chain(notes).chain(remarks).filter_map(notes::find_note);
        found.or_else(|| stated.find(|note| !agrees(note)))
    }

    /// Returns what a column says about the length of a class hour, if it says the same for all.
    fn find_length_column(&self, at: usize) -> Option<String> {
        let column = &self.table.columns[at];
        let leaf = column.words.last()?;
        let is_length = doubts::names_a_length(leaf) && self.facts[at].distinct == 1;
        let number = column.values.iter().flatten().next().filter(|_| is_length)?.trim();
        Some(format!("每学时{}分钟", number.trim_end_matches("分钟").trim_end_matches(".0")))
    }
}
