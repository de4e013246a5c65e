//! Finds the ID numbers that a typist may have meant by a text that is none.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::id_number::{IdNumber, clean_text};

/// The slip of a typist by which a text differs from an ID number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum IdSlip {
    /// The letters O, l or I stand for the digits 0 and 1.
    #[serde(rename = "id_slip.letters")]
    Letters,
    /// One character is another one.
    #[serde(rename = "id_slip.replaced")]
    Replaced,
    /// Two neighbouring characters are swapped.
    #[serde(rename = "id_slip.swapped")]
    Swapped,
    /// One character is missing.
    #[serde(rename = "id_slip.missing")]
    Missing,
    /// There is one character too many.
    #[serde(rename = "id_slip.surplus")]
    Surplus,
}

/// The characters of an ID number.
const CHARACTERS: [char; 11] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'X'];

/// Returns the valid ID numbers from which a text differs by one slip, in order, each with the slip; none if the text is an ID
/// number itself.
///
/// The text is read as [`IdNumber::parse`] reads it, so full-width digits, spaces and hyphens are no slip. Letters that look like
/// digits are one slip, however many they are.
///
/// There are at most 149: fifteen digits have no check character, so 15 × 9 numbers differ from them by a digit and 14 by their
/// order. Of eighteen characters, the check character leaves at most one for each place or pair.
#[must_use]
pub fn find_slips(text: &str) -> Vec<(IdNumber, IdSlip)> {
    if IdNumber::parse(text).is_ok() {
        return vec![];
    }
    let given: Vec<char> = clean_text(text).chars().collect();
    let count = given.len();
    let mut found = BTreeMap::new();
    let mut consider = |slip: IdSlip, changed: Vec<char>| {
        if let Ok(number) = IdNumber::parse(&changed.into_iter().collect::<String>()) {
            found.entry(number).or_insert(slip);
        }
    };
    consider(IdSlip::Letters, given.iter().copied().map(read_as_digit).collect());
    match count {
        15 | 18 => {
            for place in 0..count {
                for character in CHARACTERS {
                    consider(IdSlip::Replaced, [&given[..place], &[character], &given[place + 1..]].concat());
                }
            }
            for place in 1..count {
                let swapped = [given[place], given[place - 1]];
                consider(IdSlip::Swapped, [&given[..place - 1], &swapped, &given[place + 1..]].concat());
            }
        }
        14 | 17 => {
            for place in 0..=count {
                for character in CHARACTERS {
                    consider(IdSlip::Missing, [&given[..place], &[character], &given[place..]].concat());
                }
            }
        }
        16 | 19 => {
            for place in 0..count {
                consider(IdSlip::Surplus, [&given[..place], &given[place + 1..]].concat());
            }
        }
        _ => {}
    }
    found.into_iter().collect()
}

/// Returns the digit that a letter looks like; any other character unchanged.
fn read_as_digit(c: char) -> char {
    match c {
        'O' | 'o' => '0',
        'l' | 'I' => '1',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Duration, NaiveDate};
    use proptest::prelude::*;

    use crate::check_character;

    fn slips(text: &str) -> Vec<(String, IdSlip)> {
        find_slips(text).into_iter().map(|(number, slip)| (number.reveal().to_owned(), slip)).collect()
    }

    #[test]
    fn each_slip_leads_back_to_the_number() {
        let meant = "22010219590911001X";
        for (text, slip) in [
            ("22010219590911O01X", IdSlip::Letters),
            ("2201O2l9590911OOIx", IdSlip::Letters),
            ("２２０１０２１９５９０９１１００２Ｘ", IdSlip::Replaced),
            ("220102195909110012", IdSlip::Replaced),
            ("22010219590911001Y", IdSlip::Replaced),
            ("22010219599011001X", IdSlip::Swapped),
            ("2201021959091100X1", IdSlip::Swapped),
            ("2201021959091101X", IdSlip::Missing),
            ("22010219590911001", IdSlip::Missing),
            ("220102119590911001X", IdSlip::Surplus),
            ("22010219590911001X.", IdSlip::Surplus),
            ("22010259091100l", IdSlip::Letters),
            ("2201025909110011", IdSlip::Surplus),
        ] {
            assert!(slips(text).contains(&(meant.to_owned(), slip)), "{text}: {:?}", slips(text));
        }
    }

    #[test]
    fn what_is_right_and_what_is_far_off_has_none() {
        for text in
            ["22010219590911001X", "220102590911001", "", "无", "2.20102E+17", "2201021959", "22010219590911OO2X"]
        {
            assert_eq!(slips(text), [], "{text}");
        }
    }

    /// What a typist may make of the digits of a number.
    fn damage(number: &str, slip: IdSlip, place: usize, other: char, letters: u32) -> String {
        let mut chars: Vec<char> = number.chars().collect();
        let place = place % chars.len();
        match slip {
            IdSlip::Letters => {
                for (nth, c) in chars.iter_mut().enumerate().filter(|(nth, _)| letters >> nth & 1 == 1) {
                    *c = match *c {
                        '0' => ['O', 'o'][nth % 2],
                        '1' => ['l', 'I'][nth % 2],
                        other => other,
                    };
                }
            }
            IdSlip::Replaced => chars[place] = other,
            IdSlip::Swapped => chars.swap(place, (place + 1) % number.len()),
            IdSlip::Missing => {
                chars.remove(place);
            }
            IdSlip::Surplus => chars.insert(place, other),
        }
        chars.into_iter().collect()
    }

    proptest! {
        #[test]
        fn a_number_is_found_by_every_text_that_differs_by_a_slip(
            days in 0_i64..50_000, sequence in 0_u32..996, is_old: bool, nth in 0_usize..5, place in 0_usize..17,
            other in 0_usize..10, letters: u32,
        ) {
            let slip = [IdSlip::Letters, IdSlip::Replaced, IdSlip::Swapped, IdSlip::Missing, IdSlip::Surplus][nth];
            let birth = NaiveDate::from_ymd_opt(1900, 1, 1).expect("a day") + Duration::days(days % if is_old { 36_000 } else { 50_000 });
            let body = format!("220102{}{sequence:03}", birth.format("%Y%m%d"));
            let meant = format!("{body}{}", check_character(&body).expect("seventeen digits"));
            let typed = if is_old { [&body[..6], &body[8..]].concat() } else { meant.clone() };
            // The last character and the first are no neighbours.
            let place = place % (typed.len() - 1);
            let damaged = damage(&typed, slip, place, CHARACTERS[other], letters);
            let found = find_slips(&damaged);
            prop_assert!(found.len() <= 149, "{}", found.len());
            for (number, _) in &found {
                prop_assert_eq!(IdNumber::parse(number.reveal()), Ok(number.clone()));
            }
            // Old numbers have no check character: a damaged one can be valid.
            match IdNumber::parse(&damaged) {
                Ok(valid) => prop_assert!(found.is_empty() && (is_old || valid.reveal() == meant), "{damaged}"),
                Err(_) => prop_assert!(found.iter().any(|(number, _)| number.reveal() == meant), "{damaged}"),
            }
        }

        #[test]
        fn no_text_has_more_than_it_may_and_none_panics(text in "\\PC{0,20}|[0-9XOlo]{13,20}") {
            prop_assert!(find_slips(&text).len() <= 149);
        }
    }
}
