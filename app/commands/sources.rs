//! `sources`: those of the settings are listed; those of the database come and go at run time.

use huiliu_engine::database::Make;
use huiliu_engine::operations::source_registration::{self, NewSource, SourceChange};
use huiliu_engine::operations::sources::{self, SourceOrigin, SourceShown};
use huiliu_engine::operations::{Act, RegistryAccess};

use crate::cli::{Place, Sources, Why};
use crate::render::{show, show_page};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{both, note, say, tr};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Sources, json: bool) -> Result<(), CliError> {
    match asked {
        Sources::List => list(&settings, json).await,
        Sources::Add { name, connector, institution_code, place, why } => {
            add(&settings, NewSource { name, connector, institution_code }, place, why, json).await
        }
        Sources::Set { name, place, why } => set(&settings, &name, place, why, json).await,
        Sources::Remove { name, why } => remove(&settings, &name, why, json).await,
    }
}

async fn list(settings: &Settings, json: bool) -> Result<(), CliError> {
    let opened = open::database(settings, Make::Nothing).await?;
    let page = sources::list(&opened, &settings.engine).await?;
    opened.close().await;
    show_page(json, &page, show_rows);
    Ok(())
}

fn show_rows(rows: &[SourceShown]) {
    let cells = |row: &SourceShown| {
        let from = match (row.origin, row.shadowed) {
            (SourceOrigin::SettingsFile, _) => tr("settings file", "设置文件"),
            (SourceOrigin::Registered, true) => tr("registered; the settings file's is used", "已注册；以设置文件为准"),
            (SourceOrigin::Registered, false) => tr("registered", "已注册"),
        };
        let place = if row.base_url.is_empty() { &row.folder } else { &row.base_url };
        let schedule =
            if row.schedule.is_empty() { tr("never by itself", "从不自动") } else { row.schedule.as_str() };
        vec![
            row.source.clone(),
            row.connector.clone(),
            row.institution_code.clone(),
            place.clone(),
            schedule.to_owned(),
            row.secrets.join(", "),
            from.to_owned(),
        ]
    };
    let heading = [
        tr("source", "来源"),
        tr("connector", "连接器"),
        tr("institution", "机构"),
        tr("place", "位置"),
        tr("schedule", "定时"),
        tr("secrets", "密钥"),
        tr("from", "来自"),
    ];
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

impl From<Place> for SourceChange {
    fn from(place: Place) -> Self {
        let Place { institution_name, base_url, user, folder, schedule, settings } = place;
        Self { institution_name, base_url, user, folder, schedule, settings }
    }
}

async fn add(settings: &Settings, new: NewSource, place: Place, why: Why, json: bool) -> Result<(), CliError> {
    let (opened, program) = (open::database(settings, Make::Files).await?, open::program());
    let access = RegistryAccess { opened: &opened, settings: &settings.engine, program: &program };
    let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
    let added = source_registration::add(access, act, new, place.into()).await?;
    opened.close().await;
    if added.shadowed {
        note(&both!(
            "source {name} stands in the settings file too: that one is used",
            "设置文件中也有来源 {name}：以设置文件为准",
            name = added.source
        ));
    }
    show(json, &added, say_taken_up);
    Ok(())
}

async fn set(settings: &Settings, name: &str, place: Place, why: Why, json: bool) -> Result<(), CliError> {
    let (opened, program) = (open::database(settings, Make::Nothing).await?, open::program());
    let access = RegistryAccess { opened: &opened, settings: &settings.engine, program: &program };
    let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
    let changed = source_registration::set(access, act, name, place.into()).await?;
    opened.close().await;
    show(json, &changed, say_taken_up);
    Ok(())
}

fn say_taken_up(_: &SourceShown) {
    say(tr("registered; workers take it up within seconds", "已注册；工作进程数秒内生效"));
}

async fn remove(settings: &Settings, name: &str, why: Why, json: bool) -> Result<(), CliError> {
    let opened = open::database(settings, Make::Nothing).await?;
    let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
    let removed = source_registration::remove(&opened, &settings.engine, act, name).await?;
    opened.close().await;
    show(json, &removed, |_| say(tr("removed; what it has received stays", "已移除；已接收的保留")));
    Ok(())
}
