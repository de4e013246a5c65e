//! Corrections: values that people put in the place of those received, in the raw records of dead letters.

use std::collections::BTreeSet;

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::act::{Act, AuditEntry};
use super::error::OperationError;
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::conflicts::Retries;
use crate::database::OpenDatabase;
use huiliu_decode::Plan;
use huiliu_store::Tx;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::letters::{self, LetterFilter};
use huiliu_store::admin::registry;
use huiliu_store::delivery::awaiting;
use huiliu_store::delivery::corrections::{
    self, CorrectedLetter, CorrectionFilter, CorrectionRow, LetterStream, MAX_LETTERS,
};

/// Why nothing is corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum CorrectionRefused {
    /// No open dead letter matches.
    #[serde(rename = "correction.nothing")]
    Nothing,
    /// More dead letters match than one correction may cover.
    #[serde(rename = "correction.too_many")]
    TooMany { letters: i64, max: i64 },
    /// The manifest of a stream does not read such a raw field; `known` lists those that it reads.
    #[serde(rename = "correction.field")]
    Field { field: String, stream: String, known: Vec<String> },
    /// A raw field is given two values.
    #[serde(rename = "correction.twice")]
    Twice { field: String },
    /// Nothing is wrong with the dead letter: it awaits a replay.
    #[serde(rename = "correction.sound")]
    Sound { dead_letter: i64 },
    /// There is no such correction, or it is withdrawn.
    #[serde(rename = "correction.not_held")]
    NotHeld { correction: i64 },
}

said_in_english!(CorrectionRefused);

impl CorrectionRefused {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nothing => "correction.nothing",
            Self::TooMany { .. } => "correction.too_many",
            Self::Field { .. } => "correction.field",
            Self::Twice { .. } => "correction.twice",
            Self::Sound { .. } => "correction.sound",
            Self::NotHeld { .. } => "correction.not_found",
        }
    }
}

/// Letters whose corrections are written by one statement.
const LETTERS: usize = 1_000;

/// Corrections that were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CorrectionsMade {
    /// Number of dead letters.
    pub dead_letters: usize,
    /// The raw fields.
    pub fields: Vec<String>,
}

/// Puts values in the place of those received in the raw records of open dead letters. The letters stay open until they are
/// replayed, or come again on a page that has changed; the payload stays as it is.
///
/// # Errors
/// [`CorrectionRefused`], [`OperationError::DeadLetterNotOpen`], [`OperationError::Filter`].
pub async fn add(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    of: &LetterFilter,
    values: &[(String, String)],
) -> Result<CorrectionsMade, OperationError> {
    filters::check_letter_filter(access, of).await?;
    let mut named = BTreeSet::new();
    if let Some((field, _)) = values.iter().find(|(field, _)| !named.insert(field)) {
        return Err(CorrectionRefused::Twice { field: field.clone() }.into());
    }
    let mut retries = Retries::default();
    loop {
        match try_adding(access, act, of, values).await {
            Err(OperationError::Store(fault)) if retries.try_again(&fault) => {}
            added => return added,
        }
    }
}

async fn try_adding(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    of: &LetterFilter,
    values: &[(String, String)],
) -> Result<CorrectionsMade, OperationError> {
    let db = &access.opened.db;
    let mut tx = db.begin().await?;
    let mut numbers = letters::list_numbers(&mut tx, of, 0, MAX_LETTERS + 1).await?;
    if numbers.len() > usize::try_from(MAX_LETTERS).unwrap_or(usize::MAX) {
        let letters = letters::count_open(db, of).await?;
        return Err(CorrectionRefused::TooMany { letters, max: MAX_LETTERS }.into());
    }
    let sound = awaiting::find_letters(&mut tx, &numbers).await?;
    numbers.retain(|number| sound.binary_search(number).is_err());
    if let Some(dead_letter) = sound.first().copied().filter(|_| numbers.is_empty() || !of.letters.is_empty()) {
        return Err(CorrectionRefused::Sound { dead_letter }.into());
    }
    // Locked before they are read, so that none is corrected as it was.
    let open = corrections::lock_open(&mut tx, &numbers).await?;
    let asked: BTreeSet<i64> = of.letters.iter().copied().collect();
    if open.len() < asked.len().max(1) {
        drop(tx);
        return Err(find_unusable(access.opened, of).await?);
    }
    let streams = corrections::list_streams(&mut tx, of).await?;
    check_fields(access, &streams, values).await?;
    write_and_commit(tx, access.opened, act, of, &open, values, None).await
}

/// Corrects one letter, which was read before, by the value of a suggestion. `suggestion` names it in the audit log.
///
/// # Errors
/// [`OperationError::DeadLetterNotOpen`], also if its raw record is another one by now.
pub(super) async fn add_suggested(
    opened: &OpenDatabase,
    act: Act<'_>,
    letter: &CorrectedLetter,
    value: (String, String),
    suggestion: &Value,
) -> Result<CorrectionsMade, OperationError> {
    let values = [value];
    let mut retries = Retries::default();
    loop {
        match try_adding_suggested(opened, act, letter, &values, suggestion).await {
            Err(OperationError::Store(fault)) if retries.try_again(&fault) => {}
            added => return added,
        }
    }
}

async fn try_adding_suggested(
    opened: &OpenDatabase,
    act: Act<'_>,
    letter: &CorrectedLetter,
    values: &[(String, String)],
    suggestion: &Value,
) -> Result<CorrectionsMade, OperationError> {
    let dead_letter = letter.dead_letter;
    let mut tx = opened.db.begin().await?;
    let open = corrections::lock_open(&mut tx, &[dead_letter]).await?;
    // The same bytes as were read.
    if open.first() != Some(letter) {
        return Err(OperationError::DeadLetterNotOpen { dead_letter });
    }
    let of = LetterFilter { letters: vec![dead_letter], ..LetterFilter::default() };
    write_and_commit(tx, opened, act, &of, &open, values, Some(suggestion)).await
}

/// Writes corrections of locked letters, and commits them with their audit entry.
async fn write_and_commit(
    mut tx: Tx,
    opened: &OpenDatabase,
    act: Act<'_>,
    of: &LetterFilter,
    open: &[CorrectedLetter],
    values: &[(String, String)],
    suggestion: Option<&Value>,
) -> Result<CorrectionsMade, OperationError> {
    for some in open.chunks(LETTERS) {
        let corrected: Vec<_> = some
            .iter()
            .flat_map(|letter| values.iter().map(move |(field, value)| (letter, field.as_str(), value.as_str())))
            .collect();
        corrections::write_corrections(&mut tx, &opened.keys, &corrected, act.to_author()).await?;
    }
    let done = open.len();
    let fields: Vec<String> = values.iter().map(|(field, _)| field.clone()).collect();
    let object = match of.letters.as_slice() {
        [only] => format!("dead letter {only}"),
        _ => "dead letter".to_owned(),
    };
    let mut detail = json!({ "filter": of, "count": done, "fields": fields });
    if let Some(suggestion) = suggestion {
        detail["suggestion"] = suggestion.clone();
    }
    act.commit_with_audit(tx, opened, AuditEntry { action: "dead_letter.correct", object, detail }).await?;
    Ok(CorrectionsMade { dead_letters: done, fields })
}

/// Says which of the letters that were named cannot be corrected.
pub(super) async fn find_unusable(opened: &OpenDatabase, of: &LetterFilter) -> Result<OperationError, OperationError> {
    for dead_letter in &of.letters {
        let one = LetterFilter { letters: vec![*dead_letter], ..of.clone() };
        if letters::count_open(&opened.db, &one).await? == 0 {
            return Ok(OperationError::DeadLetterNotOpen { dead_letter: *dead_letter });
        }
    }
    Ok(CorrectionRefused::Nothing.into())
}

/// Refuses a field that the manifest of a stream does not read.
async fn check_fields(
    access: RegistryAccess<'_>,
    streams: &[LetterStream],
    values: &[(String, String)],
) -> Result<(), OperationError> {
    let registered = registry::read_registry(&access.opened.db).await?;
    let in_use = access.resolve_in_use(&registered).await?.found;
    for LetterStream { connector, stream, .. } in streams {
        let manifest = in_use.get(connector).map(|of| &of.manifest);
        let found = manifest.and_then(|manifest| manifest.find_stream(stream));
        let known: BTreeSet<&str> = found.map(|stream| Plan::new(stream).paths).into_iter().flatten().collect();
        if let Some((field, _)) = values.iter().find(|(field, _)| !known.contains(field.as_str())) {
            let known = known.into_iter().map(str::to_owned).collect();
            let (field, stream) = (field.clone(), stream.clone());
            return Err(CorrectionRefused::Field { field, stream, known }.into());
        }
    }
    Ok(())
}

/// Lists corrections by number, also those that are withdrawn. Values are masked.
///
/// # Errors
/// [`OperationError::Filter`] if there is no such source.
pub async fn list(
    access: RegistryAccess<'_>,
    of: &CorrectionFilter,
    span: Span,
) -> Result<Page<CorrectionRow>, OperationError> {
    filters::check_filter(access, &RowFilter { source: of.source.clone(), ..RowFilter::default() }).await?;
    let OpenDatabase { db, keys, .. } = access.opened;
    let rows = corrections::list(db, keys, of, span.after, span.limit_plus_one()).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.correction.to_string());
    Ok(page.counted(corrections::count(db, of)).await?)
}

/// A correction that was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CorrectionWithdrawn {
    /// The correction's number.
    pub correction: i64,
    /// The dead letter that it was made for.
    pub dead_letter: i64,
}

/// Withdraws a correction: from now on the value is read as received. What was loaded with it stays, until it comes again on a page
/// that has changed.
///
/// # Errors
/// [`CorrectionRefused::NotHeld`].
pub async fn withdraw(
    opened: &OpenDatabase,
    act: Act<'_>,
    correction: i64,
) -> Result<CorrectionWithdrawn, OperationError> {
    let mut tx = opened.db.begin().await?;
    let held = corrections::withdraw(&mut tx, correction).await?;
    let dead_letter = held.ok_or(CorrectionRefused::NotHeld { correction })?;
    let detail = json!({ "correction": correction });
    let entry = AuditEntry { action: "dead_letter.uncorrect", object: format!("dead letter {dead_letter}"), detail };
    act.commit_with_audit(tx, opened, entry).await?;
    Ok(CorrectionWithdrawn { correction, dead_letter })
}
