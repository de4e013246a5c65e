//! Unpacks workbooks and archives into parts. The code is pure and only ever runs in a separate process, because a
//! hostile file may crash it.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use serde::{Deserialize, Serialize};
use zip::ZipArchive;

use crate::decode::DecodeError;
use crate::parts::Head;
use crate::window::{OtherSheets, ROOM, UnpackOutput, Window};
use crate::{cells, decode, draft};
use huiliu_manifest::{Archive, Encoding, Format, Stream, matches_name_pattern};
use huiliu_messages::{SystemError, said_in_english};

/// Maximum number of members in an archive.
const MAX_MEMBERS: usize = 1_000;
/// Maximum total number of bytes that an archive's members unpack to; also the limit for all unpacked parts together.
pub const MAX_UNPACKED: usize = 64 << 20;
/// Maximum total number of bytes that a workbook's own members unpack to. It is higher because XML is verbose.
pub const MAX_WORKBOOK: usize = 128 << 20;
/// Maximum total number of XML bytes in sheets and shared strings, which are read as a stream: 1,048,576 rows of ten
/// cells take about 600 MB.
const MAX_SHEETS: usize = 2 << 30;
/// Maximum ratio of a member's unpacked size to its packed size, once the unpacked size exceeds `SMALL`.
const MAX_RATIO: u64 = 250;
const SMALL: u64 = 4 << 20;
const GZIP: &[u8] = b"\x1f\x8b\x08";

/// What to unpack, as a stream declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Name pattern for the members of an archive; `None` does not accept archives.
    pub members: Option<String>,
    /// Whether payloads may be compressed with gzip.
    #[serde(default)]
    pub gzip: bool,
    /// Type of a payload or a member.
    pub content: Content,
    /// The records to unpack if a workbook has more than fits. Without a window, all rows must fit, otherwise unpacking
    /// fails.
    #[serde(default)]
    pub window: Option<Window>,
    /// How the sheets of a workbook that are not read are counted. Without it they are not looked at.
    #[serde(default)]
    pub others: Option<OtherSheets>,
}

/// Type of a payload or a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Text in the encoding with this name.
    Text(String),
    /// A workbook; the value is a name pattern for its sheets.
    Workbook(String),
}

/// Why a payload cannot be unpacked. The catalogues of `huiliu-messages` hold the sentences, which also say what to do,
/// under `unpack-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum UnpackError {
    /// The archive has too many members.
    #[serde(rename = "unpack.members")]
    Members { found: usize, max: usize },
    /// The payload unpacks to too many bytes.
    #[serde(rename = "unpack.size")]
    Size { max: usize },
    /// A member unpacks to too many times its packed size.
    #[serde(rename = "unpack.ratio")]
    Ratio { name: String, max_ratio: u64 },
    /// A gzip file unpacks to too many times its packed size.
    #[serde(rename = "unpack.gzip_ratio")]
    GzipRatio { max_ratio: u64 },
    /// A member is an archive itself.
    #[serde(rename = "unpack.nested")]
    Nested { name: String },
    /// The name of a member leads outside the archive.
    #[serde(rename = "unpack.name")]
    Name { name: String },
    /// Two members have the same name, of which only one could be read.
    #[serde(rename = "unpack.twice")]
    Twice { name: String },
    /// A member is encrypted.
    #[serde(rename = "unpack.encrypted")]
    Encrypted { name: String },
    /// No member matches the name pattern.
    #[serde(rename = "unpack.no_member")]
    NoMember { pattern: String, found: Vec<String>, count: usize },
    /// The workbook is protected by a password.
    #[serde(rename = "unpack.locked")]
    Locked,
    /// The file claims to be a workbook and is not.
    #[serde(rename = "unpack.not_workbook")]
    NotWorkbook { what: LooksLike },
    /// No sheet matches the name pattern.
    #[serde(rename = "unpack.no_sheet")]
    NoSheet { pattern: String, found: Vec<String>, count: usize },
    /// A member has a DOCTYPE.
    #[serde(rename = "unpack.doctype")]
    Doctype { name: String },
    /// A sheet has too many columns.
    #[serde(rename = "unpack.columns")]
    Columns { sheet: String, column: u32, max: u32 },
    /// The file is truncated or damaged; `why` is the text of the library that reads it.
    #[serde(rename = "unpack.broken")]
    Broken { why: String },
    /// A web page ends inside a table.
    #[serde(rename = "unpack.page_cut")]
    PageCut,
    /// A quote is never closed.
    #[serde(rename = "unpack.open_quote")]
    OpenQuote { line: u64 },
    /// The records of a batch are too large in total.
    #[serde(rename = "unpack.records_too_large")]
    RecordsTooLarge { sheet: String, records: u32, record: u32, max: usize },
    /// A part cannot be read as text.
    #[serde(rename = "unpack.text")]
    Text { name: String, why: Box<DecodeError> },
    /// Unpacking needed too much memory.
    #[serde(rename = "unpack.memory")]
    Memory { mib: u64 },
    /// Unpacking took too much time.
    #[serde(rename = "unpack.time")]
    Time { seconds: u64 },
    /// The unpacking process crashed on this file.
    #[serde(rename = "unpack.crash")]
    Crash { how: Crash },
    /// The unpacking process could not be started or was stopped; the file is not to blame.
    #[serde(rename = "unpack.start")]
    Start { why: ProcessStartError },
}

/// What a file looks like that is not a workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum LooksLike {
    /// A ZIP archive without the files of a workbook.
    #[serde(rename = "unpack.looks_archive")]
    Archive,
    /// An empty file.
    #[serde(rename = "unpack.looks_empty")]
    Empty,
    /// A web page.
    #[serde(rename = "unpack.looks_page")]
    Page,
    /// A web page without a table.
    #[serde(rename = "unpack.looks_page_without_table")]
    PageWithoutTable,
    /// A page whose frames show other files.
    #[serde(rename = "unpack.looks_frames")]
    Frames,
    /// A web page and its parts in one file: `.mht`.
    #[serde(rename = "unpack.looks_web_archive")]
    WebArchive,
    /// The XML format of Excel 2003.
    #[serde(rename = "unpack.looks_excel_xml")]
    ExcelXml,
    /// An XML document.
    #[serde(rename = "unpack.looks_xml")]
    Xml,
    /// Lines of text with separators.
    #[serde(rename = "unpack.looks_text_table")]
    TextTable,
    /// None of the known types.
    #[serde(rename = "unpack.looks_other")]
    Other,
}

/// Returns what a text is if it holds tables that nothing is read from: the XML format of Excel 2003, a web archive, or a
/// page whose tables are in other files.
#[must_use]
pub fn find_other_kind(text: &[u8]) -> Option<LooksLike> {
    match cells::looks_like(text) {
        what @ (LooksLike::ExcelXml | LooksLike::WebArchive) => Some(what),
        LooksLike::Page if std::str::from_utf8(text).is_ok_and(cells::has_frames) => Some(LooksLike::Frames),
        _ => None,
    }
}

/// How an unpacking process ended abnormally.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum Crash {
    /// A signal killed it.
    #[serde(rename = "unpack.crash_signal")]
    Signal { signal: i32 },
    /// It exited with an unexpected code.
    #[serde(rename = "unpack.crash_exit")]
    Exit { exit_code: i32 },
    /// Its output is not text.
    #[serde(rename = "unpack.crash_garbled")]
    Garbled,
}

/// Why there is no process to unpack a file in. The file itself is not to blame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum ProcessStartError {
    /// The operating system could not start it.
    #[serde(rename = "unpack.start_system")]
    System { why: SystemError },
    /// The machine is too busy: the process did not end within `seconds`, although its CPU time is limited to
    /// `cpu_seconds`.
    #[serde(rename = "unpack.start_busy")]
    Busy { cpu_seconds: u64, seconds: u64 },
    /// Someone else stopped it with a signal.
    #[serde(rename = "unpack.start_ended")]
    Ended { signal: i32 },
    /// It could not set its own limits, or did not receive the bytes.
    #[serde(rename = "unpack.start_unbounded")]
    Unbounded,
}

said_in_english!(UnpackError, LooksLike, Crash, ProcessStartError);

impl Task {
    /// Returns the task for a payload of a stream; `None` if the payload is plain text.
    #[must_use]
    pub fn for_payload(stream: &Stream, bytes: &[u8]) -> Option<Self> {
        let members = stream.archive.as_ref().and_then(|archive| archive.members().map(str::to_owned));
        let gzip = matches!(stream.archive, Some(Archive::Gzip {}));
        let content = match &stream.format {
            Format::Workbook { sheets, .. } => Content::Workbook(sheets.clone()),
            format if members.is_some() && is_zip(bytes) || gzip && bytes.starts_with(GZIP) => {
                Content::Text(format.encoding().as_str().to_owned())
            }
            _ => return None,
        };
        Some(Self { members, gzip, content, window: None, others: None })
    }
}

/// Unpacks a payload into the parts that [`crate::parts`] describes.
///
/// # Errors
/// Returns [`UnpackError`]. Memory and time are not limited here, but by the caller that runs the process.
pub fn unpack(task: &Task, bytes: &[u8]) -> Result<String, UnpackError> {
    let others = task.others.as_ref();
    let Some(window) = &task.window else {
        return unpack_into(task, bytes, UnpackOutput::with_limit(MAX_UNPACKED).with_others(others));
    };
    // A workbook that fits is unpacked completely, so that it is unpacked only once. Its size decides whether this is
    // tried.
    if !is_large(bytes) {
        match unpack_into(task, bytes, UnpackOutput::with_limit(ROOM).with_others(others)) {
            Err(UnpackError::Size { max: ROOM }) => {}
            unpacked => return unpacked,
        }
    }
    unpack_into(task, bytes, UnpackOutput::for_window(window).with_others(others))
}

/// Returns whether a workbook's text certainly exceeds [`ROOM`], judging by the unpacked sizes in its directory.
fn is_large(bytes: &[u8]) -> bool {
    let Ok(archive) = ZipArchive::new(Cursor::new(bytes)) else { return false };
    archive.decompressed_size().is_some_and(|size| size > 8 * ROOM as u128)
}

fn unpack_into(task: &Task, bytes: &[u8], mut out: UnpackOutput<'_>) -> Result<String, UnpackError> {
    if task.gzip && bytes.starts_with(GZIP) {
        unpack_part(&task.content, None, &gunzip(bytes)?, &mut out)?;
    } else if let (Some(pattern), true) = (&task.members, is_zip(bytes) && !huiliu_office::is_workbook(bytes)) {
        unpack_members(task, pattern, bytes, &mut out)?;
    } else {
        unpack_part(&task.content, None, bytes, &mut out)?;
    }
    Ok(out.text)
}

/// Unpacks a gzip file, all its members (RFC 1952, 2.2), within the limits on size and ratio.
pub fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, UnpackError> {
    let by_ratio = (bytes.len() as u64).saturating_mul(MAX_RATIO).max(SMALL);
    let most = by_ratio.min(MAX_UNPACKED as u64);
    let mut content = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes)
        .take(most + 1)
        .read_to_end(&mut content)
        .map_err(|e| UnpackError::Broken { why: e.to_string() })?;
    match read as u64 {
        read if read > MAX_UNPACKED as u64 => Err(UnpackError::Size { max: MAX_UNPACKED }),
        read if read > most => Err(UnpackError::GzipRatio { max_ratio: MAX_RATIO }),
        _ => Ok(content),
    }
}

fn unpack_part(
    content: &Content,
    member: Option<&str>,
    bytes: &[u8],
    out: &mut UnpackOutput<'_>,
) -> Result<(), UnpackError> {
    match content {
        Content::Workbook(sheets) => cells::write_sheets(sheets, member, bytes, out)?,
        Content::Text(encoding) => {
            let name = member.unwrap_or("text").to_owned();
            let declared = Encoding::from_word(encoding).unwrap_or(Encoding::Auto);
            let text = decode::decode_in_encoding(declared, bytes)
                .map_err(|why| UnpackError::Text { name, why: Box::new(why) })?;
            out.append_part(Head { member: member.map(Into::into), ..Head::default() }, &text)?;
        }
    }
    Ok(())
}

fn unpack_members(task: &Task, pattern: &str, bytes: &[u8], out: &mut UnpackOutput<'_>) -> Result<(), UnpackError> {
    let mut read = 0;
    let mut others = Vec::new();
    for_each_member(bytes, MAX_UNPACKED, |name, content| {
        let file = name.rsplit('/').next().unwrap_or(name);
        let wanted = matches_name_pattern(pattern, file);
        let workbook = matches!(task.content, Content::Workbook(_)) && huiliu_office::is_workbook(content);
        if is_archive(content) && !(wanted && workbook) {
            return Err(UnpackError::Nested { name: name.to_owned() });
        }
        if !wanted {
            others.push(name.to_owned());
            return Ok(());
        }
        read += 1;
        if out.is_done(0) {
            return out.append_end_mark();
        }
        unpack_part(&task.content, Some(name), content, out)
    })?;
    if read == 0 {
        return Err(UnpackError::NoMember {
            pattern: pattern.to_owned(),
            found: list_few_names(&others),
            count: others.len(),
        });
    }
    Ok(())
}

/// Passes the bytes of every member to `take`, within all limits and in the order of the directory. Nothing is written
/// to disk; a name is only a label. What macOS adds to its archives is passed over.
pub fn for_each_member(
    bytes: &[u8],
    most: usize,
    mut take: impl FnMut(&str, &[u8]) -> Result<(), UnpackError>,
) -> Result<(), UnpackError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| broken_error(&e))?;
    let names = list_checked_members(bytes, &mut archive)?;
    let mut total = 0;
    let mut content = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let member = archive.by_index(at).map_err(|e| broken_error(&e))?;
        if member.is_dir() {
            continue;
        }
        let by_ratio = max_unpacked_size(member.compressed_size());
        let by_size = (most - total) as u64;
        content.clear();
        let read = member.take(by_ratio.min(by_size) + 1).read_to_end(&mut content).map_err(|e| broken_error(&e))?;
        if read as u64 > by_size {
            return Err(UnpackError::Size { max: most });
        }
        if read as u64 > by_ratio {
            return Err(UnpackError::Ratio { name: name.clone(), max_ratio: MAX_RATIO });
        }
        total += read;
        if !is_resource_fork(name, &names, &content) {
            take(name, &content)?;
        }
    }
    Ok(())
}

/// First bytes of an AppleDouble file, in which macOS keeps what its file systems know about another file.
const APPLE_DOUBLE: &[u8] = b"\x00\x05\x16\x07";

/// Returns whether macOS added this member: anything under `__MACOSX`, and a file `._NAME` that is AppleDouble or
/// stands beside the file `NAME`. It has nothing that the sender wrote. Another file whose name begins with `._` is
/// read.
fn is_resource_fork(name: &str, all: &[String], content: &[u8]) -> bool {
    let (folder, file) = name.rfind(['/', '\\']).map_or(("", name), |at| name.split_at(at + 1));
    if folder.split(['/', '\\']).any(|step| step == "__MACOSX") {
        return true;
    }
    let Some(of) = file.strip_prefix("._") else { return false };
    content.starts_with(APPLE_DOUBLE) || all.iter().any(|other| other.strip_prefix(folder) == Some(of))
}

fn broken_error(why: &dyn std::fmt::Display) -> UnpackError {
    UnpackError::Broken { why: why.to_string() }
}

/// Returns the maximum unpacked size of a member with this packed size.
fn max_unpacked_size(packed: u64) -> u64 {
    packed.saturating_mul(MAX_RATIO).max(SMALL)
}

/// Returns the names of an archive's members if everything in the directory is within limits. A rejected archive is not
/// unpacked at all.
fn list_checked_members(bytes: &[u8], archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Vec<String>, UnpackError> {
    if archive.len() > MAX_MEMBERS {
        return Err(UnpackError::Members { found: archive.len(), max: MAX_MEMBERS });
    }
    if let Some(name) = find_repeated_name(bytes, archive) {
        return Err(UnpackError::Twice { name: redact_name(&name) });
    }
    let mut names = Vec::with_capacity(archive.len());
    for at in 0..archive.len() {
        let member = archive.by_index_raw(at).map_err(|e| broken_error(&e))?;
        let name = decode_member_name(member.name_raw());
        if !is_harmless_name(&name) {
            return Err(UnpackError::Name { name: redact_name(&name) });
        }
        if member.encrypted() {
            return Err(UnpackError::Encrypted { name: redact_name(&name) });
        }
        names.push(redact_name(&name));
    }
    Ok(names)
}

/// Size of an entry of an archive's directory without its name, extra field and comment (APPNOTE.TXT, 4.3.12).
const ENTRY: usize = 46;

/// Returns a name that the archive's directory has twice. The library keeps only the last member of a name, so the
/// directory itself is read.
fn find_repeated_name(bytes: &[u8], archive: &ZipArchive<Cursor<&[u8]>>) -> Option<String> {
    let start = usize::try_from(archive.central_directory_start()).ok()?;
    let mut rest = bytes.get(start..)?;
    let mut seen = BTreeSet::new();
    while let Some(entry) = rest.get(..ENTRY).filter(|entry| entry.starts_with(b"PK\x01\x02")) {
        let length = |at: usize| usize::from(u16::from_le_bytes([entry[at], entry[at + 1]]));
        let (name, after) = (length(28), length(30) + length(32));
        let raw = rest.get(ENTRY..ENTRY + name)?;
        // A folder may be listed again; it holds nothing by itself.
        if !raw.ends_with(b"/") && !seen.insert(raw) {
            return Some(decode_member_name(raw));
        }
        rest = rest.get(ENTRY + name + after..)?;
    }
    None
}

/// Decodes a member's name. Names without the UTF-8 flag are in the code page of the computer that packed them, which
/// here is GBK.
fn decode_member_name(raw: &[u8]) -> String {
    let utf8 = std::str::from_utf8(raw).map(str::to_owned);
    utf8.unwrap_or_else(|_| encoding_rs::GB18030.decode_without_bom_handling(raw).0.into_owned())
}

fn is_harmless_name(name: &str) -> bool {
    let rooted = name.starts_with(['/', '\\']) || name.chars().nth(1) == Some(':');
    !name.is_empty() && !rooted && !name.contains('\0') && name.split(['/', '\\']).all(|step| step != "..")
}

/// Returns a name as a label, with ID numbers redacted.
pub(super) fn redact_name(name: &str) -> String {
    draft::redact_text(name)
}

/// Returns up to ten names, redacted for people to read; `…` stands for the rest.
pub(super) fn list_few_names(names: &[String]) -> Vec<String> {
    let mut few: Vec<String> = names.iter().take(10).map(|name| redact_name(name)).collect();
    if names.len() > few.len() {
        few.push("…".to_owned());
    }
    few
}

/// Returns whether bytes begin like a ZIP archive, which may be empty.
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Returns whether bytes begin like an archive: ZIP, gzip, RAR or 7z.
fn is_archive(bytes: &[u8]) -> bool {
    is_zip(bytes) || [b"\x1f\x8b\x08".as_slice(), b"Rar!", b"7z\xbc\xaf"].iter().any(|magic| bytes.starts_with(magic))
}

/// Checks that a workbook's own members are within limits and that none has a DOCTYPE. No member is kept in memory.
pub(super) fn inspect_workbook(bytes: &[u8]) -> Result<(), UnpackError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| broken_error(&e))?;
    let (mut held, mut streamed) = (0, 0);
    for (at, name) in list_checked_members(bytes, &mut archive)?.iter().enumerate() {
        let member = archive.by_index(at).map_err(|e| broken_error(&e))?;
        let folded = name.to_ascii_lowercase();
        let is_streamed = folded.starts_with("xl/worksheets/") || folded == "xl/sharedstrings.xml";
        let (total, most) = if is_streamed { (&mut streamed, MAX_SHEETS) } else { (&mut held, MAX_WORKBOOK) };
        let of_xml = [".xml", ".rels", ".vml"].iter().any(|end| folded.ends_with(end));
        let by_ratio = usize::try_from(max_unpacked_size(member.compressed_size())).unwrap_or(usize::MAX);
        let by_size = most - *total;
        let mut read = Inspected { of_xml, read: 0, seen: vec![] };
        std::io::copy(&mut member.take(by_ratio.min(by_size) as u64 + 1), &mut read).map_err(|e| match e.kind() {
            std::io::ErrorKind::InvalidInput => UnpackError::Doctype { name: name.clone() },
            _ => broken_error(&e),
        })?;
        if read.read > by_size {
            return Err(UnpackError::Size { max: most });
        }
        if read.read > by_ratio {
            return Err(UnpackError::Ratio { name: name.clone(), max_ratio: MAX_RATIO });
        }
        *total += read.read;
    }
    Ok(())
}

/// A writer that inspects a member's bytes.
struct Inspected {
    of_xml: bool,
    /// Number of bytes seen so far.
    read: usize,
    /// The last bytes seen, because a DOCTYPE may begin there.
    seen: Vec<u8>,
}

impl std::io::Write for Inspected {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        const DOCTYPE: &[u8] = b"<!DOCTYPE";
        self.read += part.len();
        if self.of_xml {
            self.seen.extend_from_slice(part);
            // Searches for the second byte, `!`, because it is rarer than `<`.
            let at = |second: usize| self.seen.get(second - 1..)?.get(..DOCTYPE.len());
            let mut places = memchr::memchr_iter(DOCTYPE[1], &self.seen).filter(|place| *place > 0);
            if places.any(|place| at(place).is_some_and(|here| here.eq_ignore_ascii_case(DOCTYPE))) {
                return Err(std::io::ErrorKind::InvalidInput.into());
            }
            self.seen.drain(..self.seen.len().saturating_sub(DOCTYPE.len() - 1));
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
