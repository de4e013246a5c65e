//! Sentences for people. A failure is data: a code and its arguments. Its sentence is made here, at the last moment, from one
//! catalogue for each language (Project Fluent, `locales/`).
//!
//! Whatever serialises to an object with a text `code` is a message: `{"code": "platform.redirect", "to": "…"}` is said by
//! the catalogue's `platform-redirect`, with the other fields as its variables. A field that is itself such an object is
//! said in the same language, a list is joined, and a [`Both`] is said in its words of that language. A list that is named
//! `lines` is said in as many lines. Two fields are said around every sentence: `place`, where it happened, and
//! `attempts`, how often it was tried.

mod both;
mod catalogue;
mod database;
mod message;
mod place;
mod serialize;
mod system;
mod toml;
mod wording;

pub use both::Both;
pub use catalogue::{Language, say, text, with_commas};
pub use database::DatabaseError;
pub use message::Message;
pub use place::place_in;
pub use serialize::{as_path, as_system_error, as_text};
pub use system::SystemError;
pub use toml::{TomlError, TomlType};
pub use wording::Wording;

/// Gives types that serialise to messages their English sentence as `Display`, and makes them errors.
#[macro_export]
macro_rules! said_in_english {
    ($($type:ty),+ $(,)?) => {$(
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::Message::new(self).say($crate::Language::English))
            }
        }

        impl std::error::Error for $type {}
    )+};
}
