//! Stored replay plans: the selected letters, the outcome of each, and the effect on each teacher.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::admin::filter::{self, Conditions};
use crate::admin::letters::LetterFilter;
use crate::delivery::batch::ClaimedBatch;
use crate::delivery::batches;
use crate::sql::db::{Db, Tx};
use crate::sql::error::{Kept, StoreError};
use crate::sql::rows::{Row, Rows};
use huiliu_values::calendar::format_instant;
use huiliu_values::{BeforeAfter, ExactHours, Gains, RecordOutcome, ReplayState};
use huiliu_vault::keys::hex_encode;

/// A raw record that a replay processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedRecord {
    /// Its dead letter.
    pub letter: i64,
    /// The address at which it was seen.
    pub address: String,
}

/// The raw records of one batch that a replay processes, by their position in the payload.
pub type Wanted = BTreeMap<u32, SelectedRecord>;

/// The planned outcome of one raw record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Item {
    /// Number of its dead letter.
    pub dead_letter: i64,
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
    /// The record's content, or why it stays parked.
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
    /// Which dead letters it selects.
    pub filter: LetterFilter,
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
    /// Number of dead letters that it covers.
    pub letters: i64,
    /// Outcome → number of raw records.
    pub outcomes: BTreeMap<RecordOutcome, i64>,
    /// Number of teachers whose entries change.
    pub teachers: i64,
    /// What changed since it was planned.
    pub moved: Option<serde_json::Value>,
}

fn parse_json<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::unreadable_value(Kept::Replay)(&e))
}

fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Starts a replay plan and returns its number.
///
/// # Errors
/// [`StoreError`].
pub async fn start_plan(
    db: &Db,
    filter: &LetterFilter,
    activations: &BTreeMap<String, i64>,
    actor: &str,
) -> Result<i64, StoreError> {
    let mut tx = db.begin().await?;
    let rows = tx
        .fetch_rows(
            "INSERT INTO replay (state, filter, activations, planned_at, planned_by)
             VALUES ('planning', $1, $2, {now}, $3) RETURNING id",
            vec![to_json(filter).into(), to_json(activations).into(), actor.into()],
        )
        .await?;
    tx.commit().await?;
    rows.first().ok_or_else(|| StoreError::Column { column: "replay.id".into() })?.int("id")
}

/// Selects the parked raw records of the dead letters that match a filter, grouped by batch; at most `most` of them.
///
/// # Errors
/// [`StoreError`].
pub async fn select_parked(tx: &mut Tx, filter: &LetterFilter, most: i64) -> Result<BTreeMap<i64, Wanted>, StoreError> {
    let Conditions { sql: conditions, args } = filter.resolve(tx).await?.to_conditions(vec![most.into()]);
    let sql = format!(
        "SELECT s.batch_id, s.record_index, s.dead_letter_id, s.address
         FROM dead_letter d JOIN dead_letter_sighting s ON s.dead_letter_id = d.id
         WHERE d.state = 'open' AND s.outcome = 'parked'{conditions} ORDER BY s.batch_id, s.record_index LIMIT $1"
    );
    group_by_batch(&tx.fetch_rows(&sql, args).await?)
}

/// Loads the raw records of a plan, grouped by batch.
///
/// # Errors
/// [`StoreError`].
pub async fn load_planned(tx: &mut Tx, replay: i64) -> Result<BTreeMap<i64, Wanted>, StoreError> {
    let sql = "SELECT batch_id, record_index, dead_letter_id, address FROM replay_item WHERE replay_id = $1 ORDER BY batch_id, record_index";
    group_by_batch(&tx.fetch_rows(sql, vec![replay.into()]).await?)
}

pub(crate) fn group_by_batch(rows: &[Row]) -> Result<BTreeMap<i64, Wanted>, StoreError> {
    let mut batches: BTreeMap<i64, Wanted> = BTreeMap::new();
    for row in rows {
        let index = u32::try_from(row.int("record_index")?).unwrap_or(u32::MAX);
        let record = SelectedRecord { letter: row.int("dead_letter_id")?, address: row.text("address")? };
        batches.entry(row.int("batch_id")?).or_default().insert(index, record);
    }
    Ok(batches)
}

/// An item of a plan that is no longer parked.
#[derive(Debug)]
pub struct ResolvedItem {
    /// Number of its dead letter.
    pub dead_letter: i64,
    /// The address at which it was seen.
    pub address: String,
    /// The outcome that was planned.
    pub planned: RecordOutcome,
}

/// Lists up to 100 items of a plan that are no longer parked.
///
/// # Errors
/// [`StoreError`].
pub async fn list_resolved_items(tx: &mut Tx, replay: i64) -> Result<Vec<ResolvedItem>, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT i.dead_letter_id AS dead_letter_id, i.address AS address, i.outcome AS outcome FROM replay_item i
             LEFT JOIN dead_letter_sighting s ON s.batch_id = i.batch_id AND s.record_index = i.record_index AND s.outcome = 'parked'
             WHERE i.replay_id = $1 AND s.dead_letter_id IS NULL ORDER BY i.dead_letter_id LIMIT 100",
            vec![replay.into()],
        )
        .await?;
    let item = |row: &Row| {
        Ok(ResolvedItem {
            dead_letter: row.int("dead_letter_id")?,
            address: row.text("address")?,
            planned: row.parse_text("outcome")?,
        })
    };
    rows.iter().map(item).collect()
}

/// Loads a finished batch in the form that a claim returns, without claiming it.
///
/// # Errors
/// [`StoreError`].
pub async fn load_batch(tx: &mut Tx, batch: i64) -> Result<ClaimedBatch, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT b.id, b.epoch, b.attempts, b.lost_claims, b.payload_id, b.first_record, b.record_count, b.run_id, b.contract, p.same_as, p.source_id,
                    p.institution_id, p.stream, p.address, p.each_values, p.digest, s.connector,
                    (SELECT max(o.first_record + o.record_count) FROM batch o WHERE o.payload_id = p.id) AS landed
             FROM batch b JOIN payload p ON p.id = b.payload_id JOIN source s ON s.id = p.source_id WHERE b.id = $1",
            vec![batch.into()],
        )
        .await?;
    let row = rows.first().ok_or_else(|| StoreError::Column { column: "batch".into() })?;
    batches::parse_claimed_batch(row, row)
}

/// Writes the planned outcomes of raw records.
///
/// # Errors
/// [`StoreError`].
pub async fn write_items(db: &Db, replay: i64, items: &[Item]) -> Result<(), StoreError> {
    let details: Vec<String> = items.iter().map(|i| i.detail.to_string()).collect();
    let mut tx = db.begin().await?;
    let rows = Rows::new()
        .int("replay_id", items.iter().map(|_| Some(replay)))
        .int("batch_id", items.iter().map(|i| Some(i.batch)))
        .int("record_index", items.iter().map(|i| Some(i.index.into())))
        .int("dead_letter_id", items.iter().map(|i| Some(i.dead_letter)))
        .text("address", items.iter().map(|i| Some(i.address.as_str())))
        .text("outcome", items.iter().map(|i| Some(i.outcome.as_str())))
        .opt_bytes("record_key", items.iter().map(|i| i.record_key.as_ref().map(<[u8; 16]>::as_slice)))
        .text("detail", details.iter().map(|d| Some(d.as_str())));
    tx.insert_rows("replay_item", rows).await?;
    tx.commit().await
}

/// Writes the effects on teachers, which completes the plan.
///
/// # Errors
/// [`StoreError`].
pub async fn complete_plan(tx: &mut Tx, replay: i64, effects: &[Effect]) -> Result<(), StoreError> {
    let column = |of: fn(&Effect) -> i64| effects.iter().map(move |e| Some(of(e))).collect::<Vec<_>>();
    let rows = Rows::new()
        .int("replay_id", effects.iter().map(|_| Some(replay)))
        .text("person", effects.iter().map(|e| Some(e.person.as_str())))
        .int("teacher_id", effects.iter().map(|e| e.teacher))
        .text("name", effects.iter().map(|e| e.name.as_deref()))
        .int("units_before", column(|e| e.counted.before.0))
        .int("units_after", column(|e| e.counted.after.0))
        .int("provisional_before", column(|e| e.provisional.before.0))
        .int("provisional_after", column(|e| e.provisional.after.0))
        .int("entries_changed", column(|e| e.entries_changed));
    tx.insert_rows("replay_teacher", rows).await?;
    tx.execute(
        "UPDATE replay SET state = 'planned',
           dead_letters = (SELECT count(DISTINCT dead_letter_id) FROM replay_item i WHERE i.replay_id = replay.id) WHERE id = $1",
        vec![replay.into()],
    )
    .await?;
    Ok(())
}

/// Locks a replay and returns its state, so that two people cannot apply it at once. Returns `None` if it does not
/// exist.
///
/// # Errors
/// [`StoreError`].
pub async fn lock_replay(tx: &mut Tx, replay: i64) -> Result<Option<ReplayState>, StoreError> {
    let rows = tx.fetch_rows("SELECT state FROM replay WHERE id = $1 {lock}", vec![replay.into()]).await?;
    rows.first().map(|r| r.parse_text("state")).transpose()
}

/// Records that a replay was applied, and by whom.
///
/// # Errors
/// [`StoreError`].
pub async fn mark_applied(tx: &mut Tx, replay: i64, actor: &str) -> Result<(), StoreError> {
    let sql = "UPDATE replay SET state = 'applied', applied_at = {now}, applied_by = $2 WHERE id = $1";
    tx.execute(sql, vec![replay.into(), actor.into()]).await?;
    Ok(())
}

/// Records what changed since a replay was planned, so that it can no longer be applied.
///
/// # Errors
/// [`StoreError`].
pub async fn mark_stale(tx: &mut Tx, replay: i64, moved: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE replay SET state = 'stale', moved = $2 WHERE id = $1", vec![replay.into(), moved.into()])
        .await?;
    Ok(())
}

/// Closes plans that have been in planning for more than ten minutes: their process must be gone.
///
/// # Errors
/// [`StoreError`].
pub async fn close_abandoned(db: &Db, moved: &str) -> Result<(), StoreError> {
    const TOO_LONG: i64 = 600_000_000;
    let sql = "UPDATE replay SET state = 'stale', moved = $1 WHERE state = 'planning' AND planned_at < {now} - $2";
    db.execute(sql, vec![moved.into(), TOO_LONG.into()]).await?;
    Ok(())
}

impl Replay {
    /// Returns true if the replay changes the outcome of a record or a teacher's hours.
    #[must_use]
    pub fn changes_something(&self) -> bool {
        let stays = |outcome: &RecordOutcome| *outcome == RecordOutcome::Parked;
        self.teachers > 0 || self.outcomes.iter().any(|(outcome, records)| *records > 0 && !stays(outcome))
    }
}

/// Lists replays after a number, or only one.
///
/// # Errors
/// [`StoreError`].
pub async fn list_replays(db: &Db, only: Option<i64>, after: i64, limit: i64) -> Result<Vec<Replay>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT r.id, r.state, r.filter, r.activations, r.planned_at, r.planned_by, r.applied_at, r.applied_by, r.dead_letters,
                    r.moved, (SELECT count(*) FROM replay_teacher t WHERE t.replay_id = r.id) AS teachers
             FROM replay r WHERE r.id > $1 AND ($2 = 0 OR r.id = $2) ORDER BY r.id LIMIT $3",
            vec![after.into(), only.unwrap_or(0).into(), limit.into()],
        )
        .await?;
    let mut replays = Vec::with_capacity(rows.len());
    for row in &rows {
        let id = row.int("id")?;
        let sql = "SELECT outcome, count(*) AS n FROM replay_item WHERE replay_id = $1 GROUP BY outcome";
        let outcomes = db.fetch_rows(sql, vec![id.into()]).await?;
        replays.push(Replay {
            replay: id,
            state: row.parse_text("state")?,
            filter: parse_json(&row.text("filter")?)?,
            activations: parse_json(&row.text("activations")?)?,
            planned_at: format_instant(row.int("planned_at")?),
            planned_by: row.text("planned_by")?,
            applied_at: row.opt_int("applied_at")?.map(format_instant),
            applied_by: row.opt_text("applied_by")?,
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
    let rows = tx
        .fetch_rows(
            "SELECT dead_letter_id, batch_id, record_index, address, outcome, record_key, detail FROM replay_item
             WHERE replay_id = $1 ORDER BY batch_id, record_index LIMIT $2",
            vec![replay.into(), limit.into()],
        )
        .await?;
    let item = |row: &Row| {
        Ok(Item {
            dead_letter: row.int("dead_letter_id")?,
            batch: row.int("batch_id")?,
            index: u32::try_from(row.int("record_index")?).unwrap_or(u32::MAX),
            address: row.text("address")?,
            outcome: row.parse_text("outcome")?,
            record_key: row.opt_bytes("record_key")?.and_then(|k| k.try_into().ok()),
            detail: parse_json(&row.text("detail")?)?,
        })
    };
    rows.iter().map(item).collect()
}

/// Lists the first effects of a replay on teachers.
///
/// # Errors
/// [`StoreError`].
pub async fn list_effects(tx: &mut Tx, replay: i64, limit: i64) -> Result<Vec<Effect>, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT person, teacher_id, name, units_before, units_after, provisional_before, provisional_after, entries_changed
             FROM replay_teacher WHERE replay_id = $1 ORDER BY teacher_id, person LIMIT $2",
            vec![replay.into(), limit.into()],
        )
        .await?;
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
}

/// Summarises a replay.
///
/// # Errors
/// [`StoreError`].
pub async fn sums(tx: &mut Tx, replay: i64) -> Result<Sums, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT sign, count(*) AS teachers, CAST(sum(more) AS bigint) AS more FROM
               (SELECT more, CASE WHEN more > 0 THEN 1 WHEN more < 0 THEN -1 ELSE 0 END AS sign FROM
                 (SELECT units_after - units_before + provisional_after - provisional_before AS more
                  FROM replay_teacher WHERE replay_id = $1) AS changes) AS signed GROUP BY sign",
            vec![replay.into()],
        )
        .await?;
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
            "SELECT count(*) AS n FROM (SELECT dead_letter_id FROM replay_item WHERE replay_id = $1 GROUP BY dead_letter_id
               HAVING max(CASE WHEN outcome = 'parked' THEN 1 ELSE 0 END) = 0) AS closing",
            vec![replay.into()],
        )
        .await?;
    Ok(Sums { gains, closing: rows.first().map_or(Ok(0), |row| row.int("n"))? })
}

/// Names a person in a plan: the teacher's number, or `new:` and 16 hexadecimal digits of the blind index.
#[must_use]
pub fn person_label(teacher: Option<i64>, blind_index: &[u8; 32]) -> String {
    teacher.map_or_else(|| format!("new:{}", hex_encode(&blind_index[..8])), |t| t.to_string())
}

fn read_hours(row: &Row, before: &str, after: &str) -> Result<BeforeAfter<ExactHours>, StoreError> {
    Ok(BeforeAfter::new(ExactHours(row.int(before)?), ExactHours(row.int(after)?)))
}
