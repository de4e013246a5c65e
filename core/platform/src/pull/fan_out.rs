//! The fan-out of a stream: one listing for each value or combination of values.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::failure::{Cause, Failure};
use crate::http::platform::{Platform, Question, RequestTarget};
use crate::http::request::Values;
use huiliu_decode::decode::DecodeError;
use huiliu_decode::{RecordRange, json};
use huiliu_manifest::stream::Each;
use huiliu_manifest::{Request, Stream};

/// Maximum number of partitions of one stream.
const MAX: usize = 10_000;

/// One combination of values, read as a listing of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Partition {
    /// One value for each fan-out, in order: a list's value or a parent's id.
    pub(crate) values: Vec<String>,
    /// The values by the names that requests and mappings use: `class`, or `class.id`.
    pub(crate) named: BTreeMap<String, String>,
}

/// Returns the names of a stream's fan-outs.
pub(crate) fn fan_out_names(stream: &Stream) -> Vec<&str> {
    stream.each.iter().map(|(Each::List { name, .. } | Each::Parent { name, .. })| name.as_str()).collect()
}

/// Returns the partitions of a stream in the order in which they are read; one without values if there is no fan-out.
///
/// # Errors
/// [`Failure`] of a parent's listing, or if there are more than 10,000 partitions.
pub(crate) async fn list_partitions(
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
                    values.iter().map(|v| extend_partition(before, v, [(name.clone(), v.clone())])).collect()
                }
                Each::Parent { name, request, items, fields } => {
                    let here = |value: &str| {
                        value
                            .strip_prefix("each.")
                            .and_then(|of| before.named.get(of).cloned())
                            .or_else(|| values(value))
                    };
                    fetch_parents(platform, request, items, fields, &here)
                        .await?
                        .into_iter()
                        .map(|item| {
                            let id = item.get("id").cloned().unwrap_or_default();
                            extend_partition(
                                before,
                                &id,
                                item.into_iter().map(|(field, v)| (format!("{name}.{field}"), v)),
                            )
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

fn extend_partition(before: &Partition, value: &str, named: impl IntoIterator<Item = (String, String)>) -> Partition {
    let mut partition = before.clone();
    partition.values.push(value.to_owned());
    partition.named.extend(named);
    partition
}

/// Fetches the records of a parent's listing, sorted by id and without duplicates. The records are found at the path
/// `items`; of each, the texts at the paths of `fields` are returned.
async fn fetch_parents(
    platform: &Platform,
    request: &Request,
    items: &str,
    fields: &BTreeMap<String, String>,
    here: &Values<'_>,
) -> Result<Vec<BTreeMap<String, String>>, Failure> {
    let place = crate::http::request::fill_request(request, &platform.endpoint, &|name: &str| {
        here(name).or(Some(String::new()))
    })?
    .path;
    let question = Question {
        request,
        values: here,
        query: &[],
        leads: RequestTarget::Path,
        place: &place,
        table: None,
        records_of: None,
    };
    let Some(answer) = platform.request_answer(&question).await? else { return Ok(vec![]) };
    let passing = |cause: Cause| Failure::retryable(cause).with_place(place.as_str());
    let foreign = |why: DecodeError| passing(Cause::Undecodable { why: Box::new(why) });
    let text = answer.text().ok_or_else(|| passing(Cause::NotText))?;
    let page = json::read_page(&text, items, None, None, RecordRange::ALL).map_err(foreign)?;
    let paths: Vec<&str> = fields.values().map(String::as_str).collect();
    let mut found = Vec::with_capacity(page.items.len());
    for item in page.items {
        let texts = json::read_texts(item.get(), &paths).map_err(foreign)?;
        let item: BTreeMap<String, String> =
            fields.keys().cloned().zip(texts.into_iter().map(Option::unwrap_or_default)).collect();
        if item.get("id").is_none_or(|id| id.is_empty() || id.contains(char::is_control)) {
            return Err(passing(Cause::ParentId));
        }
        found.push(item);
    }
    let id = |item: &BTreeMap<String, String>| item.get("id").cloned().unwrap_or_default();
    found.sort_by(|a, b| compare_ids(&id(a), &id(b)));
    found.dedup_by(|a, b| id(a) == id(b));
    Ok(found)
}

/// Orders ids: numbers by value and before everything else.
fn compare_ids(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(x), Ok(y)) => x.cmp(&y).then_with(|| a.cmp(b)),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

/// Returns the position of the partition with these values. If it no longer exists, that is the first one that would
/// follow it, if any.
pub(crate) fn find_partition(stream: &Stream, all: &[Partition], values: &[String]) -> Option<usize> {
    if values.is_empty() {
        return (!all.is_empty()).then_some(0);
    }
    let order = |partition: &Partition| {
        let pairs = stream.each.iter().zip(partition.values.iter().zip(values));
        pairs.map(|(each, (a, b))| compare_values(each, a, b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
    };
    all.iter().position(|partition| order(partition).is_ge())
}

fn compare_values(each: &Each, a: &str, b: &str) -> Ordering {
    match each {
        Each::List { values, .. } => {
            let place = |value: &str| values.iter().position(|v| v == value);
            place(a).cmp(&place(b))
        }
        Each::Parent { .. } => compare_ids(a, b),
    }
}

/// Returns the values as JSON, as they are stored with the payload; `None` without a fan-out.
pub(crate) fn values_json(named: &BTreeMap<String, String>) -> Option<String> {
    (!named.is_empty()).then(|| Value::from_iter(named.iter().map(|(k, v)| (k.clone(), v.clone()))).to_string())
}
