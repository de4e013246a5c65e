//! Age exemption (吉教师字〔2014〕25号, R6): men of 55 and women of 50, inclusive, may train and are not assessed. The document
//! does not say as of which day; the limits and that day are the rule pack's.

use chrono::{Datelike, NaiveDate};

use huiliu_values::id_number::Sex;

/// From which age on, in full years, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For men.
    pub men: u8,
    /// For women.
    pub women: u8,
}

/// What follows for one person, and from what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exemption {
    /// Whether the person is outside the assessment.
    pub exempt: bool,
    /// The day as of which it was told.
    pub as_of: NaiveDate,
    /// Full years on that day; zero before birth.
    pub age: u32,
    /// The day on which the limit is reached; none beyond the calendar.
    pub from: Option<NaiveDate>,
}

/// Whether a person is exempt as of a day. A year of age is full on the birthday; that of
/// 29 February is, in common years, on 1 March.
#[must_use]
pub fn exemption(sex: Sex, birth: NaiveDate, limits: Limits, as_of: NaiveDate) -> Exemption {
    let limit = match sex {
        Sex::Male => limits.men,
        Sex::Female => limits.women,
    };
    let from = birthday(birth, birth.year() + i32::from(limit));
    Exemption { exempt: from.is_some_and(|from| from <= as_of), as_of, age: age(birth, as_of), from }
}

/// Full years on a day.
#[must_use]
pub fn age(birth: NaiveDate, on: NaiveDate) -> u32 {
    let before = birthday(birth, on.year()).is_some_and(|day| day > on);
    u32::try_from(on.year() - birth.year() - i32::from(before)).unwrap_or(0)
}

/// The day in a year on which a year of age is full.
fn birthday(birth: NaiveDate, year: i32) -> Option<NaiveDate> {
    birth.with_year(year).or_else(|| NaiveDate::from_ymd_opt(year, 3, 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Those of the founding document.
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
        fn nobody_is_exempt_the_day_before_the_birthday_and_everybody_is_on_it(birth in days(), male: bool) {
            let (sex, limit) = if male { (Sex::Male, 55) } else { (Sex::Female, 50) };
            let turns = birth.with_year(birth.year() + limit).unwrap_or_else(|| day(&format!("{}-03-01", birth.year() + limit)));
            let told = |on: NaiveDate| exemption(sex, birth, STATED, on);
            prop_assert!(told(turns).exempt);
            prop_assert!(turns.pred_opt().is_some_and(|eve| !told(eve).exempt));
            prop_assert_eq!(told(turns).from, Some(turns));
            prop_assert_eq!(i32::try_from(told(turns).age), Ok(limit));
        }

        #[test]
        fn exempt_is_for_ever_and_age_only_grows(birth in days(), a in days(), b in days()) {
            let (first, second) = (a.min(b), a.max(b));
            let told = |on| exemption(Sex::Female, birth, STATED, on);
            prop_assert!(!told(first).exempt || told(second).exempt);
            prop_assert!(told(first).age <= told(second).age);
            prop_assert_eq!(told(first).exempt, told(first).age >= 50);
        }
    }

    #[test]
    fn born_on_a_leap_day() {
        let born = day("1960-02-29");
        let told = |as_of: &str| exemption(Sex::Male, born, STATED, day(as_of));
        assert!(!told("2015-02-28").exempt && told("2015-03-01").exempt);
        assert_eq!(age(born, day("2016-02-28")), 55);
        assert_eq!(age(born, day("2016-02-29")), 56);
    }
}
