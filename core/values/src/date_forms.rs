//! Splits dates, as they are written, into year, month, day and time.

use crate::text::all_digits;

/// The parts of a date: year and month, optionally a day, and the text after them.
pub(super) struct Parts<'a> {
    /// The year as written, or completed from two digits.
    pub year: i32,
    /// The month as written.
    pub month: u32,
    /// The day as written.
    pub day: Option<u32>,
    /// The time of day, or empty.
    pub rest: &'a str,
}

/// Splits folded text in any of the known forms; returns `None` if it has none of them.
pub(super) fn split_date(text: &str) -> Option<Parts<'_>> {
    if text.contains('年') {
        return split_chinese_date(text);
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let piece = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
    let year = i32::try_from(piece(0, 4)?).ok()?;
    match digits.len() {
        4 => split_separated_date(year, rest),
        6 if rest.is_empty() => Some(Parts { year, month: piece(4, 6)?, day: None, rest }),
        8 => {
            let rest = strip_time_mark(rest)?;
            Some(Parts { year, month: piece(4, 6)?, day: piece(6, 8), rest })
        }
        14 if rest.is_empty() => {
            let rest = digits.get(8..)?;
            Some(Parts { year, month: piece(4, 6)?, day: piece(6, 8), rest })
        }
        _ => None,
    }
}

/// Splits the month and the optional day after a year of four digits. The separators `-`, `/` or `.` must be equal.
fn split_separated_date(year: i32, text: &str) -> Option<Parts<'_>> {
    let mark = text.chars().next().filter(|c| matches!(c, '-' | '/' | '.'))?;
    let (month, rest) = split_short_number(text.strip_prefix(mark)?)?;
    let Some(rest) = rest.strip_prefix(mark) else {
        return rest.is_empty().then_some(Parts { year, month, day: None, rest });
    };
    let (day, rest) = split_short_number(rest)?;
    Some(Parts { year, month, day: Some(day), rest: strip_time_mark(rest)? })
}

/// Returns the time after a day: empty, or the text after a `T` or a space.
fn strip_time_mark(rest: &str) -> Option<&str> {
    if rest.is_empty() {
        return Some(rest);
    }
    let time = rest.strip_prefix(['T', 't', ' '])?.trim_start();
    (!time.is_empty()).then_some(time)
}

/// Splits off a number of one or two digits. Returns `None` if there are more digits.
fn split_short_number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    (end <= 2).then_some((digits.parse().ok()?, rest))
}

/// Splits a year, month and optional day that precede 年, 月 and 日 (or 号), in ASCII or Chinese digits.
fn split_chinese_date(text: &str) -> Option<Parts<'_>> {
    let (year, rest) = text.split_once('年')?;
    let year = parse_chinese_year(year.trim())?;
    let (month, rest) = rest.split_once('月')?;
    let month = parse_chinese_number(month.trim())?;
    let rest = rest.trim_start();
    if matches!(rest, "" | "份") {
        return Some(Parts { year, month, day: None, rest: "" });
    }
    let (day, rest) = rest.split_once(['日', '号']).unwrap_or((rest, ""));
    Some(Parts { year, month, day: Some(parse_chinese_number(day.trim())?), rest: rest.trim_start() })
}

/// Returns the value of one Chinese or ASCII digit.
fn chinese_digit(c: char) -> Option<u32> {
    let value = match c {
        '〇' | '零' | '○' | '◯' | 'O' | 'o' => 0,
        '一' => 1,
        '二' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return c.to_digit(10),
    };
    Some(value)
}

/// Parses a year that is spelled digit by digit, with four digits or two.
fn parse_chinese_year(text: &str) -> Option<i32> {
    if text.len() == 4 && all_digits(text) {
        return text.parse().ok();
    }
    let digits: Vec<u32> = text.chars().map(chinese_digit).collect::<Option<_>>()?;
    let value = match digits.as_slice() {
        [a, b, c, d] => a * 1000 + b * 100 + c * 10 + d,
        [a, b] if a * 10 + b < 30 => 2000 + a * 10 + b,
        [a, b] => 1900 + a * 10 + b,
        _ => return None,
    };
    i32::try_from(value).ok()
}

/// Parses a month or day: `9`, `09`, `九`, `十`, `十一`, `二十`, `三十一`, or `元` for 1.
fn parse_chinese_number(text: &str) -> Option<u32> {
    if text == "元" {
        return Some(1);
    }
    if text.len() <= 2 && all_digits(text) {
        return text.parse().ok();
    }
    if let Some((tens, ones)) = text.split_once('十') {
        let tens = if tens.is_empty() { 1 } else { parse_chinese_digit(tens)? };
        let ones = if ones.is_empty() { 0 } else { parse_chinese_digit(ones)? };
        return Some(tens * 10 + ones);
    }
    parse_chinese_digit(text)
}

/// Returns the value of a text that is one Chinese digit.
fn parse_chinese_digit(text: &str) -> Option<u32> {
    let mut characters = text.chars();
    let digit = characters.next().and_then(chinese_digit)?;
    characters.next().is_none().then_some(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_months_and_days_are_written() {
        for (text, value) in
            [("9", 9), ("09", 9), ("九", 9), ("十", 10), ("十一", 11), ("二十", 20), ("三十一", 31), ("元", 1)]
        {
            assert_eq!(parse_chinese_number(text), Some(value), "{text}");
        }
        for bad in ["", "十十", "一二", "123", "月", "二十十"] {
            assert_eq!(parse_chinese_number(bad), None, "{bad}");
        }
    }

    #[test]
    fn years_of_two_and_four_digits() {
        assert_eq!(parse_chinese_year("二〇一四"), Some(2014));
        assert_eq!(parse_chinese_year("一四"), Some(2014));
        assert_eq!(parse_chinese_year("29"), Some(2029));
        assert_eq!(parse_chinese_year("30"), Some(1930));
        assert_eq!(parse_chinese_year("114"), None);
    }
}
