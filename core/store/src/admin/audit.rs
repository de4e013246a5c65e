//! The audit log: append-only, each row bound to the one before by a keyed hash, so that a change shows.

use schemars::JsonSchema;
use serde::Serialize;

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Row;
use huiliu_values::calendar::instant;
use huiliu_vault::keys::Keys;

/// One decision, and whose it was.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Entry {
    /// Number.
    pub entry: i64,
    /// When, RFC 3339.
    pub at: String,
    /// Who decided: user and host, or what an administrator gave as a name.
    pub actor: String,
    /// What was done, as `replay.apply`.
    pub action: String,
    /// What it was done to.
    pub object: String,
    /// More about it, with the reason.
    pub detail: serde_json::Value,
}

/// Who decides, and why.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    /// User and host, or a name that was given.
    pub actor: &'a str,
    /// The reason.
    pub because: &'a str,
}

/// An entry to be appended.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    /// Who decided: user and host, or what an administrator gave as a name.
    pub actor: &'a str,
    /// What was done, as `replay.apply`.
    pub action: &'a str,
    /// What it was done to, as `replay 7`.
    pub object: &'a str,
    /// More about it, as the text of a JSON object.
    pub detail: &'a str,
}

fn link(keys: &Keys, previous: &[u8], at: i64, text: [&str; 4]) -> [u8; 32] {
    let text = text.map(str::as_bytes);
    keys.digest(&[b"audit", previous, &at.to_be_bytes(), text[0], text[1], text[2], text[3]])
}

/// Appends an entry; it stands only if the transaction is committed.
///
/// # Errors
/// [`StoreError`].
pub async fn append(tx: &mut Tx, keys: &Keys, new: NewEntry<'_>) -> Result<(), StoreError> {
    let NewEntry { actor, action, object, detail } = new;
    tx.lock_table("audit").await?;
    let now = tx.rows("SELECT {now} AS at", vec![]).await?;
    let at = now.first().map_or(Ok(0), |r| r.int("at"))?;
    let last = tx.rows("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1", vec![]).await?;
    let (number, previous) = match last.first() {
        Some(row) => (row.int("id")?, row.bytes("hash")?),
        None => (0, Vec::new()),
    };
    let hash = link(keys, &previous, at, [actor, action, object, detail]);
    tx.run(
        "INSERT INTO audit (id, at, actor, action, object, detail, previous_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        vec![
            (number + 1).into(),
            at.into(),
            actor.into(),
            action.into(),
            object.into(),
            detail.into(),
            previous.into(),
            hash.to_vec().into(),
        ],
    )
    .await?;
    Ok(())
}

fn read(row: &Row) -> Result<Entry, StoreError> {
    let detail = row.text("detail")?;
    Ok(Entry {
        entry: row.int("id")?,
        at: instant(row.int("at")?),
        actor: row.text("actor")?,
        action: row.text("action")?,
        object: row.text("object")?,
        // What somebody has put there by hand is shown as it stands.
        detail: serde_json::from_str(&detail).unwrap_or(serde_json::Value::String(detail)),
    })
}

/// Entries after a number, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn list(db: &Db, after: i64, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let sql = "SELECT id, at, actor, action, object, detail FROM audit WHERE id > $1 ORDER BY id LIMIT $2";
    db.rows(sql, vec![after.into(), limit.into()]).await?.iter().map(read).collect()
}

/// The first entry that is not as it was written: changed, or what stood before it is gone. The last entries can be cut
/// off without a trace here; compare their number with what a report has shown.
///
/// # Errors
/// [`StoreError`].
pub async fn first_broken(db: &Db, keys: &Keys) -> Result<Option<i64>, StoreError> {
    let (mut after, mut previous) = (0, Vec::new());
    loop {
        let rows = db
            .rows(
                "SELECT id, at, actor, action, object, detail, previous_hash, hash FROM audit WHERE id > $1 ORDER BY id LIMIT 1000",
                vec![after.into()],
            )
            .await?;
        if rows.is_empty() {
            return Ok(None);
        }
        for row in &rows {
            let (entry, hash) = (read(row)?, row.bytes("hash")?);
            let whole = entry.entry == after + 1 && row.bytes("previous_hash")? == previous;
            let detail = row.text("detail")?;
            let text = [&*entry.actor, &*entry.action, &*entry.object, &*detail];
            if !whole || link(keys, &previous, row.int("at")?, text) != hash.as_slice() {
                return Ok(Some(entry.entry));
            }
            (after, previous) = (entry.entry, hash);
        }
    }
}
