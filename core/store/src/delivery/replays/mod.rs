//! Stored replay plans: the selected letters, the outcome of each, and the effect on each teacher.

mod plan;

pub(crate) use plan::group_by_batch;
pub use plan::{
    Finished, LockedReplay, NewPlan, ResolvedItem, Step, approve, close_abandoned, complete_plan, count_items,
    list_effects_of_step, list_items_of_step, list_resolved_items, list_steps, load_batch, load_planned, lock_replay,
    mark_applied, mark_stale, mark_step_applied, note_awaiting, note_batches, remove_unchanged, start_plan, start_undo,
    write_effects, write_items,
};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::admin::filter;
use crate::admin::letters::LetterFilter;
use crate::sql::db::{Db, Tx};
use crate::sql::error::{Kept, StoreError};
use crate::sql::rows::{Row, Value};
use huiliu_values::calendar::format_instant;
use huiliu_values::{
    ApprovalReason, BeforeAfter, ExactHours, Gains, KeptBecause, RecordOutcome, ReplayReads, ReplayState,
};
use huiliu_vault::keys::hex_encode;

/// A raw record that a replay processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedRecord {
    /// Its dead letter; 0 if a stored record is read again.
    pub letter: i64,
    /// The stored record that is read again.
    pub record: Option<i64>,
    /// The address at which it was seen.
    pub address: String,
}

/// The raw records of one batch that a replay processes, by their position in the payload.
pub type Wanted = BTreeMap<u32, SelectedRecord>;

/// The planned outcome of one raw record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Item {
    /// Number of its dead letter; null if a stored record is read again.
    pub dead_letter: Option<i64>,
    /// Number of the stored record that is read again; null if a dead letter is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<i64>,
    /// Number of its batch.
    pub batch: i64,
    /// Its position in the payload, from 0.
    pub index: u32,
    /// Its address, where a person finds it.
    pub address: String,
    /// Its outcome; `parked` if it stays a dead letter.
    pub outcome: RecordOutcome,
    /// The key of the record that it becomes.
    #[serde(skip)]
    pub record_key: Option<[u8; 16]>,
    /// Whether it counts as one that lost only because another batch landed later.
    #[serde(skip)]
    pub tied: bool,
    /// Why an undo leaves it as the replay has made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptBecause>,
    /// The record's content, with that of the stored record as `before`; or why it stays parked.
    pub detail: serde_json::Value,
}

/// The effect of a replay on one teacher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Effect {
    /// The teacher's number, or `new:` and hexadecimal digits for a person who is not a teacher yet.
    pub person: String,
    /// The teacher, if there is one already.
    pub teacher: Option<i64>,
    /// The name on the roster, or else on a record. `None` if an earlier version planned it for a new teacher.
    pub name: Option<String>,
    /// ID number of the teacher, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_number: Option<String>,
    /// Class hours that count definitively.
    pub counted: BeforeAfter<ExactHours>,
    /// Class hours that count provisionally.
    pub provisional: BeforeAfter<ExactHours>,
    /// Number of records whose credit entries change.
    pub entries_changed: i64,
}

/// A replay as stored.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Replay {
    /// The replay's number.
    pub replay: i64,
    /// The stage it has reached.
    pub state: ReplayState,
    /// What it reads again.
    pub reads: ReplayReads,
    /// Which dead letters or stored records it selects.
    pub filter: LetterFilter,
    /// Number of the replay that this one takes back; null if it processes dead letters.
    pub undoes: Option<i64>,
    /// Number of the replay that took this one back.
    pub undone_by: Option<i64>,
    /// Connector → activation number under which it was planned.
    pub activations: BTreeMap<String, i64>,
    /// When it was planned, RFC 3339.
    pub planned_at: String,
    /// The person who planned it.
    pub planned_by: String,
    /// When it was applied, RFC 3339.
    pub applied_at: Option<String>,
    /// The person who applied it.
    pub applied_by: Option<String>,
    /// Why a second person must approve it; null if that is not necessary.
    pub approval: Option<ApprovalReason>,
    /// When it was approved, RFC 3339.
    pub approved_at: Option<String>,
    /// The person who approved it.
    pub approved_by: Option<String>,
    /// Number of steps, and how many are applied. Each step is one transaction.
    pub steps: Steps,
    /// Number of dead letters that it covers.
    pub letters: i64,
    /// Number of stored records that it selects and that would stay as they are; they are not among its raw records.
    pub unchanged: i64,
    /// Outcome → number of raw records.
    pub outcomes: BTreeMap<RecordOutcome, i64>,
    /// Number of teachers whose entries change.
    pub teachers: i64,
    /// What changed since it was planned.
    pub moved: Option<serde_json::Value>,
}

/// How far a replay is applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Steps {
    /// Steps that are applied.
    pub applied: i64,
    /// All steps.
    pub total: i64,
}

fn parse_json<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::unreadable_value(Kept::Replay)(&e))
}

fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Replay {
    /// Returns true if the replay changes the outcome of a record or a teacher's hours.
    #[must_use]
    pub fn changes_something(&self) -> bool {
        // What an undo puts back counts as parked again.
        let changes = |outcome: &RecordOutcome| (*outcome == RecordOutcome::Parked) == self.undoes.is_some();
        self.teachers > 0 || self.outcomes.iter().any(|(outcome, records)| *records > 0 && changes(outcome))
    }
}

/// Lists replays after a number, or only one.
///
/// # Errors
/// [`StoreError`].
pub async fn list_replays(db: &Db, only: Option<i64>, after: i64, limit: i64) -> Result<Vec<Replay>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT r.id, r.state, r.undoes, r.undone_by, r.filter, r.activations, r.planned_at, r.planned_by, r.applied_at, r.applied_by,
                    r.approval, r.approved_at, r.approved_by, r.dead_letters, r.moved, r.reads, r.unchanged,
                    (SELECT count(*) FROM replay_step p WHERE p.replay_id = r.id) AS steps,
                    (SELECT count(*) FROM replay_step p WHERE p.replay_id = r.id AND p.applied_at IS NOT NULL) AS steps_applied,
                    (SELECT count(DISTINCT t.person) FROM replay_teacher t WHERE t.replay_id = r.id) AS teachers
             FROM replay r WHERE r.id > $1 AND ($2 = 0 OR r.id = $2) ORDER BY r.id LIMIT $3",
            vec![after.into(), only.unwrap_or(0).into(), limit.into()],
        )
        .await?;
    let mut replays = Vec::with_capacity(rows.len());
    for row in &rows {
        let id = row.int("id")?;
        // An undo parks again all that it does not keep.
        let undoes = row.opt_int("undoes")?.is_some();
        let outcome = if undoes { "CASE WHEN kept IS NULL THEN 'parked' ELSE outcome END" } else { "outcome" };
        let sql =
            &format!("SELECT {outcome} AS outcome, count(*) AS n FROM replay_item WHERE replay_id = $1 GROUP BY 1");
        let outcomes = db.fetch_rows(sql, vec![id.into()]).await?;
        replays.push(Replay {
            replay: id,
            state: row.parse_text("state")?,
            undoes: row.opt_int("undoes")?,
            undone_by: row.opt_int("undone_by")?,
            reads: row.parse_text("reads")?,
            unchanged: row.int("unchanged")?,
            filter: parse_json(&row.text("filter")?)?,
            activations: parse_json(&row.text("activations")?)?,
            planned_at: format_instant(row.int("planned_at")?),
            planned_by: row.text("planned_by")?,
            applied_at: row.opt_int("applied_at")?.map(format_instant),
            applied_by: row.opt_text("applied_by")?,
            approval: row.opt_text("approval")?.and_then(|word| word.parse().ok()),
            approved_at: row.opt_int("approved_at")?.map(format_instant),
            approved_by: row.opt_text("approved_by")?,
            steps: Steps { applied: row.int("steps_applied")?, total: row.int("steps")? },
            letters: row.int("dead_letters")?,
            outcomes: outcomes
                .iter()
                .map(|r| Ok((r.parse_text("outcome")?, r.int("n")?)))
                .collect::<Result<_, StoreError>>()?,
            teachers: row.int("teachers")?,
            moved: row.opt_text("moved")?.map(|m| parse_json(&m)).transpose()?,
        });
    }
    Ok(replays)
}

/// Counts the replays.
///
/// # Errors
/// [`StoreError`].
pub async fn count_replays(db: &Db) -> Result<i64, StoreError> {
    filter::fetch_count(db, "SELECT count(*) AS n FROM replay", vec![]).await
}

/// Lists the first items of a replay, in the order of their batches.
///
/// # Errors
/// [`StoreError`].
pub async fn list_items(tx: &mut Tx, replay: i64, limit: i64) -> Result<Vec<Item>, StoreError> {
    fetch_items(tx, "WHERE replay_id = $1 ORDER BY batch_id, record_index LIMIT $2", vec![replay.into(), limit.into()])
        .await
}

pub(crate) async fn fetch_items(tx: &mut Tx, of: &str, args: Vec<Value>) -> Result<Vec<Item>, StoreError> {
    let columns = "dead_letter_id, batch_id, record_index, address, outcome, record_key, tied, kept, detail, record_id";
    let rows = tx.fetch_rows(&format!("SELECT {columns} FROM replay_item {of}"), args).await?;
    let item = |row: &Row| {
        Ok(Item {
            dead_letter: Some(row.int("dead_letter_id")?).filter(|letter| *letter > 0),
            record: row.opt_int("record_id")?,
            batch: row.int("batch_id")?,
            index: u32::try_from(row.int("record_index")?).unwrap_or(u32::MAX),
            address: row.text("address")?,
            outcome: row.parse_text("outcome")?,
            record_key: row.opt_bytes("record_key")?.and_then(|k| k.try_into().ok()),
            tied: row.int("tied")? == 1,
            kept: row.opt_text("kept")?.and_then(|word| word.parse().ok()),
            detail: parse_json(&row.text("detail")?)?,
        })
    };
    rows.iter().map(item).collect()
}

/// Each person with the effects of all steps together: the hours before the first and after the last.
const EFFECTS: &str = "SELECT person, max(teacher_id) AS teacher_id, max(name) AS name,
    sum(CASE WHEN step = first THEN units_before ELSE 0 END) AS units_before,
    sum(CASE WHEN step = last THEN units_after ELSE 0 END) AS units_after,
    sum(CASE WHEN step = first THEN provisional_before ELSE 0 END) AS provisional_before,
    sum(CASE WHEN step = last THEN provisional_after ELSE 0 END) AS provisional_after,
    sum(entries_changed) AS entries_changed
  FROM (SELECT t.*, min(step) OVER (PARTITION BY person) AS first, max(step) OVER (PARTITION BY person) AS last
    FROM replay_teacher t WHERE replay_id = $1) AS of_steps GROUP BY person";

/// Lists the first effects of a replay on teachers.
///
/// # Errors
/// [`StoreError`].
pub async fn list_effects(tx: &mut Tx, replay: i64, limit: i64) -> Result<Vec<Effect>, StoreError> {
    let sql = format!(
        "SELECT person, teacher_id, name, CAST(units_before AS bigint) AS units_before, CAST(units_after AS bigint) AS units_after,
                CAST(provisional_before AS bigint) AS provisional_before, CAST(provisional_after AS bigint) AS provisional_after,
                CAST(entries_changed AS bigint) AS entries_changed
         FROM ({EFFECTS}) AS effects ORDER BY teacher_id, person LIMIT $2"
    );
    parse_effects(&tx.fetch_rows(&sql, vec![replay.into(), limit.into()]).await?)
}

fn parse_effects(rows: &[Row]) -> Result<Vec<Effect>, StoreError> {
    let effect = |row: &Row| {
        Ok(Effect {
            person: row.text("person")?,
            teacher: row.opt_int("teacher_id")?,
            name: row.opt_text("name")?,
            id_number: None,
            counted: read_hours(row, "units_before", "units_after")?,
            provisional: read_hours(row, "provisional_before", "provisional_after")?,
            entries_changed: row.int("entries_changed")?,
        })
    };
    rows.iter().map(effect).collect()
}

/// Summary of a replay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sums {
    /// Sums of the changes in hours.
    pub gains: Gains,
    /// Number of dead letters that close.
    pub closing: i64,
    /// Number of raw records that an undo leaves as they are.
    pub kept: i64,
}

/// Summarises a replay.
///
/// # Errors
/// [`StoreError`].
pub async fn sums(tx: &mut Tx, replay: i64) -> Result<Sums, StoreError> {
    let sql = format!(
        "SELECT sign, count(*) AS teachers, CAST(sum(more) AS bigint) AS more FROM
           (SELECT more, CASE WHEN more > 0 THEN 1 WHEN more < 0 THEN -1 ELSE 0 END AS sign FROM
             (SELECT units_after - units_before + provisional_after - provisional_before AS more
              FROM ({EFFECTS}) AS effects) AS changes) AS signed GROUP BY sign"
    );
    let rows = tx.fetch_rows(&sql, vec![replay.into()]).await?;
    let mut gains = Gains::default();
    for row in &rows {
        let (teachers, more) = (row.int("teachers")?.unsigned_abs(), ExactHours(row.int("more")?.abs()));
        match row.int("sign")? {
            0 => gains.as_many = teachers,
            1.. => (gains.gaining, gains.gained) = (teachers, more),
            ..0 => (gains.losing, gains.lost) = (teachers, more),
        }
    }
    let rows = tx
        .fetch_rows(
            "SELECT count(*) AS n FROM (SELECT dead_letter_id FROM replay_item WHERE replay_id = $1 AND dead_letter_id > 0 GROUP BY dead_letter_id
               HAVING max(CASE WHEN outcome = 'parked' THEN 1 ELSE 0 END) = 0) AS closing
             WHERE (SELECT undoes FROM replay WHERE id = $1) IS NULL",
            vec![replay.into()],
        )
        .await?;
    let closing = rows.first().map_or(Ok(0), |row| row.int("n"))?;
    let sql = "SELECT count(*) AS n FROM replay_item WHERE replay_id = $1 AND kept IS NOT NULL";
    let rows = tx.fetch_rows(sql, vec![replay.into()]).await?;
    Ok(Sums { gains, closing, kept: rows.first().map_or(Ok(0), |row| row.int("n"))? })
}

/// Names a person in a plan: the teacher's number, or `new:` and 16 hexadecimal digits of the blind index.
#[must_use]
pub fn person_label(teacher: Option<i64>, blind_index: &[u8; 32]) -> String {
    teacher.map_or_else(|| format!("new:{}", hex_encode(&blind_index[..8])), |t| t.to_string())
}

fn read_hours(row: &Row, before: &str, after: &str) -> Result<BeforeAfter<ExactHours>, StoreError> {
    Ok(BeforeAfter::new(ExactHours(row.int(before)?), ExactHours(row.int(after)?)))
}
