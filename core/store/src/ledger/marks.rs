//! Marks: which teachers wait to be settled. A load adds one row per block of 1,024 teachers, the teachers as bits.

use std::collections::BTreeMap;

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};

/// Teachers per block.
pub const BLOCK: i64 = 1_024;
const BYTES: usize = 128;

/// Some teachers of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bits([u8; BYTES]);

impl Bits {
    const NONE: Self = Self([0; BYTES]);

    fn set(&mut self, place: i64) {
        if let Ok(place) = usize::try_from(place)
            && let Some(byte) = self.0.get_mut(place / 8)
        {
            *byte |= 1 << (place % 8);
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        for (mine, other) in self.0.iter_mut().zip(bytes) {
            *mine |= other;
        }
    }

    fn count(&self) -> i64 {
        self.0.iter().map(|b| i64::from(b.count_ones())).sum()
    }

    /// The teachers, as ids.
    fn teachers(&self, block: i64) -> Vec<i64> {
        let set = |place: &i64| usize::try_from(*place).is_ok_and(|p| self.0[p / 8] >> (p % 8) & 1 == 1);
        (0..BLOCK).filter(set).map(|place| block * BLOCK + place).collect()
    }
}

/// Marks of one kind, by the table they stand in.
#[derive(Debug, Clone, Copy)]
pub struct Marks(&'static str);

/// Teachers to settle.
pub const SETTLE: Marks = Marks("settle_mark");
/// Teachers by whom claims may be found in another way than before.
pub const MATCH: Marks = Marks("match_mark");

/// Marks teachers for settling. Marks are only ever added here.
///
/// # Errors
/// [`StoreError`].
pub async fn add(tx: &mut Tx, teachers: impl Iterator<Item = i64>) -> Result<(), StoreError> {
    add_to(tx, SETTLE, teachers).await
}

/// [`add`], for marks of any kind.
///
/// # Errors
/// [`StoreError`].
pub async fn add_to(tx: &mut Tx, marks: Marks, teachers: impl Iterator<Item = i64>) -> Result<(), StoreError> {
    let mut blocks: BTreeMap<i64, Bits> = BTreeMap::new();
    for teacher in teachers {
        blocks.entry(teacher.div_euclid(BLOCK)).or_insert(Bits::NONE).set(teacher.rem_euclid(BLOCK));
    }
    let rows = Rows::new()
        .int("block", blocks.keys().copied().map(Some))
        .bytes("teachers", blocks.values().map(|b| b.0.as_slice()));
    tx.copy(marks.0, rows).await
}

/// Marks every teacher there is, as when the rules have changed.
///
/// # Errors
/// [`StoreError`].
pub async fn add_all(tx: &mut Tx, marks: Marks) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let ids = teachers_after(tx, after, 100_000).await?;
        let Some(last) = ids.last() else { return Ok(()) };
        after = *last;
        add_to(tx, marks, ids.into_iter()).await?;
    }
}

/// Teachers after one, in order.
///
/// # Errors
/// [`StoreError`].
pub async fn teachers_after(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT id FROM teacher WHERE id > $1 ORDER BY id LIMIT $2";
    tx.rows(sql, vec![after.into(), limit.into()]).await?.iter().map(|r| r.int("id")).collect()
}

/// The marks of one block, locked for whoever took it.
#[derive(Debug)]
pub struct Due {
    /// The teachers.
    pub teachers: Vec<i64>,
    of: Marks,
    marks: Vec<i64>,
}

/// Takes the first block after `after` that nobody else has.
///
/// # Errors
/// [`StoreError`].
pub async fn next(tx: &mut Tx, of: Marks, after: i64) -> Result<Option<(i64, Due)>, StoreError> {
    let mut after = after;
    loop {
        let sql = format!("SELECT block FROM {} WHERE block > $1 ORDER BY block LIMIT 1", of.0);
        let block = tx.rows(&sql, vec![after.into()]).await?;
        let Some(block) = block.first().map(|r| r.int("block")).transpose()? else { return Ok(None) };
        if tx.try_lock(of.0, block).await? {
            let sql = format!("SELECT id, teachers FROM {} WHERE block = $1", of.0);
            let marks = tx.rows(&sql, vec![block.into()]).await?;
            let due = Due {
                of,
                teachers: union(&marks)?.teachers(block),
                marks: marks.iter().map(|r| r.int("id")).collect::<Result<_, _>>()?,
            };
            return Ok(Some((block, due)));
        }
        after = block;
    }
}

fn union(marks: &[Row]) -> Result<Bits, StoreError> {
    let mut bits = Bits::NONE;
    for mark in marks {
        bits.add(&mark.bytes("teachers")?);
    }
    Ok(bits)
}

/// Teachers that wait to be settled, in the first block after one; nobody is kept from settling them.
///
/// # Errors
/// [`StoreError`].
pub async fn waiting(tx: &mut Tx, after: i64) -> Result<Option<(i64, Vec<i64>)>, StoreError> {
    let sql = "SELECT block, teachers FROM settle_mark
               WHERE block = (SELECT min(block) FROM settle_mark WHERE block > $1)";
    let marks = tx.rows(sql, vec![after.into()]).await?;
    let Some(block) = marks.first().map(|row| row.int("block")).transpose()? else { return Ok(None) };
    Ok(Some((block, union(&marks)?.teachers(block))))
}

/// The number of the last mark; 0 where there is none.
///
/// # Errors
/// [`StoreError`].
pub async fn last(tx: &mut Tx) -> Result<i64, StoreError> {
    let rows = tx.rows("SELECT coalesce(max(id), 0) AS id FROM settle_mark", vec![]).await?;
    rows.first().map_or(Ok(0), |row| row.int("id"))
}

/// The teachers that were marked since a mark, in order.
///
/// # Errors
/// [`StoreError`].
pub async fn added_since(tx: &mut Tx, mark: i64) -> Result<Vec<i64>, StoreError> {
    let marks = tx.rows("SELECT block, teachers FROM settle_mark WHERE id > $1", vec![mark.into()]).await?;
    let mut blocks: BTreeMap<i64, Bits> = BTreeMap::new();
    for row in &marks {
        blocks.entry(row.int("block")?).or_insert(Bits::NONE).add(&row.bytes("teachers")?);
    }
    Ok(blocks.iter().flat_map(|(block, bits)| bits.teachers(*block)).collect())
}

/// Removes the marks that were read; what a load has added since stays.
///
/// # Errors
/// [`StoreError`].
pub async fn remove(tx: &mut Tx, due: &Due) -> Result<(), StoreError> {
    tx.run_with(
        &format!("DELETE FROM {} WHERE id IN (SELECT id FROM {{rows}})", due.of.0),
        vec![],
        Rows::new().int("id", due.marks.iter().copied().map(Some)),
    )
    .await?;
    Ok(())
}

/// Teachers that wait to be settled.
///
/// # Errors
/// [`StoreError`].
pub async fn count(db: &Db) -> Result<i64, StoreError> {
    let (mut total, mut after) = (0, -1);
    loop {
        let rows = db
            .rows(
                "SELECT block, teachers FROM settle_mark WHERE block > $1 AND block <=
                   (SELECT max(block) FROM (SELECT DISTINCT block FROM settle_mark WHERE block > $1 ORDER BY block LIMIT 10) AS few)",
                vec![after.into()],
            )
            .await?;
        if rows.is_empty() {
            return Ok(total);
        }
        let mut blocks: BTreeMap<i64, Bits> = BTreeMap::new();
        for row in &rows {
            blocks.entry(row.int("block")?).or_insert(Bits::NONE).add(&row.bytes("teachers")?);
        }
        total += blocks.values().map(Bits::count).sum::<i64>();
        after = blocks.keys().next_back().copied().unwrap_or(i64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn bits(places: &BTreeSet<i64>) -> Bits {
        let mut bits = Bits::NONE;
        places.iter().for_each(|place| bits.set(*place));
        bits
    }

    fn places() -> impl Strategy<Value = BTreeSet<i64>> {
        proptest::collection::btree_set(prop_oneof![4 => 0..BLOCK, 1 => Just(0), 1 => Just(BLOCK - 1)], 0..80)
    }

    proptest! {
        #[test]
        fn teachers_come_back_from_their_bits(places in places(), block in 0i64..1_000_000) {
            let ids: Vec<i64> = places.iter().map(|place| block * BLOCK + place).collect();
            let bits = bits(&places);
            prop_assert_eq!(bits.count(), i64::try_from(ids.len()).unwrap_or(-1));
            prop_assert_eq!(bits.teachers(block), ids);
        }

        #[test]
        fn bits_add_up_to_the_union(sets in proptest::collection::vec(places(), 0..5)) {
            let mark = |set| Row {
                names: ["teachers".to_owned()].as_slice().into(),
                cells: vec![bits(set).0.as_slice().into()],
            };
            let marks: Vec<Row> = sets.iter().map(mark).collect();
            prop_assert_eq!(union(&marks).ok(), Some(bits(&sets.iter().flatten().copied().collect())));
        }

        #[test]
        fn a_place_outside_the_block_is_no_teacher(place in prop_oneof![i64::MIN..0, BLOCK..i64::MAX]) {
            prop_assert_eq!(bits(&BTreeSet::from([place])), Bits::NONE);
        }
    }

    #[test]
    fn every_place_is_a_teacher_of_its_own() {
        let all: BTreeSet<i64> = (0..BLOCK).collect();
        assert_eq!(bits(&all).count(), BLOCK);
        for place in all {
            assert_eq!(bits(&BTreeSet::from([place])).teachers(7), [7 * BLOCK + place]);
        }
    }
}
