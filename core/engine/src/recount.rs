//! What would change in the ledger, teacher by teacher, before it does: other rules, or a decision.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use huiliu_rules::ledger::standing::{self, ByBasis, Line, Sum};
use huiliu_rules::ledger::{self, Entry, Fact, Person};
use huiliu_rules::policy::Policy;
use huiliu_store::ledger::decisions::{self, CourseDecision};
use huiliu_store::ledger::{facts, marks};
use huiliu_store::{Db, StoreError, Tx};
use huiliu_values::{BeforeAfter, EntryOutcome, ExactHours, Grade};

/// Teachers looked at together.
const TEACHERS: i64 = 1_000;

/// What would change for one teacher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Change {
    /// The teacher.
    pub teacher: i64,
    /// Class hours counted for good.
    pub counted: BeforeAfter<ExactHours>,
    /// Class hours counted provisionally.
    pub provisional: BeforeAfter<ExactHours>,
    /// Entries that say something else.
    pub entries_changed: usize,
    /// Entries that count because the teacher is outside the assessment.
    pub exempt_entries: BeforeAfter<usize>,
}

/// What changed for all teachers together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// Teachers looked at.
    pub teachers: u64,
    /// Teachers whose hours change.
    pub hours_change: u64,
    /// Teachers whose hours stay and whose reasons change.
    pub reasons_change: u64,
    /// Class hours counted for good.
    pub counted: BeforeAfter<ExactHours>,
    /// Class hours counted provisionally.
    pub provisional: BeforeAfter<ExactHours>,
}

impl Totals {
    /// Counts a teacher for whom something changes.
    pub fn count(&mut self, change: &Change) {
        let same = |hours: &BeforeAfter<ExactHours>| hours.before == hours.after;
        let reasons_only = same(&change.counted) && same(&change.provisional);
        *(if reasons_only { &mut self.reasons_change } else { &mut self.hours_change }) += 1;
    }

    /// Adds the hours of a teacher.
    pub fn add_hours(&mut self, counted: BeforeAfter<ExactHours>, provisional: BeforeAfter<ExactHours>) {
        let add = |sum: &mut BeforeAfter<ExactHours>, hours: BeforeAfter<ExactHours>| {
            sum.before.0 += hours.before.0;
            sum.after.0 += hours.after.0;
        };
        add(&mut self.counted, counted);
        add(&mut self.provisional, provisional);
    }
}

/// A teacher's entries, and the rules that they are by.
struct Judged<'a> {
    policy: &'a Policy,
    entries: Vec<Entry>,
}

impl<'a> Judged<'a> {
    fn of(policy: &'a Policy, teacher: &KnownTeacher) -> Self {
        Self { policy, entries: ledger::entries(policy, &teacher.person, &teacher.facts) }
    }

    fn hours(&self, outcome: EntryOutcome) -> ExactHours {
        ExactHours(self.entries.iter().filter(|entry| entry.outcome == outcome).map(|entry| entry.units).sum())
    }

    /// How many entries count because the teacher is outside the assessment.
    fn exempt(&self) -> usize {
        let by_age = |e: &&Entry| self.policy.rules.get(e.rule).is_some_and(|rule| rule.name == "exempt");
        self.entries.iter().filter(by_age).filter(|e| e.outcome.counts()).count()
    }
}

/// A teacher's entries before and after.
struct Compared<'a> {
    before: Judged<'a>,
    after: Judged<'a>,
}

impl Compared<'_> {
    fn hours(&self, outcome: EntryOutcome) -> BeforeAfter<ExactHours> {
        BeforeAfter::new(self.before.hours(outcome), self.after.hours(outcome))
    }

    /// How many entries say something else. Entries of two sets of rules are compared by what they say, not by the place of
    /// their rules.
    fn entries_changed(&self) -> usize {
        let Self { before, after } = self;
        let said: HashMap<i64, Said> = before.entries.iter().map(|e| (e.record_id, says(before.policy, e))).collect();
        let new = after.entries.iter().filter(|e| said.get(&e.record_id) != Some(&says(after.policy, e))).count();
        let gone = said.keys().filter(|id| after.entries.iter().all(|e| e.record_id != **id)).count();
        new + gone
    }

    /// What changes for the teacher, if anything does.
    fn change(&self, teacher: i64) -> Option<Change> {
        let entries_changed = self.entries_changed();
        (entries_changed > 0).then(|| Change {
            teacher,
            counted: self.hours(EntryOutcome::Counted),
            provisional: self.hours(EntryOutcome::Provisional),
            entries_changed,
            exempt_entries: BeforeAfter::new(self.before.exempt(), self.after.exempt()),
        })
    }
}

/// What an entry says, whatever the place of its rules.
#[derive(PartialEq, Eq)]
struct Said {
    outcome: EntryOutcome,
    units: i64,
    gross: i64,
    course: Option<String>,
    duplicate_of: Option<i64>,
    rule: String,
    conversion: String,
    cuts: Vec<SaidCut>,
    decision: Option<i64>,
    grade: Option<Grade>,
}

#[derive(PartialEq, Eq)]
struct SaidCut {
    rule: String,
    units: i64,
}

fn says(policy: &Policy, entry: &Entry) -> Said {
    let cuts = entry.cuts.iter().chain(&entry.carried);
    Said {
        outcome: entry.outcome,
        units: entry.units,
        gross: entry.gross,
        course: entry.canonical_course.as_deref().map(str::to_owned),
        duplicate_of: entry.duplicate_of,
        rule: policy.told(entry.rule),
        conversion: policy.told(entry.conversion),
        cuts: cuts.map(|cut| SaidCut { rule: policy.told(cut.rule), units: cut.units }).collect(),
        decision: entry.decision,
        grade: entry.grade,
    }
}

/// The hours of all teachers in a cycle, or in the years up to a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CycleTotals {
    /// The cycle; empty where the records are in none.
    pub cycle: String,
    /// Teachers with a record in it; of the years up to a day all who have one at any time.
    pub teachers: u64,
    /// Those whose hours counted for good are enough.
    pub met: u64,
    /// Class hours counted for good.
    pub counted: ExactHours,
    /// Class hours counted provisionally.
    pub provisional: ExactHours,
    /// Of both, by the weakest rule that they rest on.
    pub by_basis: ByBasis,
}

impl CycleTotals {
    fn add(&mut self, sum: &Sum) {
        self.teachers += 1;
        self.met += u64::from(sum.met == Some(true));
        self.counted.0 += sum.counted.0;
        self.provisional.0 += sum.provisional.0;
        self.by_basis.add_all(&sum.by_basis);
    }
}

/// The hours of all teachers, by cycle, under these rules; where a pack asks for hours in any so many years, those up to
/// `today` beside them. Teachers are looked at in blocks.
///
/// # Errors
/// [`StoreError`].
pub async fn totals(db: &Db, policy: &Policy, today: NaiveDate) -> Result<Vec<CycleTotals>, StoreError> {
    let mut totals: BTreeMap<String, CycleTotals> = BTreeMap::new();
    let mut last = 0;
    loop {
        let mut tx = db.begin().await?;
        let ids = marks::teachers_after(&mut tx, last, TEACHERS).await?;
        let Some(end) = ids.last() else { return Ok(totals.into_values().collect()) };
        last = *end;
        for teacher in known(&mut tx, &ids).await?.into_values() {
            for sum in sums(policy, &teacher, today) {
                let total = totals.entry(sum.cycle.clone()).or_default();
                total.cycle.clone_from(&sum.cycle);
                total.add(&sum);
            }
        }
    }
}

fn sums(policy: &Policy, teacher: &KnownTeacher, today: NaiveDate) -> Vec<Sum> {
    let days: HashMap<i64, NaiveDate> = teacher.facts.iter().map(|f| (f.record_id, f.period_end)).collect();
    let entries = ledger::entries(policy, &teacher.person, &teacher.facts);
    let line = |e: &Entry| Some(Line::of(policy, e, *days.get(&e.record_id)?));
    let lines: Vec<Line> = entries.iter().filter_map(line).collect();
    standing::sums(policy, &lines, today)
}

/// Compares two sets of rules over every teacher, in blocks; `told` gets each teacher for whom something changes.
///
/// # Errors
/// [`StoreError`].
pub async fn compare(
    db: &Db,
    rules: BeforeAfter<&Policy>,
    told: &mut (dyn FnMut(Change) + Send),
) -> Result<Totals, StoreError> {
    let mut totals = Totals::default();
    let mut last = 0;
    loop {
        let mut tx = db.begin().await?;
        let ids = marks::teachers_after(&mut tx, last, TEACHERS).await?;
        let Some(end) = ids.last() else { return Ok(totals) };
        last = *end;
        let known = known(&mut tx, &ids).await?;
        totals.teachers += ids.len() as u64;
        for id in &ids {
            let Some(teacher) = known.get(id) else { continue };
            let (before, after) = (Judged::of(rules.before, teacher), Judged::of(rules.after, teacher));
            let compared = Compared { before, after };
            totals.add_hours(compared.hours(EntryOutcome::Counted), compared.hours(EntryOutcome::Provisional));
            if let Some(change) = compared.change(*id) {
                totals.count(&change);
                told(change);
            }
        }
    }
}

/// The rules with what people decided about courses laid over the crosswalk; nothing where nobody decided anything.
///
/// # Errors
/// [`StoreError`].
pub async fn with_decisions(db: &Db, policy: &Policy) -> Result<Option<Policy>, StoreError> {
    let mut tx = db.begin().await?;
    let decided = decisions::courses(&mut tx).await?;
    Ok((!decided.is_empty()).then(|| decide(policy, &decided)))
}

/// These rules, or those with what people decided about courses.
///
/// # Errors
/// [`StoreError`].
pub async fn in_force(db: &Db, policy: Policy) -> Result<Policy, StoreError> {
    let decided = with_decisions(db, &policy).await?;
    Ok(decided.unwrap_or(policy))
}

/// The same, as a transaction sees it.
async fn overlaid(tx: &mut Tx, policy: &Policy) -> Result<Policy, StoreError> {
    Ok(decide(policy, &decisions::courses(tx).await?))
}

fn decide(policy: &Policy, decided: &[CourseDecision]) -> Policy {
    let mut policy = policy.clone();
    for CourseDecision { connector, code, course } in decided {
        policy.crosswalk.decide(connector, code, course.as_deref());
    }
    policy
}

/// What is known of a teacher at one moment.
#[derive(Debug, Clone, Default)]
struct KnownTeacher {
    /// What the roster says.
    person: Person,
    /// The records and the decisions about them.
    facts: Vec<Fact>,
}

/// What is known of these teachers, as the transaction sees it.
async fn known(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, KnownTeacher>, StoreError> {
    let mut known = HashMap::new();
    for ids in ids.chunks(1_000) {
        let mut people = facts::people(tx, ids).await?;
        for (id, facts) in facts::read(tx, ids).await? {
            known.insert(id, KnownTeacher { person: people.remove(&id).unwrap_or_default(), facts });
        }
    }
    Ok(known)
}

/// What is known of some teachers at one moment, and the rules of that moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    policy: Policy,
    teachers: HashMap<i64, KnownTeacher>,
}

impl Snapshot {
    /// As a transaction sees it; `policy` are the rules before what people decided about courses.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn of(tx: &mut Tx, policy: &Policy, teachers: &[i64]) -> Result<Self, StoreError> {
        Ok(Self { policy: overlaid(tx, policy).await?, teachers: known(tx, teachers).await? })
    }
}

/// Teachers for whom something changes between two moments, by number.
#[must_use]
pub fn between(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let nothing = KnownTeacher::default();
    let mut ids: Vec<i64> = before.teachers.keys().chain(after.teachers.keys()).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let of = |id: i64| {
        let (was, is) = (before.teachers.get(&id).unwrap_or(&nothing), after.teachers.get(&id).unwrap_or(&nothing));
        let compared = Compared { before: Judged::of(&before.policy, was), after: Judged::of(&after.policy, is) };
        compared.change(id)
    };
    ids.into_iter().filter_map(of).collect()
}
