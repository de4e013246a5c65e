//! Dates and times in Asia/Shanghai.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Utc};

/// Returns the offset of Asia/Shanghai, which is UTC+8 all year.
#[must_use]
pub fn shanghai_offset() -> Option<FixedOffset> {
    FixedOffset::east_opt(8 * 3_600)
}

/// Returns the current date in Asia/Shanghai, by the system clock.
#[must_use]
pub fn today_in_shanghai() -> NaiveDate {
    shanghai_offset().map_or_else(|| Utc::now().date_naive(), |zone| Utc::now().with_timezone(&zone).date_naive())
}

/// Returns the instant at which a day begins in Asia/Shanghai.
#[must_use]
pub fn shanghai_midnight(day: NaiveDate) -> Option<DateTime<FixedOffset>> {
    shanghai_offset().and_then(|zone| day.and_time(NaiveTime::MIN).and_local_timezone(zone).single())
}

/// Formats an instant, in microseconds since 1970 UTC, as RFC 3339 in Asia/Shanghai: `2014-09-30T08:00:00.000+08:00`.
#[must_use]
pub fn format_instant(micros: i64) -> String {
    let at = DateTime::from_timestamp_micros(micros).zip(shanghai_offset());
    at.map_or_else(
        || micros.to_string(),
        |(at, zone)| at.with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
    )
}
