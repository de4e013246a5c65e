//! Metrics of a worker: a few numbers, from two statements that read no training records.

use crate::sql::db::Db;
use crate::sql::error::StoreError;
use crate::sql::rows::Row;
use huiliu_values::{BatchState, RecordOutcome};

/// One metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// Name of the metric.
    pub name: String,
    /// State, outcome or source; empty if the metric has no label.
    pub label: String,
    /// The count, or seconds where the name says so.
    pub value: i64,
}

/// All metrics at one moment.
pub type Figures = Vec<Metric>;

/// The outcomes that a batch counts.
const OUTCOMES: [RecordOutcome; 7] = [
    RecordOutcome::Inserted,
    RecordOutcome::Updated,
    RecordOutcome::Unchanged,
    RecordOutcome::Superseded,
    RecordOutcome::Skipped,
    RecordOutcome::Parked,
    RecordOutcome::Discarded,
];

const STATES: [BatchState; 4] = [BatchState::Due, BatchState::Claimed, BatchState::Done, BatchState::Quarantined];

/// Reads the metrics.
///
/// # Errors
/// [`StoreError`].
pub async fn read_metrics(db: &Db) -> Result<Figures, StoreError> {
    let sums = OUTCOMES.map(|o| format!("CAST(coalesce(sum({o}), 0) AS bigint) AS {o}", o = o.as_str()));
    let batches = db
        .fetch_rows(
            &format!(
                "SELECT state, count(*) AS n, CAST(coalesce(sum(record_count), 0) AS bigint) AS received,
                        CAST(coalesce(sum(lost_claims), 0) AS bigint) AS lost, {} FROM batch GROUP BY state",
                sums.join(", ")
            ),
            vec![],
        )
        .await?;
    let mut figures = compute_batch_metrics(&batches)?;
    let rows = db
        .fetch_rows(
            "SELECT 'dead_letters_open' AS name, '' AS label, count(*) AS value FROM dead_letter WHERE state = 'open'
             UNION ALL SELECT 'settle_marks', '', count(*) FROM recompute_mark
             UNION ALL SELECT 'claims_waiting', 'potential', count(*) FROM identity_claim WHERE state = 'potential'
             UNION ALL SELECT 'claims_waiting', 'none', count(*) FROM identity_claim WHERE state = 'none'
             UNION ALL SELECT 'claims_waiting', 'new', count(*) FROM identity_claim WHERE state = 'new'
             UNION ALL SELECT 'verified_teachers_total', '', teachers FROM verify_round
             UNION ALL SELECT 'verify_differences', '', count(*) FROM verify_difference
             UNION ALL SELECT 'verify_oldest_seconds', '',
               coalesce(({now} - min(coalesce(verified_at, known_at))) / 1000000, 0) FROM verify_block
             UNION ALL SELECT 'payloads_unread', '', count(*) FROM unread_payload WHERE state = 'open'
             UNION ALL SELECT 'oldest_waiting_seconds', '', coalesce(({now} - min(p.landed_at)) / 1000000, 0)
               FROM batch b JOIN payload p ON p.id = b.payload_id WHERE b.state IN ('due', 'claimed')
             UNION ALL SELECT 'sync_runs', state, count(*) FROM sync_run GROUP BY state
             UNION ALL SELECT 'last_success_timestamp_seconds', s.name, max(r.ended_at) / 1000000
               FROM sync_run r JOIN source s ON s.id = r.source_id WHERE r.state = 'done' GROUP BY s.name
             UNION ALL SELECT 'never_succeeded', s.name, CAST(NOT EXISTS (
                 SELECT 1 FROM sync_run r WHERE r.source_id = s.id AND r.state = 'done') AS integer)
               FROM schedule c JOIN source s ON s.id = c.source_id WHERE c.next_at IS NOT NULL
             UNION ALL SELECT 'schedule_failures', s.name, c.failures FROM schedule c JOIN source s ON s.id = c.source_id",
            vec![],
        )
        .await?;
    for r in &rows {
        figures.push(Metric { name: r.text("name")?, label: r.text("label")?, value: r.int("value")? });
    }
    Ok(figures)
}

fn compute_batch_metrics(rows: &[Row]) -> Result<Figures, StoreError> {
    let figure = |name: &str, label: &str, value| Metric { name: name.into(), label: label.into(), value };
    let mut states = STATES.map(|state| (state, 0));
    let (mut outcomes, mut pending, mut lost) = (OUTCOMES.map(|o| (o, 0)), 0, 0);
    for row in rows {
        let state = row.parse_text("state")?;
        for (_, n) in states.iter_mut().filter(|(of, _)| *of == state) {
            *n = row.int("n")?;
        }
        if state != BatchState::Done {
            pending += row.int("received")?;
        }
        lost += row.int("lost")?;
        for (outcome, n) in &mut outcomes {
            *n += row.int(outcome.as_str())?;
        }
    }
    let mut figures: Figures = states.iter().map(|(state, n)| figure("batches", state.as_str(), *n)).collect();
    figures.extend(outcomes.iter().map(|(outcome, n)| figure("records", outcome.as_str(), *n)));
    figures.push(figure("records", "pending", pending));
    figures.push(figure("lost_claims", "", lost));
    Ok(figures)
}
