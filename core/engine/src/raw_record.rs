//! Reads raw records of finished batches under today's manifest.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::deliver::{self, DeliveryContext, Reading};
use huiliu_decode::preview::{self, Preview};
use huiliu_decode::{Plan, RecordRange, decode, digest_raw};
use huiliu_store::StoreError;
use huiliu_store::delivery::replays;

/// Previews the raw record at a position in a batch's payload. Returns `None` if today's manifest finds another one there than the
/// one with this digest.
///
/// # Errors
/// [`StoreError::Unreadable`] if today's manifest cannot read the payload; other [`StoreError`]s if the database fails.
pub(crate) async fn preview(
    context: &DeliveryContext,
    batch: i64,
    index: u32,
    digest: &[u8],
) -> Result<Option<Preview>, StoreError> {
    let held = replays::load_batch(&mut context.db.begin_read_only().await?, batch).await?;
    let manifests = context.manifests.current();
    let rules = context.rules.current();
    let reading = Reading::for_batch(&manifests, &rules, &held)?;
    let mut payload = Arc::default();
    let body = context.load_body(&held, reading.stream, &mut payload).await?;
    let stages = context.stages(&held, reading);
    preview::preview_record(stages, &body, index, digest).map_err(|e| deliver::unreadable_error(&held, e))
}

/// The texts of raw records at the raw fields that the manifest reads.
#[derive(Debug, Default)]
pub(crate) struct RawTexts {
    /// The raw fields.
    pub fields: Vec<String>,
    /// The texts by position in the payload, in the order of the fields.
    pub records: BTreeMap<u32, Vec<Option<String>>>,
}

/// Reads the wanted raw records of a batch as received: position and digest. One where today's manifest finds another record is
/// left out.
///
/// # Errors
/// [`StoreError::Unreadable`] if today's manifest cannot read the payload; other [`StoreError`]s if the database fails.
pub(crate) async fn read_texts(
    context: &DeliveryContext,
    batch: i64,
    wanted: &BTreeMap<u32, &[u8; 16]>,
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
    let is_wanted = |record: &decode::RawRecord<'_>| {
        wanted.get(&record.index).is_some_and(|digest| digest_raw(&context.keys, &record.raw) == **digest)
    };
    let wanted = raw.into_iter().filter(is_wanted);
    Ok(RawTexts {
        fields: plan.paths.iter().map(|path| (*path).to_owned()).collect(),
        records: wanted.map(|record| (record.index, texts(record.texts))).collect(),
    })
}
