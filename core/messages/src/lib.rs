//! Sentences for people. A failure is data: a code and its arguments. The sentence is rendered here, as late as
//! possible, from one catalogue for each language (Project Fluent, `locales/`).
//!
//! A value that serialises to an object with a text `code` is a message: `{"code": "platform.redirect", "to": "…"}` is
//! rendered by the catalogue's `platform-redirect`, with the other fields as its variables. A field that is itself such
//! an object is rendered in the same language, a list is joined, and a [`Both`] gives its text in that language. A list
//! in the field `lines` is rendered with one item per line. Three fields are added around every sentence: `place`, where
//! it happened, `attempts`, how often it was tried, and `platform_says`, a platform's own words.
//!
//! A text among the fields can come from outside. It is rendered as one line in which nothing acts on a terminal
//! ([`escape_line`]); only the catalogue and the field `lines` break lines.

mod both;
mod catalogue;
mod database;
mod inert;
mod log;
mod message;
mod place;
mod serialize;
mod system;
mod toml;
mod url;
mod wording;

pub use both::Both;
pub use catalogue::{Language, find_sentence, render_message, with_commas};
pub use database::DatabaseError;
pub use inert::{escape_json, escape_line, escape_lines, is_active};
pub use log::{in_log, log_language, set_log_language};
pub use message::Message;
pub use place::localize_place;
pub use serialize::{as_path, as_system_error, as_text};
pub use system::SystemError;
pub use toml::{TomlError, TomlType};
pub use url::hide_url_credentials;
pub use wording::Wording;

/// Implements `Display`, as the English sentence, and `Error` for types that serialise to messages.
#[macro_export]
macro_rules! said_in_english {
    ($($type:ty),+ $(,)?) => {$(
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::Message::new(self).to_sentence($crate::Language::English))
            }
        }

        impl std::error::Error for $type {}
    )+};
}

/// Gives types that serialise to messages their sentence in the language of the log as `Display`.
#[macro_export]
macro_rules! said_in_log {
    ($($type:ty),+ $(,)?) => {$(
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&$crate::in_log(self), f)
            }
        }
    )+};
}
