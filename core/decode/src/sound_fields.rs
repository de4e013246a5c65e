//! What a parked record says apart from its faulty fields, as keyed digests, so that its corrected version is recognised
//! although it has another record key.
//!
//! A record whose ID number is damaged has no record key, or another one than its corrected version, so the key does not
//! tell that the two are one record. Their other fields do. Two digests are compared: a blocking key of a few fields,
//! by which candidates are found in an index, and a digest of all sound fields.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::Context;
use crate::draft::Draft;
use crate::key_value::{KeyKind, fold_key_value};
use crate::problem::Problem;
use huiliu_manifest::{Field, Kind};
use huiliu_values::{IdNumber, PersonName};
use huiliu_vault::keys::Keys;

/// What a parked record has in common with its corrected version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundFields {
    /// The faulty fields, by name, separated by commas.
    pub faulty_fields: String,
    /// The fields of the blocking key: one of [`BLOCKING_FIELDS`].
    pub blocking_fields: &'static str,
    /// Keyed digest of the blocking fields.
    pub blocking_key: [u8; 16],
    /// Keyed digest of all sound fields.
    pub digest: [u8; 16],
}

/// The sets of fields that a blocking key can be made of. The first field of each tells the person, the others which of the
/// person's records it is; a record of which these are faulty is not recognised.
pub const BLOCKING_FIELDS: [&str; 8] = [
    "name,course_code,period_end",
    "id_number,course_code,period_end",
    "name,period_end",
    "id_number,period_end",
    "name,school_code",
    "id_number,school_code",
    "name,school_ref",
    "id_number,school_ref",
];

/// Returns the sets for a kind of stream, the best first.
fn blocking_fields_of(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Teacher => &BLOCKING_FIELDS[4..],
        Kind::School | Kind::Membership => &[],
        Kind::Assessment => &BLOCKING_FIELDS[2..4],
        _ => &BLOCKING_FIELDS[..2],
    }
}

impl SoundFields {
    /// Finds the sound fields of a record with these problems. Returns `None` if a problem concerns the record as a
    /// whole, or if too little is left to tell the record from others.
    pub(crate) fn of_parked(cx: Context<'_>, draft: &Draft<'_>, problems: &[Problem]) -> Option<Self> {
        let faulty = list_faulty_fields(problems)?;
        let values = Values { kind: cx.stream.kind, draft };
        let is_sound = |field: Field| !faulty.contains(&field) && values.get(field).is_some();
        let sets = blocking_fields_of(cx.stream.kind);
        let blocking_fields = sets.iter().copied().find(|fields| parse_fields(fields).all(is_sound))?;
        let faulty_fields = faulty.iter().map(|field| field.as_str()).collect::<Vec<_>>().join(",");
        Some(Self {
            blocking_fields,
            blocking_key: values.compute_blocking_key(cx.keys, blocking_fields)?,
            digest: values.compute_digest(cx.keys, &faulty_fields),
            faulty_fields,
        })
    }
}

/// Lists the fields that problems concern; `None` if one concerns the record as a whole.
fn list_faulty_fields(problems: &[Problem]) -> Option<BTreeSet<Field>> {
    let mut faulty = BTreeSet::new();
    for problem in problems {
        match problem.code.as_str() {
            code if code.starts_with("period.") => faulty.extend([Field::PeriodStart, Field::PeriodEnd]),
            // These are not about a mapped field, and leave those as they are.
            "record_key.missing" | "version.form" => {}
            code => {
                let of_code =
                    |field: &&Field| code.strip_prefix(field.code()).is_some_and(|rest| rest.starts_with('.'));
                faulty.insert(*Field::ALL.iter().find(of_code)?);
            }
        }
    }
    Some(faulty)
}

fn parse_fields(names: &str) -> impl Iterator<Item = Field> {
    names.split(',').filter_map(|name| Field::ALL.iter().copied().find(|field| field.as_str() == name))
}

/// The values of a mapped record, in the form that equal values share.
#[derive(Debug, Clone, Copy)]
pub struct Values<'d> {
    /// The kind of its stream.
    pub kind: Kind,
    /// The mapped texts.
    pub draft: &'d Draft<'d>,
}

impl<'d> Values<'d> {
    /// Computes the keyed digest of blocking fields; `None` if one of them has no value.
    #[must_use]
    pub fn compute_blocking_key(self, keys: &Keys, blocking_fields: &str) -> Option<[u8; 16]> {
        let mut values = Vec::with_capacity(3);
        for field in parse_fields(blocking_fields) {
            values.push(self.get(field)?);
        }
        let parts = [b"blocking".as_slice(), blocking_fields.as_bytes()].into_iter();
        Some(keys.short_digest(&parts.chain(values.iter().map(|value| value.as_bytes())).collect::<Vec<_>>()))
    }

    /// Computes the keyed digest of all fields that are not among the faulty ones.
    #[must_use]
    pub fn compute_digest(self, keys: &Keys, faulty_fields: &str) -> [u8; 16] {
        let faulty: Vec<&str> = faulty_fields.split(',').collect();
        // Names of records are often running numbers, and an export may have another date than the one before.
        let compared =
            |field: Field| !matches!(field, Field::RecordName | Field::AsOf) && !faulty.contains(&field.as_str());
        let fields = Field::ALL.iter().copied().filter(|field| compared(*field));
        let values: BTreeMap<&str, Cow<'_, str>> =
            fields.filter_map(|field| Some((field.as_str(), self.get(field)?))).collect();
        let parts = [b"sound fields".as_slice(), faulty_fields.as_bytes()].into_iter();
        let values = values.iter().flat_map(|(field, value)| [field.as_bytes(), value.as_bytes()]);
        keys.short_digest(&parts.chain(values).collect::<Vec<_>>())
    }

    fn get(self, field: Field) -> Option<Cow<'d, str>> {
        // An assessment gets stand-ins for the course and the hours, which it has not.
        if self.kind == Kind::Assessment && matches!(field, Field::CourseCode | Field::Hours) {
            return None;
        }
        let text = self.draft.field(field).map(str::trim).filter(|text| !text.is_empty())?;
        Some(match field {
            Field::Name => {
                let name = PersonName::parse(text).map(|name| name.fold_for_comparison());
                name.map_or_else(|_| text.into(), Cow::Owned)
            }
            Field::IdNumber => {
                IdNumber::parse(text).map_or_else(|_| text.into(), |number| number.reveal().to_owned().into())
            }
            _ => fold_key_value(text.into(), KeyKind::of_field(field)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_of_blocking_fields_names_fields() {
        for fields in BLOCKING_FIELDS {
            assert_eq!(parse_fields(fields).count(), fields.split(',').count(), "{fields}");
        }
    }
}
