//! Age exemption (吉教师字〔2014〕25号, R6): men of 55 and women of 50, inclusive, may train and are not assessed. The
//! document does not name the day on which the age is computed; the rule pack sets the limits and that day.

use chrono::{Datelike, NaiveDate};

use huiliu_values::id_number::Sex;

/// The ages from which teachers are exempt, in full years, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Age limit for men.
    pub men: u8,
    /// Age limit for women.
    pub women: u8,
}

/// Whether one person is exempt, with the data it was derived from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exemption {
    /// Whether the person is outside the assessment.
    pub exempt: bool,
    /// The day on which the age was computed.
    pub as_of: NaiveDate,
    /// Full years on that day; zero before birth.
    pub age: u32,
    /// The day on which the limit is reached; `None` if it is beyond the calendar.
    pub from: Option<NaiveDate>,
}

/// Checks whether a person is exempt on a day. A year of age is complete on the birthday; for a birthday on 29
/// February, on 1 March in common years.
#[must_use]
pub fn check_exemption(sex: Sex, birth: NaiveDate, limits: Limits, as_of: NaiveDate) -> Exemption {
    let limit = match sex {
        Sex::Male => limits.men,
        Sex::Female => limits.women,
    };
    let from = birthday_in(birth, birth.year() + i32::from(limit));
    Exemption { exempt: from.is_some_and(|from| from <= as_of), as_of, age: age_on(birth, as_of), from }
}

/// Returns the age in full years on a day.
#[must_use]
pub fn age_on(birth: NaiveDate, on: NaiveDate) -> u32 {
    let before = birthday_in(birth, on.year()).is_some_and(|day| day > on);
    u32::try_from(on.year() - birth.year() - i32::from(before)).unwrap_or(0)
}

/// Returns the day in a year on which a year of age is complete.
fn birthday_in(birth: NaiveDate, year: i32) -> Option<NaiveDate> {
    birth.with_year(year).or_else(|| NaiveDate::from_ymd_opt(year, 3, 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The limits of the founding document.
    const STATED: Limits = Limits { men: 55, women: 50 };

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap_or_default()
    }

    fn days() -> impl Strategy<Value = NaiveDate> {
        (1930i32..2010, 1u32..=12, 1u32..=31)
            .prop_filter_map("a day that exists", |(y, m, d)| NaiveDate::from_ymd_opt(y, m, d))
    }

    proptest! {
        #[test]
        fn exempt_from_the_birthday_on_but_not_before(birth in days(), male: bool) {
            let (sex, limit) = if male { (Sex::Male, 55) } else { (Sex::Female, 50) };
            let turns = birth.with_year(birth.year() + limit).unwrap_or_else(|| day(&format!("{}-03-01", birth.year() + limit)));
            let told = |on: NaiveDate| check_exemption(sex, birth, STATED, on);
            prop_assert!(told(turns).exempt);
            prop_assert!(turns.pred_opt().is_some_and(|eve| !told(eve).exempt));
            prop_assert_eq!(told(turns).from, Some(turns));
            prop_assert_eq!(i32::try_from(told(turns).age), Ok(limit));
        }

        #[test]
        fn exemption_lasts_and_age_only_grows(birth in days(), a in days(), b in days()) {
            let (first, second) = (a.min(b), a.max(b));
            let told = |on| check_exemption(Sex::Female, birth, STATED, on);
            prop_assert!(!told(first).exempt || told(second).exempt);
            prop_assert!(told(first).age <= told(second).age);
            prop_assert_eq!(told(first).exempt, told(first).age >= 50);
        }
    }

    #[test]
    fn born_on_29_february() {
        let born = day("1960-02-29");
        let told = |as_of: &str| check_exemption(Sex::Male, born, STATED, day(as_of));
        assert!(!told("2015-02-28").exempt && told("2015-03-01").exempt);
        assert_eq!(age_on(born, day("2016-02-28")), 55);
        assert_eq!(age_on(born, day("2016-02-29")), 56);
    }
}
