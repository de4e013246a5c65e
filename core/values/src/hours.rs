//! Training time, counted exactly.
//!
//! Source of the rule: 吉教师字〔2014〕25号 counts training in 学时 (R7, R23 of the domain notes); a class hour is 45
//! minutes. One class hour is stored as 108,000 units, so that a minute (2,400), a second (40), a clock hour (144,000)
//! and a third or a fifth of any of them are whole numbers.

use std::fmt;

use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::text::{Decimal, fold_text};

/// An amount of training time, never negative and at most 99,999 class hours.
///
/// The unit is 1/108,000 of a class hour of 45 minutes. Sums and comparisons are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hours(i64);

/// Why a text is not an amount of training time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum HoursError {
    /// The text is empty.
    #[serde(rename = "hours.missing")]
    Missing,
    /// The text is not a plain decimal number.
    #[serde(rename = "hours.number")]
    NotANumber,
    /// The amount is below zero.
    #[serde(rename = "hours.negative")]
    Negative,
    /// The amount is more than [`Hours::MAX_CLASS_HOURS`] class hours.
    #[serde(rename = "hours.too_large")]
    TooLarge,
    /// The amount is not a whole number of units of 1/108,000 class hour.
    #[serde(rename = "hours.exact")]
    NotExact,
}

said_in_english!(HoursError);

impl HoursError {
    /// Returns the last part of the stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotANumber => "number",
            Self::Negative | Self::TooLarge => "range",
            Self::NotExact => "exact",
        }
    }
}

impl Hours {
    /// Units in one class hour of 45 minutes.
    pub const UNITS_PER_CLASS_HOUR: i64 = 108_000;

    /// The largest amount, in class hours.
    pub const MAX_CLASS_HOURS: i64 = 99_999;

    /// No training time.
    pub const ZERO: Self = Self(0);

    /// Makes an amount from units; returns `None` if negative or above 99,999 class hours.
    pub fn from_units(units: i64) -> Option<Self> {
        let most = Self::MAX_CLASS_HOURS * Self::UNITS_PER_CLASS_HOUR;
        (0..=most).contains(&units).then_some(Self(units))
    }

    /// Returns the amount in units of 1/108,000 class hour.
    pub fn units(self) -> i64 {
        self.0
    }

    /// Parses an amount that a source wrote as decimal text, in a source unit that is worth `units_per_one` units
    /// (108,000 for class hours, 2,400 for minutes, 40 for seconds).
    ///
    /// Folds full-width digits and trims surrounding spaces. The result is exact or an error; the value is never
    /// rounded. More than 18 decimals (without trailing zeros), or a source unit of less than one unit, is
    /// [`HoursError::NotExact`].
    ///
    /// # Errors
    /// Returns any [`HoursError`].
    pub fn from_amount(amount: &str, units_per_one: i64) -> Result<Self, HoursError> {
        let folded = fold_text(amount);
        if folded.is_empty() {
            return Err(HoursError::Missing);
        }
        let decimal = Decimal::parse(&folded).ok_or(HoursError::NotANumber)?;
        if decimal.is_zero() {
            return Ok(Self::ZERO);
        }
        if decimal.negative {
            return Err(HoursError::Negative);
        }
        if decimal.whole.len() > 19 {
            return Err(HoursError::TooLarge);
        }
        let fraction = decimal.fraction.trim_end_matches('0');
        if fraction.len() > 18 || units_per_one < 1 {
            return Err(HoursError::NotExact);
        }
        let mantissa = digits_value(decimal.whole, fraction).ok_or(HoursError::TooLarge)?;
        let scale = fraction.bytes().fold(1_i128, |power, _| power * 10);
        let per_one = i128::from(units_per_one);
        let common = greatest_common_divisor(per_one, scale);
        let divisor = scale / common;
        if mantissa % divisor != 0 {
            return Err(HoursError::NotExact);
        }
        (mantissa / divisor)
            .checked_mul(per_one / common)
            .and_then(|units| i64::try_from(units).ok())
            .and_then(Self::from_units)
            .ok_or(HoursError::TooLarge)
    }

    /// Returns the sum; `None` if it is above 99,999 class hours.
    pub fn checked_add(self, o: Self) -> Option<Self> {
        self.0.checked_add(o.0).and_then(Self::from_units)
    }
}

/// Returns the number that two runs of ASCII digits spell one after the other; `None` on overflow.
fn digits_value(whole: &str, fraction: &str) -> Option<i128> {
    whole
        .bytes()
        .chain(fraction.bytes())
        .try_fold(0_i128, |value, digit| value.checked_mul(10)?.checked_add(i128::from(digit.saturating_sub(b'0'))))
}

/// Returns the greatest common divisor of two numbers; zero only if both are zero.
fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl fmt::Display for Hours {
    /// Writes exact class hours: `12.5`, or `3 1/3` if three decimals are not enough.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0 / Self::UNITS_PER_CLASS_HOUR;
        let rest = self.0 % Self::UNITS_PER_CLASS_HOUR;
        let thousandth = Self::UNITS_PER_CLASS_HOUR / 1000;
        if rest == 0 {
            return write!(f, "{whole}");
        }
        if rest % thousandth == 0 {
            let decimals = format!("{:03}", rest / thousandth);
            return write!(f, "{whole}.{}", decimals.trim_end_matches('0'));
        }
        let common = greatest_common_divisor(i128::from(Self::UNITS_PER_CLASS_HOUR), i128::from(rest));
        let below = i128::from(Self::UNITS_PER_CLASS_HOUR) / common;
        let above = i128::from(rest) / common;
        if whole > 0 {
            write!(f, "{whole} ")?;
        }
        write!(f, "{above}/{below}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CLASS_HOUR: i64 = Hours::UNITS_PER_CLASS_HOUR;
    const MINUTE: i64 = 2_400;

    fn show_or_code(amount: &str, per_one: i64) -> String {
        Hours::from_amount(amount, per_one).map_or_else(|f| f.code().to_owned(), |h| h.to_string())
    }

    #[test]
    fn amounts_become_exact_class_hours() {
        assert_eq!(show_or_code("450", MINUTE), "10");
        assert_eq!(show_or_code("12.5", CLASS_HOUR), "12.5");
        assert_eq!(show_or_code("\u{3000}１２．５０ ", CLASS_HOUR), "12.5");
        assert_eq!(show_or_code("150", MINUTE), "3 1/3");
        assert_eq!(show_or_code("15", MINUTE), "1/3");
        assert_eq!(show_or_code("0.125", CLASS_HOUR), "0.125");
        assert_eq!(show_or_code("1", 40), "1/2700");
        assert_eq!(show_or_code("-0", CLASS_HOUR), "0");
        assert_eq!(show_or_code("99999", CLASS_HOUR), "99999");
        assert_eq!(show_or_code("1.50000000000000000000000000", CLASS_HOUR), "1.5");
    }

    #[test]
    fn faults_have_their_codes() {
        for (text, code) in [
            ("", "missing"),
            (" \u{A0}", "missing"),
            ("十", "number"),
            ("1e3", "number"),
            ("NaN", "number"),
            ("12学时", "number"),
            ("-1", "range"),
            ("99999.001", "range"),
            ("99999999999999999999999999", "range"),
            ("9999999999999999999.999999999999999999", "exact"),
            ("0.0000001", "exact"),
            ("3.3333333333333333333333", "exact"),
        ] {
            assert_eq!(show_or_code(text, CLASS_HOUR), code, "{text}");
        }
        assert_eq!(show_or_code("1", 0), "exact");
        assert_eq!(show_or_code("1", -5), "exact");
        assert_eq!(show_or_code("9999999999999999999", i64::MAX), "range");
    }

    #[test]
    fn bounds_hold() {
        assert_eq!(Hours::from_units(-1), None);
        let most = Hours::from_units(99_999 * CLASS_HOUR).expect("the bound itself");
        assert_eq!(Hours::from_units(99_999 * CLASS_HOUR + 1), None);
        assert_eq!(most.checked_add(Hours(1)), None);
        assert_eq!(most.checked_add(Hours::ZERO), Some(most));
        assert_eq!(Hours::default(), Hours::ZERO);
    }

    proptest! {
        #[test]
        fn thousandths_survive_display(thousandths in 0_i64..99_999_000) {
            let hours = Hours::from_units(thousandths * 108).expect("in range");
            prop_assert_eq!(Hours::from_amount(&hours.to_string(), CLASS_HOUR), Ok(hours));
        }

        #[test]
        fn no_text_panics(text in any::<String>(), per_one in any::<i64>()) {
            let _ = Hours::from_amount(&text, per_one);
        }
    }
}
