//! ID numbers as received: whole, partly masked, or damaged. Nothing is repaired; comparison reports what agrees.

use crate::evidence::Level;
use crate::names::edit_distance;
use huiliu_values::IdNumber;
use huiliu_values::text::fold_text;

/// Stands for a masked character.
pub const HIDDEN: u8 = b'*';

/// An ID number, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdForm {
    text: String,
    kind: Kind,
    /// Expanded from fifteen digits, which have no check character: any of them may be wrong.
    unchecked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Valid,
    Masked,
    Damaged,
}

impl IdForm {
    /// Prepares an ID number as typed; `None` if fewer than three characters are visible.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        if let Ok(number) = IdNumber::parse(text) {
            let digits = fold_text(text).chars().filter(char::is_ascii_digit).count();
            return Some(Self { text: number.reveal().to_owned(), kind: Kind::Valid, unchecked: digits == 15 });
        }
        let folded: String = fold_text(text)
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '\'' | '\u{2018}' | '\u{2019}' | '`'))
            .map(|c| match c {
                '\u{425}' | '\u{445}' => 'X',
                '#' | '?' | '●' | '•' | '×' | '·' => '*',
                other => other.to_ascii_uppercase(),
            })
            .filter(|c| c.is_alphanumeric() || *c == '*')
            .collect();
        let hidden = mask_crosses(&folded);
        let kind = if hidden.contains('*') { Kind::Masked } else { Kind::Damaged };
        let shown = hidden.bytes().filter(|b| *b != HIDDEN).count();
        (shown >= 3).then_some(Self { text: hidden, kind, unchecked: false })
    }

    /// Returns whether it is a valid citizen ID number.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.kind == Kind::Valid
    }

    /// Returns whether it was given with fifteen digits, which have no check character.
    #[must_use]
    pub fn is_unchecked(&self) -> bool {
        self.unchecked
    }

    /// Returns all eighteen characters of a valid number, otherwise the number as received, folded; masked characters
    /// are `*`. Personal data.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// Returns the characters between two positions, if all are visible and the number has eighteen characters.
    #[must_use]
    pub fn shown_digits(&self, from: usize, to: usize) -> Option<&str> {
        let part = self.text.get(from..to)?;
        (self.text.len() == 18 && !part.bytes().any(|b| b == HIDDEN)).then_some(part)
    }

    /// Returns the form of fifteen digits, masked characters included; `None` for other lengths.
    fn fifteen_digits(&self) -> Option<String> {
        match self.text.len() {
            15 if self.text.is_ascii() => Some(self.text.clone()),
            18 if self.text.is_ascii() => Some(format!("{}{}", self.text.get(..6)?, self.text.get(8..17)?)),
            _ => None,
        }
    }

    /// Returns the birth date of a valid number, as eight digits.
    #[must_use]
    pub fn birth_date(&self) -> Option<&str> {
        if self.is_valid() { self.text.get(6..14) } else { None }
    }

    /// Returns whether a valid number belongs to a man.
    #[must_use]
    pub fn is_male(&self) -> Option<bool> {
        if self.is_valid() { self.text.as_bytes().get(16).map(|digit| digit % 2 == 1) } else { None }
    }
}

/// Replaces every X except a final one by `*`, if there are two or more, or one that is not final.
fn mask_crosses(text: &str) -> String {
    let crosses = text.bytes().filter(|b| *b == b'X').count();
    let last_only = crosses == 1 && text.ends_with('X');
    if crosses == 0 || last_only { text.to_owned() } else { hide_all_but_last(text) }
}

fn hide_all_but_last(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    text.chars().enumerate().map(|(at, c)| if c == 'X' && at != last { '*' } else { c }).collect()
}

/// Returns how far two ID numbers agree; symmetric.
#[must_use]
pub fn compare_ids(a: &IdForm, b: &IdForm) -> Level {
    match (a.kind, b.kind) {
        (Kind::Valid, Kind::Valid) if a.text == b.text => Level::Equal,
        (Kind::Valid, Kind::Valid) if a.unchecked || b.unchecked => match compare_damaged(a, b) {
            Level::DiffersDamaged => Level::Differs,
            level => level,
        },
        (Kind::Valid, Kind::Valid) if a.text.get(..14) == b.text.get(..14) => Level::SameBirth,
        (Kind::Valid, Kind::Valid) => Level::Differs,
        (Kind::Masked, _) | (_, Kind::Masked) => compare_masked(a, b),
        _ if a.text == b.text => Level::EqualUnchecked,
        _ => compare_damaged(a, b),
    }
}

fn compare_masked(a: &IdForm, b: &IdForm) -> Level {
    let same_length = a.text.len() == b.text.len();
    let (left, right) = if same_length {
        (a.text.clone(), b.text.clone())
    } else {
        match (a.fifteen_digits(), b.fifteen_digits()) {
            (Some(left), Some(right)) => (left, right),
            _ => return Level::DiffersDamaged,
        }
    };
    let both = left.bytes().zip(right.bytes()).filter(|(x, y)| *x != HIDDEN && *y != HIDDEN);
    let (agreeing, others) =
        both.fold((0_u32, 0_u32), |(same, other), (x, y)| if x == y { (same + 1, other) } else { (same, other + 1) });
    match (agreeing, others) {
        (10.., 0) => Level::Masked64,
        (8..10, 0) => Level::Masked44,
        (7, 0) => Level::Masked34,
        (3..7, 0) => Level::Masked,
        (8.., 1) => Level::TwoDigits,
        _ => Level::DiffersDamaged,
    }
}

fn compare_damaged(a: &IdForm, b: &IdForm) -> Level {
    let (left, right) = (a.text.as_str(), b.text.as_str());
    if left.len() == right.len() && !a.unchecked && !b.unchecked {
        return compare_digits(left, right);
    }
    if left.len().abs_diff(right.len()) == 1 && edit_distance(left, right) == 1 {
        return Level::OneDigit;
    }
    match (a.fifteen_digits(), b.fifteen_digits()) {
        (Some(left), Some(right)) => match compare_digits(&left, &right) {
            Level::EqualUnchecked => Level::OneDigit,
            level => level,
        },
        _ => Level::DiffersDamaged,
    }
}

/// Compares two numbers of the same length.
fn compare_digits(left: &str, right: &str) -> Level {
    let zeros = |text: &str| text.len() == 18 && text.ends_with("000");
    if (zeros(left) || zeros(right)) && left.get(..15) == right.get(..15) {
        return Level::Rounded;
    }
    let others: Vec<(usize, (u8, u8))> =
        left.bytes().zip(right.bytes()).enumerate().filter(|(_, (x, y))| x != y).collect();
    match others.as_slice() {
        [] => Level::EqualUnchecked,
        [_] => Level::OneDigit,
        [(at, (x, y)), (next, (z, w))] if at + 1 == *next && x == w && y == z => Level::Transposed,
        [_, _] if left.len() >= 12 => Level::TwoDigits,
        _ => Level::DiffersDamaged,
    }
}

/// Compares two short numbers (teacher number, postcode): equal, one digit, transposed, or different.
#[must_use]
pub fn compare_short(a: &str, b: &str) -> Level {
    if a == b {
        return Level::Equal;
    }
    if a.len() < 4 || b.len() < 4 || edit_distance(a, b) != 1 {
        return Level::Differs;
    }
    let transposed = a.len() == b.len() && a.bytes().zip(b.bytes()).filter(|(x, y)| x != y).count() == 2;
    if transposed { Level::Transposed } else { Level::OneDigit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_numbers_agree_as_far_as_they_are_shown() {
        use Level as L;
        let whole = "22010219590911001X";
        for (text, level) in [
            ("２２０１０２１９５９０９１１００１х", L::Equal),
            ("220102590911001", L::Equal),
            ("220102********001X", L::Masked64),
            ("2201**********001X", L::Masked44),
            ("220***********001X", L::Masked34),
            ("2201XXXXXXXXXX001X", L::Masked44),
            ("**************001X", L::Masked),
            ("22010219590911101X", L::OneDigit),
            ("22010219600911001X", L::TwoDigits),
            ("22010219950911001X", L::Transposed),
            ("2201021959091101X", L::OneDigit),
            ("220102591911001", L::OneDigit),
            ("220302********001X", L::TwoDigits),
            ("220302********002X", L::DiffersDamaged),
            ("110105194912310020", L::DiffersDamaged),
            ("11010519491231002X", L::Differs),
            ("220102590911002", L::OneDigit),
            ("220102195909110028", L::SameBirth),
        ] {
            let (a, b) = (IdForm::from_text(whole).unwrap(), IdForm::from_text(text).unwrap());
            assert_eq!(compare_ids(&a, &b), level, "{text}");
            assert_eq!(compare_ids(&b, &a), level, "{text}");
        }
        let rounded =
            (IdForm::from_text("220381197001011228").unwrap(), IdForm::from_text("220381197001011000").unwrap());
        assert_eq!(compare_ids(&rounded.0, &rounded.1), L::Rounded);
        assert!(IdForm::from_text("  ").is_none() && IdForm::from_text("**").is_none());
    }

    #[test]
    fn short_numbers() {
        for (a, b, level) in [
            ("130000", "130000", Level::Equal),
            ("130000", "130001", Level::OneDigit),
            ("130100", "131000", Level::Transposed),
            ("130000", "139900", Level::Differs),
        ] {
            assert_eq!(compare_short(a, b), level);
        }
    }
}
