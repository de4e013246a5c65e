//! `missing`: records that are not in the newest whole of their stream, and decisions about them.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::decisions::Mode;
use huiliu_engine::operations::missing::{self, MissingDecided};
use huiliu_engine::operations::{Act, Span};
use huiliu_store::ledger::missing::{MissingFilter, MissingNote, MissingRow, MissingSelection};
use huiliu_values::MissingState;

use super::{decisions, plans};
use crate::cli::{DecisionArgs, MissingArgs, MissingRecords, MissingStateArg};
use crate::render::{format_hours, format_moment, say_only_a_plan, show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{counting, label, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: MissingRecords, json: bool) -> Result<(), CliError> {
    match asked {
        MissingRecords::List { source, stream, state, all, span } => {
            let state = (!all).then_some(state.into());
            list_missing(&settings, &MissingFilter { source, stream, state }, span.into(), json).await
        }
        MissingRecords::Withdraw { which, mode } => {
            decide_or_plan(&settings, &which.into(), MissingState::Withdrawn, &mode, json).await
        }
        MissingRecords::Keep { which, mode } => {
            decide_or_plan(&settings, &which.into(), MissingState::Kept, &mode, json).await
        }
    }
}

impl From<MissingStateArg> for MissingState {
    fn from(state: MissingStateArg) -> Self {
        match state {
            MissingStateArg::Open => Self::Open,
            MissingStateArg::Withdrawn => Self::Withdrawn,
            MissingStateArg::Kept => Self::Kept,
        }
    }
}

impl From<MissingArgs> for MissingSelection {
    fn from(MissingArgs { records, source, stream }: MissingArgs) -> Self {
        match (source, stream) {
            (Some(source), Some(stream)) => Self::Stream { source, stream },
            _ => Self::Records(records),
        }
    }
}

async fn list_missing(settings: &Settings, of: &MissingFilter, span: Span, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let program = open::build_program();
    let page = missing::list(open::registry_access(&opened, settings, &program), of, span).await?;
    opened.close().await;
    show_page(json, &page, show_missing);
    Ok(())
}

fn show_missing(rows: &[MissingRow]) {
    let cells = |row: &MissingRow| {
        vec![
            row.record.to_string(),
            format!("{}/{}", row.source, row.stream),
            row.teacher.map(|teacher| teacher.to_string()).unwrap_or_default(),
            row.name.clone(),
            row.course_title.clone().unwrap_or_else(|| row.course.clone()),
            format_hours(row.hours),
            row.period_end.clone(),
            format_moment(&row.missing.noticed_at),
            whole_text(&row.missing),
            state_text(&row.missing),
        ]
    };
    let heading = [
        label("cli-records-record"),
        label("cli-records-source"),
        label("cli-records-teacher"),
        label("cli-records-name"),
        label("cli-missing-course"),
        label("cli-records-class-hours"),
        label("cli-records-ended"),
        label("cli-missing-since"),
        label("cli-missing-whole"),
        label("cli-missing-state"),
    ];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

/// Says which whole a record is missing from: the files of a day, or the pass that noticed it.
pub(super) fn whole_text(note: &MissingNote) -> String {
    match &note.whole_of {
        Some(day) => sentence!("cli-missing-files-of", day),
        None => sentence!("cli-missing-pass", run = note.noticed_by_run),
    }
}

/// Says what was decided about a missing record, by whom and why.
pub(super) fn state_text(note: &MissingNote) -> String {
    let by = note.decided_by.as_deref().unwrap_or_default();
    let because = note.because.as_deref();
    match (note.state, because) {
        (MissingState::Open, _) => label("cli-missing-open").to_owned(),
        (MissingState::Withdrawn, None) => sentence!("cli-missing-withdrawn-by-manifest", by),
        (MissingState::Withdrawn, Some(because)) => sentence!("cli-missing-withdrawn-by", by, because),
        (MissingState::Kept, because) => {
            sentence!("cli-missing-kept-by", by, because = because.unwrap_or_default())
        }
    }
}

async fn decide_or_plan(
    settings: &Settings,
    selection: &MissingSelection,
    to: MissingState,
    how: &DecisionArgs,
    json: bool,
) -> Result<(), CliError> {
    let runtime = open::start_runtime(settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: &how.because };
    let mode = if how.plan { Mode::Plan } else { Mode::Apply };
    let decided = match to {
        MissingState::Withdrawn => missing::withdraw(&runtime, act, mode, selection).await?,
        _ => missing::keep(&runtime, act, mode, selection).await?,
    };
    runtime.close().await;
    show(json, &decided, |decided| show_decided(decided, how.all));
    Ok(())
}

fn show_decided(decided: &MissingDecided, all: bool) {
    let MissingDecided { gains, teachers, teachers_changed, records, .. } = decided;
    decisions::show_changes(gains, teachers, *teachers_changed, plans::row_limit(all, None));
    match (decided.planned, decided.state) {
        (true, _) => say_only_a_plan(),
        (false, MissingState::Withdrawn) => say(&counting!("cli-missing-withdrawn", n = *records)),
        (false, _) => say(&counting!("cli-missing-kept", n = *records)),
    }
}
