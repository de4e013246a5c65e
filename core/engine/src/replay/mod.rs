//! Replay: processes dead letters, or stored records, again under today's manifests and rules. A plan lists every effect first; it is applied
//! only if all of them are still the same. An undo is a replay of its own: it takes an applied one back.
//!
//! Planning runs the replay in a transaction that is rolled back. Applying runs it again in steps, and commits a step if
//! its result equals the plan: a replay that was killed goes on with the next step. Both block other writers of the same
//! rows (on SQLite, all writers), so both are limited in time.

mod apply;
mod items;
pub(crate) mod perform;
mod plan;
mod reread;
mod spill;

pub use apply::{apply_plan, approve_plan, close_plan};
pub use plan::{NewReplay, plan_replay, plan_undo};

use std::time::Duration;

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use crate::ingest::wait_for_stop;
use huiliu_store::StoreError;
use huiliu_values::{ApprovalReason, BeforeAfter, ExactHours, KeptBecause, RecordOutcome, ReplayState};

/// The longest that a step, or planning, may block other writers; planning one millisecond longer for each raw record.
pub const MAX_DURATION: Duration = Duration::from_secs(300);

/// What a long replay is watched by.
#[derive(Clone, Copy, Default)]
pub struct Watch<'w> {
    /// Becomes true when the user stops it.
    pub stop: Option<&'w watch::Receiver<bool>>,
    /// Is told how far it is.
    pub told: Option<&'w (dyn Fn(Progress) + Send + Sync)>,
}

/// How far planning or applying is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Steps that are done.
    pub done: usize,
    /// All steps.
    pub total: usize,
}

impl Watch<'_> {
    fn tell(self, done: usize, total: usize) {
        if let Some(told) = self.told {
            told(Progress { done, total });
        }
    }

    async fn wait_for_stop(self) {
        match self.stop {
            Some(stop) => wait_for_stop(stop).await,
            None => std::future::pending().await,
        }
    }

    fn is_stopped(self) -> bool {
        self.stop.is_some_and(|stop| *stop.borrow())
    }
}

/// Why a replay cannot be planned or applied.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum ReplayError {
    /// No open dead letter matches the filter.
    #[serde(rename = "replay.nothing")]
    Nothing,
    /// No stored record matches the filter.
    #[serde(rename = "replay.no_records")]
    NoRecords,
    /// Stored records are asked for by what only dead letters have.
    #[serde(rename = "replay.of_letters_only")]
    OfLettersOnly,
    /// The user has stopped the planning.
    #[serde(rename = "replay.stopped")]
    Stopped,
    /// It would block other writers for too long.
    #[serde(rename = "replay.too_long")]
    TooLong,
    /// The replay does not exist.
    #[serde(rename = "replay.unknown")]
    Unknown { replay: i64 },
    /// The replay is not in the planned state.
    #[serde(rename = "replay.not_planned")]
    NotPlanned { replay: i64, state: ReplayState },
    /// The user has stopped it between two steps.
    #[serde(rename = "replay.paused")]
    Paused { replay: i64, applied: i64, total: i64 },
    /// A second person must approve it first.
    #[serde(rename = "replay.not_approved")]
    NotApproved { replay: i64, planned_by: String, approval: ApprovalReason },
    /// The person who planned it cannot approve it.
    #[serde(rename = "replay.own_approval")]
    OwnApproval { replay: i64, planned_by: String },
    /// It is approved already.
    #[serde(rename = "replay.approved_already")]
    ApprovedAlready { replay: i64, approved_by: String },
    /// It needs no approval.
    #[serde(rename = "replay.no_approval_needed")]
    NoApprovalNeeded { replay: i64 },
    /// It was not applied, so nothing can be undone.
    #[serde(rename = "replay.not_applied")]
    NotApplied { replay: i64, state: ReplayState },
    /// It is itself an undo.
    #[serde(rename = "replay.undo_of_undo")]
    UndoOfUndo { replay: i64, undoes: i64 },
    /// It was undone.
    #[serde(rename = "replay.undone_already")]
    UndoneAlready { replay: i64, undone_by: i64 },
    /// The file for temporary results cannot be written or read.
    #[serde(rename = "replay.temporary_file")]
    TemporaryFile { why: String },
    /// The database failed.
    #[serde(untagged)]
    Store(StoreError),
}

said_in_english!(ReplayError);

impl From<StoreError> for ReplayError {
    fn from(fault: StoreError) -> Self {
        Self::Store(fault)
    }
}

impl From<std::io::Error> for ReplayError {
    fn from(why: std::io::Error) -> Self {
        Self::TemporaryFile { why: why.to_string() }
    }
}

impl ReplayError {
    /// Returns whether the user can avoid it by asking for something else.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Stopped | Self::Paused { .. } | Self::TemporaryFile { .. })
    }

    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(fault) => fault.code(),
            Self::Nothing => "replay.nothing",
            Self::NoRecords => "replay.no_records",
            Self::OfLettersOnly => "replay.of_letters_only",
            Self::Stopped => "replay.stopped",
            Self::TooLong => "replay.too_long",
            Self::Unknown { .. } => "replay.not_found",
            Self::NotPlanned { .. } => "replay.not_planned",
            Self::Paused { .. } => "replay.paused",
            Self::NotApproved { .. } => "replay.not_approved",
            Self::OwnApproval { .. } => "replay.own_approval",
            Self::ApprovedAlready { .. } => "replay.approved_already",
            Self::NoApprovalNeeded { .. } => "replay.no_approval_needed",
            Self::NotApplied { .. } => "replay.not_applied",
            Self::UndoOfUndo { .. } => "replay.undo_of_undo",
            Self::UndoneAlready { .. } => "replay.undone_already",
            Self::TemporaryFile { .. } => "replay.temporary_file",
        }
    }
}

/// A difference between a plan and what applying it would do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum PlanDifference {
    /// Another manifest or rule pack is current.
    Activation {
        /// The connector's id.
        connector: String,
    },
    /// A raw record would have another outcome.
    Letter {
        /// The number of its dead letter; null if a stored record is read again.
        dead_letter: Option<i64>,
        /// The number of the stored record that is read again; null if a dead letter is.
        record: Option<i64>,
        /// The address of the raw record in its payload.
        address: String,
        /// The planned outcome.
        planned: RecordOutcome,
        /// The outcome now; `gone` if the record is no longer parked.
        now: RecordOutcome,
    },
    /// A raw record was corrected, or a correction of it withdrawn.
    Correction {
        /// The number of its dead letter.
        dead_letter: i64,
    },
    /// A value of a stream of the plan was mapped, or a mapped value withdrawn.
    MappedValue {
        /// The number of the mapped value.
        mapped_value: i64,
    },
    /// Something newer rests on a record that an undo would change, or no more.
    Kept {
        /// The raw record's batch.
        batch: i64,
        /// Its position in the payload, from 0.
        index: u32,
        /// Why the plan left it as it is; null if it did not.
        planned: Option<KeptBecause>,
        /// Why it stays now; null if it does not.
        now: Option<KeptBecause>,
    },
    /// Somebody has closed the plan.
    Closed {
        /// Who.
        by: String,
        /// The person's reason.
        because: String,
    },
    /// The plan was never completed: it was stopped, it failed, or its process is gone.
    Unfinished,
    /// The effect on a teacher would differ.
    Teacher {
        /// The teacher's number, or `new:…`.
        person: String,
        /// The planned effect; null if none was planned.
        planned: Option<EffectHours>,
        /// The effect now; null if there is none.
        now: Option<EffectHours>,
    },
}

/// The effect of a replay on a teacher's hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EffectHours {
    /// Class hours that count definitively.
    pub counted: BeforeAfter<ExactHours>,
    /// Class hours that count provisionally.
    pub provisional: BeforeAfter<ExactHours>,
}

/// How applying a plan ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// Committed; the teachers concerned are marked.
    Done,
    /// No further step was applied, because of these differences from the plan.
    Stale(Vec<PlanDifference>),
}

/// Returns the name of a replay in the audit log.
fn audit_object(replay: i64) -> String {
    format!("replay {replay}")
}
