//! Leases and schedules of sources, one row per source.

use schemars::JsonSchema;
use serde::Serialize;

use crate::intake::runs::STATE;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::lease::{CLAIM_SQL, Lease, Leased, micros};
use huiliu_messages::Message;
use huiliu_values::calendar::format_instant;

/// A lease on a source. A page lands only while `epoch` is the source's current fencing number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceClaim {
    /// Row id of the source.
    pub source_id: i64,
    /// The fencing number.
    pub epoch: i64,
    /// Consecutive failures before this lease, including expired leases.
    pub failures: i64,
}

impl SourceClaim {
    /// Returns the lease, for renewing and checking it.
    #[must_use]
    pub fn lease(self) -> Lease {
        Lease { of: Leased::Source, key: self.source_id, number: self.epoch }
    }
}

/// How the use of a source ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceUseEnd {
    /// The source was read to its end.
    Done,
    /// Reading failed.
    Failed,
    /// The process was asked to stop. The next one continues.
    Stopped,
}

/// Returns the database's clock, in microseconds UTC.
///
/// # Errors
/// [`StoreError`].
pub async fn fetch_now(db: &Db) -> Result<i64, StoreError> {
    db.fetch_rows("SELECT {now} AS now", vec![]).await?.first().map_or(Ok(0), |r| r.int("now"))
}

/// Saves a source's schedule. If the cron expression is unchanged, nothing changes.
///
/// # Errors
/// [`StoreError`].
pub async fn save_schedule(db: &Db, source_id: i64, expression: &str, next_at: Option<i64>) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO schedule (source_id, expression, next_at) VALUES ($1, $2, nullif($3, 0))
         ON CONFLICT (source_id) DO UPDATE SET expression = excluded.expression, next_at = excluded.next_at
         WHERE schedule.expression <> excluded.expression",
        vec![source_id.into(), expression.into(), next_at.unwrap_or(0).into()],
    )
    .await?;
    Ok(())
}

/// Lists the names of the sources that are due and not leased, the longest overdue first.
///
/// # Errors
/// [`StoreError`].
pub async fn list_due_sources(db: &Db) -> Result<Vec<String>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT s.name AS name FROM schedule c JOIN source s ON s.id = c.source_id
             WHERE c.next_at <= {now} AND (c.holder IS NULL OR c.lease_until < {now}) ORDER BY c.next_at, s.id",
            vec![],
        )
        .await?;
    rows.iter().map(|r| r.text("name")).collect()
}

/// Claims a source that is not leased, or whose lease has expired. An expired lease counts as a failure.
///
/// # Errors
/// [`StoreError`].
pub async fn claim_source(
    db: &Db,
    source_id: i64,
    lease_ms: u64,
    holder: &str,
    only_due: bool,
) -> Result<Option<SourceClaim>, StoreError> {
    let (lost, expired) = (Leased::Source.lost_sql(), Leased::Source.expired_sql());
    let sql = format!(
        "UPDATE schedule SET failures = failures + {lost}, {CLAIM_SQL}
         WHERE source_id = $1 AND (holder IS NULL OR {expired}) AND ($4 = 0 OR next_at <= {{now}})
         RETURNING epoch, failures"
    );
    let mut tx = db.begin().await?;
    let rows = tx
        .fetch_rows(&sql, vec![source_id.into(), holder.into(), micros(lease_ms).into(), i64::from(only_due).into()])
        .await?;
    tx.commit().await?;
    let claim =
        |r: &crate::sql::rows::Row| Ok(SourceClaim { source_id, epoch: r.int("epoch")?, failures: r.int("failures")? });
    rows.first().map(claim).transpose()
}

/// Requires that the lease is still held, and keeps it until the transaction ends.
///
/// # Errors
/// [`StoreError::LeaseLost`] if another process has taken the source.
pub(crate) async fn require_lease(tx: &mut Tx, claim: SourceClaim) -> Result<(), StoreError> {
    if claim.lease().is_current(tx).await? { Ok(()) } else { Err(StoreError::LeaseLost) }
}

/// Releases a source and returns the time when it is read next. A stop never changes that time. Neither does a failure
/// before the source was due, as in a manual sync.
///
/// # Errors
/// [`StoreError`].
pub async fn release_source(
    db: &Db,
    claim: SourceClaim,
    ended: SourceUseEnd,
    next_at: Option<i64>,
) -> Result<Option<i64>, StoreError> {
    let (failed, stopped) = (i64::from(ended == SourceUseEnd::Failed), i64::from(ended == SourceUseEnd::Stopped));
    let sql = format!(
        "UPDATE schedule SET holder = NULL, lease_until = NULL,
                failures = CASE WHEN $3 = 1 THEN failures + 1 WHEN $4 = 1 THEN failures ELSE 0 END,
                next_at = CASE WHEN $4 = 1 OR ($3 = 1 AND next_at > {{now}}) THEN next_at ELSE nullif($5, 0) END
         WHERE {} RETURNING next_at",
        Leased::Source.current_sql()
    );
    let mut tx = db.begin().await?;
    let args =
        vec![claim.source_id.into(), claim.epoch.into(), failed.into(), stopped.into(), next_at.unwrap_or(0).into()];
    let rows = tx.fetch_rows(&sql, args).await?;
    tx.commit().await?;
    rows.first().map_or(Ok(None), |r| r.opt_int("next_at"))
}

/// The shortest lease that no process takes, in milliseconds: it was taken while the database's clock was ahead.
pub const TOO_LONG_MS: u64 = 3_600_000;

/// A lease that somebody has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedLease {
    /// The process that took it; `None` if only batches were held.
    pub holder: Option<String>,
    /// The number of batches that are due again.
    pub batches: u64,
}

/// Ends the lease on a source and those on its batches, where they last longer than `longest_ms` by the database's clock.
/// Who took one of them can land and write nothing more under it. Returns `None` if none lasts so long.
///
/// # Errors
/// [`StoreError`].
pub async fn end_long_leases(tx: &mut Tx, source: &str, longest_ms: u64) -> Result<Option<EndedLease>, StoreError> {
    let args = || vec![source.into(), micros(longest_ms).into()];
    let held = tx
        .fetch_rows(
            "SELECT holder FROM schedule WHERE source_id = (SELECT id FROM source WHERE name = $1)
             AND holder IS NOT NULL AND lease_until > {now} + $2 {lock}",
            args(),
        )
        .await?;
    let holder = held.first().map(|row| row.text("holder")).transpose()?;
    if holder.is_some() {
        tx.execute(
            "UPDATE schedule SET holder = NULL, lease_until = NULL, epoch = epoch + 1
             WHERE source_id = (SELECT id FROM source WHERE name = $1)",
            vec![source.into()],
        )
        .await?;
    }
    let batches = tx
        .execute(
            "UPDATE batch SET state = 'due', holder = NULL, due_at = {now}, notified_at = 0, generation = generation + 1,
                    epoch = epoch + 1
             WHERE state = 'claimed' AND lease_until > {now} + $2 AND run_id IN
                   (SELECT r.id FROM sync_run r JOIN source s ON s.id = r.source_id WHERE s.name = $1)",
            args(),
        )
        .await?;
    Ok((holder.is_some() || batches > 0).then_some(EndedLease { holder, batches }))
}

/// A source's schedule in a listing.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ScheduleRow {
    /// Name of the source.
    pub source: String,
    /// Cron expression in Asia/Shanghai; empty if the source is never read automatically.
    pub schedule: String,
    /// When it is read next, RFC 3339.
    pub next_at: Option<String>,
    /// Consecutive failures.
    pub failures: i64,
    /// The process that reads it now: host and process id.
    pub holder: Option<String>,
    /// Until when nobody else reads it, RFC 3339, if that is longer than any process asks for: the database's clock was
    /// ahead then.
    pub held_too_long: Option<String>,
    /// Number of the newest run.
    pub last_run: Option<i64>,
    /// State of the newest run: `running`, `done`, `failed` or `stopped`.
    pub last_state: Option<String>,
    /// Start of the newest run, RFC 3339.
    pub last_started_at: Option<String>,
    /// End of the newest run, RFC 3339.
    pub last_ended_at: Option<String>,
    /// Why the newest run failed.
    pub last_failure: Option<Message>,
    /// End of the newest successful run, RFC 3339; `None` if there is none.
    pub last_success_at: Option<String>,
}

/// Lists the schedules of all sources, sorted by name. A lease that lasts longer than `longest_ms` is too long.
///
/// # Errors
/// [`StoreError`].
pub async fn list_schedules(db: &Db, longest_ms: u64) -> Result<Vec<ScheduleRow>, StoreError> {
    let rows = db
        .fetch_rows(
            &format!("SELECT s.name AS name, c.expression AS expression, c.next_at AS next_at, c.failures AS failures,
                    CASE WHEN c.lease_until >= {{now}} THEN c.holder END AS holder,
                    CASE WHEN c.holder IS NOT NULL AND c.lease_until > {{now}} + $1 THEN c.lease_until END AS too_long, r.id AS run, {STATE} AS state,
                    r.started_at AS started_at, r.ended_at AS ended_at, r.failure AS failure,
                    (SELECT max(d.ended_at) FROM sync_run d WHERE d.source_id = s.id AND d.state = 'done') AS success_at
             FROM schedule c JOIN source s ON s.id = c.source_id
             LEFT JOIN sync_run r ON r.id = (SELECT max(n.id) FROM sync_run n WHERE n.source_id = s.id) ORDER BY s.name"),
            vec![micros(longest_ms).into()],
        )
        .await?;
    rows.iter()
        .map(|r| {
            Ok(ScheduleRow {
                source: r.text("name")?,
                schedule: r.text("expression")?,
                next_at: r.opt_int("next_at")?.map(format_instant),
                failures: r.int("failures")?,
                holder: r.opt_text("holder")?,
                held_too_long: r.opt_int("too_long")?.map(format_instant),
                last_run: r.opt_int("run")?,
                last_state: r.opt_text("state")?,
                last_started_at: r.opt_int("started_at")?.map(format_instant),
                last_ended_at: r.opt_int("ended_at")?.map(format_instant),
                last_failure: r.opt_text("failure")?.as_deref().map(Message::parse_stored),
                last_success_at: r.opt_int("success_at")?.map(format_instant),
            })
        })
        .collect()
}
