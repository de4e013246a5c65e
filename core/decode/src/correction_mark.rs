//! Recognises correction sheets: workbooks and texts with a column that no other file has. Whatever such a sheet is called and
//! wherever it is handed in, its rows are no new records.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use huiliu_manifest::{Encoding, Format, Layout, Separator, Stream, Within};
use memchr::memmem;
use serde::Serialize;

use crate::decode;
use crate::parts::Body;
use crate::payload::Payload;
use crate::range::RecordRange;
use crate::unpacker::Unpacker;

/// The heading of the column. It is hidden in a workbook.
pub const COLUMN: &str = "huiliu:row";
/// The most bytes of a text above its records.
const MAX_ABOVE: u64 = 64 << 10;

/// Why a payload with a correction sheet has no records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum NoRecords {
    /// Its rows correct dead letters.
    #[serde(rename = "payload.correction_sheet")]
    CorrectionSheet,
}

impl NoRecords {
    /// The code of [`NoRecords::CorrectionSheet`].
    pub const CODE: &str = "payload.correction_sheet";
}

/// Returns whether these may be the first bytes of a workbook.
#[must_use]
pub fn may_be_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK") || bytes.starts_with(b"\xd0\xcf\x11\xe0")
}

/// Returns whether a file may be a correction sheet: a workbook, or a text with the column's heading.
#[must_use]
pub fn may_be_sheet(bytes: &[u8]) -> bool {
    may_be_workbook(bytes) || find_text(bytes).is_some()
}

/// Returns the encoding of a text that has the column's heading.
fn find_text(bytes: &[u8]) -> Option<Encoding> {
    let wide = |to_bytes: fn(u16) -> [u8; 2]| COLUMN.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
    let has = |heading: &[u8]| memmem::find(bytes, heading).is_some();
    if has(COLUMN.as_bytes()) {
        Some(Encoding::Auto)
    } else {
        (has(&wide(u16::to_le_bytes)) || has(&wide(u16::to_be_bytes))).then_some(Encoding::Utf16)
    }
}

/// Returns the bytes of a payload that may be a correction sheet, whatever its stream has; `None` for any other payload.
#[must_use]
pub fn sheet_bytes(payload: &Payload) -> Option<Cow<'_, [u8]>> {
    if let Some(bytes) = payload.as_plain() {
        return may_be_sheet(bytes).then_some(Cow::Borrowed(bytes));
    }
    let mut first = vec![];
    payload.open_reader().ok()?.take(MAX_ABOVE).read_to_end(&mut first).ok()?;
    if may_be_sheet(&first) { payload.read_all().ok() } else { None }
}

/// Returns whether a payload is a correction sheet. `read` is what it holds for its stream, if it could be read so.
pub async fn is_marked(unpacker: &Unpacker, stream: &Stream, payload: &Payload, read: Option<&Body<'_>>) -> bool {
    let Some(bytes) = sheet_bytes(payload) else { return false };
    match (read, &stream.format) {
        (Some(body), Format::Workbook { .. }) if may_be_workbook(&bytes) => has_columns(&workbook_with(&[]), body, &[]),
        _ => open(unpacker, stream, &bytes).await.is_some(),
    }
}

/// A correction sheet that was opened.
#[derive(Debug)]
pub struct OpenedSheet<'b> {
    /// How its tables are read.
    pub format: Format,
    /// Its tables, each with the column.
    pub tables: Vec<Body<'b>>,
    /// The sheets without the column.
    pub unread: Vec<String>,
}

/// Opens a correction sheet; `None` for any other file.
pub async fn open<'b>(unpacker: &Unpacker, of: &Stream, bytes: &'b [u8]) -> Option<OpenedSheet<'b>> {
    if !may_be_workbook(bytes) {
        let encoding = find_text(bytes)?;
        let text = decode::decode_in_encoding(encoding, bytes).ok()?;
        let separator = Separator(find_separator(&text)?);
        let format = Format::Csv { encoding, separator, layout: with_header(&[]) };
        let body = Body::Text(text);
        return has_columns(&format, &body, &[]).then(|| OpenedSheet { format, tables: vec![body], unread: vec![] });
    }
    let mut stream = of.clone();
    stream.archive = None;
    stream.format = workbook_with(&[]);
    let body = unpacker.prepare_body(&stream, bytes).await.ok()?;
    let (mut tables, mut unread) = (vec![], vec![]);
    for part in body.split_all_parts().ok()? {
        let mut text = String::new();
        part.head.clone().write_part(part.text, &mut text);
        let table = Body::Parts(Arc::new(text));
        if has_columns(&stream.format, &table, &[]) {
            tables.push(table);
        } else if !part.text.trim().is_empty() {
            unread.extend(part.head.sheet.map(Cow::into_owned));
        }
    }
    (!tables.is_empty()).then_some(OpenedSheet { format: stream.format, tables, unread })
}

/// Returns what stands between the column's heading and the cell beside it.
fn find_separator(text: &str) -> Option<u8> {
    let at = text.find(COLUMN)?;
    let (before, after) = (text.get(..at)?, text.get(at + COLUMN.len()..)?);
    let is_separator = |c: &char| [',', ';', '\t', '|'].contains(c);
    let before = before.trim_end_matches('"').chars().next_back().filter(is_separator);
    let after = after.trim_start_matches('"').chars().next().filter(is_separator);
    u8::try_from(before.or(after).unwrap_or(',')).ok()
}

/// Returns whether the header has the column and these.
#[must_use]
pub fn has_columns(format: &Format, body: &Body<'_>, columns: &[&str]) -> bool {
    let format = match format.clone() {
        Format::Csv { encoding, separator, .. } => Format::Csv { encoding, separator, layout: with_header(columns) },
        _ => workbook_with(columns),
    };
    decode::decode_records(&format, body, &[COLUMN], RecordRange::new(0, 1)).is_ok()
}

fn workbook_with(columns: &[&str]) -> Format {
    Format::Workbook { sheets: "*".to_owned(), ignored_sheets: vec![], layout: with_header(columns) }
}

/// The layout of a table whose header has the column and these.
fn with_header(columns: &[&str]) -> Layout {
    let header = std::iter::once(COLUMN).chain(columns.iter().copied()).map(str::to_owned).collect();
    Layout { header, header_rows: Within(1), end_markers: vec![], skip_markers: vec![], aliases: BTreeMap::new() }
}
