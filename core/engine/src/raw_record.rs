//! Reads raw records of finished batches under today's manifest.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::deliver::{self, DeliveryContext, Reading};
use huiliu_decode::preview::{self, Preview};
use huiliu_decode::sent::{self, SentHeader, SentTables, TextForm};
use huiliu_decode::{Plan, RecordRange, decode, digest_raw};
use huiliu_store::StoreError;
use huiliu_store::delivery::replays;
use huiliu_store::intake::payloads;

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

/// Raw records as their sender wrote them.
#[derive(Debug, Default)]
pub(crate) struct SentRecords {
    /// The raw fields that the manifest reads.
    pub fields: Vec<String>,
    /// The headers of the tables. Records that are in no table stand below a header of the fields.
    pub headers: Vec<SentHeader>,
    /// The records by position in the payload.
    pub records: BTreeMap<u32, SentRecord>,
}

/// A raw record as its sender wrote it.
#[derive(Debug)]
pub(crate) struct SentRecord {
    /// Its header's position in [`SentRecords::headers`].
    pub header: usize,
    /// The texts at the fields, in their order.
    pub texts: Vec<Option<String>>,
    /// The texts of all its cells.
    pub cells: Vec<String>,
}

impl SentRecord {
    fn new(header: usize, texts: Vec<Option<Cow<'_, str>>>, cells: Option<Vec<String>>) -> Self {
        let texts: Vec<Option<String>> = texts.into_iter().map(|text| text.map(Cow::into_owned)).collect();
        let cells = cells.unwrap_or_else(|| texts.iter().map(|text| text.clone().unwrap_or_default()).collect());
        Self { header, texts, cells }
    }
}

/// Reads the wanted raw records of a batch as received: position and digest. One where today's manifest finds another record is
/// left out.
///
/// # Errors
/// [`StoreError::Unreadable`] if today's manifest cannot read the payload; other [`StoreError`]s if the database fails.
pub(crate) async fn read_sent(
    context: &DeliveryContext,
    batch: i64,
    wanted: &BTreeMap<u32, &[u8; 16]>,
) -> Result<SentRecords, StoreError> {
    let held = replays::load_batch(&mut context.db.begin_read_only().await?, batch).await?;
    let manifests = context.manifests.current();
    let rules = context.rules.current();
    let reading = Reading::for_batch(&manifests, &rules, &held)?;
    let mut payload = Arc::default();
    let body = context.load_body(&held, reading.stream, &mut payload).await?;
    let paths = Plan::new(reading.stream).paths;
    let range = RecordRange::new(held.first, held.count);
    let format = &reading.stream.format;
    let unreadable = |why| deliver::unreadable_error(&held, why);
    let is_wanted = |record: &decode::RawRecord<'_>| {
        wanted.get(&record.index).is_some_and(|digest| digest_raw(&context.keys, &record.raw) == **digest)
    };
    let fields: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    if let Some(SentTables { headers, rows }) = sent::read_tables(format, &body, &paths, range).map_err(unreadable)? {
        let rows = rows.into_iter().filter(|row| is_wanted(&row.record));
        let records =
            rows.map(|row| (row.record.index, SentRecord::new(row.header, row.record.texts, Some(row.cells))));
        return Ok(SentRecords { fields, headers, records: records.collect() });
    }
    let raw = decode::decode_records(format, &body, &paths, range).map_err(unreadable)?;
    let records = raw.into_iter().filter(is_wanted).map(|raw| (raw.index, SentRecord::new(0, raw.texts, None)));
    let header = SentHeader {
        name: None,
        line: 0,
        rows: vec![(0, fields.clone())],
        height: 1,
        merged: vec![],
        columns: (0..fields.len()).map(Some).collect(),
    };
    let records = records.collect();
    Ok(SentRecords { fields, headers: vec![header], records })
}

/// Returns how the payload of a batch is written, if it is a text with a table.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn read_text_form(context: &DeliveryContext, batch: i64) -> Result<TextForm, StoreError> {
    let held = replays::load_batch(&mut context.db.begin_read_only().await?, batch).await?;
    let manifests = context.manifests.current();
    let rules = context.rules.current();
    let reading = Reading::for_batch(&manifests, &rules, &held)?;
    let payload = payloads::open_payload(&context.db, &context.keys, &held, false).await?;
    Ok(TextForm::of_payload(&reading.stream.format, payload.as_plain().unwrap_or_default()))
}
