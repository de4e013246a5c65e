//! Days given on the command line. They begin at midnight in Asia/Shanghai.

use chrono::{Days, NaiveDate};
use huiliu_values::calendar::shanghai_midnight;

use crate::CliError;
use crate::words::label;

/// Returns the first instant of a day, in microseconds since the Unix epoch.
pub fn start_of_day(day: NaiveDate) -> Option<i64> {
    shanghai_midnight(day).map(|begin| begin.timestamp_micros())
}

/// Returns the first instant after a day, in microseconds since the Unix epoch.
pub fn end_of_day(day: NaiveDate) -> Option<i64> {
    day.checked_add_days(Days::new(1)).and_then(start_of_day)
}

/// Refuses a first day that is later than the last day.
pub fn check_day_order(since: Option<NaiveDate>, until: Option<NaiveDate>) -> Result<(), CliError> {
    match (since, until) {
        (Some(first), Some(last)) if last < first => {
            Err(CliError::usage(label("cli-commands-since-later-than-until-give")))
        }
        _ => Ok(()),
    }
}
