//! What each record of a batch is to the tables: one question for all of them, and one decision, whoever asks.

use std::collections::{BTreeMap, HashMap};

use crate::delivery::batch::{ClaimedBatch, Load, Outcomes};
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;
use huiliu_decode::{RosterRow, TrainingRecord};
use huiliu_values::RecordOutcome;

/// What comes in versions, of which the tables hold the newest.
pub trait Versioned {
    /// The table that holds it.
    const TABLE: &'static str;
    /// The column of its key.
    const KEY: &'static str;
    /// The teacher that a row `t` is about, as an expression.
    const OWNER: &'static str;

    /// Its key.
    fn key(&self) -> &[u8; 16];
    /// Source version, and digest of the content.
    fn version(&self) -> (i64, [u8; 16]);
}

impl Versioned for TrainingRecord<'_> {
    const TABLE: &'static str = "training_record";
    const KEY: &'static str = "record_key";
    const OWNER: &'static str = "(SELECT c.teacher_id FROM claim c WHERE c.id = t.claim_id)";

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

/// What a record is to the row that the tables hold under its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No row.
    New,
    /// Newer than this row.
    Newer(i64),
    /// The version and content of this row, under a later activation: it only moves in the order.
    Moved(i64),
    /// The same version and content.
    Same,
    /// Older.
    Older,
}

/// The newest version of a key within one batch, how often it came, and what it is to the tables.
#[derive(Debug)]
pub struct Winner<'l, R = TrainingRecord<'l>> {
    /// The record.
    pub record: &'l R,
    /// Raw records of this version and content in the batch.
    pub copies: i64,
    /// What it is to the tables.
    pub verdict: Verdict,
}

/// The clean records of a batch against the tables.
#[derive(Debug)]
pub struct Classified<'l, R = TrainingRecord<'l>> {
    /// One per key, sorted by key, so that two batches lock rows in one order.
    pub winners: Vec<Winner<'l, R>>,
    /// Raw records that another of the same batch outdoes.
    pub superseded: i64,
}

impl<'l> Classified<'l> {
    /// Asks the tables; nothing is locked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ask(tx: &mut Tx, held: &ClaimedBatch, load: &'l Load<'_>) -> Result<Self, StoreError> {
        Self::of(tx, held, load.activation, load.clean.iter().map(|record| &**record)).await
    }
}

impl<'l, R: Versioned> Classified<'l, R> {
    /// Asks the tables about records of one kind; nothing is locked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn of(
        tx: &mut Tx,
        held: &ClaimedBatch,
        activation: i64,
        clean: impl Iterator<Item = &'l R>,
    ) -> Result<Self, StoreError> {
        let mut classified = Self::newest_of_each_key(clean);
        classified.meet(tx, held, activation).await?;
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

    async fn meet(&mut self, tx: &mut Tx, held: &ClaimedBatch, activation: i64) -> Result<(), StoreError> {
        let versions: Vec<(i64, [u8; 16])> = self.winners.iter().map(|w| w.record.version()).collect();
        let rows = Rows::new()
            .int("ord", (0i64..).take(self.winners.len()).map(Some))
            .bytes("record_key", self.winners.iter().map(|w| w.record.key().as_slice()))
            .int("source_version", versions.iter().map(|(version, _)| Some(*version)))
            .bytes("content_digest", versions.iter().map(|(_, digest)| digest.as_slice()));
        let (table, key) = (R::TABLE, R::KEY);
        // One row for all that are the same, so that neither a first load nor a resend brings a row per record.
        let met = tx
            .rows_with(
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
                "newer" => Verdict::Newer(id),
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

    /// Locks the rows to be overwritten and looks at them once more: another load may have been faster. Gives how many
    /// rows each batch loses by it, and the teachers whose records these were: a newer version may be another's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lock(&mut self, tx: &mut Tx, activation: i64) -> Result<Overwritten, StoreError> {
        let mut displaced = Overwritten::default();
        let mut ids: Vec<i64> = self.winners.iter().filter_map(|w| w.verdict.overwrites()).collect();
        if ids.is_empty() {
            return Ok(displaced);
        }
        ids.sort_unstable();
        let (table, owner) = (R::TABLE, R::OWNER);
        let locked = tx
            .rows_with(
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
            let row = winner.verdict.overwrites().and_then(|id| Some((id, rows.get(&id)?)));
            let Some((id, (order, batch, teacher))) = row else { continue };
            let (version, digest) = winner.record.version();
            let incoming = (version, activation, digest.to_vec());
            let same = order.0 == incoming.0 && order.2 == incoming.2;
            winner.verdict = match (incoming > *order, same) {
                (true, true) => Verdict::Moved(id),
                (true, false) => Verdict::Newer(id),
                (false, true) => Verdict::Same,
                (false, false) => Verdict::Older,
            };
            if winner.verdict.overwrites().is_some() {
                *displaced.losses.entry(*batch).or_default() += 1;
                displaced.teachers.extend(*teacher);
            }
        }
        Ok(displaced)
    }

    /// The outcomes of the clean raw records, and how many of the unchanged ones another batch's row stands for.
    #[must_use]
    pub fn outcomes(&self) -> (Outcomes, i64) {
        let mut outcomes = Outcomes { superseded: self.superseded, ..Outcomes::default() };
        let mut elsewhere = 0;
        for Winner { copies, verdict, .. } in &self.winners {
            match verdict {
                Verdict::New => outcomes.inserted += 1,
                Verdict::Newer(_) => outcomes.updated += 1,
                Verdict::Moved(_) => outcomes.unchanged += 1,
                Verdict::Same => {
                    outcomes.unchanged += copies;
                    elsewhere += copies;
                }
                Verdict::Older => outcomes.superseded += copies,
            }
            if verdict.written() {
                outcomes.unchanged += copies - 1;
                elsewhere += copies - 1;
            }
        }
        (outcomes, elsewhere)
    }

    /// The winners that are written: the new ones, then those over a row, in the order of these rows.
    #[must_use]
    pub fn fresh(&self) -> Fresh<'l, R> {
        let new = self.winners.iter().filter(|w| w.verdict == Verdict::New).map(|w| w.record).collect();
        let newer = |w: &Winner<'l, R>| Some(Newer { row: w.verdict.overwrites()?, record: w.record });
        let mut newer: Vec<Newer<'l, R>> = self.winners.iter().filter_map(newer).collect();
        newer.sort_unstable_by_key(|newer| newer.row);
        Fresh { new, newer }
    }
}

/// What overwriting takes away.
#[derive(Debug, Default)]
pub struct Overwritten {
    /// Batch → rows that were its own.
    pub losses: BTreeMap<i64, i64>,
    /// Whose records these rows were.
    pub teachers: Vec<i64>,
}

/// What goes into the tables.
#[derive(Debug)]
pub struct Fresh<'l, R = TrainingRecord<'l>> {
    /// Without a row yet.
    pub new: Vec<&'l R>,
    /// Over a row that the tables hold, in the order of these rows.
    pub newer: Vec<Newer<'l, R>>,
}

/// A record that overwrites a row of its table.
#[derive(Debug)]
pub struct Newer<'l, R = TrainingRecord<'l>> {
    /// Row id.
    pub row: i64,
    /// The record.
    pub record: &'l R,
}

impl Verdict {
    /// The row it takes.
    #[must_use]
    pub fn overwrites(self) -> Option<i64> {
        match self {
            Self::Newer(id) | Self::Moved(id) => Some(id),
            _ => None,
        }
    }

    /// Whether it is written at all.
    #[must_use]
    pub fn written(self) -> bool {
        matches!(self, Self::New | Self::Newer(_) | Self::Moved(_))
    }

    /// The outcome of the raw record, as in the books.
    #[must_use]
    pub fn outcome(self) -> RecordOutcome {
        match self {
            Self::New => RecordOutcome::Inserted,
            Self::Newer(_) => RecordOutcome::Updated,
            Self::Moved(_) | Self::Same => RecordOutcome::Unchanged,
            Self::Older => RecordOutcome::Superseded,
        }
    }
}
