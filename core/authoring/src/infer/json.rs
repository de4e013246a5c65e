//! Reads JSON samples: finds the lists of objects in a document and flattens each object.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::infer::layout::{Layout, Paging, SuccessMark};
use crate::infer::sniff::Text;
use crate::infer::table::{Cell, MAX_COLUMNS, MAX_ROWS, Table};
use crate::infer::unit;
use crate::infer::{BrokenSample, InferError, SampleForm};

/// Maximum depth of nested objects.
const MAX_DEPTH: usize = 8;

/// A JSON value; members keep their written order.
#[derive(Debug)]
enum Node {
    Null,
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// One step of the path from the document to a node.
#[derive(Clone, Copy)]
struct Step<'n> {
    /// Name of the member that the step follows.
    name: &'n str,
    /// The object that contains the member.
    parent: &'n Node,
}

/// A scalar outside of lists.
struct Scalar<'n> {
    /// Dotted path from the document.
    path: String,
    /// The value as text; empty for null.
    text: &'n str,
}

/// Returns the tables of a document, or of a text with one object per line.
pub(super) fn read_tables(of: &Text, lines: bool) -> Result<Vec<Table>, InferError> {
    let Text { text, encoding } = of;
    let broken = |e: serde_json::Error| InferError::Broken {
        format: SampleForm::Json,
        why: BrokenSample::from_parser_error(&e),
    };
    if lines {
        // The last line may be truncated, so lines that do not parse are skipped.
        let rows: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(MAX_ROWS).collect();
        let nodes = rows.iter().map(|line| serde_json::from_str::<Node>(line));
        let records: Vec<Vec<Cell>> = nodes.filter_map(Result::ok).map(|node| flat_cells(&node)).collect();
        return Ok(vec![Table::from_records(Layout::JsonLines { encoding: (*encoding).to_owned() }, records)]);
    }
    let document: Node = serde_json::from_str(text).map_err(broken)?;
    let mut found = Vec::new();
    find_lists(&document, encoding, &mut vec![], &mut found);
    Ok(found)
}

/// Finds every list of objects that is not inside another list.
fn find_lists<'n>(node: &'n Node, encoding: &str, trail: &mut Vec<Step<'n>>, found: &mut Vec<Table>) {
    match node {
        Node::List(items) if items.iter().any(|item| matches!(item, Node::Object(_))) => {
            let items_path = dotted_path(trail.iter().map(|step| step.name));
            let beside = collect_scalars(trail);
            let (verdict, paging) = (find_verdict(&beside), find_paging(trail, &beside));
            let layout = Layout::Json { items: items_path, verdict, paging, encoding: encoding.to_owned() };
            let mut table = Table::from_records(layout, items.iter().take(MAX_ROWS).map(flat_cells).collect());
            let units = beside.iter().filter(|scalar| {
                let name = last_name(&scalar.path);
                (name.contains("unit") || name.contains("单位")) && unit::unit_of_word(scalar.text).is_some()
            });
            table.notes = units.map(|scalar| format!("单位:{}", scalar.text)).collect();
            found.push(table);
        }
        Node::Object(members) if trail.len() < MAX_DEPTH => {
            for (name, child) in members {
                trail.push(Step { name, parent: node });
                find_lists(child, encoding, trail, found);
                trail.pop();
            }
        }
        _ => {}
    }
}

/// Collects the scalars beside and above a list, nearest last.
fn collect_scalars<'n>(trail: &[Step<'n>]) -> Vec<Scalar<'n>> {
    let mut scalars = Vec::new();
    for (depth, step) in trail.iter().enumerate() {
        let Node::Object(members) = step.parent else { continue };
        let above: Vec<&str> = trail.iter().take(depth).map(|step| step.name).collect();
        for (name, child) in members {
            let at = |inner: Option<&str>| dotted_path(above.iter().copied().chain([name.as_str()]).chain(inner));
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

/// Returns the last name of a path in lower case, without separators.
fn last_name(path: &str) -> String {
    let name = path.strip_suffix('\'').and_then(|p| p.rsplit_once('\'')).map_or(path, |(_, name)| name);
    let name = if name == path { path.rsplit('.').next().unwrap_or(path) } else { name };
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Finds the scalar that marks a successful answer, such as a code of 0 or 200 or a success of true. Returns its path
/// and value.
fn find_verdict(beside: &[Scalar<'_>]) -> Option<SuccessMark> {
    let good = |name: &str, text: &str| match name {
        "code" | "errcode" | "errorcode" | "retcode" | "resultcode" | "status" | "ret" | "statuscode"
        | "returncode" => ["0", "00", "000", "0000", "200", "1", "ok", "OK", "success", "SUCCESS"].contains(&text),
        "success" | "issuccess" | "ok" => text == "true",
        _ => false,
    };
    let found = beside.iter().find(|scalar| good(&last_name(&scalar.path), scalar.text));
    found.map(|scalar| SuccessMark { path: scalar.path.clone(), value: scalar.text.to_owned() })
}

fn find_paging(trail: &[Step<'_>], beside: &[Scalar<'_>]) -> Option<Paging> {
    if trail.is_empty() {
        return None;
    }
    let named = |names: &[&str]| beside.iter().find(|scalar| names.contains(&last_name(&scalar.path).as_str()));
    let next = ["next", "nextpage", "nextlink", "nexturl", "odatanextlink", "nextpageurl", "more"];
    let token = ["nextpagetoken", "nexttoken", "nextcursor", "pagetoken", "cursor", "continuation", "scrollid"];
    if let Some(scalar) = named(&token) {
        return Some(Paging::Token { next: scalar.path.clone() });
    }
    // A next page may be given as a link or as a number; only links count here.
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

/// Returns an object's texts with their dotted paths. Lists inside it are left out, because they hold records of
/// another kind.
fn flat_cells(node: &Node) -> Vec<Cell> {
    let mut cells = Vec::new();
    flatten_into(node, &mut vec![], &mut cells);
    cells
}

fn flatten_into<'n>(node: &'n Node, trail: &mut Vec<&'n str>, cells: &mut Vec<Cell>) {
    match node {
        Node::Object(members) if trail.len() < MAX_DEPTH => {
            for (name, child) in members {
                trail.push(name);
                flatten_into(child, trail, cells);
                trail.pop();
            }
        }
        Node::Text(text) if !text.trim().is_empty() && cells.len() < MAX_COLUMNS => {
            let words = trail.iter().map(|name| (*name).to_owned()).collect();
            cells.push(Cell { path: dotted_path(trail.iter().copied()), words, text: text.clone() });
        }
        _ => {}
    }
}

/// Joins names to a dotted path; a name that a path could not say otherwise is put in single quotes.
fn dotted_path<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let is_plain = |name: &str| {
        !name.contains(['.', '/', '[', ']'])
            && name.trim() == name
            && !name.is_empty()
            && name != "*"
            && !name.starts_with(['$', '\''])
    };
    let quoted = names.map(|name| if is_plain(name) { name.to_owned() } else { format!("'{name}'") });
    quoted.collect::<Vec<_>>().join(".")
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(Reader)
    }
}

/// Builds a [`Node`]. The parser limits the depth.
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
