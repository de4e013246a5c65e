//! The draft: a raw record after mapping, every field optional, values still to be checked.

use std::borrow::Cow;

use serde::Serialize;
use validator::Validate;

use super::decode::{RawRecord, Stored};
use super::{Context, Plan};
use crate::manifest::Field;

/// A raw record after mapping. Lengths are checked by `validator`; what a value means is checked when the record is built.
#[derive(Debug, Clone, Default, Validate)]
pub struct Draft<'a> {
    /// The source's own name of the record.
    #[validate(length(max = 100, code = "length"))]
    pub record_name: Option<Cow<'a, str>>,
    /// The teacher's name as given.
    pub name: Option<Cow<'a, str>>,
    /// The ID number as given.
    pub id_number: Option<Cow<'a, str>>,
    /// School code, 10 digits.
    #[validate(length(max = 20, code = "length"))]
    pub school_code: Option<Cow<'a, str>>,
    /// Project code.
    #[validate(length(max = 50, code = "length"))]
    pub project_code: Option<Cow<'a, str>>,
    /// Project title; at most 100 characters (national 国内培训 record).
    #[validate(length(max = 100, code = "length"))]
    pub project_title: Option<Cow<'a, str>>,
    /// Course code at the source.
    #[validate(length(max = 50, code = "length"))]
    pub course_code: Option<Cow<'a, str>>,
    /// Course title.
    #[validate(length(max = 200, code = "length"))]
    pub course_title: Option<Cow<'a, str>>,
    /// 学科教师, 主讲教师 …
    #[validate(length(max = 50, code = "length"))]
    pub role: Option<Cow<'a, str>>,
    /// Online, school-based, classroom practice.
    #[validate(length(max = 50, code = "length"))]
    pub mode: Option<Cow<'a, str>>,
    /// The national sheet's 1/2/3/4/9.
    #[validate(length(max = 1, code = "length"))]
    pub delivery_code: Option<Cow<'a, str>>,
    /// 培训类别 of the national sheet: 10 national, 20 provincial, 30 prefecture, 40 county, 60 school, 99 other.
    #[validate(length(max = 2, code = "length"))]
    pub category_code: Option<Cow<'a, str>>,
    /// Required or elective.
    #[validate(length(max = 50, code = "length"))]
    pub required: Option<Cow<'a, str>>,
    /// 初级, 中级, 高级 of the course; never a result.
    #[validate(length(max = 20, code = "length"))]
    pub tier: Option<Cow<'a, str>>,
    /// Where.
    #[validate(length(max = 100, code = "length"))]
    pub place: Option<Cow<'a, str>>,
    /// Hours as given, in the stream's unit.
    pub hours: Option<Cow<'a, str>>,
    /// First day as given.
    pub period_start: Option<Cow<'a, str>>,
    /// Last day as given.
    pub period_end: Option<Cow<'a, str>>,
    /// Certificate number.
    #[validate(length(max = 100, code = "length"))]
    pub certificate_number: Option<Cow<'a, str>>,
    /// 课程学习.
    pub score_learning: Option<Cow<'a, str>>,
    /// 研修活动.
    pub score_activity: Option<Cow<'a, str>>,
    /// 应用成果.
    pub score_artefact: Option<Cow<'a, str>>,
    /// Cells of a workbook that do not hold what they seem to, with their text.
    pub cell_faults: Vec<(Field, CellFault, String)>,
}

/// Why what a cell holds cannot be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellFault {
    /// More digits than a spreadsheet keeps of a number: the last ones may be others.
    StoredAsNumber,
    /// A formula that gave an error.
    FormulaError,
}

impl CellFault {
    fn of(stored: Stored, text: &str) -> Option<Self> {
        let digits = || text.split('.').next().unwrap_or_default().trim_start_matches('-').len();
        match stored {
            Stored::Error => Some(Self::FormulaError),
            Stored::Number if digits() > 15 => Some(Self::StoredAsNumber),
            Stored::Number | Stored::Text => None,
        }
    }

    /// The last part of the stable code of this fault.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::StoredAsNumber => "stored_as_number",
            Self::FormulaError => "formula_error",
        }
    }

    /// What is allowed.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::StoredAsNumber => "a cell of text: a spreadsheet keeps only 15 digits of a number",
            Self::FormulaError => "a cell with a value, not the error of a formula",
        }
    }
}

/// One reason why a record cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable code: field, dot, fault.
    pub code: String,
    /// The raw field it came from.
    pub source_field: String,
    /// The value seen, cut to 60 characters; what could be an ID or phone number is masked.
    pub seen: String,
    /// What is allowed.
    pub expected: String,
    /// The cell of a workbook it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
}

impl Problem {
    /// A reason; `seen` is made discreet here and nowhere else.
    #[must_use]
    pub fn new(code: String, source_field: &str, seen: &str, expected: String) -> Self {
        Self { code, source_field: source_field.to_owned(), seen: discreet(seen), expected, cell: None }
    }
}

/// At most 60 characters, with every run of eleven or more digits masked but for the first two and the last character:
/// columns shift, and then an ID number or a phone number stands where a name should.
#[must_use]
pub fn discreet(text: &str) -> String {
    let chars: Vec<char> = text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).take(60).collect();
    let is_digit = |c: char| c.is_numeric() || matches!(c, 'x' | 'X' | '*' | '\u{425}' | '\u{445}');
    let mut out = String::with_capacity(text.len());
    let mut rest = chars.as_slice();
    while let Some(first) = rest.first() {
        // Spaces and hyphens inside a number do not end it, but it begins and ends with a digit.
        let wide = rest.iter().take_while(|c| is_digit(**c) || matches!(c, ' ' | '-' | '\u{A0}')).count();
        let last = rest[..wide].iter().rposition(|c| is_digit(*c)).map_or(0, |at| at + 1);
        let run = if is_digit(*first) { last } else { 0 };
        let digits = rest[..run].iter().filter(|c| is_digit(**c)).count();
        if digits >= 11 {
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
pub fn map<'a>(cx: Context<'a>, plan: &Plan<'_>, raw: &RawRecord<'a>) -> Draft<'a> {
    let mut draft = Draft::default();
    for (field, value) in &cx.stream.constant {
        *draft.slot(*field) = Some(Cow::Borrowed(value));
    }
    for (field, slot) in &plan.fields {
        if let Some(text) = &raw.texts[*slot] {
            draft
                .cell_faults
                .extend(CellFault::of(raw.stored(*slot), text).map(|fault| (*field, fault, text.to_string())));
            *draft.slot(*field) = Some(match cx.stream.strip_suffix.get(field) {
                Some(suffix) => strip(text.clone(), suffix),
                None => counted_from_1900(raw, *field, *slot).map_or_else(|| text.clone(), Cow::Owned),
            });
        }
    }
    draft
}

/// A day that a cell holds as a mere number of days since 1904, counted from 1900 as everywhere else.
fn counted_from_1900(raw: &RawRecord<'_>, field: Field, slot: usize) -> Option<String> {
    let of_1904 = raw.head.as_ref().is_some_and(|head| head.epoch_1904) && raw.stored(slot) == Stored::Number;
    let (days, rest) = split_days(raw.texts[slot].as_deref().filter(|_| of_1904)?);
    let days: u32 = days.parse().ok().filter(|_| matches!(field, Field::PeriodStart | Field::PeriodEnd))?;
    Some(format!("{}{rest}", days.checked_add(1_462)?))
}

fn split_days(serial: &str) -> (&str, &str) {
    serial.split_at(serial.find('.').unwrap_or(serial.len()))
}

fn strip<'a>(text: Cow<'a, str>, suffix: &str) -> Cow<'a, str> {
    match text.trim_end().strip_suffix(suffix) {
        Some(head) => Cow::Owned(head.trim_end().to_owned()),
        None => text,
    }
}

impl<'a> Draft<'a> {
    /// Whether what the field's cell holds cannot be relied on.
    #[must_use]
    pub fn is_doubtful(&self, field: Field) -> bool {
        self.cell_faults.iter().any(|(doubtful, ..)| *doubtful == field)
    }

    fn slot(&mut self, field: Field) -> &mut Option<Cow<'a, str>> {
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
            Field::CertificateNumber => &mut self.certificate_number,
            Field::ScoreLearning => &mut self.score_learning,
            Field::ScoreActivity => &mut self.score_activity,
            Field::ScoreArtefact => &mut self.score_artefact,
        }
    }

    /// The texts that are stored as they are.
    pub fn texts(&self) -> impl Iterator<Item = (Field, &str)> {
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

    /// The length faults that `validator` finds, as problems.
    #[must_use]
    pub fn length_problems(&self, cx: Context<'_>) -> Vec<Problem> {
        let Err(errors) = self.validate() else { return vec![] };
        let field_errors = errors.field_errors();
        field_errors
            .iter()
            .flat_map(|(field, faults)| {
                faults.iter().map(move |fault| {
                    let of = |key: &str| fault.params.get(key);
                    let most = of("max").map(ToString::to_string).unwrap_or_default();
                    Problem::new(
                        format!("{field}.{}", fault.code),
                        raw_field(cx, field.as_ref()),
                        of("value").and_then(|v| v.as_str()).unwrap_or_default(),
                        format!("at most {most} characters"),
                    )
                })
            })
            .collect()
    }
}

/// The raw path a canonical field is mapped from.
#[must_use]
pub fn raw_field<'a>(cx: Context<'a>, field: &'a str) -> &'a str {
    cx.stream.map.iter().find(|(f, _)| f.as_str() == field).map_or(field, |(_, path)| path)
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
            ("2201 0219 5909 1100 1X", "22*******************X"),
            ("２２０１０２１９５９０９１１００１Ｘ", "２２**************１Ｘ"),
            ("2014-02-30", "2014-02-30"),
            ("120000", "120000"),
        ] {
            assert_eq!(discreet(text), shown);
        }
    }
}
