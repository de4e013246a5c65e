//! Folding of typed text, shared by the parsers of this module.

/// Whether a character is invisible and carries no meaning in a field (zero-width, direction
/// marks, soft hyphen, byte order mark).
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{FEFF}')
}

/// The half-width twin of a full-width ASCII character; any other character as it is.
pub(super) fn half_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

/// Full-width characters made half-width, every kind of space (NBSP and ideographic space too)
/// made a plain one, invisible characters dropped, ends trimmed.
pub(super) fn fold(text: &str) -> String {
    let folded: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_whitespace() { ' ' } else { half_width(c) })
        .collect();
    folded.trim().to_owned()
}

/// Whether the text is one or more ASCII digits and nothing else.
pub(super) fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A plain decimal number taken apart, still as text, so nothing is lost.
pub(super) struct Decimal<'a> {
    /// Whether a minus sign stood before it.
    pub negative: bool,
    /// Digits before the point, without leading zeros; may be empty.
    pub whole: &'a str,
    /// Digits after the point as written; empty when there is no point.
    pub fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Takes folded text apart: optional sign, digits, optionally a point and digits. No
    /// exponent, no thousands separator, no bare point.
    pub fn split(folded: &'a str) -> Option<Self> {
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

    /// Whether the number is zero.
    pub fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.bytes().all(|b| b == b'0')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_width_spaces_and_invisible_characters() {
        assert_eq!(fold("\u{FEFF}\u{A0}１２．５％\u{3000}"), "12.5%");
        assert_eq!(fold("ＡＢ\u{3000}Ｃ\u{200B}"), "AB C");
    }

    #[test]
    fn splits_decimals_and_refuses_the_rest() {
        let decimal = Decimal::split("-0012.50").expect("a decimal");
        assert!(decimal.negative && decimal.whole == "12" && decimal.fraction == "50");
        assert!(Decimal::split("-0.00").is_some_and(|d| d.is_zero()));
        for bad in ["", ".", "1.", ".5", "1e3", "1,000", "--1", "1.2.3", "１", "+"] {
            assert!(Decimal::split(bad).is_none(), "{bad}");
        }
    }
}
