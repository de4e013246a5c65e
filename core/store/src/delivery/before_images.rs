//! What a replay is about to change, kept as it is, so that the replay can be undone.

use crate::delivery::batch::{ClaimedBatch, Load};
use crate::delivery::classify::{LostRow, Tie};
use crate::delivery::notices;
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;

/// The columns of a training record that a newer version of it may change.
pub(crate) const CONTENT: [&str; 26] = [
    "claim_id",
    "batch_id",
    "source_version",
    "hours_units",
    "offering_id",
    "activation",
    "manifest_version",
    "row_index",
    "flagged",
    "content_digest",
    "pass_state",
    "raw_hours",
    "period_end",
    "address",
    "period_start",
    "school_code",
    "certificate_number",
    "attendance",
    "grade",
    "total_numerator",
    "total_denominator",
    "score_learning",
    "score_activity",
    "score_artefact",
    "confirmed_batch",
    "confirmed_row",
];

/// A replay that keeps what it changes. A replay of which no plan is stored keeps nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keeper(i64);

impl Keeper {
    /// `replay` is 0 if none was planned.
    pub(crate) fn of_replay(replay: i64) -> Option<Self> {
        (replay > 0).then_some(Self(replay))
    }

    /// Keeps rows that the replay overwrites, unless it has kept or made them before.
    pub(crate) async fn keep_rows(self, tx: &mut Tx, rows: impl Iterator<Item = i64>) -> Result<(), StoreError> {
        let content = CONTENT.join(", ");
        let of_row: Vec<String> = CONTENT.iter().map(|column| format!("t.{column}")).collect();
        let sql = format!(
            "INSERT INTO replay_record (replay_id, record_id, source_id, stream, record_key, is_new, {content})
             SELECT $1, t.id, t.source_id, t.stream, t.record_key, 0, {} FROM {{rows}} {{join training_record t ON t.id = incoming.id}}
             WHERE true ON CONFLICT (replay_id, record_id) DO NOTHING",
            of_row.join(", ")
        );
        tx.execute_with(&sql, vec![self.0.into()], Rows::new().int("id", rows.map(Some))).await?;
        Ok(())
    }

    /// Keeps that these rows are new.
    pub(crate) async fn keep_new_rows<'k>(
        self,
        tx: &mut Tx,
        held: &'k ClaimedBatch,
        ids: &[i64],
        keys: impl Iterator<Item = &'k [u8; 16]>,
    ) -> Result<(), StoreError> {
        let always = |value: i64| std::iter::repeat_n(Some(value), ids.len());
        let rows = Rows::new()
            .int("replay_id", always(self.0))
            .int("record_id", ids.iter().copied().map(Some))
            .int("source_id", always(held.source_id))
            .text("stream", std::iter::repeat_n(Some(held.stream.as_str()), ids.len()))
            .bytes("record_key", keys.map(<[u8; 16]>::as_slice))
            .short("is_new", always(1));
        tx.insert_rows("replay_record", rows).await
    }

    /// Keeps of rows that it has kept that they count no more, and as which outcomes their raw records had counted.
    pub(crate) async fn keep_ended(
        self,
        tx: &mut Tx,
        ended: impl Iterator<Item = (i64, &'static str)>,
    ) -> Result<(), StoreError> {
        let (rows, outcomes): (Vec<i64>, Vec<&str>) = ended.unzip();
        tx.execute_with(
            "UPDATE replay_record SET ended_as = incoming.outcome FROM {rows}
             WHERE replay_record.replay_id = $1 AND replay_record.record_id = incoming.id",
            vec![self.0.into()],
            Rows::new().int("id", rows.into_iter().map(Some)).text("outcome", outcomes.into_iter().map(Some)),
        )
        .await?;
        Ok(())
    }

    /// Keeps which rows batches lose.
    pub(crate) async fn keep_losses(self, tx: &mut Tx, lost: &[LostRow]) -> Result<(), StoreError> {
        let rows = Rows::new()
            .int("replay_id", std::iter::repeat_n(Some(self.0), lost.len()))
            .int("record_id", lost.iter().map(|lost| Some(lost.row)))
            .int("batch_id", lost.iter().map(|lost| Some(lost.batch)))
            .short("tied", lost.iter().map(|lost| Some(i64::from(lost.is_tied))));
        tx.insert_rows("replay_loss", rows).await
    }

    /// Keeps which ties are new.
    pub(crate) async fn keep_ties(self, tx: &mut Tx, ties: &[Tie]) -> Result<(), StoreError> {
        if ties.is_empty() {
            return Ok(());
        }
        let rows = Rows::new()
            .int("record_id", ties.iter().map(|tie| Some(tie.row)))
            .int("batch_id", ties.iter().map(|tie| Some(tie.batch)))
            .int("row_index", ties.iter().map(|tie| Some(tie.index)));
        tx.execute_with(
            "INSERT INTO replay_tie (replay_id, record_id, batch_id, row_index)
             SELECT DISTINCT $1, incoming.record_id, incoming.batch_id, incoming.row_index FROM {rows}
             WHERE (SELECT 1 FROM version_tie v WHERE v.record_id = incoming.record_id AND v.batch_id = incoming.batch_id
                      AND v.row_index = incoming.row_index) IS NULL
             ON CONFLICT (replay_id, record_id, batch_id, row_index) DO NOTHING",
            vec![self.0.into()],
            rows,
        )
        .await?;
        Ok(())
    }

    /// Keeps what is said of the records that the notices of a batch are about.
    pub(crate) async fn keep_notices(
        self,
        tx: &mut Tx,
        held: &ClaimedBatch,
        load: &Load<'_>,
    ) -> Result<(), StoreError> {
        let of: Vec<_> = notices::list_subjects(load).collect();
        if of.is_empty() {
            return Ok(());
        }
        let rows = Rows::new()
            .bytes("record_key", of.iter().map(|(key, _)| key.as_slice()))
            .text("kind", of.iter().map(|(_, kind)| Some(*kind)));
        tx.execute_with(
            "INSERT INTO replay_notice (replay_id, source_id, stream, record_key, kind, source_version, batch_id, row_index, address, because, waits)
             SELECT $1, $2, $3, incoming.record_key, incoming.kind, n.source_version, n.batch_id, n.row_index, n.address, n.because, n.waits
             FROM {rows} {left join record_notice n ON n.record_key = incoming.record_key AND n.source_id = $2 AND n.stream = $3
               AND n.kind = incoming.kind} WHERE true
             ON CONFLICT (replay_id, record_key, source_id, stream, kind) DO NOTHING",
            vec![self.0.into(), held.source_id.into(), held.stream.as_str().into()],
            rows,
        )
        .await?;
        Ok(())
    }
}
