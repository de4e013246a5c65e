//! What the parser of TOML says, as data: its own sentences are English.

use serde::{Deserialize, Serialize};

/// What is wrong with a TOML file, or with a value in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum TomlError {
    /// A key that there is not.
    #[serde(rename = "toml.unknown_key")]
    UnknownKey { key: String, known: Vec<String> },
    /// A word that there is not.
    #[serde(rename = "toml.unknown_word")]
    UnknownWord { word: String, known: Vec<String> },
    /// A key that must be there.
    #[serde(rename = "toml.missing_key")]
    MissingKey { key: String },
    /// A key that is there twice.
    #[serde(rename = "toml.duplicate_key")]
    DuplicateKey,
    /// A value of another type.
    #[serde(rename = "toml.wrong_type")]
    WrongType { found: TomlType, expected: TomlType },
    /// Anything else, in the parser's own words.
    #[serde(rename = "toml.other")]
    Other { why: String },
}

/// A type of a value in TOML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum TomlType {
    /// A text.
    #[serde(rename = "toml_type.text")]
    Text,
    /// A number without decimals.
    #[serde(rename = "toml_type.integer")]
    Integer,
    /// A number with decimals.
    #[serde(rename = "toml_type.float")]
    Float,
    /// true or false.
    #[serde(rename = "toml_type.flag")]
    Flag,
    /// A day, or a day and a time.
    #[serde(rename = "toml_type.day")]
    Day,
    /// A list.
    #[serde(rename = "toml_type.list")]
    List,
    /// A table.
    #[serde(rename = "toml_type.table")]
    Table,
    /// Anything else, in the parser's own words.
    #[serde(rename = "toml_type.other")]
    Other { text: String },
}

crate::said_in_english!(TomlError, TomlType);

impl TomlError {
    /// Of the parser's message, without its place.
    #[must_use]
    pub fn of(message: &str) -> Self {
        let message = message.trim();
        known(message).unwrap_or_else(|| Self::Other { why: message.replace('\n', "; ") })
    }
}

/// The names between backticks.
fn names(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn known(message: &str) -> Option<TomlError> {
    let named = |text: &str| {
        let mut all = names(text).into_iter();
        Some((all.next()?, all.collect()))
    };
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return named(rest).map(|(key, known)| TomlError::UnknownKey { key, known });
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        return named(rest).map(|(word, known)| TomlError::UnknownWord { word, known });
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        return named(rest).map(|(key, _): (_, Vec<String>)| TomlError::MissingKey { key });
    }
    if message.starts_with("duplicate key") {
        return Some(TomlError::DuplicateKey);
    }
    let (found, expected) = message.strip_prefix("invalid type: ")?.rsplit_once(", expected ")?;
    Some(TomlError::WrongType { found: type_of(found), expected: type_of(expected) })
}

/// What serde calls a value, `string "x"`, or a type, `a string`.
fn type_of(text: &str) -> TomlType {
    let plain = text.trim_start_matches("a ").trim_start_matches("an ");
    match plain.split_whitespace().next().unwrap_or_default() {
        "string" | "str" | "path" => TomlType::Text,
        "integer" | "usize" | "u8" | "u16" | "u32" | "u64" | "i64" => TomlType::Integer,
        "floating" | "f64" => TomlType::Float,
        "boolean" => TomlType::Flag,
        "datetime" => TomlType::Day,
        "sequence" | "array" => TomlType::List,
        "map" | "table" | "struct" => TomlType::Table,
        _ => TomlType::Other { text: text.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Language, Message};

    #[test]
    fn what_people_mistype_is_said_in_both_languages() {
        let said = |message: &str| Message::new(&TomlError::of(message)).say(Language::Chinese);
        let unknown = said("unknown field `b`, expected one of `a`, `c`");
        assert!(unknown.contains("b") && unknown.contains("a、c"), "{unknown}");
        assert!(said("missing field `x`").contains('x'));
        assert_eq!(
            TomlError::of("invalid type: string \"x\", expected usize"),
            TomlError::WrongType { found: TomlType::Text, expected: TomlType::Integer }
        );
        assert_eq!(said("key with no value, expected `=`"), "“key with no value, expected `=`”");
    }
}
