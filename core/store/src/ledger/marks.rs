//! Marks: the teachers who wait to be settled. A load adds one row per block of 1,024 teachers, with the teachers as a
//! bit set.

use std::collections::{BTreeMap, BTreeSet};

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};

/// Teachers per block.
pub const BLOCK: i64 = 1_024;
const BYTES: usize = 128;

/// A set of teachers of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeacherSet([u8; BYTES]);

impl TeacherSet {
    const NONE: Self = Self([0; BYTES]);

    fn set_bit(&mut self, place: i64) {
        if let Ok(place) = usize::try_from(place)
            && let Some(byte) = self.0.get_mut(place / 8)
        {
            *byte |= 1 << (place % 8);
        }
    }

    fn union_with(&mut self, bytes: &[u8]) {
        for (mine, other) in self.0.iter_mut().zip(bytes) {
            *mine |= other;
        }
    }

    fn count_bits(&self) -> i64 {
        self.0.iter().map(|b| i64::from(b.count_ones())).sum()
    }

    /// Returns the ids of the teachers in the set.
    fn teacher_ids(&self, block: i64) -> Vec<i64> {
        let set = |place: &i64| usize::try_from(*place).is_ok_and(|p| self.0[p / 8] >> (p % 8) & 1 == 1);
        (0..BLOCK).filter(set).map(|place| block * BLOCK + place).collect()
    }
}

/// A kind of marks, given by its table.
#[derive(Debug, Clone, Copy)]
pub struct Marks(&'static str);

/// Teachers who wait to be settled.
pub const SETTLE: Marks = Marks("recompute_mark");
/// Teachers whose match keys must be written again.
pub const MATCH: Marks = Marks("match_mark");

/// Marks teachers for settlement. Marks are only ever added here.
///
/// # Errors
/// [`StoreError`].
pub async fn add_marks(tx: &mut Tx, teachers: impl Iterator<Item = i64>) -> Result<(), StoreError> {
    add_marks_of_kind(tx, SETTLE, teachers).await
}

/// Marks the teachers in a column `teacher_id` of these rows.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn add_marks_of_rows(tx: &mut Tx, rows: &[Row]) -> Result<(), StoreError> {
    let teachers: Vec<i64> = rows.iter().map(|row| row.int("teacher_id")).collect::<Result<_, _>>()?;
    add_marks(tx, teachers.into_iter()).await
}

/// Marks teachers with marks of any kind.
///
/// # Errors
/// [`StoreError`].
pub async fn add_marks_of_kind(
    tx: &mut Tx,
    marks: Marks,
    teachers: impl Iterator<Item = i64>,
) -> Result<(), StoreError> {
    let mut blocks: BTreeMap<i64, TeacherSet> = BTreeMap::new();
    for teacher in teachers {
        blocks.entry(teacher.div_euclid(BLOCK)).or_insert(TeacherSet::NONE).set_bit(teacher.rem_euclid(BLOCK));
    }
    let rows = Rows::new()
        .int("block", blocks.keys().copied().map(Some))
        .bytes("teachers", blocks.values().map(|b| b.0.as_slice()));
    tx.insert_rows(marks.0, rows).await
}

/// Marks all teachers, for example when the rules have changed.
///
/// # Errors
/// [`StoreError`].
pub async fn mark_all(tx: &mut Tx, marks: Marks) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let ids = teachers_after(tx, after, 100_000).await?;
        let Some(last) = ids.last() else { return Ok(()) };
        after = *last;
        add_marks_of_kind(tx, marks, ids.into_iter()).await?;
    }
}

/// Returns the highest number of a teacher; 0 if there is none.
///
/// # Errors
/// [`StoreError`].
pub async fn last_teacher(tx: &mut Tx) -> Result<i64, StoreError> {
    let rows = tx.fetch_rows("SELECT coalesce(max(id), 0) AS id FROM teacher", vec![]).await?;
    rows.first().map_or(Ok(0), |row| row.int("id"))
}

/// Lists the teachers after a number, in order.
///
/// # Errors
/// [`StoreError`].
pub async fn teachers_after(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT id FROM teacher WHERE id > $1 ORDER BY id LIMIT $2";
    tx.fetch_rows(sql, vec![after.into(), limit.into()]).await?.iter().map(|r| r.int("id")).collect()
}

/// The marks of one block, locked by the transaction that took it.
#[derive(Debug)]
pub struct LockedMarks {
    /// Number of the block: teacher id / 1,024, rounded down.
    pub block: i64,
    /// The marked teachers.
    pub teachers: Vec<i64>,
    of: Marks,
    marks: Vec<i64>,
}

/// Takes the first block after `after` that no other transaction has locked.
///
/// # Errors
/// [`StoreError`].
pub async fn take_next_block(tx: &mut Tx, of: Marks, after: i64) -> Result<Option<LockedMarks>, StoreError> {
    let mut after = after;
    loop {
        let sql = format!("SELECT block FROM {} WHERE block > $1 ORDER BY block LIMIT 1", of.0);
        let block = tx.fetch_rows(&sql, vec![after.into()]).await?;
        let Some(block) = block.first().map(|r| r.int("block")).transpose()? else { return Ok(None) };
        if tx.try_advisory_lock(of.0, block).await? {
            let sql = format!("SELECT id, teachers FROM {} WHERE block = $1", of.0);
            let marks = tx.fetch_rows(&sql, vec![block.into()]).await?;
            return Ok(Some(LockedMarks {
                block,
                of,
                teachers: union_marks(&marks)?.teacher_ids(block),
                marks: marks.iter().map(|r| r.int("id")).collect::<Result<_, _>>()?,
            }));
        }
        after = block;
    }
}

fn union_marks(marks: &[Row]) -> Result<TeacherSet, StoreError> {
    let mut bits = TeacherSet::NONE;
    for mark in marks {
        bits.union_with(&mark.bytes("teachers")?);
    }
    Ok(bits)
}

/// The marked teachers of one block.
#[derive(Debug)]
pub struct MarkedBlock {
    /// Number of the block: teacher id / 1,024, rounded down.
    pub block: i64,
    /// The marked teachers.
    pub teachers: Vec<i64>,
}

/// Returns the teachers who wait to be settled in the first block after `after`. Takes no lock, so they can be settled
/// at the same time.
///
/// # Errors
/// [`StoreError`].
pub async fn peek_next_block(tx: &mut Tx, after: i64) -> Result<Option<MarkedBlock>, StoreError> {
    let sql = "SELECT block, teachers FROM recompute_mark
               WHERE block = (SELECT min(block) FROM recompute_mark WHERE block > $1)";
    let marks = tx.fetch_rows(sql, vec![after.into()]).await?;
    let Some(block) = marks.first().map(|row| row.int("block")).transpose()? else { return Ok(None) };
    Ok(Some(MarkedBlock { block, teachers: union_marks(&marks)?.teacher_ids(block) }))
}

/// Returns which of these teachers, in order of their numbers, wait to be settled.
///
/// # Errors
/// [`StoreError`].
pub async fn marked_among(tx: &mut Tx, teachers: &[i64]) -> Result<BTreeSet<i64>, StoreError> {
    let (Some(first), Some(last)) = (teachers.first(), teachers.last()) else { return Ok(BTreeSet::new()) };
    let sql = "SELECT block, teachers FROM recompute_mark WHERE block >= $1 AND block <= $2";
    let marks = tx.fetch_rows(sql, vec![first.div_euclid(BLOCK).into(), last.div_euclid(BLOCK).into()]).await?;
    let mut marked = BTreeSet::new();
    for mark in marks.chunk_by(|a, b| a.int("block").ok() == b.int("block").ok()) {
        let Some(first) = mark.first() else { continue };
        marked.extend(union_marks(mark)?.teacher_ids(first.int("block")?));
    }
    Ok(marked)
}

/// Returns the number of the last settlement mark, or 0 if there is none.
///
/// # Errors
/// [`StoreError`].
pub async fn last_mark(tx: &mut Tx) -> Result<i64, StoreError> {
    let rows = tx.fetch_rows("SELECT coalesce(max(id), 0) AS id FROM recompute_mark", vec![]).await?;
    rows.first().map_or(Ok(0), |row| row.int("id"))
}

/// Returns the teachers who were marked after a mark, in order.
///
/// # Errors
/// [`StoreError`].
pub async fn added_since(tx: &mut Tx, mark: i64) -> Result<Vec<i64>, StoreError> {
    let marks = tx.fetch_rows("SELECT block, teachers FROM recompute_mark WHERE id > $1", vec![mark.into()]).await?;
    let mut blocks: BTreeMap<i64, TeacherSet> = BTreeMap::new();
    for row in &marks {
        blocks.entry(row.int("block")?).or_insert(TeacherSet::NONE).union_with(&row.bytes("teachers")?);
    }
    Ok(blocks.iter().flat_map(|(block, bits)| bits.teacher_ids(*block)).collect())
}

/// Removes the marks that were read. Marks that a load has added since stay.
///
/// # Errors
/// [`StoreError`].
pub async fn remove_marks(tx: &mut Tx, due: &LockedMarks) -> Result<(), StoreError> {
    tx.execute_with(
        &format!("DELETE FROM {} WHERE id IN (SELECT id FROM {{rows}})", due.of.0),
        vec![],
        Rows::new().int("id", due.marks.iter().copied().map(Some)),
    )
    .await?;
    Ok(())
}

/// Counts the teachers who wait to be settled.
///
/// # Errors
/// [`StoreError`].
pub async fn count_marked(db: &Db) -> Result<i64, StoreError> {
    let (mut total, mut after) = (0, -1);
    loop {
        let rows = db
            .fetch_rows(
                "SELECT block, teachers FROM recompute_mark WHERE block > $1 AND block <=
                   (SELECT max(block) FROM (SELECT DISTINCT block FROM recompute_mark WHERE block > $1 ORDER BY block LIMIT 10) AS few)",
                vec![after.into()],
            )
            .await?;
        if rows.is_empty() {
            return Ok(total);
        }
        let mut blocks: BTreeMap<i64, TeacherSet> = BTreeMap::new();
        for row in &rows {
            blocks.entry(row.int("block")?).or_insert(TeacherSet::NONE).union_with(&row.bytes("teachers")?);
        }
        total += blocks.values().map(TeacherSet::count_bits).sum::<i64>();
        after = blocks.keys().next_back().copied().unwrap_or(i64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sql::rows::ColumnNames;

    fn bits_at(places: &BTreeSet<i64>) -> TeacherSet {
        let mut bits = TeacherSet::NONE;
        places.iter().for_each(|place| bits.set_bit(*place));
        bits
    }

    fn any_places() -> impl Strategy<Value = BTreeSet<i64>> {
        proptest::collection::btree_set(prop_oneof![4 => 0..BLOCK, 1 => Just(0), 1 => Just(BLOCK - 1)], 0..80)
    }

    proptest! {
        #[test]
        fn teachers_come_back_from_their_bits(places in any_places(), block in 0i64..1_000_000) {
            let ids: Vec<i64> = places.iter().map(|place| block * BLOCK + place).collect();
            let bits = bits_at(&places);
            prop_assert_eq!(bits.count_bits(), i64::try_from(ids.len()).unwrap_or(-1));
            prop_assert_eq!(bits.teacher_ids(block), ids);
        }

        #[test]
        fn bits_add_up_to_the_union(sets in proptest::collection::vec(any_places(), 0..5)) {
            let mark = |set| Row {
                names: ColumnNames::new(vec!["teachers".to_owned()]).into(),
                cells: vec![bits_at(set).0.as_slice().into()],
            };
            let marks: Vec<Row> = sets.iter().map(mark).collect();
            prop_assert_eq!(union_marks(&marks).ok(), Some(bits_at(&sets.iter().flatten().copied().collect())));
        }

        #[test]
        fn a_place_outside_the_block_is_no_teacher(place in prop_oneof![i64::MIN..0, BLOCK..i64::MAX]) {
            prop_assert_eq!(bits_at(&BTreeSet::from([place])), TeacherSet::NONE);
        }
    }

    #[test]
    fn every_place_is_a_teacher_of_its_own() {
        let all: BTreeSet<i64> = (0..BLOCK).collect();
        assert_eq!(bits_at(&all).count_bits(), BLOCK);
        for place in all {
            assert_eq!(bits_at(&BTreeSet::from([place])).teacher_ids(7), [7 * BLOCK + place]);
        }
    }
}
