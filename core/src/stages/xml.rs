//! XML pages: one element per record, its texts at `child`, `@attribute` and `child.@attribute`. A DOCTYPE is refused.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::decode::{DecodeFault, Decoded, RawRecord};

const MAX_DEPTH: usize = 16;
/// The most attributes of an element: looking for one that is there twice compares each with all.
const MAX_ATTRIBUTES: usize = 200;

fn form(why: impl Into<String>) -> DecodeFault {
    DecodeFault::Form { format: "XML", why: why.into() }
}

/// Where the reader stands.
struct Walk<'p, 'a> {
    item: &'p str,
    root: &'p str,
    paths: &'p [&'p str],
    range: (u32, u32),
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
    texts: Vec<Option<Cow<'a, str>>>,
    start: usize,
    root_seen: bool,
    closed: bool,
}

/// Builds a range (first, count) of a page's records, with the texts at `paths`.
///
/// # Errors
/// [`DecodeFault`] when it is cut, malformed, has another root or a DOCTYPE.
pub fn decode<'a>(
    text: &'a str,
    item: &str,
    root: &str,
    paths: &[&str],
    range: (u32, u32),
) -> Result<Decoded<'a>, DecodeFault> {
    let mut reader = Reader::from_str(text);
    let mut walk = Walk {
        item,
        root,
        paths,
        range,
        depth: 0,
        path: String::new(),
        lengths: vec![],
        inside: false,
        outer: vec![],
        item_depth: 1,
        texts: vec![],
        start: 0,
        root_seen: false,
        closed: false,
    };
    let mut records = Decoded::default();
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = reader.read_event().map_err(|e| form(e.to_string()))?;
        let after = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match event {
            Event::Start(e) => walk.open(&e, before)?,
            Event::Empty(e) => {
                walk.open(&e, before)?;
                walk.close(text, after, &mut records)?;
            }
            Event::End(_) => walk.close(text, after, &mut records)?,
            Event::Text(t) => walk.text(t.xml10_content()),
            Event::CData(t) => walk.text(t.xml10_content()),
            Event::GeneralRef(r) => {
                let name = r.xml10_content();
                let resolved = match r.resolve_char_ref().map_err(|e| form(e.to_string()))? {
                    Some(c) => c.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&name)
                        .ok_or_else(|| form(format!("unknown entity &{name};")))?
                        .to_owned(),
                };
                walk.text(Cow::Owned(resolved));
            }
            Event::DocType(_) => return Err(form("a DOCTYPE is not accepted")),
            Event::Eof => break,
            _ => {}
        }
        if records.has_all(range) {
            return Ok(records);
        }
    }
    if !walk.closed {
        return Err(form(format!("the document ends before </{root}>")));
    }
    Ok(records)
}

impl<'a> Walk<'_, 'a> {
    fn open(&mut self, e: &BytesStart<'_>, before: usize) -> Result<(), DecodeFault> {
        let name = e.local_name();
        if !self.root_seen {
            if name.as_ref() != self.root {
                return Err(form(format!("the root element is <{}>, expected <{}>", name.as_ref(), self.root)));
            }
            self.root_seen = true;
        }
        if self.depth >= MAX_DEPTH {
            return Err(form(format!("elements nested deeper than {MAX_DEPTH}")));
        }
        if !self.inside && self.is_item(name.as_ref()) {
            self.inside = true;
            self.item_depth = self.depth;
            self.start = before;
            self.path.clear();
            self.lengths.clear();
            self.texts = vec![None; self.paths.len()];
        } else if self.inside {
            self.step_in(name.as_ref());
        } else if self.depth > 0 {
            self.outer.push(name.as_ref().to_owned());
        }
        self.depth += 1;
        if self.inside {
            for (nth, attribute) in e.attributes().enumerate() {
                if nth >= MAX_ATTRIBUTES {
                    return Err(form(format!("an element with more than {MAX_ATTRIBUTES} attributes")));
                }
                let attribute = attribute.map_err(|e| form(e.to_string()))?;
                self.step_in("@");
                self.path.push_str(attribute.key.local_name().as_ref());
                let value =
                    attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|e| form(e.to_string()))?;
                self.text(Cow::Owned(value.into_owned()));
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

    fn text(&mut self, words: Cow<'a, str>) {
        if self.inside
            && let Some(slot) = self.paths.iter().position(|p| *p == self.path)
        {
            match &mut self.texts[slot] {
                Some(text) => text.to_mut().push_str(&words),
                empty => *empty = Some(words),
            }
        }
    }

    fn close(&mut self, text: &'a str, after: usize, out: &mut Decoded<'a>) -> Result<(), DecodeFault> {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            self.closed = true;
        }
        if !self.inside {
            self.outer.pop();
            return Ok(());
        }
        if self.depth > self.item_depth {
            self.step_out();
            return Ok(());
        }
        self.inside = false;
        let texts = std::mem::take(&mut self.texts);
        out.take(self.range, after.saturating_sub(self.start), |index| {
            let raw = Cow::Borrowed(text.get(self.start..after).unwrap_or_default());
            let texts = texts.into_iter().map(|t| t.filter(|t| !t.trim().is_empty())).collect();
            RawRecord::new(index, raw, texts)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_can_stand_deeper_than_below_the_root() {
        let text = "<s:E xmlns:s='x'><s:H><item>no</item></s:H><s:B><r><item><a>1</a><item><a>x</a></item></item>\
                    <item a='2'/><other/></r><item><a>no</a></item></s:B></s:E>";
        let records = decode(text, "B.r.item", "E", &["a", "@a"], (0, 9)).unwrap().records;
        let texts: Vec<_> = records.iter().map(|r| (r.texts[0].as_deref(), r.texts[1].as_deref())).collect();
        assert_eq!(texts, [(Some("1"), None), (None, Some("2"))]);
        assert_eq!(decode(text, "item", "E", &["a"], (0, 9)).unwrap().total, 0, "one name is directly below the root");
    }
}
