//! Whether a pass was what its manifest expects of it: volume, freshness, and how much of it had to be parked; and whether
//! all came that the platform counts.

use chrono::NaiveDate;
use serde::Serialize;

use crate::manifests::Active;
use huiliu_manifest::Stream;
use huiliu_manifest::quality::Expect;
use huiliu_messages::{Message, said_in_english};
use huiliu_platform::Short;
use huiliu_store::intake::expectations::{self, Ended, Figures};
use huiliu_store::{Db, StoreError};
use huiliu_values::calendar::today;

/// What of a stream was not as its manifest expects. The sentences are in the catalogues of `huiliu-messages`, under `run-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum Unmet {
    /// Fewer records than the platform counts.
    #[serde(rename = "run.short")]
    Short { stream: String, received: u64, total: u64 },
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
    /// The newest record is too old.
    #[serde(rename = "run.not_fresh")]
    NotFresh { stream: String, newest: NaiveDate, days: u64 },
    /// There is no record at all.
    #[serde(rename = "run.no_record")]
    NoRecord { stream: String, days: u64 },
}

said_in_english!(Unmet);

/// A pass that was not as its manifest expects.
#[derive(Debug, Clone)]
pub struct UnmetPass {
    /// The pass.
    pub pass: Ended,
    /// What was not.
    pub unmet: Vec<Message>,
}

/// Judges the passes that are over; gives those that were not as expected, and in what.
///
/// # Errors
/// [`StoreError`].
pub async fn judge(db: &Db, manifests: &Active) -> Result<Vec<UnmetPass>, StoreError> {
    let mut all = Vec::new();
    for pass in expectations::to_judge(db).await? {
        let streams = manifests.get(&pass.connector).map(|active| active.manifest.stream.as_slice());
        let mut found: Vec<Unmet> = Vec::new();
        for stream in streams.unwrap_or_default() {
            let cursor = expectations::cursor_at_end(db, pass.run, &stream.name).await?;
            if let Some(Short { received, total, .. }) = cursor.as_deref().and_then(huiliu_platform::missed) {
                found.push(Unmet::Short { stream: stream.name.clone(), received, total });
            }
            if let Some(expect) = &stream.expect {
                found.extend(of_stream(db, &pass, stream, expect).await?);
            }
        }
        let unmet: Vec<Message> = found.iter().map(Message::new).collect();
        expectations::judged(db, pass.run, &unmet).await?;
        if !unmet.is_empty() {
            all.push(UnmetPass { pass, unmet });
        }
    }
    Ok(all)
}

async fn of_stream(db: &Db, pass: &Ended, stream: &Stream, expect: &Expect) -> Result<Vec<Unmet>, StoreError> {
    let mut found = of_figures(expectations::figures(db, pass.run, &stream.name).await?, stream, expect);
    if let Some(within) = expect.fresh_within_days {
        let (stream, days) = (stream.name.clone(), within.0);
        let newest = expectations::newest(db, pass.source_id, &stream).await?;
        match newest.as_deref().and_then(|day| day.parse::<NaiveDate>().ok()) {
            None => found.push(Unmet::NoRecord { stream, days }),
            Some(newest) if (today() - newest).num_days() > bounded(days) => {
                found.push(Unmet::NotFresh { stream, newest, days });
            }
            Some(_) => {}
        }
    }
    Ok(found)
}

fn bounded(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn of_figures(Figures { records, parked }: Figures, stream: &Stream, expect: &Expect) -> Vec<Unmet> {
    let stream = || stream.name.clone();
    let mut found = Vec::new();
    if let Some(min) = expect.least_records.map(|least| least.0).filter(|min| records < bounded(*min)) {
        found.push(Unmet::TooFewRecords { stream: stream(), records, min });
    }
    if let Some(max) = expect.most_records.map(|most| most.0).filter(|max| records > bounded(*max)) {
        found.push(Unmet::TooManyRecords { stream: stream(), records, max });
    }
    if let Some(max) = expect.most_parked.map(|most| most.0).filter(|max| parked > bounded(*max)) {
        found.push(Unmet::TooManyParked { stream: stream(), parked, max });
    }
    let is_share = |percent: &u64| parked.saturating_mul(100) > records.saturating_mul(bounded(*percent));
    if let Some(max_percent) = expect.most_parked_percent.map(|most| most.0).filter(is_share) {
        found.push(Unmet::TooLargeShareParked { stream: stream(), parked, records, max_percent });
    }
    found
}
