//! `dead-letters`: lists, shows, accepts and discards dead letters.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::{Act, dead_letters};
use huiliu_store::admin::reports::LetterRow;

use crate::cli::DeadLetters;
use crate::render::{show, show_page};
use crate::settings::Settings;
use crate::words::{field_text, label, localize_address, localize_word, message_text, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: DeadLetters, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    match asked {
        DeadLetters::List { of, run, code, span } => {
            let program = open::build_program();
            let access = open::registry_access(&opened, &settings, &program);
            let page = dead_letters::list(access, &of.into_row_filter(run, code), span.into()).await?;
            show_page(json, &page, |rows| rows.iter().for_each(show_dead_letter));
        }
        DeadLetters::Show { id } => {
            let letter = dead_letters::show(&opened, id).await?;
            show(json, &letter, show_dead_letter);
        }
        DeadLetters::Accept { id, because } => {
            let act = Act { actor: &settings.actor, because: &because };
            let accepted = dead_letters::accept(&opened, act, id).await?;
            show(json, &accepted, |_| say(label("cli-dead-letters-accepted")));
        }
        DeadLetters::Discard { id, because } => {
            let act = Act { actor: &settings.actor, because: &because };
            let discarded = dead_letters::discard(&opened, act, id).await?;
            show(json, &discarded, |_| say(label("cli-dead-letters-discarded")));
        }
    }
    opened.close().await;
    Ok(())
}

fn show_dead_letter(r: &LetterRow) {
    say(&format!(
        "{}  {}/{}  {}  {}×  {}",
        r.dead_letter,
        r.source,
        r.stream,
        localize_address(&r.address),
        r.seen_count,
        localize_word(r.state.as_str())
    ));
    if let (Some(record), Some(replay)) = (r.became, r.replay) {
        say(&sentence!("cli-dead-letters-record-replay", record, replay));
    }
    for p in &r.reasons {
        let cell = p.cell.as_ref().map_or_else(String::new, |cell| format!("{cell}  "));
        let (field, expected) = (field_text(p), message_text(&p.expected));
        say(&format!("    {}  {cell}{field}={:?}  {}{expected}", p.code, p.seen, label("cli-render-expected")));
    }
}
