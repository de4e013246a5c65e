//! Workbooks and archives become parts. Pure, and only ever run in a process of its own: a hostile file may end it.

use std::io::{Cursor, Read};

use serde::{Deserialize, Serialize};
use zip::ZipArchive;

use crate::decode::DecodeError;
use crate::parts::Head;
use crate::window::{Out, ROOM, Window};
use crate::{cells, decode, draft};
use huiliu_manifest::{Archive, Encoding, Format, Stream, named_like};
use huiliu_messages::{SystemError, said_in_english};

/// The most members of an archive.
const MAX_MEMBERS: usize = 1_000;
/// The most bytes that an archive's members unpack to, and that unpacked parts have, together.
pub const MAX_UNPACKED: usize = 64 << 20;
/// The most bytes that a workbook's own members unpack to, together; XML is wordy.
pub const MAX_WORKBOOK: usize = 128 << 20;
/// The most bytes of XML of sheets and of the texts in them, which are read as a stream: 1,048,576 rows of ten cells have
/// some 600 MB.
const MAX_SHEETS: usize = 2 << 30;
/// How many times its packed size a member may unpack to, once it is beyond `SMALL`.
const MAX_RATIO: u64 = 250;
const SMALL: u64 = 4 << 20;
const GZIP: &[u8] = b"\x1f\x8b\x08";

/// What is to be unpacked, as a stream declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Name pattern of the members of an archive; without one, an archive is not accepted.
    pub members: Option<String>,
    /// Whether a payload may be compressed with gzip.
    #[serde(default)]
    pub gzip: bool,
    /// What a payload or a member is.
    pub content: Content,
    /// The records that are asked for, where a workbook has more than fits; without it every row is given, or none.
    #[serde(default)]
    pub window: Option<Window>,
}

/// What a payload or a member is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Text in this encoding.
    Text(String),
    /// A workbook with sheets of this name pattern.
    Workbook(String),
}

/// Why something cannot be unpacked. The sentences, which say what to do, are in the catalogues of `huiliu-messages`, under
/// `unpack-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum UnpackError {
    /// Too many members.
    #[serde(rename = "unpack.members")]
    Members { found: usize, max: usize },
    /// Too many bytes.
    #[serde(rename = "unpack.size")]
    Size { max: usize },
    /// A member that unpacks to too many times its size.
    #[serde(rename = "unpack.ratio")]
    Ratio { name: String, max_ratio: u64 },
    /// A file that unpacks to too many times its size.
    #[serde(rename = "unpack.gzip_ratio")]
    GzipRatio { max_ratio: u64 },
    /// An archive inside an archive.
    #[serde(rename = "unpack.nested")]
    Nested { name: String },
    /// A member whose name leads out of the archive.
    #[serde(rename = "unpack.name")]
    Name { name: String },
    /// An encrypted member.
    #[serde(rename = "unpack.encrypted")]
    Encrypted { name: String },
    /// No member with records.
    #[serde(rename = "unpack.no_member")]
    NoMember { pattern: String, found: Vec<String>, count: usize },
    /// A workbook with a password.
    #[serde(rename = "unpack.locked")]
    Locked,
    /// What calls itself a workbook and is none.
    #[serde(rename = "unpack.not_workbook")]
    NotWorkbook { what: LooksLike },
    /// No sheet with records.
    #[serde(rename = "unpack.no_sheet")]
    NoSheet { pattern: String, found: Vec<String>, count: usize },
    /// A member with a DOCTYPE.
    #[serde(rename = "unpack.doctype")]
    Doctype { name: String },
    /// A sheet that is too wide.
    #[serde(rename = "unpack.columns")]
    Columns { sheet: String, column: u32, max: u32 },
    /// A file that is cut or damaged, in the words of the library that reads it.
    #[serde(rename = "unpack.broken")]
    Broken { why: String },
    /// A web page that ends inside a table.
    #[serde(rename = "unpack.page_cut")]
    PageCut,
    /// A quote that nobody closes.
    #[serde(rename = "unpack.open_quote")]
    OpenQuote { line: u64 },
    /// Records that are too large together.
    #[serde(rename = "unpack.records_too_large")]
    RecordsTooLarge { sheet: String, records: u32, record: u32, max: usize },
    /// A part that cannot be read as text.
    #[serde(rename = "unpack.text")]
    Text { name: String, why: Box<DecodeError> },
    /// Too much memory.
    #[serde(rename = "unpack.memory")]
    Memory { mib: u64 },
    /// Too much time.
    #[serde(rename = "unpack.time")]
    Time { seconds: u64 },
    /// The process that read it died of it.
    #[serde(rename = "unpack.crash")]
    Crash { how: Crash },
    /// No process to read it in.
    #[serde(rename = "unpack.start")]
    Start { why: ProcessStartError },
}

/// What something looks like that is no workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum LooksLike {
    /// ZIP with other files than a workbook has.
    #[serde(rename = "unpack.looks_archive")]
    Archive,
    /// No bytes.
    #[serde(rename = "unpack.looks_empty")]
    Empty,
    /// HTML.
    #[serde(rename = "unpack.looks_page")]
    Page,
    /// HTML without a table.
    #[serde(rename = "unpack.looks_page_without_table")]
    PageWithoutTable,
    /// XML.
    #[serde(rename = "unpack.looks_xml")]
    Xml,
    /// Lines with separators.
    #[serde(rename = "unpack.looks_text_table")]
    TextTable,
    /// Nothing that is known.
    #[serde(rename = "unpack.looks_other")]
    Other,
}

/// How a reading process ended that should not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum Crash {
    /// By a signal.
    #[serde(rename = "unpack.crash_signal")]
    Signal { signal: i32 },
    /// With an exit code that it has no reason for.
    #[serde(rename = "unpack.crash_exit")]
    Exit { exit_code: i32 },
    /// Its answer is not text.
    #[serde(rename = "unpack.crash_garbled")]
    Garbled,
}

/// Why there is no process to read something in. What is to be read is not to blame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum ProcessStartError {
    /// The system does not start it.
    #[serde(rename = "unpack.start_system")]
    System { why: SystemError },
    /// The machine is too busy.
    #[serde(rename = "unpack.start_busy")]
    Busy { cpu_seconds: u64, seconds: u64 },
    /// Somebody ended it.
    #[serde(rename = "unpack.start_ended")]
    Ended { signal: i32 },
    /// It could not set its own bounds, or was not given the bytes.
    #[serde(rename = "unpack.start_unbounded")]
    Unbounded,
}

said_in_english!(UnpackError, LooksLike, Crash, ProcessStartError);

impl Task {
    /// What a payload of a stream needs before it is text; `None` when it is text already.
    #[must_use]
    pub fn of(stream: &Stream, bytes: &[u8]) -> Option<Self> {
        let members = stream.archive.as_ref().and_then(|archive| archive.members().map(str::to_owned));
        let gzip = matches!(stream.archive, Some(Archive::Gzip {}));
        let content = match &stream.format {
            Format::Workbook { sheets, .. } => Content::Workbook(sheets.clone()),
            format if members.is_some() && is_zip(bytes) || gzip && bytes.starts_with(GZIP) => {
                Content::Text(format.encoding().as_str().to_owned())
            }
            _ => return None,
        };
        Some(Self { members, gzip, content, window: None })
    }
}

/// Unpacks a payload into the parts that [`crate::parts`] describes.
///
/// # Errors
/// [`UnpackError`]. Memory and time are not bounded here but by whoever runs the process.
pub fn unpack(task: &Task, bytes: &[u8]) -> Result<String, UnpackError> {
    let Some(window) = &task.window else { return unpack_into(task, bytes, Out::all(MAX_UNPACKED)) };
    // What fits as a whole is given as a whole: then it is unpacked once. Whether it may is guessed by its size.
    if !is_large(bytes) {
        match unpack_into(task, bytes, Out::all(ROOM)) {
            Err(UnpackError::Size { max: ROOM }) => {}
            unpacked => return unpacked,
        }
    }
    unpack_into(task, bytes, Out::of(window))
}

/// Whether a workbook's text has more than [`ROOM`] for certain, by what the directory says of its sheets.
fn is_large(bytes: &[u8]) -> bool {
    let Ok(archive) = ZipArchive::new(Cursor::new(bytes)) else { return false };
    archive.decompressed_size().is_some_and(|size| size > 8 * ROOM as u128)
}

fn unpack_into(task: &Task, bytes: &[u8], mut out: Out<'_>) -> Result<String, UnpackError> {
    if task.gzip && bytes.starts_with(GZIP) {
        part(&task.content, None, &gunzip(bytes)?, &mut out)?;
    } else if let (Some(pattern), true) = (&task.members, is_zip(bytes) && !huiliu_office::is_workbook(bytes)) {
        members(task, pattern, bytes, &mut out)?;
    } else {
        part(&task.content, None, bytes, &mut out)?;
    }
    Ok(out.text)
}

/// The one member of a gzip file, within bounds.
pub fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, UnpackError> {
    let by_ratio = (bytes.len() as u64).saturating_mul(MAX_RATIO).max(SMALL);
    let most = by_ratio.min(MAX_UNPACKED as u64);
    let mut content = Vec::new();
    let read = flate2::read::GzDecoder::new(bytes)
        .take(most + 1)
        .read_to_end(&mut content)
        .map_err(|e| UnpackError::Broken { why: e.to_string() })?;
    match read as u64 {
        read if read > MAX_UNPACKED as u64 => Err(UnpackError::Size { max: MAX_UNPACKED }),
        read if read > most => Err(UnpackError::GzipRatio { max_ratio: MAX_RATIO }),
        _ => Ok(content),
    }
}

fn part(content: &Content, member: Option<&str>, bytes: &[u8], out: &mut Out<'_>) -> Result<(), UnpackError> {
    match content {
        Content::Workbook(sheets) => cells::write(sheets, member, bytes, out)?,
        Content::Text(encoding) => {
            let name = member.unwrap_or("text").to_owned();
            let declared = Encoding::of(encoding).unwrap_or(Encoding::Auto);
            let text =
                decode::in_encoding(declared, bytes).map_err(|why| UnpackError::Text { name, why: Box::new(why) })?;
            out.part(Head { member: member.map(Into::into), ..Head::default() }, &text)?;
        }
    }
    Ok(())
}

fn members(task: &Task, pattern: &str, bytes: &[u8], out: &mut Out<'_>) -> Result<(), UnpackError> {
    let mut read = 0;
    let mut others = Vec::new();
    for_each_member(bytes, MAX_UNPACKED, |name, content| {
        let file = name.rsplit('/').next().unwrap_or(name);
        let wanted = named_like(pattern, file);
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
            return out.leave();
        }
        part(&task.content, Some(name), content, out)
    })?;
    if read == 0 {
        return Err(UnpackError::NoMember { pattern: pattern.to_owned(), found: listed(&others), count: others.len() });
    }
    Ok(())
}

/// Every member's bytes within all bounds, in the order of the directory. Nothing is written anywhere: a name is a label.
pub fn for_each_member(
    bytes: &[u8],
    most: usize,
    mut take: impl FnMut(&str, &[u8]) -> Result<(), UnpackError>,
) -> Result<(), UnpackError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| broken(&e))?;
    let names = directory(&mut archive)?;
    let mut total = 0;
    let mut content = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let member = archive.by_index(at).map_err(|e| broken(&e))?;
        if member.is_dir() {
            continue;
        }
        let by_ratio = by_ratio(member.compressed_size());
        let by_size = (most - total) as u64;
        content.clear();
        let read = member.take(by_ratio.min(by_size) + 1).read_to_end(&mut content).map_err(|e| broken(&e))?;
        if read as u64 > by_size {
            return Err(UnpackError::Size { max: most });
        }
        if read as u64 > by_ratio {
            return Err(UnpackError::Ratio { name: name.clone(), max_ratio: MAX_RATIO });
        }
        total += read;
        take(name, &content)?;
    }
    Ok(())
}

fn broken(why: &dyn std::fmt::Display) -> UnpackError {
    UnpackError::Broken { why: why.to_string() }
}

/// How much a member of this packed size may unpack to.
fn by_ratio(packed: u64) -> u64 {
    packed.saturating_mul(MAX_RATIO).max(SMALL)
}

/// The names of an archive's members, if all that its directory tells is within bounds: nothing is unpacked of what is
/// refused.
fn directory(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Vec<String>, UnpackError> {
    if archive.len() > MAX_MEMBERS {
        return Err(UnpackError::Members { found: archive.len(), max: MAX_MEMBERS });
    }
    let mut names = Vec::with_capacity(archive.len());
    for at in 0..archive.len() {
        let member = archive.by_index_raw(at).map_err(|e| broken(&e))?;
        let name = name_of(member.name_raw());
        if !harmless(&name) {
            return Err(UnpackError::Name { name: printable(&name) });
        }
        if member.encrypted() {
            return Err(UnpackError::Encrypted { name: printable(&name) });
        }
        names.push(printable(&name));
    }
    Ok(names)
}

/// Names without the mark of UTF-8 are in the code page of whoever packed them: here GBK.
fn name_of(raw: &[u8]) -> String {
    let utf8 = std::str::from_utf8(raw).map(str::to_owned);
    utf8.unwrap_or_else(|_| encoding_rs::GB18030.decode_without_bom_handling(raw).0.into_owned())
}

fn harmless(name: &str) -> bool {
    let rooted = name.starts_with(['/', '\\']) || name.chars().nth(1) == Some(':');
    !name.is_empty() && !rooted && !name.contains('\0') && name.split(['/', '\\']).all(|step| step != "..")
}

/// A name as a label, in which no ID number stands.
pub(super) fn printable(name: &str) -> String {
    draft::redacted(name)
}

/// A few names for people.
pub(super) fn listed(names: &[String]) -> Vec<String> {
    let mut few: Vec<String> = names.iter().take(10).map(|name| printable(name)).collect();
    if names.len() > few.len() {
        few.push("…".to_owned());
    }
    few
}

/// Whether bytes begin as a ZIP archive does, an empty one too.
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// ZIP, gzip, RAR, 7z.
fn is_archive(bytes: &[u8]) -> bool {
    is_zip(bytes) || [b"\x1f\x8b\x08".as_slice(), b"Rar!", b"7z\xbc\xaf"].iter().any(|magic| bytes.starts_with(magic))
}

/// The bounds that a workbook's own members keep, and that none of them has a DOCTYPE. No member is held.
pub(super) fn inspect_workbook(bytes: &[u8]) -> Result<(), UnpackError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| broken(&e))?;
    let (mut held, mut streamed) = (0, 0);
    for (at, name) in directory(&mut archive)?.iter().enumerate() {
        let member = archive.by_index(at).map_err(|e| broken(&e))?;
        let folded = name.to_ascii_lowercase();
        let is_streamed = folded.starts_with("xl/worksheets/") || folded == "xl/sharedstrings.xml";
        let (total, most) = if is_streamed { (&mut streamed, MAX_SHEETS) } else { (&mut held, MAX_WORKBOOK) };
        let of_xml = [".xml", ".rels", ".vml"].iter().any(|end| folded.ends_with(end));
        let by_ratio = usize::try_from(by_ratio(member.compressed_size())).unwrap_or(usize::MAX);
        let by_size = most - *total;
        let mut read = Inspected { of_xml, read: 0, seen: vec![] };
        std::io::copy(&mut member.take(by_ratio.min(by_size) as u64 + 1), &mut read).map_err(|e| match e.kind() {
            std::io::ErrorKind::InvalidInput => UnpackError::Doctype { name: name.clone() },
            _ => broken(&e),
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

/// What of a member has been looked at.
struct Inspected {
    of_xml: bool,
    /// Bytes.
    read: usize,
    /// The last of it, in which a DOCTYPE may begin.
    seen: Vec<u8>,
}

impl std::io::Write for Inspected {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        const DOCTYPE: &[u8] = b"<!DOCTYPE";
        self.read += part.len();
        if self.of_xml {
            self.seen.extend_from_slice(part);
            // The second byte is looked for: it is the rarer one.
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
