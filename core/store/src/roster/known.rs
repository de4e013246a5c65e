//! The stored state of some teachers, loaded in sets, for comparing two moments.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_values::IdNumber;
use huiliu_vault::keys::Keys;

/// A membership, for comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KnownMembership {
    /// Code of the school.
    pub school: String,
    /// First day; `None` if unknown.
    pub from: Option<String>,
    /// Last day; `None` if unknown or not ended.
    pub to: Option<String>,
}

/// A teacher, for comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownTeacher {
    /// Whether the teacher is on the roster.
    pub on_roster: bool,
    /// The name on the roster.
    pub name: Option<String>,
    /// `male` or `female`.
    pub sex: Option<String>,
    /// Birth date, from the ID number.
    pub birth_date: Option<String>,
    /// Whether rows of one version give the ID number two different names.
    pub contested: bool,
    /// Memberships in order of time.
    pub memberships: Vec<KnownMembership>,
}

fn teacher_relation(ids: &[i64]) -> Rows<'static> {
    Rows::new().int("teacher_id", ids.iter().copied().map(Some))
}

/// Loads these teachers; teachers that do not exist yet are missing from the result.
///
/// # Errors
/// [`StoreError`].
pub async fn load_teachers(tx: &mut Tx, ids: &[i64]) -> Result<BTreeMap<i64, KnownTeacher>, StoreError> {
    let sql = "SELECT t.id, t.origin, t.name, t.sex, t.birth_date, t.contested
               FROM {rows} {join teacher t ON t.id = incoming.teacher_id}";
    let mut known = BTreeMap::new();
    for row in tx.fetch_rows_with(sql, vec![], teacher_relation(ids)).await? {
        let teacher = KnownTeacher {
            on_roster: row.text("origin")? == "roster",
            name: row.opt_text("name")?,
            sex: row.opt_text("sex")?,
            birth_date: row.opt_text("birth_date")?,
            contested: row.int("contested")? == 1,
            memberships: vec![],
        };
        known.insert(row.int("id")?, teacher);
    }
    let sql = "SELECT m.teacher_id, m.school_code, m.valid_from, m.valid_to
               FROM {rows} {join membership m ON m.teacher_id = incoming.teacher_id}
               ORDER BY m.teacher_id, coalesce(m.valid_from, ''), m.school_code";
    for row in tx.fetch_rows_with(sql, vec![], teacher_relation(ids)).await? {
        let (from, to) = (row.opt_text("valid_from")?, row.opt_text("valid_to")?);
        let post = KnownMembership { school: row.text("school_code")?, from, to };
        known.entry(row.int("teacher_id")?).or_default().memberships.push(post);
    }
    Ok(known)
}

/// What these teachers are called: by the roster, else by one of their records.
///
/// # Errors
/// [`StoreError`].
pub async fn names(tx: &mut Tx, ids: &[i64]) -> Result<BTreeMap<i64, String>, StoreError> {
    let sql = "SELECT t.id AS id, coalesce(t.name, (SELECT min(c.name) FROM identity_claim c WHERE c.teacher_id = t.id)) AS name
               FROM {rows} {join teacher t ON t.id = incoming.teacher_id}";
    let rows = tx.fetch_rows_with(sql, vec![], teacher_relation(ids)).await?;
    let named = rows.iter().map(|row| Ok((row.int("id")?, row.opt_text("name")?)));
    let named: Vec<(i64, Option<String>)> = named.collect::<Result<_, StoreError>>()?;
    Ok(named.into_iter().filter_map(|(id, name)| Some((id, name?))).collect())
}

/// Loads the current ID numbers of these teachers, masked.
///
/// # Errors
/// [`StoreError`].
pub async fn load_id_numbers(tx: &mut Tx, keys: &Keys, ids: &[i64]) -> Result<BTreeMap<i64, String>, StoreError> {
    let sql = "SELECT i.teacher_id, i.blind_index, i.sealed FROM {rows}
               {join teacher_identifier i ON i.teacher_id = incoming.teacher_id AND i.kind = 'id_number' AND i.valid_to IS NULL}";
    let rows = tx.fetch_rows_with(sql, vec![], teacher_relation(ids)).await?;
    rows.iter().map(|row| Ok((row.int("teacher_id")?, open_masked(keys, row)?))).collect()
}

/// Opens an identifier's row and masks the number.
pub(super) fn open_masked(keys: &Keys, row: &Row) -> Result<String, StoreError> {
    let index = row.bytes("blind_index")?;
    let plain = keys.open(&[b"teacher_identifier", b"sealed", &index], &row.bytes("sealed")?)?;
    let number = String::from_utf8(plain).ok().and_then(|text| IdNumber::parse(&text).ok());
    Ok(number.map_or_else(|| "***".to_owned(), |number| number.to_string()))
}
