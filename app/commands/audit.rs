//! `audit`: shows who decided what, and fails if the log was tampered with.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::audit::{self, AuditCheck};
use huiliu_store::admin::audit::{Entry, EntryFilter};

use super::days::{check_day_order, end_of_day, start_of_day};
use crate::cli::{AuditFilterArgs, PageArgs};
use crate::render::{format_moment, note_more, show};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::acts::{action_text, details_text, object_text, parse_action, parse_object};
use crate::words::{label, message_text, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, of: AuditFilterArgs, span: PageArgs, json: bool) -> Result<(), CliError> {
    let of = build_filter(of)?;
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    let log = audit::list(&settings.engine, &opened, &of, span.into()).await?;
    opened.close().await;
    show(json, &log, |log| match &log.page.items[..] {
        [] => say(label("cli-audit-there-none")),
        entries => {
            show_entries(entries);
            note_more(&log.page);
        }
    });
    require_intact(&log.check)
}

/// Checks the whole log, and prints what is known of it.
pub async fn verify(settings: Settings, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    let check = audit::verify(&settings.engine, &opened).await?;
    opened.close().await;
    show(json, &check, |check| say(&check_text(check)));
    require_intact(&check)
}

fn require_intact(check: &AuditCheck) -> Result<(), CliError> {
    let Some(why) = fault_text(check) else { return Ok(()) };
    Err(CliError::failed(why).with_code("audit.broken"))
}

/// Says what is known of the log: how long it is, and by what its end is known.
pub fn check_text(check: &AuditCheck) -> String {
    let (entries, file) = (check.entries, &check.heads_file);
    match &check.last_head {
        None => sentence!("cli-audit-end-unknown", entries, file),
        Some(head) => {
            let (at, last) = (format_moment(&head.at), head.entry);
            sentence!("cli-audit-end-known", entries, heads = check.heads, last, at, file, restores = check.restores)
        }
    }
}

/// Says what is wrong with the log, if anything is.
pub fn fault_text(check: &AuditCheck) -> Option<String> {
    let file = &check.heads_file;
    let odd = check.odd_entries.first().map(|entry| sentence!("cli-audit-odd-entry", entry));
    let broken = check.first_broken.map(|entry| sentence!("cli-audit-audit-log-was-written-entry", entry));
    let lost = check.lost_head.as_ref().map(|head| {
        let (entry, at) = (head.entry, format_moment(&head.at));
        let last = check.last_head.as_ref().map_or(entry, |head| head.entry);
        sentence!("cli-audit-lost-head", entry, at, last, file, heads = check.lost_heads)
    });
    let line = check.unreadable_line.map(|line| sentence!("cli-audit-unreadable-line", file, line));
    let unreadable = check.heads_unreadable.as_ref();
    let unreadable = unreadable.map(|why| sentence!("cli-audit-heads-unreadable", file, why = message_text(why)));
    let all: Vec<String> = [odd, broken, lost, line, unreadable].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Builds the filter. A day begins at midnight in Asia/Shanghai. Actions and subjects can be given as stored or as
/// shown.
fn build_filter(of: AuditFilterArgs) -> Result<EntryFilter, CliError> {
    let AuditFilterArgs { by, action, subject, text, since, until } = of;
    check_day_order(since, until)?;
    Ok(EntryFilter {
        actor: by,
        action: action.as_deref().map(parse_action),
        object: subject.as_deref().map(parse_object),
        text,
        since: since.and_then(start_of_day),
        until: until.and_then(end_of_day),
    })
}

/// Shows entries of the audit log as a table.
pub(super) fn show_entries(entries: &[Entry]) {
    let cells = |e: &Entry| {
        vec![
            e.entry.to_string(),
            format_moment(&e.at),
            e.actor.clone(),
            action_text(&e.action),
            object_text(&e.object),
            details_text(&e.detail),
        ]
    };
    let heading = [
        label("cli-audit-entry"),
        label("cli-audit-at"),
        label("cli-audit-by"),
        label("cli-audit-action"),
        label("cli-audit-object"),
        label("cli-audit-detail"),
    ];
    print_table(&heading, &entries.iter().map(cells).collect::<Vec<_>>());
}
