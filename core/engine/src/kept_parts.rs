//! Reads only what has changed of a page since it came last. What it had already is counted from the books, if that is
//! exact ([`huiliu_store::delivery::kept_parts`]).

use std::collections::BTreeMap;

use crate::deliver::{DeliveryContext, Reading};
use huiliu_decode::difference::{self, Difference};
use huiliu_decode::unpack::Task;
use huiliu_decode::{Body, StageResult, TrainingRecord, decode};
use huiliu_manifest::Stream;
use huiliu_store::StoreError;
use huiliu_store::delivery::batch::{ClaimedBatch, GoneRecord, KeptPart, Load};
use huiliu_store::delivery::kept_parts::{self, EarlierPage};
use huiliu_store::intake::payloads;

/// The share of a page that may differ, in per cent of its records. Comparing two pages takes a fraction of reading one.
const MOST_PERCENT: usize = 60;

/// Finds the earlier pages with which some batches of a stream are compared.
pub(crate) async fn find_earlier_pages(
    context: &DeliveryContext,
    reading: Reading<'_>,
    held: &[&ClaimedBatch],
) -> BTreeMap<i64, EarlierPage> {
    if !can_be_compared(reading.stream) {
        return BTreeMap::new();
    }
    let alone: Vec<&ClaimedBatch> =
        held.iter().copied().filter(|held| held.first == 0 && held.count == held.landed && !held.waived).collect();
    // Without them, pages are read as a whole.
    kept_parts::find_earlier_pages(&context.db, &alone, reading.activation).await.unwrap_or_default()
}

/// Whether a stream's pages are compared with earlier ones: not where every batch must know all of its keys.
fn can_be_compared(stream: &Stream) -> bool {
    !stream.complete && !stream.kind.is_roster() && stream.archive.is_none()
}

/// Reads what a page has and an earlier one has not. Returns `None` if it must be read as a whole.
pub(crate) async fn stage_difference<'a>(
    context: &'a DeliveryContext,
    reading: Reading<'a>,
    held: &'a ClaimedBatch,
    body: &'a Body<'_>,
    earlier: &EarlierPage,
) -> Option<Load<'a>> {
    let Body::Text(_) = body else { return None };
    let stream = reading.stream;
    let payload = payloads::open_stored(&context.db, &context.keys, &earlier.payload, false).await.ok()?;
    let bytes = payload.as_plain().filter(|bytes| Task::for_payload(stream, bytes).is_none())?;
    let before = Body::Text(decode::decode_text(&stream.format, bytes).ok()?);
    let most = held.count as usize * MOST_PERCENT / 100;
    let cx = context.stages(held, reading);
    let Difference { new, gone, kept } = difference::read_difference((cx, body), (cx, &before), most).ok()??;
    if (kept as usize + new.len(), kept as usize + gone.len()) != (held.count as usize, earlier.records as usize) {
        return None;
    }
    let clean = select_clean(new)?;
    let gone = select_clean(gone)?;
    let gone = gone.iter().map(|record| GoneRecord { key: record.record_key, row: record.index }).collect();
    let part = KeptPart { batch: held.id, earlier: earlier.batch, records: kept, gone };
    Some(Load { clean, kept: vec![part], ..context.empty_load(held, reading) })
}

/// Returns the records if all of them are valid.
fn select_clean(staged: Vec<StageResult<'_>>) -> Option<Vec<Box<TrainingRecord<'_>>>> {
    let clean = |staged| if let StageResult::Clean(record) = staged { Some(record) } else { None };
    staged.into_iter().map(clean).collect()
}

/// Stages a batch: what differs from an earlier page, or all of it.
///
/// # Errors
/// [`StoreError`] if the batch cannot be read.
pub(crate) async fn stage_batch<'a>(
    context: &'a DeliveryContext,
    reading: Reading<'a>,
    held: &'a ClaimedBatch,
    body: &'a Body<'_>,
    earlier: Option<&EarlierPage>,
) -> Result<Load<'a>, StoreError> {
    if let Some(earlier) = earlier
        && let Some(load) = stage_difference(context, reading, held, body, earlier).await
    {
        return Ok(load);
    }
    context.stage_records(held, reading, body, |_| true).await
}
