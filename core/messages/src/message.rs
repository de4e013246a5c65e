//! A message whose Rust type is no longer known: stored, sent, or about to be rendered.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{Language, find_sentence, render_message};

/// Code of a message that wraps a sentence which an earlier version of Huiliu stored as text.
const STORED_TEXT: &str = "common.stored_text";

/// A code and its arguments. Its JSON also has `message`, the English sentence, for programs that show it to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(Map<String, Value>);

impl Message {
    /// Creates a message from a value that serialises to one.
    #[must_use]
    pub fn new(of: &impl Serialize) -> Self {
        match serde_json::to_value(of) {
            Ok(Value::Object(fields)) => Self(fields),
            Ok(other) => Self::from_text(&other.to_string()),
            Err(e) => Self::from_text(&e.to_string()),
        }
    }

    /// Parses a text written by [`Message::to_stored`]. Any other text is kept as a sentence of an earlier version.
    #[must_use]
    pub fn parse_stored(text: &str) -> Self {
        match serde_json::from_str(text) {
            Ok(Value::Object(mut fields)) if fields.get("code").is_some_and(Value::is_string) => {
                fields.remove("message");
                Self(fields)
            }
            _ => Self::from_text(text),
        }
    }

    /// Reads a message from JSON that is stored inside other JSON; anything else becomes a message with that text.
    #[must_use]
    pub fn from_json(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::parse_stored(text),
            other => Self::parse_stored(&other.to_string()),
        }
    }

    fn from_text(text: &str) -> Self {
        Self([("code".to_owned(), STORED_TEXT.into()), ("text".to_owned(), text.into())].into_iter().collect())
    }

    /// Returns the JSON in which the message is stored, without the sentence.
    #[must_use]
    pub fn to_stored(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// Returns the JSON in which a list of messages is stored.
    #[must_use]
    pub fn to_stored_list(all: &[Self]) -> String {
        Value::from(all.iter().map(|message| Value::Object(message.0.clone())).collect::<Vec<_>>()).to_string()
    }

    /// Parses a text written by [`Message::to_stored_list`]. A blank text is an empty list; any other text is kept as a
    /// sentence of an earlier version.
    #[must_use]
    pub fn parse_stored_list(text: &str) -> Vec<Self> {
        match serde_json::from_str(text) {
            Ok(Value::Array(items)) => items.iter().map(|item| Self::parse_stored(&item.to_string())).collect(),
            _ if text.trim().is_empty() => vec![],
            _ => vec![Self::parse_stored(text)],
        }
    }

    /// Applies `change` to every text in the message; codes and numbers stay the same.
    #[must_use]
    pub fn map_texts(self, change: impl Fn(&str) -> String) -> Self {
        self.change_texts(&change)
    }

    fn change_texts(self, change: &impl Fn(&str) -> String) -> Self {
        Self(self.0.into_iter().map(|(name, value)| change_value(name, value, change)).collect())
    }

    /// Converts the message back to the type that it was made from; `None` if it does not fit.
    #[must_use]
    pub fn into_type<M: DeserializeOwned>(self) -> Option<M> {
        serde_json::from_value(Value::Object(self.0)).ok()
    }

    /// Creates a message without arguments, if the catalogues have a sentence for the code.
    #[must_use]
    pub fn with_code(code: &str) -> Option<Self> {
        find_sentence(Language::English, &code.replace('.', "-"))?;
        Some(Self([("code".to_owned(), code.into())].into_iter().collect()))
    }

    /// Returns the code.
    #[must_use]
    pub fn code(&self) -> &str {
        self.0.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    /// Renders the message as a sentence.
    #[must_use]
    pub fn to_sentence(&self, language: Language) -> String {
        render_message(language, &Value::Object(self.0.clone()))
    }
}

fn change_value(name: String, value: Value, change: &impl Fn(&str) -> String) -> (String, Value) {
    let value = match value {
        Value::String(text) if name != "code" => Value::String(change(&text)),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| change_value(String::new(), item, change).1).collect())
        }
        Value::Object(fields) => Value::Object(Message(fields).change_texts(change).0),
        other => other,
    };
    (name, value)
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sentence(Language::English))
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = self.0.clone();
        fields.insert("message".into(), self.to_string().into());
        fields.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(deserializer)?;
        fields.remove("message");
        Ok(Self(fields))
    }
}

impl JsonSchema for Message {
    fn schema_name() -> Cow<'static, str> {
        "Message".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "What happened: a code, its arguments, and the English sentence made of them.",
            "properties": { "code": { "type": "string" }, "message": { "type": "string" } },
            "required": ["code", "message"],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_stored_comes_back_and_a_sentence_of_an_earlier_version_stays() {
        let message = Message::new(&json!({"code": "common.stored_text", "text": "x"}));
        assert_eq!(Message::parse_stored(&message.to_stored()), message);
        assert_eq!(serde_json::to_value(&message).unwrap()["message"], "x");
        assert_eq!(serde_json::from_value::<Message>(serde_json::to_value(&message).unwrap()).unwrap(), message);
        let list = [message.clone(), Message::parse_stored("y")];
        assert_eq!(Message::parse_stored_list(&Message::to_stored_list(&list)), list);
        assert_eq!(
            (Message::parse_stored_list(""), Message::parse_stored_list("z")),
            (vec![], vec![Message::parse_stored("z")])
        );
        assert_eq!(Message::parse_stored("the folder is gone").to_string(), "the folder is gone");
        assert_eq!(Message::parse_stored("{\"a\":1}").to_string(), "{\"a\":1}");
    }
}
