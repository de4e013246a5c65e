//! Teachers by ID number: finding and creating them, and giving them another number.

use std::collections::{BTreeMap, HashMap};

use crate::admin::sealing;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_values::{IdNumber, PersonName};
use huiliu_vault::keys::Keys;

/// The blind index of an ID number.
pub(crate) type Index = [u8; 32];

/// The identifier kind of ID numbers.
const ID_NUMBER: &str = "id_number";

/// Computes the blind index of an ID number in the clear.
pub(crate) fn compute_index(keys: &Keys, id_number: &str) -> Index {
    keys.blind_index(ID_NUMBER, id_number)
}

/// Finds the teachers who have these numbers: index → teacher.
pub(crate) async fn find_teachers(tx: &mut Tx, indexes: &[Index]) -> Result<HashMap<Index, i64>, StoreError> {
    let mut teachers = HashMap::with_capacity(indexes.len());
    if indexes.is_empty() {
        return Ok(teachers);
    }
    let rows = Rows::new()
        .int("ord", (0i64..).take(indexes.len()).map(Some))
        .bytes("blind_index", indexes.iter().map(Index::as_slice));
    let found = tx
        .fetch_rows_with(
            "SELECT incoming.ord AS ord, i.teacher_id AS teacher_id FROM {rows} {join teacher_identifier i
               ON i.blind_index = incoming.blind_index AND i.kind = 'id_number'}",
            vec![],
            rows,
        )
        .await?;
    for row in &found {
        if let Some(index) = usize::try_from(row.int("ord")?).ok().and_then(|i| indexes.get(i)) {
            teachers.insert(*index, row.int("teacher_id")?);
        }
    }
    Ok(teachers)
}

/// A teacher who has one of several ID numbers, and a certain name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namesake {
    /// The teacher's number.
    pub teacher: i64,
    /// The name as it is written: by the roster, else by a record.
    pub name: String,
    /// Position of the ID number among those that were asked for.
    pub nth: usize,
}

/// Finds the teachers who have one of these ID numbers and this name: by the roster if they are on it, else by all of their records.
/// Names are compared folded. Each teacher is returned once, by number. One query for the ID numbers, and one for the names.
///
/// # Errors
/// [`StoreError`].
pub async fn find_namesakes(
    db: &Db,
    keys: &Keys,
    numbers: impl Iterator<Item = &IdNumber>,
    name: &PersonName,
) -> Result<Vec<Namesake>, StoreError> {
    let indexes: Vec<Index> = numbers.map(|number| compute_index(keys, number.reveal())).collect();
    let mut tx = db.begin_read_only().await?;
    let teachers = find_teachers(&mut tx, &indexes).await?;
    let mut nth_of: BTreeMap<i64, usize> = BTreeMap::new();
    for (nth, index) in indexes.iter().enumerate() {
        if let Some(teacher) = teachers.get(index) {
            nth_of.entry(*teacher).or_insert(nth);
        }
    }
    if nth_of.is_empty() {
        return Ok(vec![]);
    }
    let rows = tx
        .fetch_rows_with(
            "SELECT t.id AS id, min(coalesce(t.name, c.name)) AS name
             FROM {rows} {join teacher t ON t.id = incoming.id}
             {left join identity_claim c ON c.teacher_id = incoming.id AND c.name_folded = $1 AND t.name_folded IS NULL}
             WHERE coalesce(t.name_folded, c.name_folded) = $1 AND (t.name_folded IS NOT NULL
               OR NOT EXISTS (SELECT 1 FROM identity_claim o WHERE o.teacher_id = t.id AND o.name_folded <> $1))
             GROUP BY t.id ORDER BY t.id",
            vec![name.fold_for_comparison().as_str().into()],
            Rows::new().int("id", nth_of.keys().copied().map(Some)),
        )
        .await?;
    let namesake = |row: &Row| {
        let teacher = row.int("id")?;
        Ok(Namesake { teacher, name: row.text("name")?, nth: nth_of.get(&teacher).copied().unwrap_or_default() })
    };
    rows.iter().map(namesake).collect()
}

/// Finds or creates the teacher of each number. The numbers are in the clear.
pub(crate) async fn find_or_make_teachers(
    tx: &mut Tx,
    keys: &Keys,
    numbers: &BTreeMap<Index, &str>,
) -> Result<HashMap<Index, i64>, StoreError> {
    let all: Vec<Index> = numbers.keys().copied().collect();
    let mut teachers = find_teachers(tx, &all).await?;
    let missing: Vec<(&Index, &&str)> = numbers.iter().filter(|(index, _)| !teachers.contains_key(*index)).collect();
    if missing.is_empty() {
        return Ok(teachers);
    }
    let ids = tx.reserve_ids("teacher", missing.len()).await?;
    let wanted = missing.iter().zip(ids);
    let wanted: Vec<NewNumber<'_>> =
        wanted.map(|((index, number), teacher_id)| NewNumber { index: **index, number, teacher_id }).collect();
    let made = assign_numbers(tx, keys, &wanted).await?;
    tx.execute_with(
        "INSERT INTO teacher (id, origin, created_at) SELECT id, 'provisional', {now} FROM {rows} WHERE true",
        vec![],
        Rows::new().int("id", made.values().copied().map(Some)),
    )
    .await?;
    teachers.extend(made);
    // A teacher that another load created at the same moment exists by now.
    let late: Vec<Index> = all.into_iter().filter(|index| !teachers.contains_key(index)).collect();
    teachers.extend(find_teachers(tx, &late).await?);
    Ok(teachers)
}

/// A number that a teacher gets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NewNumber<'n> {
    /// The number's blind index.
    pub index: Index,
    /// The number in the clear.
    pub number: &'n str,
    /// Row id of the teacher.
    pub teacher_id: i64,
}

/// Gives teachers numbers that nobody has. A number that somebody has by now is missing from the result.
pub(crate) async fn assign_numbers(
    tx: &mut Tx,
    keys: &Keys,
    wanted: &[NewNumber<'_>],
) -> Result<HashMap<Index, i64>, StoreError> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    sealing::require_current(tx, keys).await?;
    let seal = |new: &NewNumber<'_>| keys.seal(&[b"teacher_identifier", b"sealed", &new.index], new.number.as_bytes());
    let sealed: Vec<Vec<u8>> = wanted.iter().map(seal).collect::<Result<_, _>>()?;
    let made = tx
        .fetch_rows_with(
            "INSERT INTO teacher_identifier (teacher_id, kind, blind_index, sealed, valid_from)
             SELECT teacher_id, 'id_number', blind_index, sealed, {now} FROM {rows}
             WHERE true ON CONFLICT (blind_index, kind) DO NOTHING RETURNING teacher_id, blind_index",
            vec![],
            Rows::new()
                .int("teacher_id", wanted.iter().map(|new| Some(new.teacher_id)))
                .bytes("blind_index", wanted.iter().map(|new| new.index.as_slice()))
                .bytes("sealed", sealed.iter().map(Vec::as_slice)),
        )
        .await?;
    let index = |row: &Row| {
        let index = Index::try_from(row.bytes("blind_index")?);
        Ok((index.map_err(|_| StoreError::Column { column: "blind_index".into() })?, row.int("teacher_id")?))
    };
    made.iter().map(index).collect()
}

/// Makes these the current numbers of their teachers (index → teacher), and ends the teachers' other numbers.
pub(crate) async fn end_other_numbers(tx: &mut Tx, current: &BTreeMap<Index, i64>) -> Result<(), StoreError> {
    if current.is_empty() {
        return Ok(());
    }
    let rows = || {
        Rows::new()
            .bytes("blind_index", current.keys().map(Index::as_slice))
            .int("teacher_id", current.values().copied().map(Some))
    };
    tx.execute_with(
        "UPDATE teacher_identifier SET valid_to = {now} FROM {rows}
         WHERE teacher_identifier.teacher_id = incoming.teacher_id AND teacher_identifier.kind = 'id_number'
           AND teacher_identifier.blind_index <> incoming.blind_index AND teacher_identifier.valid_to IS NULL",
        vec![],
        rows(),
    )
    .await?;
    tx.execute_with(
        "UPDATE teacher_identifier SET valid_to = NULL FROM {rows}
         WHERE teacher_identifier.blind_index = incoming.blind_index AND teacher_identifier.kind = 'id_number'
           AND teacher_identifier.valid_to IS NOT NULL",
        vec![],
        rows(),
    )
    .await?;
    Ok(())
}

/// Loads the blind index of each teacher's current ID number.
///
/// # Errors
/// [`StoreError`].
pub async fn load_blind_indexes(tx: &mut Tx, teachers: &[i64]) -> Result<HashMap<i64, Index>, StoreError> {
    let rows = Rows::new().int("id", teachers.iter().copied().map(Some));
    let found = tx
        .fetch_rows_with(
            "SELECT i.teacher_id AS teacher_id, i.blind_index AS blind_index
             FROM {rows} {join teacher_identifier i ON i.teacher_id = incoming.id}
             WHERE i.kind = 'id_number' AND i.valid_to IS NULL",
            vec![],
            rows,
        )
        .await?;
    let index = |row: &Row| {
        let index = Index::try_from(row.bytes("blind_index")?);
        Ok((row.int("teacher_id")?, index.map_err(|_| StoreError::Column { column: "blind_index".into() })?))
    };
    found.iter().map(index).collect()
}
