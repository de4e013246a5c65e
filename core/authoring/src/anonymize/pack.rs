//! Handles the bytes around the texts: encodings, archives and workbooks, each written again in its own form. The input
//! has already been read within the limits of unpacking.

use std::io::{Cursor, Write as _};

use encoding_rs::Encoding;
use regex::{Captures, Regex};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::anonymize::lookalike::{self, Lookalike};
use crate::anonymize::runs::{self, Script};
use crate::anonymize::{AnonymizeError, Anonymizer, script_of};
use huiliu_decode::decode::{self, DecodeError};
use huiliu_decode::unpack::{MAX_UNPACKED, MAX_WORKBOOK, UnpackError, for_each_member, gunzip, is_zip};
use huiliu_manifest::{Archive, Format, Stream, matches_name_pattern};

pub(super) const BOOK: &str = "xl/workbook.xml";
/// Beginning of the names that sheets get that the manifest does not read.
const UNREAD: &str = "unread ";
const GZIP: &[u8] = b"\x1f\x8b";
/// An empty list of comment authors.
const NO_PERSONS: &[u8] =
    b"<personList xmlns=\"http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments\"/>";

fn broken_error(why: &dyn std::fmt::Display) -> AnonymizeError {
    unpack_error(UnpackError::Broken { why: why.to_string() })
}

fn unpack_error(fault: UnpackError) -> AnonymizeError {
    AnonymizeError::Decode(DecodeError::Unpack(fault))
}

/// Anonymizes a stream's payload.
pub(super) fn anonymize_payload(
    anonymizer: &Anonymizer<'_>,
    stream: &Stream,
    bytes: &[u8],
) -> Result<Vec<u8>, AnonymizeError> {
    match &stream.archive {
        Some(Archive::Gzip {}) if bytes.starts_with(GZIP) => {
            let text = anonymize_content(anonymizer, &stream.format, &gunzip(bytes).map_err(unpack_error)?)?;
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            packed.write_all(&text).and_then(|()| packed.finish()).map_err(|e| broken_error(&e))
        }
        Some(Archive::Zip { members }) if is_zip(bytes) && !huiliu_office::is_workbook(bytes) => {
            anonymize_archive(anonymizer, members, &stream.format, bytes)
        }
        _ => anonymize_content(anonymizer, &stream.format, bytes),
    }
}

fn anonymize_content(anonymizer: &Anonymizer<'_>, format: &Format, bytes: &[u8]) -> Result<Vec<u8>, AnonymizeError> {
    match (format, script_of(format)) {
        (Format::Workbook { sheets, .. }, _) if is_zip(bytes) => anonymize_workbook(anonymizer, sheets, bytes),
        (Format::Workbook { .. }, _) => anonymize_lookalike(anonymizer, bytes),
        (_, Some(script)) => anonymize_text(anonymizer, format, script, bytes),
        (_, None) => Err(AnonymizeError::Workbook),
    }
}

/// Anonymizes a web page or a text that is named as a workbook. It stays what it is.
fn anonymize_lookalike(anonymizer: &Anonymizer<'_>, bytes: &[u8]) -> Result<Vec<u8>, AnonymizeError> {
    let Some(Lookalike { text, encoding, mark, is_page, separator }) = lookalike::read(bytes) else {
        return Err(AnonymizeError::Workbook);
    };
    let script = if is_page { Script::Page } else { Script::Cells(separator) };
    let mut out = bytes.get(..mark).unwrap_or_default().to_vec();
    out.extend(encode_text(&anonymizer.anonymize_text(&text, script), encoding)?);
    Ok(out)
}

fn anonymize_text(
    anonymizer: &Anonymizer<'_>,
    format: &Format,
    script: Script,
    bytes: &[u8],
) -> Result<Vec<u8>, AnonymizeError> {
    let (encoding, mark) = decode::detect_encoding(format.encoding(), bytes);
    let read = decode::decode_in_encoding(format.encoding(), bytes)?;
    let made = anonymizer.anonymize_text(&read, script);
    let mut out = bytes.get(..mark).unwrap_or_default().to_vec();
    out.extend(encode_text(&made, encoding)?);
    Ok(out)
}

fn encode_text(text: &str, encoding: &'static Encoding) -> Result<Vec<u8>, AnonymizeError> {
    if encoding == encoding_rs::UTF_16LE {
        return Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    }
    if encoding == encoding_rs::UTF_16BE {
        return Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
    }
    match encoding.encode(text) {
        (bytes, used, false) if used == encoding => Ok(bytes.into_owned()),
        _ => Err(AnonymizeError::Encoding { encoding: encoding.name() }),
    }
}

/// An unpacked member of an archive.
pub(super) struct Member {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Keeps only members whose names match `pattern`, because only those are read by the manifest; people in the others
/// would go unnoticed.
fn anonymize_archive(
    anonymizer: &Anonymizer<'_>,
    pattern: &str,
    format: &Format,
    bytes: &[u8],
) -> Result<Vec<u8>, AnonymizeError> {
    let mut members = Vec::new();
    for_each_member(bytes, MAX_UNPACKED, |name, content| {
        if matches_name_pattern(pattern, name.rsplit('/').next().unwrap_or(name)) {
            members.push(Member { name: name.to_owned(), bytes: content.to_vec() });
        }
        Ok(())
    })
    .map_err(unpack_error)?;
    write_zip(members.into_iter().map(|Member { name, bytes }| {
        Ok(Member {
            name: anonymizer.anonymize_value(&name, false),
            bytes: anonymize_content(anonymizer, format, &bytes)?,
        })
    }))
}

pub(super) fn write_zip(
    members: impl Iterator<Item = Result<Member, AnonymizeError>>,
) -> Result<Vec<u8>, AnonymizeError> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for member in members {
        let Member { name, bytes } = member?;
        writer.start_file(name, SimpleFileOptions::default()).map_err(|e| broken_error(&e))?;
        writer.write_all(&bytes).map_err(|e| broken_error(&e))?;
    }
    writer.finish().map(Cursor::into_inner).map_err(|e| broken_error(&e))
}

fn anonymize_workbook(anonymizer: &Anonymizer<'_>, sheets: &str, bytes: &[u8]) -> Result<Vec<u8>, AnonymizeError> {
    let mut parts = Vec::new();
    for_each_member(bytes, MAX_WORKBOOK, |name, content| {
        parts.push(Member { name: name.to_owned(), bytes: content.to_vec() });
        Ok(())
    })
    .map_err(unpack_error)?;
    if !parts.iter().any(|part| part.name == BOOK) {
        return Err(AnonymizeError::Workbook);
    }
    write_zip(parts.into_iter().map(|Member { name, bytes }| {
        let made = match name == BOOK {
            true => anonymize_book(anonymizer, sheets, &bytes)?,
            false => anonymize_part(anonymizer, &name, &bytes)?,
        };
        Ok(Member { name, bytes: made })
    }))
}

/// Anonymizes the list of sheets. A sheet that the manifest does not read gets a number for its name, and the names of
/// ranges go, because they refer to sheets by their names.
fn anonymize_book(anonymizer: &Anonymizer<'_>, pattern: &str, bytes: &[u8]) -> Result<Vec<u8>, AnonymizeError> {
    let text = std::str::from_utf8(bytes).map_err(|e| broken_error(&e))?;
    let (Ok(sheet), Ok(ranges)) = (
        Regex::new(r#"(<(?:\w+:)?sheet\s[^>]*?\bname=)(?:"([^"]*)"|'([^']*)')"#),
        Regex::new(r"(?s)<(?:\w+:)?definedNames>.*?</(?:\w+:)?definedNames>"),
    ) else {
        return Err(AnonymizeError::Workbook);
    };
    let mut unread = 0;
    let renamed = sheet.replace_all(text, |found: &Captures<'_>| {
        let name: String =
            runs::unescape_all(found.get(2).or(found.get(3)).map_or("", |name| name.as_str())).iter().collect();
        if matches_name_pattern(pattern, name.trim()) {
            return found[0].to_owned();
        }
        unread += 1;
        format!("{}\"{UNREAD}{unread}\"", &found[1])
    });
    let made = anonymizer.replace_known(&renamed, Script::Sheet);
    Ok(ranges.replace_all(&made, "").into_owned().into_bytes())
}

/// Anonymizes one member of a workbook. Comments and the author's properties lose their words; pictures and other
/// binary members are emptied.
fn anonymize_part(anonymizer: &Anonymizer<'_>, name: &str, bytes: &[u8]) -> Result<Vec<u8>, AnonymizeError> {
    if ![".xml", ".rels", ".vml"].iter().any(|end| name.to_ascii_lowercase().ends_with(end)) {
        return Ok(vec![]);
    }
    let text = std::str::from_utf8(bytes).map_err(|e| broken_error(&e))?;
    if name.starts_with("xl/persons/") {
        return Ok(NO_PERSONS.to_vec());
    }
    let personal = ["docProps/", "xl/comments", "xl/threadedComments/"];
    if personal.iter().any(|start| name.starts_with(start)) {
        return Ok(without_words(text).into_bytes());
    }
    // Fonts, number formats and relations name nobody, and their words mean something.
    let technical = ["xl/styles.xml", "xl/theme/", "[Content_Types].xml"];
    if technical.iter().any(|start| name.starts_with(start)) || name.ends_with(".rels") {
        return Ok(anonymizer.replace_known(text, Script::Sheet).into_bytes());
    }
    Ok(anonymizer.anonymize_text(text, Script::Sheet).into_bytes())
}

/// Removes the words from a document; numbers and dates stay.
fn without_words(text: &str) -> String {
    let mut out = String::new();
    let mut written = 0;
    for run in runs::split_runs(text, Script::Markup) {
        let attribute = run.attribute && !run.atoms.iter().any(|atom| !atom.read.is_ascii());
        let plain = run.atoms.first().is_some_and(|atom| atom.read.is_ascii_digit());
        for atom in run.atoms.iter().filter(|_| !attribute && !plain) {
            out.push_str(text.get(written..atom.at.start).unwrap_or_default());
            written = atom.at.end;
        }
    }
    out.push_str(text.get(written..).unwrap_or_default());
    out
}

/// Finds the first member of a finished archive, or the page, that still contains an original.
pub(super) fn find_leaking_member(bytes: &[u8], stands_in: impl Fn(&str) -> bool) -> Option<String> {
    let mut found = lookalike::read(bytes).filter(|page| stands_in(&page.text)).map(|_| "…".to_owned());
    if is_zip(bytes) {
        // Unpacking errors were reported earlier.
        let _ = for_each_member(bytes, MAX_WORKBOOK, |name, content| {
            if found.is_none() && std::str::from_utf8(content).is_ok_and(&stands_in) {
                found = Some(name.to_owned());
            }
            Ok(())
        });
    }
    found
}
