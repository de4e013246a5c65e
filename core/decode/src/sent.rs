//! Tables as their senders wrote them: the rows above the records, and every cell of a record, also those that no field reads.

use std::borrow::Cow;

use crate::decode::{self, DecodeError, Position, RawRecord};
use crate::parts::{Body, Part};
use crate::{RecordRange, correction_mark, csv, workbook};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use huiliu_manifest::Format;

/// The header of a table, with everything above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentHeader {
    /// The sheet or archive member that the table is in, if its payload has several.
    pub name: Option<String>,
    /// Row or line of the header's last row, from 1.
    pub line: u64,
    /// Its rows and those above: row from 0, texts of the cells.
    pub rows: Vec<(u32, Vec<String>)>,
    /// Number of its own rows, the last of [`SentHeader::rows`].
    pub height: usize,
    /// Merged cells of these rows: first row, first column, last row, last column, from 0.
    pub merged: Vec<[u32; 4]>,
    /// Column of each path that was asked for.
    pub columns: Vec<Option<usize>>,
}

/// A record of a table.
#[derive(Debug)]
pub struct SentRow<'a> {
    /// Its header's position in [`SentTables::headers`].
    pub header: usize,
    /// The record, with its texts at the paths that were asked for.
    pub record: RawRecord<'a>,
    /// The texts of all cells.
    pub cells: Vec<String>,
}

/// The tables of a payload.
#[derive(Debug, Default)]
pub struct SentTables<'a> {
    /// The headers. One whose columns change further down stands there twice.
    pub headers: Vec<SentHeader>,
    /// The records of the range.
    pub rows: Vec<SentRow<'a>>,
}

/// Reads the tables of a payload; `None` if its format has no tables.
///
/// # Errors
/// [`DecodeError`] if the payload cannot be read.
pub fn read_tables<'a>(
    format: &Format,
    body: &'a Body<'_>,
    paths: &[&str],
    range: RecordRange,
) -> Result<Option<SentTables<'a>>, DecodeError> {
    if format.layout().is_none() {
        return Ok(None);
    }
    let mut tables = SentTables::default();
    let mut parts = vec![];
    for part in body.split_parts()? {
        let first = tables.headers.len();
        tables.headers.extend(list_headers(format, &part, paths)?);
        parts.push((part.head.member, part.head.sheet, first..tables.headers.len()));
    }
    for record in decode::decode_records(format, body, paths, range)? {
        let is_of = |(member, sheet, _): &&(Option<Cow<'_, str>>, Option<Cow<'_, str>>, _)| {
            record.head.as_ref().is_none_or(|head| head.member == *member && head.sheet == *sheet)
        };
        let Some((_, _, headers)) = parts.iter().find(is_of) else { continue };
        let line = match record.position {
            Position::Item(_) => continue,
            Position::Line(line) => line,
            Position::Row(row) => row.into(),
        };
        let above = headers.clone().rev().find(|nth| tables.headers[*nth].line < line);
        let Some(header) = above.or(headers.clone().next()) else { continue };
        let mut cells = match format {
            Format::Csv { separator, .. } => csv::split_cells(&record.raw, separator.0),
            _ => workbook::split_cells(&record.raw),
        };
        // A cell that is merged with one above has its text from there.
        for (column, text) in tables.headers[header].columns.iter().zip(&record.texts) {
            if let (Some(column), Some(text)) = (column, text) {
                if cells.len() <= *column {
                    cells.resize(column + 1, String::new());
                }
                cells[*column] = text.clone().into_owned();
            }
        }
        tables.rows.push(SentRow { header, record, cells });
    }
    Ok(Some(tables))
}

fn list_headers(format: &Format, part: &Part<'_>, paths: &[&str]) -> Result<Vec<SentHeader>, DecodeError> {
    let name = part.head.sheet.as_ref().or(part.head.member.as_ref()).map(|name| name.clone().into_owned());
    let headers = match format {
        Format::Workbook { layout, .. } => workbook::list_headers(part, layout, paths)?,
        Format::Csv { separator, layout, .. } => {
            csv::list_headers(part.text, separator.0, layout, paths, part.head.lines)?
        }
        _ => vec![],
    };
    Ok(headers.into_iter().map(|header| SentHeader { name: name.clone(), ..header }).collect())
}

/// How a text with a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextForm {
    encoding: &'static Encoding,
    separator: u8,
}

impl Default for TextForm {
    fn default() -> Self {
        Self { encoding: UTF_8, separator: b',' }
    }
}

impl TextForm {
    /// Returns how a payload is written; UTF-8 with commas if it is no text with a table.
    #[must_use]
    pub fn of_payload(format: &Format, bytes: &[u8]) -> Self {
        match format {
            Format::Csv { encoding, separator, .. } if !correction_mark::may_be_workbook(bytes) => {
                Self { encoding: decode::detect_encoding(*encoding, bytes).0, separator: separator.0 }
            }
            _ => Self::default(),
        }
    }

    /// Writes rows so that a spreadsheet program shows them as they are: a cell that it would take for a formula, or whose digits it
    /// would change, begins with a tab. A text in Unicode has a byte order mark.
    #[must_use]
    pub fn write_rows(self, rows: &[Vec<String>]) -> Vec<u8> {
        let mut out = ::csv::WriterBuilder::new()
            .delimiter(self.separator)
            .terminator(::csv::Terminator::CRLF)
            .flexible(true)
            .from_writer(vec![]);
        for row in rows {
            // Writing to memory does not fail.
            let _ = out.write_record(row.iter().map(|cell| protect_cell(cell).into_owned()));
        }
        let text = String::from_utf8(out.into_inner().unwrap_or_default()).unwrap_or_default();
        if self.encoding == UTF_8 {
            return [b"\xef\xbb\xbf", text.as_bytes()].concat();
        }
        let wide = |to_bytes: fn(u16) -> [u8; 2]| {
            std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(to_bytes).collect::<Vec<u8>>()
        };
        if self.encoding == UTF_16LE {
            wide(u16::to_le_bytes)
        } else if self.encoding == UTF_16BE {
            wide(u16::to_be_bytes)
        } else {
            self.encoding.encode(&text).0.into_owned()
        }
    }
}

/// Puts a tab before a text that a spreadsheet program would not show as it is.
fn protect_cell(text: &str) -> Cow<'_, str> {
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let begins_as_number = text.trim_start().starts_with(|c: char| c.is_ascii_digit());
    let is_kept = || text.len() <= 11 && text.parse::<f64>().is_ok_and(|number| number.to_string() == text);
    if is_formula || begins_as_number && !is_kept() { Cow::Owned(format!("\t{text}")) } else { Cow::Borrowed(text) }
}
