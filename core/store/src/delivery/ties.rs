//! Rows that a later landing takes over: how many each batch has lost, and which other contents of the same version there
//! were.

use std::collections::{BTreeMap, BTreeSet};

use crate::delivery::classify::{Loss, NewerRecord, Tie};
use crate::delivery::versioned::Versioned;
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;

/// Writes how many of its rows each batch has lost.
pub(crate) async fn write_losses(tx: &mut Tx, losses: &BTreeMap<i64, Loss>) -> Result<(), StoreError> {
    let rows = Rows::new()
        .int("batch_id", losses.keys().copied().map(Some))
        .int("records", losses.values().map(|loss| Some(loss.records)))
        .int("tied", losses.values().map(|loss| Some(loss.tied)));
    tx.insert_rows("batch_loss", rows).await
}

/// Stores in rows that a batch has given their content again.
pub(crate) async fn move_rows<R: Versioned>(tx: &mut Tx, moved: &[NewerRecord<'_, R>]) -> Result<(), StoreError> {
    if moved.is_empty() {
        return Ok(());
    }
    let table = R::TABLE;
    let rows = Rows::new()
        .int("id", moved.iter().map(|moved| Some(moved.row)))
        .int("source_version", moved.iter().map(|moved| Some(moved.record.source_version())))
        .int("batch_id", moved.iter().map(|moved| Some(moved.record.batch())))
        .int("row_index", moved.iter().map(|moved| Some(moved.record.index().into())));
    tx.execute_with(
        &format!(
            "UPDATE {table} SET source_version = incoming.source_version, confirmed_batch = incoming.batch_id, confirmed_row = incoming.row_index
             FROM {{rows}} WHERE {table}.id = incoming.id"
        ),
        vec![],
        rows,
    )
    .await?;
    Ok(())
}

/// Flags rows of which another content of the same version was received, and writes where that stands. A person should
/// look at them.
pub(crate) async fn write_ties<R: Versioned>(tx: &mut Tx, ties: &[Tie]) -> Result<(), StoreError> {
    if ties.is_empty() {
        return Ok(());
    }
    let table = R::TABLE;
    let rows: BTreeSet<i64> = ties.iter().map(|tie| tie.row).collect();
    tx.execute_with(
        &format!("UPDATE {table} SET flagged = 1 FROM {{rows}} WHERE {table}.id = incoming.id AND {table}.flagged = 0"),
        vec![],
        Rows::new().int("id", rows.into_iter().map(Some)),
    )
    .await?;
    if table != "training_record" {
        return Ok(());
    }
    let rows = Rows::new()
        .int("record_id", ties.iter().map(|tie| Some(tie.row)))
        .int("source_version", ties.iter().map(|tie| Some(tie.version)))
        .int("batch_id", ties.iter().map(|tie| Some(tie.batch)))
        .int("row_index", ties.iter().map(|tie| Some(tie.index)))
        .text("address", ties.iter().map(|tie| Some(tie.address.as_str())));
    tx.execute_with(
        "INSERT INTO version_tie (record_id, source_version, batch_id, row_index, address)
         SELECT record_id, source_version, batch_id, row_index, address FROM {rows} WHERE true
         ON CONFLICT (record_id, batch_id, row_index) DO NOTHING",
        vec![],
        rows,
    )
    .await?;
    Ok(())
}
