//! Compares personal names: Han names by characters, sounds and shapes, Latin names by words and edits.

use std::cmp::Ordering;

use crate::characters::{Syllable, is_han, look_alike, to_simplified};
use crate::evidence::Level;
use huiliu_values::PersonName;
use huiliu_values::text::fold_text;

/// A name, prepared for comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameForm {
    /// Folded: no separators, no spaces, upper case.
    pub folded: String,
    /// `folded` in simplified characters, with variants standardised.
    pub simple: String,
    /// The parts between separators or spaces, in the form of `simple`; most Han names have one.
    pub parts: Vec<String>,
    /// The reading of each character; empty if the name is not Han or a character has no known reading.
    pub syllables: Vec<Syllable>,
    /// Rough sounds of all characters, or the Soundex codes of the parts in their order.
    pub sound: String,
    /// Whether every character is Han.
    pub han: bool,
}

impl NameForm {
    /// Prepares a name as typed; `None` if it has no letter or digit.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        // A text that breaks the rules for names (it has a digit, say) is compared as typed: other people's data has
        // such names.
        let display =
            PersonName::parse(text).map_or_else(|_| fold_text(text).into_owned(), |name| name.display().to_owned());
        let upper = |part: &str| -> String {
            part.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
        };
        let folded = PersonName::parse(text).map_or_else(|_| upper(&display), |name| name.fold_for_comparison());
        if !folded.chars().any(char::is_alphanumeric) {
            return None;
        }
        let han = folded.chars().all(is_han);
        let tidy = |part: &str| if part.is_ascii() { upper(part) } else { to_simplified(&upper(part)) };
        let parts: Vec<String> =
            display.split(['\u{B7}', ' ', '-', ',', '.', '/']).map(tidy).filter(|part| !part.is_empty()).collect();
        let simple = if folded.is_ascii() { folded.clone() } else { to_simplified(&folded) };
        let syllables: Option<Vec<Syllable>> = simple.chars().map(Syllable::for_char).collect();
        let syllables = syllables.filter(|_| han).unwrap_or_default();
        let sound = if syllables.is_empty() {
            parts.iter().map(|part| soundex_code(part)).collect::<Vec<_>>().join(" ")
        } else {
            syllables.iter().map(Syllable::rough_sound).collect::<Vec<_>>().join(" ")
        };
        Some(Self { folded, simple, parts, syllables, sound, han })
    }

    /// Returns the family name of a Han name: its first character, or the first two of a compound surname.
    #[must_use]
    pub fn family_name(&self) -> &str {
        let length = if COMPOUND.iter().any(|c| self.simple.starts_with(c)) { 2 } else { 1 };
        let end = self.simple.char_indices().nth(length).map_or(self.simple.len(), |(at, _)| at);
        self.simple.get(..end).unwrap_or_default()
    }
}

/// Compound surnames that are still common.
const COMPOUND: [&str; 12] =
    ["欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫", "尉迟", "夏侯", "慕容", "令狐", "长孙"];

/// Returns how far two names agree; symmetric.
#[must_use]
pub fn compare_names(a: &NameForm, b: &NameForm) -> Level {
    if a.folded == b.folded {
        return Level::Equal;
    }
    if a.simple == b.simple {
        return Level::Variant;
    }
    if a.han && b.han { compare_han(a, b) } else { compare_latin(a, b) }
}

fn compare_han(a: &NameForm, b: &NameForm) -> Level {
    let (left, right): (Vec<char>, Vec<char>) = (a.simple.chars().collect(), b.simple.chars().collect());
    let (short, long) = if left.len() <= right.len() { (&left, &right) } else { (&right, &left) };
    if short.len() == long.len() {
        if let Some(level) = compare_sounds(a, b) {
            return level;
        }
        if let Some(level) = compare_characters(&left, &right) {
            return level;
        }
    }
    let several = a.parts.len() > 1 || b.parts.len() > 1;
    if several && short.len() >= 2 && (long.starts_with(short) || long.ends_with(short)) {
        return Level::Part;
    }
    if short.len() >= 2 && short.len() + 1 == long.len() && is_subsequence(short, long) {
        return Level::OneCharacter;
    }
    if short.len() >= 5 && edit_distance(&a.simple, &b.simple) <= 2 {
        return Level::Close;
    }
    if a.family_name() == b.family_name() { Level::Family } else { Level::Differs }
}

fn compare_sounds(a: &NameForm, b: &NameForm) -> Option<Level> {
    if a.syllables.is_empty() || a.syllables.len() != b.syllables.len() || a.sound != b.sound {
        return None;
    }
    let all = |same: fn(&Syllable, &Syllable) -> bool| a.syllables.iter().zip(&b.syllables).all(|(x, y)| same(x, y));
    Some(if all(|x, y| x.toned == y.toned) {
        Level::Homophone
    } else if all(|x, y| x.plain == y.plain) {
        Level::HomophoneToneless
    } else {
        Level::NearHomophone
    })
}

/// Compares two names of the same length that sound different.
fn compare_characters(left: &[char], right: &[char]) -> Option<Level> {
    let others: Vec<(char, char)> = left.iter().copied().zip(right.iter().copied()).filter(|(x, y)| x != y).collect();
    match others.as_slice() {
        [(x, y)] if look_alike(*x, *y) => Some(Level::LookAlike),
        [_] if left.len() >= 3 => Some(Level::OneCharacter),
        [_] if left.len() == 2 => Some(Level::OneOfTwo),
        [(x, y), (z, w)] if x == w && y == z => Some(Level::Swapped),
        [(x, y), (z, w)] if look_alike(*x, *y) && look_alike(*z, *w) => Some(Level::LookAlike),
        _ => None,
    }
}

fn is_subsequence(short: &[char], long: &[char]) -> bool {
    let mut rest = long.iter();
    short.iter().all(|c| rest.any(|other| other == c))
}

fn compare_latin(a: &NameForm, b: &NameForm) -> Level {
    let sorted = |form: &NameForm| {
        let mut parts: Vec<String> = form.parts.clone();
        parts.sort_unstable();
        parts
    };
    let (left, right) = (sorted(a), sorted(b));
    if left == right {
        return Level::Swapped;
    }
    let (short, long) = if left.len() <= right.len() { (&left, &right) } else { (&right, &left) };
    if short.len() < long.len() && short.iter().all(|part| part.len() > 1 && long.contains(part)) {
        return Level::Part;
    }
    if only_initials(&a.parts, &b.parts) {
        return Level::Initial;
    }
    match edit_level(&a.simple, &b.simple) {
        Some(level) => level,
        None if left.iter().any(|part| part.chars().count() > 2 && right.contains(part)) => Level::Family,
        None => Level::Differs,
    }
}

/// Returns whether each part equals the other or is its initial, and at least one whole part is equal (single-part
/// names excepted).
fn only_initials(a: &[String], b: &[String]) -> bool {
    let initial = |x: &str, y: &str| x.chars().count() == 1 && y.starts_with(x);
    a.len() == b.len()
        && a.iter().zip(b).all(|(x, y)| x == y || initial(x, y) || initial(y, x))
        && (a.len() == 1 || a.iter().zip(b).any(|(x, y)| x == y && x.chars().count() > 1))
}

/// Returns the level of agreement by edit distance; `None` if the words are too different.
fn edit_level(a: &str, b: &str) -> Option<Level> {
    let longest = a.chars().count().max(b.chars().count());
    let apart = edit_distance(a, b);
    // Similarity in thousandths.
    let alike = 1_000 - 1_000 * apart.min(longest) / longest.max(1);
    match (apart, alike) {
        (1, _) if longest >= 3 => Some(Level::OneCharacter),
        (_, 800..) => Some(Level::Close),
        (_, 650..) if longest >= 5 => Some(Level::Fair),
        _ => None,
    }
}

/// Returns the edit distance of two texts (insert, delete, replace, transpose adjacent characters).
#[must_use]
pub fn edit_distance(a: &str, b: &str) -> usize {
    strsim::osa_distance(a, b)
}

/// Returns how far two given names, or two family names, agree.
#[must_use]
pub fn compare_part(a: &NameForm, b: &NameForm) -> Level {
    use Level as L;
    match compare_names(a, b) {
        L::Equal => L::Equal,
        L::Variant | L::Homophone | L::HomophoneToneless | L::NearHomophone | L::LookAlike => L::Sound,
        L::OneOfTwo | L::OneCharacter => L::OneCharacter,
        L::Initial => L::Initial,
        L::Part | L::Swapped => L::Part,
        L::Close => L::Close,
        L::Fair => L::Fair,
        _ if is_prefix(&a.simple, &b.simple) => L::Part,
        _ => L::Differs,
    }
}

/// Returns whether one name is the beginning of the other (Chris, Christopher).
fn is_prefix(a: &str, b: &str) -> bool {
    let (short, long) = if a.len().cmp(&b.len()) == Ordering::Greater { (b, a) } else { (a, b) };
    short.chars().count() >= 3 && long.starts_with(short)
}

/// Returns the American Soundex code of a Latin word; for other words, the first character and zeros.
#[must_use]
pub fn soundex_code(word: &str) -> String {
    let code = |c: char| match c {
        'B' | 'F' | 'P' | 'V' => Some('1'),
        'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => Some('2'),
        'D' | 'T' => Some('3'),
        'L' => Some('4'),
        'M' | 'N' => Some('5'),
        'R' => Some('6'),
        _ => None,
    };
    let mut letters = word.chars();
    let Some(first) = letters.next() else { return String::new() };
    let mut out = String::from(first);
    let mut last = code(first);
    for c in letters {
        let digit = code(c);
        if let Some(digit) = digit.filter(|_| digit != last) {
            out.push(digit);
        }
        // H and W do not separate equal codes; vowels do.
        if !matches!(c, 'H' | 'W') {
            last = digit;
        }
        if out.chars().count() == 4 {
            break;
        }
    }
    while out.chars().count() < 4 {
        out.push('0');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_as_far_as_people_would_say() {
        use Level as L;
        for (a, b, level) in [
            ("张伟", "张 伟", L::Equal),
            ("阿卜杜拉·买买提", "阿卜杜拉买买提", L::Equal),
            ("張偉", "张伟", L::Variant),
            ("张伟", "章伟", L::Homophone),
            ("张薇", "张伟", L::HomophoneToneless),
            ("张思宁", "张诗林", L::NearHomophone),
            ("王末", "王未", L::LookAlike),
            ("张小明", "张大明", L::OneCharacter),
            ("张伟", "张敏", L::OneOfTwo),
            ("张小明", "张明小", L::Swapped),
            ("张小明", "张明", L::OneCharacter),
            ("巴特尔·苏日娜", "苏日娜", L::Part),
            ("张伟强", "张敏静", L::Family),
            ("欧阳娜娜", "欧阳修文", L::Family),
            ("张伟", "李敏", L::Differs),
            ("John Smith", "SMITH, John", L::Swapped),
            ("John Smith", "Jon Smith", L::OneCharacter),
            ("J Smith", "John Smith", L::Initial),
            ("John Peter Smith", "John Smith", L::Part),
            ("Katherine Miller", "Catherine Muller", L::Close),
            ("John Smith", "Mary Smith", L::Family),
            ("John Smith", "Xu Li", L::Differs),
        ] {
            let (a, b) = (NameForm::from_text(a).unwrap(), NameForm::from_text(b).unwrap());
            assert_eq!(compare_names(&a, &b), level, "{} {}", a.folded, b.folded);
            assert_eq!(compare_names(&b, &a), level, "{} {}", b.folded, a.folded);
        }
    }

    #[test]
    fn soundex_is_that_of_the_archives() {
        for (word, code) in
            [("ROBERT", "R163"), ("RUPERT", "R163"), ("TYMCZAK", "T522"), ("PFISTER", "P236"), ("LEE", "L000")]
        {
            assert_eq!(soundex_code(word), code, "{word}");
        }
    }
}
