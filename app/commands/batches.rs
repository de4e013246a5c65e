//! `batches`.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::{Act, batches};
use huiliu_store::admin::reports::BatchRow;

use crate::cli::Batches;
use crate::render::{grouped, show, show_page};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{address, label, said, say, word};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Batches, json: bool) -> Result<(), CliError> {
    let opened = open::database(&settings, MayCreate::Nothing).await?;
    match asked {
        Batches::List { quarantined, of, run, span } => {
            let program = open::program();
            let access = open::access(&opened, &settings, &program);
            let page = batches::list(access, quarantined, &of.filter(run, None), span.into()).await?;
            show_page(json, &page, list);
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

fn list(rows: &[BatchRow]) {
    let cells = |r: &BatchRow| {
        vec![
            r.batch.to_string(),
            r.source.clone(),
            address(&r.address).into_owned(),
            grouped(r.records),
            word(r.state.as_str()).to_owned(),
            r.attempts.to_string(),
            r.lost_claims.to_string(),
            r.last_error.as_ref().map_or_else(String::new, said),
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
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}
