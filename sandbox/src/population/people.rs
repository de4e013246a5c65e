//! Teachers as on the roster.

use chrono::{Datelike as _, Days, NaiveDate};

use super::Population;
use super::names;
use crate::chance::roll;
use crate::people::{AREAS, with_check_digit};

/// One generated teacher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teacher {
    /// With U+00B7 between the parts of a name that has several.
    pub name: String,
    /// A former name; empty for most.
    pub former_name: String,
    /// Eighteen characters, with a valid check digit.
    pub id_number: String,
    /// `JL` and eight digits.
    pub teacher_number: String,
    /// YYYY-MM-DD.
    pub birth_date: String,
    /// 男 or 女.
    pub sex: &'static str,
    /// Eleven digits; empty for some.
    pub phone: String,
    /// Ten digits.
    pub school_code: String,
    /// Name of the school.
    pub school: String,
    /// The county's current code.
    pub region: String,
}

/// Size of the groups of consecutive teachers that each contain one pair of twins and one pair of namesakes.
const GROUP: u64 = 400;
/// Birth dates 1955-01-01 to 1992-12-31.
const BIRTH_DAYS: u64 = 13_880;
/// Number of sequence numbers for one sex.
const SEQUENCES: u64 = 497;
/// Modulus by which a birth day and the teacher's index agree, to keep numbers unique.
const ROUNDS: u64 = 16;
/// Approximate number of teachers per school.
const PER_SCHOOL: u64 = 68;
const KINDS: [(&str, &str); 4] = [("2122", "小学"), ("3122", "中学"), ("3422", "高级中学"), ("1122", "幼儿园")];
const PLACES: [&str; 20] = [
    "第一", "第二", "第三", "实验", "育才", "新华", "东风", "朝阳", "红旗", "和平", "站前", "城西", "向阳", "民族",
    "中心", "希望", "解放", "胜利", "光明", "建设",
];

/// Returns the index of the teacher whose birth date, school and surname this one shares, and in which way. Most have
/// none.
fn double_of(index: u64) -> Option<(u64, Double)> {
    let kind = match index % GROUP {
        1 => Double::Twin,
        3 => Double::Namesake,
        _ => return None,
    };
    Some((index - 1, kind))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Double {
    /// Same area, birth date, surname, sex and school; the given name differs in one character.
    Twin,
    /// Same name, birth date and school; another area.
    Namesake,
}

pub(super) fn make_teacher(world: &Population, index: u64) -> Teacher {
    let seed = world.seed;
    let (model, kind) = match double_of(index) {
        Some((model, kind)) => (model, Some(kind)),
        None => (index, None),
    };
    let chance = |purpose: u64| roll(seed, purpose, model);
    let male = chance(711) % 100 < 35;
    let (family, mut given) = names::pick_name(seed, model, male);
    if kind == Some(Double::Twin) {
        given = twin_of(&given, seed, index, male);
    }
    let area = if kind == Some(Double::Namesake) { other_area(seed, index, model) } else { area_code(seed, model) };
    let born = NaiveDate::from_ymd_opt(1955, 1, 1)
        .and_then(|first| {
            first.checked_add_days(Days::new(chance(712) % BIRTH_DAYS / ROUNDS * ROUNDS + area_round(model)))
        })
        .unwrap_or_default();
    let region = region_code(seed, model);
    let school = chance(713) % count_schools(world);
    Teacher {
        former_name: former_name(&family, seed, index, male, kind.is_none()),
        name: format!("{family}{given}"),
        id_number: id_number(area, born, index, male),
        teacher_number: format!("JL{:08}", (index * 7_919 + seed % 89) % 100_000_000),
        birth_date: born.format("%Y-%m-%d").to_string(),
        sex: if male { "男" } else { "女" },
        phone: phone_number(seed, index),
        school_code: school_code(seed, school),
        school: school_name(seed, school),
        region: region_of(seed, school).unwrap_or(region),
    }
}

/// Builds an ID number. The index decides the sequence, the area and the remainder of the day, so that no two of
/// [`SEQUENCES`] × areas × [`ROUNDS`] teachers have the same number (a namesake in another area almost never).
fn id_number(area: u32, born: NaiveDate, index: u64, male: bool) -> String {
    let sequence = 1 + 2 * (index % SEQUENCES) + u64::from(!male);
    with_check_digit(&format!("{area}{:04}{:02}{:02}{sequence:03}", born.year(), born.month(), born.day()))
}

fn area_code(seed: u64, index: u64) -> u32 {
    AREAS[((index / SEQUENCES + seed) % AREAS.len() as u64) as usize]
}

/// Returns how often all areas have been used before this index, modulo [`ROUNDS`].
fn area_round(index: u64) -> u64 {
    index / SEQUENCES / AREAS.len() as u64 % ROUNDS
}

/// Returns an area that differs from the model's.
fn other_area(seed: u64, index: u64, model: u64) -> u32 {
    let taken = area_code(seed, model);
    AREAS
        .iter()
        .copied()
        .cycle()
        .skip((roll(seed, 715, index) % AREAS.len() as u64) as usize)
        .find(|a| *a != taken)
        .unwrap_or(taken)
}

/// Returns a twin's given name, in which one character differs.
fn twin_of(given: &str, seed: u64, index: u64, male: bool) -> String {
    let mut characters: Vec<char> = given.chars().collect();
    for attempt in 0.. {
        let other = names::pick_other_given_name(seed, index * 31 + attempt, male);
        let last = other.chars().next_back();
        if let (Some(mine), Some(theirs)) = (characters.last_mut(), last)
            && *mine != theirs
        {
            *mine = theirs;
            break;
        }
        if attempt > 20 {
            return other;
        }
    }
    characters.into_iter().collect()
}

/// Returns the former name that one teacher in fifty has, else "".
fn former_name(family: &str, seed: u64, index: u64, male: bool, alone: bool) -> String {
    if !alone || !roll(seed, 716, index).is_multiple_of(50) || family.contains('·') {
        return String::new();
    }
    format!("{family}{}", names::pick_other_given_name(seed, index, male))
}

fn phone_number(seed: u64, index: u64) -> String {
    const NETWORKS: [&str; 12] = ["130", "131", "135", "136", "137", "138", "139", "150", "159", "186", "188", "189"];
    let chance = roll(seed, 717, index);
    if chance.is_multiple_of(12) {
        return String::new();
    }
    format!("{}{:08}", NETWORKS[(chance >> 8) as usize % NETWORKS.len()], (chance >> 20) % 100_000_000)
}

fn region_code(seed: u64, index: u64) -> String {
    AREAS[(roll(seed, 718, index) % 60) as usize].to_string()
}

/// Returns the number of schools.
pub(super) fn count_schools(world: &Population) -> u64 {
    (world.teachers / PER_SCHOOL).max(2)
}

/// Returns the county of a school; every school has one.
pub(super) fn region_of(seed: u64, school: u64) -> Option<String> {
    Some(region_code(seed, 1_000_000_007 + school))
}

/// Returns a school's code.
pub(super) fn school_code(seed: u64, school: u64) -> String {
    let (category, _) = KINDS[(roll(seed, 719, school) % 4) as usize];
    format!("{category}{:06}", 100 + school * 7)
}

/// Returns a school's name. Schools of several counties have the same name.
pub(super) fn school_name(seed: u64, school: u64) -> String {
    let chance = roll(seed, 719, school);
    let (_, kind) = KINDS[(chance % 4) as usize];
    let place = PLACES[(chance >> 8) as usize % PLACES.len()];
    format!(
        "{}市{place}{kind}",
        ["长春", "吉林", "四平", "延吉", "松原", "白城", "通化", "辽源"][(chance >> 20) as usize % 8]
    )
}

/// Draws another school, for teachers who changed theirs.
pub(super) fn other_school(world: &Population, index: u64) -> u64 {
    roll(world.seed, 720, index) % count_schools(world)
}

/// Draws the index of another teacher.
pub(super) fn draw_other_teacher(world: &Population, index: u64, chance: u64) -> u64 {
    (index + 1 + chance % (world.teachers - 1)) % world.teachers
}
