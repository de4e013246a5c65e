//! Mapped values: what people put in the place of one value of a raw field, in all raw records of a stream that are parked because of
//! it, now and in future.

use std::collections::BTreeMap;

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{Act, AuditEntry};
use super::corrections::CorrectionRefused;
use super::error::OperationError;
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::conflicts::Retries;
use crate::database::OpenDatabase;
use crate::raw_record::{self, SentRecords};
use crate::runtime::Runtime;
use huiliu_store::admin::causes;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::delivery::corrections::{self, SheetLetter};
use huiliu_store::delivery::mapped_values::{self, MappedValueRow, MappingWithdrawn, NewMapping};

/// The most causes that a mapped value names.
const MAX_CAUSES: usize = 20;

/// Why a value is not mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum MappingRefused {
    /// Today's manifest finds another raw record where the letter's stood.
    #[serde(rename = "mapped.other_record")]
    OtherRecord { dead_letter: i64 },
    /// The raw record has no value in this field, so there is nothing that could be recognised.
    #[serde(rename = "mapped.absent")]
    Absent { dead_letter: i64, field: String },
    /// The value is the one that was received.
    #[serde(rename = "mapped.same")]
    Same { field: String },
    /// The raw record as received is not parked because of this field, so a mapped value would not be read.
    #[serde(rename = "mapped.not_blamed")]
    NotBlamed { dead_letter: i64, field: String },
    /// There is no such mapped value, or it is withdrawn.
    #[serde(rename = "mapped.not_held")]
    NotHeld { mapped_value: i64 },
}

said_in_english!(MappingRefused);

impl MappingRefused {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherRecord { .. } => "mapped.other_record",
            Self::Absent { .. } => "mapped.absent",
            Self::Same { .. } => "mapped.same",
            Self::NotBlamed { .. } => "mapped.not_blamed",
            Self::NotHeld { .. } => "mapped.not_found",
        }
    }
}

/// A value that was mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ValueMapped {
    /// Number of the mapped value.
    pub mapped_value: i64,
    /// The dead letter whose value was mapped.
    pub dead_letter: i64,
    /// Name of the source.
    pub source: String,
    /// Name of the stream.
    pub stream: String,
    /// The raw field.
    pub field: String,
    /// Numbers of the letter's causes in this field: their letters may have the same value.
    pub causes: Vec<i64>,
}

/// Maps the value that an open dead letter's raw record has in a raw field: from now on another value is read in its place, in every
/// raw record of the source and stream that is parked because of that field. The payloads stay as they are.
///
/// # Errors
/// [`MappingRefused`], [`CorrectionRefused::Field`], [`OperationError::DeadLetterNotOpen`].
pub async fn map(
    runtime: &Runtime,
    act: Act<'_>,
    dead_letter: i64,
    (field, value): (&str, &str),
) -> Result<ValueMapped, OperationError> {
    let opened = runtime.database_handle();
    let not_open = || OperationError::DeadLetterNotOpen { dead_letter };
    let letter = corrections::find_for_sheet(&opened.db, &[dead_letter]).await?.pop().ok_or_else(not_open)?;
    let received = read_received(runtime, &letter, field).await?;
    if received == value.trim() {
        return Err(MappingRefused::Same { field: field.to_owned() }.into());
    }
    huiliu_store::delivery::causes::sort_letters(&opened.db, &opened.keys).await?;
    let of = LetterFilter { letters: vec![dead_letter], field: Some(field.to_owned()), ..LetterFilter::default() };
    let found = causes::list_causes(&opened.db, &of, 0, MAX_CAUSES).await?;
    let new = NewMapping { field, received: &received, value };
    let mut retries = Retries::default();
    let mapped_value = loop {
        match try_mapping(&opened, act, &letter, new).await {
            Err(OperationError::Store(fault)) if retries.try_again(&fault) => {}
            mapped => break mapped?,
        }
    };
    Ok(ValueMapped {
        mapped_value,
        dead_letter,
        source: letter.source.clone(),
        stream: letter.stream().to_owned(),
        field: field.to_owned(),
        causes: found.groups.iter().map(|group| group.cause).collect(),
    })
}

async fn try_mapping(
    opened: &OpenDatabase,
    act: Act<'_>,
    letter: &SheetLetter,
    new: NewMapping<'_>,
) -> Result<i64, OperationError> {
    let dead_letter = letter.letter.dead_letter;
    let mut tx = opened.db.begin().await?;
    // The same bytes as were read.
    if corrections::lock_open(&mut tx, &[dead_letter]).await?.first() != Some(&letter.letter) {
        return Err(OperationError::DeadLetterNotOpen { dead_letter });
    }
    let mapped_value = mapped_values::write(&mut tx, &opened.keys, &letter.letter, new, act.to_author()).await?;
    let detail = json!({ "mapped_value": mapped_value, "stream": letter.stream(), "fields": [new.field] });
    let entry = AuditEntry { action: "dead_letter.map", object: format!("dead letter {dead_letter}"), detail };
    act.commit_with_audit(tx, opened, entry).await?;
    Ok(mapped_value)
}

/// Returns the value that a letter's raw record has in a raw field, trimmed, if a mapped value would be read in its place.
async fn read_received(runtime: &Runtime, letter: &SheetLetter, field: &str) -> Result<String, OperationError> {
    let dead_letter = letter.letter.dead_letter;
    let other_record = || MappingRefused::OtherRecord { dead_letter };
    let (digest, _) = letter.digests().ok_or_else(other_record)?;
    let wanted = BTreeMap::from([(letter.index, digest)]);
    let SentRecords { fields, mut records, .. } =
        raw_record::read_sent(&runtime.delivery, letter.batch, Some(&wanted)).await?;
    let record = records.remove(&letter.index).ok_or_else(other_record)?;
    let Some(slot) = fields.iter().position(|of| of == field) else {
        let (field, stream) = (field.to_owned(), letter.stream().to_owned());
        return Err(CorrectionRefused::Field { field, stream, known: fields }.into());
    };
    let text = record.texts.into_iter().nth(slot).flatten().map(|text| text.trim().to_owned());
    let received = text.filter(|text| !text.is_empty());
    let received = received.ok_or_else(|| MappingRefused::Absent { dead_letter, field: field.to_owned() })?;
    let preview = raw_record::preview(&runtime.delivery, letter.batch, letter.index, digest).await?;
    let (preview, _) = preview.ok_or_else(other_record)?;
    if preview.problems.iter().all(|why| why.source_field != field) {
        return Err(MappingRefused::NotBlamed { dead_letter, field: field.to_owned() }.into());
    }
    Ok(received)
}

/// Lists mapped values by number, of one source or of all, also those that are withdrawn. The values are masked.
///
/// # Errors
/// [`OperationError::Filter`] if there is no such source.
pub async fn list(
    access: RegistryAccess<'_>,
    source: Option<&str>,
    span: Span,
) -> Result<Page<MappedValueRow>, OperationError> {
    filters::check_filter(access, &RowFilter { source: source.map(str::to_owned), ..RowFilter::default() }).await?;
    let OpenDatabase { db, keys, .. } = access.opened;
    let rows = mapped_values::list(db, keys, source, span.after, span.limit_plus_one()).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.mapped_value.to_string());
    Ok(page.counted(mapped_values::count(db, source)).await?)
}

/// Withdraws a mapped value: from now on the value is read as received. Records that were loaded with it stay until they are read
/// again.
///
/// # Errors
/// [`MappingRefused::NotHeld`].
pub async fn withdraw(
    opened: &OpenDatabase,
    act: Act<'_>,
    mapped_value: i64,
) -> Result<MappingWithdrawn, OperationError> {
    let mut tx = opened.db.begin().await?;
    let held = mapped_values::withdraw(&mut tx, mapped_value).await?;
    let withdrawn = held.ok_or(MappingRefused::NotHeld { mapped_value })?;
    let detail = json!({ "mapped_value": mapped_value, "stream": withdrawn.stream, "fields": [withdrawn.field] });
    let object = format!("dead letter {}", withdrawn.dead_letter);
    act.commit_with_audit(tx, opened, AuditEntry { action: "dead_letter.unmap", object, detail }).await?;
    Ok(withdrawn)
}
