//! Identity: decides which teacher a claim is about if it has no teacher's ID number, by comparing keys and evidence in
//! sets, and by people's decisions.

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
use huiliu_matching::keys::{KeyUse, Kind, emit_keys as keys_of};
use huiliu_matching::{PersonDetails, Profile, Weights};
use huiliu_vault::keys::Keys;

/// Decides all new claims by the weights of an activation of rules, after updating the keys by which teachers of the roster
/// are found. Returns the number of decided claims, or `None` if other rules are in force by now. If no source ever
/// described a person beyond the ID number, it costs one query.
///
/// # Errors
/// [`StoreError`]; claims that were decided before the error stay decided.
pub async fn decide_new_claims(
    db: &Db,
    keys: &Keys,
    weights: &Weights,
    activation: i64,
) -> Result<Option<usize>, StoreError> {
    // Every claim with a stored description has keys, and a query of an empty table costs nothing.
    if db.fetch_rows("SELECT 1 AS one FROM claim_match_key LIMIT 1", vec![]).await?.is_empty() {
        return Ok(Some(0));
    }
    keying::start_keying(db).await?;
    let mut after = -1;
    while let Some(block) = keying::key_block(db, keys, after).await? {
        after = block;
    }
    let mut total = 0;
    loop {
        match deciding::decide_page(db, keys, weights, activation).await? {
            None => return Ok(None),
            Some(0) => return Ok(Some(total)),
            Some(decided) => total += decided,
        }
    }
}

/// Tries to take the lock for keying and deciding until the transaction ends. Only one process may do this at a time;
/// otherwise a teacher who is keyed in the meantime would be missed.
async fn try_lock_identity(tx: &mut Tx) -> Result<bool, StoreError> {
    tx.try_advisory_lock(LOCK.0, LOCK.1).await
}

const LOCK: (&str, i64) = ("identity", 0);

/// Counts the claims that wait to be decided.
///
/// # Errors
/// [`StoreError`].
pub async fn count_new_claims(db: &Db) -> Result<i64, StoreError> {
    let rows = db.fetch_rows("SELECT count(*) AS claims FROM identity_claim WHERE state = 'new'", vec![]).await?;
    rows.first().map_or(Ok(0), |row| row.int("claims"))
}

/// Resets all claims with a description that no person has decided, so that they are decided again, for example after
/// the weights have changed.
///
/// # Errors
/// [`StoreError`].
pub async fn reset_undecided(tx: &mut Tx) -> Result<(), StoreError> {
    let sql =
        "UPDATE identity_claim SET state = 'new' WHERE person_details IS NOT NULL AND decided_by NOT LIKE 'decision%'";
    tx.execute(sql, vec![]).await?;
    Ok(())
}

/// Loads the folded names of those of these teachers who are on the roster.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn load_roster_names(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT t.id AS id, t.name_folded AS name FROM {rows} {join teacher t ON t.id = incoming.id}
             WHERE t.origin = 'roster' AND t.name_folded IS NOT NULL",
            vec![],
            Rows::new().int("id", ids.iter().copied().map(Some)),
        )
        .await?;
    rows.iter().map(|row| Ok((row.int("id")?, row.text("name")?))).collect()
}

/// Seals what a source says about a person, bound to its claim.
///
/// # Errors
/// [`StoreError::Key`] if it cannot be sealed.
pub(crate) fn seal_person_details(keys: &Keys, claim_key: &[u8], told: &PersonDetails) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(told).map_err(|e| StoreError::unreadable_value(Kept::Told)(&e))?;
    Ok(keys.seal(&[b"claim", b"told", claim_key], &plain)?)
}

fn open_person_details(keys: &Keys, claim_key: &[u8], sealed: &[u8]) -> Result<PersonDetails, StoreError> {
    let plain = keys.open(&[b"claim", b"told", claim_key], sealed)?;
    serde_json::from_slice(&plain).map_err(|e| StoreError::unreadable_value(Kept::Told)(&e))
}

/// A claim, and what a source says about its person.
pub(crate) struct DescribedClaim<'t> {
    pub claim_id: i64,
    pub told: &'t PersonDetails,
}

/// Writes the keys by which claims are found when the roster changes.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn write_claim_keys<'t>(
    tx: &mut Tx,
    keys: &Keys,
    claims: impl Iterator<Item = DescribedClaim<'t>>,
) -> Result<(), StoreError> {
    let mut found_by: Vec<(i64, i64)> = Vec::new();
    for DescribedClaim { claim_id, told } in claims {
        found_by.extend(
            compute_match_keys(keys, &told.to_profile(), KeyUse::Look).into_iter().map(|(_, key)| (key, claim_id)),
        );
    }
    found_by.sort_unstable();
    found_by.dedup();
    let rows = Rows::new()
        .int("match_key", found_by.iter().map(|(key, _)| Some(*key)))
        .int("claim_id", found_by.iter().map(|(_, claim)| Some(*claim)));
    tx.insert_rows("claim_match_key", rows).await
}

/// Computes the keyed digest of a value of the kind `what`, for the purpose `of`. Without the key nobody can enumerate
/// the values.
fn digest_value(keys: &Keys, of: &str, what: &str, value: &str) -> i64 {
    let digest = keys.short_digest(&[b"match", of.as_bytes(), what.as_bytes(), value.as_bytes()]);
    i64::from_be_bytes(std::array::from_fn(|n| digest[n]))
}

/// Computes all match keys of a profile, as stored in the tables.
fn compute_match_keys(keys: &Keys, profile: &Profile, wanted: KeyUse) -> Vec<(Kind, i64)> {
    let mut all = Vec::with_capacity(24);
    keys_of(profile, wanted, &mut |kind, text| all.push((kind, digest_value(keys, "key", kind.as_str(), text))));
    all
}
