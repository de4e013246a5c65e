//! `schedules list`: when each source is read by itself.

use huiliu_engine::schedule::Schedule;
use huiliu_store::admin::registry;
use huiliu_store::intake::source_lease::{self, ScheduleRow};
use huiliu_values::calendar::instant;

use crate::Stop;
use crate::settings::{Settings, SourceSettings};
use crate::wire::{Books, Make};
use crate::words::{phrase, say_json, table, tr, word};

/// The sources in the books, and those of the settings and the registry that no worker and no sync has met yet.
pub async fn list(settings: Settings, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let mut rows = source_lease::list(&books.db).await?;
    let now = source_lease::now(&books.db).await?;
    let registered = registry::read(&books.db).await?;
    let registered: Vec<_> = registered.sources.iter().filter_map(|row| SourceSettings::registered(row).ok()).collect();
    for source in books.settings.sources.iter().chain(&registered) {
        if rows.iter().all(|r| r.source != source.name) {
            let next_at = source.schedule.as_ref().and_then(|s| s.next_after(now)).map(instant);
            let schedule = source.schedule.as_ref().map_or("", Schedule::text).to_owned();
            rows.push(ScheduleRow { source: source.name.clone(), schedule, next_at, ..ScheduleRow::default() });
        }
    }
    rows.sort_by(|a, b| a.source.cmp(&b.source));
    if json {
        say_json(&rows);
    } else {
        let heading = [
            tr("source", "来源"),
            tr("schedule", "定时"),
            tr("next", "下次"),
            tr("read by", "执行者"),
            tr("failures", "连续失败"),
            tr("last run", "上次同步"),
            tr("state", "状态"),
            tr("ended", "结束"),
            tr("last success", "上次成功"),
            tr("failure", "失败原因"),
        ];
        table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
    }
    books.close().await;
    Ok(())
}

fn cells(row: &ScheduleRow) -> Vec<String> {
    let never = tr("never by itself", "从不自动").to_owned();
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    vec![
        row.source.clone(),
        if row.schedule.is_empty() { never } else { row.schedule.clone() },
        text(&row.next_at),
        text(&row.holder),
        row.failures.to_string(),
        row.last_run.map(|run| run.to_string()).unwrap_or_default(),
        word(&text(&row.last_state)).to_owned(),
        text(&row.last_ended_at),
        row.last_success_at.clone().unwrap_or_else(|| tr("never", "从未").to_owned()),
        phrase(&text(&row.last_failure)).into_owned(),
    ]
}
