//! Compares a page with what it was before, raw record by raw record, and reads only what differs.

use std::borrow::Cow;

use crate::decode::{self, DecodeError, RawRecord};
use crate::heavy::run_heavy;
use crate::json::{self, ItemReader};
use crate::{Body, Context, Plan, RecordRange, StageResult, stage_record};
use huiliu_manifest::Format;

/// How many records that are gone in a row are recognised as such. After more, what follows counts as new.
const REACH: usize = 64;

/// What differs between a page and an earlier one.
#[derive(Debug)]
pub struct Difference<'n, 'e> {
    /// Number of records that both have, in one order.
    pub kept: u32,
    /// The records that only the new page has.
    pub new: Vec<StageResult<'n>>,
    /// The records that only the earlier page has.
    pub gone: Vec<StageResult<'e>>,
}

/// A raw record before it is read. In JSON its bytes say it all; in a table the header decides what a cell is, so that its
/// texts are compared as well.
enum Unread<'a> {
    Item(Cow<'a, str>),
    Read(RawRecord<'a>),
}

impl Unread<'_> {
    fn says_the_same(&self, other: &Unread<'_>) -> bool {
        match (self, other) {
            (Unread::Item(one), Unread::Item(other)) => one == other,
            (Unread::Read(one), Unread::Read(other)) => one.raw == other.raw && one.texts == other.texts,
            _ => false,
        }
    }
}

fn list_unread<'a>(cx: Context<'a>, plan: &Plan<'a>, body: &'a Body<'_>) -> Result<Vec<Unread<'a>>, DecodeError> {
    match (&cx.stream.format, body) {
        (Format::Json { items, .. }, Body::Text(text)) => {
            let page = run_heavy(text.len(), || json::read_page(text, items, None, None, RecordRange::ALL))?;
            Ok(page.items.into_iter().map(|item| Unread::Item(item.into_text())).collect())
        }
        (format, _) => {
            let records = decode::decode_records(format, body, &plan.paths, RecordRange::ALL)?;
            Ok(records.into_iter().map(Unread::Read).collect())
        }
    }
}

/// Compares a page with an earlier one of the same stream and reads what differs. Returns `None` for payloads that are not one
/// text, such as workbooks, and if more than `most` records differ.
///
/// # Errors
/// Returns [`DecodeError`] if one of the pages cannot be read as a whole.
pub fn read_difference<'n, 'e>(
    now: (Context<'n>, &'n Body<'_>),
    earlier: (Context<'e>, &'e Body<'_>),
    most: usize,
) -> Result<Option<Difference<'n, 'e>>, DecodeError> {
    let ((of_now, now), (of_earlier, earlier)) = (now, earlier);
    let (Body::Text(_), Body::Text(_)) = (earlier, now) else { return Ok(None) };
    let (plan_now, plan_earlier) = (Plan::new(of_now.stream), Plan::new(of_earlier.stream));
    let before = list_unread(of_earlier, &plan_earlier, earlier)?;
    let after = list_unread(of_now, &plan_now, now)?;
    let (mut next, mut kept) = (0, 0);
    let (mut new, mut gone) = (vec![], vec![]);
    for (place, unread) in after.iter().enumerate() {
        // Of two records with one key, the later wins. So only what is in the same order is kept.
        let reach = before.get(next..).unwrap_or_default().iter().take(REACH);
        match reach.into_iter().position(|other| unread.says_the_same(other)) {
            Some(skipped) => {
                gone.extend(next..next + skipped);
                next += skipped + 1;
                kept += 1;
            }
            None => new.push(place),
        }
        if new.len() + gone.len() > most {
            return Ok(None);
        }
    }
    gone.extend(next..before.len());
    if new.len() + gone.len() > most {
        return Ok(None);
    }
    let new = stage_chosen(of_now, &plan_now, after, &new);
    Ok(Some(Difference { kept, new, gone: stage_chosen(of_earlier, &plan_earlier, before, &gone) }))
}

/// Runs records through all stages. `chosen` are their positions, in order.
fn stage_chosen<'a>(
    cx: Context<'a>,
    plan: &Plan<'a>,
    unread: Vec<Unread<'a>>,
    chosen: &[usize],
) -> Vec<StageResult<'a>> {
    let reader = ItemReader::new(&plan.paths);
    let mut chosen = chosen.iter().copied().peekable();
    let wanted = (0u32..).zip(unread).filter(|(place, _)| chosen.next_if_eq(&(*place as usize)).is_some());
    let read = |(place, unread)| match unread {
        Unread::Item(item) => reader.read(item, place),
        Unread::Read(record) => record,
    };
    wanted.map(read).map(|record| stage_record(cx, plan, record)).collect()
}
