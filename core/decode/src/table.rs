//! Code shared by tables of every format: finding the header, naming columns, and telling records from other rows.

use crate::decode::DecodeError;
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

/// Classifies a row by its first text that is not blank.
pub fn classify_row<'t>(mut texts: impl Iterator<Item = &'t str>, layout: &Layout) -> BodyRow {
    let Some(first) = texts.find(|text| !text.trim().is_empty()) else { return BodyRow::Left };
    let begins = |markers: &[String]| markers.iter().any(|marker| begins_with(first, marker));
    if begins(&layout.end_markers) {
        BodyRow::End
    } else if begins(&layout.skip_markers) {
        BodyRow::Left
    } else {
        BodyRow::Record
    }
}

/// Returns whether a text begins with a marker; whitespace in the text is ignored.
fn begins_with(text: &str, marker: &str) -> bool {
    let mut seen = text.chars().filter(|c| !c.is_whitespace());
    marker.chars().all(|c| seen.next() == Some(c))
}
