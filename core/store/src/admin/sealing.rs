//! The generations of the sealing key, and its rotation: all sealed values are sealed again, in pages, while other
//! processes go on.

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Rows, Value};
use huiliu_vault::keys::Keys;

/// Number of rows sealed again in one transaction.
const PAGE: i64 = 500;

/// A column whose values are sealed under the sealing key, and the context that each seal is bound to.
#[derive(Debug)]
struct Column {
    table: &'static str,
    column: &'static str,
    /// The column by which rows are walked: `id`, or the row key if that is unique.
    order: &'static str,
    /// The column of the stable row key, which is part of the context.
    row_key: &'static str,
    /// Table and column in the context, as they were named when the first value was sealed.
    place: [&'static [u8]; 2],
}

const COLUMNS: [Column; 10] = [
    Column { table: "payload", column: "wrapped_key", order: "id", row_key: "digest", place: [b"payload", b"sealed"] },
    Column {
        table: "teacher_identifier",
        column: "sealed",
        order: "blind_index",
        row_key: "blind_index",
        place: [b"teacher_identifier", b"sealed"],
    },
    Column {
        table: "dead_letter",
        column: "raw_sealed",
        order: "id",
        row_key: "dead_letter_key",
        place: [b"dead_letter", b"raw_sealed"],
    },
    Column {
        table: "roster_row",
        column: "sealed",
        order: "id",
        row_key: "row_key",
        place: [b"roster_row", b"sealed"],
    },
    Column {
        table: "identity_claim",
        column: "person_details",
        order: "id",
        row_key: "claim_key",
        place: [b"claim", b"told"],
    },
    Column {
        table: "connector_version",
        column: "wrapped_key",
        order: "id",
        row_key: "digest",
        place: [b"connector_version", b"samples"],
    },
    Column {
        table: "source_secret",
        column: "sealed",
        order: "id",
        row_key: "secret_key",
        place: [b"source_secret", b"sealed"],
    },
    Column {
        table: "correction",
        column: "sealed",
        order: "id",
        row_key: "correction_key",
        place: [b"correction", b"sealed"],
    },
    Column {
        table: "mapped_value",
        column: "received_sealed",
        order: "id",
        row_key: "mapped_key",
        place: [b"mapped_value", b"received_sealed"],
    },
    Column {
        table: "mapped_value",
        column: "sealed",
        order: "id",
        row_key: "mapped_key",
        place: [b"mapped_value", b"sealed"],
    },
];

/// Compares the sealing keys with those the database knows, and returns the keys, set to seal with its current
/// generation. A database that knows none yet stores the oldest one.
///
/// # Errors
/// [`StoreError::KeyGeneration`] if a generation that the database needs is missing or different;
/// [`StoreError::KeyRotatedSince`] if all that it needs are older than the keys.
pub(crate) async fn select_generation(db: &Db, keys: &Keys) -> Result<Keys, StoreError> {
    const KNOWN: &str =
        "SELECT generation, check_value, state FROM sealing_key WHERE state <> 'retired' ORDER BY generation";
    let mut known = db.fetch_rows(KNOWN, vec![]).await?;
    if known.is_empty() {
        let check = keys.sealing_check(keys.oldest_generation()).map(|c| c.to_vec()).unwrap_or_default();
        db.execute(
            "INSERT INTO sealing_key (generation, check_value, state, made_at) VALUES ($1, $2, 'current', {now})
             ON CONFLICT DO NOTHING",
            vec![i64::from(keys.oldest_generation()).into(), check.into()],
        )
        .await?;
        known = db.fetch_rows(KNOWN, vec![]).await?;
    }
    let newest = known.last().map_or(Ok(0), |row| row.int("generation"))?;
    if newest < i64::from(keys.oldest_generation()) {
        return Err(StoreError::KeyRotatedSince {
            needs: newest,
            oldest: keys.oldest_generation(),
            before: newest + 1,
        });
    }
    let mut recognised = None;
    for row in &known {
        let number = row.int("generation")?;
        let generation = u8::try_from(number).ok();
        let check = generation.and_then(|g| keys.sealing_check(g));
        if check.map(<[u8; 32]>::as_slice) != Some(row.bytes("check_value")?.as_slice()) {
            return Err(StoreError::KeyGeneration { generation: number });
        }
        if row.text("state")? == "current" {
            recognised = generation.and_then(|g| keys.sealing_with(g));
        }
    }
    recognised.ok_or(StoreError::WrongKey)
}

/// Requires that the generation this process seals with is current, and keeps it current until the transaction ends.
///
/// # Errors
/// [`StoreError::KeyRetired`] if a rotation has begun since.
pub(crate) async fn require_current(tx: &mut Tx, keys: &Keys) -> Result<(), StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT generation FROM sealing_key WHERE generation = $1 AND state = 'current' {share}",
            vec![i64::from(keys.current_generation()).into()],
        )
        .await?;
    if rows.is_empty() { Err(StoreError::KeyRetired) } else { Ok(()) }
}

/// Makes the generation that `keys` seal with the current one. Waits for transactions that seal with an older one;
/// later ones cannot. If the rotation was already begun with the same key, nothing changes.
///
/// # Errors
/// [`StoreError::KeyGeneration`] if it was begun with another key; nothing is sealed with this one then.
pub async fn begin_rotation(db: &Db, keys: &Keys) -> Result<(), StoreError> {
    let generation = i64::from(keys.current_generation());
    let check = keys.sealing_check(keys.current_generation()).map(|c| c.to_vec()).unwrap_or_default();
    let mut tx = db.begin().await?;
    tx.execute(
        "UPDATE sealing_key SET state = 'retiring' WHERE state = 'current' AND generation < $1",
        vec![generation.into()],
    )
    .await?;
    tx.execute(
        "INSERT INTO sealing_key (generation, check_value, state, made_at) VALUES ($1, $2, 'current', {now})
         ON CONFLICT DO NOTHING",
        vec![generation.into(), check.clone().into()],
    )
    .await?;
    let rows =
        tx.fetch_rows("SELECT check_value FROM sealing_key WHERE generation = $1", vec![generation.into()]).await?;
    if rows.first().map(|r| r.bytes("check_value")).transpose()? != Some(check) {
        return Err(StoreError::KeyGeneration { generation });
    }
    tx.commit().await
}

/// Seals all values again that are not sealed with the current generation, and returns their number. If interrupted,
/// the next call continues.
///
/// # Errors
/// [`StoreError`]; values that were sealed again before stay so.
pub async fn reseal_all(db: &Db, keys: &Keys, progress: &(dyn Fn(usize) + Sync)) -> Result<usize, StoreError> {
    let mut total = 0;
    for column in &COLUMNS {
        let mut after = if column.order == "id" { Value::Int(0) } else { Value::Bytes(vec![]) };
        while let Some((last, sealed)) = reseal_page(db, keys, column, after).await? {
            total += sealed;
            after = last;
            progress(sealed);
            let slow = crate::faults::slow_commit_ms();
            if slow > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(slow)).await;
            }
        }
    }
    Ok(total)
}

/// Seals one page of a column again. Returns where the page ended and how many values were sealed again, or `None`
/// after the last page.
async fn reseal_page(
    db: &Db,
    keys: &Keys,
    column: &Column,
    after: Value,
) -> Result<Option<(Value, usize)>, StoreError> {
    let Column { table, column: value, order, row_key, place: [in_table, in_column] } = column;
    let rows = db
        .fetch_rows(
            &format!(
                "SELECT {order} AS at, {row_key} AS row_key, {value} AS value FROM {table}
                 WHERE {order} > $1 AND {value} IS NOT NULL ORDER BY {order} LIMIT {PAGE}"
            ),
            vec![after],
        )
        .await?;
    let Some(last) = rows.last() else { return Ok(None) };
    let numbered = *order == "id";
    let last = if numbered { Value::Int(last.int("at")?) } else { Value::Bytes(last.bytes("at")?) };
    let (mut ids, mut row_keys, mut stale, mut fresh) = (vec![], vec![], vec![], vec![]);
    for row in &rows {
        let (key, old) = (row.bytes("row_key")?, row.bytes("value")?);
        if old.first() != Some(&keys.current_generation()) {
            let place: [&[u8]; 3] = [in_table, in_column, &key];
            fresh.push(keys.seal(&place, &keys.open(&place, &old)?)?);
            ids.push(if numbered { Some(row.int("at")?) } else { None });
            row_keys.push(key);
            stale.push(old);
        }
    }
    if fresh.is_empty() {
        return Ok(Some((last, 0)));
    }
    // The old value is compared, because a load may have written another one in the meantime, sealed with the current
    // generation.
    let at =
        if numbered { Rows::new().int("at", ids) } else { Rows::new().bytes("at", row_keys.iter().map(Vec::as_slice)) };
    let relation = at.bytes("stale", stale.iter().map(Vec::as_slice)).bytes("fresh", fresh.iter().map(Vec::as_slice));
    let mut tx = db.begin().await?;
    let sql = format!(
        "UPDATE {table} SET {value} = incoming.fresh FROM {{rows}}
         WHERE {table}.{order} = incoming.at AND {table}.{value} = incoming.stale"
    );
    tx.execute_with(&sql, vec![], relation).await?;
    tx.commit().await?;
    Ok(Some((last, fresh.len())))
}

/// Ends a rotation: the older generations are retired, because nothing is sealed with them any more.
///
/// # Errors
/// [`StoreError`].
pub async fn finish_rotation(db: &Db) -> Result<(), StoreError> {
    db.execute("UPDATE sealing_key SET state = 'retired' WHERE state = 'retiring'", vec![]).await?;
    Ok(())
}
