//! The fan-out of a stream: one listing for each value or combination of values.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::failure::{Cause, Failure};
use crate::http::platform::{Platform, Question, RequestTarget};
use crate::http::request::{Values, fill_request};
use crate::http::web::Answer;
use crate::http::words::find_words;
use crate::pull::cursor::Cursor;
use crate::pull::listing::cursor_place;
use crate::pull::page_history::PageFingerprint;
use crate::pull::paging::{self, PagedFormat, Received};
use crate::pull::unpaged;
use huiliu_decode::decode::DecodeError;
use huiliu_decode::parts::Body;
use huiliu_decode::{RecordRange, json};
use huiliu_manifest::format::Encoding;
use huiliu_manifest::stream::Each;
use huiliu_manifest::{Format, Paging, Request, Stream};

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
                    values.iter().map(|v| extend_partition(before, v, [(name.clone(), v.clone())])).collect::<Vec<_>>()
                }
                Each::Parent { name, request, page, ok_path, ok_value, items, fields } => {
                    let here = |value: &str| {
                        value
                            .strip_prefix("each.")
                            .and_then(|of| before.named.get(of).cloned())
                            .or_else(|| values(value))
                    };
                    let (ok_path, ok_value) = (ok_path.clone(), ok_value.clone());
                    let format = Format::Json { items: items.clone(), ok_path, ok_value, encoding: Encoding::Auto };
                    let listing = ParentListing { name, request, paging: page, format: &format, fields };
                    let parents = fetch_parents(platform, &listing, &here).await?;
                    let with_names = |item: Parent| item.into_iter().map(|(field, v)| (format!("{name}.{field}"), v));
                    parents.into_iter().map(|(id, item)| extend_partition(before, &id, with_names(item))).collect()
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

/// The listing of a parent, and how it is read.
struct ParentListing<'m> {
    /// Name of the fan-out.
    name: &'m str,
    request: &'m Request,
    paging: &'m Paging,
    format: &'m Format,
    /// Field → its path in an item.
    fields: &'m BTreeMap<String, String>,
}

/// The fields of one item of a parent's listing.
type Parent = BTreeMap<String, String>;

/// Fetches all pages of a parent's listing, and returns its items with their ids, sorted by id and without duplicates.
/// The pages are followed and judged as those of a stream are.
async fn fetch_parents(
    platform: &Platform,
    listing: &ParentListing<'_>,
    here: &Values<'_>,
) -> Result<Vec<(String, Parent)>, Failure> {
    let ParentListing { name, request, paging, .. } = listing;
    let mut found: BTreeMap<String, Parent> = BTreeMap::new();
    let mut stands = Cursor::default();
    for _ in 0..MAX {
        let asked = paging::page_parameters(paging, stands.page.as_deref());
        let is_paged = !matches!(paging, Paging::None {});
        let values = |value: &str| asked.lookup_value(value).filter(|_| is_paged).or_else(|| here(value));
        let filled = fill_request(request, &platform.endpoint, &|value| values(value).or(Some(String::new())))?;
        let name_of_page = paging::page_name(paging, stands.page.as_deref());
        let place = match is_paged {
            true => format!("{} page {}", filled.path, paging::shorten_name(&name_of_page)),
            false => filled.path.clone(),
        };
        let leads = match (paging, stands.page.as_deref()) {
            (Paging::Link { .. }, Some(link)) => RequestTarget::SameHost(link),
            _ => RequestTarget::Path,
        };
        let (query, values): (_, &Values<'_>) = (&asked.query, &values);
        let question = Question { request, values, query, leads, place: &place, table: None, records_of: None };
        let answer = match platform.request_answer(&question).await {
            Err(f) if stands.beyond && paging::means_no_page(&f) => None,
            answer => answer?,
        };
        let Some(answer) = answer else { return end_parents(name, &stands, found) };
        let Some(page) = read_parents(listing, &stands, &answer).map_err(|f| f.with_place(place.as_str()))? else {
            return end_parents(name, &stands, found);
        };
        for item in page.parents {
            let id = item.get("id").cloned().unwrap_or_default();
            if id.is_empty() || id.contains(char::is_control) {
                return Err(Failure::retryable(Cause::ParentId).with_place(place));
            }
            found.entry(id).or_insert(item);
        }
        let next = page.cursor.page.clone();
        let next = next.map(|next| cursor_place(platform, paging, &filled.path, stands.page.as_deref(), next));
        let cursor = Cursor { page: next.transpose()?, ..page.cursor };
        let Some(next) = &cursor.page else { return end_parents(name, &cursor, found) };
        if found.len() > MAX {
            break;
        }
        paging::check_next_place(next, cursor.empty, &cursor.trail)
            .map_err(|cause| Failure::fatal(cause).with_place(place))?;
        stands = cursor;
    }
    Err(Failure::fatal(Cause::FanOut { stream: (*name).to_owned(), max: MAX }))
}

/// A page of a parent's listing.
struct ParentPage {
    parents: Vec<Parent>,
    /// The position after it, with the place of the next page as the page gives it; no place after the last page.
    cursor: Cursor,
}

/// Reads a page of a parent's listing. Returns `None` if the answer means that there is no such page.
fn read_parents(listing: &ParentListing<'_>, stands: &Cursor, answer: &Answer) -> Result<Option<ParentPage>, Failure> {
    let ParentListing { name, paging, format, fields, .. } = listing;
    let foreign = |why: DecodeError| Failure::retryable(Cause::Undecodable { why: Box::new(why) });
    let body = Body::Text(answer.text().ok_or_else(|| Failure::retryable(Cause::NotText))?.into());
    let (Body::Text(text), Format::Json { items, ok_path, ok_value, .. }) = (&body, format) else { return Ok(None) };
    let success = ok_path.as_deref().zip(ok_value.as_deref());
    let success = success.map(|(path, value)| json::SuccessCondition { path, value });
    let page = match json::read_page(text, items, success, paging::next_path(paging), RecordRange::ALL) {
        Err(why) if stands.beyond && paging::is_past_end(format, &body, &why) => return Ok(None),
        page => page.map_err(|why| foreign(why).with_words(find_words(answer)))?,
    };
    let records = page.total;
    if matches!(paging, Paging::None {})
        && let Some(sign) = unpaged::find_sign_of_more(answer, &body, format, records.into())
    {
        return Err(Failure::fatal(Cause::MorePages { listing: (*name).to_owned(), sign }));
    }
    let known = match records {
        0 => PageFingerprint::default(),
        _ => PageFingerprint::from_page(format, &body, &answer.payload)
            .map_err(|why| Failure::retryable(Cause::Packing { why: why.into() }))?,
    };
    if stands.trail.knows_records(&known) {
        let is_same = stands.trail.repeats_last(&known);
        let cause = if is_same { Cause::PageSameRecords } else { Cause::PagesRepeat };
        return if stands.beyond { Ok(None) } else { Err(Failure::fatal(cause)) };
    }
    let paths: Vec<&str> = fields.values().map(String::as_str).collect();
    let mut parents = Vec::with_capacity(page.items.len());
    for item in &page.items {
        let texts = json::read_texts(item.get(), &paths).map_err(foreign)?;
        parents.push(fields.keys().cloned().zip(texts.into_iter().map(Option::unwrap_or_default)).collect());
    }
    let received = Received {
        answer,
        body: &body,
        records,
        before: stands.received,
        largest: stands.largest,
        total: stands.total,
        next: page.next.map(Cow::into_owned),
        place: stands.page.as_deref(),
    };
    let onward = paging::find_next_page(PagedFormat { paging, format }, &received)?;
    let cursor = Cursor {
        trail: stands.trail.with_page(stands.page.as_deref(), &known),
        page: onward.place,
        beyond: onward.beyond,
        total: onward.total,
        first_total: stands.first_total.or(onward.total),
        received: stands.received + u64::from(records),
        largest: stands.largest.max(records.into()),
        empty: if records == 0 { stands.empty + 1 } else { 0 },
        ..Cursor::default()
    };
    Ok(Some(ParentPage { parents, cursor }))
}

/// Returns the items of a parent's listing that has ended, in the order of their ids.
fn end_parents(name: &str, ended: &Cursor, found: BTreeMap<String, Parent>) -> Result<Vec<(String, Parent)>, Failure> {
    let received = found.len() as u64;
    if let Some(total) = ended.first_total.filter(|total| received < *total) {
        return Err(Failure::fatal(Cause::ParentShort { listing: name.to_owned(), received, total }));
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by(|(a, _), (b, _)| compare_ids(a, b));
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
