//! Days and moments in Asia/Shanghai.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Utc};

/// Asia/Shanghai: eight hours ahead of UTC all year.
#[must_use]
pub fn shanghai() -> Option<FixedOffset> {
    FixedOffset::east_opt(8 * 3_600)
}

/// The day in Asia/Shanghai.
#[must_use]
pub fn today() -> NaiveDate {
    shanghai().map_or_else(|| Utc::now().date_naive(), |zone| Utc::now().with_timezone(&zone).date_naive())
}

/// The moment at which a day begins in Asia/Shanghai.
#[must_use]
pub fn midnight(day: NaiveDate) -> Option<DateTime<FixedOffset>> {
    shanghai().and_then(|zone| day.and_time(NaiveTime::MIN).and_local_timezone(zone).single())
}

/// An instant, in microseconds UTC, as RFC 3339 in Asia/Shanghai: `2014-09-30T08:00:00.000+08:00`.
#[must_use]
pub fn instant(micros: i64) -> String {
    let at = DateTime::from_timestamp_micros(micros).zip(shanghai());
    at.map_or_else(
        || micros.to_string(),
        |(at, zone)| at.with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
    )
}
