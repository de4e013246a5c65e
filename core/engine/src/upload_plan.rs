//! What files that are handed in would do: landed, delivered and taken up by the same code as ever, in a transaction from
//! which nothing remains, and then compared with what is there, for whom it concerns.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use crate::deliver::{self, Delivered, DeliveryContext};
use crate::ingest::{self, From, Ingest};
use crate::recount::{self, Change, Snapshot, Totals};
use crate::resume;
use huiliu_messages::Message;
use huiliu_platform::Connector;
use huiliu_rules::policy::Policy;
use huiliu_store::admin::reports::{self, Balance};
use huiliu_store::delivery::dead_letters;
use huiliu_store::delivery::upload_plans::{self, ParkedRows, UndeliveredFile};
use huiliu_store::intake::runs::{RunRange, Source};
use huiliu_store::intake::source_lease::SourceClaim;
use huiliu_store::ledger::marks;
use huiliu_store::roster::known::{self, Known, Post};
use huiliu_store::{Db, StoreError, identity};
use huiliu_values::{BeforeAfter, ExactHours};

/// What would happen.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Plan {
    /// The source.
    pub source: String,
    /// The books of the run, once all of it is delivered and settled.
    pub balance: Balance,
    /// Why the files cannot be read to their end, if they cannot.
    pub failure: Option<Message>,
    /// Why batches would not be delivered.
    pub undelivered: Vec<UndeliveredFile>,
    /// What would wait as dead letters.
    pub parked: ParkedRows,
    /// Raw records of earlier runs that have waited for this, and would go in.
    pub taken_up: usize,
    /// Teachers concerned whom the roster, or the books, know otherwise then.
    pub people: People,
    /// Teachers concerned, and the hours of those for whom something changes.
    pub hours: Totals,
    /// The first of the teachers for whom something changes.
    pub teachers: Vec<Teacher>,
    /// Whether something would change: a record, a dead letter, a teacher.
    pub changes: bool,
}

/// How many teachers would be known otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct People {
    /// Not in the books before.
    pub new: u64,
    /// On the roster from then on.
    pub on_roster: u64,
    /// With another name than the roster's before.
    pub renamed: u64,
    /// With two names on one ID number from then on.
    pub contested: u64,
    /// With another sex.
    pub sex: u64,
    /// With another birth date.
    pub birth_date: u64,
    /// With other memberships.
    pub moved: u64,
}

/// What is said of a teacher before and after; nothing where it stays.
type Pair<T> = Option<BeforeAfter<T>>;

/// A teacher for whom something changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Teacher {
    /// The teacher; nothing for who is not in the books yet.
    pub teacher: Option<i64>,
    /// The ID number then, masked.
    pub id_number: String,
    /// Whether on the roster.
    pub on_roster: Pair<bool>,
    /// Name by the roster.
    pub name: Pair<Option<String>>,
    /// Whether two names stand on one ID number.
    pub contested: Pair<bool>,
    /// `male` or `female`.
    pub sex: Pair<Option<String>>,
    /// Birth date.
    pub birth_date: Pair<Option<String>>,
    /// Memberships.
    pub memberships: Pair<Vec<Post>>,
    /// Hours; nothing where no entry changes.
    pub hours: Option<Hours>,
}

/// What changes in a teacher's entries, before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Hours {
    /// Class hours counted for good.
    pub counted: BeforeAfter<ExactHours>,
    /// Class hours counted provisionally.
    pub provisional: BeforeAfter<ExactHours>,
    /// Entries that count because the teacher is outside the assessment.
    pub exempt_entries: BeforeAfter<usize>,
    /// Entries that say something else.
    pub entries_changed: usize,
}

impl Hours {
    fn of(change: &Change) -> Self {
        let Change { counted, provisional, exempt_entries, entries_changed, .. } = *change;
        Self { counted, provisional, exempt_entries, entries_changed }
    }
}

impl Teacher {
    fn of(was: Option<&Known>, is: &Known, hours: Option<Hours>) -> Option<Self> {
        let nobody = Known::default();
        let before = was.unwrap_or(&nobody);
        let told = Self {
            on_roster: pair(&before.on_roster, &is.on_roster),
            name: pair(&before.name, &is.name),
            contested: pair(&before.contested, &is.contested),
            sex: pair(&before.sex, &is.sex),
            birth_date: pair(&before.birth_date, &is.birth_date),
            memberships: pair(&before.memberships, &is.memberships),
            hours,
            ..Self::default()
        };
        (was.is_none() || told != Self::default()).then_some(told)
    }
}

fn pair<T: Clone + PartialEq>(before: &T, after: &T) -> Pair<T> {
    (before != after).then(|| BeforeAfter::new(before.clone(), after.clone()))
}

impl People {
    fn count(&mut self, was: Option<&Known>, told: &Teacher) {
        let known = was.is_some_and(|was| was.name.is_some());
        self.new += u64::from(was.is_none());
        self.on_roster += u64::from(told.on_roster.is_some());
        self.renamed += u64::from(known && told.name.is_some());
        self.contested += u64::from(told.contested.as_ref().is_some_and(|contested| contested.after));
        self.sex += u64::from(known && told.sex.is_some());
        self.birth_date += u64::from(known && told.birth_date.is_some());
        self.moved += u64::from(known && told.memberships.is_some());
    }
}

/// What is handed in, and how much of it is told.
pub struct Asked<'a> {
    /// The source, as the rehearsal's books have it.
    pub source: &'a Source,
    /// Its turn.
    pub claim: SourceClaim,
    /// Gives what is handed in.
    pub connector: &'a dyn Connector,
    /// Raw records per batch.
    pub batch_records: u32,
    /// Parked raw records, and teachers, told at most.
    pub told: usize,
}

/// Plans: `context` works on a rehearsal of `now`.
///
/// # Errors
/// [`StoreError`].
pub async fn plan(now: &Db, context: &DeliveryContext, asked: Asked<'_>) -> Result<Plan, StoreError> {
    let (db, keys) = (&context.db, &context.keys);
    let Asked { source, claim, connector, batch_records, told } = asked;
    // Whoever is tired of waiting ends the process; nothing is lost by it.
    let (_, never) = watch::channel(false);
    let cx = Ingest { db, keys, queue: None, batch_records, progress: &|_| {}, stop: &never };
    let report = ingest::sync(cx, source, claim, connector, From::Handed).await?;
    for batch in upload_plans::batches(db, report.run).await? {
        deliver_patiently(context, batch).await?;
    }
    let taken_up = resume::take_up(context).await?;
    dead_letters::close_superseded(db).await?;
    identity::examine(db, keys, &context.policy.weights).await?;
    let mut plan = Plan {
        source: source.name.clone(),
        balance: Balance::default(),
        failure: report.failure.map(|failure| failure.message()),
        undelivered: upload_plans::undelivered(db, report.run).await?,
        parked: upload_plans::parked(db, report.run, told).await?,
        taken_up,
        people: People::default(),
        hours: Totals::default(),
        teachers: vec![],
        changes: false,
    };
    let balance = reports::balance(db, RunRange::one(report.run)).await?;
    // As it stands once everybody is settled.
    plan.balance = Balance { teachers_due: 0, complete: balance.pending == 0 && balance.unread == 0, ..balance };
    let mut after = -1;
    loop {
        let waiting = marks::waiting(&mut db.look().await?, after).await?;
        let Some((block, ids)) = waiting else {
            plan.changes = plan.changes_something();
            return Ok(plan);
        };
        after = block;
        plan.compare(now, context, &ids, told).await?;
    }
}

/// As workers do: what was put back, as when another load was in the way, is tried again, here three times in all.
async fn deliver_patiently(context: &DeliveryContext, batch: i64) -> Result<(), StoreError> {
    for wait_ms in [600, 1_200, 0] {
        if deliver::deliver(context, batch, true).await? != Delivered::Released {
            break;
        }
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
    Ok(())
}

impl Plan {
    /// What cannot be read or delivered leaves it open, and is no plan without effect.
    fn changes_something(&self) -> bool {
        let Balance { inserted, updated, parked, pending, unread, .. } = self.balance;
        self.failure.is_some()
            || inserted + updated + parked + pending + unread > 0
            || self.taken_up > 0
            || self.people != People::default()
            || self.hours.hours_change + self.hours.reasons_change > 0
    }

    fn count(&mut self, change: &Change) {
        self.hours.count(change);
        self.hours.add_hours(change.counted, change.provisional);
    }

    /// Compares some teachers as they are with what they would be.
    async fn compare(
        &mut self,
        now: &Db,
        context: &DeliveryContext,
        ids: &[i64],
        told: usize,
    ) -> Result<(), StoreError> {
        let before = Moment::of(now, &context.policy, ids).await?;
        let after = Moment::of(&context.db, &context.policy, ids).await?;
        let changes = recount::between(&before.ledger, &after.ledger);
        let mut hours: BTreeMap<i64, Change> = changes.into_iter().map(|change| (change.teacher, change)).collect();
        self.hours.teachers += ids.len() as u64;
        let mut shown = Vec::new();
        for (id, is) in &after.people {
            let change = hours.remove(id);
            change.iter().for_each(|change| self.count(change));
            let was = before.people.get(id);
            let Some(teacher) = Teacher::of(was, is, change.as_ref().map(Hours::of)) else { continue };
            self.people.count(was, &teacher);
            if self.teachers.len() + shown.len() < told {
                shown.push((*id, Teacher { teacher: was.map(|_| *id), ..teacher }));
            }
        }
        let shown_ids: Vec<i64> = shown.iter().map(|(id, _)| *id).collect();
        let mut numbers = known::id_numbers(&mut context.db.look().await?, &context.keys, &shown_ids).await?;
        self.teachers.extend(shown.into_iter().map(|(id, teacher)| {
            let id_number = numbers.remove(&id).unwrap_or_default();
            Teacher { id_number, ..teacher }
        }));
        Ok(())
    }
}

/// What is known of some teachers at one moment.
struct Moment {
    people: BTreeMap<i64, Known>,
    ledger: Snapshot,
}

impl Moment {
    async fn of(db: &Db, policy: &Policy, ids: &[i64]) -> Result<Self, StoreError> {
        let mut tx = db.look().await?;
        Ok(Self { people: known::known(&mut tx, ids).await?, ledger: Snapshot::of(&mut tx, policy, ids).await? })
    }
}
