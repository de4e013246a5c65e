//! `decisions`: decisions about credit. With `--plan`, a command only shows whose hours would change; without it, it
//! writes the decision and recomputes the hours.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::decisions::{self, Mode, Proposal};
use huiliu_engine::operations::{Act, Span};
use huiliu_engine::recount::Change;
use huiliu_store::ledger::decisions::Decision;
use huiliu_values::Gains;

use super::plans::{self, TeacherLine};
use crate::cli::{DecisionArgs, Decisions};
use crate::render::{format_moment, say_only_a_plan, show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::acts::{action_text, details_text};
use crate::words::{label, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Decisions, json: bool) -> Result<(), CliError> {
    let (proposal, how) = match asked {
        Decisions::List { teacher, span } => return list_decisions(&settings, teacher, span.into(), json).await,
        Decisions::Revoke { record, mode } => (Proposal::Revoke { record }, mode),
        Decisions::Grade { record, grade, mode } => (Proposal::Grade { record, grade: grade.into() }, mode),
        Decisions::Keep { record, mode } => (Proposal::Keep { record }, mode),
        Decisions::Undo { decision, mode } => (Proposal::Undo { decision }, mode),
    };
    decide_or_plan(&settings, &proposal, &how, json).await
}

/// Makes a decision, or only shows what it would change.
pub(super) async fn decide_or_plan(
    settings: &Settings,
    proposal: &Proposal,
    how: &DecisionArgs,
    json: bool,
) -> Result<(), CliError> {
    let runtime = open::start_runtime(settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: &how.because };
    let mode = if how.plan { Mode::Plan } else { Mode::Apply };
    let decided = decisions::decide(&runtime, act, mode, proposal).await?;
    runtime.close().await;
    let undoes = matches!(proposal, Proposal::Undo { .. });
    show(json, &decided, |decided| show_decided(decided, undoes, how.all));
    Ok(())
}

fn show_decided(decided: &decisions::DecisionResult, undoes: bool, all: bool) {
    show_changes(&decided.gains, &decided.teachers, decided.teachers_changed, plans::row_limit(all, None));
    match decided.decision {
        None if decided.teachers.is_empty() => say(label("cli-decisions-only-itself")),
        None => say_only_a_plan(),
        Some(number) if undoes => say(&sentence!("cli-decisions-decision-undone", number)),
        Some(number) => say(&sentence!("cli-decisions-decision-written", number)),
    }
}

/// Shows how hours change in total, and the first teachers with their hours before and after.
pub(super) fn show_changes(gains: &Gains, changes: &[Change], total: usize, shown: usize) {
    let parts = plans::gain_texts(gains);
    if parts.is_empty() {
        return say(label("cli-decisions-nobody-entries-change"));
    }
    plans::say_summary(&parts);
    plans::show_teachers(changes.iter().map(TeacherLine::from), shown, total);
}

async fn list_decisions(settings: &Settings, teacher: Option<i64>, span: Span, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let page = decisions::list(&opened, teacher, span).await?;
    opened.close().await;
    show_page(json, &page, show_decisions);
    Ok(())
}

fn show_decisions(rows: &[Decision]) {
    let cells = |d: &Decision| {
        vec![
            d.decision.to_string(),
            format_moment(&d.at),
            d.actor.clone(),
            action_text(d.kind.as_str()),
            subject_text(d),
            details_text(&d.detail),
            state_text(d),
            d.because.clone(),
        ]
    };
    let heading = [
        label("cli-decisions-decision"),
        label("cli-decisions-at"),
        label("cli-decisions-by"),
        label("cli-decisions-kind"),
        label("cli-decisions-about"),
        label("cli-decisions-detail"),
        label("cli-decisions-state"),
        label("cli-decisions-because"),
    ];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

fn subject_text(d: &Decision) -> String {
    let of = [
        (label("cli-decisions-record"), d.record),
        (label("cli-decisions-claim"), d.claim),
        (label("cli-decisions-teacher"), d.teacher),
    ];
    let of = of.iter().filter_map(|(what, id)| id.map(|id| format!("{what} {id}")));
    of.collect::<Vec<_>>().join(" · ")
}

fn state_text(d: &Decision) -> String {
    match (d.reverses, d.reversed_by) {
        (Some(n), _) => sentence!("cli-decisions-undoes", n),
        (_, Some(n)) => sentence!("cli-decisions-undone", n),
        _ => label("cli-decisions-holds").to_owned(),
    }
}
