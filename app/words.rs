//! Texts for people, in English and Chinese, and the only code that writes to standard output.

pub mod acts;
mod error_texts;
pub mod guesses;
mod labels;
pub mod matching;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, OnceLock, PoisonError};

use huiliu_messages::{Language, Message};
use huiliu_values::calendar::format_instant;
use serde_json::{Map, Value};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

pub use error_texts::{error_text, join_error_text, system_error_text};
pub use labels::{
    field_text, localize_address, localize_amount, localize_decider, localize_word, localize_wording, pass_label,
    rule_name, schema_state_text,
};

static CHINESE: OnceLock<bool> = OnceLock::new();
static JSON_LOG: OnceLock<bool> = OnceLock::new();

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

/// Renders a sentence of the catalogues with its arguments.
pub fn say_with(language: Language, id: &str, facts: &[(&str, &dyn Display)]) -> String {
    let facts = facts.iter().map(|(name, fact)| ((*name).to_owned(), Value::from(fact.to_string())));
    let message: Map<String, Value> = facts.chain([("code".to_owned(), Value::from(id))]).collect();
    huiliu_messages::render_message(language, &Value::Object(message))
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

/// Prints one line on standard output. Ignores errors such as a closed pipe.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints one line on standard error, as a JSON log entry if the log is JSON.
pub fn note(line: &str) {
    log_line("INFO", line);
}

/// Prints why the program ends on standard error, as a JSON log entry of level ERROR if the log is JSON.
pub fn note_error(line: &str) {
    log_line("ERROR", line);
}

fn log_line(level: &str, line: &str) {
    if JSON_LOG.get() == Some(&true) {
        let at = format_instant(chrono::Utc::now().timestamp_micros());
        let entry =
            serde_json::json!({ "timestamp": at, "level": level, "fields": { "message": line }, "target": "huiliu" });
        say_error(&entry.to_string());
    } else {
        say_error(line);
    }
}

/// Prints one line on standard error, unchanged.
pub fn say_error(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Starts the log on standard error, as text or as one JSON object per line. HUILIU_LOG is the filter; without it, the
/// log has warnings, and for a process that runs unattended also what it does.
pub fn begin_log(json: bool, runs_alone: bool) {
    let _ = JSON_LOG.set(json);
    huiliu_messages::set_log_language(language());
    let own = if runs_alone { "huiliu=info," } else { "" };
    let default = format!("warn,{own}apalis=off,apalis_core=off,sqlx=off");
    let filter = EnvFilter::try_from_env("HUILIU_LOG").unwrap_or_else(|_| default.into());
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    let log = log.with_timer(ShanghaiTime).with_ansi(std::io::stderr().is_terminal());
    if json {
        log.json().with_span_list(false).init();
    } else {
        log.init();
    }
}

/// The clock of the log: Asia/Shanghai, as in every other output.
struct ShanghaiTime;

impl FormatTime for ShanghaiTime {
    fn format_time(&self, w: &mut Writer<'_>) -> std::fmt::Result {
        w.write_str(&format_instant(chrono::Utc::now().timestamp_micros()))
    }
}

/// Prints a value as one line of JSON.
pub fn say_json<T: serde::Serialize>(value: &T) {
    say(&serde_json::to_string(value).unwrap_or_default());
}
