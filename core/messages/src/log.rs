//! The language of the log.

use std::fmt;
use std::sync::OnceLock;

use serde::Serialize;

use crate::{Language, Message};

static LANGUAGE: OnceLock<Language> = OnceLock::new();

/// Sets the language of the log, once for the process. Until then it is English.
pub fn set_log_language(language: Language) {
    // A second call changes nothing.
    let _ = LANGUAGE.set(language);
}

/// Returns the language of the log.
#[must_use]
pub fn log_language() -> Language {
    LANGUAGE.get().copied().unwrap_or(Language::English)
}

/// Renders a message, or an error that serialises to one, in the language of the log.
pub fn in_log<M: Serialize>(message: &M) -> impl fmt::Display {
    Message::new(message).to_sentence(log_language())
}
