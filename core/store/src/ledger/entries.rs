//! Settlement in sets: reads the records of marked teachers and writes the differences in their credit entries.

use std::collections::HashMap;

use crate::ledger::{facts, marks};
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows, Value};
use huiliu_rules::ledger::{self, Cut, Entry, Person};
use huiliu_rules::policy::{Policy, RuleNo};
use huiliu_vault::keys::Keys;

/// Number of teachers whose records are in memory at once.
const AT_ONCE: usize = 256;

/// Row ids of the rules, in the policy's order.
pub type RuleIds = Vec<i64>;

/// Inserts the rules of all packs, so that entries can refer to them, and returns their row ids.
///
/// # Errors
/// [`StoreError`].
pub async fn register_rules(db: &Db, keys: &Keys, policy: &Policy) -> Result<RuleIds, StoreError> {
    let mut ids = RuleIds::with_capacity(policy.rules.len());
    let mut tx = db.begin().await?;
    for rule in &policy.rules {
        let (units, source) = (rule.units_per_one.unwrap_or(0), rule.source.to_stored());
        let digest = keys.digest(&[
            b"rule",
            rule.pack.as_bytes(),
            &rule.version.to_be_bytes(),
            rule.name.as_bytes(),
            &units.to_be_bytes(),
            rule.basis.as_str().as_bytes(),
            source.as_bytes(),
        ]);
        tx.execute(
            "INSERT INTO rule (pack, version, name, unit, units_per_one, basis, source, digest)
             VALUES ($1, $2, $3, nullif($4, ''), nullif($5, 0), $6, $7, $8) ON CONFLICT (digest) DO NOTHING",
            vec![
                rule.pack.as_str().into(),
                i64::from(rule.version).into(),
                rule.name.as_str().into(),
                rule.unit.clone().unwrap_or_default().into(),
                units.into(),
                rule.basis.as_str().into(),
                source.as_ref().into(),
                digest.to_vec().into(),
            ],
        )
        .await?;
        let rows = tx.fetch_rows("SELECT id FROM rule WHERE digest = $1", vec![Value::Bytes(digest.to_vec())]).await?;
        ids.push(rows.first().map_or(Ok(0), |r| r.int("id"))?);
    }
    tx.commit().await?;
    Ok(ids)
}

/// A block whose teachers were settled.
#[derive(Debug, Clone, Copy)]
pub struct SettledBlock {
    /// Number of the block: teacher id / 1,024, rounded down.
    pub block: i64,
    /// The number of teachers who were settled.
    pub teachers: usize,
}

/// Settles the first block of marked teachers after `after`. Returns `None` if no block is left that no other process
/// is settling.
///
/// # Errors
/// [`StoreError`]; nothing is written then.
pub async fn settle_block(
    db: &Db,
    policy: &Policy,
    rules: &RuleIds,
    after: i64,
) -> Result<Option<SettledBlock>, StoreError> {
    let mut tx = db.begin().await?;
    let Some(due) = marks::take_next_block(&mut tx, marks::SETTLE, after).await? else { return Ok(None) };
    for teachers in due.teachers.chunks(AT_ONCE) {
        settle_teachers(&mut tx, policy, rules, teachers).await?;
    }
    marks::remove_marks(&mut tx, &due).await?;
    tx.commit().await?;
    Ok(Some(SettledBlock { block: due.block, teachers: due.teachers.len() }))
}

async fn settle_teachers(tx: &mut Tx, policy: &Policy, rules: &RuleIds, teachers: &[i64]) -> Result<(), StoreError> {
    let facts = facts::load_facts(tx, teachers).await?;
    let mut held = read_entries(tx, teachers).await?;
    let mut made: Vec<NewEntry> = Vec::new();
    let (people, nobody) = (facts::load_people(tx, teachers).await?, Person::default());
    for teacher in teachers {
        let person = people.get(teacher).unwrap_or(&nobody);
        for entry in facts.get(teacher).map(|f| ledger::compute_entries(policy, person, f)).unwrap_or_default() {
            let new = NewEntry { teacher_id: *teacher, entry };
            if held.get(&new.key()).is_some_and(|h| h.is_same_as(&new.entry, rules)) {
                held.remove(&new.key());
            } else {
                made.push(new);
            }
        }
    }
    let ids = tx.reserve_ids("credit_entry", made.len()).await?;
    insert_entries(tx, rules, &made, &ids).await?;
    supersede_entries(tx, &held, &made, &ids).await
}

/// An entry to be written.
struct NewEntry {
    teacher_id: i64,
    entry: Entry,
}

impl NewEntry {
    fn key(&self) -> EntryKey {
        EntryKey { teacher_id: self.teacher_id, record_id: self.entry.record_id }
    }
}

/// The key of current entries: a teacher has at most one per record.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct EntryKey {
    teacher_id: i64,
    record_id: i64,
}

/// A current entry as stored.
struct StoredEntry {
    id: i64,
    row: Row,
}

impl StoredEntry {
    fn is_same_as(&self, entry: &Entry, rules: &RuleIds) -> bool {
        let int = |name: &str| self.row.opt_int(name).ok().flatten();
        let text = |name: &str| self.row.opt_text(name).ok().flatten();
        text("outcome").as_deref() == Some(entry.outcome.as_str())
            && int("units") == Some(entry.units)
            && int("gross") == Some(entry.gross)
            && text("canonical_course").as_deref() == entry.canonical_course.as_deref()
            && text("cycle").as_deref() == entry.cycle.as_deref()
            && int("rule_id") == rules.get(entry.rule).copied()
            && int("conversion_id") == rules.get(entry.conversion).copied()
            && text("raw_hours").as_deref() == Some(entry.raw_hours.as_str())
            && int("duplicate_of") == entry.duplicate_of
            && text("grade").as_deref() == entry.grade.map(|g| g.as_str())
            && int("hours_of") == entry.hours_of
            && int("decision_id") == entry.decision
            && text("cuts") == format_cuts(&entry.cuts, rules)
            && text("carried") == format_carried(entry, rules)
    }
}

/// Formats cuts as stored: `[[rule, units], …]`, or `None` without cuts.
fn format_cuts(cuts: &[Cut], rules: &RuleIds) -> Option<String> {
    let pair = |c: &Cut| (rules.get(c.rule).copied().unwrap_or_default(), c.units);
    let pairs: Vec<(i64, i64)> = cuts.iter().map(pair).collect();
    (!pairs.is_empty()).then(|| serde_json::json!(pairs).to_string())
}

fn format_carried(entry: &Entry, rules: &RuleIds) -> Option<String> {
    format_cuts(entry.carried.as_slice(), rules)
}

/// Loads the current entries of teachers.
async fn read_entries(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<EntryKey, StoredEntry>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT e.id AS id, e.teacher_id AS teacher_id, e.record_id AS record_id, e.outcome AS outcome, e.units AS units,
                    e.gross AS gross, e.cuts AS cuts, e.carried AS carried, e.grade AS grade, e.hours_of AS hours_of,
                    e.decision_id AS decision_id, e.canonical_course AS canonical_course, e.cycle AS cycle,
                    e.rule_id AS rule_id, e.conversion_id AS conversion_id, e.raw_hours AS raw_hours,
                    e.duplicate_of AS duplicate_of
             FROM {rows} {join credit_entry e ON e.teacher_id = incoming.teacher_id AND e.superseded_at IS NULL}",
            vec![],
            Rows::new().int("teacher_id", ids.iter().copied().map(Some)),
        )
        .await?;
    let entry = |row: Row| {
        let key = EntryKey { teacher_id: row.int("teacher_id")?, record_id: row.int("record_id")? };
        Ok((key, StoredEntry { id: row.int("id")?, row }))
    };
    rows.into_iter().map(entry).collect()
}

async fn insert_entries(tx: &mut Tx, rules: &RuleIds, made: &[NewEntry], ids: &[i64]) -> Result<(), StoreError> {
    if made.is_empty() {
        return Ok(());
    }
    let now = tx.fetch_rows("SELECT {now} AS now", vec![]).await?;
    let now = now.first().map_or(Ok(0), |r| r.int("now"))?;
    let entries = || made.iter().map(|new| &new.entry);
    let rule = |no: RuleNo| rules.get(no).copied().ok_or_else(|| StoreError::Column { column: format!("rule {no}") });
    let deciding: Vec<i64> = entries().map(|e| rule(e.rule)).collect::<Result<_, _>>()?;
    let converting: Vec<i64> = entries().map(|e| rule(e.conversion)).collect::<Result<_, _>>()?;
    let cuts: Vec<Option<String>> = entries().map(|e| format_cuts(&e.cuts, rules)).collect();
    let carry: Vec<Option<String>> = entries().map(|e| format_carried(e, rules)).collect();
    let rows = Rows::new()
        .int("id", ids.iter().copied().map(Some))
        .int("teacher_id", made.iter().map(|new| Some(new.teacher_id)))
        .int("record_id", entries().map(|e| Some(e.record_id)))
        .text("outcome", entries().map(|e| Some(e.outcome.as_str())))
        .int("units", entries().map(|e| Some(e.units)))
        .int("gross", entries().map(|e| Some(e.gross)))
        .text("cuts", cuts.iter().map(Option::as_deref))
        .text("carried", carry.iter().map(Option::as_deref))
        .text("grade", entries().map(|e| e.grade.map(|g| g.as_str())))
        .int("hours_of", entries().map(|e| e.hours_of))
        .int("decision_id", entries().map(|e| e.decision))
        .text("canonical_course", entries().map(|e| e.canonical_course.as_deref()))
        .text("cycle", entries().map(|e| e.cycle.as_deref()))
        .int("rule_id", deciding.into_iter().map(Some))
        .int("conversion_id", converting.into_iter().map(Some))
        .text("raw_hours", entries().map(|e| Some(e.raw_hours.as_str())))
        .int("duplicate_of", entries().map(|e| e.duplicate_of))
        .int("made_at", made.iter().map(|_| Some(now)));
    tx.insert_rows("credit_entry", rows).await
}

/// Supersedes entries that no longer hold. Each stores the entry that replaces it, if any.
async fn supersede_entries(
    tx: &mut Tx,
    ended: &HashMap<EntryKey, StoredEntry>,
    made: &[NewEntry],
    ids: &[i64],
) -> Result<(), StoreError> {
    if ended.is_empty() {
        return Ok(());
    }
    let heirs: HashMap<EntryKey, i64> = made.iter().zip(ids).map(|(new, id)| (new.key(), *id)).collect();
    tx.execute_with(
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
