//! Scores, in hundredths of a point. Re-exports grades, weights and bands.
//!
//! Source of the rule: 吉教师字〔2014〕25号, R12: scores run from 0 to 100.

use std::fmt;

use huiliu_messages::said_in_english;
use serde::Serialize;

pub use crate::grading::{Bands, Grade, WeightedTotal, Weights};
use crate::text::{Decimal, fold_text};

/// A score from 0 to 100 in hundredths of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Score(u16);

/// Why a text is not a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum ScoreError {
    /// The text is empty.
    #[serde(rename = "score.missing")]
    Missing,
    /// The text is not a plain decimal number.
    #[serde(rename = "score.number")]
    NotANumber,
    /// The score is below 0 or above 100.
    #[serde(rename = "score.range")]
    Range,
    /// The score has more than two decimals.
    #[serde(rename = "score.precision")]
    Precision,
}

said_in_english!(ScoreError);

impl ScoreError {
    /// Returns the last part of the stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotANumber => "number",
            Self::Range => "range",
            Self::Precision => "precision",
        }
    }
}

impl Score {
    /// Parses `85.5`, `85`, `90分`, `45%`, also in full-width characters.
    ///
    /// # Errors
    /// Returns any [`ScoreError`]; a value outside 0 to 100 is `Range` whatever its decimals.
    pub fn parse(text: &str) -> Result<Self, ScoreError> {
        let folded = fold_text(text);
        if folded.is_empty() {
            return Err(ScoreError::Missing);
        }
        let number = folded.strip_suffix(['分', '%']).unwrap_or(&folded).trim_end();
        let decimal = Decimal::parse(number).ok_or(ScoreError::NotANumber)?;
        if decimal.negative && !decimal.is_zero() || decimal.whole.len() > 3 {
            return Err(ScoreError::Range);
        }
        let whole: u16 = decimal.whole.parse().unwrap_or(0);
        let part_left = decimal.fraction.bytes().any(|digit| digit != b'0');
        if whole > 100 || (whole == 100 && part_left) {
            return Err(ScoreError::Range);
        }
        if decimal.fraction.len() > 2 {
            return Err(ScoreError::Precision);
        }
        let place = |nth: usize| decimal.fraction.as_bytes().get(nth).map_or(0, |digit| u16::from(digit - b'0'));
        Ok(Self(whole * 100 + place(0) * 10 + place(1)))
    }

    /// Makes a score of this number of hundredths, limited to 100 points.
    pub(super) fn from_hundredths_capped(hundredths: u64) -> Self {
        Self(u16::try_from(hundredths).unwrap_or(10_000).min(10_000))
    }

    /// Returns the score in hundredths of a point, 0 to 10,000.
    pub fn hundredths(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Score {
    /// Writes points without trailing zeros: `85`, `85.5`, `85.25`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        match (part, part % 10) {
            (0, _) => write!(f, "{whole}"),
            (_, 0) => write!(f, "{whole}.{}", part / 10),
            _ => write!(f, "{whole}.{part:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scores_parse_or_say_why_not() {
        for (text, hundredths) in [
            ("85.5", 8550),
            ("85", 8500),
            ("90分", 9000),
            ("45%", 4500),
            ("９０．２５ 分", 9025),
            ("0", 0),
            ("-0", 0),
            ("100.00", 10000),
            ("７％", 700),
            ("007.05", 705),
        ] {
            assert_eq!(Score::parse(text).map(Score::hundredths), Ok(hundredths), "{text}");
        }
        for (text, code) in [
            ("", "missing"),
            ("\u{3000}", "missing"),
            ("优秀", "number"),
            ("分", "number"),
            ("8.5e1", "number"),
            ("90分分", "number"),
            ("-1", "range"),
            ("100.01", "range"),
            ("100.001", "range"),
            ("1000", "range"),
            ("85.555", "precision"),
            ("59.999999999999", "precision"),
        ] {
            assert_eq!(Score::parse(text).map_err(|f| f.code()), Err(code), "{text}");
        }
    }

    proptest! {
        #[test]
        fn display_parses_back(hundredths in 0_u16..=10_000) {
            let score = Score(hundredths);
            prop_assert_eq!(Score::parse(&score.to_string()), Ok(score));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Score::parse(&text);
        }
    }
}
