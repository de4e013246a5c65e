//! Dates, months and instants as people, spreadsheets and platforms write them.
//!
//! The forms occur in Jilin rosters and platform exports (domain notes §3.7): `2014年9月11日`, `2014/9/1`,
//! `2014-09-11`, `2014.09.11`, `20140911`, `二〇一四年九月十一日`, `一四年九月十一日`, `14年9月11日`, spreadsheet
//! serials of the 1900 epoch, date-time text with or without a zone, and milliseconds (or seconds, or `/Date(…)/`)
//! since 1970. A text without a zone is in +08:00. Years run from 1900 to 2100.

use chrono::{Datelike, NaiveDate};
use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::clock::{CHINA, ClockError, DAY, SECOND, parse_micros_since_midnight};
use crate::date_forms::split_date;
use crate::text::{all_digits, fold_text};

/// Why a text is not a date, month or instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum DateError {
    /// The text is empty.
    #[serde(rename = "date.missing")]
    Missing,
    /// The text has none of the known forms.
    #[serde(rename = "date.form")]
    Form,
    /// The form is known, but there is no such day or time, or the year is outside 1900 to 2100.
    #[serde(rename = "date.date")]
    Impossible,
    /// The text gives a month without a day.
    #[serde(rename = "date.day")]
    DayMissing,
}

said_in_english!(DateError);

impl DateError {
    /// Returns the last part of the stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Form => "form",
            Self::Impossible => "date",
            Self::DayMissing => "day",
        }
    }
}

impl From<ClockError> for DateError {
    fn from(fault: ClockError) -> Self {
        match fault {
            ClockError::Form => Self::Form,
            ClockError::Impossible => Self::Impossible,
        }
    }
}

/// Parses a date in any form of this module.
///
/// A text with a time is converted to +08:00 first, so `2014-09-11T20:00:00Z` is 12 September. Years of two digits
/// follow Excel's rule: 00-29 are 2000-2029, 30-99 are 1930-1999. Serials run from 20000 (1954-10-03) to 60000
/// (2064-04-08).
///
/// # Errors
/// Returns any [`DateError`]; a month without a day, such as `2014.09`, is [`DateError::DayMissing`].
pub fn parse_date(text: &str) -> Result<NaiveDate, DateError> {
    parse_plain_date(text).map_or_else(|| parse_any_date(text), Ok)
}

fn parse_any_date(text: &str) -> Result<NaiveDate, DateError> {
    let local = parse_instant(text)?.checked_add(CHINA).ok_or(DateError::Impossible)?;
    epoch_date().checked_add_signed(chrono::Duration::days(local.div_euclid(DAY))).ok_or(DateError::Impossible)
}

/// Parses the forms that most records have: `2014-09-11`, `2014/09/11`, `2014.09.11` and `20140911`, the first three also
/// before a time such as `16:30:00`, which is in +08:00. Returns `None` for any other text, and for days that do not exist.
fn parse_plain_date(text: &str) -> Option<NaiveDate> {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let day = match text.as_bytes() {
        [day @ .., b' ' | b'T', h @ b'0'..=b'2', i, b':', b'0'..=b'5', m, b':', b'0'..=b'5', s]
            if day.len() == 10 && [i, m, s].into_iter().all(is_digit) && (*h < b'2' || *i < b'4') =>
        {
            day
        }
        day => day,
    };
    let (year, month, day) = match day {
        [year @ .., mark @ (b'-' | b'/' | b'.'), m, n, other, d, e] if year.len() == 4 && mark == other => {
            (year, [*m, *n], [*d, *e])
        }
        [year @ .., m, n, d, e] if year.len() == 4 => (year, [*m, *n], [*d, *e]),
        _ => return None,
    };
    let number = |digits: &[u8]| {
        let add = |value: u32, digit: &u8| is_digit(digit).then(|| value * 10 + u32::from(digit - b'0'));
        digits.iter().try_fold(0, add)
    };
    checked_date(i32::try_from(number(year)?).ok()?, number(&month)?, number(&day)?).ok()
}

/// Parses a year and a month from a text without a day: `2014.09`, `2014-9`, `2014/09`, `201409`, `2014年9月`,
/// `一四年九月`, `2014年9月份`.
///
/// # Errors
/// Returns [`DateError::Form`] also for a text with a day.
pub fn parse_month(text: &str) -> Result<(i32, u32), DateError> {
    let folded = fold_text(text);
    if folded.is_empty() {
        return Err(DateError::Missing);
    }
    let parts = split_date(&folded).ok_or(DateError::Form)?;
    if parts.day.is_some() || !parts.rest.is_empty() {
        return Err(DateError::Form);
    }
    checked_date(parts.year, parts.month, 1)?;
    Ok((parts.year, parts.month))
}

/// Parses an instant and returns microseconds since 1970-01-01T00:00:00Z.
///
/// Accepts any date form of this module, alone (midnight in +08:00) or followed by a time of day with or without a zone
/// (this includes RFC 3339; without a zone, +08:00 is meant); fourteen digits `YYYYMMDDhhmmss`; a serial with a
/// fraction (rounded to the second, because serials are inexact); and milliseconds since 1970 of thirteen digits,
/// seconds of ten digits, or `/Date(…)/`.
///
/// # Errors
/// Returns any [`DateError`].
pub fn parse_instant(text: &str) -> Result<i64, DateError> {
    let folded = fold_text(text);
    if folded.is_empty() {
        return Err(DateError::Missing);
    }
    let instant = if let Some(since) = parse_epoch_micros(&folded) {
        since.ok_or(DateError::Impossible)?
    } else if let Some(local) = parse_serial(&folded) {
        local - CHINA
    } else {
        let parts = split_date(&folded).ok_or(DateError::Form)?;
        let day = checked_date(parts.year, parts.month, parts.day.unwrap_or(1))?;
        if parts.day.is_none() {
            let alone = parts.rest.is_empty();
            return Err(if alone { DateError::DayMissing } else { DateError::Form });
        }
        day.signed_duration_since(epoch_date()).num_days() * DAY + parse_micros_since_midnight(parts.rest)?
    };
    let days = (instant + CHINA).div_euclid(DAY);
    let bounds = [checked_date(1900, 1, 1)?, checked_date(2100, 12, 31)?]
        .map(|bound| bound.signed_duration_since(epoch_date()).num_days());
    let inside = (bounds[0]..=bounds[1]).contains(&days);
    inside.then_some(instant).ok_or(DateError::Impossible)
}

/// Parses a number of milliseconds or seconds since 1970 and returns microseconds. Thirteen digits are milliseconds.
/// Ten digits that begin with 13 to 18 are seconds (2011 to 2030); no other form begins with such a year. `/Date(…)/`
/// is how .NET writes milliseconds; a zone after them is the writer's and does not change the instant. Returns `None`
/// for any other form, and `Some(None)` on overflow.
fn parse_epoch_micros(text: &str) -> Option<Option<i64>> {
    let number = |digits: &str, unit: i64| Some(digits.parse::<i64>().ok().and_then(|n| n.checked_mul(unit)));
    if let Some(inner) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        let zone = inner.rfind(['+', '-']).filter(|at| *at > 0).unwrap_or(inner.len());
        let (digits, zone) = inner.split_at_checked(zone)?;
        let whole = all_digits(digits.strip_prefix('-').unwrap_or(digits)) && digits.len() <= 15;
        return if whole && (zone.is_empty() || all_digits(&zone[1..])) { number(digits, 1_000) } else { None };
    }
    match text.len() {
        13 if all_digits(text) => number(text, 1_000),
        10 if all_digits(text) && ("13".."19").contains(&text.get(..2).unwrap_or_default()) => number(text, 1_000_000),
        _ => None,
    }
}

/// Returns the date 1970-01-01.
fn epoch_date() -> NaiveDate {
    chrono::DateTime::UNIX_EPOCH.date_naive()
}

/// Returns the date if it exists and its year is from 1900 to 2100.
fn checked_date(year: i32, month: u32, day: u32) -> Result<NaiveDate, DateError> {
    NaiveDate::from_ymd_opt(year, month, day)
        .filter(|date| (1900..=2100).contains(&date.year()))
        .ok_or(DateError::Impossible)
}

/// Parses a spreadsheet serial from 20000 to 60000 and returns local microseconds since 1970 (1900 epoch: serial 25569
/// is 1970-01-01).
fn parse_serial(text: &str) -> Option<i64> {
    let (days, fraction) = match text.split_once('.') {
        Some((days, fraction)) if all_digits(fraction) => (days, fraction),
        Some(_) => return None,
        None => (text, ""),
    };
    if days.len() != 5 || !all_digits(days) {
        return None;
    }
    let days: i64 = days.parse().ok().filter(|days| (20_000..=60_000).contains(days))?;
    let parts = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(12)
        .fold(0_i128, |value, digit| value * 10 + i128::from(digit.saturating_sub(b'0')));
    let seconds = (parts * 86_400 * 2 + 1_000_000_000_000) / 2_000_000_000_000;
    Some((days - 25_569) * DAY + i64::try_from(seconds).ok()? * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date_or_code(text: &str) -> String {
        parse_date(text).map_or_else(|f| f.code().to_owned(), |d| d.to_string())
    }

    proptest! {
        #[test]
        fn the_shortcut_changes_no_date(
            day in "(19|20|21)[0-9]{2}[-/.]?[0-3][0-9][-/.]?[0-3]?[0-9]",
            time in "([ T][0-2][0-9]:[0-6][0-9](:[0-6][0-9])?)?",
        ) {
            let text = format!("{day}{time}");
            prop_assert_eq!(parse_date(&text), parse_any_date(&text));
        }
    }

    #[test]
    fn every_form_of_a_day() {
        for text in [
            "2014年9月11日",
            "2014 年 9 月 11 日",
            "2014年09月11号",
            "2014/9/11",
            "2014-09-11",
            "2014.09.11",
            "2014.9.11",
            "20140911",
            "二〇一四年九月十一日",
            "二零一四年九月十一日",
            "一四年九月十一日",
            "14年9月11日",
            "41893",
            "41893.9999",
            "２０１４－０９－１１",
            "２０１４年９月１１日",
            " 2014-09-11\u{A0}",
            "2014-09-11 23:59:59",
            "2014/9/11 8:30",
            "2014-09-11T00:00:00+08:00",
            "2014-09-10T16:00:00Z",
            "20140911103000",
            "2014年9月11日 10:30",
            "2014年9月11日10时30分",
            "20140911T103000",
            "1410393600000",
        ] {
            assert_eq!(date_or_code(text), "2014-09-11", "{text}");
        }
        assert_eq!(date_or_code("2014/9/1"), "2014-09-01");
        assert_eq!(date_or_code("2014.9.1"), "2014-09-01");
        assert_eq!(date_or_code("二〇一四年十二月三十一日"), "2014-12-31");
        assert_eq!(date_or_code("2014-09-11T20:00:00Z"), "2014-09-12");
        assert_eq!(date_or_code("59年9月20日"), "1959-09-20");
        assert_eq!(date_or_code("20000"), "1954-10-03");
        assert_eq!(date_or_code("60000"), "2064-04-08");
    }

    #[test]
    fn faults_have_their_codes() {
        for (text, expected) in [
            ("", "missing"),
            ("\u{3000}", "missing"),
            ("2014.09", "day"),
            ("2014年9月", "day"),
            ("2014-9", "day"),
            ("201409", "day"),
            ("二〇一四年九月", "day"),
            ("2014年9月份", "day"),
            ("2014-02-29", "date"),
            ("2014年13月", "date"),
            ("20140931", "date"),
            ("2014年2月三十日", "date"),
            ("0001-01-01", "date"),
            ("9999-12-31", "date"),
            ("2014-09-11 25:00", "date"),
            ("2014", "form"),
            ("19999", "form"),
            ("60001", "form"),
            ("14/9/11", "form"),
            ("9/11/2014", "form"),
            ("2014-09/11", "form"),
            ("昨天", "form"),
            ("2014-09-11x", "form"),
            ("2014-09-111", "form"),
            ("2014年", "form"),
            ("2014年9月11日左右", "form"),
            ("-41893", "form"),
            ("2014-09-11T", "form"),
        ] {
            assert_eq!(date_or_code(text), expected, "{text}");
        }
    }

    #[test]
    fn months_parse() {
        for text in ["2014.09", "2014-9", "2014/09", "2014年9月", "一四年九月", "201409", "２０１４．９"] {
            assert_eq!(parse_month(text), Ok((2014, 9)), "{text}");
        }
        assert_eq!(parse_month("2014.13"), Err(DateError::Impossible));
        assert_eq!(parse_month("2014-09-11"), Err(DateError::Form));
        assert_eq!(parse_month("41893"), Err(DateError::Form));
        assert_eq!(parse_month(" "), Err(DateError::Missing));
    }

    #[test]
    fn instants_parse() {
        let midnight = 1_410_364_800 * SECOND;
        for (text, expected) in [
            ("2014-09-11", midnight),
            ("41893", midnight),
            ("41893.4375", midnight + 37_800 * SECOND),
            ("41893.43750000001", midnight + 37_800 * SECOND),
            ("2014-09-11T00:00:00.000001+08:00", midnight + 1),
            ("2014-09-10T16:00:00Z", midnight),
            ("2014-09-11 00:00", midnight),
            ("20140911000001", midnight + SECOND),
            ("1410364800000", midnight),
        ] {
            assert_eq!(parse_instant(text), Ok(expected), "{text}");
        }
        assert_eq!(parse_instant("2014-09"), Err(DateError::DayMissing));
        assert_eq!(parse_instant("9999999999999"), Err(DateError::Impossible));
        assert_eq!(parse_instant("141036480000"), Err(DateError::Form));
    }

    #[test]
    fn moments_since_1970_are_read_as_platforms_write_them() {
        let moment = 1_425_427_200_000_000;
        for text in ["1425427200", "1425427200000", "/Date(1425427200000)/", "/Date(1425427200000+0800)/"] {
            assert_eq!(parse_instant(text), Ok(moment), "{text}");
        }
        assert_eq!(parse_date("/Date(-631180800000)/").map(|day| day.to_string()), Ok("1950-01-01".to_owned()));
        // A school code, a date with an hour, a phone number, and truncated forms.
        for text in ["1122000002", "2015030412", "13800001234", "/Date()/", "/Date(1425427200000", "/Date(1+08:00)/"] {
            assert!(parse_instant(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_day_survives_every_form(days in -25_567_i64..47_800) {
            let day = epoch_date() + chrono::Duration::days(days);
            for form in ["%Y-%m-%d", "%Y/%m/%d", "%Y.%-m.%-d", "%Y%m%d", "%Y年%-m月%-d日"] {
                prop_assert_eq!(parse_date(&day.format(form).to_string()), Ok(day));
            }
        }

        #[test]
        fn no_text_panics(text in any::<String>(), near in "[0-9年月日.:TZ+ -]{0,24}") {
            let _ = (parse_instant(&text), parse_month(&text), parse_date(&text));
            let _ = (parse_instant(&near), parse_month(&near), parse_date(&near));
        }
    }
}
