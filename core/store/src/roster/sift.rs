//! Finds roster rows that are valid by themselves but cannot be loaded yet: the ID number is another teacher's, or the
//! school or person is unknown. Runs a few queries for all rows of a batch.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::delivery::batch::{ClaimedBatch, Load};
use crate::identity::identifiers::{self, Index};
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;
use huiliu_decode::roster::{Content, SchoolIdentifier};
use huiliu_decode::{Expected, Parked, Problem, RosterRow};
use huiliu_manifest::Field;
use huiliu_vault::keys::Keys;

/// What a row is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingReference {
    /// `school_code`, `school_ref` or `teacher_ref`; the last two are the source's own ids.
    pub what: &'static str,
    /// The missing code, or the missing id at the source.
    pub value: String,
}

/// What a dead letter waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait {
    /// Record key of the row that is kept as a dead letter.
    pub dead_letter_key: [u8; 16],
    /// What its row is missing.
    pub need: MissingReference,
}

/// The rows of a batch, separated into those that can be loaded and those that must be parked.
#[derive(Debug)]
pub struct SiftedRows<'l> {
    rows: Vec<(&'l RosterRow<'l>, Vec<Problem>)>,
    /// What the rows that must be parked are missing.
    pub waits: BTreeSet<Wait>,
    /// The source's own id of a school → code.
    pub(super) school_refs: HashMap<String, String>,
    /// Blind index of a row's ID number → the teacher who has this number or the row's former one.
    pub(super) teachers: HashMap<Index, i64>,
}

impl<'l> SiftedRows<'l> {
    /// Returns the rows that can be loaded.
    pub fn loadable_rows(&self) -> impl Iterator<Item = &'l RosterRow<'l>> {
        self.rows.iter().filter(|(_, problems)| problems.is_empty()).map(|(row, _)| *row)
    }

    /// Returns the other rows, as dead letters.
    pub fn parked_rows(&self) -> impl Iterator<Item = Parked<'l>> {
        let told = |row: &'l RosterRow<'l>, problems: &[Problem]| row.to_parked(problems.to_vec());
        self.rows.iter().filter(|(_, problems)| !problems.is_empty()).map(move |(row, problems)| told(row, problems))
    }

    /// Returns the code of the school that a row names.
    pub(super) fn school_code<'s>(&'s self, named: &'s SchoolIdentifier) -> Option<&'s str> {
        match named {
            SchoolIdentifier::Code(code) => Some(code),
            SchoolIdentifier::Ref(own) => self.school_refs.get(own).map(String::as_str),
        }
    }
}

/// The columns of a stored row that are compared.
struct Other {
    source_id: i64,
    stream: String,
    source_version: i64,
    teacher_id: Option<i64>,
    blind_index: Index,
    name_digest: Vec<u8>,
}

/// The values of a person that are compared.
struct ComparedPerson<'l> {
    /// The row's position in the batch.
    nth: usize,
    row: &'l RosterRow<'l>,
    index: Index,
    former: Option<Index>,
    name: [u8; 16],
    former_name: Option<[u8; 16]>,
}

/// Computes the keyed digest of a folded name.
pub(super) fn digest_name(keys: &Keys, folded: &str) -> [u8; 16] {
    keys.short_digest(&[b"roster name", folded.as_bytes()])
}

/// Sifts the rows of a batch. Locks nothing; a caller that writes the rows must call [`crate::roster::lock_roster`]
/// first.
///
/// # Errors
/// [`StoreError`].
pub async fn sift_rows<'l>(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &'l Load<'_>,
) -> Result<SiftedRows<'l>, StoreError> {
    let rows: Vec<(&RosterRow<'l>, Vec<Problem>)> = load.roster.iter().map(|row| (&**row, vec![])).collect();
    let mut sifted = SiftedRows { rows, waits: BTreeSet::new(), school_refs: HashMap::new(), teachers: HashMap::new() };
    let codes = load_known_schools(tx, held, &mut sifted).await?;
    let persons = load_known_persons(tx, held, &sifted).await?;
    let mut waits = BTreeSet::new();
    for (row, problems) in &mut sifted.rows {
        let need = find_needs(row, &codes, &sifted.school_refs, &persons);
        for (field, need) in need {
            let expected = if field == Field::TeacherRef { Expected::KnownPerson } else { Expected::KnownSchool };
            let code = format!("{}.unknown", field.code());
            problems.push(Problem::new(code, field.code(), &need.value, &expected));
            waits.insert(Wait { dead_letter_key: row.record_key, need });
        }
    }
    sifted.waits = waits;
    check_id_numbers(tx, keys, held, &mut sifted).await?;
    Ok(sifted)
}

fn find_needs(
    row: &RosterRow<'_>,
    codes: &HashSet<String>,
    refs: &HashMap<String, String>,
    persons: &HashSet<String>,
) -> Vec<(Field, MissingReference)> {
    let mut needs = vec![];
    match row.post().and_then(|post| post.school.as_ref()) {
        Some(SchoolIdentifier::Code(code)) if !codes.contains(code) => {
            needs.push((Field::SchoolCode, MissingReference { what: "school_code", value: code.clone() }));
        }
        Some(SchoolIdentifier::Ref(own)) if !refs.contains_key(own) => {
            needs.push((Field::SchoolRef, MissingReference { what: "school_ref", value: own.clone() }));
        }
        _ => {}
    }
    if let Content::Membership { person, .. } = &row.content
        && !persons.contains(person)
    {
        needs.push((Field::TeacherRef, MissingReference { what: "teacher_ref", value: person.clone() }));
    }
    needs
}

/// Loads which of the named codes are schools. Adds the codes for the source's own school ids to `sifted`.
async fn load_known_schools(
    tx: &mut Tx,
    held: &ClaimedBatch,
    sifted: &mut SiftedRows<'_>,
) -> Result<HashSet<String>, StoreError> {
    let named = |own: bool| {
        let of = |named: &SchoolIdentifier| match named {
            SchoolIdentifier::Code(code) => (!own).then(|| code.clone()),
            SchoolIdentifier::Ref(of_source) => own.then(|| of_source.clone()),
        };
        sifted.rows.iter().filter_map(|(row, _)| of(row.post()?.school.as_ref()?)).collect::<BTreeSet<String>>()
    };
    let (codes, refs) = (named(false), named(true));
    let mut known = HashSet::new();
    if !codes.is_empty() {
        let sql = "SELECT s.code AS code FROM {rows} {join school s ON s.code = incoming.code}";
        let rows = Rows::new().text("code", codes.iter().map(|code| Some(code.as_str())));
        for mut row in tx.fetch_rows_with(sql, vec![], rows).await? {
            known.insert(row.take_text("code")?);
        }
    }
    if !refs.is_empty() {
        let sql = "SELECT r.school_ref AS school_ref, r.school_code AS school_code FROM {rows} {join roster_row r
                     ON r.source_id = $1 AND r.school_ref = incoming.school_ref AND r.kind = 'school'}
                   ORDER BY r.source_version, r.id";
        let rows = Rows::new().text("school_ref", refs.iter().map(|own| Some(own.as_str())));
        for mut row in tx.fetch_rows_with(sql, vec![held.source_id.into()], rows).await? {
            sifted.school_refs.insert(row.take_text("school_ref")?, row.take_text("school_code")?);
        }
    }
    Ok(known)
}

/// Loads which of the persons that memberships of the batch name are known from the source.
async fn load_known_persons(
    tx: &mut Tx,
    held: &ClaimedBatch,
    sifted: &SiftedRows<'_>,
) -> Result<HashSet<String>, StoreError> {
    let named: BTreeSet<&str> =
        sifted
            .rows
            .iter()
            .filter_map(|(row, _)| {
                if let Content::Membership { person: own, .. } = &row.content { Some(own.as_str()) } else { None }
            })
            .collect();
    let mut known = HashSet::new();
    if !named.is_empty() {
        let sql = "SELECT DISTINCT r.teacher_ref AS teacher_ref FROM {rows} {join roster_row r
                     ON r.source_id = $1 AND r.teacher_ref = incoming.teacher_ref AND r.kind = 'teacher'}";
        let rows = Rows::new().text("teacher_ref", named.iter().map(|own| Some(*own)));
        for mut row in tx.fetch_rows_with(sql, vec![held.source_id.into()], rows).await? {
            known.insert(row.take_text("teacher_ref")?);
        }
    }
    Ok(known)
}

/// Finds out which teacher each ID number belongs to, and adds a problem to rows whose number is in conflict.
async fn check_id_numbers(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    sifted: &mut SiftedRows<'_>,
) -> Result<(), StoreError> {
    let people: Vec<ComparedPerson<'_>> = sifted
        .rows
        .iter()
        .enumerate()
        .filter_map(|(nth, (row, _))| {
            let Content::Teacher(person, _) = &row.content else { return None };
            let index = |id: &huiliu_values::IdNumber| identifiers::compute_index(keys, id.reveal());
            let name = digest_name(keys, &person.name.fold_for_comparison());
            let former_name = person.former_name.as_ref().map(|name| digest_name(keys, &name.fold_for_comparison()));
            let (former, index) = (person.former_id_number.as_ref().map(index), index(&person.id_number));
            Some(ComparedPerson { nth, row, index, former, name, former_name })
        })
        .collect();
    if people.is_empty() {
        return Ok(());
    }
    let mut indexes: Vec<Index> = people.iter().flat_map(|p| [Some(p.index), p.former]).flatten().collect();
    indexes.sort_unstable();
    indexes.dedup();
    let teachers = identifiers::find_teachers(tx, &indexes).await?;
    let (by_index, by_record) = load_conflicting_rows(tx, held, &people).await?;
    // ID number and version → the names that rows of this batch give.
    let mut names: BTreeMap<(Index, i64), BTreeSet<[u8; 16]>> = BTreeMap::new();
    for p in &people {
        names.entry((p.index, p.row.source_version)).or_default().insert(p.name);
    }
    let mut found = Vec::new();
    for p in &people {
        let within = names.get(&(p.index, p.row.source_version));
        let record = by_record.get(&p.row.record_key);
        let shared = is_shared(held, p, within, by_index.get(&p.index).map_or(&[][..], Vec::as_slice));
        match link_teacher(p, &teachers, record) {
            _ if shared => found.push((p.nth, Err(PersonError::Shared))),
            Ok(teacher) => found.extend(teacher.map(|teacher| (p.nth, Ok((p.index, teacher))))),
            Err(fault) => found.push((p.nth, Err(fault))),
        }
    }
    for (nth, told) in found {
        match told {
            Ok((index, teacher)) => {
                sifted.teachers.insert(index, teacher);
            }
            Err(fault) => {
                let (row, problems) = &mut sifted.rows[nth];
                problems.push(fault.to_problem(row));
            }
        }
    }
    Ok(())
}

/// Why a person's row cannot be loaded.
enum PersonError {
    Shared,
    OtherTeacher,
    FormerOfOther,
    OtherPerson,
}

impl PersonError {
    fn to_problem(&self, row: &RosterRow<'_>) -> Problem {
        let Content::Teacher(person, _) = &row.content else {
            return Problem::new("record_key.other_person".into(), "record_key", "", &Expected::SamePerson);
        };
        let (id, name) = (person.id_number.to_string(), person.name.display());
        let (code, field, seen, expected) = match self {
            Self::Shared => ("id_number.shared", "id_number", id, Expected::UnsharedIdNumber),
            Self::OtherTeacher => ("id_number.other_teacher", "id_number", id, Expected::IdNumberOfSameTeacher),
            Self::FormerOfOther => (
                "former_id_number.other_teacher",
                "former_id_number",
                person.former_id_number.as_ref().map(ToString::to_string).unwrap_or_default(),
                Expected::FormerIdNumberOfSameTeacher,
            ),
            Self::OtherPerson => ("record_key.other_person", "record_key", name.to_owned(), Expected::SamePerson),
        };
        Problem::new(code.into(), field, &seen, &expected)
    }
}

/// Returns true if another name has the same ID number, in the same version of this stream or in any version of another
/// one.
fn is_shared(
    held: &ClaimedBatch,
    p: &ComparedPerson<'_>,
    within: Option<&BTreeSet<[u8; 16]>>,
    others: &[Other],
) -> bool {
    let is_same = |name: &[u8]| name == p.name || p.former_name.is_some_and(|former| former == name);
    let same_source = |o: &Other| o.source_id == held.source_id && o.stream == held.stream;
    let against = |o: &&Other| !(is_same(&o.name_digest) || same_source(o) && o.source_version != p.row.source_version);
    within.is_some_and(|names| names.len() > 1 && !names.iter().all(|name| is_same(name)))
        || others.iter().any(|o| against(&o))
}

/// Returns the teacher that a row is about, if there is one yet.
fn link_teacher(
    p: &ComparedPerson<'_>,
    teachers: &HashMap<Index, i64>,
    record: Option<&Other>,
) -> Result<Option<i64>, PersonError> {
    let (mut teacher, former) = (teachers.get(&p.index).copied(), p.former.and_then(|f| teachers.get(&f).copied()));
    match (teacher, former) {
        (Some(a), Some(b)) if a != b => return Err(PersonError::FormerOfOther),
        _ => teacher = teacher.or(former),
    }
    let Some(record) = record.filter(|record| record.blind_index != p.index) else { return Ok(teacher) };
    let is_named = |name: Option<[u8; 16]>| name.is_some_and(|name| name == record.name_digest.as_slice());
    let is_same = is_named(Some(p.name)) || is_named(p.former_name) || p.former == Some(record.blind_index);
    match (record.teacher_id, teacher) {
        // An older row changes nothing that is stored. Otherwise the same record must still be about the same person.
        _ if p.row.source_version < record.source_version => Ok(teacher),
        _ if !is_same => Err(PersonError::OtherPerson),
        (Some(a), Some(b)) if a != b => Err(PersonError::OtherTeacher),
        (of_record, of_number) => Ok(of_number.or(of_record)),
    }
}

/// Loads the stored rows with the same ID numbers but another name, and the newest with the same record keys but
/// another ID number.
#[allow(clippy::type_complexity, reason = "two maps of one kind of row")]
async fn load_conflicting_rows(
    tx: &mut Tx,
    held: &ClaimedBatch,
    people: &[ComparedPerson<'_>],
) -> Result<(HashMap<Index, Vec<Other>>, HashMap<[u8; 16], Other>), StoreError> {
    const COLUMNS: &str = "r.source_id AS source_id, r.stream AS stream, r.source_version AS source_version,
        r.teacher_id AS teacher_id, r.blind_index AS blind_index, r.name_digest AS name_digest, r.record_key AS record_key";
    let other = |row: &crate::sql::rows::Row| {
        Ok::<_, StoreError>(Other {
            source_id: row.int("source_id")?,
            stream: row.text("stream")?,
            source_version: row.int("source_version")?,
            teacher_id: row.opt_int("teacher_id")?,
            blind_index: Index::try_from(row.bytes("blind_index")?).unwrap_or([0; 32]),
            name_digest: row.bytes("name_digest")?,
        })
    };
    // Stored rows with the same name cannot conflict.
    let rows = Rows::new()
        .bytes("blind_index", people.iter().map(|p| p.index.as_slice()))
        .bytes("name_digest", people.iter().map(|p| p.name.as_slice()));
    let sql = format!(
        "SELECT {COLUMNS} FROM {{rows}} {{join roster_row r
           ON r.blind_index = incoming.blind_index AND r.name_digest <> incoming.name_digest}}"
    );
    let mut by_index: HashMap<Index, Vec<Other>> = HashMap::new();
    for row in &tx.fetch_rows_with(&sql, vec![], rows).await? {
        let other = other(row)?;
        by_index.entry(other.blind_index).or_default().push(other);
    }
    let rows = Rows::new()
        .bytes("record_key", people.iter().map(|p| p.row.record_key.as_slice()))
        .bytes("blind_index", people.iter().map(|p| p.index.as_slice()));
    let sql = format!(
        "SELECT {COLUMNS} FROM {{rows}} {{join roster_row r ON r.record_key = incoming.record_key AND r.source_id = $1
           AND r.stream = $2 AND r.blind_index <> incoming.blind_index}} ORDER BY r.source_version, r.id"
    );
    let mut by_record = HashMap::new();
    for row in &tx.fetch_rows_with(&sql, vec![held.source_id.into(), held.stream.as_str().into()], rows).await? {
        if let Ok(key) = <[u8; 16]>::try_from(row.bytes("record_key")?) {
            by_record.insert(key, other(row)?);
        }
    }
    Ok((by_index, by_record))
}
