//! A teacher's ledger with all that each entry rests on: the record, its lineage, the rules, the cuts, the decision.

use std::collections::HashMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::ledger::decisions::{self, Decision};
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use crate::sql::rows::Row;
use huiliu_messages::Wording;
use huiliu_rules::ledger::standing::Line;
use huiliu_rules::policy::Arithmetic;
use huiliu_values::{Basis, EntryOutcome, ExactHours};

/// A rule as it was read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RuleRow {
    /// Pack, version and name.
    pub rule: String,
    /// On what it rests: `stated`, `adopted`, `assumed`.
    pub basis: Basis,
    /// Where it is written, or why it is assumed.
    pub source: Wording,
}

/// What a rule cut, or carried into the next year.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CutRow {
    /// Class hours.
    pub hours: ExactHours,
    /// The rule.
    #[serde(flatten)]
    pub rule: RuleRow,
}

/// One current credit entry with the record it is about and the rules it rests on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EntryRow {
    /// Entry id.
    pub entry: i64,
    /// Record id.
    pub record: i64,
    /// Source name.
    pub source: String,
    /// The institution that answers for it.
    pub institution: String,
    /// Course code at the source.
    pub course: String,
    /// Course title.
    pub course_title: Option<String>,
    /// Canonical course.
    pub canonical_course: Option<String>,
    /// First day.
    pub period_start: Option<String>,
    /// Last day.
    pub period_end: String,
    /// Name as given.
    pub name: String,
    /// What made the claim this teacher's: `id_number`, `teacher_number`, `decision 12` …
    pub claim_decided_by: String,
    /// What became of it.
    pub outcome: EntryOutcome,
    /// Class hours counted.
    pub hours: ExactHours,
    /// Class hours before caps.
    pub gross: ExactHours,
    /// What caps cut, in order.
    pub cuts: Vec<CutRow>,
    /// Of the hours, what counts in the year after.
    pub carried: Option<CutRow>,
    /// The result.
    pub grade: Option<String>,
    /// Cycle.
    pub cycle: Option<String>,
    /// The rule that decided: pack, version and name.
    pub rule: String,
    /// On what it rests: `stated`, `adopted`, `assumed`.
    pub basis: Basis,
    /// Where it is written, or why it is assumed.
    pub rule_source: Wording,
    /// How the amount as given became class hours.
    pub arithmetic: Arithmetic,
    /// On what the conversion rests.
    pub conversion_basis: Basis,
    /// Where the conversion is written, or why it is assumed.
    pub conversion_source: Wording,
    /// The record whose hours these are, if another's.
    pub hours_of: Option<i64>,
    /// The record it duplicates.
    pub duplicate_of: Option<i64>,
    /// The decision of a person that it rests on.
    pub decision: Option<Decision>,
    /// Page item or file line of the record.
    pub address: String,
    /// The payload whose bytes say so.
    pub payload: i64,
    /// The batch that brought it.
    pub batch: i64,
    /// The manifest's version that read it.
    pub manifest_version: i64,
    /// The source's version of the record.
    pub source_version: i64,
}

impl EntryRow {
    /// The weakest basis of all rules that it rests on.
    #[must_use]
    pub fn weakest(&self) -> Basis {
        let cuts = self.cuts.iter().chain(&self.carried).map(|cut| cut.rule.basis);
        cuts.fold(self.basis.max(self.conversion_basis), Basis::max)
    }

    /// What a sum needs to know of it.
    #[must_use]
    pub fn line(&self) -> Line {
        Line {
            outcome: self.outcome,
            units: self.hours.0,
            cycle: self.cycle.clone(),
            day: self.period_end.parse().unwrap_or(NaiveDate::MIN),
            basis: self.weakest(),
        }
    }
}

/// A teacher's current entries, by record.
///
/// # Errors
/// [`StoreError`].
pub async fn entries(db: &Db, teacher: i64) -> Result<Vec<EntryRow>, StoreError> {
    let rows = db
        .rows(
            "SELECT e.id AS id, e.record_id AS record_id, s.name AS source, i.name AS institution, r.course_code AS course_code,
                    r.course_title AS course_title, r.period_start AS period_start, r.period_end AS period_end,
                    c.name AS name, c.decided_by AS decided_by, e.canonical_course AS canonical_course,
                    e.outcome AS outcome, e.units AS units, e.gross AS gross, e.cuts AS cuts, e.carried AS carried,
                    e.grade AS grade, e.cycle AS cycle, e.rule_id AS rule_id, e.conversion_id AS conversion_id,
                    e.raw_hours AS raw_hours, m.unit AS unit, m.units_per_one AS units_per_one,
                    e.hours_of AS hours_of, e.duplicate_of AS duplicate_of, e.decision_id AS decision_id,
                    r.address AS address, b.payload_id AS payload_id, r.batch_id AS batch_id,
                    r.manifest_version AS manifest_version, r.source_version AS source_version
             FROM credit_entry e JOIN training_record r ON r.id = e.record_id JOIN source s ON s.id = r.source_id
             JOIN institution i ON i.id = r.institution_id JOIN claim c ON c.id = r.claim_id
             JOIN batch b ON b.id = r.batch_id JOIN rule m ON m.id = e.conversion_id
             WHERE e.teacher_id = $1 AND e.superseded_at IS NULL ORDER BY e.record_id",
            vec![teacher.into()],
        )
        .await?;
    if rows.is_empty() {
        return Ok(vec![]);
    }
    let rules = rules(db).await?;
    let decided = decisions::list(db, Some(teacher), 0, i64::MAX).await?;
    let decided: HashMap<i64, Decision> = decided.into_iter().map(|d| (d.decision, d)).collect();
    rows.iter().map(|row| entry(row, &rules, &decided)).collect()
}

/// Every rule of the books: some hundreds.
async fn rules(db: &Db) -> Result<HashMap<i64, RuleRow>, StoreError> {
    let rows = db.rows("SELECT id, pack, version, name, basis, source FROM rule", vec![]).await?;
    rows.iter()
        .map(|r| {
            let rule = format!("{}@{} {}", r.text("pack")?, r.int("version")?, r.text("name")?);
            Ok((
                r.int("id")?,
                RuleRow { rule, basis: r.spelled("basis")?, source: Wording::from_stored(r.text("source")?) },
            ))
        })
        .collect()
}

fn entry(r: &Row, rules: &HashMap<i64, RuleRow>, decided: &HashMap<i64, Decision>) -> Result<EntryRow, StoreError> {
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
        outcome: r.spelled("outcome")?,
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
    })
}
