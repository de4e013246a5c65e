//! Cursors as texts: checks whether a text is a cursor of a connector, and reads the progress of a pass from it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cursor_text::write_cursor;
use crate::failure::CursorFormatError;
use crate::files::{bucket, folder};
use crate::pull::cursor::{Cursor, Shortfall};
use huiliu_manifest::{Manifest, Stream, Transport};

/// Returns how many records the pass that ended at this cursor missed, by the platform's own count.
#[must_use]
pub fn missed_records(cursor: &str) -> Option<Shortfall> {
    serde_json::from_str::<Cursor>(cursor).ok()?.short
}

/// Returns true if a pass over a listing begins at this cursor, and none is under way: it reads everything, unless the stream
/// requests only changes.
#[must_use]
pub fn begins_listing(cursor: Option<&str>) -> bool {
    let Some(text) = cursor else { return true };
    serde_json::from_str::<Cursor>(text).is_ok_and(|cursor| {
        let Cursor { page, step, began, partition, export, fetched, .. } = cursor;
        page.is_none() && step.is_none() && began.is_none() && partition.is_empty() && export.is_none() && !fetched
    })
}

/// Progress of a pass over a listing, by the platform's own count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Number of records received.
    pub received: u64,
    /// Number of records in the listing.
    pub total: u64,
}

/// Returns the progress in the listing at this cursor. Returns `None` if the platform does not count its records, or if
/// the listing has ended.
#[must_use]
pub fn counted(cursor: &str) -> Option<Counted> {
    let Cursor { received, total, .. } = serde_json::from_str(cursor).ok()?;
    total.map(|total| Counted { received, total })
}

/// Checks a cursor that a person gives for a stream, and returns it as the connector would write it.
///
/// # Errors
/// [`CursorFormatError`] if the text is not a cursor of this stream.
pub fn check_cursor(manifest: &Manifest, stream: &Stream, text: &str) -> Result<String, CursorFormatError> {
    let form = |e: serde_json::Error| CursorFormatError::Form { why: e.to_string() };
    fn normalize_cursor<C: DeserializeOwned + Serialize>(text: &str) -> serde_json::Result<String> {
        serde_json::from_str::<C>(text).map(|cursor| write_cursor(&cursor))
    }
    match &manifest.transport {
        Transport::Http { .. } => {
            let given: Cursor = serde_json::from_str(text).map_err(form)?;
            given.check_for_stream(stream)?;
            Ok(write_cursor(&given))
        }
        // The source's settings decide between folder and bucket; they are not known here, so both forms are
        // accepted.
        Transport::Files { bucket: Some(_), .. } => {
            normalize_cursor::<folder::Cursor>(text).or_else(|_| normalize_cursor::<bucket::Cursor>(text)).map_err(form)
        }
        _ => normalize_cursor::<folder::Cursor>(text).map_err(form),
    }
}
