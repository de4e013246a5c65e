//! The training record: the canonical schema, built only from a clean draft.

use std::borrow::Cow;

use chrono::NaiveDate;

use crate::Context;
use crate::decode::RawRecord;
use crate::draft::{Draft, raw_field};
use crate::identity::{Identity, knows_any, sure_id, told, told_key};
use crate::problem::{Expected, Problem};
use huiliu_manifest::{Assessor, Field, Kind, PassRule};
use huiliu_matching::Told;
use huiliu_rules::ledger::{self, Assessed};
use huiliu_rules::policy::pack::{MissingComponent, Pack, Seen};
use huiliu_values::date::parse_date;
use huiliu_values::score::WeightedTotal;
use huiliu_values::{Grade, Hours, IdNumber, PassState, PersonName, Score};
use serde::Serialize;

/// Scores with their exact total and grade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// 课程学习, 研修活动, 应用成果, as far as they are told.
    pub components: [Option<Score>; 3],
    /// Numerator of the weighted total in hundredths.
    pub total_numerator: i64,
    /// Denominator of the weighted total; 0 where only words told the result.
    pub total_denominator: i64,
    /// The grade that the rules of today give it; settling finds it again.
    pub grade: Grade,
}

impl Assessment {
    fn of(pack: &Pack, components: [Option<Score>; 3], total: WeightedTotal) -> Self {
        let total_numerator = i64::try_from(total.numerator()).unwrap_or(i64::MAX);
        let total_denominator = i64::try_from(total.denominator()).unwrap_or(i64::MAX);
        let assessed = Assessed {
            by_school: false,
            components: components.map(|c| c.map(Score::hundredths)),
            total: Some((total_numerator, total_denominator)),
            grade: Grade::Fail,
        };
        Self { components, total_numerator, total_denominator, grade: ledger::grade_of(pack, &assessed) }
    }

    /// Of a result that only words told.
    #[must_use]
    pub fn in_words(grade: Grade) -> Self {
        Self { components: [None; 3], total_numerator: 0, total_denominator: 0, grade }
    }

    /// What the ledger takes it for.
    #[must_use]
    pub fn assessed(&self, by_school: bool) -> Assessed {
        Assessed {
            by_school,
            components: self.components.map(|c| c.map(Score::hundredths)),
            total: (self.total_denominator > 0).then_some((self.total_numerator, self.total_denominator)),
            grade: self.grade,
        }
    }
}

/// One record in the canonical schema.
#[derive(Debug, Clone)]
pub struct TrainingRecord<'a> {
    /// Position in the payload, from 0.
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
    /// The name for comparison.
    pub name_folded: String,
    /// Who it is about: the ID number, where a valid one is told.
    pub id_number: Option<IdNumber>,
    /// Everything that is told of who it is about, where the stream may do without an ID number.
    pub told: Option<Told>,
    /// Keyed hash of name and ID number, or of everything told.
    pub claim_key: [u8; 16],
    /// The draft's texts that need no type of their own.
    pub texts: Draft<'a>,
    /// First day, YYYY-MM-DD.
    pub period_start: Option<String>,
    /// Last day, YYYY-MM-DD.
    pub period_end: String,
    /// Hours in class-hour units.
    pub hours: Hours,
    /// Whether passed.
    pub pass_state: PassState,
    /// Scores, if the stream has them.
    pub assessment: Option<Assessment>,
    /// Who assessed.
    pub assessor: Assessor,
    /// The grade, where only words told it.
    pub grade_in_words: Option<Grade>,
    /// Presence in hundredths of a per cent.
    pub attendance: Option<i64>,
    /// `required` or `elective`.
    pub required: Option<&'static str>,
    /// `elementary`, `intermediate` or `advanced`.
    pub tier: Option<&'static str>,
    /// Canonical course, if the crosswalk knows the code.
    pub canonical_course: Option<&'a str>,
}

impl TrainingRecord<'_> {
    /// What was told of a result: scores, or a word alone.
    #[must_use]
    pub fn told(&self) -> Option<Assessment> {
        self.assessment.clone().or_else(|| self.grade_in_words.map(Assessment::in_words))
    }
}

pub(super) struct Check<'a> {
    pub(super) cx: Context<'a>,
    pub(super) problems: Vec<Problem>,
}

impl Check<'_> {
    pub(super) fn fault(&mut self, field: Field, code: &str, seen: &str, expected: &impl Serialize) {
        // Whatever made it unreliable has been told already.
        if code == "missing" && self.problems.iter().any(|p| p.code.starts_with(&format!("{}.", field.code()))) {
            return;
        }
        let code = format!("{}.{code}", field.code());
        // A faulty ID number need not look like a number at all.
        let is_id = matches!(field, Field::IdNumber | Field::FormerIdNumber);
        let masked = if is_id { mask(seen) } else { seen.to_owned() };
        self.problems.push(Problem::new(code, raw_field(self.cx, field.code()), &masked, expected));
    }

    fn score(&mut self, field: Field, text: Option<&str>) -> Option<Score> {
        let text = text.unwrap_or_default();
        Score::parse(text).map_err(|fault| self.fault(field, fault.code(), text, &fault)).ok()
    }

    pub(super) fn day(&mut self, field: Field, text: Option<&str>) -> Option<NaiveDate> {
        let text = text.unwrap_or_default();
        parse_date(text).map_err(|fault| self.fault(field, fault.code(), text, &fault)).ok()
    }

    pub(super) fn doubts(&mut self, draft: &Draft<'_>) {
        let any = knows_any(self.cx);
        for (field, doubt) in draft.doubts.iter().filter(|(field, _)| !any || *field != Field::IdNumber) {
            self.fault(*field, doubt.code, &doubt.seen, &doubt.expected);
        }
    }

    pub(super) fn id_number(&mut self, draft: &Draft<'_>) -> Option<IdNumber> {
        if draft.is_doubtful(Field::IdNumber) {
            return None;
        }
        let text = draft.id_number.as_deref().unwrap_or_default();
        let parsed = IdNumber::parse(text).ok();
        if parsed.is_none() {
            for fault in IdNumber::faults(text) {
                self.fault(Field::IdNumber, fault.code(), text, &fault);
            }
        }
        parsed
    }

    pub(super) fn name(&mut self, draft: &Draft<'_>) -> Option<PersonName> {
        let text = draft.name.as_deref().unwrap_or_default();
        PersonName::parse(text).map_err(|fault| self.fault(Field::Name, fault.code(), text, &fault)).ok()
    }

    /// The pack of the training's last day, or the nearest.
    fn pack(&self, day: Option<NaiveDate>) -> Option<&Pack> {
        self.cx.policy.nearest(day.unwrap_or(NaiveDate::MAX))
    }

    /// Hours by the conversion that is in force; by the pack's first for the unit where none is for this very record.
    fn hours(&mut self, draft: &Draft<'_>, day: Option<NaiveDate>) -> Option<Hours> {
        let unit = self.cx.stream.hours_unit();
        let text = draft.hours.as_deref().unwrap_or_default();
        let rule = self.pack(day).and_then(|pack| {
            let seen = Seen {
                mode: draft.mode.as_deref().map(|mode| pack.mode(mode.trim())),
                programme: &self.cx.manifest.id,
                category: draft.category_code.as_deref(),
                required: None,
            };
            let of_record = day.and_then(|day| pack.conversion(unit, &seen, day));
            of_record.or_else(|| pack.conversions.iter().find(|c| c.unit == unit)).map(|c| c.units_per_one)
        });
        let Some(units_per_one) = rule else {
            self.fault(Field::Hours, "unit", unit, &Expected::Unit);
            return None;
        };
        Hours::from_amount(text, units_per_one)
            .map_err(|fault| self.fault(Field::Hours, fault.code(), text, &fault))
            .ok()
    }

    fn period(&mut self, draft: &Draft<'_>) -> Option<(Option<NaiveDate>, NaiveDate)> {
        let start = draft.period_start.as_deref().map(|text| self.day(Field::PeriodStart, Some(text)));
        let end = self.day(Field::PeriodEnd, draft.period_end.as_deref());
        let (start, end) = (start.flatten(), end?);
        if let Some(start) = start.filter(|start| *start > end) {
            let field = raw_field(self.cx, Field::PeriodEnd.code());
            self.problems.push(Problem::new(
                "period.order".into(),
                field,
                &format!("{start} … {end}"),
                &Expected::DaysInOrder,
            ));
        }
        Some((start, end))
    }

    fn assessment(&mut self, draft: &Draft<'_>, day: Option<NaiveDate>) -> Option<Assessment> {
        // Where a missing score need not wait, it is no fault.
        let waits = self.pack(day).is_none_or(|pack| pack.missing_component == MissingComponent::Wait);
        let mut told = |field, text: Option<&str>| {
            if text.is_none_or(|t| t.trim().is_empty()) && !waits {
                Some(None)
            } else {
                self.score(field, text).map(Some)
            }
        };
        let learning = told(Field::ScoreLearning, draft.score_learning.as_deref());
        let activity = told(Field::ScoreActivity, draft.score_activity.as_deref());
        let artefact = told(Field::ScoreArtefact, draft.score_artefact.as_deref());
        let components = [learning?, activity?, artefact?];
        let pack = self.pack(day)?;
        let [learning, activity, artefact] = components.map(Option::unwrap_or_default);
        Some(Assessment::of(pack, components, pack.weights.total(learning, activity, artefact)))
    }

    fn total(&mut self, draft: &Draft<'_>, day: Option<NaiveDate>) -> Option<Assessment> {
        let total = self.score(Field::ScoreTotal, draft.score_total.as_deref())?;
        Some(Assessment::of(self.pack(day)?, [None; 3], total.into()))
    }

    /// Presence, where it is told.
    fn attendance(&mut self, draft: &Draft<'_>) -> Option<i64> {
        let text = draft.attendance.as_deref().filter(|text| !text.trim().is_empty())?;
        self.score(Field::Attendance, Some(text)).map(|percent| percent.hundredths().into())
    }

    /// What only words tell.
    fn result(&mut self, draft: &Draft<'_>, day: Option<NaiveDate>) -> Option<Grade> {
        let text = draft.result.as_deref().unwrap_or_default();
        let all = [Grade::Excellent, Grade::Pass, Grade::Fail];
        let plain = all.into_iter().find(|grade| grade.as_str() == text.trim());
        let in_words = || {
            let pack = self.pack(day)?;
            let by_school = self.cx.stream.assessor == Assessor::School;
            let words = if by_school { &pack.school_words } else { &pack.institution_words };
            words.get(text.trim()).copied()
        };
        let grade = plain.or_else(in_words);
        if grade.is_none() && !draft.is_doubtful(Field::Result) {
            let code = if text.is_empty() { "missing" } else { "value" };
            self.fault(Field::Result, code, text, &Expected::Result);
        }
        grade
    }

    /// Required or elective, in the words that platforms use.
    fn required(&mut self, draft: &Draft<'_>) -> Option<&'static str> {
        let text = draft.required.as_deref()?.trim();
        match text {
            "必修" | "required" | "1" => Some("required"),
            "选修" | "elective" | "0" => Some("elective"),
            _ => {
                self.fault(Field::Required, "value", text, &Expected::Required);
                None
            }
        }
    }

    /// The tier of the course, in the words that platforms use.
    fn tier(&mut self, draft: &Draft<'_>) -> Option<&'static str> {
        let text = draft.tier.as_deref()?.trim();
        match text.trim_end_matches(['级', '班']) {
            "初" => Some("elementary"),
            "中" => Some("intermediate"),
            "高" => Some("advanced"),
            _ => {
                self.fault(Field::Tier, "value", text, &Expected::Tier);
                None
            }
        }
    }

    /// The codes of the national sheet.
    fn codes(&mut self, draft: &Draft<'_>) {
        for (field, text, allowed) in [
            (Field::DeliveryCode, &draft.delivery_code, ["1", "2", "3", "4", "9"].as_slice()),
            (Field::CategoryCode, &draft.category_code, &["10", "20", "30", "40", "60", "99"]),
        ] {
            if let Some(text) = text.as_deref()
                && !allowed.contains(&text)
            {
                let values = allowed.iter().map(|code| (*code).to_owned()).collect();
                self.fault(field, "value", text, &Expected::OneOf { values });
            }
        }
    }

    /// Texts that only some kinds of streams have, and that are not too long.
    pub(super) fn bounded(&mut self, draft: &Draft<'_>) {
        for (field, text, most) in draft.roster.bounded() {
            if text.chars().count() > most {
                self.fault(field, "length", text, &Expected::MaxCharacters { max: most as u64 });
            } else if text.contains('\0') {
                let seen = text.replace('\0', "\u{2400}");
                self.fault(field, "character", &seen, &Expected::NoControlCharacters);
            }
        }
    }

    /// No database keeps a NUL, and no person typed one.
    pub(super) fn no_nul(&mut self, draft: &Draft<'_>) {
        for (field, text) in draft.texts() {
            if text.contains('\0') {
                self.fault(field, "character", &text.replace('\0', "\u{2400}"), &Expected::NoControlCharacters);
            }
        }
    }

    pub(super) fn key(&mut self, record_key: Option<[u8; 16]>) {
        // A key field that is faulty by itself has its own reason already.
        let explained = self.problems.iter().any(|p| self.cx.stream.record_key.contains(&p.source_field));
        if record_key.is_none() && !explained {
            let fields = self.cx.stream.record_key.join(", ");
            self.problems.push(Problem::new("record_key.missing".into(), &fields, "", &Expected::RecordKey));
        }
    }
}

/// Keeps the length and the first two and the last character.
pub(super) fn mask(text: &str) -> String {
    let n = text.chars().count();
    text.chars().enumerate().map(|(i, c)| if i < 2 || i + 1 == n { c } else { '*' }).collect()
}

/// Builds a training record.
///
/// # Errors
/// All problems of the draft at once, sorted by code.
pub fn from_draft<'a>(
    cx: Context<'a>,
    raw: &RawRecord<'_>,
    mut draft: Draft<'a>,
    identity: Identity,
) -> Result<TrainingRecord<'a>, Vec<Problem>> {
    if let Some(why) = &raw.broken {
        let expected = Expected::Readable { why: why.clone() };
        return Err(vec![Problem::new("record.form".into(), "record", &raw.raw, &expected)]);
    }
    if cx.stream.kind == Kind::Assessment {
        draft.hours.get_or_insert(Cow::Borrowed("0"));
        draft.course_code.get_or_insert(Cow::Borrowed("-"));
    }
    let mut check = Check { cx, problems: draft.length_problems(cx) };
    check.doubts(&draft);
    let any = knows_any(cx);
    let id_number = if any { sure_id(&draft) } else { check.id_number(&draft) };
    let name = check.name(&draft);
    check.bounded(&draft);
    if draft.course_code.is_none() {
        check.fault(Field::CourseCode, "missing", "", &Expected::CourseCode);
    }
    check.codes(&draft);
    check.no_nul(&draft);
    let required = check.required(&draft);
    let tier = check.tier(&draft);
    let period = check.period(&draft);
    let day = period.map(|(_, end)| end);
    let hours = check.hours(&draft, day);
    let attendance = check.attendance(&draft);
    let (assessment, result) = match passing(cx) {
        PassRule::Scores => (check.assessment(&draft, day), None),
        PassRule::Total => (check.total(&draft, day), None),
        PassRule::Result => (None, check.result(&draft, day)),
        PassRule::NotAssessed | PassRule::Pending => (None, None),
    };
    let source_version = identity.source_version.map_err(|p| check.problems.push(p)).ok();
    check.key(identity.record_key);
    let mut problems = check.problems;
    let known = any || id_number.is_some();
    let whole = (identity.record_key, source_version, name, period, hours, known);
    let (Some(record_key), Some(source_version), Some(name), Some(period), Some(hours), true) = whole else {
        problems.sort_by(|a, b| a.code.cmp(&b.code));
        return Err(problems);
    };
    if !problems.is_empty() {
        problems.sort_by(|a, b| a.code.cmp(&b.code));
        return Err(problems);
    }
    let name_folded = name.folded();
    let told = any.then(|| told(&draft));
    let number = id_number.as_ref().map_or("", IdNumber::reveal);
    let claim_key = match &told {
        Some(told) => told_key(cx, told),
        None => cx.keys.short_digest(&[b"claim", name_folded.as_bytes(), number.as_bytes()]),
    };
    let course = draft.course_code.as_deref().unwrap_or_default().trim();
    let mut record = TrainingRecord {
        index: raw.index,
        address: raw.address(cx.address),
        record_key,
        source_version,
        content_digest: [0; 16],
        kind: cx.stream.kind,
        canonical_course: cx.policy.canonical_course(&cx.manifest.id, course),
        required,
        tier,
        name,
        name_folded,
        id_number,
        told,
        claim_key,
        period_start: period.0.map(|day| day.to_string()),
        period_end: period.1.to_string(),
        hours,
        pass_state: pass_state(cx, assessment.as_ref().map(|a| a.grade).or(result)),
        assessment,
        assessor: cx.stream.assessor,
        grade_in_words: result,
        attendance,
        texts: draft,
    };
    record.content_digest = content_digest(cx, &record);
    Ok(record)
}

/// What decides that the teacher passed; no stream of training is without it.
fn passing(cx: Context<'_>) -> PassRule {
    cx.stream.pass.unwrap_or(PassRule::NotAssessed)
}

fn pass_state(cx: Context<'_>, grade: Option<Grade>) -> PassState {
    match passing(cx) {
        PassRule::NotAssessed => PassState::NotAssessed,
        PassRule::Pending => PassState::Pending,
        PassRule::Scores | PassRule::Total | PassRule::Result => match grade {
            Some(Grade::Fail) => PassState::Failed,
            Some(_) => PassState::Passed,
            None => PassState::Pending,
        },
    }
}

/// Covers everything that is stored of the record except its lineage.
fn content_digest(cx: Context<'_>, record: &TrainingRecord<'_>) -> [u8; 16] {
    let t = &record.texts;
    let scores = record.assessment.as_ref().map_or([0; 9], |a| {
        let mut scores = [1; 9];
        for (two, score) in scores[1..].chunks_exact_mut(2).zip(a.components) {
            two.copy_from_slice(&score.map_or(u16::MAX, Score::hundredths).to_be_bytes());
        }
        if a.components == [None; 3] {
            scores[1..7].fill(1);
        }
        scores[7] = a.grade as u8;
        scores
    });
    let units = record.hours.units().to_be_bytes();
    let mut parts = vec![
        b"content".as_slice(),
        &record.claim_key,
        record.name.display().as_bytes(),
        text(&t.school_code),
        text(&t.project_code),
        text(&t.project_title),
        text(&t.category_code),
        text(&t.course_code),
        text(&t.course_title),
        text(&t.role),
        text(&t.mode),
        text(&t.delivery_code),
        record.required.unwrap_or_default().as_bytes(),
        text(&t.place),
        text(&t.hours),
        text(&t.certificate_number),
        record.period_start.as_deref().unwrap_or_default().as_bytes(),
        record.period_end.as_bytes(),
        &units,
        record.pass_state.as_str().as_bytes(),
        &scores,
        record.canonical_course.unwrap_or_default().as_bytes(),
    ];
    // These came later: a record without them has the digest that it always had.
    parts.extend(record.tier.map(str::as_bytes));
    let only_total = record.assessment.as_ref().filter(|a| a.components == [None; 3]);
    let total = only_total.map(|a| a.total_numerator.to_be_bytes());
    parts.extend(total.as_ref().map(<[u8; 8]>::as_slice));
    parts.extend(record.grade_in_words.map(|grade| grade.as_str().as_bytes()));
    let attendance = record.attendance.map(i64::to_be_bytes);
    parts.extend(attendance.as_ref().map(<[u8; 8]>::as_slice));
    cx.keys.short_digest(&parts)
}

fn text<'t>(of: &'t Option<std::borrow::Cow<'_, str>>) -> &'t [u8] {
    of.as_deref().unwrap_or_default().as_bytes()
}
