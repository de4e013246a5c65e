//! Mapped values: what people put in the place of one value wherever it is received again. A mapped value belongs to a raw field of a
//! stream, and is read only in raw records that are parked because of that field.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::audit::Author;
use crate::admin::filter;
use crate::admin::sealing;
use crate::delivery::corrections::CorrectedLetter;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Row;
use huiliu_values::calendar::format_instant;
use huiliu_vault::keys::Keys;

/// Raw field → value as received, trimmed → value in its place. An empty value stands for no value.
pub type MappedValues = HashMap<String, HashMap<String, String>>;

/// Loads the mapped values of a stream that hold.
///
/// # Errors
/// [`StoreError`].
pub async fn load_held(db: &Db, keys: &Keys, source: i64, stream: &str) -> Result<MappedValues, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT mapped_key, field, received_sealed, sealed FROM mapped_value
             WHERE source_id = $1 AND stream = $2 AND withdrawn_at IS NULL",
            vec![source.into(), stream.into()],
        )
        .await?;
    let mut held = MappedValues::new();
    for row in &rows {
        let (received, value) = open_values(keys, row)?;
        held.entry(row.text("field")?).or_default().insert(received, value);
    }
    Ok(held)
}

fn open_values(keys: &Keys, row: &Row) -> Result<(String, String), StoreError> {
    let key = row.bytes("mapped_key")?;
    let open = |column: &'static str| {
        let value = keys.open(&place(column, &key), &row.bytes(column)?)?;
        Ok::<_, StoreError>(String::from_utf8_lossy(&value).into_owned())
    };
    Ok((open(RECEIVED)?, open(VALUE)?))
}

const RECEIVED: &str = "received_sealed";
const VALUE: &str = "sealed";

/// The place that a sealed value is bound to.
fn place<'k>(column: &'static str, key: &'k [u8]) -> [&'k [u8]; 3] {
    [b"mapped_value", column.as_bytes(), key]
}

/// A value that is to be mapped.
#[derive(Debug, Clone, Copy)]
pub struct NewMapping<'m> {
    /// The raw field.
    pub field: &'m str,
    /// The value as received, trimmed.
    pub received: &'m str,
    /// The value in its place.
    pub value: &'m str,
}

/// Maps a value of a letter's source and stream, and returns the number of the mapped value. One of the same value replaces an
/// earlier one.
///
/// # Errors
/// [`StoreError`].
pub async fn write(
    tx: &mut Tx,
    keys: &Keys,
    letter: &CorrectedLetter,
    new: NewMapping<'_>,
    by: Author<'_>,
) -> Result<i64, StoreError> {
    sealing::require_current(tx, keys).await?;
    let NewMapping { field, received, value } = new;
    let (source, stream) = (letter.source(), letter.stream());
    let parts = [stream, field, received].map(str::as_bytes);
    let key = keys.short_digest(&[b"mapped value", &source.to_be_bytes(), parts[0], parts[1], parts[2]]);
    let received = keys.seal(&place(RECEIVED, &key), received.as_bytes())?;
    let value = keys.seal(&place(VALUE, &key), value.as_bytes())?;
    let rows = tx
        .fetch_rows(
            "INSERT INTO mapped_value
               (mapped_key, source_id, stream, field, dead_letter_id, received_sealed, sealed, actor, because, made_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, {now})
             ON CONFLICT (mapped_key) DO UPDATE SET sealed = excluded.sealed, received_sealed = excluded.received_sealed,
               actor = excluded.actor, because = excluded.because, made_at = excluded.made_at,
               dead_letter_id = excluded.dead_letter_id, withdrawn_at = NULL
             RETURNING id",
            vec![
                key.as_slice().into(),
                source.into(),
                stream.into(),
                field.into(),
                letter.dead_letter.into(),
                received.into(),
                value.into(),
                by.actor.into(),
                by.because.into(),
            ],
        )
        .await?;
    rows.first().ok_or_else(|| StoreError::Column { column: "mapped_value".into() })?.int("id")
}

/// A mapped value in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MappedValueRow {
    /// Its number.
    pub mapped_value: i64,
    /// The dead letter whose value was mapped.
    pub dead_letter: i64,
    /// Name of the source.
    pub source: String,
    /// Name of the stream.
    pub stream: String,
    /// The raw field.
    pub field: String,
    /// The value as received, with ID and phone numbers masked.
    pub received: String,
    /// The value in its place, masked in the same way; empty for no value.
    pub value: String,
    /// Who mapped it.
    pub actor: String,
    /// Why.
    pub because: String,
    /// When, RFC 3339.
    pub made_at: String,
    /// When it was withdrawn, RFC 3339; `null` while it holds.
    pub withdrawn_at: Option<String>,
}

fn conditions(source: Option<&str>, args: Vec<crate::sql::rows::Value>) -> filter::Conditions {
    let mut more = filter::Conditions::new(args);
    more.add_if_some("s.name = ?", source.map(Into::into));
    more
}

/// Lists mapped values after a number, of one source or of all.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    db: &Db,
    keys: &Keys,
    source: Option<&str>,
    after: i64,
    limit: i64,
) -> Result<Vec<MappedValueRow>, StoreError> {
    let more = conditions(source, vec![after.into(), limit.into()]);
    let sql = format!(
        "SELECT m.id AS id, m.dead_letter_id AS dead_letter_id, s.name AS source, m.stream AS stream, m.field AS field,
                m.mapped_key AS mapped_key, m.received_sealed AS received_sealed, m.sealed AS sealed, m.actor AS actor,
                m.because AS because, m.made_at AS made_at, m.withdrawn_at AS withdrawn_at
         FROM mapped_value m JOIN source s ON s.id = m.source_id WHERE m.id > $1{} ORDER BY m.id LIMIT $2",
        more.sql
    );
    let mapped = |row: &Row| {
        let (received, value) = open_values(keys, row)?;
        Ok(MappedValueRow {
            mapped_value: row.int("id")?,
            dead_letter: row.int("dead_letter_id")?,
            source: row.text("source")?,
            stream: row.text("stream")?,
            field: row.text("field")?,
            received: huiliu_decode::draft::redact_text(&received),
            value: huiliu_decode::draft::redact_text(&value),
            actor: row.text("actor")?,
            because: row.text("because")?,
            made_at: format_instant(row.int("made_at")?),
            withdrawn_at: row.opt_int("withdrawn_at")?.map(format_instant),
        })
    };
    db.fetch_rows(&sql, more.args).await?.iter().map(mapped).collect()
}

/// Counts mapped values of one source or of all.
///
/// # Errors
/// [`StoreError`].
pub async fn count(db: &Db, source: Option<&str>) -> Result<i64, StoreError> {
    let more = conditions(source, vec![]);
    let sql =
        format!("SELECT count(*) AS n FROM mapped_value m JOIN source s ON s.id = m.source_id WHERE 1 = 1{}", more.sql);
    filter::fetch_count(db, &sql, more.args).await
}

/// A mapped value that was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MappingWithdrawn {
    /// Its number.
    pub mapped_value: i64,
    /// The dead letter whose value was mapped.
    pub dead_letter: i64,
    /// Name of the source.
    pub source: String,
    /// Name of the stream.
    pub stream: String,
    /// The raw field.
    pub field: String,
}

/// Withdraws a mapped value: the next time, the value as received is read. Returns `None` if there is no such one that holds.
///
/// # Errors
/// [`StoreError`].
pub async fn withdraw(tx: &mut Tx, mapped_value: i64) -> Result<Option<MappingWithdrawn>, StoreError> {
    let rows = tx
        .fetch_rows(
            "UPDATE mapped_value SET withdrawn_at = {now} WHERE id = $1 AND withdrawn_at IS NULL
             RETURNING dead_letter_id, stream, field, (SELECT s.name FROM source s WHERE s.id = source_id) AS source",
            vec![mapped_value.into()],
        )
        .await?;
    let withdrawn = |row: &Row| {
        Ok(MappingWithdrawn {
            mapped_value,
            dead_letter: row.int("dead_letter_id")?,
            source: row.text("source")?,
            stream: row.text("stream")?,
            field: row.text("field")?,
        })
    };
    rows.first().map(withdrawn).transpose()
}

/// Lists up to 100 mapped values of the streams of a planned replay that were made or withdrawn since it was planned.
///
/// # Errors
/// [`StoreError`].
pub async fn list_changed_since(tx: &mut Tx, replay: i64, from: i64) -> Result<Vec<i64>, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT m.id AS id FROM replay r JOIN mapped_value m ON m.made_at >= r.planned_at OR m.withdrawn_at >= r.planned_at
             WHERE r.id = $1 AND EXISTS (SELECT 1 FROM replay_item i JOIN batch b ON b.id = i.batch_id
               JOIN payload p ON p.id = b.payload_id
               WHERE i.replay_id = r.id AND i.batch_id >= $2 AND p.source_id = m.source_id AND p.stream = m.stream)
             ORDER BY m.id LIMIT 100",
            vec![replay.into(), from.into()],
        )
        .await?;
    rows.iter().map(|row| row.int("id")).collect()
}
