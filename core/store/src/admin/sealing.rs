//! The generations of the sealing key, and a rotation: everything sealed is sealed anew, in pages, while others go on.

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Rows, Value};
use huiliu_vault::keys::Keys;

/// Rows sealed anew in one transaction.
const PAGE: i64 = 500;

/// A column whose values are sealed under the sealing key, and what their place is made of.
#[derive(Debug)]
struct Column {
    table: &'static str,
    column: &'static str,
    /// Rows are walked in its order: `id`, or the row key where that is unique.
    order: &'static str,
    /// The stable row key in the place.
    row_key: &'static str,
    /// Table and column in the place, as they were when the first value was sealed.
    place: [&'static [u8]; 2],
}

const COLUMNS: [Column; 7] = [
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
        row_key: "letter_key",
        place: [b"dead_letter", b"raw_sealed"],
    },
    Column {
        table: "roster_row",
        column: "sealed",
        order: "id",
        row_key: "row_key",
        place: [b"roster_row", b"sealed"],
    },
    Column { table: "claim", column: "told", order: "id", row_key: "claim_key", place: [b"claim", b"told"] },
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
];

/// Compares the sealing keys with those the database knows, and gives the keys that seal with its current generation. A
/// database that knows none yet learns the oldest there is.
///
/// # Errors
/// [`StoreError::KeyGeneration`] when one that the database needs is missing or another; [`StoreError::KeyRotatedSince`]
/// when all that it needs are older than the keys.
pub(crate) async fn recognise(db: &Db, keys: &Keys) -> Result<Keys, StoreError> {
    const KNOWN: &str =
        "SELECT generation, check_value, state FROM sealing_key WHERE state <> 'retired' ORDER BY generation";
    let mut known = db.rows(KNOWN, vec![]).await?;
    if known.is_empty() {
        let check = keys.sealing_check(keys.oldest()).map(|c| c.to_vec()).unwrap_or_default();
        db.run(
            "INSERT INTO sealing_key (generation, check_value, state, made_at) VALUES ($1, $2, 'current', {now})
             ON CONFLICT DO NOTHING",
            vec![i64::from(keys.oldest()).into(), check.into()],
        )
        .await?;
        known = db.rows(KNOWN, vec![]).await?;
    }
    let newest = known.last().map_or(Ok(0), |row| row.int("generation"))?;
    if newest < i64::from(keys.oldest()) {
        return Err(StoreError::KeyRotatedSince { needs: newest, oldest: keys.oldest(), before: newest + 1 });
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

/// Keeps the generation that we seal with current until the end of the transaction.
///
/// # Errors
/// [`StoreError::KeyRetired`] when a rotation has begun that we do not know of.
pub(crate) async fn hold(tx: &mut Tx, keys: &Keys) -> Result<(), StoreError> {
    let rows = tx
        .rows(
            "SELECT generation FROM sealing_key WHERE generation = $1 AND state = 'current' {share}",
            vec![i64::from(keys.current()).into()],
        )
        .await?;
    if rows.is_empty() { Err(StoreError::KeyRetired) } else { Ok(()) }
}

/// Makes the generation that `keys` seal with the current one. It waits for whoever seals with an older one just now;
/// nobody does afterwards. Begun already with the same key, it changes nothing.
///
/// # Errors
/// [`StoreError::KeyGeneration`] when somebody else has begun it with another key: nothing is sealed with ours then.
pub async fn begin(db: &Db, keys: &Keys) -> Result<(), StoreError> {
    let generation = i64::from(keys.current());
    let check = keys.sealing_check(keys.current()).map(|c| c.to_vec()).unwrap_or_default();
    let mut tx = db.begin().await?;
    tx.run(
        "UPDATE sealing_key SET state = 'retiring' WHERE state = 'current' AND generation < $1",
        vec![generation.into()],
    )
    .await?;
    tx.run(
        "INSERT INTO sealing_key (generation, check_value, state, made_at) VALUES ($1, $2, 'current', {now})
         ON CONFLICT DO NOTHING",
        vec![generation.into(), check.clone().into()],
    )
    .await?;
    let rows = tx.rows("SELECT check_value FROM sealing_key WHERE generation = $1", vec![generation.into()]).await?;
    if rows.first().map(|r| r.bytes("check_value")).transpose()? != Some(check) {
        return Err(StoreError::KeyGeneration { generation });
    }
    tx.commit().await
}

/// Seals everything anew that is sealed with another generation than the current one; gives the number of values. Stopped
/// in between, it goes on when it is called again.
///
/// # Errors
/// [`StoreError`]; what was sealed anew before stays.
pub async fn seal_anew(db: &Db, keys: &Keys, progress: &(dyn Fn(usize) + Sync)) -> Result<usize, StoreError> {
    let mut total = 0;
    for column in &COLUMNS {
        let mut after = if column.order == "id" { Value::Int(0) } else { Value::Bytes(vec![]) };
        while let Some((last, sealed)) = seal_page(db, keys, column, after).await? {
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

/// One page of a column: where it ended, and how many values were sealed anew. None behind the last.
async fn seal_page(db: &Db, keys: &Keys, column: &Column, after: Value) -> Result<Option<(Value, usize)>, StoreError> {
    let Column { table, column: value, order, row_key, place: [in_table, in_column] } = column;
    let rows = db
        .rows(
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
        if old.first() != Some(&keys.current()) {
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
    // A value that a load has written meanwhile is another, and sealed with the current generation.
    let at =
        if numbered { Rows::new().int("at", ids) } else { Rows::new().bytes("at", row_keys.iter().map(Vec::as_slice)) };
    let relation = at.bytes("stale", stale.iter().map(Vec::as_slice)).bytes("fresh", fresh.iter().map(Vec::as_slice));
    let mut tx = db.begin().await?;
    let sql = format!(
        "UPDATE {table} SET {value} = incoming.fresh FROM {{rows}}
         WHERE {table}.{order} = incoming.at AND {table}.{value} = incoming.stale"
    );
    tx.run_with(&sql, vec![], relation).await?;
    tx.commit().await?;
    Ok(Some((last, fresh.len())))
}

/// Ends a rotation: nothing is sealed with the older generations any more.
///
/// # Errors
/// [`StoreError`].
pub async fn finish(db: &Db) -> Result<(), StoreError> {
    db.run("UPDATE sealing_key SET state = 'retired' WHERE state = 'retiring'", vec![]).await?;
    Ok(())
}
