//! From page to page: what a page is asked with, and where the next one is.

use std::io;

use reqwest::Url;
use sha2::{Digest as _, Sha256};

use serde::{Deserialize, Serialize};

use super::Failure;
use super::web::Answer;
use crate::manifest::stream::PageSize;
use crate::manifest::{Paging, Stream};
use crate::payload::Payload;
use crate::stages::parts::Body;
use crate::stages::{decode, json};

/// What a page is asked with.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) query: Vec<(String, String)>,
    pub(super) page: String,
    pub(super) offset: String,
    pub(super) size: String,
    pub(super) token: String,
}

/// The path whose text leads on, where the records are counted in the same reading.
pub(super) fn next_path(paging: &Paging) -> Option<&str> {
    match paging {
        Paging::Token { next, .. } | Paging::Link { next, .. } => next.as_deref(),
        _ => None,
    }
}

/// What the page at a place is asked with; the first page has none.
pub(super) fn asked(paging: &Paging, place: Option<&str>) -> Asked {
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

/// What people call the page at a place.
pub(super) fn name<'p>(paging: &'p Paging, place: Option<&'p str>) -> &'p str {
    let name = match (paging, place) {
        (Paging::Number { first, .. }, None) => return if first.0 == 0 { "0" } else { "1" },
        (_, None) => return "first",
        (Paging::Link { .. }, Some(link)) => link.split_once('?').map_or(link, |(_, query)| query),
        (_, Some(place)) => place,
    };
    name.char_indices().nth(200).map_or(name, |(end, _)| &name[..end])
}

/// A page that was received.
pub(super) struct Received<'r> {
    pub(super) answer: &'r Answer,
    pub(super) body: &'r Body<'r>,
    /// Raw records in it.
    pub(super) records: u32,
    /// Those before it in the listing.
    pub(super) before: u64,
    /// The text at [`next_path`].
    pub(super) next: Option<String>,
    /// Where it was asked for.
    pub(super) place: Option<&'r str>,
}

/// Where the next page is; none after the last.
///
/// # Errors
/// What the answer should tell, in words.
pub(super) fn next(stream: &Stream, page: &Received<'_>) -> Result<Option<String>, Failure> {
    let full = |size: &PageSize| u64::from(page.records) >= size.0;
    let so_far = page.before + u64::from(page.records);
    let given = |text: Option<String>| text.filter(|t| !t.trim().is_empty());
    Ok(match &stream.page {
        Paging::None {} => None,
        Paging::Number { first, size, total, has_more, .. } => {
            let number: u64 = page.place.map_or(Ok(first.0), str::parse).unwrap_or(first.0);
            let more = page.records > 0
                && match (total, has_more) {
                    (None, None) => full(size),
                    _ => {
                        total.as_ref().map_or(Ok(true), |path| page.total(path).map(|total| so_far < total))?
                            && has_more.as_ref().map_or(Ok(true), |path| page.says_more(path))?
                    }
                };
            more.then(|| (number + 1).to_string())
        }
        Paging::Offset { size, total, .. } => {
            let more = page.records > 0
                && total.as_ref().map_or(Ok(full(size)), |path| page.total(path).map(|total| so_far < total))?;
            more.then(|| so_far.to_string())
        }
        Paging::Token { next_header: Some(header), .. } => given(page.answer.header(header).map(str::to_owned)),
        Paging::Token { .. } | Paging::Link { next: Some(_), .. } => given(page.next.clone()),
        Paging::Link { .. } => {
            page.answer.headers.get_all("link").iter().find_map(|value| link_next(value.to_str().ok()?))
        }
        Paging::LastRecord { size, .. } if !full(size) => None,
        Paging::LastRecord { path, .. } => Some(page.last_text(stream, path)?),
    })
}

impl Received<'_> {
    fn text(&self, path: &str) -> Option<String> {
        let Body::Text(text) = self.body else { return None };
        json::texts(text, &[path]).ok()?.into_iter().next()?
    }

    fn total(&self, path: &str) -> Result<u64, String> {
        let text = self.text(path);
        text.and_then(|text| text.trim().parse().ok()).ok_or_else(|| format!("no number of all records at {path}"))
    }

    fn says_more(&self, path: &str) -> Result<bool, String> {
        match self.text(path) {
            Some(text) => Ok(matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "y")),
            None => Err(format!("nothing at {path} tells whether there is more")),
        }
    }

    /// The text at a path of the last record.
    fn last_text(&self, stream: &Stream, path: &str) -> Result<String, String> {
        let last = (self.records.saturating_sub(1), 1);
        let records = decode::decode(&stream.format, self.body, &[path], last).map_err(|e| e.to_string())?;
        let text = records.first().and_then(|record| record.texts.first().cloned().flatten());
        text.map(|text| text.into_owned()).ok_or_else(|| format!("the last record has nothing at {path}"))
    }
}

impl From<String> for Failure {
    /// What a page should tell and does not: it is asked for again.
    fn from(why: String) -> Self {
        Self::passing("undecodable", why)
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
pub(super) fn without_host(url: &Url, keys: &[&str]) -> String {
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
pub(super) struct Trail {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recent: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
    #[serde(default)]
    count: u64,
}

/// How many of the last pages are remembered.
const RECENT: usize = 32;

impl Trail {
    /// Whether nothing was received yet.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether a page of this place was received.
    pub(super) fn knows_place(&self, place: Option<&str>) -> bool {
        let digest = digest(place.unwrap_or_default().as_bytes());
        self.all().any(|page| page.starts_with(&digest))
    }

    /// Whether a page of this digest was received.
    pub(super) fn knows_bytes(&self, digest: &str) -> bool {
        self.all().any(|page| page.get(16..) == Some(digest))
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.recent.iter().chain(&self.mark)
    }

    /// With a page of this digest; one without records has none to be known by.
    pub(super) fn with(&self, place: Option<&str>, bytes: &str) -> Self {
        let page = digest(place.unwrap_or_default().as_bytes()) + bytes;
        let mut trail = self.clone();
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
    crate::keys::hex_encode(&Sha256::digest(bytes)[..8])
}

/// Of a page what it is known by.
///
/// # Errors
/// Those of reading it.
pub(super) fn digest_of(payload: &Payload) -> io::Result<String> {
    let mut whole = Sha256::new();
    payload.each(|bytes| whole.update(bytes))?;
    Ok(crate::keys::hex_encode(&whole.finalize()[..8]))
}

/// Whether the page itself is asked where the next one is.
pub(super) fn asks_more(paging: &Paging) -> bool {
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
                let known = trail.knows_place(Some(&place));
                trail = trail.with(Some(&place), &digest(place.as_bytes()));
                known
            });
            let noticed = noticed.unwrap_or_else(|| panic!("a circle of {length}"));
            assert!(noticed <= 3 * length && trail.recent.len() <= RECENT, "{length}: {noticed}");
        }
    }
}
