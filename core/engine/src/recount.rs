//! Computes what other rules or a decision would change in the ledger, per teacher, without changing it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use huiliu_rules::ledger::standing::{self, ByBasis, Line, Sum};
use huiliu_rules::ledger::{self, Entry, Fact, Person};
use huiliu_rules::policy::{NO_PACK, Policy};
use huiliu_store::ledger::decisions::{self, CourseDecision};
use huiliu_store::ledger::{facts, marks};
use huiliu_store::roster::known as people;
use huiliu_store::{Db, StoreError, Tx};
use huiliu_values::{BeforeAfter, EntryOutcome, ExactHours, Gains, Grade};
use huiliu_vault::keys::Keys;

/// Teachers compared per transaction.
const TEACHERS: i64 = 1_000;

/// What would change for one teacher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Change {
    /// The teacher's number.
    pub teacher: i64,
    /// Name by the roster, else by a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// ID number, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_number: Option<String>,
    /// Class hours that count definitively.
    pub counted: BeforeAfter<ExactHours>,
    /// Class hours that count provisionally.
    pub provisional: BeforeAfter<ExactHours>,
    /// Number of entries whose content changes.
    pub entries_changed: usize,
    /// Number of entries that count because the teacher is exempt from the assessment.
    pub exempt_entries: BeforeAfter<usize>,
}

/// What would change for all teachers together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// Teachers compared.
    pub teachers: u64,
    /// Teachers whose hours change.
    pub hours_change: u64,
    /// Teachers whose hours stay the same while the reasons change.
    pub reasons_change: u64,
    /// How much their hours change.
    pub gains: Gains,
    /// Class hours that count definitively.
    pub counted: BeforeAfter<ExactHours>,
    /// Class hours that count provisionally.
    pub provisional: BeforeAfter<ExactHours>,
}

impl Totals {
    /// Counts a teacher for whom something changes.
    pub fn count_change(&mut self, change: &Change) {
        let same = |hours: &BeforeAfter<ExactHours>| hours.before == hours.after;
        let reasons_only = same(&change.counted) && same(&change.provisional);
        *(if reasons_only { &mut self.reasons_change } else { &mut self.hours_change }) += 1;
        self.gains.add_change(change.counted, change.provisional);
    }

    /// Adds a teacher's hours.
    pub fn add_hours(&mut self, counted: BeforeAfter<ExactHours>, provisional: BeforeAfter<ExactHours>) {
        let add = |sum: &mut BeforeAfter<ExactHours>, hours: BeforeAfter<ExactHours>| {
            sum.before.0 += hours.before.0;
            sum.after.0 += hours.after.0;
        };
        add(&mut self.counted, counted);
        add(&mut self.provisional, provisional);
    }
}

/// A teacher's entries, computed under one set of rules.
struct TeacherEntries<'a> {
    policy: &'a Policy,
    entries: Vec<Entry>,
}

impl<'a> TeacherEntries<'a> {
    fn new(policy: &'a Policy, teacher: &TeacherFacts) -> Self {
        Self { policy, entries: ledger::compute_entries(policy, &teacher.person, &teacher.facts) }
    }

    fn sum_hours(&self, outcome: EntryOutcome) -> ExactHours {
        ExactHours(self.entries.iter().filter(|entry| entry.outcome == outcome).map(|entry| entry.units).sum())
    }

    /// Counts the entries that count because the teacher is exempt from the assessment.
    fn count_exempt_entries(&self) -> usize {
        let by_age = |e: &&Entry| self.policy.rules.get(e.rule).is_some_and(|rule| rule.name == "exempt");
        self.entries.iter().filter(by_age).filter(|e| e.outcome.counts_hours()).count()
    }
}

/// A teacher's entries under two sets of rules.
struct ComparedEntries<'a> {
    before: TeacherEntries<'a>,
    after: TeacherEntries<'a>,
}

impl ComparedEntries<'_> {
    fn compare_hours(&self, outcome: EntryOutcome) -> BeforeAfter<ExactHours> {
        BeforeAfter::new(self.before.sum_hours(outcome), self.after.sum_hours(outcome))
    }

    /// Counts the entries that differ. Compares rules by name, because the same rule has another index in another set.
    fn count_changed_entries(&self) -> usize {
        let Self { before, after } = self;
        let said: HashMap<i64, EntryContent> =
            before.entries.iter().map(|e| (e.record_id, describe_entry(before.policy, e))).collect();
        let new =
            after.entries.iter().filter(|e| said.get(&e.record_id) != Some(&describe_entry(after.policy, e))).count();
        let gone = said.keys().filter(|id| after.entries.iter().all(|e| e.record_id != **id)).count();
        new + gone
    }

    /// Counts the entries whose hours a rule converts before and none does after.
    fn count_orphaned(&self, teacher: i64, known: &TeacherFacts, orphaned: &mut Option<OrphanedEntries>) {
        let ruled: HashSet<i64> =
            self.before.entries.iter().filter(|e| e.conversion != NO_PACK).map(|e| e.record_id).collect();
        for entry in self.after.entries.iter().filter(|e| e.conversion == NO_PACK && ruled.contains(&e.record_id)) {
            if let Some(told) = orphaned {
                told.entries += 1;
            } else if let Some(fact) = known.facts.iter().find(|fact| fact.record_id == entry.record_id) {
                let (record, day, unit) = (entry.record_id, fact.period_end, fact.hours_unit.clone());
                *orphaned = Some(OrphanedEntries { entries: 1, teacher, record, day, unit });
            }
        }
    }

    /// Returns the change for the teacher, `None` if no entry differs.
    fn to_change(&self, teacher: i64) -> Option<Change> {
        let entries_changed = self.count_changed_entries();
        (entries_changed > 0).then(|| Change {
            teacher,
            name: None,
            id_number: None,
            counted: self.compare_hours(EntryOutcome::Counted),
            provisional: self.compare_hours(EntryOutcome::Provisional),
            entries_changed,
            exempt_entries: BeforeAfter::new(self.before.count_exempt_entries(), self.after.count_exempt_entries()),
        })
    }
}

/// Entries that have a rule before and none after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrphanedEntries {
    /// How many.
    pub entries: u64,
    /// The teacher of the first.
    pub teacher: i64,
    /// The record of the first.
    pub record: i64,
    /// The day on which its training ended.
    pub day: NaiveDate,
    /// The unit of its hours.
    pub unit: String,
}

/// The effect of other rules on all teachers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The totals over all teachers.
    pub totals: Totals,
    /// Entries that would lose their rule; `None` if there are none.
    pub orphaned: Option<OrphanedEntries>,
}

/// The content of an entry, with rules named instead of numbered.
#[derive(PartialEq, Eq)]
struct EntryContent {
    outcome: EntryOutcome,
    units: i64,
    gross: i64,
    course: Option<String>,
    duplicate_of: Option<i64>,
    rule: String,
    conversion: String,
    cuts: Vec<CutContent>,
    decision: Option<i64>,
    grade: Option<Grade>,
}

#[derive(PartialEq, Eq)]
struct CutContent {
    rule: String,
    units: i64,
}

fn describe_entry(policy: &Policy, entry: &Entry) -> EntryContent {
    let cuts = entry.cuts.iter().chain(&entry.carried);
    EntryContent {
        outcome: entry.outcome,
        units: entry.units,
        gross: entry.gross,
        course: entry.canonical_course.as_deref().map(str::to_owned),
        duplicate_of: entry.duplicate_of,
        rule: policy.rule_label(entry.rule),
        conversion: policy.rule_label(entry.conversion),
        cuts: cuts.map(|cut| CutContent { rule: policy.rule_label(cut.rule), units: cut.units }).collect(),
        decision: entry.decision,
        grade: entry.grade,
    }
}

/// The hours of all teachers in a cycle, or in the span of years that ends on a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CycleTotals {
    /// The cycle. Empty for records that are in no cycle.
    pub cycle: String,
    /// Teachers with a record in the cycle, or with hours carried into it. For a span of years: all teachers with any record.
    pub teachers: u64,
    /// Teachers whose definitively counted hours meet the requirement.
    pub met: u64,
    /// Class hours that count definitively.
    pub counted: ExactHours,
    /// Class hours that count provisionally.
    pub provisional: ExactHours,
    /// Both kinds of hours together, by the weakest rule that they rest on.
    pub by_basis: ByBasis,
}

impl CycleTotals {
    fn add_sum(&mut self, sum: &Sum) {
        self.teachers += 1;
        self.met += u64::from(sum.met == Some(true));
        self.counted.0 += sum.counted.0;
        self.provisional.0 += sum.provisional.0;
        self.by_basis.add_all(&sum.by_basis);
    }
}

/// Sums the hours of all teachers by cycle under these rules, and also over the years up to `today` if a pack requires
/// hours within a number of years. Works in blocks of teachers.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn sum_cycle_totals(db: &Db, policy: &Policy, today: NaiveDate) -> Result<Vec<CycleTotals>, StoreError> {
    let mut totals: BTreeMap<String, CycleTotals> = BTreeMap::new();
    let mut last = 0;
    loop {
        let mut tx = db.begin().await?;
        let ids = marks::teachers_after(&mut tx, last, TEACHERS).await?;
        let Some(end) = ids.last() else { return Ok(totals.into_values().collect()) };
        last = *end;
        for teacher in load_teachers(&mut tx, &ids).await?.into_values() {
            for sum in sum_teacher_cycles(policy, &teacher, today) {
                let total = totals.entry(sum.cycle.clone()).or_default();
                total.cycle.clone_from(&sum.cycle);
                total.add_sum(&sum);
            }
        }
    }
}

fn sum_teacher_cycles(policy: &Policy, teacher: &TeacherFacts, today: NaiveDate) -> Vec<Sum> {
    let days: HashMap<i64, NaiveDate> = teacher.facts.iter().map(|f| (f.record_id, f.period_end)).collect();
    let entries = ledger::compute_entries(policy, &teacher.person, &teacher.facts);
    let line = |e: &Entry| Some(Line::from_entry(policy, e, *days.get(&e.record_id)?));
    let lines: Vec<Line> = entries.iter().filter_map(line).collect();
    standing::sum_by_cycle(policy, &lines, today)
}

/// Compares two sets of rules for every teacher, in blocks. Passes each teacher for whom something changes to `told`.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn compare_rules(
    db: &Db,
    rules: BeforeAfter<&Policy>,
    told: &mut (dyn FnMut(Change) + Send),
) -> Result<Comparison, StoreError> {
    let (mut totals, mut orphaned) = (Totals::default(), None);
    let mut last = 0;
    loop {
        let mut tx = db.begin().await?;
        let ids = marks::teachers_after(&mut tx, last, TEACHERS).await?;
        let Some(end) = ids.last() else { return Ok(Comparison { totals, orphaned }) };
        last = *end;
        let known = load_teachers(&mut tx, &ids).await?;
        totals.teachers += ids.len() as u64;
        for id in &ids {
            let Some(teacher) = known.get(id) else { continue };
            let (before, after) =
                (TeacherEntries::new(rules.before, teacher), TeacherEntries::new(rules.after, teacher));
            let compared = ComparedEntries { before, after };
            compared.count_orphaned(*id, teacher, &mut orphaned);
            totals.add_hours(
                compared.compare_hours(EntryOutcome::Counted),
                compared.compare_hours(EntryOutcome::Provisional),
            );
            if let Some(change) = compared.to_change(*id) {
                totals.count_change(&change);
                told(change);
            }
        }
    }
}

/// Returns the rules with people's course decisions laid over the crosswalk, `None` if there are no such decisions.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find_policy_with_decisions(tx: &mut Tx, policy: &Policy) -> Result<Option<Policy>, StoreError> {
    let decided = decisions::list_course_decisions(tx).await?;
    Ok((!decided.is_empty()).then(|| apply_course_decisions(policy, &decided)))
}

/// Returns the rules with people's course decisions, or unchanged if there are none.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn policy_in_force(db: &Db, policy: Policy) -> Result<Policy, StoreError> {
    let decided = find_policy_with_decisions(&mut db.begin_read_only().await?, &policy).await?;
    Ok(decided.unwrap_or(policy))
}

/// Returns the rules with people's course decisions, as a transaction sees them.
pub(crate) async fn load_policy_with_decisions(tx: &mut Tx, policy: &Policy) -> Result<Policy, StoreError> {
    Ok(apply_course_decisions(policy, &decisions::list_course_decisions(tx).await?))
}

pub(crate) fn apply_course_decisions(policy: &Policy, decided: &[CourseDecision]) -> Policy {
    let mut policy = policy.clone();
    for CourseDecision { connector, code, course } in decided {
        policy.crosswalk.override_course(connector, code, course.as_deref());
    }
    policy
}

/// The roster data and facts of a teacher at one moment.
#[derive(Debug, Clone, Default)]
struct TeacherFacts {
    /// What the roster says.
    person: Person,
    /// The records, and the decisions about them.
    facts: Vec<Fact>,
}

/// Loads these teachers as the transaction sees them.
async fn load_teachers(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, TeacherFacts>, StoreError> {
    let mut known = HashMap::new();
    for ids in ids.chunks(1_000) {
        let mut people = facts::load_people(tx, ids).await?;
        for (id, facts) in facts::load_facts(tx, ids).await? {
            known.insert(id, TeacherFacts { person: people.remove(&id).unwrap_or_default(), facts });
        }
    }
    Ok(known)
}

/// Some teachers and the rules at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    policy: Policy,
    teachers: HashMap<i64, TeacherFacts>,
}

impl Snapshot {
    /// Loads a snapshot as the transaction sees it. `policy` are the rules without people's course decisions.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn load(tx: &mut Tx, policy: &Policy, teachers: &[i64]) -> Result<Self, StoreError> {
        Ok(Self { policy: load_policy_with_decisions(tx, policy).await?, teachers: load_teachers(tx, teachers).await? })
    }
}

/// Adds what the teachers of some changes are called.
///
/// # Errors
/// [`StoreError`].
pub async fn add_names(tx: &mut Tx, keys: &Keys, changes: &mut [Change]) -> Result<(), StoreError> {
    let ids: Vec<i64> = changes.iter().map(|change| change.teacher).collect();
    let (mut names, mut numbers) = (people::names(tx, &ids).await?, people::load_id_numbers(tx, keys, &ids).await?);
    for change in changes {
        change.name = names.remove(&change.teacher);
        change.id_number = numbers.remove(&change.teacher);
    }
    Ok(())
}

/// Returns the changes between two snapshots, ordered by teacher number. Unchanged teachers are left out.
#[must_use]
pub fn compare_snapshots(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let nothing = TeacherFacts::default();
    let mut ids: Vec<i64> = before.teachers.keys().chain(after.teachers.keys()).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let of = |id: i64| {
        let (was, is) = (before.teachers.get(&id).unwrap_or(&nothing), after.teachers.get(&id).unwrap_or(&nothing));
        let compared = ComparedEntries {
            before: TeacherEntries::new(&before.policy, was),
            after: TeacherEntries::new(&after.policy, is),
        };
        compared.to_change(id)
    };
    ids.into_iter().filter_map(of).collect()
}
