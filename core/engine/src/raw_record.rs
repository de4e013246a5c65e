//! Reads raw records of finished batches under today's manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::deliver::{self, DeliveryContext, Reading};
use huiliu_decode::preview::{self, Preview};
use huiliu_decode::{Plan, RecordRange, decode};
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

/// The texts of raw records at the raw fields that the manifest reads.
#[derive(Debug, Default)]
pub(crate) struct RawTexts {
    /// The raw fields.
    pub fields: Vec<String>,
    /// The texts by position in the payload, in the order of the fields.
    pub records: BTreeMap<u32, Vec<Option<String>>>,
}

/// Reads the wanted raw records of a batch as received.
///
/// # Errors
/// [`StoreError::Unreadable`] if today's manifest cannot read the payload; other [`StoreError`]s if the database fails.
pub(crate) async fn read_texts(
    context: &DeliveryContext,
    batch: i64,
    wanted: &BTreeSet<u32>,
) -> Result<RawTexts, StoreError> {
    let held = replays::load_batch(&mut context.db.begin_read_only().await?, batch).await?;
    let manifests = context.manifests.current();
    let rules = context.rules.current();
    let reading = Reading::for_batch(&manifests, &rules, &held)?;
    let mut payload = Arc::default();
    let body = context.load_body(&held, reading.stream, &mut payload).await?;
    let plan = Plan::new(reading.stream);
    let range = RecordRange::new(held.first, held.count);
    let raw = decode::decode_records(&reading.stream.format, &body, &plan.paths, range)
        .map_err(|e| deliver::unreadable_error(&held, e))?;
    let texts = |texts: Vec<Option<std::borrow::Cow<'_, str>>>| {
        texts.into_iter().map(|text| text.map(std::borrow::Cow::into_owned)).collect()
    };
    let wanted = raw.into_iter().filter(|record| wanted.contains(&record.index));
    Ok(RawTexts {
        fields: plan.paths.iter().map(|path| (*path).to_owned()).collect(),
        records: wanted.map(|record| (record.index, texts(record.texts))).collect(),
    })
}
