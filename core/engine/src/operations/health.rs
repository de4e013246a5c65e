//! The health of a worker: its readiness and its metrics.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::OperationError;
use crate::conflicts;
use crate::runtime::Runtime;
use huiliu_messages::Message;
use huiliu_store::admin::metrics::{self, Figures};
use huiliu_store::sql::schema::{self, SchemaState};

/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A part of a worker that readiness checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkerPart {
    /// The database answers.
    Database,
    /// The database's schema is current.
    Schema,
    /// The queue answers.
    Queue,
    /// Sweeps succeed regularly.
    Sweep,
}

/// Why a part is not healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It does not answer within this many seconds.
    NoAnswer(u64),
    /// It failed with this message.
    Failed(Message),
    /// The schema is not current.
    Schema(SchemaState),
    /// Unknown, because the database does not answer.
    Unknown,
    /// No sweep has succeeded yet.
    NoSweep,
    /// The last successful sweep was this many seconds ago.
    SweepOverdue(u64),
}

/// The state of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartState {
    /// The part of the worker.
    pub part: WorkerPart,
    /// Whether it is healthy.
    pub ok: bool,
    /// What is wrong with it; null if it is healthy.
    pub trouble: Option<Trouble>,
}

/// Whether a worker is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    /// Whether all parts are healthy.
    pub ready: bool,
    /// The states of the parts.
    pub parts: Vec<PartState>,
}

/// When sweeps succeed.
#[derive(Debug, Clone, Copy)]
pub struct SweepPulse {
    /// Time since the last successful sweep. `None` if there was none yet.
    pub age: Option<Duration>,
    /// The pause between two sweeps.
    pub every: Duration,
}

/// Checks whether a worker is ready.
pub async fn readiness(runtime: &Runtime, pulse: SweepPulse) -> Readiness {
    let state =
        answer_in_time(async { schema::read_state(&runtime.delivery.db).await.map_err(|e| Message::new(&e)) }).await;
    let queue = answer_in_time(async { runtime.queue.depth().await.map_err(|e| Message::new(&e)) }).await;
    let schema = match &state {
        Ok(SchemaState::Current) => None,
        Ok(other) => Some(Trouble::Schema(*other)),
        Err(_) => Some(Trouble::Unknown),
    };
    // Allow for three missed sweeps: one may be waiting for a lock.
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

async fn answer_in_time<T>(answer: impl Future<Output = Result<T, Message>>) -> Result<T, Trouble> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(Trouble::Failed),
        Err(_) => Err(Trouble::NoAnswer(PATIENCE.as_secs())),
    }
}

/// Metrics of the database and the queue.
#[derive(Debug)]
pub struct Metrics {
    /// The metrics of the database.
    pub figures: Figures,
    /// Messages waiting in the queue. `None` if the queue does not answer, which readiness reports.
    pub queue_depth: Option<usize>,
    /// How often work of this process was done again because another transaction was in the way.
    pub write_conflicts: u64,
}

/// Reads the metrics of the database and the depth of the queue.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub async fn metrics(runtime: &Runtime) -> Result<Metrics, OperationError> {
    let figures = metrics::read_metrics(&runtime.delivery.db).await?;
    Ok(Metrics {
        figures,
        queue_depth: runtime.queue.depth().await.ok(),
        write_conflicts: conflicts::count_conflicts(),
    })
}
