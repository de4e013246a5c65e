//! Claims, and the teachers they are definitely about.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use super::db::{StoreFault, Tx};
use super::identifiers::{self, Index};
use super::rows::Rows;
use crate::keys::Keys;
use crate::stages::TrainingRecord;

/// A claim as the tables know it.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// Row id.
    pub id: i64,
    /// The teacher it is about, if that is decided.
    pub teacher: Option<i64>,
}

/// Claims that were found committed, so that the same people need not be looked up batch after batch. A claim's row and
/// its teacher never change in this version; whoever makes them change has to forget them here.
#[derive(Debug, Default)]
pub struct Known {
    young: HashMap<[u8; 16], Claim>,
    old: HashMap<[u8; 16], Claim>,
}

impl Known {
    /// Claims per generation; two generations are some 2 MB.
    const MOST: usize = 1 << 14;

    fn get(&self, key: &[u8; 16]) -> Option<Claim> {
        self.young.get(key).or_else(|| self.old.get(key)).copied()
    }

    fn learn(&mut self, found: &HashMap<[u8; 16], Claim>) {
        for (key, claim) in found {
            if self.young.len() >= Self::MOST {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(*key, *claim);
        }
    }
}

/// The claim of each record; claims and provisional teachers are made where missing. Sealing happens only for what is
/// missing.
///
/// # Errors
/// [`StoreFault`].
pub async fn identify(
    tx: &mut Tx,
    keys: &Keys,
    known: &Mutex<Known>,
    records: &[&TrainingRecord<'_>],
) -> Result<Vec<Claim>, StoreFault> {
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
    records.iter().map(|r| claim(r).ok_or_else(|| StoreFault::Column("claim.id".into()))).collect()
}

/// Who each record is about, as far as the tables know, and the blind index of the ID number; nothing is made.
///
/// # Errors
/// [`StoreFault`].
pub async fn recognise(
    tx: &mut Tx,
    keys: &Keys,
    records: &[&TrainingRecord<'_>],
) -> Result<Vec<(Option<i64>, [u8; 32])>, StoreFault> {
    let mut claims = HashMap::new();
    look_up(tx, &unseen(records, &claims), &mut claims).await?;
    let indexes: Vec<Index> = records.iter().map(|r| identifiers::index(keys, r.id_number.reveal())).collect();
    let teachers = identifiers::find(tx, &indexes).await?;
    let who = |(index, record): (&Index, &&TrainingRecord)| match claims.get(&record.claim_key) {
        Some(claim) => (claim.teacher, *index),
        None => (teachers.get(index).copied(), *index),
    };
    Ok(indexes.iter().zip(records).map(who).collect())
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
) -> Result<(), StoreFault> {
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
async fn introduce(
    tx: &mut Tx,
    keys: &Keys,
    unseen: &[&TrainingRecord<'_>],
    claims: &mut HashMap<[u8; 16], Claim>,
) -> Result<(), StoreFault> {
    let indexes: Vec<Index> = unseen.iter().map(|r| identifiers::index(keys, r.id_number.reveal())).collect();
    let numbers: BTreeMap<Index, &str> =
        indexes.iter().copied().zip(unseen.iter().map(|r| r.id_number.reveal())).collect();
    let teachers = identifiers::find_or_make(tx, keys, &numbers).await?;
    let made = tx
        .rows_with(
            "INSERT INTO claim (claim_key, name, name_folded, blind_index, teacher_id, decided_by)
             SELECT claim_key, name, name_folded, blind_index, teacher_id, 'id_number' FROM {rows}
             WHERE true ON CONFLICT (claim_key) DO NOTHING RETURNING id, claim_key, teacher_id",
            vec![],
            Rows::new()
                .bytes("claim_key", unseen.iter().map(|r| r.claim_key.as_slice()))
                .text("name", unseen.iter().map(|r| Some(r.name.display())))
                .text("name_folded", unseen.iter().map(|r| Some(r.name_folded.as_str())))
                .bytes("blind_index", indexes.iter().map(Index::as_slice))
                .int("teacher_id", indexes.iter().map(|index| teachers.get(index).copied())),
        )
        .await?;
    for row in &made {
        if let Ok(key) = <[u8; 16]>::try_from(row.bytes("claim_key")?) {
            claims.insert(key, Claim { id: row.int("id")?, teacher: row.opt_int("teacher_id")? });
        }
    }
    Ok(())
}
