//! `schedules list`: when each source is read automatically.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::schedules;
use huiliu_store::intake::source_lease::ScheduleRow;

use crate::render::{format_moment, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{label, localize_word, message_text, sentence};
use crate::{CliError, open};

pub async fn list_schedules(settings: Settings, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    let page = schedules::list(&opened, &settings.engine).await?;
    opened.close().await;
    show_page(json, &page, show_schedules);
    Ok(())
}

fn show_schedules(rows: &[ScheduleRow]) {
    let heading = [
        label("cli-schedules-source"),
        label("cli-schedules-schedule"),
        label("cli-schedules-next"),
        label("cli-schedules-read"),
        label("cli-schedules-failures"),
        label("cli-schedules-last-run"),
        label("cli-schedules-state"),
        label("cli-schedules-ended"),
        label("cli-schedules-last-success"),
        label("cli-schedules-failure"),
    ];
    print_table(&heading, &rows.iter().map(schedule_cells).collect::<Vec<_>>());
}

fn schedule_cells(row: &ScheduleRow) -> Vec<String> {
    let never = label("cli-schedules-never-itself").to_owned();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        row.source.clone(),
        if row.schedule.is_empty() { never } else { row.schedule.clone() },
        row.next_at.as_deref().map(format_moment).unwrap_or_default(),
        match &row.held_too_long {
            Some(until) => {
                sentence!("cli-schedules-too-long", holder = text(&row.holder), until = format_moment(until))
            }
            None => text(&row.holder),
        },
        row.failures.to_string(),
        row.last_run.map(|run| run.to_string()).unwrap_or_default(),
        localize_word(&text(&row.last_state)).to_owned(),
        row.last_ended_at.as_deref().map(format_moment).unwrap_or_default(),
        row.last_success_at.as_deref().map(format_moment).unwrap_or_else(|| label("cli-schedules-never").to_owned()),
        row.last_failure.as_ref().map(message_text).unwrap_or_default(),
    ]
}
