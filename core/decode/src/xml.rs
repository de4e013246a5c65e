//! XML pages: one element per record, its texts at `child`, `@attribute` and `child.@attribute`. A DOCTYPE is refused.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::RecordRange;
use crate::decode::{DecodeError, Decoded, Malformed, RawRecord};
use crate::problem::BrokenRecord;
use crate::text_window::{Chunks, STEP, Taken};

const MAX_DEPTH: usize = 16;
/// The most attributes of an element: looking for one that is there twice compares each with all.
const MAX_ATTRIBUTES: usize = 200;

fn form(why: Malformed) -> DecodeError {
    why.of("XML")
}

fn parser(e: impl std::fmt::Display) -> DecodeError {
    form(Malformed::parser(e))
}

/// Where the reader stands.
struct Walk<'p> {
    item: &'p str,
    root: &'p str,
    paths: &'p [&'p str],
    /// Open elements.
    depth: usize,
    /// Dotted path below the item, with the lengths to go back to.
    path: String,
    lengths: Vec<usize>,
    inside: bool,
    /// Elements open between the root and the records.
    outer: Vec<String>,
    /// Elements open around the record that is being read.
    item_depth: usize,
    start: usize,
    root_seen: bool,
    closed: bool,
    /// Elements so far, those of the record that are open, and for each path the one that had a text there.
    elements: usize,
    open: Vec<usize>,
    told: Vec<Option<usize>>,
    /// The path at which two elements of one record have a text: which of them is meant is not said.
    twice: Option<&'p str>,
}

/// Builds a range of a page's records, with the texts at `paths`.
///
/// # Errors
/// [`DecodeError`] when it is cut, malformed, has another root or a DOCTYPE.
pub fn decode<'a>(
    text: &'a str,
    item: &str,
    root: &str,
    paths: &[&str],
    range: RecordRange,
) -> Result<Decoded<'a>, DecodeError> {
    let mut reader = Reader::from_str(text);
    let mut walk = Walk::new(item, root, paths);
    let mut texts: Vec<Option<Cow<'a, str>>> = vec![None; paths.len()];
    let mut records = Decoded::default();
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = reader.read_event().map_err(parser)?;
        let after = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        if matches!(event, Event::Eof) {
            break;
        }
        let ended = walk.step(event, before..after, |slot, words: Cow<'a, str>| match &mut texts[slot] {
            Some(text) => text.to_mut().push_str(&words),
            empty => *empty = Some(words),
        })?;
        let Some(bytes) = ended else { continue };
        let texts = std::mem::replace(&mut texts, vec![None; paths.len()]);
        let broken = walk.twice.take().map(|path| BrokenRecord::Twice { path: path.to_owned() });
        records.take(range, bytes.len(), |index| {
            let raw = Cow::Borrowed(text.get(bytes).unwrap_or_default());
            let texts = texts.into_iter().map(|t| t.filter(|t| !t.trim().is_empty())).collect();
            RawRecord { broken, ..RawRecord::new(index, raw, texts) }
        })?;
        if records.has_all(range) {
            return Ok(records);
        }
    }
    walk.end()?;
    Ok(records)
}

/// Walks over the records of a document that is too large to be held.
///
/// # Errors
/// [`DecodeError`], for all that is read.
pub(super) fn walk(chunks: &mut Chunks<'_>, item: &str, root: &str, taken: &mut Taken) -> Result<(), DecodeError> {
    let mut fault = None;
    let bytes = BufReader::with_capacity(STEP, chunks.bytes(&mut fault));
    let mut reader = Reader::from_reader(Kept { bytes, kept: vec![], read: 0 });
    let mut walk = Walk::new(item, root, &[]);
    let mut event = Vec::new();
    let read = loop {
        event.clear();
        if !walk.inside {
            reader.get_mut().kept.clear();
        }
        let before = reader.get_ref().read;
        let event = match reader.read_event_into(&mut event) {
            Ok(Event::Eof) => break walk.end(),
            Ok(event) => event,
            Err(e) => break Err(parser(e)),
        };
        let Kept { kept, read, .. } = reader.get_ref();
        let ended = match walk.step(event, before..*read, |_, _| ()) {
            Ok(ended) => ended,
            Err(fault) => break Err(fault),
        };
        let Some(record) = ended else { continue };
        let text = kept.get(kept.len() - record.len()..).and_then(|bytes| std::str::from_utf8(bytes).ok());
        taken.record("", text.unwrap_or_default(), 1)?;
        if taken.is_done() {
            return Ok(());
        }
    };
    drop(reader);
    fault.map_or(read, Err)?;
    taken.is_over = true;
    Ok(())
}

/// What is read, and the last of it.
struct Kept<R> {
    bytes: BufReader<R>,
    kept: Vec<u8>,
    /// Bytes read so far.
    read: usize,
}

impl<R: Read> Read for Kept<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for Kept<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.bytes.fill_buf()
    }

    fn consume(&mut self, read: usize) {
        self.kept.extend_from_slice(self.bytes.buffer().get(..read).unwrap_or_default());
        self.bytes.consume(read);
        self.read += read;
    }
}

impl<'p> Walk<'p> {
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

    /// Takes what stands in a span of bytes, and gives the bytes of the record that ends with it. What stands at one
    /// of the paths is told, piece by piece.
    fn step<'e>(
        &mut self,
        event: Event<'e>,
        span: Range<usize>,
        mut tell: impl FnMut(usize, Cow<'e, str>),
    ) -> Result<Option<Range<usize>>, DecodeError> {
        let words = match event {
            Event::Start(e) => return self.begin(&e, span.start, tell).map(|()| None),
            Event::Empty(e) => return self.begin(&e, span.start, tell).map(|()| self.close(span.end)),
            Event::End(_) => return Ok(self.close(span.end)),
            Event::Text(t) => t.xml10_content(),
            Event::CData(t) => t.xml10_content(),
            Event::GeneralRef(r) => {
                let name = r.xml10_content();
                Cow::Owned(match r.resolve_char_ref().map_err(parser)? {
                    Some(c) => c.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&name)
                        .ok_or_else(|| form(Malformed::Entity { name: name.clone().into_owned() }))?
                        .to_owned(),
                })
            }
            Event::DocType(_) => return Err(form(Malformed::Doctype)),
            _ => return Ok(None),
        };
        if let Some(slot) = self.slot() {
            let element = self.open.last().copied().unwrap_or_default();
            if !words.trim().is_empty() && *self.told[slot].get_or_insert(element) != element {
                self.twice.get_or_insert(self.paths[slot]);
            }
            tell(slot, words);
        }
        Ok(None)
    }

    /// Nothing comes any more.
    fn end(&self) -> Result<(), DecodeError> {
        if self.closed { Ok(()) } else { Err(form(Malformed::Cut { element: self.root.to_owned() })) }
    }

    fn begin<'e>(
        &mut self,
        e: &BytesStart<'_>,
        before: usize,
        mut tell: impl FnMut(usize, Cow<'e, str>),
    ) -> Result<(), DecodeError> {
        let name = e.local_name();
        if !self.root_seen {
            if name.as_ref() != self.root {
                return Err(form(Malformed::Root { found: name.as_ref().to_owned(), expected: self.root.to_owned() }));
            }
            self.root_seen = true;
        }
        if self.depth >= MAX_DEPTH {
            return Err(form(Malformed::Depth { max: MAX_DEPTH }));
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
            self.step_in(name.as_ref());
        } else if self.depth > 0 {
            self.outer.push(name.as_ref().to_owned());
        }
        self.depth += 1;
        self.elements += 1;
        if self.inside {
            self.open.push(self.elements);
            for (nth, attribute) in e.attributes().enumerate() {
                if nth >= MAX_ATTRIBUTES {
                    return Err(form(Malformed::Attributes { max: MAX_ATTRIBUTES }));
                }
                let attribute = attribute.map_err(parser)?;
                self.step_in("@");
                self.path.push_str(attribute.key.local_name().as_ref());
                let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(parser)?;
                if let Some(slot) = self.slot() {
                    tell(slot, Cow::Owned(value.into_owned()));
                }
                self.step_out();
            }
        }
        Ok(())
    }

    /// Whether an element that begins here is a record.
    fn is_item(&self, name: &str) -> bool {
        match self.item.rsplit_once('.') {
            None => self.depth == 1 && name == self.item,
            Some((above, last)) => name == last && above.split('.').eq(self.outer.iter().map(String::as_str)),
        }
    }

    fn step_in(&mut self, name: &str) {
        self.lengths.push(self.path.len());
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
    }

    fn step_out(&mut self) {
        self.path.truncate(self.lengths.pop().unwrap_or(0));
    }

    /// Which of the paths leads here.
    fn slot(&self) -> Option<usize> {
        if self.inside { self.paths.iter().position(|p| *p == self.path) } else { None }
    }

    fn close(&mut self, after: usize) -> Option<Range<usize>> {
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
            self.step_out();
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
        let records = decode(text, "B.r.item", "E", &["a", "@a"], RecordRange::ALL).unwrap().records;
        let texts: Vec<_> = records.iter().map(|r| (r.texts[0].as_deref(), r.texts[1].as_deref())).collect();
        assert_eq!(texts, [(Some("1"), None), (None, Some("2"))]);
        assert_eq!(
            decode(text, "item", "E", &["a"], RecordRange::ALL).unwrap().total,
            0,
            "one name is directly below the root"
        );
    }

    #[test]
    fn two_texts_in_one_place_of_a_record_are_told() {
        let text = "<l><r><h>10</h><h>20</h></r><r><h>1<i>x</i>0</h></r><r><h/><h>10</h></r><r><h>30</h></r></l>";
        let records = decode(text, "r", "l", &["h"], RecordRange::ALL).unwrap().records;
        let told: Vec<_> = records.iter().map(|r| (r.texts[0].as_deref(), r.broken.is_some())).collect();
        assert_eq!(
            told,
            [(Some("1020"), true), (Some("10"), false), (Some("10"), false), (Some("30"), false)],
            "a text around another element is one text"
        );
    }
}
