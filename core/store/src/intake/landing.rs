//! Landing: payloads of a stream are written with their batches and the cursor in one transaction. Small pages land
//! together, in sets, so that a page costs no transaction and no statement of its own.

use std::collections::HashMap;

use crate::admin::sealing;
use crate::intake::files::{self, FileOutcome, LandedFile};
use crate::intake::payloads::{self, Sealed};
use crate::intake::runs::Source;
use crate::intake::source_lease::{self, SourceClaim};
use crate::intake::unread::{self, LandedPayload};
use crate::intake::{layouts, pushed};
use crate::sql::db::{Db, Tx};
use crate::sql::error::{StoreError, Unreadable};
use crate::sql::rows::Rows;

use huiliu_decode::accounting::PayloadLayout;
use huiliu_decode::heavy::run_heavy;
use huiliu_decode::payload::Payload;
use huiliu_messages::Message;
use huiliu_vault::keys::Keys;

/// One reading of a stream.
#[derive(Debug, Clone, Copy)]
pub struct StreamPass<'a> {
    /// The source.
    pub source: &'a Source,
    /// The lease on the source.
    pub claim: SourceClaim,
    /// The run that reads it.
    pub run: i64,
    /// Name of the stream.
    pub stream: &'a str,
    /// The cursor at which the run began reading the stream.
    pub cursor_at_start: Option<&'a str>,
}

/// A payload to land.
#[derive(Debug)]
pub struct NewPayload<'a> {
    /// Page or file name, for display.
    pub address: &'a str,
    /// The bytes as received.
    pub payload: &'a Payload,
    /// The fan-out values with which the payload was requested, as a JSON object of strings.
    pub each: Option<&'a str>,
    /// Number of raw records in it, or why it cannot be read.
    pub records: Result<u32, Message>,
    /// What the rows of its tables were taken for, if it has tables.
    pub layout: Option<&'a PayloadLayout>,
    /// The stream's cursor after this payload.
    pub cursor: Option<&'a str>,
    /// The listed file that it is, if it is one.
    pub file: Option<LandedFile<'a>>,
}

impl<'a> NewPayload<'a> {
    /// Makes a payload that is not a listed file, has no tables and moves no cursor.
    #[must_use]
    pub fn new(address: &'a str, payload: &'a Payload, records: Result<u32, Message>) -> Self {
        Self { address, payload, each: None, records, layout: None, cursor: None, file: None }
    }

    fn unreadable(&self, why: std::io::Error) -> StoreError {
        StoreError::Unreadable(Unreadable::Bytes { place: self.address.to_owned(), why })
    }
}

/// A payload that is ready to be written.
struct Ready<'a> {
    new: &'a NewPayload<'a>,
    digest: [u8; 32],
    /// The payload in the database that holds the same bytes.
    same_as: Option<i64>,
    /// The place in the group of the payload that holds the same bytes.
    same_in_group: Option<usize>,
    /// Its bytes, unless they are held already.
    sealed: Option<Sealed>,
    error: String,
}

impl Ready<'_> {
    fn record_count(&self) -> u32 {
        *self.new.records.as_ref().unwrap_or(&0)
    }
}

/// Writes payloads, their batches and the cursor in one transaction, and returns the ids of the batches, in the order of
/// the payloads. A batch has at most `batch_size` records, and never more than 5,000. Bytes that are already stored are
/// not sealed again.
///
/// # Errors
/// [`StoreError`], including [`StoreError::LeaseLost`]. Nothing is written then.
pub async fn land_payloads(
    db: &Db,
    keys: &Keys,
    pass: StreamPass<'_>,
    payloads: &[NewPayload<'_>],
    batch_size: u32,
) -> Result<Vec<i64>, StoreError> {
    let ready = prepare(db, keys, pass, payloads).await?;
    let mut tx = db.begin().await?;
    source_lease::require_lease(&mut tx, pass.claim).await?;
    if ready.iter().any(|of| of.sealed.is_some()) {
        sealing::require_current(&mut tx, keys).await?;
    }
    let ids = insert_payloads(&mut tx, pass, &ready).await?;
    let mut layouts = vec![];
    for (of, id) in ready.iter().zip(&ids) {
        if let Some(sealed) = &of.sealed {
            payloads::insert_remaining_pieces(&mut tx, *id, &of.digest, sealed, of.new.payload).await?;
        }
        layouts.extend(of.new.layout.map(|layout| (*id, layout)));
    }
    layouts::insert_tables(&mut tx, &layouts).await?;
    let records: Vec<(i64, u32)> = ids.iter().copied().zip(ready.iter().map(Ready::record_count)).collect();
    let batches = insert_batches(&mut tx, pass.run, &records, batch_size, false).await?;
    note_outcomes(&mut tx, pass, &ready, &ids).await?;
    if let Some(cursor) = payloads.iter().rev().find_map(|of| of.cursor) {
        write_cursor(&mut tx, pass, cursor).await?;
    }
    tx.commit().await?;
    Ok(batches)
}

/// Digests the payloads and seals those whose bytes are not held yet.
async fn prepare<'a>(
    db: &Db,
    keys: &Keys,
    pass: StreamPass<'_>,
    payloads: &'a [NewPayload<'a>],
) -> Result<Vec<Ready<'a>>, StoreError> {
    let digests = payloads
        .iter()
        .map(|new| {
            run_heavy(new.payload.len(), || pushed::compute_digest(keys, pass.stream, new.payload))
                .map_err(|why| new.unreadable(why))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let held = find_same_payloads(db, pass.source.id, &digests).await?;
    let mut ready: Vec<Ready<'a>> = Vec::with_capacity(payloads.len());
    // Only bytes that could be read stand for those that come again.
    let mut first_of: HashMap<[u8; 32], usize> = HashMap::new();
    for (at, (new, digest)) in payloads.iter().zip(digests).enumerate() {
        let same_as = held.get(digest.as_slice()).copied();
        let same_in_group = first_of.get(&digest).copied();
        let sealed = match (same_as, same_in_group) {
            (None, None) => {
                let size = new.payload.len();
                Some(run_heavy(size, || payloads::seal_first_piece(keys, &digest, new.payload))?)
            }
            _ => None,
        };
        if sealed.is_some() && new.records.is_ok() {
            first_of.insert(digest, at);
        }
        let error = new.records.as_ref().err().map(Message::to_stored).unwrap_or_default();
        ready.push(Ready { new, digest, same_as, same_in_group, sealed, error });
    }
    Ok(ready)
}

/// Returns the payloads of a source that hold these bytes, by digest.
async fn find_same_payloads(
    db: &Db,
    source_id: i64,
    digests: &[[u8; 32]],
) -> Result<HashMap<Vec<u8>, i64>, StoreError> {
    let rows = db
        .begin_read_only()
        .await?
        .fetch_rows_with(
            "SELECT i.digest AS digest, (SELECT min(p.id) FROM payload p WHERE p.source_id = $1 AND p.digest = i.digest
                      AND p.same_as IS NULL AND p.state = 'landed') AS id
             FROM (SELECT digest FROM {rows}) i",
            vec![source_id.into()],
            Rows::new().bytes("digest", digests.iter().map(<[u8; 32]>::as_slice)),
        )
        .await?;
    let mut held = HashMap::new();
    for row in rows {
        if let Some(id) = row.opt_int("id")? {
            held.insert(row.bytes("digest")?, id);
        }
    }
    Ok(held)
}

/// Inserts the rows of payloads in their order, and returns their ids.
async fn insert_payloads(tx: &mut Tx, pass: StreamPass<'_>, ready: &[Ready<'_>]) -> Result<Vec<i64>, StoreError> {
    let ids = tx.reserve_ids("payload", ready.len()).await?;
    let same_as = |of: &Ready<'_>| of.same_as.or_else(|| of.same_in_group.and_then(|first| ids.get(first).copied()));
    let addresses: Vec<String> = ready.iter().map(|of| of.new.address.replace('\0', "\u{FFFD}")).collect();
    let each: Vec<Option<String>> =
        ready.iter().map(|of| of.new.each.map(|each| each.replace("\\u0000", "\u{FFFD}"))).collect();
    let state = |of: &Ready<'_>| if of.error.is_empty() { "landed" } else { "undecodable" };
    let rows = Rows::new()
        .int("id", ids.iter().copied().map(Some))
        .text("address", addresses.iter().map(|address| Some(address.as_str())))
        .bytes("digest", ready.iter().map(|of| of.digest.as_slice()))
        .int("same_as", ready.iter().map(same_as))
        .opt_bytes("wrapped_key", ready.iter().map(|of| of.sealed.as_ref().map(|sealed| sealed.wrapped.as_slice())))
        .opt_bytes("sealed", ready.iter().map(|of| of.sealed.as_ref().map(|sealed| sealed.first.as_slice())))
        .int("byte_count", ready.iter().map(|of| Some(i64::try_from(of.new.payload.len()).unwrap_or(i64::MAX))))
        .text("state", ready.iter().map(|of| Some(state(of))))
        .text("error", ready.iter().map(|of| Some(of.error.as_str()).filter(|error| !error.is_empty())))
        .text("each_values", each.iter().map(|each| each.as_deref().filter(|each| !each.is_empty())));
    tx.execute_with(
        "INSERT INTO payload (id, institution_id, run_id, source_id, stream, address, digest, same_as, wrapped_key, sealed,
                              byte_count, state, error, landed_at, each_values)
         SELECT id, $1, $2, $3, $4, address, digest, same_as, wrapped_key, sealed, byte_count, state, error, {now}, each_values
         FROM {rows} WHERE true",
        vec![pass.source.institution_id.into(), pass.run.into(), pass.source.id.into(), pass.stream.into()],
        rows,
    )
    .await?;
    Ok(ids)
}

/// Makes the batches of payloads, given with their numbers of records, and returns their ids in the same order. The sound records of
/// batches that await a replay are parked when they are delivered.
pub(crate) async fn insert_batches(
    tx: &mut Tx,
    run: i64,
    payloads: &[(i64, u32)],
    batch_size: u32,
    awaits_replay: bool,
) -> Result<Vec<i64>, StoreError> {
    let at_most = batch_size.clamp(1, 5_000);
    let cut = |(payload, records): &(i64, u32)| {
        let (payload, records) = (*payload, *records);
        (0..records).step_by(at_most as usize).map(move |first| (payload, first, at_most.min(records - first)))
    };
    let batches: Vec<(i64, u32, u32)> = payloads.iter().flat_map(cut).collect();
    if batches.is_empty() {
        return Ok(vec![]);
    }
    let rows = Rows::new()
        .int("payload_id", batches.iter().map(|(payload, ..)| Some(*payload)))
        .int("first_record", batches.iter().map(|(_, first, _)| Some(i64::from(*first))))
        .int("record_count", batches.iter().map(|(.., count)| Some(i64::from(*count))));
    let inserted = tx
        .fetch_rows_with(
            "INSERT INTO batch (run_id, payload_id, first_record, record_count, state, due_at, notified_at, awaits_replay)
             SELECT $1, payload_id, first_record, record_count, 'due', {now}, {now}, $2 FROM {rows} WHERE true
             ORDER BY payload_id, first_record RETURNING id",
            vec![run.into(), i64::from(awaits_replay).into()],
            rows,
        )
        .await?;
    let mut ids = inserted.iter().map(|row| row.int("id")).collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    Ok(ids)
}

/// Notes what became of the payloads' files, which payloads could not be decoded, and which stand for one that could not.
async fn note_outcomes(tx: &mut Tx, pass: StreamPass<'_>, ready: &[Ready<'_>], ids: &[i64]) -> Result<(), StoreError> {
    let StreamPass { source, stream, run, .. } = pass;
    let mut may_end = unread::has_open(tx, source.id, stream).await?;
    for (of, payload) in ready.iter().zip(ids) {
        let (payload, digest, error) = (*payload, of.digest.as_slice(), of.error.as_str());
        let file = of.new.file;
        let landed =
            LandedPayload { id: payload, source_id: source.id, stream, digest, file: file.map(|file| file.name) };
        if !error.is_empty() {
            unread::add_unread(tx, &landed).await?;
            may_end = true;
        } else if may_end {
            unread::end_by_payload(tx, &landed).await?;
        }
        if let Some(file) = file {
            files::write_landed(tx, file, &FileOutcome { source_id: source.id, stream, run, payload, digest, error })
                .await?;
        }
    }
    Ok(())
}

/// Saves a cursor when nothing has landed, such as while the platform prepares an export.
///
/// # Errors
/// [`StoreError`], including [`StoreError::LeaseLost`].
pub async fn save_cursor(db: &Db, pass: StreamPass<'_>, cursor: &str) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    source_lease::require_lease(&mut tx, pass.claim).await?;
    write_cursor(&mut tx, pass, cursor).await?;
    tx.commit().await
}

async fn write_cursor(tx: &mut Tx, pass: StreamPass<'_>, cursor: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO stream_cursor (source_id, stream, value) VALUES ($1, $2, $3)
         ON CONFLICT (source_id, stream) DO UPDATE SET value = excluded.value",
        vec![pass.source.id.into(), pass.stream.into(), cursor.into()],
    )
    .await?;
    tx.execute(
        "INSERT INTO sync_run_cursor (run_id, stream, at_start, at_end) VALUES ($1, $2, nullif($3, ''), $4)
         ON CONFLICT (run_id, stream) DO UPDATE SET at_end = excluded.at_end",
        vec![pass.run.into(), pass.stream.into(), pass.cursor_at_start.unwrap_or_default().into(), cursor.into()],
    )
    .await?;
    Ok(())
}
