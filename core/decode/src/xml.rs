//! XML pages: one element per record, with its texts at `child`, `@attribute` and `child.@attribute`. A DOCTYPE is
//! refused.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::RecordRange;
use crate::chunks::{Chunks, STEP};
use crate::decode::{DecodeError, Decoded, Malformed, RawRecord};
use crate::problem::BrokenRecord;
use crate::text_window::WindowCollector;

const MAX_DEPTH: usize = 16;
/// Maximum number of attributes of an element: the check for duplicate attributes compares each with all others.
const MAX_ATTRIBUTES: usize = 200;

fn xml_error(why: Malformed) -> DecodeError {
    why.into_decode_error("XML")
}

fn parser_error(e: impl std::fmt::Display) -> DecodeError {
    xml_error(Malformed::from_parser(e))
}

/// State of a walk over a document.
struct DocumentWalk<'p> {
    item: &'p str,
    root: &'p str,
    paths: &'p [&'p str],
    /// Number of open elements.
    depth: usize,
    /// Dotted path below the item; `lengths` has its earlier lengths, for going back.
    path: String,
    lengths: Vec<usize>,
    inside: bool,
    /// Elements that are open between the root and the records.
    outer: Vec<String>,
    /// Number of elements that are open around the current record.
    item_depth: usize,
    start: usize,
    root_seen: bool,
    closed: bool,
    /// Number of elements so far; `open` has the numbers of the record's open elements, and `told`, for each path, the
    /// element that had a text there.
    elements: usize,
    open: Vec<usize>,
    told: Vec<Option<usize>>,
    /// Path at which two elements of one record have a text, so that it is unclear which one is meant.
    twice: Option<&'p str>,
}

/// Builds the records of a range of a page, with the texts at `paths`.
///
/// # Errors
/// Returns [`DecodeError`] if the page is truncated or malformed, or has another root or a DOCTYPE.
pub fn decode_elements<'a>(
    text: &'a str,
    item: &str,
    root: &str,
    paths: &[&str],
    range: RecordRange,
) -> Result<Decoded<'a>, DecodeError> {
    let mut reader = Reader::from_str(text);
    let mut walk = DocumentWalk::new(item, root, paths);
    let mut texts: Vec<Option<Cow<'a, str>>> = vec![None; paths.len()];
    let mut records = Decoded::default();
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = reader.read_event().map_err(parser_error)?;
        let after = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        if matches!(event, Event::Eof) {
            break;
        }
        let ended = walk.handle_event(event, before..after, |slot, words: Cow<'a, str>| match &mut texts[slot] {
            Some(text) => text.to_mut().push_str(&words),
            empty => *empty = Some(words),
        })?;
        let Some(bytes) = ended else { continue };
        let texts = std::mem::replace(&mut texts, vec![None; paths.len()]);
        let broken = walk.twice.take().map(|path| BrokenRecord::Twice { path: path.to_owned() });
        records.push_record(range, bytes.len(), |index| {
            let raw = Cow::Borrowed(text.get(bytes).unwrap_or_default());
            let texts = texts.into_iter().map(|t| t.filter(|t| !t.trim().is_empty())).collect();
            RawRecord { broken, ..RawRecord::new(index, raw, texts) }
        })?;
        if records.has_all(range) {
            return Ok(records);
        }
    }
    walk.check_complete()?;
    Ok(records)
}

/// Walks over the records of a document that is too large to be held in memory.
///
/// # Errors
/// Returns [`DecodeError`] for any part of the document that is read.
pub(super) fn walk_elements(
    chunks: &mut Chunks<'_>,
    item: &str,
    root: &str,
    taken: &mut WindowCollector,
) -> Result<(), DecodeError> {
    let mut fault = None;
    let bytes = BufReader::with_capacity(STEP, chunks.byte_reader(&mut fault));
    let mut reader = Reader::from_reader(RecordingReader { bytes, kept: vec![], read: 0 });
    let mut walk = DocumentWalk::new(item, root, &[]);
    let mut event = Vec::new();
    let read = loop {
        event.clear();
        if !walk.inside {
            reader.get_mut().kept.clear();
        }
        let before = reader.get_ref().read;
        let event = match reader.read_event_into(&mut event) {
            Ok(Event::Eof) => break walk.check_complete(),
            Ok(event) => event,
            Err(e) => break Err(parser_error(e)),
        };
        let RecordingReader { kept, read, .. } = reader.get_ref();
        let ended = match walk.handle_event(event, before..*read, |_, _| ()) {
            Ok(ended) => ended,
            Err(fault) => break Err(fault),
        };
        let Some(record) = ended else { continue };
        let text = kept.get(kept.len() - record.len()..).and_then(|bytes| std::str::from_utf8(bytes).ok());
        taken.take_record("", text.unwrap_or_default(), 1)?;
        if taken.is_done() {
            return Ok(());
        }
    };
    drop(reader);
    fault.map_or(read, Err)?;
    taken.is_over = true;
    Ok(())
}

/// A reader that keeps the bytes that were read last.
struct RecordingReader<R> {
    bytes: BufReader<R>,
    kept: Vec<u8>,
    /// Number of bytes read so far.
    read: usize,
}

impl<R: Read> Read for RecordingReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for RecordingReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.bytes.fill_buf()
    }

    fn consume(&mut self, read: usize) {
        self.kept.extend_from_slice(self.bytes.buffer().get(..read).unwrap_or_default());
        self.bytes.consume(read);
        self.read += read;
    }
}

impl<'p> DocumentWalk<'p> {
    fn new(item: &'p str, root: &'p str, paths: &'p [&'p str]) -> Self {
        Self {
            item,
            root,
            paths,
            depth: 0,
            path: String::new(),
            lengths: vec![],
            inside: false,
            outer: vec![],
            item_depth: 1,
            start: 0,
            root_seen: false,
            closed: false,
            elements: 0,
            open: vec![],
            told: vec![None; paths.len()],
            twice: None,
        }
    }

    /// Handles an event that covers a span of bytes. Passes each piece of text at one of the paths to `tell`. Returns
    /// the bytes of the record that ends with the event.
    fn handle_event<'e>(
        &mut self,
        event: Event<'e>,
        span: Range<usize>,
        mut tell: impl FnMut(usize, Cow<'e, str>),
    ) -> Result<Option<Range<usize>>, DecodeError> {
        let words = match event {
            Event::Start(e) => return self.begin_element(&e, span.start, tell).map(|()| None),
            Event::Empty(e) => return self.begin_element(&e, span.start, tell).map(|()| self.close_element(span.end)),
            Event::End(_) => return Ok(self.close_element(span.end)),
            Event::Text(t) => t.xml10_content(),
            Event::CData(t) => t.xml10_content(),
            Event::GeneralRef(r) => {
                let name = r.xml10_content();
                Cow::Owned(match r.resolve_char_ref().map_err(parser_error)? {
                    Some(c) => c.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&name)
                        .ok_or_else(|| xml_error(Malformed::Entity { name: name.clone().into_owned() }))?
                        .to_owned(),
                })
            }
            Event::DocType(_) => return Err(xml_error(Malformed::Doctype)),
            _ => return Ok(None),
        };
        if let Some(slot) = self.current_slot() {
            let element = self.open.last().copied().unwrap_or_default();
            if !words.trim().is_empty() && *self.told[slot].get_or_insert(element) != element {
                self.twice.get_or_insert(self.paths[slot]);
            }
            tell(slot, words);
        }
        Ok(None)
    }

    /// Checks, at the end of the input, that the root element was closed.
    fn check_complete(&self) -> Result<(), DecodeError> {
        if self.closed { Ok(()) } else { Err(xml_error(Malformed::Cut { element: self.root.to_owned() })) }
    }

    fn begin_element<'e>(
        &mut self,
        e: &BytesStart<'_>,
        before: usize,
        mut tell: impl FnMut(usize, Cow<'e, str>),
    ) -> Result<(), DecodeError> {
        let name = e.local_name();
        if !self.root_seen {
            if name.as_ref() != self.root {
                return Err(xml_error(Malformed::Root {
                    found: name.as_ref().to_owned(),
                    expected: self.root.to_owned(),
                }));
            }
            self.root_seen = true;
        }
        if self.depth >= MAX_DEPTH {
            return Err(xml_error(Malformed::Depth { max: MAX_DEPTH }));
        }
        if !self.inside && self.is_item(name.as_ref()) {
            self.inside = true;
            self.item_depth = self.depth;
            self.start = before;
            self.path.clear();
            self.lengths.clear();
            self.open.clear();
            self.told.fill(None);
        } else if self.inside {
            self.push_name(name.as_ref());
        } else if self.depth > 0 {
            self.outer.push(name.as_ref().to_owned());
        }
        self.depth += 1;
        self.elements += 1;
        if self.inside {
            self.open.push(self.elements);
            for (nth, attribute) in e.attributes().enumerate() {
                if nth >= MAX_ATTRIBUTES {
                    return Err(xml_error(Malformed::Attributes { max: MAX_ATTRIBUTES }));
                }
                let attribute = attribute.map_err(parser_error)?;
                self.push_name("@");
                self.path.push_str(attribute.key.local_name().as_ref());
                let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(parser_error)?;
                if let Some(slot) = self.current_slot() {
                    tell(slot, Cow::Owned(value.into_owned()));
                }
                self.pop_name();
            }
        }
        Ok(())
    }

    /// Returns whether an element that begins here is a record.
    fn is_item(&self, name: &str) -> bool {
        match self.item.rsplit_once('.') {
            None => self.depth == 1 && name == self.item,
            Some((above, last)) => name == last && above.split('.').eq(self.outer.iter().map(String::as_str)),
        }
    }

    fn push_name(&mut self, name: &str) {
        self.lengths.push(self.path.len());
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
    }

    fn pop_name(&mut self) {
        self.path.truncate(self.lengths.pop().unwrap_or(0));
    }

    /// Returns the index of the path that leads to the current element.
    fn current_slot(&self) -> Option<usize> {
        if self.inside { self.paths.iter().position(|p| *p == self.path) } else { None }
    }

    fn close_element(&mut self, after: usize) -> Option<Range<usize>> {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            self.closed = true;
        }
        if !self.inside {
            self.outer.pop();
            return None;
        }
        if self.depth > self.item_depth {
            self.open.pop();
            self.pop_name();
            return None;
        }
        self.inside = false;
        Some(self.start..after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_can_stand_deeper_than_below_the_root() {
        let text = "<s:E xmlns:s='x'><s:H><item>no</item></s:H><s:B><r><item><a>1</a><item><a>x</a></item></item>\
                    <item a='2'/><other/></r><item><a>no</a></item></s:B></s:E>";
        let records = decode_elements(text, "B.r.item", "E", &["a", "@a"], RecordRange::ALL).unwrap().records;
        let texts: Vec<_> = records.iter().map(|r| (r.texts[0].as_deref(), r.texts[1].as_deref())).collect();
        assert_eq!(texts, [(Some("1"), None), (None, Some("2"))]);
        assert_eq!(
            decode_elements(text, "item", "E", &["a"], RecordRange::ALL).unwrap().total,
            0,
            "one name is directly below the root"
        );
    }

    #[test]
    fn two_texts_in_one_place_of_a_record_are_told() {
        let text = "<l><r><h>10</h><h>20</h></r><r><h>1<i>x</i>0</h></r><r><h/><h>10</h></r><r><h>30</h></r></l>";
        let records = decode_elements(text, "r", "l", &["h"], RecordRange::ALL).unwrap().records;
        let told: Vec<_> = records.iter().map(|r| (r.texts[0].as_deref(), r.broken.is_some())).collect();
        assert_eq!(
            told,
            [(Some("1020"), true), (Some("10"), false), (Some("10"), false), (Some("30"), false)],
            "a text around another element is one text"
        );
    }
}
