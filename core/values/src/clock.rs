//! Parses the time of day and the zone in date-time text.

use crate::text::all_digits;

/// Microseconds in a second.
pub(super) const SECOND: i64 = 1_000_000;

/// Microseconds in a day.
pub(super) const DAY: i64 = 86_400 * SECOND;

/// Microseconds that the time in China (+08:00) is ahead of UTC.
pub(super) const CHINA: i64 = 8 * 3_600 * SECOND;

/// Why a text is not a time of day.
#[derive(Debug, PartialEq)]
pub(super) enum ClockError {
    /// The text does not have the form of a time of day.
    Form,
    /// The text has the form of a time of day, but there is no such time.
    Impossible,
}

/// Returns the microseconds between midnight UTC of the stated day and the stated time. A time without a zone is in
/// +08:00; an empty text is midnight in +08:00. Digits beyond microseconds are dropped.
pub(super) fn parse_micros_since_midnight(text: &str) -> Result<i64, ClockError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(-CHINA);
    }
    let (time, ahead) = split_zone(text)?;
    Ok(parse_time_of_day(time.trim_end())? - ahead)
}

/// Splits off the zone. Returns the time and the zone's offset from UTC in microseconds.
fn split_zone(text: &str) -> Result<(&str, i64), ClockError> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Ok((time, 0));
    }
    let Some(at) = text.rfind(['+', '-', '\u{2212}']) else {
        return Ok((text, CHINA));
    };
    let (time, zone) = text.split_at(at);
    let digits = zone.trim_start_matches(['+', '-', '\u{2212}']);
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        None if digits.len() == 4 => digits.split_at_checked(2).ok_or(ClockError::Form)?,
        None => (digits, "00"),
        Some(_) => return Err(ClockError::Form),
    };
    let ahead = (parse_two_digits(hours)? * 60 + parse_two_digits(minutes)?) * 60 * SECOND;
    if parse_two_digits(hours)? > 18 || parse_two_digits(minutes)? > 59 {
        return Err(ClockError::Impossible);
    }
    Ok((time, if zone.starts_with('+') { ahead } else { -ahead }))
}

/// Returns the microseconds since midnight of `10:30`, `10:30:05.25`, `103005`, `1030` or `10时30分5秒`.
fn parse_time_of_day(text: &str) -> Result<i64, ClockError> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) if all_digits(fraction) => (clock, fraction),
        Some(_) => return Err(ClockError::Form),
        None => (text, ""),
    };
    let parts: Vec<&str> = if all_digits(clock) {
        let parts = [clock.get(..2), clock.get(2..4), clock.get(4..6)];
        if !matches!(clock.len(), 4 | 6) {
            return Err(ClockError::Form);
        }
        parts.into_iter().flatten().collect()
    } else if clock.contains('时') {
        clock.trim_end_matches(['分', '秒']).split(['时', '分']).map(str::trim).collect()
    } else {
        clock.split(':').collect()
    };
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] if fraction.is_empty() => (*hour, *minute, "0"),
        [hour, minute, second] => (*hour, *minute, *second),
        _ => return Err(ClockError::Form),
    };
    let (hour, minute, second) = (parse_two_digits(hour)?, parse_two_digits(minute)?, parse_two_digits(second)?);
    if hour > 23 || minute > 59 || second > 59 {
        return Err(ClockError::Impossible);
    }
    let micros = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(6)
        .fold(0_i64, |value, digit| value * 10 + i64::from(digit.saturating_sub(b'0')));
    Ok(((hour * 60 + minute) * 60 + second) * SECOND + micros)
}

/// Parses one or two digits.
fn parse_two_digits(text: &str) -> Result<i64, ClockError> {
    if text.len() > 2 || !all_digits(text) {
        return Err(ClockError::Form);
    }
    text.parse().map_err(|_| ClockError::Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_zones() {
        let ten_thirty = (10 * 60 + 30) * 60 * SECOND;
        for (text, expected) in [
            ("", -CHINA),
            ("10:30", ten_thirty - CHINA),
            ("10:30:00Z", ten_thirty),
            ("10:30:00.000001999+00:00", ten_thirty + 1),
            ("103000 +0800", ten_thirty - CHINA),
            ("10时30分", ten_thirty - CHINA),
            ("10时30分00秒", ten_thirty - CHINA),
            ("10:30-08", ten_thirty + CHINA),
        ] {
            assert_eq!(parse_micros_since_midnight(text), Ok(expected), "{text}");
        }
        for bad in ["10", "10:3x", "10:30+8:0", "1:2:3:4", "10:30.5", "上午", "+08:00"] {
            assert_eq!(parse_micros_since_midnight(bad), Err(ClockError::Form), "{bad}");
        }
        for bad in ["24:00", "10:60", "10:30:60", "10:30+19:00"] {
            assert_eq!(parse_micros_since_midnight(bad), Err(ClockError::Impossible), "{bad}");
        }
    }
}
