//! Pages that have changed in part. The raw records that a page had already when it came last, at the same address, are
//! counted from the books like those of a repeated page ([`crate::delivery::repeat`]). Only the others are read.
//!
//! The caller compares the bytes of both pages and reads what is gone as well. What is gone is taken off the counters of
//! the earlier batch, one by one; the rest of the counters stands for what both pages have. As with repeats, this applies only
//! where the result is exact; else the page is read as a whole. One thing is not told: that two contents of one version have
//! come, if the record has long got a newer version.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::delivery::batch::{ClaimedBatch, KeptPart, Load};
use crate::delivery::classify::{LostRow, OutcomeCounts};
use crate::delivery::confirm::{self, StreamState};
use crate::delivery::copies::{self, Copied, Copies};
use crate::delivery::repeat::{self, Earlier};
use crate::intake::payloads::StoredPayload;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;

/// An earlier batch of the same address, with which a page is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierPage {
    /// The batch.
    pub batch: i64,
    /// Number of its raw records, which are all of the page.
    pub records: u32,
    /// Where its bytes are.
    pub payload: StoredPayload,
}

/// Finds for each of some batches of one stream, each the only one of its payload, the newest earlier page at its address
/// whose records are all known.
///
/// # Errors
/// [`StoreError`].
pub async fn find_earlier_pages(
    db: &Db,
    held: &[&ClaimedBatch],
    activation: i64,
) -> Result<BTreeMap<i64, EarlierPage>, StoreError> {
    let Some(first) = held.first() else { return Ok(BTreeMap::new()) };
    let rows = Rows::new()
        .int("id", held.iter().map(|held| Some(held.id)))
        .text("address", held.iter().map(|held| Some(held.address.as_str())));
    let mut tx = db.begin_read_only().await?;
    let found = tx
        .fetch_rows_with(
            "WITH known AS (SELECT incoming.id AS id,
               (SELECT max(b.id) FROM payload p JOIN batch b ON b.payload_id = p.id
                WHERE p.source_id = $1 AND p.stream = $2 AND p.address = incoming.address AND b.id < incoming.id
                  AND b.first_record = 0 AND b.state = 'done' AND b.activation = $3
                  AND (b.elsewhere = 0 OR EXISTS (SELECT 1 FROM batch_copy c WHERE c.batch_id = b.id))) AS earlier
               FROM {rows})
             SELECT known.id AS id, b.id AS earlier, b.record_count AS records, p.each_values AS each_values, p.digest AS digest,
               coalesce(p.same_as, p.id) AS kept,
               (SELECT max(o.first_record + o.record_count) FROM batch o WHERE o.payload_id = p.id) AS landed
             FROM known JOIN batch b ON b.id = known.earlier JOIN payload p ON p.id = b.payload_id
             WHERE b.skipped + b.withdrawn + b.parked + b.discarded + b.tied = 0 AND b.contract <> 2",
            vec![first.source_id.into(), first.stream.as_str().into(), activation.into()],
            rows,
        )
        .await?;
    let mut pages = BTreeMap::new();
    for row in &found {
        let (id, records) = (row.int("id")?, row.int("records")?);
        let each: BTreeMap<String, String> =
            serde_json::from_str(row.opt_text("each_values")?.as_deref().unwrap_or("{}")).unwrap_or_default();
        let is_alike = held.iter().any(|held| held.id == id && held.each == each);
        if is_alike && row.int("landed")? == records {
            let payload = StoredPayload { id: row.int("kept")?, digest: row.bytes("digest")? };
            let (batch, records) = (row.int("earlier")?, u32::try_from(records).unwrap_or(0));
            pages.insert(id, EarlierPage { batch, records, payload });
        }
    }
    Ok(pages)
}

/// What the books say of the kept parts of a load, as they were before it wrote anything.
#[derive(Debug, Default)]
pub(crate) struct CountedParts(Vec<CountedPart>);

#[derive(Debug)]
struct CountedPart {
    batch: i64,
    earlier: i64,
    counts: OutcomeCounts,
    /// The keys of rows of the earlier batch that do not stand for a kept record.
    gone: HashSet<[u8; 16]>,
    /// The keys of kept records that are copies of other rows.
    copied: HashSet<[u8; 16]>,
}

/// Counts the kept parts of a load from the books. Returns `None` if the counters are not exact.
pub(crate) async fn count_parts(
    tx: &mut Tx,
    load: &Load<'_>,
    state: StreamState,
) -> Result<Option<CountedParts>, StoreError> {
    let Some(first) = load.held.first().filter(|_| !load.kept.is_empty()) else {
        return Ok(Some(CountedParts::default()));
    };
    if state.has_earlier || state.has_notices {
        return Ok(None);
    }
    // From then on no other batch overwrites a record of the stream because it landed later.
    confirm::lock_changes(tx, first).await?;
    let pairs = load.kept.iter().map(|part| (part.batch, part.earlier)).collect();
    let mut found = repeat::load_earlier(tx, &pairs).await?;
    found.retain(|_, earlier| repeat::is_plain(earlier));
    if state.has_open_letters {
        repeat::retain_without_letters(tx, first, &mut found).await?;
    }
    if found.len() < load.kept.len() {
        return Ok(None);
    }
    let with_copies = found.values().filter(|earlier| earlier.elsewhere > 0);
    let copied = copies::load_copies(tx, with_copies.map(|earlier| earlier.id)).await?;
    let rows = find_rows_of_gone(tx, first, &load.kept).await?;
    let mut remaining = Copies::new();
    let mut counted = vec![];
    for part in &load.kept {
        let of = copied.get(&found[&part.batch].id).map_or(&[][..], Vec::as_slice);
        let counted_part = count_part(part, &found[&part.batch], of, &rows, load.by_landing);
        let Some((one, left)) = counted_part else { return Ok(None) };
        remaining.insert(part.batch, left);
        counted.push(one);
    }
    let unchanged = copies::count_unchanged(tx, first, load.by_landing, &remaining).await?;
    let are_copies = remaining.iter().all(|(batch, left)| left.is_empty() || unchanged.get(batch) == Some(&left.len()));
    Ok(are_copies.then_some(CountedParts(counted)))
}

/// Takes what is gone off the counters of the earlier batch. Returns the copies that are left of it, too.
fn count_part(
    part: &KeptPart,
    earlier: &Earlier,
    copied: &[Copied],
    rows: &HashMap<[u8; 16], GoneRow>,
    by_landing: bool,
) -> Option<(CountedPart, Vec<Copied>)> {
    if copies::count_records(copied) != earlier.elsewhere {
        return None;
    }
    let mut left: HashMap<[u8; 16], Copied> = copied.iter().map(|copied| (copied.key, *copied)).collect();
    if left.len() != copied.len() {
        return None;
    }
    let mut counts = earlier.count_again();
    let mut gone = HashSet::new();
    for record in &part.gone {
        let row = rows.get(&record.key).filter(|row| !row.is_tied)?;
        let is_of_batch = row.batch == part.earlier;
        match left.get(&record.key).copied() {
            // One of several raw records of the page that have the key: what each stands for is not known.
            Some(copy) if is_of_batch || copy.records > 1 || copy.row != record.row => return None,
            None if is_of_batch && row.index != i64::from(record.row) => return None,
            Some(_) => {
                left.remove(&record.key);
                counts.outcomes.unchanged -= 1;
            }
            None if is_of_batch => {
                gone.insert(record.key);
                counts.outcomes.unchanged -= 1;
            }
            None => counts.outcomes.superseded -= 1,
        }
    }
    // Where the landing is the version, what was superseded would be the newest again.
    if by_landing && counts.outcomes.superseded > 0 {
        return None;
    }
    counts.elsewhere = counts.outcomes.unchanged;
    let is_sound = counts.outcomes.unchanged >= 0
        && counts.outcomes.superseded >= 0
        && counts.outcomes.total() == i64::from(part.records);
    let copied = left.keys().copied().collect();
    let left = left.into_values().collect();
    is_sound.then_some((CountedPart { batch: part.batch, earlier: part.earlier, counts, gone, copied }, left))
}

/// The row of a gone record's key.
struct GoneRow {
    batch: i64,
    index: i64,
    /// Whether several contents of its version have come.
    is_tied: bool,
}

async fn find_rows_of_gone(
    tx: &mut Tx,
    held: &ClaimedBatch,
    kept: &[KeptPart],
) -> Result<HashMap<[u8; 16], GoneRow>, StoreError> {
    let keys: HashSet<&[u8; 16]> = kept.iter().flat_map(|part| &part.gone).map(|gone| &gone.key).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx
        .fetch_rows_with(
            "SELECT t.record_key AS record_key, t.batch_id AS batch_id, t.row_index AS row_index,
                    coalesce((SELECT 1 FROM version_tie v WHERE v.record_id = t.id
                      AND v.source_version = t.source_version LIMIT 1), 0) AS tied
             FROM {rows} {join training_record t ON t.source_id = $1 AND t.stream = $2 AND t.record_key = incoming.record_key}",
            vec![held.source_id.into(), held.stream.as_str().into()],
            Rows::new().bytes("record_key", keys.into_iter().map(<[u8; 16]>::as_slice)),
        )
        .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        if let Ok(key) = <[u8; 16]>::try_from(row.bytes("record_key")?) {
            let (batch, index) = (row.int("batch_id")?, row.int("row_index")?);
            found.insert(key, GoneRow { batch, index, is_tied: row.int("tied")? == 1 });
        }
    }
    Ok(found)
}

impl CountedParts {
    /// Whether the load has changed nothing that the kept records stand for: neither rows of the earlier batches nor rows
    /// that they are copies of. `overwritten` are the rows that it has overwritten.
    pub fn still_hold(&self, overwritten: &[LostRow]) -> bool {
        self.0.iter().all(|part| {
            overwritten.iter().all(|LostRow { batch, key, .. }| {
                !part.copied.contains(key) && (*batch != part.earlier || part.gone.contains(key))
            })
        })
    }

    /// Adds the kept records to the counted outcomes of their batches.
    pub fn add_to(&self, counts: &mut BTreeMap<i64, OutcomeCounts>) {
        for part in &self.0 {
            counts.entry(part.batch).or_default().add(&part.counts);
        }
    }

    /// Returns the batches that have a kept part.
    pub fn list_batches(&self) -> impl Iterator<Item = i64> {
        self.0.iter().map(|part| part.batch)
    }
}
