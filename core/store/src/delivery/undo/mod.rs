//! Takes an applied replay back: its records are again what they were, and its raw records are parked again. Where something
//! newer rests on a record, the record stays, with all raw records that it came from.
//!
//! All of it is done by statements over the whole replay, however large it is.

mod later;

use std::collections::{BTreeMap, BTreeSet};

use self::later::LaterBatches;
use crate::delivery::awaiting;
use crate::delivery::before_images::CONTENT;
use crate::delivery::dead_letters;
use crate::delivery::reopen;
use crate::delivery::reread;
use crate::ledger::marks;
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows, Value};
use huiliu_values::KeptBecause;

/// Rows per statement, where a statement needs what the program computes.
const PAGE: i64 = 10_000;

/// An undo and the replay that it takes back, by their numbers.
#[derive(Debug, Clone, Copy)]
pub struct Undo {
    /// The undo.
    pub undo: i64,
    /// The replay that it takes back.
    pub of: i64,
}

/// Raw records that stay as the replay has made them, by batch and position in the payload.
pub type KeptItems = BTreeMap<(i64, u32), KeptBecause>;

/// A stream whose records a replay has written.
struct TouchedStream {
    source: i64,
    stream: String,
}

impl Undo {
    fn args(self) -> Vec<Value> {
        vec![self.undo.into()]
    }

    fn args_of(self) -> Vec<Value> {
        vec![self.of.into()]
    }

    fn both(self) -> Vec<Value> {
        vec![self.undo.into(), self.of.into()]
    }

    /// Takes the replay back, as far as nothing newer rests on it. Returns what stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_back(self, tx: &mut Tx) -> Result<KeptItems, StoreError> {
        let streams = self.lock_everything(tx).await?;
        self.judge(tx, &streams).await?;
        let kept = load_kept(tx, self.undo).await?;
        self.mark_owners(tx).await?;
        self.restore_counters(tx).await?;
        self.restore_records(tx).await?;
        self.restore_notices(tx).await?;
        let restored = self.restore_letters(tx).await?;
        // Where all of it stays, nothing is undone, and another undo may find less that rests on it.
        let sql = "UPDATE replay SET undone_by = $1 WHERE id = $2 AND (CAST($3 AS bigint) > 0
             OR EXISTS (SELECT 1 FROM replay_item WHERE replay_id = $1 AND kept IS NULL))";
        let restored = i64::try_from(restored).unwrap_or(i64::MAX);
        tx.execute(sql, [self.both(), vec![restored.into()]].concat()).await?;
        Ok(kept)
    }

    /// Keeps loads of the streams out, and locks letters and records in the order in which others lock them.
    async fn lock_everything(self, tx: &mut Tx) -> Result<Vec<TouchedStream>, StoreError> {
        let rows = tx
            .fetch_rows(
                "SELECT DISTINCT p.source_id AS source_id, p.stream AS stream
                 FROM (SELECT DISTINCT batch_id FROM replay_item WHERE replay_id = $1) AS i
                 JOIN batch b ON b.id = i.batch_id JOIN payload p ON p.id = b.payload_id ORDER BY source_id, stream",
                self.args(),
            )
            .await?;
        let stream = |row: &Row| Ok(TouchedStream { source: row.int("source_id")?, stream: row.text("stream")? });
        let streams: Vec<TouchedStream> = rows.iter().map(stream).collect::<Result<_, StoreError>>()?;
        for TouchedStream { source, stream } in &streams {
            tx.take_advisory_lock(&format!("load {stream}"), *source).await?;
        }
        for (sql, args) in [
            (
                "SELECT t.id AS id FROM training_record t WHERE t.id IN (SELECT record_id FROM replay_record WHERE replay_id = $1)
                 ORDER BY t.id {lock}",
                self.args_of(),
            ),
            (
                "SELECT d.id AS id FROM dead_letter d WHERE d.id IN (SELECT dead_letter_id FROM replay_item WHERE replay_id = $1)
                 ORDER BY d.dead_letter_key {lock}",
                self.args(),
            ),
        ] {
            tx.fetch_rows(&format!("SELECT count(*) AS n FROM ({sql}) AS locked"), args).await?;
        }
        Ok(streams)
    }

    /// Decides what stays. A record stays with all raw records that it came from.
    async fn judge(self, tx: &mut Tx, streams: &[TouchedStream]) -> Result<(), StoreError> {
        tx.execute("UPDATE replay_item SET kept = NULL WHERE replay_id = $1 AND kept IS NOT NULL", self.args()).await?;
        let sql = "UPDATE replay_record SET kept = NULL WHERE replay_id = $1 AND kept IS NOT NULL";
        tx.execute(sql, self.args_of()).await?;
        tx.execute(
            "UPDATE replay_item SET kept = CASE WHEN detail LIKE '{\"kind\":\"%' THEN 'roster_row'
               WHEN sighting_activation IS NULL THEN 'earlier_release' ELSE 'letter_changed' END
             WHERE replay_id = $1 AND record_id IS NULL AND (detail LIKE '{\"kind\":\"%' OR sighting_activation IS NULL
               OR (SELECT 1 FROM dead_letter d WHERE d.id = replay_item.dead_letter_id AND d.state || '' <> 'discarded') IS NULL
               OR (SELECT 1 FROM dead_letter_sighting s WHERE s.batch_id = replay_item.batch_id
                     AND s.record_index = replay_item.record_index) IS NOT NULL)",
            self.args(),
        )
        .await?;
        // A raw record that was found to be unusable waits in a letter, unless a person has discarded it since. If the letter has
        // raw records of others, it does not know any more what it said before.
        tx.execute(
            "UPDATE replay_item SET kept = 'letter_changed' WHERE replay_id = $1 AND record_id IS NOT NULL AND outcome = 'parked'
               AND ((SELECT 1 FROM dead_letter_sighting s WHERE s.batch_id = replay_item.batch_id
                       AND s.record_index = replay_item.record_index AND s.outcome = 'parked') IS NULL
                 OR (SELECT 1 FROM dead_letter_sighting s JOIN dead_letter_sighting o ON o.dead_letter_id = s.dead_letter_id
                     WHERE s.batch_id = replay_item.batch_id AND s.record_index = replay_item.record_index
                       AND (SELECT 1 FROM replay_item i WHERE i.replay_id = $1 AND i.batch_id = o.batch_id
                              AND i.record_index = o.record_index) IS NULL LIMIT 1) IS NOT NULL)",
            self.args(),
        )
        .await?;
        let later = LaterBatches::since_replay(tx, self.of).await?;
        for stream in streams {
            if let Some(because) = later.judge_stream(tx, stream).await? {
                self.keep_stream(tx, stream, because).await?;
            } else {
                later.keep_pages(tx, self, stream).await?;
                later.keep_notices(tx, self, stream).await?;
                self.keep_copied(tx, stream, &later).await?;
            }
        }
        self.keep_changed_records(tx).await?;
        // A record and its raw records stay together: those that it came from, and the one that it was before. Each is looked up by
        // an index: in a join, the database might read all items for each record, because it does not know yet how many there are.
        let of_record = "(SELECT max(i.kept) FROM replay_item i JOIN batch b ON b.id = i.batch_id JOIN payload p ON p.id = b.payload_id
             WHERE i.replay_id = $1 AND i.kept IS NOT NULL AND i.record_key = replay_record.record_key
               AND p.source_id = replay_record.source_id AND p.stream = replay_record.stream)";
        let before_record = "(SELECT max(i.kept) FROM replay_item i WHERE i.replay_id = $1 AND i.kept IS NOT NULL AND i.record_id = replay_record.record_id)";
        let of_item = "(SELECT max(k.kept) FROM replay_record k JOIN batch b ON b.id = replay_item.batch_id
               JOIN payload p ON p.id = b.payload_id
             WHERE k.replay_id = $2 AND k.record_key = replay_item.record_key AND k.kept IS NOT NULL
               AND p.source_id = k.source_id AND p.stream = k.stream)";
        let before_item =
            "(SELECT k.kept FROM replay_record k WHERE k.replay_id = $2 AND k.record_id = replay_item.record_id)";
        loop {
            let mut more = 0;
            for kept in [of_record, before_record] {
                let sql = format!(
                    "UPDATE replay_record SET kept = {kept} WHERE replay_id = $2 AND kept IS NULL AND {kept} IS NOT NULL"
                );
                more += tx.execute(&sql, self.both()).await?;
            }
            for (kept, given) in [(of_item, "record_key"), (before_item, "record_id")] {
                let sql = format!(
                    "UPDATE replay_item SET kept = {kept}
                     WHERE replay_id = $1 AND kept IS NULL AND {given} IS NOT NULL AND {kept} IS NOT NULL"
                );
                more += tx.execute(&sql, self.both()).await?;
            }
            // Where no raw record leads from one record to another, the first round has found all.
            if more == 0 {
                return Ok(());
            }
        }
    }

    /// Keeps all items of a stream.
    async fn keep_stream(self, tx: &mut Tx, of: &TouchedStream, because: KeptBecause) -> Result<(), StoreError> {
        tx.execute(
            "UPDATE replay_item SET kept = $4 WHERE replay_id = $1 AND kept IS NULL AND batch_id IN
               (SELECT b.id FROM batch b JOIN payload p ON p.id = b.payload_id WHERE p.source_id = $2 AND p.stream = $3)",
            vec![self.undo.into(), of.source.into(), of.stream.as_str().into(), because.as_str().into()],
        )
        .await?;
        Ok(())
    }

    /// Keeps the records that somebody else has written, confirmed, noticed to be missing, or decided about since. What the
    /// replay has applied is among the items of the undo.
    async fn keep_changed_records(self, tx: &mut Tx) -> Result<(), StoreError> {
        let by_replay = |batch: &str, row: &str| {
            format!(
                "(SELECT 1 FROM replay_item i WHERE i.replay_id = $1 AND i.batch_id = {batch} AND i.record_index = {row}) IS NOT NULL"
            )
        };
        let sql = format!(
            "UPDATE replay_record SET kept = 'newer' WHERE replay_id = $2 AND kept IS NULL AND ended_as IS NULL AND (SELECT 1 FROM training_record t
               WHERE t.id = replay_record.record_id AND t.merged_into IS NULL AND t.record_key = replay_record.record_key
                 AND ({} OR t.batch_id = replay_record.batch_id AND t.row_index = replay_record.row_index)
                 AND (t.confirmed_batch IS NULL OR {}
                   OR t.confirmed_batch = replay_record.confirmed_batch AND t.confirmed_row = replay_record.confirmed_row)) IS NULL",
            by_replay("t.batch_id", "t.row_index"),
            by_replay("t.confirmed_batch", "t.confirmed_row")
        );
        tx.execute(&sql, self.both()).await?;
        // A record that counts no more: somebody else may have received one under its key.
        let sql = "UPDATE replay_record SET kept = 'newer' WHERE replay_id = $2 AND kept IS NULL AND ended_as IS NOT NULL
             AND ((SELECT 1 FROM training_record t WHERE t.id = replay_record.record_id AND t.merged_into = t.id) IS NULL
               OR (SELECT 1 FROM training_record t WHERE t.record_key = replay_record.record_key AND t.source_id = replay_record.source_id
                     AND t.stream = replay_record.stream
                     AND (SELECT 1 FROM replay_record k WHERE k.replay_id = $2 AND k.record_id = t.id) IS NULL
                     AND $1 > 0) IS NOT NULL)";
        tx.execute(sql, self.both()).await?;
        self.keep_used_by_replays(tx).await?;
        tx.execute(
            "UPDATE replay_record SET kept = 'decided' WHERE replay_id = $1 AND kept IS NULL AND (record_id IN
               (SELECT d.record_id FROM decision d WHERE d.record_id IS NOT NULL AND d.reverses IS NULL
                  AND (SELECT 1 FROM decision r WHERE r.reverses = d.id) IS NULL
                  AND d.at >= (SELECT p.planned_at FROM replay p WHERE p.id = $1))
               OR record_id IN (SELECT m.record_id FROM missing_record m
                  WHERE m.noticed_at >= (SELECT p.planned_at FROM replay p WHERE p.id = $1)))",
            self.args_of(),
        )
        .await?;
        Ok(())
    }

    /// Keeps the records on which a later replay rests: it may have counted a raw record as a copy of the record, or as older,
    /// and such a raw record has no row of its own.
    async fn keep_used_by_replays(self, tx: &mut Tx) -> Result<(), StoreError> {
        let sql = "SELECT r.id AS id FROM replay r WHERE r.undoes IS NULL AND r.undone_by IS NULL AND r.id <> $1
                   AND (SELECT max(s.applied_at) FROM replay_step s WHERE s.replay_id = r.id)
                     >= (SELECT min(f.applied_at) FROM replay_step f WHERE f.replay_id = $1)";
        let later = tx.fetch_rows(sql, self.args_of()).await?;
        let later: Vec<String> =
            later.iter().map(|row| Ok(row.int("id")?.to_string())).collect::<Result<_, StoreError>>()?;
        if later.is_empty() {
            return Ok(());
        }
        // All but the record's key is looked up for each item, so that the database finds the items by nothing else.
        let sql = format!(
            "UPDATE replay_record SET kept = 'newer' WHERE replay_id = $1 AND kept IS NULL AND (SELECT 1 FROM replay_item o
               WHERE o.record_key = replay_record.record_key AND o.replay_id IN ({}) AND o.outcome <> 'parked'
                 AND (SELECT 1 FROM batch b JOIN payload p ON p.id = b.payload_id WHERE b.id = o.batch_id
                   AND p.source_id = replay_record.source_id AND p.stream = replay_record.stream) IS NOT NULL
                 AND (SELECT max(s.applied_at) FROM replay_step s WHERE s.replay_id = o.replay_id
                     AND o.batch_id >= s.first_batch AND o.batch_id <= s.last_batch)
                   >= (SELECT min(f.applied_at) FROM replay_step f WHERE f.replay_id = $1) LIMIT 1) IS NOT NULL",
            later.join(", ")
        );
        tx.execute(&sql, self.args_of()).await?;
        // What the replay said of a record is what a later one has found, and kept.
        let sql = format!(
            "UPDATE replay_item SET kept = 'newer' WHERE replay_id = $1 AND kept IS NULL AND outcome IN ('withdrawn', 'skipped')
               AND (batch_id, record_index) IN (SELECT n.batch_id, n.row_index FROM replay_notice n
                 WHERE n.replay_id IN ({}) AND n.batch_id IS NOT NULL)",
            later.join(", ")
        );
        tx.execute(&sql, self.args()).await?;
        Ok(())
    }

    /// Keeps the records whose content later batches have received as a copy.
    async fn keep_copied(self, tx: &mut Tx, of: &TouchedStream, later: &LaterBatches) -> Result<(), StoreError> {
        let mut after = 0;
        while let Some((last, copied)) = later.list_copies(tx, of, after).await? {
            after = last;
            let rows = Rows::new()
                .bytes("record_key", copied.iter().map(|(key, _)| key.as_slice()))
                .bytes("content_digest", copied.iter().map(|(_, content)| content.as_slice()));
            tx.execute_with(
                "UPDATE replay_record SET kept = 'received_again' FROM {rows}
                 WHERE replay_record.replay_id = $1 AND replay_record.source_id = $2 AND replay_record.stream = $3
                   AND replay_record.record_key = incoming.record_key AND replay_record.kept IS NULL
                   AND (SELECT t.content_digest FROM training_record t WHERE t.id = replay_record.record_id) = incoming.content_digest",
                vec![self.of.into(), of.source.into(), of.stream.as_str().into()],
                rows,
            )
            .await?;
        }
        Ok(())
    }

    /// Marks the teachers of the records that change, as they are and as they were.
    async fn mark_owners(self, tx: &mut Tx) -> Result<(), StoreError> {
        let owners = tx
            .fetch_rows(
                "SELECT DISTINCT c.teacher_id AS teacher_id FROM identity_claim c JOIN
                   (SELECT t.claim_id AS claim_id FROM replay_record k JOIN training_record t ON t.id = k.record_id
                      WHERE k.replay_id = $1 AND k.kept IS NULL
                    UNION SELECT k.claim_id FROM replay_record k WHERE k.replay_id = $1 AND k.kept IS NULL AND k.claim_id IS NOT NULL
                    UNION SELECT t.claim_id FROM replay_notice n JOIN training_record t
                      ON t.record_key = n.record_key AND t.source_id = n.source_id AND t.stream = n.stream WHERE n.replay_id = $1) AS of
                   ON of.claim_id = c.id WHERE c.teacher_id IS NOT NULL",
                self.args_of(),
            )
            .await?;
        marks::add_marks_of_rows(tx, &owners).await
    }

    /// Counts the raw records as parked again, and the rows that batches had lost as theirs again.
    async fn restore_counters(self, tx: &mut Tx) -> Result<(), StoreError> {
        // A record that was only rewritten had no counter. One that was ended counts as before, and its raw record not as what it
        // was found to be.
        const OF_ITEMS: &str =
            "replay_item i LEFT JOIN replay_record k ON k.replay_id = $2 AND k.record_id = i.record_id
             WHERE i.replay_id = $1 AND i.kept IS NULL AND (i.record_id IS NULL OR k.ended_as IS NOT NULL)";
        let sum = |condition: String| format!("sum(CASE WHEN {condition} THEN 1 ELSE 0 END)");
        let outcomes = ["inserted", "updated", "unchanged", "superseded", "skipped", "withdrawn", "parked"];
        let found = outcomes.map(|outcome| format!("{} AS {outcome}", sum(format!("i.outcome = '{outcome}'"))));
        let former = ["inserted", "updated", "unchanged"];
        let former = former.map(|outcome| format!("{} AS was_{outcome}", sum(format!("k.ended_as = '{outcome}'"))));
        let was = |outcome: &str| match outcome {
            "inserted" | "updated" | "unchanged" => format!(" + s.was_{outcome}"),
            "parked" => " + s.letters".to_owned(),
            _ => String::new(),
        };
        let set = outcomes.map(|outcome| format!("{outcome} = batch.{outcome} - s.{outcome}{}", was(outcome)));
        tx.execute(
            &format!(
                "UPDATE batch SET {}, held = batch.held - s.inserted - s.updated + s.was_inserted + s.was_updated + s.was_unchanged,
                   elsewhere = batch.elsewhere - s.unchanged, tied = batch.tied - s.tied
                 FROM (SELECT i.batch_id AS batch_id, {} AS letters, {}, {}, sum(i.tied) AS tied FROM {OF_ITEMS}
                       GROUP BY i.batch_id) s WHERE batch.id = s.batch_id",
                set.join(", "),
                sum("i.record_id IS NULL".to_owned()),
                found.join(", "),
                former.join(", ")
            ),
            self.both(),
        )
        .await?;
        tx.execute(
            "INSERT INTO batch_loss (batch_id, records, tied)
             SELECT l.batch_id, -count(*), -sum(l.tied) FROM replay_loss l
             JOIN replay_record k ON k.replay_id = l.replay_id AND k.record_id = l.record_id
             WHERE l.replay_id = $1 AND k.kept IS NULL GROUP BY l.batch_id",
            self.args_of(),
        )
        .await?;
        self.restore_skips(tx).await
    }

    async fn restore_skips(self, tx: &mut Tx) -> Result<(), StoreError> {
        let sql = "SELECT batch_id, detail, count(*) AS n FROM replay_item
                   WHERE replay_id = $1 AND kept IS NULL AND outcome = 'skipped' GROUP BY batch_id, detail";
        let skipped = tx.fetch_rows(sql, self.args()).await?;
        let mut rows: Vec<(i64, String, i64)> = Vec::with_capacity(skipped.len());
        for row in &skipped {
            let detail: serde_json::Value = serde_json::from_str(&row.text("detail")?).unwrap_or_default();
            let because = detail.get("because").and_then(serde_json::Value::as_str).unwrap_or_default();
            rows.push((row.int("batch_id")?, because.to_owned(), -row.int("n")?));
        }
        let rows = Rows::new()
            .int("batch_id", rows.iter().map(|row| Some(row.0)))
            .text("because", rows.iter().map(|row| Some(row.1.as_str())))
            .int("records", rows.iter().map(|row| Some(row.2)));
        tx.insert_rows("batch_skip", rows).await
    }

    /// Gives records their former content, and lets new ones count no more. They keep their number, because superseded
    /// entries name it, and lose their key.
    async fn restore_records(self, tx: &mut Tx) -> Result<(), StoreError> {
        tx.execute(
            "DELETE FROM version_tie WHERE EXISTS (SELECT 1 FROM replay_tie e JOIN replay_record k
               ON k.replay_id = e.replay_id AND k.record_id = e.record_id
               WHERE e.replay_id = $1 AND k.kept IS NULL AND e.record_id = version_tie.record_id
                 AND e.batch_id = version_tie.batch_id AND e.row_index = version_tie.row_index)",
            self.args_of(),
        )
        .await?;
        let mut after = 0;
        loop {
            let sql = "SELECT record_id FROM replay_record WHERE replay_id = $1 AND kept IS NULL AND is_new = 1 AND record_id > $2
                       ORDER BY record_id LIMIT $3";
            let new = tx.fetch_rows(sql, vec![self.of.into(), after.into(), PAGE.into()]).await?;
            let ids: Vec<i64> = new.iter().map(|row| row.int("record_id")).collect::<Result<_, _>>()?;
            let Some(last) = ids.last() else { break };
            after = *last;
            reread::free_keys(tx, &ids).await?;
        }
        // Now the keys of those that had ended are free.
        let set: Vec<String> = CONTENT.iter().map(|column| format!("{column} = k.{column}")).collect();
        let sql = format!(
            "UPDATE training_record SET {}, record_key = k.record_key, merged_into = NULL FROM replay_record k
             WHERE k.replay_id = $1 AND k.kept IS NULL AND k.is_new = 0 AND k.record_id = training_record.id",
            set.join(", ")
        );
        tx.execute(&sql, self.args_of()).await?;
        Ok(())
    }

    /// Says of records what was said before, unless something newer is said.
    async fn restore_notices(self, tx: &mut Tx) -> Result<(), StoreError> {
        // The notices that the replay wrote.
        const WRITTEN: &str = "n.replay_id = $2 AND record_notice.record_key = n.record_key AND record_notice.source_id = n.source_id
             AND record_notice.stream = n.stream AND record_notice.kind = n.kind
             AND (SELECT 1 FROM replay_item i WHERE i.replay_id = $1 AND i.kept IS NULL AND i.batch_id = record_notice.batch_id
               AND i.record_index = record_notice.row_index) IS NOT NULL";
        let sql = format!(
            "UPDATE record_notice SET source_version = n.source_version, batch_id = n.batch_id, row_index = n.row_index,
               address = n.address, because = n.because, waits = n.waits
             FROM replay_notice n WHERE {WRITTEN} AND n.source_version IS NOT NULL"
        );
        tx.execute(&sql, self.both()).await?;
        let sql = format!(
            "DELETE FROM record_notice WHERE EXISTS (SELECT 1 FROM replay_notice n WHERE {WRITTEN} AND n.source_version IS NULL)"
        );
        tx.execute(&sql, self.both()).await?;
        Ok(())
    }

    /// Parks the raw records again, and opens their letters and those that the records had closed. The next settlement closes
    /// what another good version still closes. Returns the number of those that await a replay again after they had been found faulty.
    async fn restore_letters(self, tx: &mut Tx) -> Result<usize, StoreError> {
        tx.execute(
            "INSERT INTO dead_letter_sighting (batch_id, record_index, dead_letter_id, address, source_version, activation, outcome, awaits_replay)
             SELECT batch_id, record_index, dead_letter_id, address, sighting_version, sighting_activation, 'parked', awaits_replay
             FROM replay_item WHERE replay_id = $1 AND kept IS NULL AND record_id IS NULL",
            self.args(),
        )
        .await?;
        self.end_letters(tx).await?;
        let restored = awaiting::restore_waiting(tx, self.of).await?;
        // Those that the records have closed as their corrected versions have other keys.
        let sql = "DELETE FROM letter_successor WHERE state <> 'rejected' AND EXISTS (SELECT 1 FROM replay_item i
               WHERE i.replay_id = $1 AND i.kept IS NULL AND i.outcome <> 'withdrawn' AND i.record_key = letter_successor.record_key
                 AND i.batch_id = letter_successor.batch_id AND i.record_index = letter_successor.row_index
                 AND (i.record_id IS NULL OR (SELECT k.ended_as FROM replay_record k
                   WHERE k.replay_id = $2 AND k.record_id = i.record_id) IS NOT NULL))
             RETURNING dead_letter_id";
        let corrected = tx.fetch_rows(sql, self.both()).await?;
        let corrected: Vec<i64> = corrected.iter().map(|row| row.int("dead_letter_id")).collect::<Result<_, _>>()?;
        reopen::reopen_letters(tx, &corrected).await?;
        let of_items = "SELECT dead_letter_id AS id, batch_id AS a, record_index AS b FROM replay_item
             WHERE replay_id = $1 AND (batch_id, record_index) > ($2, $3) AND kept IS NULL AND record_id IS NULL
             ORDER BY batch_id, record_index LIMIT $4";
        reopen_by_pages(tx, of_items, self.undo).await?;
        // Others that the records had closed.
        let of_records = "SELECT d.id AS id, k.record_id AS a, 0 AS b FROM (SELECT record_id, record_key, source_id, stream
               FROM replay_record WHERE replay_id = $1 AND record_id > $2 + $3 AND kept IS NULL ORDER BY record_id LIMIT $4) AS k
             LEFT JOIN dead_letter d ON d.dead_letter_key = k.record_key AND d.source_id = k.source_id AND d.stream = k.stream
             ORDER BY k.record_id";
        reopen_by_pages(tx, of_records, self.of).await?;
        Ok(restored)
    }
}

impl Undo {
    /// Closes the letters of raw records that are again what they were, unless they have other parked raw records.
    async fn end_letters(self, tx: &mut Tx) -> Result<(), StoreError> {
        let sql = "DELETE FROM dead_letter_sighting WHERE (SELECT 1 FROM replay_item i WHERE i.replay_id = $1 AND i.kept IS NULL
               AND i.record_id IS NOT NULL AND i.outcome = 'parked' AND i.batch_id = dead_letter_sighting.batch_id
               AND i.record_index = dead_letter_sighting.record_index) IS NOT NULL
             AND dead_letter_sighting.batch_id IN (SELECT i.batch_id FROM replay_item i
               WHERE i.replay_id = $1 AND i.record_id IS NOT NULL AND i.outcome = 'parked')
             RETURNING dead_letter_id";
        let letters = tx.fetch_rows(sql, self.args()).await?;
        let letters: BTreeSet<i64> = letters.iter().map(|row| row.int("dead_letter_id")).collect::<Result<_, _>>()?;
        let letters: Vec<i64> = letters.into_iter().collect();
        for some in letters.chunks(usize::try_from(PAGE).unwrap_or(1)) {
            tx.execute_with(
                "UPDATE dead_letter SET state = 'closed' WHERE id IN (SELECT id FROM {rows}) AND state = 'open'
                   AND (SELECT 1 FROM dead_letter_sighting s
                     WHERE s.dead_letter_id = dead_letter.id AND s.outcome = 'parked' LIMIT 1) IS NULL",
                vec![],
                Rows::new().int("id", some.iter().copied().map(Some)),
            )
            .await?;
            dead_letters::mark_letters(tx, some.iter().copied()).await?;
        }
        Ok(())
    }
}

/// Opens the letters of a statement, some at a time. It gives them after a place of two numbers, `a` and `b`.
async fn reopen_by_pages(tx: &mut Tx, sql: &str, replay: i64) -> Result<(), StoreError> {
    let (mut a, mut b) = (0, -1);
    loop {
        let rows = tx.fetch_rows(sql, vec![replay.into(), a.into(), b.into(), PAGE.into()]).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        (a, b) = (last.int("a")?, last.int("b")?);
        let letters = rows.iter().filter_map(|row| row.opt_int("id").transpose());
        let letters: BTreeSet<i64> = letters.collect::<Result<_, _>>()?;
        reopen::reopen_letters(tx, &letters.into_iter().collect::<Vec<_>>()).await?;
    }
}

/// Loads what an undo leaves as it is.
///
/// # Errors
/// [`StoreError`].
pub async fn load_kept(tx: &mut Tx, undo: i64) -> Result<KeptItems, StoreError> {
    let sql = "SELECT batch_id, record_index, kept FROM replay_item WHERE replay_id = $1 AND kept IS NOT NULL";
    let item = |row: &Row| {
        let index = u32::try_from(row.int("record_index")?).unwrap_or(u32::MAX);
        Ok(((row.int("batch_id")?, index), row.parse_text("kept")?))
    };
    tx.fetch_rows(sql, vec![undo.into()]).await?.iter().map(item).collect()
}

/// Writes into the plan of an undo what it leaves as it is; all else is parked again.
///
/// # Errors
/// [`StoreError`].
pub async fn write_kept(tx: &mut Tx, undo: i64, kept: &KeptItems) -> Result<(), StoreError> {
    let all: Vec<_> = kept.iter().collect();
    for page in all.chunks(usize::try_from(PAGE).unwrap_or(1)) {
        let rows = Rows::new()
            .int("batch_id", page.iter().map(|((batch, _), _)| Some(*batch)))
            .int("record_index", page.iter().map(|((_, index), _)| Some(i64::from(*index))))
            .text("kept", page.iter().map(|(_, because)| Some(because.as_str())));
        tx.execute_with(
            "UPDATE replay_item SET kept = incoming.kept FROM {rows} WHERE replay_item.replay_id = $1
               AND replay_item.batch_id = incoming.batch_id AND replay_item.record_index = incoming.record_index",
            vec![undo.into()],
            rows,
        )
        .await?;
    }
    Ok(())
}
