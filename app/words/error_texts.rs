//! Errors in the language of the locale.

use huiliu_messages::{Message, SystemError};
use serde::Serialize;

use super::{label, language};

/// Renders an error in the language of the locale.
pub fn error_text(error: &impl Serialize) -> String {
    Message::new(error).to_sentence(language())
}

/// Renders an error of the operating system in the language of the locale.
pub fn system_error_text(error: &std::io::Error) -> String {
    error_text(&SystemError::from(error))
}

/// Returns why a task of this process ended early, in the language of the locale.
pub fn join_error_text(error: &tokio::task::JoinError) -> &'static str {
    label(if error.is_panic() { "cli-words-task-crashed" } else { "cli-words-task-cancelled" })
}
