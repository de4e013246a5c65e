//! Counts the contents of a column. All shares are per cent of the filled cells.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization as _;

use crate::infer::names::is_han;
use huiliu_manifest::Unit;
use huiliu_manifest::amount::{self, StatedAmount};
use huiliu_values::IdNumber;
use huiliu_values::date::{parse_date, parse_month};

/// A unit as the cells write it.
#[derive(Debug, Clone)]
pub(super) struct WrittenUnit {
    pub unit: Unit,
    /// The word after the numbers, if all of them are digits and have the same one.
    pub word: Option<String>,
}

/// Statistics of a column.
#[derive(Debug, Default, Clone)]
pub(super) struct Facts {
    /// Number of filled cells, and their share of all records.
    pub filled: usize,
    pub fill: usize,
    /// Number of different texts.
    pub distinct: usize,
    pub ids: usize,
    /// Shaped like an ID number, valid or not, masked or not.
    pub id_shaped: usize,
    pub dates: usize,
    /// Dates written as dates: no serial numbers and no bare digits.
    pub written_dates: usize,
    pub months: usize,
    pub years: usize,
    pub periods: usize,
    /// Plain decimal numbers of at least zero, with or without a unit.
    pub numbers: usize,
    /// In hundredths.
    pub low: i64,
    pub high: i64,
    pub median: i64,
    /// The unit after the numbers, if at least half of them have one and it is always the same.
    pub unit: Option<WrittenUnit>,
    /// Whether the numbers have more than one unit.
    pub has_mixed_units: bool,
    /// The only unit that any number states.
    pub only_unit: Option<Unit>,
    /// How many numbers state their unit.
    pub with_unit: usize,
    pub phones: usize,
    pub people: usize,
    pub school_codes: usize,
    /// Words of a result, and those of them that are not just yes, no or a letter.
    pub results: usize,
    pub graded: usize,
    pub sexes: usize,
    /// Only letters, digits and code punctuation, with at least one digit.
    pub codes: usize,
    pub han: usize,
    /// Average number of characters.
    pub length: usize,
    /// Durations in hours, minutes and seconds.
    pub durations: usize,
    /// Whether the values are 1, 2, 3 …
    pub running: bool,
    pub requirement: usize,
    pub tiers: usize,
    /// Codes of 培训方式, and of 培训类别.
    pub deliveries: usize,
    pub categories: usize,
    pub modes: usize,
    pub roles: usize,
    pub schools: usize,
}

/// Counts a column's cells.
pub(super) fn count_facts(values: &[Option<String>]) -> Facts {
    let texts: Vec<&str> = values.iter().flatten().map(|text| text.trim()).collect();
    let filled = texts.len();
    let share = |test: fn(&str) -> bool| texts.iter().filter(|text| test(text)).count() * 100 / filled.max(1);
    let numbers: Vec<Number> = texts.iter().filter_map(|text| parse_number(text)).collect();
    let mut sorted: Vec<i64> = numbers.iter().map(|number| number.hundredths).collect();
    sorted.sort_unstable();
    let running = filled > 1
        && sorted.len() == filled
        && numbers.iter().zip(1_i64..).all(|(number, at)| number.hundredths == at * 100);
    Facts {
        filled,
        fill: filled * 100 / values.len().max(1),
        distinct: texts.iter().collect::<HashSet<_>>().len(),
        ids: share(|t| IdNumber::parse(t).is_ok()),
        id_shaped: share(is_id_shaped),
        dates: share(|t| parse_date(t).is_ok()),
        written_dates: share(|t| parse_date(t).is_ok() && !t.bytes().all(|b| b.is_ascii_digit() || b == b'.')),
        months: share(|t| parse_month(t).is_ok()),
        years: share(|t| {
            t.trim_end_matches("年度").trim_end_matches('年').parse().is_ok_and(|y: u32| (1990..2100).contains(&y))
        }),
        periods: share(is_period),
        numbers: sorted.len() * 100 / filled.max(1),
        low: sorted.first().copied().unwrap_or(0),
        high: sorted.last().copied().unwrap_or(0),
        median: sorted.get(sorted.len() / 2).copied().unwrap_or(0),
        unit: common_unit(&numbers, filled),
        has_mixed_units: list_units(&numbers).len() > 1,
        only_unit: list_units(&numbers).first().copied().filter(|_| list_units(&numbers).len() == 1),
        with_unit: numbers.iter().filter(|number| number.unit.is_some()).count(),
        phones: share(is_phone),
        people: share(is_person),
        school_codes: share(is_school_code),
        results: share(is_result),
        graded: share(|t| is_result(t) && !is_yes_or_no(t)),
        sexes: share(|t| {
            matches!(t, "男" | "女" | "M" | "F" | "male" | "female" | "Male" | "Female" | "男性" | "女性")
        }),
        codes: share(is_code),
        han: share(|t| t.chars().any(is_han)),
        length: texts.iter().map(|t| t.chars().count()).sum::<usize>() / filled.max(1),
        durations: share(|t| {
            t.split(':').count() >= 2 && t.split(':').all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
        }),
        running,
        requirement: share(|t| ["必修", "选修", "required", "elective", "1", "0"].contains(&t)),
        deliveries: share(|t| ["1", "2", "3", "4", "9"].contains(&t)),
        categories: share(|t| ["10", "20", "30", "40", "60", "99"].contains(&t)),
        tiers: share(|t| matches!(t.trim_end_matches(['级', '班']), "初" | "中" | "高")),
        modes: share(is_mode),
        roles: share(|t| {
            ["教师", "主讲", "学员", "骨干", "校长", "管理", "教研", "班主任", "learner", "teacher"]
                .iter()
                .any(|w| t.contains(w))
                && t.chars().count() < 12
        }),
        schools: share(|t| {
            ["学校", "小学", "中学", "一中", "二中", "三中", "高中", "幼儿园", "学院", "大学", "分校", "中心校", "学区"]
                .iter()
                .any(|w| t.ends_with(w))
        }),
    }
}

/// Returns whether a cell is certainly not part of a header.
pub(super) fn is_datum(text: &str) -> bool {
    let text = text.trim();
    is_phone(text)
        || is_id_shaped(text)
        || (parse_date(text).is_ok() && text.len() >= 8)
        || parse_digits(text).is_some()
}

/// A number as a cell states it.
struct Number {
    hundredths: i64,
    /// The unit; a per cent sign is not one.
    unit: Option<Unit>,
    /// The unit's word, if it stands behind digits alone.
    word: Option<String>,
}

/// Parses a text that is a number, with or without a unit, in digits or Chinese numerals, or a duration of ISO 8601.
fn parse_number(text: &str) -> Option<Number> {
    parse_digits(text).or_else(|| {
        let StatedAmount { number, unit } = amount::parse_amount(text)?;
        Some(Number { hundredths: count_hundredths(&number)?, unit, word: None })
    })
}

/// Parses digits with or without a unit behind them.
fn parse_digits(text: &str) -> Option<Number> {
    let text: String = text.nfkc().collect();
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let hundredths = count_hundredths(digits)?;
    let rest = rest.trim();
    match rest {
        "" | "%" => Some(Number { hundredths, unit: None, word: None }),
        _ => {
            amount::unit_of_word(rest).map(|unit| Number { hundredths, unit: Some(unit), word: Some(rest.to_owned()) })
        }
    }
}

/// Returns a decimal number as hundredths; further digits are cut off.
fn count_hundredths(digits: &str) -> Option<i64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let cents: String = fraction.chars().chain("00".chars()).take(2).collect();
    whole.parse::<i64>().ok().filter(|_| whole.len() < 12)?.checked_mul(100)?.checked_add(cents.parse().ok()?)
}

/// Returns the unit that at least half of the cells state, if no cell states another.
fn common_unit(numbers: &[Number], filled: usize) -> Option<WrittenUnit> {
    let stated = || numbers.iter().filter(|number| number.unit.is_some());
    let units = list_units(numbers);
    let [unit] = units.as_slice() else { return None };
    let first = stated().next()?.word.clone();
    let word = first.filter(|first| stated().all(|number| number.word.as_ref() == Some(first)));
    (stated().count() * 2 >= filled).then_some(WrittenUnit { unit: *unit, word })
}

/// Returns the units that the cells state.
fn list_units(numbers: &[Number]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for unit in numbers.iter().filter_map(|number| number.unit) {
        if !units.contains(&unit) {
            units.push(unit);
        }
    }
    units
}

/// Returns whether a text is a duration of ISO 8601 with days or weeks, which are calendar time.
pub(super) fn is_calendar_days(text: &str) -> bool {
    let upper = text.trim().to_ascii_uppercase();
    let Some(rest) = upper.strip_prefix('P') else { return false };
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, 'D' | 'W' | 'T' | 'H' | 'M' | 'S' | '.');
    rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains(['D', 'W']) && rest.chars().all(is_part)
}

/// Returns whether a text is a day or month without a year.
pub(super) fn is_yearless(text: &str) -> bool {
    let text: String = text.nfkc().filter(|c| !c.is_whitespace()).collect();
    let in_range = |digits: &str, most: u32| {
        digits.len() <= 2
            && digits.bytes().all(|b| b.is_ascii_digit())
            && digits.parse().is_ok_and(|n| (1..=most).contains(&n))
    };
    if let Some((month, rest)) = text.split_once('月') {
        let day = rest.trim_end_matches(['日', '号']);
        return in_range(month, 12) && (matches!(rest, "" | "份") || in_range(day, 31));
    }
    let halves = ['/', '-', '.'].iter().find_map(|mark| text.split_once(*mark));
    halves.is_some_and(|(one, other)| {
        in_range(one, 12) && in_range(other, 31) || in_range(one, 31) && in_range(other, 12)
    })
}

fn is_id_shaped(text: &str) -> bool {
    let chars: Vec<char> = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\'')).collect();
    let body = |c: &char| c.is_ascii_digit() || *c == '*';
    chars.len() == 18
        && chars.iter().take(17).all(body)
        && chars.last().is_some_and(|c| body(c) || matches!(c, 'x' | 'X'))
}

fn is_phone(text: &str) -> bool {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let digits = digits.strip_prefix("+86").unwrap_or(&digits);
    let mobile =
        digits.len() == 11 && digits.starts_with('1') && !digits.starts_with("10") && !digits.starts_with("12");
    let fixed = (10..=12).contains(&digits.len()) && digits.starts_with('0');
    (mobile || fixed) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'*')
}

fn is_school_code(text: &str) -> bool {
    let kind = text.get(..2).unwrap_or_default();
    let kinds = ["11", "21", "22", "31", "32", "33", "34", "35", "36", "37", "41", "42", "51", "91", "92", "93"];
    let province = text.get(2..4).and_then(|p| p.parse::<u32>().ok()).is_some_and(|p| (11..=65).contains(&p));
    text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit()) && kinds.contains(&kind) && province
}

fn is_result(text: &str) -> bool {
    let words = [
        "优秀",
        "良好",
        "合格",
        "不合格",
        "及格",
        "不及格",
        "通过",
        "未通过",
        "中等",
        "优",
        "良",
        "差",
        "已完成",
        "未完成",
        "结业",
        "未结业",
        "是",
        "否",
        "pass",
        "fail",
        "passed",
        "failed",
        "excellent",
        "good",
        "qualified",
        "completed",
        "a",
        "b",
        "c",
        "d",
        "待定",
        "true",
        "false",
        "已通过",
        "已结业",
        "unqualified",
        "y",
        "n",
        "p",
        "f",
        "yes",
        "no",
    ];
    words.contains(&text.to_ascii_lowercase().as_str())
}

/// Returns whether a text could answer any question, so that only the column's name tells which.
pub(super) fn is_yes_or_no(text: &str) -> bool {
    let small = text.to_ascii_lowercase();
    small.len() == 1 || ["是", "否", "true", "false", "yes", "no"].contains(&small.as_str())
}

fn is_mode(text: &str) -> bool {
    let words = [
        "网络", "面授", "线上", "线下", "校本", "集中", "混合", "远程", "在线", "脱产", "online", "offline", "blended",
        "onsite", "face", "研修",
    ];
    let small = text.to_ascii_lowercase();
    words.iter().any(|word| small.contains(word)) && text.chars().count() < 14
}

/// Separators between the first and the last day in a cell.
const BETWEEN: [&str; 9] = ["至", "到", "~", "～", "—", "--", " - ", "－", "-"];

/// Splits a text that names two days or months into the separator and its halves.
fn split_period(text: &str) -> Option<(&'static str, &str, &str)> {
    BETWEEN.into_iter().find_map(|mark| {
        let (first, last) = text.split_once(mark)?;
        // Hyphens within a date are not a separator.
        (!last.contains(mark)).then_some((mark, first.trim(), last.trim()))
    })
}

fn is_period(text: &str) -> bool {
    let day = |t: &str| parse_date(t).is_ok() || parse_month(t).is_ok();
    split_period(text).is_some_and(|(_, first, last)| day(first) && (day(last) || last.chars().count() <= 6))
}

/// Length of the longest text that may be a period, in bytes.
const MAX_PERIOD: usize = 100;

/// Returns whether a text names a first and a last day, or months, without a year.
pub(super) fn is_yearless_period(text: &str) -> bool {
    text.len() <= MAX_PERIOD
        && split_period(text).is_some_and(|(_, first, last)| is_yearless(first) && is_yearless(last))
}

/// Returns the separator that splits every text of a column into two full dates.
pub(super) fn period_separator(values: &[Option<String>]) -> Option<&'static str> {
    let mut marks = values.iter().flatten().map(|text| {
        let (mark, first, last) = split_period(text)?;
        (parse_date(first).is_ok() && parse_date(last).is_ok()).then_some(mark)
    });
    let first = marks.next()??;
    marks.all(|mark| mark == Some(first)).then_some(first)
}

/// Returns the separators that split at least one text of a column into two full dates.
pub(super) fn period_marks(values: &[Option<String>]) -> Vec<&'static str> {
    let cuts = |mark: &str, text: &String| {
        let halves = text.split_once(mark);
        halves.is_some_and(|(first, last)| parse_date(first.trim()).is_ok() && parse_date(last.trim()).is_ok())
    };
    BETWEEN.into_iter().filter(|mark| values.iter().flatten().any(|text| cuts(mark, text))).collect()
}

/// Returns whether a text is a plain number, with or without a unit.
pub(super) fn is_number(text: &str) -> bool {
    parse_number(text).is_some()
}

/// Returns whether a text is an amount that states its unit.
pub(super) fn states_unit(text: &str) -> bool {
    parse_number(text).is_some_and(|number| number.unit.is_some())
}

/// Returns whether a text looks like a code: letters, digits and code punctuation, with at least one digit.
fn is_code(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '#' | ':');
    text.chars().all(inner) && text.bytes().any(|b| b.is_ascii_digit())
}

/// Returns whether a text looks like a person's name: two to four Han characters that begin with a family name, or
/// parts separated by a dot.
fn is_person(text: &str) -> bool {
    const FAMILIES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金\
        韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文葛齐关盖车朴全玄权南吉初单柳邢翟庞卞";
    const DOUBLE: &[&str] = &[
        "欧阳", "司马", "上官", "诸葛", "司徒", "东方", "独孤", "南宫", "夏侯", "尉迟", "公孙", "慕容", "令狐", "宇文",
    ];
    let folded: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let dotted =
        folded.contains(['·', '•', '・', '.', '‧']) && folded.chars().all(|c| is_han(c) || "·•・.‧".contains(c));
    let count = folded.chars().count();
    let family =
        folded.chars().next().is_some_and(|c| FAMILIES.contains(c)) || DOUBLE.iter().any(|d| folded.starts_with(d));
    dotted || ((2..=4).contains(&count) && folded.chars().all(is_han) && family)
}
