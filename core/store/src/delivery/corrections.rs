//! Corrections of raw records: values that people put in the place of those received. A correction belongs to a dead letter and
//! the bytes of its raw record, so it also holds when that record comes again with the same bytes.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::audit::Author;
use crate::admin::filter;
use crate::admin::letters::LetterFilter;
use crate::admin::sealing;
use crate::delivery::awaiting::HAS_FAULT;
use crate::delivery::dead_letters;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_decode::Problem;
use huiliu_values::DeadLetterState;
use huiliu_values::calendar::format_instant;
use huiliu_vault::keys::{Keys, hex_encode};

/// Letters that are read in one statement.
const LETTERS: usize = 1_000;
/// The most letters that one correction covers.
pub const MAX_LETTERS: i64 = 100_000;

/// Raw fields and the values that stand there instead. An empty value stands for no value.
pub type CorrectedValues = Vec<(String, String)>;

type Digest = [u8; 16];

/// A raw record whose corrections are asked for.
#[derive(Debug, Clone, Copy)]
pub struct RawOfLetter<'r> {
    /// Its position in the payload, from 0.
    pub index: u32,
    /// Digest of its bytes.
    pub raw_digest: &'r Digest,
    /// The key of its dead letter, if it is parked under today's manifest.
    pub dead_letter_key: &'r Digest,
    /// Number of its dead letter; 0 if that is not known.
    pub dead_letter: i64,
}

/// Loads the corrections of raw records, by their position in the payload. A correction is for the bytes of one record: with the
/// same letter, the same key of the letter, or no key but the bytes.
///
/// # Errors
/// [`StoreError`].
pub async fn load_for_raw(
    db: &Db,
    keys: &Keys,
    source: i64,
    stream: &str,
    records: &[RawOfLetter<'_>],
) -> Result<HashMap<u32, CorrectedValues>, StoreError> {
    let wanted = Rows::new()
        .int("record_index", records.iter().map(|of| Some(of.index.into())))
        .bytes("raw_digest", records.iter().map(|of| of.raw_digest.as_slice()))
        .bytes("dead_letter_key", records.iter().map(|of| of.dead_letter_key.as_slice()))
        .int("dead_letter_id", records.iter().map(|of| Some(of.dead_letter)));
    let of_record = "WHERE c.dead_letter_id = incoming.dead_letter_id OR c.dead_letter_key = incoming.dead_letter_key
               OR c.dead_letter_key = incoming.raw_digest";
    load_of_bytes(db, keys, (source, stream), of_record, wanted).await
}

/// Loads the corrections of raw records with certain bytes, by their position in the payload, whatever letters they were made for.
///
/// # Errors
/// [`StoreError`].
pub async fn load_for_bytes(
    db: &Db,
    keys: &Keys,
    source: i64,
    stream: &str,
    records: &[(u32, [u8; 16])],
) -> Result<HashMap<u32, CorrectedValues>, StoreError> {
    let wanted = Rows::new()
        .int("record_index", records.iter().map(|(index, _)| Some((*index).into())))
        .bytes("raw_digest", records.iter().map(|(_, digest)| digest.as_slice()));
    load_of_bytes(db, keys, (source, stream), "", wanted).await
}

async fn load_of_bytes(
    db: &Db,
    keys: &Keys,
    (source, stream): (i64, &str),
    condition: &str,
    wanted: Rows<'_>,
) -> Result<HashMap<u32, CorrectedValues>, StoreError> {
    let sql = format!(
        "SELECT incoming.record_index AS record_index, c.field AS field, c.correction_key AS correction_key, c.sealed AS sealed
         FROM {{rows}} {{join correction c ON c.raw_digest = incoming.raw_digest AND c.source_id = $1 AND c.stream = $2
           AND c.withdrawn_at IS NULL}} {condition}"
    );
    let mut tx = db.begin_read_only().await?;
    let rows = tx.fetch_rows_with(&sql, vec![source.into(), stream.into()], wanted).await?;
    let mut found: HashMap<u32, CorrectedValues> = HashMap::new();
    for row in &rows {
        let index = u32::try_from(row.int("record_index")?).unwrap_or(u32::MAX);
        found.entry(index).or_default().push((row.text("field")?, open_value(keys, row)?));
    }
    Ok(found)
}

fn open_value(keys: &Keys, row: &Row) -> Result<String, StoreError> {
    let value = keys.open(&place(&row.bytes("correction_key")?), &row.bytes("sealed")?)?;
    Ok(String::from_utf8_lossy(&value).into_owned())
}

/// The place that a sealed value is bound to.
fn place(key: &[u8]) -> [&[u8]; 3] {
    [b"correction", b"sealed", key]
}

/// An open dead letter that is to be corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectedLetter {
    /// Its number.
    pub dead_letter: i64,
    source: i64,
    stream: String,
    raw_digest: Vec<u8>,
    key: Vec<u8>,
}

impl CorrectedLetter {
    /// Returns the id of its source.
    #[must_use]
    pub fn source(&self) -> i64 {
        self.source
    }

    /// Returns the name of its stream.
    #[must_use]
    pub fn stream(&self) -> &str {
        &self.stream
    }
}

/// The streams of the selected letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterStream {
    /// Id of the connector.
    pub connector: String,
    /// Name of the stream.
    pub stream: String,
    /// Number of selected letters.
    pub letters: i64,
}

/// Lists the streams of selected open letters.
///
/// # Errors
/// [`StoreError`].
pub async fn list_streams(tx: &mut Tx, of: &LetterFilter) -> Result<Vec<LetterStream>, StoreError> {
    let more = of.resolve(tx).await?.to_conditions(vec![]);
    let sql = format!(
        "SELECT s.connector AS connector, d.stream AS stream, count(*) AS letters FROM dead_letter d JOIN source s ON s.id = d.source_id
         WHERE d.state = 'open'{} GROUP BY s.connector, d.stream ORDER BY s.connector, d.stream",
        more.sql
    );
    let row = |row: &Row| {
        Ok(LetterStream {
            connector: row.text("connector")?,
            stream: row.text("stream")?,
            letters: row.int("letters")?,
        })
    };
    tx.fetch_rows(&sql, more.args).await?.iter().map(row).collect()
}

/// Locks letters, and returns those that are open, as they are now.
///
/// # Errors
/// [`StoreError`].
pub async fn lock_open(tx: &mut Tx, letters: &[i64]) -> Result<Vec<CorrectedLetter>, StoreError> {
    dead_letters::lock_dead_letters(tx, letters).await?;
    let mut open = vec![];
    for some in letters.chunks(LETTERS) {
        let wanted = Rows::new().int("id", some.iter().copied().map(Some));
        let rows = tx
            .fetch_rows_with(
                "SELECT d.id AS id, d.source_id AS source_id, d.stream AS stream, d.raw_digest AS raw_digest,
                        d.dead_letter_key AS dead_letter_key
                 FROM {rows} {join dead_letter d ON d.id = incoming.id AND d.state = 'open'}",
                vec![],
                wanted,
            )
            .await?;
        for row in &rows {
            open.push(parse_corrected(row)?);
        }
    }
    Ok(open)
}

fn parse_corrected(row: &Row) -> Result<CorrectedLetter, StoreError> {
    Ok(CorrectedLetter {
        dead_letter: row.int("id")?,
        source: row.int("source_id")?,
        stream: row.text("stream")?,
        raw_digest: row.bytes("raw_digest")?,
        key: row.bytes("dead_letter_key")?,
    })
}

/// Writes corrections. One of the same field replaces an earlier one.
///
/// # Errors
/// [`StoreError`].
pub async fn write_corrections(
    tx: &mut Tx,
    keys: &Keys,
    corrected: &[(&CorrectedLetter, &str, &str)],
    by: Author<'_>,
) -> Result<(), StoreError> {
    if corrected.is_empty() {
        return Ok(());
    }
    sealing::require_current(tx, keys).await?;
    let key = |(letter, field, _): &(&CorrectedLetter, &str, &str)| {
        let source = letter.source.to_be_bytes();
        let stream = letter.stream.as_bytes();
        keys.short_digest(&[b"correction", &source, stream, &letter.key, &letter.raw_digest, field.as_bytes()])
    };
    let made: Vec<Digest> = corrected.iter().map(key).collect();
    let seal =
        |(key, (_, _, value)): (&Digest, &(&CorrectedLetter, &str, &str))| keys.seal(&place(key), value.as_bytes());
    let sealed: Vec<Vec<u8>> = made.iter().zip(corrected).map(seal).collect::<Result<_, _>>()?;
    let rows = Rows::new()
        .bytes("correction_key", made.iter().map(Digest::as_slice))
        .int("source_id", corrected.iter().map(|(letter, ..)| Some(letter.source)))
        .text("stream", corrected.iter().map(|(letter, ..)| Some(letter.stream.as_str())))
        .bytes("raw_digest", corrected.iter().map(|(letter, ..)| letter.raw_digest.as_slice()))
        .bytes("dead_letter_key", corrected.iter().map(|(letter, ..)| letter.key.as_slice()))
        .int("dead_letter_id", corrected.iter().map(|(letter, ..)| Some(letter.dead_letter)))
        .text("field", corrected.iter().map(|(_, field, _)| Some(*field)))
        .bytes("sealed", sealed.iter().map(Vec::as_slice));
    tx.execute_with(
        "INSERT INTO correction (correction_key, source_id, stream, raw_digest, dead_letter_key, dead_letter_id, field, sealed, actor, because, made_at)
         SELECT correction_key, source_id, stream, raw_digest, dead_letter_key, dead_letter_id, field, sealed,
                CAST($1 AS TEXT), CAST($2 AS TEXT), {now} FROM {rows} WHERE true
         ON CONFLICT (correction_key) DO UPDATE SET sealed = excluded.sealed, actor = excluded.actor, because = excluded.because,
           made_at = excluded.made_at, dead_letter_id = excluded.dead_letter_id, withdrawn_at = NULL",
        vec![by.actor.into(), by.because.into()],
        rows,
    )
    .await?;
    Ok(())
}

/// A correction in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CorrectionRow {
    /// Its number.
    pub correction: i64,
    /// The dead letter that it was made for.
    pub dead_letter: i64,
    /// Name of the source.
    pub source: String,
    /// Name of the stream.
    pub stream: String,
    /// The raw field.
    pub field: String,
    /// The value in its place, with ID and phone numbers masked; empty for no value.
    pub value: String,
    /// Who made it.
    pub actor: String,
    /// Why.
    pub because: String,
    /// When, RFC 3339.
    pub made_at: String,
    /// When it was withdrawn, RFC 3339; `null` while it holds.
    pub withdrawn_at: Option<String>,
}

/// Selects corrections. All given conditions must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorrectionFilter {
    /// Corrections in this source.
    pub source: Option<String>,
    /// Corrections made for this dead letter.
    pub dead_letter: Option<i64>,
}

impl CorrectionFilter {
    fn to_conditions(&self, args: Vec<crate::sql::rows::Value>) -> filter::Conditions {
        let mut more = filter::Conditions::new(args);
        more.add_if_some("s.name = ?", self.source.as_deref().map(Into::into));
        more.add_if_some("c.dead_letter_id = ?", self.dead_letter.map(Into::into));
        more
    }
}

/// Lists corrections after a number.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    db: &Db,
    keys: &Keys,
    of: &CorrectionFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<CorrectionRow>, StoreError> {
    let more = of.to_conditions(vec![after.into(), limit.into()]);
    let sql = format!(
        "SELECT c.id AS id, c.dead_letter_id AS dead_letter_id, s.name AS source, c.stream AS stream, c.field AS field,
                c.correction_key AS correction_key, c.sealed AS sealed, c.actor AS actor, c.because AS because, c.made_at AS made_at,
                c.withdrawn_at AS withdrawn_at
         FROM correction c JOIN source s ON s.id = c.source_id WHERE c.id > $1{} ORDER BY c.id LIMIT $2",
        more.sql
    );
    let correction = |row: &Row| {
        Ok(CorrectionRow {
            correction: row.int("id")?,
            dead_letter: row.int("dead_letter_id")?,
            source: row.text("source")?,
            stream: row.text("stream")?,
            field: row.text("field")?,
            value: huiliu_decode::draft::redact_text(&open_value(keys, row)?),
            actor: row.text("actor")?,
            because: row.text("because")?,
            made_at: format_instant(row.int("made_at")?),
            withdrawn_at: row.opt_int("withdrawn_at")?.map(format_instant),
        })
    };
    db.fetch_rows(&sql, more.args).await?.iter().map(correction).collect()
}

/// Counts corrections.
///
/// # Errors
/// [`StoreError`].
pub async fn count(db: &Db, of: &CorrectionFilter) -> Result<i64, StoreError> {
    let more = of.to_conditions(vec![]);
    let sql =
        format!("SELECT count(*) AS n FROM correction c JOIN source s ON s.id = c.source_id WHERE 1 = 1{}", more.sql);
    filter::fetch_count(db, &sql, more.args).await
}

/// Withdraws a correction: the next time, the value as received is read. Returns the dead letter that it was made for;
/// `None` if there is no such correction that holds.
///
/// # Errors
/// [`StoreError`].
pub async fn withdraw(tx: &mut Tx, correction: i64) -> Result<Option<i64>, StoreError> {
    let sql =
        "UPDATE correction SET withdrawn_at = {now} WHERE id = $1 AND withdrawn_at IS NULL RETURNING dead_letter_id";
    let rows = tx.fetch_rows(sql, vec![correction.into()]).await?;
    rows.first().map(|row| row.int("dead_letter_id")).transpose()
}

/// A dead letter in a correction sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetLetter {
    /// The letter, as it is corrected.
    pub letter: CorrectedLetter,
    /// Name of the source.
    pub source: String,
    /// Id of its connector.
    pub connector: String,
    /// Whether it is open.
    pub state: DeadLetterState,
    /// Number of the batch that received it last.
    pub batch: i64,
    /// Its position in that batch's payload, from 0.
    pub index: u32,
    /// Page item or file line.
    pub address: String,
    /// All reasons.
    pub reasons: Vec<Problem>,
}

impl SheetLetter {
    /// Returns the name of the stream.
    #[must_use]
    pub fn stream(&self) -> &str {
        &self.letter.stream
    }

    /// Returns digest of the raw bytes and key of the letter, if they are whole.
    #[must_use]
    pub fn digests(&self) -> Option<(&[u8; 16], &[u8; 16])> {
        Some((self.letter.raw_digest.as_slice().try_into().ok()?, self.letter.key.as_slice().try_into().ok()?))
    }

    /// Returns what tells its row in a sheet from every other row, and from a row of an earlier version of its record.
    #[must_use]
    pub fn row_token(&self, keys: &Keys) -> String {
        let (id, source) = (self.letter.dead_letter.to_be_bytes(), self.letter.source.to_be_bytes());
        let digest = keys.short_digest(&[b"correction row", &id, &source, &self.letter.raw_digest]);
        format!("{}-{}", self.letter.dead_letter, hex_encode(&digest[..8]))
    }
}

pub(super) const SHEET_LETTER: &str = "SELECT d.id AS id, d.source_id AS source_id, d.stream AS stream, d.raw_digest AS raw_digest,
       d.dead_letter_key AS dead_letter_key, s.name AS source,
       s.connector AS connector, d.state AS state, d.batch_id AS batch_id, d.record_index AS record_index, d.address AS address,
       d.reasons AS reasons";

pub(super) fn parse_sheet_letter(row: &Row) -> Result<SheetLetter, StoreError> {
    Ok(SheetLetter {
        letter: parse_corrected(row)?,
        source: row.text("source")?,
        connector: row.text("connector")?,
        state: row.parse_text("state")?,
        batch: row.int("batch_id")?,
        index: u32::try_from(row.int("record_index")?).unwrap_or(u32::MAX),
        address: row.text("address")?,
        reasons: Problem::from_stored(&row.text("reasons")?),
    })
}

/// Lists selected open letters in the order in which their rows were received.
///
/// # Errors
/// [`StoreError`].
pub async fn list_for_sheet(db: &Db, of: &LetterFilter) -> Result<Vec<SheetLetter>, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let more = of.resolve(&mut tx).await?.to_conditions(vec![]);
    let sql = format!(
        "{SHEET_LETTER} FROM dead_letter d JOIN source s ON s.id = d.source_id WHERE d.state = 'open' AND {}{}
         ORDER BY d.batch_id, d.record_index",
        HAS_FAULT, more.sql
    );
    tx.fetch_rows(&sql, more.args).await?.iter().map(parse_sheet_letter).collect()
}

/// Finds letters in any state by their numbers.
///
/// # Errors
/// [`StoreError`].
pub async fn find_for_sheet(db: &Db, letters: &[i64]) -> Result<Vec<SheetLetter>, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let sql = format!(
        "{SHEET_LETTER} FROM {{rows}} {{join dead_letter d ON d.id = incoming.id}} {{join source s ON s.id = d.source_id}}"
    );
    let wanted = Rows::new().int("id", letters.iter().copied().map(Some));
    tx.fetch_rows_with(&sql, vec![], wanted).await?.iter().map(parse_sheet_letter).collect()
}

/// Lists up to 100 letters of a planned replay whose corrections have changed since it was planned.
///
/// # Errors
/// [`StoreError`].
pub async fn list_corrected_since(tx: &mut Tx, replay: i64, from: i64) -> Result<Vec<i64>, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT DISTINCT i.dead_letter_id AS id FROM replay r JOIN replay_item i ON i.replay_id = r.id
             JOIN correction c ON c.dead_letter_id = i.dead_letter_id
             WHERE r.id = $1 AND i.batch_id >= $2 AND (c.made_at >= r.planned_at OR c.withdrawn_at >= r.planned_at) ORDER BY id LIMIT 100",
            vec![replay.into(), from.into()],
        )
        .await?;
    rows.iter().map(|row| row.int("id")).collect()
}
