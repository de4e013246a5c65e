//! The arithmetic of ID numbers (GB 11643-1999): check character, fifteen-digit form, birth date.

use chrono::{Datelike, NaiveDate};

/// Weights of the first seventeen digits.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// Check characters for the remainders 0 to 10.
const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];

/// Extends an ID number of fifteen characters to eighteen: inserts the century after the area and appends the check
/// character. Sequence numbers 996 to 999 were reserved for centenarians, who were born in the 1800s.
pub(super) fn extend_to_eighteen(given: &str) -> String {
    let century = match given.get(12..) {
        Some("996" | "997" | "998" | "999") => "18",
        _ => "19",
    };
    let area: String = given.chars().take(6).collect();
    let rest: String = given.chars().skip(6).collect();
    let body = format!("{area}{century}{rest}");
    let check = check_character(&body).unwrap_or('?');
    format!("{body}{check}")
}

/// Returns the check character for the first seventeen digits; `None` if one of them is not a digit.
pub fn check_character(text: &str) -> Option<char> {
    let mut digits = text.chars();
    let sum =
        WEIGHTS.iter().try_fold(0_u32, |sum, weight| digits.next()?.to_digit(10).map(|digit| sum + digit * weight))?;
    CHECKS.get(usize::try_from(sum % 11).ok()?).copied()
}

/// Parses the birth date from its eight digits and the three of the sequence number.
pub(super) fn parse_birth_date(digits: &str) -> Option<NaiveDate> {
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
    let year = i32::try_from(number(0, 4)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(4, 6)?, number(6, 8)?)?;
    // The second example in the standard itself was born in 1880.
    let earliest = 1800;
    let in_range = (earliest..=2100).contains(&date.year());
    in_range.then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_characters_of_the_standard() {
        assert_eq!(check_character("11010519491231002"), Some('X'));
        assert_eq!(check_character("44052418800101001"), Some('4'));
        assert_eq!(check_character("1101051949123100"), None);
        assert_eq!(check_character("1101051949123100X"), None);
    }

    #[test]
    fn births_outside_the_range_are_none() {
        assert!(parse_birth_date("18991231996").is_some());
        assert!(parse_birth_date("17991231001").is_none());
        assert!(parse_birth_date("21001231001").is_some());
        assert!(parse_birth_date("21010101001").is_none());
        assert!(parse_birth_date("2014").is_none());
    }
}
