//! A teacher's credit entries with everything each one rests on: the record and its origin, the rules, the cuts and the
//! decision.

use std::collections::HashMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::delivery::addresses::whole_address;
use crate::ledger::decisions::{self, Decision};
use crate::ledger::missing::{self, MissingNote};
use crate::ledger::status::{self, StatusCause};
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use crate::sql::rows::Row;
use huiliu_messages::Wording;
use huiliu_rules::ledger::standing::Line;
use huiliu_rules::policy::Arithmetic;
use huiliu_values::{Basis, EntryOutcome, ExactHours};

/// A rule as it was when it was applied.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RuleRow {
    /// Pack, version and name of the rule.
    pub rule: String,
    /// What the rule rests on.
    pub basis: Basis,
    /// Where it is written, or why it is assumed.
    pub source: Wording,
}

/// Hours that a rule cut, or carried into the next year.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CutRow {
    /// The hours, as class hours.
    pub hours: ExactHours,
    /// The rule that did it.
    #[serde(flatten)]
    pub rule: RuleRow,
}

/// A current credit entry with its record and the rules it rests on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EntryRow {
    /// Number of the entry.
    pub entry: i64,
    /// Number of the record.
    pub record: i64,
    /// Name of the source.
    pub source: String,
    /// Name of the institution that is responsible for the record.
    pub institution: String,
    /// Course code at the source.
    pub course: String,
    /// The course's title at the source.
    pub course_title: Option<String>,
    /// The canonical course, if any.
    pub canonical_course: Option<String>,
    /// First day of the training; `None` if not given.
    pub period_start: Option<String>,
    /// Last day of the training.
    pub period_end: String,
    /// The person's name, as received.
    pub name: String,
    /// What made the claim this teacher's: `id_number`, `teacher_number`, `decision 12` …
    pub claim_decided_by: String,
    /// Whether and how it counts.
    pub outcome: EntryOutcome,
    /// Class hours that count.
    pub hours: ExactHours,
    /// Class hours before cuts.
    pub gross: ExactHours,
    /// What rules cut, in order.
    pub cuts: Vec<CutRow>,
    /// The part of the hours that counts in the next year, and in that year's cycle.
    pub carried: Option<CutRow>,
    /// The grade, if there is one.
    pub grade: Option<String>,
    /// The cycle in which it counts, except for what is carried into the next year.
    pub cycle: Option<String>,
    /// Pack, version and name of the rule that decided.
    pub rule: String,
    /// What that rule rests on.
    pub basis: Basis,
    /// Where that rule is written, or why it is assumed.
    pub rule_source: Wording,
    /// The conversion into class hours, written out.
    pub arithmetic: Arithmetic,
    /// What the conversion rests on.
    pub conversion_basis: Basis,
    /// Where the conversion is written, or why it is assumed.
    pub conversion_source: Wording,
    /// The record whose hours these are, if not this one.
    pub hours_of: Option<i64>,
    /// The record that this one duplicates.
    pub duplicate_of: Option<i64>,
    /// The decision that it rests on.
    pub decision: Option<Decision>,
    /// Page item or file line of the record.
    pub address: String,
    /// Number of the payload that contains the record.
    pub payload: i64,
    /// Number of the batch that loaded it.
    pub batch: i64,
    /// Version of the manifest that read it.
    pub manifest_version: i64,
    /// The source's version of the record.
    pub source_version: i64,
    /// Whether two contents of the record came as the same version, so that a person should ask which is right.
    pub flagged: bool,
    /// Where other contents of the same version stand: page items or file lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_contents: Vec<String>,
    /// Why the record is withdrawn or disputed; null if it is neither.
    pub status: Option<StatusCause>,
    /// How the record is missing from the newest whole of its stream; null if it is not.
    pub missing: Option<MissingNote>,
}

impl EntryRow {
    /// Returns the weakest basis of all rules that the entry rests on.
    #[must_use]
    pub fn weakest_basis(&self) -> Basis {
        let cuts = self.cuts.iter().chain(&self.carried).map(|cut| cut.rule.basis);
        cuts.fold(self.basis.max(self.conversion_basis), Basis::max)
    }

    /// Returns the values that sums need.
    #[must_use]
    pub fn to_line(&self) -> Line {
        Line {
            outcome: self.outcome,
            units: self.hours.0,
            carried: self.carried.as_ref().map_or(0, |carried| carried.hours.0),
            cycle: self.cycle.clone(),
            day: self.period_end.parse().unwrap_or(NaiveDate::MIN),
            basis: self.weakest_basis(),
        }
    }
}

/// Lists a teacher's current entries, by record.
///
/// # Errors
/// [`StoreError`].
pub async fn list_entries(db: &Db, teacher: i64) -> Result<Vec<EntryRow>, StoreError> {
    let rows = db
        .fetch_rows(
            &format!("SELECT e.id AS id, e.record_id AS record_id, s.name AS source, i.name AS institution, o.course_code AS course_code,
                    o.course_title AS course_title, r.period_start AS period_start, r.period_end AS period_end,
                    c.name AS name, c.decided_by AS decided_by, e.canonical_course AS canonical_course,
                    e.outcome AS outcome, e.units AS units, e.gross AS gross, e.cuts AS cuts, e.carried AS carried,
                    e.grade AS grade, e.cycle AS cycle, e.rule_id AS rule_id, e.conversion_id AS conversion_id,
                    e.raw_hours AS raw_hours, m.unit AS unit, m.units_per_one AS units_per_one,
                    e.hours_of AS hours_of, e.duplicate_of AS duplicate_of, e.decision_id AS decision_id,
                    {} AS address, b.payload_id AS payload_id, r.batch_id AS batch_id,
                    r.manifest_version AS manifest_version, r.source_version AS source_version,
                    r.flagged AS flagged,
                    (SELECT string_agg({}, '\n' ORDER BY v.batch_id, v.row_index) FROM version_tie v
                     WHERE v.record_id = r.id AND v.source_version = r.source_version) AS other_contents
             FROM credit_entry e JOIN training_record r ON r.id = e.record_id JOIN source s ON s.id = r.source_id
             JOIN institution i ON i.id = r.institution_id JOIN identity_claim c ON c.id = r.claim_id
             JOIN batch b ON b.id = r.batch_id JOIN rule m ON m.id = e.conversion_id
             JOIN offering o ON o.id = r.offering_id
             WHERE e.teacher_id = $1 AND e.superseded_at IS NULL ORDER BY e.record_id",
                whole_address("r", "r.batch_id"), whole_address("v", "v.batch_id")),
            vec![teacher.into()],
        )
        .await?;
    if rows.is_empty() {
        return Ok(vec![]);
    }
    let rules = load_rules(db).await?;
    let decided = decisions::list_decisions(db, Some(teacher), 0, i64::MAX).await?;
    let decided: HashMap<i64, Decision> = decided.into_iter().map(|d| (d.decision, d)).collect();
    let records: Vec<i64> = rows.iter().map(|row| row.int("record_id")).collect::<Result<_, _>>()?;
    let mut tx = db.begin_read_only().await?;
    let mut statuses = status::load_statuses(&mut tx, &records).await?;
    let mut notes = missing::load_missing(&mut tx, &records).await?;
    let entry = |row: &Row| {
        let record = row.int("record_id")?;
        let (status, missing) = (statuses.remove(&record), notes.remove(&record));
        Ok(EntryRow { status, missing, ..parse_entry(row, &rules, &decided)? })
    };
    rows.iter().map(entry).collect()
}

/// Loads all rules; there are some hundreds.
async fn load_rules(db: &Db) -> Result<HashMap<i64, RuleRow>, StoreError> {
    let rows = db.fetch_rows("SELECT id, pack, version, name, basis, source FROM rule", vec![]).await?;
    rows.iter()
        .map(|r| {
            let rule = format!("{}@{} {}", r.text("pack")?, r.int("version")?, r.text("name")?);
            Ok((
                r.int("id")?,
                RuleRow { rule, basis: r.parse_text("basis")?, source: Wording::from_stored(r.text("source")?) },
            ))
        })
        .collect()
}

fn parse_entry(
    r: &Row,
    rules: &HashMap<i64, RuleRow>,
    decided: &HashMap<i64, Decision>,
) -> Result<EntryRow, StoreError> {
    let rule =
        |id: i64| rules.get(&id).cloned().ok_or_else(|| StoreError::Column { column: "credit_entry.rule_id".into() });
    let cuts = |column: &str| -> Result<Vec<CutRow>, StoreError> {
        let Some(text) = r.opt_text(column)? else { return Ok(vec![]) };
        let pairs: Vec<(i64, i64)> =
            serde_json::from_str(&text).map_err(|_| StoreError::Column { column: column.into() })?;
        pairs.into_iter().map(|(id, units)| Ok(CutRow { hours: ExactHours(units), rule: rule(id)? })).collect()
    };
    let (deciding, converting) = (rule(r.int("rule_id")?)?, rule(r.int("conversion_id")?)?);
    Ok(EntryRow {
        entry: r.int("id")?,
        record: r.int("record_id")?,
        source: r.text("source")?,
        institution: r.text("institution")?,
        course: r.text("course_code")?,
        course_title: r.opt_text("course_title")?,
        canonical_course: r.opt_text("canonical_course")?,
        period_start: r.opt_text("period_start")?,
        period_end: r.text("period_end")?,
        name: r.text("name")?,
        claim_decided_by: r.text("decided_by")?,
        outcome: r.parse_text("outcome")?,
        hours: ExactHours(r.int("units")?),
        gross: ExactHours(r.int("gross")?),
        cuts: cuts("cuts")?,
        carried: cuts("carried")?.pop(),
        grade: r.opt_text("grade")?,
        cycle: r.opt_text("cycle")?,
        rule: deciding.rule,
        basis: deciding.basis,
        rule_source: deciding.source,
        arithmetic: Arithmetic::new(r.text("raw_hours")?, r.opt_text("unit")?, r.opt_int("units_per_one")?),
        conversion_basis: converting.basis,
        conversion_source: converting.source,
        hours_of: r.opt_int("hours_of")?,
        duplicate_of: r.opt_int("duplicate_of")?,
        decision: r.opt_int("decision_id")?.and_then(|id| decided.get(&id).cloned()),
        address: r.text("address")?,
        payload: r.int("payload_id")?,
        batch: r.int("batch_id")?,
        manifest_version: r.int("manifest_version")?,
        source_version: r.int("source_version")?,
        flagged: r.int("flagged")? != 0,
        other_contents: r.opt_text("other_contents")?.iter().flat_map(|all| all.lines()).map(str::to_owned).collect(),
        status: None,
        missing: None,
    })
}
