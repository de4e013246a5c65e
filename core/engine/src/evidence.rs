//! The raw record behind a credit entry, out of the payload as it was received.

use std::sync::Arc;

use crate::deliver::{self, DeliveryContext, Reading};
use huiliu_decode::{Plan, RecordRange, decode, draft};
use huiliu_store::StoreError;
use huiliu_store::delivery::replays;

/// The raw record at an address of a batch, what could be an ID or phone number masked; nothing when today's manifest does
/// not find it there any more.
///
/// # Errors
/// [`StoreError`], also when the payload cannot be opened or read.
pub async fn raw(context: &DeliveryContext, batch: i64, address: &str) -> Result<Option<String>, StoreError> {
    let mut tx = context.db.begin().await?;
    let held = replays::batch(&mut tx, batch).await?;
    drop(tx);
    let manifests = context.manifests.now();
    let stream = Reading::of(&manifests, &held)?.stream;
    let mut payload = Arc::default();
    let body = context.body(&held, stream, &mut payload).await?;
    let plan = Plan::new(stream);
    let range = RecordRange::new(held.first, held.count);
    let records =
        decode::decode(&stream.format, &body, &plan.paths, range).map_err(|e| deliver::unreadable(&held, e))?;
    let found = records.iter().find(|record| record.address(&held.address) == address);
    Ok(found.map(|record| draft::masked(&record.raw, 2_000)))
}
