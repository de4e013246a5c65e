//! Places of records, translated for people.
//!
//! A stored place counts items from 0: `/path page 3 item 0` is the first item of that page. This form stays, so that
//! old and new rows are read alike. For people, items count from 1: `/path page 3, item 1`. Lines of files and rows of
//! sheets are stored as people count them, from 1.

use std::borrow::Cow;

use crate::Language;

/// Translates a stored place. A text that is not the place of a page, item, line or row stays unchanged, as does a
/// place that is already in English words.
#[must_use]
pub fn localize_place(language: Language, place: &str) -> Cow<'_, str> {
    find_words(language, place).map_or(Cow::Borrowed(place), Cow::Owned)
}

fn find_words(language: Language, place: &str) -> Option<String> {
    if let Some((payload, n)) = split_number(place, " item ") {
        let (payload, n) = match payload.strip_suffix(',') {
            Some(payload) => (payload, n.to_owned()),
            None => (payload, n.parse::<u64>().ok()?.checked_add(1)?.to_string()),
        };
        let payload = localize_place(language, payload);
        return Some(match language {
            Language::English => format!("{payload}, item {n}"),
            Language::Chinese if payload.ends_with(|c: char| c.is_ascii()) => format!("{payload} 第 {n} 条"),
            Language::Chinese => format!("{payload}第 {n} 条"),
        });
    }
    for word in [" line ", " row "] {
        if let Some((payload, n)) = split_number(place, word) {
            let payload = localize_place(language, payload);
            return Some(match language {
                Language::English => format!("{payload}{word}{n}"),
                Language::Chinese => format!("{payload} 第 {n} 行"),
            });
        }
    }
    translate_page(language, place)
}

/// Splits a place that ends with a word and a number: returns the text before the word, and the number.
fn split_number<'p>(place: &'p str, word: &str) -> Option<(&'p str, &'p str)> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    place.rsplit_once(word).filter(|(_, n)| is_number(n))
}

/// Translates a page as HTTP connectors name it: `/path page 3`, `/path page first (class=12)`.
fn translate_page(language: Language, place: &str) -> Option<String> {
    let first = |path: &str| match language {
        Language::English => format!("{path} first page"),
        Language::Chinese => format!("{path} 首页"),
    };
    if !place.starts_with('/') {
        return None;
    }
    if let Some((page, of)) = place.split_once(" (").and_then(|(page, of)| Some((page, of.strip_suffix(')')?))) {
        let page = translate_page(language, page)?;
        return Some(match language {
            Language::English => format!("{page} ({of})"),
            Language::Chinese => format!("{page}（{of}）"),
        });
    }
    // Already in English words.
    if let Some(path) = place.strip_suffix(" first page") {
        return Some(first(path));
    }
    let (path, page) = place.rsplit_once(" page ")?;
    match (page, language) {
        ("first", _) => Some(first(path)),
        (_, Language::English) => None,
        _ if page.contains([' ', ':', '：', '/']) => None,
        _ => Some(format!("{path} 第 {page} 页")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_places_are_said_in_both_languages_and_items_count_from_1() {
        for (stored, english, chinese) in [
            ("CMCC_20140911.csv line 12", "CMCC_20140911.csv line 12", "CMCC_20140911.csv 第 12 行"),
            ("/a/r.xml page 3 item 0", "/a/r.xml page 3, item 1", "/a/r.xml 第 3 页第 1 条"),
            ("/api page first item 7", "/api first page, item 8", "/api 首页第 8 条"),
            ("records.json item 0", "records.json, item 1", "records.json 第 1 条"),
            ("a.zip › b.json item 9", "a.zip › b.json, item 10", "a.zip › b.json 第 10 条"),
            (
                "LEGO_20140930.xlsx › 第一期 row 7",
                "LEGO_20140930.xlsx › 第一期 row 7",
                "LEGO_20140930.xlsx › 第一期 第 7 行",
            ),
            ("/api page first (class=12)", "/api first page (class=12)", "/api 首页（class=12）"),
            ("/api page 2 (class=12) item 0", "/api page 2 (class=12), item 1", "/api 第 2 页（class=12）第 1 条"),
            ("a line of text.csv", "a line of text.csv", "a line of text.csv"),
        ] {
            assert_eq!(localize_place(Language::English, stored), english);
            assert_eq!(localize_place(Language::Chinese, stored), chinese);
            // A place that was stored in English words is translated, and its number is not raised again.
            assert_eq!(localize_place(Language::English, english), english);
            assert_eq!(localize_place(Language::Chinese, english), chinese);
        }
    }
}
