//! `records`, and the hidden `ledger`, which prints every teacher's hours as JSON lines.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::records;
use huiliu_rules::ledger::SourceStatus;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::reports::RecordRow;
use huiliu_store::ledger::status::StatusCause;
use huiliu_values::MissingState;

use crate::cli::Records;
use crate::render::{format_hours, show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{label, localize_address, localize_amount, pass_label, say_json};
use crate::{CliError, open};

pub async fn run(settings: Settings, which: Records, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    match which {
        Records::List { of, flagged, withdrawn, disputed, span } => {
            let program = open::build_program();
            let access = open::registry_access(&opened, &settings, &program);
            let status = match (withdrawn, disputed) {
                (true, _) => Some(SourceStatus::Withdrawn),
                (_, true) => Some(SourceStatus::Disputed),
                _ => None,
            };
            let of = RowFilter { flagged, status, ..of.into_row_filter(None) };
            let page = records::list(access, &of, span.into()).await?;
            show_page(json, &page, show_records);
        }
        Records::Show { id } => {
            let record = records::show(&opened, id).await?;
            show(json, &record, |record| show_records(std::slice::from_ref(record)));
        }
    }
    opened.close().await;
    Ok(())
}

fn show_records(rows: &[RecordRow]) {
    let cells = |r: &RecordRow| {
        vec![
            r.record.to_string(),
            r.source.clone(),
            r.teacher.map(|t| t.to_string()).unwrap_or_default(),
            r.name.clone(),
            r.course.clone(),
            localize_amount(&r.raw_hours),
            format_hours(r.hours),
            pass_label(r.pass_state).to_owned(),
            r.period_end.clone(),
            question_label(r).to_owned(),
            localize_address(&r.address).into_owned(),
        ]
    };
    let heading = [
        label("cli-records-record"),
        label("cli-records-source"),
        label("cli-records-teacher"),
        label("cli-records-name"),
        label("cli-records-course"),
        label("cli-records-given"),
        label("cli-records-class-hours"),
        label("cli-records-pass"),
        label("cli-records-ended"),
        label("cli-records-flagged"),
        label("cli-records-address"),
    ];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

/// Returns what has to be cleared up about a record.
fn question_label(record: &RecordRow) -> &'static str {
    match record.merged_into {
        Some(now) if now == record.record => return label("cli-records-undone"),
        Some(_) => return label("cli-records-merged"),
        None => {}
    }
    match (record.status.as_ref().map(StatusCause::status), record.flagged) {
        (Some(SourceStatus::Withdrawn), _) => label("cli-records-withdrawn"),
        _ if record.missing.as_ref().is_some_and(|note| note.state == MissingState::Withdrawn) => {
            label("cli-records-withdrawn-missing")
        }
        _ if record.missing.as_ref().is_some_and(|note| note.state == MissingState::Open) => {
            label("cli-records-missing")
        }
        (Some(SourceStatus::Disputed), _) => label("cli-records-disputed"),
        (_, true) => label("cli-records-two-contents"),
        _ => "",
    }
}

/// Prints every teacher's hours with the unsealed ID number as JSON lines, for comparison with a truth file.
pub async fn print_ledger(settings: Settings) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    let mut after = 0;
    loop {
        let rows = records::ledger_after(&opened, after).await?;
        let Some(last) = rows.last() else { break };
        after = last.teacher;
        rows.iter().for_each(say_json);
    }
    opened.close().await;
    Ok(())
}
