//! By which keys the teachers of the roster are found, and how many have a value: written when the roster tells something
//! else of them, and with it every claim that shares a key is looked at again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::identity::{alone, digest, match_keys};
use crate::ledger::marks;
use crate::roster;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_matching::keys::{Use, narrowers};
use huiliu_matching::score::counted;
use huiliu_matching::{Profile, Told};
use huiliu_vault::keys::Keys;

/// Where the number of all teachers stands among the counts.
pub(super) const ALL: i64 = 0;

/// Marks every teacher when nobody has been keyed yet.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn begin(db: &Db) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let free = alone(&mut tx).await?;
    let begun = tx.rows("SELECT 1 AS one FROM match_count WHERE value = $1", vec![ALL.into()]).await?;
    if free && begun.is_empty() {
        tx.run("INSERT INTO match_count (value, teachers) VALUES ($1, 0)", vec![ALL.into()]).await?;
        marks::add_all(&mut tx, marks::MATCH).await?;
    }
    // The lock must be gone at once, not when a dropped transaction is rolled back.
    tx.commit().await
}

/// Writes the keys of the first block of marked teachers after `after`; gives the block, or nothing when none is left.
///
/// # Errors
/// [`StoreError`]; nothing of the block was written then.
pub(super) async fn key_block(db: &Db, keys: &Keys, after: i64) -> Result<Option<i64>, StoreError> {
    let mut tx = db.begin().await?;
    if !alone(&mut tx).await? {
        return Ok(None);
    }
    let Some((block, due)) = marks::next(&mut tx, marks::MATCH, after).await? else {
        tx.commit().await?;
        return Ok(None);
    };
    let told = roster::told(&mut tx, keys, &due.teachers).await?;
    let was = read(&mut tx, &due.teachers).await?;
    let nothing = Found::default();
    let is: HashMap<i64, Found> = told.iter().map(|(teacher, told)| (*teacher, Found::of(keys, told))).collect();
    let changed: Vec<Change<'_>> = due
        .teachers
        .iter()
        .map(|t| Change { teacher: *t, was: was.get(t).unwrap_or(&nothing), is: is.get(t).unwrap_or(&nothing) })
        .collect();
    write(&mut tx, &changed).await?;
    count(&mut tx, &changed).await?;
    look_again(&mut tx, &changed).await?;
    marks::remove(&mut tx, &due).await?;
    tx.commit().await?;
    Ok(Some(block))
}

/// By what a teacher is found: digests, sorted, each once.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    keys: BTreeSet<i64>,
    counted: BTreeSet<i64>,
    seconds: BTreeSet<i64>,
}

impl Found {
    fn of(keys: &Keys, told: &Told) -> Self {
        let profile = told.profile();
        let mut counts = BTreeSet::new();
        counted(&profile, &mut |slot, value| {
            counts.insert(digest(keys, "count", slot.as_str(), value));
        });
        Self {
            keys: match_keys(keys, &profile, Use::Find).into_iter().map(|(_, key)| key).collect(),
            counted: counts,
            seconds: seconds(keys, &profile).into_iter().collect(),
        }
    }
}

/// A person's second keys, which tell apart those who share a key with too many.
pub(super) fn seconds(keys: &Keys, profile: &Profile) -> Vec<i64> {
    let mut all = Vec::with_capacity(12);
    narrowers(profile, &mut |what, value| all.push(digest(keys, "second", what, value)));
    all
}

/// Digests as they stand in one cell.
pub(super) fn unpack(bytes: &[u8]) -> impl Iterator<Item = i64> {
    bytes.chunks_exact(8).map(|eight| i64::from_be_bytes(std::array::from_fn(|n| eight[n])))
}

fn pack(digests: &BTreeSet<i64>) -> Vec<u8> {
    digests.iter().flat_map(|digest| digest.to_be_bytes()).collect()
}

/// What a teacher was found by, and is from now on.
struct Change<'f> {
    teacher: i64,
    was: &'f Found,
    is: &'f Found,
}

async fn read(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, Found>, StoreError> {
    let rows = tx
        .rows_with(
            "SELECT m.teacher_id AS teacher_id, m.match_keys AS match_keys, m.counted AS counted, m.seconds AS seconds
             FROM {rows} {join teacher_match m ON m.teacher_id = incoming.teacher_id}",
            vec![],
            Rows::new().int("teacher_id", ids.iter().copied().map(Some)),
        )
        .await?;
    let set = |row: &Row, name: &str| Ok::<_, StoreError>(unpack(&row.bytes(name)?).collect());
    let found = |row: &Row| {
        let found =
            Found { keys: set(row, "match_keys")?, counted: set(row, "counted")?, seconds: set(row, "seconds")? };
        Ok((row.int("teacher_id")?, found))
    };
    rows.iter().map(found).collect()
}

async fn write(tx: &mut Tx, changed: &[Change<'_>]) -> Result<(), StoreError> {
    fn pairs<'c>(
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
    tx.run_with(
        "DELETE FROM teacher_match_key WHERE (match_key, teacher_id) IN (SELECT match_key, teacher_id FROM {rows})",
        vec![],
        pairs(changed, |c| (&c.was.keys, &c.is.keys)),
    )
    .await?;
    tx.copy("teacher_match_key", pairs(changed, |c| (&c.is.keys, &c.was.keys))).await?;
    let ids = || Rows::new().int("teacher_id", changed.iter().map(|c| Some(c.teacher)));
    tx.run_with("DELETE FROM teacher_match WHERE teacher_id IN (SELECT teacher_id FROM {rows})", vec![], ids()).await?;
    let there: Vec<&Change<'_>> = changed.iter().filter(|c| !c.is.keys.is_empty()).collect();
    let packed: Vec<[Vec<u8>; 3]> =
        there.iter().map(|c| [pack(&c.is.keys), pack(&c.is.counted), pack(&c.is.seconds)]).collect();
    let rows = Rows::new()
        .int("teacher_id", there.iter().map(|c| Some(c.teacher)))
        .bytes("match_keys", packed.iter().map(|p| p[0].as_slice()))
        .bytes("counted", packed.iter().map(|p| p[1].as_slice()))
        .bytes("seconds", packed.iter().map(|p| p[2].as_slice()));
    tx.copy("teacher_match", rows).await
}

/// Moves the counts of the values that teachers have no more, or have now.
async fn count(tx: &mut Tx, changed: &[Change<'_>]) -> Result<(), StoreError> {
    let mut moved: BTreeMap<i64, i64> = BTreeMap::new();
    for Change { was, is, .. } in changed {
        was.counted.difference(&is.counted).for_each(|value| *moved.entry(*value).or_default() -= 1);
        is.counted.difference(&was.counted).for_each(|value| *moved.entry(*value).or_default() += 1);
        *moved.entry(ALL).or_default() += i64::from(!is.keys.is_empty()) - i64::from(!was.keys.is_empty());
    }
    moved.retain(|_, by| *by != 0);
    let rows =
        Rows::new().int("value", moved.keys().copied().map(Some)).int("teachers", moved.values().copied().map(Some));
    tx.run_with(
        "INSERT INTO match_count (value, teachers) SELECT value, teachers FROM {rows} WHERE true
         ON CONFLICT (value) DO UPDATE SET teachers = match_count.teachers + excluded.teachers",
        vec![],
        rows,
    )
    .await?;
    Ok(())
}

/// Has the claims that share a key with whoever has changed looked at again, unless a person has decided on them.
async fn look_again(tx: &mut Tx, changed: &[Change<'_>]) -> Result<(), StoreError> {
    let shared: BTreeSet<i64> = changed.iter().flat_map(|c| c.was.keys.union(&c.is.keys)).copied().collect();
    tx.run_with(
        "UPDATE claim SET state = 'new' WHERE decided_by NOT LIKE 'decision%' AND id IN
           (SELECT m.claim_id FROM {rows} {join claim_match_key m ON m.match_key = incoming.match_key})",
        vec![],
        Rows::new().int("match_key", shared.into_iter().map(Some)),
    )
    .await?;
    Ok(())
}
