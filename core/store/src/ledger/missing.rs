//! Records that are missing from the newest whole of their stream, and what people decide about them.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::audit::Author;
use crate::admin::filter::{self, Conditions};
use crate::delivery::addresses::whole_address;
use crate::delivery::missing::is_still_missing;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows, Value};
use huiliu_values::calendar::format_instant;
use huiliu_values::{ExactHours, MissingState};

/// A record that is missing from a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MissingRow {
    /// Number of the record.
    pub record: i64,
    /// Name of the source.
    pub source: String,
    /// Name of the stream.
    pub stream: String,
    /// The teacher whose claim it belongs to, whether it counts or not.
    pub teacher: Option<i64>,
    /// The person's name, as received.
    pub name: String,
    /// Course code at the source.
    pub course: String,
    /// The course's title at the source.
    pub course_title: Option<String>,
    /// The hours converted to class hours.
    pub hours: ExactHours,
    /// Last day of the training.
    pub period_end: String,
    /// Page item or file line where it was received last.
    pub address: String,
    /// How it is missing.
    #[serde(flatten)]
    pub missing: MissingNote,
}

/// How a record is missing, and what was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MissingNote {
    /// Whether it waits for a decision.
    pub state: MissingState,
    /// When that was noticed first, RFC 3339.
    pub noticed_at: String,
    /// The run that noticed it.
    pub noticed_by_run: i64,
    /// The date of the files that are the newest whole, YYYY-MM-DD; null if that is a pass over pages.
    pub whole_of: Option<String>,
    /// When that was decided, RFC 3339.
    pub decided_at: Option<String>,
    /// Who decided it: a person, or a manifest as `county@3`.
    pub decided_by: Option<String>,
    /// Why; null if a manifest decided.
    pub because: Option<String>,
}

/// The columns of a note, from the row `m`.
pub(crate) const NOTE: &str =
    "m.state AS missing_state, m.noticed_at AS noticed_at, m.run_id AS noticed_by_run, m.whole AS whole,
    m.decided_at AS decided_at, m.decided_by AS missing_decided_by, m.because AS missing_because";

impl MissingNote {
    /// Parses the columns of [`NOTE`].
    pub(crate) fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            state: row.parse_text("missing_state")?,
            noticed_at: format_instant(row.int("noticed_at")?),
            noticed_by_run: row.int("noticed_by_run")?,
            whole_of: format_date(row.int("whole")?),
            decided_at: row.opt_int("decided_at")?.map(format_instant),
            decided_by: row.opt_text("missing_decided_by")?,
            because: row.opt_text("missing_because")?,
        })
    }
}

/// Formats the date in a file's name, 20261031, as 2026-10-31. Returns `None` for 0.
fn format_date(date: i64) -> Option<String> {
    (date > 0).then(|| format!("{:04}-{:02}-{:02}", date / 10_000, date / 100 % 100, date % 100))
}

/// Loads how these records are missing, for those that are.
///
/// # Errors
/// [`StoreError`].
pub async fn load_missing(tx: &mut Tx, records: &[i64]) -> Result<HashMap<i64, MissingNote>, StoreError> {
    let any = "SELECT record_id FROM missing_record LIMIT 1";
    if records.is_empty() || tx.fetch_rows(any, vec![]).await?.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT m.record_id AS record_id, {NOTE} FROM {{rows}} {{join missing_record m ON m.record_id = incoming.record_id}}
         {{join training_record t ON t.id = m.record_id}} WHERE {}",
        is_still_missing()
    );
    let rows = tx.fetch_rows_with(&sql, vec![], record_rows(records)).await?;
    rows.iter().map(|row| Ok((row.int("record_id")?, MissingNote::from_row(row)?))).collect()
}

/// Selects missing records. All given conditions must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MissingFilter {
    /// Records of this source.
    pub source: Option<String>,
    /// Records of this stream.
    pub stream: Option<String>,
    /// Records in this state.
    pub state: Option<MissingState>,
}

impl MissingFilter {
    fn add_conditions(&self, args: Vec<Value>) -> Conditions {
        let mut more = Conditions::new(args);
        more.add_if_some("s.name = ?", self.source.as_deref().map(Value::from));
        more.add_if_some("m.stream = ?", self.stream.as_deref().map(Value::from));
        more.add_if_some("m.state = ?", self.state.map(|state| state.as_str().into()));
        more
    }
}

fn listed_rows() -> String {
    format!(
        "missing_record m JOIN training_record t ON t.id = m.record_id JOIN source s ON s.id = t.source_id
         JOIN identity_claim c ON c.id = t.claim_id JOIN offering o ON o.id = t.offering_id WHERE t.merged_into IS NULL AND {}",
        is_still_missing()
    )
}

/// Lists missing records after a record's number.
///
/// # Errors
/// [`StoreError`].
pub async fn list_missing(db: &Db, of: &MissingFilter, after: i64, limit: i64) -> Result<Vec<MissingRow>, StoreError> {
    let more = of.add_conditions(vec![after.into(), limit.into()]);
    let sql = format!(
        "SELECT m.record_id AS record, s.name AS source, t.stream AS stream, c.teacher_id AS teacher_id, c.name AS name,
                o.course_code AS course_code, o.course_title AS course_title, t.hours_units AS hours_units,
                t.period_end AS period_end, {} AS address, {NOTE}
         FROM {} AND m.record_id > $1{} ORDER BY m.record_id LIMIT $2",
        whole_address("t", "t.batch_id"),
        listed_rows(),
        more.sql
    );
    let parse = |row: &Row| {
        Ok(MissingRow {
            record: row.int("record")?,
            source: row.text("source")?,
            stream: row.text("stream")?,
            teacher: row.opt_int("teacher_id")?,
            name: row.text("name")?,
            course: row.text("course_code")?,
            course_title: row.opt_text("course_title")?,
            hours: ExactHours(row.int("hours_units")?),
            period_end: row.text("period_end")?,
            address: row.text("address")?,
            missing: MissingNote::from_row(row)?,
        })
    };
    db.fetch_rows(&sql, more.args).await?.iter().map(parse).collect()
}

/// Counts missing records.
///
/// # Errors
/// [`StoreError`].
pub async fn count_missing(db: &Db, of: &MissingFilter) -> Result<i64, StoreError> {
    let more = of.add_conditions(vec![]);
    filter::fetch_count(db, &format!("SELECT count(*) AS n FROM {}{}", listed_rows(), more.sql), more.args).await
}

/// Which missing records a decision is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingSelection {
    /// These records.
    Records(Vec<i64>),
    /// All records of a stream that the decision can change: to withdraw, those that wait for a decision; to keep, also
    /// those that are withdrawn.
    Stream {
        /// Name of the source.
        source: String,
        /// Name of the stream.
        stream: String,
    },
}

/// The records that a decision has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedMissing {
    /// The records, sorted.
    pub records: Vec<i64>,
    /// Their teachers.
    pub teachers: Vec<i64>,
}

/// Decides about missing records: withdraws or keeps them. Locks their rows; the caller holds the lock on claims.
///
/// # Errors
/// [`StoreError`]; in the inner result, the first record that is not missing.
pub async fn decide_missing(
    tx: &mut Tx,
    selection: &MissingSelection,
    to: MissingState,
    author: Author<'_>,
) -> Result<Result<DecidedMissing, i64>, StoreError> {
    let asked = lock_rows(tx, selection, to).await?;
    // A second statement, because the first one may have waited: it sees what was committed meanwhile.
    let sql = format!(
        "SELECT m.record_id AS record_id, m.state AS state, c.teacher_id AS teacher_id
         FROM {{rows}} {{join missing_record m ON m.record_id = incoming.record_id}}
         {{join training_record t ON t.id = m.record_id}} {{join identity_claim c ON c.id = t.claim_id}}
         WHERE t.merged_into IS NULL AND {} ORDER BY m.record_id",
        is_still_missing()
    );
    let (mut found, mut records, mut teachers) = (vec![], vec![], vec![]);
    for row in tx.fetch_rows_with(&sql, vec![], record_rows(&asked)).await? {
        let record = row.int("record_id")?;
        found.push(record);
        if row.parse_text::<MissingState>("state")? != to {
            records.push(record);
            teachers.extend(row.opt_int("teacher_id")?);
        }
    }
    if matches!(selection, MissingSelection::Records(_))
        && let Some(unknown) = asked.iter().find(|record| found.binary_search(record).is_err())
    {
        return Ok(Err(*unknown));
    }
    if !records.is_empty() {
        let sql = "UPDATE missing_record SET state = $1, decided_at = {now}, decided_by = $2, because = $3
                   WHERE record_id IN (SELECT record_id FROM {rows})";
        let args = vec![to.as_str().into(), author.actor.into(), author.because.into()];
        tx.execute_with(sql, args, record_rows(&records)).await?;
    }
    teachers.sort_unstable();
    teachers.dedup();
    Ok(Ok(DecidedMissing { records, teachers }))
}

/// Locks the rows that a decision is about. Returns the numbers of the records, sorted.
async fn lock_rows(tx: &mut Tx, selection: &MissingSelection, to: MissingState) -> Result<Vec<i64>, StoreError> {
    match selection {
        MissingSelection::Records(records) => {
            let mut records = records.clone();
            records.sort_unstable();
            records.dedup();
            let sql = "SELECT m.record_id AS record_id FROM missing_record m
                       WHERE m.record_id IN (SELECT record_id FROM {rows}) ORDER BY m.record_id {lock}";
            tx.fetch_rows_with(sql, vec![], record_rows(&records)).await?;
            Ok(records)
        }
        MissingSelection::Stream { source, stream } => {
            let sql = "SELECT m.record_id AS record_id FROM missing_record m
                       WHERE m.source_id = (SELECT id FROM source WHERE name = $1) AND m.stream = $2
                         AND (m.state = 'open' OR m.state = 'withdrawn' AND $3 = 'kept') ORDER BY m.record_id {lock}";
            let args = vec![source.as_str().into(), stream.as_str().into(), to.as_str().into()];
            tx.fetch_rows(sql, args).await?.iter().map(|row| row.int("record_id")).collect()
        }
    }
}

fn record_rows(records: &[i64]) -> Rows<'static> {
    Rows::new().int("record_id", records.iter().copied().map(Some))
}
