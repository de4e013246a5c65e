//! The laws that `doctor` checks in the rows of a database: the books, dead letters, entries, the audit log, and a sample
//! of the ledger; and what was not read.

use std::sync::Arc;

use super::audit;
use super::doctor::{Detail, Finding, Part, VerifiedByWorkers};
use super::error::OperationError;
use crate::active_rules::{RuleFollower, RuleSnapshot};
use crate::database::OpenDatabase;
use crate::settings::Settings;
use crate::verify::{LedgerDifference, Verifier};
use huiliu_store::StoreError;
use huiliu_store::admin::{books, reports};
use huiliu_store::intake::files;
use huiliu_store::intake::runs::RunRange;
use huiliu_store::intake::unread::{self, UnreadFilter};
use huiliu_store::ledger::missing::{self, MissingFilter};
use huiliu_store::ledger::verified;
use huiliu_values::MissingState;
use huiliu_values::calendar::format_instant;

/// Teachers in the sample.
const SAMPLE: i64 = 1_000;
/// Differences shown of each law.
const SHOWN: i64 = 10;

/// Checks every law. Reads all records, but compares the entries of some teachers only.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub(super) async fn examine_laws(
    settings: &Settings,
    opened: &OpenDatabase,
    items: &mut Vec<Finding>,
) -> Result<(), OperationError> {
    let db = &opened.db;
    let orphans = reports::count_orphans(db).await?;
    items.push(Finding::new(Part::Orphans, orphans.is_empty(), Detail::Orphans(orphans)));
    let found = books::compare_batches(db, RunRange::ALL, SHOWN).await?;
    items.push(Finding::new(Part::Books, found.differing_batches == 0, Detail::Books(found)));
    let letters = books::find_untrue_letters(db).await?;
    items.push(Finding::new(Part::DeadLetters, letters.count == 0, Detail::DeadLetters(letters)));
    let entries = books::find_double_entries(db).await?;
    items.push(Finding::new(Part::Entries, entries.count == 0, Detail::Entries(entries)));
    let log = audit::verify(settings, opened).await?;
    // Without a file its end is not known; the next act begins one.
    let warning = log.entries > 0 && !log.heads_file_exists;
    items.push(Finding { warning, ..Finding::new(Part::AuditLog, log.intact, Detail::AuditLog(Box::new(log))) });
    items.extend(examine_ledger(settings, opened).await?);
    items.push(examine_workers(settings, opened).await?);
    items.push(examine_missing(opened).await?);
    items.push(examine_payloads(opened).await?);
    items.push(examine_files(opened).await?);
    Ok(())
}

async fn examine_payloads(opened: &OpenDatabase) -> Result<Finding, StoreError> {
    let of = UnreadFilter::open();
    let open = unread::count_unread_payloads(&opened.db, &of).await?;
    let first = unread::list_unread_payloads(&opened.db, &of, 0, SHOWN).await?;
    Ok(Finding::new(Part::Payloads, open == 0, Detail::Payloads { open, first }))
}

async fn examine_files(opened: &OpenDatabase) -> Result<Finding, StoreError> {
    let found = files::find_files_to_see(&opened.db, SHOWN).await?;
    let warning = found.waiting + found.foreign > 0;
    Ok(Finding { warning, ..Finding::new(Part::Files, true, Detail::Files(found)) })
}

async fn examine_missing(opened: &OpenDatabase) -> Result<Finding, StoreError> {
    let open = MissingFilter { state: Some(MissingState::Open), ..MissingFilter::default() };
    let records = missing::count_missing(&opened.db, &open).await?;
    Ok(Finding { warning: records > 0, ..Finding::new(Part::Missing, true, Detail::Missing { records }) })
}

/// Verifies a sample. Without rules that can be read there is none; what is wrong with them is a finding of its own.
async fn examine_ledger(settings: &Settings, opened: &OpenDatabase) -> Result<Option<Finding>, StoreError> {
    let OpenDatabase { db, keys, .. } = opened;
    let Ok(Some(snapshot)) = RuleSnapshot::load(db, keys, settings).await else { return Ok(None) };
    let rules = RuleFollower::new(snapshot, Arc::new(settings.clone()));
    let limit = usize::try_from(SHOWN).unwrap_or(0);
    let found = Verifier { db, keys, rules: &rules }.verify_sample(SAMPLE, limit).await?;
    Ok(Some(Finding::new(Part::Ledger, found.differing == 0, Detail::Ledger(found))))
}

async fn examine_workers(settings: &Settings, opened: &OpenDatabase) -> Result<Finding, StoreError> {
    let state = verified::read_verify_state(&opened.db, SHOWN).await?;
    let found = VerifiedByWorkers {
        days: settings.verify_days,
        round_ended_at: state.round_ended_at.map(format_instant),
        differing: state.differences,
        differences: state.first.into_iter().map(LedgerDifference::from).collect(),
    };
    Ok(Finding::new(Part::Verified, found.differing == 0, Detail::Verified(found)))
}
