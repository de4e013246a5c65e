//! Sources and their runs.

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use serde::Serialize;

use huiliu_messages::Message;
use huiliu_values::ActivationKind;

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
