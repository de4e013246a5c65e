//! The cells of a workbook, written as the rows of parts. Part of unpacking, see [`crate::unpack`].

use std::borrow::Cow;

use huiliu_office::{Book, CellAddress, Fault, is_ole};

use crate::parts::Head;
use crate::unpack::{LooksLike, UnpackError, inspect_workbook, is_zip, listed, printable};
use crate::window::{Out, Rows};
use crate::{csv, decode, html};
use huiliu_manifest::{Encoding, named_like};

/// The most columns of a sheet.
pub(super) const MAX_COLUMNS: u32 = 512;

/// Writes every sheet that is named like `pattern`.
///
/// # Errors
/// [`UnpackError`].
pub(super) fn write(pattern: &str, member: Option<&str>, bytes: &[u8], out: &mut Out<'_>) -> Result<(), UnpackError> {
    if let Some(text) = lookalike(bytes) {
        return write_text(pattern, &text, member, out);
    }
    let mut book = open(bytes, out.is_known())?;
    let names = book.sheets();
    let wanted: Vec<&String> = names.iter().filter(|name| named_like(pattern, name.trim())).collect();
    if wanted.is_empty() {
        let (pattern, found, count) = (pattern.to_owned(), listed(&names), names.len());
        return Err(UnpackError::NoSheet { pattern, found, count });
    }
    let epoch_1904 = book.has_1904_epoch();
    for sheet in wanted {
        if out.is_done(0) {
            return out.leave();
        }
        let merged = if out.wants_merged() { book.merged(sheet).map_err(of_book)? } else { vec![] };
        let (member, name) = (member.map(Into::into), Some(printable(sheet).into()));
        let head = Head { member, sheet: name, merged, epoch_1904, ..Head::default() };
        let mut rows = Rows::new(sheet, head, out);
        read(&mut book, sheet, &mut rows)?;
        rows.end()?;
    }
    Ok(())
}

/// `is_known` when it was inspected before.
fn open(bytes: &[u8], is_known: bool) -> Result<Book<'_>, UnpackError> {
    let is_archive = is_zip(bytes);
    if is_archive && !is_known {
        inspect_workbook(bytes)?;
    }
    let what = if is_archive { LooksLike::Archive } else { looks_like(bytes) };
    Book::open(bytes).map_err(of_book)?.ok_or(UnpackError::NotWorkbook { what })
}

/// The text of a web page or a text table that calls itself a workbook.
fn lookalike(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if is_zip(bytes) || is_ole(bytes) || !matches!(looks_like(bytes), LooksLike::Page | LooksLike::TextTable) {
        return None;
    }
    let every_other_is_zero = bytes.iter().skip(1).step_by(2).take(64).filter(|b| **b == 0).count() > 16;
    let encoding = if every_other_is_zero { Encoding::Utf16 } else { Encoding::Auto };
    decode::in_encoding(encoding, bytes).ok()
}

/// Writes the tables of a page, or the lines of a text, as a sheet each: those that are named like `pattern`, or all where
/// none is.
fn write_text(pattern: &str, text: &str, member: Option<&str>, out: &mut Out<'_>) -> Result<(), UnpackError> {
    let is_page = looks_like(text.as_bytes()) == LooksLike::Page;
    if is_page && is_cut(text) {
        return Err(UnpackError::PageCut);
    }
    let tables = if is_page { html::tables(text) } else { vec![table_of(text)?] };
    if tables.is_empty() {
        return Err(UnpackError::NotWorkbook { what: LooksLike::PageWithoutTable });
    }
    let several = tables.len() > 1;
    let named = |nth: usize| if several { format!("table {}", nth + 1) } else { "table".to_owned() };
    let chosen = (0..tables.len()).any(|nth| named_like(pattern, &named(nth)));
    for (nth, table) in tables.into_iter().enumerate() {
        let name = named(nth);
        if chosen && !named_like(pattern, &name) {
            continue;
        }
        let (member, sheet) = (member.map(Into::into), Some(name.as_str().into()));
        let mut rows = Rows::new(&name, Head { member, sheet, merged: table.merged, ..Head::default() }, out);
        for (row, cells) in table.rows.into_iter().enumerate() {
            for (column, text) in cells.into_iter().enumerate() {
                let at = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
                if let Some(text) = text {
                    rows.take(CellAddress { row: at(row), column: at(column) }, &text)?;
                }
            }
        }
        rows.end()?;
    }
    Ok(())
}

/// Whether a page's last table does not end.
fn is_cut(page: &str) -> bool {
    let last = |tag: &[u8]| page.as_bytes().windows(tag.len()).rposition(|window| window.eq_ignore_ascii_case(tag));
    last(b"<table").is_some_and(|begins| last(b"</table").is_none_or(|ends| ends < begins))
}

fn table_of(text: &str) -> Result<html::Table, UnpackError> {
    let separator = if text.contains('\t') { b'\t' } else { b',' };
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes());
    let mut table = html::Table::default();
    let (mut record, mut from) = (::csv::StringRecord::new(), 0);
    while reader.read_record(&mut record).map_err(|e| broken(&e))? {
        let to = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let row = text.get(from..to).unwrap_or_default().trim_matches(['\r', '\n']);
        if csv::torn(row, separator).is_some() {
            let line = record.position().map_or(0, ::csv::Position::line);
            return Err(UnpackError::OpenQuote { line });
        }
        from = to;
        // Line by line, as people count them: a blank line is a row.
        let line = record.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(0));
        while table.rows.len() + 1 < line {
            table.rows.push(vec![]);
        }
        table.rows.push(record.iter().map(|cell| (!cell.trim().is_empty()).then(|| cell.to_owned())).collect());
    }
    Ok(table)
}

/// What calls itself a workbook and is none.
fn looks_like(bytes: &[u8]) -> LooksLike {
    let start: Vec<u8> = bytes.iter().take(4_096).filter(|b| **b != 0).map(u8::to_ascii_lowercase).collect();
    let has = |words: &[u8]| start.windows(words.len()).any(|window| window == words);
    if bytes.is_empty() {
        LooksLike::Empty
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

fn broken(why: &dyn std::fmt::Display) -> UnpackError {
    UnpackError::Broken { why: why.to_string() }
}

fn of_book(fault: Fault) -> UnpackError {
    match fault {
        Fault::Locked => UnpackError::Locked,
        Fault::Broken(why) => UnpackError::Broken { why },
    }
}

fn read(book: &mut Book<'_>, sheet: &str, rows: &mut Rows<'_, '_>) -> Result<(), UnpackError> {
    let mut fault = None;
    book.read(sheet, &mut |address, cell| rows.take(address, cell).unwrap_or_else(|e| fault.replace(e).is_some()))
        .map_err(of_book)?;
    fault.map_or(Ok(()), Err)
}
