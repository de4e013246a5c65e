//! Citizen ID numbers (GB 11643-1999).
//!
//! An ID number has seventeen digits (6 area, 8 birth date, 3 sequence: odd male, even female) and a check character by
//! ISO 7064 MOD 11-2. Numbers of fifteen digits, issued before 1999, are extended to eighteen. The clear text leaves
//! this type only through [`IdNumber::reveal`].

use std::fmt;

use chrono::NaiveDate;
use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::id_arithmetic::{check_character, extend_to_eighteen, parse_birth_date};
use crate::region::may_be_on_id;
use crate::text::{all_digits, fold_text};

/// A valid citizen ID number of eighteen characters.
///
/// `Debug` and `Display` show only the first two digits and the last character.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdNumber {
    text: String,
    birth: NaiveDate,
}

/// The sex that an ID number states (digit 17: odd male, even female).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// GB/T 2261.1 code 1.
    Male,
    /// GB/T 2261.1 code 2.
    Female,
}

/// Why a text is not an ID number. No message of an error contains any part of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum IdNumberError {
    /// The text is empty.
    #[serde(rename = "id_number.missing")]
    Missing,
    /// Eighteen digits that end in 000, with a wrong check character, or a number with an exponent: a spreadsheet
    /// stored the ID number as a number and lost its last digits.
    #[serde(rename = "id_number.damaged")]
    Damaged,
    /// The text has neither fifteen nor eighteen characters.
    #[serde(rename = "id_number.length")]
    Length,
    /// The cell has several ID numbers.
    #[serde(rename = "id_number.several")]
    Several,
    /// The number is printed as an example in standards and forms.
    #[serde(rename = "id_number.example")]
    Example,
    /// A character is not a digit; an X is valid only as the eighteenth character.
    #[serde(rename = "id_number.character")]
    Character,
    /// The check character does not match the seventeen digits.
    #[serde(rename = "id_number.check_digit")]
    CheckDigit,
    /// The first six digits were never the code of a county.
    #[serde(rename = "id_number.area")]
    Area,
    /// The birth date does not exist, or is outside 1800 to 2100.
    #[serde(rename = "id_number.date")]
    Date,
}

said_in_english!(IdNumberError);

impl IdNumberError {
    /// Returns the last part of the stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Length => "length",
            Self::Several => "several",
            Self::Example => "example",
            Self::Character => "character",
            Self::CheckDigit => "check_digit",
            Self::Area => "area",
            Self::Date => "date",
        }
    }
}

impl IdNumber {
    /// Parses an ID number of eighteen characters or fifteen digits.
    ///
    /// Folds full-width characters, removes all spaces (also NBSP), hyphens and a leading apostrophe, and accepts x and
    /// Cyrillic Х/х for X. Repairs nothing else.
    ///
    /// # Errors
    /// Returns the first of [`IdNumber::list_errors`].
    pub fn parse(text: &str) -> Result<Self, IdNumberError> {
        check_text(text).map_err(|faults| faults.into_iter().next().unwrap_or(IdNumberError::Character))
    }

    /// Returns everything wrong with a text, in the order missing, damaged, several, length, character, check digit, area, date.
    /// The list is empty exactly when [`IdNumber::parse`] succeeds.
    ///
    /// Lists only what can be determined: in a text of the wrong length only the characters are checked, and a damaged
    /// number is not also reported for its check digit.
    pub fn list_errors(text: &str) -> Vec<IdNumberError> {
        check_text(text).err().unwrap_or_default()
    }

    /// Returns the clear text: eighteen ASCII characters, the last a digit or `X`. This is personal data, and the only
    /// way out of this type.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// Returns the birth date that the number states.
    pub fn birth_date(&self) -> NaiveDate {
        self.birth
    }

    /// Returns the sex that the number states.
    pub fn sex(&self) -> Sex {
        match self.text.as_bytes().get(16) {
            Some(digit) if digit % 2 == 1 => Sex::Male,
            _ => Sex::Female,
        }
    }

    /// Returns the six digits of the area where the number was issued, as coded at that time.
    pub fn area(&self) -> &str {
        self.text.get(..6).unwrap_or_default()
    }
}

impl fmt::Display for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.text.get(..2).unwrap_or_default();
        let last = self.text.get(17..).unwrap_or_default();
        write!(f, "{first}***************{last}")
    }
}

impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdNumber({self})")
    }
}

/// Removes what typing and spreadsheets add to an ID number.
pub(crate) fn clean_text(text: &str) -> String {
    let folded = fold_text(text);
    if folded.bytes().all(|b| b.is_ascii_digit() || b == b'X') {
        return folded.into_owned();
    }
    let bare = folded.strip_prefix(['\'', '\u{2018}', '\u{2019}', '`']).unwrap_or(&folded);
    bare.chars()
        .filter(|c| !matches!(c, ' ' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}'))
        .map(|c| match c {
            'x' | '\u{425}' | '\u{445}' => 'X',
            other => other,
        })
        .collect()
}

/// Returns whether a text is a number of seventeen or eighteen digits with an exponent, such as 2.20102E+17.
fn has_exponent(given: &str) -> bool {
    let Some((digits, exponent)) = given.split_once(['E', 'e']) else { return false };
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let is_long = matches!(exponent.trim_start_matches('+'), "14" | "16" | "17");
    is_long && whole.len() == 1 && all_digits(whole) && (rest.is_empty() || all_digits(rest))
}

/// Returns whether a text has several parts, each of which has the length of an ID number.
fn has_several(text: &str) -> bool {
    let folded = fold_text(text);
    let parts = folded.split(|c: char| !c.is_ascii_digit() && !matches!(c, 'x' | 'X'));
    parts.filter(|part| matches!(part.len(), 15 | 18)).count() > 1
}

/// Returns the ID number, or everything wrong with it in the order of the checks.
fn check_text(text: &str) -> Result<IdNumber, Vec<IdNumberError>> {
    let given = clean_text(text);
    if given.is_empty() {
        return Err(vec![IdNumberError::Missing]);
    }
    let sound = |body: &str, last: &str| all_digits(body) && (all_digits(last) || last == "X");
    let count = given.chars().count();
    let (characters_sound, full) = match count {
        15 => (all_digits(&given), extend_to_eighteen(&given)),
        18 => {
            let parts = given.split_at_checked(17);
            (parts.is_some_and(|(body, last)| sound(body, last)), given)
        }
        _ if has_exponent(&given) => return Err(vec![IdNumberError::Damaged]),
        _ if has_several(text) || matches!(count, 30 | 33 | 36) => return Err(vec![IdNumberError::Several]),
        _ => {
            let rough = given.chars().all(|c| c.is_ascii_digit() || c == 'X');
            let odd = (!rough).then_some(IdNumberError::Character);
            return Err(std::iter::once(IdNumberError::Length).chain(odd).collect());
        }
    };
    let mut faults = Vec::new();
    if !characters_sound {
        faults.push(IdNumberError::Character);
    } else if check_character(&full) != full.chars().last() {
        let rounded = all_digits(&full) && full.ends_with("000");
        faults.push(if rounded { IdNumberError::Damaged } else { IdNumberError::CheckDigit });
    }
    let place = |nth: usize| full.char_indices().nth(nth).map_or(full.len(), |(at, _)| at);
    let digits = |from: usize, to: usize| full.get(place(from)..place(to)).filter(|part| all_digits(part));
    if digits(0, 6).is_some_and(|area| !may_be_on_id(area)) {
        faults.push(IdNumberError::Area);
    }
    let birth = digits(6, 17).and_then(parse_birth_date);
    if birth.is_none() && digits(6, 17).is_some() {
        faults.push(IdNumberError::Date);
    }
    match birth {
        Some(birth) if faults.is_empty() => Ok(IdNumber { text: full, birth }),
        _ => Err(faults),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Datelike;
    use proptest::prelude::*;

    const VALID: [&str; 9] = [
        "11010519491231002X",
        "22010219590911001X",
        "220381197001011228",
        "220184197001011226",
        "222401198010102228",
        "220502196002290012",
        "22070219670312005X",
        "220181196511300032",
        "220113196511300036",
    ];

    fn parse_to_code(text: &str) -> &'static str {
        IdNumber::parse(text).map_or_else(|fault| fault.code(), |_| "ok")
    }

    fn error_codes(text: &str) -> Vec<&'static str> {
        IdNumber::list_errors(text).iter().map(IdNumberError::code).collect()
    }

    #[test]
    fn published_and_local_vectors() {
        for text in VALID {
            assert_eq!(parse_to_code(text), "ok", "{text}");
        }
        // The second example in the standard was born in 1880.
        assert_eq!(parse_to_code("440524188001010014"), "ok");
    }

    #[test]
    fn fifteen_digits_become_eighteen() {
        for (old, new) in [
            ("220102590911001", "22010219590911001X"),
            ("222401751005123", "222401197510051231"),
            ("220381661231002", "22038119661231002X"),
        ] {
            assert_eq!(IdNumber::parse(old), IdNumber::parse(new));
            assert_eq!(IdNumber::parse(old).map(|id| id.reveal().to_owned()), Ok(new.to_owned()));
        }
        let centenarian = IdNumber::parse("220104990228997").expect("born 1899");
        assert_eq!(centenarian.birth_date().year(), 1899);
        assert_eq!(IdNumber::parse(centenarian.reveal()), Ok(centenarian.clone()));
    }

    #[test]
    fn one_thing_wrong() {
        for (text, expected) in [
            ("220102195902290011", "date"),
            ("220102197513010011", "date"),
            ("220104199902290012", "date"),
            ("220199197501010013", "area"),
            ("220104990229001", "date"),
            ("220104000229997", "date"),
            ("220102195909110000", "damaged"),
            ("220102195909110011", "check_digit"),
            ("", "missing"),
            (" \u{A0}\u{3000}", "missing"),
            ("2201021959091100", "length"),
            ("2.20102E+17", "damaged"),
            ("22010219590911001X、222401198010102228", "several"),
            ("220102590911001 222401198010102228", "several"),
            ("22010219590911001Y", "character"),
            ("2201X219590911001X", "character"),
            ("22010259091100X", "character"),
            ("220102********001X", "character"),
        ] {
            assert_eq!(parse_to_code(text), expected, "{text}");
            if !matches!(text, "2.20102E+17") {
                assert_eq!(error_codes(text), [expected], "{text}");
            }
        }
    }

    #[test]
    fn all_that_is_wrong_together() {
        assert_eq!(error_codes("220199990229001"), ["area", "date"]);
        assert_eq!(error_codes("220199195902290000"), ["damaged", "area", "date"]);
        assert_eq!(error_codes("22019919590229001Y"), ["character", "area", "date"]);
        assert_eq!(error_codes("abc"), ["length", "character"]);
        assert_eq!(error_codes("220100197501010019").last(), Some(&"area"));
    }

    #[test]
    fn typing_is_folded() {
        let wanted = IdNumber::parse("22010219590911001X");
        for text in [
            "22010219590911001x",
            "22010219590911001\u{425}",
            "22010219590911001\u{445}",
            "'22010219590911001X",
            "\u{A0}220102 19590911-001X\u{3000}",
            "２２０１０２１９５９０９１１００１Ｘ",
            "220102－1959\u{2014}0911 001ｘ",
            "\u{FEFF}\u{2019}220102590911001\u{200B}",
        ] {
            assert_eq!(IdNumber::parse(text), wanted, "{text}");
        }
    }

    #[test]
    fn parts_and_mask() {
        let id = IdNumber::parse("22010219590911001X").expect("valid");
        assert_eq!(id.area(), "220102");
        assert_eq!(Some(id.birth_date()), NaiveDate::from_ymd_opt(1959, 9, 11));
        assert_eq!(id.sex(), Sex::Male);
        assert_eq!(format!("{id}"), "22***************X");
        assert_eq!(format!("{id:?}"), "IdNumber(22***************X)");
        let woman = IdNumber::parse("222401198010102228").expect("valid");
        assert_eq!(woman.sex(), Sex::Female);
    }

    #[test]
    fn every_adjacent_transposition_is_refused() {
        for text in VALID {
            for place in 0..17 {
                let mut bytes = text.as_bytes().to_vec();
                bytes.swap(place, place + 1);
                let changed = String::from_utf8(bytes).expect("ASCII");
                assert!(changed == text || IdNumber::parse(&changed).is_err(), "{changed}");
            }
        }
    }

    #[test]
    fn every_substitution_of_the_vectors_is_refused() {
        for text in VALID {
            for place in 0..18 {
                for other in "0123456789X".chars() {
                    let changed: String =
                        text.chars().enumerate().map(|(i, c)| if i == place { other } else { c }).collect();
                    assert!(changed == text || IdNumber::parse(&changed).is_err(), "{changed}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn every_single_substitution_is_refused(
            days in 0_i64..50_000, sequence in 0_u32..1000, place in 0_usize..18, other in any::<char>(),
        ) {
            let first = NaiveDate::from_ymd_opt(1900, 1, 1).expect("a day");
            let birth = first + chrono::Duration::days(days);
            let body = format!("220102{}{sequence:03}", birth.format("%Y%m%d"));
            let check = check_character(&body).expect("seventeen digits");
            let id = IdNumber::parse(&format!("{body}{check}")).expect("made valid");
            prop_assert_eq!(id.birth_date(), birth);
            let digits = "0123456789X*".chars();
            for new in digits.chain([other]) {
                let text: String = id.reveal().chars().enumerate()
                    .map(|(i, c)| if i == place { new } else { c }).collect();
                prop_assert!(clean_text(&text) == id.reveal() || IdNumber::parse(&text).is_err());
            }
        }

        #[test]
        fn parse_agrees_with_faults_and_never_panics(text in "\\PC{0,20}|[0-9Xx]{15}|[0-9]{17}[0-9X]") {
            let faults = IdNumber::list_errors(&text);
            prop_assert_eq!(IdNumber::parse(&text).err(), faults.first().cloned());
            prop_assert_eq!(IdNumber::parse(&text).is_ok(), faults.is_empty());
        }
    }
}
