//! Reads one raw record of a finished batch as today's manifest maps it.

use std::sync::Arc;

use crate::deliver::{self, DeliveryContext, Reading};
use huiliu_decode::preview::{self, Preview};
use huiliu_store::StoreError;
use huiliu_store::delivery::replays;

/// Previews the raw record at a position in a batch's payload. Returns `None` if today's manifest finds none there.
///
/// # Errors
/// [`StoreError::Unreadable`] if today's manifest cannot read the payload; other [`StoreError`]s if the database fails.
pub(crate) async fn preview(context: &DeliveryContext, batch: i64, index: u32) -> Result<Option<Preview>, StoreError> {
    let held = replays::load_batch(&mut context.db.begin_read_only().await?, batch).await?;
    let manifests = context.manifests.current();
    let rules = context.rules.current();
    let reading = Reading::for_batch(&manifests, &rules, &held)?;
    let mut payload = Arc::default();
    let body = context.load_body(&held, reading.stream, &mut payload).await?;
    let stages = context.stages(&held, reading);
    preview::preview_record(stages, &body, index).map_err(|e| deliver::unreadable_error(&held, e))
}
