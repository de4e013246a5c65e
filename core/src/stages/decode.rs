//! Bytes become raw records, each with its address.

use std::borrow::Cow;
use std::sync::Arc;

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

/// The fields of one raw record.
#[derive(Debug, Clone)]
pub enum Fields {
    /// A JSON object.
    Json(serde_json::Value),
    /// Names and values: CSV cells, XML elements and attributes.
    Flat(Vec<(Arc<str>, String)>),
}

impl Fields {
    /// The text at a path; `None` when absent, null or empty.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Cow<'_, str>> {
        let text = match self {
            Self::Json(value) => json::text_at(value, path)?,
            Self::Flat(cells) => {
                Cow::Borrowed(cells.iter().find(|(n, _)| n.as_ref() == path).map(|(_, v)| v.as_str())?)
            }
        };
        if text.trim().is_empty() { None } else { Some(text) }
    }
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
pub struct RawRecord {
    /// Position in the payload, from 0.
    pub index: u32,
    /// Where a person finds it.
    pub position: Position,
    /// Its bytes as text.
    pub raw: String,
    /// Its fields.
    pub fields: Fields,
}

impl RawRecord {
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

/// Counts the records without building them.
///
/// # Errors
/// [`DecodeFault`].
pub fn outline(format: &Format, bytes: &[u8], next: Option<&str>) -> Result<Outline, DecodeFault> {
    match format {
        Format::Json { items, ok_path, ok_value } => {
            json::check(bytes, ok_path.as_deref(), ok_value.as_deref())?;
            let records = json::items(bytes, items)?.len();
            let next = next.map(|path| json::scalar(bytes, path)).transpose()?.flatten();
            Ok(Outline { records: as_count(records)?, next })
        }
        Format::Xml { item, root } => {
            Ok(Outline { records: as_count(xml::decode(bytes, item, root, 0, u32::MAX)?.len())?, next: None })
        }
        Format::Csv { encoding, header, end_marker } => {
            let records = csv::decode(bytes, encoding, header, end_marker.as_deref(), 0, u32::MAX)?.len();
            Ok(Outline { records: as_count(records)?, next: None })
        }
    }
}

/// Builds the raw records `first .. first + count`.
///
/// # Errors
/// [`DecodeFault`].
pub fn decode(format: &Format, bytes: &[u8], first: u32, count: u32) -> Result<Vec<RawRecord>, DecodeFault> {
    match format {
        Format::Json { items, .. } => json::decode(bytes, items, first, count),
        Format::Xml { item, root } => xml::decode(bytes, item, root, first, count),
        Format::Csv { encoding, header, end_marker } => {
            csv::decode(bytes, encoding, header, end_marker.as_deref(), first, count)
        }
    }
}

fn as_count(n: usize) -> Result<u32, DecodeFault> {
    u32::try_from(n).map_err(|_| DecodeFault::Form { format: "payload", why: "more than 4 billion records".into() })
}
