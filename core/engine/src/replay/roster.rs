//! Rows of rosters in a replay: as a live load sifts and classifies them, with what the replay has laid before.

use std::collections::HashMap;

use serde_json::json;

use crate::deliver::DeliveryContext;
use crate::replay::{Moved, Overlay, all_gone, differences, item, left_out, outcome};
use huiliu_decode::RosterRow;
use huiliu_decode::roster::Content;
use huiliu_store::delivery::batch::{Held, Load};
use huiliu_store::delivery::classify::{Classified, Versioned as _};
use huiliu_store::delivery::replays::{Item, Wanted};
use huiliu_store::roster::{self, Laid, Sifted, wait};
use huiliu_store::{StoreFault, Tx};

/// What would become of the wanted rows of a batch. Nothing is written.
pub(super) async fn examine(
    tx: &mut Tx,
    context: &DeliveryContext,
    (held, load): (&Held, &Load<'_>),
    wanted: &Wanted,
    overlay: &mut Overlay,
) -> Result<Vec<Item>, StoreFault> {
    let sifted = roster::sift(tx, &context.keys, held, load, &overlay.laid).await?;
    let mut classified = Classified::of(tx, held, load.activation, sifted.kept()).await?;
    overlay.meet(held, &mut classified);
    for winner in classified.winners.iter().filter(|w| w.verdict.written()) {
        let next = -i64::try_from(overlay.rows.len()).unwrap_or(i64::MAX) - 1;
        let row = winner.verdict.overwrites().unwrap_or(next);
        let (version, digest) = winner.record.version();
        overlay.rows.insert(Overlay::key(held, winner.record), (row, version, digest));
        lay(&mut overlay.laid, held, winner.record);
    }
    Ok(told(held, load, (&sifted, &classified), wanted))
}

fn lay(laid: &mut Laid, held: &Held, row: &RosterRow<'_>) {
    match &row.content {
        Content::School(school) => {
            laid.schools.insert(school.code.clone());
            if let Some(own) = &school.school_ref {
                laid.school_refs.insert((held.source_id, own.clone()), school.code.clone());
            }
        }
        Content::Teacher(person, _) => {
            laid.persons.extend(person.teacher_ref.clone().map(|own| (held.source_id, own)));
        }
        Content::Membership(..) => {}
    }
}

/// Writes what became of the rows of one batch; gives what is not as planned after all.
pub(super) async fn commit(
    tx: &mut Tx,
    context: &DeliveryContext,
    replay: i64,
    (held, load): (&Held, &Load<'_>),
    wanted: &Wanted,
    planned: &[Item],
) -> Result<Vec<Moved>, StoreFault> {
    roster::alone(tx).await?;
    let sifted = roster::sift(tx, &context.keys, held, load, &Laid::default()).await?;
    let mut classified = Classified::of(tx, held, load.activation, sifted.kept()).await?;
    let kept = sifted.kept().map(|row| (row.index, Some(row.record_key)));
    let resolved: Vec<_> = kept
        .chain(load.skipped.iter().map(|(index, _)| (*index, None)))
        .filter_map(|(index, key)| Some((index, wanted.get(&index)?.0, key)))
        .collect();
    let now = told(held, load, (&sifted, &classified), wanted);
    let taken =
        roster::replay(tx, &context.keys, (held, load), (&sifted, &mut classified), (replay, &resolved)).await?;
    if taken != resolved.len() {
        return Ok(all_gone(planned));
    }
    wait::add(tx, held, &sifted.waits).await?;
    Ok(differences(planned, &now))
}

fn told(
    held: &Held,
    load: &Load<'_>,
    (sifted, classified): (&Sifted<'_>, &Classified<'_, RosterRow<'_>>),
    wanted: &Wanted,
) -> Vec<Item> {
    let winners: HashMap<[u8; 16], _> = classified.winners.iter().map(|w| (*w.record.key(), w)).collect();
    let kept = sifted.kept().map(|row| Item {
        record_key: Some(row.row_key),
        detail: json!({ "kind": kind(row) }),
        ..item(held, wanted, row.index, &row.address, outcome(winners.get(row.key()).copied(), row))
    });
    let parked: Vec<_> = load.parked.iter().cloned().chain(sifted.parked()).collect();
    let mut items: Vec<Item> = kept.chain(left_out(held, load, &parked, wanted)).collect();
    items.sort_unstable_by_key(|item| item.index);
    items
}

fn kind(row: &RosterRow<'_>) -> &'static str {
    match &row.content {
        Content::Teacher(..) => "teacher",
        Content::School(_) => "school",
        Content::Membership(..) => "membership",
    }
}
