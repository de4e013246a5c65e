//! Written forms of people and courses: variants with the same meaning, and faults.

use crate::World;
use crate::facts::{Facts, Stream};
use crate::fault::Fault;
use crate::people::{Person, check_digit, with_check_digit};

/// Separators between the parts of a name other than a plain U+00B7.
const SEPARATORS: [&str; 10] =
    [" · ", "\u{2022}", "\u{2027}", "\u{30FB}", "\u{FF0E}", "\u{FF65}", ".", "\u{387}", "\u{22C5}", "\u{2022} "];
/// Maximum lengths of fields, in characters.
const LONGEST_NAME: usize = 50;
const LONGEST_CODE: usize = 50;
const LONGEST_TITLE: usize = 100;

impl World {
    /// Returns the ID number in the form that the platform sends, or "" if it is missing.
    pub(crate) fn id_text(&self, facts: &Facts, person: &Person) -> String {
        let id = person.id_number.as_str();
        let chance = self.roll(facts.stream.stream_purpose(50), facts.index);
        let fault = facts.faults.iter().find_map(|fault| faulty_id(*fault, id, chance));
        if let Some(text) = fault {
            return text;
        }
        match chance % 100 {
            0..3 => full_width(id),
            3..5 => format!(" {id}  "),
            5..7 => format!("\u{A0}{id}\u{3000}"),
            7..10 => format!("{}{}", &id[..6], &id[8..17]),
            10..30 if id.ends_with('X') => id.to_lowercase(),
            // Cyrillic, from people with that keyboard layout.
            30..34 if id.ends_with('X') => id.replace('X', "\u{425}"),
            34..36 if id.ends_with('X') => id.replace('X', "\u{445}"),
            36..46 if matches!(facts.stream, Stream::Cmcc | Stream::Lego) => format!("'{id}"),
            _ => id.to_owned(),
        }
    }

    /// Returns the name in the form that the platform sends, or "" if it is missing.
    pub(crate) fn name_text(&self, facts: &Facts, person: &Person) -> String {
        let chance = self.roll(facts.stream.stream_purpose(51), facts.index);
        let name = facts.other_name.as_deref().unwrap_or(&person.name);
        if facts.has_fault(Fault::NameMissing) {
            return ["", "  ", "\u{3000}", "\u{A0}"][(chance % 4) as usize].to_owned();
        }
        if facts.has_fault(Fault::NameLength) {
            // The whole class in one field.
            return repeat_until_too_long(LONGEST_NAME, "、", |nth| {
                self.people.name((facts.person + nth) % self.persons())
            });
        }
        let mut characters: Vec<char> = name.chars().collect();
        if facts.has_fault(Fault::NameCharacter) {
            if let Some(last) = characters.last_mut() {
                *last = ['?', '3', '\u{FFFD}', '？'][(chance % 4) as usize];
            }
            return characters.into_iter().collect();
        }
        if name.contains('·') {
            return SEPARATORS
                .get((chance % 25) as usize)
                .map_or_else(|| name.to_owned(), |other| name.replace('·', other));
        }
        match chance % 100 {
            0..2 => {
                characters.insert(1, ' ');
                characters.into_iter().collect()
            }
            2 => {
                characters.insert(1, '\u{3000}');
                characters.into_iter().collect()
            }
            3 => format!("{name} "),
            4..6 => format!("\u{A0}{name}\u{A0}"),
            _ => name.to_owned(),
        }
    }
}

/// Returns the course code in the form that the platform sends, or "" if it is missing.
pub(crate) fn course_text(facts: &Facts, code: &str) -> String {
    if facts.has_fault(Fault::CourseMissing) {
        String::new()
    } else if facts.has_fault(Fault::CourseLength) {
        repeat_until_too_long(LONGEST_CODE, ";", |_| code.to_owned())
    } else {
        code.to_owned()
    }
}

/// Returns the project's title in the form that the platform sends.
pub(crate) fn project_text(facts: &Facts, title: &str) -> String {
    match facts.has_fault(Fault::ProjectLength) {
        true => repeat_until_too_long(LONGEST_TITLE, " ", |_| title.to_owned()),
        false => title.to_owned(),
    }
}

/// Returns the version in the form that the platform sends, or "" if it is missing.
pub(crate) fn version_text(facts: &Facts) -> String {
    if !facts.has_fault(Fault::VersionForm) {
        return facts.version.to_string();
    }
    match facts.index % 3 {
        0 => format!("v{}", facts.version),
        1 => "最新".to_owned(),
        _ => String::new(),
    }
}

/// Joins texts until the result is longer than allowed.
fn repeat_until_too_long(longest: usize, between: &str, text: impl Fn(u64) -> String) -> String {
    let mut all = text(0);
    for nth in 1.. {
        if all.chars().count() > longest {
            break;
        }
        all.push_str(between);
        all.push_str(&text(nth));
    }
    all
}

pub(crate) fn full_width(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '!'..='~' => char::from_u32(character as u32 + 0xFEE0).unwrap_or(character),
            other => other,
        })
        .collect()
}

/// Returns the ID number with a fault. Returns `None` if the fault is of another field, or impossible for this number.
pub(crate) fn faulty_id(fault: Fault, id: &str, chance: u64) -> Option<String> {
    match fault {
        Fault::IdMissing => Some(String::new()),
        Fault::IdLength => Some(match chance % 2 {
            0 => id[..17].to_owned(),
            _ => format!("{}5{}", &id[..10], &id[10..]),
        }),
        Fault::IdCharacter => {
            let at = 7 + (chance % 8) as usize;
            Some(format!("{}A{}", &id[..at], &id[at + 1..]))
        }
        Fault::IdCheckDigit => {
            let digits = "1357924680".chars().cycle().skip((chance % 10) as usize);
            let wrong = digits.take(10).find(|digit| {
                // Not three zeros at the end, because that would be a damaged number.
                !id.ends_with(*digit) && (*digit != '0' || &id[15..17] != "00")
            });
            wrong.map(|digit| format!("{}{digit}", &id[..17]))
        }
        Fault::IdDate => {
            let dates = ["0230", "1301", "0431", "0631", "1132"];
            let date = dates[(chance % 5) as usize];
            Some(with_check_digit(&format!("{}{date}{}", &id[..10], &id[14..17])))
        }
        Fault::IdMasked => Some(mask_id(id, chance)),
        Fault::IdOldDate => {
            // The last one is read as the year 1800, which is not a leap year either.
            let (date, sequence) =
                [("990229", &id[14..17]), ("751301", &id[14..17]), ("000229", "997")][(chance % 3) as usize];
            Some(format!("{}{date}{sequence}", &id[..6]))
        }
        Fault::IdArea => Some(with_check_digit(&format!("220199{}", &id[6..17]))),
        Fault::IdDamaged => damage_id(id),
        Fault::IdNumber => is_stored_as_number(id).then(|| id.to_owned()),
        Fault::IdFloat => is_stored_as_number(id).then(|| format!("{}.{}E+17", &id[..1], &id[1..6])),
        _ => None,
    }
}

/// Returns whether a spreadsheet takes the ID number for a number.
fn is_stored_as_number(id: &str) -> bool {
    !id.ends_with('X')
}

/// Keeps 15 digits and appends zeros, as a spreadsheet does. Returns `None` if the result is valid.
fn damage_id(id: &str) -> Option<String> {
    let body = format!("{}00", &id[..15]);
    (is_stored_as_number(id) && check_digit(&body) != '0').then(|| format!("{body}0"))
}

/// Masks the middle; 6 + 4, 4 + 4 or 3 + 4 characters remain.
fn mask_id(id: &str, chance: u64) -> String {
    let shown = [6, 4, 3][(chance % 3) as usize];
    let star = ['*', 'X', '＊'][(chance >> 8) as usize % 3];
    let hidden: String = std::iter::repeat_n(star, 14 - shown).collect();
    format!("{}{hidden}{}", &id[..shown], &id[14..])
}
