//! How values are shown: as JSON, or for people.

use huiliu_decode::Problem;
use huiliu_engine::operations::Page;
use huiliu_messages::with_commas;
use huiliu_store::admin::reports::{Balance, UnreadRow};
use huiliu_values::{ExactHours, Hours};
use serde::Serialize;

use crate::words::{address, field_of, label, note, said, say, say_json, sentence};

/// Shows a value: as it is under `--json`, else in words.
pub fn show<T: Serialize>(json: bool, value: &T, in_words: impl FnOnce(&T)) {
    if json { say_json(value) } else { in_words(value) }
}

/// Shows a part of a listing, and how the next one is asked for.
pub fn show_page<T: Serialize>(json: bool, page: &Page<T>, in_words: impl FnOnce(&[T])) {
    if json {
        return say_json(page);
    }
    if page.items.is_empty() {
        return say(label("cli-render-there-none"));
    }
    in_words(&page.items);
    note_more(page);
}

/// Tells how many rows there are in all, where a listing is cut by its limit.
pub fn note_more<T>(page: &Page<T>) {
    if let (Some(next), Some(total)) = (&page.next, page.total) {
        let (shown, total) = (count(page.items.len()), grouped(total));
        note(&sentence!("cli-render-part-of-total", shown, total, next));
    }
}

/// Class hours as tables have them: decimals, rounded to four places.
pub fn hours(hours: ExactHours) -> String {
    with_commas(&hours.to_decimal())
}

/// Class hours as explanations have them, with fractions; also of many teachers together: more than one amount may be.
pub fn exact_hours(ExactHours(units): ExactHours) -> String {
    if let Some(hours) = Hours::from_units(units) {
        return hours.to_string();
    }
    let (whole, rest) = (units.div_euclid(Hours::UNITS_PER_CLASS_HOUR), units.rem_euclid(Hours::UNITS_PER_CLASS_HOUR));
    // The part of an hour is told as beside one hour: `1.5`, `1 1/3`.
    let beside_one = Hours::from_units(Hours::UNITS_PER_CLASS_HOUR + rest).unwrap_or_default().to_string();
    format!("{whole}{}", beside_one.strip_prefix('1').unwrap_or_default())
}

/// A moment for people, in Asia/Shanghai: `2014-09-11T08:00:00.123+08:00` is said as `2014-09-11 08:00:00`.
pub fn moment(instant: &str) -> String {
    instant.get(..19).unwrap_or(instant).replace('T', " ")
}

/// A number of things, with commas.
pub fn count(n: usize) -> String {
    with_commas(&n.to_string())
}

/// The same of a number that has no sign.
pub fn grouped_count(n: u64) -> String {
    with_commas(&n.to_string())
}

/// 12345 → 12,345.
pub fn grouped(n: i64) -> String {
    with_commas(&n.to_string())
}

/// A row of a balance table.
pub fn balance_cells(b: &Balance) -> Vec<String> {
    [
        b.received,
        b.inserted,
        b.updated,
        b.unchanged,
        b.superseded,
        b.skipped,
        b.parked,
        b.discarded,
        b.pending,
        b.unread,
    ]
    .iter()
    .map(|n| grouped(*n))
    .collect()
}

/// The heading of a balance table, after the first column.
pub fn balance_heading(first: &'static str) -> Vec<&'static str> {
    vec![
        first,
        label("cli-render-received"),
        label("cli-render-inserted"),
        label("cli-render-updated"),
        label("cli-render-unchanged"),
        label("cli-render-superseded"),
        label("cli-render-skipped"),
        label("cli-render-parked"),
        label("cli-render-discarded"),
        label("cli-render-pending"),
        label("cli-render-unread"),
    ]
}

/// Which payloads cannot be read, and why.
pub fn note_unread(source: &str, payloads: &[UnreadRow]) {
    for UnreadRow { stream, payload, reason } in payloads {
        note(&sentence!("cli-render-unread-2", source, stream, payload = address(payload), reason = said(reason)));
    }
}

/// The reasons of a dead letter, in one line.
pub fn reasons(all: &[Problem]) -> String {
    let in_words = |p: &Problem| {
        let text = format!("{} {}={:?}", p.code, field_of(p), p.seen);
        let aside = format!("{}{}", label("cli-render-expected"), said(&p.expected));
        sentence!("cli-render-aside", text, aside)
    };
    all.iter().map(in_words).collect::<Vec<_>>().join(label("cli-plans-separator"))
}

/// That a plan has changed nothing.
pub fn say_only_a_plan() {
    say(label("cli-render-only-plan-nothing-was-changed"));
}
