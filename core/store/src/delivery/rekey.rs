//! Gives records that are stored under the keys of an earlier program their keys by value. Where several records turn
//! out to be one, the newest stays and the others point to it.

use std::collections::{BTreeMap, HashMap};

use crate::admin::audit::{self, Author, NewEntry};
use crate::admin::sealing;
use crate::delivery::batch::ClaimedBatch;
use crate::delivery::classify::Loss;
use crate::delivery::dead_letters;
use crate::delivery::due_letters;
use crate::delivery::notices;
use crate::delivery::persons::Person;
use crate::delivery::ties;
use crate::ledger::marks;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_decode::Rekeyed;
use huiliu_vault::keys::Keys;
use schemars::JsonSchema;
use serde::Serialize;

/// A stream whose records still have old keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueStream {
    /// Row id of the source.
    pub source_id: i64,
    /// Name of the source.
    pub source: String,
    /// Id of the source's connector.
    pub connector: String,
    /// Name of the stream.
    pub stream: String,
    /// The manifest's activation under which some payloads could not be read; 0 if none was tried.
    pub tried: i64,
}

/// What giving records new keys has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RekeyTotals {
    /// Records and dead letters that got another key.
    pub rekeyed: u64,
    /// Records that turned out to be another version of a record that is stored too. They count no more.
    pub merged: u64,
    /// Records whose key by value is that of another person's record. They keep their keys.
    pub apart: u64,
    /// Batches whose payload today's manifest cannot read; their records keep their keys.
    pub unreadable: u64,
}

impl RekeyTotals {
    /// Adds the totals of another part.
    pub fn add(&mut self, other: Self) {
        self.rekeyed += other.rekeyed;
        self.merged += other.merged;
        self.apart += other.apart;
        self.unreadable += other.unreadable;
    }
}

/// Lists the streams whose records still have old keys.
///
/// # Errors
/// [`StoreError`].
pub async fn list_due_streams(db: &Db) -> Result<Vec<DueStream>, StoreError> {
    let sql = "SELECT d.source_id AS source_id, s.name AS source, s.connector AS connector, d.stream AS stream, d.tried AS tried
               FROM rekey_due d JOIN source s ON s.id = d.source_id ORDER BY d.source_id, d.stream";
    let due = |row: &Row| {
        Ok(DueStream {
            source_id: row.int("source_id")?,
            source: row.text("source")?,
            connector: row.text("connector")?,
            stream: row.text("stream")?,
            tried: row.int("tried")?,
        })
    };
    db.fetch_rows(sql, vec![]).await?.iter().map(due).collect()
}

/// Waits until no other process gives records new keys, and keeps others out until the transaction ends.
///
/// # Errors
/// [`StoreError`].
pub async fn lock_rekeying(tx: &mut Tx) -> Result<(), StoreError> {
    tx.take_advisory_lock("rekey", 0).await
}

/// Lists the batches of a stream that stored or parked records, after a batch, in order.
///
/// # Errors
/// [`StoreError`].
pub async fn list_batches(db: &Db, due: &DueStream, after: i64) -> Result<Vec<i64>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT b.id AS id FROM batch b JOIN payload p ON p.id = b.payload_id
             WHERE p.source_id = $1 AND p.stream = $2 AND b.id > $3 AND b.state = 'done' AND b.held + b.parked + b.discarded > 0
             ORDER BY b.id LIMIT 1000",
            vec![due.source_id.into(), due.stream.as_str().into(), after.into()],
        )
        .await?;
    rows.iter().map(|row| row.int("id")).collect()
}

/// Notes that a stream has new keys, and writes the totals into the audit log. If some payloads could not be read under
/// the manifest's activation, the stream is tried again under another one.
///
/// # Errors
/// [`StoreError`].
pub async fn finish_stream(
    db: &Db,
    keys: &Keys,
    due: &DueStream,
    activation: i64,
    totals: RekeyTotals,
    by: Author<'_>,
) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let of_stream = || vec![due.source_id.into(), due.stream.as_str().into(), activation.into()];
    let sql = if totals.unreadable > 0 {
        "UPDATE rekey_due SET tried = $3 WHERE source_id = $1 AND stream = $2"
    } else {
        "DELETE FROM rekey_due WHERE source_id = $1 AND stream = $2 AND $3 = $3"
    };
    tx.execute(sql, of_stream()).await?;
    if totals != RekeyTotals::default() {
        let RekeyTotals { rekeyed, merged, apart, unreadable } = totals;
        let detail = serde_json::json!({
            "stream": due.stream, "rekeyed": rekeyed, "merged": merged, "apart": apart, "unreadable": unreadable,
            "because": by.because,
        });
        let (object, detail) = (format!("source {}", due.source), detail.to_string());
        let entry = NewEntry { actor: by.actor, action: "records.rekey", object: &object, detail: &detail };
        audit::append_entry(&mut tx, keys, entry).await?;
    }
    tx.commit().await
}

/// A row with a key: its id, and its place in the order of versions.
#[derive(Debug, Clone)]
struct KeyedRow {
    id: i64,
    rank: (i64, i64, i64),
    batch: i64,
    teacher: Option<i64>,
    person: Person,
}

type Key = [u8; 16];

/// Gives the records and dead letters of these raw records their new keys. Marks the teachers for whom a record counts
/// no more.
///
/// # Errors
/// [`StoreError`].
pub async fn rekey_records(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    changed: &[Rekeyed],
) -> Result<RekeyTotals, StoreError> {
    // Several raw records may have one old key; two old keys may become one new key, one after the other.
    let mut totals = RekeyTotals::default();
    let mut waiting: BTreeMap<Key, Key> = changed.iter().map(|of| (of.old, of.new)).collect();
    while !waiting.is_empty() {
        let mut round: BTreeMap<Key, Key> = BTreeMap::new();
        for (old, new) in &waiting {
            round.entry(*new).or_insert(*old);
        }
        waiting.retain(|old, new| round.get(new) != Some(old));
        totals.add(rekey_round(tx, keys, held, &round).await?);
    }
    Ok(totals)
}

/// Rekeys records that all get different keys; `round` is new key → old key.
async fn rekey_round(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    round: &BTreeMap<Key, Key>,
) -> Result<RekeyTotals, StoreError> {
    let wanted = || round.iter().flat_map(|(new, old)| [new, old]);
    let stored = load_rows(tx, held, wanted()).await?;
    let mut given: Vec<(i64, Key)> = vec![];
    let mut merged: Vec<(&KeyedRow, &KeyedRow)> = vec![];
    let mut apart = 0;
    for (new, old) in round {
        match (stored.get(old), stored.get(new)) {
            // Loading such a record now would park it; what an earlier release counted stays for a person to decide.
            (Some(of_old), Some(of_new)) if !of_old.person.is_same_as(&of_new.person) => apart += 1,
            (Some(row), None) => given.push((row.id, *new)),
            (Some(of_old), Some(of_new)) if of_old.rank > of_new.rank => {
                given.extend([(of_new.id, filler_key(of_new.id)), (of_old.id, *new)]);
                merged.push((of_new, of_old));
            }
            (Some(of_old), Some(of_new)) => {
                given.push((of_old.id, filler_key(of_old.id)));
                merged.push((of_old, of_new));
            }
            (None, _) => {}
        }
    }
    // Fillers first, so that a key is free before another row gets it.
    let (fillers, news): (Vec<_>, Vec<_>) = given.iter().partition(|(id, key)| *key == filler_key(*id));
    for part in [&fillers, &news] {
        let rows = Rows::new()
            .int("id", part.iter().map(|(id, _)| Some(*id)))
            .bytes("record_key", part.iter().map(|(_, key)| key.as_slice()));
        let sql = "UPDATE training_record SET record_key = incoming.record_key FROM {rows} WHERE training_record.id = incoming.id";
        tx.execute_with(sql, vec![], rows).await?;
    }
    // Something may have been said of a record under its new key.
    notices::mark_owners(tx, held, [held.id].into_iter(), news.iter().map(|(_, key)| *key)).await?;
    due_letters::add_keys(tx, held, news.iter().map(|(_, key)| *key)).await?;
    merge_rows(tx, &merged).await?;
    let letters = rekey_letters(tx, keys, held, round).await?;
    Ok(RekeyTotals { rekeyed: (news.len() + letters) as u64, merged: merged.len() as u64, apart, unreadable: 0 })
}

/// A key that no record can have: only its last eight bytes are used.
pub(crate) fn filler_key(id: i64) -> Key {
    let mut key = [0; 16];
    key[8..].copy_from_slice(&id.to_be_bytes());
    key
}

async fn load_rows<'k>(
    tx: &mut Tx,
    held: &ClaimedBatch,
    wanted: impl Iterator<Item = &'k Key>,
) -> Result<HashMap<Key, KeyedRow>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT t.record_key AS record_key, t.id AS id, t.source_version AS source_version, t.batch_id AS batch_id,
                    coalesce(t.confirmed_batch, t.batch_id) AS newest_batch, coalesce(t.confirmed_row, t.row_index) AS newest_row,
                    c.teacher_id AS teacher_id, c.claim_key AS claim_key, c.name_folded AS name, c.blind_index AS blind_index
             FROM {rows} {join training_record t
               ON t.source_id = $1 AND t.stream = $2 AND t.record_key = incoming.record_key}
             {join identity_claim c ON c.id = t.claim_id}",
            vec![held.source_id.into(), held.stream.as_str().into()],
            Rows::new().bytes("record_key", wanted.map(<[u8; 16]>::as_slice)),
        )
        .await?;
    let mut stored = HashMap::with_capacity(rows.len());
    for row in &rows {
        let Ok(key) = Key::try_from(row.bytes("record_key")?) else { continue };
        let rank = (row.int("source_version")?, row.int("newest_batch")?, row.int("newest_row")?);
        let (id, batch, teacher) = (row.int("id")?, row.int("batch_id")?, row.opt_int("teacher_id")?);
        let person = Person::from_row(row)?;
        stored.insert(key, KeyedRow { id, rank, batch, teacher, person });
    }
    Ok(stored)
}

/// Lets each first row point to the second one, and count no more.
async fn merge_rows(tx: &mut Tx, merged: &[(&KeyedRow, &KeyedRow)]) -> Result<(), StoreError> {
    if merged.is_empty() {
        return Ok(());
    }
    for sql in [
        "UPDATE training_record SET merged_into = incoming.now FROM {rows} WHERE training_record.id = incoming.id",
        // What had been merged into the first row before follows it.
        "UPDATE training_record SET merged_into = incoming.now FROM {rows}
         WHERE training_record.merged_into = incoming.id AND training_record.merged_into IS NOT NULL",
    ] {
        let rows = Rows::new()
            .int("id", merged.iter().map(|(gone, _)| Some(gone.id)))
            .int("now", merged.iter().map(|(_, stays)| Some(stays.id)));
        tx.execute_with(sql, vec![], rows).await?;
    }
    let mut losses: BTreeMap<i64, Loss> = BTreeMap::new();
    for (gone, _) in merged {
        let loss = losses.entry(gone.batch).or_default();
        *loss = Loss { records: loss.records + 1, tied: loss.tied + 1 };
    }
    ties::write_losses(tx, &losses).await?;
    marks::add_marks(tx, merged.iter().flat_map(|(gone, stays)| [gone.teacher, stays.teacher]).flatten()).await
}

/// Gives dead letters their new keys, and seals their raw records anew, because the key is part of the seal. Returns
/// their number. Two letters that become one keep the newer content and all sightings.
async fn rekey_letters(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    round: &BTreeMap<Key, Key>,
) -> Result<usize, StoreError> {
    let of = || vec![held.source_id.into(), held.stream.as_str().into()];
    let any = tx.fetch_rows("SELECT 1 AS one FROM dead_letter WHERE source_id = $1 AND stream = $2 LIMIT 1", of());
    if any.await?.is_empty() {
        return Ok(0);
    }
    let wanted = || round.iter().flat_map(|(new, old)| [new.as_slice(), old.as_slice()]);
    let rows = tx
        .fetch_rows_with(
            "SELECT d.dead_letter_key AS dead_letter_key, d.id AS id, d.last_seen_at AS last_seen_at, d.raw_sealed AS raw_sealed
             FROM {rows} {join dead_letter d
               ON d.dead_letter_key = incoming.record_key AND d.source_id = $1 AND d.stream = $2}",
            of(),
            Rows::new().bytes("record_key", wanted()),
        )
        .await?;
    let mut stored: HashMap<Key, &Row> = HashMap::new();
    for row in &rows {
        stored.insert(row.bytes("dead_letter_key")?.try_into().unwrap_or_default(), row);
    }
    let mut done = 0;
    for (new, old) in round {
        let Some(of_old) = stored.get(old) else { continue };
        let Some(of_new) = stored.get(new) else {
            give_letter_key(tx, keys, of_old, old, new).await?;
            done += 1;
            continue;
        };
        let (gone, stays) = if of_old.int("last_seen_at")? > of_new.int("last_seen_at")? {
            give_letter_key(tx, keys, of_new, new, &filler_key(of_new.int("id")?)).await?;
            give_letter_key(tx, keys, of_old, old, new).await?;
            done += 1;
            (of_new, of_old)
        } else {
            (of_old, of_new)
        };
        merge_letters(tx, gone.int("id")?, stays.int("id")?).await?;
    }
    Ok(done)
}

async fn give_letter_key(tx: &mut Tx, keys: &Keys, letter: &Row, from: &Key, to: &Key) -> Result<(), StoreError> {
    let place = |key| [b"dead_letter".as_slice(), b"raw_sealed", key];
    let raw = keys.open(&place(from.as_slice()), &letter.bytes("raw_sealed")?)?;
    sealing::require_current(tx, keys).await?;
    let sealed = keys.seal(&place(to.as_slice()), &raw)?;
    let args = vec![letter.int("id")?.into(), to.as_slice().into(), sealed.into()];
    tx.execute("UPDATE dead_letter SET dead_letter_key = $2, raw_sealed = $3 WHERE id = $1", args).await?;
    dead_letters::mark_letters(tx, std::iter::once(letter.int("id")?)).await
}

async fn merge_letters(tx: &mut Tx, gone: i64, stays: i64) -> Result<(), StoreError> {
    let both = || vec![gone.into(), stays.into()];
    tx.execute("UPDATE dead_letter_sighting SET dead_letter_id = $2 WHERE dead_letter_id = $1", both()).await?;
    tx.execute("UPDATE dead_letter SET state = 'closed' WHERE id = $1 AND state = 'open'", vec![gone.into()]).await?;
    let sql = "SELECT id FROM dead_letter WHERE id = $1 AND state = 'discarded'";
    if !tx.fetch_rows(sql, vec![stays.into()]).await?.is_empty() {
        // What a person discarded stays discarded.
        return dead_letters::discard_sightings(tx, &[stays]).await;
    }
    dead_letters::mark_letters(tx, [gone, stays].into_iter()).await?;
    tx.execute(
        "UPDATE dead_letter SET state = 'open' WHERE id = $1 AND state = 'closed'
           AND EXISTS (SELECT 1 FROM dead_letter_sighting s WHERE s.dead_letter_id = $1 AND s.outcome = 'parked')",
        vec![stays.into()],
    )
    .await?;
    Ok(())
}
