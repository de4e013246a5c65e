//! Folds typed text and parses plain decimals; shared by the parsers of this crate.

use std::borrow::Cow;

/// Returns whether a character is invisible and has no meaning in a field (zero-width, soft hyphen, byte order
/// mark, and every mark that changes the direction of writing).
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Returns whether a character is one of the Han characters that nearly all Chinese text is written in (the first block
/// of Unicode's ideographs). No standard form of it differs from it.
#[must_use]
pub fn is_common_han(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}')
}

/// Returns the half-width form of a full-width ASCII character; returns any other character unchanged.
pub fn to_half_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

/// Makes full-width characters half-width, replaces every kind of space (also NBSP and ideographic space) by a plain
/// one, drops invisible characters and trims the ends.
#[must_use]
pub fn fold_text(text: &str) -> Cow<'_, str> {
    // Shortcut: most texts need no folding.
    if text.chars().all(|c| matches!(c, ' '..='~') || is_common_han(c)) {
        return Cow::Borrowed(text.trim());
    }
    let folded: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_whitespace() { ' ' } else { to_half_width(c) })
        .collect();
    match folded.trim() {
        trimmed if trimmed.len() == folded.len() => Cow::Owned(folded),
        trimmed => Cow::Owned(trimmed.to_owned()),
    }
}

/// Folds a course's code or title for comparison: width, every kind of space, invisible characters and title marks (《》〈〉)
/// make no difference. Letter case does. A text of nothing else is only trimmed.
#[must_use]
pub fn fold_course(text: &str) -> Cow<'_, str> {
    // Shortcut: most codes need no folding.
    if text.bytes().all(|b| matches!(b, b'!'..=b'~')) {
        return Cow::Borrowed(text);
    }
    let ignored = |c: char| is_invisible(c) || c.is_whitespace() || matches!(c, '《' | '》' | '〈' | '〉');
    let folded: String = text.chars().filter(|c| !ignored(*c)).map(to_half_width).collect();
    if folded.is_empty() { fold_text(text) } else { Cow::Owned(folded) }
}

/// Returns whether the text is one or more ASCII digits and nothing else.
pub fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A plain decimal number split into its parts, still as text, so that nothing is lost.
pub(super) struct Decimal<'a> {
    /// Whether it has a minus sign.
    pub negative: bool,
    /// Digits before the point, without leading zeros; may be empty.
    pub whole: &'a str,
    /// Digits after the point as written; empty if there is no point.
    pub fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Splits folded text: optional sign, digits, optionally a point and digits. Accepts no exponent, no thousands
    /// separator and no bare point.
    pub fn parse(folded: &'a str) -> Option<Self> {
        let (negative, rest) = match folded.strip_prefix(['-', '\u{2212}']) {
            Some(rest) => (true, rest),
            None => (false, folded.strip_prefix('+').unwrap_or(folded)),
        };
        let (whole, fraction) = match rest.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (rest, ""),
        };
        let sound = all_digits(whole) && (fraction.is_empty() || all_digits(fraction));
        sound.then(|| Self { negative, whole: whole.trim_start_matches('0'), fraction })
    }

    /// Returns whether the number is zero.
    pub fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.bytes().all(|b| b == b'0')
    }
}

/// A plain decimal number, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExactDecimal {
    /// Its digits as a whole number, with its sign.
    pub digits: i128,
    /// How many of the digits are after the point.
    pub decimals: u32,
}

/// Parses a plain decimal number exactly. Returns `None` if the text is not such a number or has more than 30 digits.
#[must_use]
pub fn parse_decimal(text: &str) -> Option<ExactDecimal> {
    let folded = fold_text(text);
    let Decimal { negative, whole, fraction } = Decimal::parse(&folded)?;
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    let value: i128 = if digits.is_empty() { 0 } else { (digits.len() <= 30).then(|| digits.parse().ok())?? };
    let digits = if negative { -value } else { value };
    Some(ExactDecimal { digits, decimals: u32::try_from(fraction.len()).ok()? })
}

/// Multiplies a plain decimal number by `up / down` and returns a plain decimal. Returns `None` if the text is not a
/// plain decimal number, or if the result is not finite or out of bounds.
#[must_use]
pub fn scale_decimal(text: &str, up: u32, down: u32) -> Option<String> {
    let ExactDecimal { digits, mut decimals } = parse_decimal(text)?;
    let mut product = digits.checked_mul(i128::from(up))?;
    let down = i128::from(down.max(1));
    while product % down != 0 {
        product = product.checked_mul(10)?;
        decimals += 1;
        if decimals > 30 {
            return None;
        }
    }
    let digits = format!("{:0>width$}", (product / down).unsigned_abs(), width = decimals as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals as usize);
    let fraction = fraction.trim_end_matches('0');
    let sign = if product < 0 { "-" } else { "" };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// Compares two plain decimal numbers; returns `None` if either is not one.
#[must_use]
pub fn compare_decimals(left: &str, right: &str) -> Option<std::cmp::Ordering> {
    let (left, right) = (parse_decimal(left)?, parse_decimal(right)?);
    let width = left.decimals.max(right.decimals);
    let lift = |of: ExactDecimal| of.digits.checked_mul(10i128.checked_pow(width - of.decimals)?);
    Some(lift(left)?.cmp(&lift(right)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_scaled_and_compared_exactly() {
        for (text, (up, down), scaled_to) in [
            ("90", (1, 60), Some("1.5")),
            ("4.5", (100, 5), Some("90")),
            ("-0.5", (1, 2), Some("-0.25")),
            ("１００", (1, 3), None),
            ("0", (1, 3), Some("0")),
            ("abc", (1, 1), None),
        ] {
            assert_eq!(scale_decimal(text, up, down).as_deref(), scaled_to, "{text}");
        }
        assert_eq!(compare_decimals("2.50", "2.5"), Some(std::cmp::Ordering::Equal));
        assert_eq!(compare_decimals("10", "9.999"), Some(std::cmp::Ordering::Greater));
        assert_eq!(compare_decimals("10", "x"), None);
    }

    #[test]
    fn a_course_is_the_same_however_it_is_typed() {
        for written in
            ["课堂导入(上)", " 课堂 导入（上）", "《课堂导入》（上）", "课堂\u{200B}导入\u{A0}（上\u{FEFF}）"]
        {
            assert_eq!(fold_course(written), "课堂导入(上)");
        }
        assert_eq!([fold_course("Ｃ－01"), fold_course("C - 01"), fold_course("c-01")], ["C-01", "C-01", "c-01"]);
        assert_eq!([fold_course("《》"), fold_course(" ")], ["《》", ""]);
    }

    #[test]
    fn folds_width_spaces_and_invisible_characters() {
        assert_eq!(fold_text("\u{FEFF}\u{A0}１２．５％\u{3000}"), "12.5%");
        assert_eq!(fold_text("ＡＢ\u{3000}Ｃ\u{200B}"), "AB C");
    }

    #[test]
    fn splits_decimals_and_refuses_the_rest() {
        let decimal = Decimal::parse("-0012.50").expect("a decimal");
        assert!(decimal.negative && decimal.whole == "12" && decimal.fraction == "50");
        assert!(Decimal::parse("-0.00").is_some_and(|d| d.is_zero()));
        for bad in ["", ".", "1.", ".5", "1e3", "1,000", "--1", "1.2.3", "１", "+"] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
    }
}
