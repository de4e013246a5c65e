//! Makes JSON readable that has words or characters in some record that JSON does not have: `NaN`, `Infinity`, `007`, or a
//! control character in a string. They are masked so that a parser finds where each record ends; afterwards the record's own
//! text is restored, and only that record is unreadable.
//!
//! Masking is reversible: the marks are code points that no text may exchange (Unicode noncharacters), and those that a
//! text has nevertheless are marked themselves.

use std::borrow::Cow;

use serde_json::Value;

use crate::draft::redact_text;
use crate::problem::BrokenRecord;

/// Before a word that JSON does not have; the masked word is a string.
const WORD: char = '\u{1fffe}';
/// Before a noncharacter that the text itself has.
const ITSELF: char = '\u{1ffff}';
/// The first of 32 noncharacters, one for each control character.
const CONTROLS: char = '\u{fdd0}';
/// Maximum number of bytes in a word; a longer one is left as it is.
const MAX_WORD: usize = 64;

fn mask_control(c: char) -> char {
    char::from_u32(u32::from(CONTROLS) + u32::from(c)).unwrap_or(WORD)
}

fn control_of(mark: char) -> Option<char> {
    let code = u32::from(mark).checked_sub(u32::from(CONTROLS)).filter(|code| *code < 0x20)?;
    char::from_u32(code)
}

fn is_mark(c: char) -> bool {
    matches!(c, WORD | ITSELF) || control_of(c).is_some()
}

/// Returns whether a masked text has anything masked in it.
pub(crate) fn is_masked(text: &str) -> bool {
    text.contains(is_mark)
}

/// Masks a text that comes in pieces.
#[derive(Debug, Default)]
pub(crate) struct Masker {
    in_string: bool,
    escaped: bool,
    /// The word that is being read outside strings.
    word: String,
}

impl Masker {
    /// Appends the masked form of the next piece. The last word is appended with what follows it, or by `finish`.
    pub(crate) fn push(&mut self, text: &str, out: &mut String) {
        for c in text.chars() {
            if self.in_string {
                let ends = c == '"' && !self.escaped;
                self.escaped = c == '\\' && !self.escaped;
                self.in_string = !ends;
                match c {
                    c if c < ' ' => out.push(mask_control(c)),
                    c if is_mark(c) => out.extend([ITSELF, c]),
                    c => out.push(c),
                }
                continue;
            }
            if c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_') {
                self.word.push(c);
                continue;
            }
            self.finish(out);
            self.in_string = c == '"';
            out.push(c);
        }
    }

    /// Appends the word that the text ends with.
    pub(crate) fn finish(&mut self, out: &mut String) {
        if self.word.is_empty() {
            return;
        }
        if self.word.len() > MAX_WORD || serde_json::from_str::<serde::de::IgnoredAny>(&self.word).is_ok() {
            out.push_str(&self.word);
        } else {
            out.extend(['"', WORD]);
            out.push_str(&self.word);
            out.push('"');
        }
        self.word.clear();
    }
}

/// Masks a whole text.
pub(crate) fn mask_text(text: &str) -> String {
    let (mut masker, mut out) = (Masker::default(), String::with_capacity(text.len() + 64));
    masker.push(text, &mut out);
    masker.finish(&mut out);
    out
}

/// Returns the text that a masked text was made of.
pub(crate) fn restore_text(masked: &str) -> Cow<'_, str> {
    if !is_masked(masked) {
        return Cow::Borrowed(masked);
    }
    let mut out = String::with_capacity(masked.len());
    let mut chars = masked.chars();
    while let Some(c) = chars.next() {
        match c {
            ITSELF => out.extend(chars.next()),
            WORD => {
                // The word is between two quotes that masking added.
                out.pop();
                out.extend(chars.by_ref().take_while(|c| *c != '"'));
            }
            c => out.push(control_of(c).unwrap_or(c)),
        }
    }
    Cow::Owned(out)
}

/// Returns what in a record's JSON is not JSON, and where; `None` if it is something else that cannot be read.
pub(crate) fn find_fault(json: &str) -> Option<BrokenRecord> {
    let value: Value = serde_json::from_str(&mask_text(json)).ok()?;
    find_in_value(&value, &mut vec![])
}

fn find_in_value<'v>(value: &'v Value, path: &mut Vec<Cow<'v, str>>) -> Option<BrokenRecord> {
    match value {
        Value::String(text) => find_in_text(text, path),
        Value::Array(items) => items.iter().zip(0_usize..).find_map(|(item, nth)| {
            path.push(Cow::Owned(nth.to_string()));
            find_in_value(item, path).or_else(|| {
                path.pop();
                None
            })
        }),
        Value::Object(fields) => fields.iter().find_map(|(name, item)| {
            path.push(Cow::Borrowed(name));
            find_in_text(name, path).or_else(|| find_in_value(item, path)).or_else(|| {
                path.pop();
                None
            })
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn find_in_text(text: &str, path: &[Cow<'_, str>]) -> Option<BrokenRecord> {
    let path = || redact_text(&restore_text(&path.join(".")));
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ITSELF => _ = chars.next(),
            WORD => return Some(BrokenRecord::NotJson { path: path(), word: redact_text(chars.as_str()) }),
            c => {
                if let Some(control) = control_of(c) {
                    let character = format!("U+{:04X}", u32::from(control));
                    return Some(BrokenRecord::ControlCharacter { path: path(), character });
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_text_is_json_and_comes_back_as_it_was() {
        for text in [
            "[{\"a\":NaN,\"b\":-Infinity},{\"a\":007,\"b\":[.5,+1]}]",
            "{\"a\":\"x\u{1}y\\\"\n\u{fdd1}\u{1fffe}\",\"b\":true,\"c\":-1.5e+7,\"d\":null}",
            "{\"NaN\":\"Infinity\",\"a\tb\":undefined}",
        ] {
            let masked = mask_text(text);
            assert!(serde_json::from_str::<Value>(&masked).is_ok(), "{masked}");
            assert_eq!(restore_text(&masked), text);
            let (mut masker, mut out) = (Masker::default(), String::new());
            for c in text.chars() {
                masker.push(c.encode_utf8(&mut [0; 4]), &mut out);
            }
            masker.finish(&mut out);
            assert_eq!(out, masked);
        }
    }

    #[test]
    fn the_fault_is_named_with_its_place() {
        let not_json = |path: &str, word: &str| Some(BrokenRecord::NotJson { path: path.into(), word: word.into() });
        assert_eq!(find_fault("{\"a\":{\"b\":[1,NaN]}}"), not_json("a.b.1", "NaN"));
        let control = BrokenRecord::ControlCharacter { path: "n".into(), character: "U+000B".into() };
        assert_eq!(find_fault("{\"m\":1,\"n\":\"a\u{b}\"}"), Some(control));
        assert_eq!(find_fault("{\"a\":\"\u{fdd1}\"}"), None);
        assert_eq!(find_fault("{\"a\":"), None);
    }
}
