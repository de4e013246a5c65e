//! Finds ID numbers that stand anywhere in a text, such as in the name of a file.

use std::ops::Range;

use crate::id_number::IdNumber;
use crate::text::to_half_width;

/// Digits of an ID number.
const LONG: usize = 18;
/// Digits of an ID number from before 1999.
const SHORT: usize = 15;

/// A digit, or an X, of a text.
#[derive(Clone, Copy)]
struct Mark {
    at: usize,
    end: usize,
    as_ascii: char,
}

/// Returns the valid ID numbers in a text and where they stand, from left to right. Eighteen characters are found within a
/// longer run of digits too, because their check character proves them; fifteen digits only if no other digit stands beside
/// them. Spaces and hyphens between digits do not hide a number.
#[must_use]
pub fn find_id_numbers(text: &str) -> Vec<(Range<usize>, IdNumber)> {
    // Most texts have too few digits. A full-width one begins with this byte.
    let may_count = |byte: &u8| byte.is_ascii_digit() || *byte == 0xEF;
    if text.len() < SHORT || text.bytes().filter(may_count).count() < SHORT {
        return vec![];
    }
    let mut found = vec![];
    let mut run: Vec<Mark> = vec![];
    for (at, given) in text.char_indices() {
        let as_ascii = to_half_width(given).to_ascii_uppercase();
        if as_ascii.is_ascii_digit() || as_ascii == 'X' && !run.is_empty() {
            run.push(Mark { at, end: at + given.len_utf8(), as_ascii });
        } else if !matches!(given, ' ' | '-' | '\u{A0}' | '\u{3000}') {
            search_run(&run, &mut found);
            run.clear();
        }
    }
    search_run(&run, &mut found);
    found
}

fn search_run(run: &[Mark], found: &mut Vec<(Range<usize>, IdNumber)>) {
    let mut from = 0;
    while let Some(window) = run.get(from..from + LONG) {
        match parse_marks(window) {
            Some(number) => {
                found.push(number);
                from += LONG;
            }
            None => from += 1,
        }
    }
    // What has no check character must stand alone.
    let is_apart = |one: &Mark, other: &Mark| one.end != other.at;
    for piece in run.chunk_by(|one, other| !is_apart(one, other)).filter(|piece| piece.len() == SHORT) {
        let is_known = |mark: &Mark| found.iter().any(|(range, _)| range.contains(&mark.at));
        if !piece.iter().any(is_known) {
            found.extend(parse_marks(piece));
        }
    }
    found.sort_by_key(|(range, _)| range.start);
}

fn parse_marks(marks: &[Mark]) -> Option<(Range<usize>, IdNumber)> {
    let (first, last) = (marks.first()?, marks.last()?);
    let digits = &marks[..marks.len() - 1];
    if !first.as_ascii.is_ascii_digit() || digits.iter().any(|mark| mark.as_ascii == 'X') {
        return None;
    }
    // Cheap before the whole check: no month has a digit above 1 before its last.
    let month = if marks.len() == LONG { 10 } else { 8 };
    if !matches!(marks.get(month)?.as_ascii, '0' | '1') {
        return None;
    }
    let text: String = marks.iter().map(|mark| mark.as_ascii).collect();
    Some((first.at..last.end, IdNumber::parse(&text).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        find_id_numbers(text).into_iter().map(|(range, _)| &text[range]).collect()
    }

    #[test]
    fn numbers_are_found_wherever_they_stand() {
        const ID: &str = "22010219590911001X";
        for (text, expected) in [
            (ID, vec![ID]),
            ("王一_22010219590911001X.csv", vec![ID]),
            ("P22010219590911001x", vec!["22010219590911001x"]),
            ("20260301220381197001011228", vec!["220381197001011228"]),
            ("220381197001011228222401198010102228", vec!["220381197001011228", "222401198010102228"]),
            ("号２２０１０２１９５９０９１１００１Ｘ", vec!["２２０１０２１９５９０９１１００１Ｘ"]),
            ("220102 19590911-001X", vec!["220102 19590911-001X"]),
            ("a 220102590911001 b", vec!["220102590911001"]),
            ("{\"no\":220381197001011228}", vec!["220381197001011228"]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn other_numbers_are_left() {
        for text in [
            "220381197001011229",
            "2201025909110012",
            "1220102590911001",
            "220102********001X",
            "2026-03-01 12:30:00 2026-03-02",
            "1796123970991874666",
            "XXXXXXXXXXXXXXXXXXXX",
            "",
        ] {
            assert_eq!(found(text), Vec::<&str>::new(), "{text}");
        }
    }
}
