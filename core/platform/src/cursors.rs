//! Cursors as people and the store see them: which text is one of this connector's, and what a pass that ended at it missed.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cursor_text::write_cursor;
use crate::failure::CursorFormatError;
use crate::files::{bucket, folder};
use crate::pull::cursor::{Cursor, Short};
use huiliu_manifest::{Manifest, Stream, Transport};

/// What a pass has missed that ended at this cursor, by the platform's own count.
#[must_use]
pub fn missed(cursor: &str) -> Option<Short> {
    serde_json::from_str::<Cursor>(cursor).ok()?.short
}

/// A cursor of a stream given by a person, as the connector would write it.
///
/// # Errors
/// [`CursorFormatError`].
pub fn check_cursor(manifest: &Manifest, stream: &Stream, text: &str) -> Result<String, CursorFormatError> {
    let form = |e: serde_json::Error| CursorFormatError::Form { why: e.to_string() };
    fn checked<C: DeserializeOwned + Serialize>(text: &str) -> serde_json::Result<String> {
        serde_json::from_str::<C>(text).map(|cursor| write_cursor(&cursor))
    }
    match &manifest.transport {
        Transport::Http { .. } => {
            let given: Cursor = serde_json::from_str(text).map_err(form)?;
            given.check(stream)?;
            Ok(write_cursor(&given))
        }
        // Which of the two it is says the source.
        Transport::Files { bucket: Some(_), .. } => {
            checked::<folder::Cursor>(text).or_else(|_| checked::<bucket::Cursor>(text)).map_err(form)
        }
        _ => checked::<folder::Cursor>(text).map_err(form),
    }
}
