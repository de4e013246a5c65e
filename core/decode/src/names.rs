//! Lists the fields of a payload, including those that no manifest names, so that a new field is noticed.

use crate::parts::Part;
use crate::{Body, RecordRange, table};
use huiliu_manifest::{Format, Layout};

/// Maximum number of names that are returned.
const MAX: usize = 500;

/// Returns the field names in a table's header or in the first record. Returns none for XML in this version.
#[must_use]
pub fn list_field_names(format: &Format, body: &Body<'_>) -> Vec<String> {
    let Ok(parts) = body.split_parts() else { return vec![] };
    let names = |part: &Part<'_>| match format {
        Format::Json { .. } | Format::JsonLines { .. } => list_first_object_names(format, part.text),
        Format::Csv { separator, layout, .. } => find_header_names(part.text, separator.0, layout),
        Format::Workbook { layout, .. } => crate::workbook::find_header_names(part, layout),
        Format::Xml { .. } => vec![],
    };
    // The first sheet may be a cover without a header.
    let parts = parts.iter().take(if matches!(format, Format::Workbook { .. }) { usize::MAX } else { 1 });
    let mut all = parts.map(names).find(|names| !names.is_empty()).unwrap_or_default();
    all.retain(|name| !name.is_empty());
    all.truncate(MAX);
    all
}

fn find_header_names(text: &str, separator: u8, layout: &Layout) -> Vec<String> {
    let mut reader = ::csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes());
    let bare = |row: ::csv::StringRecord| row.iter().map(table::remove_whitespace).collect::<Vec<_>>();
    let mut rows = reader.records().map_while(Result::ok).map(bare);
    rows.find(|names| matches!(table::find_columns(names, layout, &[]), Ok(Some(_)))).unwrap_or_default()
}

/// Returns the names in the first record; members of a nested object are named `outer.inner`.
fn list_first_object_names(format: &Format, text: &str) -> Vec<String> {
    let body = Body::Text(text.into());
    let first = crate::decode::decode_records(format, &body, &[], RecordRange::new(0, 1)).ok();
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
