//! The words about one place of the manifest language, with all that can stand there, in either language.

use std::fmt::Write as _;

use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::Manifest;
use crate::fault::Meant;
use crate::page::Page;
use crate::shape::{Case, Fields, Key, Part as _, Shape, StepWord, Table, Word, Words};

/// Which language the words are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// English.
    English,
    /// Chinese.
    Chinese,
}

impl Tongue {
    pub(crate) fn of(self, words: Words) -> &'static str {
        match self {
            Self::English => words.en.trim(),
            Self::Chinese => words.zh,
        }
    }

    pub(crate) fn pick(self, en: &'static str, zh: &'static str) -> &'static str {
        match self {
            Self::English => en,
            Self::Chinese => zh,
        }
    }
}

/// Why a place cannot be explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum ExplainError {
    /// There is no such place, but others.
    #[serde(rename = "explain.no_place")]
    NoPlace { step: String, of: String, meant: Option<Meant>, known: Vec<String> },
}

said_in_english!(ExplainError);

/// One place of the language, as `stream.page` or `stream.map.hours`.
///
/// # Errors
/// What there is instead.
pub fn explain(place: &str, tongue: Tongue) -> Result<String, ExplainError> {
    let mut shape = Manifest::SHAPE;
    let mut words = Manifest::TABLE.words;
    for step in place.split('.').filter(|step| !step.is_empty()) {
        let all = names(shape);
        let found = all.iter().find(|(name, ..)| *name == step || *name == ANY);
        let Some((_, told, inner)) = found else {
            let known: Vec<&str> = all.iter().map(|(name, ..)| *name).filter(|name| *name != EACH).collect();
            let meant = Meant::among(step, known.iter().copied());
            let known = known.into_iter().map(str::to_owned).collect();
            return Err(ExplainError::NoPlace { step: step.to_owned(), of: place.to_owned(), meant, known });
        };
        (shape, words) = (inner, told.unwrap_or(words));
    }
    let mut page = Page { tongue, linked: false, out: String::new() };
    page.line(tongue.of(words));
    page.section(place, shape, 2);
    Ok(page.out)
}

/// In a place: each of the known names.
pub(crate) const EACH: &str = "*";
/// In what a place can go on with: any name.
const ANY: &str = "";

/// What one step further in a place can be.
fn names(shape: &'static Shape) -> Vec<(&'static str, Option<Words>, &'static Shape)> {
    let of_keys =
        |keys: &'static [Key]| keys.iter().map(|key| (key.name, Some(key.words), key.shape)).collect::<Vec<_>>();
    match shape {
        Shape::Table(table) => of_keys(table.keys),
        Shape::Choice(choice) => choice.cases.iter().flat_map(|case| of_keys(case.keys)).collect(),
        Shape::Steps(list) => {
            let one = |step: &StepWord| step.needs.map(|needs| (step.word, Some(step.words), needs));
            list.all.iter().filter_map(one).collect()
        }
        Shape::List(inner) => names(inner),
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
    fn heading(&mut self, place: &str, level: usize) {
        let place = if place.is_empty() { self.tongue.pick("the manifest", "清单") } else { place };
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "\n{} `{place}`\n", "#".repeat(level.min(6)));
    }

    fn section(&mut self, place: &str, shape: &'static Shape, level: usize) {
        match shape {
            Shape::Table(table) => self.table_section(place, table, level),
            Shape::Choice(choice) => {
                self.heading(place, level);
                for Case { word, words, keys } in choice.cases {
                    let words = self.tongue.of(*words);
                    let _ = writeln!(self.out, "\n**`{} = \"{word}\"`** — {words}\n", choice.key);
                    if !keys.is_empty() {
                        self.keys(keys);
                    }
                }
                for Case { word, keys, .. } in choice.cases {
                    self.inner(&format!("{place} ({word})"), keys, level);
                }
            }
            Shape::Steps(list) => {
                self.heading(place, level);
                self.steps(list);
                for step in list.all {
                    let needs = step.needs.filter(|needs| is_large(needs));
                    needs.into_iter().for_each(|s| self.section(&format!("{place}.{}", step.word), s, level + 1));
                }
            }
            Shape::OneOf(list) => {
                self.heading(place, level);
                self.list(list);
            }
            Shape::List(inner) | Shape::Names(inner) => self.section(place, inner, level),
            Shape::Known(fields) => {
                self.heading(place, level);
                self.list(fields.of);
                self.section(&format!("{place}.{EACH}"), fields.value, level + 1);
            }
            Shape::Short { key, table } => {
                self.table_section(place, table, level);
                let short = self.short();
                let _ = writeln!(self.out, "\n{short}`{key}`");
            }
            Shape::Text(_) | Shape::Number { .. } | Shape::Flag | Shape::Day => {
                let what = self.what(shape);
                self.line(&what);
            }
        }
    }

    fn inner(&mut self, place: &str, keys: &'static [Key], level: usize) {
        for key in keys.iter().filter(|key| is_large(key.shape)) {
            let place = if place.is_empty() { key.name.to_owned() } else { format!("{place}.{}", key.name) };
            self.section(&place, key.shape, level + 1);
        }
    }

    fn table_section(&mut self, place: &str, table: &'static Table, level: usize) {
        self.heading(place, level);
        self.line(self.tongue.of(table.words));
        self.line("");
        self.keys(table.keys);
        self.inner(place, table.keys, level);
    }
}

/// Whether a shape has a section of its own.
fn is_large(shape: &Shape) -> bool {
    match shape {
        Shape::Table(_) | Shape::Choice(_) | Shape::Steps(_) | Shape::Known(_) | Shape::Short { .. } => true,
        Shape::OneOf(list) => list.all.len() > 1,
        Shape::List(inner) | Shape::Names(inner) => is_large(inner),
        _ => false,
    }
}
