//! Finds what was whole of a stream: the pages of a pass, or all files with the newest date in their names; and whether it
//! can say who is missing.

use crate::delivery::batch::WholeBy;
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Value};
use huiliu_decode::identity::parse_file_date;

/// The most files that are looked at of those that cannot be read or are not delivered.
const MAX_FILES: i64 = 10_000;

/// A whole of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// Row id of the source.
    pub source_id: i64,
    /// Name of the stream.
    pub stream: String,
    /// The run that has ended.
    pub run: i64,
    /// The date in the files' names, as 20261031; 0 if the batches of the run are the whole.
    pub date: i64,
    /// Whether the run itself brought some of it.
    pub is_of_run: bool,
    /// Its first batch. Records that are stored from this batch on are not missing from pages.
    pub first_batch: i64,
}

/// Why a whole cannot say who is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Payloads of it cannot be read.
    Unread(i64),
    /// Batches of it are not delivered, such as quarantined ones.
    Undelivered(i64),
    /// Rows of it do not tell whose record they are, and nobody has discarded them.
    Unidentified(i64),
    /// Rows of it were parked until a replay, and are not replayed.
    Awaiting(i64),
    /// Batches of it were delivered before the stream was said to be whole.
    Unknown(i64),
    /// A run that brought some of it did not meet what was expected of the stream.
    Unmet,
}

/// What a run is for the whole of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundWhole {
    /// It brought nothing, or an older whole than one that was judged, or a later run brings the rest.
    Nothing,
    /// A whole that cannot be judged.
    Unclear(Obstacle),
    /// A whole that can be judged.
    Clear(Whole),
}

/// Finds the whole that a run has brought, or completed.
///
/// # Errors
/// [`StoreError`].
pub async fn find_whole(
    tx: &mut Tx,
    source_id: i64,
    stream: &str,
    run: i64,
    by: WholeBy,
) -> Result<FoundWhole, StoreError> {
    let of = StreamRun { source_id, stream, run };
    match by {
        WholeBy::Run => of.find_pages(tx).await,
        WholeBy::FileDate => of.find_files(tx).await,
    }
}

/// A stream and the run that has ended.
#[derive(Clone, Copy)]
struct StreamRun<'a> {
    source_id: i64,
    stream: &'a str,
    run: i64,
}

impl StreamRun<'_> {
    fn args(self, more: &[i64]) -> Vec<Value> {
        [self.source_id.into(), self.stream.into()].into_iter().chain(more.iter().map(|n| (*n).into())).collect()
    }

    fn whole(self, date: i64, first_batch: i64, is_of_run: bool) -> Whole {
        let Self { source_id, stream, run } = self;
        Whole { source_id, stream: stream.to_owned(), run, date, is_of_run, first_batch }
    }

    async fn find_pages(self, tx: &mut Tx) -> Result<FoundWhole, StoreError> {
        let judged = self.load_judged(tx).await?;
        let rows = tx
            .fetch_rows(
                "SELECT count(DISTINCT p.id) AS payloads,
                        CAST(coalesce(sum(CASE WHEN p.state = 'undecodable' AND u.payload_id IS NOT NULL THEN 1 ELSE 0 END), 0) AS bigint) AS unread,
                        min(b.id) AS first_batch,
                        CAST(coalesce(sum(CASE WHEN b.state <> 'done' THEN 1 ELSE 0 END), 0) AS bigint) AS undelivered,
                        CAST(coalesce(sum(CASE WHEN b.state = 'done' AND k.batch_id IS NULL THEN 1 ELSE 0 END), 0) AS bigint) AS unknown,
                        (SELECT coalesce(max(id), 0) + 1 FROM batch WHERE run_id <= $3) AS next_batch
                 FROM payload p LEFT JOIN batch b ON b.payload_id = p.id
                 LEFT JOIN unread_payload u ON u.payload_id = p.id AND u.state = 'open'
                 LEFT JOIN seen_key k ON k.batch_id = b.id AND k.whole = 0
                 WHERE p.source_id = $1 AND p.stream = $2 AND p.run_id = $3",
                self.args(&[self.run]),
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(FoundWhole::Nothing) };
        if row.int("payloads")? == 0 || judged.is_some_and(|judged| judged.run > self.run) {
            return Ok(FoundWhole::Nothing);
        }
        let obstacle = match (row.int("unread")?, row.int("undelivered")?, row.int("unknown")?) {
            (0, 0, 0) => {
                let batches = "SELECT b.id FROM batch b JOIN payload p ON p.id = b.payload_id
                   WHERE p.source_id = $1 AND p.stream = $2 AND b.run_id = $3";
                self.find_parked(tx, batches, "d.dead_letter_key = d.raw_digest", &[self.run]).await?
            }
            (0, 0, unknown) => Some(Obstacle::Unknown(unknown)),
            (0, undelivered, _) => Some(Obstacle::Undelivered(undelivered)),
            (unread, ..) => Some(Obstacle::Unread(unread)),
        };
        let first = row.opt_int("first_batch")?.map_or_else(|| row.int("next_batch"), Ok)?;
        Ok(obstacle.map_or_else(|| FoundWhole::Clear(self.whole(0, first, true)), FoundWhole::Unclear))
    }

    async fn find_files(self, tx: &mut Tx) -> Result<FoundWhole, StoreError> {
        let judged = self.load_judged(tx).await?;
        let sql = "SELECT max(whole) AS date FROM seen_key WHERE source_id = $1 AND stream = $2";
        let seen = tx.fetch_rows(sql, self.args(&[])).await?.first().map_or(Ok(None), |row| row.opt_int("date"))?;
        let empty = self.find_newest_empty(tx).await?;
        let date = seen.max(empty).unwrap_or(0);
        if date == 0 || judged.is_some_and(|judged| judged.date > date) {
            return Ok(FoundWhole::Nothing);
        }
        if judged.is_some_and(|judged| judged.run == self.run) {
            // Another process has judged it, and may not have said so yet.
            return Ok(FoundWhole::Clear(self.whole(date, 0, true)));
        }
        let brought = "SELECT 1 AS one FROM payload WHERE source_id = $1 AND stream = $2 AND run_id = $3 LIMIT 1";
        let is_news = !tx.fetch_rows(brought, self.args(&[self.run])).await?.is_empty();
        if !is_news && judged.is_some_and(|judged| judged.date == date) {
            return Ok(FoundWhole::Nothing);
        }
        // A later run brings the newest files; it is judged itself.
        let rows = tx
            .fetch_rows(
                "SELECT max(b.run_id) AS run, min(b.id) AS first_batch FROM seen_key k JOIN batch b ON b.id = k.batch_id
                 WHERE k.source_id = $1 AND k.stream = $2 AND k.whole = $3",
                self.args(&[date]),
            )
            .await?;
        let newest_run = rows.first().map_or(Ok(None), |row| row.opt_int("run"))?;
        if newest_run.is_some_and(|newest| newest > self.run) {
            return Ok(FoundWhole::Nothing);
        }
        let first = rows.first().map_or(Ok(None), |row| row.opt_int("first_batch"))?.unwrap_or(0);
        // What stands in the way was told by the run that brought it.
        let unclear = |obstacle| if is_news { FoundWhole::Unclear(obstacle) } else { FoundWhole::Nothing };
        if let Some(obstacle) = self.find_unfinished_files(tx, date).await? {
            return Ok(unclear(obstacle));
        }
        // A row whose file has no date could be of the whole.
        let batches = "SELECT k.batch_id FROM seen_key k JOIN batch b ON b.id = k.batch_id
           WHERE k.source_id = $1 AND k.stream = $2 AND (k.whole = $3 OR k.whole = 0 AND b.run_id = $4)";
        let unidentified = "(s.source_version IS NULL OR d.dead_letter_key = d.raw_digest AND s.source_version = $3)";
        if let Some(obstacle) = self.find_parked(tx, batches, unidentified, &[date, self.run]).await? {
            return Ok(unclear(obstacle));
        }
        let obstacle = match self.count_unknown_files(tx, date).await? {
            0 if self.has_unmet_run(tx, date).await? => Some(Obstacle::Unmet),
            0 => None,
            unknown => Some(Obstacle::Unknown(unknown)),
        };
        Ok(obstacle.map_or_else(|| FoundWhole::Clear(self.whole(date, first, is_news)), unclear))
    }

    /// Finds rows of these batches that were parked until a replay, also if they are discarded now: their file counted nothing. Or else some that do not tell whose record they are.
    async fn find_parked(
        self,
        tx: &mut Tx,
        batches: &str,
        unidentified: &str,
        args: &[i64],
    ) -> Result<Option<Obstacle>, StoreError> {
        let sql = format!(
            "SELECT CAST(coalesce(sum(s.awaits_replay), 0) AS bigint) AS awaiting,
                    CAST(coalesce(sum(CASE WHEN s.outcome = 'parked' AND {unidentified} THEN 1 ELSE 0 END), 0) AS bigint) AS unidentified
             FROM dead_letter_sighting s JOIN dead_letter d ON d.id = s.dead_letter_id
             WHERE s.batch_id IN ({batches}) AND (s.outcome = 'parked' OR s.outcome = 'discarded' AND s.awaits_replay = 1)"
        );
        let rows = tx.fetch_rows(&sql, self.args(args)).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(match (row.int("awaiting")?, row.int("unidentified")?) {
            (0, 0) => None,
            (0, rows) => Some(Obstacle::Unidentified(rows)),
            (rows, _) => Some(Obstacle::Awaiting(rows)),
        })
    }

    /// Returns the newest date of this run's files without a record.
    async fn find_newest_empty(self, tx: &mut Tx) -> Result<Option<i64>, StoreError> {
        let rows = tx
            .fetch_rows(
                "SELECT p.address AS address FROM payload p WHERE p.source_id = $1 AND p.stream = $2 AND p.run_id = $3
                   AND p.state = 'landed' AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.payload_id = p.id)
                 ORDER BY p.id DESC LIMIT $4",
                self.args(&[self.run, MAX_FILES]),
            )
            .await?;
        let dates = rows.iter().map(|row| Ok(parse_file_date(&row.text("address")?)));
        Ok(dates.collect::<Result<Vec<_>, StoreError>>()?.into_iter().flatten().max())
    }

    /// Counts the files of the whole, or of a newer one, that cannot be read or are not delivered. A file that was received
    /// again under its name and could be read then does not count, nor does one that a person has dismissed.
    async fn find_unfinished_files(self, tx: &mut Tx, date: i64) -> Result<Option<Obstacle>, StoreError> {
        let is_of_whole = |row: &Row| {
            let of_run = row.int("run_id")? == self.run;
            Ok::<_, StoreError>(parse_file_date(&row.text("address")?).map_or(of_run, |day| day >= date))
        };
        let count = |rows: &[Row]| {
            let found = rows.iter().map(is_of_whole).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, StoreError>(i64::try_from(found.into_iter().filter(|found| *found).count()).unwrap_or(i64::MAX))
        };
        let unread = tx
            .fetch_rows(
                "SELECT p.address AS address, p.run_id AS run_id FROM payload p
                 WHERE p.source_id = $1 AND p.stream = $2 AND p.state = 'undecodable'
                   AND EXISTS (SELECT 1 FROM unread_payload u WHERE u.payload_id = p.id AND u.state = 'open')
                   AND NOT EXISTS (SELECT 1 FROM payload q WHERE q.source_id = $1 AND q.stream = $2
                     AND q.address = p.address AND q.id > p.id AND q.state = 'landed')
                 ORDER BY p.id DESC LIMIT $3",
                self.args(&[MAX_FILES]),
            )
            .await?;
        let unread = count(&unread)?;
        if unread > 0 {
            return Ok(Some(Obstacle::Unread(unread)));
        }
        let undelivered = tx
            .fetch_rows(
                "SELECT p.address AS address, b.run_id AS run_id FROM batch b JOIN payload p ON p.id = b.payload_id
                 WHERE b.state <> 'done' AND p.source_id = $1 AND p.stream = $2 ORDER BY b.id DESC LIMIT $3",
                self.args(&[MAX_FILES]),
            )
            .await?;
        let undelivered = count(&undelivered)?;
        Ok((undelivered > 0).then_some(Obstacle::Undelivered(undelivered)))
    }

    /// Counts the batches of the whole that were delivered before the stream was said to be whole, unless their file was
    /// received again since.
    async fn count_unknown_files(self, tx: &mut Tx, date: i64) -> Result<i64, StoreError> {
        let rows = tx
            .fetch_rows(
                "SELECT count(*) AS n FROM batch b JOIN payload p ON p.id = b.payload_id
                 WHERE p.source_id = $1 AND p.stream = $2 AND b.state = 'done' AND p.address LIKE $3
                   AND NOT EXISTS (SELECT 1 FROM seen_key k WHERE k.batch_id = b.id)
                   AND NOT EXISTS (SELECT 1 FROM payload q JOIN batch c ON c.payload_id = q.id JOIN seen_key e ON e.batch_id = c.id
                     WHERE q.source_id = $1 AND q.stream = $2 AND q.address = p.address AND q.id > p.id)",
                vec![self.source_id.into(), self.stream.into(), format!("%{date}%").into()],
            )
            .await?;
        rows.first().map_or(Ok(0), |row| row.int("n"))
    }

    /// Whether an earlier run that brought files of the whole did not meet what was expected of it.
    async fn has_unmet_run(self, tx: &mut Tx, date: i64) -> Result<bool, StoreError> {
        let rows = tx
            .fetch_rows(
                "SELECT r.unmet AS unmet FROM sync_run r WHERE r.unmet <> '' AND r.id <> $3 AND r.id IN (
                   SELECT b.run_id FROM seen_key k JOIN batch b ON b.id = k.batch_id
                   WHERE k.source_id = $1 AND k.stream = $2 AND k.whole = $4)",
                self.args(&[self.run, date]),
            )
            .await?;
        let unmet: Vec<String> = rows.iter().map(|row| row.text("unmet")).collect::<Result<_, _>>()?;
        Ok(unmet.iter().any(|unmet| names_expectation(unmet, self.stream)))
    }

    async fn load_judged(self, tx: &mut Tx) -> Result<Option<JudgedWhole>, StoreError> {
        let sql = "SELECT whole, run_id FROM judged_whole WHERE source_id = $1 AND stream = $2";
        let rows = tx.fetch_rows(sql, self.args(&[])).await?;
        rows.first().map(|row| Ok(JudgedWhole { date: row.int("whole")?, run: row.int("run_id")? })).transpose()
    }
}

/// Whether what a run did not meet is an expectation of the stream, and not only that records are missing.
fn names_expectation(unmet: &str, stream: &str) -> bool {
    let told: Vec<serde_json::Value> = serde_json::from_str(unmet).unwrap_or_default();
    let word = |of: &serde_json::Value, field: &str| of.get(field).and_then(|v| v.as_str()).map(str::to_owned);
    told.iter().any(|of| {
        word(of, "stream").as_deref() == Some(stream) && word(of, "code").is_none_or(|code| !code.contains("missing"))
    })
}

/// The newest whole that was judged.
#[derive(Debug, Clone, Copy)]
struct JudgedWhole {
    date: i64,
    run: i64,
}
