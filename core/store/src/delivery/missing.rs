//! Compares a whole of a stream with the stored records: who is not in it is missing.

use std::sync::Mutex;

use serde_json::json;

use crate::admin::audit::{self, NewEntry};
use crate::delivery::seen_keys::KEY;
use crate::delivery::wholes::Whole;
use crate::identity::claims::{self, ClaimCache};
use crate::ledger::marks;
use crate::ledger::status::has_status;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Rows, Value};
use huiliu_rules::ledger::SourceStatus;
use huiliu_vault::keys::Keys;

/// The most keys that are compared at once: 16 MB.
const MAX_KEYS: i64 = 1_000_000;
/// Records compared per query.
const PAGE: i64 = 10_000;
/// Batches whose keys are read per query; a batch has at most 80 kB.
const BATCHES: i64 = 100;
/// Records that go missing at once count on until a person has decided, also under `missing = "withdraw"`, if they are more
/// than this share of the stream's records, in percent: an export that was cut short looks the same.
pub const MAX_WITHDRAWN_PERCENT: i64 = 10;

/// What is known of who is missing from a whole, since it was judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Missing {
    /// Records that are newly missing and wait for a person.
    pub asked: i64,
    /// Records that are newly missing and were withdrawn at once.
    pub withdrawn: i64,
    /// The stream's records that counted before, if so many are missing that a person is asked instead.
    pub too_many_of: Option<i64>,
}

type Key = [u8; KEY];

/// The manifest that withdraws missing records at once.
#[derive(Debug, Clone, Copy)]
pub struct Withdrawing<'a> {
    /// Connector and version, as `county@3`.
    pub manifest: &'a str,
    /// Name of the source, for the audit log.
    pub source: &'a str,
    /// Keys of the audit log.
    pub keys: &'a Keys,
}

/// Compares a whole with the stored records of its stream. Who is newly missing is asked about, or withdrawn at once by a
/// manifest; who is in it again is not missing any more. A run that was judged before is not judged again.
///
/// # Errors
/// [`StoreError`]. Nothing is written then.
pub async fn judge_whole(
    db: &Db,
    known: &Mutex<ClaimCache>,
    whole: &Whole,
    by: Option<Withdrawing<'_>>,
) -> Result<Missing, StoreError> {
    let mut tx = db.begin().await?;
    // Until the commit, each record stays with its teacher.
    claims::lock_claims_shared(&mut tx, known).await?;
    if !whole.begin_judging(&mut tx).await? {
        return whole.count_noticed(&mut tx, None).await;
    }
    let parts = whole.count_keys(&mut tx).await?.div_euclid(MAX_KEYS).clamp(0, 255) + 1;
    for part in 0..parts {
        let bounds = Part::of(part, parts);
        let keys = whole.load_keys(&mut tx, bounds).await?;
        whole.forget_seen(&mut tx, bounds, &keys).await?;
        whole.note_missing(&mut tx, bounds, &keys).await?;
    }
    let mut too_many_of = None;
    if let Some(by) = by {
        too_many_of = whole.withdraw_noticed(&mut tx, by).await?;
    }
    whole.end_judging(&mut tx).await?;
    let missing = whole.count_noticed(&mut tx, too_many_of).await?;
    tx.commit().await?;
    Ok(missing)
}

/// The keys whose first byte is within bounds.
#[derive(Debug, Clone, Copy)]
struct Part {
    from: i64,
    before: i64,
}

impl Part {
    /// Returns one of several parts of about the same size; at most 256.
    fn of(part: i64, parts: i64) -> Self {
        Self { from: part * 256 / parts, before: (part + 1) * 256 / parts }
    }

    fn contains(self, key: &Key) -> bool {
        (self.from..self.before).contains(&i64::from(key[0]))
    }
}

/// SQL condition: the stored record `t` is older than a whole, given by its date and its first batch.
pub(crate) fn is_before(date: &str, first_batch: &str) -> String {
    format!(
        "({date} > 0 AND t.source_version < {date}
          OR {date} = 0 AND coalesce(t.confirmed_batch, t.batch_id) < {first_batch})"
    )
}

/// SQL condition: the record `t` of the row `m` of `missing_record` has not come again since.
pub(crate) fn is_still_missing() -> String {
    is_before("m.whole", "m.batch_id")
}

impl Whole {
    fn args(&self, more: impl IntoIterator<Item = i64>) -> Vec<Value> {
        let stream = [self.source_id.into(), self.stream.as_str().into()];
        stream.into_iter().chain(more.into_iter().map(Value::from)).collect()
    }

    /// Locks the stream against other judges. Returns false if this run, or a newer whole, was judged.
    async fn begin_judging(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let sql = "INSERT INTO judged_whole (source_id, stream, whole, run_id) VALUES ($1, $2, 0, 0)
                   ON CONFLICT (source_id, stream) DO NOTHING";
        tx.execute(sql, self.args([])).await?;
        let sql = "SELECT whole, run_id FROM judged_whole WHERE source_id = $1 AND stream = $2 {lock}";
        let judged = tx.fetch_rows(sql, self.args([])).await?;
        let Some(judged) = judged.first() else { return Ok(false) };
        Ok(judged.int("run_id")? < self.run && (self.date == 0 || judged.int("whole")? <= self.date))
    }

    /// Notes that it was judged, and removes the keys of older wholes.
    async fn end_judging(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let sql = "UPDATE judged_whole SET whole = $3, run_id = $4 WHERE source_id = $1 AND stream = $2";
        tx.execute(sql, self.args([self.date, self.run])).await?;
        let older = if self.date > 0 {
            "whole < $3 AND $4 = $4"
        } else {
            "$3 = $3 AND EXISTS (SELECT 1 FROM batch b WHERE b.id = seen_key.batch_id AND b.run_id < $4)"
        };
        let sql = format!("DELETE FROM seen_key WHERE source_id = $1 AND stream = $2 AND {older}");
        tx.execute(&sql, self.args([self.date, self.run])).await?;
        Ok(())
    }

    /// Counts the keys of its batches; a record that several batches show counts several times.
    async fn count_keys(&self, tx: &mut Tx) -> Result<i64, StoreError> {
        let sql = format!("SELECT CAST(coalesce(sum(length(k.keys)), 0) AS bigint) AS n FROM {}", self.seen_rows());
        let rows = tx.fetch_rows(&sql, self.seen_args([])).await?;
        let key = i64::try_from(KEY).unwrap_or(i64::MAX);
        rows.first().map_or(Ok(0), |row| Ok(row.int("n")?.div_euclid(key)))
    }

    fn seen_rows(&self) -> &'static str {
        "seen_key k JOIN batch b ON b.id = k.batch_id
         WHERE k.source_id = $1 AND k.stream = $2 AND k.whole = $3 AND ($3 > 0 OR b.run_id = $4)"
    }

    fn seen_args(&self, more: impl IntoIterator<Item = i64>) -> Vec<Value> {
        self.args([self.date, self.run].into_iter().chain(more))
    }

    /// Loads the keys of a part, sorted.
    async fn load_keys(&self, tx: &mut Tx, part: Part) -> Result<Vec<Key>, StoreError> {
        let sql = format!(
            "SELECT k.batch_id AS batch_id, k.keys AS keys FROM {} AND k.batch_id > $5 ORDER BY k.batch_id LIMIT $6",
            self.seen_rows()
        );
        let (mut keys, mut after) = (Vec::new(), 0);
        loop {
            let rows = tx.fetch_rows(&sql, self.seen_args([after, BATCHES])).await?;
            let Some(last) = rows.last() else { break };
            after = last.int("batch_id")?;
            for mut row in rows {
                let bytes = row.take_bytes("keys")?;
                keys.extend(bytes.as_chunks::<KEY>().0.iter().filter(|key| part.contains(key)));
            }
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// Removes what was noted of records that are in the whole, or were received since.
    async fn forget_seen(&self, tx: &mut Tx, part: Part, keys: &[Key]) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT m.record_id AS record_id, m.state AS state, t.record_key AS record_key,
                    CASE WHEN t.merged_into IS NULL AND {} THEN 1 ELSE 0 END AS before
             FROM missing_record m JOIN training_record t ON t.id = m.record_id
             WHERE m.source_id = $1 AND m.stream = $2 AND m.record_id > $5 ORDER BY m.record_id LIMIT $6",
            is_before("$3", "$4")
        );
        let mut after = 0;
        loop {
            let rows = tx.fetch_rows(&sql, self.args([self.date, self.first_batch, after, PAGE])).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.int("record_id")?;
            let (mut gone, mut counted_again) = (vec![], vec![]);
            for row in &rows {
                let key: Key = row.bytes("record_key")?.try_into().unwrap_or_default();
                if part.contains(&key) && (row.int("before")? == 0 || keys.binary_search(&key).is_ok()) {
                    gone.push(row.int("record_id")?);
                    if row.text("state")? == "withdrawn" {
                        counted_again.push(row.int("record_id")?);
                    }
                }
            }
            mark_teachers(tx, &counted_again).await?;
            let sql = "DELETE FROM missing_record WHERE record_id IN (SELECT record_id FROM {rows})";
            execute_with_ids(tx, sql, vec![], &gone).await?;
        }
    }

    /// Notes the records of a part that are missing, except those that the source has taken back. What was noted and decided before stays.
    async fn note_missing(&self, tx: &mut Tx, part: Part, keys: &[Key]) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT t.id AS id, t.record_key AS record_key, CASE WHEN m.record_id IS NOT NULL AND {} THEN 1 ELSE 0 END AS noted
             FROM training_record t LEFT JOIN missing_record m ON m.record_id = t.id
             WHERE t.source_id = $1 AND t.stream = $2 AND t.id > $5 AND t.merged_into IS NULL AND {} AND NOT {}
             ORDER BY t.id LIMIT $6",
            is_still_missing(),
            is_before("$3", "$4"),
            has_status("t", SourceStatus::Withdrawn)
        );
        let mut after = 0;
        loop {
            let rows = tx.fetch_rows(&sql, self.args([self.date, self.first_batch, after, PAGE])).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.int("id")?;
            let (mut noted, mut new) = (vec![], vec![]);
            for row in &rows {
                let key: Key = row.bytes("record_key")?.try_into().unwrap_or_default();
                if part.contains(&key) && keys.binary_search(&key).is_err() {
                    (if row.int("noted")? == 1 { &mut noted } else { &mut new }).push(row.int("id")?);
                }
            }
            // What landed before this whole and is delivered later is not the record's return.
            let sql =
                "UPDATE missing_record SET whole = $1, batch_id = $2 WHERE record_id IN (SELECT record_id FROM {rows})";
            execute_with_ids(tx, sql, vec![self.date.into(), self.first_batch.into()], &noted).await?;
            self.note_new(tx, &new).await?;
        }
    }

    /// Notes records that are missing for the first time, or again.
    async fn note_new(&self, tx: &mut Tx, records: &[i64]) -> Result<(), StoreError> {
        let sql = "INSERT INTO missing_record (record_id, source_id, stream, run_id, whole, batch_id, state, noticed_at)
             SELECT record_id, $1, $2, $3, $4, $5, 'open', {now} FROM {rows} WHERE true
             ON CONFLICT (record_id) DO UPDATE SET run_id = excluded.run_id, whole = excluded.whole,
               batch_id = excluded.batch_id, state = excluded.state, noticed_at = excluded.noticed_at, decided_at = NULL,
               decided_by = NULL, because = NULL";
        execute_with_ids(tx, sql, self.args([self.run, self.date, self.first_batch]), records).await
    }

    /// Withdraws what this run has noticed, unless it is too much at once; then returns the number of the stream's records.
    async fn withdraw_noticed(&self, tx: &mut Tx, by: Withdrawing<'_>) -> Result<Option<i64>, StoreError> {
        let rows = tx
            .fetch_rows(
                &format!(
                    "SELECT (SELECT count(*) FROM missing_record WHERE source_id = $1 AND stream = $2 AND run_id = $3
                               AND state = 'open') AS missing,
                            (SELECT count(*) FROM training_record t LEFT JOIN missing_record m
                               ON m.record_id = t.id AND m.state = 'withdrawn' AND {}
                             WHERE t.source_id = $1 AND t.stream = $2 AND t.merged_into IS NULL AND m.record_id IS NULL) AS records",
                    is_still_missing()
                ),
                self.args([self.run]),
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (missing, records) = (row.int("missing")?, row.int("records")?);
        if missing.saturating_mul(100) > records.saturating_mul(MAX_WITHDRAWN_PERCENT) {
            return Ok(Some(records));
        }
        if missing > 0 {
            let detail =
                json!({ "because": "complete = true", "count": missing, "run": self.run, "stream": self.stream });
            let (detail, object) = (detail.to_string(), format!("source {}", by.source));
            let entry = NewEntry { actor: by.manifest, action: "missing.withdraw", object: &object, detail: &detail };
            audit::append_entry(tx, by.keys, entry).await?;
        }
        let mut after = 0;
        loop {
            let sql = "SELECT record_id FROM missing_record WHERE source_id = $1 AND stream = $2 AND run_id = $3
                         AND state = 'open' AND record_id > $4 ORDER BY record_id LIMIT $5";
            let page = tx.fetch_rows(sql, self.args([self.run, after, PAGE])).await?;
            let ids = page.iter().map(|row| row.int("record_id")).collect::<Result<Vec<_>, _>>()?;
            let Some(last) = ids.last() else { return Ok(None) };
            after = *last;
            let sql =
                "UPDATE missing_record SET state = 'withdrawn', decided_at = {now}, decided_by = $1, because = NULL
                       WHERE record_id IN (SELECT record_id FROM {rows})";
            execute_with_ids(tx, sql, vec![by.manifest.into()], &ids).await?;
            mark_teachers(tx, &ids).await?;
        }
    }

    /// Counts what this run has noticed.
    async fn count_noticed(&self, tx: &mut Tx, too_many_of: Option<i64>) -> Result<Missing, StoreError> {
        let sql = "SELECT CAST(coalesce(sum(CASE WHEN state = 'open' THEN 1 ELSE 0 END), 0) AS bigint) AS asked,
                          CAST(coalesce(sum(CASE WHEN state = 'withdrawn' THEN 1 ELSE 0 END), 0) AS bigint) AS withdrawn
                   FROM missing_record WHERE source_id = $1 AND stream = $2 AND run_id = $3";
        let rows = tx.fetch_rows(sql, self.args([self.run])).await?;
        let Some(row) = rows.first() else { return Ok(Missing::default()) };
        Ok(Missing { asked: row.int("asked")?, withdrawn: row.int("withdrawn")?, too_many_of })
    }
}

/// Runs a statement with `{rows}` of records; does nothing without records.
async fn execute_with_ids(tx: &mut Tx, sql: &str, args: Vec<Value>, records: &[i64]) -> Result<(), StoreError> {
    if !records.is_empty() {
        tx.execute_with(sql, args, Rows::new().int("record_id", records.iter().copied().map(Some))).await?;
    }
    Ok(())
}

/// Marks the teachers of these records for settlement.
async fn mark_teachers(tx: &mut Tx, records: &[i64]) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let rows = tx
        .fetch_rows_with(
            "SELECT DISTINCT c.teacher_id AS teacher_id FROM {rows} {join training_record t ON t.id = incoming.record_id}
             {join identity_claim c ON c.id = t.claim_id} WHERE c.teacher_id IS NOT NULL",
            vec![],
            Rows::new().int("record_id", records.iter().copied().map(Some)),
        )
        .await?;
    marks::add_marks_of_rows(tx, &rows).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_exactly_one_part() {
        for parts in [1, 2, 3, 100, 255, 256] {
            for first in 0..=255 {
                let key = [first; KEY];
                let found = (0..parts).filter(|part| Part::of(*part, parts).contains(&key)).count();
                assert_eq!(found, 1, "{first} of {parts}");
            }
        }
    }
}
