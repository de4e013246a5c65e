//! Writes a plan step by step, and reads it back to apply it.

use std::collections::BTreeMap;

use super::{Effect, Item, SelectedRecord, Wanted, fetch_items, parse_effects, to_json};
use crate::admin::filter::Conditions;
use crate::admin::letters::LetterFilter;
use crate::delivery::batch::ClaimedBatch;
use crate::delivery::batches;
use crate::delivery::reread;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows, Value};
use huiliu_values::{ApprovalReason, RecordOutcome, ReplayReads, ReplayState};

/// Raw records per step, except for a batch that has more.
const STEP: i64 = 10_000;

/// What a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct NewPlan<'p> {
    /// What it reads again.
    pub reads: ReplayReads,
    /// The dead letters or stored records that it selects.
    pub filter: &'p LetterFilter,
    /// Connector → activation of its manifest.
    pub activations: &'p BTreeMap<String, i64>,
    /// Who plans it.
    pub actor: &'p str,
}

/// A part of a replay that is applied in one transaction: the raw records of some batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Its number, from 1.
    pub number: i64,
    /// The first batch.
    pub first_batch: i64,
    /// The last batch.
    pub last_batch: i64,
    /// Whether it is applied.
    pub is_applied: bool,
}

impl Step {
    fn to_args(self, replay: i64) -> Vec<Value> {
        vec![replay.into(), self.first_batch.into(), self.last_batch.into()]
    }
}

const NEW_REPLAY: &str =
    "INSERT INTO replay (state, filter, activations, planned_at, planned_by, undoes, reads, teachers_known)
    SELECT 'planning', $1, $2, {now}, $3, nullif($4, 0), $5, coalesce(max(id), 0) FROM teacher RETURNING id";

async fn insert_replay(tx: &mut Tx, plan: NewPlan<'_>, undoes: i64) -> Result<i64, StoreError> {
    let args = vec![
        to_json(plan.filter).into(),
        to_json(plan.activations).into(),
        plan.actor.into(),
        undoes.into(),
        plan.reads.as_str().into(),
    ];
    let rows = tx.fetch_rows(NEW_REPLAY, args).await?;
    rows.first().ok_or_else(|| StoreError::Column { column: "replay.id".into() })?.int("id")
}

/// Starts a replay plan with the parked raw records, or stored records, that its filter selects, and returns its number; `None` if
/// it selects none.
///
/// # Errors
/// [`StoreError`].
pub async fn start_plan(db: &Db, plan: NewPlan<'_>) -> Result<Option<i64>, StoreError> {
    let mut tx = db.begin().await?;
    let replay = insert_replay(&mut tx, plan, 0).await?;
    let (sql, args) = match plan.reads {
        ReplayReads::DeadLetters => select_letters(&mut tx, replay, plan.filter).await?,
        ReplayReads::Records => reread::select_records(replay, plan.filter),
    };
    let selected = tx.execute(&sql, args).await?;
    if selected == 0 {
        return Ok(None);
    }
    let sql =
        "SELECT batch_id, count(*) AS n FROM replay_item WHERE replay_id = $1 GROUP BY batch_id ORDER BY batch_id";
    let most = crate::faults::step_records().unwrap_or(STEP);
    let mut steps: Vec<(Step, i64)> = vec![];
    for row in &tx.fetch_rows(sql, vec![replay.into()]).await? {
        let (batch, records) = (row.int("batch_id")?, row.int("n")?);
        match steps.last_mut().filter(|(_, held)| held + records <= most) {
            Some((step, held)) => (step.last_batch, *held) = (batch, *held + records),
            None => {
                let number = steps.last().map_or(1, |(step, _)| step.number + 1);
                steps.push((Step { number, first_batch: batch, last_batch: batch, is_applied: false }, records));
            }
        }
    }
    let of = |column: fn(&Step) -> i64| steps.iter().map(move |(step, _)| Some(column(step))).collect::<Vec<_>>();
    let rows = Rows::new()
        .int("replay_id", steps.iter().map(|_| Some(replay)))
        .short("step", of(|step| step.number))
        .int("first_batch", of(|step| step.first_batch))
        .int("last_batch", of(|step| step.last_batch));
    tx.insert_rows("replay_step", rows).await?;
    tx.commit().await?;
    if selected > STEP.unsigned_abs() {
        refresh_statistics(db, &["replay_item"]).await?;
    }
    Ok(Some(replay))
}

/// Builds the statement that selects parked raw records for a replay, and its arguments. Letters are selected with all their raw
/// records, but payloads only with their own: what a person plans of one must not count another.
async fn select_letters(tx: &mut Tx, replay: i64, filter: &LetterFilter) -> Result<(String, Vec<Value>), StoreError> {
    let Conditions { sql: mut conditions, args } = filter.resolve(tx).await?.to_conditions(vec![replay.into()]);
    conditions += &filter.to_sighting_conditions();
    let sql = format!(
        "INSERT INTO replay_item (replay_id, batch_id, record_index, dead_letter_id, address, outcome, detail, sighting_version, sighting_activation,
           awaits_replay)
         SELECT $1, s.batch_id, s.record_index, s.dead_letter_id, s.address, 'parked', 'null', s.source_version, s.activation, s.awaits_replay
         FROM dead_letter d JOIN dead_letter_sighting s ON s.dead_letter_id = d.id
         WHERE d.state = 'open' AND s.outcome = 'parked'{conditions}"
    );
    Ok((sql, args))
}

/// Starts the plan of an undo with what a replay has resolved, in one step. Returns its number; `None` if there is nothing. Of raw
/// records that awaited a replay and were found to be faulty, it takes back only that.
///
/// # Errors
/// [`StoreError`].
pub async fn start_undo(db: &Db, plan: NewPlan<'_>, undoes: i64) -> Result<Option<i64>, StoreError> {
    let mut tx = db.begin().await?;
    let undo = insert_replay(&mut tx, plan, undoes).await?;
    let copied = tx
        .execute(
            "INSERT INTO replay_item (replay_id, batch_id, record_index, dead_letter_id, address, outcome, record_key, tied, detail,
               sighting_version, sighting_activation, awaits_replay, record_id)
             SELECT $1, i.batch_id, i.record_index, i.dead_letter_id, i.address, i.outcome, i.record_key, i.tied, i.detail,
               i.sighting_version, i.sighting_activation, i.awaits_replay, i.record_id
             FROM replay_item i JOIN replay_step p ON p.replay_id = i.replay_id
               AND i.batch_id >= p.first_batch AND i.batch_id <= p.last_batch AND p.applied_at IS NOT NULL
             WHERE i.replay_id = $2 AND (i.outcome <> 'parked' OR i.record_id IS NOT NULL)",
            vec![undo.into(), undoes.into()],
        )
        .await?;
    let steps = tx
        .execute(
            "INSERT INTO replay_step (replay_id, step, first_batch, last_batch)
             SELECT CAST($1 AS bigint), 1, min(first), max(last) FROM
               (SELECT batch_id AS first, batch_id AS last FROM replay_item WHERE replay_id = $1
                UNION ALL SELECT p.first_batch, p.last_batch FROM replay_step p WHERE p.replay_id = $2 AND p.applied_at IS NOT NULL
                  AND (SELECT 1 FROM replay_item i WHERE i.replay_id = $2 AND i.awaits_replay = 1 AND i.outcome = 'parked'
                    AND i.batch_id >= p.first_batch AND i.batch_id <= p.last_batch LIMIT 1) IS NOT NULL) AS of
             HAVING min(first) IS NOT NULL",
            vec![undo.into(), undoes.into()],
        )
        .await?;
    if steps == 0 {
        return Ok(None);
    }
    tx.commit().await?;
    if copied > STEP.unsigned_abs() {
        let tables = ["replay_item", "replay_record", "replay_loss", "replay_notice", "replay_tie"];
        refresh_statistics(db, &tables).await?;
    }
    Ok(Some(undo))
}

/// Tells the planner of PostgreSQL how many rows these tables have now. Without it, the next statements over rows that were just
/// written in bulk are planned as if there were none.
async fn refresh_statistics(db: &Db, tables: &[&'static str]) -> Result<(), StoreError> {
    if db.kind() == "postgresql" {
        db.execute(&format!("ANALYZE {}", tables.join(", ")), vec![]).await?;
    }
    Ok(())
}

/// Notes again which raw records of a step await a replay: what the plan says may be older than the undo of another replay.
///
/// # Errors
/// [`StoreError`].
pub async fn note_awaiting(tx: &mut Tx, replay: i64, step: Step) -> Result<(), StoreError> {
    let of_sighting = "(SELECT s.awaits_replay FROM dead_letter_sighting s
        WHERE s.batch_id = replay_item.batch_id AND s.record_index = replay_item.record_index)";
    let sql = format!(
        "UPDATE replay_item SET awaits_replay = {of_sighting}
         WHERE replay_id = $1 AND batch_id >= $2 AND batch_id <= $3 AND record_id IS NULL AND awaits_replay <> {of_sighting}"
    );
    tx.execute(&sql, step.to_args(replay)).await?;
    Ok(())
}

/// Lists the steps of a replay.
///
/// # Errors
/// [`StoreError`].
pub async fn list_steps(tx: &mut Tx, replay: i64) -> Result<Vec<Step>, StoreError> {
    let sql = "SELECT step, first_batch, last_batch, applied_at FROM replay_step WHERE replay_id = $1 ORDER BY step";
    let step = |row: &Row| {
        Ok(Step {
            number: row.int("step")?,
            first_batch: row.int("first_batch")?,
            last_batch: row.int("last_batch")?,
            is_applied: row.opt_int("applied_at")?.is_some(),
        })
    };
    tx.fetch_rows(sql, vec![replay.into()]).await?.iter().map(step).collect()
}

/// Loads the raw records of a step, grouped by batch.
///
/// # Errors
/// [`StoreError`].
pub async fn load_planned(tx: &mut Tx, replay: i64, step: Step) -> Result<BTreeMap<i64, Wanted>, StoreError> {
    let sql = "SELECT batch_id, record_index, dead_letter_id, record_id, address FROM replay_item
               WHERE replay_id = $1 AND batch_id >= $2 AND batch_id <= $3 ORDER BY batch_id, record_index";
    group_by_batch(&tx.fetch_rows(sql, step.to_args(replay)).await?)
}

pub(crate) fn group_by_batch(rows: &[Row]) -> Result<BTreeMap<i64, Wanted>, StoreError> {
    let mut batches: BTreeMap<i64, Wanted> = BTreeMap::new();
    for row in rows {
        let index = u32::try_from(row.int("record_index")?).unwrap_or(u32::MAX);
        let record = SelectedRecord {
            letter: row.int("dead_letter_id")?,
            record: row.opt_int("record_id")?,
            address: row.text("address")?,
        };
        batches.entry(row.int("batch_id")?).or_default().insert(index, record);
    }
    Ok(batches)
}

/// Counts the items of a plan.
///
/// # Errors
/// [`StoreError`].
pub async fn count_items(tx: &mut Tx, replay: i64) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) AS n FROM replay_item WHERE replay_id = $1";
    tx.fetch_rows(sql, vec![replay.into()]).await?.first().map_or(Ok(0), |row| row.int("n"))
}

/// Lists the items of a step, in the order of their batches.
///
/// # Errors
/// [`StoreError`].
pub async fn list_items_of_step(tx: &mut Tx, replay: i64, step: Step) -> Result<Vec<Item>, StoreError> {
    let of = "WHERE replay_id = $1 AND batch_id >= $2 AND batch_id <= $3 ORDER BY batch_id, record_index";
    fetch_items(tx, of, step.to_args(replay)).await
}

/// Lists the effects of a step on teachers.
///
/// # Errors
/// [`StoreError`].
pub async fn list_effects_of_step(tx: &mut Tx, replay: i64, step: Step) -> Result<Vec<Effect>, StoreError> {
    let sql = "SELECT person, teacher_id, name, units_before, units_after, provisional_before, provisional_after, entries_changed
               FROM replay_teacher WHERE replay_id = $1 AND step = $2 ORDER BY teacher_id, person";
    parse_effects(&tx.fetch_rows(sql, vec![replay.into(), step.number.into()]).await?)
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

/// Lists up to 100 items of a plan that are no longer parked, from a batch on.
///
/// # Errors
/// [`StoreError`].
pub async fn list_resolved_items(tx: &mut Tx, replay: i64, from: i64) -> Result<Vec<ResolvedItem>, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT i.dead_letter_id AS dead_letter_id, i.address AS address, i.outcome AS outcome FROM replay_item i
             LEFT JOIN dead_letter_sighting s ON s.batch_id = i.batch_id AND s.record_index = i.record_index AND s.outcome = 'parked'
             WHERE i.replay_id = $1 AND i.batch_id >= $2 AND i.record_id IS NULL AND s.dead_letter_id IS NULL ORDER BY i.dead_letter_id LIMIT 100",
            vec![replay.into(), from.into()],
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
            "SELECT b.id, b.epoch, b.attempts, b.lost_claims, b.payload_id, b.first_record, b.record_count, b.run_id, b.contract, b.awaits_replay, p.same_as, p.source_id,
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
pub async fn write_items(tx: &mut Tx, replay: i64, items: &[Item]) -> Result<(), StoreError> {
    let details: Vec<String> = items.iter().map(|i| i.detail.to_string()).collect();
    let rows = Rows::new()
        .int("batch_id", items.iter().map(|i| Some(i.batch)))
        .int("record_index", items.iter().map(|i| Some(i.index.into())))
        .text("outcome", items.iter().map(|i| Some(i.outcome.as_str())))
        .opt_bytes("record_key", items.iter().map(|i| i.record_key.as_ref().map(<[u8; 16]>::as_slice)))
        .short("tied", items.iter().map(|i| Some(i64::from(i.tied))))
        .text("detail", details.iter().map(|d| Some(d.as_str())));
    tx.execute_with(
        "UPDATE replay_item SET outcome = incoming.outcome, record_key = incoming.record_key, tied = incoming.tied,
           detail = incoming.detail
         FROM {rows} WHERE replay_item.replay_id = $1 AND replay_item.batch_id = incoming.batch_id
           AND replay_item.record_index = incoming.record_index",
        vec![replay.into()],
        rows,
    )
    .await?;
    Ok(())
}

/// Writes the effects of a step on teachers.
///
/// # Errors
/// [`StoreError`].
pub async fn write_effects(tx: &mut Tx, replay: i64, step: i64, effects: &[Effect]) -> Result<(), StoreError> {
    let column = |of: fn(&Effect) -> i64| effects.iter().map(move |e| Some(of(e))).collect::<Vec<_>>();
    let rows = Rows::new()
        .int("replay_id", effects.iter().map(|_| Some(replay)))
        .short("step", effects.iter().map(|_| Some(step)))
        .text("person", effects.iter().map(|e| Some(e.person.as_str())))
        .int("teacher_id", effects.iter().map(|e| e.teacher))
        .text("name", effects.iter().map(|e| e.name.as_deref()))
        .int("units_before", column(|e| e.counted.before.0))
        .int("units_after", column(|e| e.counted.after.0))
        .int("provisional_before", column(|e| e.provisional.before.0))
        .int("provisional_after", column(|e| e.provisional.after.0))
        .int("entries_changed", column(|e| e.entries_changed));
    tx.insert_rows("replay_teacher", rows).await
}

/// Removes from a plan the stored records that would stay as they are, and keeps their number.
///
/// # Errors
/// [`StoreError`].
pub async fn remove_unchanged(tx: &mut Tx, replay: i64) -> Result<(), StoreError> {
    let sql = "DELETE FROM replay_item WHERE replay_id = $1 AND record_id IS NOT NULL AND outcome = 'unchanged'
                 AND record_key IS NULL AND detail = 'null'";
    let removed = i64::try_from(tx.execute(sql, vec![replay.into()]).await?).unwrap_or(i64::MAX);
    tx.execute("UPDATE replay SET unchanged = $2 WHERE id = $1", vec![replay.into(), removed.into()]).await?;
    Ok(())
}

/// What is known when a plan is complete.
#[derive(Debug, Clone, Copy)]
pub struct Finished {
    /// Raw records that become a record with a certificate.
    pub certificates: i64,
    /// Why a second person must approve it.
    pub approval: Option<ApprovalReason>,
}

/// Completes a plan.
///
/// # Errors
/// [`StoreError`].
pub async fn complete_plan(tx: &mut Tx, replay: i64, finished: Finished) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE replay SET state = 'planned', certificates = $2, approval = nullif($3, ''),
           dead_letters = (SELECT count(DISTINCT nullif(dead_letter_id, 0)) FROM replay_item i WHERE i.replay_id = replay.id) WHERE id = $1",
        vec![
            replay.into(),
            finished.certificates.into(),
            finished.approval.map_or("", ApprovalReason::as_str).into(),
        ],
    )
    .await?;
    Ok(())
}

/// The header of a replay, locked.
#[derive(Debug, Clone)]
pub struct LockedReplay {
    /// The stage it has reached.
    pub state: ReplayState,
    /// Number of the replay that it takes back.
    pub undoes: Option<i64>,
    /// Number of the replay that took it back.
    pub undone_by: Option<i64>,
    /// Teachers with a higher number did not exist when it was planned.
    pub teachers_known: i64,
    /// Raw records that become a record with a certificate.
    pub certificates: i64,
    /// Why a second person must approve it.
    pub approval: Option<ApprovalReason>,
    /// Who planned it.
    pub planned_by: String,
    /// Who approved it.
    pub approved_by: Option<String>,
}

/// Locks a replay and returns its header, so that two people cannot apply it at once. Returns `None` if it does not
/// exist.
///
/// # Errors
/// [`StoreError`].
pub async fn lock_replay(tx: &mut Tx, replay: i64) -> Result<Option<LockedReplay>, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT state, undoes, undone_by, teachers_known, certificates, approval, planned_by, approved_by FROM replay
             WHERE id = $1 {lock}",
            vec![replay.into()],
        )
        .await?;
    let locked = |row: &Row| {
        Ok(LockedReplay {
            state: row.parse_text("state")?,
            undoes: row.opt_int("undoes")?,
            undone_by: row.opt_int("undone_by")?,
            teachers_known: row.int("teachers_known")?,
            certificates: row.int("certificates")?,
            approval: row.opt_text("approval")?.and_then(|word| word.parse().ok()),
            planned_by: row.text("planned_by")?,
            approved_by: row.opt_text("approved_by")?,
        })
    };
    rows.first().map(locked).transpose()
}

/// Records that a second person approved a replay, and why.
///
/// # Errors
/// [`StoreError`].
pub async fn approve(tx: &mut Tx, replay: i64, actor: &str, because: &str) -> Result<(), StoreError> {
    let sql = "UPDATE replay SET approved_at = {now}, approved_by = $2, approved_because = $3 WHERE id = $1";
    tx.execute(sql, vec![replay.into(), actor.into(), because.into()]).await?;
    Ok(())
}

/// Keeps which batches are delivered when the first step is applied: what comes after them may rest on the replay.
///
/// # Errors
/// [`StoreError`].
pub async fn note_batches(tx: &mut Tx, replay: i64) -> Result<(), StoreError> {
    let noted = tx.fetch_rows("SELECT batches_known FROM replay WHERE id = $1", vec![replay.into()]).await?;
    if noted.first().map_or(Ok(None), |row| row.opt_int("batches_known"))?.is_some() {
        return Ok(());
    }
    // Whoever is landing batches has numbers already that nobody sees.
    tx.lock_table("batch").await?;
    let due = tx.fetch_rows("SELECT id FROM batch WHERE state <> 'done' ORDER BY id", vec![]).await?;
    let due: Vec<i64> = due.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?;
    let sql = "UPDATE replay SET batches_known = (SELECT coalesce(max(id), 0) FROM batch), batches_due = $2
               WHERE id = $1 AND batches_known IS NULL";
    tx.execute(sql, vec![replay.into(), to_json(&due).into()]).await?;
    Ok(())
}

/// Records that a step was applied.
///
/// # Errors
/// [`StoreError`].
pub async fn mark_step_applied(tx: &mut Tx, replay: i64, step: i64) -> Result<(), StoreError> {
    let sql = "UPDATE replay_step SET applied_at = {now} WHERE replay_id = $1 AND step = $2";
    tx.execute(sql, vec![replay.into(), step.into()]).await?;
    Ok(())
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

/// Closes plans that have been in planning for more than six hours: their process must be gone.
///
/// # Errors
/// [`StoreError`].
pub async fn close_abandoned(db: &Db, moved: &str) -> Result<(), StoreError> {
    const TOO_LONG: i64 = 21_600_000_000;
    let sql = "UPDATE replay SET state = 'stale', moved = $1 WHERE state = 'planning' AND planned_at < {now} - $2";
    db.execute(sql, vec![moved.into(), TOO_LONG.into()]).await?;
    Ok(())
}
