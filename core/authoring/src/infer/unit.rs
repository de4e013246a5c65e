//! Units of training time, as headers and values state them.

use crate::infer::content::Facts;
use huiliu_manifest::Unit;

/// The unit that a text is, alone: behind a number, in brackets, behind a slash.
pub(super) fn of_word(text: &str) -> Option<Unit> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    let text = text.trim_start_matches(['单', '位', ':', '：', '以', '按']).trim_end_matches(['计', '数', '.']);
    Some(match text {
        "分钟" | "分" | "min" | "mins" | "minute" | "minutes" | "m" | "minutely" | "fz" => Unit::Minute,
        "学时" | "课时" | "个学时" | "节" | "节课" | "classhour" | "classhours" | "period" | "periods" | "xs" => {
            Unit::ClassHour
        }
        "小时" | "时" | "h" | "hour" | "hours" | "hr" | "hrs" | "个小时" => Unit::Hour,
        "秒" | "s" | "sec" | "secs" | "second" | "seconds" | "秒钟" => Unit::Second,
        "半天" | "半日" | "halfday" | "halfdays" | "个半天" => Unit::HalfDay,
        "天" | "日" | "day" | "days" | "d" | "工作日" => Unit::Day,
        "学分" | "credit" | "credits" | "个学分" => Unit::Credit,
        _ => return None,
    })
}

/// The unit that a name states, with how surely, per cent. `inner` are the texts in its brackets.
pub(super) fn of_name(base: &str, inner: &[String]) -> Option<(Unit, u32)> {
    let outer = base.rsplit_once(['/', ',', ':']).map(|(_, tail)| tail.to_owned());
    if let Some(unit) = inner.iter().chain(&outer).find_map(|text| of_word(text)) {
        return Some((unit, 97));
    }
    let folded: String = base.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let has = |words: &[&str]| words.iter().any(|word| folded.contains(word));
    // A word of several units belongs to the first: 学时 is no 小时.
    if has(&["秒", "seconds"]) || folded.ends_with("secs") {
        Some((Unit::Second, 95))
    } else if has(&["半天", "halfday"]) {
        Some((Unit::HalfDay, 95))
    } else if has(&["分钟", "minute", "mins", "fenzhong"]) || folded.ends_with("min") {
        Some((Unit::Minute, 95))
    } else if has(&["学分", "credits", "xuefen"]) || folded == "credit" || folded == "xf" {
        Some((Unit::Credit, 95))
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
        Some((Unit::ClassHour, 95))
    } else if has(&["小时", "xiaoshi"]) {
        Some((Unit::Hour, 95))
    } else if has(&["天数", "days", "tianshu"]) || folded == "day" || folded == "ts" || folded == "天" {
        Some((Unit::Day, 95))
    } else if has(&["hour", "hrs"]) || folded.ends_with("hr") {
        // 学时 is often called so in English.
        Some((Unit::ClassHour, 60))
    } else {
        None
    }
}

/// The unit of a column of hours, with how surely, per cent: by its values' own words, by its name, by its range.
pub(super) fn guess(named: Option<(Unit, u32)>, facts: &Facts) -> Option<(Unit, u32)> {
    let Some((unit, sure)) = facts.unit.as_ref().map(|(unit, _)| (*unit, 97)).or(named) else {
        // Two hundred and more are minutes of some course; the number alone cannot tell class hours from clock hours.
        return (20_000..=600_000).contains(&facts.median).then_some((Unit::Minute, 62));
    };
    if facts.units_differ || facts.unit.is_some() && named.is_some_and(|(said, how)| said != unit && how >= 95) {
        return Some((unit, 45));
    }
    let likely = match unit {
        Unit::Second => 30_000..=100_000_000,
        Unit::HalfDay => 25..=20_000,
        Unit::Minute => 1_000..=1_000_000,
        Unit::ClassHour | Unit::Hour => 25..=60_000,
        Unit::Day => 25..=20_000,
        Unit::Credit => 5..=10_000,
    };
    let sure = match likely.contains(&facts.median) {
        true => sure,
        // As many class hours as minutes: the word alone is no proof.
        false if sure < 90 => 40,
        false => 58,
    };
    Some((unit, sure))
}

/// The unit that every text of a column is.
pub(super) fn of_all(values: &[Option<String>]) -> Option<Unit> {
    let mut units = values.iter().flatten().map(|text| of_word(text));
    let first = units.next()??;
    units.all(|unit| unit == Some(first)).then_some(first)
}
