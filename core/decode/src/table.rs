//! What tables of every kind share: how a header is found and named, and which rows are no records.

use crate::decode::DecodeError;
use huiliu_manifest::Layout;

/// Without any space: headers are spaced out and broken over lines.
pub fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The column of each path, if this row is the header.
///
/// # Errors
/// [`DecodeError`] when two columns have a name that is asked for.
pub fn columns(names: &[String], layout: &Layout, paths: &[&str]) -> Result<Option<Vec<Option<usize>>>, DecodeError> {
    let names: Vec<&str> = names.iter().map(|name| known_as(name, layout)).collect();
    if !layout.header.iter().all(|wanted| names.iter().any(|name| *name == bare(wanted))) {
        return Ok(None);
    }
    let column = |path: &&str| {
        let wanted = bare(path);
        let mut found = names.iter().enumerate().filter(|(_, name)| **name == wanted).map(|(at, _)| at);
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(_) => Err(DecodeError::TwoColumns { column: (*path).to_owned() }),
        }
    };
    paths.iter().map(column).collect::<Result<_, _>>().map(Some)
}

/// The name a column is known by, whatever this year's file calls it.
fn known_as<'n>(name: &'n str, layout: &'n Layout) -> &'n str {
    let known = layout.aliases.iter().find(|(_, others)| others.iter().any(|other| bare(other) == name));
    known.map_or(name, |(column, _)| column.as_str())
}

/// What a row below the header is.
pub enum Mark {
    /// A record.
    Record,
    /// No record, and the table goes on.
    Left,
    /// The records are over.
    End,
}

/// What the texts of a row say it is.
pub fn mark<'t>(mut texts: impl Iterator<Item = &'t str>, layout: &Layout) -> Mark {
    let Some(first) = texts.find(|text| !text.trim().is_empty()) else { return Mark::Left };
    let begins = |markers: &[String]| markers.iter().any(|marker| begins_with(first, marker));
    if begins(&layout.end_markers) {
        Mark::End
    } else if begins(&layout.skip_markers) {
        Mark::Left
    } else {
        Mark::Record
    }
}

/// Whether a text begins with a marker, no space in the text counting.
fn begins_with(text: &str, marker: &str) -> bool {
    let mut seen = text.chars().filter(|c| !c.is_whitespace());
    marker.chars().all(|c| seen.next() == Some(c))
}
