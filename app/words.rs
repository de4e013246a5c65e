//! Words for people, in English and Chinese, and the only way to standard output.

mod credit;
mod faults;
pub mod guesses;
pub mod matching;
mod operations;
mod phrases;
mod reasons;
mod records;
mod registration;
mod settings;

use std::borrow::Cow;
use std::io::{IsTerminal as _, Write as _};
use std::sync::OnceLock;

use huiliu_messages::{Language, Message};
use tracing_subscriber::EnvFilter;

pub use faults::spoken;
pub use reasons::{address, expected, pass_word, place, word};

static CHINESE: OnceLock<bool> = OnceLock::new();
static JSON_LOG: OnceLock<bool> = OnceLock::new();

/// Chinese when HUILIU_LANG, LC_ALL, LC_MESSAGES or LANG (the first that is set) begins with `zh`.
pub fn chinese() -> bool {
    *CHINESE.get_or_init(|| {
        ["HUILIU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
            .is_some_and(|v| v.to_ascii_lowercase().starts_with("zh"))
    })
}

/// The English or the Chinese words.
pub fn tr(english: &'static str, chinese_words: &'static str) -> &'static str {
    if chinese() { chinese_words } else { english }
}

/// A sentence with facts in it: `both!("no run {run}", "没有同步 {run}")`. Both sentences take the same arguments.
macro_rules! both {
    ($english:literal, $chinese:literal $(, $($facts:tt)*)?) => {
        if $crate::words::chinese() {
            format!($chinese $(, $($facts)*)?)
        } else {
            format!($english $(, $($facts)*)?)
        }
    };
}
pub(crate) use both;

/// A sentence in both languages, for whoever is not at this terminal.
pub struct Both {
    pub english: String,
    pub chinese: String,
}

/// [`both!`] in both languages.
macro_rules! in_both {
    ($english:literal, $chinese:literal $(, $($facts:tt)*)?) => {
        $crate::words::Both {
            english: format!($english $(, $($facts)*)?),
            chinese: format!($chinese $(, $($facts)*)?),
        }
    };
}
pub(crate) use in_both;

/// Where a manifest comes from.
pub fn origin(of: huiliu_engine::registry::Origin) -> &'static str {
    use huiliu_engine::registry::Origin;
    match of {
        Origin::BuiltIn => tr("built in", "内置"),
        Origin::Folder => "manifests_dir",
        Origin::Registered => tr("registered", "已注册"),
    }
}

/// A sentence that came as free text, in Chinese.
pub fn in_chinese(english: &str) -> Cow<'_, str> {
    phrases::translate(english)
}

/// A sentence of ours or of another library's that came as free text, in the words of the locale.
pub fn phrase(english: &str) -> Cow<'_, str> {
    if chinese() { phrases::translate(english) } else { Cow::Borrowed(english) }
}

/// A message in the words of the locale.
pub fn said(message: &Message) -> String {
    message.say(language())
}

/// The language of the locale.
pub fn language() -> Language {
    if chinese() { Language::Chinese } else { Language::English }
}

/// One line on standard output; a reader that went away is no error.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// One line on standard error; where the log is JSON, so is the line.
pub fn note(line: &str) {
    if JSON_LOG.get() == Some(&true) {
        let at = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let entry =
            serde_json::json!({ "timestamp": at, "level": "INFO", "fields": { "message": line }, "target": "huiliu" });
        let _ = writeln!(std::io::stderr(), "{entry}");
    } else {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

/// One line on standard error, as it is.
pub fn say_error(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Begins the log on standard error, as text or as one JSON object a line. HUILIU_LOG says what is logged.
pub fn begin_log(json: bool) {
    let _ = JSON_LOG.set(json);
    let filter =
        EnvFilter::try_from_env("HUILIU_LOG").unwrap_or_else(|_| "warn,apalis=off,apalis_core=off,sqlx=off".into());
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    let log = log.with_ansi(std::io::stderr().is_terminal());
    if json {
        log.json().with_span_list(false).init();
    } else {
        log.init();
    }
}

/// A value as one line of JSON.
pub fn say_json<T: serde::Serialize>(value: &T) {
    say(&serde_json::to_string(value).unwrap_or_default());
}
