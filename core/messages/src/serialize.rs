//! Serialises fields of a message that are not messages themselves.

use std::fmt::Display;
use std::io::Error;
use std::path::Path;

use serde::{Serialize as _, Serializer};

use crate::SystemError;

/// Serialises a field as its displayed text: a path, an address, or the words of another library. For
/// `#[serde(serialize_with = "huiliu_messages::as_text")]`.
///
/// # Errors
/// Returns the serializer's errors.
pub fn as_text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Serialises a path as it is displayed. For `#[serde(serialize_with = "huiliu_messages::as_path")]`.
///
/// # Errors
/// Returns the serializer's errors.
pub fn as_path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

/// Serialises an error of the operating system as a [`SystemError`]. For `#[serde(serialize_with =
/// "huiliu_messages::as_system_error")]`.
///
/// # Errors
/// Returns the serializer's errors.
pub fn as_system_error<S: Serializer>(error: &Error, serializer: S) -> Result<S::Ok, S::Error> {
    SystemError::from(error).serialize(serializer)
}
