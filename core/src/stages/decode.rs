//! Bytes become text, text becomes raw records, each with its address.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding};
use thiserror::Error;

use super::{csv, json, xml};
use crate::manifest::Format;

/// Why a payload as a whole cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeFault {
    /// Cut, or not the declared format at all.
    #[error("not readable as {format}: {why}")]
    Form {
        /// The declared format.
        format: &'static str,
        /// What the parser met, and where.
        why: String,
    },
    /// The platform says itself that the answer is an error.
    #[error("the platform answered with an error: {0}")]
    Refused(String),
    /// Bytes that are not text in the declared encoding.
    #[error("bytes that are not {encoding} near byte {offset}")]
    Encoding {
        /// The declared encoding.
        encoding: String,
        /// Offset of the first malformed byte, as near as is known.
        offset: usize,
    },
    /// No line carries the declared header cells.
    #[error("no header line with the cells {0}")]
    Header(String),
}

/// Where in its payload a raw record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// The n-th item of a page, from 0.
    Item(u32),
    /// A physical line of a file, from 1.
    Line(u64),
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
}

impl RawRecord<'_> {
    /// The address for people: payload, then item or line.
    #[must_use]
    pub fn address(&self, payload: &str) -> String {
        match self.position {
            Position::Item(n) => format!("{payload} item {n}"),
            Position::Line(n) => format!("{payload} line {n}"),
        }
    }
}

/// How many raw records a payload holds, and where the next page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Raw records.
    pub records: u32,
    /// The text at the paging rule's `next` path.
    pub next: Option<String>,
}

/// The payload's bytes as text.
///
/// # Errors
/// [`DecodeFault::Encoding`] for malformed bytes: nothing is replaced, nothing guessed.
pub fn text<'a>(format: &Format, bytes: &'a [u8]) -> Result<Cow<'a, str>, DecodeFault> {
    let label = match format {
        Format::Csv { encoding, .. } => encoding.as_str(),
        Format::Json { .. } | Format::Xml { .. } => "utf-8",
    };
    let unknown = || DecodeFault::Form { format: "text", why: format!("unknown encoding {label:?}") };
    let declared = Encoding::for_label(label.as_bytes()).ok_or_else(unknown)?;
    let (encoding, skip) = Encoding::for_bom(bytes).unwrap_or((declared, 0));
    let body = bytes.get(skip..).unwrap_or_default();
    let malformed = |offset| DecodeFault::Encoding { encoding: label.to_owned(), offset: skip + offset };
    if encoding == encoding_rs::UTF_8 {
        return std::str::from_utf8(body).map(Cow::Borrowed).map_err(|e| malformed(e.valid_up_to()));
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length(body.len()).unwrap_or(body.len() * 2));
    match decoder.decode_to_string_without_replacement(body, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok(Cow::Owned(text)),
        (_, read) => Err(malformed(read)),
    }
}

/// Counts the records and checks the payload as a whole, without building any record.
///
/// # Errors
/// [`DecodeFault`].
pub fn outline(format: &Format, bytes: &[u8], next: Option<&str>) -> Result<Outline, DecodeFault> {
    let text = text(format, bytes)?;
    let (records, next) = match format {
        Format::Json { items, ok_path, ok_value } => {
            let page = json::page(&text, items, ok_path.as_deref().zip(ok_value.as_deref()), next)?;
            (page.items.len(), page.next.map(Cow::into_owned))
        }
        Format::Xml { .. } | Format::Csv { .. } => (decode(format, &text, &[], (0, u32::MAX))?.len(), None),
    };
    let too_many = |_| DecodeFault::Form { format: "payload", why: "more than 4 billion records".into() };
    Ok(Outline { records: u32::try_from(records).map_err(too_many)?, next })
}

/// Builds the raw records of a range (first, count), with the texts at `paths`.
///
/// # Errors
/// [`DecodeFault`].
pub fn decode<'a>(
    format: &Format,
    text: &'a str,
    paths: &[&str],
    range: (u32, u32),
) -> Result<Vec<RawRecord<'a>>, DecodeFault> {
    match format {
        Format::Json { items, .. } => json::decode(text, items, paths, range),
        Format::Xml { item, root } => xml::decode(text, item, root, paths, range),
        Format::Csv { header, end_marker, .. } => csv::decode(text, header, end_marker.as_deref(), paths, range),
    }
}
