//! Closes dead letters that are superseded, after comparing the records of delivered batches with dead letters that were loaded
//! after them although they landed before.

use std::sync::Arc;

use crate::deliver::{DeliveryContext, Reading};
use huiliu_manifest::WhenCorrected;
use huiliu_store::delivery::batch::ClaimedBatch;
use huiliu_store::delivery::successors::{self, ClosingStream, KnownRecords};
use huiliu_store::delivery::versioned::Versioned;
use huiliu_store::delivery::{dead_letters, replays};
use huiliu_store::{StoreError, Unreadable, roster};

/// The most batches that are read to tell which records of another one are new. More come only of many lists in one pass.
const MAX_LISTS: usize = 32;

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
    let load = context.stage_records(held, reading, &body, |_| true).await?;
    let keys = &context.keys;
    if load.roster.is_empty() {
        let records: Vec<_> = load.clean.iter().map(|record| &**record).collect();
        let known = find_known(context, held, &records).await?;
        let mut tx = context.db.begin().await?;
        successors::search_batch(&mut tx, keys, held, &load, &records, &known).await?;
        tx.commit().await
    } else {
        let rows: Vec<_> = load.roster.iter().map(|row| &**row).collect();
        let known = find_known(context, held, &rows).await?;
        let mut tx = context.db.begin().await?;
        roster::lock_roster(&mut tx).await?;
        successors::search_batch(&mut tx, keys, held, &load, &rows, &known).await?;
        tx.commit().await
    }
}

/// Reads the lists with dead letters that records of a batch may correct, and returns the records that they have. If they
/// cannot be read, or are too many, all records of the batch are taken as known, so that none closes a letter by itself.
async fn find_known<R: Versioned>(
    context: &DeliveryContext,
    held: &ClaimedBatch,
    records: &[&R],
) -> Result<KnownRecords, StoreError> {
    let mut tx = context.db.begin_read_only().await?;
    let lists = successors::list_letter_batches(&mut tx, &context.keys, held, records).await?;
    drop(tx);
    let all = || records.iter().map(|record| *record.letter_key()).collect();
    if lists.len() > MAX_LISTS {
        return Ok(all());
    }
    let mut known = KnownRecords::new();
    for batch in lists {
        match read_keys(context, batch).await {
            Ok(keys) => known.extend(keys),
            Err(StoreError::Unreadable(_)) => return Ok(all()),
            Err(e) => return Err(e),
        }
    }
    Ok(known)
}

/// Returns the keys of a batch's usable records under today's manifest.
async fn read_keys(context: &DeliveryContext, batch: i64) -> Result<Vec<[u8; 16]>, StoreError> {
    let held = replays::load_batch(&mut context.db.begin_read_only().await?, batch).await?;
    let (manifests, rules) = (context.manifests.current(), context.rules.current());
    let reading = Reading::for_batch(&manifests, &rules, &held)?;
    let mut bytes = Arc::default();
    let body = context.load_body(&held, reading.stream, &mut bytes).await?;
    let load = context.stage_records(&held, reading, &body, |_| true).await?;
    let records = load.clean.iter().map(|record| *record.letter_key());
    Ok(records.chain(load.roster.iter().map(|row| *row.letter_key())).collect())
}
