//! The faults that a row can have, and the reason codes that a correct importer gives them.

use crate::chance::roll;
use crate::facts::Stream;

/// One fault of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    IdMissing,
    IdLength,
    IdCharacter,
    IdMasked,
    IdCheckDigit,
    IdDate,
    /// Fifteen digits with a birth date that does not exist.
    IdOldDate,
    IdArea,
    /// A spreadsheet kept only the first fifteen digits.
    IdDamaged,
    /// The number in floating-point form, as a spreadsheet shows it.
    IdFloat,
    /// The cell holds the ID number as a number.
    IdNumber,
    NameMissing,
    NameCharacter,
    NameLength,
    HoursMissing,
    HoursNumber,
    HoursRange,
    /// An amount that is not a whole number of units.
    HoursExact,
    /// A formula that divides by zero.
    HoursFormula,
    CourseMissing,
    CourseLength,
    ProjectLength,
    StartDate,
    StartForm,
    /// A month without a day.
    StartMonth,
    EndMissing,
    EndDate,
    EndForm,
    /// A month without a day.
    EndMonth,
    Order,
    /// A fault of the mark at that index of `Facts::scores`.
    Score(usize, Mark),
    VersionForm,
    /// No certificate number, which is the record's key.
    KeyMissing,
}

/// A fault of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Missing,
    Number,
    Range,
    Precision,
}

impl Fault {
    /// Returns the reason codes, all of one field: a single one wherever the field allows it.
    pub(crate) fn reason_codes(self) -> &'static [&'static str] {
        match self {
            Self::IdMissing => &["id_number.missing"],
            Self::IdLength => &["id_number.length"],
            Self::IdCharacter | Self::IdMasked => &["id_number.character"],
            Self::IdCheckDigit => &["id_number.check_digit"],
            Self::IdDate | Self::IdOldDate => &["id_number.date"],
            Self::IdArea => &["id_number.area"],
            Self::IdDamaged | Self::IdFloat => &["id_number.damaged"],
            Self::IdNumber => &["id_number.stored_as_number"],
            Self::NameMissing => &["name.missing"],
            Self::NameCharacter => &["name.character"],
            // The whole class in one cell.
            Self::NameLength => &["name.several"],
            Self::HoursMissing => &["hours.missing"],
            Self::HoursNumber => &["hours.number"],
            Self::HoursRange => &["hours.range"],
            Self::HoursExact => &["hours.exact"],
            // The error value has a sign and letters, so it is not a number either.
            Self::HoursFormula => &["hours.formula_error", "hours.number"],
            Self::CourseMissing => &["course_code.missing"],
            Self::CourseLength => &["course_code.length"],
            Self::ProjectLength => &["project_title.length"],
            Self::StartDate => &["period_start.date"],
            Self::StartForm => &["period_start.form"],
            Self::StartMonth => &["period_start.day"],
            Self::EndMissing => &["period_end.missing"],
            Self::EndDate => &["period_end.date"],
            Self::EndForm => &["period_end.form"],
            Self::EndMonth => &["period_end.day"],
            Self::Order => &["period.order"],
            Self::Score(mark, wrong) => std::slice::from_ref(&SCORES[mark][wrong as usize]),
            Self::VersionForm => &["version.form"],
            Self::KeyMissing => &["record_key.missing"],
        }
    }
}

/// Reason codes by index in `Facts::scores`, then by [`Mark`].
const SCORES: &[[&str; 4]; 3] = &[
    ["score.learning.missing", "score.learning.number", "score.learning.range", "score.learning.precision"],
    ["score.activity.missing", "score.activity.number", "score.activity.range", "score.activity.precision"],
    ["score.artefact.missing", "score.artefact.number", "score.artefact.range", "score.artefact.precision"],
];

/// Returns every fault of one mark.
const fn mark_faults(mark: usize) -> [Fault; 4] {
    [
        Fault::Score(mark, Mark::Missing),
        Fault::Score(mark, Mark::Number),
        Fault::Score(mark, Mark::Range),
        Fault::Score(mark, Mark::Precision),
    ]
}

const ID: &[Fault] = &[
    Fault::IdMissing,
    Fault::IdLength,
    Fault::IdCharacter,
    Fault::IdMasked,
    Fault::IdCheckDigit,
    Fault::IdDate,
    Fault::IdOldDate,
    Fault::IdArea,
    Fault::IdDamaged,
    Fault::IdFloat,
];
/// A workbook cell can also hold a number.
const CELL_ID: &[Fault] = &[
    Fault::IdMissing,
    Fault::IdNumber,
    Fault::IdLength,
    Fault::IdNumber,
    Fault::IdMasked,
    Fault::IdCheckDigit,
    Fault::IdNumber,
    Fault::IdDate,
    Fault::IdDamaged,
    Fault::IdFloat,
];
const CELL_HOURS: &[Fault] = &[Fault::HoursMissing, Fault::HoursNumber, Fault::HoursRange, Fault::HoursFormula];
const KEY: &[Fault] = &[Fault::KeyMissing];
const NAME: &[Fault] = &[Fault::NameMissing, Fault::NameCharacter, Fault::NameLength];
const HOURS: &[Fault] = &[Fault::HoursMissing, Fault::HoursNumber, Fault::HoursRange, Fault::HoursExact];
const COURSE: &[Fault] = &[Fault::CourseMissing, Fault::CourseLength];
const PROJECT: &[Fault] = &[Fault::ProjectLength];
const END: &[Fault] = &[Fault::EndMissing, Fault::EndDate, Fault::EndForm, Fault::EndMonth];
/// Both dates are one field: if one of them is faulty, their order cannot be checked.
const PERIOD: &[Fault] = &[
    Fault::StartDate,
    Fault::StartForm,
    Fault::StartMonth,
    Fault::EndMissing,
    Fault::EndDate,
    Fault::EndForm,
    Fault::EndMonth,
    Fault::Order,
];
const LEARNING: &[Fault] = &mark_faults(0);
const ACTIVITY: &[Fault] = &mark_faults(1);
const ARTEFACT: &[Fault] = &mark_faults(2);
const VERSION: &[Fault] = &[Fault::VersionForm];

/// Returns the fields of a stream that can be faulty. The ID number is first, because [`draw_faults`] picks it more
/// often than the others.
fn faulty_fields(stream: Stream) -> &'static [&'static [Fault]] {
    match stream {
        Stream::Completions => &[ID, NAME, HOURS, COURSE, PERIOD, LEARNING, ACTIVITY, ARTEFACT, VERSION, PROJECT],
        Stream::Progress => &[ID, NAME, HOURS, COURSE, END, VERSION],
        Stream::Intel | Stream::Microsoft => &[ID, NAME, HOURS, COURSE, PERIOD, VERSION],
        // CMCC's version is in the file name, so it cannot be faulty in a row.
        Stream::Cmcc => &[ID, NAME, HOURS, COURSE, END],
        Stream::Lego => &[CELL_ID, NAME, CELL_HOURS, COURSE, PERIOD, KEY],
    }
}

/// Draws one to three faults, in different fields.
pub(crate) fn draw_faults(seed: u64, stream: Stream, index: u64) -> Vec<Fault> {
    let fields = faulty_fields(stream);
    let chance = roll(seed, stream.stream_purpose(20), index);
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
    let stride = if fields.len() > 6 { 3 } else { 2 };
    (0..wanted)
        .map(|nth| {
            let field = fields[(first + nth * stride) % fields.len()];
            field[(chance >> (16 + 8 * nth)) as usize % field.len()]
        })
        .collect()
}
