//! `connectors register`, `versions`, `rollback`, `enable`, `disable`: changes connectors at run time.

use std::path::Path;

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::connector_versions::{
    self, ConnectorEnabled, ConnectorVersions, DisabledConnector, Registration, RegistrationState, VersionShown,
};
use huiliu_engine::operations::{Act, RegistryAccess};

use super::authoring::{note_open_questions, show_checked};
use crate::cli::ReasonArgs;
use crate::render::{format_moment, show};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{label, origin_label, say, sentence};
use crate::{CliError, open};

pub async fn register_connector(settings: &Settings, path: &Path, why: ReasonArgs, json: bool) -> Result<(), CliError> {
    let examined = connector_versions::examine(&settings.engine, &open::build_program(), path).await?;
    let registration = if examined.passes_gate() {
        let opened = open::open_database(settings, MayCreate::Files).await?;
        let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
        let registration = connector_versions::register(&opened, act, examined).await?;
        opened.close().await;
        registration
    } else {
        // A refused connector does not cause a database to be created.
        examined.into_registration(RegistrationState::Refused)
    };
    note_open_questions(&registration.open_questions);
    show(json, &registration, show_registration);
    if registration.state == RegistrationState::Refused {
        let words = label("cli-register-nothing-was-registered-sample-does");
        return Err(CliError::failed(words).with_code("connector.samples"));
    }
    Ok(())
}

fn show_registration(registration: &Registration) {
    let Registration { connector, version, state, samples, .. } = registration;
    show_checked(samples);
    match state {
        RegistrationState::Refused => {}
        RegistrationState::Registered => {
            say(&sentence!("cli-register-connector-version-registered-use", connector, version))
        }
        RegistrationState::Unchanged | RegistrationState::NotInUse => {
            say(&sentence!("cli-register-connector-version-registered-already-same", connector, version))
        }
    }
    if *state == RegistrationState::NotInUse {
        say(&sentence!("cli-register-use-huiliu-connectors-rollback-because", connector, version));
    }
}

pub async fn list_versions(settings: &Settings, id: &str, json: bool) -> Result<(), CliError> {
    let (opened, program) = (open::open_database(settings, MayCreate::Nothing).await?, open::build_program());
    let access = RegistryAccess { opened: &opened, settings: &settings.engine, program: &program };
    let versions = connector_versions::versions(access, id).await?;
    opened.close().await;
    show(json, &versions, show_versions);
    Ok(())
}

fn show_versions(versions: &ConnectorVersions) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let cells = |row: &VersionShown| {
        vec![
            row.version.to_string(),
            origin_label(row.origin).to_owned(),
            if row.in_use { label("cli-register-use") } else { "" }.to_owned(),
            row.registered_at.as_deref().map(format_moment).unwrap_or_default(),
            text(&row.registered_by),
            text(&row.because),
        ]
    };
    let heading = [
        label("cli-register-version"),
        label("cli-register-from"),
        "",
        label("cli-register-at"),
        label("cli-register-by"),
        label("cli-register-because"),
    ];
    print_table(&heading, &versions.page.items.iter().map(cells).collect::<Vec<_>>());
    if let Some(DisabledConnector { by, because }) = &versions.disabled {
        say(&sentence!("cli-register-disabled", by, because));
    }
}

/// Arguments of `connectors rollback`.
pub struct RollbackArgs {
    pub id: String,
    /// A version number, or `built-in`.
    pub to: String,
    pub because: String,
}

pub async fn rollback_connector(settings: &Settings, asked: &RollbackArgs, json: bool) -> Result<(), CliError> {
    let (opened, program) = (open::open_database(settings, MayCreate::Nothing).await?, open::build_program());
    let access = RegistryAccess { opened: &opened, settings: &settings.engine, program: &program };
    let RollbackArgs { id, to, because } = asked;
    let act = Act { actor: &settings.actor, because };
    let rolled_back = connector_versions::rollback(access, act, id, to).await?;
    opened.close().await;
    show(json, &rolled_back, |rolled_back| {
        say(&if rolled_back.changed {
            sentence!("cli-register-connector-version-use", id, to)
        } else {
            sentence!("cli-register-connector-version-was-use-already", id, to)
        });
    });
    Ok(())
}

/// Arguments of `connectors enable` and `disable`.
pub struct EnableArgs {
    pub id: String,
    pub enabled: bool,
    pub because: String,
}

pub async fn set_enabled(settings: &Settings, asked: &EnableArgs, json: bool) -> Result<(), CliError> {
    let (opened, program) = (open::open_database(settings, MayCreate::Nothing).await?, open::build_program());
    let access = RegistryAccess { opened: &opened, settings: &settings.engine, program: &program };
    let act = Act { actor: &settings.actor, because: &asked.because };
    let switched = connector_versions::set_enabled(access, act, &asked.id, asked.enabled).await?;
    opened.close().await;
    show(json, &switched, |switched| say(enabled_label(switched)));
    Ok(())
}

fn enabled_label(switched: &ConnectorEnabled) -> &'static str {
    match (switched.enabled, switched.changed) {
        (true, true) => label("cli-register-sources-read-again"),
        (true, false) => label("cli-register-was-enabled-already"),
        (false, true) => label("cli-register-sources-read-longer-what-was"),
        (false, false) => label("cli-register-was-disabled-already"),
    }
}
