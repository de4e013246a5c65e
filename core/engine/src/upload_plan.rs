//! Plans an upload: lands and delivers the files, and resumes rows that waited for them, with the usual code in a
//! rehearsal that is rolled back. Then compares the teachers concerned with the current data.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use crate::closing;
use crate::deliver::{self, DeliveryContext};
use crate::ingest::{self, Ingest, PassStart};
use crate::recount::{self, Change, Snapshot, Totals};
use crate::resume;
use huiliu_messages::Message;
use huiliu_platform::Connector;
use huiliu_rules::policy::Policy;
use huiliu_store::admin::reports::{self, Balance};
use huiliu_store::delivery::upload_plans::{self, ParkedRows, UndeliveredFile};
use huiliu_store::intake::layouts::{self, LandedTable};
use huiliu_store::intake::runs::{RunRange, Source};
use huiliu_store::intake::source_lease::SourceClaim;
use huiliu_store::ledger::marks;
use huiliu_store::roster::known::{self, KnownMembership, KnownTeacher};
use huiliu_store::{Db, StoreError, identity};
use huiliu_values::{BeforeAfter, ExactHours};

/// The most tables that are listed.
const MAX_TABLES: i64 = 1_000;

/// What an upload would do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Plan {
    /// The source's name.
    pub source: String,
    /// The counters of the run after delivery and settlement.
    pub balance: Balance,
    /// Why the files cannot be read to their end, if they cannot.
    pub failure: Option<Message>,
    /// Why batches would not be delivered, one line each.
    pub undelivered: Vec<UndeliveredFile>,
    /// What the rows of the tables of the files are taken for, at most 1,000 tables.
    pub layout: Vec<LandedTable>,
    /// The records that would be parked as dead letters.
    pub parked: ParkedRows,
    /// Raw records of earlier runs that waited for this data and would be loaded.
    pub taken_up: usize,
    /// How the roster data of the teachers concerned would change.
    pub people: People,
    /// Number of teachers concerned, and the hours of those for whom something changes.
    pub hours: Totals,
    /// Teachers for whom something changes.
    pub teachers_changing: u64,
    /// The first of them.
    pub teachers: Vec<Teacher>,
    /// Whether anything would change: a record, a dead letter or a teacher. True also if something cannot be read or
    /// delivered.
    pub changes: bool,
}

/// Numbers of teachers, by what would change in their data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct People {
    /// Teachers that are new.
    pub new: u64,
    /// Teachers whose presence on the roster changes.
    pub on_roster: u64,
    /// Teachers who had a name on the roster that changes.
    pub renamed: u64,
    /// Teachers whose ID number newly has two names.
    pub contested: u64,
    /// Teachers with a name on the roster whose sex changes.
    pub sex: u64,
    /// Teachers with a name on the roster whose birth date changes.
    pub birth_date: u64,
    /// Teachers with a name on the roster whose memberships change.
    pub moved: u64,
}

/// A value before and after. `None` if it does not change.
type Pair<T> = Option<BeforeAfter<T>>;

/// A teacher for whom something changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Teacher {
    /// The teacher's number; null for a new teacher.
    pub teacher: Option<i64>,
    /// The ID number afterwards, masked.
    pub id_number: String,
    /// Name then, by the roster, else by a record.
    pub called: Option<String>,
    /// Whether on the roster.
    pub on_roster: Pair<bool>,
    /// The name on the roster.
    pub name: Pair<Option<String>>,
    /// Whether one ID number has two names.
    pub contested: Pair<bool>,
    /// `male` or `female`.
    pub sex: Pair<Option<String>>,
    /// The birth date on the roster.
    pub birth_date: Pair<Option<String>>,
    /// The memberships in schools.
    pub memberships: Pair<Vec<KnownMembership>>,
    /// The hours; null if no entry changes.
    pub hours: Option<Hours>,
}

/// What changes in a teacher's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Hours {
    /// Class hours that count definitively.
    pub counted: BeforeAfter<ExactHours>,
    /// Class hours that count provisionally.
    pub provisional: BeforeAfter<ExactHours>,
    /// Number of entries that count because the teacher is exempt from the assessment.
    pub exempt_entries: BeforeAfter<usize>,
    /// Number of entries whose content changes.
    pub entries_changed: usize,
}

impl Hours {
    fn from_change(change: &Change) -> Self {
        let Change { counted, provisional, exempt_entries, entries_changed, .. } = *change;
        Self { counted, provisional, exempt_entries, entries_changed }
    }
}

impl Teacher {
    fn from_difference(was: Option<&KnownTeacher>, is: &KnownTeacher, hours: Option<Hours>) -> Option<Self> {
        let nobody = KnownTeacher::default();
        let before = was.unwrap_or(&nobody);
        let told = Self {
            on_roster: changed_pair(&before.on_roster, &is.on_roster),
            name: changed_pair(&before.name, &is.name),
            contested: changed_pair(&before.contested, &is.contested),
            sex: changed_pair(&before.sex, &is.sex),
            birth_date: changed_pair(&before.birth_date, &is.birth_date),
            memberships: changed_pair(&before.memberships, &is.memberships),
            hours,
            ..Self::default()
        };
        (was.is_none() || told != Self::default()).then_some(told)
    }
}

fn changed_pair<T: Clone + PartialEq>(before: &T, after: &T) -> Pair<T> {
    (before != after).then(|| BeforeAfter::new(before.clone(), after.clone()))
}

impl People {
    fn count_teacher(&mut self, was: Option<&KnownTeacher>, told: &Teacher) {
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

/// What is uploaded, and how much of the result to list.
pub struct UploadPlanRequest<'a> {
    /// The source, as the rehearsal's database has it.
    pub source: &'a Source,
    /// The claim on the source.
    pub claim: SourceClaim,
    /// Returns the uploaded files as pages.
    pub connector: &'a dyn Connector,
    /// The most raw records per batch.
    pub batch_records: u32,
    /// The most parked raw records and teachers to list.
    pub told: usize,
}

/// Plans an upload. `context` works on a rehearsal of the database `now`.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn plan_upload(
    now: &Db,
    context: &DeliveryContext,
    asked: UploadPlanRequest<'_>,
) -> Result<Plan, StoreError> {
    let (db, keys) = (&context.db, &context.keys);
    let UploadPlanRequest { source, claim, connector, batch_records, told } = asked;
    // Never signalled: a user who stops waiting ends the process, and the rehearsal loses nothing.
    let (_, never) = watch::channel(false);
    let cx = Ingest { db, keys, queue: None, batch_records, progress: &|_| {}, stop: &never, room: None };
    let report = ingest::sync_source(cx, source, claim, connector, PassStart::Handed).await?;
    for batch in upload_plans::list_batches(db, report.run).await? {
        deliver::deliver_with_retries(context, batch).await?;
    }
    let taken_up = resume::resume_ready_rows(context).await?;
    closing::close_superseded(context).await?;
    let rules = context.rules.current();
    identity::decide_new_claims(db, keys, &rules.policy.weights, rules.activation).await?;
    let mut plan = Plan {
        source: source.name.clone(),
        balance: Balance::default(),
        failure: report.failure.map(|failure| failure.message()),
        undelivered: upload_plans::list_undelivered(db, report.run).await?,
        layout: layouts::list_tables(db, report.run, false, MAX_TABLES).await?,
        parked: upload_plans::summarize_parked(db, report.run, told).await?,
        taken_up,
        people: People::default(),
        hours: Totals::default(),
        teachers_changing: 0,
        teachers: vec![],
        changes: false,
    };
    let balance = reports::read_balance(db, RunRange::single(report.run)).await?;
    // The balance as it will be after all teachers are settled.
    plan.balance = Balance { teachers_due: 0, complete: balance.is_read(), ..balance };
    let mut after = -1;
    loop {
        let waiting = marks::peek_next_block(&mut db.begin_read_only().await?, after).await?;
        let Some(waiting) = waiting else {
            plan.changes = plan.has_changes();
            return Ok(plan);
        };
        after = waiting.block;
        plan.compare_teachers(now, context, &waiting.teachers, told).await?;
    }
}

impl Plan {
    /// A plan with something that cannot be read or delivered counts as one with changes, because its effect is
    /// unknown.
    fn has_changes(&self) -> bool {
        let Balance { inserted, updated, withdrawn, parked, pending, unread, .. } = self.balance;
        self.failure.is_some()
            || inserted + updated + withdrawn + parked + pending + unread + self.balance.layout.likely > 0
            || self.taken_up > 0
            || self.people != People::default()
            || self.hours.hours_change + self.hours.reasons_change > 0
    }

    fn count_change(&mut self, change: &Change) {
        self.hours.count_change(change);
        self.hours.add_hours(change.counted, change.provisional);
    }

    /// Compares the current data of these teachers with the planned data.
    async fn compare_teachers(
        &mut self,
        now: &Db,
        context: &DeliveryContext,
        ids: &[i64],
        told: usize,
    ) -> Result<(), StoreError> {
        let rules = context.rules.current();
        let before = TeacherSnapshot::load(now, &rules.policy, ids).await?;
        let after = TeacherSnapshot::load(&context.db, &rules.policy, ids).await?;
        let changes = recount::compare_snapshots(&before.ledger, &after.ledger);
        let mut hours: BTreeMap<i64, Change> = changes.into_iter().map(|change| (change.teacher, change)).collect();
        self.hours.teachers += ids.len() as u64;
        let mut shown = Vec::new();
        for (id, is) in &after.people {
            let change = hours.remove(id);
            change.iter().for_each(|change| self.count_change(change));
            let was = before.people.get(id);
            let Some(teacher) = Teacher::from_difference(was, is, change.as_ref().map(Hours::from_change)) else {
                continue;
            };
            self.people.count_teacher(was, &teacher);
            self.teachers_changing += 1;
            if self.teachers.len() + shown.len() < told {
                shown.push((*id, Teacher { teacher: was.map(|_| *id), ..teacher }));
            }
        }
        let shown_ids: Vec<i64> = shown.iter().map(|(id, _)| *id).collect();
        let mut tx = context.db.begin_read_only().await?;
        let mut numbers = known::load_id_numbers(&mut tx, &context.keys, &shown_ids).await?;
        let mut names = known::names(&mut tx, &shown_ids).await?;
        self.teachers.extend(shown.into_iter().map(|(id, teacher)| {
            let id_number = numbers.remove(&id).unwrap_or_default();
            Teacher { id_number, called: names.remove(&id), ..teacher }
        }));
        Ok(())
    }
}

/// The data of some teachers at one moment.
struct TeacherSnapshot {
    people: BTreeMap<i64, KnownTeacher>,
    ledger: Snapshot,
}

impl TeacherSnapshot {
    async fn load(db: &Db, policy: &Policy, ids: &[i64]) -> Result<Self, StoreError> {
        let mut tx = db.begin_read_only().await?;
        Ok(Self {
            people: known::load_teachers(&mut tx, ids).await?,
            ledger: Snapshot::load(&mut tx, policy, ids).await?,
        })
    }
}
