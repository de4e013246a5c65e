//! Claims: what programmes and institutions send about people.

use super::damage::{self, Damage};
use super::people::{self, Teacher};
use super::{Population, names};
use crate::chance::roll;

/// Whom a claim is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// This teacher of the roster.
    Teacher(u64),
    /// Nobody of the roster.
    Outside,
}

/// A claim as it arrives; what was not sent is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which of the four programmes and six institutions sent it.
    pub source: &'static str,
    /// Name.
    pub name: String,
    /// ID number.
    pub id_number: String,
    /// Teacher number.
    pub teacher_number: String,
    /// Birth date.
    pub birth_date: String,
    /// Sex.
    pub sex: String,
    /// Phone.
    pub phone: String,
    /// School code.
    pub school_code: String,
    /// School name.
    pub school: String,
    /// Division code of the school's county.
    pub region: String,
    /// Whom it is about: whose name it bears.
    pub truth: Truth,
    /// What was done to it.
    pub damage: Damage,
}

/// What a source sends beside name, ID number, school name and region: school code, phone, teacher number, birth date and
/// sex.
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

pub(super) fn claim(world: &Population, index: u64) -> Claim {
    let chance = |purpose: u64| roll(world.seed, purpose, index);
    // One in fifty is of another province, retired, or not in the roster yet.
    let outside = chance(731).is_multiple_of(50);
    let (source, sends) = SOURCES[(chance(733) % 10) as usize];
    let wanted = match chance(734) % 100 {
        0..55 => Damage::Clean,
        _ => Damage::ALL[1 + (chance(735) % (Damage::ALL.len() as u64 - 1)) as usize],
    };
    // A damage that few can suffer looks for somebody who can.
    let drawn = |attempt: u64| {
        let whom = chance(740 + attempt) % world.teachers;
        let whom = if outside { world.teachers + whom } else { whom };
        let teacher = people::teacher(world, whom);
        let truth = if outside { Truth::Outside } else { Truth::Teacher(whom) };
        let clean = sent(&teacher, source, sends, truth);
        match damaged(world, &teacher, whom, &clean, wanted, chance(736)) {
            Some(claim) => (Some(Claim { damage: wanted, ..claim }), clean),
            None => (None, clean),
        }
    };
    let (first, clean) = drawn(0);
    first.or_else(|| (1..ATTEMPTS).find_map(|attempt| drawn(attempt).0)).unwrap_or(clean)
}

/// How many people a damage is tried on.
const ATTEMPTS: u64 = 150;

/// What a source sends of a person; with a damage, drawn by the first number, where it can happen to this person, else the
/// next one that can.
pub(super) fn identity(world: &Population, (whom, source): (u64, usize), damage: Option<(u64, u64)>) -> Claim {
    let teacher = people::teacher(world, whom);
    let truth = if whom < world.teachers { Truth::Teacher(whom) } else { Truth::Outside };
    let (name, sends) = SOURCES[source % SOURCES.len()];
    let clean = sent(&teacher, name, sends, truth);
    let Some((which, how)) = damage else { return clean };
    let classes = &Damage::ALL[1..];
    let first = (which % classes.len() as u64) as usize;
    classes
        .iter()
        .cycle()
        .skip(first)
        .take(classes.len())
        .find_map(|wanted| {
            let damaged = damaged(world, &teacher, whom, &clean, *wanted, how)?;
            Some(Claim { damage: *wanted, ..damaged })
        })
        .unwrap_or(clean)
}

/// What a source sends where nothing goes wrong.
fn sent(teacher: &Teacher, source: &'static str, sends: [bool; 4], truth: Truth) -> Claim {
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

/// The claim with the damage; none where it cannot happen to it.
fn damaged(
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
        D::Separator => with_name(damage::separator(&clean.name, chance)?),
        D::FullWidth => Claim { name: damage::spaced(&clean.name), ..with_id(damage::wide(id)) },
        D::Traditional => with_name(damage::traditional(&clean.name)?),
        D::Homophone => with_name(damage::homophone(&clean.name, chance)?),
        D::NearHomophone => with_name(damage::near_homophone(&clean.name, chance)?),
        D::LookAlike => with_name(damage::look_alike(&clean.name, chance)?),
        D::OneCharacter => with_name(one_character(world.seed, whom, &clean.name)?),
        D::FormerName => with_name(Some(teacher.former_name.clone()).filter(|n| !n.is_empty())?),
        D::PartOfName => with_name(damage::part(&clean.name, chance)?),
        D::IdOneDigit => with_id(damage::one_digit(id, chance)),
        D::IdTransposed => with_id(damage::transposed(id, chance)?),
        D::IdShort => with_id(damage::short(id, chance)),
        D::IdZeros => with_id(damage::zeros(id)?),
        D::IdMasked64 => with_id(damage::masked(id, 6)),
        D::IdMasked44 => with_id(damage::masked(id, 4)),
        D::IdMasked34 => with_id(damage::masked(id, 3)),
        D::IdFifteen => with_id(damage::fifteen(id)),
        D::IdCyrillic => with_id(damage::cyrillic(id, chance)?),
        D::IdMissing => with_id(String::new()),
        D::TeacherNumberOnly => teacher_number_only(teacher, clean),
        D::TwoPeople => with_id(other(world, whom, chance).id_number),
        D::TwoNumbers => Claim { teacher_number: other(world, whom, chance).teacher_number, ..with_id(String::new()) },
        D::SchoolMoved => moved(world, whom, clean.clone()),
        D::BirthSwapped => Claim { birth_date: swapped(&teacher.birth_date)?, ..with_id(String::new()) },
        D::MaskedHomophone => Claim { name: damage::homophone(&clean.name, chance)?, ..with_id(damage::masked(id, 4)) },
        D::MaskedMoved => moved(world, whom, with_id(damage::masked(id, 3))),
        D::DigitHomophone => {
            Claim { name: damage::homophone(&clean.name, chance)?, ..with_id(damage::one_digit(id, chance >> 9)) }
        }
        D::MissingLookAlike => Claim { name: damage::look_alike(&clean.name, chance)?, ..with_id(String::new()) },
        D::FifteenDigit => with_id(damage::one_digit(&damage::fifteen(id), chance % 15)),
    })
}

/// The last character of the given name is another.
fn one_character(seed: u64, whom: u64, name: &str) -> Option<String> {
    let mut characters: Vec<char> = name.chars().collect();
    let last = characters.last().copied()?;
    let other = names::other_given(seed, whom + 17, true).chars().next_back().filter(|c| *c != last)?;
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

/// Whose number stands in the row by mistake: the other of twins or couples for half of them, else anybody. Never
/// somebody of the same name: such a row would be about either.
fn other(world: &Population, whom: u64, chance: u64) -> Teacher {
    let neighbour = if chance.is_multiple_of(2) { whom ^ 1 } else { people::colleague(world, whom, chance >> 1) };
    let mine = people::teacher(world, whom).name;
    (0..)
        .map(|step| people::teacher(world, (neighbour + step) % world.teachers))
        .find(|other| other.name != mine)
        .unwrap_or_else(|| people::teacher(world, neighbour % world.teachers))
}

fn moved(world: &Population, whom: u64, claim: Claim) -> Claim {
    let school = people::other_school(world, whom);
    let code = if claim.school_code.is_empty() { String::new() } else { people::school_code(world.seed, school) };
    let region = people::region_of(world.seed, school).unwrap_or_default();
    Claim { school_code: code, school: people::school_name(world.seed, school), region, ..claim }
}

/// Day and month exchanged; none where that gives the same date or no day.
fn swapped(date: &str) -> Option<String> {
    let (year, month, day) = (&date[..4], &date[5..7], &date[8..]);
    let possible = day.parse::<u32>().is_ok_and(|d| d <= 12);
    (possible && day != month).then(|| format!("{year}-{day}-{month}"))
}
