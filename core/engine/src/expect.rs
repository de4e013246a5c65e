//! Whether a pass was what its manifest expects of it: volume, freshness, and how much of it had to be parked; and whether
//! all came that the platform counts.

use chrono::NaiveDate;

use crate::manifests::Active;
use huiliu_manifest::Stream;
use huiliu_manifest::quality::Expect;
use huiliu_platform::Short;
use huiliu_store::intake::expectations::{self, Ended, Figures};
use huiliu_store::{Db, StoreFault};
use huiliu_values::calendar::today;

/// Judges the passes that are over; gives those that were not as expected, and in what.
///
/// # Errors
/// [`StoreFault`].
pub async fn judge(db: &Db, manifests: &Active) -> Result<Vec<(Ended, String)>, StoreFault> {
    let mut unmet = Vec::new();
    for ended in expectations::to_judge(db).await? {
        let streams = manifests.get(&ended.connector).map(|active| active.manifest.stream.as_slice());
        let mut told: Vec<String> = Vec::new();
        for stream in streams.unwrap_or_default() {
            let cursor = expectations::cursor_at_end(db, ended.run, &stream.name).await?;
            if let Some(Short { received, total, .. }) = cursor.as_deref().and_then(huiliu_platform::missed) {
                told.push(format!("{}: {received} records came, the platform counts {total}", stream.name));
            }
            if let Some(expect) = &stream.expect {
                told.extend(of_stream(db, &ended, stream, expect).await?);
            }
        }
        let told = told.join("; ");
        expectations::judged(db, ended.run, &told).await?;
        if !told.is_empty() {
            unmet.push((ended, told));
        }
    }
    Ok(unmet)
}

async fn of_stream(db: &Db, ended: &Ended, stream: &Stream, expect: &Expect) -> Result<Vec<String>, StoreFault> {
    let figures = expectations::figures(db, ended.run, &stream.name).await?;
    let mut told = of_figures(figures, expect);
    if let Some(days) = expect.fresh_within_days {
        let newest = expectations::newest(db, ended.source_id, &stream.name).await?;
        let newest = newest.as_deref().and_then(|day| day.parse::<NaiveDate>().ok());
        let age = newest.map(|day| (today() - day).num_days());
        if age.is_none_or(|age| age > i64::try_from(days.0).unwrap_or(i64::MAX)) {
            let newest = newest.map_or_else(|| "no record".to_owned(), |day| day.to_string());
            told.push(format!("the newest last day is {newest}, expected within {} days", days.0));
        }
    }
    Ok(told.into_iter().map(|what| format!("{}: {what}", stream.name)).collect())
}

fn of_figures(Figures { records, parked }: Figures, expect: &Expect) -> Vec<String> {
    let bound = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let mut told = Vec::new();
    if let Some(least) = expect.least_records.filter(|least| records < bound(least.0)) {
        told.push(format!("{records} records, expected at least {}", least.0));
    }
    if let Some(most) = expect.most_records.filter(|most| records > bound(most.0)) {
        told.push(format!("{records} records, expected at most {}", most.0));
    }
    if let Some(most) = expect.most_parked.filter(|most| parked > bound(most.0)) {
        told.push(format!("{parked} parked, expected at most {}", most.0));
    }
    if let Some(most) =
        expect.most_parked_percent.filter(|most| parked.saturating_mul(100) > records.saturating_mul(bound(most.0)))
    {
        told.push(format!("{parked} of {records} parked, expected at most {} %", most.0));
    }
    told
}
