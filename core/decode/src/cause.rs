//! The cause of a problem: what many dead letters have in common that one correction helps.

use crate::problem::Problem;
use huiliu_values::{Responsible, Stage};

/// The most symbols of a shape.
const MAX_SHAPE: usize = 24;

/// What problems of one kind have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause {
    /// Where the record failed.
    pub stage: Stage,
    /// Stable code: field, dot, fault.
    pub code: String,
    /// The raw field that the value came from.
    pub source_field: String,
    /// The form of the value: `9` for digits, `a` for Latin letters, `字` for other letters, each for any number of them,
    /// and every other character for itself. Empty if there was no value.
    pub shape: String,
}

impl Cause {
    /// Returns the cause of a problem.
    #[must_use]
    pub fn of_problem(problem: &Problem) -> Self {
        Self {
            stage: find_stage(&problem.code),
            code: problem.code.clone(),
            source_field: problem.source_field.clone(),
            shape: find_shape(&problem.seen),
        }
    }
}

/// Returns where a record with this reason code failed.
#[must_use]
pub fn find_stage(code: &str) -> Stage {
    let (field, fault) = code.rsplit_once('.').unwrap_or((code, ""));
    match (field, fault) {
        ("layout" | "row" | "version", _) | ("record_key", "missing") | ("record", "awaits_replay") => Stage::Read,
        (_, "unknown" | "other_teacher" | "other_person" | "differs" | "shared") => Stage::Match,
        _ => Stage::Validate,
    }
}

/// Returns who can remove the cause that this reason code names.
#[must_use]
pub fn find_responsible(code: &str) -> Responsible {
    match code {
        "layout.other_header" | "row.parked" | "hours.unit" | "record.awaits_replay" => Responsible::Administrator,
        "record_key.other_person" | "id_number.other_teacher" | "former_id_number.other_teacher" => {
            Responsible::Administrator
        }
        // The roster lacks whom or what the row names, more often than the row is wrong.
        _ if code.ends_with(".unknown") => Responsible::Administrator,
        _ => Responsible::Institution,
    }
}

/// Returns the form of a value.
fn find_shape(seen: &str) -> String {
    let mut shape = String::new();
    let mut last = None;
    let mut symbols = 0;
    for character in seen.chars() {
        let symbol = match character {
            // Digits of ID and phone numbers are masked by `*`.
            c if c.is_numeric() || c == '*' => '9',
            c if c.is_ascii_alphabetic() => 'a',
            c if c.is_alphabetic() => '字',
            c if c.is_whitespace() => ' ',
            c => c,
        };
        if last == Some(symbol) {
            continue;
        }
        last = Some(symbol);
        if symbols == MAX_SHAPE {
            shape.push('…');
            break;
        }
        symbols += 1;
        shape.push(symbol);
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_a_symbol_for_each_kind_of_character() {
        let cases = [
            ("", ""),
            ("45分钟", "9字"),
            ("2024/13/45", "9/9/9"),
            ("22*************2X", "9a"),
            ("ICT-07 版", "a-9 字"),
            ("优秀++", "字+"),
            ("　", " "),
        ];
        for (seen, shape) in cases {
            assert_eq!(find_shape(seen), shape, "{seen}");
        }
        assert_eq!(find_shape(&"1-a.".repeat(20)).chars().count(), MAX_SHAPE + 1);
    }

    #[test]
    fn a_code_tells_stage_and_who_acts() {
        let of = |code| (find_stage(code), find_responsible(code));
        assert_eq!(of("layout.other_header"), (Stage::Read, Responsible::Administrator));
        assert_eq!(of("row.sum"), (Stage::Read, Responsible::Institution));
        assert_eq!(of("record.awaits_replay"), (Stage::Read, Responsible::Administrator));
        assert_eq!(of("record_key.missing"), (Stage::Read, Responsible::Institution));
        assert_eq!(of("record_key.other_person"), (Stage::Match, Responsible::Administrator));
        assert_eq!(of("school_code.unknown"), (Stage::Match, Responsible::Administrator));
        assert_eq!(of("score.total.range"), (Stage::Validate, Responsible::Institution));
        assert_eq!(of("hours.unit"), (Stage::Validate, Responsible::Administrator));
    }
}
