//! Settling in sets: marked teachers' records in, differences of credit entries out.

use std::collections::{BTreeMap, HashMap};

use super::db::{Db, Rows, StoreFault, Tx};
use crate::ledger::{self, Entry, Fact};
use crate::policy::Policy;

/// Teachers that wait to be settled.
///
/// # Errors
/// [`StoreFault`].
pub async fn due(db: &Db) -> Result<i64, StoreFault> {
    let rows = db.rows("SELECT count(DISTINCT teacher_id) AS n FROM settle_mark", vec![]).await?;
    rows.first().map_or(Ok(0), |r| r.int("n"))
}

/// Settles up to `limit` marked teachers; gives how many.
///
/// # Errors
/// [`StoreFault`]; nothing was written then.
pub async fn settle_some(db: &Db, policy: &Policy, limit: u32) -> Result<usize, StoreFault> {
    let waiting = db.rows("SELECT 1 AS n FROM settle_mark LIMIT 1", vec![]).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let mut tx = db.begin().await?;
    let teachers = lock(&mut tx, limit).await?;
    if teachers.is_empty() {
        return Ok(0);
    }
    let relation = || Rows::new().int("teacher_id", teachers.iter().copied().map(Some));
    let marks = tx
        .rows_with(
            "SELECT m.id AS id FROM {rows} JOIN settle_mark m ON m.teacher_id = incoming.teacher_id",
            vec![],
            relation(),
        )
        .await?;
    let facts = read_facts(&mut tx, relation()).await?;
    let held = read_entries(&mut tx, relation()).await?;
    let mut made: Vec<(i64, Entry)> = Vec::new();
    let mut ended: Vec<(i64, i64, i64)> = Vec::new();
    for teacher in &teachers {
        let new = facts.get(teacher).map(|f| ledger::entries(policy, f)).unwrap_or_default();
        let old = held.get(teacher);
        let mut kept: HashMap<i64, bool> = HashMap::new();
        for entry in new {
            let current = old.and_then(|o| o.get(&entry.record_id));
            match current {
                Some((_, text)) if *text == fingerprint(&entry) => {
                    kept.insert(entry.record_id, true);
                }
                _ => made.push((*teacher, entry)),
            }
        }
        for (record, (id, _)) in old.into_iter().flatten() {
            if !kept.contains_key(record) {
                ended.push((*id, *teacher, *record));
            }
        }
    }
    let ids = insert(&mut tx, &made).await?;
    supersede(&mut tx, &ended, &ids).await?;
    let mark_ids: Vec<Option<i64>> = marks.iter().map(|r| r.int("id").map(Some)).collect::<Result<_, _>>()?;
    tx.run_with("DELETE FROM settle_mark WHERE id IN (SELECT id FROM {rows})", vec![], Rows::new().int("id", mark_ids))
        .await?;
    tx.commit().await?;
    Ok(teachers.len())
}

async fn lock(tx: &mut Tx, limit: u32) -> Result<Vec<i64>, StoreFault> {
    let sql = if tx.is_pg() {
        "SELECT id AS teacher_id FROM teacher WHERE id IN (SELECT DISTINCT teacher_id FROM settle_mark ORDER BY teacher_id LIMIT $1)
         ORDER BY id FOR UPDATE SKIP LOCKED"
    } else {
        "SELECT DISTINCT teacher_id FROM settle_mark ORDER BY teacher_id LIMIT $1"
    };
    tx.rows(sql, vec![i64::from(limit).into()]).await?.iter().map(|r| r.int("teacher_id")).collect()
}

async fn read_facts(tx: &mut Tx, relation: Rows) -> Result<HashMap<i64, Vec<Fact>>, StoreFault> {
    let rows = tx
        .rows_with(
            "SELECT c.teacher_id AS teacher_id, r.id AS id, r.record_key AS record_key, s.connector AS connector, r.kind AS kind,
                    r.canonical_course AS canonical_course, r.pass_state AS pass_state, r.hours_units AS hours_units,
                    r.raw_hours AS raw_hours, r.hours_unit AS hours_unit, r.period_end AS period_end, c.name_folded AS name
             FROM {rows} JOIN claim c ON c.teacher_id = incoming.teacher_id
             JOIN training_record r ON r.claim_id = c.id JOIN source s ON s.id = r.source_id",
            vec![],
            relation,
        )
        .await?;
    let mut facts: HashMap<i64, Vec<Fact>> = HashMap::new();
    for row in &rows {
        facts.entry(row.int("teacher_id")?).or_default().push(Fact {
            record_id: row.int("id")?,
            record_key: row.bytes("record_key")?,
            connector: row.text("connector")?,
            kind: row.text("kind")?,
            canonical_course: row.opt_text("canonical_course")?,
            pass_state: row.text("pass_state")?,
            units: row.int("hours_units")?,
            raw_hours: row.text("raw_hours")?,
            hours_unit: row.text("hours_unit")?,
            period_end: row.text("period_end")?,
            name: row.text("name")?,
        });
    }
    Ok(facts)
}

/// Teacher → record → (entry id, fingerprint).
type Held = HashMap<i64, BTreeMap<i64, (i64, String)>>;

async fn read_entries(tx: &mut Tx, relation: Rows) -> Result<Held, StoreFault> {
    let rows = tx
        .rows_with(
            "SELECT e.id AS id, e.teacher_id AS teacher_id, e.record_id AS record_id, e.outcome AS outcome, e.units AS units,
                    e.canonical_course AS canonical_course, e.cycle AS cycle, e.rule AS rule, e.basis AS basis,
                    e.arithmetic AS arithmetic, e.duplicate_of AS duplicate_of
             FROM {rows} JOIN credit_entry e ON e.teacher_id = incoming.teacher_id AND e.superseded_at IS NULL",
            vec![],
            relation,
        )
        .await?;
    let mut held: Held = HashMap::new();
    for row in &rows {
        let text = [
            row.text("outcome")?,
            row.int("units")?.to_string(),
            row.opt_text("canonical_course")?.unwrap_or_default(),
            row.opt_text("cycle")?.unwrap_or_default(),
            row.text("rule")?,
            row.text("basis")?,
            row.text("arithmetic")?,
            row.opt_int("duplicate_of")?.map(|d| d.to_string()).unwrap_or_default(),
        ]
        .join("\u{1f}");
        held.entry(row.int("teacher_id")?).or_default().insert(row.int("record_id")?, (row.int("id")?, text));
    }
    Ok(held)
}

fn fingerprint(e: &Entry) -> String {
    [
        e.outcome.to_owned(),
        e.units.to_string(),
        e.canonical_course.clone().unwrap_or_default(),
        e.cycle.clone().unwrap_or_default(),
        e.rule.clone(),
        e.basis.to_owned(),
        e.arithmetic.clone(),
        e.duplicate_of.map(|d| d.to_string()).unwrap_or_default(),
    ]
    .join("\u{1f}")
}

async fn insert(tx: &mut Tx, made: &[(i64, Entry)]) -> Result<HashMap<(i64, i64), i64>, StoreFault> {
    if made.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = Rows::new()
        .int("teacher_id", made.iter().map(|(t, _)| Some(*t)))
        .int("record_id", made.iter().map(|(_, e)| Some(e.record_id)))
        .text("outcome", made.iter().map(|(_, e)| Some(e.outcome.to_owned())))
        .int("units", made.iter().map(|(_, e)| Some(e.units)))
        .text("canonical_course", made.iter().map(|(_, e)| e.canonical_course.clone()))
        .text("cycle", made.iter().map(|(_, e)| e.cycle.clone()))
        .text("rule", made.iter().map(|(_, e)| Some(e.rule.clone())))
        .text("basis", made.iter().map(|(_, e)| Some(e.basis.to_owned())))
        .text("arithmetic", made.iter().map(|(_, e)| Some(e.arithmetic.clone())))
        .int("duplicate_of", made.iter().map(|(_, e)| e.duplicate_of));
    let ids = tx
        .rows_with(
            "INSERT INTO credit_entry (teacher_id, record_id, outcome, units, canonical_course, cycle, rule, basis, arithmetic, duplicate_of, made_at)
             SELECT teacher_id, record_id, outcome, units, canonical_course, cycle, rule, basis, arithmetic, duplicate_of, {now}
             FROM {rows} WHERE true RETURNING id, teacher_id, record_id",
            vec![],
            rows,
        )
        .await?;
    ids.iter().map(|r| Ok(((r.int("teacher_id")?, r.int("record_id")?), r.int("id")?))).collect()
}

async fn supersede(tx: &mut Tx, ended: &[(i64, i64, i64)], ids: &HashMap<(i64, i64), i64>) -> Result<(), StoreFault> {
    if ended.is_empty() {
        return Ok(());
    }
    let rows = Rows::new()
        .int("id", ended.iter().map(|(id, ..)| Some(*id)))
        .int("heir", ended.iter().map(|(_, t, r)| ids.get(&(*t, *r)).copied()));
    tx.run_with(
        "UPDATE credit_entry SET superseded_at = {now}, superseded_by = incoming.heir FROM {rows} WHERE credit_entry.id = incoming.id",
        vec![],
        rows,
    )
    .await?;
    Ok(())
}
