//! The training record: the canonical schema, built only from a clean draft.

use std::borrow::Cow;

use chrono::NaiveDate;

use crate::decode::RawRecord;
use crate::draft::{Doubt, Draft, raw_field, redact_text};
use crate::identity::{Identity, certain_id_number, collect_person_details, compute_details_key, is_known_by_any};
use crate::problem::{Expected, Problem};
use crate::stand_ins::{is_example_row, is_sum};
use crate::{Context, Parked, digest_raw};
use huiliu_manifest::{Assessor, Field, Kind, PassRule};
use huiliu_matching::PersonDetails;
use huiliu_rules::ledger::{self, Assessed, Fraction};
use huiliu_rules::policy::pack::{MissingComponent, Pack};
use huiliu_values::date::parse_date;
use huiliu_values::examples::is_example_number;
use huiliu_values::score::WeightedTotal;
use huiliu_values::{Grade, Hours, IdNumber, IdNumberError, PassState, PersonName, Score};
use huiliu_vault::keys::Keys;
use serde::Serialize;

/// Scores with their exact total and grade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// Scores of 课程学习, 研修活动 and 应用成果, as far as they are given.
    pub components: [Option<Score>; 3],
    /// Numerator of the weighted total, in hundredths of a point.
    pub total_numerator: i64,
    /// Denominator of the weighted total; 0 if the result was given only in words.
    pub total_denominator: i64,
    /// Grade by today's rules; settlement computes it again.
    pub grade: Grade,
}

impl Assessment {
    /// Grades scores; `None` if the pack leaves out missing scores and none with a weight is there.
    fn from_scores(pack: &Pack, components: [Option<Score>; 3], total: WeightedTotal) -> Option<Self> {
        let total_numerator = i64::try_from(total.numerator()).unwrap_or(i64::MAX);
        let total_denominator = i64::try_from(total.denominator()).unwrap_or(i64::MAX);
        let assessed = Assessed {
            by_school: false,
            components: components.map(|c| c.map(Score::hundredths)),
            total: Some(Fraction { numerator: total_numerator, denominator: total_denominator }),
            grade: Grade::Fail,
        };
        let grade = ledger::grade_of(pack, &assessed)?;
        Some(Self { components, total_numerator, total_denominator, grade })
    }

    /// Makes an assessment from a result that was given only in words.
    #[must_use]
    pub fn from_words(grade: Grade) -> Self {
        Self { components: [None; 3], total_numerator: 0, total_denominator: 0, grade }
    }

    /// Returns the assessment in the form that the ledger uses.
    #[must_use]
    pub fn to_assessed(&self, by_school: bool) -> Assessed {
        Assessed {
            by_school,
            components: self.components.map(|c| c.map(Score::hundredths)),
            total: (self.total_denominator > 0)
                .then_some(Fraction { numerator: self.total_numerator, denominator: self.total_denominator }),
            grade: self.grade,
        }
    }
}

/// One record in the canonical schema.
#[derive(Debug, Clone)]
pub struct TrainingRecord<'a> {
    /// Batch that it belongs to.
    pub batch: i64,
    /// Position in the payload, from 0.
    pub index: u32,
    /// Address for people.
    pub address: String,
    /// Keyed hash of the fields that identify the record.
    pub record_key: [u8; 16],
    /// Orders versions of the same record.
    pub source_version: i64,
    /// Keyed digest of the canonical content.
    pub content_digest: [u8; 16],
    /// Type of record, from its stream.
    pub kind: Kind,
    /// The teacher's name.
    pub name: PersonName,
    /// The name in the form for comparison.
    pub name_folded: String,
    /// The teacher's ID number; `None` unless a valid one is given.
    pub id_number: Option<IdNumber>,
    /// Everything the record says about the person, if the stream accepts records without an ID number.
    pub told: Option<PersonDetails>,
    /// Keyed hash of name and ID number, or of everything in `told`.
    pub claim_key: [u8; 16],
    /// The draft; its texts that need no type of their own are stored.
    pub texts: Draft<'a>,
    /// First day, YYYY-MM-DD.
    pub period_start: Option<String>,
    /// Last day, YYYY-MM-DD.
    pub period_end: String,
    /// Hours in class-hour units.
    pub hours: Hours,
    /// The unit of the number that the source gave.
    pub hours_unit: &'static str,
    /// Whether the teacher passed.
    pub pass_state: PassState,
    /// Scores, if the stream has them.
    pub assessment: Option<Assessment>,
    /// Who assessed the teacher.
    pub assessor: Assessor,
    /// The grade, if it was given only in words.
    pub grade_in_words: Option<Grade>,
    /// Attendance in hundredths of a per cent.
    pub attendance: Option<i64>,
    /// `required` or `elective`.
    pub required: Option<&'static str>,
    /// `elementary`, `intermediate` or `advanced`.
    pub tier: Option<&'static str>,
    /// Canonical course, if the crosswalk contains the code.
    pub canonical_course: Option<&'a str>,
    /// The source's own name for the record, if it has one.
    pub record_name: Option<String>,
    /// The raw record, for its dead letter.
    pub raw: Cow<'a, str>,
}

impl TrainingRecord<'_> {
    /// Returns the record as a parked one with these problems. `keys` digest its raw text.
    #[must_use]
    pub fn to_parked(&self, keys: &Keys, problems: Vec<Problem>) -> Parked<'_> {
        Parked {
            batch: self.batch,
            index: self.index,
            address: self.address.clone(),
            record_name: self.record_name.clone(),
            dead_letter_key: self.record_key,
            source_version: Some(self.source_version),
            raw_digest: self.digest_raw(keys),
            raw: Cow::Borrowed(&self.raw),
            problems,
            sound_fields: None,
            id_number: self.id_number.clone(),
        }
    }

    /// Computes the keyed digest of the raw record.
    #[must_use]
    pub fn digest_raw(&self, keys: &Keys) -> [u8; 16] {
        digest_raw(keys, &self.raw)
    }

    /// Returns the result as it was given: scores, or a grade in words.
    #[must_use]
    pub fn stated_result(&self) -> Option<Assessment> {
        self.assessment.clone().or_else(|| self.grade_in_words.map(Assessment::from_words))
    }
}

pub(super) struct Check<'a> {
    pub(super) cx: Context<'a>,
    pub(super) problems: Vec<Problem>,
    /// Fields whose text stands for no value, and the text.
    pub(super) vacant: Vec<(Field, String)>,
}

impl Check<'_> {
    pub(super) fn add_problem(&mut self, field: Field, code: &str, seen: &str, expected: &impl Serialize) {
        // The reason why the field is unreliable is listed already.
        if code == "missing" && self.problems.iter().any(|p| p.code.starts_with(&format!("{}.", field.code()))) {
            return;
        }
        if code == "missing"
            && let Some(at) = self.vacant.iter().position(|(of, _)| *of == field)
        {
            let (_, seen) = self.vacant.swap_remove(at);
            return self.add_problem(field, "placeholder", &seen, &Expected::RealValue);
        }
        let code = format!("{}.{code}", field.code());
        // A malformed ID number may not look like a number at all, so it is masked as a whole.
        let is_id = matches!(field, Field::IdNumber | Field::FormerIdNumber);
        let masked = if is_id { mask_middle(seen) } else { seen.to_owned() };
        self.problems.push(Problem::new(code, raw_field(self.cx, field.code()), &masked, expected));
    }

    fn parse_score(&mut self, field: Field, text: Option<&str>) -> Option<Score> {
        let text = text.unwrap_or_default();
        Score::parse(text).map_err(|fault| self.add_problem(field, fault.code(), text, &fault)).ok()
    }

    pub(super) fn parse_day(&mut self, field: Field, text: Option<&str>) -> Option<NaiveDate> {
        let text = text.unwrap_or_default();
        parse_date(text).map_err(|fault| self.add_problem(field, fault.code(), text, &fault)).ok()
    }

    pub(super) fn add_doubts(&mut self, draft: &Draft<'_>) {
        self.vacant.clone_from(&draft.vacant);
        let any = is_known_by_any(self.cx);
        let counts = |field: Field, doubt: &Doubt| !any || field != Field::IdNumber || doubt.code == "ditto";
        for (field, doubt) in draft.doubts.iter().filter(|(field, doubt)| counts(*field, doubt)) {
            self.add_problem(*field, doubt.code, &doubt.seen, &doubt.expected);
        }
    }

    pub(super) fn parse_id_number(&mut self, draft: &Draft<'_>) -> Option<IdNumber> {
        if draft.is_doubtful(Field::IdNumber) {
            return None;
        }
        let text = draft.id_number.as_deref().unwrap_or_default();
        let parsed = IdNumber::parse(text).ok();
        if parsed.is_none() {
            for fault in IdNumber::list_errors(text) {
                self.add_problem(Field::IdNumber, fault.code(), text, &fault);
            }
        }
        parsed
    }

    pub(super) fn parse_name(&mut self, draft: &Draft<'_>) -> Option<PersonName> {
        let text = draft.name.as_deref().unwrap_or_default();
        let read = draft.name_fault.clone().map_or_else(|| PersonName::parse(text), Err);
        read.map_err(|fault| self.add_problem(Field::Name, fault.code(), text, &fault)).ok()
    }

    /// Rejects the rows and ID numbers that forms give as examples.
    pub(super) fn reject_examples(&mut self, raw: &RawRecord<'_>, draft: &Draft<'_>) {
        let (id_number, name) = (draft.id_number.as_deref(), draft.name.as_deref());
        if let Some(text) = id_number.filter(|text| is_example_number(text, name.unwrap_or_default())) {
            self.add_problem(Field::IdNumber, "example", text, &IdNumberError::Example);
        }
        if is_example_row(raw) {
            self.problems.push(Problem::new("row.example".into(), "row", &raw.raw, &Expected::RealRow));
        }
    }

    /// Rejects the rows that sum up the hours of a person's other rows.
    fn reject_sums(&mut self, raw: &RawRecord<'_>, draft: &Draft<'_>) {
        let courses = [draft.course_code.as_deref(), draft.course_title.as_deref()];
        if courses.into_iter().flatten().any(is_sum) {
            self.problems.push(Problem::new("row.sum".into(), "row", &raw.raw, &Expected::OneTraining));
        }
    }

    /// Returns the rule pack in force on the last day of training, or the nearest one.
    pub(super) fn nearest_pack(&self, day: Option<NaiveDate>) -> Option<&Pack> {
        self.cx.policy.nearest_pack(day.unwrap_or(NaiveDate::MAX))
    }

    fn parse_period(&mut self, draft: &Draft<'_>) -> Option<(Option<NaiveDate>, NaiveDate)> {
        let start = draft.period_start.as_deref().map(|text| self.parse_day(Field::PeriodStart, Some(text)));
        let end = self.parse_day(Field::PeriodEnd, draft.period_end.as_deref());
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

    fn assess_components(&mut self, draft: &Draft<'_>, day: Option<NaiveDate>) -> Option<Assessment> {
        // A missing score is a problem only if the pack says to wait for it.
        let waits = self.nearest_pack(day).is_none_or(|pack| pack.missing_component == MissingComponent::Wait);
        let mut told = |field, text: Option<&str>| {
            if text.is_none_or(|t| t.trim().is_empty()) && !waits {
                Some(None)
            } else {
                self.parse_score(field, text).map(Some)
            }
        };
        let learning = told(Field::ScoreLearning, draft.score_learning.as_deref());
        let activity = told(Field::ScoreActivity, draft.score_activity.as_deref());
        let artefact = told(Field::ScoreArtefact, draft.score_artefact.as_deref());
        let components = [learning?, activity?, artefact?];
        let pack = self.nearest_pack(day)?;
        // No score is no assessment. Without this, a total of zero would be a fail.
        if components == [None; 3] && pack.missing_component == MissingComponent::Renormalise {
            return None;
        }
        let [learning, activity, artefact] = components.map(Option::unwrap_or_default);
        Assessment::from_scores(pack, components, pack.weights.weighted_total(learning, activity, artefact))
    }

    fn assess_total(&mut self, draft: &Draft<'_>, day: Option<NaiveDate>) -> Option<Assessment> {
        let total = self.parse_score(Field::ScoreTotal, draft.score_total.as_deref())?;
        Assessment::from_scores(self.nearest_pack(day)?, [None; 3], total.into())
    }

    /// Parses the attendance, if it is given.
    fn parse_attendance(&mut self, draft: &Draft<'_>) -> Option<i64> {
        let text = draft.attendance.as_deref().filter(|text| !text.trim().is_empty())?;
        self.parse_score(Field::Attendance, Some(text)).map(|percent| percent.hundredths().into())
    }

    /// Parses a result that is given only in words.
    fn parse_result(&mut self, draft: &Draft<'_>, day: Option<NaiveDate>) -> Option<Grade> {
        let text = draft.result.as_deref().unwrap_or_default();
        let all = [Grade::Excellent, Grade::Pass, Grade::Fail];
        let plain = all.into_iter().find(|grade| grade.as_str() == text.trim());
        let in_words = || {
            let pack = self.nearest_pack(day)?;
            let by_school = self.cx.stream.assessor == Assessor::School;
            let words = if by_school { &pack.school_words } else { &pack.institution_words };
            words.get(text.trim()).copied()
        };
        let grade = plain.or_else(in_words);
        if grade.is_none() && !draft.is_doubtful(Field::Result) {
            let code = if text.is_empty() { "missing" } else { "value" };
            self.add_problem(Field::Result, code, text, &Expected::Result);
        }
        grade
    }

    /// Parses whether a course is required or elective, in the words that platforms use.
    fn parse_required(&mut self, draft: &Draft<'_>) -> Option<&'static str> {
        let text = draft.required.as_deref()?.trim();
        match text {
            "必修" | "required" | "1" => Some("required"),
            "选修" | "elective" | "0" => Some("elective"),
            _ => {
                self.add_problem(Field::Required, "value", text, &Expected::Required);
                None
            }
        }
    }

    /// Parses the tier of the course, in the words that platforms use.
    fn parse_tier(&mut self, draft: &Draft<'_>) -> Option<&'static str> {
        let text = draft.tier.as_deref()?.trim();
        match text.trim_end_matches(['级', '班']) {
            "初" => Some("elementary"),
            "中" => Some("intermediate"),
            "高" => Some("advanced"),
            _ => {
                self.add_problem(Field::Tier, "value", text, &Expected::Tier);
                None
            }
        }
    }

    /// Checks the codes of the national sheet.
    fn check_codes(&mut self, draft: &Draft<'_>) {
        for (field, text, allowed) in [
            (Field::DeliveryCode, &draft.delivery_code, ["1", "2", "3", "4", "9"].as_slice()),
            (Field::CategoryCode, &draft.category_code, &["10", "20", "30", "40", "60", "99"]),
        ] {
            if let Some(text) = text.as_deref()
                && !allowed.contains(&text)
            {
                let values = allowed.iter().map(|code| (*code).to_owned()).collect();
                self.add_problem(field, "value", text, &Expected::OneOf { values });
            }
        }
    }

    /// Checks the texts that only some kinds of streams have: their length, and that they contain no NUL.
    pub(super) fn check_bounded_texts(&mut self, draft: &Draft<'_>) {
        for (field, text, most) in draft.roster.bounded_texts() {
            if text.chars().count() > most {
                self.add_problem(field, "length", text, &Expected::MaxCharacters { max: most as u64 });
            } else if text.contains('\0') {
                let seen = text.replace('\0', "\u{2400}");
                self.add_problem(field, "character", &seen, &Expected::NoControlCharacters);
            }
        }
    }

    /// Rejects texts that contain a NUL, which no database stores and nobody types.
    pub(super) fn reject_nul(&mut self, draft: &Draft<'_>) {
        for (field, text) in draft.stored_texts() {
            if text.contains('\0') {
                self.add_problem(field, "character", &text.replace('\0', "\u{2400}"), &Expected::NoControlCharacters);
            }
        }
    }

    pub(super) fn check_record_key(&mut self, record_key: Option<[u8; 16]>) {
        // A key field with a problem of its own already has its reason.
        let explained = self.problems.iter().any(|p| self.cx.stream.record_key.contains(&p.source_field));
        if record_key.is_none() && !explained {
            let fields = self.cx.stream.record_key.join(", ");
            self.problems.push(Problem::new("record_key.missing".into(), &fields, "", &Expected::RecordKey));
        }
    }
}

/// Masks every character except the first two and the last; keeps the length.
pub(super) fn mask_middle(text: &str) -> String {
    let n = text.chars().count();
    text.chars().enumerate().map(|(i, c)| if i < 2 || i + 1 == n { c } else { '*' }).collect()
}

/// Builds a training record from a draft.
///
/// # Errors
/// Returns all problems of the draft at once, sorted by code.
pub fn from_draft<'a>(
    cx: Context<'a>,
    raw: &RawRecord<'a>,
    mut draft: Draft<'a>,
    identity: Identity,
) -> Result<TrainingRecord<'a>, Vec<Problem>> {
    if let Some(why) = &raw.broken {
        let expected = Expected::Readable { why: why.clone() };
        return Err(vec![Problem::new(why.reason_code().into(), "record", &raw.raw, &expected)]);
    }
    if cx.stream.kind == Kind::Assessment {
        draft.hours.get_or_insert(Cow::Borrowed("0"));
        draft.course_code.get_or_insert(Cow::Borrowed("-"));
    }
    let mut check = Check { cx, problems: draft.length_problems(cx), vacant: vec![] };
    check.add_doubts(&draft);
    check.reject_examples(raw, &draft);
    check.reject_sums(raw, &draft);
    let any = is_known_by_any(cx);
    let id_number = if any { certain_id_number(&draft) } else { check.parse_id_number(&draft) };
    let name = check.parse_name(&draft);
    check.check_bounded_texts(&draft);
    if draft.course_code.is_none() {
        check.add_problem(Field::CourseCode, "missing", "", &Expected::CourseCode);
    }
    check.check_codes(&draft);
    check.reject_nul(&draft);
    let required = check.parse_required(&draft);
    let tier = check.parse_tier(&draft);
    let period = check.parse_period(&draft);
    let day = period.map(|(_, end)| end);
    let hours = check.convert_hours(&mut draft, day);
    let attendance = check.parse_attendance(&draft);
    let (assessment, result) = match pass_rule(cx) {
        PassRule::Scores => (check.assess_components(&draft, day), None),
        PassRule::Total => (check.assess_total(&draft, day), None),
        PassRule::Result => (None, check.parse_result(&draft, day)),
        PassRule::NotAssessed | PassRule::Pending => (None, None),
    };
    let source_version = identity.source_version.map_err(|p| check.problems.push(p)).ok();
    check.check_record_key(identity.record_key);
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
    let name_folded = name.fold_for_comparison();
    let told = any.then(|| collect_person_details(&draft));
    let number = id_number.as_ref().map_or("", IdNumber::reveal);
    let claim_key = match &told {
        Some(told) => compute_details_key(cx, told),
        None => cx.keys.short_digest(&[b"claim", name_folded.as_bytes(), number.as_bytes()]),
    };
    let course = draft.course_code.as_deref().unwrap_or_default().trim();
    let mut record = TrainingRecord {
        batch: cx.batch,
        index: raw.index,
        address: raw.format_address(cx.address),
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
        hours: hours.hours,
        hours_unit: hours.unit,
        pass_state: decide_pass_state(cx, assessment.as_ref().map(|a| a.grade).or(result)),
        assessment,
        assessor: cx.stream.assessor,
        grade_in_words: result,
        attendance,
        record_name: draft.record_name.as_deref().map(redact_text),
        raw: raw.raw.clone(),
        texts: draft,
    };
    record.content_digest = compute_content_digest(cx, &record);
    Ok(record)
}

/// Returns the rule that decides whether the teacher passed. Every stream of training has one; `NotAssessed` is only a
/// fallback.
fn pass_rule(cx: Context<'_>) -> PassRule {
    cx.stream.pass.unwrap_or(PassRule::NotAssessed)
}

fn decide_pass_state(cx: Context<'_>, grade: Option<Grade>) -> PassState {
    match pass_rule(cx) {
        PassRule::NotAssessed => PassState::NotAssessed,
        PassRule::Pending => PassState::Pending,
        PassRule::Scores | PassRule::Total | PassRule::Result => match grade {
            Some(Grade::Fail) => PassState::Failed,
            Some(_) => PassState::Passed,
            // Scores that cannot be read are problems. Here there are none to grade.
            None => PassState::NotAssessed,
        },
    }
}

/// Digests all stored content of the record except its lineage.
fn compute_content_digest(cx: Context<'_>, record: &TrainingRecord<'_>) -> [u8; 16] {
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
        text_bytes(&t.school_code),
        text_bytes(&t.project_code),
        text_bytes(&t.project_title),
        text_bytes(&t.category_code),
        text_bytes(&t.course_code),
        text_bytes(&t.course_title),
        text_bytes(&t.role),
        text_bytes(&t.mode),
        text_bytes(&t.delivery_code),
        record.required.unwrap_or_default().as_bytes(),
        text_bytes(&t.place),
        text_bytes(&t.hours),
        text_bytes(&t.certificate_number),
        record.period_start.as_deref().unwrap_or_default().as_bytes(),
        record.period_end.as_bytes(),
        &units,
        record.pass_state.as_str().as_bytes(),
        &scores,
        record.canonical_course.unwrap_or_default().as_bytes(),
    ];
    // These parts were added later. A record without them keeps the digest that it always had.
    parts.extend(record.tier.map(str::as_bytes));
    let only_total = record.assessment.as_ref().filter(|a| a.components == [None; 3]);
    let total = only_total.map(|a| a.total_numerator.to_be_bytes());
    parts.extend(total.as_ref().map(<[u8; 8]>::as_slice));
    parts.extend(record.grade_in_words.map(|grade| grade.as_str().as_bytes()));
    let attendance = record.attendance.map(i64::to_be_bytes);
    parts.extend(attendance.as_ref().map(<[u8; 8]>::as_slice));
    parts.extend(Some(record.hours_unit.as_bytes()).filter(|_| record.hours_unit != cx.stream.hours_unit()));
    cx.keys.short_digest(&parts)
}

fn text_bytes<'t>(of: &'t Option<std::borrow::Cow<'_, str>>) -> &'t [u8] {
    of.as_deref().unwrap_or_default().as_bytes()
}
