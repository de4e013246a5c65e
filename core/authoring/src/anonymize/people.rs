//! Generates people to replace real ones. Without the seed the original cannot be inferred, and the same original
//! always becomes the same person.

use std::collections::HashSet;

use chrono::{Datelike, Days, NaiveDate};
use sha2::{Digest, Sha256};

use huiliu_values::{IdNumber, IdNumberError, check_character};

const SURNAMES: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜";
const GIVEN: &str = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰春梅红建国文志永海燕雪晶琳宇浩鹏飞波斌宁慧婷岩东哲善淑子晓光立新凤云莲真龙虎顺吉";
/// Characters of names that are transcribed by sound.
const SOUNDS: &str = "巴特尔阿古拉苏日娜其格乌兰哈斯朝鲁勒琴高娃布和那仁图雅萨云敖毕力宝音德";
/// County-level area codes of Jilin (GB/T 2260).
const AREAS: [&str; 20] = [
    "220102", "220103", "220104", "220105", "220106", "220122", "220202", "220203", "220204", "220221", "220302",
    "220303", "220322", "220402", "220502", "220521", "220602", "220702", "220802", "222401",
];
/// How many candidates are drawn before the last one is taken.
const DRAWS: u32 = 400;

/// Draws the people of one sample from its seed.
#[derive(Debug, Clone, Copy)]
pub struct PersonGenerator<'s>(pub &'s [u8; 32]);

/// Pseudo-random numbers that depend on the seed and on their purpose.
struct SeededRandom([u8; 32], usize);

impl SeededRandom {
    fn number_below(&mut self, most: usize) -> usize {
        if self.1 + 4 > self.0.len() {
            *self = Self(Sha256::digest(self.0).into(), 0);
        }
        let bytes: [u8; 4] = self.0.get(self.1..self.1 + 4).and_then(|b| b.try_into().ok()).unwrap_or_default();
        self.1 += 4;
        u32::from_le_bytes(bytes) as usize % most.max(1)
    }

    fn pick_char(&mut self, letters: &str) -> char {
        let count = letters.chars().count();
        letters.chars().nth(self.number_below(count)).unwrap_or('王')
    }

    fn digit_from(&mut self, from: u8) -> char {
        char::from(b'0' + from + u8::try_from(self.number_below(usize::from(10 - from))).unwrap_or(0))
    }
}

impl PersonGenerator<'_> {
    fn dice_for(&self, kind: &str, original: &str, draw: u32) -> SeededRandom {
        let mut digest = Sha256::new_with_prefix(self.0);
        digest.update(kind);
        digest.update([0]);
        digest.update(original);
        digest.update(draw.to_le_bytes());
        SeededRandom(digest.finalize().into(), 0)
    }

    /// Generates a name in place of another: same number of characters, letters for letters. `foreign` means that the
    /// name has a separator, so it is a transcription. The result contains no original, and no name is given twice
    /// while others are available.
    #[must_use]
    pub fn fake_name(
        &self,
        original: &[char],
        foreign: bool,
        originals: &HashSet<Vec<char>>,
        given: &HashSet<Vec<char>>,
    ) -> Vec<char> {
        let text: String = original.iter().collect();
        let mut last = Vec::new();
        for draw in 0..DRAWS {
            let mut dice = self.dice_for("name", &text, draw);
            let mut first = true;
            last = original
                .iter()
                .map(|c| match c {
                    'A'..='Z' => dice.pick_char("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
                    'a'..='z' => dice.pick_char("abcdefghijklmnopqrstuvwxyz"),
                    c if !is_part_of_name(*c) => *c,
                    _ if foreign => dice.pick_char(SOUNDS),
                    _ if std::mem::take(&mut first) => dice.pick_char(SURNAMES),
                    _ => dice.pick_char(GIVEN),
                })
                .collect();
            let betrays =
                (0..last.len()).any(|from| (from + 1..=last.len()).any(|to| originals.contains(&last[from..to])));
            let same = last == original && original.iter().any(|c| is_part_of_name(*c));
            let taken = given.contains(&last) && draw < DRAWS / 2;
            if !(same || betrays || taken) {
                break;
            }
        }
        last
    }

    /// Generates a number in place of an ID number, valid or invalid in the same way: an area of Jilin, the same sex,
    /// born up to twenty days earlier or later in the same year.
    #[must_use]
    pub fn fake_id_number(&self, original: &str) -> String {
        let faults = IdNumber::list_errors(original);
        let codes: Vec<&str> = faults.iter().map(IdNumberError::code).collect();
        let alike = |made: &String| made != original && IdNumber::list_errors(made) == faults;
        let shaped =
            (0..DRAWS).map(|draw| self.fake_shaped_number(original, &codes, &mut self.dice_for("id", original, draw)));
        let found = shaped.flatten().find(alike);
        let loose = || (0..DRAWS).map(|draw| self.replace_digits(original, draw)).find(alike);
        found.or_else(loose).unwrap_or_else(|| self.replace_digits(original, 0))
    }

    /// Generates a number of fifteen or eighteen characters; every fault of the original is preserved.
    fn fake_shaped_number(&self, original: &str, codes: &[&str], dice: &mut SeededRandom) -> Option<String> {
        let eighteen = match original.len() {
            15 => false,
            18 => true,
            _ => return None,
        };
        let date = if eighteen { 6..14 } else { 6..12 };
        let area = match codes.contains(&"area") {
            true => original.get(..6)?,
            false => AREAS[dice.number_below(AREAS.len())],
        };
        let born = shift_birth_date(original.get(date.clone())?, dice);
        // An impossible date is not a birthday, so it is kept.
        let born = born.unwrap_or_else(|| original.get(date.clone()).unwrap_or_default().to_owned());
        let sequence = original.get(date.end..date.end + 3)?;
        let sex = sequence.chars().last()?;
        let kept = codes.contains(&"damaged");
        let last = match sex.to_digit(10) {
            _ if kept => sex,
            Some(digit) => char::from_digit(u32::try_from(dice.number_below(5)).ok()? * 2 + digit % 2, 10)?,
            None => sex,
        };
        let middle = if kept { sequence.chars().nth(1)? } else { dice.digit_from(0) };
        // Sequences from 996 on are reserved for centenarians.
        let century = sequence.starts_with("99");
        let first = if century { '9' } else { char::from_digit(u32::try_from(dice.number_below(9)).ok()?, 10)? };
        let middle = if century { '9' } else { middle };
        let body = format!("{area}{born}{first}{middle}{last}");
        if !eighteen {
            return Some(body);
        }
        let (right, was) = (check_character(&body)?, original.chars().last()?);
        let wrong = codes.iter().any(|code| matches!(*code, "check_digit" | "damaged" | "character"));
        let check = match (wrong, was) {
            (true, _) if kept => '0',
            (true, was) if was.is_ascii_digit() => dice.digit_from(0),
            (true, was) => was,
            (false, _) => right,
        };
        // A number of only digits may be in a field that takes only digits, so keep that property.
        (check.is_ascii_digit() == was.is_ascii_digit()).then(|| format!("{body}{check}"))
    }

    /// Replaces every digit and keeps all other characters, and the exponent of a number in scientific notation.
    fn replace_digits(&self, original: &str, draw: u32) -> String {
        let mut dice = self.dice_for("loose", original, draw);
        let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '+'));
        let parts = original.split_once(['E', 'e']).filter(|(digits, places)| is_number(digits) && is_number(places));
        let exponent = parts.map(|(digits, _)| digits.len());
        let (digits, kept) = original.split_at(exponent.unwrap_or(original.len()));
        let replace = |c: char| if c.is_ascii_digit() { dice.digit_from(u8::from(c != '0')) } else { c };
        digits.chars().map(replace).chain(kept.chars()).collect()
    }

    /// Replaces all digits after the first `keep` characters.
    #[must_use]
    pub fn fake_digits(&self, original: &str, keep: usize) -> String {
        let draw = |nth: u32| -> String {
            let mut dice = self.dice_for("digits", original, nth);
            let other = |(at, c): (usize, char)| if at < keep || !c.is_ascii_digit() { c } else { dice.digit_from(0) };
            original.chars().enumerate().map(other).collect()
        };
        (0..DRAWS).map(draw).find(|made| made != original).unwrap_or_default()
    }

    /// Generates an address that cannot exist (RFC 2606).
    #[must_use]
    pub fn fake_e_mail(&self, original: &str) -> String {
        let mut dice = self.dice_for("e-mail", original, 0);
        let name: String = (0..10).map(|_| dice.pick_char("abcdefghijklmnopqrstuvwxyz")).collect();
        format!("{name}@example.org")
    }
}

/// Returns whether a character of a name identifies the person. Replacement characters, digits and punctuation do not.
#[must_use]
pub fn is_part_of_name(c: char) -> bool {
    let number = c.is_numeric() && c != '〇';
    let lost = matches!(c, '\u{FFFD}' | '？');
    c.is_ascii_alphabetic() || !(c.is_ascii() || c.is_whitespace() || c.is_control() || number || lost)
}

/// Returns a date of the same year, up to twenty days away, in the original's six or eight digits.
fn shift_birth_date(digits: &str, dice: &mut SeededRandom) -> Option<String> {
    let short = digits.len() == 6;
    let full = if short { format!("19{digits}") } else { digits.to_owned() };
    let number = |from: usize, to: usize| full.get(from..to)?.parse::<u32>().ok();
    let year = i32::try_from(number(0, 4)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(4, 6)?, number(6, 8)?)?;
    let moved = Days::new(dice.number_below(20) as u64 + 1);
    let other = if dice.number_below(2) == 0 { day.checked_add_days(moved) } else { day.checked_sub_days(moved) };
    let other = other.filter(|other| other.year() == year).unwrap_or(day);
    let text = other.format("%Y%m%d").to_string();
    Some(if short { text.get(2..)?.to_owned() } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEED: [u8; 32] = [5; 32];

    #[test]
    fn an_id_number_is_replaced_by_one_of_its_kind() {
        for original in ["22010219590911001X", "110105194912310021", "220102590911001", "222401751005123"] {
            let made = PersonGenerator(&SEED).fake_id_number(original);
            let before = IdNumber::parse(original);
            let (Ok(was), Ok(is)) = (before, IdNumber::parse(&made)) else {
                // The second number is invalid, and stays invalid.
                assert_eq!(IdNumber::list_errors(original), IdNumber::list_errors(&made), "{original} {made}");
                continue;
            };
            assert!(made != original && is.area().starts_with("22"), "{made}");
            assert_eq!((was.sex(), was.birth_date().year()), (is.sex(), is.birth_date().year()), "{original} {made}");
            assert!((was.birth_date() - is.birth_date()).num_days().abs() <= 20, "{original} {made}");
        }
    }

    proptest! {
        #[test]
        fn what_is_wrong_stays_wrong(body in "(2201|2202)[0-9]{2}(19[5-9][0-9])(0[1-9]|1[0-2])[0-3][0-9][0-9]{3}[0-9X]|[0-9X*]{12,20}|[0-9]{15}|22010219590911[0-9]000") {
            let made = PersonGenerator(&SEED).fake_id_number(&body);
            prop_assert!(made != body || !body.contains(|c: char| c.is_ascii_digit()));
            prop_assert_eq!(made.len(), body.len());
            prop_assert_eq!(IdNumber::list_errors(&made), IdNumber::list_errors(&body), "{} {}", body, made);
        }
    }

    #[test]
    fn a_name_keeps_its_length_and_betrays_nobody() {
        let chars = |text: &str| text.chars().collect::<Vec<char>>();
        let originals: HashSet<Vec<char>> =
            SURNAMES.chars().flat_map(|a| GIVEN.chars().take(40).map(move |b| vec![a, b])).collect();
        for name in ["王芳", "欧阳娜娜", "Kim", "阿卜杜拉买买提"] {
            let made = PersonGenerator(&SEED).fake_name(&chars(name), name.len() > 12, &originals, &HashSet::new());
            assert_eq!(made.len(), chars(name).len());
            assert_ne!(made, chars(name));
            assert!(made.windows(2).all(|pair| !originals.contains(pair)), "{made:?}");
        }
    }
}
