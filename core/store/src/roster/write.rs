//! Writes roster rows, and finds the teachers they are about.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::admin::sealing;
use crate::delivery::batch::{ClaimedBatch, Load};
use crate::delivery::classify::{Classified, NewerRecord, Overwritten, SelectedWrites, Tie, sum_losses};
use crate::delivery::load::Written;
use crate::delivery::ties;
use crate::identity::identifiers::{self, Index, NewNumber};
use crate::roster::sift::{SiftedRows, digest_name};
use crate::roster::{derive, wait};
use crate::sql::db::Tx;
use crate::sql::error::{Kept, StoreError};
use crate::sql::rows::Rows;
use huiliu_decode::RosterRow;
use huiliu_decode::roster::{Content, Person, SchoolIdentifier, SchoolMembership};
use huiliu_values::RosterKind;
use huiliu_values::calendar::shanghai_offset;
use huiliu_vault::keys::Keys;

/// The personal data of a teacher's row, sealed as JSON.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Personal {
    pub id_number: String,
    pub name: String,
    pub former_name: Option<String>,
    pub teacher_number: Option<String>,
    pub phone: Option<String>,
}

impl Personal {
    fn from_person(person: &Person) -> Self {
        Self {
            id_number: person.id_number.reveal().to_owned(),
            name: person.name.display().to_owned(),
            former_name: person.former_name.as_ref().map(|name| name.display().to_owned()),
            teacher_number: person.teacher_number.clone(),
            phone: person.phone.clone(),
        }
    }

    /// Opens a row's sealed value.
    pub(super) fn open(keys: &Keys, row_key: &[u8], sealed: &[u8]) -> Result<Self, StoreError> {
        let plain = keys.open(&[b"roster_row", b"sealed", row_key], sealed)?;
        serde_json::from_slice(&plain).map_err(|e| StoreError::unreadable_value(Kept::RosterRow)(&e))
    }
}

/// Writes new and newer rows and everything derived from them. Returns how many rows the batch wrote.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn write_rows(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &Load<'_>,
    sifted: &SiftedRows<'_>,
    classified: &mut Classified<'_, RosterRow<'_>>,
) -> Result<Written, StoreError> {
    let Overwritten { rows: lost, teachers: former, ties, late, outdated } = classified.lock_overwritten(tx).await?;
    ties::write_losses(tx, &sum_losses(&lost)).await?;
    let SelectedWrites { new, newer, moved } = classified.select_writes();
    ties::move_rows(tx, &moved).await?;
    let rows: Vec<&RosterRow<'_>> = new.iter().copied().chain(newer.iter().map(|newer| newer.record)).collect();
    if rows.is_empty() {
        ties::write_ties::<RosterRow<'_>>(tx, &classified.list_ties(&HashMap::new())).await?;
        return Ok(Written { late, outdated, overwritten: lost });
    }
    let landed = load_landed_day(tx, held).await?;
    let teachers = find_or_make_teachers(tx, keys, held, sifted, &rows).await?;
    let (of_new, of_newer) = teachers.split_at(new.len());
    let overwritten: Vec<i64> = newer.iter().map(|newer| newer.row).collect();
    let mut codes = load_school_codes(tx, &overwritten).await?;
    let ids = tx.reserve_ids("roster_row", new.len()).await?;
    let held_rows = RowContext { keys, held, load, sifted, landed };
    sealing::require_current(tx, keys).await?;
    held_rows.insert_rows(tx, &ids, &new, of_new).await?;
    held_rows.update_rows(tx, &newer, of_newer).await?;
    let written = new.iter().map(|row| row.row_key).zip(ids.iter().copied());
    let written = written.chain(newer.iter().map(|newer| (newer.record.row_key, newer.row))).collect();
    let ties: Vec<Tie> = ties.into_iter().chain(classified.list_ties(&written)).collect();
    ties::write_ties::<RosterRow<'_>>(tx, &ties).await?;
    let mut concerned: BTreeSet<i64> = teachers.iter().copied().flatten().chain(former).collect();
    concerned.extend(link_memberships(tx, held, &rows, &teachers).await?);
    let mut refs = BTreeMap::new();
    for row in &rows {
        if let Content::School(school) = &row.content {
            codes.insert(school.code.clone());
            refs.extend(school.school_ref.clone().map(|own| (own, school.code.clone())));
        }
    }
    concerned.extend(link_schools(tx, held, &refs).await?);
    derive::derive_schools(tx, &codes).await?;
    derive::derive_teachers(tx, keys, &concerned.into_iter().collect::<Vec<_>>()).await?;
    let persons = rows.iter().filter_map(|row| match &row.content {
        Content::Teacher(person, _) => person.teacher_ref.as_deref(),
        _ => None,
    });
    wait::mark_ready(tx, held, &codes, &refs, &persons.collect()).await?;
    Ok(Written { late, outdated, overwritten: lost })
}

/// Returns the day on which the batch's payload landed, in Asia/Shanghai.
async fn load_landed_day(tx: &mut Tx, held: &ClaimedBatch) -> Result<NaiveDate, StoreError> {
    let rows = tx.fetch_rows("SELECT landed_at FROM payload WHERE id = $1", vec![held.payload_id.into()]).await?;
    let at = rows.first().ok_or_else(|| StoreError::Column { column: "payload".into() })?.int("landed_at")?;
    let day = DateTime::from_timestamp_micros(at)
        .zip(shanghai_offset())
        .map(|(at, zone)| at.with_timezone(&zone).date_naive());
    day.ok_or_else(|| StoreError::Column { column: "landed_at".into() })
}

/// Loads the codes of the schools that these rows describe.
async fn load_school_codes(tx: &mut Tx, ids: &[i64]) -> Result<BTreeSet<String>, StoreError> {
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows = Rows::new().int("id", ids.iter().copied().map(Some));
    let sql =
        "SELECT r.school_code AS code FROM {rows} {join roster_row r ON r.id = incoming.id} WHERE r.kind = 'school'";
    tx.fetch_rows_with(sql, vec![], rows).await?.iter_mut().map(|row| row.take_text("code")).collect()
}

/// A person of a row who is a known teacher.
struct LinkedPerson<'r> {
    /// Blind index of the ID number in the row.
    index: Index,
    person: &'r Person,
    teacher_id: i64,
}

/// Finds or creates the teacher of each row. `None` for a school, and for a person without a membership.
async fn find_or_make_teachers(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    sifted: &SiftedRows<'_>,
    rows: &[&RosterRow<'_>],
) -> Result<Vec<Option<i64>>, StoreError> {
    let named = load_refs_with_membership(tx, held, rows).await?;
    let on_roster = |person: &Person, post: &SchoolMembership| {
        post.school.is_some() || person.teacher_ref.as_ref().is_some_and(|own| named.contains(own))
    };
    let persons = load_persons(tx, keys, held, rows).await?;
    let (mut numbers, mut linked) = (BTreeMap::new(), Vec::new());
    for row in rows {
        let Content::Teacher(person, post) = &row.content else { continue };
        if !on_roster(person, post) {
            continue;
        }
        let index = identifiers::compute_index(keys, person.id_number.reveal());
        match sifted.teachers.get(&index) {
            Some(teacher) => linked.push(LinkedPerson { index, person, teacher_id: *teacher }),
            None => drop(numbers.insert(index, person.id_number.reveal())),
        }
    }
    numbers.extend(persons.values().filter(|p| p.teacher.is_none()).map(|p| (p.index, p.id_number.as_str())));
    let mut teachers = identifiers::find_or_make_teachers(tx, keys, &numbers).await?;
    teachers.extend(linked.iter().map(|of| (of.index, of.teacher_id)));
    assign_new_numbers(tx, keys, &linked).await?;
    link_persons(tx, held, &persons, &teachers).await?;
    let of = |row: &&RosterRow<'_>| match &row.content {
        Content::Teacher(person, post) if on_roster(person, post) => {
            teachers.get(&identifiers::compute_index(keys, person.id_number.reveal())).copied()
        }
        Content::Membership { person: own, .. } => {
            persons.get(own).and_then(|p| p.teacher.or_else(|| teachers.get(&p.index).copied()))
        }
        _ => None,
    };
    Ok(rows.iter().map(of).collect())
}

/// Gives known teachers the numbers in their rows, and keeps their earlier numbers as former ones.
async fn assign_new_numbers(tx: &mut Tx, keys: &Keys, linked: &[LinkedPerson<'_>]) -> Result<(), StoreError> {
    let mut wanted: Vec<NewNumber<'_>> = Vec::new();
    for &LinkedPerson { index, person, teacher_id } in linked {
        wanted.push(NewNumber { index, number: person.id_number.reveal(), teacher_id });
        let former = person.former_id_number.as_ref().map(|id| id.reveal());
        wanted.extend(former.map(|number| NewNumber {
            index: identifiers::compute_index(keys, number),
            number,
            teacher_id,
        }));
    }
    let all: Vec<Index> = wanted.iter().map(|new| new.index).collect();
    let known = identifiers::find_teachers(tx, &all).await?;
    wanted.retain(|new| !known.contains_key(&new.index));
    wanted.sort_unstable();
    wanted.dedup();
    let given = identifiers::assign_numbers(tx, keys, &wanted).await?;
    let changed: HashSet<i64> = given.values().copied().collect();
    let current: BTreeMap<Index, i64> =
        linked.iter().filter(|of| changed.contains(&of.teacher_id)).map(|of| (of.index, of.teacher_id)).collect();
    identifiers::end_other_numbers(tx, &current).await
}

/// Loads which persons among these rows have a membership in another row, by the source's own id.
async fn load_refs_with_membership(
    tx: &mut Tx,
    held: &ClaimedBatch,
    rows: &[&RosterRow<'_>],
) -> Result<HashSet<String>, StoreError> {
    let own: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| match &row.content {
            Content::Teacher(person, post) if post.school.is_none() => person.teacher_ref.as_deref(),
            _ => None,
        })
        .collect();
    if own.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = "SELECT DISTINCT r.teacher_ref AS teacher_ref FROM {rows} {join roster_row r
                 ON r.source_id = $1 AND r.teacher_ref = incoming.teacher_ref AND r.kind = 'membership'}";
    let relation = Rows::new().text("teacher_ref", own.into_iter().map(Some));
    let found = tx.fetch_rows_with(sql, vec![held.source_id.into()], relation).await?;
    found.into_iter().map(|mut row| row.take_text("teacher_ref")).collect()
}

/// A person named by memberships.
struct NamedPerson {
    index: Index,
    id_number: String,
    teacher: Option<i64>,
}

/// Loads the persons whom the memberships among these rows name, by the source's own id; the newest row of each.
async fn load_persons(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    rows: &[&RosterRow<'_>],
) -> Result<HashMap<String, NamedPerson>, StoreError> {
    let own: BTreeSet<&str> = rows
        .iter()
        .filter_map(
            |row| if let Content::Membership { person: own, .. } = &row.content { Some(own.as_str()) } else { None },
        )
        .collect();
    if own.is_empty() {
        return Ok(HashMap::new());
    }
    let sql =
        "SELECT r.teacher_ref AS teacher_ref, r.teacher_id AS teacher_id, r.row_key AS row_key, r.sealed AS sealed,
                 r.blind_index AS blind_index FROM {rows} {join roster_row r
                 ON r.source_id = $1 AND r.teacher_ref = incoming.teacher_ref AND r.kind = 'teacher'}
               ORDER BY r.source_version, r.id";
    let relation = Rows::new().text("teacher_ref", own.into_iter().map(Some));
    let mut persons = HashMap::new();
    for mut row in tx.fetch_rows_with(sql, vec![held.source_id.into()], relation).await? {
        let personal = Personal::open(keys, &row.bytes("row_key")?, &row.bytes("sealed")?)?;
        let index = Index::try_from(row.bytes("blind_index")?).unwrap_or([0; 32]);
        let person = NamedPerson { index, id_number: personal.id_number, teacher: row.opt_int("teacher_id")? };
        persons.insert(row.take_text("teacher_ref")?, person);
    }
    Ok(persons)
}

/// Links the rows of persons who have just become teachers.
async fn link_persons(
    tx: &mut Tx,
    held: &ClaimedBatch,
    persons: &HashMap<String, NamedPerson>,
    teachers: &HashMap<Index, i64>,
) -> Result<(), StoreError> {
    let new: Vec<(&str, i64)> = persons
        .iter()
        .filter(|(_, p)| p.teacher.is_none())
        .filter_map(|(own, p)| Some((own.as_str(), *teachers.get(&p.index)?)))
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    tx.execute_with(
        "UPDATE roster_row SET teacher_id = incoming.teacher_id FROM {rows}
         WHERE roster_row.source_id = $1 AND roster_row.teacher_ref = incoming.teacher_ref AND roster_row.kind = 'teacher'",
        vec![held.source_id.into()],
        Rows::new()
            .text("teacher_ref", new.iter().map(|(own, _)| Some(*own)))
            .int("teacher_id", new.iter().map(|(_, teacher)| Some(*teacher))),
    )
    .await?;
    Ok(())
}

/// Links memberships to the teachers of their persons. Returns the teachers who lose one.
async fn link_memberships(
    tx: &mut Tx,
    held: &ClaimedBatch,
    rows: &[&RosterRow<'_>],
    teachers: &[Option<i64>],
) -> Result<Vec<i64>, StoreError> {
    let persons: BTreeMap<&str, i64> = rows
        .iter()
        .zip(teachers)
        .filter_map(|(row, teacher)| match &row.content {
            Content::Teacher(person, _) => Some((person.teacher_ref.as_deref()?, (*teacher)?)),
            _ => None,
        })
        .collect();
    if persons.is_empty() {
        return Ok(vec![]);
    }
    let relation = || {
        Rows::new()
            .text("teacher_ref", persons.keys().map(|own| Some(*own)))
            .int("teacher_id", persons.values().copied().map(Some))
    };
    let of = vec![held.source_id.into()];
    let sql = "SELECT r.teacher_id AS teacher_id FROM {rows} {join roster_row r
                 ON r.source_id = $1 AND r.teacher_ref = incoming.teacher_ref AND r.kind = 'membership'
                   AND r.teacher_id <> incoming.teacher_id}";
    let former = tx.fetch_rows_with(sql, of.clone(), relation()).await?;
    if !former.is_empty() {
        let sql = "UPDATE roster_row SET teacher_id = incoming.teacher_id FROM {rows} WHERE roster_row.source_id = $1
                     AND roster_row.teacher_ref = incoming.teacher_ref AND roster_row.kind = 'membership'";
        tx.execute_with(sql, of, relation()).await?;
    }
    former.iter().map(|row| row.int("teacher_id")).collect()
}

/// Updates the school code of rows that name a school by the source's own id. Returns the teachers concerned.
async fn link_schools(
    tx: &mut Tx,
    held: &ClaimedBatch,
    refs: &BTreeMap<String, String>,
) -> Result<Vec<i64>, StoreError> {
    if refs.is_empty() {
        return Ok(vec![]);
    }
    let relation = Rows::new()
        .text("school_ref", refs.keys().map(|own| Some(own.as_str())))
        .text("school_code", refs.values().map(|code| Some(code.as_str())));
    let sql = "UPDATE roster_row SET school_code = incoming.school_code FROM {rows} WHERE roster_row.source_id = $1
                 AND roster_row.school_ref = incoming.school_ref AND roster_row.kind <> 'school'
                 AND roster_row.school_code <> incoming.school_code RETURNING roster_row.teacher_id AS teacher_id";
    let moved = tx.fetch_rows_with(sql, vec![held.source_id.into()], relation).await?;
    moved.iter().filter_map(|row| row.opt_int("teacher_id").transpose()).collect()
}

/// The values that writing any row of a batch needs.
struct RowContext<'w> {
    keys: &'w Keys,
    held: &'w ClaimedBatch,
    load: &'w Load<'w>,
    sifted: &'w SiftedRows<'w>,
    landed: NaiveDate,
}

/// The computed columns of one row.
#[derive(Default)]
struct RowColumns {
    kind: Option<RosterKind>,
    as_of: String,
    blind_index: Option<Index>,
    name_digest: Option<[u8; 16]>,
    teacher_ref: Option<String>,
    school_ref: Option<String>,
    school_code: Option<String>,
    school_name: Option<String>,
    region_code: Option<String>,
    successor_code: Option<String>,
    from: Option<String>,
    to: Option<String>,
    position: Option<String>,
    stage: Option<String>,
    sealed: Option<Vec<u8>>,
}

impl RowContext<'_> {
    async fn insert_rows(
        &self,
        tx: &mut Tx,
        ids: &[i64],
        new: &[&RosterRow<'_>],
        teachers: &[Option<i64>],
    ) -> Result<(), StoreError> {
        let made = self.compute_all_columns(new)?;
        let always = |v: i64| std::iter::repeat_n(Some(v), new.len());
        let rows = Rows::new()
            .int("id", ids.iter().copied().map(Some))
            .int("institution_id", always(self.held.institution_id))
            .int("source_id", always(self.held.source_id))
            .text("stream", std::iter::repeat_n(Some(self.held.stream.as_str()), new.len()))
            .bytes("row_key", new.iter().map(|row| row.row_key.as_slice()));
        tx.insert_rows("roster_row", self.add_content_columns(rows, new, teachers, &made)).await
    }

    async fn update_rows(
        &self,
        tx: &mut Tx,
        newer: &[NewerRecord<'_, RosterRow<'_>>],
        teachers: &[Option<i64>],
    ) -> Result<(), StoreError> {
        if newer.is_empty() {
            return Ok(());
        }
        let rows: Vec<&RosterRow<'_>> = newer.iter().map(|newer| newer.record).collect();
        let made = self.compute_all_columns(&rows)?;
        let ids = Rows::new().int("id", newer.iter().map(|newer| Some(newer.row)));
        let relation = self.add_content_columns(ids, &rows, teachers, &made);
        let set: Vec<String> =
            relation.column_names().skip(1).map(|name| format!("{name} = incoming.{name}")).collect();
        let sql = format!(
            "UPDATE roster_row SET flagged = CASE WHEN roster_row.source_version = incoming.source_version THEN roster_row.flagged ELSE 0 END,
               confirmed_batch = NULL, confirmed_row = NULL, {}
             FROM {{rows}} WHERE roster_row.id = incoming.id",
            set.join(", ")
        );
        tx.execute_with(&sql, vec![], relation).await?;
        Ok(())
    }

    fn compute_all_columns(&self, rows: &[&RosterRow<'_>]) -> Result<Vec<RowColumns>, StoreError> {
        rows.iter().map(|row| self.compute_columns(row)).collect()
    }

    fn compute_columns(&self, row: &RosterRow<'_>) -> Result<RowColumns, StoreError> {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string());
        let as_of = row.as_of.unwrap_or(self.landed);
        let mut made = RowColumns { as_of: as_of.to_string(), ..RowColumns::default() };
        if let Some(post) = row.post() {
            // A membership that ended on an unknown day ends on the day of the row, but not before its first day.
            let ended = post.ended.then(|| post.from.map_or(as_of, |from| from.max(as_of)));
            (made.from, made.to) = (day(post.from), day(post.to.or(ended)));
            (made.position, made.stage) = (post.position.clone(), post.stage.clone());
            made.school_code = post.school.as_ref().and_then(|named| self.sifted.school_code(named)).map(str::to_owned);
            made.school_ref = match &post.school {
                Some(SchoolIdentifier::Ref(own)) => Some(own.clone()),
                _ => None,
            };
        }
        match &row.content {
            Content::Teacher(person, _) => {
                made.kind = Some(RosterKind::Teacher);
                made.blind_index = Some(identifiers::compute_index(self.keys, person.id_number.reveal()));
                made.name_digest = Some(digest_name(self.keys, &person.name.fold_for_comparison()));
                made.teacher_ref.clone_from(&person.teacher_ref);
                let plain = serde_json::to_vec(&Personal::from_person(person)).unwrap_or_default();
                made.sealed = Some(self.keys.seal(&[b"roster_row", b"sealed", &row.row_key], &plain)?);
            }
            Content::Membership { person: own, .. } => {
                made.kind = Some(RosterKind::Membership);
                made.teacher_ref = Some(own.clone());
            }
            Content::School(school) => {
                made.kind = Some(RosterKind::School);
                (made.from, made.to) = (day(school.from), day(school.to));
                made.school_code = Some(school.code.clone());
                made.school_ref.clone_from(&school.school_ref);
                made.school_name = Some(school.name.clone());
                made.region_code.clone_from(&school.region_code);
                made.successor_code.clone_from(&school.successor_code);
            }
        }
        Ok(made)
    }

    /// Adds the columns that a newer version overwrites.
    fn add_content_columns<'r>(
        &self,
        rows: Rows<'r>,
        all: &[&'r RosterRow<'_>],
        teachers: &[Option<i64>],
        made: &'r [RowColumns],
    ) -> Rows<'r> {
        let always = |v: i64| std::iter::repeat_n(Some(v), all.len());
        let text = |of: fn(&'r RowColumns) -> Option<&'r str>| made.iter().map(of).collect::<Vec<_>>();
        rows.bytes("record_key", all.iter().map(|row| row.record_key.as_slice()))
            .text("kind", made.iter().map(|m| m.kind.map(RosterKind::as_str)))
            .int("source_version", all.iter().map(|row| Some(row.source_version)))
            .int("activation", always(self.load.activation))
            .int("row_index", all.iter().map(|row| Some(row.index.into())))
            .bytes("content_digest", all.iter().map(|row| row.content_digest.as_slice()))
            .text("as_of", text(|m| Some(m.as_of.as_str())))
            .int("teacher_id", teachers.iter().copied())
            .opt_bytes("blind_index", made.iter().map(|m| m.blind_index.as_ref().map(Index::as_slice)))
            .opt_bytes("name_digest", made.iter().map(|m| m.name_digest.as_ref().map(<[u8; 16]>::as_slice)))
            .text("teacher_ref", text(|m| m.teacher_ref.as_deref()))
            .text("school_ref", text(|m| m.school_ref.as_deref()))
            .text("school_code", text(|m| m.school_code.as_deref()))
            .text("school_name", text(|m| m.school_name.as_deref()))
            .text("region_code", text(|m| m.region_code.as_deref()))
            .text("successor_code", text(|m| m.successor_code.as_deref()))
            .text("span_from", text(|m| m.from.as_deref()))
            .text("span_to", text(|m| m.to.as_deref()))
            .text("position", text(|m| m.position.as_deref()))
            .text("stage", text(|m| m.stage.as_deref()))
            .opt_bytes("sealed", made.iter().map(|m| m.sealed.as_deref()))
            .int("manifest_version", always(self.load.manifest_version))
            .int("batch_id", always(self.held.id))
            .text("address", all.iter().map(|row| Some(row.address.as_str())))
    }
}
