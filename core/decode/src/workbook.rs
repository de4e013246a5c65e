//! The rows of a workbook's sheets: title lines above the header, a header of one or two rows, signature lines below.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::RecordRange;
use crate::decode::{Cell, DecodeError, Decoded, Position, RawRecord, Stored};
use crate::parts::{Head, Part};
use crate::table::{self, BodyRow, HeaderColumns};
use huiliu_manifest::Layout;

/// Maximum number of rows in a sheet, as in the .xlsx format.
const MAX_ROWS: usize = 1 << 20;

/// Builds the records of a range of a sheet, with the cells under the column names in `paths`. A sheet without any cell
/// has no records.
///
/// # Errors
/// Returns [`DecodeError`] if there is no header, if two columns have the same name, or if there are too many rows.
pub fn decode_sheet<'a>(
    part: &Part<'a>,
    layout: &Layout,
    paths: &[&str],
    range: RecordRange,
) -> Result<Decoded<'a>, DecodeError> {
    let torn = || DecodeError::Inconsistent;
    // A web page that was saved as a workbook can have more rows than a workbook can.
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
    let Header { columns, first, names } = find_header(&rows, &part.head, layout, paths)?;
    let header = HeaderColumns::new(&names, layout);
    // In a window, all rows below the header are records; those before the range are skipped.
    let passed = shown.map_or(0, |shown| range.first.saturating_sub(shown.before).min(shown.given));
    all.total += passed;
    for row in rows.get(first + passed as usize..).unwrap_or_default() {
        if all.has_all(range) {
            break;
        }
        let cells = row.parse_cells();
        match table::classify_row(cells.iter().map(|cell| cell.text.as_deref().unwrap_or_default()), layout, &header) {
            BodyRow::Record => {}
            BodyRow::Left => continue,
            BodyRow::End => break,
        }
        let cell = |column: &Option<usize>| cells.get((*column)?);
        let texts = || columns.iter().map(|c| cell(c)?.text.clone().filter(|t| !t.trim().is_empty())).collect();
        let stored = |c: &Option<usize>| cell(c).map_or(Stored::Text, |cell| cell.stored);
        all.push_record(range, row.json.len(), |index| RawRecord {
            position: Position::Row(row.number),
            cells: columns.iter().map(|c| c.map(|column| Cell { column, stored: stored(&Some(column)) })).collect(),
            ..RawRecord::new(index, Cow::Borrowed(row.json), texts())
        })?;
    }
    Ok(counted(all))
}

/// A row of an unpacked sheet.
struct Row<'a> {
    /// Row number from 1, as a spreadsheet shows it.
    number: u32,
    json: &'a str,
}

/// Content of a cell.
struct Content<'a> {
    text: Option<Cow<'a, str>>,
    stored: Stored,
}

impl<'a> Row<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (number, json) = line.split_once('\t')?;
        Some(Self { number: number.parse().ok()?, json })
    }

    fn parse_cells(&self) -> Vec<Content<'a>> {
        let cells: Vec<&'a RawValue> = serde_json::from_str(self.json).unwrap_or_default();
        cells.into_iter().map(|cell| parse_content(cell.get())).collect()
    }
}

fn parse_content(json: &str) -> Content<'_> {
    let stored = match json.as_bytes().first() {
        Some(b'"' | b'n') => Stored::Text,
        Some(b'{') if json.starts_with("{\"unc") => Stored::Uncalculated,
        Some(b'{') if json.starts_with("{\"unr") => Stored::Unreadable,
        Some(b'{') => Stored::Error,
        _ => Stored::Number,
    };
    let text = match stored {
        Stored::Number => Some(Cow::Borrowed(json)),
        Stored::Text => serde_json::from_str::<Option<Cow<'_, str>>>(json).unwrap_or_default(),
        Stored::Error | Stored::Uncalculated | Stored::Unreadable => {
            serde_json::from_str::<BTreeMap<Cow<'_, str>, String>>(json)
                .ok()
                .and_then(|o| o.into_values().next())
                .map(Cow::Owned)
        }
    };
    Content { text, stored }
}

/// Returns the names of a sheet's columns if its header is found.
pub(super) fn find_header_names(part: &Part<'_>, layout: &Layout) -> Vec<String> {
    // The header is expected near the top.
    let rows: Vec<Row<'_>> = part.text.lines().take(200).filter_map(Row::parse).collect();
    find_header(&rows, &part.head, layout, &[]).map_or_else(|_| vec![], |found| found.names)
}

/// Returns the columns of the header if these rows contain it.
pub(super) fn find_header_columns(text: &str, head: &Head<'_>, layout: &Layout) -> Option<HeaderColumns> {
    let rows: Vec<Row<'_>> = text.lines().filter_map(Row::parse).collect();
    find_header(&rows, head, layout, &[]).ok().map(|header| HeaderColumns::new(&header.names, layout))
}

/// Classifies a row of an unpacked sheet that is below the header.
pub(super) fn classify_line(line: &str, layout: &Layout, header: &HeaderColumns) -> BodyRow {
    let cells = Row::parse(line.trim_end()).map(|row| row.parse_cells()).unwrap_or_default();
    table::classify_row(cells.iter().map(|cell| cell.text.as_deref().unwrap_or_default()), layout, header)
}

/// Returns the text of a cell that is stored as JSON.
pub(super) fn parse_cell_text(json: &str) -> Option<Cow<'_, str>> {
    parse_content(json).text
}

/// A header that was found.
struct Header {
    /// Names of all columns.
    names: Vec<String>,
    /// Column of each path.
    columns: Vec<Option<usize>>,
    /// Index of the first row after the header.
    first: usize,
}

fn find_header(rows: &[Row<'_>], head: &Head<'_>, layout: &Layout, paths: &[&str]) -> Result<Header, DecodeError> {
    let texts = |row: &Row<'_>| -> Vec<String> {
        row.parse_cells()
            .into_iter()
            .map(|cell| table::remove_whitespace(cell.text.as_deref().unwrap_or_default()))
            .collect()
    };
    for (at, row) in rows.iter().enumerate() {
        let mut names = texts(row);
        let mut last = at;
        if layout.header_rows.0 == 2 {
            spread_merged(&mut names, row.number, head);
            // A lower header row of only blank cells was not unpacked.
            let Some(lower) = rows.get(at + 1).filter(|lower| lower.number == row.number + 1) else { continue };
            names = join_header_rows(&names, &texts(lower));
            last = at + 1;
        }
        if let Some(columns) = table::find_columns(&names, layout, paths)? {
            return Ok(Header { names, columns, first: last + 1 });
        }
    }
    Err(table::explain_missing_header(rows.iter().map(texts), layout))
}

/// Copies the text of a merged cell into every column that it covers.
fn spread_merged(names: &mut Vec<String>, row: u32, head: &Head<'_>) {
    for [_, left, _, right] in head.merged.iter().filter(|[top, ..]| top.saturating_add(1) == row) {
        let (left, right) = (*left as usize, *right as usize);
        let Some(text) = names.get(left).filter(|text| !text.is_empty() && right < 1_024).cloned() else { continue };
        if names.len() <= right {
            names.resize(right + 1, String::new());
        }
        names[left..=right].fill(text);
    }
}

/// Returns `upper/lower` for every column, or only one of them if the other is blank.
fn join_header_rows(upper: &[String], lower: &[String]) -> Vec<String> {
    let of = |names: &[String], at: usize| names.get(at).cloned().unwrap_or_default();
    let width = upper.len().max(lower.len());
    (0..width)
        .map(|at| match (of(upper, at), of(lower, at)) {
            (upper, lower) if upper.is_empty() || lower.is_empty() => upper + &lower,
            (upper, lower) => format!("{upper}/{lower}"),
        })
        .collect()
}
