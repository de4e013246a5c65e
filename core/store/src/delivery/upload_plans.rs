//! What is read of a run that is only rehearsed: its batches, and what is parked.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::sql::db::Db;
use crate::sql::error::StoreError;
use huiliu_decode::Problem;
use huiliu_messages::Message;

/// Parked raw records looked at together.
const LOOKED_AT: i64 = 2_000;

/// A raw record that would be parked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ParkedRow {
    /// Where it stands.
    pub address: String,
    /// The source's own name of the record.
    pub record: Option<String>,
    /// Every reason, as the dead letter has them.
    pub reasons: Vec<Problem>,
}

/// What is parked of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ParkedRows {
    /// Reason code → raw records that have it.
    pub reasons: BTreeMap<String, u64>,
    /// The first of them.
    pub rows: Vec<ParkedRow>,
}

/// The batches of a run, in the order in which they landed.
///
/// # Errors
/// [`StoreError`].
pub async fn batches(db: &Db, run: i64) -> Result<Vec<i64>, StoreError> {
    let rows = db.rows("SELECT id FROM batch WHERE run_id = $1 ORDER BY id", vec![run.into()]).await?;
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

/// Why batches of a run are not delivered.
///
/// # Errors
/// [`StoreError`].
pub async fn undelivered(db: &Db, run: i64) -> Result<Vec<UndeliveredFile>, StoreError> {
    let sql = "SELECT p.address, b.last_error FROM batch b JOIN payload p ON p.id = b.payload_id
               WHERE b.run_id = $1 AND b.state <> 'done' ORDER BY b.id LIMIT 100";
    let rows = db.rows(sql, vec![run.into()]).await?;
    rows.iter()
        .map(|row| {
            let why = row.opt_text("last_error")?.as_deref().map(Message::read);
            Ok(UndeliveredFile { file: row.text("address")?, why })
        })
        .collect()
}

/// What is parked of a run: all reasons counted, and at most `told` raw records.
///
/// # Errors
/// [`StoreError`].
pub async fn parked(db: &Db, run: i64, told: usize) -> Result<ParkedRows, StoreError> {
    let mut parked = ParkedRows::default();
    for batch in batches(db, run).await? {
        let mut after = -1;
        loop {
            let rows = db
                .rows(
                    "SELECT s.record_index, s.address, d.record_name, d.reasons FROM dead_letter_sighting s
                     JOIN dead_letter d ON d.id = s.letter_id
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
