//! `audit`: who decided what; a log that was tampered with is told.

use huiliu_engine::database::Make;
use huiliu_engine::operations::audit;
use huiliu_store::admin::audit::Entry;

use crate::cli::Span;
use crate::render::{moment, show};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{both, say, tr};
use crate::{CliError, open};

pub async fn run(settings: Settings, span: Span, json: bool) -> Result<(), CliError> {
    let opened = open::database(&settings, Make::Nothing).await?;
    let log = audit::list(&opened, span.into()).await?;
    opened.close().await;
    show(json, &log, |log| match &log.page.items[..] {
        [] => say(tr("there are none", "没有")),
        entries => list(entries),
    });
    match log.first_broken {
        None => Ok(()),
        Some(entry) => Err(CliError::failed(both!(
            "the audit log is not as it was written: entry {entry} was changed, or what stood before it is gone",
            "审计日志已被改动：第 {entry} 条被修改，或其前面的记录缺失"
        ))
        .with_code("audit.broken")),
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
        tr("entry", "编号"),
        tr("at", "时间"),
        tr("by", "操作人"),
        tr("action", "操作"),
        tr("object", "对象"),
        tr("detail", "详情"),
    ];
    table(&heading, &entries.iter().map(cells).collect::<Vec<_>>());
}
