//! Writes the cells of a workbook as rows of parts. Part of unpacking, see [`crate::unpack`].

use std::borrow::Cow;

use huiliu_office::{Book, CellAddress, HiddenParts, WorkbookError, is_ole};

use crate::accounting::LeftOut;
use crate::parts::Head;
use crate::unpack::{LooksLike, UnpackError, inspect_workbook, is_zip, list_few_names, redact_name};
use crate::window::{OtherSheets, Rows, UnpackOutput, Window};
use crate::{csv, decode, html, table};
use huiliu_manifest::{Encoding, matches_name_pattern};

/// Maximum number of columns in a sheet.
pub(super) const MAX_COLUMNS: u32 = 512;

/// Writes every sheet whose name matches `pattern`.
///
/// # Errors
/// Returns [`UnpackError`] if the workbook cannot be read, or if no sheet matches.
pub(super) fn write_sheets(
    pattern: &str,
    member: Option<&str>,
    bytes: &[u8],
    out: &mut UnpackOutput<'_>,
) -> Result<(), UnpackError> {
    if let Some(text) = decode_lookalike(bytes) {
        return write_text(pattern, &text, member, out);
    }
    let mut book = open_book(bytes, out.is_known())?;
    let names = book.sheet_names();
    if !names.iter().any(|name| matches_name_pattern(pattern, name.trim())) {
        let (pattern, found, count) = (pattern.to_owned(), list_few_names(&names), names.len());
        return Err(UnpackError::NoSheet { pattern, found, count });
    }
    let epoch_1904 = book.has_1904_epoch();
    for sheet in book.list_sheets() {
        let name = &sheet.name;
        let head = Head {
            member: member.map(Into::into),
            sheet: Some(redact_name(name).into()),
            hidden: sheet.is_hidden,
            ..Head::default()
        };
        if !matches_name_pattern(pattern, name.trim()) {
            if let Some(others) = out.others {
                count_other_sheet(&mut book, name, head, others, out)?;
            }
            continue;
        }
        if out.is_done(0) {
            return out.append_end_mark();
        }
        let merged = if out.wants_merged() { book.merged_cells(name).map_err(convert_book_error)? } else { vec![] };
        let hidden = if out.wants_hidden() { book.hidden_parts(name) } else { HiddenParts::default() };
        let mut rows = Rows::new(name, Head { merged, epoch_1904, ..head }, out).with_hidden(hidden);
        read_sheet(&mut book, name, &mut rows)?;
        rows.finish_sheet()?;
    }
    Ok(())
}

/// Counts the rows of a sheet that is not read.
fn count_other_sheet(
    book: &mut Book<'_>,
    name: &str,
    head: Head<'_>,
    others: &OtherSheets,
    out: &mut UnpackOutput<'_>,
) -> Result<(), UnpackError> {
    let window = Window { layout: others.layout.clone(), first: u32::MAX, least: 0, count: true };
    let mut scratch = UnpackOutput::for_window(&window);
    let mut rows = Rows::new(name, head, &mut scratch);
    let because = match others.only_named || read_sheet(book, name, &mut rows).is_err() {
        true => LeftOut::Unreadable,
        false => others.reason_for(name),
    };
    rows.finish_left_out(because, out)
}

/// Opens a workbook. Skips the inspection of an archive if `is_known` says that it was inspected before.
fn open_book(bytes: &[u8], is_known: bool) -> Result<Book<'_>, UnpackError> {
    let is_archive = is_zip(bytes);
    if is_archive && !is_known {
        inspect_workbook(bytes)?;
    }
    let what = if is_archive { LooksLike::Archive } else { looks_like(bytes) };
    Book::open(bytes).map_err(convert_book_error)?.ok_or(UnpackError::NotWorkbook { what })
}

/// Returns the text of a web page or a text table that was saved under a workbook's name; `None` for other content.
fn decode_lookalike(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if is_zip(bytes) || is_ole(bytes) || !matches!(looks_like(bytes), LooksLike::Page | LooksLike::TextTable) {
        return None;
    }
    let every_other_is_zero = bytes.iter().skip(1).step_by(2).take(64).filter(|b| **b == 0).count() > 16;
    let encoding = if every_other_is_zero { Encoding::Utf16 } else { Encoding::Auto };
    decode::decode_in_encoding(encoding, bytes).ok()
}

/// Writes each table of a web page, or the lines of a text, as a sheet. Writes the sheets whose names match `pattern`,
/// or all if none does.
fn write_text(pattern: &str, text: &str, member: Option<&str>, out: &mut UnpackOutput<'_>) -> Result<(), UnpackError> {
    let is_page = looks_like(text.as_bytes()) == LooksLike::Page;
    if is_page && is_cut(text) {
        return Err(UnpackError::PageCut);
    }
    let tables = if is_page { html::extract_tables(text) } else { vec![parse_text_table(text)?] };
    if tables.is_empty() {
        let what = if has_frames(text) { LooksLike::Frames } else { LooksLike::PageWithoutTable };
        return Err(UnpackError::NotWorkbook { what });
    }
    let several = tables.len() > 1;
    let named = |nth: usize| if several { format!("table {}", nth + 1) } else { "table".to_owned() };
    let chosen = (0..tables.len()).any(|nth| matches_name_pattern(pattern, &named(nth)));
    for (nth, table) in tables.into_iter().enumerate() {
        let name = named(nth);
        let (member, sheet) = (member.map(Into::into), Some(name.as_str().into()));
        let head = Head { member, sheet, merged: table.merged, ..Head::default() };
        if chosen && !matches_name_pattern(pattern, &name) {
            if let Some(others) = out.others {
                let window = Window { layout: others.layout.clone(), first: u32::MAX, least: 0, count: true };
                let mut scratch = UnpackOutput::for_window(&window);
                let mut rows = Rows::new(&name, head, &mut scratch);
                let read = read_table(table.rows, &mut rows);
                let because = read.map_or(LeftOut::Unreadable, |()| others.reason_for(&name));
                rows.finish_left_out(because, out)?;
            }
            continue;
        }
        let mut rows = Rows::new(&name, head, out);
        read_table(table.rows, &mut rows)?;
        rows.finish_sheet()?;
    }
    Ok(())
}

fn read_table(table: Vec<Vec<Option<String>>>, rows: &mut Rows<'_, '_>) -> Result<(), UnpackError> {
    let at = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    for (row, cells) in table.into_iter().enumerate() {
        for (column, text) in cells.into_iter().enumerate() {
            if let Some(text) = text {
                rows.take_cell(CellAddress { row: at(row), column: at(column) }, &text)?;
            }
        }
    }
    Ok(())
}

/// Returns whether a page's last table is not closed.
fn is_cut(page: &str) -> bool {
    let last = |tag: &[u8]| page.as_bytes().windows(tag.len()).rposition(|window| window.eq_ignore_ascii_case(tag));
    last(b"<table").is_some_and(|begins| last(b"</table").is_none_or(|ends| ends < begins))
}

fn parse_text_table(text: &str) -> Result<html::Table, UnpackError> {
    let separator = if text.contains('\t') { b'\t' } else { b',' };
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes());
    let mut table = html::Table::default();
    let (mut record, mut from) = (::csv::StringRecord::new(), 0);
    while reader.read_record(&mut record).map_err(|e| broken_error(&e))? {
        let to = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let row = text.get(from..to).unwrap_or_default().trim_matches(['\r', '\n']);
        if csv::find_torn_quote(row, separator).is_some() {
            let line = record.position().map_or(0, ::csv::Position::line);
            return Err(UnpackError::OpenQuote { line });
        }
        from = to;
        // Places rows at the line numbers that people count: a blank line is a row.
        let line = record.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(0));
        while table.rows.len() + 1 < line {
            table.rows.push(vec![]);
        }
        table.rows.push(
            record
                .iter()
                .map(|cell| (!cell.trim().is_empty()).then(|| table::unwrap_formula_text(cell).to_owned()))
                .collect(),
        );
    }
    Ok(table)
}

/// Name space of the XML format of Excel 2003.
const OFFICE_XML: &[u8] = b"urn:schemas-microsoft-com:office:spreadsheet";

/// Returns whether a page shows other files in frames.
pub(super) fn has_frames(page: &str) -> bool {
    const FRAMES: &[u8] = b"<frameset";
    page.as_bytes().windows(FRAMES.len()).any(|window| window.eq_ignore_ascii_case(FRAMES))
}

/// Guesses what a file is that is not what its name says.
pub(super) fn looks_like(bytes: &[u8]) -> LooksLike {
    let start: Vec<u8> = bytes.iter().take(4_096).filter(|b| **b != 0).map(u8::to_ascii_lowercase).collect();
    let has = |words: &[u8]| start.windows(words.len()).any(|window| window == words);
    if bytes.is_empty() {
        LooksLike::Empty
    } else if has(b"mime-version:") && has(b"content-type:") {
        LooksLike::WebArchive
    } else if has(b"<?xml") && !has(b"<html") && (has(b"progid=\"excel.sheet\"") || has(OFFICE_XML) && has(b"workbook"))
    {
        LooksLike::ExcelXml
    } else if has(b"<html") || has(b"<table") || has(b"<!doctype") {
        LooksLike::Page
    } else if has(b"<?xml") {
        LooksLike::Xml
    } else if start.contains(&b'\t') || start.contains(&b',') {
        LooksLike::TextTable
    } else {
        LooksLike::Other
    }
}

fn broken_error(why: &dyn std::fmt::Display) -> UnpackError {
    UnpackError::Broken { why: why.to_string() }
}

fn convert_book_error(fault: WorkbookError) -> UnpackError {
    match fault {
        WorkbookError::Locked => UnpackError::Locked,
        WorkbookError::Broken(why) => UnpackError::Broken { why },
    }
}

fn read_sheet(book: &mut Book<'_>, sheet: &str, rows: &mut Rows<'_, '_>) -> Result<(), UnpackError> {
    let mut fault = None;
    book.read_cells(sheet, &mut |address, cell| {
        rows.take_cell(address, cell).unwrap_or_else(|e| fault.replace(e).is_some())
    })
    .map_err(convert_book_error)?;
    fault.map_or(Ok(()), Err)
}
