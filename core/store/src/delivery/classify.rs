//! Classifies a batch's records against the stored rows in one query. Shared by loads and replays.

use std::collections::{BTreeMap, HashMap};

use crate::delivery::batch::{ClaimedBatch, Load, Outcomes};
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;
use huiliu_decode::{RosterRow, TrainingRecord};
use huiliu_values::RecordOutcome;

/// A record that arrives in versions. The table stores the newest version of each.
pub trait Versioned {
    /// The table that stores it.
    const TABLE: &'static str;
    /// The column of its key.
    const KEY: &'static str;
    /// SQL expression for the teacher that a row `t` belongs to.
    const OWNER: &'static str;

    /// Returns its key.
    fn key(&self) -> &[u8; 16];
    /// Returns its source version and the digest of its content.
    fn version(&self) -> (i64, [u8; 16]);
}

impl Versioned for TrainingRecord<'_> {
    const TABLE: &'static str = "training_record";
    const KEY: &'static str = "record_key";
    const OWNER: &'static str = "(SELECT c.teacher_id FROM identity_claim c WHERE c.id = t.claim_id)";

    fn key(&self) -> &[u8; 16] {
        &self.record_key
    }

    fn version(&self) -> (i64, [u8; 16]) {
        (self.source_version, self.content_digest)
    }
}

impl Versioned for RosterRow<'_> {
    const TABLE: &'static str = "roster_row";
    const KEY: &'static str = "row_key";
    const OWNER: &'static str = "t.teacher_id";

    fn key(&self) -> &[u8; 16] {
        &self.row_key
    }

    fn version(&self) -> (i64, [u8; 16]) {
        (self.source_version, self.content_digest)
    }
}

/// How a record compares with the stored row of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There is no row.
    New,
    /// The record is newer than this row.
    NewerRecord(i64),
    /// The same version and content as this row, under a later activation: only its rank changes.
    Moved(i64),
    /// The same version and content as the stored row.
    Same,
    /// The record is older than the stored row.
    Older,
}

/// The newest version of a key within a batch, with its number of copies and its verdict.
#[derive(Debug)]
pub struct Winner<'l, R = TrainingRecord<'l>> {
    /// The newest version.
    pub record: &'l R,
    /// How many raw records of the batch have this version and content.
    pub copies: i64,
    /// How it compares with the stored row.
    pub verdict: Verdict,
}

/// The valid records of a batch, compared with the stored rows.
#[derive(Debug)]
pub struct Classified<'l, R = TrainingRecord<'l>> {
    /// One per key, sorted by key, so that two batches lock rows in the same order.
    pub winners: Vec<Winner<'l, R>>,
    /// Number of raw records that are older than another one of the same batch.
    pub superseded: i64,
}

impl<'l> Classified<'l> {
    /// Compares a batch's records with the stored rows. Locks nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn classify_records(tx: &mut Tx, held: &ClaimedBatch, load: &'l Load<'_>) -> Result<Self, StoreError> {
        Self::classify_versions(tx, held, load.activation, load.clean.iter().map(|record| &**record)).await
    }
}

impl<'l, R: Versioned> Classified<'l, R> {
    /// Compares records of one kind with the stored rows. Locks nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn classify_versions(
        tx: &mut Tx,
        held: &ClaimedBatch,
        activation: i64,
        clean: impl Iterator<Item = &'l R>,
    ) -> Result<Self, StoreError> {
        let mut classified = Self::newest_of_each_key(clean);
        classified.fetch_verdicts(tx, held, activation).await?;
        Ok(classified)
    }

    fn newest_of_each_key(clean: impl Iterator<Item = &'l R>) -> Self {
        let mut superseded = 0;
        let mut newest: HashMap<[u8; 16], Winner<'l, R>> = HashMap::with_capacity(clean.size_hint().0);
        for record in clean {
            let fresh = Winner { record, copies: 0, verdict: Verdict::New };
            let winner = newest.entry(*record.key()).or_insert(fresh);
            match record.version().cmp(&winner.record.version()) {
                std::cmp::Ordering::Greater => {
                    superseded += winner.copies;
                    *winner = Winner { record, copies: 1, verdict: Verdict::New };
                }
                std::cmp::Ordering::Equal => winner.copies += 1,
                std::cmp::Ordering::Less => superseded += 1,
            }
        }
        let mut winners: Vec<Winner<'l, R>> = newest.into_values().collect();
        winners.sort_unstable_by_key(|w| *w.record.key());
        Self { winners, superseded }
    }

    async fn fetch_verdicts(&mut self, tx: &mut Tx, held: &ClaimedBatch, activation: i64) -> Result<(), StoreError> {
        let versions: Vec<(i64, [u8; 16])> = self.winners.iter().map(|w| w.record.version()).collect();
        let rows = Rows::new()
            .int("ord", (0i64..).take(self.winners.len()).map(Some))
            .bytes("record_key", self.winners.iter().map(|w| w.record.key().as_slice()))
            .int("source_version", versions.iter().map(|(version, _)| Some(*version)))
            .bytes("content_digest", versions.iter().map(|(_, digest)| digest.as_slice()));
        let (table, key) = (R::TABLE, R::KEY);
        // Unchanged records come back as one row, so that neither a first load nor a resend returns a row per record.
        let met = tx
            .fetch_rows_with(
                &format!("WITH met AS (
                   SELECT incoming.ord AS ord, t.id AS id,
                          CASE WHEN incoming.source_version = t.source_version AND incoming.content_digest = t.content_digest
                            THEN CASE WHEN t.activation >= $3 THEN 'same' ELSE 'moved' END
                            ELSE CASE WHEN (incoming.source_version, $3, incoming.content_digest)
                                         > (t.source_version, t.activation, t.content_digest) THEN 'newer' ELSE 'older' END
                          END AS verdict
                   FROM {{rows}} {{join {table} t
                     ON t.source_id = $1 AND t.stream = $2 AND t.{key} = incoming.record_key}})
                 SELECT CAST(ord AS text) AS ords, id, verdict FROM met WHERE verdict <> 'same'
                 UNION ALL
                 SELECT string_agg(CAST(ord AS text), ',') AS ords, 0 AS id, 'same' AS verdict FROM met WHERE verdict = 'same'"),
                vec![held.source_id.into(), held.stream.as_str().into(), activation.into()],
                rows,
            )
            .await?;
        for row in &met {
            let id = row.int("id")?;
            let verdict = match row.text("verdict")?.as_str() {
                "newer" => Verdict::NewerRecord(id),
                "moved" => Verdict::Moved(id),
                "older" => Verdict::Older,
                _ => Verdict::Same,
            };
            for ord in row.opt_text("ords")?.unwrap_or_default().split(',') {
                if let Some(winner) = ord.parse().ok().and_then(|i: usize| self.winners.get_mut(i)) {
                    winner.verdict = verdict;
                }
            }
        }
        Ok(())
    }

    /// Locks the rows to be overwritten and compares again, because another load may have been faster. Returns how many
    /// rows each batch loses, and the teachers of the overwritten records: a newer version may belong to another
    /// teacher.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lock_overwritten(&mut self, tx: &mut Tx, activation: i64) -> Result<Overwritten, StoreError> {
        let mut displaced = Overwritten::default();
        let mut ids: Vec<i64> = self.winners.iter().filter_map(|w| w.verdict.overwritten_row()).collect();
        if ids.is_empty() {
            return Ok(displaced);
        }
        ids.sort_unstable();
        let (table, owner) = (R::TABLE, R::OWNER);
        let locked = tx
            .fetch_rows_with(
                &format!(
                    "SELECT t.id AS id, t.source_version AS source_version, t.activation AS activation,
                            t.content_digest AS content_digest, t.batch_id AS batch_id, {owner} AS teacher_id
                     FROM {table} t WHERE t.id IN (SELECT id FROM {{rows}}) ORDER BY t.id {{lock}}"
                ),
                vec![],
                Rows::new().int("id", ids.into_iter().map(Some)),
            )
            .await?;
        let mut rows = HashMap::with_capacity(locked.len());
        for row in &locked {
            let order = (row.int("source_version")?, row.int("activation")?, row.bytes("content_digest")?);
            rows.insert(row.int("id")?, (order, row.int("batch_id")?, row.opt_int("teacher_id")?));
        }
        for winner in &mut self.winners {
            let row = winner.verdict.overwritten_row().and_then(|id| Some((id, rows.get(&id)?)));
            let Some((id, (order, batch, teacher))) = row else { continue };
            let (version, digest) = winner.record.version();
            let incoming = (version, activation, digest.to_vec());
            let same = order.0 == incoming.0 && order.2 == incoming.2;
            winner.verdict = match (incoming > *order, same) {
                (true, true) => Verdict::Moved(id),
                (true, false) => Verdict::NewerRecord(id),
                (false, true) => Verdict::Same,
                (false, false) => Verdict::Older,
            };
            if winner.verdict.overwritten_row().is_some() {
                *displaced.losses.entry(*batch).or_default() += 1;
                displaced.teachers.extend(*teacher);
            }
        }
        Ok(displaced)
    }

    /// Counts the outcomes of the valid raw records.
    #[must_use]
    pub fn count_outcomes(&self) -> OutcomeCounts {
        let mut outcomes = Outcomes { superseded: self.superseded, ..Outcomes::default() };
        let mut elsewhere = 0;
        for Winner { copies, verdict, .. } in &self.winners {
            match verdict {
                Verdict::New => outcomes.inserted += 1,
                Verdict::NewerRecord(_) => outcomes.updated += 1,
                Verdict::Moved(_) => outcomes.unchanged += 1,
                Verdict::Same => {
                    outcomes.unchanged += copies;
                    elsewhere += copies;
                }
                Verdict::Older => outcomes.superseded += copies,
            }
            if verdict.is_written() {
                outcomes.unchanged += copies - 1;
                elsewhere += copies - 1;
            }
        }
        OutcomeCounts { outcomes, elsewhere }
    }

    /// Returns the records to write: new ones, and those that overwrite a row, sorted by that row.
    #[must_use]
    pub fn select_writes(&self) -> SelectedWrites<'l, R> {
        let new = self.winners.iter().filter(|w| w.verdict == Verdict::New).map(|w| w.record).collect();
        let newer = |w: &Winner<'l, R>| Some(NewerRecord { row: w.verdict.overwritten_row()?, record: w.record });
        let mut newer: Vec<NewerRecord<'l, R>> = self.winners.iter().filter_map(newer).collect();
        newer.sort_unstable_by_key(|newer| newer.row);
        SelectedWrites { new, newer }
    }
}

/// The counted outcomes of the valid raw records of a batch.
#[derive(Debug, Clone, Copy)]
pub struct OutcomeCounts {
    /// Number of raw records per outcome.
    pub outcomes: Outcomes,
    /// Unchanged ones that wrote no row: copies of a stored row, and further copies of a record of this batch.
    pub elsewhere: i64,
}

/// The effects of overwriting rows.
#[derive(Debug, Default)]
pub struct Overwritten {
    /// Batch → number of its rows that were overwritten.
    pub losses: BTreeMap<i64, i64>,
    /// The teachers to whom the overwritten records belonged.
    pub teachers: Vec<i64>,
}

/// The records to write.
#[derive(Debug)]
pub struct SelectedWrites<'l, R = TrainingRecord<'l>> {
    /// Records without a stored row.
    pub new: Vec<&'l R>,
    /// Records that overwrite a stored row, sorted by that row.
    pub newer: Vec<NewerRecord<'l, R>>,
}

/// A record that overwrites a row of its table.
#[derive(Debug)]
pub struct NewerRecord<'l, R = TrainingRecord<'l>> {
    /// Row id.
    pub row: i64,
    /// The record that overwrites the row.
    pub record: &'l R,
}

impl Verdict {
    /// Returns the row that is overwritten, if any.
    #[must_use]
    pub fn overwritten_row(self) -> Option<i64> {
        match self {
            Self::NewerRecord(id) | Self::Moved(id) => Some(id),
            _ => None,
        }
    }

    /// Returns true if the record is written.
    #[must_use]
    pub fn is_written(self) -> bool {
        matches!(self, Self::New | Self::NewerRecord(_) | Self::Moved(_))
    }

    /// Returns the outcome that is counted for the raw record.
    #[must_use]
    pub fn outcome(self) -> RecordOutcome {
        match self {
            Self::New => RecordOutcome::Inserted,
            Self::NewerRecord(_) => RecordOutcome::Updated,
            Self::Moved(_) | Self::Same => RecordOutcome::Unchanged,
            Self::Older => RecordOutcome::Superseded,
        }
    }
}
