//! The roster's content, for display. ID numbers are masked.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::filter;
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Value};
use huiliu_vault::keys::Keys;

/// An identifier of a teacher, masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Identifier {
    /// Kind of the identifier; always `id_number`.
    pub kind: String,
    /// The value, masked.
    pub value: String,
    /// Since when the store knows it, RFC 3339.
    pub valid_from: String,
    /// Until when it was the teacher's, RFC 3339; `None` if it is current.
    pub valid_to: Option<String>,
}

/// Where a row was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Lineage {
    /// Name of the source.
    pub source: String,
    /// Number of the batch.
    pub batch: i64,
    /// File and line.
    pub address: String,
    /// The source's version of the row.
    pub source_version: i64,
}

impl Lineage {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            source: row.text("source")?,
            batch: row.int("batch_id")?,
            address: row.text("address")?,
            source_version: row.int("source_version")?,
        })
    }
}

/// A membership of a teacher in a school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MembershipRow {
    /// Code of the school.
    pub school: String,
    /// The school's newest known name.
    pub school_name: Option<String>,
    /// Division of the school, from the same row as its name.
    pub region: Option<String>,
    /// First day; `None` if unknown.
    pub from: Option<String>,
    /// Last day; `None` if unknown or not ended.
    pub to: Option<String>,
    /// `open`; `stated`, if a row gives the last day; or `next`, if only the start of the next membership ends it.
    pub ended_by: String,
    /// Whether rows say that it shares days with another membership.
    pub overlaps: bool,
    /// The teacher's position.
    pub position: Option<String>,
    /// Stage of teaching.
    pub stage: Option<String>,
    /// The row it comes from.
    pub lineage: Lineage,
}

/// A teacher, as the roster describes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TeacherRow {
    /// Number of the teacher.
    pub teacher: i64,
    /// `roster` or `provisional`.
    pub origin: String,
    /// The name on the roster.
    pub name: Option<String>,
    /// `male` or `female`.
    pub sex: Option<String>,
    /// Birth date, from the ID number.
    pub birth_date: Option<String>,
    /// Whether rows of one version give the ID number two different names.
    pub contested: bool,
    /// All identifiers, current and former.
    pub identifiers: Vec<Identifier>,
    /// Memberships in order of time.
    pub memberships: Vec<MembershipRow>,
}

/// Loads one teacher; `None` if there is none of this number.
///
/// # Errors
/// [`StoreError`].
pub async fn load_teacher(db: &Db, keys: &Keys, id: i64) -> Result<Option<TeacherRow>, StoreError> {
    let sql = "SELECT id, origin, name, sex, birth_date, contested FROM teacher WHERE id = $1";
    let rows = db.fetch_rows(sql, vec![id.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(TeacherRow {
        teacher: id,
        origin: row.text("origin")?,
        name: row.opt_text("name")?,
        sex: row.opt_text("sex")?,
        birth_date: row.opt_text("birth_date")?,
        contested: row.int("contested")? == 1,
        identifiers: load_identifiers(db, keys, id).await?,
        memberships: load_memberships(db, id).await?,
    }))
}

async fn load_identifiers(db: &Db, keys: &Keys, id: i64) -> Result<Vec<Identifier>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT kind, blind_index, sealed, valid_from, valid_to FROM teacher_identifier
             WHERE teacher_id = $1 ORDER BY valid_from, blind_index",
            vec![id.into()],
        )
        .await?;
    let one = |row: &Row| {
        Ok(Identifier {
            kind: row.text("kind")?,
            value: crate::roster::known::open_masked(keys, row)?,
            valid_from: huiliu_values::calendar::format_instant(row.int("valid_from")?),
            valid_to: row.opt_int("valid_to")?.map(huiliu_values::calendar::format_instant),
        })
    };
    rows.iter().map(one).collect()
}

async fn load_memberships(db: &Db, id: i64) -> Result<Vec<MembershipRow>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT m.school_code, m.valid_from, m.valid_to, m.ended_by, m.overlapping, m.position, m.stage, s.name AS source,
                    r.batch_id, r.address, r.source_version,
                    (SELECT n.name FROM school_name n WHERE n.school_code = m.school_code
                     ORDER BY coalesce(n.valid_from, '') DESC LIMIT 1) AS school_name,
                    (SELECT n.region_code FROM school_name n WHERE n.school_code = m.school_code
                     ORDER BY coalesce(n.valid_from, '') DESC LIMIT 1) AS region_code
             FROM membership m JOIN roster_row r ON r.id = m.row_id JOIN source s ON s.id = r.source_id
             WHERE m.teacher_id = $1 ORDER BY coalesce(m.valid_from, ''), m.school_code",
            vec![id.into()],
        )
        .await?;
    let one = |row: &Row| {
        Ok(MembershipRow {
            school: row.text("school_code")?,
            school_name: row.opt_text("school_name")?,
            region: row.opt_text("region_code")?,
            from: row.opt_text("valid_from")?,
            to: row.opt_text("valid_to")?,
            ended_by: row.text("ended_by")?,
            overlaps: row.int("overlapping")? == 1,
            position: row.opt_text("position")?,
            stage: row.opt_text("stage")?,
            lineage: Lineage::from_row(row)?,
        })
    };
    rows.iter().map(one).collect()
}

/// A school's name and division for a span of days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NameRow {
    /// The school's name.
    pub name: String,
    /// Code of the division.
    pub region: Option<String>,
    /// First day; `None` if unknown.
    pub from: Option<String>,
    /// Last day; `None` if unknown or not ended.
    pub to: Option<String>,
    /// `open`; `stated`, if a row gives the last day; or `next`, if only the next name ends it.
    pub ended_by: String,
    /// Whether rows say that it shares days with another name.
    pub overlaps: bool,
    /// The row it comes from.
    pub lineage: Lineage,
}

/// A school with its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SchoolRow {
    /// Code of the school.
    pub school: String,
    /// Kind of school, derived from its code.
    pub kind: String,
    /// Code of the school that replaced it.
    pub successor: Option<String>,
    /// Number of teachers whose membership has not ended.
    pub teachers: i64,
    /// Names and divisions in order of time.
    pub names: Vec<NameRow>,
}

/// Lists schools after a code, or only one.
///
/// # Errors
/// [`StoreError`].
pub async fn list_schools(db: &Db, only: Option<&str>, after: &str, limit: i64) -> Result<Vec<SchoolRow>, StoreError> {
    let args: Vec<Value> = vec![after.into(), only.unwrap_or_default().into(), limit.into()];
    let rows = db
        .fetch_rows(
            "SELECT s.code, s.kind, s.successor_code, (SELECT count(DISTINCT m.teacher_id) FROM membership m
                     WHERE m.school_code = s.code AND m.ended_by = 'open') AS teachers
             FROM school s WHERE s.code > $1 AND ($2 = '' OR s.code = $2) ORDER BY s.code LIMIT $3",
            args.clone(),
        )
        .await?;
    let named = db
        .fetch_rows(
            "SELECT n.school_code, n.name, n.region_code, n.valid_from, n.valid_to, n.ended_by, n.overlapping, s.name AS source,
                    r.batch_id, r.address, r.source_version
             FROM school_name n JOIN roster_row r ON r.id = n.row_id JOIN source s ON s.id = r.source_id
             WHERE n.school_code IN (SELECT code FROM school WHERE code > $1 AND ($2 = '' OR code = $2)
                                     ORDER BY code LIMIT $3)
             ORDER BY n.school_code, coalesce(n.valid_from, '')",
            args,
        )
        .await?;
    let mut names: BTreeMap<String, Vec<NameRow>> = BTreeMap::new();
    for row in &named {
        names.entry(row.text("school_code")?).or_default().push(NameRow {
            name: row.text("name")?,
            region: row.opt_text("region_code")?,
            from: row.opt_text("valid_from")?,
            to: row.opt_text("valid_to")?,
            ended_by: row.text("ended_by")?,
            overlaps: row.int("overlapping")? == 1,
            lineage: Lineage::from_row(row)?,
        });
    }
    let one = |row: &Row| {
        let school = row.text("code")?;
        Ok(SchoolRow {
            names: names.remove(&school).unwrap_or_default(),
            school,
            kind: row.text("kind")?,
            successor: row.opt_text("successor_code")?,
            teachers: row.int("teachers")?,
        })
    };
    rows.iter().map(one).collect()
}

/// How many schools there are.
///
/// # Errors
/// [`StoreError`].
pub async fn count_schools(db: &Db) -> Result<i64, StoreError> {
    filter::fetch_count(db, "SELECT count(*) AS n FROM school", vec![]).await
}

/// The state of the roster, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Status {
    /// Teachers on the roster.
    pub roster: i64,
    /// Teachers known only from records.
    pub provisional: i64,
    /// Teachers on the roster without an open membership.
    pub without_school: i64,
    /// Teachers whose ID number has two names in rows of one version.
    pub contested: i64,
    /// Memberships that overlap another one.
    pub overlaps: i64,
    /// Number of schools.
    pub schools: i64,
    /// Stored rows, by kind.
    pub rows: BTreeMap<String, i64>,
    /// Reason code → open dead letters of roster streams that have it.
    pub waiting: BTreeMap<String, i64>,
    /// Open dead letters that are replayed automatically once a missing school or person arrives.
    pub waiting_by_itself: i64,
}

/// A stream that delivers roster rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterStream {
    /// Connector id.
    pub connector: String,
    /// Name of the stream.
    pub stream: String,
}

/// Reads the state of the roster. Only dead letters of these streams are counted by reason.
///
/// # Errors
/// [`StoreError`].
pub async fn read_status(db: &Db, streams: &[RosterStream]) -> Result<Status, StoreError> {
    let count = async |sql: &str| {
        let rows = db.fetch_rows(sql, vec![]).await?;
        rows.first().map_or(Ok(0), |row| row.int("n"))
    };
    let mut status = Status {
        roster: count("SELECT count(*) AS n FROM teacher WHERE origin = 'roster'").await?,
        provisional: count("SELECT count(*) AS n FROM teacher WHERE origin = 'provisional'").await?,
        without_school: count(
            "SELECT count(*) AS n FROM teacher t WHERE t.origin = 'roster' AND NOT EXISTS (
               SELECT 1 FROM membership m WHERE m.teacher_id = t.id AND m.ended_by = 'open')",
        )
        .await?,
        contested: count("SELECT count(*) AS n FROM teacher WHERE contested = 1").await?,
        overlaps: count("SELECT count(*) AS n FROM membership WHERE overlapping = 1").await?,
        schools: count("SELECT count(*) AS n FROM school").await?,
        waiting_by_itself: count(
            "SELECT count(DISTINCT w.dead_letter_id) AS n FROM roster_wait w JOIN dead_letter d ON d.id = w.dead_letter_id
             WHERE d.state = 'open'",
        )
        .await?,
        ..Status::default()
    };
    for row in db.fetch_rows("SELECT kind, count(*) AS n FROM roster_row GROUP BY kind", vec![]).await? {
        status.rows.insert(row.text("kind")?, row.int("n")?);
    }
    let mut after = 0;
    loop {
        let rows = db
            .fetch_rows(
                "SELECT d.id, d.stream, s.connector, d.reasons FROM dead_letter d JOIN source s ON s.id = d.source_id
                 WHERE d.state = 'open' AND d.id > $1 ORDER BY d.id LIMIT 2000",
                vec![after.into()],
            )
            .await?;
        let Some(last) = rows.last() else { return Ok(status) };
        after = last.int("id")?;
        for row in &rows {
            if streams.contains(&RosterStream { connector: row.text("connector")?, stream: row.text("stream")? }) {
                count_codes(&row.text("reasons")?, &mut status.waiting);
            }
        }
    }
}

fn count_codes(reasons: &str, counts: &mut BTreeMap<String, i64>) {
    let reasons: Vec<serde_json::Value> = serde_json::from_str(reasons).unwrap_or_default();
    for code in reasons.iter().filter_map(|reason| reason["code"].as_str()) {
        *counts.entry(code.to_owned()).or_default() += 1;
    }
}
