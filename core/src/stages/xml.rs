//! XML pages: one element per record, flattened to `child`, `@attribute` and `child.@attribute`. A DOCTYPE is refused.

use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::decode::{DecodeFault, Fields, Position, RawRecord};

const MAX_DEPTH: usize = 16;

fn form(why: impl Into<String>) -> DecodeFault {
    DecodeFault::Form { format: "XML", why: why.into() }
}

struct Walk {
    path: Vec<String>,
    inside: bool,
    cells: Vec<(Arc<str>, String)>,
    start: usize,
    root_seen: bool,
    closed: bool,
}

/// Builds a range of a page's records.
///
/// # Errors
/// [`DecodeFault`] when it is cut, malformed, has another root or a DOCTYPE.
pub fn decode(bytes: &[u8], item: &str, root: &str, first: u32, count: u32) -> Result<Vec<RawRecord>, DecodeFault> {
    let text = std::str::from_utf8(bytes)
        .map_err(|e| DecodeFault::Encoding { encoding: "UTF-8".into(), offset: e.valid_up_to() })?;
    let mut reader = Reader::from_str(text);
    let mut walk = Walk { path: vec![], inside: false, cells: vec![], start: 0, root_seen: false, closed: false };
    let mut records = Vec::new();
    let mut index = 0u32;
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match reader.read_event().map_err(|e| form(e.to_string()))? {
            Event::Start(e) => walk.open(&e, item, root, before)?,
            Event::Empty(e) => {
                walk.open(&e, item, root, before)?;
                let after = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
                walk.close(item, text, after, &mut index, (first, count), &mut records);
            }
            Event::End(_) => {
                let after = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
                walk.close(item, text, after, &mut index, (first, count), &mut records);
            }
            Event::Text(t) => {
                let words = t.xml10_content();
                walk.text(&words);
            }
            Event::CData(t) => {
                let words = t.xml10_content();
                walk.text(&words);
            }
            Event::GeneralRef(r) => {
                let name = r.xml10_content();
                let resolved = match r.resolve_char_ref().map_err(|e| form(e.to_string()))? {
                    Some(c) => c.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&name)
                        .ok_or_else(|| form(format!("unknown entity &{name};")))?
                        .to_owned(),
                };
                walk.text(&resolved);
            }
            Event::DocType(_) => return Err(form("a DOCTYPE is not accepted")),
            Event::Eof => break,
            _ => {}
        }
    }
    if !walk.closed {
        return Err(form(format!("the document ends before </{root}>")));
    }
    Ok(records)
}

impl Walk {
    fn open(&mut self, e: &BytesStart<'_>, item: &str, root: &str, before: usize) -> Result<(), DecodeFault> {
        let name = e.local_name().as_ref().to_owned();
        if !self.root_seen {
            if name != root {
                return Err(form(format!("the root element is <{name}>, expected <{root}>")));
            }
            self.root_seen = true;
        }
        if self.path.len() >= MAX_DEPTH {
            return Err(form(format!("elements nested deeper than {MAX_DEPTH}")));
        }
        if !self.inside && self.path.len() == 1 && name == item {
            self.inside = true;
            self.start = before;
            self.cells = Vec::with_capacity(12);
        }
        self.path.push(name);
        if self.inside {
            let prefix = self.path[2..].join(".");
            for attribute in e.attributes() {
                let attribute = attribute.map_err(|e| form(e.to_string()))?;
                let key = attribute.key.local_name().as_ref().to_owned();
                let value = attribute
                    .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                    .map_err(|e| form(e.to_string()))?
                    .into_owned();
                let path = if prefix.is_empty() { format!("@{key}") } else { format!("{prefix}.@{key}") };
                self.cells.push((path.into(), value));
            }
        }
        Ok(())
    }

    fn text(&mut self, words: &str) {
        if !self.inside || self.path.len() < 3 {
            return;
        }
        let path = self.path[2..].join(".");
        match self.cells.iter_mut().find(|(n, _)| n.as_ref() == path) {
            Some((_, value)) => value.push_str(words),
            None => self.cells.push((path.into(), words.to_owned())),
        }
    }

    fn close(
        &mut self,
        item: &str,
        text: &str,
        after: usize,
        index: &mut u32,
        range: (u32, u32),
        out: &mut Vec<RawRecord>,
    ) {
        let name = self.path.pop();
        if self.path.is_empty() {
            self.closed = true;
        }
        if self.inside && self.path.len() == 1 && name.as_deref() == Some(item) {
            self.inside = false;
            let wanted = *index >= range.0 && *index - range.0 < range.1;
            if wanted {
                out.push(RawRecord {
                    index: *index,
                    position: Position::Item(*index),
                    raw: text.get(self.start..after).unwrap_or_default().to_owned(),
                    fields: Fields::Flat(std::mem::take(&mut self.cells)),
                });
            }
            *index += 1;
        }
    }
}
