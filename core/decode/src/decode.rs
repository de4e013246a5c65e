//! Decodes bytes to text, and text to raw records, each with its address.

use std::borrow::Cow;
use std::sync::Arc;

use encoding_rs::{DecoderResult, Encoding};
use huiliu_messages::{SystemError, said_in_english};
use serde::{Deserialize, Serialize};

use crate::accounting::{PayloadLayout, TableCount};
use crate::heavy::run_heavy;
use crate::parts::{Body, Head, Part};
use crate::problem::BrokenRecord;
use crate::unpack::{LooksLike, UnpackError};
use crate::utf8_lines::Utf8Lines;
use crate::{Plan, RecordRange, csv, json, workbook, xml};
use huiliu_manifest::{Format, Stream};

/// Why a payload as a whole cannot be read. The catalogues of `huiliu-messages` hold the sentences, under `decode-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum DecodeError {
    /// The bytes are not text in the declared encoding. `offset` is the first malformed byte, as precisely as it is
    /// known.
    #[serde(rename = "decode.encoding")]
    Encoding { encoding: String, offset: usize },
    /// A line of a text in GB18030 is in UTF-8: two files were put together.
    #[serde(rename = "decode.two_encodings")]
    TwoEncodings { line: u64 },
    /// The payload is truncated, or is not in the declared format at all.
    #[serde(rename = "decode.malformed")]
    Malformed { format: Cow<'static, str>, why: Malformed },
    /// No line contains the declared header cells.
    #[serde(rename = "decode.no_header")]
    NoHeader { cells: Vec<String> },
    /// No line contains the declared header cells; `found` is the line that looks most like a header.
    #[serde(rename = "decode.other_header")]
    OtherHeader { cells: Vec<String>, found: Vec<String> },
    /// The header cells are there, with another separator between them.
    #[serde(rename = "decode.other_separator")]
    OtherSeparator { found: String, expected: String },
    /// The text is empty.
    #[serde(rename = "decode.empty")]
    Empty,
    /// The text is a file of another kind.
    #[serde(rename = "decode.not_text_table")]
    NotTextTable { what: LooksLike },
    /// One archive member or sheet cannot be read.
    #[serde(rename = "decode.part")]
    Part { part: String, why: Box<DecodeError> },
    /// The stored bytes of the payload cannot be read back.
    #[serde(rename = "decode.payload")]
    Payload { why: SystemError },
    /// The unpacked text is inconsistent.
    #[serde(rename = "decode.inconsistent")]
    Inconsistent,
    /// A record has too many bytes.
    #[serde(rename = "decode.record_too_large")]
    RecordTooLarge { record: u32, max: usize },
    /// The platform itself reports that the response is an error.
    #[serde(rename = "decode.refused")]
    Refused { path: String, found: String, expected: String },
    /// The payload has too many records.
    #[serde(rename = "decode.too_many_records")]
    TooManyRecords { max: u32 },
    /// A table has too many rows.
    #[serde(rename = "decode.too_many_rows")]
    TooManyRows { max: usize },
    /// Two columns have the same name.
    #[serde(rename = "decode.two_columns")]
    TwoColumns { column: String },
    /// A workbook or archive cannot be unpacked.
    #[serde(untagged)]
    Unpack(UnpackError),
}

/// How a payload violates its format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum Malformed {
    /// An error of the parser, with its position, in the parser's own words.
    #[serde(rename = "malformed.parser")]
    Parser { why: String },
    /// A value occurs more than once, so it is unclear which one is meant.
    #[serde(rename = "malformed.twice")]
    Twice { path: String },
    /// There is no list where the records should be.
    #[serde(rename = "malformed.no_list")]
    NoList { path: String },
    /// A required value is missing.
    #[serde(rename = "malformed.no_value")]
    NoValue { path: String },
    /// The payload is a web page or an XML document.
    #[serde(rename = "malformed.web_page")]
    WebPage,
    /// The document has a DOCTYPE, which can make a parser read other files.
    #[serde(rename = "malformed.doctype")]
    Doctype,
    /// The document ends before its root element is closed.
    #[serde(rename = "malformed.cut")]
    Cut { element: String },
    /// The root element is not the expected one.
    #[serde(rename = "malformed.root")]
    Root { found: String, expected: String },
    /// Elements are nested too deeply.
    #[serde(rename = "malformed.depth")]
    Depth { max: usize },
    /// An element has too many attributes.
    #[serde(rename = "malformed.attributes")]
    Attributes { max: usize },
    /// An entity is not defined.
    #[serde(rename = "malformed.entity")]
    Entity { name: String },
    /// A line has too many bytes.
    #[serde(rename = "malformed.line_too_long")]
    LineTooLong { line: u64, max: usize },
    /// A line has too many cells.
    #[serde(rename = "malformed.line_too_wide")]
    LineTooWide { line: u64, max: usize },
    /// The cells of a line are not text.
    #[serde(rename = "malformed.line_not_text")]
    LineNotText { line: u64, why: String },
}

said_in_english!(DecodeError, Malformed);

impl Malformed {
    /// Wraps an error of a parser.
    pub(crate) fn from_parser(why: impl std::fmt::Display) -> Self {
        Self::Parser { why: why.to_string() }
    }

    /// Turns it into the error of a payload in this format.
    pub(crate) fn into_decode_error(self, format: &'static str) -> DecodeError {
        DecodeError::Malformed { format: format.into(), why: self }
    }
}

impl From<UnpackError> for DecodeError {
    fn from(fault: UnpackError) -> Self {
        Self::Unpack(fault)
    }
}

/// Position of a raw record in its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// The n-th item of a page, from 0.
    Item(u32),
    /// A physical line of a file, from 1.
    Line(u64),
    /// A row of a sheet, from 1.
    Row(u32),
}

/// How a workbook cell stores its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// As text or as a date.
    Text,
    /// As a number or a truth value.
    Number,
    /// As the error of a formula.
    Error,
    /// As a formula that has no saved value.
    Uncalculated,
    /// In a way that contradicts the rest of the workbook.
    Unreadable,
}

impl Stored {
    /// Returns whether the cell has a value.
    #[must_use]
    pub fn is_value(self) -> bool {
        matches!(self, Self::Text | Self::Number)
    }
}

/// The cell that a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Column, from 0.
    pub column: usize,
    /// How the cell stores its value.
    pub stored: Stored,
    /// Whether it is merged with cells of other rows, so that its text stands for all of them.
    pub is_merged: bool,
}

/// One record as received.
#[derive(Debug, Clone)]
pub struct RawRecord<'a> {
    /// Position in the payload, from 0.
    pub index: u32,
    /// Position that the address for people is built from.
    pub position: Position,
    /// The record's bytes as text.
    pub raw: Cow<'a, str>,
    /// Texts at the requested paths; `None` if absent, null or blank.
    pub texts: Vec<Option<Cow<'a, str>>>,
    /// The cells that the texts come from; empty unless the payload is a workbook.
    pub cells: Vec<Option<Cell>>,
    /// The archive member or sheet that holds the record, if the payload was unpacked.
    pub head: Option<Arc<Head<'a>>>,
    /// Why the record cannot be read in its format. If set, `texts` are incomplete.
    pub broken: Option<BrokenRecord>,
}

impl<'a> RawRecord<'a> {
    /// Makes the record with this index of a payload that has only one part.
    #[must_use]
    pub fn new(index: u32, raw: Cow<'a, str>, texts: Vec<Option<Cow<'a, str>>>) -> Self {
        Self { index, position: Position::Item(index), raw, texts, cells: vec![], head: None, broken: None }
    }

    /// Formats the address for people: payload, member and sheet, then item, line or row.
    #[must_use]
    pub fn format_address(&self, payload: &str) -> String {
        let place = self.format_place(payload);
        match self.position {
            Position::Item(n) => format!("{place} item {n}"),
            Position::Line(n) => format!("{place} line {n}"),
            Position::Row(n) => format!("{place} row {n}"),
        }
    }

    fn format_place<'p>(&self, payload: &'p str) -> Cow<'p, str> {
        self.head.as_ref().map_or(Cow::Borrowed(payload), |head| Cow::Owned(head.format_address(payload)))
    }

    /// Formats the address of the cell that the text in this slot comes from: `lego_2014.xlsx › 第一期!D7`.
    #[must_use]
    pub fn cell_address(&self, payload: &str, slot: usize) -> Option<String> {
        let (Position::Row(row), Some(cell)) = (self.position, self.cells.get(slot)?) else { return None };
        Some(format!("{}!{}{row}", self.format_place(payload), column_letters(cell.column)))
    }

    /// Returns whether the text in this slot stands for several rows.
    #[must_use]
    pub fn is_merged(&self, slot: usize) -> bool {
        self.cells.get(slot).copied().flatten().is_some_and(|cell| cell.is_merged)
    }

    /// Returns how the text in this slot was stored.
    #[must_use]
    pub fn stored_kind(&self, slot: usize) -> Stored {
        self.cells.get(slot).copied().flatten().map_or(Stored::Text, |cell| cell.stored)
    }
}

/// Returns a column's name in a spreadsheet: A … Z, AA …
fn column_letters(column: usize) -> String {
    let last = char::from(b'A' + u8::try_from(column % 26).unwrap_or(0));
    let before = if column < 26 { String::new() } else { column_letters(column / 26 - 1) };
    format!("{before}{last}")
}

/// Maximum number of records in a payload, which is the maximum number of rows in a sheet. A payload with more is not a
/// list of records, or should be sent in parts.
const MAX_RECORDS: u32 = 1 << 20;

/// Maximum number of bytes in a record; several copies of each are held while it is processed.
const MAX_RECORD: usize = 1 << 20;

/// The records of a range of a payload, and the total number of records.
#[derive(Debug, Default)]
pub struct Decoded<'a> {
    /// Records of the range.
    pub records: Vec<RawRecord<'a>>,
    /// Number of records in the whole payload.
    pub total: u32,
    /// What the rows were taken for; complete only if the records were counted.
    pub layout: PayloadLayout,
}

impl<'a> Decoded<'a> {
    /// Counts a record of `bytes` bytes; calls `make` only if the record is in the range.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if there are too many records or this one is too long.
    pub(super) fn push_record(
        &mut self,
        range: RecordRange,
        bytes: usize,
        make: impl FnOnce(u32) -> RawRecord<'a>,
    ) -> Result<(), DecodeError> {
        let index = self.total;
        self.total = count_record(index, bytes)?;
        if range.contains(index) {
            self.records.push(make(index));
        }
        Ok(())
    }
}

impl Decoded<'_> {
    /// Returns whether all records of the range have been read, so that the rest need not be read: it was checked when
    /// the payload landed. Always false for an empty range, which is used to count all records.
    pub(super) fn has_all(&self, range: RecordRange) -> bool {
        range.count > 0 && self.total >= range.end()
    }
}

/// Returns the record count after one more record of `bytes` bytes; checks both limits.
pub(super) fn count_record(records: u32, bytes: usize) -> Result<u32, DecodeError> {
    if bytes > MAX_RECORD {
        return Err(DecodeError::RecordTooLarge { record: records.saturating_add(1), max: MAX_RECORD });
    }
    if records < MAX_RECORDS { Ok(records + 1) } else { Err(too_many()) }
}

fn too_many() -> DecodeError {
    DecodeError::TooManyRecords { max: MAX_RECORDS }
}

/// Number of raw records in a payload, and where the next page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Number of raw records.
    pub records: u32,
    /// What the rows of its tables were taken for.
    pub layout: PayloadLayout,
    /// Text at the paging rule's `next` path.
    pub next: Option<String>,
}

/// Decodes the payload's bytes to text, in the encoding of its format.
///
/// # Errors
/// Returns [`DecodeError::Encoding`] for malformed bytes. Nothing is replaced or guessed.
pub fn decode_text<'a>(format: &Format, bytes: &'a [u8]) -> Result<Cow<'a, str>, DecodeError> {
    decode_in_encoding(format.encoding(), bytes)
}

/// Decodes bytes to text in the declared encoding, or in the encoding that a byte order mark indicates.
pub fn decode_in_encoding(declared: huiliu_manifest::Encoding, bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    run_heavy(bytes.len(), || decode_bytes(declared, bytes))
}

fn decode_bytes(declared: huiliu_manifest::Encoding, bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let (encoding, skip) = detect_encoding(declared, bytes);
    let body = bytes.get(skip..).unwrap_or_default();
    let utf8 = || std::str::from_utf8(body);
    let malformed = |offset| DecodeError::Encoding { encoding: encoding.name().to_lowercase(), offset: skip + offset };
    if encoding == encoding_rs::UTF_8 {
        return utf8().map(|text| Cow::Borrowed(split_end_mark(text).0)).map_err(|e| malformed(e.valid_up_to()));
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length(body.len()).unwrap_or(body.len() * 2));
    match decoder.decode_to_string_without_replacement(body, &mut text, true) {
        (DecoderResult::InputEmpty, _) => {
            if encoding == encoding_rs::GB18030 {
                Utf8Lines::default().check(body)?;
            }
            text.truncate(split_end_mark(&text).0.len());
            Ok(Cow::Owned(text))
        }
        (_, read) => Err(malformed(read)),
    }
}

/// Number of bytes at the end of a text in which the end mark of DOS is looked for: programs pad the last block of a
/// file with it.
const MAX_END_MARK: usize = 1_024;

/// Splits off the end mark of DOS, the character Ctrl-Z, and the blank text after it. A mark with other text after it
/// is no end mark, because nothing may be left out.
pub(super) fn split_end_mark(text: &str) -> (&str, &str) {
    const MARK: char = '\u{1a}';
    let floor = text.floor_char_boundary(text.len().saturating_sub(MAX_END_MARK));
    let (_, last) = text.split_at(floor);
    let padding = last.trim_end_matches(|c: char| c == MARK || c == '\0' || c.is_whitespace()).len();
    let mark = last.get(padding..).and_then(|padding| padding.find(MARK)).map(|at| floor + padding + at);
    text.split_at(mark.unwrap_or(text.len()))
}

/// Returns whether bytes are valid UTF-8 with a character that no text in GB18030 has by chance: one of three bytes.
/// Characters of two bytes do not count; the two characters 联通 in GB18030 are valid UTF-8, too.
#[must_use]
pub fn has_wide_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.bytes().any(|byte| byte >= 0xE0))
}

/// Returns the encoding to read the bytes in, and the length of their byte order mark in bytes.
pub fn detect_encoding(declared: huiliu_manifest::Encoding, bytes: &[u8]) -> (&'static Encoding, usize) {
    use huiliu_manifest::Encoding as Declared;
    if let Some(marked) = Encoding::for_bom(bytes) {
        return marked;
    }
    let encoding = match declared {
        Declared::Utf8 => encoding_rs::UTF_8,
        Declared::Gb18030 if has_wide_utf8(bytes) => encoding_rs::UTF_8,
        Declared::Gb18030 => encoding_rs::GB18030,
        Declared::Utf16 => encoding_rs::UTF_16LE,
        Declared::Auto if std::str::from_utf8(bytes).is_ok() => encoding_rs::UTF_8,
        Declared::Auto => encoding_rs::GB18030,
    };
    (encoding, 0)
}

/// Counts the records and checks the payload as a whole.
///
/// # Errors
/// Returns [`DecodeError`] if the payload cannot be read.
pub fn outline_payload(stream: &Stream, body: &Body<'_>, next: Option<&str>) -> Result<Outline, DecodeError> {
    run_heavy(body.len(), || count_payload(stream, body, next))
}

fn count_payload(stream: &Stream, body: &Body<'_>, next: Option<&str>) -> Result<Outline, DecodeError> {
    let (records, next, layout) = match (&stream.format, body) {
        (Format::Json { items, ok_path, ok_value, .. }, Body::Text(text)) => {
            let success = ok_path.as_deref().zip(ok_value.as_deref());
            let success = success.map(|(path, value)| json::SuccessCondition { path, value });
            let page = json::read_page(text, items, success, next, RecordRange::NONE)?;
            (page.total, page.next.map(Cow::into_owned), PayloadLayout::default())
        }
        // Uses the paths that delivery uses, so that whatever delivery would reject is rejected now. Keeps no record.
        (format, _) => {
            let counted = decode_body(format, body, &Plan::new(stream).paths, RecordRange::NONE)?;
            (counted.total, None, counted.layout)
        }
    };
    Ok(Outline { records, layout, next })
}

/// Builds the raw records of a range, with the texts at `paths`.
///
/// # Errors
/// Returns [`DecodeError`] if the payload cannot be read.
pub fn decode_records<'a>(
    format: &Format,
    body: &'a Body<'_>,
    paths: &[&str],
    range: RecordRange,
) -> Result<Vec<RawRecord<'a>>, DecodeError> {
    Ok(run_heavy(body.len(), || decode_body(format, body, paths, range))?.records)
}

fn decode_body<'a>(
    format: &Format,
    body: &'a Body<'_>,
    paths: &[&str],
    range: RecordRange,
) -> Result<Decoded<'a>, DecodeError> {
    if let Body::Text(text) = body {
        return decode_part(format, &Part { head: Head::default(), text }, paths, range);
    }
    let mut all = Decoded::default();
    // A sheet without a header, such as a cover, is left out if another sheet has the header.
    let (mut without_header, mut has_header) = (None, false);
    for part in body.split_all_parts()? {
        let before = all.total;
        if let Some(count) = part.head.count.clone().filter(|count| count.left_out.is_some()) {
            all.layout.push_table(count);
            continue;
        }
        let read = match decode_part(format, &part, paths, range.relative_to(before)) {
            Ok(read) => read,
            Err(why) => {
                let name = part.head.format_address("");
                let left = workbook::count_without_header(&part, format, &why);
                let error = DecodeError::Part { part: name, why: Box::new(why) };
                let Some(count) = left else { return Err(error) };
                all.layout.push_table(count);
                without_header.get_or_insert(error);
                continue;
            }
        };
        let left = part.head.shown.is_some_and(|shown| shown.records.is_none());
        let head = Arc::new(part.head);
        all.total = before.checked_add(read.total).filter(|total| *total <= MAX_RECORDS).ok_or_else(too_many)?;
        for count in read.layout.tables {
            has_header |= count.left_out.is_none();
            all.layout.push_table(name_table(count, &head));
        }
        all.records.extend(read.records.into_iter().map(|record| RawRecord {
            index: before + record.index,
            head: Some(Arc::clone(&head)),
            ..record
        }));
        if left || all.has_all(range) {
            return Ok(all);
        }
    }
    match without_header {
        Some(error) if !has_header => Err(error),
        _ => Ok(all),
    }
}

fn name_table(count: TableCount, head: &Head<'_>) -> TableCount {
    let name = |name: &Option<Cow<'_, str>>| name.as_deref().map(str::to_owned);
    let (hidden, hidden_rows, hidden_columns) = (head.hidden, head.hidden_rows, head.hidden_columns);
    TableCount { member: name(&head.member), sheet: name(&head.sheet), hidden, hidden_rows, hidden_columns, ..count }
}

fn decode_part<'a>(
    format: &Format,
    part: &Part<'a>,
    paths: &[&str],
    range: RecordRange,
) -> Result<Decoded<'a>, DecodeError> {
    if let Format::Workbook { layout, .. } = format {
        return workbook::decode_sheet(part, layout, paths, range);
    }
    // The first record of a window has an index above 0: the number of records before the window.
    let (shown, lines) = (part.head.shown, part.head.lines);
    let before = shown.map_or(0, |shown| shown.before);
    let range = range.relative_to(before);
    let mut read = match format {
        Format::Json { items, .. } => json::decode_items(part.text, items, paths, range),
        Format::JsonLines { .. } => json::decode_lines(part.text, paths, range, lines),
        Format::Xml { item, root, .. } => xml::decode_elements(part.text, item, root, paths, range),
        Format::Csv { separator, layout, .. } => csv::decode_rows(part.text, separator.0, layout, paths, range, lines),
        Format::Workbook { .. } => Ok(Decoded::default()),
    }?;
    for record in &mut read.records {
        record.index += before;
        if let Position::Item(n) = &mut record.position {
            *n += before;
        }
    }
    read.total = shown.and_then(|shown| shown.records).unwrap_or(read.total.saturating_add(before));
    if let Some(count) = &part.head.count {
        read.layout = PayloadLayout { tables: vec![count.clone()] };
    }
    Ok(read)
}
