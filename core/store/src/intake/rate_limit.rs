//! The request budget of a host, shared by all workers: one row, and one statement per request, by the database's
//! clock.

use std::time::Duration;

use crate::sql::db::Db;
use crate::sql::error::StoreError;

/// Reserves the host's next free slot and moves the slot on by `every`. Returns how long to wait for it.
///
/// # Errors
/// [`StoreError`].
pub async fn reserve_slot(db: &Db, host: &str, every: Duration) -> Result<Duration, StoreError> {
    let every = i64::try_from(every.as_micros()).unwrap_or(i64::MAX / 4);
    let mut tx = db.begin().await?;
    let rows = tx
        .fetch_rows(
            "INSERT INTO rate_limit (host, next_at) VALUES ($1, {now} + $2)
             ON CONFLICT (host) DO UPDATE SET
               next_at = CASE WHEN rate_limit.next_at > {now} THEN rate_limit.next_at ELSE {now} END + $2
             RETURNING next_at - $2 - {now} AS wait",
            vec![host.into(), every.into()],
        )
        .await?;
    tx.commit().await?;
    let wait = rows.first().map_or(Ok(0), |row| row.int("wait"))?;
    Ok(Duration::from_micros(u64::try_from(wait).unwrap_or(0)))
}
