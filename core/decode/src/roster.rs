//! Roster rows (teachers, schools and memberships), built only from a clean draft. The ID number determines sex and
//! birth date; a row that gives them as well must agree with it.

use std::borrow::Cow;

use chrono::NaiveDate;

use crate::decode::RawRecord;
use crate::draft::{Draft, redact_text};
use crate::identity::Identity;
use crate::problem::{Expected, Problem};
use crate::record::Check;
use crate::{Context, Parked};
use huiliu_manifest::{Field, Kind, VersionFrom};
use huiliu_rules::roster::regions::is_region_code;
use huiliu_rules::roster::school;
use huiliu_values::date::parse_date;
use huiliu_values::id_number::Sex;
use huiliu_values::{IdNumber, PersonName};

/// A roster row after all stages.
#[derive(Debug, Clone)]
pub struct RosterRow<'a> {
    /// Batch that it belongs to.
    pub batch: i64,
    /// Position in the payload, from 0.
    pub index: u32,
    /// Address for people.
    pub address: String,
    /// The source's own name for the record.
    pub record_name: Option<String>,
    /// Keyed hash of the fields that identify the record according to the manifest.
    pub record_key: [u8; 16],
    /// Digest of the record key and what the row is about. One person in two schools is two rows, and so is a school
    /// under two names, so that the earlier row stays when the later one comes.
    pub row_key: [u8; 16],
    /// Orders versions of the same record.
    pub source_version: i64,
    /// Keyed digest of the row's content.
    pub content_digest: [u8; 16],
    /// Keyed digest of the raw bytes.
    pub raw_digest: [u8; 16],
    /// The row's text as received.
    pub raw: Cow<'a, str>,
    /// Day from which the row's statement holds, if the row or its file gives one.
    pub as_of: Option<NaiveDate>,
    /// The row's statement.
    pub content: Content,
    /// The draft that the row was built from.
    pub texts: Draft<'a>,
}

/// The statement of a roster row.
#[derive(Debug, Clone)]
pub enum Content {
    /// A teacher, with school and period.
    Teacher(Box<Person>, SchoolMembership),
    /// A school with its code, name and division.
    School(School),
    /// The school and period of a person.
    Membership {
        /// The source's own id of the person.
        person: String,
        /// The school and period.
        post: SchoolMembership,
    },
}

/// The identity of a teacher.
#[derive(Debug, Clone)]
pub struct Person {
    /// The source's own id of the teacher.
    pub teacher_ref: Option<String>,
    /// ID number; sex and birth date are derived from it.
    pub id_number: IdNumber,
    /// Previous ID number.
    pub former_id_number: Option<IdNumber>,
    /// Current name.
    pub name: PersonName,
    /// Previous name.
    pub former_name: Option<PersonName>,
    /// Number that the education authority gave the teacher.
    pub teacher_number: Option<String>,
    /// Phone number, as the source writes it.
    pub phone: Option<String>,
}

/// How a row identifies a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchoolIdentifier {
    /// By its school code.
    Code(String),
    /// By the source's own id of the school.
    Ref(String),
}

/// A membership: the school and the period.
#[derive(Debug, Clone, Default)]
pub struct SchoolMembership {
    /// The school; `None` in a stream that maps no school.
    pub school: Option<SchoolIdentifier>,
    /// First day of the membership.
    pub from: Option<NaiveDate>,
    /// Last day of the membership.
    pub to: Option<NaiveDate>,
    /// Whether the membership has ended without a known last day.
    pub ended: bool,
    /// Position at the school.
    pub position: Option<String>,
    /// Stage of teaching.
    pub stage: Option<String>,
}

/// What a row says about a school.
#[derive(Debug, Clone)]
pub struct School {
    /// School code.
    pub code: String,
    /// The source's own id of the school.
    pub school_ref: Option<String>,
    /// School name.
    pub name: String,
    /// Code of the administrative division.
    pub region_code: Option<String>,
    /// First day on which name and division are valid.
    pub from: Option<NaiveDate>,
    /// Last day on which name and division are valid.
    pub to: Option<NaiveDate>,
    /// Code of the school that replaced it.
    pub successor_code: Option<String>,
}

impl RosterRow<'_> {
    /// Returns the row as a parked record with these problems.
    #[must_use]
    pub fn to_parked(&self, problems: Vec<Problem>) -> Parked<'_> {
        Parked {
            batch: self.batch,
            index: self.index,
            address: self.address.clone(),
            record_name: self.record_name.clone(),
            dead_letter_key: self.record_key,
            source_version: Some(self.source_version),
            raw_digest: self.raw_digest,
            raw: Cow::Borrowed(&self.raw),
            problems,
            sound_fields: None,
            id_number: match &self.content {
                Content::Teacher(person, _) => Some(person.id_number.clone()),
                Content::School(_) | Content::Membership { .. } => None,
            },
        }
    }

    /// Returns the membership in this row; `None` for a school.
    #[must_use]
    pub fn post(&self) -> Option<&SchoolMembership> {
        match &self.content {
            Content::Teacher(_, post) | Content::Membership { post, .. } => Some(post),
            Content::School(_) => None,
        }
    }
}

impl Check<'_> {
    fn parse_optional_day(&mut self, field: Field, text: Option<&str>) -> Option<NaiveDate> {
        text.and_then(|text| self.parse_day(field, Some(text)))
    }

    fn parse_span(&mut self, draft: &Draft<'_>, from: Field, to: Field) -> (Option<NaiveDate>, Option<NaiveDate>) {
        let text = |field| match field {
            Field::MemberFrom => draft.roster.member_from.as_deref(),
            Field::MemberTo => draft.roster.member_to.as_deref(),
            Field::ValidFrom => draft.roster.valid_from.as_deref(),
            _ => draft.roster.valid_to.as_deref(),
        };
        let (first, last) = (self.parse_optional_day(from, text(from)), self.parse_optional_day(to, text(to)));
        if let (Some(first), Some(last)) = (first, last)
            && first > last
        {
            self.add_problem(to, "order", &format!("{first} … {last}"), &Expected::DaysInOrder);
        }
        (first, last)
    }

    fn parse_school_code(&mut self, field: Field, text: &str) -> Option<String> {
        school::parse_code(text).map_err(|fault| self.add_problem(field, fault.code(), text, &fault)).ok()
    }

    /// Checks that the row's own sex and birth date agree with the ID number.
    fn check_against_id_number(&mut self, draft: &Draft<'_>, id: &IdNumber) {
        if let Some(text) = draft.roster.sex.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            match parse_sex(text) {
                None => self.add_problem(Field::Sex, "value", text, &Expected::Sex),
                Some(sex) if sex != id.sex() => {
                    self.add_problem(Field::Sex, "differs", text, &Expected::SexOfIdNumber);
                }
                Some(_) => {}
            }
        }
        let birth = self.parse_optional_day(Field::BirthDate, draft.roster.birth_date.as_deref());
        if let Some(birth) = birth.filter(|birth| *birth != id.birth_date()) {
            // Not the number's own date: whoever reads the letter may see only one of the two.
            self.add_problem(Field::BirthDate, "differs", &birth.to_string(), &Expected::BirthDateOfIdNumber);
        }
    }

    fn build_person(&mut self, draft: &Draft<'_>) -> Option<Person> {
        let (id_number, name) = (self.parse_id_number(draft), self.parse_name(draft));
        let birth_date = draft.roster.birth_date.as_deref();
        match &id_number {
            Some(id) => self.check_against_id_number(draft, id),
            None => self.parse_optional_day(Field::BirthDate, birth_date).map_or((), |_| ()),
        }
        let former = draft.roster.former_name.as_deref().filter(|text| !text.trim().is_empty());
        let former_name = former.and_then(|text| {
            PersonName::parse(text)
                .map_err(|fault| self.add_problem(Field::FormerName, fault.code(), text, &fault))
                .ok()
        });
        let before = draft.roster.former_id_number.as_deref().filter(|text| !text.trim().is_empty());
        let former_id_number = before.and_then(|text| {
            IdNumber::parse(text)
                .map_err(|fault| self.add_problem(Field::FormerIdNumber, fault.code(), text, &fault))
                .ok()
        });
        Some(Person {
            teacher_ref: owned_text(&draft.roster.teacher_ref),
            id_number: id_number?,
            former_id_number,
            name: name?,
            former_name,
            teacher_number: owned_text(&draft.roster.teacher_number),
            phone: owned_text(&draft.roster.phone),
        })
    }

    fn build_post(&mut self, draft: &Draft<'_>) -> SchoolMembership {
        let (from, to) = self.parse_span(draft, Field::MemberFrom, Field::MemberTo);
        let map = &self.cx.stream.map;
        let school = match (draft.school_code.as_deref(), owned_text(&draft.roster.school_ref)) {
            (Some(code), _) => self.parse_school_code(Field::SchoolCode, code).map(SchoolIdentifier::Code),
            (None, Some(own)) => Some(SchoolIdentifier::Ref(own)),
            (None, None) => {
                let by = [Field::SchoolCode, Field::SchoolRef].into_iter().find(|field| map.contains_key(field));
                if let Some(field) = by {
                    self.add_problem(field, "missing", "", &Expected::SchoolOfTeacher);
                }
                None
            }
        };
        let ended = match draft.roster.active.as_deref().map(str::trim) {
            None | Some("" | "true") => false,
            Some("false") => true,
            Some(text) => {
                self.add_problem(Field::Active, "value", text, &Expected::TrueOrFalse);
                false
            }
        };
        SchoolMembership {
            school,
            from,
            to,
            ended,
            position: owned_text(&draft.roster.position),
            stage: owned_text(&draft.roster.stage),
        }
    }

    fn build_school(&mut self, draft: &Draft<'_>) -> Option<School> {
        let code = self.parse_school_code(Field::SchoolCode, draft.school_code.as_deref().unwrap_or_default());
        let (from, to) = self.parse_span(draft, Field::ValidFrom, Field::ValidTo);
        let region_code = owned_text(&draft.roster.region_code);
        if let Some(region) = region_code.as_deref().filter(|code| !is_region_code(code)) {
            self.add_problem(Field::RegionCode, "area", region, &Expected::DivisionCode);
        }
        let successor = draft.roster.successor_code.as_deref().filter(|text| !text.trim().is_empty());
        let successor_code = successor.and_then(|text| self.parse_school_code(Field::SuccessorCode, text));
        let name = owned_text(&draft.roster.school_name);
        if name.is_none() {
            self.add_problem(Field::SchoolName, "missing", "", &Expected::SchoolName);
        }
        Some(School {
            code: code?,
            school_ref: owned_text(&draft.roster.school_ref),
            name: name?,
            region_code,
            from,
            to,
            successor_code,
        })
    }

    fn build_content(&mut self, draft: &Draft<'_>) -> Option<Content> {
        match self.cx.stream.kind {
            Kind::School => self.build_school(draft).map(Content::School),
            Kind::Membership => {
                let person = owned_text(&draft.roster.teacher_ref);
                if person.is_none() {
                    self.add_problem(Field::TeacherRef, "missing", "", &Expected::PersonId);
                }
                let post = self.build_post(draft);
                Some(Content::Membership { person: person?, post })
            }
            _ => {
                let (person, post) = (self.build_person(draft), self.build_post(draft));
                Some(Content::Teacher(Box::new(person?), post))
            }
        }
    }
}

/// Builds a roster row from a draft.
///
/// # Errors
/// Returns all problems of the draft at once, sorted by code.
pub fn from_draft<'a>(
    cx: Context<'a>,
    raw: &RawRecord<'a>,
    draft: Draft<'a>,
    identity: Identity,
) -> Result<RosterRow<'a>, Vec<Problem>> {
    if let Some(why) = &raw.broken {
        let expected = Expected::Readable { why: why.clone() };
        return Err(vec![Problem::new(why.reason_code().into(), "record", &raw.raw, &expected)]);
    }
    let mut check = Check { cx, problems: draft.length_problems(cx), vacant: vec![] };
    check.add_doubts(&draft);
    check.reject_examples(raw, &draft);
    check.check_bounded_texts(&draft);
    check.reject_nul(&draft);
    let content = check.build_content(&draft);
    let as_of = check.parse_optional_day(Field::AsOf, draft.roster.as_of.as_deref());
    let source_version = identity.source_version.map_err(|problem| check.problems.push(problem)).ok();
    check.check_record_key(identity.record_key);
    let mut problems = check.problems;
    problems.sort_by(|a, b| a.code.cmp(&b.code));
    let (Some(content), Some(record_key), Some(source_version), []) =
        (content, identity.record_key, source_version, problems.as_slice())
    else {
        return Err(problems);
    };
    let of_file = matches!(cx.stream.version, VersionFrom::FileDate {}).then_some(source_version);
    let as_of = as_of.or_else(|| of_file.and_then(|day| parse_date(&day.to_string()).ok()));
    Ok(RosterRow {
        batch: cx.batch,
        index: raw.index,
        address: raw.format_address(cx.address),
        record_name: draft.record_name.as_deref().map(redact_text),
        record_key,
        row_key: compute_row_key(cx, &record_key, &content),
        source_version,
        content_digest: compute_content_digest(cx, &content),
        raw_digest: cx.keys.short_digest(&[b"raw", raw.raw.as_bytes()]),
        raw: raw.raw.clone(),
        as_of,
        content,
        texts: draft,
    })
}

fn compute_row_key(cx: Context<'_>, record_key: &[u8; 16], content: &Content) -> [u8; 16] {
    let (first, second) = match content {
        Content::Teacher(_, post) | Content::Membership { post, .. } => match &post.school {
            Some(SchoolIdentifier::Code(code)) => (code.as_str(), "code"),
            Some(SchoolIdentifier::Ref(own)) => (own.as_str(), "ref"),
            None => ("", ""),
        },
        Content::School(school) => (school.name.as_str(), school.region_code.as_deref().unwrap_or_default()),
    };
    cx.keys.short_digest(&[b"roster", record_key, first.as_bytes(), second.as_bytes()])
}

/// Digests all stored content of the row except its lineage.
fn compute_content_digest(cx: Context<'_>, content: &Content) -> [u8; 16] {
    let day = |day: Option<NaiveDate>| day.map_or_else(String::new, |day| day.to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut parts: Vec<String> = vec![];
    if let Content::Teacher(_, post) | Content::Membership { post, .. } = content {
        let school = match &post.school {
            Some(SchoolIdentifier::Code(code)) => format!("code {code}"),
            Some(SchoolIdentifier::Ref(own)) => format!("ref {own}"),
            None => String::new(),
        };
        parts.extend([
            school,
            day(post.from),
            day(post.to),
            post.ended.to_string(),
            text(&post.position),
            text(&post.stage),
        ]);
    }
    match content {
        Content::Teacher(person, _) => {
            let id = |id: &IdNumber| id.reveal().to_owned();
            let name = |name: &PersonName| name.display().to_owned();
            parts.extend([
                id(&person.id_number),
                name(&person.name),
                text(&person.teacher_ref),
                text(&person.teacher_number),
            ]);
            parts.extend([text(&person.phone), person.former_name.as_ref().map(name).unwrap_or_default()]);
            parts.extend(person.former_id_number.as_ref().map(id));
        }
        Content::Membership { person, .. } => parts.push(person.clone()),
        Content::School(school) => {
            parts.extend([
                school.code.clone(),
                school.name.clone(),
                text(&school.region_code),
                text(&school.school_ref),
            ]);
            parts.extend([day(school.from), day(school.to), text(&school.successor_code)]);
        }
    }
    let mut bytes: Vec<&[u8]> = vec![b"roster content"];
    bytes.extend(parts.iter().map(String::as_bytes));
    cx.keys.short_digest(&bytes)
}

fn owned_text(text: &Option<Cow<'_, str>>) -> Option<String> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn parse_sex(text: &str) -> Option<Sex> {
    match text {
        "男" | "男性" | "1" | "male" | "M" => Some(Sex::Male),
        "女" | "女性" | "2" | "female" | "F" => Some(Sex::Female),
        _ => None,
    }
}
