//! Decides which rows are read. The manifest's row rules compare raw fields, with a fixed set of comparisons.

use std::cmp::Ordering;

use crate::decode::RawRecord;
use crate::draft::{Doubt, surrounding_value};
use crate::identity::{self, Identity, KeyForm};
use crate::{Context, Draft, Expected, Place, Plan, Problem, Withdrawn};
use huiliu_manifest::quality::{Act, Condition, RowRule};
use huiliu_values::text;

/// Returns the first row rule whose conditions all hold, unless the rule keeps the row.
pub(super) fn find_rule<'a>(cx: Context<'a>, plan: &Plan<'a>, raw: &RawRecord<'a>) -> Option<&'a RowRule> {
    let mut places = plan.conditions.iter();
    let about = cx.stream.rows.iter().find(|rule| {
        let of_rule: Vec<&Place<'_>> = places.by_ref().take(rule.when.len()).collect();
        rule.when.iter().zip(of_rule).all(|(condition, place)| condition_holds(cx, raw, condition, place))
    });
    about.filter(|rule| rule.act != Act::Keep)
}

/// Returns the problem of a record if a row rule compares a cell that has no value of its own: it cannot be told what the
/// rule does with it.
pub(super) fn find_odd_condition(plan: &Plan<'_>, raw: &RawRecord<'_>) -> Option<Problem> {
    let slots = plan.conditions.iter().filter_map(|place| match place {
        Place::Slot(slot) if !raw.stored_kind(*slot).is_value() => Some(*slot),
        _ => None,
    });
    let (slot, doubt) = slots.filter_map(|slot| Some((slot, Doubt::of_slot(raw, slot)?))).next()?;
    Some(Problem::new("row.parked".into(), plan.paths[slot], &doubt.seen, &doubt.expected))
}

/// Builds the withdrawal that a row states by a rule of the manifest.
///
/// # Errors
/// Why it cannot be told which record is taken back, or by which version.
pub(super) fn build_withdrawal<'a>(
    cx: Context<'a>,
    plan: &Plan<'a>,
    raw: &RawRecord<'a>,
    draft: &Draft<'a>,
    identity: Identity,
    rule: &'a RowRule,
) -> Result<Withdrawn<'a>, Vec<Problem>> {
    let named = cx.stream.rows.iter().position(|of| std::ptr::eq(of, rule)).and_then(|nth| plan.withdraws.get(nth));
    let (record_key, paths) = match named.filter(|places| !places.is_empty()) {
        Some(places) => (identity::compute_record_key(cx, places, raw, draft, KeyForm::Value), &rule.withdraws),
        None => (identity.record_key, &cx.stream.record_key),
    };
    let mut problems: Vec<Problem> = vec![];
    if record_key.is_none() {
        problems.push(Problem::new("record_key.missing".into(), &paths.join(", "), "", &Expected::RecordKey));
    }
    let source_version = identity.source_version.map_err(|problem| problems.push(problem)).ok();
    let Some((record_key, source_version)) = record_key.zip(source_version) else { return Err(problems) };
    let address = raw.format_address(cx.address);
    Ok(Withdrawn { batch: cx.batch, index: raw.index, address, because: &rule.because, record_key, source_version })
}

fn condition_holds(cx: Context<'_>, raw: &RawRecord<'_>, condition: &Condition, place: &Place<'_>) -> bool {
    let held = match place {
        Place::Slot(slot) => raw.texts[*slot].clone(),
        Place::Around(name) => surrounding_value(cx, raw, name),
    };
    let seen = held.as_deref().map(str::trim).unwrap_or_default();
    let one_of = |words: &Vec<String>| words.iter().any(|word| word == seen);
    let beyond = |bound: &String, wanted: Ordering| text::compare_decimals(seen, bound) == Some(wanted);
    condition.is.as_ref().is_none_or(one_of)
        && condition.is_not.as_ref().is_none_or(|words| !one_of(words))
        && condition.blank.is_none_or(|blank| blank == seen.is_empty())
        && condition.above.as_ref().is_none_or(|bound| beyond(bound, Ordering::Greater))
        && condition.below.as_ref().is_none_or(|bound| beyond(bound, Ordering::Less))
        && condition.matches.as_ref().is_none_or(|regex| regex.0.is_match(seen))
}
