//! `runs` and `balance`.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::runs::{self, RunShown};
use huiliu_store::admin::reports::{Balance, RunRow};

use crate::cli::Listing;
use crate::render::{balance_cells, balance_heading, grouped, moment, note_unread, show, show_page};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{label, note, said, say, sentence, word};
use crate::{CliError, open};

pub async fn balance(settings: Settings, run: Option<i64>, json: bool) -> Result<(), CliError> {
    let opened = open::database(&settings, MayCreate::Nothing).await?;
    let balance = runs::balance(&opened, run).await?;
    opened.close().await;
    show(json, &balance, |balance| show_balance(run, balance));
    if balance.balanced { Ok(()) } else { Err(not_balanced()) }
}

fn not_balanced() -> CliError {
    CliError::failed(label("cli-runs-books-balanced")).with_code("balance")
}

fn show_balance(run: Option<i64>, balance: &Balance) {
    let mut row = vec![run.map_or_else(|| label("cli-runs-all-runs").to_owned(), |r| r.to_string())];
    row.extend(balance_cells(balance));
    table(&balance_heading(label("cli-runs-run")), &[row]);
    say(&format!(
        "\n  {} · {} · {} {}",
        if balance.balanced { label("cli-runs-balanced") } else { label("cli-runs-balanced-2") },
        if balance.complete { label("cli-runs-complete") } else { label("cli-runs-complete-2") },
        grouped(balance.teachers_due),
        label("cli-runs-teachers-due"),
    ));
}

pub async fn run(settings: Settings, listing: Listing, json: bool) -> Result<(), CliError> {
    let opened = open::database(&settings, MayCreate::Nothing).await?;
    match listing {
        Listing::List { of, span } => {
            let program = open::program();
            let access = open::access(&opened, &settings, &program);
            let page = runs::list(access, &of.filter(None, None), span.into()).await?;
            show_page(json, &page, list);
        }
        Listing::Show { id } => {
            let shown = runs::show(&opened, id).await?;
            show(json, &shown, show_run);
        }
    }
    opened.close().await;
    Ok(())
}

fn list(rows: &[RunRow]) {
    let cells = |r: &RunRow| {
        vec![
            r.run.to_string(),
            r.source.clone(),
            word(r.state.as_str()).to_owned(),
            if r.full { label("cli-runs-full") } else { "" }.to_owned(),
            moment(&r.started_at),
            r.ended_at.as_deref().map(moment).unwrap_or_default(),
            r.failure.iter().chain(r.unmet.iter().flatten()).map(said).collect::<Vec<_>>().join(label("cli-runs-text")),
        ]
    };
    let heading = [
        label("cli-runs-run"),
        label("cli-runs-source"),
        label("cli-runs-state"),
        "",
        label("cli-runs-started"),
        label("cli-runs-ended"),
        label("cli-runs-failure"),
    ];
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

fn show_run(shown: &RunShown) {
    list(std::slice::from_ref(&shown.run));
    note_unread(&shown.run.source, &shown.unread_payloads);
    for field in &shown.new_fields {
        note(&sentence!("cli-runs-new-field", field));
    }
}
