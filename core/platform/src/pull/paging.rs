//! Moves from page to page: the parameters of each page's request, and where the next page is.

use std::borrow::Cow;

use crate::failure::{Cause, Failure};
use crate::http::web::Answer;
use crate::pull::link_header::find_next_link;
use crate::pull::page_history::PageHistory;
use huiliu_decode::decode::{self, DecodeError};
use huiliu_decode::parts::Body;
use huiliu_decode::{RecordRange, json};
use huiliu_manifest::stream::PageSize;
use huiliu_manifest::{Format, Paging};
use reqwest::Url;

/// Parameters of the request for a page.
#[derive(Debug, Default)]
pub(crate) struct PageParams {
    pub(crate) query: Vec<(String, String)>,
    pub(crate) page: String,
    pub(crate) offset: String,
    pub(crate) size: String,
    pub(crate) token: String,
}

impl PageParams {
    /// Returns the value of a template name of paging.
    pub(crate) fn lookup_value(&self, name: &str) -> Option<String> {
        Some(match name {
            "page" => self.page.clone(),
            "offset" => self.offset.clone(),
            "size" => self.size.clone(),
            "token" => self.token.clone(),
            _ => return None,
        })
    }
}

/// Returns the path of the text that leads to the next page, if that text is read together with counting the records.
pub(crate) fn next_path(paging: &Paging) -> Option<&str> {
    match paging {
        Paging::Token { next, .. } | Paging::Link { next, .. } => next.as_deref(),
        _ => None,
    }
}

/// Returns the parameters of the request for the page at a place; `None` is the first page.
pub(crate) fn page_parameters(paging: &Paging, place: Option<&str>) -> PageParams {
    let mut asked = PageParams {
        page: place.unwrap_or("1").to_owned(),
        offset: place.unwrap_or("0").to_owned(),
        ..PageParams::default()
    };
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
        // The link itself contains the page size.
        Paging::Link { size_param, size, .. } => (&None, None, (size_param, size)),
    };
    let (size_param, size): (&Option<String>, &PageSize) = size;
    asked.size = size.0.to_string();
    asked.query.extend(param.clone().zip(value));
    asked.query.extend(size_param.clone().map(|param| (param, asked.size.clone())));
    asked
}

/// Returns the name of the page at a place, for people; a link can be long. Pages with numbers count from 1, also where the platform counts
/// from 0.
pub(crate) fn page_name<'p>(paging: &Paging, place: Option<&'p str>) -> Cow<'p, str> {
    match (paging, place) {
        (Paging::Number { .. }, None) => "1".into(),
        (Paging::Number { first, .. }, Some(place)) => match place.parse::<u64>() {
            Ok(number) if first.0 == 0 => number.saturating_add(1).to_string().into(),
            _ => place.into(),
        },
        (_, None) => "first".into(),
        (Paging::Link { .. }, Some(link)) => link.split_once('?').map_or(link, |(_, query)| query).into(),
        (_, Some(place)) => place.into(),
    }
}

/// Truncates a page's name to 200 characters.
pub(crate) fn shorten_name(name: &str) -> &str {
    name.char_indices().nth(200).map_or(name, |(end, _)| &name[..end])
}

/// What a manifest says about reading a listing page by page.
#[derive(Clone, Copy)]
pub(crate) struct PagedFormat<'m> {
    pub(crate) paging: &'m Paging,
    /// How records are read from a page.
    pub(crate) format: &'m Format,
}

/// A page that was received, as input for finding the next one.
pub(crate) struct Received<'r> {
    pub(crate) answer: &'r Answer,
    pub(crate) body: &'r Body<'r>,
    /// Number of raw records in it.
    pub(crate) records: u32,
    /// Number of records before it in the listing.
    pub(crate) before: u64,
    /// Number of records of the largest page before it in the listing.
    pub(crate) largest: u64,
    /// Total of the listing, as an earlier page gave it.
    pub(crate) total: Option<u64>,
    /// The text at [`next_path`], if the page has it.
    pub(crate) next: Option<String>,
    /// The place it was requested at.
    pub(crate) place: Option<&'r str>,
}

/// How a page may show whether there is another one.
#[derive(Clone, Copy)]
struct PageSigns<'p> {
    /// Number of records that were requested.
    size: &'p PageSize,
    /// Path of the page size that the platform used.
    actual_size: Option<&'p str>,
    /// Where the total number of records in the listing is.
    total: Option<TotalPlace<'p>>,
    /// Path of the flag that says whether there is more.
    has_more: Option<&'p str>,
    /// Whether an earlier page had fewer records than others, although places count pages: records of the pages after it
    /// may have come before, so a total that is reached ends nothing.
    is_uneven: bool,
}

/// Where the total number of records is in an answer.
#[derive(Clone, Copy)]
enum TotalPlace<'p> {
    Path(&'p str),
    Header(&'p str),
}

impl<'p> TotalPlace<'p> {
    fn new(path: &'p Option<String>, header: &'p Option<String>) -> Option<Self> {
        path.as_deref().map(Self::Path).or(header.as_deref().map(Self::Header))
    }
}

/// What follows a page.
#[derive(Debug, Default)]
pub(crate) struct NextPage {
    /// The place of the next page; `None` after the last one.
    pub(crate) place: Option<String>,
    /// Whether that place may not exist: it is beyond the last page by the platform's count, or follows a page that
    /// was shorter than others.
    pub(crate) beyond: bool,
    /// Total of the listing, by the platform's count.
    pub(crate) total: Option<u64>,
    /// Number of records that a full page of this listing has, as far as is known.
    step: u64,
}

/// Determines the next page.
///
/// # Errors
/// [`Failure`] if the answer lacks something that it should say. It is retryable.
pub(crate) fn find_next_page(of: PagedFormat<'_>, page: &Received<'_>) -> Result<NextPage, Failure> {
    match of.paging {
        Paging::Number { first, size, actual_size, total, total_header, has_more, .. } => {
            let number: u64 = page.place.map_or(Ok(first.0), str::parse).unwrap_or(first.0);
            let pages = number.saturating_sub(first.0) + 1;
            let signs = PageSigns {
                size,
                actual_size: actual_size.as_deref(),
                total: TotalPlace::new(total, total_header),
                has_more: has_more.as_deref(),
                is_uneven: page.before < (pages - 1).saturating_mul(page.largest),
            };
            let onward = page.decide_next(signs, |step| pages.saturating_mul(step))?;
            Ok(onward.with_place(|| number.saturating_add(1).to_string()))
        }
        Paging::Offset { size, actual_size, total, total_header, has_more, .. } => {
            let offset: u64 = page.place.map_or(Ok(0), str::parse).unwrap_or(page.before);
            let signs = PageSigns {
                size,
                actual_size: actual_size.as_deref(),
                total: TotalPlace::new(total, total_header),
                has_more: has_more.as_deref(),
                is_uneven: false,
            };
            let onward = page.decide_next(signs, |step| offset.saturating_add(step))?;
            let step = if page.records == 0 { onward.step } else { page.records.into() };
            Ok(onward.with_place(|| offset.saturating_add(step).to_string()))
        }
        Paging::LastRecord { size, actual_size, total, total_header, has_more, path, .. } => {
            let signs = PageSigns {
                size,
                actual_size: actual_size.as_deref(),
                total: None,
                has_more: has_more.as_deref(),
                is_uneven: false,
            };
            // Pages may overlap by a record, so the total ends nothing. It is compared at the end.
            let total = page.read_total_once(TotalPlace::new(total, total_header))?;
            let onward = NextPage { total, ..page.decide_next(signs, |_| page.before)? };
            if onward.place.is_none() {
                return Ok(onward);
            }
            let last = page.last_text(of.format, path)?;
            // Where the next page begins with the record that it continues from, the last page has only that record.
            let is_end = onward.beyond && page.place == Some(&*last);
            Ok(if is_end { NextPage { place: None, ..onward } } else { onward.with_place(|| last) })
        }
        Paging::Token { total, total_header, .. } | Paging::Link { total, total_header, .. } => {
            let total = page.read_total_once(TotalPlace::new(total, total_header))?;
            Ok(NextPage { place: next_from_page(of.paging, page)?, total, ..NextPage::default() })
        }
        Paging::None {} => Ok(NextPage::default()),
    }
}

/// Returns the token of, or the link to, the next page that the page itself gives.
fn next_from_page(paging: &Paging, page: &Received<'_>) -> Result<Option<String>, Failure> {
    let given = |text: Option<String>| text.filter(|t| !matches!(t.trim(), "" | "false"));
    Ok(match paging {
        Paging::None {} | Paging::Number { .. } | Paging::Offset { .. } | Paging::LastRecord { .. } => None,
        Paging::Token { next_header, has_more, end, .. } => {
            let token = match next_header {
                Some(header) => page.answer.header(header).map(str::to_owned),
                None => page.next.clone(),
            };
            let token = given(token).filter(|token| !end.iter().any(|end| end.trim() == token.trim()));
            match has_more.as_deref().map(|path| page.says_more(path)).transpose()? {
                Some(false) => None,
                Some(true) if token.is_none() => return Err(Failure::retryable(Cause::PageTokenMissing)),
                _ => token,
            }
        }
        Paging::Link { next: Some(_), .. } => given(page.next.clone()),
        Paging::Link { .. } => {
            find_next_link(&page.answer.headers).map_err(|header| Failure::fatal(Cause::LinkHeader { header }))?
        }
    })
}

impl NextPage {
    /// Sets the place, if there is another page.
    fn with_place(self, place: impl FnOnce() -> String) -> Self {
        Self { place: self.place.map(|_| place()), ..self }
    }
}

impl Received<'_> {
    /// Decides from what the page shows whether there is another one. A page with fewer records than requested is not
    /// the last, because the platform may give no more per page: only the size that it used, a total, a flag or an empty
    /// page ends the listing. A full page is stronger evidence than a total that is already reached: another page is
    /// then requested, marked as beyond the last. `behind` computes from the size of a full page the position after an
    /// empty page, as if it were full.
    fn decide_next(&self, signs: PageSigns<'_>, behind: impl FnOnce(u64) -> u64) -> Result<NextPage, Failure> {
        let PageSigns { size, actual_size, total, has_more, is_uneven } = signs;
        let records = u64::from(self.records);
        let is_empty = records == 0;
        let used = match actual_size.map(|path| self.read_size(path)) {
            Some(Err(why)) if !is_empty => return Err(why),
            used => used.and_then(Result::ok),
        };
        let is_full = records >= used.map_or(size.0, |used| used.min(size.0));
        let step = used.or(Some(self.largest).filter(|largest| *largest > 0)).unwrap_or(size.0);
        let is_counted = total.is_some();
        // An empty page need not give a total, and a total of 0 may count only the page itself.
        let total = match total.map(|place| self.read_total(place)) {
            Some(Err(why)) if !is_empty => return Err(why),
            Some(Ok(total)) if total > 0 || !is_empty => Some(total),
            _ => self.total,
        };
        let says = has_more.map(|path| self.says_more(path)).transpose()?;
        let so_far = if is_empty { behind(step) } else { self.before.saturating_add(records) };
        let is_reached = total.is_some_and(|total| so_far >= total);
        let beyond_total = is_reached && (is_full || is_uneven && !is_empty);
        let (by_size, beyond_size) = match used {
            Some(_) => (is_full, false),
            None => (!is_empty, !is_full && (self.largest == 0 || records < self.largest)),
        };
        let (more, beyond) = if is_counted {
            (beyond_total || total.is_some() && !is_reached, beyond_total)
        } else if says.is_some() {
            (true, false)
        } else {
            (by_size, beyond_size)
        };
        let more = more && says.unwrap_or(true);
        Ok(NextPage { place: more.then(String::new), beyond: beyond && more, total, step })
    }

    fn text_at(&self, path: &str) -> Option<String> {
        let Body::Text(text) = self.body else { return None };
        json::read_texts(text, &[path]).ok()?.into_iter().next()?
    }

    fn read_total(&self, place: TotalPlace<'_>) -> Result<u64, Failure> {
        let parse = |text: &str| text.trim().parse().ok();
        match place {
            TotalPlace::Path(path) => self
                .text_at(path)
                .and_then(|text| parse(&text))
                .ok_or_else(|| Failure::retryable(Cause::PageTotal { path: path.to_owned() })),
            TotalPlace::Header(header) => self
                .answer
                .header(header)
                .and_then(parse)
                .ok_or_else(|| Failure::retryable(Cause::PageTotalHeader { header: header.to_owned() })),
        }
    }

    /// Returns the total of a listing that it does not end: a page that gives none keeps that of an earlier page.
    fn read_total_once(&self, place: Option<TotalPlace<'_>>) -> Result<Option<u64>, Failure> {
        match place.map(|place| self.read_total(place)) {
            Some(Err(why)) if self.total.is_none() && self.records > 0 => Err(why),
            Some(Ok(total)) => Ok(Some(total)),
            _ => Ok(self.total),
        }
    }

    fn read_size(&self, path: &str) -> Result<u64, Failure> {
        let number = self.text_at(path).and_then(|text| text.trim().parse().ok()).filter(|size| *size > 0);
        number.ok_or_else(|| Failure::retryable(Cause::PageSize { path: path.to_owned() }))
    }

    /// Whether there is more, by the flag at a path. An empty page need not have it.
    fn says_more(&self, path: &str) -> Result<bool, Failure> {
        match self.read_has_more(path) {
            Err(_) if self.records == 0 => Ok(false),
            says => says,
        }
    }

    fn read_has_more(&self, path: &str) -> Result<bool, Failure> {
        match self.text_at(path) {
            Some(text) => Ok(matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "y")),
            None => Err(Failure::retryable(Cause::PageHasMore { path: path.to_owned() })),
        }
    }

    /// Returns the text at a path of the last record.
    fn last_text(&self, format: &Format, path: &str) -> Result<String, Failure> {
        let last = RecordRange::new(self.records.saturating_sub(1), 1);
        let records = decode::decode_records(format, self.body, &[path], last)
            .map_err(|why| Failure::retryable(Cause::Undecodable { why: Box::new(why) }))?;
        let text = records.first().and_then(|record| record.texts.first().cloned().flatten());
        text.map(|text| text.into_owned())
            .ok_or_else(|| Failure::retryable(Cause::PageLastRecord { path: path.to_owned() }))
    }
}

/// Returns a link without its host and without the parameters that hold a key.
pub(crate) fn without_host(url: &Url, keys: &[&str]) -> String {
    let mut url = url.clone();
    if url.query_pairs().any(|(name, _)| keys.contains(&&*name)) {
        let kept = url.query_pairs().filter(|(name, _)| !keys.contains(&&**name));
        let kept: Vec<(String, String)> = kept.map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

/// Maximum length of a token or link to the next page, in bytes, because it is stored in the cursor.
const MAX_TOKEN: usize = 16 << 10;
/// Maximum number of consecutive pages without a record.
const MAX_EMPTY: u64 = 100;

/// Checks that a listing can go on to a place. `empty` is the number of consecutive pages without a record, `trail` the
/// pages received so far.
///
/// # Errors
/// [`Cause`] if the listing would be endless, or the place cannot be stored.
pub(crate) fn check_next_place(place: &str, empty: u64, trail: &PageHistory) -> Result<(), Cause> {
    if empty > MAX_EMPTY {
        return Err(Cause::PagesWithoutRecords { max: MAX_EMPTY });
    }
    if trail.knows_place(Some(place)) {
        return Err(Cause::PageLeadsBack);
    }
    if place.len() > MAX_TOKEN {
        return Err(Cause::PageTokenLong { max: MAX_TOKEN });
    }
    if place.contains(char::is_control) {
        return Err(Cause::PageTokenNotPrintable);
    }
    Ok(())
}

/// Whether an answer beyond the last page (by the platform's count) means that there is nothing more: an error in the
/// platform's own form, or JSON without a list.
pub(crate) fn is_past_end(format: &Format, body: &Body<'_>, fault: &DecodeError) -> bool {
    match (fault, format, body) {
        (DecodeError::Refused { .. }, ..) => true,
        (DecodeError::Malformed { .. }, Format::Json { .. }, Body::Text(text)) => json::read_texts(text, &[]).is_ok(),
        _ => false,
    }
}

/// Whether a failure beyond the last page means that there is nothing more.
pub(crate) fn means_no_page(failure: &Failure) -> bool {
    failure.retry.is_none() && matches!(failure.cause, Cause::Status { .. } | Cause::RuleFail { .. })
}

/// Whether finding the next page needs the body of this one.
pub(crate) fn needs_body(paging: &Paging) -> bool {
    match paging {
        Paging::Number { actual_size, total, has_more, .. } | Paging::Offset { actual_size, total, has_more, .. } => {
            actual_size.is_some() || total.is_some() || has_more.is_some()
        }
        Paging::Token { next_header: Some(_), total, has_more, .. } => total.is_some() || has_more.is_some(),
        Paging::Link { next: None, total, .. } => total.is_some(),
        Paging::None {} => false,
        Paging::Token { .. } | Paging::Link { .. } | Paging::LastRecord { .. } => true,
    }
}
