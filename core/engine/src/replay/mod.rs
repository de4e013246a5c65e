//! Dead letters through today's manifests and rules: planned first, with every effect, and applied only while all of the
//! plan still holds. A plan only reads, in one state of the database; it asks the same classification as a live load.

mod roster;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use thiserror::Error;

use crate::deliver::{self, DeliveryContext, Reading};
use crate::recount::{self, Side};
use huiliu_decode::{Body, Parked, TrainingRecord};
use huiliu_manifest::{Assessor, Kind};
use huiliu_rules::ledger::{self, Fact, FactKind, Rulings};
use huiliu_rules::policy::Policy;
use huiliu_store::admin::audit;
use huiliu_store::delivery::batch::{Held, Load};
use huiliu_store::delivery::classify::{Classified, Verdict, Versioned, Winner};
use huiliu_store::delivery::load;
use huiliu_store::delivery::replays::{self, Effect, Filter, Item, Wanted};
use huiliu_store::identity::claims;
use huiliu_store::ledger::facts;
use huiliu_store::roster::Laid;
use huiliu_store::{StoreFault, Tx};

/// Raw records that one plan takes at most.
pub const MOST: i64 = 100_000;
/// Teachers whose facts are read at once.
const TEACHERS: usize = 1_000;
/// How often an application begins again because a live load was faster.
const TRIES: u32 = 5;

/// Why a replay is not planned or applied.
#[derive(Debug, Error)]
pub enum ReplayFault {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// No open dead letter matches.
    #[error("no open dead letter matches")]
    Nothing,
    /// More than one plan takes.
    #[error("more than 100,000 raw records match; narrow it down, by run or code")]
    TooMany,
    /// No such replay.
    #[error("there is no replay {0}")]
    Unknown(i64),
    /// It is not waiting to be applied.
    #[error("replay {0} is {1}, not planned")]
    NotPlanned(i64, String),
}

impl ReplayFault {
    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(fault) => fault.code(),
            Self::Nothing => "replay.nothing",
            Self::TooMany => "replay.too_many",
            Self::Unknown(_) => "replay.not_found",
            Self::NotPlanned(..) => "replay.not_planned",
        }
    }
}

/// Something that is not as it was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Moved {
    /// Another manifest or rule pack is current.
    Activation {
        /// The connector.
        connector: String,
    },
    /// Something else would become of a raw record.
    Letter {
        /// Its letter.
        dead_letter: i64,
        /// Where a person finds it.
        address: String,
        /// Outcome as planned.
        planned: String,
        /// Outcome now; `gone` when it is not parked any more.
        now: String,
    },
    /// The effect on a teacher would be another: class-hour units counted before and after, and provisional ones.
    Teacher {
        /// Number, or `new:…`.
        person: String,
        /// As planned; none when no effect was.
        planned: Option<[i64; 4]>,
        /// Now.
        now: Option<[i64; 4]>,
    },
}

/// How an application ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// All of it is in the tables; the teachers concerned are marked.
    Done,
    /// Nothing was changed: this moved.
    Stale(Vec<Moved>),
}

/// Plans a replay of the letters that the filter takes, and writes the plan into the books; gives its number.
///
/// # Errors
/// [`ReplayFault`].
pub async fn plan(context: &DeliveryContext, filter: &Filter, actor: &str) -> Result<i64, ReplayFault> {
    let mut tx = context.db.look().await?;
    let batches = replays::select(&mut tx, filter, MOST + 1).await?;
    let records: usize = batches.values().map(Wanted::len).sum();
    if records == 0 {
        return Err(ReplayFault::Nothing);
    }
    if i64::try_from(records).unwrap_or(i64::MAX) > MOST {
        return Err(ReplayFault::TooMany);
    }
    let activations = context.manifests.now().iter().map(|(id, (_, activation))| (id.clone(), *activation)).collect();
    let replay = replays::begin(&context.db, filter, &activations, actor).await?;
    let mut overlay = Overlay::default();
    for (batch, wanted) in &batches {
        let items = examine(&mut tx, context, *batch, wanted, &mut overlay).await?;
        replays::write_items(&context.db, replay, &items).await?;
    }
    let effects = overlay.effects(&mut tx, context).await?;
    drop(tx);
    let mut tx = context.db.begin().await?;
    replays::complete(&mut tx, replay, &effects).await?;
    let detail = json!({ "filter": filter, "raw_records": records, "teachers": effects.len() });
    audit::append(&mut tx, &context.keys, actor, "replay.plan", (&format!("replay {replay}"), detail.to_string()))
        .await?;
    tx.commit().await?;
    Ok(replay)
}

/// Applies a plan in one transaction, if everything is still as it was planned.
///
/// # Errors
/// [`ReplayFault`]; nothing was changed then.
pub async fn apply(context: &DeliveryContext, replay: i64, actor: &str) -> Result<Applied, ReplayFault> {
    let mut tries = 0;
    loop {
        match try_apply(context, replay, actor).await {
            Err(ReplayFault::Store(fault)) if fault.overtaken() && tries < TRIES => tries += 1,
            ended => return ended,
        }
    }
}

async fn try_apply(context: &DeliveryContext, replay: i64, actor: &str) -> Result<Applied, ReplayFault> {
    let mut tx = context.db.begin().await?;
    match replays::lock(&mut tx, replay).await?.as_deref() {
        None => return Err(ReplayFault::Unknown(replay)),
        Some("planned") => {}
        Some(state) => return Err(ReplayFault::NotPlanned(replay, state.to_owned())),
    }
    let moved = whatever_moved(&mut tx, context, replay).await?;
    if !moved.is_empty() {
        return refuse(tx, context, replay, actor, moved).await;
    }
    for (batch, wanted) in &replays::planned(&mut tx, replay).await? {
        let planned = planned_items(&mut tx, replay, *batch, wanted.len()).await?;
        let moved = commit(&mut tx, context, replay, (*batch, wanted), &planned).await?;
        if !moved.is_empty() {
            drop(tx);
            let tx = context.db.begin().await?;
            return refuse(tx, context, replay, actor, moved).await;
        }
    }
    replays::applied(&mut tx, replay, actor).await?;
    audit::append(&mut tx, &context.keys, actor, "replay.apply", (&format!("replay {replay}"), "{}".into())).await?;
    tx.commit().await?;
    Ok(Applied::Done)
}

async fn refuse(
    mut tx: Tx,
    context: &DeliveryContext,
    replay: i64,
    actor: &str,
    moved: Vec<Moved>,
) -> Result<Applied, ReplayFault> {
    let told = serde_json::to_string(&moved).unwrap_or_default();
    replays::stale(&mut tx, replay, &told).await?;
    audit::append(&mut tx, &context.keys, actor, "replay.refused", (&format!("replay {replay}"), told)).await?;
    tx.commit().await?;
    Ok(Applied::Stale(moved))
}

/// Plans again, within the transaction that is to commit, and compares.
async fn whatever_moved(tx: &mut Tx, context: &DeliveryContext, replay: i64) -> Result<Vec<Moved>, StoreFault> {
    let mut moved = Vec::new();
    let letter = |(dead_letter, address, planned)| Moved::Letter { dead_letter, address, planned, now: "gone".into() };
    moved.extend(replays::gone(tx, replay).await?.into_iter().map(letter));
    let book = replays::list(&context.db, Some(replay), 0, 1).await?;
    let manifests = context.manifests.now();
    for (connector, activation) in book.first().map(|b| &b.activations).into_iter().flatten() {
        if manifests.get(connector).is_none_or(|(_, now)| now != activation) {
            moved.push(Moved::Activation { connector: connector.clone() });
        }
    }
    if !moved.is_empty() {
        return Ok(moved);
    }
    let mut overlay = Overlay::default();
    for (batch, wanted) in &replays::planned(tx, replay).await? {
        let now = examine(tx, context, *batch, wanted, &mut overlay).await?;
        let planned = planned_items(tx, replay, *batch, wanted.len()).await?;
        moved.extend(differences(&planned, &now));
    }
    let hours = |e: &Effect| [e.units.0, e.units.1, e.provisional.0, e.provisional.1];
    let now = overlay.effects(tx, context).await?;
    let mut now: BTreeMap<&str, &Effect> = now.iter().map(|e| (e.person.as_str(), e)).collect();
    for planned in &replays::effects(tx, replay, i64::MAX).await? {
        let met = now.remove(planned.person.as_str());
        if met != Some(planned) {
            let (person, planned) = (planned.person.clone(), Some(hours(planned)));
            moved.push(Moved::Teacher { person, planned, now: met.map(hours) });
        }
    }
    let unplanned =
        |(person, e): (&str, &Effect)| Moved::Teacher { person: person.to_owned(), planned: None, now: Some(hours(e)) };
    moved.extend(now.into_iter().map(unplanned));
    Ok(moved)
}

async fn planned_items(tx: &mut Tx, replay: i64, batch: i64, count: usize) -> Result<Vec<Item>, StoreFault> {
    replays::items(tx, replay, (batch, -1), i64::try_from(count).unwrap_or(i64::MAX)).await
}

fn differences(planned: &[Item], now: &[Item]) -> Vec<Moved> {
    let other = |(p, n): &(&Item, &Item)| (&p.outcome, p.record_key) != (&n.outcome, n.record_key);
    let moved = |(p, n): (&Item, &Item)| Moved::Letter {
        dead_letter: p.dead_letter,
        address: p.address.clone(),
        planned: p.outcome.clone(),
        now: n.outcome.clone(),
    };
    planned.iter().zip(now).filter(other).map(moved).collect()
}

/// Writes what became of the raw records of one batch; gives what is not as planned after all.
async fn commit(
    tx: &mut Tx,
    context: &DeliveryContext,
    replay: i64,
    (batch, wanted): (i64, &Wanted),
    planned: &[Item],
) -> Result<Vec<Moved>, StoreFault> {
    if planned.iter().all(|item| item.outcome == "parked") {
        return Ok(vec![]);
    }
    let held = replays::batch(tx, batch).await?;
    let manifests = context.manifests.now();
    let reading = Reading::of(&manifests, &held)?;
    let mut bytes = Arc::default();
    let body = context.body(&held, reading.stream, &mut bytes).await?;
    let load = staged(context, &held, reading, &body, wanted)?;
    if !load.roster.is_empty() {
        return roster::commit(tx, context, replay, (&held, &load), wanted, planned).await;
    }
    let mut classified = Classified::ask(tx, &held, &load).await?;
    let resolved: Vec<_> = load
        .clean
        .iter()
        .map(|r| (r.index, Some(r.record_key)))
        .chain(load.skipped.iter().map(|(index, _)| (*index, None)))
        .filter_map(|(index, key)| Some((index, wanted.get(&index)?.0, key)))
        .collect();
    let taken = load::replay(tx, &context.keys, &held, &load, &mut classified, (replay, &resolved)).await?;
    if taken != resolved.len() {
        return Ok(all_gone(planned));
    }
    Ok(differences(planned, &told(&held, &load, &classified, wanted)))
}

/// What is told when somebody else has closed or replayed letters of a plan.
fn all_gone(planned: &[Item]) -> Vec<Moved> {
    let gone = |item: &Item| Moved::Letter {
        dead_letter: item.dead_letter,
        address: item.address.clone(),
        planned: item.outcome.clone(),
        now: "gone".into(),
    };
    planned.iter().filter(|item| item.outcome != "parked").map(gone).collect()
}

/// What would become of the wanted raw records of a batch, with what came before in the same replay. Nothing is written.
async fn examine(
    tx: &mut Tx,
    context: &DeliveryContext,
    batch: i64,
    wanted: &Wanted,
    overlay: &mut Overlay,
) -> Result<Vec<Item>, StoreFault> {
    let held = replays::batch(tx, batch).await?;
    match examine_held(tx, context, &held, wanted, overlay).await {
        Err(StoreFault::Unreadable(why)) => {
            let still = |(index, (letter, address)): (&u32, &(i64, String))| Item {
                dead_letter: *letter,
                batch,
                index: *index,
                address: address.clone(),
                outcome: "parked".into(),
                record_key: None,
                detail: json!({ "unreadable": why }),
            };
            Ok(wanted.iter().map(still).collect())
        }
        items => items,
    }
}

async fn examine_held(
    tx: &mut Tx,
    context: &DeliveryContext,
    held: &Held,
    wanted: &Wanted,
    overlay: &mut Overlay,
) -> Result<Vec<Item>, StoreFault> {
    let manifests = context.manifests.now();
    let reading = Reading::of(&manifests, held)?;
    let mut bytes = Arc::default();
    let body = context.body(held, reading.stream, &mut bytes).await?;
    let load = staged(context, held, reading, &body, wanted)?;
    if !load.roster.is_empty() {
        return roster::examine(tx, context, (held, &load), wanted, overlay).await;
    }
    let mut classified = Classified::ask(tx, held, &load).await?;
    overlay.meet(held, &mut classified);
    overlay.lay(tx, context, held, &classified, &load).await?;
    Ok(told(held, &load, &classified, wanted))
}

/// The wanted raw records after the stages; only if each still stands where it was seen.
pub(crate) fn staged<'a>(
    context: &'a DeliveryContext,
    held: &'a Held,
    reading: Reading<'a>,
    body: &'a Body<'_>,
    wanted: &Wanted,
) -> Result<Load<'a>, StoreFault> {
    let load = context.stage(held, reading, body, |index| wanted.contains_key(&index))?;
    let seen = |index: u32, address: &str| wanted.get(&index).is_some_and(|(_, at)| at == address);
    let in_place = load.clean.iter().all(|r| seen(r.index, &r.address))
        && load.roster.iter().all(|r| seen(r.index, &r.address))
        && load.parked.iter().all(|p| seen(p.index, &p.address))
        && load.clean.len() + load.roster.len() + load.parked.len() + load.skipped.len() == wanted.len();
    if in_place { Ok(load) } else { Err(deliver::other_layout(held)) }
}

/// What becomes of each raw record, in the order of the payload.
fn told(held: &Held, load: &Load<'_>, classified: &Classified<'_>, wanted: &Wanted) -> Vec<Item> {
    let winners: HashMap<[u8; 16], _> = classified.winners.iter().map(|w| (*w.record.key(), w)).collect();
    let item = |index: u32, address: &str, outcome: &str| item(held, wanted, index, address, outcome);
    let clean = load.clean.iter().map(|record| {
        let outcome = outcome(winners.get(&record.record_key).copied(), record);
        Item {
            record_key: Some(record.record_key),
            detail: json!({
                "course": record.texts.course_code.as_deref().map(str::trim),
                "class_hours": record.hours.to_string(),
                "period_end": record.period_end,
                "pass_state": record.pass_state.as_str(),
            }),
            ..item(record.index, &record.address, outcome)
        }
    });
    let mut items: Vec<Item> = clean.chain(left_out(held, load, &load.parked, wanted)).collect();
    items.sort_unstable_by_key(|item| item.index);
    items
}

/// The items of what does not go in: parked, or skipped by a rule.
fn left_out<'i>(
    held: &'i Held,
    load: &'i Load<'_>,
    parked: &'i [Parked<'_>],
    wanted: &'i Wanted,
) -> impl Iterator<Item = Item> + 'i {
    let parked = parked.iter().map(move |parked| Item {
        detail: json!({ "reasons": parked.problems }),
        ..item(held, wanted, parked.index, &parked.address, "parked")
    });
    let skipped = load.skipped.iter().map(move |(index, because)| {
        let address = wanted.get(index).map_or("", |(_, address)| address);
        Item { detail: json!({ "because": because }), ..item(held, wanted, *index, address, "skipped") }
    });
    parked.chain(skipped)
}

/// What becomes of a clean raw record, by the winner of its key.
fn outcome<R: Versioned>(winner: Option<&Winner<'_, R>>, record: &R) -> &'static str {
    match winner {
        Some(w) if std::ptr::eq(w.record, record) => w.verdict.outcome(),
        Some(w) if w.record.version() == record.version() && w.verdict != Verdict::Older => "unchanged",
        _ => "superseded",
    }
}

fn item(held: &Held, wanted: &Wanted, index: u32, address: &str, outcome: &str) -> Item {
    Item {
        dead_letter: wanted.get(&index).map_or(0, |(letter, _)| *letter),
        batch: held.id,
        index,
        address: address.to_owned(),
        outcome: outcome.to_owned(),
        record_key: None,
        detail: serde_json::Value::Null,
    }
}

/// The tables as they would be: what a replay lays over them.
#[derive(Default)]
struct Overlay {
    /// (Source, stream, record key) → row, version and content.
    rows: HashMap<Key, (i64, i64, [u8; 16])>,
    /// Row → whose it is then, if that is known, and what the ledger needs to know of it, if it can carry credit.
    facts: BTreeMap<i64, (Option<Person>, Option<Fact>)>,
    /// Whose the rows are now that are overwritten.
    former: BTreeSet<i64>,
    /// Schools and persons that come with the replay.
    laid: Laid,
}

/// Source, stream, record key.
type Key = (i64, String, [u8; 16]);
/// The teacher, if the tables know one, and the blind index.
type Person = (Option<i64>, [u8; 32]);

impl Overlay {
    /// What lies here already is newer than the tables: the verdicts follow it.
    fn meet<R: Versioned>(&self, held: &Held, classified: &mut Classified<'_, R>) {
        for winner in &mut classified.winners {
            let record = winner.record;
            let Some((row, version, digest)) = self.rows.get(&Self::key(held, record)) else { continue };
            winner.verdict = match record.version().cmp(&(*version, *digest)) {
                std::cmp::Ordering::Greater => Verdict::Newer(*row),
                std::cmp::Ordering::Equal => Verdict::Same,
                std::cmp::Ordering::Less => Verdict::Older,
            };
        }
    }

    fn key<R: Versioned>(held: &Held, record: &R) -> Key {
        (held.source_id, held.stream.clone(), *record.key())
    }

    /// Lays what would be written over the tables. Rows that do not exist yet have numbers below zero.
    async fn lay(
        &mut self,
        tx: &mut Tx,
        context: &DeliveryContext,
        held: &Held,
        classified: &Classified<'_>,
        load: &Load<'_>,
    ) -> Result<(), StoreFault> {
        let written: Vec<_> = classified.winners.iter().filter(|w| w.verdict.written()).collect();
        let records: Vec<&TrainingRecord> = written.iter().map(|w| w.record).collect();
        let people = claims::recognise(tx, &context.keys, &records).await?;
        let replaced: Vec<i64> = written.iter().filter_map(|w| w.verdict.overwrites()).filter(|row| *row > 0).collect();
        self.former.extend(facts::owners(tx, &replaced).await?.into_values());
        for (winner, person) in written.iter().zip(people) {
            let record = winner.record;
            let next = -i64::try_from(self.rows.len()).unwrap_or(i64::MAX) - 1;
            let row = winner.verdict.overwrites().unwrap_or(next);
            self.rows.insert(Self::key(held, record), (row, record.source_version, record.content_digest));
            self.facts.insert(row, (person, fact(row, record, held, load)));
        }
        Ok(())
    }

    /// Every teacher whose entries would differ, told by the same pure function as the entries themselves.
    async fn effects(&self, tx: &mut Tx, context: &DeliveryContext) -> Result<Vec<Effect>, StoreFault> {
        let mut laid: BTreeMap<Person, Vec<&Fact>> = BTreeMap::new();
        let mut teachers = self.former.clone();
        for (person, fact) in self.facts.values() {
            let Some((teacher, index)) = person else { continue };
            // Several ID numbers can be one teacher's.
            let person = (*teacher, if teacher.is_some() { [0; 32] } else { *index });
            laid.entry(person).or_default().extend(fact);
            teachers.extend(*teacher);
        }
        let policy = recount::overlaid(tx, &context.policy).await?;
        let nobody = ledger::Person::default();
        let mut effects = Vec::new();
        for ids in teachers.into_iter().collect::<Vec<_>>().chunks(TEACHERS) {
            let held = facts::read(tx, ids).await?;
            let people = facts::people(tx, ids).await?;
            for id in ids {
                let before = held.get(id).cloned().unwrap_or_default();
                let mut after: Vec<Fact> =
                    before.iter().filter(|f| !self.facts.contains_key(&f.record_id)).cloned().collect();
                // What people decided about a row stays with it.
                let rulings: HashMap<i64, Rulings> = before.iter().map(|f| (f.record_id, f.rulings)).collect();
                after.extend(
                    laid.get(&(Some(*id), [0; 32])).into_iter().flatten().map(|f| Fact {
                        rulings: rulings.get(&f.record_id).copied().unwrap_or_default(),
                        ..(*f).clone()
                    }),
                );
                let person = people.get(id).unwrap_or(&nobody);
                effects.extend(effect(&policy, (Some(*id), &[0; 32], person), &before, &after));
            }
        }
        for ((teacher, index), facts) in laid.iter().filter(|((teacher, _), _)| teacher.is_none()) {
            let after: Vec<Fact> = facts.iter().map(|f| (*f).clone()).collect();
            effects.extend(effect(&policy, (*teacher, index, &nobody), &[], &after));
        }
        Ok(effects)
    }
}

/// What the ledger needs to know of a record that is not written yet, if it can carry credit or tells a grade.
fn fact(row: i64, record: &TrainingRecord<'_>, held: &Held, load: &Load<'_>) -> Option<Fact> {
    let kind = match record.kind {
        Kind::CourseCompletion | Kind::ProjectCompletion | Kind::Certificate => FactKind::Training,
        Kind::Assessment => FactKind::Assessment,
        _ => return None,
    };
    let texts = &record.texts;
    let text = |of: &Option<Cow<'_, str>>| of.as_deref().map(|text| text.trim().to_owned());
    Some(Fact {
        record_id: row,
        record_key: record.record_key.to_vec(),
        kind,
        institution: held.institution_id,
        connector: held.connector.as_str().into(),
        course_code: text(&texts.course_code).unwrap_or_default(),
        project: text(&texts.project_code),
        pass_state: record.pass_state.as_str().to_owned(),
        assessed: record.told().map(|a| a.assessed(record.assessor == Assessor::School)),
        raw_hours: text(&texts.hours).unwrap_or_default(),
        hours_unit: load.hours_unit.to_owned(),
        period_start: record.period_start.as_deref().and_then(|day| day.parse().ok()),
        period_end: record.period_end.parse().ok()?,
        role: text(&texts.role),
        mode: text(&texts.mode),
        category: text(&texts.category_code),
        required: record.required.map(|word| word == "required"),
        attendance: record.attendance,
        name: record.name_folded.clone(),
        claimed: false,
        rulings: Rulings::default(),
    })
}

/// Whom an effect is told of: the teacher, if the tables know one, else the blind index; and what the roster says.
type Who<'a> = (Option<i64>, &'a [u8; 32], &'a ledger::Person);

/// What changes for one person, if anything does.
fn effect(policy: &Policy, (teacher, index, person): Who<'_>, before: &[Fact], after: &[Fact]) -> Option<Effect> {
    let side = |facts| Side { policy, person, facts };
    let change = recount::change(teacher.unwrap_or_default(), side(before), side(after))?;
    Some(Effect {
        person: replays::person(teacher, index),
        teacher,
        units: change.counted_units,
        provisional: change.provisional_units,
        entries_changed: i64::try_from(change.entries_changed).unwrap_or(0),
    })
}
