//! When a source is read automatically, and the lease that keeps two processes from reading it at the same time.

use chrono::DateTime;
use croner::Cron;
use croner::parser::{CronParser, Year};
use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::lease::Renewal;
use huiliu_store::intake::source_lease::{self, SourceClaim, SourceUseEnd};
use huiliu_store::{Db, StoreError};
use huiliu_values::calendar::shanghai_offset;

/// The ten-day cycle: 02:00 on the 1st, 11th and 21st of each month.
pub const TEN_DAYS: &str = "0 2 1,11,21 * *";
/// The delay before the first retry. It doubles with each failure, to at most 64 times this.
const RETRY_MICROS: i64 = 60_000_000;

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum ScheduleError {
    /// It is not a cron expression.
    #[serde(rename = "schedule.form")]
    Form { why: String },
    /// It matches no day of the calendar.
    #[serde(rename = "schedule.never")]
    Never,
}

said_in_english!(ScheduleError);

/// A cron expression in Asia/Shanghai: minute, hour, day of month, month, day of week, optionally preceded by seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    cron: Cron,
}

impl Schedule {
    /// Parses a cron expression.
    ///
    /// # Errors
    /// [`ScheduleError`] if it is invalid or never fires.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let parser = CronParser::builder().year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|e| ScheduleError::Form { why: e.to_string() })?;
        let schedule = Self { text: text.trim().to_owned(), cron };
        schedule.next_after(0).map(|_| schedule.clone()).ok_or(ScheduleError::Never)
    }

    /// Returns the expression as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the next time after `micros`, both in microseconds UTC.
    #[must_use]
    pub fn next_after(&self, micros: i64) -> Option<i64> {
        let from = DateTime::from_timestamp_micros(micros)?.with_timezone(&shanghai_offset()?);
        self.cron.find_next_occurrence(&from, false).ok().map(|next| next.timestamp_micros())
    }
}

/// A source lease that this process holds. No other process reads the source while this value lives and the database
/// can be reached.
#[derive(Debug)]
pub struct SourceLease {
    db: Db,
    /// The claim whose fencing number is checked when a page lands.
    pub claim: SourceClaim,
    _renewal: Renewal,
    is_ended: bool,
}

/// Takes a source's lease. Returns `None` if another process holds it, or if `only_due` is set and the source is not
/// due.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn take_source_lease(
    db: &Db,
    source_id: i64,
    lease_ms: u64,
    holder: &str,
    only_due: bool,
) -> Result<Option<SourceLease>, StoreError> {
    let Some(claim) = source_lease::claim_source(db, source_id, lease_ms, holder, only_due).await? else {
        return Ok(None);
    };
    let renewal = Renewal::start(db, vec![claim.lease()], lease_ms);
    Ok(Some(SourceLease { db: db.clone(), claim, _renewal: renewal, is_ended: false }))
}

impl SourceLease {
    /// Releases the lease. Returns when the source is read next, in microseconds UTC: at the schedule's next time;
    /// after a failed read that was due, at the retry time if that is earlier. A stop leaves the time unchanged, so a
    /// due source is read again at once.
    ///
    /// # Errors
    /// [`StoreError`]; the source is then free when the lease expires.
    pub async fn end_lease(
        mut self,
        ended: SourceUseEnd,
        schedule: Option<&Schedule>,
    ) -> Result<Option<i64>, StoreError> {
        let now = source_lease::fetch_now(&self.db).await?;
        let tick = schedule.and_then(|s| s.next_after(now));
        let retry = now + RETRY_MICROS * (1 << self.claim.failures.clamp(0, 6));
        let next = if ended == SourceUseEnd::Failed { tick.map(|tick| tick.min(retry)) } else { tick };
        let released = source_lease::release_source(&self.db, self.claim, ended, next).await;
        self.is_ended = true;
        released
    }
}

impl Drop for SourceLease {
    /// Work that was broken off gives the source back at once. A panic does not: the lease expires and counts as a failure,
    /// so that the source is not read again and again.
    fn drop(&mut self) {
        if self.is_ended || self.db.is_rehearsal() || std::thread::panicking() {
            return;
        }
        let (db, claim) = (self.db.clone(), self.claim);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // If the database does not answer, the source is free when the lease expires.
                let _ = source_lease::release_source(&db, claim, SourceUseEnd::Stopped, None).await;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    fn next_run_after(text: &str, from: &str) -> Option<String> {
        let from: DateTime<FixedOffset> = from.parse().ok()?;
        let next = Schedule::parse(text).ok()?.next_after(from.timestamp_micros())?;
        Some(DateTime::from_timestamp_micros(next)?.with_timezone(&shanghai_offset()?).to_rfc3339())
    }

    #[test]
    fn schedules_use_shanghai_time() {
        for (text, from, expected) in [
            (TEN_DAYS, "2026-01-21T01:59:59+08:00", "2026-01-21T02:00:00+08:00"),
            (TEN_DAYS, "2026-01-21T02:00:00+08:00", "2026-02-01T02:00:00+08:00"),
            (TEN_DAYS, "2026-01-31T18:00:01Z", "2026-02-11T02:00:00+08:00"),
            ("0 2 29 2 *", "2025-01-01T00:00:00+08:00", "2028-02-29T02:00:00+08:00"),
            ("*/20 * * * * *", "2026-01-01T00:00:01+08:00", "2026-01-01T00:00:20+08:00"),
        ] {
            assert_eq!(next_run_after(text, from).as_deref(), Some(expected), "{text} after {from}");
        }
    }

    #[test]
    fn invalid_and_never_firing_schedules_are_refused() {
        assert_eq!(Schedule::parse("0 2 30 2 *"), Err(ScheduleError::Never));
        for text in ["", "0 2 1,11", "61 * * * *", "every day", "0 0 2 1 * * 2030"] {
            assert!(matches!(Schedule::parse(text), Err(ScheduleError::Form { .. })), "{text:?}");
        }
    }
}
