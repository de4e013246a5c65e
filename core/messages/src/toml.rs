//! Errors of the TOML parser as data, because its own sentences are in English.

use serde::{Deserialize, Serialize};

/// What is wrong with a TOML file, or with a value in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum TomlError {
    /// The key is unknown.
    #[serde(rename = "toml.unknown_key")]
    UnknownKey { key: String, known: Vec<String> },
    /// The word is not one of the allowed ones.
    #[serde(rename = "toml.unknown_word")]
    UnknownWord { known: Vec<String> },
    /// A required key is missing.
    #[serde(rename = "toml.missing_key")]
    MissingKey { key: String },
    /// A key occurs twice.
    #[serde(rename = "toml.duplicate_key")]
    DuplicateKey,
    /// The value has the wrong type.
    #[serde(rename = "toml.wrong_type")]
    WrongType { found: TomlType, expected: TomlType },
    /// Any other error, in the parser's own words, without values of the file.
    #[serde(rename = "toml.other")]
    Other { why: String },
}

/// The type of a TOML value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum TomlType {
    /// A string.
    #[serde(rename = "toml_type.text")]
    Text,
    #[serde(rename = "toml_type.integer")]
    Integer,
    /// A floating-point number.
    #[serde(rename = "toml_type.float")]
    Float,
    /// A boolean.
    #[serde(rename = "toml_type.flag")]
    Flag,
    /// A date, or a date and a time.
    #[serde(rename = "toml_type.day")]
    Day,
    /// An array.
    #[serde(rename = "toml_type.list")]
    List,
    #[serde(rename = "toml_type.table")]
    Table,
    /// Any other type, in the parser's own words.
    #[serde(rename = "toml_type.other")]
    Other { text: String },
}

crate::said_in_english!(TomlError, TomlType);

impl TomlError {
    /// Makes an error from the parser's message, which must not include the position.
    #[must_use]
    pub fn from_parser_message(message: &str) -> Self {
        let message = message.trim();
        // A line or a value may hold a password, so none is quoted.
        parse_known(message).unwrap_or_else(|| Self::Other { why: drop_quoted(message).replace('\n', "; ") })
    }
}

/// Removes what stands in double quotes.
fn drop_quoted(text: &str) -> String {
    match (text.find('"'), text.rfind('"')) {
        (Some(first), Some(last)) if last > first + 1 => format!("{}…{}", &text[..=first], &text[last..]),
        _ => text.to_owned(),
    }
}

/// Returns the names in backticks.
fn quoted_names(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn parse_known(message: &str) -> Option<TomlError> {
    let named = |text: &str| {
        let mut all = quoted_names(text).into_iter();
        Some((all.next()?, all.collect()))
    };
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return named(rest).map(|(key, known)| TomlError::UnknownKey { key, known });
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        return named(rest).map(|(_, known): (String, _)| TomlError::UnknownWord { known });
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        return named(rest).map(|(key, _): (_, Vec<String>)| TomlError::MissingKey { key });
    }
    if message.starts_with("duplicate key") {
        return Some(TomlError::DuplicateKey);
    }
    let (found, expected) = message.strip_prefix("invalid type: ")?.rsplit_once(", expected ")?;
    Some(TomlError::WrongType { found: parse_type(found), expected: parse_type(expected) })
}

/// Parses serde's description of a value, `string "x"`, or of a type, `a string`.
fn parse_type(text: &str) -> TomlType {
    let plain = text.trim_start_matches("a ").trim_start_matches("an ");
    match plain.split_whitespace().next().unwrap_or_default() {
        "string" | "str" | "path" => TomlType::Text,
        "integer" | "usize" | "u8" | "u16" | "u32" | "u64" | "i64" => TomlType::Integer,
        "floating" | "f64" => TomlType::Float,
        "boolean" => TomlType::Flag,
        "datetime" => TomlType::Day,
        "sequence" | "array" => TomlType::List,
        "map" | "table" | "struct" => TomlType::Table,
        _ => TomlType::Other { text: drop_quoted(text) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Language, Message};

    #[test]
    fn what_people_mistype_is_said_in_both_languages() {
        let said =
            |message: &str| Message::new(&TomlError::from_parser_message(message)).to_sentence(Language::Chinese);
        let unknown = said("unknown field `b`, expected one of `a`, `c`");
        assert!(unknown.contains("b") && unknown.contains("a、c"), "{unknown}");
        assert!(said("missing field `x`").contains('x'));
        assert_eq!(
            TomlError::from_parser_message("invalid type: string \"x\", expected usize"),
            TomlError::WrongType { found: TomlType::Text, expected: TomlType::Integer }
        );
        assert_eq!(said("key with no value, expected `=`"), "“key with no value, expected `=`”");
        for message in ["unknown variant `hunter2`, expected `a`", "invalid value: string \"hunter2\", expected a day"]
        {
            assert!(!said(message).contains("hunter2"), "{}", said(message));
        }
    }
}
