//! Judges whether a pass met its manifest's expectations: volume, freshness, share of parked records, and the total
//! that the platform reports.

use chrono::NaiveDate;
use serde::Serialize;

use crate::deliver::DeliveryContext;
use crate::manifests::ActiveManifest;
use crate::missing;
use huiliu_manifest::Stream;
use huiliu_manifest::quality::Expect;
use huiliu_messages::{Message, said_in_english};
use huiliu_platform::Shortfall;
use huiliu_store::intake::expectations::{self, FinishedPass, PassCounts, PassCursors};
use huiliu_store::intake::layouts::{self, LandedTable};
use huiliu_store::{Db, StoreError};
use huiliu_values::calendar::today_in_shanghai;

/// An expectation that a stream did not meet. The sentences are in the catalogues of `huiliu-messages`, under `run-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum Unmet {
    /// Fewer records than the platform reports in total.
    #[serde(rename = "run.short")]
    Shortfall { stream: String, received: u64, total: u64 },
    /// Rows that look like records were left out, with their sheet or above a header.
    #[serde(rename = "run.rows_left_out")]
    RowsLeftOut { stream: String, payload: String, rows: u64, sheets: Vec<String> },
    /// Fewer records than expected.
    #[serde(rename = "run.too_few_records")]
    TooFewRecords { stream: String, records: i64, min: u64 },
    /// More records than expected.
    #[serde(rename = "run.too_many_records")]
    TooManyRecords { stream: String, records: i64, max: u64 },
    /// More parked records than expected.
    #[serde(rename = "run.too_many_parked")]
    TooManyParked { stream: String, parked: i64, max: u64 },
    /// A larger share of parked records than expected, in percent.
    #[serde(rename = "run.too_large_share_parked")]
    TooLargeShareParked { stream: String, parked: i64, records: i64, max_percent: u64 },
    /// The newest record is older than `days`.
    #[serde(rename = "run.not_fresh")]
    NotFresh { stream: String, newest: NaiveDate, days: u64 },
    /// The stream has no record at all.
    #[serde(rename = "run.no_record")]
    NoRecord { stream: String, days: u64 },
    /// Records are missing from the newest whole, and a person is asked.
    #[serde(rename = "run.missing")]
    Missing { stream: String, records: i64 },
    /// More records are missing at once than may be withdrawn without a person, who is asked now.
    #[serde(rename = "run.too_many_missing")]
    TooManyMissing { stream: String, records: i64, of: i64, max_percent: i64 },
    /// Records are missing from the newest whole and were withdrawn, as the manifest says.
    #[serde(rename = "run.missing_withdrawn")]
    MissingWithdrawn { stream: String, records: i64 },
    /// It cannot be told who is missing from the newest whole.
    #[serde(rename = "run.missing_unclear")]
    MissingUnclear { stream: String, because: Unclear },
}

/// Why it cannot be told who is missing from a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum Unclear {
    /// The pass did not meet another expectation.
    #[serde(rename = "unclear.unmet")]
    Unmet,
    /// The pass continued where an earlier one had stopped, or stopped in the middle.
    #[serde(rename = "unclear.partial")]
    Partial,
    /// Payloads cannot be read.
    #[serde(rename = "unclear.unread")]
    Unread { payloads: i64 },
    /// Batches are not delivered.
    #[serde(rename = "unclear.undelivered")]
    Undelivered { batches: i64 },
    /// Rows do not tell whose record they are.
    #[serde(rename = "unclear.unidentified")]
    Unidentified { records: i64 },
    /// Rows were parked until a replay, and are not replayed.
    #[serde(rename = "unclear.awaiting")]
    Awaiting { records: i64 },
    /// Batches were delivered before the manifest said that the stream is whole.
    #[serde(rename = "unclear.unknown")]
    Unknown { batches: i64 },
}

said_in_english!(Unmet, Unclear);

/// A pass that did not meet its manifest's expectations.
#[derive(Debug, Clone)]
pub struct UnmetPass {
    /// The ended pass.
    pub pass: FinishedPass,
    /// The expectations that it did not meet.
    pub unmet: Vec<Message>,
}

/// Judges the ended passes that are not judged yet. Returns those with unmet expectations.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn judge_ended_passes(context: &DeliveryContext) -> Result<Vec<UnmetPass>, StoreError> {
    let mut all = Vec::new();
    loop {
        let passes = expectations::list_unchecked_passes(&context.db).await?;
        if passes.is_empty() {
            return Ok(all);
        }
        for pass in passes {
            let unmet = judge_pass(context, &pass).await?;
            if !unmet.is_empty() {
                all.push(UnmetPass { pass, unmet });
            }
        }
    }
}

/// Judges one pass and stores what it did not meet, so that it is not judged again.
async fn judge_pass(context: &DeliveryContext, pass: &FinishedPass) -> Result<Vec<Message>, StoreError> {
    let (db, manifests) = (&context.db, context.manifests.current());
    let mut found = check_layouts(db, pass.run).await?;
    if let Some(ActiveManifest { manifest, .. }) = manifests.get(&pass.connector) {
        for stream in &manifest.stream {
            let cursors = expectations::find_pass_cursors(db, pass.run, &stream.name).await?;
            let mut unmet = check_total(stream, &cursors);
            if let Some(expect) = &stream.expect {
                unmet.extend(check_stream(db, pass, stream, expect).await?);
            }
            let is_met = unmet.is_empty();
            found.append(&mut unmet);
            found.extend(missing::check_whole(context, pass, manifest, stream, &cursors, is_met).await?);
        }
    }
    let unmet: Vec<Message> = found.iter().map(Message::new).collect();
    expectations::save_unmet(db, pass.run, &unmet).await?;
    Ok(unmet)
}

/// The most tables with rows left out that are looked at.
const MAX_TABLES: i64 = 1_000;
/// The most payloads whose rows left out are told, and the most sheets of each.
const MAX_TOLD: usize = 10;

/// Rows of one payload that look like records and were not read.
struct RowsLeftOut {
    stream: String,
    payload: String,
    rows: u64,
    sheets: Vec<String>,
}

async fn check_layouts(db: &Db, run: i64) -> Result<Vec<Unmet>, StoreError> {
    let mut payloads: Vec<RowsLeftOut> = vec![];
    for LandedTable { stream, payload, count } in layouts::list_tables(db, run, true, MAX_TABLES).await? {
        if payloads.last().is_none_or(|last| (&last.stream, &last.payload) != (&stream, &payload)) {
            payloads.push(RowsLeftOut { stream, payload, rows: 0, sheets: vec![] });
        }
        if let Some(last) = payloads.last_mut() {
            last.rows += count.likely;
            let names = [count.member, count.sheet].into_iter().flatten();
            last.sheets.extend(names.reduce(|member, sheet| member + " › " + &sheet));
        }
    }
    Ok(payloads.into_iter().take(MAX_TOLD).map(RowsLeftOut::into_unmet).collect())
}

impl RowsLeftOut {
    fn into_unmet(self) -> Unmet {
        let Self { stream, payload, rows, mut sheets } = self;
        if sheets.len() > MAX_TOLD {
            sheets.truncate(MAX_TOLD);
            sheets.push("…".to_owned());
        }
        Unmet::RowsLeftOut { stream, payload, rows, sheets }
    }
}

fn check_total(stream: &Stream, cursors: &PassCursors) -> Vec<Unmet> {
    let missed = cursors.at_end.as_deref().and_then(huiliu_platform::missed_records);
    let short = |Shortfall { received, total, .. }| Unmet::Shortfall { stream: stream.name.clone(), received, total };
    missed.map(short).into_iter().collect()
}

async fn check_stream(
    db: &Db,
    pass: &FinishedPass,
    stream: &Stream,
    expect: &Expect,
) -> Result<Vec<Unmet>, StoreError> {
    let mut found =
        check_figures(expectations::count_stream_records(db, pass.run, &stream.name).await?, stream, expect);
    if let Some(within) = expect.fresh_within_days {
        let (stream, days) = (stream.name.clone(), within.0);
        let newest = expectations::find_latest_period_end(db, pass.source_id, &stream).await?;
        match newest.as_deref().and_then(|day| day.parse::<NaiveDate>().ok()) {
            None => found.push(Unmet::NoRecord { stream, days }),
            Some(newest) if (today_in_shanghai() - newest).num_days() > saturate_to_i64(days) => {
                found.push(Unmet::NotFresh { stream, newest, days });
            }
            Some(_) => {}
        }
    }
    Ok(found)
}

fn saturate_to_i64(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn check_figures(PassCounts { records, parked }: PassCounts, stream: &Stream, expect: &Expect) -> Vec<Unmet> {
    let stream = || stream.name.clone();
    let mut found = Vec::new();
    if let Some(min) = expect.least_records.map(|least| least.0).filter(|min| records < saturate_to_i64(*min)) {
        found.push(Unmet::TooFewRecords { stream: stream(), records, min });
    }
    if let Some(max) = expect.most_records.map(|most| most.0).filter(|max| records > saturate_to_i64(*max)) {
        found.push(Unmet::TooManyRecords { stream: stream(), records, max });
    }
    if let Some(max) = expect.most_parked.map(|most| most.0).filter(|max| parked > saturate_to_i64(*max)) {
        found.push(Unmet::TooManyParked { stream: stream(), parked, max });
    }
    let is_share = |percent: &u64| parked.saturating_mul(100) > records.saturating_mul(saturate_to_i64(*percent));
    if let Some(max_percent) = expect.most_parked_percent.map(|most| most.0).filter(is_share) {
        found.push(Unmet::TooLargeShareParked { stream: stream(), parked, records, max_percent });
    }
    found
}
