//! Converts a connector's own cursor to and from its stored text.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::{Cause, Failure};

/// Parses a connector's own cursor from its stored text; `None` gives the cursor of a first pass.
///
/// # Errors
/// [`Failure`] if the text is not such a cursor.
pub fn read_cursor<C: DeserializeOwned + Default>(text: Option<&str>) -> Result<C, Failure> {
    let Some(text) = text else { return Ok(C::default()) };
    serde_json::from_str(text)
        .map_err(|e| Failure::fatal(Cause::Cursor { cursor: text.to_owned(), why: e.to_string() }))
}

/// Returns the text under which a cursor is stored.
pub fn write_cursor<C: Serialize>(cursor: &C) -> String {
    serde_json::to_string(cursor).unwrap_or_default()
}
