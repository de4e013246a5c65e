//! Texts for people, in English and Chinese, and the only code that writes to standard output (`terminal`).

pub mod acts;
mod error_texts;
pub mod guesses;
mod labels;
pub mod matching;
mod terminal;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Mutex, OnceLock, PoisonError};

use huiliu_messages::{Language, Message};
use serde_json::{Map, Value};

pub use error_texts::{error_text, join_error_text, system_error_text};
pub use labels::{
    field_text, localize_address, localize_amount, localize_decider, localize_delivery, localize_event,
    localize_notification, localize_responsible, localize_stage, localize_waiting, localize_word, localize_wording,
    pass_label, rule_name, schema_state_text,
};
pub use terminal::{
    begin_log, note, note_error, note_json, note_lines, say, say_cells, say_document, say_help, say_json, say_lines,
};

static CHINESE: OnceLock<bool> = OnceLock::new();

/// Returns true if HUILIU_LANG, LC_ALL, LC_MESSAGES or LANG (the first that is set) begins with `zh`.
pub fn is_chinese() -> bool {
    *CHINESE.get_or_init(|| {
        ["HUILIU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
            .is_some_and(|v| v.to_ascii_lowercase().starts_with("zh"))
    })
}

/// Returns a label or a sentence without arguments, by its id in the catalogues.
pub fn label(id: &'static str) -> &'static str {
    static SAID: Mutex<BTreeMap<&'static str, &'static str>> = Mutex::new(BTreeMap::new());
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    // The leaked memory is bounded, because ids are static strings and each is leaked once.
    said.entry(id).or_insert_with(|| Box::leak(say_with(language(), id, &[]).into_boxed_str()))
}

/// Renders a sentence of the catalogues with its arguments. An argument is one line in which nothing acts on a terminal;
/// only the argument `lines` keeps its line breaks.
pub fn say_with(language: Language, id: &str, facts: &[(&str, &dyn Display)]) -> String {
    let facts = facts.iter().map(|(name, fact)| ((*name).to_owned(), build_fact(name, &fact.to_string())));
    let message: Map<String, Value> = facts.chain([("code".to_owned(), Value::from(id))]).collect();
    huiliu_messages::render_message(language, &Value::Object(message))
}

fn build_fact(name: &str, fact: &str) -> Value {
    if name == "lines" { fact.split('\n').collect() } else { Value::from(fact) }
}

/// Renders a sentence with arguments, by its id in the catalogues: `sentence!("cli-runs-none", run)`, or with
/// `run = shown.run`.
macro_rules! sentence {
    (@ $name:ident) => { &$name };
    (@ $name:ident = $fact:expr) => { &$fact };
    ($id:literal $(, $name:ident $(= $fact:expr)?)* $(,)?) => {
        $crate::words::say_with($crate::words::language(), $id, &[
            $((stringify!($name), $crate::words::sentence!(@ $name $(= $fact)?)),)*
        ])
    };
}
pub(crate) use sentence;

/// Like [`sentence!`], but arguments can be numbers: the catalogue chooses plural forms by them and groups their
/// thousands.
macro_rules! counting {
    ($id:literal $(, $name:ident = $fact:expr)* $(,)?) => {
        $crate::words::say_values($id, [$((stringify!($name), serde_json::Value::from($fact)),)*].into_iter())
    };
}
pub(crate) use counting;

/// Renders a sentence of the catalogues in the language of the locale, with its arguments as JSON values.
pub fn say_values(id: &str, facts: impl Iterator<Item = (&'static str, Value)>) -> String {
    let facts = facts.map(|(name, fact)| (name.to_owned(), fact));
    let message: Map<String, Value> = facts.chain([("code".to_owned(), Value::from(id))]).collect();
    huiliu_messages::render_message(language(), &Value::Object(message))
}

/// A sentence in both languages, for readers who are not at this terminal.
pub struct BilingualText {
    pub english: String,
    pub chinese: String,
}

/// Renders a message in both languages.
pub fn render_in_both(of: &impl serde::Serialize) -> BilingualText {
    let message = Message::new(of);
    BilingualText { english: message.to_sentence(Language::English), chinese: message.to_sentence(Language::Chinese) }
}

/// Like [`sentence!`], in both languages.
macro_rules! in_both {
    ($id:literal $(, $name:ident $(= $fact:expr)?)* $(,)?) => {
        $crate::words::BilingualText {
            english: $crate::words::say_with(huiliu_messages::Language::English, $id, &[
                $((stringify!($name), $crate::words::sentence!(@ $name $(= $fact)?)),)*
            ]),
            chinese: $crate::words::say_with(huiliu_messages::Language::Chinese, $id, &[
                $((stringify!($name), $crate::words::sentence!(@ $name $(= $fact)?)),)*
            ]),
        }
    };
}
pub(crate) use in_both;

/// Returns the label for where a manifest comes from.
pub fn origin_label(of: huiliu_engine::registry::Origin) -> &'static str {
    use huiliu_engine::registry::Origin;
    match of {
        Origin::BuiltIn => label("cli-words-built"),
        Origin::Folder => "manifests_dir",
        Origin::Registered => label("cli-words-registered"),
    }
}

/// Renders a message in the language of the locale.
pub fn message_text(message: &Message) -> String {
    message.to_sentence(language())
}

/// Returns the language of the locale.
pub fn language() -> Language {
    if is_chinese() { Language::Chinese } else { Language::English }
}
