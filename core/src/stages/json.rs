//! JSON pages. Items are cut out of the page as text first, so that a batch builds only its own records.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::decode::{DecodeFault, Fields, Position, RawRecord};

fn form(e: &serde_json::Error) -> DecodeFault {
    DecodeFault::Form { format: "JSON", why: e.to_string() }
}

fn at<'a>(bytes: &'a [u8], path: &str) -> Result<Option<&'a RawValue>, DecodeFault> {
    let text = std::str::from_utf8(bytes)
        .map_err(|e| DecodeFault::Encoding { encoding: "UTF-8".into(), offset: e.valid_up_to() })?;
    let mut value: &RawValue = serde_json::from_str(text).map_err(|e| form(&e))?;
    for name in path.split('.') {
        let mut object: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(value.get()).map_err(|e| form(&e))?;
        match object.remove(name) {
            Some(inner) => value = inner,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

/// The text of a string, number or boolean at a path of a page.
///
/// # Errors
/// [`DecodeFault`] when the page is not JSON.
pub fn scalar(bytes: &[u8], path: &str) -> Result<Option<String>, DecodeFault> {
    let Some(raw) = at(bytes, path)? else { return Ok(None) };
    let value: Value = serde_json::from_str(raw.get()).map_err(|e| form(&e))?;
    Ok(scalar_text(&value).map(Cow::into_owned))
}

/// Checks the platform's own verdict on its answer.
///
/// # Errors
/// [`DecodeFault::Refused`] when it says error.
pub fn check(bytes: &[u8], path: Option<&str>, wanted: Option<&str>) -> Result<(), DecodeFault> {
    let (Some(path), Some(wanted)) = (path, wanted) else { return Ok(()) };
    match scalar(bytes, path)? {
        Some(found) if found == wanted => Ok(()),
        Some(found) => Err(DecodeFault::Refused(format!("{path} is {found}, expected {wanted}"))),
        None => Err(DecodeFault::Form { format: "JSON", why: format!("no field {path}") }),
    }
}

/// The items of a page, as text.
///
/// # Errors
/// [`DecodeFault`] when the page is not JSON or holds no array there.
pub fn items<'a>(bytes: &'a [u8], path: &str) -> Result<Vec<&'a RawValue>, DecodeFault> {
    let raw = at(bytes, path)?.ok_or_else(|| DecodeFault::Form { format: "JSON", why: format!("no field {path}") })?;
    serde_json::from_str(raw.get()).map_err(|e| form(&e))
}

/// Builds a range of a page's records.
///
/// # Errors
/// [`DecodeFault`].
pub fn decode(bytes: &[u8], path: &str, first: u32, count: u32) -> Result<Vec<RawRecord>, DecodeFault> {
    let range = items(bytes, path)?.into_iter().zip(0u32..).skip(first as usize).take(count as usize);
    range
        .map(|(item, index)| {
            let value: Value = serde_json::from_str(item.get()).map_err(|e| form(&e))?;
            Ok(RawRecord {
                index,
                position: Position::Item(index),
                raw: item.get().to_owned(),
                fields: Fields::Json(value),
            })
        })
        .collect()
}

/// The text at a path of one record.
#[must_use]
pub fn text_at<'a>(value: &'a Value, path: &str) -> Option<Cow<'a, str>> {
    let mut here = value;
    for name in path.split('.') {
        here = here.get(name)?;
    }
    scalar_text(here)
}

fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(s) => Some(Cow::Borrowed(s)),
        Value::Number(n) => Some(Cow::Owned(n.to_string())),
        Value::Bool(b) => Some(Cow::Borrowed(if *b { "true" } else { "false" })),
        Value::Null => None,
        other => Some(Cow::Owned(other.to_string())),
    }
}
