//! The files of sources: what each was when it was seen last, and what became of it.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::filter::{Conditions, fetch_count};
use crate::intake::runs::Source;
use crate::intake::source_lease::{self, SourceClaim};
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows, Value};
use huiliu_messages::Message;
use huiliu_values::FileState;
use huiliu_values::calendar::format_instant;

/// Number of files that are written by one statement.
const WRITTEN: usize = 5_000;

/// What a place shows of a file. Two looks that are equal mean that the file has not changed between them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct FileLook {
    /// Size in bytes, if the place tells it.
    pub size: Option<i64>,
    /// Time of the last change in microseconds UTC, if the place tells it.
    pub modified_at: Option<i64>,
    /// What else tells that the file has changed, such as an object's `ETag`; may be empty.
    pub tag: String,
}

/// A file that was seen in an earlier pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// Row id.
    pub id: i64,
    /// What it was then.
    pub look: FileLook,
    /// The digest of its payload, if it was read well.
    pub digest: Option<Vec<u8>>,
    /// What became of it; never [`FileState::Gone`].
    pub state: FileState,
    /// The payload that it became last. A file that failed without one could not be fetched.
    pub payload: Option<i64>,
    /// Whether it was no longer there at the last look.
    pub is_gone: bool,
    /// Why it is not read; `None` if it is.
    pub reason: Option<Message>,
}

/// The files of a stream that are known, by name.
#[derive(Debug, Clone, Default)]
pub struct KnownFiles {
    /// The files.
    pub files: HashMap<String, KnownFile>,
    /// Whether a pass has listed the stream since its cursor was last set by a person. Otherwise the cursor says which
    /// files were read.
    pub is_listed: bool,
    /// When a person set the stream's cursor, in microseconds UTC.
    pub cursor_set_at: Option<i64>,
}

/// Loads the known files of a stream.
///
/// # Errors
/// [`StoreError`].
pub async fn load_known(db: &Db, source_id: i64, stream: &str) -> Result<KnownFiles, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let of_stream = || vec![source_id.into(), stream.into()];
    let rows = tx
        .fetch_rows(
            "SELECT id, name, size, modified_at, tag, digest, state, payload_id, gone_at, reason FROM source_file
             WHERE source_id = $1 AND stream = $2",
            of_stream(),
        )
        .await?;
    let file = |row: &Row| {
        let look =
            FileLook { size: row.opt_int("size")?, modified_at: row.opt_int("modified_at")?, tag: row.text("tag")? };
        let known = KnownFile {
            id: row.int("id")?,
            look,
            digest: row.opt_bytes("digest")?,
            state: row.parse_text("state")?,
            payload: row.opt_int("payload_id")?,
            is_gone: row.opt_int("gone_at")?.is_some(),
            reason: row.opt_text("reason")?.as_deref().map(Message::parse_stored),
        };
        Ok::<_, StoreError>((row.text("name")?, known))
    };
    let files = rows.iter().map(file).collect::<Result<_, _>>()?;
    let listed = "SELECT run_id FROM listed_stream WHERE source_id = $1 AND stream = $2";
    let is_listed = !tx.fetch_rows(listed, of_stream()).await?.is_empty();
    let set = "SELECT set_at FROM stream_cursor WHERE source_id = $1 AND stream = $2";
    let cursor_set_at = tx.fetch_rows(set, of_stream()).await?.first().map_or(Ok(None), |row| row.opt_int("set_at"))?;
    Ok(KnownFiles { files, is_listed, cursor_set_at })
}

/// The newest payload of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceivedPayload {
    /// Row id.
    pub id: i64,
    /// Number of bytes.
    pub bytes: i64,
    /// When it landed, in microseconds UTC.
    pub landed_at: i64,
    /// Whether it could be decoded.
    pub is_read: bool,
}

/// Returns the newest payload of each address of a stream. For streams that were read before their files were known.
///
/// # Errors
/// [`StoreError`].
pub async fn load_received(
    db: &Db,
    source_id: i64,
    stream: &str,
) -> Result<HashMap<String, ReceivedPayload>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT p.address AS address, p.id AS id, p.byte_count AS bytes, p.landed_at AS landed_at, p.state AS state
             FROM payload p JOIN (SELECT max(id) AS id FROM payload WHERE source_id = $1 AND stream = $2 GROUP BY address) n
               ON n.id = p.id",
            vec![source_id.into(), stream.into()],
        )
        .await?;
    let received = |row: &Row| {
        let payload = ReceivedPayload {
            id: row.int("id")?,
            bytes: row.int("bytes")?,
            landed_at: row.int("landed_at")?,
            is_read: row.text("state")? == "landed",
        };
        Ok((row.text("address")?, payload))
    };
    rows.iter().map(received).collect()
}

/// A file whose state or look has changed.
#[derive(Debug, Clone)]
pub struct FileNews {
    /// Its name: the path in the folder, the object's key, or the name in the list.
    pub name: String,
    /// What it is now.
    pub look: FileLook,
    /// Its new state; never [`FileState::Gone`].
    pub state: FileState,
    /// Why, if that is to be told.
    pub reason: Option<Message>,
    /// The payload that it became; `None` keeps the one that is stored, except of a file that could not be fetched.
    pub payload: Option<i64>,
    /// The digest of its bytes, if they were read well; `None` keeps the one that is stored.
    pub digest: Option<Vec<u8>>,
}

/// What a pass has found out about the files of a stream by looking.
#[derive(Debug)]
pub struct Listing<'a> {
    /// The source.
    pub source: &'a Source,
    /// The lease on the source.
    pub claim: SourceClaim,
    /// The run that looked.
    pub run: i64,
    /// The stream; empty for files that belong to no stream.
    pub stream: &'a str,
    /// Files whose state or look has changed.
    pub changed: &'a [FileNews],
    /// Row ids of known files that are no longer there.
    pub gone: &'a [i64],
    /// Row ids of known files that are there again as they were.
    pub back: &'a [i64],
    /// Row ids of files that are forgotten, because they are left out no longer.
    pub forgotten: &'a [i64],
    /// Whether all files are to be read again, so that what was read of them before does not count.
    pub is_again: bool,
    /// Whether every file of the stream was looked at, and none by a cursor from now on.
    pub is_whole: bool,
}

impl<'a> Listing<'a> {
    /// Makes a listing in which nothing has changed.
    #[must_use]
    pub fn new(source: &'a Source, claim: SourceClaim, run: i64, stream: &'a str) -> Self {
        let (changed, none) = (&[], &[]);
        let (gone, back, forgotten) = (none, none, none);
        Self { source, claim, run, stream, changed, gone, back, forgotten, is_again: false, is_whole: false }
    }
}

/// Saves what a pass has found out by looking.
///
/// # Errors
/// [`StoreError`], including [`StoreError::LeaseLost`].
pub async fn save_listing(db: &Db, listing: &Listing<'_>) -> Result<(), StoreError> {
    let Listing { source, claim, run, stream, changed, gone, back, forgotten, is_again, is_whole } = *listing;
    let mut tx = db.begin().await?;
    source_lease::require_lease(&mut tx, claim).await?;
    for part in changed.chunks(WRITTEN) {
        write_news(&mut tx, source.id, stream, run, part, is_again).await?;
    }
    for (ids, sql) in [
        (gone, "UPDATE source_file SET gone_at = {now} WHERE id IN (SELECT id FROM {rows})"),
        (back, "UPDATE source_file SET gone_at = NULL WHERE id IN (SELECT id FROM {rows})"),
        (forgotten, "DELETE FROM source_file WHERE id IN (SELECT id FROM {rows})"),
    ] {
        for part in ids.chunks(WRITTEN) {
            tx.execute_with(sql, vec![], Rows::new().int("id", part.iter().map(|id| Some(*id)))).await?;
        }
    }
    if is_whole {
        tx.execute(
            "INSERT INTO listed_stream (source_id, stream, run_id, listed_at) VALUES ($1, $2, $3, {now})
             ON CONFLICT (source_id, stream) DO UPDATE SET run_id = excluded.run_id, listed_at = excluded.listed_at",
            vec![source.id.into(), stream.into(), run.into()],
        )
        .await?;
    }
    tx.commit().await
}

async fn write_news(
    tx: &mut Tx,
    source_id: i64,
    stream: &str,
    run: i64,
    part: &[FileNews],
    is_again: bool,
) -> Result<(), StoreError> {
    let reasons: Vec<Option<String>> = part.iter().map(|file| file.reason.as_ref().map(Message::to_stored)).collect();
    let rows = Rows::new()
        .text("name", part.iter().map(|file| Some(file.name.as_str())))
        .int("size", part.iter().map(|file| file.look.size))
        .int("modified_at", part.iter().map(|file| file.look.modified_at))
        .text("tag", part.iter().map(|file| Some(file.look.tag.as_str())))
        .text("state", part.iter().map(|file| Some(file.state.as_str())))
        .text("reason", reasons.iter().map(Option::as_deref))
        .int("payload_id", part.iter().map(|file| file.payload))
        .opt_bytes("digest", part.iter().map(|file| file.digest.as_deref()));
    let kept = |column: &str| match is_again {
        true => format!("excluded.{column}"),
        false => format!("coalesce(excluded.{column}, source_file.{column})"),
    };
    let sql = format!(
        "INSERT INTO source_file (source_id, stream, name, size, modified_at, tag, state, reason, run_id, payload_id, digest, first_seen_at)
         SELECT $1, $2, incoming.name, incoming.size, incoming.modified_at, incoming.tag, incoming.state, incoming.reason, $3,
                incoming.payload_id, incoming.digest, {{now}} FROM {{rows}} WHERE true
         ON CONFLICT (source_id, stream, name) DO UPDATE SET size = excluded.size, modified_at = excluded.modified_at,
           tag = excluded.tag, state = excluded.state, reason = excluded.reason, run_id = excluded.run_id,
           payload_id = CASE WHEN excluded.state = 'failed' THEN excluded.payload_id ELSE {} END, digest = {}, gone_at = NULL",
        kept("payload_id"),
        kept("digest"),
    );
    tx.execute_with(&sql, vec![source_id.into(), stream.into(), run.into()], rows).await?;
    Ok(())
}

/// Saves what became of one file that has not landed: it is still being written, could not be fetched, or holds what was
/// read before.
///
/// # Errors
/// [`StoreError`], including [`StoreError::LeaseLost`].
pub async fn save_file(
    db: &Db,
    source: &Source,
    claim: SourceClaim,
    run: i64,
    stream: &str,
    file: FileNews,
) -> Result<(), StoreError> {
    let changed = [file];
    let listing = Listing { changed: &changed, ..Listing::new(source, claim, run, stream) };
    save_listing(db, &listing).await
}

/// A file that lands as a payload.
#[derive(Debug, Clone, Copy)]
pub struct LandedFile<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it was when it was listed.
    pub look: &'a FileLook,
}

/// What became of a file that has landed.
pub(crate) struct FileOutcome<'a> {
    pub source_id: i64,
    pub stream: &'a str,
    pub run: i64,
    pub payload: i64,
    /// The payload's digest.
    pub digest: &'a [u8],
    /// Why it cannot be decoded, as a stored message; empty if it can.
    pub error: &'a str,
}

/// Writes the row of a file in the transaction that lands its payload.
pub(crate) async fn write_landed(tx: &mut Tx, file: LandedFile<'_>, of: &FileOutcome<'_>) -> Result<(), StoreError> {
    let LandedFile { name, look } = file;
    let is_read = of.error.is_empty();
    let state = if is_read { FileState::Read } else { FileState::Failed };
    let int = |value: Option<i64>| value.map_or(Value::Null, Value::Int);
    tx.execute(
        "INSERT INTO source_file (source_id, stream, name, size, modified_at, tag, digest, state, reason, run_id, payload_id, first_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $8 = 'read' THEN $7 END, $8, nullif($9, ''), $10, $11, {now})
         ON CONFLICT (source_id, stream, name) DO UPDATE SET size = excluded.size, modified_at = excluded.modified_at,
           tag = excluded.tag, digest = excluded.digest, state = excluded.state, reason = excluded.reason,
           run_id = excluded.run_id, payload_id = excluded.payload_id, gone_at = NULL",
        vec![
            of.source_id.into(),
            of.stream.into(),
            name.into(),
            int(look.size),
            int(look.modified_at),
            look.tag.as_str().into(),
            of.digest.into(),
            state.as_str().into(),
            of.error.into(),
            of.run.into(),
            of.payload.into(),
        ],
    )
    .await?;
    Ok(())
}

/// A file in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileRow {
    /// Number of the file.
    pub file: i64,
    /// Name of the source.
    pub source: String,
    /// Name of the stream; null if the file belongs to none.
    pub stream: Option<String>,
    /// Its name: the path in the folder, the object's key, or the name in the list.
    pub name: String,
    /// Size in bytes, if the place tells it.
    pub size: Option<i64>,
    /// When it was changed last by the clock of its place, RFC 3339; null if the place does not tell it.
    pub modified_at: Option<String>,
    /// What became of it.
    pub state: FileState,
    /// Why it was not read; null if it was, or will be.
    pub reason: Option<Message>,
    /// When it was first seen, RFC 3339.
    pub first_seen_at: String,
    /// When it was no longer there, RFC 3339; null while it is there.
    pub gone_at: Option<String>,
    /// The run that brought it into this state.
    pub run: i64,
    /// The payload that it became last; null if it was never fetched.
    pub payload: Option<i64>,
}

/// Selects files. All given conditions must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFilter {
    /// Files of this source.
    pub source: Option<String>,
    /// Files of this stream.
    pub stream: Option<String>,
    /// Files in this state.
    pub state: Option<FileState>,
}

impl FileFilter {
    fn add_conditions(&self, args: Vec<Value>) -> Conditions {
        let mut more = Conditions::new(args);
        more.add_if_some("s.name = ?", self.source.as_deref().map(Value::from));
        more.add_if_some("f.stream = ?", self.stream.as_deref().map(Value::from));
        more.add_if_some(
            "CASE WHEN f.gone_at IS NULL THEN f.state ELSE 'gone' END = ?",
            self.state.map(|state| state.as_str().into()),
        );
        more
    }
}

/// Lists files after a file's number.
///
/// # Errors
/// [`StoreError`].
pub async fn list_files(db: &Db, of: &FileFilter, after: i64, limit: i64) -> Result<Vec<FileRow>, StoreError> {
    let more = of.add_conditions(vec![after.into(), limit.into()]);
    let sql = format!(
        "SELECT f.id AS id, s.name AS source, f.stream AS stream, f.name AS name, f.size AS size, f.modified_at AS modified_at,
                CASE WHEN f.gone_at IS NULL THEN f.state ELSE 'gone' END AS state, f.reason AS reason,
                f.first_seen_at AS first_seen_at, f.gone_at AS gone_at, f.run_id AS run_id, f.payload_id AS payload_id
         FROM source_file f JOIN source s ON s.id = f.source_id WHERE f.id > $1{} ORDER BY f.id LIMIT $2",
        more.sql
    );
    let file = |row: &Row| {
        Ok(FileRow {
            file: row.int("id")?,
            source: row.text("source")?,
            stream: Some(row.text("stream")?).filter(|stream| !stream.is_empty()),
            name: row.text("name")?,
            size: row.opt_int("size")?,
            modified_at: row.opt_int("modified_at")?.map(format_instant),
            state: row.parse_text("state")?,
            reason: row.opt_text("reason")?.as_deref().map(Message::parse_stored),
            first_seen_at: format_instant(row.int("first_seen_at")?),
            gone_at: row.opt_int("gone_at")?.map(format_instant),
            run: row.int("run_id")?,
            payload: row.opt_int("payload_id")?,
        })
    };
    db.fetch_rows(&sql, more.args).await?.iter().map(file).collect()
}

/// Counts files.
///
/// # Errors
/// [`StoreError`].
pub async fn count_files(db: &Db, of: &FileFilter) -> Result<i64, StoreError> {
    let more = of.add_conditions(vec![]);
    let sql =
        format!("SELECT count(*) AS n FROM source_file f JOIN source s ON s.id = f.source_id WHERE true{}", more.sql);
    fetch_count(db, &sql, more.args).await
}

/// Condition on a file `f` that was seen and has not been read: it is still to be read, being written, or could not be
/// fetched. A file that was fetched and could not be decoded is an unread payload instead.
pub(crate) const IS_WAITING: &str = "f.state IN ('due', 'growing', 'failed') AND f.gone_at IS NULL
    AND (f.state <> 'failed' OR NOT EXISTS (SELECT 1 FROM unread_payload u WHERE u.payload_id = f.payload_id))";

/// Condition on a file `f` that is left out and is neither temporary nor a folder, so that somebody may miss it.
const IS_FOREIGN: &str = "f.gone_at IS NULL AND f.state = 'left_out' AND f.reason NOT LIKE '%\"file.temporary\"%'
    AND f.reason NOT LIKE '%\"file.folder\"%'";

/// Files that somebody should look at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FilesToSee {
    /// Number of files that were seen and not read: still to be read, being written, or impossible to fetch.
    pub waiting: i64,
    /// The first of them, with the names of their sources.
    pub waiting_first: Vec<String>,
    /// Number of files that are left out and not temporary: most of them because their names fit no pattern.
    pub foreign: i64,
    /// The first of them, with the names of their sources.
    pub foreign_first: Vec<String>,
}

/// Returns the files that somebody should look at, and names at most `shown` of each kind.
///
/// # Errors
/// [`StoreError`].
pub async fn find_files_to_see(db: &Db, shown: i64) -> Result<FilesToSee, StoreError> {
    let mut found = FilesToSee::default();
    let FilesToSee { waiting, waiting_first, foreign, foreign_first } = &mut found;
    for (condition, number, first) in [(IS_WAITING, waiting, waiting_first), (IS_FOREIGN, foreign, foreign_first)] {
        *number =
            fetch_count(db, &format!("SELECT count(*) AS n FROM source_file f WHERE {condition}"), vec![]).await?;
        let sql = format!(
            "SELECT s.name AS source, f.name AS name FROM source_file f JOIN source s ON s.id = f.source_id
             WHERE {condition} ORDER BY f.id DESC LIMIT $1"
        );
        let rows = db.fetch_rows(&sql, vec![shown.into()]).await?;
        let named = rows.iter().map(|row| Ok(format!("{}: {}", row.text("source")?, row.text("name")?)));
        *first = named.collect::<Result<_, StoreError>>()?;
    }
    Ok(found)
}
