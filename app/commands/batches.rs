//! `batches`: lists unfinished batches and releases quarantined ones.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::{Act, batches};
use huiliu_store::admin::reports::BatchRow;

use crate::cli::Batches;
use crate::render::{format_number, show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{label, localize_address, localize_word, message_text, say};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Batches, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    match asked {
        Batches::List { quarantined, of, run, span } => {
            let program = open::build_program();
            let access = open::registry_access(&opened, &settings, &program);
            let page = batches::list(access, quarantined, &of.into_row_filter(run), span.into()).await?;
            show_page(json, &page, show_batches);
        }
        Batches::Release { id, because } => {
            let act = Act { actor: &settings.actor, because: &because };
            let released = batches::release(&opened, act, id).await?;
            show(json, &released, |_| say(label("cli-batches-due-again")));
        }
    }
    opened.close().await;
    Ok(())
}

fn show_batches(rows: &[BatchRow]) {
    let cells = |r: &BatchRow| {
        vec![
            r.batch.to_string(),
            r.source.clone(),
            localize_address(&r.address).into_owned(),
            format_number(r.records),
            localize_word(r.state.as_str()).to_owned(),
            r.attempts.to_string(),
            r.lost_claims.to_string(),
            r.last_error.as_ref().map_or_else(String::new, message_text),
        ]
    };
    let heading = [
        label("cli-batches-batch"),
        label("cli-batches-source"),
        label("cli-batches-address"),
        label("cli-batches-records"),
        label("cli-batches-state"),
        label("cli-batches-attempts"),
        label("cli-batches-lost-claims"),
        label("cli-batches-why"),
    ];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}
