//! `dead-letters`: lists, shows, accepts, discards, closes and reopens dead letters.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::corrected::{self, ClosedLetters, CorrectedBy, LetterSelection, LetterShown};
use huiliu_engine::operations::decisions::Mode;
use huiliu_engine::operations::{Act, dead_letters};
use huiliu_store::admin::filter::RowFilter;

use crate::cli::DeadLetters;
use crate::render::{say_only_a_plan, show, show_page};
use crate::settings::Settings;
use crate::words::{counting, field_text, label, localize_address, localize_word, message_text, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: DeadLetters, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    match asked {
        DeadLetters::List { of, run, code, corrected, span } => {
            let program = open::build_program();
            let access = open::registry_access(&opened, &settings, &program);
            let of = RowFilter { has_candidate: corrected, ..of.into_row_filter(run, code) };
            let page = dead_letters::list(access, &of, span.into()).await?;
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
        DeadLetters::Close { ids, source, record, plan, because } => {
            let program = open::build_program();
            let access = open::registry_access(&opened, &settings, &program);
            let act = Act { actor: &settings.actor, because: &because };
            let mode = if plan { Mode::Plan } else { Mode::Apply };
            let selection = match (source, record, ids.as_slice()) {
                (Some(source), ..) => LetterSelection::Source(source),
                (None, Some(record), [dead_letter]) => LetterSelection::ByRecord { dead_letter: *dead_letter, record },
                (None, Some(_), _) => return Err(CliError::usage(label("cli-dead-letters-one-number"))),
                (None, None, _) => LetterSelection::Numbers(ids),
            };
            let closed = corrected::close(access, act, mode, &selection).await?;
            show(json, &closed, show_closed);
        }
        DeadLetters::Reopen { id, because } => {
            let act = Act { actor: &settings.actor, because: &because };
            let reopened = corrected::reopen(&opened, act, id).await?;
            show(json, &reopened, |_| say(label("cli-dead-letters-reopened")));
        }
    }
    opened.close().await;
    Ok(())
}

fn show_dead_letter(shown: &LetterShown) {
    let r = &shown.letter;
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
    match &shown.corrected_by {
        Some(by) => say(&format!("    {}", correction_text(by))),
        None if !shown.candidates.is_empty() => {
            say(&sentence!("cli-dead-letters-candidates", n = shown.candidates.len()));
            shown.candidates.iter().for_each(|of| say(&format!("      {}", place_text(of))));
        }
        None => {}
    }
}

/// Says by which record a dead letter's record was corrected, and who has said so.
fn correction_text(by: &CorrectedBy) -> String {
    let address = place_text(by);
    match (&by.accepted_by, &by.because) {
        (None, _) => sentence!("cli-dead-letters-probably-corrected", address),
        (Some(who), None) => sentence!("cli-dead-letters-corrected-by-manifest", address, who),
        (Some(who), Some(because)) => sentence!("cli-dead-letters-corrected", address, who, because),
    }
}

/// Says where a record stands, with its number.
fn place_text(of: &CorrectedBy) -> String {
    let address = localize_address(&of.address).into_owned();
    match of.record {
        Some(record) => sentence!("cli-dead-letters-place-of-record", address, record),
        None => address,
    }
}

fn show_closed(closed: &ClosedLetters) {
    for of in &closed.dead_letters {
        say(&format!("{}  {}", of.dead_letter, place_text(&of.corrected_by)));
    }
    if closed.planned {
        return say_only_a_plan();
    }
    say(&counting!("cli-dead-letters-closed", n = closed.dead_letters.len(), raw = closed.raw_records));
}
