//! What would change in the ledger, teacher by teacher, before it does: other rules, or a decision.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use huiliu_rules::ledger::standing::{self, ByBasis, Line};
use huiliu_rules::ledger::{self, Entry, Fact, Person};
use huiliu_rules::policy::Policy;
use huiliu_store::ledger::{decisions, facts, marks};
use huiliu_store::{Db, StoreFault, Tx};

/// Teachers looked at together.
const TEACHERS: i64 = 1_000;

/// What would change for one teacher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Change {
    /// The teacher.
    pub teacher: i64,
    /// Class-hour units counted for good, before and after.
    pub counted_units: (i64, i64),
    /// Class-hour units counted provisionally, before and after.
    pub provisional_units: (i64, i64),
    /// Entries that say something else.
    pub entries_changed: usize,
    /// Entries that count because the teacher is outside the assessment, before and after.
    pub exempt_entries: (usize, usize),
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
    /// Class-hour units counted for good, before and after.
    pub counted_units: (i64, i64),
    /// Class-hour units counted provisionally, before and after.
    pub provisional_units: (i64, i64),
}

/// A side of a comparison: the rules, and what is known under them.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The rules.
    pub policy: &'a Policy,
    /// What the roster says of the teacher.
    pub person: &'a Person,
    /// The teacher's records and the decisions about them.
    pub facts: &'a [Fact],
}

impl<'a> Side<'a> {
    fn of(policy: &'a Policy, (person, facts): &'a (Person, Vec<Fact>)) -> Self {
        Self { policy, person, facts }
    }

    /// How many entries count because the teacher is outside the assessment.
    fn exempt(&self, entries: &[Entry]) -> usize {
        let by_age = |e: &&Entry| self.policy.rules.get(e.rule).is_some_and(|rule| rule.name == "exempt");
        entries.iter().filter(by_age).filter(|e| matches!(e.outcome, "counted" | "provisional")).count()
    }
}

/// What changes for one teacher, if anything does. Entries of two sets of rules are compared by what they say, not by the
/// place of their rules.
#[must_use]
pub fn change(teacher: i64, before: Side<'_>, after: Side<'_>) -> Option<Change> {
    let entries = |side: Side<'_>| ledger::entries(side.policy, side.person, side.facts);
    let (was, is) = (entries(before), entries(after));
    let said: HashMap<i64, Said> = was.iter().map(|e| (e.record_id, says(before.policy, e))).collect();
    let new = is.iter().filter(|e| said.get(&e.record_id) != Some(&says(after.policy, e))).count();
    let gone = said.keys().filter(|id| is.iter().all(|e| e.record_id != **id)).count();
    let sum = |entries: &[Entry], outcome: &str| entries.iter().filter(|e| e.outcome == outcome).map(|e| e.units).sum();
    let both = |outcome: &str| (sum(&was, outcome), sum(&is, outcome));
    (new + gone > 0).then(|| Change {
        teacher,
        counted_units: both("counted"),
        provisional_units: both("provisional"),
        entries_changed: new + gone,
        exempt_entries: (before.exempt(&was), after.exempt(&is)),
    })
}

/// What an entry says, whatever the place of its rules.
type Said = (&'static str, i64, i64, Option<String>, Option<i64>, String, Vec<(String, i64)>, Option<i64>, Option<u8>);

fn says(policy: &Policy, e: &Entry) -> Said {
    let cuts = e.cuts.iter().chain(&e.carried).map(|cut| (policy.told(cut.rule), cut.units)).collect();
    let course = e.canonical_course.as_deref().map(str::to_owned);
    let rules = format!("{} {}", policy.told(e.rule), policy.told(e.conversion));
    (e.outcome, e.units, e.gross, course, e.duplicate_of, rules, cuts, e.decision, e.grade.map(|g| g as u8))
}

impl Totals {
    /// Counts a teacher for whom something changes.
    pub fn add(&mut self, change: &Change) {
        let same = change.counted_units.0 == change.counted_units.1
            && change.provisional_units.0 == change.provisional_units.1;
        *(if same { &mut self.reasons_change } else { &mut self.hours_change }) += 1;
    }
}

/// The hours of all teachers in a cycle, or in the years up to a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CycleTotals {
    /// Teachers with a record in it; of the years up to a day all who have one at any time.
    pub teachers: u64,
    /// Those whose hours counted for good are enough.
    pub met: u64,
    /// Class-hour units counted for good.
    pub counted_units: i64,
    /// Class-hour units counted provisionally.
    pub provisional_units: i64,
    /// Of both, by the weakest rule that they rest on.
    pub by_basis: ByBasis,
}

/// The hours of all teachers, by cycle, under these rules; where a pack asks for hours in any so many years, those up to
/// `today` beside them. Teachers are looked at in blocks.
///
/// # Errors
/// [`StoreFault`].
pub async fn totals(db: &Db, policy: &Policy, today: NaiveDate) -> Result<BTreeMap<String, CycleTotals>, StoreFault> {
    let mut totals: BTreeMap<String, CycleTotals> = BTreeMap::new();
    let mut last = 0;
    loop {
        let mut tx = db.begin().await?;
        let ids = marks::teachers_after(&mut tx, last, TEACHERS).await?;
        let Some(end) = ids.last() else { return Ok(totals) };
        last = *end;
        for (person, facts) in known(&mut tx, &ids).await?.into_values() {
            let days: HashMap<i64, NaiveDate> = facts.iter().map(|f| (f.record_id, f.period_end)).collect();
            let entries = ledger::entries(policy, &person, &facts);
            let line = |e: &Entry| Some(Line::of(policy, e, *days.get(&e.record_id)?));
            let lines: Vec<Line> = entries.iter().filter_map(line).collect();
            for sum in standing::sums(policy, &lines, today) {
                let total = totals.entry(sum.cycle).or_default();
                total.teachers += 1;
                total.met += u64::from(sum.met == Some(true));
                total.counted_units += sum.counted;
                total.provisional_units += sum.provisional;
                total.by_basis.stated += sum.by_basis.stated;
                total.by_basis.adopted += sum.by_basis.adopted;
                total.by_basis.assumed += sum.by_basis.assumed;
            }
        }
    }
}

/// Compares two sets of rules over every teacher, in blocks; `told` gets each teacher for whom something changes.
///
/// # Errors
/// [`StoreFault`].
pub async fn compare(
    db: &Db,
    before: &Policy,
    after: &Policy,
    told: &mut (dyn FnMut(Change) + Send),
) -> Result<Totals, StoreFault> {
    let mut totals = Totals::default();
    let mut last = 0;
    loop {
        let mut tx = db.begin().await?;
        let ids = marks::teachers_after(&mut tx, last, TEACHERS).await?;
        let Some(end) = ids.last() else { return Ok(totals) };
        last = *end;
        let facts = facts::read(&mut tx, &ids).await?;
        let people = facts::people(&mut tx, &ids).await?;
        totals.teachers += ids.len() as u64;
        for id in &ids {
            let Some(facts) = facts.get(id) else { continue };
            let nobody = Person::default();
            let person = people.get(id).unwrap_or(&nobody);
            let side = |policy| Side { policy, person, facts: facts.as_slice() };
            for (policy, of) in [(before, 0), (after, 1)] {
                for entry in ledger::entries(policy, person, facts) {
                    let sum = match entry.outcome {
                        "counted" => &mut totals.counted_units,
                        "provisional" => &mut totals.provisional_units,
                        _ => continue,
                    };
                    *(if of == 0 { &mut sum.0 } else { &mut sum.1 }) += entry.units;
                }
            }
            if let Some(change) = change(*id, side(before), side(after)) {
                totals.add(&change);
                told(change);
            }
        }
    }
}

/// The rules with what people decided about courses laid over the crosswalk.
///
/// # Errors
/// [`StoreFault`].
pub async fn with_decisions(db: &Db, policy: &Policy) -> Result<Option<Policy>, StoreFault> {
    let mut tx = db.begin().await?;
    let decided = decisions::courses(&mut tx).await?;
    Ok((!decided.is_empty()).then(|| decide(policy, &decided)))
}

/// The same, as a transaction sees it.
///
/// # Errors
/// [`StoreFault`].
pub async fn overlaid(tx: &mut Tx, policy: &Policy) -> Result<Policy, StoreFault> {
    Ok(decide(policy, &decisions::courses(tx).await?))
}

fn decide(policy: &Policy, decided: &[(String, String, Option<String>)]) -> Policy {
    let mut policy = policy.clone();
    for (connector, code, course) in decided {
        policy.crosswalk.decide(connector, code, course.as_deref());
    }
    policy
}

/// What is known of some teachers at one moment.
pub type Known = HashMap<i64, (Person, Vec<Fact>)>;

/// What is known of these teachers, as the transaction sees it.
///
/// # Errors
/// [`StoreFault`].
pub async fn known(tx: &mut Tx, ids: &[i64]) -> Result<Known, StoreFault> {
    let mut known = Known::new();
    for ids in ids.chunks(1_000) {
        let mut people = facts::people(tx, ids).await?;
        for (id, facts) in facts::read(tx, ids).await? {
            known.insert(id, (people.remove(&id).unwrap_or_default(), facts));
        }
    }
    Ok(known)
}

/// Teachers for whom something changes between two moments, by number.
#[must_use]
pub fn between((before, was): (&Policy, &Known), (after, is): (&Policy, &Known)) -> Vec<Change> {
    let nothing = (Person::default(), vec![]);
    let mut ids: Vec<i64> = was.keys().chain(is.keys()).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let of = |id: i64| {
        let (was, is) = (was.get(&id).unwrap_or(&nothing), is.get(&id).unwrap_or(&nothing));
        change(id, Side::of(before, was), Side::of(after, is))
    };
    ids.into_iter().filter_map(of).collect()
}
