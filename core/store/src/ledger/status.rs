//! What sources have said of records since the versions that are stored.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_rules::ledger::SourceStatus;

/// Why a record is withdrawn or disputed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum StatusCause {
    /// The source took it back.
    Withdrawn {
        /// Where it says so: page, file or row.
        address: String,
        /// The reason of the manifest's rule.
        because: String,
    },
    /// A newer row about it was left out.
    Skipped {
        /// Where that row stands.
        address: String,
        /// The reason of the manifest's rule.
        because: String,
    },
    /// A newer version of it is parked.
    Parked {
        /// Number of the dead letter.
        dead_letter: i64,
        /// Where that version stands.
        address: String,
    },
}

impl StatusCause {
    /// Returns what this makes of the record.
    #[must_use]
    pub fn status(&self) -> SourceStatus {
        match self {
            Self::Withdrawn { .. } => SourceStatus::Withdrawn,
            Self::Skipped { .. } | Self::Parked { .. } => SourceStatus::Disputed,
        }
    }
}

/// SQL: source version, batch and row of the stored record `t`, as it was received last.
struct Stored {
    version: String,
    landed: String,
}

impl Stored {
    fn of_alias(t: &str) -> Self {
        let landed = format!("coalesce({t}.confirmed_batch, {t}.batch_id), coalesce({t}.confirmed_row, {t}.row_index)");
        Self { version: format!("{t}.source_version"), landed }
    }
}

/// SQL condition: the dead letter `d` is about the record `t`, and open.
fn is_letter_of(t: &str) -> String {
    format!(
        "d.dead_letter_key = {t}.record_key AND d.source_id = {t}.source_id AND d.stream = {t}.stream AND d.state || '' = 'open'"
    )
}

/// SQL condition: in the sighting `i`, a newer version of the record `t` is parked. A version that cannot be read is newer if
/// it landed later. One that a person has parked until a replay says nothing before.
fn is_newer_sighting(t: &str) -> String {
    let Stored { version, landed } = Stored::of_alias(t);
    format!(
        "i.outcome = 'parked' AND i.awaits_replay = 0 AND (coalesce(i.source_version, {version}), i.batch_id, i.record_index) > ({version}, {landed})"
    )
}

/// SQL condition: the notice `n` is newer than the record `t`. A row that was left out must also have landed later: when an
/// older version comes afterwards, the row is not kept in every order of delivery.
fn is_newer_notice(t: &str) -> String {
    let Stored { version, landed } = Stored::of_alias(t);
    format!(
        "n.record_key = {t}.record_key AND n.source_id = {t}.source_id AND n.stream = {t}.stream
         AND (n.source_version, n.batch_id, n.row_index) > ({version}, {landed})
         AND (n.kind = 'withdrawn' OR (n.batch_id, n.row_index) > ({landed}))"
    )
}

/// SQL condition: this is what the source says of the record `t`.
pub(crate) fn has_status(t: &str, status: SourceStatus) -> String {
    let notice = |kind: &str| {
        format!("EXISTS (SELECT 1 FROM record_notice n WHERE n.kind = '{kind}' AND {})", is_newer_notice(t))
    };
    let withdrawn = notice("withdrawn");
    let letter = format!(
        "EXISTS (SELECT 1 FROM dead_letter d JOIN dead_letter_sighting i ON i.dead_letter_id = d.id WHERE {} AND {})",
        is_letter_of(t),
        is_newer_sighting(t)
    );
    let disputed = format!("({} OR {letter})", notice("skipped"));
    match status {
        SourceStatus::Withdrawn => withdrawn,
        SourceStatus::Disputed => format!("({disputed} AND NOT {withdrawn})"),
        SourceStatus::Valid => format!("NOT ({withdrawn} OR {disputed})"),
    }
}

/// Loads what was said of these records since, for those of which anything was. A withdrawal comes before a dispute.
///
/// # Errors
/// [`StoreError`].
pub async fn load_statuses(tx: &mut Tx, records: &[i64]) -> Result<HashMap<i64, StatusCause>, StoreError> {
    let mut causes = HashMap::new();
    if records.is_empty() {
        return Ok(causes);
    }
    let is_rehearsed = tx.is_rehearsed();
    let known = tx
        .fetch_rows(
            "SELECT CASE WHEN $1 = 0 AND EXISTS (SELECT 1 FROM dead_letter d WHERE d.state = 'open') THEN 1 ELSE 0 END AS letters,
                    CASE WHEN EXISTS (SELECT 1 FROM record_notice) THEN 1 ELSE 0 END AS notices",
            vec![i64::from(is_rehearsed).into()],
        )
        .await?;
    let exists = |of: &str| known.first().map_or(Ok(false), |row| Ok::<_, StoreError>(row.int(of)? == 1));
    // A rehearsal would read past all letters that it has closed itself.
    if is_rehearsed || exists("letters")? {
        for row in fetch_letters(tx, records).await? {
            let cause = StatusCause::Parked { dead_letter: row.int("dead_letter")?, address: row.text("address")? };
            causes.insert(row.int("id")?, cause);
        }
    }
    if exists("notices")? {
        for row in fetch_notices(tx, records).await? {
            let (address, because) = (row.text("address")?, row.text("because")?);
            let cause = match row.text("kind")?.as_str() {
                "withdrawn" => StatusCause::Withdrawn { address, because },
                _ => StatusCause::Skipped { address, because },
            };
            let held = causes.entry(row.int("id")?).or_insert_with(|| cause.clone());
            if cause.status() == SourceStatus::Withdrawn {
                *held = cause;
            }
        }
    }
    Ok(causes)
}

fn record_rows(records: &[i64]) -> Rows<'_> {
    Rows::new().int("id", records.iter().copied().map(Some))
}

async fn fetch_letters(tx: &mut Tx, records: &[i64]) -> Result<Vec<Row>, StoreError> {
    let sql = format!(
        "SELECT t.id AS id, d.id AS dead_letter, i.address AS address
         FROM {{rows}} {{join training_record t ON t.id = incoming.id}} {{join dead_letter d ON {}}}
         {{join dead_letter_sighting i ON i.dead_letter_id = d.id}} WHERE {} ORDER BY i.batch_id, i.record_index",
        is_letter_of("t"),
        is_newer_sighting("t")
    );
    tx.fetch_rows_with(&sql, vec![], record_rows(records)).await
}

async fn fetch_notices(tx: &mut Tx, records: &[i64]) -> Result<Vec<Row>, StoreError> {
    let sql = format!(
        "SELECT t.id AS id, n.kind AS kind, n.address AS address, n.because AS because
         FROM {{rows}} {{join training_record t ON t.id = incoming.id}} {{join record_notice n ON {}}}",
        is_newer_notice("t")
    );
    tx.fetch_rows_with(&sql, vec![], record_rows(records)).await
}
