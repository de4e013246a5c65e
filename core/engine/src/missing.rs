//! Tells who is missing from a stream that is whole each time, after a pass over it has ended.

use crate::conflicts::Retries;
use crate::deliver::DeliveryContext;
use crate::expect::{Unclear, Unmet};
use huiliu_manifest::{Manifest, Stream, Transport, VersionFrom, WhenMissing};
use huiliu_store::StoreError;
use huiliu_store::delivery::batch::WholeBy;
use huiliu_store::delivery::missing::{self, MAX_WITHDRAWN_PERCENT, Missing, Withdrawing};
use huiliu_store::delivery::wholes::{self, FoundWhole, Obstacle, Whole};
use huiliu_store::intake::expectations::{FinishedPass, PassCursors};

/// Returns what is whole of a stream each time; `None` if the manifest does not say that it is.
pub(crate) fn whole_by(stream: &Stream) -> Option<WholeBy> {
    let by = if matches!(stream.version, VersionFrom::FileDate {}) { WholeBy::FileDate } else { WholeBy::Run };
    stream.complete.then_some(by)
}

/// Compares the whole that an ended pass has brought with the stored records, and returns what is to be told. Each record is
/// told once. `is_met` says whether the pass met all other expectations.
pub(crate) async fn check_whole(
    context: &DeliveryContext,
    pass: &FinishedPass,
    manifest: &Manifest,
    stream: &Stream,
    cursors: &PassCursors,
    is_met: bool,
) -> Result<Vec<Unmet>, StoreError> {
    let Some(by) = whole_by(stream) else { return Ok(vec![]) };
    let unclear = |because| Ok(vec![Unmet::MissingUnclear { stream: stream.name.clone(), because }]);
    // A second reading of some days moves no cursor and is no pass.
    let is_pages = matches!(manifest.transport, Transport::Http { .. });
    let mut tx = context.db.begin_read_only().await?;
    let found = wholes::find_whole(&mut tx, pass.source_id, &stream.name, pass.run, by).await?;
    drop(tx);
    let whole = match found {
        FoundWhole::Nothing => return Ok(vec![]),
        FoundWhole::Unclear(obstacle) => return unclear(obstacle.into()),
        FoundWhole::Clear(whole) if whole.is_of_run && !is_met => return unclear(Unclear::Unmet),
        FoundWhole::Clear(_) if is_pages && cursors.at_end.is_none() => return Ok(vec![]),
        FoundWhole::Clear(_) if is_pages && !is_whole_listing(cursors) => return unclear(Unclear::Partial),
        FoundWhole::Clear(whole) => whole,
    };
    let label = format!("{}@{}", manifest.id, manifest.version_number());
    let withdrawing = Withdrawing { manifest: &label, source: &pass.source, keys: &context.keys };
    let by = (stream.missing == Some(WhenMissing::Withdraw)).then_some(withdrawing);
    let missing = judge_whole(context, &whole, by).await?;
    Ok(tell_missing(&stream.name, missing))
}

/// Whether a pass read a listing from its beginning to its end.
fn is_whole_listing(PassCursors { at_start, at_end }: &PassCursors) -> bool {
    [at_start, at_end].into_iter().all(|cursor| huiliu_platform::begins_listing(cursor.as_deref()))
}

async fn judge_whole(
    context: &DeliveryContext,
    whole: &Whole,
    by: Option<Withdrawing<'_>>,
) -> Result<Missing, StoreError> {
    let mut retries = Retries::default();
    loop {
        match missing::judge_whole(&context.db, &context.known.claims, whole, by).await {
            Err(fault) if retries.try_again(&fault) => {}
            ended => return ended,
        }
    }
}

fn tell_missing(stream: &str, missing: Missing) -> Vec<Unmet> {
    let Missing { asked, withdrawn, too_many_of } = missing;
    let stream = || stream.to_owned();
    let asked = (asked > 0).then(|| match too_many_of {
        None => Unmet::Missing { stream: stream(), records: asked },
        Some(of) => Unmet::TooManyMissing { stream: stream(), records: asked, of, max_percent: MAX_WITHDRAWN_PERCENT },
    });
    let withdrawn = (withdrawn > 0).then(|| Unmet::MissingWithdrawn { stream: stream(), records: withdrawn });
    asked.into_iter().chain(withdrawn).collect()
}

impl From<Obstacle> for Unclear {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Unread(payloads) => Self::Unread { payloads },
            Obstacle::Undelivered(batches) => Self::Undelivered { batches },
            Obstacle::Unidentified(records) => Self::Unidentified { records },
            Obstacle::Awaiting(records) => Self::Awaiting { records },
            Obstacle::Unknown(batches) => Self::Unknown { batches },
            Obstacle::Unmet => Self::Unmet,
        }
    }
}
