//! What the roster says about its teachers, as the input of matching.

use std::collections::{BTreeSet, HashMap};

use crate::roster::derive::RowAge;
use crate::roster::write::Personal;
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;
use huiliu_matching::{PersonDetails, Role};
use huiliu_values::IdNumber;
use huiliu_values::id_number::Sex;
use huiliu_vault::keys::Keys;

/// Loads what the newest row of each teacher says, with the school of the last membership. Teachers without a row are
/// missing from the result.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn load_person_details(
    tx: &mut Tx,
    keys: &Keys,
    ids: &[i64],
) -> Result<HashMap<i64, PersonDetails>, StoreError> {
    let mut newest: HashMap<i64, (RowAge, Personal)> = HashMap::with_capacity(ids.len());
    let mut former: HashMap<i64, BTreeSet<String>> = HashMap::new();
    let rows = tx
        .fetch_rows_with(
            "SELECT r.teacher_id AS teacher_id, r.as_of AS as_of, r.source_version AS source_version,
                    r.row_key AS row_key, r.sealed AS sealed
             FROM {rows} {join roster_row r ON r.teacher_id = incoming.teacher_id} WHERE r.kind = 'teacher'",
            vec![],
            Rows::new().int("teacher_id", ids.iter().copied().map(Some)),
        )
        .await?;
    for row in &rows {
        let (teacher, key) = (row.int("teacher_id")?, row.bytes("row_key")?);
        let personal = Personal::open(keys, &key, &row.bytes("sealed")?)?;
        former.entry(teacher).or_default().extend(personal.former_name.clone());
        let age = RowAge { as_of: row.text("as_of")?, version: row.int("source_version")?, row_key: key };
        if newest.get(&teacher).is_none_or(|(before, _)| age > *before) {
            newest.insert(teacher, (age, personal));
        }
    }
    let posts = load_last_schools(tx, &newest.keys().copied().collect::<Vec<_>>()).await?;
    let schools = load_school_names(tx, &posts.values().map(String::as_str).collect()).await?;
    let told = |(teacher, (_, personal)): (i64, (RowAge, Personal))| {
        let mut told = PersonDetails::default();
        told.add_text(Role::Name, &personal.name);
        former.remove(&teacher).unwrap_or_default().iter().for_each(|name| told.add_text(Role::FormerName, name));
        told.add_text(Role::IdNumber, &personal.id_number);
        if let Ok(id) = IdNumber::parse(&personal.id_number) {
            told.add_text(Role::BirthDate, &id.birth_date().to_string());
            told.add_text(Role::Sex, if id.sex() == Sex::Male { "male" } else { "female" });
        }
        told.add_text(Role::TeacherNumber, personal.teacher_number.as_deref().unwrap_or_default());
        told.add_text(Role::Phone, personal.phone.as_deref().unwrap_or_default());
        if let Some(code) = posts.get(&teacher) {
            told.add_text(Role::SchoolCode, code);
            let (name, region) = schools.get(code).map_or(("", ""), |(name, region)| (name, region));
            told.add_text(Role::School, name);
            told.add_text(Role::Region, region);
        }
        (teacher, told)
    };
    Ok(newest.into_iter().map(told).collect())
}

/// Teacher → code of the school of the membership that ends last; open memberships end after all others.
async fn load_last_schools(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT m.teacher_id AS teacher_id, m.school_code AS code
             FROM {rows} {join membership m ON m.teacher_id = incoming.teacher_id}
             ORDER BY coalesce(m.valid_to, '9999'), coalesce(m.valid_from, ''), m.school_code",
            vec![],
            Rows::new().int("teacher_id", ids.iter().copied().map(Some)),
        )
        .await?;
    rows.iter().map(|row| Ok((row.int("teacher_id")?, row.text("code")?))).collect()
}

/// School code → its last name and division.
async fn load_school_names(
    tx: &mut Tx,
    codes: &BTreeSet<&str>,
) -> Result<HashMap<String, (String, String)>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT n.school_code AS code, n.name AS name, n.region_code AS region
             FROM {rows} {join school_name n ON n.school_code = incoming.code}
             ORDER BY coalesce(n.valid_to, '9999'), coalesce(n.valid_from, ''), n.name",
            vec![],
            Rows::new().text("code", codes.iter().copied().map(Some)),
        )
        .await?;
    rows.iter()
        .map(|row| Ok((row.text("code")?, (row.text("name")?, row.opt_text("region")?.unwrap_or_default()))))
        .collect()
}
