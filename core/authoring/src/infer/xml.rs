//! Reads XML samples: elements with the same name under one parent are records.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::infer::layout::Layout;
use crate::infer::sniff::Text;
use crate::infer::table::{Cell, MAX_COLUMNS, MAX_ROWS, Table};
use crate::infer::{BrokenSample, InferError, SampleForm};

/// Maximum depth of nested elements.
const MAX_DEPTH: usize = 32;
/// Maximum number of elements.
const MAX_ELEMENTS: usize = 400_000;

#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

fn broken_error(why: BrokenSample) -> InferError {
    InferError::Broken { format: SampleForm::Xml, why }
}

/// Returns the tables of a document. A DOCTYPE is refused, as everywhere.
pub(super) fn read_tables(text: &Text) -> Result<Vec<Table>, InferError> {
    let root = parse_document(&text.text)?;
    let mut found = Vec::new();
    find_lists(&[&root], &root.name, text.encoding, &mut vec![], &mut found);
    Ok(found)
}

fn parse_document(text: &str) -> Result<Element, InferError> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut elements = 0;
    loop {
        match reader.read_event().map_err(|e| broken_error(BrokenSample::from_parser_error(&e)))? {
            Event::Start(start) => {
                elements += 1;
                if open.len() >= MAX_DEPTH || elements > MAX_ELEMENTS {
                    return Err(broken_error(BrokenSample::TooDeep { depth: MAX_DEPTH, most: MAX_ELEMENTS }));
                }
                open.push(read_element(&start)?);
            }
            Event::Empty(start) => {
                elements += 1;
                let empty = read_element(&start)?;
                match open.last_mut() {
                    Some(parent) if elements <= MAX_ELEMENTS => parent.children.push(empty),
                    Some(_) => return Err(broken_error(BrokenSample::TooMany { most: MAX_ELEMENTS })),
                    None => return Ok(empty),
                }
            }
            Event::End(_) => {
                let Some(done) = open.pop() else { return Err(broken_error(BrokenSample::EndAlone)) };
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => return Ok(done),
                }
            }
            Event::Text(words) => append_text(&mut open, &words.xml10_content()),
            Event::CData(words) => append_text(&mut open, &words.xml10_content()),
            Event::GeneralRef(reference) => {
                let name = reference.xml10_content();
                let character =
                    reference.resolve_char_ref().map_err(|e| broken_error(BrokenSample::from_parser_error(&e)))?;
                let known = quick_xml::escape::resolve_predefined_entity(&name);
                append_text(&mut open, &character.map(String::from).or(known.map(Into::into)).unwrap_or_default());
            }
            Event::DocType(_) => return Err(broken_error(BrokenSample::Doctype)),
            Event::Eof => return Err(broken_error(BrokenSample::Cut)),
            _ => {}
        }
    }
}

fn append_text(open: &mut [Element], words: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(words);
    }
}

fn read_element(start: &BytesStart<'_>) -> Result<Element, InferError> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| broken_error(BrokenSample::from_parser_error(&e)))?;
        let key = attribute.key;
        let full: &str = key.as_ref();
        if full == "xmlns" || full.starts_with("xmlns:") {
            continue;
        }
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|e| broken_error(BrokenSample::from_parser_error(&e)))?
            .into_owned();
        attributes.push((key.local_name().as_ref().to_owned(), value));
    }
    Ok(Element { name: start.local_name().as_ref().to_owned(), attributes, ..Element::default() })
}

/// Finds every group of elements with the same name at the same place and some content, topmost first. `root` is the
/// name of the root element, `trail` the names below it.
fn find_lists<'e>(
    parents: &[&'e Element],
    root: &str,
    encoding: &str,
    trail: &mut Vec<&'e str>,
    found: &mut Vec<Table>,
) {
    for (name, sisters) in group_by_name(parents.iter().flat_map(|parent| &parent.children)) {
        trail.push(name);
        if sisters.iter().any(|s| !s.children.is_empty() || s.attributes.len() > 1) {
            let item = trail.join(".");
            let layout = Layout::Xml { root: root.to_owned(), item, encoding: encoding.to_owned() };
            found.push(Table::from_records(layout, sisters.iter().take(MAX_ROWS).map(|s| flat_cells(s)).collect()));
        }
        find_lists(&sisters, root, encoding, trail, found);
        trail.pop();
    }
}

/// Groups elements by name, in order of first occurrence.
fn group_by_name<'e>(elements: impl Iterator<Item = &'e Element>) -> Vec<(&'e str, Vec<&'e Element>)> {
    let mut groups: Vec<(&str, Vec<&Element>)> = Vec::new();
    let mut places = HashMap::new();
    for element in elements {
        let at = *places.entry(element.name.as_str()).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, sisters)) => sisters.push(element),
            None if at < MAX_COLUMNS => groups.push((&element.name, vec![element])),
            None => {}
        }
    }
    groups
}

fn flat_cells(element: &Element) -> Vec<Cell> {
    let mut cells = Vec::new();
    flatten_into(element, &mut vec![], &mut cells);
    cells
}

fn flatten_into<'e>(element: &'e Element, trail: &mut Vec<&'e str>, cells: &mut Vec<Cell>) {
    let mut put = |trail: &[&str], attribute: Option<&str>, text: &str| {
        if text.trim().is_empty() || cells.len() >= MAX_COLUMNS {
            return;
        }
        let named = attribute.map(|name| format!("@{name}"));
        let steps = trail.iter().copied().chain(named.as_deref()).collect::<Vec<_>>();
        let words = trail.iter().copied().chain(attribute).map(str::to_owned).collect();
        cells.push(Cell { path: steps.join("."), words, text: text.trim().to_owned() });
    };
    for (name, value) in &element.attributes {
        put(trail, Some(name), value);
    }
    if !trail.is_empty() {
        put(trail, None, &element.text);
    }
    // Repeated elements hold records of another kind, so they are left out.
    let once = group_by_name(element.children.iter()).into_iter().filter(|(_, sisters)| sisters.len() == 1);
    for child in once.flat_map(|(_, sisters)| sisters) {
        trail.push(&child.name);
        flatten_into(child, trail, cells);
        trail.pop();
    }
}
