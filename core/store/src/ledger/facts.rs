//! The facts that the ledger's rules work on: teachers' records, assessments and the decisions about them, loaded in
//! sets.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;

use crate::ledger::decisions::{self, DecisionKind};
use crate::ledger::missing;
use crate::ledger::status::{self, StatusCause};
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_rules::ledger::{Assessed, Fact, FactKind, Fraction, Person, RuledGrade, Rulings, SourceStatus};
use huiliu_values::{Grade, MissingState, Sex};

/// Loads the facts about the records of these teachers.
///
/// # Errors
/// [`StoreError`].
pub async fn load_facts(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, Vec<Fact>>, StoreError> {
    let connectors = load_connectors(tx).await?;
    let rows = tx
        .fetch_rows_with(
            "SELECT c.teacher_id AS teacher_id, r.id AS id, r.record_key AS record_key, o.kind AS kind,
                    r.institution_id AS institution_id, r.source_id AS source_id, o.course_code AS course_code,
                    o.course_title AS course_title,
                    o.project_code AS project_code, r.pass_state AS pass_state, r.raw_hours AS raw_hours,
                    o.hours_unit AS hours_unit, r.period_start AS period_start, r.period_end AS period_end, o.role AS role,
                    o.mode AS mode, o.category_code AS category_code, o.required AS required, r.attendance AS attendance,
                    c.name_folded AS name, c.decided_by AS decided_by, o.assessor AS assessor,
                    r.score_learning AS score_learning, r.score_activity AS score_activity,
                    r.score_artefact AS score_artefact, r.total_numerator AS total_numerator,
                    r.total_denominator AS total_denominator, r.grade AS grade
             FROM {rows} {join identity_claim c ON c.teacher_id = incoming.teacher_id} {join training_record r ON r.claim_id = c.id}
             {join offering o ON o.id = r.offering_id}
             WHERE o.kind IN ('course_completion', 'project_completion', 'certificate', 'assessment') AND r.merged_into IS NULL",
            vec![],
            Rows::new().int("teacher_id", ids.iter().copied().map(Some)),
        )
        .await?;
    let mut facts: HashMap<i64, Vec<Fact>> = HashMap::new();
    for row in rows {
        let teacher = row.int("teacher_id")?;
        facts.entry(teacher).or_default().push(parse_fact(row, &connectors)?);
    }
    add_statuses(tx, &mut facts).await?;
    add_rulings(tx, &mut facts).await?;
    Ok(facts)
}

async fn load_connectors(tx: &mut Tx) -> Result<HashMap<i64, Arc<str>>, StoreError> {
    let sources = tx.fetch_rows("SELECT id, connector FROM source", vec![]).await?;
    sources.iter().map(|r| Ok((r.int("id")?, r.text("connector")?.into()))).collect()
}

fn parse_fact(mut row: Row, connectors: &HashMap<i64, Arc<str>>) -> Result<Fact, StoreError> {
    let kind = if row.take_text("kind")? == "assessment" { FactKind::Assessment } else { FactKind::Training };
    let day =
        |text: &str, column: &str| text.parse::<NaiveDate>().map_err(|_| StoreError::Column { column: column.into() });
    let start = row.take_opt_text("period_start")?;
    Ok(Fact {
        record_id: row.int("id")?,
        record_key: row.bytes("record_key")?,
        kind,
        institution: row.int("institution_id")?,
        connector: connectors.get(&row.int("source_id")?).cloned().unwrap_or_else(|| "".into()),
        course_code: row.take_text("course_code")?,
        course_title: row.take_opt_text("course_title")?,
        project: row.take_opt_text("project_code")?,
        pass_state: row.parse_text("pass_state")?,
        assessed: parse_assessment(&row)?,
        raw_hours: row.take_text("raw_hours")?,
        hours_unit: row.take_text("hours_unit")?,
        period_start: start.as_deref().map(|text| day(text, "period_start")).transpose()?,
        period_end: day(&row.take_text("period_end")?, "period_end")?,
        role: row.take_opt_text("role")?,
        mode: row.take_opt_text("mode")?,
        category: row.take_opt_text("category_code")?,
        required: row.take_opt_text("required")?.map(|word| word == "required"),
        attendance: row.opt_int("attendance")?,
        name: row.take_text("name")?,
        claimed: row.take_text("decided_by")? != "id_number",
        status: SourceStatus::Valid,
        rulings: Rulings::default(),
    })
}

/// Adds what sources have said of the records since, and whether they were withdrawn because they are missing from a whole.
async fn add_statuses(tx: &mut Tx, facts: &mut HashMap<i64, Vec<Fact>>) -> Result<(), StoreError> {
    let records: Vec<i64> = facts.values().flatten().map(|f| f.record_id).collect();
    let causes = status::load_statuses(tx, &records).await?;
    let missing = missing::load_missing(tx, &records).await?;
    for fact in facts.values_mut().flatten() {
        fact.status = match missing.get(&fact.record_id) {
            Some(note) if note.state == MissingState::Withdrawn => SourceStatus::Withdrawn,
            _ => causes.get(&fact.record_id).map_or(SourceStatus::Valid, StatusCause::status),
        };
    }
    Ok(())
}

fn parse_assessment(row: &Row) -> Result<Option<Assessed>, StoreError> {
    let Some(grade) = row.opt_text("grade")? else { return Ok(None) };
    let score = |name: &str| Ok::<_, StoreError>(row.opt_int(name)?.and_then(|score| u16::try_from(score).ok()));
    let total = Fraction { numerator: row.int("total_numerator")?, denominator: row.int("total_denominator")? };
    Ok(Some(Assessed {
        by_school: row.opt_text("assessor")?.as_deref() == Some("school"),
        components: [score("score_learning")?, score("score_activity")?, score("score_artefact")?],
        total: (total.denominator > 0).then_some(total),
        grade: parse_grade(&grade).ok_or_else(|| StoreError::Column { column: "training_record.grade".into() })?,
    }))
}

/// Parses a grade from the word used in tables.
#[must_use]
pub fn parse_grade(word: &str) -> Option<Grade> {
    [Grade::Excellent, Grade::Pass, Grade::Fail].into_iter().find(|grade| grade.as_str() == word)
}

/// Adds people's decisions to the facts of their records. Of decisions of one kind, the newest counts.
async fn add_rulings(tx: &mut Tx, facts: &mut HashMap<i64, Vec<Fact>>) -> Result<(), StoreError> {
    let records: Vec<i64> = facts.values().flatten().map(|f| f.record_id).collect();
    let decided = decisions::list_on_records(tx, &records).await?;
    if decided.is_empty() {
        return Ok(());
    }
    let mut rulings: HashMap<i64, Rulings> = HashMap::new();
    for decision in decided {
        let Some(record) = decision.record else { continue };
        let ruling = rulings.entry(record).or_default();
        let number = decision.decision;
        match decision.kind {
            DecisionKind::CreditRevoke => ruling.revoked = Some(number),
            DecisionKind::CreditKeep => ruling.kept = Some(number),
            DecisionKind::CreditGrade => {
                let word = decision.detail.get("grade").and_then(|g| g.as_str()).unwrap_or_default();
                ruling.graded = parse_grade(word).map(|grade| RuledGrade { grade, decision: number });
            }
            _ => {}
        }
    }
    for fact in facts.values_mut().flatten() {
        if let Some(ruling) = rulings.get(&fact.record_id) {
            fact.rulings = *ruling;
        }
    }
    Ok(())
}

/// Loads what the roster says about these teachers. Teachers that it does not know are missing from the result.
///
/// # Errors
/// [`StoreError`].
pub async fn load_people(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, Person>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT t.id AS id, t.name_folded AS name, t.former_names AS former, t.sex AS sex, t.birth_date AS born
             FROM {rows} {join teacher t ON t.id = incoming.teacher_id} WHERE t.name_folded IS NOT NULL",
            vec![],
            Rows::new().int("teacher_id", ids.iter().copied().map(Some)),
        )
        .await?;
    let sex = |word: Option<String>| match word.as_deref() {
        Some("male") => Some(Sex::Male),
        Some("female") => Some(Sex::Female),
        _ => None,
    };
    rows.iter()
        .map(|row| {
            let born = row.opt_text("born")?.and_then(|day| day.parse().ok());
            let former = row.opt_text("former")?.map(|list| serde_json::from_str::<Vec<String>>(&list)).transpose();
            let former = former.map_err(|e| StoreError::Column { column: format!("teacher.former_names: {e}") })?;
            let names = row.opt_text("name")?.into_iter().chain(former.unwrap_or_default()).collect();
            Ok((row.int("id")?, Person { names, sex: sex(row.opt_text("sex")?), born }))
        })
        .collect()
}

/// Keeps a record as it is until the transaction ends: a load that brings a newer version waits, and then sees what this
/// transaction has written about it.
///
/// # Errors
/// [`StoreError`].
pub async fn lock_record(tx: &mut Tx, record: i64) -> Result<(), StoreError> {
    tx.fetch_rows("SELECT id FROM training_record WHERE id = $1 {lock}", vec![record.into()]).await?;
    Ok(())
}

/// Returns the identity claim of a record; `None` if the record does not exist or is not counted for anybody any more.
///
/// # Errors
/// [`StoreError`].
pub async fn load_claim(tx: &mut Tx, record: i64) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT claim_id FROM training_record WHERE id = $1 AND merged_into IS NULL";
    tx.fetch_rows(sql, vec![record.into()]).await?.first().map(|row| row.int("claim_id")).transpose()
}

/// Loads the teachers of these records: record → teacher.
///
/// # Errors
/// [`StoreError`].
pub async fn load_owners(tx: &mut Tx, records: &[i64]) -> Result<HashMap<i64, i64>, StoreError> {
    if records.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx
        .fetch_rows_with(
            "SELECT t.id AS id, c.teacher_id AS teacher_id
             FROM {rows} {join training_record t ON t.id = incoming.id} {join identity_claim c ON c.id = t.claim_id}
             WHERE c.teacher_id IS NOT NULL",
            vec![],
            Rows::new().int("id", records.iter().copied().map(Some)),
        )
        .await?;
    rows.iter().map(|r| Ok((r.int("id")?, r.int("teacher_id")?))).collect()
}

/// Returns those of these ids that are teachers.
///
/// # Errors
/// [`StoreError`].
pub async fn existing_teachers(tx: &mut Tx, ids: &[i64]) -> Result<HashSet<i64>, StoreError> {
    let rows = Rows::new().int("id", ids.iter().copied().map(Some));
    let found =
        tx.fetch_rows_with("SELECT t.id AS id FROM {rows} {join teacher t ON t.id = incoming.id}", vec![], rows);
    found.await?.iter().map(|row| row.int("id")).collect()
}
