//! Texts that stand for no value: programs write `nan` and `NULL`, people write 无, `-` and 同上.

/// What a text stands for that is no value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// There is no value: `nan`, `NULL`, 无, 待定, `-`.
    Nothing,
    /// The value is that of the row above: 同上, 〃.
    Ditto,
}

/// Maximum length of a placeholder in bytes.
const MAX_BYTES: usize = 36;

/// Words of programs, in lower case and without spaces.
const PROGRAM_WORDS: [&str; 24] = [
    "nan",
    "-nan",
    "null",
    "nil",
    "none",
    "n/a",
    "na",
    "<na>",
    "#n/a",
    "#na",
    "nat",
    "undefined",
    "(null)",
    "<null>",
    "[null]",
    "\\n",
    "tbd",
    "tba",
    "1.#qnan",
    "1.#ind",
    "-1.#ind",
    "#n/an/a",
    "(none)",
    "(blank)",
];

/// Errors of spreadsheet formulas, as text files have them.
const FORMULA_ERRORS: [&str; 7] = ["#null!", "#ref!", "#value!", "#name?", "#div/0!", "#num!", "#spill!"];

/// Words of people, without spaces and brackets.
const PEOPLE_WORDS: [&str; 33] = [
    "无",
    "暂无",
    "没有",
    "待定",
    "待补",
    "待补充",
    "待填",
    "待填写",
    "待核",
    "待核实",
    "待查",
    "待录入",
    "未知",
    "不详",
    "不明",
    "不知",
    "未填",
    "未填写",
    "未提供",
    "未登记",
    "未录入",
    "空",
    "空白",
    "空值",
    "缺",
    "暂缺",
    "缺失",
    "无数据",
    "暂无数据",
    "不适用",
    "略",
    "无。",
    "没填",
];

/// Marks and words that repeat the row above, without spaces.
const DITTOS: [&str; 20] = [
    "同上",
    "同上行",
    "同上一行",
    "同前",
    "同左",
    "〃",
    "〞",
    "〟",
    "″",
    "”",
    "“",
    "“”",
    "”“",
    "””",
    "\"",
    "\"\"",
    "''",
    "↑",
    "ditto",
    "do.",
];

/// Returns what a text stands for if it is no value itself. Width, letter case, spaces and brackets around the text make
/// no difference.
#[must_use]
pub fn find_placeholder(text: &str) -> Option<Placeholder> {
    if !may_be_placeholder(text) {
        return None;
    }
    let text = text.trim();
    let first = text.chars().next()?;
    if text.len() > MAX_BYTES || !(may_begin(first) || text.starts_with("1.#")) {
        return None;
    }
    // Codes, which begin with a letter, need no folding.
    if first.is_ascii_alphanumeric() && text.bytes().all(|b| b.is_ascii_graphic()) {
        let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
        let nothing = || is_one_of(&PROGRAM_WORDS).then_some(Placeholder::Nothing);
        return if is_one_of(&DITTOS) { Some(Placeholder::Ditto) } else { nothing() };
    }
    let folded: String = super::text::fold_text(text).chars().filter(|c| *c != ' ').collect();
    let folded = folded.to_ascii_lowercase();
    if DITTOS.contains(&folded.as_str()) {
        return Some(Placeholder::Ditto);
    }
    let bare = folded.trim_start_matches(['(', '[', '【', '<']).trim_end_matches([')', ']', '】', '>']);
    let is_known = PROGRAM_WORDS.contains(&folded.as_str())
        || FORMULA_ERRORS.contains(&folded.as_str())
        || PEOPLE_WORDS.contains(&bare);
    (is_known || folded.chars().all(is_filler)).then_some(Placeholder::Nothing)
}

/// Returns whether the first character of a text leaves it open that the text is a placeholder. For nearly all values it
/// does not.
#[must_use]
#[inline]
pub fn may_be_placeholder(text: &str) -> bool {
    match text.chars().next() {
        None => false,
        Some('1') => text.starts_with("1.#"),
        Some(first) => may_begin(first) || first.is_whitespace(),
    }
}

/// Returns whether a placeholder can begin with this character. Almost no value does, so that most texts are told apart
/// by their first character.
fn may_begin(c: char) -> bool {
    match c {
        'n' | 'N' | 'u' | 'U' | 't' | 'T' | 'd' | 'D' => true,
        '无' | '暂' | '没' | '待' | '未' | '不' | '空' | '缺' | '略' | '同' => true,
        // Most values are in Han or begin with a digit.
        '0'..='9' | '\u{4E00}'..='\u{9FFF}' => false,
        '\u{FF01}'..='\u{FF5E}' => true,
        _ => !c.is_alphanumeric(),
    }
}

/// Returns whether a character fills a field without saying anything.
fn is_filler(c: char) -> bool {
    matches!(
        c,
        '-' | '_' | '/' | '\\' | '?' | '.' | '*' | '~' | '|' | '=' | '#' | '…' | '·' | '。' | '、' | '\u{2010}'
            ..='\u{2015}' | '\u{2212}' | '\u{2500}' | '\u{FE63}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_value_is_told_from_what_is_one() {
        for text in [
            "nan",
            "NaN",
            " NULL ",
            "None",
            "N/A",
            "#N/A",
            "ｎａｎ",
            "无",
            "（无）",
            "暂无",
            "待定",
            "空",
            "-",
            "—",
            "——",
            "/",
            "／",
            "?",
            "？？",
            "NaT",
            "<NA>",
            "\\N",
            "#REF!",
            "#####",
            "***",
            "未 填",
            "...",
            "[null]",
        ] {
            assert_eq!(find_placeholder(text), Some(Placeholder::Nothing), "{text}");
        }
        for text in ["同上", "同 上", "〃", "\"", "”", "″", "''", "Ditto"] {
            assert_eq!(find_placeholder(text), Some(Placeholder::Ditto), "{text}");
        }
        for text in [
            "",
            " ",
            "王伟",
            "无锡",
            "吴空",
            "空军",
            "缺考",
            "同学",
            "-5",
            "1",
            "1.5",
            "2014-09-01",
            "N",
            "n1",
            "nancy",
            "Nana",
            "C-01",
            "一",
            "〇",
            "√",
            "×",
            "未通过",
            "无条件支持",
            "待业",
            "免考",
            "T1",
            "du",
            "*1",
        ] {
            assert_eq!(find_placeholder(text), None, "{text}");
        }
    }
}
