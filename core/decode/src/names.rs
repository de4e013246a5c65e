//! Which fields a payload has, whether a manifest names them or not: so that a new one is noticed.

use crate::{Body, RecordRange, table};
use huiliu_manifest::{Format, Layout};

/// The most names that are told.
const MAX: usize = 500;

/// The names of the fields: of a table's header, or of the first record. Of XML none are told in this version.
#[must_use]
pub fn names(format: &Format, body: &Body<'_>) -> Vec<String> {
    let Ok(parts) = body.parts() else { return vec![] };
    let mut all: Vec<String> = parts.first().map_or_else(Vec::new, |part| match format {
        Format::Json { .. } | Format::JsonLines { .. } => first_object(format, part.text),
        Format::Csv { separator, layout, .. } => header_of_text(part.text, separator.0, layout),
        Format::Workbook { layout, .. } => crate::workbook::header_names(part, layout),
        Format::Xml { .. } => vec![],
    });
    all.retain(|name| !name.is_empty());
    all.truncate(MAX);
    all
}

fn header_of_text(text: &str, separator: u8, layout: &Layout) -> Vec<String> {
    let mut reader = ::csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes());
    let bare = |row: ::csv::StringRecord| row.iter().map(table::bare).collect::<Vec<_>>();
    let mut rows = reader.records().map_while(Result::ok).map(bare);
    rows.find(|names| matches!(table::columns(names, layout, &[]), Ok(Some(_)))).unwrap_or_default()
}

/// The names in the first record, with those one step further in as `outer.inner`.
fn first_object(format: &Format, text: &str) -> Vec<String> {
    let body = Body::Text(text.into());
    let first = crate::decode::decode(format, &body, &[], RecordRange::new(0, 1)).ok();
    let raw = first.as_ref().and_then(|records| records.first()).map(|record| record.raw.to_string());
    let Some(serde_json::Value::Object(fields)) = raw.and_then(|raw| serde_json::from_str(&raw).ok()) else {
        return vec![];
    };
    let mut names = Vec::new();
    for (name, value) in &fields {
        match value {
            serde_json::Value::Object(inner) => names.extend(inner.keys().map(|within| format!("{name}.{within}"))),
            _ => names.push(name.clone()),
        }
    }
    names
}
