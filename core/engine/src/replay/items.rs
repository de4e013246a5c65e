//! Builds the items of a replay: the outcome of each raw record, as stored.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use huiliu_decode::roster::Content;
use huiliu_decode::{Parked, RosterRow, TrainingRecord};
use huiliu_manifest::Kind;
use huiliu_messages::Message;
use huiliu_store::delivery::batch::{ClaimedBatch, Load};
use huiliu_store::delivery::classify::{Classified, Winner};
use huiliu_store::delivery::replays::{Item, SelectedRecord, Wanted};
use huiliu_store::delivery::verdict::Verdict;
use huiliu_store::delivery::versioned::Versioned;
use huiliu_store::roster::SiftedRows;
use huiliu_values::{RecordOutcome, RosterKind};

/// Builds the items of training records, in the order of the payload. `of_others` are records whose key belongs to
/// another person; they stay parked.
pub(super) fn items_of_records(
    held: &ClaimedBatch,
    load: &Load<'_>,
    classified: &Classified<'_>,
    of_others: &[Parked<'_>],
    wanted: &Wanted,
) -> Vec<Item> {
    let winners: HashMap<[u8; 16], _> = classified.winners.iter().map(|w| (*w.record.key(), w)).collect();
    let others: HashSet<u32> = of_others.iter().map(|parked| parked.index).collect();
    let clean = load.clean.iter().filter(|record| !others.contains(&record.index)).map(|record| Item {
        record_key: Some(record.record_key),
        detail: content_of(record),
        tied: winners.get(&record.record_key).is_some_and(|winner| lost_by_landing(load, winner, record)),
        ..build_item(
            held,
            wanted,
            record.index,
            &record.address,
            find_outcome(winners.get(&record.record_key).copied(), &**record),
        )
    });
    let parked: Vec<_> = load.parked.iter().chain(of_others).cloned().collect();
    sort_by_index(clean.chain(items_not_loaded(held, load, &parked, wanted)).collect())
}

/// Describes what a record says.
pub(super) fn content_of(record: &TrainingRecord<'_>) -> serde_json::Value {
    json!({
        "course": record.texts.course_code.as_deref().map(str::trim),
        "class_hours": record.hours.to_string(),
        "period_end": record.period_end,
        "pass_state": record.pass_state.as_str(),
        "certificate": has_certificate(record),
    })
}

/// Builds the items of roster rows, in the order of the payload.
pub(super) fn items_of_roster_rows(
    held: &ClaimedBatch,
    load: &Load<'_>,
    sifted: &SiftedRows<'_>,
    classified: &Classified<'_, RosterRow<'_>>,
    wanted: &Wanted,
) -> Vec<Item> {
    let winners: HashMap<[u8; 16], _> = classified.winners.iter().map(|w| (*w.record.key(), w)).collect();
    let kept = sifted.loadable_rows().map(|row| Item {
        record_key: Some(row.row_key),
        detail: json!({ "kind": roster_kind(row) }),
        ..build_item(held, wanted, row.index, &row.address, find_outcome(winners.get(row.key()).copied(), row))
    });
    let parked: Vec<_> = load.parked.iter().cloned().chain(sifted.parked_rows()).collect();
    sort_by_index(kept.chain(items_not_loaded(held, load, &parked, wanted)).collect())
}

/// Returns whether a record is a certificate, or names one.
fn has_certificate(record: &TrainingRecord<'_>) -> bool {
    let names_one = record.texts.certificate_number.as_deref().is_some_and(|number| !number.trim().is_empty());
    names_one || record.kind == Kind::Certificate
}

/// Returns whether a record counts as one that lost only because another batch landed later.
fn lost_by_landing(load: &Load<'_>, winner: &Winner<'_>, record: &TrainingRecord<'_>) -> bool {
    let is_one = std::ptr::eq(winner.record, record) || winner.is_copy(record);
    is_one && matches!(winner.verdict, Verdict::Older { tied, .. } if tied || load.by_landing)
}

fn sort_by_index(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_unstable_by_key(|item| item.index);
    items
}

fn roster_kind(row: &RosterRow<'_>) -> RosterKind {
    match &row.content {
        Content::Teacher(..) => RosterKind::Teacher,
        Content::School(_) => RosterKind::School,
        Content::Membership { .. } => RosterKind::Membership,
    }
}

/// Builds the items of records that are not loaded: parked, skipped by a rule, or taking another record back.
fn items_not_loaded<'i>(
    held: &'i ClaimedBatch,
    load: &'i Load<'_>,
    parked: &'i [Parked<'_>],
    wanted: &'i Wanted,
) -> impl Iterator<Item = Item> + 'i {
    let parked = parked.iter().map(move |parked| Item {
        detail: json!({ "reasons": parked.problems }),
        ..build_item(held, wanted, parked.index, &parked.address, RecordOutcome::Parked)
    });
    let skipped = load.skipped.iter().map(move |skipped| Item {
        detail: json!({ "because": skipped.because }),
        ..build_wanted_item(held, wanted, skipped.index, RecordOutcome::Skipped)
    });
    let withdrawn = load.withdrawn.iter().map(|withdrawn| Item {
        record_key: Some(withdrawn.record_key),
        detail: json!({ "because": withdrawn.because }),
        ..build_item(held, wanted, withdrawn.index, &withdrawn.address, RecordOutcome::Withdrawn)
    });
    parked.chain(skipped).chain(withdrawn)
}

/// Builds the items of a batch that today's manifest cannot read; all its records stay as they are.
pub(super) fn items_of_unreadable_batch(held: &ClaimedBatch, wanted: &Wanted, why: &Message) -> Vec<Item> {
    let still = |(index, record): (&u32, &SelectedRecord)| {
        let outcome = if record.record.is_some() { RecordOutcome::Unchanged } else { RecordOutcome::Parked };
        let detail = json!({ "unreadable": why });
        Item { detail, ..build_item(held, wanted, *index, &record.address, outcome) }
    };
    wanted.iter().map(still).collect()
}

/// Marks the loaded records of a batch as gone, because another process has closed or replayed some of its letters.
pub(super) fn mark_gone(items: Vec<Item>) -> Vec<Item> {
    let gone = |item: Item| {
        if item.outcome == RecordOutcome::Parked { item } else { Item { outcome: RecordOutcome::Gone, ..item } }
    };
    items.into_iter().map(gone).collect()
}

/// Returns the outcome of a clean raw record, given the winner of its key.
fn find_outcome<R: Versioned>(winner: Option<&Winner<'_, R>>, record: &R) -> RecordOutcome {
    match winner {
        Some(w) if std::ptr::eq(w.record, record) => w.verdict.outcome(),
        Some(w) if w.is_copy(record) && !w.verdict.is_older() => RecordOutcome::Unchanged,
        _ => RecordOutcome::Superseded,
    }
}

/// Builds the item of a wanted record, at the address at which it was seen.
pub(super) fn build_wanted_item(held: &ClaimedBatch, wanted: &Wanted, index: u32, outcome: RecordOutcome) -> Item {
    let address = wanted.get(&index).map_or("", |record| &record.address);
    build_item(held, wanted, index, address, outcome)
}

fn build_item(held: &ClaimedBatch, wanted: &Wanted, index: u32, address: &str, outcome: RecordOutcome) -> Item {
    let of = wanted.get(&index);
    Item {
        dead_letter: of.map(|record| record.letter).filter(|letter| *letter > 0),
        record: of.and_then(|record| record.record),
        batch: held.id,
        index,
        address: address.to_owned(),
        outcome,
        record_key: None,
        tied: false,
        kept: None,
        detail: serde_json::Value::Null,
    }
}
