//! Decides which files of a stream a pass reads: those that are new or have changed, whatever their names.

use std::collections::{HashMap, HashSet};

use crate::ingest::PassStart;
use crate::run_note::RunNote;
use huiliu_messages::Message;
use huiliu_platform::{Failure, FileListing, FileStore, LeftOut, LeftOutFile, ListedFile};
use huiliu_store::intake::files::{FileLook, FileNews, KnownFile, KnownFiles, ReceivedPayload};
use huiliu_values::FileState;

/// Files that changed longer ago than this are not being written. So long, because the clocks of two hosts may differ by some
/// hours.
const SETTLED_MICROS: i64 = 24 * 3600 * 1_000_000;

/// What is known of a stream before its files are looked at.
pub(crate) struct Evidence<'a> {
    /// The files of earlier passes.
    pub known: &'a KnownFiles,
    /// The stored cursor, if it says which files were read.
    pub cursor: Option<&'a str>,
    /// What was received under each name, if the cursor is asked.
    pub received: &'a HashMap<String, ReceivedPayload>,
    /// Where the pass begins.
    pub from: PassStart,
}

/// What a pass does with the files of a stream.
#[derive(Debug, Default)]
pub(crate) struct FilePlan {
    /// Files to read, in their order.
    pub due: Vec<ListedFile>,
    /// Files that were read before their rows existed, or that somebody has passed over.
    pub taken: Vec<FileNews>,
    /// Row ids of files that are there again as they were.
    pub back: Vec<i64>,
    /// Row ids of files that are no longer there.
    pub gone: Vec<i64>,
}

/// What a pass does with one file.
enum Verdict {
    Due,
    Unchanged,
    Taken(FileState, Option<i64>),
}

/// Returns what a place shows of a file in the form in which it is stored.
pub(crate) fn look_of(file: &ListedFile) -> FileLook {
    let size = file.size.map(|size| i64::try_from(size).unwrap_or(i64::MAX));
    FileLook { size, modified_at: file.modified_at, tag: file.tag.clone() }
}

/// Returns the row of a file in a state.
pub(crate) fn news_of(file: &ListedFile, state: FileState, reason: Option<Message>, payload: Option<i64>) -> FileNews {
    FileNews { name: file.name.clone(), look: look_of(file), state, reason, payload, digest: None }
}

/// Decides about all files of a stream.
///
/// # Errors
/// [`Failure`] if the stored cursor is not one of this connector.
pub(crate) fn plan_files(
    store: &dyn FileStore,
    evidence: &Evidence<'_>,
    listing: &FileListing,
) -> Result<FilePlan, Failure> {
    let mut plan = FilePlan::default();
    let mut there: HashSet<&str> = HashSet::new();
    for file in &listing.files {
        // A store may list a file twice, on two pages.
        if !there.insert(&file.name) {
            continue;
        }
        let known = evidence.known.files.get(&file.name);
        match judge_file(store, evidence, file, known)? {
            Verdict::Due => plan.due.push(file.clone()),
            Verdict::Unchanged => plan.back.extend(known.filter(|known| known.is_gone).map(|known| known.id)),
            Verdict::Taken(state, payload) => plan.taken.push(news_of(file, state, None, payload)),
        }
    }
    let is_gone = |(name, known): &(&String, &KnownFile)| !known.is_gone && !there.contains(name.as_str());
    plan.gone = evidence.known.files.iter().filter(is_gone).map(|(_, known)| known.id).collect();
    plan.due.sort_by(ListedFile::compare);
    Ok(plan)
}

fn judge_file(
    store: &dyn FileStore,
    evidence: &Evidence<'_>,
    file: &ListedFile,
    known: Option<&KnownFile>,
) -> Result<Verdict, Failure> {
    match (evidence.from, known) {
        (PassStart::Start | PassStart::Handed, _) => Ok(Verdict::Due),
        (PassStart::Days(days), _) if store.is_of_days(days, file) => Ok(Verdict::Due),
        (PassStart::Days(_), _) => Ok(Verdict::Unchanged),
        (PassStart::Cursor, Some(known)) if is_done(known) && known.look == look_of(file) => Ok(Verdict::Unchanged),
        (PassStart::Cursor, Some(_)) => Ok(Verdict::Due),
        (PassStart::Cursor, None) => match evidence.cursor {
            Some(cursor) if store.is_past(cursor, file)? => Ok(judge_past_file(evidence, file)),
            _ => Ok(Verdict::Due),
        },
    }
}

/// Whether there is nothing more to do with a file as long as it does not change.
fn is_done(known: &KnownFile) -> bool {
    match known.state {
        FileState::Read | FileState::Copy | FileState::Passed => true,
        // What was fetched and cannot be decoded is an unread payload, and has its own end.
        FileState::Failed => known.payload.is_some(),
        FileState::Due | FileState::Growing | FileState::LeftOut | FileState::Gone => false,
    }
}

/// Decides about a file that the cursor has left behind, and that no pass has seen since files are known by themselves. A
/// person's word counts for what was there when it was given. A reader's cursor only says that the names before it are not
/// looked at, so the payload that the file became has to be there too.
fn judge_past_file(evidence: &Evidence<'_>, file: &ListedFile) -> Verdict {
    let is_before = |at: i64| file.modified_at.is_none_or(|modified| modified <= at);
    if let Some(set_at) = evidence.known.cursor_set_at {
        return if is_before(set_at) { Verdict::Taken(FileState::Passed, None) } else { Verdict::Due };
    }
    let size = file.size.and_then(|size| i64::try_from(size).ok());
    // A bucket may serve an object decompressed; its cursor knows the version that was read.
    let is_same = |of: &ReceivedPayload| !file.tag.is_empty() || size.is_none_or(|size| size == of.bytes);
    match evidence.received.get(&file.address) {
        Some(received) if is_before(received.landed_at) && is_same(received) => {
            let state = if received.is_read { FileState::Read } else { FileState::Failed };
            Verdict::Taken(state, Some(received.id))
        }
        _ => Verdict::Due,
    }
}

/// Whether a second look at a file is needed before it is read: nobody has seen it as it is before, and it changed lately.
pub(crate) fn may_be_growing(known: &KnownFiles, file: &ListedFile, now: i64) -> bool {
    let was_seen = known.files.get(&file.name).is_some_and(|known| known.look == look_of(file));
    !was_seen && file.modified_at.is_none_or(|modified| modified > now - SETTLED_MICROS)
}

/// What is to be stored about the files that belong to no stream.
#[derive(Debug, Default)]
pub(crate) struct LeftOutPlan {
    /// Files that are left out for the first time, or for another reason.
    pub changed: Vec<FileNews>,
    /// Row ids of files that are left out no longer.
    pub forgotten: Vec<i64>,
    /// Names that somebody may miss, because they fit no pattern.
    pub foreign: Vec<String>,
    /// Names of what is no file, such as symbolic links, and names that are not text.
    pub unfit: Vec<String>,
}

/// Compares the files that belong to no stream with those of earlier passes.
pub(crate) fn plan_left_out(known: &KnownFiles, left_out: &[LeftOutFile]) -> LeftOutPlan {
    let mut plan = LeftOutPlan::default();
    let mut there = HashSet::new();
    for LeftOutFile { name, why } in left_out {
        if !there.insert(name.as_str()) {
            continue;
        }
        match why {
            LeftOut::Name { .. } => plan.foreign.push(name.clone()),
            why if why.is_unfit() => plan.unfit.push(name.clone()),
            _ => {}
        }
        let reason = Some(Message::new(why));
        if known.files.get(name).is_none_or(|known| known.reason != reason) {
            let state = FileState::LeftOut;
            plan.changed.push(FileNews {
                name: name.clone(),
                look: FileLook::default(),
                state,
                reason,
                payload: None,
                digest: None,
            });
        }
    }
    let gone = known.files.iter().filter(|(name, _)| !there.contains(name.as_str()));
    plan.forgotten = gone.map(|(_, known)| known.id).collect();
    plan
}

/// Says which files were taken as read, if any were.
pub(crate) fn taken_note(source: &str, stream: &str, taken: &[FileNews]) -> Option<RunNote> {
    let (source, stream, files) = (source.to_owned(), stream.to_owned(), taken.len());
    (files > 0).then_some(RunNote::FilesTakenAsRead { source, stream, files })
}
