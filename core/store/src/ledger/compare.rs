//! Compares stored current entries with those derived now, field by field.

use crate::ledger::entries::{self, EntryKey, RuleIds, StoredEntry};
use crate::ledger::facts;
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use huiliu_rules::ledger::{self, Entry, Person};
use huiliu_rules::policy::Policy;

/// A field of an entry that is stored otherwise than it is derived now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryDifference {
    /// Number of the teacher.
    pub teacher: i64,
    /// Number of the record.
    pub record: i64,
    /// The field, as the table names it; `entry` if only one of the two exists.
    pub field: &'static str,
    /// The stored value, as text; `None` if there is none.
    pub stored: Option<String>,
    /// The value derived now.
    pub derived: Option<String>,
}

/// The result of comparing some teachers.
#[derive(Debug, Default)]
pub struct ComparedTeachers {
    /// Entries compared: those that are stored, and those that are derived only.
    pub entries: u64,
    /// The fields that differ, by teacher and record.
    pub differences: Vec<EntryDifference>,
}

/// Compares the current entries of some teachers with those that rules with the decisions about courses give now. Reads
/// only what the transaction sees.
///
/// # Errors
/// [`StoreError`].
pub async fn compare_teachers(
    tx: &mut Tx,
    policy: &Policy,
    rules: &RuleIds,
    teachers: &[i64],
) -> Result<ComparedTeachers, StoreError> {
    let facts = facts::load_facts(tx, teachers).await?;
    let mut held = entries::read_entries(tx, teachers).await?;
    let (people, nobody) = (facts::load_people(tx, teachers).await?, Person::default());
    let mut entries = held.len() as u64;
    let mut found = Vec::new();
    for teacher in teachers {
        let person = people.get(teacher).unwrap_or(&nobody);
        for entry in facts.get(teacher).map(|f| ledger::compute_entries(policy, person, f)).unwrap_or_default() {
            let key = EntryKey { teacher_id: *teacher, record_id: entry.record_id };
            match held.remove(&key) {
                None => {
                    entries += 1;
                    found.push(whole_entry(key, None, Some(entry.outcome.as_str())));
                }
                Some(stored) if stored.is_same_as(&entry, rules) => {}
                Some(stored) => found.extend(compare_fields(key, &stored, &entry, rules)),
            }
        }
    }
    found.extend(held.into_iter().map(|(key, stored)| {
        let outcome = stored.row.opt_text("outcome").ok().flatten();
        whole_entry(key, Some(outcome.as_deref().unwrap_or_default()), None)
    }));
    found.sort_by_key(|of| (of.teacher, of.record));
    Ok(ComparedTeachers { entries, differences: found })
}

fn whole_entry(key: EntryKey, stored: Option<&str>, derived: Option<&str>) -> EntryDifference {
    let EntryKey { teacher_id: teacher, record_id: record } = key;
    let (stored, derived) = (stored.map(str::to_owned), derived.map(str::to_owned));
    EntryDifference { teacher, record, field: "entry", stored, derived }
}

fn compare_fields(key: EntryKey, stored: &StoredEntry, entry: &Entry, rules: &RuleIds) -> Vec<EntryDifference> {
    let int = |name: &str| stored.row.opt_int(name).ok().flatten().map(|n| n.to_string());
    let text = |name: &str| stored.row.opt_text(name).ok().flatten();
    let number = |n: Option<i64>| n.map(|n| n.to_string());
    let words = |text: Option<&str>| text.map(str::to_owned);
    let fields = [
        ("outcome", text("outcome"), words(Some(entry.outcome.as_str()))),
        ("units", int("units"), number(Some(entry.units))),
        ("gross", int("gross"), number(Some(entry.gross))),
        ("canonical_course", text("canonical_course"), words(entry.canonical_course.as_deref())),
        ("cycle", text("cycle"), words(entry.cycle.as_deref())),
        ("rule_id", int("rule_id"), number(rules.get(entry.rule).copied())),
        ("conversion_id", int("conversion_id"), number(rules.get(entry.conversion).copied())),
        ("raw_hours", text("raw_hours"), words(Some(entry.raw_hours.as_str()))),
        ("duplicate_of", int("duplicate_of"), number(entry.duplicate_of)),
        ("grade", text("grade"), words(entry.grade.map(|grade| grade.as_str()))),
        ("hours_of", int("hours_of"), number(entry.hours_of)),
        ("decision_id", int("decision_id"), number(entry.decision)),
        ("cuts", text("cuts"), entries::format_cuts(&entry.cuts, rules)),
        ("carried", text("carried"), entries::format_carried(entry, rules)),
    ];
    let different = fields.into_iter().filter(|(_, stored, derived)| stored != derived);
    different
        .map(|(field, stored, derived)| EntryDifference {
            teacher: key.teacher_id,
            record: key.record_id,
            field,
            stored,
            derived,
        })
        .collect()
}
