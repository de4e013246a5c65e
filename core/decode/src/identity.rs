//! Determines the record key and the version of a raw record, and which person it is about.

use std::borrow::Cow;

use crate::decode::RawRecord;
use crate::draft::{Doubt, Draft};
use crate::key_value::{self, KeyKind};
use crate::problem::{Expected, Problem};
use crate::{Context, Place, Plan};
use huiliu_manifest::{Field, KnownBy, VersionFrom};
use huiliu_matching::{PersonDetails, Role};
use huiliu_values::IdNumber;
use huiliu_values::date::{parse_date, parse_instant};
use huiliu_values::placeholder::{Placeholder, find_placeholder};
use huiliu_vault::keys::hex_encode;

/// Record key and version of a raw record.
#[derive(Debug)]
pub struct Identity {
    /// Keyed hash of the key fields, if all of them are present.
    pub record_key: Option<[u8; 16]>,
    /// The source version, or why it cannot be read.
    pub source_version: Result<i64, Problem>,
}

/// How key fields are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyForm {
    /// As values: days, numbers, and texts without regard to width, spaces and invisible characters.
    Value,
    /// As texts, which is how programs up to schema 20 compared them.
    Text,
}

/// Determines the identity of a raw record, even if the record cannot be used.
#[must_use]
pub fn build_identity(cx: Context<'_>, plan: &Plan<'_>, raw: &RawRecord<'_>, draft: &Draft<'_>) -> Identity {
    // The keys of roster rows are ids and numbers of people, which have forms of their own.
    let form = if cx.stream.kind.is_roster() { KeyForm::Text } else { KeyForm::Value };
    Identity {
        record_key: compute_record_key(cx, &plan.record_key, raw, draft, form),
        source_version: parse_source_version(cx, plan, raw),
    }
}

/// Computes a record key from the fields at these places, one for each field of the stream's record key, if all of them are
/// present.
pub(crate) fn compute_record_key(
    cx: Context<'_>,
    places: &[Place<'_>],
    raw: &RawRecord<'_>,
    draft: &Draft<'_>,
    form: KeyForm,
) -> Option<[u8; 16]> {
    let source = cx.source_id.to_be_bytes();
    let id_rule = cx.stream.map.get(&Field::IdNumber);
    // The same ID number must give the same key, however it was typed.
    let is_id = |path: &str| id_rule.is_some_and(|rule| rule.paths().any(|of| of == path));
    let with_id = cx.stream.record_key.iter().any(|path| is_id(path));
    let id = match with_id.then(|| certain_id_number(draft)) {
        None => None,
        Some(Some(id)) => Some(id.reveal().to_owned()),
        // Two people whose ID numbers are unreadable stay two people as long as anything else distinguishes them.
        Some(None) if is_known_by_any(cx) => Some(hex_encode(&compute_details_key(cx, &collect_person_details(draft)))),
        Some(None) => return None,
    };
    let mut texts: Vec<Cow<'_, str>> = Vec::with_capacity(places.len());
    // Whether a part other than the ID number distinguishes the record.
    let (mut distinguishing, mut vacant) = (0u32, 0u32);
    for (place, path) in places.iter().zip(&cx.stream.record_key) {
        let text = match (&id, place) {
            (Some(id), _) if is_id(path) => Cow::Borrowed(id.as_str()),
            // Two cells with the same error are not the same value.
            (_, Place::Slot(slot)) if !raw.stored_kind(*slot).is_value() => return None,
            (_, Place::Slot(slot)) => Cow::Borrowed(raw.texts[*slot].as_deref()?.trim()),
            (_, Place::Around(name)) => crate::draft::surrounding_value(cx, raw, name)?,
        };
        if !(id.is_some() && is_id(path)) && matches!(place, Place::Slot(_)) {
            match find_placeholder(&text) {
                // What the row above has is not what this row has.
                Some(Placeholder::Ditto) if form == KeyForm::Value => return None,
                Some(_) => vacant += 1,
                None => distinguishing += 1,
            }
        }
        let by_value = form == KeyForm::Value && !(id.is_some() && is_id(path));
        texts.push(if by_value { key_value::fold_key_value(text, KeyKind::of_path(cx.stream, path)) } else { text });
    }
    // Records that have no value for their key are not one record.
    if vacant > 0 && distinguishing == 0 && form == KeyForm::Value {
        return None;
    }
    let mut parts: Vec<&[u8]> = vec![b"record".as_slice(), &source, cx.stream.name.as_bytes()];
    parts.extend(texts.iter().map(|text| text.as_bytes()));
    Some(cx.keys.short_digest(&parts))
}

/// Returns whether the stream identifies teachers by any details, not only by ID number.
pub(super) fn is_known_by_any(cx: Context<'_>) -> bool {
    cx.stream.known_by == KnownBy::Any
}

/// Returns the ID number if it is valid and nothing makes it doubtful.
pub(super) fn certain_id_number(draft: &Draft<'_>) -> Option<IdNumber> {
    let text = draft.id_number.as_deref().filter(|_| !draft.is_doubtful(Field::IdNumber));
    text.and_then(|text| IdNumber::parse(text).ok())
}

/// Collects everything the draft says about the person, as text.
pub(super) fn collect_person_details(draft: &Draft<'_>) -> PersonDetails {
    let texts = &draft.roster;
    let doubted = draft.doubts.iter().find(|(field, _)| *field == Field::IdNumber);
    let id_number = doubted.map(|(_, doubt)| doubt.seen.as_str()).or(draft.id_number.as_deref());
    let mut told = PersonDetails::default();
    for (role, text) in [
        (Role::Name, draft.name.as_deref()),
        (Role::FormerName, texts.former_name.as_deref()),
        (Role::IdNumber, id_number),
        (Role::TeacherNumber, texts.teacher_number.as_deref()),
        (Role::BirthDate, texts.birth_date.as_deref()),
        (Role::Sex, texts.sex.as_deref()),
        (Role::Phone, texts.phone.as_deref()),
        (Role::SchoolCode, draft.school_code.as_deref()),
        (Role::School, texts.school_name.as_deref()),
        (Role::Region, texts.region_code.as_deref()),
    ] {
        told.add_text(role, text.unwrap_or_default());
    }
    told
}

pub(super) fn compute_details_key(cx: Context<'_>, told: &PersonDetails) -> [u8; 16] {
    let texts = told.texts().flat_map(|(role, text)| [role.as_str().as_bytes(), text.as_bytes()]);
    cx.keys.short_digest(&std::iter::once(b"told".as_slice()).chain(texts).collect::<Vec<_>>())
}

fn parse_source_version(cx: Context<'_>, plan: &Plan<'_>, raw: &RawRecord<'_>) -> Result<i64, Problem> {
    let problem =
        |path: &str, seen: &str, expected: Expected| Problem::new("version.form".into(), path, seen, &expected);
    if matches!(cx.stream.version, VersionFrom::Landing {}) {
        return Ok(cx.landing);
    }
    if let Some(slot) = plan.version {
        if let Some(doubt) = Doubt::of_slot(raw, slot).filter(|_| !raw.stored_kind(slot).is_value()) {
            return Err(Problem::new("version.form".into(), plan.paths[slot], &doubt.seen, &doubt.expected));
        }
        let text = raw.texts[slot].as_deref().unwrap_or_default().trim();
        let instant = || parse_instant(text).ok();
        return text.parse().ok().or_else(instant).ok_or_else(|| problem(plan.paths[slot], text, Expected::Version));
    }
    // An archive member is a file by itself, so the date in its own name counts.
    let file = raw.head.as_ref().and_then(|head| head.member.as_deref()).unwrap_or(cx.address);
    parse_file_date(file).ok_or_else(|| problem("file name", file, Expected::FileDate))
}

/// Returns the date in a file's name as a version, such as 20261031: the first eight digits in a row, if they are a date.
#[must_use]
pub fn parse_file_date(file: &str) -> Option<i64> {
    let digits = file.split(|c: char| !c.is_ascii_digit()).find(|run| run.len() == 8);
    digits.filter(|run| parse_date(run).is_ok()).and_then(|run| run.parse().ok())
}
