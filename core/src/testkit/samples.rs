//! What a connector's samples must give: every connector passes it before it runs.

use serde_json::{Value, json};

use crate::keys::Keys;
use crate::manifest::{Manifest, Stream};
use crate::policy::Policy;
use crate::stages::{self, Body, Context, DecodeFault, Staged, decode};

/// The outcome of each raw record of a sample, in order: `{"clean": …}` with what counts of the record, or
/// `{"parked": …}` with its address and every reason code.
///
/// # Errors
/// [`DecodeFault`] when the sample as a whole cannot be read.
pub fn outcomes(
    manifest: &Manifest,
    stream: &Stream,
    policy: &Policy,
    keys: &Keys,
    (address, body): (&str, &Body<'_>),
) -> Result<Vec<Value>, DecodeFault> {
    let each = &stages::NO_EACH;
    let cx = Context { manifest, stream, policy, keys, source_id: 1, address, each, landing: 1 };
    let records = decode::outline(stream, body, None)?.records;
    let staged = stages::run(cx, body, (0, records))?;
    Ok(staged.iter().map(outcome).collect())
}

fn outcome(staged: &Staged<'_>) -> Value {
    match staged {
        Staged::Clean(r) => json!({ "clean": {
            "name": r.name.display(),
            "course_code": r.texts.course_code.as_deref().map(str::trim),
            "canonical_course": r.canonical_course,
            "class_hours": r.hours.to_string(),
            "period_end": r.period_end,
            "pass_state": r.pass_state.as_str(),
            "grade": r.assessment.as_ref().map(|a| a.grade.as_str()),
            "source_version": r.source_version,
        } }),
        Staged::Skipped(_, because) => json!({ "skipped": because }),
        Staged::Parked(p) => json!({ "parked": {
            "address": p.address,
            "reasons": p.problems.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>(),
        } }),
    }
}

/// Where a sample's outcomes differ from what is expected: one line each, with the raw record's number from 0.
#[must_use]
pub fn differences(got: &[Value], expected: &[Value]) -> Vec<String> {
    let mut told: Vec<String> = got
        .iter()
        .zip(expected)
        .enumerate()
        .filter(|(_, (got, expected))| got != expected)
        .map(|(i, (got, expected))| format!("record {i}: {got}, expected {expected}"))
        .collect();
    if got.len() != expected.len() {
        told.push(format!("{} records, expected {}", got.len(), expected.len()));
    }
    told
}
