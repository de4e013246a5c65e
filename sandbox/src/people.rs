//! Generated people: valid ID numbers that were made up, names, school codes.

use chrono::{Datelike, Days, NaiveDate};

use crate::chance::{Permutation, roll};
use crate::population::names::PARTS;

/// The county-level area codes of Jilin at the end of 2014 (GB/T 2260), then codes that were abolished before but stay
/// in the numbers issued under them, then two of other provinces.
pub(crate) const AREAS: [u32; 74] = [
    220102, 220103, 220104, 220105, 220106, 220112, 220113, 220122, 220182, 220183, 220202, 220203, 220204, 220211,
    220221, 220281, 220282, 220283, 220284, 220302, 220303, 220322, 220323, 220381, 220382, 220402, 220403, 220421,
    220422, 220502, 220503, 220521, 220523, 220524, 220581, 220582, 220602, 220605, 220621, 220622, 220623, 220681,
    220702, 220721, 220722, 220723, 220781, 220802, 220821, 220822, 220881, 220882, 222401, 222402, 222403, 222404,
    222405, 222406, 222424, 222426, 220181, 220625, 220724, 222101, 222121, 222201, 222228, 222303, 222324, 222525,
    222621, 229002, 110105, 440524,
];
/// Birth dates 1959-01-01 to 1992-12-31.
const BIRTH_DAYS: u64 = 12_419;
const SEQUENCES: u64 = 995;

const SURNAMES: [&str; 64] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹", "袁", "邓", "许", "傅", "沈", "曾",
    "彭", "吕", "苏", "卢", "蒋", "蔡", "贾", "丁", "魏", "薛", "叶", "阎", "余", "潘", "杜", "戴", "夏", "钟", "汪",
    "田", "任", "姜", "金", "朴", "崔", "欧阳",
];
/// The last three are outside GBK: two in extension A, where GB18030 needs four bytes, and one outside the basic
/// multilingual plane.
const GIVEN: [&str; 75] = [
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀", "霞",
    "平", "刚", "桂", "英", "华", "玉", "兰", "春", "梅", "红", "建", "国", "文", "志", "永", "海", "燕", "雪", "晶",
    "琳", "宇", "浩", "鹏", "飞", "鑫", "波", "斌", "宁", "慧", "颖", "婷", "岩", "东", "哲", "善", "淑", "子", "晓",
    "光", "立", "新", "凤", "云", "莲", "真", "喆", "垚", "珺", "璐", "龙", "虎", "顺", "吉", "㛃", "䶮", "𬭎",
];
/// Parts of names that are joined by a separator.
const DOTTED: &[&str] = PARTS.split_at(20).0;

/// One generated teacher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// 18 characters with a valid check digit.
    pub(crate) id_number: String,
    /// Without spaces; U+00B7 between the parts of a name that has several.
    pub(crate) name: String,
    pub(crate) school_code: String,
}

/// All generated people, by number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct People {
    seed: u64,
    order: Permutation,
}

impl People {
    pub(crate) fn new(seed: u64) -> Self {
        let size = AREAS.len() as u64 * BIRTH_DAYS * SEQUENCES;
        Self { seed, order: Permutation::new(seed, 11, size) }
    }

    pub(crate) fn person(&self, number: u64) -> Person {
        let school = roll(self.seed, 12, number) % 4000;
        let category = ["2122", "3122", "3422"][(school % 3) as usize];
        Person {
            id_number: self.id_number(number),
            name: self.name(number),
            school_code: format!("{category}{:06}", 100 + school * 7),
        }
    }

    fn id_number(&self, number: u64) -> String {
        let value = self.order.value_at(number);
        let areas = AREAS.len() as u64;
        let area = AREAS[(value % areas) as usize];
        let days = value / areas % BIRTH_DAYS;
        let sequence = value / areas / BIRTH_DAYS + 1;
        let first = NaiveDate::from_ymd_opt(1959, 1, 1).unwrap_or_default();
        let born = first.checked_add_days(Days::new(days)).unwrap_or(first);
        with_check_digit(&format!("{area}{:04}{:02}{:02}{sequence:03}", born.year(), born.month(), born.day()))
    }

    pub(crate) fn name(&self, number: u64) -> String {
        let chance = roll(self.seed, 13, number);
        let pick = |list: &[&'static str], shift: u32| list[(chance >> shift) as usize % list.len()];
        if chance.is_multiple_of(50) {
            return format!("{}·{}", pick(DOTTED, 8), pick(DOTTED, 20));
        }
        let second = if chance % 4 == 1 { "" } else { pick(&GIVEN, 32) };
        format!("{}{}{second}", pick(&SURNAMES, 8), pick(&GIVEN, 20))
    }
}

/// Returns the check digit of 17 digits (ISO 7064 MOD 11-2).
pub(crate) fn check_digit(body: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const DIGITS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let sum: u32 = body.chars().zip(WEIGHTS).map(|(digit, weight)| digit.to_digit(10).unwrap_or(0) * weight).sum();
    DIGITS[(sum % 11) as usize]
}

/// Appends the check digit to 17 digits.
pub(crate) fn with_check_digit(body: &str) -> String {
    format!("{body}{}", check_digit(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn check_digits_are_those_of_the_standard() {
        for id in ["11010519491231002X", "440524188001010014", "22010219590911001X"] {
            assert_eq!(with_check_digit(&id[..17]), id);
        }
    }

    #[test]
    fn id_numbers_are_valid_and_unique() {
        let people = People::new(3);
        let mut seen = HashSet::new();
        for number in 0..20_000 {
            let person = people.person(number);
            let id = &person.id_number;
            assert_eq!(id.len(), 18);
            assert_eq!(&with_check_digit(&id[..17]), id);
            assert!(AREAS.contains(&id[..6].parse().unwrap()));
            let born = NaiveDate::parse_from_str(&id[6..14], "%Y%m%d").unwrap();
            assert!((1959..=1992).contains(&born.year()));
            assert!((1..=995).contains(&id[14..17].parse::<u32>().unwrap()));
            assert_eq!(person.school_code.len(), 10);
            assert!(seen.insert(person.id_number.clone()));
        }
    }

    #[test]
    fn birth_days_reach_the_last_day() {
        let first = NaiveDate::from_ymd_opt(1959, 1, 1).unwrap();
        let last = NaiveDate::from_ymd_opt(1992, 12, 31).unwrap();
        assert_eq!((last - first).num_days() as u64 + 1, BIRTH_DAYS);
    }
}
