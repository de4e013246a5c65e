//! Detects format and encoding of a sample.

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use crate::infer::InferError;
use huiliu_decode::unpack::{Content, Task};

/// Size limit of a sample, in bytes. A sample need not be a whole export.
pub const MAX_SAMPLE: usize = 16 << 20;
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// Number of bytes, or characters, that are examined to detect an encoding or a format.
const LOOKED_AT: usize = 4_096;

/// Returns the task to unpack a sample in a separate process before [`crate::infer::guess_manifest`] can read it;
/// `None` for text.
#[must_use]
pub fn unpack_task(bytes: &[u8]) -> Option<Task> {
    (bytes.starts_with(b"PK") || bytes.starts_with(OLE)).then(|| Task {
        members: None,
        gzip: false,
        content: Content::Workbook("*".into()),
        window: None,
        others: None,
    })
}

/// A text and the name of its encoding.
#[derive(Debug)]
pub(super) struct Text {
    /// The characters, without a byte order mark.
    pub text: String,
    /// `utf-8`, `gb18030`, `utf-16le` or `utf-16be`.
    pub encoding: &'static str,
}

/// The format of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    JsonLines,
    Xml,
    Html,
    Delimited,
}

/// Decodes a sample: by byte order mark, else as strict UTF-8, else as UTF-16 if it has many zero bytes, else as
/// GB18030.
pub(super) fn decode_text(bytes: &[u8]) -> Result<Text, InferError> {
    if bytes.len() > MAX_SAMPLE {
        return Err(InferError::TooLarge { found: bytes.len(), most: MAX_SAMPLE });
    }
    let (encoding, skip) = Encoding::for_bom(bytes).unwrap_or_else(|| (guess_encoding(bytes), 0));
    let body = bytes.get(skip..).unwrap_or_default();
    let (text, malformed) = encoding.decode_without_bom_handling(body);
    if text.trim().is_empty() {
        return Err(InferError::Empty);
    }
    // A truncated last character gives a single replacement character, which is accepted.
    let lost = text.chars().filter(|c| *c == '\u{FFFD}').count();
    let controls = text.chars().filter(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')).count();
    if (malformed && lost > 1) || controls * 100 > text.len() {
        return Err(InferError::Binary);
    }
    let name = match encoding {
        e if e == UTF_8 => "utf-8",
        e if e == UTF_16LE => "utf-16le",
        e if e == UTF_16BE => "utf-16be",
        _ => "gb18030",
    };
    Ok(Text { text: text.into_owned(), encoding: name })
}

fn guess_encoding(bytes: &[u8]) -> &'static Encoding {
    if std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0')) {
        return UTF_8;
    }
    let start = bytes.get(..LOOKED_AT.min(bytes.len())).unwrap_or_default();
    let zeros = |from: usize| start.iter().skip(from).step_by(2).filter(|b| **b == 0).count() * 10;
    if zeros(1) > start.len() {
        UTF_16LE
    } else if zeros(0) > start.len() {
        UTF_16BE
    } else {
        GB18030
    }
}

/// Detects a text's format from its beginning.
pub(super) fn detect_form(text: &str) -> Form {
    let text = text.trim_start();
    let start: String = text.chars().take(LOOKED_AT).collect::<String>().to_ascii_lowercase();
    // A <Table> without rows is an element of some XML data set, not an HTML table.
    let page = |tag: &str| start.contains(tag);
    let tags = page("<html") || page("<!doctype html") || (page("<table") && page("<tr"));
    match text.as_bytes().first() {
        Some(b'<') if tags => Form::Html,
        Some(b'<') => Form::Xml,
        Some(b'{') if has_several_objects(text) => Form::JsonLines,
        Some(b'{' | b'[') => Form::Json,
        _ => Form::Delimited,
    }
}

/// Returns whether the first line is a complete object and another object follows.
fn has_several_objects(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let whole =
        |line: &str| line.trim_end().ends_with('}') && serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok();
    lines.next().is_some_and(whole) && lines.next().is_some_and(|line| line.trim_start().starts_with('{'))
}
