//! Whose the claims are that carry no ID number of a teacher: found by keys, compared, decided, in sets; and what people
//! decide about them.

pub mod claims;
mod deciding;
pub mod identifiers;
mod keying;
pub mod queue;
pub mod rulings;

use std::collections::HashMap;

use crate::sql::db::{Db, Tx};
use crate::sql::error::{Kept, StoreError};
use crate::sql::rows::Rows;
use huiliu_matching::keys::{Kind, Use, keys as keys_of};
use huiliu_matching::{Profile, Told, Weights};
use huiliu_vault::keys::Keys;

/// Looks at every claim that waits to be looked at, once the teachers are found by what the roster says of them now. Gives
/// how many were decided. Where no source ever told of somebody without an ID number, it costs one look.
///
/// # Errors
/// [`StoreError`]; what was decided before stays.
pub async fn examine(db: &Db, keys: &Keys, weights: &Weights) -> Result<usize, StoreError> {
    // Every claim that carries what was told has keys, and a look into an empty table costs nothing.
    if db.rows("SELECT 1 AS one FROM claim_match_key LIMIT 1", vec![]).await?.is_empty() {
        return Ok(0);
    }
    keying::begin(db).await?;
    let mut after = -1;
    while let Some(block) = keying::key_block(db, keys, after).await? {
        after = block;
    }
    let mut total = 0;
    loop {
        let decided = deciding::decide_page(db, keys, weights).await?;
        if decided == 0 {
            return Ok(total);
        }
        total += decided;
    }
}

/// Only one at a time finds and decides: who is keyed meanwhile would be missed. The lock ends with the transaction.
async fn alone(tx: &mut Tx) -> Result<bool, StoreError> {
    tx.try_lock(LOCK.0, LOCK.1).await
}

const LOCK: (&str, i64) = ("identity", 0);

/// How many claims wait to be looked at.
///
/// # Errors
/// [`StoreError`].
pub async fn due(db: &Db) -> Result<i64, StoreError> {
    let rows = db.rows("SELECT count(*) AS claims FROM claim WHERE state = 'new'", vec![]).await?;
    rows.first().map_or(Ok(0), |row| row.int("claims"))
}

/// Has every claim looked at again on which nobody decided, as when the weights have changed.
///
/// # Errors
/// [`StoreError`].
pub async fn again(tx: &mut Tx) -> Result<(), StoreError> {
    let sql = "UPDATE claim SET state = 'new' WHERE told IS NOT NULL AND decided_by NOT LIKE 'decision%'";
    tx.run(sql, vec![]).await?;
    Ok(())
}

/// The folded names of those of these teachers who are on the roster.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn roster_names(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
    let rows = tx
        .rows_with(
            "SELECT t.id AS id, t.name_folded AS name FROM {rows} {join teacher t ON t.id = incoming.id}
             WHERE t.origin = 'roster' AND t.name_folded IS NOT NULL",
            vec![],
            Rows::new().int("id", ids.iter().copied().map(Some)),
        )
        .await?;
    rows.iter().map(|row| Ok((row.int("id")?, row.text("name")?))).collect()
}

/// What a source told, sealed for its claim.
///
/// # Errors
/// [`StoreError::Key`].
pub(crate) fn seal_told(keys: &Keys, claim_key: &[u8], told: &Told) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(told).map_err(|e| StoreError::kept(Kept::Told)(&e))?;
    Ok(keys.seal(&[b"claim", b"told", claim_key], &plain)?)
}

fn open_told(keys: &Keys, claim_key: &[u8], sealed: &[u8]) -> Result<Told, StoreError> {
    let plain = keys.open(&[b"claim", b"told", claim_key], sealed)?;
    serde_json::from_slice(&plain).map_err(|e| StoreError::kept(Kept::Told)(&e))
}

/// A claim, and what is told of whom it is about.
pub(crate) struct ClaimTold<'t> {
    pub claim_id: i64,
    pub told: &'t Told,
}

/// Writes by which keys claims are found when the roster changes.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn write_claim_keys<'t>(
    tx: &mut Tx,
    keys: &Keys,
    claims: impl Iterator<Item = ClaimTold<'t>>,
) -> Result<(), StoreError> {
    let mut found_by: Vec<(i64, i64)> = Vec::new();
    for ClaimTold { claim_id, told } in claims {
        found_by.extend(match_keys(keys, &told.profile(), Use::Look).into_iter().map(|(_, key)| (key, claim_id)));
    }
    found_by.sort_unstable();
    found_by.dedup();
    let rows = Rows::new()
        .int("match_key", found_by.iter().map(|(key, _)| Some(*key)))
        .int("claim_id", found_by.iter().map(|(_, claim)| Some(*claim)));
    tx.copy("claim_match_key", rows).await
}

/// The keyed digest of a value, by what it is of; nobody without the key can list the values.
fn digest(keys: &Keys, of: &str, what: &str, value: &str) -> i64 {
    let digest = keys.short_digest(&[b"match", of.as_bytes(), what.as_bytes(), value.as_bytes()]);
    i64::from_be_bytes(std::array::from_fn(|n| digest[n]))
}

/// Every key of a profile, as tables know it.
fn match_keys(keys: &Keys, profile: &Profile, wanted: Use) -> Vec<(Kind, i64)> {
    let mut all = Vec::with_capacity(24);
    keys_of(profile, wanted, &mut |kind, text| all.push((kind, digest(keys, "key", kind.as_str(), text))));
    all
}
