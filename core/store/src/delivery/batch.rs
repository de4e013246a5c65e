//! A batch in somebody's hands, what the stages made of it, and how its delivery ends: what both writers of the store share.

use std::collections::BTreeMap;

use crate::sql::lease::{Lease, Leased};
use huiliu_decode::contract::BrokenContract;
use huiliu_decode::{Parked, RosterRow, TrainingRecord};

/// A batch in our hands, until its lease ends or a newer epoch takes it away.
#[derive(Debug, Clone)]
pub struct ClaimedBatch {
    /// Batch id.
    pub id: i64,
    /// The fencing number.
    pub epoch: i64,
    /// Claims on it so far, this one included.
    pub attempts: i64,
    /// How often a claim on it was lost before.
    pub lost_claims: i64,
    /// Its payload.
    pub payload_id: i64,
    /// The earlier payload that holds the same bytes, if there is one.
    pub same_as: Option<i64>,
    /// Raw records of its whole payload when it landed.
    pub landed: u32,
    /// First raw record.
    pub first: u32,
    /// Number of raw records.
    pub count: u32,
    /// The run that received it.
    pub run_id: i64,
    /// Whether a person has released it although it breaks its stream's contract.
    pub waived: bool,
    /// The payload's source.
    pub source_id: i64,
    /// The source's institution.
    pub institution_id: i64,
    /// The source's connector.
    pub connector: String,
    /// The payload's stream.
    pub stream: String,
    /// The payload's address.
    pub address: String,
    /// The values of the stream's fan-out that the payload was asked for with, by name.
    pub each: BTreeMap<String, String>,
    /// The payload's digest.
    pub digest: Vec<u8>,
}

impl ClaimedBatch {
    /// What keeps it ours.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease { of: Leased::Batch, key: self.id, number: self.epoch }
    }
}

/// The outcomes of a batch's raw records; their sum is the batch's record count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// New keys.
    pub inserted: i64,
    /// Newer than what was held.
    pub updated: i64,
    /// Same version and content.
    pub unchanged: i64,
    /// Older than what is held.
    pub superseded: i64,
    /// Left out by the manifest's rules about rows.
    pub skipped: i64,
    /// Dead letter open.
    pub parked: i64,
    /// Dead letter closed by a person.
    pub discarded: i64,
}

/// A batch after the stages, ready for the tables.
#[derive(Debug)]
pub struct Load<'a> {
    /// Clean records.
    pub clean: Vec<Box<TrainingRecord<'a>>>,
    /// Clean rows of a roster; a stream has either these or records.
    pub roster: Vec<Box<RosterRow<'a>>>,
    /// Dead letters to be.
    pub parked: Vec<Parked<'a>>,
    /// Positions of what the manifest's rules about rows leave out, and why.
    pub skipped: Vec<(u32, &'a str)>,
    /// The stream's hour unit.
    pub hours_unit: &'a str,
    /// Manifest version.
    pub manifest_version: i64,
    /// Activation.
    pub activation: i64,
}

/// How a commit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// Committed, with these outcomes.
    Done(Outcomes),
    /// Another claim has a higher epoch: nothing was written.
    Fenced,
    /// The batch breaks its stream's contract, and why: nothing was written.
    Broken(BrokenContract),
}
