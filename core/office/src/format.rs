//! Number formats: what a spreadsheet shows for a number.

use std::fmt::Write as _;

/// What a number format shows of a number beside its digits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum NumberDisplay {
    /// The number, or the whole date.
    #[default]
    AsItIs,
    Percent,
    /// A time without a date.
    Clock,
    /// A part of a date.
    DatePart(DatePart),
    /// A number between words, and with at least so many digits before the point.
    Number {
        before: String,
        after: String,
        digits: usize,
    },
    /// Words instead of a number.
    Words(String),
    /// Another display for each condition.
    Choice(Vec<(Condition, NumberDisplay)>),
}

/// The part of a date that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatePart {
    YearMonth,
    MonthDay,
    Year,
    Month,
    Day,
    Weekday,
}

/// When a section of a format applies. Its bound is a decimal number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    comparison: &'static str,
    bound: String,
}

impl Condition {
    const ALWAYS: Self = Self { comparison: "", bound: String::new() };

    fn parse(text: &str) -> Option<Self> {
        let comparison = ["<=", ">=", "<>", "<", ">", "="].into_iter().find(|of| text.starts_with(of))?;
        let bound = text.get(comparison.len()..)?.trim();
        bound.parse::<f64>().is_ok().then(|| Self { comparison, bound: bound.to_owned() })
    }

    pub(crate) fn holds(&self, number: f64) -> bool {
        let Ok(bound) = self.bound.parse::<f64>() else { return true };
        match self.comparison {
            "<=" => number <= bound,
            ">=" => number >= bound,
            "<>" => (number - bound).abs() > 0.0,
            "<" => number < bound,
            ">" => number > bound,
            "=" => (number - bound).abs() <= 0.0,
            _ => true,
        }
    }
}

/// Returns the code of a built-in format, as Excel shows it in Chinese; `None` for General and for unknown numbers.
pub(crate) fn builtin_code(id: u32) -> Option<&'static str> {
    Some(match id {
        9 | 10 => "0%",
        14 | 22 | 30 => "yyyy/m/d",
        15 => "d-mmm-yy",
        16 => "d-mmm",
        17 => "mmm-yy",
        18..=21 | 32..=35 | 45..=47 | 55 | 56 => "h:mm",
        27 | 36 | 50 | 52 | 57 => "yyyy\"年\"m\"月\"",
        28 | 29 | 51 | 53 | 54 | 58 => "m\"月\"d\"日\"",
        31 => "yyyy\"年\"m\"月\"d\"日\"",
        _ => return None,
    })
}

impl NumberDisplay {
    /// Classifies a format code such as `0.0%`, `h:mm` or `0"学时"`.
    pub(crate) fn from_format_code(code: &str) -> Self {
        let code = code.replace("G/通用格式", "General");
        let sections: Vec<Section> = split_sections(&code).into_iter().map(Section::parse).collect();
        let Some(first) = sections.first() else { return Self::AsItIs };
        if !sections.iter().any(|section| section.condition.is_some()) {
            return Self::from_signs(&sections).unwrap_or_else(|| first.display());
        }
        let section = |section: &Section| (section.condition.clone().unwrap_or(Condition::ALWAYS), section.display());
        Self::Choice(sections.iter().take(3).map(section).collect())
    }
}

impl NumberDisplay {
    /// Returns what sections without conditions show, if words stand for some numbers: those above zero, below zero and zero; of
    /// two sections, the first is for zero, too.
    fn from_signs(sections: &[Section]) -> Option<Self> {
        let signs: &[&'static str] = match sections.len() {
            0 | 1 => return None,
            2 => &[">=", "<"],
            _ => &[">", "<", "="],
        };
        let shown: Vec<_> = sections.iter().zip(signs).map(|(section, sign)| (*sign, section.display())).collect();
        let words = shown.iter().any(|(_, shown)| matches!(shown, Self::Words(_)));
        let choice = |(comparison, shown)| (Condition { comparison, bound: "0".to_owned() }, shown);
        words.then(|| Self::Choice(shown.into_iter().map(choice).collect()))
    }
}

fn split_sections(code: &str) -> Vec<&str> {
    let (mut all, mut from, mut is_quoted, mut is_escaped) = (vec![], 0, false, false);
    for (at, c) in code.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '"' => is_quoted = !is_quoted,
            '\\' | '_' | '*' if !is_quoted => is_escaped = true,
            ';' if !is_quoted => {
                all.extend(code.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    all.extend(code.get(from..));
    all
}

/// A section of a format code.
#[derive(Default)]
struct Section {
    condition: Option<Condition>,
    /// Words before and after the digits.
    before: String,
    after: String,
    /// Zeros before the decimal point, of which each stands for a digit that is shown always.
    zeros: usize,
    has_digits: bool,
    /// Whether it has `#`, `?`, a point or an exponent, so that zeros before the number are no part of it.
    is_free: bool,
    is_percent: bool,
    /// The letters of dates and times.
    letters: String,
}

impl Section {
    fn parse(code: &str) -> Self {
        let mut section = Self::default();
        let mut rest = code;
        while let Some(c) = rest.chars().next() {
            let (token, after) = rest.split_at(token_length(rest, c));
            section.take_token(c, token);
            rest = after;
        }
        section
    }

    fn take_token(&mut self, c: char, token: &str) {
        match c {
            '"' => self.take_words(token.trim_matches('"')),
            '\\' => self.take_words(token.get(1..).unwrap_or_default()),
            '_' | '*' => {}
            '[' => {
                let inner = token.trim_matches(['[', ']']);
                self.condition = self.condition.take().or_else(|| Condition::parse(inner));
                let is_elapsed = !inner.is_empty() && inner.chars().all(|c| "hmsHMS".contains(c));
                self.letters.push_str(if is_elapsed { "h" } else { "" });
            }
            '0' => {
                self.has_digits = true;
                self.zeros += 1;
            }
            '#' | '?' | '.' | '@' => (self.has_digits, self.is_free) = (true, true),
            '%' => self.is_percent = true,
            'G' if token == "General" => (self.has_digits, self.is_free) = (true, true),
            'E' if token.len() > 1 => self.is_free = true,
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' | 'e' if token.len() < 5 => {
                // Three or more letters of a day are the name of the weekday.
                let is_weekday = matches!(c, 'd' | 'D') && token.len() > 2;
                self.letters.push(if is_weekday { 'a' } else { c.to_ascii_lowercase() });
            }
            'a' | 'A' if token.len() > 2 && token.bytes().all(|b| b.eq_ignore_ascii_case(&b'a')) => {
                self.letters.push('a');
            }
            c if c.is_alphabetic() && !c.is_ascii() => self.take_words(token),
            _ => {}
        }
    }

    fn take_words(&mut self, words: &str) {
        if self.has_digits { self.after.push_str(words) } else { self.before.push_str(words) }
    }

    fn display(&self) -> NumberDisplay {
        let has = |letters: &[char]| self.letters.contains(letters);
        if self.is_percent {
            return NumberDisplay::Percent;
        }
        if has(&['h', 's']) {
            return if has(&['y', 'e', 'd']) { NumberDisplay::AsItIs } else { NumberDisplay::Clock };
        }
        if !self.letters.is_empty() && !self.has_digits {
            let part = match (has(&['y', 'e']), has(&['m']), has(&['d'])) {
                (true, _, true) => return NumberDisplay::AsItIs,
                (true, true, false) => DatePart::YearMonth,
                (false, true, true) => DatePart::MonthDay,
                (true, false, false) => DatePart::Year,
                (false, true, false) => DatePart::Month,
                (false, false, true) => DatePart::Day,
                (false, false, false) => DatePart::Weekday,
            };
            return NumberDisplay::DatePart(part);
        }
        let tells = |words: &str| words.chars().any(|c| c.is_alphabetic() || c.is_numeric() || matches!(c, '%' | '‰'));
        if !self.has_digits {
            let words = self.before.trim();
            return if tells(words) { NumberDisplay::Words(words.to_owned()) } else { NumberDisplay::AsItIs };
        }
        let words = |words: &str| if tells(words) { words.trim().to_owned() } else { String::new() };
        let (before, after) = (words(&self.before), words(&self.after));
        // A single digit is there in any case.
        let digits = if self.is_free || self.zeros < 2 { 0 } else { self.zeros };
        if before.is_empty() && after.is_empty() && digits == 0 {
            return NumberDisplay::AsItIs;
        }
        NumberDisplay::Number { before, after, digits }
    }
}

/// Returns the number of bytes of the token that a text of a format begins with; `c` is its first character.
fn token_length(text: &str, c: char) -> usize {
    let one = c.len_utf8();
    let second = || text.chars().nth(1).map_or(0, char::len_utf8);
    match c {
        '"' => text.get(1..).and_then(|rest| rest.find('"')).map_or(text.len(), |at| at + 2),
        '\\' | '_' | '*' => one + second(),
        '[' => text.find(']').map_or(text.len(), |at| at + 1),
        'E' if text.get(1..).is_some_and(|rest| rest.starts_with(['+', '-'])) => 2,
        'G' if text.starts_with("General") => "General".len(),
        'A' | 'a' if text.len() > 4 && text.get(..5).is_some_and(|of| of.eq_ignore_ascii_case("AM/PM")) => 5,
        'A' | 'a' if text.get(..3).is_some_and(|of| of.eq_ignore_ascii_case("A/P")) => 3,
        c if text.starts_with("上午/下午") && c == '上' => "上午/下午".len(),
        c if c.is_ascii_alphabetic() => {
            text.bytes().take_while(|b| b.eq_ignore_ascii_case(&text.as_bytes()[0])).count()
        }
        _ => one,
    }
}

/// Writes a part of a date as it is shown: `2014年9月`. `serial` is the number of the day since 1900, for its weekday.
pub(crate) fn write_date_part(part: DatePart, [year, month, day]: [u16; 3], serial: f64, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = match part {
        DatePart::YearMonth => write!(out, "\"{year}年{month}月\""),
        DatePart::MonthDay => write!(out, "\"{month}月{day}日\""),
        DatePart::Year => write!(out, "\"{year}年\""),
        DatePart::Month => write!(out, "\"{month}月\""),
        DatePart::Day => write!(out, "\"{day}日\""),
        DatePart::Weekday => {
            // The serial of a day is a small positive number.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let nth = (serial.floor().rem_euclid(7.0)) as usize;
            let name = ["六", "日", "一", "二", "三", "四", "五"].get(nth).copied().unwrap_or_default();
            write!(out, "\"星期{name}\"")
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(before: &str, after: &str, digits: usize) -> NumberDisplay {
        NumberDisplay::Number { before: before.into(), after: after.into(), digits }
    }

    #[test]
    fn what_a_format_shows_beside_the_digits_is_known() {
        use DatePart as P;
        use NumberDisplay as N;
        for (code, shown) in [
            ("0%", N::Percent),
            ("0.00%;[Red]-0.00%", N::Percent),
            ("0\"%\"", number("", "%", 0)),
            ("0\\%", number("", "%", 0)),
            ("General", N::AsItIs),
            ("G/通用格式", N::AsItIs),
            ("General\"学时\"", number("", "学时", 0)),
            ("0\"学时\"", number("", "学时", 0)),
            ("0.0\"分钟\"", number("", "分钟", 0)),
            ("#,##0.00_);(#,##0.00)", N::AsItIs),
            ("_(* #,##0_);_(* (#,##0);_(* \"-\"_);_(@_)", N::AsItIs),
            ("0.00E+00", N::AsItIs),
            ("@", N::AsItIs),
            ("0", N::AsItIs),
            ("00000", number("", "", 5)),
            ("\"T\"000", number("T", "", 3)),
            ("h:mm", N::Clock),
            ("[h]:mm", N::Clock),
            ("[$-804]h:mm:ss AM/PM", N::Clock),
            ("mm:ss", N::Clock),
            ("yyyy-mm-dd h:mm", N::AsItIs),
            ("yyyy\"年\"m\"月\"d\"日\"", N::AsItIs),
            ("[$-804]yyyy\"年\"m\"月\"", N::DatePart(P::YearMonth)),
            ("yyyy-mm", N::DatePart(P::YearMonth)),
            ("mmm-yy", N::DatePart(P::YearMonth)),
            ("m\"月\"d\"日\"", N::DatePart(P::MonthDay)),
            ("yyyy", N::DatePart(P::Year)),
            ("[$-804]aaaa", N::DatePart(P::Weekday)),
            ("dddd", N::DatePart(P::Weekday)),
            ("dddd, mmmm dd, yyyy", N::AsItIs),
        ] {
            assert_eq!(N::from_format_code(code), shown, "{code}");
        }
        let N::Choice(words) = N::from_format_code("[=1]\"合格\";[>=2]\"优秀\";\"不合格\"") else {
            panic!("a choice")
        };
        let shown = |value: f64| words.iter().find(|(condition, _)| condition.holds(value)).map(|(_, shown)| shown);
        assert_eq!(
            [1.0, 2.0, 0.0].map(|n| shown(n).cloned()),
            ["合格", "优秀", "不合格"].map(|w| Some(N::Words(w.into())))
        );
        // Without conditions, the sections are for numbers above zero, below zero and zero.
        for (code, of_zero) in [("\"合格\";\"不合格\";\"缺考\"", "缺考"), ("\"合格\";\"不合格\"", "合格")]
        {
            let N::Choice(words) = N::from_format_code(code) else { panic!("a choice") };
            let shown = |value: f64| words.iter().find(|(condition, _)| condition.holds(value)).map(|(_, shown)| shown);
            let expected = ["合格", "不合格", of_zero].map(|w| Some(N::Words(w.into())));
            assert_eq!([1.0, -1.0, 0.0].map(|n| shown(n).cloned()), expected, "{code}");
        }
        assert_eq!(N::from_format_code("@\"学时\""), number("", "学时", 0));
        for id in (0..60).filter(|id| ![17, 27, 28, 29, 36, 50, 51, 52, 53, 54, 57, 58, 16].contains(id)) {
            let shown = builtin_code(id).map(N::from_format_code);
            assert!(!matches!(shown, Some(N::DatePart(_))), "{id}");
        }
    }
}
