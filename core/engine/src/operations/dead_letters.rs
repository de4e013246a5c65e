//! Dead letters: records that could not be used, with all reasons.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{Act, AuditEntry};
use super::corrected::{self, LetterShown};
use super::corrections;
use super::error::{NotFound, OperationError};
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use super::suggestions::{self, Suggestion};
use crate::conflicts::Retries;
use crate::database::OpenDatabase;
use crate::raw_record;
use crate::runtime::Runtime;
use huiliu_decode::cause::find_responsible;
use huiliu_decode::preview::{Mapped, Preview, mask_raw};
use huiliu_messages::Message;
use huiliu_store::StoreError;
use huiliu_store::admin::audit::{self, Entry, EntryFilter};
use huiliu_store::admin::causes::{self, CauseGroup};
use huiliu_store::admin::letters::{self, LetterFilter, Sighting};
use huiliu_store::delivery::dead_letters;
use huiliu_values::{DeadLetterState, Responsible};

/// Lists the open dead letters.
///
/// # Errors
/// [`OperationError::Filter`] if the filter names something that does not exist.
pub async fn list(
    access: RegistryAccess<'_>,
    of: &LetterFilter,
    span: Span,
) -> Result<Page<LetterShown>, OperationError> {
    filters::check_letter_filter(access, of).await?;
    let db = &access.opened.db;
    let rows = letters::list_open(db, of, span.after, span.limit_plus_one()).await?;
    let rows = corrected::add_corrections(access.opened, rows).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.letter.dead_letter.to_string());
    Ok(page.counted(letters::count_open(db, of)).await?)
}

/// Causes of open dead letters, those with the most letters first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CausePage {
    /// The causes. The value of `next` is the number of causes up to here.
    #[serde(flatten)]
    pub page: Page<CauseGroup>,
    /// Number of selected dead letters. A letter may have several causes.
    pub dead_letters: i64,
}

/// Groups the open dead letters by cause.
///
/// # Errors
/// [`OperationError::Filter`] if the filter names something that does not exist.
pub async fn groups(access: RegistryAccess<'_>, of: &LetterFilter, span: Span) -> Result<CausePage, OperationError> {
    filters::check_letter_filter(access, of).await?;
    let as_count = |n: i64| usize::try_from(n).unwrap_or(0);
    let found =
        causes::list_causes(&access.opened.db, of, as_count(span.after), as_count(span.limit_plus_one())).await?;
    let shown = span.after + span.limit.min(i64::try_from(found.groups.len()).unwrap_or(0));
    let mut page = Page::from_rows(found.groups, span.limit, |_| shown.to_string());
    page.total = page.next.as_ref().map(|_| found.total);
    Ok(CausePage { page, dead_letters: found.letters })
}

/// The most receipts that a dead letter is shown with.
const MAX_SIGHTINGS: i64 = 20;

/// A dead letter with everything that helps to repair it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LetterDetails {
    /// The dead letter.
    #[serde(flatten)]
    pub shown: LetterShown,
    /// Who can remove each cause, in the order of the reasons.
    pub responsible: Vec<Responsible>,
    /// The raw record as received, with ID and phone numbers masked.
    pub raw: String,
    /// The record as today's manifest maps it; `null` if the payload cannot be read now.
    pub mapped: Option<Vec<Mapped>>,
    /// Why the payload cannot be read now.
    pub unreadable: Option<Message>,
    /// What the raw record probably means, if it is open: teachers, then courses, at most five of each.
    pub suggestions: Vec<Suggestion>,
    /// Where and when it was received, the newest receipt first, at most 20.
    pub sightings: Vec<Sighting>,
    /// What people have done with it, oldest first.
    pub history: Vec<Entry>,
}

/// Shows one dead letter in any state, with its raw record, masked, beside what today's manifest makes of it.
///
/// # Errors
/// [`OperationError::NotFound`] if it does not exist.
pub async fn show(runtime: &Runtime, dead_letter: i64) -> Result<LetterDetails, OperationError> {
    let opened = runtime.database_handle();
    let db = &opened.db;
    let missing = || NotFound::DeadLetter { dead_letter };
    let row = letters::find(db, dead_letter).await?.ok_or_else(missing)?;
    let raw = letters::load_raw(db, dead_letter).await?.ok_or_else(missing)?;
    let shown = corrected::add_corrections(&opened, vec![row]).await?.pop().ok_or_else(missing)?;
    let (read, unreadable) = match raw_record::preview(&runtime.delivery, raw.batch, raw.index, &raw.digest).await {
        Ok(read) => (read, None),
        Err(StoreError::Unreadable(why)) => (None, Some(Message::new(&why))),
        Err(fault) => return Err(fault.into()),
    };
    let (preview, subject) = read.unzip();
    let found = match subject.filter(|_| shown.letter.state == DeadLetterState::Open) {
        Some(subject) => suggestions::find(&opened, &shown.letter.reasons, &subject).await?,
        None => vec![],
    };
    // A preview knows in which fields ID numbers stand.
    let (text, mapped) = match preview {
        Some(Preview { raw, fields, .. }) => (raw, Some(fields)),
        None => (mask_raw(&raw.open(&opened.keys)?), None),
    };
    let about = EntryFilter { object: Some(format!("dead letter {dead_letter}")), ..EntryFilter::default() };
    Ok(LetterDetails {
        responsible: shown.letter.reasons.iter().map(|reason| find_responsible(&reason.code)).collect(),
        raw: text,
        mapped,
        unreadable,
        suggestions: found.into_iter().map(|of| of.shown).collect(),
        sightings: letters::list_sightings(db, dead_letter, MAX_SIGHTINGS).await?,
        history: audit::list(db, &about, 0, i64::MAX).await?,
        shown,
    })
}

/// Dead letters that were discarded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Discarded {
    /// Number of dead letters.
    pub dead_letters: usize,
    /// Always `discarded`.
    pub state: DeadLetterState,
}

/// A dead letter whose record may belong to another person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Accepted {
    /// The letter's number.
    pub dead_letter: i64,
    /// Always `open`: a replay loads the record.
    pub state: DeadLetterState,
}

/// Accepts that the record of an open dead letter belongs from now on to the person whom the letter names. A replay, or
/// the same raw record when it is received again, then replaces the record. Decisions about the earlier person's record
/// do not follow.
///
/// # Errors
/// [`OperationError::NoOtherPerson`] if the letter is not open, or is not about a record of another person.
pub async fn accept(opened: &OpenDatabase, act: Act<'_>, dead_letter: i64) -> Result<Accepted, OperationError> {
    let mut tx = opened.db.begin().await?;
    if !dead_letters::accept_other_person(&mut tx, dead_letter).await? {
        return Err(OperationError::NoOtherPerson { dead_letter });
    }
    act.commit_with_audit(tx, opened, AuditEntry::new("dead_letter.accept", format!("dead letter {dead_letter}")))
        .await?;
    Ok(Accepted { dead_letter, state: DeadLetterState::Open })
}

/// Discards open dead letters for good: those with numbers, all of which must be open, or all that match. Their raw records count
/// as discarded.
///
/// # Errors
/// [`OperationError::DeadLetterNotOpen`] if one of the numbers is closed or does not exist; [`OperationError::Filter`];
/// [`OperationError::Correction`] if nothing matches.
pub async fn discard(access: RegistryAccess<'_>, act: Act<'_>, of: &LetterFilter) -> Result<Discarded, OperationError> {
    filters::check_letter_filter(access, of).await?;
    let mut retries = Retries::default();
    loop {
        match try_discarding(access, act, of).await {
            Err(OperationError::Store(fault)) if retries.try_again(&fault) => {}
            discarded => return discarded,
        }
    }
}

async fn try_discarding(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    of: &LetterFilter,
) -> Result<Discarded, OperationError> {
    let mut tx = access.opened.db.begin().await?;
    let numbers = letters::list_numbers(&mut tx, of, 0, i64::MAX).await?;
    let done = dead_letters::discard_letters(&mut tx, &numbers).await?;
    let named: BTreeSet<i64> = of.letters.iter().copied().collect();
    if done < named.len().max(1) {
        drop(tx);
        return Err(corrections::find_unusable(access.opened, of).await?);
    }
    let object = match of.letters.as_slice() {
        [only] => format!("dead letter {only}"),
        _ => "dead letter".to_owned(),
    };
    let detail = if named.len() == 1 { json!({}) } else { json!({ "filter": of, "count": done }) };
    let entry = AuditEntry { action: "dead_letter.discard", object, detail };
    act.commit_with_audit(tx, access.opened, entry).await?;
    Ok(Discarded { dead_letters: done, state: DeadLetterState::Discarded })
}
