//! Payloads that could not be decoded, and how that ends: one is read well later, a newer one takes its place, or a person
//! dismisses it.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::audit::Author;
use crate::admin::filter::{Conditions, fetch_count};
use crate::intake::payloads::StoredPayload;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows, Value};
use huiliu_messages::Message;
use huiliu_values::UnreadState;
use huiliu_values::calendar::format_instant;

/// A payload that could not be decoded, in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnreadPayload {
    /// Number of the payload.
    pub payload: i64,
    /// Name of the source.
    pub source: String,
    /// Name of the stream.
    pub stream: String,
    /// Page or file name.
    pub address: String,
    /// The run that received it.
    pub run: i64,
    /// When it was received, RFC 3339.
    pub received_at: String,
    /// Number of bytes.
    pub bytes: i64,
    /// What became of it.
    pub state: UnreadState,
    /// Why it could not be decoded, with the place in it: its member, sheet, line or byte. Null once it was decoded.
    pub reason: Option<Message>,
    /// The payload that was read well in its place, which may be itself.
    pub read_as: Option<i64>,
    /// Number of its raw records that await a replay.
    pub awaiting: i64,
    /// Number of its raw records whose batches are not delivered yet.
    pub undelivered: i64,
    /// When that ended, RFC 3339; null while it is open.
    pub ended_at: Option<String>,
    /// Who ended it; null if a newer payload did.
    pub ended_by: Option<String>,
    /// Why the person ended it.
    pub because: Option<String>,
}

/// Selects unread payloads. All given conditions must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnreadFilter {
    /// Only this payload.
    pub payload: Option<i64>,
    /// Payloads of this source.
    pub source: Option<String>,
    /// Payloads of this stream.
    pub stream: Option<String>,
    /// Payloads of this run.
    pub run: Option<i64>,
    /// Payloads in this state.
    pub state: Option<UnreadState>,
    /// Payloads with a reason of this code (true), or with any other reason (false).
    pub code: Option<(&'static str, bool)>,
}

impl UnreadFilter {
    /// Selects what is open everywhere.
    #[must_use]
    pub fn open() -> Self {
        Self { state: Some(UnreadState::Open), ..Self::default() }
    }

    fn add_conditions(&self, args: Vec<Value>) -> Conditions {
        let mut more = Conditions::new(args);
        more.add_if_some("u.payload_id = ?", self.payload.map(Value::from));
        more.add_if_some("s.name = ?", self.source.as_deref().map(Value::from));
        more.add_if_some("u.stream = ?", self.stream.as_deref().map(Value::from));
        more.add_if_some("p.run_id = ?", self.run.map(Value::from));
        more.add_if_some("u.state = ?", self.state.map(|state| state.as_str().into()));
        if let Some((code, is_it)) = self.code {
            let not = if is_it { "" } else { "NOT " };
            more.add_if_some(
                &format!("coalesce(p.error, '') {not}LIKE ?"),
                Some(format!("%\"code\":\"{code}\"%").into()),
            );
        }
        more
    }
}

/// SQL: the number of raw records of the payload `p` that await a replay.
const AWAITING: &str = "(SELECT count(*) FROM batch b JOIN dead_letter_sighting g ON g.batch_id = b.id
    WHERE b.payload_id = p.id AND b.awaits_replay = 1 AND g.awaits_replay = 1 AND g.outcome = 'parked')";
/// SQL: the number of raw records of the payload `p` whose batches are not delivered.
const UNDELIVERED: &str = "(SELECT CAST(coalesce(sum(b.record_count), 0) AS bigint) FROM batch b
    WHERE b.payload_id = p.id AND b.state <> 'done')";

/// What of a payload does not count yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncounted {
    /// Number of its raw records that await a replay.
    pub awaiting: i64,
    /// Number of its raw records whose batches are not delivered.
    pub undelivered: i64,
}

/// Counts what of some payloads does not count yet, by payload.
///
/// # Errors
/// [`StoreError`].
pub async fn count_uncounted(db: &Db, payloads: &[i64]) -> Result<HashMap<i64, Uncounted>, StoreError> {
    let sql = format!(
        "SELECT p.id AS id, {AWAITING} AS awaiting, {UNDELIVERED} AS undelivered
         FROM {{rows}} {{join payload p ON p.id = incoming.id}}"
    );
    let wanted = Rows::new().int("id", payloads.iter().copied().map(Some));
    let rows = db.begin_read_only().await?.fetch_rows_with(&sql, vec![], wanted).await?;
    let of = |row: &Row| {
        let uncounted = Uncounted { awaiting: row.int("awaiting")?, undelivered: row.int("undelivered")? };
        Ok((row.int("id")?, uncounted))
    };
    rows.iter().map(of).collect()
}

/// Lists unread payloads after a payload's number.
///
/// # Errors
/// [`StoreError`].
pub async fn list_unread_payloads(
    db: &Db,
    of: &UnreadFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<UnreadPayload>, StoreError> {
    let more = of.add_conditions(vec![after.into(), limit.into()]);
    let sql = format!(
        "SELECT u.payload_id AS id, s.name AS source, u.stream AS stream, p.address AS address, p.run_id AS run_id,
                p.landed_at AS landed_at, p.byte_count AS bytes, u.state AS state, p.error AS error, u.read_as AS read_as,
                u.ended_at AS ended_at, u.ended_by AS ended_by, u.because AS because,
                {AWAITING} AS awaiting, {UNDELIVERED} AS undelivered
         FROM unread_payload u JOIN payload p ON p.id = u.payload_id JOIN source s ON s.id = u.source_id
         WHERE u.payload_id > $1{} ORDER BY u.payload_id LIMIT $2",
        more.sql
    );
    let payload = |row: &Row| {
        Ok(UnreadPayload {
            payload: row.int("id")?,
            source: row.text("source")?,
            stream: row.text("stream")?,
            address: row.text("address")?,
            run: row.int("run_id")?,
            received_at: format_instant(row.int("landed_at")?),
            bytes: row.int("bytes")?,
            state: row.parse_text("state")?,
            reason: row.opt_text("error")?.as_deref().map(Message::parse_stored),
            read_as: row.opt_int("read_as")?,
            awaiting: row.int("awaiting")?,
            undelivered: row.int("undelivered")?,
            ended_at: row.opt_int("ended_at")?.map(format_instant),
            ended_by: row.opt_text("ended_by")?,
            because: row.opt_text("because")?,
        })
    };
    db.fetch_rows(&sql, more.args).await?.iter().map(payload).collect()
}

/// Counts unread payloads.
///
/// # Errors
/// [`StoreError`].
pub async fn count_unread_payloads(db: &Db, of: &UnreadFilter) -> Result<i64, StoreError> {
    let more = of.add_conditions(vec![]);
    let sql = format!(
        "SELECT count(*) AS n FROM unread_payload u JOIN payload p ON p.id = u.payload_id JOIN source s ON s.id = u.source_id
         WHERE true{}",
        more.sql
    );
    fetch_count(db, &sql, more.args).await
}

/// A payload that cannot be read, and with which nobody has dealt.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UnreadRow {
    /// Number of the payload, for `payloads show`, `retry` and `dismiss`.
    pub number: i64,
    /// Name of the stream.
    pub stream: String,
    /// Page or file name of the payload.
    pub payload: String,
    /// Why it cannot be read.
    pub reason: Message,
}

/// Lists the payloads of a run that cannot be read, and with which nobody has dealt, at most 1,000.
///
/// # Errors
/// [`StoreError`].
pub async fn list_unread(db: &Db, run: i64) -> Result<Vec<UnreadRow>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT p.id AS id, p.stream AS stream, p.address AS address, coalesce(p.error, '') AS error
             FROM payload p JOIN unread_payload u ON u.payload_id = p.id
             WHERE u.state = 'open' AND p.run_id = $1 ORDER BY p.id LIMIT 1000",
            vec![run.into()],
        )
        .await?;
    let row = |r: &Row| {
        Ok(UnreadRow {
            number: r.int("id")?,
            stream: r.text("stream")?,
            payload: r.text("address")?,
            reason: Message::parse_stored(&r.text("error")?),
        })
    };
    rows.iter().map(row).collect()
}

/// A payload that has just landed.
pub(crate) struct LandedPayload<'a> {
    pub id: i64,
    pub source_id: i64,
    pub stream: &'a str,
    pub digest: &'a [u8],
    /// The name of its file, if it is one that is listed.
    pub file: Option<&'a str>,
}

/// Notes that a payload could not be decoded.
pub(crate) async fn add_unread(tx: &mut Tx, of: &LandedPayload<'_>) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO unread_payload (payload_id, source_id, stream, file, state) VALUES ($1, $2, $3, nullif($4, ''), 'open')",
        vec![of.id.into(), of.source_id.into(), of.stream.into(), of.file.unwrap_or_default().into()],
    )
    .await?;
    Ok(())
}

/// Whether a payload of a stream waits for somebody to read or dismiss it.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn has_open(tx: &mut Tx, source_id: i64, stream: &str) -> Result<bool, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT 1 AS one FROM unread_payload WHERE state = 'open' AND source_id = $1 AND stream = $2 LIMIT 1",
            vec![source_id.into(), stream.into()],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Ends what a payload that was read well stands for: the same bytes, or an earlier content of the same file. A file that
/// was handed in has only a name, which another file may have too, so it ends nothing by its name.
pub(crate) async fn end_by_payload(tx: &mut Tx, of: &LandedPayload<'_>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE unread_payload SET state = 'read', read_as = $1, ended_at = {now}
         WHERE state = 'open' AND source_id = $2 AND stream = $3 AND (file = $4 OR EXISTS (
           SELECT 1 FROM payload p WHERE p.id = unread_payload.payload_id AND p.digest = $5 AND p.state = 'undecodable'))",
        vec![of.id.into(), of.source_id.into(), of.stream.into(), of.file.unwrap_or_default().into(), of.digest.into()],
    )
    .await?;
    Ok(())
}

/// An unread payload that is to be decoded again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetriedPayload {
    /// Its number.
    pub payload: i64,
    /// Its stored bytes, which another payload may hold.
    pub stored: StoredPayload,
    /// The run that received it.
    pub run: i64,
    /// The connector of its source.
    pub connector: String,
    /// Name of its stream.
    pub stream: String,
    /// Page or file name.
    pub address: String,
    /// What became of it so far.
    pub state: UnreadState,
}

/// Loads unread payloads that are to be decoded again. Those that do not exist are left out.
///
/// # Errors
/// [`StoreError`].
pub async fn load_retried(db: &Db, payloads: &[i64]) -> Result<Vec<RetriedPayload>, StoreError> {
    let rows = db
        .begin_read_only()
        .await?
        .fetch_rows_with(
            "SELECT u.payload_id AS id, coalesce(p.same_as, p.id) AS kept, p.digest AS digest, p.run_id AS run_id, s.connector AS connector, u.stream AS stream,
                    p.address AS address, u.state AS state
             FROM unread_payload u JOIN payload p ON p.id = u.payload_id JOIN source s ON s.id = u.source_id
             WHERE u.payload_id IN (SELECT id FROM {rows}) ORDER BY u.payload_id",
            vec![],
            Rows::new().int("id", payloads.iter().map(|id| Some(*id))),
        )
        .await?;
    let retried = |row: &Row| {
        Ok(RetriedPayload {
            payload: row.int("id")?,
            stored: StoredPayload { id: row.int("kept")?, digest: row.bytes("digest")? },
            run: row.int("run_id")?,
            connector: row.text("connector")?,
            stream: row.text("stream")?,
            address: row.text("address")?,
            state: row.parse_text("state")?,
        })
    };
    rows.iter().map(retried).collect()
}

/// Makes batches of a payload that can be decoded now, and returns their ids; `None` if another process has ended it in the
/// meantime. The payload belongs to the run that received it, so its records count there, unless they await a replay.
///
/// # Errors
/// [`StoreError`].
pub async fn land_retried(
    tx: &mut Tx,
    of: &RetriedPayload,
    records: u32,
    (batch_size, awaits_replay): (u32, bool),
    author: Author<'_>,
) -> Result<Option<Vec<i64>>, StoreError> {
    let id = of.payload;
    let ended = tx
        .execute(
            "UPDATE unread_payload SET state = 'read', read_as = $1, ended_at = {now}, ended_by = $2, because = nullif($3, '')
             WHERE payload_id = $1 AND state <> 'read'",
            vec![id.into(), author.actor.into(), author.because.into()],
        )
        .await?;
    if ended == 0 {
        return Ok(None);
    }
    tx.execute("UPDATE payload SET state = 'landed', error = NULL WHERE id = $1", vec![id.into()]).await?;
    tx.execute(
        "UPDATE source_file SET state = 'read', reason = NULL, digest = $2 WHERE payload_id = $1 AND state = 'failed'",
        vec![id.into(), of.stored.digest.as_slice().into()],
    )
    .await?;
    super::landing::insert_batches(tx, of.run, &[(id, records)], batch_size, awaits_replay).await.map(Some)
}

/// Stores why a payload still cannot be decoded.
///
/// # Errors
/// [`StoreError`].
pub async fn save_reason(tx: &mut Tx, payload: i64, reason: &Message) -> Result<(), StoreError> {
    let reason = reason.to_stored();
    for sql in [
        "UPDATE payload SET error = $2 WHERE id = $1 AND state = 'undecodable'",
        "UPDATE source_file SET reason = $2 WHERE payload_id = $1 AND state = 'failed'",
    ] {
        tx.execute(sql, vec![payload.into(), reason.as_str().into()]).await?;
    }
    Ok(())
}

/// Dismisses open payloads, or opens dismissed ones again, and returns their numbers.
///
/// # Errors
/// [`StoreError`].
pub async fn dismiss_payloads(
    tx: &mut Tx,
    payloads: &[i64],
    to: UnreadState,
    author: Author<'_>,
) -> Result<Vec<i64>, StoreError> {
    let from = if to == UnreadState::Dismissed { UnreadState::Open } else { UnreadState::Dismissed };
    let rows = tx
        .fetch_rows_with(
            "UPDATE unread_payload SET state = $1, ended_at = CASE WHEN $1 = 'open' THEN NULL ELSE {now} END,
               ended_by = CASE WHEN $1 = 'open' THEN NULL ELSE $2 END, because = CASE WHEN $1 = 'open' THEN NULL ELSE $3 END
             WHERE state = $4 AND payload_id IN (SELECT id FROM {rows}) RETURNING payload_id AS id",
            vec![to.as_str().into(), author.actor.into(), author.because.into(), from.as_str().into()],
            Rows::new().int("id", payloads.iter().map(|id| Some(*id))),
        )
        .await?;
    let mut ids = rows.iter().map(|row| row.int("id")).collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    Ok(ids)
}
