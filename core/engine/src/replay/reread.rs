//! Reads stored records again, from the raw records that they came from.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::items;
use crate::deliver::DeliveryContext;
use huiliu_decode::TrainingRecord;
use huiliu_store::delivery::batch::{ClaimedBatch, Load};
use huiliu_store::delivery::persons;
use huiliu_store::delivery::replays::{Item, Wanted};
use huiliu_store::delivery::reread::{self, StoredRecord};
use huiliu_store::{StoreError, Tx};
use huiliu_values::RecordOutcome;

/// Reads the wanted records of a batch again. `load` is what their raw records say now.
pub(super) async fn reread_records(
    tx: &mut Tx,
    context: &DeliveryContext,
    replay: i64,
    held: &ClaimedBatch,
    load: Load<'_>,
    wanted: &Wanted,
) -> Result<Vec<Item>, StoreError> {
    let rows = wanted.values().filter_map(|of| of.record);
    let stored = reread::lock_records(tx, held.id, rows).await?;
    let is_stored = |index: u32| stored.contains_key(&index);
    // A record that stays what it is keeps its row; the raw records of the others are loaded anew.
    let Load { clean, roster: _, mut parked, mut skipped, mut withdrawn, .. } = load;
    let (same, other): (Vec<_>, Vec<_>) = clean
        .into_iter()
        .filter(|record| is_stored(record.index))
        .partition(|record| stored.get(&record.index).is_some_and(|stored| stored.is_of(record)));
    parked.retain(|of| is_stored(of.index));
    skipped.retain(|of| is_stored(of.index));
    withdrawn.retain(|of| is_stored(of.index));
    let anew = Load { clean: other, roster: vec![], parked, skipped, withdrawn, ..load };
    let kept: BTreeSet<u32> = same.iter().map(|record| record.index).collect();
    let ended: Vec<&StoredRecord> =
        stored.iter().filter(|(index, _)| !kept.contains(index)).map(|(_, stored)| stored).collect();

    let changed: Vec<(i64, &TrainingRecord<'_>)> = same
        .iter()
        .filter_map(|record| Some((stored.get(&record.index)?, &**record)))
        .filter(|(stored, record)| !stored.is_same_as(record))
        .map(|(stored, record)| (stored.row, record))
        .collect();
    reread::rewrite_records(tx, &context.keys, held, &anew, &changed, replay).await?;
    let mut done = items_in_place(held, &same, &stored, wanted);
    if !ended.is_empty() {
        let former = reread::end_records(tx, held, &ended, replay).await?;
        let mut sifted = persons::sift_records(tx, &context.keys, held, &anew).await?;
        let loaded = reread::load_anew(tx, &context.keys, held, &anew, &mut sifted, (former, replay)).await?;
        let found = items::items_of_records(held, &anew, &sifted.classified, &sifted.parked, wanted);
        done.extend(if loaded { found } else { items::mark_gone(found) });
    }
    // A later batch has taken the record over, or something newer.
    let overtaken = wanted.keys().filter(|index| !is_stored(**index));
    done.extend(overtaken.map(|index| items::build_wanted_item(held, wanted, *index, RecordOutcome::Superseded)));
    done.sort_unstable_by_key(|item| item.index);
    for item in &mut done {
        if let Some(before) = stored.get(&item.index).filter(|_| item.record_key.is_some() || !item.detail.is_null()) {
            add_before(&mut item.detail, before);
        }
    }
    Ok(done)
}

/// Builds the items of records that keep their row. One that says what it said has neither key nor content.
fn items_in_place(
    held: &ClaimedBatch,
    same: &[Box<TrainingRecord<'_>>],
    stored: &BTreeMap<u32, StoredRecord>,
    wanted: &Wanted,
) -> Vec<Item> {
    let item = |record: &TrainingRecord<'_>| {
        let is_same = stored.get(&record.index).is_some_and(|stored| stored.is_same_as(record));
        let outcome = if is_same { RecordOutcome::Unchanged } else { RecordOutcome::Updated };
        let item = items::build_wanted_item(held, wanted, record.index, outcome);
        if is_same {
            return item;
        }
        Item { record_key: Some(record.record_key), detail: items::content_of(record), ..item }
    };
    same.iter().map(|record| item(record)).collect()
}

fn add_before(detail: &mut Value, before: &StoredRecord) {
    let StoredRecord { course, hours, period_end, pass_state, has_certificate, .. } = before;
    let before = json!({
        "course": course,
        "class_hours": hours.to_string(),
        "period_end": period_end,
        "pass_state": pass_state,
        "certificate": has_certificate,
    });
    match detail {
        Value::Object(detail) => drop(detail.insert("before".to_owned(), before)),
        other => *other = json!({ "before": before }),
    }
}
