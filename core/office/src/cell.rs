//! Writes the content of a cell as JSON.
//!
//! A text is a JSON string. A number is a JSON number with the digits that a spreadsheet shows: at most fifteen, except
//! for longer whole numbers. Dates, times (`1:30:00`) and percentages (`85%`) are strings. A failed formula is
//! `{"error":"#N/A"}`. Any other formula is its last saved value.

use std::fmt::Write as _;

use calamine::{Data, DataRef, DataType, ExcelDateTime, ExcelDateTimeType};
use serde_json::json;

use crate::format::{NumberDisplay, write_date_part};

/// Number of significant digits that a spreadsheet keeps.
const DIGITS: usize = 15;
/// Serial numbers of dates from 1900-03-01 to the end of 9999-12-31. A serial outside this range is treated as a
/// number.
const DAYS: std::ops::Range<f64> = 61.0..2_958_466.0;

/// The content of a cell.
pub trait Cell {
    /// Appends the content as JSON. Returns false, and appends nothing, if the cell is empty.
    fn write_json(&self, out: &mut String) -> bool;
}

impl Cell for Data {
    fn write_json(&self, out: &mut String) -> bool {
        write_value(self, out)
    }
}

impl Cell for DataRef<'_> {
    fn write_json(&self, out: &mut String) -> bool {
        write_value(self, out)
    }
}

impl Cell for String {
    fn write_json(&self, out: &mut String) -> bool {
        write_text(self, out)
    }
}

fn write_value(value: &impl DataType, out: &mut String) -> bool {
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
    // Shortcut: most texts have nothing to escape.
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

/// Writes a time as hours, minutes and seconds, so that a fraction of a day is not mistaken for a number of hours.
fn write_clock(serial: f64, out: &mut String) {
    if !serial.is_finite() || serial.abs() >= DAYS.end {
        return write_number(serial, out);
    }
    // The check above bounds the value, so it cannot be truncated.
    #[allow(clippy::cast_possible_truncation)]
    let seconds = (serial * 86_400.0).round() as i64;
    let sign = if seconds < 0 { "-" } else { "" };
    let seconds = seconds.abs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let _ = write!(out, "\"{sign}{hours}:{minutes:02}:{seconds:02}\"");
}

/// A cell and how its number format shows it.
pub(crate) struct FormattedCell<'c, T> {
    pub(crate) value: &'c T,
    pub(crate) shown: &'c NumberDisplay,
    /// Whether the workbook counts its days from 1904.
    pub(crate) epoch_1904: bool,
}

impl<T: DataType> Cell for FormattedCell<'_, T> {
    fn write_json(&self, out: &mut String) -> bool {
        let Self { value, shown, epoch_1904 } = self;
        // An .ods file has its dates as text.
        if let (NumberDisplay::Words(words), Some(_)) = (shown, value.get_datetime_iso()) {
            return write_text(words, out);
        }
        let time = value.get_datetime();
        #[allow(clippy::cast_precision_loss, reason = "a spreadsheet keeps all its numbers as such")]
        let number = value.get_float().or_else(|| value.get_int().map(|whole| whole as f64));
        let Some(number) = number.or_else(|| time.map(|time| time.as_f64())) else { return write_value(*value, out) };
        write_shown(number, time, *epoch_1904, shown, out) || write_value(*value, out)
    }
}

/// Writes a number or a time as its format shows it. Returns false, and writes nothing, if it is shown as it is.
fn write_shown(
    number: f64,
    time: Option<ExcelDateTime>,
    epoch_1904: bool,
    shown: &NumberDisplay,
    out: &mut String,
) -> bool {
    match shown {
        NumberDisplay::Percent if time.is_none() && (number * 100.0).is_finite() => {
            out.push('"');
            write_number(number * 100.0, out);
            out.push_str("%\"");
        }
        // A value that includes a date is a point in time, even if only its time is shown.
        NumberDisplay::Clock if time.is_some() && (0.0..DAYS.start).contains(&number) => write_clock(number, out),
        NumberDisplay::DatePart(part) if DAYS.contains(&number) => {
            let time = time.unwrap_or_else(|| ExcelDateTime::new(number, ExcelDateTimeType::DateTime, epoch_1904));
            let (year, month, day, ..) = time.to_ymd_hms_milli();
            write_date_part(*part, [year, month.into(), day.into()], number, out);
        }
        NumberDisplay::Number { before, after, digits } if time.is_none() => {
            let mut text = String::new();
            write_number(number, &mut text);
            let (sign, plain) = text.strip_prefix('-').map_or(("", text.as_str()), |plain| ("-", plain));
            let zeros = if plain.bytes().all(|b| b.is_ascii_digit()) { digits.saturating_sub(plain.len()) } else { 0 };
            return write_text(&format!("{before}{sign}{}{plain}{after}", "0".repeat(zeros)), out);
        }
        NumberDisplay::Words(words) => return write_text(words, out),
        NumberDisplay::Choice(all) => {
            let chosen = all.iter().find(|(condition, _)| condition.holds(number));
            return chosen.is_some_and(|(_, shown)| write_shown(number, time, epoch_1904, shown, out));
        }
        _ => return false,
    }
    true
}

fn write_number(number: f64, out: &mut String) {
    let from = out.len();
    // Writing to a string cannot fail.
    let _ = write!(out, "{number}");
    if out.len() - from > DIGITS || !number.is_finite() {
        let shown = round_number(&out.split_off(from));
        out.push_str(&shown);
    }
}

/// Returns the decimal number that a spreadsheet shows for a binary one. Text that is not a number becomes a JSON
/// string.
fn round_number(text: &str) -> String {
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
    // Fifteen digits plus a carry cannot overflow.
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
    use super::*;

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
            assert_eq!(round_number(binary), shown);
        }
    }

    #[test]
    fn times_and_percentages_are_those_a_spreadsheet_shows() {
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

    #[test]
    fn numbers_are_written_as_their_format_shows_them() {
        for (value, code, shown) in [
            (8.0, "00000", "\"00008\""),
            (-8.0, "000", "\"-008\""),
            (1234.0, "00", "\"1234\""),
            (20.0, "0\"学时\"", "\"20学时\""),
            (0.85, "0%", "\"85%\""),
            (41_883.0, "yyyy-mm", "\"2014年9月\""),
            (41_883.0, "m\"月\"d\"日\"", "\"9月1日\""),
            (41_883.0, "aaaa", "\"星期一\""),
            (1.0, "[=1]\"是\";[=0]\"否\"", "\"是\""),
            (2.0, "[=1]\"是\";[=0]\"否\"", "2"),
            (12.5, "0.00", "12.5"),
        ] {
            let (mut out, value) = (String::new(), Data::Float(value));
            let shown_as = NumberDisplay::from_format_code(code);
            let cell = FormattedCell { value: &value, shown: &shown_as, epoch_1904: false };
            assert!(cell.write_json(&mut out));
            assert_eq!(out, shown, "{code}");
        }
    }

    #[test]
    fn a_month_is_counted_from_the_epoch_of_its_workbook() {
        let shown = NumberDisplay::from_format_code("yyyy\"年\"m\"月\"");
        for (serial, epoch_1904) in [(42_068.0, false), (40_606.0, true)] {
            let (mut out, value) = (String::new(), Data::Float(serial));
            assert!(FormattedCell { value: &value, shown: &shown, epoch_1904 }.write_json(&mut out));
            assert!(out.contains("2015"), "{out}");
        }
    }
}
