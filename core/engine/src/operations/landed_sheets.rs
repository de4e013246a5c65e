//! Correction sheets that landed like any other file: in a folder, in an upload of several files, or by push. They wait as
//! payloads without records, and are taken from there, so that none is lost.

use serde_json::json;
use tokio::sync::watch;

use super::act::{Act, AuditEntry};
use super::decisions::Mode;
use super::error::OperationError;
use super::handed_sheets;
use crate::run_note::RunNote;
use crate::runtime::Runtime;
use huiliu_decode::correction_mark::{self, NoRecords};
use huiliu_messages::Message;
use huiliu_store::intake::payloads;
use huiliu_store::intake::unread::{self, RetriedPayload, UnreadFilter};
use huiliu_values::SheetRowOutcome;

/// The code of a replay that a second person must approve.
const NOT_APPROVED: &str = "replay.not_approved";
/// Sheets taken at a time.
const PAGE: i64 = 100;

/// Takes all correction sheets that have landed and wait. What became of each stands in the notes of its run. One that
/// cannot be taken stays an unread payload, with the reason.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub async fn take_landed(runtime: &Runtime, stop: &watch::Receiver<bool>) -> Result<usize, OperationError> {
    let db = &runtime.delivery.db;
    let waiting = UnreadFilter { code: Some((NoRecords::CODE, true)), ..UnreadFilter::open() };
    let (mut taken, mut after) = (0, 0);
    loop {
        let found = unread::list_unread_payloads(db, &waiting, after, PAGE).await?;
        let Some(last) = found.last().filter(|_| !*stop.borrow()) else { return Ok(taken) };
        after = last.payload;
        let numbers: Vec<i64> = found.iter().map(|of| of.payload).collect();
        for (of, payload) in unread::load_retried(db, &numbers).await?.iter().zip(&found) {
            take_one(runtime, of, &payload.source, stop).await?;
            taken += 1;
        }
    }
}

/// Takes one sheet. It waits no more, unless it was stopped.
pub(super) async fn take_one(
    runtime: &Runtime,
    of: &RetriedPayload,
    source: &str,
    stop: &watch::Receiver<bool>,
) -> Result<(), OperationError> {
    let (db, keys) = (&runtime.delivery.db, &runtime.delivery.keys);
    let actor = format!("source {source}");
    let act = Act { actor: &actor, because: &of.address };
    let stored = payloads::open_stored(db, keys, &of.stored, false).await?;
    let bytes = correction_mark::sheet_bytes(&stored).unwrap_or_default();
    let imported = handed_sheets::import(runtime, act, Mode::Apply, source, &of.address, &bytes, stop).await;
    let taken = match imported {
        Err(OperationError::Store(fault)) => return Err(fault.into()),
        Err(refused) => {
            let mut tx = db.begin().await?;
            unread::save_reason(&mut tx, of.payload, &Message::new(&refused)).await?;
            tx.commit().await?;
            return Ok(());
        }
        Ok(taken) => taken,
    };
    // What was stopped goes on the next time; what waits for a second person stands as a plan.
    let waits = taken.failure.as_ref().is_some_and(|why| why.code() == NOT_APPROVED);
    if taken.failure.is_some() && !waits {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    let ended = unread::land_retried(&mut tx, of, 0, (runtime.settings.batch_records, false), act.to_author()).await?;
    if ended.is_none() {
        return Ok(());
    }
    let count = |of: SheetRowOutcome| taken.outcomes.get(&of).copied().unwrap_or_default();
    let (closed, sound) = (count(SheetRowOutcome::Closed), count(SheetRowOutcome::NotFaulty));
    let detail = json!({ "rows": taken.rows.len(), "outcomes": taken.outcomes, "replays": taken.replays });
    let object = format!("payload {}", of.payload);
    act.append_audit(&mut tx, keys, AuditEntry { action: "payload.correct", object, detail }).await?;
    tx.commit().await?;
    let note = RunNote::SheetTaken {
        file: of.address.clone(),
        closed,
        others: taken.rows.len() - closed - sound,
        failure: taken.failure,
    };
    note.add_to(db, of.run).await?;
    Ok(())
}
