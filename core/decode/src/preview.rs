//! Shows a few records as received next to the results of the stages, for people who write a manifest. IDs are masked.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::decode::{self, DecodeError};
use crate::draft;
use crate::problem::Problem;
use crate::subject::Subject;
use crate::{Body, Context, Place, Plan, RecordRange, StageResult, digest_raw, stage_record};
use huiliu_manifest::Field;
use huiliu_values::PreviewOutcome;

/// The shortest text of an ID number that says anything about a person.
const SHORTEST_ID: usize = 8;

/// Maximum number of characters shown of a raw record or a text.
const SHOWN: usize = 2_000;

/// A record as received and the results of the stages.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Preview {
    /// Address of the record for people.
    pub address: String,
    /// Text as received, masked.
    pub raw: String,
    /// Text of each mapped field, before its value is checked.
    pub fields: Vec<Mapped>,
    /// Result of the record.
    pub outcome: PreviewOutcome,
    /// Class hours of a clean record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_hours: Option<String>,
    /// Reason of the row rule that skips the record, or withdraws one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Every reason why the record is parked.
    pub problems: Vec<Problem>,
}

/// A canonical field, its raw path, and its text.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Mapped {
    /// Name of the canonical field.
    pub field: &'static str,
    /// Raw path; empty for a constant, several joined by commas.
    pub path: String,
    /// Text after all steps, masked.
    pub text: Option<String>,
}

/// What becomes of the records of a payload.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// Records that can be used.
    pub clean: u64,
    /// Records that are parked.
    pub parked: u64,
    /// Records that a rule of the manifest leaves out.
    pub skipped: u64,
    /// Records that take a record back.
    pub withdrawn: u64,
    /// Reason code → records that have it.
    pub reasons: BTreeMap<String, u64>,
}

impl Summary {
    fn count(&mut self, staged: &StageResult<'_>) {
        match staged {
            StageResult::Clean(_) | StageResult::Roster(_) => self.clean += 1,
            StageResult::Skipped(..) => self.skipped += 1,
            StageResult::Withdrawn(..) => self.withdrawn += 1,
            StageResult::Parked(parked) => {
                self.parked += 1;
                let codes: BTreeSet<&str> = parked.problems.iter().map(|problem| problem.code.as_ref()).collect();
                codes.into_iter().for_each(|code| *self.reasons.entry(code.to_owned()).or_default() += 1);
            }
        }
    }
}

/// Previews the first `limit` records of a payload, and what becomes of all of them.
///
/// # Errors
/// Returns [`DecodeError`] if the payload as a whole cannot be read.
pub fn preview_records(cx: Context<'_>, body: &Body<'_>, limit: u32) -> Result<(Vec<Preview>, Summary), DecodeError> {
    let plan = Plan::new(cx.stream);
    let mut raw = decode::decode_records(&cx.stream.format, body, &plan.paths, RecordRange::ALL)?;
    let rest = raw.split_off(raw.len().min(usize::try_from(limit).unwrap_or(usize::MAX)));
    let mut summary = Summary::default();
    let first = raw.into_iter().map(|record| preview_one(cx, &plan, record, &mut summary)).collect();
    rest.into_iter().for_each(|record| summary.count(&stage_record(cx, &plan, record)));
    Ok((first, summary))
}

/// Previews the raw record at a position in the payload, and reads whom and what it names; `None` if another one stands there than
/// the one with this digest.
///
/// # Errors
/// Returns [`DecodeError`] if the payload as a whole cannot be read.
pub fn preview_record(
    cx: Context<'_>,
    body: &Body<'_>,
    index: u32,
    digest: &[u8],
) -> Result<Option<(Preview, Subject)>, DecodeError> {
    let plan = Plan::new(cx.stream);
    let raw = decode::decode_records(&cx.stream.format, body, &plan.paths, RecordRange::new(index, 1))?;
    let record = raw.into_iter().find(|record| record.index == index && digest_raw(cx.keys, &record.raw) == *digest);
    Ok(record.map(|record| {
        let subject = Subject::of_record(cx, &plan, &record);
        (preview_one(cx, &plan, record, &mut Summary::default()), subject)
    }))
}

fn preview_one<'a>(cx: Context<'a>, plan: &Plan<'a>, record: decode::RawRecord<'a>, summary: &mut Summary) -> Preview {
    let mut draft = draft::map_record(cx, plan, &record);
    let fields = cx.stream.map.iter().map(|(field, rule)| Mapped {
        field: field.as_str(),
        path: rule.paths().map(String::as_str).collect::<Vec<_>>().join(", "),
        text: draft.field_mut(*field).as_deref().map(|text| mask_field(*field, text)),
    });
    let mut preview = Preview {
        fields: fields.collect(),
        address: record.format_address(cx.address),
        raw: mask_raw(&mask_id_fields(plan, &record)),
        outcome: PreviewOutcome::Clean,
        class_hours: None,
        because: None,
        problems: vec![],
    };
    let staged = stage_record(cx, plan, record);
    summary.count(&staged);
    match staged {
        StageResult::Clean(record) => preview.class_hours = Some(record.hours.to_string()),
        StageResult::Roster(_) => {}
        StageResult::Parked(parked) => (preview.outcome, preview.problems) = (PreviewOutcome::Parked, parked.problems),
        StageResult::Skipped(skipped) => {
            (preview.outcome, preview.because) = (PreviewOutcome::Skipped, Some(skipped.because.to_owned()))
        }
        StageResult::Withdrawn(withdrawn) => {
            (preview.outcome, preview.because) = (PreviewOutcome::Withdrawn, Some(withdrawn.because.to_owned()))
        }
    }
    preview
}

/// Returns the text of a raw record with ID and phone numbers masked, cut to 2,000 characters.
#[must_use]
pub fn mask_raw(raw: &str) -> String {
    // A number across the cut is masked before it is cut.
    draft::mask_text(raw, SHOWN + 64).chars().take(SHOWN).collect()
}

/// Returns the text of a raw record with the fields of ID numbers masked: a malformed one may not look like a number at all.
fn mask_id_fields(plan: &Plan<'_>, record: &decode::RawRecord<'_>) -> String {
    let of_ids = plan.fields.iter().filter(|mapped| matches!(mapped.field, Field::IdNumber | Field::FormerIdNumber));
    let mut raw = record.raw.to_string();
    for place in of_ids.flat_map(|mapped| &mapped.places) {
        let Place::Slot(slot) = place else { continue };
        let text = record.texts[*slot].as_deref().map(str::trim).filter(|text| text.chars().count() >= SHORTEST_ID);
        if let Some(text) = text {
            raw = raw.replace(text, &crate::record::mask_middle(text));
        }
    }
    raw
}

fn mask_field(field: Field, text: &str) -> String {
    let masked = draft::mask_text(text, SHOWN);
    // A malformed ID number may not look like a number at all, so such fields are masked as a whole.
    if matches!(field, Field::IdNumber | Field::FormerIdNumber) { crate::record::mask_middle(&masked) } else { masked }
}
