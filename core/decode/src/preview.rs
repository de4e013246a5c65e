//! What the stages make of a few records, side by side with what came: for whoever writes a manifest. IDs are masked.

use schemars::JsonSchema;
use serde::Serialize;

use crate::decode::{self, DecodeError};
use crate::draft;
use crate::problem::Problem;
use crate::{Body, Context, Plan, RecordRange, Staged, stage_one};
use huiliu_manifest::Field;
use huiliu_values::PreviewOutcome;

/// The most characters of a raw record or a text that are shown.
const SHOWN: usize = 2_000;

/// One record on its way.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Preview {
    /// Where it stands.
    pub address: String,
    /// As received, masked.
    pub raw: String,
    /// What each mapped field holds, before its value is checked.
    pub fields: Vec<Mapped>,
    /// What becomes of it.
    pub outcome: PreviewOutcome,
    /// Class hours of a clean record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_hours: Option<String>,
    /// Why it is skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Every reason why it is parked.
    pub problems: Vec<Problem>,
}

/// A canonical field, where it comes from, and what it holds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Mapped {
    /// The field.
    pub field: &'static str,
    /// Its raw path; nothing for a constant.
    pub path: String,
    /// Its text after all steps, masked.
    pub text: Option<String>,
}

/// The first records of a payload.
///
/// # Errors
/// [`DecodeError`] when the payload as a whole cannot be read.
pub fn preview(cx: Context<'_>, body: &Body<'_>, limit: u32) -> Result<Vec<Preview>, DecodeError> {
    let plan = Plan::new(cx.stream);
    let raw = decode::decode(&cx.stream.format, body, &plan.paths, RecordRange::new(0, limit))?;
    let one = |record: decode::RawRecord<'_>| {
        let mut draft = draft::map(cx, &plan, &record);
        let fields = cx.stream.map.iter().map(|(field, rule)| Mapped {
            field: field.as_str(),
            path: rule.paths().map(String::as_str).collect::<Vec<_>>().join(", "),
            text: draft.slot(*field).as_deref().map(|text| shown(*field, text)),
        });
        let mut preview = Preview {
            fields: fields.collect(),
            address: record.address(cx.address),
            raw: draft::masked(&record.raw, SHOWN),
            outcome: PreviewOutcome::Clean,
            class_hours: None,
            because: None,
            problems: vec![],
        };
        match stage_one(cx, &plan, record) {
            Staged::Clean(record) => preview.class_hours = Some(record.hours.to_string()),
            Staged::Roster(_) => {}
            Staged::Parked(parked) => (preview.outcome, preview.problems) = (PreviewOutcome::Parked, parked.problems),
            Staged::Skipped(_, because) => {
                (preview.outcome, preview.because) = (PreviewOutcome::Skipped, Some(because.to_owned()))
            }
        }
        preview
    };
    Ok(raw.into_iter().map(one).collect())
}

fn shown(field: Field, text: &str) -> String {
    let masked = draft::masked(text, SHOWN);
    // A faulty ID number need not look like a number at all.
    if matches!(field, Field::IdNumber | Field::FormerIdNumber) { crate::record::mask(&masked) } else { masked }
}
