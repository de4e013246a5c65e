//! What stands in a cell, as JSON.
//!
//! A text is a JSON string, a number is a JSON number with the digits a spreadsheet shows (fifteen at most, but for
//! whole numbers that have more), a day is its text, so is a time (`1:30:00`) and a percentage (`85%`), what a formula could not give is `{"error":"#N/A"}`. A formula is
//! its value as it was last saved.

use std::fmt::Write as _;

use calamine::{Data, DataRef, DataType, ExcelDateTime};
use serde_json::json;

/// Digits a spreadsheet keeps of a number.
const DIGITS: usize = 15;
/// Serials from 1900-03-01 to the end of 9999-12-31: what is outside is a number to us.
const DAYS: std::ops::Range<f64> = 61.0..2_958_466.0;

/// What stands in a cell.
pub trait Cell {
    /// Appends it as JSON; false, and nothing, where the cell is empty.
    fn write_json(&self, out: &mut String) -> bool;
}

impl Cell for Data {
    fn write_json(&self, out: &mut String) -> bool {
        write(self, out)
    }
}

impl Cell for DataRef<'_> {
    fn write_json(&self, out: &mut String) -> bool {
        write(self, out)
    }
}

impl Cell for String {
    fn write_json(&self, out: &mut String) -> bool {
        write_text(self, out)
    }
}

fn write(value: &impl DataType, out: &mut String) -> bool {
    let text = value.get_string().or_else(|| value.get_datetime_iso()).or_else(|| value.get_duration_iso());
    if let Some(text) = text {
        return write_text(text, out);
    }
    if let Some(number) = value.get_float() {
        write_number(number, out);
    } else if let Some(number) = value.get_int() {
        out.push_str(&number.to_string());
    } else if let Some(truth) = value.get_bool() {
        out.push_str(&truth.to_string());
    } else if let Some(error) = value.get_error() {
        out.push_str(&json!({ "error": error.to_string() }).to_string());
    } else if let Some(time) = value.get_datetime() {
        write_time(time, out);
    } else {
        return false;
    }
    true
}

fn write_text(text: &str, out: &mut String) -> bool {
    // Most texts have nothing to escape.
    if text.bytes().any(|b| b < b' ' || b == b'"' || b == b'\\') {
        out.push_str(&json!(text).to_string());
    } else if !text.is_empty() {
        out.extend(["\"", text, "\""]);
    }
    !text.is_empty()
}

fn write_time(time: ExcelDateTime, out: &mut String) {
    let serial = time.as_f64();
    if time.is_duration() || (0.0..1.0).contains(&serial) {
        return write_clock(serial, out);
    }
    if !DAYS.contains(&serial) {
        return write_number(serial, out);
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let clock =
        if (hour, minute, second) == (0, 0, 0) { String::new() } else { format!(" {hour:02}:{minute:02}:{second:02}") };
    out.push_str(&format!("\"{year:04}-{month:02}-{day:02}{clock}\""));
}

/// A time as hours, minutes and seconds: part of a day must not pass for a number of hours.
fn write_clock(serial: f64, out: &mut String) {
    if !serial.is_finite() || serial.abs() >= DAYS.end {
        return write_number(serial, out);
    }
    // Bounded above: this cannot be cut.
    #[allow(clippy::cast_possible_truncation)]
    let seconds = (serial * 86_400.0).round() as i64;
    let sign = if seconds < 0 { "-" } else { "" };
    let seconds = seconds.abs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let _ = write!(out, "\"{sign}{hours}:{minutes:02}:{seconds:02}\"");
}

/// What the number format of a cell makes of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    AsItIs,
    Percent,
    /// A time without a day.
    Clock,
}

impl Shown {
    /// Under a format code, as `0.0%` or `h:mm`.
    pub(crate) fn of(code: &str) -> Self {
        let (mut letters, mut is_quoted, mut is_escaped, mut is_within) = (String::new(), false, false, false);
        for c in code.chars() {
            match c {
                _ if is_escaped => is_escaped = false,
                '"' => is_quoted = !is_quoted,
                _ if is_quoted => {}
                '\\' | '_' | '*' => is_escaped = true,
                '[' => is_within = true,
                ']' => is_within = false,
                ';' => break,
                _ if !is_within => letters.extend(c.to_lowercase()),
                _ => {}
            }
        }
        if letters.contains('%') {
            Self::Percent
        } else if letters.contains(['h', 's']) && !letters.contains(['y', 'd']) {
            Self::Clock
        } else {
            Self::AsItIs
        }
    }
}

/// A cell with what its format makes of it.
pub(crate) struct Formatted<'c, 'd>(pub(crate) &'c DataRef<'d>, pub(crate) Shown);

impl Cell for Formatted<'_, '_> {
    fn write_json(&self, out: &mut String) -> bool {
        let Self(value, shown) = self;
        match (shown, value.get_float(), value.get_datetime()) {
            (Shown::Percent, Some(number), _) if (number * 100.0).is_finite() => {
                out.push('"');
                write_number(number * 100.0, out);
                out.push_str("%\"");
                true
            }
            // With a day it is a moment, of which only the time is shown.
            (Shown::Clock, _, Some(time)) if (0.0..DAYS.start).contains(&time.as_f64()) => {
                write_clock(time.as_f64(), out);
                true
            }
            _ => write(*value, out),
        }
    }
}

fn write_number(number: f64, out: &mut String) {
    let from = out.len();
    // Writing to a string cannot fail.
    let _ = write!(out, "{number}");
    if out.len() - from > DIGITS || !number.is_finite() {
        let shown = number_of(&out.split_off(from));
        out.push_str(&shown);
    }
}

/// The number that a spreadsheet shows for a binary one; what is no number at all stays text.
fn number_of(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole.trim_start_matches('-')) || !digits(fraction) {
        return json!(text).to_string();
    }
    let before = whole.trim_start_matches(['-', '0']).len();
    let kept = DIGITS.saturating_sub(before);
    let (Some(shown), Some(next)) = (fraction.get(..kept), fraction.as_bytes().get(kept)) else {
        return text.to_owned();
    };
    // At most fifteen digits and one carried: this cannot overflow.
    let rounded = format!("{}{shown}", whole.trim_start_matches('-')).parse::<u128>().unwrap_or(0);
    let rounded = rounded + u128::from(*next >= b'5');
    let padded = format!("{rounded:0width$}", width = kept + 1);
    let (whole_part, fraction) = padded.split_at(padded.len() - kept);
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{whole_part}") } else { format!("{sign}{whole_part}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::{Shown, number_of, write_clock, write_number};

    #[test]
    fn numbers_are_those_a_spreadsheet_shows() {
        for (binary, shown) in [
            ("2.5", "2.5"),
            ("0.30000000000000004", "0.3"),
            ("-1.9999999999999998", "-2"),
            ("41893", "41893"),
            ("12345678901234.5678", "12345678901234.6"),
            ("110105194912310020", "110105194912310020"),
            ("NaN", "\"NaN\""),
        ] {
            assert_eq!(number_of(binary), shown);
        }
    }

    #[test]
    fn formats_of_percentages_and_times_are_known() {
        for (code, shown) in [
            ("0%", Shown::Percent),
            ("0.00%;[Red]-0.00%", Shown::Percent),
            ("0\"%\"", Shown::AsItIs),
            ("0\\%", Shown::AsItIs),
            ("General", Shown::AsItIs),
            ("h:mm", Shown::Clock),
            ("[$-804]h:mm:ss AM/PM", Shown::Clock),
            ("mm:ss", Shown::Clock),
            ("yyyy-mm-dd h:mm", Shown::AsItIs),
            ("yyyy\"年\"m\"月\"d\"日\"", Shown::AsItIs),
        ] {
            assert_eq!(Shown::of(code), shown, "{code}");
        }
        let clock = |serial: f64| {
            let mut out = String::new();
            write_clock(serial, &mut out);
            out
        };
        assert_eq!([0.0625, 1.5, 0.999_999_9].map(clock), ["\"1:30:00\"", "\"36:00:00\"", "\"24:00:00\""]);
        let mut out = String::new();
        write_number(0.07 * 100.0, &mut out);
        assert_eq!(out, "7");
    }
}
