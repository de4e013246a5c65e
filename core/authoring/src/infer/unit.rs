//! Units of training time, as stated in headers and values.

use crate::infer::content::Facts;
use huiliu_manifest::{Unit, amount};

/// Confidence in a unit under which the numbers are no usual amounts; too low to use it unasked.
const IMPLAUSIBLE: u32 = 45;

/// A unit stated by a name or a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StatedUnit {
    /// The stated unit.
    pub unit: Unit,
    /// Confidence in per cent.
    pub confidence: u32,
}

/// Returns the unit that a text names by itself: after a number, in brackets, after a slash.
pub(super) fn unit_of_word(text: &str) -> Option<Unit> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let text = text.trim_start_matches(['单', '位', ':', '：', '以', '按']).trim_end_matches(['计', '数', '.']);
    amount::unit_of_word(text)
}

/// Returns the unit that a name states. `inner` has the texts in its brackets.
pub(super) fn unit_of_name(base: &str, inner: &[String]) -> Option<StatedUnit> {
    let stated = |unit, confidence| Some(StatedUnit { unit, confidence });
    let outer = base.rsplit_once(['/', ',', ':']).map(|(_, tail)| tail.to_owned());
    if let Some(unit) = inner.iter().chain(&outer).find_map(|text| unit_of_word(text)) {
        return stated(unit, 97);
    }
    let folded: String = base.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let has = |words: &[&str]| words.iter().any(|word| folded.contains(word));
    // For a word that contains several units, the first match counts: 学时 is not 小时.
    if has(&["秒", "seconds"]) || folded.ends_with("secs") {
        stated(Unit::Second, 95)
    } else if has(&["半天", "halfday"]) {
        stated(Unit::HalfDay, 95)
    } else if has(&["分钟", "minute", "mins", "fenzhong"]) || folded.ends_with("min") {
        stated(Unit::Minute, 95)
    } else if has(&["学分", "credits", "xuefen"]) || folded == "credit" || folded == "xf" {
        stated(Unit::Credit, 95)
    } else if folded.contains("period")
        && !folded.trim_end_matches('s').ends_with("classperiod")
        && folded.trim_end_matches('s') != "period"
    {
        // A period is also a stretch of time.
        stated(Unit::ClassHour, 66)
    } else if has(&[
        "学时",
        "课时",
        "classhour",
        "period",
        "xueshi",
        "keshi",
        "credithour",
        "lessonhour",
        "contacthour",
    ]) {
        stated(Unit::ClassHour, 95)
    } else if has(&["小时", "xiaoshi"]) {
        stated(Unit::Hour, 95)
    } else if has(&["天数", "days", "tianshu"]) || folded == "day" || folded == "ts" || folded == "天" {
        stated(Unit::Day, 95)
    } else if has(&["hour", "hrs"]) || folded.ends_with("hr") {
        // English names often call 学时 so.
        stated(Unit::ClassHour, 60)
    } else {
        None
    }
}

/// Guesses the unit of a column of hours: from the words in its values, its name, or its range.
pub(super) fn guess_unit(named: Option<StatedUnit>, facts: &Facts) -> Option<StatedUnit> {
    let in_values = facts.unit.as_ref().map(|written| StatedUnit { unit: written.unit, confidence: 97 });
    let Some(StatedUnit { unit, confidence }) = in_values.or(named) else {
        // A median from two hundred up suggests minutes of a course; numbers alone cannot distinguish class hours from
        // clock hours.
        return (20_000..=600_000).contains(&facts.median).then_some(StatedUnit { unit: Unit::Minute, confidence: 62 });
    };
    if facts.has_mixed_units
        || facts.unit.is_some() && named.is_some_and(|named| named.unit != unit && named.confidence >= 95)
    {
        return Some(StatedUnit { unit, confidence: 45 });
    }
    let likely = match unit {
        Unit::Second => 30_000..=100_000_000,
        Unit::HalfDay => 25..=20_000,
        Unit::Minute => 1_000..=1_000_000,
        Unit::ClassHour | Unit::Hour => 25..=60_000,
        Unit::Day => 25..=20_000,
        Unit::Credit => 5..=10_000,
    };
    // An implausible range, such as minutes named as class hours: the word alone is no proof.
    Some(StatedUnit { unit, confidence: if likely.contains(&facts.median) { confidence } else { IMPLAUSIBLE } })
}

/// Returns the unit that every text of a column names.
pub(super) fn common_unit(values: &[Option<String>]) -> Option<Unit> {
    let mut units = values.iter().flatten().map(|text| unit_of_word(text));
    let first = units.next()??;
    units.all(|unit| unit == Some(first)).then_some(first)
}
