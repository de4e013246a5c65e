//! Closes dead letters that are superseded, after comparing the records of delivered batches with dead letters that were loaded
//! after them although they landed before.

use std::sync::Arc;

use crate::deliver::{DeliveryContext, Reading};
use huiliu_manifest::WhenCorrected;
use huiliu_store::delivery::batch::ClaimedBatch;
use huiliu_store::delivery::successors::{self, ClosingStream};
use huiliu_store::delivery::{dead_letters, replays};
use huiliu_store::{StoreError, Unreadable, roster};

/// Closes dead letters whose record has a good newer version, or was corrected in a stream whose manifest closes such letters.
/// Returns the number of raw records that are superseded.
///
/// # Errors
/// [`StoreError`]; what was closed before it stays closed.
pub(crate) async fn close_superseded(context: &DeliveryContext) -> Result<usize, StoreError> {
    search_queued_batches(context).await?;
    let manifests = context.manifests.current();
    let mut closing = vec![];
    for (connector, active) in manifests.iter() {
        let closes = active.manifest.stream.iter().filter(|stream| stream.corrected == WhenCorrected::Close);
        closing.extend(closes.map(|stream| ClosingStream {
            connector: connector.clone(),
            stream: stream.name.clone(),
            version: active.manifest.version_number(),
        }));
    }
    dead_letters::close_superseded(&context.db, &context.keys, &closing).await
}

/// Searches the records of every queued batch for corrected versions of dead letters' records.
///
/// # Errors
/// [`StoreError`]; what was searched before it stays noted.
async fn search_queued_batches(context: &DeliveryContext) -> Result<(), StoreError> {
    for batch in successors::list_searches(&context.db).await? {
        let held = replays::load_batch(&mut context.db.begin_read_only().await?, batch).await?;
        match search_batch(context, &held).await {
            // The connector is not in use now.
            Err(StoreError::Unreadable(Unreadable::Connector { .. } | Unreadable::Stream { .. })) => {}
            // Under today's manifest the batch has no records that could be compared.
            Err(StoreError::Unreadable(_)) => {
                let mut tx = context.db.begin().await?;
                successors::end_search(&mut tx, batch).await?;
                tx.commit().await?;
            }
            searched => searched?,
        }
    }
    Ok(())
}

async fn search_batch(context: &DeliveryContext, held: &ClaimedBatch) -> Result<(), StoreError> {
    let manifests = context.manifests.current();
    let rules = context.rules.current();
    let reading = Reading::for_batch(&manifests, &rules, held)?;
    let mut bytes = Arc::default();
    let body = context.load_body(held, reading.stream, &mut bytes).await?;
    let load = context.stage_records(held, reading, &body, |_| true)?;
    let (mut tx, keys) = (context.db.begin().await?, &context.keys);
    if load.roster.is_empty() {
        let records: Vec<_> = load.clean.iter().map(|record| &**record).collect();
        successors::search_batch(&mut tx, keys, held, &load, &records).await?;
    } else {
        roster::lock_roster(&mut tx).await?;
        let rows: Vec<_> = load.roster.iter().map(|row| &**row).collect();
        successors::search_batch(&mut tx, keys, held, &load, &rows).await?;
    }
    tx.commit().await
}
