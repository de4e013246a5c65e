//! What can be wrong with a row, and the reason code a correct importer gives it.

use crate::chance::roll;
use crate::facts::Stream;

/// One thing wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    IdMissing,
    IdLength,
    IdCharacter,
    IdCheckDigit,
    IdDate,
    IdArea,
    IdDamaged,
    NameMissing,
    NameCharacter,
    HoursNumber,
    HoursRange,
    CourseMissing,
    EndDate,
    EndMissing,
    Order,
    LearningRange,
    ActivityNumber,
}

impl Fault {
    /// The reason code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::IdMissing => "id_number.missing",
            Self::IdLength => "id_number.length",
            Self::IdCharacter => "id_number.character",
            Self::IdCheckDigit => "id_number.check_digit",
            Self::IdDate => "id_number.date",
            Self::IdArea => "id_number.area",
            Self::IdDamaged => "id_number.damaged",
            Self::NameMissing => "name.missing",
            Self::NameCharacter => "name.character",
            Self::HoursNumber => "hours.number",
            Self::HoursRange => "hours.range",
            Self::CourseMissing => "course_code.missing",
            Self::EndDate => "period_end.date",
            Self::EndMissing => "period_end.missing",
            Self::Order => "period.order",
            Self::LearningRange => "score.learning.range",
            Self::ActivityNumber => "score.activity.number",
        }
    }
}

const ID: &[Fault] = &[
    Fault::IdMissing,
    Fault::IdLength,
    Fault::IdCharacter,
    Fault::IdCheckDigit,
    Fault::IdDate,
    Fault::IdArea,
    Fault::IdDamaged,
];
const NAME: &[Fault] = &[Fault::NameMissing, Fault::NameCharacter];
const HOURS: &[Fault] = &[Fault::HoursNumber, Fault::HoursRange];
const COURSE: &[Fault] = &[Fault::CourseMissing];
const END: &[Fault] = &[Fault::EndDate, Fault::EndMissing];
const PERIOD: &[Fault] = &[Fault::EndDate, Fault::EndMissing, Fault::Order];
const LEARNING: &[Fault] = &[Fault::LearningRange];
const ACTIVITY: &[Fault] = &[Fault::ActivityNumber];

/// The fields of a stream that can go wrong, the ID number more often than the others.
fn fields(stream: Stream) -> &'static [&'static [Fault]] {
    match stream {
        Stream::Completions => &[ID, NAME, HOURS, COURSE, PERIOD, LEARNING, ACTIVITY],
        Stream::Intel => &[ID, NAME, HOURS, COURSE, PERIOD],
        Stream::Progress | Stream::Cmcc => &[ID, NAME, HOURS, COURSE, END],
    }
}

/// One to three faults, in different fields.
pub(crate) fn draw(seed: u64, stream: Stream, index: u64) -> Vec<Fault> {
    let fields = fields(stream);
    let chance = roll(seed, stream.purpose(20), index);
    let wanted = match chance % 100 {
        0..75 => 1,
        75..93 => 2,
        _ => 3,
    };
    // One time in three the ID number; otherwise any field, then the fields after it.
    let first = match chance >> 8 & 0xFF {
        0..85 => 0,
        other => other as usize % fields.len(),
    };
    let stride = if fields.len() == 7 { 3 } else { 2 };
    (0..wanted)
        .map(|nth| {
            let field = fields[(first + nth * stride) % fields.len()];
            field[(chance >> (16 + 8 * nth)) as usize % field.len()]
        })
        .collect()
}
