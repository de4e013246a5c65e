//! `inbox`: everything that waits for a person.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::inbox;
use huiliu_store::admin::waiting::Waiting;

use crate::render::{format_moment, format_number, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{label, localize_responsible, localize_waiting};
use crate::{CliError, open};

pub async fn show_inbox(settings: Settings, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    let page = inbox::list(&opened).await?;
    opened.close().await;
    show_page(json, &page, show_waiting);
    Ok(())
}

fn show_waiting(rows: &[Waiting]) {
    let cells = |of: &Waiting| {
        vec![
            localize_waiting(of.kind).to_owned(),
            of.source.clone().unwrap_or_default(),
            format_number(of.waiting),
            of.since.as_deref().map(format_moment).unwrap_or_default(),
            localize_responsible(of.responsible).to_owned(),
            of.command.clone(),
        ]
    };
    let heading = [
        label("cli-inbox-what"),
        label("cli-inbox-source"),
        label("cli-inbox-waiting"),
        label("cli-inbox-since"),
        label("cli-inbox-responsible"),
        label("cli-inbox-command"),
    ];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}
