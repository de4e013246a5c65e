//! Reads raw records of finished batches under today's manifest.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::deliver::{self, DeliveryContext, Reading};
use huiliu_decode::preview::{self, Preview};
use huiliu_decode::sent::{self, SentHeader, SentTables, TextForm};
use huiliu_decode::subject::Subject;
use huiliu_decode::{Plan, RawRecord, RecordRange, decode, digest_raw};
use huiliu_store::StoreError;
use huiliu_store::delivery::replays;
use huiliu_store::intake::payloads;

/// Previews the raw record at a position in a batch's payload, and reads whom and what it names. Returns `None` if today's manifest
/// finds another one there than the one with this digest.
///
/// # Errors
/// [`StoreError::Unreadable`] if today's manifest cannot read the payload; other [`StoreError`]s if the database fails.
pub(crate) async fn preview(
    context: &DeliveryContext,
    batch: i64,
    index: u32,
    digest: &[u8],
) -> Result<Option<(Preview, Subject)>, StoreError> {
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
    /// Where it stands.
    pub address: String,
    /// The keyed digest of its raw bytes.
    pub raw_digest: [u8; 16],
    /// The texts at the fields, in their order.
    pub texts: Vec<Option<String>>,
    /// The texts of all its cells.
    pub cells: Vec<String>,
}

impl SentRecord {
    fn new(
        raw: RawRecord<'_>,
        file: &str,
        raw_digest: [u8; 16],
        (header, cells): (usize, Option<Vec<String>>),
    ) -> Self {
        let address = raw.format_address(file);
        let texts: Vec<Option<String>> = raw.texts.into_iter().map(|text| text.map(Cow::into_owned)).collect();
        let cells = cells.unwrap_or_else(|| texts.iter().map(|text| text.clone().unwrap_or_default()).collect());
        Self { header, address, raw_digest, texts, cells }
    }
}

/// Reads raw records of a batch as received: the wanted ones, by position and digest, or all. A wanted one where today's manifest
/// finds another record is left out.
///
/// # Errors
/// [`StoreError::Unreadable`] if today's manifest cannot read the payload; other [`StoreError`]s if the database fails.
pub(crate) async fn read_sent(
    context: &DeliveryContext,
    batch: i64,
    wanted: Option<&BTreeMap<u32, &[u8; 16]>>,
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
    let sent = |raw: RawRecord<'_>, place: (usize, Option<Vec<String>>)| {
        let (index, digest) = (raw.index, digest_raw(&context.keys, &raw.raw));
        let is_wanted = wanted.is_none_or(|of| of.get(&index).is_some_and(|of| **of == digest));
        is_wanted.then(|| (index, SentRecord::new(raw, &held.address, digest, place)))
    };
    let fields: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    if let Some(SentTables { headers, rows }) = sent::read_tables(format, &body, &paths, range).map_err(unreadable)? {
        let records = rows.into_iter().filter_map(|row| sent(row.record, (row.header, Some(row.cells)))).collect();
        return Ok(SentRecords { fields, headers, records });
    }
    let raw = decode::decode_records(format, &body, &paths, range).map_err(unreadable)?;
    let records = raw.into_iter().filter_map(|raw| sent(raw, (0, None))).collect();
    let header = SentHeader {
        name: None,
        line: 0,
        rows: vec![(0, fields.clone())],
        height: 1,
        merged: vec![],
        columns: (0..fields.len()).map(Some).collect(),
    };
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
