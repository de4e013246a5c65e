//! Code shared by tables of every format: finding the header, naming columns, and telling records from other rows.

use std::borrow::Cow;

use crate::accounting::TableCount;
use crate::decode::DecodeError;
use crate::draft::redact_text;
use crate::problem::BrokenRecord;
use huiliu_manifest::Layout;
use huiliu_values::IdNumber;
use huiliu_values::text::is_invisible;

/// Removes all whitespace and invisible characters; headers are often spaced out or broken over lines, and web pages put
/// characters into them that nobody sees.
pub fn remove_whitespace(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !is_invisible(*c)).collect()
}

/// Returns the column of each path, or `None` if this row is not the header.
///
/// # Errors
/// Returns [`DecodeError`] if two columns have a name that a path asks for.
pub fn find_columns(
    names: &[String],
    layout: &Layout,
    paths: &[&str],
) -> Result<Option<Vec<Option<usize>>>, DecodeError> {
    let names: Vec<Cow<'_, str>> = names.iter().map(|name| resolve_alias(name, layout)).collect();
    if !layout.header.iter().all(|wanted| names.contains(&remove_whitespace(wanted).into())) {
        return Ok(None);
    }
    let column = |path: &&str| {
        let wanted = remove_whitespace(path);
        let mut found = names.iter().enumerate().filter(|(_, name)| **name == wanted).map(|(at, _)| at);
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(_) => Err(DecodeError::TwoColumns { column: (*path).to_owned() }),
        }
    };
    paths.iter().map(column).collect::<Result<_, _>>().map(Some)
}

/// Returns the manifest's name of a column, whichever alias the file uses.
fn resolve_alias<'n>(name: &'n str, layout: &Layout) -> Cow<'n, str> {
    let known = layout.aliases.iter().find(|(_, others)| others.iter().any(|other| remove_whitespace(other) == name));
    known.map_or(Cow::Borrowed(name), |(column, _)| Cow::Owned(remove_whitespace(column)))
}

/// The columns of a header, by which the rows below it are classified.
#[derive(Debug, Default)]
pub struct HeaderColumns {
    /// Column of each name of the layout's header.
    columns: Vec<usize>,
    /// Names of all columns.
    names: Vec<String>,
}

impl HeaderColumns {
    /// Finds the columns of a header with these names.
    #[must_use]
    pub fn new(names: &[String], layout: &Layout) -> Self {
        let of =
            |wanted: &String| names.iter().position(|name| resolve_alias(name, layout) == remove_whitespace(wanted));
        let columns = layout.header.iter().filter_map(of).collect();
        Self { columns, names: names.to_vec() }
    }
}

/// The role of a row below the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableRow {
    /// The row is a record.
    Record,
    /// The row is a record, but must be parked: [`TableReader::explain`] says why.
    Suspect,
    /// The row is not a record.
    Left,
    /// The row is not a record, and the rows below it are read in another way.
    Change,
}

/// Why the rows below are not read as records of the table.
#[derive(Debug, Clone)]
enum TableEnd {
    /// A row that begins with an end marker.
    Marker(String),
    /// A row of header words without all that are needed.
    OtherHeader(Vec<String>),
}

/// Reads the rows below a header: tells records from other rows, and counts each row once.
#[derive(Debug)]
pub struct TableReader<'l> {
    layout: &'l Layout,
    paths: &'l [&'l str],
    header: HeaderColumns,
    /// Words of which a header consists.
    words: Vec<String>,
    /// The cells of each of the header's rows, if there are two.
    header_rows: Vec<Vec<String>>,
    /// Column of each path.
    pub columns: Vec<Option<usize>>,
    end: Option<TableEnd>,
    /// The column that a repeated header names twice.
    doubled: Option<String>,
    /// Marker of the row that was read last, if it was parked for it.
    marker: Option<String>,
    /// The rows so far.
    pub count: TableCount,
}

impl<'l> TableReader<'l> {
    /// Makes a reader below a header with these names; `header_rows` has the cells of each of its rows.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if two columns have a name that a path asks for.
    pub fn below_header(
        names: &[String],
        header_rows: Vec<Vec<String>>,
        layout: &'l Layout,
        paths: &'l [&'l str],
    ) -> Result<Option<Self>, DecodeError> {
        let Some(columns) = find_columns(names, layout, paths)? else { return Ok(None) };
        let wanted = layout.header.iter().chain(layout.aliases.values().flatten()).map(|name| remove_whitespace(name));
        let mut words: Vec<String> = names.iter().cloned().chain(wanted).collect();
        if header_rows.len() > 1 {
            words = words.iter().flat_map(|name| name.split('/')).map(str::to_owned).collect();
        }
        words.retain(|word| !word.is_empty());
        let count = TableCount { headers: header_rows.len() as u64, ..TableCount::default() };
        let header = HeaderColumns::new(names, layout);
        let (end, doubled, marker) = (None, None, None);
        Ok(Some(Self { layout, paths, header, words, header_rows, columns, end, doubled, marker, count }))
    }

    /// Returns whether a row must be read in full because of the first of its texts. Any other row is a record, and is
    /// counted by [`TableReader::count_record`].
    #[must_use]
    pub fn must_classify(&self, first: &str) -> bool {
        self.end.is_some() || self.doubled.is_some() || self.is_word(first) || find_marker(first, self.layout).is_some()
    }

    /// Counts a record that need not be classified.
    pub fn count_record(&mut self) {
        self.count.records += 1;
    }

    fn is_word(&self, text: &str) -> bool {
        let Some(first) = text.chars().find(|c| !c.is_whitespace() && !is_invisible(*c)) else { return false };
        let mut words = self.words.iter().filter(|word| word.starts_with(first)).peekable();
        words.peek().is_some() && {
            let text = remove_whitespace(text);
            words.any(|word| *word == text)
        }
    }

    /// Classifies and counts the next row; `texts` has the text of every column. A row that begins with a marker and
    /// has a text in the header's other columns is a record. A row that has an ID number, or that has all columns of
    /// the header although the table has ended, is to be parked.
    pub fn take_row<'t>(&mut self, texts: impl Iterator<Item = &'t str> + Clone) -> TableRow {
        let mut filled = texts.clone().enumerate().filter(|(_, text)| !text.trim().is_empty());
        let Some((at, first)) = filled.next() else {
            self.count.blank += 1;
            return TableRow::Left;
        };
        if !self.must_classify(first) {
            self.count.records += 1;
            return TableRow::Record;
        }
        if self.is_word(first)
            && let Some(row) = self.take_header(texts.clone(), find_marker(first, self.layout).is_some())
        {
            return row;
        }
        if self.end.is_some() {
            return self.take_row_below(texts);
        }
        match find_marker(first, self.layout) {
            Some(found) if !self.is_filled(at, found.end, &texts) => self.take_marked_row(found, texts),
            _ if self.doubled.is_some() => self.take_suspect(),
            _ => {
                self.count.records += 1;
                TableRow::Record
            }
        }
    }

    fn take_suspect(&mut self) -> TableRow {
        self.count.suspects += 1;
        TableRow::Suspect
    }

    /// Reads a row if it is the header once more. `is_marked` says that it is left out otherwise.
    fn take_header<'t>(&mut self, texts: impl Iterator<Item = &'t str> + Clone, is_marked: bool) -> Option<TableRow> {
        let names: Vec<String> = texts.map(remove_whitespace).collect();
        let is_same = |row: &Vec<String>| trim_end(row) == trim_end(&names);
        // A second header of two rows is taken only as it was.
        let has_two = self.header_rows.len() > 1;
        if has_two && self.header_rows.iter().any(is_same) || !has_two && is_same(&self.header.names) {
            self.count.headers += 1;
            // Below an end, the table begins again.
            let changes = self.end.take().is_some();
            return Some(if changes { TableRow::Change } else { TableRow::Left });
        }
        let found = if has_two { Ok(None) } else { find_columns(&names, self.layout, self.paths) };
        match found {
            Ok(Some(columns)) => {
                (self.columns, self.header) = (columns, HeaderColumns::new(&names, self.layout));
                (self.end, self.doubled) = (None, None);
            }
            Err(DecodeError::TwoColumns { column }) => {
                self.header = HeaderColumns::new(&names, self.layout);
                (self.end, self.doubled) = (None, Some(column));
            }
            _ => {
                // No record has two words of the header. The others may be new names, such as 学时（分钟）.
                let filled = || names.iter().filter(|name| !name.is_empty());
                let known = filled().filter(|name| self.words.contains(name)).count();
                let is_header = known > 1 && known * 2 >= filled().count();
                if !is_header || is_marked || self.end.is_some() {
                    return None;
                }
                let found = names.into_iter().filter(|name| !name.is_empty()).collect();
                self.end = Some(TableEnd::OtherHeader(found));
            }
        }
        self.count.headers += 1;
        Some(TableRow::Change)
    }

    fn take_row_below<'t>(&mut self, texts: impl Iterator<Item = &'t str> + Clone) -> TableRow {
        let filled = |column: usize| texts.clone().nth(column).is_some_and(|text| !text.trim().is_empty());
        let is_full = match self.end {
            // The columns are unknown.
            Some(TableEnd::OtherHeader(_)) => {
                let filled = texts.clone().filter(|text| !text.trim().is_empty()).count();
                filled >= self.layout.header.len().max(2)
            }
            _ => self.header.columns.len() > 1 && self.header.columns.iter().all(|column| filled(*column)),
        };
        if is_full || has_id_number(texts.clone()) {
            return self.take_suspect();
        }
        self.count.below += 1;
        TableRow::Left
    }

    fn take_marked_row<'t>(&mut self, found: FoundMarker<'_>, texts: impl Iterator<Item = &'t str>) -> TableRow {
        if has_id_number(texts) {
            self.marker = Some(found.marker.to_owned());
            return self.take_suspect();
        }
        if found.ends {
            self.end = Some(TableEnd::Marker(found.marker.to_owned()));
            self.count.below += 1;
            return TableRow::Change;
        }
        match self.count.marked.get_mut(found.marker) {
            Some(rows) => *rows += 1,
            None => _ = self.count.marked.insert(found.marker.to_owned(), 1),
        }
        TableRow::Left
    }

    /// Returns whether a row that begins with a marker is a record nevertheless.
    fn is_filled<'t>(&self, at: usize, end: MarkerEnd, texts: &(impl Iterator<Item = &'t str> + Clone)) -> bool {
        let filled = || texts.clone().enumerate().filter(|(_, text)| !text.trim().is_empty());
        let columns = &self.header.columns;
        // In any order: a table may be repeated with other columns first.
        let repeats = || {
            self.header_rows.len() == 1
                && filled().count() > 1
                && filled().all(|(_, text)| self.header.names.contains(&remove_whitespace(text)))
        };
        let others = || columns.iter().filter(|column| **column != at);
        let is_full = others().count() > 1 && others().all(|column| filled().any(|(at, _)| at == *column));
        // Without a word end behind the marker, as in 填表人张三, only a row with little else in it is no record.
        let is_line = filled().filter(|(at, _)| columns.contains(at)).count() * 2 <= columns.len().max(2);
        !repeats() && (is_full || end == MarkerEnd::WithinWord && !is_line)
    }

    /// Counts a row of a text that has an open quote, so that it may have swallowed records: it is a record.
    pub(crate) fn take_torn_row(&mut self) {
        self.count.records += 1;
    }

    /// Returns why the row that was read last is parked.
    pub(crate) fn explain(&mut self) -> BrokenRecord {
        if let Some(marker) = self.marker.take() {
            return BrokenRecord::Marked { marker };
        }
        match (&self.doubled, &self.end) {
            (Some(column), _) => BrokenRecord::DoubledHeader { column: column.clone() },
            (None, Some(TableEnd::OtherHeader(found))) => BrokenRecord::BelowOtherHeader { found: found.clone() },
            (None, Some(TableEnd::Marker(marker))) => BrokenRecord::BelowEnd { marker: marker.clone() },
            (None, None) => BrokenRecord::BelowEnd { marker: String::new() },
        }
    }
}

fn trim_end(row: &[String]) -> &[String] {
    let named = row.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
    row.get(..named).unwrap_or_default()
}

/// Returns the text of a cell that is written as a formula, as in `="2201…"`, which keeps a spreadsheet from making a number
/// of it. Any other text is returned as it is.
#[must_use]
pub fn unwrap_formula_text(text: &str) -> &str {
    let inner = text.trim().strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(text)
}

/// Returns whether one of these texts is a valid ID number and nothing else.
pub(crate) fn has_id_number<'t>(mut texts: impl Iterator<Item = &'t str>) -> bool {
    texts.any(|text| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let may_be = (14..=18).contains(&digits) || text.chars().any(|c| ('０'..='９').contains(&c));
        may_be && IdNumber::parse(unwrap_formula_text(text)).is_ok()
    })
}

/// Counts the rows above a header, or of a table without it, that look like records: those with an ID number, and those
/// below a row with at least half of the header's names that have as many texts as the header.
#[derive(Debug)]
pub(crate) struct LikelyRows<'l> {
    layout: &'l Layout,
    wanted: Vec<String>,
    is_below: bool,
    /// The number so far.
    pub(crate) count: u64,
}

impl<'l> LikelyRows<'l> {
    pub(crate) fn new(layout: &'l Layout) -> Self {
        let wanted = layout.header.iter().map(|name| remove_whitespace(name)).collect();
        Self { layout, wanted, is_below: false, count: 0 }
    }

    /// Reads the next row.
    pub(crate) fn take_row<'t>(&mut self, texts: impl Iterator<Item = &'t str> + Clone) {
        let filled = texts.clone().filter(|text| !text.trim().is_empty()).count();
        let is_full = self.is_below && filled >= self.wanted.len().max(2);
        self.count += u64::from(is_full || has_id_number(texts.clone()));
        if !self.is_below && filled > 1 {
            let names: Vec<String> = texts.map(remove_whitespace).collect();
            let names: Vec<Cow<'_, str>> = names.iter().map(|name| resolve_alias(name, self.layout)).collect();
            let found = self.wanted.iter().filter(|name| names.iter().any(|of| of == *name)).count();
            self.is_below = found > 0 && found * 2 >= self.wanted.len();
        }
    }
}

/// What follows a marker in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MarkerEnd {
    /// Nothing, or something that is not part of the same word.
    OfWord,
    /// More Chinese characters, which may be another word or the rest of this one.
    WithinWord,
}

/// A marker that a row begins with.
#[derive(Clone, Copy)]
struct FoundMarker<'l> {
    marker: &'l str,
    /// Whether it ends the table.
    ends: bool,
    end: MarkerEnd,
}

fn find_marker<'l>(first: &str, layout: &'l Layout) -> Option<FoundMarker<'l>> {
    let find = |markers: &'l [String], ends: bool| {
        let found = markers.iter().filter_map(|marker| Some((marker, match_marker(first, marker)?)));
        let best = found.min_by_key(|(_, end)| *end == MarkerEnd::WithinWord);
        best.map(|(marker, end)| FoundMarker { marker, ends, end })
    };
    find(&layout.end_markers, true).or_else(|| find(&layout.skip_markers, false))
}

/// Returns what follows a marker that the text begins with, without regard to whitespace in either; `None` if the text
/// does not begin with it, or goes on in the middle of a word.
fn match_marker(text: &str, marker: &str) -> Option<MarkerEnd> {
    let mut rest = text.trim_start().chars();
    let mut last = None;
    for wanted in marker.chars().filter(|c| !c.is_whitespace()) {
        last = Some(wanted);
        if rest.find(|c| !c.is_whitespace())? != wanted {
            return None;
        }
    }
    let last = last?;
    Some(match rest.next() {
        Some(next) if next.is_alphanumeric() && last.is_alphanumeric() => match (last.is_ascii(), next.is_ascii()) {
            (true, true) => return None,
            (false, false) => MarkerEnd::WithinWord,
            _ => MarkerEnd::OfWord,
        },
        _ => MarkerEnd::OfWord,
    })
}

/// Maximum number of rows in which a header is looked for to name it.
const MAX_TITLES: usize = 50;
/// Maximum number of names that are listed.
const MAX_NAMES: usize = 20;

/// Builds the error of a table without its header. It names the row that looks like a header: the first of those with the
/// most texts, unless it has numbers, as a person's row has.
pub fn explain_missing_header(rows: impl Iterator<Item = Vec<String>>, layout: &Layout) -> DecodeError {
    let cells = layout.header.clone();
    let mut best: Vec<String> = vec![];
    for row in rows.take(MAX_TITLES) {
        let row: Vec<String> = row.into_iter().filter(|text| !text.is_empty()).collect();
        if row.len() > best.len() {
            best = row;
        }
    }
    let is_name = |text: &String| text.chars().filter(|c| c.is_numeric()).count() < 4;
    if best.len() < 2 || !best.iter().all(is_name) {
        return DecodeError::NoHeader { cells };
    }
    let found = best.iter().take(MAX_NAMES).map(|name| redact_text(name)).collect();
    DecodeError::OtherHeader { cells, found }
}
