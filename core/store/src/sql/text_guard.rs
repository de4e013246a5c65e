//! The last door before the database: no ID number and no password of a URL passes it in a text, whoever wrote the text.
//! Texts that must stay as they are, such as manifests, are bound as [`Value::Verbatim`].

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use huiliu_decode::id_mask::{mask_id_numbers, replace_id_numbers};
use huiliu_messages::hide_url_credentials;
use huiliu_vault::keys::Keys;

use crate::sql::rows::{Column, Rows, Value};

/// Cleans the texts of statements. All clones share the keys.
#[derive(Debug, Clone, Default)]
pub struct TextGuard(Arc<OnceLock<Keys>>);

impl TextGuard {
    /// Sets the keys, once they are known. They tell texts apart that differ only in an ID number.
    pub(crate) fn set_keys(&self, keys: &Keys) {
        let _ = self.0.set(keys.clone());
    }

    /// Returns the text as it may be stored.
    pub(crate) fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mask = |text: &'t str| match self.0.get() {
            Some(keys) => replace_id_numbers(keys, text),
            None => mask_id_numbers(text),
        };
        let cleaned = match hide_url_credentials(text) {
            Cow::Borrowed(text) => mask(text),
            Cow::Owned(text) => Cow::Owned(match self.0.get() {
                Some(keys) => replace_id_numbers(keys, &text).into_owned(),
                None => mask_id_numbers(&text).into_owned(),
            }),
        };
        match cleaned {
            // A number in JSON becomes a text.
            Cow::Owned(cleaned) if is_json(text) && !is_json(&cleaned) => Cow::Owned(self.clean_json(text)),
            cleaned => cleaned,
        }
    }

    fn clean_json(&self, text: &str) -> String {
        fn clean(guard: &TextGuard, value: serde_json::Value) -> serde_json::Value {
            use serde_json::Value as Json;
            match value {
                Json::Number(number) => {
                    let text = number.to_string();
                    match guard.clean(&text) {
                        Cow::Borrowed(_) => Json::Number(number),
                        Cow::Owned(masked) => Json::String(masked),
                    }
                }
                Json::String(text) => Json::String(guard.clean(&text).into_owned()),
                Json::Array(items) => items.into_iter().map(|item| clean(guard, item)).collect(),
                Json::Object(fields) => Json::Object(
                    fields
                        .into_iter()
                        .map(|(name, item)| (guard.clean(&name).into_owned(), clean(guard, item)))
                        .collect(),
                ),
                other => other,
            }
        }
        serde_json::from_str(text).map_or_else(|_| String::new(), |value| clean(self, value).to_string())
    }

    /// Cleans the scalars of a statement.
    pub(crate) fn clean_args(&self, mut args: Vec<Value>) -> Vec<Value> {
        for arg in &mut args {
            if let Value::Text(text) = arg
                && let Cow::Owned(cleaned) = self.clean(text)
            {
                *text = cleaned;
            }
        }
        args
    }

    /// Cleans the texts of a relation.
    pub(crate) fn clean_rows<'a>(&self, mut rows: Rows<'a>) -> Rows<'a> {
        for (_, column) in &mut rows.columns {
            let Column::Text(texts) = column else { continue };
            for text in texts.iter_mut().flatten() {
                if let Cow::Owned(cleaned) = self.clean(text) {
                    *text = Cow::Owned(cleaned);
                }
            }
        }
        rows
    }
}

fn is_json(text: &str) -> bool {
    text.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
