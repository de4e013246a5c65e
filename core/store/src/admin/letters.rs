//! Dead letters as people look for them: selected by a filter, listed, counted, and shown with their raw record.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::admin::filter::Conditions;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Value};
use huiliu_decode::Problem;
use huiliu_values::calendar::format_instant;
use huiliu_values::{DeadLetterState, Stage};

/// Selects open dead letters. All given conditions must match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LetterFilter {
    /// Letters of sources with this connector.
    pub connector: Option<String>,
    /// Letters of this source.
    pub source: Option<String>,
    /// Letters of sources of the institution with this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub institution: Option<String>,
    /// Letters of this stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// Letters that failed at this stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Letters with this reason code among their reasons.
    pub code: Option<String>,
    /// Letters with a reason about this raw field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Letters with the cause of this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<i64>,
    /// The letters with these numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub letters: Vec<i64>,
    /// Letters seen in this run.
    pub run: Option<i64>,
    /// Letters seen in payloads of this address, such as the name of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Letters seen in the payloads with these numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub payloads: Vec<i64>,
    /// Letters about this teacher: with the teacher's ID number, or about a stored record of the teacher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher: Option<i64>,
    /// Letters last seen at or after this instant, microseconds UTC.
    pub since: Option<i64>,
    /// Letters last seen before this instant, microseconds UTC.
    pub until: Option<i64>,
    /// A replay of them leaves out raw records that await one: nobody has asked for these.
    #[serde(skip_serializing_if = "is_false")]
    pub without_awaiting: bool,
    /// Only letters whose record may have been corrected under another key.
    #[serde(skip_serializing_if = "is_false")]
    pub has_candidate: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Joins numbers for a list in a statement.
fn join_numbers(numbers: &[i64]) -> String {
    numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// The conditions on a cause; one cause must meet all of them. A cause is of one source.
const OF_CAUSE: [&str; 8] = [
    "c.stage = ?",
    "c.code = ?",
    "c.source_field = ?",
    "c.stream = ?",
    "c.id = ?",
    "c.source_id IN (SELECT o.id FROM source o WHERE o.name = ?)",
    "c.source_id IN (SELECT o.id FROM source o WHERE o.connector = ?)",
    "c.source_id IN (SELECT o.id FROM source o JOIN institution i ON i.id = o.institution_id WHERE i.code = ?)",
];

impl LetterFilter {
    fn cause_values(&self) -> [Option<Value>; 8] {
        let text = |text: &Option<String>| text.as_deref().map(Value::from);
        [
            self.stage.map(|stage| stage.as_str().into()),
            text(&self.code),
            text(&self.field),
            text(&self.stream),
            self.cause.map(Value::from),
            text(&self.source),
            text(&self.connector),
            text(&self.institution),
        ]
    }

    /// Adds the conditions on causes, as `c`.
    pub(crate) fn add_cause_conditions(&self, more: &mut Conditions) {
        for (condition, value) in OF_CAUSE.into_iter().zip(self.cause_values()) {
            more.add_if_some(condition, value);
        }
    }

    /// Whether it asks for more than what the index of causes has.
    pub(crate) fn is_narrow(&self) -> bool {
        let Self { letters, payloads, run, file, teacher, has_candidate, .. } = self;
        !letters.is_empty()
            || !payloads.is_empty()
            || *has_candidate
            || file.is_some()
            || run.is_some()
            || teacher.is_some()
    }

    /// Builds the conditions on the raw records of selected letters, as sightings `s`.
    pub(crate) fn to_sighting_conditions(&self) -> String {
        let mut more = String::new();
        if self.without_awaiting {
            more += " AND s.awaits_replay = 0";
        }
        if !self.payloads.is_empty() {
            more += &format!(
                " AND s.batch_id IN (SELECT b.id FROM batch b WHERE b.payload_id IN ({}))",
                join_numbers(&self.payloads)
            );
        }
        more
    }

    /// Whether it asks for something that only dead letters have.
    #[must_use]
    pub fn needs_letters(&self) -> bool {
        let Self { stage, code, field, cause, letters, has_candidate, .. } = self;
        stage.is_some() || code.is_some() || field.is_some() || cause.is_some() || !letters.is_empty() || *has_candidate
    }

    /// Builds the conditions on stored records, as `t`; `args` are the statement's other arguments. Conditions on dead letters
    /// alone are left out. The time is that at which the record's payload landed.
    pub(crate) fn to_record_conditions(&self, args: Vec<Value>) -> Conditions {
        let text = |text: &Option<String>| text.as_deref().map(Value::from);
        let of_batch = |condition: &str| {
            format!("t.batch_id IN (SELECT b.id FROM batch b JOIN payload p ON p.id = b.payload_id WHERE {condition})")
        };
        let mut more = Conditions::new(args);
        for (condition, value) in [
            ("t.source_id IN (SELECT o.id FROM source o WHERE o.name = ?)".to_owned(), text(&self.source)),
            ("t.source_id IN (SELECT o.id FROM source o WHERE o.connector = ?)".to_owned(), text(&self.connector)),
            (
                "t.institution_id IN (SELECT i.id FROM institution i WHERE i.code = ?)".to_owned(),
                text(&self.institution),
            ),
            ("t.stream = ?".to_owned(), text(&self.stream)),
            (of_batch("b.run_id = ?"), self.run.map(Value::from)),
            (of_batch("p.address = ?"), text(&self.file)),
            (of_batch("p.landed_at >= ?"), self.since.map(Value::from)),
            (of_batch("p.landed_at < ?"), self.until.map(Value::from)),
            (
                "t.claim_id IN (SELECT c.id FROM identity_claim c WHERE c.teacher_id = ?)".to_owned(),
                self.teacher.map(Value::from),
            ),
        ] {
            more.add_if_some(&condition, value);
        }
        if !self.payloads.is_empty() {
            more.sql += &format!(" AND {}", of_batch(&format!("p.id IN ({})", join_numbers(&self.payloads))));
        }
        more
    }

    /// Finds the sets of causes that are selected, so that statements name them: how many letters a set has is known of each.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn resolve(&self, tx: &mut Tx) -> Result<ResolvedFilter<'_>, StoreError> {
        if self.cause_values().iter().all(Option::is_none) {
            return Ok(ResolvedFilter { filter: self, sets: None });
        }
        let mut more = Conditions::new(vec![]);
        self.add_cause_conditions(&mut more);
        let sql = format!(
            "SELECT DISTINCT m.cause_set_id AS id FROM cause c JOIN cause_set_member m ON m.cause_id = c.id WHERE 1 = 1{}",
            more.sql
        );
        let rows = tx.fetch_rows(&sql, more.args).await?;
        let sets = rows.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?;
        Ok(ResolvedFilter { filter: self, sets: Some(sets) })
    }
}

/// A filter with the sets of causes that it selects.
#[derive(Debug)]
pub(crate) struct ResolvedFilter<'f> {
    filter: &'f LetterFilter,
    /// `None` for all.
    sets: Option<Vec<i64>>,
}

impl ResolvedFilter<'_> {
    /// Builds the conditions on dead letters, as `d`; `args` are the statement's other arguments. They use the index of
    /// causes alone where they can.
    pub fn to_conditions(&self, args: Vec<Value>) -> Conditions {
        let text = |text: &Option<String>| text.as_deref().map(Value::from);
        let mut more = Conditions::new(args);
        match self.sets.as_deref() {
            None => {}
            Some([]) => more.sql += " AND 1 = 0",
            Some(sets) => more.sql += &format!(" AND d.cause_set_id IN ({})", join_numbers(sets)),
        }
        let LetterFilter { letters, payloads, run, file, teacher, since, until, has_candidate, .. } = self.filter;
        if !letters.is_empty() {
            more.sql += &format!(" AND d.id IN ({})", join_numbers(letters));
        }
        if !payloads.is_empty() {
            more.sql += &format!(
                " AND d.id IN (SELECT g.dead_letter_id FROM batch b JOIN dead_letter_sighting g ON g.batch_id = b.id
                   WHERE b.payload_id IN ({}))",
                join_numbers(payloads)
            );
        }
        more.add_if_some("d.last_seen_at >= ?", since.map(Value::from));
        more.add_if_some("d.last_seen_at < ?", until.map(Value::from));
        more.add_if_some(
            "d.id IN (SELECT g.dead_letter_id FROM dead_letter_sighting g JOIN batch b ON b.id = g.batch_id WHERE b.run_id = ?)",
            run.map(Value::from),
        );
        more.add_if_some(
            "d.id IN (SELECT g.dead_letter_id FROM dead_letter_sighting g JOIN batch b ON b.id = g.batch_id
               JOIN payload p ON p.id = b.payload_id WHERE p.address = ?)",
            text(file),
        );
        more.add_if_some(
            "d.id IN (SELECT t.id FROM dead_letter t WHERE t.blind_index IN
                        (SELECT n.blind_index FROM teacher_identifier n WHERE n.teacher_id = ?)
               UNION SELECT t.id FROM dead_letter t JOIN training_record r
                        ON r.record_key = t.dead_letter_key AND r.source_id = t.source_id AND r.stream = t.stream
                      JOIN identity_claim k ON k.id = r.claim_id WHERE k.teacher_id = ?)",
            teacher.map(Value::from),
        );
        if *has_candidate {
            more.sql +=
                " AND EXISTS (SELECT 1 FROM letter_successor c WHERE c.dead_letter_id = d.id AND c.state = 'noticed'
                     AND c.batch_id > d.batch_id)";
        }
        more
    }
}

/// A dead letter in a listing.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LetterRow {
    /// Number of the dead letter.
    pub dead_letter: i64,
    /// Name of the source.
    pub source: String,
    /// Name of the stream.
    pub stream: String,
    /// Whether it is open, closed or discarded.
    pub state: DeadLetterState,
    /// Page item or file line.
    pub address: String,
    /// The record's name at the source.
    pub record: Option<String>,
    /// All reasons.
    pub reasons: Vec<Problem>,
    /// How often it was received.
    pub seen_count: i64,
    /// When it was first received, RFC 3339.
    pub first_seen_at: String,
    /// When it was last received, RFC 3339.
    pub last_seen_at: String,
    /// The training record that it became by a replay.
    pub became: Option<i64>,
    /// Number of that replay.
    pub replay: Option<i64>,
}

const LETTER: &str = "SELECT d.id AS id, s.name AS source, d.stream AS stream, d.state AS state, d.address AS address,
       d.record_name AS record_name, d.reasons AS reasons,
       (SELECT count(*) FROM dead_letter_sighting g WHERE g.dead_letter_id = d.id) AS seen_count,
       d.first_seen_at AS first_seen_at, d.last_seen_at AS last_seen_at, d.record_id AS record_id, d.replay_id AS replay_id
     FROM dead_letter d JOIN source s ON s.id = d.source_id";

/// Lists open dead letters after a number.
///
/// # Errors
/// [`StoreError`].
pub async fn list_open(db: &Db, of: &LetterFilter, after: i64, limit: i64) -> Result<Vec<LetterRow>, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let more = of.resolve(&mut tx).await?.to_conditions(vec![after.into(), limit.into()]);
    // The numbers are found by indexes alone before the rows are read.
    let sql = format!(
        "{LETTER} WHERE d.id IN (SELECT d.id FROM dead_letter d WHERE d.state = 'open' AND d.id > $1{} ORDER BY d.id LIMIT $2)
         ORDER BY d.id",
        more.sql
    );
    tx.fetch_rows(&sql, more.args).await?.iter().map(parse_letter).collect()
}

/// Lists the numbers of open dead letters after one.
///
/// # Errors
/// [`StoreError`].
pub async fn list_numbers(tx: &mut Tx, of: &LetterFilter, after: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
    let more = of.resolve(tx).await?.to_conditions(vec![after.into(), limit.into()]);
    let sql = format!(
        "SELECT d.id AS id FROM dead_letter d WHERE d.state = 'open' AND d.id > $1{} ORDER BY d.id LIMIT $2",
        more.sql
    );
    tx.fetch_rows(&sql, more.args).await?.iter().map(|row| row.int("id")).collect()
}

/// Finds a dead letter in any state.
///
/// # Errors
/// [`StoreError`].
pub async fn find(db: &Db, dead_letter: i64) -> Result<Option<LetterRow>, StoreError> {
    let rows = db.fetch_rows(&format!("{LETTER} WHERE d.id = $1"), vec![dead_letter.into()]).await?;
    rows.first().map(parse_letter).transpose()
}

fn parse_letter(r: &Row) -> Result<LetterRow, StoreError> {
    Ok(LetterRow {
        dead_letter: r.int("id")?,
        source: r.text("source")?,
        stream: r.text("stream")?,
        state: r.parse_text("state")?,
        address: r.text("address")?,
        record: r.opt_text("record_name")?,
        reasons: Problem::from_stored(&r.text("reasons")?),
        seen_count: r.int("seen_count")?,
        first_seen_at: format_instant(r.int("first_seen_at")?),
        last_seen_at: format_instant(r.int("last_seen_at")?),
        became: r.opt_int("record_id")?,
        replay: r.opt_int("replay_id")?,
    })
}

/// Counts open dead letters.
///
/// # Errors
/// [`StoreError`].
pub async fn count_open(db: &Db, of: &LetterFilter) -> Result<i64, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let more = of.resolve(&mut tx).await?.to_conditions(vec![]);
    let sql = format!("SELECT count(*) AS n FROM dead_letter d WHERE d.state = 'open'{}", more.sql);
    tx.fetch_rows(&sql, more.args).await?.first().map_or(Ok(0), |row| row.int("n"))
}

/// A receipt of a dead letter's raw record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sighting {
    /// Number of the sync run.
    pub run: i64,
    /// Number of the batch.
    pub batch: i64,
    /// Position in the payload, from 0.
    pub index: u32,
    /// Page item or file line.
    pub address: String,
    /// When it was received, RFC 3339.
    pub received_at: String,
    /// What it counts as: parked, superseded or discarded.
    pub outcome: huiliu_values::RecordOutcome,
    /// How often its batch was tried.
    pub attempts: i64,
}

/// Lists the newest receipts of a dead letter, the newest first.
///
/// # Errors
/// [`StoreError`].
pub async fn list_sightings(db: &Db, dead_letter: i64, limit: i64) -> Result<Vec<Sighting>, StoreError> {
    let sql = "SELECT b.run_id AS run_id, g.batch_id AS batch_id, g.record_index AS record_index, g.address AS address,
                      p.landed_at AS landed_at, g.outcome AS outcome, b.attempts AS attempts
               FROM dead_letter_sighting g JOIN batch b ON b.id = g.batch_id JOIN payload p ON p.id = b.payload_id
               WHERE g.dead_letter_id = $1 ORDER BY g.batch_id DESC, g.record_index DESC LIMIT $2";
    let rows = db.fetch_rows(sql, vec![dead_letter.into(), limit.into()]).await?;
    let sighting = |row: &Row| {
        Ok(Sighting {
            run: row.int("run_id")?,
            batch: row.int("batch_id")?,
            index: u32::try_from(row.int("record_index")?).unwrap_or(u32::MAX),
            address: row.text("address")?,
            received_at: format_instant(row.int("landed_at")?),
            outcome: row.parse_text("outcome")?,
            attempts: row.int("attempts")?,
        })
    };
    rows.iter().map(sighting).collect()
}

/// Loads the sealed raw record of a dead letter with the key that its seal is bound to, and where it was received.
///
/// # Errors
/// [`StoreError`].
pub async fn load_raw(db: &Db, dead_letter: i64) -> Result<Option<RawLetter>, StoreError> {
    let sql = "SELECT dead_letter_key, raw_sealed, raw_digest, batch_id, record_index FROM dead_letter WHERE id = $1";
    let rows = db.fetch_rows(sql, vec![dead_letter.into()]).await?;
    let raw = |row: &Row| {
        Ok(RawLetter {
            key: row.bytes("dead_letter_key")?,
            sealed: row.bytes("raw_sealed")?,
            digest: row.bytes("raw_digest")?,
            batch: row.int("batch_id")?,
            index: u32::try_from(row.int("record_index")?).unwrap_or(u32::MAX),
        })
    };
    rows.first().map(raw).transpose()
}

/// The raw record of a dead letter.
#[derive(Debug)]
pub struct RawLetter {
    key: Vec<u8>,
    sealed: Vec<u8>,
    /// Digest of its bytes.
    pub digest: Vec<u8>,
    /// Number of the batch that received it last.
    pub batch: i64,
    /// Its position in that batch's payload, from 0.
    pub index: u32,
}

impl RawLetter {
    /// Opens the seal.
    ///
    /// # Errors
    /// [`StoreError`] if the key does not open it.
    pub fn open(&self, keys: &huiliu_vault::keys::Keys) -> Result<String, StoreError> {
        let raw = keys.open(&[b"dead_letter", b"raw_sealed", &self.key], &self.sealed)?;
        Ok(String::from_utf8_lossy(&raw).into_owned())
    }
}
