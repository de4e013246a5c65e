//! The claims that loads create: definite by an ID number, or waiting to be decided.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::admin::sealing;
use crate::identity::identifiers::{self, Index};
use crate::identity::{self, DescribedClaim, rulings};
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;
use huiliu_decode::TrainingRecord;
use huiliu_values::ClaimState;
use huiliu_vault::keys::Keys;

/// A claim as the load needs it.
#[derive(Debug, Clone, Copy)]
pub struct IdentityClaim {
    /// Row id.
    pub id: i64,
    /// The teacher it is about, once that is decided.
    pub teacher: Option<i64>,
}

/// A cache of committed claims, so that the same people need not be looked up in every batch. It holds only claims that
/// have a teacher, and is cleared when any claim changes its teacher.
#[derive(Debug, Default)]
pub struct ClaimCache {
    /// The number of the identity change up to which the cache is valid.
    changes: i64,
    young: HashMap<[u8; 16], IdentityClaim>,
    old: HashMap<[u8; 16], IdentityClaim>,
}

impl ClaimCache {
    /// Claims per generation. Two generations take about 2 MB.
    const MAX: usize = 1 << 14;

    fn get(&self, key: &[u8; 16]) -> Option<IdentityClaim> {
        self.young.get(key).or_else(|| self.old.get(key)).copied()
    }

    fn insert_found(&mut self, found: &HashMap<[u8; 16], IdentityClaim>) {
        for (key, claim) in found.iter().filter(|(_, claim)| claim.teacher.is_some()) {
            if self.young.len() >= Self::MAX {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(*key, *claim);
        }
    }

    fn clear_if_outdated(&mut self, changes: i64) {
        if self.changes != changes {
            *self = Self { changes, ..Self::default() };
        }
    }
}

/// The lock that loads share and that whoever changes claims takes alone. Its waiters have their turn in order.
const LOCK: (&str, i64) = ("claims", 0);

/// Keeps all claims with their teachers until the transaction ends: whoever moves a claim to another teacher then sees
/// the records that this transaction writes under it. Clears the cache if it is outdated.
///
/// # Errors
/// [`StoreError`].
pub async fn lock_claims_shared(tx: &mut Tx, known: &Mutex<ClaimCache>) -> Result<(), StoreError> {
    // A share lock of the row would let loads keep whoever changes claims waiting for ever. A rehearsal takes it all the
    // same: it lasts for minutes, and in the queue of the other lock all loads would wait behind it.
    let lock = if tx.is_rehearsed() { "{share}" } else { "" };
    if !tx.is_rehearsed() {
        tx.share_advisory_lock(LOCK.0, LOCK.1).await?;
    }
    let rows = tx.fetch_rows(&format!("SELECT number FROM identity_change WHERE id = 1 {lock}"), vec![]).await?;
    let changes = rows.first().map_or(Ok(0), |row| row.int("number"))?;
    known.lock().unwrap_or_else(PoisonError::into_inner).clear_if_outdated(changes);
    Ok(())
}

/// Waits for transactions that called [`lock_claims_shared`], and blocks new ones until this transaction ends, because
/// claims are about to change their teachers. Does nothing in a rehearsal, since its changes are not visible to others.
///
/// # Errors
/// [`StoreError`].
pub async fn lock_claims_for_change(tx: &mut Tx) -> Result<(), StoreError> {
    if !tx.is_rehearsed() {
        tx.execute("UPDATE identity_change SET number = number + 1 WHERE id = 1", vec![]).await?;
        tx.take_advisory_lock(LOCK.0, LOCK.1).await?;
    }
    Ok(())
}

/// Returns the claim of each record. Creates missing claims and provisional teachers; only these need sealing.
///
/// # Errors
/// [`StoreError`].
pub async fn find_or_make_claims(
    tx: &mut Tx,
    keys: &Keys,
    known: &Mutex<ClaimCache>,
    records: &[&TrainingRecord<'_>],
) -> Result<Vec<IdentityClaim>, StoreError> {
    if records.is_empty() {
        return Ok(vec![]);
    }
    let mut claims: HashMap<[u8; 16], IdentityClaim> = {
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().filter_map(|r| Some((r.claim_key, known.get(&r.claim_key)?))).collect()
    };
    let mut found = HashMap::new();
    look_up_claims(tx, &self::select_unseen(records, &claims), &mut found).await?;
    known.lock().unwrap_or_else(PoisonError::into_inner).insert_found(&found);
    claims.extend(found);
    let unseen = select_unseen(records, &claims);
    if !unseen.is_empty() {
        insert_claims(tx, keys, &unseen, &mut claims).await?;
        // A claim that another load created at the same moment exists by now.
        look_up_claims(tx, &self::select_unseen(&unseen, &claims), &mut claims).await?;
    }
    let claim = |r: &&TrainingRecord| claims.get(&r.claim_key).copied();
    records.iter().map(|r| claim(r).ok_or_else(|| StoreError::Column { column: "claim.id".into() })).collect()
}

/// The teachers who have the ID numbers of some records.
struct Owners {
    /// ID number in the clear → its blind index.
    indexes: HashMap<String, Index>,
    teachers: HashMap<Index, i64>,
    /// The folded names of those teachers who are on the roster.
    names: HashMap<i64, String>,
}

impl Owners {
    /// Computes the blind indexes of the records' ID numbers. No teachers are loaded yet.
    fn for_records(keys: &Keys, records: &[&TrainingRecord<'_>]) -> Self {
        let numbers = records.iter().filter_map(|r| r.id_number.as_ref());
        let indexes =
            numbers.map(|id| (id.reveal().to_owned(), identifiers::compute_index(keys, id.reveal()))).collect();
        Self { indexes, teachers: HashMap::new(), names: HashMap::new() }
    }

    /// Loads the teachers who have these records' ID numbers, and the roster's names of those teachers for records with
    /// a description.
    async fn load_teachers<'r>(
        &mut self,
        tx: &mut Tx,
        records: impl Iterator<Item = &'r TrainingRecord<'r>> + Clone,
    ) -> Result<(), StoreError> {
        let wanted: Vec<Index> = records.clone().filter_map(|r| self.index_of(r)).collect();
        self.teachers.extend(identifiers::find_teachers(tx, &wanted).await?);
        let told: Vec<i64> = records.filter(|r| r.told.is_some()).filter_map(|r| self.teacher_of(r)).collect();
        if !told.is_empty() {
            self.names = identity::load_roster_names(tx, &told).await?;
        }
        Ok(())
    }

    fn index_of(&self, record: &TrainingRecord<'_>) -> Option<Index> {
        self.indexes.get(record.id_number.as_ref()?.reveal()).copied()
    }

    fn teacher_of(&self, record: &TrainingRecord<'_>) -> Option<i64> {
        self.teachers.get(&self.index_of(record)?).copied()
    }

    /// Returns the teacher on the roster who has both the record's ID number and exactly its name.
    fn certain_teacher(&self, record: &TrainingRecord<'_>) -> Option<i64> {
        self.teacher_of(record).filter(|teacher| self.names.get(teacher) == Some(&record.name_folded))
    }
}

/// Returns one record for each claim that is not known yet, sorted by claim key.
fn select_unseen<'r, 'a>(
    records: &[&'r TrainingRecord<'a>],
    claims: &HashMap<[u8; 16], IdentityClaim>,
) -> Vec<&'r TrainingRecord<'a>> {
    let mut unseen: Vec<_> = records.iter().copied().filter(|r| !claims.contains_key(&r.claim_key)).collect();
    unseen.sort_unstable_by_key(|r| r.claim_key);
    unseen.dedup_by_key(|r| r.claim_key);
    unseen
}

async fn look_up_claims(
    tx: &mut Tx,
    records: &[&TrainingRecord<'_>],
    claims: &mut HashMap<[u8; 16], IdentityClaim>,
) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let rows = Rows::new()
        .int("ord", (0i64..).take(records.len()).map(Some))
        .bytes("claim_key", records.iter().map(|r| r.claim_key.as_slice()));
    let found = tx
        .fetch_rows_with(
            "SELECT incoming.ord AS ord, c.id AS id, c.teacher_id AS teacher_id
             FROM {rows} {join identity_claim c ON c.claim_key = incoming.claim_key}",
            vec![],
            rows,
        )
        .await?;
    for row in &found {
        if let Some(record) = usize::try_from(row.int("ord")?).ok().and_then(|i| records.get(i)) {
            let claim = IdentityClaim { id: row.int("id")?, teacher: row.opt_int("teacher_id")? };
            claims.insert(record.claim_key, claim);
        }
    }
    Ok(())
}

/// Creates claims, and provisional teachers for ID numbers that nobody has. Everything is inserted in the order of its
/// key, so that two loads with the same people wait for each other in one order.
///
/// What a source says about a person is stored sealed, unless ID number and exact name are those of a teacher on the
/// roster.
async fn insert_claims(
    tx: &mut Tx,
    keys: &Keys,
    unseen: &[&TrainingRecord<'_>],
    claims: &mut HashMap<[u8; 16], IdentityClaim>,
) -> Result<(), StoreError> {
    let mut owners = Owners::for_records(keys, unseen);
    let mut numbers: BTreeMap<Index, &str> = BTreeMap::new();
    for record in unseen.iter().filter(|r| r.told.is_none()) {
        numbers.extend(owners.index_of(record).zip(record.id_number.as_ref().map(|id| id.reveal())));
    }
    owners.teachers = identifiers::find_or_make_teachers(tx, keys, &numbers).await?;
    owners.load_teachers(tx, unseen.iter().copied().filter(|r| r.told.is_some())).await?;
    let merged = rulings::load_merged_numbers(tx).await?;
    let made: Vec<NewClaim<'_>> =
        unseen.iter().map(|r| NewClaim::for_record(keys, &owners, &merged, r)).collect::<Result<_, _>>()?;
    if made.iter().any(|m| m.told.is_some()) {
        sealing::require_current(tx, keys).await?;
    }
    let rows = Rows::new()
        .bytes("claim_key", made.iter().map(|m| m.record.claim_key.as_slice()))
        .text("name", made.iter().map(|m| Some(m.record.name.display())))
        .text("name_folded", made.iter().map(|m| Some(m.record.name_folded.as_str())))
        .bytes("blind_index", made.iter().map(|m| m.index.as_ref().map_or(&[][..], Index::as_slice)))
        .int("teacher_id", made.iter().map(|m| m.teacher))
        .text("decided_by", made.iter().map(|m| Some(m.decided_by.as_str())))
        .text(
            "state",
            made.iter()
                .map(|m| Some(if m.told.is_some() { ClaimState::New.as_str() } else { ClaimState::Definite.as_str() })),
        )
        .opt_bytes("person_details", made.iter().map(|m| m.told.as_deref()));
    let inserted = tx
        .fetch_rows_with(
            "INSERT INTO identity_claim (claim_key, name, name_folded, blind_index, teacher_id, decided_by, state, person_details)
             SELECT claim_key, name, name_folded, blind_index, teacher_id, decided_by, state, person_details FROM {rows}
             WHERE true ON CONFLICT (claim_key) DO NOTHING RETURNING id, claim_key, teacher_id",
            vec![],
            rows,
        )
        .await?;
    for row in &inserted {
        if let Ok(key) = <[u8; 16]>::try_from(row.bytes("claim_key")?) {
            claims.insert(key, IdentityClaim { id: row.int("id")?, teacher: row.opt_int("teacher_id")? });
        }
    }
    let waiting = made.iter().filter(|m| m.told.is_some());
    let waiting = waiting.filter_map(|m| {
        let claim_id = claims.get(&m.record.claim_key)?.id;
        Some(DescribedClaim { claim_id, told: m.record.told.as_ref()? })
    });
    identity::write_claim_keys(tx, keys, waiting).await
}

/// A claim to be created.
struct NewClaim<'r> {
    record: &'r TrainingRecord<'r>,
    index: Option<Index>,
    teacher: Option<i64>,
    /// What made the claim the teacher's.
    decided_by: String,
    /// What the source says about the person, sealed.
    told: Option<Vec<u8>>,
}

impl<'r> NewClaim<'r> {
    fn for_record(
        keys: &Keys,
        owners: &Owners,
        merged: &HashMap<String, i64>,
        record: &'r TrainingRecord<'_>,
    ) -> Result<Self, StoreError> {
        let (teacher, told) = match &record.told {
            None => (owners.teacher_of(record), None),
            Some(told) => match owners.certain_teacher(record) {
                Some(teacher) => (Some(teacher), None),
                None => (None, Some(identity::seal_person_details(keys, &record.claim_key, told)?)),
            },
        };
        let index = owners.index_of(record);
        let decided_by = match (teacher, &index) {
            (Some(_), Some(index)) => rulings::decided_by_number(merged, index),
            _ => String::new(),
        };
        Ok(Self { record, index, teacher, decided_by, told })
    }
}
