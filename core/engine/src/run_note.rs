//! What happened in a run that its counters do not say.

use serde::Serialize;

use huiliu_messages::Message;
use huiliu_store::intake::runs;
use huiliu_store::{Db, StoreError};

/// Names of files that a note gives at most.
const MAX_NAMES: usize = 5;

/// Something that happened in a run and that its result does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub(crate) enum RunNote {
    /// The place of an earlier run was none any more, and the listing was read from its beginning again.
    #[serde(rename = "run.listing_restarted")]
    ListingRestarted { stream: String, why: Message },
    /// The payload was UTF-8 although the manifest declares GB18030, and was read as UTF-8.
    #[serde(rename = "run.other_encoding")]
    OtherEncoding { stream: String, payload: String },
    /// Files whose names fit no pattern were not read.
    #[serde(rename = "run.files_left_out")]
    FilesLeftOut { source: String, files: usize, names: Vec<String> },
    /// What is no file, such as a symbolic link, and files whose names are not text, were not read.
    #[serde(rename = "run.files_unfit")]
    FilesUnfit { source: String, files: usize, names: Vec<String> },
    /// Files that are being written are left for the next pass.
    #[serde(rename = "run.files_growing")]
    FilesGrowing { stream: String, files: usize, names: Vec<String> },
    /// Files that are read for the first time since files are known by themselves, but were read before.
    #[serde(rename = "run.files_taken_as_read")]
    FilesTakenAsRead { source: String, stream: String, files: usize },
    /// A file was a correction sheet: how many dead letters it closed, and how many of its rows did not.
    #[serde(rename = "run.sheet_taken")]
    SheetTaken { file: String, closed: usize, others: usize, failure: Option<Message> },
    /// Files could not be fetched.
    #[serde(rename = "run.files_failed")]
    FilesFailed { source: String, stream: String, files: usize, names: Vec<String> },
}

impl RunNote {
    /// Adds the note to a run.
    pub(crate) async fn add_to(&self, db: &Db, run: i64) -> Result<(), StoreError> {
        runs::add_note(db, run, &Message::new(self)).await
    }
}

/// Returns the first names in their order, and a sign that there are more.
pub(crate) fn first_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let mut all: Vec<&str> = names.into_iter().collect();
    all.sort_unstable();
    let more = all.len() > MAX_NAMES;
    all.truncate(MAX_NAMES);
    all.into_iter().chain(more.then_some("…")).map(str::to_owned).collect()
}

/// Why a run failed although it was read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub(crate) enum RunFailure {
    /// Payloads cannot be decoded: their number, and the first of them.
    #[serde(rename = "run.unread")]
    Unread { payloads: i64, payload: String, why: Message },
}
