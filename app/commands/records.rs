//! `records`, and every teacher's hours as JSON lines.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::records;
use huiliu_store::admin::reports::RecordRow;

use crate::cli::Listing;
use crate::render::{hours, show, show_page};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{address, amount, label, pass_word, say_json};
use crate::{CliError, open};

pub async fn run(settings: Settings, listing: Listing, json: bool) -> Result<(), CliError> {
    let opened = open::database(&settings, MayCreate::Nothing).await?;
    match listing {
        Listing::List { of, span } => {
            let program = open::program();
            let access = open::access(&opened, &settings, &program);
            let page = records::list(access, &of.filter(None, None), span.into()).await?;
            show_page(json, &page, list);
        }
        Listing::Show { id } => {
            let record = records::show(&opened, id).await?;
            show(json, &record, |record| list(std::slice::from_ref(record)));
        }
    }
    opened.close().await;
    Ok(())
}

fn list(rows: &[RecordRow]) {
    let cells = |r: &RecordRow| {
        vec![
            r.record.to_string(),
            r.source.clone(),
            r.teacher.map(|t| t.to_string()).unwrap_or_default(),
            r.name.clone(),
            r.course.clone(),
            amount(&r.raw_hours),
            hours(r.hours),
            pass_word(r.pass_state).to_owned(),
            r.period_end.clone(),
            address(&r.address).into_owned(),
        ]
    };
    let heading = [
        label("cli-records-record"),
        label("cli-records-source"),
        label("cli-records-teacher"),
        label("cli-records-name"),
        label("cli-records-course"),
        label("cli-records-given"),
        label("cli-records-class-hours"),
        label("cli-records-pass"),
        label("cli-records-ended"),
        label("cli-records-address"),
    ];
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

/// Every teacher's hours with the ID number opened, as JSON lines; for comparing with a truth file.
pub async fn ledger(settings: Settings) -> Result<(), CliError> {
    let opened = open::database(&settings, MayCreate::Nothing).await?;
    let mut after = 0;
    loop {
        let rows = records::ledger_after(&opened, after).await?;
        let Some(last) = rows.last() else { break };
        after = last.teacher;
        rows.iter().for_each(say_json);
    }
    opened.close().await;
    Ok(())
}
