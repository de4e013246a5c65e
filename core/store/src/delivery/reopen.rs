//! Opens closed dead letters again.

use crate::delivery::dead_letters::{lock_dead_letters, mark_letters};
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;

/// Opens closed dead letters again: their superseded raw records count as parked. The next settlement closes a letter once more
/// if its own record has a good newer version.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn reopen_letters(tx: &mut Tx, letters: &[i64]) -> Result<(), StoreError> {
    let of = || Rows::new().int("id", letters.iter().copied().map(Some));
    if letters.is_empty() {
        return Ok(());
    }
    lock_dead_letters(tx, letters).await?;
    tx.execute_with(
        "UPDATE batch SET superseded = superseded - s.n, parked = parked + s.n
         FROM (SELECT batch_id, count(*) AS n FROM dead_letter_sighting
               WHERE dead_letter_id IN (SELECT d.id FROM dead_letter d WHERE d.id IN (SELECT id FROM {rows}) AND d.state <> 'discarded')
                 AND outcome = 'superseded' GROUP BY batch_id) s
         WHERE batch.id = s.batch_id",
        vec![],
        of(),
    )
    .await?;
    let sql = "UPDATE dead_letter_sighting SET outcome = 'parked' WHERE outcome = 'superseded' AND dead_letter_id IN
                 (SELECT d.id FROM dead_letter d WHERE d.id IN (SELECT id FROM {rows}) AND d.state <> 'discarded')";
    tx.execute_with(sql, vec![], of()).await?;
    tx.execute_with(
        "UPDATE dead_letter SET state = 'open', record_id = NULL, replay_id = NULL
         WHERE id IN (SELECT id FROM {rows}) AND state <> 'discarded'
           AND (SELECT 1 FROM dead_letter_sighting s WHERE s.dead_letter_id = dead_letter.id AND s.outcome = 'parked' LIMIT 1) IS NOT NULL",
        vec![],
        of(),
    )
    .await?;
    mark_letters(tx, letters.iter().copied()).await
}
