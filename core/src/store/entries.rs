//! Settling in sets: marked teachers' records in, differences of credit entries out.

use std::collections::HashMap;
use std::sync::Arc;

use super::db::{Db, StoreFault, Tx};
use super::marks;
use super::rows::{Row, Rows, Value};
use crate::keys::Keys;
use crate::ledger::{self, Entry, Fact};
use crate::policy::Policy;

/// The row ids of a pack's rules, by name.
pub type RuleIds = HashMap<String, i64>;

/// Writes the rules of a pack into the books, where entries refer to them, and gives their row ids.
///
/// # Errors
/// [`StoreFault`].
pub async fn register_rules(db: &Db, keys: &Keys, policy: &Policy) -> Result<RuleIds, StoreFault> {
    let mut ids = RuleIds::new();
    let mut tx = db.begin().await?;
    for rule in &policy.rules {
        let units = rule.units_per_one.unwrap_or(0);
        let digest = keys.digest(&[
            b"rule",
            policy.name.as_bytes(),
            &policy.version.to_be_bytes(),
            rule.name.as_bytes(),
            &units.to_be_bytes(),
            rule.basis.as_str().as_bytes(),
            rule.source.as_bytes(),
        ]);
        tx.run(
            "INSERT INTO rule (pack, version, name, unit, units_per_one, basis, source, digest)
             VALUES ($1, $2, $3, nullif($4, ''), nullif($5, 0), $6, $7, $8) ON CONFLICT (digest) DO NOTHING",
            vec![
                policy.name.as_str().into(),
                i64::from(policy.version).into(),
                rule.name.as_str().into(),
                rule.unit.clone().unwrap_or_default().into(),
                units.into(),
                rule.basis.as_str().into(),
                rule.source.as_str().into(),
                digest.to_vec().into(),
            ],
        )
        .await?;
        let rows = tx.rows("SELECT id FROM rule WHERE digest = $1", vec![Value::Bytes(digest.to_vec())]).await?;
        ids.insert(rule.name.clone(), rows.first().map_or(Ok(0), |r| r.int("id"))?);
    }
    tx.commit().await?;
    Ok(ids)
}

/// Settles one block of marked teachers after `after`; gives the block and how many teachers, or nothing when no block is
/// left that nobody else settles.
///
/// # Errors
/// [`StoreFault`]; nothing was written then.
pub async fn settle_block(
    db: &Db,
    policy: &Policy,
    rules: &RuleIds,
    after: i64,
) -> Result<Option<(i64, usize)>, StoreFault> {
    let mut tx = db.begin().await?;
    let Some((block, due)) = marks::next(&mut tx, after).await? else { return Ok(None) };
    let facts = read_facts(&mut tx, &due.teachers).await?;
    let mut held = read_entries(&mut tx, &due.teachers).await?;
    let mut made: Vec<(i64, Entry)> = Vec::new();
    for teacher in &due.teachers {
        for entry in facts.get(teacher).map(|f| ledger::entries(policy, f)).unwrap_or_default() {
            let key = (*teacher, entry.record_id);
            if held.get(&key).is_some_and(|h| h.says(&entry, rules)) {
                held.remove(&key);
            } else {
                made.push((*teacher, entry));
            }
        }
    }
    let ids = tx.next_ids("credit_entry", made.len()).await?;
    write(&mut tx, rules, &made, &ids).await?;
    supersede(&mut tx, &held, &made, &ids).await?;
    marks::remove(&mut tx, &due).await?;
    tx.commit().await?;
    Ok(Some((block, due.teachers.len())))
}

fn teachers(ids: &[i64]) -> Rows<'static> {
    Rows::new().int("teacher_id", ids.iter().copied().map(Some))
}

/// What the ledger needs to know of the records of these teachers.
///
/// # Errors
/// [`StoreFault`].
pub async fn read_facts(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, Vec<Fact>>, StoreFault> {
    let sources = tx.rows("SELECT id, connector FROM source", vec![]).await?;
    let connectors: HashMap<i64, Arc<str>> =
        sources.iter().map(|r| Ok((r.int("id")?, r.text("connector")?.into()))).collect::<Result<_, StoreFault>>()?;
    let rows = tx
        .rows_with(
            "SELECT c.teacher_id AS teacher_id, r.id AS id, r.record_key AS record_key, r.source_id AS source_id,
                    r.canonical_course AS canonical_course, r.pass_state AS pass_state, r.raw_hours AS raw_hours,
                    r.hours_unit AS hours_unit, r.period_end AS period_end, c.name_folded AS name
             FROM {rows} {join claim c ON c.teacher_id = incoming.teacher_id} {join training_record r ON r.claim_id = c.id}
             WHERE r.kind IN ('course_completion', 'project_completion', 'certificate')",
            vec![],
            teachers(ids),
        )
        .await?;
    let mut facts: HashMap<i64, Vec<Fact>> = HashMap::new();
    for mut row in rows {
        facts.entry(row.int("teacher_id")?).or_default().push(Fact {
            record_id: row.int("id")?,
            record_key: row.bytes("record_key")?,
            connector: connectors.get(&row.int("source_id")?).cloned().unwrap_or_else(|| "".into()),
            canonical_course: row.take_opt_text("canonical_course")?,
            pass_state: row.take_text("pass_state")?,
            raw_hours: row.take_text("raw_hours")?,
            hours_unit: row.take_text("hours_unit")?,
            period_end: row.take_text("period_end")?,
            name: row.take_text("name")?,
        });
    }
    Ok(facts)
}

/// Whose these records are.
///
/// # Errors
/// [`StoreFault`].
pub async fn owners(tx: &mut Tx, records: &[i64]) -> Result<HashMap<i64, i64>, StoreFault> {
    if records.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx
        .rows_with(
            "SELECT t.id AS id, c.teacher_id AS teacher_id
             FROM {rows} {join training_record t ON t.id = incoming.id} {join claim c ON c.id = t.claim_id}
             WHERE c.teacher_id IS NOT NULL",
            vec![],
            Rows::new().int("id", records.iter().copied().map(Some)),
        )
        .await?;
    rows.iter().map(|r| Ok((r.int("id")?, r.int("teacher_id")?))).collect()
}

/// A current entry as it stands in the table.
struct HeldEntry {
    id: i64,
    row: Row,
}

impl HeldEntry {
    fn says(&self, entry: &Entry, rules: &RuleIds) -> bool {
        let int = |name: &str| self.row.opt_int(name).ok().flatten();
        let text = |name: &str| self.row.opt_text(name).ok().flatten();
        text("outcome").as_deref() == Some(entry.outcome)
            && int("units") == Some(entry.units)
            && text("canonical_course") == entry.canonical_course
            && text("cycle") == entry.cycle
            && int("rule_id") == rules.get(&entry.rule).copied()
            && int("conversion_id") == rules.get(&entry.conversion).copied()
            && text("raw_hours").as_deref() == Some(entry.raw_hours.as_str())
            && int("duplicate_of") == entry.duplicate_of
    }
}

/// (Teacher, record) → current entry.
async fn read_entries(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<(i64, i64), HeldEntry>, StoreFault> {
    let rows = tx
        .rows_with(
            "SELECT e.id AS id, e.teacher_id AS teacher_id, e.record_id AS record_id, e.outcome AS outcome, e.units AS units,
                    e.canonical_course AS canonical_course, e.cycle AS cycle, e.rule_id AS rule_id,
                    e.conversion_id AS conversion_id, e.raw_hours AS raw_hours, e.duplicate_of AS duplicate_of
             FROM {rows} {join credit_entry e ON e.teacher_id = incoming.teacher_id AND e.superseded_at IS NULL}",
            vec![],
            teachers(ids),
        )
        .await?;
    rows.into_iter()
        .map(|row| Ok(((row.int("teacher_id")?, row.int("record_id")?), HeldEntry { id: row.int("id")?, row })))
        .collect()
}

async fn write(tx: &mut Tx, rules: &RuleIds, made: &[(i64, Entry)], ids: &[i64]) -> Result<(), StoreFault> {
    if made.is_empty() {
        return Ok(());
    }
    let now = tx.rows("SELECT {now} AS now", vec![]).await?;
    let now = now.first().map_or(Ok(0), |r| r.int("now"))?;
    let rule = |name: &str| rules.get(name).copied().ok_or_else(|| StoreFault::Column(format!("rule {name}")));
    let deciding: Vec<i64> = made.iter().map(|(_, e)| rule(&e.rule)).collect::<Result<_, _>>()?;
    let converting: Vec<i64> = made.iter().map(|(_, e)| rule(&e.conversion)).collect::<Result<_, _>>()?;
    let rows = Rows::new()
        .int("id", ids.iter().copied().map(Some))
        .int("teacher_id", made.iter().map(|(t, _)| Some(*t)))
        .int("record_id", made.iter().map(|(_, e)| Some(e.record_id)))
        .text("outcome", made.iter().map(|(_, e)| Some(e.outcome)))
        .int("units", made.iter().map(|(_, e)| Some(e.units)))
        .text("canonical_course", made.iter().map(|(_, e)| e.canonical_course.as_deref()))
        .text("cycle", made.iter().map(|(_, e)| e.cycle.as_deref()))
        .int("rule_id", deciding.into_iter().map(Some))
        .int("conversion_id", converting.into_iter().map(Some))
        .text("raw_hours", made.iter().map(|(_, e)| Some(e.raw_hours.as_str())))
        .int("duplicate_of", made.iter().map(|(_, e)| e.duplicate_of))
        .int("made_at", made.iter().map(|_| Some(now)));
    tx.copy("credit_entry", rows).await
}

/// Ends the entries that no longer hold; each names its heir, if it has one.
async fn supersede(
    tx: &mut Tx,
    ended: &HashMap<(i64, i64), HeldEntry>,
    made: &[(i64, Entry)],
    ids: &[i64],
) -> Result<(), StoreFault> {
    if ended.is_empty() {
        return Ok(());
    }
    let heirs: HashMap<(i64, i64), i64> = made.iter().zip(ids).map(|((t, e), id)| ((*t, e.record_id), *id)).collect();
    tx.run_with(
        "UPDATE credit_entry SET superseded_at = {now}, superseded_by = incoming.heir
         FROM {rows} WHERE credit_entry.id = incoming.id",
        vec![],
        Rows::new()
            .int("id", ended.values().map(|h| Some(h.id)))
            .int("heir", ended.keys().map(|key| heirs.get(key).copied())),
    )
    .await?;
    Ok(())
}
