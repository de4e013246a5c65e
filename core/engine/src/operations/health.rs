//! How a worker stands: is it ready, and its metrics.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::OperationError;
use crate::runtime::Runtime;
use huiliu_store::admin::metrics::{self, Figures};
use huiliu_store::sql::schema::{self, SchemaState};

/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A part of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkerPart {
    /// The database answers.
    Database,
    /// Its schema is current.
    Schema,
    /// The queue answers.
    Queue,
    /// Sweeps go through.
    Sweep,
}

/// Why a part is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It does not answer within so many seconds.
    NoAnswer(u64),
    /// It says why.
    Failed(String),
    /// The schema is another.
    Schema(SchemaState),
    /// It cannot be known while the database does not answer.
    Unknown,
    /// No sweep has gone through yet.
    NoSweep,
    /// The last sweep went through so many seconds ago.
    SweepOverdue(u64),
}

/// A part of a worker, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartState {
    /// Which.
    pub part: WorkerPart,
    /// Whether it is well.
    pub ok: bool,
    /// Why not.
    pub trouble: Option<Trouble>,
}

/// Whether a worker is ready, and which part is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    /// Whether all parts are well.
    pub ready: bool,
    /// The parts.
    pub parts: Vec<PartState>,
}

/// When sweeps went through.
#[derive(Debug, Clone, Copy)]
pub struct SweepPulse {
    /// How long ago the last one went through; none: there was none yet.
    pub age: Option<Duration>,
    /// The pause between two of them.
    pub every: Duration,
}

/// Whether the worker of a runtime is ready.
pub async fn readiness(runtime: &Runtime, pulse: SweepPulse) -> Readiness {
    let state = in_time(async { schema::state(&runtime.delivery.db).await.map_err(|e| e.to_string()) }).await;
    let queue = in_time(async { runtime.queue.depth().await.map_err(|e| e.to_string()) }).await;
    let schema = match &state {
        Ok(SchemaState::Current) => None,
        Ok(other) => Some(Trouble::Schema(*other)),
        Err(_) => Some(Trouble::Unknown),
    };
    // Three sweeps may be missed: one may be waiting for a lock.
    let overdue = pulse.every * 3 + Duration::from_secs(15);
    let sweep = match pulse.age {
        None => Some(Trouble::NoSweep),
        Some(age) if age > overdue => Some(Trouble::SweepOverdue(age.as_secs())),
        Some(_) => None,
    };
    let parts = [
        (WorkerPart::Database, state.err()),
        (WorkerPart::Schema, schema),
        (WorkerPart::Queue, queue.err()),
        (WorkerPart::Sweep, sweep),
    ];
    let parts = parts.map(|(part, trouble)| PartState { part, ok: trouble.is_none(), trouble });
    Readiness { ready: parts.iter().all(|part| part.ok), parts: parts.into() }
}

async fn in_time<T>(answer: impl Future<Output = Result<T, String>>) -> Result<T, Trouble> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(Trouble::Failed),
        Err(_) => Err(Trouble::NoAnswer(PATIENCE.as_secs())),
    }
}

/// The metrics of the database, and how many messages wait in the queue.
#[derive(Debug)]
pub struct Metrics {
    /// Of the database.
    pub figures: Figures,
    /// Messages; none when the queue does not answer, which readiness tells.
    pub queue_depth: Option<usize>,
}

/// Reads the metrics.
///
/// # Errors
/// [`OperationError::Store`].
pub async fn metrics(runtime: &Runtime) -> Result<Metrics, OperationError> {
    let figures = metrics::read(&runtime.delivery.db).await?;
    Ok(Metrics { figures, queue_depth: runtime.queue.depth().await.ok() })
}
