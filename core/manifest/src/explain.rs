//! Explains one place of the manifest language and everything that it allows, in either language.

use std::fmt::Write as _;

use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::Manifest;
use crate::fault::Suggestion;
use crate::page::Page;
use crate::shape::{Case, Fields, Key, Part as _, Shape, StepWord, Table, Word, Words};

/// The language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocLanguage {
    /// English, as in `docs/manifest.md`.
    English,
    /// Simplified Chinese, as in `docs/manifest.zh-CN.md`.
    Chinese,
}

impl DocLanguage {
    pub(crate) fn text_of(self, words: Words) -> &'static str {
        match self {
            Self::English => words.en.trim(),
            Self::Chinese => words.zh,
        }
    }

    pub(crate) fn pick_text(self, en: &'static str, zh: &'static str) -> &'static str {
        match self {
            Self::English => en,
            Self::Chinese => zh,
        }
    }
}

/// Why a place cannot be explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum ExplainError {
    /// There is no such place; the places that exist are given.
    #[serde(rename = "explain.no_place")]
    NoPlace { step: String, of: String, meant: Option<Suggestion>, known: Vec<String> },
}

said_in_english!(ExplainError);

/// Explains one place of the language, such as `stream.page` or `stream.map.hours`.
///
/// # Errors
/// [`ExplainError`] with the steps that exist instead.
pub fn explain_place(place: &str, tongue: DocLanguage) -> Result<String, ExplainError> {
    let mut shape = Manifest::SHAPE;
    let mut words = Manifest::TABLE.words;
    for step in place.split('.').filter(|step| !step.is_empty()) {
        let all = next_steps(shape);
        let found = all.iter().find(|(name, ..)| *name == step || *name == ANY);
        let Some((_, told, inner)) = found else {
            let known: Vec<&str> = all.iter().map(|(name, ..)| *name).filter(|name| *name != EACH).collect();
            let meant = Suggestion::find_similar(step, known.iter().copied());
            let known = known.into_iter().map(str::to_owned).collect();
            return Err(ExplainError::NoPlace { step: step.to_owned(), of: place.to_owned(), meant, known });
        };
        (shape, words) = (inner, told.unwrap_or(words));
    }
    let mut page = Page { tongue, linked: false, out: String::new() };
    page.push_line(tongue.text_of(words));
    page.write_section(place, shape, 2);
    Ok(page.out)
}

/// Step of a place that stands for each of the known names.
pub(crate) const EACH: &str = "*";
/// Step that matches any name.
const ANY: &str = "";

/// Returns the possible next steps of a place, with their meaning and shape.
fn next_steps(shape: &'static Shape) -> Vec<(&'static str, Option<Words>, &'static Shape)> {
    let of_keys =
        |keys: &'static [Key]| keys.iter().map(|key| (key.name, Some(key.words), key.shape)).collect::<Vec<_>>();
    match shape {
        Shape::Table(table) => of_keys(table.keys),
        Shape::Choice(choice) => choice.cases.iter().flat_map(|case| of_keys(case.keys)).collect(),
        Shape::Steps(list) => {
            let one = |step: &StepWord| step.needs.map(|needs| (step.word, Some(step.words), needs));
            list.all.iter().filter_map(one).collect()
        }
        Shape::List(inner) => next_steps(inner),
        Shape::Short { table, .. } => of_keys(table.keys),
        Shape::Names(value) => vec![(ANY, None, value)],
        Shape::Known(Fields { of, value, .. }) => {
            let one = |Word { word, words }: &Word| (*word, Some(*words), *value);
            of.all.iter().map(one).chain([(EACH, None, *value)]).collect()
        }
        _ => vec![],
    }
}

impl Page {
    fn write_heading(&mut self, place: &str, level: usize) {
        let place = if place.is_empty() { self.tongue.pick_text("the manifest", "清单") } else { place };
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "\n{} `{place}`\n", "#".repeat(level.min(6)));
    }

    fn write_section(&mut self, place: &str, shape: &'static Shape, level: usize) {
        match shape {
            Shape::Table(table) => self.write_table_section(place, table, level),
            Shape::Choice(choice) => {
                self.write_heading(place, level);
                for Case { word, words, keys } in choice.cases {
                    let words = self.tongue.text_of(*words);
                    let _ = writeln!(self.out, "\n**`{} = \"{word}\"`** — {words}\n", choice.key);
                    if !keys.is_empty() {
                        self.write_keys(keys);
                    }
                }
                for Case { word, keys, .. } in choice.cases {
                    self.write_inner_sections(&format!("{place} ({word})"), keys, level);
                }
            }
            Shape::Steps(list) => {
                self.write_heading(place, level);
                self.write_steps(list);
                for step in list.all {
                    let needs = step.needs.filter(|needs| has_section(needs));
                    needs.into_iter().for_each(|s| self.write_section(&format!("{place}.{}", step.word), s, level + 1));
                }
            }
            Shape::OneOf(list) => {
                self.write_heading(place, level);
                self.write_words(list);
            }
            Shape::List(inner) | Shape::Names(inner) => self.write_section(place, inner, level),
            Shape::Known(fields) => {
                self.write_heading(place, level);
                self.write_words(fields.of);
                self.write_section(&format!("{place}.{EACH}"), fields.value, level + 1);
            }
            Shape::Short { key, table } => {
                self.write_table_section(place, table, level);
                let short = self.short_form_intro();
                let _ = writeln!(self.out, "\n{short}`{key}`");
            }
            Shape::Text(_) | Shape::Number { .. } | Shape::Flag | Shape::Day => {
                let what = self.describe_shape(shape);
                self.push_line(&what);
            }
        }
    }

    fn write_inner_sections(&mut self, place: &str, keys: &'static [Key], level: usize) {
        for key in keys.iter().filter(|key| has_section(key.shape)) {
            let place = if place.is_empty() { key.name.to_owned() } else { format!("{place}.{}", key.name) };
            self.write_section(&place, key.shape, level + 1);
        }
    }

    fn write_table_section(&mut self, place: &str, table: &'static Table, level: usize) {
        self.write_heading(place, level);
        self.push_line(self.tongue.text_of(table.words));
        self.push_line("");
        self.write_keys(table.keys);
        self.write_inner_sections(place, table.keys, level);
    }
}

/// Whether a shape gets a section of its own.
fn has_section(shape: &Shape) -> bool {
    match shape {
        Shape::Table(_) | Shape::Choice(_) | Shape::Steps(_) | Shape::Known(_) | Shape::Short { .. } => true,
        Shape::OneOf(list) => list.all.len() > 1,
        Shape::List(inner) | Shape::Names(inner) => has_section(inner),
        _ => false,
    }
}
