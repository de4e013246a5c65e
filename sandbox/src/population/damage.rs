//! Damage to names and ID numbers between a person and a platform.

use crate::people::check_digit;
use crate::text::full_width;

/// The damage done to a claim: the known classes from practice, and some combinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Damage {
    /// No damage.
    Clean,
    /// A separator other than U+00B7, or none.
    Separator,
    /// Full-width digits, and spaces within the name.
    FullWidth,
    /// Traditional characters.
    Traditional,
    /// A character replaced by one of the same sound.
    Homophone,
    /// A character replaced by one of nearly the same sound.
    NearHomophone,
    /// A character replaced by one that looks like it.
    LookAlike,
    /// A character of the given name replaced by any other.
    OneCharacter,
    /// A former name.
    FormerName,
    /// Only one part of a name with several parts.
    PartOfName,
    /// One digit of the ID number is wrong.
    IdOneDigit,
    /// Two neighbouring digits of the ID number are exchanged.
    IdTransposed,
    /// One digit of the ID number is missing.
    IdShort,
    /// The last three digits of the ID number are zeros.
    IdZeros,
    /// Only the first six and the last four characters of the ID number are shown.
    IdMasked64,
    /// Only the first four and the last four are shown.
    IdMasked44,
    /// Only the first three and the last four are shown.
    IdMasked34,
    /// The old number of fifteen digits.
    IdFifteen,
    /// The final X is a Cyrillic Х or a small x.
    IdCyrillic,
    /// No ID number.
    IdMissing,
    /// Only teacher number and name.
    TeacherNumberOnly,
    /// One person's name with another's ID number.
    TwoPeople,
    /// One person's name with another's teacher number, and no ID number.
    TwoNumbers,
    /// A former school.
    SchoolMoved,
    /// Day and month of the birth date exchanged, no ID number.
    BirthSwapped,
    /// An ID number masked to 4 + 4, and a homophone.
    MaskedHomophone,
    /// An ID number masked to 3 + 4, and a former school.
    MaskedMoved,
    /// A wrong digit in the ID number, and a homophone.
    DigitHomophone,
    /// No ID number, and a look-alike character.
    MissingLookAlike,
    /// A wrong digit in an ID number of fifteen digits.
    FifteenDigit,
}

impl Damage {
    /// Every class.
    pub const ALL: [Self; 30] = [
        Self::Clean,
        Self::Separator,
        Self::FullWidth,
        Self::Traditional,
        Self::Homophone,
        Self::NearHomophone,
        Self::LookAlike,
        Self::OneCharacter,
        Self::FormerName,
        Self::PartOfName,
        Self::IdOneDigit,
        Self::IdTransposed,
        Self::IdShort,
        Self::IdZeros,
        Self::IdMasked64,
        Self::IdMasked44,
        Self::IdMasked34,
        Self::IdFifteen,
        Self::IdCyrillic,
        Self::IdMissing,
        Self::TeacherNumberOnly,
        Self::TwoPeople,
        Self::TwoNumbers,
        Self::SchoolMoved,
        Self::BirthSwapped,
        Self::MaskedHomophone,
        Self::MaskedMoved,
        Self::DigitHomophone,
        Self::MissingLookAlike,
        Self::FifteenDigit,
    ];

    /// Returns the word in the damage column of the claims file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Separator => "separator",
            Self::FullWidth => "full_width",
            Self::Traditional => "traditional",
            Self::Homophone => "homophone",
            Self::NearHomophone => "near_homophone",
            Self::LookAlike => "look_alike",
            Self::OneCharacter => "one_character",
            Self::FormerName => "former_name",
            Self::PartOfName => "part_of_name",
            Self::IdOneDigit => "id_one_digit",
            Self::IdTransposed => "id_transposed",
            Self::IdShort => "id_short",
            Self::IdZeros => "id_zeros",
            Self::IdMasked64 => "id_masked_6_4",
            Self::IdMasked44 => "id_masked_4_4",
            Self::IdMasked34 => "id_masked_3_4",
            Self::IdFifteen => "id_fifteen",
            Self::IdCyrillic => "id_cyrillic",
            Self::IdMissing => "id_missing",
            Self::TeacherNumberOnly => "teacher_number_only",
            Self::TwoPeople => "two_people",
            Self::TwoNumbers => "two_numbers",
            Self::SchoolMoved => "school_moved",
            Self::BirthSwapped => "birth_swapped",
            Self::MaskedHomophone => "masked_homophone",
            Self::MaskedMoved => "masked_moved",
            Self::DigitHomophone => "digit_homophone",
            Self::MissingLookAlike => "missing_look_alike",
            Self::FifteenDigit => "fifteen_digit",
        }
    }
}

const TRADITIONAL: (&str, &str) = (
    "张刘陈杨赵孙马郑谢韩冯国东军强龙华丽艳红兰凤云阎闫肖萧庆学飞鹏伟涛刚辉宝长树颖莹静贾吕吴苏叶卢万顾关单邹钟谭陆贺许罗黄莉萍玛尔娜",
    "張劉陳楊趙孫馬鄭謝韓馮國東軍強龍華麗艷紅蘭鳳雲閻閆肖蕭慶學飛鵬偉濤剛輝寶長樹穎瑩靜賈呂吳蘇葉盧萬顧關單鄒鍾譚陸賀許羅黃莉萍瑪爾娜",
);
const HOMOPHONES: [&str; 40] = [
    "伟玮炜维微薇",
    "丽莉立利力",
    "静婧敬",
    "颖莹盈英",
    "芳方",
    "霞夏",
    "红宏洪鸿",
    "明铭鸣",
    "涛韬",
    "峰锋丰",
    "刚钢",
    "勇永咏",
    "辉晖",
    "宇雨玉语",
    "波博",
    "磊雷蕾",
    "文雯",
    "杰洁捷婕",
    "斌彬滨",
    "洋阳扬杨",
    "平萍",
    "浩昊皓",
    "鑫欣新馨心",
    "志智",
    "燕艳雁彦",
    "晶菁京",
    "佳嘉家",
    "思斯",
    "晓小",
    "倩茜",
    "张章",
    "王汪",
    "李黎",
    "徐许",
    "于余",
    "石史",
    "姜江蒋",
    "吴伍武",
    "何贺",
    "程成",
];
const NEAR_HOMOPHONES: [&str; 16] = [
    "志子", "陈岑", "诗思", "春村", "明民", "英因", "静劲", "平品", "宁林", "兰南", "龙农", "莲年", "成陈", "强千",
    "娜拉", "梁娘",
];
const LOOK_ALIKES: [&str; 24] = [
    "未末", "田由", "士土", "大太", "候侯", "冶治", "钧钓", "洋详", "玉王", "晗唅", "天夭", "帅师", "柱桂", "茹茄",
    "菁青", "思恩", "艺芝", "环坏", "微徽", "宇字", "洁浩", "凤风", "昊吴", "今令",
];

/// Writes every character in its traditional form. Returns `None` if no character has one.
pub(super) fn to_traditional(name: &str) -> Option<String> {
    let (simple, old) = TRADITIONAL;
    let written = |c: char| simple.chars().zip(old.chars()).find(|(s, _)| *s == c).map_or(c, |(_, o)| o);
    let changed: String = name.chars().map(written).collect();
    (changed != name).then_some(changed)
}

/// Replaces one character by another of its group. Returns `None` if no character is in a group.
fn replace_from_group(name: &str, groups: &[&str], chance: u64) -> Option<String> {
    let characters: Vec<char> = name.chars().collect();
    let start = (chance % 7) as usize;
    for step in 0..characters.len() {
        let at = (start + step) % characters.len();
        let Some(group) = groups.iter().find(|group| group.contains(characters[at])) else { continue };
        let others: Vec<char> = group.chars().filter(|c| *c != characters[at]).collect();
        let mut changed = characters.clone();
        changed[at] = others[(chance >> 8) as usize % others.len()];
        return Some(changed.into_iter().collect());
    }
    None
}

pub(super) fn replace_homophone(name: &str, chance: u64) -> Option<String> {
    replace_from_group(name, &HOMOPHONES, chance)
}

pub(super) fn replace_near_homophone(name: &str, chance: u64) -> Option<String> {
    replace_from_group(name, &NEAR_HOMOPHONES, chance)
}

pub(super) fn replace_look_alike(name: &str, chance: u64) -> Option<String> {
    replace_from_group(name, &LOOK_ALIKES, chance)
}

/// Replaces or removes the separator. Returns `None` for a name without one.
pub(super) fn change_separator(name: &str, chance: u64) -> Option<String> {
    const OTHERS: [&str; 9] = ["", " ", "\u{2022}", "\u{2027}", "\u{30FB}", ".", "\u{FF0E}", "\u{FF65}", " · "];
    name.contains('·').then(|| name.replace('·', OTHERS[(chance % 9) as usize]))
}

/// Returns one part of a name with several parts.
pub(super) fn keep_one_part(name: &str, chance: u64) -> Option<String> {
    let (first, second) = name.split_once('·')?;
    let taken = if chance.is_multiple_of(2) { first } else { second };
    (taken.chars().count() >= 2).then(|| taken.to_owned())
}

/// Adds the space that forms of fixed width put between the characters of a short name.
pub(super) fn add_space(name: &str) -> String {
    let mut characters: Vec<char> = name.chars().collect();
    if characters.len() == 2 {
        characters.insert(1, '\u{3000}');
    }
    characters.into_iter().collect()
}

pub(super) fn to_full_width(id: &str) -> String {
    full_width(id)
}

/// Changes one of the first seventeen digits, so that the check digit is wrong.
pub(super) fn change_one_digit(id: &str, chance: u64) -> String {
    let at = (chance % 17) as usize;
    let step = 1 + (chance >> 8) % 9;
    change_digit(id, at, |digit| (digit + step) % 10)
}

fn change_digit(id: &str, at: usize, new: impl Fn(u64) -> u64) -> String {
    let digit = |c: char| u64::from(c.to_digit(10).unwrap_or(0));
    id.chars()
        .enumerate()
        .map(
            |(place, c)| {
                if place == at { char::from(b'0' + u8::try_from(new(digit(c)) % 10).unwrap_or(0)) } else { c }
            },
        )
        .collect()
}

/// Exchanges two different neighbouring characters. Returns `None` if there are none.
pub(super) fn transpose_digits(id: &str, chance: u64) -> Option<String> {
    let mut characters: Vec<char> = id.chars().collect();
    let start = (chance % 16) as usize;
    let at = (0..16).map(|step| (start + step) % 16).find(|at| characters[*at] != characters[*at + 1])?;
    characters.swap(at, at + 1);
    Some(characters.into_iter().collect())
}

pub(super) fn drop_digit(id: &str, chance: u64) -> String {
    let at = (chance % 18) as usize;
    id.chars().enumerate().filter(|(place, _)| *place != at).map(|(_, c)| c).collect()
}

/// Keeps fifteen digits and appends zeros. Returns `None` if the result would be valid, or if the number ends in X and
/// so stays text.
pub(super) fn zero_last_digits(id: &str) -> Option<String> {
    let body = format!("{}00", &id[..15]);
    (!id.ends_with('X') && check_digit(&body) != '0').then(|| format!("{body}0"))
}

/// Masks all but the first `shown` and the last four characters.
pub(super) fn mask_middle(id: &str, shown: usize) -> String {
    format!("{}{}{}", &id[..shown], "*".repeat(14 - shown), &id[14..])
}

/// Returns the number in its form before 1999, with fifteen digits.
pub(super) fn to_fifteen_digits(id: &str) -> String {
    format!("{}{}", &id[..6], &id[8..17])
}

/// Replaces a final X by a Cyrillic Х or a small x. Returns `None` for another last character.
pub(super) fn replace_final_x(id: &str, chance: u64) -> Option<String> {
    id.ends_with('X').then(|| format!("{}{}", &id[..17], ['\u{425}', '\u{445}', 'x'][(chance % 3) as usize]))
}
