//! Translates places as they are stored, such as `/path page 3` and `file.xlsx › sheet row 6`.

use std::borrow::Cow;

use crate::Language;

/// Returns a place in a language. A text that is not the place of a page, item, line or row stays the same.
#[must_use]
pub fn localize_place(language: Language, place: &str) -> Cow<'_, str> {
    match language {
        Language::English => Cow::Borrowed(place),
        Language::Chinese => translate_to_chinese(place).map_or(Cow::Borrowed(place), Cow::Owned),
    }
}

fn translate_to_chinese(place: &str) -> Option<String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    for (word, before, after) in [(" item ", " 序号 ", ""), (" line ", " 第 ", " 行"), (" row ", " 第 ", " 行")] {
        if let Some((payload, n)) = place.rsplit_once(word).filter(|(_, n)| is_number(n)) {
            return Some(format!("{}{before}{n}{after}", localize_place(Language::Chinese, payload)));
        }
    }
    translate_page(place)
}

/// Translates a page as HTTP connectors name it: `/path page 3`, `/path page first (class=12)`.
fn translate_page(place: &str) -> Option<String> {
    let (path, page) = place.rsplit_once(" page ").filter(|(path, _)| path.starts_with('/'))?;
    if let Some((page, of)) = page.split_once(" (").and_then(|(page, of)| Some((page, of.strip_suffix(')')?))) {
        return Some(format!("{}（{of}）", self::translate_page(&format!("{path} page {page}"))?));
    }
    match page {
        "first" => Some(format!("{path} 首页")),
        _ if page.contains([' ', ':', '：', '/']) => None,
        _ => Some(format!("{path} 第 {page} 页")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_said_in_chinese() {
        for (english, expected) in [
            ("CMCC_20140911.csv line 12", "CMCC_20140911.csv 第 12 行"),
            ("/intel/records.xml page 3 item 0", "/intel/records.xml 第 3 页 序号 0"),
            ("/api page first item 7", "/api 首页 序号 7"),
            ("LEGO_20140930.xlsx › 第一期 row 7", "LEGO_20140930.xlsx › 第一期 第 7 行"),
            ("/api page first (class=12)", "/api 首页（class=12）"),
            ("a line of text.csv", "a line of text.csv"),
        ] {
            assert_eq!(localize_place(Language::Chinese, english), expected);
            assert_eq!(localize_place(Language::English, english), english);
        }
    }
}
