//! Whom and what a raw record names, in the clear, to look for what it probably means.

use crate::decode::RawRecord;
use crate::{Context, Place, Plan, draft};
use huiliu_manifest::{Field, Kind};
use huiliu_values::PersonName;

/// Whom and what a raw record names. The texts are personal data; people are shown a [`crate::preview::Preview`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Id of the source.
    pub source: i64,
    /// Type of record.
    pub kind: Kind,
    /// The person's name, if it is one.
    pub name: Option<PersonName>,
    /// The raw field of the ID number, and its text; `None` unless the ID number is one raw field as it stands.
    pub id_number: Option<(String, String)>,
    /// The raw field of the course's code; `None` unless the code is one raw field as it stands.
    pub course_field: Option<String>,
    /// The course's title as it is stored.
    pub course_title: Option<String>,
}

impl Subject {
    /// Reads whom and what a raw record names.
    pub(crate) fn of_record(cx: Context<'_>, plan: &Plan<'_>, raw: &RawRecord<'_>) -> Self {
        let draft = draft::map_record(cx, plan, raw);
        let name = draft.name.as_deref().filter(|_| draft.name_fault.is_none());
        let id_field = find_only_field(plan, Field::IdNumber);
        let title = draft.course_title.as_deref().map(str::trim).filter(|title| !title.is_empty());
        Self {
            source: cx.source_id,
            kind: cx.stream.kind,
            name: name.and_then(|name| PersonName::parse(name).ok()),
            id_number: id_field.zip(draft.id_number.as_deref().map(str::to_owned)),
            course_field: find_only_field(plan, Field::CourseCode),
            course_title: title.map(str::to_owned),
        }
    }
}

/// Returns the raw field that a canonical field is mapped from, if it takes that field as it stands.
fn find_only_field(plan: &Plan<'_>, field: Field) -> Option<String> {
    let mapped = plan.fields.iter().find(|mapped| mapped.field == field && mapped.is_plain)?;
    match mapped.places.as_slice() {
        [Place::Slot(slot)] => plan.paths.get(*slot).map(|path| (*path).to_owned()),
        _ => None,
    }
}
