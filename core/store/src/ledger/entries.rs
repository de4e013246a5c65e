//! Settlement in sets: reads the records of marked teachers and writes the differences in their credit entries.

use std::collections::HashMap;

use crate::ledger::fence::{self, LedgerState};
use crate::ledger::{facts, marks};
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_rules::ledger::{self, Cut, Entry, Person};
use huiliu_rules::policy::{Policy, Rule, RuleNo};
use huiliu_vault::keys::Keys;

/// Number of teachers whose records are in memory at once.
const AT_ONCE: usize = 256;

/// Row ids of the rules, in the policy's order.
pub type RuleIds = Vec<i64>;

/// Inserts those rules of all packs that are not there yet, so that entries can refer to them, and returns the row ids of
/// all.
///
/// # Errors
/// [`StoreError`].
pub async fn register_rules(db: &Db, keys: &Keys, policy: &Policy) -> Result<RuleIds, StoreError> {
    let digests: Vec<[u8; 32]> = policy.rules.iter().map(|rule| digest_rule(keys, rule)).collect();
    let held = find_rules(&mut db.begin_read_only().await?, &digests).await?;
    if let Some(ids) = collect_ids(&digests, &held) {
        return Ok(ids);
    }
    let mut tx = db.begin().await?;
    let sources: Vec<_> = policy.rules.iter().map(|rule| rule.source.to_stored()).collect();
    let rules = || policy.rules.iter();
    let rows = Rows::new()
        .text("pack", rules().map(|rule| Some(rule.pack.as_str())))
        .int("version", rules().map(|rule| Some(i64::from(rule.version))))
        .text("name", rules().map(|rule| Some(rule.name.as_str())))
        .text("unit", rules().map(|rule| rule.unit.as_deref()))
        .int("units_per_one", rules().map(|rule| rule.units_per_one))
        .text("basis", rules().map(|rule| Some(rule.basis.as_str())))
        .text("source", sources.iter().map(|source| Some(source.as_ref())))
        .bytes("digest", digests.iter().map(<[u8; 32]>::as_slice));
    tx.execute_with(
        "INSERT INTO rule (pack, version, name, unit, units_per_one, basis, source, digest)
         SELECT pack, version, name, unit, units_per_one, basis, source, digest FROM {rows} WHERE true
         ON CONFLICT (digest) DO NOTHING",
        vec![],
        rows,
    )
    .await?;
    let held = find_rules(&mut tx, &digests).await?;
    tx.commit().await?;
    collect_ids(&digests, &held).ok_or_else(|| StoreError::Column { column: "rule.id".into() })
}

fn digest_rule(keys: &Keys, rule: &Rule) -> [u8; 32] {
    let units = rule.units_per_one.unwrap_or(0);
    keys.digest(&[
        b"rule",
        rule.pack.as_bytes(),
        &rule.version.to_be_bytes(),
        rule.name.as_bytes(),
        &units.to_be_bytes(),
        rule.basis.as_str().as_bytes(),
        rule.source.to_stored().as_bytes(),
    ])
}

async fn find_rules(tx: &mut Tx, digests: &[[u8; 32]]) -> Result<HashMap<Vec<u8>, i64>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT r.id AS id, r.digest AS digest FROM {rows} {join rule r ON r.digest = incoming.digest}",
            vec![],
            Rows::new().bytes("digest", digests.iter().map(<[u8; 32]>::as_slice)),
        )
        .await?;
    rows.iter().map(|row| Ok((row.bytes("digest")?, row.int("id")?))).collect()
}

fn collect_ids(digests: &[[u8; 32]], held: &HashMap<Vec<u8>, i64>) -> Option<RuleIds> {
    digests.iter().map(|digest| held.get(digest.as_slice()).copied()).collect()
}

/// A block whose teachers were settled.
#[derive(Debug, Clone, Copy)]
pub struct SettledBlock {
    /// Number of the block: teacher id / 1,024, rounded down.
    pub block: i64,
    /// The number of teachers who were settled.
    pub teachers: usize,
}

/// The rules by which a block is settled, and the state of the ledger that they were read in.
#[derive(Debug, Clone, Copy)]
pub struct SettlingRules<'a> {
    /// The rules in force, with the decisions about courses.
    pub policy: &'a Policy,
    /// Row ids of the rules.
    pub rules: &'a RuleIds,
    /// The state in which rules and decisions were read.
    pub state: LedgerState,
    /// Whether changes of rules and decisions wait until the block is committed. Otherwise the block is settled again if
    /// there was one.
    pub holds: bool,
}

/// The result of settling the next block.
#[derive(Debug, Clone, Copy)]
pub enum BlockResult {
    /// A block was settled.
    Settled(SettledBlock),
    /// No block is left that no other process is settling.
    NoneLeft,
    /// Nothing was written: rules or decisions about courses have changed since they were read.
    Outdated,
}

/// Settles the first block of marked teachers after `after`, in one transaction. It commits only if rules and decisions
/// about courses are still those of `by`. Marks are read before everything that they are about, so that a change in between
/// has a mark that stays.
///
/// # Errors
/// [`StoreError`]; nothing is written then.
pub async fn settle_block(db: &Db, by: SettlingRules<'_>, after: i64) -> Result<BlockResult, StoreError> {
    let mut tx = db.begin().await?;
    let now = if by.holds { fence::hold_state(&mut tx).await? } else { fence::read_state_in(&mut tx).await? };
    if now != by.state && !crate::faults::skip_fence() {
        tx.roll_back().await?;
        return Ok(BlockResult::Outdated);
    }
    let Some(due) = marks::take_next_block(&mut tx, marks::SETTLE, after).await? else {
        tx.roll_back().await?;
        return Ok(BlockResult::NoneLeft);
    };
    for teachers in due.teachers.chunks(AT_ONCE) {
        settle_teachers(&mut tx, by.policy, by.rules, teachers).await?;
    }
    marks::remove_marks(&mut tx, &due).await?;
    if !fence::still_holds(&mut tx, by.state).await? {
        tx.roll_back().await?;
        return Ok(BlockResult::Outdated);
    }
    tx.commit().await?;
    Ok(BlockResult::Settled(SettledBlock { block: due.block, teachers: due.teachers.len() }))
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
    // In this order, because a teacher has one current entry for a record at every moment.
    supersede_entries(tx, &held, &made, &ids).await?;
    insert_entries(tx, rules, &made, &ids).await
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
pub(super) struct EntryKey {
    pub teacher_id: i64,
    pub record_id: i64,
}

/// A current entry as stored.
pub(super) struct StoredEntry {
    id: i64,
    pub row: Row,
}

impl StoredEntry {
    pub fn is_same_as(&self, entry: &Entry, rules: &RuleIds) -> bool {
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
pub(super) fn format_cuts(cuts: &[Cut], rules: &RuleIds) -> Option<String> {
    let pair = |c: &Cut| (rules.get(c.rule).copied().unwrap_or_default(), c.units);
    let pairs: Vec<(i64, i64)> = cuts.iter().map(pair).collect();
    (!pairs.is_empty()).then(|| serde_json::json!(pairs).to_string())
}

pub(super) fn format_carried(entry: &Entry, rules: &RuleIds) -> Option<String> {
    format_cuts(entry.carried.as_slice(), rules)
}

/// Loads the current entries of teachers.
pub(super) async fn read_entries(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<EntryKey, StoredEntry>, StoreError> {
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
