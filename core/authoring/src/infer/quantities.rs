//! Asks about columns that are named as hours, days or results but hold another quantity, and about rows that were
//! withdrawn.

use crate::infer::candidates::{Columns, MIN_TELLING_SCORE};
use crate::infer::doubts::{self, OtherHours};
use crate::infer::guess::{Question, UNSURE};
use crate::infer::notes::{self, FoundNote, UnitNote};
use crate::infer::settle::Settled;
use crate::infer::terms::Meaning;
use huiliu_manifest::{Field, Unit};

/// Confidence in a last day that may be a deadline.
const DEADLINE: u32 = 55;
/// At most this many words of withdrawn rows are listed.
const MAX_WORDS: usize = 6;
/// Most different texts of a column that is searched for statements about units.
const MAX_REMARKS: usize = 12;
/// Words of a state in which a record does not count.
const WITHDRAWN: &str = "已作废 作废 取消 已取消 退学 已退学 撤销 已撤销 撤回 已撤回 无效 已删除 删除 退班 已退班 退出 已退出 退训 注销 已注销 停用 \
    cancelled canceled void voided revoked withdrawn deleted tobedeleted invalid dropped";
/// Words of names of which a yes means that the record does not count.
const WITHDRAWAL_NAMES: &str = "作废 删除 撤销 取消 退学 注销 deleted voided revoked cancelled canceled withdrawn";

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
        } else if doubts::is_added_up(&path) && !others.is_empty() {
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

    /// Asks about rows that were withdrawn.
    pub fn ask_withdrawn(&self, settled: &mut Settled) {
        let is_word = |text: &str, words: &str| words.split_whitespace().any(|word| word == text);
        for column in self.table.columns.iter().filter(|column| !column.twin) {
            let leaf = column.words.last().map(|word| word.to_lowercase()).unwrap_or_default();
            let asks = WITHDRAWAL_NAMES.split_whitespace().any(|word| leaf.contains(word));
            let yes = |text: &str| asks && ["是", "true", "1", "y", "yes"].contains(&text);
            let mut words: Vec<String> = Vec::new();
            for text in column.values.iter().flatten().map(|text| text.trim()) {
                let small = text.to_lowercase();
                let is_new = words.len() < MAX_WORDS && !words.iter().any(|word| word == text);
                if is_new && (is_word(&small, WITHDRAWN) || yes(&small)) {
                    words.push(text.to_owned());
                }
            }
            if !words.is_empty() {
                settled.questions.push(Question::Withdrawn { path: column.path.clone(), words });
            }
        }
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
