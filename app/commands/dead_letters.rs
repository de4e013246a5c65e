//! `dead-letters`: groups, lists, shows, accepts, discards, closes and reopens dead letters.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::Act;
use huiliu_engine::operations::corrected::{self, ClosedLetters, CorrectedBy, LetterSelection, LetterShown};
use huiliu_engine::operations::dead_letters::{self, CausePage, LetterDetails};
use huiliu_engine::operations::decisions::Mode;
use huiliu_store::admin::causes::CauseGroup;
use huiliu_store::admin::letters::{LetterFilter, Sighting};
use huiliu_values::Stage;

use super::audit::show_entries;
use super::authoring::show_mapped;
use super::days::{check_day_order, end_of_day, start_of_day};
use super::suggestions::show_suggestions;
use crate::cli::{DeadLetterFilterArgs, DeadLetters, StageArg};
use crate::render::{format_moment, format_number, note_more, say_only_a_plan, show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{
    counting, field_text, label, localize_address, localize_responsible, localize_stage, localize_word, message_text,
    say, sentence,
};
use crate::{CliError, open};

/// Builds a filter from arguments.
pub fn build_filter(of: DeadLetterFilterArgs) -> Result<LetterFilter, CliError> {
    check_day_order(of.since, of.until)?;
    let stage = of.stage.map(|stage| match stage {
        StageArg::Read => Stage::Read,
        StageArg::Validate => Stage::Validate,
        StageArg::Match => Stage::Match,
    });
    Ok(LetterFilter {
        connector: of.connector,
        source: of.source,
        institution: of.institution,
        stream: of.stream,
        stage,
        code: of.code,
        field: of.field,
        cause: of.cause,
        letters: of.letters,
        run: of.run,
        file: of.file,
        payloads: of.payloads,
        teacher: of.teacher,
        since: of.since.and_then(start_of_day),
        until: of.until.and_then(end_of_day),
        has_candidate: false,
        without_awaiting: false,
    })
}

pub async fn run(settings: Settings, asked: DeadLetters, json: bool) -> Result<(), CliError> {
    if let DeadLetters::Show { id } = asked {
        let runtime = open::start_runtime(&settings, MayCreate::Nothing).await?;
        let letter = dead_letters::show(&runtime, id).await?;
        runtime.close().await;
        show(json, &letter, show_details);
        return Ok(());
    }
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    match asked {
        DeadLetters::Show { .. } => {}
        DeadLetters::Groups { of, span } => {
            let program = open::build_program();
            let access = open::registry_access(&opened, &settings, &program);
            let found = dead_letters::groups(access, &build_filter(*of)?, span.into()).await?;
            show(json, &found, show_groups);
        }
        DeadLetters::List { of, corrected, span } => {
            let program = open::build_program();
            let access = open::registry_access(&opened, &settings, &program);
            let of = LetterFilter { has_candidate: corrected, ..build_filter(*of)? };
            let page = dead_letters::list(access, &of, span.into()).await?;
            show_page(json, &page, |rows| rows.iter().for_each(show_dead_letter));
        }
        DeadLetters::Accept { id, because } => {
            let act = Act { actor: &settings.actor, because: &because };
            let accepted = dead_letters::accept(&opened, act, id).await?;
            show(json, &accepted, |_| say(label("cli-dead-letters-accepted")));
        }
        DeadLetters::Discard { ids, cause, because } => {
            let program = open::build_program();
            let access = open::registry_access(&opened, &settings, &program);
            let act = Act { actor: &settings.actor, because: &because };
            let of = LetterFilter { letters: ids, cause, ..LetterFilter::default() };
            let discarded = dead_letters::discard(access, act, &of).await?;
            show(json, &discarded, |of| say(&counting!("cli-dead-letters-discarded", n = of.dead_letters)));
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

/// Shows causes as a table: what is wrong, how often, and who can remove it.
fn show_groups(CausePage { page, dead_letters }: &CausePage) {
    if page.items.is_empty() {
        return say(label("cli-render-there-none"));
    }
    let row = |of: &CauseGroup| {
        vec![
            of.cause.to_string(),
            format_number(of.dead_letters),
            format!("{} %", of.share),
            format!("{}/{}", of.source, of.stream),
            localize_stage(of.stage).to_owned(),
            of.code.clone(),
            of.field.clone(),
            of.shape.clone(),
            of.example_value.clone(),
            of.example.to_string(),
            localize_responsible(of.responsible).to_owned(),
            of.institution.clone(),
            format_moment(&of.first_seen_at),
            format_moment(&of.last_seen_at),
        ]
    };
    let heading = [
        label("cli-dead-letters-cause"),
        label("cli-dead-letters-letters"),
        label("cli-dead-letters-share"),
        label("cli-dead-letters-stream"),
        label("cli-dead-letters-stage"),
        label("cli-dead-letters-code"),
        label("cli-dead-letters-field"),
        label("cli-dead-letters-shape"),
        label("cli-dead-letters-example-value"),
        label("cli-dead-letters-example"),
        label("cli-dead-letters-responsible"),
        label("cli-dead-letters-institution"),
        label("cli-dead-letters-first-seen"),
        label("cli-dead-letters-last-seen"),
    ];
    print_table(&heading, &page.items.iter().map(row).collect::<Vec<_>>());
    say(&counting!("cli-dead-letters-selected", n = *dead_letters));
    note_more(page);
}

/// Shows a dead letter with its raw record beside the mapped one, where it was received, and what was done.
fn show_details(letter: &LetterDetails) {
    show_dead_letter(&letter.shown);
    let mut responsible: Vec<&str> = letter.responsible.iter().map(|who| localize_responsible(*who)).collect();
    responsible.dedup();
    if !responsible.is_empty() {
        let who = responsible.join(label("cli-render-comma"));
        say(&format!("    {}", sentence!("cli-dead-letters-must-act", who)));
    }
    say("");
    say(label("cli-dead-letters-raw"));
    say(&letter.raw);
    if let Some(why) = &letter.unreadable {
        say(&message_text(why));
    }
    if let Some(fields) = &letter.mapped {
        say("");
        show_mapped(fields);
    }
    show_suggestions(letter.shown.letter.dead_letter, &letter.suggestions);
    say("");
    let cells = |of: &Sighting| {
        vec![
            of.run.to_string(),
            of.batch.to_string(),
            localize_address(&of.address).into_owned(),
            format_moment(&of.received_at),
            localize_word(of.outcome.as_str()).to_owned(),
            of.attempts.to_string(),
        ]
    };
    let heading = [
        label("cli-dead-letters-run"),
        label("cli-dead-letters-batch"),
        label("cli-dead-letters-address"),
        label("cli-dead-letters-received"),
        label("cli-dead-letters-outcome"),
        label("cli-dead-letters-attempts"),
    ];
    print_table(&heading, &letter.sightings.iter().map(cells).collect::<Vec<_>>());
    if !letter.history.is_empty() {
        say("");
        show_entries(&letter.history);
    }
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
        // Nothing was found that should be something else.
        let found = match p.says_awaiting() {
            true => String::new(),
            false => format!("{cell}{field}={:?}  {}", p.seen, label("cli-render-expected")),
        };
        say(&format!("    {}  {found}{expected}", p.code));
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
