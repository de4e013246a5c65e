//! How people are written: the variants that mean the same, and the faults that do not.

use crate::World;
use crate::facts::{Facts, Stream};
use crate::fault::Fault;
use crate::people::{Person, check_digit, with_check_digit};

/// 15 digits kept, then zeros, as a spreadsheet does it; nothing if the result is valid.
pub(crate) fn damaged(id: &str) -> Option<String> {
    let body = format!("{}00", &id[..15]);
    (check_digit(&body) != '0').then(|| format!("{body}0"))
}

impl World {
    /// The ID number as the platform sends it (empty where it is missing).
    pub(crate) fn id_text(&self, facts: &Facts, person: &Person) -> String {
        let id = person.id_number.as_str();
        let chance = self.roll(facts.stream.purpose(50), facts.index);
        let fault = facts.faults.iter().find_map(|fault| faulty_id(*fault, id, chance));
        if let Some(text) = fault {
            return text;
        }
        match chance % 100 {
            0..3 => full_width(id),
            3..6 => format!(" {id}  "),
            6..9 => format!("{}{}", &id[..6], &id[8..17]),
            9..39 if id.ends_with('X') => id.to_lowercase(),
            39..49 if facts.stream == Stream::Cmcc => format!("'{id}"),
            _ => id.to_owned(),
        }
    }

    /// The name as the platform sends it (empty where it is missing).
    pub(crate) fn name_text(&self, facts: &Facts, person: &Person) -> String {
        let chance = self.roll(facts.stream.purpose(51), facts.index);
        let name = facts.other_name.as_deref().unwrap_or(&person.name);
        if facts.has(Fault::NameMissing) {
            return ["", "  "][(chance % 2) as usize].to_owned();
        }
        let mut characters: Vec<char> = name.chars().collect();
        if facts.has(Fault::NameCharacter) {
            if let Some(last) = characters.last_mut() {
                *last = ['?', '3'][(chance % 2) as usize];
            }
            return characters.into_iter().collect();
        }
        if name.contains('·') {
            let separator = match chance % 10 {
                0 => "\u{2022}",
                1 => "\u{30FB}",
                2 => ".",
                _ => return name.to_owned(),
            };
            return name.replace('·', separator);
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
            _ => name.to_owned(),
        }
    }

    /// Hours that are wrong, if they are.
    pub(crate) fn wrong_hours(&self, facts: &Facts, low: i64, high: i64) -> Option<WrongHours> {
        if facts.has(Fault::HoursNumber) {
            return Some(WrongHours::Text("八个"));
        }
        let chance = self.roll(facts.stream.purpose(52), facts.index);
        facts.has(Fault::HoursRange).then_some(WrongHours::Number(if chance.is_multiple_of(2) { low } else { high }))
    }
}

/// What stands in place of the hours.
pub(crate) enum WrongHours {
    Text(&'static str),
    Number(i64),
}

fn full_width(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '!'..='~' => char::from_u32(character as u32 + 0xFEE0).unwrap_or(character),
            other => other,
        })
        .collect()
}

fn faulty_id(fault: Fault, id: &str, chance: u64) -> Option<String> {
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
                // Never three zeros at the end: that would be a damaged number.
                !id.ends_with(*digit) && (*digit != '0' || &id[15..17] != "00")
            });
            wrong.map(|digit| format!("{}{digit}", &id[..17]))
        }
        Fault::IdDate => {
            let dates = ["0230", "1301", "0431", "0631", "1132"];
            let date = dates[(chance % 5) as usize];
            Some(with_check_digit(&format!("{}{date}{}", &id[..10], &id[14..17])))
        }
        Fault::IdArea => Some(with_check_digit(&format!("220199{}", &id[6..17]))),
        Fault::IdDamaged => damaged(id),
        _ => None,
    }
}
