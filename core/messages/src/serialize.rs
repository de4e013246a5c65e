//! How fields of a message are serialised that have no data of their own.

use std::fmt::Display;
use std::io::Error;
use std::path::Path;

use serde::{Serialize as _, Serializer};

use crate::SystemError;

/// A field as the text that it is displayed as: a path, an address, the words of another library.
/// For `#[serde(serialize_with = "huiliu_messages::as_text")]`.
///
/// # Errors
/// The serializer's.
pub fn as_text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// A path as it is displayed. For `#[serde(serialize_with = "huiliu_messages::as_path")]`.
///
/// # Errors
/// The serializer's.
pub fn as_path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

/// An error of the operating system as a message of its own.
/// For `#[serde(serialize_with = "huiliu_messages::as_system_error")]`.
///
/// # Errors
/// The serializer's.
pub fn as_system_error<S: Serializer>(error: &Error, serializer: S) -> Result<S::Ok, S::Error> {
    SystemError::from(error).serialize(serializer)
}
