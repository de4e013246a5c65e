//! Results of a rehearsed upload: its batches, and what is parked.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::sql::db::Db;
use crate::sql::error::StoreError;
use huiliu_decode::Problem;
use huiliu_messages::Message;

/// Number of parked raw records fetched at once.
const LOOKED_AT: i64 = 2_000;

/// A raw record that would be parked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ParkedRow {
    /// Page item or file line.
    pub address: String,
    /// The record's name at the source.
    pub record: Option<String>,
    /// All reasons, as in the dead letter.
    pub reasons: Vec<Problem>,
}

/// The parked raw records of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ParkedRows {
    /// Reason code → number of raw records that have it.
    pub reasons: BTreeMap<String, u64>,
    /// The first of these raw records.
    pub rows: Vec<ParkedRow>,
}

/// Lists the batches of a run in the order in which they landed.
///
/// # Errors
/// [`StoreError`].
pub async fn list_batches(db: &Db, run: i64) -> Result<Vec<i64>, StoreError> {
    let rows = db.fetch_rows("SELECT id FROM batch WHERE run_id = $1 ORDER BY id", vec![run.into()]).await?;
    rows.iter().map(|row| row.int("id")).collect()
}

/// A file of which not everything would be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UndeliveredFile {
    /// Its name.
    pub file: String,
    /// Why; nothing while it is still waiting.
    pub why: Option<Message>,
}

/// Lists why up to 100 batches of a run are not delivered: address and error.
///
/// # Errors
/// [`StoreError`].
pub async fn list_undelivered(db: &Db, run: i64) -> Result<Vec<UndeliveredFile>, StoreError> {
    let sql = "SELECT p.address, b.last_error FROM batch b JOIN payload p ON p.id = b.payload_id
               WHERE b.run_id = $1 AND b.state <> 'done' ORDER BY b.id LIMIT 100";
    let rows = db.fetch_rows(sql, vec![run.into()]).await?;
    rows.iter()
        .map(|row| {
            let why = row.opt_text("last_error")?.as_deref().map(Message::parse_stored);
            Ok(UndeliveredFile { file: row.text("address")?, why })
        })
        .collect()
}

/// Summarizes the parked raw records of a run: counts all reasons, and lists at most `told` records.
///
/// # Errors
/// [`StoreError`].
pub async fn summarize_parked(db: &Db, run: i64, told: usize) -> Result<ParkedRows, StoreError> {
    let mut parked = ParkedRows::default();
    for batch in list_batches(db, run).await? {
        let mut after = -1;
        loop {
            let rows = db
                .fetch_rows(
                    "SELECT s.record_index, s.address, d.record_name, d.reasons FROM dead_letter_sighting s
                     JOIN dead_letter d ON d.id = s.dead_letter_id
                     WHERE s.batch_id = $1 AND s.record_index > $2 AND s.outcome = 'parked'
                     ORDER BY s.record_index LIMIT $3",
                    vec![batch.into(), after.into(), LOOKED_AT.into()],
                )
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.int("record_index")?;
            for row in &rows {
                let reasons = Problem::from_stored(&row.text("reasons")?);
                for reason in &reasons {
                    *parked.reasons.entry(reason.code.clone()).or_default() += 1;
                }
                if parked.rows.len() < told {
                    let (address, record) = (row.text("address")?, row.opt_text("record_name")?);
                    parked.rows.push(ParkedRow { address, record, reasons });
                }
            }
        }
    }
    Ok(parked)
}
