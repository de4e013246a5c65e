//! The cells of a workbook, written as the rows of parts. Part of unpacking, see [`super::unpack`].
//!
//! A text is a JSON string, a number is a JSON number with the digits a spreadsheet shows (fifteen at most, but for
//! whole numbers that have more), a day is its text, what a formula could not give is `{"error":"#N/A"}`. A formula is
//! its value as it was last saved.

use std::borrow::Cow;
use std::io::Cursor;

use calamine::{Data, Dimensions, Ods, Reader, SheetType, Sheets, Xls, XlsError, Xlsb, Xlsx, XlsxError};
use serde_json::json;

use super::parts::Head;
use super::unpack::{UnpackFault, inspect_workbook, is_zip, listed, printable};
use super::window::{Out, Rows};
use super::{decode, html};
use crate::manifest::{Encoding, named_like};

/// The most columns of a sheet.
pub(super) const MAX_COLUMNS: u32 = 512;
/// Digits a spreadsheet keeps of a number.
const DIGITS: usize = 15;
/// Serials of 1900-03-01 and 9999-12-31: days outside are numbers to us.
const DAYS: std::ops::RangeInclusive<u64> = 61..=2_958_465;
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

type Book<'a> = Sheets<Cursor<&'a [u8]>>;

/// Whether a ZIP archive is a workbook itself.
pub(crate) fn is_workbook(bytes: &[u8]) -> bool {
    let Ok(archive) = zip::ZipArchive::new(Cursor::new(bytes)) else { return false };
    ["xl/workbook.xml", "xl/workbook.bin", "content.xml"].iter().any(|name| archive.index_for_name(name).is_some())
}

/// Writes every sheet that is named like `pattern`.
///
/// # Errors
/// [`UnpackFault`].
pub(super) fn write(pattern: &str, member: Option<&str>, bytes: &[u8], out: &mut Out<'_>) -> Result<(), UnpackFault> {
    if let Some(text) = lookalike(bytes) {
        return write_text(pattern, &text, member, out);
    }
    let mut book = open(bytes, out.is_known())?;
    let sheets = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let names: Vec<String> = sheets.map(|sheet| sheet.name.clone()).collect();
    let wanted: Vec<&String> = names.iter().filter(|name| named_like(pattern, name.trim())).collect();
    if wanted.is_empty() {
        return Err(UnpackFault::NoSheet { pattern: pattern.to_owned(), found: listed(&names) });
    }
    let epoch_1904 = match &book {
        Sheets::Xlsx(book) => book.has_1904_epoch(),
        Sheets::Xls(book) => book.has_1904_epoch(),
        Sheets::Xlsb(_) | Sheets::Ods(_) => false,
    };
    for sheet in wanted {
        if out.is_done(0) {
            return out.leave();
        }
        let merged = if out.wants_merged() { merged(&mut book, sheet)? } else { vec![] };
        let merged = merged.iter().map(|m| [m.start.0, m.start.1, m.end.0, m.end.1]).collect();
        let (member, name) = (member.map(Into::into), Some(printable(sheet).into()));
        let head = Head { member, sheet: name, merged, epoch_1904, ..Head::default() };
        let mut rows = Rows::new(sheet, head, out);
        read(&mut book, sheet, &mut rows)?;
        rows.end()?;
    }
    Ok(())
}

/// `is_known` when it was inspected before.
fn open(bytes: &[u8], is_known: bool) -> Result<Book<'_>, UnpackFault> {
    let cursor = Cursor::new(bytes);
    if is_zip(bytes) {
        if !is_known {
            inspect_workbook(bytes)?;
        }
        if !is_workbook(bytes) {
            return Err(UnpackFault::Foreign { what: "an archive of other files".into() });
        }
        let holds = |name| zip::ZipArchive::new(cursor.clone()).is_ok_and(|z| z.index_for_name(name).is_some());
        return if holds("xl/workbook.xml") {
            Xlsx::new(cursor).map(Sheets::Xlsx).map_err(of_xlsx)
        } else if holds("xl/workbook.bin") {
            Xlsb::new(cursor).map(Sheets::Xlsb).map_err(|e| broken(&e))
        } else {
            Ods::new(cursor).map(Sheets::Ods).map_err(|e| broken(&e))
        };
    }
    if bytes.starts_with(OLE) {
        let package: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        if bytes.windows(package.len()).any(|window| window == package) {
            return Err(UnpackFault::Locked);
        }
        return Xls::new(cursor).map(Sheets::Xls).map_err(|e| match e {
            XlsError::Password => UnpackFault::Locked,
            other => broken(&other),
        });
    }
    Err(UnpackFault::Foreign { what: looks_like(bytes).into() })
}

/// The text of a web page or a text table that calls itself a workbook.
fn lookalike(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if is_zip(bytes) || bytes.starts_with(OLE) || !matches!(looks_like(bytes), PAGE | TEXT) {
        return None;
    }
    let every_other_is_zero = bytes.iter().skip(1).step_by(2).take(64).filter(|b| **b == 0).count() > 16;
    let encoding = if every_other_is_zero { Encoding::Utf16 } else { Encoding::Auto };
    decode::in_encoding(encoding, bytes).ok()
}

/// Writes the tables of a page, or the lines of a text, as a sheet each: those that are named like `pattern`, or all where
/// none is.
fn write_text(pattern: &str, text: &str, member: Option<&str>, out: &mut Out<'_>) -> Result<(), UnpackFault> {
    let is_page = looks_like(text.as_bytes()) == PAGE;
    if is_page && is_cut(text) {
        return Err(broken(&"the page ends inside a table"));
    }
    let tables = if is_page { html::tables(text) } else { vec![table_of(text)?] };
    if tables.is_empty() {
        return Err(UnpackFault::Foreign { what: "a web page without a table".into() });
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
                    rows.take((at(row), at(column)), &Data::String(text))?;
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

fn table_of(text: &str) -> Result<html::Table, UnpackFault> {
    let separator = if text.contains('\t') { b'\t' } else { b',' };
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes());
    let mut table = html::Table::default();
    for record in reader.records() {
        let record = record.map_err(|e| broken(&e))?;
        // Line by line, as people count them: a blank line is a row.
        let line = record.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(0));
        while table.rows.len() + 1 < line {
            table.rows.push(vec![]);
        }
        table.rows.push(record.iter().map(|cell| (!cell.trim().is_empty()).then(|| cell.to_owned())).collect());
    }
    Ok(table)
}

const PAGE: &str = "a web page";
const TEXT: &str = "a text table";

/// What calls itself a workbook and is none.
fn looks_like(bytes: &[u8]) -> &'static str {
    let start: Vec<u8> = bytes.iter().take(4_096).filter(|b| **b != 0).map(u8::to_ascii_lowercase).collect();
    let has = |words: &[u8]| start.windows(words.len()).any(|window| window == words);
    if bytes.is_empty() {
        "an empty file"
    } else if has(b"<html") || has(b"<table") || has(b"<!doctype") {
        PAGE
    } else if has(b"<?xml") {
        "an XML document"
    } else if start.contains(&b'\t') || start.contains(&b',') {
        TEXT
    } else {
        "something else"
    }
}

fn broken(why: &dyn std::fmt::Display) -> UnpackFault {
    UnpackFault::Broken { why: why.to_string() }
}

fn of_xlsx(fault: XlsxError) -> UnpackFault {
    match fault {
        XlsxError::Password => UnpackFault::Locked,
        other => broken(&other),
    }
}

/// The crate tells no merged cells of .xlsb and .ods files.
fn merged(book: &mut Book<'_>, sheet: &str) -> Result<Vec<Dimensions>, UnpackFault> {
    match book {
        Sheets::Xlsx(book) => book.merge_cells_by_sheet_name(sheet).map_err(of_xlsx),
        Sheets::Xls(book) => book.merge_cells_by_sheet_name(sheet).map_err(|e| broken(&e)),
        Sheets::Xlsb(_) | Sheets::Ods(_) => Ok(vec![]),
    }
}

fn read(book: &mut Book<'_>, sheet: &str, rows: &mut Rows<'_, '_>) -> Result<(), UnpackFault> {
    if let Sheets::Xlsx(book) = book {
        // Cell by cell: a range is allocated as wide and high as its farthest cells claim.
        let mut cells = book.worksheet_cells_reader(sheet).map_err(of_xlsx)?;
        while let Some(cell) = cells.next_cell().map_err(of_xlsx)? {
            if !rows.take(cell.get_position(), &Data::from(cell.get_value().clone()))? {
                break;
            }
        }
        return Ok(());
    }
    let range = book.worksheet_range(sheet).map_err(|e| broken(&e))?;
    let (top, left) = range.start().unwrap_or_default();
    for (row, column, value) in range.used_cells() {
        let far = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        if !rows.take((top.saturating_add(far(row)), left.saturating_add(far(column))), value)? {
            break;
        }
    }
    Ok(())
}

/// A cell as JSON; nothing for an empty one.
pub(super) fn json_of(value: &Data) -> Option<String> {
    Some(match value {
        Data::Empty => return None,
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) if text.is_empty() => return None,
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => json!(text).to_string(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number_of(&number.to_string()),
        Data::Bool(truth) => truth.to_string(),
        Data::Error(error) => json!({ "error": error.to_string() }).to_string(),
        Data::DateTime(time) => {
            let serial = time.as_f64().to_string();
            let day: Option<u64> = serial.split('.').next().and_then(|days| days.parse().ok());
            if time.is_duration() || !day.is_some_and(|day| DAYS.contains(&day)) {
                return Some(number_of(&serial));
            }
            let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
            let clock = if (hour, minute, second) == (0, 0, 0) {
                String::new()
            } else {
                format!(" {hour:02}:{minute:02}:{second:02}")
            };
            json!(format!("{year:04}-{month:02}-{day:02}{clock}")).to_string()
        }
    })
}

/// The number that a spreadsheet shows for a binary one; what is no number at all stays text.
fn number_of(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole.trim_start_matches('-')) || !digits(fraction) {
        return json!(text).to_string();
    }
    let before = whole.trim_start_matches(['-', '0']).len();
    let kept = DIGITS.saturating_sub(before);
    let (Some(shown), Some(next)) = (fraction.get(..kept), fraction.as_bytes().get(kept)) else {
        return text.to_owned();
    };
    // At most fifteen digits and one carried: this cannot overflow.
    let rounded = format!("{}{shown}", whole.trim_start_matches('-')).parse::<u128>().unwrap_or(0);
    let rounded = rounded + u128::from(*next >= b'5');
    let padded = format!("{rounded:0width$}", width = kept + 1);
    let (whole_part, fraction) = padded.split_at(padded.len() - kept);
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{whole_part}") } else { format!("{sign}{whole_part}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::number_of;

    #[test]
    fn numbers_are_those_a_spreadsheet_shows() {
        for (binary, shown) in [
            ("2.5", "2.5"),
            ("0.30000000000000004", "0.3"),
            ("-1.9999999999999998", "-2"),
            ("41893", "41893"),
            ("12345678901234.5678", "12345678901234.6"),
            ("110105194912310020", "110105194912310020"),
            ("NaN", "\"NaN\""),
        ] {
            assert_eq!(number_of(binary), shown);
        }
    }
}
