//! Gives the records of a database of an earlier release their keys by value, before anything else is delivered.

use std::sync::Arc;

use crate::deliver::{DeliveryContext, Reading, record_range, unreadable_error};
use crate::log_event::LogEvent;
use huiliu_decode::Context;
use huiliu_store::StoreError;
use huiliu_store::admin::audit::Author;
use huiliu_store::delivery::batch::ClaimedBatch;
use huiliu_store::delivery::rekey::{self, DueStream, RekeyTotals};
use huiliu_store::delivery::replays;

/// Gives records new keys, stream by stream, and returns the totals. A stream whose connector does not exist now keeps
/// waiting. Can be interrupted: what is done stays done, and the next call goes on.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn rekey_due_streams(context: &DeliveryContext) -> Result<RekeyTotals, StoreError> {
    let mut totals = RekeyTotals::default();
    for due in rekey::list_due_streams(&context.db).await? {
        let manifests = context.manifests.current();
        let known = manifests.get(&due.connector).filter(|active| active.manifest.find_stream(&due.stream).is_some());
        let Some(active) = known.filter(|active| active.activation != due.tried) else { continue };
        let of_stream = rekey_stream(context, &due).await?;
        let because = "record keys are compared by value from schema 21 on";
        let by = Author { actor: &context.holder, because };
        rekey::finish_stream(&context.db, &context.keys, &due, active.activation, of_stream, by).await?;
        totals.add(of_stream);
    }
    if totals != RekeyTotals::default() {
        let RekeyTotals { rekeyed, merged, apart, unreadable } = totals;
        tracing::warn!("{}", LogEvent::Rekeyed { rekeyed, merged, apart, unreadable });
    }
    Ok(totals)
}

async fn rekey_stream(context: &DeliveryContext, due: &DueStream) -> Result<RekeyTotals, StoreError> {
    let (mut totals, mut after) = (RekeyTotals::default(), 0);
    loop {
        let batches = rekey::list_batches(&context.db, due, after).await?;
        let Some(last) = batches.last() else { return Ok(totals) };
        after = *last;
        for batch in batches {
            let held = replays::load_batch(&mut context.db.begin_read_only().await?, batch).await?;
            match rekey_batch(context, &held).await {
                Ok(of_batch) => totals.add(of_batch),
                Err(StoreError::Unreadable(_) | StoreError::Key(_)) => totals.unreadable += 1,
                Err(fault) => return Err(fault),
            }
        }
    }
}

async fn rekey_batch(context: &DeliveryContext, held: &ClaimedBatch) -> Result<RekeyTotals, StoreError> {
    let manifests = context.manifests.current();
    let rules = context.rules.current();
    let Reading { manifest, stream, .. } = Reading::for_batch(&manifests, &rules, held)?;
    if stream.kind.is_roster() {
        return Ok(RekeyTotals::default());
    }
    let mut payload = Arc::default();
    let body = context.load_body(held, stream, &mut payload).await?;
    let (policy, keys, source_id, address) = (&rules.policy, &context.keys, held.source_id, &*held.address);
    let cx = Context {
        manifest,
        stream,
        policy,
        keys,
        source_id,
        address,
        each: &held.each,
        landing: held.payload_id,
        batch: held.id,
    };
    let changed = huiliu_decode::list_rekeyed(cx, &body, record_range(held)).map_err(|e| unreadable_error(held, e))?;
    if changed.is_empty() {
        return Ok(RekeyTotals::default());
    }
    let mut tx = context.db.begin().await?;
    rekey::lock_rekeying(&mut tx).await?;
    let totals = rekey::rekey_records(&mut tx, &context.keys, held, &changed).await?;
    tx.commit().await?;
    Ok(totals)
}
