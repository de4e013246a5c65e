//! Names of people.
//!
//! Source of the rules: 民委发〔2016〕33号 (the separator between parts of a name is U+00B7; a name field holds at
//! least 50 characters) and the GB18030 code positions that older decoders leave in the private use area.

use huiliu_messages::said_in_english;
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use crate::text::{is_common_han, is_invisible, to_half_width};

/// The standard separator between the parts of a name.
const SEPARATOR: char = '\u{B7}';

/// Maximum length of a name, in characters.
const MAX_CHARACTERS: usize = 50;

/// A person's name in its standard form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonName(String);

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum NameError {
    /// The text is empty.
    #[serde(rename = "name.missing")]
    Missing,
    /// The name has more than 50 characters.
    #[serde(rename = "name.length")]
    Length,
    /// The name has a digit, a control character, a question mark, U+FFFD or another character that no name has.
    #[serde(rename = "name.character")]
    Character,
    /// The cell lists several people.
    #[serde(rename = "name.several")]
    Several,
    /// The cell has a note beside the name.
    #[serde(rename = "name.note")]
    Note,
    /// The name is an example, or a word of a form.
    #[serde(rename = "name.example")]
    Example,
}

said_in_english!(NameError);

impl NameError {
    /// Returns the last part of the stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Length => "length",
            Self::Character => "character",
            Self::Several => "several",
            Self::Note => "note",
            Self::Example => "example",
        }
    }
}

impl PersonName {
    /// Converts a name to its standard form.
    ///
    /// Trims the ends (also NBSP and ideographic space), drops invisible characters, makes full-width Latin half-width,
    /// replaces fourteen private-use Han characters of GB18030 by standard ones, applies NFC, replaces every variant of
    /// the separator by a single U+00B7 (none at the ends), removes runs of spaces between Han characters or beside a
    /// separator, and reduces any other run to one space. A name of one character, or without a family name, is valid.
    ///
    /// # Errors
    /// Returns [`NameError::Missing`], [`NameError::Character`] or [`NameError::Length`], in this order.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        // Shortcut: most names have their standard form.
        if (1..=4).contains(&text.chars().count()) && text.chars().all(is_common_han) {
            return Ok(Self(text.to_owned()));
        }
        Self::standardize(text)
    }

    fn standardize(text: &str) -> Result<Self, NameError> {
        let plain: String = text
            .trim()
            .chars()
            .filter(|c| !is_invisible(*c))
            .map(|c| standardize_han(to_half_width(c)))
            .nfc()
            .map(standardize_mark)
            .collect();
        let name = join_parts(&plain);
        if name.is_empty() {
            return Err(NameError::Missing);
        }
        if name.chars().any(is_refused) {
            return Err(NameError::Character);
        }
        if name.chars().count() > MAX_CHARACTERS {
            return Err(NameError::Length);
        }
        Ok(Self(name))
    }

    /// Returns the name in its standard form, for people to read.
    pub fn display(&self) -> &str {
        &self.0
    }

    /// Returns the name for comparison only: without spaces, separators and variation selectors, in upper case.
    pub fn fold_for_comparison(&self) -> String {
        self.0
            .chars()
            .filter(|c| *c != ' ' && *c != SEPARATOR && !is_selector(*c))
            .flat_map(char::to_uppercase)
            .collect()
    }
}

/// Returns whether a character cannot be part of a name. 〇 is a number in Unicode but a Han character in names.
fn is_refused(c: char) -> bool {
    (c.is_numeric() && c != '〇') || c.is_control() || matches!(c, '?' | '\u{FFFD}')
}

/// Returns whether a character only selects a glyph for the character before it.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Replaces every variant of the separator by U+00B7, and every space that is not a control character by U+0020.
fn standardize_mark(c: char) -> char {
    match c {
        '.' | '\u{387}' | '\u{16EB}' | '\u{2022}' | '\u{2024}' | '\u{2027}' | '\u{2218}' | '\u{2219}' | '\u{22C5}'
        | '\u{2E30}' | '\u{2E31}' | '\u{2E33}' | '\u{30FB}' | '\u{A78F}' | '\u{FF0E}' | '\u{FF65}' => SEPARATOR,
        _ if c.is_whitespace() && !c.is_control() => ' ',
        _ => c,
    }
}

/// Replaces every variant of the separator in a text by U+00B7, and every kind of space by U+0020.
#[must_use]
pub fn fold_separators(text: &str) -> String {
    text.chars().map(standardize_mark).collect()
}

/// Returns the standard character for one of the fourteen two-byte Han positions of GB18030 (FE51 … FEA0) that some
/// decoders leave in the private use area; returns any other character unchanged.
fn standardize_han(c: char) -> char {
    match c {
        '\u{E816}' => '\u{20087}',
        '\u{E817}' => '\u{20089}',
        '\u{E818}' => '\u{200CC}',
        '\u{E81E}' => '\u{9FB4}',
        '\u{E826}' => '\u{9FB5}',
        '\u{E82B}' => '\u{9FB6}',
        '\u{E82C}' => '\u{9FB7}',
        '\u{E831}' => '\u{215D7}',
        '\u{E832}' => '\u{9FB8}',
        '\u{E83B}' => '\u{2298F}',
        '\u{E843}' => '\u{9FB9}',
        '\u{E854}' => '\u{9FBA}',
        '\u{E855}' => '\u{241FE}',
        '\u{E864}' => '\u{9FBB}',
        _ => c,
    }
}

/// Returns whether a character is Han; private use characters count as Han.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{E000}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}')
        || is_selector(c)
}

/// Joins a name, without needless spaces and separators.
fn join_parts(plain: &str) -> String {
    let mut name = String::with_capacity(plain.len());
    let (mut space, mut separator) = (false, false);
    for c in plain.chars() {
        match c {
            ' ' => space = true,
            SEPARATOR => separator = true,
            _ => {
                if let Some(before) = name.chars().next_back() {
                    if separator {
                        name.push(SEPARATOR);
                    } else if space && !(is_han(before) && is_han(c)) {
                        name.push(' ');
                    }
                }
                (space, separator) = (false, false);
                name.push(c);
            }
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn show_or_code(text: &str) -> String {
        PersonName::parse(text).map_or_else(|f| f.code().to_owned(), |n| n.display().to_owned())
    }

    #[test]
    fn every_separator_becomes_the_one() {
        for mark in [
            "\u{B7}", "\u{2022}", "\u{2027}", "\u{30FB}", "\u{FF0E}", "\u{FF65}", ".", "\u{387}", "\u{22C5}",
            " \u{B7} ", "··",
        ] {
            assert_eq!(show_or_code(&format!("阿卜杜拉{mark}买买提")), "阿卜杜拉·买买提", "{mark}");
        }
        assert_eq!(show_or_code("·张三."), "张三");
    }

    proptest! {
        #[test]
        fn the_shortcut_changes_no_name(name in "[一-鿿 ·a-zＡ]{0,6}") {
            prop_assert_eq!(PersonName::parse(&name), PersonName::standardize(&name));
        }
    }

    #[test]
    fn spaces_and_width() {
        assert_eq!(show_or_code("\u{3000}张\u{A0} 三 "), "张三");
        assert_eq!(show_or_code("Ｋｉｍ \u{3000} Chol"), "Kim Chol");
        assert_eq!(show_or_code("欧阳 Ｎａｎａ"), "欧阳 Nana");
        assert_eq!(show_or_code("\u{FEFF}李\u{200B}四"), "李四");
        for mark in
            "\u{61C}\u{200E}\u{200F}\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2066}\u{2067}\u{2068}\u{2069}".chars()
        {
            assert_eq!(show_or_code(&format!("{mark}李{mark}四{mark}")), "李四", "{mark:?}");
        }
        assert_eq!(show_or_code("e\u{301}va"), "\u{E9}va");
        assert_eq!(show_or_code("王〇"), "王〇");
        assert_eq!(show_or_code("珊"), "珊");
    }

    #[test]
    fn private_use_han_becomes_standard() {
        assert_eq!(show_or_code("张\u{E81E}"), "张\u{9FB4}");
        assert_eq!(show_or_code("张\u{E816}"), "张\u{20087}");
        assert_eq!(show_or_code("张\u{E864} 三"), "张\u{9FBB}三");
    }

    #[test]
    fn faults_have_their_codes() {
        for (text, code) in [
            ("", "missing"),
            ("\u{A0}\u{3000}", "missing"),
            ("·", "missing"),
            ("张3", "character"),
            ("张３", "character"),
            ("张?", "character"),
            ("张？", "character"),
            ("张\u{FFFD}", "character"),
            ("张\n三", "character"),
            ("张\u{0}三", "character"),
        ] {
            assert_eq!(show_or_code(text), code, "{text:?}");
        }
        assert_eq!(show_or_code(&"张".repeat(51)), "length");
        assert_eq!(show_or_code(&"张".repeat(50)), "张".repeat(50));
    }

    #[test]
    fn folded_ignores_what_typists_vary() {
        let folded = |text: &str| PersonName::parse(text).map(|n| n.fold_for_comparison());
        assert_eq!(folded("kim  Chol"), folded("KIMCHOL"));
        assert_eq!(folded("阿卜杜拉·买买提"), folded("阿卜杜拉 买买提"));
        assert_ne!(folded("张三"), folded("张山"));
    }

    proptest! {
        #[test]
        fn the_standard_form_is_stable(text in "\\PC{0,30}") {
            if let Ok(name) = PersonName::parse(&text) {
                prop_assert_eq!(PersonName::parse(name.display()), Ok(name.clone()));
            }
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = PersonName::parse(&text);
        }
    }
}
