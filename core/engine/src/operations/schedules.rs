//! Schedules: when each source is read automatically.

use super::error::OperationError;
use super::page::Page;
use crate::database::OpenDatabase;
use crate::schedule::Schedule;
use crate::settings::{Settings, SourceSettings};
use huiliu_store::admin::registry;
use huiliu_store::intake::source_lease::{self, ScheduleRow};
use huiliu_values::calendar::format_instant;

/// Lists the schedules of all sources by name: those in the database, and those of sources in the settings or the
/// registry that no worker or sync has seen yet.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub async fn list(opened: &OpenDatabase, settings: &Settings) -> Result<Page<ScheduleRow>, OperationError> {
    let mut rows = source_lease::list_schedules(&opened.db, settings.longest_lease_ms()).await?;
    let now = source_lease::fetch_now(&opened.db).await?;
    let registered = registry::read_registry(&opened.db).await?;
    let registered: Vec<_> = registered.sources.iter().filter_map(|row| SourceSettings::from_row(row).ok()).collect();
    for source in settings.sources.iter().chain(&registered) {
        if rows.iter().all(|row| row.source != source.name) {
            let next_at = source.schedule.as_ref().and_then(|schedule| schedule.next_after(now)).map(format_instant);
            let schedule = source.schedule.as_ref().map_or("", Schedule::text).to_owned();
            rows.push(ScheduleRow { source: source.name.clone(), schedule, next_at, ..ScheduleRow::default() });
        }
    }
    rows.sort_by(|a, b| a.source.cmp(&b.source));
    Ok(Page::from_all(rows))
}
