//! When a source is read by itself, and the turn that keeps two processes from reading it at the same time.

use chrono::DateTime;
use croner::Cron;
use croner::parser::{CronParser, Year};
use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::lease::Renewal;
use huiliu_store::intake::source_lease::{self, Ended, SourceClaim};
use huiliu_store::{Db, StoreError};
use huiliu_values::calendar::shanghai;

/// The ten-day cycle: the 1st, 11th and 21st of each month at two in the morning.
pub const TEN_DAYS: &str = "0 2 1,11,21 * *";
/// The first retry comes after this long; each further one after twice as long, up to 64 times.
const RETRY_MICROS: i64 = 60_000_000;

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum ScheduleError {
    /// It cannot be read.
    #[serde(rename = "schedule.form")]
    Form { why: String },
    /// No day in the calendar is like that.
    #[serde(rename = "schedule.never")]
    Never,
}

said_in_english!(ScheduleError);

/// A cron expression in Asia/Shanghai: minute, hour, day of the month, month, day of the week; seconds may stand before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    cron: Cron,
}

impl Schedule {
    /// Reads a cron expression.
    ///
    /// # Errors
    /// [`ScheduleError`], also for one that never fires.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let parser = CronParser::builder().year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|e| ScheduleError::Form { why: e.to_string() })?;
        let schedule = Self { text: text.trim().to_owned(), cron };
        schedule.next_after(0).map(|_| schedule.clone()).ok_or(ScheduleError::Never)
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first moment after another, both in microseconds UTC.
    #[must_use]
    pub fn next_after(&self, micros: i64) -> Option<i64> {
        let from = DateTime::from_timestamp_micros(micros)?.with_timezone(&shanghai()?);
        self.cron.find_next_occurrence(&from, false).ok().map(|next| next.timestamp_micros())
    }
}

/// A source in our hands: nobody else reads it as long as this lives and the database can be reached.
#[derive(Debug)]
pub struct SourceLease {
    db: Db,
    /// The fencing number of what lands.
    pub claim: SourceClaim,
    _renewal: Renewal,
}

/// Takes a source's turn; none when another holds it, or, if `only_due`, when its time has not come.
///
/// # Errors
/// [`StoreError`].
pub async fn take(
    db: &Db,
    source_id: i64,
    lease_ms: u64,
    holder: &str,
    only_due: bool,
) -> Result<Option<SourceLease>, StoreError> {
    let Some(claim) = source_lease::take(db, source_id, lease_ms, holder, only_due).await? else { return Ok(None) };
    let renewal = Renewal::of(db, claim.lease(), lease_ms);
    Ok(Some(SourceLease { db: db.clone(), claim, _renewal: renewal }))
}

impl SourceLease {
    /// Gives the turn back and says when the source is read next, in microseconds UTC: at its next moment; after a failure
    /// earlier than that; after a stop at once.
    ///
    /// # Errors
    /// [`StoreError`]; the turn then ends with its lease.
    pub async fn end(self, ended: Ended, schedule: Option<&Schedule>) -> Result<Option<i64>, StoreError> {
        let now = source_lease::now(&self.db).await?;
        let tick = schedule.and_then(|s| s.next_after(now));
        let retry = now + RETRY_MICROS * (1 << self.claim.failures.clamp(0, 6));
        let next = if ended == Ended::Failed { tick.map(|tick| tick.min(retry)) } else { tick };
        source_lease::end(&self.db, self.claim, ended, next).await
    }
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    fn after(text: &str, from: &str) -> Option<String> {
        let from: DateTime<FixedOffset> = from.parse().ok()?;
        let next = Schedule::parse(text).ok()?.next_after(from.timestamp_micros())?;
        Some(DateTime::from_timestamp_micros(next)?.with_timezone(&shanghai()?).to_rfc3339())
    }

    #[test]
    fn moments_are_of_shanghai() {
        for (text, from, expected) in [
            (TEN_DAYS, "2026-01-21T01:59:59+08:00", "2026-01-21T02:00:00+08:00"),
            (TEN_DAYS, "2026-01-21T02:00:00+08:00", "2026-02-01T02:00:00+08:00"),
            (TEN_DAYS, "2026-01-31T18:00:01Z", "2026-02-11T02:00:00+08:00"),
            ("0 2 29 2 *", "2025-01-01T00:00:00+08:00", "2028-02-29T02:00:00+08:00"),
            ("*/20 * * * * *", "2026-01-01T00:00:01+08:00", "2026-01-01T00:00:20+08:00"),
        ] {
            assert_eq!(after(text, from).as_deref(), Some(expected), "{text} after {from}");
        }
    }

    #[test]
    fn what_cannot_be_read_or_never_comes_is_refused() {
        assert_eq!(Schedule::parse("0 2 30 2 *"), Err(ScheduleError::Never));
        for text in ["", "0 2 1,11", "61 * * * *", "every day", "0 0 2 1 * * 2030"] {
            assert!(matches!(Schedule::parse(text), Err(ScheduleError::Form { .. })), "{text:?}");
        }
    }
}
