//! `audit`: who decided what; a log that was tampered with is told.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::audit;
use huiliu_store::admin::audit::{Entry, EntryFilter};

use super::days::{begin_of, check_days, end_of};
use crate::cli::{Entries, Span};
use crate::render::{moment, note_more, show};
use crate::settings::Settings;
use crate::table::table;
use crate::words::acts::{act, action_of, details, object, object_of};
use crate::words::{label, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, of: Entries, span: Span, json: bool) -> Result<(), CliError> {
    let of = filter(of)?;
    let opened = open::database(&settings, MayCreate::Nothing).await?;
    let log = audit::list(&opened, &of, span.into()).await?;
    opened.close().await;
    show(json, &log, |log| match &log.page.items[..] {
        [] => say(label("cli-audit-there-none")),
        entries => {
            list(entries);
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

/// A day begins at midnight of Asia/Shanghai. Actions and subjects can be given as they are kept, or as they are shown.
fn filter(of: Entries) -> Result<EntryFilter, CliError> {
    let Entries { by, action, subject, since, until } = of;
    check_days(since, until)?;
    Ok(EntryFilter {
        actor: by,
        action: action.as_deref().map(action_of),
        object: subject.as_deref().map(object_of),
        since: since.and_then(begin_of),
        until: until.and_then(end_of),
    })
}

fn list(entries: &[Entry]) {
    let cells = |e: &Entry| {
        vec![e.entry.to_string(), moment(&e.at), e.actor.clone(), act(&e.action), object(&e.object), details(&e.detail)]
    };
    let heading = [
        label("cli-audit-entry"),
        label("cli-audit-at"),
        label("cli-audit-by"),
        label("cli-audit-action"),
        label("cli-audit-object"),
        label("cli-audit-detail"),
    ];
    table(&heading, &entries.iter().map(cells).collect::<Vec<_>>());
}
