//! Finds people in the characters of a value: those that a manifest maps, and anything that looks like a person's
//! number or address.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use regex::Regex;

use crate::anonymize::people::{PersonGenerator, is_part_of_name};
use huiliu_values::text::{is_invisible, to_half_width};
use huiliu_values::{IdNumber, IdNumberError};

/// A text with fewer digits is not an ID number and identifies nobody.
const MIN_ID_DIGITS: usize = 5;
/// A run of this many digits is taken for a person's number.
const MIN_DIGITS: usize = 11;
/// Maximum number of meaningless characters between two characters of an original.
const MAX_GAP: usize = 4;

/// A number with more places is no person's number.
const MAX_PLACES: usize = 20;

/// What kind of original was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name that the manifest maps, or one after a label such as 填表人.
    Name,
    /// A number that the manifest maps as an ID number, or one in the form of an ID number.
    IdNumber,
    /// A telephone number, an e-mail address, or a long run of digits.
    Other,
}

/// An original and its replacement, character by character.
#[derive(Debug, Clone)]
struct Pattern {
    solid: Vec<char>,
    becomes: Vec<char>,
    kind: Kind,
    /// Whether it is only matched alone, because a name of one character is also an ordinary word.
    whole: bool,
}

/// The people whom a manifest maps.
#[derive(Debug, Default)]
pub struct KnownPeople {
    originals_by_first: HashMap<char, Vec<Pattern>>,
}

/// Normalises a character for comparing originals.
pub fn fold_char(c: char) -> char {
    match to_half_width(c) {
        '\u{425}' | '\u{445}' => 'X',
        c => c.to_uppercase().next().unwrap_or(c),
    }
}

/// Returns whether a character is meaningless between two characters of an original.
pub fn is_gap(c: char) -> bool {
    c.is_whitespace()
        || is_invisible(c)
        || matches!(
            c,
            '-' | '.' | '\u{B7}' | '\u{2010}'
                ..='\u{2015}'
                    | '\u{2022}'
                    | '\u{2027}'
                    | '\u{2212}'
                    | '\u{2219}'
                    | '\u{22C5}'
                    | '\u{30FB}'
                    | '\u{FF65}'
        )
}

/// Like [`is_gap`], but separators of cells and lines do not count.
pub fn is_gap_in_text(c: char) -> bool {
    is_gap(c) && !matches!(c, '\t' | '\r' | '\n')
}

fn solid_chars(text: &str) -> Vec<char> {
    text.chars().map(fold_char).filter(|c| !is_gap(*c)).collect()
}

/// How many originals are known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OriginalCounts {
    pub names: usize,
    pub id_numbers: usize,
}

impl KnownPeople {
    /// Collects names and ID numbers as received.
    pub fn new(names: &HashSet<String>, id_numbers: &HashSet<String>, chance: PersonGenerator<'_>) -> Self {
        let parts = |chars: &[char]| chars.iter().filter(|c| is_part_of_name(**c)).count();
        let mut sorted: Vec<(Vec<char>, bool)> =
            names.iter().map(|name| (solid_chars(name), has_separator(name))).collect();
        sorted.sort_unstable();
        sorted.dedup_by(|a, b| a.0 == b.0);
        sorted.retain(|(name, _)| parts(name) > 0);
        let originals: HashSet<Vec<char>> =
            sorted.iter().map(|(name, _)| name.clone()).filter(|name| parts(name) > 1).collect();
        let mut known = Self::default();
        let mut given = HashSet::new();
        for (name, foreign) in sorted {
            let becomes: Vec<char> = chance.fake_name(&name, foreign, &originals, &given);
            given.insert(becomes.clone());
            let whole = parts(&name) < 2;
            known.add_pattern(Pattern { solid: name, becomes, kind: Kind::Name, whole });
        }
        // Drops a spreadsheet's apostrophe before the number.
        let bare = |number: &String| solid_chars(number.trim_matches(|c: char| !c.is_alphanumeric() && c != '*'));
        for number in id_numbers.iter().map(bare) {
            let text: String = number.iter().collect();
            let digits = number.iter().filter(|c| c.is_ascii_digit()).count();
            if digits >= MIN_ID_DIGITS {
                let becomes: Vec<char> = chance.fake_id_number(&text).chars().collect();
                known.add_pattern(Pattern { solid: number, becomes, kind: Kind::IdNumber, whole: digits < 8 });
            }
        }
        known.originals_by_first.values_mut().for_each(|list| list.sort_by_key(|p| std::cmp::Reverse(p.solid.len())));
        known
    }

    fn add_pattern(&mut self, pattern: Pattern) {
        let Some(first) = pattern.solid.first() else { return };
        let list = self.originals_by_first.entry(*first).or_default();
        if list.iter().all(|other| other.solid != pattern.solid) {
            list.push(pattern);
        }
    }

    /// Counts the originals.
    pub fn count_originals(&self) -> OriginalCounts {
        let of = |kind| self.originals_by_first.values().flatten().filter(|pattern| pattern.kind == kind).count();
        OriginalCounts { names: of(Kind::Name), id_numbers: of(Kind::IdNumber) }
    }

    /// Returns the longest original that begins here, with the positions of its characters.
    fn longest_at(&self, chars: &[char], from: usize, gap: fn(char) -> bool) -> Option<(&Pattern, Vec<usize>)> {
        let found = self.originals_by_first.get(chars.get(from)?)?.iter();
        found.filter_map(|pattern| Some((pattern, match_positions(pattern, chars, from, gap)?))).next()
    }

    /// Returns whether a folded text contains an original. Originals that are only matched alone are ignored.
    pub fn contains_original(&self, chars: &[char]) -> bool {
        (0..chars.len()).any(|at| self.longest_at(chars, at, is_gap_in_text).is_some_and(|(pattern, _)| !pattern.whole))
    }

    /// Returns whether a text is exactly one original.
    pub fn is_original(&self, text: &str) -> bool {
        let chars = solid_chars(text);
        chars
            .first()
            .and_then(|c| self.originals_by_first.get(c))
            .is_some_and(|list| list.iter().any(|p| p.solid == chars))
    }
}

fn has_separator(name: &str) -> bool {
    name.trim().chars().any(|c| is_gap(c) && !c.is_whitespace() && !is_invisible(c))
}

/// Returns the positions of a pattern's characters if it matches here.
fn match_positions(pattern: &Pattern, chars: &[char], from: usize, gap: fn(char) -> bool) -> Option<Vec<usize>> {
    let mut places = Vec::with_capacity(pattern.solid.len());
    let mut at = from;
    for wanted in &pattern.solid {
        let skipped = if at == from { 0 } else { chars.get(at..)?.iter().take_while(|c| gap(**c)).count() };
        if skipped > MAX_GAP {
            return None;
        }
        at += skipped;
        if chars.get(at)? != wanted {
            return None;
        }
        places.push(at);
        at += 1;
    }
    let (before, after) = (chars.get(..from)?, chars.get(at..)?);
    if pattern.whole && !before.iter().chain(after).all(|c| is_gap(*c)) {
        return None;
    }
    // A name in Latin letters must not be part of a longer word.
    let letter = |c: Option<&char>| c.is_some_and(char::is_ascii_alphabetic);
    let inside = |edge: Option<&char>, beside: Option<&char>| letter(edge) && letter(beside);
    let cuts = inside(pattern.solid.first(), before.last()) || inside(pattern.solid.last(), after.first());
    (pattern.kind == Kind::IdNumber || !cuts).then_some(places)
}

/// Replacements for the characters of a run; `None` where a character stays.
pub struct RunReplacement {
    /// One entry per character.
    pub texts: Vec<Option<String>>,
    /// The kinds of originals found.
    pub found: Vec<Kind>,
    /// The characters that belong to an original, whether or not they changed.
    settled: Vec<bool>,
}

impl RunReplacement {
    fn with_length(length: usize) -> Self {
        Self { texts: vec![None; length], found: vec![], settled: vec![false; length] }
    }

    /// Replaces a whole value by another text, or leaves it as it is.
    pub fn of_whole(length: usize, becomes: Option<String>) -> Self {
        let mut made = Self { settled: vec![true; length], ..Self::with_length(length) };
        if let (Some(becomes), Some((first, rest))) = (becomes, made.texts.split_first_mut()) {
            *first = Some(becomes);
            rest.fill(Some(String::new()));
        }
        made
    }

    /// Returns whether a character belongs to an original that was found.
    pub fn is_settled(&self, at: usize) -> bool {
        self.settled.get(at).copied().unwrap_or(false)
    }

    /// Replaces one character by another, in the width and case of the original.
    fn replace_char(&mut self, at: usize, was: char, becomes: char) {
        let is_same = fold_char(was) == becomes;
        let wide = to_half_width(was) != was;
        let becomes = if was.is_lowercase() { becomes.to_lowercase().next().unwrap_or(becomes) } else { becomes };
        let widened = char::from_u32(u32::from(becomes) + 0xFEE0).filter(|_| wide && becomes.is_ascii_graphic());
        if let Some(text) = self.texts.get_mut(at) {
            *text = (!is_same).then(|| widened.unwrap_or(becomes).to_string());
        }
    }
}

/// Replaces everyone in a value. `kept` means that the manifest uses its digits.
pub fn anonymize_chars(chars: &[char], known: &KnownPeople, chance: PersonGenerator<'_>, kept: bool) -> RunReplacement {
    let folded: Vec<char> = chars.iter().copied().map(fold_char).collect();
    let mut made = RunReplacement::with_length(chars.len());
    // Replaced characters are excluded from further searches.
    let mut open = folded.clone();
    let mut at = 0;
    while at < folded.len() {
        let Some((pattern, places)) = known.longest_at(&folded, at, is_gap) else {
            at += 1;
            continue;
        };
        for (place, becomes) in places.iter().zip(&pattern.becomes) {
            made.replace_char(*place, chars[*place], *becomes);
        }
        let end = places.last().map_or(at, |last| *last) + 1;
        open[at..end].fill('\u{1}');
        made.found.push(pattern.kind);
        at = end;
    }
    for shape in personal_shapes() {
        shape.replace_matches(chars, &mut open, &mut made, chance, kept);
    }
    made.settled = open.iter().map(|c| *c == '\u{1}').collect();
    made
}

/// Returns the digits of a whole number in scientific notation, as a workbook may store an ID number.
pub fn expand_exponent(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.trim().split_once(['E', 'e'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let places: usize = exponent.trim_start_matches('+').parse().ok().filter(|places| *places < MAX_PLACES)?;
    let plain = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
    let fits = whole.len() == 1 && plain(whole) && plain(fraction) && fraction.len() <= places;
    fits.then(|| format!("{whole}{fraction}{}", "0".repeat(places - fraction.len())))
}

/// What a shape is replaced by.
#[derive(Debug, Clone, Copy)]
enum Act {
    EMail,
    Number,
    Label,
}

#[derive(Debug)]
struct Shape {
    regex: Regex,
    act: Act,
}

/// Returns the shapes of personal data that are replaced in every field.
fn personal_shapes() -> &'static [Shape] {
    static SHAPES: OnceLock<Vec<Shape>> = OnceLock::new();
    SHAPES.get_or_init(|| {
        let shapes = [
            (r"[A-Z0-9._%+-]+@[A-Z0-9-]+(?:\.[A-Z0-9-]+)+", Act::EMail),
            (r"[0-9]{11,}X?", Act::Number),
            (r"[0-9]{6}[ -]{1,2}[0-9]{8}[ -]{0,2}[0-9]{3}[0-9X]", Act::Number),
            (r"1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}", Act::Number),
            (r"\(?0[0-9]{2,3}[)-] ?[0-9]{7,8}", Act::Number),
            (r"(?:填表人|制表人|负责人|审核人|联系人|经办人|报送人|校长|签字)[:\s]+([\p{Han}·]{2,4})", Act::Label),
        ];
        shapes.into_iter().filter_map(|(text, act)| Some(Shape { regex: Regex::new(text).ok()?, act })).collect()
    })
}

impl Shape {
    fn replace_matches(
        &self,
        chars: &[char],
        open: &mut [char],
        made: &mut RunReplacement,
        chance: PersonGenerator<'_>,
        kept: bool,
    ) {
        let text: String = open.iter().collect();
        if text.len() < 7 {
            return;
        }
        let digits = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let fraction = matches!(self.act, Act::Number) && is_fraction(&text);
        for found in self.regex.captures_iter(&text) {
            let Some(found) = found.get(1).or_else(|| found.get(0)) else { continue };
            let (before, after) = (text[..found.start()].chars().next_back(), text[found.end()..].chars().next());
            let number = matches!(self.act, Act::Number);
            if number && (digits(before) || digits(after) || fraction) {
                continue;
            }
            let from = text[..found.start()].chars().count();
            let original = found.as_str();
            let places = from..from + original.chars().count();
            let (becomes, kind) = match self.act {
                Act::EMail => (chance.fake_e_mail(original), Kind::Other),
                Act::Number => match number_for(original, chance, kept) {
                    Some(becomes) => becomes,
                    None => continue,
                },
                Act::Label => {
                    let name: Vec<char> = original.chars().collect();
                    let none = HashSet::new();
                    (chance.fake_name(&name, false, &none, &none).into_iter().collect(), Kind::Name)
                }
            };
            if becomes.chars().count() == places.len() {
                for (place, becomes) in places.clone().zip(becomes.chars()) {
                    made.replace_char(place, chars[place], becomes);
                }
            } else {
                made.texts[places.clone()].fill(Some(String::new()));
                made.texts[places.start] = Some(becomes);
            }
            open[places].fill('\u{1}');
            made.found.push(kind);
        }
    }
}

/// Returns the replacement for a number; `None` if its digits stay.
fn number_for(original: &str, chance: PersonGenerator<'_>, kept: bool) -> Option<(String, Kind)> {
    let bare: String = original.chars().filter(|c| c.is_ascii_digit() || *c == 'X').collect();
    let faults = IdNumber::list_errors(&bare);
    let is_id =
        matches!(bare.len(), 15 | 18) && !faults.iter().any(|f| matches!(f, IdNumberError::Area | IdNumberError::Date));
    let is_mobile = bare.len() == MIN_DIGITS && bare.starts_with('1') && !bare.starts_with("10");
    if kept && !(is_mobile || is_id && faults.is_empty()) {
        return None;
    }
    let made = if is_id { chance.fake_id_number(&bare) } else { chance.fake_digits(&bare, 3) };
    let mut made = made.chars();
    let put = |c: char| if c.is_ascii_digit() || c == 'X' { made.next().unwrap_or(c) } else { c };
    Some((original.chars().map(put).collect(), if is_id { Kind::IdNumber } else { Kind::Other }))
}

/// Returns whether a value is a number with a decimal point: an amount, not a person's number.
fn is_fraction(text: &str) -> bool {
    let text = text.trim().trim_start_matches('-');
    let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let mantissa = text.split('E').next().unwrap_or_default();
    mantissa.split_once('.').is_some_and(|(whole, after)| plain(whole) && plain(after) && whole.len() < MIN_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anonymize_example(text: &str, names: &[&str], ids: &[&str]) -> String {
        let chance = PersonGenerator(&[9; 32]);
        let set = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
        let known = KnownPeople::new(&set(names), &set(ids), chance);
        let chars: Vec<char> = text.chars().collect();
        let made = anonymize_chars(&chars, &known, chance, false);
        chars.iter().zip(made.texts).map(|(c, text)| text.unwrap_or_else(|| c.to_string())).collect()
    }

    #[test]
    fn whoever_stands_in_a_text_is_replaced() {
        for (text, ids) in [
            ("王芳老师", vec![]),
            ("王 芳", vec![]),
            ("王·芳（教师）", vec![]),
            ("电话13812345678", vec![]),
            ("138-1234-5678", vec![]),
            ("0431-88512345", vec![]),
            ("fang@school.edu.cn", vec![]),
            ("22010219590911001X", vec![]),
            ("２２０１０２１９５９０９１１００１Ｘ", vec!["22010219590911001X"]),
            ("220102 19590911 001x", vec!["22010219590911001X"]),
            ("填表人：李四", vec![]),
        ] {
            let made = anonymize_example(text, &["王芳", "Li"], &ids);
            let same = text.chars().zip(made.chars()).filter(|(a, b)| a == b && a.is_ascii_digit()).count();
            assert!(made != text && same < 11, "{text} {made}");
            if !text.contains('@') {
                assert_eq!(made.chars().count(), text.chars().count(), "{text} {made}");
            }
        }
    }

    #[test]
    fn what_is_nobodys_stays() {
        for text in ["Library", "2014-10-11 09:30", "0.30000000000000004", "王小芳", "1234567890", "LI4"] {
            assert_eq!(anonymize_example(text, &["王芳", "Lib", "4"], &[]), text);
        }
        assert_eq!(anonymize_example("珊瑚", &["珊"], &[]), "珊瑚");
        assert_ne!(anonymize_example(" 珊 ", &["珊"], &[]), " 珊 ");
    }
}
