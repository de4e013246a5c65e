//! Texts that people write into rule files.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Both, Language};

/// A text that a person wrote, in one language or in both (`{ zh = "…", en = "…" }`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Wording {
    /// In one language; readers of both languages see it.
    One(Cow<'static, str>),
    /// In both languages.
    Both(Both),
}

impl Wording {
    /// Creates a text in both languages.
    #[must_use]
    pub const fn both(en: &'static str, zh: &'static str) -> Self {
        Self::Both(Both { en: Cow::Borrowed(en), zh: Cow::Borrowed(zh) })
    }

    /// Returns the text in a language, or in the only language it has.
    #[must_use]
    pub fn say(&self, language: Language) -> &str {
        match (self, language) {
            (Self::One(text), _) => text,
            (Self::Both(both), Language::English) => &both.en,
            (Self::Both(both), Language::Chinese) => &both.zh,
        }
    }

    /// Returns the text as stored in the database: unchanged if in one language, as JSON if in both.
    #[must_use]
    pub fn to_stored(&self) -> Cow<'_, str> {
        match self {
            Self::One(text) => Cow::Borrowed(text),
            Self::Both(both) => Cow::Owned(serde_json::to_string(both).unwrap_or_default()),
        }
    }

    /// Parses a text written by [`Wording::to_stored`].
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        match serde_json::from_str(&text) {
            Ok(both) => Self::Both(both),
            Err(_) => Self::One(text.into()),
        }
    }
}

impl<'de> Deserialize<'de> for Wording {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordingVisitor)
    }
}

struct WordingVisitor;

impl<'de> Visitor<'de> for WordingVisitor {
    type Value = Wording;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Wording, E> {
        Ok(Wording::One(text.to_owned().into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Wording, A::Error> {
        Both::deserialize(MapAccessDeserializer::new(map)).map(Wording::Both)
    }
}

impl JsonSchema for Wording {
    fn schema_name() -> Cow<'static, str> {
        "Wording".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A text in one language, or in both.",
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": { "en": { "type": "string" }, "zh": { "type": "string" } },
                    "required": ["en", "zh"],
                },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_one_and_of_both_languages_come_back_as_stored() {
        for text in [Wording::One("a rule".into()), Wording::both("a rule", "规则"), Wording::One("{}".into())] {
            assert_eq!(Wording::from_stored(text.to_stored().into_owned()), text);
        }
        assert_eq!(Wording::both("a rule", "规则").say(Language::Chinese), "规则");
        assert_eq!(Wording::One("规则".into()).say(Language::English), "规则");
    }
}
