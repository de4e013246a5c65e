//! Reports: balance, runs, dead letters, records, and all teachers' hours.

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::filter::{self, RowFilter};
use crate::delivery::addresses::whole_address;
use crate::intake::files::IS_WAITING;
use crate::intake::layouts::{self, LayoutTotals};
use crate::intake::runs::{RunRange, STATE};
use crate::ledger::missing::{self, MissingNote};
use crate::ledger::status::{self, StatusCause};
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Value};
use huiliu_messages::Message;
use huiliu_values::calendar::format_instant;
use huiliu_values::{BatchState, ExactHours, PassState, RunState};
use huiliu_vault::keys::Keys;

/// The counts of the raw records of one run, of some runs, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Balance {
    /// Number of raw records received.
    pub received: i64,
    /// Their key was new.
    pub inserted: i64,
    /// Newer than the stored version.
    pub updated: i64,
    /// The same version and content as stored.
    pub unchanged: i64,
    /// Older than the stored version.
    pub superseded: i64,
    /// Left out by a manifest's row conditions.
    pub skipped: i64,
    /// They take a record back.
    pub withdrawn: i64,
    /// Their dead letter is open.
    pub parked: i64,
    /// Their dead letter was discarded by a person.
    pub discarded: i64,
    /// Not delivered yet.
    pub pending: i64,
    /// Number of payloads that cannot be decoded, and with which nobody has dealt.
    pub unread: i64,
    /// What the rows of the tables of payloads were taken for.
    pub layout: LayoutTotals,
    /// Number of files that were seen and not read: still to be read, being written, or impossible to fetch.
    pub waiting_files: i64,
    /// Number of teachers and claims that wait to be settled, for all runs.
    pub teachers_due: i64,
    /// Whether the outcomes add up to the number received.
    pub balanced: bool,
    /// Whether nothing is pending or unread, no file waits, no row that looks like a record was left out with its sheet or
    /// above a header, and no teacher or claim waits to be settled.
    pub complete: bool,
}

/// Computes the balance of a range of runs.
///
/// # Errors
/// [`StoreError`].
pub async fn read_balance(db: &Db, runs: RunRange) -> Result<Balance, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT CAST(coalesce(sum(record_count), 0) AS bigint) AS received, CAST(coalesce(sum(inserted), 0) AS bigint) AS inserted,
               CAST(coalesce(sum(updated), 0) AS bigint) AS updated, CAST(coalesce(sum(unchanged), 0) AS bigint) AS unchanged,
               CAST(coalesce(sum(superseded), 0) AS bigint) AS superseded, CAST(coalesce(sum(skipped), 0) AS bigint) AS skipped,
               CAST(coalesce(sum(withdrawn), 0) AS bigint) AS withdrawn,
               CAST(coalesce(sum(parked), 0) AS bigint) AS parked, CAST(coalesce(sum(discarded), 0) AS bigint) AS discarded,
               CAST(coalesce(sum(CASE WHEN state <> 'done' THEN record_count ELSE 0 END), 0) AS bigint) AS pending
             FROM batch WHERE run_id BETWEEN $1 AND $2",
            vec![runs.first.into(), runs.last.into()],
        )
        .await?;
    let unread = "SELECT count(*) AS n FROM unread_payload u JOIN payload p ON p.id = u.payload_id
         WHERE u.state = 'open' AND p.run_id BETWEEN $1 AND $2";
    let unread = filter::fetch_count(db, unread, vec![runs.first.into(), runs.last.into()]).await?;
    let waiting_files =
        format!("SELECT count(*) AS n FROM source_file f WHERE {IS_WAITING} AND f.run_id BETWEEN $1 AND $2");
    let waiting_files = filter::fetch_count(db, &waiting_files, vec![runs.first.into(), runs.last.into()]).await?;
    let row = rows.first().ok_or_else(|| StoreError::Column { column: "balance".into() })?;
    let mut b = Balance {
        received: row.int("received")?,
        inserted: row.int("inserted")?,
        updated: row.int("updated")?,
        unchanged: row.int("unchanged")?,
        superseded: row.int("superseded")?,
        skipped: row.int("skipped")?,
        withdrawn: row.int("withdrawn")?,
        parked: row.int("parked")?,
        discarded: row.int("discarded")?,
        pending: row.int("pending")?,
        unread,
        waiting_files,
        layout: layouts::sum_tables(db, runs).await?,
        teachers_due: crate::settlement::count_due(db).await?,
        ..Balance::default()
    };
    let outcomes = b.inserted + b.updated + b.unchanged + b.superseded + b.skipped + b.withdrawn;
    let outcomes = outcomes + b.parked + b.discarded + b.pending;
    b.balanced = b.received == outcomes;
    b.complete = b.is_read() && b.teachers_due == 0;
    Ok(b)
}

impl Balance {
    /// Returns whether everything that was received is read and delivered.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.pending == 0 && self.unread == 0 && self.waiting_files == 0 && self.layout.likely == 0
    }

    /// Adds up balances, such as the rows of a table.
    #[must_use]
    pub fn add_up<'b>(parts: impl IntoIterator<Item = &'b Self>) -> Self {
        let start = Self { balanced: true, complete: true, ..Self::default() };
        parts.into_iter().fold(start, |sum, b| Self {
            received: sum.received + b.received,
            inserted: sum.inserted + b.inserted,
            updated: sum.updated + b.updated,
            unchanged: sum.unchanged + b.unchanged,
            superseded: sum.superseded + b.superseded,
            skipped: sum.skipped + b.skipped,
            withdrawn: sum.withdrawn + b.withdrawn,
            parked: sum.parked + b.parked,
            discarded: sum.discarded + b.discarded,
            pending: sum.pending + b.pending,
            unread: sum.unread + b.unread,
            layout: sum.layout.combine(&b.layout),
            waiting_files: sum.waiting_files + b.waiting_files,
            // This counts all runs in every balance, so it is not added up.
            teachers_due: b.teachers_due,
            balanced: sum.balanced && b.balanced,
            complete: sum.complete && b.complete,
        })
    }
}

/// A run in a listing.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunRow {
    /// Number of the run.
    pub run: i64,
    /// Name of the source.
    pub source: String,
    /// Connector id.
    pub connector: String,
    /// The state it is in.
    pub state: RunState,
    /// Whether it ignored the cursor and read everything.
    pub full: bool,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// When it ended, RFC 3339.
    pub ended_at: Option<String>,
    /// Why it failed.
    pub failure: Option<Message>,
    /// The expectations of its manifest that it did not meet; `None` until they have been checked.
    pub unmet: Option<Vec<Message>>,
    /// What else happened in it, such as that a listing was started again.
    pub notes: Vec<Message>,
}

/// Lists runs, newest first. `after` continues with the runs older than that one.
///
/// # Errors
/// [`StoreError`].
pub async fn list_runs(
    db: &Db,
    only: Option<i64>,
    of: &RowFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<RunRow>, StoreError> {
    let more = filter::of_sources(vec![only.unwrap_or(0).into(), after.into(), limit.into()], of);
    let rows = db
        .fetch_rows(
            &format!("SELECT r.id AS id, s.name AS source, s.connector AS connector,
                    {STATE} AS state, r.full_pass AS full_pass,
                    r.started_at AS started_at, r.ended_at AS ended_at, r.failure AS failure, r.unmet AS unmet, r.notes AS notes
             FROM sync_run r JOIN source s ON s.id = r.source_id WHERE ($1 = 0 OR r.id = $1) AND ($2 = 0 OR r.id < $2){} ORDER BY r.id DESC LIMIT $3", more.sql),
            more.args,
        )
        .await?;
    rows.iter()
        .map(|r| {
            Ok(RunRow {
                run: r.int("id")?,
                source: r.text("source")?,
                connector: r.text("connector")?,
                state: r.parse_text("state")?,
                full: r.int("full_pass")? == 1,
                started_at: format_instant(r.int("started_at")?),
                ended_at: r.opt_int("ended_at")?.map(format_instant),
                failure: r.opt_text("failure")?.as_deref().map(Message::parse_stored),
                unmet: r.opt_text("unmet")?.as_deref().map(Message::parse_stored_list),
                notes: r.opt_text("notes")?.as_deref().map(Message::parse_stored_list).unwrap_or_default(),
            })
        })
        .collect()
}

/// An unfinished batch in a listing.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BatchRow {
    /// Number of the batch.
    pub batch: i64,
    /// Name of the source.
    pub source: String,
    /// Name of the stream.
    pub stream: String,
    /// Page or file name of its payload.
    pub address: String,
    /// Number of raw records.
    pub records: i64,
    /// The state it is in; never `done`.
    pub state: BatchState,
    /// Number of claims so far.
    pub attempts: i64,
    /// Number of claims that were lost.
    pub lost_claims: i64,
    /// The process that holds it: host and process id.
    pub holder: Option<String>,
    /// The error that stopped it last.
    pub last_error: Option<Message>,
}

/// Lists unfinished batches after an id, in one state or in any.
///
/// # Errors
/// [`StoreError`].
pub async fn list_batches(
    db: &Db,
    state: Option<BatchState>,
    of: &RowFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<BatchRow>, StoreError> {
    let more = filter::of_batches(vec![state.map_or("", BatchState::as_str).into(), after.into(), limit.into()], of);
    let rows = db
        .fetch_rows(
            &format!("SELECT b.id, s.name, p.stream, p.address, b.record_count, b.state, b.attempts, b.lost_claims, b.holder, b.last_error
             FROM batch b JOIN payload p ON p.id = b.payload_id JOIN source s ON s.id = p.source_id
             WHERE b.state IN ('due', 'claimed', 'quarantined') AND ($1 = '' OR b.state = $1) AND b.id > $2{}
             ORDER BY b.id LIMIT $3", more.sql),
            more.args,
        )
        .await?;
    let batch = |r: &Row| {
        Ok(BatchRow {
            batch: r.int("id")?,
            source: r.text("name")?,
            stream: r.text("stream")?,
            address: r.text("address")?,
            records: r.int("record_count")?,
            state: r.parse_text("state")?,
            attempts: r.int("attempts")?,
            lost_claims: r.int("lost_claims")?,
            holder: r.opt_text("holder")?,
            last_error: r.opt_text("last_error")?.as_deref().map(Message::parse_stored),
        })
    };
    rows.iter().map(batch).collect()
}

/// A training record in a listing. It shows the name, but never the ID number.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RecordRow {
    /// Number of the record.
    pub record: i64,
    /// Number of the record that it turned out to be; its own number if the replay that made it was undone; null if it
    /// stands for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<i64>,
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
    /// The canonical course, if any.
    pub canonical_course: Option<String>,
    /// Hours as received, with their unit.
    pub raw_hours: String,
    /// The hours converted to class hours.
    pub hours: ExactHours,
    /// Whether the training was passed.
    pub pass_state: PassState,
    /// Last day of the training.
    pub period_end: String,
    /// The source's version of the record.
    pub source_version: i64,
    /// Page item or file line.
    pub address: String,
    /// The course's title at the source.
    pub course_title: Option<String>,
    /// The project's title at the source.
    pub project_title: Option<String>,
    /// Code of the person's school.
    pub school_code: Option<String>,
    /// The person's role in the training.
    pub role: Option<String>,
    /// Mode of the training.
    pub mode: Option<String>,
    /// Place of the training.
    pub place: Option<String>,
    /// First day of the training.
    pub period_start: Option<String>,
    /// Certificate number, if the source gives one.
    pub certificate_number: Option<String>,
    /// Whether two contents of the record came as the same version, so that a person should ask which is right.
    pub flagged: bool,
    /// Why the record is withdrawn or disputed; null if it is neither.
    pub status: Option<StatusCause>,
    /// How the record is missing from the newest whole of its stream; null if it is not.
    pub missing: Option<MissingNote>,
}

/// Lists training records after an id, or `only` one.
///
/// # Errors
/// [`StoreError`].
pub async fn list_records(
    db: &Db,
    only: Option<i64>,
    of: &RowFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<RecordRow>, StoreError> {
    let more = filter::of_records(vec![only.unwrap_or(0).into(), after.into(), limit.into()], of);
    let rows = db
        .fetch_rows(
            &format!("SELECT r.id AS id, s.name AS source, r.stream AS stream, c.teacher_id AS teacher_id, c.name AS name,
                    o.course_code AS course_code, o.canonical_course AS canonical_course, r.raw_hours AS raw_hours,
                    o.hours_unit AS hours_unit, r.hours_units AS hours_units, r.pass_state AS pass_state,
                    r.period_end AS period_end, r.source_version AS source_version, {} AS address,
                    o.course_title AS course_title, o.project_title AS project_title, r.school_code AS school_code, o.role AS role,
                    o.mode AS mode, o.place AS place, r.period_start AS period_start, r.certificate_number AS certificate_number,
                    r.flagged AS flagged, r.merged_into AS merged_into
             FROM training_record r JOIN source s ON s.id = r.source_id JOIN identity_claim c ON c.id = r.claim_id
             JOIN offering o ON o.id = r.offering_id
             WHERE ($1 = 0 AND r.merged_into IS NULL OR r.id = $1) AND r.id > $2{} ORDER BY r.id LIMIT $3", whole_address("r", "r.batch_id"), more.sql),
            more.args,
        )
        .await?;
    let ids: Vec<i64> = rows.iter().map(|r| r.int("id")).collect::<Result<_, _>>()?;
    let mut tx = db.begin_read_only().await?;
    let mut statuses = status::load_statuses(&mut tx, &ids).await?;
    let mut notes = missing::load_missing(&mut tx, &ids).await?;
    rows.iter()
        .map(|r| {
            Ok(RecordRow {
                record: r.int("id")?,
                merged_into: r.opt_int("merged_into")?,
                source: r.text("source")?,
                stream: r.text("stream")?,
                teacher: r.opt_int("teacher_id")?,
                name: r.text("name")?,
                course: r.text("course_code")?,
                canonical_course: r.opt_text("canonical_course")?,
                raw_hours: format!("{} {}", r.text("raw_hours")?, r.text("hours_unit")?),
                hours: ExactHours(r.int("hours_units")?),
                pass_state: r.parse_text("pass_state")?,
                period_end: r.text("period_end")?,
                source_version: r.int("source_version")?,
                address: r.text("address")?,
                course_title: r.opt_text("course_title")?,
                project_title: r.opt_text("project_title")?,
                school_code: r.opt_text("school_code")?,
                role: r.opt_text("role")?,
                mode: r.opt_text("mode")?,
                place: r.opt_text("place")?,
                period_start: r.opt_text("period_start")?,
                certificate_number: r.opt_text("certificate_number")?,
                flagged: r.int("flagged")? != 0,
                status: statuses.remove(&r.int("id")?),
                missing: notes.remove(&r.int("id")?),
            })
        })
        .collect()
}

/// Finds the teacher with an ID number.
///
/// # Errors
/// [`StoreError`].
pub async fn teacher_by_id_number(
    db: &Db,
    keys: &Keys,
    id_number: &huiliu_values::IdNumber,
) -> Result<Option<i64>, StoreError> {
    let index = keys.blind_index("id_number", id_number.reveal()).to_vec();
    let rows = db
        .fetch_rows(
            "SELECT teacher_id FROM teacher_identifier WHERE blind_index = $1 AND kind = 'id_number'",
            vec![Value::Bytes(index)],
        )
        .await?;
    rows.first().map(|r| r.int("teacher_id")).transpose()
}

/// Returns true if there is a teacher with this number.
///
/// # Errors
/// [`StoreError`].
pub async fn is_teacher(db: &Db, teacher: i64) -> Result<bool, StoreError> {
    Ok(!db.fetch_rows("SELECT id FROM teacher WHERE id = $1", vec![teacher.into()]).await?.is_empty())
}

/// One teacher's hours with the ID number in the clear. For comparison with a reference file, never for a listing.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LedgerRow {
    /// Number of the teacher.
    pub teacher: i64,
    /// The ID number in the clear.
    pub id_number: String,
    /// Class hours that count definitively.
    pub counted: ExactHours,
    /// Class hours that count provisionally.
    pub provisional: ExactHours,
    /// Number of entries that do not count because they are duplicates.
    pub duplicates: i64,
}

/// Lists the hours of all teachers after a teacher's number, in order.
///
/// # Errors
/// [`StoreError`].
pub async fn list_hours(db: &Db, keys: &Keys, after: i64, limit: i64) -> Result<Vec<LedgerRow>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT i.teacher_id AS teacher, i.blind_index AS blind_index, i.sealed AS sealed,
                    CAST(coalesce(sum(CASE WHEN e.outcome = 'counted' THEN e.units ELSE 0 END), 0) AS bigint) AS units,
                    CAST(coalesce(sum(CASE WHEN e.outcome = 'provisional' THEN e.units ELSE 0 END), 0) AS bigint) AS provisional,
                    CAST(coalesce(sum(CASE WHEN e.outcome = 'duplicate' THEN 1 ELSE 0 END), 0) AS bigint) AS duplicates
             FROM (SELECT * FROM teacher_identifier WHERE kind = 'id_number' AND teacher_id > $1 ORDER BY teacher_id LIMIT $2) i
             LEFT JOIN credit_entry e ON e.teacher_id = i.teacher_id AND e.superseded_at IS NULL
             GROUP BY i.teacher_id, i.blind_index, i.sealed ORDER BY i.teacher_id",
            vec![after.into(), limit.into()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let index = row.bytes("blind_index")?;
            let plain = keys.open(&[b"teacher_identifier", b"sealed", &index], &row.bytes("sealed")?)?;
            Ok(LedgerRow {
                teacher: row.int("teacher")?,
                id_number: String::from_utf8_lossy(&plain).into_owned(),
                counted: ExactHours(row.int("units")?),
                provisional: ExactHours(row.int("provisional")?),
                duplicates: row.int("duplicates")?,
            })
        })
        .collect()
}

/// Rows that refer to rows that do not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OrphanCount {
    /// The kind of row.
    pub rows: &'static str,
    /// The number of rows.
    pub count: i64,
}

/// Counts rows that refer to missing rows, by kind. Needed because loads do not check foreign keys.
///
/// # Errors
/// [`StoreError`].
pub async fn count_orphans(db: &Db) -> Result<Vec<OrphanCount>, StoreError> {
    let mut found = Vec::new();
    for (rows, child, column, parent) in [
        ("records_without_claim", "training_record", "claim_id", "identity_claim"),
        ("claims_without_teacher", "identity_claim", "teacher_id", "teacher"),
        ("records_without_offering", "training_record", "offering_id", "offering"),
        ("entries_without_record", "credit_entry", "record_id", "training_record"),
        ("sightings_without_dead_letter", "dead_letter_sighting", "dead_letter_id", "dead_letter"),
        ("records_without_batch", "training_record", "batch_id", "batch"),
        ("roster_rows_without_batch", "roster_row", "batch_id", "batch"),
        ("sightings_without_batch", "dead_letter_sighting", "batch_id", "batch"),
    ] {
        let sql = format!(
            "SELECT count(*) AS n FROM {child} c WHERE c.{column} IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.id = c.{column})"
        );
        let count = db.fetch_rows(&sql, vec![]).await?.first().map_or(Ok(0), |r| r.int("n"))?;
        if count > 0 {
            found.push(OrphanCount { rows, count });
        }
    }
    Ok(found)
}
