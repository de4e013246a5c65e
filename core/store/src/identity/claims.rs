//! Claims as loads make them: definite by an ID number, or waiting to be looked at.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::admin::sealing;
use crate::identity::identifiers::{self, Index};
use crate::identity::{self, ClaimTold, rulings};
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;
use huiliu_decode::TrainingRecord;
use huiliu_values::ClaimState;
use huiliu_vault::keys::Keys;

/// A claim as the tables know it.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// Row id.
    pub id: i64,
    /// The teacher it is about, if that is decided.
    pub teacher: Option<i64>,
}

/// Claims that were found committed, so that the same people need not be looked up batch after batch; those of no teacher
/// are looked up every time. When any claim changes its teacher, all are forgotten.
#[derive(Debug, Default)]
pub struct Known {
    /// The number of changes up to which they are known.
    changes: i64,
    young: HashMap<[u8; 16], Claim>,
    old: HashMap<[u8; 16], Claim>,
}

impl Known {
    /// Claims per generation; two generations are some 2 MB.
    const MAX: usize = 1 << 14;

    fn get(&self, key: &[u8; 16]) -> Option<Claim> {
        self.young.get(key).or_else(|| self.old.get(key)).copied()
    }

    fn learn(&mut self, found: &HashMap<[u8; 16], Claim>) {
        for (key, claim) in found.iter().filter(|(_, claim)| claim.teacher.is_some()) {
            if self.young.len() >= Self::MAX {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(*key, *claim);
        }
    }

    fn as_of(&mut self, changes: i64) {
        if self.changes != changes {
            *self = Self { changes, ..Self::default() };
        }
    }
}

/// Keeps every claim with its teacher until the end of the transaction: a record that is written under a claim is seen by
/// whoever gives the claim to another.
///
/// # Errors
/// [`StoreError`].
pub async fn hold(tx: &mut Tx, known: &Mutex<Known>) -> Result<(), StoreError> {
    let rows = tx.rows("SELECT number FROM identity_change WHERE id = 1 {share}", vec![]).await?;
    let changes = rows.first().map_or(Ok(0), |row| row.int("number"))?;
    known.lock().unwrap_or_else(PoisonError::into_inner).as_of(changes);
    Ok(())
}

/// Waits for whoever holds the claims, and lets nobody hold them until the end of the transaction: claims change their
/// teachers. What a rehearsal changes nobody sees, so it holds up nobody.
///
/// # Errors
/// [`StoreError`].
pub async fn change(tx: &mut Tx) -> Result<(), StoreError> {
    if !tx.is_rehearsed() {
        tx.run("UPDATE identity_change SET number = number + 1 WHERE id = 1", vec![]).await?;
    }
    Ok(())
}

/// The claim of each record; claims and provisional teachers are made where missing. Sealing happens only for what is
/// missing.
///
/// # Errors
/// [`StoreError`].
pub async fn identify(
    tx: &mut Tx,
    keys: &Keys,
    known: &Mutex<Known>,
    records: &[&TrainingRecord<'_>],
) -> Result<Vec<Claim>, StoreError> {
    if records.is_empty() {
        return Ok(vec![]);
    }
    let mut claims: HashMap<[u8; 16], Claim> = {
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().filter_map(|r| Some((r.claim_key, known.get(&r.claim_key)?))).collect()
    };
    let mut found = HashMap::new();
    look_up(tx, &self::unseen(records, &claims), &mut found).await?;
    known.lock().unwrap_or_else(PoisonError::into_inner).learn(&found);
    claims.extend(found);
    let unseen = unseen(records, &claims);
    if !unseen.is_empty() {
        introduce(tx, keys, &unseen, &mut claims).await?;
        // What another load introduced at the same moment is there by now.
        look_up(tx, &self::unseen(&unseen, &claims), &mut claims).await?;
    }
    let claim = |r: &&TrainingRecord| claims.get(&r.claim_key).copied();
    records.iter().map(|r| claim(r).ok_or_else(|| StoreError::Column { column: "claim.id".into() })).collect()
}

/// The teachers who have the ID numbers of some records.
struct Owners {
    /// Number in the clear → its index.
    indexes: HashMap<String, Index>,
    teachers: HashMap<Index, i64>,
    /// The folded names of those who are on the roster.
    names: HashMap<i64, String>,
}

impl Owners {
    /// Of the numbers of these records nobody is known yet.
    fn of(keys: &Keys, records: &[&TrainingRecord<'_>]) -> Self {
        let numbers = records.iter().filter_map(|r| r.id_number.as_ref());
        let indexes = numbers.map(|id| (id.reveal().to_owned(), identifiers::index(keys, id.reveal()))).collect();
        Self { indexes, teachers: HashMap::new(), names: HashMap::new() }
    }

    /// Looks up who has the numbers of these, and what the roster calls those of whom more is told.
    async fn find<'r>(
        &mut self,
        tx: &mut Tx,
        records: impl Iterator<Item = &'r TrainingRecord<'r>> + Clone,
    ) -> Result<(), StoreError> {
        let wanted: Vec<Index> = records.clone().filter_map(|r| self.index(r)).collect();
        self.teachers.extend(identifiers::find(tx, &wanted).await?);
        let told: Vec<i64> = records.filter(|r| r.told.is_some()).filter_map(|r| self.teacher(r)).collect();
        if !told.is_empty() {
            self.names = identity::roster_names(tx, &told).await?;
        }
        Ok(())
    }

    fn index(&self, record: &TrainingRecord<'_>) -> Option<Index> {
        self.indexes.get(record.id_number.as_ref()?.reveal()).copied()
    }

    fn teacher(&self, record: &TrainingRecord<'_>) -> Option<i64> {
        self.teachers.get(&self.index(record)?).copied()
    }

    /// The teacher on the roster who has the record's number and very name.
    fn sure(&self, record: &TrainingRecord<'_>) -> Option<i64> {
        self.teacher(record).filter(|teacher| self.names.get(teacher) == Some(&record.name_folded))
    }
}

/// One record of each claim that is not known yet, sorted by claim.
fn unseen<'r, 'a>(
    records: &[&'r TrainingRecord<'a>],
    claims: &HashMap<[u8; 16], Claim>,
) -> Vec<&'r TrainingRecord<'a>> {
    let mut unseen: Vec<_> = records.iter().copied().filter(|r| !claims.contains_key(&r.claim_key)).collect();
    unseen.sort_unstable_by_key(|r| r.claim_key);
    unseen.dedup_by_key(|r| r.claim_key);
    unseen
}

async fn look_up(
    tx: &mut Tx,
    records: &[&TrainingRecord<'_>],
    claims: &mut HashMap<[u8; 16], Claim>,
) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let rows = Rows::new()
        .int("ord", (0i64..).take(records.len()).map(Some))
        .bytes("claim_key", records.iter().map(|r| r.claim_key.as_slice()));
    let found = tx
        .rows_with(
            "SELECT incoming.ord AS ord, c.id AS id, c.teacher_id AS teacher_id
             FROM {rows} {join claim c ON c.claim_key = incoming.claim_key}",
            vec![],
            rows,
        )
        .await?;
    for row in &found {
        if let Some(record) = usize::try_from(row.int("ord")?).ok().and_then(|i| records.get(i)) {
            let claim = Claim { id: row.int("id")?, teacher: row.opt_int("teacher_id")? };
            claims.insert(record.claim_key, claim);
        }
    }
    Ok(())
}

/// Makes claims and, for ID numbers nobody has had, provisional teachers. Everything goes in by sorted key, so that two
/// loads that meet the same people wait for each other in one order.
///
/// What a source told of somebody is kept, sealed, unless the number and the very name are those of a teacher of the roster.
async fn introduce(
    tx: &mut Tx,
    keys: &Keys,
    unseen: &[&TrainingRecord<'_>],
    claims: &mut HashMap<[u8; 16], Claim>,
) -> Result<(), StoreError> {
    let mut owners = Owners::of(keys, unseen);
    let mut numbers: BTreeMap<Index, &str> = BTreeMap::new();
    for record in unseen.iter().filter(|r| r.told.is_none()) {
        numbers.extend(owners.index(record).zip(record.id_number.as_ref().map(|id| id.reveal())));
    }
    owners.teachers = identifiers::find_or_make(tx, keys, &numbers).await?;
    owners.find(tx, unseen.iter().copied().filter(|r| r.told.is_some())).await?;
    let merged = rulings::merged_numbers(tx).await?;
    let made: Vec<Made<'_>> = unseen.iter().map(|r| Made::of(keys, &owners, &merged, r)).collect::<Result<_, _>>()?;
    if made.iter().any(|m| m.told.is_some()) {
        sealing::hold(tx, keys).await?;
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
        .opt_bytes("told", made.iter().map(|m| m.told.as_deref()));
    let inserted = tx
        .rows_with(
            "INSERT INTO claim (claim_key, name, name_folded, blind_index, teacher_id, decided_by, state, told)
             SELECT claim_key, name, name_folded, blind_index, teacher_id, decided_by, state, told FROM {rows}
             WHERE true ON CONFLICT (claim_key) DO NOTHING RETURNING id, claim_key, teacher_id",
            vec![],
            rows,
        )
        .await?;
    for row in &inserted {
        if let Ok(key) = <[u8; 16]>::try_from(row.bytes("claim_key")?) {
            claims.insert(key, Claim { id: row.int("id")?, teacher: row.opt_int("teacher_id")? });
        }
    }
    let waiting = made.iter().filter(|m| m.told.is_some());
    let waiting = waiting.filter_map(|m| {
        let claim_id = claims.get(&m.record.claim_key)?.id;
        Some(ClaimTold { claim_id, told: m.record.told.as_ref()? })
    });
    identity::write_claim_keys(tx, keys, waiting).await
}

/// A claim that is made.
struct Made<'r> {
    record: &'r TrainingRecord<'r>,
    index: Option<Index>,
    teacher: Option<i64>,
    /// By what it is the teacher's.
    decided_by: String,
    /// What was told, sealed.
    told: Option<Vec<u8>>,
}

impl<'r> Made<'r> {
    fn of(
        keys: &Keys,
        owners: &Owners,
        merged: &HashMap<String, i64>,
        record: &'r TrainingRecord<'_>,
    ) -> Result<Self, StoreError> {
        let (teacher, told) = match &record.told {
            None => (owners.teacher(record), None),
            Some(told) => match owners.sure(record) {
                Some(teacher) => (Some(teacher), None),
                None => (None, Some(identity::seal_told(keys, &record.claim_key, told)?)),
            },
        };
        let index = owners.index(record);
        let decided_by = match (teacher, &index) {
            (Some(_), Some(index)) => rulings::by_number(merged, index),
            _ => String::new(),
        };
        Ok(Self { record, index, teacher, decided_by, told })
    }
}
