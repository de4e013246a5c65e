//! The fan-out of a stream: one listing for each value, or each combination of values.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::failure::{Cause, Failure};
use crate::http::platform::{Leads, Platform, Question};
use crate::http::request::Values;
use huiliu_decode::decode::DecodeError;
use huiliu_decode::{RecordRange, json};
use huiliu_manifest::stream::Each;
use huiliu_manifest::{Request, Stream};

/// The most partitions of one stream.
const MAX: usize = 10_000;

/// One combination of values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Partition {
    /// A value of each fan-out, in their order: its own, or its id.
    pub(crate) values: Vec<String>,
    /// As requests and maps name them: `class`, or `class.id`.
    pub(crate) named: BTreeMap<String, String>,
}

/// What the fan-outs of a stream are called.
pub(crate) fn names(stream: &Stream) -> Vec<&str> {
    stream.each.iter().map(|(Each::List { name, .. } | Each::Parent { name, .. })| name.as_str()).collect()
}

/// The partitions of a stream, in the order they are read; one without values where there is no fan-out.
///
/// # Errors
/// [`Failure`] of a parent's listing, and for more than 10,000.
pub(crate) async fn partitions(
    platform: &Platform,
    stream: &Stream,
    values: &Values<'_>,
) -> Result<Vec<Partition>, Failure> {
    let mut all = vec![Partition::default()];
    for each in &stream.each {
        let mut next = Vec::new();
        for before in &all {
            let found = match each {
                Each::List { name, values } => {
                    values.iter().map(|v| one(before, v, [(name.clone(), v.clone())])).collect()
                }
                Each::Parent { name, request, items, fields } => {
                    let here = |value: &str| {
                        value
                            .strip_prefix("each.")
                            .and_then(|of| before.named.get(of).cloned())
                            .or_else(|| values(value))
                    };
                    parents(platform, request, items, fields, &here)
                        .await?
                        .into_iter()
                        .map(|item| {
                            let id = item.get("id").cloned().unwrap_or_default();
                            one(before, &id, item.into_iter().map(|(field, v)| (format!("{name}.{field}"), v)))
                        })
                        .collect::<Vec<_>>()
                }
            };
            next.extend(found);
            if next.len() > MAX {
                return Err(Failure::fatal(Cause::FanOut { stream: stream.name.clone(), max: MAX }));
            }
        }
        all = next;
    }
    Ok(all)
}

fn one(before: &Partition, value: &str, named: impl IntoIterator<Item = (String, String)>) -> Partition {
    let mut partition = before.clone();
    partition.values.push(value.to_owned());
    partition.named.extend(named);
    partition
}

/// The fields of each record of a parent's listing, by id: the records stand at the path `items`, and of each the texts
/// at the paths of `fields` are taken.
async fn parents(
    platform: &Platform,
    request: &Request,
    items: &str,
    fields: &BTreeMap<String, String>,
    here: &Values<'_>,
) -> Result<Vec<BTreeMap<String, String>>, Failure> {
    let place =
        crate::http::request::fill(request, &platform.endpoint, &|name: &str| here(name).or(Some(String::new())))?.path;
    let question = Question {
        request,
        values: here,
        query: &[],
        leads: Leads::Path,
        place: &place,
        table: None,
        records_of: None,
    };
    let Some(answer) = platform.ask(&question).await? else { return Ok(vec![]) };
    let passing = |cause: Cause| Failure::passing(cause).at(place.as_str());
    let foreign = |why: DecodeError| passing(Cause::Undecodable { why: Box::new(why) });
    let text = answer.text().ok_or_else(|| passing(Cause::NotText))?;
    let page = json::page(&text, items, None, None, RecordRange::ALL).map_err(foreign)?;
    let paths: Vec<&str> = fields.values().map(String::as_str).collect();
    let mut found = Vec::with_capacity(page.items.len());
    for item in page.items {
        let texts = json::texts(item.get(), &paths).map_err(foreign)?;
        let item: BTreeMap<String, String> =
            fields.keys().cloned().zip(texts.into_iter().map(Option::unwrap_or_default)).collect();
        if item.get("id").is_none_or(|id| id.is_empty() || id.contains(char::is_control)) {
            return Err(passing(Cause::ParentId));
        }
        found.push(item);
    }
    let id = |item: &BTreeMap<String, String>| item.get("id").cloned().unwrap_or_default();
    found.sort_by(|a, b| by_id(&id(a), &id(b)));
    found.dedup_by(|a, b| id(a) == id(b));
    Ok(found)
}

/// Numbers by their size, and before all else.
fn by_id(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(x), Ok(y)) => x.cmp(&y).then_with(|| a.cmp(b)),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

/// Where the partition with these values stands; if it is gone, the first that would come after it, or none.
pub(crate) fn find(stream: &Stream, all: &[Partition], values: &[String]) -> Option<usize> {
    if values.is_empty() {
        return (!all.is_empty()).then_some(0);
    }
    let order = |partition: &Partition| {
        let pairs = stream.each.iter().zip(partition.values.iter().zip(values));
        pairs.map(|(each, (a, b))| in_order(each, a, b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
    };
    all.iter().position(|partition| order(partition).is_ge())
}

fn in_order(each: &Each, a: &str, b: &str) -> Ordering {
    match each {
        Each::List { values, .. } => {
            let place = |value: &str| values.iter().position(|v| v == value);
            place(a).cmp(&place(b))
        }
        Each::Parent { .. } => by_id(a, b),
    }
}

/// The values as the payload keeps them; nothing without a fan-out.
pub(crate) fn kept(named: &BTreeMap<String, String>) -> Option<String> {
    (!named.is_empty()).then(|| Value::from_iter(named.iter().map(|(k, v)| (k.clone(), v.clone()))).to_string())
}
