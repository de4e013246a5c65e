//! Notices that an answer which is taken for a whole listing is only its first page.

use crate::http::web::Answer;
use crate::pull::link_header::find_next_link;
use huiliu_decode::json;
use huiliu_decode::parts::Body;
use huiliu_manifest::Format;

/// Names of flags that say whether there is more.
const FLAGS: [&str; 9] =
    ["has_more", "hasMore", "has_next", "hasNext", "hasNextPage", "has_next_page", "more", "moreItems", "more_items"];
/// Names of texts that lead to the next page.
const TEXTS: [&str; 11] = [
    "'@odata.nextLink'",
    "next",
    "nextLink",
    "next_link",
    "nextPage",
    "next_page",
    "nextPageToken",
    "next_page_token",
    "nextCursor",
    "next_cursor",
    "more",
];
/// The header in which many platforms count the records of a listing.
const TOTAL: &str = "x-total-count";

/// Returns what in an answer says that its listing has more pages: the name of a header, or a path in the document. The
/// document is searched beside the list of records, and at its root. Only the header is searched of a document that is
/// read in windows.
pub(crate) fn find_sign_of_more(answer: &Answer, body: &Body<'_>, format: &Format, records: u64) -> Option<String> {
    // A header that cannot be read says nothing here, because the manifest does not rely on it.
    if find_next_link(&answer.headers).is_ok_and(|link| link.is_some()) {
        return Some("Link".into());
    }
    let total: Option<u64> = answer.header(TOTAL).and_then(|text| text.trim().parse().ok());
    if total.is_some_and(|total| total > records) {
        return Some("X-Total-Count".into());
    }
    let (Format::Json { items, .. }, Body::Text(text)) = (format, body) else { return None };
    // A list at the root has nothing beside it.
    if items.is_empty() {
        return None;
    }
    let beside = items.rsplit_once('.').filter(|_| !items.contains('\'')).map(|(of, _)| format!("{of}."));
    let places = || [Some(String::new()), beside.clone()].into_iter().flatten();
    let is_flag = |text: &str| matches!(text, "true" | "1");
    let is_place =
        |text: &str| text.len() > 1 && !matches!(text, "false" | "true" | "null" | "-1") && !is_composite(text);
    let find = |names: &[&str], says: &dyn Fn(&str) -> bool| {
        let paths: Vec<String> = places().flat_map(|of| names.iter().map(move |name| format!("{of}{name}"))).collect();
        let asked: Vec<&str> = paths.iter().map(String::as_str).collect();
        let texts = json::read_texts(text, &asked).unwrap_or_default();
        let found = paths.iter().zip(texts).find(|(_, text)| text.as_deref().is_some_and(|text| says(text.trim())));
        found.map(|(path, _)| path.clone())
    };
    find(&FLAGS, &is_flag).or_else(|| find(&TEXTS, &is_place))
}

/// Whether a value is an object or a list.
fn is_composite(text: &str) -> bool {
    text.starts_with(['{', '['])
}
