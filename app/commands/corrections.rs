//! `corrections`: corrects the raw records of dead letters, also by workbooks that go back to their sender.

use std::path::Path;

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::Act;
use huiliu_engine::operations::correction_sheets::{self, NewSheet, SheetMade};
use huiliu_engine::operations::corrections::{self, CorrectionsMade};
use huiliu_engine::operations::decisions::Mode;
use huiliu_engine::operations::handed_sheets::{self, SheetTaken};
use huiliu_engine::runtime::Runtime;
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::delivery::corrections::{CorrectionFilter, CorrectionRow};
use huiliu_values::SheetRowOutcome;

use super::{mapped_values, suggestions};
use crate::cli::Corrections;
use crate::render::{format_count, format_moment, say_only_a_plan, show, show_page};
use crate::settings::Settings;
use crate::stop::watch_stop_signals;
use crate::table::print_table;
use crate::words::{counting, field_text, label, language, localize_address, message_text, note, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Corrections, json: bool) -> Result<(), CliError> {
    match asked {
        Corrections::Accept { letter, suggestion, because } => {
            suggestions::accept(&settings, letter, &suggestion, because.as_deref(), json).await
        }
        Corrections::Export { source, to, protect, all_rows, stream, cause, run, file } => {
            let of = LetterFilter { source: Some(source), stream, cause, run, file, ..LetterFilter::default() };
            let new = NewSheet { file: &to, language: language(), protect, all_rows };
            export_sheet(&settings, &of, new, json).await
        }
        Corrections::Import { source, workbook, plan, because } => {
            let runtime = open::start_runtime(&settings, MayCreate::Nothing).await?;
            let mode = if plan { Mode::Plan } else { Mode::Apply };
            let taken = import_sheet(&settings, &runtime, &source, &workbook, mode, because.as_deref()).await?;
            runtime.close().await;
            show(json, &taken, show_taken);
            check_taken(&taken)
        }
        Corrections::Map { letter, value, because } => {
            mapped_values::map(&settings, letter, &value, &because, json).await
        }
        asked => run_in_database(settings, asked, json).await,
    }
}

async fn export_sheet(settings: &Settings, of: &LetterFilter, new: NewSheet<'_>, json: bool) -> Result<(), CliError> {
    let runtime = open::start_runtime(settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: "" };
    let made = correction_sheets::export(&runtime, act, of, new).await?;
    runtime.close().await;
    show(json, &made, |made: &SheetMade| {
        say(&counting!("cli-corrections-exported", n = made.rows, file = new.file.display().to_string()));
        if new.all_rows {
            say(&counting!("cli-corrections-faulty-rows", n = made.faulty_rows));
        }
        if let Some(password) = &made.password {
            say(&sentence!("cli-corrections-password", password));
        }
        if !made.left_out.is_empty() {
            note(&counting!("cli-corrections-left-out", n = made.left_out.len()));
        }
    });
    Ok(())
}

/// Takes a correction sheet back.
pub(super) async fn import_sheet(
    settings: &Settings,
    runtime: &Runtime,
    source: &str,
    workbook: &Path,
    mode: Mode,
    because: Option<&str>,
) -> Result<SheetTaken, CliError> {
    let bytes = correction_sheets::read_file(workbook).map_err(CliError::from_operation)?;
    let name = workbook.file_name().unwrap_or_default().to_string_lossy();
    let because = because.map_or_else(|| sentence!("cli-corrections-handed-in", file = name), str::to_owned);
    let act = Act { actor: &settings.actor, because: &because };
    Ok(handed_sheets::import(runtime, act, mode, source, &name, &bytes, &watch_stop_signals()?).await?)
}

/// Fails if not all corrections of a sheet were replayed.
pub(super) fn check_taken(taken: &SheetTaken) -> Result<(), CliError> {
    let Some(why) = &taken.failure else { return Ok(()) };
    Err(CliError::failed(sentence!("cli-corrections-not-all", why = message_text(why))).with_code("sheet.not_all"))
}

/// Shows what became of the rows of a sheet: the numbers, and each row that needs attention.
pub(super) fn show_taken(taken: &SheetTaken) {
    for row in &taken.rows {
        if matches!(row.outcome, SheetRowOutcome::Closed | SheetRowOutcome::Unchanged | SheetRowOutcome::NotFaulty) {
            continue;
        }
        let letter = row.dead_letter.map(|letter| letter.to_string()).unwrap_or_default();
        say(&format!("{}  {letter}  {}", localize_address(&row.address), row_outcome_label(row.outcome)));
        if matches!(row.outcome, SheetRowOutcome::Corrected | SheetRowOutcome::NotFaultyChanged) {
            say(&format!("    {}", row.fields.join(label("cli-render-comma"))));
        }
        for reason in &row.reasons {
            say(&format!(
                "    {}  {}={:?}  {}",
                reason.code,
                field_text(reason),
                reason.seen,
                message_text(&reason.expected)
            ));
        }
    }
    for column in &taken.missing_columns {
        note(&sentence!("cli-corrections-missing-column", column));
    }
    for sheet in &taken.unread_sheets {
        note(&sentence!("cli-corrections-unread-sheet", sheet));
    }
    for (outcome, n) in &taken.outcomes {
        say(&sentence!("cli-render-of-outcome", n = format_count(*n), outcome = row_outcome_label(*outcome)));
    }
    if taken.planned {
        say_only_a_plan();
    }
}

fn row_outcome_label(outcome: SheetRowOutcome) -> &'static str {
    label(match outcome {
        SheetRowOutcome::Closed => "cli-corrections-row-closed",
        SheetRowOutcome::StillOpen => "cli-corrections-row-still-open",
        SheetRowOutcome::Corrected => "cli-corrections-row-corrected",
        SheetRowOutcome::Unchanged => "cli-corrections-row-unchanged",
        SheetRowOutcome::NotOpen => "cli-corrections-row-not-open",
        SheetRowOutcome::Outdated => "cli-corrections-row-outdated",
        SheetRowOutcome::Doubtful => "cli-corrections-row-doubtful",
        SheetRowOutcome::Unreadable => "cli-corrections-row-unreadable",
        SheetRowOutcome::Repeated => "cli-corrections-row-repeated",
        SheetRowOutcome::OtherSource => "cli-corrections-row-other-source",
        SheetRowOutcome::Unknown => "cli-corrections-row-unknown",
        SheetRowOutcome::NoNumber => "cli-corrections-row-no-number",
        SheetRowOutcome::NotFaulty => "cli-corrections-row-not-faulty",
        SheetRowOutcome::NotFaultyChanged => "cli-corrections-row-not-faulty-changed",
    })
}

async fn run_in_database(settings: Settings, asked: Corrections, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    let program = open::build_program();
    let access = open::registry_access(&opened, &settings, &program);
    match asked {
        // These need the manifests that run.
        Corrections::Accept { .. }
        | Corrections::Export { .. }
        | Corrections::Import { .. }
        | Corrections::Map { .. } => {}
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
        Corrections::Mapped { source, span } => mapped_values::list(access, source.as_deref(), span, json).await?,
        Corrections::Unmap { id, because } => {
            let act = Act { actor: &settings.actor, because: &because };
            mapped_values::withdraw(access, act, id, json).await?;
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
