//! `runs` and `balance`: sync runs, and whether every record received has exactly one outcome.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::runs::{self, RunShown};
use huiliu_store::admin::reports::{Balance, RunRow};

use crate::cli::Listing;
use crate::render::{balance_cells, balance_heading, format_moment, format_number, note_unread, show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{label, localize_word, message_text, note, say, sentence};
use crate::{CliError, open};

pub async fn check_balance(settings: Settings, run: Option<i64>, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    let balance = runs::balance(&opened, run).await?;
    opened.close().await;
    show(json, &balance, |balance| show_balance(run, balance));
    if balance.balanced { Ok(()) } else { Err(unbalanced_error()) }
}

fn unbalanced_error() -> CliError {
    CliError::failed(label("cli-runs-books-balanced")).with_code("balance")
}

fn show_balance(run: Option<i64>, balance: &Balance) {
    let mut row = vec![run.map_or_else(|| label("cli-runs-all-runs").to_owned(), |r| r.to_string())];
    row.extend(balance_cells(balance));
    print_table(&balance_heading(label("cli-runs-run")), &[row]);
    say(&format!(
        "\n  {} · {} · {} {}",
        if balance.balanced { label("cli-runs-balanced") } else { label("cli-runs-balanced-2") },
        if balance.complete { label("cli-runs-complete") } else { label("cli-runs-complete-2") },
        format_number(balance.teachers_due),
        label("cli-runs-teachers-due"),
    ));
}

pub async fn run(settings: Settings, listing: Listing, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    match listing {
        Listing::List { of, span } => {
            let program = open::build_program();
            let access = open::registry_access(&opened, &settings, &program);
            let page = runs::list(access, &of.into_row_filter(None, None), span.into()).await?;
            show_page(json, &page, show_runs);
        }
        Listing::Show { id } => {
            let shown = runs::show(&opened, id).await?;
            show(json, &shown, show_run);
        }
    }
    opened.close().await;
    Ok(())
}

fn show_runs(rows: &[RunRow]) {
    let cells = |r: &RunRow| {
        vec![
            r.run.to_string(),
            r.source.clone(),
            localize_word(r.state.as_str()).to_owned(),
            if r.full { label("cli-runs-full") } else { "" }.to_owned(),
            format_moment(&r.started_at),
            r.ended_at.as_deref().map(format_moment).unwrap_or_default(),
            r.failure
                .iter()
                .chain(r.unmet.iter().flatten())
                .map(message_text)
                .collect::<Vec<_>>()
                .join(label("cli-runs-text")),
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
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

fn show_run(shown: &RunShown) {
    show_runs(std::slice::from_ref(&shown.run));
    note_unread(&shown.run.source, &shown.unread_payloads);
    for field in &shown.new_fields {
        note(&sentence!("cli-runs-new-field", field));
    }
}
