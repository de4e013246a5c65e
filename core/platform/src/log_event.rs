//! What connectors write to the log, for the people who operate them.

use huiliu_messages::{Message, said_in_log};
use serde::Serialize;

/// One line of the log, as data. Its `Display` is the sentence in the language of the log.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub(crate) enum LogEvent {
    /// An export of an earlier pass no longer exists; another is ordered.
    #[serde(rename = "log.export_gone")]
    ExportGone { why: Message },
    /// An export that was fetched could not be deleted.
    #[serde(rename = "log.export_not_deleted")]
    ExportNotDeleted { why: Message },
    /// Files of a folder are not read.
    #[serde(rename = "log.files_skipped")]
    FilesSkipped { folder: String, files: String },
}

said_in_log!(LogEvent);
