//! Dead letters that the next settlement looks at: each time a letter is seen again, or a record under its key is written, the
//! key is added. Whoever adds a key does so in the transaction that makes the change, so that of two changes the later one to
//! commit is found with the other.

use crate::delivery::batch::ClaimedBatch;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;

/// Keys taken by one transaction.
const LIMIT: i64 = 2_000;

/// Adds keys of a batch's stream.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn add_keys(
    tx: &mut Tx,
    held: &ClaimedBatch,
    keys: impl Iterator<Item = [u8; 16]>,
) -> Result<(), StoreError> {
    let keys: Vec<[u8; 16]> = keys.collect();
    let n = keys.len();
    let rows = Rows::new()
        .int("source_id", std::iter::repeat_n(Some(held.source_id), n))
        .text("stream", std::iter::repeat_n(Some(held.stream.as_str()), n))
        .bytes("dead_letter_key", keys.iter().map(<[u8; 16]>::as_slice));
    tx.insert_rows("letter_due", rows).await
}

/// Adds those of the keys under which a letter is open. For loads only: no other load of the stream may be parking a record
/// at the same time.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn add_keys_of_open(
    tx: &mut Tx,
    held: &ClaimedBatch,
    keys: impl Iterator<Item = [u8; 16]>,
) -> Result<(), StoreError> {
    let keys: Vec<[u8; 16]> = keys.collect();
    if keys.is_empty() {
        return Ok(());
    }
    // Here as in every statement that knows the letter's key, `state || ''` fits no partial index on purpose: without
    // statistics PostgreSQL would read all open letters for each key (migration 36).
    tx.execute_with(
        "INSERT INTO letter_due (source_id, stream, dead_letter_key)
         SELECT d.source_id, d.stream, d.dead_letter_key FROM {rows} {join dead_letter d
           ON d.dead_letter_key = incoming.record_key AND d.source_id = $1 AND d.stream = $2 AND d.state || '' = 'open'}",
        vec![held.source_id.into(), held.stream.as_str().into()],
        Rows::new().bytes("record_key", keys.iter().map(<[u8; 16]>::as_slice)),
    )
    .await?;
    Ok(())
}

/// Adds the keys that the letters of stored rows would have. `key` is the column of `table` by which the rows are given.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn add_keys_of_rows(
    tx: &mut Tx,
    held: &ClaimedBatch,
    table: &str,
    key: &str,
    rows: impl Iterator<Item = [u8; 16]>,
) -> Result<(), StoreError> {
    let keys: Vec<[u8; 16]> = rows.collect();
    tx.execute_with(
        &format!(
            "INSERT INTO letter_due (source_id, stream, dead_letter_key)
             SELECT t.source_id, t.stream, t.record_key FROM {{rows}} {{join {table} t
               ON t.source_id = $1 AND t.stream = $2 AND t.{key} = incoming.record_key}}"
        ),
        vec![held.source_id.into(), held.stream.as_str().into()],
        Rows::new().bytes("record_key", keys.iter().map(<[u8; 16]>::as_slice)),
    )
    .await?;
    Ok(())
}

/// Adds the keys of letters.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn add_letters(tx: &mut Tx, letters: impl Iterator<Item = i64>) -> Result<(), StoreError> {
    let letters: Vec<i64> = letters.collect();
    if letters.is_empty() {
        return Ok(());
    }
    tx.execute_with(
        "INSERT INTO letter_due (source_id, stream, dead_letter_key)
         SELECT d.source_id, d.stream, d.dead_letter_key FROM {rows} {join dead_letter d ON d.id = incoming.id}",
        vec![],
        Rows::new().int("id", letters.into_iter().map(Some)),
    )
    .await?;
    Ok(())
}

/// Returns whether any key waits.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn has_any(db: &Db) -> Result<bool, StoreError> {
    Ok(!db.fetch_rows("SELECT 1 AS one FROM letter_due LIMIT 1", vec![]).await?.is_empty())
}

/// Takes some keys away, except for those that another settlement is taking, and returns the open letters under them; `None`
/// if there was none to take.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn take(tx: &mut Tx) -> Result<Option<Vec<i64>>, StoreError> {
    let sql = "SELECT id FROM letter_due ORDER BY id LIMIT $1 {lock_free}";
    let due = tx.fetch_rows(sql, vec![LIMIT.into()]).await?;
    if due.is_empty() {
        return Ok(None);
    }
    let due: Vec<i64> = due.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?;
    let rows = || Rows::new().int("id", due.iter().copied().map(Some));
    let open = tx
        .fetch_rows_with(
            "SELECT DISTINCT d.id AS id FROM {rows} {join letter_due w ON w.id = incoming.id} {join dead_letter d
               ON d.dead_letter_key = w.dead_letter_key AND d.source_id = w.source_id AND d.stream = w.stream}
             WHERE d.state = 'open'",
            vec![],
            rows(),
        )
        .await?;
    tx.execute_with("DELETE FROM letter_due WHERE id IN (SELECT id FROM {rows})", vec![], rows()).await?;
    open.iter().map(|row| row.int("id")).collect::<Result<_, _>>().map(Some)
}
