//! What the store knows of some teachers at one moment, in sets, for comparing two moments.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_values::IdNumber;
use huiliu_vault::keys::Keys;

/// A membership, as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Post {
    /// School code.
    pub school: String,
    /// First day.
    pub from: Option<String>,
    /// Last day.
    pub to: Option<String>,
}

/// A teacher, as the store knows one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether the roster knows the teacher.
    pub on_roster: bool,
    /// Name.
    pub name: Option<String>,
    /// `male` or `female`.
    pub sex: Option<String>,
    /// Birth date.
    pub birth_date: Option<String>,
    /// Whether rows of one version give the ID number two names.
    pub contested: bool,
    /// Memberships, in order.
    pub memberships: Vec<Post>,
}

fn of(ids: &[i64]) -> Rows<'static> {
    Rows::new().int("teacher_id", ids.iter().copied().map(Some))
}

/// These teachers; who is not there yet is not in it.
///
/// # Errors
/// [`StoreError`].
pub async fn known(tx: &mut Tx, ids: &[i64]) -> Result<BTreeMap<i64, Known>, StoreError> {
    let sql = "SELECT t.id, t.origin, t.name, t.sex, t.birth_date, t.contested
               FROM {rows} {join teacher t ON t.id = incoming.teacher_id}";
    let mut known = BTreeMap::new();
    for row in tx.rows_with(sql, vec![], of(ids)).await? {
        let teacher = Known {
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
    for row in tx.rows_with(sql, vec![], of(ids)).await? {
        let (from, to) = (row.opt_text("valid_from")?, row.opt_text("valid_to")?);
        let post = Post { school: row.text("school_code")?, from, to };
        known.entry(row.int("teacher_id")?).or_default().memberships.push(post);
    }
    Ok(known)
}

/// The ID numbers of these teachers that are theirs now, masked.
///
/// # Errors
/// [`StoreError`].
pub async fn id_numbers(tx: &mut Tx, keys: &Keys, ids: &[i64]) -> Result<BTreeMap<i64, String>, StoreError> {
    let sql = "SELECT i.teacher_id, i.blind_index, i.sealed FROM {rows}
               {join teacher_identifier i ON i.teacher_id = incoming.teacher_id AND i.kind = 'id_number' AND i.valid_to IS NULL}";
    let rows = tx.rows_with(sql, vec![], of(ids)).await?;
    rows.iter().map(|row| Ok((row.int("teacher_id")?, masked(keys, row)?))).collect()
}

/// An identifier's row, opened and masked.
pub(super) fn masked(keys: &Keys, row: &Row) -> Result<String, StoreError> {
    let index = row.bytes("blind_index")?;
    let plain = keys.open(&[b"teacher_identifier", b"sealed", &index], &row.bytes("sealed")?)?;
    let number = String::from_utf8(plain).ok().and_then(|text| IdNumber::parse(&text).ok());
    Ok(number.map_or_else(|| "***".to_owned(), |number| number.to_string()))
}
