//! `audit`: shows who decided what, and fails if the log was tampered with.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::audit;
use huiliu_store::admin::audit::{Entry, EntryFilter};

use super::days::{check_day_order, end_of_day, start_of_day};
use crate::cli::{AuditFilterArgs, PageArgs};
use crate::render::{format_moment, note_more, show};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::acts::{action_text, details_text, object_text, parse_action, parse_object};
use crate::words::{label, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, of: AuditFilterArgs, span: PageArgs, json: bool) -> Result<(), CliError> {
    let of = build_filter(of)?;
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    let log = audit::list(&opened, &of, span.into()).await?;
    opened.close().await;
    show(json, &log, |log| match &log.page.items[..] {
        [] => say(label("cli-audit-there-none")),
        entries => {
            show_entries(entries);
            note_more(&log.page);
        }
    });
    match log.first_broken {
        None => Ok(()),
        Some(entry) => {
            Err(CliError::failed(sentence!("cli-audit-audit-log-was-written-entry", entry)).with_code("audit.broken"))
        }
    }
}

/// Builds the filter. A day begins at midnight in Asia/Shanghai. Actions and subjects can be given as stored or as
/// shown.
fn build_filter(of: AuditFilterArgs) -> Result<EntryFilter, CliError> {
    let AuditFilterArgs { by, action, subject, since, until } = of;
    check_day_order(since, until)?;
    Ok(EntryFilter {
        actor: by,
        action: action.as_deref().map(parse_action),
        object: subject.as_deref().map(parse_object),
        since: since.and_then(start_of_day),
        until: until.and_then(end_of_day),
    })
}

fn show_entries(entries: &[Entry]) {
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
