//! What a source says of its records besides their versions: that it takes a record back, or a row about it that a rule of
//! the manifest leaves out. The newest notice of each kind is kept. It counts as long as it is newer than the stored
//! version, whichever came first.

use std::collections::{BTreeMap, BTreeSet};

use crate::delivery::batch::{ClaimedBatch, Load};
use crate::delivery::confirm::StreamState;
use crate::intake::payloads::same_bytes;
use crate::ledger::groups::{self, Group};
use crate::ledger::marks;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;

/// A kind of notice, in the words of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NoticeKind {
    /// The source takes the record back.
    Withdrawn,
    /// A rule of the manifest leaves out a row about the record.
    Skipped,
}

impl NoticeKind {
    /// Returns its word in the table.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Skipped => "skipped",
        }
    }
}

/// The newest notice of a kind about a record within some batches.
#[derive(Debug)]
struct Notice<'l> {
    source_version: i64,
    batch: i64,
    index: u32,
    address: &'l str,
    because: &'l str,
}

type Notices<'l> = BTreeMap<([u8; 16], NoticeKind), Notice<'l>>;

/// Collects the newest notice of each kind about each record. A row that is left out without a readable key or version says
/// nothing of any record.
fn collect_notices<'l>(load: &'l Load<'_>) -> Notices<'l> {
    let withdrawn = load.withdrawn.iter().map(|row| {
        let notice = Notice {
            source_version: row.source_version,
            batch: row.batch,
            index: row.index,
            address: &row.address,
            because: row.because,
        };
        ((row.record_key, NoticeKind::Withdrawn), notice)
    });
    let skipped = load.skipped.iter().filter_map(|row| {
        let (record_key, source_version) = row.record_key.zip(row.source_version)?;
        let notice =
            Notice { source_version, batch: row.batch, index: row.index, address: &row.address, because: row.because };
        Some(((record_key, NoticeKind::Skipped), notice))
    });
    // Of rows left out, the last one counts: what an earlier one said is not kept in every order of delivery.
    let rank = |kind, notice: &Notice<'_>| match kind {
        NoticeKind::Withdrawn => (notice.source_version, notice.batch, notice.index),
        NoticeKind::Skipped => (0, notice.batch, notice.index),
    };
    let mut newest: Notices<'l> = BTreeMap::new();
    for (of, notice) in withdrawn.chain(skipped) {
        let held = newest.entry(of).or_insert_with(|| Notice { ..notice });
        if rank(of.1, &notice) > rank(of.1, held) {
            *held = notice;
        }
    }
    newest
}

/// Returns the keys of the records that the notices of some batches are about.
pub(crate) fn list_keys(load: &Load<'_>) -> impl Iterator<Item = [u8; 16]> {
    collect_notices(load).into_keys().map(|(key, _)| key)
}

/// Returns the records that the notices of some batches are about, with the kinds of notices in the words of the table.
pub(crate) fn list_subjects(load: &Load<'_>) -> impl Iterator<Item = ([u8; 16], &'static str)> {
    collect_notices(load).into_keys().map(|(key, kind)| (key, kind.as_str()))
}

/// Returns the batches that have such rows.
pub(crate) fn list_batches(load: &Load<'_>) -> impl Iterator<Item = i64> {
    load.withdrawn.iter().map(|row| row.batch).chain(load.skipped.iter().map(|row| row.batch))
}

/// SQL condition: the record of the notice `n` is stored, or a replay of its open dead letter can still bring it.
fn is_known(n: &str, source: &str, stream: &str) -> String {
    format!(
        "((SELECT 1 FROM training_record t
            WHERE t.record_key = {n}.record_key AND t.source_id = {source} AND t.stream = {stream} LIMIT 1) IS NOT NULL
          OR (SELECT 1 FROM dead_letter d WHERE d.dead_letter_key = {n}.record_key AND d.source_id = {source}
            AND d.stream = {stream} AND d.state || '' = 'open' LIMIT 1) IS NOT NULL)"
    )
}

/// Writes the notices of some batches, unless a newer one is stored. Of a row left out, it is kept only if the record is stored, or
/// could still come from a batch that landed earlier or by a replay.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn write_notices(
    tx: &mut Tx,
    held: &ClaimedBatch,
    load: &Load<'_>,
    stream: StreamState,
) -> Result<(), StoreError> {
    let known = is_known("incoming", "$1", "$2");
    let notices = collect_notices(load);
    if notices.is_empty() {
        return Ok(());
    }
    let rows = Rows::new()
        .bytes("record_key", notices.keys().map(|(key, _)| key.as_slice()))
        .text("kind", notices.keys().map(|(_, kind)| Some(kind.as_str())))
        .int("source_version", notices.values().map(|notice| Some(notice.source_version)))
        .int("batch_id", notices.values().map(|notice| Some(notice.batch)))
        .int("row_index", notices.values().map(|notice| Some(notice.index.into())))
        .text("address", notices.values().map(|notice| Some(notice.address)))
        .text("because", notices.values().map(|notice| Some(notice.because)));
    let of = "record_notice";
    let sql = format!(
        "INSERT INTO {of} (source_id, stream, record_key, kind, source_version, batch_id, row_index, address, because, waits)
         SELECT $1, $2, incoming.record_key, incoming.kind, incoming.source_version, incoming.batch_id, incoming.row_index, incoming.address,
                incoming.because, CASE WHEN incoming.kind = 'withdrawn' OR {known} THEN 0 ELSE 1 END
         FROM {{rows}} WHERE incoming.kind = 'withdrawn' OR $3 = 1 OR {known}
         ON CONFLICT (record_key, source_id, stream, kind) DO UPDATE SET
           source_version = excluded.source_version, batch_id = excluded.batch_id, row_index = excluded.row_index,
           address = excluded.address, because = excluded.because, waits = excluded.waits
         WHERE (CASE WHEN excluded.kind = 'skipped' THEN 0 ELSE excluded.source_version END, excluded.batch_id, excluded.row_index)
             > (CASE WHEN {of}.kind = 'skipped' THEN 0 ELSE {of}.source_version END, {of}.batch_id, {of}.row_index)"
    );
    let args = vec![held.source_id.into(), held.stream.as_str().into(), i64::from(stream.has_earlier).into()];
    tx.execute_with(&sql, args, rows).await?;
    Ok(())
}

/// A batch whose bytes have been delivered before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repetition {
    /// The payload that holds the bytes.
    pub original: i64,
    /// The earlier batch by which its records are counted.
    pub earlier: i64,
    /// The manifest's activation.
    pub activation: i64,
    /// Rows that are left out.
    pub skipped: i64,
    /// Whether an earlier batch of the stream is not delivered yet.
    pub has_earlier: bool,
}

/// Returns true if reading the bytes of a repetition again could change what is said of a record: a record that the earlier
/// batch stores has a notice or is missing; or rows were left out, and since they were read last a record of the stream was
/// written, one of those that they are about was received again, or such a record may still come from an earlier batch.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn are_in_question(
    tx: &mut Tx,
    held: &ClaimedBatch,
    repetition: Repetition,
) -> Result<bool, StoreError> {
    let Repetition { original, earlier, activation, skipped, has_earlier } = repetition;
    let stored = "SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM record_notice n JOIN training_record t
           ON t.record_key = n.record_key AND t.source_id = n.source_id AND t.stream = n.stream
         WHERE n.source_id + 0 = $1 AND n.stream = $2 AND t.batch_id = $3)
       OR EXISTS (SELECT 1 FROM missing_record m JOIN training_record t ON t.id = m.record_id
         WHERE m.source_id = $1 AND m.stream = $2 AND t.batch_id = $3)";
    let of = || vec![held.source_id.into(), held.stream.as_str().into()];
    if !tx.fetch_rows(stored, [of(), vec![earlier.into()]].concat()).await?.is_empty() {
        return Ok(true);
    }
    if skipped == 0 {
        return Ok(false);
    }
    // The same bytes, whoever represents their records.
    let same = format!(
        "SELECT b.id FROM {} JOIN batch b ON b.payload_id = same.id
         WHERE b.id < $5 AND b.first_record = $6 AND b.record_count = $7 AND b.state = 'done' AND b.activation = $8
           AND b.awaits_replay = 0",
        same_bytes("$3", "$4")
    );
    let sql = format!(
        "SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM batch b JOIN payload p ON p.id = b.payload_id
             WHERE p.source_id = $1 AND p.stream = $2 AND b.held > 0 AND b.id > (SELECT max(id) FROM ({same}) AS same))
           OR EXISTS (SELECT 1 FROM record_notice n JOIN training_record t
               ON t.record_key = n.record_key AND t.source_id = n.source_id AND t.stream = n.stream
             WHERE n.source_id + 0 = $1 AND n.stream = $2 AND n.kind = 'skipped' AND n.batch_id IN ({same})
               AND n.source_version >= t.source_version AND coalesce(t.confirmed_batch, t.batch_id) > n.batch_id)"
    );
    let more = vec![
        original.into(),
        held.address.as_str().into(),
        held.id.into(),
        i64::from(held.first).into(),
        i64::from(held.count).into(),
        activation.into(),
    ];
    Ok(has_earlier || !tx.fetch_rows(&sql, [of(), more].concat()).await?.is_empty())
}

/// Removes notices that waited for a record from an earlier batch, when all of these are delivered and none brought it.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn remove_waiting(db: &Db) -> Result<(), StoreError> {
    const NOTHING_EARLIER: &str =
        "waits = 1 AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.state <> 'done' AND b.id < record_notice.batch_id
          AND (SELECT p.source_id FROM payload p WHERE p.id = b.payload_id AND p.stream = record_notice.stream)
              = record_notice.source_id)";
    if db.fetch_rows("SELECT 1 AS one FROM record_notice WHERE waits = 1 LIMIT 1", vec![]).await?.is_empty() {
        return Ok(());
    }
    let known = is_known("record_notice", "record_notice.source_id", "record_notice.stream");
    db.execute(&format!("UPDATE record_notice SET waits = 0 WHERE waits = 1 AND {known}"), vec![]).await?;
    db.execute(&format!("DELETE FROM record_notice WHERE {NOTHING_EARLIER} AND NOT {known}"), vec![]).await?;
    Ok(())
}

/// Marks the teachers of the stored records with these keys: what is said of the records changes with this transaction. A
/// record that is being loaded at the same time is found by the marks of the batches.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn mark_owners(
    tx: &mut Tx,
    held: &ClaimedBatch,
    batches: impl Iterator<Item = i64>,
    keys: impl Iterator<Item = [u8; 16]>,
) -> Result<(), StoreError> {
    let keys: BTreeSet<[u8; 16]> = keys.collect();
    if keys.is_empty() {
        return Ok(());
    }
    let owners = tx
        .fetch_rows_with(
            "SELECT DISTINCT c.teacher_id AS teacher_id FROM {rows} {join training_record t
               ON t.record_key = incoming.record_key AND t.source_id = $1 AND t.stream = $2}
             {join identity_claim c ON c.id = t.claim_id} WHERE c.teacher_id IS NOT NULL",
            vec![held.source_id.into(), held.stream.as_str().into()],
            Rows::new().bytes("record_key", keys.iter().map(<[u8; 16]>::as_slice)),
        )
        .await?;
    marks::add_marks_of_rows(tx, &owners).await?;
    groups::mark_groups(tx, &batches.map(Group::Batch).collect()).await
}
