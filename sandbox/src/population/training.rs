//! The population's training, as four programmes and six institutions report it, some of it twice. Which records are
//! about the same training is decided here, where they are made; it is not found by comparing them.

use chrono::{Days, NaiveDate};

use super::claims;
use super::{Claim, Population};
use crate::chance::roll;

/// A platform that reports training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Name of the platform and of its folder.
    pub name: &'static str,
    /// Kind of platform: the programme, or `institution` for all six institutions.
    pub connector: &'static str,
    /// One of its unit of hours, in 1/108,000 class hours.
    units_per_one: u64,
}

impl Source {
    /// Returns whether the platform assesses: institutions do, the four older programmes never did.
    #[must_use]
    pub fn is_assessing(&self) -> bool {
        self.connector == "institution"
    }
}

const fn institution_source(name: &'static str) -> Source {
    Source { name, connector: "institution", units_per_one: 2_400 }
}

/// All ten platforms. `intel`, `microsoft` and `lego` count days, `cmcc` class hours, institutions minutes.
pub const SOURCES: [Source; 10] = [
    Source { name: "intel", connector: "intel", units_per_one: 864_000 },
    Source { name: "microsoft", connector: "microsoft", units_per_one: 864_000 },
    Source { name: "lego", connector: "lego", units_per_one: 864_000 },
    Source { name: "cmcc", connector: "cmcc", units_per_one: 108_000 },
    institution_source("A1"),
    institution_source("A2"),
    institution_source("A3"),
    institution_source("A4"),
    institution_source("A5"),
    institution_source("A6"),
];
const CMCC: usize = 3;
/// Index of the first institution.
const INSTITUTIONS: usize = 4;
/// First years of the two five-year cycles in which the training took place.
const CYCLES: [i32; 2] = [2009, 2014];
/// Records for which a person's number leaves room.
const ROOM: u64 = 64;

/// A course, independent of its codes on the platforms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// Several platforms have it, each under its own code.
    Shared(u32),
    /// Only this kind of platform has it.
    Own(&'static str, u32),
    /// The crosswalk does not contain it.
    Unknown(&'static str),
}

impl Course {
    /// Returns its code on a kind of platform, if that has it.
    fn platform_code(self, connector: &str) -> Option<String> {
        let shared = |known: &[(u32, &str)], n: u32| known.iter().find(|(m, _)| *m == n).map(|(_, c)| (*c).to_owned());
        match (self, connector) {
            (Self::Shared(n), "intel") => shared(&[(1, "ITF-BASIC"), (2, "ITF-CORE"), (4, "ITF-PBL")], n),
            (Self::Shared(n), "microsoft") => shared(&[(1, "MS-01"), (2, "MS-02")], n),
            (Self::Shared(n), "lego") => shared(&[(3, "LG-01"), (4, "LG-02")], n),
            (Self::Shared(n), "cmcc") => shared(&[(1, "CM-01"), (2, "CM-02"), (3, "CM-03")], n),
            (Self::Shared(n), _) => Some(format!("TS-{n:02}")),
            (Self::Own(of, n), with) => (of == with).then(|| format!("{}-{n:02}", code_prefix(of))),
            (Self::Unknown(of), with) => (of == with).then(|| format!("{}-99", code_prefix(of))),
        }
    }

    /// Returns the canonical code behind all its codes.
    fn canonical_code(self) -> Option<String> {
        match self {
            Self::Shared(n) => Some(format!("C-{n:03}")),
            Self::Own(of, _) => self.platform_code(of),
            Self::Unknown(_) => None,
        }
    }

    /// Draws a course of a kind of platform.
    fn draw_course(connector: &'static str, chance: u64) -> Self {
        let (shared, own): (&[u32], _) = match connector {
            "intel" => (&[1, 2, 4], 0..0),
            "microsoft" => (&[1, 2], 3..4),
            "lego" => (&[3, 4], 3..6),
            "cmcc" => (&[1, 2, 3], 4..8),
            _ => (&[1, 2, 3, 4], 5..28),
        };
        let at = chance % (shared.len() as u64 + u64::from(own.end - own.start));
        match shared.get(at as usize) {
            Some(n) => Self::Shared(*n),
            None => Self::Own(connector, own.start + at as u32 - shared.len() as u32),
        }
    }
}

fn code_prefix(connector: &str) -> &'static str {
    match connector {
        "intel" => "ITF",
        "microsoft" => "MS",
        "lego" => "LG",
        "cmcc" => "CM",
        _ => "TS",
    }
}

/// How trainings of a person relate to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One platform reports it.
    Single,
    /// This many programmes report one training.
    Programmes(usize),
    /// Two platforms report it, with days in common.
    Overlapping,
    /// Two institutions report it.
    Institutions,
    /// Failed at one institution, passed at another.
    FailedFirst,
    /// First taken, then led for others: no duplicate.
    RoleUpgraded,
    /// The same course in both cycles: no duplicate.
    OtherCycle,
    /// Two courses on the same days: no duplicate.
    SameDays,
    /// Twice a course that the crosswalk does not contain: no duplicate.
    Unknown,
}

fn draw_shape(chance: u64) -> Shape {
    match chance % 100 {
        0..40 => Shape::Single,
        40..52 => Shape::Programmes(2),
        52..57 => Shape::Programmes(3),
        57..63 => Shape::Overlapping,
        63..73 => Shape::Institutions,
        73..78 => Shape::FailedFirst,
        78..85 => Shape::RoleUpgraded,
        85..92 => Shape::OtherCycle,
        92..97 => Shape::SameDays,
        _ => Shape::Unknown,
    }
}

/// A record in its newest version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The platform that reports it.
    pub source: Source,
    /// The source's own id of it; no two sources use the same.
    pub id: String,
    /// The person: below [`Population::teachers`] the index of a teacher on the roster, else a person who is not on it.
    pub person: u64,
    /// Which of the person's trainings it reports.
    pub training: usize,
    /// The source's code of the course.
    pub course: String,
    /// Canonical code of the course, if the crosswalk contains it.
    pub canonical: Option<String>,
    /// Role of the person; mostly empty.
    pub role: &'static str,
    /// Amount in the source's unit.
    pub amount: u64,
    /// Amount of the version sent before, if there was one; equal for a plain resend.
    pub before: Option<u64>,
    /// First day.
    pub start: NaiveDate,
    /// Last day.
    pub end: NaiveDate,
    /// Points for 课程学习, 研修活动, 应用成果, if the platform assesses.
    pub scores: Option<[u64; 3]>,
    number: u64,
}

impl Record {
    /// Returns its hours in 1/108,000 class hours.
    #[must_use]
    pub fn units(&self) -> u64 {
        self.amount * self.source.units_per_one
    }

    /// Returns whether it was passed: weights 4:4:2 and a pass mark of 60. `None` if it was not assessed.
    #[must_use]
    pub fn is_passed(&self) -> Option<bool> {
        self.scores.map(|[learning, activity, artefact]| learning * 4 + activity * 4 + artefact * 2 >= 600)
    }
}

/// The training of a population, with the share of damaged records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Training {
    /// The roster's teachers; another fiftieth of their number are people who are not on the roster.
    pub population: Population,
    /// Percentage of the records whose name or ID number, or both, are damaged; 0 for none.
    pub damaged_percent: u8,
}

impl Training {
    /// Describes a population's training. Records are generated only when they are read.
    #[must_use]
    pub fn new(population: Population, damaged_percent: u8) -> Self {
        Self { population, damaged_percent }
    }

    /// Returns the number of people, including those who are not on the roster.
    #[must_use]
    pub fn person_count(&self) -> u64 {
        self.population.teachers + self.population.teachers / 50
    }

    /// Returns a person's records, by training.
    #[must_use]
    pub fn records_of_person(&self, person: u64) -> Vec<Record> {
        let mut life =
            TrainingHistory { seed: self.population.seed, person, taken: vec![], trainings: 0, records: vec![] };
        for nth in 0..1 + life.chance(801, 0) % 3 {
            life.add_trainings(draw_shape(life.chance(802, nth)), nth);
        }
        life.records
    }

    /// Returns the identity in a record, damaged if the record is one of the damaged ones.
    #[must_use]
    pub fn identity_claim(&self, record: &Record) -> Claim {
        let source = SOURCES.iter().position(|s| *s == record.source).unwrap_or_default();
        let chance = |purpose| roll(self.population.seed, purpose, record.number);
        let damaged = chance(820) % 100 < u64::from(self.damaged_percent);
        claims::make_identity(&self.population, (record.person, source), damaged.then(|| (chance(821), chance(822))))
    }
}

/// A person's trainings while they are generated.
struct TrainingHistory {
    seed: u64,
    person: u64,
    /// Course, cycle, and whether it was led, of the trainings so far; a repetition would be the same training.
    taken: Vec<(String, i32, bool)>,
    trainings: usize,
    records: Vec<Record>,
}

/// A training: course, time and role.
#[derive(Debug, Clone, Copy)]
struct TrainingFacts {
    course: Course,
    cycle: i32,
    /// Days after the cycle's first.
    day: u64,
    role: &'static str,
}

/// A platform's report of a training.
#[derive(Debug, Clone, Copy)]
struct PlatformReport {
    source: usize,
    /// Days after the first day of the training.
    after: u64,
    failed: bool,
}

impl TrainingHistory {
    fn chance(&self, purpose: u64, nth: u64) -> u64 {
        roll(self.seed, purpose, self.person * ROOM + nth)
    }

    fn add_trainings(&mut self, shape: Shape, nth: u64) {
        let (chance, whom) = (self.chance(803, nth), self.chance(804, nth));
        let what = TrainingFacts {
            course: Course::Shared(1 + (chance >> 40) as u32 % 4),
            cycle: CYCLES[(chance % 2) as usize],
            day: (chance >> 8) % 1_400,
            role: "",
        };
        let at = |source, after| PlatformReport { source, after, failed: false };
        let one = (whom % 10) as usize;
        let some_of = |source: usize| Course::draw_course(SOURCES[source].connector, chance >> 20);
        let (first, second) = draw_two_institutions(whom);
        match shape {
            Shape::Single => {
                let failed = SOURCES[one].is_assessing() && (whom >> 32).is_multiple_of(12);
                self.add_training(
                    TrainingFacts { course: some_of(one), ..what },
                    &[PlatformReport { source: one, after: 0, failed }],
                );
            }
            Shape::Programmes(count) => {
                let tellers: Vec<_> = (0..)
                    .zip(draw_programmes(what.course, whom, count))
                    .map(|(n, source)| at(source, n * 100))
                    .collect();
                self.add_training(what, &tellers);
            }
            Shape::Overlapping => {
                let tellers: Vec<_> =
                    (0..).zip(draw_programmes(what.course, whom, 2)).map(|(n, source)| at(source, n)).collect();
                self.add_training(what, &tellers);
            }
            Shape::Institutions => {
                self.add_training(TrainingFacts { course: some_of(first), ..what }, &[at(first, 0), at(second, 100)]);
            }
            Shape::FailedFirst => {
                let failed = PlatformReport { failed: true, ..at(first, 0) };
                self.add_training(TrainingFacts { course: some_of(first), ..what }, &[failed, at(second, 100)]);
            }
            Shape::RoleUpgraded => {
                let source = if whom.is_multiple_of(2) { 0 } else { first };
                let course = some_of(source);
                self.add_training(TrainingFacts { course, role: "学科教师", ..what }, &[at(source, 0)]);
                self.add_training(TrainingFacts { course, role: "主讲教师", ..what }, &[at(source, 100)]);
            }
            Shape::OtherCycle => {
                for cycle in CYCLES {
                    self.add_training(TrainingFacts { course: some_of(one), cycle, ..what }, &[at(one, 0)]);
                }
            }
            Shape::SameDays => {
                self.add_training(TrainingFacts { course: Course::Shared(1), ..what }, &[at(0, 0)]);
                self.add_training(TrainingFacts { course: Course::Shared(2), ..what }, &[at(1, 0)]);
            }
            Shape::Unknown => {
                let source = (whom % INSTITUTIONS as u64) as usize;
                let course = Course::Unknown(SOURCES[source].connector);
                self.add_training(TrainingFacts { course, ..what }, &[at(source, 0)]);
                self.add_training(TrainingFacts { course, ..what }, &[at(source, 100)]);
            }
        }
    }

    /// Adds a training and its records, unless the person has had that training already.
    fn add_training(&mut self, what: TrainingFacts, tellers: &[PlatformReport]) {
        if let Some(course) = what.course.canonical_code() {
            let training = (course, what.cycle, what.role == "主讲教师");
            if self.taken.contains(&training) {
                return;
            }
            self.taken.push(training);
        }
        for teller in tellers {
            let record = self.make_record(what, *teller);
            self.records.extend(record);
        }
        self.trainings += 1;
    }

    fn make_record(&self, what: TrainingFacts, teller: PlatformReport) -> Option<Record> {
        let source = SOURCES[teller.source];
        let number = self.person * ROOM + self.records.len() as u64;
        let chance = |purpose| roll(self.seed, purpose, number);
        let hours = chance(810);
        let (amount, days) = match teller.source {
            0..CMCC => (2 + hours % 5, 2 + hours % 5),
            CMCC => (8 + hours % 33, 3),
            _ => (360 + hours % 2_341, 20 + (hours >> 20) % 40),
        };
        let start = NaiveDate::from_ymd_opt(what.cycle, 1, 1)?.checked_add_days(Days::new(what.day + teller.after))?;
        let sent = chance(811);
        let score = |nth: u64| if teller.failed { 20 + (sent >> nth) % 35 } else { 62 + (sent >> nth) % 36 };
        Some(Record {
            source,
            id: format!("{}-{number:09}", source.name),
            person: self.person,
            training: self.trainings,
            course: what.course.platform_code(source.connector)?,
            canonical: what.course.canonical_code(),
            role: what.role,
            amount,
            before: sent.is_multiple_of(10).then(|| if sent.is_multiple_of(3) { amount } else { amount + 1 }),
            start,
            end: start.checked_add_days(Days::new(days - 1))?,
            scores: source.is_assessing().then(|| [score(8), score(16), score(24)]),
            number,
        })
    }
}

fn draw_two_institutions(chance: u64) -> (usize, usize) {
    let (first, step) = (chance % 6, 1 + (chance >> 8) % 5);
    (INSTITUTIONS + first as usize, INSTITUTIONS + ((first + step) % 6) as usize)
}

/// Returns `count` platforms of different kinds that have a course, beginning at a random one of them.
fn draw_programmes(course: Course, chance: u64, count: usize) -> Vec<usize> {
    let one_institution = INSTITUTIONS + (chance >> 8) as usize % 6;
    let having: Vec<usize> = (0..INSTITUTIONS)
        .chain([one_institution])
        .filter(|source| course.platform_code(SOURCES[*source].connector).is_some())
        .collect();
    let from = chance as usize % having.len();
    having.iter().copied().cycle().skip(from).take(count.min(having.len())).collect()
}
