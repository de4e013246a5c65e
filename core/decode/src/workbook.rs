//! The rows of a workbook's sheets: title lines above the header, a header of one or two rows, signature lines below.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::RecordRange;
use crate::decode::{Cell, DecodeError, Decoded, Position, RawRecord, Stored};
use crate::parts::{Head, Part};
use crate::table::{self, Mark};
use huiliu_manifest::Layout;

/// The most rows of a sheet, as of an .xlsx.
const MAX_ROWS: usize = 1 << 20;

/// Builds a range of a sheet's records, with the cells under the column names in `paths`. A sheet without any cell has
/// none.
///
/// # Errors
/// [`DecodeError`] for a missing header, and for a name that two columns have.
pub fn decode<'a>(
    part: &Part<'a>,
    layout: &Layout,
    paths: &[&str],
    range: RecordRange,
) -> Result<Decoded<'a>, DecodeError> {
    let torn = || DecodeError::Inconsistent;
    // A web page that calls itself a workbook can have more rows than a workbook can.
    if part.text.lines().count() > MAX_ROWS {
        return Err(DecodeError::TooManyRows { max: MAX_ROWS });
    }
    let rows: Vec<Row<'a>> = part.text.lines().map(Row::parse).collect::<Option<_>>().ok_or_else(torn)?;
    let shown = part.head.shown;
    let mut all = Decoded { records: vec![], total: shown.map_or(0, |shown| shown.before) };
    let counted = |all: Decoded<'a>| Decoded { total: shown.and_then(|s| s.records).unwrap_or(all.total), ..all };
    if rows.is_empty() {
        return Ok(counted(all));
    }
    let Header { columns, first, .. } = header(&rows, &part.head, layout, paths)?;
    // Of a window all rows below the header are records: those before the range are passed over.
    let passed = shown.map_or(0, |shown| range.first.saturating_sub(shown.before).min(shown.given));
    all.total += passed;
    for row in rows.get(first + passed as usize..).unwrap_or_default() {
        if all.has_all(range) {
            break;
        }
        let cells = row.cells();
        match table::mark(cells.iter().filter_map(|cell| cell.text.as_deref()), layout) {
            Mark::Record => {}
            Mark::Left => continue,
            Mark::End => break,
        }
        let cell = |column: &Option<usize>| cells.get((*column)?);
        let texts = || columns.iter().map(|c| cell(c)?.text.clone().filter(|t| !t.trim().is_empty())).collect();
        let stored = |c: &Option<usize>| cell(c).map_or(Stored::Text, |cell| cell.stored);
        all.take(range, row.json.len(), |index| RawRecord {
            position: Position::Row(row.number),
            cells: columns.iter().map(|c| c.map(|column| Cell { column, stored: stored(&Some(column)) })).collect(),
            ..RawRecord::new(index, Cow::Borrowed(row.json), texts())
        })?;
    }
    Ok(counted(all))
}

/// A row as it was unpacked.
struct Row<'a> {
    /// From 1, as a spreadsheet shows it.
    number: u32,
    json: &'a str,
}

/// What stands in a cell.
struct Content<'a> {
    text: Option<Cow<'a, str>>,
    stored: Stored,
}

impl<'a> Row<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (number, json) = line.split_once('\t')?;
        Some(Self { number: number.parse().ok()?, json })
    }

    fn cells(&self) -> Vec<Content<'a>> {
        let cells: Vec<&'a RawValue> = serde_json::from_str(self.json).unwrap_or_default();
        cells.into_iter().map(|cell| content(cell.get())).collect()
    }
}

fn content(json: &str) -> Content<'_> {
    let stored = match json.as_bytes().first() {
        Some(b'"' | b'n') => Stored::Text,
        Some(b'{') => Stored::Error,
        _ => Stored::Number,
    };
    let text = match stored {
        Stored::Number => Some(Cow::Borrowed(json)),
        Stored::Text => serde_json::from_str::<Option<Cow<'_, str>>>(json).unwrap_or_default(),
        Stored::Error => json.split('"').nth(3).map(Cow::Borrowed),
    };
    Content { text, stored }
}

/// The names of a sheet's columns, if its header is found.
pub(super) fn header_names(part: &Part<'_>, layout: &Layout) -> Vec<String> {
    // A header stands near the top.
    let rows: Vec<Row<'_>> = part.text.lines().take(200).filter_map(Row::parse).collect();
    header(&rows, &part.head, layout, &[]).map_or_else(|_| vec![], |found| found.names)
}

/// Whether the header stands in these rows.
pub(super) fn has_header(text: &str, head: &Head<'_>, layout: &Layout) -> bool {
    let rows: Vec<Row<'_>> = text.lines().filter_map(Row::parse).collect();
    header(&rows, head, layout, &[]).is_ok()
}

/// The text in a cell.
pub(super) fn text_of(json: &str) -> Option<Cow<'_, str>> {
    content(json).text
}

/// A header that was found.
struct Header {
    /// The names of all columns.
    names: Vec<String>,
    /// The column of each path.
    columns: Vec<Option<usize>>,
    /// The place of the first row after it.
    first: usize,
}

fn header(rows: &[Row<'_>], head: &Head<'_>, layout: &Layout, paths: &[&str]) -> Result<Header, DecodeError> {
    let texts = |row: &Row<'_>| -> Vec<String> {
        row.cells().into_iter().map(|cell| table::bare(cell.text.as_deref().unwrap_or_default())).collect()
    };
    for (at, row) in rows.iter().enumerate() {
        let mut names = texts(row);
        let mut last = at;
        if layout.header_rows.0 == 2 {
            spread(&mut names, row.number, head);
            // A lower row of blanks only is not there.
            let Some(lower) = rows.get(at + 1).filter(|lower| lower.number == row.number + 1) else { continue };
            names = joined(&names, &texts(lower));
            last = at + 1;
        }
        if let Some(columns) = table::columns(&names, layout, paths)? {
            return Ok(Header { names, columns, first: last + 1 });
        }
    }
    Err(DecodeError::NoHeader { cells: layout.header.clone() })
}

/// Gives every column of a merged cell its text.
fn spread(names: &mut Vec<String>, row: u32, head: &Head<'_>) {
    for [_, left, _, right] in head.merged.iter().filter(|[top, ..]| top.saturating_add(1) == row) {
        let (left, right) = (*left as usize, *right as usize);
        let Some(text) = names.get(left).filter(|text| !text.is_empty() && right < 1_024).cloned() else { continue };
        if names.len() <= right {
            names.resize(right + 1, String::new());
        }
        names[left..=right].fill(text);
    }
}

/// `upper/lower` for every column; one of them alone where the other is blank.
fn joined(upper: &[String], lower: &[String]) -> Vec<String> {
    let of = |names: &[String], at: usize| names.get(at).cloned().unwrap_or_default();
    let width = upper.len().max(lower.len());
    (0..width)
        .map(|at| match (of(upper, at), of(lower, at)) {
            (upper, lower) if upper.is_empty() || lower.is_empty() => upper + &lower,
            (upper, lower) => format!("{upper}/{lower}"),
        })
        .collect()
}
