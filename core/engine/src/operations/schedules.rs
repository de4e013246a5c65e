//! When each source is read by itself.

use super::error::OperationError;
use super::page::Page;
use crate::database::OpenDatabase;
use crate::schedule::Schedule;
use crate::settings::{Settings, SourceSettings};
use huiliu_store::admin::registry;
use huiliu_store::intake::source_lease::{self, ScheduleRow};
use huiliu_values::calendar::instant;

/// The schedules of all sources by name: those in the database, and those of the settings and the registry that no worker
/// and no sync has met yet.
///
/// # Errors
/// [`OperationError::Store`].
pub async fn list(opened: &OpenDatabase, settings: &Settings) -> Result<Page<ScheduleRow>, OperationError> {
    let mut rows = source_lease::list(&opened.db).await?;
    let now = source_lease::now(&opened.db).await?;
    let registered = registry::read(&opened.db).await?;
    let registered: Vec<_> = registered.sources.iter().filter_map(|row| SourceSettings::registered(row).ok()).collect();
    for source in settings.sources.iter().chain(&registered) {
        if rows.iter().all(|row| row.source != source.name) {
            let next_at = source.schedule.as_ref().and_then(|schedule| schedule.next_after(now)).map(instant);
            let schedule = source.schedule.as_ref().map_or("", Schedule::text).to_owned();
            rows.push(ScheduleRow { source: source.name.clone(), schedule, next_at, ..ScheduleRow::default() });
        }
    }
    rows.sort_by(|a, b| a.source.cmp(&b.source));
    Ok(Page::whole(rows))
}
