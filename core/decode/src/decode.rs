//! Bytes become text, text becomes raw records, each with its address.

use std::borrow::Cow;
use std::sync::Arc;

use encoding_rs::{DecoderResult, Encoding};
use huiliu_messages::{SystemError, said_in_english};
use serde::{Deserialize, Serialize};

use crate::parts::{Body, Head, Part};
use crate::problem::BrokenRecord;
use crate::unpack::UnpackError;
use crate::{Plan, RecordRange, csv, json, workbook, xml};
use huiliu_manifest::{Format, Stream};

/// Why a payload as a whole cannot be read. The sentences are in the catalogues of `huiliu-messages`, under `decode-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum DecodeError {
    /// Bytes that are not text in the declared encoding. `offset` is that of the first malformed byte, as near as is known.
    #[serde(rename = "decode.encoding")]
    Encoding { encoding: String, offset: usize },
    /// Cut, or not the declared format at all.
    #[serde(rename = "decode.malformed")]
    Malformed { format: Cow<'static, str>, why: Malformed },
    /// No line carries the declared header cells.
    #[serde(rename = "decode.no_header")]
    NoHeader { cells: Vec<String> },
    /// One member or sheet cannot be read.
    #[serde(rename = "decode.part")]
    Part { part: String, why: Box<DecodeError> },
    /// The bytes that are held cannot be read again.
    #[serde(rename = "decode.payload")]
    Payload { why: SystemError },
    /// What was unpacked contradicts itself.
    #[serde(rename = "decode.inconsistent")]
    Inconsistent,
    /// A record of too many bytes.
    #[serde(rename = "decode.record_too_large")]
    RecordTooLarge { record: u32, max: usize },
    /// The platform says itself that the answer is an error.
    #[serde(rename = "decode.refused")]
    Refused { path: String, found: String, expected: String },
    /// Too many records.
    #[serde(rename = "decode.too_many_records")]
    TooManyRecords { max: u32 },
    /// Too many rows of a table.
    #[serde(rename = "decode.too_many_rows")]
    TooManyRows { max: usize },
    /// Two columns of one name.
    #[serde(rename = "decode.two_columns")]
    TwoColumns { column: String },
    /// A workbook or archive that cannot be unpacked.
    #[serde(untagged)]
    Unpack(UnpackError),
}

/// What is not as the format has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum Malformed {
    /// What the parser met, and where, in its own words.
    #[serde(rename = "malformed.parser")]
    Parser { why: String },
    /// A value that stands there more than once: which is meant is not said.
    #[serde(rename = "malformed.twice")]
    Twice { path: String },
    /// No list where the records should be.
    #[serde(rename = "malformed.no_list")]
    NoList { path: String },
    /// No value where one must be.
    #[serde(rename = "malformed.no_value")]
    NoValue { path: String },
    /// A web page or an XML document.
    #[serde(rename = "malformed.web_page")]
    WebPage,
    /// A DOCTYPE, which can make a parser read other files.
    #[serde(rename = "malformed.doctype")]
    Doctype,
    /// The document ends before its root element does.
    #[serde(rename = "malformed.cut")]
    Cut { element: String },
    /// Another root element.
    #[serde(rename = "malformed.root")]
    Root { found: String, expected: String },
    /// Elements nested too deeply.
    #[serde(rename = "malformed.depth")]
    Depth { max: usize },
    /// An element with too many attributes.
    #[serde(rename = "malformed.attributes")]
    Attributes { max: usize },
    /// An entity that nobody has defined.
    #[serde(rename = "malformed.entity")]
    Entity { name: String },
    /// A line of too many bytes.
    #[serde(rename = "malformed.line_too_long")]
    LineTooLong { line: u64, max: usize },
    /// A line of too many cells.
    #[serde(rename = "malformed.line_too_wide")]
    LineTooWide { line: u64, max: usize },
    /// A line whose cells are no text.
    #[serde(rename = "malformed.line_not_text")]
    LineNotText { line: u64, why: String },
}

said_in_english!(DecodeError, Malformed);

impl Malformed {
    /// Of a parser.
    pub(crate) fn parser(why: impl std::fmt::Display) -> Self {
        Self::Parser { why: why.to_string() }
    }

    /// As the fault of a payload of this format.
    pub(crate) fn of(self, format: &'static str) -> DecodeError {
        DecodeError::Malformed { format: format.into(), why: self }
    }
}

impl From<UnpackError> for DecodeError {
    fn from(fault: UnpackError) -> Self {
        Self::Unpack(fault)
    }
}

/// Where in its payload a raw record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// The n-th item of a page, from 0.
    Item(u32),
    /// A physical line of a file, from 1.
    Line(u64),
    /// A row of a sheet, from 1.
    Row(u32),
}

/// How a cell of a workbook holds its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// As text, or as a day.
    Text,
    /// As a number (or truth value).
    Number,
    /// As the error of a formula.
    Error,
}

/// The cell that a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Its column, from 0.
    pub column: usize,
    /// How its value is held.
    pub stored: Stored,
}

/// One record as received.
#[derive(Debug, Clone)]
pub struct RawRecord<'a> {
    /// Position in the payload, from 0.
    pub index: u32,
    /// Where a person finds it.
    pub position: Position,
    /// Its bytes as text.
    pub raw: Cow<'a, str>,
    /// The texts at the paths asked for; `None` when absent, null or blank.
    pub texts: Vec<Option<Cow<'a, str>>>,
    /// The cells they come from, in a workbook; else nothing.
    pub cells: Vec<Option<Cell>>,
    /// The member or sheet it stands in, where the payload was unpacked.
    pub head: Option<Arc<Head<'a>>>,
    /// Why it cannot be read as what it should be; its texts are then not all of it.
    pub broken: Option<BrokenRecord>,
}

impl<'a> RawRecord<'a> {
    /// A record of a payload's only part, the n-th of its items.
    #[must_use]
    pub fn new(index: u32, raw: Cow<'a, str>, texts: Vec<Option<Cow<'a, str>>>) -> Self {
        Self { index, position: Position::Item(index), raw, texts, cells: vec![], head: None, broken: None }
    }

    /// The address for people: payload, member and sheet, then item, line or row.
    #[must_use]
    pub fn address(&self, payload: &str) -> String {
        let place = self.place(payload);
        match self.position {
            Position::Item(n) => format!("{place} item {n}"),
            Position::Line(n) => format!("{place} line {n}"),
            Position::Row(n) => format!("{place} row {n}"),
        }
    }

    fn place<'p>(&self, payload: &'p str) -> Cow<'p, str> {
        self.head.as_ref().map_or(Cow::Borrowed(payload), |head| Cow::Owned(head.address(payload)))
    }

    /// Where the text in this place stands: `lego_2014.xlsx › 第一期!D7`.
    #[must_use]
    pub fn cell_address(&self, payload: &str, slot: usize) -> Option<String> {
        let (Position::Row(row), Some(cell)) = (self.position, self.cells.get(slot)?) else { return None };
        Some(format!("{}!{}{row}", self.place(payload), letters(cell.column)))
    }

    /// How the text in this place was stored.
    #[must_use]
    pub fn stored(&self, slot: usize) -> Stored {
        self.cells.get(slot).copied().flatten().map_or(Stored::Text, |cell| cell.stored)
    }
}

/// A column as a spreadsheet names it: A … Z, AA …
fn letters(column: usize) -> String {
    let last = char::from(b'A' + u8::try_from(column % 26).unwrap_or(0));
    let before = if column < 26 { String::new() } else { letters(column / 26 - 1) };
    format!("{before}{last}")
}

/// The most records of a payload: what has more is no list of records, or is sent in parts.
/// As many as a sheet can have.
const MAX_RECORDS: u32 = 1 << 20;

/// The most bytes of a record; each is held several times on its way.
const MAX_RECORD: usize = 1 << 20;

/// The records of a range of a payload, and how many there are in all.
#[derive(Debug, Default)]
pub struct Decoded<'a> {
    /// Those of the range.
    pub records: Vec<RawRecord<'a>>,
    /// All of them.
    pub total: u32,
}

impl<'a> Decoded<'a> {
    /// Counts a record of so many bytes; it is only made when it stands in the range.
    ///
    /// # Errors
    /// [`DecodeError`] when there are too many, or it is too long.
    pub(super) fn take(
        &mut self,
        range: RecordRange,
        bytes: usize,
        make: impl FnOnce(u32) -> RawRecord<'a>,
    ) -> Result<(), DecodeError> {
        let index = self.total;
        self.total = counted(index, bytes)?;
        if range.contains(index) {
            self.records.push(make(index));
        }
        Ok(())
    }
}

impl Decoded<'_> {
    /// Whether the range is over, so that nothing behind it need be looked at: it was when the payload landed. Who only
    /// counts asks for no record, and for no end.
    pub(super) fn has_all(&self, range: RecordRange) -> bool {
        range.count > 0 && self.total >= range.end()
    }
}

/// One record more, of so many bytes.
pub(super) fn counted(records: u32, bytes: usize) -> Result<u32, DecodeError> {
    if bytes > MAX_RECORD {
        return Err(DecodeError::RecordTooLarge { record: records, max: MAX_RECORD });
    }
    if records < MAX_RECORDS { Ok(records + 1) } else { Err(too_many()) }
}

fn too_many() -> DecodeError {
    DecodeError::TooManyRecords { max: MAX_RECORDS }
}

/// How many raw records a payload holds, and where the next page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Raw records.
    pub records: u32,
    /// The text at the paging rule's `next` path.
    pub next: Option<String>,
}

/// The payload's bytes as text, in the encoding of its format.
///
/// # Errors
/// [`DecodeError::Encoding`] for malformed bytes: nothing is replaced, nothing guessed.
pub fn text<'a>(format: &Format, bytes: &'a [u8]) -> Result<Cow<'a, str>, DecodeError> {
    in_encoding(format.encoding(), bytes)
}

/// Bytes as text in an encoding, or in the one that a byte order mark tells.
pub fn in_encoding(declared: huiliu_manifest::Encoding, bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let (encoding, skip) = encoding_of(declared, bytes);
    let body = bytes.get(skip..).unwrap_or_default();
    let utf8 = || std::str::from_utf8(body);
    let malformed = |offset| DecodeError::Encoding { encoding: encoding.name().to_lowercase(), offset: skip + offset };
    if encoding == encoding_rs::UTF_8 {
        return utf8().map(Cow::Borrowed).map_err(|e| malformed(e.valid_up_to()));
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length(body.len()).unwrap_or(body.len() * 2));
    match decoder.decode_to_string_without_replacement(body, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok(Cow::Owned(text)),
        (_, read) => Err(malformed(read)),
    }
}

/// The encoding that bytes are read in, and how many bytes of them are a byte order mark.
pub fn encoding_of(declared: huiliu_manifest::Encoding, bytes: &[u8]) -> (&'static Encoding, usize) {
    use huiliu_manifest::Encoding as Declared;
    if let Some(marked) = Encoding::for_bom(bytes) {
        return marked;
    }
    let encoding = match declared {
        Declared::Utf8 => encoding_rs::UTF_8,
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
/// [`DecodeError`].
pub fn outline(stream: &Stream, body: &Body<'_>, next: Option<&str>) -> Result<Outline, DecodeError> {
    let (records, next) = match (&stream.format, body) {
        (Format::Json { items, ok_path, ok_value, .. }, Body::Text(text)) => {
            let success = ok_path.as_deref().zip(ok_value.as_deref());
            let success = success.map(|(path, value)| json::SuccessCondition { path, value });
            let page = json::page(text, items, success, next, RecordRange::NONE)?;
            (page.total, page.next.map(Cow::into_owned))
        }
        // With the paths that delivery asks for: what it would refuse is refused now. No record is kept.
        (format, _) => (read(format, body, &Plan::new(stream).paths, RecordRange::NONE)?.total, None),
    };
    Ok(Outline { records, next })
}

/// Builds the raw records of a range, with the texts at `paths`.
///
/// # Errors
/// [`DecodeError`].
pub fn decode<'a>(
    format: &Format,
    body: &'a Body<'_>,
    paths: &[&str],
    range: RecordRange,
) -> Result<Vec<RawRecord<'a>>, DecodeError> {
    Ok(read(format, body, paths, range)?.records)
}

fn read<'a>(
    format: &Format,
    body: &'a Body<'_>,
    paths: &[&str],
    range: RecordRange,
) -> Result<Decoded<'a>, DecodeError> {
    if let Body::Text(text) = body {
        return decode_part(format, &Part { head: Head::default(), text }, paths, range);
    }
    let mut all = Decoded::default();
    for part in body.parts()? {
        let name = part.head.address("");
        let before = all.total;
        let read = decode_part(format, &part, paths, range.relative_to(before))
            .map_err(|why| DecodeError::Part { part: name, why: Box::new(why) })?;
        let left = part.head.shown.is_some_and(|shown| shown.records.is_none());
        let head = Arc::new(part.head);
        all.total = before.checked_add(read.total).filter(|total| *total <= MAX_RECORDS).ok_or_else(too_many)?;
        all.records.extend(read.records.into_iter().map(|record| RawRecord {
            index: before + record.index,
            head: Some(Arc::clone(&head)),
            ..record
        }));
        if left || all.has_all(range) {
            break;
        }
    }
    Ok(all)
}

fn decode_part<'a>(
    format: &Format,
    part: &Part<'a>,
    paths: &[&str],
    range: RecordRange,
) -> Result<Decoded<'a>, DecodeError> {
    if let Format::Workbook { layout, .. } = format {
        return workbook::decode(part, layout, paths, range);
    }
    // Of a window the first record has a number of its own.
    let (shown, lines) = (part.head.shown, part.head.lines);
    let before = shown.map_or(0, |shown| shown.before);
    let range = range.relative_to(before);
    let mut read = match format {
        Format::Json { items, .. } => json::decode(part.text, items, paths, range),
        Format::JsonLines { .. } => json::lines(part.text, paths, range, lines),
        Format::Xml { item, root, .. } => xml::decode(part.text, item, root, paths, range),
        Format::Csv { separator, layout, .. } => csv::decode(part.text, separator.0, layout, paths, range, lines),
        Format::Workbook { .. } => Ok(Decoded::default()),
    }?;
    for record in &mut read.records {
        record.index += before;
        if let Position::Item(n) = &mut record.position {
            *n += before;
        }
    }
    read.total = shown.and_then(|shown| shown.records).unwrap_or(read.total.saturating_add(before));
    Ok(read)
}
