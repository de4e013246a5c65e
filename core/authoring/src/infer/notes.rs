//! Finds statements about units in titles, headers and remarks: `每天6学时`, `60分钟/学时`, `单位：小时`.

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization as _;

use crate::infer::unit::unit_of_word;
use huiliu_manifest::Unit;

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UnitNote {
    /// The amounts have this unit.
    Unit(Unit),
    /// A day has this many class hours.
    PerDay(String),
    /// A class hour has this many minutes.
    Minutes(String),
}

/// A statement about units, and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundNote {
    pub says: UnitNote,
    pub text: String,
}

const NUMBER: &str = r"([0-9]+(?:\.[0-9]+)?|[一二两三四五六七八九十]+)";
/// Length of the longest text that is searched, in bytes. A longer one is no remark.
const MAX_TEXT: usize = 2_000;
/// Class hours of a day, and minutes of a class hour, of which nobody needs to be asked.
const USUAL_DAY: [&str; 2] = ["8", "八"];
const USUAL_MINUTES: [&str; 2] = ["45", "四十五"];

static PER_DAY: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    compile(&[
        r"(?:每|一|1)个?(?:天|日|工作日)(?:计|折合|折算|按|为|以|合|是|=|:|等于|相当于|培训|算)*N个?(?:学时|课时|小时|节)",
        r"N个?(?:学时|课时|小时|节)(?:/|每)(?:天|日)",
        r"N(?:class)?(?:hours?|periods?|h)(?:per|/|a)day",
    ])
});
static MINUTES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    compile(&[
        r"(?:每|一|1)个?(?:学时|课时|节课|节)(?:计|折合|折算|按|为|以|合|是|=|:|等于|相当于|算)*N(?:分钟|分|min)",
        r"(?:学时|课时)(?:折合|折算|按|为|以|=|等于|相当于)N(?:分钟|分|min)",
        r"N(?:分钟|min)(?:/|每|为|=|计|折合|折算|算|按|等于|一|1)+个?(?:学时|课时|节)",
        r"N(?:minutes?|mins?)(?:per|/|=1?)(?:class|lesson|credit)?(?:hour|period|lesson)",
        r"1?(?:class|lesson|credit)hour=N(?:minutes?|mins?)",
    ])
});
static NAMED_UNIT: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    compile(&[
        r"(?:学时|课时)(?:一栏|栏|列|处|项)?(?:中|里|内)?(?:请|均|统一)?(?:填写|填|按|以)(学分|小时|分钟|半天|天数|天)",
        r"(?:计量|学时|课时|时长|时间)?单位(?::|为|是|=)([^,;。，；()（）\[\]【】:]{1,4})",
    ])
});

/// Compiles patterns, in which `N` stands for a number.
fn compile(patterns: &[&str]) -> Vec<Regex> {
    patterns.iter().filter_map(|pattern| Regex::new(&pattern.replace('N', NUMBER)).ok()).collect()
}

/// Finds a statement in a text that contradicts, or may contradict, how amounts are usually read.
pub(super) fn find_note(text: &str) -> Option<FoundNote> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let text: String = text.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    let first = |patterns: &[Regex], usual: &[&str]| {
        let found = patterns.iter().find_map(|pattern| pattern.captures(&text))?;
        let number = found.get(1)?.as_str();
        (!usual.contains(&number)).then(|| (found[0].to_owned(), number.to_owned()))
    };
    if let Some((text, number)) = first(&PER_DAY, &USUAL_DAY) {
        return Some(FoundNote { says: UnitNote::PerDay(number), text });
    }
    if let Some((text, number)) = first(&MINUTES, &USUAL_MINUTES) {
        return Some(FoundNote { says: UnitNote::Minutes(number), text });
    }
    let (text, word) = first(&NAMED_UNIT, &[])?;
    Some(FoundNote { says: UnitNote::Unit(unit_of_word(&word)?), text })
}

/// Finds the minutes that the brackets of a name give a class hour: `学时(50分钟)`.
pub(super) fn find_length(base: &str, inner: &[String]) -> Option<FoundNote> {
    let is_class_hours = base.contains("学时") || base.contains("课时");
    inner.iter().filter(|_| is_class_hours).find_map(|text| {
        let text = text.trim();
        let digits = text.strip_suffix("分钟").or_else(|| text.strip_suffix("min"))?.trim();
        let digits = digits.trim_start_matches(['每', '按', '以', '=']);
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        (is_number && !USUAL_MINUTES.contains(&digits))
            .then(|| FoundNote { says: UnitNote::Minutes(digits.to_owned()), text: format!("{digits}分钟/学时") })
    })
}

#[cfg(test)]
mod tests {
    use super::{UnitNote, find_note};
    use huiliu_manifest::Unit;

    #[test]
    fn statements_about_units_are_found() {
        let per_day = |number: &str| Some(UnitNote::PerDay(number.to_owned()));
        let minutes = |number: &str| Some(UnitNote::Minutes(number.to_owned()));
        for (text, says) in [
            ("培训天数（每天6学时）", per_day("6")),
            ("注：一天按六学时计", per_day("六")),
            ("6学时/天", per_day("6")),
            ("每天8学时", None),
            ("60分钟/学时", minutes("60")),
            ("1学时按60分钟", minutes("60")),
            ("注:2.学时以45分钟计。", None),
            ("培训登记表（学时单位：小时）", Some(UnitNote::Unit(Unit::Hour))),
            ("填报单位：第一小学", None),
            ("单位: 分钟", Some(UnitNote::Unit(Unit::Minute))),
            ("说明：学时栏填写学分", Some(UnitNote::Unit(Unit::Credit))),
            ("学时按分钟统计", Some(UnitNote::Unit(Unit::Minute))),
            ("2015年教师培训登记表", None),
        ] {
            assert_eq!(find_note(text).map(|found| found.says), says, "{text}");
        }
    }
}
