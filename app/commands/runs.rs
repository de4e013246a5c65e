//! `runs` and `balance`: sync runs, and whether every record received has exactly one outcome.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::runs::{self, Books, RunShown};
use huiliu_store::admin::books::{BatchDifference, BookDifferences, BookLaw};
use huiliu_store::admin::reports::RunRow;

use super::layouts;
use crate::cli::Listing;
use crate::render::{balance_cells, balance_heading, format_moment, format_number, note_unread, show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{counting, label, localize_address, localize_word, message_text, note, say, sentence};
use crate::{CliError, open};

pub async fn check_balance(settings: Settings, run: Option<i64>, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    let books = runs::balance(&opened, run).await?;
    opened.close().await;
    show(json, &books, |books| show_books(run, books));
    if books.balance.balanced { Ok(()) } else { Err(unbalanced_error()) }
}

fn unbalanced_error() -> CliError {
    CliError::failed(label("cli-runs-books-balanced")).with_code("balance")
}

fn show_books(run: Option<i64>, books: &Books) {
    let Books { balance, batches } = books;
    let mut row = vec![run.map_or_else(|| label("cli-runs-all-runs").to_owned(), |r| r.to_string())];
    row.extend(balance_cells(balance));
    print_table(&balance_heading(label("cli-runs-run")), &[row]);
    layouts::show_totals(&balance.layout);
    say("");
    say(&format!(
        "  {} · {} · {} {}",
        if balance.balanced { label("cli-runs-balanced") } else { label("cli-runs-balanced-2") },
        if balance.complete { label("cli-runs-complete") } else { label("cli-runs-complete-2") },
        format_number(balance.teachers_due),
        label("cli-runs-teachers-due"),
    ));
    if batches.differing_batches > 0 {
        show_differing_batches(batches);
    }
}

fn show_differing_batches(batches: &BookDifferences) {
    let cells = |of: &BatchDifference| {
        vec![
            of.run.to_string(),
            format!("{}/{}", of.source, of.stream),
            localize_address(&of.payload).into_owned(),
            of.batch.to_string(),
            law_label(of.law).to_owned(),
            format_number(of.expected),
            format_number(of.found),
        ]
    };
    let heading = [
        label("cli-runs-run"),
        label("cli-runs-source"),
        label("cli-runs-payload"),
        label("cli-runs-batch"),
        label("cli-runs-law"),
        label("cli-runs-expected"),
        label("cli-runs-found"),
    ];
    say("");
    say(&format!("  {}", counting!("cli-runs-differing-batches", n = batches.differing_batches)));
    print_table(&heading, &batches.differences.iter().map(cells).collect::<Vec<_>>());
}

/// Says a law of the books in a few words.
pub fn law_label(law: BookLaw) -> &'static str {
    match law {
        BookLaw::Outcomes => label("cli-runs-law-outcomes"),
        BookLaw::Written => label("cli-runs-law-written"),
        BookLaw::Held => label("cli-runs-law-held"),
        BookLaw::Parked => label("cli-runs-law-parked"),
        BookLaw::Discarded => label("cli-runs-law-discarded"),
        BookLaw::Superseded => label("cli-runs-law-superseded"),
        BookLaw::Skipped => label("cli-runs-law-skipped"),
        BookLaw::Withdrawn => label("cli-runs-law-withdrawn"),
    }
}

pub async fn run(settings: Settings, listing: Listing, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    match listing {
        Listing::List { of, span } => {
            let program = open::build_program();
            let access = open::registry_access(&opened, &settings, &program);
            let page = runs::list(access, &of.into_row_filter(None), span.into()).await?;
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
                .chain(&r.notes)
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
    layouts::show_landed(&shown.layout);
    note_unread(&shown.run.source, &shown.unread_payloads);
    for field in &shown.new_fields {
        note(&sentence!("cli-runs-new-field", field));
    }
}
