//! The draft: a raw record after mapping. Every field is optional, and values are not checked yet.

use std::borrow::Cow;

use huiliu_messages::Message;
use validator::{Validate, ValidateLength as _, ValidationError, ValidationErrors};

use crate::decode::{RawRecord, Stored};
use crate::id_mask::replace_id_numbers;
use crate::problem::{Expected, Problem};
use crate::stand_ins::{self, MappedText};
use crate::{Context, Place, Plan};
use huiliu_manifest::Field;
use huiliu_values::NameError;

/// A raw record after mapping. `validator` checks lengths; values are checked when the record is built.
#[derive(Debug, Clone, Default)]
pub struct Draft<'a> {
    /// The source's own name for the record.
    pub record_name: Option<Cow<'a, str>>,
    /// The teacher's name as given.
    pub name: Option<Cow<'a, str>>,
    /// The ID number as given.
    pub id_number: Option<Cow<'a, str>>,
    /// School code, 10 digits.
    pub school_code: Option<Cow<'a, str>>,
    /// Code of the training project as given.
    pub project_code: Option<Cow<'a, str>>,
    /// Project title; at most 100 characters (national 国内培训 record).
    pub project_title: Option<Cow<'a, str>>,
    /// Course code at the source.
    pub course_code: Option<Cow<'a, str>>,
    /// Course title as given.
    pub course_title: Option<Cow<'a, str>>,
    /// Role of the teacher: 学科教师, 主讲教师 …
    pub role: Option<Cow<'a, str>>,
    /// Mode of training: online, school-based, classroom practice.
    pub mode: Option<Cow<'a, str>>,
    /// Delivery code of the national sheet: 1, 2, 3, 4 or 9.
    pub delivery_code: Option<Cow<'a, str>>,
    /// 培训类别 of the national sheet: 10 national, 20 provincial, 30 prefecture, 40 county, 60 school, 99 other.
    pub category_code: Option<Cow<'a, str>>,
    /// Whether the course is required or elective, as given.
    pub required: Option<Cow<'a, str>>,
    /// Tier of the course: 初级, 中级 or 高级; never a result.
    pub tier: Option<Cow<'a, str>>,
    /// Place of the training.
    pub place: Option<Cow<'a, str>>,
    /// Hours as given, in the stream's unit.
    pub hours: Option<Cow<'a, str>>,
    /// First day as given.
    pub period_start: Option<Cow<'a, str>>,
    /// Last day as given.
    pub period_end: Option<Cow<'a, str>>,
    /// Attendance in per cent.
    pub attendance: Option<Cow<'a, str>>,
    /// Certificate number as given.
    pub certificate_number: Option<Cow<'a, str>>,
    /// Score of 课程学习, 0 to 100.
    pub score_learning: Option<Cow<'a, str>>,
    /// Score of 研修活动, 0 to 100.
    pub score_activity: Option<Cow<'a, str>>,
    /// Score of 应用成果, 0 to 100.
    pub score_artefact: Option<Cow<'a, str>>,
    /// Total score, 0 to 100, if the three scores are not given.
    pub score_total: Option<Cow<'a, str>>,
    /// `excellent`, `pass` or `fail`.
    pub result: Option<Cow<'a, str>>,
    /// Texts that only roster rows have.
    pub roster: RosterTexts<'a>,
    /// Fields whose text is unreliable, and why.
    pub doubts: Vec<(Field, Doubt)>,
    /// Fields whose text stands for no value, such as `nan` or 无, and the text.
    pub vacant: Vec<(Field, String)>,
    /// Why the cell of the name does not hold one name.
    pub name_fault: Option<NameError>,
}

/// Written by hand, because the derive macro of `validator` takes longer to build than these lines take to read.
impl Validate for Draft<'_> {
    fn validate(&self) -> Result<(), ValidationErrors> {
        let most = [
            ("record_name", &self.record_name, 100),
            ("school_code", &self.school_code, 20),
            ("project_code", &self.project_code, 50),
            ("project_title", &self.project_title, 100),
            ("course_code", &self.course_code, 50),
            ("course_title", &self.course_title, 200),
            ("role", &self.role, 50),
            ("mode", &self.mode, 50),
            ("delivery_code", &self.delivery_code, 1),
            ("category_code", &self.category_code, 2),
            ("required", &self.required, 50),
            ("tier", &self.tier, 20),
            ("place", &self.place, 100),
            ("certificate_number", &self.certificate_number, 100),
        ];
        let mut errors = ValidationErrors::new();
        for (field, text, max) in most {
            if !text.validate_length(None, Some(max), None) {
                let mut error = ValidationError::new("length");
                error.add_param("max".into(), &max);
                error.add_param("value".into(), text);
                errors.add(field, error);
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// Texts that only roster rows have. Lengths and values are checked when the row is built.
#[derive(Debug, Clone, Default)]
pub struct RosterTexts<'a> {
    /// Sex as given.
    pub sex: Option<Cow<'a, str>>,
    /// Birth date as given.
    pub birth_date: Option<Cow<'a, str>>,
    /// Former name as given.
    pub former_name: Option<Cow<'a, str>>,
    /// Former ID number as given.
    pub former_id_number: Option<Cow<'a, str>>,
    /// Teacher number as given.
    pub teacher_number: Option<Cow<'a, str>>,
    /// Phone number as given.
    pub phone: Option<Cow<'a, str>>,
    /// Position at the school.
    pub position: Option<Cow<'a, str>>,
    /// Stage of teaching.
    pub stage: Option<Cow<'a, str>>,
    /// The source's own id of the teacher.
    pub teacher_ref: Option<Cow<'a, str>>,
    /// The source's own id of the school.
    pub school_ref: Option<Cow<'a, str>>,
    /// School name as given.
    pub school_name: Option<Cow<'a, str>>,
    /// First day at the school as given.
    pub member_from: Option<Cow<'a, str>>,
    /// Last day at the school as given.
    pub member_to: Option<Cow<'a, str>>,
    /// Whether the membership still holds: `true` or `false`.
    pub active: Option<Cow<'a, str>>,
    /// Date of the row as given.
    pub as_of: Option<Cow<'a, str>>,
    /// Code of the school's administrative division.
    pub region_code: Option<Cow<'a, str>>,
    /// First day of name and division as given.
    pub valid_from: Option<Cow<'a, str>>,
    /// Last day of name and division as given.
    pub valid_to: Option<Cow<'a, str>>,
    /// Code of the school that replaced it.
    pub successor_code: Option<Cow<'a, str>>,
}

impl RosterTexts<'_> {
    /// Iterates over the texts that are present, each with its maximum number of characters.
    pub(super) fn bounded_texts(&self) -> impl Iterator<Item = (Field, &str, usize)> {
        [
            (Field::Sex, &self.sex, 10),
            (Field::BirthDate, &self.birth_date, 100),
            (Field::FormerName, &self.former_name, 50),
            (Field::FormerIdNumber, &self.former_id_number, 100),
            (Field::TeacherNumber, &self.teacher_number, 50),
            (Field::Phone, &self.phone, 30),
            (Field::Position, &self.position, 50),
            (Field::Stage, &self.stage, 50),
            (Field::TeacherRef, &self.teacher_ref, 255),
            (Field::SchoolRef, &self.school_ref, 255),
            (Field::SchoolName, &self.school_name, 100),
            (Field::MemberFrom, &self.member_from, 100),
            (Field::MemberTo, &self.member_to, 100),
            (Field::Active, &self.active, 10),
            (Field::AsOf, &self.as_of, 100),
            (Field::RegionCode, &self.region_code, 10),
            (Field::ValidFrom, &self.valid_from, 100),
            (Field::ValidTo, &self.valid_to, 100),
            (Field::SuccessorCode, &self.successor_code, 20),
        ]
        .into_iter()
        .filter_map(|(field, text, most)| Some((field, text.as_deref()?.trim(), most)))
    }
}

/// Why a text is unreliable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Last part of the stable code.
    pub code: &'static str,
    /// Description of what is allowed.
    pub expected: Message,
    /// The text as found.
    pub seen: String,
}

impl Doubt {
    /// Makes a doubt about a text.
    pub fn new(code: &'static str, expected: &Expected, seen: &str) -> Self {
        Self { code, expected: Message::new(expected), seen: seen.to_owned() }
    }

    /// Returns a doubt about the text in this slot of a raw record.
    #[must_use]
    pub fn of_slot(raw: &RawRecord<'_>, slot: usize) -> Option<Self> {
        raw.texts[slot].as_deref().and_then(|text| Self::for_cell(raw.stored_kind(slot), text))
    }

    /// Returns a doubt about hours that one merged cell states for several rows: of each row, or of all together.
    fn of_merged_cell(raw: &RawRecord<'_>, field: Field, slot: usize) -> Option<Self> {
        let text = raw.texts[slot].as_deref().filter(|_| field == Field::Hours && raw.is_merged(slot))?;
        Some(Self::new("merged", &Expected::CellOfItsOwn, text))
    }

    /// Returns a doubt about the text of a workbook cell if the cell has no value of its own, or a number with more digits
    /// than a spreadsheet keeps, so that the last digits may be wrong.
    fn for_cell(stored: Stored, text: &str) -> Option<Self> {
        let digits = || text.split('.').next().unwrap_or_default().trim_start_matches('-').len();
        match stored {
            Stored::Error => Some(Self::new("formula_error", &Expected::CellValue, text)),
            Stored::Number if digits() > 15 => Some(Self::new("stored_as_number", &Expected::TextCell, text)),
            Stored::Uncalculated => Some(Self::new("formula_error", &Expected::CalculatedFormula, text)),
            Stored::Unreadable => Some(Self::new("formula_error", &Expected::ReadableCell, text)),
            Stored::Number | Stored::Text => None,
        }
    }
}

/// At most 60 characters, with every run of eleven or more digits, or letters that look like digits, masked but for the first two
/// and the last character: columns shift, and then an ID number or a phone number stands where a name should.
#[must_use]
pub fn redact_text(text: &str) -> String {
    mask_text(text, 60)
}

/// Cuts a text to `most` characters and masks it as [`redact_text`] does.
#[must_use]
pub fn mask_text(text: &str, most: usize) -> String {
    let may_count = |b: &u8| matches!(b, b'0'..=b'9' | b'x' | b'X' | b'*' | b'O' | b'o' | b'I' | b'i' | b'L' | b'l');
    let is_plain = text.len() <= most && text.bytes().all(|b| matches!(b, b' '..=b'~'));
    if is_plain && text.as_bytes().iter().filter(|b| may_count(b)).count() < 11 {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).take(most).collect();
    let is_digit = |c: char| c.is_numeric() || matches!(c, 'x' | 'X' | '*' | '\u{425}' | '\u{445}');
    let looks_like_digit =
        |c: char| matches!(c, 'O' | 'o' | 'I' | 'i' | 'L' | 'l' | 'Ｏ' | 'ｏ' | 'Ｉ' | 'ｉ' | 'Ｌ' | 'ｌ');
    let is_between = |c: char| matches!(c, ' ' | '-' | '\u{A0}' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    let mut out = String::with_capacity(text.len());
    let mut rest = chars.as_slice();
    while let Some(first) = rest.first() {
        // Spaces, hyphens and letters that look like digits do not end a number, but it begins and ends with a digit.
        let wide = rest.iter().take_while(|c| is_digit(**c) || looks_like_digit(**c) || is_between(**c)).count();
        let last = rest[..wide].iter().rposition(|c| is_digit(*c)).map_or(0, |at| at + 1);
        let run = if is_digit(*first) { last } else { 0 };
        let digits = rest[..run].iter().filter(|c| is_digit(**c)).count();
        let letters = rest[..run].iter().filter(|c| looks_like_digit(**c)).count();
        if digits >= 6 && digits + letters >= 11 {
            out.extend(rest[..run].iter().enumerate().map(|(i, c)| if i < 2 || i + 1 == run { *c } else { '*' }));
            rest = &rest[run..];
        } else {
            out.push(*first);
            rest = &rest[1..];
        }
    }
    out
}

/// Maps a raw record to a draft.
#[must_use]
pub fn map_record<'a>(cx: Context<'a>, plan: &Plan<'a>, raw: &RawRecord<'a>) -> Draft<'a> {
    let mut draft = Draft::default();
    // Days of a workbook may count from 1904.
    let may_be_plain = !raw.head.as_ref().is_some_and(|head| head.epoch_1904);
    for mapped in &plan.fields {
        let field = mapped.field;
        // Only cells of a workbook can be doubtful.
        for place in mapped.places.iter().filter(|_| !raw.cells.is_empty()) {
            if let Place::Slot(slot) = place
                && let Some(doubt) = Doubt::of_slot(raw, *slot)
            {
                draft.doubts.push((field, doubt));
            }
            if let Place::Slot(slot) = place
                && let Some(doubt) = Doubt::of_merged_cell(raw, field, *slot)
            {
                draft.doubts.push((field, doubt));
            }
        }
        if let Some(value) = may_be_plain.then(|| stand_ins::read_plain(mapped, raw)).flatten() {
            if value.is_some() {
                *draft.field_mut(field) = value;
            }
            continue;
        }
        let text = |place: &Place<'a>| match place {
            Place::Slot(slot) => {
                convert_1904_serial(raw, field, *slot).map(Cow::Owned).or_else(|| raw.texts[*slot].clone())
            }
            Place::Around(name) => surrounding_value(cx, raw, name),
        };
        let value = match stand_ins::read_mapped(mapped, draft.is_doubtful(field), text) {
            Ok(MappedText::Value(value)) => value,
            Ok(MappedText::Vacant(seen)) => {
                draft.vacant.push((field, seen.into_owned()));
                None
            }
            Err(doubt) => {
                draft.doubts.push((field, doubt));
                None
            }
        };
        if value.is_some() {
            *draft.field_mut(field) = value;
        }
    }
    stand_ins::split_name(&mut draft);
    draft.mask_id_numbers(cx);
    draft
}

/// Returns a value from outside the record: its file, member or sheet, or a fan-out value that the payload was
/// requested with.
pub(super) fn surrounding_value<'a>(cx: Context<'a>, raw: &RawRecord<'a>, name: &str) -> Option<Cow<'a, str>> {
    let head = raw.head.as_ref();
    match name {
        "$file" => Some(Cow::Borrowed(cx.address)),
        "$member" => head.and_then(|head| head.member.clone()),
        "$sheet" => head.and_then(|head| head.sheet.clone()),
        _ => cx.each.get(name.strip_prefix("$each.")?).map(|value| Cow::Borrowed(value.as_str())),
    }
}

/// Converts a date cell that is stored as a plain number of days since 1904 to the 1900 epoch that is used everywhere
/// else. Returns `None` for any other cell.
fn convert_1904_serial(raw: &RawRecord<'_>, field: Field, slot: usize) -> Option<String> {
    let of_1904 = raw.head.as_ref().is_some_and(|head| head.epoch_1904) && raw.stored_kind(slot) == Stored::Number;
    let (days, rest) = split_days(raw.texts[slot].as_deref().filter(|_| of_1904)?);
    let days: u32 = days.parse().ok().filter(|_| field.is_day())?;
    Some(format!("{}{rest}", days.checked_add(1_462)?))
}

fn split_days(serial: &str) -> (&str, &str) {
    serial.split_at(serial.find('.').unwrap_or(serial.len()))
}

/// Fields that are stored in the clear.
const CLEAR_FIELDS: [Field; 17] = [
    Field::RecordName,
    Field::SchoolCode,
    Field::ProjectCode,
    Field::ProjectTitle,
    Field::CourseCode,
    Field::CourseTitle,
    Field::Role,
    Field::Mode,
    Field::Place,
    Field::CertificateNumber,
    Field::Position,
    Field::Stage,
    Field::TeacherRef,
    Field::SchoolRef,
    Field::SchoolName,
    Field::RegionCode,
    Field::SuccessorCode,
];

impl<'a> Draft<'a> {
    /// Masks ID numbers where no ID number belongs.
    fn mask_id_numbers(&mut self, cx: Context<'_>) {
        for field in CLEAR_FIELDS {
            if let Some(text) = self.field_mut(field)
                && let Cow::Owned(masked) = replace_id_numbers(cx.keys, text)
            {
                *text = Cow::Owned(masked);
            }
        }
    }

    /// Returns whether the field's text is unreliable.
    #[must_use]
    pub fn is_doubtful(&self, field: Field) -> bool {
        self.doubts.iter().any(|(doubtful, _)| *doubtful == field)
    }

    pub(super) fn field_mut(&mut self, field: Field) -> &mut Option<Cow<'a, str>> {
        match field {
            Field::RecordName => &mut self.record_name,
            Field::Name => &mut self.name,
            Field::IdNumber => &mut self.id_number,
            Field::SchoolCode => &mut self.school_code,
            Field::ProjectCode => &mut self.project_code,
            Field::ProjectTitle => &mut self.project_title,
            Field::CourseCode => &mut self.course_code,
            Field::CourseTitle => &mut self.course_title,
            Field::Role => &mut self.role,
            Field::Mode => &mut self.mode,
            Field::DeliveryCode => &mut self.delivery_code,
            Field::CategoryCode => &mut self.category_code,
            Field::Required => &mut self.required,
            Field::Tier => &mut self.tier,
            Field::Place => &mut self.place,
            Field::Hours => &mut self.hours,
            Field::PeriodStart => &mut self.period_start,
            Field::PeriodEnd => &mut self.period_end,
            Field::Attendance => &mut self.attendance,
            Field::CertificateNumber => &mut self.certificate_number,
            Field::ScoreLearning => &mut self.score_learning,
            Field::ScoreActivity => &mut self.score_activity,
            Field::ScoreArtefact => &mut self.score_artefact,
            Field::ScoreTotal => &mut self.score_total,
            Field::Result => &mut self.result,
            Field::Sex => &mut self.roster.sex,
            Field::BirthDate => &mut self.roster.birth_date,
            Field::FormerName => &mut self.roster.former_name,
            Field::FormerIdNumber => &mut self.roster.former_id_number,
            Field::TeacherNumber => &mut self.roster.teacher_number,
            Field::Phone => &mut self.roster.phone,
            Field::Position => &mut self.roster.position,
            Field::Stage => &mut self.roster.stage,
            Field::TeacherRef => &mut self.roster.teacher_ref,
            Field::SchoolRef => &mut self.roster.school_ref,
            Field::SchoolName => &mut self.roster.school_name,
            Field::MemberFrom => &mut self.roster.member_from,
            Field::MemberTo => &mut self.roster.member_to,
            Field::Active => &mut self.roster.active,
            Field::AsOf => &mut self.roster.as_of,
            Field::RegionCode => &mut self.roster.region_code,
            Field::ValidFrom => &mut self.roster.valid_from,
            Field::ValidTo => &mut self.roster.valid_to,
            Field::SuccessorCode => &mut self.roster.successor_code,
        }
    }

    /// Returns the text of a field.
    #[must_use]
    pub fn field(&self, field: Field) -> Option<&str> {
        let text = match field {
            Field::RecordName => &self.record_name,
            Field::Name => &self.name,
            Field::IdNumber => &self.id_number,
            Field::SchoolCode => &self.school_code,
            Field::ProjectCode => &self.project_code,
            Field::ProjectTitle => &self.project_title,
            Field::CourseCode => &self.course_code,
            Field::CourseTitle => &self.course_title,
            Field::Role => &self.role,
            Field::Mode => &self.mode,
            Field::DeliveryCode => &self.delivery_code,
            Field::CategoryCode => &self.category_code,
            Field::Required => &self.required,
            Field::Tier => &self.tier,
            Field::Place => &self.place,
            Field::Hours => &self.hours,
            Field::PeriodStart => &self.period_start,
            Field::PeriodEnd => &self.period_end,
            Field::Attendance => &self.attendance,
            Field::CertificateNumber => &self.certificate_number,
            Field::ScoreLearning => &self.score_learning,
            Field::ScoreActivity => &self.score_activity,
            Field::ScoreArtefact => &self.score_artefact,
            Field::ScoreTotal => &self.score_total,
            Field::Result => &self.result,
            Field::Sex => &self.roster.sex,
            Field::BirthDate => &self.roster.birth_date,
            Field::FormerName => &self.roster.former_name,
            Field::FormerIdNumber => &self.roster.former_id_number,
            Field::TeacherNumber => &self.roster.teacher_number,
            Field::Phone => &self.roster.phone,
            Field::Position => &self.roster.position,
            Field::Stage => &self.roster.stage,
            Field::TeacherRef => &self.roster.teacher_ref,
            Field::SchoolRef => &self.roster.school_ref,
            Field::SchoolName => &self.roster.school_name,
            Field::MemberFrom => &self.roster.member_from,
            Field::MemberTo => &self.roster.member_to,
            Field::Active => &self.roster.active,
            Field::AsOf => &self.roster.as_of,
            Field::RegionCode => &self.roster.region_code,
            Field::ValidFrom => &self.roster.valid_from,
            Field::ValidTo => &self.roster.valid_to,
            Field::SuccessorCode => &self.roster.successor_code,
        };
        text.as_deref()
    }

    /// Iterates over the texts that are stored as given.
    pub fn stored_texts(&self) -> impl Iterator<Item = (Field, &str)> {
        [
            (Field::SchoolCode, &self.school_code),
            (Field::ProjectCode, &self.project_code),
            (Field::ProjectTitle, &self.project_title),
            (Field::CourseCode, &self.course_code),
            (Field::CourseTitle, &self.course_title),
            (Field::Role, &self.role),
            (Field::Mode, &self.mode),
            (Field::Place, &self.place),
            (Field::CertificateNumber, &self.certificate_number),
        ]
        .into_iter()
        .filter_map(|(field, text)| Some((field, text.as_deref()?)))
    }

    /// Returns the length errors that `validator` finds, as problems.
    #[must_use]
    pub fn length_problems(&self, cx: Context<'_>) -> Vec<Problem> {
        let Err(errors) = self.validate() else { return vec![] };
        let field_errors = errors.field_errors();
        field_errors
            .iter()
            .flat_map(|(field, faults)| {
                faults.iter().map(move |fault| {
                    let of = |key: &str| fault.params.get(key);
                    let max = of("max").and_then(serde_json::Value::as_u64).unwrap_or_default();
                    Problem::new(
                        format!("{field}.{}", fault.code),
                        raw_field(cx, field.as_ref()),
                        of("value").and_then(|v| v.as_str()).unwrap_or_default(),
                        &Expected::MaxCharacters { max },
                    )
                })
            })
            .collect()
    }
}

/// Returns the raw path that a canonical field is mapped from.
#[must_use]
pub fn raw_field<'a>(cx: Context<'a>, field: &'a str) -> &'a str {
    Field::ALL.iter().find(|f| f.as_str() == field || f.code() == field).map_or(field, |f| cx.stream.raw_field(*f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_number_of_a_person_is_masked() {
        for (text, shown) in [
            ("22010219590911001X", "22***************X"),
            ("身份证 22010219590911001X 李", "身份证 22***************X 李"),
            ("13812345678", "13********8"),
            ("2201o21959O911001X", "22***************X"),
            ("22OlO2l98OOlOlOOl2", "22***************2"),
            ("２２０１Ｏ２１９８０ｌ１０１００１２", "２２***************２"),
            ("220102–1975–0505–1231", "22******************1"),
            ("2015Il2", "2015Il2"),
            ("2201 0219 5909 1100 1X", "22*******************X"),
            ("２２０１０２１９５９０９１１００１Ｘ", "２２**************１Ｘ"),
            ("2014-02-30", "2014-02-30"),
            ("120000", "120000"),
        ] {
            assert_eq!(redact_text(text), shown);
        }
    }
}
