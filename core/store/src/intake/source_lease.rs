//! Whose turn it is to read a source, and when it is to be read next: one row per source.

use schemars::JsonSchema;
use serde::Serialize;

use crate::intake::runs::STATE;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::lease::{Lease, Leased, micros};
use huiliu_messages::Message;
use huiliu_values::calendar::instant;

/// A claim on a source. A page lands only while `turn` is the source's current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceClaim {
    /// The source.
    pub source_id: i64,
    /// The fencing number.
    pub turn: i64,
    /// Failures in a row before this turn, lost turns included.
    pub failures: i64,
}

impl SourceClaim {
    /// What keeps it ours.
    #[must_use]
    pub fn lease(self) -> Lease {
        Lease { of: Leased::Source, key: self.source_id, number: self.turn }
    }
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The source was read to its end.
    Done,
    /// It was not.
    Failed,
    /// We were told to stop; whoever comes next goes on.
    Stopped,
}

/// The database's clock, in microseconds UTC.
///
/// # Errors
/// [`StoreError`].
pub async fn now(db: &Db) -> Result<i64, StoreError> {
    db.rows("SELECT {now} AS now", vec![]).await?.first().map_or(Ok(0), |r| r.int("now"))
}

/// Writes down when a source is to be read; another expression than before takes effect, the same one changes nothing.
///
/// # Errors
/// [`StoreError`].
pub async fn plan(db: &Db, source_id: i64, expression: &str, next_at: Option<i64>) -> Result<(), StoreError> {
    db.run(
        "INSERT INTO schedule (source_id, expression, next_at) VALUES ($1, $2, nullif($3, 0))
         ON CONFLICT (source_id) DO UPDATE SET expression = excluded.expression, next_at = excluded.next_at
         WHERE schedule.expression <> excluded.expression",
        vec![source_id.into(), expression.into(), next_at.unwrap_or(0).into()],
    )
    .await?;
    Ok(())
}

/// Names of the sources whose moment has come and that nobody holds, the longest due first.
///
/// # Errors
/// [`StoreError`].
pub async fn due(db: &Db) -> Result<Vec<String>, StoreError> {
    let rows = db
        .rows(
            "SELECT s.name AS name FROM schedule c JOIN source s ON s.id = c.source_id
             WHERE c.next_at <= {now} AND (c.holder IS NULL OR c.lease_until < {now}) ORDER BY c.next_at, s.id",
            vec![],
        )
        .await?;
    rows.iter().map(|r| r.text("name")).collect()
}

/// Claims a source that nobody holds, or whose holder's lease has run out, which counts as a failure.
///
/// # Errors
/// [`StoreError`].
pub async fn take(
    db: &Db,
    source_id: i64,
    lease_ms: u64,
    holder: &str,
    only_due: bool,
) -> Result<Option<SourceClaim>, StoreError> {
    let (lost, taken, expired) = (Leased::Source.lost(), Leased::Source.taken(), Leased::Source.expired());
    let sql = format!(
        "UPDATE schedule SET failures = failures + {lost}, {taken}
         WHERE source_id = $1 AND (holder IS NULL OR {expired}) AND ($4 = 0 OR next_at <= {{now}})
         RETURNING turn, failures"
    );
    let mut tx = db.begin().await?;
    let rows = tx
        .rows(&sql, vec![source_id.into(), holder.into(), micros(lease_ms).into(), i64::from(only_due).into()])
        .await?;
    tx.commit().await?;
    let claim =
        |r: &crate::sql::rows::Row| Ok(SourceClaim { source_id, turn: r.int("turn")?, failures: r.int("failures")? });
    rows.first().map(claim).transpose()
}

/// Keeps the turn ours until the end of the transaction.
///
/// # Errors
/// [`StoreError::LeaseLost`] when it is not ours any more.
pub(crate) async fn hold(tx: &mut Tx, claim: SourceClaim) -> Result<(), StoreError> {
    if claim.lease().is_current(tx).await? { Ok(()) } else { Err(StoreError::LeaseLost) }
}

/// Gives a turn back. A failure before the source was due, as of a manual sync, leaves its moment where it is; a stop does
/// so always. Gives the next moment.
///
/// # Errors
/// [`StoreError`].
pub async fn end(db: &Db, claim: SourceClaim, ended: Ended, next_at: Option<i64>) -> Result<Option<i64>, StoreError> {
    let (failed, stopped) = (i64::from(ended == Ended::Failed), i64::from(ended == Ended::Stopped));
    let sql = format!(
        "UPDATE schedule SET holder = NULL, lease_until = NULL,
                failures = CASE WHEN $3 = 1 THEN failures + 1 WHEN $4 = 1 THEN failures ELSE 0 END,
                next_at = CASE WHEN $4 = 1 OR ($3 = 1 AND next_at > {{now}}) THEN next_at ELSE nullif($5, 0) END
         WHERE {} RETURNING next_at",
        Leased::Source.current()
    );
    let mut tx = db.begin().await?;
    let args =
        vec![claim.source_id.into(), claim.turn.into(), failed.into(), stopped.into(), next_at.unwrap_or(0).into()];
    let rows = tx.rows(&sql, args).await?;
    tx.commit().await?;
    rows.first().map_or(Ok(None), |r| r.opt_int("next_at"))
}

/// A source's schedule, for a listing.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ScheduleRow {
    /// Source name.
    pub source: String,
    /// Cron expression in Asia/Shanghai; empty: never by itself.
    pub schedule: String,
    /// When it is read next, RFC 3339.
    pub next_at: Option<String>,
    /// Failures in a row.
    pub failures: i64,
    /// Who reads it now: host and process.
    pub holder: Option<String>,
    /// The newest run.
    pub last_run: Option<i64>,
    /// `running`, `done`, `failed`, `stopped`.
    pub last_state: Option<String>,
    /// Its start, RFC 3339.
    pub last_started_at: Option<String>,
    /// Its end, RFC 3339.
    pub last_ended_at: Option<String>,
    /// Why it failed.
    pub last_failure: Option<Message>,
    /// The end of the newest run that went well, RFC 3339; none: there was none yet.
    pub last_success_at: Option<String>,
}

/// Every source's schedule, by name.
///
/// # Errors
/// [`StoreError`].
pub async fn list(db: &Db) -> Result<Vec<ScheduleRow>, StoreError> {
    let rows = db
        .rows(
            &format!("SELECT s.name AS name, c.expression AS expression, c.next_at AS next_at, c.failures AS failures,
                    CASE WHEN c.lease_until >= {{now}} THEN c.holder END AS holder, r.id AS run, {STATE} AS state,
                    r.started_at AS started_at, r.ended_at AS ended_at, r.failure AS failure,
                    (SELECT max(d.ended_at) FROM sync_run d WHERE d.source_id = s.id AND d.state = 'done') AS success_at
             FROM schedule c JOIN source s ON s.id = c.source_id
             LEFT JOIN sync_run r ON r.id = (SELECT max(n.id) FROM sync_run n WHERE n.source_id = s.id) ORDER BY s.name"),
            vec![],
        )
        .await?;
    rows.iter()
        .map(|r| {
            Ok(ScheduleRow {
                source: r.text("name")?,
                schedule: r.text("expression")?,
                next_at: r.opt_int("next_at")?.map(instant),
                failures: r.int("failures")?,
                holder: r.opt_text("holder")?,
                last_run: r.opt_int("run")?,
                last_state: r.opt_text("state")?,
                last_started_at: r.opt_int("started_at")?.map(instant),
                last_ended_at: r.opt_int("ended_at")?.map(instant),
                last_failure: r.opt_text("failure")?.as_deref().map(Message::read),
                last_success_at: r.opt_int("success_at")?.map(instant),
            })
        })
        .collect()
}
