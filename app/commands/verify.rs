//! `verify`: derives the entries of the ledger again and compares them with those that are stored.

use std::sync::atomic::{AtomicU64, Ordering};

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::verify;
use huiliu_engine::verify::{LedgerDifference, LedgerVerified};

use super::progress::CountLine;
use crate::render::{format_unsigned, show};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{counting, label, note, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, teacher: Option<i64>, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    let (line, done) = (CountLine::new(), AtomicU64::new(0));
    let progress = |teachers: u64| line.show_count(done.fetch_add(teachers, Ordering::Relaxed) + teachers);
    let verified = verify::ledger(&settings.engine, &opened, teacher, &progress).await;
    line.clear();
    opened.close().await;
    let verified = verified?;
    show(json, &verified, show_verified);
    if verified.differing == 0 {
        Ok(())
    } else {
        Err(CliError::failed(label("cli-verify-ledger-differs")).with_code("verify"))
    }
}

fn show_verified(verified: &LedgerVerified) {
    if !verified.differences.is_empty() {
        show_differences(&verified.differences);
        say("");
    }
    say(&verified_text(verified));
    let shown = verified.differences.len() as u64;
    if shown < verified.differing {
        let (shown, all) = (format_unsigned(shown), format_unsigned(verified.differing));
        note(&sentence!("cli-verify-first-of", shown, all));
    }
}

/// Says in one line how much was compared, how many wait, and how many differ.
pub fn verified_text(verified: &LedgerVerified) -> String {
    [
        counting!("cli-verify-teachers", n = verified.teachers),
        counting!("cli-verify-entries", n = verified.entries),
        counting!("cli-verify-waiting", n = verified.waiting),
        counting!("cli-verify-differing", n = verified.differing),
    ]
    .join(" · ")
}

fn show_differences(all: &[LedgerDifference]) {
    let value = |of: &Option<String>| of.clone().unwrap_or_else(|| label("cli-verify-no-value").to_owned());
    let cells = |of: &LedgerDifference| {
        vec![of.teacher.to_string(), of.record.to_string(), of.field.clone(), value(&of.stored), value(&of.derived)]
    };
    let heading = [
        label("cli-verify-teacher"),
        label("cli-verify-record"),
        label("cli-verify-field"),
        label("cli-verify-stored"),
        label("cli-verify-derived"),
    ];
    print_table(&heading, &all.iter().map(cells).collect::<Vec<_>>());
}

/// Says what differs, for a line of `doctor`: the first differences, as many as there are.
pub fn differences_text(all: &[LedgerDifference]) -> String {
    let of = |LedgerDifference { teacher, record, field, stored, derived }: &LedgerDifference| {
        let none = label("cli-verify-no-value");
        let (stored, derived) = (stored.as_deref().unwrap_or(none), derived.as_deref().unwrap_or(none));
        sentence!("cli-verify-difference", teacher, record, field, stored, derived)
    };
    all.iter().map(of).collect::<Vec<_>>().join(label("cli-runs-text"))
}
