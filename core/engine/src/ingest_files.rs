//! Reads the files of a stream: looks at all of them once, compares them with the files that are known, and lands those that
//! are new or have changed. A file that cannot be read bars none of the others.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use serde::Serialize;

use crate::discreet;
use crate::file_plan::{self, Evidence, FilePlan};
use crate::ingest::{Attempts, Ingest, PassStart, wait_for_stop};
use crate::landing::{self, LandedPage};
use crate::run_note::{RunNote, first_names};
use huiliu_decode::identity::parse_file_date;
use huiliu_manifest::Stream;
use huiliu_messages::Message;
use huiliu_platform::{Cause, Failure, FileListing, FileStore, ListedFile, Page};
use huiliu_store::StoreError;
use huiliu_store::intake::files::{self, FileLook, FileNews, KnownFiles, LandedFile, Listing};
use huiliu_store::intake::landing::{NewPayload, StreamPass};
use huiliu_store::intake::pushed;
use huiliu_store::intake::runs::{self, Source};
use huiliu_store::intake::source_lease::SourceClaim;
use huiliu_values::FileState;

/// How long a pass waits before it looks a second time at files that may be growing.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// The stream of files that belong to none.
const NO_STREAM: &str = "";

/// One pass over the files of one stream.
#[derive(Clone, Copy)]
pub(crate) struct FilePass<'a> {
    pub cx: Ingest<'a>,
    pub source: &'a Source,
    pub claim: SourceClaim,
    pub run: i64,
    pub stream: &'a Stream,
    pub store: &'a dyn FileStore,
    pub from: PassStart,
    /// Whether this stream tells about the files that belong to none.
    pub tells_left_out: bool,
}

/// What a pass knows while it reads.
struct Progress {
    known: KnownFiles,
    /// The cursor as it was stored when the pass began.
    start: Option<String>,
    /// The cursor as it is now.
    cursor: Option<String>,
    /// Files that were read, by size and time of change: name and digest.
    read: HashMap<FileLook, Vec<(String, Vec<u8>)>>,
    /// Looks that several files of this pass share.
    shared: HashSet<FileLook>,
    growing: BTreeSet<String>,
    failed: Vec<String>,
    failure: Option<Failure>,
    /// Whether the file before was refused, or its server failed. If the next one is too, it is not about one file.
    was_refused: bool,
    /// Whether the run says that a file has another encoding than the manifest.
    is_noted: bool,
}

/// Why a file is not read now, or not again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
enum FileNote {
    /// It was being written.
    #[serde(rename = "file.growing")]
    Growing,
    /// Its bytes and its time are those of another file, which was read.
    #[serde(rename = "file.copy")]
    Copy {
        /// The name of the other file.
        of: String,
    },
}

/// Reads the files of a stream. What cannot be read alone is told after all others were read.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn read_files(pass: FilePass<'_>) -> Result<Result<(), Failure>, StoreError> {
    let listed = tokio::select! {
        biased;
        () = wait_for_stop(pass.cx.stop) => Err(Failure::fatal(Cause::Stopped)),
        listed = pass.list() => listed,
    };
    let listing = match listed {
        Ok(listing) => listing,
        Err(failure) => return Ok(Err(failure)),
    };
    if pass.tells_left_out {
        pass.note_left_out(&listing).await?;
    }
    let (mut progress, plan) = match pass.prepare(&listing).await? {
        Ok(prepared) => prepared,
        Err(failure) => return Ok(Err(failure)),
    };
    drop(listing);
    for file in &plan.due {
        if progress.growing.contains(&file.name) {
            continue;
        }
        if let Err(failure) = pass.read_one(&mut progress, file).await? {
            pass.tell(&progress).await?;
            return Ok(Err(failure));
        }
    }
    pass.tell(&progress).await?;
    Ok(progress.failure.map_or(Ok(()), Err))
}

impl FilePass<'_> {
    /// Whether the pass says how far the source was read.
    fn moves_cursor(&self) -> bool {
        matches!(self.from, PassStart::Cursor | PassStart::Start)
    }

    /// Compares what is there with what is known, and stores the difference.
    async fn prepare(&self, listing: &FileListing) -> Result<Result<(Progress, FilePlan), Failure>, StoreError> {
        let (db, stream) = (self.cx.db, self.stream.name.as_str());
        let known = files::load_known(db, self.source.id, stream).await?;
        let stored = runs::find_cursor(db, self.source, stream).await?;
        let asked = stored.as_deref().filter(|_| !known.is_listed && self.from == PassStart::Cursor);
        let received = match asked {
            Some(_) if known.cursor_set_at.is_none() => files::load_received(db, self.source.id, stream).await?,
            _ => HashMap::new(),
        };
        let evidence = Evidence { known: &known, cursor: asked, received: &received, from: self.from };
        let plan = match file_plan::plan_files(self.store, &evidence, listing) {
            Ok(plan) => plan,
            Err(failure) => return Ok(Err(failure)),
        };
        if let Some(note) = file_plan::taken_note(&self.source.name, stream, &plan.taken) {
            note.add_to(db, self.run).await?;
        }
        let growing = self.find_growing(&known, &plan.due).await;
        self.save_plan(&plan, &growing).await?;
        let start = if self.from == PassStart::Start { None } else { stored };
        Ok(Ok((Progress::new(known, start, &plan.due, growing), plan)))
    }

    /// Looks a second time at files that may be growing. Two equal looks do not depend on anybody's clock.
    async fn find_growing(&self, known: &KnownFiles, due: &[ListedFile]) -> BTreeSet<String> {
        let now = chrono::Utc::now().timestamp_micros();
        let may_grow = |file: &&ListedFile| file_plan::may_be_growing(known, file, now);
        let doubtful: Vec<ListedFile> = due.iter().filter(may_grow).cloned().collect();
        if doubtful.is_empty() || !self.store.shows_unfinished_files() {
            return BTreeSet::new();
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        self.store.find_changed(&doubtful).await.into_iter().collect()
    }

    async fn save_plan(&self, plan: &FilePlan, growing: &BTreeSet<String>) -> Result<(), StoreError> {
        let is_growing = |file: &&ListedFile| growing.contains(&file.name);
        let growing = plan.due.iter().filter(is_growing).map(growing_news);
        let due = plan.due.iter().filter(|file| !is_growing(file));
        let due = due.map(|file| file_plan::news_of(file, FileState::Due, None, None));
        let base = Listing::new(self.source, self.claim, self.run, &self.stream.name);
        if !self.moves_cursor() {
            // A second reading of some days says nothing about what else is there.
            let changed: Vec<FileNews> = growing.collect();
            return files::save_listing(self.cx.db, &Listing { changed: &changed, ..base }).await;
        }
        let changed: Vec<FileNews> = plan.taken.iter().cloned().chain(growing).chain(due).collect();
        let is_again = self.from == PassStart::Start;
        let listing =
            Listing { changed: &changed, gone: &plan.gone, back: &plan.back, is_again, is_whole: true, ..base };
        files::save_listing(self.cx.db, &listing).await
    }

    async fn note_left_out(&self, listing: &FileListing) -> Result<(), StoreError> {
        let known = files::load_known(self.cx.db, self.source.id, NO_STREAM).await?;
        let plan = file_plan::plan_left_out(&known, &listing.left_out);
        if !plan.changed.is_empty() || !plan.forgotten.is_empty() {
            let base = Listing::new(self.source, self.claim, self.run, NO_STREAM);
            let listing = Listing { changed: &plan.changed, forgotten: &plan.forgotten, ..base };
            files::save_listing(self.cx.db, &listing).await?;
        }
        let named = |names: &[String]| first_names(names.iter().map(String::as_str));
        let (source, db, run) = (&self.source.name, self.cx.db, self.run);
        let (foreign, unfit) = (&plan.foreign, &plan.unfit);
        if !foreign.is_empty() {
            let note = RunNote::FilesLeftOut { source: source.clone(), files: foreign.len(), names: named(foreign) };
            note.add_to(db, run).await?;
        }
        if !unfit.is_empty() {
            let note = RunNote::FilesUnfit { source: source.clone(), files: unfit.len(), names: named(unfit) };
            note.add_to(db, run).await?;
        }
        Ok(())
    }

    /// Reads one file. Returns a failure that bars the others, such as that of the whole platform.
    async fn read_one(&self, progress: &mut Progress, file: &ListedFile) -> Result<Result<(), Failure>, StoreError> {
        if let Err(stopped) = self.cx.wait_for_room().await {
            return Ok(Err(stopped));
        }
        let read = tokio::select! {
            biased;
            () = wait_for_stop(self.cx.stop) => Err(Failure::fatal(Cause::Stopped)),
            read = self.fetch(file) => read,
        };
        match read {
            Ok(page) => {
                progress.was_refused = false;
                self.keep_page(progress, file, page).await.map(Ok)
            }
            Err(failure) if matches!(failure.cause, Cause::FileWriting { .. }) => {
                progress.growing.insert(file.name.clone());
                self.save(growing_news(file)).await.map(Ok)
            }
            Err(failure) if failure.concerns_one_file() || failure.may_concern_one_file() && !progress.was_refused => {
                progress.was_refused |= failure.may_concern_one_file();
                self.save(file_plan::news_of(file, FileState::Failed, Some(failure.message()), None)).await?;
                progress.failed.push(file.name.clone());
                progress.failure.get_or_insert(failure);
                Ok(Ok(()))
            }
            Err(failure) => Ok(Err(failure)),
        }
    }

    /// Looks at all files.
    async fn list(&self) -> Result<FileListing, Failure> {
        let mut attempts = Attempts::default();
        loop {
            match self.store.list_files(self.stream).await {
                Err(failure) => attempts.wait_after(discreet::mask_failure(self.cx.keys, failure)).await?,
                Ok(listed) => return Ok(discreet::mask_listing(self.cx.keys, listed)),
            }
        }
    }

    /// Fetches a file. One that is being written is not waited for.
    async fn fetch(&self, file: &ListedFile) -> Result<Page, Failure> {
        let mut attempts = Attempts::default();
        loop {
            match self.store.read_file(self.stream, file).await {
                Err(failure) if matches!(failure.cause, Cause::FileWriting { .. }) => return Err(failure),
                Err(failure) => attempts.wait_after(discreet::mask_failure(self.cx.keys, failure)).await?,
                Ok(page) => return Ok(discreet::mask_page(self.cx.keys, page)),
            }
        }
    }

    async fn save(&self, news: FileNews) -> Result<(), StoreError> {
        files::save_file(self.cx.db, self.source, self.claim, self.run, &self.stream.name, news).await
    }

    /// Lands a file, unless it holds what was read before.
    async fn keep_page(&self, progress: &mut Progress, file: &ListedFile, page: Page) -> Result<(), StoreError> {
        let look = file_plan::look_of(file);
        let digest = progress.needs_digest(file, &look).then(|| {
            pushed::compute_digest(self.cx.keys, &self.stream.name, &page.payload).map(|digest| digest.to_vec())
        });
        // A payload that cannot be digested cannot land either, and says why there.
        let digest = digest.and_then(Result::ok);
        if let Some(digest) = &digest
            && let Some(news) = self.find_repeated(progress, file, digest)
        {
            return self.save(news).await;
        }
        let moved = match self.store.move_cursor(progress.cursor.as_deref(), file) {
            Ok(moved) => moved,
            // The cursor was checked when the pass began.
            Err(_) => progress.cursor.clone().unwrap_or_default(),
        };
        let pass = StreamPass {
            source: self.source,
            claim: self.claim,
            run: self.run,
            stream: &self.stream.name,
            cursor_at_start: progress.start.as_deref(),
        };
        let new = NewPayload {
            layout: Some(&page.layout),
            cursor: self.moves_cursor().then_some(&moved),
            file: Some(LandedFile { name: &file.name, look: &look }),
            ..NewPayload::new(&file.address, &page.payload, page.records.clone())
        };
        landing::land_and_notify(self.cx, self.stream, pass, &[new]).await?;
        if let Ok(records) = page.records {
            (self.cx.progress)(LandedPage { records, counted: None });
        }
        let is_read = page.records.is_ok();
        let landed = (file.address.as_str(), &page.payload);
        progress.is_noted =
            progress.is_noted || landing::note_encoding(self.cx.db, self.run, self.stream, landed).await?;
        progress.cursor = Some(moved);
        if let Some(digest) = digest.filter(|_| is_read) {
            progress.read.entry(look).or_default().push((file.name.clone(), digest));
        }
        Ok(())
    }

    /// Returns the row of a file that holds what was read before: under its own name, or with the same time of change under
    /// another. A copy that was made later is the newest word, and a name with another date says something else.
    fn find_repeated(&self, progress: &Progress, file: &ListedFile, digest: &[u8]) -> Option<FileNews> {
        if self.from != PassStart::Cursor {
            return None;
        }
        if progress.digest_of(file) == Some(digest) {
            return Some(file_plan::news_of(file, FileState::Read, None, None));
        }
        // Where records have the name of their file, another name says something else.
        if self.stream.reads_file_name() {
            return None;
        }
        let date = parse_file_date(&file.address);
        let is_same =
            |(name, of): &&(String, Vec<u8>)| of == digest && *name != file.name && parse_file_date(name) == date;
        file.modified_at?;
        let (name, _) = progress.read.get(&file_plan::look_of(file))?.iter().find(is_same)?;
        let note = Message::new(&FileNote::Copy { of: name.clone() });
        let copy = file_plan::news_of(file, FileState::Copy, Some(note), None);
        Some(FileNews { digest: Some(digest.to_vec()), ..copy })
    }

    /// Adds to the run what happened to files that were not read.
    async fn tell(&self, progress: &Progress) -> Result<(), StoreError> {
        let (db, stream) = (self.cx.db, self.stream.name.clone());
        let Progress { growing, failed, .. } = progress;
        if !growing.is_empty() {
            let (stream, files, names) =
                (stream.clone(), growing.len(), first_names(growing.iter().map(String::as_str)));
            RunNote::FilesGrowing { stream, files, names }.add_to(db, self.run).await?;
        }
        if failed.len() > 1 {
            let (source, files, names) =
                (self.source.name.clone(), failed.len(), first_names(failed.iter().map(String::as_str)));
            RunNote::FilesFailed { source, stream, files, names }.add_to(db, self.run).await?;
        }
        Ok(())
    }
}

impl Progress {
    fn new(known: KnownFiles, start: Option<String>, due: &[ListedFile], growing: BTreeSet<String>) -> Self {
        let mut read: HashMap<FileLook, Vec<(String, Vec<u8>)>> = HashMap::new();
        for (name, file) in &known.files {
            if let (FileState::Read | FileState::Copy, Some(digest)) = (file.state, &file.digest) {
                read.entry(file.look.clone()).or_default().push((name.clone(), digest.clone()));
            }
        }
        let (mut once, mut shared) = (HashSet::new(), HashSet::new());
        for look in due.iter().map(file_plan::look_of).filter(|look| look.modified_at.is_some()) {
            if !once.insert(look.clone()) {
                shared.insert(look);
            }
        }
        let (cursor, failed, failure) = (start.clone(), vec![], None);
        let (was_refused, is_noted) = (false, false);
        Self { known, start, cursor, read, shared, growing, failed, failure, was_refused, is_noted }
    }

    /// Returns the digest of what was read from the file before, unless it is due to be read again in any case.
    fn digest_of(&self, file: &ListedFile) -> Option<&[u8]> {
        self.known.files.get(&file.name)?.digest.as_deref()
    }

    /// Whether the file may hold what was read before. Only then is its digest worth the time.
    fn needs_digest(&self, file: &ListedFile, look: &FileLook) -> bool {
        let is_timed = look.modified_at.is_some();
        self.digest_of(file).is_some() || is_timed && (self.read.contains_key(look) || self.shared.contains(look))
    }
}

fn growing_news(file: &ListedFile) -> FileNews {
    file_plan::news_of(file, FileState::Growing, Some(Message::new(&FileNote::Growing)), None)
}
