//! Filters of listings. A filter that names something unknown is refused, so an empty listing means that nothing
//! matches.

use std::collections::BTreeSet;

use huiliu_messages::said_in_english;
use serde::Serialize;

use super::error::{NotFound, OperationError};
use super::registry_access::RegistryAccess;
use crate::database::OpenDatabase;
use crate::reason_codes::REASON_CODES;
use huiliu_manifest::fault::find_nearest;
use huiliu_store::admin::filter::{self, CauseColumn, RowFilter};
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::admin::registry;
use huiliu_store::delivery::causes;
use huiliu_store::roster::report;

/// How many similar codes are suggested for an unknown one.
const MAX_OFFERED: usize = 3;

/// What a filter names that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum FilterError {
    /// No such source; `known` lists those that exist.
    #[serde(rename = "filter.source")]
    Source { name: String, known: Vec<String> },
    /// No such source; there are no sources at all.
    #[serde(rename = "filter.no_source")]
    NoSource { name: String },
    /// No such stream; `known` lists those of the connectors in use.
    #[serde(rename = "filter.stream")]
    Stream { stream: String, known: Vec<String> },
    /// No such connector; `known` lists those that exist.
    #[serde(rename = "filter.connector")]
    Connector { connector: String, known: Vec<String> },
    /// No such sync run; `newest` is the newest one.
    #[serde(rename = "filter.run")]
    Run { run: i64, newest: i64 },
    /// No such sync run; there are no runs at all.
    #[serde(rename = "filter.no_run")]
    NoRun { run: i64 },
    /// No such reason code; `nearest` lists the most similar codes.
    #[serde(rename = "filter.reason")]
    Reason { reason: String, nearest: Vec<String> },
    /// No such reason code, and none is similar.
    #[serde(rename = "filter.no_reason")]
    NoReason { reason: String },
    /// No dead letter has a cause of this number.
    #[serde(rename = "filter.cause")]
    Cause { cause: i64 },
    /// No dead letter has a reason about such a field; `nearest` lists the most similar fields.
    #[serde(rename = "filter.field")]
    Field { field: String, nearest: Vec<String> },
    /// No dead letter has a reason about such a field, and none is similar.
    #[serde(rename = "filter.no_field")]
    NoField { field: String },
    /// No payload has such an address.
    #[serde(rename = "filter.file")]
    File { file: String },
    /// No such institution; `known` lists those that exist.
    #[serde(rename = "filter.institution")]
    Institution { institution: String, known: Vec<String> },
    /// No such institution; there are none at all.
    #[serde(rename = "filter.no_institution")]
    NoInstitution { institution: String },
    /// Somebody who has never acted, and those who have.
    #[serde(rename = "filter.actor")]
    Actor { actor: String, known: Vec<String> },
    /// An action that the audit log does not have, and those it has.
    #[serde(rename = "filter.action")]
    Action { action: String, known: Vec<String> },
    /// Something that nobody has ever acted on.
    #[serde(rename = "filter.subject")]
    Subject { subject: String },
}

said_in_english!(FilterError);

impl FilterError {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Source { .. } | Self::NoSource { .. } => "source.not_found",
            Self::Stream { .. } => "stream.not_found",
            Self::Connector { .. } => "connector.not_found",
            Self::Run { .. } | Self::NoRun { .. } => "run.not_found",
            Self::Reason { .. } | Self::NoReason { .. } => "code.not_found",
            Self::Cause { .. } => "cause.not_found",
            Self::Field { .. } | Self::NoField { .. } => "field.not_found",
            Self::File { .. } => "file.not_found",
            Self::Institution { .. } | Self::NoInstitution { .. } => "institution.not_found",
            Self::Actor { .. } => "actor.not_found",
            Self::Action { .. } => "action.not_found",
            Self::Subject { .. } => "subject.not_found",
        }
    }
}

/// Refuses a filter that names something that does not exist.
///
/// # Errors
/// [`FilterError`] as an [`OperationError`].
pub(crate) async fn check_filter(access: RegistryAccess<'_>, asked: &RowFilter) -> Result<(), OperationError> {
    let db = &access.opened.db;
    if asked.source.is_some() || asked.connector.is_some() {
        check_names(access, asked).await?;
    }
    if let Some(run) = asked.run
        && !filter::has_run(db, run).await?
    {
        let newest = filter::find_newest_run(db).await?;
        return Err(newest.map_or(FilterError::NoRun { run }, |newest| FilterError::Run { run, newest }).into());
    }
    Ok(())
}

/// Refuses a filter of dead letters that names something that does not exist. Letters whose causes are not known yet are
/// looked at first.
///
/// # Errors
/// [`FilterError`] as an [`OperationError`]; [`NotFound::Teacher`], [`NotFound::Payload`].
pub(super) async fn check_letter_filter(
    access: RegistryAccess<'_>,
    asked: &LetterFilter,
) -> Result<(), OperationError> {
    let OpenDatabase { db, keys, .. } = access.opened;
    causes::sort_letters(db, keys).await?;
    let LetterFilter { source, connector, run, stream, .. } = asked;
    let rows = RowFilter { source: source.clone(), connector: connector.clone(), run: *run, ..RowFilter::default() };
    check_filter(access, &rows).await?;
    check_stream(access, stream.as_deref()).await?;
    if let Some(code) = &asked.code
        && !REASON_CODES.contains(&code.as_str())
    {
        let mut known = filter::list_cause_values(db, CauseColumn::Code).await?;
        if !known.contains(code) {
            known.extend(REASON_CODES.iter().map(ToString::to_string));
            let (reason, nearest) = (code.clone(), nearest_codes(code, known));
            let is_near = !nearest.is_empty();
            return Err(if is_near {
                FilterError::Reason { reason, nearest }
            } else {
                FilterError::NoReason { reason }
            }
            .into());
        }
    }
    if let Some(field) = &asked.field {
        let known = filter::list_cause_values(db, CauseColumn::Field).await?;
        if !known.contains(field) {
            let (field, nearest) = (field.clone(), nearest_codes(field, known));
            let is_near = !nearest.is_empty();
            return Err(
                if is_near { FilterError::Field { field, nearest } } else { FilterError::NoField { field } }.into()
            );
        }
    }
    if let Some(cause) = asked.cause
        && !filter::has_cause(db, cause).await?
    {
        return Err(FilterError::Cause { cause }.into());
    }
    if let Some(file) = &asked.file
        && !filter::has_payload_at(db, file).await?
    {
        return Err(FilterError::File { file: file.clone() }.into());
    }
    if !asked.payloads.is_empty()
        && let Some(payload) = filter::find_unknown_payloads(db, &asked.payloads).await?.first().copied()
    {
        return Err(NotFound::Payload { payload }.into());
    }
    if let Some(institution) = &asked.institution {
        let (institution, known) = (institution.clone(), filter::list_institutions(db).await?);
        if known.is_empty() {
            return Err(FilterError::NoInstitution { institution }.into());
        }
        if !known.contains(&institution) {
            return Err(FilterError::Institution { institution, known }.into());
        }
    }
    if let Some(teacher) = asked.teacher
        && report::load_teacher(db, keys, teacher).await?.is_none()
    {
        return Err(NotFound::Teacher { teacher }.into());
    }
    Ok(())
}

/// Accepts sources and connectors that run now, and those of which records are stored.
async fn check_names(access: RegistryAccess<'_>, asked: &RowFilter) -> Result<(), OperationError> {
    let registered = registry::read_registry(&access.opened.db).await?;
    let held = filter::list_sources(&access.opened.db).await?;
    if let Some(name) = &asked.source {
        let settings = access.settings.sources.iter().map(|source| source.name.clone());
        let registered = registered.sources.iter().map(|row| row.name.clone());
        let known: BTreeSet<String> =
            settings.chain(registered).chain(held.iter().map(|source| source.name.clone())).collect();
        if !known.contains(name) {
            let (name, known) = (name.clone(), Vec::from_iter(known));
            let is_any = !known.is_empty();
            return Err(
                if is_any { FilterError::Source { name, known } } else { FilterError::NoSource { name } }.into()
            );
        }
    }
    if let Some(connector) = &asked.connector {
        let mut known: BTreeSet<String> = access.resolve_in_use(&registered).await?.found.into_keys().collect();
        known.extend(held.into_iter().map(|source| source.connector));
        if !known.contains(connector) {
            let (connector, known) = (connector.clone(), known.into_iter().collect());
            return Err(FilterError::Connector { connector, known }.into());
        }
    }
    Ok(())
}

/// Refuses a source or stream that does not exist.
pub(super) async fn check_source_and_stream(
    access: RegistryAccess<'_>,
    source: Option<&str>,
    stream: Option<&str>,
) -> Result<(), OperationError> {
    let of_source = RowFilter { source: source.map(str::to_owned), ..RowFilter::default() };
    check_filter(access, &of_source).await?;
    check_stream(access, stream).await
}

async fn check_stream(access: RegistryAccess<'_>, stream: Option<&str>) -> Result<(), OperationError> {
    let Some(stream) = stream else { return Ok(()) };
    let registered = registry::read_registry(&access.opened.db).await?;
    let in_use = access.resolve_in_use(&registered).await?.found;
    let known: BTreeSet<String> =
        in_use.into_values().flat_map(|of| of.manifest.stream).map(|stream| stream.name).collect();
    if known.contains(stream) {
        return Ok(());
    }
    Err(FilterError::Stream { stream: stream.to_owned(), known: known.into_iter().collect() }.into())
}

/// Returns the most similar codes, the most similar first. If none is similar, returns those about the same field.
fn nearest_codes(code: &str, mut known: BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    while found.len() < MAX_OFFERED
        && let Some(next) = find_nearest(code, known.iter().map(String::as_str)).map(str::to_owned)
    {
        known.remove(&next);
        found.push(next);
    }
    if found.is_empty() {
        let field = format!("{}.", code.split('.').next().unwrap_or(code));
        found.extend(known.into_iter().filter(|known| known.starts_with(&field)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_codes_are_offered_or_those_of_the_field() {
        let near = |code: &str| nearest_codes(code, REASON_CODES.iter().map(ToString::to_string).collect());
        assert_eq!(near("hours.untis").first().map(String::as_str), Some("hours.unit"));
        let of_scores = near("score");
        assert!(of_scores.len() == 20 && of_scores.iter().all(|code| code.starts_with("score.")), "{of_scores:?}");
        assert_eq!(near("qqqqqqqqqqqqqqqqqqqq"), Vec::<String>::new());
        assert_eq!(near("period.something_else"), ["period.order"]);
    }
}
