//! Makes a text harmless for a terminal or a log: characters that move the cursor, end a line or turn the direction of
//! writing are shown by their number, `\u{202e}`, and do nothing.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns whether a character acts on a terminal instead of being shown: a control character, a separator of lines or
/// paragraphs, or a mark that changes the direction of the text after it.
#[must_use]
pub fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{206F}')
}

/// Escapes every active character, line breaks and tabs included. The result is one line.
#[must_use]
pub fn escape_line(text: &str) -> Cow<'_, str> {
    escape(text, is_active)
}

/// Escapes every active character except line breaks and tabs. For a text whose lines we wrote ourselves.
#[must_use]
pub fn escape_lines(text: &str) -> Cow<'_, str> {
    escape(text, |c| is_active(c) && !matches!(c, '\n' | '\t'))
}

/// Escapes the active characters of JSON in one line, as `\u202e`: its value stays the same. JSON has them only within
/// texts.
#[must_use]
pub fn escape_json(json: &str) -> Cow<'_, str> {
    if !json.chars().any(is_active) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_active(c) {
            // All active characters are below U+10000, so they need no pair of surrogates. Writing to a String succeeds.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_escaped(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All characters that have to be escaped, written down apart from the product's list.
    fn list_active() -> Vec<char> {
        let ranges = [(0x00, 0x1F), (0x7F, 0x9F), (0x2028, 0x202E), (0x2066, 0x2069)];
        let all = ranges.into_iter().flat_map(|(first, last)| first..=last).chain([0x61C, 0x200E, 0x200F]);
        all.map(|n| char::from_u32(n).unwrap()).collect()
    }

    #[test]
    fn active_characters_are_escaped_and_others_stay() {
        for c in list_active() {
            let text = format!("课{c}程");
            assert!(!escape_line(&text).contains(is_active), "{text:?}");
            assert_eq!(escape_lines(&text).contains(is_active), matches!(c, '\n' | '\t'), "{text:?}");
            let json = serde_json::to_string(&text).unwrap();
            assert!(!escape_json(&json).contains(is_active), "{text:?}");
            assert_eq!(serde_json::from_str::<String>(&escape_json(&json)).unwrap(), text);
        }
        for text in ["课程 A-1 《导入》（上）", "C:\\new\\table", "买买提·艾力", "👩\u{200D}🏫"] {
            assert!(matches!(escape_line(text), Cow::Borrowed(same) if same == text));
        }
        assert_eq!(escape_line("a\r\n\u{1b}[2J\u{202e}"), "a\\r\\n\\u{1b}[2J\\u{202e}");
        // What is escaped stays as it is when it is escaped again, as an argument within an argument is.
        assert_eq!(escape_line(&escape_line("a\n")), "a\\n");
    }
}
