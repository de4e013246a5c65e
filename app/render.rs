//! How values are shown: as JSON, or for people.

use huiliu_engine::operations::Page;
use huiliu_store::admin::reports::{Balance, UnreadRow};
use huiliu_values::{ExactHours, Hours};
use serde::Serialize;

use crate::words::{address, both, expected, note, place, said, say, say_json, tr};

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
        return say(tr("there are none", "没有"));
    }
    in_words(&page.items);
    if let Some(next) = &page.next {
        note(&both!("more follow: --after {next}", "还有更多：--after {next}"));
    }
}

/// Class hours as tables have them: decimals, rounded to four places.
pub fn hours(hours: ExactHours) -> String {
    let decimal = hours.decimal();
    let (whole, part) = decimal.split_once('.').map_or((decimal.as_str(), None), |(whole, part)| (whole, Some(part)));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), grouped);
    part.map_or(whole.clone(), |part| format!("{whole}.{part}"))
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

/// 12345 → 12,345.
pub fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if n < 0 { format!("-{out}") } else { out }
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
        tr("received", "收到"),
        tr("inserted", "新增"),
        tr("updated", "更新"),
        tr("unchanged", "未变"),
        tr("superseded", "过时"),
        tr("skipped", "略过"),
        tr("parked", "待处理"),
        tr("discarded", "已作废"),
        tr("pending", "未投递"),
        tr("unread", "不可读"),
    ]
}

/// Which payloads cannot be read, and why.
pub fn note_unread(source: &str, payloads: &[UnreadRow]) {
    for UnreadRow { stream, payload, reason } in payloads {
        note(&both!(
            "unread: {source}/{stream}  {payload}: {reason}",
            "不可读：{source}/{stream}  {payload}：{reason}",
            payload = address(payload),
            reason = said(reason)
        ));
    }
}

/// The reasons of a dead letter, in one line.
pub fn reasons(told: &serde_json::Value) -> String {
    let reason = |p: &serde_json::Value| {
        let text = |k: &str| p.get(k).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        let code = text("code");
        let at = place(&code, &text("source_field")).to_string();
        format!("{code} {at}={:?} ({}{})", text("seen"), tr("expected: ", "应为："), expected(&code, &text("expected")))
    };
    told.as_array().into_iter().flatten().map(reason).collect::<Vec<_>>().join("; ")
}

/// That a plan has changed nothing.
pub fn say_only_a_plan() {
    say(tr("\n  only a plan: nothing was changed", "\n  仅为计划：没有任何改动"));
}
