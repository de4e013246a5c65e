//! Amounts of training time as texts write them: a number and its unit, such as `2天`, `半天`, `1小时30分` or `PT1H30M`.

use huiliu_values::text::{all_digits, fold_text};

use crate::mapping::Unit;

/// Length of the longest text that may be an amount, in bytes.
const MAX_TEXT: usize = 100;

/// An amount of training time, in the unit that its text states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedAmount {
    /// The number, as plain decimal text.
    pub number: String,
    /// The unit; `None` if the text is a number alone.
    pub unit: Option<Unit>,
}

impl StatedAmount {
    fn new(number: impl Into<String>, unit: Unit) -> Self {
        Self { number: number.into(), unit: Some(unit) }
    }
}

/// Returns the unit that a word names.
#[must_use]
pub fn unit_of_word(word: &str) -> Option<Unit> {
    let word: String = word.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    Some(match word.as_str() {
        "分钟" | "分" | "min" | "mins" | "minute" | "minutes" | "m" | "minutely" | "fz" => Unit::Minute,
        "学时" | "课时" | "个学时" | "个课时" | "节" | "节课" | "classhour" | "classhours" | "period" | "periods"
        | "xs" => Unit::ClassHour,
        "小时" | "时" | "h" | "hour" | "hours" | "hr" | "hrs" | "个小时" => Unit::Hour,
        "秒" | "s" | "sec" | "secs" | "second" | "seconds" | "秒钟" => Unit::Second,
        "半天" | "半日" | "halfday" | "halfdays" | "个半天" => Unit::HalfDay,
        "天" | "日" | "day" | "days" | "d" | "工作日" | "个工作日" => Unit::Day,
        "学分" | "credit" | "credits" | "个学分" => Unit::Credit,
        _ => return None,
    })
}

/// Removes a unit behind a plain number, if it is this one: `20学时`. Another unit stays, so that the text is no number.
#[must_use]
pub fn strip_unit<'t>(text: &'t str, unit: &str) -> &'t str {
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return text;
    }
    let trimmed = text.trim();
    let end = trimmed
        .rfind(|c: char| c.is_numeric() || c == '.')
        .map_or(0, |at| at + trimmed.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8));
    match trimmed.split_at_checked(end) {
        Some((number, word)) if end > 0 && unit_of_word(word).is_some_and(|of| of.as_str() == unit) => number,
        _ => text,
    }
}

/// Parses an amount with the unit that its text states, in digits or Chinese numerals: `2天`, `2天半`, `半天`, `一个半小时`,
/// `1小时30分`, and durations of ISO 8601 in hours, minutes and seconds. Days and longer parts of such a duration are
/// calendar days, which are no training time, so that a text with them gives `None`.
#[must_use]
pub fn parse_amount(text: &str) -> Option<StatedAmount> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let folded = fold_text(text);
    let text: String = folded.chars().filter(|c| *c != ' ').collect();
    if text.starts_with(['P', 'p']) {
        return parse_iso_duration(&text);
    }
    let (number, rest) = split_number(&text)?;
    match number {
        Some(number) if rest.is_empty() => Some(StatedAmount { number, unit: None }),
        _ => parse_one_unit(number.as_deref(), rest).or_else(|| parse_clock_units(&text)),
    }
}

/// Splits a text into the number that it begins with and what follows.
fn split_number(text: &str) -> Option<(Option<String>, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    if end > 0 {
        let (number, rest) = text.split_at_checked(end)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        return (all_digits(whole) && all_digits(fraction)).then(|| (Some(number.to_owned()), rest));
    }
    let end = text.find(|c: char| digit_of(c).is_none() && c != '十').unwrap_or(text.len());
    let (numeral, rest) = text.split_at_checked(end)?;
    if numeral.is_empty() { Some((None, rest)) } else { Some((Some(read_numeral(numeral)?.to_string()), rest)) }
}

fn digit_of(c: char) -> Option<u32> {
    Some(match c {
        '零' | '〇' => 0,
        '一' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

/// Reads a Chinese numeral below one hundred: 三, 十二, 二十, 四十五.
fn read_numeral(numeral: &str) -> Option<u32> {
    let digit = |text: &str| {
        let mut chars = text.chars();
        digit_of(chars.next()?).filter(|_| chars.next().is_none())
    };
    match numeral.split_once('十') {
        None => digit(numeral),
        Some((tens, ones)) => {
            let tens = if tens.is_empty() { 1 } else { digit(tens).filter(|tens| *tens > 0)? };
            let ones = if ones.is_empty() { 0 } else { digit(ones).filter(|ones| *ones > 0)? };
            Some(tens * 10 + ones)
        }
    }
}

/// Parses what follows a number as one unit, with a half before or behind it.
fn parse_one_unit(number: Option<&str>, rest: &str) -> Option<StatedAmount> {
    let bare = rest.strip_prefix('个').unwrap_or(rest);
    if matches!(bare, "半天" | "半日") {
        return Some(StatedAmount::new(number.unwrap_or("1"), Unit::HalfDay));
    }
    if let Some(unit) = bare.strip_prefix('半').and_then(unit_of_word) {
        return Some(StatedAmount::new(add_half(number.unwrap_or("0"))?, unit));
    }
    let number = number?;
    match rest.strip_suffix('半').and_then(unit_of_word) {
        Some(unit) => Some(StatedAmount::new(add_half(number)?, unit)),
        None => Some(StatedAmount::new(number, unit_of_word(rest)?)),
    }
}

/// Adds one half to a whole number.
fn add_half(number: &str) -> Option<String> {
    all_digits(number).then(|| format!("{number}.5"))
}

/// Parses hours, minutes and seconds one after the other: `1小时30分`, `90分30秒`.
fn parse_clock_units(text: &str) -> Option<StatedAmount> {
    let (mut rest, mut parts, mut last) = (text, [0_u64; 3], None);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, behind) = rest.split_at_checked(digits)?;
        let end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (word, after) = behind.split_at_checked(end)?;
        let place = match unit_of_word(word)? {
            Unit::Hour => 0,
            Unit::Minute => 1,
            Unit::Second => 2,
            _ => return None,
        };
        // Each unit once, and the longer one first.
        if last.is_some_and(|last| place <= last) {
            return None;
        }
        (*parts.get_mut(place)?, last, rest) = (short_number(number)?, Some(place), after);
    }
    last.and_then(|_| add_clock_parts(parts))
}

fn short_number(digits: &str) -> Option<u64> {
    digits.parse().ok().filter(|_| digits.len() <= 6)
}

/// Adds hours, minutes and seconds up in the longest unit that holds them exactly as a decimal number.
fn add_clock_parts([hours, minutes, seconds]: [u64; 3]) -> Option<StatedAmount> {
    let all_minutes = hours * 60 + minutes + seconds / 60;
    let seconds = seconds % 60;
    Some(match (minutes, seconds) {
        (_, seconds) if seconds % 3 != 0 => StatedAmount::new((all_minutes * 60 + seconds).to_string(), Unit::Second),
        (0, 0) if all_minutes == hours * 60 && hours > 0 => StatedAmount::new(hours.to_string(), Unit::Hour),
        (_, 0) => StatedAmount::new(all_minutes.to_string(), Unit::Minute),
        // Three seconds are five hundredths of a minute.
        (_, seconds) => StatedAmount::new(format!("{all_minutes}.{:02}", seconds / 3 * 5), Unit::Minute),
    })
}

/// Parses a duration of ISO 8601 that has no calendar part: `PT45M`, `PT1H30M`, `PT1.5H`.
fn parse_iso_duration(text: &str) -> Option<StatedAmount> {
    let upper = text.to_ascii_uppercase();
    let mut rest = upper.strip_prefix("PT").filter(|rest| !rest.is_empty())?;
    // A single part may have a fraction.
    if let Some((number, unit)) = rest.split_at_checked(rest.len() - 1)
        && number.contains('.')
        && let Some((Some(number), "")) = split_number(number)
    {
        return Some(StatedAmount::new(number, designator_unit(unit)?));
    }
    let mut parts = [0_u64; 3];
    for (part, designator) in parts.iter_mut().zip(['H', 'M', 'S']) {
        if let Some((number, after)) = rest.split_once(designator) {
            if !all_digits(number) {
                return None;
            }
            (*part, rest) = (short_number(number)?, after);
        }
    }
    if rest.is_empty() { add_clock_parts(parts) } else { None }
}

fn designator_unit(letter: &str) -> Option<Unit> {
    Some(match letter {
        "H" => Unit::Hour,
        "M" => Unit::Minute,
        "S" => Unit::Second,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(String, Option<&'static str>)> {
        parse_amount(text).map(|amount| (amount.number, amount.unit.map(Unit::as_str)))
    }

    #[test]
    fn amounts_have_the_unit_of_their_text() {
        for (text, number, unit) in [
            ("2天", "2", "day"),
            ("２ 天", "2", "day"),
            ("一天", "1", "day"),
            ("两天半", "2.5", "day"),
            ("半天", "1", "half_day"),
            ("一个半天", "1", "half_day"),
            ("3个半天", "3", "half_day"),
            ("十二学时", "12", "class_hour"),
            ("10学时", "10", "class_hour"),
            ("1.5小时", "1.5", "hour"),
            ("一个半小时", "1.5", "hour"),
            ("半小时", "0.5", "hour"),
            ("1小时30分钟", "90", "minute"),
            ("2小时", "2", "hour"),
            ("1小时0分3秒", "60.05", "minute"),
            ("1分1秒", "61", "second"),
            ("45min", "45", "minute"),
            ("PT1H30M", "90", "minute"),
            ("PT2H", "2", "hour"),
            ("pt45m", "45", "minute"),
            ("PT1.5H", "1.5", "hour"),
            ("PT90S", "1.50", "minute"),
            ("二十五分", "25", "minute"),
        ] {
            assert_eq!(parsed(text), Some((number.to_owned(), Some(unit))), "{text}");
        }
        assert_eq!(parsed("12.5"), Some(("12.5".to_owned(), None)));
        for text in [
            "",
            "P2D",
            "P1DT2H",
            "PT",
            "P",
            "PT5",
            "PT1M1H",
            "天",
            "2周",
            "约2天",
            "2天左右",
            "1.2.3天",
            "-2天",
            "半",
            "2分1时",
            "十十天",
            "PT-1H",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_own_unit_is_stripped() {
        for (text, unit, stripped) in [
            ("20学时", "class_hour", "20"),
            (" 20 课时 ", "class_hour", "20"),
            ("90分", "minute", "90"),
            ("2日", "day", "2"),
            ("1.5h", "hour", "1.5"),
            ("2天", "class_hour", "2天"),
            ("学时", "class_hour", "学时"),
            ("20", "class_hour", "20"),
        ] {
            assert_eq!(strip_unit(text, unit), stripped, "{text}");
        }
    }
}
