//! Classifies a batch's records against the stored rows in one query. Shared by loads and replays.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::delivery::batch::{ClaimedBatch, Load, Outcomes};
use crate::delivery::confirm::{self, StoredBy, StreamState};
use crate::delivery::notices;
use crate::delivery::verdict::Verdict;
use crate::delivery::versioned::Versioned;
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_decode::TrainingRecord;

/// The order of versions: source version, batch (batches are numbered in the order in which payloads land), row in the
/// payload, activation of the manifest.
type Rank = (i64, i64, i64, i64);

/// The newest version of a key within a batch, with its number of copies and its verdict.
#[derive(Debug)]
pub struct Winner<'l, R = TrainingRecord<'l>> {
    /// The newest version.
    pub record: &'l R,
    /// How many raw records of the batch have this version and content.
    pub copies: i64,
    /// How it compares with the stored row.
    pub verdict: Verdict,
    /// Records of the batch with another content of the same version; they lost to this one.
    pub tied: Vec<&'l R>,
    /// The row of the key and its person, where the record is not just one of many that are unchanged.
    stored: Option<(i64, i64)>,
}

impl<R: Versioned> Winner<'_, R> {
    /// Whether a record of the batch has the same version and content, and is counted as a copy. One before another content of that
    /// version was replaced by it.
    #[must_use]
    pub fn is_copy(&self, record: &R) -> bool {
        let replaces = |other: &&R| other.content() != record.content() && other.index() > record.index();
        self.record.source_version() == record.source_version()
            && self.record.content() == record.content()
            && !self.tied.iter().any(replaces)
    }
}

/// The valid records of a batch, compared with the stored rows.
#[derive(Debug)]
pub struct Classified<'l, R = TrainingRecord<'l>> {
    /// One per key, sorted by key, so that two batches lock rows in the same order.
    pub winners: Vec<Winner<'l, R>>,
    /// Batch → number of its raw records that are older than another one of the same batch.
    superseded: BTreeMap<i64, i64>,
    /// The stream, and how it was when the records were compared.
    around: Surroundings,
}

/// What the order of a batch's records depends on besides the records.
#[derive(Debug, Clone, Copy)]
struct Surroundings {
    activation: i64,
    /// Whether something else is said of records in the same transaction: some are parked, withdrawn or left out.
    says_more: bool,
    /// Whether the landing is the version, so that every landing has another one.
    by_landing: bool,
    stream: StreamState,
}

impl<'l> Classified<'l> {
    /// Returns the records whose content differs from that of a stored row, with the row.
    pub(crate) fn list_other_contents(&self) -> Vec<(i64, &'l TrainingRecord<'l>)> {
        let row = |w: &Winner<'l>| match w.verdict {
            Verdict::Newer { row, .. } | Verdict::Older { row, .. } => Some((row, w.record)),
            _ => None,
        };
        self.winners.iter().filter_map(row).collect()
    }

    /// Removes records of these keys. `records` are all that the batches have of them.
    pub(crate) fn remove_keys(&mut self, keys: &HashSet<[u8; 16]>, records: &[&TrainingRecord<'_>]) {
        let (gone, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.winners).into_iter().partition(|w| keys.contains(w.record.key()));
        self.winners = kept;
        for record in records {
            *self.superseded.entry(record.batch).or_default() -= 1;
        }
        for winner in gone {
            *self.superseded.entry(winner.record.batch).or_default() += winner.copies;
        }
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
        load: &Load<'_>,
        clean: impl Iterator<Item = &'l R>,
    ) -> Result<Self, StoreError> {
        let stream = confirm::read_stream_state(tx, load.held).await?;
        Self::classify_in_state(tx, held, load, clean, stream).await
    }

    /// Does the same in a stream whose state is known. A key must not stand in two batches.
    pub(crate) async fn classify_in_state(
        tx: &mut Tx,
        held: &ClaimedBatch,
        load: &Load<'_>,
        clean: impl Iterator<Item = &'l R>,
        stream: StreamState,
    ) -> Result<Self, StoreError> {
        let (winners, superseded) = newest_of_each_key(clean);
        let of_letters = load.parked.iter().map(|parked| parked.dead_letter_key);
        let said_of: HashSet<[u8; 16]> = of_letters.chain(notices::list_keys(load)).collect();
        let says_more = !said_of.is_empty();
        let around = Surroundings { activation: load.activation, says_more, by_landing: load.by_landing, stream };
        let mut classified = Self { winners, superseded, around };
        classified.fetch_verdicts(tx, held, &said_of).await?;
        Ok(classified)
    }

    fn rank_of(&self, record: &R) -> Rank {
        (record.source_version(), record.batch(), record.index().into(), self.around.activation)
    }

    /// `said_of` are the keys of the batches' own dead letters and notices.
    async fn fetch_verdicts(
        &mut self,
        tx: &mut Tx,
        held: &ClaimedBatch,
        said_of: &HashSet<[u8; 16]>,
    ) -> Result<(), StoreError> {
        let is_spoken_of = |record: &R| !said_of.is_empty() && said_of.contains(record.letter_key());
        let rows = Rows::new()
            .int("ord", (0i64..).take(self.winners.len()).map(Some))
            .bytes("record_key", self.winners.iter().map(|w| w.record.key().as_slice()))
            .int("source_version", self.winners.iter().map(|w| Some(w.record.source_version())))
            .bytes("content_digest", self.winners.iter().map(|w| w.record.content().as_slice()))
            .int("batch_id", self.winners.iter().map(|w| Some(w.record.batch())))
            .int("row_index", self.winners.iter().map(|w| Some(w.record.index().into())))
            .int("alone", self.winners.iter().map(|w| Some(i64::from(!w.tied.is_empty()))))
            .int("spoken_of", self.winners.iter().map(|w| Some(i64::from(is_spoken_of(w.record)))));
        let (table, key, person) = (R::TABLE, R::KEY, R::PERSON);
        let Surroundings { activation, by_landing, stream, .. } = self.around;
        // Unchanged records come back as one row, so that neither a first load nor a resend returns a row per record. No `EXISTS`:
        // a plan that is made while the tables are small would read them as a whole for it, and is kept as they grow.
        let met = tx
            .fetch_rows_with(
                &format!(
                    "WITH met AS (
                   SELECT incoming.ord AS ord, incoming.alone AS alone, t.id AS id, {person} AS person, CASE WHEN incoming.source_version = t.source_version THEN 1 ELSE 0 END AS tied,
                          (incoming.content_digest = t.content_digest
                             AND (incoming.source_version = t.source_version OR $4 = 1)) AS alike,
                          (incoming.source_version, incoming.batch_id, incoming.row_index, $3)
                            > (t.source_version, coalesce(t.confirmed_batch, t.batch_id), coalesce(t.confirmed_row, t.row_index), t.activation) AS newer,
                          (incoming.spoken_of = 1
                             OR $5 = 1 AND (SELECT 1 FROM dead_letter d WHERE d.dead_letter_key = t.record_key
                               AND d.source_id = $1 AND d.stream = $2 AND d.state || '' = 'open' LIMIT 1) IS NOT NULL
                             OR $6 = 1 AND ((SELECT 1 FROM record_notice n WHERE n.record_key = t.record_key
                                 AND n.source_id = $1 AND n.stream = $2 LIMIT 1) IS NOT NULL
                               OR (SELECT 1 FROM missing_record m WHERE m.record_id = t.id LIMIT 1) IS NOT NULL)) AS spoken_of
                   FROM {{rows}} {{join {table} t
                     ON t.source_id = $1 AND t.stream = $2 AND t.{key} = incoming.record_key}}),
                 judged AS (SELECT ord, alone, id, person, tied,
                   CASE WHEN alike THEN CASE WHEN NOT newer THEN 'same' WHEN spoken_of THEN 'moved' ELSE 'confirmed' END
                        ELSE CASE WHEN newer THEN 'newer' ELSE 'older' END END AS verdict FROM met)
                 SELECT CAST(ord AS text) AS ords, id, person, tied, verdict FROM judged
                 WHERE alone = 1 OR verdict NOT IN ('same', 'confirmed')
                 UNION ALL
                 SELECT string_agg(CAST(ord AS text), ',') AS ords, 0 AS id, 0 AS person, 0 AS tied, verdict FROM judged
                 WHERE alone = 0 AND verdict IN ('same', 'confirmed') GROUP BY verdict"
                ),
                vec![
                    held.source_id.into(),
                    held.stream.as_str().into(),
                    activation.into(),
                    i64::from(by_landing).into(),
                    i64::from(stream.has_open_letters).into(),
                    i64::from(stream.has_notices).into(),
                ],
                rows,
            )
            .await?;
        for row in &met {
            let (id, tied) = (row.int("id")?, row.int("tied")? == 1);
            let stored = (id > 0).then_some((id, row.int("person")?));
            let verdict = match row.text("verdict")?.as_str() {
                "newer" => Verdict::Newer { row: id, tied },
                "moved" => Verdict::Moved { row: id },
                "older" => Verdict::Older { row: id, tied },
                "confirmed" => Verdict::Confirmed,
                _ => Verdict::Same,
            };
            for ord in row.opt_text("ords")?.unwrap_or_default().split(',') {
                if let Some(winner) = ord.parse().ok().and_then(|i: usize| self.winners.get_mut(i)) {
                    winner.verdict = verdict;
                    winner.stored = stored;
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
    pub async fn lock_overwritten(&mut self, tx: &mut Tx) -> Result<Overwritten, StoreError> {
        let mut displaced = Overwritten::default();
        let mut ids: Vec<i64> = self.winners.iter().filter_map(|w| w.verdict.locked_row()).collect();
        if ids.is_empty() {
            return Ok(displaced);
        }
        ids.sort_unstable();
        let (table, owner, person) = (R::TABLE, R::OWNER, R::PERSON);
        tx.fetch_rows_with(
            &format!("SELECT t.id AS id FROM {table} t WHERE t.id IN (SELECT id FROM {{rows}}) ORDER BY t.id {{lock}}"),
            vec![],
            Rows::new().int("id", ids.iter().copied().map(Some)),
        )
        .await?;
        // A second statement, because the first one may have waited: it sees what was committed meanwhile.
        let locked = tx
            .fetch_rows_with(
                &format!(
                    "SELECT t.id AS id, t.source_version AS source_version, t.activation AS activation,
                            coalesce(t.confirmed_batch, t.batch_id) AS newest_batch,
                            coalesce(t.confirmed_row, t.row_index) AS newest_row, t.content_digest AS content_digest,
                            t.batch_id AS batch_id, t.row_index AS row_index, t.address AS address, {person} AS person, {owner} AS teacher_id
                     FROM {{rows}} {{join {table} t ON t.id = incoming.id}}"
                ),
                vec![],
                Rows::new().int("id", ids.into_iter().map(Some)),
            )
            .await?;
        let mut rows = HashMap::with_capacity(locked.len());
        for row in &locked {
            rows.insert(row.int("id")?, StoredVersion::from_row(row)?);
        }
        for nth in 0..self.winners.len() {
            let winner = &self.winners[nth];
            let row = winner.verdict.locked_row().and_then(|id| Some((id, rows.get(&id)?)));
            let Some((id, stored)) = row else { continue };
            let (rank, version) = (self.rank_of(winner.record), winner.record.source_version());
            let tied = version == stored.rank.0;
            let alike = stored.content == *winner.record.content() && (tied || self.around.by_landing);
            displaced.outdated |= winner.stored.is_some_and(|(_, person)| person != stored.person);
            // Something may have been said of the record while this waited, so a row that might need it stores its rank.
            let Surroundings { says_more, stream, .. } = self.around;
            let is_spoken_of = says_more || stream.has_open_letters || stream.has_notices;
            let was_moved = matches!(winner.verdict, Verdict::Moved { .. }) || is_spoken_of;
            let verdict = match (rank > stored.rank, alike) {
                (true, true) if was_moved => Verdict::Moved { row: id },
                (true, true) => Verdict::Confirmed,
                (true, false) => Verdict::Newer { row: id, tied },
                (false, true) => Verdict::Same,
                (false, false) => Verdict::Older { row: id, tied },
            };
            if let Verdict::Moved { .. } = verdict {
                // A dispute about the record, or its withdrawal, may end with this.
                displaced.teachers.extend(stored.teacher);
            }
            if let Verdict::Newer { tied, .. } = verdict {
                let late = tied || self.around.by_landing;
                let (batch, person, key) = (stored.batch, stored.person, *winner.record.key());
                displaced.rows.push(LostRow { row: id, batch, key, person, is_tied: late });
                displaced.teachers.extend(stored.teacher);
                if late {
                    let content = stored.content.as_slice().try_into().unwrap_or_default();
                    let (owner, newest, version) = (stored.batch, stored.rank.1, stored.rank.0);
                    let by = StoredBy { owner, newest, version, content };
                    displaced.late.insert(*winner.record.key(), by);
                }
                if tied {
                    displaced.ties.push(Tie { row: id, ..stored.to_tie() });
                }
            }
            self.winners[nth].verdict = verdict;
        }
        Ok(displaced)
    }

    /// Counts the outcomes of the valid raw records of each batch.
    #[must_use]
    pub fn count_outcomes(&self) -> BTreeMap<i64, OutcomeCounts> {
        let mut of_batches: BTreeMap<i64, OutcomeCounts> = BTreeMap::new();
        for (batch, superseded) in &self.superseded {
            of_batches.entry(*batch).or_default().outcomes.superseded = *superseded;
        }
        for Winner { record, copies, verdict, .. } in &self.winners {
            let OutcomeCounts { outcomes, held, elsewhere, tied } = of_batches.entry(record.batch()).or_default();
            match verdict {
                Verdict::New => outcomes.inserted += 1,
                Verdict::Newer { .. } => outcomes.updated += 1,
                Verdict::Moved { .. } | Verdict::Confirmed | Verdict::Same => {
                    outcomes.unchanged += copies;
                    *elsewhere += copies;
                }
                Verdict::Older { tied: by_tie, .. } => {
                    outcomes.superseded += copies;
                    *tied += if *by_tie || self.around.by_landing { *copies } else { 0 };
                }
            }
            if verdict.is_written() {
                *held += 1;
                outcomes.unchanged += copies - 1;
                *elsewhere += copies - 1;
            }
        }
        of_batches
    }

    /// Returns the records of which raw records wrote no row, with their number: a row has their content, or gets it from
    /// another one of the batch.
    pub(crate) fn list_copies(&self) -> impl Iterator<Item = (&'l R, i64)> {
        self.winners.iter().filter_map(|w| {
            let copies = match w.verdict {
                Verdict::Moved { .. } | Verdict::Confirmed | Verdict::Same => w.copies,
                _ if w.verdict.is_written() => w.copies - 1,
                _ => 0,
            };
            (copies > 0).then_some((w.record, copies))
        })
    }

    /// Returns the records to write: new ones, and those that overwrite a row, sorted by that row.
    #[must_use]
    pub fn select_writes(&self) -> SelectedWrites<'l, R> {
        let of = |wanted: fn(Verdict) -> Option<i64>| {
            let found = |w: &Winner<'l, R>| Some(NewerRecord { row: wanted(w.verdict)?, record: w.record });
            let mut all: Vec<NewerRecord<'l, R>> = self.winners.iter().filter_map(found).collect();
            all.sort_unstable_by_key(|newer| newer.row);
            all
        };
        SelectedWrites {
            new: self.winners.iter().filter(|w| w.verdict == Verdict::New).map(|w| w.record).collect(),
            newer: of(Verdict::overwritten_row),
            moved: of(|verdict| if let Verdict::Moved { row } = verdict { Some(row) } else { None }),
        }
    }

    /// Returns the ties that the batch's own records bring: those that lost within the batch to a record that is now
    /// stored in a row, and those that lost to a row. `rows` gives the row of a written record.
    #[must_use]
    pub fn list_ties(&self, rows: &HashMap<[u8; 16], i64>) -> Vec<Tie> {
        let mut ties = vec![];
        for winner in &self.winners {
            let row = winner.stored.map(|(row, _)| row).or_else(|| rows.get(winner.record.key()).copied());
            let Some(row) = row else { continue };
            let lost = matches!(winner.verdict, Verdict::Older { tied: true, .. }).then_some(winner.record);
            let others = winner.tied.iter().copied().filter(|tied| tied.content() != winner.record.content());
            for record in lost.into_iter().chain(others) {
                ties.push(Tie {
                    row,
                    version: record.source_version(),
                    batch: record.batch(),
                    index: record.index().into(),
                    address: record.address().to_owned(),
                });
            }
        }
        ties
    }

    /// Returns how the stream was when the records were compared.
    pub(crate) fn stream_state(&self) -> StreamState {
        self.around.stream
    }

    /// Returns the batches and positions of the records whose key is new.
    pub(crate) fn list_new(&self) -> HashSet<(i64, u32)> {
        let new = self.winners.iter().filter(|w| w.verdict == Verdict::New);
        new.map(|w| (w.record.batch(), w.record.index())).collect()
    }

    /// Takes the records that a delivered batch has inserted as new. If it has updated others, which of its records were new
    /// is not known, and none is taken so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn mark_inserted_by(&mut self, tx: &mut Tx, held: &ClaimedBatch) -> Result<(), StoreError> {
        let (table, key) = (R::TABLE, R::KEY);
        let sql = format!(
            "SELECT incoming.ord AS ord FROM {{rows}} {{join {table} t
               ON t.source_id = $1 AND t.stream = $2 AND t.{key} = incoming.record_key}}
             {{join batch b ON b.id = t.batch_id}} WHERE b.id = $3 AND b.updated = 0"
        );
        let rows = Rows::new()
            .int("ord", (0i64..).take(self.winners.len()).map(Some))
            .bytes("record_key", self.winners.iter().map(|w| w.record.key().as_slice()));
        let of = vec![held.source_id.into(), held.stream.as_str().into(), held.id.into()];
        for row in &tx.fetch_rows_with(&sql, of, rows).await? {
            let winner = usize::try_from(row.int("ord")?).ok().and_then(|ord| self.winners.get_mut(ord));
            if let Some(winner) = winner {
                winner.verdict = Verdict::New;
            }
        }
        Ok(())
    }

    /// Returns the keys of the dead letters that the written records would have, and those of rows that store a newer rank.
    pub(crate) fn list_written_keys(&self) -> impl Iterator<Item = [u8; 16]> {
        let changes = |w: &&Winner<'l, R>| w.verdict.is_written() || matches!(w.verdict, Verdict::Moved { .. });
        self.winners.iter().filter(changes).map(|w| *w.record.letter_key())
    }

    /// Returns the confirmed records.
    pub(crate) fn list_confirmed(&self) -> impl Iterator<Item = &'l R> {
        self.winners.iter().filter(|w| w.verdict == Verdict::Confirmed).map(|w| w.record)
    }
}

/// Finds the newest record of each key, sorted by key, and counts the older ones of each batch.
fn newest_of_each_key<'l, R: Versioned>(
    clean: impl Iterator<Item = &'l R>,
) -> (Vec<Winner<'l, R>>, BTreeMap<i64, i64>) {
    let mut superseded: BTreeMap<i64, i64> = BTreeMap::new();
    let mut newest: HashMap<[u8; 16], Winner<'l, R>> = HashMap::with_capacity(clean.size_hint().0);
    for record in clean {
        let fresh = || Winner { record, copies: 1, verdict: Verdict::New, tied: vec![], stored: None };
        let Some(winner) = newest.get_mut(record.key()) else {
            newest.insert(*record.key(), fresh());
            continue;
        };
        let held = winner.record;
        let is_later = (record.source_version(), record.index()) > (held.source_version(), held.index());
        let tied = record.source_version() == held.source_version();
        if tied && record.content() == held.content() {
            winner.copies += 1;
            winner.record = if is_later { record } else { held };
        } else if is_later {
            *superseded.entry(held.batch()).or_default() += winner.copies;
            let mut lost = std::mem::replace(winner, fresh());
            if tied {
                lost.tied.push(held);
                winner.tied = lost.tied;
            }
        } else {
            *superseded.entry(record.batch()).or_default() += 1;
            winner.tied.extend(tied.then_some(record));
        }
    }
    let mut winners: Vec<Winner<'l, R>> = newest.into_values().collect();
    winners.sort_unstable_by_key(|w| *w.record.key());
    (winners, superseded)
}

/// A stored row, locked.
struct StoredVersion {
    rank: Rank,
    content: Vec<u8>,
    batch: i64,
    index: i64,
    address: String,
    person: i64,
    teacher: Option<i64>,
}

impl StoredVersion {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let newest = (row.int("newest_batch")?, row.int("newest_row")?);
        Ok(Self {
            rank: (row.int("source_version")?, newest.0, newest.1, row.int("activation")?),
            content: row.bytes("content_digest")?,
            batch: row.int("batch_id")?,
            index: row.int("row_index")?,
            address: row.text("address")?,
            person: row.int("person")?,
            teacher: row.opt_int("teacher_id")?,
        })
    }

    fn to_tie(&self) -> Tie {
        Tie { row: 0, version: self.rank.0, batch: self.batch, index: self.index, address: self.address.clone() }
    }
}

/// The counted outcomes of the valid raw records of a batch.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutcomeCounts {
    /// Number of raw records per outcome.
    pub outcomes: Outcomes,
    /// Rows that the batch writes.
    pub held: i64,
    /// Unchanged ones that wrote no row: copies of a stored row, and further copies of a record of this batch.
    pub elsewhere: i64,
    /// Superseded ones that lost only because another batch landed later.
    pub tied: i64,
}

impl OutcomeCounts {
    /// Adds those of other records of the batch.
    pub(crate) fn add(&mut self, other: &Self) {
        let Self { outcomes, held, elsewhere, tied } = other;
        self.outcomes.inserted += outcomes.inserted;
        self.outcomes.updated += outcomes.updated;
        self.outcomes.unchanged += outcomes.unchanged;
        self.outcomes.superseded += outcomes.superseded;
        self.held += held;
        self.elsewhere += elsewhere;
        self.tied += tied;
    }
}

/// The effects of overwriting rows.
#[derive(Debug, Default)]
pub struct Overwritten {
    /// The overwritten rows, as they were.
    pub(crate) rows: Vec<LostRow>,
    /// The teachers to whom the records belonged that were overwritten or stored as received again.
    pub teachers: Vec<i64>,
    /// The overwritten contents whose version is that of the new one.
    pub ties: Vec<Tie>,
    /// What is stored of the records that are overwritten only because the new one landed later, by key.
    pub(crate) late: HashMap<[u8; 16], StoredBy>,
    /// Whether a row has got another person since it was compared.
    pub(crate) outdated: bool,
}

/// A row that is overwritten, as it was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LostRow {
    /// Its id.
    pub row: i64,
    /// The batch that wrote it.
    pub batch: i64,
    /// Its record key.
    pub key: [u8; 16],
    /// Its claim.
    pub person: i64,
    /// Whether its bytes would give another result if they came again: it was overwritten only because another batch landed
    /// later, or its record has got another claim.
    pub is_tied: bool,
}

/// Counts for each batch the rows that it has lost.
pub(crate) fn sum_losses(rows: &[LostRow]) -> BTreeMap<i64, Loss> {
    let mut losses: BTreeMap<i64, Loss> = BTreeMap::new();
    for lost in rows {
        let loss = losses.entry(lost.batch).or_default();
        *loss = Loss { records: loss.records + 1, tied: loss.tied + i64::from(lost.is_tied) };
    }
    losses
}

/// Numbers of rows that a batch has lost to later ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct Loss {
    /// All of them.
    pub records: i64,
    /// Those whose bytes would give another result if they came again: they were lost only because the other batch landed later,
    /// or their record has got another claim.
    pub tied: i64,
}

/// Another content of the same version of a stored record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// Id of the row that stores the record.
    pub row: i64,
    /// The version that both contents have.
    pub version: i64,
    /// The batch with the other content.
    pub batch: i64,
    /// Its position in the payload, from 0.
    pub index: i64,
    /// Where it stands, for people.
    pub address: String,
}

/// The records to write.
#[derive(Debug)]
pub struct SelectedWrites<'l, R = TrainingRecord<'l>> {
    /// Records without a stored row.
    pub new: Vec<&'l R>,
    /// Records that overwrite a stored row, sorted by that row.
    pub newer: Vec<NewerRecord<'l, R>>,
    /// Records whose row only stores that they landed again, sorted by that row.
    pub moved: Vec<NewerRecord<'l, R>>,
}

/// A record that overwrites a row of its table.
#[derive(Debug)]
pub struct NewerRecord<'l, R = TrainingRecord<'l>> {
    /// Row id.
    pub row: i64,
    /// The record that overwrites the row.
    pub record: &'l R,
}
