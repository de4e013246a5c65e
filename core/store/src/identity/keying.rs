//! Keying: writes the keys by which teachers of the roster are found, and how many teachers have each value. When the
//! roster changes what it says about a teacher, all claims that share a key with the teacher are decided again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::identity::{compute_match_keys, digest_value, try_lock_identity};
use crate::ledger::marks;
use crate::roster;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_matching::keys::{KeyUse, emit_narrowing_values};
use huiliu_matching::score::emit_counted_values;
use huiliu_matching::{PersonDetails, Profile};
use huiliu_vault::keys::Keys;

/// The value under which the number of all keyed teachers is stored.
pub(super) const ALL: i64 = 0;

/// Marks all teachers for keying if no keying has been started yet.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn start_keying(db: &Db) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let free = try_lock_identity(&mut tx).await?;
    let begun = tx.fetch_rows("SELECT 1 AS one FROM match_count WHERE value = $1", vec![ALL.into()]).await?;
    if free && begun.is_empty() {
        tx.execute("INSERT INTO match_count (value, teachers) VALUES ($1, 0)", vec![ALL.into()]).await?;
        marks::mark_all(&mut tx, marks::MATCH).await?;
    }
    // Commit, so that the lock is released at once and not when a dropped transaction is rolled back.
    tx.commit().await
}

/// Writes the keys of the first block of marked teachers after `after`. Returns the block, or `None` if no block is
/// left or another process is keying or deciding.
///
/// # Errors
/// [`StoreError`]; nothing of the block is written then.
pub(super) async fn key_block(db: &Db, keys: &Keys, after: i64) -> Result<Option<i64>, StoreError> {
    let mut tx = db.begin().await?;
    if !try_lock_identity(&mut tx).await? {
        return Ok(None);
    }
    let Some(due) = marks::take_next_block(&mut tx, marks::MATCH, after).await? else {
        tx.commit().await?;
        return Ok(None);
    };
    let told = roster::load_person_details(&mut tx, keys, &due.teachers).await?;
    let was = load_digests(&mut tx, &due.teachers).await?;
    let nothing = TeacherDigests::default();
    let is: HashMap<i64, TeacherDigests> =
        told.iter().map(|(teacher, told)| (*teacher, TeacherDigests::from_told(keys, told))).collect();
    let changed: Vec<Change<'_>> = due
        .teachers
        .iter()
        .map(|t| Change { teacher: *t, was: was.get(t).unwrap_or(&nothing), is: is.get(t).unwrap_or(&nothing) })
        .collect();
    write_keys(&mut tx, &changed).await?;
    update_counts(&mut tx, &changed).await?;
    reset_matching_claims(&mut tx, &changed).await?;
    marks::remove_marks(&mut tx, &due).await?;
    tx.commit().await?;
    Ok(Some(due.block))
}

/// The digests by which a teacher is found, sorted and without duplicates.
#[derive(Debug, Default, PartialEq, Eq)]
struct TeacherDigests {
    keys: BTreeSet<i64>,
    counted: BTreeSet<i64>,
    seconds: BTreeSet<i64>,
}

impl TeacherDigests {
    fn from_told(keys: &Keys, told: &PersonDetails) -> Self {
        let profile = told.to_profile();
        let mut counts = BTreeSet::new();
        emit_counted_values(&profile, &mut |slot, value| {
            counts.insert(digest_value(keys, "count", slot.as_str(), value));
        });
        Self {
            keys: compute_match_keys(keys, &profile, KeyUse::Find).into_iter().map(|(_, key)| key).collect(),
            counted: counts,
            seconds: compute_second_keys(keys, &profile).into_iter().collect(),
        }
    }
}

/// Computes a person's second keys, which narrow down too many people who share a first key.
pub(super) fn compute_second_keys(keys: &Keys, profile: &Profile) -> Vec<i64> {
    let mut all = Vec::with_capacity(12);
    emit_narrowing_values(profile, &mut |what, value| all.push(digest_value(keys, "second", what, value)));
    all
}

/// Unpacks digests that are stored in one cell.
pub(super) fn unpack_digests(bytes: &[u8]) -> impl Iterator<Item = i64> {
    bytes.chunks_exact(8).map(|eight| i64::from_be_bytes(std::array::from_fn(|n| eight[n])))
}

fn pack_digests(digests: &BTreeSet<i64>) -> Vec<u8> {
    digests.iter().flat_map(|digest| digest.to_be_bytes()).collect()
}

/// The digests of a teacher before and after a change.
struct Change<'f> {
    teacher: i64,
    was: &'f TeacherDigests,
    is: &'f TeacherDigests,
}

async fn load_digests(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, TeacherDigests>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT m.teacher_id AS teacher_id, m.match_keys AS match_keys, m.counted AS counted, m.seconds AS seconds
             FROM {rows} {join teacher_match m ON m.teacher_id = incoming.teacher_id}",
            vec![],
            Rows::new().int("teacher_id", ids.iter().copied().map(Some)),
        )
        .await?;
    let set = |row: &Row, name: &str| Ok::<_, StoreError>(unpack_digests(&row.bytes(name)?).collect());
    let found = |row: &Row| {
        let found = TeacherDigests {
            keys: set(row, "match_keys")?,
            counted: set(row, "counted")?,
            seconds: set(row, "seconds")?,
        };
        Ok((row.int("teacher_id")?, found))
    };
    rows.iter().map(found).collect()
}

async fn write_keys(tx: &mut Tx, changed: &[Change<'_>]) -> Result<(), StoreError> {
    fn pair_keys<'c>(
        changed: &'c [Change<'_>],
        one: impl Fn(&'c Change<'_>) -> (&'c BTreeSet<i64>, &'c BTreeSet<i64>),
    ) -> Rows<'c> {
        let mut pairs: Vec<(i64, i64)> = Vec::new();
        for change in changed {
            let (these, others) = one(change);
            pairs.extend(these.difference(others).map(|key| (*key, change.teacher)));
        }
        pairs.sort_unstable();
        Rows::new()
            .int("match_key", pairs.iter().map(|(key, _)| Some(*key)))
            .int("teacher_id", pairs.iter().map(|(_, teacher)| Some(*teacher)))
    }
    tx.execute_with(
        "DELETE FROM teacher_match_key WHERE (match_key, teacher_id) IN (SELECT match_key, teacher_id FROM {rows})",
        vec![],
        pair_keys(changed, |c| (&c.was.keys, &c.is.keys)),
    )
    .await?;
    tx.insert_rows("teacher_match_key", pair_keys(changed, |c| (&c.is.keys, &c.was.keys))).await?;
    let ids = || Rows::new().int("teacher_id", changed.iter().map(|c| Some(c.teacher)));
    tx.execute_with("DELETE FROM teacher_match WHERE teacher_id IN (SELECT teacher_id FROM {rows})", vec![], ids())
        .await?;
    let there: Vec<&Change<'_>> = changed.iter().filter(|c| !c.is.keys.is_empty()).collect();
    let packed: Vec<[Vec<u8>; 3]> = there
        .iter()
        .map(|c| [pack_digests(&c.is.keys), pack_digests(&c.is.counted), pack_digests(&c.is.seconds)])
        .collect();
    let rows = Rows::new()
        .int("teacher_id", there.iter().map(|c| Some(c.teacher)))
        .bytes("match_keys", packed.iter().map(|p| p[0].as_slice()))
        .bytes("counted", packed.iter().map(|p| p[1].as_slice()))
        .bytes("seconds", packed.iter().map(|p| p[2].as_slice()));
    tx.insert_rows("teacher_match", rows).await
}

/// Updates the counts of the values that teachers lost or gained.
async fn update_counts(tx: &mut Tx, changed: &[Change<'_>]) -> Result<(), StoreError> {
    let mut moved: BTreeMap<i64, i64> = BTreeMap::new();
    for Change { was, is, .. } in changed {
        was.counted.difference(&is.counted).for_each(|value| *moved.entry(*value).or_default() -= 1);
        is.counted.difference(&was.counted).for_each(|value| *moved.entry(*value).or_default() += 1);
        *moved.entry(ALL).or_default() += i64::from(!is.keys.is_empty()) - i64::from(!was.keys.is_empty());
    }
    moved.retain(|_, by| *by != 0);
    let rows =
        Rows::new().int("value", moved.keys().copied().map(Some)).int("teachers", moved.values().copied().map(Some));
    tx.execute_with(
        "INSERT INTO match_count (value, teachers) SELECT value, teachers FROM {rows} WHERE true
         ON CONFLICT (value) DO UPDATE SET teachers = match_count.teachers + excluded.teachers",
        vec![],
        rows,
    )
    .await?;
    Ok(())
}

/// Resets the claims that share a key with a changed teacher, so that they are decided again, unless a person has
/// decided them.
async fn reset_matching_claims(tx: &mut Tx, changed: &[Change<'_>]) -> Result<(), StoreError> {
    let shared: BTreeSet<i64> = changed.iter().flat_map(|c| c.was.keys.union(&c.is.keys)).copied().collect();
    tx.execute_with(
        "UPDATE identity_claim SET state = 'new' WHERE decided_by NOT LIKE 'decision%' AND id IN
           (SELECT m.claim_id FROM {rows} {join claim_match_key m ON m.match_key = incoming.match_key})",
        vec![],
        Rows::new().int("match_key", shared.into_iter().map(Some)),
    )
    .await?;
    Ok(())
}
