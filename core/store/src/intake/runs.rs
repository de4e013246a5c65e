//! Sources, runs, payloads, batches and cursors, as they are received.

use crate::admin::sealing;
use crate::intake::files::{self, FileOutcome, LandedFile};
use crate::intake::source_lease::{self, SourceClaim};
use crate::intake::unread::{self, LandedPayload};
use crate::intake::{layouts, payloads, pushed};
use crate::sql::db::{Db, Tx};
use crate::sql::error::{StoreError, Unreadable};
use crate::sql::rows::Rows;
use serde::Serialize;

use huiliu_decode::accounting::PayloadLayout;
use huiliu_decode::heavy::run_heavy;
use huiliu_decode::payload::Payload;
use huiliu_messages::Message;
use huiliu_values::ActivationKind;
use huiliu_vault::keys::Keys;

/// SQL expression for the state of a run `r` in a listing: a run that was stopped has not failed. The table stores
/// `failed` for it and the code of the failure; an earlier version stored the English sentence.
pub(crate) const STATE: &str = "CASE WHEN r.state = 'failed'
     AND (r.failure LIKE '%\"platform.stopped\"%' OR r.failure LIKE 'told to stop%') THEN 'stopped' ELSE r.state END";

/// A source in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Row id.
    pub id: i64,
    /// The institution that is responsible for its data.
    pub institution_id: i64,
    /// The source's name in the settings.
    pub name: String,
    /// Connector id.
    pub connector: String,
}

/// Runs with consecutive numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunRange {
    /// Number of the first run.
    pub first: i64,
    /// Number of the last run.
    pub last: i64,
}

impl RunRange {
    /// All runs.
    pub const ALL: Self = Self { first: 0, last: i64::MAX };

    /// Returns the range of one run.
    #[must_use]
    pub fn single(run: i64) -> Self {
        Self { first: run, last: run }
    }
}

/// An institution, as given by the registration of a source.
#[derive(Debug, Clone, Copy)]
pub struct Institution<'a> {
    /// Its code, which identifies it.
    pub code: &'a str,
    /// Its name. A known institution keeps its name.
    pub name: &'a str,
}

/// Finds a source by name, or creates it.
///
/// # Errors
/// [`StoreError`].
pub async fn register_source(
    db: &Db,
    name: &str,
    connector: &str,
    institution: Institution<'_>,
) -> Result<Source, StoreError> {
    let mut tx = db.begin().await?;
    tx.execute(
        "INSERT INTO institution (code, name) VALUES ($1, $2) ON CONFLICT (code) DO NOTHING",
        vec![institution.code.into(), institution.name.into()],
    )
    .await?;
    tx.execute(
        "INSERT INTO source (institution_id, name, connector)
         SELECT id, $2, $3 FROM institution WHERE code = $1 ON CONFLICT (name) DO NOTHING",
        vec![institution.code.into(), name.into(), connector.into()],
    )
    .await?;
    let rows =
        tx.fetch_rows("SELECT id, institution_id, connector FROM source WHERE name = $1", vec![name.into()]).await?;
    tx.commit().await?;
    let row = rows.first().ok_or_else(|| StoreError::Column { column: "source.id".into() })?;
    Ok(Source {
        id: row.int("id")?,
        institution_id: row.int("institution_id")?,
        name: name.to_owned(),
        connector: row.text("connector")?,
    })
}

/// A manifest that is becoming current.
#[derive(Debug, Clone, Copy)]
pub struct NewActivation<'a> {
    /// What kind of activation it is.
    pub kind: ActivationKind,
    /// Connector id.
    pub name: &'a str,
    /// Version of the manifest.
    pub version: i64,
    /// Keyed digest of everything that affects its results.
    pub digest: &'a [u8],
}

/// Records that a manifest is current and returns its activation number. One that is already current keeps its number.
/// Rules become current by [`crate::ledger::rule_sets`].
///
/// # Errors
/// [`StoreError`].
pub async fn activate_current(db: &Db, current: NewActivation<'_>) -> Result<i64, StoreError> {
    let mut tx = db.begin().await?;
    let activation = activate_in(&mut tx, current).await?;
    tx.commit().await?;
    Ok(activation)
}

/// Does the same as [`activate_current`] in a given transaction.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn activate_in(tx: &mut Tx, current: NewActivation<'_>) -> Result<i64, StoreError> {
    let NewActivation { kind, name, version, digest } = current;
    tx.lock_table("activation").await?;
    let held = tx
        .fetch_rows(
            "SELECT id, digest FROM activation WHERE kind = $1 AND name = $2 ORDER BY id DESC LIMIT 1",
            vec![kind.as_str().into(), name.into()],
        )
        .await?;
    if let Some(row) = held.first()
        && row.bytes("digest")? == digest
    {
        return row.int("id");
    }
    let made = tx
        .fetch_rows(
            "INSERT INTO activation (kind, name, version, digest, at) VALUES ($1, $2, $3, $4, {now}) RETURNING id",
            vec![kind.as_str().into(), name.into(), version.into(), digest.into()],
        )
        .await?;
    made.first().ok_or_else(|| StoreError::Column { column: "activation.id".into() })?.int("id")
}

/// Starts a run and returns its number.
///
/// # Errors
/// [`StoreError`].
pub async fn start_run(db: &Db, source: &Source, full: bool) -> Result<i64, StoreError> {
    let mut tx = db.begin().await?;
    let rows = tx
        .fetch_rows(
            "INSERT INTO sync_run (institution_id, source_id, full_pass, state, started_at)
             VALUES ($1, $2, $3, 'running', {now}) RETURNING id",
            vec![source.institution_id.into(), source.id.into(), i64::from(full).into()],
        )
        .await?;
    tx.commit().await?;
    rows.first().ok_or_else(|| StoreError::Column { column: "sync_run.id".into() })?.int("id")
}

/// Ends a run, unless it was already ended as abandoned.
///
/// # Errors
/// [`StoreError`].
pub async fn end_run(db: &Db, run: i64, failure: Option<&Message>) -> Result<(), StoreError> {
    let state = if failure.is_some() { "failed" } else { "done" };
    let failure = failure.map(Message::to_stored).unwrap_or_default();
    db.execute(
        "UPDATE sync_run SET state = $2, ended_at = {now}, failure = nullif($3, '') WHERE id = $1 AND state = 'running'",
        vec![run.into(), state.into(), failure.into()],
    )
    .await?;
    Ok(())
}

/// Adds a note to a run.
///
/// # Errors
/// [`StoreError`].
pub async fn add_note(db: &Db, run: i64, note: &Message) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let rows = tx.fetch_rows("SELECT notes FROM sync_run WHERE id = $1 {lock}", vec![run.into()]).await?;
    let held = rows.first().map_or(Ok(None), |r| r.opt_text("notes"))?;
    let mut notes = held.as_deref().map(Message::parse_stored_list).unwrap_or_default();
    notes.push(note.clone());
    let notes = Message::to_stored_list(&notes);
    tx.execute("UPDATE sync_run SET notes = $2 WHERE id = $1", vec![run.into(), notes.into()]).await?;
    tx.commit().await
}

/// Lists the notes of a run.
///
/// # Errors
/// [`StoreError`].
pub async fn list_notes(db: &Db, run: i64) -> Result<Vec<Message>, StoreError> {
    let rows = db.fetch_rows("SELECT notes FROM sync_run WHERE id = $1", vec![run.into()]).await?;
    let notes = rows.first().map_or(Ok(None), |row| row.opt_text("notes"))?;
    Ok(notes.as_deref().map(Message::parse_stored_list).unwrap_or_default())
}

/// Returns the cursor of a stream.
///
/// # Errors
/// [`StoreError`].
pub async fn find_cursor(db: &Db, source: &Source, stream: &str) -> Result<Option<String>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT value FROM stream_cursor WHERE source_id = $1 AND stream = $2",
            vec![source.id.into(), stream.into()],
        )
        .await?;
    rows.first().map(|r| r.text("value")).transpose()
}

/// A payload to land, with its batches and cursor.
#[derive(Debug)]
pub struct Landing<'a> {
    /// The source it came from.
    pub source: &'a Source,
    /// The lease on the source.
    pub claim: SourceClaim,
    /// The run that received it.
    pub run: i64,
    /// Name of its stream.
    pub stream: &'a str,
    /// Page or file name, for display.
    pub address: &'a str,
    /// The bytes as received.
    pub payload: &'a Payload,
    /// The fan-out values with which the payload was requested, as a JSON object of strings.
    pub each: Option<&'a str>,
    /// Number of raw records in it, or why it cannot be read.
    pub records: Result<u32, Message>,
    /// What the rows of its tables were taken for, if it has tables.
    pub layout: Option<&'a PayloadLayout>,
    /// Records per batch, at most 5,000.
    pub batch_size: u32,
    /// The cursor at which the run began reading the stream.
    pub cursor_at_start: Option<&'a str>,
    /// The stream's cursor after this payload.
    pub cursor: Option<&'a str>,
    /// The listed file that it is, if it is one.
    pub file: Option<LandedFile<'a>>,
}

/// Writes a payload, its batches and the cursor in one transaction, and returns the ids of the batches. Bytes that are
/// already stored are not sealed again.
///
/// # Errors
/// [`StoreError`], including [`StoreError::LeaseLost`]. Nothing is written then.
pub async fn land_payload(db: &Db, keys: &Keys, landing: &Landing<'_>) -> Result<Vec<i64>, StoreError> {
    let unreadable =
        |e: std::io::Error| StoreError::Unreadable(Unreadable::Bytes { place: landing.address.to_owned(), why: e });
    let size = landing.payload.len();
    let digest =
        run_heavy(size, || pushed::compute_digest(keys, landing.stream, landing.payload)).map_err(unreadable)?;
    let held = find_same_payload(db, landing, &digest).await?;
    let sealed = match held {
        Some(_) => None,
        None => Some(run_heavy(size, || payloads::seal_first_piece(keys, &digest, landing.payload))?),
    };
    let (state, error, records) = match &landing.records {
        Ok(n) => ("landed", String::new(), *n),
        Err(why) => ("undecodable", why.to_stored(), 0),
    };
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let mut tx = db.begin().await?;
    source_lease::require_lease(&mut tx, landing.claim).await?;
    let (mut wrapped, mut first) = (vec![], vec![]);
    if let Some(sealed) = &sealed {
        sealing::require_current(&mut tx, keys).await?;
        (wrapped, first) = (sealed.wrapped.clone(), sealed.first.clone());
    }
    let made = tx
        .fetch_rows(
            "INSERT INTO payload (institution_id, run_id, source_id, stream, address, digest, same_as, wrapped_key, sealed,
                                  byte_count, state, error, landed_at, each_values)
             VALUES ($1, $2, $3, $4, $5, $6, nullif($7, 0), CASE WHEN $7 = 0 THEN $8 END, CASE WHEN $7 = 0 THEN $9 END,
                     $10, $11, nullif($12, ''), {now}, nullif($13, '')) RETURNING id",
            vec![
                landing.source.institution_id.into(),
                landing.run.into(),
                landing.source.id.into(),
                landing.stream.into(),
                landing.address.replace('\0', "\u{FFFD}").into(),
                digest.to_vec().into(),
                held.unwrap_or(0).into(),
                wrapped.into(),
                first.into(),
                size.into(),
                state.into(),
                error.as_str().into(),
                landing.each.unwrap_or_default().replace("\\u0000", "\u{FFFD}").into(),
            ],
        )
        .await?;
    let payload = made.first().ok_or_else(|| StoreError::Column { column: "payload.id".into() })?.int("id")?;
    if let Some(sealed) = &sealed {
        payloads::insert_remaining_pieces(&mut tx, payload, &digest, sealed, landing.payload).await?;
    }
    if let Some(layout) = landing.layout {
        layouts::insert_tables(&mut tx, payload, layout).await?;
    }
    let batches = insert_batches(&mut tx, landing.run, payload, records, landing.batch_size).await?;
    note_outcome(&mut tx, landing, payload, &digest, &error).await?;
    if let Some(cursor) = landing.cursor {
        write_cursor(&mut tx, landing, cursor).await?;
    }
    tx.commit().await?;
    Ok(batches)
}

/// Makes the batches of a payload, and returns their ids.
pub(crate) async fn insert_batches(
    tx: &mut Tx,
    run: i64,
    payload: i64,
    records: u32,
    batch_size: u32,
) -> Result<Vec<i64>, StoreError> {
    let at_most = batch_size.clamp(1, 5_000);
    let starts: Vec<u32> = (0..records).step_by(at_most as usize).collect();
    let rows = Rows::new()
        .int("first_record", starts.iter().map(|s| Some(i64::from(*s))))
        .int("record_count", starts.iter().map(|s| Some(i64::from(at_most.min(records - s)))));
    let batches = tx
        .fetch_rows_with(
            "INSERT INTO batch (run_id, payload_id, first_record, record_count, state, due_at, notified_at)
             SELECT $1, $2, first_record, record_count, 'due', {now}, {now} FROM {rows} WHERE true RETURNING id",
            vec![run.into(), payload.into()],
            rows,
        )
        .await?;
    batches.iter().map(|r| r.int("id")).collect()
}

/// Notes what became of a payload's file, and that it could not be decoded, or stands for one that could not. `error` is empty
/// if it could.
async fn note_outcome(
    tx: &mut Tx,
    landing: &Landing<'_>,
    payload: i64,
    digest: &[u8],
    error: &str,
) -> Result<(), StoreError> {
    let Landing { source, stream, run, file, .. } = landing;
    let landed =
        LandedPayload { id: payload, source_id: source.id, stream, digest, file: file.as_ref().map(|file| file.name) };
    match error {
        "" => unread::end_by_payload(tx, &landed).await?,
        _ => unread::add_unread(tx, &landed).await?,
    }
    let Some(file) = *file else { return Ok(()) };
    let outcome = FileOutcome { source_id: source.id, stream, run: *run, payload, digest, error };
    files::write_landed(tx, file, &outcome).await
}

/// Returns the payload that holds the same bytes of the same source and stream.
async fn find_same_payload(db: &Db, landing: &Landing<'_>, digest: &[u8]) -> Result<Option<i64>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT min(id) AS id FROM payload WHERE source_id = $1 AND digest = $2 AND same_as IS NULL AND state = 'landed'",
            vec![landing.source.id.into(), digest.into()],
        )
        .await?;
    rows.first().map_or(Ok(None), |r| r.opt_int("id"))
}

/// Saves a cursor when nothing has landed, such as while the platform prepares an export.
///
/// # Errors
/// [`StoreError`], including [`StoreError::LeaseLost`].
pub async fn save_cursor(db: &Db, landing: &Landing<'_>) -> Result<(), StoreError> {
    let Some(cursor) = landing.cursor else { return Ok(()) };
    let mut tx = db.begin().await?;
    source_lease::require_lease(&mut tx, landing.claim).await?;
    write_cursor(&mut tx, landing, cursor).await?;
    tx.commit().await
}

async fn write_cursor(tx: &mut Tx, landing: &Landing<'_>, cursor: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO stream_cursor (source_id, stream, value) VALUES ($1, $2, $3)
         ON CONFLICT (source_id, stream) DO UPDATE SET value = excluded.value",
        vec![landing.source.id.into(), landing.stream.into(), cursor.into()],
    )
    .await?;
    tx.execute(
        "INSERT INTO sync_run_cursor (run_id, stream, at_start, at_end) VALUES ($1, $2, nullif($3, ''), $4)
         ON CONFLICT (run_id, stream) DO UPDATE SET at_end = excluded.at_end",
        vec![
            landing.run.into(),
            landing.stream.into(),
            landing.cursor_at_start.unwrap_or_default().into(),
            cursor.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Why a run failed that its own process did not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
enum Abandoned {
    /// The process of the run is gone.
    #[serde(rename = "run.process_ended")]
    ProcessEnded,
}

/// Ends as failed the runs that a vanished process left open. Called when a new run of the source starts.
///
/// # Errors
/// [`StoreError`].
pub async fn end_abandoned_runs(db: &Db, source: &Source) -> Result<(), StoreError> {
    db.execute(
        "UPDATE sync_run SET state = 'failed', ended_at = {now}, failure = $2 WHERE source_id = $1 AND state = 'running'",
        vec![source.id.into(), Message::new(&Abandoned::ProcessEnded).to_stored().into()],
    )
    .await?;
    Ok(())
}
