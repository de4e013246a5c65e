//! JSON pages and records, each read in one pass. Fields that the manifest does not name are skipped without being
//! built.
//!
//! Numbers keep the text they were sent as, so that no float comes near hours, scores or ID numbers.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::RecordRange;
use crate::chunks::{Chunks, STEP};
use crate::decode::{self, DecodeError, Decoded, Malformed, Position, RawRecord};
use crate::json_mask;
use crate::problem::BrokenRecord;
use crate::text_window::WindowCollector;

fn json_error(e: &serde_json::Error) -> DecodeError {
    Malformed::from_parser(e).into_decode_error("JSON")
}

/// Dotted paths as a tree. The n-th path puts its text into slot n.
#[derive(Debug, Default)]
struct Tree {
    slot: Option<usize>,
    items: bool,
    /// Dotted path from the root to this node.
    path: String,
    children: Vec<(String, Tree)>,
}

impl Tree {
    fn new<'p>(slots: impl IntoIterator<Item = &'p str>) -> Self {
        let mut root = Self::default();
        for (slot, path) in slots.into_iter().enumerate() {
            root.ensure_node(path).slot = Some(slot);
        }
        root
    }

    fn ensure_node(&mut self, path: &str) -> &mut Self {
        split_path(path).fold(self, |node, name| {
            let place = node.children.iter().position(|(n, _)| n == name).unwrap_or_else(|| {
                let path = if node.path.is_empty() { name.to_owned() } else { format!("{}.{name}", node.path) };
                node.children.push((name.to_owned(), Self { path, ..Self::default() }));
                node.children.len() - 1
            });
            &mut node.children[place].1
        })
    }
}

/// Splits a dotted path into its names. A name in single quotes may contain dots, as in `'@odata.nextLink'`.
pub(super) fn split_path(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let text = rest?;
        let quoted = text.strip_prefix('\'').and_then(|t| t.split_once('\''));
        let (name, after) = match quoted {
            Some((name, after)) => (name, after.strip_prefix('.')),
            None => text.split_once('.').map_or((text, None), |(name, after)| (name, Some(after))),
        };
        rest = after;
        Some(name)
    })
}

#[derive(Debug, Default)]
struct PageFindings<'a> {
    texts: Vec<Option<Cow<'a, str>>>,
    items: Option<Items<'a>>,
    /// Range of items to keep.
    range: RecordRange,
    /// A path that occurs more than once, so that it is unknown which occurrence is meant.
    twice: Option<String>,
}

/// The children of a tree that were met in one object.
#[derive(Default)]
struct SeenChildren {
    first: u128,
    others: Vec<usize>,
}

impl SeenChildren {
    /// Marks a child as seen and returns whether it was seen before.
    fn mark_seen(&mut self, child: usize) -> bool {
        let Some(bit) = u32::try_from(child).ok().and_then(|child| 1_u128.checked_shl(child)) else {
            let has = self.others.contains(&child);
            self.others.push(child);
            return has;
        };
        let has = self.first & bit != 0;
        self.first |= bit;
        has
    }
}

/// The items of a range, and the total number of items.
#[derive(Debug, Default)]
struct Items<'a> {
    kept: Vec<&'a RawValue>,
    total: u32,
    /// Error of the list as a whole; no item after it is kept.
    fault: Option<DecodeError>,
}

/// Reads a list and keeps the items of a range.
struct List(RecordRange);

impl<'a> DeserializeSeed<'a> for List {
    type Value = Items<'a>;

    fn deserialize<D: Deserializer<'a>>(self, d: D) -> Result<Items<'a>, D::Error> {
        d.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for List {
    type Value = Items<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Items<'a>, A::Error> {
        let mut items = Items::default();
        while let Some(item) = seq.next_element::<&'a RawValue>()? {
            let index = items.total;
            match decode::count_record(index, item.get().len()) {
                Ok(total) => items.total = total,
                Err(fault) => {
                    items.fault = Some(fault);
                    while seq.next_element::<IgnoredAny>()?.is_some() {}
                    break;
                }
            }
            if self.0.contains(index) {
                items.kept.push(item);
            }
        }
        Ok(items)
    }
}

/// Walks an object along a tree of paths. Any value other than an object has no texts.
struct TreeVisitor<'t, 'o, 'a> {
    tree: &'t Tree,
    found: &'o mut PageFindings<'a>,
}

impl<'a> DeserializeSeed<'a> for TreeVisitor<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

/// Visitor methods that skip every value other than an object.
macro_rules! pass_over {
    ($de:lifetime) => {
        fn visit_seq<A: SeqAccess<$de>>(self, mut seq: A) -> Result<(), A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(())
        }

        fn visit_bool<E>(self, _: bool) -> Result<(), E> {
            Ok(())
        }

        fn visit_i64<E>(self, _: i64) -> Result<(), E> {
            Ok(())
        }

        fn visit_u64<E>(self, _: u64) -> Result<(), E> {
            Ok(())
        }

        fn visit_f64<E>(self, _: f64) -> Result<(), E> {
            Ok(())
        }

        fn visit_str<E>(self, _: &str) -> Result<(), E> {
            Ok(())
        }

        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }
    };
}
pub(super) use pass_over;

impl<'a> Visitor<'a> for TreeVisitor<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let mut met = SeenChildren::default();
        while let Some(child) = map.next_key_seed(Child(self.tree))? {
            let Some((nth, child)) = child else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if met.mark_seen(nth) {
                self.found.twice.get_or_insert_with(|| child.path.clone());
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if child.items {
                self.found.items = Some(map.next_value_seed(List(self.found.range))?);
            } else if let Some(slot) = child.slot {
                let raw: &'a RawValue = map.next_value()?;
                self.found.texts[slot] = parse_text(raw.get()).map_err(serde::de::Error::custom)?;
                if !child.children.is_empty() {
                    let mut inner = serde_json::Deserializer::from_str(raw.get());
                    let walk = TreeVisitor { tree: child, found: self.found };
                    walk.deserialize(&mut inner).map_err(serde::de::Error::custom)?;
                }
            } else {
                map.next_value_seed(TreeVisitor { tree: child, found: self.found })?;
            }
        }
        Ok(())
    }

    pass_over!('a);
}

/// Finds the child for a key without copying the key.
struct Child<'t>(&'t Tree);

impl<'t, 'a> DeserializeSeed<'a> for Child<'t> {
    type Value = Option<(usize, &'t Tree)>;

    fn deserialize<D: Deserializer<'a>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_str(self)
    }
}

impl<'t> Visitor<'_> for Child<'t> {
    type Value = Option<(usize, &'t Tree)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let mut children = self.0.children.iter().enumerate();
        Ok(children.find(|(_, (name, _))| name == key).map(|(nth, (_, child))| (nth, child)))
    }
}

/// Returns a value's text as it was sent; `None` for null and for blank text. An unpaired surrogate escape is an error.
fn parse_text(value: &str) -> Result<Option<Cow<'_, str>>, serde_json::Error> {
    let text = match value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
        Some(inner) if inner.contains('\\') => Cow::Owned(serde_json::from_str::<String>(value)?),
        Some(inner) => Cow::Borrowed(inner),
        None if value == "null" => return Ok(None),
        None => Cow::Borrowed(value),
    };
    let solid = text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
    Ok((solid || !text.trim().is_empty()).then_some(text))
}

/// What a page must contain to count as a successful response.
#[derive(Debug, Clone, Copy)]
pub struct SuccessCondition<'v> {
    /// Dotted path of the status field.
    pub path: &'v str,
    /// Text of that field in a successful response.
    pub value: &'v str,
}

/// A record as JSON text. It may be unreadable by itself, if the page is readable otherwise.
#[derive(Debug)]
pub struct Item<'a>(Cow<'a, str>);

impl<'a> Item<'a> {
    /// Returns the text as it was sent.
    #[must_use]
    pub fn get(&self) -> &str {
        &self.0
    }

    /// Returns the text as it was sent.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        self.0
    }
}

/// Reads items of a page, with the texts at some paths.
pub struct ItemReader<'p> {
    tree: Tree,
    paths: &'p [&'p str],
}

impl<'p> ItemReader<'p> {
    /// Makes a reader of these paths.
    #[must_use]
    pub fn new(paths: &'p [&'p str]) -> Self {
        Self { tree: Tree::new(paths.iter().copied()), paths }
    }

    /// Builds the record of an item. An unreadable item affects only its own record.
    #[must_use]
    pub fn read<'a>(&self, item: Cow<'a, str>, index: u32) -> RawRecord<'a> {
        match item {
            Cow::Borrowed(json) => read_item(&self.tree, self.paths, json, index),
            Cow::Owned(json) => {
                let RawRecord { texts, broken, .. } = read_item(&self.tree, self.paths, &json, index);
                let texts = texts.into_iter().map(|text| text.map(|text| Cow::Owned(text.into_owned()))).collect();
                RawRecord { broken, ..RawRecord::new(index, Cow::Owned(json), texts) }
            }
        }
    }
}

/// The records of a page, and the pointer to the next one.
#[derive(Debug)]
pub struct Page<'a> {
    /// Records of the range.
    pub items: Vec<Item<'a>>,
    /// Number of records on the page.
    pub total: u32,
    /// Text at the `next` path.
    pub next: Option<Cow<'a, str>>,
}

/// Reads a page and keeps the records of a range. A word or a character that JSON does not have is a fault of the record
/// that has it; in a text that is read around the records it is a fault of the page.
///
/// # Errors
/// Returns [`DecodeError`] if the page is truncated or not JSON, has no array at `items`, contains a path twice, or
/// reports an error itself.
pub fn read_page<'a>(
    text: &'a str,
    items: &str,
    success: Option<SuccessCondition<'_>>,
    next: Option<&str>,
    range: RecordRange,
) -> Result<Page<'a>, DecodeError> {
    let fault = match parse_page(text, items, success, next, range) {
        Err(fault @ DecodeError::Malformed { .. }) => fault,
        page => return page,
    };
    let masked = json_mask::mask_text(text);
    match parse_page(&masked, items, success, next, range) {
        _ if masked == text => Err(fault),
        Ok(page) if !page.next.as_deref().is_some_and(json_mask::is_masked) => {
            let restore = |item: Item<'_>| Item(Cow::Owned(json_mask::restore_text(item.get()).into_owned()));
            let next = page.next.map(|next| Cow::Owned(next.into_owned()));
            Ok(Page { items: page.items.into_iter().map(restore).collect(), total: page.total, next })
        }
        Err(DecodeError::Refused { path, found, expected }) if !json_mask::is_masked(&found) => {
            Err(DecodeError::Refused { path, found, expected })
        }
        _ => Err(fault),
    }
}

fn parse_page<'a>(
    text: &'a str,
    items: &str,
    success: Option<SuccessCondition<'_>>,
    next: Option<&str>,
    range: RecordRange,
) -> Result<Page<'a>, DecodeError> {
    let list = |kept: Vec<&'a RawValue>| kept.into_iter().map(|item| Item(Cow::Borrowed(item.get()))).collect();
    if items.is_empty() && success.is_none() {
        // The document is the list itself, so there are no other fields.
        let mut reader = serde_json::Deserializer::from_str(text);
        let items = List(range).deserialize(&mut reader).and_then(|items| reader.end().map(|()| items));
        let Items { kept, total, fault } = items.map_err(|e| json_error(&e))?;
        return fault.map_or(Ok(Page { items: list(kept), total, next: None }), Err);
    }
    let scalars: Vec<&str> = success.map(|success| success.path).into_iter().chain(next).collect();
    let mut tree = Tree::new(scalars.iter().copied());
    tree.ensure_node(items).items = true;
    let mut found = PageFindings { texts: vec![None; scalars.len()], range, ..PageFindings::default() };
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = TreeVisitor { tree: &tree, found: &mut found }.deserialize(&mut reader).and_then(|()| reader.end());
    let mut texts = found.texts.into_iter();
    let refused = |why: Malformed| why.into_decode_error("JSON");
    if let Some(SuccessCondition { path, value }) = success {
        match texts.next().flatten() {
            // The platform's own error explains more than what is missing because of it.
            Some(said) if said != value => {
                let (path, found, expected) = (path.to_owned(), said.into_owned(), value.to_owned());
                return Err(DecodeError::Refused { path, found, expected });
            }
            None if read.is_ok() => return Err(refused(Malformed::NoValue { path: path.to_owned() })),
            _ => {}
        }
    }
    read.map_err(|e| json_error(&e))?;
    if let Some(path) = found.twice {
        return Err(refused(Malformed::Twice { path }));
    }
    let Items { kept, total, fault } =
        found.items.ok_or_else(|| refused(Malformed::NoList { path: items.to_owned() }))?;
    fault.map_or(Ok(Page { items: list(kept), total, next: texts.next().flatten() }), Err)
}

/// Returns the texts at the given paths of a document. A word or a character that JSON does not have is no error
/// elsewhere in the document, unless only the whole is asked about, with no path.
///
/// # Errors
/// Returns [`DecodeError`] if the document is truncated or not JSON, or contains a path twice.
pub fn read_texts(text: &str, paths: &[&str]) -> Result<Vec<Option<String>>, DecodeError> {
    parse_texts(text, paths).or_else(|fault| {
        let masked = json_mask::mask_text(text);
        let texts = if paths.is_empty() || masked == text { None } else { parse_texts(&masked, paths).ok() };
        texts.filter(|texts| !texts.iter().flatten().any(|text| json_mask::is_masked(text))).ok_or(fault)
    })
}

fn parse_texts(text: &str, paths: &[&str]) -> Result<Vec<Option<String>>, DecodeError> {
    let tree = Tree::new(paths.iter().copied());
    let mut found = PageFindings { texts: vec![None; paths.len()], ..PageFindings::default() };
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = TreeVisitor { tree: &tree, found: &mut found }.deserialize(&mut reader).and_then(|()| reader.end());
    read.map_err(|e| json_error(&e))?;
    if let Some(path) = found.twice {
        return Err(Malformed::Twice { path }.into_decode_error("JSON"));
    }
    // Equal paths share one slot in the tree, which the last of them owns; the earlier ones get a copy.
    let mut texts: Vec<Option<String>> = found.texts.into_iter().map(|text| text.map(Cow::into_owned)).collect();
    for nth in 0..paths.len() {
        if let Some(same) = (nth + 1..paths.len()).rev().find(|other| paths[*other] == paths[nth]) {
            texts[nth] = texts[same].clone();
        }
    }
    Ok(texts)
}

/// Builds the records of a range of a page, with the texts at `paths`. An unreadable item affects only its own record.
///
/// # Errors
/// Returns [`DecodeError`] if the page as a whole cannot be read.
pub fn decode_items<'a>(
    text: &'a str,
    items: &str,
    paths: &[&str],
    range: RecordRange,
) -> Result<Decoded<'a>, DecodeError> {
    let reader = ItemReader::new(paths);
    let page = read_page(text, items, None, None, range)?;
    let records = page.items.into_iter().zip(range.first..).map(|(item, index)| reader.read(item.0, index)).collect();
    Ok(Decoded { records, total: page.total, ..Decoded::default() })
}

/// Builds the records of a range of a text with one JSON document per line. `left_off` is the number of lines above the
/// text that were left out. An unreadable line affects only its own record.
///
/// # Errors
/// Returns [`DecodeError`] if the text is a web page or an XML document, or exceeds the limits on records.
pub fn decode_lines<'a>(
    text: &'a str,
    paths: &[&str],
    range: RecordRange,
    left_off: u64,
) -> Result<Decoded<'a>, DecodeError> {
    if left_off == 0 {
        reject_web_page(text)?;
    }
    let tree = Tree::new(paths.iter().copied());
    let mut all = Decoded::default();
    for (number, line) in (1 + left_off..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        all.push_record(range, line.len(), |index| RawRecord {
            position: Position::Line(number),
            ..read_item(&tree, paths, line, index)
        })?;
        if all.has_all(range) {
            break;
        }
    }
    Ok(all)
}

fn reject_web_page(text: &str) -> Result<(), DecodeError> {
    if text.trim_start().starts_with('<') {
        return Err(Malformed::WebPage.into_decode_error("JSON lines"));
    }
    Ok(())
}

/// Walks over a text of JSON lines that is read in chunks.
///
/// # Errors
/// Returns the errors of [`decode_lines`], and those of reading the chunks.
pub(super) fn walk_lines(chunks: &mut Chunks<'_>, taken: &mut WindowCollector) -> Result<(), DecodeError> {
    let (mut text, mut number) = (String::new(), 0);
    let (mut more, mut begun) = (true, false);
    while more {
        more = chunks.read_more(&mut text)?;
        let mut done = 0;
        for line in text.split_inclusive('\n').filter(|line| !more || line.ends_with('\n')) {
            (done, number) = (done + line.len(), number + 1);
            if line.trim().is_empty() {
                taken.take_between(line);
                continue;
            }
            if !std::mem::replace(&mut begun, true) {
                reject_web_page(line)?;
            }
            taken.take_record("", line, number)?;
            if taken.is_done() {
                return Ok(());
            }
        }
        text.drain(..done);
        // Rejects a line that has grown too long without ending.
        decode::count_record(0, text.len().saturating_sub(STEP))?;
    }
    taken.is_over = true;
    Ok(())
}

/// Reads one record, with the texts at the paths of the tree.
fn read_item<'a>(tree: &Tree, paths: &[&str], json: &'a str, index: u32) -> RawRecord<'a> {
    let mut found = PageFindings { texts: vec![None; paths.len()], ..PageFindings::default() };
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = TreeVisitor { tree, found: &mut found }.deserialize(&mut reader).and_then(|()| reader.end());
    let fault = |e| json_mask::find_fault(json).unwrap_or_else(|| BrokenRecord::parser(&e));
    let broken = read.err().map(fault).or(found.twice.map(|path| BrokenRecord::Twice { path }));
    RawRecord { broken, ..RawRecord::new(index, Cow::Borrowed(json), found.texts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_what_was_sent() {
        let text = r#"{"d":{"items":[{"a":1.50,"b":{"c":"x\ny","d":null},"e":"  ","f":123456789012345678901},7]}}"#;
        let records =
            decode_items(text, "d.items", &["a", "b.c", "b.d", "e", "f", "g", "b"], RecordRange::ALL).unwrap().records;
        let texts: Vec<Option<&str>> = records[0].texts.iter().map(Option::as_deref).collect();
        let inner = Some(r#"{"c":"x\ny","d":null}"#);
        assert_eq!(texts, [Some("1.50"), Some("x\ny"), None, None, Some("123456789012345678901"), None, inner]);
        assert!(records[1].texts.iter().all(Option::is_none));
    }

    #[test]
    fn an_item_that_cannot_be_read_harms_only_itself() {
        for bad in [r#"{"a":"x\ud83d"}"#, r#"{"x\ud83d":1,"a":"1"}"#, r#"{"b":1e999,"a":"1"}"#, "1e999"] {
            let text = format!(r#"{{"d":{{"items":[{{"a":"1"}},{bad},{{"a":"3"}}]}}}}"#);
            let records = decode_items(&text, "d.items", &["a", "b.c"], RecordRange::ALL).unwrap().records;
            let broken: Vec<bool> = records.iter().map(|r| r.broken.is_some()).collect();
            assert_eq!(broken, [false, true, false], "{bad}");
            assert_eq!((records[1].raw.as_ref(), records[2].texts[0].as_deref()), (bad, Some("3")));
        }
    }

    #[test]
    fn a_document_can_be_the_list_itself() {
        let records = decode_items(r#"[{"a":"1"},{"a":"2"}]"#, "", &["a"], RecordRange::new(1, 9)).unwrap().records;
        assert_eq!((records.len(), records[0].texts[0].as_deref()), (1, Some("2")));
        for bad in [r#"{"code":500}"#, "[1,", "[1] x", ""] {
            assert!(
                matches!(decode_items(bad, "", &["a"], RecordRange::ALL), Err(DecodeError::Malformed { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_page_is_whole_or_refused() {
        let read = |text| {
            read_page(
                text,
                "d.items",
                Some(SuccessCondition { path: "code", value: "0" }),
                Some("d.next"),
                RecordRange::ALL,
            )
        };
        let good = read(r#"{"code":0,"d":{"next":"t1","items":[1,2]}}"#).unwrap();
        assert_eq!((good.items.len(), good.next.as_deref()), (2, Some("t1")));
        let refused = read(r#"{"code":500,"message":"no"}"#).unwrap_err();
        assert_eq!(refused, DecodeError::Refused { path: "code".into(), found: "500".into(), expected: "0".into() });
        for bad in
            [r#"{"code":0,"d":{"items":[1,"#, r#"{"code":0,"d":{"items":[]}} x"#, r#"{"code":0,"d":{}}"#, "[]", ""]
        {
            assert!(matches!(read(bad), Err(DecodeError::Malformed { .. })), "{bad}");
        }
    }
}
