//! Which records the batches of a stream that is whole each time have shown, whatever became of their rows.

use std::collections::BTreeMap;

use crate::delivery::batch::{ClaimedBatch, Load, WholeBy};
use crate::intake::payloads::same_bytes;
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;

/// Bytes of a record key.
pub(crate) const KEY: usize = 16;

/// Collects the keys of some batches' rows by batch and whole, sorted. A row that was left out without a readable key is no record, such
/// as a row of sums; a dead letter without one is counted when the whole is judged.
fn collect_keys(load: &Load<'_>, by: WholeBy) -> BTreeMap<(i64, i64), Vec<[u8; KEY]>> {
    let clean = load.clean.iter().map(|row| (row.batch, Some(row.record_key), Some(row.source_version)));
    let withdrawn = load.withdrawn.iter().map(|row| (row.batch, Some(row.record_key), Some(row.source_version)));
    let skipped = load.skipped.iter().map(|row| (row.batch, row.record_key, row.source_version));
    let parked = load.parked.iter().map(|row| {
        let key = (row.dead_letter_key != row.raw_digest).then_some(row.dead_letter_key);
        (row.batch, key, row.source_version)
    });
    let mut wholes: BTreeMap<(i64, i64), Vec<[u8; KEY]>> = BTreeMap::new();
    for (batch, key, version) in clean.chain(withdrawn).chain(skipped).chain(parked) {
        let whole = match by {
            WholeBy::Run => 0,
            WholeBy::FileDate => version.unwrap_or(0),
        };
        wholes.entry((batch, whole)).or_default().extend(key);
    }
    for keys in wholes.values_mut() {
        keys.sort_unstable();
        keys.dedup();
    }
    wholes
}

/// Writes which records each batch shows, if their stream is whole each time.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn write_keys(tx: &mut Tx, held: &ClaimedBatch, load: &Load<'_>) -> Result<(), StoreError> {
    let Some(by) = load.whole_by else { return Ok(()) };
    let wholes: Vec<((i64, i64), Vec<u8>)> =
        collect_keys(load, by).into_iter().map(|(of, keys)| (of, keys.concat())).collect();
    let n = wholes.len();
    let rows = Rows::new()
        .int("batch_id", wholes.iter().map(|((batch, _), _)| Some(*batch)))
        .int("whole", wholes.iter().map(|((_, whole), _)| Some(*whole)))
        .int("source_id", std::iter::repeat_n(Some(held.source_id), n))
        .text("stream", std::iter::repeat_n(Some(held.stream.as_str()), n))
        .bytes("keys", wholes.iter().map(|(_, keys)| keys.as_slice()));
    tx.insert_rows("seen_key", rows).await
}

/// Adds the records that a replay found in rows of a batch whose keys are still kept.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn add_replayed(tx: &mut Tx, held: &ClaimedBatch, load: &Load<'_>) -> Result<(), StoreError> {
    let Some(by) = load.whole_by else { return Ok(()) };
    let sql = "SELECT whole, keys FROM seen_key WHERE batch_id = $1 {lock}";
    let kept = tx.fetch_rows(sql, vec![held.id.into()]).await?;
    if kept.is_empty() {
        return Ok(());
    }
    let mut held_keys: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
    for mut row in kept {
        held_keys.insert(row.int("whole")?, row.take_bytes("keys")?);
    }
    for ((_, whole), more) in collect_keys(load, by) {
        let before = held_keys.remove(&whole).unwrap_or_default();
        let mut keys: Vec<[u8; KEY]> = before.as_chunks::<KEY>().0.to_vec();
        keys.extend(more);
        keys.sort_unstable();
        keys.dedup();
        tx.execute(
            "INSERT INTO seen_key (batch_id, whole, source_id, stream, keys) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (batch_id, whole) DO UPDATE SET keys = excluded.keys",
            vec![
                held.id.into(),
                whole.into(),
                held.source_id.into(),
                held.stream.as_str().into(),
                keys.concat().into(),
            ],
        )
        .await?;
    }
    Ok(())
}

/// Copies the keys of the newest earlier batch with the same bytes, range and activation. Returns false if none are kept.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn copy_keys(
    tx: &mut Tx,
    held: &ClaimedBatch,
    original: i64,
    activation: i64,
) -> Result<bool, StoreError> {
    let copied = tx
        .execute(
            &format!(
                "INSERT INTO seen_key (batch_id, whole, source_id, stream, keys)
             SELECT $1, k.whole, k.source_id, k.stream, k.keys FROM seen_key k WHERE k.batch_id = (
               SELECT max(b.id) FROM {} JOIN batch b ON b.payload_id = same.id
               WHERE b.id < $1 AND b.first_record = $4
                 AND b.record_count = $5 AND b.state = 'done' AND b.activation = $6
                 AND EXISTS (SELECT 1 FROM seen_key e WHERE e.batch_id = b.id))",
                same_bytes("$2", "$3")
            ),
            vec![
                held.id.into(),
                original.into(),
                held.address.as_str().into(),
                i64::from(held.first).into(),
                i64::from(held.count).into(),
                activation.into(),
            ],
        )
        .await?;
    Ok(copied > 0)
}
