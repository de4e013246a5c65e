//! Code shared by tables of every format: finding the header, naming columns, and telling records from other rows.

use crate::decode::DecodeError;
use crate::draft::redact_text;
use huiliu_manifest::Layout;

/// Removes all whitespace; headers are often spaced out or broken over lines.
pub fn remove_whitespace(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
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
    let names: Vec<&str> = names.iter().map(|name| resolve_alias(name, layout)).collect();
    if !layout.header.iter().all(|wanted| names.iter().any(|name| *name == remove_whitespace(wanted))) {
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
fn resolve_alias<'n>(name: &'n str, layout: &'n Layout) -> &'n str {
    let known = layout.aliases.iter().find(|(_, others)| others.iter().any(|other| remove_whitespace(other) == name));
    known.map_or(name, |(column, _)| column.as_str())
}

/// The role of a row below the header.
pub enum BodyRow {
    /// The row is a record.
    Record,
    /// The row is not a record, and the table continues.
    Left,
    /// The table ends here.
    End,
}

/// The columns of a header, by which the rows below it are classified.
#[derive(Debug, Default)]
pub struct HeaderColumns {
    /// Column of each name of the layout's header.
    columns: Vec<usize>,
    /// Names of all columns; empty if the header has two rows.
    names: Vec<String>,
}

impl HeaderColumns {
    /// Finds the columns of a header with these names.
    #[must_use]
    pub fn new(names: &[String], layout: &Layout) -> Self {
        let of =
            |wanted: &String| names.iter().position(|name| resolve_alias(name, layout) == remove_whitespace(wanted));
        let columns = layout.header.iter().filter_map(of).collect();
        Self { columns, names: if layout.header_rows.0 == 1 { names.to_vec() } else { vec![] } }
    }
}

/// Classifies a row by its first text that is not blank: whether it begins with a marker as a whole word. `texts` has the
/// text of every column. A row that has a text in the header's other columns is a record, whatever it begins with,
/// unless it is the header once more.
pub fn classify_row<'t>(
    texts: impl Iterator<Item = &'t str> + Clone,
    layout: &Layout,
    header: &HeaderColumns,
) -> BodyRow {
    let filled = || texts.clone().enumerate().filter(|(_, text)| !text.trim().is_empty());
    let Some((at, first)) = filled().next() else { return BodyRow::Left };
    let Some((role, end)) = find_marker(first, layout) else { return BodyRow::Record };
    // In any order: a table may be repeated with other columns first.
    let repeats = || filled().count() > 1 && filled().all(|(_, text)| header.names.contains(&remove_whitespace(text)));
    let others = || header.columns.iter().filter(|column| **column != at);
    let is_full = others().count() > 1 && others().all(|column| filled().any(|(at, _)| at == *column));
    // Without a word end behind the marker, as in 填表人张三, only a row with little else in it is no record.
    let is_line = filled().filter(|(at, _)| header.columns.contains(at)).count() * 2 <= header.columns.len().max(2);
    if !repeats() && (is_full || end == MarkerEnd::WithinWord && !is_line) {
        return BodyRow::Record;
    }
    role
}

/// Returns whether a row that begins with this text may be something other than a record.
pub fn may_be_marked(first: &str, layout: &Layout) -> bool {
    find_marker(first, layout).is_some()
}

/// What follows a marker in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MarkerEnd {
    /// Nothing, or something that is not part of the same word.
    OfWord,
    /// More Chinese characters, which may be another word or the rest of this one.
    WithinWord,
}

fn find_marker(first: &str, layout: &Layout) -> Option<(BodyRow, MarkerEnd)> {
    let find = |markers: &[String], role: BodyRow| {
        let ends = markers.iter().filter_map(|marker| match_marker(first, marker));
        ends.min_by_key(|end| *end == MarkerEnd::WithinWord).map(|end| (role, end))
    };
    find(&layout.end_markers, BodyRow::End).or_else(|| find(&layout.skip_markers, BodyRow::Left))
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
