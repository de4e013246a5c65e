//! What happens to names and ID numbers between a person and a platform.

use crate::people::check_digit;
use crate::text::full_width;

/// What was done to a claim; each class of the field's facts, and some of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Damage {
    /// Nothing.
    Clean,
    /// Another separator than U+00B7, or none.
    Separator,
    /// Full-width digits, spaces within the name.
    FullWidth,
    /// Traditional characters.
    Traditional,
    /// A character of the same sound.
    Homophone,
    /// A character of nearly the same sound.
    NearHomophone,
    /// A character that looks alike.
    LookAlike,
    /// Any other character of the given name.
    OneCharacter,
    /// The name borne before.
    FormerName,
    /// One part of a name of several.
    PartOfName,
    /// One digit of the ID number is wrong.
    IdOneDigit,
    /// Two digits of it are exchanged.
    IdTransposed,
    /// One digit of it is missing.
    IdShort,
    /// Its last three digits are zeros.
    IdZeros,
    /// Six and four characters of it are shown.
    IdMasked64,
    /// Four and four.
    IdMasked44,
    /// Three and four.
    IdMasked34,
    /// The number of fifteen digits.
    IdFifteen,
    /// A Cyrillic Х or small x.
    IdCyrillic,
    /// No ID number.
    IdMissing,
    /// Teacher number and name, nothing else.
    TeacherNumberOnly,
    /// One person's name with another's ID number.
    TwoPeople,
    /// One person's name with another's teacher number, and no ID number.
    TwoNumbers,
    /// A former school.
    SchoolMoved,
    /// Day and month of the birth date exchanged, no ID number.
    BirthSwapped,
    /// Masked 4+4 and a homophone.
    MaskedHomophone,
    /// Masked 3+4 and a former school.
    MaskedMoved,
    /// A wrong digit and a homophone.
    DigitHomophone,
    /// No ID number, and a character that looks alike.
    MissingLookAlike,
    /// A wrong digit in a number of fifteen.
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

    /// The word in the truth's column.
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

/// Every character that has a traditional form written in it; none where no character has one.
pub(super) fn traditional(name: &str) -> Option<String> {
    let (simple, old) = TRADITIONAL;
    let written = |c: char| simple.chars().zip(old.chars()).find(|(s, _)| *s == c).map_or(c, |(_, o)| o);
    let changed: String = name.chars().map(written).collect();
    (changed != name).then_some(changed)
}

/// One character replaced by another of its group; none where no character is in one.
fn replaced(name: &str, groups: &[&str], chance: u64) -> Option<String> {
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

pub(super) fn homophone(name: &str, chance: u64) -> Option<String> {
    replaced(name, &HOMOPHONES, chance)
}

pub(super) fn near_homophone(name: &str, chance: u64) -> Option<String> {
    replaced(name, &NEAR_HOMOPHONES, chance)
}

pub(super) fn look_alike(name: &str, chance: u64) -> Option<String> {
    replaced(name, &LOOK_ALIKES, chance)
}

/// Another separator, or none; nothing for a name without one.
pub(super) fn separator(name: &str, chance: u64) -> Option<String> {
    const OTHERS: [&str; 9] = ["", " ", "\u{2022}", "\u{2027}", "\u{30FB}", ".", "\u{FF0E}", "\u{FF65}", " · "];
    name.contains('·').then(|| name.replace('·', OTHERS[(chance % 9) as usize]))
}

/// One part of a name of several.
pub(super) fn part(name: &str, chance: u64) -> Option<String> {
    let (first, second) = name.split_once('·')?;
    let taken = if chance.is_multiple_of(2) { first } else { second };
    (taken.chars().count() >= 2).then(|| taken.to_owned())
}

/// Spaces that a form of fixed width puts between the characters.
pub(super) fn spaced(name: &str) -> String {
    let mut characters: Vec<char> = name.chars().collect();
    if characters.len() == 2 {
        characters.insert(1, '\u{3000}');
    }
    characters.into_iter().collect()
}

pub(super) fn wide(id: &str) -> String {
    full_width(id)
}

/// One digit of the first seventeen is another; the check character fails.
pub(super) fn one_digit(id: &str, chance: u64) -> String {
    let at = (chance % 17) as usize;
    let step = 1 + (chance >> 8) % 9;
    change(id, at, |digit| (digit + step) % 10)
}

fn change(id: &str, at: usize, new: impl Fn(u64) -> u64) -> String {
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

/// Two neighbours that differ exchanged; none where there are none.
pub(super) fn transposed(id: &str, chance: u64) -> Option<String> {
    let mut characters: Vec<char> = id.chars().collect();
    let start = (chance % 16) as usize;
    let at = (0..16).map(|step| (start + step) % 16).find(|at| characters[*at] != characters[*at + 1])?;
    characters.swap(at, at + 1);
    Some(characters.into_iter().collect())
}

pub(super) fn short(id: &str, chance: u64) -> String {
    let at = (chance % 18) as usize;
    id.chars().enumerate().filter(|(place, _)| *place != at).map(|(_, c)| c).collect()
}

/// Fifteen digits kept; none where the result would be valid, or the number ends in X and stays text.
pub(super) fn zeros(id: &str) -> Option<String> {
    let body = format!("{}00", &id[..15]);
    (!id.ends_with('X') && check_digit(&body) != '0').then(|| format!("{body}0"))
}

/// So many characters of its beginning and the last four.
pub(super) fn masked(id: &str, shown: usize) -> String {
    format!("{}{}{}", &id[..shown], "*".repeat(14 - shown), &id[14..])
}

/// The number as it was before 1999.
pub(super) fn fifteen(id: &str) -> String {
    format!("{}{}", &id[..6], &id[8..17])
}

/// Cyrillic Х, or a small x; none for another last character.
pub(super) fn cyrillic(id: &str, chance: u64) -> Option<String> {
    id.ends_with('X').then(|| format!("{}{}", &id[..17], ['\u{425}', '\u{445}', 'x'][(chance % 3) as usize]))
}
