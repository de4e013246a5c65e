//! Shows values as JSON or as text for people.

use huiliu_decode::Problem;
use huiliu_engine::operations::Page;
use huiliu_messages::with_commas;
use huiliu_store::admin::reports::Balance;
use huiliu_store::intake::unread::UnreadRow;
use huiliu_values::{ExactHours, Hours};
use serde::Serialize;

use crate::words::{field_text, label, localize_address, message_text, note, say, say_json, sentence};

/// Shows a value: as JSON under `--json`, else by `in_words`.
pub fn show<T: Serialize>(json: bool, value: &T, in_words: impl FnOnce(&T)) {
    if json { say_json(value) } else { in_words(value) }
}

/// Shows one page of a listing, and how to get the next one.
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

/// Notes how many rows there are in total if the listing was cut by its limit.
pub fn note_more<T>(page: &Page<T>) {
    if let (Some(next), Some(total)) = (&page.next, page.total) {
        let (shown, total) = (format_count(page.items.len()), format_number(total));
        note(&sentence!("cli-render-part-of-total", shown, total, next));
    }
}

/// Formats class hours for tables: decimal, rounded to four places.
pub fn format_hours(hours: ExactHours) -> String {
    with_commas(&hours.to_decimal())
}

/// Formats class hours for explanations, with exact fractions. Also takes sums over many teachers, which can be larger
/// than [`Hours`] allows.
pub fn format_exact_hours(ExactHours(units): ExactHours) -> String {
    if let Some(hours) = Hours::from_units(units) {
        return hours.to_string();
    }
    let (whole, rest) = (units.div_euclid(Hours::UNITS_PER_CLASS_HOUR), units.rem_euclid(Hours::UNITS_PER_CLASS_HOUR));
    // The fraction is formatted together with one whole hour, as `1.5` or `1 1/3`, and the 1 is then replaced.
    let beside_one = Hours::from_units(Hours::UNITS_PER_CLASS_HOUR + rest).unwrap_or_default().to_string();
    format!("{whole}{}", beside_one.strip_prefix('1').unwrap_or_default())
}

/// Formats an instant in Asia/Shanghai for people: `2014-09-11T08:00:00.123+08:00` becomes `2014-09-11 08:00:00`.
pub fn format_moment(instant: &str) -> String {
    instant.get(..19).unwrap_or(instant).replace('T', " ")
}

/// Formats a count with commas.
pub fn format_count(n: usize) -> String {
    with_commas(&n.to_string())
}

/// Formats an unsigned number with commas.
pub fn format_unsigned(n: u64) -> String {
    with_commas(&n.to_string())
}

/// Formats a number with commas: 12345 → 12,345.
pub fn format_number(n: i64) -> String {
    with_commas(&n.to_string())
}

/// Returns the cells of a balance, in the order of [`balance_heading`].
pub fn balance_cells(b: &Balance) -> Vec<String> {
    [
        b.received,
        b.inserted,
        b.updated,
        b.unchanged,
        b.superseded,
        b.skipped,
        b.withdrawn,
        b.parked,
        b.discarded,
        b.pending,
        b.unread,
    ]
    .iter()
    .map(|n| format_number(*n))
    .collect()
}

/// Returns the heading of a balance table; `first` is the heading of its first column.
pub fn balance_heading(first: &'static str) -> Vec<&'static str> {
    vec![
        first,
        label("cli-render-received"),
        label("cli-render-inserted"),
        label("cli-render-updated"),
        label("cli-render-unchanged"),
        label("cli-render-superseded"),
        label("cli-render-skipped"),
        label("cli-render-withdrawn"),
        label("cli-render-parked"),
        label("cli-render-discarded"),
        label("cli-render-pending"),
        label("cli-render-unread"),
    ]
}

/// Notes which payloads could not be decoded, and why.
pub fn note_unread(source: &str, payloads: &[UnreadRow]) {
    for UnreadRow { number, stream, payload, reason } in payloads {
        note(&sentence!(
            "cli-render-unread-2",
            number,
            source,
            stream,
            payload = localize_address(payload),
            reason = message_text(reason)
        ));
    }
}

/// Renders the reasons of a dead letter in one line.
pub fn reasons_text(all: &[Problem]) -> String {
    let in_words = |p: &Problem| {
        let (text, expected) = match p.says_awaiting() {
            true => (p.code.clone(), ""),
            false => (format!("{} {}={:?}", p.code, field_text(p), p.seen), label("cli-render-expected")),
        };
        let aside = format!("{expected}{}", message_text(&p.expected));
        sentence!("cli-render-aside", text, aside)
    };
    all.iter().map(in_words).collect::<Vec<_>>().join(label("cli-plans-separator"))
}

/// Says that this was only a plan and nothing was changed.
pub fn say_only_a_plan() {
    say(label("cli-render-only-plan-nothing-was-changed"));
}
