//! JSON samples: the lists of objects in a document, each object laid flat.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::infer::layout::{Layout, Paging};
use crate::infer::sniff::Text;
use crate::infer::table::{Cell, MAX_COLUMNS, MAX_ROWS, Table};
use crate::infer::{BrokenSample, InferError, SampleForm};

/// Objects in objects that are laid flat.
const MAX_DEPTH: usize = 8;

/// A JSON value with its members in the order they were written.
#[derive(Debug)]
enum Node {
    Null,
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// A step from the document to what is looked at.
#[derive(Clone, Copy)]
struct Step<'n> {
    /// The name of the member that leads on.
    name: &'n str,
    /// The object that has it.
    parent: &'n Node,
}

/// A text that stands alone, and not in a list.
struct Scalar<'n> {
    /// Its dotted path.
    path: String,
    /// Nothing for null.
    text: &'n str,
}

/// The tables of a document, and of a text with an object per line.
pub(super) fn tables(of: &Text, lines: bool) -> Result<Vec<Table>, InferError> {
    let Text { text, encoding } = of;
    let broken = |e: serde_json::Error| InferError::Broken { format: SampleForm::Json, why: BrokenSample::of(&e) };
    if lines {
        // The last line may be cut.
        let rows: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(MAX_ROWS).collect();
        let nodes = rows.iter().map(|line| serde_json::from_str::<Node>(line));
        let records: Vec<Vec<Cell>> = nodes.filter_map(Result::ok).map(|node| flat(&node)).collect();
        return Ok(vec![Table::gather(Layout::JsonLines { encoding: (*encoding).to_owned() }, records)]);
    }
    let document: Node = serde_json::from_str(text).map_err(broken)?;
    let mut found = Vec::new();
    lists(&document, encoding, &mut vec![], &mut found);
    Ok(found)
}

/// Finds every list of objects that stands in no other list.
fn lists<'n>(node: &'n Node, encoding: &str, trail: &mut Vec<Step<'n>>, found: &mut Vec<Table>) {
    match node {
        Node::List(items) if items.iter().any(|item| matches!(item, Node::Object(_))) => {
            let items_path = path(trail.iter().map(|step| step.name));
            let beside = beside(trail);
            let (verdict, paging) = (verdict(&beside), paging(trail, &beside));
            let layout = Layout::Json { items: items_path, verdict, paging, encoding: encoding.to_owned() };
            found.push(Table::gather(layout, items.iter().take(MAX_ROWS).map(flat).collect()));
        }
        Node::Object(members) if trail.len() < MAX_DEPTH => {
            for (name, child) in members {
                trail.push(Step { name, parent: node });
                lists(child, encoding, trail, found);
                trail.pop();
            }
        }
        _ => {}
    }
}

/// The texts beside a list and above it, the nearest last.
fn beside<'n>(trail: &[Step<'n>]) -> Vec<Scalar<'n>> {
    let mut scalars = Vec::new();
    for (depth, step) in trail.iter().enumerate() {
        let Node::Object(members) = step.parent else { continue };
        let above: Vec<&str> = trail.iter().take(depth).map(|step| step.name).collect();
        for (name, child) in members {
            let at = |inner: Option<&str>| path(above.iter().copied().chain([name.as_str()]).chain(inner));
            match child {
                Node::Text(text) => scalars.push(Scalar { path: at(None), text }),
                Node::Null => scalars.push(Scalar { path: at(None), text: "" }),
                Node::Object(inner) => {
                    scalars.extend(inner.iter().filter_map(|(leaf, node)| match node {
                        Node::Text(text) => Some(Scalar { path: at(Some(leaf)), text }),
                        Node::Null => Some(Scalar { path: at(Some(leaf)), text: "" }),
                        _ => None,
                    }));
                }
                Node::List(_) => {}
            }
        }
    }
    scalars
}

/// The last name of a path, in small letters without separators.
fn last_name(path: &str) -> String {
    let name = path.strip_suffix('\'').and_then(|p| p.rsplit_once('\'')).map_or(path, |(_, name)| name);
    let name = if name == path { path.rsplit('.').next().unwrap_or(path) } else { name };
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What says that an answer is a good one: a code that is 0 or 200, or a success that is true.
fn verdict(beside: &[Scalar<'_>]) -> Option<(String, String)> {
    let good = |name: &str, text: &str| match name {
        "code" | "errcode" | "errorcode" | "retcode" | "resultcode" | "status" | "ret" | "statuscode"
        | "returncode" => ["0", "00", "000", "0000", "200", "1", "ok", "OK", "success", "SUCCESS"].contains(&text),
        "success" | "issuccess" | "ok" => text == "true",
        _ => false,
    };
    let found = beside.iter().find(|scalar| good(&last_name(&scalar.path), scalar.text));
    found.map(|scalar| (scalar.path.clone(), scalar.text.to_owned()))
}

fn paging(trail: &[Step<'_>], beside: &[Scalar<'_>]) -> Option<Paging> {
    if trail.is_empty() {
        return None;
    }
    let named = |names: &[&str]| beside.iter().find(|scalar| names.contains(&last_name(&scalar.path).as_str()));
    let next = ["next", "nextpage", "nextlink", "nexturl", "odatanextlink", "nextpageurl", "more"];
    let token = ["nextpagetoken", "nexttoken", "nextcursor", "pagetoken", "cursor", "continuation", "scrollid"];
    if let Some(scalar) = named(&token) {
        return Some(Paging::Token { next: scalar.path.clone() });
    }
    // A next page may be a link or a number.
    if let Some(Scalar { path, text }) = named(&next)
        && (text.is_empty() || text.contains('/'))
    {
        return Some(Paging::Link { next: path.clone() });
    }
    let size = named(&["size", "pagesize", "limit", "perpage", "rows", "numperpage", "pagelimit"]);
    let page = named(&["page", "pageno", "pagenum", "pageindex", "current", "currentpage", "pagenumber", "pn"]);
    let total = named(&[
        "total",
        "totalcount",
        "count",
        "pages",
        "pagecount",
        "totalpages",
        "totalpage",
        "hasmore",
        "hasnext",
        "recordcount",
        "totalrecords",
        "totalelements",
        "lastpage",
    ]);
    let name = |found: Option<&Scalar<'_>>| {
        found.map(|Scalar { path, .. }| path.rsplit('.').next().unwrap_or(path).to_owned())
    };
    (page.is_some() || size.is_some() || total.is_some()).then(|| Paging::Number { page: name(page), size: name(size) })
}

/// An object's texts at their dotted paths. A list in it is left out: it is records of another kind.
fn flat(node: &Node) -> Vec<Cell> {
    let mut cells = Vec::new();
    flatten(node, &mut vec![], &mut cells);
    cells
}

fn flatten<'n>(node: &'n Node, trail: &mut Vec<&'n str>, cells: &mut Vec<Cell>) {
    match node {
        Node::Object(members) if trail.len() < MAX_DEPTH => {
            for (name, child) in members {
                trail.push(name);
                flatten(child, trail, cells);
                trail.pop();
            }
        }
        Node::Text(text) if !text.trim().is_empty() && cells.len() < MAX_COLUMNS => {
            let words = trail.iter().map(|name| (*name).to_owned()).collect();
            cells.push(Cell { path: path(trail.iter().copied()), words, text: text.clone() });
        }
        _ => {}
    }
}

/// Names as a dotted path; a name with dots stands in single quotes.
fn path<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let quoted = names.map(|name| if name.contains('.') { format!("'{name}'") } else { name.to_owned() });
    quoted.collect::<Vec<_>>().join(".")
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(Reader)
    }
}

/// Builds a [`Node`]. Its depth is bounded by the parser.
struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Node, E> {
        Ok(Node::Text(truth.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Text(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Text(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Text(number.to_string()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }
}
