//! Claims, and the teachers they are definitely about.

use super::db::{StoreFault, Tx};
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

/// The claim of each record; claims and provisional teachers are made where missing. Sealing happens only for what is
/// missing.
///
/// # Errors
/// [`StoreFault`].
pub async fn identify(tx: &mut Tx, keys: &Keys, records: &[&TrainingRecord<'_>]) -> Result<Vec<Claim>, StoreFault> {
    if records.is_empty() {
        return Ok(vec![]);
    }
    let mut claims: Vec<Option<Claim>> = vec![None; records.len()];
    look_up(tx, records, &mut claims).await?;
    let mut unseen: Vec<&TrainingRecord> =
        records.iter().zip(&claims).filter(|(_, c)| c.is_none()).map(|(r, _)| *r).collect();
    if !unseen.is_empty() {
        unseen.sort_unstable_by_key(|r| r.claim_key);
        unseen.dedup_by_key(|r| r.claim_key);
        introduce(tx, keys, &unseen).await?;
        look_up(tx, records, &mut claims).await?;
    }
    claims.into_iter().map(|c| c.ok_or_else(|| StoreFault::Column("claim.id".into()))).collect()
}

async fn look_up(
    tx: &mut Tx,
    records: &[&TrainingRecord<'_>],
    claims: &mut [Option<Claim>],
) -> Result<(), StoreFault> {
    let asked: Vec<usize> = (0..claims.len()).filter(|i| claims[*i].is_none()).collect();
    let rows = Rows::new()
        .int("ord", asked.iter().map(|i| i64::try_from(*i).ok()))
        .bytes("claim_key", asked.iter().map(|i| records[*i].claim_key.as_slice()));
    let found = tx
        .rows_with(
            "SELECT incoming.ord AS ord, c.id AS id, c.teacher_id AS teacher_id
             FROM {rows} JOIN claim c ON c.claim_key = incoming.claim_key",
            vec![],
            rows,
        )
        .await?;
    for row in &found {
        if let Some(claim) = usize::try_from(row.int("ord")?).ok().and_then(|i| claims.get_mut(i)) {
            *claim = Some(Claim { id: row.int("id")?, teacher: row.opt_int("teacher_id")? });
        }
    }
    Ok(())
}

/// Makes claims and, for ID numbers nobody has had, provisional teachers. Everything goes in by sorted key, so that two
/// loads that meet the same people wait for each other in one order.
async fn introduce(tx: &mut Tx, keys: &Keys, unseen: &[&TrainingRecord<'_>]) -> Result<(), StoreFault> {
    let indexes: Vec<[u8; 32]> =
        unseen.iter().map(|r| keys.blind_index("id_number", r.id_number.reveal())).collect();
    let mut people: Vec<(&[u8; 32], &TrainingRecord)> = indexes.iter().zip(unseen.iter().copied()).collect();
    people.sort_unstable_by_key(|(index, _)| *index);
    people.dedup_by_key(|(index, _)| *index);
    let missing = tx
        .rows_with(
            "SELECT incoming.ord AS ord FROM {rows} LEFT JOIN teacher_identifier i
               ON i.kind = 'id_number' AND i.blind_index = incoming.blind_index
             WHERE i.id IS NULL",
            vec![],
            Rows::new()
                .int("ord", (0i64..).take(people.len()).map(Some))
                .bytes("blind_index", people.iter().map(|(index, _)| index.as_slice())),
        )
        .await?;
    let mut new: Vec<(&[u8; 32], &TrainingRecord)> = Vec::with_capacity(missing.len());
    for row in &missing {
        new.extend(usize::try_from(row.int("ord")?).ok().and_then(|i| people.get(i)).copied());
    }
    new.sort_unstable_by_key(|(index, _)| *index);
    if !new.is_empty() {
        make_teachers(tx, keys, &new).await?;
    }
    tx.run_with(
        "INSERT INTO claim (claim_key, name, name_folded, school_code, blind_index, teacher_id, decided_by)
         SELECT incoming.claim_key, incoming.name, incoming.name_folded, incoming.school_code, incoming.blind_index,
                i.teacher_id, 'id_number'
         FROM {rows} JOIN teacher_identifier i ON i.kind = 'id_number' AND i.blind_index = incoming.blind_index
         WHERE true ON CONFLICT (claim_key) DO NOTHING",
        vec![],
        Rows::new()
            .bytes("claim_key", unseen.iter().map(|r| r.claim_key.as_slice()))
            .text("name", unseen.iter().map(|r| Some(r.name.display())))
            .text("name_folded", unseen.iter().map(|r| Some(r.name_folded.as_str())))
            .text("school_code", unseen.iter().map(|r| r.texts.school_code.as_deref()))
            .bytes("blind_index", indexes.iter().map(<[u8; 32]>::as_slice)),
    )
    .await?;
    Ok(())
}

async fn make_teachers(
    tx: &mut Tx,
    keys: &Keys,
    new: &[(&[u8; 32], &TrainingRecord<'_>)],
) -> Result<(), StoreFault> {
    tx.run_with(
        "INSERT INTO teacher (origin, founding_index, created_at)
         SELECT 'provisional', blind_index, {now} FROM {rows} WHERE true ON CONFLICT (founding_index) DO NOTHING",
        vec![],
        Rows::new().bytes("blind_index", new.iter().map(|(index, _)| index.as_slice())),
    )
    .await?;
    let sealed: Vec<Vec<u8>> = new
        .iter()
        .map(|(index, r)| {
            keys.seal(&[b"teacher_identifier", b"sealed", index.as_slice()], r.id_number.reveal().as_bytes())
        })
        .collect::<Result<_, _>>()?;
    tx.run_with(
        "INSERT INTO teacher_identifier (teacher_id, kind, blind_index, sealed, valid_from)
         SELECT t.id, 'id_number', incoming.blind_index, incoming.sealed, {now} FROM {rows}
         JOIN teacher t ON t.founding_index = incoming.blind_index
         WHERE true ON CONFLICT (kind, blind_index) DO NOTHING",
        vec![],
        Rows::new()
            .bytes("blind_index", new.iter().map(|(index, _)| index.as_slice()))
            .bytes("sealed", sealed.iter().map(Vec::as_slice)),
    )
    .await?;
    Ok(())
}
