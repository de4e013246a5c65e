//! Recognises correction sheets: workbooks with a hidden column that no other workbook has. Whatever such a sheet is called and
//! wherever it is handed in, its rows are no new records.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read as _;

use huiliu_manifest::{Format, Layout, Stream, Within};
use serde::Serialize;

use crate::decode;
use crate::parts::Body;
use crate::payload::Payload;
use crate::range::RecordRange;
use crate::unpacker::Unpacker;

/// The heading of the hidden column.
pub const COLUMN: &str = "huiliu:row";

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

/// Returns the bytes of a payload that may be a workbook, whatever its stream has; `None` for any other payload.
#[must_use]
pub fn workbook_bytes(payload: &Payload) -> Option<Cow<'_, [u8]>> {
    if let Some(bytes) = payload.as_plain() {
        return may_be_workbook(bytes).then_some(Cow::Borrowed(bytes));
    }
    let mut first = [0; 4];
    payload.open_reader().ok()?.read_exact(&mut first).ok()?;
    if may_be_workbook(&first) { payload.read_all().ok() } else { None }
}

/// Returns whether a payload is a correction sheet. `read` is what it holds for its stream, if it could be read so.
pub async fn is_marked(unpacker: &Unpacker, stream: &Stream, payload: &Payload, read: Option<&Body<'_>>) -> bool {
    let Some(bytes) = workbook_bytes(payload) else { return false };
    match (read, &stream.format) {
        (Some(body), Format::Workbook { .. }) => has_columns(body, &[]),
        _ => open(unpacker, stream, &bytes).await.is_some(),
    }
}

/// Opens a correction sheet; `None` for any other file.
pub async fn open<'b>(unpacker: &Unpacker, of: &Stream, bytes: &'b [u8]) -> Option<(Stream, Body<'b>)> {
    let mut stream = of.clone();
    stream.archive = None;
    stream.format = format_with(&[]);
    let body = unpacker.prepare_body(&stream, bytes).await.ok()?;
    has_columns(&body, &[]).then_some((stream, body))
}

/// Returns whether the header has the hidden column and these.
#[must_use]
pub fn has_columns(body: &Body<'_>, columns: &[&str]) -> bool {
    decode::decode_records(&format_with(columns), body, &[COLUMN], RecordRange::new(0, 1)).is_ok()
}

/// The format of a workbook whose header has the hidden column and these.
fn format_with(columns: &[&str]) -> Format {
    let header = std::iter::once(COLUMN).chain(columns.iter().copied()).map(str::to_owned).collect();
    let layout =
        Layout { header, header_rows: Within(1), end_markers: vec![], skip_markers: vec![], aliases: BTreeMap::new() };
    Format::Workbook { sheets: "*".to_owned(), ignored_sheets: vec![], layout }
}
