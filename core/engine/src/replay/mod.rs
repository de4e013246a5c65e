//! Dead letters through today's manifests and rules: planned first, with every effect, and applied only while all of the
//! plan still holds.
//!
//! A plan is the replay itself, in a transaction from which nothing remains; its application is the same work, committed
//! if it came to what was planned. While either lasts, whoever writes the rows that it writes waits, on SQLite whoever
//! writes at all; so both are given [`MAX_DURATION`].

mod items;
pub(crate) mod perform;

use std::collections::BTreeMap;
use std::time::Duration;

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;

use crate::deliver::DeliveryContext;
use crate::ingest::told_to;
use huiliu_store::admin::audit::{self, NewEntry};
use huiliu_store::delivery::replays::{self, Effect, Filter, Item, Wanted};
use huiliu_store::{StoreError, Tx};
use huiliu_values::{BeforeAfter, ExactHours, RecordOutcome, ReplayState};
use perform::Performed;

/// Raw records that one plan takes at most.
pub const MAX: i64 = 100_000;
/// The longest that a plan, or its application, may hold up others.
pub const MAX_DURATION: Duration = Duration::from_secs(300);
/// How often an application begins again because a live load was faster.
const TRIES: u32 = 5;

/// Why a replay is not planned or applied.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum ReplayError {
    /// No open dead letter matches.
    #[serde(rename = "replay.nothing")]
    Nothing,
    /// More than one plan takes.
    #[serde(rename = "replay.too_many")]
    TooMany,
    /// Whoever asked for the plan has stopped it.
    #[serde(rename = "replay.stopped")]
    Stopped,
    /// It would hold up others for too long.
    #[serde(rename = "replay.too_long")]
    TooLong,
    /// No such replay.
    #[serde(rename = "replay.unknown")]
    Unknown { replay: i64 },
    /// It is not waiting to be applied.
    #[serde(rename = "replay.not_planned")]
    NotPlanned { replay: i64, state: ReplayState },
    /// The database.
    #[serde(untagged)]
    Store(StoreError),
}

said_in_english!(ReplayError);

impl From<StoreError> for ReplayError {
    fn from(fault: StoreError) -> Self {
        Self::Store(fault)
    }
}

impl ReplayError {
    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(fault) => fault.code(),
            Self::Nothing => "replay.nothing",
            Self::TooMany => "replay.too_many",
            Self::Stopped => "replay.stopped",
            Self::TooLong => "replay.too_long",
            Self::Unknown { .. } => "replay.not_found",
            Self::NotPlanned { .. } => "replay.not_planned",
        }
    }
}

/// Something that is not as it was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
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
        planned: RecordOutcome,
        /// Outcome now; `gone` when it is not parked any more.
        now: RecordOutcome,
    },
    /// The plan was never finished: it was stopped, failed, or its process is gone.
    Unfinished,
    /// The effect on a teacher would be another.
    Teacher {
        /// Number, or `new:…`.
        person: String,
        /// As planned; none when no effect was.
        planned: Option<EffectHours>,
        /// Now.
        now: Option<EffectHours>,
    },
}

/// What a replay does to a teacher's hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EffectHours {
    /// Counted for good.
    pub counted: BeforeAfter<ExactHours>,
    /// Counted provisionally.
    pub provisional: BeforeAfter<ExactHours>,
}

/// How an application ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// All of it is in the tables; the teachers concerned are marked.
    Done,
    /// Nothing was changed: this moved.
    Stale(Vec<Moved>),
}

/// Plans a replay of the letters that the filter takes, and writes the plan down; gives its number. A plan that is stopped,
/// or fails, is closed.
///
/// # Errors
/// [`ReplayError`].
pub async fn plan(
    context: &DeliveryContext,
    filter: &Filter,
    actor: &str,
    stop: &watch::Receiver<bool>,
) -> Result<i64, ReplayError> {
    let batches = replays::select(&mut context.db.look().await?, filter, MAX + 1).await?;
    let records: usize = batches.values().map(Wanted::len).sum();
    if records == 0 {
        return Err(ReplayError::Nothing);
    }
    if i64::try_from(records).unwrap_or(i64::MAX) > MAX {
        return Err(ReplayError::TooMany);
    }
    let manifests = context.manifests.now();
    let activations = manifests.iter().map(|(id, active)| (id.clone(), active.activation)).collect();
    let unfinished = serde_json::to_string(&[Moved::Unfinished]).unwrap_or_default();
    replays::close_abandoned(&context.db, &unfinished).await?;
    let replay = replays::begin(&context.db, filter, &activations, actor).await?;
    let written = tokio::select! {
        biased;
        () = told_to(stop) => Err(ReplayError::Stopped),
        written = write_plan(context, filter, actor, replay, &batches) => written,
    };
    if let Err(fault) = written {
        let mut tx = context.db.begin().await?;
        replays::stale(&mut tx, replay, &unfinished).await?;
        tx.commit().await?;
        return Err(fault);
    }
    Ok(replay)
}

/// Foretells what would become of the records, and writes it down.
async fn write_plan(
    context: &DeliveryContext,
    filter: &Filter,
    actor: &str,
    replay: i64,
    batches: &BTreeMap<i64, Wanted>,
) -> Result<(), ReplayError> {
    let records: usize = batches.values().map(Wanted::len).sum();
    let foretold = tokio::time::timeout(MAX_DURATION, perform::perform(context, replay, batches)).await;
    // Only what it came to is kept: the rehearsal ends here.
    let Performed { items, effects, .. } = foretold.map_err(|_| ReplayError::TooLong)??;
    replays::write_items(&context.db, replay, &items).await?;
    let mut tx = context.db.begin().await?;
    replays::complete(&mut tx, replay, &effects).await?;
    let detail = json!({ "filter": filter, "raw_records": records, "teachers": effects.len() });
    let (object, detail) = (object(replay), detail.to_string());
    let entry = NewEntry { actor, action: "replay.plan", object: &object, detail: &detail };
    audit::append(&mut tx, &context.keys, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// What a replay is called in the audit log.
fn object(replay: i64) -> String {
    format!("replay {replay}")
}

/// Applies a plan in one transaction, if everything is still as it was planned.
///
/// # Errors
/// [`ReplayError`]; nothing was changed then.
pub async fn apply(context: &DeliveryContext, replay: i64, actor: &str) -> Result<Applied, ReplayError> {
    let mut tries = 0;
    loop {
        let applied = tokio::time::timeout(MAX_DURATION, try_apply(context, replay, actor)).await;
        match applied.map_err(|_| ReplayError::TooLong)? {
            Err(ReplayError::Store(fault)) if fault.is_write_conflict() && tries < TRIES => tries += 1,
            ended => return ended,
        }
    }
}

async fn try_apply(context: &DeliveryContext, replay: i64, actor: &str) -> Result<Applied, ReplayError> {
    let staged = context.rehearse().await?;
    let mut tx = staged.db.begin().await?;
    match replays::lock(&mut tx, replay).await? {
        None => return Err(ReplayError::Unknown { replay }),
        Some(ReplayState::Planned) => {}
        Some(state) => return Err(ReplayError::NotPlanned { replay, state }),
    }
    let mut moved = moved_already(&mut tx, context, replay).await?;
    let planned = Planned::read(&mut tx, replay).await?;
    tx.commit().await?;
    if moved.is_empty() {
        let performed = perform::perform_on(context, &staged, replay, &planned.batches).await?;
        moved = planned.differences(&performed);
    }
    if !moved.is_empty() {
        drop(staged);
        return refuse(context, replay, actor, moved).await;
    }
    let mut tx = staged.db.begin().await?;
    replays::applied(&mut tx, replay, actor).await?;
    let entry = NewEntry { actor, action: "replay.apply", object: &object(replay), detail: "{}" };
    audit::append(&mut tx, &context.keys, entry).await?;
    tx.commit().await?;
    staged.db.commit_rehearsal().await?;
    Ok(Applied::Done)
}

async fn refuse(
    context: &DeliveryContext,
    replay: i64,
    actor: &str,
    moved: Vec<Moved>,
) -> Result<Applied, ReplayError> {
    let told = serde_json::to_string(&moved).unwrap_or_default();
    let mut tx = context.db.begin().await?;
    replays::stale(&mut tx, replay, &told).await?;
    let entry = NewEntry { actor, action: "replay.refused", object: &object(replay), detail: &told };
    audit::append(&mut tx, &context.keys, entry).await?;
    tx.commit().await?;
    Ok(Applied::Stale(moved))
}

/// What moved without a look at the records: letters that are gone, manifests and rules that are others now.
async fn moved_already(tx: &mut Tx, context: &DeliveryContext, replay: i64) -> Result<Vec<Moved>, StoreError> {
    let gone = replays::gone(tx, replay).await?.into_iter();
    let mut moved: Vec<Moved> = gone
        .map(|(dead_letter, address, planned)| Moved::Letter {
            dead_letter,
            address,
            planned,
            now: RecordOutcome::Gone,
        })
        .collect();
    let manifests = context.manifests.now();
    let planned = replays::list(&context.db, Some(replay), 0, 1).await?;
    for (connector, activation) in planned.first().map(|of| &of.activations).into_iter().flatten() {
        if manifests.get(connector).is_none_or(|active| active.activation != *activation) {
            moved.push(Moved::Activation { connector: connector.clone() });
        }
    }
    Ok(moved)
}

/// A plan as it was written down.
struct Planned {
    batches: BTreeMap<i64, Wanted>,
    items: Vec<Item>,
    effects: Vec<Effect>,
}

impl Planned {
    async fn read(tx: &mut Tx, replay: i64) -> Result<Self, StoreError> {
        Ok(Self {
            batches: replays::planned(tx, replay).await?,
            items: replays::items(tx, replay, i64::MAX).await?,
            effects: replays::effects(tx, replay, i64::MAX).await?,
        })
    }

    /// What came out otherwise than it was planned.
    fn differences(&self, performed: &Performed) -> Vec<Moved> {
        let mut moved: Vec<Moved> =
            self.items.iter().zip(&performed.items).filter_map(|(planned, now)| other_item(planned, now)).collect();
        let mut now: BTreeMap<&str, &Effect> = performed.effects.iter().map(|e| (e.person.as_str(), e)).collect();
        let hours = |e: &Effect| EffectHours { counted: e.counted, provisional: e.provisional };
        for planned in &self.effects {
            let met = now.remove(planned.person.as_str());
            if met != Some(planned) {
                let (person, planned) = (planned.person.clone(), Some(hours(planned)));
                moved.push(Moved::Teacher { person, planned, now: met.map(hours) });
            }
        }
        moved.extend(now.into_iter().map(|(person, effect)| Moved::Teacher {
            person: person.to_owned(),
            planned: None,
            now: Some(hours(effect)),
        }));
        moved
    }
}

fn other_item(planned: &Item, now: &Item) -> Option<Moved> {
    ((&planned.outcome, planned.record_key) != (&now.outcome, now.record_key)).then(|| Moved::Letter {
        dead_letter: planned.dead_letter,
        address: planned.address.clone(),
        planned: planned.outcome,
        now: now.outcome,
    })
}
