//! The draft: a raw record after mapping, every field optional, values still to be checked.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use validator::Validate;

use super::Context;
use super::decode::RawRecord;

/// The canonical fields a manifest can map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the field of Draft of the same name")]
pub enum Field {
    RecordName,
    Name,
    IdNumber,
    SchoolCode,
    ProjectCode,
    ProjectTitle,
    CourseCode,
    CourseTitle,
    Role,
    Mode,
    DeliveryCode,
    Place,
    Hours,
    PeriodStart,
    PeriodEnd,
    CertificateNumber,
    ScoreLearning,
    ScoreActivity,
    ScoreArtefact,
}

impl Field {
    /// The field's name in codes, files and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RecordName => "record_name",
            Self::Name => "name",
            Self::IdNumber => "id_number",
            Self::SchoolCode => "school_code",
            Self::ProjectCode => "project_code",
            Self::ProjectTitle => "project_title",
            Self::CourseCode => "course_code",
            Self::CourseTitle => "course_title",
            Self::Role => "role",
            Self::Mode => "mode",
            Self::DeliveryCode => "delivery_code",
            Self::Place => "place",
            Self::Hours => "hours",
            Self::PeriodStart => "period_start",
            Self::PeriodEnd => "period_end",
            Self::CertificateNumber => "certificate_number",
            Self::ScoreLearning => "score.learning",
            Self::ScoreActivity => "score.activity",
            Self::ScoreArtefact => "score.artefact",
        }
    }
}

/// A raw record after mapping. Lengths are checked by `validator`; what a value means is checked when the record is built.
#[derive(Debug, Clone, Default, Validate)]
pub struct Draft {
    /// The source's own name of the record.
    #[validate(length(max = 100, code = "length"))]
    pub record_name: Option<String>,
    /// The teacher's name as given.
    pub name: Option<String>,
    /// The ID number as given.
    pub id_number: Option<String>,
    /// School code, 10 digits.
    #[validate(length(max = 20, code = "length"))]
    pub school_code: Option<String>,
    /// Project code.
    #[validate(length(max = 50, code = "length"))]
    pub project_code: Option<String>,
    /// Project title; at most 100 characters (national 国内培训 record).
    #[validate(length(max = 100, code = "length"))]
    pub project_title: Option<String>,
    /// Course code at the source.
    #[validate(length(max = 50, code = "length"))]
    pub course_code: Option<String>,
    /// Course title.
    #[validate(length(max = 200, code = "length"))]
    pub course_title: Option<String>,
    /// 学科教师, 主讲教师 …
    #[validate(length(max = 50, code = "length"))]
    pub role: Option<String>,
    /// Online, school-based, classroom practice.
    #[validate(length(max = 50, code = "length"))]
    pub mode: Option<String>,
    /// The national sheet's 1/2/3/4/9.
    #[validate(length(max = 1, code = "length"))]
    pub delivery_code: Option<String>,
    /// Where.
    #[validate(length(max = 100, code = "length"))]
    pub place: Option<String>,
    /// Hours as given, in the stream's unit.
    pub hours: Option<String>,
    /// First day as given.
    pub period_start: Option<String>,
    /// Last day as given.
    pub period_end: Option<String>,
    /// Certificate number.
    #[validate(length(max = 100, code = "length"))]
    pub certificate_number: Option<String>,
    /// 课程学习.
    pub score_learning: Option<String>,
    /// 研修活动.
    pub score_activity: Option<String>,
    /// 应用成果.
    pub score_artefact: Option<String>,
}

/// One reason why a record cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable code: field, dot, fault.
    pub code: String,
    /// The raw field it came from.
    pub source_field: String,
    /// The value seen; masked for an ID number.
    pub seen: String,
    /// What is allowed.
    pub expected: String,
}

/// Maps a raw record to a draft.
#[must_use]
pub fn map(cx: Context<'_>, raw: &RawRecord) -> Draft {
    let mut draft = Draft::default();
    for (field, value) in &cx.stream.constant {
        *draft.slot(*field) = Some(value.clone());
    }
    for (field, path) in &cx.stream.map {
        if let Some(text) = raw.fields.get(path) {
            let text = match cx.stream.strip_suffix.get(field) {
                Some(suffix) => strip(text, suffix),
                None => text,
            };
            *draft.slot(*field) = Some(text.into_owned());
        }
    }
    draft
}

fn strip<'a>(text: Cow<'a, str>, suffix: &str) -> Cow<'a, str> {
    match text.trim_end().strip_suffix(suffix) {
        Some(head) => Cow::Owned(head.trim_end().to_owned()),
        None => text,
    }
}

impl Draft {
    fn slot(&mut self, field: Field) -> &mut Option<String> {
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

    /// The length faults that `validator` finds, as problems.
    #[must_use]
    pub fn length_problems(&self, cx: Context<'_>) -> Vec<Problem> {
        let Err(errors) = self.validate() else { return vec![] };
        let mut problems: Vec<Problem> = errors
            .field_errors()
            .into_iter()
            .flat_map(|(field, faults)| {
                faults.iter().map(move |fault| Problem {
                    code: format!("{field}.{}", fault.code),
                    source_field: raw_field(cx, field.as_ref()),
                    seen: fault
                        .params
                        .get("value")
                        .and_then(|v| v.as_str())
                        .unwrap_or_default()
                        .chars()
                        .take(60)
                        .collect(),
                    expected: format!(
                        "at most {} characters",
                        fault.params.get("max").map(ToString::to_string).unwrap_or_default()
                    ),
                })
            })
            .collect();
        problems.sort_by(|a, b| a.code.cmp(&b.code));
        problems
    }
}

/// The raw path a canonical field is mapped from.
#[must_use]
pub fn raw_field(cx: Context<'_>, field: &str) -> String {
    cx.stream.map.iter().find(|(f, _)| f.as_str() == field).map_or_else(|| field.to_owned(), |(_, path)| path.clone())
}
