//! Errors in the words of the locale.

use huiliu_messages::{Message, SystemError};
use serde::Serialize;

use super::{label, language};

/// An error in the words of the locale.
pub fn spoken(error: &impl Serialize) -> String {
    Message::new(error).to_sentence(language())
}

/// An error of the operating system in the words of the locale.
pub fn spoken_system(error: &std::io::Error) -> String {
    spoken(&SystemError::from(error))
}

/// Why a task of this process ended early, in the words of the locale.
pub fn spoken_join(error: &tokio::task::JoinError) -> &'static str {
    label(if error.is_panic() { "cli-words-task-crashed" } else { "cli-words-task-cancelled" })
}
