//! Records that are missing from the newest whole of their stream: lists them, and withdraws or keeps them.

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::act::{Act, AuditEntry};
use super::decisions::{self, Compared, Mode};
use super::error::OperationError;
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::conflicts::Retries;
use crate::deliver::DeliveryContext;
use crate::recount::Change;
use crate::runtime::Runtime;
use huiliu_store::identity::claims;
use huiliu_store::ledger::missing::{self, DecidedMissing, MissingFilter, MissingRow, MissingSelection};
use huiliu_store::ledger::{fence, marks};
use huiliu_values::{Gains, MissingState};

/// The most records that an audit entry names; it gives the number of all.
const MAX_NAMED: usize = 1_000;

/// Why records stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum MissingRefused {
    /// The record is not missing from a whole, or not any more.
    #[serde(rename = "missing.not_missing")]
    NotMissing { record: i64 },
    /// No record is left that the decision could change.
    #[serde(rename = "missing.nothing")]
    Nothing,
}

said_in_english!(MissingRefused);

impl MissingRefused {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotMissing { .. } => "missing.not_missing",
            Self::Nothing => "missing.nothing",
        }
    }

    /// Returns whether the user must change the request; always true.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        true
    }
}

/// A decision about missing records, made or planned, and the teachers whose hours it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MissingDecided {
    /// The state of the records: `withdrawn` or `kept`.
    pub state: MissingState,
    /// Number of the records that the decision changes.
    pub records: usize,
    /// Whether this is only a plan, with nothing changed.
    pub planned: bool,
    /// Sums of the changes in hours.
    pub gains: Gains,
    /// Number of teachers whose hours or entries change.
    pub teachers_changed: usize,
    /// The first 10,000 of these teachers, by number.
    pub teachers: Vec<Change>,
}

/// Lists missing records by number.
///
/// # Errors
/// [`OperationError::Filter`] if the filter names something that does not exist.
pub async fn list(
    access: RegistryAccess<'_>,
    of: &MissingFilter,
    span: Span,
) -> Result<Page<MissingRow>, OperationError> {
    filters::check_source_and_stream(access, of.source.as_deref(), of.stream.as_deref()).await?;
    let db = &access.opened.db;
    let rows = missing::list_missing(db, of, span.after, span.limit_plus_one()).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.record.to_string());
    Ok(page.counted(missing::count_missing(db, of)).await?)
}

/// Withdraws missing records, so that they count no longer, and settles their teachers; or only returns what would change. A
/// record that comes again counts by itself.
///
/// # Errors
/// [`MissingRefused`].
pub async fn withdraw(
    runtime: &Runtime,
    act: Act<'_>,
    mode: Mode,
    selection: &MissingSelection,
) -> Result<MissingDecided, OperationError> {
    decide(runtime, act, mode, selection, MissingState::Withdrawn).await
}

/// Keeps missing records, so that they count and are not asked about again; or only returns what would change. Also takes a
/// withdrawal back.
///
/// # Errors
/// [`MissingRefused`].
pub async fn keep(
    runtime: &Runtime,
    act: Act<'_>,
    mode: Mode,
    selection: &MissingSelection,
) -> Result<MissingDecided, OperationError> {
    decide(runtime, act, mode, selection, MissingState::Kept).await
}

async fn decide(
    runtime: &Runtime,
    act: Act<'_>,
    mode: Mode,
    selection: &MissingSelection,
    to: MissingState,
) -> Result<MissingDecided, OperationError> {
    let mut retries = Retries::default();
    loop {
        match try_deciding(runtime, act, mode, selection, to).await {
            Err(OperationError::Store(fault)) if retries.try_again(&fault) => {}
            // Other rules were activated in the meantime.
            Ok(None) => {}
            Ok(Some(decided)) => return Ok(decided),
            Err(error) => return Err(error),
        }
    }
}

/// Decides once. Returns `None`, and writes nothing, if other rules are in force by the end.
async fn try_deciding(
    runtime: &Runtime,
    act: Act<'_>,
    mode: Mode,
    selection: &MissingSelection,
    to: MissingState,
) -> Result<Option<MissingDecided>, OperationError> {
    let DeliveryContext { db, keys, known, rules, .. } = &runtime.delivery;
    let in_force = rules.refresh_or_fail(db, keys).await?;
    let mut tx = db.begin().await?;
    // Until the commit, the records stay with their teachers.
    claims::lock_claims_shared(&mut tx, &known.claims).await?;
    let decided = missing::decide_missing(&mut tx, selection, to, act.to_author()).await?;
    let DecidedMissing { records, teachers } = decided.map_err(|record| MissingRefused::NotMissing { record })?;
    if records.is_empty() {
        return Err(MissingRefused::Nothing.into());
    }
    act.append_audit(&mut tx, keys, audit_entry(selection, to, &records)).await?;
    let Compared { gains, teachers_changed, teachers: changes } =
        decisions::compare_in_blocks(runtime, &mut tx, &in_force, &teachers).await?;
    let planned = mode == Mode::Plan;
    let result =
        MissingDecided { state: to, records: records.len(), planned, gains, teachers_changed, teachers: changes };
    if planned {
        tx.roll_back().await?;
        return Ok(Some(result));
    }
    marks::add_marks(&mut tx, teachers.into_iter()).await?;
    if fence::hold_state(&mut tx).await?.activation != in_force.activation {
        tx.roll_back().await?;
        return Ok(None);
    }
    tx.commit().await?;
    runtime.settle_pending().await?;
    Ok(Some(result))
}

fn audit_entry(selection: &MissingSelection, to: MissingState, records: &[i64]) -> AuditEntry<'static> {
    let action = if to == MissingState::Withdrawn { "missing.withdraw" } else { "missing.keep" };
    let named: Vec<i64> = records.iter().copied().take(MAX_NAMED).collect();
    let object = match (selection, records) {
        (MissingSelection::Stream { source, .. }, _) => format!("source {source}"),
        (MissingSelection::Records(_), [record]) => format!("record {record}"),
        (MissingSelection::Records(_), _) => "record".to_owned(),
    };
    let mut detail = json!({ "records": named, "count": records.len() });
    if let MissingSelection::Stream { stream, .. } = selection {
        detail["stream"] = Value::from(stream.as_str());
    }
    AuditEntry { action, object, detail }
}
