//! What came since a replay was applied, and rests on what it wrote.

use std::collections::BTreeSet;

use super::{TouchedStream, Undo};
use crate::delivery::copies;
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use huiliu_values::KeptBecause;

/// Key and content of a record that was received as a copy.
type Copied = ([u8; 16], [u8; 16]);

/// SQL condition: something of the batch `b` has counted, and not all of it awaits a replay or has ended as older before one.
const COUNTS: &str = "NOT (b.awaits_replay = 1 AND b.inserted + b.updated + b.unchanged + b.skipped + b.withdrawn = 0)";

/// The batches that were delivered since a replay was applied.
pub(super) struct LaterBatches {
    /// SQL condition on the batch `b`.
    condition: String,
}

impl LaterBatches {
    /// Finds those since a replay.
    pub(super) async fn since_replay(tx: &mut Tx, replay: i64) -> Result<Self, StoreError> {
        let sql = "SELECT batches_known, batches_due FROM replay WHERE id = $1";
        let rows = tx.fetch_rows(sql, vec![replay.into()]).await?;
        let Some(row) = rows.first() else { return Ok(Self { condition: "1 = 1".to_owned() }) };
        let due: Vec<i64> = serde_json::from_str(&row.opt_text("batches_due")?.unwrap_or_default()).unwrap_or_default();
        let due: Vec<String> = due.iter().chain([&0]).map(i64::to_string).collect();
        let known = row.opt_int("batches_known")?.unwrap_or(0);
        Ok(Self { condition: format!("(b.id > {known} OR b.id IN ({}))", due.join(", ")) })
    }

    /// Returns why all of a stream stays. What a later batch lost to records of the replay is known by its bytes alone; and so is
    /// what it received again, if it was read only in part.
    pub(super) async fn judge_stream(
        &self,
        tx: &mut Tx,
        of: &TouchedStream,
    ) -> Result<Option<KeptBecause>, StoreError> {
        let sql = format!(
            "SELECT coalesce(max(CASE WHEN b.superseded > 0 THEN 1 ELSE 0 END), 0) AS lost,
                    coalesce(max(CASE WHEN b.elsewhere > 0 AND c.batch_id IS NULL THEN 1 ELSE 0 END), 0) AS again
             FROM batch b JOIN payload p ON p.id = b.payload_id LEFT JOIN batch_copy c ON c.batch_id = b.id
             WHERE {} AND p.source_id = $1 AND p.stream = $2 AND {COUNTS}",
            self.condition
        );
        let rows = tx.fetch_rows(&sql, vec![of.source.into(), of.stream.as_str().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(match (row.int("lost")?, row.int("again")?) {
            (1, _) => Some(KeptBecause::Overtaken),
            (_, 1) => Some(KeptBecause::ReceivedAgain),
            _ => None,
        })
    }

    /// Keeps the items of pages that were received again, by another payload. One that only awaits a replay says nothing yet.
    pub(super) async fn keep_pages(&self, tx: &mut Tx, undo: Undo, of: &TouchedStream) -> Result<(), StoreError> {
        let sql = format!(
            "UPDATE replay_item SET kept = 'received_again' WHERE replay_id = $1 AND kept IS NULL AND batch_id IN
               (SELECT o.id FROM (SELECT p.address AS address, min(p.id) AS first, max(p.id) AS last
                  FROM batch b JOIN payload p ON p.id = b.payload_id
                  WHERE {} AND p.source_id = $2 AND p.stream = $3 AND {COUNTS} GROUP BY p.address) AS l
                JOIN payload q ON q.address = l.address AND q.source_id = $2 AND q.stream = $3 AND (l.first <> q.id OR l.last <> q.id)
                JOIN batch o ON o.payload_id = q.id)",
            self.condition
        );
        tx.execute(&sql, vec![undo.undo.into(), of.source.into(), of.stream.as_str().into()]).await?;
        Ok(())
    }

    /// Keeps the items that took a record back, or were left out, where one of these batches may have said the same, and been the
    /// older one: what it said is not stored. A row that is left out is older only if it landed before.
    pub(super) async fn keep_notices(&self, tx: &mut Tx, undo: Undo, of: &TouchedStream) -> Result<(), StoreError> {
        // The first of them that has rows of a kind; looked for once.
        let first = |counter: &str| {
            format!(
                "(SELECT min(b.id) FROM batch b JOIN payload p ON p.id = b.payload_id
                  WHERE {} AND p.source_id = $2 AND p.stream = $3 AND b.{counter} > 0)",
                self.condition
            )
        };
        let sql = format!(
            "UPDATE replay_item SET kept = 'overtaken' WHERE replay_id = $1 AND kept IS NULL AND batch_id IN
               (SELECT o.id FROM batch o JOIN payload q ON q.id = o.payload_id WHERE q.source_id = $2 AND q.stream = $3)
             AND (outcome = 'withdrawn' AND {} IS NOT NULL OR outcome = 'skipped' AND batch_id > {})",
            first("withdrawn"),
            first("skipped")
        );
        tx.execute(&sql, vec![undo.undo.into(), of.source.into(), of.stream.as_str().into()]).await?;
        Ok(())
    }

    /// Lists the keys and contents that some of these batches, after a number, received without writing them, with the number of
    /// the last one; `None` if there are no more.
    pub(super) async fn list_copies(
        &self,
        tx: &mut Tx,
        of: &TouchedStream,
        after: i64,
    ) -> Result<Option<(i64, BTreeSet<Copied>)>, StoreError> {
        let sql = format!(
            "SELECT c.batch_id AS batch_id FROM batch_copy c JOIN batch b ON b.id = c.batch_id JOIN payload p ON p.id = b.payload_id
             WHERE {} AND p.source_id = $1 AND p.stream = $2 AND b.id > $3 ORDER BY b.id LIMIT 100",
            self.condition
        );
        let args = vec![of.source.into(), of.stream.as_str().into(), after.into()];
        let batches: Vec<i64> =
            tx.fetch_rows(&sql, args).await?.iter().map(|row| row.int("batch_id")).collect::<Result<_, _>>()?;
        let Some(last) = batches.last().copied() else { return Ok(None) };
        let found = copies::load_copies(tx, batches.into_iter()).await?;
        Ok(Some((last, found.values().flatten().map(|copied| (copied.key, copied.content)).collect())))
    }
}
