//! What waits for a person: one line for each kind and source.

use schemars::JsonSchema;
use serde::Serialize;

use crate::ledger::status::has_status;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Row;
use huiliu_rules::ledger::SourceStatus;
use huiliu_values::calendar::format_instant;
use huiliu_values::{Responsible, WaitingKind};

/// Things of one kind that wait for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Waiting {
    /// What waits.
    pub kind: WaitingKind,
    /// The source that they belong to; null if they belong to none.
    pub source: Option<String>,
    /// How many wait.
    pub waiting: i64,
    /// Since when the oldest waits, RFC 3339; null if that is not kept.
    pub since: Option<String>,
    /// Who can act.
    pub responsible: Responsible,
    /// The command that shows them.
    pub command: String,
}

/// Lists what waits for a person, by kind and source.
///
/// # Errors
/// [`StoreError`].
pub async fn list_waiting(db: &Db) -> Result<Vec<Waiting>, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let mut all = vec![];
    for kind in WaitingKind::ALL {
        all.extend(list_kind(&mut tx, kind).await?);
    }
    Ok(all)
}

/// Lists what waits of one kind, by source.
///
/// # Errors
/// [`StoreError`].
pub async fn list_kind(tx: &mut Tx, kind: WaitingKind) -> Result<Vec<Waiting>, StoreError> {
    let line = |row: &Row| {
        let source = row.opt_text("source")?;
        let command = show_command(kind, source.as_deref());
        Ok(Waiting {
            kind,
            waiting: row.int("waiting")?,
            since: row.opt_int("since")?.map(format_instant),
            responsible: responsible_for(kind),
            source,
            command,
        })
    };
    let rows = tx.fetch_rows(&statement_for(kind), vec![]).await?;
    rows.iter().map(line).collect()
}

/// SQL: counts `of` by source. `since` is when one of them began.
fn count_by_source(of: &str, since: &str) -> String {
    format!("SELECT s.name AS source, count(*) AS waiting, {since} AS since FROM {of} GROUP BY s.name ORDER BY s.name")
}

/// SQL: counts rows that belong to no source. Returns no row where there are none.
fn count_all(of: &str, since: &str) -> String {
    format!("SELECT CAST(NULL AS text) AS source, count(*) AS waiting, {since} AS since FROM {of} HAVING count(*) > 0")
}

fn statement_for(kind: WaitingKind) -> String {
    const NEVER: &str = "CAST(NULL AS bigint)";
    match kind {
        WaitingKind::SourceFailed => count_by_source(
            "source s JOIN sync_run r ON r.source_id = s.id AND r.state = 'failed'
               AND coalesce(r.failure, '') NOT LIKE '%\"platform.stopped\"%' WHERE r.id >
               coalesce((SELECT max(g.id) FROM sync_run g WHERE g.source_id = s.id AND g.state = 'done'), 0)",
            "min(r.started_at)",
        ),
        WaitingKind::SourceLate => count_by_source(
            "schedule c JOIN source s ON s.id = c.source_id
             WHERE c.next_at < {now} - 3600000000 AND (c.holder IS NULL OR c.lease_until < {now})",
            "min(c.next_at)",
        ),
        WaitingKind::BatchQuarantined => count_by_source(
            "batch b JOIN payload p ON p.id = b.payload_id JOIN source s ON s.id = p.source_id
             WHERE b.state <> 'done' AND b.state = 'quarantined'",
            "min(p.landed_at)",
        ),
        WaitingKind::PayloadUnread => count_by_source(
            "unread_payload u JOIN payload p ON p.id = u.payload_id JOIN source s ON s.id = u.source_id WHERE u.state = 'open'
             AND coalesce(p.error, '') NOT LIKE '%\"payload.correction_sheet\"%'",
            "min(p.landed_at)",
        ),
        WaitingKind::FileFailed => count_by_source(
            "source_file f JOIN source s ON s.id = f.source_id WHERE f.state IN ('due', 'growing', 'failed') AND f.state = 'failed'",
            "min(f.first_seen_at)",
        ),
        // Counted by the index alone.
        WaitingKind::DeadLetter => format!(
            "SELECT s.name AS source, d.n AS waiting, {NEVER} AS since FROM
               (SELECT source_id + 0 AS source, count(*) AS n FROM dead_letter WHERE state = 'open' GROUP BY source_id + 0) AS d
             JOIN source s ON s.id = d.source ORDER BY s.name"
        ),
        WaitingKind::LetterCandidate => {
            "SELECT s.name AS source, count(DISTINCT l.dead_letter_id) AS waiting, min(l.noticed_at) AS since
             FROM letter_successor l JOIN dead_letter d ON d.id = l.dead_letter_id AND d.state || '' = 'open'
             JOIN source s ON s.id = d.source_id WHERE l.state = 'noticed' GROUP BY s.name ORDER BY s.name".to_owned()
        }
        WaitingKind::RecordDisputed => count_by_source(
            &format!(
                "training_record t JOIN source s ON s.id = t.source_id WHERE t.merged_into IS NULL AND {}
                 AND t.id IN (SELECT r.id FROM dead_letter o JOIN training_record r ON r.record_key = o.dead_letter_key
                     AND r.source_id = o.source_id AND r.stream = o.stream WHERE o.state = 'open'
                   UNION SELECT r.id FROM record_notice k JOIN training_record r ON r.record_key = k.record_key
                     AND r.source_id = k.source_id AND r.stream = k.stream WHERE k.kind = 'skipped')",
                has_status("t", SourceStatus::Disputed)
            ),
            NEVER,
        ),
        WaitingKind::RecordFlagged => count_by_source(
            "training_record t JOIN source s ON s.id = t.source_id WHERE t.flagged = 1 AND t.merged_into IS NULL",
            NEVER,
        ),
        WaitingKind::RecordMissing => count_by_source(
            "missing_record m JOIN source s ON s.id = m.source_id WHERE m.state = 'open'",
            "min(m.noticed_at)",
        ),
        WaitingKind::ClaimPotential => count_all("identity_claim c WHERE c.state = 'potential'", NEVER),
        WaitingKind::NameContradicts => count_all(
            "(SELECT DISTINCT r.claim_id FROM credit_entry e JOIN training_record r ON r.id = e.record_id
              WHERE e.superseded_at IS NULL AND e.outcome = 'name_contradicts') AS c",
            NEVER,
        ),
        WaitingKind::ReplayUnapproved => count_all(
            "replay r WHERE r.state = 'planned' AND r.approval IS NOT NULL AND r.approved_by IS NULL",
            "min(r.planned_at)",
        ),
        WaitingKind::ReplayUnfinished => count_all(
            "replay r WHERE r.state = 'planned'
               AND EXISTS (SELECT 1 FROM replay_step p WHERE p.replay_id = r.id AND p.applied_at IS NOT NULL)",
            "min(r.planned_at)",
        ),
        WaitingKind::LedgerDiffers => count_all("verify_difference v", "min(v.found_at)"),
    }
}

fn responsible_for(kind: WaitingKind) -> Responsible {
    match kind {
        WaitingKind::SourceFailed | WaitingKind::SourceLate | WaitingKind::FileFailed | WaitingKind::LedgerDiffers => {
            Responsible::Operations
        }
        WaitingKind::PayloadUnread | WaitingKind::RecordDisputed | WaitingKind::RecordFlagged => {
            Responsible::Institution
        }
        _ => Responsible::Administrator,
    }
}

/// Returns the command that shows what waits.
fn show_command(kind: WaitingKind, source: Option<&str>) -> String {
    let of_source = source.map_or_else(String::new, |source| format!(" --source {source}"));
    match kind {
        WaitingKind::SourceFailed => format!("huiliu runs list{of_source}"),
        WaitingKind::SourceLate => "huiliu schedules list".to_owned(),
        WaitingKind::BatchQuarantined => format!("huiliu batches list --quarantined{of_source}"),
        WaitingKind::PayloadUnread => format!("huiliu payloads list{of_source}"),
        WaitingKind::FileFailed => format!("huiliu files list {} --state failed", source.unwrap_or_default()),
        WaitingKind::DeadLetter => format!("huiliu dead-letters groups{of_source}"),
        WaitingKind::LetterCandidate => format!("huiliu dead-letters list --corrected{of_source}"),
        WaitingKind::RecordDisputed => format!("huiliu records list --disputed{of_source}"),
        WaitingKind::RecordFlagged => format!("huiliu records list --flagged{of_source}"),
        WaitingKind::RecordMissing => format!("huiliu missing list{of_source}"),
        WaitingKind::ClaimPotential => "huiliu identity queue".to_owned(),
        WaitingKind::NameContradicts => "huiliu identity queue --state contradicting".to_owned(),
        WaitingKind::ReplayUnapproved | WaitingKind::ReplayUnfinished => "huiliu replay list".to_owned(),
        WaitingKind::LedgerDiffers => "huiliu doctor".to_owned(),
    }
}
