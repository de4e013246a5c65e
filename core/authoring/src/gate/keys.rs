//! Finds record keys that cannot tell records apart: without the person, or by a number that every file begins anew.

use std::collections::HashMap;

use crate::gate::refusal::Refusal;
use huiliu_decode::{StageResult, TrainingRecord};
use huiliu_manifest::{Field, Format, Manifest, Stream};

/// Names of columns that only number the rows of a file.
const RUNNING_NUMBERS: [&str; 10] = ["序号", "序", "行号", "编序", "no", "no.", "№", "#", "xh", "row"];

/// Checks the record keys of a manifest's streams of training.
///
/// # Errors
/// [`Refusal::KeyWithoutPerson`] and [`Refusal::KeyOfRows`], for the first stream with such a key.
pub(super) fn check_keys(manifest: &Manifest) -> Result<(), Refusal> {
    let mut streams = manifest.stream.iter().filter(|stream| !stream.kind.is_roster());
    streams.try_for_each(|stream| check_key(manifest, stream))
}

fn check_key(manifest: &Manifest, stream: &Stream) -> Result<(), Refusal> {
    let key = &stream.record_key;
    let place = format!("stream.{}.record_key", stream.name);
    let is_table = matches!(stream.format, Format::Csv { .. } | Format::Workbook { .. });
    let running = key.iter().find(|path| is_running_number(path)).filter(|_| is_table && !stream.complete);
    let others = || key.iter().filter(|path| !is_running_number(path));
    if let Some(column) = running
        && others().all(|path| is_impersonal(stream, path) && !matches!(path.as_str(), "$file" | "$member"))
    {
        let (connector, column) = (manifest.id.clone(), column.clone());
        return Err(Refusal::KeyOfRows { connector, place, column, suggestion: suggest_key(stream) });
    }
    if !key.is_empty() && key.iter().all(|path| is_impersonal(stream, path)) {
        let (connector, key) = (manifest.id.clone(), key.clone());
        return Err(Refusal::KeyWithoutPerson { connector, place, key, suggestion: suggest_key(stream) });
    }
    Ok(())
}

fn is_running_number(path: &str) -> bool {
    let bare: String = path.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    RUNNING_NUMBERS.contains(&bare.as_str())
}

/// Returns whether a path has only what many teachers share: it is mapped, and to no field that identifies a person or a
/// record, or it is from around the record.
fn is_impersonal(stream: &Stream, path: &str) -> bool {
    let mut fields = stream.map.iter().filter(|(_, rule)| rule.paths().any(|of| of == path)).map(|(field, _)| *field);
    match fields.next() {
        None => matches!(path, "$file" | "$member" | "$sheet"),
        Some(first) => std::iter::once(first).chain(fields).all(is_shared),
    }
}

/// Returns whether many teachers have the same value in a field.
fn is_shared(field: Field) -> bool {
    !matches!(
        field,
        Field::RecordName
            | Field::Name
            | Field::IdNumber
            | Field::TeacherNumber
            | Field::TeacherRef
            | Field::Phone
            | Field::CertificateNumber
    )
}

/// Returns a key that tells records apart: the person, the course and the last day, as far as they are mapped.
fn suggest_key(stream: &Stream) -> Vec<String> {
    let person = [Field::IdNumber, Field::TeacherNumber, Field::Phone, Field::Name];
    let path = |field: &Field| stream.map.get(field)?.paths().next().cloned();
    let person = person.iter().find_map(path);
    let mut key: Vec<String> = person.into_iter().collect();
    key.extend([Field::CourseCode, Field::PeriodEnd].iter().filter_map(path));
    key.dedup();
    key
}

/// Returns the addresses of two records of a sample that have the same key and are about different people, if most of its
/// records share their key with somebody else's.
pub(super) fn find_shared_key(staged: &[StageResult<'_>]) -> Option<(String, String)> {
    let clean: Vec<&TrainingRecord<'_>> = staged
        .iter()
        .filter_map(|staged| if let StageResult::Clean(record) = staged { Some(&**record) } else { None })
        .collect();
    let mut first: HashMap<[u8; 16], &TrainingRecord<'_>> = HashMap::new();
    let mut shared = 0usize;
    let mut example = None;
    for record in &clean {
        let held = *first.entry(record.record_key).or_insert(record);
        if held.claim_key != record.claim_key {
            shared += 1;
            example.get_or_insert_with(|| (held.address.clone(), record.address.clone()));
        }
    }
    example.filter(|_| shared * 2 > clean.len())
}
