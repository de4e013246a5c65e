//! A connector's own cursor as the text that is stored.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::{Cause, Failure};

/// A connector's own cursor, from the text it was stored as; its beginning for `None`.
///
/// # Errors
/// [`Failure`] for a text that is no such cursor.
pub fn read_cursor<C: DeserializeOwned + Default>(text: Option<&str>) -> Result<C, Failure> {
    let Some(text) = text else { return Ok(C::default()) };
    serde_json::from_str(text)
        .map_err(|e| Failure::fatal(Cause::Cursor { cursor: text.to_owned(), why: e.to_string() }))
}

/// The text that a cursor is stored as.
pub fn write_cursor<C: Serialize>(cursor: &C) -> String {
    serde_json::to_string(cursor).unwrap_or_default()
}
