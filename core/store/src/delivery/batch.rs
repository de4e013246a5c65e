//! Types shared by the loads of records and of rosters: a claimed batch, its processed records, and the result of its
//! delivery.

use std::collections::BTreeMap;

use crate::sql::lease::{Lease, Leased};
use huiliu_decode::contract::BrokenContract;
use huiliu_decode::{Parked, RosterRow, Skipped, TrainingRecord, Withdrawn};

/// A batch that this process has claimed. It holds the batch until the lease expires or a newer epoch takes it.
#[derive(Debug, Clone)]
pub struct ClaimedBatch {
    /// Batch id.
    pub id: i64,
    /// The fencing number.
    pub epoch: i64,
    /// Number of claims so far, including this one.
    pub attempts: i64,
    /// Number of earlier claims that were lost.
    pub lost_claims: i64,
    /// Row id of its payload.
    pub payload_id: i64,
    /// The earlier payload that holds the same bytes, if any.
    pub same_as: Option<i64>,
    /// Number of raw records in the whole payload when it landed.
    pub landed: u32,
    /// Position of its first raw record in the payload.
    pub first: u32,
    /// Number of its raw records.
    pub count: u32,
    /// The run that received it.
    pub run_id: i64,
    /// Whether a person released it although it breaks its stream's contract.
    pub waived: bool,
    /// Whether its sound records are parked until a replay.
    pub awaits_replay: bool,
    /// Row id of the payload's source.
    pub source_id: i64,
    /// Row id of the source's institution.
    pub institution_id: i64,
    /// Id of the source's connector.
    pub connector: String,
    /// Name of the payload's stream.
    pub stream: String,
    /// The payload's page or file name.
    pub address: String,
    /// The fan-out values with which the payload was requested, by name.
    pub each: BTreeMap<String, String>,
    /// Keyed digest of the payload's bytes.
    pub digest: Vec<u8>,
}

impl ClaimedBatch {
    /// Returns the lease, for renewing and checking it.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease { of: Leased::Batch, key: self.id, number: self.epoch }
    }
}

/// The outcomes of a batch's raw records. When the batch is done, they sum to its record count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Their key was new.
    pub inserted: i64,
    /// Newer than the stored version.
    pub updated: i64,
    /// The same version and content as stored.
    pub unchanged: i64,
    /// Older than the stored version.
    pub superseded: i64,
    /// Left out by the manifest's row conditions.
    pub skipped: i64,
    /// They take a record back.
    pub withdrawn: i64,
    /// Their dead letter is open.
    pub parked: i64,
    /// Their dead letter was discarded by a person.
    pub discarded: i64,
}

impl Outcomes {
    /// Returns how many raw records have an outcome.
    #[must_use]
    pub fn total(&self) -> i64 {
        let Self { inserted, updated, unchanged, superseded, skipped, withdrawn, parked, discarded } = self;
        inserted + updated + unchanged + superseded + skipped + withdrawn + parked + discarded
    }
}

/// What is whole of a stream each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WholeBy {
    /// What a run has received.
    Run,
    /// All files with the newest date in their names, which is the source version of their records.
    FileDate,
}

/// A raw record of the earlier page that the new one does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoneRecord {
    /// Its record key.
    pub key: [u8; 16],
    /// Its position in the earlier page, from 0.
    pub row: u32,
}

/// What a batch has in common with an earlier page.
#[derive(Debug, Clone)]
pub struct KeptPart {
    /// The batch.
    pub batch: i64,
    /// The batch of the earlier page.
    pub earlier: i64,
    /// Number of raw records that both have.
    pub records: u32,
    /// The raw records that only the earlier one has.
    pub gone: Vec<GoneRecord>,
}

/// Batches of one stream that are decoded, mapped and validated, ready to be loaded in one transaction. Each keeps its own
/// counters, epoch and outcome.
#[derive(Debug)]
pub struct Load<'a> {
    /// The batches, in the order in which they landed.
    pub held: &'a [ClaimedBatch],
    /// Valid records.
    pub clean: Vec<Box<TrainingRecord<'a>>>,
    /// Valid rows of a roster. A stream has either these or records.
    pub roster: Vec<Box<RosterRow<'a>>>,
    /// Invalid records, which become dead letters.
    pub parked: Vec<Parked<'a>>,
    /// Raw records that the manifest's row conditions leave out.
    pub skipped: Vec<Skipped<'a>>,
    /// Raw records that take a record back.
    pub withdrawn: Vec<Withdrawn<'a>>,
    /// Version of the manifest with which the batch was decoded.
    pub manifest_version: i64,
    /// Activation number of the manifest.
    pub activation: i64,
    /// Whether the landing is the version of the stream's records.
    pub by_landing: bool,
    /// Whether a newer version of a record may be about another person.
    pub key_changes_hands: bool,
    /// What is whole of the stream each time; `None` if the manifest does not say that it is.
    pub whole_by: Option<WholeBy>,
    /// What batches have in common with earlier pages. The lists above lack these records.
    pub kept: Vec<KeptPart>,
}

impl<'a> Load<'a> {
    /// Joins the loads of several batches, which were read under the same manifest. Returns `None` for no batch.
    #[must_use]
    pub fn join(held: &'a [ClaimedBatch], loads: Vec<Self>) -> Option<Self> {
        let mut loads = loads.into_iter();
        let mut joined = Self { held, ..loads.next()? };
        for load in loads {
            joined.clean.extend(load.clean);
            joined.roster.extend(load.roster);
            joined.parked.extend(load.parked);
            joined.skipped.extend(load.skipped);
            joined.withdrawn.extend(load.withdrawn);
            joined.kept.extend(load.kept);
        }
        Some(joined)
    }
}

/// The result of a commit of batches together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// They were committed with these outcomes.
    Done(Vec<Outcomes>),
    /// Another claim of one of them has a higher epoch; nothing was written.
    Fenced,
    /// What they have in common with earlier pages cannot be counted from the books; nothing was written. They must be read
    /// as a whole.
    Uncounted,
}

/// The result of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// The batch was committed with these outcomes.
    Done(Outcomes),
    /// Another claim has a higher epoch; nothing was written.
    Fenced,
    /// The batch breaks its stream's contract, for this reason; nothing was written.
    Broken(BrokenContract),
}
