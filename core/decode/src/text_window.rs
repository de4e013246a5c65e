//! Windows of a text that is too large to be held in memory: as [`crate::window`] does for workbooks, takes several
//! batches of records and the text above them. The text is read in chunks from the beginning; each chunk is
//! decompressed and decoded by itself.

use std::fmt;
use std::io::{self, BufReader};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::accounting::TableCount;
use crate::chunks::{Chunks, STEP};
use crate::decode::{self, DecodeError, Malformed};
use crate::excerpt::{Change, Excerpt, Place, Places, STRIDE};
use crate::heavy::run_heavy;
use crate::json::{self, pass_over};
use crate::json_mask;
use crate::payload::{Packer, Payload};
use crate::unpacker::RequestedRecords;
use crate::{Plan, csv, xml};
use huiliu_manifest::{Format, Stream};

/// A text with more bytes than this is read in windows.
pub const LARGE: usize = 8 << 20;
/// Size of a window in bytes of text, once it contains the requested records.
const ROOM: usize = 4 << 20;
/// Bytes reserved for the text around the records of a window; it is usually shorter.
const SPARE: usize = 64 << 10;

/// Returns whether a stream's payloads can be read in windows.
#[must_use]
pub fn has_windows(stream: &Stream) -> bool {
    stream.archive.is_none() && !matches!(stream.format, Format::Workbook { .. })
}

/// Makes a packer for a payload that is being received; `size` is its number of bytes if it is known, else 0.
/// Compresses a large payload if only its records are needed.
#[must_use]
pub fn build_packer(stream: &Stream, size: usize) -> Packer {
    let tells_more = matches!(stream.format, Format::Json { ok_path: Some(_), .. });
    Packer::new((has_windows(stream) && !tells_more).then_some(LARGE), size)
}

/// Makes a payload of bytes that were received completely; compresses it if it is large and can be read in windows.
///
/// # Errors
/// Fails if the bytes cannot be compressed.
pub fn pack_payload(stream: &Stream, bytes: Vec<u8>) -> io::Result<Payload> {
    let mut packer = build_packer(stream, 0);
    if !packer.must_pack(bytes.len()) {
        return Ok(bytes.into());
    }
    packer.push(&bytes)?;
    packer.into_payload()
}

/// Reads the part of a payload that contains the requested records, in the form that [`crate::parts`] describes.
///
/// # Errors
/// Returns [`DecodeError`] for any part of the payload that is read.
pub fn read_window(stream: &Stream, payload: &Payload, ask: RequestedRecords) -> Result<Excerpt, DecodeError> {
    let wanted = match ask {
        RequestedRecords::Range(range) => {
            WantedRecords { first: range.first, least: range.count, counts: false, room: ROOM }
        }
        // Counting does not need the text of any record.
        RequestedRecords::Count | RequestedRecords::Whole => {
            WantedRecords { first: 0, least: 0, counts: true, room: 0 }
        }
    };
    run_heavy(payload.len(), || read_excerpt(stream, payload, wanted))
}

fn read_excerpt(stream: &Stream, payload: &Payload, wanted: WantedRecords) -> Result<Excerpt, DecodeError> {
    let mut chunks = Chunks::from_payload(payload, stream.format.encoding())?;
    let mut taken = WindowCollector::new(wanted);
    taken.text.reserve(wanted.room.min(payload.len()) + SPARE);
    let (above, below) = match &stream.format {
        Format::Csv { separator, layout, .. } => {
            csv::walk_rows(&mut chunks, separator.0, layout, &Plan::new(stream).paths, &mut taken)?;
            let is_cut = !taken.is_over && !taken.text.ends_with('\n');
            (std::mem::take(&mut taken.above), if is_cut { "\n".to_owned() } else { String::new() })
        }
        Format::Json { items, .. } => {
            let names: Vec<&str> = if items.is_empty() { vec![] } else { json::split_path(items).collect() };
            match walk_json(&mut chunks, &names, &mut taken) {
                // A word or a character that JSON does not have is a fault of the record that has it.
                Err(fault @ DecodeError::Malformed { .. }) => {
                    chunks = Chunks::from_payload(payload, stream.format.encoding())?.with_masks();
                    taken = WindowCollector { is_masked: true, ..WindowCollector::new(wanted) };
                    walk_json(&mut chunks, &names, &mut taken).map_err(|_| fault)?;
                }
                read => read?,
            }
            let opened: String = names.iter().map(|name| format!("{{{}:", serde_json::Value::from(*name))).collect();
            (opened + "[", format!("]{}", "}".repeat(names.len())))
        }
        Format::Xml { item, root, .. } => {
            xml::walk_elements(&mut chunks, item, root, &mut taken)?;
            let above = item.rsplit_once('.').map_or("", |(above, _)| above);
            let between = above.split('.').filter(|name| !name.is_empty());
            let around: Vec<&str> = std::iter::once(root.as_str()).chain(between).collect();
            let opened: String = around.iter().map(|name| format!("<{name}>")).collect();
            (opened, around.iter().rev().map(|name| format!("</{name}>")).collect())
        }
        Format::JsonLines { .. } | Format::Workbook { .. } => {
            json::walk_lines(&mut chunks, &mut taken)?;
            (String::new(), String::new())
        }
    };
    let places = Places {
        first: wanted.first.min(taken.seen),
        given: taken.given,
        all: taken.is_over.then_some(taken.seen),
        end: taken.text.len(),
        marks: taken.marks,
        ends_lines: matches!(stream.format, Format::Csv { .. }),
        above,
        below,
        changes: taken.changes,
        count: taken.count,
    };
    Ok(Excerpt::new(taken.text, places))
}

/// The records to take from a payload.
#[derive(Clone, Copy)]
struct WantedRecords {
    first: u32,
    least: u32,
    /// Whether the records after the window are also counted and checked.
    counts: bool,
    /// Size of the window in bytes of text, once it contains `least` records.
    room: usize,
}

/// Collects the records of a window.
pub(super) struct WindowCollector {
    wanted: WantedRecords,
    /// Rows above the records of a table.
    pub(super) above: String,
    pub(super) text: String,
    /// Number of records seen so far, including those that are not taken.
    seen: u32,
    given: u32,
    /// Positions of records that were taken.
    marks: Vec<Place>,
    /// Whether a record was left out because there was no room.
    is_full: bool,
    /// Whether the records are masked as in [`crate::json_mask`].
    is_masked: bool,
    /// Whether the payload was read to its end.
    pub(super) is_over: bool,
    /// Error of the payload as a whole; the parser itself can only report that it stopped.
    fault: Option<DecodeError>,
    /// Rows that change how the rows after them are read.
    changes: Vec<Change>,
    /// What the rows were taken for, once all of them are read.
    pub(super) count: Option<TableCount>,
}

impl WindowCollector {
    fn new(wanted: WantedRecords) -> Self {
        let (above, text) = (String::new(), String::new());
        let (is_full, is_masked, is_over) = (false, false, false);
        Self {
            wanted,
            above,
            text,
            seen: 0,
            given: 0,
            marks: vec![],
            is_full,
            is_masked,
            is_over,
            fault: None,
            changes: vec![],
            count: None,
        }
    }

    /// Returns whether no more records are needed.
    pub(super) fn is_done(&self) -> bool {
        self.is_full && !self.wanted.counts
    }

    /// Takes text between records, which is not a record itself.
    pub(super) fn take_between(&mut self, text: &str) {
        if self.given > 0 && !self.is_full {
            self.text.push_str(text);
        }
    }

    /// Takes a row that is no record and changes how the rows after it are read.
    pub(super) fn take_change(&mut self, text: &str) {
        if !self.is_full {
            self.take_between(text);
            self.changes.push(Change { behind: self.text.len(), text: text.to_owned() });
        }
    }

    /// Takes the next record, the text between it and the previous one, and its line number.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if there are too many records or this one is too long.
    pub(super) fn take_record(&mut self, between: &str, text: &str, line: u64) -> Result<(), DecodeError> {
        let index = self.seen;
        self.seen = decode::count_record(index, text.len())?;
        if index < self.wanted.first || self.is_full {
            return Ok(());
        }
        if self.given >= self.wanted.least && self.text.len() + text.len() > self.wanted.room {
            self.is_full = true;
            return Ok(());
        }
        let behind = self.text.len();
        if self.given > 0 {
            self.text.push_str(between);
        }
        if self.given.is_multiple_of(STRIDE) {
            self.marks.push(Place { behind, at: self.text.len(), line });
        }
        self.given += 1;
        self.text.push_str(text);
        Ok(())
    }
}

/// Walks over a JSON document that has a list at the path `names`.
fn walk_json(chunks: &mut Chunks<'_>, names: &[&str], taken: &mut WindowCollector) -> Result<(), DecodeError> {
    let (mut fault, mut found) = (None, ListFindings::default());
    let bytes = chunks.byte_reader(&mut fault);
    let mut reader = serde_json::Deserializer::from_reader(BufReader::with_capacity(STEP, bytes));
    let within = PathVisitor { names, at: 0, taken: &mut *taken, found: &mut found };
    let read = within.deserialize(&mut reader).and_then(|()| reader.end());
    drop(reader);
    if taken.is_done() {
        return Ok(());
    }
    if let Some(fault) = fault.or_else(|| taken.fault.take()) {
        return Err(fault);
    }
    let form = |why: Malformed| why.into_decode_error("JSON");
    read.map_err(|e| form(Malformed::from_parser(e)))?;
    if let Some(path) = found.twice {
        return Err(form(Malformed::Twice { path }));
    }
    if !found.is_there {
        return Err(form(Malformed::NoList { path: names.join(".") }));
    }
    taken.is_over = true;
    Ok(())
}

/// What was found on the way to the list.
#[derive(Default)]
struct ListFindings {
    is_there: bool,
    /// A path that occurs more than once.
    twice: Option<String>,
}

/// Visits the value at the path `names`, of which the first `at` names lead to the current value. A value that is not
/// an object contains nothing.
struct PathVisitor<'n, 't> {
    names: &'n [&'n str],
    at: usize,
    taken: &'t mut WindowCollector,
    found: &'t mut ListFindings,
}

impl<'de> DeserializeSeed<'de> for PathVisitor<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        if self.at == self.names.len() {
            self.found.is_there = true;
            return d.deserialize_seq(Items(self.taken));
        }
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PathVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (names, at) = (self.names, self.at + 1);
        let Some(name) = names.get(self.at) else { return Ok(()) };
        let mut is_met = false;
        while let Some(is_it) = map.next_key_seed(KeyMatcher(name))? {
            if is_it && !std::mem::replace(&mut is_met, true) {
                map.next_value_seed(PathVisitor { names, at, taken: &mut *self.taken, found: &mut *self.found })?;
                continue;
            }
            if is_it {
                self.found.twice.get_or_insert_with(|| names[..at].join("."));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    pass_over!('de);
}

/// Checks whether a key equals this name.
struct KeyMatcher<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for KeyMatcher<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<bool, D::Error> {
        d.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyMatcher<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

/// Visits the items of the list.
struct Items<'t>(&'t mut WindowCollector);

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(item) = seq.next_element::<Box<RawValue>>()? {
            let text = if self.0.is_masked { json_mask::restore_text(item.get()) } else { item.get().into() };
            if let Err(fault) = self.0.take_record(",", &text, 1) {
                self.0.fault = Some(fault);
                return Err(serde::de::Error::custom("too much"));
            }
            if self.0.is_done() {
                // A visitor can only stop with an error; `walk_json` checks `is_done` before it looks at the error.
                return Err(serde::de::Error::custom("done"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::RecordCoverage;
    use crate::{Body, RecordRange};
    use huiliu_manifest::Manifest;

    fn parse_stream(format: &str) -> Stream {
        let text = format!(
            "manifest = 1\nid = \"t\"\nversion = 1\ntitle_zh = \"t\"\ntitle_en = \"t\"\nprofile = \"t\"\n\
             [transport]\nkind = \"push\"\n[[stream]]\nname = \"s\"\nkind = \"certificate\"\nformat = {format}\n\
             record_key = [\"a\"]\nversion = {{ from = \"landing\" }}\npass = \"not_assessed\"\n[stream.map]\n\
             name = \"a\"\nid_number = \"b\"\ncourse_code = \"a\"\nhours = {{ path = \"b\", unit = \"day\" }}\nperiod_end = \"b\"\n"
        );
        Manifest::parse("t.toml", &text).unwrap().stream.remove(0)
    }

    /// Compresses bytes in frames of a few bytes each.
    fn pack_in_tiny_frames(bytes: &[u8]) -> Payload {
        let frames = bytes.chunks(7).chain([&[][..]]).map(|chunk| zstd::bulk::compress(chunk, 1).unwrap());
        Payload::from_frames(frames.collect(), bytes.len())
    }

    fn describe_records(stream: &Stream, body: &Body<'_>, range: RecordRange) -> Result<Vec<String>, DecodeError> {
        let records = decode::decode_records(&stream.format, body, &Plan::new(stream).paths, range)?;
        let told = |r: &decode::RawRecord<'_>| {
            format!("{} {} {:?} {:?} {:?}", r.index, r.format_address("f"), r.raw, r.texts, r.broken)
        };
        Ok(records.iter().map(told).collect())
    }

    /// Asserts that windows of every size give the same records as the whole, with the same indices and line numbers.
    fn assert_same_in_windows(format: &str, bytes: &[u8]) {
        let stream = parse_stream(format);
        let body = Body::Text(decode::decode_text(&stream.format, bytes).unwrap());
        let total = decode::outline_payload(&stream, &body, None).map(|outline| outline.records);
        let payload = pack_in_tiny_frames(bytes);
        let body_of = |text: String| Body::Parts(std::sync::Arc::new(text));
        let windowed = |wanted| read_excerpt(&stream, &payload, wanted).map(|window| body_of(window.text));
        for room in [0, 30, 1 << 20] {
            let counted = windowed(WantedRecords { first: 0, least: 0, counts: true, room });
            let counted =
                counted.and_then(|body| decode::outline_payload(&stream, &body, None)).map(|outline| outline.records);
            assert_eq!(counted, total, "{format} {room}");
            let Ok(total) = total else { continue };
            for first in 0..total {
                for least in 1..=total - first + 1 {
                    let window =
                        read_excerpt(&stream, &payload, WantedRecords { first, least, counts: false, room }).unwrap();
                    let narrow = (first + 1..first + least).map(|from| RecordRange::new(from, first + least - from));
                    for range in narrow.chain([RecordRange::new(first, least), RecordRange::new(first, 1)]) {
                        let narrow = window.cut_out(range).unwrap_or_else(|| window.text.clone());
                        for text in [&narrow, &window.text] {
                            assert!(
                                RecordCoverage::from_unpacked(text).unwrap().has_range(range),
                                "{format} {room} {range:?}: {text}"
                            );
                            let of_window = describe_records(&stream, &body_of(text.clone()), range).unwrap();
                            let of_whole = describe_records(&stream, &body, range).unwrap();
                            assert_eq!(of_window, of_whole, "{format} {room} {range:?} {text}");
                        }
                    }
                }
            }
        }
    }

    const CSV: &str = r#"{ kind = "csv", encoding = "auto", layout = { header = ["a", "b"], end_markers = ["合计"], skip_markers = ["小计"] } }"#;

    #[test]
    fn windows_of_csv_have_the_records_of_the_whole() {
        for text in [
            "标题,\r\n\r\na,b\r\n1,x\r\n2,\"y\nz\"\r\n\r\n小计,9\r\n3,王\r\n,\r\n4,\"q\"\"q\"\r\n5",
            "a,b\n1,x\n2,y\n3,z\n合计,3\n4,no\n",
            "a,b\r1,x\r2,y\r",
            "a,b\n1,x\n2,\"y\n3,z\n4,\"\"\n5,q\n",
            "a,b\n1,x,\n2,y,z\n小计,\"2\n3,\"z\"\n4,z\r\n5,\"q\"\n6,\"",
            "a,b\n",
            "a,b\n1,x\n2,\u{1a}\n3,z\n\u{1a}\u{1a}\r\n\0\u{1a}",
            "c,d\n1,2\n",
            "",
        ] {
            assert_same_in_windows(CSV, text.as_bytes());
            assert_same_in_windows(CSV, &encoding_rs::GB18030.encode(text).0);
            assert_same_in_windows(CSV, &[b"\xef\xbb\xbf", text.as_bytes()].concat());
        }
    }

    #[test]
    fn windows_of_json_have_the_records_of_the_whole() {
        let nested = r#"{ kind = "json", items = "d.'x.y'" }"#;
        for text in [
            r#" {"n":[{"d":1}],"d":{"o":"]","x.y":[{"a":"1","b":[1,"}"]}, {"a":"王\u738b"} ,3,null],"p":{}},"e":1e5} "#,
            r#"{"d":{"x.y":[{"a":"old"}],"x.y":[{"a":"1"},{"a":"2"}]}}"#,
            r#"{"d":null,"d":{"x.y":[{"a":"1"}]}}"#,
            r#"{"d":{"x.y":[{"a":"1","b":{},"a":null},{"b":"1","c":1,"c":2}]}}"#,
            r#"{"d":{"x.y":[]}}"#,
            "{\"e\":NaN,\"d\":{\"x.y\":[{\"a\":\"1\"},{\"a\":-Infinity,\"b\":\"x\"},{\"a\":\"\n\u{fdd1}\"},{\"a\":\"\u{fdd0}\"},007]}}",
            r#"{"d":{"x.y":[{"a":1}]}"#,
            r#"{"d":{"x.y":[{"a":1},]}}"#,
            r#"{"d":{"x.y":{"a":1}}}"#,
            r#"{"d":[1]}"#,
            r#"{"d":{"x.y":[{"a":1}]}} x"#,
            "",
        ] {
            let stream = parse_stream(nested);
            let of_whole = decode::outline_payload(&stream, &Body::Text(text.into()), None);
            match of_whole {
                Ok(_) => assert_same_in_windows(nested, text.as_bytes()),
                of_whole => {
                    let wanted = WantedRecords { first: 0, least: 0, counts: true, room: 9 };
                    let told =
                        read_excerpt(&stream, &pack_in_tiny_frames(text.as_bytes()), wanted).map(|_| ()).unwrap_err();
                    let same = of_whole.map(|_| ()).unwrap_err();
                    assert!(told == same || !told.to_string().contains("more than once"), "{text}: {told}");
                }
            }
        }
        assert_same_in_windows(r#"{ kind = "json", items = "" }"#, br#"[{"a":"1"},{"a":"2","b":"x"},[]]"#);
    }

    #[test]
    fn windows_of_lines_have_the_records_of_the_whole() {
        for text in ["{\"a\":\"1\"}\n\n \r\n{\"a\":\"2\"}\r\n<p>\n{\"a\":\"3\"}", "\n{}\n{}\n", "", "\n<html>"] {
            assert_same_in_windows(r#"{ kind = "json_lines" }"#, text.as_bytes());
        }
    }

    #[test]
    fn windows_of_xml_have_the_records_of_the_whole() {
        let direct = r#"{ kind = "xml", root = "r", item = "i" }"#;
        let deep = r#"{ kind = "xml", root = "r", item = "s.x.i" }"#;
        for text in [
            "<?xml version='1.0'?>\r\n<r n='1'><!-- <i/> --><i a='&#49;&amp;'><b>王</b><i/></i>\r\n<o><i/></o><i><a>2</a><b><![CDATA[<]]>&lt;</b></i><i/></r>\n",
            "<p:r xmlns:p='n'><p:i><p:a>1</p:a></p:i><s><x><i a='1'/><i><a>2</a></i></x><x><i a='3'/></x></s><x><i/></x></p:r>",
            "<r></r>",
            "<r/>",
            "<r><i/>",
            "<r><i></r>",
            "<q><i/></q>",
            "<!DOCTYPE r><r><i/></r>",
            "<r><i>&nbsp;</i></r>",
            "<r><i a='1' a='2'/></r>",
            "",
        ] {
            for format in [direct, deep] {
                assert_same_in_windows(format, text.as_bytes());
                assert_same_in_windows(format, &[b"\xef\xbb\xbf", text.as_bytes()].concat());
            }
        }
        let torn = read_excerpt(
            &parse_stream(direct),
            &pack_in_tiny_frames(b"<r><i>\xe7\x8e</i></r>"),
            WantedRecords { first: 0, least: 0, counts: true, room: 9 },
        );
        assert_eq!(torn.unwrap_err(), DecodeError::Encoding { encoding: "utf-8".into(), offset: 6 });
    }

    #[test]
    fn malformed_bytes_are_refused_with_their_offset() {
        let lines = parse_stream(r#"{ kind = "json_lines" }"#);
        let bytes = b"{\"a\":\"\xe7\x8e\x8b\"}\n{\"a\":\"\xe7\x8e\"}";
        let told = read_window(&lines, &pack_in_tiny_frames(bytes), RequestedRecords::Count).unwrap_err();
        assert_eq!(Err(told), decode::decode_text(&lines.format, bytes).map(|_| ()));
    }
}
