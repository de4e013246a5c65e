//! Claims: the identities that programmes and institutions send.

use super::damage::{self, Damage};
use super::people::{self, Teacher};
use super::{Population, names};
use crate::chance::roll;

/// The person whom a claim is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// The teacher of the roster with this index.
    Teacher(u64),
    /// A person who is not on the roster.
    Outside,
}

/// A claim as it arrives. Fields that were not sent are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The sender: one of four programmes and six institutions.
    pub source: &'static str,
    /// Name, possibly damaged.
    pub name: String,
    /// ID number, possibly damaged.
    pub id_number: String,
    /// Teacher number of the roster.
    pub teacher_number: String,
    /// Birth date, YYYY-MM-DD unless damaged.
    pub birth_date: String,
    /// Sex, 男 or 女.
    pub sex: String,
    /// Phone number.
    pub phone: String,
    /// School code of ten digits.
    pub school_code: String,
    /// Name of the school.
    pub school: String,
    /// Division code of the school's county.
    pub region: String,
    /// The person whom it is about, which is the person whose name it has.
    pub truth: Truth,
    /// The damage done to it.
    pub damage: Damage,
}

/// Which optional fields a source sends beside name, ID number, school name and region, in this order: school code,
/// phone, teacher number, birth date with sex.
const SOURCES: [(&str, [bool; 4]); 10] = [
    ("intel", [false, false, false, false]),
    ("microsoft", [false, false, false, true]),
    ("lego", [false, true, false, false]),
    ("cmcc", [false, true, false, false]),
    ("A1", [true, true, true, false]),
    ("A2", [true, true, false, true]),
    ("A3", [true, false, true, true]),
    ("A4", [true, true, false, false]),
    ("A5", [true, false, false, true]),
    ("A6", [true, true, true, true]),
];

pub(super) fn make_claim(world: &Population, index: u64) -> Claim {
    let chance = |purpose: u64| roll(world.seed, purpose, index);
    // One in fifty is from another province, retired, or not on the roster yet.
    let outside = chance(731).is_multiple_of(50);
    let (source, sends) = SOURCES[(chance(733) % 10) as usize];
    let wanted = match chance(734) % 100 {
        0..55 => Damage::Clean,
        _ => Damage::ALL[1 + (chance(735) % (Damage::ALL.len() as u64 - 1)) as usize],
    };
    // If a damage is possible for few people, several people are tried.
    let drawn = |attempt: u64| {
        let whom = chance(740 + attempt) % world.teachers;
        let whom = if outside { world.teachers + whom } else { whom };
        let teacher = people::make_teacher(world, whom);
        let truth = if outside { Truth::Outside } else { Truth::Teacher(whom) };
        let clean = clean_claim(&teacher, source, sends, truth);
        match apply_damage(world, &teacher, whom, &clean, wanted, chance(736)) {
            Some(claim) => (Some(Claim { damage: wanted, ..claim }), clean),
            None => (None, clean),
        }
    };
    let (first, clean) = drawn(0);
    first.or_else(|| (1..ATTEMPTS).find_map(|attempt| drawn(attempt).0)).unwrap_or(clean)
}

/// How many people a damage is tried on.
const ATTEMPTS: u64 = 150;

/// Returns what a source sends about a person. With `damage`, its first number draws a class of damage; if that class
/// is impossible for this person, the next possible one is used.
pub(super) fn make_identity(world: &Population, (whom, source): (u64, usize), damage: Option<(u64, u64)>) -> Claim {
    let teacher = people::make_teacher(world, whom);
    let truth = if whom < world.teachers { Truth::Teacher(whom) } else { Truth::Outside };
    let (name, sends) = SOURCES[source % SOURCES.len()];
    let clean = clean_claim(&teacher, name, sends, truth);
    let Some((which, how)) = damage else { return clean };
    let classes = &Damage::ALL[1..];
    let first = (which % classes.len() as u64) as usize;
    classes
        .iter()
        .cycle()
        .skip(first)
        .take(classes.len())
        .find_map(|wanted| {
            let damaged = apply_damage(world, &teacher, whom, &clean, *wanted, how)?;
            Some(Claim { damage: *wanted, ..damaged })
        })
        .unwrap_or(clean)
}

/// Returns what a source sends without damage.
fn clean_claim(teacher: &Teacher, source: &'static str, sends: [bool; 4], truth: Truth) -> Claim {
    let [code, phone, number, birth] = sends;
    let when = |sent: bool, value: &str| if sent { value.to_owned() } else { String::new() };
    Claim {
        source,
        name: teacher.name.clone(),
        id_number: teacher.id_number.clone(),
        teacher_number: when(number, &teacher.teacher_number),
        birth_date: when(birth, &teacher.birth_date),
        sex: when(birth, teacher.sex),
        phone: when(phone, &teacher.phone),
        school_code: when(code, &teacher.school_code),
        school: teacher.school.clone(),
        region: teacher.region.clone(),
        truth,
        damage: Damage::Clean,
    }
}

/// Returns the claim with the damage, or `None` if the damage is impossible for it.
fn apply_damage(
    world: &Population,
    teacher: &Teacher,
    whom: u64,
    clean: &Claim,
    wanted: Damage,
    chance: u64,
) -> Option<Claim> {
    use Damage as D;
    let id = teacher.id_number.as_str();
    let with_name = |name: String| Claim { name, ..clean.clone() };
    let with_id = |id_number: String| Claim { id_number, ..clean.clone() };
    Some(match wanted {
        D::Clean => clean.clone(),
        D::Separator => with_name(damage::change_separator(&clean.name, chance)?),
        D::FullWidth => Claim { name: damage::add_space(&clean.name), ..with_id(damage::to_full_width(id)) },
        D::Traditional => with_name(damage::to_traditional(&clean.name)?),
        D::Homophone => with_name(damage::replace_homophone(&clean.name, chance)?),
        D::NearHomophone => with_name(damage::replace_near_homophone(&clean.name, chance)?),
        D::LookAlike => with_name(damage::replace_look_alike(&clean.name, chance)?),
        D::OneCharacter => with_name(replace_last_character(world.seed, whom, &clean.name)?),
        D::FormerName => with_name(Some(teacher.former_name.clone()).filter(|n| !n.is_empty())?),
        D::PartOfName => with_name(damage::keep_one_part(&clean.name, chance)?),
        D::IdOneDigit => with_id(damage::change_one_digit(id, chance)),
        D::IdTransposed => with_id(damage::transpose_digits(id, chance)?),
        D::IdShort => with_id(damage::drop_digit(id, chance)),
        D::IdZeros => with_id(damage::zero_last_digits(id)?),
        D::IdMasked64 => with_id(damage::mask_middle(id, 6)),
        D::IdMasked44 => with_id(damage::mask_middle(id, 4)),
        D::IdMasked34 => with_id(damage::mask_middle(id, 3)),
        D::IdFifteen => with_id(damage::to_fifteen_digits(id)),
        D::IdCyrillic => with_id(damage::replace_final_x(id, chance)?),
        D::IdMissing => with_id(String::new()),
        D::TeacherNumberOnly => teacher_number_only(teacher, clean),
        D::TwoPeople => with_id(other_teacher(world, whom, chance).id_number),
        D::TwoNumbers => {
            Claim { teacher_number: other_teacher(world, whom, chance).teacher_number, ..with_id(String::new()) }
        }
        D::SchoolMoved => move_to_other_school(world, whom, clean.clone()),
        D::BirthSwapped => Claim { birth_date: swap_day_and_month(&teacher.birth_date)?, ..with_id(String::new()) },
        D::MaskedHomophone => {
            Claim { name: damage::replace_homophone(&clean.name, chance)?, ..with_id(damage::mask_middle(id, 4)) }
        }
        D::MaskedMoved => move_to_other_school(world, whom, with_id(damage::mask_middle(id, 3))),
        D::DigitHomophone => Claim {
            name: damage::replace_homophone(&clean.name, chance)?,
            ..with_id(damage::change_one_digit(id, chance >> 9))
        },
        D::MissingLookAlike => {
            Claim { name: damage::replace_look_alike(&clean.name, chance)?, ..with_id(String::new()) }
        }
        D::FifteenDigit => with_id(damage::change_one_digit(&damage::to_fifteen_digits(id), chance % 15)),
    })
}

/// Replaces the last character of the given name.
fn replace_last_character(seed: u64, whom: u64, name: &str) -> Option<String> {
    let mut characters: Vec<char> = name.chars().collect();
    let last = characters.last().copied()?;
    let other = names::pick_other_given_name(seed, whom + 17, true).chars().next_back().filter(|c| *c != last)?;
    *characters.last_mut()? = other;
    (characters.len() > 2).then(|| characters.into_iter().collect())
}

fn teacher_number_only(teacher: &Teacher, clean: &Claim) -> Claim {
    let none = String::new;
    Claim {
        id_number: none(),
        teacher_number: teacher.teacher_number.clone(),
        birth_date: none(),
        sex: none(),
        phone: none(),
        school_code: none(),
        school: none(),
        region: none(),
        ..clean.clone()
    }
}

/// Returns the teacher whose number is in the row by mistake: for half of them the neighbour in the roster (which can
/// be the twin or namesake), for the others anybody. Never a teacher of the same name, because such a row could be
/// about either.
fn other_teacher(world: &Population, whom: u64, chance: u64) -> Teacher {
    let neighbour =
        if chance.is_multiple_of(2) { whom ^ 1 } else { people::draw_other_teacher(world, whom, chance >> 1) };
    let mine = people::make_teacher(world, whom).name;
    (0..)
        .map(|step| people::make_teacher(world, (neighbour + step) % world.teachers))
        .find(|other| other.name != mine)
        .unwrap_or_else(|| people::make_teacher(world, neighbour % world.teachers))
}

fn move_to_other_school(world: &Population, whom: u64, claim: Claim) -> Claim {
    let school = people::other_school(world, whom);
    let code = if claim.school_code.is_empty() { String::new() } else { people::school_code(world.seed, school) };
    let region = people::region_of(world.seed, school).unwrap_or_default();
    Claim { school_code: code, school: people::school_name(world.seed, school), region, ..claim }
}

/// Exchanges day and month. Returns `None` if that gives the same date or no valid one.
fn swap_day_and_month(date: &str) -> Option<String> {
    let (year, month, day) = (&date[..4], &date[5..7], &date[8..]);
    let possible = day.parse::<u32>().is_ok_and(|d| d <= 12);
    (possible && day != month).then(|| format!("{year}-{day}-{month}"))
}
