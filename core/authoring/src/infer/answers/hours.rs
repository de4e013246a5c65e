//! The answers to questions about hours: the columns and units that they can have.

use huiliu_manifest::Unit;

use super::{Answer, AnswerContext, map_line, one_line};
use crate::infer::content;
use crate::infer::doubts;
use crate::infer::guess::UNSURE;
use crate::infer::names;
use crate::infer::notes::{self, UnitNote};
use crate::infer::table::Column;
use crate::infer::unit::{self, StatedUnit};
use crate::infer::write::quote_string;

/// The units that an answer can name, the most frequent first.
const UNITS: [Unit; 7] =
    [Unit::ClassHour, Unit::Hour, Unit::Minute, Unit::Day, Unit::HalfDay, Unit::Second, Unit::Credit];
/// From this confidence on, a unit is stated, and no other is offered.
const MIN_STATED: u32 = 80;
/// From this confidence on, brackets or a slash state the unit.
const MIN_CERTAIN: u32 = 97;
/// Length of the longest text that may be an amount, in bytes.
const MAX_AMOUNT: usize = 100;

impl AnswerContext<'_> {
    /// Returns the units that the numbers of a column can have: the one that its name or its texts state, if they agree;
    /// otherwise each, the likeliest first.
    pub fn units_of(&self, path: &str) -> Vec<Answer> {
        // A long text is no amount, whatever its unit.
        let is_short = |column: &&Column| column.values.iter().flatten().all(|text| text.len() <= MAX_AMOUNT);
        let column = self.find_column(path).filter(|column| !column.twin).filter(is_short);
        let Some(column) = column else { return vec![] };
        let (facts, named) = (content::count_facts(&column.values), names::read_name(&column.words).unit);
        let in_text = facts.with_unit > 0;
        let likely = unit::guess_unit(named, &facts);
        let is_stated = |guess: &StatedUnit| guess.confidence >= MIN_STATED && !facts.has_mixed_units;
        let is_only = |named: StatedUnit| {
            named.confidence >= MIN_CERTAIN || named.unit != Unit::ClassHour && named.confidence > MIN_STATED
        };
        let has_two = doubts::names_two_units(column.words.last().map(String::as_str).unwrap_or_default());
        let units: Vec<Unit> = match likely {
            _ if has_two => UNITS.to_vec(),
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
            // Brackets that say seconds, or a word that says minutes, leave no other.
            Some(_) if named.is_some_and(is_only) && !facts.has_mixed_units => {
                named.map(|named| named.unit).into_iter().collect()
            }
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
        self.in_units(column, &units)
    }

    /// Takes a column in each of these units.
    fn in_units(&self, column: &Column, units: &[Unit]) -> Vec<Answer> {
        let path = &column.path;
        let in_text = content::count_facts(&column.values).with_unit > 0;
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
        units.iter().copied().flat_map(of).collect()
    }

    /// Returns the readings of a column of hours that agree with a statement about its unit.
    pub fn units_by_note(&self, path: &str, note: &str) -> Vec<Answer> {
        let units = self.units_of(path);
        let Some(column) = self.find_column(path) else { return units };
        let named = names::read_name(&column.words).unit.map(|named| named.unit);
        let scaled = |unit: Unit, number: &str| {
            let (path_text, unit) = (quote_string(path), unit.as_str());
            let number_text = quote_string(number);
            let line = format!("{{ path = {path_text}, unit = \"{unit}\", then = [{{ scale = {number_text} }}] }}");
            one_line(&format!("{path} × {number}: {unit}"), map_line("hours", &line))
        };
        match notes::find_note(note).map(|found| found.says) {
            Some(UnitNote::Unit(unit)) => self.in_units(column, &[unit]),
            Some(UnitNote::PerDay(number)) if named == Some(Unit::Day) => {
                plain_number(&number).map(|number| scaled(Unit::ClassHour, &number)).into_iter().collect()
            }
            Some(UnitNote::Minutes(number)) if named.is_none_or(|unit| unit == Unit::ClassHour) => {
                let minutes = plain_number(&number).map(|number| scaled(Unit::Minute, &number));
                units.into_iter().take(1).chain(minutes).collect()
            }
            _ => units,
        }
    }

    /// Takes calendar days as days of training, if every duration has nothing else.
    pub fn days_of_training(&self, path: &str) -> Option<Answer> {
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
}

/// Returns a number in digits; numerals up to ninety-nine are converted.
fn plain_number(text: &str) -> Option<String> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(text.to_owned());
    }
    let digit = |c: char| "零一二三四五六七八九".chars().position(|of| of == c).or((c == '两').then_some(2));
    let value = match text.split_once('十') {
        Some((tens, ones)) => {
            let part = |text: &str, blank: usize| text.chars().next().map_or(Some(blank), digit);
            part(tens, 1)? * 10 + part(ones, 0)?
        }
        None => digit(text.chars().next().filter(|_| text.chars().count() == 1)?)?,
    };
    Some(value.to_string())
}
