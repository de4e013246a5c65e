//! Reads a TOML text against the definition of the language and collects every fault with its place.

use std::collections::HashMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use huiliu_messages::{Both, TomlError};

use crate::fault::{Expected, FoundValue, LocatedProblem, ManifestError, Problem, Suggestion};
use crate::rule::RuleProblem;
use crate::shape::{Choice, Key, Part, Shape, StepWord, Table};

/// Maximum number of faults that are reported; the rest can be corrected afterwards.
const MAX: usize = 200;

/// A value of the text and its span.
pub type Node<'t> = &'t Spanned<DeValue<'t>>;

/// Reads one manifest and collects its faults.
#[derive(Debug)]
pub struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    place: Vec<String>,
    spans: HashMap<String, Range<usize>>,
    faults: Vec<(Range<usize>, String, Problem)>,
    /// How many of the faults concern the form: those found while reading, before `check`.
    form_faults: usize,
}

/// The keys of a table that have not been read yet.
#[derive(Debug)]
pub struct Fields<'t> {
    nodes: HashMap<String, Node<'t>>,
    keys: &'static [Key],
    whole: Range<usize>,
}

impl<'t> Fields<'t> {
    /// Reads a key, or returns what applies if it is absent.
    pub fn take_field<T: Part>(
        &mut self,
        name: &'static str,
        absent: impl Fn() -> Option<T>,
        reader: &mut Reader<'_>,
    ) -> Option<T> {
        if let Some(node) = self.nodes.remove(name) {
            return reader.with_step(name, |r| T::read_node(node, r)).or_else(&absent).or_else(T::stand_in);
        }
        let value = absent();
        if value.is_none()
            && let Some(key) = self.keys.iter().find(|key| key.name == name)
        {
            let problem = Problem::Missing {
                key: name.to_owned(),
                what: Both { en: key.words.en.trim().into(), zh: key.words.zh.trim().into() },
            };
            reader.add_fault_at(self.whole.clone(), problem);
        }
        value.or_else(T::stand_in)
    }
}

impl<'t> Reader<'t> {
    /// Reads a whole manifest: all faults of its form, and those of its meaning that `check` finds.
    ///
    /// # Errors
    /// [`ManifestError`] with every fault and its place.
    pub fn read_document<T: Part>(
        file: &str,
        text: &str,
        check: impl FnOnce(&T, &mut Reader<'_>),
    ) -> Result<T, ManifestError> {
        let (document, errors) = DeTable::parse_recoverable(text);
        let mut reader = Reader { file, text, place: vec![], spans: HashMap::new(), faults: vec![], form_faults: 0 };
        for error in &errors {
            let span = error.span().unwrap_or(0..0);
            reader.add_fault_at(span, Problem::Syntax { why: TomlError::from_parser_message(error.message()) });
        }
        let span = document.span();
        let root = Spanned::new(span, DeValue::Table(document.into_inner()));
        let manifest = T::read_node(&root, &mut reader);
        reader.form_faults = reader.faults.len();
        if let Some(manifest) = &manifest {
            check(manifest, &mut reader);
        }
        reader.into_result(manifest)
    }

    fn into_result<T>(mut self, value: Option<T>) -> Result<T, ManifestError> {
        self.faults.sort_by_key(|(span, ..)| span.start);
        self.faults.dedup();
        let more = self.faults.len().saturating_sub(MAX);
        if more > 0 {
            self.faults.truncate(MAX);
            let last = self.faults.last().map_or(0..0, |(span, ..)| span.clone());
            self.faults.push((last, String::new(), Problem::More { more }));
        }
        let faults: Vec<LocatedProblem> = std::mem::take(&mut self.faults)
            .into_iter()
            .map(|(span, place, problem)| {
                let (line, column) = line_and_column(self.text, span.start);
                LocatedProblem { line, column, place, problem }
            })
            .collect();
        match value {
            Some(value) if faults.is_empty() => Ok(value),
            _ => Err(ManifestError { file: self.file.to_owned(), faults }),
        }
    }

    /// Adds a fault at a place of the manifest, or at the nearest enclosing place that is written there. If something
    /// at that place could not be read, that fault was reported already, and this one may only follow from it: it is
    /// not added.
    pub fn add_fault(&mut self, place: &str, why: impl Into<Problem>) {
        let is_inside = |of: &str| of.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if self.faults[..self.form_faults].iter().any(|(_, of, _)| is_inside(of)) {
            return;
        }
        let mut around = place;
        let span = loop {
            if let Some(span) = self.spans.get(around) {
                break span.clone();
            }
            match around.rsplit_once('.') {
                Some((outer, _)) => around = outer,
                None => break self.spans.get("").cloned().unwrap_or(0..0),
            }
        };
        self.faults.push((span, place.to_owned(), why.into()));
    }

    /// Adds a fault of the value at hand.
    pub fn refuse_node(&mut self, node: Node<'_>, why: impl Into<Problem>) {
        self.add_fault_at(node.span(), why.into());
    }

    fn add_fault_at(&mut self, span: Range<usize>, problem: Problem) {
        self.faults.push((span, self.place.join("."), problem));
    }

    /// Runs `read` with the place one step further in.
    pub fn with_step<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.place.push(step.to_owned());
        let value = read(self);
        self.place.pop();
        value
    }

    fn record_span(&mut self, node: Node<'_>) {
        self.spans.entry(self.place.join(".")).or_insert(node.span());
    }

    fn add_type_fault(&mut self, node: Node<'_>, expected: Expected) {
        let found = match node.get_ref() {
            DeValue::String(text) => FoundValue::Text { text: text.chars().take(40).collect() },
            DeValue::Integer(_) => FoundValue::Integer,
            DeValue::Float(_) => FoundValue::Float,
            DeValue::Boolean(_) => FoundValue::Flag,
            DeValue::Datetime(_) => FoundValue::Day,
            DeValue::Array(_) => FoundValue::List,
            DeValue::Table(_) => FoundValue::Table,
        };
        self.add_fault_at(node.span(), Problem::Type { expected, found });
    }

    /// Reads a text.
    pub fn read_text<'n>(&mut self, node: Node<'n>) -> Option<&'n str> {
        self.record_span(node);
        let text = node.get_ref().as_str();
        if text.is_none() {
            self.add_type_fault(node, Expected::Text);
        }
        text
    }

    /// Reads `true` or `false`.
    pub fn read_flag(&mut self, node: Node<'_>) -> Option<bool> {
        self.record_span(node);
        let flag = node.get_ref().as_bool();
        if flag.is_none() {
            self.add_type_fault(node, Expected::Flag);
        }
        flag
    }

    /// Reads a day, written as a TOML date or as a text.
    pub fn read_day(&mut self, node: Node<'_>) -> Option<chrono::NaiveDate> {
        self.record_span(node);
        let text = match node.get_ref() {
            DeValue::Datetime(at) => at.to_string(),
            other => other.as_str().unwrap_or_default().to_owned(),
        };
        let day = text.parse().ok();
        if day.is_none() {
            self.add_type_fault(node, Expected::Day);
        }
        day
    }

    /// Reads a whole number within bounds, both inclusive.
    pub fn read_number(&mut self, node: Node<'_>, least: u64, most: u64) -> Option<u64> {
        self.record_span(node);
        let Some(written) = node.get_ref().as_integer() else {
            self.add_type_fault(node, Expected::Number);
            return None;
        };
        let number = u64::from_str_radix(written.as_str(), written.radix()).ok();
        let number = number.filter(|n| (least..=most).contains(n));
        if number.is_none() {
            self.add_fault_at(node.span(), Problem::Bounds { found: written.as_str().to_owned(), least, most });
        }
        number
    }

    /// Reads one of a closed list of words.
    pub fn read_word<'n>(&mut self, node: Node<'n>, words: &[&'static str]) -> Option<&'n str> {
        let word = self.read_text(node)?;
        if !words.contains(&word) {
            self.add_unknown_word(node, word, words);
            return None;
        }
        Some(word)
    }

    fn add_unknown_word(&mut self, node: Node<'_>, word: &str, words: &[&str]) {
        let meant = Suggestion::find_similar(word, words.iter().copied());
        let allowed = words.iter().map(|&word| word.to_owned()).collect();
        self.add_fault_at(node.span(), Problem::UnknownWord { word: word.to_owned(), meant, allowed });
    }

    /// Reads the items of a list, each with its index as text.
    pub fn read_list<'n>(&mut self, node: Node<'n>) -> Option<Vec<(String, Node<'n>)>> {
        self.record_span(node);
        let Some(items) = node.get_ref().as_array() else {
            self.add_type_fault(node, Expected::List);
            return None;
        };
        Some(items.iter().enumerate().map(|(n, item)| (n.to_string(), item)).collect())
    }

    /// Reads the entries of a table with free names.
    pub fn read_entries<'n>(&mut self, node: Node<'n>) -> Option<Vec<(String, Node<'n>)>> {
        self.record_span(node);
        let Some(table) = node.get_ref().as_table() else {
            self.add_type_fault(node, Expected::Table);
            return None;
        };
        Some(table.iter().map(|(name, value)| (name.get_ref().to_string(), value)).collect())
    }

    /// Reads the entries of a table whose names are words of a closed list. Other names are faults.
    pub fn read_known_entries<'n>(
        &mut self,
        node: Node<'n>,
        words: &[&'static str],
    ) -> Option<Vec<(String, Node<'n>)>> {
        let entries = self.read_entries(node)?;
        let table = node.get_ref().as_table()?;
        for (name, _) in table {
            if !words.contains(&name.get_ref().as_ref()) {
                self.add_unknown_key(name.span(), name.get_ref(), words.iter().copied());
            }
        }
        Some(entries.into_iter().filter(|(name, _)| words.contains(&name.as_str())).collect())
    }

    fn add_unknown_key<'w>(&mut self, span: Range<usize>, key: &str, words: impl Iterator<Item = &'w str> + Clone) {
        // Once there are very many faults, no similar word is looked for.
        let is_told = self.faults.len() < MAX;
        let meant = is_told.then(|| Suggestion::find_similar(key, words.clone())).flatten();
        let allowed = words.map(str::to_owned).collect();
        self.add_fault_at(span, Problem::UnknownKey { key: key.to_owned(), meant, allowed });
    }

    fn read_fields<'n>(&mut self, node: Node<'n>, keys: &'static [Key], tag: Option<&str>) -> Option<Fields<'n>> {
        self.record_span(node);
        let Some(table) = node.get_ref().as_table() else {
            self.add_type_fault(node, Expected::Table);
            return None;
        };
        let mut nodes = HashMap::new();
        for (name, value) in table {
            let known = keys.iter().any(|key| key.name == name.get_ref().as_ref());
            if known {
                nodes.insert(name.get_ref().to_string(), value);
            } else if tag != Some(name.get_ref().as_ref()) {
                self.add_unknown_key(
                    name.span(),
                    name.get_ref(),
                    tag.into_iter().chain(keys.iter().map(|key| key.name)),
                );
            }
        }
        Some(Fields { nodes, keys, whole: node.span() })
    }

    /// Reads a table of known keys.
    pub fn read_table<T>(
        &mut self,
        node: Node<'_>,
        table: &'static Table,
        read: impl FnOnce(&mut Fields<'_>, &mut Self) -> Option<T>,
    ) -> Option<T> {
        let mut fields = self.read_fields(node, table.keys, None)?;
        read(&mut fields, self)
    }

    /// Reads a table of known keys, or a text that stands for one of them.
    pub fn read_short_table<T>(
        &mut self,
        node: Node<'_>,
        short: &'static str,
        table: &'static Table,
        read: impl FnOnce(&mut Fields<'_>, &mut Self) -> Option<T>,
    ) -> Option<T> {
        if node.get_ref().as_str().is_some() {
            self.record_span(node);
            let nodes = HashMap::from([(short.to_owned(), node)]);
            return read(&mut Fields { nodes, keys: table.keys, whole: node.span() }, self);
        }
        self.read_table(node, table, read)
    }

    /// Reads a table in which one key determines the others.
    pub fn read_choice<T>(
        &mut self,
        node: Node<'_>,
        shape: &'static Shape,
        read: impl FnOnce(&str, &mut Fields<'_>, &mut Self) -> Option<T>,
    ) -> Option<T> {
        let Shape::Choice(Choice { key, cases, .. }) = shape else { return None };
        self.record_span(node);
        let words: Vec<&'static str> = cases.iter().map(|case| case.word).collect();
        // A choice without keys of its own may be written as its word alone.
        if let Some(word) = node.get_ref().as_str() {
            self.read_word(node, &words)?;
            let case = cases.iter().find(|case| case.word == word)?;
            return read(word, &mut Fields { nodes: HashMap::new(), keys: case.keys, whole: node.span() }, self);
        }
        let Some(table) = node.get_ref().as_table() else {
            self.add_type_fault(node, Expected::Table);
            return None;
        };
        let Some(tag) = table.get(*key) else {
            let words = words.iter().map(|&word| word.to_owned()).collect();
            self.add_fault_at(node.span(), Problem::MissingChoice { key: (*key).to_owned(), words });
            return None;
        };
        let word = self.with_step(key, |r| r.read_word(tag, &words))?;
        let case = cases.iter().find(|case| case.word == word)?;
        let mut fields = self.read_fields(node, case.keys, Some(key))?;
        read(word, &mut fields, self)
    }

    /// Reads a word, or a table with one key. Returns the word and the value at the key.
    pub fn read_step<'n>(&mut self, node: Node<'n>, shape: &'static Shape) -> Option<(&'static str, Option<Node<'n>>)> {
        let Shape::Steps(steps) = shape else { return None };
        let steps = steps.all;
        self.record_span(node);
        let words: Vec<&'static str> = steps.iter().map(|step| step.word).collect();
        let (word, value) = match node.get_ref() {
            DeValue::String(word) => (word.to_string(), None),
            DeValue::Table(table) if table.len() == 1 => {
                let (name, value) = table.iter().next()?;
                (name.get_ref().to_string(), Some(value))
            }
            _ => {
                self.add_type_fault(node, Expected::Step);
                return None;
            }
        };
        let Some(StepWord { word: known, needs, .. }) = steps.iter().find(|step| step.word == word) else {
            self.add_unknown_word(node, &word, &words);
            return None;
        };
        match (needs, value) {
            (Some(_), None) => {
                self.refuse_node(node, RuleProblem::StepValue { step: (*known).to_owned() });
                None
            }
            (None, Some(_)) => {
                self.refuse_node(node, RuleProblem::StepWord { step: (*known).to_owned() });
                None
            }
            _ => Some((known, value)),
        }
    }
}

/// Returns line and column of a byte offset; both count from 1, columns in characters.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
