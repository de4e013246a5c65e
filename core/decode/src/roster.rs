//! Rows of a roster: teachers, schools and memberships, built only from a clean draft. Sex and birth date are said once: by
//! the ID number, with which a row that gives them itself must agree.

use std::borrow::Cow;

use chrono::NaiveDate;

use crate::decode::RawRecord;
use crate::draft::{Draft, redacted};
use crate::identity::Identity;
use crate::problem::{Expected, Problem};
use crate::record::Check;
use crate::{Context, Parked};
use huiliu_manifest::{Field, Kind, VersionFrom};
use huiliu_rules::roster::regions::is_code;
use huiliu_rules::roster::school;
use huiliu_values::date::parse_date;
use huiliu_values::id_number::Sex;
use huiliu_values::{IdNumber, PersonName};

/// A row of a roster after all stages.
#[derive(Debug, Clone)]
pub struct RosterRow<'a> {
    /// Position in the payload, from 0.
    pub index: u32,
    /// Address for people.
    pub address: String,
    /// The source's own name of the record.
    pub record_name: Option<String>,
    /// Keyed hash of the fields that make it the same record, as the manifest says.
    pub record_key: [u8; 16],
    /// The record key with what the row is about: one person in two schools is two rows, and a school under two names, so
    /// that the earlier stays when the later comes.
    pub row_key: [u8; 16],
    /// Orders versions of the same record.
    pub source_version: i64,
    /// Keyed digest of the content.
    pub content_digest: [u8; 16],
    /// Keyed digest of the raw bytes.
    pub raw_digest: [u8; 16],
    /// As received.
    pub raw: Cow<'a, str>,
    /// Day from which it says so, where the row or its file tells one.
    pub as_of: Option<NaiveDate>,
    /// What it says.
    pub content: Content,
}

/// What a row says.
#[derive(Debug, Clone)]
pub enum Content {
    /// A teacher, and where.
    Teacher(Box<Person>, Post),
    /// A school.
    School(School),
    /// Where the person of this id of the source is.
    Membership(String, Post),
}

/// Who somebody is.
#[derive(Debug, Clone)]
pub struct Person {
    /// The source's own id.
    pub teacher_ref: Option<String>,
    /// ID number; it tells sex and birth date.
    pub id_number: IdNumber,
    /// The number before it.
    pub former_id_number: Option<IdNumber>,
    /// Name.
    pub name: PersonName,
    /// A name before it.
    pub former_name: Option<PersonName>,
    /// Teacher number.
    pub teacher_number: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
}

/// How a row names a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By its code.
    Code(String),
    /// By the source's own id of it.
    Ref(String),
}

/// Where somebody is, and from when to when.
#[derive(Debug, Clone, Default)]
pub struct Post {
    /// The school; none in a stream that maps none.
    pub school: Option<Named>,
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
    /// Whether it has ended without a day being told.
    pub ended: bool,
    /// Position.
    pub position: Option<String>,
    /// Stage of teaching.
    pub stage: Option<String>,
}

/// What is told of a school.
#[derive(Debug, Clone)]
pub struct School {
    /// Its code.
    pub code: String,
    /// The source's own id.
    pub school_ref: Option<String>,
    /// Name.
    pub name: String,
    /// Division.
    pub region_code: Option<String>,
    /// First day of name and division.
    pub from: Option<NaiveDate>,
    /// Last day of them.
    pub to: Option<NaiveDate>,
    /// The school that took its place.
    pub successor_code: Option<String>,
}

impl RosterRow<'_> {
    /// It as a dead letter.
    #[must_use]
    pub fn parked(&self, problems: Vec<Problem>) -> Parked<'_> {
        Parked {
            index: self.index,
            address: self.address.clone(),
            record_name: self.record_name.clone(),
            letter_key: self.record_key,
            source_version: Some(self.source_version),
            raw_digest: self.raw_digest,
            raw: Cow::Borrowed(&self.raw),
            problems,
        }
    }

    /// Where it says that somebody is.
    #[must_use]
    pub fn post(&self) -> Option<&Post> {
        match &self.content {
            Content::Teacher(_, post) | Content::Membership(_, post) => Some(post),
            Content::School(_) => None,
        }
    }
}

impl Check<'_> {
    fn optional_day(&mut self, field: Field, text: Option<&str>) -> Option<NaiveDate> {
        text.and_then(|text| self.day(field, Some(text)))
    }

    fn span(&mut self, draft: &Draft<'_>, from: Field, to: Field) -> (Option<NaiveDate>, Option<NaiveDate>) {
        let text = |field| match field {
            Field::MemberFrom => draft.roster.member_from.as_deref(),
            Field::MemberTo => draft.roster.member_to.as_deref(),
            Field::ValidFrom => draft.roster.valid_from.as_deref(),
            _ => draft.roster.valid_to.as_deref(),
        };
        let (first, last) = (self.optional_day(from, text(from)), self.optional_day(to, text(to)));
        if let (Some(first), Some(last)) = (first, last)
            && first > last
        {
            self.fault(to, "order", &format!("{first} … {last}"), &Expected::DaysInOrder);
        }
        (first, last)
    }

    fn school_code(&mut self, field: Field, text: &str) -> Option<String> {
        school::parse_code(text).map_err(|fault| self.fault(field, fault.code(), text, &fault)).ok()
    }

    /// What the row says itself of what the ID number says must be the same.
    fn said_once(&mut self, draft: &Draft<'_>, id: &IdNumber) {
        if let Some(text) = draft.roster.sex.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            match sex(text) {
                None => self.fault(Field::Sex, "value", text, &Expected::Sex),
                Some(sex) if sex != id.sex() => {
                    self.fault(Field::Sex, "differs", text, &Expected::SexOfIdNumber);
                }
                Some(_) => {}
            }
        }
        let birth = self.optional_day(Field::BirthDate, draft.roster.birth_date.as_deref());
        if let Some(birth) = birth.filter(|birth| *birth != id.birth_date()) {
            // Not the number's own date: whoever reads the letter may see only one of the two.
            self.fault(Field::BirthDate, "differs", &birth.to_string(), &Expected::BirthDateOfIdNumber);
        }
    }

    fn person(&mut self, draft: &Draft<'_>) -> Option<Person> {
        let (id_number, name) = (self.id_number(draft), self.name(draft));
        let birth_date = draft.roster.birth_date.as_deref();
        match &id_number {
            Some(id) => self.said_once(draft, id),
            None => self.optional_day(Field::BirthDate, birth_date).map_or((), |_| ()),
        }
        let former = draft.roster.former_name.as_deref().filter(|text| !text.trim().is_empty());
        let former_name = former.and_then(|text| {
            PersonName::parse(text).map_err(|fault| self.fault(Field::FormerName, fault.code(), text, &fault)).ok()
        });
        let before = draft.roster.former_id_number.as_deref().filter(|text| !text.trim().is_empty());
        let former_id_number = before.and_then(|text| {
            IdNumber::parse(text).map_err(|fault| self.fault(Field::FormerIdNumber, fault.code(), text, &fault)).ok()
        });
        Some(Person {
            teacher_ref: owned(&draft.roster.teacher_ref),
            id_number: id_number?,
            former_id_number,
            name: name?,
            former_name,
            teacher_number: owned(&draft.roster.teacher_number),
            phone: owned(&draft.roster.phone),
        })
    }

    fn post(&mut self, draft: &Draft<'_>) -> Post {
        let (from, to) = self.span(draft, Field::MemberFrom, Field::MemberTo);
        let map = &self.cx.stream.map;
        let school = match (draft.school_code.as_deref(), owned(&draft.roster.school_ref)) {
            (Some(code), _) => self.school_code(Field::SchoolCode, code).map(Named::Code),
            (None, Some(own)) => Some(Named::Ref(own)),
            (None, None) => {
                let by = [Field::SchoolCode, Field::SchoolRef].into_iter().find(|field| map.contains_key(field));
                if let Some(field) = by {
                    self.fault(field, "missing", "", &Expected::SchoolOfTeacher);
                }
                None
            }
        };
        let ended = match draft.roster.active.as_deref().map(str::trim) {
            None | Some("" | "true") => false,
            Some("false") => true,
            Some(text) => {
                self.fault(Field::Active, "value", text, &Expected::TrueOrFalse);
                false
            }
        };
        Post { school, from, to, ended, position: owned(&draft.roster.position), stage: owned(&draft.roster.stage) }
    }

    fn school(&mut self, draft: &Draft<'_>) -> Option<School> {
        let code = self.school_code(Field::SchoolCode, draft.school_code.as_deref().unwrap_or_default());
        let (from, to) = self.span(draft, Field::ValidFrom, Field::ValidTo);
        let region_code = owned(&draft.roster.region_code);
        if let Some(region) = region_code.as_deref().filter(|code| !is_code(code)) {
            self.fault(Field::RegionCode, "area", region, &Expected::DivisionCode);
        }
        let successor = draft.roster.successor_code.as_deref().filter(|text| !text.trim().is_empty());
        let successor_code = successor.and_then(|text| self.school_code(Field::SuccessorCode, text));
        let name = owned(&draft.roster.school_name);
        if name.is_none() {
            self.fault(Field::SchoolName, "missing", "", &Expected::SchoolName);
        }
        Some(School {
            code: code?,
            school_ref: owned(&draft.roster.school_ref),
            name: name?,
            region_code,
            from,
            to,
            successor_code,
        })
    }

    fn content(&mut self, draft: &Draft<'_>) -> Option<Content> {
        match self.cx.stream.kind {
            Kind::School => self.school(draft).map(Content::School),
            Kind::Membership => {
                let person = owned(&draft.roster.teacher_ref);
                if person.is_none() {
                    self.fault(Field::TeacherRef, "missing", "", &Expected::PersonId);
                }
                let post = self.post(draft);
                Some(Content::Membership(person?, post))
            }
            _ => {
                let (person, post) = (self.person(draft), self.post(draft));
                Some(Content::Teacher(Box::new(person?), post))
            }
        }
    }
}

/// Builds a row of a roster.
///
/// # Errors
/// All problems of the draft at once, sorted by code.
pub fn from_draft<'a>(
    cx: Context<'a>,
    raw: &RawRecord<'a>,
    draft: &Draft<'a>,
    identity: Identity,
) -> Result<RosterRow<'a>, Vec<Problem>> {
    if let Some(why) = &raw.broken {
        let expected = Expected::Readable { why: why.clone() };
        return Err(vec![Problem::new("record.form".into(), "record", &raw.raw, &expected)]);
    }
    let mut check = Check { cx, problems: draft.length_problems(cx) };
    check.doubts(draft);
    check.bounded(draft);
    check.no_nul(draft);
    let content = check.content(draft);
    let as_of = check.optional_day(Field::AsOf, draft.roster.as_of.as_deref());
    let source_version = identity.source_version.map_err(|problem| check.problems.push(problem)).ok();
    check.key(identity.record_key);
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
        index: raw.index,
        address: raw.address(cx.address),
        record_name: draft.record_name.as_deref().map(redacted),
        record_key,
        row_key: row_key(cx, &record_key, &content),
        source_version,
        content_digest: content_digest(cx, &content),
        raw_digest: cx.keys.short_digest(&[b"raw", raw.raw.as_bytes()]),
        raw: raw.raw.clone(),
        as_of,
        content,
    })
}

fn row_key(cx: Context<'_>, record_key: &[u8; 16], content: &Content) -> [u8; 16] {
    let (first, second) = match content {
        Content::Teacher(_, post) | Content::Membership(_, post) => match &post.school {
            Some(Named::Code(code)) => (code.as_str(), "code"),
            Some(Named::Ref(own)) => (own.as_str(), "ref"),
            None => ("", ""),
        },
        Content::School(school) => (school.name.as_str(), school.region_code.as_deref().unwrap_or_default()),
    };
    cx.keys.short_digest(&[b"roster", record_key, first.as_bytes(), second.as_bytes()])
}

/// Covers everything that is kept of the row but its lineage.
fn content_digest(cx: Context<'_>, content: &Content) -> [u8; 16] {
    let day = |day: Option<NaiveDate>| day.map_or_else(String::new, |day| day.to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut parts: Vec<String> = vec![];
    if let Content::Teacher(_, post) | Content::Membership(_, post) = content {
        let school = match &post.school {
            Some(Named::Code(code)) => format!("code {code}"),
            Some(Named::Ref(own)) => format!("ref {own}"),
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
        Content::Membership(person, _) => parts.push(person.clone()),
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

fn owned(text: &Option<Cow<'_, str>>) -> Option<String> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn sex(text: &str) -> Option<Sex> {
    match text {
        "男" | "男性" | "1" | "male" | "M" => Some(Sex::Male),
        "女" | "女性" | "2" | "female" | "F" => Some(Sex::Female),
        _ => None,
    }
}
