//! From page to page: what a page is asked with, and where the next one is.

use std::io;

use reqwest::Url;
use sha2::{Digest as _, Sha256};

use serde::{Deserialize, Serialize};

use crate::failure::{Cause, Failure};
use crate::http::web::Answer;
use huiliu_decode::decode::{self, DecodeError};
use huiliu_decode::parts::Body;
use huiliu_decode::payload::Payload;
use huiliu_decode::{RecordRange, json};
use huiliu_manifest::stream::PageSize;
use huiliu_manifest::{Format, Paging, Stream};

/// What a page is asked with.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) query: Vec<(String, String)>,
    pub(crate) page: String,
    pub(crate) offset: String,
    pub(crate) size: String,
    pub(crate) token: String,
}

/// The path whose text leads on, where the records are counted in the same reading.
pub(crate) fn next_path(paging: &Paging) -> Option<&str> {
    match paging {
        Paging::Token { next, .. } | Paging::Link { next, .. } => next.as_deref(),
        _ => None,
    }
}

/// What the page at a place is asked with; the first page has none.
pub(crate) fn asked(paging: &Paging, place: Option<&str>) -> Asked {
    let mut asked =
        Asked { page: place.unwrap_or("1").to_owned(), offset: place.unwrap_or("0").to_owned(), ..Asked::default() };
    let (param, value, size) = match paging {
        Paging::None {} => return asked,
        Paging::Number { param, size_param, size, first, .. } => {
            asked.page = place.map_or_else(|| first.0.to_string(), str::to_owned);
            (param, Some(asked.page.clone()), (size_param, size))
        }
        Paging::Offset { param, size_param, size, .. } => (param, Some(asked.offset.clone()), (size_param, size)),
        Paging::Token { param, size_param, size, .. } | Paging::LastRecord { param, size_param, size, .. } => {
            asked.token = place.unwrap_or_default().to_owned();
            (param, place.map(str::to_owned), (size_param, size))
        }
        // A link carries the size on.
        Paging::Link { size_param, size, .. } => (&None, None, (size_param, size)),
    };
    let (size_param, size): (&Option<String>, &PageSize) = size;
    asked.size = size.0.to_string();
    asked.query.extend(param.clone().zip(value));
    asked.query.extend(size_param.clone().map(|param| (param, asked.size.clone())));
    asked
}

/// What people call the page at a place; a link can be long.
pub(crate) fn name<'p>(paging: &'p Paging, place: Option<&'p str>) -> &'p str {
    match (paging, place) {
        (Paging::Number { first, .. }, None) => {
            if first.0 == 0 {
                "0"
            } else {
                "1"
            }
        }
        (_, None) => "first",
        (Paging::Link { .. }, Some(link)) => link.split_once('?').map_or(link, |(_, query)| query),
        (_, Some(place)) => place,
    }
}

/// A page's name, not longer than people read.
pub(crate) fn short(name: &str) -> &str {
    name.char_indices().nth(200).map_or(name, |(end, _)| &name[..end])
}

/// A page that was received.
pub(crate) struct Received<'r> {
    pub(crate) answer: &'r Answer,
    pub(crate) body: &'r Body<'r>,
    /// Raw records in it.
    pub(crate) records: u32,
    /// Those before it in the listing.
    pub(crate) before: u64,
    /// All of the listing, as an earlier page has told.
    pub(crate) total: Option<u64>,
    /// The text at [`next_path`].
    pub(crate) next: Option<String>,
    /// Where it was asked for.
    pub(crate) place: Option<&'r str>,
}

/// The paths at which a page may tell whether there is one more.
#[derive(Clone, Copy)]
struct PagingPaths<'p> {
    /// Of the number of all records of the listing.
    total: Option<&'p str>,
    /// Of whether there is more.
    has_more: Option<&'p str>,
}

/// Where a page leads.
#[derive(Debug, Default)]
pub(crate) struct Onward {
    /// The place of the next page; none after the last.
    pub(crate) place: Option<String>,
    /// Whether that is behind the last page, as the platform counts.
    pub(crate) beyond: bool,
    /// All records of the listing, as the platform counts them.
    pub(crate) total: Option<u64>,
}

/// Where the next page is.
///
/// # Errors
/// What the answer should tell and does not: it is asked for again.
pub(crate) fn next(stream: &Stream, page: &Received<'_>) -> Result<Onward, Failure> {
    let place = match &stream.page {
        Paging::Number { first, size, total, has_more, .. } => {
            let number: u64 = page.place.map_or(Ok(first.0), str::parse).unwrap_or(first.0);
            let behind = (number.saturating_sub(first.0) + 1).saturating_mul(size.0);
            let paths = PagingPaths { total: total.as_deref(), has_more: has_more.as_deref() };
            let onward = page.onward(size, paths, behind)?;
            return Ok(onward.to(|| number.saturating_add(1)));
        }
        Paging::Offset { size, total, .. } => {
            let offset: u64 = page.place.map_or(Ok(0), str::parse).unwrap_or(page.before);
            let step = if page.records == 0 { size.0 } else { page.records.into() };
            let behind = offset.saturating_add(step);
            let paths = PagingPaths { total: total.as_deref(), has_more: None };
            return Ok(page.onward(size, paths, behind)?.to(|| behind));
        }
        _ => leads(stream, page)?,
    };
    Ok(Onward { place, ..Onward::default() })
}

/// Where the page itself says the next one is.
fn leads(stream: &Stream, page: &Received<'_>) -> Result<Option<String>, Failure> {
    let full = |size: &PageSize| u64::from(page.records) >= size.0;
    let given = |text: Option<String>| text.filter(|t| !matches!(t.trim(), "" | "false"));
    Ok(match &stream.page {
        Paging::None {} | Paging::Number { .. } | Paging::Offset { .. } => None,
        Paging::Token { next_header: Some(header), .. } => given(page.answer.header(header).map(str::to_owned)),
        Paging::Token { .. } | Paging::Link { next: Some(_), .. } => given(page.next.clone()),
        Paging::Link { .. } => {
            page.answer.headers.get_all("link").iter().find_map(|value| link_next(value.to_str().ok()?))
        }
        Paging::LastRecord { size, .. } if !full(size) => None,
        Paging::LastRecord { path, .. } => Some(page.last_text(stream, path)?),
    })
}

impl Onward {
    /// To this place, if there is a page more.
    fn to(self, place: impl FnOnce() -> u64) -> Self {
        Self { place: self.place.map(|_| place().to_string()), ..self }
    }
}

impl Received<'_> {
    /// Whether there is a page behind this one, as these paths tell. `behind` is the place
    /// behind its last record, had it as many as were asked for. A full page says more than a total that it has reached.
    fn onward(&self, size: &PageSize, paths: PagingPaths<'_>, behind: u64) -> Result<Onward, Failure> {
        let PagingPaths { total, has_more } = paths;
        let records = u64::from(self.records);
        let (is_empty, is_full) = (records == 0, records >= size.0);
        let is_counted = total.is_some();
        // A page without records need not tell anything, and what it tells may be of itself.
        let total = match total.map(|path| self.total(path)) {
            Some(Err(why)) if !is_empty => return Err(why),
            Some(Ok(total)) if total > 0 || !is_empty => Some(total),
            _ => self.total,
        };
        let says = match has_more.map(|path| self.says_more(path)) {
            Some(Err(_)) if is_empty => Some(false),
            says => says.transpose()?,
        };
        let so_far = if is_empty { behind } else { self.before.saturating_add(records) };
        let is_reached = total.is_some_and(|total| so_far >= total);
        let beyond = is_reached && is_full;
        let by_total = if is_counted { beyond || total.is_some() && !is_reached } else { says.is_some() || is_full };
        let more = by_total && says.unwrap_or(true);
        Ok(Onward { place: more.then(String::new), beyond: beyond && more, total })
    }

    fn text(&self, path: &str) -> Option<String> {
        let Body::Text(text) = self.body else { return None };
        json::texts(text, &[path]).ok()?.into_iter().next()?
    }

    fn total(&self, path: &str) -> Result<u64, Failure> {
        let number = self.text(path).and_then(|text| text.trim().parse().ok());
        number.ok_or_else(|| Failure::passing(Cause::PageTotal { path: path.to_owned() }))
    }

    fn says_more(&self, path: &str) -> Result<bool, Failure> {
        match self.text(path) {
            Some(text) => Ok(matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "y")),
            None => Err(Failure::passing(Cause::PageHasMore { path: path.to_owned() })),
        }
    }

    /// The text at a path of the last record.
    fn last_text(&self, stream: &Stream, path: &str) -> Result<String, Failure> {
        let last = RecordRange::new(self.records.saturating_sub(1), 1);
        let records = decode::decode(&stream.format, self.body, &[path], last)
            .map_err(|why| Failure::passing(Cause::Undecodable { why: Box::new(why) }))?;
        let text = records.first().and_then(|record| record.texts.first().cloned().flatten());
        text.map(|text| text.into_owned())
            .ok_or_else(|| Failure::passing(Cause::PageLastRecord { path: path.to_owned() }))
    }
}

/// The target of the link that leads on (RFC 8288): `<…>; rel="next"`.
fn link_next(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let (parameters, behind) = parameters(after);
        let leads_on = parameters.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("rel")
                && value.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        if leads_on {
            return Some(target.trim().to_owned());
        }
        rest = behind;
    }
    None
}

/// The parameters of one link, and what comes behind the comma that ends it.
fn parameters(text: &str) -> (Vec<(&str, &str)>, &str) {
    let (mut pieces, mut quoted, mut start, mut end) = (Vec::new(), false, 0, text.len());
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ';' if !quoted => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            ',' if !quoted => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    pieces.push(&text[start..end]);
    let pairs = pieces.into_iter().filter_map(|piece| piece.split_once('='));
    (pairs.map(|(name, value)| (name.trim(), value.trim().trim_matches('"'))).collect(), &text[end..])
}

/// A link without its host, and without the parameters that hold a key.
pub(crate) fn without_host(url: &Url, keys: &[&str]) -> String {
    let mut url = url.clone();
    if url.query_pairs().any(|(name, _)| keys.contains(&&*name)) {
        let kept = url.query_pairs().filter(|(name, _)| !keys.contains(&&**name));
        let kept: Vec<(String, String)> = kept.map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

/// Digests of the pages that were received in a listing: the last ones, and one that stays longer and longer. So a circle of
/// any length is noticed, at the latest when it has been gone round three times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trail {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recent: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
    #[serde(default)]
    count: u64,
    /// Of the last page, all bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    last: String,
}

/// How many of the last pages are remembered.
const RECENT: usize = 32;

impl Trail {
    /// Whether nothing was received yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether a page of this place was received.
    pub(crate) fn knows_place(&self, place: Option<&str>) -> bool {
        let digest = digest(place.unwrap_or_default().as_bytes());
        self.all().any(|page| page.starts_with(&digest))
    }

    /// Whether a page of these records was received.
    pub(crate) fn knows(&self, Known { records, .. }: &Known) -> bool {
        !records.is_empty() && self.all().any(|page| page.get(16..) == Some(records))
    }

    /// Whether the last page had the same records, and something else around them.
    pub(crate) fn repeats(&self, Known { records, bytes }: &Known) -> bool {
        self.recent.last().is_some_and(|page| page.get(16..) == Some(records)) && self.last != *bytes
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.recent.iter().chain(&self.mark)
    }

    /// With a page; one without records has nothing to be known by.
    pub(crate) fn with(&self, place: Option<&str>, Known { records, bytes }: &Known) -> Self {
        let page = digest(place.unwrap_or_default().as_bytes()) + records;
        let mut trail = self.clone();
        trail.last.clone_from(bytes);
        trail.count += 1;
        if trail.count.is_power_of_two() {
            trail.mark = Some(page.clone());
        }
        trail.recent.push(page);
        if trail.recent.len() > RECENT {
            trail.recent.remove(0);
        }
        trail
    }
}

/// 16 hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    huiliu_vault::keys::hex_encode(&Sha256::digest(bytes)[..8])
}

/// Of a page what it is known by: digests of its records, and of all that came. A number of the request may stand beside
/// the records.
#[derive(Debug, Default)]
pub(crate) struct Known {
    records: String,
    bytes: String,
}

impl Known {
    /// Of a page with records.
    ///
    /// # Errors
    /// Those of reading it.
    pub(crate) fn of(stream: &Stream, body: &Body<'_>, payload: &Payload) -> io::Result<Self> {
        let mut whole = Sha256::new();
        payload.each(|bytes| whole.update(bytes))?;
        let bytes = huiliu_vault::keys::hex_encode(&whole.finalize()[..8]);
        // Of what is more than text not all records may be at hand.
        let records = match body {
            Body::Text(_) => decode::decode(&stream.format, body, &[], RecordRange::ALL).ok(),
            Body::Parts(_) => None,
        };
        let records = records.map(|records| {
            let mut all = Sha256::new();
            for record in &records {
                all.update(record.raw.len().to_be_bytes());
                all.update(record.raw.as_bytes());
            }
            huiliu_vault::keys::hex_encode(&all.finalize()[..8])
        });
        Ok(Self { records: records.unwrap_or_else(|| bytes.clone()), bytes })
    }
}

/// Whether a page that is behind the last one by the platform's count is the platform's way to say so: its own error, or an
/// answer without a list.
pub(crate) fn is_nothing(stream: &Stream, body: &Body<'_>, fault: &DecodeError) -> bool {
    match (fault, &stream.format, body) {
        (DecodeError::Refused { .. }, ..) => true,
        (DecodeError::Malformed { .. }, Format::Json { .. }, Body::Text(text)) => json::texts(text, &[]).is_ok(),
        _ => false,
    }
}

/// Whether the page itself is asked where the next one is.
pub(crate) fn asks_more(paging: &Paging) -> bool {
    match paging {
        Paging::Number { total, has_more, .. } => total.is_some() || has_more.is_some(),
        Paging::Offset { total, .. } => total.is_some(),
        Paging::None {} | Paging::Token { next_header: Some(_), .. } | Paging::Link { next: None, .. } => false,
        Paging::Token { .. } | Paging::Link { .. } | Paging::LastRecord { .. } => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_that_leads_on_is_found_among_others() {
        for (header, next) in [
            (r#"</a?page=2>; rel="next""#, Some("/a?page=2")),
            (r#"</a?page=1>; rel="prev", </a?x=1,2;3&page=3>; title="a, b; c"; rel=next"#, Some("/a?x=1,2;3&page=3")),
            (r#"</last>; rel="last", </x>; REL="start Next""#, Some("/x")),
            (r#"</a>; rel="prev""#, None),
            ("<", None),
            ("", None),
            (r#"<a>;;=;rel"#, None),
        ] {
            assert_eq!(link_next(header).as_deref(), next, "{header}");
        }
    }

    #[test]
    fn a_circle_of_any_length_is_noticed() {
        for length in [1u32, 2, 3, 31, 32, 33, 100, 1_000] {
            let mut trail = Trail::default();
            let noticed = (0..10 * length).find(|n| {
                let place = (n % length).to_string();
                let was_there = trail.knows_place(Some(&place));
                let known = Known { records: digest(place.as_bytes()), bytes: String::new() };
                trail = trail.with(Some(&place), &known);
                was_there
            });
            let noticed = noticed.unwrap_or_else(|| panic!("a circle of {length}"));
            assert!(noticed <= 3 * length && trail.recent.len() <= RECENT, "{length}: {noticed}");
        }
    }
}
