//! Folds the values of key fields, so that a file that was saved again names the same records: one day has one form,
//! one number has one form, and width, spaces and invisible characters do not matter.

use std::borrow::Cow;

use chrono::DateTime;

use huiliu_manifest::{Field, Stream};
use huiliu_values::calendar::shanghai_offset;
use huiliu_values::date::parse_instant;
use huiliu_values::text::{all_digits, fold_text, scale_decimal};

/// What a key field holds, as far as the manifest says it. Where a path is mapped to several fields, the first kind counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeyKind {
    /// A day, in any form that dates have, also as a spreadsheet's serial number.
    Day,
    /// A number.
    Number,
    /// Anything else. A text that can only be a day is a day; leading zeros matter.
    Text,
}

impl KeyKind {
    /// Returns the kind of the field at a path: that of the canonical field that is mapped from it.
    pub(crate) fn of_path(stream: &Stream, path: &str) -> Self {
        let mapped = stream.map.iter().filter(|(_, rule)| rule.paths().any(|of| of == path));
        mapped.map(|(field, _)| Self::of_field(*field)).min().unwrap_or(Self::Text)
    }

    /// Returns the kind of a canonical field.
    pub(crate) fn of_field(field: Field) -> Self {
        match field {
            Field::PeriodEnd | Field::PeriodStart | Field::BirthDate => Self::Day,
            Field::Hours
            | Field::ScoreTotal
            | Field::ScoreLearning
            | Field::ScoreActivity
            | Field::ScoreArtefact
            | Field::Attendance => Self::Number,
            _ => Self::Text,
        }
    }
}

/// Returns the form of a value that equal values share.
pub(crate) fn fold_key_value(text: Cow<'_, str>, kind: KeyKind) -> Cow<'_, str> {
    if is_plain_text(&text) && kind == KeyKind::Text {
        return text;
    }
    let folded = remove_loose_spaces(&fold_text(&text));
    let value = match kind {
        KeyKind::Day => format_day(&folded),
        KeyKind::Number => scale_decimal(&folded, 1, 1),
        KeyKind::Text if looks_like_day(&folded) => format_day(&folded).or_else(|| drop_zero_decimals(&folded)),
        KeyKind::Text => drop_zero_decimals(&folded),
    };
    Cow::Owned(value.unwrap_or(folded))
}

/// Whether nothing can be folded: only letters, digits and a few signs, and not the form of a day or a decimal number.
fn is_plain_text(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'/');
    text.bytes().all(plain) && !looks_like_day(text)
}

/// Whether a text begins as a day with separators does: a year, then a separator and a digit.
fn looks_like_day(text: &str) -> bool {
    let Some((year, rest)) = text.split_at_checked(4) else { return false };
    let century = year.starts_with("19") || year.starts_with("20");
    let rest = rest.strip_prefix(['-', '/', '.', '年']);
    century && all_digits(year) && rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Formats a day as YYYY-MM-DD, and a moment of a day as its number of microseconds since 1970. Returns `None` if the
/// text is neither.
fn format_day(text: &str) -> Option<String> {
    let instant = parse_instant(text).ok()?;
    let local = DateTime::from_timestamp_micros(instant)?.with_timezone(&shanghai_offset()?).naive_local();
    let is_midnight = local.time() == chrono::NaiveTime::MIN;
    Some(if is_midnight { local.date().to_string() } else { format!("@{instant}") })
}

/// Writes a whole number with zeros after the point, such as 20.0, without them.
fn drop_zero_decimals(text: &str) -> Option<String> {
    let (whole, zeros) = text.split_once('.')?;
    let is_whole = all_digits(whole) && !zeros.is_empty() && zeros.bytes().all(|b| b == b'0');
    is_whole.then(|| whole.to_owned())
}

/// Removes spaces beside characters that are not ASCII, and leaves one space between others.
fn remove_loose_spaces(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    folded.extend(words.next());
    for word in words {
        let between_ascii = folded.ends_with(|c: char| c.is_ascii()) && word.starts_with(|c: char| c.is_ascii());
        if between_ascii {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(text: &str, kind: KeyKind) -> String {
        fold_key_value(Cow::Borrowed(text), kind).into_owned()
    }

    #[test]
    fn equal_values_have_one_form() {
        for (kind, forms) in [
            (
                KeyKind::Day,
                ["2015-03-01", "2015/3/1", "42064", "2015年3月1日", "20150301", "2015-03-01 00:00:00"].as_slice(),
            ),
            (KeyKind::Text, &["2015-03-01", "2015/3/1", "２０１５.3.1", "2015-03-01T00:00:00+08:00"]),
            (KeyKind::Number, &["20", "20.0", "020", "２０．００"]),
            (KeyKind::Text, &["20", "20.0", "20.00"]),
            (KeyKind::Text, &["2015", "2015.0"]),
            (KeyKind::Text, &["课堂导入", "课堂 导入", "课堂导入\u{200B}", "\u{FEFF}课堂\u{3000}导入"]),
            (KeyKind::Text, &["素材（上）", "素材(上)", "素材 (上)"]),
            (KeyKind::Text, &["Word 2010", "Word  2010", "Ｗord\u{A0}2010"]),
        ] {
            let folded: Vec<String> = forms.iter().map(|form| fold(form, kind)).collect();
            assert!(folded.iter().all(|form| *form == folded[0]), "{forms:?}: {folded:?}");
        }
    }

    #[test]
    fn other_values_stay_apart() {
        for (kind, one, other) in [
            (KeyKind::Text, "007", "7"),
            (KeyKind::Text, "C-01", "C-1"),
            (KeyKind::Text, "3.1", "3.10"),
            (KeyKind::Text, "1 23", "12 3"),
            (KeyKind::Text, "42064", "2015-03-01"),
            (KeyKind::Text, "a", "A"),
            (KeyKind::Day, "2015-03-01", "2015-03-01 10:00"),
            (KeyKind::Text, "上册", "下册"),
        ] {
            assert_ne!(fold(one, kind), fold(other, kind), "{one} {other}");
        }
    }
}
