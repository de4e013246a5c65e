//! Reads only what has changed: days and numbers in requests, steps of days, and where the next pass begins.

use chrono::{Days, NaiveDate};

use crate::pull::cursor::Cursor;
use huiliu_decode::RecordRange;
use huiliu_decode::decode::{self, DecodeError};
use huiliu_decode::parts::Body;
use huiliu_manifest::stream::MomentForm;
use huiliu_manifest::{Since, Stream};
use huiliu_values::calendar::{shanghai_midnight, shanghai_offset, today_in_shanghai};
use huiliu_values::date::{parse_date, parse_instant};

/// The time step that a listing is requested for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// Its beginning and end as requests write them; no beginning if everything is requested.
    pub(crate) since: Option<String>,
    pub(crate) until: Option<String>,
    /// First day of the next step.
    pub(crate) next: Option<NaiveDate>,
    /// Name shown to people; only if there are steps.
    pub(crate) name: Option<String>,
    pub(crate) query: Vec<(String, String)>,
    /// The value of `${since}` if there is no beginning.
    nothing: String,
}

impl Window {
    /// Computes the window of a cursor's position; `from` is where the partition's listing begins.
    pub(crate) fn from_cursor(rule: Option<&Since>, stands: &Cursor, from: Option<&str>) -> Self {
        match rule {
            Some(Since::Moment { param, until_param, form, step_days, begin, .. }) => {
                let last = stands.until.or(stands.began).unwrap_or_else(today_in_shanghai);
                let end = last.checked_add_days(Days::new(1)).unwrap_or(last);
                let first = stands.step.or_else(|| from.and_then(|day| day.parse().ok())).or(*begin);
                let until = match (step_days, first) {
                    (Some(days), Some(first)) => {
                        first.checked_add_days(Days::new(days.0)).map_or(end, |until| until.min(end))
                    }
                    _ => end,
                };
                // A beginning in the future is requested as a single step.
                let until = first.map_or(until, |first| {
                    if until > first { until } else { first.checked_add_days(Days::new(1)).unwrap_or(first) }
                });
                let (since, until_text) = (first.map(|day| format_day(day, *form)), format_day(until, *form));
                let mut query: Vec<_> = param.clone().zip(since.clone()).into_iter().collect();
                query.extend(until_param.clone().map(|param| (param, until_text.clone())));
                let name = step_days.and(first).map(|first| format!("{first}…{until}"));
                let next = (step_days.is_some() && until < end).then_some(until);
                let nothing =
                    NaiveDate::from_ymd_opt(1970, 1, 1).map_or_else(String::new, |day| format_day(day, *form));
                Self { since, until: Some(until_text), next, name, query, nothing }
            }
            Some(Since::Counter { param, lookback, .. }) => {
                let since = from.map(|number| subtract_from_number(number, lookback.0));
                let query = param.clone().zip(since.clone()).into_iter().collect();
                Self { since, query, nothing: "0".into(), ..Self::default() }
            }
            Some(Since::NewestFirst { .. }) | None => Self::default(),
        }
    }

    /// Returns the value of `${since}`.
    pub(crate) fn since_value(&self) -> String {
        self.since.clone().unwrap_or_else(|| self.nothing.clone())
    }
}

/// Formats the beginning of a day in Asia/Shanghai.
fn format_day(day: NaiveDate, form: MomentForm) -> String {
    match (form, shanghai_midnight(day)) {
        (MomentForm::DayDigits, _) => day.format("%Y%m%d").to_string(),
        (MomentForm::Time, _) => format!("{day} 00:00:00"),
        (MomentForm::Rfc3339, Some(moment)) => moment.to_rfc3339(),
        (MomentForm::Seconds, Some(moment)) => moment.timestamp().to_string(),
        (MomentForm::Milliseconds, Some(moment)) => moment.timestamp_millis().to_string(),
        (MomentForm::Day, _) | (_, None) => day.to_string(),
    }
}

/// Returns where the next pass over a partition begins, once this one has ended.
pub(crate) fn next_pass_start(rule: Option<&Since>, stands: &Cursor, key: &str) -> Option<String> {
    match rule? {
        Since::Moment { lookback_days, .. } | Since::NewestFirst { lookback_days, .. } => {
            let day = stands.began?.checked_sub_days(Days::new(lookback_days.0))?;
            Some(day.to_string())
        }
        Since::Counter { .. } => highest_number([stands.highest.as_deref(), stands.since_of(key)]),
    }
}

/// Returns the highest of numbers of any length; texts that are not numbers are ignored.
pub(crate) fn highest_number<'n>(numbers: impl IntoIterator<Item = Option<&'n str>>) -> Option<String> {
    let digits = |text: &'n str| {
        let text = text.trim();
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.trim_start_matches('0'))
    };
    let all = numbers.into_iter().flatten().filter_map(digits);
    let most = all.max_by(|a, b| (a.len(), *a).cmp(&(b.len(), *b)))?;
    Some(if most.is_empty() { "0".into() } else { most.to_owned() })
}

/// Subtracts from a number of any length; the result is at least 0.
fn subtract_from_number(number: &str, less: u64) -> String {
    let mut digits: Vec<u8> = number.trim().bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    let mut left = less;
    for digit in digits.iter_mut().rev() {
        let (of, borrow) = (left % 10, left / 10);
        let of = u8::try_from(of).unwrap_or_default();
        left = borrow + u64::from(*digit < of);
        *digit = if *digit < of { *digit + 10 - of } else { *digit - of };
    }
    if left > 0 {
        return "0".into();
    }
    let text: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
    let text = text.trim_start_matches('0');
    if text.is_empty() { "0".into() } else { text.to_owned() }
}

/// What the records of a page say about the listing: its highest number, and whether every record is older than the
/// given day.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PageScan {
    pub(crate) highest: Option<String>,
    pub(crate) all_older: bool,
}

/// Reads from a page's records what the stream's `since` rule needs.
///
/// # Errors
/// [`DecodeError`] if the records cannot be decoded.
pub(crate) fn scan_records(stream: &Stream, body: &Body<'_>, from: Option<&str>) -> Result<PageScan, DecodeError> {
    let path = match &stream.since {
        Some(Since::Counter { path, .. } | Since::NewestFirst { path, .. }) => path,
        _ => return Ok(PageScan::default()),
    };
    let records = decode::decode_records(&stream.format, body, &[path], RecordRange::ALL)?;
    let texts = || records.iter().map(|record| record.texts.first().and_then(|text| text.as_deref()));
    if let Some(Since::Counter { .. }) = &stream.since {
        return Ok(PageScan { highest: highest_number(texts()), all_older: false });
    }
    let day: Option<NaiveDate> = from.and_then(|day| day.parse().ok());
    let older = |text: Option<&str>| text.and_then(day_of).zip(day).is_some_and(|(of, day)| of < day);
    Ok(PageScan { highest: None, all_older: !records.is_empty() && texts().all(older) })
}

/// Returns the day, in Asia/Shanghai, of a moment in a record: a time, seconds or milliseconds since 1970, or a date.
fn day_of(text: &str) -> Option<NaiveDate> {
    let zone = shanghai_offset()?;
    let at =
        |micros: i64| chrono::DateTime::from_timestamp_micros(micros).map(|at| at.with_timezone(&zone).date_naive());
    let text = text.trim();
    let seconds = || text.parse::<i64>().ok().filter(|_| (9..=11).contains(&text.len()))?.checked_mul(1_000_000);
    parse_instant(text).ok().or_else(seconds).and_then(at).or_else(|| parse_date(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(step: Option<u64>, begin: Option<&str>) -> Since {
        Since::Moment {
            param: Some("from".into()),
            until_param: Some("to".into()),
            form: MomentForm::Day,
            lookback_days: huiliu_manifest::shape::Within(1),
            step_days: step.map(huiliu_manifest::shape::Within),
            begin: begin.map(|day| day.parse().unwrap()),
        }
    }

    #[test]
    fn steps_are_contiguous_and_end_on_the_day_of_the_pass() {
        let rule = moment(Some(10), Some("2014-09-01"));
        let mut stands = Cursor { began: "2014-09-25".parse().ok(), ..Cursor::default() };
        let mut walked = vec![];
        loop {
            let window = Window::from_cursor(Some(&rule), &stands, None);
            walked.push((window.since.clone().unwrap(), window.until.clone().unwrap()));
            match window.next {
                Some(step) => stands.step = Some(step),
                None => break,
            }
        }
        let expected = [("2014-09-01", "2014-09-11"), ("2014-09-11", "2014-09-21"), ("2014-09-21", "2014-09-26")];
        assert_eq!(walked, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(next_pass_start(Some(&rule), &stands, "").as_deref(), Some("2014-09-24"));
        stands.step = None;
        let whole = Window::from_cursor(Some(&moment(None, None)), &stands, None);
        assert_eq!((whole.since, whole.until.as_deref()), (None, Some("2014-09-26")));
    }

    #[test]
    fn formats_and_parses_moments() {
        let day = "2014-09-11".parse().unwrap();
        for (form, text) in [
            (MomentForm::Day, "2014-09-11"),
            (MomentForm::DayDigits, "20140911"),
            (MomentForm::Time, "2014-09-11 00:00:00"),
            (MomentForm::Rfc3339, "2014-09-11T00:00:00+08:00"),
            (MomentForm::Seconds, "1410364800"),
            (MomentForm::Milliseconds, "1410364800000"),
        ] {
            assert_eq!(format_day(day, form), text);
        }
        for text in ["2014-09-11", "2014-09-11T08:00:00+08:00", "1410393600", "1410393600000", "20140911"] {
            assert_eq!(day_of(text), Some(day), "{text}");
        }
        assert_eq!(day_of("soon"), None);
    }

    #[test]
    fn subtracts_from_numbers_of_any_length() {
        for (number, less, left) in [
            ("4", 100, "0"),
            ("100", 100, "0"),
            ("101", 100, "1"),
            ("1000", 1, "999"),
            ("12", 0, "12"),
            ("100000000000000000000000000000000000000000", 1, "99999999999999999999999999999999999999999"),
        ] {
            assert_eq!(subtract_from_number(number, less), left, "{number}");
        }
    }

    #[test]
    fn compares_numbers_of_any_length() {
        assert_eq!(highest_number([Some("9"), None, Some("0010"), Some("x"), Some("")]).as_deref(), Some("10"));
        assert_eq!(
            highest_number([Some("99999999999999999999999"), Some("5")]).as_deref(),
            Some("99999999999999999999999")
        );
        assert_eq!((highest_number([Some("0")]).as_deref(), highest_number([Some("x")])), (Some("0"), None));
    }
}
