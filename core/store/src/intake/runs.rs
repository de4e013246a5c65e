//! The books: sources, runs, payloads, batches and their claims.

use crate::admin::sealing;
use crate::intake::payloads;
use crate::intake::source_lease::{self, SourceClaim};
use crate::sql::db::{Db, Tx};
use crate::sql::error::{StoreError, Unreadable};
use crate::sql::rows::Rows;
use serde::Serialize;

use huiliu_decode::payload::Payload;
use huiliu_messages::Message;
use huiliu_values::ActivationKind;
use huiliu_vault::keys::Keys;

/// How far a run `r` is, for a listing: one that was stopped has not failed. A table says `failed`, and the code of its
/// failure; an earlier version wrote the sentence.
pub(crate) const STATE: &str = "CASE WHEN r.state = 'failed'
     AND (r.failure LIKE '%\"platform.stopped\"%' OR r.failure LIKE 'told to stop%') THEN 'stopped' ELSE r.state END";

/// A registered source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Row id.
    pub id: i64,
    /// The institution that answers for its data.
    pub institution_id: i64,
    /// Name in the settings.
    pub name: String,
    /// Connector id.
    pub connector: String,
}

/// Runs whose numbers follow each other, the first and the last among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunRange {
    /// Number of the first.
    pub first: i64,
    /// Number of the last.
    pub last: i64,
}

impl RunRange {
    /// Every run.
    pub const ALL: Self = Self { first: 0, last: i64::MAX };

    /// One run.
    #[must_use]
    pub fn one(run: i64) -> Self {
        Self { first: run, last: run }
    }
}

/// An institution, as a source is registered for it.
#[derive(Debug, Clone, Copy)]
pub struct Institution<'a> {
    /// Its code, by which it is found again.
    pub code: &'a str,
    /// Its name; an institution that is known keeps the one it has.
    pub name: &'a str,
}

/// Registers a source, or finds it.
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
    tx.run(
        "INSERT INTO institution (code, name) VALUES ($1, $2) ON CONFLICT (code) DO NOTHING",
        vec![institution.code.into(), institution.name.into()],
    )
    .await?;
    tx.run(
        "INSERT INTO source (institution_id, name, connector)
         SELECT id, $2, $3 FROM institution WHERE code = $1 ON CONFLICT (name) DO NOTHING",
        vec![institution.code.into(), name.into(), connector.into()],
    )
    .await?;
    let rows = tx.rows("SELECT id, institution_id, connector FROM source WHERE name = $1", vec![name.into()]).await?;
    tx.commit().await?;
    let row = rows.first().ok_or_else(|| StoreError::Column { column: "source.id".into() })?;
    Ok(Source {
        id: row.int("id")?,
        institution_id: row.int("institution_id")?,
        name: name.to_owned(),
        connector: row.text("connector")?,
    })
}

/// What becomes current: a manifest, or a rule pack.
#[derive(Debug, Clone, Copy)]
pub struct Current<'a> {
    /// Which of the two.
    pub kind: ActivationKind,
    /// Connector id or name of the pack.
    pub name: &'a str,
    /// Its version.
    pub version: i64,
    /// Keyed digest of all that decides what it produces.
    pub digest: &'a [u8],
}

/// Records that a manifest or rule pack is current and gives its activation number; what is current already keeps its
/// number. A rule pack that takes another's place marks every teacher: entries follow from rules.
///
/// # Errors
/// [`StoreError`].
pub async fn activate(db: &Db, current: Current<'_>) -> Result<i64, StoreError> {
    let mut tx = db.begin().await?;
    let activation = activate_in(&mut tx, current).await?;
    tx.commit().await?;
    Ok(activation)
}

/// [`activate`] in a transaction.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn activate_in(tx: &mut Tx, current: Current<'_>) -> Result<i64, StoreError> {
    let Current { kind, name, version, digest } = current;
    tx.lock_table("activation").await?;
    let held = tx
        .rows(
            "SELECT id, digest FROM activation WHERE kind = $1 AND name = $2 ORDER BY id DESC LIMIT 1",
            vec![kind.as_str().into(), name.into()],
        )
        .await?;
    if let Some(row) = held.first()
        && row.bytes("digest")? == digest
    {
        return row.int("id");
    }
    if kind == ActivationKind::Rules && !held.is_empty() {
        crate::ledger::marks::add_all(tx, crate::ledger::marks::SETTLE).await?;
        crate::identity::again(tx).await?;
    }
    let made = tx
        .rows(
            "INSERT INTO activation (kind, name, version, digest, at) VALUES ($1, $2, $3, $4, {now}) RETURNING id",
            vec![kind.as_str().into(), name.into(), version.into(), digest.into()],
        )
        .await?;
    made.first().ok_or_else(|| StoreError::Column { column: "activation.id".into() })?.int("id")
}

/// Starts a run.
///
/// # Errors
/// [`StoreError`].
pub async fn start_run(db: &Db, source: &Source, full: bool) -> Result<i64, StoreError> {
    let mut tx = db.begin().await?;
    let rows = tx
        .rows(
            "INSERT INTO sync_run (institution_id, source_id, full_pass, state, started_at)
             VALUES ($1, $2, $3, 'running', {now}) RETURNING id",
            vec![source.institution_id.into(), source.id.into(), i64::from(full).into()],
        )
        .await?;
    tx.commit().await?;
    rows.first().ok_or_else(|| StoreError::Column { column: "sync_run.id".into() })?.int("id")
}

/// Ends a run, unless it was found abandoned and ended by another.
///
/// # Errors
/// [`StoreError`].
pub async fn end_run(db: &Db, run: i64, failure: Option<&Message>) -> Result<(), StoreError> {
    let state = if failure.is_some() { "failed" } else { "done" };
    let failure = failure.map(Message::stored).unwrap_or_default();
    db.run(
        "UPDATE sync_run SET state = $2, ended_at = {now}, failure = nullif($3, '') WHERE id = $1 AND state = 'running'",
        vec![run.into(), state.into(), failure.into()],
    )
    .await?;
    Ok(())
}

/// The cursor of a stream.
///
/// # Errors
/// [`StoreError`].
pub async fn cursor(db: &Db, source: &Source, stream: &str) -> Result<Option<String>, StoreError> {
    let rows = db
        .rows(
            "SELECT value FROM stream_cursor WHERE source_id = $1 AND stream = $2",
            vec![source.id.into(), stream.into()],
        )
        .await?;
    rows.first().map(|r| r.text("value")).transpose()
}

/// What is landed in one transaction.
#[derive(Debug)]
pub struct Landing<'a> {
    /// The source.
    pub source: &'a Source,
    /// Our claim on it.
    pub claim: SourceClaim,
    /// The run that received it.
    pub run: i64,
    /// The stream.
    pub stream: &'a str,
    /// Page or file name, for people.
    pub address: &'a str,
    /// Bytes as received.
    pub payload: &'a Payload,
    /// The values of the stream's fan-out it was asked for with, a JSON object of texts.
    pub each: Option<&'a str>,
    /// Raw records in it, or why it cannot be read.
    pub records: Result<u32, Message>,
    /// Records per batch, at most 5,000.
    pub batch_size: u32,
    /// Where the run began to read the stream.
    pub cursor_at_start: Option<&'a str>,
    /// The stream's cursor once this is landed.
    pub cursor: Option<&'a str>,
}

/// Lands a payload with its batches and the cursor: one transaction. Gives the batches' ids. Bytes that are held already
/// are not sealed again.
///
/// # Errors
/// [`StoreError`], [`StoreError::LeaseLost`] among them; nothing remains then.
pub async fn land(db: &Db, keys: &Keys, landing: &Landing<'_>) -> Result<Vec<i64>, StoreError> {
    let unreadable =
        |e: std::io::Error| StoreError::Unreadable(Unreadable::Bytes { place: landing.address.to_owned(), why: e });
    let digest = crate::intake::pushed::digest(keys, landing.stream, landing.payload).map_err(unreadable)?;
    let held = held_already(db, landing, &digest).await?;
    let sealed = match held {
        Some(_) => None,
        None => Some(payloads::seal(keys, &digest, landing.payload)?),
    };
    let (state, fault, records) = match &landing.records {
        Ok(n) => ("landed", String::new(), *n),
        Err(why) => ("undecodable", why.stored(), 0),
    };
    let size = i64::try_from(landing.payload.len()).unwrap_or(i64::MAX);
    let mut tx = db.begin().await?;
    source_lease::hold(&mut tx, landing.claim).await?;
    let (mut wrapped, mut first) = (vec![], vec![]);
    if let Some(sealed) = &sealed {
        sealing::hold(&mut tx, keys).await?;
        (wrapped, first) = (sealed.wrapped.clone(), sealed.first.clone());
    }
    let made = tx
        .rows(
            "INSERT INTO payload (institution_id, run_id, source_id, stream, address, digest, same_as, wrapped_key, sealed,
                                  byte_count, state, fault, landed_at, each_values)
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
                fault.into(),
                landing.each.unwrap_or_default().replace("\\u0000", "\u{FFFD}").into(),
            ],
        )
        .await?;
    let payload = made.first().ok_or_else(|| StoreError::Column { column: "payload.id".into() })?.int("id")?;
    if let Some(sealed) = &sealed {
        payloads::put_rest(&mut tx, payload, &digest, sealed, landing.payload).await?;
    }
    let at_most = landing.batch_size.clamp(1, 5_000);
    let starts: Vec<u32> = (0..records).step_by(at_most as usize).collect();
    let rows = Rows::new()
        .int("first_record", starts.iter().map(|s| Some(i64::from(*s))))
        .int("record_count", starts.iter().map(|s| Some(i64::from(at_most.min(records - s)))));
    let batches = tx
        .rows_with(
            "INSERT INTO batch (run_id, payload_id, first_record, record_count, state, due_at, rung_at)
             SELECT $1, $2, first_record, record_count, 'due', {now}, {now} FROM {rows} WHERE true RETURNING id",
            vec![landing.run.into(), payload.into()],
            rows,
        )
        .await?;
    if let Some(cursor) = landing.cursor {
        move_cursor(&mut tx, landing, cursor).await?;
    }
    tx.commit().await?;
    batches.iter().map(|r| r.int("id")).collect()
}

/// The payload that holds the same bytes of the same stream.
async fn held_already(db: &Db, landing: &Landing<'_>, digest: &[u8]) -> Result<Option<i64>, StoreError> {
    let rows = db
        .rows(
            "SELECT min(id) AS id FROM payload WHERE source_id = $1 AND digest = $2 AND same_as IS NULL AND state = 'landed'",
            vec![landing.source.id.into(), digest.into()],
        )
        .await?;
    rows.first().map_or(Ok(None), |r| r.opt_int("id"))
}

/// Keeps a cursor while nothing has landed, as an export is being made.
///
/// # Errors
/// [`StoreError`], [`StoreError::LeaseLost`] among them.
pub async fn keep_cursor(db: &Db, landing: &Landing<'_>) -> Result<(), StoreError> {
    let Some(cursor) = landing.cursor else { return Ok(()) };
    let mut tx = db.begin().await?;
    source_lease::hold(&mut tx, landing.claim).await?;
    move_cursor(&mut tx, landing, cursor).await?;
    tx.commit().await
}

async fn move_cursor(tx: &mut Tx, landing: &Landing<'_>, cursor: &str) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO stream_cursor (source_id, stream, value) VALUES ($1, $2, $3)
         ON CONFLICT (source_id, stream) DO UPDATE SET value = excluded.value",
        vec![landing.source.id.into(), landing.stream.into(), cursor.into()],
    )
    .await?;
    tx.run(
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

/// Why a run has failed that nobody ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
enum Abandoned {
    /// Its process is gone.
    #[serde(rename = "run.process_ended")]
    ProcessEnded,
}

/// Runs that were left running by a process that is gone are ended as failed when a new one of their source starts.
///
/// # Errors
/// [`StoreError`].
pub async fn end_abandoned_runs(db: &Db, source: &Source) -> Result<(), StoreError> {
    db.run(
        "UPDATE sync_run SET state = 'failed', ended_at = {now}, failure = $2 WHERE source_id = $1 AND state = 'running'",
        vec![source.id.into(), Message::new(&Abandoned::ProcessEnded).stored().into()],
    )
    .await?;
    Ok(())
}
