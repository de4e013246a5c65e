//! Asks about columns that are named as hours, days or scores but may hold another quantity.

use crate::infer::candidates::{Columns, MIN_TELLING_SCORE};
use crate::infer::doubts::{self, OtherHours};
use crate::infer::guess::{Question, UNSURE};
use crate::infer::notes::{self, FoundNote, UnitNote};
use crate::infer::relate::{self, Order};
use crate::infer::settle::Settled;
use crate::infer::terms::Meaning;
use huiliu_manifest::{Field, Unit};

/// Confidence in a last day that may be a deadline.
const DEADLINE: u32 = 55;
/// Most different texts of a column that is searched for statements about units.
const MAX_REMARKS: usize = 12;
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

    /// Asks about hours that are taken off, which stand in a column of their own.
    pub fn ask_deducted(&self, settled: &mut Settled) {
        let Some(path) = settled.mapped_path(Field::Hours) else { return };
        let is_some = |text: &String| text.trim().parse::<f64>().is_ok_and(|number| number != 0.0);
        let deducted = self.list_other_hours().into_iter().map(|at| &self.table.columns[at]).find(|column| {
            column.words.last().is_some_and(|leaf| doubts::names_a_deduction(leaf))
                && column.values.iter().flatten().any(is_some)
        });
        if let Some(column) = deducted {
            settled.questions.push(Question::Deducted { path, other: column.path.clone() });
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
        let Some(path) = settled.mapped_path(Field::ScoreTotal) else { return };
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
        let found = notes::find_length(&name.base, &name.inner);
        let agrees = |note: &FoundNote| {
            matches!(&note.says, UnitNote::Unit(unit)
                if name.unit.is_some_and(|named| named.unit == *unit && named.confidence > UNSURE))
        };
        let mut stated = std::iter::once(leaf).chain(notes).chain(remarks).filter_map(notes::find_note);
        found.or_else(|| stated.find(|note| !agrees(note)))
    }
}
