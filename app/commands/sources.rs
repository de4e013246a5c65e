//! `sources`: lists the sources of the settings and of the database, and changes those of the database at run time.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::source_registration::{self, NewSource, SourceChange};
use huiliu_engine::operations::sources::{self, SourceOrigin, SourceShown};
use huiliu_engine::operations::{Act, RegistryAccess};

use crate::cli::{Place, ReasonArgs, Sources};
use crate::render::{show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{label, note, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Sources, json: bool) -> Result<(), CliError> {
    match asked {
        Sources::List => list_sources(&settings, json).await,
        Sources::Add { name, connector, institution_code, place, why } => {
            add_source(&settings, NewSource { name, connector, institution_code }, place, why, json).await
        }
        Sources::Set { name, place, why } => change_source(&settings, &name, place, why, json).await,
        Sources::Release { name, because } => release_source(&settings, &name, &because, json).await,
        Sources::Remove { name, why } => remove_source(&settings, &name, why, json).await,
    }
}

async fn list_sources(settings: &Settings, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let page = sources::list(&opened, &settings.engine).await?;
    opened.close().await;
    show_page(json, &page, show_sources);
    Ok(())
}

fn show_sources(rows: &[SourceShown]) {
    let cells = |row: &SourceShown| {
        let from = match (row.origin, row.shadowed) {
            (SourceOrigin::SettingsFile, _) => label("cli-sources-settings-file"),
            (SourceOrigin::Registered, true) => label("cli-sources-registered-settings-file-used"),
            (SourceOrigin::Registered, false) => label("cli-sources-registered"),
        };
        let place = if row.base_url.is_empty() { &row.folder } else { &row.base_url };
        let schedule = if row.schedule.is_empty() { label("cli-sources-never-itself") } else { row.schedule.as_str() };
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
        label("cli-sources-source"),
        label("cli-sources-connector"),
        label("cli-sources-institution"),
        label("cli-sources-place"),
        label("cli-sources-schedule"),
        label("cli-sources-secrets"),
        label("cli-sources-from"),
    ];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

impl From<Place> for SourceChange {
    fn from(place: Place) -> Self {
        let Place { institution_name, base_url, user, folder, schedule, settings } = place;
        Self { institution_name, base_url, user, folder, schedule, settings }
    }
}

async fn add_source(
    settings: &Settings,
    new: NewSource,
    place: Place,
    why: ReasonArgs,
    json: bool,
) -> Result<(), CliError> {
    let (opened, program) = (open::open_database(settings, MayCreate::Files).await?, open::build_program());
    let access = RegistryAccess { opened: &opened, settings: &settings.engine, program: &program };
    let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
    let added = source_registration::add(access, act, new, place.into()).await?;
    opened.close().await;
    if added.shadowed {
        note(&sentence!("cli-sources-source-stands-settings-file-too", name = added.source));
    }
    show(json, &added, say_registered);
    Ok(())
}

async fn change_source(
    settings: &Settings,
    name: &str,
    place: Place,
    why: ReasonArgs,
    json: bool,
) -> Result<(), CliError> {
    let (opened, program) = (open::open_database(settings, MayCreate::Nothing).await?, open::build_program());
    let access = RegistryAccess { opened: &opened, settings: &settings.engine, program: &program };
    let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
    let changed = source_registration::set(access, act, name, place.into()).await?;
    opened.close().await;
    show(json, &changed, say_registered);
    Ok(())
}

fn say_registered(_: &SourceShown) {
    say(label("cli-sources-registered-workers-take-up-within"));
}

async fn remove_source(settings: &Settings, name: &str, why: ReasonArgs, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
    let removed = source_registration::remove(&opened, &settings.engine, act, name).await?;
    opened.close().await;
    show(json, &removed, |_| say(label("cli-sources-removed-what-received-stays")));
    Ok(())
}

async fn release_source(settings: &Settings, name: &str, because: &str, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because };
    let released = sources::release(&opened, &settings.engine, act, name).await?;
    opened.close().await;
    show(json, &released, |released| say(&sentence!("cli-sources-released", batches = released.batches)));
    Ok(())
}
