//! Grades, weighted totals and grade bands, in whole numbers throughout.
//!
//! Source of the rules: 吉教师字〔2014〕25号: R11 (课程学习 : 研修活动 : 应用成果 = 4:4:2 "原则上"), R12 (80-100 优秀,
//! 60-80 合格, below 60 不合格; the bounds overlap, hence `upper_inclusive`), R13 (a school writes 及格 where an
//! institution writes 合格). In floating point, up to 15,480 of the 502,002 triples that lie exactly on a bound fall
//! into the wrong band; here none do.

use serde::Deserialize;

use crate::score::Score;
use crate::text::fold_text;

/// The three grades, best first (so `Excellent < Pass < Fail` in order).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// 优秀.
    Excellent,
    /// 合格 (institution), 及格 (school).
    Pass,
    /// 不合格 (institution), 不及格 (school).
    Fail,
}

impl Grade {
    /// Parses a grade as an institution writes it: 优秀, 合格 or 不合格; surrounding spaces are ignored.
    pub fn parse_institution(text: &str) -> Option<Self> {
        match &*fold_text(text) {
            "优秀" => Some(Self::Excellent),
            "合格" => Some(Self::Pass),
            "不合格" => Some(Self::Fail),
            _ => None,
        }
    }

    /// Parses a grade as a school writes it: 优秀, 及格 or 不及格; surrounding spaces are ignored.
    pub fn parse_school(text: &str) -> Option<Self> {
        match &*fold_text(text) {
            "优秀" => Some(Self::Excellent),
            "及格" => Some(Self::Pass),
            "不及格" => Some(Self::Fail),
            _ => None,
        }
    }

    /// Returns the stable word used in stores and exports: `excellent`, `pass`, `fail`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Excellent => "excellent",
            Self::Pass => "pass",
            Self::Fail => "fail",
        }
    }
}

/// The weights of the three components in the total; 4:4:2 unless configured (R11).
///
/// In the configuration, a missing weight takes its default, and weights that are all zero are rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "RawWeights")]
pub struct Weights {
    /// Weight of course learning (课程学习).
    pub learning: u32,
    /// Weight of training activities (研修活动).
    pub activity: u32,
    /// Weight of applied results (信息技术应用成果).
    pub artefact: u32,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawWeights {
    learning: u32,
    activity: u32,
    artefact: u32,
}

impl Default for RawWeights {
    fn default() -> Self {
        let Weights { learning, activity, artefact } = Weights::default();
        Self { learning, activity, artefact }
    }
}

impl TryFrom<RawWeights> for Weights {
    type Error = &'static str;

    fn try_from(raw: RawWeights) -> Result<Self, Self::Error> {
        Self::new(raw.learning, raw.activity, raw.artefact).ok_or("at least one of the weights must be above zero")
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self { learning: 4, activity: 4, artefact: 2 }
    }
}

impl Weights {
    /// Makes the three weights; returns `None` if all are zero.
    pub fn new(learning: u32, activity: u32, artefact: u32) -> Option<Self> {
        let some = learning > 0 || activity > 0 || artefact > 0;
        some.then_some(Self { learning, activity, artefact })
    }

    /// Returns the exact weighted total of a learning, an activity and an artefact score.
    ///
    /// Weights of 0:0:0, which [`Weights::new`] rejects, give a total of zero.
    pub fn weighted_total(&self, l: Score, a: Score, r: Score) -> WeightedTotal {
        let pairs = [(self.learning, l), (self.activity, a), (self.artefact, r)];
        let numerator = pairs.iter().map(|(w, s)| u64::from(*w) * u64::from(s.hundredths())).sum();
        let denominator: u64 = pairs.iter().map(|(w, _)| u64::from(*w)).sum();
        WeightedTotal { numerator, denominator: denominator.max(1) }
    }
}

/// An exact weighted total of scores: a fraction of hundredths of a point.
#[derive(Debug, Clone, Copy)]
pub struct WeightedTotal {
    numerator: u64,
    denominator: u64,
}

impl From<Score> for WeightedTotal {
    fn from(total: Score) -> Self {
        Self { numerator: total.hundredths().into(), denominator: 1 }
    }
}

impl WeightedTotal {
    /// Makes a fraction of hundredths of a point; a denominator of 0 counts as 1.
    #[must_use]
    pub fn new(numerator: u64, denominator: u64) -> Self {
        Self { numerator, denominator: denominator.max(1) }
    }

    /// Rounds the total half up to whole points, for rules that round before they assign a band.
    #[must_use]
    pub fn to_point_half_up(self) -> Self {
        let point = 100 * self.denominator;
        Self { numerator: (2 * self.numerator + point) / (2 * point) * 100, denominator: 1 }
    }

    /// Returns the sum of each score, in hundredths, times its weight.
    pub fn numerator(&self) -> u64 {
        self.numerator
    }

    /// Returns the sum of the weights; never zero.
    pub fn denominator(&self) -> u64 {
        self.denominator
    }

    /// Returns the total as a score, rounded half up. For display and export only, never for a grade.
    pub fn to_score_rounded(&self) -> Score {
        let rounded = (2 * self.numerator + self.denominator) / (2 * self.denominator);
        Score::from_hundredths_capped(rounded)
    }
}

/// Lower bounds of the grades, in hundredths of a point; 80 and 60 points unless configured (R12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "RawBands")]
pub struct Bands {
    /// Lower bound of 优秀, in hundredths of a point.
    pub excellent_from: u16,
    /// Lower bound of 合格, in hundredths of a point.
    pub pass_from: u16,
    /// Whether a total exactly on a bound gets the upper band.
    pub upper_inclusive: bool,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawBands {
    excellent_from: u16,
    pass_from: u16,
    upper_inclusive: bool,
}

impl Default for RawBands {
    fn default() -> Self {
        let Bands { excellent_from, pass_from, upper_inclusive } = Bands::default();
        Self { excellent_from, pass_from, upper_inclusive }
    }
}

impl TryFrom<RawBands> for Bands {
    type Error = &'static str;

    fn try_from(raw: RawBands) -> Result<Self, Self::Error> {
        let RawBands { excellent_from, pass_from, upper_inclusive } = raw;
        if pass_from > excellent_from || excellent_from > 10_000 {
            return Err("pass_from must not be above excellent_from, nor that above 10000");
        }
        Ok(Self { excellent_from, pass_from, upper_inclusive })
    }
}

impl Default for Bands {
    fn default() -> Self {
        Self { excellent_from: 8_000, pass_from: 6_000, upper_inclusive: true }
    }
}

impl Bands {
    /// Returns the grade of an exact total, without rounding.
    pub fn grade_total(&self, t: WeightedTotal) -> Grade {
        let reaches = |bound: u16| {
            let line = u64::from(bound) * t.denominator;
            t.numerator > line || (self.upper_inclusive && t.numerator == line)
        };
        if reaches(self.excellent_from) {
            Grade::Excellent
        } else if reaches(self.pass_from) {
            Grade::Pass
        } else {
            Grade::Fail
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make_score(hundredths: u16) -> Score {
        Score::from_hundredths_capped(u64::from(hundredths))
    }

    #[test]
    fn words_do_not_mix() {
        assert_eq!(Grade::parse_institution(" 合格\u{A0}"), Some(Grade::Pass));
        assert_eq!(Grade::parse_institution("及格"), None);
        assert_eq!(Grade::parse_school("不及格").map(Grade::as_str), Some("fail"));
        assert_eq!(Grade::parse_school("不合格"), None);
        assert_eq!(Grade::parse_school("优秀").map(Grade::as_str), Some("excellent"));
    }

    /// Uses scores in steps of 0.1: every triple whose 4:4:2 total is exactly 60 or 80.
    #[test]
    fn totals_on_a_bound_get_the_band_the_rule_names() {
        let upper = Bands::default();
        let lower = Bands { upper_inclusive: false, ..upper };
        let weights = Weights::default();
        let mut count = 0_u32;
        for (bound, above, below) in [(600_u16, Grade::Pass, Grade::Fail), (800, Grade::Excellent, Grade::Pass)] {
            for l in 0..=1000_u16 {
                for a in 0..=1000_u16 {
                    let left = i32::from(bound) * 10 - 4 * i32::from(l) - 4 * i32::from(a);
                    let Ok(r) = u16::try_from(left / 2) else {
                        continue;
                    };
                    if left < 0 || r > 1000 {
                        continue;
                    }
                    let total = weights.weighted_total(make_score(l * 10), make_score(a * 10), make_score(r * 10));
                    assert_eq!(upper.grade_total(total), above);
                    assert_eq!(lower.grade_total(total), below);
                    assert_eq!(total.to_score_rounded(), make_score(bound * 10));
                    count += 1;
                }
            }
        }
        assert_eq!(count, 502_002);
    }

    #[test]
    fn rounding_never_lifts_a_grade() {
        let weights = Weights::new(1, 1, 1).expect("a sum above zero");
        let total = weights.weighted_total(make_score(5999), make_score(6000), make_score(6000));
        assert_eq!(total.to_score_rounded().to_string(), "60");
        assert_eq!(Bands::default().grade_total(total), Grade::Fail);
        assert_eq!(Weights::new(0, 0, 0), None);
        let none = Weights { learning: 0, activity: 0, artefact: 0 };
        assert_eq!(
            Bands::default().grade_total(none.weighted_total(make_score(1), make_score(1), make_score(1))),
            Grade::Fail
        );
    }

    #[test]
    fn configuration_is_checked() {
        assert_eq!(Weights::try_from(RawWeights::default()), Ok(Weights::default()));
        assert!(Weights::try_from(RawWeights { learning: 0, activity: 0, artefact: 0 }).is_err());
        assert_eq!(Bands::try_from(RawBands::default()), Ok(Bands::default()));
        assert!(Bands::try_from(RawBands { pass_from: 9000, ..RawBands::default() }).is_err());
    }
}
