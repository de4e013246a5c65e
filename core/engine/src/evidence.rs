//! The raw record behind a credit entry, from the payload as received.

use std::sync::Arc;

use crate::deliver::{self, DeliveryContext, Reading};
use huiliu_decode::{Plan, RecordRange, decode, draft};
use huiliu_store::StoreError;
use huiliu_store::delivery::replays;

/// Returns the raw record at an address of a batch, at most 2,000 characters of it. Masks what could be an ID or phone
/// number. Returns `None` if today's manifest no longer finds a record there.
///
/// # Errors
/// [`StoreError`], also if the payload cannot be opened or decoded.
pub async fn load_raw_record(
    context: &DeliveryContext,
    batch: i64,
    address: &str,
) -> Result<Option<String>, StoreError> {
    let mut tx = context.db.begin().await?;
    let held = replays::load_batch(&mut tx, batch).await?;
    drop(tx);
    let manifests = context.manifests.current();
    let rules = context.rules.current();
    let stream = Reading::for_batch(&manifests, &rules, &held)?.stream;
    let mut payload = Arc::default();
    let body = context.load_body(&held, stream, &mut payload).await?;
    let plan = Plan::new(stream);
    let range = RecordRange::new(held.first, held.count);
    let records = decode::decode_records(&stream.format, &body, &plan.paths, range)
        .map_err(|e| deliver::unreadable_error(&held, e))?;
    let found = records.iter().find(|record| record.format_address(&held.address) == address);
    Ok(found.map(|record| draft::mask_text(&record.raw, 2_000)))
}
