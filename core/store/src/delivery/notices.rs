//! What a source says of its records besides their versions: that it takes a record back, or a row about it that a rule of
//! the manifest leaves out. The newest notice of each kind is kept. It counts as long as it is newer than the stored
//! version, whichever came first.

use std::collections::{BTreeMap, BTreeSet};

use crate::delivery::batch::{ClaimedBatch, Load};
use crate::delivery::confirm::StreamState;
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

/// The newest notice of a kind about a record within a batch.
#[derive(Debug)]
struct Notice<'l> {
    source_version: i64,
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
            index: row.index,
            address: &row.address,
            because: row.because,
        };
        ((row.record_key, NoticeKind::Withdrawn), notice)
    });
    let skipped = load.skipped.iter().filter_map(|row| {
        let (record_key, source_version) = row.record_key.zip(row.source_version)?;
        let notice = Notice { source_version, index: row.index, address: &row.address, because: row.because };
        Some(((record_key, NoticeKind::Skipped), notice))
    });
    let mut newest: Notices<'l> = BTreeMap::new();
    for (of, notice) in withdrawn.chain(skipped) {
        let held = newest.entry(of).or_insert_with(|| Notice { ..notice });
        if (notice.source_version, notice.index) > (held.source_version, held.index) {
            *held = notice;
        }
    }
    newest
}

/// Returns the keys of the records that a batch's notices are about.
pub(crate) fn list_keys(load: &Load<'_>) -> impl Iterator<Item = [u8; 16]> {
    collect_notices(load).into_keys().map(|(key, _)| key)
}

/// Writes a batch's notices, unless a newer one is stored. Of a row left out, it is kept only if the record is stored, or
/// could still come from a batch that landed earlier.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn write_notices(
    tx: &mut Tx,
    held: &ClaimedBatch,
    load: &Load<'_>,
    stream: StreamState,
) -> Result<(), StoreError> {
    const STORED: &str = "EXISTS (SELECT 1 FROM training_record t
        WHERE t.record_key = incoming.record_key AND t.source_id = $1 AND t.stream = $2)";
    let notices = collect_notices(load);
    if notices.is_empty() {
        return Ok(());
    }
    let rows = Rows::new()
        .bytes("record_key", notices.keys().map(|(key, _)| key.as_slice()))
        .text("kind", notices.keys().map(|(_, kind)| Some(kind.as_str())))
        .int("source_version", notices.values().map(|notice| Some(notice.source_version)))
        .int("row_index", notices.values().map(|notice| Some(notice.index.into())))
        .text("address", notices.values().map(|notice| Some(notice.address)))
        .text("because", notices.values().map(|notice| Some(notice.because)));
    let of = "record_notice";
    let sql = format!(
        "INSERT INTO {of} (source_id, stream, record_key, kind, source_version, batch_id, row_index, address, because, waits)
         SELECT $1, $2, incoming.record_key, incoming.kind, incoming.source_version, $3, incoming.row_index, incoming.address,
                incoming.because, CASE WHEN incoming.kind = 'withdrawn' OR {STORED} THEN 0 ELSE 1 END
         FROM {{rows}} WHERE incoming.kind = 'withdrawn' OR $4 = 1 OR {STORED}
         ON CONFLICT (record_key, source_id, stream, kind) DO UPDATE SET
           source_version = excluded.source_version, batch_id = excluded.batch_id, row_index = excluded.row_index,
           address = excluded.address, because = excluded.because, waits = excluded.waits
         WHERE (excluded.source_version, excluded.batch_id, excluded.row_index)
             > ({of}.source_version, {of}.batch_id, {of}.row_index)"
    );
    let args =
        vec![held.source_id.into(), held.stream.as_str().into(), held.id.into(), i64::from(stream.has_earlier).into()];
    tx.execute_with(&sql, args, rows).await?;
    mark_owners(tx, held, notices.keys().map(|(key, _)| *key)).await
}

/// Returns true if reading the bytes of an earlier batch again could change what a notice says: the batch gave a notice, or a
/// record that it stores has one, or it left rows out and records of the stream were written since.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn are_in_question(
    tx: &mut Tx,
    held: &ClaimedBatch,
    earlier: i64,
    skipped: i64,
) -> Result<bool, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM record_notice n WHERE n.batch_id = $1)
               OR EXISTS (SELECT 1 FROM record_notice n JOIN training_record t
                 ON t.record_key = n.record_key AND t.source_id = n.source_id AND t.stream = n.stream
                 WHERE n.source_id = $2 AND n.stream = $3 AND t.batch_id = $1)
               OR $4 > 0 AND EXISTS (SELECT 1 FROM batch b JOIN payload p ON p.id = b.payload_id
                 WHERE p.source_id = $2 AND p.stream = $3 AND b.id > $1 AND b.held > 0)",
            vec![earlier.into(), held.source_id.into(), held.stream.as_str().into(), skipped.into()],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Removes notices that waited for a record from an earlier batch, when all of these are delivered and none brought it.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn remove_waiting(db: &Db) -> Result<(), StoreError> {
    const NOTHING_EARLIER: &str =
        "waits = 1 AND NOT EXISTS (SELECT 1 FROM batch b JOIN payload p ON p.id = b.payload_id
        WHERE b.state <> 'done' AND b.id < record_notice.batch_id
          AND p.source_id = record_notice.source_id AND p.stream = record_notice.stream)";
    const STORED: &str = "EXISTS (SELECT 1 FROM training_record t WHERE t.record_key = record_notice.record_key
        AND t.source_id = record_notice.source_id AND t.stream = record_notice.stream)";
    if db.fetch_rows("SELECT 1 AS one FROM record_notice WHERE waits = 1 LIMIT 1", vec![]).await?.is_empty() {
        return Ok(());
    }
    let stored = format!("UPDATE record_notice SET waits = 0 WHERE waits = 1 AND {STORED}");
    db.execute(&stored, vec![]).await?;
    db.execute(&format!("DELETE FROM record_notice WHERE {NOTHING_EARLIER} AND NOT {STORED}"), vec![]).await?;
    Ok(())
}

/// Marks the teachers of the stored records with these keys: what is said of the records changes with this transaction. A
/// record that is being loaded at the same time is found by the mark of the batch.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn mark_owners(
    tx: &mut Tx,
    held: &ClaimedBatch,
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
    let owners: Vec<i64> = owners.iter().map(|row| row.int("teacher_id")).collect::<Result<_, _>>()?;
    marks::add_marks(tx, owners.into_iter()).await?;
    groups::mark_groups(tx, &[Group::Batch(held.id)].into()).await
}
