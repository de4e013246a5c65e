//! What a replay is going to do, written down: its letters, what becomes of each, what it does to each teacher.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::admin::filter::{Conditions, with_code};
use crate::delivery::batch::ClaimedBatch;
use crate::delivery::batches;
use crate::sql::db::{Db, Tx};
use crate::sql::error::{Kept, StoreError};
use crate::sql::rows::{Row, Rows, Value};
use huiliu_values::calendar::instant;
use huiliu_values::{BeforeAfter, ExactHours, RecordOutcome, ReplayState};
use huiliu_vault::keys::hex_encode;

/// Which open dead letters a replay takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Of sources with this connector.
    pub connector: Option<String>,
    /// Of this source.
    pub source: Option<String>,
    /// With this reason code among their reasons.
    pub code: Option<String>,
    /// Seen in this run.
    pub run: Option<i64>,
    /// Last seen at or after this instant, microseconds UTC.
    pub since: Option<i64>,
    /// Last seen before this instant, microseconds UTC.
    pub until: Option<i64>,
}

/// A raw record that a replay is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedRecord {
    /// Its letter.
    pub letter: i64,
    /// The address at which it was seen.
    pub address: String,
}

/// Raw records of one batch that a replay is about, by their position in the payload.
pub type Wanted = BTreeMap<u32, WantedRecord>;

/// What becomes of one raw record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Item {
    /// Its letter.
    pub dead_letter: i64,
    /// Its batch.
    pub batch: i64,
    /// Its position in the payload, from 0.
    pub index: u32,
    /// Where a person finds it.
    pub address: String,
    /// What becomes of it; `parked` where it stays a dead letter.
    pub outcome: RecordOutcome,
    /// The key of the record that it is then.
    #[serde(skip)]
    pub record_key: Option<[u8; 16]>,
    /// What the record says then, or why it stays parked.
    pub detail: serde_json::Value,
}

/// What a replay does to one teacher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Effect {
    /// The teacher's number, or `new:` and some digits for who is no teacher yet.
    pub person: String,
    /// The teacher, if there is one.
    pub teacher: Option<i64>,
    /// Class hours counted for good.
    pub counted: BeforeAfter<ExactHours>,
    /// Class hours counted provisionally.
    pub provisional: BeforeAfter<ExactHours>,
    /// Records that count otherwise than before.
    pub entries_changed: i64,
}

/// A replay as it stands in the books.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Replay {
    /// Number.
    pub replay: i64,
    /// How far it is.
    pub state: ReplayState,
    /// What it takes.
    pub filter: Filter,
    /// Connector → activation under which it was planned.
    pub activations: BTreeMap<String, i64>,
    /// When it was planned, RFC 3339.
    pub planned_at: String,
    /// Who planned it.
    pub planned_by: String,
    /// When it was applied, RFC 3339.
    pub applied_at: Option<String>,
    /// Who applied it.
    pub applied_by: Option<String>,
    /// Letters it is about.
    pub letters: i64,
    /// Outcome → raw records.
    pub outcomes: BTreeMap<RecordOutcome, i64>,
    /// Teachers whose entries change.
    pub teachers: i64,
    /// What moved since it was planned.
    pub moved: Option<serde_json::Value>,
}

fn json<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::kept(Kept::Replay)(&e))
}

fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Opens a replay that is being planned.
///
/// # Errors
/// [`StoreError`].
pub async fn begin(
    db: &Db,
    filter: &Filter,
    activations: &BTreeMap<String, i64>,
    actor: &str,
) -> Result<i64, StoreError> {
    let mut tx = db.begin().await?;
    let rows = tx
        .rows(
            "INSERT INTO replay (state, filter, activations, planned_at, planned_by)
             VALUES ('planning', $1, $2, {now}, $3) RETURNING id",
            vec![text(filter).into(), text(activations).into(), actor.into()],
        )
        .await?;
    tx.commit().await?;
    rows.first().ok_or_else(|| StoreError::Column { column: "replay.id".into() })?.int("id")
}

/// The raw records that count as parked for the letters that a filter takes, by batch; at most `most` of them.
///
/// # Errors
/// [`StoreError`].
pub async fn select(tx: &mut Tx, filter: &Filter, most: i64) -> Result<BTreeMap<i64, Wanted>, StoreError> {
    let mut also = Conditions::new(vec![most.into()]);
    also.also("c.connector = ?", filter.connector.as_deref().map(Value::from));
    also.also("c.name = ?", filter.source.as_deref().map(Value::from));
    also.also("d.reasons LIKE ? ESCAPE '\\'", filter.code.as_deref().map(|code| with_code(code).into()));
    also.also(
        "EXISTS (SELECT 1 FROM dead_letter_sighting r JOIN batch b ON b.id = r.batch_id
                 WHERE r.letter_id = d.id AND b.run_id = ?)",
        filter.run.map(Value::from),
    );
    also.also("d.last_seen_at >= ?", filter.since.map(Value::from));
    also.also("d.last_seen_at < ?", filter.until.map(Value::from));
    let Conditions { sql: conditions, args } = also;
    let sql = format!(
        "SELECT s.batch_id, s.record_index, s.letter_id, s.address
         FROM dead_letter d JOIN source c ON c.id = d.source_id JOIN dead_letter_sighting s ON s.letter_id = d.id
         WHERE d.state = 'open' AND s.outcome = 'parked'{conditions} ORDER BY s.batch_id, s.record_index LIMIT $1"
    );
    wanted(&tx.rows(&sql, args).await?)
}

/// The raw records of a plan, by batch.
///
/// # Errors
/// [`StoreError`].
pub async fn planned(tx: &mut Tx, replay: i64) -> Result<BTreeMap<i64, Wanted>, StoreError> {
    let sql = "SELECT batch_id, record_index, letter_id, address FROM replay_item WHERE replay_id = $1 ORDER BY batch_id, record_index";
    wanted(&tx.rows(sql, vec![replay.into()]).await?)
}

pub(crate) fn wanted(rows: &[Row]) -> Result<BTreeMap<i64, Wanted>, StoreError> {
    let mut batches: BTreeMap<i64, Wanted> = BTreeMap::new();
    for row in rows {
        let index = u32::try_from(row.int("record_index")?).unwrap_or(u32::MAX);
        let record = WantedRecord { letter: row.int("letter_id")?, address: row.text("address")? };
        batches.entry(row.int("batch_id")?).or_default().insert(index, record);
    }
    Ok(batches)
}

/// The items of a plan that are not parked any more: letter, address and outcome as planned.
///
/// # Errors
/// [`StoreError`].
pub async fn gone(tx: &mut Tx, replay: i64) -> Result<Vec<(i64, String, RecordOutcome)>, StoreError> {
    let rows = tx
        .rows(
            "SELECT i.letter_id AS letter_id, i.address AS address, i.outcome AS outcome FROM replay_item i
             LEFT JOIN dead_letter_sighting s ON s.batch_id = i.batch_id AND s.record_index = i.record_index AND s.outcome = 'parked'
             WHERE i.replay_id = $1 AND s.letter_id IS NULL ORDER BY i.letter_id LIMIT 100",
            vec![replay.into()],
        )
        .await?;
    rows.iter().map(|r| Ok((r.int("letter_id")?, r.text("address")?, r.spelled("outcome")?))).collect()
}

/// A batch that is done, as a claim would give it, without one.
///
/// # Errors
/// [`StoreError`].
pub async fn batch(tx: &mut Tx, batch: i64) -> Result<ClaimedBatch, StoreError> {
    let rows = tx
        .rows(
            "SELECT b.id, b.epoch, b.attempts, b.lost_claims, b.payload_id, b.first_record, b.record_count, b.run_id, b.contract, p.same_as, p.source_id,
                    p.institution_id, p.stream, p.address, p.each_values, p.digest, s.connector,
                    (SELECT max(o.first_record + o.record_count) FROM batch o WHERE o.payload_id = p.id) AS landed
             FROM batch b JOIN payload p ON p.id = b.payload_id JOIN source s ON s.id = p.source_id WHERE b.id = $1",
            vec![batch.into()],
        )
        .await?;
    let row = rows.first().ok_or_else(|| StoreError::Column { column: "batch".into() })?;
    batches::held(row, row)
}

/// Writes down what becomes of the raw records of one batch.
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
        .int("letter_id", items.iter().map(|i| Some(i.dead_letter)))
        .text("address", items.iter().map(|i| Some(i.address.as_str())))
        .text("outcome", items.iter().map(|i| Some(i.outcome.as_str())))
        .opt_bytes("record_key", items.iter().map(|i| i.record_key.as_ref().map(<[u8; 16]>::as_slice)))
        .text("detail", details.iter().map(|d| Some(d.as_str())));
    tx.copy("replay_item", rows).await?;
    tx.commit().await
}

/// Writes down the effects: the plan is complete.
///
/// # Errors
/// [`StoreError`].
pub async fn complete(tx: &mut Tx, replay: i64, effects: &[Effect]) -> Result<(), StoreError> {
    let column = |of: fn(&Effect) -> i64| effects.iter().map(move |e| Some(of(e))).collect::<Vec<_>>();
    let rows = Rows::new()
        .int("replay_id", effects.iter().map(|_| Some(replay)))
        .text("person", effects.iter().map(|e| Some(e.person.as_str())))
        .int("teacher_id", effects.iter().map(|e| e.teacher))
        .int("units_before", column(|e| e.counted.before.0))
        .int("units_after", column(|e| e.counted.after.0))
        .int("provisional_before", column(|e| e.provisional.before.0))
        .int("provisional_after", column(|e| e.provisional.after.0))
        .int("entries_changed", column(|e| e.entries_changed));
    tx.copy("replay_teacher", rows).await?;
    tx.run(
        "UPDATE replay SET state = 'planned',
           letters = (SELECT count(DISTINCT letter_id) FROM replay_item i WHERE i.replay_id = replay.id) WHERE id = $1",
        vec![replay.into()],
    )
    .await?;
    Ok(())
}

/// Locks a replay and gives its state, so that two people do not apply it at once; `None` when there is none.
///
/// # Errors
/// [`StoreError`].
pub async fn lock(tx: &mut Tx, replay: i64) -> Result<Option<ReplayState>, StoreError> {
    let rows = tx.rows("SELECT state FROM replay WHERE id = $1 {lock}", vec![replay.into()]).await?;
    rows.first().map(|r| r.spelled("state")).transpose()
}

/// Notes that a replay was applied.
///
/// # Errors
/// [`StoreError`].
pub async fn applied(tx: &mut Tx, replay: i64, actor: &str) -> Result<(), StoreError> {
    let sql = "UPDATE replay SET state = 'applied', applied_at = {now}, applied_by = $2 WHERE id = $1";
    tx.run(sql, vec![replay.into(), actor.into()]).await?;
    Ok(())
}

/// Notes what moved since a replay was planned: it cannot be applied any more.
///
/// # Errors
/// [`StoreError`].
pub async fn stale(tx: &mut Tx, replay: i64, moved: &str) -> Result<(), StoreError> {
    tx.run("UPDATE replay SET state = 'stale', moved = $2 WHERE id = $1", vec![replay.into(), moved.into()]).await?;
    Ok(())
}

/// Closes plans whose process must be gone: none takes so long.
///
/// # Errors
/// [`StoreError`].
pub async fn close_abandoned(db: &Db, moved: &str) -> Result<(), StoreError> {
    const TOO_LONG: i64 = 600_000_000;
    let sql = "UPDATE replay SET state = 'stale', moved = $1 WHERE state = 'planning' AND planned_at < {now} - $2";
    db.run(sql, vec![moved.into(), TOO_LONG.into()]).await?;
    Ok(())
}

impl Replay {
    /// Whether something would become of a record, or of a teacher's hours.
    #[must_use]
    pub fn changes_something(&self) -> bool {
        let stays = |outcome: &RecordOutcome| *outcome == RecordOutcome::Parked;
        self.teachers > 0 || self.outcomes.iter().any(|(outcome, records)| *records > 0 && !stays(outcome))
    }
}

/// Replays after a number, or one.
///
/// # Errors
/// [`StoreError`].
pub async fn list(db: &Db, only: Option<i64>, after: i64, limit: i64) -> Result<Vec<Replay>, StoreError> {
    let rows = db
        .rows(
            "SELECT r.id, r.state, r.filter, r.activations, r.planned_at, r.planned_by, r.applied_at, r.applied_by, r.letters,
                    r.moved, (SELECT count(*) FROM replay_teacher t WHERE t.replay_id = r.id) AS teachers
             FROM replay r WHERE r.id > $1 AND ($2 = 0 OR r.id = $2) ORDER BY r.id LIMIT $3",
            vec![after.into(), only.unwrap_or(0).into(), limit.into()],
        )
        .await?;
    let mut replays = Vec::with_capacity(rows.len());
    for row in &rows {
        let id = row.int("id")?;
        let sql = "SELECT outcome, count(*) AS n FROM replay_item WHERE replay_id = $1 GROUP BY outcome";
        let outcomes = db.rows(sql, vec![id.into()]).await?;
        replays.push(Replay {
            replay: id,
            state: row.spelled("state")?,
            filter: json(&row.text("filter")?)?,
            activations: json(&row.text("activations")?)?,
            planned_at: instant(row.int("planned_at")?),
            planned_by: row.text("planned_by")?,
            applied_at: row.opt_int("applied_at")?.map(instant),
            applied_by: row.opt_text("applied_by")?,
            letters: row.int("letters")?,
            outcomes: outcomes
                .iter()
                .map(|r| Ok((r.spelled("outcome")?, r.int("n")?)))
                .collect::<Result<_, StoreError>>()?,
            teachers: row.int("teachers")?,
            moved: row.opt_text("moved")?.map(|m| json(&m)).transpose()?,
        });
    }
    Ok(replays)
}

/// The first items of a replay, in the order of their batches.
///
/// # Errors
/// [`StoreError`].
pub async fn items(tx: &mut Tx, replay: i64, limit: i64) -> Result<Vec<Item>, StoreError> {
    let rows = tx
        .rows(
            "SELECT letter_id, batch_id, record_index, address, outcome, record_key, detail FROM replay_item
             WHERE replay_id = $1 ORDER BY batch_id, record_index LIMIT $2",
            vec![replay.into(), limit.into()],
        )
        .await?;
    let item = |row: &Row| {
        Ok(Item {
            dead_letter: row.int("letter_id")?,
            batch: row.int("batch_id")?,
            index: u32::try_from(row.int("record_index")?).unwrap_or(u32::MAX),
            address: row.text("address")?,
            outcome: row.spelled("outcome")?,
            record_key: row.opt_bytes("record_key")?.and_then(|k| k.try_into().ok()),
            detail: json(&row.text("detail")?)?,
        })
    };
    rows.iter().map(item).collect()
}

/// Effects of a replay.
///
/// # Errors
/// [`StoreError`].
pub async fn effects(tx: &mut Tx, replay: i64, limit: i64) -> Result<Vec<Effect>, StoreError> {
    let rows = tx
        .rows(
            "SELECT person, teacher_id, units_before, units_after, provisional_before, provisional_after, entries_changed
             FROM replay_teacher WHERE replay_id = $1 ORDER BY teacher_id, person LIMIT $2",
            vec![replay.into(), limit.into()],
        )
        .await?;
    let effect = |row: &Row| {
        Ok(Effect {
            person: row.text("person")?,
            teacher: row.opt_int("teacher_id")?,
            counted: hours(row, "units_before", "units_after")?,
            provisional: hours(row, "provisional_before", "provisional_after")?,
            entries_changed: row.int("entries_changed")?,
        })
    };
    rows.iter().map(effect).collect()
}

/// How a person is called in a plan.
#[must_use]
pub fn person(teacher: Option<i64>, blind_index: &[u8; 32]) -> String {
    teacher.map_or_else(|| format!("new:{}", hex_encode(&blind_index[..8])), |t| t.to_string())
}

fn hours(row: &Row, before: &str, after: &str) -> Result<BeforeAfter<ExactHours>, StoreError> {
    Ok(BeforeAfter::new(ExactHours(row.int(before)?), ExactHours(row.int(after)?)))
}
