//! The training record: the canonical schema, built only from a clean draft.

use chrono::NaiveDate;

use super::Context;
use super::decode::RawRecord;
use super::draft::{Draft, Field, Problem, raw_field};
use crate::manifest::{Kind, PassRule, VersionFrom};
use crate::values::date::{parse_date, parse_instant};
use crate::values::{Grade, Hours, IdNumber, PersonName, Score};

/// Whether the teacher passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassState {
    /// Assessed and passed.
    Passed,
    /// Assessed and failed.
    Failed,
    /// Never assessed.
    NotAssessed,
    /// Not decided yet.
    Pending,
}

impl PassState {
    /// The word in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotAssessed => "not_assessed",
            Self::Pending => "pending",
        }
    }
}

/// Component scores with their exact weighted total and grade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// 课程学习.
    pub learning: Score,
    /// 研修活动.
    pub activity: Score,
    /// 应用成果.
    pub artefact: Score,
    /// Numerator of the weighted total in hundredths.
    pub total_numerator: i64,
    /// Denominator of the weighted total.
    pub total_denominator: i64,
    /// The grade the bands give it.
    pub grade: Grade,
}

/// One record in the canonical schema.
#[derive(Debug, Clone)]
pub struct TrainingRecord {
    /// Position in the payload.
    pub index: u32,
    /// Address for people.
    pub address: String,
    /// Keyed hash of the fields that make it the same record.
    pub record_key: [u8; 16],
    /// Orders versions of the same record.
    pub source_version: i64,
    /// Keyed digest of the canonical content.
    pub content_digest: [u8; 16],
    /// What it is.
    pub kind: Kind,
    /// Who it is about: the name.
    pub name: PersonName,
    /// Who it is about: the ID number.
    pub id_number: IdNumber,
    /// Keyed hash of name, ID number and school.
    pub claim_key: [u8; 16],
    /// The draft's texts that need no type of their own.
    pub texts: Draft,
    /// First day.
    pub period_start: Option<NaiveDate>,
    /// Last day.
    pub period_end: NaiveDate,
    /// Hours in class-hour units.
    pub hours: Hours,
    /// Whether passed.
    pub pass_state: PassState,
    /// Scores, if the stream has them.
    pub assessment: Option<Assessment>,
    /// Canonical course, if the crosswalk knows the code.
    pub canonical_course: Option<String>,
}

struct Check<'a> {
    cx: Context<'a>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn fault(&mut self, field: Field, code: &str, seen: &str, expected: &str) {
        let seen = if field == Field::IdNumber { mask(seen) } else { seen.chars().take(60).collect() };
        self.problems.push(Problem {
            code: format!("{}.{code}", field.as_str()),
            source_field: raw_field(self.cx, field.as_str()),
            seen,
            expected: expected.to_owned(),
        });
    }

    fn score(&mut self, field: Field, text: Option<&str>) -> Option<Score> {
        match Score::parse(text.unwrap_or_default()) {
            Ok(score) => Some(score),
            Err(fault) => {
                self.fault(field, fault.code(), text.unwrap_or_default(), &fault.to_string());
                None
            }
        }
    }

    fn date(&mut self, field: Field, text: Option<&str>, required: bool) -> Option<NaiveDate> {
        if text.is_none() && !required {
            return None;
        }
        match parse_date(text.unwrap_or_default()) {
            Ok(day) => Some(day),
            Err(fault) => {
                self.fault(field, fault.code(), text.unwrap_or_default(), &fault.to_string());
                None
            }
        }
    }
}

/// Keeps the length and the first two and the last character.
fn mask(text: &str) -> String {
    let n = text.chars().count();
    text.chars().enumerate().map(|(i, c)| if i < 2 || i + 1 == n { c } else { '*' }).collect()
}

/// The key of the record, when the fields that make it are there.
#[must_use]
pub fn record_key(cx: Context<'_>, raw: &RawRecord, draft: &Draft) -> Option<[u8; 16]> {
    let source = cx.source_id.to_be_bytes();
    let mut parts: Vec<Vec<u8>> = vec![b"record".to_vec(), source.to_vec(), cx.stream.name.clone().into_bytes()];
    for path in &cx.stream.record_key {
        let is_id = cx.stream.map.get(&Field::IdNumber).is_some_and(|p| p == path);
        let part = if is_id {
            IdNumber::parse(draft.id_number.as_deref()?).ok()?.reveal().to_owned()
        } else {
            raw.fields.get(path)?.trim().to_owned()
        };
        parts.push(part.into_bytes());
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Some(cx.keys.short_digest(&parts))
}

fn source_version(cx: Context<'_>, raw: &RawRecord) -> Result<i64, Problem> {
    let problem = |path: &str, seen: &str, expected: &str| Problem {
        code: "version.form".into(),
        source_field: path.to_owned(),
        seen: seen.chars().take(60).collect(),
        expected: expected.to_owned(),
    };
    match &cx.stream.version {
        VersionFrom::Field { path } => {
            let text = raw.fields.get(path).unwrap_or_default();
            let text = text.trim();
            text.parse::<i64>()
                .ok()
                .or_else(|| parse_instant(text).ok())
                .ok_or_else(|| problem(path, text, "an integer or an instant"))
        }
        VersionFrom::FileDate => {
            let digits: Option<i64> = cx
                .address
                .split(|c: char| !c.is_ascii_digit())
                .find(|run| run.len() == 8)
                .filter(|run| parse_date(run).is_ok())
                .and_then(|run| run.parse().ok());
            digits.ok_or_else(|| problem("file name", cx.address, "an export date of eight digits in the file name"))
        }
    }
}

/// Builds a training record.
///
/// # Errors
/// All problems of the draft at once.
pub fn from_draft(cx: Context<'_>, raw: &RawRecord, draft: &Draft) -> Result<TrainingRecord, Vec<Problem>> {
    let mut check = Check { cx, problems: draft.length_problems(cx) };
    let id_text = draft.id_number.as_deref().unwrap_or_default();
    let id_number = IdNumber::parse(id_text).ok();
    if id_number.is_none() {
        for fault in IdNumber::faults(id_text) {
            check.fault(Field::IdNumber, fault.code(), id_text, &fault.to_string());
        }
    }
    let name_text = draft.name.as_deref().unwrap_or_default();
    let name = PersonName::parse(name_text)
        .map_err(|fault| check.fault(Field::Name, fault.code(), name_text, &fault.to_string()))
        .ok();
    if draft.course_code.is_none() {
        check.fault(Field::CourseCode, "missing", "", "the source's code of the course");
    }
    let hours = read_hours(&mut check, draft);
    let period_start = check.date(Field::PeriodStart, draft.period_start.as_deref(), false);
    let period_end = check.date(Field::PeriodEnd, draft.period_end.as_deref(), true);
    if let (Some(start), Some(end)) = (period_start, period_end)
        && start > end
    {
        check.problems.push(Problem {
            code: "period.order".into(),
            source_field: raw_field(cx, "period_end"),
            seen: format!("{start} … {end}"),
            expected: "a last day not before the first".into(),
        });
    }
    let assessment = (cx.stream.pass == PassRule::Scores).then(|| read_scores(&mut check, draft));
    let version = source_version(cx, raw).map_err(|p| check.problems.push(p)).ok();
    let key = record_key(cx, raw, draft);
    // A key field that is faulty by itself has its own reason already.
    let explained = check.problems.iter().any(|p| cx.stream.record_key.contains(&p.source_field));
    if key.is_none() && !explained {
        check.problems.push(Problem {
            code: "record_key.missing".into(),
            source_field: cx.stream.record_key.join(", "),
            seen: String::new(),
            expected: "a value in every field that makes the record the same record".into(),
        });
    }
    let mut problems = check.problems;
    match (key, version, name, id_number, period_end, hours, assessment) {
        (
            Some(record_key),
            Some(source_version),
            Some(name),
            Some(id_number),
            Some(period_end),
            Some(hours),
            assessment,
        ) if problems.is_empty() && !matches!(assessment, Some(None)) => {
            let assessment = assessment.flatten();
            let claim_key = cx.keys.short_digest(&[
                b"claim",
                name.folded().as_bytes(),
                id_number.reveal().as_bytes(),
                draft.school_code.as_deref().unwrap_or_default().as_bytes(),
            ]);
            let canonical_course = draft
                .course_code
                .as_deref()
                .and_then(|code| cx.policy.canonical_course(&cx.manifest.id, code.trim()))
                .map(str::to_owned);
            let mut record = TrainingRecord {
                index: raw.index,
                address: raw.address(cx.address),
                record_key,
                source_version,
                content_digest: [0; 16],
                kind: cx.stream.kind,
                name,
                id_number,
                claim_key,
                texts: draft.clone(),
                period_start,
                period_end,
                hours,
                pass_state: pass_state(cx, assessment.as_ref()),
                assessment,
                canonical_course,
            };
            record.content_digest = content_digest(cx, &record);
            Ok(record)
        }
        _ => {
            problems.sort_by(|a, b| a.code.cmp(&b.code));
            Err(problems)
        }
    }
}

fn read_hours(check: &mut Check<'_>, draft: &Draft) -> Option<Hours> {
    let unit = &check.cx.stream.hours_unit;
    let Some(rule) = check.cx.policy.conversion(unit) else {
        check.fault(Field::Hours, "unit", unit, "a unit that the policy file converts");
        return None;
    };
    let text = draft.hours.as_deref().unwrap_or_default();
    Hours::from_amount(text, rule.units_per_one)
        .map_err(|fault| check.fault(Field::Hours, fault.code(), text, &fault.to_string()))
        .ok()
}

fn read_scores(check: &mut Check<'_>, draft: &Draft) -> Option<Assessment> {
    let learning = check.score(Field::ScoreLearning, draft.score_learning.as_deref());
    let activity = check.score(Field::ScoreActivity, draft.score_activity.as_deref());
    let artefact = check.score(Field::ScoreArtefact, draft.score_artefact.as_deref());
    let (learning, activity, artefact) = (learning?, activity?, artefact?);
    let policy = check.cx.policy;
    let total = policy.weights.total(learning, activity, artefact);
    Some(Assessment {
        learning,
        activity,
        artefact,
        total_numerator: i64::try_from(total.numerator()).unwrap_or(i64::MAX),
        total_denominator: i64::try_from(total.denominator()).unwrap_or(i64::MAX),
        grade: policy.bands.grade(total),
    })
}

fn pass_state(cx: Context<'_>, assessment: Option<&Assessment>) -> PassState {
    match cx.stream.pass {
        PassRule::NotAssessed => PassState::NotAssessed,
        PassRule::Pending => PassState::Pending,
        PassRule::Scores => match assessment.map(|a| a.grade) {
            Some(Grade::Fail) => PassState::Failed,
            Some(_) => PassState::Passed,
            None => PassState::Pending,
        },
    }
}

/// Covers everything that is stored of the record except its lineage.
fn content_digest(cx: Context<'_>, record: &TrainingRecord) -> [u8; 16] {
    let t = &record.texts;
    let texts = [
        &t.school_code,
        &t.project_code,
        &t.project_title,
        &t.course_code,
        &t.course_title,
        &t.role,
        &t.mode,
        &t.delivery_code,
        &t.place,
        &t.hours,
        &t.certificate_number,
    ];
    let mut all = String::with_capacity(256);
    for text in texts {
        all.push_str(text.as_deref().unwrap_or_default());
        all.push('\u{1f}');
    }
    let start = record.period_start.map(|d| d.to_string()).unwrap_or_default();
    let scores = record.assessment.as_ref().map_or_else(String::new, |a| {
        format!(
            "{} {} {} {}",
            a.learning.hundredths(),
            a.activity.hundredths(),
            a.artefact.hundredths(),
            a.grade.as_str()
        )
    });
    let canonical = record.canonical_course.as_deref().unwrap_or_default();
    cx.keys.short_digest(&[
        b"content",
        &record.claim_key,
        record.name.display().as_bytes(),
        all.as_bytes(),
        start.as_bytes(),
        record.period_end.to_string().as_bytes(),
        &record.hours.units().to_be_bytes(),
        record.pass_state.as_str().as_bytes(),
        scores.as_bytes(),
        canonical.as_bytes(),
    ])
}
