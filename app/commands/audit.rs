//! `audit`: who decided what; a log that was tampered with is told.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::audit;
use huiliu_store::admin::audit::Entry;

use crate::cli::Span;
use crate::render::{moment, show};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{label, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, span: Span, json: bool) -> Result<(), CliError> {
    let opened = open::database(&settings, MayCreate::Nothing).await?;
    let log = audit::list(&opened, span.into()).await?;
    opened.close().await;
    show(json, &log, |log| match &log.page.items[..] {
        [] => say(label("cli-audit-there-none")),
        entries => list(entries),
    });
    match log.first_broken {
        None => Ok(()),
        Some(entry) => {
            Err(CliError::failed(sentence!("cli-audit-audit-log-was-written-entry", entry)).with_code("audit.broken"))
        }
    }
}

fn list(entries: &[Entry]) {
    let cells = |e: &Entry| {
        vec![
            e.entry.to_string(),
            moment(&e.at),
            e.actor.clone(),
            e.action.clone(),
            e.object.clone(),
            e.detail.to_string(),
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
    table(&heading, &entries.iter().map(cells).collect::<Vec<_>>());
}
