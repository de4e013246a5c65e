//! `corrections`: corrects the raw records of dead letters, lists corrections, and withdraws them.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::Act;
use huiliu_engine::operations::corrections::{self, CorrectionsMade};
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::delivery::corrections::{CorrectionFilter, CorrectionRow};

use crate::cli::Corrections;
use crate::render::{format_moment, show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{counting, label, say};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Corrections, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    let program = open::build_program();
    let access = open::registry_access(&opened, &settings, &program);
    match asked {
        Corrections::Add { letters, cause, values, because } => {
            let of = LetterFilter { letters, cause, ..LetterFilter::default() };
            let act = Act { actor: &settings.actor, because: &because };
            let made = corrections::add(access, act, &of, &values).await?;
            show(json, &made, |made| show_made(made, &of));
        }
        Corrections::List { source, letter, span } => {
            let of = CorrectionFilter { source, dead_letter: letter };
            let page = corrections::list(access, &of, span.into()).await?;
            show_page(json, &page, show_corrections);
        }
        Corrections::Withdraw { id, because } => {
            let act = Act { actor: &settings.actor, because: &because };
            let withdrawn = corrections::withdraw(&opened, act, id).await?;
            show(json, &withdrawn, |_| say(label("cli-corrections-withdrawn")));
        }
    }
    opened.close().await;
    Ok(())
}

fn show_made(made: &CorrectionsMade, of: &LetterFilter) {
    let selected = match of.cause {
        Some(cause) => format!("--cause {cause}"),
        None => of.letters.iter().map(|letter| format!("--letter {letter}")).collect::<Vec<_>>().join(" "),
    };
    say(&counting!("cli-corrections-made", n = made.dead_letters, selected = selected));
}

fn show_corrections(rows: &[CorrectionRow]) {
    let cells = |of: &CorrectionRow| {
        vec![
            of.correction.to_string(),
            of.dead_letter.to_string(),
            format!("{}/{}", of.source, of.stream),
            of.field.clone(),
            of.value.clone(),
            of.actor.clone(),
            of.because.clone(),
            format_moment(&of.made_at),
            of.withdrawn_at.as_deref().map(format_moment).unwrap_or_default(),
        ]
    };
    let heading = [
        label("cli-corrections-correction"),
        label("cli-corrections-letter"),
        label("cli-dead-letters-stream"),
        label("cli-dead-letters-field"),
        label("cli-corrections-value"),
        label("cli-corrections-by"),
        label("cli-corrections-because"),
        label("cli-corrections-made-at"),
        label("cli-corrections-withdrawn-at"),
    ];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}
