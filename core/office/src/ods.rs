//! What an .ods sheet shows for its numbers and dates, its merged cells and its hidden parts, which the library does not tell. The file has the
//! text that is shown beside each value.

use std::io::BufReader;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::SheetFormats;
use crate::format::NumberDisplay;
use crate::package::{Package, attribute};

/// Maximum number of cells or rows that one element is repeated for; longer runs are blank.
const MAX_REPEATED: u32 = 1_024;
/// Maximum length of a shown text in bytes.
const MAX_TEXT: usize = 200;

/// The cell that is being read.
#[derive(Default)]
struct OpenCell {
    row: u32,
    column: u32,
    repeated: u32,
    /// `date`, `float`, `percentage` and so on.
    kind: String,
    text: String,
}

/// Reads what the cells of a sheet show; `None` if the file is damaged.
pub(crate) fn read_formats(bytes: &[u8], sheet: &str) -> Option<SheetFormats> {
    let mut package = Package::open(bytes)?;
    let mut reader = Reader::from_reader(BufReader::new(package.open_member("content.xml")?));
    reader.config_mut().expand_empty_elements = true;
    let (mut formats, mut buffer) = (SheetFormats::default(), vec![]);
    let (mut is_inside, mut row, mut repeated_rows, mut column) = (false, 0_u32, 1_u32, 0_u32);
    let (mut cell, mut is_comment): (Option<OpenCell>, bool) = (None, false);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(e) => match e.local_name().as_ref() {
                "table" => (is_inside, column) = (attribute(&e, "name").as_deref() == Some(sheet), 0),
                "table-column" if is_inside => {
                    let repeated = number(&e, "number-columns-repeated");
                    if is_hidden(&e) {
                        formats.hidden.push_columns(column, repeated);
                    }
                    column = column.saturating_add(repeated);
                }
                "table-row" if is_inside => {
                    (column, repeated_rows) = (0, number(&e, "number-rows-repeated"));
                    if is_hidden(&e) {
                        formats.hidden.push_rows(row, repeated_rows);
                    }
                }
                "table-cell" | "covered-table-cell" if is_inside => {
                    let repeated = number(&e, "number-columns-repeated");
                    note_merged(&e, row, column, &mut formats);
                    let kind = attribute(&e, "value-type").unwrap_or_default();
                    cell = Some(OpenCell { row, column, repeated, kind, text: String::new() });
                    column = column.saturating_add(repeated);
                }
                "annotation" => is_comment = true,
                _ => {}
            },
            Event::Text(text) => {
                if let Some(cell) = cell.as_mut().filter(|cell| !is_comment && cell.text.len() < MAX_TEXT) {
                    cell.text.push_str(&text.xml10_content());
                }
            }
            Event::End(e) => match e.local_name().as_ref() {
                "table-cell" | "covered-table-cell" => {
                    if let Some(cell) = cell.take() {
                        note_shown(&cell, repeated_rows, &mut formats);
                    }
                }
                "annotation" => is_comment = false,
                "table-row" if is_inside => row = row.saturating_add(repeated_rows),
                "table" if is_inside => return Some(formats),
                _ => {}
            },
            Event::Eof => return Some(formats),
            _ => {}
        }
    }
}

fn number(e: &BytesStart<'_>, name: &str) -> u32 {
    attribute(e, name).and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Returns whether a row or column is hidden, by hand or by a filter.
fn is_hidden(e: &BytesStart<'_>) -> bool {
    attribute(e, "visibility").is_some_and(|how| matches!(how.as_str(), "collapse" | "filter"))
}

fn note_merged(e: &BytesStart<'_>, row: u32, column: u32, formats: &mut SheetFormats) {
    let (rows, columns) = (number(e, "number-rows-spanned"), number(e, "number-columns-spanned"));
    if rows > 1 || columns > 1 {
        let end = |start: u32, count: u32| start.saturating_add(count.saturating_sub(1));
        formats.merged.push([row, column, end(row, rows), end(column, columns)]);
    }
}

/// Notes the shown text of a cell if it is another than that of its value.
fn note_shown(cell: &OpenCell, rows: u32, formats: &mut SheetFormats) {
    let text = cell.text.trim();
    if text.is_empty() || !tells_other(&cell.kind, text) {
        return;
    }
    let display = formats.displays.len();
    formats.displays.push(NumberDisplay::Words(text.to_owned()));
    for row in 0..rows.min(MAX_REPEATED) {
        for column in 0..cell.repeated.min(MAX_REPEATED) {
            formats.note_cell(cell.row.saturating_add(row), cell.column.saturating_add(column), display);
        }
    }
}

/// Returns whether a shown text says something else than a value of this kind: a part of a date, zeros before a number, or
/// words beside it.
fn tells_other(kind: &str, text: &str) -> bool {
    match kind {
        "date" => text.split(|c: char| !c.is_numeric()).filter(|part| !part.is_empty()).count() < 3,
        "percentage" => true,
        "float" => {
            let has_zeros = text.len() > 1 && text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
            has_zeros || text.chars().any(|c| c.is_alphabetic() && !matches!(c, 'E' | 'e'))
        }
        _ => false,
    }
}
