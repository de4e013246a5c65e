//! Expected outcomes of a connector's samples; every connector is checked against them before it runs.

use crate::gate::difference::Difference;
use serde_json::{Value, json};

use huiliu_decode::roster::{Content, SchoolIdentifier};
use huiliu_decode::{Body, Context, DecodeError, RecordRange, RosterRow, StageResult, decode};
use huiliu_manifest::{Manifest, Stream};
use huiliu_rules::policy::Policy;
use huiliu_vault::keys::Keys;

/// Returns the outcome of each raw record of a sample, in order: `{"clean": …}` with the relevant values of the record,
/// `{"skipped": …}` or `{"withdrawn": …}` with the reason, or `{"parked": …}` with its address and every reason code. `address` is the
/// sample's page or file name.
///
/// # Errors
/// [`DecodeError`] if the sample as a whole cannot be read.
pub fn sample_outcomes(
    manifest: &Manifest,
    stream: &Stream,
    policy: &Policy,
    keys: &Keys,
    address: &str,
    body: &Body<'_>,
) -> Result<Vec<Value>, DecodeError> {
    let each = &huiliu_decode::NO_EACH;
    let cx = Context { manifest, stream, policy, keys, source_id: 1, address, each, landing: 1, batch: 0 };
    let records = decode::outline_payload(stream, body, None)?.records;
    let staged = huiliu_decode::run_stages(cx, body, RecordRange::new(0, records))?;
    Ok(staged.iter().map(record_outcome).collect())
}

fn record_outcome(staged: &StageResult<'_>) -> Value {
    match staged {
        StageResult::Clean(r) => json!({ "clean": {
            "name": r.name.display(),
            "course_code": r.texts.course_code.as_deref().map(str::trim),
            "canonical_course": r.canonical_course,
            "class_hours": r.hours.to_string(),
            "period_end": r.period_end,
            "pass_state": r.pass_state.as_str(),
            "grade": r.assessment.as_ref().map(|a| a.grade.as_str()),
            "source_version": r.source_version,
        } }),
        StageResult::Roster(row) => json!({ "clean": roster_outcome(row) }),
        StageResult::Skipped(skipped) => json!({ "skipped": skipped.because }),
        StageResult::Withdrawn(withdrawn) => json!({ "withdrawn": withdrawn.because }),
        StageResult::Parked(p) => json!({ "parked": {
            "address": p.address,
            "reasons": p.problems.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>(),
        } }),
    }
}

/// Returns the relevant values of a roster row.
fn roster_outcome(row: &RosterRow<'_>) -> Value {
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string());
    let mut told = match &row.content {
        Content::Teacher(person, _) => json!({
            "name": person.name.display(),
            "birth_date": person.id_number.birth_date().to_string(),
            "teacher_number": person.teacher_number,
        }),
        Content::Membership { person, .. } => json!({ "teacher_ref": person }),
        Content::School(school) => json!({
            "school": school.code,
            "name": school.name,
            "region": school.region_code,
            "from": day(school.from),
            "to": day(school.to),
        }),
    };
    if let Some(post) = row.post() {
        told["school"] = match &post.school {
            Some(SchoolIdentifier::Code(code)) => code.as_str().into(),
            Some(SchoolIdentifier::Ref(own)) => format!("ref {own}").into(),
            None => Value::Null,
        };
        (told["from"], told["to"]) = (day(post.from).into(), day(post.to).into());
        told["ended"] = post.ended.into();
    }
    (told["as_of"], told["source_version"]) = (day(row.as_of).into(), row.source_version.into());
    told
}

/// Lists the differences between a sample's outcomes and the expected ones: one line each, with the raw record's number
/// from 1.
#[must_use]
pub fn list_differences(got: &[Value], expected: &[Value]) -> Vec<Difference> {
    let mut told: Vec<Difference> = got
        .iter()
        .zip(expected)
        .enumerate()
        .filter(|(_, (got, expected))| got != expected)
        .map(|(i, (got, expected))| Difference::Record {
            record: i + 1,
            found: got.to_string(),
            expected: expected.to_string(),
        })
        .collect();
    if got.len() != expected.len() {
        told.push(Difference::RecordCount { found: got.len(), expected: expected.len() });
    }
    told
}
