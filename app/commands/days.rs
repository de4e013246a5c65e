//! Days that are given on the command line: they begin at midnight of Asia/Shanghai.

use chrono::{Days, NaiveDate};
use huiliu_values::calendar::shanghai_midnight;

use crate::CliError;
use crate::words::label;

/// The first instant of a day, microseconds UTC.
pub fn begin_of(day: NaiveDate) -> Option<i64> {
    shanghai_midnight(day).map(|begin| begin.timestamp_micros())
}

/// The instant at which a day is over.
pub fn end_of(day: NaiveDate) -> Option<i64> {
    day.checked_add_days(Days::new(1)).and_then(begin_of)
}

/// Refuses a first day that is later than the last.
pub fn check_days(since: Option<NaiveDate>, until: Option<NaiveDate>) -> Result<(), CliError> {
    match (since, until) {
        (Some(first), Some(last)) if last < first => {
            Err(CliError::usage(label("cli-commands-since-later-than-until-give")))
        }
        _ => Ok(()),
    }
}
